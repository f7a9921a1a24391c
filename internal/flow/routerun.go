package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// RouteWaiting gives what is available of the next variants behind after to those
// who wait for them, where an order waits that a schedule is for. The most urgent
// and oldest are served first, whatever the schedule. It returns the last of these
// variants, and the zero id when there are no more.
func RouteWaiting(ctx context.Context, tx *db.Tx, run routing.Run, s routing.Schedule, after id.Variant) (id.Variant, error) {
	variants, err := inventory.Fillable(ctx, tx, s.MinPriority, after, batch)
	if err != nil {
		return id.Variant{}, err
	}
	if len(variants) == 0 {
		return id.Variant{}, run.Note(ctx, tx, 0, 0, true)
	}
	q, err := takeWaiting(ctx, tx, variants)
	if err != nil {
		return id.Variant{}, err
	}
	if err := q.fill(ctx, tx, variants); err != nil {
		return id.Variant{}, err
	}
	return variants[len(variants)-1], run.Note(ctx, tx, int64(len(q.changed)), q.given, false)
}
