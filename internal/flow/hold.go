package flow

import (
	"context"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// ChangeOrder takes an order, lets change do to it what concerns the order
// alone (holds, tags, notes, addresses, priority, custom fields), and saves it.
// What waited for the change is released. version is the one that the caller
// saw, 0 for any.
func ChangeOrder(ctx context.Context, tx *db.Tx, oid id.Order, version int64, change func(o *order.Order) error) (*order.Order, error) {
	taken, err := order.Take(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	o := taken[0]
	if err := o.CheckVersion(version); err != nil {
		return nil, err
	}
	priority := o.Priority
	if err := change(o); err != nil {
		return nil, err
	}
	if o.Priority != priority {
		if err := prioritize(ctx, tx, o); err != nil {
			return nil, err
		}
	}
	return o, finish(ctx, tx, taken)
}

// prioritize gives an order's work and its place in the queue for stock the
// order's priority.
func prioritize(ctx context.Context, tx *db.Tx, o *order.Order) error {
	work, err := fulfillment.TakeByOrder(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	for _, f := range work {
		f.Priority = o.Priority
	}
	if err := fulfillment.Save(ctx, tx, work); err != nil {
		return err
	}
	demands := make([]id.Any, len(o.Lines))
	for i, l := range o.Lines {
		demands[i] = id.Any(l.ID)
	}
	return inventory.Prioritize(ctx, tx, demands, o.Priority)
}

// Hold keeps an order, a fulfillment order or a line from being sent.
func Hold(ctx context.Context, tx *db.Tx, oid id.Order, version int64, h order.Hold) (*order.Order, error) {
	return ChangeOrder(ctx, tx, oid, version, func(o *order.Order) error {
		_, err := o.Hold(h)
		return err
	})
}

// ReleaseHold ends a hold; what waited for nothing else may be worked on.
func ReleaseHold(ctx context.Context, tx *db.Tx, oid id.Order, version int64, hold id.Hold) (*order.Order, error) {
	return ChangeOrder(ctx, tx, oid, version, func(o *order.Order) error {
		for _, h := range o.Holds {
			if h.ID == hold {
				if err := mayApprove(ctx, o, h); err != nil {
					return err
				}
			}
		}
		_, err := o.ReleaseHold(hold)
		return err
	})
}

// batch is how many orders a scheduled flow takes in one transaction.
const batch = 100

// ExpireHolds ends the holds whose time is over, and returns how many orders
// were concerned.
func ExpireHolds(ctx context.Context, tx *db.Tx) (int, error) {
	due, err := order.HeldUntil(ctx, tx, tx.Now(), batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	orders, err := order.Take(ctx, tx, due...)
	if err != nil {
		return 0, err
	}
	for _, o := range orders {
		o.ExpireHolds(tx.Now())
	}
	return len(orders), finish(ctx, tx, orders)
}

// Unfillable lists orders that have waited for stock longer than their channel
// lets them, behind after, a batch at a time.
func Unfillable(ctx context.Context, r db.Reader, now time.Time, after id.Order) ([]id.Order, error) {
	channels, err := channel.List(ctx, r)
	if err != nil {
		return nil, err
	}
	var due []id.Order
	for _, c := range channels {
		if c.BackorderDays == 0 {
			continue
		}
		found, err := order.Unfilled(ctx, r, c.ID, now.AddDate(0, 0, -int(c.BackorderDays)), now, after, batch)
		if err != nil {
			return nil, err
		}
		due = append(due, found...)
	}
	due = unique(due)
	return due[:min(len(due), batch)], nil
}

// CancelUnfillable cancels what an order still waits for; of a kit of which a
// component is missing, the whole kit.
func CancelUnfillable(ctx context.Context, tx *db.Tx, oid id.Order) error {
	o, err := order.Get(ctx, tx, oid)
	if err != nil {
		return err
	}
	units := map[id.Line]int64{}
	for _, l := range o.Lines {
		if n := o.Kit(l).Backordered; n > 0 && l.Kind != order.KindComponent {
			units[l.ID] = n
		}
	}
	if len(units) == 0 {
		return nil // stock came meanwhile
	}
	_, err = Cancel(ctx, tx, []Cancellation{{Order: oid, Version: o.Version, Lines: units, Reason: order.CancelInventory, Notify: true}})
	return err
}
