package geo

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func collect(r io.Reader) (rows []PostalCode, bad []string) {
	for p, err := range Import(r) {
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		rows = append(rows, p)
	}
	return rows, bad
}

func TestImportGeoNames(t *testing.T) {
	file := "\uFEFFDE\t01067\tDresden\tSachsen\tSN\t\t\tDresden\t14612\t51.0577\t13.7176\t6\r\n" +
		"\n" +
		"GB\tSW1A\tLondon\tEngland\tENG\t\t\t\t\t51.5\t-0.13\t4\n" +
		"DE\t01069\n" +
		"ZZ\t1\tNowhere\t\t\t\t\t\t\t1\t1\t1\n" +
		"DE\t---\tNowhere\t\t\t\t\t\t\t1\t1\t1\n" +
		"DE\t01069\tDresden\t\t\t\t\t\t\t\t13.7\t1\n" +
		"DE\t01069\tDresden\t\t\t\t\t\t\t91\t13.7\t1\n" +
		"DE\t01069\tDresden\t\t\t\t\t\t\t51\tNaN\t1\n" +
		"DE\t01069\tDresden\t\t\t\t\t\t\t0\t0\t1\n" +
		"DE\t1069\tDresden\tSachsen\t\t\t\t\t\t51.04\t13.74\t" // no line end
	rows, bad := collect(strings.NewReader(file))
	wantRows := []PostalCode{
		{"DE", "01067", "Dresden", "SN", Point{51.0577, 13.7176}},
		{"GB", "SW1A", "London", "ENG", Point{51.5, -0.13}},
		{"DE", "01069", "Dresden", "Sachsen", Point{51.04, 13.74}},
	}
	wantBad := []string{
		`line 4: 2 columns, expected 12`,
		`line 5: no country "ZZ"`,
		`line 6: no postal code "---"`,
		`line 7: latitude is missing`,
		`line 8: latitude "91" is not a number from -90 to 90`,
		`line 9: longitude "NaN" is not a number from -180 to 180`,
		`line 10: latitude and longitude are both zero, which no postal code is at`,
	}
	if d := cmp.Diff(wantRows, rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantBad, bad); d != "" {
		t.Error(d)
	}
}

func TestImportCSV(t *testing.T) {
	file := "country,postal_code,lat,lon,place,admin1,places_merged,spread_km\n" +
		"AD,AD100,42.5833,1.6667,Canillo,02,1,0.0\n" +
		"US,02108,42.3571,-71.0637,\"Boston, \"\"the Hub\"\"\",MA,1,0.0\n" +
		"US,02109,42.3671\n" +
		"US,\"02110,42.3571,-71.0637,Boston,MA\n" +
		"US,2111,42.35,-71.06\n" +
		"US," + strings.Repeat("9", maxLine) + ",1,1\n" +
		"US,02113,42.36,-71.05,Boston,MA\n"
	rows, bad := collect(strings.NewReader(file))
	wantRows := []PostalCode{
		{"AD", "100", "Canillo", "02", Point{42.5833, 1.6667}},
		{"US", "02108", `Boston, "the Hub"`, "MA", Point{42.3571, -71.0637}},
		{"US", "02111", "", "", Point{42.35, -71.06}},
		{"US", "02113", "Boston", "MA", Point{42.36, -71.05}},
	}
	wantBad := []string{
		"line 4: 3 columns, expected 4 at least",
		"line 5: extraneous or missing \" in quoted-field",
		"line 7: longer than 65536 bytes",
	}
	if d := cmp.Diff(wantRows, rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(wantBad, bad); d != "" {
		t.Error(d)
	}
}

func TestImportEnds(t *testing.T) {
	broken := errors.New("disk on fire")
	line := "DE\t01067\tDresden\tSachsen\tSN\t\t\t\t\t51.0577\t13.7176\t6\n"
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"an empty file":         {strings.NewReader(""), nil},
		"a file of blank lines": {strings.NewReader("\n \n\n"), nil},
		"some other file":       {strings.NewReader("PK\x03\x04 zip\nmore\nand more\n"), ErrFormat},
		"a reader that breaks":  {io.MultiReader(strings.NewReader(line), iotest.ErrReader(broken)), broken},
	} {
		var last error
		errs := 0
		for _, err := range Import(c.r) {
			if err != nil {
				last = err
				errs++
			}
		}
		if !errors.Is(last, c.want) || errs > 1 {
			t.Errorf("%s: %d errors, the last is %v, want %v", name, errs, last, c.want)
		}
	}
	for range Import(strings.NewReader(line + line)) {
		break // whoever has enough may stop
	}
}

// The whole world's postal codes, as the reference has them.
func TestImportReference(t *testing.T) {
	countries, rows := map[string]bool{}, 0
	for p, err := range Import(testData(t, "geo/postal_codes_all.csv.gz")) {
		if err != nil {
			t.Fatal(err)
		}
		countries[p.Country] = true
		rows++
	}
	if len(countries) != 118 || rows != 727_219 {
		t.Errorf("%d codes of %d countries, want 727219 of 118", rows, len(countries))
	}
}

func FuzzImport(f *testing.F) {
	f.Add("DE\t01067\tDresden\tSachsen\tSN\t\t\tDresden\t14612\t51.0577\t13.7176\t6\r\n")
	f.Add("country,postal_code,lat,lon\nUS,\"02108\",42.3571,-71.0637\n")
	f.Add("\uFEFFcountry,zip,lng,lat\nUS,2108,-71,42\nUS,,,\n")
	f.Fuzz(func(t *testing.T, file string) {
		last := 0
		for p, err := range Import(strings.NewReader(file)) {
			var bad *LineError
			switch {
			case errors.As(err, &bad):
				if bad.Line <= last {
					t.Fatalf("line %d after line %d", bad.Line, last)
				}
				last = bad.Line
			case err != nil:
				if !errors.Is(err, ErrFormat) {
					t.Fatal(err)
				}
			default:
				if CountryName(p.Country) == "" || p.Code == "" || NormalizePostalCode(p.Country, p.Code) != p.Code {
					t.Fatalf("%+v", p)
				}
				if !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
					t.Fatalf("%+v", p)
				}
			}
		}
	})
}

func FuzzLocate(f *testing.F) {
	f.Add("US", "CA", "Beverly Hills", "90210-1234")
	f.Add("Canada", "Ont.", "Ottawa", "k1a 0b1")
	f.Add("UK", "England", "London", "SW1A 1AA")
	f.Add("日本", "東京都", "İ\u0307", "〒１００")
	f.Fuzz(func(t *testing.T, country, region, city, code string) {
		p := Locate(Address{Country: country, Region: region, City: city, PostalCode: code})
		if !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
			t.Fatalf("%+v", p)
		}
		c, ok := Country(country)
		if !ok && p.Known() {
			t.Fatalf("%+v without a country", p)
		}
		if again := Locate(Address{Country: c, Region: region, City: city, PostalCode: code}); ok && again != p {
			t.Fatalf("%+v by name, %+v by code", p, again)
		}
		n := NormalizePostalCode(c, code)
		if again := NormalizePostalCode(c, n); again != n || len(n) > maxPostalCode {
			t.Fatalf("%q normalizes to %q, that to %q", code, n, again)
		}
		if k := Fold(city); Fold(k) != k {
			t.Fatalf("%q folds to %q, that to %q", city, k, Fold(k))
		}
	})
}
