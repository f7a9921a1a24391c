package payment

import (
	"context"
	"slices"
	"strings"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
)

// Create stores new payments in the state that their methods have brought them
// to, with jobs for what is asked of gateways, and returns what money moved.
func Create(ctx context.Context, tx *db.Tx, payments []*Payment) ([]Change, error) {
	rows := make([]Payment, len(payments))
	for i, p := range payments {
		rows[i] = *p
	}
	if _, err := db.Insert(ctx, tx, "payment", rows); err != nil {
		return nil, err
	}
	return flush(ctx, tx, payments)
}

// Save writes taken payments as their methods have left them, each with its next
// version, and jobs for what is asked of gateways; it returns what money moved. A
// payment that changed since it was read is Stale, payment.stale.
func Save(ctx context.Context, tx *db.Tx, payments []*Payment) ([]Change, error) {
	err := db.Chunks(payments, func(part []*Payment) error {
		args := make([]any, 0, len(part)*11)
		for _, p := range part {
			args = append(args, p.ID, p.Version, string(p.Status), string(p.Dispute), p.Authorized, p.Captured, p.Refunded, p.Label, p.Reference, p.ExpiresAt)
		}
		n, err := tx.Exec(ctx, `
			UPDATE payment SET version = version + 1, status = v.column3, dispute = v.column4, authorized = v.column5,
				captured = v.column6, refunded = v.column7, label = v.column8, reference = v.column9, expires_at = v.column10
			FROM (VALUES `+db.Tuples(len(part), 10, "uuid", "bigint", "text", "text", "bigint", "bigint", "bigint", "text", "text", "timestamptz")+`) AS v
			WHERE payment.id = v.column1 AND payment.version = v.column2`, args...)
		if err == nil && n < int64(len(part)) {
			err = fault.New(fault.Stale, "payment.stale", "A payment was changed meanwhile. Load it again.")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		p.Version++
	}
	return flush(ctx, tx, payments)
}

// flush writes what hangs on payments: transactions, refunds, facts and jobs.
func flush(ctx context.Context, tx *db.Tx, payments []*Payment) ([]Change, error) {
	var s saving
	for _, p := range payments {
		s.add(ctx, p)
	}
	if _, err := db.Insert(ctx, tx, "payment_transaction", s.newTransactions); err != nil {
		return nil, refTaken(err)
	}
	if err := updateTransactions(ctx, tx, s.transactions); err != nil {
		return nil, refTaken(err)
	}
	if _, err := db.Insert(ctx, tx, "refund", s.newRefunds); err != nil {
		return nil, err
	}
	if err := updateRefunds(ctx, tx, s.refunds); err != nil {
		return nil, err
	}
	if err := event.Record(ctx, tx, s.facts...); err != nil {
		return nil, err
	}
	if err := job.Enqueue(ctx, tx, s.jobs...); err != nil {
		return nil, err
	}
	for _, p := range payments { // only now: a transaction that fails may be run again
		p.saved()
	}
	return s.changes, nil
}

// saving collects what is to be written of many payments.
type saving struct {
	newTransactions []Transaction
	transactions    []*Transaction
	newRefunds      []Refund
	refunds         []*Refund
	facts           []event.Fact
	jobs            []job.Args
	changes         []Change
}

func (s *saving) add(ctx context.Context, p *Payment) {
	for _, t := range p.Transactions {
		switch {
		case t.fresh:
			s.newTransactions = append(s.newTransactions, *t)
			if t.State == Requested && t.CauseKind != CauseWebhook && t.Kind != KindChargeback && t.Ref == "" {
				s.jobs = append(s.jobs, jobFor(t.Kind, t.ID))
			}
		case t.dirty:
			s.transactions = append(s.transactions, t)
		}
	}
	for _, r := range p.Refunds {
		if r.CreatedBy == "" {
			r.CreatedBy = actor.Name(ctx)
		}
		switch {
		case r.fresh:
			s.newRefunds = append(s.newRefunds, *r)
		case r.dirty:
			s.refunds = append(s.refunds, r)
		}
	}
	s.facts = append(s.facts, p.facts...)
	if p.Status != p.was {
		s.facts = append(s.facts, Changed{p.about(), p.was, p.Status, p.Amount, p.Authorized, p.Captured, p.Refunded, p.Currency})
	}
	s.changes = append(s.changes, p.changes...)
}

func (p *Payment) saved() {
	for _, t := range p.Transactions {
		t.fresh, t.dirty = false, false
	}
	for _, r := range p.Refunds {
		r.fresh, r.dirty = false, false
	}
	p.was, p.facts, p.changes = p.Status, nil, nil
}

func updateTransactions(ctx context.Context, tx *db.Tx, all []*Transaction) error {
	return db.Chunks(all, func(part []*Transaction) error {
		args := make([]any, 0, len(part)*10)
		for _, t := range part {
			args = append(args, t.ID, string(t.State), t.Amount, t.Ref, t.Parent, t.ErrorCode, t.Error, t.ActionURL, t.SettledAt, t.BusinessDate)
		}
		_, err := tx.Exec(ctx, `
			UPDATE payment_transaction SET status = v.column2, amount = v.column3, gateway_ref = v.column4, parent_id = v.column5,
				error_code = v.column6, error = v.column7, action_url = v.column8, settled_at = v.column9, business_date = v.column10
			FROM (VALUES `+db.Tuples(len(part), 10, "uuid", "text", "bigint", "text", "uuid", "text", "text", "text", "timestamptz", "text")+`) AS v
			WHERE payment_transaction.id = v.column1`, args...)
		return err
	})
}

func updateRefunds(ctx context.Context, tx *db.Tx, all []*Refund) error {
	return db.Chunks(all, func(part []*Refund) error {
		args := make([]any, 0, len(part)*4)
		for _, r := range part {
			args = append(args, r.ID, string(r.Status), r.Amount, r.SettledAt)
		}
		_, err := tx.Exec(ctx, `
			UPDATE refund SET status = v.column2, amount = v.column3, settled_at = v.column4
			FROM (VALUES `+db.Tuples(len(part), 4, "uuid", "text", "bigint", "timestamptz")+`) AS v
			WHERE refund.id = v.column1`, args...)
		return err
	})
}

// refTaken explains that a gateway's id is that of another payment's transaction.
func refTaken(err error) error {
	if name, ok := db.Violated(err); ok && strings.Contains(name, "ref") {
		return fault.New(fault.Conflict, "payment.ref_taken", "The gateway names an operation by an id that another payment's has. Look at the gateway what happened.")
	}
	return err
}

// Take locks payments in the order of their ids and loads them, sorted by id. All
// of them must be there. Take their sales orders first. Errors: NotFound
// payment.not_found.
func Take(ctx context.Context, tx *db.Tx, ids ...id.Payment) ([]*Payment, error) {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, id.Payment.Compare)
	ids = slices.Compact(ids)
	payments, err := load(ctx, tx, `WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return nil, err
	}
	for i, want := range ids {
		if i == len(payments) || payments[i].ID != want {
			return nil, notFound(want)
		}
	}
	return payments, nil
}

// TakeByOrder locks and loads the payments of sales orders, which must be taken,
// oldest first.
func TakeByOrder(ctx context.Context, tx *db.Tx, orders ...id.Order) (map[id.Order][]*Payment, error) {
	return byOrder(ctx, tx, orders, tx.ForUpdate())
}

// ByOrder returns the payments of sales orders, oldest first.
func ByOrder(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Order][]*Payment, error) {
	return byOrder(ctx, r, orders, "")
}

func byOrder(ctx context.Context, r db.Reader, orders []id.Order, lock string) (map[id.Order][]*Payment, error) {
	orders = slices.Clone(orders)
	slices.SortFunc(orders, id.Order.Compare)
	payments, err := load(ctx, r, `WHERE order_id IN (/*in*/) ORDER BY id`+lock, slices.Compact(orders))
	out := make(map[id.Order][]*Payment, len(orders))
	for _, p := range payments {
		out[p.Order] = append(out[p.Order], p)
	}
	return out, err
}

// Get returns one payment. Errors: NotFound payment.not_found.
func Get(ctx context.Context, r db.Reader, payment id.Payment) (*Payment, error) {
	payments, err := load(ctx, r, `WHERE id IN (/*in*/)`, []id.Payment{payment})
	if err == nil && len(payments) == 0 {
		err = notFound(payment)
	}
	if err != nil {
		return nil, err
	}
	return payments[0], nil
}

// OfRefund returns the payment that a refund belongs to. Errors: NotFound
// refund.not_found.
func OfRefund(ctx context.Context, r db.Reader, refund id.Refund) (id.Payment, error) {
	p, err := db.Get[id.Payment](ctx, r, `SELECT payment_id FROM refund WHERE id = ?`, refund)
	if db.None(err) {
		err = fault.New(fault.NotFound, "refund.not_found", "There is no refund %s.", refund)
	}
	return p, err
}

func notFound(p id.Payment) error {
	return fault.New(fault.NotFound, "payment.not_found", "There is no payment %s.", p)
}

func load[K any](ctx context.Context, r db.Reader, where string, keys []K) ([]*Payment, error) {
	rows, err := db.SelectIn[Payment](ctx, r, `SELECT `+db.Columns[Payment]()+` FROM payment `+where, keys)
	if err != nil {
		return nil, err
	}
	return withRows(ctx, r, rows)
}

// withRows loads what hangs on payments.
func withRows(ctx context.Context, r db.Reader, rows []Payment) ([]*Payment, error) {
	payments := make([]*Payment, len(rows))
	ids := make([]id.Payment, len(rows))
	byID := make(map[id.Payment]*Payment, len(rows))
	for i := range rows {
		p := &rows[i]
		p.was = p.Status
		payments[i], ids[i], byID[p.ID] = p, p.ID, p
	}
	transactions, err := db.SelectIn[Transaction](ctx, r, `
		SELECT `+db.Columns[Transaction]()+` FROM payment_transaction WHERE payment_id IN (/*in*/) ORDER BY payment_id, id`, ids)
	if err != nil {
		return nil, err
	}
	for i := range transactions {
		t := &transactions[i]
		p := byID[t.Payment]
		p.Transactions = append(p.Transactions, t)
	}
	refunds, err := db.SelectIn[Refund](ctx, r, `
		SELECT `+db.Columns[Refund]()+` FROM refund WHERE payment_id IN (/*in*/) ORDER BY payment_id, id`, ids)
	for i := range refunds {
		x := &refunds[i]
		p := byID[x.Payment]
		p.Refunds = append(p.Refunds, x)
	}
	return payments, err
}

// Sums are what the payments of an order come to, in minor units of the order's
// currency.
type Sums struct {
	Authorized int64 // and not captured yet
	Captured   int64
	Refunded   int64 // part of captured
	Disputed   bool  // a dispute is open
}

// SumsOf adds up all payments of orders; those without any are not in the map.
func SumsOf(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Order]Sums, error) {
	rows, err := db.SelectIn[Payment](ctx, r, `SELECT `+db.Columns[Payment]()+` FROM payment WHERE order_id IN (/*in*/)`, orders)
	out := make(map[id.Order]Sums, len(orders))
	for i := range rows {
		p := &rows[i]
		s := out[p.Order]
		out[p.Order] = s.plus(p)
	}
	return out, err
}

// Designated is what payments of orders are meant for certain invoices, less what
// was taken back.
func Designated(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Invoice]int64, error) {
	type row struct {
		Invoice id.Invoice `db:"invoice_id"`
		Amount  int64      `db:"amount"`
	}
	rows, err := db.SelectIn[row](ctx, r, `SELECT invoice_id, captured - refunded AS amount FROM payment WHERE invoice_id IS NOT NULL AND order_id IN (/*in*/)`, orders)
	out := make(map[id.Invoice]int64, len(rows))
	for _, x := range rows {
		out[x.Invoice] += x.Amount
	}
	return out, err
}

// OfReceipt returns the payments that a receipt made, oldest first.
func OfReceipt(ctx context.Context, r db.Reader, receipt id.Receipt) ([]*Payment, error) {
	return load(ctx, r, `WHERE receipt_id IN (/*in*/) ORDER BY id`, []id.Receipt{receipt})
}

// SumOf adds up loaded payments of one order.
func SumOf(payments []*Payment) (s Sums) {
	for _, p := range payments {
		s = s.plus(p)
	}
	return s
}

func (s Sums) plus(p *Payment) Sums {
	s.Authorized += p.inOrder(p.Authorized) - p.inOrder(p.Captured)
	captured, refunded := p.counts()
	s.Captured += captured
	s.Refunded += refunded
	s.Disputed = s.Disputed || p.Dispute == DisputeOpen
	return s
}

// Filter selects payments; what is empty selects all.
type Filter struct {
	Orders      []id.Order
	Gateway     string
	Method      Method
	Statuses    []Status
	Dispute     Dispute
	CreatedFrom time.Time
	CreatedTo   time.Time // not included
	Limit       int       // 1 to MaxLimit; 0 is 50
	After       string    // the cursor that the page before gave
}

// MaxLimit bounds a page.
const MaxLimit = 500

func pageSize(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, MaxLimit)
}

func badCursor(s string) error {
	return fault.New(fault.Invalid, "payment.bad_cursor", "%q is not a cursor: use the one that the page before gave.", s)
}

// List returns a page of payments, newest first. next is empty on the last page.
func List(ctx context.Context, r db.Reader, f Filter) (page []*Payment, next string, err error) {
	var w db.Where
	db.In(&w, "order_id", f.Orders)
	db.In(&w, "status", f.Statuses)
	if f.Gateway != "" {
		w.And("gateway = ?", f.Gateway)
	}
	if f.Method != "" {
		w.And("method = ?", string(f.Method))
	}
	if f.Dispute != "" {
		w.And("dispute = ?", string(f.Dispute))
	}
	if !f.CreatedFrom.IsZero() {
		w.And("created_at >= ?", f.CreatedFrom)
	}
	if !f.CreatedTo.IsZero() {
		w.And("created_at < ?", f.CreatedTo)
	}
	if f.After != "" {
		var last id.Payment
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := pageSize(f.Limit)
	rows, err := db.Select[Payment](ctx, r, `SELECT `+db.Columns[Payment]()+` FROM payment`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		next = rows[n-1].ID.String()
	}
	page, err = withRows(ctx, r, rows)
	return page, next, err
}

// Expiring returns payments whose authorization runs out before a time, soonest
// first, at most limit: to be authorized anew, captured, or given up.
func Expiring(ctx context.Context, r db.Reader, before time.Time, limit int) ([]*Payment, error) {
	rows, err := db.Select[Payment](ctx, r, `
		SELECT `+db.Columns[Payment]()+` FROM payment
		WHERE status IN ('authorized', 'partially_captured') AND expires_at IS NOT NULL AND expires_at < ?
		ORDER BY expires_at, id LIMIT ?`, before, limit)
	if err != nil {
		return nil, err
	}
	return withRows(ctx, r, rows)
}

// Settle takes the payments that outcomes are about, writes what became of them,
// and returns what money moved. An outcome that is known already changes nothing.
// day is the business day of now. Take the sales orders first. Errors: Conflict
// payment.webhook_early, where an outcome must come again later; Invalid
// payment.other_currency and payment.bad_webhook.
func Settle(ctx context.Context, tx *db.Tx, day string, outcomes []Outcome) ([]Change, error) {
	ids := make([]id.Payment, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.Payment
	}
	payments, err := Take(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	var inbox []id.Inbox
	for _, o := range outcomes {
		i, _ := slices.BinarySearchFunc(payments, o.Payment, func(p *Payment, want id.Payment) int { return p.ID.Compare(want) })
		if err := payments[i].apply(tx.Now(), day, o); err != nil {
			return nil, err
		}
		if !o.Inbox.IsZero() {
			inbox = append(inbox, o.Inbox)
		}
	}
	changes, err := Save(ctx, tx, slices.DeleteFunc(payments, func(p *Payment) bool { return !p.touched() }))
	if err != nil {
		return nil, err
	}
	return changes, closeInbox(ctx, tx, inbox, inboxProcessed)
}

// touched tells whether there is anything to save.
func (p *Payment) touched() bool {
	return len(p.facts) > 0 || len(p.changes) > 0 || p.Status != p.was ||
		slices.ContainsFunc(p.Transactions, func(t *Transaction) bool { return t.fresh || t.dirty })
}
