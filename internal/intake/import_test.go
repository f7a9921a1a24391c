package intake

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/test/dbtest"
	"purser/internal/view"
)

const uciFile = "uci/online_retail_dev_2010-12_2011-08.csv.gz"

func acting(t *testing.T) context.Context { return auth.With(t.Context(), auth.System("test")) }

// take imports a file and wants it to succeed.
func take(t *testing.T, d *db.DB, k Kind, path string, o ImportOptions) *Summary {
	t.Helper()
	s, err := tryTake(t, acting(t), d, k, path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryTake(t *testing.T, ctx context.Context, d *db.DB, k Kind, path string, o ImportOptions) (*Summary, error) {
	t.Helper()
	if o.File = path; o.Errors == "" {
		o.Errors = filepath.Join(t.TempDir(), "errors.csv")
	}
	open := func() (*Source, error) { return Open(path, SourceOptions{}) }
	if k == Orders {
		return ImportOrders(ctx, d, open, o)
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if k == Products {
		return ImportProducts(ctx, d, s, o)
	}
	return ImportStock(ctx, d, s, o)
}

// file writes a file of a test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sound verifies the whole database.
func sound(t *testing.T, d *db.DB) {
	t.Helper()
	n := 0
	err := view.Verify(t.Context(), d, func(x check.Difference) {
		if n++; n <= 10 {
			t.Error(x)
		}
	}, func(string) {})
	if err != nil || n > 0 {
		t.Errorf("%d differences, %v", n, err)
	}
}

// same compares totals in all that their JSON tells.
func same(t *testing.T, got, want *Totals) {
	t.Helper()
	g, w := asMap(t, got), asMap(t, want)
	for name := range w {
		if !reflect.DeepEqual(g[name], w[name]) {
			t.Errorf("%s: have %v, want %v", name, g[name], w[name])
		}
	}
}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// head is the header and the first lines of the real file.
func head(t *testing.T, lines int) string {
	t.Helper()
	in, err := os.Open(dbtest.Data(t, uciFile))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "head.csv")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	scan := bufio.NewScanner(z)
	for n := 0; n <= lines && scan.Scan(); n++ {
		fmt.Fprintln(out, scan.Text())
	}
	return path
}

// fingerprint tells the number of rows of each table and what stands in them.
func fingerprint(t *testing.T, d *db.DB) map[string]string {
	t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if d.Postgres() {
		list = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	}
	tables, err := db.Select[string](t.Context(), d, list)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, table := range tables {
		rows, err := d.Query(t.Context(), `SELECT * FROM "`+table+`"`)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		cells, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			to[i] = &cells[i]
		}
		count, sum := 0, uint64(0)
		for rows.Next() {
			if err := rows.Scan(to...); err != nil {
				t.Fatal(err)
			}
			h := fnv.New64a()
			fmt.Fprint(h, cells...)
			count, sum = count+1, sum+h.Sum64() // whatever the order of the rows
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		out[table] = fmt.Sprintf("%d rows %x", count, sum)
	}
	return out
}

// TestImportUCI takes the whole real file into an empty SQLite database, in both
// modes: every line becomes something, the published totals come out of the
// database to the letter, and everything in it agrees.
func TestImportUCI(t *testing.T) {
	want := map[string]any{}
	raw, err := os.ReadFile(dbtest.Data(t, "uci/totals.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []Mode{AsHistory, AsNew} {
		t.Run(string(mode), func(t *testing.T) {
			d := dbtest.SQLite(t)
			s := take(t, d, Orders, dbtest.Data(t, uciFile), ImportOptions{Mode: mode})
			got := asMap(t, s.Totals)
			for name, value := range want {
				if got[name] != value {
					t.Errorf("%s: have %v, want %v", name, got[name], value)
				}
			}
			if v := s.Totals.Values["GBP"]; v.Booked != "5761931.38" || v.Rounding != "-0.002" {
				t.Errorf("booked %s with rounding %s", v.Booked, v.Rounding)
			}
			n := s.Totals
			if sum := n.OrderLines + n.ReturnLines + n.AdjustmentLines + n.ChargeLines + n.BookEntryLines + n.ErrorLines; sum != n.Lines || s.ErrorLines != 0 {
				t.Errorf("%d of %d lines became something, %d were refused", sum, n.Lines, s.ErrorLines)
			}
			sound(t, d)
			t.Logf("%d lines a second, %d MB", s.Rate, s.PeakMemory>>20)
		})
	}
}

// TestImportTwice takes the first 20,000 lines of the real file on both engines
// (the whole of it would take minutes on PostgreSQL): the totals are those of the
// lines as they are read, and a second import changes nothing.
func TestImportTwice(t *testing.T) {
	for _, mode := range []Mode{AsNew, AsHistory} {
		t.Run(string(mode), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				path := head(t, 20_000)
				want, _, _ := readUCI(t, path)
				same(t, take(t, d, Orders, path, ImportOptions{Mode: mode}).Totals, want)
				sound(t, d)
				before := fingerprint(t, d)
				s := take(t, d, Orders, path, ImportOptions{Mode: mode})
				same(t, s.Totals, want)
				if s.Outcomes[outcomeKnown] != want.Documents || len(s.Outcomes) != 1 {
					t.Errorf("the second import: %v", s.Outcomes)
				}
				after := fingerprint(t, d)
				for table, was := range before {
					if after[table] != was {
						t.Errorf("%s: %s, and then %s", table, was, after[table])
					}
				}
			})
		})
	}
}

// TestImportGoesOn interrupts an import and runs it again.
func TestImportGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		path := head(t, 12_000)
		want, _, _ := readUCI(t, path)
		ctx, stop := context.WithCancel(acting(t))
		defer stop()
		o := ImportOptions{}
		o.Progress = func(p Progress) {
			if p.Lines > 8_000 {
				stop()
			}
		}
		if _, err := tryTake(t, ctx, d, Orders, path, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("it was not interrupted: %v", err)
		}
		n, err := db.Get[int64](t.Context(), d, `SELECT COUNT(*) FROM import_document`)
		if err != nil || n == 0 || n >= want.Documents {
			t.Fatalf("%d documents of %d were booked, %v", n, want.Documents, err)
		}
		sound(t, d)
		s := take(t, d, Orders, path, ImportOptions{})
		same(t, s.Totals, want)
		if s.Outcomes[outcomeKnown] != n {
			t.Errorf("%d documents were known, want %d", s.Outcomes[outcomeKnown], n)
		}
		sound(t, d)
	})
}

// TestDryRun tries everything and leaves the database as it was.
func TestDryRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before := fingerprint(t, d)
		s := take(t, d, Orders, head(t, 3_000), ImportOptions{DryRun: true})
		if s.Outcomes[outcomeOrder] == 0 || s.ErrorLines != 0 || s.Totals != nil {
			t.Errorf("have %+v", s)
		}
		if after := fingerprint(t, d); !reflect.DeepEqual(before, after) {
			t.Errorf("before %v\nafter %v", before, after)
		}
	})
}

// shop sets up a company with a channel, places and rates of exchange.
func shop(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Write(acting(t), func(tx *db.Tx) error {
		ctx := acting(t)
		if _, err := flow.EnsureCompany(ctx, tx, setting.Company{Name: "Shop", BaseCurrency: "USD", TimeZone: "America/New_York", Country: "US"}); err != nil {
			return err
		}
		for i, name := range []string{"East DC", "West DC"} {
			l := inventory.Location{Code: strings.ToUpper(name[:4]), Name: name, Kind: inventory.Warehouse, TimeZone: "UTC", Active: true, ShipsOnline: true, TakesReturns: true, Sequence: int64(i)}
			l.Address.V.Country = "US"
			if _, err := inventory.SaveLocation(ctx, tx, l); err != nil {
				return err
			}
		}
		web := channel.Defaults()
		web.Code, web.Name, web.Currency = "web", "Web shop", "USD"
		if _, err := channel.Save(ctx, tx, web); err != nil {
			return err
		}
		return accounting.SaveRates(ctx, tx, []accounting.Rate{
			{Base: "USD", Currency: "GBP", Date: "2025-01-01", Rate: "1.25", Source: "test"}, {Base: "USD", Currency: "CAD", Date: "2025-01-01", Rate: "0.7", Source: "test"},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// orderOf reads an order by the number that its source gave it.
func orderOf(t *testing.T, d *db.DB, number string) *order.Order {
	t.Helper()
	found, err := db.Select[id.Order](t.Context(), d, `SELECT id FROM sales_order WHERE external_number = ?`, number)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d orders have the number %s, %v", len(found), number, err)
	}
	o, err := order.Get(t.Context(), d, found[0])
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// levelsOf reads what is on hand of a SKU by the names of locations.
func levelsOf(t *testing.T, d *db.DB, sku string) map[string]int64 {
	t.Helper()
	v, err := catalog.BySKU(t.Context(), d, []string{sku})
	if err != nil {
		t.Fatal(err)
	}
	levels, err := inventory.Levels(t.Context(), d, []id.Variant{v[sku].ID})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, l := range levels {
		at, err := inventory.GetLocation(t.Context(), d, l.Location)
		if err != nil {
			t.Fatal(err)
		}
		out[at.Name] = l.OnHand
	}
	return out
}
