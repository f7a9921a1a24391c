package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// Rejection says what a location will not ship, and why.
type Rejection struct {
	Fulfillment id.Fulfillment
	Version     int64                  // the version that the caller saw; 0: any
	Lines       fulfillment.Quantities // by order line; empty: all that is open
	Reason      string
}

// Reject takes work off a location that will not do it. The location is left out
// for these lines from now on; they are routed anew at once, before others who
// wait, and what no other location has is backordered with the place in the
// queue that it had. Of lines and kits that may not be split, all that is here
// is meant. It returns the fulfillment order that is rejected: a new one where
// only a part is. One of the merchant's reasons for short picks does to the stock
// what it does there, and has the goods counted; any other leaves the stock as
// the books have it.
func Reject(ctx context.Context, tx *db.Tx, r Rejection) (*fulfillment.Order, error) {
	if r.Reason = text.Clean(r.Reason); r.Reason == "" {
		return nil, fault.New(fault.Invalid, "fulfillment.no_reason", "Say why the location will not ship it.")
	}
	seen, err := fulfillmentOf(ctx, tx, r.Fulfillment)
	if err != nil {
		return nil, err
	}
	w, err := openShorts(ctx, tx, r.shorts(seen))
	if err != nil {
		return nil, err
	}
	f, err := w.rejecting(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	o := w.q.orders[f.Order]
	units, err := rejected(o, f, r.Lines)
	if err != nil {
		return nil, err
	}
	gone, err := w.q.refuse(tx, o, f, units, r.Reason)
	if err != nil {
		return nil, err
	}
	for _, line := range unique(keys(units)) {
		w.wait(line, gone, units[line])
		w.exclusions = append(w.exclusions, routing.Exclusion{Line: line, Location: f.Location, Order: o.ID, Fulfillment: gone.ID, Reason: r.Reason})
	}
	w.blame(r, gone, units)
	w.lost, w.q.changed[o.ID], w.q.causes[o.ID] = []id.Order{o.ID}, o, routing.CauseRejected
	return gone, w.settle(ctx, tx)
}

// shorts are the units that a rejection names, as short picks.
func (r Rejection) shorts(f *fulfillment.Order) []Short {
	var shorts []Short
	for _, l := range f.Lines {
		if n := r.Lines[l.Line]; n > 0 || len(r.Lines) == 0 && l.Open() > 0 {
			shorts = append(shorts, Short{Fulfillment: f.ID, Line: l.Line, Quantity: n, Reason: r.Reason})
		}
	}
	if len(shorts) == 0 {
		shorts = []Short{{Fulfillment: f.ID}}
	}
	return shorts
}

// rejecting is the fulfillment order of a rejection.
func (w *shortWork) rejecting(ctx context.Context, tx *db.Tx, r Rejection) (*fulfillment.Order, error) {
	i := slices.IndexFunc(w.q.fulfillments, func(f *fulfillment.Order) bool { return f.ID == r.Fulfillment })
	if i < 0 {
		done, err := fulfillment.Take(ctx, tx, r.Fulfillment)
		if err != nil {
			return nil, err
		}
		_, err = done[0].Reject(r.Reason, tx.Now()) // which refuses, and says why
		return nil, err
	}
	f := w.q.fulfillments[i]
	if err := f.CheckVersion(r.Version); err != nil {
		return nil, err
	}
	if f.ForPickup() {
		return nil, fault.New(fault.Conflict, "fulfillment.pickup", "The customer fetches this order here, so that it is not given to another location by itself: move it, or cancel the units.")
	}
	return f, nil
}

// blame notes what a listed reason says of the units that were named.
func (w *shortWork) blame(r Rejection, gone *fulfillment.Order, units fulfillment.Quantities) {
	if !w.reasons.Has(r.Reason) {
		return
	}
	reason := w.reasons.Of(r.Reason)
	for _, l := range gone.Lines {
		n := units[l.Line]
		if len(r.Lines) > 0 {
			n = r.Lines[l.Line]
		}
		if n == 0 {
			continue
		}
		row := fulfillment.ShortPick{
			Order: gone.Order, Fulfillment: gone.ID, Line: l.Line, Variant: l.Variant, Location: gone.Location,
			Quantity: n, Reason: reason.Code, Effect: reason.Effect, ToCount: reason.Count,
		}
		if reason.Effect == fulfillment.EffectDamaged {
			row.Booked = n
		}
		w.rows = append(w.rows, row)
	}
}

// rejected are the units that are meant: more than were named where they may not
// be split.
func rejected(o *order.Order, f *fulfillment.Order, named fulfillment.Quantities) (fulfillment.Quantities, error) {
	units := fulfillment.Quantities{}
	for _, l := range f.Lines {
		if n := l.Open(); n > 0 && len(named) == 0 {
			units[l.Line] = n
		}
	}
	for line, n := range named {
		if n <= 0 || f.Line(line) == nil {
			return nil, fault.New(fault.Invalid, "fulfillment.bad_quantity", "Name units of lines that the fulfillment order has.")
		}
		units[line] = max(units[line], n)
		for _, part := range inseparable(o, f, line) {
			units[part.Line] = max(part.Open(), n)
		}
	}
	for _, line := range unique(keys(units)) {
		if l := f.Line(line); l.Packed > 0 && units[line] > l.Free() {
			return nil, fault.New(fault.Conflict, "fulfillment.packed", "%d units of %s are packed: void their shipment first.", l.Packed, o.Line(line).SKU)
		}
	}
	return units, nil
}

// refuse takes units off a fulfillment order, and returns the one that bears the
// rejection.
func (q *queue) refuse(tx *db.Tx, o *order.Order, f *fulfillment.Order, units fulfillment.Quantities, reason string) (gone *fulfillment.Order, err error) {
	whole := true
	for _, l := range f.Lines {
		whole = whole && units[l.Line] >= l.Open()
	}
	err = withWork(o, f, func() error {
		if whole {
			_, err := f.Reject(reason, tx.Now())
			gone = f
			if err != nil {
				return err
			}
		} else if gone, err = f.RejectPart(units, reason, tx.Now()); err != nil {
			return err
		}
		for _, line := range unique(keys(units)) {
			if err := o.Unfill(line, units[line]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !whole {
		q.created = append(q.created, gone)
	}
	return gone, err
}

// Readmit lets a location be asked again for a line that it would not ship, and
// gives it to the line where it waits.
func Readmit(ctx context.Context, tx *db.Tx, oid id.Order, line id.Line, location id.Location) error {
	seen, err := order.Get(ctx, tx, oid)
	if err != nil {
		return err
	}
	var variants []id.Variant
	if l := seen.Line(line); l != nil && l.Goods() {
		variants = append(variants, l.Variant)
	}
	q, err := takeWaiting(ctx, tx, variants, oid)
	if err != nil {
		return err
	}
	if err := q.lock(ctx, tx, variants); err != nil {
		return err
	}
	if err := routing.Lift(ctx, tx, oid, line, location); err != nil {
		return err
	}
	return q.fill(ctx, tx, variants)
}
