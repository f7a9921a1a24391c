package payment

import (
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// about is what every fact about a payment tells. It belongs to the timeline of
// the sales order.
type about struct {
	Payment id.Payment `json:"payment_id"`
	Order   id.Order   `json:"order_id"`
	Gateway string     `json:"gateway"`
	Method  Method     `json:"method"`
}

func (p *Payment) about() about { return about{p.ID, p.Order, p.Gateway, p.Method} }

// Subject is the sales order.
func (a about) Subject() id.UUID { return a.Order }

// Changed says that a payment has a new state, whatever way it came to it.
type Changed struct {
	about
	From       Status         `json:"from,omitempty"`
	To         Status         `json:"to"`
	Amount     int64          `json:"amount"`
	Authorized int64          `json:"authorized"`
	Captured   int64          `json:"captured"`
	Refunded   int64          `json:"refunded"`
	Currency   money.Currency `json:"currency"`
}

// Kind names the fact by the state: payment.created, payment.captured ...
func (c Changed) Kind() string { return "payment." + string(c.To) }

// Asked says that something was asked of the gateway.
type Asked struct {
	about
	Transaction id.Transaction `json:"transaction_id"`
	What        Kind           `json:"what"`
	Amount      int64          `json:"amount"`
	Currency    money.Currency `json:"currency"`
}

// Kind names the fact: payment.capture_requested, payment.refund_requested ...
func (a Asked) Kind() string { return "payment." + string(a.What) + "_requested" }

// Settled says what became of it.
type Settled struct {
	about
	Transaction id.Transaction `json:"transaction_id"`
	What        Kind           `json:"what"`
	State       State          `json:"state"`
	Amount      int64          `json:"amount"`
	Currency    money.Currency `json:"currency"`
	Ref         string         `json:"gateway_ref,omitempty"`
	ErrorCode   string         `json:"error_code,omitempty"`
	Error       string         `json:"error,omitempty"`
}

// Kind names the fact: payment.capture_succeeded, payment.refund_unknown ...
func (s Settled) Kind() string { return "payment." + string(s.What) + "_" + string(s.State) }

// Mismatch says that the gateway tells something that cannot be, which somebody
// must look into.
type Mismatch struct {
	about
	Transaction id.Transaction `json:"transaction_id"`
	What        Kind           `json:"what"`
	Amount      int64          `json:"amount"`
	Why         string         `json:"why"`
}

// Kind names the fact.
func (Mismatch) Kind() string { return "payment.mismatch" }

// RefundChanged says that a refund has a new state.
type RefundChanged struct {
	about
	Refund   id.Refund      `json:"refund_id"`
	Status   RefundStatus   `json:"status"`
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
	Reason   string         `json:"reason,omitempty"`
}

// Kind names the fact by the state: refund.pending, refund.succeeded ...
func (r RefundChanged) Kind() string { return "refund." + string(r.Status) }
