package payment

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// InboxStatus is the state of a received webhook event.
type InboxStatus string

// The states.
const (
	inboxReceived  InboxStatus = "received"
	inboxProcessed InboxStatus = "processed"
	inboxIgnored   InboxStatus = "ignored"
	inboxFailed    InboxStatus = "failed" // tried again
	inboxDead      InboxStatus = "dead"   // given up until a person replays it
)

// Received is a webhook event as it was received.
type Received struct {
	ID          id.Inbox       `db:"id" json:"id"`
	Gateway     string         `db:"gateway" json:"gateway"`
	EventID     string         `db:"event_id" json:"event_id"`
	Body        db.JSON[Event] `db:"body" json:"body"`
	Status      InboxStatus    `db:"status" json:"status"`
	Error       string         `db:"error" json:"error,omitempty"`
	ReceivedAt  time.Time      `db:"received_at" json:"received_at"`
	ProcessedAt time.Time      `db:"processed_at" json:"processed_at,omitzero"`
}

// WebhookJob settles a received event; it is worked by [Process].
type WebhookJob struct {
	Inbox id.Inbox `json:"inbox_id"`
}

// Kind names the job.
func (WebhookJob) Kind() string { return "payment.webhook" }

// UniqueJob says that one waiting job is enough.
func (WebhookJob) UniqueJob() {}

// Accept stores the events of a webhook whose signature was checked, with jobs to
// settle them, and returns how many are new. An event that came before is
// dropped. Answer the sender only after the commit.
func Accept(ctx context.Context, tx *db.Tx, gateway string, events []Event) (int, error) {
	rows := make([]Received, 0, len(events))
	for _, e := range events {
		if e.ID == "" {
			return 0, fault.New(fault.Invalid, "payment.bad_webhook", "The event has no id.")
		}
		rows = append(rows, Received{
			ID: id.New[id.Inbox](tx.Now()), Gateway: gateway, EventID: e.ID, Body: db.JSON[Event]{V: e},
			Status: inboxReceived, ReceivedAt: tx.Now(),
		})
	}
	if _, err := db.Insert(ctx, tx, "payment_inbox", rows, "ON CONFLICT (gateway, event_id) DO NOTHING"); err != nil {
		return 0, err
	}
	ids := make([]id.Inbox, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	added, err := db.SelectIn[id.Inbox](ctx, tx, `SELECT id FROM payment_inbox WHERE id IN (/*in*/)`, ids)
	if err != nil {
		return 0, err
	}
	jobs := make([]job.Args, len(added))
	for i, r := range added {
		jobs[i] = WebhookJob{r}
	}
	return len(added), job.Enqueue(ctx, tx, jobs...)
}

// Process has settle write what a received event tells. One that tells of nothing
// that we keep is ignored. What cannot be settled is noted with its reason and
// returned, so that the job comes again: an event may come before what it follows
// from.
func Process(ctx context.Context, d *db.DB, inbox id.Inbox, settle Settler) error {
	e, err := db.Get[Received](ctx, d, `SELECT `+db.Columns[Received]()+` FROM payment_inbox WHERE id = ?`, inbox)
	if db.None(err) {
		return fault.New(fault.NotFound, "payment.no_inbox", "There is no received event %s.", inbox)
	}
	if err != nil || e.Status == inboxProcessed || e.Status == inboxIgnored {
		return err
	}
	err = d.Write(ctx, func(tx *db.Tx) error {
		o, err := e.outcome(ctx, tx)
		if err != nil {
			return err
		}
		if o.Payment.IsZero() {
			return closeInbox(ctx, tx, []id.Inbox{inbox}, inboxIgnored)
		}
		return settle(ctx, tx, []Outcome{o})
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	noted := d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE payment_inbox SET status = 'failed', error = ? WHERE id = ? AND status IN ('received', 'failed', 'dead')`, clip(err.Error()), inbox)
		return err
	})
	if noted != nil {
		return noted
	}
	return err
}

// outcome finds the payment that an event is about: by our key, by the gateway's
// id of the operation, or of the authorization it belongs to. No payment: the
// event is of no concern.
func (e Received) outcome(ctx context.Context, r db.Reader) (Outcome, error) {
	ev := e.Body.V
	o := Outcome{Kind: ev.Kind, Authorization: ev.Authorization, Inbox: e.ID, Result: ev.Result}
	if ev.Kind == "" {
		return o, nil
	}
	type row struct {
		Payment id.Payment `db:"payment_id"`
		Order   id.Order   `db:"order_id"`
	}
	const query = `SELECT t.payment_id, p.order_id FROM payment_transaction t JOIN payment p ON p.id = t.payment_id WHERE `
	if ev.Key != "" && o.Transaction.UnmarshalText([]byte(ev.Key)) == nil {
		found, err := db.Get[row](ctx, r, query+`t.id = ? AND t.gateway = ?`, o.Transaction, e.Gateway)
		if err == nil {
			o.Payment, o.Order = found.Payment, found.Order
			return o, nil
		}
		if !db.None(err) {
			return o, err
		}
	}
	o.Transaction = id.Transaction{}
	for _, by := range []struct {
		kind Kind
		ref  string
	}{{ev.Kind, ev.Result.Ref}, {KindAuthorize, ev.Authorization}} {
		if by.ref == "" {
			continue
		}
		found, err := db.Get[row](ctx, r, query+`t.gateway = ? AND t.kind = ? AND t.gateway_ref = ?`, e.Gateway, string(by.kind), by.ref)
		if err == nil {
			o.Payment, o.Order = found.Payment, found.Order
			return o, nil
		}
		if !db.None(err) {
			return o, err
		}
	}
	return o, fault.New(fault.Conflict, "payment.webhook_early", "The gateway tells of a %s of a payment that is not known. It is tried again.", ev.Kind)
}

func closeInbox(ctx context.Context, tx *db.Tx, ids []id.Inbox, status InboxStatus) error {
	return db.Chunks(ids, func(part []id.Inbox) error {
		args := append([]any{string(status), tx.Now()}, db.Args(part)...)
		_, err := tx.Exec(ctx, `
			UPDATE payment_inbox SET status = ?, error = '', processed_at = ?
			WHERE status IN ('received', 'failed', 'dead') AND id IN (`+db.Marks(len(part))+`)`, args...)
		return err
	})
}

// GiveUp marks an event whose job has been tried for the last time. It stays
// until a person replays it.
func GiveUp(ctx context.Context, tx *db.Tx, inbox id.Inbox) error {
	_, err := tx.Exec(ctx, `UPDATE payment_inbox SET status = 'dead' WHERE id = ? AND status IN ('received', 'failed')`, inbox)
	return err
}

// Replay tries an event again that failed or was given up. Errors: Conflict
// payment.not_replayable.
func Replay(ctx context.Context, tx *db.Tx, inbox id.Inbox) error {
	n, err := tx.Exec(ctx, `UPDATE payment_inbox SET status = 'received' WHERE id = ? AND status IN ('received', 'failed', 'dead')`, inbox)
	if err != nil {
		return err
	}
	if n == 0 {
		status, err := db.Get[InboxStatus](ctx, tx, `SELECT status FROM payment_inbox WHERE id = ?`, inbox)
		if db.None(err) {
			return fault.New(fault.NotFound, "payment.no_event", "There is no gateway event %s.", inbox)
		}
		if err != nil {
			return err
		}
		return fault.New(fault.Conflict, "payment.not_replayable", "The event is %s: only one that failed can be replayed.", status).
			With(map[string]InboxStatus{"status": status})
	}
	return job.Enqueue(ctx, tx, WebhookJob{inbox})
}

// Inbox returns received events, newest first: those in some states (none means
// all), older than a given one, at most limit.
func Inbox(ctx context.Context, r db.Reader, statuses []InboxStatus, before id.Inbox, limit int) ([]Received, error) {
	var w db.Where
	db.In(&w, "status", statuses)
	if !before.IsZero() {
		w.And("id < ?", before)
	}
	return db.Select[Received](ctx, r, `SELECT `+db.Columns[Received]()+` FROM payment_inbox`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}
