package geo

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// testData opens a file of the test data, which lies outside the repository,
// or leaves the test out.
func testData(t *testing.T, name string) io.Reader {
	t.Helper()
	dir := os.Getenv("PURSER_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", "..", dir) // as seen from the root of the repository
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("LEFT OUT: no test data %s; set PURSER_TEST_DATA to the folder that has it", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if filepath.Ext(name) != ".gz" {
		return f
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// records reads a CSV file with a header; f gets each line's fields by name.
func records(t *testing.T, r io.Reader, f func(get func(string) string)) {
	t.Helper()
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		t.Fatal(err)
	}
	header = slices.Clone(header)
	for {
		line, err := in.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		f(func(name string) string { return line[slices.Index(header, name)] })
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The nearest of twelve fulfillment centers to each of 5,000 ZIP codes is the
// one given, or the second where that is less than 5 km further.
func TestNearestCenters(t *testing.T) {
	type center struct {
		code string
		at   Point
	}
	var centers []center
	records(t, testData(t, "routing/fulfilment_centres_12.csv"), func(get func(string) string) {
		p := Locate(Address{Country: "US", PostalCode: get("postal_code")})
		if want := (Point{number(t, get("lat")), number(t, get("lon"))}); p.Precision != ByPostalCode || !near(p, want, 1) {
			t.Errorf("center %s is at %+v, want %v", get("code"), p, want)
		}
		centers = append(centers, center{get("code"), p.Point})
	})
	cases, ties := 0, 0
	records(t, testData(t, "routing/orders_dev_5000.csv"), func(get func(string) string) {
		cases++
		p := Locate(Address{Country: "US", PostalCode: get("ship_to_zip")})
		if p.Precision != ByPostalCode {
			t.Errorf("order %s: ZIP code %s was found by %s", get("order_no"), get("ship_to_zip"), p.Precision)
			return
		}
		nearest := slices.MinFunc(centers, func(a, b center) int {
			if Distance(a.at, p.Point) < Distance(b.at, p.Point) {
				return -1
			}
			return 1
		}).code
		tie := number(t, get("second_km"))-number(t, get("nearest_km")) < 5
		if tie {
			ties++
		}
		if nearest != get("nearest_fc") && !(tie && nearest == get("second_fc")) {
			t.Errorf("order %s to %s: nearest is %s, want %s", get("order_no"), get("ship_to_zip"), nearest, get("nearest_fc"))
		}
	})
	if len(centers) != 12 || cases != 5000 || ties != 33 {
		t.Errorf("%d centers, %d orders, %d ties, want 12, 5000, 33", len(centers), cases, ties)
	}
}

// The built-in coordinates agree with another copy of the data.
func TestPostalCodesAgainstReference(t *testing.T) {
	type tally struct{ all, missing, off int }
	got := map[string]*tally{"US": {}, "CA": {}, "IN": {}}
	for p, err := range Import(testData(t, "geo/postal_codes_all.csv.gz")) {
		if err != nil {
			t.Fatal(err)
		}
		n := got[p.Country]
		if n == nil {
			continue
		}
		n.all++
		found, ok := data().code(p.Country, p.Code)
		switch {
		case !ok:
			n.missing++
		case Distance(found, p.Point) > 5:
			n.off++
		}
	}
	t.Logf("%+v %+v %+v", got["US"], got["CA"], got["IN"])
	for country, most := range map[string]tally{
		// 96860 and 96863 are split codes, five were mended.
		"US": {41_000, 0, 7},
		"CA": {1_600, 8, 1},
		// An Indian code covers many villages; its middle is a matter of taste.
		"IN": {19_000, 0, 600},
	} {
		n := got[country]
		if n.all < most.all || n.missing > most.missing || n.off > most.off {
			t.Errorf("%s: %d codes, %d missing, %d more than 5 km off; want %+v at most", country, n.all, n.missing, n.off, most)
		}
	}
}

// Every larger city of the world is found by its name near its place.
func TestCitiesAgainstReference(t *testing.T) {
	all, found, near5 := 0, 0, 0
	records(t, testData(t, "geo/cities15000.csv.gz"), func(get func(string) string) {
		all++
		want := Point{number(t, get("lat")), number(t, get("lon"))}
		p := Locate(Address{Country: get("country"), City: get("name")})
		if p.Precision == ByCity {
			found++
			if near(p, want, 5) {
				near5++
			}
		}
	})
	t.Logf("of %d cities %d were found, %d within 5 km", all, found, near5)
	// Those further off share their name with a larger city of the country.
	if all < 26_000 || found < all || near5 < all*95/100 {
		t.Errorf("of %d cities %d were found, %d within 5 km", all, found, near5)
	}
}

// Binary search needs what the generator promises: everything is sorted.
func TestDataAreSorted(t *testing.T) {
	a := data()
	if !slices.IsSortedFunc(a.countries, func(x, y countryData) int { return bytes.Compare([]byte(x.code), []byte(y.code)) }) {
		t.Error("the countries are not sorted")
	}
	sorted := func(n *names, s span) bool {
		for i := s.lo + 1; i < s.hi; i++ {
			if n.at(i) < n.at(i-1) {
				return false
			}
		}
		return true
	}
	for i := range a.countries {
		c := &a.countries[i]
		if CountryName(c.code) == "" || c.point == (spot{}) {
			t.Errorf("country %s has the name %q and lies at %v", c.code, CountryName(c.code), c.point)
		}
		if !sorted(&a.cityKeys, c.cities) || !sorted(&a.otherKeys, c.others) || !slices.IsSorted(a.codes[c.codes.lo:c.codes.hi]) {
			t.Errorf("the names or codes of %s are not sorted", c.code)
		}
		// The map only holds countries of ISO 3166, so each is found by its code.
		if a.country(c.code) != c {
			t.Errorf("country %s is not found", c.code)
		}
	}
	if len(a.countries) != len(countryTable().name) {
		t.Errorf("%d countries have data, %d have names", len(a.countries), len(countryTable().name))
	}
	if len(packed) > 1_500_000 {
		t.Errorf("the built-in data take %d bytes", len(packed))
	}
}

func TestLookupAllocatesLittle(t *testing.T) {
	a := Address{Country: "US", Region: "CA", City: "Beverly Hills", PostalCode: "90210"}
	if n := testing.AllocsPerRun(100, func() { Locate(a) }); n > 1 {
		t.Errorf("a lookup by ZIP code allocates %g times", n)
	}
	a = Address{Country: "DE", City: "Köln"}
	if n := testing.AllocsPerRun(100, func() { Locate(a) }); n > 6 {
		t.Errorf("a lookup by city allocates %g times", n)
	}
}

// Data that are cut off give an error, and whatever is changed, decode ends.
func TestDecodeDamagedData(t *testing.T) {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed[len(formatLine):])))
	if err != nil {
		t.Fatal(err)
	}
	pack := func(b []byte) []byte {
		var out bytes.Buffer
		out.WriteString(formatLine)
		z, _ := flate.NewWriter(&out, flate.NoCompression)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	if _, err := decode(pack(raw)); err != nil {
		t.Fatalf("whole data: %v", err)
	}
	for _, n := range []int{0, 1, 1000, 50_000, 500_000, 1_200_000, len(raw) - 1} {
		if _, err := decode(pack(raw[:n])); err == nil {
			t.Errorf("data cut off at %d decode", n)
		}
	}
	if _, err := decode(pack(append(slices.Clone(raw), 0))); err == nil {
		t.Error("data with something behind them decode")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		b := slices.Clone(raw)
		for range 20 {
			b[random.IntN(len(b))] = byte(random.Uint32())
		}
		decode(pack(b)) // may go unnoticed, must not panic
	}
	if _, err := decode([]byte("purser geo 0\n")); err == nil {
		t.Error("data of another format decode")
	}
}

func BenchmarkLocatePostalCode(b *testing.B) {
	a := Address{Country: "US", Region: "CA", City: "Beverly Hills", PostalCode: "90210-1234"}
	Locate(a)
	for b.Loop() {
		Locate(a)
	}
}

func BenchmarkLocateCity(b *testing.B) {
	a := Address{Country: "Germany", Region: "Bayern", City: "München"}
	Locate(a)
	for b.Loop() {
		Locate(a)
	}
}
