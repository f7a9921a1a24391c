package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// queue is the orders that wait for, or were promised, goods which move now.
type queue struct {
	orders       map[id.Order]*order.Order
	fulfillments []*fulfillment.Order
	created      []*fulfillment.Order
	changed      map[id.Order]*order.Order
	decisions    []routing.Entry
	recalls      bool                        // goods are taken off work only as long as they are not picked
	causes       map[id.Order]routing.Cause  // orders of which a decision is kept whatever it gives them
	of           map[id.Order]id.Fulfillment // where units are taken off an order alone

	spoils  map[id.Order]bool   // what is picked of an order and taken off is damaged
	spoiled []inventory.Reclass // what was

	capacity capacities // of locations that were asked for parcels
	given    int64      // units that those who waited got
}

func newQueue() *queue {
	return &queue{
		orders: map[id.Order]*order.Order{}, changed: map[id.Order]*order.Order{}, causes: map[id.Order]routing.Cause{}, spoils: map[id.Order]bool{},
		capacity: capacities{}, of: map[id.Order]id.Fulfillment{},
	}
}

// takeWaiting takes those who wait longest for variants, and orders that the
// caller means to change, before the stock is locked.
func takeWaiting(ctx context.Context, tx *db.Tx, variants []id.Variant, others ...id.Order) (*queue, error) {
	waiting, err := inventory.Queue(ctx, tx, unique(variants))
	if err != nil {
		return nil, err
	}
	turns := inTurn(waiting)
	q := newQueue()
	return q, q.take(ctx, tx, order.Take, unique(slices.Concat(turns[:min(batch, len(turns))], others)))
}

// inTurn lists the orders that wait, in the order in which they are served: by
// priority, then by the time since which they wait.
func inTurn(waiting []inventory.Reservation) []id.Order {
	type turn struct {
		order    id.Order
		priority int64
		since    time.Time
	}
	turns := map[id.Order]turn{}
	for _, w := range waiting {
		if w.DemandKind != inventory.ForOrder {
			continue
		}
		o := id.Order(w.Order)
		t, known := turns[o]
		if !known {
			t = turn{o, w.Priority, w.QueuedAt}
		}
		t.priority = max(t.priority, w.Priority)
		if w.QueuedAt.Before(t.since) {
			t.since = w.QueuedAt
		}
		turns[o] = t
	}
	list := make([]turn, 0, len(turns))
	for _, t := range turns {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b turn) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), a.since.Compare(b.since), a.order.Compare(b.order))
	})
	orders := make([]id.Order, len(list))
	for i, t := range list {
		orders[i] = t.order
	}
	return orders
}

// take adds orders with their work to the queue, in the way of order.Take or
// order.TakeNow.
func (q *queue) take(ctx context.Context, tx *db.Tx, how func(context.Context, *db.Tx, ...id.Order) ([]*order.Order, error), concerned []id.Order) error {
	more := slices.DeleteFunc(slices.Clone(concerned), func(o id.Order) bool { return q.orders[o] != nil })
	if len(more) == 0 {
		return nil
	}
	taken, err := how(ctx, tx, more...)
	if err != nil {
		return err
	}
	for _, o := range taken {
		q.orders[o.ID] = o
	}
	fulfillments, err := fulfillment.TakeByOrder(ctx, tx, more...)
	q.fulfillments = append(q.fulfillments, fulfillments...)
	return err
}

// lock locks the stock of variants, and of all that the queue's orders wait for:
// goods that leave together are given together.
func (q *queue) lock(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	_, err := inventory.Lock(ctx, tx, unique(append(q.backordered(keys(q.orders)), variants...)))
	return err
}

// backordered is what orders of the queue wait for.
func (q *queue) backordered(orders []id.Order) []id.Variant {
	var variants []id.Variant
	for _, o := range orders {
		for _, l := range q.orders[o].Lines {
			if l.Backordered > 0 {
				variants = append(variants, l.Variant)
			}
		}
	}
	return unique(variants)
}

// displace takes promises whose goods are gone off the work of locations; the
// units wait in the queue. The orders are taken only now, since it is rare that a
// promise breaks.
func (q *queue) displace(ctx context.Context, tx *db.Tx, displaced []inventory.Displaced) error {
	var concerned []id.Order
	for _, d := range displaced {
		if d.DemandKind == inventory.ForOrder {
			concerned = append(concerned, id.Order(d.Order))
		}
	}
	if err := q.take(ctx, tx, order.TakeNow, unique(concerned)); err != nil {
		return err
	}
	for _, d := range displaced {
		if d.DemandKind != inventory.ForOrder {
			continue // a transfer, whose line stays short
		}
		o, line := q.orders[id.Order(d.Order)], id.Line(d.Demand)
		if err := q.pullBack(ctx, tx, o, line, d); err != nil {
			return err
		}
		q.changed[o.ID] = o
	}
	return nil
}

// pullBack takes displaced units of a line off the work of their location, those
// that are packed last: their shipment is voided.
func (q *queue) pullBack(ctx context.Context, tx *db.Tx, o *order.Order, line id.Line, d inventory.Displaced) error {
	left := d.Quantity
	for _, room := range []func(*fulfillment.Line) int64{(*fulfillment.Line).Free, (*fulfillment.Line).Open} {
		for _, f := range byProgress(q.fulfillments, o.ID) {
			l := f.Line(line)
			if l == nil || f.Location != d.Location || f.Status.Done() {
				continue
			}
			n := min(left, room(l))
			if n == 0 {
				continue
			}
			left -= n
			if err := q.unpack(ctx, tx, f, line, n, "stock_gone"); err != nil {
				return err
			}
			err := withWork(o, f, func() error {
				if err := f.Lose(line, n, "stock_gone", tx.Now()); err != nil {
					return err
				}
				return o.Unfill(line, n)
			})
			if err != nil {
				return err
			}
		}
	}
	if left > 0 {
		return fmt.Errorf("%d units of line %s are reserved at %s, and no work there has them", left, line, d.Location)
	}
	return nil
}

// fill gives what is available of variants to the orders that wait for them, and
// writes everything the queue changed.
func (q *queue) fill(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	if err := q.grant(ctx, tx, variants); err != nil {
		return err
	}
	if len(q.changed) == 0 {
		return nil
	}
	touched := slices.DeleteFunc(q.fulfillments, func(f *fulfillment.Order) bool { return q.changed[f.Order] == nil })
	if err := fulfillment.Save(ctx, tx, touched); err != nil {
		return err
	}
	if err := q.capacity.keep(ctx, tx, q.created); err != nil {
		return err
	}
	if err := fulfillment.Create(ctx, tx, q.created); err != nil {
		return err
	}
	if err := routing.Record(ctx, tx, q.decisions); err != nil {
		return err
	}
	return finish(ctx, tx, sorted(q.changed))
}

// grant gives what is available of variants to those who wait for them, by
// priority and age, until nothing is left.
func (q *queue) grant(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	waiting, err := inventory.Queue(ctx, tx, unique(variants))
	if err != nil {
		return err
	}
	for turns := range slices.Chunk(inTurn(waiting), batch) {
		levels, err := inventory.Lock(ctx, tx, variants)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(levels, func(l inventory.Level) bool { return l.Available() > 0 }) {
			return nil
		}
		if err := q.take(ctx, tx, order.TakeNow, turns); err != nil {
			return err
		}
		if err := q.grantTo(ctx, tx, turns); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) grantTo(ctx context.Context, tx *db.Tx, turns []id.Order) error {
	addresses := make([]geo.Address, len(turns))
	for i, o := range turns {
		addresses[i] = placeOf(q.orders[o])
	}
	wanted := q.backordered(turns)
	g := &grants{queue: q, desk: &desk{now: tx.Now()}, rows: map[id.Line][]*inventory.Reservation{}}
	if err := g.open(ctx, tx, turns, wanted, addresses); err != nil {
		return err
	}
	all, err := inventory.Queue(ctx, tx, wanted)
	if err != nil {
		return err
	}
	for i := range all {
		line := id.Line(all[i].Demand)
		g.rows[line] = append(g.rows[line], &all[i])
	}
	for _, o := range turns {
		if err := g.serve(q.orders[o]); err != nil {
			return err
		}
	}
	return inventory.Rehome(ctx, tx, g.moves)
}
