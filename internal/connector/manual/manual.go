// Package manual is the gateway of payments that people see to: cash, bank
// transfers, cards at a terminal. Whatever is asked of it has been done by
// somebody, so it says yes at once. It calls nobody and keeps nothing, and it has
// no webhooks.
package manual

import (
	"context"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/connector"
	"purser/internal/domain/payment"
)

// Gateway is the manual gateway.
type Gateway struct{}

var (
	_ payment.Gateway     = Gateway{}
	_ connector.Connector = Gateway{}
)

// Name is manual.
func (Gateway) Name() string { return payment.Manual }

// Title is its name for people.
func (Gateway) Title() string { return "Manual payments" }

// Settings: it needs none.
func (Gateway) Settings() []connector.Setting { return nil }

// Health is always good.
func (Gateway) Health(context.Context) error { return nil }

// Authorize says that the money is promised.
func (Gateway) Authorize(ctx context.Context, r payment.Request) (payment.Result, error) {
	return done(ctx, r)
}

// Capture says that the money is here.
func (Gateway) Capture(ctx context.Context, r payment.Request) (payment.Result, error) {
	return done(ctx, r)
}

// Void says that the promise is given back.
func (Gateway) Void(ctx context.Context, r payment.Request) (payment.Result, error) {
	return done(ctx, r)
}

// Refund says that the money went back.
func (Gateway) Refund(ctx context.Context, r payment.Request) (payment.Result, error) {
	return done(ctx, r)
}

// done answers the same for the same key, which is all the idempotency needed
// where there is no effect but the answer.
func done(ctx context.Context, r payment.Request) (payment.Result, error) {
	if err := ctx.Err(); err != nil {
		return payment.Result{}, err
	}
	return payment.Result{State: payment.Succeeded, Ref: r.Key, Amount: r.Amount.Minor, Currency: r.Amount.Currency}, nil
}

// Query has never seen anything, so that it is asked again, which does no harm.
func (Gateway) Query(context.Context, payment.Request) (payment.Result, error) {
	return payment.Result{}, payment.ErrNotSeen
}

// ParseWebhook refuses: nobody may speak for the manual gateway.
func (Gateway) ParseWebhook(http.Header, []byte) ([]payment.Event, error) {
	return nil, fault.New(fault.Unauthenticated, "payment.no_webhooks", "The manual gateway has no webhooks.")
}
