package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// move lets stock, work and money follow what the actions made of the order, and
// saves it. Where no units came or went and the goods go to the same place,
// stock and work stay untouched.
func (x *changing) move(ctx context.Context, tx *db.Tx) error {
	o, q := x.order, x.queue
	o.Refresh(tx.Now())
	o.Edited(x.set.ID, x.due)
	var moved []id.Variant
	if len(x.cancelled) > 0 || x.needs() || x.sentElsewhere() {
		var err error
		if moved, err = x.moveStock(ctx, tx); err != nil {
			return err
		}
	}
	if err := voidExcess(ctx, tx, x.books, []*order.Order{o}); err != nil {
		return err
	}
	if len(moved) == 0 {
		if err := finish(ctx, tx, []*order.Order{o}); err != nil {
			return err
		}
	} else {
		q.changed[o.ID] = o
		if err := q.fill(ctx, tx, unique(moved)); err != nil {
			return err
		}
	}
	return x.judge(ctx, tx)
}

// judge holds a saved order that owes more now than the credit limit has room for,
// also what a location may work on already, and lets others go on where it owes less.
func (x *changing) judge(ctx context.Context, tx *db.Tx) error {
	o := x.order
	switch due := o.Due(); {
	case due < x.due:
		return lessOwed(ctx, tx, []*order.Order{o})
	case due == x.due:
		return nil
	}
	held, err := holdOver(ctx, tx, accepted([]*order.Order{o}), atOrder)
	if err != nil {
		return err
	}
	return order.Save(ctx, tx, held)
}

// needs tells whether units of the order have no location yet.
func (x *changing) needs() bool {
	return slices.ContainsFunc(x.order.Lines, func(l *order.Line) bool { return wanted(l) > 0 })
}

func (x *changing) sentElsewhere() bool { return placeOf(x.order) != x.place }

// moveStock releases what was taken off, recalls what is to ship from elsewhere,
// and finds stock for what came. It returns the variants whose stock moved.
func (x *changing) moveStock(ctx context.Context, tx *db.Tx) ([]id.Variant, error) {
	o, q := x.order, x.queue
	variants := openVariants(q.fulfillments)
	for _, l := range o.Lines {
		if l.Goods() && !l.Variant.IsZero() {
			variants = append(variants, l.Variant)
		}
	}
	if err := q.lock(ctx, tx, variants); err != nil {
		return nil, err
	}
	q.recalls = true
	releases, err := q.withdraw(ctx, tx, map[id.Order][]order.Cancelled{o.ID: x.cancelled})
	if err != nil {
		return nil, err
	}
	if err := inventory.Release(ctx, tx, releases); err != nil {
		return nil, err
	}
	if err := x.desk.openStock(ctx, tx, unique(variants), []geo.Address{placeOf(o)}); err != nil {
		return nil, err
	}
	if x.desk.excluded, err = routing.Exclusions(ctx, tx, []id.Order{o.ID}); err != nil {
		return nil, err
	}
	recalled, err := x.recall(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := x.allocate(ctx, tx); err != nil {
		return nil, err
	}
	var moved []id.Variant
	for _, r := range append(releases, recalled...) {
		moved = append(moved, r.Variant)
	}
	for _, c := range x.desk.claims {
		moved = append(moved, c.Variant)
	}
	return moved, nil
}

// recall takes goods off the work of locations that has to be planned anew: what
// goes to another place now, and lines that may not be split and do not find
// their rest where they are. Nobody may have picked them.
func (x *changing) recall(ctx context.Context, tx *db.Tx) ([]inventory.Claim, error) {
	o := x.order
	back := map[id.Line]bool{}
	if x.sentElsewhere() {
		for _, f := range x.queue.fulfillments {
			if f.Order == o.ID && slices.ContainsFunc(f.Lines, func(l *fulfillment.Line) bool { return l.Packed > 0 }) {
				return nil, fault.New(fault.Conflict, "order.packed", "A part of order %d is packed for the old address: void its shipment first.", o.Number)
			}
		}
		if x.elsewhere() {
			for _, unit := range x.units() {
				for _, l := range unit {
					back[l.ID] = true
				}
			}
		}
	}
	for _, unit := range x.units() {
		if !whole(o, unit[0]) || !slices.ContainsFunc(unit, func(l *order.Line) bool { return wanted(l) > 0 }) || back[unit[0].ID] {
			continue
		}
		at, picked := x.home(unit)
		switch {
		case at.IsZero() || x.has(at, unit):
		case picked:
			return nil, fault.New(fault.Conflict, "order.picked", "%s leaves in one parcel, a part of it is picked, and the rest is not there: put it back (unpick) first.", unit[0].SKU)
		default:
			for _, l := range unit {
				back[l.ID] = true
			}
		}
	}
	return x.takeBack(ctx, tx, back)
}

// units are lines that are sent together: kits that may not be split, and single
// lines.
func (x *changing) units() [][]*order.Line {
	var units [][]*order.Line
	for _, l := range x.order.Lines {
		kit := x.order.Line(l.Parent)
		switch {
		case l.Kind == order.KindKit && !l.MaySplit:
			units = append(units, x.order.Components(l.ID))
		case l.Goods() && (kit == nil || kit.MaySplit):
			units = append(units, []*order.Line{l})
		}
	}
	return units
}

// whole tells whether a line has to be sent from one place.
func whole(o *order.Order, l *order.Line) bool {
	if kit := o.Line(l.Parent); kit != nil && !kit.MaySplit {
		return true
	}
	return !l.MaySplit
}

// home is the location that is to send units of lines, and whether any of them
// are picked.
func (x *changing) home(unit []*order.Line) (at id.Location, picked bool) {
	for _, f := range byProgress(x.queue.fulfillments, x.order.ID) {
		for _, l := range unit {
			if part := f.Line(l.ID); part != nil && !f.Status.Done() && part.Open() > 0 {
				at, picked = f.Location, picked || part.Picked > 0
			}
		}
	}
	return at, picked
}

// has tells whether a location has all that lines still need.
func (x *changing) has(at id.Location, unit []*order.Line) bool {
	need := map[id.Variant]int64{}
	for _, l := range unit {
		need[l.Variant] += wanted(l)
	}
	if slices.ContainsFunc(unit, func(l *order.Line) bool { _, no := x.desk.excluded[l.ID][at]; return no && wanted(l) > 0 }) {
		return false
	}
	for v, n := range need {
		if x.desk.stock[routing.At{Location: at, Variant: v}] < n {
			return false
		}
	}
	return true
}

// elsewhere tells whether routing would send what nobody has picked from other
// places, now that it goes to another one.
func (x *changing) elsewhere() bool {
	o, free, stock := x.order, map[id.Line]int64{}, x.desk.stock
	x.desk.stock = routing.Stock{}
	for at, n := range stock {
		x.desk.stock[at] = n
	}
	defer func() { x.desk.stock = stock }()
	planned := map[routing.At]int64{}
	for _, f := range x.queue.fulfillments {
		if f.Order != o.ID || f.Status.Done() {
			continue
		}
		for _, l := range f.Lines {
			n := l.ToPick()
			free[l.Line] += n
			x.desk.stock[routing.At{Location: f.Location, Variant: l.Variant}] += n
			planned[routing.At{Location: f.Location, Variant: l.Variant}] += n
		}
	}
	request, lines := x.desk.request(o, func(l *order.Line) int64 { return free[l.ID] })
	if len(lines) == 0 {
		return false
	}
	route, err := routing.Plan(request)
	if err != nil {
		return true
	}
	for _, parcel := range route.Parcels {
		for _, item := range parcel.Items {
			planned[routing.At{Location: parcel.Location, Variant: lines[item.Line].Variant}] -= item.Quantity
		}
	}
	for _, n := range planned {
		if n != 0 {
			return true
		}
	}
	return false
}

// takeBack takes units of lines that nobody has picked off the work of their
// locations: they are reserved no more.
func (x *changing) takeBack(ctx context.Context, tx *db.Tx, lines map[id.Line]bool) ([]inventory.Claim, error) {
	o := x.order
	var releases []inventory.Claim
	for _, f := range byProgress(x.queue.fulfillments, o.ID) {
		for _, l := range f.Lines {
			n := l.ToPick()
			if f.Status.Done() || !lines[l.Line] || n == 0 {
				continue
			}
			err := withWork(o, f, func() error { return f.Cancel(l.Line, n, "changed", tx.Now()) })
			if err == nil {
				err = o.Deallocate(l.Line, n)
			}
			if err != nil {
				return nil, err
			}
			releases = append(releases, inventory.Claim{
				Demand: id.Any(l.Line), DemandKind: inventory.ForOrder, Order: id.Any(o.ID), Variant: l.Variant, Location: f.Location, Quantity: n, Kind: inventory.Stock,
			})
			x.desk.stock[routing.At{Location: f.Location, Variant: l.Variant}] += n
		}
	}
	return releases, inventory.Release(ctx, tx, releases)
}

// allocate finds stock for the units that have no location: with their home where
// they have one, by the rules of routing where not.
func (x *changing) allocate(ctx context.Context, tx *db.Tx) error {
	o, d := x.order, x.desk
	if !x.needs() {
		return nil
	}
	d.now = tx.Now()
	frozen, err := inventory.Frozen(ctx, tx)
	if err != nil {
		return err
	}
	d.work = x.joinable(frozen)
	for _, unit := range x.units() {
		at, _ := x.home(unit)
		if at.IsZero() || !whole(o, unit[0]) || !x.has(at, unit) {
			continue
		}
		for _, l := range unit {
			n := wanted(l)
			if n == 0 {
				continue
			}
			if err := d.workAt(o, at, id.Decision{}).Add(l.ID, l.Variant, n); err != nil {
				return err
			}
			if err := o.Allocate(l.ID, n); err != nil {
				return err
			}
			d.stock[routing.At{Location: at, Variant: l.Variant}] -= n
			d.claim(o, l, at, n, inventory.Stock)
		}
	}
	if x.needs() {
		if err := d.serve(&placing{order: o, owe: x.owe, cause: routing.CauseEdited}); err != nil {
			return err
		}
	}
	x.queue.capacity.add(d.capacity)
	x.queue.created = append(x.queue.created, d.fulfillments...)
	x.queue.decisions = append(x.queue.decisions, d.decisions...)
	return inventory.Reserve(ctx, tx, d.claims)
}

// joinable is the order's work that goods may be added to: nobody has begun with
// it, and the release gate is as open for what is added as it was for the rest.
func (x *changing) joinable(frozen map[id.Location]int64) []*fulfillment.Order {
	ch := x.desk.channels[x.order.Channel]
	var work []*fulfillment.Order
	for _, f := range x.queue.fulfillments {
		if f.Order != x.order.ID || x.exchange != nil || awaitsReturn(x.order, linesOf(f)...) != "" {
			continue // what waits for goods that come back leaves by itself
		}
		if f.Status == fulfillment.Scheduled || f.Status == fulfillment.Open && len(gate(x.order, f, ch, frozen).Check()) == 0 {
			work = append(work, f)
		}
	}
	return work
}

// picked refuses to take off goods that somebody has picked.
func picked(o *order.Order, sku string, n int64) error {
	return fault.New(fault.Conflict, "order.picked", "%d of %s of order %d are picked already: put them back (unpick), or void their shipment where they are packed, and try again.", n, sku, o.Number).
		With(map[string]int64{"picked": n})
}
