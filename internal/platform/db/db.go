// Package db gives every area the same small view of SQLite and PostgreSQL.
//
// A function that takes a Reader only reads; a function that takes a *Tx
// writes. SQL is written once, for both: `?` placeholders, and where PostgreSQL
// must be told a parameter's type, a cast right behind it (`?::uuid`), which
// SQLite does not get to see. The zero id and the zero time are stored as
// NULL and read back as zero.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Reader runs queries, inside a transaction or out of one.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

var _, _, _ Reader = (*DB)(nil), (*Tx)(nil), (*Snapshot)(nil)

// DB is an open database.
type DB struct {
	Now         func() time.Time // the clock; tests replace it
	Step        Step             // nil, but for tests
	read, write *sql.DB
	pool        *pgxpool.Pool // nil on SQLite
	path        string        // the file, on SQLite
	engine      *engine
	unlock      func()
}

// Step is called before each statement, and as BEGIN and COMMIT before those of
// Write. A test that sets it may let a statement wait, to have two transactions
// go on in an order of its own.
type Step func(ctx context.Context, statement string)

func (s Step) at(ctx context.Context, statement string) {
	if s != nil {
		s(ctx, statement)
	}
}

// Postgres tells whether the database is PostgreSQL, for the few functions that
// have a faster statement for one engine.
func (d *DB) Postgres() bool { return d.pool != nil }

// Path is the file of a SQLite database, and "" for PostgreSQL.
func (d *DB) Path() string { return d.path }

// Pool is PostgreSQL's connection pool, and nil on SQLite: for the job queue.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Writer is the pool that writes; on SQLite it has one connection. It is for
// the job queue and for migrations; everything else goes through Write.
func (d *DB) Writer() *sql.DB { return d.write }

// Close closes the database and lets go of its lock.
func (d *DB) Close() error {
	var err error
	if d.read != d.write {
		err = d.read.Close()
	}
	err = errors.Join(err, d.write.Close())
	if d.pool != nil {
		d.pool.Close()
	}
	if d.unlock != nil {
		d.unlock()
	}
	return err
}

// Query runs a query outside a transaction.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	d.Step.at(ctx, query)
	rows, err := d.read.QueryContext(ctx, d.engine.bind(query), d.engine.args(args)...)
	return rows, d.engine.explain(err)
}

// QueryRow runs a query of one row outside a transaction.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	d.Step.at(ctx, query)
	return d.read.QueryRowContext(ctx, d.engine.bind(query), d.engine.args(args)...)
}

// Tx is a write transaction.
type Tx struct {
	tx     *sql.Tx
	pgx    pgx.Tx // the same transaction, on PostgreSQL
	engine *engine
	step   Step
	now    time.Time
	after  []func()
	memo   map[any]any
}

// Now is the time of the transaction: every row it writes bears the same one.
func (tx *Tx) Now() time.Time { return tx.now }

// At sets the time of the transaction. It is for imports, which book what
// happened at the time at which it happened.
func (tx *Tx) At(t time.Time) { tx.now = t.UTC().Truncate(time.Microsecond) }

// Postgres tells whether the transaction is on PostgreSQL.
func (tx *Tx) Postgres() bool { return tx.pgx != nil }

// Query runs a query in the transaction.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	tx.step.at(ctx, query)
	return tx.tx.QueryContext(ctx, tx.engine.bind(query), tx.engine.args(args)...)
}

// QueryRow runs a query of one row in the transaction.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	tx.step.at(ctx, query)
	return tx.tx.QueryRowContext(ctx, tx.engine.bind(query), tx.engine.args(args)...)
}

// Exec runs a statement and returns the number of rows it changed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tx.step.at(ctx, query)
	res, err := tx.tx.ExecContext(ctx, tx.engine.bind(query), tx.engine.args(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// ForUpdate ends a SELECT that locks its rows until the transaction ends. On
// SQLite it is empty: the writer is alone already. Lock rows in the order of
// their keys.
func (tx *Tx) ForUpdate() string {
	if tx.pgx != nil {
		return " FOR UPDATE"
	}
	return ""
}

// AfterCommit runs f once the transaction has committed. It is for hints, such
// as waking a worker; what must happen is a job.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Memo keeps what a package knows of the transaction it runs in, under a key of
// the package's own type.
func (tx *Tx) Memo() map[any]any {
	if tx.memo == nil {
		tx.memo = map[any]any{}
	}
	return tx.memo
}

// Underlying gives the job queue the transaction it joins: the database/sql
// one, and on PostgreSQL the pgx one under it.
func (tx *Tx) Underlying() (*sql.Tx, pgx.Tx) { return tx.tx, tx.pgx }

// Join shows a transaction that the job queue began as ours. It carries no
// statements of our own: only the queue's driver asks for it.
func Join(stx *sql.Tx, ptx pgx.Tx) *Tx { return &Tx{tx: stx, pgx: ptx, now: time.Now().UTC()} }

// ErrRetry makes Write run its function again, as a deadlock does: for a
// guarded update that met a row changed since it was read.
var ErrRetry = errors.New("another transaction came first")

const attempts = 8

// Write runs fn in a transaction and commits it if fn returns nil. On a
// deadlock, a serialization failure, a busy database or ErrRetry it runs fn
// again, so fn does nothing that a rollback cannot undo. Inside SQLite's one
// writer, fn must not call Write.
func (d *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		after, err := d.writeOnce(ctx, fn)
		if err == nil {
			for _, f := range after {
				f()
			}
			return nil
		}
		if try == attempts || ctx.Err() != nil || !(errors.Is(err, ErrRetry) || d.engine.retry(err)) {
			return d.engine.explain(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(rand.IntN(4<<try)) * time.Millisecond):
		}
	}
}

// errTried ends a transaction that was only tried.
var errTried = errors.New("tried, and rolled back")

// Try is Write whose transaction is never committed: it tells what a command
// would do. What fn learned is all that stays.
func (d *DB) Try(ctx context.Context, fn func(*Tx) error) error {
	err := d.Write(ctx, func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

func (d *DB) writeOnce(ctx context.Context, fn func(*Tx) error) (after []func(), err error) {
	d.Step.at(ctx, "BEGIN")
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer stx.Rollback()
	tx := &Tx{tx: stx, engine: d.engine, step: d.Step, now: d.Now().UTC().Truncate(time.Microsecond)}
	if d.pool != nil {
		err = conn.Raw(func(c any) error {
			tx.pgx = joined{c.(*stdlib.Conn).Conn()}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if err := fn(tx); err != nil {
		return nil, err
	}
	d.Step.at(ctx, "COMMIT")
	return tx.after, stx.Commit()
}

// Snapshot is a read transaction: all its queries see the same instant.
type Snapshot struct {
	tx     *sql.Tx
	engine *engine
}

// Postgres tells whether the database is PostgreSQL.
func (s *Snapshot) Postgres() bool { return s.engine.postgres }

// Query runs a query in the snapshot.
func (s *Snapshot) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, s.engine.bind(query), s.engine.args(args)...)
}

// QueryRow runs a query of one row in the snapshot.
func (s *Snapshot) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(ctx, s.engine.bind(query), s.engine.args(args)...)
}

// Read runs fn over one consistent state of the database, however long it
// takes and whoever writes meanwhile.
func (d *DB) Read(ctx context.Context, fn func(*Snapshot) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if d.pool != nil {
		opts.Isolation = sql.LevelRepeatableRead
	}
	stx, err := d.read.BeginTx(ctx, opts)
	if err != nil {
		return d.engine.explain(err)
	}
	defer stx.Rollback()
	if d.pool != nil {
		for _, timeout := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
			if _, err := stx.ExecContext(ctx, "SET LOCAL "+timeout+" = 0"); err != nil {
				return d.engine.explain(err)
			}
		}
	}
	return d.engine.explain(fn(&Snapshot{stx, d.engine}))
}

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	if err := d.QueryRow(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("the database does not answer: %w", d.engine.explain(err))
	}
	return nil
}
