package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"purser/internal/base/id"

	"pgregory.net/rapid"
)

// score is what makes a route better than another: more units, then fewer
// parcels, then smaller ranks.
type score struct {
	served  int64
	parcels int
	rank    key
}

func (s score) betterThan(o score) bool {
	if s.served != o.served {
		return s.served > o.served
	}
	if s.parcels != o.parcels {
		return s.parcels < o.parcels
	}
	return s.rank.compare(o.rank) < 0
}

// demand is what the brute force places as one: lines of a group, or a line.
type demand struct {
	lines []int
	kits  int64
}

func demands(r Request, split Split) (whole, movable []demand) {
	at := map[int]int{}
	for i, l := range r.Lines {
		if l.Group != 0 {
			if j, ok := at[l.Group]; ok {
				whole[j].lines = append(whole[j].lines, i)
				continue
			}
			at[l.Group] = len(whole)
			kits := int64(1)
			if l.PerKit > 0 {
				kits = l.Quantity / l.PerKit
			}
			whole = append(whole, demand{lines: []int{i}, kits: kits})
			continue
		}
		d := demand{lines: []int{i}, kits: l.Quantity}
		if split == SplitLine && !l.NeverSplit {
			movable = append(movable, d)
		} else {
			whole = append(whole, d)
		}
	}
	return whole, movable
}

// bruteForce is what the best of all routes scores: locations that have given out
// their capacity count only where that serves more.
func bruteForce(r Request) score {
	best, wanted := bruteForceOf(r, false), int64(0)
	for _, l := range r.Lines {
		wanted += l.Quantity
	}
	if more := bruteForceOf(r, true); best.served < wanted && more.served > best.served {
		return more
	}
	return best
}

// bruteForceOf tries every set of locations and every assignment of the lines to
// it, for a strategy of one rule.
func bruteForceOf(r Request, overbook bool) (best score) {
	rule := r.Strategy.Rules[0]
	p := &problem{Request: r, overbook: overbook}
	whole, movable := demands(r, rule.Split)
	for set := range 1 << len(r.Locations) {
		sc := score{}
		left := Stock{}
		var members []id.Location
		allowed := true
		for i := range r.Locations {
			l := &r.Locations[i]
			if set>>i&1 == 0 {
				continue
			}
			allowed = allowed && p.filter(l, &rule) == eligible
			sc.parcels++
			sc.rank = sc.rank.plus(p.key(i, rule.ranks()))
			members = append(members, l.ID)
			for _, line := range r.Lines {
				at := At{l.ID, line.Variant}
				left[at] = max(0, r.Stock[at])
			}
		}
		if !allowed || sc.parcels > rule.limit(len(r.Locations), r.Value) {
			continue
		}
		if sc.served = bruteServe(r, members, left, whole, movable); sc.betterThan(best) {
			best = sc
		}
	}
	return best
}

func bruteServe(r Request, members []id.Location, left Stock, whole, movable []demand) (best int64) {
	if len(whole) == 0 {
		left := cloneMap(left)
		for _, d := range movable {
			l := r.Lines[d.lines[0]]
			for need, i := l.Quantity, 0; i < len(members); i++ {
				at := At{members[i], l.Variant}
				n := min(need, left[at])
				left[at] -= n
				need -= n
				best += n
			}
		}
		return best
	}
	d := whole[0]
	best = bruteServe(r, members, left, whole[1:], movable)
	for _, m := range members {
		after := cloneMap(left)
		var kits, units int64
		for ; kits < d.kits; kits++ {
			one := cloneMap(after)
			ok := true
			var n int64
			for _, i := range d.lines {
				per := r.Lines[i].Quantity / d.kits
				at := At{m, r.Lines[i].Variant}
				one[at] -= per
				n += per
				ok = ok && one[at] >= 0
			}
			if !ok {
				break
			}
			after, units = one, units+n
		}
		best = max(best, units+bruteServe(r, members, after, whole[1:], movable))
	}
	return best
}

func cloneMap(m Stock) Stock {
	c := make(Stock, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func variantID(n int) id.Variant   { return id.Variant{0: 1, 15: byte(n), 14: byte(n >> 8)} }
func locationID(n int) id.Location { return id.Location{0: 2, 15: byte(n), 14: byte(n >> 8)} }

// smallRequest draws requests that the brute force can solve, with few units,
// ties in distance, shared variants, kits, filters and limits.
func smallRequest(t *rapid.T) Request {
	r := Request{Stock: Stock{}}
	variants := rapid.IntRange(1, 4).Draw(t, "variants")
	if rapid.Bool().Draw(t, "in a market") {
		r.Market = "US"
	}
	perKit := rapid.Bool().Draw(t, "whole kits")
	kits := int64(rapid.IntRange(1, 3).Draw(t, "kits"))
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		l := Line{
			Variant:    variantID(rapid.IntRange(0, variants-1).Draw(t, "variant")),
			Quantity:   int64(rapid.IntRange(1, 6).Draw(t, "quantity")),
			NeverSplit: rapid.IntRange(0, 3).Draw(t, "never split") == 0,
		}
		if rapid.IntRange(0, 3).Draw(t, "in a kit") == 0 {
			l.Group = 1
			if perKit {
				l.PerKit = int64(rapid.IntRange(1, 2).Draw(t, "per kit"))
				l.Quantity = l.PerKit * kits
			}
		}
		r.Lines = append(r.Lines, l)
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "locations") {
		l := Location{
			ID:           locationID(i),
			Code:         string(rune('A' + i)),
			Km:           float64(rapid.IntRange(-1, 5).Draw(t, "km")),
			Sequence:     rapid.IntRange(-2, 2).Draw(t, "sequence"),
			CapacityLeft: int64(rapid.IntRange(-1, 5).Draw(t, "capacity")),
			Wait:         int64(rapid.IntRange(0, 3).Draw(t, "wait")),
			Market:       rapid.SampledFrom([]string{"US", "CA"}).Draw(t, "market"),
			Groups:       []string{rapid.SampledFrom([]string{"shop", "warehouse"}).Draw(t, "group")},
		}
		if rapid.IntRange(0, 7).Draw(t, "excluded") == 0 {
			l.Excluded = "closed"
		}
		r.Locations = append(r.Locations, l)
		for v := range variants {
			r.Stock[At{l.ID, variantID(v)}] = int64(rapid.IntRange(-1, 7).Draw(t, "stock"))
		}
	}
	rule := Rule{
		Name:       "drawn",
		Split:      rapid.SampledFrom([]Split{"", SplitOrder, SplitLine, SplitLine, SplitNever}).Draw(t, "split"),
		SplitFrom:  rapid.SampledFrom([]int64{0, 0, 0, 100}).Draw(t, "split from"),
		MaxParcels: rapid.SampledFrom([]int{0, 0, 2, 3}).Draw(t, "max parcels"),
		Rank: rapid.SampledFrom([][]Rank{nil, {RankDistance}, {RankSequence}, {RankSequence, RankMarket}, {RankEarliest}, {RankCapacity, RankEarliest}}).
			Draw(t, "rank"),
	}
	if rapid.IntRange(0, 3).Draw(t, "near only") == 0 {
		rule.MaxKm = 3
	}
	if rapid.IntRange(0, 3).Draw(t, "warehouses only") == 0 {
		rule.Groups = []string{"warehouse"}
	}
	r.Strategy = Strategy{Name: "drawn", Rules: []Rule{rule}}
	return r
}

// scoreOf measures a route by itself, not by its decision.
func scoreOf(r Request, route Route) (s score) {
	p := &problem{Request: r}
	for _, parcel := range route.Parcels {
		s.parcels++
		i := slices.IndexFunc(r.Locations, func(l Location) bool { return l.ID == parcel.Location })
		s.rank = s.rank.plus(p.key(i, r.Strategy.Rules[0].ranks()))
		for _, it := range parcel.Items {
			s.served += it.Quantity
		}
	}
	return s
}

func TestNoRouteIsBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := smallRequest(t)
		route, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		got, want := scoreOf(r, route), bruteForce(r)
		if got != want {
			t.Fatalf("got %+v, brute force finds %+v\n%+v", got, want, route)
		}
		if d := route.Decision; d.Served != want.served || d.Parcels != want.parcels || !d.Exact {
			t.Fatalf("the decision does not tell the route: %+v", d)
		}
		if err := checkRoute(r, route); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRouteIsSound holds for every route, cut short or not.
func TestRouteIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := smallRequest(t)
		r.MaxWork = rapid.IntRange(1, 8).Draw(t, "work")
		route, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkRoute(r, route); err != nil {
			t.Fatal(err)
		}
	})
}

// checkRoute tells which promise a route breaks.
func checkRoute(r Request, route Route) error {
	rule := r.Strategy.Rules[0]
	p := &problem{Request: r, overbook: route.Decision.Overbooked}
	left := cloneMap(r.Stock)
	units := make([]int64, len(r.Lines))
	places := make([]map[id.Location]bool, len(r.Lines))
	for i := range places {
		places[i] = map[id.Location]bool{}
	}
	seen := map[id.Location]bool{}
	for _, parcel := range route.Parcels {
		i := slices.IndexFunc(r.Locations, func(l Location) bool { return l.ID == parcel.Location })
		if f := p.filter(&r.Locations[i], &rule); f != eligible {
			return fmt.Errorf("%s may not ship: fate %d", r.Locations[i].Code, f)
		}
		if seen[parcel.Location] || len(parcel.Items) == 0 {
			return fmt.Errorf("%s has two parcels or an empty one", r.Locations[i].Code)
		}
		seen[parcel.Location] = true
		for _, it := range parcel.Items {
			at := At{parcel.Location, it.Variant}
			left[at] -= it.Quantity
			if left[at] < 0 || it.Quantity < 1 || it.Variant != r.Lines[it.Line].Variant {
				return fmt.Errorf("%s has not what it ships: %+v", r.Locations[i].Code, it)
			}
			units[it.Line] += it.Quantity
			places[it.Line][parcel.Location] = true
		}
	}
	if limit := rule.limit(len(r.Locations), r.Value); len(route.Parcels) > limit {
		return fmt.Errorf("%d parcels, %d allowed", len(route.Parcels), limit)
	}
	short := make([]int64, len(r.Lines))
	for _, b := range route.Backorders {
		if b.Location.IsZero() != (route.Decision.Outcome == OutcomeParked) {
			return fmt.Errorf("backorder %+v of a %s order", b, route.Decision.Outcome)
		}
		short[b.Line] += b.Quantity
		places[b.Line][b.Location] = true
		if len(seen) > 0 && !seen[b.Location] {
			return fmt.Errorf("backorder %+v would make another parcel", b)
		}
	}
	if d := route.Decision; total(units) != d.Served || total(units)+total(short) != d.Requested || len(seen) != d.Parcels {
		return fmt.Errorf("%d units in %d parcels, but %+v", total(units), len(seen), d)
	}
	for i, l := range r.Lines {
		if units[i]+short[i] != l.Quantity {
			return fmt.Errorf("line %d: %d + %d units of %d", i, units[i], short[i], l.Quantity)
		}
		if len(places[i]) > 1 && (rule.Split != SplitLine || l.NeverSplit || l.Group != 0) {
			return fmt.Errorf("line %d is split", i)
		}
		for j, m := range r.Lines[:i] {
			if l.Group == 0 || l.Group != m.Group {
				continue
			}
			if fmt.Sprint(places[i]) != fmt.Sprint(places[j]) {
				return fmt.Errorf("lines %d and %d of a kit are apart", i, j)
			}
			if units[i]*m.Quantity != units[j]*l.Quantity {
				return fmt.Errorf("lines %d and %d are not whole kits", i, j)
			}
		}
	}
	return nil
}

func TestOrderOfLocationsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := smallRequest(t)
		if rapid.Bool().Draw(t, "cut short") {
			r.MaxWork = 3
		}
		want, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Locations = rapid.Permutation(r.Locations).Draw(t, "order")
		got, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := toJSON(t, got), toJSON(t, want); g != w {
			t.Fatalf("got\n%s\nwant\n%s", g, w)
		}
	})
}

// TestFeasibleSplitIsFound: when units can be given out so that every line is
// served within the policy, the route serves every line. The stock is made
// from such a distribution, and then more is strewn about.
func TestFeasibleSplitIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r := Request{Stock: Stock{}, Strategy: Strategy{Rules: []Rule{{
			Split: rapid.SampledFrom([]Split{SplitOrder, SplitLine}).Draw(t, "split"),
		}}}}
		locations := 2 + random.IntN(30)
		for i := range locations {
			r.Locations = append(r.Locations, Location{
				ID: locationID(i), Km: float64(random.IntN(1000)), CapacityLeft: Unlimited,
			})
		}
		variants := 1 + random.IntN(10)
		for range 1 + random.IntN(10) {
			l := Line{Variant: variantID(random.IntN(variants)), Quantity: 1 + random.Int64N(5), NeverSplit: random.IntN(3) == 0}
			home := random.IntN(locations)
			for range l.Quantity {
				r.Stock[At{locationID(home), l.Variant}]++
				if r.Strategy.Rules[0].Split == SplitLine && !l.NeverSplit {
					home = random.IntN(locations)
				}
			}
			r.Lines = append(r.Lines, l)
		}
		for range random.IntN(50) {
			r.Stock[At{locationID(random.IntN(locations)), variantID(random.IntN(variants))}] += random.Int64N(3)
		}
		route, err := Plan(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(route.Backorders) > 0 {
			t.Fatalf("a split serves everything, but: %s\n%+v", route.Decision.Sentence(), route.Backorders)
		}
		if err := checkRoute(r, route); err != nil {
			t.Fatal(err)
		}
	})
}

// network draws an order of n lines over many locations, each of which has a
// variant with the given probability.
func network(random *rand.Rand, lines, locations int, has float64) Request {
	r := Request{Stock: Stock{}}
	for v := range lines {
		r.Lines = append(r.Lines, Line{Variant: variantID(v), Quantity: 1 + random.Int64N(4)})
	}
	for i := range locations {
		r.Locations = append(r.Locations, Location{
			ID: locationID(i), Code: fmt.Sprintf("L%03d", i), Km: random.Float64() * 4000, CapacityLeft: Unlimited,
		})
		for v := range lines {
			if random.Float64() < has {
				r.Stock[At{locationID(i), variantID(v)}] = 1 + random.Int64N(8)
			}
		}
	}
	return r
}

func TestLargeNetworksAreExact(t *testing.T) {
	for _, split := range []Split{SplitOrder, SplitLine} {
		for _, has := range []float64{0.02, 0.05, 0.1, 0.2, 0.4, 0.7} {
			t.Run(fmt.Sprintf("%s/%v", split, has), func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, 2))
				const orders = 100
				exact, most, sum := 0, 0, 0
				for range orders {
					r := network(random, 10, 200, has)
					r.Strategy = Strategy{Rules: []Rule{{Split: split}}}
					route, err := Plan(r)
					if err != nil {
						t.Fatal(err)
					}
					if err := checkRoute(r, route); err != nil {
						t.Fatal(err)
					}
					d := route.Decision
					most, sum = max(most, d.Work), sum+d.Work
					if d.Exact {
						exact++
					}
				}
				t.Logf("exact %d of %d, steps %d on average, %d at most", exact, orders, sum/orders, most)
				if exact < orders*9/10 {
					t.Errorf("only %d of %d decisions are exact", exact, orders)
				}
			})
		}
	}
}
