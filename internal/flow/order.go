package flow

import (
	"context"
	"fmt"
	"slices"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// takeOrders locks the sales orders that a batch is about.
func takeOrders[T any](ctx context.Context, tx *db.Tx, batch []T, of func(T) id.Order) (map[id.Order]*order.Order, error) {
	wanted := make([]id.Order, len(batch))
	for i, x := range batch {
		wanted[i] = of(x)
	}
	taken, err := order.Take(ctx, tx, unique(wanted)...)
	if err != nil {
		return nil, err
	}
	orders := make(map[id.Order]*order.Order, len(taken))
	for _, o := range taken {
		orders[o.ID] = o
	}
	return orders, nil
}

// finish writes taken orders, spreads their money over their invoices, and
// opens the gates of what waits for nothing any more.
func finish(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	received := map[id.Order]int64{}
	for _, o := range orders {
		if o.Invoiced > 0 {
			received[o.ID] = o.Paid() + o.Credited
		}
	}
	if err := accounting.Allocate(ctx, tx, received); err != nil {
		return err
	}
	if err := order.Save(ctx, tx, orders); err != nil {
		return err
	}
	return releaseOrders(ctx, tx, orders)
}

func sorted(orders map[id.Order]*order.Order) []*order.Order {
	list := make([]*order.Order, 0, len(orders))
	for _, o := range orders {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *order.Order) int { return a.ID.Compare(b.ID) })
	return list
}

func keys[K comparable, V any](m map[K]V) []K {
	list := make([]K, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	return list
}

func memo(o *order.Order) string { return fmt.Sprintf("order %d", o.Number) }

func abs(n int64) int64 { return max(n, -n) }
