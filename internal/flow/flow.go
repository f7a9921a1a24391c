// Package flow tells the stories that cross areas: placing, cancelling,
// shipping, paying, receiving, returning. Each step belongs to an area; the
// order of the steps belongs here. A flow takes the transaction it works in: it
// holds no SQL and calls no connector. Verbs take slices, and one order is a
// batch of one.
//
// Whoever takes several kinds of rows takes them in this order, so that no two
// flows wait for each other: sales orders, pick batch, fulfillment orders,
// shipments, returns, payments, transfers, stock levels by variant and location,
// the capacities of locations, companies' credit limits, gift cards and store
// credits, number series; each kind sorted by id.
package flow

import (
	"context"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Items are base units of a variant, where a caller names them in a batch.
type Items map[id.Variant]int64

// books is the company as the journal and the ledger need it.
type books struct {
	setting.Company
}

// Today is the company's business day of an instant.
func Today(ctx context.Context, r db.Reader, at time.Time) (string, error) {
	b, err := openBooks(ctx, r)
	return b.Day(at), err
}

func openBooks(ctx context.Context, r db.Reader) (books, error) {
	c, err := setting.LoadCompany(ctx, r)
	return books{c}, err
}

// stock is how the ledger values and dates movements.
func (b books) stock() inventory.Book {
	return inventory.Book{Base: b.BaseCurrency, Day: b.Day}
}

// rateOn finds what one unit of a currency is worth in the base currency on the
// day of an instant, and the day the rate is of.
func (b books) rateOn(ctx context.Context, r db.Reader, c money.Currency, at time.Time) (rate, day string, err error) {
	day = b.Day(at)
	if c == b.BaseCurrency {
		return "1", day, nil
	}
	found, err := accounting.RateOn(ctx, r, b.BaseCurrency, c, day)
	return found.Rate, found.Date, err
}

func ids(orders []*order.Order) []id.Order {
	out := make([]id.Order, len(orders))
	for i, o := range orders {
		out[i] = o.ID
	}
	return out
}
