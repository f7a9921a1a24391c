package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// Allowance is money granted back of what was invoiced, without goods coming back:
// for a complaint, or a discount given late.
type Allowance struct {
	Order   id.Order
	Version int64 // of the order, that the caller saw; 0: any
	Lines   []Allowed
	Reason  string
}

// Allowed is an amount of an invoiced line or charge: one of the two.
type Allowed struct {
	Line   id.Line
	Charge id.Charge
	Amount int64 // minor units of the order's currency, tax included
}

// Credit issues a credit note over amounts of what an order was invoiced, with the
// tax as it was invoiced, never computed anew. The customer owes less, and money
// that was paid too much stays with the order until it is refunded.
func Credit(ctx context.Context, tx *db.Tx, a Allowance) (*order.Order, *accounting.Invoice, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	taken, err := order.Take(ctx, tx, a.Order)
	if err != nil {
		return nil, nil, err
	}
	o := taken[0]
	if err := o.CheckVersion(a.Version); err != nil {
		return nil, nil, err
	}
	if len(a.Lines) == 0 {
		return nil, nil, fault.New(fault.Invalid, "order.nothing_to_credit", "Name the lines and amounts to be credited.")
	}
	before := o.Credited // issue books from what was owed before
	doc := b.document(tx, accounting.CreditSeries, o)
	for _, in := range a.Lines {
		line, err := allow(o, in)
		if err != nil {
			return nil, nil, err
		}
		doc.Lines = append(doc.Lines, line...)
	}
	if a.Reason != "" {
		for i := range doc.Lines {
			doc.Lines[i].Title += ": " + a.Reason
		}
	}
	o.Credited = before
	if _, err := b.issue(ctx, tx, map[id.Order]*order.Order{o.ID: o}, []*accounting.Invoice{doc}); err != nil {
		return nil, nil, err
	}
	o.Refresh(tx.Now())
	if err := finish(ctx, tx, taken); err != nil {
		return nil, nil, err
	}
	return o, doc, lessOwed(ctx, tx, taken)
}

// allow grants back an amount, and returns the lines of the credit note: of a kit,
// one for each component that shares it.
func allow(o *order.Order, in Allowed) ([]accounting.InvoiceLine, error) {
	if !in.Charge.IsZero() {
		sum, err := o.CreditCharge(in.Charge, in.Amount)
		if err != nil {
			return nil, err
		}
		for _, c := range o.Charges {
			if c.ID == in.Charge {
				line := chargeLine(c, sum)
				line.Quantity, line.UnitPrice = 1, 0
				return []accounting.InvoiceLine{line}, nil
			}
		}
	}
	l := o.Line(in.Line)
	parts := []*order.Line{l}
	if l != nil && l.Kind == order.KindKit {
		parts = o.Components(l.ID)
	}
	was := make([]order.Sums, len(parts))
	for i, p := range parts {
		if p != nil {
			was[i] = p.Sums
		}
	}
	if _, err := o.CreditAmount(in.Line, in.Amount); err != nil {
		return nil, err
	}
	var lines []accounting.InvoiceLine
	for i, p := range parts {
		total, tax := p.RefundedTotal-was[i].RefundedTotal, p.RefundedTax-was[i].RefundedTax
		if total == 0 && tax == 0 {
			continue
		}
		lines = append(lines, accounting.InvoiceLine{
			Kind: accounting.ItemLine, Line: id.Any(p.ID), SKU: p.SKU, Title: p.Title, Quantity: 1,
			Subtotal: total - tax, TaxRate: p.TaxRate, Tax: tax, Total: total,
		})
	}
	return lines, nil
}
