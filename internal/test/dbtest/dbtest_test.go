package dbtest_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// tables counts tables of migrations, on either engine.
func tables(t *testing.T, d *db.DB, engine string) (n int) {
	t.Helper()
	query := "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
	if engine == dbtest.EnginePostgres {
		query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	}
	if err := d.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEachGivesAMigratedDatabaseOfItsOwn(t *testing.T) {
	for _, round := range []string{"first", "second"} {
		t.Run(round, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				if err := d.CheckSchema(t.Context()); err != nil {
					t.Fatal(err)
				}
				// The second round would meet the first one's table.
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), "CREATE TABLE mine (id BIGINT PRIMARY KEY)")
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestParallelTestsDoNotMeet(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			d := dbtest.Postgres(t)
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), "CREATE TABLE mine (id BIGINT PRIMARY KEY)")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestEmptyURLHasNoTable(t *testing.T) {
	for _, engine := range []string{dbtest.EngineSQLite, dbtest.EnginePostgres} {
		t.Run(engine, func(t *testing.T) {
			d, err := db.Open(t.Context(), dbtest.EmptyURL(t, engine))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if n := tables(t, d, engine); n != 0 {
				t.Errorf("%d tables", n)
			}
		})
	}
}

func TestPostgresIsDroppedAtTheEnd(t *testing.T) {
	var address string
	t.Run("inner", func(t *testing.T) {
		address = dbtest.URL(t, dbtest.EnginePostgres)
		// A connection that a test forgot must not keep the database.
		if _, err := pgx.Connect(t.Context(), address); err != nil {
			t.Fatal(err)
		}
	})
	if address == "" {
		t.SkipNow() // Its subtest was left out, loudly.
	}
	conn, err := pgx.Connect(context.Background(), address)
	if err == nil {
		conn.Close(context.Background())
		t.Fatal("the database is still there")
	}
	if !strings.Contains(err.Error(), "3D000") {
		t.Fatal(err)
	}
}

func TestServerHoldsOneTemplate(t *testing.T) {
	address, err := url.Parse(dbtest.URL(t, dbtest.EnginePostgres))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.URL(t, dbtest.EnginePostgres)
	conn, err := pgx.Connect(t.Context(), address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var building int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'purser_template_%_building'").Scan(&building); err != nil {
		t.Fatal(err)
	}
	if building != 0 {
		t.Errorf("%d half-built templates", building)
	}
}

func TestData(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PURSER_TEST_DATA", dir)
	if err := os.Mkdir(filepath.Join(dir, "uci"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(dir, "uci", "totals.json")
	if err := os.WriteFile(want, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := dbtest.Data(t, "uci/totals.json"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	for _, test := range []struct{ require, skipped, failed string }{
		{require: "", skipped: "LEFT OUT: no test data uci/none"},
		{require: "1", failed: "must not be left out: no test data uci/none"},
	} {
		t.Setenv("PURSER_TEST_REQUIRE", test.require)
		end := missing(t)
		if !strings.HasPrefix(end.skipped, test.skipped) || !strings.HasPrefix(end.failed, test.failed) || end.skipped+end.failed == "" {
			t.Errorf("PURSER_TEST_REQUIRE=%q: skipped %q, failed %q", test.require, end.skipped, end.failed)
		}
	}
}

// BenchmarkURL is what a test pays for its database.
func BenchmarkURL(b *testing.B) {
	for _, engine := range []string{dbtest.EngineSQLite, dbtest.EnginePostgres} {
		b.Run(engine, func(b *testing.B) {
			for b.Loop() {
				dbtest.URL(b, engine)
			}
		})
	}
}
