package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// Receipt is goods that came in.
type Receipt struct {
	Variant  id.Variant
	Location id.Location
	Quantity int64
	UnitCost *money.Micros // base currency; nil: the moving average, or the catalog's cost
	Opening  bool          // was there when the books began
	Reason   string
	Note     string
	Cause    inventory.Cause
}

// ReceiveGoods books goods that came in, and gives them to the backorders that
// wait for them, oldest first.
func ReceiveGoods(ctx context.Context, tx *db.Tx, receipts []Receipt) ([]inventory.Movement, error) {
	postings := make([]inventory.Posting, len(receipts))
	opening := map[inventory.Key]bool{}
	for i, r := range receipts {
		postings[i] = inventory.Posting{
			Variant: r.Variant, Location: r.Location, Kind: inventory.KindReceive, Quantity: r.Quantity, UnitCost: r.UnitCost,
			Reason: r.Reason, Note: r.Note, Cause: r.Cause,
		}
		if r.Opening {
			opening[postings[i].Key()] = true
		}
	}
	rule := func(m inventory.Movement) postingRule {
		if opening[m.Key] {
			return accounting.OpenStock
		}
		return accounting.Receive
	}
	return moveStock(ctx, tx, rule, variantsOf(postings), func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		rows, err := inventory.Post(ctx, tx, book, postings)
		return rows, nil, err
	})
}

// AdjustStock books that more or less is there than the books say. Where promised
// goods are gone, the newest promises become backorders: a physical fact is never
// refused.
func AdjustStock(ctx context.Context, tx *db.Tx, postings []inventory.Posting) ([]inventory.Movement, error) {
	rule := func(m inventory.Movement) postingRule {
		switch {
		case m.Kind == inventory.KindCount:
			return accounting.Count
		case m.Quantity < 0:
			return accounting.WriteOff
		}
		return accounting.Adjust
	}
	return moveStock(ctx, tx, rule, variantsOf(postings), func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.Adjust(ctx, tx, book, postings)
	})
}

// CountStock books the differences between what was counted and the books.
func CountStock(ctx context.Context, tx *db.Tx, counts []inventory.Count) ([]inventory.Movement, error) {
	var variants []id.Variant
	for _, c := range counts {
		variants = append(variants, c.Variant)
	}
	rule := func(inventory.Movement) postingRule { return accounting.Count }
	return moveStock(ctx, tx, rule, variants, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.ApplyCounts(ctx, tx, book, counts)
	})
}

// ChangeState books that units on hand are good for something else.
func ChangeState(ctx context.Context, tx *db.Tx, all []inventory.Reclass) ([]inventory.Movement, error) {
	var variants []id.Variant
	for _, c := range all {
		variants = append(variants, c.Variant)
	}
	rule := func(inventory.Movement) postingRule { return accounting.Vary }
	return moveStock(ctx, tx, rule, variants, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.ChangeState(ctx, tx, book, all)
	})
}

// UndoAdjustments books the reverse of adjustments and counts, once each.
func UndoAdjustments(ctx context.Context, tx *db.Tx, movements []id.Movement, reason string) ([]inventory.Movement, error) {
	rule := func(inventory.Movement) postingRule { return accounting.Adjust }
	return moveStock(ctx, tx, rule, nil, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.Undo(ctx, tx, book, movements, reason)
	})
}

// postingRule books what a movement is worth.
type postingRule = func(accounting.Posting, money.Amount) accounting.Entry

// moveStock books movements, what they are worth, and what follows for orders:
// promises whose goods are gone become backorders, and goods that came are given
// to those who wait. Without variants, those of the movements are meant.
func moveStock(
	ctx context.Context, tx *db.Tx,
	rule func(inventory.Movement) postingRule,
	variants []id.Variant,
	move func(inventory.Book) ([]inventory.Movement, []inventory.Displaced, error),
) ([]inventory.Movement, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	waiting, err := takeWaiting(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	if _, err := inventory.Lock(ctx, tx, unique(variants)); err != nil {
		return nil, err
	}
	rows, displaced, err := move(b.stock())
	if err != nil {
		return nil, err
	}
	if err := b.bookMovements(ctx, tx, rule, rows); err != nil {
		return nil, err
	}
	if err := waiting.displace(ctx, tx, displaced); err != nil {
		return nil, err
	}
	if len(variants) == 0 {
		for _, m := range rows {
			variants = append(variants, m.Variant)
		}
	}
	return rows, waiting.fill(ctx, tx, variants)
}

func (b books) bookMovements(ctx context.Context, tx *db.Tx, rule func(inventory.Movement) postingRule, rows []inventory.Movement) error {
	var entries []accounting.Entry
	for _, m := range rows {
		post := rule(m)
		if m.Kind == inventory.KindReclass {
			post = accounting.Vary
		}
		entries = append(entries, post(accounting.Posting{
			Source: accounting.Source{Kind: "movement", ID: id.Any(m.ID)}, Order: m.Order, Date: m.BusinessDate, Memo: m.Reason,
		}, b.value(m.Value)))
	}
	return accounting.Post(ctx, tx, entries)
}

func variantsOf(postings []inventory.Posting) []id.Variant {
	list := make([]id.Variant, len(postings))
	for i, p := range postings {
		list[i] = p.Variant
	}
	return unique(list)
}

// queue is the orders that wait for, or were promised, goods which move now.
type queue struct {
	orders       map[id.Order]*order.Order
	fulfillments []*fulfillment.Order
	created      []*fulfillment.Order
	changed      map[id.Order]*order.Order
}

// takeWaiting takes the orders that wait for variants, before the stock is
// locked.
func takeWaiting(ctx context.Context, tx *db.Tx, variants []id.Variant) (*queue, error) {
	waiting, err := inventory.Queue(ctx, tx, unique(variants))
	if err != nil {
		return nil, err
	}
	q := &queue{orders: map[id.Order]*order.Order{}, changed: map[id.Order]*order.Order{}}
	return q, q.take(ctx, tx, ordersOf(waiting))
}

func ordersOf(waiting []inventory.Reservation) []id.Order {
	var orders []id.Order
	for _, w := range waiting {
		if w.DemandKind == inventory.ForOrder {
			orders = append(orders, id.Order(w.Order))
		}
	}
	return unique(orders)
}

// take adds orders with their work to the queue.
func (q *queue) take(ctx context.Context, tx *db.Tx, concerned []id.Order) error {
	more := slices.DeleteFunc(concerned, func(o id.Order) bool { return q.orders[o] != nil })
	if len(more) == 0 {
		return nil
	}
	taken, err := takeOrders(ctx, tx, more, func(o id.Order) id.Order { return o })
	if err != nil {
		return err
	}
	for oid, o := range taken {
		q.orders[oid] = o
	}
	fulfillments, err := fulfillment.TakeByOrder(ctx, tx, more...)
	q.fulfillments = append(q.fulfillments, fulfillments...)
	return err
}

// displace takes promises whose goods are gone off the work of locations; the
// units wait in the queue. The orders are taken only now: it is rare that a
// promise breaks, and whoever meets another here is run again.
func (q *queue) displace(ctx context.Context, tx *db.Tx, displaced []inventory.Displaced) error {
	var concerned []id.Order
	for _, d := range displaced {
		if d.DemandKind == inventory.ForOrder {
			concerned = append(concerned, id.Order(d.Order))
		}
	}
	if err := q.take(ctx, tx, unique(concerned)); err != nil {
		return err
	}
	for _, d := range displaced {
		if d.DemandKind != inventory.ForOrder {
			continue // a transfer, whose line stays short
		}
		o, line := q.orders[id.Order(d.Order)], id.Line(d.Demand)
		if err := q.pullBack(tx, o, line, d); err != nil {
			return err
		}
		q.changed[o.ID] = o
	}
	return nil
}

// pullBack takes displaced units of a line off the work of their location.
func (q *queue) pullBack(tx *db.Tx, o *order.Order, line id.Line, d inventory.Displaced) error {
	left := d.Quantity
	for _, f := range byProgress(q.fulfillments, o.ID) {
		l := f.Line(line)
		if l == nil || f.Location != d.Location || f.Status.Done() {
			continue
		}
		n := min(left, l.Free())
		if n == 0 {
			continue
		}
		left -= n
		err := withWork(o, f, func() error {
			if err := f.Cancel(line, n, "stock_gone", tx.Now()); err != nil {
				return err
			}
			return o.Unfill(line, n)
		})
		if err != nil {
			return err
		}
	}
	if left > 0 {
		return fault.New(fault.Conflict, "order.packed", "The goods are packed for order %d already: void its shipment first.", o.Number)
	}
	return nil
}

// fill gives what is available to the backorders of variants, by priority and
// age, and writes everything the queue changed.
func (q *queue) fill(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	moves, err := q.grants(ctx, tx, variants)
	if err != nil {
		return err
	}
	if err := inventory.Rehome(ctx, tx, moves); err != nil {
		return err
	}
	if len(q.changed) == 0 {
		return nil
	}
	touched := slices.DeleteFunc(q.fulfillments, func(f *fulfillment.Order) bool { return q.changed[f.Order] == nil })
	if err := fulfillment.Save(ctx, tx, touched); err != nil {
		return err
	}
	if err := fulfillment.Create(ctx, tx, q.created); err != nil {
		return err
	}
	return finish(ctx, tx, sorted(q.changed))
}

func (q *queue) grants(ctx context.Context, tx *db.Tx, variants []id.Variant) ([]inventory.Move, error) {
	waiting, err := inventory.Queue(ctx, tx, unique(variants))
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	if err := q.take(ctx, tx, ordersOf(waiting)); err != nil {
		return nil, err
	}
	levels, err := inventory.Lock(ctx, tx, unique(variants))
	if err != nil {
		return nil, err
	}
	locations, err := inventory.Locations(ctx, tx)
	if err != nil {
		return nil, err
	}
	ships := map[id.Location]bool{}
	for _, l := range locations {
		ships[l.ID] = l.Ships()
	}
	free := routing.Stock{}
	for _, l := range levels {
		if ships[l.Location] {
			free[routing.At{Location: l.Location, Variant: l.Variant}] = l.Available()
		}
	}
	var moves []inventory.Move
	for _, w := range waiting {
		o := q.orders[id.Order(w.Order)]
		if o == nil || w.DemandKind != inventory.ForOrder {
			continue
		}
		for _, at := range places(w, levels) {
			n := min(w.Quantity, free[routing.At{Location: at, Variant: w.Variant}])
			if n <= 0 {
				continue
			}
			free[routing.At{Location: at, Variant: w.Variant}] -= n
			w.Quantity -= n
			moves = append(moves, inventory.Move{
				Demand: w.Demand, Variant: w.Variant, From: w.Location, To: at, FromKind: inventory.Backorder, ToKind: inventory.Stock, Quantity: n,
			})
			if err := q.grant(tx, o, id.Line(w.Demand), w.Variant, at, n); err != nil {
				return nil, err
			}
		}
	}
	return moves, nil
}

// places lists where a backorder may be filled from: where it waits, then
// wherever there is most.
func places(w inventory.Reservation, levels []inventory.Level) []id.Location {
	mine := slices.DeleteFunc(slices.Clone(levels), func(l inventory.Level) bool { return l.Variant != w.Variant || l.Location == w.Location })
	slices.SortStableFunc(mine, func(a, b inventory.Level) int { return int(b.Available() - a.Available()) })
	list := []id.Location{w.Location}
	for _, l := range mine {
		list = append(list, l.Location)
	}
	return list
}

// grant gives stock at a location to a backordered line: with work that has not
// begun there, or as new work.
func (q *queue) grant(tx *db.Tx, o *order.Order, line id.Line, v id.Variant, at id.Location, n int64) error {
	if err := o.Fill(line, n); err != nil {
		return err
	}
	q.changed[o.ID] = o
	for _, f := range append(q.fulfillments, q.created...) {
		if f.Order == o.ID && f.Location == at && (f.Status == fulfillment.Scheduled || f.Status == fulfillment.Open) {
			return f.Add(line, v, n)
		}
	}
	f := fulfillment.New(tx.Now(), o.ID, at)
	f.Priority, f.ShipBy = o.Priority, o.ShipBy
	q.created = append(q.created, f)
	return f.Add(line, v, n)
}

// fillFreed gives stock that was released to those who wait for it.
func fillFreed(ctx context.Context, tx *db.Tx, releases []inventory.Claim) error {
	var variants []id.Variant
	for _, r := range releases {
		if r.Kind == inventory.Stock {
			variants = append(variants, r.Variant)
		}
	}
	return fillBackorders(ctx, tx, unique(variants))
}

// fillBackorders gives what is available of variants to those who wait for it.
func fillBackorders(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	waiting, err := inventory.Queue(ctx, tx, variants)
	if err != nil || len(waiting) == 0 {
		return err
	}
	q, err := takeWaiting(ctx, tx, variants)
	if err != nil {
		return err
	}
	return q.fill(ctx, tx, variants)
}
