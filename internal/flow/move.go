package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
	"purser/internal/platform/postal"
)

// Moving says what is to be sent from another location.
type Moving struct {
	Fulfillment id.Fulfillment
	Version     int64                  // the version that the caller saw; 0: any
	Lines       fulfillment.Quantities // by order line; empty: all that is open
	To          id.Location
	Reason      string
}

// Move gives work to another location, as a person decides: its stock is checked
// for all lines together, and the reservations move there with the work, keeping
// their place in the queue. It returns the fulfillment order that has the units
// now. What is picked has to be put back first. Stock that becomes free goes to
// those who wait for it.
func Move(ctx context.Context, tx *db.Tx, m Moving) (*fulfillment.Order, error) {
	q, f, err := takeHeld(ctx, tx, m.Fulfillment)
	if err != nil {
		return nil, err
	}
	if err := f.CheckVersion(m.Version); err != nil {
		return nil, err
	}
	w := &removal{order: q.orders[f.Order], from: f, work: q.fulfillments, units: m.Lines}
	if err := w.open(ctx, tx); err != nil {
		return nil, err
	}
	levels, err := inventory.Lock(ctx, tx, w.variants())
	if err != nil {
		return nil, err
	}
	to, err := inventory.GetLocation(ctx, tx, m.To)
	if err != nil {
		return nil, err
	}
	if err := w.check(to, levels); err != nil {
		return nil, err
	}
	if f.Kind == fulfillment.KindPickup {
		w.order.Pickup = to.ID // what waits for stock is fetched there, too
	}
	decision, err := w.decide(ctx, tx, to)
	if err != nil {
		return nil, err
	}
	target := w.target(to)
	if target == nil {
		target = f.By(wayFrom(w.order, &to), to.ID, tx.Now())
		target.Decision, target.ShipBy = decision.ID, w.desk.promise(w.order, to.ID)
		q.created = append(q.created, target)
	}
	moves, err := w.moves(ctx, tx, to.ID)
	if err != nil {
		return nil, err
	}
	err = withWorks(map[id.Order]*order.Order{w.order.ID: w.order}, []*fulfillment.Order{f, target}, func() error {
		return f.Move(target, w.units, m.Reason, tx.Now())
	})
	if err != nil {
		return nil, err
	}
	if err := inventory.Rehome(ctx, tx, moves); err != nil {
		return nil, err
	}
	q.decisions = append(q.decisions, decision)
	q.changed[w.order.ID] = w.order
	variants := w.variants()
	if f.Kind == fulfillment.KindPickup {
		variants = append(variants, q.backordered([]id.Order{w.order.ID})...) // what waits may be there
	}
	return target, q.fill(ctx, tx, variants)
}

// takeHeld takes the sales order of a fulfillment order together with those that
// wait for what it holds, and the fulfillment order itself.
func takeHeld(ctx context.Context, tx *db.Tx, fid id.Fulfillment) (*queue, *fulfillment.Order, error) {
	seen, err := fulfillment.Get(ctx, tx, fid)
	if err != nil {
		return nil, nil, err
	}
	if len(seen) == 0 {
		return nil, nil, fault.New(fault.NotFound, "fulfillment.not_found", "There is no fulfillment order %s.", fid)
	}
	held := openVariants(seen)
	q, err := takeWaiting(ctx, tx, held, seen[0].Order)
	if err != nil {
		return nil, nil, err
	}
	if err := q.lock(ctx, tx, append(held, openVariants(q.fulfillments)...)); err != nil {
		return nil, nil, err
	}
	if i := slices.IndexFunc(q.fulfillments, func(f *fulfillment.Order) bool { return f.ID == fid }); i >= 0 {
		return q, q.fulfillments[i], nil
	}
	done, err := fulfillment.Take(ctx, tx, fid) // its methods refuse, and say why
	if err != nil {
		return nil, nil, err
	}
	return q, done[0], nil
}

// removal is units of a fulfillment order that are to be sent from elsewhere.
type removal struct {
	order *order.Order
	from  *fulfillment.Order
	work  []*fulfillment.Order   // of the order
	units fulfillment.Quantities // empty: all that is open
	desk  desk
}

// open reads where the order goes and what could send it.
func (w *removal) open(ctx context.Context, tx db.Reader) (err error) {
	if len(w.units) == 0 {
		w.units = fulfillment.Quantities{}
		for _, l := range w.from.Lines {
			if n := l.Open(); n > 0 {
				w.units[l.Line] = n
			}
		}
	}
	w.desk.excluded, err = routing.Exclusions(ctx, tx, []id.Order{w.order.ID})
	return err
}

func (w *removal) variants() []id.Variant {
	var out []id.Variant
	for _, l := range w.from.Lines {
		if w.units[l.Line] > 0 {
			out = append(out, l.Variant)
		}
	}
	return unique(out)
}

// check tells why units cannot be sent from a location, in the order in which a
// person would want to know.
func (w *removal) check(to inventory.Location, levels []inventory.Level) error {
	if to.ID == w.from.Location {
		return fault.New(fault.Invalid, "fulfillment.same_location", "The goods are at %s already: split the fulfillment order instead.", to.Name)
	}
	if w.from.Status.Done() {
		return fault.New(fault.Conflict, "fulfillment."+string(w.from.Status), "A fulfillment order that is %s cannot be moved: only what is waiting, open or in progress can.", w.from.Status)
	}
	if err := heldHere(w.order, w.from); err != nil {
		return err
	}
	if err := mayTake(to, w.from.Kind); err != nil {
		return err
	}
	if err := together(w.order, w.from, w.units, "moved"); err != nil {
		return err
	}
	if err := w.apart(to); err != nil {
		return err
	}
	for _, line := range unique(keys(w.units)) {
		l := w.from.Line(line)
		if l == nil {
			return fault.New(fault.NotFound, "fulfillment.line_not_found", "The fulfillment order has no line %s.", line)
		}
		sku, n := w.order.Line(line).SKU, w.units[line]
		switch {
		case n > l.Open():
			return fault.New(fault.Conflict, "fulfillment.too_many", "There are %d units of %s left to move, not %d.", l.Open(), sku, n)
		case n > l.Free():
			return fault.New(fault.Conflict, "fulfillment.packed", "%d units of %s are packed: void their shipment first.", l.Packed, sku)
		case n > l.ToPick():
			return fault.New(fault.Conflict, "fulfillment.picked", "%d units of %s are picked: put them back first.", l.Picked, sku)
		}
	}
	return w.inStock(to, levels)
}

// apart refuses to part units that may not be split from those that other work of
// the order has.
func (w *removal) apart(to inventory.Location) error {
	for _, f := range w.work {
		if f.Order != w.order.ID || f.ID == w.from.ID || f.Status.Done() || f.Location == to.ID {
			continue
		}
		for _, line := range unique(keys(w.units)) {
			if len(inseparable(w.order, f, line)) > 0 {
				return fault.New(fault.Conflict, "order.unsplittable", "%s may not be sent in several parcels, and another fulfillment order has a part of it: merge the two first.", w.order.Line(line).SKU)
			}
		}
	}
	return nil
}

// mayTake tells why a location may not be asked to send goods.
func mayTake(to inventory.Location, kind fulfillment.Kind) error {
	refuse := func(why string) error {
		return fault.New(fault.Conflict, "routing.cannot_ship", "%s %s: choose another location.", to.Name, why)
	}
	switch {
	case !to.Kind.Sellable():
		return refuse("holds goods that may not be sold")
	case !to.Active:
		return refuse("is closed")
	case kind == fulfillment.KindPickup && !to.Pickup:
		return refuse("has no pickup")
	case kind != fulfillment.KindPickup && !to.ShipsOnline:
		return refuse("does not ship orders")
	}
	return nil
}

// inStock refuses units that a location has not, summed over all lines and the
// components of kits.
func (w *removal) inStock(to inventory.Location, levels []inventory.Level) error {
	type missing struct {
		SKU       string `json:"sku"`
		Wanted    int64  `json:"wanted"`
		Available int64  `json:"available"`
	}
	want, sku := map[id.Variant]int64{}, map[id.Variant]string{}
	for _, l := range w.from.Lines {
		if n := w.units[l.Line]; n > 0 {
			want[l.Variant] += n
			sku[l.Variant] = w.order.Line(l.Line).SKU
		}
	}
	var short []missing
	for _, v := range w.variants() {
		var have int64
		for _, l := range levels {
			if l.Variant == v && l.Location == to.ID {
				have = l.Available()
			}
		}
		if have < want[v] {
			short = append(short, missing{sku[v], want[v], have})
		}
	}
	if len(short) == 0 {
		return nil
	}
	return fault.New(fault.Shortage, "routing.not_in_stock", "%s has only %d of %d %s.", to.Name, short[0].Available, short[0].Wanted, short[0].SKU).With(short)
}

// heldHere refuses to take units away from a hold that is on their fulfillment
// order alone: they would escape it.
func heldHere(o *order.Order, f *fulfillment.Order) error {
	for _, h := range o.Holds {
		if h.Status == order.HoldActive && h.Fulfillment == f.ID {
			return fault.New(fault.Conflict, "order.on_hold", "The fulfillment order is on hold (%s): release the hold first.", h.Reason)
		}
	}
	return nil
}

// together refuses a part of what may not be sent in several parcels: of a line,
// or of a kit.
func together(o *order.Order, f *fulfillment.Order, units fulfillment.Quantities, past string) error {
	for _, line := range unique(keys(units)) {
		for _, part := range inseparable(o, f, line) {
			if units[part.Line] < part.Open() {
				l := o.Line(part.Line)
				return fault.New(fault.Conflict, "order.unsplittable", "%s may not be sent in several parcels: all %d units here have to be %s together.", l.SKU, part.Open(), past).
					With(map[string]any{"line_id": part.Line, "open": part.Open()})
			}
		}
	}
	return nil
}

// inseparable are the open lines of a fulfillment order that have to be with
// some units of a line: none where it may be split.
func inseparable(o *order.Order, f *fulfillment.Order, line id.Line) []*fulfillment.Line {
	l := o.Line(line)
	if l == nil {
		return nil
	}
	unit := []*order.Line{l}
	if kit := o.Line(l.Parent); kit != nil && !kit.MaySplit {
		unit = o.Components(kit.ID)
	} else if l.MaySplit {
		return nil
	}
	var out []*fulfillment.Line
	for _, u := range unit {
		if part := f.Line(u.ID); part != nil && part.Open() > 0 {
			out = append(out, part)
		}
	}
	return out
}

// target is work at a location that nobody has begun with, to which the units
// can be added; nil where there is none.
func (w *removal) target(to inventory.Location) *fulfillment.Order {
	for _, f := range w.work {
		begun := f.Status != fulfillment.Scheduled && f.Status != fulfillment.Open
		if f.Order == w.order.ID && f.Location == to.ID && !begun && f.Kind == wayFrom(w.order, &to) &&
			(f.Status == fulfillment.Scheduled) == (w.from.Status == fulfillment.Scheduled) && heldHere(w.order, f) == nil {
			return f
		}
	}
	return nil
}

// decide records who chose what, with what each location has.
func (w *removal) decide(ctx context.Context, tx *db.Tx, to inventory.Location) (routing.Entry, error) {
	w.desk.now = tx.Now()
	if err := w.desk.openStock(ctx, tx, w.variants(), []geo.Address{placeOf(w.order)}); err != nil {
		return routing.Entry{}, err
	}
	if !slices.ContainsFunc(w.desk.locations, func(l inventory.Location) bool { return l.ID == to.ID }) {
		w.desk.locations = append(w.desk.locations, to) // a store that hands over and does not ship
	}
	request, _ := w.desk.request(w.order, func(l *order.Line) int64 { return w.units[l.ID] })
	d, err := routing.Override(request, to.ID, actor.Name(ctx))
	return routing.NewEntry(tx.Now(), w.order.ID, routing.CauseManual, d), err
}

// moves are the ways of the reservations. Units that wait for the rest of a line
// which may not be split wait at the new location from now on.
func (w *removal) moves(ctx context.Context, tx *db.Tx, to id.Location) ([]inventory.Move, error) {
	var moves []inventory.Move
	var waiting []id.Any
	for _, l := range w.from.Lines {
		n := w.units[l.Line]
		if n == 0 {
			continue
		}
		moves = append(moves, inventory.Move{
			Demand: id.Any(l.Line), Variant: l.Variant, From: w.from.Location, To: to,
			FromKind: inventory.Stock, ToKind: inventory.Stock, Quantity: n,
		})
		if len(inseparable(w.order, w.from, l.Line)) > 0 {
			waiting = append(waiting, id.Any(l.Line))
		}
	}
	rows, err := inventory.Reservations(ctx, tx, waiting)
	for i := range rows {
		if r := &rows[i]; r.Kind == inventory.Backorder && r.Location != to {
			moves = append(moves, moveOf(r, to, inventory.Backorder, r.Quantity))
		}
	}
	return moves, err
}

// Destination is what would become of units that are moved to a location.
type Destination struct {
	Location id.Location    `json:"location_id"`
	Code     string         `json:"code"`
	Name     string         `json:"name"`
	Km       *float64       `json:"km,omitempty" doc:"To the customer; missing where it is not known."`
	Possible bool           `json:"possible"`
	Refusal  string         `json:"refusal,omitempty" doc:"The code of the fault that a move would have."`
	Why      string         `json:"why,omitempty" doc:"And its sentence."`
	Rejected string         `json:"rejected,omitempty" doc:"That the location would not ship it before, and why; a person may ask it again."`
	Joins    id.Fulfillment `json:"joins_fulfillment_id,omitzero" doc:"Work there that the units would be added to; missing: they get a fulfillment order of their own."`
	Recalled int64          `json:"recalled" doc:"Units that are taken out of the hands of those who pick them now."`
}

// Destinations tells what Move would do to units, for each location: those that
// can take them first, the nearest of them before the others.
func Destinations(ctx context.Context, r db.Reader, fid id.Fulfillment, units fulfillment.Quantities) ([]Destination, error) {
	found, err := fulfillment.Get(ctx, r, fid)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "fulfillment.not_found", "There is no fulfillment order %s.", fid)
	}
	f := found[0]
	o, err := order.Get(ctx, r, f.Order)
	if err != nil {
		return nil, err
	}
	work, err := fulfillment.ByOrder(ctx, r, []id.Order{o.ID})
	if err != nil {
		return nil, err
	}
	w := &removal{order: o, from: f, work: work[o.ID], units: units}
	if err := w.open(ctx, r); err != nil {
		return nil, err
	}
	levels, err := inventory.Levels(ctx, r, w.variants())
	if err != nil {
		return nil, err
	}
	locations, err := inventory.Locations(ctx, r)
	if err != nil {
		return nil, err
	}
	over, err := postal.For(ctx, r, []geo.Address{placeOf(o)})
	if err != nil {
		return nil, err
	}
	place := geo.LocateWith(over, placeOf(o))
	var out []Destination
	for _, l := range locations {
		if l.ID == f.Location || !l.Kind.Sellable() {
			continue
		}
		out = append(out, w.destination(l, levels, place))
	}
	slices.SortStableFunc(out, func(a, b Destination) int {
		return cmp.Or(cmp.Compare(rank(!a.Possible), rank(!b.Possible)), cmp.Compare(km(a.Km), km(b.Km)))
	})
	return out, nil
}

func (w *removal) destination(l inventory.Location, levels []inventory.Level, place geo.Place) Destination {
	d := Destination{Location: l.ID, Code: l.Code, Name: l.Name}
	if point, ok := l.Point(); ok && place.Known() {
		n := geo.Distance(point, place.Point)
		d.Km = &n
	}
	for _, line := range unique(keys(w.units)) {
		if reason, no := w.desk.excluded[line][l.ID]; no {
			d.Rejected = reason
		}
	}
	if err := w.check(l, levels); err != nil {
		if f, ok := fault.As(err); ok {
			d.Refusal, d.Why = f.Code, f.Message
		} else {
			d.Why = fmt.Sprint(err)
		}
		return d
	}
	d.Possible = true
	if joined := w.target(l); joined != nil {
		d.Joins = joined.ID
	}
	if w.from.Status == fulfillment.InProgress {
		for _, n := range w.units {
			d.Recalled += n
		}
	}
	return d
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// km is a distance to sort by: what is not known comes last.
func km(n *float64) float64 {
	if n == nil {
		return 1e9
	}
	return *n
}
