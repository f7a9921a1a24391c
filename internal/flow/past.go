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
// units have left, and money was received.
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
// are placed, paid, and what has left is shipped and invoiced, whatever the gates
// say. Goods that have left were there: what the books lack of them is received
// first. What has not left is promised or owed as of any order.
func RunThrough(ctx context.Context, tx *db.Tx, pasts []Past) ([]Placed, error) {
	if err := supply(ctx, tx, pasts, nil); err != nil {
		return nil, err
	}
	placed, err := PlaceOrders(ctx, tx, placementsOf(pasts))
	if err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := &dock{books: b, orders: map[id.Order]*order.Order{}, fulfillments: map[id.Fulfillment]*fulfillment.Order{}}
	for _, p := range placed {
		if p.Order != nil {
			d.orders[p.Order.ID] = p.Order
		}
	}
	if err := d.pay(ctx, tx, pasts, placed); err != nil {
		return nil, err
	}
	shipments, err := d.send(ctx, tx, pasts, placed)
	if err != nil {
		return nil, err
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	if err := fulfillment.InsertShipments(ctx, tx, shipments); err != nil {
		return nil, err
	}
	if err := d.takeFromStock(ctx, tx, shipments); err != nil {
		return nil, err
	}
	if _, err := d.invoice(ctx, tx, shipments); err != nil {
		return nil, err
	}
	if err := d.invoiceServices(ctx, tx, pasts, placed); err != nil {
		return nil, err
	}
	for _, o := range d.orders {
		o.Refresh(tx.Now())
	}
	return placed, finish(ctx, tx, sorted(d.orders))
}

// pay books the money that was received for placed orders.
func (d *dock) pay(ctx context.Context, tx *db.Tx, pasts []Past, placed []Placed) error {
	payments, err := d.books.received(ctx, tx, pasts, placed)
	if err != nil {
		return err
	}
	changes, err := payment.Create(ctx, tx, payments)
	if err != nil {
		return err
	}
	return d.books.bookMoney(ctx, tx, d.orders, changes)
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
		})
		if err != nil {
			return nil, err
		}
		payments = append(payments, made)
	}
	return payments, nil
}

// send lets what has left of placed orders leave. Orders on hold stay.
func (d *dock) send(ctx context.Context, tx *db.Tx, pasts []Past, placed []Placed) ([]*fulfillment.Shipment, error) {
	work, err := fulfillment.ByOrder(ctx, tx, unique(keys(d.orders)))
	if err != nil {
		return nil, err
	}
	var shipments []*fulfillment.Shipment
	for i, in := range placed {
		o := in.Order
		if o == nil || o.Status != order.StatusOpen {
			continue
		}
		left := leaving(o, &pasts[i])
		for _, f := range work[o.ID] {
			what := fulfillment.Quantities{}
			for _, l := range f.Lines {
				if n := min(l.Free(), left[l.Line]); n > 0 {
					what[l.Line] = n
					left[l.Line] -= n
				}
			}
			if len(what) == 0 || len(o.HoldsOn(f.ID, linesOf(f))) > 0 {
				continue
			}
			if f.Status == fulfillment.Scheduled {
				if err := f.Release(tx.Now()); err != nil {
					return nil, err
				}
			}
			s, err := d.load(f, fulfillment.Carriage{}, what, tx.Now())
			if err != nil {
				return nil, err
			}
			d.fulfillments[f.ID] = f
			shipments = append(shipments, s)
		}
	}
	return shipments, nil
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

// invoiceServices bills orders without goods, which no shipment bills.
func (d *dock) invoiceServices(ctx context.Context, tx *db.Tx, pasts []Past, placed []Placed) error {
	var docs []*accounting.Invoice
	for i, in := range placed {
		if o := in.Order; o == nil || o.Status != order.StatusOpen && o.Status != order.StatusCompleted || !billedAlone(o, &pasts[i]) {
			continue
		}
		doc := d.books.document(tx, accounting.InvoiceSeries, in.Order)
		if err := billRest(in.Order, doc); err != nil {
			return err
		}
		if len(doc.Lines) > 0 {
			docs = append(docs, doc)
		}
	}
	_, err := d.books.issue(ctx, tx, d.orders, docs)
	return err
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
