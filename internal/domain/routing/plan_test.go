package routing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/base/id"

	gocmp "github.com/google/go-cmp/cmp"
)

// shop is a small network: Reno, Dallas and Newark, at 200, 1,900 and 4,000 km,
// with stock written as "A3 B1".
type shop struct {
	lines  string // "A2 B1": a line for each
	reno   string
	dallas string
	newark string
	rules  []Rule
	change func(*Request)
}

func (s shop) request() Request {
	r := Request{Stock: Stock{}, Strategy: Strategy{Name: "test", Rules: s.rules}}
	for _, f := range strings.Fields(s.lines) {
		v, n := unitsIn(f)
		r.Lines = append(r.Lines, Line{Variant: v, Quantity: n})
	}
	for i, stock := range []string{s.reno, s.dallas, s.newark} {
		l := Location{
			ID: locationID(i + 1), Code: []string{"RNO", "DFW", "EWR"}[i], Name: []string{"Reno", "Dallas", "Newark"}[i],
			Km: []float64{211.6, 1900, 4000}[i], Sequence: 3 - i, CapacityLeft: Unlimited, Market: "US",
		}
		r.Locations = append(r.Locations, l)
		for _, f := range strings.Fields(stock) {
			v, n := unitsIn(f)
			r.Stock[At{l.ID, v}] = n
		}
	}
	if s.change != nil {
		s.change(&r)
	}
	return r
}

func unitsIn(field string) (id.Variant, int64) {
	var n int64
	if _, err := fmt.Sscan(field[1:], &n); err != nil {
		panic(err)
	}
	return variantID(int(field[0])), n
}

// describe writes a route as "Reno: 0x2 1x1; wait Dallas: 2x1", a line's index
// and its units.
func describe(r Request, route Route) string {
	name := func(l id.Location) string {
		i := slices.IndexFunc(r.Locations, func(m Location) bool { return m.ID == l })
		if i < 0 {
			return "nowhere"
		}
		return r.Locations[i].Name
	}
	var said []string
	for _, p := range route.Parcels {
		s := name(p.Location) + ":"
		for _, it := range p.Items {
			s += fmt.Sprintf(" %dx%d", it.Line, it.Quantity)
		}
		said = append(said, s)
	}
	for _, b := range route.Backorders {
		said = append(said, fmt.Sprintf("wait %s: %dx%d", name(b.Location), b.Line, b.Quantity))
	}
	return strings.Join(said, "; ")
}

func TestPlan(t *testing.T) {
	byUnits := []Rule{{Name: "units", Split: SplitLine}}
	never := []Rule{{Name: "never", Split: SplitNever}}
	kit := func(perKit ...int64) func(*Request) {
		return func(r *Request) {
			for i, n := range perKit {
				r.Lines[i].Group, r.Lines[i].PerKit = 7, n
			}
		}
	}
	for _, c := range []struct {
		name     string
		shop     shop
		want     string
		sentence string
	}{
		{"nearest of those that have everything",
			shop{lines: "A2 B1", reno: "A9 B9", dallas: "A9 B9", newark: "A2 B1"},
			"Reno: 0x2 1x1",
			"Whole order from Reno (212 km), nearest of 3 locations that have everything."},
		{"one far location beats two near ones",
			shop{lines: "A2 B1", reno: "A2", dallas: "B1", newark: "A2 B1"},
			"Newark: 0x2 1x1",
			"Whole order from Newark (4,000 km), the only location that has everything."},
		{"split when nobody has everything",
			shop{lines: "A2 B1", reno: "A2", dallas: "B1", newark: "B1"},
			"Reno: 0x2; Dallas: 1x1",
			"2 parcels, from Reno (212 km) and Dallas (1,900 km); no single location has everything."},
		{"a line that may be split is, where nobody has it whole",
			shop{lines: "A10", reno: "A6", dallas: "A7", newark: "A1"},
			"Reno: 0x3; Dallas: 0x7", ""},
		{"another is not: most of it, the rest waits there",
			shop{lines: "A10", reno: "A6", dallas: "A7", newark: "A1",
				change: func(r *Request) { r.Lines[0].NeverSplit = true }},
			"Dallas: 0x7; wait Dallas: 0x3",
			"7 of 10 units from Dallas (1,900 km); the rest is backordered."},
		{"a line is split where the rule lets it",
			shop{lines: "A10", reno: "A6", dallas: "A5", newark: "A4", rules: byUnits},
			"Reno: 0x6; Dallas: 0x4", ""},
		{"unless the line says never",
			shop{lines: "A10", reno: "A6", dallas: "A5", rules: byUnits,
				change: func(r *Request) { r.Lines[0].NeverSplit = true }},
			"Reno: 0x6; wait Reno: 0x4", ""},
		{"fewest parcels even when units could be nearer",
			shop{lines: "A9", reno: "A5", dallas: "A3", newark: "A4", rules: byUnits},
			"Reno: 0x5; Newark: 0x4", ""},
		{"lines of a pool are not cut without need",
			shop{lines: "A3 A4 B1", reno: "A4 B1", dallas: "A3", rules: byUnits},
			"Reno: 1x4 2x1; Dallas: 0x3", ""},
		{"two lines of a variant share its stock",
			shop{lines: "A3 A3", reno: "A5", dallas: "A3"},
			"Reno: 1x3; Dallas: 0x3", ""},
		{"what nobody has waits where the rest ships from",
			shop{lines: "A1 B2", dallas: "A1"},
			"Dallas: 0x1; wait Dallas: 1x2",
			"1 of 3 units from Dallas (1,900 km); the rest is backordered."},
		{"what nobody has at all waits at the nearest",
			shop{lines: "A1 B2"},
			"wait Reno: 0x1; wait Reno: 1x2",
			"Backordered at Reno (212 km): no eligible location can ship any of it."},
		{"never split: all from one, most first",
			shop{lines: "A2 B3", reno: "A2", dallas: "B3", rules: never},
			"Dallas: 1x3; wait Dallas: 0x2", ""},
		{"at most two parcels",
			shop{lines: "A1 B2 C3", reno: "A1", dallas: "B2", newark: "C3", rules: []Rule{{MaxParcels: 2}}},
			"Dallas: 1x2; Newark: 2x3; wait Dallas: 0x1", ""},
		{"a kit ships together",
			shop{lines: "A1 B1", reno: "A5", dallas: "B5", newark: "A1 B1", change: kit(0, 0)},
			"Newark: 0x1 1x1", ""},
		{"a kit that nobody has whole ships nothing, not half",
			shop{lines: "A1 B1", reno: "A5", dallas: "B5", rules: byUnits, change: kit(0, 0)},
			"wait Reno: 0x1; wait Reno: 1x1", ""},
		{"whole kits ship, the others wait",
			shop{lines: "A6 B3", reno: "A6 B1", dallas: "A5 B9", change: kit(2, 1)},
			"Dallas: 0x4 1x2; wait Dallas: 0x2; wait Dallas: 1x1", ""},
		{"a kit and a line share a component",
			shop{lines: "A1 B1 A2", reno: "A2 B1", dallas: "A2", change: kit(0, 0)},
			"Reno: 0x1 1x1; Dallas: 2x2", ""},
		{"first in sequence",
			shop{lines: "A1", reno: "A1", dallas: "A1", newark: "A1", rules: []Rule{{Rank: []Rank{RankSequence}}}},
			"Newark: 0x1",
			"Whole order from Newark (4,000 km), first in sequence of 3 locations that have everything."},
		{"own market before nearer",
			shop{lines: "A1", reno: "A1", dallas: "A1", change: func(r *Request) {
				r.Market, r.Locations[0].Market = "US", "MX"
			}},
			"Dallas: 0x1",
			"Whole order from Dallas (1,900 km), best by market, then distance, of 2 locations that have everything."},
		{"unknown distance goes last",
			shop{lines: "A1", reno: "A1", dallas: "A1", newark: "A1", change: func(r *Request) {
				r.Locations[0].Km, r.Locations[1].Km = UnknownKm, math.NaN()
			}},
			"Newark: 0x1", ""},
		{"unknown address: sequence decides",
			shop{lines: "A1", reno: "A1", dallas: "A1", change: func(r *Request) {
				r.DestinationPrecision = "unknown"
				for i := range r.Locations {
					r.Locations[i].Km = UnknownKm
				}
			}},
			"Dallas: 0x1",
			"Whole order from Dallas (distance unknown), first in sequence of 2 locations that have everything. The address could not be located, so distances are unknown."},
		{"no capacity left, and closed",
			shop{lines: "A1", reno: "A1", dallas: "A1", newark: "A1", change: func(r *Request) {
				r.Locations[0].CapacityLeft, r.Locations[1].Excluded = 0, "closed"
			}},
			"Newark: 0x1", ""},
		{"the next rule widens",
			shop{lines: "A1", newark: "A1", rules: []Rule{{Name: "near", MaxKm: 2000}, {Name: "any"}}},
			"Newark: 0x1",
			`Whole order from Newark (4,000 km), the only location that has everything. Found by the rule "any", since "near" could not serve everything.`},
		{"the rule that serves most, of equals the first",
			shop{lines: "A3", reno: "A1", newark: "A2", rules: []Rule{{Name: "near", MaxKm: 500}, {Name: "any"}, {Name: "last"}}},
			"Newark: 0x2; wait Newark: 0x1",
			`2 of 3 units from Newark (4,000 km); the rest is backordered. The rule "any" served most; none could serve everything.`},
		{"parked when nobody may ship",
			shop{lines: "A1", reno: "A1", change: func(r *Request) {
				for i := range r.Locations {
					r.Locations[i].Excluded = "closed"
				}
			}},
			"wait nowhere: 0x1",
			"Parked: no location may serve this order (Reno: closed; Dallas: closed; Newark: closed)."},
		{"oversold stock is no stock",
			shop{lines: "A1", reno: "A-4", dallas: "A1"},
			"Dallas: 0x1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.shop.request()
			route, err := Plan(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(r, route); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := route.Decision.Sentence(); c.sentence != "" && got != c.sentence {
				t.Errorf("got  %s\nwant %s", got, c.sentence)
			}
		})
	}
}

// TestExactBeatsGreedy: the location with most of the order is in no smallest
// set.
func TestExactBeatsGreedy(t *testing.T) {
	r := shop{lines: "A1 B1 C1 D1 E1 F1", reno: "A1 B1 D1 E1", dallas: "A1 B1 C1", newark: "D1 E1 F1"}.request()
	route, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := describe(r, route), "Dallas: 0x1 1x1 2x1; Newark: 3x1 4x1 5x1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSearchCutShortSaysSo(t *testing.T) {
	r := shop{lines: "A1 B1 C1 D1 E1 F1", reno: "A1 B1 D1 E1", dallas: "A1 B1 C1", newark: "D1 E1 F1"}.request()
	r.MaxWork = 1
	route, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := route.Decision; d.Exact || d.Served != 6 || !strings.Contains(d.Sentence(), "cut short after 1 step") {
		t.Errorf("%s: %+v", d.Sentence(), d)
	}
}

// TestKnownRouteIsNotLost: once a way to serve everything is found, a search
// cut short returns no less, although taking in order would: the first line
// would take from Reno what the second needs.
func TestKnownRouteIsNotLost(t *testing.T) {
	r := shop{lines: "A2 A3", reno: "A3", dallas: "A2"}.request()
	for r.MaxWork = 3; r.MaxWork < 12; r.MaxWork++ {
		route, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := describe(r, route), "Reno: 1x3; Dallas: 0x2"; got != want {
			t.Errorf("after %d steps: got %s, want %s", r.MaxWork, got, want)
		}
	}
}

func TestDecisionListsTheBestAndTheChosen(t *testing.T) {
	r := network(rand.New(rand.NewPCG(5, 6)), 2, 50, 0)
	slices.SortFunc(r.Locations, func(a, b Location) int { return cmp.Compare(a.Km, b.Km) })
	r.Locations[0].Excluded = "closed"
	for _, l := range r.Lines {
		r.Stock[At{r.Locations[0].ID, l.Variant}] = 9
		r.Stock[At{r.Locations[40].ID, l.Variant}] = 9
		r.Stock[At{r.Locations[45].ID, l.Variant}] = 9
	}
	r.Stock[At{r.Locations[3].ID, r.Lines[1].Variant}] = 9
	route, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	d := route.Decision
	if len(d.Candidates) != MaxCandidates+1 || d.Omitted != 50-MaxCandidates-1 || d.Complete != 2 || d.Eligible != 49 {
		t.Errorf("%d candidates, %d omitted, %d complete, %d eligible", len(d.Candidates), d.Omitted, d.Complete, d.Eligible)
	}
	for i, want := range map[int]Candidate{
		0:             {Verdict: VerdictExcluded, Reason: "closed", Stock: []int64{9, 9}},
		1:             {Verdict: VerdictEmpty, Stock: []int64{0, 0}},
		3:             {Verdict: VerdictNeedless, Stock: []int64{0, 9}},
		MaxCandidates: {Verdict: VerdictChosen, Stock: []int64{9, 9}},
	} {
		got := d.Candidates[i]
		if got.Verdict != want.Verdict || got.Reason != want.Reason || !slices.Equal(got.Stock, want.Stock) {
			t.Errorf("candidate %d: got %+v, want %+v", i, got, want)
		}
	}
}

func TestDecisionSurvivesJSON(t *testing.T) {
	r := shop{lines: "A2 B1", reno: "A2", dallas: "B1", newark: "B1"}.request()
	r.Locations[2].Km = math.NaN()
	route, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	text := toJSON(t, route.Decision)
	var got Decision
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(route.Decision, got); diff != "" {
		t.Error(diff)
	}
	if got.Sentence() != route.Decision.Sentence() {
		t.Error("the stored decision reads differently")
	}
}

// TestTakeLeavesTheRestToTheNext: orders of a batch, most urgent first, never
// get a unit twice.
func TestTakeLeavesTheRestToTheNext(t *testing.T) {
	r := shop{lines: "A2", reno: "A3", dallas: "A4"}.request()
	var got []string
	for range 4 {
		route, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Stock.Take(route)
		got = append(got, describe(r, route))
	}
	want := []string{"Reno: 0x2", "Dallas: 0x2", "Dallas: 0x2", "Reno: 0x1; wait Reno: 0x1"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUrgency(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	want := []Urgency{
		{Priority: 5, Since: day(3)},
		{Priority: 0, Since: day(1), Order: id.Order{1}},
		{Priority: 0, Since: day(1), Order: id.Order{2}},
		{Priority: 0, Since: day(2)},
		{Priority: -1, Since: day(1)},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Urgency.Compare)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"no lines":       func(r *Request) { r.Lines = nil },
		"no quantity":    func(r *Request) { r.Lines[0].Quantity = 0 },
		"too much":       func(r *Request) { r.Lines[0].Quantity = MaxQuantity + 1 },
		"location twice": func(r *Request) { r.Locations = append(r.Locations, r.Locations[0]) },
		"many, one twice": func(r *Request) {
			r.Locations = append(network(rand.New(rand.NewPCG(1, 1)), 1, 30, 1).Locations, r.Locations...)
		},
		"half a kit":         func(r *Request) { r.Lines[0].Group, r.Lines[0].PerKit = 1, 3 },
		"a negative kit":     func(r *Request) { r.Lines[0].Group, r.Lines[0].PerKit = 1, -1 },
		"kits that disagree": func(r *Request) { r.Lines[0].Group, r.Lines[0].PerKit, r.Lines[1].Group = 1, 1, 1 },
		"unknown split":      func(r *Request) { r.Strategy.Rules = []Rule{{Split: "all"}} },
		"unknown rank":       func(r *Request) { r.Strategy.Rules = []Rule{{Rank: []Rank{"cost"}}} },
		"rank twice":         func(r *Request) { r.Strategy.Rules = []Rule{{Rank: []Rank{RankDistance, RankDistance}}} },
		"negative distance":  func(r *Request) { r.Strategy.Rules = []Rule{{MaxKm: -1}} },
		"negative parcels":   func(r *Request) { r.Strategy.Rules = []Rule{{MaxParcels: -1}} },
	} {
		t.Run(name, func(t *testing.T) {
			r := shop{lines: "A2 B1", reno: "A2 B1"}.request()
			change(&r)
			if route, err := Plan(r); err == nil {
				t.Errorf("routed as %s", describe(r, route))
			}
		})
	}
}

func toJSON(t interface{ Fatal(...any) }, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func benchmark(b *testing.B, requests []Request) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := Plan(requests[i%len(requests)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, c := range []struct {
		name             string
		lines, locations int
		has              float64
		split            Split
	}{
		{"1x3", 1, 3, 0.8, SplitOrder},
		{"3x5", 3, 5, 0.8, SplitOrder},
		{"1x200", 1, 200, 0.5, SplitOrder},
		{"10x200/dense", 10, 200, 0.7, SplitOrder},
		{"10x200/half", 10, 200, 0.4, SplitOrder},
		{"10x200/sparse", 10, 200, 0.1, SplitOrder},
		{"10x200/rare", 10, 200, 0.05, SplitOrder},
		{"10x200/sparse, units", 10, 200, 0.1, SplitLine},
	} {
		b.Run(c.name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(3, 4))
			var requests []Request
			for range 50 {
				r := network(random, c.lines, c.locations, c.has)
				r.Strategy = Strategy{Name: "bench", Rules: []Rule{{Split: c.split}}}
				requests = append(requests, r)
			}
			benchmark(b, requests)
		})
	}
}
