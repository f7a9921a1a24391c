package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// Accept turns a quote or draft into an order (pending or open), or lets a
// pending order be sent. A draft takes its stock only now; it is refused where
// goods are missing that may not be owed, unless owe says that it is taken all
// the same.
func Accept(ctx context.Context, tx *db.Tx, oid id.Order, version int64, to order.Status, owe bool) (*order.Order, error) {
	taken, err := order.Take(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	o := taken[0]
	if err := o.CheckVersion(version); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	was := o.Status
	if err := o.Accept(to, tx.Now(), b.Day(tx.Now())); err != nil {
		return nil, err
	}
	if err := holdUnmapped(o); err != nil {
		return nil, err
	}
	if was == order.StatusDraft {
		if err := holdAccepted(ctx, tx, b, o); err != nil {
			return nil, err
		}
	}
	if err := allocate(ctx, tx, taken, owe, routing.CausePlaced); err != nil {
		return nil, err
	}
	if _, err := holdOver(ctx, tx, accepted(taken), atOrder); err != nil {
		return nil, err
	}
	return o, finish(ctx, tx, taken)
}

// allocate finds stock for what taken orders still need of it. The caller saves
// the orders.
func allocate(ctx context.Context, tx *db.Tx, orders []*order.Order, owe bool, cause routing.Cause) error {
	d, err := openDesk(ctx, tx, nil)
	if err != nil {
		return err
	}
	if d.channels, err = channel.Many(ctx, tx, channelsOf(orders)); err != nil {
		return err
	}
	var variants []id.Variant
	placings := make([]*placing, len(orders))
	for i, o := range orders {
		placings[i] = &placing{order: o, owe: owe, cause: cause}
		for _, l := range o.Lines {
			if !l.Variant.IsZero() {
				variants = append(variants, l.Variant)
			}
		}
	}
	if err := d.learn(ctx, tx, unique(variants)); err != nil {
		return err
	}
	refused, err := d.route(ctx, tx, placings)
	if err != nil {
		return err
	}
	for _, why := range refused {
		return why
	}
	if err := d.capacity.keep(ctx, tx, d.fulfillments); err != nil {
		return err
	}
	return d.commit(ctx, tx)
}

// park queues the channel's articles that no variant is mapped to, and holds
// the orders that name them.
func (d *desk) park(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	seen := map[id.Channel][]channel.Seen{}
	for _, o := range orders {
		for _, l := range o.Lines {
			if l.Unmapped() {
				seen[o.Channel] = append(seen[o.Channel], channel.Seen{External: l.Listing, Title: l.Title})
			}
		}
	}
	for _, ch := range unique(keys(seen)) {
		if _, err := channel.Park(ctx, tx, ch, seen[ch]); err != nil {
			return err
		}
	}
	return nil
}

// holdUnmapped holds an order that names articles nobody knows: it is released
// when they are mapped.
func holdUnmapped(o *order.Order) error {
	if o.Status == order.StatusDraft || !slices.ContainsFunc(o.Lines, (*order.Line).Unmapped) {
		return nil
	}
	_, err := o.Hold(order.Hold{Reason: order.HoldUnmappedSKU, Source: "intake", Note: "An article of the channel is not mapped to a variant."})
	return err
}

// MapListings says which variants articles of channels are, and lets the orders
// that waited for it go on. It returns how many did. All of them are taken before
// any stock is, since others who map and place take orders first, too.
func MapListings(ctx context.Context, tx *db.Tx, mappings []channel.Mapping) (int, error) {
	listings, err := channel.Map(ctx, tx, mappings)
	if err != nil {
		return 0, err
	}
	waiting := map[id.Channel][]string{}
	var variants []id.Variant
	for _, l := range listings {
		waiting[l.ChannelID] = append(waiting[l.ChannelID], l.External)
		variants = append(variants, l.VariantID)
	}
	var concerned []id.Order
	for c, externals := range waiting {
		found, err := order.Unmapped(ctx, tx, c, externals)
		if err != nil {
			return 0, err
		}
		concerned = append(concerned, found...)
	}
	if len(concerned) == 0 {
		return 0, nil
	}
	orders, err := order.Take(ctx, tx, unique(concerned)...)
	if err != nil {
		return 0, err
	}
	d := &desk{}
	if err := d.learn(ctx, tx, unique(variants)); err != nil {
		return 0, err
	}
	for _, l := range listings {
		if err := d.mapLines(tx, orders, l); err != nil {
			return 0, err
		}
	}
	if err := allocate(ctx, tx, orders, true, routing.CausePlaced); err != nil {
		return 0, err
	}
	return len(orders), finish(ctx, tx, orders)
}

// mapLines tells orders which variant an article of their channel is.
func (d *desk) mapLines(tx *db.Tx, orders []*order.Order, l channel.Listing) error {
	names := func(line *order.Line) bool { return line.Unmapped() && line.Listing == l.External }
	orders = slices.DeleteFunc(slices.Clone(orders), func(o *order.Order) bool { return o.Channel != l.ChannelID || !slices.ContainsFunc(o.Lines, names) })
	if len(orders) == 0 {
		return nil
	}
	v, ok := d.variants[l.VariantID]
	if !ok {
		return fault.New(fault.NotFound, "variant.not_found", "There is no variant %s.", l.VariantID)
	}
	article := order.Article{Variant: v.ID, SKU: v.SKU, Backorder: true, MaySplit: v.MaySplit}
	if v.Kind == catalog.Kit {
		draft := order.DraftLine{Variant: v.ID, SKU: v.SKU, Backorder: true}
		if err := d.components(&draft, channel.Channel{}); err != nil {
			return err
		}
		article.Components = draft.Components
	}
	for _, o := range orders {
		for _, line := range slices.Clone(o.Lines) {
			if names(line) {
				if err := o.Map(line.ID, article, tx.Now()); err != nil {
					return err
				}
			}
		}
		if !slices.ContainsFunc(o.Lines, (*order.Line).Unmapped) {
			o.ReleaseReason(order.HoldUnmappedSKU)
		}
	}
	return nil
}

// RetryBackorders gives what is available of variants to the orders that wait.
func RetryBackorders(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	q, err := takeWaiting(ctx, tx, variants)
	if err != nil {
		return err
	}
	return q.fill(ctx, tx, variants)
}

// released lets locations begin with new work where the gate is open.
func (d *desk) release(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	return openGates(ctx, tx, d.channels, orders, d.fulfillments)
}
