package flow

import (
	"context"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// RepairStock rewrites stock levels and values that differ from the rows that
// make them, and reports and audits each. Promises that the rows cannot keep
// become backorders.
func RepairStock(ctx context.Context, tx *db.Tx, report check.Report) error {
	q := newQueue()
	displaced, err := inventory.Repair(ctx, tx, report)
	if err != nil {
		return err
	}
	if err := q.displace(ctx, tx, displaced); err != nil {
		return err
	}
	return q.fill(ctx, tx, nil)
}

// overdueWindow is how far back invoices are looked at that may have fallen due
// without anybody having been told: longer than the program is ever off.
const overdueWindow = 31

// MarkOverdue marks the next orders behind after whose invoices have fallen due
// lately and are not paid. It returns the last order it looked at, and the zero
// id when there are no more.
func MarkOverdue(ctx context.Context, tx *db.Tx, after id.Order) (id.Order, error) {
	if set, err := hasCompany(ctx, tx); err != nil || !set {
		return id.Order{}, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return id.Order{}, err
	}
	today := b.Day(tx.Now())
	from := tx.Now().In(b.Zone()).AddDate(0, 0, -overdueWindow).Format(time.DateOnly)
	due, err := accounting.FallenDue(ctx, tx, from, today, after, batch)
	if err != nil || len(due) == 0 {
		return id.Order{}, err
	}
	orders, err := order.Take(ctx, tx, due...)
	if err != nil {
		return id.Order{}, err
	}
	var changed []*order.Order
	for _, o := range orders {
		if !o.Overdue && o.Balance() > 0 {
			o.SetOverdue(true)
			changed = append(changed, o)
		}
	}
	return due[len(due)-1], order.Save(ctx, tx, changed)
}
