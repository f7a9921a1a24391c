// Package worker does the jobs: it decodes what is to be done, calls an area or a
// flow, and lets the queue try again what failed. It also keeps the schedules.
package worker

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/riverqueue/river"

	"purser/internal/base/fault"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// Deps is what jobs need.
type Deps struct {
	DB       *db.DB
	Gateways payment.Gateways
	Partners fulfillment.Partners
	Outbound *http.Client // for addresses that people typed in
	Log      *slog.Logger
}

// NewQueue returns the queue with all jobs and schedules of the program.
func NewQueue(deps Deps) (*job.Queue, error) {
	workers := river.NewWorkers()
	deps.payments(workers)
	deps.partners(workers)
	deps.webhooks(workers)
	deps.automation(workers)
	deps.schedules(workers)
	return job.NewQueue(deps.DB, workers, append(schedules(), webhookSchedules()...), deps.Log)
}

// does makes a job's work of a function.
func does[A job.Args](workers *river.Workers, fn func(ctx context.Context, args A) error) {
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[A]) error {
		return retryable(fn(ctx, j.Args))
	}))
}

// retryable ends a job whose failure no repetition will mend: it waits for a
// person.
func retryable(err error) error {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Forbidden:
		if err != nil {
			return river.JobCancel(err)
		}
	}
	return err
}

// every is a schedule whose work is done once, whichever process has it.
func every(period time.Duration, args func() job.Args) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(period), func() (river.JobArgs, *river.InsertOpts) {
		return args(), &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: period}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}
