package view

import (
	"context"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// DaySales is what a channel sold on a business day, in the company's base
// currency: orders that were placed and not cancelled whole.
type DaySales struct {
	Day     string     `db:"day"` // YYYY-MM-DD
	Channel id.Channel `db:"channel_id"`
	Name    string     `db:"name"`
	Orders  int64      `db:"orders"`
	Total   int64      `db:"total"` // minor units, tax included
}

// Sales adds orders up by business day and channel, from an instant on: give it
// the beginning of the first day.
func Sales(ctx context.Context, r db.Reader, from time.Time) ([]DaySales, error) {
	return db.Select[DaySales](ctx, r, `
		SELECT o.business_date AS day, o.channel_id, c.name, COUNT(*) AS orders, SUM(o.base_total) AS total
		FROM sales_order o JOIN channel c ON c.id = o.channel_id
		WHERE o.placed_at >= ? AND o.status NOT IN ('draft', 'cancelled')
		GROUP BY o.business_date, o.channel_id, c.name ORDER BY o.business_date, c.name`, from)
}
