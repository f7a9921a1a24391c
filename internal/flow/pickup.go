package flow

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// onPickup takes a fulfillment order that the customer fetches, with its sales
// order, lets change work on it, and saves all.
func onPickup(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, change func(d *dock, f *fulfillment.Order, p *fulfillment.Pickup) error) (*fulfillment.Order, error) {
	return atDock(ctx, tx, fid, version, func(d *dock, f *fulfillment.Order) error {
		p, err := fulfillment.PickupOf(ctx, tx, f)
		if err != nil {
			return err
		}
		if err := change(d, f, p); err != nil {
			return err
		}
		return fulfillment.SavePickup(ctx, tx, p)
	})
}

// ReadyPickup says that all that is open of a pickup is put together: the
// customer is sent the code, and has as long to come as the rules say.
func ReadyPickup(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64) (*fulfillment.Order, error) {
	rules, err := fulfillment.LoadPickupRules(ctx, tx)
	if err != nil {
		return nil, err
	}
	return onPickup(ctx, tx, fid, version, func(d *dock, f *fulfillment.Order, p *fulfillment.Pickup) error {
		if !f.Status.Done() {
			if err := d.mayLeave(f); err != nil {
				return err
			}
		}
		p.WaitUntil = rules.WaitUntil(tx.Now())
		return f.Ready(p, tx.Now())
	})
}

// UnreadyPickup takes ReadyPickup back. The goods stay picked.
func UnreadyPickup(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64) (*fulfillment.Order, error) {
	return onPickup(ctx, tx, fid, version, func(_ *dock, f *fulfillment.Order, p *fulfillment.Pickup) error { return f.Unready(p) })
}

// RemindPickup has the customer told again that goods wait.
func RemindPickup(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64) (*fulfillment.Order, error) {
	return onPickup(ctx, tx, fid, version, func(_ *dock, f *fulfillment.Order, p *fulfillment.Pickup) error {
		return f.Remind(p, tx.Now())
	})
}

// ArriveForPickup says that the customer waits outside, and where.
func ArriveForPickup(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, bay string) (*fulfillment.Order, error) {
	return onPickup(ctx, tx, fid, version, func(_ *dock, f *fulfillment.Order, p *fulfillment.Pickup) error {
		return f.Arrive(p, bay, tx.Now())
	})
}

// Handing says what somebody takes over the counter.
type Handing struct {
	Fulfillment id.Fulfillment
	Version     int64                  // the version that the caller saw; 0: any
	Lines       fulfillment.Quantities // by order line; empty: all that is ready and not refused
	Refused     fulfillment.Quantities // what the customer does not want: it is cancelled
	Person      string                 // who takes it
	Code        string                 // that was shown; empty: a document was
	Settlement  Settlement             // of what was paid for what is refused
}

// HandOver books that a customer took goods: a handover is a shipment without a
// carrier, which has arrived. What is neither taken nor refused stays ready.
// Where all is refused, there is no shipment.
func HandOver(ctx context.Context, tx *db.Tx, h Handing) (*fulfillment.Shipment, error) {
	all := len(h.Lines) == 0
	if len(h.Refused) > 0 {
		if err := refuseAtCounter(ctx, tx, &h); err != nil {
			return nil, err
		}
	}
	d, err := openDock(ctx, tx, []id.Fulfillment{h.Fulfillment})
	if err != nil {
		return nil, err
	}
	f := d.fulfillments[h.Fulfillment]
	if err := f.CheckVersion(h.Version); err != nil {
		return nil, err
	}
	p, err := fulfillment.PickupOf(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	if all {
		h.Lines = f.Free()
	}
	if len(h.Refused) > 0 && len(h.Lines) == 0 {
		return nil, nil
	}
	if err := f.Waiting(p); err != nil {
		return nil, err
	}
	var who fulfillment.Handover
	s, err := d.load(f, func() (s *fulfillment.Shipment, err error) {
		s, who, err = f.HandOver(p, h.Lines, h.Person, h.Code, tx.Now())
		return s, err
	})
	if err != nil {
		return nil, err
	}
	shipments := []*fulfillment.Shipment{s}
	if err := d.send(ctx, tx, shipments); err != nil {
		return nil, err
	}
	return s, fulfillment.RecordHandover(ctx, tx, who)
}

// refuseAtCounter cancels what the customer does not want of goods that are ready.
func refuseAtCounter(ctx context.Context, tx *db.Tx, h *Handing) error {
	f, err := fulfillmentOf(ctx, tx, h.Fulfillment)
	if err != nil {
		return err
	}
	if err := f.CheckVersion(h.Version); err != nil {
		return err
	}
	p, err := fulfillment.PickupOf(ctx, tx, f)
	if err != nil {
		return err
	}
	if err := f.Waiting(p); err != nil {
		return err
	}
	h.Version = 0 // it was seen, and is another after the cancellation
	_, err = Cancel(ctx, tx, []Cancellation{{Order: f.Order, Of: f.ID, Lines: h.Refused, Reason: order.CancelCustomer, Note: "refused at the counter", Settlement: h.Settlement}})
	return err
}

func fulfillmentOf(ctx context.Context, r db.Reader, fid id.Fulfillment) (*fulfillment.Order, error) {
	found, err := fulfillment.Get(ctx, r, fid)
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "fulfillment.not_found", "There is no fulfillment order %s.", fid)
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// PickupsDue lists pickups whose customers did not come in time, behind after, a
// batch at a time.
func PickupsDue(ctx context.Context, r db.Reader, now time.Time, after id.Fulfillment) ([]id.Fulfillment, error) {
	return fulfillment.PickupsDue(ctx, r, now, after, batch)
}

// ExpirePickup cancels what nobody fetched of a pickup: the goods are free again.
// What was paid for them is shown as paid too much, or given back where the rules
// say so. It is undone as any cancellation is.
func ExpirePickup(ctx context.Context, tx *db.Tx, fid id.Fulfillment) error {
	f, err := fulfillmentOf(ctx, tx, fid)
	if err != nil {
		return err
	}
	units := fulfillment.Quantities{}
	var sum int64
	for _, l := range f.Lines {
		if n := l.Open(); n > 0 {
			units[l.Line] = n
			sum += n
		}
	}
	if len(units) == 0 {
		return nil // somebody came meanwhile
	}
	rules, err := fulfillment.LoadPickupRules(ctx, tx)
	if err != nil {
		return err
	}
	c := Cancellation{Order: f.Order, Of: f.ID, Lines: units, Reason: order.CancelExpired, Note: "not picked up", Notify: true}
	if rules.Refund {
		c.Settlement = SettleRefund
	}
	if _, err := Cancel(ctx, tx, []Cancellation{c}); err != nil {
		return err
	}
	return fulfillment.Expire(ctx, tx, f, sum)
}

// mayBeFetched refuses an order that the customer wants to fetch where nobody
// hands it over. One that was sold already is taken, and waits for its goods there.
func (d *desk) mayBeFetched(p *placing) error {
	at := p.order.Pickup
	if at.IsZero() {
		return nil
	}
	for i := range d.locations {
		if l := &d.locations[i]; l.ID == at {
			if why := d.shut(p.order, l); why != "" && !p.owe {
				return fault.New(fault.Conflict, "order.no_pickup", "%s hands no orders over (%s): choose another location, or send it.", l.Name, why)
			}
			return nil
		}
	}
	if p.owe {
		return nil
	}
	return fault.New(fault.Conflict, "order.no_pickup", "There is no such location that hands orders over: choose another one, or send the order.")
}

// asked tells whether an order may be served by a location at all: one that the
// customer fetches by the location he named alone.
func asked(o *order.Order, l *inventory.Location) bool {
	if !o.Pickup.IsZero() {
		return l.ID == o.Pickup
	}
	return l.ShipsOnline
}

// shut says why a location takes no orders like this for now; it is empty where it
// does.
func (d *desk) shut(o *order.Order, l *inventory.Location) string {
	switch {
	case !l.Active:
		return "closed"
	case !o.Pickup.IsZero() && !l.Pickup:
		return "no pickup"
	}
	return l.Why(d.now)
}

// newWork is new work for an order at a location.
func (d *desk) newWork(o *order.Order, at id.Location, why id.Decision) *fulfillment.Order {
	f := fulfillment.New(d.now, o.ID, at)
	f.Kind, f.Decision, f.Priority, f.ShipBy = d.way(o, at), why, o.Priority, d.promise(o, at)
	d.given[at]++
	return f
}
