package flow

import (
	"context"

	"purser/internal/base/id"
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

// CancelExpired cancels drafts and pending orders whose time is over, and
// returns how many.
func CancelExpired(ctx context.Context, tx *db.Tx) (int, error) {
	due, err := order.RunOut(ctx, tx, tx.Now(), batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	what := make([]Cancellation, len(due))
	for i, o := range due {
		what[i] = Cancellation{Order: o, Reason: order.CancelExpired}
	}
	_, err = Cancel(ctx, tx, what)
	return len(due), err
}
