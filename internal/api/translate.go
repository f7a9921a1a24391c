package api

import (
	"cmp"
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/order"
	"purser/internal/domain/tax"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// translator turns orders of a request into placements: names into ids, and
// amounts into minor units of the order's currency. What the names stand for is
// read once for all orders.
type translator struct {
	channels map[id.Channel]channel.Channel
	listings map[id.Channel]map[string]id.Variant
	articles articles
}

func openTranslator(ctx context.Context, r db.Reader, orders []NewOrder) (*translator, error) {
	t := &translator{listings: map[id.Channel]map[string]id.Variant{}}
	var channels []id.Channel
	var named []Article
	externals := map[id.Channel][]string{}
	for _, o := range orders {
		channels = append(channels, o.ChannelID)
		for _, l := range o.Lines {
			if l.Article != (Article{}) {
				named = append(named, l.Article)
			} else if l.Listing != "" {
				externals[o.ChannelID] = append(externals[o.ChannelID], l.Listing)
			}
		}
	}
	var err error
	if t.channels, err = channel.Many(ctx, r, channels); err != nil {
		return nil, err
	}
	for c, list := range externals {
		if t.listings[c], err = channel.Resolve(ctx, r, c, list); err != nil {
			return nil, err
		}
	}
	t.articles, err = readArticles(ctx, r, named)
	return t, err
}

const badOrder = "The order cannot be placed like this."

// translate turns an order into a placement.
func (t *translator) translate(ctx context.Context, n *NewOrder) (flow.Placement, error) {
	if n.priced() && !auth.From(ctx).May(auth.OrderPrice) {
		return flow.Placement{}, fault.New(fault.Forbidden, "auth.forbidden", "%s has no permission %q: leave prices and discounts out.", auth.From(ctx).Name, auth.OrderPrice)
	}
	ch, ok := t.channels[n.ChannelID]
	if !ok {
		return flow.Placement{}, fault.Fields{"channel_id": "there is no such channel"}.Err("order.invalid", badOrder)
	}
	f := fault.Fields{}
	p := flow.Placement{Owe: n.Owe, Draft: order.Draft{
		Channel: n.ChannelID, ExternalID: n.ExternalID, ExternalNumber: n.ExternalNumber, Status: n.Status, Customer: n.CustomerID,
		Company: n.CompanyID, CompanyLocation: n.CompanyLocationID, Email: n.Email, Phone: n.Phone, ShipTo: n.ShipTo, BillTo: n.BillTo, Pickup: n.PickupLocationID,
		Currency: cmp.Or(n.Currency, ch.Currency), TaxInclusive: ch.TaxInclusive, Priority: n.Priority, Tags: n.Tags, Custom: n.Custom,
		AssignedTo: n.AssignedTo, CustomerNote: n.CustomerNote, ShippingMethod: n.ShippingMethod, ExpiresAt: n.ExpiresAt.UTC(),
		ShipBy: n.ShipBy.UTC(), DeliverBy: n.DeliverBy.UTC(), PlacedAt: n.PlacedAt.UTC(),
	}}
	set(&p.TaxInclusive, n.TaxInclusive)
	for i, l := range n.Lines {
		p.Lines = append(p.Lines, t.line(f, item("lines", i, ""), n.ChannelID, l, p.Currency))
		if l.UnitPrice == nil {
			p.ListPriced = append(p.ListPriced, i)
		}
		if l.TaxRate == nil && l.Tax == nil {
			p.Taxing.Lines = append(p.Taxing.Lines, i)
		}
	}
	for i, c := range n.Charges {
		if c.TaxRate == nil && c.Tax == nil {
			p.Taxing.Charges = append(p.Taxing.Charges, i)
		}
		p.Charges = append(p.Charges, chargeOf(f, item("charges", i, ""), c, p.Currency))
	}
	p.Discounts = discountsOf(f, "", n.Discounts, p.Currency)
	return p, f.Err("order.invalid", badOrder)
}

func (t *translator) line(f fault.Fields, prefix string, c id.Channel, l NewLine, currency money.Currency) order.DraftLine {
	out := order.DraftLine{
		ExternalID: l.ExternalID, Listing: l.Listing, SKU: l.SKU, Title: l.Title, Quantity: l.Quantity,
		Discounts: discountsOf(f, prefix, l.Discounts, currency), Backorder: l.Backorder, MaySplit: l.MaySplit,
		ShipBy: l.ShipBy.UTC(), DeliverBy: l.DeliverBy.UTC(), Custom: l.Custom,
	}
	set(&out.UnitPrice, l.UnitPrice)
	set(&out.TaxRate, l.TaxRate)
	if l.Tax != nil {
		tax := minorOf(f, prefix+"tax", *l.Tax, currency)
		out.Tax = &tax
	}
	switch {
	case l.Service && l.Article == (Article{}):
		out.Kind, out.SKU = order.KindService, cmp.Or(l.Listing, l.Title)
	case l.Article == (Article{}) && l.Listing != "":
		out.Variant = t.listings[c][l.Listing]
		if out.Variant.IsZero() {
			out.SKU = l.Listing
		}
	default:
		out.Variant = t.articles.find(f, prefix, l.Article).ID
	}
	if out.Variant.IsZero() && l.UnitPrice == nil {
		f.Add(prefix+"unit_price", "is missing: no price list knows the article")
	}
	return out
}

func chargeOf(f fault.Fields, prefix string, c NewCharge, currency money.Currency) order.DraftCharge {
	out := order.DraftCharge{Kind: c.Kind, Code: c.Code, Title: cmp.Or(c.Title, string(c.Kind))}
	set(&out.TaxRate, c.TaxRate)
	out.Amount = minorOf(f, prefix+"amount", c.Amount, currency)
	if c.Discount != nil {
		out.Discount = minorOf(f, prefix+"discount", *c.Discount, currency)
	}
	if c.Tax != nil {
		tax := minorOf(f, prefix+"tax", *c.Tax, currency)
		out.Tax = &tax
	}
	return out
}

func discountsOf(f fault.Fields, prefix string, discounts []NewDiscount, currency money.Currency) []order.DraftDiscount {
	var out []order.DraftDiscount
	for i, d := range discounts {
		field := prefix + item("discounts", i, "")
		draft := order.DraftDiscount{Kind: d.Kind, Rate: d.Rate, Code: d.Code, Title: d.Title}
		switch {
		case d.Kind == order.DiscountAmount && d.Amount == nil:
			f.Add(field+"amount", "is missing")
		case d.Amount != nil:
			draft.Amount = minorOf(f, field+"amount", *d.Amount, currency)
		}
		out = append(out, draft)
	}
	return out
}

// asked is an order of a request on its way to be placed.
type asked struct {
	*NewOrder
	flow.Placement
	err error // why it cannot be placed
}

// meet finds the customers of orders, or adds them.
func meet(ctx context.Context, tx *db.Tx, orders []*asked) error {
	identities := make([]customer.Identity, len(orders))
	for i, a := range orders {
		who := a.NewOrder.Customer
		if !a.CustomerID.IsZero() || who == nil {
			continue
		}
		where := who.Address
		if where.IsZero() {
			where = a.NewOrder.ShipTo
		}
		identities[i] = customer.Identity{
			Number: who.Number, Email: cmp.Or(who.Email, a.NewOrder.Email), Name: who.Name, Phone: cmp.Or(who.Phone, a.NewOrder.Phone),
			Address: where, Currency: a.Placement.Currency, Language: who.Language,
		}
	}
	met, err := customer.Resolve(ctx, tx, identities)
	if err != nil {
		return err
	}
	known := make([]id.Customer, len(orders))
	for i, a := range orders {
		if !met[i].IsZero() {
			a.Placement.Customer = met[i]
		}
		known[i] = a.Placement.Customer
	}
	customers, err := customer.Many(ctx, tx, known)
	if err != nil {
		return err
	}
	for _, a := range orders {
		c := customers[a.Placement.Customer]
		a.Placement.Email, a.Placement.Phone = cmp.Or(a.Placement.Email, c.Email), cmp.Or(a.Placement.Phone, c.Phone)
	}
	return nil
}

// agree adds to orders what was agreed with their buyers. Where one of them
// cannot buy, each is looked at alone.
func (t *translator) agree(ctx context.Context, r db.Reader, orders []*asked) error {
	buyers := make([]customer.Buyer, len(orders))
	for i, a := range orders {
		buyers[i] = customer.Buyer{Customer: a.Placement.Customer, Company: a.Placement.Company, Location: a.Placement.CompanyLocation}
	}
	found, err := customer.TermsFor(ctx, r, buyers)
	if _, ok := fault.As(err); err != nil && !ok {
		return err
	}
	if err != nil && len(orders) == 1 {
		orders[0].err = err
		return nil
	}
	if err != nil {
		for i := range orders {
			if err := t.agree(ctx, r, orders[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	for i, a := range orders {
		apply(found[i], t.channels[a.ChannelID], &a.Placement)
	}
	return nil
}

// apply adds what was agreed with a buyer to an order: price lists and terms, and
// where we price the order, the discount and the exemption from tax.
func apply(c customer.Conditions, ch channel.Channel, p *flow.Placement) {
	p.Prices, p.Group = c.PriceLists, c.Group
	p.Taxing.Buyer = tax.Buyer{
		Company: !p.Company.IsZero(), Exempt: c.TaxExempt, Certificate: c.TaxCertificate, Until: c.TaxExemptUntil, VATNumber: c.VATNumber,
	}
	if !ch.PriceListID.IsZero() {
		p.Prices = append(p.Prices, ch.PriceListID)
	}
	if c.Terms != nil {
		p.Terms = &order.Terms{Days: c.Terms.DueDays, EndOfMonth: c.Terms.EndOfMonth}
	}
	if len(p.ListPriced) < len(p.Lines) {
		return // it was priced elsewhere
	}
	if c.Discount > 0 {
		p.Discounts = append([]order.DraftDiscount{{Kind: order.DiscountPercent, Rate: c.Discount, Title: "Agreed discount"}}, p.Discounts...)
	}
	if c.TaxExempt { // whatever rate was given; where the certificate has run out, the tables say it
		p.Taxing.Lines = nil
		for i := range p.Lines {
			p.Taxing.Lines = append(p.Taxing.Lines, i)
		}
	}
}
