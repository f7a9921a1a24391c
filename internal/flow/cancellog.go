package flow

import (
	"context"
	"encoding/json"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/change"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// cancelLog keeps cancellations as confirmed sets of changes, so that they can be
// undone like any other.
type cancelLog struct {
	orders   map[id.Order]*order.Order
	versions map[id.Order]int64
	before   map[id.Order]order.Agreement
}

func newCancelLog(orders map[id.Order]*order.Order) *cancelLog {
	l := &cancelLog{orders, map[id.Order]int64{}, map[id.Order]order.Agreement{}}
	for oid, o := range orders {
		l.versions[oid], l.before[oid] = o.Version, o.Agreement()
	}
	return l
}

// write stores one set for each order, whose units were cancelled by all.
func (l *cancelLog) write(ctx context.Context, tx *db.Tx, what []Cancellation, all map[id.Order][]order.Cancelled) error {
	var sets []*change.Set
	written := map[id.Order]bool{}
	for _, c := range what {
		if written[c.Order] {
			continue
		}
		written[c.Order] = true
		var actions []change.Action
		for _, x := range all[c.Order] {
			if len(actions) < change.MaxActions { // what was agreed before and after tells all
				actions = append(actions, change.Action{Kind: change.CancelUnits, Line: x.Line, Quantity: x.Quantity})
			}
		}
		s, err := change.New(tx.Now(), c.Order, l.versions[c.Order], change.Cancel, actions, string(c.Reason), c.Note)
		if err != nil {
			return err
		}
		before, err := json.Marshal(l.before[c.Order])
		if err != nil {
			return err
		}
		after, err := json.Marshal(l.orders[c.Order].Agreement())
		if err != nil {
			return err
		}
		if err := s.Confirm(tx.Now(), auth.Actor(ctx), before, after); err != nil {
			return err
		}
		sets = append(sets, s)
	}
	return change.Insert(ctx, tx, sets...)
}

// spoil books that goods which come back from picking are damaged.
func (q *queue) spoil(ctx context.Context, tx *db.Tx, b books) error {
	if len(q.spoiled) == 0 {
		return nil
	}
	rows, displaced, err := inventory.ChangeState(ctx, tx, b.stock(), q.spoiled)
	if err != nil {
		return err
	}
	if err := b.bookMovements(ctx, tx, func(inventory.Movement) postingRule { return accounting.Vary }, rows); err != nil {
		return err
	}
	return q.displace(ctx, tx, displaced)
}

// settleCancelled gives back what was paid too much, where cancellations say so,
// and returns the orders as they are then.
func settleCancelled(ctx context.Context, tx *db.Tx, what []Cancellation, orders []*order.Order) ([]*order.Order, error) {
	over := map[id.Order]int64{}
	for _, o := range orders {
		over[o.ID] = max(-o.Balance(), 0)
	}
	var refunds []Refunding
	for _, c := range what {
		amount := over[c.Order]
		if c.Refund > 0 {
			amount = c.Refund
		}
		if c.Settlement == SettleRefund && amount > 0 {
			refunds = append(refunds, Refunding{Order: c.Order, Amount: amount, Reason: "cancelled: " + string(c.Reason)})
			over[c.Order] = 0
		}
	}
	if len(refunds) == 0 {
		return orders, nil
	}
	if err := Refund(ctx, tx, refunds); err != nil {
		return nil, err
	}
	return order.Many(ctx, tx, ids(orders))
}
