package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/change"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// The settings of approvals.
const (
	ApprovalTotal    = "approval.order_total" // base currency's minor units; 0: never
	ApprovalDiscount = "approval.discount"    // millionths of the lines before discounts; 0: never
)

// Approvals are the bounds above which somebody else has to approve.
type Approvals struct {
	Total    int64      // base currency's minor units; 0: none
	Discount money.Rate // of the lines before discounts; 0: none
}

// LoadApprovals reads the bounds.
func LoadApprovals(ctx context.Context, r db.Reader) (a Approvals, err error) {
	if a.Total, err = setting.Get(ctx, r, ApprovalTotal, int64(0)); err != nil {
		return a, err
	}
	a.Discount, err = setting.Get(ctx, r, ApprovalDiscount, money.Rate(0))
	return a, err
}

// SaveApprovals sets the bounds, for orders that are placed or changed from now on.
func SaveApprovals(ctx context.Context, tx *db.Tx, a Approvals) error {
	f := fault.Fields{}
	if a.Total < 0 || a.Total > order.MaxTotal {
		f.Add("order_total", "is not between 0 and %d", int64(order.MaxTotal))
	}
	if a.Discount < 0 || a.Discount > money.One {
		f.Add("discount_ppm", "is not between 0 and %d", money.One)
	}
	if err := f.Err("approval.invalid", "The bounds cannot be set so."); err != nil {
		return err
	}
	if err := setting.Set(ctx, tx, ApprovalTotal, a.Total); err != nil {
		return err
	}
	return setting.Set(ctx, tx, ApprovalDiscount, a.Discount)
}

// exceeds says why an order needs an approval; empty: it needs none.
func (a Approvals) exceeds(h *order.Header, base money.Currency) string {
	if a.Total > 0 && h.BaseTotal > a.Total {
		return "it costs more than " + money.Of(a.Total, base).String()
	}
	if a.Discount > 0 && h.DiscountTotal > a.Discount.Of(h.Subtotal) {
		return "it is discounted by more than " + a.Discount.Percent() + " %"
	}
	return ""
}

// holdPlaced holds orders that were placed just now: as long as their channel lets
// them be changed, and until somebody else has approved of what exceeds the
// bounds. What the program itself places needs no approval.
func (d *desk) holdPlaced(ctx context.Context, r db.Reader, orders []*order.Order) error {
	a, err := LoadApprovals(ctx, r)
	if err != nil {
		return err
	}
	for _, o := range orders {
		if o.Status == order.StatusDraft {
			continue
		}
		if until := d.channels[o.Channel].EditUntil(o.PlacedAt); until.After(d.now) {
			if _, err := o.Hold(order.Hold{Reason: order.HoldEditWindow, Source: "channel", Until: until}); err != nil {
				return err
			}
		}
		if why := a.exceeds(&o.Header, d.books.BaseCurrency); why != "" && auth.From(ctx).Kind != "system" {
			if _, err := o.Hold(order.Hold{Reason: order.HoldApproval, Source: "approval", Note: why}); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdAccepted is holdPlaced of a draft that was accepted.
func holdAccepted(ctx context.Context, tx *db.Tx, b books, o *order.Order) error {
	channels, err := channel.Many(ctx, tx, []id.Channel{o.Channel})
	if err != nil {
		return err
	}
	d := &desk{books: b, now: tx.Now(), channels: channels}
	return d.holdPlaced(ctx, tx, []*order.Order{o})
}

// mayApprove refuses to end a hold for an approval by who may not approve, or who
// placed the order.
func mayApprove(ctx context.Context, o *order.Order, h *order.Hold) error {
	who := auth.From(ctx)
	if h.Reason != order.HoldApproval || who.Kind == "system" {
		return nil
	}
	if err := auth.Require(ctx, auth.OrderApprove); err != nil {
		return err
	}
	if who.Actor() == h.PlacedBy || who.Actor() == o.CreatedBy {
		return fault.New(fault.Forbidden, "order.own_approval", "Somebody else has to approve of order %d: you placed it, and %s.", o.Number, h.Note)
	}
	return nil
}

// needsApproval says why somebody else has to approve of the set as the actions
// have left the order; empty: nobody has. What exceeded the bounds before and is
// made no worse needs none.
func (x *changing) needsApproval(ctx context.Context, tx *db.Tx) (string, error) {
	a, err := LoadApprovals(ctx, tx)
	if err != nil {
		return "", err
	}
	o := x.order
	worse := o.Total > x.total || o.DiscountTotal > x.discounts
	why := a.exceeds(&o.Header, x.books.BaseCurrency)
	who := auth.From(ctx)
	switch {
	case why == "" || !worse || who.Kind == "system":
		return "", nil
	case x.set.Status == change.Requested && who.May(auth.OrderApprove) && x.set.RequestedBy != who.Actor():
		return "", nil
	}
	return why, nil
}

// request lets the set wait for somebody else's approval.
func (x *changing) request(ctx context.Context, tx *db.Tx, why string) error {
	if x.set.Status == change.Requested {
		return fault.New(fault.Conflict, "change.needs_approval", "Somebody else with the permission %s has to confirm this: %s.", auth.OrderApprove, why)
	}
	if err := x.set.Request(tx.Now(), auth.Actor(ctx)); err != nil {
		return err
	}
	return change.Save(ctx, tx, x.set)
}
