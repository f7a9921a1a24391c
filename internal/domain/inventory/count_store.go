package inventory

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
	"purser/internal/platform/setting"
)

const countRules = "inventory.count"

// LoadCountRules reads what the merchant set for counts.
func LoadCountRules(ctx context.Context, r db.Reader) (CountRules, error) {
	return setting.Get(ctx, r, countRules, CountRules{Turn: TurnABC, Blind: true, OnShortPick: true})
}

// SaveCountRules sets what holds for counts from now on.
func SaveCountRules(ctx context.Context, tx *db.Tx, rules CountRules) error {
	f := fault.Fields{}
	if rules.Turn != TurnABC && rules.Turn != TurnOldest {
		f.Add("turn", "%q is no way to choose: abc or oldest", rules.Turn)
	}
	if rules.Daily < 0 || rules.Daily > MaxCountLines {
		f.Add("daily", "is no number of lines")
	}
	if err := f.Err("count.bad_rules", "The rules for counts cannot be saved like this."); err != nil {
		return err
	}
	return setting.Set(ctx, tx, countRules, rules)
}

// CreateCount stores a draft with its lines: what lies at the location or in the
// bins by the books, or the variants that are named. Blank shelves have no line;
// what is found in them gets one.
func CreateCount(ctx context.Context, tx *db.Tx, n NewCount) (*StockCount, error) {
	if err := n.clean(); err != nil {
		return nil, err
	}
	policies, err := policiesOf(ctx, tx, []id.Location{n.Location})
	if err != nil {
		return nil, err
	}
	switch p, known := policies[n.Location]; {
	case !known:
		return nil, noLocation(n.Location)
	case p.Kind == Transit:
		return nil, fault.New(fault.Invalid, "count.in_transit", "Goods in transit cannot be counted: count them where they arrive.")
	}
	lines, err := chooseLines(ctx, tx, n)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || len(lines) > MaxCountLines {
		return nil, fault.New(fault.Conflict, "count.nothing", "By the books there are %d variants to be counted. A count has 1 to %d.", len(lines), MaxCountLines)
	}
	numbers, err := number.Next(ctx, tx, number.Count, 1)
	if err != nil {
		return nil, err
	}
	c := &StockCount{
		ID: id.New[id.Count](tx.Now()), Number: numbers[0], Location: n.Location, Kind: n.Kind, Status: CountDraft, Blind: n.Blind, Frozen: n.Frozen,
		ScheduledOn: n.ScheduledOn, Reason: n.Reason, Note: n.Note, CauseKind: n.Cause.Kind, CauseID: n.Cause.ID,
		Version: 1, CreatedBy: actor.Name(ctx), CreatedAt: tx.Now(),
	}
	if _, err := db.Insert(ctx, tx, "stock_count", []StockCount{*c}); err != nil {
		return nil, err
	}
	for i := range lines {
		lines[i].ID, lines[i].Count, lines[i].Round, lines[i].Class = id.New[id.CountLine](tx.Now()), c.ID, 1, n.Classes[lines[i].Variant]
	}
	if _, err := db.Insert(ctx, tx, "count_line", lines); err != nil {
		return nil, err
	}
	return c, event.Record(ctx, tx, c.fact(len(lines), ""))
}

func (c *StockCount) fact(lines int, what string) event.Fact {
	return CountMoved{c.ID, c.Number, c.Status, c.Location, int64(lines), what}
}

// chooseLines are the variants of a new count with the bins they lie in.
func chooseLines(ctx context.Context, r db.Reader, n NewCount) ([]CountLine, error) {
	type row struct {
		Variant id.Variant `db:"variant_id"`
		Bin     id.Bin     `db:"bin_id"`
	}
	const lying = `SELECT variant_id, bin_id FROM stock_level WHERE location_id = ?`
	var rows []row
	var err error
	switch n.Kind {
	case CountFull:
		rows, err = db.Select[row](ctx, r, lying+` AND (on_hand <> 0 OR committed <> 0 OR bin_id IS NOT NULL) ORDER BY variant_id`, n.Location)
	case CountBins:
		var known []Bin
		if known, err = Bins(ctx, r, n.Location); err != nil {
			return nil, err
		}
		for _, b := range n.Bins {
			if !slices.ContainsFunc(known, func(k Bin) bool { return k.ID == b }) {
				return nil, fault.New(fault.NotFound, "bin.not_found", "There is no bin %s at that location.", b)
			}
		}
		rows, err = db.SelectIn[row](ctx, r, lying+` AND bin_id IN (/*in*/) ORDER BY variant_id`, unique(n.Bins), n.Location)
	default:
		rows, err = db.SelectIn[row](ctx, r, lying+` AND variant_id IN (/*in*/)`, unique(n.Variants), n.Location)
		lies := make(map[id.Variant]id.Bin, len(rows))
		for _, l := range rows {
			lies[l.Variant] = l.Bin
		}
		rows = rows[:0]
		for _, v := range unique(n.Variants) {
			rows = append(rows, row{v, lies[v]})
		}
	}
	lines := make([]CountLine, len(rows))
	for i, l := range rows {
		lines[i] = CountLine{Variant: l.Variant, Bin: l.Bin}
	}
	return lines, err
}

// TakeCount locks a count. Take it before the stock of its lines.
func TakeCount(ctx context.Context, tx *db.Tx, c id.Count, version int64) (*StockCount, error) {
	taken, err := loadCount(ctx, tx, c, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	return taken, CheckVersion(taken.Version, version, "The count")
}

// GetCount reads a count.
func GetCount(ctx context.Context, r db.Reader, c id.Count) (*StockCount, error) {
	return loadCount(ctx, r, c, "")
}

func loadCount(ctx context.Context, r db.Reader, c id.Count, tail string) (*StockCount, error) {
	row, err := db.Get[StockCount](ctx, r, `SELECT `+db.Columns[StockCount]()+` FROM stock_count WHERE id = ?`+tail, c)
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "count.not_found", "There is no stock count %s.", c)
	}
	return &row, err
}

// CountLines reads the lines of a count.
func CountLines(ctx context.Context, r db.Reader, c id.Count) ([]CountLine, error) {
	return db.Select[CountLine](ctx, r, `SELECT `+db.Columns[CountLine]()+` FROM count_line WHERE count_id = ? ORDER BY variant_id`, c)
}

// CountEntries reads what was entered for a count, in the order of the lines and
// rounds.
func CountEntries(ctx context.Context, r db.Reader, c id.Count) ([]CountEntry, error) {
	return db.Select[CountEntry](ctx, r, `
		SELECT `+db.Columns[CountEntry]()+` FROM count_entry WHERE count_id = ? ORDER BY line_id, round, position`, c)
}

// Counters are those who entered something that counts.
func Counters(ctx context.Context, r db.Reader, c id.Count) ([]string, error) {
	return db.Select[string](ctx, r, `
		SELECT DISTINCT e.actor FROM count_entry e JOIN count_line l ON l.id = e.line_id AND l.round = e.round WHERE e.count_id = ? ORDER BY e.actor`, c)
}

// CountFilter selects counts; what is empty selects all.
type CountFilter struct {
	Locations []id.Location
	Statuses  []CountStatus
	Kinds     []CountKind
	Limit     int    // 1 to MaxLimit; 0 is 50
	After     string // the cursor that the page before gave
}

// StockCounts returns a page of counts, newest first. next is empty on the last
// page.
func StockCounts(ctx context.Context, r db.Reader, f CountFilter) (page []StockCount, next string, err error) {
	var w db.Where
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "status", f.Statuses)
	db.In(&w, "kind", f.Kinds)
	if f.After != "" {
		var last id.Count
		if last.UnmarshalText([]byte(f.After)) != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	page, err = db.Select[StockCount](ctx, r, `SELECT `+db.Columns[StockCount]()+` FROM stock_count`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, err
}

// Frozen are the locations that are given no new work, with the number of the
// count that is why.
func Frozen(ctx context.Context, r db.Reader) (map[id.Location]int64, error) {
	rows, err := db.Select[StockCount](ctx, r, `
		SELECT `+db.Columns[StockCount]()+` FROM stock_count WHERE status IN ('draft', 'counting', 'review') AND frozen AND status <> 'draft'`)
	frozen := make(map[id.Location]int64, len(rows))
	for _, c := range rows {
		frozen[c.Location] = c.Number
	}
	return frozen, err
}

// UnderCount are those of variants that an open count at a location has already.
func UnderCount(ctx context.Context, r db.Reader, location id.Location, variants []id.Variant) ([]id.Variant, error) {
	return db.SelectIn[id.Variant](ctx, r, `
		SELECT DISTINCT l.variant_id FROM count_line l JOIN stock_count c ON c.id = l.count_id
		WHERE c.location_id = ? AND c.status IN ('draft', 'counting', 'review') AND l.entries = 0 AND l.variant_id IN (/*in*/)`, unique(variants), location)
}

// LyingWith are the variants that lie in the same bins as others do, and these.
func LyingWith(ctx context.Context, r db.Reader, location id.Location, variants []id.Variant) ([]id.Variant, error) {
	more, err := db.SelectIn[id.Variant](ctx, r, `
		SELECT variant_id FROM stock_level WHERE location_id = ? AND on_hand <> 0 AND bin_id IN (
			SELECT bin_id FROM stock_level WHERE location_id = ? AND bin_id IS NOT NULL AND variant_id IN (/*in*/))`, unique(variants), location, location)
	return unique(append(more, variants...)), err
}

// CountTurns are what may be chosen for a cycle count at a location: what lies
// there and is in no open count, with when it was last counted.
func CountTurns(ctx context.Context, r db.Reader, location id.Location) ([]Turn, error) {
	type row struct {
		Variant id.Variant `db:"variant_id"`
		At      time.Time  `db:"last_at"`
	}
	rows, err := db.Select[row](ctx, r, `
		SELECT s.variant_id, MAX(c.closed_at) AS last_at FROM stock_level s
		LEFT JOIN count_line l ON l.variant_id = s.variant_id AND l.entries > 0
		LEFT JOIN stock_count c ON c.id = l.count_id AND c.location_id = s.location_id AND c.status = 'posted'
		WHERE s.location_id = ? AND s.on_hand <> 0 AND s.variant_id NOT IN (
			SELECT x.variant_id FROM count_line x JOIN stock_count o ON o.id = x.count_id
			WHERE o.location_id = ? AND o.status IN ('draft', 'counting', 'review'))
		GROUP BY s.variant_id`, location, location)
	turns := make([]Turn, len(rows))
	for i, t := range rows {
		turns[i] = Turn{Variant: t.Variant, LastCounted: t.At}
	}
	return turns, err
}

// Scheduled tells for which locations the schedule made a count for a day.
func Scheduled(ctx context.Context, r db.Reader, day string) ([]id.Location, error) {
	return db.Select[id.Location](ctx, r, `SELECT location_id FROM stock_count WHERE scheduled_on = ?`, day)
}

// save writes the header of a taken count as its next version.
func (c *StockCount) save(ctx context.Context, tx *db.Tx, facts ...event.Fact) error {
	n, err := tx.Exec(ctx, `
		UPDATE stock_count SET status = ?, approved_by = ?, approved_at = ?, closed_at = ?, undone_at = ?, version = version + 1
		WHERE id = ? AND version = ?`, string(c.Status), c.ApprovedBy, c.ApprovedAt, c.ClosedAt, c.UndoneAt, c.ID, c.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Stale, "inventory.stale", "Count %d was changed since you read it: read it again.", c.Number)
	}
	c.Version++
	return event.Record(ctx, tx, facts...)
}
