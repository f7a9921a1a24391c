package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// ReturnOption says what of an order line may come back, by the merchant's policies.
type ReturnOption struct {
	Line        id.Line
	Parent      id.Line // the kit that it is a part of
	SKU, Title  string
	Sent        int64
	Taken       int64 // in other returns already
	Units       int64 // that may come back
	Until       time.Time
	Policies    []string // that say so
	Restocking  money.Rate
	ShippingFee int64 // minor units of the order's currency
	Resolutions []returns.Resolution
	Why         returns.Verdict // why no more may come back
	Message     string
}

// ReturnOptions says what of an order may come back for a reason, line by line.
func ReturnOptions(ctx context.Context, r db.Reader, now time.Time, oid id.Order, reason string) ([]ReturnOption, error) {
	o, err := order.Get(ctx, r, oid)
	if err != nil {
		return nil, err
	}
	c, err := openCounter(ctx, r, now, o)
	if err != nil {
		return nil, err
	}
	var out []ReturnOption
	for _, l := range o.Lines {
		if l.Goods() && l.Shipped > 0 {
			x, err := c.option(ctx, l, reason)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// counter is where returns of an order are looked at.
type counter struct {
	now      time.Time
	zone     *time.Location
	order    *order.Order
	policies []returns.Policy
	facts    returns.Facts
	lines    map[id.Line]returns.LineFacts
	sent     map[id.Line][]sentUnits
	taken    map[id.Line][]takenUnits
}

// takenUnits are units of a line in a return, and when it was asked for.
type takenUnits struct {
	units int64
	at    time.Time
}

// sentUnits are units of a line in one parcel.
type sentUnits struct {
	units   int64
	at      time.Time // delivered, or shipped
	arrived bool
}

func openCounter(ctx context.Context, r db.Reader, now time.Time, o *order.Order) (*counter, error) {
	b, err := openBooks(ctx, r)
	if err != nil {
		return nil, err
	}
	c := &counter{now: now, zone: b.Zone(), order: o, lines: map[id.Line]returns.LineFacts{}, sent: map[id.Line][]sentUnits{}, taken: map[id.Line][]takenUnits{}}
	if c.policies, err = returns.Policies(ctx, r); err != nil {
		return nil, err
	}
	c.policies = slices.DeleteFunc(c.policies, func(p returns.Policy) bool { return !p.Enabled })
	shipments, err := fulfillment.ShipmentsByOrder(ctx, r, []id.Order{o.ID})
	if err != nil {
		return nil, err
	}
	for _, s := range shipments[o.ID] {
		if s.Status != fulfillment.ShipmentShipped && s.Status != fulfillment.ShipmentDelivered {
			continue
		}
		for _, l := range s.Lines {
			c.sent[l.Line] = append(c.sent[l.Line], sentUnits{l.Quantity, later(s.DeliveredAt, s.ShippedAt), !s.DeliveredAt.IsZero()})
		}
	}
	for _, l := range o.Lines {
		slices.SortFunc(c.sent[l.ID], func(a, b sentUnits) int { return a.at.Compare(b.at) })
	}
	all, err := returns.ByOrder(ctx, r, []id.Order{o.ID})
	if err != nil {
		return nil, err
	}
	for _, ret := range all[o.ID] {
		for _, l := range ret.Lines {
			if !ret.Status.Dropped() && l.Reception != returns.Missing && l.Reception != returns.WrongItem {
				c.taken[l.Line] = append(c.taken[l.Line], takenUnits{l.Quantity, ret.CreatedAt})
			}
		}
	}
	if len(c.policies) == 0 {
		return c, nil
	}
	return c, c.learn(ctx, r)
}

func later(first, second time.Time) time.Time {
	if first.IsZero() {
		return second
	}
	return first
}

// learn reads what conditions may ask about.
func (c *counter) learn(ctx context.Context, r db.Reader) error {
	o := c.order
	ch, err := channel.Get(ctx, r, o.Channel)
	if err != nil {
		return err
	}
	c.facts = returns.Facts{
		Order: returns.OrderFacts{
			Number: o.Number, Channel: ch.Code, Country: o.ShipTo.V.Country, Region: o.ShipTo.V.Region, Currency: string(o.Currency),
			Total: o.Total, Tags: o.Tags.V, PlacedAt: o.PlacedAt,
		},
		Custom: o.Custom.V, Now: c.now,
	}
	if !o.Customer.IsZero() {
		found, err := customer.Get(ctx, r, o.Customer)
		if err != nil {
			return err
		}
		c.facts.Customer = returns.CustomerFacts{Number: found.Number, Tags: found.Tags.V}
	}
	var variants []id.Variant
	for _, l := range o.Lines {
		if !l.Variant.IsZero() {
			variants = append(variants, l.Variant)
		}
	}
	known, err := catalog.Variants(ctx, r, unique(variants))
	if err != nil {
		return err
	}
	var wanted []id.Product
	for _, v := range known {
		wanted = append(wanted, v.ProductID)
	}
	products, err := catalog.Products(ctx, r, unique(wanted))
	if err != nil {
		return err
	}
	categories, err := catalog.Categories(ctx, r)
	if err != nil {
		return err
	}
	paths := map[id.Category]string{}
	for _, cat := range categories {
		paths[cat.ID] = cat.Slug
	}
	for _, l := range o.Lines {
		p := products[known[l.Variant].ProductID]
		c.lines[l.ID] = returns.LineFacts{
			SKU: l.SKU, Title: l.Title, Brand: p.Brand, Category: paths[p.CategoryID], ProductTags: p.Tags.V, InKit: !l.Parent.IsZero(),
			Discounted: l.LineDiscount+l.OrderDiscount > 0, Total: l.Total,
		}
	}
	return nil
}

// option says what of a line may come back, parcel by parcel. Units in other returns
// are those that arrived first of those that might come back when they were asked for.
func (c *counter) option(ctx context.Context, l *order.Line, reason string) (ReturnOption, error) {
	x := ReturnOption{Line: l.ID, Parent: l.Parent, SKU: l.SKU, Title: l.Title, Sent: l.Shipped}
	sent, all := c.sent[l.ID], true
	left, by := make([]int64, len(sent)), make([]returns.Policy, len(sent))
	for i, s := range sent {
		left[i] = s.units
		var err error
		if by[i], err = c.policy(ctx, l, s, reason); err != nil {
			return x, err
		}
	}
	for _, t := range c.taken[l.ID] {
		x.Taken += t.units
		for _, late := range []bool{false, true} {
			for i, s := range sent {
				if v, _ := by[i].Judge(s.at, t.at, c.zone); late || v == returns.MayReturn {
					n := min(t.units, left[i])
					left[i], t.units = left[i]-n, t.units-n
				}
			}
		}
	}
	for i, s := range sent {
		n, p := left[i], by[i]
		if n == 0 {
			continue
		}
		verdict, until := p.Judge(s.at, c.now, c.zone)
		if verdict != returns.MayReturn {
			x.Why, x.Message = verdict, refusal(p, verdict, until.In(c.zone))
			continue
		}
		x.Units += n
		if !until.IsZero() && (x.Until.IsZero() || until.Before(x.Until)) {
			x.Until = until
		}
		x.Restocking = max(x.Restocking, p.Restocking)
		if p.FeeCurrency == c.order.Currency {
			x.ShippingFee = max(x.ShippingFee, p.ShippingFee)
		}
		if p.Name != "" && !slices.Contains(x.Policies, p.Name) {
			x.Policies = append(x.Policies, p.Name)
		}
		if len(p.Resolutions.V) > 0 {
			if all {
				x.Resolutions = slices.Clone(p.Resolutions.V)
			} else {
				x.Resolutions = slices.DeleteFunc(x.Resolutions, func(r returns.Resolution) bool { return !p.Gives(r) })
			}
			all = false
		}
	}
	return x, nil
}

// policy is the first one that units of a parcel meet; where there is none, they may
// come back for ever and nothing is kept back.
func (c *counter) policy(ctx context.Context, l *order.Line, s sentUnits, reason string) (returns.Policy, error) {
	facts := c.facts
	facts.Line, facts.Reason, facts.Arrived = c.lines[l.ID], reason, s.arrived
	facts.Days = int64(c.now.Sub(s.at) / (24 * time.Hour))
	for _, p := range c.policies {
		condition, err := returns.Language.Compile(p.Condition)
		if err != nil {
			return p, err
		}
		meets, err := condition.Match(ctx, facts)
		if err != nil {
			return p, fmt.Errorf("return policy %q: %w", p.Name, err)
		}
		if meets {
			return p, nil
		}
	}
	return returns.Policy{}, nil
}

func refusal(p returns.Policy, v returns.Verdict, until time.Time) string {
	if v == returns.FinalSale {
		return fmt.Sprintf("It is sold finally (%s).", p.Name)
	}
	return fmt.Sprintf("It could come back until %s (%s).", until.Add(-time.Second).Format(time.DateOnly), p.Name)
}

// AgainstPolicy is the Detail of a fault that refuses a return.
type AgainstPolicy struct {
	Line      id.Line `json:"line_id"`
	SKU       string  `json:"sku"`
	Available int64   `json:"available"`
	Why       string  `json:"why"`
}

// allowed looks at requested units by the policies, and notes what is kept back of
// them. What is against them is refused to customers; staff may do it for a reason,
// which is recorded, with the permission that the door asks for.
func (w *returnWork) allowed(ctx context.Context, tx *db.Tx, asked []RequestedUnits, by, override string) (terms, error) {
	t := terms{restocking: map[id.Line]money.Rate{}}
	if w.order == nil {
		return t, nil
	}
	c, err := openCounter(ctx, tx, tx.Now(), w.order)
	if err != nil || len(c.policies) == 0 {
		return t, err
	}
	for _, in := range asked {
		for _, l := range w.order.Lines {
			if l.ID != in.Line && l.Parent != in.Line || !l.Goods() {
				continue
			}
			x, err := c.option(ctx, l, in.Reason)
			if err != nil {
				return t, err
			}
			n := in.Quantity
			if kit := w.order.Line(l.Parent); l.ID != in.Line {
				n *= l.Quantity / kit.Quantity
			}
			wanted := cmp.Or(in.Resolution, returns.Refund)
			switch {
			case x.Why != "" && n > x.Units:
				t.against = append(t.against, AgainstPolicy{l.ID, l.SKU, x.Units, x.Message})
			case len(x.Resolutions) > 0 && !slices.Contains(x.Resolutions, wanted):
				t.against = append(t.against, AgainstPolicy{l.ID, l.SKU, x.Units, fmt.Sprintf("It is not given back as %s.", strings.ReplaceAll(string(wanted), "_", " "))})
			}
			c.taken[l.ID] = append(c.taken[l.ID], takenUnits{n, c.now})
			t.restocking[l.ID] = max(t.restocking[l.ID], x.Restocking)
			t.shippingFee = max(t.shippingFee, x.ShippingFee)
		}
	}
	if len(t.against) == 0 {
		return t, nil
	}
	switch t.override = text.Clean(override); {
	case by == returns.ByCustomer:
		return t, fault.New(fault.Conflict, "return.not_allowed", "%s cannot be returned: %s", t.against[0].SKU, t.against[0].Why).With(t.against)
	case t.override == "":
		return t, fault.New(fault.Conflict, "return.against_policy", "%s is not to be returned: %s Who may, takes it back all the same, and says why.", t.against[0].SKU, t.against[0].Why).With(t.against)
	}
	return t, nil
}

// terms are what the policies say of a request.
type terms struct {
	restocking  map[id.Line]money.Rate
	shippingFee int64
	against     []AgainstPolicy
	override    string
}

// apply writes the terms into a new return.
func (t terms) apply(r *returns.Return) {
	for _, l := range r.Lines {
		l.Restocking = t.restocking[l.Line]
	}
	r.ShippingFee, r.Override = t.shippingFee, t.override
}

// record keeps why a return was taken against the policies.
func (t terms) record(ctx context.Context, tx *db.Tx, r *returns.Return) error {
	if len(t.against) == 0 {
		return nil
	}
	return audit.Record(ctx, tx, "override_policy", "return", r.ID.String(), nil, map[string]any{"reason": t.override, "against": t.against})
}

// fees are what is kept back by the policies of lines that are credited.
func (w *returnWork) fees(lines []*returns.Line) []ReturnFee {
	var fees []ReturnFee
	var restocking, goods int64
	for _, l := range lines {
		price := l.Total
		if !w.order.TaxInclusive {
			price -= l.Tax
		}
		goods += price
		restocking += l.Restocking.Of(price)
	}
	if restocking > 0 {
		fees = append(fees, ReturnFee{Code: "restocking", Title: "Restocking", Amount: restocking})
	}
	if n := min(w.ret.ShippingFee, goods-restocking); n > 0 && !w.ret.ShippingCharged {
		fees = append(fees, ReturnFee{Code: "return_shipping", Title: "Return shipping", Amount: n})
		w.ret.ShippingCharged = true
	}
	return fees
}
