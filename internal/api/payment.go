package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Payment is an intent to be paid for an order, with all that became of it.
type Payment struct {
	payment.Payment
	Amount       money.Amount  `json:"amount" doc:"Asked for."`
	Authorized   money.Amount  `json:"authorized" doc:"Authorized less voided; captured is a part of it."`
	Captured     money.Amount  `json:"captured"`
	Refunded     money.Amount  `json:"refunded" doc:"Part of captured that was paid back or charged back."`
	Capturable   money.Amount  `json:"capturable" doc:"What may still be captured."`
	Refundable   money.Amount  `json:"refundable" doc:"What may still be paid back."`
	OrderAmount  int64         `json:"order_amount_minor" doc:"What it pays of the order when it is captured, in minor units of the order's currency."`
	Transactions []Transaction `json:"transactions"`
	Refunds      []Refund      `json:"refunds"`
}

func (p Payment) version() int64 { return p.Version }

// Transaction is one event at a gateway.
type Transaction struct {
	payment.Transaction
	Amount money.Amount `json:"amount" doc:"What was done, or else what was asked for."`
}

// Refund is money that goes back to a customer on one payment.
type Refund struct {
	payment.Refund
	Amount money.Amount `json:"amount"`
}

func showPayment(p *payment.Payment) Payment {
	of := func(minor int64) money.Amount { return money.Of(minor, p.Currency) }
	out := Payment{
		Payment: *p, Amount: of(p.Amount), Authorized: of(p.Authorized), Captured: of(p.Captured), Refunded: of(p.Refunded),
		Capturable: of(p.Capturable()), Refundable: of(p.Refundable()), OrderAmount: p.OrderAmount, Transactions: []Transaction{}, Refunds: []Refund{},
	}
	for _, t := range p.Transactions {
		out.Transactions = append(out.Transactions, Transaction{*t, of(t.Amount)})
	}
	for _, r := range p.Refunds {
		out.Refunds = append(out.Refunds, Refund{*r, of(r.Amount)})
	}
	return out
}

func showPayments(payments []*payment.Payment) []Payment {
	out := make([]Payment, len(payments))
	for i, p := range payments {
		out[i] = showPayment(p)
	}
	return out
}

// paid is the answer of a flow that gives one payment.
func paid(p *payment.Payment, err error) (Payment, error) {
	if err != nil {
		return Payment{}, err
	}
	return showPayment(p), nil
}

const paymentTag = "Payments"

func (s *Server) registerPayments() {
	type listInput struct {
		Paged
		Orders   []id.Order       `query:"order" maxItems:"200"`
		Gateway  string           `query:"gateway"`
		Method   payment.Method   `query:"method" enum:"card,bank,cash,cheque,cod,terms,gift_card,store_credit,on_account,write_off"`
		Statuses []payment.Status `query:"status" enum:"created,action_required,authorized,partially_captured,captured,partially_refunded,refunded,voided,expired,failed"`
		Dispute  payment.Dispute  `query:"dispute" enum:"none,open,won,lost"`
		From     time.Time        `query:"from" doc:"Made from this time on."`
		To       time.Time        `query:"to" doc:"Made before this time."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/payments", id: "list-payments", summary: "List payments, newest first", tag: paymentTag, permission: auth.PaymentRead},
		func(ctx context.Context, in *listInput) (list[Payment], error) {
			rows, next, err := payment.List(ctx, s.DB, payment.Filter{
				Orders: in.Orders, Gateway: in.Gateway, Method: in.Method, Statuses: in.Statuses, Dispute: in.Dispute,
				CreatedFrom: in.From.UTC(), CreatedTo: in.To.UTC(), Limit: in.Limit, After: in.After,
			})
			return listOf(showPayments(rows), next), err
		})

	type getInput struct {
		Payment id.Payment `path:"payment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/payments/{payment}", id: "get-payment", summary: "A payment with its transactions and refunds", tag: paymentTag, permission: auth.PaymentRead},
		func(ctx context.Context, in *getInput) (Payment, error) {
			return paid(payment.Get(ctx, s.DB, in.Payment))
		})

	type payOrderInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			Gateway   string         `json:"gateway,omitempty" default:"manual" doc:"The connector that is asked to authorize; manual: people see the money arrive; gift_card and store_credit: what we owe the customer."`
			Method    payment.Method `json:"method" enum:"card,bank,cash,cheque,cod,terms,gift_card,store_credit"`
			Amount    *money.Amount  `json:"amount,omitempty" doc:"What the customer owes, if it is left out; of a gift card or store credit, as much of that as there is."`
			Token     string         `json:"token,omitempty" doc:"The gateway's token of the means of payment. Never a card number. Of a gift card: its code."`
			Label     string         `json:"label,omitempty" doc:"For people: Visa ending 4242."`
			Reference string         `json:"reference,omitempty" doc:"What the money is recognized by: a cheque's number, a transfer's text."`
			Received  bool           `json:"received,omitempty" doc:"At the manual gateway: the money is here."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/payments", id: "pay-order", summary: "Pay an order, or a part of it", tag: paymentTag, permission: auth.PaymentWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *payOrderInput) (Payment, error) {
			b := in.Body
			paying := flow.Paying{Order: in.Order, Gateway: b.Gateway, Method: b.Method, Token: b.Token, Label: b.Label, Reference: b.Reference, Received: b.Received}
			if b.Gateway != payment.Manual && !payment.Local(b.Gateway) {
				if _, err := s.Gateways.Get(b.Gateway); err != nil {
					return Payment{}, err
				}
			}
			if b.Amount != nil {
				paying.Amount, paying.Currency = b.Amount.Minor, b.Amount.Currency
			}
			payments, err := flow.Pay(ctx, tx, []flow.Paying{paying})
			if err != nil {
				return Payment{}, err
			}
			return showPayment(payments[0]), nil
		})
}

// PaymentStep is what the input of a step of a payment embeds.
type PaymentStep struct {
	Once
	IfMatch
	Payment id.Payment `path:"payment"`
}

// minor is an amount of the payment that a step is about, 0 where none is given,
// if the caller saw the version of it that there is.
func (in *PaymentStep) minor(ctx context.Context, r db.Reader, a *money.Amount) (int64, error) {
	seen, err := in.want()
	if err != nil {
		return 0, err
	}
	p, err := payment.Get(ctx, r, in.Payment)
	if err != nil {
		return 0, err
	}
	if err := p.CheckVersion(seen); err != nil || a == nil {
		return 0, err
	}
	f := fault.Fields{}
	n := minorOf(f, "amount", *a, p.Currency)
	if n <= 0 {
		f.Add("amount.minor", "must be more than zero")
	}
	return n, f.Err("payment.bad_amount", "The amount cannot be taken.")
}

func (s *Server) registerPaymentSteps() {
	type capturePaymentInput struct {
		PaymentStep
		Body struct {
			Amount *money.Amount `json:"amount,omitempty" doc:"All that can be captured, if it is left out."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/payments/{payment}/capture", id: "capture-payment", summary: "Take authorized money, or a part of it", tag: paymentTag, permission: auth.PaymentWrite},
		func(ctx context.Context, tx *db.Tx, in *capturePaymentInput) (Payment, error) {
			n, err := in.minor(ctx, tx, in.Body.Amount)
			if err != nil {
				return Payment{}, err
			}
			return paid(flow.Capture(ctx, tx, in.Payment, n))
		})

	write(s, route{method: http.MethodPost, path: "/v1/payments/{payment}/void", id: "void-payment", summary: "Give up what is authorized and not captured", tag: paymentTag, permission: auth.PaymentWrite},
		func(ctx context.Context, tx *db.Tx, in *PaymentStep) (Payment, error) {
			if _, err := in.minor(ctx, tx, nil); err != nil {
				return Payment{}, err
			}
			return paid(flow.Void(ctx, tx, in.Payment))
		})

	type askInput struct {
		Once
		Payment id.Payment `path:"payment"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/payments/{payment}/ask", id: "ask-gateway", summary: "Ask the gateway what became of what it has not answered", tag: paymentTag, permission: auth.PaymentWrite},
		func(ctx context.Context, tx *db.Tx, in *askInput) (Payment, error) {
			return paid(payment.Ask(ctx, tx, in.Payment))
		})

	type receivePaymentInput struct {
		PaymentStep
		Body struct {
			Amount    money.Amount `json:"amount"`
			Reference string       `json:"reference,omitempty"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/payments/{payment}/receive", id: "receive-payment", summary: "Book money that arrived for a manual payment", tag: paymentTag, permission: auth.PaymentWrite},
		func(ctx context.Context, tx *db.Tx, in *receivePaymentInput) (Payment, error) {
			n, err := in.minor(ctx, tx, &in.Body.Amount)
			if err != nil {
				return Payment{}, err
			}
			return paid(flow.Receive(ctx, tx, in.Payment, n, in.Body.Reference))
		})
}
