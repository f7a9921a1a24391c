package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// Split gives units of a fulfillment order, which nobody has picked, a
// fulfillment order of their own at the same location, so that they leave in a
// parcel of their own. Stock and reservations stay as they are. It returns the
// new one.
func Split(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, units fulfillment.Quantities) (*fulfillment.Order, error) {
	var part *fulfillment.Order
	_, err := onFulfillment(ctx, tx, fid, version, func(o *order.Order, f *fulfillment.Order) (err error) {
		if err := heldHere(o, f); err != nil {
			return err
		}
		if err := together(o, f, units, "split off"); err != nil {
			return err
		}
		part, err = f.Split(units, tx.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return part, fulfillment.Create(ctx, tx, []*fulfillment.Order{part})
}

// Merge gives all that is open of fulfillment orders to another one of the same
// order at the same location: the undo of Split. It returns the one that has the
// units now.
func Merge(ctx context.Context, tx *db.Tx, into id.Fulfillment, version int64, from []id.Fulfillment) (*fulfillment.Order, error) {
	d, err := openDock(ctx, tx, append([]id.Fulfillment{into}, from...))
	if err != nil {
		return nil, err
	}
	target := d.fulfillments[into]
	if err := target.CheckVersion(version); err != nil {
		return nil, err
	}
	for _, fid := range unique(from) {
		f := d.fulfillments[fid]
		o := d.orders[f.Order]
		if err := heldHere(o, f); err != nil {
			return nil, err
		}
		err := withWorks(d.orders, []*fulfillment.Order{f, target}, func() error { return f.Merge(target, tx.Now()) })
		if err != nil {
			return nil, err
		}
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return nil, err
	}
	return target, order.Save(ctx, tx, sorted(d.orders))
}
