package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/receivable"
	"purser/internal/platform/db"
)

// Remind records that reminders were sent for invoices, each of the level that it
// is due for. All of them must be due for one.
func Remind(ctx context.Context, tx *db.Tx, invoices []id.Invoice, note string) ([]receivable.Reminder, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	today := b.Day(tx.Now())
	levels, err := receivable.Dunning(ctx, tx)
	if err != nil {
		return nil, err
	}
	last, err := receivable.Last(ctx, tx, invoices)
	if err != nil {
		return nil, err
	}
	var sent []receivable.Reminding
	for _, i := range unique(invoices) {
		d, err := accounting.GetInvoice(ctx, tx, i)
		if err != nil {
			return nil, err
		}
		level := int64(0)
		if d.Series == accounting.InvoiceSeries && d.Open() > 0 {
			level = receivable.Next(levels, d.DueOn, last[i], today)
		}
		if level == 0 {
			return nil, fault.New(fault.Conflict, "reminder.not_due", "%s is not due for a reminder: %d were sent, and it was due on %s.", d.Name(), last[i].Level, d.DueOn)
		}
		sent = append(sent, receivable.Reminding{Invoice: i, Order: d.Order, Company: d.Company, Number: d.Number, Level: level, Open: d.Open()})
	}
	return receivable.Remind(ctx, tx, today, note, sent)
}
