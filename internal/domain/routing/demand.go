package routing

import (
	"slices"
)

// units are the lines of an order, as what must stay together.
type units struct {
	bundles []bundle
	pools   []pool
}

// bundle is what one location must serve: a line, or the components of a kit.
// It is served in whole kits; a line is a bundle of as many kits as it has
// units.
type bundle struct {
	parts []part
	needs []need // what one kit takes, each variant once
	kits  int64
	size  int64 // units in one kit
}

type part struct {
	line int
	per  int64 // units in one kit
}

type need struct {
	variant int
	per     int64
}

// pool is the demand for one variant that any locations may share: all lines
// that ask for it and may be split.
type pool struct {
	variant  int
	quantity int64
	lines    []int
}

// divide tells what stays together when lines may be split as told.
func (p *problem) divide(split Split) units {
	var u units
	groups := map[int]int{} // bundle by group
	for i, l := range p.Lines {
		switch {
		case l.Group != 0:
			b, ok := groups[l.Group]
			if !ok {
				b = len(u.bundles)
				groups[l.Group] = b
				u.bundles = append(u.bundles, bundle{kits: 1})
			}
			per := l.Quantity
			if l.PerKit > 0 {
				per = l.PerKit
				u.bundles[b].kits = l.Quantity / l.PerKit
			}
			u.bundles[b].add(i, p.variantOf[i], per)
		case split == SplitLine && !l.NeverSplit:
			u.pour(i, p.variantOf[i], l.Quantity)
		default:
			b := bundle{kits: l.Quantity}
			b.add(i, p.variantOf[i], 1)
			u.bundles = append(u.bundles, b)
		}
	}
	return u
}

func (b *bundle) add(line, variant int, per int64) {
	b.parts = append(b.parts, part{line, per})
	b.size += per
	at := slices.IndexFunc(b.needs, func(n need) bool { return n.variant == variant })
	if at < 0 {
		b.needs = append(b.needs, need{variant, per})
		return
	}
	b.needs[at].per += per
}

func (u *units) pour(line, variant int, quantity int64) {
	at := slices.IndexFunc(u.pools, func(p pool) bool { return p.variant == variant })
	if at < 0 {
		at = len(u.pools)
		u.pools = append(u.pools, pool{variant: variant})
	}
	u.pools[at].quantity += quantity
	u.pools[at].lines = append(u.pools[at].lines, line)
}

// kitsFrom returns how many whole kits the stock in have makes.
func (b *bundle) kitsFrom(have []int64) int64 {
	kits := b.kits
	for _, n := range b.needs {
		kits = min(kits, have[n.variant]/n.per)
	}
	return kits
}

// unitsFrom returns how many units those kits are.
func (b *bundle) unitsFrom(have []int64) int64 { return b.kitsFrom(have) * b.size }

// total returns how many units all kits are.
func (b *bundle) total() int64 { return b.kits * b.size }

// leaves returns how many units of its variants are left in have once all kits
// are taken.
func (b *bundle) leaves(have []int64) (n int64) {
	for _, need := range b.needs {
		n += have[need.variant] - b.kits*need.per
	}
	return n
}

func (b *bundle) take(have []int64, kits int64) {
	for _, n := range b.needs {
		have[n.variant] -= kits * n.per
	}
}

// element is a part of the demand that shares no stock with the rest, so that
// what a set of locations serves is the sum over elements.
type element struct {
	shape
	variants []int
	bundles  []int
	pools    []int
	wanted   int64   // units
	gives    []int64 // by candidate: the most it serves alone
	best     int64   // the most all candidates serve together
	able     bitset  // candidates that can help to reach best
	known    []int   // tangled: by bundle, the candidate that serves it when all may, or -1
	top      []int64 // pooled: the most that n candidates give together, by n
}

type shape uint8

const (
	whole   shape = iota // one bundle: the best of a set counts
	pooled               // one pool: the sum over a set counts
	tangled              // several that share variants: their best assignment counts
)

// elements gathers the units that share variants, directly or through others.
func (u *units) elements(variants int) []element {
	root := make([]int, variants) // of each variant: the smallest one it is tied to
	for v := range root {
		root[v] = v
	}
	join := func(v, w int) {
		from, to := max(root[v], root[w]), min(root[v], root[w])
		for i, r := range root {
			if r == from {
				root[i] = to
			}
		}
	}
	for _, b := range u.bundles {
		for _, n := range b.needs[1:] {
			join(b.needs[0].variant, n.variant)
		}
	}
	all := make([]element, variants)
	for v, r := range root {
		all[r].variants = append(all[r].variants, v)
	}
	for i, b := range u.bundles {
		e := &all[root[b.needs[0].variant]]
		e.bundles = append(e.bundles, i)
		e.wanted += b.total()
	}
	for i, pool := range u.pools {
		e := &all[root[pool.variant]]
		e.pools = append(e.pools, i)
		e.wanted += pool.quantity
	}
	all = slices.DeleteFunc(all, func(e element) bool { return len(e.bundles)+len(e.pools) == 0 })
	for i := range all {
		e := &all[i]
		switch {
		case len(e.bundles) == 1 && len(e.pools) == 0:
			e.shape = whole
		case len(e.bundles) == 0 && len(e.pools) == 1:
			e.shape = pooled
		default:
			e.shape = tangled
		}
	}
	return all
}

// hints returns what must hold for e to be served whole, as elements of
// simpler shape: each bundle fits somewhere, and there is enough of each
// variant. They narrow the search.
func (e *element) hints(p *problem) []element {
	var hints []element
	for _, b := range e.bundles {
		hints = append(hints, element{shape: whole, bundles: []int{b}})
	}
	for _, v := range e.variants {
		hints = append(hints, element{shape: pooled, variants: []int{v}, wanted: p.totals[v]})
	}
	return hints
}
