package event

import (
	"context"
	"time"

	"purser/internal/platform/db"
)

// skew is how much later a transaction may come in the log than one that began
// after it.
const skew = time.Minute

// Before returns a cursor behind which are all events since a time, and perhaps
// some of the minute before it. Times rise along the log but for the skew, so the
// place is found by halving, and needs no index.
func Before(ctx context.Context, r db.Reader, since time.Time) (cursor string, err error) {
	var low, high int64
	if err := r.QueryRow(ctx, `SELECT COALESCE(MIN(txid), 0), COALESCE(MAX(txid), 0) FROM event`).Scan(&low, &high); err != nil {
		return "", err
	}
	since = since.Add(-skew)
	for high++; low < high; { // the first event from low on is perhaps too old, that from high on is not
		middle := low + (high-low)/2
		at, err := db.Get[time.Time](ctx, r, `SELECT at FROM event WHERE txid >= ? ORDER BY txid, seq LIMIT 1`, middle)
		switch {
		case db.None(err):
			high = middle
		case err != nil:
			return "", err
		case at.Before(since):
			low = middle + 1
		default:
			high = middle
		}
	}
	return cursorOf(low-1, 1<<62), nil
}
