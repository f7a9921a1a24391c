package worker

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"purser/internal/domain/webhook"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// pruneWebhooks is the scheduled job that forgets old messages.
type pruneWebhooks struct{}

// Kind names the job.
func (pruneWebhooks) Kind() string { return "webhook.prune" }

func webhookSchedules() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		every(time.Minute, func() job.Args { return webhook.SweepJob{} }),
		every(24*time.Hour, func() job.Args { return pruneWebhooks{} }),
	}
}

// webhooks registers the sending of messages.
func (d Deps) webhooks(workers *river.Workers) {
	does(workers, func(ctx context.Context, j webhook.DeliverJob) error {
		return webhook.Deliver(ctx, d.DB, d.Outbound, j.Delivery)
	})
	does(workers, func(ctx context.Context, j webhook.ReplayJob) error {
		return d.DB.Write(ctx, func(tx *db.Tx) error { return webhook.Replay(ctx, tx, j) })
	})
	does(workers, func(ctx context.Context, _ webhook.SweepJob) error { return d.untilNone(ctx, webhook.Sweep) })
	does(workers, func(ctx context.Context, _ pruneWebhooks) error {
		return d.DB.Write(ctx, func(tx *db.Tx) error { return webhook.Prune(ctx, tx) })
	})
}
