package order

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// CreditApproval is the leave to send an order although its company is over its
// credit limit.
type CreditApproval struct {
	ID    id.CreditApproval `db:"id" json:"id"`
	Order id.Order          `db:"order_id" json:"order_id"`
	Until time.Time         `db:"until" json:"until,omitzero" doc:"Missing: for as long as the order lives."`
	Note  string            `db:"note" json:"note,omitempty"`
	Actor string            `db:"approved_by" json:"approved_by"`
	At    time.Time         `db:"approved_at" json:"approved_at"`
}

// CreditApproved says that an order may be sent over the credit limit.
type CreditApproved struct {
	about
	Approval id.CreditApproval `json:"approval_id"`
	Until    time.Time         `json:"until,omitzero"`
}

// Kind is order.credit_approved.
func (CreditApproved) Kind() string { return "order.credit_approved" }

// ApproveCredit lets a taken order be sent over the credit limit, and ends the
// holds that wait for credit.
func ApproveCredit(ctx context.Context, tx *db.Tx, o *Order, until time.Time, note string) (CreditApproval, error) {
	a := CreditApproval{id.New[id.CreditApproval](tx.Now()), o.ID, until.UTC(), text.Clean(note), auth.Actor(ctx), tx.Now()}
	f := fault.Fields{}
	checkText(f, "note", a.Note, maxNote)
	if !until.IsZero() && !until.After(tx.Now()) {
		f.Add("until", "is over already")
	}
	if err := f.Err("order.bad_approval", "The approval cannot be given like this."); err != nil {
		return a, err
	}
	if o.Status == StatusCompleted || o.Status == StatusCancelled {
		return a, o.forbids("approved over the credit limit")
	}
	if !o.OnTerms() {
		return a, fault.New(fault.Conflict, "order.not_on_terms", "Order %d is paid before it is sent: it needs no credit.", o.Number)
	}
	if _, err := db.Insert(ctx, tx, "order_credit_approval", []CreditApproval{a}); err != nil {
		return a, err
	}
	o.ReleaseReason(HoldCredit)
	return a, event.Record(ctx, tx, CreditApproved{o.about(), a.ID, a.Until})
}

// CreditApprovals tells which orders may be sent over the credit limit at a time.
func CreditApprovals(ctx context.Context, r db.Reader, orders []id.Order, at time.Time) (map[id.Order]bool, error) {
	rows, err := db.SelectIn[id.Order](ctx, r, `
		SELECT DISTINCT order_id FROM order_credit_approval WHERE (until IS NULL OR until > ?) AND order_id IN (/*in*/)`, distinct(orders), at)
	out := make(map[id.Order]bool, len(rows))
	for _, o := range rows {
		out[o] = true
	}
	return out, err
}

// Debt is what an order of a company is owed and will be, in minor units of its
// currency.
type Debt struct {
	Order      id.Order       `db:"id"`
	Number     int64          `db:"number"`
	Company    id.Company     `db:"company_id"`
	Currency   money.Currency `db:"currency"`
	OnTerms    bool           `db:"on_terms"`
	Held       bool           `db:"held"`       // waits for credit
	Receivable int64          `db:"receivable"` // invoiced and neither paid nor credited; below zero: paid before
	Rest       int64          `db:"rest"`       // to be invoiced yet
	Shipped    int64          // part of Rest: has left already
	Released   int64          // part of Rest: a location may begin with it
}

// Debts are the orders of companies that owe something or will. released are the
// units by line that locations may work on.
func Debts(ctx context.Context, r db.Reader, companies []id.Company, released func([]id.Order) (map[id.Line]int64, error)) ([]*Debt, error) {
	rows, err := db.SelectIn[Debt](ctx, r, `
		SELECT o.id, o.number, o.company_id, o.currency, o.terms_days IS NOT NULL AS on_terms,
			EXISTS (SELECT 1 FROM order_hold h WHERE h.order_id = o.id AND h.status = 'active' AND h.reason = 'credit') AS held,
			o.invoiced - o.credited - o.captured + o.refunded AS receivable, o.total - o.cancelled_total - o.invoiced AS rest
		FROM sales_order o
		WHERE o.company_id IN (/*in*/) AND o.company_id IS NOT NULL AND o.status <> 'draft'
			AND (o.invoiced - o.credited - o.captured + o.refunded <> 0 OR o.total - o.cancelled_total - o.invoiced <> 0)
		ORDER BY o.number`, distinct(companies))
	if err != nil {
		return nil, err
	}
	debts, open, byOrder := make([]*Debt, len(rows)), []id.Order(nil), map[id.Order]*Debt{}
	for i := range rows {
		d := &rows[i]
		debts[i], byOrder[d.Order] = d, d
		if d.Rest != 0 {
			open = append(open, d.Order)
		}
	}
	units, err := released(open)
	if err != nil {
		return nil, err
	}
	return debts, measure(ctx, r, byOrder, open, units)
}

// measure finds which part of the rest of orders has left, and which is released.
// Services and charges are released with the first goods.
func measure(ctx context.Context, r db.Reader, debts map[id.Order]*Debt, orders []id.Order, units map[id.Line]int64) error {
	lines, err := db.SelectIn[Line](ctx, r, `
		SELECT `+db.Columns[Line]()+` FROM order_line WHERE kind IN ('item', 'component') AND order_id IN (/*in*/)`, orders)
	if err != nil {
		return err
	}
	goods, begun := map[id.Order]int64{}, map[id.Order]bool{}
	for i := range lines {
		l := &lines[i]
		d, of := debts[l.Order], l.uninvoiced()
		rest := l.Total - l.CancelledTotal - l.InvoicedTotal
		goods[l.Order] += rest
		if of == 0 {
			continue
		}
		shipped := min(max(l.Shipped-l.Invoiced, 0), of)
		work := min(units[l.ID], of-shipped)
		d.Shipped += money.Share(rest, 0, shipped, of)
		d.Released += money.Share(rest, shipped, shipped+work, of)
		begun[l.Order] = begun[l.Order] || work > 0
	}
	for o := range begun {
		if begun[o] {
			debts[o].Released += debts[o].Rest - goods[o]
		}
	}
	return nil
}

// AwaitingCredit lists orders of companies that the program holds until there is
// credit, the most urgent first.
func AwaitingCredit(ctx context.Context, r db.Reader, companies []id.Company) ([]id.Order, error) {
	return db.SelectIn[id.Order](ctx, r, `
		SELECT o.id FROM sales_order o JOIN order_hold h ON h.order_id = o.id AND h.status = 'active' AND h.reason = 'credit' AND h.source = '`+CreditSource+`'
		WHERE o.company_id IN (/*in*/) ORDER BY o.priority DESC, o.placed_at, o.id`, distinct(companies))
}

// CompaniesAwaitingCredit lists the companies that have such orders.
func CompaniesAwaitingCredit(ctx context.Context, r db.Reader) ([]id.Company, error) {
	return db.Select[id.Company](ctx, r, `
		SELECT DISTINCT o.company_id FROM sales_order o JOIN order_hold h ON h.order_id = o.id
		WHERE h.status = 'active' AND h.reason = 'credit' AND h.source = '`+CreditSource+`' AND o.company_id IS NOT NULL ORDER BY o.company_id`)
}

// CreditSource is the source of holds that the check of credit places.
const CreditSource = "credit_limit"
