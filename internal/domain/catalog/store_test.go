package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

// inTx runs f in a transaction that must succeed.
func inTx(t *testing.T, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// save saves products, all of which must be taken.
func save(t *testing.T, d *db.DB, inputs ...catalog.ProductInput) []catalog.ProductResult {
	t.Helper()
	results := try(t, d, inputs...)
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("%d: %v", i, r.Err)
		}
	}
	verify(t, d)
	return results
}

func try(t *testing.T, d *db.DB, inputs ...catalog.ProductInput) (results []catalog.ProductResult) {
	t.Helper()
	inTx(t, d, func(tx *db.Tx) (err error) {
		results, err = catalog.SaveProducts(t.Context(), tx, inputs)
		return err
	})
	return results
}

func verify(t *testing.T, d *db.DB) {
	t.Helper()
	err := catalog.Verify(t.Context(), d, func(x check.Difference) { t.Error(x) })
	if err != nil {
		t.Fatal(err)
	}
}

func outcomes(results []catalog.ProductResult) string {
	var words []string
	for _, r := range results {
		words = append(words, string(r.Outcome))
	}
	return strings.Join(words, " ")
}

func eur(price money.Micros) []catalog.PriceInput {
	return []catalog.PriceInput{{Currency: "EUR", Amount: &price}}
}

// tea is a product with two variants and everything a variant can have.
func tea() catalog.ProductInput {
	return catalog.ProductInput{
		Title: new("Grüner Tee"), Brand: new("Löwe"), Category: new("Drinks > Tea"), Options: new([]string{"Size"}),
		Tags: new([]string{"R&D", "new"}), Custom: map[string]any{"caffeine": 30},
		Variants: []catalog.VariantInput{
			{
				SKU: "TEA-S", Options: new([]string{"S"}), Cost: new(money.Micros(2_500_000)), WeightGrams: new(int64(100)),
				HSCode: new("0902.10"), OriginCountry: new("China"), Prices: eur(5_000_000),
				Barcodes: new([]catalog.BarcodeInput{{Code: "036000291452"}, {Code: "CASE-TEA", Quantity: 12}}),
				Purchase: new([]catalog.PurchaseInput{{Supplier: "Import AG", Currency: "CHF", Amount: 2_000_000, Preferred: true}}),
			},
			{SKU: "TEA-L", Options: new([]string{"L"}), Prices: eur(9_000_000)},
		},
	}
}

func set() catalog.ProductInput {
	return catalog.ProductInput{Title: new("Tea set"), Variants: []catalog.VariantInput{{
		SKU: "SET", Kind: new(catalog.Kit), Components: new([]catalog.ComponentInput{{SKU: "TEA-S", Quantity: 2}, {SKU: "TEA-L"}}),
	}}}
}

func TestSaveIsIdempotent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if got := outcomes(save(t, d, set(), tea())); got != "created created" { // the kit names a later product
			t.Fatal(got)
		}
		count := func() (n int) {
			for _, table := range []string{"event", "audit"} {
				var m int
				if err := d.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&m); err != nil {
					t.Fatal(err)
				}
				n += m
			}
			return n
		}
		before := count()
		if got := outcomes(save(t, d, tea(), set())); got != "unchanged unchanged" {
			t.Error(got)
		}
		if after := count(); after != before {
			t.Errorf("saving the same again recorded %d changes", after-before)
		}
	})
}

func TestExportRoundTripChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save(t, d, tea(), set())
		products, next, err := catalog.ListProducts(t.Context(), d, catalog.Filter{}, catalog.Page{})
		if err != nil || len(products) != 2 || next != "" {
			t.Fatal(products, next, err)
		}
		inputs, err := catalog.Inputs(t.Context(), d, products)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcomes(save(t, d, inputs...)); got != "unchanged unchanged" {
			t.Errorf("into the same database: %s", got)
		}
		other := dbtest.SQLite(t)
		if got := outcomes(save(t, other, inputs...)); got != "created created" {
			t.Errorf("into another database: %s", got)
		}
	})
}

func TestSaveChangesOnlyWhatIsGiven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		made := save(t, d, tea())[0]
		save(t, d, catalog.ProductInput{Handle: made.Handle, Title: new("Green tea"), Custom: map[string]any{"caffeine": nil, "organic": true}})
		p, err := catalog.GetProduct(t.Context(), d, made.Product)
		if err != nil {
			t.Fatal(err)
		}
		if p.Title != "Green tea" || p.Brand != "Löwe" || p.CategoryID.IsZero() || p.Version != 2 || len(p.Custom.V) != 1 || p.Custom.V["organic"] != true {
			t.Errorf("%+v", p)
		}
		found, _, err := catalog.ListVariants(t.Context(), d, catalog.Filter{Text: "GREEN lowe"}, catalog.Page{})
		if err != nil || len(found) != 2 {
			t.Errorf("a new title is not searched: %v, %v", found, err)
		}
		events, err := event.Of(t.Context(), d, made.Product, 10)
		if err != nil || len(events) != 2 || events[1].Kind != "product.changed" || !strings.Contains(string(events[1].Body), `"title"`) {
			t.Errorf("%s, %v", events, err)
		}
	})
}

func TestAuditKeepsBeforeAndAfterAndEventsNoCost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v := save(t, d, tea())[0].Variants[0]
		save(t, d, catalog.ProductInput{Variants: []catalog.VariantInput{{SKU: "TEA-S", Cost: new(money.Micros(3_456_789))}}})
		entries, err := audit.List(t.Context(), d, audit.Filter{ObjectKind: "variant", Object: v.String(), Limit: 9})
		if err != nil || len(entries) != 1 {
			t.Fatal(entries, err)
		}
		before, after := fmt.Sprint(entries[0].Before.V), fmt.Sprint(entries[0].After.V)
		if !strings.Contains(before, "cost:2.5") || !strings.Contains(after, "cost:3.456789") {
			t.Errorf("from %s to %s", before, after)
		}
		events, err := event.Of(t.Context(), d, v, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if strings.Contains(string(e.Body), "3.456789") {
				t.Errorf("an event shows the cost: %s", e.Body)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	variant := func(v catalog.VariantInput) catalog.ProductInput {
		return catalog.ProductInput{Title: new("New"), Variants: []catalog.VariantInput{v}}
	}
	parts := func(kind catalog.Kind, components ...catalog.ComponentInput) catalog.ProductInput {
		return variant(catalog.VariantInput{SKU: "X", Kind: &kind, Components: &components})
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save(t, d, tea(), set())
		made := save(t, d, catalog.ProductInput{Title: new("Ticket"), Variants: []catalog.VariantInput{{SKU: "DIGI", Kind: new(catalog.Digital)}}})
		for name, test := range map[string]struct {
			in    catalog.ProductInput
			field string
		}{
			"no title":              {catalog.ProductInput{Variants: []catalog.VariantInput{{SKU: "X"}}}, "title"},
			"no SKU":                {variant(catalog.VariantInput{}), "variants[0].sku"},
			"SKU twice":             {catalog.ProductInput{Title: new("a"), Variants: []catalog.VariantInput{{SKU: "X"}, {SKU: "X"}}}, "variants[1].sku"},
			"another's SKU":         {catalog.ProductInput{Handle: "fresh", Title: new("a"), Variants: []catalog.VariantInput{{SKU: "TEA-S"}}}, "variants[0].sku"},
			"another's barcode":     {variant(catalog.VariantInput{SKU: "X", Barcodes: new([]catalog.BarcodeInput{{Code: "0036000291452"}})}), "variants[0].barcodes[0].code"},
			"bad check digit":       {variant(catalog.VariantInput{SKU: "X", Barcodes: new([]catalog.BarcodeInput{{Code: "036000291453", Kind: "upc"}})}), "variants[0].barcodes[0].code"},
			"negative weight":       {variant(catalog.VariantInput{SKU: "X", WeightGrams: new(int64(-1))}), "variants[0].weight_grams"},
			"unknown country":       {variant(catalog.VariantInput{SKU: "X", OriginCountry: new("Atlantis")}), "variants[0].origin_country"},
			"unknown kind":          {variant(catalog.VariantInput{SKU: "X", Kind: new(catalog.Kind("thing"))}), "variants[0].kind"},
			"kind changed":          {catalog.ProductInput{Variants: []catalog.VariantInput{{SKU: "TEA-S", Kind: new(catalog.Kit)}}}, "variants[0].kind"},
			"more options":          {variant(catalog.VariantInput{SKU: "X", Options: new([]string{"S"})}), "variants[0].options"},
			"unknown component":     {parts(catalog.Kit, catalog.ComponentInput{SKU: "NONE"}), "variants[0].components[0].sku"},
			"nested kit":            {parts(catalog.Kit, catalog.ComponentInput{SKU: "SET"}), "variants[0].components[0].sku"},
			"kit of itself":         {parts(catalog.Kit, catalog.ComponentInput{SKU: "X"}), "variants[0].components[0].sku"},
			"component twice":       {parts(catalog.Kit, catalog.ComponentInput{SKU: "TEA-S"}, catalog.ComponentInput{SKU: "TEA-S"}), "variants[0].components[1].sku"},
			"digital component":     {parts(catalog.Kit, catalog.ComponentInput{SKU: "DIGI"}), "variants[0].components[0].sku"},
			"stocked of components": {parts(catalog.Stocked, catalog.ComponentInput{SKU: "TEA-S"}), "variants[0].components"},
			"negative price":        {variant(catalog.VariantInput{SKU: "X", Prices: eur(-1)}), "variants[0].prices[0].amount"},
			"unknown currency":      {variant(catalog.VariantInput{SKU: "X", Prices: []catalog.PriceInput{{Currency: "EURO"}}}), "variants[0].prices[0].currency"},
			"no currency":           {variant(catalog.VariantInput{SKU: "X", Prices: []catalog.PriceInput{{}}}), "variants[0].prices[0].currency"},
			"unknown list":          {variant(catalog.VariantInput{SKU: "X", Prices: []catalog.PriceInput{{List: "vip"}}}), "variants[0].prices[0].list"},
			"handle of another":     {catalog.ProductInput{ID: made[0].Product, Handle: "tea-set"}, "handle"},
			"bad picture":           {catalog.ProductInput{Title: new("a"), Images: new([]catalog.Image{{URL: "javascript:alert(1)"}})}, "images[0].url"},
		} {
			results := try(t, d, test.in, catalog.ProductInput{Title: new("Good " + name), Variants: []catalog.VariantInput{{SKU: "GOOD " + name}}})
			refused, ok := fault.As(results[0].Err)
			if !ok || refused.Fields[test.field] == "" || results[0].Outcome != catalog.Refused {
				t.Errorf("%s: %v", name, results[0])
			}
			if results[1].Outcome != catalog.Created {
				t.Errorf("%s: the good one beside it was %s: %v", name, results[1].Outcome, results[1].Err)
			}
		}
		if found, err := catalog.BySKU(t.Context(), d, []string{"X"}); err != nil || len(found) > 0 {
			t.Errorf("something refused was saved: %v, %v", found, err)
		}
		verify(t, d)
	})
}

func TestStaleVersionIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		made := save(t, d, tea())[0]
		save(t, d, catalog.ProductInput{ID: made.Product, Version: 1, Brand: new("Other")})
		r := try(t, d, catalog.ProductInput{ID: made.Product, Version: 1, Brand: new("Mine")})[0]
		if fault.KindOf(r.Err) != fault.Stale {
			t.Errorf("%v", r.Err)
		}
	})
}

func TestFindAndScan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save(t, d, tea(), catalog.ProductInput{Title: new("Cases"), Variants: []catalog.VariantInput{
			{SKU: "abc"}, {SKU: "ABC"}, {SKU: "Solo"},
			{SKU: "036000291452"}, // looks like the barcode of the tea
		}})
		type find func(context.Context, db.Reader, string) (catalog.Variant, int64, error)
		for _, test := range []struct {
			f    find
			code string
			sku  string
			per  int64
			err  string
		}{
			{catalog.Find, "abc", "abc", 1, ""},
			{catalog.Find, "Abc", "", 0, "catalog.ambiguous_code"},
			{catalog.Find, " solo ", "Solo", 1, ""},
			{catalog.Find, "CASE-TEA", "TEA-S", 12, ""},
			{catalog.Find, "0036000291452", "TEA-S", 1, ""},
			{catalog.Find, "036000291452", "036000291452", 1, ""},
			{catalog.Scan, "036000291452", "TEA-S", 1, ""},
			{catalog.Scan, "solo", "Solo", 1, ""},
			{catalog.Find, "nothing", "", 0, "catalog.unknown_code"},
			{catalog.Scan, "", "", 0, "catalog.unknown_code"},
		} {
			v, per, err := test.f(t.Context(), d, test.code)
			if v.SKU != test.sku || per != test.per || (err != nil) != (test.err != "") || err != nil && !fault.Is(err, test.err) {
				t.Errorf("%q: %s x %d, %v; want %s x %d, %s", test.code, v.SKU, per, err, test.sku, test.per, test.err)
			}
		}
	})
}

func TestListsFilterAndPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save(t, d, tea(), set())
		all, err := catalog.Categories(t.Context(), d)
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		no := false
		for name, test := range map[string]struct {
			f    catalog.Filter
			want string
		}{
			"all":            {catalog.Filter{}, "SET TEA-L TEA-S"},
			"upper category": {catalog.Filter{Category: all[0].ID}, "TEA-L TEA-S"},
			"tag":            {catalog.Filter{Tag: "R&D"}, "TEA-L TEA-S"},
			"other tag":      {catalog.Filter{Tag: "R"}, ""},
			"brand":          {catalog.Filter{Brand: "Löwe"}, "TEA-L TEA-S"},
			"kind":           {catalog.Filter{Kind: catalog.Kit}, "SET"},
			"inactive":       {catalog.Filter{Active: &no}, ""},
			"words":          {catalog.Filter{Text: "tee gruner"}, "TEA-L TEA-S"},
			"barcode":        {catalog.Filter{Text: "036000291452"}, "TEA-S"},
			"wildcards":      {catalog.Filter{Text: "%"}, ""},
			"status":         {catalog.Filter{Status: catalog.Archived}, ""},
		} {
			var got []string
			page := catalog.Page{Limit: 1}
			for {
				part, next, err := catalog.ListVariants(t.Context(), d, test.f, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range part {
					got = append(got, v.SKU)
				}
				if page.After = next; next == "" {
					break
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != test.want {
				t.Errorf("%s: %v, want %s", name, got, test.want)
			}
			if _, _, err := catalog.ListProducts(t.Context(), d, test.f, page); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestPricesFallBackByListAndQuantity(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v := save(t, d, tea())[0].Variants
		now := time.Now()
		var vip, sale catalog.PriceList
		inTx(t, d, func(tx *db.Tx) (err error) {
			if vip, err = catalog.SavePriceList(t.Context(), tx, catalog.PriceList{Code: "vip", Name: "VIP", Currency: "EUR"}); err != nil {
				return err
			}
			sale, err = catalog.SavePriceList(t.Context(), tx, catalog.PriceList{Code: "sale", Name: "Sale", Currency: "EUR", StartsAt: now, EndsAt: now.Add(time.Hour)})
			return err
		})
		price := func(l id.PriceList, variant id.Variant, from int64, amount money.Micros) catalog.PriceChange {
			return catalog.PriceChange{List: l, Variant: variant, MinQuantity: from, Amount: &amount}
		}
		inTx(t, d, func(tx *db.Tx) error {
			n, err := catalog.SetPrices(t.Context(), tx, []catalog.PriceChange{
				price(vip.ID, v[0], 10, 4_000_000), price(vip.ID, v[0], 100, 3_000_000), price(sale.ID, v[0], 0, 1_000_000),
			})
			if n != 3 {
				t.Errorf("%d prices were changed", n)
			}
			return err
		})
		at := func(variant id.Variant, quantity int64, at time.Time, currency money.Currency, lists ...id.PriceList) string {
			prices, err := catalog.Prices(t.Context(), d, []id.Variant{variant}, lists, currency, at)
			if err != nil {
				t.Fatal(err)
			}
			p, ok := catalog.PriceAt(prices[variant], quantity)
			if !ok {
				return "none"
			}
			return p.String()
		}
		for _, test := range []struct{ got, want string }{
			{at(v[0], 1, now, "EUR"), "5"},
			{at(v[0], 9, now, "EUR", vip.ID), "5"},
			{at(v[0], 10, now, "EUR", vip.ID), "4"},
			{at(v[0], 1000, now, "EUR", vip.ID), "3"},
			{at(v[1], 1000, now, "EUR", vip.ID), "9"},
			{at(v[0], 1, now.Add(time.Minute), "EUR", sale.ID, vip.ID), "1"},
			{at(v[0], 1000, now.Add(time.Minute), "EUR", vip.ID, sale.ID), "3"},
			{at(v[0], 1, now.Add(-time.Minute), "EUR", sale.ID), "5"},
			{at(v[0], 1, now.Add(time.Hour), "EUR", sale.ID), "5"},
			{at(v[0], 1, now, "USD", vip.ID), "none"},
		} {
			if test.got != test.want {
				t.Errorf("%s, want %s", test.got, test.want)
			}
		}
	})
}

func TestPriceChangesAreRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		v := save(t, d, tea())[0].Variants[0]
		if got := outcomes(save(t, d, catalog.ProductInput{Variants: []catalog.VariantInput{{SKU: "TEA-S", Prices: eur(6_000_000)}}})); got != "updated" {
			t.Error(got)
		}
		save(t, d, catalog.ProductInput{Variants: []catalog.VariantInput{{SKU: "TEA-S", Prices: []catalog.PriceInput{{Currency: "EUR"}}}}})
		events, err := event.Of(t.Context(), d, v, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			if e.Kind != "price.changed" {
				continue
			}
			var body struct{ Before, After string }
			if err := json.Unmarshal(e.Body, &body); err != nil {
				t.Fatal(err)
			}
			got = append(got, body.Before+"-"+body.After)
		}
		if want := []string{"-5", "5-6", "6-"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if prices, err := catalog.AllPrices(t.Context(), d, []id.Variant{v}); err != nil || len(prices) != 0 {
			t.Errorf("%v, %v", prices, err)
		}
	})
}

func TestOneBaseListPerCurrency(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		try := func(l catalog.PriceList) error {
			return d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := catalog.SavePriceList(t.Context(), tx, l)
				return err
			})
		}
		if err := try(catalog.PriceList{Code: "a", Name: "A", Currency: "JPY", Base: true}); err != nil {
			t.Fatal(err)
		}
		if err := try(catalog.PriceList{Code: "b", Name: "B", Currency: "JPY", Base: true}); !fault.Is(err, "catalog.second_base_list") {
			t.Errorf("a second base list: %v", err)
		}
		if err := try(catalog.PriceList{Code: "A", Name: "B", Currency: "JPY"}); !fault.Is(err, "catalog.price_list_exists") {
			t.Errorf("a code twice: %v", err)
		}
		if err := try(catalog.PriceList{Currency: "XXX-"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("nothing: %v", err)
		}
	})
}

func TestCategoriesMoveWithAllBelow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var made map[string]catalog.Category
		inTx(t, d, func(tx *db.Tx) (err error) {
			made, err = catalog.EnsureCategories(t.Context(), tx, []string{"Drinks > Tea > Green", "Food", "Drinks>Tea"})
			return err
		})
		food, drinks, green := made["Food"], made["Drinks>Tea"].ParentID, made["Drinks > Tea > Green"]
		write := func(c catalog.Category) error {
			return d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := catalog.SaveCategory(t.Context(), tx, c)
				return err
			})
		}
		if err := write(catalog.Category{ID: drinks, ParentID: food.ID, Name: "Getränke"}); err != nil {
			t.Fatal(err)
		}
		all, err := catalog.Categories(t.Context(), d)
		if err != nil || len(all) != 4 || all[3].ID != green.ID || all[3].Slug != "food/getranke/tea/green" {
			t.Errorf("%+v, %v", all, err)
		}
		verify(t, d)
		if err := write(catalog.Category{ID: food.ID, ParentID: green.ID, Name: "Food"}); !fault.Is(err, "catalog.category_loop") {
			t.Errorf("below itself: %v", err)
		}
		if err := write(catalog.Category{Name: "FOOD"}); !fault.Is(err, "catalog.category_exists") {
			t.Errorf("twice: %v", err)
		}
		err = d.Write(t.Context(), func(tx *db.Tx) error { return catalog.DeleteCategory(t.Context(), tx, food.ID) })
		if !fault.Is(err, "catalog.category_in_use") {
			t.Errorf("deleted although in use: %v", err)
		}
		inTx(t, d, func(tx *db.Tx) error { return catalog.DeleteCategory(t.Context(), tx, green.ID) })
	})
}

func TestChangeKind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save(t, d, tea(), set())
		found, err := catalog.BySKU(t.Context(), d, []string{"SET", "TEA-S"})
		if err != nil {
			t.Fatal(err)
		}
		change := func(v id.Variant, k catalog.Kind) error {
			return d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := catalog.ChangeKind(t.Context(), tx, v, k)
				return err
			})
		}
		if err := change(found["TEA-S"].ID, catalog.Service); !fault.Is(err, "catalog.is_component") {
			t.Errorf("a component became a service: %v", err)
		}
		if err := change(found["SET"].ID, catalog.Stocked); err != nil {
			t.Fatal(err)
		}
		if of, err := catalog.Components(t.Context(), d, []id.Variant{found["SET"].ID}); err != nil || len(of) > 0 {
			t.Errorf("a stocked variant has components: %v, %v", of, err)
		}
		if err := change(found["TEA-S"].ID, catalog.Service); err != nil {
			t.Errorf("out of the kit: %v", err)
		}
		verify(t, d)
	})
}

func TestLargeBatches(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		batch := make([]catalog.ProductInput, 300)
		for i := range batch {
			sku := fmt.Sprint("SKU-", i)
			batch[i] = catalog.ProductInput{Title: new("Product"), Category: new("A > B"), Variants: []catalog.VariantInput{{
				SKU: sku, Prices: eur(money.Micros(i)), Barcodes: new([]catalog.BarcodeInput{{Code: "B" + sku}}),
			}}}
		}
		for i, r := range save(t, d, batch...) {
			if r.Outcome != catalog.Created {
				t.Fatal(i, r)
			}
		}
		for i, r := range save(t, d, batch...) {
			if r.Outcome != catalog.Unchanged {
				t.Fatal(i, r)
			}
		}
	})
}

func TestParallelSavesOfTheSameProductDoNotClash(t *testing.T) {
	d := dbtest.Postgres(t)
	const workers = 8
	errs := make(chan error, workers)
	for range workers {
		go func() {
			errs <- d.Write(t.Context(), func(tx *db.Tx) error {
				results, err := catalog.SaveProducts(t.Context(), tx, []catalog.ProductInput{set(), tea()})
				for _, r := range results {
					err = errors.Join(err, r.Err)
				}
				return err
			})
		}()
	}
	for range workers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	products, _, err := catalog.ListProducts(t.Context(), d, catalog.Filter{}, catalog.Page{})
	if err != nil || len(products) != 2 {
		t.Errorf("%d products, %v", len(products), err)
	}
	verify(t, d)
}

// overlap runs first, and second in a transaction that begins before the first
// one's ends and has come as far as it can by then. Both must succeed.
func overlap(t *testing.T, d *db.DB, first, second func(tx *db.Tx) error) {
	t.Helper()
	done := make(chan error, 1)
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		go func() { done <- d.Write(t.Context(), second) }()
		for len(done) == 0 {
			var waiting int
			err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
			if err != nil || waiting > 0 {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
}

func TestTwoChangesOfAProductBothCount(t *testing.T) {
	d := dbtest.Postgres(t)
	made := save(t, d, tea())[0]
	change := func(in catalog.ProductInput) func(tx *db.Tx) error {
		return func(tx *db.Tx) error {
			in.ID = made.Product
			_, err := catalog.SaveProduct(t.Context(), tx, in)
			return err
		}
	}
	overlap(t, d, change(catalog.ProductInput{Title: new("New title")}), change(catalog.ProductInput{Brand: new("New brand")}))
	p, err := catalog.GetProduct(t.Context(), d, made.Product)
	if err != nil || p.Title != "New title" || p.Brand != "New brand" || p.Version != 3 {
		t.Errorf("%+v, %v", p, err)
	}
	overlap(t, d,
		change(catalog.ProductInput{Variants: []catalog.VariantInput{{SKU: "KIT", Kind: new(catalog.Kit), Components: new([]catalog.ComponentInput{{SKU: "TEA-S"}})}}}),
		func(tx *db.Tx) error {
			_, err := catalog.ChangeKind(t.Context(), tx, made.Variants[0], catalog.Service)
			if !fault.Is(err, "catalog.is_component") {
				t.Errorf("a component became a service: %v", err)
			}
			return nil
		})
	verify(t, d)
}
