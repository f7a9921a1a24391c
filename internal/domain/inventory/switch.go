package inventory

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Switch says that a location takes no orders for now, though it could. What it
// was asked for before stays with it.
type Switch struct {
	Off    bool      `db:"online_off" json:"online_off" doc:"No more orders are routed to it for now."`
	Until  time.Time `db:"online_off_until" json:"online_off_until,omitzero" doc:"When it takes orders again; missing: when somebody switches it on."`
	Reason string    `db:"online_off_reason" json:"online_off_reason,omitempty"`
}

// Why says in a few words why the location takes no orders at a time; it is
// empty where it does. A pause is over at its instant, whoever notes that.
func (s Switch) Why(now time.Time) string {
	if !s.Off || !s.Until.IsZero() && !now.Before(s.Until) {
		return ""
	}
	return "switched off: " + s.Reason
}

// SwitchedOff says that no more orders are routed to a location.
type SwitchedOff struct {
	Location id.Location `json:"location_id"`
	Until    time.Time   `json:"until,omitzero"`
	Reason   string      `json:"reason"`
}

// Kind names the fact.
func (SwitchedOff) Kind() string { return "location.switched_off" }

// Subject is the location.
func (f SwitchedOff) Subject() id.UUID { return f.Location }

// SwitchedOn says that orders are routed to a location again.
type SwitchedOn struct {
	Location id.Location `json:"location_id"`
}

// Kind names the fact.
func (SwitchedOn) Kind() string { return "location.switched_on" }

// Subject is the location.
func (f SwitchedOn) Subject() id.UUID { return f.Location }

var _, _ event.Fact = SwitchedOff{}, SwitchedOn{}

// SwitchLocation switches a location off for orders, until an instant or until it
// is switched on, or on again. One that is off may be given another reason or
// instant. version is what the caller saw; 0: any.
func SwitchLocation(ctx context.Context, tx *db.Tx, location id.Location, version int64, to Switch) (Location, error) {
	to.Reason = text.Clean(to.Reason)
	old, err := db.Get[Location](ctx, tx, `SELECT `+db.Columns[Location]()+` FROM location WHERE id = ?`+tx.ForUpdate(), location)
	if db.None(err) {
		err = noLocation(location)
	}
	if err != nil {
		return Location{}, err
	}
	if err := CheckVersion(old.Version, version, "The location "+old.Code); err != nil {
		return Location{}, err
	}
	if err := old.maySwitch(to, tx.Now()); err != nil {
		return Location{}, err
	}
	if !to.Off {
		to = Switch{}
	}
	l := old
	l.Switch, l.Version = to, old.Version+1
	if _, err := tx.Exec(ctx, `
		UPDATE location SET online_off = ?, online_off_until = ?, online_off_reason = ?, version = version + 1 WHERE id = ?`,
		to.Off, to.Until, to.Reason, l.ID); err != nil {
		return Location{}, err
	}
	var fact event.Fact = SwitchedOn{l.ID}
	if to.Off {
		fact = SwitchedOff{l.ID, to.Until, to.Reason}
	}
	if err := event.Record(ctx, tx, fact); err != nil {
		return Location{}, err
	}
	return l, audit.Record(ctx, tx, "switch", "location", l.ID.String(), old.Switch, l.Switch)
}

func (l Location) maySwitch(to Switch, now time.Time) error {
	f := fault.Fields{}
	switch {
	case !to.Off && !l.Off:
		return fault.New(fault.Conflict, "location.switched_on", "%s is switched on already.", l.Name)
	case !to.Off:
		return nil
	case to.Reason == "" || len(to.Reason) > maxText:
		f.Add("reason", "is missing or too long: it is shown wherever an order is not routed here")
	}
	if !to.Until.IsZero() && !to.Until.After(now) {
		f.Add("until", "is over already")
	}
	return f.Err("location.invalid", "The location cannot be switched off like this.")
}

// Paused are locations whose pause is over by a time, those first whose pause
// was over first.
func Paused(ctx context.Context, r db.Reader, over time.Time, limit int) ([]id.Location, error) {
	return db.Select[id.Location](ctx, r, `
		SELECT id FROM location WHERE online_off AND online_off_until <= ? ORDER BY online_off_until, id LIMIT ?`, over, limit)
}

// Awaited are the next variants behind after of which a location has units that
// nobody was promised, while somebody waits for them anywhere.
func Awaited(ctx context.Context, r db.Reader, location id.Location, after id.Variant, limit int) ([]id.Variant, error) {
	var w db.Where
	w.And("w.status = 'active' AND w.kind = 'backorder' AND l.location_id = ?", location)
	w.And("l.on_hand > l.committed + l.damaged + l.quality_control + l.safety")
	if !after.IsZero() {
		w.And("w.variant_id > ?", after)
	}
	return db.Select[id.Variant](ctx, r, `
		SELECT DISTINCT w.variant_id FROM reservation w JOIN stock_level l ON l.variant_id = w.variant_id`+w.SQL()+`
		ORDER BY w.variant_id LIMIT ?`, w.Args(limit)...)
}
