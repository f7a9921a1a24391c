package payment

import (
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Outcome is what is known of a transaction, by the gateway's answer or a
// webhook, to be written by [Settle].
type Outcome struct {
	Order         id.Order
	Payment       id.Payment
	Transaction   id.Transaction // zero: found by Result.Ref, or made at the gateway itself
	Kind          Kind
	Authorization string   // the gateway's id of it, where a webhook told
	Inbox         id.Inbox // the webhook that told, if one did
	Result        Result
}

// Change is money that moved, or moved back: one settled transaction. Amounts are
// signed minor units; those of the order are in its currency.
type Change struct {
	Payment     *Payment
	Transaction *Transaction
	Reverses    bool  // it had succeeded before and turned out to have failed
	Amount      int64 // positive; Transaction.Kind says what was done with it

	Authorized, Captured, Refunded int64 // how much more the payment has of it
	OrderCaptured, OrderRefunded   int64
}

// later tells whether a transaction of a kind may go from one state to another.
// Of what a gateway says at different times and in any order, the end is always
// the same: success is the last word on most kinds, failure on refunds, which
// may come back after days, and on chargebacks, which a merchant may still win.
func later(kind Kind, from, to State) bool {
	order := []State{Requested, Unknown, Failed, Succeeded}
	if kind == KindRefund || kind == KindChargeback {
		order = []State{Requested, Unknown, Succeeded, Failed}
	}
	if to == Requested && from == Unknown {
		return true // it was found: the gateway has it and works on it
	}
	return slices.Index(order, to) > slices.Index(order, from)
}

// conclude lets a transaction follow what is known of it, and tells whether
// anything changed.
func (p *Payment) conclude(now time.Time, day string, t *Transaction, r Result) bool {
	changed := p.note(t, r)
	if r.State == t.State || !later(t.Kind, t.State, r.State) {
		if t.State == Succeeded && r.State == Failed { // refunds and chargebacks may; see later
			p.facts = append(p.facts, Mismatch{p.about(), t.ID, t.Kind, r.Amount, fmt.Sprintf("It %s, and now the gateway says that it %s.", t.State, r.State)})
			changed = true
		}
		return changed
	}
	before := *p
	reverses := t.State == Succeeded
	if r.State == Succeeded {
		if r.Amount > 0 {
			t.Amount = r.Amount
		}
		if !p.fit(now, day, t) {
			return true
		}
	}
	t.State, t.dirty = r.State, true
	t.ErrorCode, t.Error = r.Code, clip(r.Message)
	if !t.State.Open() {
		t.SettledAt, t.BusinessDate, t.ActionURL = now, day, ""
	}
	p.refresh()
	p.settleRefund(now, t)
	p.facts = append(p.facts, Settled{p.about(), t.ID, t.Kind, t.State, t.Amount, p.Currency, t.Ref, t.ErrorCode, t.Error})
	if t.State == Succeeded || reverses {
		captured, refunded := p.counts()
		wasCaptured, wasRefunded := before.counts()
		p.changes = append(p.changes, Change{
			Payment: p, Transaction: t, Reverses: reverses, Amount: t.Amount,
			Authorized: p.Authorized - before.Authorized, Captured: p.Captured - before.Captured, Refunded: p.Refunded - before.Refunded,
			OrderCaptured: captured - wasCaptured, OrderRefunded: refunded - wasRefunded,
		})
	}
	if t.State == Succeeded && t.Kind == KindAuthorize && t.CauseKind == CauseReauthorize {
		p.replace(now, day, t)
	}
	return true
}

// note keeps what a result tells beside the state.
func (p *Payment) note(t *Transaction, r Result) (changed bool) {
	if t.Ref == "" && r.Ref != "" {
		t.Ref, changed = r.Ref, true
	}
	if t.State.Open() && r.State == Requested && r.ActionURL != t.ActionURL {
		t.ActionURL, changed = r.ActionURL, true
	}
	t.dirty = t.dirty || changed
	if r.Label != "" && p.Label == "" && !looksLikeCard(r.Label) {
		p.Label, changed = clip(r.Label), true
	}
	if t.Kind == KindAuthorize && r.State == Succeeded && r.ExpiresAt.After(p.ExpiresAt) {
		p.ExpiresAt, changed = r.ExpiresAt, true
	}
	if changed {
		p.refresh()
	}
	return changed
}

// fit makes the amount of a transaction that is about to succeed one that the
// payment's sums can hold, whatever happened at the gateway, and tells whether
// that was possible.
func (p *Payment) fit(now time.Time, day string, t *Transaction) bool {
	switch t.Kind {
	case KindCapture:
		if t.Parent.IsZero() {
			if draws := p.draws(); len(draws) > 0 {
				t.Parent = draws[0].authorization
			}
		}
		// Taken without our asking, or by a gateway that authorizes and captures in
		// one: it was authorized then.
		if missing := p.Captured + t.Amount - p.Authorized; missing > 0 {
			a := p.settled(now, day, KindAuthorize, missing, Cause{Kind: t.CauseKind, ID: t.CauseID}, id.Transaction{})
			if t.Parent.IsZero() {
				t.Parent = a.ID
			}
		}
	case KindVoid:
		if open := p.Authorized - p.Captured; t.Amount > open {
			t.Amount = max(open, 1)
			return open > 0 || p.misfit(now, t, "Nothing is left to void: it was captured meanwhile.", Failed)
		}
	case KindRefund, KindChargeback:
		if left := p.Captured - p.Refunded; t.Amount > left {
			return p.misfit(now, t, fmt.Sprintf("%s went back, and %s of the payment was there to go back. Look at the gateway what happened.",
				money.Of(t.Amount, p.Currency), money.Of(left, p.Currency)), Unknown)
		}
	}
	return true
}

// misfit leaves a transaction in a state that a person looks into. It returns false.
func (p *Payment) misfit(now time.Time, t *Transaction, why string, state State) bool {
	if t.ErrorCode != codeMisfit {
		p.facts = append(p.facts, Mismatch{p.about(), t.ID, t.Kind, t.Amount, why})
	}
	t.State, t.ErrorCode, t.Error, t.dirty = state, codeMisfit, why, true
	if !state.Open() {
		t.SettledAt = now
	}
	p.refresh()
	return false
}

// codeMisfit marks a transaction whose amount the payment's sums cannot hold.
const codeMisfit = "does_not_fit"

// replace voids what is open of all authorizations but the new one.
func (p *Payment) replace(now time.Time, day string, by *Transaction) {
	for _, d := range p.draws() {
		if d.authorization != by.ID {
			p.add(now, day, KindVoid, d.open, Cause{CauseReauthorize, id.Any(by.ID)}, d.authorization)
		}
	}
}

// apply writes an outcome into a taken payment. Errors: Conflict
// payment.webhook_early where what it follows from is not known yet, so that it
// must come again later; Invalid payment.other_currency and payment.bad_webhook.
func (p *Payment) apply(now time.Time, day string, o Outcome) error {
	r := o.Result
	if r.Currency != "" && r.Currency != p.Currency && r.Amount != 0 {
		return fault.New(fault.Invalid, "payment.other_currency", "The gateway says %s about a payment in %s. Look at the gateway what happened.",
			money.Of(r.Amount, r.Currency), p.Currency)
	}
	if t := p.match(o); t != nil {
		p.conclude(now, day, t, r)
		return nil
	}
	if r.Ref == "" || r.Amount <= 0 {
		return fault.New(fault.Invalid, "payment.bad_webhook", "The gateway tells of an operation that is not ours, without its id and its amount.")
	}
	if r.State == Failed && o.Kind != KindRefund && o.Kind != KindChargeback {
		return nil // somebody tried something at the gateway, and nothing came of it
	}
	if err := p.early(o); err != nil {
		return err
	}
	p.outside(now, day, o)
	return nil
}

// match finds the transaction that an outcome is about.
func (p *Payment) match(o Outcome) *Transaction {
	if t := p.Find(o.Transaction); t != nil {
		return t
	}
	for _, t := range p.Transactions {
		if t.Kind == o.Kind && t.Ref != "" && t.Ref == o.Result.Ref {
			return t
		}
	}
	return nil
}

// early tells whether an operation that we do not know may be one of ours whose
// answer is still out, or one whose cause is.
func (p *Payment) early(o Outcome) error {
	waitFor := map[Kind][]Kind{
		KindCapture: {KindCapture, KindAuthorize}, KindRefund: {KindRefund, KindCapture}, KindChargeback: {KindCapture},
		KindAuthorize: {KindAuthorize}, KindVoid: {KindVoid, KindAuthorize},
	}[o.Kind]
	waiting := slices.ContainsFunc(p.Transactions, func(t *Transaction) bool {
		return t.State.Open() && t.ErrorCode != codeMisfit && slices.Contains(waitFor, t.Kind)
	})
	missing := o.Kind == KindRefund && o.Result.State == Succeeded && o.Result.Amount > p.Captured-p.Refunded ||
		o.Kind == KindChargeback && p.Captured == 0 ||
		o.Kind == KindVoid && o.Result.State == Succeeded && p.Authorized == p.Captured
	if waiting || missing {
		return fault.New(fault.Conflict, "payment.webhook_early", "The gateway tells of a %s that may follow from something it has not told yet. It is tried again.", o.Kind)
	}
	return nil
}

// outside adds a transaction that was made at the gateway, not by us.
func (p *Payment) outside(now time.Time, day string, o Outcome) {
	r := o.Result
	t := &Transaction{
		ID: id.New[id.Transaction](now), Payment: p.ID, Kind: o.Kind, State: Requested, Amount: r.Amount, Gateway: p.Gateway,
		Ref: r.Ref, CauseKind: CauseWebhook, CauseID: id.Any(o.Inbox), RequestedAt: now, BusinessDate: day, fresh: true,
	}
	p.Transactions = append(p.Transactions, t)
	if o.Kind == KindRefund {
		ref := &Refund{
			ID: id.New[id.Refund](now), Order: p.Order, Payment: p.ID, Currency: p.Currency, Amount: r.Amount,
			Reason: "Made at the gateway", CreatedBy: "gateway:" + p.Gateway, CreatedAt: now, fresh: true,
		}
		p.Refunds = append(p.Refunds, ref)
		t.CauseKind, t.CauseID = CauseRefund, id.Any(ref.ID)
		p.setRefund(now, ref, RefundProcessing)
	}
	p.refresh()
	if r.State != Requested {
		p.conclude(now, day, t, r)
		return
	}
	p.facts = append(p.facts, Asked{p.about(), t.ID, t.Kind, t.Amount, p.Currency})
}

// clip shortens a text of a gateway.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return s[:maxText-3] + "..."
}
