package worker

import (
	"context"

	"github.com/riverqueue/river"

	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
)

// partners registers what is said to those who send goods for us.
func (d Deps) partners(workers *river.Workers) {
	does(workers, func(ctx context.Context, a fulfillment.SubmitJob) error {
		return flow.SubmitRequest(ctx, d.DB, d.Partners, a.Fulfillment)
	})
	does(workers, func(ctx context.Context, a fulfillment.CancelJob) error {
		return flow.SubmitCancellation(ctx, d.DB, d.Partners, a.Fulfillment)
	})
}
