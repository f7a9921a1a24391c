package inventory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// Start lets people count.
func (c *StockCount) Start(ctx context.Context, tx *db.Tx) error {
	if c.Status != CountDraft {
		return c.forbids("started", "Only a draft is started.")
	}
	lines, err := CountLines(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	c.Status = CountCounting
	return c.save(ctx, tx, c.fact(len(lines), ""))
}

// Enter adds what somebody found to a taken count that is being counted: each
// find is a row, and what is found of one variant adds up. What has no line yet
// gets one. A find whose key is known is left out. It returns the lines that the
// finds are of, in their order.
//
// What the ledger says is read under the lock of the levels: ids of movements do
// not follow the order in which transactions commit, on hand under the lock does.
func (c *StockCount) Enter(ctx context.Context, tx *db.Tx, found []Found) ([]CountLine, error) {
	if c.Status != CountCounting {
		return nil, c.forbids("counted", map[CountStatus]string{
			CountDraft: "Start it first.", CountReview: "Ask for the line to be counted again.",
		}[c.Status])
	}
	keys := make([]Key, len(found))
	names := make([]string, len(found))
	for i, f := range found {
		if f.Key == "" || len(f.Key) > maxText {
			return nil, fault.New(fault.Invalid, "count.no_key", "Entry %d has no key, or one that is too long.", i+1)
		}
		if abs(f.Quantity) > MaxQuantity {
			return nil, badQuantity(fmt.Sprintf("entries[%d].quantity", i), f.Quantity)
		}
		keys[i], names[i] = Key{f.Variant, c.Location}, f.Key
	}
	known, err := db.SelectIn[string](ctx, tx, `SELECT entry_key FROM count_entry WHERE count_id = ? AND entry_key IN (/*in*/)`, names, c.ID)
	if err != nil {
		return nil, err
	}
	h, err := open(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	lines, err := c.linesOf(ctx, tx, h, keys)
	if err != nil {
		return nil, err
	}
	var rows []CountEntry
	for i, f := range found {
		if slices.Contains(known, f.Key) {
			continue
		}
		known = append(known, f.Key)
		l, onHand := lines[f.Variant], h.levels[keys[i]].OnHand
		expected := onHand - f.Picked
		l.Moved = l.Moved || l.Done() && l.Expected != expected
		l.Entries, l.Counted, l.Expected = l.Entries+1, l.Counted+f.Quantity, expected
		if l.Counted < 0 || l.Counted > MaxQuantity {
			return nil, fault.New(fault.Conflict, "count.below_zero", "Entry %d takes back more than was counted.", i+1)
		}
		rows = append(rows, CountEntry{
			ID: id.New[id.CountEntry](tx.Now()), Count: c.ID, Line: l.ID, Round: l.Round, Position: l.Entries, Quantity: f.Quantity,
			OnHand: onHand, Picked: f.Picked, Bin: f.Bin, Key: f.Key, Actor: actor.Name(ctx), At: tx.Now(),
		})
	}
	if _, err := db.Insert(ctx, tx, "count_entry", rows); err != nil {
		return nil, err
	}
	out := make([]CountLine, len(found))
	for i, f := range found {
		out[i] = *lines[f.Variant]
	}
	return out, writeCountLines(ctx, tx, lines)
}

// linesOf reads the lines of levels, and adds those that are not there. The levels
// are locked: whoever counts one anew has set its line back before.
func (c *StockCount) linesOf(ctx context.Context, tx *db.Tx, h *held, keys []Key) (map[id.Variant]*CountLine, error) {
	variants := make([]id.Variant, len(keys))
	for i, k := range keys {
		variants[i] = k.Variant
	}
	rows, err := db.SelectIn[CountLine](ctx, tx, `
		SELECT `+db.Columns[CountLine]()+` FROM count_line WHERE count_id = ? AND variant_id IN (/*in*/)`, unique(variants), c.ID)
	if err != nil {
		return nil, err
	}
	lines := make(map[id.Variant]*CountLine, len(keys))
	for i := range rows {
		lines[rows[i].Variant] = &rows[i]
	}
	var added []CountLine
	for _, v := range unique(variants) {
		if lines[v] == nil {
			l := CountLine{ID: id.New[id.CountLine](tx.Now()), Count: c.ID, Variant: v, Bin: h.levels[Key{v, c.Location}].Bin, Round: 1}
			lines[v], added = &l, append(added, l)
		}
	}
	_, err = db.Insert(ctx, tx, "count_line", added)
	return lines, err
}

func writeCountLines(ctx context.Context, tx *db.Tx, lines map[id.Variant]*CountLine) error {
	list := make([]*CountLine, 0, len(lines))
	for _, l := range lines {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *CountLine) int { return a.Variant.Compare(b.Variant) })
	return db.Chunks(list, func(part []*CountLine) error {
		args := make([]any, 0, len(part)*7)
		for _, l := range part {
			args = append(args, l.ID, l.Round, l.Entries, l.Counted, l.Expected, l.Moved, l.Posted)
		}
		_, err := tx.Exec(ctx, `
			UPDATE count_line SET round = v.column2, entries = v.column3, counted = v.column4, expected = v.column5, moved = v.column6, posted = v.column7
			FROM (VALUES `+db.Tuples(len(part), 7, "uuid", "bigint", "bigint", "bigint", "bigint", "boolean", "bigint")+`) AS v
			WHERE count_line.id = v.column1`, args...)
		return err
	})
}

// Submit hands a count over for review. All lines are counted.
func (c *StockCount) Submit(ctx context.Context, tx *db.Tx) error {
	if c.Status != CountCounting {
		return c.forbids("submitted", "Only one that is being counted is.")
	}
	lines, err := CountLines(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if err := c.uncounted(lines); err != nil {
		return err
	}
	c.Status = CountReview
	return c.save(ctx, tx, c.fact(len(lines), ""))
}

// uncounted refuses a count of which lines were not counted.
func (c *StockCount) uncounted(lines []CountLine) error {
	missing := slices.DeleteFunc(slices.Clone(lines), CountLine.Done)
	if len(missing) == 0 {
		return nil
	}
	variants := make([]id.Variant, 0, 20)
	for _, l := range missing[:min(len(missing), cap(variants))] {
		variants = append(variants, l.Variant)
	}
	return fault.New(fault.Conflict, "count.uncounted", "%d of %d lines of count %d are not counted. Count them, or say that nothing lies there.", len(missing), len(lines), c.Number).
		With(map[string]any{"missing": len(missing), "variants": variants})
}

// Recount sends lines back to be counted again; none named means all that
// differ.
func (c *StockCount) Recount(ctx context.Context, tx *db.Tx, which []id.CountLine) error {
	if c.Status != CountReview {
		return c.forbids("sent back", "Only one under review is.")
	}
	lines, err := CountLines(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	again := map[id.Variant]*CountLine{}
	for i := range lines {
		l := &lines[i]
		if slices.Contains(which, l.ID) || len(which) == 0 && (l.Variance() != 0 || !l.Done()) {
			again[l.Variant] = l
			l.Round, l.Entries, l.Counted, l.Expected, l.Moved = l.Round+1, 0, 0, 0, false
		}
	}
	if len(again) < len(unique(which)) {
		return fault.New(fault.NotFound, "count.no_line", "Count %d has no such line.", c.Number)
	}
	if len(again) == 0 {
		return fault.New(fault.Conflict, "count.agrees", "Nothing of count %d differs.", c.Number)
	}
	c.Status, c.ApprovedBy, c.ApprovedAt = CountCounting, "", time.Time{}
	if err := writeCountLines(ctx, tx, again); err != nil {
		return err
	}
	return c.save(ctx, tx, c.fact(len(again), "recounted"))
}

// Approve notes that somebody who did not count has looked at the differences.
func (c *StockCount) Approve(ctx context.Context, tx *db.Tx) error {
	if c.Status != CountReview {
		return c.forbids("approved", "Only one under review is.")
	}
	counters, err := Counters(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	who := actor.Name(ctx)
	if slices.Contains(counters, who) {
		return fault.New(fault.Forbidden, "count.own_count", "You counted some of count %d: somebody else must approve it.", c.Number)
	}
	c.ApprovedBy, c.ApprovedAt = who, tx.Now()
	return c.save(ctx, tx, c.fact(0, "approved"))
}

// Cancel ends a count without a change of stock.
func (c *StockCount) Cancel(ctx context.Context, tx *db.Tx) error {
	if !c.Status.open() {
		return c.forbids("cancelled", "Undo one that is posted.")
	}
	c.Status, c.ClosedAt = CountCancelled, tx.Now()
	return c.save(ctx, tx, c.fact(0, ""))
}

// Post books the differences of a taken count under review. What moved since a
// line was counted is on both sides of its difference, so it is booked as a
// change, not as a number. Where less is left than is missing, all of it goes.
func (c *StockCount) Post(ctx context.Context, tx *db.Tx, book Book) ([]Movement, []Displaced, error) {
	if c.Status != CountReview {
		return nil, nil, c.forbids("posted", "It must be counted and submitted first.")
	}
	lines, err := CountLines(ctx, tx, c.ID)
	if err != nil {
		return nil, nil, err
	}
	var keys []Key
	differing := map[id.Variant]*CountLine{}
	for i, l := range lines {
		if l.Variance() != 0 {
			keys = append(keys, Key{l.Variant, c.Location})
			differing[l.Variant] = &lines[i]
		}
	}
	h, err := openLocated(ctx, tx, keys)
	if err != nil {
		return nil, nil, err
	}
	if lines, err = CountLines(ctx, tx, c.ID); err != nil { // again: now nobody sets them back
		return nil, nil, err
	}
	if err := c.uncounted(lines); err != nil {
		return nil, nil, err
	}
	reason := c.Reason
	if reason == "" {
		reason = "count"
	}
	var entries []entry
	for _, k := range keys {
		l := h.levels[k]
		more := differing[k.Variant].Variance()
		if !l.AllowNegative {
			more = max(more, -l.OnHand)
		}
		differing[k.Variant].Posted = more
		entries = append(entries, l.counted(more, Posting{
			Variant: k.Variant, Location: k.Location, Reason: reason, Note: fmt.Sprintf("count %d", c.Number), Cause: c.cause(),
		})...)
	}
	rows, displaced, err := h.postFact(ctx, tx, book, entries)
	if err != nil {
		return nil, nil, err
	}
	if err := writeCountLines(ctx, tx, differing); err != nil {
		return nil, nil, err
	}
	if err := overtake(ctx, tx, keys, c.ID); err != nil {
		return nil, nil, err
	}
	c.Status, c.ClosedAt = CountPosted, tx.Now()
	return rows, displaced, c.save(ctx, tx, c.fact(len(keys), ""))
}

// counted are the entries that change on hand by more, which somebody counted:
// what is missing is taken from sellable units first, then from those in quality
// control, then from damaged ones.
func (l *heldLevel) counted(more int64, p Posting) []entry {
	parts := map[State]int64{Sellable: more}
	if sellable := l.OnHand - l.Damaged - l.QualityControl; more < 0 && -more > max(0, sellable) {
		parts[Sellable] = -max(0, sellable)
		parts[QualityControl] = max(more-parts[Sellable], -l.QualityControl)
		parts[Damaged] = more - parts[Sellable] - parts[QualityControl]
	}
	var entries []entry
	for _, s := range States() {
		if parts[s] != 0 {
			p.Kind, p.State, p.Quantity = KindCount, s, parts[s]
			entries = append(entries, entry{Posting: p})
		}
	}
	return entries
}

// overtake sets back what open counts know of levels that were counted in another
// way: their differences are booked already. The levels are locked.
func overtake(ctx context.Context, tx *db.Tx, keys []Key, by id.Count) error {
	return db.Chunks(keys, func(part []Key) error {
		_, err := tx.Exec(ctx, `
			UPDATE count_line SET round = round + 1, entries = 0, counted = 0, expected = 0, moved = FALSE
			FROM stock_count c, (VALUES `+db.Tuples(len(part), 2, "uuid", "uuid")+`) AS v
			WHERE c.id = count_line.count_id AND c.status IN ('counting', 'review') AND c.location_id = v.column2
				AND count_line.variant_id = v.column1 AND count_line.entries > 0 AND c.id IS DISTINCT FROM ?`, append(keyArgs(part), by)...)
		return err
	})
}

// CountMovements are the movements that a posted count booked.
func CountMovements(ctx context.Context, r db.Reader, c id.Count) ([]Movement, error) {
	return db.Select[Movement](ctx, r, `
		SELECT `+movementColumns+` FROM stock_movement WHERE cause_id = ? AND cause_kind = 'count' AND kind = 'count' AND undoes_id IS NULL ORDER BY id`, anyOf(c))
}

// Undo notes that what a posted count booked was undone.
func (c *StockCount) Undo(ctx context.Context, tx *db.Tx) error {
	if c.Status != CountPosted || !c.UndoneAt.IsZero() {
		return c.forbids("undone", "Only one that is posted is, once.")
	}
	c.UndoneAt = tx.Now()
	return c.save(ctx, tx, c.fact(0, "undone"))
}

// DifferenceValues are what the differences of lines are worth at the moving
// average, signed, in minor units of the base currency.
func DifferenceValues(ctx context.Context, r db.Reader, base money.Currency, lines []CountLine) (map[id.Variant]int64, error) {
	var variants []id.Variant
	for _, l := range lines {
		if l.Variance() != 0 {
			variants = append(variants, l.Variant)
		}
	}
	worths, err := Worths(ctx, r, variants)
	if err != nil {
		return nil, err
	}
	values := make(map[id.Variant]int64, len(variants))
	for _, l := range lines {
		if l.Variance() != 0 {
			if values[l.Variant], err = worths[l.Variant].Cost.Times(l.Variance(), base); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}
