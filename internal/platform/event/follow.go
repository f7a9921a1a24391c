package event

import (
	"context"
	"strconv"

	"purser/internal/platform/db"
)

// Handler does what follows from events, in the transaction that notes that they
// were seen: each event is handled once.
type Handler func(ctx context.Context, tx *db.Tx, events []Event) error

// Follow hands a named follower the next events of the log, at most limit, and
// returns how many there were. A follower that is new begins at the end of the
// log. One process at a time does it; an error leaves all as it was.
func Follow(ctx context.Context, d *db.DB, name string, limit int, handle Handler) (n int, err error) {
	if waits, err := waiting(ctx, d, name); err != nil || !waits {
		return 0, err
	}
	err = d.Write(ctx, func(tx *db.Tx) error {
		cursor, err := takeCursor(ctx, tx, name)
		if err != nil {
			return err
		}
		events, err := After(ctx, tx, tx.Postgres(), cursor, nil, limit)
		if n = len(events); err != nil || n == 0 {
			return err
		}
		if err := handle(ctx, tx, events); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE event_follower SET cursor = ? WHERE name = ?`, events[n-1].Cursor, name)
		return err
	})
	return n, err
}

// waiting tells, without a lock, whether there is anything for a follower to do.
func waiting(ctx context.Context, d *db.DB, name string) (bool, error) {
	cursor, err := db.Get[string](ctx, d, `SELECT cursor FROM event_follower WHERE name = ?`, name)
	if db.None(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	next, err := After(ctx, d, d.Postgres(), cursor, nil, 1)
	return len(next) > 0, err
}

// takeCursor reads how far a follower has come, and keeps others from following.
func takeCursor(ctx context.Context, tx *db.Tx, name string) (string, error) {
	end, err := endOfLog(ctx, tx)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO event_follower (name, cursor) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, name, end)
	if err != nil {
		return "", err
	}
	return db.Get[string](ctx, tx, `SELECT cursor FROM event_follower WHERE name = ?`+tx.ForUpdate(), name)
}

// endOfLog is the cursor of the last event that a reader may see; "" if there is
// none.
func endOfLog(ctx context.Context, tx *db.Tx) (string, error) {
	type place struct {
		TxID int64 `db:"txid"`
		Seq  int64 `db:"seq"`
	}
	var w db.Where
	if tx.Postgres() {
		w.And(settled)
	}
	last, err := db.Get[place](ctx, tx, `SELECT txid, seq FROM event`+w.SQL()+` ORDER BY txid DESC, seq DESC LIMIT 1`)
	if db.None(err) {
		return "", nil
	}
	return cursorOf(last.TxID, last.Seq), err
}

func cursorOf(txid, seq int64) string {
	return strconv.FormatInt(txid, 36) + "-" + strconv.FormatInt(seq, 36)
}
