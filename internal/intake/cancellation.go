package intake

import (
	"context"
	"fmt"
	"strconv"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// cancellations books goods that came back, and charges that were given back.
func (b *batch) cancellations(ctx context.Context, tx *db.Tx, all []*result) error {
	for _, r := range good(all) {
		for i, l := range r.doc.Lines {
			if v := b.variant(r.doc, l.SKU); v.ID.IsZero() {
				r.fault = unknownArticle(l.SKU)
			} else if !v.Kind.HasStock() {
				f := fault.Fields{}
				f.Add(fmt.Sprintf("lines[%d]", i), "%s is %s and has no stock to come back to", l.SKU, v.Kind)
				r.fault, _ = fault.As(f.Err("import.no_stock_article", "The return cannot be booked"))
			}
		}
	}
	open := good(all)
	m, err := b.purchases(ctx, tx, open)
	if err != nil {
		return err
	}
	var back []flow.TakingBack
	var of []*result
	var billed []*result
	for _, r := range open {
		r.outcome = outcomeReturn
		for _, t := range b.takeBack(r, m) {
			back, of = append(back, t), append(of, r)
		}
		if len(r.doc.Charges) > 0 {
			billed = append(billed, r)
		}
	}
	if len(back) > 0 {
		done, err := flow.TakeBack(ctx, tx, back)
		if err != nil {
			return err
		}
		for i, ret := range done {
			of[i].become(objectReturn, id.Any(ret.ID))
		}
	}
	return b.bill(ctx, tx, billed)
}

// matcher is what customers have bought and may bring back, newest first.
type matcher map[order.Bought][]*order.Purchase

func (b *batch) purchases(ctx context.Context, tx *db.Tx, open []*result) (matcher, error) {
	m := matcher{}
	var asked []order.Bought
	for _, r := range open {
		if r.customer.IsZero() {
			continue
		}
		for _, l := range r.doc.Lines {
			key := order.Bought{Customer: r.customer, Variant: b.variant(r.doc, l.SKU).ID}
			if _, there := m[key]; !there {
				m[key] = nil
				asked = append(asked, key)
			}
		}
	}
	found, err := order.Purchases(ctx, tx, asked)
	for i := range found {
		p := &found[i]
		m[p.Bought] = append(m[p.Bought], p)
	}
	return m, err
}

// takeBack matches the lines of a cancellation to purchases: one return for each
// order that they were bought with, and one for the rest.
func (b *batch) takeBack(r *result, m matcher) []flow.TakingBack {
	d := r.doc
	byOrder := map[id.Order]*flow.TakingBack{}
	var list []*flow.TakingBack
	add := func(o id.Order, l flow.TakenBack) {
		t := byOrder[o]
		if t == nil {
			t = &flow.TakingBack{
				Order: o, Customer: r.customer, Location: b.place.location.ID, Currency: d.Currency, Disposition: returns.Restock,
				ExternalID: b.im.source + ":" + d.Key, Unmoved: b.im.o.Mode == AsHistory && b.im.o.Stock == flow.StockSkip, Note: d.Note,
			}
			if len(list) > 0 {
				t.ExternalID += "/" + strconv.Itoa(len(list)+1)
			}
			byOrder[o] = t
			list = append(list, t)
		}
		t.Lines = append(t.Lines, l)
	}
	for _, g := range b.given(d) {
		variant := b.variant(d, g.line.SKU).ID
		for _, p := range m.candidates(order.Bought{Customer: r.customer, Variant: variant}, d, g.line.UnitPrice) {
			if part, ok := g.from(p); ok {
				add(p.Order, part)
			}
		}
		if g.left > 0 {
			total, tax := g.share(g.total, g.left), g.share(g.tax, g.left)
			add(id.Order{}, flow.TakenBack{Variant: variant, Quantity: g.left, UnitPrice: g.line.UnitPrice, Total: &total, Tax: tax, Reason: "cancelled"})
		}
	}
	out := make([]flow.TakingBack, len(list))
	for i, t := range list {
		out[i] = *t
	}
	return out
}

// candidates are purchases that a returned line may be of: those at its price
// first, of each the newest.
func (m matcher) candidates(key order.Bought, d *OrderDocument, price money.Micros) []*order.Purchase {
	var same, others []*order.Purchase
	for _, p := range m[key] {
		switch {
		case p.Currency != d.Currency || p.PlacedAt.After(d.PlacedAt) || p.Units == 0:
		case p.Price == price:
			same = append(same, p)
		case price > 0:
			others = append(others, p)
		}
	}
	return append(same, others...)
}

// given is a returned line as it is handed out over purchases.
type given struct {
	line       *DocumentLine
	units      int64 // that come back
	left       int64 // of these, that have no purchase yet
	total, tax int64 // given back for all of them, tax included, and the tax in it
}

// given lists the lines of a cancellation with what is given back for each.
func (b *batch) given(d *OrderDocument) []*given {
	net := make([]int64, len(d.Lines))
	var all, off int64
	for i, l := range d.Lines {
		net[i] = max(0, -l.Amount-l.Discount)
		all += net[i]
	}
	for _, o := range d.Discounts {
		off += o.Amount
	}
	for i, part := range money.Split(min(off, all), net) {
		net[i] -= part
	}
	out := make([]*given, len(d.Lines))
	for i := range d.Lines {
		l := &d.Lines[i]
		g := &given{line: l, units: -l.Quantity, left: -l.Quantity, total: net[i], tax: l.TaxRate.Within(net[i])}
		if !d.TaxIncluded {
			g.tax = l.TaxRate.Of(net[i])
			g.total += g.tax
		}
		out[i] = g
	}
	return out
}

// share is the part of an amount that belongs to the next n units.
func (g *given) share(amount, n int64) int64 {
	done := g.units - g.left
	return money.Share(amount, done, done+n, g.units)
}

// from hands units out to a purchase: as many as it has left, with no more value
// than it has left.
func (g *given) from(p *order.Purchase) (flow.TakenBack, bool) {
	n := min(g.left, p.Units)
	for n > 0 && g.share(g.total, n) > p.Value {
		n = min(n-1, p.Value*g.units/g.total+1) // the first guess may be one too many, by rounding
	}
	if n == 0 {
		return flow.TakenBack{}, false
	}
	total := g.share(g.total, n)
	part := flow.TakenBack{Line: p.Line, Quantity: n, UnitPrice: g.line.UnitPrice, Reason: "cancelled"}
	if n <= p.Invoiced && total == money.Share(p.Value, 0, n, p.Invoiced) {
		p.Invoiced -= n // as it was bought: units are credited, not an amount
	} else {
		part.Total = &total
	}
	p.Units -= n
	p.Value -= total
	g.left -= n
	return part, true
}
