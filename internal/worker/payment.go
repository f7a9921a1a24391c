package worker

import (
	"context"

	"github.com/riverqueue/river"

	"purser/internal/base/id"
	"purser/internal/domain/payment"
	"purser/internal/flow"
)

// payments registers the calls to gateways and the work on their webhooks.
func (d Deps) payments(workers *river.Workers) {
	does(workers, func(ctx context.Context, a payment.AuthorizeJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.CaptureJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.VoidJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.RefundJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.ResolveJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.WebhookJob) error {
		return payment.Process(ctx, d.DB, a.Inbox, flow.SettlePayments)
	})
}

func (d Deps) call(ctx context.Context, t id.Transaction) error {
	return payment.Call(ctx, d.DB, d.Gateways, t, flow.SettlePayments)
}
