package inventory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/event"
)

// CountKind is how the lines of a stock count were chosen.
type CountKind string

// The kinds of stock counts.
const (
	CountFull     CountKind = "full"     // all that lies at the location
	CountBins     CountKind = "bins"     // all that lies in some bins
	CountVariants CountKind = "variants" // some variants
	CountCycle    CountKind = "cycle"    // those whose turn it is
	CountDirected CountKind = "directed" // somebody found something amiss
)

// CountStatus is the state of a stock count: draft → counting → review →
// posted, or cancelled. A line that is to be counted again takes a count from
// review back to counting.
type CountStatus string

// The states of a stock count.
const (
	CountDraft     CountStatus = "draft"
	CountCounting  CountStatus = "counting"
	CountReview    CountStatus = "review"
	CountPosted    CountStatus = "posted"
	CountCancelled CountStatus = "cancelled"
)

// StockCount is a count of what lies at a location.
type StockCount struct {
	ID          id.Count    `db:"id" json:"id"`
	Number      int64       `db:"number" json:"number"`
	Location    id.Location `db:"location_id" json:"location_id"`
	Kind        CountKind   `db:"kind" json:"kind"`
	Status      CountStatus `db:"status" json:"status"`
	Blind       bool        `db:"blind" json:"blind" doc:"Who counts is not shown what is expected."`
	Frozen      bool        `db:"frozen" json:"frozen" doc:"The location is given no new work while it is counted."`
	ScheduledOn string      `db:"scheduled_on" json:"scheduled_on,omitempty" doc:"Business day, where the schedule made it."`
	Reason      string      `db:"reason" json:"reason,omitempty"`
	Note        string      `db:"note" json:"note,omitempty"`
	CauseKind   string      `db:"cause_kind" json:"cause_kind,omitempty"`
	CauseID     id.Any      `db:"cause_id" json:"cause_id,omitzero"`
	Version     int64       `db:"version" json:"version"`
	CreatedBy   string      `db:"created_by" json:"created_by"`
	CreatedAt   time.Time   `db:"created_at" json:"created_at"`
	ApprovedBy  string      `db:"approved_by" json:"approved_by,omitempty"`
	ApprovedAt  time.Time   `db:"approved_at" json:"approved_at,omitzero"`
	ClosedAt    time.Time   `db:"closed_at" json:"closed_at,omitzero"`
	UndoneAt    time.Time   `db:"undone_at" json:"undone_at,omitzero"`
}

// CountLine is a variant that is to be counted.
type CountLine struct {
	ID       id.CountLine `db:"id" json:"id"`
	Count    id.Count     `db:"count_id" json:"-"`
	Variant  id.Variant   `db:"variant_id" json:"variant_id"`
	Bin      id.Bin       `db:"bin_id" json:"bin_id,omitzero"`
	Class    string       `db:"class" json:"class,omitempty"`
	Round    int64        `db:"round" json:"round"`
	Entries  int64        `db:"entries" json:"entries"`
	Counted  int64        `db:"counted" json:"counted"`
	Expected int64        `db:"expected" json:"expected"` // in the shelf by the books, at the time of the last entry
	Moved    bool         `db:"moved" json:"moved"`       // stock moved between the entries
	Posted   int64        `db:"posted" json:"posted"`
}

// Done tells whether somebody has counted the line.
func (l CountLine) Done() bool { return l.Entries > 0 }

// Variance is how many units more lie in the shelf than the books said when
// they were counted. What moved since then is on both sides.
func (l CountLine) Variance() int64 {
	if !l.Done() {
		return 0
	}
	return l.Counted - l.Expected
}

// CountEntry is what one person found of a variant at one moment.
type CountEntry struct {
	ID       id.CountEntry `db:"id" json:"id"`
	Count    id.Count      `db:"count_id" json:"-"`
	Line     id.CountLine  `db:"line_id" json:"line_id"`
	Round    int64         `db:"round" json:"round"`
	Position int64         `db:"position" json:"position"`
	Quantity int64         `db:"quantity" json:"quantity"`
	OnHand   int64         `db:"on_hand" json:"on_hand"`
	Picked   int64         `db:"picked" json:"picked"`
	Bin      id.Bin        `db:"bin_id" json:"bin_id,omitzero"`
	Key      string        `db:"entry_key" json:"key"`
	Actor    string        `db:"actor" json:"actor"`
	At       time.Time     `db:"at" json:"at"`
}

// NewCount is a stock count to be made.
type NewCount struct {
	Location    id.Location
	Kind        CountKind
	Bins        []id.Bin     // of CountBins
	Variants    []id.Variant // of the other kinds but CountFull
	Classes     map[id.Variant]string
	Blind       bool
	Frozen      bool
	ScheduledOn string
	Reason      string
	Note        string
	Cause       Cause
}

// MaxCountLines bounds a stock count.
const MaxCountLines = 50_000

func (n *NewCount) clean() error {
	n.Reason, n.Note = text.Clean(n.Reason), text.Clean(n.Note)
	f := fault.Fields{}
	switch n.Kind {
	case CountFull:
	case CountBins:
		if len(n.Bins) == 0 {
			f.Add("bins", "name the bins that are to be counted")
		}
	case CountVariants, CountCycle, CountDirected:
		if len(n.Variants) == 0 {
			f.Add("variants", "name what is to be counted")
		}
	default:
		f.Add("kind", "%q is no kind of count", n.Kind)
	}
	if len(n.Reason) > maxText || len(n.Note) > 10*maxText {
		f.Add("reason", "is too long")
	}
	return f.Err("count.invalid", "The count cannot be made like this.")
}

// forbids says that something cannot be done to a count in its state.
func (c *StockCount) forbids(what, instead string) error {
	return fault.New(fault.Conflict, "count.wrong_state", "Count %d is %s and cannot be %s. %s", c.Number, c.Status, what, instead).
		With(map[string]CountStatus{"status": c.Status})
}

func (c *StockCount) cause() Cause { return Cause{"count", anyOf(c.ID)} }

// open tells whether a count is not over.
func (s CountStatus) open() bool {
	return s == CountDraft || s == CountCounting || s == CountReview
}

// Freezes tells whether the location is given no new work because of the count.
func (c *StockCount) Freezes() bool {
	return c.Frozen && (c.Status == CountCounting || c.Status == CountReview)
}

// Found is units that somebody found.
type Found struct {
	Variant  id.Variant
	Quantity int64 // negative: a correction of what was said before
	Picked   int64 // units of on hand that are picked and not in the shelf
	Bin      id.Bin
	Key      string
}

// CountRules are what a merchant sets for counts.
type CountRules struct {
	Daily        int64     `json:"daily" minimum:"0" maximum:"1000" doc:"Lines that the schedule has each location count every day; 0: none."`
	Turn         CountTurn `json:"turn" enum:"abc,oldest" doc:"Whose turn it is: by class, A more often than C, or whoever was counted longest ago."`
	Blind        bool      `json:"blind" doc:"Counts that the program makes are blind."`
	OnShortPick  bool      `json:"on_short_pick" doc:"A short pick directs a count of that bin."`
	ApproveUnits *int64    `json:"approve_units,omitempty" minimum:"0" doc:"A difference of a line above it must be approved by somebody who did not count; left out: none must."`
	ApproveValue *int64    `json:"approve_value,omitempty" minimum:"0" doc:"The same of the differences of a count together, whether more or less, in minor units of the base currency."`
}

// CountTurn is how a cycle count chooses.
type CountTurn string

// The ways to choose.
const (
	TurnABC    CountTurn = "abc"
	TurnOldest CountTurn = "oldest"
)

// Exceeded tells whether differences are beyond what the rules let the one who
// counted post. value is the sum of their amounts, whatever their signs.
func (r CountRules) Exceeded(lines []CountLine, value int64) bool {
	if r.ApproveValue != nil && value > *r.ApproveValue {
		return true
	}
	return r.ApproveUnits != nil && slices.ContainsFunc(lines, func(l CountLine) bool { return abs(l.Variance()) > *r.ApproveUnits })
}

// Turn is a variant that a cycle count may choose.
type Turn struct {
	Variant     id.Variant
	Sales       int64     // value of what was sold lately
	LastCounted time.Time // zero: never
}

// Shares of the value of sales that classes A, and A and B, make up, in percent,
// and the days after which a class is due again. The classes are Dickie's (ABC
// analysis, 1951), with the usual limits.
const (
	shareA, shareB            = 80, 95
	daysOfA, daysOfB, daysOfC = 30, 90, 180
)

// Classes puts variants into the classes A, B and C by their sales.
func Classes(turns []Turn) map[id.Variant]string {
	sorted := slices.Clone(turns)
	slices.SortFunc(sorted, func(a, b Turn) int { return cmp.Or(cmp.Compare(b.Sales, a.Sales), a.Variant.Compare(b.Variant)) })
	total := 0.0
	for _, t := range sorted {
		total += float64(t.Sales)
	}
	classes, before := make(map[id.Variant]string, len(sorted)), 0.0
	for _, t := range sorted {
		switch share := before * 100; {
		case t.Sales > 0 && share < shareA*total:
			classes[t.Variant] = "A"
		case t.Sales > 0 && share < shareB*total:
			classes[t.Variant] = "B"
		default:
			classes[t.Variant] = "C"
		}
		before += float64(t.Sales)
	}
	return classes
}

// NextTurns chooses the n variants whose turn it is: those that are overdue for
// the largest part of their class's interval, or that were counted longest ago.
// What was never counted comes first.
func NextTurns(turns []Turn, how CountTurn, n int, now time.Time) ([]id.Variant, map[id.Variant]string) {
	classes := Classes(turns)
	interval := map[string]float64{"A": daysOfA, "B": daysOfB, "C": daysOfC}
	waits := func(t Turn) float64 {
		days := now.Sub(t.LastCounted).Hours() / 24
		if how == TurnABC {
			return days / interval[classes[t.Variant]]
		}
		return days
	}
	sorted := slices.Clone(turns)
	slices.SortFunc(sorted, func(a, b Turn) int {
		byClass := 0
		if how == TurnABC {
			byClass = strings.Compare(classes[a.Variant], classes[b.Variant])
		}
		if a.LastCounted.IsZero() != b.LastCounted.IsZero() {
			if a.LastCounted.IsZero() {
				return -1
			}
			return 1
		}
		if !a.LastCounted.IsZero() {
			byClass = cmp.Compare(waits(b), waits(a))
		}
		return cmp.Or(byClass, cmp.Compare(b.Sales, a.Sales), a.Variant.Compare(b.Variant))
	})
	var chosen []id.Variant
	for _, t := range sorted {
		due := how != TurnABC || t.LastCounted.IsZero() || waits(t) >= 1
		if len(chosen) < n && due {
			chosen = append(chosen, t.Variant)
		}
	}
	return chosen, classes
}

// CountMoved says that a stock count entered a state.
type CountMoved struct {
	Count    id.Count    `json:"count_id"`
	Number   int64       `json:"number"`
	Status   CountStatus `json:"status"`
	Location id.Location `json:"location_id"`
	Lines    int64       `json:"lines" doc:"How many it was about: chosen, to be counted again, or posted with a difference."`
	What     string      `json:"what,omitempty" doc:"recounted, approved or undone, where the state does not tell."`
}

// Kind names the fact.
func (f CountMoved) Kind() string {
	switch {
	case f.What != "":
		return "count." + f.What
	case f.Status == CountDraft:
		return "count.created"
	case f.Status == CountCounting:
		return "count.started"
	case f.Status == CountReview:
		return "count.submitted"
	}
	return "count." + string(f.Status)
}

// Subject is the count.
func (f CountMoved) Subject() id.UUID { return f.Count }

var _ event.Fact = CountMoved{}
