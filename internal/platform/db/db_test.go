package db_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

type listing struct {
	ID        id.Listing `db:"id"`
	Channel   id.Channel `db:"channel_id"`
	External  string     `db:"external"`
	Variant   id.Variant `db:"variant_id"`
	CreatedAt time.Time  `db:"created_at"`
}

type channel struct {
	ID        id.Channel `db:"id"`
	Code      string     `db:"code"`
	Name      string     `db:"name"`
	Kind      string     `db:"kind"`
	Currency  string     `db:"currency"`
	CreatedAt time.Time  `db:"created_at"`
}

func addChannel(t *testing.T, tx *db.Tx) id.Channel {
	t.Helper()
	c := channel{id.New[id.Channel](tx.Now()), "web", "Web", "api", "EUR", tx.Now()}
	if _, err := db.Insert(t.Context(), tx, "channel", []channel{c}); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func TestRowsComeBackAsTheyWent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := time.Date(2026, 3, 29, 1, 59, 59, 999_999_000, time.FixedZone("", 3600))
		var rows []listing
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			c := addChannel(t, tx)
			for i := range 500 {
				rows = append(rows, listing{id.New[id.Listing](tx.Now()), c, strings.Repeat("x", i+1), id.Variant{}, at})
			}
			rows[0].Variant = id.New[id.Variant](tx.Now())
			n, err := db.Insert(t.Context(), tx, "listing", rows)
			if n != 500 {
				t.Errorf("%d rows written", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.Select[listing](t.Context(), d, `SELECT `+db.Columns[listing]()+` FROM listing ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			want := rows[i]
			want.CreatedAt = want.CreatedAt.UTC()
			if g != want {
				t.Fatalf("row %d is %+v, want %+v", i, g, want)
			}
		}
		newest, err := db.Get[time.Time](t.Context(), d, `SELECT MAX(created_at) FROM listing`)
		if err != nil || !newest.Equal(at) {
			t.Errorf("the newest is of %s, want %s (%v)", newest, at, err)
		}
		keys := make([]id.Listing, 0, 300)
		for _, r := range rows[:300] {
			keys = append(keys, r.ID)
		}
		found, err := db.SelectIn[string](t.Context(), d, `SELECT external FROM listing WHERE channel_id = ? AND id IN (/*in*/)`, keys, rows[0].Channel)
		if err != nil || len(found) != 300 {
			t.Errorf("found %d of 300 (%v)", len(found), err)
		}
	})
}

func TestNothingOfAFailedTransactionStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		stop := errors.New("stop")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			addChannel(t, tx)
			return stop
		})
		n, _ := db.Get[int64](t.Context(), d, `SELECT COUNT(*) FROM channel`)
		if !errors.Is(err, stop) || n != 0 {
			t.Errorf("%d channels after %v", n, err)
		}
	})
}

func TestWriteRunsAgainAfterAConflict(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tries, committed := 0, 0
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() { committed++ })
			if tries++; tries < 3 {
				return db.ErrRetry
			}
			return nil
		})
		if err != nil || tries != 3 || committed != 1 {
			t.Errorf("%d tries, %d commits, %v", tries, committed, err)
		}
	})
}

func TestManyWritersOfOneRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), `
						INSERT INTO number_series (name, next) VALUES ('x', 1)
						ON CONFLICT (name) DO UPDATE SET next = number_series.next + 1`)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n, err := db.Get[int64](t.Context(), d, `SELECT next FROM number_series WHERE name = 'x'`); n != 16 {
			t.Errorf("the counter is %d (%v), want 16", n, err)
		}
	})
}

func TestSnapshotSeesOneInstant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		count := func(r db.Reader) int64 {
			n, err := db.Get[int64](t.Context(), r, `SELECT COUNT(*) FROM channel`)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := d.Read(t.Context(), func(s *db.Snapshot) error {
			before := count(s)
			if err := d.Write(t.Context(), func(tx *db.Tx) error { addChannel(t, tx); return nil }); err != nil {
				return err
			}
			if after := count(s); after != before {
				t.Errorf("the snapshot moved from %d to %d", before, after)
			}
			return nil
		})
		if err != nil || count(d) != 1 {
			t.Errorf("%d channels, %v", count(d), err)
		}
	})
}

func TestViolatedNamesTheConstraint(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO stock_level (variant_id, location_id, on_hand, committed) VALUES (?, ?, 1, 2)`,
				id.New[id.Variant](tx.Now()), id.New[id.Location](tx.Now()))
			return err
		})
		if name, ok := db.Violated(err); !ok || name != "stock_level_not_oversold" {
			t.Errorf("%q of %v", name, err)
		}
	})
}

func TestSecondProcessOnOneFileIsRefused(t *testing.T) {
	file := "sqlite:" + filepath.Join(t.TempDir(), "shop.db")
	d, err := db.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), file); !fault.Is(err, "db.in_use") {
		t.Errorf("the second got %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err = db.Open(t.Context(), file); err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	_ = d.Close()
}

func TestFilesThatAreNoDatabase(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is not a database. ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, code := range map[string]string{
		"sqlite:" + garbage:                          "db.not_a_database",
		"sqlite:" + filepath.Join(dir, "no", "x.db"): "db.cannot_open",
		"mysql://localhost/x":                        "db.bad_address",
		"postgres://nobody@127.0.0.1:1/none":         "db.lost",
	} {
		d, err := db.Open(t.Context(), dsn)
		if err == nil {
			_ = d.Close()
		}
		if !fault.Is(err, code) {
			t.Errorf("%s gave %v, want %s", dsn, err, code)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, err := d.Writer().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); !fault.Is(err, "db.newer_schema") {
			t.Errorf("migrate: %v", err)
		}
		if err := d.CheckSchema(t.Context()); !fault.Is(err, "db.newer_schema") {
			t.Errorf("check: %v", err)
		}
	})
}

func TestReaderOfAnEmptyDatabaseIsToldToMigrate(t *testing.T) {
	for _, engine := range []string{dbtest.EngineSQLite, dbtest.EnginePostgres} {
		t.Run(engine, func(t *testing.T) {
			dsn := dbtest.EmptyURL(t, engine)
			if engine == dbtest.EngineSQLite {
				d, err := db.Open(t.Context(), dsn) // makes the file
				if err != nil {
					t.Fatal(err)
				}
				_ = d.Close()
			}
			d, err := db.OpenReader(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.CheckSchema(t.Context()); !fault.Is(err, "db.not_migrated") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	file, copied, target := "sqlite:"+filepath.Join(dir, "a.db"), filepath.Join(dir, "backup.db"), "sqlite:"+filepath.Join(dir, "b.db")
	d, err := db.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), func(tx *db.Tx) error { addChannel(t, tx); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := db.BackupSQLite(t.Context(), file, copied); err != nil {
		t.Fatalf("while it is open: %v", err)
	}
	if err := db.RestoreSQLite(t.Context(), copied, target, false); err != nil {
		t.Fatal(err)
	}
	if err := db.RestoreSQLite(t.Context(), copied, target, false); !fault.Is(err, "restore.exists") {
		t.Errorf("over an existing file: %v", err)
	}
	restored, err := db.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if n, err := db.Get[int64](t.Context(), restored, `SELECT COUNT(*) FROM channel`); n != 1 {
		t.Errorf("%d channels after the restore (%v)", n, err)
	}
}
