package tax

import (
	"strings"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

var table = Table{
	{Country: "DE", Class: Standard, Name: "VAT", Rate: 190_000, ValidFrom: "2007-01-01"},
	{Country: "DE", Class: Standard, Name: "VAT", Rate: 160_000, ValidFrom: "2020-07-01", ValidTo: "2020-12-31"},
	{Country: "DE", Class: "reduced", Name: "VAT", Rate: 70_000, ValidFrom: "2007-01-01"},
	{Country: "FR", Class: Standard, Name: "TVA", Rate: 200_000, ValidFrom: "2014-01-01"},
	{Country: "US", Region: "NY", Class: Standard, Name: "Sales tax", Rate: 40_000, ValidFrom: "2000-01-01"},
	{Country: "US", Region: "NY", PostalPrefix: "100", Class: Standard, Name: "Sales tax", Rate: 88_750, ValidFrom: "2000-01-01"},
	{Country: "US", Region: "NY", Class: "clothing", Name: "Sales tax", Rate: 0, ValidFrom: "2000-01-01"},
}

func TestDecide(t *testing.T) {
	home, day := "DE", "2026-03-02"
	firm := Buyer{Company: true, VATNumber: "FR 12.345"}
	exempt := Buyer{Company: true, Exempt: true, Certificate: "X-1", Until: "2026-03-02"}
	for _, c := range []struct {
		name   string
		sale   Sale
		class  string
		rate   money.Rate
		reason Reason
		within money.Rate
	}{
		{"a country", Sale{Seller: home, To: PlaceOf("DE", "Berlin", "10119"), Day: day}, Standard, 190_000, ByRate, 0},
		{"its class", Sale{Seller: home, To: PlaceOf("DE", "", ""), Day: day}, "reduced", 70_000, ByRate, 0},
		{"a class without a rate is standard", Sale{Seller: home, To: PlaceOf("DE", "", ""), Day: day}, Shipping, 190_000, ByRate, 0},
		{"a rate for half a year", Sale{Seller: home, To: PlaceOf("DE", "", ""), Day: "2020-12-31"}, Standard, 160_000, ByRate, 0},
		{"and after it", Sale{Seller: home, To: PlaceOf("DE", "", ""), Day: "2021-01-01"}, Standard, 190_000, ByRate, 0},
		{"before any", Sale{Seller: home, To: PlaceOf("DE", "", ""), Day: "2006-12-31"}, Standard, 0, NoRate, 0},
		{"a region by its name", Sale{Seller: home, To: PlaceOf("US", "New York", "12207"), Day: day}, Standard, 40_000, ByRate, 0},
		{"a postal code", Sale{Seller: home, To: PlaceOf("US", "ny", "10 001-1234"), Day: day}, Standard, 88_750, ByRate, 0},
		{"the class counts before the place", Sale{Seller: home, To: PlaceOf("US", "NY", "10001"), Day: day}, "clothing", 0, ByRate, 0},
		{"another region", Sale{Seller: home, To: PlaceOf("US", "OR", "97201"), Day: day}, Standard, 0, NoRate, 0},
		{"a marketplace collects it", Sale{Seller: home, To: PlaceOf("DE", "", ""), Buyer: exempt, Collected: true, Day: day}, Standard, 0, Collected, 0},
		{"a certificate", Sale{Seller: home, To: PlaceOf("DE", "", ""), Buyer: exempt, Day: day}, Standard, 0, Exempt, 190_000},
		{"a certificate that ran out", Sale{Seller: home, To: PlaceOf("DE", "", ""), Buyer: exempt, Day: "2026-03-03"}, Standard, 190_000, ByRate, 0},
		{"a company in another state of the union", Sale{Seller: home, To: PlaceOf("FR", "", "75001"), Buyer: firm, Day: day}, Standard, 0, ReverseCharge, 200_000},
		{"a person there", Sale{Seller: home, To: PlaceOf("FR", "", "75001"), Buyer: Buyer{VATNumber: "FR12345"}, Day: day}, Standard, 200_000, ByRate, 0},
		{"a company at home", Sale{Seller: home, To: PlaceOf("DE", "", ""), Buyer: firm, Day: day}, Standard, 190_000, ByRate, 0},
		{"a number of the seller's own state", Sale{Seller: home, To: PlaceOf("FR", "", ""), Buyer: Buyer{Company: true, VATNumber: "DE123456789"}, Day: day}, Standard, 200_000, ByRate, 0},
		{"a Greek number", Sale{Seller: home, To: PlaceOf("FR", "", ""), Buyer: Buyer{Company: true, VATNumber: "EL123456789"}, Day: day}, Standard, 0, ReverseCharge, 200_000},
		{"a seller outside of the union", Sale{Seller: "CH", To: PlaceOf("FR", "", ""), Buyer: firm, Day: day}, Standard, 200_000, ByRate, 0},
	} {
		d := table.Decide(c.sale, c.class)
		if d.Rate != c.rate || d.Reason != c.reason || d.Within != c.within || d.Note == "" {
			t.Errorf("%s: got %+v, want %d, %s, within %d", c.name, d, c.rate, c.reason, c.within)
		}
	}
	if note := table.Decide(Sale{Seller: home, To: PlaceOf("DE", "", ""), Buyer: exempt, Day: "2026-03-03"}, Standard).Note; !strings.Contains(note, "ran out on 2026-03-02") {
		t.Errorf("the note is %q", note)
	}
}

func TestRates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save := func(rates ...Rate) (out []Rate, err error) {
			err = d.Write(t.Context(), func(tx *db.Tx) (err error) {
				out, err = Save(t.Context(), tx, rates)
				return err
			})
			return out, err
		}
		want := func(err error, code string) {
			t.Helper()
			if code == "" && err != nil || code != "" && !fault.Is(err, code) {
				t.Errorf("got %v, want %q", err, code)
			}
		}
		de := Rate{Country: "Germany", Name: "VAT", Rate: 190_000, ValidFrom: "2007-01-01"}
		saved, err := save(de)
		want(err, "")
		if saved[0].Country != "DE" || saved[0].Class != Standard {
			t.Errorf("saved %+v", saved[0])
		}
		_, err = save(de)
		want(err, "tax.rate_exists")
		_, err = save(Rate{Country: "Nowhere", ValidFrom: "soon", Rate: -1})
		want(err, "tax.invalid")
		changed := saved[0]
		changed.ValidTo, changed.Version = "2026-06-30", 7
		_, err = save(changed)
		want(err, "tax.stale")
		changed.Version = 1
		_, err = save(changed)
		want(err, "")

		rates, err := Read(strings.NewReader("country,region,rate_percent,name,valid_from\nUS,California,7.25,Sales tax,2017-01-01\nUS,OR,0,None,2017-01-01\n"))
		want(err, "")
		_, err = save(rates...)
		want(err, "")
		for _, bad := range []string{"", "land\nDE", "country,rate_percent\nDE,many", "country,rate_percent\nDE,1,2"} {
			_, err := Read(strings.NewReader(bad))
			want(err, "tax.bad_file")
		}
		found, err := TableFor(t.Context(), d, []Place{PlaceOf("US", "CA", ""), PlaceOf("US", "TX", ""), PlaceOf("DE", "", "")})
		want(err, "")
		if len(found) != 2 { // not Oregon's
			t.Errorf("found %+v", found)
		}
		page, next, err := List(t.Context(), d, Filter{Country: "US", On: "2020-01-01", Limit: 1})
		want(err, "")
		if len(page) != 1 || page[0].Region != "CA" || page[0].Rate != 72_500 || next == "" {
			t.Errorf("the page is %+v, next %q", page, next)
		}
		want(d.Write(t.Context(), func(tx *db.Tx) error { return Remove(t.Context(), tx, page[0].ID, 1) }), "")
		_, err = Get(t.Context(), d, page[0].ID)
		want(err, "tax.not_found")
	})
}
