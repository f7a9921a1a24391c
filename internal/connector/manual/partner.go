package manual

import (
	"context"

	"purser/internal/connector"
	"purser/internal/domain/fulfillment"
)

// Partner is the partner whom people speak with: they write or call, and book what
// he says. So all that is asked of him is pending. It calls nobody and keeps
// nothing.
type Partner struct{}

var (
	_ fulfillment.Partner = Partner{}
	_ connector.Connector = Partner{}
)

// Name is manual.
func (Partner) Name() string { return fulfillment.ManualPartner }

// Title is its name for people.
func (Partner) Title() string { return "Partners whom people speak with" }

// Settings: it needs none.
func (Partner) Settings() []connector.Setting { return nil }

// Health is always good.
func (Partner) Health(context.Context) error { return nil }

// Submit leaves it to people.
func (Partner) Submit(ctx context.Context, _ fulfillment.Request) (fulfillment.Answer, error) {
	return pending(ctx)
}

// Cancel leaves it to people.
func (Partner) Cancel(ctx context.Context, _ fulfillment.Request) (fulfillment.Answer, error) {
	return pending(ctx)
}

func pending(ctx context.Context) (fulfillment.Answer, error) {
	return fulfillment.Answer{State: fulfillment.Pending}, ctx.Err()
}
