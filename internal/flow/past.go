package flow

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// Past is an order that was made elsewhere, and has gone some of its way there:
// units have left, and money was received. The Kind of its lines is set; kits
// are what the catalog says.
type Past struct {
	Placement
	Location  id.Location // where goods that the books lack are received; in history, where they left
	Shipped   []int64     // units of Lines that have left; nil: all
	ShippedAt time.Time   // in history; zero: when it was placed
	Paid      int64       // received, in minor units of the order's currency
	Method    payment.Method
	Label     string
	Reference string
	Cancelled bool // what has not left is cancelled next, and not invoiced
}

// shipped is how many units of the i-th line have left.
func (p *Past) shipped(i int) int64 {
	if p.Shipped == nil {
		return p.Lines[i].Quantity
	}
	return p.Shipped[i]
}

func placementsOf(pasts []Past) []Placement {
	list := make([]Placement, len(pasts))
	for i, p := range pasts {
		list[i] = p.Placement
	}
	return list
}

// RunThrough takes orders through the whole flow, as far as they have come: they
// are routed and reserved, paid, and what has left is shipped and invoiced,
// whatever the gates say. Goods that have left were there: what the books lack of
// them is received first. What has not left is promised or owed as of any order.
// An order that cannot be taken costs its neighbors nothing; its Placed has the
// fault.
//
// It does what PlaceOrders, Pay and Ship do one after the other; since all of it
// is decided before anything is written, each row is written once.
func RunThrough(ctx context.Context, tx *db.Tx, pasts []Past) ([]Placed, error) {
	if err := supply(ctx, tx, pasts, nil); err != nil {
		return nil, err
	}
	d, err := openDesk(ctx, tx, placementsOf(pasts))
	if err != nil {
		return nil, err
	}
	placed := make([]Placed, len(pasts))
	var taken []*placing
	for i := range pasts {
		o, err := d.build(&pasts[i].Placement)
		if err != nil {
			placed[i].Err = err
			continue
		}
		placed[i].Order = o
		taken = append(taken, &placing{order: o, owe: pasts[i].Owe, index: i})
	}
	refused, err := d.route(ctx, tx, taken)
	if err != nil {
		return nil, err
	}
	for p, why := range refused {
		placed[p.index] = Placed{Err: why}
	}
	c := newClosing(d.books)
	kept, err := c.closeAll(tx, pasts, placed, func(o *order.Order, p *Past) error {
		if err := holdUnmapped(o); err != nil {
			return err
		}
		return c.send(tx, o, p, d.fulfillments)
	})
	if err != nil {
		return nil, err
	}
	if err := d.release(ctx, tx, kept); err != nil {
		return nil, err
	}
	payments, err := c.insert(ctx, tx, pasts, placed, kept)
	if err != nil {
		return nil, err
	}
	if err := d.park(ctx, tx, kept); err != nil {
		return nil, err
	}
	if err := d.commit(ctx, tx); err != nil {
		return nil, err
	}
	if err := fulfillment.InsertShipments(ctx, tx, c.shipments); err != nil {
		return nil, err
	}
	if err := c.takeFromStock(ctx, tx, c.shipments); err != nil {
		return nil, err
	}
	return placed, c.account(ctx, tx, payments)
}

// closing is orders that are brought to their end in memory, and then booked in
// one transaction.
type closing struct {
	dock
	shipments []*fulfillment.Shipment
	docs      []*accounting.Invoice
	paid      map[id.Order]int64 // received, and not counted for a document yet
}

func newClosing(b books) *closing {
	return &closing{dock: dock{books: b, orders: map[id.Order]*order.Order{}}, paid: map[id.Order]int64{}}
}

// closeAll closes the orders that were built, each as closeOne does, and returns
// them.
func (c *closing) closeAll(tx *db.Tx, pasts []Past, placed []Placed, closeOne func(*order.Order, *Past) error) ([]*order.Order, error) {
	var kept []*order.Order
	for i := range placed {
		o := placed[i].Order
		if o == nil {
			continue
		}
		c.orders[o.ID], c.paid[o.ID] = o, pasts[i].Paid
		if err := closeOne(o, &pasts[i]); err != nil {
			return nil, err
		}
		if billedAlone(o, &pasts[i]) {
			if err := c.bill(tx, o, nil); err != nil {
				return nil, err
			}
		}
		kept = append(kept, o)
	}
	return kept, nil
}

// send lets what has left of an order leave. What is on hold stays.
func (c *closing) send(tx *db.Tx, o *order.Order, p *Past, work []*fulfillment.Order) error {
	left := leaving(o, p)
	for _, f := range work {
		if f.Order != o.ID || len(o.HoldsOn(f.ID, linesOf(f))) > 0 {
			continue
		}
		what := fulfillment.Quantities{}
		for _, l := range f.Lines {
			if n := min(l.Free(), left[l.Line]); n > 0 {
				what[l.Line] = n
				left[l.Line] -= n
			}
		}
		if len(what) == 0 {
			continue
		}
		if err := f.Release(tx.Now()); err != nil {
			return err
		}
		s, err := c.load(f, func() (*fulfillment.Shipment, error) { return f.Ship(what, fulfillment.Carriage{}, tx.Now()) })
		if err != nil {
			return err
		}
		if err := c.bill(tx, o, s); err != nil {
			return err
		}
	}
	return nil
}

// bill invoices a shipment; without one, what is not shipped at all.
func (c *closing) bill(tx *db.Tx, o *order.Order, s *fulfillment.Shipment) error {
	doc := c.books.document(tx, accounting.InvoiceSeries, o)
	if s != nil {
		c.shipments = append(c.shipments, s)
		doc.Shipment = s.ID
		for _, l := range s.Lines {
			line := o.Line(l.Line)
			before := line.Invoiced
			a, err := o.Invoice(l.Line, l.Quantity)
			if err != nil {
				return err
			}
			doc.Lines = append(doc.Lines, itemLine(o, line, before, a))
		}
	}
	if err := billRest(o, doc); err != nil || len(doc.Lines) == 0 {
		return err
	}
	doc.Paid = min(c.paid[o.ID], sumOf(doc))
	c.paid[o.ID] -= doc.Paid
	c.docs = append(c.docs, doc)
	return nil
}

// insert stores the orders as they are in the end, and returns their payments,
// which are not stored yet.
func (c *closing) insert(ctx context.Context, tx *db.Tx, pasts []Past, placed []Placed, kept []*order.Order) ([]*payment.Payment, error) {
	payments, err := c.books.received(ctx, tx, pasts, placed)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		c.orders[p.Order].SetPayments(order.Payments{Captured: payment.SumOf([]*payment.Payment{p}).Captured})
	}
	return payments, order.Insert(ctx, tx, kept)
}

// account books the documents and the money of orders that are stored.
func (c *closing) account(ctx context.Context, tx *db.Tx, payments []*payment.Payment) error {
	changes, err := c.books.create(ctx, tx, payments)
	if err != nil {
		return err
	}
	for _, o := range c.orders { // the books go from what was owed before
		o.Invoiced, o.Captured = 0, 0
	}
	sums, err := c.books.issueDocs(ctx, tx, c.orders, c.docs)
	for oid, n := range sums {
		c.orders[oid].Invoiced = n
	}
	if err != nil {
		return err
	}
	return c.books.bookMoney(ctx, tx, c.orders, changes)
}

// received are the payments of orders that were paid before.
func (b books) received(ctx context.Context, tx *db.Tx, pasts []Past, placed []Placed) ([]*payment.Payment, error) {
	var payments []*payment.Payment
	for i, in := range placed {
		p := &pasts[i]
		if in.Order == nil || p.Paid == 0 {
			continue
		}
		made, err := b.payment(ctx, tx, in.Order, Paying{
			Order: in.Order.ID, Method: p.Method, Amount: p.Paid, Label: p.Label, Reference: p.Reference, Received: true,
		}, nil)
		if err != nil {
			return nil, err
		}
		payments = append(payments, made)
	}
	return payments, nil
}

// leaving is what has left of an order, by the lines that have goods.
func leaving(o *order.Order, p *Past) map[id.Line]int64 {
	left := make(map[id.Line]int64, len(o.Lines))
	sold, kit, kits := -1, (*order.Line)(nil), int64(0)
	for _, l := range o.Lines {
		switch l.Kind {
		case order.KindComponent:
			left[l.ID] = l.Quantity / kit.Quantity * kits
			continue
		case order.KindKit:
			kit, kits = l, p.shipped(sold+1)
		case order.KindItem:
			left[l.ID] = p.shipped(sold + 1)
		}
		sold++
	}
	return left
}

// billedAlone tells whether an order is invoiced without a shipment: it has
// nothing to ship, and is paid.
func billedAlone(o *order.Order, p *Past) bool {
	return !p.Cancelled && (p.Paid > 0 || o.Total == 0) && !slices.ContainsFunc(o.Lines, (*order.Line).Goods)
}

// GiveBack pays money back for orders that were paid: what is not owed back yet
// is credited first, over what was invoiced.
func GiveBack(ctx context.Context, tx *db.Tx, refundings []Refunding) error {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return err
	}
	orders, err := takeOrders(ctx, tx, refundings, func(r Refunding) id.Order { return r.Order })
	if err != nil {
		return err
	}
	var notes []*accounting.Invoice
	var due []Refunding
	for _, in := range refundings {
		o := orders[in.Order]
		note, err := b.goodwill(tx, o, in.Amount-max(0, -o.Balance()))
		if err != nil {
			return err
		}
		if len(note.Lines) > 0 {
			notes = append(notes, note)
		}
		o.Refresh(tx.Now())
		if in.Amount = min(in.Amount, o.Paid()); in.Amount > 0 {
			due = append(due, in)
		}
	}
	for _, n := range notes {
		orders[n.Order].Credited -= sumOf(n) // issue books from what was owed before
	}
	_, err = b.issue(ctx, tx, orders, notes)
	for _, n := range notes {
		orders[n.Order].Credited += sumOf(n)
	}
	if err != nil {
		return err
	}
	changes, err := b.refund(ctx, tx, orders, due)
	if err != nil {
		return err
	}
	return b.settle(ctx, tx, orders, changes)
}

// goodwill credits an amount over the lines of an order, as far as they were
// invoiced.
func (b books) goodwill(tx *db.Tx, o *order.Order, amount int64) (*accounting.Invoice, error) {
	note := b.document(tx, accounting.CreditSeries, o)
	var lines []*order.Line
	var left []int64
	all := int64(0)
	for _, l := range o.Lines {
		if n := l.InvoicedTotal - l.RefundedTotal; l.Kind != order.KindKit && n > 0 {
			lines, left, all = append(lines, l), append(left, n), all+n
		}
	}
	for i, part := range money.Split(max(0, min(amount, all)), left) {
		if part == 0 {
			continue
		}
		l := lines[i]
		a, err := o.CreditAmount(l.ID, part)
		if err != nil {
			return nil, err
		}
		note.Lines = append(note.Lines, accounting.InvoiceLine{
			Kind: accounting.ItemLine, Line: id.Any(l.ID), SKU: l.SKU, Title: l.Title, Quantity: 1, UnitPrice: money.MicrosOf(a.Net(), o.Currency),
			Subtotal: a.Net(), TaxRate: l.TaxRate, Tax: a.Tax, Total: a.Total,
		})
	}
	return note, nil
}
