package credit

import (
	"context"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// ruleBalance: a balance is the sum of its entries and holds what its open holds
// have left.
const ruleBalance = "CRD-1"

// Verify recomputes balances from entries and holds, and reports what differs.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID      id.Credit `db:"id"`
		Balance int64     `db:"balance"`
		Held    int64     `db:"held"`
		Entries int64     `db:"entries"`
		Open    int64     `db:"open"`
	}
	err := db.Each(ctx, r, func(x row) error {
		report.Equal(ruleBalance, x.ID.String(), "balance", x.Balance, x.Entries)
		report.Equal(ruleBalance, x.ID.String(), "held", x.Held, x.Open)
		return nil
	}, `
		SELECT c.id, c.balance, c.held, COALESCE(e.total, 0) AS entries, COALESCE(h.total, 0) AS open
		FROM credit c
		LEFT JOIN (SELECT credit_id, CAST(SUM(amount) AS BIGINT) AS total FROM credit_entry GROUP BY credit_id) e ON e.credit_id = c.id
		LEFT JOIN (SELECT credit_id, CAST(SUM(amount - consumed - released) AS BIGINT) AS total FROM credit_hold GROUP BY credit_id) h ON h.credit_id = c.id
		WHERE c.balance <> COALESCE(e.total, 0) OR c.held <> COALESCE(h.total, 0)`)
	if err != nil {
		return err
	}
	type hold struct {
		ID     id.Transaction `db:"id"`
		Status HoldStatus     `db:"status"`
		Want   HoldStatus     `db:"want"`
	}
	return db.Each(ctx, r, func(x hold) error {
		report.Equal(ruleBalance, x.ID.String(), "status of the hold", x.Status, x.Want)
		return nil
	}, `
		SELECT id, status, want FROM (SELECT id, status, CASE WHEN consumed + released < amount THEN 'open' WHEN consumed > 0 THEN 'consumed' ELSE 'released' END AS want FROM credit_hold) h
		WHERE status <> want`)
}
