// Package number gives out numbers that people use: order numbers, which may
// have gaps, and fiscal numbers, which may not.
package number

import (
	"context"

	"purser/internal/platform/db"
)

// Series of numbers that may have gaps.
const (
	Order     = "order"
	Shipment  = "shipment"
	Transfer  = "transfer"
	Return    = "return"
	PickBatch = "pick_batch"
	Count     = "stock_count"
)

// Fiscal series: without gaps.
const (
	Invoice    = "invoice"
	CreditNote = "credit_note"
)

// Next takes n numbers of a series that may have gaps; the first of a new
// company is 1001. Numbers of a transaction that is rolled back may be lost.
func Next(ctx context.Context, tx *db.Tx, series string, n int) ([]int64, error) {
	if tx.Postgres() {
		return db.Select[int64](ctx, tx, `SELECT nextval('number_`+series+`') FROM generate_series(1, ?::int)`, n)
	}
	return take(ctx, tx, series, n, 1001)
}

// Fiscal takes n consecutive numbers of a series without gaps, from 1. It holds
// the series until the transaction ends: take it last.
func Fiscal(ctx context.Context, tx *db.Tx, series string, n int) ([]int64, error) {
	return take(ctx, tx, series, n, 1)
}

func take(ctx context.Context, tx *db.Tx, series string, n int, first int64) ([]int64, error) {
	var next int64
	err := tx.QueryRow(ctx, `
		INSERT INTO number_series (name, next) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET next = number_series.next + ?
		RETURNING next`, series, first+int64(n), n).Scan(&next)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, n)
	for i := range numbers {
		numbers[i] = next - int64(n) + int64(i)
	}
	return numbers, nil
}
