package flow_test

import (
	"fmt"
	"slices"
	"testing"

	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

// each runs a scenario in a new shop on both databases. In the end the books must agree with their rows.
func each(t *testing.T, scenario func(t *testing.T, s *shop.Shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := shop.New(t, d)
		scenario(t, s)
		s.Verify()
	})
}

// level checks how many units of a SKU a location has on hand, promised and owed.
func level(t *testing.T, s *shop.Shop, sku, code string, onHand, committed, backordered int64) {
	t.Helper()
	l := s.Level(sku, code)
	got, want := [3]int64{l.OnHand, l.Committed, l.Backordered}, [3]int64{onHand, committed, backordered}
	if got != want {
		t.Errorf("%s at %s: on hand, committed, backordered are %v, want %v", sku, code, got, want)
	}
}

// work checks what locations are asked to do for an order, as "BER open 2": the units are those still to be sent.
func work(t *testing.T, s *shop.Shop, o *order.Order, want ...string) {
	t.Helper()
	var got []string
	for _, f := range s.Work(o) {
		got = append(got, fmt.Sprintf("%s %s %d", s.LocationCode(f.Location), f.Status, f.Open()))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("work for order %d: got %q, want %q", o.Number, got, want)
	}
}
