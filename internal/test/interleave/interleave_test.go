package interleave_test

import (
	"context"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/interleave"
)

// counter is a number in a row that two people add to.
type counter struct {
	t  *testing.T
	d  *db.DB
	id id.Location
}

func newCounter(t *testing.T, d *db.DB) *counter {
	t.Helper()
	c := &counter{t, d, id.New[id.Location](time.Now())}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO number_series (name, next) VALUES (?, 0)`, c.id.String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// add reads the number and writes one more.
func (c *counter) add(lock string) interleave.Side {
	return func(ctx context.Context) error {
		interleave.Begin(ctx)
		return c.d.Write(ctx, func(tx *db.Tx) error {
			n, err := db.Get[int64](ctx, tx, `SELECT next FROM number_series WHERE name = ?`+lock, c.id.String())
			if err == nil {
				_, err = tx.Exec(ctx, `UPDATE number_series SET next = ? WHERE name = ?`, n+1, c.id.String())
			}
			return err
		})
	}
}

func (c *counter) value() int64 {
	c.t.Helper()
	n, err := db.Get[int64](c.t.Context(), c.d, `SELECT next FROM number_series WHERE name = ?`, c.id.String())
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// Without a lock one of two additions is lost in some schedules; with it in none.
func TestEveryFindsALostUpdate(t *testing.T) {
	d := dbtest.Postgres(t)
	for lock, lost := range map[string]bool{"": true, " FOR UPDATE": false} {
		values := map[int64]int{}
		runs := interleave.Every(t, d, 2, func() interleave.Meeting {
			c := newCounter(t, d)
			return interleave.Meeting{A: c.add(lock), B: c.add(lock), Check: func(a, b error) {
				if a != nil || b != nil {
					t.Error(a, b)
				}
				values[c.value()]++
			}}
		})
		if values[2] == 0 || values[1] > 0 != lost || runs < 6 {
			t.Errorf("with%q, in %d schedules the counter came to %v", lock, runs, values)
		}
	}
}
