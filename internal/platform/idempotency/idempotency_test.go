package idempotency_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
	"purser/internal/platform/idempotency"
	"purser/internal/test/dbtest"
)

// do is a command: it answers with the number of times its effect happened.
func do(t *testing.T, d *db.DB, key, hash string, effects *atomic.Int64) (string, error) {
	var body string
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		a, found, err := idempotency.Claim(t.Context(), tx, "key:a", key, hash)
		if err != nil {
			return err
		}
		if found {
			body = a.Body
			return nil
		}
		body = "done"
		tx.AfterCommit(func() { effects.Add(1) })
		return idempotency.Store(t.Context(), tx, "key:a", key, idempotency.Answer{Status: 201, Body: body})
	})
	return body, err
}

// IDM-1: many identical requests at once have one effect and get equal answers.
func TestParallelRepetitionsHaveOneEffect(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var effects atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if body, err := do(t, d, "k", "h", &effects); err != nil || body != "done" {
					t.Errorf("%q, %v", body, err)
				}
			})
		}
		wg.Wait()
		if n := effects.Load(); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
}

func TestSameKeyWithAnotherRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var effects atomic.Int64
		if _, err := do(t, d, "k", "h", &effects); err != nil {
			t.Fatal(err)
		}
		if _, err := do(t, d, "k", "other", &effects); fault.KindOf(err) != fault.Mismatch {
			t.Errorf("got %v", err)
		}
		if n := effects.Load(); n != 1 {
			t.Errorf("%d effects", n)
		}
	})
}

func TestInFlight(t *testing.T) {
	var f idempotency.Flights
	end, err := f.Begin("key:a", "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Begin("key:a", "k"); !fault.Is(err, "idempotency.in_flight") {
		t.Errorf("the second got %v", err)
	}
	if _, err := f.Begin("key:b", "k"); err != nil {
		t.Errorf("somebody else's key: %v", err)
	}
	end()
	if _, err := f.Begin("key:a", "k"); err != nil {
		t.Errorf("after the end: %v", err)
	}
}
