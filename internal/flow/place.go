package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// Placement is an order to place. Of each line the variant or the channel's
// article, the quantity and the price are needed; the rest is filled in from
// the catalog and the channel.
type Placement struct {
	order.Draft

	// Owe takes the order whatever is in stock: it was sold elsewhere already,
	// and what is missing is owed. Without it, an order of goods that are missing
	// and may not be owed is refused.
	Owe bool

	// ListPriced are the indexes of lines that cost what the price lists say,
	// and Prices the lists that count before the base list.
	ListPriced []int
	Prices     []id.PriceList

	// Taxing says what is taxed as the tables say. What it does not name is taxed as
	// the draft says.
	Taxing Taxing

	Group *customer.Group // whose least value and whole packs the order is held to; with Owe, it is tagged GroupRulesTag
}

// GroupRulesTag marks orders that were sold elsewhere against the rules of the
// customer's group.
const GroupRulesTag = "group-rules"

// Placed is what became of a placement: an order, or why there is none.
type Placed struct {
	Order *order.Order
	Err   error
}

// PlaceOrders takes orders in: it prices and stores them, finds the locations
// that ship them, reserves the goods there in the order of their urgency, and
// lets the locations begin where the release gate is open. A draft is stored
// and takes no stock. An order that cannot be taken costs its neighbors
// nothing; its Placed has the fault. An error is returned where the database
// failed.
func PlaceOrders(ctx context.Context, tx *db.Tx, placements []Placement) ([]Placed, error) {
	d, err := openDesk(ctx, tx, placements)
	if err != nil {
		return nil, err
	}
	placed := make([]Placed, len(placements))
	var taken []*placing
	for i := range placements {
		o, err := d.build(&placements[i])
		if err != nil {
			placed[i].Err = err
			continue
		}
		placed[i].Order = o
		taken = append(taken, &placing{order: o, owe: placements[i].Owe, index: i})
	}
	refused, err := d.route(ctx, tx, taken)
	if err != nil {
		return nil, err
	}
	if err := d.capacity.keep(ctx, tx, d.fulfillments); err != nil {
		return nil, err
	}
	for p, why := range refused {
		placed[p.index] = Placed{Err: why}
	}
	kept := make([]*order.Order, 0, len(placed))
	for _, p := range placed {
		if p.Order == nil {
			continue
		}
		if err := holdUnmapped(p.Order); err != nil {
			return nil, err
		}
		kept = append(kept, p.Order)
	}
	if _, err := holdOver(ctx, tx, accepted(kept), atOrder); err != nil {
		return nil, err
	}
	if err := d.holdPlaced(ctx, tx, kept); err != nil {
		return nil, err
	}
	if err := d.release(ctx, tx, kept); err != nil {
		return nil, err
	}
	if err := order.Insert(ctx, tx, kept); err != nil {
		return nil, err
	}
	if err := d.park(ctx, tx, kept); err != nil {
		return nil, err
	}
	if err := d.commit(ctx, tx); err != nil {
		return nil, err
	}
	return placed, finish(ctx, tx, slices.DeleteFunc(kept, func(o *order.Order) bool { return !hasRemainder(o) }))
}

// build turns a placement into an order, filling in what the catalog and the
// channel know.
func (d *desk) build(p *Placement) (*order.Order, error) {
	draft := p.Draft // the lines are completed in a copy: a transaction may run again
	draft.Lines = append([]order.DraftLine(nil), p.Lines...)
	ch, ok := d.channels[draft.Channel]
	if !ok {
		return nil, fault.New(fault.NotFound, "channel.not_found", "There is no such channel.")
	}
	if !ch.Active {
		return nil, fault.New(fault.Conflict, "channel.inactive", "The channel %s is switched off.", ch.Name)
	}
	if old, ok := d.existing[externalKey{draft.Channel, draft.ExternalID}]; ok && draft.ExternalID != "" {
		return nil, fault.New(fault.Conflict, "order.exists", "Channel %s has sent the order %s before.", ch.Name, draft.ExternalID).
			With(map[string]string{"order_id": old.String()})
	}
	if err := d.complete(&draft, ch); err != nil {
		return nil, err
	}
	for i := range draft.Lines {
		if err := d.completeLine(&draft.Lines[i], ch); err != nil {
			return nil, err
		}
	}
	if err := d.priceFromLists(&draft, p); err != nil {
		return nil, err
	}
	d.tax(&draft, p, ch)
	o, err := order.Build(draft, d.now, d.books.Day(draft.PlacedAt))
	if err != nil {
		return nil, err
	}
	if err := d.heldToGroup(o, p); err != nil {
		return nil, err
	}
	if draft.ExternalID != "" {
		d.existing[externalKey{draft.Channel, draft.ExternalID}] = o.ID
	}
	return o, nil
}

// heldToGroup refuses an order that the rules of the customer's group do not
// allow. One that was sold already is marked instead.
func (d *desk) heldToGroup(o *order.Order, p *Placement) error {
	if p.Group == nil || o.Status == order.StatusDraft {
		return nil
	}
	packs := make([]customer.Pack, len(p.Lines))
	for i, l := range p.Lines {
		packs[i] = customer.Pack{SKU: d.variants[l.Variant].SKU, Quantity: l.Quantity, Size: d.variants[l.Variant].PackSize}
	}
	err := p.Group.Check(o.Subtotal-o.DiscountTotal, o.Currency, packs)
	if err != nil && p.Owe {
		o.Tags.V = append(o.Tags.V, GroupRulesTag)
		return nil
	}
	return err
}

func (d *desk) complete(draft *order.Draft, ch channel.Channel) error {
	if draft.PlacedAt.IsZero() {
		draft.PlacedAt = d.now
	}
	if draft.Currency == "" {
		draft.Currency, draft.TaxInclusive = ch.Currency, ch.TaxInclusive
	}
	draft.Base = d.books.BaseCurrency
	if draft.Rate == "" {
		if r, ok := d.rates[rateKey{draft.Currency, d.books.Day(draft.PlacedAt)}]; ok {
			if r.missing != nil {
				return r.missing
			}
			draft.Rate, draft.RateDate = r.rate, r.day
		}
	}
	if draft.Status == order.StatusPending && draft.ExpiresAt.IsZero() {
		draft.ExpiresAt = ch.ExpiresAt(draft.PlacedAt)
	}
	if draft.ShipBy.IsZero() && draft.Status != order.StatusDraft {
		draft.ShipBy = ch.ShipBy(draft.PlacedAt, d.books.Zone())
	}
	return nil
}

func (d *desk) completeLine(l *order.DraftLine, ch channel.Channel) error {
	if l.Variant.IsZero() {
		l.Backorder = true // an unmapped article was sold: it is owed once it is mapped
		return nil
	}
	v, ok := d.variants[l.Variant]
	if !ok {
		return fault.New(fault.NotFound, "variant.not_found", "There is no variant %s.", l.Variant)
	}
	if l.SKU == "" {
		l.SKU = v.SKU
	}
	if l.Title == "" {
		l.Title = v.Title
	}
	l.Backorder = l.Backorder || v.Backorder && ch.AllowBackorder
	l.MaySplit = l.MaySplit || v.MaySplit
	switch {
	case v.Kind == catalog.Kit:
		l.Kind = order.KindKit
		if len(l.Components) == 0 {
			return d.components(l, ch)
		}
	case !v.Kind.HasStock():
		l.Kind = order.KindService
		if v.Kind == catalog.GiftCard {
			l.GiftCard, l.TaxRate, l.TaxReason = true, 0, taxGiftCard
		}
	}
	return nil
}

// components expands a kit into what is on the shelves.
func (d *desk) components(l *order.DraftLine, ch channel.Channel) error {
	parts := d.parts[l.Variant]
	if len(parts) == 0 {
		return fault.New(fault.Conflict, "kit.empty", "The kit %s has no components yet.", l.SKU)
	}
	for _, c := range parts {
		v := d.variants[c.ComponentID]
		l.Components = append(l.Components, order.DraftComponent{
			Variant: c.ComponentID, SKU: v.SKU, Title: v.Title, Quantity: c.Quantity, Weight: c.PriceWeight,
			Backorder: l.Backorder || v.Backorder && ch.AllowBackorder,
		})
	}
	return nil
}

func (d *desk) priceFromLists(draft *order.Draft, p *Placement) error {
	f := fault.Fields{}
	for _, i := range p.ListPriced {
		l := &draft.Lines[i]
		price, ok := catalog.PriceAt(d.prices[priceKey{draft.Currency, firstOf(p.Prices)}][l.Variant], max(l.Quantity, 1))
		if !ok {
			f.Add(field("lines", i, "unit_price"), "is missing, and no price list has a price of %s in %s", l.SKU, draft.Currency)
			continue
		}
		l.UnitPrice = price
	}
	return f.Err("order.no_price", "Some lines have no price.")
}

func firstOf(lists []id.PriceList) id.PriceList {
	if len(lists) == 0 {
		return id.PriceList{}
	}
	return lists[0]
}

type (
	externalKey struct {
		channel  id.Channel
		external string
	}
	rateKey struct {
		currency money.Currency
		day      string
	}
	rate struct {
		rate, day string
		missing   error // why there is none: it refuses the orders that need it, not the batch
	}
	priceKey struct {
		currency money.Currency
		list     id.PriceList
	}
)
