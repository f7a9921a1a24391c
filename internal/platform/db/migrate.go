package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"purser/internal/base/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// sqliteTypes are PostgreSQL's words in a migration and SQLite's own. Texts that
// lists are sorted by are compared byte by byte, which SQLite does anyway.
var sqliteTypes = strings.NewReplacer("TIMESTAMPTZ", "TIMESTAMP", "JSONB", "TEXT", " UUID", " BLOB", ` COLLATE "C"`, "")

// sequences are the number series that may have gaps. PostgreSQL keeps them as
// sequences, so that transactions do not wait for each other's numbers.
var sequences = []string{"order", "shipment", "transfer", "return", "pick_batch", "stock_count"}

func (d *DB) provider() (*goose.Provider, error) {
	dialect := goose.DialectPostgres
	if d.pool == nil {
		dialect = goose.DialectSQLite3
	}
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := migrations.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if d.pool == nil {
			text = []byte(sqliteTypes.Replace(string(text)))
		}
		files[strings.TrimPrefix(name, "migrations/")] = &fstest.MapFile{Data: text}
	}
	return goose.NewProvider(dialect, d.write, files, goose.WithLogger(goose.NopLogger()))
}

// Migrate brings the schema, ours and the job queue's, up to what this program
// needs. Migrations only add, so an older program still works beside it.
func (d *DB) Migrate(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if err := d.refuseNewer(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", d.engine.explain(err))
	}
	quiet := &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)}
	if d.pool != nil {
		for _, series := range sequences {
			if _, err := d.write.ExecContext(ctx, "CREATE SEQUENCE IF NOT EXISTS number_"+series+" START 1001"); err != nil {
				return d.engine.explain(err)
			}
		}
		return migrateJobs(rivermigrate.New(riverpgxv5.New(d.pool), quiet))(ctx)
	}
	return migrateJobs(rivermigrate.New(riversqlite.New(d.write), quiet))(ctx)
}

func migrateJobs[T any](m *rivermigrate.Migrator[T], err error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err != nil {
			return err
		}
		_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}
}

// CheckSchema tells whether the schema is the one this program needs.
func (d *DB) CheckSchema(ctx context.Context) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if err := d.refuseNewer(ctx, p); err != nil {
		return err
	}
	have, err := d.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if have < newest(p) {
		return fault.New(fault.Conflict, "db.not_migrated", "The database is empty or has an older schema than this program. Run `purser migrate` first.")
	}
	return nil
}

// SchemaVersion is the number of the newest migration in the database, 0 for
// none. It only reads, so that it works where nothing may be written.
func (d *DB) SchemaVersion(ctx context.Context) (int64, error) {
	tables := `SELECT COUNT(*) FROM sqlite_master WHERE name = 'goose_db_version'`
	if d.pool != nil {
		tables = `SELECT COUNT(*) FROM pg_tables WHERE tablename = 'goose_db_version' AND schemaname = ANY (current_schemas(FALSE))`
	}
	n, err := Get[int64](ctx, d, tables)
	if err != nil || n == 0 {
		return 0, d.engine.explain(err)
	}
	return Get[int64](ctx, d, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`)
}

func (d *DB) refuseNewer(ctx context.Context, p *goose.Provider) error {
	have, err := d.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if newest := newest(p); have > newest {
		return fault.New(fault.Conflict, "db.newer_schema", "The database has migration %d, and this program knows %d at most. Use the newer program.", have, newest)
	}
	return nil
}

func newest(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}
