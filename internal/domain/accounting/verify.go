package accounting

import (
	"context"
	"fmt"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// The rules that Verify checks.
const (
	ruleBalance = "INV-6"  // every entry sums to zero in each currency and in the base currency
	ruleNumbers = "INV-13" // fiscal numbers are unique and have no gaps
	ruleInvoice = "ACC-1"  // a document's totals are its lines', its state what is paid of it
)

// Verify recomputes balances, totals and numbers from rows, and reports what
// differs.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	for _, f := range []func(context.Context, db.Reader, check.Report) error{verifyJournal, verifyNumbers, verifyInvoices, verifyReversals} {
		if err := f(ctx, r, report); err != nil {
			return err
		}
	}
	return nil
}

func verifyJournal(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID       id.Journal     `db:"journal_id"`
		Currency money.Currency `db:"currency"`
		Sum      int64          `db:"total"`
	}
	for _, q := range []string{
		`SELECT journal_id, currency, CAST(SUM(amount) AS BIGINT) AS total FROM journal_line GROUP BY journal_id, currency HAVING SUM(amount) <> 0`,
		`SELECT journal_id, 'base' AS currency, CAST(SUM(base) AS BIGINT) AS total FROM journal_line GROUP BY journal_id HAVING SUM(base) <> 0`,
		`SELECT id AS journal_id, 'lines' AS currency, 0 AS total FROM journal WHERE id NOT IN (SELECT journal_id FROM journal_line)`,
	} {
		err := db.Each(ctx, r, func(x row) error {
			report.Equal(ruleBalance, x.ID.String(), "sum in "+string(x.Currency), x.Sum, int64(0))
			if x.Currency == "lines" {
				report.Equal(ruleBalance, x.ID.String(), "lines", 0, "some")
			}
			return nil
		}, q)
		if err != nil {
			return err
		}
	}
	all, err := TrialBalance(ctx, r, "", "")
	if err != nil {
		return err
	}
	sums, base, exchange := map[money.Currency]int64{}, int64(0), int64(0)
	for _, b := range all {
		sums[b.Currency] += b.Amount
		base += b.Base
		if b.Account == Exchange {
			exchange += b.Base
		}
	}
	for c, n := range sums {
		report.Equal(ruleBalance, "the trial balance", "sum in "+string(c), n, int64(0))
	}
	report.Equal(ruleBalance, "the trial balance", "sum in the base currency", base, int64(0))
	report.Equal(ruleBalance, "the trial balance", "value of account "+Exchange, exchange, int64(0))
	return nil
}

func verifyNumbers(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Series Series `db:"series"`
		Count  int64  `db:"documents"`
		First  int64  `db:"lowest"`
		Last   int64  `db:"highest"`
	}
	return db.Each(ctx, r, func(x row) error {
		report.Equal(ruleNumbers, string(x.Series), "first number", x.First, int64(1))
		report.Equal(ruleNumbers, string(x.Series), "last number", x.Last, x.Count)
		return nil
	}, `SELECT series, COUNT(*) AS documents, MIN(number) AS lowest, MAX(number) AS highest FROM invoice GROUP BY series ORDER BY series`)
}

func verifyInvoices(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Series       Series        `db:"series"`
		Number       int64         `db:"number"`
		Subtotal     int64         `db:"subtotal"`
		Tax          int64         `db:"tax"`
		Total        int64         `db:"total"`
		Paid         int64         `db:"paid"`
		Status       InvoiceStatus `db:"status"`
		LineSubtotal int64         `db:"line_subtotal"`
		LineTax      int64         `db:"line_tax"`
		LineTotal    int64         `db:"line_total"`
	}
	return db.Each(ctx, r, func(x row) error {
		name := fmt.Sprintf("%s %d", x.Series, x.Number)
		report.Equal(ruleInvoice, name, "subtotal", x.Subtotal, x.LineSubtotal)
		report.Equal(ruleInvoice, name, "tax", x.Tax, x.LineTax)
		report.Equal(ruleInvoice, name, "total", x.Total, x.LineTotal)
		want := Invoice{Series: x.Series, Total: x.Total, Status: x.Status}
		want.settle(x.Paid)
		if x.Status != Draft {
			report.Equal(ruleInvoice, name, "status", x.Status, want.Status)
			report.Equal(ruleInvoice, name, "paid", x.Paid, want.Paid)
		}
		return nil
	}, `
		SELECT i.series, i.number, i.subtotal, i.tax, i.total, i.paid, i.status,
			COALESCE(l.subtotal, 0) AS line_subtotal, COALESCE(l.tax, 0) AS line_tax, COALESCE(l.total, 0) AS line_total
		FROM invoice i LEFT JOIN (
			SELECT invoice_id, CAST(SUM(subtotal) AS BIGINT) AS subtotal, CAST(SUM(tax) AS BIGINT) AS tax, CAST(SUM(total) AS BIGINT) AS total
			FROM invoice_line GROUP BY invoice_id
		) l ON l.invoice_id = i.id`)
}

// verifyReversals sees that a credit note which takes an invoice back is of its
// amount, and that the invoice is owed no more.
func verifyReversals(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Number int64 `db:"number"`
		Total  int64 `db:"total"`
		Of     int64 `db:"invoiced"`
		Paid   int64 `db:"paid"`
	}
	return db.Each(ctx, r, func(x row) error {
		name := fmt.Sprintf("credit_note %d", x.Number)
		report.Equal(ruleInvoice, name, "total of the invoice it takes back", x.Total, x.Of)
		report.Equal(ruleInvoice, name, "paid of the invoice it takes back", x.Paid, x.Of)
		return nil
	}, `SELECT c.number, c.total, i.total AS invoiced, i.paid FROM invoice c JOIN invoice i ON i.id = c.reverses_id WHERE c.series = 'credit_note'`)
}
