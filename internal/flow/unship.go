package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// Unship takes back a shipment that was booked by mistake: its goods are still
// here. Nothing that was posted is changed: the movements get counter-movements
// of the same value, the invoice a credit note that takes it back whole, and the
// goods are reserved again for the lines that had them, in work at their
// location. Money that was captured stays, and is the order's balance until the
// goods leave. What a carrier has seen, or what came back, has left: that is a
// return. What was handed over to a customer by mistake waits to be fetched again.
func Unship(ctx context.Context, tx *db.Tx, sid id.Shipment, version int64, reason string) (*fulfillment.Shipment, error) {
	if reason = text.Clean(reason); reason == "" {
		return nil, fault.New(fault.Invalid, "shipment.no_reason", "Say why the shipment is taken back.")
	}
	seen, err := fulfillment.Shipments(ctx, tx, sid)
	if err != nil {
		return nil, err
	}
	if len(seen) == 0 {
		return nil, fault.New(fault.NotFound, "shipment.not_found", "There is no shipment %s.", sid)
	}
	d, err := openDock(ctx, tx, []id.Fulfillment{seen[0].Fulfillment})
	if err != nil {
		return nil, err
	}
	taken, err := fulfillment.TakeShipments(ctx, tx, sid)
	if err != nil {
		return nil, err
	}
	s, f, o := taken[0], d.fulfillments[seen[0].Fulfillment], d.orders[seen[0].Order]
	if err := s.CheckVersion(version); err != nil {
		return nil, err
	}
	if err := notComingBack(ctx, tx, o, s); err != nil {
		return nil, err
	}
	arrived := s.Status == fulfillment.ShipmentDelivered
	err = withWork(o, f, func() error {
		if err := f.Unship(s, reason); err != nil {
			return err
		}
		for _, l := range s.Lines {
			if arrived {
				if err := o.Undeliver(l.Line, l.Quantity); err != nil {
					return err
				}
			}
			if err := o.Unship(l.Line, l.Quantity); err != nil {
				return err
			}
		}
		o.Refresh(tx.Now()) // an order that was completed is open again
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	if err := fulfillment.SaveShipments(ctx, tx, taken); err != nil {
		return nil, err
	}
	if err := fulfillment.UndoHandover(ctx, tx, f, s); err != nil {
		return nil, err
	}
	if err := d.bringBack(ctx, tx, s, reason); err != nil {
		return nil, err
	}
	if err := d.takeBackInvoice(ctx, tx, o, s); err != nil {
		return nil, err
	}
	return s, finish(ctx, tx, []*order.Order{o})
}

// notComingBack refuses to take back units of a shipment that the customer is about
// to send: they have arrived, whatever was said of them.
func notComingBack(ctx context.Context, r db.Reader, o *order.Order, s *fulfillment.Shipment) error {
	lines := make([]id.Line, len(s.Lines))
	for i, l := range s.Lines {
		lines[i] = l.Line
	}
	claimed, err := returns.Claimed(ctx, r, unique(lines))
	if err != nil {
		return err
	}
	for _, l := range s.Lines {
		sold := o.Line(l.Line)
		if coming := claimed[l.Line] - sold.Returned; coming > 0 && l.Quantity > sold.Shipped-claimed[l.Line] {
			return fault.New(fault.Conflict, "order.return_open", "%d of %s are in a return that is not finished: cancel the return first, if they never left.", coming, sold.SKU).
				With(map[string]any{"line_id": l.Line, "returning": coming})
		}
	}
	return nil
}

// bringBack books the goods of a shipment in again, and their cost out of sales.
func (d *dock) bringBack(ctx context.Context, tx *db.Tx, s *fulfillment.Shipment, reason string) error {
	rows, err := inventory.Unship(ctx, tx, d.books.stock(), outsOf(s), reason)
	if err != nil {
		return err
	}
	var value int64
	var varied []inventory.Movement
	for _, m := range rows {
		if m.Kind == inventory.KindReclass {
			varied = append(varied, m)
		} else {
			value += m.Value
		}
	}
	if err := d.books.bookMovements(ctx, tx, func(inventory.Movement) postingRule { return accounting.Vary }, varied); err != nil {
		return err
	}
	entry := accounting.Unship(d.books.posting(tx, "shipment", id.Any(s.ID), d.orders[s.Order]), d.books.value(value))
	return accounting.Post(ctx, tx, []accounting.Entry{entry})
}

// takeBackInvoice issues the credit note for the invoice of a shipment.
func (d *dock) takeBackInvoice(ctx context.Context, tx *db.Tx, o *order.Order, s *fulfillment.Shipment) error {
	invoice, ok, err := accounting.InvoiceOfShipment(ctx, tx, o.ID, s.ID)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "shipment.not_invoiced", "Shipment %d has no invoice of its own that could be taken back: take its goods back with a return.", s.Number)
	}
	for _, l := range invoice.Lines {
		if l.Kind == accounting.ItemLine {
			err = o.TakeBackInvoice(id.Line(l.Line), order.Amount{Quantity: l.Quantity, Total: l.Total, Tax: l.Tax})
		} else {
			err = o.TakeBackCharge(id.Charge(l.Line))
		}
		if err != nil {
			return err
		}
	}
	o.Refresh(tx.Now())
	note := invoice.Reversal()
	note.BusinessDate, note.DueOn = d.books.Day(tx.Now()), ""
	o.Invoiced += invoice.Total // issue books from what was owed before
	_, err = d.books.issue(ctx, tx, d.orders, []*accounting.Invoice{note})
	o.Invoiced -= invoice.Total
	if err != nil {
		return err
	}
	return accounting.SettleReversed(ctx, tx, invoice)
}
