package routing

import (
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

func TestDecisionsAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, now := t.Context(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		variant, reno := variantID(1), locationID(1)
		route, err := Plan(Request{
			Lines:     []Line{{Variant: variant, Quantity: 2}},
			Locations: []Location{{ID: reno, Code: "RENO", Km: 212, CapacityLeft: Unlimited}, {ID: locationID(2), Code: "OSLO", Km: UnknownKm, CapacityLeft: Unlimited}},
			Stock:     Stock{At{reno, variant}: 5},
		})
		if err != nil {
			t.Fatal(err)
		}
		order, other := id.New[id.Order](now), id.New[id.Order](now)
		entries := []Entry{
			NewEntry(now, order, CausePlaced, route.Decision), NewEntry(now, other, CausePlaced, route.Decision),
			NewEntry(now, order, CauseRejected, route.Decision),
		}
		if err := d.Write(ctx, func(tx *db.Tx) error { return Record(ctx, tx, entries) }); err != nil {
			t.Fatal(err)
		}
		kept, err := Of(ctx, d, order)
		if err != nil || len(kept) != 2 || kept[0].Cause != CauseRejected || kept[1].ID != entries[0].ID {
			t.Fatalf("%+v %v", kept, err)
		}
		if got, want := toJSON(t, kept[1].Decision.V), toJSON(t, route.Decision); got != want {
			t.Errorf("kept %s\nmade %s", got, want)
		}
		if kept[1].Summary != route.Decision.Sentence() || kept[1].Strategy != "default" || kept[1].At != now {
			t.Errorf("%+v", kept[1])
		}
		if e, err := Get(ctx, d, entries[1].ID); err != nil || e.Order != other {
			t.Errorf("%+v %v", e, err)
		}
		if _, err := Get(ctx, d, id.New[id.Decision](now)); !fault.Is(err, "routing.decision_not_found") {
			t.Error(err)
		}
		events, err := event.Of(ctx, d, order, 10)
		if err != nil || len(events) != 2 || events[0].Kind != "order.routed" {
			t.Errorf("%+v %v", events, err)
		}
	})
}

func TestStrategyIsASetting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		save := func(s Strategy) (saved Strategy, err error) {
			err = d.Write(ctx, func(tx *db.Tx) error {
				saved, err = SaveStrategy(ctx, tx, s)
				return err
			})
			return saved, err
		}
		s, err := LoadStrategy(ctx, d)
		if err != nil || s.Name != "default" || len(s.Rules) == 0 || s.Version != 0 {
			t.Fatalf("%+v %v", s, err)
		}
		for range 2 {
			s.Name, s.Rules = "near", []Rule{{Name: "near", MaxKm: 100, Split: SplitNever}, {Name: "any"}}
			if s, err = save(s); err != nil {
				t.Fatal(err)
			}
		}
		loaded, err := LoadStrategy(ctx, d)
		if err != nil || loaded.Version != 2 || toJSON(t, loaded) != toJSON(t, s) {
			t.Errorf("%+v %v", loaded, err)
		}
		s.Version = 1
		if _, err := save(s); !fault.Is(err, "routing.stale_strategy") {
			t.Error(err)
		}
		for name, bad := range map[string]Strategy{
			"no name":   {Rules: s.Rules},
			"no rules":  {Name: "x"},
			"bad rule":  {Name: "x", Rules: []Rule{{Name: "x", Split: "atoms"}}},
			"too large": {Name: "x", Rules: make([]Rule, MaxRules+1)},
		} {
			if _, err := save(bad); !fault.Is(err, "routing.bad_strategy") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
