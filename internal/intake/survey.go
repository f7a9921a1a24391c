package intake

import (
	"cmp"
	"slices"

	"purser/internal/base/money"
)

// Survey learns from orders what an import of them needs to find: the goods they
// name, and the stock there must have been. It is for files that come without a
// list of products, read once for the survey and once for the import. It keeps
// some numbers for each code.
type Survey struct {
	goods map[string]*surveyed
}

// Goods is what a survey found out about one code.
type Goods struct {
	SKU      string
	Title    string // the one most lines have, the longest of equals; the SKU if there is none
	Currency money.Currency
	Price    money.Micros // that most lines have, the first of equals; 0 if it was never sold for money
	Opening  int64        // units that must have been there at first, so that stock never falls below 0
	Lines    int64        // that name it
}

type surveyed struct {
	titles   map[string]int64
	prices   map[money.Micros]*tally
	currency money.Currency
	stock    int64
	least    int64
	lines    int64
	order    int
}

type tally struct {
	lines int64
	order int
}

// NewSurvey returns a survey of nothing.
func NewSurvey() *Survey { return &Survey{goods: map[string]*surveyed{}} }

// Add learns from a document. Documents are added in the order of their time.
func (s *Survey) Add(d *OrderDocument) {
	for _, l := range d.Lines {
		if l.SKU == "" {
			continue
		}
		g := s.goods[l.SKU]
		if g == nil {
			g = &surveyed{titles: map[string]int64{}, prices: map[money.Micros]*tally{}, order: len(s.goods)}
			s.goods[l.SKU] = g
		}
		g.lines++
		if l.Title != "" && l.Title != l.SKU {
			g.titles[l.Title]++
		}
		if l.UnitPrice > 0 && d.Kind == Sale && (g.currency == "" || g.currency == d.Currency) {
			g.currency = d.Currency
			p := g.prices[l.UnitPrice]
			if p == nil {
				p = &tally{order: len(g.prices)}
				g.prices[l.UnitPrice] = p
			}
			p.lines++
		}
		switch {
		case l.NoShipping:
		case d.Kind == Adjustment:
			g.stock += l.Quantity
		default: // sold, or with a negative quantity come back
			g.stock -= l.Quantity
		}
		g.least = min(g.least, g.stock)
	}
}

// Goods lists what was found, in the order of the file.
func (s *Survey) Goods() []Goods {
	keys := make([]string, 0, len(s.goods))
	for sku := range s.goods {
		keys = append(keys, sku)
	}
	slices.SortFunc(keys, func(a, b string) int { return s.goods[a].order - s.goods[b].order })
	out := make([]Goods, 0, len(keys))
	for _, sku := range keys {
		g := s.goods[sku]
		found := Goods{SKU: sku, Title: sku, Currency: g.currency, Opening: -g.least, Lines: g.lines}
		var most int64
		for title, n := range g.titles {
			better := cmp.Or(cmp.Compare(n, most), cmp.Compare(len(title), len(found.Title)), cmp.Compare(found.Title, title))
			if most == 0 || better > 0 {
				found.Title, most = title, n
			}
		}
		best := tally{}
		for price, p := range g.prices {
			if p.lines > best.lines || p.lines == best.lines && p.order < best.order {
				found.Price, best = price, *p
			}
		}
		out = append(out, found)
	}
	return out
}
