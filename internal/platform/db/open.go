package db

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"purser/internal/base/fault"
)

// Open opens the database that dsn names: sqlite:FILE (or a plain file name),
// created if it is not there, or postgres://USER@HOST/DATABASE. A SQLite file
// is locked against a second writing process until Close.
func Open(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, false) }

// OpenReader opens an existing database for reading only, beside a process
// that may have it open for writing.
func OpenReader(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, true) }

func open(ctx context.Context, dsn string, readOnly bool) (*DB, error) {
	if IsPostgres(dsn) {
		return openPostgres(ctx, dsn, readOnly)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "//")
	if path == "" || strings.Contains(path, "://") {
		return nil, fault.New(fault.Invalid, "db.bad_address", "%q is not a database: write sqlite:FILE or postgres://USER@HOST/DATABASE.", dsn)
	}
	return openSQLite(ctx, path, readOnly)
}

// IsPostgres tells whether dsn names a PostgreSQL database.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// pragmas are what durability and correctness rest on; openSQLite reads them
// back. synchronous=2 is FULL: an acknowledged commit survives a power cut.
var pragmas = []struct{ name, value string }{
	{"journal_mode", "wal"},
	{"synchronous", "2"},
	{"foreign_keys", "1"},
	{"busy_timeout", "10000"},
}

func openSQLite(ctx context.Context, path string, readOnly bool) (*DB, error) {
	d := &DB{Now: time.Now, path: path, engine: &engine{}}
	if readOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, fault.New(fault.Unavailable, "db.no_file", "There is no database file %s.", path)
		}
	} else {
		unlock, err := lock(path)
		if err != nil {
			return nil, err
		}
		d.unlock = unlock
	}
	params := url.Values{"_txlock": {"immediate"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_texttotime": {"1"}, "_dqs": {"0"}}
	for _, p := range pragmas {
		params.Add("_pragma", p.name+"("+p.value+")")
	}
	params.Add("_pragma", "temp_store(memory)")
	params.Add("_pragma", "cache_size(-65536)")
	params.Add("_pragma", "journal_size_limit(67108864)")
	file := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?"
	var err error
	if d.write, err = openCached(file + params.Encode()); err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(1) // one writer: wait in Go, fairly, and not in SQLite's busy loop
	d.write.SetMaxIdleConns(1)
	params.Set("_query_only", "1")
	params.Set("_txlock", "deferred")
	if d.read, err = openCached(file + params.Encode()); err != nil {
		return nil, err
	}
	readers := max(4, runtime.NumCPU())
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
	if readOnly {
		d.write = d.read
	}
	if err := d.checkPragmas(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (d *DB) checkPragmas(ctx context.Context) error {
	for _, p := range pragmas {
		var got string
		if err := d.write.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return d.engine.explain(err)
		}
		if got != p.value {
			return fault.New(fault.Unavailable, "db.pragma", "SQLite did not take %s=%s (it says %q), so Purser cannot promise to keep what it acknowledges. Put the file on a local disk.", p.name, p.value, got)
		}
	}
	return nil
}

// timeouts bound how long a statement of PostgreSQL waits or works, in milliseconds.
var timeouts = map[string]string{
	"lock_timeout":                        "10000",
	"statement_timeout":                   "60000",
	"idle_in_transaction_session_timeout": "60000",
	"timezone":                            "UTC",
	"application_name":                    "purser",
}

func openPostgres(ctx context.Context, dsn string, readOnly bool) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fault.New(fault.Invalid, "db.bad_address", "The PostgreSQL address given with --db cannot be read: write postgres://USER@HOST/DATABASE.")
	}
	for name, value := range timeouts {
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	if readOnly {
		cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = 24
	}
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	pg := stdlib.OpenDBFromPool(pool)
	d := &DB{Now: time.Now, read: pg, write: pg, pool: pool, engine: &engine{postgres: true}}
	if err := d.Ping(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	return d, nil
}
