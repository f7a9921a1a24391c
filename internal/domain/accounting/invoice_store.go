package accounting

import (
	"context"
	"maps"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
)

// Issue gives invoices and credit notes their ids, totals and numbers, in the order in which they
// come, and stores them. All else must be set, except totals and states,
// which follow from the lines. base is the base currency.
//
// The numbers have no gaps, so their series are held until the transaction ends:
// issue them last. Errors: Invalid invoice.invalid, with the fields;
// Conflict accounting.period_closed.
func Issue(ctx context.Context, tx *db.Tx, base money.Currency, invoices []*Invoice) error {
	closed, err := ClosedThrough(ctx, tx)
	if err != nil || len(invoices) == 0 {
		return err
	}
	bySeries := map[Series][]*Invoice{}
	for _, d := range invoices {
		if err := d.finish(tx.Now(), base); err != nil {
			return err
		}
		if d.BusinessDate <= closed {
			return fault.New(fault.Conflict, "accounting.period_closed", "The books are closed through %s, and this is of %s. Date it later, or open the books.", closed, d.BusinessDate)
		}
		bySeries[d.Series] = append(bySeries[d.Series], d)
	}
	for _, series := range []Series{CreditSeries, InvoiceSeries} { // always in this order
		of := bySeries[series]
		if len(of) == 0 {
			continue
		}
		numbers, err := number.Fiscal(ctx, tx, string(series), len(of))
		if err != nil {
			return err
		}
		for i, d := range of {
			d.Number = numbers[i]
		}
	}
	rows := make([]Invoice, len(invoices))
	var lines []InvoiceLine
	facts := make([]event.Fact, len(invoices))
	for i, d := range invoices {
		rows[i] = *d
		lines = append(lines, d.Lines...)
		facts[i] = InvoiceIssued{d.about(), d.DueOn, d.Shipment, d.Return}
	}
	if _, err := db.Insert(ctx, tx, "invoice", rows); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "invoice_line", lines); err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}

// InvoiceOfShipment returns the invoice that a shipment was billed with, unless
// it was taken back; ok is false where there is none.
func InvoiceOfShipment(ctx context.Context, r db.Reader, order id.Order, shipment id.Shipment) (d *Invoice, ok bool, err error) {
	all, err := load(ctx, r, `
		WHERE series = '`+string(InvoiceSeries)+`' AND status <> 'void' AND order_id IN (/*in*/)
			AND NOT EXISTS (SELECT 1 FROM invoice c WHERE c.reverses_id = invoice.id)`, []id.Order{order})
	for _, d := range all {
		if d.Shipment == shipment {
			return d, true, err
		}
	}
	return nil, false, err
}

// SettleReversed says that invoices which were taken back are owed no more. Money
// that counted for them counts for others: Allocate spreads it anew.
func SettleReversed(ctx context.Context, tx *db.Tx, invoices ...*Invoice) error {
	for _, d := range invoices {
		d.settle(d.Total)
	}
	return savePaid(ctx, tx, invoices)
}

// Allocate counts money for the invoices of orders, by number: counts is what
// each order's payments captured, less what they refunded, plus what was credited,
// in minor units of the order's currency. It spreads sums anew and adds nothing
// up, so it may be called as often as one likes. What is meant for an invoice counts
// for that one first. The sales orders are taken.
func Allocate(ctx context.Context, tx *db.Tx, counts map[id.Order]int64, meant map[id.Invoice]int64) error {
	orders := slices.SortedFunc(maps.Keys(counts), id.Order.Compare)
	rows, err := db.SelectIn[Invoice](ctx, tx, `
		SELECT `+db.Columns[Invoice]()+` FROM invoice
		WHERE series = '`+string(InvoiceSeries)+`' AND status <> 'void' AND order_id IN (/*in*/)
			AND NOT EXISTS (SELECT 1 FROM invoice c WHERE c.reverses_id = invoice.id)
		ORDER BY order_id, number`, orders)
	if err != nil {
		return err
	}
	left := maps.Clone(counts)
	first := make([]int64, len(rows))
	for i := range rows {
		d := &rows[i]
		first[i] = max(0, min(meant[d.ID], d.Total, left[d.Order]))
		left[d.Order] -= first[i]
	}
	var changed []*Invoice
	for i := range rows {
		d := &rows[i]
		paid, status := d.Paid, d.Status
		d.settle(first[i] + max(0, left[d.Order]))
		left[d.Order] -= d.Paid - first[i]
		if d.Paid != paid || d.Status != status {
			changed = append(changed, d)
		}
	}
	return savePaid(ctx, tx, changed)
}

func savePaid(ctx context.Context, tx *db.Tx, invoices []*Invoice) error {
	facts := make([]event.Fact, len(invoices))
	for i, d := range invoices {
		facts[i] = InvoicePaid{d.about(), d.Status, d.Paid}
	}
	err := db.Chunks(invoices, func(part []*Invoice) error {
		args := make([]any, 0, 3*len(part))
		for _, d := range part {
			d.Version++
			args = append(args, d.ID, d.Paid, string(d.Status))
		}
		_, err := tx.Exec(ctx, `
			UPDATE invoice SET paid = v.column2, status = v.column3, version = version + 1
			FROM (VALUES `+db.Tuples(len(part), 3, "uuid", "bigint", "text")+`) AS v
			WHERE invoice.id = v.column1`, args...)
		return err
	})
	if err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}

// OpenInvoices returns what a company, or a customer who buys for none, owes in a
// currency by invoices, the longest due first.
func OpenInvoices(ctx context.Context, r db.Reader, company id.Company, customer id.Customer, currency money.Currency) ([]*Invoice, error) {
	where, who := "company_id IN (/*in*/)", id.Any(company)
	if company.IsZero() {
		where, who = "company_id IS NULL AND customer_id IN (/*in*/)", id.Any(customer)
	}
	rows, err := db.SelectIn[Invoice](ctx, r, `
		SELECT `+db.Columns[Invoice]()+` FROM invoice
		WHERE series = '`+string(InvoiceSeries)+`' AND status IN ('issued', 'part_paid') AND order_id IS NOT NULL AND currency = ? AND `+where+`
		ORDER BY due_on, number`, []id.Any{who}, string(currency))
	out := make([]*Invoice, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out, err
}

// Open is what is still to be paid of an invoice.
func (d *Invoice) Open() int64 {
	if d.Status != Issued && d.Status != PartPaid {
		return 0
	}
	return d.Total - d.Paid
}

// GetInvoice returns an invoice or credit note. Errors: NotFound
// invoice.not_found.
func GetInvoice(ctx context.Context, r db.Reader, invoice id.Invoice) (*Invoice, error) {
	all, err := load(ctx, r, `WHERE id IN (/*in*/)`, []id.Invoice{invoice})
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "invoice.not_found", "There is no invoice %s.", invoice)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// InvoicesOf returns the invoices and credit notes of orders, oldest first.
func InvoicesOf(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Order][]*Invoice, error) {
	all, err := load(ctx, r, `WHERE order_id IN (/*in*/) ORDER BY id`, orders)
	out := make(map[id.Order][]*Invoice, len(orders))
	for _, d := range all {
		out[d.Order] = append(out[d.Order], d)
	}
	return out, err
}

// OverdueOrders returns which of some orders have an invoice that is overdue.
func OverdueOrders(ctx context.Context, r db.Reader, orders []id.Order, today string) (map[id.Order]bool, error) {
	late, err := db.SelectIn[id.Order](ctx, r, `
		SELECT DISTINCT order_id FROM invoice
		WHERE status IN ('issued', 'part_paid') AND due_on < ? AND order_id IN (/*in*/)`, orders, today)
	out := make(map[id.Order]bool, len(late))
	for _, o := range late {
		out[o] = true
	}
	return out, err
}

// FallenDue returns orders with an open invoice that was due from one day up to
// and without another, so that a daily job can tell them.
func FallenDue(ctx context.Context, r db.Reader, from, to string, after id.Order, limit int) ([]id.Order, error) {
	var w db.Where
	w.And("status IN ('issued', 'part_paid') AND due_on >= ? AND due_on < ?", from, to)
	if !after.IsZero() {
		w.And("order_id > ?", after)
	}
	return db.Select[id.Order](ctx, r, `SELECT DISTINCT order_id FROM invoice`+w.SQL()+` ORDER BY order_id LIMIT ?`, w.Args(limit)...)
}

// InvoiceFilter selects documents; what is empty selects all.
type InvoiceFilter struct {
	Series    Series
	Orders    []id.Order
	Customer  id.Customer
	Company   id.Company
	Number    int64
	Statuses  []InvoiceStatus
	From      string // business days, both included
	To        string
	OverdueOn string // those overdue on the day
	Limit     int    // 1 to MaxLimit; 0 is 50
	After     string // the cursor that the page before gave
}

// Invoices returns a page of invoices and credit notes, newest first. next is
// empty on the last page.
func Invoices(ctx context.Context, r db.Reader, f InvoiceFilter) (page []*Invoice, next string, err error) {
	var w db.Where
	if f.Series != "" {
		w.And("series = ?", string(f.Series))
	}
	db.In(&w, "order_id", f.Orders)
	db.In(&w, "status", f.Statuses)
	if !f.Customer.IsZero() {
		w.And("customer_id = ?", f.Customer)
	}
	if !f.Company.IsZero() {
		w.And("company_id = ?", f.Company)
	}
	if f.Number != 0 {
		w.And("number = ?", f.Number)
	}
	if f.From != "" {
		w.And("business_date >= ?", f.From)
	}
	if f.To != "" {
		w.And("business_date <= ?", f.To)
	}
	if f.OverdueOn != "" {
		w.And("status IN ('issued', 'part_paid') AND due_on < ?", f.OverdueOn)
	}
	if f.After != "" {
		var last id.Invoice
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := pageSize(f.Limit)
	rows, err := db.Select[Invoice](ctx, r, `SELECT `+db.Columns[Invoice]()+` FROM invoice`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		next = rows[n-1].ID.String()
	}
	page, err = withLines(ctx, r, rows)
	return page, next, err
}

func load[K any](ctx context.Context, r db.Reader, where string, keys []K) ([]*Invoice, error) {
	rows, err := db.SelectIn[Invoice](ctx, r, `SELECT `+db.Columns[Invoice]()+` FROM invoice `+where, keys)
	if err != nil {
		return nil, err
	}
	return withLines(ctx, r, rows)
}

func withLines(ctx context.Context, r db.Reader, rows []Invoice) ([]*Invoice, error) {
	all := make([]*Invoice, len(rows))
	ids := make([]id.Invoice, len(rows))
	byID := make(map[id.Invoice]*Invoice, len(rows))
	for i := range rows {
		d := &rows[i]
		all[i], ids[i], byID[d.ID] = d, d.ID, d
	}
	lines, err := db.SelectIn[InvoiceLine](ctx, r, `
		SELECT `+db.Columns[InvoiceLine]()+` FROM invoice_line WHERE invoice_id IN (/*in*/) ORDER BY invoice_id, position`, ids)
	for _, l := range lines {
		d := byID[l.Invoice]
		d.Lines = append(d.Lines, l)
	}
	return all, err
}
