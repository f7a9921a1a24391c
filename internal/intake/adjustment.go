package intake

import (
	"cmp"
	"context"
	"strings"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// adjustments books stock that was found or written off.
func (b *batch) adjustments(ctx context.Context, tx *db.Tx, all []*result) error {
	for _, r := range good(all) {
		for _, l := range r.doc.Lines {
			if v := b.variant(r.doc, l.SKU); v.ID.IsZero() || !v.Kind.HasStock() {
				r.fault = unknownArticle(l.SKU)
			}
		}
	}
	skip := b.im.o.Mode == AsHistory && b.im.o.Stock == flow.StockSkip
	var postings []inventory.Posting
	for _, r := range good(all) {
		r.outcome = outcomeAdjustment
		cause := id.New[id.Any](tx.Now())
		for _, l := range r.doc.Lines {
			if skip {
				r.objects = append(r.objects, object{Kind: objectUnmoved, Code: l.SKU, Quantity: l.Quantity})
				continue
			}
			postings = append(postings, inventory.Posting{
				Variant: b.variant(r.doc, l.SKU).ID, Location: b.place.location.ID, Quantity: l.Quantity, Reason: cmp.Or(l.Reason, "correction"), Note: l.Remark,
				Cause: inventory.Cause{Kind: "import", ID: cause},
			})
		}
		if !skip {
			r.become(objectAdjustment, cause)
		}
	}
	if len(postings) == 0 {
		return nil
	}
	adjust := flow.AdjustAnyway
	if !b.im.moves() {
		adjust = flow.AdjustStock
	}
	_, err := adjust(ctx, tx, postings)
	return err
}

// charges books charges without goods.
func (b *batch) charges(ctx context.Context, tx *db.Tx, all []*result) error {
	open := good(all)
	for _, r := range open {
		r.outcome = outcomeCharge
	}
	return b.bill(ctx, tx, open)
}

// bill bills the charges of documents, those that were charged and those that
// were given back apart.
func (b *batch) bill(ctx context.Context, tx *db.Tx, results []*result) error {
	var billings []flow.Billing
	var of []*result
	for _, r := range results {
		for _, credit := range []bool{false, true} {
			lines := billLines(r.doc, credit)
			if len(lines) > 0 {
				billings = append(billings, flow.Billing{Credit: credit, Customer: r.customer, Currency: r.doc.Currency, Lines: lines})
				of = append(of, r)
			}
		}
	}
	if len(billings) == 0 {
		return nil
	}
	docs, err := flow.Bill(ctx, tx, billings)
	for i, doc := range docs {
		of[i].become(objectInvoice, id.Any(doc.ID))
	}
	return err
}

// billLines are the charges of a document, or what is given back of them, with
// positive amounts.
func billLines(d *OrderDocument, credit bool) []accounting.InvoiceLine {
	var lines []accounting.InvoiceLine
	for _, c := range d.Charges {
		sign := int64(1)
		if credit {
			sign = -1
		}
		if back := c.Quantity < 0 || c.Amount < 0 || d.Kind == Cancellation; back != credit {
			continue
		}
		kind := accounting.FeeLine
		if c.Kind == ShippingCharge {
			kind = accounting.ShippingLine
		}
		l := accounting.InvoiceLine{Kind: kind, SKU: c.Code, Title: c.Title, Quantity: c.Quantity * sign, UnitPrice: c.UnitPrice, TaxRate: c.TaxRate, Total: c.Amount * sign}
		if d.Kind == Cancellation && c.Quantity > 0 { // a return states them as they were charged
			l.Quantity, l.Total = c.Quantity, c.Amount
		}
		if d.TaxIncluded {
			l.Tax = c.TaxRate.Within(l.Total)
		} else {
			l.Tax = c.TaxRate.Of(l.Total)
			l.Total += l.Tax
		}
		lines = append(lines, l)
	}
	return lines
}

// bookEntries books corrections of the books alone: what is taken off a
// customer's debt is a loss.
func (b *batch) bookEntries(ctx context.Context, tx *db.Tx, all []*result) error {
	for _, r := range good(all) {
		r.outcome = outcomeBookEntry
		for _, c := range r.doc.Charges {
			source := accounting.Source{Kind: "import", ID: id.New[id.Any](tx.Now())}
			if err := flow.WriteOffDebt(ctx, tx, source, money.Of(-c.Amount, r.doc.Currency), strings.TrimSpace(r.doc.Number+" "+c.Title)); err != nil {
				return err
			}
			r.objects = append(r.objects, object{Kind: objectJournal, ID: source.ID, Code: c.Code, Quantity: c.Quantity})
		}
	}
	return nil
}
