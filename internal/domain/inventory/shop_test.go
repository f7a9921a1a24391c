package inventory_test

import (
	"testing"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

// shop is a database with a few locations, and short words for what tests do.
type shop struct {
	t     testing.TB
	d     *db.DB
	reno  id.Location // a warehouse
	ulm   id.Location // a store
	loose id.Location // a supplier, which allows negative stock
	quar  id.Location // quarantine
}

var book = inventory.Book{Base: "EUR", Day: func(t time.Time) string { return t.Format(time.DateOnly) }}

func each(t *testing.T, test func(t *testing.T, s *shop)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newShop(t, d)) })
}

func newShop(t testing.TB, d *db.DB) *shop {
	t.Helper()
	s := &shop{t: t, d: d}
	s.reno = s.location("RENO", inventory.Warehouse, false)
	s.ulm = s.location("ULM", inventory.Store, false)
	s.loose = s.location("LOOSE", inventory.Supplier, true)
	s.quar = s.location("QUAR", inventory.Quarantine, false)
	return s
}

func (s *shop) location(code string, kind inventory.LocationKind, negative bool) id.Location {
	s.t.Helper()
	var l inventory.Location
	s.must(func(tx *db.Tx) (err error) {
		l, err = inventory.SaveLocation(s.t.Context(), tx, inventory.Location{
			Code: code, Name: code, Kind: kind, Active: true, ShipsOnline: true, AllowNegative: negative,
			Address: db.JSON[address.Address]{V: address.Address{City: "Ulm", Country: "DE"}},
		})
		return err
	})
	return l.ID
}

func (s *shop) write(fn func(tx *db.Tx) error) error { return s.d.Write(s.t.Context(), fn) }

func (s *shop) must(fn func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.write(fn); err != nil {
		s.t.Fatal(err)
	}
}

// refused runs fn and expects a fault with a code, which it returns.
func (s *shop) refused(code string, fn func(tx *db.Tx) error) *fault.Error {
	s.t.Helper()
	err := s.write(fn)
	if !fault.Is(err, code) {
		s.t.Fatalf("got %v, want the fault %s", err, code)
	}
	e, _ := fault.As(err)
	return e
}

func variant() id.Variant { return id.New[id.Variant](time.Now()) }

// demand is the line of an order.
func demand() id.Any { return id.Any(id.New[id.Line](time.Now())) }

func (s *shop) receive(v id.Variant, l id.Location, n int64, cost ...string) {
	s.t.Helper()
	p := inventory.Posting{Variant: v, Location: l, Kind: inventory.KindReceive, Quantity: n}
	if len(cost) > 0 {
		p.UnitCost = micros(s.t, cost[0])
	}
	s.must(func(tx *db.Tx) error {
		_, err := inventory.Post(s.t.Context(), tx, book, []inventory.Posting{p})
		return err
	})
}

func micros(t testing.TB, s string) *money.Micros {
	t.Helper()
	m, err := money.ParseMicros(s)
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

func claim(d id.Any, v id.Variant, l id.Location, n int64, kind inventory.ClaimKind) inventory.Claim {
	return inventory.Claim{Demand: d, DemandKind: inventory.ForOrder, Variant: v, Location: l, Quantity: n, Kind: kind}
}

func (s *shop) reserve(claims ...inventory.Claim) error {
	return s.write(func(tx *db.Tx) error { return inventory.Reserve(s.t.Context(), tx, claims) })
}

func (s *shop) mustReserve(claims ...inventory.Claim) {
	s.t.Helper()
	if err := s.reserve(claims...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) adjust(postings ...inventory.Posting) (moved []inventory.Movement, displaced []inventory.Displaced, err error) {
	for i := range postings {
		if postings[i].Reason == "" {
			postings[i].Reason = "correction"
		}
	}
	err = s.write(func(tx *db.Tx) (err error) {
		moved, displaced, err = inventory.Adjust(s.t.Context(), tx, book, postings)
		return err
	})
	return moved, displaced, err
}

// level is the level of a variant at a location, and an empty one if there is none.
func (s *shop) level(v id.Variant, l id.Location) inventory.Level {
	s.t.Helper()
	levels, err := inventory.Levels(s.t.Context(), s.d, []id.Variant{v})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, level := range levels {
		if level.Location == l {
			return level
		}
	}
	return inventory.Level{}
}

func (s *shop) wantLevel(v id.Variant, l id.Location, want inventory.Counts) {
	s.t.Helper()
	if got := s.level(v, l).Counts; got != want {
		s.t.Errorf("the level is %+v, want %+v", got, want)
	}
}

func (s *shop) worth(v id.Variant) inventory.Worth {
	s.t.Helper()
	all, err := inventory.Worths(s.t.Context(), s.d, []id.Variant{v})
	if err != nil {
		s.t.Fatal(err)
	}
	return all[v]
}

// differences are what Verify finds.
func (s *shop) differences() (found []check.Difference) {
	s.t.Helper()
	if err := inventory.Verify(s.t.Context(), s.d, func(d check.Difference) { found = append(found, d) }); err != nil {
		s.t.Fatal(err)
	}
	return found
}

// sound fails the test if Verify finds anything.
func (s *shop) sound() {
	s.t.Helper()
	for _, d := range s.differences() {
		s.t.Error(d)
	}
}

// events are the kinds of facts about a subject, oldest first.
func (s *shop) events(subject id.UUID) (kinds []string) {
	s.t.Helper()
	all, err := event.Of(s.t.Context(), s.d, subject, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range all {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}
