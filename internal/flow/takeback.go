package flow

import (
	"context"
	"fmt"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/credit"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// TakingBack is goods that came back and are refunded at once.
type TakingBack struct {
	Order       id.Order // zero: the sale is not known here
	Customer    id.Customer
	Location    id.Location
	ExternalID  string
	Currency    money.Currency // of a blind return; an order's is its own
	Lines       []TakenBack
	Disposition returns.Disposition
	Unmoved     bool // the goods are in the stock's numbers already
	Note        string
	Requested   string // returns.ByStaff or ByCustomer: the return policies are looked at; empty: it has happened
	Override    string // why staff takes it against the return policy
}

// TakenBack is units that came back.
type TakenBack struct {
	Line      id.Line    // order line, where the sale is known
	Variant   id.Variant // else the variant
	Quantity  int64
	UnitPrice money.Micros
	Total     *int64 // what is given back for them, tax included; nil: what they cost
	Tax       int64  // in Total, of a blind return
	Reason    string
}

// TakeBack books returns from arrival to refund: the goods go where the
// disposition says, a credit note is issued, and the money goes back on the
// order's payments, as far as they hold it. Money of a sale that is not known
// here goes back from the till.
func TakeBack(ctx context.Context, tx *db.Tx, batch []TakingBack) ([]*returns.Return, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	orders, err := takeReturned(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	r := &reception{books: b, orders: orders}
	for _, t := range batch {
		if err := r.take(ctx, tx, t); err != nil {
			return nil, err
		}
	}
	return r.returns, r.book(ctx, tx)
}

// takeReturned takes the sales orders of goods that came back, and whatever else the
// flow touches: those who wait for the goods, payments, stock, gift cards and store
// credits. All of it comes before the numbers of documents.
func takeReturned(ctx context.Context, tx *db.Tx, batch []TakingBack) (map[id.Order]*order.Order, error) {
	var known []id.Order
	for _, t := range batch {
		if !t.Order.IsZero() {
			known = append(known, t.Order)
		}
	}
	known = unique(known)
	seen, err := order.Many(ctx, tx, known)
	if err != nil {
		return nil, err
	}
	sales := make(map[id.Order]*order.Order, len(seen))
	for _, o := range seen {
		sales[o.ID] = o
	}
	var goods []id.Variant
	for _, t := range batch {
		if !t.Unmoved {
			goods = append(goods, t.goods(sales[t.Order])...)
		}
	}
	q, err := takeWaiting(ctx, tx, goods, known...)
	if err != nil {
		return nil, err
	}
	orders := make(map[id.Order]*order.Order, len(known))
	for _, o := range known {
		orders[o] = q.orders[o]
	}
	if _, err := payment.TakeByOrder(ctx, tx, known...); err != nil {
		return nil, err
	}
	if err := q.lock(ctx, tx, goods); err != nil {
		return nil, err
	}
	return orders, takeCredits(ctx, tx, known)
}

// goods are the variants that come back of an order; nil: it is not known.
func (t TakingBack) goods(o *order.Order) (variants []id.Variant) {
	for _, in := range t.Lines {
		switch kit := kitOf(o, in.Line); {
		case kit != nil:
			for _, c := range o.Components(kit.ID) {
				variants = append(variants, c.Variant)
			}
		case o == nil && !in.Variant.IsZero():
			variants = append(variants, in.Variant)
		case o == nil: // which is refused
		case o.Line(in.Line) != nil:
			variants = append(variants, o.Line(in.Line).Variant)
		}
	}
	return variants
}

// takeCredits takes the gift cards and store credits that payments of taken orders
// were made with, and may be given back to, and others with them.
func takeCredits(ctx context.Context, tx *db.Tx, orders []id.Order, credits ...id.Credit) error {
	payments, err := payment.ByOrder(ctx, tx, orders)
	if err != nil {
		return err
	}
	for _, of := range payments {
		for _, p := range of {
			if !p.Credit.IsZero() {
				credits = append(credits, p.Credit)
			}
		}
	}
	_, err = credit.Take(ctx, tx, credits...)
	return err
}

// reception is what returns that arrive in one transaction share.
type reception struct {
	books    books
	orders   map[id.Order]*order.Order
	returns  []*returns.Return
	shelving shelving
	notes    []*accounting.Invoice
	refunds  []Refunding
}

func (r *reception) take(ctx context.Context, tx *db.Tx, t TakingBack) error {
	o := r.orders[t.Order]
	note, err := r.note(ctx, tx, t, o)
	if err != nil {
		return err
	}
	terms, err := r.allowed(ctx, tx, t, o)
	if err != nil {
		return err
	}
	var lines []returns.Line
	for i, in := range t.Lines {
		if kit := kitOf(o, in.Line); kit != nil {
			parts, err := r.creditKit(o, kit, in)
			if err != nil {
				return fmt.Errorf("lines[%d]: %w", i, err)
			}
			lines = append(lines, parts...)
			continue
		}
		l := returns.Line{Line: in.Line, Variant: in.Variant, Quantity: in.Quantity, Resolution: returns.Refund, Reason: in.Reason, UnitPrice: in.UnitPrice, Tax: in.Tax}
		if in.Total != nil {
			l.Total = *in.Total
		}
		if o != nil {
			if err := r.credit(o, in, &l); err != nil {
				return fmt.Errorf("lines[%d]: %w", i, err)
			}
		}
		lines = append(lines, l)
	}
	ret, err := returns.New(tx.Now(), r.books.Day(tx.Now()), t.Order, t.Location, note.Currency, lines...)
	if err != nil {
		return err
	}
	ret.Customer, ret.ExternalID, ret.Note = t.Customer, t.ExternalID, t.Note
	here, err := ret.Finish(t.Disposition, tx.Now())
	if err != nil {
		return err
	}
	terms.apply(ret)
	if err := terms.record(ctx, tx, ret); err != nil {
		return err
	}
	r.returns = append(r.returns, ret)
	for _, l := range here {
		if _, kept := stateOf[l.Disposition]; t.Unmoved && kept {
			l.Unmoved = true
			continue
		}
		r.shelving.add(ret, disposal{l, returns.Pending})
	}
	note.Return = ret.ID
	total := int64(0)
	for _, l := range ret.Lines {
		note.Lines = append(note.Lines, noteLine(o, l))
		total += l.Total
	}
	r.notes = append(r.notes, note)
	if o != nil && total > 0 {
		r.refunds = append(r.refunds, Refunding{Order: o.ID, Return: ret.ID, Amount: total, Reason: "return"})
	}
	return nil
}

// allowed looks at what is asked for by the return policies. Fees are not kept back:
// who takes goods back at once says what he gives for them.
func (r *reception) allowed(ctx context.Context, tx *db.Tx, t TakingBack, o *order.Order) (terms, error) {
	if t.Requested == "" {
		return terms{}, nil
	}
	asked := make([]RequestedUnits, len(t.Lines))
	for i, l := range t.Lines {
		asked[i] = RequestedUnits{Line: l.Line, Quantity: l.Quantity, Reason: l.Reason}
	}
	found, err := (&returnWork{books: r.books, order: o}).allowed(ctx, tx, asked, t.Requested, t.Override)
	return terms{against: found.against, override: found.override}, err
}

// note begins the credit note of a return.
func (r *reception) note(ctx context.Context, tx *db.Tx, t TakingBack, o *order.Order) (*accounting.Invoice, error) {
	if o != nil {
		return r.books.document(tx, accounting.CreditSeries, o), nil
	}
	if !t.Order.IsZero() {
		return nil, fault.New(fault.NotFound, "order.not_found", "There is no order %s.", t.Order)
	}
	text, _, err := r.books.rateOn(ctx, tx, t.Currency, tx.Now())
	if err != nil {
		return nil, err
	}
	day := r.books.Day(tx.Now())
	return &accounting.Invoice{
		Series: accounting.CreditSeries, Customer: t.Customer, Currency: t.Currency, Rate: text, BusinessDate: day, DueOn: day, IssuedAt: tx.Now(),
	}, nil
}

func kitOf(o *order.Order, line id.Line) *order.Line {
	if o == nil {
		return nil
	}
	if l := o.Line(line); l != nil && l.Kind == order.KindKit {
		return l
	}
	return nil
}

// creditKit grants back kits as what is on the shelves: a line for each component.
func (r *reception) creditKit(o *order.Order, kit *order.Line, in TakenBack) ([]returns.Line, error) {
	parts := o.Components(kit.ID)
	totals := make([]*int64, len(parts))
	if in.Total != nil {
		left := make([]int64, len(parts))
		for i, c := range parts {
			left[i] = c.InvoicedTotal - c.RefundedTotal
		}
		for i, n := range money.Split(*in.Total, left) {
			totals[i] = &n
		}
	}
	lines := make([]returns.Line, len(parts))
	for i, c := range parts {
		n := c.Quantity / kit.Quantity * in.Quantity
		lines[i] = returns.Line{Line: c.ID, Quantity: n, Resolution: returns.Refund, Reason: in.Reason}
		if err := r.credit(o, TakenBack{Line: c.ID, Quantity: n, Total: totals[i]}, &lines[i]); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// credit grants back what units of an order line cost, or what the caller says.
func (r *reception) credit(o *order.Order, in TakenBack, l *returns.Line) error {
	line := o.Line(in.Line)
	if line == nil {
		return fault.New(fault.NotFound, "order.line_not_found", "Order %d has no line %s.", o.Number, in.Line)
	}
	l.Variant, l.UnitPrice = line.Variant, line.UnitPrice
	if in.UnitPrice != 0 {
		l.UnitPrice = in.UnitPrice
	}
	if err := o.Return(in.Line, in.Quantity); err != nil {
		return err
	}
	var a order.Amount
	var err error
	switch {
	case in.Total == nil:
		a, err = o.Credit(in.Line, in.Quantity)
	case *in.Total > 0:
		a, err = o.CreditAmount(in.Line, *in.Total)
	}
	l.Total, l.Tax = a.Total, a.Tax
	return err
}

func noteLine(o *order.Order, l *returns.Line) accounting.InvoiceLine {
	line := accounting.InvoiceLine{
		Kind: accounting.ItemLine, Line: id.Any(l.Line), Title: "Returned goods", Quantity: l.Quantity, UnitPrice: l.UnitPrice,
		Subtotal: l.Total - l.Tax, Tax: l.Tax, Total: l.Total,
	}
	if o != nil {
		sold := o.Line(l.Line)
		line.SKU, line.Title, line.TaxRate = sold.SKU, sold.Title, sold.TaxRate
	}
	return line
}

// book writes the returns with what follows for stock, books and money.
func (r *reception) book(ctx context.Context, tx *db.Tx) error {
	if err := returns.Insert(ctx, tx, r.returns); err != nil {
		return err
	}
	for _, o := range r.orders {
		o.Refresh(tx.Now())
	}
	if err := r.issueNotes(ctx, tx); err != nil {
		return err
	}
	changes, err := r.books.refund(ctx, tx, r.orders, r.affordable())
	if err != nil {
		return err
	}
	if err := r.books.settle(ctx, tx, r.orders, changes); err != nil {
		return err
	}
	return r.shelving.book(ctx, tx)
}

// affordable bounds refunds by what the payments of each order still hold: what
// was never paid is not paid back.
func (r *reception) affordable() []Refunding {
	left := map[id.Order]int64{}
	for oid, o := range r.orders {
		left[oid] = max(0, min(o.Paid(), -o.Balance()))
	}
	var out []Refunding
	for _, in := range r.refunds {
		in.Amount = min(in.Amount, left[in.Order])
		if left[in.Order] -= in.Amount; in.Amount > 0 {
			out = append(out, in)
		}
	}
	return out
}

// issueNotes issues the credit notes. Those of blind returns are paid out of the
// till at once.
func (r *reception) issueNotes(ctx context.Context, tx *db.Tx) error {
	var known, blind []*accounting.Invoice
	for _, n := range r.notes {
		if n.Order.IsZero() {
			blind = append(blind, n)
		} else {
			known = append(known, n)
			r.orders[n.Order].Credited -= sumOf(n) // issue books from what was owed before
		}
	}
	_, err := r.books.issue(ctx, tx, r.orders, known)
	for _, n := range known {
		r.orders[n.Order].Credited += sumOf(n)
	}
	if err != nil {
		return err
	}
	return r.books.issueBlind(ctx, tx, blind)
}

// given is store credit that settles a part of a credit note that belongs to no order.
type given struct {
	entry  id.CreditEntry
	rate   money.Exchange
	amount int64
}

// issueBlind issues documents that belong to no order, and books that they were
// paid in cash at once, but for what store credit settles of the first one.
func (b books) issueBlind(ctx context.Context, tx *db.Tx, docs []*accounting.Invoice, credits ...given) error {
	if err := accounting.Issue(ctx, tx, b.BaseCurrency, docs); err != nil {
		return err
	}
	var entries []accounting.Entry
	for _, doc := range docs {
		x := money.Exchange{From: doc.Currency, To: b.BaseCurrency, Rate: doc.Rate}
		p := accounting.Posting{Source: accounting.Source{Kind: string(doc.Series), ID: id.Any(doc.ID)}, Date: doc.BusinessDate, Memo: doc.Name()}
		rule, pay, owed := accounting.Invoiced, accounting.Capture, doc.Total
		if doc.Series == accounting.CreditSeries {
			rule, pay, owed = accounting.Credited, accounting.Refund, -doc.Total
		}
		billed, err := rule(p, accounting.Owed{Exchange: x}, doc.Bill())
		if err != nil {
			return err
		}
		entries = append(entries, billed)
		cash := doc.Total
		for _, g := range credits {
			paid, err := pay(accounting.Posting{Source: accounting.Source{Kind: "credit_entry", ID: id.Any(g.entry)}, Date: p.Date, Memo: p.Memo},
				accounting.Owed{Exchange: x, Before: owed}, accounting.Money{Account: accounting.StoreCredit, Rate: g.rate, Amount: g.amount, Pays: g.amount})
			if err != nil {
				return err
			}
			entries, cash, owed = append(entries, paid), cash-g.amount, owed+g.amount
		}
		if credits = nil; cash == 0 {
			continue
		}
		paid, err := pay(p, accounting.Owed{Exchange: x, Before: owed}, accounting.Money{
			Account: accounting.Tender(string(payment.Cash)), Rate: x, Amount: cash, Pays: cash,
		})
		if err != nil {
			return err
		}
		entries = append(entries, paid)
	}
	return accounting.Post(ctx, tx, entries)
}

// Billing is charges or credits that belong to no order: they are billed, or
// given back where Credit is set, and settled in cash at once.
type Billing struct {
	Credit   bool
	Customer id.Customer
	Currency money.Currency
	Lines    []accounting.InvoiceLine // Kind, SKU, Title, Quantity, UnitPrice, Tax and Total are set
}

// Bill issues documents for charges that belong to no order.
func Bill(ctx context.Context, tx *db.Tx, billings []Billing) ([]*accounting.Invoice, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	docs := make([]*accounting.Invoice, len(billings))
	for i, in := range billings {
		text, _, err := b.rateOn(ctx, tx, in.Currency, tx.Now())
		if err != nil {
			return nil, err
		}
		doc := &accounting.Invoice{
			Series: accounting.InvoiceSeries, Customer: in.Customer, Currency: in.Currency, Rate: text,
			BusinessDate: b.Day(tx.Now()), DueOn: b.Day(tx.Now()), IssuedAt: tx.Now(), Lines: in.Lines,
		}
		if in.Credit {
			doc.Series = accounting.CreditSeries
		}
		for j := range doc.Lines {
			doc.Lines[j].Subtotal = doc.Lines[j].Total - doc.Lines[j].Tax
			doc.Paid += doc.Lines[j].Total
		}
		docs[i] = doc
	}
	return docs, b.issueBlind(ctx, tx, docs)
}

// WriteOffDebt books a bad debt that belongs to no order here; a negative amount
// takes one back. source names what it comes from.
func WriteOffDebt(ctx context.Context, tx *db.Tx, source accounting.Source, amount money.Amount, memo string) error {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return err
	}
	text, _, err := b.rateOn(ctx, tx, amount.Currency, tx.Now())
	if err != nil {
		return err
	}
	x := money.Exchange{From: amount.Currency, To: b.BaseCurrency, Rate: text}
	e, err := accounting.Debt(accounting.Posting{Source: source, Date: b.Day(tx.Now()), Memo: memo}, accounting.Owed{Exchange: x}, amount.Minor)
	if err != nil {
		return err
	}
	return accounting.Post(ctx, tx, []accounting.Entry{e})
}
