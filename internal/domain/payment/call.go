package payment

import (
	"context"
	"errors"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// The jobs. Each names a transaction that is to be asked of its gateway; all
// are worked by [Call]. A resolve job asks what became of one without an answer.
type (
	AuthorizeJob struct {
		Transaction id.Transaction `json:"transaction_id"`
	}
	CaptureJob struct {
		Transaction id.Transaction `json:"transaction_id"`
	}
	VoidJob struct {
		Transaction id.Transaction `json:"transaction_id"`
	}
	RefundJob struct {
		Transaction id.Transaction `json:"transaction_id"`
	}
	ResolveJob struct {
		Transaction id.Transaction `json:"transaction_id"`
	}
)

// Kind names the job.
func (AuthorizeJob) Kind() string { return "payment.authorize" }

// Kind names the job.
func (CaptureJob) Kind() string { return "payment.capture" }

// Kind names the job.
func (VoidJob) Kind() string { return "payment.void" }

// Kind names the job.
func (RefundJob) Kind() string { return "payment.refund" }

// Kind names the job.
func (ResolveJob) Kind() string { return "payment.resolve" }

// UniqueJob says that one waiting job is enough.
func (ResolveJob) UniqueJob() {}

func jobFor(kind Kind, t id.Transaction) job.Args {
	switch kind {
	case KindAuthorize:
		return AuthorizeJob{t}
	case KindCapture:
		return CaptureJob{t}
	case KindVoid:
		return VoidJob{t}
	}
	return RefundJob{t}
}

// Settler writes outcomes in a transaction of its own: the flow that calls
// [Settle] and gives the rest of the program its due.
type Settler func(ctx context.Context, tx *db.Tx, outcomes []Outcome) error

// Times of a call.
const (
	callTime  = 30 * time.Second // for the gateway to answer
	writeTime = 20 * time.Second // for the outcome to be written
)

// Call asks a gateway for a transaction, in three beats: it claims the row, calls
// with no transaction open, and has settle write the outcome. A transaction that
// was called before, in whatever way that ended, is first asked about by its
// key; it is called again only where the gateway never saw it. What is settled
// is left alone, so a job may come twice.
//
// Errors: Upstream payment.no_answer where still nobody knows, which is written
// as unknown; come again. Conflict payment.no_gateway and payment.busy.
func Call(ctx context.Context, d *db.DB, gateways Gateways, transaction id.Transaction, settle Settler) error {
	c, err := find(ctx, d, transaction)
	if err != nil || !c.t.State.Open() || c.t.ErrorCode == codeMisfit {
		return err
	}
	gw, err := gateways.Get(c.t.Gateway)
	if err != nil {
		return err
	}
	if err := d.Write(ctx, func(tx *db.Tx) error { return c.claim(ctx, tx) }); err != nil {
		return err
	}
	result, callErr := c.ask(ctx, gw)
	if callErr != nil {
		result = Result{State: Unknown, Code: "no_answer", Message: clip(callErr.Error())}
	}
	// The money may have moved: the outcome is written even if ctx has ended by now.
	write, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	err = d.Write(write, func(tx *db.Tx) error {
		return settle(write, tx, []Outcome{{
			Order: c.p.Order, Payment: c.p.ID, Transaction: c.t.ID, Kind: c.t.Kind, Result: result,
		}})
	})
	if err == nil && callErr != nil {
		err = fault.New(fault.Upstream, "payment.no_answer", "The gateway %s did not say what became of the %s. It is asked again. (%v)", c.t.Gateway, c.t.Kind, callErr)
	}
	return err
}

// call is a transaction on its way to a gateway.
type call struct {
	p *Payment
	t *Transaction
}

func find(ctx context.Context, r db.Reader, transaction id.Transaction) (call, error) {
	payment, err := db.Get[id.Payment](ctx, r, `SELECT payment_id FROM payment_transaction WHERE id = ?`, transaction)
	if db.None(err) {
		err = fault.New(fault.NotFound, "payment.no_transaction", "There is no payment transaction %s.", transaction)
	}
	if err != nil {
		return call{}, err
	}
	p, err := Get(ctx, r, payment)
	if err != nil {
		return call{}, err
	}
	return call{p, p.Find(transaction)}, nil
}

// claim counts the try before the call, so that a try whose process dies is seen.
func (c call) claim(ctx context.Context, tx *db.Tx) error {
	n, err := tx.Exec(ctx, `
		UPDATE payment_transaction SET tries = tries + 1
		WHERE id = ? AND status IN ('requested', 'unknown') AND tries = ?`, c.t.ID, c.t.Tries)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "payment.busy", "Another job is calling the gateway about this transaction.")
	}
	return err
}

// ask calls the gateway and holds its answer against what was asked.
func (c call) ask(ctx context.Context, gw Gateway) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	q := c.request()
	if c.t.Tries > 0 {
		r, err := gw.Query(ctx, q)
		if !errors.Is(err, ErrNotSeen) {
			return checked(q, r, err)
		}
	}
	do := map[Kind]func(context.Context, Request) (Result, error){
		KindAuthorize: gw.Authorize, KindCapture: gw.Capture, KindVoid: gw.Void, KindRefund: gw.Refund,
	}[c.t.Kind]
	if do == nil {
		return Result{}, fault.New(fault.Conflict, "payment.not_callable", "A %s is not asked for: the gateway tells of it.", c.t.Kind)
	}
	r, err := do(ctx, q)
	return checked(q, r, err)
}

// checked refuses answers that make no sense: what became of the operation is not
// known then.
func checked(q Request, r Result, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	switch {
	case r.State != Requested && r.State != Succeeded && r.State != Failed:
		return Result{}, fault.New(fault.Upstream, "payment.bad_answer", "The gateway answers with the state %q.", r.State)
	case r.State != Succeeded:
		return r, nil
	case r.Amount < 0 || r.Amount > q.Amount.Minor:
		return Result{}, fault.New(fault.Upstream, "payment.bad_answer", "The gateway says %d minor units, and %s was asked for.", r.Amount, q.Amount)
	case r.Currency != "" && r.Currency != q.Amount.Currency:
		return Result{}, fault.New(fault.Upstream, "payment.bad_answer", "The gateway says %s, and %s was asked for.", r.Currency, q.Amount)
	}
	return r, nil
}

func (c call) request() Request {
	q := Request{
		Key: c.t.ID.String(), Kind: c.t.Kind, Amount: money.Of(c.t.Amount, c.p.Currency), Token: c.p.Token,
		Order: c.p.Order, Payment: c.p.ID, Reference: c.p.Reference,
	}
	for _, t := range slices.Backward(c.p.Transactions) {
		switch {
		case t.State != Succeeded || t.Ref == "":
		case t.Kind == KindAuthorize && (t.ID == c.t.Parent || q.Authorization == "" && c.t.Parent.IsZero()):
			q.Authorization = t.Ref
		case t.Kind == KindCapture:
			q.Captures = append(q.Captures, CaptureRef{t.Ref, t.Amount})
		}
	}
	return q
}

// Resolve makes jobs that ask about transactions without an end that were asked
// for before a time: lost answers, jobs that gave up, operations under way. It
// returns how many.
func Resolve(ctx context.Context, tx *db.Tx, before time.Time, limit int) (int, error) {
	open, err := db.Select[id.Transaction](ctx, tx, `
		SELECT id FROM payment_transaction
		WHERE status IN ('requested', 'unknown') AND requested_at < ? AND kind <> 'chargeback' AND cause_kind <> 'webhook'
			AND error_code <> '`+codeMisfit+`' AND gateway <> '`+Manual+`'
		ORDER BY requested_at LIMIT ?`, before, limit)
	jobs := make([]job.Args, len(open))
	for i, t := range open {
		jobs[i] = ResolveJob{t}
	}
	if err != nil {
		return 0, err
	}
	return len(jobs), job.Enqueue(ctx, tx, jobs...)
}

// Ask makes jobs that ask the gateway what became of a payment's transactions that
// have no end, and returns the payment. Errors: NotFound, Conflict
// payment.all_known.
func Ask(ctx context.Context, tx *db.Tx, payment id.Payment) (*Payment, error) {
	p, err := Get(ctx, tx, payment)
	if err != nil {
		return nil, err
	}
	var jobs []job.Args
	for _, t := range p.Transactions {
		if t.State.Open() && t.Kind != KindChargeback && Called(t.Gateway) {
			jobs = append(jobs, ResolveJob{t.ID})
		}
	}
	if len(jobs) == 0 {
		return nil, fault.New(fault.Conflict, "payment.all_known",
			"The payment is %s, and its gateway has said what became of everything: nothing is left to ask.", p.Status)
	}
	return p, job.Enqueue(ctx, tx, jobs...)
}

// Unresolved counts transactions without an end that were asked for before a
// time, for an alarm.
func Unresolved(ctx context.Context, r db.Reader, before time.Time) (int64, error) {
	return db.Get[int64](ctx, r, `
		SELECT COUNT(*) FROM payment_transaction WHERE status IN ('requested', 'unknown') AND requested_at < ?`, before)
}
