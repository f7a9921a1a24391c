package worker_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/webhook"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/outbound"
	"purser/internal/test/dbtest"
	"purser/internal/worker"
)

type rung struct {
	Bell id.Customer `json:"bell"`
}

func (rung) Kind() string       { return "bell.rung" }
func (r rung) Subject() id.UUID { return r.Bell }

// What happens reaches an endpoint by itself, in order.
func TestEventsReachEndpoints(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		arrived := make(chan string, 10)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.Header.Get("webhook-id") }))
		defer receiver.Close()
		reach := outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		deps := worker.Deps{DB: d, Outbound: outbound.NewClient(reach, 5*time.Second), Log: slog.New(slog.DiscardHandler)}
		queue, err := worker.NewQueue(deps)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		if err := queue.Start(ctx); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { deps.Follow(ctx) })
		defer wg.Wait()
		defer stop()
		defer func() {
			if err := queue.Stop(context.WithoutCancel(ctx)); err != nil {
				t.Error(err)
			}
		}()
		write := func(fn func(tx *db.Tx) error) {
			t.Helper()
			if err := d.Write(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *db.Tx) error {
			_, _, err := webhook.AddEndpoint(ctx, tx, webhook.Endpoint{URL: receiver.URL})
			return err
		})
		for { // until the follower has begun
			n, err := db.Get[int](ctx, d, `SELECT count(*) FROM event_follower WHERE name = 'webhook'`)
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		bell := id.New[id.Customer](time.Now())
		for range 3 {
			write(func(tx *db.Tx) error { return event.Record(ctx, tx, rung{bell}) })
		}
		events, err := event.Of(ctx, d, bell, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			select {
			case got := <-arrived:
				if got != e.ID.String() {
					t.Errorf("%s arrived, not %s", got, e.ID)
				}
			case <-time.After(time.Minute):
				t.Fatal("it did not arrive")
			}
		}
	})
}
