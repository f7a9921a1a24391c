package flow

import (
	"context"
	"maps"
	"slices"

	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// supply receives what the books lack of goods that have left. shelf holds what
// there is by location, or where it is nil, what there is anywhere counts.
func supply(ctx context.Context, tx *db.Tx, pasts []Past, shelf *shelf) error {
	d, err := needed(ctx, tx, pasts)
	if err != nil || len(d.need) == 0 {
		return err
	}
	if shelf == nil {
		if shelf, err = readShelf(ctx, tx, d.variantsNeeded(), true); err != nil {
			return err
		}
	}
	missing := map[inventory.Key]int64{}
	for _, n := range d.need {
		if lacks := n.units - shelf.take(n.Key, n.units); lacks > 0 {
			missing[n.Key] += lacks
		}
	}
	return ReceiveMissing(ctx, tx, missing)
}

// ReceiveMissing receives goods that must have been there, at the catalog's cost.
func ReceiveMissing(ctx context.Context, tx *db.Tx, missing map[inventory.Key]int64) error {
	if len(missing) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(missing), inventory.Key.Compare)
	wanted := make([]id.Variant, len(keys))
	for i, k := range keys {
		wanted[i] = k.Variant
	}
	variants, err := catalog.Variants(ctx, tx, wanted)
	if err != nil {
		return err
	}
	receipts := make([]Receipt, len(keys))
	for i, k := range keys {
		receipts[i] = Receipt{Variant: k.Variant, Location: k.Location, Quantity: missing[k], Reason: "import", Cause: inventory.Cause{Kind: "import"}}
		if cost := variants[k.Variant].Cost; cost > 0 {
			receipts[i].UnitCost = &cost
		}
	}
	_, err = ReceiveGoods(ctx, tx, receipts)
	return err
}

// shelf is what there is of goods, as it is taken in memory: at one location, or
// anywhere.
type shelf struct {
	anywhere bool
	units    map[inventory.Key]int64
}

// readShelf locks variants and reads what is free of them. Where anywhere is set,
// only locations that ship orders count.
func readShelf(ctx context.Context, tx *db.Tx, variants []id.Variant, anywhere bool) (*shelf, error) {
	s := &shelf{anywhere: anywhere, units: map[inventory.Key]int64{}}
	ships := map[id.Location]bool{}
	if anywhere {
		all, err := inventory.Locations(ctx, tx)
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			ships[l.ID] = l.Ships()
		}
	}
	levels, err := inventory.Lock(ctx, tx, variants)
	for _, l := range levels {
		if !anywhere || ships[l.Location] {
			s.units[s.key(l.Key)] += l.Available()
		}
	}
	return s, err
}

func (s *shelf) key(k inventory.Key) inventory.Key {
	if s.anywhere {
		k.Location = id.Location{}
	}
	return k
}

// take takes up to n units and returns how many there were.
func (s *shelf) take(k inventory.Key, n int64) int64 {
	k = s.key(k)
	n = min(n, s.units[k])
	s.units[k] -= n
	return n
}

// need is units of goods that have left.
type need struct {
	inventory.Key
	past  int    // index of the order
	line  int    // of its line
	sku   string // of that
	units int64
}

type needs struct{ need []need }

func (n needs) variantsNeeded() []id.Variant {
	list := make([]id.Variant, len(n.need))
	for i, x := range n.need {
		list[i] = x.Variant
	}
	return unique(list)
}

// needed lists the goods that have left, those of kits by their components. The
// kinds of lines are set.
func needed(ctx context.Context, r db.Reader, pasts []Past) (needs, error) {
	var kits []id.Variant
	for _, p := range pasts {
		for _, l := range p.Lines {
			if l.Kind == order.KindKit {
				kits = append(kits, l.Variant)
			}
		}
	}
	parts, err := catalog.Components(ctx, r, unique(kits))
	if err != nil {
		return needs{}, err
	}
	var out needs
	for i := range pasts {
		p := &pasts[i]
		for j, l := range p.Lines {
			n := p.shipped(j)
			switch {
			case n == 0 || l.Kind == order.KindService || l.Variant.IsZero():
			case l.Kind == order.KindKit:
				for _, c := range parts[l.Variant] {
					out.need = append(out.need, need{inventory.Key{Variant: c.ComponentID, Location: p.Location}, i, j, l.SKU, n * c.Quantity})
				}
			default:
				out.need = append(out.need, need{inventory.Key{Variant: l.Variant, Location: p.Location}, i, j, l.SKU, n})
			}
		}
	}
	return out, nil
}

// AdjustAnyway books that more or less is there than the books say, as
// AdjustStock does. Goods that go were there: what the books lack of them is
// received first, so that no promise breaks.
func AdjustAnyway(ctx context.Context, tx *db.Tx, postings []inventory.Posting) ([]inventory.Movement, error) {
	change := map[inventory.Key]int64{}
	for _, p := range postings {
		change[p.Key()] += p.Quantity
	}
	shelf, err := readShelf(ctx, tx, variantsOf(postings), false)
	if err != nil {
		return nil, err
	}
	missing := map[inventory.Key]int64{}
	for k, n := range change {
		if lacks := -n - shelf.units[k]; lacks > 0 {
			missing[k] = lacks
		}
	}
	if err := ReceiveMissing(ctx, tx, missing); err != nil {
		return nil, err
	}
	return AdjustStock(ctx, tx, postings)
}
