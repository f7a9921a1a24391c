package routing

import (
	"cmp"
	"slices"
)

// fill looks for the set of at most left more candidates that serves most,
// when a limit on parcels puts the target out of reach. What a candidate adds
// never grows as others are picked, so the largest gains bound what is left.
func (s *search) fill(depth, left int, cost key) {
	if !s.step(s.real * len(s.locs)) {
		return
	}
	lv := s.at(depth)
	served := total(lv.have[:s.real])
	if s.improves(served, depth, cost) {
		s.keep(depth, served, cost)
	}
	if left == 0 {
		return
	}
	s.gains(lv)
	for i, c := range lv.order {
		bound := served
		for _, d := range lv.order[i:min(i+left, len(lv.order))] {
			bound += lv.gain[d]
		}
		bound = min(bound, s.target)
		if bound < s.best.served {
			return
		}
		next := cost.plus(s.keys[c])
		if !s.improves(bound, depth+1, next) {
			continue
		}
		lv.banned.add(c)
		s.pick(depth, c)
		s.fill(depth+1, left-1, next)
		if s.spent {
			return
		}
	}
}

func total(have []int64) (n int64) {
	for _, h := range have {
		n += h
	}
	return n
}

func (s *search) improves(served int64, size int, cost key) bool {
	return !s.best.found || cmp.Or(
		cmp.Compare(s.best.served, served),
		cmp.Compare(size, len(s.best.set)),
		cost.compare(s.best.cost),
	) < 0
}

// gains lists the candidates that may add to lv, those that may add most
// first.
func (s *search) gains(lv *level) {
	if lv.gain == nil {
		lv.gain = make([]int64, len(s.locs))
	}
	lv.order = lv.order[:0]
	for c := range s.locs {
		if lv.banned.has(c) {
			continue
		}
		lv.gain[c] = 0
		for i := range s.real {
			e := &s.elems[i]
			if e.shape == whole {
				lv.gain[c] += max(0, e.gives[c]-lv.have[i])
			} else {
				lv.gain[c] += min(e.gives[c], e.best-lv.have[i])
			}
		}
		if lv.gain[c] > 0 {
			lv.order = append(lv.order, c)
		}
	}
	slices.SortStableFunc(lv.order, func(c, d int) int { return cmp.Compare(lv.gain[d], lv.gain[c]) })
}

// greedy is for when the work is spent: it picks the candidate that adds most,
// again and again. Where that serves less than is known to be possible, it
// starts from the known assignments instead.
func (s *search) greedy(limit int) {
	s.pickMost(nil, limit)
	var known []int
	for i := range s.real {
		for _, c := range s.elems[i].known {
			if c >= 0 && !slices.Contains(known, c) {
				known = append(known, c)
			}
		}
	}
	if s.best.served < s.target && len(known) <= limit {
		s.pickMost(known, limit)
	}
}

// pickMost adds to a seed, and then leaves out what turned out to be needless,
// the worst ranked first.
func (s *search) pickMost(seed []int, limit int) {
	clear(s.at(0).banned)
	clear(s.at(0).have)
	depth := 0
	for ; depth < limit; depth++ {
		lv := s.at(depth)
		c := -1
		if depth < len(seed) {
			c = seed[depth]
		} else if s.gains(lv); len(lv.order) > 0 {
			c = lv.order[0]
		}
		if c < 0 {
			break
		}
		lv.banned.add(c)
		s.pick(depth, c)
	}
	set := slices.Clone(s.picked[:depth])
	slices.Sort(set)
	served := s.serves(set)
	for i := len(set) - 1; i >= 0 && len(set) > 1; i-- {
		if rest := slices.Delete(slices.Clone(set), i, i+1); s.serves(rest) >= served {
			set = rest
		}
	}
	var cost key
	for _, c := range set {
		cost = cost.plus(s.keys[c])
	}
	if s.improves(served, len(set), cost) {
		s.best = solution{set, make([][]int, s.real), served, cost, true}
		for i := range s.real {
			if e := &s.elems[i]; e.shape == tangled {
				_, s.best.at[i] = s.untangle(e, set)
			}
		}
	}
}

// serves returns how many units a set serves.
func (s *search) serves(set []int) (n int64) {
	for i := range s.real {
		e := &s.elems[i]
		var most, sum int64
		for _, c := range set {
			most = max(most, e.gives[c])
			sum += e.gives[c]
		}
		switch e.shape {
		case whole:
			n += most
		case pooled:
			n += min(sum, e.best)
		case tangled:
			m, _ := s.untangle(e, set)
			n += m
		}
	}
	return n
}
