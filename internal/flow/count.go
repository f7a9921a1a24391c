package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// Scan is what somebody who counts entered: a code that is a barcode, a SKU or a
// bin, or a variant that was chosen from a list.
type Scan struct {
	Code     string
	Variant  id.Variant
	Quantity int64  // of scans, negative to take some back; 0 is one
	Nothing  bool   // none lies there
	Key      string // names the entry: sent twice, it is counted once
}

// Counted is what became of a scan.
type Counted struct {
	Bin      inventory.Bin       // of a bin: what is scanned next lies there
	Line     inventory.CountLine // of goods
	SKU      string
	Title    string
	Quantity int64 // base units that the scan stands for
}

// EnterCount adds what somebody scanned to a count. A bin's code says where that
// lies which is scanned after it.
func EnterCount(ctx context.Context, tx *db.Tx, cid id.Count, scans []Scan) ([]Counted, error) {
	c, err := inventory.TakeCount(ctx, tx, cid, 0)
	if err != nil {
		return nil, err
	}
	known, err := inventory.Bins(ctx, tx, c.Location)
	if err != nil {
		return nil, err
	}
	results := make([]Counted, len(scans))
	var found []inventory.Found
	var at []int
	var bin id.Bin
	for i, s := range scans {
		b := slices.IndexFunc(known, func(b inventory.Bin) bool { return s.Variant.IsZero() && b.Code == s.Code })
		if b >= 0 {
			results[i].Bin, bin = known[b], known[b].ID
			continue
		}
		v, perScan, err := readScan(ctx, tx, s)
		if err != nil {
			return nil, err
		}
		n := cmp.Or(s.Quantity, 1) * perScan
		if s.Nothing {
			n = 0
		}
		results[i].SKU, results[i].Title, results[i].Quantity = v.SKU, v.Title, n
		found, at = append(found, inventory.Found{Variant: v.ID, Quantity: n, Bin: bin, Key: s.Key}), append(at, i)
	}
	lines, err := enter(ctx, tx, c, found)
	for i, l := range lines {
		results[at[i]].Line = l
	}
	return results, err
}

// readScan finds the goods of a scan, and how many units it stands for.
func readScan(ctx context.Context, r db.Reader, s Scan) (catalog.Variant, int64, error) {
	var v catalog.Variant
	perScan := int64(1)
	var err error
	if s.Variant.IsZero() {
		v, perScan, err = catalog.Scan(ctx, r, s.Code)
	} else {
		v, err = catalog.GetVariant(ctx, r, s.Variant)
	}
	if err == nil && !v.Kind.HasStock() {
		err = fault.New(fault.Invalid, "count.no_stock", "%s is a %s and has no stock of its own: count what it is made of.", v.SKU, v.Kind)
	}
	return v, perScan, err
}

// enter adds finds to a taken count. The stock is locked before what is picked is
// read: what leaves in between leaves both.
func enter(ctx context.Context, tx *db.Tx, c *inventory.StockCount, found []inventory.Found) ([]inventory.CountLine, error) {
	if len(found) == 0 {
		return nil, nil
	}
	variants := make([]id.Variant, len(found))
	for i, f := range found {
		variants[i] = f.Variant
	}
	if _, err := inventory.Lock(ctx, tx, unique(variants)); err != nil {
		return nil, err
	}
	picked, err := fulfillment.PickedUnits(ctx, tx, c.Location, unique(variants))
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Picked = picked[found[i].Variant]
	}
	return c.Enter(ctx, tx, found)
}

// SubmitCount hands a count over for review. Where empty is set, nothing lies
// where nobody counted anything.
func SubmitCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64, empty bool) (*inventory.StockCount, error) {
	c, err := inventory.TakeCount(ctx, tx, cid, version)
	if err != nil {
		return nil, err
	}
	if empty && c.Status == inventory.CountCounting {
		lines, err := inventory.CountLines(ctx, tx, cid)
		if err != nil {
			return nil, err
		}
		var found []inventory.Found
		for _, l := range lines {
			if !l.Done() {
				found = append(found, inventory.Found{Variant: l.Variant, Key: fmt.Sprintf("nothing %d %s", l.Round, l.ID)})
			}
		}
		if _, err := enter(ctx, tx, c, found); err != nil {
			return nil, err
		}
	}
	return c, c.Submit(ctx, tx)
}

// onCount takes a count and lets a step be done to it. Where that ends a freeze,
// the location is given its work.
func onCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64, step func(*inventory.StockCount) error) (*inventory.StockCount, error) {
	c, err := inventory.TakeCount(ctx, tx, cid, version)
	if err != nil {
		return nil, err
	}
	frozen := c.Freezes()
	if err := step(c); err != nil {
		return nil, err
	}
	if frozen && !c.Freezes() {
		return c, job.Enqueue(ctx, tx, ThawJob{c.Location})
	}
	return c, nil
}

// StartCount lets people count.
func StartCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64) (*inventory.StockCount, error) {
	return onCount(ctx, tx, cid, version, func(c *inventory.StockCount) error { return c.Start(ctx, tx) })
}

// Recount sends lines back to be counted again; none named means all that differ.
func Recount(ctx context.Context, tx *db.Tx, cid id.Count, version int64, lines []id.CountLine) (*inventory.StockCount, error) {
	return onCount(ctx, tx, cid, version, func(c *inventory.StockCount) error { return c.Recount(ctx, tx, lines) })
}

// ApproveCount notes that somebody who did not count agrees with the differences.
func ApproveCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64) (*inventory.StockCount, error) {
	return onCount(ctx, tx, cid, version, func(c *inventory.StockCount) error { return c.Approve(ctx, tx) })
}

// CancelCount ends a count without a change of stock.
func CancelCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64) (*inventory.StockCount, error) {
	return onCount(ctx, tx, cid, version, func(c *inventory.StockCount) error { return c.Cancel(ctx, tx) })
}

// PostCount books the differences of a count. Beyond what the merchant set, they
// must have been approved. Where promised goods are gone, the newest promises
// become backorders.
func PostCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64) (*inventory.StockCount, error) {
	return onCount(ctx, tx, cid, version, func(c *inventory.StockCount) error {
		lines, err := inventory.CountLines(ctx, tx, cid)
		if err != nil {
			return err
		}
		if c.Status == inventory.CountReview && c.ApprovedBy == "" {
			if err := mayPost(ctx, tx, c, lines); err != nil {
				return err
			}
		}
		var variants, counted []id.Variant
		for _, l := range lines {
			counted = append(counted, l.Variant)
			if l.Variance() != 0 || c.Kind == inventory.CountDirected {
				variants = append(variants, l.Variant)
			}
		}
		rule := func(inventory.Movement) postingRule { return accounting.Count }
		_, err = moveStock(ctx, tx, rule, variants, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
			if err := believe(ctx, tx, c.Location, counted...); err != nil {
				return nil, nil, err
			}
			return c.Post(ctx, tx, book)
		})
		return err
	})
}

// mayPost refuses differences that somebody else must approve.
func mayPost(ctx context.Context, r db.Reader, c *inventory.StockCount, lines []inventory.CountLine) error {
	rules, err := inventory.LoadCountRules(ctx, r)
	if err != nil {
		return err
	}
	b, err := openBooks(ctx, r)
	if err != nil {
		return err
	}
	values, err := inventory.DifferenceValues(ctx, r, b.BaseCurrency, lines)
	if err != nil {
		return err
	}
	var total int64
	for _, v := range values {
		total += abs(v)
	}
	if !rules.Exceeded(lines, total) {
		return nil
	}
	return fault.New(fault.Conflict, "count.not_approved", "Count %d differs by more than may be posted unseen. Somebody who did not count must approve it.", c.Number)
}

// UndoCount books the reverse of what a posted count booked.
func UndoCount(ctx context.Context, tx *db.Tx, cid id.Count, version int64, reason string) (*inventory.StockCount, error) {
	return onCount(ctx, tx, cid, version, func(c *inventory.StockCount) error {
		if err := c.Undo(ctx, tx); err != nil {
			return err
		}
		booked, err := inventory.CountMovements(ctx, tx, cid)
		if err != nil || len(booked) == 0 {
			return err
		}
		variants, movements := make([]id.Variant, len(booked)), make([]id.Movement, len(booked))
		for i, m := range booked {
			variants[i], movements[i] = m.Variant, m.ID
		}
		rule := func(inventory.Movement) postingRule { return accounting.Count }
		_, err = moveStock(ctx, tx, rule, unique(variants), func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
			return inventory.Undo(ctx, tx, book, movements, reason)
		})
		return err
	})
}

// directCount asks for the bins of variants to be counted, where that is not asked
// already.
func directCount(ctx context.Context, tx *db.Tx, location id.Location, variants []id.Variant, cause inventory.Cause) error {
	rules, err := inventory.LoadCountRules(ctx, tx)
	if err != nil || !rules.OnShortPick || len(variants) == 0 {
		return err
	}
	waiting, err := inventory.UnderCount(ctx, tx, location, variants)
	if err != nil {
		return err
	}
	variants = slices.DeleteFunc(unique(variants), func(v id.Variant) bool { return slices.Contains(waiting, v) })
	if len(variants) == 0 {
		return nil
	}
	if variants, err = inventory.LyingWith(ctx, tx, location, variants); err != nil {
		return err
	}
	c, err := inventory.CreateCount(ctx, tx, inventory.NewCount{
		Location: location, Kind: inventory.CountDirected, Variants: variants, Blind: rules.Blind, Reason: "short_pick", Cause: cause,
	})
	if err != nil {
		return err
	}
	return c.Start(ctx, tx)
}

// salesDays is how far back sales make the classes of a cycle count.
const salesDays = 90

// ChooseCycle are the variants whose turn it is to be counted at a location, at
// most n, with their classes.
func ChooseCycle(ctx context.Context, r db.Reader, now time.Time, location id.Location, how inventory.CountTurn, n int) ([]id.Variant, map[id.Variant]string, error) {
	turns, err := inventory.CountTurns(ctx, r, location)
	if err != nil {
		return nil, nil, err
	}
	variants := make([]id.Variant, len(turns))
	for i, t := range turns {
		variants[i] = t.Variant
	}
	sold, err := order.SoldSince(ctx, r, variants, now.AddDate(0, 0, -salesDays))
	if err != nil {
		return nil, nil, err
	}
	b, err := openBooks(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	sales := map[id.Variant]int64{}
	for _, s := range sold {
		value, err := money.Exchange{From: s.Currency, To: b.BaseCurrency, Rate: s.Rate}.Convert(s.Total)
		if err != nil {
			return nil, nil, err
		}
		sales[s.Variant] += value
	}
	for i := range turns {
		turns[i].Sales = sales[turns[i].Variant]
	}
	chosen, classes := inventory.NextTurns(turns, how, n, now)
	return chosen, classes, nil
}

// CycleCounts makes and starts the day's cycle count of one location that has
// none yet, where the merchant wants them, and returns how many it made.
func CycleCounts(ctx context.Context, tx *db.Tx) (int, error) {
	rules, err := inventory.LoadCountRules(ctx, tx)
	if err != nil || rules.Daily == 0 {
		return 0, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return 0, err
	}
	today := b.Day(tx.Now())
	made, err := inventory.Scheduled(ctx, tx, today)
	if err != nil {
		return 0, err
	}
	locations, err := inventory.Locations(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, l := range locations {
		if !l.Active || !l.Kind.Sellable() || slices.Contains(made, l.ID) {
			continue
		}
		chosen, classes, err := ChooseCycle(ctx, tx, tx.Now(), l.ID, rules.Turn, int(rules.Daily))
		if err != nil {
			return 0, err
		}
		if len(chosen) == 0 {
			continue
		}
		c, err := inventory.CreateCount(ctx, tx, inventory.NewCount{
			Location: l.ID, Kind: inventory.CountCycle, Variants: chosen, Classes: classes, Blind: rules.Blind, ScheduledOn: today, Reason: "cycle",
		})
		if err != nil {
			return 0, err
		}
		return 1, c.Start(ctx, tx)
	}
	return 0, nil
}

// ThawJob gives a location the work that waited while it was counted.
type ThawJob struct {
	Location id.Location `json:"location_id"`
}

// Kind names the job.
func (ThawJob) Kind() string { return "fulfillment.thaw" }

// Thaw releases work that waits at a location for nothing any more, a batch at a
// time: the orders of the next fulfillment orders behind after. next is empty at
// the end.
func Thaw(ctx context.Context, tx *db.Tx, location id.Location, after string) (next string, err error) {
	page, next, err := fulfillment.List(ctx, tx, fulfillment.Filter{
		Locations: []id.Location{location}, Statuses: []fulfillment.Status{fulfillment.Scheduled}, Limit: batch, After: after,
	})
	if err != nil || len(page) == 0 {
		return "", err
	}
	orders, err := takeOrders(ctx, tx, page, func(f *fulfillment.Order) id.Order { return f.Order })
	if err != nil {
		return "", err
	}
	return next, finish(ctx, tx, sorted(orders))
}
