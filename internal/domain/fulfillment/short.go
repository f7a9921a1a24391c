package fulfillment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/setting"
)

// Effect is what a reason for which units are not sent does to the stock of
// their location.
type Effect string

// The effects.
const (
	EffectNone    Effect = "none"    // nothing: the books are believed until somebody counts
	EffectZero    Effect = "zero"    // the shelf is empty: only what was picked before is still there
	EffectDamaged Effect = "damaged" // the units are there, and may not be sold
)

// Effects are all of them.
var Effects = []Effect{EffectNone, EffectZero, EffectDamaged}

// ShortReason is why a location does not send units that it was asked for.
type ShortReason struct {
	Code   string `json:"code" doc:"What is reported: not_in_stock ..."`
	Title  string `json:"title" doc:"How people call it."`
	Effect Effect `json:"effect" enum:"none,zero,damaged" doc:"On the stock of the location: none leaves it, zero books away all that was not picked, damaged makes the units unavailable."`
	Count  bool   `json:"count,omitempty" doc:"The variant is to be counted there."`
}

const shortReasons = "fulfillment.short_reasons"

var defaultReasons = []ShortReason{
	{Code: "not_in_stock", Title: "Not in stock", Effect: EffectZero, Count: true},
	{Code: "mismatch", Title: "Other goods than the label says", Effect: EffectNone, Count: true},
	{Code: "damaged", Title: "Damaged", Effect: EffectDamaged},
	{Code: "worn_display", Title: "Worn display piece", Effect: EffectDamaged},
	{Code: "none", Title: "No reason", Effect: EffectNone},
}

// Reasons are the reasons by their codes.
type Reasons []ShortReason

// LoadReasons returns the merchant's reasons for not sending units.
func LoadReasons(ctx context.Context, r db.Reader) (Reasons, error) {
	return setting.Get(ctx, r, shortReasons, Reasons(defaultReasons))
}

// Has tells whether the merchant listed a reason.
func (all Reasons) Has(code string) bool {
	return slices.ContainsFunc(all, func(r ShortReason) bool { return r.Code == code })
}

// Of returns the reason with a code; one that the merchant did not list has no
// effect.
func (all Reasons) Of(code string) ShortReason {
	if i := slices.IndexFunc(all, func(r ShortReason) bool { return r.Code == code }); i >= 0 {
		return all[i]
	}
	return ShortReason{Code: code, Title: code, Effect: EffectNone}
}

// SaveReasons replaces the reasons.
func SaveReasons(ctx context.Context, tx *db.Tx, all Reasons) (Reasons, error) {
	f := fault.Fields{}
	seen := map[string]bool{}
	all = slices.Clone(all)
	for i := range all {
		r := &all[i]
		at := fmt.Sprintf("reasons[%d].", i)
		r.Code, r.Title = text.Clean(r.Code), text.Clean(r.Title)
		if r.Code == "" || len(r.Code) > 100 {
			f.Add(at+"code", "is missing or too long")
		}
		if seen[r.Code] {
			f.Add(at+"code", "%q is there twice", r.Code)
		}
		seen[r.Code] = true
		if r.Title == "" {
			r.Title = r.Code
		}
		if !slices.Contains(Effects, r.Effect) {
			f.Add(at+"effect", "%q is none of none, zero, damaged", r.Effect)
		}
	}
	if err := f.Err("short_reason.invalid", "The reasons cannot be saved like this."); err != nil {
		return nil, err
	}
	return all, setting.Set(ctx, tx, shortReasons, all)
}

// ShortPick is units that a location was asked for and does not send.
type ShortPick struct {
	ID          id.ShortPick   `db:"id" json:"id"`
	Order       id.Order       `db:"order_id" json:"order_id"`
	Fulfillment id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id"`
	Line        id.Line        `db:"line_id" json:"line_id"`
	Variant     id.Variant     `db:"variant_id" json:"variant_id"`
	Location    id.Location    `db:"location_id" json:"location_id"`
	Batch       id.Batch       `db:"batch_id" json:"batch_id,omitzero"`
	Quantity    int64          `db:"quantity" json:"quantity"`
	Reason      string         `db:"reason" json:"reason"`
	Effect      Effect         `db:"effect" json:"effect"`
	Booked      int64          `db:"booked" json:"booked" doc:"Units that may not be sold any more because of it."`
	ToCount     bool           `db:"to_count" json:"to_count" doc:"The variant is to be counted there."`
	CountedAt   time.Time      `db:"counted_at" json:"counted_at,omitzero" doc:"When it was counted since."`
	TrustedAt   time.Time      `db:"trusted_at" json:"trusted_at,omitzero" doc:"When the location was asked again, where nothing is to be counted: units came there."`
	Note        string         `db:"note" json:"note,omitempty"`
	Actor       string         `db:"actor" json:"actor"`
	At          time.Time      `db:"at" json:"at"`
}

// Lacked says that units were not there, or not fit to be sent.
type Lacked struct {
	about
	Line     id.Line    `json:"line_id"`
	Variant  id.Variant `json:"variant_id"`
	Quantity int64      `json:"quantity"`
	Reason   string     `json:"reason"`
	Effect   Effect     `json:"effect"`
	Booked   int64      `json:"booked"`
}

// Kind names the fact.
func (Lacked) Kind() string { return "fulfillment.short_picked" }

// Lack takes n units of a line off that the location cannot send. They are to
// be in no shipment.
func (o *Order) Lack(line id.Line, n int64, reason string, now time.Time) error {
	l, err := o.workOn("picked short", line, n)
	if err != nil {
		return err
	}
	if n > l.Free() {
		return tooMany("pick", n, l.Free())
	}
	l.cancel(n)
	o.say(Withdrawn{o.about(), n, reason})
	o.settle(Cancelled, now)
	return nil
}

// RecordShorts stores short picks and announces them.
func RecordShorts(ctx context.Context, tx *db.Tx, shorts []ShortPick) error {
	facts := make([]event.Fact, len(shorts))
	for i := range shorts {
		s := &shorts[i]
		s.ID, s.Actor, s.At = id.New[id.ShortPick](tx.Now()), actor.Name(ctx), tx.Now()
		facts[i] = Lacked{about{s.Order, s.Fulfillment, s.Location}, s.Line, s.Variant, s.Quantity, s.Reason, s.Effect, s.Booked}
	}
	if _, err := db.Insert(ctx, tx, "short_pick", shorts); err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}

// ShortFilter selects short picks; what is empty selects all.
type ShortFilter struct {
	Locations []id.Location // of a user who is limited to some: these
	Orders    []id.Order
	Variants  []id.Variant
	Reasons   []string
	ToCount   bool // only those whose variant is still to be counted
	Limit     int  // 1 to MaxLimit; 0 is 50
	After     string
}

// Shorts returns a page of short picks, newest first. next is empty on the last
// page.
func Shorts(ctx context.Context, r db.Reader, f ShortFilter) (page []ShortPick, next string, err error) {
	var w db.Where
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "order_id", f.Orders)
	db.In(&w, "variant_id", f.Variants)
	db.In(&w, "reason", f.Reasons)
	if f.ToCount {
		w.And("to_count AND counted_at IS NULL")
	}
	if f.After != "" {
		var last id.ShortPick
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	page, err = db.Select[ShortPick](ctx, r, `SELECT `+db.Columns[ShortPick]()+` FROM short_pick`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, err
}

// Counted says that variants were counted at a location, and returns the short
// picks that waited for it.
func Counted(ctx context.Context, tx *db.Tx, location id.Location, variants []id.Variant) ([]ShortPick, error) {
	waited, err := settleShorts(ctx, tx, "counted_at", "to_count AND counted_at IS NULL", location, variants)
	if err != nil {
		return nil, err
	}
	doubted, err := Arrived(ctx, tx, location, variants)
	return append(waited, doubted...), err
}

// Arrived says that units of variants came to a location, and returns the short
// picks that left its stock as it was and ask for no count: what came is believed.
func Arrived(ctx context.Context, tx *db.Tx, location id.Location, variants []id.Variant) ([]ShortPick, error) {
	return settleShorts(ctx, tx, "trusted_at", "effect = 'none' AND NOT to_count AND trusted_at IS NULL", location, variants)
}

// settleShorts sets the time at which short picks that wait ceased to.
func settleShorts(ctx context.Context, tx *db.Tx, column, waits string, location id.Location, variants []id.Variant) ([]ShortPick, error) {
	waiting, err := db.SelectIn[ShortPick](ctx, tx, `
		SELECT `+db.Columns[ShortPick]()+` FROM short_pick
		WHERE location_id = ? AND `+waits+` AND variant_id IN (/*in*/) ORDER BY id`, unique(variants), location)
	if err != nil || len(waiting) == 0 {
		return nil, err
	}
	ids := make([]id.ShortPick, len(waiting))
	for i, s := range waiting {
		ids[i] = s.ID
	}
	return waiting, db.Chunks(ids, func(part []id.ShortPick) error {
		_, err := tx.Exec(ctx, `UPDATE short_pick SET `+column+` = ? WHERE `+waits+` AND id IN (`+db.Marks(len(part))+`)`,
			append([]any{tx.Now()}, db.Args(part)...)...)
		return err
	})
}

// Asked are the sales orders of which units of variants are still to be sent
// from a location, sorted by id.
func Asked(ctx context.Context, r db.Reader, location id.Location, variants []id.Variant) ([]id.Order, error) {
	sales, err := db.SelectIn[id.Order](ctx, r, `
		SELECT o.order_id FROM fulfillment_order o JOIN fulfillment_line l ON l.fulfillment_id = o.id
		WHERE o.location_id = ? AND o.status IN ('scheduled', 'open', 'in_progress') AND l.quantity > l.shipped + l.cancelled AND l.variant_id IN (/*in*/)`,
		unique(variants), location)
	return unique(sales), err
}

// verifyShorts checks that units which were picked short are asked for no more.
func verifyShorts(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Fulfillment id.Fulfillment `db:"fulfillment_id"`
		Short       int64          `db:"short"`
		Cancelled   int64          `db:"cancelled"`
	}
	return db.Each(ctx, r, func(s row) error {
		report(check.Difference{Rule: ruleShort, Object: s.Fulfillment.String(), Field: "cancelled", Stored: fmt.Sprint(s.Cancelled), Computed: fmt.Sprintf("%d or more", s.Short)})
		return nil
	}, `
		WITH short AS (
			SELECT fulfillment_id, line_id, CAST(SUM(quantity) AS BIGINT) AS units FROM short_pick GROUP BY fulfillment_id, line_id
		)
		SELECT short.fulfillment_id, short.units AS short, l.cancelled
		FROM short JOIN fulfillment_line l ON l.fulfillment_id = short.fulfillment_id AND l.line_id = short.line_id
		WHERE short.units > l.cancelled`)
}
