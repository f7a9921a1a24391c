package payment

import (
	"context"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// The rules that Verify checks.
const (
	ruleSums   = "INV-5" // sums and states of a payment are those of its transactions
	ruleRefund = "PAY-1" // a refund that went out has one transaction that succeeded, and the reverse
)

// Verify recomputes sums and states from transactions, and reports what differs.
// It takes payments in pages, so it needs little memory.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	var last id.Payment
	for {
		var w db.Where
		if !last.IsZero() {
			w.And("id > ?", last)
		}
		rows, err := db.Select[Payment](ctx, r, `SELECT `+db.Columns[Payment]()+` FROM payment`+w.SQL()+` ORDER BY id LIMIT 1024`, w.Args()...)
		if err != nil || len(rows) == 0 {
			return err
		}
		last = rows[len(rows)-1].ID
		payments, err := withRows(ctx, r, rows)
		if err != nil {
			return err
		}
		for _, p := range payments {
			p.verify(report)
		}
	}
}

func (p *Payment) verify(report check.Report) {
	name, want := p.ID.String(), *p
	want.refresh()
	report.Equal(ruleSums, name, "authorized", p.Authorized, want.Authorized)
	report.Equal(ruleSums, name, "captured", p.Captured, want.Captured)
	report.Equal(ruleSums, name, "refunded", p.Refunded, want.Refunded)
	report.Equal(ruleSums, name, "status", p.Status, want.Status)
	report.Equal(ruleSums, name, "dispute", p.Dispute, want.Dispute)
	report.Equal(ruleSums, name, "0 <= refunded <= captured <= authorized", true,
		0 <= want.Refunded && want.Refunded <= want.Captured && want.Captured <= want.Authorized)
	paid := map[id.Any]int64{}
	for _, t := range p.Transactions {
		report.Equal(ruleSums, t.ID.String(), "settled_at is set", !t.SettledAt.IsZero(), !t.State.Open())
		if t.Kind == KindRefund && t.State == Succeeded {
			paid[t.CauseID] += t.Amount
		}
	}
	for _, r := range p.Refunds {
		due := int64(0)
		if r.Status == RefundSucceeded {
			due = r.Amount
		}
		report.Equal(ruleRefund, r.ID.String(), "amount paid back", due, paid[id.Any(r.ID)])
		delete(paid, id.Any(r.ID))
	}
	for cause, n := range paid {
		report.Equal(ruleRefund, name, "paid back for "+cause.String(), int64(0), n)
	}
}
