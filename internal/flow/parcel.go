package flow

import (
	"context"
	"slices"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// MergeParcel packs all that is free of fulfillment orders into one box: of any
// orders that go to the same customer and address from the same location. Each
// order keeps a shipment of its own. The label is bought once, by [LabelParcel];
// until then [UnmergeParcel] takes it back.
func MergeParcel(ctx context.Context, tx *db.Tx, fids []id.Fulfillment) (*fulfillment.Parcel, error) {
	fids = unique(fids)
	if len(fids) < 2 {
		return nil, fault.New(fault.Invalid, "parcel.too_few", "Name two fulfillment orders or more.")
	}
	d, err := openDock(ctx, tx, fids)
	if err != nil {
		return nil, err
	}
	first := d.fulfillments[fids[0]]
	var shipments []*fulfillment.Shipment
	for _, fid := range fids {
		f := d.fulfillments[fid]
		o := d.orders[f.Order]
		if err := d.mayLeave(f); err != nil {
			return nil, err
		}
		if err := mayMerge(d.orders[first.Order], o, first, f); err != nil {
			return nil, err
		}
		err := withWork(o, f, func() error {
			s, err := f.Pack(f.Free(), tx.Now())
			shipments = append(shipments, s)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	p := fulfillment.NewParcel(tx.Now(), first.Location, shipments)
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	if err := fulfillment.InsertParcel(ctx, tx, p); err != nil {
		return nil, err
	}
	return p, order.Save(ctx, tx, sorted(d.orders))
}

// mayMerge refuses work that does not go into one box.
func mayMerge(a, b *order.Order, f, g *fulfillment.Order) error {
	refuse := func(why string) error {
		return fault.New(fault.Conflict, "parcel.apart", "Orders %d and %d do not go in one parcel: %s.", a.Number, b.Number, why)
	}
	switch {
	case f.Kind != fulfillment.KindShip || g.Kind != fulfillment.KindShip:
		return refuse("one of them is not sent to the customer")
	case g.Location != f.Location:
		return refuse("their goods are at different locations, so move one first")
	case a.ID == b.ID:
		return nil
	case b.Customer.IsZero() || a.Customer != b.Customer:
		return refuse("they are of different customers")
	case !samePlace(a.ShipTo.V, b.ShipTo.V):
		return refuse("they go to different addresses")
	}
	return nil
}

// samePlace tells whether two addresses are of the same person at the same door.
func samePlace(a, b address.Address) bool {
	same := func(x, y string) bool { return text.Fold(x) == text.Fold(y) }
	a, b = a.Clean(), b.Clean()
	return same(a.Name, b.Name) && same(a.Company, b.Company) && same(a.Line1, b.Line1) && same(a.Line2, b.Line2) &&
		same(a.City, b.City) && same(a.Region, b.Region) && same(a.PostalCode, b.PostalCode) && a.Country == b.Country
}

// ParcelMates are fulfillment orders that can go in one parcel with one, oldest
// first.
func ParcelMates(ctx context.Context, r db.Reader, f *fulfillment.Order) ([]*fulfillment.Order, error) {
	o, err := order.Get(ctx, r, f.Order)
	if err != nil || o.Customer.IsZero() {
		return nil, err
	}
	others, _, err := order.List(ctx, r, order.Filter{Customers: []id.Customer{o.Customer}, Statuses: []order.Status{order.StatusOpen}}, order.Page{Limit: batch})
	if err != nil {
		return nil, err
	}
	sales := make([]id.Order, len(others))
	for i, h := range others {
		sales[i] = h.ID
	}
	orders, err := order.Many(ctx, r, append(sales, o.ID))
	if err != nil {
		return nil, err
	}
	work, err := fulfillment.ByOrder(ctx, r, ids(orders))
	if err != nil {
		return nil, err
	}
	var mates []*fulfillment.Order
	for _, other := range orders {
		for _, g := range work[other.ID] {
			begun := g.Status == fulfillment.Open || g.Status == fulfillment.InProgress
			if g.ID != f.ID && begun && len(g.Free()) > 0 && len(other.HoldsOn(g.ID, linesOf(g))) == 0 && mayMerge(o, other, f, g) == nil {
				mates = append(mates, g)
			}
		}
	}
	slices.SortFunc(mates, func(a, b *fulfillment.Order) int { return a.ID.Compare(b.ID) })
	return mates, nil
}

// takeParcel takes a parcel behind the orders and the work that are in it.
func takeParcel(ctx context.Context, tx *db.Tx, pid id.Parcel, version int64) (*dock, *fulfillment.Parcel, error) {
	seen, err := fulfillment.GetParcel(ctx, tx, pid)
	if err != nil {
		return nil, nil, err
	}
	var fids []id.Fulfillment
	for _, s := range seen.Shipments {
		fids = append(fids, s.Fulfillment)
	}
	d, err := openDock(ctx, tx, fids)
	if err != nil {
		return nil, nil, err
	}
	p, err := fulfillment.TakeParcel(ctx, tx, pid)
	if err != nil {
		return nil, nil, err
	}
	return d, p, p.CheckVersion(version)
}

// LabelParcel gives a parcel its carrier and its label, which all its shipments
// bear. They share what it costs by their units.
func LabelParcel(ctx context.Context, tx *db.Tx, pid id.Parcel, version int64, c fulfillment.Carriage) (*fulfillment.Parcel, error) {
	_, p, err := takeParcel(ctx, tx, pid, version)
	if err != nil {
		return nil, err
	}
	all := p.Shipments
	if err := p.Label(c); err != nil {
		return nil, err
	}
	return p, fulfillment.SaveParcel(ctx, tx, p, all)
}

// UnmergeParcel lets the shipments of a parcel without a label go on their own,
// packed as they are.
func UnmergeParcel(ctx context.Context, tx *db.Tx, pid id.Parcel, version int64) (*fulfillment.Parcel, error) {
	_, p, err := takeParcel(ctx, tx, pid, version)
	if err != nil {
		return nil, err
	}
	all, err := p.Unmerge()
	if err != nil {
		return nil, err
	}
	return p, fulfillment.SaveParcel(ctx, tx, p, all)
}

// VoidParcel unpacks a parcel that has not left. Its goods stay picked, each for
// its order.
func VoidParcel(ctx context.Context, tx *db.Tx, pid id.Parcel, version int64, reason string) (*fulfillment.Parcel, error) {
	d, p, err := takeParcel(ctx, tx, pid, version)
	if err != nil {
		return nil, err
	}
	if err := p.MayVoid(); err != nil {
		return nil, err
	}
	live := p.Live()
	for _, s := range live {
		f := d.fulfillments[s.Fulfillment]
		if err := withWork(d.orders[s.Order], f, func() error { return f.Void(s, reason) }); err != nil {
			return nil, err
		}
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	if err := fulfillment.SaveParcel(ctx, tx, p, live); err != nil {
		return nil, err
	}
	return p, order.Save(ctx, tx, sorted(d.orders))
}

// DispatchParcel books that a parcel left, with all that is in it.
func DispatchParcel(ctx context.Context, tx *db.Tx, pid id.Parcel) (*fulfillment.Parcel, error) {
	p, err := fulfillment.GetParcel(ctx, tx, pid)
	if err != nil {
		return nil, err
	}
	var inside []id.Shipment
	for _, s := range p.Live() {
		inside = append(inside, s.ID)
	}
	if len(inside) == 0 {
		return nil, fault.New(fault.Conflict, "parcel."+string(p.Status()), "Nothing is in the parcel: it is %s.", p.Status())
	}
	if _, err := Dispatch(ctx, tx, inside...); err != nil {
		return nil, err
	}
	return fulfillment.GetParcel(ctx, tx, pid)
}

// wholeParcels adds what is in one box with shipments: a box leaves as a whole.
func wholeParcels(ctx context.Context, r db.Reader, shipments []*fulfillment.Shipment) ([]*fulfillment.Shipment, error) {
	boxed, err := fulfillment.Boxed(ctx, r, shipments)
	if err != nil {
		return nil, err
	}
	known := map[id.Shipment]bool{}
	for _, s := range shipments {
		known[s.ID] = true
	}
	for _, s := range boxed {
		if !known[s.ID] {
			shipments = append(shipments, s)
		}
	}
	return shipments, nil
}

// toldOfAll repeats what is said of a shipment for what is in one box with it.
func toldOfAll(events []fulfillment.TrackingEvent, shipments []*fulfillment.Shipment) []fulfillment.TrackingEvent {
	parcel := map[id.Shipment]id.Parcel{}
	for _, s := range shipments {
		parcel[s.ID] = s.Parcel
	}
	all := slices.Clone(events)
	for _, e := range events {
		box := parcel[e.Shipment]
		for _, s := range shipments {
			if !box.IsZero() && s.Parcel == box && s.ID != e.Shipment && s.Status != fulfillment.ShipmentVoided {
				e := e
				e.Shipment = s.ID
				all = append(all, e)
			}
		}
	}
	return all
}
