package routing

import (
	"cmp"
	"slices"
)

// knot is a tangled element on a set of candidates: its bundles share variants,
// so that which of them serves which matters.
type knot struct {
	s      *search
	e      *element
	set    []int
	left   []int64 // units left, by position in set, and variant
	at     []int   // by bundle of e: the candidate that serves it, or -1
	rest   []int64 // by bundle: the most that it, those after it, and the pools could still serve
	best   []int   // the best assignment so far
	served int64   // by best; -1 before the first
}

func (s *search) knot(e *element, set []int) *knot {
	k := &knot{s: s, e: e, set: set, served: -1}
	k.left = make([]int64, 0, len(set)*len(s.p.variants))
	for _, c := range set {
		k.left = append(k.left, s.p.row(s.locs[c])...)
	}
	k.at = make([]int, len(e.bundles))
	for i := range k.at {
		k.at[i] = -1
	}
	return k
}

// untangle returns the most units of e that a set of candidates serves, and by
// bundle of e which candidate serves it, or -1. Bundles take their stock in the
// order of the request; the pools then take what is left. Once the work is
// spent, it returns the best that it knows.
func (s *search) untangle(e *element, set []int) (int64, []int) {
	if at := s.settle(e, set); at != nil {
		return e.wanted, at
	}
	k := s.knot(e, set)
	k.rest = make([]int64, len(e.bundles)+1)
	k.rest[len(e.bundles)] = k.poolUnits()
	for i, b := range slices.Backward(e.bundles) {
		var most int64
		for position := range set {
			most = max(most, s.a.bundles[b].unitsFrom(k.row(position)))
		}
		k.rest[i] = k.rest[i+1] + most
	}
	k.follow(e.known)
	k.assign(0, 0, k.stock())
	return k.served, k.best
}

// meet returns an assignment to a set of candidates that serves the best of e,
// or nil.
func (s *search) meet(e *element, set []int) []int {
	if e.best == e.wanted {
		return s.settle(e, set)
	}
	if n, at := s.untangle(e, set); n >= e.best {
		return at
	}
	return nil
}

// follow takes a known assignment as the best so far.
func (k *knot) follow(at []int) {
	if at == nil {
		return
	}
	left := slices.Clone(k.left)
	var served int64
	for i, c := range at {
		position := slices.Index(k.set, c)
		if k.at[i] = -1; position < 0 {
			continue
		}
		k.at[i] = c
		kits := k.bundle(i).kitsFrom(k.row(position))
		k.bundle(i).take(k.row(position), kits)
		served += kits * k.bundle(i).size
	}
	k.served = served + k.poolUnits()
	k.best = slices.Clone(k.at)
	k.left = left
}

func (k *knot) row(position int) []int64 {
	n := len(k.s.p.variants)
	return k.left[position*n : position*n+n]
}

func (k *knot) bundle(i int) *bundle { return &k.s.a.bundles[k.e.bundles[i]] }

// poolUnits returns what the pools can take from the stock left.
func (k *knot) poolUnits() (n int64) {
	for _, i := range k.e.pools {
		pool := &k.s.a.pools[i]
		n += min(pool.quantity, k.sum(pool.variant, pool.quantity))
	}
	return n
}

// sum returns the units left of a variant, counting at most limit of each
// candidate's.
func (k *knot) sum(variant int, limit int64) (n int64) {
	for position := range k.set {
		n += min(limit, k.row(position)[variant])
	}
	return n
}

// stock returns the units left of e's variants, no more of each than wanted.
func (k *knot) stock() (n int64) {
	for _, v := range k.e.variants {
		wanted := k.s.p.totals[v]
		n += min(wanted, k.sum(v, wanted))
	}
	return n
}

// settle returns an assignment that serves e whole, by bundle, or nil. Then the
// order of taking does not matter, so it places the bundle with the fewest
// places first, where it leaves least. When all of them have a place, the pools
// have enough, since there was enough of each variant for all.
func (s *search) settle(e *element, set []int) []int {
	k := s.knot(e, set)
	if k.stock() < e.wanted || !k.place(len(e.bundles)) {
		return nil
	}
	return k.at
}

func (k *knot) place(unplaced int) bool {
	if k.s.spent {
		return false
	}
	if unplaced == 0 {
		return true
	}
	if !k.s.step(len(k.set) * len(k.e.bundles)) {
		return false
	}
	next, fewest := -1, 0
	for i, at := range k.at {
		if at >= 0 {
			continue
		}
		n := 0
		for position := range k.set {
			if k.fits(i, position) {
				n++
			}
		}
		if n == 0 {
			return false
		}
		if next < 0 || n < fewest || n == fewest && k.bundle(i).total() > k.bundle(next).total() {
			next, fewest = i, n
		}
	}
	bundle := k.bundle(next)
	var places []int
	for position := range k.set {
		alike := func(other int) bool { return slices.Equal(k.row(other), k.row(position)) }
		if k.fits(next, position) && !slices.ContainsFunc(places, alike) {
			places = append(places, position)
		}
	}
	slices.SortStableFunc(places, func(i, j int) int {
		return cmp.Or(cmp.Compare(bundle.leaves(k.row(i)), bundle.leaves(k.row(j))), cmp.Compare(k.set[i], k.set[j]))
	})
	for _, position := range places {
		k.at[next] = k.set[position]
		bundle.take(k.row(position), bundle.kits)
		if k.place(unplaced - 1) {
			return true
		}
		bundle.take(k.row(position), -bundle.kits)
	}
	k.at[next] = -1
	return false
}

func (k *knot) fits(i, position int) bool {
	return k.bundle(i).kitsFrom(k.row(position)) == k.bundle(i).kits
}

// assign tries the places of bundle i and those after it, the place that
// serves most of it first. stock is what is left of all variants.
func (k *knot) assign(i int, served, stock int64) {
	if i == len(k.e.bundles) {
		if served += k.poolUnits(); served > k.served {
			k.served = served
			k.best = append(k.best[:0], k.at...)
		}
		return
	}
	bundle := k.bundle(i)
	type place struct {
		position int
		kits     int64
	}
	places := make([]place, 0, len(k.set)+1)
	for position := range k.set {
		if kits := bundle.kitsFrom(k.row(position)); kits > 0 {
			places = append(places, place{position, kits})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.kits, a.kits), cmp.Compare(k.set[a.position], k.set[b.position]))
	})
	places = append(places, place{-1, 0}) // nowhere, which may leave more to others
	for _, pl := range places {
		units := pl.kits * bundle.size
		if served+min(units+k.rest[i+1], stock) <= k.served || k.served >= 0 && !k.s.step(len(k.set)) {
			return
		}
		if k.at[i] = -1; pl.position >= 0 {
			k.at[i] = k.set[pl.position]
			bundle.take(k.row(pl.position), pl.kits)
		}
		k.assign(i+1, served+units, stock-units)
		if pl.position >= 0 {
			bundle.take(k.row(pl.position), -pl.kits)
		}
	}
}
