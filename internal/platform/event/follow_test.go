package event_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

func record(t *testing.T, d *db.DB, at time.Time, facts ...event.Fact) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		tx.At(at)
		return event.Record(t.Context(), tx, facts...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFollowerSeesEachEventOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		bell := id.New[id.Customer](time.Now())
		record(t, d, time.Now(), rung{bell, 0})
		dbtest.FeedSettled(t, d)
		var mu sync.Mutex
		var got []string
		broken := errors.New("broken")
		failing := false
		follow := func(limit int) (int, error) {
			return event.Follow(t.Context(), d, "ringer", limit, func(_ context.Context, _ *db.Tx, events []event.Event) error {
				mu.Lock()
				defer mu.Unlock()
				if failing {
					return broken
				}
				for _, e := range events {
					got = append(got, string(e.Body))
				}
				return nil
			})
		}
		if n, err := follow(10); n != 0 || err != nil {
			t.Fatalf("a new follower saw %d old events (%v)", n, err)
		}
		record(t, d, time.Now(), rung{bell, 1}, rung{bell, 2}, rung{bell, 3})
		dbtest.FeedSettled(t, d)
		failing = true
		if _, err := follow(10); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		failing = false
		if n, err := follow(2); n != 2 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		dbtest.FeedSettled(t, d)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := follow(10); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(got) != 3 || !slices.IsSorted(got) {
			t.Errorf("seen: %v", got)
		}
	})
}

func TestBeforeFindsATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		bell := id.New[id.Customer](time.Now())
		begin := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
		for i := range 20 {
			record(t, d, begin.Add(time.Duration(2*i)*time.Minute), rung{bell, i}, rung{bell, i})
		}
		dbtest.FeedSettled(t, d)
		for i := -1; i < 21; i++ {
			cursor, err := event.Before(t.Context(), d, begin.Add(time.Duration(2*i)*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			events, err := event.After(t.Context(), d, d.Postgres(), cursor, []string{"bell.rung"}, 1000)
			if want := 40 - 2*max(i, 0); err != nil || len(events) != max(want, 0) {
				t.Errorf("since event %d: %d events, want %d (%v)", i, len(events), want, err)
			}
		}
	})
}
