package event_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

type rung struct {
	Bell id.Customer `json:"bell"`
	N    int         `json:"n"`
}

func (rung) Kind() string       { return "bell.rung" }
func (r rung) Subject() id.UUID { return r.Bell }

func TestFeedIsOrderedAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		bell := id.New[id.Customer](time.Now())
		for i := range 5 {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				if err := event.Record(t.Context(), tx, rung{bell, 2 * i}); err != nil {
					return err
				}
				return event.Record(t.Context(), tx, rung{bell, 2*i + 1})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		dbtest.FeedSettled(t, d)
		var got []string
		cursor := ""
		for {
			page, err := event.After(t.Context(), d, d.Postgres(), cursor, []string{"bell.rung"}, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				got = append(got, string(e.Body))
			}
			cursor = page[len(page)-1].Cursor
		}
		if len(got) != 10 {
			t.Fatalf("%d events: %v", len(got), got)
		}
		of, err := event.Of(t.Context(), d, bell, 4)
		if err != nil || len(of) != 4 || string(of[3].Body) != got[9] {
			t.Errorf("the newest four are %v (%v)", of, err)
		}
		if _, err := event.After(t.Context(), d, d.Postgres(), "nonsense", nil, 1); !fault.Is(err, "event.bad_cursor") {
			t.Errorf("a bad cursor gave %v", err)
		}
	})
}

// A reader that follows the feed while many write must see each event once,
// though transactions commit in another order than they began in.
func TestFollowingTheFeedMissesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const writers, each = 8, 25
		bell := id.New[id.Customer](time.Now())
		done := make(chan struct{})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					err := d.Write(t.Context(), func(tx *db.Tx) error {
						err := event.Record(t.Context(), tx, rung{bell, w*each + i})
						time.Sleep(time.Duration((w*7+i)%5) * time.Millisecond)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		go func() { wg.Wait(); close(done) }()
		seen := map[string]int{}
		cursor := ""
		for last := false; ; {
			page, err := event.After(t.Context(), d, d.Postgres(), cursor, nil, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				seen[string(e.Body)]++
				cursor = e.Cursor
			}
			if len(page) == 0 && last {
				break
			}
			if last {
				continue
			}
			select {
			case <-done:
				dbtest.FeedSettled(t, d)
				last = true
			default:
			}
		}
		if len(seen) != writers*each {
			t.Errorf("%d events of %d were seen", len(seen), writers*each)
		}
		for body, n := range seen {
			if n != 1 {
				t.Errorf("%s was seen %d times", body, n)
			}
		}
	})
}

// After a restore into a server that counts from lower, new events still come
// behind the old ones.
func TestAlignLiftsANewServersCounter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		bell := id.New[id.Customer](time.Now())
		ring := func(n int) {
			t.Helper()
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return event.Record(t.Context(), tx, rung{bell, n}) }); err != nil {
				t.Fatal(err)
			}
		}
		ring(1)
		if _, err := d.Writer().ExecContext(t.Context(), `UPDATE event SET txid = txid + 1000000000`); err != nil {
			t.Fatal(err)
		}
		if err := event.Align(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		ring(2)
		dbtest.FeedSettled(t, d)
		page, err := event.After(t.Context(), d, d.Postgres(), "", nil, 10)
		if err != nil || len(page) != 2 {
			t.Fatalf("%d events (%v)", len(page), err)
		}
		if body := string(page[1].Body); body != fmt.Sprintf(`{"bell":"%s","n":2}`, bell) && body != fmt.Sprintf(`{"n": 2, "bell": "%s"}`, bell) {
			t.Errorf("the last event is %s", body)
		}
	})
}
