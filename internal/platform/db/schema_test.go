package db_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/golden"
)

const schemaHead = `-- The tables of Purser, as PostgreSQL gets them, put together from the
-- migrations by ` + "`make golden`" + `: read it, and change the migrations.
--
-- SQLite has the same with its own type names: UUID is a BLOB of 16 bytes,
-- JSONB is TEXT, TIMESTAMPTZ is TIMESTAMP, and there are no collations.
-- PostgreSQL also has a sequence number_SERIES for each series of numbers that
-- may have gaps. The job queue's tables (river_*) and goose_db_version belong
-- to libraries and are not shown.
`

// schema puts the migrations together, each under its file's name.
func schema(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("migrations/*.sql") // sorted
	if err != nil || len(names) == 0 {
		t.Fatalf("migrations: %v, %v", names, err)
	}
	var b strings.Builder
	b.WriteString(schemaHead)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		b.WriteString("\n-- ==== " + filepath.Base(name) + " ====\n")
		for line := range strings.Lines(up) {
			if !strings.HasPrefix(line, "-- +goose") {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

func TestSchemaIsDocumented(t *testing.T) {
	golden.CheckRoot(t, "docs/schema.sql", []byte(schema(t)))
}

// A PostgreSQL database made from docs/schema.sql alone has the columns of one
// that the program migrated.
func TestDocumentedSchemaIsTheMigratedOne(t *testing.T) {
	documented, err := db.Open(t.Context(), dbtest.EmptyURL(t, dbtest.EnginePostgres))
	if err != nil {
		t.Fatal(err)
	}
	defer documented.Close()
	conn, err := documented.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Conn().PgConn().Exec(t.Context(), schema(t)).ReadAll()
	conn.Release()
	if err != nil {
		t.Fatal(err)
	}
	want, got := columns(t, dbtest.Postgres(t)), columns(t, documented)
	if len(got) == 0 || !slices.Equal(want, got) {
		t.Errorf("migrated: %d columns, documented: %d", len(want), len(got))
		for _, c := range want {
			if !slices.Contains(got, c) {
				t.Error("not documented:", c)
			}
		}
	}
}

// columns lists our own tables' columns with type, nullability and default.
func columns(t *testing.T, d *db.DB) []string {
	t.Helper()
	found, err := db.Select[string](t.Context(), d, `
		SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
		FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'goose_db_version' AND table_name NOT LIKE 'river%'
		ORDER BY table_name, ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
