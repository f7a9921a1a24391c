package geo

import (
	"fmt"
	"math"
	"testing"
)

func TestDistance(t *testing.T) {
	paris, newYork := Point{48.8566, 2.3522}, Point{40.7128, -74.0060}
	for _, c := range []struct {
		name string
		a, b Point
		km   float64
	}{
		{"the same point", paris, paris, 0},
		{"Paris to New York", paris, newYork, 5837.24},
		{"and back", newYork, paris, 5837.24},
		{"a degree along the equator", Point{0, 0}, Point{0, 1}, 111.195},
		{"across the 180th meridian", Point{0, 179.5}, Point{0, -179.5}, 111.195},
		{"from pole to pole", Point{90, 0}, Point{-90, 0}, math.Pi * EarthRadius},
		{"to the other side", Point{10, 20}, Point{-10, -160}, math.Pi * EarthRadius},
	} {
		if km := Distance(c.a, c.b); math.Abs(km-c.km) > 0.01 {
			t.Errorf("%s: %.3f km, want %.3f", c.name, km, c.km)
		}
	}
}

func TestMean(t *testing.T) {
	fiji := Mean([]Point{{-17, 179}, {-17, -179}}, nil)
	if math.Abs(math.Abs(fiji.Lon)-180) > 0.001 {
		t.Errorf("mean across the 180th meridian is at longitude %g", fiji.Lon)
	}
	heavy := Mean([]Point{{0, 0}, {0, 10}}, []float64{9, 1})
	if heavy.Lon < 0.9 || heavy.Lon > 1.1 {
		t.Errorf("mean of weights 9 and 1 over ten degrees is at %g", heavy.Lon)
	}
	if p := Mean(nil, nil); p != (Point{}) {
		t.Errorf("mean of nothing is %v", p)
	}
}

// near tells whether a place is within some kilometers of a point.
func near(p Place, want Point, km float64) bool { return Distance(p.Point, want) <= km }

func TestLocate(t *testing.T) {
	var (
		beverlyHills = Point{34.09, -118.41}
		ottawa       = Point{45.42, -75.70}
		munich       = Point{48.137, 11.575}
		london       = Point{51.509, -0.126}
		delhi        = Point{28.64, 77.22}
		sanJuan      = Point{18.46, -66.1}
		anchorage    = Point{61.25, -149.7}
		newYork      = Point{40.75, -73.98}
		boston       = Point{42.36, -71.06}
	)
	for _, c := range []struct {
		name string
		a    Address
		by   Precision
		want Point
		km   float64
	}{
		{"ZIP code", Address{"US", "CA", "Beverly Hills", "90210"}, ByPostalCode, beverlyHills, 5},
		{"ZIP+4", Address{"us", "", "", " 90210-1234 "}, ByPostalCode, beverlyHills, 5},
		{"ZIP code that kept a quote", Address{"USA", "", "", "'90210"}, ByPostalCode, beverlyHills, 5},
		{"ZIP code that lost its zero", Address{"US", "MA", "", "2108"}, ByPostalCode, boston, 5},
		{"ZIP code that became a number", Address{"US", "", "", "2108.0"}, ByPostalCode, boston, 5},
		{"ZIP code behind its state", Address{"US", "", "", "MA 02108"}, ByPostalCode, boston, 5},
		{"ZIP code of Puerto Rico in the US", Address{"US", "PR", "San Juan", "00901"}, ByPostalCode, sanJuan, 10},
		{"ZIP code of Puerto Rico alone", Address{"US", "", "", "901"}, ByPostalCode, sanJuan, 10},
		{"ZIP code of Puerto Rico as a country", Address{"Puerto Rico", "", "", "00901"}, ByPostalCode, sanJuan, 10},
		{"ZIP code mended by the Census", Address{"US", "AK", "", "99505"}, ByPostalCode, anchorage, 30},
		{"ZIP code unknown, city known", Address{"US", "NY", "New York", "10099"}, ByCity, newYork, 10},
		{"ZIP code unknown, its area known", Address{"US", "NY", "Nowhere", "10099"}, ByPostalPrefix, newYork, 10},
		{"Canadian postal code", Address{"Canada", "Ont.", "Ottawa", "k1a 0b1"}, ByPostalPrefix, ottawa, 10},
		{"Canadian first half", Address{"CA", "", "", "K1A"}, ByPostalPrefix, ottawa, 10},
		{"Indian PIN code", Address{"India", "", "", "110 001"}, ByPostalCode, delhi, 20},
		{"city by its English name", Address{"DE", "", "Munich", ""}, ByCity, munich, 5},
		{"city by its own name", Address{"Germany", "Bayern", "MÜNCHEN", ""}, ByCity, munich, 5},
		{"city written without accents", Address{"Deutschland", "BY", "Muenchen", ""}, ByCity, munich, 5},
		{"city where the postal code is not built in", Address{"UK", "England", "London", "SW1A 1AA"}, ByCity, london, 5},
		{"city in the state named", Address{"US", "Missouri", "St Louis", ""}, ByCity, Point{38.63, -90.2}, 10},
		{"city of a name that many have: the largest", Address{"US", "", "Springfield", ""}, ByCity, Point{37.21, -93.29}, 20},
		{"city of that name in a state", Address{"US", "IL", "Springfield", ""}, ByCity, Point{39.8, -89.64}, 10},
		{"city that is not in the state", Address{"US", "WY", "Springfield", ""}, ByRegion, Point{42.9, -106.9}, 150},
		{"region that is not known is no hindrance", Address{"US", "Ruritania", "Boston", ""}, ByCity, boston, 5},
		{"region by code", Address{"AU", "NSW", "", ""}, ByRegion, Point{-33.6, 151}, 60},
		{"region by ISO code", Address{"CA", "CA-QC", "", ""}, ByRegion, Point{46, -73}, 200},
		{"region in Japanese", Address{"JP", "東京都", "", ""}, ByRegion, Point{35.68, 139.7}, 30},
		{"country", Address{"France", "", "", "?"}, ByCountry, Point{47, 2.8}, 150},
		{"country without cities", Address{"AQ", "", "", ""}, ByCountry, Point{-77.85, 166.67}, 1},
		{"no country", Address{"Unspecified", "", "London", "SW1A 1AA"}, Unknown, Point{}, 0},
		{"nothing", Address{}, Unknown, Point{}, 0},
	} {
		p := Locate(c.a)
		if p.Precision != c.by || !near(p, c.want, c.km) {
			t.Errorf("%s: %+v, want %s within %g km of %v", c.name, p, c.by, c.km, c.want)
		}
		if p.Known() != (c.by != Unknown) || p.Known() != (p.Name != "") {
			t.Errorf("%s: Known is %t, name %q", c.name, p.Known(), p.Name)
		}
	}
}

// imported is a Lookup for tests.
type imported map[string]Point

func (m imported) PostalCode(country, code string) (Point, bool) {
	p, ok := m[country+" "+code]
	return p, ok
}

func TestLocateWithImportedCodes(t *testing.T) {
	over := imported{
		"GB SW1A1AA": {51.501, -0.142}, "GB M1": {53.48, -2.23}, "US 90210": {1, 2}, "PR 00999": {18, -66},
		"NL 1012": {52.37, 4.9}, "BR 01310000": {-23.56, -46.65},
	}
	for _, c := range []struct {
		a    Address
		by   Precision
		want Point
	}{
		{Address{"UK", "", "London", "sw1a1aa"}, ByPostalCode, over["GB SW1A1AA"]},
		{Address{"UK", "", "Manchester", "M1 2AB"}, ByPostalPrefix, over["GB M1"]},
		{Address{"UK", "", "", "M1"}, ByPostalPrefix, over["GB M1"]},
		{Address{"NL", "", "", "1012 AB"}, ByPostalPrefix, over["NL 1012"]},
		{Address{"BR", "", "", "01310-100"}, ByPostalPrefix, over["BR 01310000"]},
		{Address{"US", "", "", "90210"}, ByPostalCode, over["US 90210"]}, // wins over the built-in one
		{Address{"US", "PR", "", "00999"}, ByPostalCode, over["PR 00999"]},
	} {
		if p := LocateWith(over, c.a); p.Precision != c.by || p.Point != c.want {
			t.Errorf("%+v: %+v, want %s %v", c.a, p, c.by, c.want)
		}
	}
}

func TestNormalizePostalCode(t *testing.T) {
	for _, c := range []struct{ country, code, want string }{
		{"US", "90210", "90210"}, {"US", "90210-1234", "90210"}, {"US", "902101234", "90210"},
		{"US", "9002", "09002"}, {"US", "501", "00501"}, {"US", "2108-1234", "02108"}, {"US", "'10001", "10001"},
		{"US", "", ""}, {"US", "123456", "123456"}, {"US", "NY 10001", "10001"}, {"US", "n/a", ""},
		{"PR", "901", "00901"}, {"CA", "k1a 0b1", "K1A0B1"}, {"CA", "K1A-0B1", "K1A0B1"}, {"CA", "K1A", "K1A"},
		{"GB", " sw1a  1aa ", "SW1A1AA"}, {"NL", "1012 ab", "1012AB"}, {"DE", "1067", "01067"},
		{"DE", "D-80331", "80331"}, {"LU", "L-1009", "1009"}, {"LV", "LV-1050", "1050"}, {"FR", "75380 CEDEX 08", "75380"}, {"FR", "75008", "75008"}, {"SE", "111 22", "11122"},
		{"JP", "100-0001", "1000001"}, {"JP", "１００－０００１", "1000001"}, {"JP", "〒100-0001", "1000001"},
		{"BR", "1310-100", "01310100"}, {"AU", "800", "0800"}, {"AD", "AD100", "100"}, {"SZ", "H100", "H100"},
		{"GB", "a postal code that is far too long", ""}, {"XX", "12", "12"},
	} {
		got := NormalizePostalCode(c.country, c.code)
		if got != c.want {
			t.Errorf("%s %q: %q, want %q", c.country, c.code, got, c.want)
		}
		if again := NormalizePostalCode(c.country, got); again != got {
			t.Errorf("%s %q: %q, once more %q", c.country, c.code, got, again)
		}
	}
}

func TestDistrict(t *testing.T) {
	for _, c := range []struct{ country, code, want string }{
		{"CA", "K1A0B1", "K1A"}, {"CA", "K1A", "K1A"}, {"CA", "K1", ""}, {"NL", "1012AB", "1012"},
		{"GB", "SW1A1AA", "SW1A"}, {"GB", "M11AE", "M1"}, {"GB", "M1", "M1"}, {"GB", "EC1A", "EC1A"},
		{"GB", "LONDON", ""}, {"JE", "JE23AB", "JE2"}, {"IE", "D02AF30", "D02"}, {"AR", "C1043AAZ", "1043"},
		{"US", "90210", ""}, {"DE", "80331", ""},
	} {
		if got := district(c.country, c.code); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.country, c.code, got, c.want)
		}
	}
}

func TestCountry(t *testing.T) {
	for s, want := range map[string]string{
		"US": "US", "usa": "US", "U.S.A.": "US", "United States": "US", "the United States of America": "US",
		"UK": "GB", "United Kingdom": "GB", "Great Britain": "GB", "England": "GB", "gbr": "GB",
		"EIRE": "IE", "Éire": "IE", "RSA": "ZA", "South Africa": "ZA", "Channel Islands": "JE",
		"Germany": "DE", "DEU": "DE", "Deutschland": "DE", "Österreich": "AT", "Türkiye": "TR", "Turkey": "TR",
		"Czech Republic": "CZ", "Côte d'Ivoire": "CI", "Cote d Ivoire": "CI", "Ivory Coast": "CI",
		"Korea, Republic of": "KR", "Hong Kong": "HK", "St. Lucia": "LC", "Saint Lucia": "LC",
		"Bosnia & Herzegovina": "BA", "Viet Nam": "VN", "The Bahamas": "BS", "Réunion": "RE", "XK": "XK",
		"Unspecified": "", "European Community": "", "West Indies": "", "": "", "Europe": "", "ZZ": "", "Country": "",
	} {
		code, ok := Country(s)
		if code != want || ok != (want != "") {
			t.Errorf("%q: %q, %t, want %q", s, code, ok, want)
		}
	}
	if n := len(countryTable().name); n != 250 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1 and Kosovo", n)
	}
	for alias, code := range countryAliases {
		if CountryName(code) == "" || Fold(alias) != alias {
			t.Errorf("alias %q for %s", alias, code)
		}
	}
}

func TestRegion(t *testing.T) {
	for _, c := range []struct{ country, s, want string }{
		{"US", "CA", "CA"}, {"US", "california", "CA"}, {"US", "US-CA", "CA"}, {"US", "Calif.", "CA"},
		{"US", "Washington, D.C.", "DC"}, {"US", "District of Columbia", "DC"}, {"US", "AE", "AE"}, {"US", "Ontario", ""},
		{"CA", "Ont.", "ON"}, {"CA", "Québec", "QC"}, {"CA", "PQ", "QC"}, {"CA", "Newfoundland & Labrador", "NL"},
		{"CA", "Yukon", "YT"}, {"GB", "England", "ENG"}, {"DE", "Bavaria", "BY"}, {"DE", "Bayern", "BY"},
		{"AU", "New South Wales", "NSW"}, {"IN", "Tamil Nadu", "TN"}, {"US", "", ""}, {"XX", "CA", ""},
	} {
		code, ok := Region(c.country, c.s)
		if code != c.want || ok != (c.want != "") {
			t.Errorf("%s %q: %q, %t, want %q", c.country, c.s, code, ok, c.want)
		}
	}
	if got := RegionName("CA", "bc"); got != "British Columbia" {
		t.Errorf("the name of bc is %q", got)
	}
	for country, n := range map[string]int{"US": 51, "CA": 13, "DE": 16, "GB": 4, "AU": 8} {
		c, codes := data().country(country), map[string]bool{}
		for _, r := range data().regions[c.regions.lo:c.regions.hi] {
			codes[r.code] = true
		}
		if delete(codes, ""); len(codes) != n || c.regions.hi-c.regions.lo != n {
			t.Errorf("%s has %d regions with %d codes, want %d", country, c.regions.hi-c.regions.lo, len(codes), n)
		}
	}
	for country, aliases := range regionAliases {
		for alias, code := range aliases {
			if _, ok := Region(country, code); !ok || Fold(alias) != alias {
				t.Errorf("alias %q for %s-%s", alias, country, code)
			}
		}
	}
}

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"St. Louis": "saint louis", "SAINT-LOUIS": "saint louis", "Zürich": "zurich", "Łódź": "lodz",
		"Coeur d'Alene": "coeur dalene", "D.C.": "dc", "  Ft.  Worth ": "fort worth", "Straße": "strasse",
		"Malmö": "malmo", "Tromsø": "tromso", "İstanbul": "istanbul", "東京": "東京", "": "", "---": "",
		"Brighton & Hove": "brighton and hove", "\xff": "",
	} {
		if got := Fold(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func ExampleLocate() {
	shop, _ := Country("United Kingdom")
	fmt.Println(shop)
	for _, a := range []Address{
		{Country: "US", PostalCode: "90210-1234"},
		{Country: "Germany", City: "Köln"},
		{Country: "CA", Region: "Ontario"},
	} {
		p := Locate(a)
		fmt.Println(p.Precision, p.Name)
	}
	// Output:
	// GB
	// postal_code 90210
	// city Köln, North Rhine-Westphalia
	// region Ontario
}
