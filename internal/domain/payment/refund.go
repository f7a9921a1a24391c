package payment

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// RefundStatus is the state of a refund.
type RefundStatus string

// The states.
const (
	RefundPending    RefundStatus = "pending"    // proposed, nothing was asked of the gateway
	RefundProcessing RefundStatus = "processing" // asked of the gateway
	RefundSucceeded  RefundStatus = "succeeded"
	RefundFailed     RefundStatus = "failed" // may be sent again
	RefundCancelled  RefundStatus = "cancelled"
)

// Refund is money that goes back to a customer on one payment.
type Refund struct {
	ID        id.Refund      `db:"id" json:"id"`
	Order     id.Order       `db:"order_id" json:"order_id"`
	Payment   id.Payment     `db:"payment_id" json:"payment_id"`
	Return    id.Return      `db:"return_id" json:"return_id,omitzero" doc:"The return that it is for."`
	Currency  money.Currency `db:"currency" json:"currency"`
	Amount    int64          `db:"amount" json:"amount" doc:"Minor units of the payment's currency."`
	Status    RefundStatus   `db:"status" json:"status"`
	Reason    string         `db:"reason" json:"reason,omitempty"`
	CreatedBy string         `db:"created_by" json:"created_by"`
	CreatedAt time.Time      `db:"created_at" json:"created_at"`
	SettledAt time.Time      `db:"settled_at" json:"settled_at,omitzero"`

	fresh, dirty bool
}

// ProposeRefund sets an amount of the payment, in minor units, aside to be paid
// back. Nothing is asked of the gateway before SendRefund. Errors: Invalid
// payment.bad_amount; Shortage payment.not_refundable, with what can be refunded;
// Conflict payment.disputed.
func (p *Payment) ProposeRefund(now time.Time, amount int64, ret id.Return, reason string) (*Refund, error) {
	if amount <= 0 {
		return nil, badAmount(amount)
	}
	if err := p.undisputed(); err != nil {
		return nil, err
	}
	if left := p.Refundable(); amount > left {
		return nil, p.notRefundable(amount, left)
	}
	r := &Refund{
		ID: id.New[id.Refund](now), Order: p.Order, Payment: p.ID, Return: ret, Currency: p.Currency, Amount: amount,
		Reason: text.Clean(reason), CreatedAt: now, fresh: true,
	}
	p.Refunds = append(p.Refunds, r)
	p.setRefund(now, r, RefundPending)
	return r, nil
}

// SendRefund asks the gateway for a refund that is pending or has failed.
// Errors: NotFound refund.not_found; Conflict refund.not_sendable and
// payment.disputed; Shortage payment.not_refundable.
func (p *Payment) SendRefund(now time.Time, day string, refund id.Refund) (*Transaction, error) {
	return p.sendRefund(now, day, refund, p.fund())
}

// AccountRefund puts a refund that is pending or has failed on account, whatever
// the payment was made with. Errors are those of SendRefund.
func (p *Payment) AccountRefund(now time.Time, day string, refund id.Refund, receipt id.Receipt) (*Transaction, error) {
	return p.sendRefund(now, day, refund, fund{gateway: Receipts, receipt: receipt})
}

// CreditRefund gives a refund that is pending or has failed as store credit, in
// the payment's currency, whatever the payment was made with. Errors are those of
// SendRefund.
func (p *Payment) CreditRefund(now time.Time, day string, refund id.Refund, credit id.Credit) (*Transaction, error) {
	return p.sendRefund(now, day, refund, fund{gateway: StoreCredits, credit: credit})
}

func (p *Payment) sendRefund(now time.Time, day string, refund id.Refund, to fund) (*Transaction, error) {
	r, err := p.refund(refund)
	if err != nil {
		return nil, err
	}
	if r.Status != RefundPending && r.Status != RefundFailed {
		return nil, fault.New(fault.Conflict, "refund.not_sendable", "The refund is %s: only a pending or failed one can be sent.", r.Status)
	}
	if err := p.undisputed(); err != nil {
		return nil, err
	}
	if left := p.Refundable(); r.Status == RefundFailed && r.Amount > left {
		return nil, p.notRefundable(r.Amount, left)
	}
	if p.Gateway == WriteOffs && to.gateway != WriteOffs {
		return nil, fault.New(fault.Conflict, "payment.written_off", "Nothing came by a debt that was written off: it can be taken back, and not be paid out.")
	}
	p.setRefund(now, r, RefundProcessing)
	return p.addAt(to, now, day, KindRefund, r.Amount, Cause{CauseRefund, id.Any(r.ID)}, id.Transaction{}), nil
}

// CancelRefund gives up a refund that is pending or has failed. Errors: NotFound
// refund.not_found; Conflict refund.not_cancellable.
func (p *Payment) CancelRefund(now time.Time, refund id.Refund) error {
	r, err := p.refund(refund)
	if err != nil {
		return err
	}
	if r.Status != RefundPending && r.Status != RefundFailed {
		return fault.New(fault.Conflict, "refund.not_cancellable", "The refund is %s: only a pending or failed one can be cancelled.", r.Status)
	}
	p.setRefund(now, r, RefundCancelled)
	return nil
}

func (p *Payment) refund(refund id.Refund) (*Refund, error) {
	for _, r := range p.Refunds {
		if r.ID == refund {
			return r, nil
		}
	}
	return nil, fault.New(fault.NotFound, "refund.not_found", "The payment has no refund %s.", refund)
}

func (p *Payment) undisputed() error {
	if p.Dispute != DisputeOpen {
		return nil
	}
	return fault.New(fault.Conflict, "payment.disputed", "The payment is disputed: the bank may take the money back, so paying it back now could cost it twice. Wait for the bank's decision.")
}

func (p *Payment) notRefundable(amount, left int64) error {
	return fault.New(fault.Shortage, "payment.not_refundable", "%s cannot be refunded: %s of the payment can be.",
		money.Of(amount, p.Currency), money.Of(left, p.Currency)).With(map[string]int64{"refundable": left})
}

// setRefund gives a refund its state and says so.
func (p *Payment) setRefund(now time.Time, r *Refund, to RefundStatus) {
	r.Status, r.SettledAt, r.dirty = to, time.Time{}, true
	if to == RefundSucceeded || to == RefundFailed || to == RefundCancelled {
		r.SettledAt = now
	}
	p.facts = append(p.facts, RefundChanged{p.about(), r.ID, to, r.Amount, p.Currency, r.Reason})
}

// settleRefund lets the refund that caused a transaction follow it.
func (p *Payment) settleRefund(now time.Time, t *Transaction) {
	if t.Kind != KindRefund || t.CauseKind != CauseRefund || t.State.Open() {
		return
	}
	r, err := p.refund(id.Refund(t.CauseID))
	if err != nil {
		return // made at the gateway, before a refund row is made for it
	}
	to := RefundSucceeded
	if t.State == Failed {
		to = RefundFailed
	} else {
		r.Amount = t.Amount // a gateway may pay back less than it was asked to
	}
	if r.Status != to {
		p.setRefund(now, r, to)
	}
}

// RefundFilter selects refunds; what is empty selects all.
type RefundFilter struct {
	Order    id.Order
	Statuses []RefundStatus
	Limit    int    // 1 to MaxLimit; 0 is 50
	After    string // the cursor that the page before gave
}

// Refunds returns a page of refunds, newest first. next is empty on the last page.
func Refunds(ctx context.Context, r db.Reader, f RefundFilter) (page []Refund, next string, err error) {
	var w db.Where
	db.In(&w, "status", f.Statuses)
	if !f.Order.IsZero() {
		w.And("order_id = ?", f.Order)
	}
	if f.After != "" {
		var last id.Refund
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := pageSize(f.Limit)
	page, err = db.Select[Refund](ctx, r, `SELECT `+db.Columns[Refund]()+` FROM refund`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, err
}
