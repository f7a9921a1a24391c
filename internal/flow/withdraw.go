package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// Withdrawal says which work of a location is not wanted any more, and why.
type Withdrawal struct {
	Fulfillment id.Fulfillment
	Version     int64 // the version that the caller saw; 0: any
	Reason      string
	Spoiled     bool // what was picked of it is not fit to be sold: it becomes damaged stock
}

// Withdraw cancels a fulfillment order: all that is open of it is planned anew at
// once, before others who wait, by the rules as they are now. The location may be
// chosen again, unlike by [Reject]; what no location has is backordered with the
// place in the queue that it had. To take the units off the order instead, cancel
// with [Cancellation.Work]. What is packed is unpacked first.
func Withdraw(ctx context.Context, tx *db.Tx, w Withdrawal) (*fulfillment.Order, error) {
	q, f, err := takeHeld(ctx, tx, w.Fulfillment)
	if err != nil {
		return nil, err
	}
	if err := f.CheckVersion(w.Version); err != nil {
		return nil, err
	}
	if f.Status.Done() {
		_, err := f.CancelAll(w.Reason, tx.Now()) // which refuses, and says why
		return nil, err
	}
	o := q.orders[f.Order]
	if err := heldHere(o, f); err != nil {
		return nil, err
	}
	variants := openVariants([]*fulfillment.Order{f})
	if _, err := q.empty(ctx, tx, f, text.Clean(w.Reason), w.Spoiled); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := q.spoil(ctx, tx, b); err != nil {
		return nil, err
	}
	q.changed[o.ID], q.causes[o.ID] = o, routing.CauseWithdrawn
	if err := q.grantTo(ctx, tx, []id.Order{o.ID}); err != nil {
		return nil, err
	}
	return f, q.fill(ctx, tx, variants)
}

// empty takes all that is open off a taken fulfillment order; the units wait in the
// queue then. It returns them by order line.
func (q *queue) empty(ctx context.Context, tx *db.Tx, f *fulfillment.Order, reason string, spoiled bool) (fulfillment.Quantities, error) {
	o := q.orders[f.Order]
	units := fulfillment.Quantities{}
	var moves []inventory.Move
	for _, l := range f.Lines {
		if l.Picked > 0 && spoiled {
			q.spoiled = append(q.spoiled, spoiledOf(o, f, l.Variant, l.Picked))
		}
	}
	err := withWork(o, f, func() error {
		parts, err := f.CancelAll(reason, tx.Now())
		if err != nil {
			return err
		}
		for _, p := range parts {
			units[p.Line] = p.Quantity
			moves = append(moves, inventory.Move{
				Demand: id.Any(p.Line), Variant: p.Variant, From: f.Location, To: f.Location,
				FromKind: inventory.Stock, ToKind: inventory.Backorder, Quantity: p.Quantity,
			})
			if err := o.Unfill(p.Line, p.Quantity); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return units, inventory.Rehome(ctx, tx, moves)
}

// spoiledOf is picked units that are not fit to be sold.
func spoiledOf(o *order.Order, f *fulfillment.Order, v id.Variant, picked int64) inventory.Reclass {
	return inventory.Reclass{
		Variant: v, Location: f.Location, From: inventory.Sellable, To: inventory.Damaged, Quantity: picked,
		Reason: "damage", Note: memo(o), Cause: inventory.Cause{Kind: "order", ID: id.Any(o.ID)},
	}
}

// emptyWork empties the work that a cancellation names, and returns what is to be
// cancelled of the order for it, with the variants that are free again.
func (q *queue) emptyWork(ctx context.Context, tx *db.Tx, c Cancellation) (map[id.Line]int64, []id.Variant, error) {
	var f *fulfillment.Order
	for _, is := range q.fulfillments {
		if is.ID == c.Work && is.Order == c.Order {
			f = is
		}
	}
	if f == nil {
		return nil, nil, fault.New(fault.Conflict, "fulfillment.done", "The fulfillment order has nothing open that could be cancelled.")
	}
	if err := f.CheckVersion(c.WorkVersion); err != nil {
		return nil, nil, err
	}
	freed := openVariants([]*fulfillment.Order{f})
	units, err := q.empty(ctx, tx, f, string(c.Reason), c.Spoiled)
	if err != nil {
		return nil, nil, err
	}
	lines, err := soldUnits(q.orders[c.Order], units)
	return lines, freed, err
}

// soldUnits is the units of lines as the customer bought them: whole kits for
// their components. Parts of kits whose rest is elsewhere are refused.
func soldUnits(o *order.Order, units fulfillment.Quantities) (map[id.Line]int64, error) {
	sold := map[id.Line]int64{}
	for _, line := range unique(keys(units)) {
		l := o.Line(line)
		kit := o.Line(l.Parent)
		if kit == nil {
			sold[line] = units[line]
			continue
		}
		for _, c := range o.Components(kit.ID) {
			if c.Quantity*units[line] != l.Quantity*units[c.ID] || units[c.ID]%(c.Quantity/kit.Quantity) != 0 {
				return nil, fault.New(fault.Conflict, "order.kit_elsewhere", "Only a part of the kit %s is here: plan the fulfillment order anew, or cancel the kit in order %d.", kit.SKU, o.Number)
			}
		}
		sold[kit.ID] = units[line] / (l.Quantity / kit.Quantity)
	}
	return sold, nil
}
