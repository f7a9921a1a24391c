package payment

import (
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// add makes a transaction that is asked for. Where nobody is called it succeeds
// at once.
func (p *Payment) add(now time.Time, day string, kind Kind, amount int64, cause Cause, parent id.Transaction) *Transaction {
	return p.addAt(p.fund(), now, day, kind, amount, cause, parent)
}

// fund is where a transaction moves money.
type fund struct {
	gateway string
	credit  id.Credit
	receipt id.Receipt
}

func (p *Payment) fund() fund { return fund{p.Gateway, p.Credit, p.Receipt} }

func (p *Payment) addAt(at fund, now time.Time, day string, kind Kind, amount int64, cause Cause, parent id.Transaction) *Transaction {
	t := &Transaction{
		ID: id.New[id.Transaction](now), Payment: p.ID, Kind: kind, State: Requested, Amount: amount, Gateway: at.gateway, Credit: at.credit, Receipt: at.receipt,
		CauseKind: cause.Kind, CauseID: cause.ID, Parent: parent, RequestedAt: now, BusinessDate: day, fresh: true,
	}
	p.Transactions = append(p.Transactions, t)
	if !Called(at.gateway) {
		p.conclude(now, day, t, Result{State: Succeeded})
		return t
	}
	p.refresh()
	p.facts = append(p.facts, Asked{p.about(), t.ID, kind, amount, p.Currency})
	return t
}

// Authorize asks for what is not authorized yet. Errors: Conflict
// payment.cannot_authorize.
func (p *Payment) Authorize(now time.Time, day string, cause Cause) (*Transaction, error) {
	amount := p.Amount - p.Authorized - p.sum(KindAuthorize, Requested, Unknown)
	if amount <= 0 {
		return nil, fault.New(fault.Conflict, "payment.cannot_authorize", "The payment is %s: all of it is authorized already, or about to be.", p.state())
	}
	return p.add(now, day, KindAuthorize, amount, cause, id.Transaction{}), nil
}

// Reauthorize asks for a new authorization of what is not captured, before the
// present one runs out. Once it is there the older ones are voided. Errors:
// Conflict payment.cannot_authorize.
func (p *Payment) Reauthorize(now time.Time, day string) (*Transaction, error) {
	open := p.Capturable()
	if open == 0 || p.sum(KindAuthorize, Requested, Unknown) > 0 {
		return nil, fault.New(fault.Conflict, "payment.cannot_authorize", "The payment is %s: nothing of it can be authorized anew.", p.state())
	}
	return p.add(now, day, KindAuthorize, open, Cause{Kind: CauseReauthorize}, id.Transaction{}), nil
}

// Capture asks for an authorized amount, in minor units: one transaction for
// each authorization that it takes, which is one in all but a few cases.
// Errors: Invalid payment.bad_amount; Shortage payment.not_authorized, with what
// can be captured.
func (p *Payment) Capture(now time.Time, day string, amount int64, cause Cause) ([]*Transaction, error) {
	if amount <= 0 {
		return nil, badAmount(amount)
	}
	if open := p.Capturable(); amount > open {
		return nil, fault.New(fault.Shortage, "payment.not_authorized", "%s cannot be captured: %s of the payment can be.",
			money.Of(amount, p.Currency), money.Of(open, p.Currency)).With(map[string]int64{"capturable": open})
	}
	var asked []*Transaction
	for _, d := range p.draws() {
		if amount == 0 {
			break
		}
		n := min(amount, d.open)
		amount -= n
		asked = append(asked, p.add(now, day, KindCapture, n, cause, d.authorization))
	}
	return asked, nil
}

// Void asks to give up all that is authorized and not captured. Errors: Conflict
// payment.cannot_void.
func (p *Payment) Void(now time.Time, day string, cause Cause) ([]*Transaction, error) {
	var asked []*Transaction
	for _, d := range p.draws() {
		asked = append(asked, p.add(now, day, KindVoid, d.open, cause, d.authorization))
	}
	if len(asked) == 0 {
		return nil, fault.New(fault.Conflict, "payment.cannot_void", "The payment is %s: nothing of it is authorized and not captured.", p.state())
	}
	return asked, nil
}

// Expire gives up authorizations whose time is over, which no gateway needs to
// be told, and tells whether there were any.
func (p *Payment) Expire(now time.Time, day string) bool {
	if p.ExpiresAt.IsZero() || p.ExpiresAt.After(now) {
		return false
	}
	draws := p.draws()
	for _, d := range draws {
		p.settled(now, day, KindVoid, d.open, Cause{Kind: CauseExpiry}, d.authorization)
	}
	return len(draws) > 0
}

// Receive records money that arrived at the manual gateway: authorized and
// captured at once. A reference replaces the one of before. More than was asked
// for is taken, since it did arrive. Errors: Conflict payment.not_manual; Invalid
// payment.bad_amount.
func (p *Payment) Receive(now time.Time, day string, amount int64, cause Cause, reference string) (*Transaction, error) {
	if p.Gateway != Manual {
		return nil, fault.New(fault.Conflict, "payment.not_manual", "The payment goes through %s, which says itself what it took: capture it there.", p.Gateway)
	}
	if amount <= 0 {
		return nil, badAmount(amount)
	}
	if reference != "" {
		p.Reference = reference
	}
	return p.add(now, day, KindCapture, amount, cause, id.Transaction{}), nil
}

// Enter counts an amount that lies on account, or a debt that is given up, for the
// order.
func (p *Payment) Enter(now time.Time, day string, amount int64, cause Cause) error {
	if !bookkeeping(p.Gateway) {
		return fault.New(fault.Internal, "payment.not_entered", "A payment by %s is not entered.", p.Gateway)
	}
	if amount <= 0 {
		return badAmount(amount)
	}
	p.add(now, day, KindCapture, amount, cause, id.Transaction{})
	return nil
}

// settled adds a transaction that has happened.
func (p *Payment) settled(now time.Time, day string, kind Kind, amount int64, cause Cause, parent id.Transaction) *Transaction {
	t := &Transaction{
		ID: id.New[id.Transaction](now), Payment: p.ID, Kind: kind, State: Succeeded, Amount: amount, Gateway: p.Gateway,
		CauseKind: cause.Kind, CauseID: cause.ID, Parent: parent, RequestedAt: now, SettledAt: now, BusinessDate: day, fresh: true,
	}
	p.Transactions = append(p.Transactions, t)
	p.refresh()
	return t
}

// draw is an authorization with what can still be drawn on it.
type draw struct {
	authorization id.Transaction
	open          int64
}

// draws lists the authorizations that something can be drawn on, newest first.
func (p *Payment) draws() []draw {
	left := p.Capturable()
	var out []draw
	for i := len(p.Transactions) - 1; i >= 0 && left > 0; i-- {
		a := p.Transactions[i]
		if a.Kind != KindAuthorize || a.State != Succeeded {
			continue
		}
		open := a.Amount
		for _, t := range p.Transactions {
			if t.Parent == a.ID && t.State != Failed {
				open -= t.Amount
			}
		}
		if open = min(open, left); open > 0 {
			out = append(out, draw{a.ID, open})
			left -= open
		}
	}
	return out
}

func badAmount(amount int64) error {
	return fault.New(fault.Invalid, "payment.bad_amount", "%d is not an amount: it must be more than zero.", amount)
}

// state is the payment's state in words, for a sentence.
func (p *Payment) state() string {
	switch p.Status {
	case StatusActionRequired:
		return "waiting for the customer"
	case StatusPartiallyCaptured:
		return "captured in part"
	case StatusPartiallyRefunded:
		return "refunded in part"
	}
	return string(p.Status)
}
