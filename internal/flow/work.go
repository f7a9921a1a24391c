package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// withWork does something to a fulfillment order and its sales order, and keeps
// the units in work of the latter what the former says.
func withWork(o *order.Order, f *fulfillment.Order, do func() error) error {
	return withWorks(map[id.Order]*order.Order{o.ID: o}, []*fulfillment.Order{f}, do)
}

// withWorks is withWork of several fulfillment orders, which may be of one sales
// order and even of one line of it.
func withWorks(orders map[id.Order]*order.Order, fulfillments []*fulfillment.Order, do func() error) error {
	lines, want := map[id.Line]*order.Order{}, map[id.Line]int64{}
	for _, f := range fulfillments {
		o := orders[f.Order]
		for _, l := range f.Lines {
			lines[l.Line], want[l.Line] = o, o.Line(l.Line).InWork
		}
	}
	add := func(sign int64) {
		for _, f := range fulfillments {
			for line, n := range f.InWork() {
				want[line] += sign * n
			}
		}
	}
	add(-1)
	if err := do(); err != nil {
		return err
	}
	add(1)
	for _, line := range unique(keys(lines)) {
		o := lines[line]
		var err error
		switch more := want[line] - o.Line(line).InWork; {
		case more > 0:
			err = o.StartWork(line, more)
		case more < 0:
			err = o.StopWork(line, -more)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// onFulfillment takes a fulfillment order with its sales order, lets change work
// on it, and saves both.
func onFulfillment(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, change func(o *order.Order, f *fulfillment.Order) error) (*fulfillment.Order, error) {
	return atDock(ctx, tx, fid, version, func(d *dock, f *fulfillment.Order) error { return change(d.orders[f.Order], f) })
}

// atDock is onFulfillment for what must know more, such as whether goods may leave.
func atDock(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, change func(d *dock, f *fulfillment.Order) error) (*fulfillment.Order, error) {
	d, err := openDock(ctx, tx, []id.Fulfillment{fid})
	if err != nil {
		return nil, err
	}
	f := d.fulfillments[fid]
	if err := f.CheckVersion(version); err != nil {
		return nil, err
	}
	if err := withWork(d.orders[f.Order], f, func() error { return change(d, f) }); err != nil {
		return nil, err
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	return f, order.Save(ctx, tx, sorted(d.orders))
}

// Release lets a location begin with a fulfillment order whose gate is open, and
// says what keeps it shut otherwise.
func Release(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64) (*fulfillment.Order, error) {
	d, err := openDock(ctx, tx, []id.Fulfillment{fid})
	if err != nil {
		return nil, err
	}
	f := d.fulfillments[fid]
	if err := f.CheckVersion(version); err != nil {
		return nil, err
	}
	o := d.orders[f.Order]
	frozen, err := inventory.Frozen(ctx, tx)
	if err != nil {
		return nil, err
	}
	if why := gate(o, f, d.channels[o.Channel], frozen).Check(); len(why) > 0 {
		return nil, fault.New(fault.Conflict, "fulfillment.gate_shut", "It cannot be released: %s", why[0].Message).With(why)
	}
	if err := f.Release(tx.Now()); err != nil {
		return nil, err
	}
	return f, fulfillment.Save(ctx, tx, d.saved())
}

// Pick says that units of order lines were picked.
func Pick(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, q fulfillment.Quantities) (*fulfillment.Order, error) {
	return onFulfillment(ctx, tx, fid, version, func(o *order.Order, f *fulfillment.Order) error {
		if holds := o.HoldsOn(f.ID, linesOf(f)); len(holds) > 0 {
			return fault.New(fault.Conflict, "order.on_hold", "Order %d is on hold (%s): release the hold first.", o.Number, holds[0].Reason)
		}
		for _, line := range unique(keys(q)) {
			if err := f.Pick(line, q[line], tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unpick says that picked units were put back.
func Unpick(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, q fulfillment.Quantities) (*fulfillment.Order, error) {
	return onFulfillment(ctx, tx, fid, version, func(_ *order.Order, f *fulfillment.Order) error {
		for _, line := range unique(keys(q)) {
			if err := f.Unpick(line, q[line]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Pack puts units into a new shipment that has not left yet; none given packs
// all that is free.
func Pack(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, q fulfillment.Quantities, c fulfillment.Carriage) (*fulfillment.Shipment, error) {
	var s *fulfillment.Shipment
	_, err := onFulfillment(ctx, tx, fid, version, func(_ *order.Order, f *fulfillment.Order) (err error) {
		if len(q) == 0 {
			q = f.Free()
		}
		if err := sentByUs(f); err != nil {
			return err
		}
		if s, err = f.Pack(q, tx.Now()); err != nil {
			return err
		}
		return s.Carry(c)
	})
	if err != nil {
		return nil, err
	}
	return s, fulfillment.InsertShipments(ctx, tx, []*fulfillment.Shipment{s})
}

// VoidShipment unpacks a shipment that has not left. Its goods stay picked.
func VoidShipment(ctx context.Context, tx *db.Tx, sid id.Shipment, version int64, reason string) (*fulfillment.Shipment, error) {
	seen, err := fulfillment.Shipments(ctx, tx, sid)
	if err != nil {
		return nil, err
	}
	if len(seen) == 0 {
		return nil, fault.New(fault.NotFound, "shipment.not_found", "There is no shipment %s.", sid)
	}
	var voided *fulfillment.Shipment
	_, err = onFulfillment(ctx, tx, seen[0].Fulfillment, 0, func(_ *order.Order, f *fulfillment.Order) error {
		taken, err := fulfillment.TakeShipments(ctx, tx, sid)
		if err != nil {
			return err
		}
		voided = taken[0]
		if err := voided.CheckVersion(version); err != nil {
			return err
		}
		return f.Void(voided, reason)
	})
	if err != nil {
		return nil, err
	}
	return voided, fulfillment.SaveShipments(ctx, tx, []*fulfillment.Shipment{voided})
}

// NewBatch makes a pick batch of fulfillment orders of a location.
func NewBatch(ctx context.Context, tx *db.Tx, location id.Location, assignee id.User, fids []id.Fulfillment) (*fulfillment.PickBatch, error) {
	d, err := openDock(ctx, tx, fids)
	if err != nil {
		return nil, err
	}
	for _, f := range d.fulfillments {
		if err := d.mayLeave(f); err != nil {
			return nil, err
		}
		if f.Outside() {
			return nil, sentByUs(f)
		}
	}
	return fulfillment.CreateBatch(ctx, tx, location, assignee, d.saved())
}

// PickInBatch counts what a picker reports. Of units that are short, it does what
// ShortPick does, and asks for a count of the bins that they are not in.
func PickInBatch(ctx context.Context, tx *db.Tx, batch id.Batch, version int64, picks []fulfillment.Pick) (*fulfillment.PickBatch, []fulfillment.Shortage, error) {
	sales, err := fulfillment.OrdersOfBatch(ctx, tx, batch)
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(picks, func(p fulfillment.Pick) bool { return p.Short > 0 }) {
		if err := takeConcerned(ctx, tx, batch, sales); err != nil {
			return nil, nil, err
		}
	}
	orders, err := takeOrders(ctx, tx, sales, func(o id.Order) id.Order { return o })
	if err != nil {
		return nil, nil, err
	}
	b, fulfillments, err := fulfillment.TakeBatch(ctx, tx, batch)
	if err != nil {
		return nil, nil, err
	}
	if err := b.CheckVersion(version); err != nil {
		return nil, nil, err
	}
	var short []fulfillment.Shortage
	err = withWorks(orders, fulfillments, func() (err error) {
		short, err = b.Pick(fulfillments, picks, tx.Now())
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if err := fulfillment.SaveBatch(ctx, tx, b, fulfillments); err != nil {
		return nil, nil, err
	}
	if err := order.Save(ctx, tx, sorted(orders)); err != nil {
		return nil, nil, err
	}
	if len(short) == 0 {
		return b, nil, nil
	}
	shorts := make([]Short, len(short))
	for i, s := range short {
		shorts[i] = Short{Fulfillment: s.Fulfillment, Line: s.Line, Quantity: s.Quantity, Reason: s.Reason, Batch: b.ID}
	}
	if _, err := ShortPick(ctx, tx, shorts); err != nil {
		return nil, nil, err
	}
	return b, short, nil
}

// takeConcerned takes the orders of a batch together with those that a short pick
// in it may concern: all orders are taken at once, in the order of their ids, so
// that no two pickers wait for each other.
func takeConcerned(ctx context.Context, tx *db.Tx, batch id.Batch, sales []id.Order) error {
	b, err := fulfillment.GetBatch(ctx, tx, batch)
	if err != nil {
		return err
	}
	variants := make([]id.Variant, len(b.Lines))
	for i, l := range b.Lines {
		variants[i] = l.Variant
	}
	asked, err := fulfillment.Asked(ctx, tx, b.Location, variants)
	if err != nil {
		return err
	}
	_, err = takeWaiting(ctx, tx, variants, append(asked, sales...)...)
	return err
}

// CloseBatch ends a picked batch, or cancels one.
func CloseBatch(ctx context.Context, tx *db.Tx, batch id.Batch, cancel bool) (*fulfillment.PickBatch, error) {
	sales, err := fulfillment.OrdersOfBatch(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	if _, err := takeOrders(ctx, tx, sales, func(o id.Order) id.Order { return o }); err != nil {
		return nil, err
	}
	b, fulfillments, err := fulfillment.TakeBatch(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	if cancel {
		err = b.Cancel(tx.Now())
	} else {
		err = b.Close(tx.Now())
	}
	if err != nil {
		return nil, err
	}
	return b, fulfillment.SaveBatch(ctx, tx, b, fulfillments)
}

// Track stores what carriers say of shipments. What was delivered is, in its
// order, too; what comes back undelivered or refused becomes a return.
func Track(ctx context.Context, tx *db.Tx, events []fulfillment.TrackingEvent) ([]fulfillment.Movement, error) {
	sids := make([]id.Shipment, len(events))
	for i, e := range events {
		sids[i] = e.Shipment
	}
	seen, err := fulfillment.Shipments(ctx, tx, unique(sids)...)
	if err != nil {
		return nil, err
	}
	if seen, err = wholeParcels(ctx, tx, seen); err != nil {
		return nil, err
	}
	events = toldOfAll(events, seen)
	orders, err := takeOrders(ctx, tx, seen, func(s *fulfillment.Shipment) id.Order { return s.Order })
	if err != nil {
		return nil, err
	}
	moved, err := fulfillment.Track(ctx, tx, events)
	if err != nil {
		return nil, err
	}
	for _, m := range moved {
		if m.To == fulfillment.TrackingReturned && m.From != m.To {
			if err := returnToSender(ctx, tx, orders[m.Shipment.Order], m.Shipment); err != nil {
				return nil, err
			}
		}
		if !m.Delivered {
			continue
		}
		o := orders[m.Shipment.Order]
		for _, l := range m.Shipment.Lines {
			if err := o.Deliver(l.Line, l.Quantity); err != nil {
				return nil, err
			}
		}
	}
	return moved, order.Save(ctx, tx, sorted(orders))
}
