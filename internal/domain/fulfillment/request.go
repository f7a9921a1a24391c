package fulfillment

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// RequestStatus is how far a partner has been asked for goods.
type RequestStatus string

// The states. A request that was cancelled is not made again: its goods are given
// to another location, or taken off the order.
const (
	RequestNone                 RequestStatus = "" // our own people send the goods, or they wait for release
	RequestUnsubmitted          RequestStatus = "unsubmitted"
	RequestSubmitted            RequestStatus = "submitted"
	RequestAccepted             RequestStatus = "accepted"
	RequestRejected             RequestStatus = "rejected"
	RequestCancellation         RequestStatus = "cancellation_requested"
	RequestCancellationAccepted RequestStatus = "cancellation_accepted"
	RequestCancellationRejected RequestStatus = "cancellation_rejected"
)

// Outside tells whether a partner sends the goods, so that none of our people
// picks or packs them.
func (o *Order) Outside() bool { return o.Kind == KindThirdParty || o.Kind == KindDropship }

// Bound tells whether a partner may be sending the goods: he has to be asked
// before they are taken from him.
func (o *Order) Bound() bool {
	switch o.Request {
	case RequestSubmitted, RequestAccepted, RequestCancellation, RequestCancellationRejected:
		return !o.Status.Done()
	}
	return false
}

// unbound refuses to take goods from a partner who may be sending them.
func (o *Order) unbound() error {
	if !o.Bound() {
		return nil
	}
	return fault.New(fault.Conflict, "fulfillment.requested", "A partner was asked for these goods and may be sending them (%s): ask for the cancellation of the request first.", words(string(o.Request)))
}

// onFloor refuses work of our own people on goods that a partner sends.
func (o *Order) onFloor() error {
	if !o.Outside() {
		return nil
	}
	return fault.New(fault.Conflict, "fulfillment.at_partner", "A partner sends these goods: take in what he says he has sent.")
}

// toSubmit notes that a partner is to be asked, once the order is stored.
func (o *Order) toSubmit() {
	if o.Outside() && o.Status == Open && o.Request == RequestNone {
		o.Request, o.submit = RequestUnsubmitted, true
	}
}

// Submit says that the partner is asked now. He may be asked again, in the same
// words; ok is false where he is not to be, since it was answered or withdrawn.
func (o *Order) Submit() (ok bool) {
	switch {
	case o.Request == RequestUnsubmitted && o.Status == Open:
		o.Request = RequestSubmitted
		o.begin()
		o.say(Requested{o.about(), o.Open()})
		return true
	case o.Request == RequestSubmitted && !o.Status.Done():
		return true
	}
	return false
}

// Accept says that the partner will send the goods.
func (o *Order) Accept() error {
	if o.Request != RequestSubmitted || o.Status.Done() {
		return o.forbidsRequest("accepted")
	}
	o.Request = RequestAccepted
	o.say(RequestAnswered{o.about(), o.Request, ""})
	return nil
}

// Refusable refuses a partner's rejection of what he was not asked for.
func (o *Order) Refusable() error {
	if !o.Bound() {
		return o.forbidsRequest("rejected")
	}
	return nil
}

// Noticeable refuses what a partner says he has sent who was not asked for it.
func (o *Order) Noticeable() error {
	if o.Outside() && (o.Status.Done() || o.Request != RequestNone && o.Request != RequestUnsubmitted) {
		return nil
	}
	return o.forbidsRequest("answered by a notice")
}

// AskCancellation says that the partner is to be asked not to send the goods. He
// who was not asked for them yet is not.
func (o *Order) AskCancellation(reason string) error {
	switch {
	case o.Request == RequestUnsubmitted && !o.Status.Done():
		o.Request = RequestCancellationAccepted
	case (o.Request == RequestSubmitted || o.Request == RequestAccepted || o.Request == RequestCancellationRejected) && !o.Status.Done():
		o.Request = RequestCancellation
	default:
		return o.forbidsRequest("cancelled")
	}
	o.say(RequestAnswered{o.about(), o.Request, reason})
	return nil
}

// AnswerCancellation says whether the partner does not send the goods.
func (o *Order) AnswerCancellation(accepted bool, reason string) error {
	if o.Request != RequestCancellation || o.Status.Done() {
		return o.forbidsRequest("answered")
	}
	o.Request = RequestCancellationRejected
	if accepted {
		o.Request = RequestCancellationAccepted
	}
	o.say(RequestAnswered{o.about(), o.Request, reason})
	return nil
}

func (o *Order) forbidsRequest(verb string) error {
	if !o.Outside() {
		return fault.New(fault.Conflict, "fulfillment.not_outside", "Our own people send these goods: no partner is asked for them.")
	}
	state := words(string(o.Request))
	if o.Request == RequestNone {
		state = "not made, since the goods wait to be released"
	}
	if o.Status.Done() {
		state += ", and the fulfillment order " + words(string(o.Status))
	}
	return fault.New(fault.Conflict, "fulfillment.request", "The request to the partner is %s: it cannot be %s.", state, verb).
		With(map[string]RequestStatus{"request_status": o.Request})
}

// RequestRow is a request as it is kept.
type RequestRow struct {
	ID          id.Request       `db:"id" json:"id"`
	Fulfillment id.Fulfillment   `db:"fulfillment_id" json:"fulfillment_id"`
	Partner     string           `db:"partner" json:"partner" doc:"The connector; empty: people speak with the partner."`
	Body        db.JSON[Request] `db:"body" json:"request" doc:"In the words in which the partner was asked."`
	Reference   string           `db:"reference" json:"reference,omitempty" doc:"The partner's own."`
	Reason      string           `db:"reason" json:"reason,omitempty"`
	Tries       int64            `db:"tries" json:"tries"`
	CreatedAt   time.Time        `db:"created_at" json:"created_at"`
	AnsweredAt  time.Time        `db:"answered_at" json:"answered_at,omitzero"`
}

// RequestOf returns the request of an order, ok false where there is none.
func RequestOf(ctx context.Context, r db.Reader, o id.Fulfillment) (row RequestRow, ok bool, err error) {
	row, err = db.Get[RequestRow](ctx, r, `SELECT `+db.Columns[RequestRow]()+` FROM fulfillment_request WHERE fulfillment_id = ?`, o)
	if db.None(err) {
		return row, false, nil
	}
	return row, err == nil, err
}

// TryRequest counts a try of the request of a taken order, and returns it in the
// words of the first.
func TryRequest(ctx context.Context, tx *db.Tx, o *Order, partner string, words Request) (RequestRow, error) {
	row, ok, err := RequestOf(ctx, tx, o.ID)
	if err != nil {
		return row, err
	}
	if !ok {
		row = RequestRow{ID: id.New[id.Request](tx.Now()), Fulfillment: o.ID, Partner: partner, Body: db.JSON[Request]{V: words}, CreatedAt: tx.Now()}
		row.Body.V.Key = row.ID.String()
		if _, err := db.Insert(ctx, tx, "fulfillment_request", []RequestRow{row}); err != nil {
			return row, err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE fulfillment_request SET tries = tries + 1 WHERE id = ?`, row.ID)
	return row, err
}

// KeepAnswer keeps what a partner said to the request of a taken order.
func KeepAnswer(ctx context.Context, tx *db.Tx, o id.Fulfillment, reference, reason string) error {
	_, err := tx.Exec(ctx, `
		UPDATE fulfillment_request SET reference = CASE WHEN ? <> '' THEN ? ELSE reference END, reason = CASE WHEN ? <> '' THEN ? ELSE reason END, answered_at = ?
		WHERE fulfillment_id = ?`, text.Clean(reference), text.Clean(reference), text.Clean(reason), text.Clean(reason), tx.Now(), o)
	return err
}

// The jobs that speak with partners.
type (
	SubmitJob struct {
		Fulfillment id.Fulfillment `json:"fulfillment_id"`
	}
	CancelJob struct {
		Fulfillment id.Fulfillment `json:"fulfillment_id"`
	}
)

// Kind names the job.
func (SubmitJob) Kind() string { return "fulfillment.submit" }

// Kind names the job.
func (CancelJob) Kind() string { return "fulfillment.cancel_request" }

// Times of a call to a partner.
const (
	callTime  = 30 * time.Second // to answer
	writeTime = 20 * time.Second // for the answer to be written
)

// Ask speaks with a partner in three beats: begin says in a transaction what is to
// be asked, ok false where nothing is; the partner is called with no transaction
// open; and settle writes what he said. Errors: Upstream fulfillment.no_answer
// where nobody knows, so that he has to be asked again.
func Ask(ctx context.Context, d *db.DB, partners Partners,
	begin func(ctx context.Context, tx *db.Tx) (row RequestRow, ok bool, err error),
	call func(p Partner, ctx context.Context, r Request) (Answer, error),
	settle func(ctx context.Context, tx *db.Tx, a Answer) error,
) error {
	var row RequestRow
	var ok bool
	err := d.Write(ctx, func(tx *db.Tx) (err error) {
		row, ok, err = begin(ctx, tx)
		return err
	})
	if err != nil || !ok {
		return err
	}
	partner, err := partners.Get(row.Partner)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request := row.Body.V
	request.Reference = row.Reference
	answer, err := call(partner, asking, request)
	if err == nil && answer.State != Pending && answer.State != Accepted && answer.State != Refuses {
		err = fault.New(fault.Upstream, "fulfillment.bad_answer", "It answers with the state %q.", answer.State)
	}
	if err != nil {
		return fault.New(fault.Upstream, "fulfillment.no_answer", "The partner did not say what becomes of the goods. He is asked again. (%v)", err)
	}
	// He has answered: that is written even if ctx has ended by now.
	write, stop := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer stop()
	return d.Write(write, func(tx *db.Tx) error { return settle(write, tx, answer) })
}
