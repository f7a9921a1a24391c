package flow

import (
	"context"
	"slices"

	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// gate states what decides whether a location may begin with a part of an order.
func gate(o *order.Order, f *fulfillment.Order, ch channel.Channel, frozen map[id.Location]int64) fulfillment.Gate {
	g := fulfillment.Gate{
		When: fulfillment.When(ch.ReleaseWhen), Currency: o.Currency, Due: o.Due() - o.Awaited, Paid: o.Paid(), Authorized: o.Authorized,
		OnTerms: o.OnTerms(), Accepted: o.Status == order.StatusOpen, Frozen: frozen[f.Location], Kind: f.Kind, Address: o.ShipTo.V.Valid(),
	}
	for _, h := range o.HoldsOn(f.ID, linesOf(f)) {
		g.Holds = append(g.Holds, string(h.Reason))
	}
	return g
}

// openGates lets locations begin with what waits for nothing any more.
func openGates(ctx context.Context, tx *db.Tx, channels map[id.Channel]channel.Channel, orders []*order.Order, fulfillments []*fulfillment.Order) error {
	byID := make(map[id.Order]*order.Order, len(orders))
	for _, o := range orders {
		byID[o.ID] = o
	}
	frozen, err := inventory.Frozen(ctx, tx)
	if err != nil {
		return err
	}
	for _, f := range fulfillments {
		o := byID[f.Order]
		if f.Status != fulfillment.Scheduled || len(gate(o, f, channels[o.Channel], frozen).Check()) > 0 {
			continue
		}
		if err := f.Release(tx.Now()); err != nil {
			return err
		}
	}
	return nil
}

// Gates tells what keeps each part of an order from being worked on.
func Gates(ctx context.Context, r db.Reader, o *order.Order) (map[id.Fulfillment][]fulfillment.Reason, error) {
	ch, err := channel.Get(ctx, r, o.Channel)
	if err != nil {
		return nil, err
	}
	fulfillments, err := fulfillment.ByOrder(ctx, r, []id.Order{o.ID})
	if err != nil {
		return nil, err
	}
	frozen, err := inventory.Frozen(ctx, r)
	if err != nil {
		return nil, err
	}
	why := map[id.Fulfillment][]fulfillment.Reason{}
	for _, f := range fulfillments[o.ID] {
		if f.Status == fulfillment.Scheduled {
			why[f.ID] = gate(o, f, ch, frozen).Check()
		}
	}
	return why, nil
}

// releaseOrders opens the gates of taken orders, after something changed that
// they may have waited for, and writes what was released. The caller saves the
// orders.
func releaseOrders(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	var open []*order.Order
	for _, o := range orders {
		if o.Status == order.StatusOpen {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return nil
	}
	channels, err := channel.Many(ctx, tx, channelsOf(open))
	if err != nil {
		return err
	}
	fulfillments, err := fulfillment.TakeByOrder(ctx, tx, ids(open)...)
	if err != nil {
		return err
	}
	shut := slices.DeleteFunc(fulfillments, func(f *fulfillment.Order) bool { return f.Status != fulfillment.Scheduled })
	if err := holdBeforeRelease(ctx, tx, channels, open, shut); err != nil {
		return err
	}
	if err := openGates(ctx, tx, channels, open, shut); err != nil {
		return err
	}
	return fulfillment.Save(ctx, tx, slices.DeleteFunc(shut, func(f *fulfillment.Order) bool { return f.Status == fulfillment.Scheduled }))
}

// holdBeforeRelease holds saved orders on terms whose gate would open, and whose
// company is over its credit limit by now: the limit may have been lowered, or
// money gone back, since the order was accepted.
func holdBeforeRelease(ctx context.Context, tx *db.Tx, channels map[id.Channel]channel.Channel, orders []*order.Order, shut []*fulfillment.Order) error {
	frozen, err := inventory.Frozen(ctx, tx)
	if err != nil {
		return err
	}
	var lent []*order.Order
	for _, o := range orders {
		opens := func(f *fulfillment.Order) bool {
			return f.Order == o.ID && len(gate(o, f, channels[o.Channel], frozen).Check()) == 0
		}
		if o.OnTerms() && !o.Company.IsZero() && slices.ContainsFunc(shut, opens) {
			lent = append(lent, o)
		}
	}
	held, err := holdOver(ctx, tx, lent, atRelease)
	if err != nil {
		return err
	}
	return order.Save(ctx, tx, held)
}

func channelsOf(orders []*order.Order) []id.Channel {
	var out []id.Channel
	for _, o := range orders {
		out = append(out, o.Channel)
	}
	return unique(out)
}
