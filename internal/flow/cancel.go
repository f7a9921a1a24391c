package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// Cancellation says what to cancel of an order, and why.
type Cancellation struct {
	Order   id.Order
	Version int64             // the version that the caller saw; 0: any
	Lines   map[id.Line]int64 // units of lines; empty: all that was not shipped
	Reason  order.CancelReason
	Note    string
}

// Cancel takes lines, or all that was not shipped, off orders: their stock is
// free again, their work is withdrawn, what was authorized and is no longer
// needed is voided. Of units that were invoiced already, a credit note is issued.
func Cancel(ctx context.Context, tx *db.Tx, what []Cancellation) ([]*order.Order, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	orders, err := takeOrders(ctx, tx, what, func(c Cancellation) id.Order { return c.Order })
	if err != nil {
		return nil, err
	}
	fulfillments, err := fulfillment.TakeByOrder(ctx, tx, unique(keys(orders))...)
	if err != nil {
		return nil, err
	}
	var releases []inventory.Claim
	credits := map[*order.Order][]order.Cancelled{}
	for _, c := range what {
		o := orders[c.Order]
		if err := o.CheckVersion(c.Version); err != nil {
			return nil, err
		}
		cancelled, err := cancelLines(o, c)
		if err != nil {
			return nil, err
		}
		for _, x := range cancelled {
			if x.Credit.Total != 0 {
				credits[o] = append(credits[o], x)
			}
		}
		waiting, err := backorders(ctx, tx, cancelled)
		if err != nil {
			return nil, err
		}
		released, err := withdraw(tx, o, fulfillments, waiting, cancelled, string(c.Reason))
		if err != nil {
			return nil, err
		}
		releases = append(releases, released...)
	}
	if err := fulfillment.Save(ctx, tx, fulfillments); err != nil {
		return nil, err
	}
	if err := inventory.Release(ctx, tx, releases); err != nil {
		return nil, err
	}
	list := sorted(orders)
	for _, o := range list {
		o.Refresh(tx.Now())
	}
	if err := creditCancelled(ctx, tx, b, orders, credits); err != nil {
		return nil, err
	}
	if err := voidExcess(ctx, tx, b, list); err != nil {
		return nil, err
	}
	if err := finish(ctx, tx, list); err != nil {
		return nil, err
	}
	return list, fillFreed(ctx, tx, releases)
}

// creditCancelled issues credit notes for units that were invoiced and then
// cancelled.
func creditCancelled(ctx context.Context, tx *db.Tx, b books, orders map[id.Order]*order.Order, credits map[*order.Order][]order.Cancelled) error {
	var docs []*accounting.Invoice
	for _, o := range sorted(orders) {
		if len(credits[o]) == 0 {
			continue
		}
		doc := b.document(tx, accounting.CreditSeries, o)
		for _, c := range credits[o] {
			l := o.Line(c.Line)
			doc.Lines = append(doc.Lines, itemLine(o, l, l.Refunded-c.Credit.Quantity, c.Credit))
		}
		o.Credited -= sumOf(doc) // issue books from what was owed before
		docs = append(docs, doc)
	}
	_, err := b.issue(ctx, tx, orders, docs)
	for _, doc := range docs {
		orders[doc.Order].Credited += sumOf(doc)
	}
	return err
}

func sumOf(doc *accounting.Invoice) (n int64) {
	for _, l := range doc.Lines {
		n += l.Total
	}
	return n
}

func cancelLines(o *order.Order, c Cancellation) ([]order.Cancelled, error) {
	if len(c.Lines) == 0 {
		return o.CancelAll(c.Reason)
	}
	var out []order.Cancelled
	for _, line := range unique(keys(c.Lines)) {
		cancelled, err := o.Cancel(line, c.Lines[line], c.Reason)
		if err != nil {
			return nil, err
		}
		out = append(out, cancelled...)
	}
	return out, nil
}

// backorders finds where the units of cancelled lines are waited for.
func backorders(ctx context.Context, r db.Reader, cancelled []order.Cancelled) (map[id.Any][]inventory.Reservation, error) {
	var lines []id.Any
	for _, c := range cancelled {
		if c.Backordered > 0 {
			lines = append(lines, id.Any(c.Line))
		}
	}
	found, err := inventory.Reservations(ctx, r, lines)
	waiting := map[id.Any][]inventory.Reservation{}
	for _, w := range found {
		if w.Kind == inventory.Backorder {
			waiting[w.Demand] = append(waiting[w.Demand], w)
		}
	}
	return waiting, err
}

// withdraw takes cancelled units off the work of locations and returns the
// reservations that are to be released.
func withdraw(tx *db.Tx, o *order.Order, fulfillments []*fulfillment.Order, waiting map[id.Any][]inventory.Reservation, cancelled []order.Cancelled, reason string) ([]inventory.Claim, error) {
	var releases []inventory.Claim
	release := func(c order.Cancelled, at id.Location, n int64, kind inventory.ClaimKind) {
		releases = append(releases, inventory.Claim{
			Demand: id.Any(c.Line), DemandKind: inventory.ForOrder, Order: id.Any(o.ID),
			Variant: c.Variant, Location: at, Quantity: n, Kind: kind,
		})
	}
	for _, c := range cancelled {
		for _, w := range waiting[id.Any(c.Line)] {
			n := min(c.Backordered, w.Quantity)
			if n > 0 {
				release(c, w.Location, n, inventory.Backorder)
				c.Backordered -= n
			}
		}
		left := c.Allocated
		for _, f := range byProgress(fulfillments, o.ID) {
			l := f.Line(c.Line)
			if left == 0 {
				break
			}
			if l == nil || f.Status.Done() {
				continue
			}
			n := min(left, l.Free())
			if n == 0 {
				continue
			}
			if err := f.Cancel(c.Line, n, reason, tx.Now()); err != nil {
				return nil, err
			}
			release(c, f.Location, n, inventory.Stock)
			left -= n
		}
		if left > 0 {
			return nil, fault.New(fault.Conflict, "order.packed", "A part of order %d is packed already: void its shipment first.", o.Number)
		}
	}
	return releases, nil
}

// byProgress lists an order's fulfillment orders, those that nobody works on first.
func byProgress(fulfillments []*fulfillment.Order, o id.Order) []*fulfillment.Order {
	var mine []*fulfillment.Order
	for _, f := range fulfillments {
		if f.Order == o {
			mine = append(mine, f)
		}
	}
	rank := map[fulfillment.Status]int{fulfillment.Scheduled: 0, fulfillment.Open: 1, fulfillment.InProgress: 2}
	slices.SortStableFunc(mine, func(a, b *fulfillment.Order) int { return rank[a.Status] - rank[b.Status] })
	return mine
}
