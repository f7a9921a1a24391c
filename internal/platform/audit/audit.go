// Package audit keeps who changed what in settings, users, keys, prices and
// master data: before, after, by whom, from where. Rows are only ever added.
// Orders, stock and money have their own ledgers and events.
package audit

import (
	"context"
	"encoding/json"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// Entry is one change.
type Entry struct {
	ID         id.Audit     `db:"id" json:"id"`
	At         time.Time    `db:"at" json:"at"`
	Actor      string       `db:"actor" json:"actor"`
	Action     string       `db:"action" json:"action"`
	ObjectKind string       `db:"object_kind" json:"object_kind"`
	Object     string       `db:"object" json:"object"`
	Before     db.JSON[any] `db:"before" json:"before"`
	After      db.JSON[any] `db:"after" json:"after"`
	Origin     string       `db:"origin" json:"origin"`
}

type originKey struct{}

// From returns a context whose changes are recorded as coming from origin, e.g. an address.
func From(ctx context.Context, origin string) context.Context {
	return context.WithValue(ctx, originKey{}, origin)
}

// Record stores a change in the transaction that makes it. before and after are
// shown as JSON; keep secrets out of them.
func Record(ctx context.Context, tx *db.Tx, action, objectKind, object string, before, after any) error {
	origin, _ := ctx.Value(originKey{}).(string)
	_, err := db.Insert(ctx, tx, "audit", []Entry{{
		ID: id.New[id.Audit](tx.Now()), At: tx.Now(), Actor: actor.Name(ctx), Action: action,
		ObjectKind: objectKind, Object: object, Before: db.JSON[any]{V: plain(before)}, After: db.JSON[any]{V: plain(after)}, Origin: origin,
	}})
	return err
}

// plain turns a value into what its JSON says, so that a nil stays null.
func plain(v any) any {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return json.RawMessage(b)
}

// Filter selects entries.
type Filter struct {
	ObjectKind, Object, Actor string
	Before                    id.Audit // entries older than this one; zero: from the newest
	Limit                     int
}

// List returns entries, newest first.
func List(ctx context.Context, r db.Reader, f Filter) ([]Entry, error) {
	var w db.Where
	if f.ObjectKind != "" {
		w.And("object_kind = ?", f.ObjectKind)
	}
	if f.Object != "" {
		w.And("object = ?", f.Object)
	}
	if f.Actor != "" {
		w.And("actor = ?", f.Actor)
	}
	if !f.Before.IsZero() {
		w.And("id < ?", f.Before)
	}
	return db.Select[Entry](ctx, r, `SELECT `+db.Columns[Entry]()+` FROM audit`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(f.Limit)...)
}
