package fulfillment

import (
	"context"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// Partner is what a connector to somebody does who sends goods for us: a
// warehouse that is not ours (3PL), or a supplier who sends his own (dropship).
//
// An answer says what the partner has said; Pending, that he will. An error means
// that it is not known whether he was reached: the same request is made again
// then, in the same words and with the same key, and a partner who knows the key
// gives the answer that stands. So the same key has one effect however often it
// comes.
type Partner interface {
	// Submit asks for goods.
	Submit(ctx context.Context, r Request) (Answer, error)

	// Cancel asks for goods not to be sent that were asked for. Accepted means that
	// they are not.
	Cancel(ctx context.Context, r Request) (Answer, error)
}

// Request is what a partner is asked to send.
type Request struct {
	Key         string          `json:"key"`          // by which the partner knows it: the text of our request's id
	Reference   string          `json:"-"`            // the partner's own, once he gave one
	OrderNumber int64           `json:"order_number"` // for the customer's papers
	Order       id.Order        `json:"order_id"`
	Fulfillment id.Fulfillment  `json:"fulfillment_id"`
	Location    id.Location     `json:"location_id"`
	Dropship    bool            `json:"dropship"` // his own goods, and not ours that lie with him
	ShipTo      address.Address `json:"ship_to"`
	ShipBy      time.Time       `json:"ship_by,omitzero"`
	Lines       []RequestLine   `json:"lines"`
}

// RequestLine is a number of units that a partner is asked for.
type RequestLine struct {
	Line     id.Line `json:"line_id"`
	SKU      string  `json:"sku"`
	Title    string  `json:"title"`
	Quantity int64   `json:"quantity"`
}

// AnswerState is what a partner says to a request.
type AnswerState string

// The answers.
const (
	Pending  AnswerState = "pending"
	Accepted AnswerState = "accepted"
	Refuses  AnswerState = "rejected"
)

// Answer is what a partner says.
type Answer struct {
	State     AnswerState `json:"state"`
	Reference string      `json:"reference,omitempty"` // his own, of the request
	Reason    string      `json:"reason,omitempty"`
}

// Partners are the connected partners by name.
type Partners map[string]Partner

// ManualPartner is the name of the partner whom people speak with.
const ManualPartner = "manual"

// Get returns a partner; people speak with one who has no name. Errors: Conflict
// fulfillment.no_partner.
func (p Partners) Get(name string) (Partner, error) {
	if name == "" {
		name = ManualPartner
	}
	found, ok := p[name]
	if !ok {
		return nil, fault.New(fault.Conflict, "fulfillment.no_partner", "There is no partner %q in this program. Connect it, or name another at the location.", name)
	}
	return found, nil
}
