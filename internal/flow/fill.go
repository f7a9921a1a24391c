package flow

import (
	"cmp"
	"context"
	"slices"

	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// grants is stock on its way to those who wait for it.
type grants struct {
	*queue
	desk   *desk
	rows   map[id.Line][]*inventory.Reservation // what each line waits for
	ways   map[id.Line]fulfillment.Way          // in which units of lines were to reach the customer before
	frozen map[id.Location]int64
	moves  []inventory.Move
}

// open reads what decides who is given what.
func (g *grants) open(ctx context.Context, tx *db.Tx, turns []id.Order, wanted []id.Variant, addresses []geo.Address) error {
	err := g.desk.openStock(ctx, tx, wanted, addresses)
	if err != nil {
		return err
	}
	g.capacity.add(g.desk.capacity)
	for _, f := range g.created {
		g.desk.given[f.Location]++
	}
	if g.desk.excluded, err = routing.Exclusions(ctx, tx, turns); err != nil {
		return err
	}
	if g.desk.channels, err = channel.Many(ctx, tx, channelsOf(sorted(g.orders))); err != nil {
		return err
	}
	if g.ways, err = fulfillment.Ways(ctx, tx, turns); err != nil {
		return err
	}
	g.frozen, err = inventory.Frozen(ctx, tx)
	return err
}

// serve gives an order what it may have: the rest of lines and kits of which a
// part is promised by a location already, from there; all else by the rules of
// routing.
func (g *grants) serve(o *order.Order) error {
	fixed := map[id.Line]bool{}
	for _, unit := range g.together(o) {
		at := g.home(o, unit)
		if w := g.ways[unit[0].ID]; w.Kind == fulfillment.KindPickup {
			for _, fetched := range []id.Location{o.Pickup, w.Location} { // however long it takes to come there
				if at.IsZero() {
					at = fetched
				}
			}
		}
		if at.IsZero() {
			continue
		}
		for _, l := range unit {
			fixed[l.ID] = true
		}
		if err := g.complete(o, unit, at); err != nil {
			return err
		}
	}
	wants := func(l *order.Line) int64 {
		if fixed[l.ID] {
			return 0
		}
		return l.Backordered
	}
	cause := g.causes[o.ID]
	if !slices.ContainsFunc(o.Lines, func(l *order.Line) bool { return wants(l) > 0 && (cause != "" || g.anywhere(o, l.Variant)) }) {
		return nil
	}
	request, lines := g.desk.request(o, wants)
	route, err := routing.Plan(request)
	if err != nil || len(route.Parcels) == 0 && cause == "" {
		return err
	}
	delete(g.causes, o.ID)
	g.desk.stock.Take(route)
	entry := routing.NewEntry(g.desk.now, o.ID, cmp.Or(cause, routing.CauseRestocked), route.Decision)
	g.decisions = append(g.decisions, entry)
	given := map[id.Line]bool{}
	for _, parcel := range route.Parcels {
		for _, item := range parcel.Items {
			l := lines[item.Line]
			given[l.ID] = true
			if err := g.give(o, l, parcel.Location, item.Quantity, entry.ID); err != nil {
				return err
			}
		}
	}
	for _, b := range route.Backorders {
		if l := lines[b.Line]; !b.Location.IsZero() && (given[l.ID] && !g.splits(o, l) || g.waitsInVain(l)) {
			g.wait(l, b.Location)
		}
	}
	return nil
}

// waitsInVain tells whether a line waits at a location that would not ship it.
func (g *grants) waitsInVain(l *order.Line) bool {
	return slices.ContainsFunc(g.rows[l.ID], func(w *inventory.Reservation) bool {
		_, no := g.desk.excluded[l.ID][w.Location]
		return no && w.Quantity > 0
	})
}

// together lists the lines of an order that wait and may not be sent from several
// places: single lines, and kits.
func (g *grants) together(o *order.Order) [][]*order.Line {
	var units [][]*order.Line
	for _, l := range o.Lines {
		kit := o.Line(l.Parent)
		switch {
		case l.Kind == order.KindKit && !l.MaySplit:
			parts := o.Components(l.ID)
			if slices.ContainsFunc(parts, func(c *order.Line) bool { return c.Backordered > 0 }) {
				units = append(units, parts)
			}
		case l.Backordered > 0 && (kit == nil || kit.MaySplit) && (!g.splits(o, l) || g.ways[l.ID].Kind == fulfillment.KindPickup):
			units = append(units, []*order.Line{l})
		}
	}
	return units
}

// splits tells whether units of a line may be sent from several places: where both
// the line and a rule of the merchant allow it.
func (g *grants) splits(o *order.Order, l *order.Line) bool {
	return l.MaySplit && slices.ContainsFunc(g.desk.strategy.For(o.Channel).Rules, func(r routing.Rule) bool { return r.Split == routing.SplitLine })
}

// home is the location that is to send other units of lines, if any is.
func (g *grants) home(o *order.Order, unit []*order.Line) id.Location {
	for _, f := range append(byProgress(g.fulfillments, o.ID), byProgress(g.created, o.ID)...) {
		for _, l := range unit {
			if part := f.Line(l.ID); part != nil && part.Open() > 0 {
				return f.Location
			}
		}
	}
	return id.Location{}
}

// complete gives what a location has of the rest of a line, or of whole kits.
func (g *grants) complete(o *order.Order, unit []*order.Line, at id.Location) error {
	if g.ways[unit[0].ID].Kind == fulfillment.KindPickup {
		if !g.desk.handsOver[at] {
			return nil
		}
	} else if !g.ships(o, at) {
		return nil
	}
	free := func(l *order.Line) int64 {
		if _, no := g.desk.excluded[l.ID][at]; no {
			return 0
		}
		return min(l.Backordered, g.desk.stock[routing.At{Location: at, Variant: l.Variant}])
	}
	settled := func(l *order.Line) int64 { return l.Quantity - l.Backordered - l.Unallocated }
	kits, per := unit[0].Quantity, func(*order.Line) int64 { return 1 }
	if kit := o.Line(unit[0].Parent); kit != nil && !kit.MaySplit {
		kits, per = kit.Quantity, func(l *order.Line) int64 { return l.Quantity / kit.Quantity }
	}
	for _, l := range unit {
		kits = min(kits, (settled(l)+free(l))/per(l))
	}
	for _, l := range unit {
		n := min(kits*per(l)-settled(l), free(l))
		if n <= 0 {
			continue
		}
		g.desk.stock[routing.At{Location: at, Variant: l.Variant}] -= n
		if err := g.give(o, l, at, n, id.Decision{}); err != nil {
			return err
		}
	}
	return nil
}

// ships tells whether a location that serves a part of an order may serve the rest
// now. A customer who fetches that part there fetches the rest there, too, wherever
// all else is fetched.
func (g *grants) ships(o *order.Order, at id.Location) bool {
	return slices.ContainsFunc(g.desk.locations, func(l inventory.Location) bool {
		return l.ID == at && (asked(o, &l) || !o.Pickup.IsZero()) && g.desk.shut(o, &l) == ""
	})
}

// anywhere tells whether any location that may serve an order now has units of a
// variant.
func (g *grants) anywhere(o *order.Order, v id.Variant) bool {
	return slices.ContainsFunc(g.desk.locations, func(l inventory.Location) bool {
		return asked(o, &l) && g.desk.shut(o, &l) == "" && g.desk.stock[routing.At{Location: l.ID, Variant: v}] > 0
	})
}

// joins tells whether units of a line may be added to work at a location: nobody
// has begun with it, they reach the customer in the same way, and the release gate
// is as open for them as it was for the rest. Who buys on credit passes the gate
// anew, since it looks at the credit limit.
func (g *grants) joins(o *order.Order, f *fulfillment.Order, l *order.Line, at id.Location) bool {
	if f.Order != o.ID || f.Location != at || f.Kind != g.kind(o, l, at) || heldHere(o, f) != nil ||
		awaitsReturn(o, l.ID) != awaitsReturn(o, linesOf(f)...) {
		return false
	}
	return f.Status == fulfillment.Scheduled || f.Status == fulfillment.Open && (!o.OnTerms() || o.Company.IsZero()) &&
		len(o.HoldsOn(f.ID, []id.Line{l.ID})) == 0 && len(gate(o, f, g.desk.channels[o.Channel], g.frozen).Check()) == 0
}

// kind is the way in which units of a line reach the customer from a location: the
// one that was meant before.
func (g *grants) kind(o *order.Order, l *order.Line, at id.Location) fulfillment.Kind {
	if w, known := g.ways[l.ID]; known && (w.Location == at || w.Kind == fulfillment.KindShipToStore) {
		return w.Kind
	}
	return g.desk.way(o, at)
}

// give gives stock at a location to a line that waits: with work that has not
// begun there, or as new work.
func (g *grants) give(o *order.Order, l *order.Line, at id.Location, n int64, why id.Decision) error {
	if err := o.Fill(l.ID, n); err != nil {
		return err
	}
	g.changed[o.ID] = o
	g.given += n
	g.move(l, at, inventory.Stock, n)
	for _, f := range append(slices.Clone(g.fulfillments), g.created...) {
		if g.joins(o, f, l, at) {
			return f.Add(l.ID, l.Variant, n)
		}
	}
	f := g.desk.newWork(o, at, why)
	f.Kind = g.kind(o, l, at)
	g.created = append(g.created, f)
	return f.Add(l.ID, l.Variant, n)
}

// wait lets the rest of a line wait at a location.
func (g *grants) wait(l *order.Line, at id.Location) {
	for _, w := range g.rows[l.ID] {
		if w.Location != at && w.Quantity > 0 {
			g.moves = append(g.moves, moveOf(w, at, inventory.Backorder, w.Quantity))
			w.Location = at
		}
	}
}

// move takes n of the units that a line waits for to a location, those that wait
// there first.
func (g *grants) move(l *order.Line, at id.Location, kind inventory.ClaimKind, n int64) {
	rows := slices.Clone(g.rows[l.ID])
	slices.SortStableFunc(rows, func(a, b *inventory.Reservation) int {
		return cmp.Compare(distance(a, at), distance(b, at))
	})
	for _, w := range rows {
		units := min(n, w.Quantity)
		if units == 0 {
			continue
		}
		n -= units
		w.Quantity -= units
		g.moves = append(g.moves, moveOf(w, at, kind, units))
	}
}

// distance is 0 for what waits at a location, and 1 for what waits elsewhere.
func distance(w *inventory.Reservation, at id.Location) int {
	if w.Location == at {
		return 0
	}
	return 1
}

func moveOf(w *inventory.Reservation, to id.Location, kind inventory.ClaimKind, n int64) inventory.Move {
	return inventory.Move{Demand: w.Demand, Variant: w.Variant, From: w.Location, To: to, FromKind: inventory.Backorder, ToKind: kind, Quantity: n}
}
