package inventory_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

func TestSaveLocation(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		l := inventory.Location{
			Code: " NYC ", Name: "New York", Kind: inventory.Store, TimeZone: "America/New_York", Active: true, ShipsOnline: true, Pickup: true,
			Address: db.JSON[address.Address]{V: address.Address{PostalCode: "10001", Country: "usa"}},
			Cutoff:  "14:30", ClosedDays: db.JSON[[]string]{V: []string{"sun", "2026-12-25"}}, Capacity: 40, Sequence: -1,
		}
		save := func(l inventory.Location) (out inventory.Location, err error) {
			err = s.write(func(tx *db.Tx) (err error) {
				out, err = inventory.SaveLocation(t.Context(), tx, l)
				return err
			})
			return out, err
		}
		l, err := save(l)
		if err != nil {
			t.Fatal(err)
		}
		got, err := inventory.LocationByCode(t.Context(), s.d, "NYC")
		if err != nil || got.ID != l.ID || got.Precision != geo.ByPostalCode || got.Address.V.Country != "US" || got.Version != 1 {
			t.Errorf("stored is %+v (%v)", got, err)
		}
		if p, ok := got.Point(); !ok || geo.Distance(p, geo.Point{Lat: 40.75, Lon: -73.99}) > 5 {
			t.Errorf("it lies at %v", p)
		}
		got.LatE6, got.LonE6, got.Precision = 1_000_000, -2_000_000, inventory.Exact
		got, err = save(got)
		if err != nil || got.LatE6 != 1_000_000 || got.Version != 2 {
			t.Errorf("given coordinates: %+v (%v)", got, err)
		}
		if _, err := save(l); !fault.Is(err, "inventory.stale") {
			t.Errorf("an outdated version: %v", err)
		}
		if _, err := save(inventory.Location{Code: "NYC", Name: "x", Kind: inventory.Store}); !fault.Is(err, "location.exists") {
			t.Errorf("the code again: %v", err)
		}
		all, err := inventory.Locations(t.Context(), s.d)
		if err != nil || len(all) != 5 || all[0].Code != "NYC" || all[1].Code != "LOOSE" {
			t.Errorf("all are %+v (%v)", all, err)
		}
		if entries, err := audit.List(t.Context(), s.d, audit.Filter{ObjectKind: "location", Object: l.ID.String(), Limit: 9}); err != nil || len(entries) != 2 {
			t.Errorf("the audit has %d entries (%v)", len(entries), err)
		}
	})
}

func TestSaveLocationNamesEachFieldThatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		err := s.write(func(tx *db.Tx) error {
			_, err := inventory.SaveLocation(t.Context(), tx, inventory.Location{
				Kind: "shed", TimeZone: "Mars", Cutoff: "9:00", Capacity: -1, ClosedDays: db.JSON[[]string]{V: []string{"sunday"}},
				Address:   db.JSON[address.Address]{V: address.Address{Country: "Atlantis"}},
				Precision: inventory.Exact, LatE6: 91_000_000,
			})
			return err
		})
		f, _ := fault.As(err)
		want := []string{"address.country", "capacity", "closed_days", "code", "cutoff", "kind", "lat_e6", "name", "time_zone"}
		if f == nil || f.Code != "location.invalid" || !slices.Equal(slices.Sorted(maps.Keys(f.Fields)), want) {
			t.Errorf("got %v", err)
		}
		for _, find := range []func() error{
			func() error {
				_, err := inventory.GetLocation(t.Context(), s.d, id.New[id.Location](time.Now()))
				return err
			},
			func() error { _, err := inventory.LocationByCode(t.Context(), s.d, "NOWHERE"); return err },
		} {
			if err := find(); !fault.Is(err, "location.not_found") {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestOpeningDaysAndCutoff(t *testing.T) {
	l := inventory.Location{TimeZone: "America/New_York", Cutoff: "14:30", ClosedDays: db.JSON[[]string]{V: []string{"sun", "2026-12-25"}}}
	for at, want := range map[string][2]bool{
		"2026-12-23T19:29:00Z": {true, true},   // 14:29 there
		"2026-12-23T19:30:00Z": {true, false},  // 14:30
		"2026-12-25T18:00:00Z": {false, false}, // closed
		"2026-12-26T04:00:00Z": {false, false}, // still the 25th there
		"2026-12-28T04:00:00Z": {false, false}, // still Sunday there
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{l.OpenOn(when), l.BeforeCutoff(when)}; got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}

func TestKindOfALocationInUse(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		s.receive(v, s.reno, 2)
		s.mustReserve(claim(d, v, s.reno, 1, "stock"))
		l, err := inventory.GetLocation(t.Context(), s.d, s.reno)
		if err != nil {
			t.Fatal(err)
		}
		l.Kind = inventory.Quarantine
		save := func(tx *db.Tx) error { _, err := inventory.SaveLocation(t.Context(), tx, l); return err }
		s.refused("location.in_use", save)
		s.must(func(tx *db.Tx) error {
			return inventory.Release(t.Context(), tx, []inventory.Claim{claim(d, v, s.reno, 1, "stock")})
		})
		s.must(save)
		if n := s.level(v, s.reno).Available(); n != 0 {
			t.Errorf("%d are available in quarantine", n)
		}
		s.sound()
	})
}

func TestBins(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, w := variant(), variant()
		s.receive(v, s.reno, 1)
		var bins []inventory.Bin
		s.must(func(tx *db.Tx) (err error) {
			bins, err = inventory.SaveBins(t.Context(), tx, []inventory.Bin{
				{Location: s.reno, Code: "B", Path: 1}, {Location: s.reno, Code: "A", Path: 2}, {Location: s.ulm, Code: "A"},
			})
			return err
		})
		s.must(func(tx *db.Tx) error {
			again, err := inventory.SaveBins(t.Context(), tx, []inventory.Bin{{Location: s.reno, Code: "A", Path: 0}})
			if err == nil && (len(again) != 1 || again[0].ID != bins[1].ID) {
				t.Errorf("the bin became %+v", again)
			}
			return err
		})
		at := func(v id.Variant) inventory.Key { return inventory.Key{Variant: v, Location: s.reno} }
		s.refused("bin.not_found", func(tx *db.Tx) error {
			return inventory.PutInBins(t.Context(), tx, []inventory.Place{{Key: at(v), Bin: bins[2].ID}})
		})
		s.must(func(tx *db.Tx) error {
			return inventory.PutInBins(t.Context(), tx, []inventory.Place{{Key: at(v), Bin: bins[1].ID}, {Key: at(v), Bin: bins[0].ID}, {Key: at(w), Bin: bins[1].ID}})
		})
		of, err := inventory.BinsOf(t.Context(), s.d, s.reno, []id.Variant{v, w})
		if err != nil || of[v].Code != "B" || of[w].Code != "A" {
			t.Errorf("bins of variants: %+v (%v)", of, err)
		}
		walk, err := inventory.Bins(t.Context(), s.d, s.reno)
		if err != nil || len(walk) != 2 || walk[0].Code != "A" {
			t.Errorf("the walk is %+v (%v)", walk, err)
		}
		if got := s.level(v, s.reno).Bin; got != bins[0].ID {
			t.Errorf("the level names %s", got)
		}
		s.sound()
	})
}
