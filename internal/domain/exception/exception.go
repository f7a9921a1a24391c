// Package exception keeps what people add to the things that need somebody: who
// takes care of one, until when it is put off, a note. What needs somebody is not
// kept here or anywhere: view.Exceptions computes it from what is true now, so
// that an exception is gone as soon as its cause is.
package exception

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Key names an exception: what is wrong with what.
type Key struct {
	Kind   string `db:"kind"`
	Object id.Any `db:"object"`
	Part   id.Any `db:"part"` // the part of the object; the object itself where there is none
}

// String is the key as addresses have it: no_stock.0190..., or with the part
// behind another point.
func (k Key) String() string {
	s := k.Kind + "." + hex.EncodeToString(k.Object[:])
	if k.Part != k.Object {
		s += "." + hex.EncodeToString(k.Part[:])
	}
	return s
}

// MarshalText writes the key as addresses have it.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ParseKey reads what [Key.String] wrote. Errors: NotFound exception.not_found.
func ParseKey(s string) (k Key, err error) {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 3 || !readID(&k.Object, parts[1]) || !readID(&k.Part, parts[len(parts)-1]) {
		return k, fault.New(fault.NotFound, "exception.not_found", "%q is no exception: use the id that the list gave.", s)
	}
	k.Kind = parts[0]
	return k, nil
}

func readID(to *id.Any, s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && copy(to[:], b) == len(to) && len(b) == len(to)
}

// Mark is what people added to an exception.
type Mark struct {
	Key
	AssignedTo   id.User   `db:"assigned_to"`
	SnoozedUntil time.Time `db:"snoozed_until"`
	Note         string    `db:"note"`
	FirstSeenAt  time.Time `db:"first_seen_at"` // when somebody first dealt with it
	UpdatedBy    string    `db:"updated_by"`
	UpdatedAt    time.Time `db:"updated_at"`
	Version      int64     `db:"version"`
}

const (
	maxNote   = 2000
	maxSnooze = 90 * 24 * time.Hour // nothing is put off for ever
)

// Put changes what people added to an exception that is there since a time, if it
// has the version that the caller saw (0: any). What was added to an earlier one
// of the same name is forgotten.
func Put(ctx context.Context, tx *db.Tx, k Key, since time.Time, version int64, change func(*Mark) error) (Mark, error) {
	m, err := db.Get[Mark](ctx, tx, `SELECT `+db.Columns[Mark]()+` FROM exception_mark WHERE kind = ? AND object = ? AND part = ?`+tx.ForUpdate(), k.Kind, k.Object, k.Part)
	before := m.Version
	if db.None(err) || err == nil && m.UpdatedAt.Before(since) {
		m, err = Mark{Key: k, FirstSeenAt: tx.Now()}, nil
	}
	if err != nil {
		return m, err
	}
	shown := m.Version
	if version != 0 && version != shown {
		return m, stale(shown)
	}
	if err := change(&m); err != nil {
		return m, err
	}
	m.Note = text.Clean(m.Note)
	f := fault.Fields{}
	if len(m.Note) > maxNote {
		f.Add("note", "is longer than %d characters", maxNote)
	}
	if m.SnoozedUntil.After(tx.Now().Add(maxSnooze)) {
		f.Add("snoozed_until", "is more than %d days from now", int(maxSnooze.Hours()/24))
	}
	if err := f.Err("exception.invalid", "It cannot be kept as it is."); err != nil {
		return m, err
	}
	m.UpdatedBy, m.UpdatedAt, m.Version = actor.Name(ctx), tx.Now(), before+1
	n, err := db.Insert(ctx, tx, "exception_mark", []Mark{m}, `
		ON CONFLICT (kind, object, part) DO UPDATE SET assigned_to = excluded.assigned_to, snoozed_until = excluded.snoozed_until, note = excluded.note,
			first_seen_at = excluded.first_seen_at, updated_by = excluded.updated_by, updated_at = excluded.updated_at, version = excluded.version
		WHERE exception_mark.version = excluded.version - 1`)
	if err != nil {
		return m, err
	}
	if n == 0 { // two people dealt with it for the first time, at once
		return m, stale(shown)
	}
	return m, event.Record(ctx, tx, Marked{m.Kind, m.Object, m.Part, m.AssignedTo, m.SnoozedUntil, m.Note})
}

func stale(version int64) error {
	return fault.New(fault.Stale, "exception.stale", "Somebody else dealt with it meanwhile: load it again.").With(map[string]int64{"version": version})
}

// Marked says that somebody took on, put off or noted something about an exception.
type Marked struct {
	Exception    string    `json:"exception"` // its kind
	Object       id.Any    `json:"object"`
	Part         id.Any    `json:"part"`
	AssignedTo   id.User   `json:"assigned_to,omitzero"`
	SnoozedUntil time.Time `json:"snoozed_until,omitzero"`
	Note         string    `json:"note,omitempty"`
}

// Kind is exception.marked.
func (Marked) Kind() string { return "exception.marked" }

// Subject is what the exception is about.
func (f Marked) Subject() id.UUID { return f.Object }
