package worker

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"purser/internal/base/id"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// payments registers the calls to gateways and the work on their webhooks.
func (d Deps) payments(workers *river.Workers) {
	does(workers, func(ctx context.Context, a payment.AuthorizeJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.CaptureJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.VoidJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.RefundJob) error { return d.call(ctx, a.Transaction) })
	does(workers, func(ctx context.Context, a payment.ResolveJob) error { return d.call(ctx, a.Transaction) })
	river.AddWorker(workers, river.WorkFunc(d.webhook))
}

// webhook works on what a gateway told. After the last try it is left to a
// person, who may replay it.
func (d Deps) webhook(ctx context.Context, j *river.Job[payment.WebhookJob]) error {
	err := payment.Process(ctx, d.DB, j.Args.Inbox, flow.SettlePayments)
	if err != nil && j.Attempt >= j.MaxAttempts {
		err = errors.Join(err, d.DB.Write(ctx, func(tx *db.Tx) error { return payment.GiveUp(ctx, tx, j.Args.Inbox) }))
	}
	return err
}

func (d Deps) call(ctx context.Context, t id.Transaction) error {
	return payment.Call(ctx, d.DB, d.Gateways, t, flow.SettlePayments)
}
