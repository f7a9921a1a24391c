// Package job keeps work to do later: enqueued in the transaction that causes
// it, done outside of any, seen and repeated by people. The queue is River, on
// both databases.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
)

// Args are what a job needs to run, stored as JSON: ids, never secrets. Kind is
// imperative: payment.capture.
type Args = river.JobArgs

// Unique may be implemented by Args of which one waiting job is enough, however
// often it is asked for.
type Unique interface{ UniqueJob() }

// Enqueue adds jobs that become visible when tx commits.
func Enqueue(ctx context.Context, tx *db.Tx, jobs ...Args) error {
	return EnqueueAt(ctx, tx, time.Time{}, jobs...)
}

// EnqueueAt adds jobs that become due at a time.
func EnqueueAt(ctx context.Context, tx *db.Tx, at time.Time, jobs ...Args) error {
	if len(jobs) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, 0, len(jobs))
	seen := map[string]bool{} // the queue refuses two like unique jobs in one call
	for _, a := range jobs {
		opts := &river.InsertOpts{ScheduledAt: at}
		if _, ok := a.(Unique); ok {
			key, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if seen[a.Kind()+string(key)] {
				continue
			}
			seen[a.Kind()+string(key)] = true
			opts.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: waiting}
		}
		params = append(params, river.InsertManyParams{Args: a, InsertOpts: opts})
	}
	client, err := inserter(tx.Postgres())
	if err != nil {
		return err
	}
	_, err = client.InsertManyTx(ctx, tx, params)
	return err
}

// Retry lets a job try again that was given up. Errors: NotFound job.not_found;
// Conflict job.not_failed.
func Retry(ctx context.Context, tx *db.Tx, number int64) error {
	client, err := inserter(tx.Postgres())
	if err != nil {
		return err
	}
	found, err := client.JobGetTx(ctx, tx, number)
	if errors.Is(err, rivertype.ErrNotFound) {
		return fault.New(fault.NotFound, "job.not_found", "There is no job %d.", number)
	}
	if err != nil {
		return err
	}
	if found.State != rivertype.JobStateDiscarded && found.State != rivertype.JobStateCancelled {
		return fault.New(fault.Conflict, "job.not_failed", "Job %d is %s: only one that was given up is tried again.", number, found.State)
	}
	_, err = client.JobRetryTx(ctx, tx, number)
	return err
}

// waiting are the states in which a unique job stands for its like.
var waiting = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// inserter is a client that only adds jobs within a transaction, for which it
// needs no database of its own.
func inserter(postgres bool) (*river.Client[*db.Tx], error) {
	if postgres {
		return postgresInserter()
	}
	return sqliteInserter()
}

var (
	postgresInserter = sync.OnceValues(func() (*river.Client[*db.Tx], error) {
		return river.NewClient(postgresDriver{riverpgxv5.New(nil)}, &river.Config{Logger: quiet})
	})
	sqliteInserter = sync.OnceValues(func() (*river.Client[*db.Tx], error) {
		return river.NewClient(sqliteDriver{riversqlite.New(nil)}, &river.Config{Logger: quiet})
	})
	quiet = slog.New(slog.DiscardHandler)
)

// Queue works jobs and lets people look at them.
type Queue struct {
	*river.Client[*db.Tx]
}

// keepFailed is how long jobs that were given up wait for a person.
const keepFailed = 14 * 24 * time.Hour

// NewQueue returns the queue of a database. Without workers it only inserts and lists.
func NewQueue(d *db.DB, workers *river.Workers, periodic []*river.PeriodicJob, logger *slog.Logger) (*Queue, error) {
	config := &river.Config{
		Logger:               slog.New(warnings{logger.Handler()}),
		Workers:              workers,
		PeriodicJobs:         periodic,
		FetchCooldown:        20 * time.Millisecond,
		FetchPollInterval:    time.Second,
		JobTimeout:           time.Minute,
		RescueStuckJobsAfter: 5 * time.Minute, // of a process that was killed
		MaxAttempts:          12,
		// What no repetition mends is cancelled; a person must see it after a weekend.
		CancelledJobRetentionPeriod: keepFailed,
		DiscardedJobRetentionPeriod: keepFailed,
	}
	if workers != nil {
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 20}}
	}
	var driver riverdriver.Driver[*db.Tx] = sqliteDriver{riversqlite.New(d.Writer())}
	if d.Postgres() {
		driver = postgresDriver{riverpgxv5.New(d.Pool())}
	}
	client, err := river.NewClient(driver, config)
	if err != nil {
		return nil, err
	}
	return &Queue{client}, nil
}

// warnings passes on what an operator must know; that the queue started is not.
type warnings struct{ slog.Handler }

// Enabled tells whether a level is passed on.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}

// sqliteDriver and postgresDriver are River's own, over our transaction: two
// methods differ, so that one type of client serves both databases.
type sqliteDriver struct{ *riversqlite.Driver }

func (d sqliteDriver) UnwrapExecutor(tx *db.Tx) riverdriver.ExecutorTx {
	stx, _ := tx.Underlying()
	return d.Driver.UnwrapExecutor(stx)
}

func (d sqliteDriver) UnwrapTx(e riverdriver.ExecutorTx) *db.Tx {
	return db.Join(d.Driver.UnwrapTx(e), nil)
}

type postgresDriver struct{ *riverpgxv5.Driver }

func (d postgresDriver) UnwrapExecutor(tx *db.Tx) riverdriver.ExecutorTx {
	_, ptx := tx.Underlying()
	return d.Driver.UnwrapExecutor(ptx)
}

func (d postgresDriver) UnwrapTx(e riverdriver.ExecutorTx) *db.Tx {
	return db.Join(nil, d.Driver.UnwrapTx(e))
}
