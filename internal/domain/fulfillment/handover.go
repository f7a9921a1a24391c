package fulfillment

import (
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/event"
)

// Sibling returns a new order of the same sales order, without lines, at a
// location: it is where the order stands, but nobody has begun with it. Create
// stores it.
func (o *Order) Sibling(location id.Location, now time.Time) *Order {
	return o.By(o.Kind, location, now)
}

// By is Sibling that reaches the customer in another way.
func (o *Order) By(kind Kind, location id.Location, now time.Time) *Order {
	s := New(now, o.Order, location)
	s.Kind, s.Priority, s.ShipBy, s.Decision = kind, o.Priority, o.ShipBy, o.Decision
	if o.Status != Scheduled {
		s.Status, s.ReleasedAt = Open, now
		s.toSubmit()
	}
	return s
}

// Movable is what can be given to another order: all units that nobody has
// picked. What is picked is put back first, and what is packed is unpacked.
func (o *Order) Movable() Quantities { return o.each((*Line).ToPick) }

// Move gives unpicked units to another order of the same sales order, at
// another location. Pick batches are told by Save. The flow moves the
// reservations.
func (o *Order) Move(target *Order, q Quantities, reason string, now time.Time) error {
	if target.Location == o.Location {
		return fault.New(fault.Invalid, "fulfillment.same_location", "The goods are at this location already: split the fulfillment order instead.")
	}
	return o.handOver(target, "moved", q, now, func(units int64) event.Fact {
		return Moved{o.about(), target.ID, target.Location, units, reason}
	})
}

// Split gives unpicked units to a new order at the same location, which leaves
// in a parcel of its own.
func (o *Order) Split(q Quantities, now time.Time) (*Order, error) {
	if o.Status.Done() {
		return nil, o.forbids("split", "")
	}
	var rest int64
	for _, l := range o.Lines {
		rest += l.Open() - q[l.Line]
	}
	if rest <= 0 {
		return nil, fault.New(fault.Invalid, "fulfillment.nothing_left", "All that is open was named: leave at least one unit where it is.")
	}
	part := o.Sibling(o.Location, now)
	return part, o.handOver(part, "split", q, now, func(units int64) event.Fact { return Split{o.about(), part.ID, units} })
}

// Merge gives all that is open to another order of the same sales order at the
// same location, which nobody has packed yet: the undo of Split.
func (o *Order) Merge(into *Order, now time.Time) error {
	switch {
	case into.ID == o.ID:
		return fault.New(fault.Invalid, "fulfillment.same_order", "A fulfillment order cannot be merged with itself.")
	case into.Order != o.Order:
		return fault.New(fault.Invalid, "fulfillment.other_order", "The fulfillment orders are of different orders: put their shipments into one parcel instead.")
	case into.Location != o.Location || into.Kind != o.Kind:
		return fault.New(fault.Conflict, "fulfillment.apart", "The fulfillment orders are at different locations, or reach the customer in different ways: move one first.")
	case (into.Status == Scheduled) != (o.Status == Scheduled):
		return fault.New(fault.Conflict, "fulfillment.not_released", "One of the fulfillment orders is released and the other waits: release it first.")
	}
	return o.handOver(into, "merged", o.each((*Line).Open), now, func(units int64) event.Fact { return Merged{o.about(), into.ID, units} })
}

// handOver takes units off that nobody has picked and asks another order for
// them. All of it is refused if a part does not fit.
func (o *Order) handOver(target *Order, past string, q Quantities, now time.Time, fact func(units int64) event.Fact) error {
	for _, f := range []*Order{o, target} {
		if err := f.unbound(); err != nil {
			return err
		}
	}
	if o.Status.Done() {
		return o.forbids(past, "")
	}
	if target.Status.Done() {
		return target.forbids("added to", "")
	}
	if err := o.checkFree("hand over", q); err != nil {
		return err
	}
	var units int64
	for line, n := range q {
		if l := o.Line(line); n > l.ToPick() {
			return fault.New(fault.Conflict, "fulfillment.picked", "Of the %d units %d are picked already: put them back first, or leave them here.", n, n-l.ToPick()).
				With(map[string]int64{"picked": l.Picked, "left": l.ToPick()})
		}
		units += n
	}
	for _, l := range o.Lines {
		n := q[l.Line]
		if n == 0 {
			continue
		}
		target.ask(l.Line, l.Variant, n)
		l.cancel(n)
	}
	o.say(fact(units))
	o.settle(Cancelled, now)
	return nil
}

// RejectPart says that the location will not ship some units, picked or not: a
// new order is made of them, which it has rejected. The rest stays with it.
func (o *Order) RejectPart(q Quantities, reason string, now time.Time) (*Order, error) {
	if o.Status != Open && o.Status != InProgress {
		return nil, o.forbids("rejected", "")
	}
	if err := o.checkFree("reject", q); err != nil {
		return nil, err
	}
	part := o.Sibling(o.Location, now)
	var units int64
	for _, l := range o.Lines {
		if n := q[l.Line]; n > 0 {
			part.ask(l.Line, l.Variant, n)
			l.cancel(n)
			units += n
		}
	}
	o.say(Split{o.about(), part.ID, units})
	o.settle(Cancelled, now)
	_, err := part.takeOff(Rejected, reason, now)
	return part, err
}
