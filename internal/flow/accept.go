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
// that waited for it go on. It returns how many did.
func MapListings(ctx context.Context, tx *db.Tx, mappings []channel.Mapping) (int, error) {
	listings, err := channel.Map(ctx, tx, mappings)
	if err != nil {
		return 0, err
	}
	released := 0
	for _, l := range listings {
		for {
			waiting, err := order.Unmapped(ctx, tx, l.ChannelID, []string{l.External}, batch)
			if err != nil {
				return 0, err
			}
			if len(waiting) == 0 {
				break
			}
			orders, err := order.Take(ctx, tx, waiting...)
			if err != nil {
				return 0, err
			}
			if err := mapLines(ctx, tx, orders, l); err != nil {
				return 0, err
			}
			released += len(orders)
		}
	}
	return released, nil
}

func mapLines(ctx context.Context, tx *db.Tx, orders []*order.Order, l channel.Listing) error {
	d := &desk{}
	if err := d.learn(ctx, tx, []id.Variant{l.VariantID}); err != nil {
		return err
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
			if line.Unmapped() && line.Listing == l.External {
				if err := o.Map(line.ID, article, tx.Now()); err != nil {
					return err
				}
			}
		}
		if !slices.ContainsFunc(o.Lines, (*order.Line).Unmapped) {
			o.ReleaseReason(order.HoldUnmappedSKU)
		}
	}
	if err := allocate(ctx, tx, orders, true, routing.CausePlaced); err != nil {
		return err
	}
	return finish(ctx, tx, orders)
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
