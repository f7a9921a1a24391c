package worker

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/customer"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/platform/idempotency"
	"purser/internal/platform/job"
)

// The scheduled jobs.
type (
	expireHolds   struct{}
	cancelExpired struct{}
	pruneKeys     struct{}
	resolveMoney  struct{}
	markOverdue   struct{}
	renewMoney    struct{}
	reviewCredit  struct{}
	expireReturns struct{}
	cancelOwed    struct{}
	expireCredits struct{}
	makeCounts    struct{}
	routeWaiting  struct{}
	endPauses     struct{}
	expirePickups struct{}
)

// Kind names the job.
func (expireHolds) Kind() string { return "order.expire_holds" }

// Kind names the job.
func (cancelExpired) Kind() string { return "order.cancel_expired" }

// Kind names the job.
func (pruneKeys) Kind() string { return "idempotency.prune" }

// Kind names the job.
func (resolveMoney) Kind() string { return "payment.resolve_all" }

// unanswered is how old a call without an answer is before it is asked about
// again, whatever became of its job.
const unanswered = 10 * time.Minute

// Kind names the job.
func (markOverdue) Kind() string { return "order.mark_overdue" }

// Kind names the job.
func (renewMoney) Kind() string { return "payment.renew_authorizations" }

// Kind names the job.
func (reviewCredit) Kind() string { return "credit.review_all" }

// Kind names the job.
func (expireReturns) Kind() string { return "return.expire" }

// Kind names the job.
func (cancelOwed) Kind() string { return "order.cancel_unfillable" }

// Kind names the job.
func (expireCredits) Kind() string { return "credit.expire" }

// Kind names the job.
func (makeCounts) Kind() string { return "count.make_cycle" }

// Kind names the job.
func (endPauses) Kind() string { return "location.end_pauses" }

// Kind names the job.
func (expirePickups) Kind() string { return "pickup.expire_all" }

// Kind names the job.
func (routeWaiting) Kind() string { return "routing.run" }

// keepRuns is how long runs of routing are shown.
const keepRuns = 30 * 24 * time.Hour

// keepKeys is how long a repeated request still gets its first answer.
const keepKeys = 30 * 24 * time.Hour

func schedules() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		every(time.Minute, func() job.Args { return expireHolds{} }),
		every(time.Minute, func() job.Args { return endPauses{} }),
		every(time.Minute, func() job.Args { return routeWaiting{} }),
		every(5*time.Minute, func() job.Args { return cancelExpired{} }),
		every(5*time.Minute, func() job.Args { return resolveMoney{} }),
		every(time.Hour, func() job.Args { return markOverdue{} }),
		every(time.Hour, func() job.Args { return renewMoney{} }),
		every(time.Hour, func() job.Args { return reviewCredit{} }),
		every(time.Hour, func() job.Args { return expireReturns{} }),
		every(10*time.Minute, func() job.Args { return expirePickups{} }),
		every(time.Hour, func() job.Args { return cancelOwed{} }),
		every(time.Hour, func() job.Args { return expireCredits{} }),
		every(time.Hour, func() job.Args { return makeCounts{} }),
		every(24*time.Hour, func() job.Args { return pruneKeys{} }),
	}
}

func (d Deps) schedules(workers *river.Workers) {
	does(workers, func(ctx context.Context, _ expireHolds) error { return d.untilNone(ctx, flow.ExpireHolds) })
	does(workers, func(ctx context.Context, _ cancelExpired) error { return d.untilNone(ctx, flow.CancelExpired) })
	does(workers, func(ctx context.Context, _ resolveMoney) error {
		return d.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := payment.Resolve(ctx, tx, tx.Now().Add(-unanswered), 1000)
			return err
		})
	})
	does(workers, func(ctx context.Context, _ markOverdue) error { return d.overdue(ctx) })
	does(workers, func(ctx context.Context, _ expireReturns) error { return d.untilNone(ctx, flow.ExpireReturns) })
	does(workers, func(ctx context.Context, _ renewMoney) error { return d.untilNone(ctx, flow.RenewAuthorizations) })
	does(workers, func(ctx context.Context, _ reviewCredit) error {
		return d.DB.Write(ctx, func(tx *db.Tx) error { return flow.ReviewAllCredit(ctx, tx) })
	})
	does(workers, func(ctx context.Context, a customer.ReviewCredit) error {
		return d.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := flow.ReviewCredit(ctx, tx, a.Company)
			return err
		})
	})
	does(workers, func(ctx context.Context, _ routeWaiting) error { return d.RouteWaiting(ctx) })
	does(workers, func(ctx context.Context, _ cancelOwed) error { return d.cancelUnfillable(ctx) })
	does(workers, func(ctx context.Context, _ expireCredits) error { return d.untilNone(ctx, flow.ExpireCredits) })
	does(workers, func(ctx context.Context, _ makeCounts) error { return d.untilNone(ctx, flow.CycleCounts) })
	does(workers, func(ctx context.Context, _ endPauses) error { return d.untilNone(ctx, flow.EndPauses) })
	does(workers, func(ctx context.Context, _ expirePickups) error { return d.expireUnfetched(ctx) })
	does(workers, func(ctx context.Context, a flow.RefillJob) error { return d.refill(ctx, a.Location) })
	does(workers, func(ctx context.Context, a flow.ThawJob) error { return d.thaw(ctx, a.Location) })
	does(workers, func(ctx context.Context, _ pruneKeys) error {
		return d.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := idempotency.Prune(ctx, tx, tx.Now().Add(-keepKeys))
			return err
		})
	})
}

// untilNone runs a flow that takes a batch at a time until it finds nothing.
func (d Deps) untilNone(ctx context.Context, flow func(context.Context, *db.Tx) (int, error)) error {
	for {
		var n int
		err := d.DB.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = flow(ctx, tx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// overdue marks what has fallen due, a batch at a time.
func (d Deps) overdue(ctx context.Context) error {
	var last id.Order
	for {
		err := d.DB.Write(ctx, func(tx *db.Tx) error {
			next, err := flow.MarkOverdue(ctx, tx, last)
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

// cancelUnfillable cancels what orders have waited for too long, each in a
// transaction of its own: one that is refused, since a part of a kit is packed, is
// tried again the next time.
func (d Deps) cancelUnfillable(ctx context.Context) error {
	var last id.Order
	for {
		due, err := flow.Unfillable(ctx, d.DB, d.DB.Now(), last)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, o := range due {
			err := d.DB.Write(ctx, func(tx *db.Tx) error { return flow.CancelUnfillable(ctx, tx, o) })
			if _, refused := fault.As(err); err != nil && !refused {
				return err
			}
			last = o
		}
	}
}

// expireUnfetched cancels pickups whose customers did not come, each in a
// transaction of its own: one that was fetched meanwhile is left alone.
func (d Deps) expireUnfetched(ctx context.Context) error {
	var last id.Fulfillment
	for {
		due, err := flow.PickupsDue(ctx, d.DB, d.DB.Now(), last)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, f := range due {
			err := d.DB.Write(ctx, func(tx *db.Tx) error { return flow.ExpirePickup(ctx, tx, f) })
			if _, refused := fault.As(err); err != nil && !refused {
				return err
			}
			last = f
		}
	}
}

// thaw gives a location the work that waited while it was counted, a batch at a
// time.
func (d Deps) thaw(ctx context.Context, location id.Location) error {
	after := ""
	for {
		err := d.DB.Write(ctx, func(tx *db.Tx) error {
			next, err := flow.Thaw(ctx, tx, location, after)
			if err == nil {
				after = next
			}
			return err
		})
		if err != nil || after == "" {
			return err
		}
	}
}

// refill gives what a location has to those who wait for it, a batch at a time.
func (d Deps) refill(ctx context.Context, location id.Location) error {
	var last id.Variant
	for {
		err := d.DB.Write(ctx, func(tx *db.Tx) error {
			next, err := flow.Refill(ctx, tx, location, last)
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
