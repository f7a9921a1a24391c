package flow

import (
	"context"
	"fmt"
	"slices"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
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

// finish bills what needs no shipment, writes taken orders, spreads their money
// over their invoices, and opens the gates of what waits for nothing any more.
func finish(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	if err := billRemainders(ctx, tx, orders); err != nil {
		return err
	}
	received := map[id.Order]int64{}
	for _, o := range orders {
		if o.Overdue && o.Balance() <= 0 {
			o.SetOverdue(false)
		}
		if o.Invoiced > 0 {
			received[o.ID] = o.Paid() + o.Credited
		}
	}
	meant, err := payment.Designated(ctx, tx, keys(received))
	if err != nil {
		return err
	}
	if err := accounting.Allocate(ctx, tx, received, meant); err != nil {
		return err
	}
	if err := activateGiftCards(ctx, tx, orders); err != nil {
		return err
	}
	if err := order.Save(ctx, tx, orders); err != nil {
		return err
	}
	return releaseOrders(ctx, tx, orders)
}

// billRemainders invoices the services and charges of orders of which nothing is
// left to send: once they are paid, or at once where the customer pays by invoice.
// Where goods leave, these are billed with the first of them.
func billRemainders(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	var due []*order.Order
	for _, o := range orders {
		if hasRemainder(o) {
			due = append(due, o)
		}
	}
	if len(due) == 0 {
		return nil
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return err
	}
	byID := make(map[id.Order]*order.Order, len(due))
	docs := make([]*accounting.Invoice, len(due))
	for i, o := range due {
		byID[o.ID] = o
		docs[i] = b.document(tx, accounting.InvoiceSeries, o)
		if err := billRest(o, docs[i]); err != nil {
			return err
		}
	}
	if _, err := b.issue(ctx, tx, byID, docs); err != nil {
		return err
	}
	for _, o := range due {
		o.Refresh(tx.Now())
	}
	return nil
}

// hasRemainder tells whether services or charges of an order are to be invoiced
// now, without goods.
func hasRemainder(o *order.Order) bool {
	if o.Status != order.StatusOpen && o.Status != order.StatusCompleted || o.Balance() > 0 && !o.OnTerms() {
		return false
	}
	if slices.ContainsFunc(o.Lines, func(l *order.Line) bool { return l.Open() > 0 }) {
		return false
	}
	return slices.ContainsFunc(o.Charges, func(c *order.Charge) bool { return !c.Invoiced && !c.Cancelled }) ||
		slices.ContainsFunc(o.Lines, func(l *order.Line) bool {
			return l.Kind == order.KindService && l.Quantity > l.Cancelled+l.Invoiced
		})
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
