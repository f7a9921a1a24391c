package order

import (
	"context"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// Bought asks for what a customer has bought of a variant.
type Bought struct {
	Customer id.Customer
	Variant  id.Variant
}

// Purchase is an order line of which something may still come back.
type Purchase struct {
	Bought
	Order    id.Order
	Line     id.Line
	PlacedAt time.Time
	Currency money.Currency
	Price    money.Micros
	Units    int64 // shipped, and not returned
	Value    int64 // invoiced, and not credited; tax included
	Invoiced int64 // units that Value is of
}

type purchaseRow struct {
	Customer id.Customer    `db:"customer_id"`
	Variant  id.Variant     `db:"variant_id"`
	Order    id.Order       `db:"order_id"`
	Line     id.Line        `db:"id"`
	PlacedAt time.Time      `db:"placed_at"`
	Currency money.Currency `db:"currency"`
	Price    money.Micros   `db:"unit_price_micros"`
	Units    int64          `db:"units"`
	Value    int64          `db:"value"`
	Invoiced int64          `db:"invoiced"`
}

// Purchases lists what was shipped to customers of variants and has not come
// back, newest first.
func Purchases(ctx context.Context, r db.Reader, asked []Bought) ([]Purchase, error) {
	var out []Purchase
	err := db.Chunks(asked, func(part []Bought) error {
		args := make([]any, 0, 2*len(part))
		for _, b := range part {
			args = append(args, b.Variant, b.Customer)
		}
		// Each pair is looked up by the variant's lines: CROSS JOIN keeps SQLite to it.
		return db.Each(ctx, r, func(p purchaseRow) error {
			out = append(out, Purchase{Bought{p.Customer, p.Variant}, p.Order, p.Line, p.PlacedAt, p.Currency, p.Price, p.Units, p.Value, p.Invoiced})
			return nil
		}, `
			SELECT o.customer_id, l.variant_id, l.order_id, l.id, l.placed_at, o.currency, l.unit_price_micros,
				l.shipped - l.returned AS units, l.invoiced_total - l.refunded_total AS value, l.invoiced - l.refunded AS invoiced
			FROM (VALUES `+db.Tuples(len(part), 2, "uuid", "uuid")+`) AS v
			CROSS JOIN order_line l
			CROSS JOIN sales_order o
			WHERE l.variant_id = v.column1 AND l.shipped > l.returned AND o.id = l.order_id AND o.customer_id = v.column2
				AND o.status IN ('open', 'completed')
			ORDER BY l.placed_at DESC, l.id DESC`, args...)
	})
	return out, err
}
