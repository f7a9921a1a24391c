// Package payment keeps what customers pay: intents to be paid, and the events
// at gateways that make them true.
//
// A [Payment] is an intent to be paid for an order through one gateway. Its
// [Transaction]s (authorize, capture, void, refund, chargeback) are only ever
// added, and each goes one way: requested, perhaps unknown, then succeeded or
// failed. All sums and states of a payment are functions of its transactions,
// so that the gateway's answer, its webhooks and our questions may come in any
// order, late and twice, and give the same end.
//
// # Talking to a gateway
//
// A gateway is never called inside a transaction. A request is a stored row with
// a job; [Call] claims it, calls the gateway with no transaction open and the
// row's id as idempotency key, and hands the answer to a [Settler], which writes
// it. Where no answer came, the transaction is unknown: the gateway is asked what
// became of the key before it is told anything again. Webhooks are stored by
// [Accept] and settled by [Process].
//
// # Working with it
//
// [New] makes a payment and [Create] stores it. [Take] locks and loads, methods
// decide in memory, [Save] writes, records the facts, and returns what money
// moved, which is for the books and the order. Take the sales order first.
//
// # Two currencies
//
// Amounts of a payment are minor units of its own currency. Where it differs
// from the order's, the payment says which part of the order it pays when all of
// it is captured, and every part of it pays its share.
//
// No card number comes near: only a gateway's token of the means of payment.
package payment

import (
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/event"
)

// Manual is the gateway of money that people see arrive: cash, bank transfers,
// cards at a terminal. Nobody is called; its transactions succeed as they are recorded.
const Manual = "manual"

// The gateways of what customers may spend with us, which is kept here: nobody is
// called, and their transactions succeed as they are recorded. Whoever saves them
// moves the credit in the same transaction, or fails.
const (
	GiftCards    = "gift_card"
	StoreCredits = "store_credit"
)

// The gateways by which a debt is settled without money of its own. Receipts is
// money that lies on account: whoever saves its transactions moves the receipt.
// WriteOffs is a debt that is given up. Refunds of their payments take them back:
// the order has not been paid then, rather than been given back what it had paid.
const (
	Receipts  = "on_account"
	WriteOffs = "write_off"
)

// Called tells whether transactions of a gateway are asked of somebody; others
// succeed as they are recorded.
func Called(gateway string) bool {
	return gateway != Manual && !Local(gateway) && !bookkeeping(gateway)
}

func bookkeeping(gateway string) bool { return gateway == Receipts || gateway == WriteOffs }

// Local tells whether a gateway is that of gift cards or of store credit.
func Local(gateway string) bool { return gateway == GiftCards || gateway == StoreCredits }

// Method is the means of payment.
type Method string

// The methods.
const (
	Card        Method = "card"
	Bank        Method = "bank"
	Cash        Method = "cash"
	Cheque      Method = "cheque"
	COD         Method = "cod" // cash on delivery
	OnTerms     Method = "terms"
	GiftCard    Method = "gift_card"
	StoreCredit Method = "store_credit"
	OnAccount   Method = "on_account" // by a receipt
	WriteOff    Method = "write_off"  // by giving it up
)

var methods = []Method{Card, Bank, Cash, Cheque, COD, OnTerms, GiftCard, StoreCredit, OnAccount, WriteOff}

// Status is the state of a payment, a function of its transactions.
type Status string

// The states.
const (
	StatusCreated           Status = "created"
	StatusActionRequired    Status = "action_required" // the customer must confirm at the gateway
	StatusAuthorized        Status = "authorized"
	StatusPartiallyCaptured Status = "partially_captured"
	StatusCaptured          Status = "captured"
	StatusPartiallyRefunded Status = "partially_refunded"
	StatusRefunded          Status = "refunded"
	StatusVoided            Status = "voided"
	StatusExpired           Status = "expired"
	StatusFailed            Status = "failed"
)

// Dispute tells whether the customer's bank takes the money back.
type Dispute string

// The states of a dispute.
const (
	DisputeNone Dispute = "none"
	DisputeOpen Dispute = "open"
	DisputeWon  Dispute = "won"
	DisputeLost Dispute = "lost" // the money is gone; it counts as refunded
)

// Kind is what a transaction does.
type Kind string

// The kinds.
const (
	KindAuthorize  Kind = "authorize"
	KindCapture    Kind = "capture"
	KindVoid       Kind = "void"
	KindRefund     Kind = "refund"
	KindChargeback Kind = "chargeback"
)

// State is what has become of a transaction.
type State string

// The states, in the order in which they may follow each other.
const (
	Requested State = "requested"
	Unknown   State = "unknown" // asked for without an answer: ask what became of it
	Succeeded State = "succeeded"
	Failed    State = "failed"
)

// Open tells whether the end is not known yet.
func (s State) Open() bool { return s == Requested || s == Unknown }

// What makes a transaction.
const (
	CauseOrder       = "order"
	CauseShipment    = "shipment"
	CauseRefund      = "refund"
	CauseWebhook     = "webhook"         // somebody did it at the gateway
	CauseReauthorize = "reauthorization" // the older authorization runs out
	CauseExpiry      = "expiry"
	CauseManual      = "manual"
)

// Cause is what makes a transaction.
type Cause struct {
	Kind string
	ID   id.Any
}

// Payment is an intent to be paid for an order, with all that became of it.
type Payment struct {
	ID           id.Payment     `db:"id" json:"id"`
	Order        id.Order       `db:"order_id" json:"order_id"`
	Gateway      string         `db:"gateway" json:"gateway" doc:"The connector, such as manual or test."`
	Method       Method         `db:"method" json:"method"`
	Status       Status         `db:"status" json:"status"`
	Dispute      Dispute        `db:"dispute" json:"dispute"`
	Currency     money.Currency `db:"currency" json:"currency"`
	Amount       int64          `db:"amount" json:"amount" doc:"Asked for, in minor units of the currency."`
	OrderAmount  int64          `db:"order_amount" json:"order_amount" doc:"What it pays of the order when it is captured, in minor units of the order's currency."`
	Rate         string         `db:"exchange_rate" json:"exchange_rate" doc:"Base currency for one unit of the currency."`
	RateDate     string         `db:"exchange_date" json:"exchange_date"`
	Authorized   int64          `db:"authorized" json:"authorized" doc:"Authorized less voided; captured is a part of it."`
	Captured     int64          `db:"captured" json:"captured"`
	Refunded     int64          `db:"refunded" json:"refunded" doc:"Part of captured that was paid back or charged back."`
	Token        string         `db:"token" json:"-"`
	Credit       id.Credit      `db:"credit_id" json:"credit_id,omitzero" doc:"The gift card or store credit that pays."`
	Receipt      id.Receipt     `db:"receipt_id" json:"receipt_id,omitzero" doc:"The money on account that pays."`
	Invoice      id.Invoice     `db:"invoice_id" json:"invoice_id,omitzero" doc:"The invoice that it is meant for; missing: the order's, oldest first."`
	Label        string         `db:"label" json:"label,omitempty" doc:"For people: Visa ending 4242."`
	Reference    string         `db:"reference" json:"reference,omitempty" doc:"What the money is recognized by: a cheque's number, a transfer's text."`
	ExpiresAt    time.Time      `db:"expires_at" json:"expires_at,omitzero" doc:"When the authorization runs out."`
	Version      int64          `db:"version" json:"version"`
	CreatedAt    time.Time      `db:"created_at" json:"created_at"`
	Transactions []*Transaction `json:"transactions"`
	Refunds      []*Refund      `json:"refunds"`

	was     Status // as stored; empty for a new one
	changes []Change
	facts   []event.Fact
}

// Transaction is one event at a gateway. Its id is the idempotency key of the call.
type Transaction struct {
	ID           id.Transaction `db:"id" json:"id"`
	Payment      id.Payment     `db:"payment_id" json:"payment_id"`
	Kind         Kind           `db:"kind" json:"kind"`
	State        State          `db:"status" json:"status"`
	Amount       int64          `db:"amount" json:"amount" doc:"Minor units of the payment's currency: what was done, or else what was asked for."`
	Gateway      string         `db:"gateway" json:"gateway"`
	Ref          string         `db:"gateway_ref" json:"gateway_ref,omitempty" doc:"The gateway's own id of it."`
	CauseKind    string         `db:"cause_kind" json:"cause_kind,omitempty"`
	CauseID      id.Any         `db:"cause_id" json:"cause_id,omitzero"`
	Parent       id.Transaction `db:"parent_id" json:"parent_id,omitzero" doc:"The authorization that a capture or void draws on."`
	Credit       id.Credit      `db:"credit_id" json:"credit_id,omitzero" doc:"The gift card or store credit that it moves: a refund may go to another than the payment's."`
	Receipt      id.Receipt     `db:"receipt_id" json:"receipt_id,omitzero" doc:"The money on account that it moves."`
	ErrorCode    string         `db:"error_code" json:"error_code,omitempty"`
	Error        string         `db:"error" json:"error,omitempty"`
	ActionURL    string         `db:"action_url" json:"action_url,omitempty" doc:"Where the customer must confirm."`
	Tries        int64          `db:"tries" json:"tries"`
	RequestedAt  time.Time      `db:"requested_at" json:"requested_at"`
	SettledAt    time.Time      `db:"settled_at" json:"settled_at,omitzero"`
	BusinessDate string         `db:"business_date" json:"business_date" doc:"The day on which it was settled, or else asked for."`

	fresh, dirty bool // not stored yet; stored otherwise
}

// Terms are what a new payment is to be.
type Terms struct {
	Order       id.Order
	Gateway     string // manual if empty
	Method      Method
	Currency    money.Currency
	Amount      int64 // minor units
	OrderAmount int64 // minor units of the order's currency; 0: the same as Amount
	Rate        string
	RateDate    string
	Token       string
	Credit      id.Credit // of a local gateway
	Receipt     id.Receipt
	Invoice     id.Invoice
	Label       string
	Reference   string
}

// maxText is the longest token, label or reference, in bytes.
const maxText = 500

// New returns a payment with no transaction yet. Errors: Invalid
// payment.invalid, with the fields.
func New(now time.Time, t Terms) (*Payment, error) {
	f := fault.Fields{}
	if t.Gateway == "" {
		t.Gateway = Manual
	}
	if t.OrderAmount == 0 {
		t.OrderAmount = t.Amount
	}
	if t.Order.IsZero() {
		f.Add("order_id", "is missing")
	}
	if !slices.Contains(methods, t.Method) {
		f.Add("method", "%q is not a means of payment", t.Method)
	}
	if !t.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", t.Currency)
	}
	if t.Amount <= 0 {
		f.Add("amount", "must be more than zero")
	}
	if t.OrderAmount <= 0 {
		f.Add("order_amount", "must be more than zero")
	}
	if t.Rate == "" || t.RateDate == "" {
		f.Add("exchange_rate", "is missing with its date")
	} else if _, err := (money.Exchange{From: t.Currency, To: "", Rate: t.Rate}).Convert(0); err != nil {
		f.Add("exchange_rate", "%q is not a rate of exchange", t.Rate)
	}
	if Local(t.Gateway) == t.Credit.IsZero() {
		f.Add("gateway", "%s and a gift card or store credit do not go together", t.Gateway)
	}
	if (t.Gateway == Receipts) == t.Receipt.IsZero() {
		f.Add("gateway", "%s and a receipt do not go together", t.Gateway)
	}
	for name, s := range map[string]string{"token": t.Token, "label": t.Label, "reference": t.Reference} {
		if len(s) > maxText {
			f.Add(name, "is longer than %d bytes", maxText)
		} else if looksLikeCard(s) {
			f.Add(name, "looks like a card number, which is never stored: give the gateway's token")
		}
	}
	if err := f.Err("payment.invalid", "The payment's data is not complete."); err != nil {
		return nil, err
	}
	return &Payment{
		ID: id.New[id.Payment](now), Order: t.Order, Gateway: t.Gateway, Method: t.Method,
		Status: StatusCreated, Dispute: DisputeNone, Currency: t.Currency, Amount: t.Amount, OrderAmount: t.OrderAmount,
		Rate: t.Rate, RateDate: t.RateDate, Token: t.Token, Credit: t.Credit, Receipt: t.Receipt, Invoice: t.Invoice, Label: text.Clean(t.Label), Reference: text.Clean(t.Reference),
		Version: 1, CreatedAt: now,
	}, nil
}

// looksLikeCard finds a run of 13 to 19 digits, with blanks or dashes between
// them, that has a card number's check digit (ISO/IEC 7812-1, Luhn). A
// reference of a bank has one by chance once in ten, and may then be written
// with a letter in it.
func looksLikeCard(s string) bool {
	var run []byte
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && s[i] >= '0' && s[i] <= '9':
			run = append(run, s[i]-'0')
		case i < len(s) && (s[i] == ' ' || s[i] == '-') && len(run) > 0:
		default:
			if len(run) >= 13 && len(run) <= 19 && luhn(run) {
				return true
			}
			run = run[:0]
		}
	}
	return false
}

func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		n := int(d)
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// CheckVersion refuses a change of a version that is not the present one. want
// 0 accepts any. Errors: Stale payment.stale.
func (p *Payment) CheckVersion(want int64) error {
	if want == 0 || want == p.Version {
		return nil
	}
	return fault.New(fault.Stale, "payment.stale", "The payment was changed meanwhile. Load it again.").
		With(map[string]int64{"version": p.Version})
}

// Find returns a transaction, or nil.
func (p *Payment) Find(t id.Transaction) *Transaction {
	for _, x := range p.Transactions {
		if x.ID == t {
			return x
		}
	}
	return nil
}

// sum adds up transactions of a kind in any of some states.
func (p *Payment) sum(kind Kind, states ...State) (n int64) {
	for _, t := range p.Transactions {
		if t.Kind == kind && slices.Contains(states, t.State) {
			n += t.Amount
		}
	}
	return n
}

// Capturable is what may still be captured, in minor units: authorized, not
// captured, and not about to be captured or voided.
func (p *Payment) Capturable() int64 {
	return max(0, p.Authorized-p.Captured-p.sum(KindCapture, Requested, Unknown)-p.sum(KindVoid, Requested, Unknown))
}

// Refundable is what may still be paid back: captured, not refunded, and not
// about to be.
func (p *Payment) Refundable() int64 {
	n := p.Captured - p.Refunded
	for _, r := range p.Refunds {
		if r.Status == RefundPending || r.Status == RefundProcessing {
			n -= r.Amount
		}
	}
	return max(0, n)
}

// inOrder is what an amount of the payment, counted from its first minor unit,
// pays of the order.
func (p *Payment) inOrder(amount int64) int64 {
	if p.Amount == p.OrderAmount {
		return amount
	}
	return money.Share(p.OrderAmount, 0, amount, p.Amount)
}

// counts is what the payment counts for its order, in the order's currency.
func (p *Payment) counts() (captured, refunded int64) {
	captured, refunded = p.inOrder(p.Captured), p.inOrder(p.Refunded)
	if bookkeeping(p.Gateway) {
		return captured - refunded, 0
	}
	return captured, refunded
}

// refresh derives sums, state and dispute from the transactions.
func (p *Payment) refresh() {
	p.Authorized = p.sum(KindAuthorize, Succeeded) - p.sum(KindVoid, Succeeded)
	p.Captured = p.sum(KindCapture, Succeeded)
	p.Refunded = p.sum(KindRefund, Succeeded) + p.sum(KindChargeback, Succeeded)
	p.Status = p.status()
	p.Dispute = p.dispute()
}

func (p *Payment) status() Status {
	switch {
	case p.Captured > 0 && p.Refunded >= p.Captured:
		return StatusRefunded
	case p.Refunded > 0:
		return StatusPartiallyRefunded
	case p.Captured > 0 && p.Captured < p.Authorized:
		return StatusPartiallyCaptured
	case p.Captured > 0:
		return StatusCaptured
	case p.Authorized > 0:
		return StatusAuthorized
	}
	return p.unauthorized()
}

// unauthorized is the state of a payment that holds no money: that of its
// newest authorization.
func (p *Payment) unauthorized() Status {
	newest := StatusCreated
	for _, t := range p.Transactions {
		switch {
		case t.Kind == KindAuthorize && t.State == Requested && t.ActionURL != "":
			newest = StatusActionRequired
		case t.Kind == KindAuthorize && t.State.Open():
			newest = StatusCreated
		case t.Kind == KindAuthorize && t.State == Failed:
			newest = StatusFailed
		case t.Kind == KindVoid && t.State == Succeeded && t.CauseKind == CauseExpiry:
			newest = StatusExpired
		case t.Kind == KindVoid && t.State == Succeeded:
			newest = StatusVoided
		}
	}
	return newest
}

func (p *Payment) dispute() Dispute {
	d := DisputeNone
	for _, t := range p.Transactions {
		switch {
		case t.Kind != KindChargeback:
		case t.State.Open():
			return DisputeOpen
		case t.State == Succeeded:
			d = DisputeLost
		case d == DisputeNone:
			d = DisputeWon
		}
	}
	return d
}
