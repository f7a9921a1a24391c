// Package dbtest gives a test a database of its own on SQLite and on PostgreSQL.
//
// Each database is new, migrated and gone when the test ends. The schema is built once and then copied: for
// SQLite a file once per test process, for PostgreSQL a template database once per server.
//
// The PostgreSQL server is the one that PURSER_TEST_POSTGRES names: the connection URL of a superuser on a
// server whose databases nobody will miss. Without it each test process starts a throw-away server from the
// machine's own binaries (see pgcluster); `make test` starts one for all. What a machine cannot run is left
// out loudly, or fails when PURSER_TEST_REQUIRE is 1.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"purser/internal/platform/db"
	"purser/internal/test/repo"
)

// The engines, as URL takes them and Each names its subtests.
const (
	EngineSQLite   = "sqlite"
	EnginePostgres = "postgres"
)

// Each runs a test once on each engine, as subtests "sqlite" and "postgres", each with a new database.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run(EngineSQLite, func(t *testing.T) { test(t, SQLite(t)) })
	t.Run(EnginePostgres, func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite opens a new, migrated SQLite database.
func SQLite(tb testing.TB) *db.DB {
	tb.Helper()
	return open(tb, URL(tb, EngineSQLite))
}

// Postgres opens a new, migrated PostgreSQL database. For tests of what only PostgreSQL can do wrong: races,
// deadlocks.
func Postgres(tb testing.TB) *db.DB {
	tb.Helper()
	return open(tb, URL(tb, EnginePostgres))
}

// URL makes a new, migrated database on the engine and returns its connection URL, for tests that start the
// program.
func URL(tb testing.TB, engine string) string {
	tb.Helper()
	switch engine {
	case EngineSQLite:
		return sqliteURL(tb)
	case EnginePostgres:
		return postgresURL(tb)
	}
	tb.Fatalf("no engine %q", engine)
	return ""
}

// EmptyURL is like URL with a database that has no table yet, for tests of migrations.
func EmptyURL(tb testing.TB, engine string) string {
	tb.Helper()
	switch engine {
	case EngineSQLite:
		return "sqlite:" + filepath.Join(tb.TempDir(), "purser.db")
	case EnginePostgres:
		return emptyPostgresURL(tb)
	}
	tb.Fatalf("no engine %q", engine)
	return ""
}

// Data is the path of a file of real data, given relative to the folder that PURSER_TEST_DATA names, by default
// shared/data beside the repository. The data is too large, or not ours, to be kept in the repository.
func Data(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("PURSER_TEST_DATA")
	if dir == "" {
		dir = filepath.Join(repo.Root(tb), "..", "shared", "data")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		LeaveOut(tb, "no test data %s: PURSER_TEST_DATA names the folder that has it", name)
	}
	return path
}

// LeaveOut ends a test that this machine cannot run. The summary of `make test` counts and names what was left
// out; where everything must run, PURSER_TEST_REQUIRE=1, it is a failure.
func LeaveOut(tb testing.TB, format string, args ...any) {
	tb.Helper()
	why := fmt.Sprintf(format, args...)
	if os.Getenv("PURSER_TEST_REQUIRE") == "1" {
		tb.Fatalf("must not be left out: %s", why)
	}
	tb.Skip("LEFT OUT: " + why)
}

func open(tb testing.TB, url string) *db.DB {
	tb.Helper()
	d, err := db.Open(tb.Context(), url)
	if err != nil {
		tb.Fatalf("open %s: %v", url, err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Errorf("close %s: %v", url, err)
		}
	})
	return d
}

// FeedSettled waits until the event feed shows all events that were recorded. On
// PostgreSQL the feed lags behind the oldest open transaction of the whole
// server, which other tests share.
func FeedSettled(tb testing.TB, d *db.DB) {
	tb.Helper()
	if !d.Postgres() {
		return
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		hidden, err := db.Get[int64](tb.Context(), d, `
			SELECT COUNT(*) FROM event
			WHERE txid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint + COALESCE((SELECT base FROM event_feed WHERE name = 'base'), 0)`)
		if err != nil {
			tb.Fatal(err)
		}
		if hidden == 0 {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%d events are still hidden from the feed", hidden)
		}
	}
}

// Behind runs second while first has done its work and not committed: second sees nothing of it, comes to where
// it waits for first, or to its end, and only then first commits. It returns what became of second. For PostgreSQL:
// what is tested is what keeps a promise where both have looked before either wrote.
func Behind(tb testing.TB, d *db.DB, first, second func(tx *db.Tx) error) (err error) {
	tb.Helper()
	done := make(chan error, 1)
	began := d.Write(tb.Context(), func(tx *db.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		go func() { done <- d.Write(tb.Context(), second) }()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			select {
			case err := <-done:
				done <- err
				return nil
			default:
			}
			if n, err := Waiting(tb.Context(), d); n > 0 || err != nil {
				return err
			}
		}
		return errors.New("the second transaction neither waits nor ends")
	})
	if began != nil {
		tb.Fatal(began)
	}
	return <-done
}

// Waiting counts the transactions of a PostgreSQL database that wait for another.
func Waiting(ctx context.Context, d *db.DB) (int64, error) {
	return db.Get[int64](ctx, d, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
}
