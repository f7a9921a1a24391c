package channel

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Resolve finds the variants of a channel's articles, by the channel's article
// number. Articles that are not mapped are not in the map.
func Resolve(ctx context.Context, r db.Reader, channel id.Channel, externals []string) (map[string]id.Variant, error) {
	type row struct {
		External string     `db:"external"`
		Variant  id.Variant `db:"variant_id"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT external, variant_id FROM listing WHERE channel_id = ? AND variant_id IS NOT NULL AND external IN (/*in*/)`, distinct(externals), channel)
	out := make(map[string]id.Variant, len(rows))
	for _, l := range rows {
		out[l.External] = l.Variant
	}
	return out, err
}

// Seen is an article of a channel as an order or a catalog names it. Where the
// variant is known, it is mapped at once.
type Seen struct {
	External string     `json:"external"`
	Title    string     `json:"title,omitempty"`
	Barcode  string     `json:"barcode,omitempty"`
	Variant  id.Variant `json:"variant_id,omitzero"`
	By       string     `json:"-"` // what the mapping rests on: sku, barcode; empty: the one who acts
}

// Park records articles of a channel. New ones without a variant wait to be
// mapped; ones that are known already keep their mapping, and only get the title
// or barcode they lacked. A known one that waits and comes with a variant is
// mapped. It returns the listings as they are then, by article number.
func Park(ctx context.Context, tx *db.Tx, channel id.Channel, articles []Seen) (map[string]Listing, error) {
	seen, err := cleanSeen(articles)
	if err != nil {
		return nil, err
	}
	rows := make([]Listing, len(seen))
	externals := make([]string, len(seen))
	for i, s := range seen {
		rows[i] = Listing{
			ID: id.New[id.Listing](tx.Now()), ChannelID: channel, External: s.External, Title: s.Title, Barcode: s.Barcode,
			VariantID: s.Variant, MappedBy: mappedBy(ctx, s), CreatedAt: tx.Now(),
		}
		externals[i] = s.External
	}
	before, err := byExternal(ctx, tx, channel, externals)
	if err != nil {
		return nil, err
	}
	write := slices.DeleteFunc(slices.Clone(rows), func(l Listing) bool { return !adds(before, l) })
	_, err = db.Insert(ctx, tx, "listing", write, `
		ON CONFLICT (channel_id, external) DO UPDATE SET
		title = CASE WHEN listing.title = '' THEN excluded.title ELSE listing.title END,
		barcode = CASE WHEN listing.barcode = '' THEN excluded.barcode ELSE listing.barcode END,
		mapped_by = CASE WHEN listing.variant_id IS NULL THEN excluded.mapped_by ELSE listing.mapped_by END,
		variant_id = COALESCE(listing.variant_id, excluded.variant_id)`)
	if err != nil {
		return nil, err
	}
	after, err := byExternal(ctx, tx, channel, externals)
	if err != nil {
		return nil, err
	}
	var facts []event.Fact
	for _, e := range externals {
		l := after[e]
		switch old, known := before[e]; {
		case l.VariantID.IsZero() && !known:
			facts = append(facts, ListingParked{channel, l.ID, l.External, l.Title})
		case !l.VariantID.IsZero() && old.VariantID != l.VariantID:
			facts = append(facts, mapped(l, old))
		}
	}
	return after, event.Record(ctx, tx, facts...)
}

// adds tells whether a listing says anything that is not stored.
func adds(stored map[string]Listing, l Listing) bool {
	old, known := stored[l.External]
	return !known || old.VariantID.IsZero() && !l.VariantID.IsZero() ||
		old.Title == "" && l.Title != "" || old.Barcode == "" && l.Barcode != ""
}

// cleanSeen tidies articles, one of each, in the order in which rows are locked.
func cleanSeen(articles []Seen) ([]Seen, error) {
	f := fault.Fields{}
	byKey := make(map[string]int, len(articles))
	out := make([]Seen, 0, len(articles))
	for _, s := range articles {
		s.External, s.Title, s.Barcode = text.Clean(s.External), text.Clean(s.Title), text.Clean(s.Barcode)
		if s.External == "" || len(s.External) > maxText {
			f.Add("external", "is missing or longer than %d bytes", maxText)
		}
		if i, twice := byKey[s.External]; twice {
			first := &out[i]
			first.Title, first.Barcode = cmp.Or(first.Title, s.Title), cmp.Or(first.Barcode, s.Barcode)
			if first.Variant.IsZero() {
				first.Variant, first.By = s.Variant, s.By
			}
			continue
		}
		byKey[s.External] = len(out)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Seen) int { return strings.Compare(a.External, b.External) })
	return out, f.Err("listing.invalid", "Some articles have no number.")
}

func mappedBy(ctx context.Context, s Seen) string {
	switch {
	case s.Variant.IsZero():
		return ""
	case s.By != "":
		return s.By
	}
	return actor.Name(ctx)
}

func byExternal(ctx context.Context, r db.Reader, channel id.Channel, externals []string) (map[string]Listing, error) {
	rows, err := db.SelectIn[Listing](ctx, r, `
		SELECT `+db.Columns[Listing]()+` FROM listing WHERE channel_id = ? AND external IN (/*in*/)`, externals, channel)
	out := make(map[string]Listing, len(rows))
	for _, l := range rows {
		out[l.External] = l
	}
	return out, err
}

// Mapping says which variant a listing is. The zero variant takes the mapping
// away: the listing waits again.
type Mapping struct {
	Listing id.Listing `json:"listing_id"`
	Variant id.Variant `json:"variant_id,omitzero"`
	By      string     `json:"-"` // what the mapping rests on: sku, barcode; empty: the one who acts
}

// Map maps listings, and returns those that were not mapped so before, as they
// are now: the orders that wait for them can go on. Orders that were mapped
// already keep their variants.
func Map(ctx context.Context, tx *db.Tx, mappings []Mapping) ([]Listing, error) {
	want := make(map[id.Listing]Mapping, len(mappings))
	ids := make([]id.Listing, 0, len(mappings))
	for _, m := range mappings {
		if _, twice := want[m.Listing]; !twice {
			ids = append(ids, m.Listing)
		}
		want[m.Listing] = m
	}
	slices.SortFunc(ids, id.Listing.Compare)
	rows, err := db.SelectIn[Listing](ctx, tx, `SELECT `+db.Columns[Listing]()+` FROM listing WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return nil, err
	}
	if len(rows) < len(ids) {
		return nil, fault.New(fault.NotFound, "listing.not_found", "Some of the listings are not there: %d of %d are.", len(rows), len(ids))
	}
	var changed []Listing
	var facts []event.Fact
	for _, old := range rows {
		l, m := old, want[old.ID]
		if old.VariantID == m.Variant {
			continue
		}
		l.VariantID, l.MappedBy = m.Variant, mappedBy(ctx, Seen{Variant: m.Variant, By: m.By})
		changed = append(changed, l)
		facts = append(facts, mapped(l, old))
	}
	_, err = db.Insert(ctx, tx, "listing", changed, `ON CONFLICT (id) DO UPDATE SET variant_id = excluded.variant_id, mapped_by = excluded.mapped_by`)
	if err != nil {
		return nil, err
	}
	return changed, event.Record(ctx, tx, facts...)
}

func mapped(l, before Listing) ListingMapped {
	return ListingMapped{Channel: l.ChannelID, Listing: l.ID, External: l.External, Variant: l.VariantID, Before: before.VariantID, By: l.MappedBy}
}

// Page is a part of a list: at most Limit items after the cursor of the part before.
type Page struct {
	Limit int
	After string // "" is the beginning
}

const (
	defaultLimit = 50
	maxLimit     = 500
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// Filter selects listings; what is empty does not count.
type Filter struct {
	Channel  id.Channel
	Variant  id.Variant
	Unmapped bool   // only those that wait
	External string // exact
}

// Listings returns listings in the order in which they were first seen, and the
// cursor of the next page, "" at the end.
func Listings(ctx context.Context, r db.Reader, f Filter, page Page) ([]Listing, string, error) {
	var w db.Where
	if !f.Channel.IsZero() {
		w.And("channel_id = ?", f.Channel)
	}
	if !f.Variant.IsZero() {
		w.And("variant_id = ?", f.Variant)
	}
	if f.Unmapped {
		w.And("variant_id IS NULL")
	}
	if f.External != "" {
		w.And("external = ?", f.External)
	}
	if page.After != "" {
		var after id.Listing
		if err := after.UnmarshalText([]byte(page.After)); err != nil {
			return nil, "", fault.New(fault.Invalid, "listing.bad_cursor", "%q is not a place in the list: use the cursor you were given.", page.After)
		}
		w.And("id > ?", after)
	}
	rows, err := db.Select[Listing](ctx, r, `SELECT `+db.Columns[Listing]()+` FROM listing`+w.SQL()+` ORDER BY id LIMIT ?`, w.Args(page.limit()+1)...)
	if err != nil || len(rows) <= page.limit() {
		return rows, "", err
	}
	rows = rows[:page.limit()]
	return rows, rows[len(rows)-1].ID.String(), nil
}

// Unmapped counts the listings that wait, by channel.
func Unmapped(ctx context.Context, r db.Reader) (map[id.Channel]int64, error) {
	type row struct {
		Channel id.Channel `db:"channel_id"`
		Count   int64      `db:"n"`
	}
	rows, err := db.Select[row](ctx, r, `SELECT channel_id, COUNT(*) AS n FROM listing WHERE variant_id IS NULL GROUP BY channel_id`)
	out := make(map[id.Channel]int64, len(rows))
	for _, c := range rows {
		out[c.Channel] = c.Count
	}
	return out, err
}
