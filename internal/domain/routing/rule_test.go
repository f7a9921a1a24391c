package routing

import (
	"testing"

	"purser/internal/base/id"
)

// two is a request for one unit of each of two variants, which no location has both.
func two(rules ...Rule) Request {
	r := Request{Stock: Stock{}, Strategy: Strategy{Name: "test", Rules: rules}}
	for i := range 2 {
		r.Lines = append(r.Lines, Line{Variant: variantID(i), Quantity: 1})
		r.Locations = append(r.Locations, Location{ID: locationID(i), Code: string(rune('A' + i)), Km: float64(10 * (i + 1)), CapacityLeft: Unlimited})
		r.Stock[At{locationID(i), variantID(i)}] = 5
	}
	return r
}

func plan(t *testing.T, r Request) Route {
	t.Helper()
	route, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	return route
}

func TestCheapOrdersAreNotSplit(t *testing.T) {
	r := two(Rule{Name: "split what is worth it", SplitFrom: 5000})
	r.Value = 4999
	if got := plan(t, r); len(got.Parcels) != 1 || len(got.Backorders) != 1 {
		t.Errorf("%+v", got)
	}
	r.Value = 5000
	if got := plan(t, r); len(got.Parcels) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestRanksOfWhatALocationCanDo(t *testing.T) {
	for _, c := range []struct {
		rank   Rank
		change func(near, far *Location, stock Stock)
	}{
		{RankEarliest, func(near, far *Location, _ Stock) { near.Wait, far.Wait = 600, 90 }},
		{RankCapacity, func(near, far *Location, _ Stock) { near.CapacityLeft, far.CapacityLeft = 3, 4 }},
		{RankCapacity, func(near, _ *Location, _ Stock) { near.CapacityLeft = 3 }},
		{RankBalance, func(_, far *Location, stock Stock) { stock[At{far.ID, variantID(0)}] = 20 }},
	} {
		r := two(Rule{Name: "test", Rank: []Rank{c.rank}})
		r.Lines = r.Lines[:1]
		r.Stock[At{locationID(1), variantID(0)}] = 5
		c.change(&r.Locations[0], &r.Locations[1], r.Stock)
		if got := plan(t, r).Parcels[0].Location; got != locationID(1) {
			t.Errorf("%s: %v was chosen", c.rank, got)
		}
		r.Strategy.Rules[0].Rank = nil
		if got := plan(t, r).Parcels[0].Location; got != locationID(0) {
			t.Errorf("%s: without it, %v was chosen", c.rank, got)
		}
	}
}

func TestCapacityIsExceededOnlyWhereItHasTo(t *testing.T) {
	r := two(Rule{Name: "test"})
	r.Lines = r.Lines[:1]
	r.Locations[0].CapacityLeft = 0
	r.Stock[At{locationID(1), variantID(0)}] = 5
	if got := plan(t, r); got.Parcels[0].Location != locationID(1) || got.Decision.Overbooked {
		t.Errorf("%+v", got)
	}
	delete(r.Stock, At{locationID(1), variantID(0)})
	if got := plan(t, r); len(got.Parcels) != 1 || got.Parcels[0].Location != locationID(0) || !got.Decision.Overbooked {
		t.Errorf("%+v", got)
	}
}

func TestRefusedStockDoesNotCount(t *testing.T) {
	r := two(Rule{Name: "test"})
	r.Locations[0].Refused, r.Locations[0].Refusal = []id.Variant{variantID(0)}, "rejected it: damaged"
	got := plan(t, r)
	if len(got.Parcels) != 1 || got.Parcels[0].Location != locationID(1) || got.Decision.Candidates[0].Reason != "rejected it: damaged" {
		t.Errorf("%+v", got)
	}
}
