package view

import (
	"cmp"
	"context"
	"slices"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/receivable"
	"purser/internal/platform/db"
)

// OpenItem is what is owed by an invoice, or to a customer, on a day.
type OpenItem struct {
	Company  id.Company     `json:"company_id,omitzero"`
	Customer id.Customer    `json:"customer_id,omitzero"`
	Currency money.Currency `json:"currency"`
	Kind     string         `json:"kind" enum:"invoice,credit,on_account" doc:"Credit: an order is paid ahead or owed back."`
	Order    id.Order       `json:"order_id,omitzero"`
	Invoice  id.Invoice     `json:"invoice_id,omitzero"`
	Number   int64          `json:"number,omitempty"`
	Date     string         `json:"date,omitempty"`
	DueOn    string         `json:"due_on,omitempty"`
	Late     int64          `json:"days_late" doc:"Days after it was due; not more than 0: it is not due yet."`
	Open     int64          `json:"open"` // minor units; negative: we owe it
}

// Ageing is what somebody owes in a currency, by how late it is. Amounts are minor
// units.
type Ageing struct {
	Company   id.Company
	Customer  id.Customer
	Name      string
	Currency  money.Currency
	Current   int64 // not due yet
	Days30    int64 // 1 to 30 days late
	Days60    int64
	Days90    int64
	Older     int64
	Credit    int64 // paid ahead or owed back by orders; negative
	OnAccount int64 // received and for no order yet; negative
	Total     int64
}

// OpenItems lists what was owed at the end of a business day, by the books: what is
// posted later with an earlier date counts. company limits it to one. Give it a
// snapshot.
func OpenItems(ctx context.Context, r db.Reader, asOf string, company id.Company) ([]OpenItem, error) {
	type balance struct {
		Order    id.Order       `db:"order_id"`
		Company  id.Company     `db:"company_id"`
		Customer id.Customer    `db:"customer_id"`
		Currency money.Currency `db:"currency"`
		Amount   int64          `db:"amount"`
	}
	var w db.Where
	w.And("l.account = ? AND j.business_date <= ? AND l.currency = o.currency", accounting.Receivable, asOf)
	if !company.IsZero() {
		w.And("o.company_id = ?", company)
	}
	owed, err := db.Select[balance](ctx, r, `
		SELECT o.id AS order_id, o.company_id, o.customer_id, o.currency, CAST(SUM(l.amount) AS BIGINT) AS amount
		FROM sales_order o JOIN journal j ON j.order_id = o.id JOIN journal_line l ON l.journal_id = j.id`+w.SQL()+`
		GROUP BY o.id, o.company_id, o.customer_id, o.currency HAVING SUM(l.amount) <> 0 ORDER BY o.id`, w.Args()...)
	if err != nil {
		return nil, err
	}
	orders := make([]id.Order, len(owed))
	for i, b := range owed {
		orders[i] = b.Order
	}
	invoices, err := invoicesOn(ctx, r, asOf, orders)
	if err != nil {
		return nil, err
	}
	var items []OpenItem
	for _, b := range owed {
		like := OpenItem{Company: b.Company, Currency: b.Currency, Order: b.Order}
		if b.Company.IsZero() {
			like.Customer = b.Customer
		}
		if b.Amount < 0 {
			like.Kind, like.Open = "credit", b.Amount
			items = append(items, like)
			continue
		}
		for _, d := range spread(invoices[b.Order], b.Amount) {
			like.Kind, like.Invoice, like.Number, like.Date, like.DueOn = "invoice", d.ID, d.Number, d.Date, d.DueOn
			like.Open, like.Late = d.Total-d.paid, receivable.Days(d.DueOn, asOf)
			if like.Open != 0 {
				items = append(items, like)
			}
		}
	}
	onAccount, err := onAccount(ctx, r, asOf, company)
	return append(items, onAccount...), err
}

// openInvoice is an invoice as it counts on a day.
type openInvoice struct {
	ID     id.Invoice `db:"id"`
	Order  id.Order   `db:"order_id"`
	Number int64      `db:"number"`
	Date   string     `db:"business_date"`
	DueOn  string     `db:"due_on"`
	Total  int64      `db:"total"`
	Meant  int64      `db:"meant"` // paid for this one
	paid   int64
}

func invoicesOn(ctx context.Context, r db.Reader, asOf string, orders []id.Order) (map[id.Order][]openInvoice, error) {
	rows, err := db.SelectIn[openInvoice](ctx, r, `
		SELECT d.id, d.order_id, d.number, d.business_date, d.due_on, d.total, CAST(COALESCE((
			SELECT SUM(CASE WHEN t.kind = 'capture' THEN t.amount WHEN t.kind = 'refund' THEN -t.amount ELSE 0 END)
			FROM payment p JOIN payment_transaction t ON t.payment_id = p.id
			WHERE p.order_id = d.order_id AND p.invoice_id = d.id AND t.status = 'succeeded' AND t.business_date <= ?), 0) AS BIGINT) AS meant
		FROM invoice d
		WHERE d.series = 'invoice' AND d.status <> 'void' AND d.business_date <= ?
			AND NOT EXISTS (SELECT 1 FROM invoice c WHERE c.reverses_id = d.id AND c.business_date <= ?) AND d.order_id IN (/*in*/)
		ORDER BY d.order_id, d.number`, orders, asOf, asOf, asOf)
	out := map[id.Order][]openInvoice{}
	for _, d := range rows {
		out[d.Order] = append(out[d.Order], d)
	}
	return out, err
}

// spread counts for the invoices of an order what is not owed any more, as
// accounting.Allocate does: what is meant for one first, the rest by number.
func spread(invoices []openInvoice, owed int64) []openInvoice {
	left := -owed
	for _, d := range invoices {
		left += d.Total
	}
	for i := range invoices {
		d := &invoices[i]
		d.paid = max(0, min(d.Meant, d.Total, left))
		left -= d.paid
	}
	for i := range invoices {
		d := &invoices[i]
		more := max(0, min(d.Total-d.paid, left))
		d.paid += more
		left -= more
	}
	return invoices
}

func onAccount(ctx context.Context, r db.Reader, asOf string, company id.Company) ([]OpenItem, error) {
	type row struct {
		Company  id.Company     `db:"company_id"`
		Customer id.Customer    `db:"customer_id"`
		Currency money.Currency `db:"currency"`
		Amount   int64          `db:"amount"`
	}
	var w db.Where
	w.And("e.business_date <= ?", asOf)
	if !company.IsZero() {
		w.And("r.company_id = ?", company)
	}
	rows, err := db.Select[row](ctx, r, `
		SELECT r.company_id, r.customer_id, r.currency, CAST(SUM(e.amount) AS BIGINT) AS amount
		FROM receipt r JOIN receipt_entry e ON e.receipt_id = r.id`+w.SQL()+`
		GROUP BY r.company_id, r.customer_id, r.currency HAVING SUM(e.amount) <> 0`, w.Args()...)
	items := make([]OpenItem, len(rows))
	for i, x := range rows {
		items[i] = OpenItem{Company: x.Company, Customer: x.Customer, Currency: x.Currency, Kind: "on_account", Open: -x.Amount}
	}
	return items, err
}

// AgeOf adds open items up, by whose they are, currency, and how late they are.
func AgeOf(ctx context.Context, r db.Reader, items []OpenItem) ([]Ageing, error) {
	type key struct {
		company  id.Company
		customer id.Customer
		currency money.Currency
	}
	sums := map[key]*Ageing{}
	var companies []id.Company
	var customers []id.Customer
	for _, x := range items {
		k := key{x.Company, x.Customer, x.Currency}
		if sums[k] == nil {
			sums[k] = &Ageing{Company: x.Company, Customer: x.Customer, Currency: x.Currency}
			companies, customers = append(companies, x.Company), append(customers, x.Customer)
		}
		sums[k].add(x)
	}
	names, err := namesOf(ctx, r, companies, customers)
	out := make([]Ageing, 0, len(sums))
	for _, a := range sums {
		a.Name = names[cmp.Or(id.Any(a.Company), id.Any(a.Customer))]
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Ageing) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Company.Compare(b.Company), a.Customer.Compare(b.Customer), cmp.Compare(a.Currency, b.Currency))
	})
	return out, err
}

func (a *Ageing) add(x OpenItem) {
	a.Total += x.Open
	switch {
	case x.Kind == "credit":
		a.Credit += x.Open
	case x.Kind == "on_account":
		a.OnAccount += x.Open
	case x.Late <= 0:
		a.Current += x.Open
	case x.Late <= 30:
		a.Days30 += x.Open
	case x.Late <= 60:
		a.Days60 += x.Open
	case x.Late <= 90:
		a.Days90 += x.Open
	default:
		a.Older += x.Open
	}
}

func namesOf(ctx context.Context, r db.Reader, companies []id.Company, customers []id.Customer) (map[id.Any]string, error) {
	type row struct {
		ID   id.Any `db:"id"`
		Name string `db:"name"`
	}
	out := map[id.Any]string{}
	rows, err := db.SelectIn[row](ctx, r, `SELECT id, name FROM company WHERE id IN (/*in*/)`, companies)
	if err != nil {
		return nil, err
	}
	more, err := db.SelectIn[row](ctx, r, `SELECT id, name FROM customer WHERE id IN (/*in*/)`, customers)
	for _, x := range append(rows, more...) {
		out[x.ID] = x.Name
	}
	return out, err
}

// StatementLine is one entry of the books in what a company owes.
type StatementLine struct {
	Journal id.Journal           `db:"id"`
	Kind    accounting.EntryKind `db:"kind"`
	Memo    string               `db:"memo"`
	Date    string               `db:"business_date"`
	Order   id.Order             `db:"order_id"`
	Amount  int64                `db:"amount"` // minor units: positive, the company owes it
	Balance int64                `db:"-"`      // after it
}

// Statement is what a company owed, what came to it, and what it owes then, in a
// currency, through business days from..to.
func Statement(ctx context.Context, r db.Reader, company id.Company, currency money.Currency, from, to string) (opening int64, lines []StatementLine, err error) {
	rows, err := db.Select[StatementLine](ctx, r, `
		SELECT j.id, j.kind, j.memo, j.business_date, j.order_id, CAST(SUM(l.amount) AS BIGINT) AS amount
		FROM journal j JOIN journal_line l ON l.journal_id = j.id
		WHERE l.account IN ('`+accounting.Receivable+`', '`+accounting.OnAccount+`') AND l.currency = ? AND j.business_date <= ?
			AND (j.order_id IN (SELECT id FROM sales_order WHERE company_id = ?)
				OR j.source_kind = 'receipt' AND j.source_id IN (SELECT e.id FROM receipt_entry e JOIN receipt r ON r.id = e.receipt_id WHERE r.company_id = ?))
		GROUP BY j.id, j.kind, j.memo, j.business_date, j.order_id HAVING SUM(l.amount) <> 0
		ORDER BY j.business_date, j.id`, string(currency), to, company, company)
	balance := int64(0)
	for _, l := range rows {
		balance += l.Amount
		if l.Date < from {
			opening = balance
			continue
		}
		l.Balance = balance
		lines = append(lines, l)
	}
	return opening, lines, err
}

// DueReminder is an invoice that is due for a reminder.
type DueReminder struct {
	Invoice  id.Invoice     `db:"id"`
	Number   int64          `db:"number"`
	Order    id.Order       `db:"order_id"`
	Company  id.Company     `db:"company_id"`
	Customer id.Customer    `db:"customer_id"`
	Name     string         `db:"-"`
	Currency money.Currency `db:"currency"`
	Open     int64          `db:"open"`
	DueOn    string         `db:"due_on"`
	Late     int64          `db:"-"`
	Level    int64          `db:"-"`
	Title    string         `db:"-"`
}

// RemindersDue lists invoices that are due for a reminder of any level, or of one,
// on a business day, the longest due first.
func RemindersDue(ctx context.Context, r db.Reader, today string, level int64) ([]DueReminder, error) {
	levels, err := receivable.Dunning(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := db.Select[DueReminder](ctx, r, `
		SELECT id, number, order_id, company_id, customer_id, currency, total - paid AS open, due_on FROM invoice
		WHERE series = 'invoice' AND status IN ('issued', 'part_paid') AND due_on < ? ORDER BY due_on, number`, today)
	if err != nil {
		return nil, err
	}
	invoices, companies, customers := make([]id.Invoice, len(rows)), make([]id.Company, len(rows)), make([]id.Customer, len(rows))
	for i, x := range rows {
		invoices[i], companies[i], customers[i] = x.Invoice, x.Company, x.Customer
	}
	last, err := receivable.Last(ctx, r, invoices)
	if err != nil {
		return nil, err
	}
	names, err := namesOf(ctx, r, companies, customers)
	var due []DueReminder
	for _, x := range rows {
		x.Level = receivable.Next(levels, x.DueOn, last[x.Invoice], today)
		if x.Level == 0 || level != 0 && x.Level != level {
			continue
		}
		x.Title, x.Late, x.Name = levels[x.Level-1].Title, receivable.Days(x.DueOn, today), names[cmp.Or(id.Any(x.Company), id.Any(x.Customer))]
		due = append(due, x)
	}
	return due, err
}
