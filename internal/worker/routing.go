package worker

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// RouteWaiting does the runs of routing that are due, a batch of variants at a
// time, and forgets those that are old.
func (d Deps) RouteWaiting(ctx context.Context) error {
	schedules, err := routing.LoadSchedules(ctx, d.DB)
	if err != nil {
		return err
	}
	for _, s := range schedules {
		if err := d.routeOn(ctx, s); err != nil {
			return err
		}
	}
	return d.DB.Write(ctx, func(tx *db.Tx) error { return routing.ForgetRuns(ctx, tx, tx.Now().Add(-keepRuns)) })
}

func (d Deps) routeOn(ctx context.Context, s routing.Schedule) error {
	var run routing.Run
	var due bool
	err := d.DB.Write(ctx, func(tx *db.Tx) (err error) {
		run, due, err = routing.Begin(ctx, tx, s)
		return err
	})
	if err != nil || !due {
		return err
	}
	var last id.Variant
	for {
		err := d.DB.Write(ctx, func(tx *db.Tx) error {
			next, err := flow.RouteWaiting(ctx, tx, run, s, last)
			if err == nil {
				last = next
			}
			return err
		})
		if err != nil || last.IsZero() {
			return err
		}
	}
}
