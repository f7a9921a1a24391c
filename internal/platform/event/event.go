// Package event keeps what happened: an append-only log that feeds the
// timeline, the API's feed, webhooks and reports.
//
// The order of the log is (txid, seq): the transaction, then the place in it.
// On PostgreSQL transactions commit in another order than they began in, so the
// feed shows only those older than every open one: a reader who goes on from the
// last position it saw never misses an event.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// Fact is something that happened.
type Fact interface {
	Kind() string     // in the past tense: order.placed
	Subject() id.UUID // the order, customer, variant ... whose timeline it belongs to
}

// Record stores facts in the transaction that made them true.
func Record(ctx context.Context, tx *db.Tx, facts ...Fact) error {
	if len(facts) == 0 {
		return nil
	}
	p, err := positionIn(ctx, tx)
	if err != nil {
		return err
	}
	rows := make([]row, len(facts))
	name := actor.Name(ctx)
	for i, f := range facts {
		body, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("event %s: %w", f.Kind(), err)
		}
		p.seq++
		rows[i] = row{
			TxID: p.txid, Seq: p.seq, ID: id.New[id.Event](tx.Now()), Kind: f.Kind(),
			Subject: id.Any(f.Subject().Bytes()), Actor: name, At: tx.Now(), Body: string(body),
		}
	}
	_, err = db.Insert(ctx, tx, "event", rows)
	return err
}

type row struct {
	TxID    int64     `db:"txid"`
	Seq     int64     `db:"seq"`
	ID      id.Event  `db:"id"`
	Kind    string    `db:"kind"`
	Subject id.Any    `db:"subject"`
	Actor   string    `db:"actor"`
	At      time.Time `db:"at"`
	Body    string    `db:"body"`
}

type memoKey struct{}

type position struct{ txid, seq int64 }

// positionIn finds the transaction's place in the log, once a transaction.
func positionIn(ctx context.Context, tx *db.Tx) (*position, error) {
	if p, ok := tx.Memo()[memoKey{}]; ok {
		return p.(*position), nil
	}
	query := `SELECT COALESCE(MAX(txid), 0) + 1 FROM event`
	if tx.Postgres() {
		query = `SELECT pg_current_xact_id()::text::bigint + COALESCE((SELECT base FROM event_feed WHERE name = 'base'), 0)`
	}
	p := &position{}
	if err := tx.QueryRow(ctx, query).Scan(&p.txid); err != nil {
		return nil, err
	}
	tx.Memo()[memoKey{}] = p
	return p, nil
}

// Align lifts the log's counter where a PostgreSQL server counts its
// transactions from lower than the events in it, as after a restore into a new
// server. It is called when the program starts.
func Align(ctx context.Context, d *db.DB) error {
	if !d.Postgres() {
		return nil
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		var newest, mine int64
		if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(txid), 0) FROM event`).Scan(&newest); err != nil {
			return err
		}
		p, err := positionIn(ctx, tx)
		if err != nil {
			return err
		}
		if mine = p.txid; newest < mine {
			return nil
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO event_feed (name, base) VALUES ('base', ?)
			ON CONFLICT (name) DO UPDATE SET base = event_feed.base + ?`, newest-mine+1, newest-mine+1)
		return err
	})
}

// Event is a fact as it was stored.
type Event struct {
	Cursor  string          `json:"cursor" doc:"Position in the feed; pass the last one seen as 'after'."`
	ID      id.Event        `json:"id"`
	Kind    string          `json:"kind"`
	Subject id.Any          `json:"-"`
	Actor   string          `json:"actor"`
	At      time.Time       `json:"at"`
	Body    json.RawMessage `json:"body"`
}

// settled are, on PostgreSQL, the events of transactions older than every open one.
const settled = `txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint + COALESCE((SELECT base FROM event_feed WHERE name = 'base'), 0)`

// After returns up to limit events behind a cursor ("" is the beginning), oldest
// first, of the given kinds (none means all).
func After(ctx context.Context, r db.Reader, postgres bool, cursor string, kinds []string, limit int) ([]Event, error) {
	var w db.Where
	if cursor != "" {
		txid, seq, err := parseCursor(cursor)
		if err != nil {
			return nil, err
		}
		w.And("(txid, seq) > (?, ?)", txid, seq)
	}
	if postgres {
		w.And(settled)
	}
	db.In(&w, "kind", kinds)
	return list(ctx, r, `SELECT txid, seq, id, kind, subject, actor, at, body FROM event`+w.SQL()+` ORDER BY txid, seq LIMIT ?`, w.Args(limit)...)
}

// Of returns the newest events about a subject, oldest first, at most limit.
func Of(ctx context.Context, r db.Reader, subject id.UUID, limit int) ([]Event, error) {
	events, err := list(ctx, r, `
		SELECT txid, seq, id, kind, subject, actor, at, body FROM event
		WHERE subject = ? ORDER BY txid DESC, seq DESC LIMIT ?`, subject, limit)
	for i, j := 0, len(events)-1; i < j; i, j = i+1, j-1 {
		events[i], events[j] = events[j], events[i]
	}
	return events, err
}

func list(ctx context.Context, r db.Reader, query string, args ...any) ([]Event, error) {
	var out []Event
	err := db.Each(ctx, r, func(s row) error {
		out = append(out, Event{
			Cursor: cursorOf(s.TxID, s.Seq), ID: s.ID, Kind: s.Kind, Subject: s.Subject, Actor: s.Actor, At: s.At, Body: json.RawMessage(s.Body),
		})
		return nil
	}, query, args...)
	return out, err
}

func parseCursor(s string) (txid, seq int64, err error) {
	a, b, ok := strings.Cut(s, "-")
	txid, err1 := strconv.ParseInt(a, 36, 64)
	seq, err2 := strconv.ParseInt(b, 36, 64)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, fault.New(fault.Invalid, "event.bad_cursor", "%q is not a position in the event feed: use the cursor of an event you were given.", s)
	}
	return txid, seq, nil
}
