package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/domain/change"
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

// approvals are the bounds above which somebody else has to approve.
type approvals struct {
	total    int64
	discount money.Rate
}

func loadApprovals(ctx context.Context, r db.Reader) (a approvals, err error) {
	if a.total, err = setting.Get(ctx, r, ApprovalTotal, int64(0)); err != nil {
		return a, err
	}
	a.discount, err = setting.Get(ctx, r, ApprovalDiscount, money.Rate(0))
	return a, err
}

// exceeds says why an order needs an approval; empty: it needs none.
func (a approvals) exceeds(h *order.Header, base money.Currency) string {
	if a.total > 0 && h.BaseTotal > a.total {
		return "it costs more than " + money.Of(a.total, base).String()
	}
	if a.discount > 0 && h.DiscountTotal > a.discount.Of(h.Subtotal) {
		return "it is discounted by more than " + a.discount.Percent() + " %"
	}
	return ""
}

// needsApproval says why somebody else has to approve of the set as the actions
// have left the order; empty: nobody has. What exceeded the bounds before and is
// made no worse needs none.
func (x *changing) needsApproval(ctx context.Context, tx *db.Tx) (string, error) {
	a, err := loadApprovals(ctx, tx)
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
