// Package idempotency makes a repeated request harmless: the key a caller sends
// with it, a hash of the request and the answer are stored in the transaction
// of the effect. The same key with the same request gets the same answer; with
// another request it is a mismatch; while the first is still worked on, a
// conflict. A request that failed leaves no key: it changed nothing and may be
// tried again.
package idempotency

import (
	"context"
	"net/http"
	"sync"
	"time"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
)

// MaxKey is the longest key taken, in bytes.
const MaxKey = 255

// Answer is what the caller was told.
type Answer struct {
	Status  int
	Headers http.Header
	Body    string
}

type row struct {
	Principal   string               `db:"principal"`
	Key         string               `db:"key"`
	RequestHash string               `db:"request_hash"`
	Status      int64                `db:"status"`
	Headers     db.JSON[http.Header] `db:"headers"`
	Body        string               `db:"body"`
	CreatedAt   time.Time            `db:"created_at"`
}

// Claim takes a key for a request in the transaction of its effect. found tells
// that the key was used before, and a is the answer that was given then.
// Otherwise the caller does the work and calls Store.
func Claim(ctx context.Context, tx *db.Tx, principal, key, requestHash string) (a Answer, found bool, err error) {
	claimed, err := tx.Exec(ctx, `
		INSERT INTO idempotency (principal, key, request_hash, status, headers, body, created_at) VALUES (?, ?, ?, 0, '{}', '', ?)
		ON CONFLICT (principal, key) DO NOTHING`, principal, key, requestHash, tx.Now())
	if err != nil || claimed == 1 {
		return Answer{}, false, err
	}
	return Lookup(ctx, tx, principal, key, requestHash)
}

// Lookup finds the answer that was given to a key, without taking it.
func Lookup(ctx context.Context, r db.Reader, principal, key, requestHash string) (a Answer, found bool, err error) {
	s, err := db.Get[row](ctx, r, `SELECT `+db.Columns[row]()+` FROM idempotency WHERE principal = ? AND key = ?`, principal, key)
	if db.None(err) {
		return Answer{}, false, nil
	}
	if err != nil {
		return Answer{}, false, err
	}
	if s.RequestHash != requestHash {
		return Answer{}, false, fault.New(fault.Mismatch, "idempotency.mismatch", "The Idempotency-Key %q was used for another request. Use a new key.", key)
	}
	return Answer{int(s.Status), s.Headers.V, s.Body}, true, nil
}

// Store keeps the answer to a claimed key.
func Store(ctx context.Context, tx *db.Tx, principal, key string, a Answer) error {
	_, err := tx.Exec(ctx, `UPDATE idempotency SET status = ?, headers = ?, body = ? WHERE principal = ? AND key = ?`,
		a.Status, db.JSON[http.Header]{V: a.Headers}, a.Body, principal, key)
	return err
}

// Prune forgets keys older than a time and returns how many.
func Prune(ctx context.Context, tx *db.Tx, before time.Time) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM idempotency WHERE created_at < ?`, before)
}

// Flights knows which keys this process is working on.
type Flights struct {
	mu   sync.Mutex
	keys map[string]bool
}

// Begin marks a key as being worked on; it is a conflict if it is already. The
// caller calls end when it is done.
func (f *Flights) Begin(principal, key string) (end func(), err error) {
	name := principal + "\x00" + key
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[name] {
		return nil, fault.New(fault.Conflict, "idempotency.in_flight", "A request with the Idempotency-Key %q is being worked on. Wait a moment and send it again.", key)
	}
	if f.keys == nil {
		f.keys = map[string]bool{}
	}
	f.keys[name] = true
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.keys, name)
	}, nil
}
