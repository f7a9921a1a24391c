package payment

import (
	"context"
	"errors"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Gateway is what a connector to a payment gateway does.
//
// Calls: the answer is a Result as soon as the gateway has said what became of
// the operation, also where it refused. An error means that this is not known: a
// time-out, a broken connection, a failure on the gateway's side, an answer that
// makes no sense. A connector never guesses and never tries again by itself; it
// passes Request.Key as the gateway's idempotency key, so that the same request
// has one effect however often it is made.
type Gateway interface {
	Authorize(ctx context.Context, r Request) (Result, error)
	Capture(ctx context.Context, r Request) (Result, error)
	Void(ctx context.Context, r Request) (Result, error)
	Refund(ctx context.Context, r Request) (Result, error)

	// Query asks what became of the request with r.Key. ErrNotSeen means that the
	// gateway never got it, so that it may be made again.
	Query(ctx context.Context, r Request) (Result, error)

	// ParseWebhook checks the signature of a webhook and reads it. What is of no
	// concern gives no events. Errors: Unauthenticated for a bad signature, Invalid
	// for a body that cannot be read.
	ParseWebhook(header http.Header, body []byte) ([]Event, error)
}

// ErrNotSeen is a Query's answer about a key that the gateway never got.
var ErrNotSeen = errors.New("the gateway has not seen the request")

// Request is what a gateway is asked to do.
type Request struct {
	Key           string // idempotency key: the text of our transaction's id
	Kind          Kind
	Amount        money.Amount
	Token         string // the means of payment
	Authorization string // the gateway's id of the authorization that a capture or void draws on, or that a refund goes back to
	Captures      []CaptureRef
	Order         id.Order
	Payment       id.Payment
	Reference     string // for the customer's statement
}

// CaptureRef is a capture that a refund may go back to.
type CaptureRef struct {
	Ref    string
	Amount int64
}

// Result is what became of an operation at the gateway.
type Result struct {
	State     State          `json:"state"` // Requested while it is under way; Succeeded; Failed
	Ref       string         `json:"ref"`   // the gateway's id of the operation, unique among those of its kind
	Amount    int64          `json:"amount"`
	Currency  money.Currency `json:"currency"` // of Amount; with Amount 0: as asked
	Code      string         `json:"code,omitempty"`
	Message   string         `json:"message,omitempty"`    // why it failed, for people
	ActionURL string         `json:"action_url,omitempty"` // where the customer must confirm
	ExpiresAt time.Time      `json:"expires_at,omitzero"`  // of an authorization
	Label     string         `json:"label,omitempty"`      // of the means of payment: Visa ending 4242
}

// Event is one thing that a webhook tells. Of an operation that we asked for it
// carries our key, where the gateway gives it back; of one made at the gateway
// itself, the authorization it belongs to. For a chargeback, Succeeded means that
// the money is lost and Failed that the dispute was won.
type Event struct {
	ID            string `json:"id"` // the gateway's id of the event
	Kind          Kind   `json:"kind"`
	Key           string `json:"key,omitempty"`
	Authorization string `json:"authorization,omitempty"` // the gateway's id of it
	Result        Result `json:"result"`
	Raw           string `json:"raw"` // the body it came in, as received
}

// Gateways are the connected gateways by name.
type Gateways map[string]Gateway

// Get returns a gateway. Errors: Conflict payment.no_gateway.
func (g Gateways) Get(name string) (Gateway, error) {
	gw, ok := g[name]
	if !ok {
		return nil, fault.New(fault.Conflict, "payment.no_gateway", "There is no payment gateway %q in this program. Connect it, or choose another.", name)
	}
	return gw, nil
}
