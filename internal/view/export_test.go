package view_test

import (
	"strconv"
	"testing"
	"time"

	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/view"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// collect gathers what an export hands on.
func collect[T any](t *testing.T, export func(fn func(T) error) error) []T {
	t.Helper()
	var out []T
	err := export(func(v T) error {
		out = append(out, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProductsExportedAndSavedChangeNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		inputs := collect(t, func(fn func(catalog.ProductInput) error) error { return view.EachProduct(t.Context(), d, fn) })
		if len(inputs) != 3 {
			t.Fatalf("%d products, want 3", len(inputs))
		}
		s.write(func(tx *db.Tx) error {
			results, err := catalog.SaveProducts(s.ctx, tx, inputs)
			for _, r := range results {
				if r.Outcome != catalog.Unchanged {
					t.Errorf("%s is %s, %v", r.Handle, r.Outcome, r.Err)
				}
			}
			return err
		})
	})
}

func TestProductRowsLeaveOutWhatTheColumnsCannotHold(t *testing.T) {
	text, number, yes, cost := "x", int64(0), true, money.Micros(1)
	status, kind := catalog.Active, catalog.Kit
	base := func() catalog.ProductInput {
		return catalog.ProductInput{
			Handle: "x", Title: &text, Description: &text, Brand: &text, Category: &text, Status: &status,
			Options: &[]string{}, Tags: &[]string{"a", "b"}, Images: &[]catalog.Image{},
			Variants: []catalog.VariantInput{{
				SKU: "X", Title: &text, Options: &[]string{}, Kind: &kind, TaxClass: &text, Backorder: &yes, Cost: &cost, WeightGrams: &number,
				HSCode: &text, OriginCountry: &text, Barcodes: &[]catalog.BarcodeInput{}, Components: &[]catalog.ComponentInput{},
			}},
		}
	}
	for name, c := range map[string]struct {
		change func(in *catalog.ProductInput)
		cell   func(r view.ProductRow) string
		want   string
		left   int
	}{
		"tags":         {func(*catalog.ProductInput) {}, func(r view.ProductRow) string { return r.Tags }, "a, b", 0},
		"a comma":      {func(in *catalog.ProductInput) { in.Tags = &[]string{"a,b"} }, func(r view.ProductRow) string { return r.Tags }, "", 1},
		"an EAN":       {barcode("4006381333931", "ean", 1), func(r view.ProductRow) string { return r.Barcodes }, "4006381333931", 0},
		"a UPC":        {barcode("0036000291452", "upc", 1), func(r view.ProductRow) string { return r.Barcodes }, "036000291452", 0},
		"a case":       {barcode("4006381333931", "case", 12), func(r view.ProductRow) string { return r.Barcodes }, "", 1},
		"a plain code": {barcode("SHELF-7", "other", 1), func(r view.ProductRow) string { return r.Barcodes }, "SHELF-7", 0},
		"a kit":        {component(2, 2), func(r view.ProductRow) string { return r.Components }, "CUP:2", 0},
		"a priced kit": {component(2, 50), func(r view.ProductRow) string { return r.Components }, "", 1},
		"a picture": {func(in *catalog.ProductInput) { in.Images = &[]catalog.Image{{URL: "https://example.org/x.png"}} },
			func(r view.ProductRow) string { return r.Image }, "https://example.org/x.png", 0},
		"two pictures of one variant": {func(in *catalog.ProductInput) { in.Images = &[]catalog.Image{{URL: "a"}, {URL: "b"}} },
			func(r view.ProductRow) string { return r.Image }, "", 1},
		"four options": {func(in *catalog.ProductInput) { in.Options = &[]string{"a", "b", "c", "d"} },
			func(r view.ProductRow) string { return r.Option1Name }, "", 1},
		"a list price": {func(in *catalog.ProductInput) {
			in.Variants[0].Prices = []catalog.PriceInput{{List: "vip", MinQuantity: 1, Amount: ptr(money.Micros(1))},
				{Currency: "USD", MinQuantity: 1, Amount: ptr(money.Micros(2_000_000))}, {Currency: "EUR", MinQuantity: 10, Amount: ptr(money.Micros(3))},
				{Currency: "EUR", MinQuantity: 1, Amount: ptr(money.Micros(1_250_000))}}
		}, func(r view.ProductRow) string { return string(r.Price) + " " + string(r.Currency) }, "1.25 EUR", 0},
	} {
		in := base()
		c.change(&in)
		rows, left := view.ProductRows(in, "EUR")
		if got := c.cell(rows[0]); got != c.want || left != c.left {
			t.Errorf("%s: %q with %d cells left, want %q with %d", name, got, left, c.want, c.left)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func barcode(code, kind string, quantity int64) func(*catalog.ProductInput) {
	return func(in *catalog.ProductInput) {
		in.Variants[0].Barcodes = &[]catalog.BarcodeInput{{Code: code, Kind: kind, Quantity: quantity}}
	}
}

func component(quantity, weight int64) func(*catalog.ProductInput) {
	return func(in *catalog.ProductInput) {
		in.Variants[0].Components = &[]catalog.ComponentInput{{SKU: "CUP", Quantity: quantity, PriceWeight: weight}}
	}
}

func TestStockExportHasTheMovingAverageAndNoGoodsInTransit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.receive("MUG", 20, 6_000_000)
		s.send("MUG", 4)
		rows := collect(t, func(fn func(view.StockRow) error) error { return view.EachStock(t.Context(), d, "EUR", fn) })
		if len(rows) != 3 {
			t.Fatalf("%d rows, want the mugs in Berlin and Munich and the tea: %+v", len(rows), rows)
		}
		if r := rows[0]; r.SKU != "MUG" || r.Location != "BER" || r.Quantity != 36 || r.Bin != "A-01" || r.Cost != "5.5" || r.Currency != "EUR" {
			t.Errorf("the mugs in Berlin are %+v", r)
		}
		if r := rows[1]; r.Location != "MUC" || r.Quantity != 0 || r.Incoming != 4 {
			t.Errorf("the mugs in Munich are %+v", r)
		}
	})
}

func TestOrderRowsSumToTheOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(func(d *order.Draft) {
			d.Discounts = []order.DraftDiscount{{Kind: order.DiscountPercent, Rate: 100_000, Code: "TEN"}}
			d.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Parcel", Amount: 490, TaxRate: 190_000}}
			d.Tags = []string{"gift"}
		}, item{"MUG", 2, 12_500_000}, item{"SET", 1, 30_000_000})
		s.place(nil, item{"MUG", 1, 12_500_000})
		s.pay(o)
		s.ship(o)
		all := collect(t, func(fn func(view.ExportedOrder) error) error {
			return view.EachOrder(t.Context(), d, view.Period{}, fn)
		})
		if len(all) != 2 || all[0].ID != o.ID {
			t.Fatalf("%d orders, want two, the older first", len(all))
		}
		rows := view.OrderRows(all[0])
		if len(rows) != 2 {
			t.Fatalf("%d rows, want one for the mugs and one for the kit", len(rows))
		}
		if r := rows[0]; r.Number != o.Number || r.Total != "54.40" || r.Shipping != "4.90" || r.Discount != "5.50" || r.DiscountCode != "TEN" ||
			r.Paid != "54.40" || r.Balance != "0.00" || r.Tags != "gift" || r.CustomerNumber != "C-7" || r.ShipCity != "Berlin" || r.Channel != "manual" {
			t.Errorf("the first row is %+v", r)
		}
		if r := rows[1]; r.SKU != "SET" || r.LineKind != "kit" || r.Fulfilled != 1 || r.Total != "" || r.ShipCity != "" || r.Number != o.Number ||
			r.UnitPrice != "30" || r.OrderShare != "3.00" || r.LineTotal != "27.00" || r.TaxRate != "19" {
			t.Errorf("the kit's row is %+v", r)
		}
	})
}

func TestExportsKeepToThePeriodInTheCompanysDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		// 23:30 in UTC is the next day in Berlin.
		s.now = time.Date(2026, 3, 3, 23, 30, 0, 0, time.UTC)
		o := s.place(nil, item{"MUG", 2, 10_000_000})
		s.pay(o)
		s.ship(o)
		zone, err := time.LoadLocation("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		counts := map[string]func(p view.Period) int{
			"orders": func(p view.Period) int {
				return len(collect(t, func(fn func(view.ExportedOrder) error) error { return view.EachOrder(ctx, d, p, fn) }))
			},
			"invoices": func(p view.Period) int {
				return len(collect(t, func(fn func(view.InvoiceRow) error) error { return view.EachInvoiceLine(ctx, d, "EUR", p, fn) }))
			},
			"postings": func(p view.Period) int {
				return len(collect(t, func(fn func(view.PostingRow) error) error { return view.EachPosting(ctx, d, "EUR", p, fn) }))
			},
			"events": func(p view.Period) int {
				return len(collect(t, func(fn func(view.EventRow) error) error { return view.EachEvent(ctx, d, d.Postgres(), p, zone, fn) }))
			},
			"customers": func(p view.Period) int {
				return len(collect(t, func(fn func(view.CustomerRow) error) error { return view.EachCustomer(ctx, d, p, zone, fn) }))
			},
		}
		for name, count := range counts {
			on, off := view.Period{From: "2026-03-04", To: "2026-03-04"}, view.Period{From: "2026-03-03", To: "2026-03-03"}
			if name == "customers" {
				on, off = view.Period{To: "2026-03-02"}, view.Period{From: "2026-03-03"}
			}
			if count(on) == 0 {
				t.Errorf("no %s in the days %v", name, on)
			}
			if n := count(off); n != 0 {
				t.Errorf("%d %s in the days %v, want none", n, name, off)
			}
		}
		wantCode(t, view.Period{From: "2026-3-1"}.Check(), "export.bad_period")
		wantCode(t, view.Period{From: "2026-03-02", To: "2026-03-01"}.Check(), "export.bad_period")
	})
}

func TestJournalExportBalancesInItsColumns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(nil, item{"MUG", 2, 10_000_000})
		s.pay(o)
		s.ship(o)
		sums := map[string]int64{}
		rows := collect(t, func(fn func(view.PostingRow) error) error {
			return view.EachPosting(t.Context(), d, "EUR", view.Period{}, fn)
		})
		for _, r := range rows {
			debit, err1 := money.Parse(string(r.BaseDebit), "EUR")
			credit, err2 := money.Parse(string(r.BaseCredit), "EUR")
			if err1 != nil || err2 != nil || debit != 0 && credit != 0 || r.AccountName == "" {
				t.Errorf("the posting %+v is none", r)
			}
			sums[r.Entry.String()] += debit - credit
		}
		if len(rows) == 0 {
			t.Error("no postings")
		}
		for entry, sum := range sums {
			if sum != 0 {
				t.Errorf("%s is off by %d", entry, sum)
			}
		}
	})
}

func TestInvoiceTotalsStandOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(nil, item{"MUG", 2, 10_000_000}, item{"TEA", 1, 5_000_000})
		s.pay(o)
		s.ship(o)
		rows := collect(t, func(fn func(view.InvoiceRow) error) error {
			return view.EachInvoiceLine(t.Context(), d, "EUR", view.Period{}, fn)
		})
		if len(rows) != 2 || rows[0].InvoiceTotal != "25.00" || rows[1].InvoiceTotal != "" || rows[0].OrderNumber != itoa(o.Number) {
			t.Errorf("the lines are %+v", rows)
		}
	})
}
