package worker_test

import (
	"testing"
	"time"

	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
	"purser/internal/worker"
)

// What a location could send since it ships again is found by the runs: urgent orders within minutes, others within
// the hour, and each schedule runs as often as it says.
func TestOrdersThatWaitAreLookedAtAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := shop.New(t, d)
		deps := worker.Deps{DB: d}
		ships := func(yes bool) {
			s.Write(func(tx *db.Tx) error {
				l, err := inventory.GetLocation(s.Ctx, tx, s.Location(shop.Berlin))
				if err != nil {
					return err
				}
				l.ShipsOnline = yes
				_, err = inventory.SaveLocation(s.Ctx, tx, l)
				return err
			})
		}
		run := func(after time.Duration, want ...string) {
			t.Helper()
			s.Sleep(after)
			if err := deps.RouteWaiting(s.Ctx); err != nil {
				t.Fatal(err)
			}
			runs, err := routing.Runs(s.Ctx, d, 100)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range runs {
				if r.EndedAt.IsZero() {
					t.Errorf("the run %s has not ended", r.Name)
				}
				if r.Orders > 0 {
					got = append(got, r.Name)
				}
			}
			if len(got) != len(want) || len(want) > 0 && got[0] != want[0] {
				t.Errorf("runs that gave something: %q, want %q", got, want)
			}
		}
		run(0)
		s.Receive("TEA", shop.Berlin, 2)
		s.Receive("RARE", shop.Berlin, 1)
		ships(false)
		slow := s.Place(shop.Of("RARE", 1))
		late := s.Place(shop.Of("TEA", 1))
		urgent := s.PlaceWith(func(p *flow.Placement) { p.Priority = 3 }, shop.Of("TEA", 1))
		ships(true)
		run(time.Minute)
		run(5*time.Minute, "expedited") // it serves the variant whole
		shop.Equal(t, "open for the urgent order", s.WorkAt(urgent, shop.Berlin).Status, fulfillment.Open)
		shop.Equal(t, "the late one waits for", s.Line(late, "TEA").Backordered, 0)
		shop.Equal(t, "the slow one waits for", s.Line(slow, "RARE").Backordered, 1)
		run(6*time.Minute, "expedited")
		run(time.Hour, "standard", "expedited")
		shop.Equal(t, "the slow one waits for", s.Line(slow, "RARE").Backordered, 0)
		runs, err := routing.Runs(s.Ctx, d, 100)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(runs); n != 6 {
			t.Errorf("%d runs, not 6", n)
		}
		shop.Equal(t, "units", runs[0].Units+runs[1].Units, 1)
		s.Verify()
	})
}
