package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/platform/db"
	"purser/internal/test/pgcluster"
	"purser/internal/test/repo"
)

// server is the URL of the PostgreSQL server's maintenance database. A server that this process starts ends
// with the process.
var server = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("PURSER_TEST_POSTGRES"); given != "" {
		return given, nil
	}
	cluster, err := pgcluster.Start(context.Background())
	if err != nil {
		return "", err
	}
	return cluster.URL("postgres"), nil
})

// template is the name of the server's migrated template database. Its name carries the schema's fingerprint:
// all test processes that use one server share it, and an old one is never taken for it.
var template = sync.OnceValues(func() (string, error) {
	base, err := server()
	if err != nil {
		return "", err
	}
	hash, err := fingerprint()
	if err != nil {
		return "", err
	}
	return makeTemplate(context.Background(), base, "purser_template_"+hash)
})

func postgresURL(tb testing.TB) string {
	tb.Helper()
	base := serverURL(tb)
	name, err := template()
	if err != nil {
		tb.Fatalf("make the PostgreSQL template: %v", err)
	}
	return createDatabase(tb, base, name)
}

func emptyPostgresURL(tb testing.TB) string {
	tb.Helper()
	return createDatabase(tb, serverURL(tb), "template0")
}

func serverURL(tb testing.TB) string {
	tb.Helper()
	base, err := server()
	if errors.Is(err, pgcluster.ErrMissing) {
		LeaveOut(tb, "%v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return base
}

// createDatabase copies a template into a database that the end of the test drops.
func createDatabase(tb testing.TB, base, template string) string {
	tb.Helper()
	name := "purser_test_" + strings.ToLower(rand.Text())
	if err := copyDatabase(tb.Context(), base, name, template); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := dropDatabase(context.Background(), base, name); err != nil {
			tb.Error(err)
		}
	})
	u, err := databaseURL(base, name)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func copyDatabase(ctx context.Context, base, name, template string) error {
	conn, err := connect(ctx, base)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	statement := "CREATE DATABASE " + name + " TEMPLATE " + template + " ENCODING 'UTF8'"
	var version int
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	if version >= 15_00_00 {
		statement += " STRATEGY FILE_COPY" // Ten times as fast as WAL_LOG for a schema without rows.
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func dropDatabase(ctx context.Context, base, name string) error {
	conn, err := connect(ctx, base)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// makeTemplate migrates a template database unless another process has done it. It is built under another name,
// so that a half-built one is never used, and under a lock, so that it is built once.
func makeTemplate(ctx context.Context, base, name string) (string, error) {
	building := name + "_building"

	conn, err := connect(ctx, base)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
		return "", err
	}
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		return "", err
	}
	if exists {
		return name, nil
	}
	if err := dropDatabase(ctx, base, building); err != nil {
		return "", err
	}
	if err := copyDatabase(ctx, base, building, "template0"); err != nil {
		return "", err
	}
	url, err := databaseURL(base, building)
	if err != nil {
		return "", err
	}
	if err := migrate(ctx, url); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+name)
	return name, err
}

// fingerprint is a hash of everything that shapes the schema.
func fingerprint() (string, error) {
	root, err := repo.Dir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = filepath.WalkDir(filepath.Join(root, "internal", "platform", "db"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), err
}

func connect(ctx context.Context, base string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		return nil, fmt.Errorf("connect to the test server: %w", err)
	}
	return conn, nil
}

// databaseURL is the URL of another database on the server of a URL.
func databaseURL(base, name string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("PURSER_TEST_POSTGRES is not a connection URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// LeaveDeadlocks has a PostgreSQL database leave two transactions that wait for each other alone, so that a test
// sees them: they would be run again in silence, and now fail after a while with db.busy.
func LeaveDeadlocks(tb testing.TB, d *db.DB) {
	tb.Helper()
	if !d.Postgres() {
		return
	}
	err := d.Write(tb.Context(), func(tx *db.Tx) error {
		name, err := db.Get[string](tb.Context(), tx, `SELECT quote_ident(current_database())`)
		if err == nil {
			_, err = tx.Exec(tb.Context(), `ALTER DATABASE `+name+` SET deadlock_timeout = '1min'`)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	d.Pool().Reset() // the setting is for new connections
}
