package routing

import (
	"cmp"
	"math/bits"
	"slices"
)

// search looks for the best set of locations under a rule. Candidates are
// numbered by rank, so that the first of several is the best ranked.
type search struct {
	p        *problem
	a        *attempt
	locs     []int // by candidate: the location
	keys     []key
	elems    []element
	real     int    // elements before this count; those after it are hints
	target   int64  // the most units that all candidates serve together
	useless  bitset // candidates that no best cover needs
	levels   []*level
	picked   []int // candidates picked so far, by depth
	best     solution
	covering bool // all that counts of an element is whether its best is met
	work     int
	spent    bool // the bound on work was reached
}

type solution struct {
	set    []int   // candidates, in the order they were picked
	at     [][]int // by element, when tangled: which candidate serves each bundle, or -1
	served int64
	cost   key
	found  bool
}

// level is the state of the search at a depth.
type level struct {
	at     [][]int // by element, when tangled: the assignment that serves what it has
	have   []int64 // by element: units that the picked candidates serve
	banned bitset  // candidates that are picked, or tried already
	union  bitset  // scratch
	gain   []int64 // scratch: by candidate
	order  []int   // scratch
}

// bitset is a set of candidates.
type bitset []uint64

func (b bitset) add(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// search sets what a chooses, serves and assigns.
func (p *problem) search(a *attempt) {
	s := newSearch(p, a)
	limit := a.rule.limit(len(s.locs), p.Value)
	if s.target > 0 {
		s.covering = true
		for size := 1; size <= limit && !s.best.found && !s.spent; size++ {
			copy(s.at(0).banned, s.useless)
			s.cover(0, size, key{})
		}
		s.covering = false
		if !s.best.found && !s.spent {
			clear(s.at(0).banned) // a set that covers less may want any
			s.fill(0, limit, key{})
		}
		if !s.best.found {
			s.greedy(limit)
		}
	}
	a.exact, a.work = !s.spent, s.work
	if s.best.served == 0 {
		return
	}
	for _, c := range slices.Sorted(slices.Values(s.best.set)) {
		a.chosen = append(a.chosen, s.locs[c])
	}
	a.served, a.assigned = s.best.served, s.assigned()
}

// newSearch numbers the locations that have anything of use, and works out
// what they could serve.
func newSearch(p *problem, a *attempt) *search {
	s := &search{p: p, a: a, elems: a.elements(len(p.variants))}
	for i, f := range a.fates {
		if f == eligible && slices.ContainsFunc(s.elems, func(e element) bool { return s.alone(&e, i) > 0 }) {
			s.locs = append(s.locs, i)
		}
	}
	slices.SortFunc(s.locs, func(i, j int) int { return p.compare(a, i, j) })
	s.keys = make([]key, len(s.locs))
	for c, l := range s.locs {
		s.keys[c] = a.keys[l]
	}
	for i := range s.elems {
		s.weigh(&s.elems[i])
	}
	s.elems = slices.DeleteFunc(s.elems, func(e element) bool { return e.best == 0 })
	s.real = len(s.elems)
	for i := range s.real {
		e := &s.elems[i]
		s.target += e.best
		if e.shape == tangled && e.best == e.wanted {
			s.elems = append(s.elems, e.hints(p)...)
		}
	}
	for i := range s.elems[s.real:] {
		s.weigh(&s.elems[s.real+i])
	}
	s.drop()
	return s
}

// alone returns the most units of e that a location could serve, were none of
// its stock wanted twice.
func (s *search) alone(e *element, location int) (n int64) {
	have := s.p.row(location)
	for _, b := range e.bundles {
		n += s.a.bundles[b].unitsFrom(have)
	}
	if e.shape == pooled {
		return min(e.wanted, have[e.variants[0]])
	}
	for _, i := range e.pools {
		n += min(s.a.pools[i].quantity, have[s.a.pools[i].variant])
	}
	return n
}

// weigh fills in what the candidates give to e.
func (s *search) weigh(e *element) {
	e.gives = make([]int64, len(s.locs))
	e.able = make(bitset, (len(s.locs)+63)/64)
	var sum, most int64
	for c, l := range s.locs {
		e.gives[c] = s.alone(e, l)
		most = max(most, e.gives[c])
		sum += e.gives[c]
	}
	switch e.shape {
	case whole:
		e.best = most
	case pooled:
		e.best = min(sum, e.wanted)
		e.top = append(make([]int64, 0, len(s.locs)+1), 0)
		for _, n := range slices.Backward(slices.Sorted(slices.Values(e.gives))) {
			e.top = append(e.top, e.top[len(e.top)-1]+n)
		}
	case tangled:
		all := make([]int, len(s.locs))
		for c := range all {
			all[c] = c
		}
		e.best, e.known = s.untangle(e, all)
	}
	for c, n := range e.gives {
		if n == e.best && e.shape == whole || n > 0 && e.shape != whole {
			e.able.add(c)
		}
	}
}

// drop finds the useless candidates: those whose elements a better ranked one
// covers all. It holds only for whole elements, since others may want both.
func (s *search) drop() {
	s.useless = make(bitset, (len(s.locs)+63)/64)
	if len(s.elems) > 64 {
		return
	}
	var kept []uint64
	for c := range s.locs {
		var able uint64
		shares := false
		for i := range s.elems {
			if s.elems[i].able.has(c) {
				able |= 1 << i
				shares = shares || s.elems[i].shape != whole
			}
		}
		covered := func(k uint64) bool { return able&^k == 0 }
		if !shares && (able == 0 || slices.ContainsFunc(kept, covered)) {
			s.useless.add(c)
			continue
		}
		kept = append(kept, able)
	}
}

func (s *search) at(depth int) *level {
	for depth >= len(s.levels) {
		words := (len(s.locs) + 63) / 64
		sets := make(bitset, 2*words)
		s.levels = append(s.levels, &level{
			at:     make([][]int, len(s.elems)),
			have:   make([]int64, len(s.elems)),
			banned: sets[:words:words],
			union:  sets[words:],
		})
	}
	return s.levels[depth]
}

// step counts a step that looks at so many numbers, and is false once the bound
// is reached. A step that looks at many counts as several, so that the bound
// holds for the time as well.
func (s *search) step(looks int) bool {
	if s.work >= s.p.maxWork {
		s.spent = true
		return false
	}
	s.work += 1 + looks/8
	return true
}

// pick adds candidate c to those picked above depth.
func (s *search) pick(depth, c int) {
	from, to := s.at(depth), s.at(depth+1)
	s.picked = append(s.picked[:depth], c)
	copy(to.banned, from.banned)
	for i := range s.elems {
		if e := &s.elems[i]; e.shape != tangled {
			to.have[i] = e.with(from.have[i], c)
		}
	}
	simple := s.simple(to)
	for i := range s.real {
		if e := &s.elems[i]; e.shape == tangled {
			to.have[i], to.at[i] = s.ravel(i, from, c, simple)
		}
	}
}

// simple tells whether all elements that are not tangled are met. While
// covering, only then is it known whether the tangled ones are.
func (s *search) simple(lv *level) bool {
	for i := range s.elems {
		if e := &s.elems[i]; e.shape != tangled && lv.have[i] < e.best {
			return false
		}
	}
	return true
}

// with returns how many units of e, not tangled, are served once c joins those
// that serve have.
func (e *element) with(have int64, c int) int64 {
	if e.shape == whole {
		return max(have, e.gives[c])
	}
	return min(e.best, have+e.gives[c])
}

// ravel is the same for tangled element i, where c is the last picked. While
// covering, it is not worth the work unless all else is met.
func (s *search) ravel(i int, from *level, c int, simple bool) (int64, []int) {
	e := &s.elems[i]
	switch {
	case e.gives[c] == 0:
	case !s.covering:
		return s.untangle(e, s.picked)
	case from.have[i] < e.best && simple:
		if at := s.meet(e, s.picked); at != nil {
			return e.best, at
		}
	}
	return from.have[i], from.at[i]
}

// cover looks for the cheapest set that serves the target with left more
// candidates. It branches on the element that has the fewest, each of which is
// banned once tried, so that no set is met twice.
func (s *search) cover(depth, left int, cost key) {
	if !s.step(0) {
		return
	}
	lv := s.at(depth)
	branch := s.branch(lv, left)
	switch {
	case branch == met:
		s.record(depth, cost)
		return
	case branch == hopeless || left == 0:
		return
	case left == 1:
		s.close(depth, cost)
		return
	}
	least := s.keys[0].times(left - 1)
	for w, word := range s.elems[branch].able {
		for word &^= lv.banned[w]; word != 0; word &= word - 1 {
			c := w*64 + bits.TrailingZeros64(word)
			next := cost.plus(s.keys[c])
			if s.best.found && next.plus(least).compare(s.best.cost) >= 0 {
				return
			}
			lv.banned.add(c)
			s.pick(depth, c)
			s.cover(depth+1, left-1, next)
			if s.spent {
				return
			}
		}
	}
}

const (
	met      = -1 // every element is
	hopeless = -2 // some cannot be
)

// branch returns the unmet element with the fewest candidates, or met, or
// hopeless when left more candidates cannot meet all: unmet elements that share
// no candidate need one each.
func (s *search) branch(lv *level, left int) int {
	branch, fewest, apart := met, 0, 0
	clear(lv.union)
	simple := s.simple(lv)
	for i := range s.elems {
		e := &s.elems[i]
		if lv.have[i] >= e.best || e.shape == tangled && !simple {
			continue
		}
		if e.shape == pooled && lv.have[i]+e.top[min(left, len(s.locs))] < e.best {
			return hopeless
		}
		n, shared := 0, false
		for w, word := range e.able {
			word &^= lv.banned[w]
			n += bits.OnesCount64(word)
			shared = shared || word&lv.union[w] != 0
		}
		if n == 0 {
			return hopeless
		}
		if branch == met || n < fewest {
			branch, fewest = i, n
		}
		if shared {
			continue
		}
		for w, word := range e.able {
			lv.union[w] |= word &^ lv.banned[w]
		}
		if apart++; apart > left {
			return hopeless
		}
	}
	return branch
}

// close picks the best ranked candidate that meets all unmet elements at once.
func (s *search) close(depth int, cost key) {
	lv := s.at(depth)
	simple := s.simple(lv)
	for w := range lv.banned {
		word := ^lv.banned[w]
		for i := range s.elems {
			if e := &s.elems[i]; lv.have[i] < e.best && (e.shape != tangled || simple) {
				word &= e.able[w]
			}
		}
		for ; word != 0; word &= word - 1 {
			c := w*64 + bits.TrailingZeros64(word)
			next := cost.plus(s.keys[c])
			if s.best.found && next.compare(s.best.cost) >= 0 || !s.step(0) {
				return
			}
			s.picked = append(s.picked[:depth], c)
			if s.closes(depth, c) {
				s.record(depth+1, next)
				return
			}
		}
	}
}

func (s *search) closes(depth, c int) bool {
	lv, next := s.at(depth), s.at(depth+1)
	for i := range s.elems {
		e := &s.elems[i]
		if e.shape != tangled && lv.have[i] < e.best && e.with(lv.have[i], c) < e.best {
			return false
		}
	}
	for i := range s.real {
		e := &s.elems[i]
		if next.at[i] = lv.at[i]; e.shape == tangled && lv.have[i] < e.best {
			if next.at[i] = s.meet(e, s.picked); next.at[i] == nil {
				return false
			}
		}
	}
	return true
}

func (s *search) record(depth int, cost key) {
	if !s.best.found || cost.compare(s.best.cost) < 0 {
		s.keep(depth, s.target, cost)
	}
}

func (s *search) keep(depth int, served int64, cost key) {
	s.best = solution{
		set:    append(s.best.set[:0], s.picked[:depth]...),
		at:     append(s.best.at[:0], s.at(depth).at...),
		served: served,
		cost:   cost,
		found:  true,
	}
}

// assigned returns, by bundle, the location that serves it in the best
// solution, or -1.
func (s *search) assigned() []int {
	assigned := make([]int, len(s.a.bundles))
	for b := range assigned {
		assigned[b] = -1
	}
	for i := range s.real {
		e := &s.elems[i]
		if e.shape == whole {
			assigned[e.bundles[0]] = s.locs[s.most(e)]
		}
		if e.shape != tangled || s.best.at[i] == nil {
			continue
		}
		for j, c := range s.best.at[i] {
			if c >= 0 {
				assigned[e.bundles[j]] = s.locs[c]
			}
		}
	}
	return assigned
}

// most returns the candidate of the best solution that serves most of a whole
// element, the best ranked of equals.
func (s *search) most(e *element) int {
	most := s.best.set[0]
	for _, c := range s.best.set[1:] {
		if d := cmp.Compare(e.gives[c], e.gives[most]); d > 0 || d == 0 && c < most {
			most = c
		}
	}
	return most
}
