package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/intake"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/test/dbtest"
)

// eachEngine runs a test with a small company in a database on each engine,
// open for writing as a server would have it.
func eachEngine(t *testing.T, test func(t *testing.T, url string, d *db.DB)) {
	for _, engine := range []string{dbtest.EngineSQLite, dbtest.EnginePostgres} {
		t.Run(engine, func(t *testing.T) {
			url := dbtest.URL(t, engine)
			test(t, url, company(t, url))
		})
	}
}

// company fills a database with a small company.
func company(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	fill(t, d)
	return d
}

func fill(t *testing.T, d *db.DB) {
	t.Helper()
	ctx := auth.With(t.Context(), auth.System("test"))
	err := d.Write(ctx, func(tx *db.Tx) error {
		tx.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
		_, _, err := flow.SetUp(ctx, tx, setting.Company{Name: "Tea & Mugs", BaseCurrency: "EUR", TimeZone: "Europe/Berlin", Country: "DE"},
			auth.NewUser{Email: "owner@example.org", Name: "Owner", Password: "correct horse battery"})
		if err != nil {
			return err
		}
		ids, err := fillCatalog(ctx, tx)
		if err != nil {
			return err
		}
		l, err := inventory.SaveLocation(ctx, tx, inventory.Location{Code: "BER", Name: "Berlin", Kind: inventory.Warehouse, Active: true, ShipsOnline: true})
		if err != nil {
			return err
		}
		cost := money.Micros(5_000_000)
		_, err = flow.ReceiveGoods(ctx, tx, []flow.Receipt{{Variant: ids[0], Location: l.ID, Quantity: 20, UnitCost: &cost, Reason: "=cmd()"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fillCatalog(ctx context.Context, tx *db.Tx) ([]id.Variant, error) {
	kit, yes, price, grams := catalog.Kit, true, money.Micros(12_500_000), int64(350)
	title, long, set, path := "Mug", "Holds \"tea\",\nor coffee.", "Tea for two", "Kitchen > Mugs"
	results, err := catalog.SaveProducts(ctx, tx, []catalog.ProductInput{
		{
			Title: &title, Description: &long, Category: &path, Options: &[]string{"Color", "Size"}, Tags: &[]string{"gift", "new"},
			Images: &[]catalog.Image{{URL: "https://example.org/a.png"}},
			Variants: []catalog.VariantInput{
				{SKU: "00123", Options: &[]string{"Blue", "S"}, Prices: []catalog.PriceInput{{Currency: "EUR", Amount: &price}}, WeightGrams: &grams, Backorder: &yes,
					Barcodes: &[]catalog.BarcodeInput{{Code: "4006381333931"}, {Code: "036000291452"}}},
				{SKU: "+5", Options: &[]string{"Red", "S"}},
			},
		},
		{
			Title:    &set,
			Variants: []catalog.VariantInput{{SKU: "SET", Kind: &kit, Components: &[]catalog.ComponentInput{{SKU: "00123", Quantity: 2}, {SKU: "+5", Quantity: 1}}}},
		},
	})
	if err != nil {
		return nil, err
	}
	return results[0].Variants, errors.Join(results[0].Err, results[1].Err)
}

// run runs a command line against a database.
func run(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(append([]string{"--db", url}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestProductsExportedAndImportedChangeNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string, d *db.DB) {
		code, out, stderr := run(t, url, "export", "products")
		if code != exitOK || stderr != "" {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		source, err := intake.NewSource(strings.NewReader(out), intake.SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		reader, err := intake.ReadProducts(source, intake.Options{Format: intake.FormatPurser, Currency: "EUR", Reject: func(e *intake.RowError) { t.Error(e) }})
		if err != nil {
			t.Fatal(err)
		}
		var inputs []catalog.ProductInput
		for {
			record, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, record.Product)
		}
		if len(inputs) != 2 || len(inputs[0].Variants) != 2 {
			t.Fatalf("the file has the products %+v", inputs)
		}
		ctx := auth.With(t.Context(), auth.System("test"))
		err = d.Write(ctx, func(tx *db.Tx) error {
			results, err := catalog.SaveProducts(ctx, tx, inputs)
			for _, r := range results {
				if r.Outcome != catalog.Unchanged {
					t.Errorf("%s is %s: %v", r.Handle, r.Outcome, r.Err)
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestStockExportIsReadByAnImport(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string, _ *db.DB) {
		_, out, _ := run(t, url, "export", "stock")
		source, err := intake.NewSource(strings.NewReader(out), intake.SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		reader, err := intake.ReadStock(source, intake.Options{Format: intake.FormatPurser})
		if err != nil {
			t.Fatal(err)
		}
		s, err := reader.Next()
		if err != nil || s.SKU != "00123" || s.Location != "BER" || s.OnHand != 20 || s.Cost == nil || *s.Cost != 5_000_000 {
			t.Errorf("the stock is %+v, %v", s, err)
		}
	})
}

func TestEveryExportHasItsHeaderAndAsManyRowsInBothFormats(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string, _ *db.DB) {
		for what := range exporters {
			_, out, _ := run(t, url, "export", what)
			rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
			if err != nil || len(rows) == 0 || rows[0][0] == "" {
				t.Fatalf("%s: %v, %q", what, err, out)
			}
			_, out, _ = run(t, url, "export", what, "--format", "json")
			objects := 0
			for d := json.NewDecoder(strings.NewReader(out)); ; objects++ {
				var o map[string]any
				if err := d.Decode(&o); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if _, ok := o[rows[0][0]]; !ok && what != "products" {
					t.Errorf("an object of %s has no %s", what, rows[0][0])
				}
			}
			if want := len(rows) - 1; what != "products" && objects != want { // products are whole in JSON
				t.Errorf("%s: %d rows of CSV and %d of JSON", what, want, objects)
			}
		}
	})
}

func TestExportToAFileAppearsWhole(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string, _ *db.DB) {
		dir := t.TempDir()
		file := filepath.Join(dir, "stock.csv.gz")
		if code, out, stderr := run(t, url, "export", "stock", "-o", file); code != exitOK || out != "" || !strings.Contains(stderr, "Wrote 1 row to") {
			t.Fatalf("exit code %d, %q, %q", code, out, stderr)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || !strings.HasPrefix(string(b), "sku,location,quantity,bin,cost,") {
			t.Errorf("the file is %q, %v", b, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("%d files in the folder, want the export alone", len(left))
		}
	})
}

func TestAnExportThatFailsLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	e := exportCommand{Output: filepath.Join(dir, "x.csv")}
	broken := errors.New("broken")
	err := e.into(io.Discard, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	if left, _ := os.ReadDir(dir); !errors.Is(err, broken) || len(left) != 0 {
		t.Errorf("error %v, %d files left", err, len(left))
	}
}

func TestExportRefusesPeriodsThatAreNone(t *testing.T) {
	for _, args := range [][]string{
		{"export", "stock", "--from", "2026-01-01"},
		{"export", "orders", "--from", "January"},
		{"export", "orders", "--from", "2026-01-02", "--to", "2026-01-01"},
	} {
		if code, _, stderr := run(t, "sqlite:none.db", args...); code != exitFailed || !strings.Contains(stderr, "purser: ") || strings.Contains(stderr, "none.db") {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestExplainStockPrintsTheRows(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string, _ *db.DB) {
		code, out, stderr := run(t, url, "explain", "stock", "00123")
		if code != exitOK {
			t.Fatal(stderr)
		}
		for _, want := range []string{"00123  Mug Blue S, now", "BER  Berlin", "on hand 20, available 20", "2026-03-02 10:00:00  receive", "+20", "=cmd()"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in:\n%s", want, out)
			}
		}
		if _, out, _ := run(t, url, "explain", "stock", "00123", "--at", "2026-03-01"); !strings.Contains(out, "There never was any") {
			t.Errorf("before it came it says:\n%s", out)
		}
		var v struct {
			Locations []struct {
				Code   string `json:"code"`
				OnHand int64  `json:"on_hand"`
			} `json:"locations"`
		}
		_, out, _ = run(t, url, "explain", "stock", "00123", "--json")
		if err := json.Unmarshal([]byte(out), &v); err != nil || len(v.Locations) != 1 || v.Locations[0].OnHand != 20 {
			t.Errorf("the JSON is %s, %v", out, err)
		}
		if code, _, stderr := run(t, url, "explain", "stock", "NOPE"); code != exitFailed || !strings.Contains(stderr, "NOPE") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	})
}

func TestParseTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]time.Time{
		"":                     {},
		"2026-01-31":           time.Date(2026, 1, 31, 22, 59, 59, 999_999_000, time.UTC),
		"2026-07-01 14:05":     time.Date(2026, 7, 1, 12, 5, 0, 0, time.UTC),
		"2026-07-01T14:05:09Z": time.Date(2026, 7, 1, 14, 5, 9, 0, time.UTC),
	} {
		if got, err := parseTime(s, berlin); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", s, got, err, want)
		}
	}
	if _, err := parseTime("yesterday", berlin); err == nil {
		t.Error("yesterday is taken for a time")
	}
}
