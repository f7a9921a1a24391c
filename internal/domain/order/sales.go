package order

import (
	"context"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// Sold is what was sold of a variant in orders of one currency and exchange rate.
type Sold struct {
	Variant  id.Variant     `db:"variant_id"`
	Currency money.Currency `db:"currency"`
	Rate     string         `db:"exchange_rate"` // base currency for one unit
	Total    int64          `db:"total"`         // with tax where prices contain it
}

// SoldSince sums what was sold of variants since a time, less what was cancelled.
func SoldSince(ctx context.Context, r db.Reader, variants []id.Variant, since time.Time) ([]Sold, error) {
	return db.SelectIn[Sold](ctx, r, `
		SELECT l.variant_id, o.currency, o.exchange_rate, CAST(SUM(l.total - l.total * l.cancelled / l.quantity) AS BIGINT) AS total
		FROM order_line l JOIN sales_order o ON o.id = l.order_id
		WHERE l.placed_at >= ? AND l.quantity > 0 AND l.kind IN ('item', 'component') AND o.status IN ('pending', 'open', 'completed') AND l.variant_id IN (/*in*/)
		GROUP BY l.variant_id, o.currency, o.exchange_rate`, variants, since)
}
