package channel

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// List reads all channels by code.
func List(ctx context.Context, r db.Reader) ([]Channel, error) {
	return db.Select[Channel](ctx, r, `SELECT `+db.Columns[Channel]()+` FROM channel ORDER BY code`)
}

// Get reads one channel.
func Get(ctx context.Context, r db.Reader, c id.Channel) (Channel, error) {
	out, err := db.Get[Channel](ctx, r, `SELECT `+db.Columns[Channel]()+` FROM channel WHERE id = ?`, c)
	if db.None(err) {
		err = fault.New(fault.NotFound, "channel.not_found", "There is no channel %s.", c)
	}
	return out, err
}

// ByCode reads one channel by its code.
func ByCode(ctx context.Context, r db.Reader, code string) (Channel, error) {
	out, err := db.Get[Channel](ctx, r, `SELECT `+db.Columns[Channel]()+` FROM channel WHERE code = ?`, code)
	if db.None(err) {
		err = fault.New(fault.NotFound, "channel.not_found", "There is no channel with the code %q.", code)
	}
	return out, err
}

// Many reads channels; ids that are not known are not in the map.
func Many(ctx context.Context, r db.Reader, ids []id.Channel) (map[id.Channel]Channel, error) {
	rows, err := db.SelectIn[Channel](ctx, r, `SELECT `+db.Columns[Channel]()+` FROM channel WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.Channel]Channel, len(rows))
	for _, c := range rows {
		out[c.ID] = c
	}
	return out, err
}

// Save adds a channel, or changes the one whose id it bears and whose version it
// was read at (0: any).
func Save(ctx context.Context, tx *db.Tx, c Channel) (Channel, error) {
	if err := c.clean(); err != nil {
		return Channel{}, err
	}
	var before any
	if c.ID.IsZero() {
		c.ID, c.Version, c.CreatedAt = id.New[id.Channel](tx.Now()), 1, tx.Now()
	} else {
		old, err := db.Get[Channel](ctx, tx, `SELECT `+db.Columns[Channel]()+` FROM channel WHERE id = ?`+tx.ForUpdate(), c.ID)
		if db.None(err) {
			return Channel{}, fault.New(fault.NotFound, "channel.not_found", "There is no channel %s.", c.ID)
		}
		if err != nil {
			return Channel{}, err
		}
		if err := CheckVersion(old.Version, c.Version, "The channel "+old.Code); err != nil {
			return Channel{}, err
		}
		before, c.Version, c.CreatedAt = old, old.Version+1, old.CreatedAt
	}
	_, err := db.Insert(ctx, tx, "channel", []Channel{c}, `
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, kind = excluded.kind, currency = excluded.currency,
		tax_inclusive = excluded.tax_inclusive, price_list_id = excluded.price_list_id, release_when = excluded.release_when,
		capture_when = excluded.capture_when, allow_backorder = excluded.allow_backorder, pending_hours = excluded.pending_hours,
		handling_days = excluded.handling_days, retention_days = excluded.retention_days,
		edit_minutes = excluded.edit_minutes, backorder_days = excluded.backorder_days, active = excluded.active, version = excluded.version`)
	if _, taken := db.Violated(err); taken {
		return Channel{}, fault.New(fault.Conflict, "channel.exists", "There is a channel with the code %s already.", c.Code)
	}
	if err != nil {
		return Channel{}, err
	}
	return c, audit.Record(ctx, tx, "save", "channel", c.ID.String(), before, c)
}

func distinct[K comparable](keys []K) []K {
	seen := make(map[K]bool, len(keys))
	out := make([]K, 0, len(keys))
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
