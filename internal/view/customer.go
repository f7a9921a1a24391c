package view

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/customer"
	"purser/internal/platform/db"
)

// Customer is a customer with what somebody who talks to him needs to know at
// once. Timeline has the rest.
type Customer struct {
	customer.Customer
	GroupName string                 `json:"group_name,omitempty"`
	Companies []BuysFor              `json:"companies" doc:"Companies that the customer buys for."`
	Accounts  []CustomerAccount      `json:"accounts" doc:"Orders and money, one entry for each currency."`
	Tasks     []customer.Interaction `json:"tasks" doc:"Tasks that are not done, the most urgent first."`
}

// BuysFor is a company that a customer buys for.
type BuysFor struct {
	Company  id.Company         `db:"company_id" json:"company_id"`
	Location id.CompanyLocation `db:"company_location_id" json:"company_location_id,omitzero"`
	Name     string             `db:"name" json:"name"`
	Title    string             `db:"title" json:"title,omitempty" doc:"What the customer is there: buyer, accounts payable."`
}

// CustomerAccount sums what a customer ordered, got and paid in one currency.
// Drafts do not count. Amounts are minor units.
type CustomerAccount struct {
	Currency     money.Currency `db:"currency" json:"currency"`
	Orders       int64          `db:"orders" json:"orders"`
	OpenOrders   int64          `db:"open_orders" json:"open_orders"`
	Ordered      int64          `db:"ordered" json:"ordered" doc:"Without what was cancelled."`
	Invoiced     int64          `db:"invoiced" json:"invoiced"`
	Credited     int64          `db:"credited" json:"credited" doc:"Part of invoiced that was granted back."`
	Paid         int64          `db:"paid" json:"paid" doc:"Captured less paid back."`
	Balance      int64          `json:"balance" doc:"What the customer owes: invoiced less credited less paid. Negative: paid ahead."`
	OpenInvoices int64          `db:"open_invoices" json:"open_invoices" doc:"What is still to be paid of invoices."`
	Overdue      int64          `db:"overdue" json:"overdue" doc:"Part of open_invoices that is past its due day."`
	FirstOrderAt time.Time      `db:"first_order_at" json:"first_order_at,omitzero"`
	LastOrderAt  time.Time      `db:"last_order_at" json:"last_order_at,omitzero"`
}

// GetCustomer reads a customer in a constant number of queries. today is the
// business day by which invoices are overdue. Give it a snapshot, so that all of
// it is of one instant. Errors: NotFound customer.not_found.
func GetCustomer(ctx context.Context, r db.Reader, of id.Customer, today string) (Customer, error) {
	c, err := customer.Get(ctx, r, of)
	if err != nil {
		return Customer{}, err
	}
	v := Customer{Customer: c}
	v.GroupName, err = db.Get[string](ctx, r, `SELECT name FROM customer_group WHERE id = ?`, c.GroupID)
	if err != nil && !db.None(err) {
		return Customer{}, err
	}
	v.Companies, err = db.Select[BuysFor](ctx, r, `
		SELECT b.company_id, b.company_location_id, c.name, b.title FROM company_contact b JOIN company c ON c.id = b.company_id
		WHERE b.customer_id = ? ORDER BY c.name_key, c.id`, of)
	if err != nil {
		return Customer{}, err
	}
	if v.Accounts, err = accounts(ctx, r, of, today); err != nil {
		return Customer{}, err
	}
	v.Tasks, err = db.Select[customer.Interaction](ctx, r, `
		SELECT `+db.Columns[customer.Interaction]()+` FROM interaction
		WHERE customer_id = ? AND kind = 'task' AND done_at IS NULL ORDER BY due_on = '', due_on, id LIMIT ?`, of, MaxLimit)
	return v, err
}

func accounts(ctx context.Context, r db.Reader, of id.Customer, today string) ([]CustomerAccount, error) {
	all, err := db.Select[CustomerAccount](ctx, r, `
		SELECT a.currency, a.orders, a.open_orders, a.ordered, a.invoiced, a.credited, a.paid, a.first_order_at, a.last_order_at,
			COALESCE(i.open_invoices, 0) AS open_invoices, COALESCE(i.overdue, 0) AS overdue
		FROM (
			SELECT currency, COUNT(*) AS orders, COUNT(*) FILTER (WHERE status IN ('pending', 'open')) AS open_orders,
				CAST(SUM(total - cancelled_total) AS BIGINT) AS ordered, CAST(SUM(invoiced) AS BIGINT) AS invoiced,
				CAST(SUM(credited) AS BIGINT) AS credited, CAST(SUM(captured - refunded) AS BIGINT) AS paid,
				MIN(placed_at) AS first_order_at, MAX(placed_at) AS last_order_at
			FROM sales_order WHERE customer_id = ? AND status <> 'draft' GROUP BY currency
		) a LEFT JOIN (
			SELECT i.currency, CAST(SUM(i.total - i.paid) AS BIGINT) AS open_invoices,
				CAST(COALESCE(SUM(i.total - i.paid) FILTER (WHERE i.due_on < ?), 0) AS BIGINT) AS overdue
			FROM sales_order o JOIN invoice i ON i.order_id = o.id
			WHERE o.customer_id = ? AND i.series = 'invoice' AND i.status IN ('issued', 'part_paid') GROUP BY i.currency
		) i ON i.currency = a.currency
		ORDER BY a.orders DESC, a.currency`, of, today, of)
	for i := range all {
		all[i].Balance = all[i].Invoiced - all[i].Credited - all[i].Paid
	}
	return all, err
}

// Moment is one thing in the life of a customer.
type Moment struct {
	At          time.Time      `db:"at" json:"at"`
	Kind        string         `db:"kind" json:"kind" doc:"order, shipment, return, invoice, credit_note, payment, order_note, or what was said: note, call, email_in, email_out, task."`
	ID          string         `json:"id" doc:"Id of the thing itself."`
	Order       id.Order       `db:"order_id" json:"order_id,omitzero"`
	OrderNumber int64          `db:"order_number" json:"order_number,omitempty"`
	Number      int64          `db:"number" json:"number,omitempty" doc:"Of a shipment, return, invoice or credit note."`
	Step        string         `db:"step" json:"step,omitempty" doc:"Of a payment: authorize, capture, void, refund or chargeback."`
	Status      string         `db:"status" json:"status,omitempty" doc:"As it is now."`
	Currency    money.Currency `db:"currency" json:"currency,omitempty"`
	Amount      int64          `db:"amount" json:"amount,omitempty" doc:"Minor units."`
	Actor       string         `db:"actor" json:"actor,omitempty"`
	Text        string         `db:"words" json:"text,omitempty" doc:"What was written; of a shipment the carrier and its number, of a payment the means."`

	Any id.Any `db:"id" json:"-"`
}

// text of the id, by the kind of thing.
func (m *Moment) idText() string {
	switch m.Kind {
	case "order":
		return id.Order(m.Any).String()
	case "shipment":
		return id.Shipment(m.Any).String()
	case "return":
		return id.Return(m.Any).String()
	case "invoice", "credit_note":
		return id.Invoice(m.Any).String()
	case "payment":
		return id.Transaction(m.Any).String()
	case "order_note":
		return id.Note(m.Any).String()
	}
	return id.Interaction(m.Any).String()
}

// TimelineKinds are the kinds of moments.
var TimelineKinds = []string{
	"order", "shipment", "return", "invoice", "credit_note", "payment", "order_note", "note", "call", "email_in", "email_out", "task",
}

// story is a table's part of a timeline: its own newest moments are found first.
type story struct {
	kinds []string
	kind  string // expression
	at    string // expressions of the place in the timeline
	id    string
	rest  string // order_id, order_number, number, step, status, currency, amount, actor, words
	from  string
	where string // with one argument, the customer
}

var stories = []story{
	{[]string{"order"}, "'order'", "o.placed_at", "o.id",
		"o.id, o.number, 0, '', o.status, o.currency, o.total, o.created_by, o.customer_note",
		"sales_order o", "o.customer_id = ?"},
	{[]string{"shipment"}, "'shipment'", "COALESCE(s.shipped_at, s.created_at)", "s.id",
		"o.id, o.number, s.number, '', s.status, '', 0, s.created_by, TRIM(s.carrier || ' ' || s.tracking_number)",
		"sales_order o JOIN shipment s ON s.order_id = o.id", "o.customer_id = ?"},
	{[]string{"return"}, "'return'", "t.created_at", "t.id",
		"o.id, o.number, t.number, '', t.status, t.currency, t.total, t.created_by, t.note",
		"sales_order o JOIN sales_return t ON t.order_id = o.id", "o.customer_id = ?"},
	{[]string{"return"}, "'return'", "t.created_at", "t.id", // without an order
		"t.order_id, 0, t.number, '', t.status, t.currency, t.total, t.created_by, t.note",
		"sales_return t", "t.order_id IS NULL AND t.customer_id = ?"},
	{[]string{"invoice", "credit_note"}, "i.series", "i.issued_at", "i.id",
		"o.id, o.number, i.number, '', i.status, i.currency, i.total, '', ''",
		"sales_order o JOIN invoice i ON i.order_id = o.id", "o.customer_id = ? AND i.status <> 'draft'"},
	{[]string{"invoice", "credit_note"}, "i.series", "i.issued_at", "i.id", // of a return without an order
		"i.order_id, 0, i.number, '', i.status, i.currency, i.total, '', ''",
		"invoice i", "i.order_id IS NULL AND i.customer_id = ? AND i.status <> 'draft'"},
	{[]string{"payment"}, "'payment'", "COALESCE(t.settled_at, t.requested_at)", "t.id",
		"o.id, o.number, 0, t.kind, t.status, p.currency, t.amount, '', TRIM(p.method || ' ' || p.label)",
		"sales_order o JOIN payment p ON p.order_id = o.id JOIN payment_transaction t ON t.payment_id = p.id", "o.customer_id = ?"},
	{[]string{"order_note"}, "'order_note'", "n.at", "n.id",
		"o.id, o.number, 0, '', '', '', 0, n.actor, n.body",
		"sales_order o JOIN order_note n ON n.order_id = o.id", "o.customer_id = ?"},
	{[]string{"note", "call", "email_in", "email_out", "task"}, "n.kind", "n.at", "n.id",
		"CAST(NULL AS UUID), 0, 0, '', CASE WHEN n.kind <> 'task' THEN '' WHEN n.done_at IS NULL THEN 'open' ELSE 'done' END, '', 0, n.actor, n.body",
		"interaction n", "n.customer_id = ?"},
}

// Timeline returns what happened with a customer, the newest first, of the given
// kinds (none means all), and the cursor of the next page, "" at the end. It is
// one query. States are those of now, not of then.
func Timeline(ctx context.Context, r db.Reader, of id.Customer, kinds []string, page Page) ([]Moment, string, error) {
	at, last, behind, err := afterInstant[id.Any](page)
	if err != nil {
		return nil, "", err
	}
	if len(kinds) == 0 {
		kinds = TimelineKinds
	}
	var parts []string
	var args []any
	for _, s := range stories {
		wanted := slices.DeleteFunc(slices.Clone(s.kinds), func(k string) bool { return !slices.Contains(kinds, k) })
		if len(wanted) == 0 {
			continue
		}
		var w db.Where
		w.And(s.where, of)
		if len(wanted) < len(s.kinds) {
			db.In(&w, s.kind, wanted)
		}
		if behind {
			w.And("("+s.at+", "+s.id+") < (?, ?)", at, last)
		}
		parts = append(parts, `SELECT * FROM (
			SELECT `+s.kind+`, `+s.at+`, `+s.id+`, `+s.rest+` FROM `+s.from+w.SQL()+`
			ORDER BY `+s.at+` DESC, `+s.id+` DESC LIMIT ?) AS s`+strconv.Itoa(len(parts)))
		args = append(args, w.Args(page.size()+1)...)
	}
	if len(parts) == 0 {
		return nil, "", nil
	}
	rows, err := db.Select[Moment](ctx, r, `
		WITH moment (kind, at, id, order_id, order_number, number, step, status, currency, amount, actor, words) AS (
		`+strings.Join(parts, " UNION ALL ")+`)
		SELECT * FROM moment ORDER BY at DESC, id DESC LIMIT ?`, append(args, page.size()+1)...)
	for i := range rows {
		rows[i].ID = rows[i].idText()
	}
	rows, next := cut(rows, page, func(m Moment) string { return cursor(instant(m.At), m.Any.String()) })
	return rows, next, err
}
