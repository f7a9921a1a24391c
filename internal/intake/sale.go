package intake

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// sales books orders.
func (b *batch) sales(ctx context.Context, tx *db.Tx, all []*result) error {
	open := good(all)
	var pasts []flow.Past
	for _, r := range open {
		if b.im.o.Mode == AsHistory && r.doc.Unfinished && r.doc.CancelledAt.IsZero() {
			r.fault = fault.New(fault.Conflict, "import.not_finished", "Something of the order is still to be sent: import it with --as new.")
		}
	}
	open = good(open)
	for _, r := range open {
		pasts = append(pasts, b.past(r))
	}
	if len(open) == 0 {
		return nil
	}
	placed, err := b.placeAll(ctx, tx, pasts)
	if err != nil {
		return err
	}
	var cancelled []flow.Cancellation
	var refunds []flow.Refunding
	for i, p := range placed {
		r := open[i]
		if p.Err != nil {
			f, ok := blame(p.Err)
			if !ok {
				return p.Err
			}
			r.fault = f
			continue
		}
		r.outcome = outcomeOrder
		r.become(objectOrder, id.Any(p.Order.ID))
		if pasts[i].Cancelled && openUnits(p.Order) {
			cancelled = append(cancelled, flow.Cancellation{Order: p.Order.ID, Reason: order.CancelOther, Note: "cancelled before the import"})
		}
		if n := min(r.doc.Payment.Refunded, pasts[i].Paid); n > 0 {
			refunds = append(refunds, flow.Refunding{Order: p.Order.ID, Amount: n, Reason: "refunded before the import"})
		}
	}
	if len(cancelled) > 0 {
		if _, err := flow.Cancel(ctx, tx, cancelled); err != nil {
			return err
		}
	}
	if len(refunds) == 0 {
		return nil
	}
	return flow.GiveBack(ctx, tx, refunds)
}

// placeAll books orders in the mode of the import. In the mode new, goods that
// have left go before those that are only promised, so that these do not take
// what had left.
func (b *batch) placeAll(ctx context.Context, tx *db.Tx, pasts []flow.Past) ([]flow.Placed, error) {
	if b.im.o.Mode == AsHistory {
		return flow.BookHistory(ctx, tx, pasts, b.im.o.Stock)
	}
	placed := make([]flow.Placed, len(pasts))
	for _, sent := range []bool{true, false} {
		var part []flow.Past
		var at []int
		for i, p := range pasts {
			if sent == slices.ContainsFunc(p.Shipped, func(n int64) bool { return n > 0 }) {
				part, at = append(part, p), append(at, i)
			}
		}
		if len(part) == 0 {
			continue
		}
		done, err := flow.RunThrough(ctx, tx, part)
		if err != nil {
			return nil, err
		}
		for i, p := range done {
			placed[at[i]] = p
		}
	}
	return placed, nil
}

func openUnits(o *order.Order) bool {
	return slices.ContainsFunc(o.Lines, func(l *order.Line) bool {
		return l.Kind != order.KindKit && l.Quantity > l.Cancelled+l.Shipped
	})
}

// past is a document as the flows take it.
func (b *batch) past(r *result) flow.Past {
	d := r.doc
	p := flow.Past{
		Placement: flow.Placement{Owe: true, Draft: b.draft(r)},
		Location:  b.place.location.ID, ShippedAt: d.FulfilledAt, Cancelled: !d.CancelledAt.IsZero(),
		Paid: d.Payment.Paid, Method: method(d.Payment.Method), Label: d.Payment.Method, Reference: d.Payment.Reference,
		Shipped: make([]int64, len(d.Lines)),
	}
	finished := !d.FulfilledAt.IsZero() || b.im.o.Mode == AsHistory && !p.Cancelled
	for i, l := range d.Lines {
		p.Shipped[i] = l.Fulfilled
		if finished {
			p.Shipped[i] = l.Quantity
		}
		p.Lines[i].MaySplit = p.Shipped[i] > 0 // it left, from wherever
	}
	return p
}

func (b *batch) draft(r *result) order.Draft {
	d := r.doc
	out := order.Draft{
		Channel: b.place.channels[b.im.channelOf(d)].ID, ExternalID: d.ExternalID, ExternalNumber: d.Number, Customer: r.customer,
		Email: d.Customer.Email, Phone: cmp.Or(d.Customer.Phone, d.ShipTo.Phone), ShipTo: d.ShipTo, BillTo: d.BillTo,
		Currency: d.Currency, TaxInclusive: d.TaxIncluded, Tags: d.Tags, CustomerNote: d.Note, ShippingMethod: d.ShippingName, PlacedAt: d.PlacedAt,
	}
	taxes := statedTaxes(d)
	for i, l := range d.Lines {
		v := b.variant(d, l.SKU)
		line := order.DraftLine{
			Variant: v.ID, ExternalID: l.ExternalID, SKU: l.SKU, Title: l.Title, Quantity: l.Quantity, UnitPrice: l.UnitPrice, TaxRate: l.TaxRate, Backorder: true,
		}
		if v.ID.IsZero() {
			line.Listing = cmp.Or(l.SKU, l.Title)
			if l.NoShipping {
				line.Kind, line.Listing = order.KindService, ""
			}
		} else {
			line.SKU, line.Kind = v.SKU, lineKind(v.Kind) // what a channel calls otherwise is ours
		}
		if l.Discount > 0 {
			line.Discounts = []order.DraftDiscount{{Kind: order.DiscountAmount, Amount: l.Discount, Title: "Discount"}}
		}
		if taxes != nil {
			line.Tax = &taxes[i]
		}
		out.Lines = append(out.Lines, line)
	}
	for i, c := range d.Charges {
		kind := order.ChargeFee
		if c.Kind == ShippingCharge {
			kind = order.ChargeShipping
		}
		charge := order.DraftCharge{Kind: kind, Code: c.Code, Title: c.Title, Quantity: c.Quantity, UnitPrice: c.UnitPrice, Amount: c.Amount, TaxRate: c.TaxRate}
		if taxes != nil {
			charge.Tax = &taxes[len(d.Lines)+i]
		}
		out.Charges = append(out.Charges, charge)
	}
	for _, o := range d.Discounts {
		out.Discounts = append(out.Discounts, order.DraftDiscount{Kind: order.DiscountAmount, Amount: o.Amount, Code: o.Code, Title: cmp.Or(o.Code, "Discount")})
	}
	return out
}

// lineKind is the kind of a line of a variant.
func lineKind(k catalog.Kind) order.Kind {
	switch {
	case k == catalog.Kit:
		return order.KindKit
	case k.HasStock():
		return order.KindItem
	}
	return order.KindService
}

// statedTaxes splits the tax that a document states over its lines and charges,
// in proportion to the taxes that their rates give, so that the order costs to
// the cent what the source says. It is nil where the source states none.
func statedTaxes(d *OrderDocument) []int64 {
	if d.Stated.Tax == nil {
		return nil
	}
	n := len(d.Lines)
	net, weights := make([]int64, n), make([]int64, n+len(d.Charges))
	var all, off int64
	for i, l := range d.Lines {
		net[i] = l.Amount - l.Discount
		all += net[i]
	}
	for _, o := range d.Discounts {
		off += o.Amount
	}
	for i, part := range money.Split(min(off, all), net) {
		net[i] -= part
	}
	tax := func(amount int64, rate money.Rate) int64 {
		if d.TaxIncluded {
			return rate.Within(amount)
		}
		return rate.Of(amount)
	}
	var sum int64
	for i, l := range d.Lines {
		weights[i] = tax(net[i], l.TaxRate)
		sum += weights[i]
	}
	for i, c := range d.Charges {
		weights[n+i] = tax(c.Amount, c.TaxRate)
		sum += weights[n+i]
	}
	if sum == 0 { // it names no rate
		copy(weights, net)
	}
	return money.Split(*d.Stated.Tax, weights)
}

// methods are words that tell a means of payment.
var methods = []struct {
	word   string
	method payment.Method
}{
	{"gift", payment.GiftCard}, {"store credit", payment.StoreCredit},
	{"cash on delivery", payment.COD}, {"cod", payment.COD}, {"cash", payment.Cash}, {"cheque", payment.Cheque}, {"check", payment.Cheque},
	{"card", payment.Card}, {"paypal", payment.Card}, {"shopify", payment.Card}, {"stripe", payment.Card}, {"visa", payment.Card}, {"klarna", payment.Card},
}

// method is the means of payment that a source's words mean. Money of which
// nothing is known is at the bank.
func method(words string) payment.Method {
	words = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return ' '
	}, words)
	words = " " + strings.Join(strings.Fields(words), " ") + " "
	for _, m := range methods {
		if strings.Contains(words, " "+m.word+" ") {
			return m.method
		}
	}
	return payment.Bank
}
