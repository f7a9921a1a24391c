package routing

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"purser/internal/base/id"
)

// Plan routes an order: see the package's documentation for what is best. It
// fails only on a request that makes no sense; an order that nobody can serve
// is a route of backorders.
func Plan(r Request) (Route, error) {
	if len(r.Strategy.Rules) == 0 {
		r.Strategy.Rules = defaultRules
		r.Strategy.Name = cmp.Or(r.Strategy.Name, "default")
	}
	p, err := newProblem(r)
	if err != nil {
		return Route{}, err
	}

	best, tried := p.tryAll()
	if best.served < p.wanted && p.full() {
		p.overbook = true
		if more, again := p.tryAll(); more.served > best.served {
			best, tried = more, again
		}
	}
	route := p.allocate(best)
	route.Decision = p.decide(best, tried, &route)
	return route, nil
}

// tryAll tries the rules until one serves the whole order, and returns the
// attempt that serves most, the earliest of equals.
func (p *problem) tryAll() (best *attempt, tried []*attempt) {
	for i := range p.Strategy.Rules {
		a := p.try(&p.Strategy.Rules[i])
		a.overbook = p.overbook
		tried = append(tried, a)
		if best == nil || a.served > best.served {
			best = a
		}
		if a.served == p.wanted {
			break
		}
	}
	return best, tried
}

// full tells whether a location has given out its capacity.
func (p *problem) full() bool {
	return slices.ContainsFunc(p.Locations, func(l Location) bool { return l.full() })
}

func (l *Location) full() bool { return l.CapacityLeft == 0 || l.CapacityLeft < Unlimited }

// Override is the decision of a person: all lines of a request come from one
// location, whatever the strategy says. The location must be among those of the
// request, and have all that is asked for: the caller checks that.
func Override(r Request, at id.Location, by string) (Decision, error) {
	r.Strategy = Strategy{Name: "by hand", Rules: []Rule{{Name: "chosen by hand"}}}
	p, err := newProblem(r)
	if err != nil {
		return Decision{}, err
	}
	a := p.attempt(&p.Strategy.Rules[0])
	a.chosen, a.served = []int{slices.IndexFunc(r.Locations, func(l Location) bool { return l.ID == at })}, p.wanted
	if a.chosen[0] < 0 {
		return Decision{}, errors.New("the chosen location is none of the request's")
	}
	a.fates[a.chosen[0]], a.by = eligible, by
	route := p.allocate(a)
	return p.decide(a, nil, &route), nil
}

// problem is a request in the form that the planner works on.
type problem struct {
	Request
	maxWork   int
	variants  []id.Variant
	variantOf []int   // by line
	totals    []int64 // wanted units by variant
	wanted    int64
	overbook  bool    // locations are asked that have given out their capacity
	supply    []int64 // available units, never negative, by location and variant
}

func newProblem(r Request) (*problem, error) {
	p := &problem{Request: r, maxWork: r.MaxWork}
	if p.maxWork <= 0 {
		p.maxWork = DefaultMaxWork
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.variantOf = make([]int, len(r.Lines))
	p.variants = make([]id.Variant, 0, len(r.Lines))
	p.totals = make([]int64, 0, len(r.Lines))
	var index map[id.Variant]int
	if len(r.Lines) > 16 {
		index = make(map[id.Variant]int, len(r.Lines))
	}
	for i, l := range r.Lines {
		v, ok := index[l.Variant]
		if index == nil {
			v = slices.Index(p.variants, l.Variant)
			ok = v >= 0
		}
		if !ok {
			v = len(p.variants)
			p.variants = append(p.variants, l.Variant)
			p.totals = append(p.totals, 0)
			if index != nil {
				index[l.Variant] = v
			}
		}
		p.variantOf[i] = v
		p.totals[v] += l.Quantity
		p.wanted += l.Quantity
	}
	p.supply = make([]int64, 0, len(r.Locations)*len(p.variants))
	for i := range r.Locations {
		for _, v := range p.variants {
			n := max(0, r.Stock[At{r.Locations[i].ID, v}])
			if slices.Contains(r.Locations[i].Refused, v) {
				n = 0
			}
			p.supply = append(p.supply, n)
		}
	}
	return p, nil
}

func (p *problem) check() error {
	if len(p.Lines) == 0 {
		return errors.New("an order without lines cannot be routed")
	}
	if err := p.Strategy.Validate(); err != nil {
		return fmt.Errorf("strategy %q: %w", p.Strategy.Name, err)
	}
	kits := map[int]int64{} // by group; 0 means served whole or not at all
	for i, l := range p.Lines {
		if l.Quantity < 1 || l.Quantity > MaxQuantity {
			return fmt.Errorf("line %d: a quantity of %d cannot be routed", i, l.Quantity)
		}
		if l.Group == 0 {
			continue
		}
		var n int64
		if l.PerKit != 0 {
			if n = l.Quantity / l.PerKit; n < 1 || n*l.PerKit != l.Quantity {
				return fmt.Errorf("line %d: %d units are not whole kits of %d", i, l.Quantity, l.PerKit)
			}
		}
		if m, ok := kits[l.Group]; ok && m != n {
			return fmt.Errorf("line %d: makes %d kits, others of its group %d", i, n, m)
		}
		kits[l.Group] = n
	}
	if p.repeats() {
		return errors.New("a location is given twice")
	}
	return nil
}

// repeats tells whether a location is given twice, which would promise its
// stock twice.
func (p *problem) repeats() bool {
	if len(p.Locations) <= 16 {
		for i := range p.Locations {
			for j := range i {
				if p.Locations[i].ID == p.Locations[j].ID {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[id.Location]struct{}, len(p.Locations))
	for i := range p.Locations {
		seen[p.Locations[i].ID] = struct{}{}
	}
	return len(seen) != len(p.Locations)
}

// row returns what a location has, by variant.
func (p *problem) row(location int) []int64 {
	n := len(p.variants)
	return p.supply[location*n : location*n+n]
}

// attempt is what one rule makes of a problem.
type attempt struct {
	rule     *Rule
	ranks    []Rank
	keys     []key  // by location
	fates    []fate // by location
	eligible int
	complete int   // eligible locations that have everything
	first    int   // the best ranked eligible location, or -1
	whole    int   // the best ranked that has everything, or -1
	units          // what stays together under this rule; empty when one location serves all
	chosen   []int // locations, best ranked first
	assigned []int // by bundle: the location that serves it, or -1
	served   int64
	exact    bool
	work     int
	by       string // who chose by hand
	overbook bool
}

// try finds the best set of locations under a rule.
func (p *problem) try(rule *Rule) *attempt {
	a := p.attempt(rule)
	switch {
	case a.whole >= 0:
		a.chosen, a.served = []int{a.whole}, p.wanted
	case a.eligible > 0:
		a.units = p.divide(rule.Split)
		p.search(a)
	}
	return a
}

// attempt looks at each location by itself.
func (p *problem) attempt(rule *Rule) *attempt {
	a := &attempt{rule: rule, ranks: rule.ranks(), first: -1, whole: -1, exact: true}
	a.keys = make([]key, len(p.Locations))
	a.fates = make([]fate, len(p.Locations))
	for i := range p.Locations {
		l := &p.Locations[i]
		a.keys[i] = p.key(i, a.ranks)
		if a.fates[i] = p.filter(l, rule); a.fates[i] != eligible {
			continue
		}
		a.eligible++
		if a.first < 0 || p.before(a, i, a.first) {
			a.first = i
		}
		if !covers(p.row(i), p.totals) {
			continue
		}
		a.complete++
		if a.whole < 0 || p.before(a, i, a.whole) {
			a.whole = i
		}
	}
	return a
}

func covers(have, want []int64) bool {
	for v, n := range want {
		if have[v] < n {
			return false
		}
	}
	return true
}

// fate tells whether a location may serve an order, or why not.
type fate uint8

const (
	eligible fate = iota
	excluded
	noCapacity
	otherGroup
	exceptGroup
	otherMarket
	distanceUnknown
	tooFar
)

func (p *problem) filter(l *Location, r *Rule) fate {
	in := func(g string) bool { return slices.Contains(l.Groups, g) }
	switch {
	case l.Excluded != "":
		return excluded
	case l.full() && !p.overbook:
		return noCapacity
	case len(r.Groups) > 0 && !slices.ContainsFunc(r.Groups, in):
		return otherGroup
	case slices.ContainsFunc(r.ExceptGroups, in):
		return exceptGroup
	case r.SameMarket && p.foreign(l):
		return otherMarket
	case r.MaxKm > 0 && !l.located():
		return distanceUnknown
	case r.MaxKm > 0 && l.Km > r.MaxKm:
		return tooFar
	}
	return eligible
}

func (p *problem) foreign(l *Location) bool {
	return p.Market != "" && l.Market != p.Market
}

func (l *Location) located() bool {
	return l.Km >= 0 && !math.IsInf(l.Km, 1)
}

// key is a location's ranks. Keys of a set are added and compared in their
// order, which keeps it: a < b means a+c < b+c.
type key [6]int64

func (a key) plus(b key) key {
	for i, n := range b {
		a[i] += n
	}
	return a
}

func (a key) times(n int) key {
	for i := range a {
		a[i] *= int64(n)
	}
	return a
}

func (a key) compare(b key) int {
	for i, n := range a {
		if n != b[i] {
			return cmp.Compare(n, b[i])
		}
	}
	return 0
}

// unlimitedParcels are more than any location sends in a day.
const unlimitedParcels = 1e9

// unknownMetres is further than any place on Earth is from another, so that
// one unknown distance outweighs several known ones.
const unknownMetres = 1e12

func (p *problem) key(location int, ranks []Rank) (k key) {
	l := &p.Locations[location]
	for i, r := range ranks {
		switch {
		case r == RankBalance:
			for v, n := range p.row(location) {
				k[i] -= min(n, p.totals[v]<<8) // beyond some hundred orders more it does not matter
			}
		case r == RankCapacity:
			if k[i] = -l.CapacityLeft; l.CapacityLeft == Unlimited {
				k[i] = -unlimitedParcels
			}
		case r == RankEarliest:
			k[i] = l.Wait
		case r == RankSequence:
			k[i] = int64(l.Sequence)
		case r == RankMarket && p.foreign(l):
			k[i] = 1
		case r == RankDistance && l.located():
			k[i] = int64(math.Round(min(l.Km, unknownMetres/1000) * 1000))
		case r == RankDistance:
			k[i] = unknownMetres
		}
	}
	return k
}

// compare orders locations by rank; never 0 for two different ones.
func (p *problem) compare(a *attempt, i, j int) int {
	if c := a.keys[i].compare(a.keys[j]); c != 0 {
		return c
	}
	l, m := &p.Locations[i], &p.Locations[j]
	if c := strings.Compare(l.Code, m.Code); c != 0 {
		return c
	}
	return l.ID.Compare(m.ID)
}

func (p *problem) before(a *attempt, i, j int) bool { return p.compare(a, i, j) < 0 }

// allocate gives the units of the chosen locations to the lines.
func (p *problem) allocate(a *attempt) Route {
	if a.served == p.wanted && len(a.chosen) == 1 {
		items := make([]Item, len(p.Lines))
		for i, l := range p.Lines {
			items[i] = Item{i, l.Variant, l.Quantity}
		}
		return Route{Parcels: []Parcel{{p.Locations[a.chosen[0]].ID, items}}}
	}
	t := newTally(p, a)
	for b := range a.assigned {
		t.giveBundle(b)
	}
	for i := range a.pools {
		t.givePool(&a.pools[i])
	}
	return t.route()
}

// tally is an allocation under way.
type tally struct {
	p     *problem
	a     *attempt
	left  []int64  // what the chosen locations still have, by position and variant
	items [][]Item // by position in a.chosen
	short []int64  // unserved units by line
	home  []int    // by line: the position that serves it, or -1
}

func newTally(p *problem, a *attempt) *tally {
	t := &tally{
		p: p, a: a,
		left:  make([]int64, 0, len(a.chosen)*len(p.variants)),
		items: make([][]Item, len(a.chosen)),
		short: make([]int64, len(p.Lines)),
		home:  make([]int, len(p.Lines)),
	}
	for _, l := range a.chosen {
		t.left = append(t.left, p.row(l)...)
	}
	for i, l := range p.Lines {
		t.short[i] = l.Quantity
		t.home[i] = -1
	}
	return t
}

func (t *tally) row(position int) []int64 {
	n := len(t.p.variants)
	return t.left[position*n : position*n+n]
}

func (t *tally) give(position, line int, quantity int64) {
	if quantity == 0 {
		return
	}
	t.items[position] = append(t.items[position], Item{line, t.p.Lines[line].Variant, quantity})
	t.row(position)[t.p.variantOf[line]] -= quantity
	t.short[line] -= quantity
	if t.home[line] < 0 || position < t.home[line] {
		t.home[line] = position
	}
}

func (t *tally) giveBundle(b int) {
	position := slices.Index(t.a.chosen, t.a.assigned[b])
	if position < 0 {
		return
	}
	bundle := &t.a.bundles[b]
	kits := bundle.kitsFrom(t.row(position))
	if kits == 0 {
		return
	}
	for _, part := range bundle.parts {
		t.give(position, part.line, kits*part.per)
		t.home[part.line] = position // where the rest is to wait, together
	}
}

// givePool serves a pool from the best ranked location that has all of it, else
// from those that have most, which makes the fewest pieces.
func (t *tally) givePool(pool *pool) {
	need := pool.quantity
	order := make([]int, len(t.a.chosen))
	for i := range order {
		order[i] = i
	}
	has := func(position int) int64 { return min(need, t.row(position)[pool.variant]) }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(has(j), has(i)) })

	pieces := make([]int64, len(order))
	for _, position := range order {
		n := min(need, t.row(position)[pool.variant])
		pieces[position] = n
		need -= n
	}
	// Lines that fit into one piece are not cut; the others take what is left.
	for _, line := range pool.lines {
		fit := -1
		for position, n := range pieces {
			if n >= t.short[line] && (fit < 0 || n < pieces[fit]) {
				fit = position
			}
		}
		if fit >= 0 {
			pieces[fit] -= t.short[line]
			t.give(fit, line, t.short[line])
		}
	}
	for _, line := range pool.lines {
		for _, position := range order {
			n := min(pieces[position], t.short[line])
			pieces[position] -= n
			t.give(position, line, n)
		}
	}
}

// route gathers the parcels. A search cut short may have chosen locations that
// turn out to ship nothing: they are no longer chosen.
func (t *tally) route() Route {
	var r Route
	var used []int
	for i, items := range t.items {
		if len(items) == 0 {
			continue
		}
		slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.Line, b.Line) })
		r.Parcels = append(r.Parcels, Parcel{t.p.Locations[t.a.chosen[i]].ID, items})
		used = append(used, t.a.chosen[i])
	}
	for line, n := range t.short {
		if n == 0 {
			continue
		}
		b := Backorder{Item: Item{line, t.p.Lines[line].Variant, n}}
		switch {
		case t.home[line] >= 0:
			b.Location = t.p.Locations[t.a.chosen[t.home[line]]].ID
		case len(used) > 0:
			b.Location = t.p.Locations[used[0]].ID
		case t.a.first >= 0:
			b.Location = t.p.Locations[t.a.first].ID
		}
		r.Backorders = append(r.Backorders, b)
	}
	t.a.chosen = used
	return r
}
