package webhook

import (
	"context"
	"encoding/json"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
)

// The jobs.
type (
	// DeliverJob sends a message; it is worked by [Deliver].
	DeliverJob struct {
		Delivery id.Delivery `json:"delivery_id"`
	}
	// ReplayJob sends an endpoint the events behind a cursor; it is worked by [Replay].
	ReplayJob struct {
		Endpoint id.Endpoint `json:"endpoint_id"`
		After    string      `json:"after"`
		Until    time.Time   `json:"until"`
	}
	// SweepJob sends what is due and has no job; it is worked by [Sweep].
	SweepJob struct{}
)

// Kind names the job.
func (DeliverJob) Kind() string { return "webhook.deliver" }

// Kind names the job.
func (ReplayJob) Kind() string { return "webhook.replay" }

// Kind names the job.
func (SweepJob) Kind() string { return "webhook.sweep" }

// Publish makes messages of events, in their order, for all endpoints that want
// them. It is for the one who follows the event log.
func Publish(ctx context.Context, tx *db.Tx, events []event.Event) error {
	endpoints, err := db.Select[Endpoint](ctx, tx, `
		SELECT `+db.Columns[Endpoint]()+` FROM webhook_endpoint WHERE status = 'enabled' ORDER BY id`+tx.ForUpdate())
	if err != nil {
		return err
	}
	for i := range endpoints {
		if err := stream(ctx, tx, &endpoints[i], events, false); err != nil {
			return err
		}
	}
	return nil
}

// stream queues events for a taken endpoint. Those that it was sent before are
// queued again only if that is asked for.
func stream(ctx context.Context, tx *db.Tx, e *Endpoint, events []event.Event, again bool) error {
	var wanted []id.Event
	for _, ev := range events {
		if e.Wants(ev.Kind) {
			wanted = append(wanted, ev.ID)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	known, err := db.SelectIn[Delivery](ctx, tx, `
		SELECT `+db.Columns[Delivery]()+` FROM webhook_delivery WHERE endpoint_id = ? AND event_id IN (/*in*/)`, wanted, e.ID)
	if err != nil {
		return err
	}
	have := make(map[id.Event]Delivery, len(known))
	for _, d := range known {
		have[d.Event] = d
	}
	var rows []Delivery
	for _, ev := range events {
		if !e.Wants(ev.Kind) {
			continue
		}
		if d, ok := have[ev.ID]; ok {
			if again && d.SettledAt.After(time.Time{}) {
				if err := requeue(ctx, tx, d.ID); err != nil {
					return err
				}
			}
			continue
		}
		d, err := e.next(tx.Now(), ev)
		if err != nil {
			return err
		}
		rows = append(rows, d)
	}
	return e.queue(ctx, tx, rows)
}

// next makes a message of an event.
func (e *Endpoint) next(now time.Time, ev event.Event) (Delivery, error) {
	e.Sequence++
	body, err := json.Marshal(message{ev.Kind, ev.At, ev.ID, e.Sequence, ev.Cursor, ev.Body})
	return Delivery{
		ID: id.New[id.Delivery](now), Endpoint: e.ID, Event: ev.ID, Kind: ev.Kind, Subject: ev.Subject, Sequence: e.Sequence,
		Body: string(body), Status: Queued, DueAt: now, CreatedAt: now,
	}, err
}

func (e *Endpoint) queue(ctx context.Context, tx *db.Tx, rows []Delivery) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE webhook_endpoint SET sequence = ? WHERE id = ?`, e.Sequence, e.ID); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "webhook_delivery", rows); err != nil {
		return err
	}
	jobs := make([]job.Args, len(rows))
	for i, d := range rows {
		jobs[i] = DeliverJob{d.ID}
	}
	return job.Enqueue(ctx, tx, jobs...)
}

// SendTest queues a message by which the receiver can try its end.
func SendTest(ctx context.Context, tx *db.Tx, eid id.Endpoint) (Delivery, error) {
	e, err := takeEndpoint(ctx, tx, eid)
	if err != nil {
		return Delivery{}, err
	}
	if err := e.listening(); err != nil {
		return Delivery{}, err
	}
	d, err := e.next(tx.Now(), event.Event{
		ID: id.New[id.Event](tx.Now()), Kind: "webhook.test", Subject: id.Any(eid), At: tx.Now(), Body: json.RawMessage(`{"endpoint_id":"` + eid.String() + `"}`),
	})
	if err != nil {
		return d, err
	}
	return d, e.queue(ctx, tx, []Delivery{d})
}

func (e *Endpoint) listening() error {
	if e.Status == Enabled {
		return nil
	}
	return fault.New(fault.Conflict, "webhook.disabled", "The endpoint is switched off (%s): enable it first.", e.DisabledWhy)
}

// Retry sends a message again that was sent or given up.
func RetryDelivery(ctx context.Context, tx *db.Tx, did id.Delivery) (Delivery, error) {
	d, err := GetDelivery(ctx, tx, did)
	if err != nil {
		return d, err
	}
	e, err := takeEndpoint(ctx, tx, d.Endpoint)
	if err != nil {
		return d, err
	}
	if err := e.listening(); err != nil {
		return d, err
	}
	if err := requeue(ctx, tx, did); err != nil {
		return d, err
	}
	return GetDelivery(ctx, tx, did)
}

// requeue queues a message anew, at once: also one that waits for its next try.
func requeue(ctx context.Context, tx *db.Tx, did id.Delivery) error {
	_, err := tx.Exec(ctx, `
		UPDATE webhook_delivery SET status = 'queued', tries = 0, due_at = ?, settled_at = NULL, error = '' WHERE id = ?`, tx.Now(), did)
	if err != nil {
		return err
	}
	return job.Enqueue(ctx, tx, DeliverJob{did})
}

// RequestReplay sends an endpoint again what happened since a time.
func RequestReplay(ctx context.Context, tx *db.Tx, eid id.Endpoint, since time.Time) error {
	e, err := takeEndpoint(ctx, tx, eid)
	if err != nil {
		return err
	}
	if err := e.listening(); err != nil {
		return err
	}
	if since.After(tx.Now()) {
		return fault.Fields{"since": "is not in the past"}.Err("webhook.bad_replay", "It cannot be sent again.")
	}
	after, err := event.Before(ctx, tx, since)
	if err != nil {
		return err
	}
	return job.Enqueue(ctx, tx, ReplayJob{eid, after, tx.Now()})
}

// replayed is how many events a step of a replay looks at.
const replayed = 500

// Replay does a step of a replay and asks for the next one.
func Replay(ctx context.Context, tx *db.Tx, j ReplayJob) error {
	e, err := takeEndpoint(ctx, tx, j.Endpoint)
	if err != nil || e.listening() != nil {
		return err
	}
	events, err := event.After(ctx, tx, tx.Postgres(), j.After, nil, replayed)
	if err != nil || len(events) == 0 {
		return err
	}
	last := events[len(events)-1]
	if err := stream(ctx, tx, &e, events, true); err != nil || len(events) < replayed || last.At.After(j.Until) {
		return err
	}
	return job.Enqueue(ctx, tx, ReplayJob{j.Endpoint, last.Cursor, j.Until})
}

// overdue is how long after its time a message without a job is noticed, and
// swept how many are sent on at once.
const (
	overdue = 30 * time.Second
	swept   = 500
)

// Sweep sends messages on that are due and that no job sends: what waited while
// their endpoint was disabled, or behind a message that was settled at the same
// moment. It returns how many it found.
func Sweep(ctx context.Context, tx *db.Tx) (int, error) {
	found, err := db.Select[id.Delivery](ctx, tx, `
		SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id
		WHERE d.status IN ('queued', 'retry') AND d.due_at < ? AND (d.leased_until IS NULL OR d.leased_until < ?) AND e.status = 'enabled'
			AND NOT EXISTS (
				SELECT 1 FROM webhook_delivery b
				WHERE b.endpoint_id = d.endpoint_id AND b.subject = d.subject AND b.sequence < d.sequence AND b.status IN ('queued', 'retry'))
		ORDER BY d.due_at LIMIT ?`, tx.Now().Add(-overdue), tx.Now(), swept)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	jobs := make([]job.Args, len(found))
	for i, d := range found {
		jobs[i] = DeliverJob{d}
	}
	err = db.Chunks(found, func(part []id.Delivery) error {
		_, err := tx.Exec(ctx, `UPDATE webhook_delivery SET due_at = ? WHERE id IN (`+db.Marks(len(part))+`)`, append([]any{tx.Now()}, db.Args(part)...)...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(found), job.Enqueue(ctx, tx, jobs...)
}

// Prune forgets messages that were settled a month ago.
func Prune(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM webhook_delivery WHERE settled_at < ?`, tx.Now().Add(-keepSent))
	return err
}

// Filter says which messages are listed.
type Filter struct {
	Endpoint id.Endpoint
	Event    id.Event
	Statuses []Status
	Kinds    []string
}

// Deliveries lists messages, the newest first, those older than one, at most limit.
func Deliveries(ctx context.Context, r db.Reader, f Filter, before id.Delivery, limit int) ([]Delivery, error) {
	var w db.Where
	if !f.Endpoint.IsZero() {
		w.And("endpoint_id = ?", f.Endpoint)
	}
	if !f.Event.IsZero() {
		w.And("event_id = ?", f.Event)
	}
	db.In(&w, "status", f.Statuses)
	db.In(&w, "kind", f.Kinds)
	if !before.IsZero() {
		w.And("id < ?", before)
	}
	return db.Select[Delivery](ctx, r, `SELECT `+db.Columns[Delivery]()+` FROM webhook_delivery`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
}

// GetDelivery reads a message. Errors: NotFound webhook.no_delivery.
func GetDelivery(ctx context.Context, r db.Reader, d id.Delivery) (Delivery, error) {
	out, err := db.Get[Delivery](ctx, r, `SELECT `+db.Columns[Delivery]()+` FROM webhook_delivery WHERE id = ?`, d)
	if db.None(err) {
		err = fault.New(fault.NotFound, "webhook.no_delivery", "There is no message %s.", d)
	}
	return out, err
}
