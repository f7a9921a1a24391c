// Package routing decides which location ships what.
//
// [Plan] is a pure function: it is given the lines of an order, the locations
// with their distance to the destination, what each has available, and the
// merchant's strategy, and it returns parcels, backorders and a [Decision]
// that says why. It reads no clock and no database, so that the same request
// always gives the same route, whatever the order of its locations.
//
// # What is best
//
// A strategy is a list of rules, tried in order. A rule filters the locations,
// then looks for the set of them that is best by, in this order:
//
//  1. the most units served, within what the rule lets be split;
//  2. the fewest parcels, exactly and not greedily, which is why one location
//     that has everything always wins over any split;
//  3. the smallest sum of the rule's ranks: by default the number of locations
//     outside the order's market, then the kilometers, then the sequence.
//
// The first rule that serves the whole order wins. When none does, the rule
// that serves most units does, and of equals the earliest.
//
// # What stays together
//
// A line is never split across locations, unless the rule says [SplitLine] and
// the line does not say NeverSplit. [Default] has such a rule, behind one that
// splits no line. Lines of one group (the components of a
// kit) always ship from one location, and only in whole kits.
//
// A line or a kit that no single location can give whole goes to one that has
// most of it: that location serves what it has, and the rest is backordered
// there. So the customer's units are reserved at once, and the line still
// leaves from one place. What nobody has is backordered where the rest of the
// order ships from, which adds no parcel, or at the best ranked location when
// nothing ships at all.
//
// Lines that share a variant share its stock: no unit is promised twice. Where
// it does not suffice, whole lines and kits take it in the order of the
// request, and lines that may be split take what is left.
//
// # How long it takes
//
// Fewest parcels is set cover, which has no fast exact algorithm in general.
// The search is branch and bound and ends at once on real orders; a bound on
// its steps, not on time, keeps it deterministic. Past the bound the best
// route known so far is returned and Decision.Exact is false.
package routing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// MaxQuantity is the largest quantity of a line, in base units.
const MaxQuantity = 1 << 40

// DefaultMaxWork is the bound on the steps of a rule's search, some
// milliseconds.
const DefaultMaxWork = 50_000

// UnknownKm is the distance of a location whose coordinates, or whose
// destination's, are unknown. Such locations rank last.
const UnknownKm = -1

// Unlimited is the capacity of a location that has no limit.
const Unlimited = -1

// Request is everything a decision depends on.
type Request struct {
	Lines     []Line
	Locations []Location // in any order, each once
	Stock     Stock
	Strategy  Strategy // the zero Strategy is Default
	Market    string   // the order's market, compared with each location's; empty means any

	// Value is what the order is worth, for rules that split only from a value on.
	Value int64

	// DestinationPrecision tells how well the address was located
	// (postal_code, city, region, country, unknown); it is passed through to
	// the decision.
	DestinationPrecision string

	// MaxWork bounds the steps of each rule's search; 0 means DefaultMaxWork.
	MaxWork int
}

// Line is a demand for a variant. A kit is given as its components.
type Line struct {
	Variant    id.Variant
	Quantity   int64 // base units, from 1 to MaxQuantity
	NeverSplit bool  // from one location even where the rule lets lines be split
	Group      int   // lines of the same group ship together; 0 means none

	// PerKit is how many units of this component one kit has, so that the
	// Quantity of a group of 3 kits can be served as 2 kits now and 1 later.
	// Either all lines of a group have it, or none: then the group is served
	// whole or not at all.
	PerKit int64
}

// Location is a place that could ship.
type Location struct {
	ID       id.Location
	Code     string
	Name     string  // for the sentence; Code when empty
	Km       float64 // distance to the destination; negative or NaN when unknown
	Sequence int     // the merchant's order of preference, smallest first
	Market   string
	Groups   []string // for the filters of rules

	// CapacityLeft is how many parcels it can still take today; Unlimited for no
	// limit. Where none are left, it is asked only if the order cannot be served
	// otherwise.
	CapacityLeft int64

	// Wait is in how many minutes a parcel leaves it.
	Wait int64

	// Excluded says why this location may not serve this order, in a few words
	// ("closed", "does not ship hazardous goods"); empty when it may.
	Excluded string

	// Refused are variants that this location would not ship for this order, and
	// Refusal says so: its stock of them does not count.
	Refused []id.Variant
	Refusal string
}

// Stock is what can be promised: available units by location and variant.
// What is absent or negative counts as none.
type Stock map[At]int64

// At is a variant at a location.
type At struct {
	Location id.Location
	Variant  id.Variant
}

// Take subtracts what r ships from s, so that the next order of a batch sees
// what is left.
func (s Stock) Take(r Route) {
	for _, p := range r.Parcels {
		for _, it := range p.Items {
			s[At{p.Location, it.Variant}] -= it.Quantity
		}
	}
}

// Route is where an order ships from. Its parcels and backorders add up to the
// lines of the request.
type Route struct {
	Parcels    []Parcel // best ranked location first
	Backorders []Backorder
	Decision   Decision
}

// Parcel is what one location ships, in the order of the lines.
type Parcel struct {
	Location id.Location
	Items    []Item
}

// Item is a part of a line.
type Item struct {
	Line     int // index into Request.Lines
	Variant  id.Variant
	Quantity int64
}

// Backorder is a part of a line that waits for stock at a location; at the
// zero location when none may serve the order, which parks it.
type Backorder struct {
	Item
	Location id.Location
}

// Split says what a rule lets be split across locations.
type Split string

const (
	SplitOrder Split = "order" // lines may ship from different locations, each line whole; the default
	SplitLine  Split = "line"  // units of one line may, too
	SplitNever Split = "never" // the order ships from one location
)

// Rank is what a rule prefers once units served and parcels are equal.
type Rank string

const (
	RankMarket   Rank = "market"   // locations of the order's market first
	RankDistance Rank = "distance" // smallest sum of kilometers
	RankSequence Rank = "sequence" // smallest sum of the locations' sequence numbers
	RankBalance  Rank = "balance"  // locations first that have most of what the order needs
	RankCapacity Rank = "capacity" // locations first that can still take most parcels today
	RankEarliest Rank = "earliest" // locations first from which a parcel leaves soonest
)

// Strategy is an ordered list of rules: the first that serves the whole order
// wins.
type Strategy struct {
	Name    string `json:"name"`
	Version int    `json:"version,omitempty"`
	Rules   []Rule `json:"rules"`
}

// Rule filters locations, ranks what is left, and hands over to the next rule
// when that cannot serve the whole order.
type Rule struct {
	Name         string   `json:"name"`
	MaxKm        float64  `json:"max_km,omitempty"`        // only locations this near; 0 means any, also unknown distances
	Groups       []string `json:"groups,omitempty"`        // only locations in one of these; empty means any
	ExceptGroups []string `json:"except_groups,omitempty"` // no location in any of these
	SameMarket   bool     `json:"same_market,omitempty"`   // only locations of the order's market
	Split        Split    `json:"split,omitempty"`         // empty means SplitOrder
	MaxParcels   int      `json:"max_parcels,omitempty"`   // 0 means no limit
	SplitFrom    int64    `json:"split_from,omitempty"`    // several parcels only for orders worth this or more, minor units of the base currency
	Rank         []Rank   `json:"rank,omitempty"`          // each breaks ties of the one before; empty means market, distance, sequence
}

// Default is the strategy of a shop that has set none: fewest parcels, then
// same market, then nearest. Only where that cannot serve an order, lines that
// may be split are.
func Default() Strategy {
	return Strategy{Name: "default", Rules: defaultRules}
}

var defaultRules = []Rule{
	{Name: "fewest parcels, then nearest"},
	{Name: "lines split, fewest parcels, then nearest", Split: SplitLine},
}

var allRanks = []Rank{RankMarket, RankDistance, RankSequence, RankBalance, RankCapacity, RankEarliest}

var defaultRank = []Rank{RankMarket, RankDistance, RankSequence}

// Validate tells what is wrong with s, by field, as fault
// routing.invalid_strategy.
func (s Strategy) Validate() error {
	wrong := fault.Fields{}
	for i := range s.Rules {
		s.Rules[i].validate(wrong, i)
	}
	return wrong.Err("routing.invalid_strategy", "The routing strategy is not valid.")
}

func (r *Rule) validate(wrong fault.Fields, index int) {
	add := func(field, format string, args ...any) {
		wrong.Add(fmt.Sprintf("rules[%d].%s", index, field), format, args...)
	}
	switch r.Split {
	case "", SplitOrder, SplitLine, SplitNever:
	default:
		add("split", "is %q: use order, line or never", r.Split)
	}
	if r.MaxKm < 0 || math.IsNaN(r.MaxKm) {
		add("max_km", "must not be negative")
	}
	if r.MaxParcels < 0 {
		add("max_parcels", "must not be negative")
	}
	if r.SplitFrom < 0 {
		add("split_from", "must not be negative")
	}
	for i, k := range r.Rank {
		if !slices.Contains(allRanks, k) {
			add("rank", "has %q: use market, distance, sequence, balance, capacity or earliest", k)
		}
		if slices.Contains(r.Rank[:i], k) {
			add("rank", "has %q twice", k)
		}
	}
}

// ranks returns r's ranks, completed so that equals in them still have an
// order that a merchant would expect.
func (r Rule) ranks() []Rank {
	if len(r.Rank) == 0 {
		return defaultRank
	}
	ranks := slices.Clone(r.Rank)
	for _, k := range [...]Rank{RankDistance, RankSequence} {
		if !slices.Contains(ranks, k) {
			ranks = append(ranks, k)
		}
	}
	return ranks
}

// limit returns the most parcels r lets an order of a value have.
func (r Rule) limit(locations int, value int64) int {
	switch {
	case r.Split == SplitNever || value < r.SplitFrom:
		return min(1, locations)
	case r.MaxParcels > 0:
		return min(r.MaxParcels, locations)
	}
	return locations
}

// Urgency orders the demands of a routing run, so that urgent and old orders
// get scarce stock first.
type Urgency struct {
	Priority int // highest first; 0 is normal
	Since    time.Time
	Order    id.Order
}

// Compare is negative when u is to be routed before v. It is a total order:
// priority, then age, then id.
func (u Urgency) Compare(v Urgency) int {
	return cmp.Or(
		cmp.Compare(v.Priority, u.Priority),
		u.Since.Compare(v.Since),
		u.Order.Compare(v.Order),
	)
}
