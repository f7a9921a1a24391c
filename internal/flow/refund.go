package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/credit"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// Refunding is money to give back.
type Refunding struct {
	Order   id.Order
	Payment id.Payment // none: over the payments, by the order of payment.Tenders
	Return  id.Return
	Amount  int64 // minor units of the order's currency; with a payment, of that
	Reason  string

	// AsCredit gives it as store credit of the order's customer, in the currency of
	// each payment, whatever it was paid with.
	AsCredit bool
}

// Refund gives money back on the payments of an order: proposed and sent in one.
// It never gives back more than was captured.
func Refund(ctx context.Context, tx *db.Tx, refundings []Refunding) error {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return err
	}
	orders, err := takeOrders(ctx, tx, refundings, func(r Refunding) id.Order { return r.Order })
	if err != nil {
		return err
	}
	changes, err := b.refund(ctx, tx, orders, refundings)
	if err != nil {
		return err
	}
	return b.settle(ctx, tx, orders, changes)
}

// refund asks for refunds of taken orders.
func (b books) refund(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, refundings []Refunding) ([]payment.Change, error) {
	payments, err := payment.TakeByOrder(ctx, tx, unique(keys(orders))...)
	if err != nil {
		return nil, err
	}
	policy, err := payment.LoadPolicy(ctx, tx)
	if err != nil {
		return nil, err
	}
	var touched []*payment.Payment
	for _, in := range refundings {
		o := orders[in.Order]
		parts, err := refundParts(o, payments[in.Order], in, policy.Refunds)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			r, err := part.Payment.ProposeRefund(tx.Now(), part.Amount, in.Return, in.Reason)
			if err != nil {
				return nil, err
			}
			if err := b.send(ctx, tx, o, part.Payment, r.ID, in.AsCredit); err != nil {
				return nil, err
			}
			if !slices.Contains(touched, part.Payment) {
				touched = append(touched, part.Payment)
			}
		}
	}
	return b.save(ctx, tx, touched)
}

// send asks for a proposed refund, or gives it as store credit.
func (b books) send(ctx context.Context, tx *db.Tx, o *order.Order, p *payment.Payment, refund id.Refund, asCredit bool) error {
	day := b.Day(tx.Now())
	if !asCredit {
		_, err := p.SendRefund(tx.Now(), day, refund)
		return err
	}
	rate, date, err := b.rateOn(ctx, tx, p.Currency, tx.Now())
	if err != nil {
		return err
	}
	c, err := credit.Open(ctx, tx, o.Customer, p.Currency, rate, date)
	if err != nil {
		return err
	}
	_, err = p.CreditRefund(tx.Now(), day, refund, c.ID)
	return err
}

func refundParts(o *order.Order, payments []*payment.Payment, in Refunding, by payment.Tenders) ([]payment.Part, error) {
	if !in.Payment.IsZero() {
		for _, p := range payments {
			if p.ID == in.Payment {
				return []payment.Part{{Payment: p, Amount: in.Amount}}, nil
			}
		}
		return nil, fault.New(fault.NotFound, "payment.not_found", "Order %d has no payment %s.", o.Number, in.Payment)
	}
	if in.Amount <= 0 {
		return nil, fault.New(fault.Invalid, "payment.bad_amount", "The amount to refund must be more than zero.")
	}
	parts, rest := payment.SplitRefund(payments, in.Amount, by)
	if rest > 0 {
		return nil, fault.New(fault.Shortage, "payment.not_refundable", "%s cannot be refunded: the payments of order %d have %s left to refund.",
			money.Of(in.Amount, o.Currency), o.Number, money.Of(in.Amount-rest, o.Currency)).With(map[string]int64{"refundable": in.Amount - rest})
	}
	return parts, nil
}
