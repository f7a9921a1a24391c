package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
)

// request states what an order needs and where it could come from. lines are
// the order's lines by the index that the route uses.
func (d *desk) request(o *order.Order, wanted func(*order.Line) int64) (routing.Request, []*order.Line) {
	place := geo.LocateWith(d.over, placeOf(o))
	r := routing.Request{Stock: d.stock, Strategy: d.strategy.For(o.Channel), Market: o.ShipTo.V.Country, Value: o.BaseTotal, DestinationPrecision: string(place.Precision)}
	var lines []*order.Line
	groups := map[id.Line]int{}
	for _, l := range o.Lines {
		n := wanted(l)
		if n == 0 {
			continue
		}
		line := routing.Line{Variant: l.Variant, Quantity: n, NeverSplit: !l.MaySplit}
		if kit := o.Line(l.Parent); kit != nil && !kit.MaySplit {
			if groups[kit.ID] == 0 {
				groups[kit.ID] = len(groups) + 1
			}
			line.Group, line.PerKit = groups[kit.ID], perKit(o, kit, wanted)[l.ID]
		}
		r.Lines, lines = append(r.Lines, line), append(lines, l)
	}
	for i := range d.locations {
		l := &d.locations[i]
		if !asked(o, l) {
			continue
		}
		c := routing.Location{ID: l.ID, Code: l.Code, Name: l.Name, Km: routing.UnknownKm, Sequence: int(l.Sequence), Market: l.Address.V.Country, CapacityLeft: routing.Unlimited}
		if point, ok := l.Point(); ok && place.Known() {
			c.Km = geo.Distance(point, place.Point)
		}
		c.Groups = l.Groups.V
		if l.Capacity > 0 {
			c.CapacityLeft = max(0, l.Capacity-d.given[l.ID])
		}
		if at := d.leaves(l); !at.IsZero() {
			c.Wait = int64(at.Sub(d.now) / time.Minute)
		}
		c.Excluded = d.shut(o, l)
		d.leaveOut(&c, lines)
		r.Locations = append(r.Locations, c)
	}
	return r, lines
}

// leaves is when a parcel that is asked for now leaves a location: by its days
// and its cutoff, and a day later where the capacity of today is given out. It is
// zero where none of these is set.
func (d *desk) leaves(l *inventory.Location) time.Time {
	full := l.Capacity > 0 && d.given[l.ID] >= l.Capacity
	if l.Cutoff == "" && len(l.ClosedDays.V) == 0 && !full {
		return time.Time{}
	}
	if full {
		return l.Leaves(l.Today(d.now).Add(30 * time.Hour)) // some time of tomorrow, whatever the clocks do
	}
	return l.Leaves(d.now)
}

// promise is by when work that is given to a location now is to be sent: when the
// location sends it, and no later than the customer was promised.
func (d *desk) promise(o *order.Order, at id.Location) time.Time {
	i := slices.IndexFunc(d.locations, func(l inventory.Location) bool { return l.ID == at })
	if i < 0 {
		return o.ShipBy
	}
	leaves := d.leaves(&d.locations[i])
	if leaves.IsZero() || !o.ShipBy.IsZero() && o.ShipBy.Before(leaves) {
		return o.ShipBy
	}
	return leaves
}

// leaveOut says what of some lines a location would not ship before.
func (d *desk) leaveOut(c *routing.Location, lines []*order.Line) {
	var said []string
	all := true
	for _, l := range lines {
		reason, no := d.excluded[l.ID][c.ID]
		if !no {
			all = false
			continue
		}
		c.Refused = append(c.Refused, l.Variant)
		said = append(said, fmt.Sprintf("rejected %s: %s", l.SKU, reason))
	}
	c.Refusal = strings.Join(said, "; ")
	if all && c.Excluded == "" {
		c.Excluded = c.Refusal
	}
}

// perKit is how many units of each component make one of the kits that are
// wanted; none where they make no whole kits, since parts were cancelled: then
// all of them go together.
func perKit(o *order.Order, kit *order.Line, wanted func(*order.Line) int64) map[id.Line]int64 {
	per, kits := map[id.Line]int64{}, int64(0)
	for _, c := range o.Components(kit.ID) {
		n := wanted(c)
		if n == 0 {
			continue
		}
		per[c.ID] = c.Quantity / kit.Quantity
		whole := n / per[c.ID]
		if whole*per[c.ID] != n || kits != 0 && whole != kits {
			return nil
		}
		kits = whole
	}
	return per
}
