package intake

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// levelBatch is how many levels are set in one transaction.
const levelBatch = 400

// ImportStock takes in a stock file: levels become what it says. Of goods that
// never moved the number is booked as opening stock, of others the difference
// as that of a count.
func ImportStock(ctx context.Context, d *db.DB, s *Source, o ImportOptions) (*Summary, error) {
	im := newImporter(d, Stock, o)
	if _, err := setting.LoadCompany(ctx, d); err != nil {
		return nil, err
	}
	reader, err := ReadStock(s, im.open(s))
	if err != nil {
		return nil, err
	}
	im.summary.Format = reader.Format()
	l := &levelImport{importer: im, seen: newSet()}
	alike := func(_, _ *StockRecord) bool { return true }
	err = pump(ctx, reader.Next, levelBatch, alike, func(records []*StockRecord) error { return l.book(ctx, records) })
	if err != nil {
		return nil, errors.Join(err, im.errors.Close())
	}
	return im.finish(ctx, reader.Progress())
}

// levelImport is the import of a stock file.
type levelImport struct {
	*importer
	seen set // levels that were set
}

// leveled is a record with what it is about.
type leveled struct {
	*StockRecord
	key     inventory.Key
	cost    *money.Micros
	outcome string
	fault   *fault.Error
}

func (im *levelImport) book(ctx context.Context, records []*StockRecord) error {
	fresh := make([]*StockRecord, 0, len(records))
	for _, r := range records {
		if im.seen.add(r.SKU + "\n" + strings.ToLower(r.Location)) {
			fresh = append(fresh, r)
			continue
		}
		im.refuseLevel(r, fault.New(fault.Conflict, "import.twice", "The stock of %s at %s stands in the file before: name each level once.", r.SKU, r.Location))
	}
	return half(fresh, func(part []*StockRecord) error {
		var all []*leveled
		err := im.write(ctx, func(tx *db.Tx) (err error) {
			all, err = im.set(ctx, tx, part)
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range all {
			if l.fault != nil {
				im.refuseLevel(l.StockRecord, l.fault)
				continue
			}
			im.summary.Outcomes[l.outcome]++
		}
		return nil
	}, im.refuseLevel)
}

func (im *levelImport) refuseLevel(r *StockRecord, f *fault.Error) {
	im.refuse(r.SKU, []Row{r.Row}, -1, f)
}

// set makes levels what the records say.
func (im *levelImport) set(ctx context.Context, tx *db.Tx, records []*StockRecord) ([]*leveled, error) {
	all, err := find(ctx, tx, records)
	if err != nil {
		return nil, err
	}
	var variants []id.Variant
	for _, l := range all {
		if l.fault == nil {
			variants = append(variants, l.key.Variant)
		}
	}
	levels, err := inventory.Lock(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	have := make(map[inventory.Key]inventory.Level, len(levels))
	for _, l := range levels {
		have[l.Key] = l
	}
	worth, err := inventory.Worths(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	var opening []flow.Receipt
	var counts []inventory.Count
	for _, l := range all {
		_, moved := worth[l.key.Variant]
		switch {
		case l.fault != nil:
		case have[l.key].OnHand == l.OnHand:
			l.outcome = string(catalog.Unchanged)
		case l.OnHand < 0:
			l.fault = fault.New(fault.Invalid, "import.negative_stock", "%d units cannot be on hand.", l.OnHand)
		case !moved || worth[l.key.Variant] == (inventory.Worth{Variant: l.key.Variant}):
			l.outcome = "opened"
			opening = append(opening, flow.Receipt{
				Variant: l.key.Variant, Location: l.key.Location, Quantity: l.OnHand, UnitCost: l.cost, Opening: true, Reason: cmp.Or(l.Reason, "import"), Cause: inventory.Cause{Kind: "import"},
			})
		default:
			l.outcome = "counted"
			counts = append(counts, inventory.Count{
				Variant: l.key.Variant, Location: l.key.Location, OnHand: l.OnHand, UnitCost: l.Cost, Reason: cmp.Or(l.Reason, "import"), Cause: inventory.Cause{Kind: "import"},
			})
		}
	}
	return all, im.apply(ctx, tx, all, have, opening, counts)
}

func (im *levelImport) apply(ctx context.Context, tx *db.Tx, all []*leveled, have map[inventory.Key]inventory.Level, opening []flow.Receipt, counts []inventory.Count) error {
	if len(opening) > 0 {
		if _, err := flow.ReceiveGoods(ctx, tx, opening); err != nil {
			return err
		}
	}
	if len(counts) > 0 {
		if _, err := flow.CountStock(ctx, tx, counts); err != nil {
			return err
		}
	}
	binned, err := putInBins(ctx, tx, all, have)
	if err != nil {
		return err
	}
	if binned || len(opening)+len(counts) > 0 {
		return im.begin(ctx, tx)
	}
	return nil
}

// putInBins notes the bins that the records name, and tells whether any is new.
func putInBins(ctx context.Context, tx *db.Tx, all []*leveled, have map[inventory.Key]inventory.Level) (bool, error) {
	var locations []id.Location
	for _, l := range all {
		if l.fault == nil && l.Bin != "" {
			locations = append(locations, l.key.Location)
		}
	}
	stored, err := inventory.Bins(ctx, tx, slices.Compact(slices.SortedFunc(slices.Values(locations), id.Location.Compare))...)
	if err != nil {
		return false, err
	}
	type named struct {
		location id.Location
		code     string
	}
	known := map[named]id.Bin{}
	last := map[id.Location]int64{}
	for _, b := range stored {
		known[named{b.Location, b.Code}] = b.ID
		last[b.Location] = max(last[b.Location], b.Path)
	}
	var added []inventory.Bin
	for _, l := range all {
		k := named{l.key.Location, l.Bin}
		if _, there := known[k]; l.fault == nil && l.Bin != "" && !there {
			last[k.location]++
			known[k] = id.Bin{}
			added = append(added, inventory.Bin{Location: k.location, Code: k.code, Path: last[k.location]})
		}
	}
	added, err = inventory.SaveBins(ctx, tx, added)
	if err != nil {
		return false, err
	}
	for _, b := range added {
		known[named{b.Location, b.Code}] = b.ID
	}
	var places []inventory.Place
	for _, l := range all {
		if bin := known[named{l.key.Location, l.Bin}]; l.fault == nil && l.Bin != "" && have[l.key].Bin != bin {
			places = append(places, inventory.Place{Key: l.key, Bin: bin})
			if l.outcome == string(catalog.Unchanged) {
				l.outcome = "moved"
			}
		}
	}
	if len(places) == 0 {
		return false, nil
	}
	return true, inventory.PutInBins(ctx, tx, places)
}

// find looks up what records are about.
func find(ctx context.Context, r db.Reader, records []*StockRecord) ([]*leveled, error) {
	codes := make([]string, len(records))
	for i, x := range records {
		codes[i] = x.SKU
	}
	found, err := catalog.BySKU(ctx, r, codes)
	if err != nil {
		return nil, err
	}
	unknown := slices.DeleteFunc(codes, func(c string) bool { _, ok := found[c]; return ok })
	if err := addBarcodes(ctx, r, unknown, found); err != nil {
		return nil, err
	}
	locations, err := inventory.Locations(ctx, r)
	if err != nil {
		return nil, err
	}
	all := make([]*leveled, len(records))
	for i, x := range records {
		l := &leveled{StockRecord: x, cost: x.Cost}
		all[i] = l
		v, ok := found[x.SKU]
		at := slices.IndexFunc(locations, func(o inventory.Location) bool { return strings.EqualFold(o.Code, x.Location) })
		if at < 0 {
			at = slices.IndexFunc(locations, func(o inventory.Location) bool { return strings.EqualFold(o.Name, x.Location) })
		}
		switch {
		case !ok:
			l.fault = unknownArticle(x.SKU)
		case !v.Kind.HasStock():
			l.fault = fault.New(fault.Invalid, "import.no_stock_article", "%s is %s and has no stock of its own.", v.SKU, v.Kind)
		case at < 0:
			l.fault = fault.New(fault.NotFound, "location.not_found", "There is no location with the code or name %q.", x.Location)
		default:
			l.key = inventory.Key{Variant: v.ID, Location: locations[at].ID}
			if l.cost == nil && v.Cost > 0 {
				l.cost = &v.Cost
			}
		}
	}
	return all, nil
}
