package inventory

import (
	"context"
	"maps"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Bin is a shelf in a location.
type Bin struct {
	ID       id.Bin      `db:"id" json:"id"`
	Location id.Location `db:"location_id" json:"location_id"`
	Code     string      `db:"code" json:"code"`
	Path     int64       `db:"path" json:"path" doc:"Where the bin comes on a picker's walk."`
}

// SaveBins adds bins to locations, by their codes, or changes where they come
// on the walk. It returns them with their ids.
func SaveBins(ctx context.Context, tx *db.Tx, bins []Bin) ([]Bin, error) {
	rows := make([]Bin, 0, len(bins))
	place := map[Bin]int{}
	f := fault.Fields{}
	for _, b := range bins {
		b.Code = text.Clean(b.Code)
		if b.Code == "" || len(b.Code) > maxText {
			f.Add("code", "is missing or too long")
		}
		b.ID = id.New[id.Bin](tx.Now())
		key := Bin{Location: b.Location, Code: b.Code}
		if at, ok := place[key]; ok {
			rows[at].Path = b.Path
			continue
		}
		place[key] = len(rows)
		rows = append(rows, b)
	}
	if err := f.Err("bin.invalid", "A bin cannot be saved like this."); err != nil {
		return nil, err
	}
	if _, err := db.Insert(ctx, tx, "bin", rows, `ON CONFLICT (location_id, code) DO UPDATE SET path = excluded.path`); err != nil {
		return nil, err
	}
	locations := make([]id.Location, len(rows))
	for i, b := range rows {
		locations[i] = b.Location
	}
	stored, err := Bins(ctx, tx, unique(locations)...)
	for _, b := range stored {
		if at, ok := place[Bin{Location: b.Location, Code: b.Code}]; ok {
			rows[at] = b
		}
	}
	return rows, err
}

// Bins returns the bins of locations in the order of the walk.
func Bins(ctx context.Context, r db.Reader, locations ...id.Location) ([]Bin, error) {
	return db.SelectIn[Bin](ctx, r, `SELECT `+db.Columns[Bin]()+` FROM bin WHERE location_id IN (/*in*/) ORDER BY location_id, path, code`, locations)
}

// BinsOf returns the bins in which variants lie at a location; those without
// one are not in the map.
func BinsOf(ctx context.Context, r db.Reader, location id.Location, variants []id.Variant) (map[id.Variant]Bin, error) {
	type row struct {
		Bin
		Variant id.Variant `db:"variant_id"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT b.id, b.location_id, b.code, b.path, l.variant_id FROM stock_level l JOIN bin b ON b.id = l.bin_id
		WHERE l.location_id = ? AND l.variant_id IN (/*in*/)`, unique(variants), location)
	out := make(map[id.Variant]Bin, len(rows))
	for _, b := range rows {
		out[b.Variant] = b.Bin
	}
	return out, err
}

// Place is where a variant lies in a location.
type Place struct {
	Key
	Bin id.Bin `json:"bin_id,omitzero"` // zero: in none
}

// PutInBins notes in which bins variants lie. A bin is of the same location.
func PutInBins(ctx context.Context, tx *db.Tx, places []Place) error {
	keys, bins := make([]Key, len(places)), []id.Bin(nil)
	for i, p := range places {
		keys[i] = p.Key
		if !p.Bin.IsZero() {
			bins = append(bins, p.Bin)
		}
	}
	known, err := db.SelectIn[Bin](ctx, tx, `SELECT `+db.Columns[Bin]()+` FROM bin WHERE id IN (/*in*/)`, unique(bins))
	if err != nil {
		return err
	}
	where := make(map[id.Bin]id.Location, len(known))
	for _, b := range known {
		where[b.ID] = b.Location
	}
	for _, p := range places {
		if !p.Bin.IsZero() && where[p.Bin] != p.Location {
			return fault.New(fault.NotFound, "bin.not_found", "There is no bin %s at that location.", p.Bin)
		}
	}
	h, err := open(ctx, tx, keys)
	if err != nil {
		return err
	}
	none := changes{}
	for _, k := range keys {
		none[k] = Counts{}
	}
	if err := h.write(ctx, tx, none); err != nil {
		return err
	}
	last := make(map[Key]Place, len(places)) // of a level that is named twice
	for _, p := range places {
		last[p.Key] = p
	}
	sorted := slices.SortedFunc(maps.Values(last), func(a, b Place) int { return a.Compare(b.Key) })
	return db.Chunks(sorted, func(part []Place) error {
		args := make([]any, 0, len(part)*3)
		for _, p := range part {
			args = append(args, p.Variant, p.Location, p.Bin)
			h.levels[p.Key].Bin = p.Bin
		}
		_, err := tx.Exec(ctx, `
			UPDATE stock_level SET bin_id = v.column3 FROM (VALUES `+db.Tuples(len(part), 3, "uuid", "uuid", "uuid")+`) AS v
			WHERE stock_level.variant_id = v.column1 AND stock_level.location_id = v.column2`, args...)
		return err
	})
}
