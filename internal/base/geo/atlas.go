package geo

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

// The built-in data, written by gen/main.go. After the format line everything
// is one deflate stream of sections: countries, regions, cities, other names
// of cities, postal codes. Numbers are unsigned varints, or signed ones where
// they can be negative; names and codes are sorted and front-coded (how many
// bytes they share with the one before, how many follow, those bytes);
// coordinates are thousandths of a degree, as differences from the one before.
//
//go:embed geo.bin
var packed []byte

// formatLine begins geo.bin and changes with its format.
const formatLine = "purser geo 1\n"

// data is the decoded built-in data. Decoding takes some tens of milliseconds,
// so it waits for the first question.
var data = sync.OnceValue(func() *atlas {
	t, err := decode(packed)
	if err != nil {
		panic("geo: the built-in data are damaged: " + err.Error())
	}
	return t
})

// spot is a Point in thousandths of a degree.
type spot struct{ lat, lon int32 }

func (s spot) degrees() Point { return Point{float64(s.lat) / 1000, float64(s.lon) / 1000} }

// span is a range of indexes, lo included, hi not.
type span struct{ lo, hi int }

// names are many strings in one, to spare the memory of headers and pointers.
type names struct {
	text  string
	start []uint32 // one more than names
}

func (n *names) at(i int) string { return n.text[n.start[i]:n.start[i+1]] }

// find is the range of the names in s that equal key. They must be sorted.
func (n *names) find(s span, key string) span {
	lo, hi := s.lo, s.hi
	for lo < hi {
		if m := int(uint(lo+hi) >> 1); n.at(m) < key {
			lo = m + 1
		} else {
			hi = m
		}
	}
	for hi < s.hi && n.at(hi) == key {
		hi++
	}
	return span{lo, hi}
}

// atlas is the data in the form in which they are searched. Regions, cities,
// other names and codes of one country lie together.
type atlas struct {
	index     [26 * 26]uint8 // by alpha-2 code: position in countries, plus one
	countries []countryData
	regions   []regionData

	cityNames  names    // as written, sorted by their folded form
	cityKeys   names    // folded
	cityRegion []uint16 // position in the country's regions, plus one; zero if not known
	citySize   []uint8  // size of the population: its base-2 logarithm, times four
	citySpots  []spot
	otherKeys  names    // folded other names of cities, sorted
	otherCity  []uint32 // position in cities

	codes     []uint64 // postal codes as packCode has them, sorted
	codeSpots []spot
}

type countryData struct {
	code                           string
	point                          spot
	regions, cities, others, codes span
}

type regionData struct {
	code, name                           string
	foldedCode, foldedName, foldedNative string
	located                              bool
	point                                spot
}

// country gives the data of a country, or nil.
func (t *atlas) country(code string) *countryData {
	if p := indexOf(code); p >= 0 && t.index[p] > 0 {
		return &t.countries[t.index[p]-1]
	}
	return nil
}

// indexOf is the position of an alpha-2 code in the index, -1 if it is none.
func indexOf(code string) int {
	if len(code) != 2 || code[0] < 'A' || code[0] > 'Z' || code[1] < 'A' || code[1] > 'Z' {
		return -1
	}
	return int(code[0]-'A')*26 + int(code[1]-'A')
}

// packCode makes a number of a postal code such that numbers sort as codes do:
// twelve digits of base 37, the first letter highest. Ok is false for what has
// more than letters and digits or is too long.
func packCode(code string) (key uint64, ok bool) {
	if len(code) > maxPostalCode {
		return 0, false
	}
	for i := range maxPostalCode {
		key *= 37
		if i >= len(code) {
			continue
		}
		switch c := code[i]; {
		case c >= '0' && c <= '9':
			key += uint64(c-'0') + 1
		case c >= 'A' && c <= 'Z':
			key += uint64(c-'A') + 11
		default:
			return 0, false
		}
	}
	return key, true
}

// code is the position of a postal code.
func (t *atlas) code(country, code string) (Point, bool) {
	c := t.country(country)
	key, ok := packCode(code)
	if c == nil || !ok || code == "" {
		return Point{}, false
	}
	i, found := slices.BinarySearch(t.codes[c.codes.lo:c.codes.hi], key)
	if !found {
		return Point{}, false
	}
	return t.codeSpots[c.codes.lo+i].degrees(), true
}

// codesAlike is the middle of the postal codes that begin with the same three
// characters, in the countries where those are one sorting area.
func (t *atlas) codesAlike(country, code string) (Place, bool) {
	if usesZIP(country) {
		country = "US"
	}
	if n := digits[country]; country != "US" && country != "IN" || len(code) < max(n, 5) {
		return Place{}, false
	}
	c := t.country(country)
	prefix := code[:3]
	from, ok := packCode(prefix)
	to, _ := packCode(prefix + "ZZZZZZZZZ")
	if c == nil || !ok {
		return Place{}, false
	}
	codes := t.codes[c.codes.lo:c.codes.hi]
	lo, _ := slices.BinarySearch(codes, from)
	hi, _ := slices.BinarySearch(codes, to)
	if lo == hi {
		return Place{}, false
	}
	points := make([]Point, 0, hi-lo)
	for _, s := range t.codeSpots[c.codes.lo+lo : c.codes.lo+hi] {
		points = append(points, s.degrees())
	}
	return Place{Mean(points, nil), ByPostalPrefix, prefix}, true
}

// otherNamePenalty is by how much a city that is found by another name must be
// larger (16 times, as citySize counts) to win over one of that very name.
const otherNamePenalty = 16

// city finds a city of a country by name. Of several it takes the largest; if
// the region is known, only one in that region will do.
func (t *atlas) city(country, name string, region int, regionKnown bool) (Place, bool) {
	c := t.country(country)
	if c == nil || name == "" || len(name) > 100 {
		return Place{}, false
	}
	key := Fold(name)
	if key == "" {
		return Place{}, false
	}
	best, bestSize := -1, 0
	try := func(i, size int) {
		if regionKnown && int(t.cityRegion[i]) != region-c.regions.lo+1 {
			return
		}
		if best < 0 || size > bestSize {
			best, bestSize = i, size
		}
	}
	same := t.cityKeys.find(c.cities, key)
	for i := same.lo; i < same.hi; i++ {
		try(i, int(t.citySize[i]))
	}
	other := t.otherKeys.find(c.others, key)
	for i := other.lo; i < other.hi; i++ {
		city := int(t.otherCity[i])
		try(city, int(t.citySize[city])-otherNamePenalty)
	}
	if best < 0 {
		return Place{}, false
	}
	found := t.cityNames.at(best)
	if r := int(t.cityRegion[best]); r > 0 {
		if in := t.regions[c.regions.lo+r-1].name; in != found {
			found += ", " + in
		}
	}
	return Place{t.citySpots[best].degrees(), ByCity, found}, true
}

// reader reads the sections of geo.bin. The first mistake stays in err, and
// everything after it reads as zero.
type reader struct {
	b   []byte
	err error
	s   spot // the coordinates before
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s, %d bytes before the end", what, len(r.b))
	}
	r.b = nil
}

func (r *reader) uint() int {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxInt32 {
		r.fail("bad number")
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.fail("text cut off")
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) text() string { return string(r.bytes(r.uint())) }

func (r *reader) diff() int32 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("bad difference")
		return 0
	}
	r.b = r.b[n:]
	return int32(v)
}

// count reads how many entries follow. Each takes a byte at least.
func (r *reader) count() int {
	n := r.uint()
	if n > len(r.b) {
		r.fail("too many entries")
		return 0
	}
	return n
}

// spot reads coordinates as the difference from the ones before.
func (r *reader) spot() spot {
	r.s.lat += r.diff()
	r.s.lon += r.diff()
	return r.s
}

// front reads one front-coded name after the last one.
func (r *reader) front(last []byte) []byte {
	shared := r.uint()
	if shared > len(last) {
		r.fail("bad name")
		return nil
	}
	return append(last[:shared], r.bytes(r.uint())...)
}

func decode(file []byte) (*atlas, error) {
	body, ok := bytes.CutPrefix(file, []byte(formatLine))
	if !ok {
		return nil, fmt.Errorf("not in the format %q", strings.TrimSpace(formatLine))
	}
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	r := &reader{b: raw}
	t := &atlas{}
	r.readCountries(t)
	r.readRegions(t)
	r.readCities(t)
	r.readOtherNames(t)
	r.readCodes(t)
	if r.err == nil && len(r.b) > 0 {
		r.fail("more than expected")
	}
	return t, r.err
}

func (r *reader) readCountries(t *atlas) {
	n := r.count()
	if n > math.MaxUint8 {
		r.fail("too many countries")
		return
	}
	t.countries = make([]countryData, n)
	for i := range t.countries {
		code := string(r.bytes(2))
		t.countries[i] = countryData{code: code, point: r.spot()}
		if r.err != nil || indexOf(code) < 0 {
			r.fail("bad country code")
			return
		}
		t.index[indexOf(code)] = uint8(i + 1)
	}
}

func (r *reader) readRegions(t *atlas) {
	for i := range t.countries {
		c := &t.countries[i]
		c.regions.lo = len(t.regions)
		for range r.count() {
			g := regionData{code: r.text(), name: r.text()}
			g.foldedCode, g.foldedName, g.foldedNative = Fold(g.code), Fold(g.name), Fold(r.text())
			if g.located = r.uint() == 1; g.located {
				g.point = r.spot()
			}
			t.regions = append(t.regions, g)
		}
		c.regions.hi = len(t.regions)
	}
}

func (r *reader) readCities(t *atlas) {
	var written, folded []byte
	t.cityNames.start, t.cityKeys.start = []uint32{0}, []uint32{0}
	for i := range t.countries {
		c := &t.countries[i]
		n := r.count()
		c.cities = span{len(t.citySpots), len(t.citySpots) + n}
		var name []byte
		for range n {
			name = r.front(name)
			written = append(written, name...)
			folded = append(folded, Fold(string(name))...)
			t.cityNames.start = append(t.cityNames.start, uint32(len(written)))
			t.cityKeys.start = append(t.cityKeys.start, uint32(len(folded)))
		}
		for range n {
			region := r.uint()
			if region > c.regions.hi-c.regions.lo {
				r.fail("no such region")
			}
			t.cityRegion = append(t.cityRegion, uint16(region))
		}
		t.citySize = append(t.citySize, r.bytes(n)...)
		for range n {
			t.citySpots = append(t.citySpots, r.spot())
		}
	}
	t.cityNames.text, t.cityKeys.text = string(written), string(folded)
}

func (r *reader) readOtherNames(t *atlas) {
	var text []byte
	t.otherKeys.start = []uint32{0}
	for i := range t.countries {
		c := &t.countries[i]
		n := r.count()
		c.others = span{len(t.otherCity), len(t.otherCity) + n}
		var name []byte
		for range n {
			name = r.front(name)
			text = append(text, name...)
			t.otherKeys.start = append(t.otherKeys.start, uint32(len(text)))
		}
		for range n {
			city := r.uint()
			if city >= c.cities.hi-c.cities.lo {
				r.fail("no such city")
			}
			t.otherCity = append(t.otherCity, uint32(c.cities.lo+city))
		}
	}
	t.otherKeys.text = string(text)
}

func (r *reader) readCodes(t *atlas) {
	for i := range t.countries {
		c := &t.countries[i]
		n := r.count()
		c.codes = span{len(t.codes), len(t.codes) + n}
		var code []byte
		for range n {
			code = r.front(code)
			key, ok := packCode(string(code))
			if !ok {
				r.fail("bad postal code")
			}
			t.codes = append(t.codes, key)
		}
		for range n {
			t.codeSpots = append(t.codeSpots, r.spot())
		}
	}
}
