package job_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/riverqueue/river"

	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

type ping struct {
	N int `json:"n"`
}

func (ping) Kind() string { return "test.ping" }

type once struct{ ping }

func (once) Kind() string { return "test.once" }
func (once) UniqueJob()   {}

func TestJobsCommitAndVanishWithTheTransaction(t *testing.T) {
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	for _, fail := range []error{stop, nil} {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := job.Enqueue(t.Context(), tx, ping{1}, once{}, once{}); err != nil {
				return err
			}
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
	}
	q, err := job.NewQueue(d, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := q.JobList(t.Context(), river.NewJobListParams())
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs.Jobs) != 2 {
		t.Errorf("%d jobs wait, want 2: one of each kind", len(jobs.Jobs))
	}
}
