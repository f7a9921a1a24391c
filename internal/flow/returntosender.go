package flow

import (
	"context"
	"slices"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// returnToSender makes a return of a parcel that was refused or could not be
// delivered: of all that is in it and in no other return, approved and under way, to
// where it was sent from. Of a taken order, once for a parcel, whatever its carrier
// says afterwards. The caller saves the order.
func returnToSender(ctx context.Context, tx *db.Tx, o *order.Order, s *fulfillment.Shipment) error {
	if s.Status != fulfillment.ShipmentShipped && s.Status != fulfillment.ShipmentDelivered {
		return nil
	}
	if known, err := returns.OfShipment(ctx, tx, s.ID); err != nil || known {
		return err
	}
	lines := make([]id.Line, len(s.Lines))
	for i, l := range s.Lines {
		lines[i] = l.Line
	}
	claimed, err := returns.Claimed(ctx, tx, unique(lines))
	if err != nil {
		return err
	}
	var asked []RequestedUnits
	for _, l := range s.Lines {
		n := min(l.Quantity, o.Line(l.Line).Shipped-claimed[l.Line])
		if claimed[l.Line] += n; n > 0 {
			asked = append(asked, RequestedUnits{Line: l.Line, Quantity: n, Resolution: returns.Refund, Reason: "returned to sender"})
		}
	}
	at, found, err := takesBack(ctx, tx, s.Location)
	if err != nil || !found || len(asked) == 0 {
		return err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return err
	}
	w := &returnWork{books: b, order: o}
	back, err := w.lines(ctx, tx, asked)
	if err != nil {
		return err
	}
	if w.ret, err = returns.New(tx.Now(), b.Day(tx.Now()), o.ID, at, o.Currency, back...); err != nil {
		return err
	}
	w.ret.Customer, w.ret.Shipment = o.Customer, s.ID
	if err := w.ret.ComesBack(s.Carrier, s.TrackingNumber); err != nil {
		return err
	}
	if err := returns.Insert(ctx, tx, []*returns.Return{w.ret}); err != nil {
		return err
	}
	return w.countReturns(ctx, tx)
}

// takesBack finds where goods go that were sent from a location: there, or to the
// first location that takes returns.
func takesBack(ctx context.Context, r db.Reader, from id.Location) (at id.Location, found bool, err error) {
	all, err := inventory.Locations(ctx, r)
	if err != nil {
		return at, false, err
	}
	open := slices.DeleteFunc(all, func(l inventory.Location) bool { return !l.Active || !l.TakesReturns })
	if len(open) == 0 {
		return at, false, nil
	}
	if slices.ContainsFunc(open, func(l inventory.Location) bool { return l.ID == from }) {
		return from, true, nil
	}
	return open[0].ID, true, nil
}
