package flow

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// A payment that is under way keeps an order from running out: its gateway is
// asked, and the order waits for the answer, but not for longer than a day after
// the request. Customers who leave the gateway's page never answer.
const (
	askingTime = 15 * time.Minute
	patience   = 24 * time.Hour
)

// CancelExpired cancels drafts and pending orders whose time is over, and
// returns how many it saw to. One that money came for is left to a person, who
// accepts it or gives the money back; one that is being paid gets more time, and
// its gateway is asked.
func CancelExpired(ctx context.Context, tx *db.Tx) (int, error) {
	due, err := order.RunOut(ctx, tx, tx.Now(), batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	payments, err := payment.ByOrder(ctx, tx, due)
	if err != nil {
		return 0, err
	}
	var kept []id.Order
	for _, o := range due {
		if money, asked := paying(payments[o], tx.Now()); money || len(asked) > 0 {
			kept = append(kept, o)
		}
	}
	if len(kept) > 0 { // these first: the others are cancelled by the next run
		return len(kept), putOff(ctx, tx, kept)
	}
	what := make([]Cancellation, len(due))
	for i, o := range due {
		what[i] = Cancellation{Order: o, Reason: order.CancelExpired, unlessPaid: true}
	}
	_, err = Cancel(ctx, tx, what)
	return len(due), err
}

// paying tells whether payments hold money, and which of their requests may still
// bring some.
func paying(payments []*payment.Payment, now time.Time) (money bool, asked []id.Transaction) {
	for _, p := range payments {
		money = money || p.Authorized > p.Captured || p.Captured > p.Refunded
		for _, t := range p.Transactions {
			brings := t.Kind == payment.KindAuthorize || t.Kind == payment.KindCapture
			if brings && t.State.Open() && t.RequestedAt.After(now.Add(-patience)) {
				asked = append(asked, t.ID)
			}
		}
	}
	return money, asked
}

// putOff gives orders that are paid or being paid more time, and asks gateways
// about what is under way.
func putOff(ctx context.Context, tx *db.Tx, oids []id.Order) error {
	orders, err := order.Take(ctx, tx, oids...)
	if err != nil {
		return err
	}
	payments, err := payment.ByOrder(ctx, tx, oids)
	if err != nil {
		return err
	}
	var changed []*order.Order
	var jobs []job.Args
	for _, o := range orders {
		if !ranOut(o, tx.Now()) {
			continue // somebody saw to it meanwhile
		}
		money, asked := paying(payments[o.ID], tx.Now())
		until, why := time.Time{}, "it is paid in part or whole"
		switch {
		case money:
		case len(asked) > 0:
			until, why = tx.Now().Add(askingTime), "a payment is under way"
		default:
			continue // it came to nothing meanwhile: the next run cancels it
		}
		if err := o.PutOff(until, why); err != nil {
			return err
		}
		changed = append(changed, o)
		for _, t := range asked {
			jobs = append(jobs, payment.ResolveJob{Transaction: t})
		}
	}
	if err := job.Enqueue(ctx, tx, jobs...); err != nil {
		return err
	}
	return order.Save(ctx, tx, changed)
}

// ranOut tells whether the time of a draft or pending order is over.
func ranOut(o *order.Order, now time.Time) bool {
	waits := o.Status == order.StatusDraft || o.Status == order.StatusPending
	return waits && !o.ExpiresAt.IsZero() && !o.ExpiresAt.After(now)
}

// stillUnpaid leaves out the taken orders that are to be cancelled only where they
// are not paid, and are, or where somebody saw to them meanwhile. Under the locks
// of the orders no payment comes in between.
func stillUnpaid(ctx context.Context, tx *db.Tx, what []Cancellation, orders map[id.Order]*order.Order) ([]Cancellation, error) {
	if !slices.ContainsFunc(what, func(c Cancellation) bool { return c.unlessPaid }) {
		return what, nil
	}
	payments, err := payment.ByOrder(ctx, tx, keys(orders))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(what), func(c Cancellation) bool {
		money, asked := paying(payments[c.Order], tx.Now())
		if !c.unlessPaid || ranOut(orders[c.Order], tx.Now()) && !money && len(asked) == 0 {
			return false
		}
		delete(orders, c.Order)
		return true
	}), nil
}

// offerBack proposes to give back what came for orders that were cancelled, or
// sends it at once where that is the policy and a gateway can. It never revives
// them, and the money stays owed to the customer until it has gone back.
func (b books) offerBack(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, changes []payment.Change) error {
	var touched []*payment.Payment
	for _, c := range changes {
		o, p := orders[c.Payment.Order], c.Payment
		late := c.Transaction.Kind == payment.KindCapture && c.Captured > 0 && o.Status == order.StatusCancelled
		if !late || o.Balance() >= 0 || p.Dispute == payment.DisputeOpen {
			continue
		}
		amount := min(p.Refundable(), c.Captured)
		if p.Amount == p.OrderAmount {
			amount = min(amount, -o.Balance())
		}
		if amount <= 0 {
			continue
		}
		policy, err := payment.LoadPolicy(ctx, tx)
		if err != nil {
			return err
		}
		r, err := p.ProposeRefund(tx.Now(), amount, id.Return{}, "It came after the order was cancelled")
		if err != nil {
			return err
		}
		if payment.Called(p.Gateway) && policy.Late == payment.LateRefund {
			if _, err := p.SendRefund(tx.Now(), b.Day(tx.Now()), r.ID); err != nil {
				return err
			}
		}
		if !slices.Contains(touched, p) {
			touched = append(touched, p)
		}
	}
	if len(touched) == 0 {
		return nil
	}
	_, err := b.save(ctx, tx, touched)
	return err
}
