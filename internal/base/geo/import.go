package geo

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// PostalCode is one line of an imported file: a code as NormalizePostalCode
// has it, with the place and region it was given with. The same code may come
// several times, once for each of its places.
type PostalCode struct {
	Country string `json:"country"` // ISO 3166-1 alpha-2
	Code    string `json:"code"`
	Place   string `json:"place,omitempty"`
	Region  string `json:"region,omitempty"` // code if the file has one, else name
	Point
}

// LineError is a line of an imported file that could not be used. The lines
// after it are read all the same.
type LineError struct {
	Line   int // counted from 1
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// ErrFormat says that a file is none that Import can read.
var ErrFormat = errors.New("neither a GeoNames postal code file (12 columns separated by tabs) " +
	"nor CSV with the columns country, postal_code, lat and lon")

// maxLine is the longest line of a file that is read.
const maxLine = 64 << 10

// Import reads postal codes, line by line, from a GeoNames postal code file
// (columns separated by tabs: country code, postal code, place name, then name
// and code of three divisions, latitude, longitude, accuracy) or from CSV with
// a header that names at least country, postal_code, lat and lon, and perhaps
// place and region.
//
// A bad line gives a *LineError, after which the reading goes on. Any other
// error, from r or ErrFormat, ends it.
func Import(r io.Reader) iter.Seq2[PostalCode, error] {
	return func(yield func(PostalCode, error) bool) {
		in := lineReader{r: bufio.NewReaderSize(r, maxLine)}
		var parse parser
		for {
			line, err := in.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if bad := (*LineError)(nil); err != nil && !errors.As(err, &bad) {
				yield(PostalCode{}, err)
				return
			}
			if err == nil && strings.TrimSpace(line) == "" {
				continue
			}
			if parse == nil {
				var header bool
				if parse, header = chooseParser(line); parse == nil {
					yield(PostalCode{}, ErrFormat)
					return
				}
				if header {
					continue
				}
			}
			var p PostalCode
			if err == nil {
				p, err = parse(line)
				if err != nil {
					err = &LineError{in.n, err.Error()}
				}
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// lineReader reads lines and counts them.
type lineReader struct {
	r *bufio.Reader
	n int
}

// next gives a line without its end. A line that is too long is skipped and
// gives a *LineError.
func (l *lineReader) next() (string, error) {
	b, err := l.r.ReadSlice('\n')
	if len(b) == 0 && err != nil {
		return "", err
	}
	l.n++
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.r.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return "", err
		}
		return "", &LineError{l.n, fmt.Sprintf("longer than %d bytes", maxLine)}
	}
	if err != nil && err != io.EOF {
		return "", err
	}
	line := strings.ToValidUTF8(string(b), "\uFFFD")
	if l.n == 1 {
		line = strings.TrimPrefix(line, "\uFEFF") // byte order mark
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// parser makes a postal code of a line.
type parser func(line string) (PostalCode, error)

// chooseParser tells the format by the first line, and whether that is a header.
func chooseParser(line string) (p parser, header bool) {
	if strings.Count(line, "\t") >= 10 {
		return parseGeoNames, false
	}
	fields, err := splitCSV(line)
	if err != nil {
		return nil, false
	}
	column := map[string]int{}
	for i, name := range fields {
		column[strings.ToLower(strings.TrimSpace(name))] = i + 1
	}
	at := func(names ...string) int {
		for _, n := range names {
			if i, ok := column[n]; ok {
				return i - 1
			}
		}
		return -1
	}
	c := columns{
		country: at("country", "country_code"), code: at("postal_code", "postcode", "zip", "code"),
		lat: at("lat", "latitude"), lon: at("lon", "lng", "longitude"),
		place: at("place", "city", "place_name"), region: at("region", "state", "admin1", "admin_code1"),
	}
	if min(c.country, c.code, c.lat, c.lon) < 0 {
		return nil, false
	}
	return c.parse, true
}

// columns are positions in a CSV line; -1 for one that is not there.
type columns struct{ country, code, lat, lon, place, region int }

func (c columns) parse(line string) (PostalCode, error) {
	f, err := splitCSV(line)
	if err != nil {
		return PostalCode{}, err
	}
	if n := max(c.country, c.code, c.lat, c.lon) + 1; len(f) < n {
		return PostalCode{}, fmt.Errorf("%d columns, expected %d at least", len(f), n)
	}
	get := func(i int) string {
		if i < 0 || i >= len(f) {
			return ""
		}
		return f[i]
	}
	return newPostalCode(f[c.country], f[c.code], get(c.place), get(c.region), f[c.lat], f[c.lon])
}

func splitCSV(line string) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(line, ","), nil
	}
	r := csv.NewReader(strings.NewReader(line))
	r.FieldsPerRecord = -1
	f, err := r.Read()
	if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
		return nil, bad.Err
	}
	return f, err
}

func parseGeoNames(line string) (PostalCode, error) {
	f := strings.Split(line, "\t")
	if len(f) < 11 {
		return PostalCode{}, fmt.Errorf("%d columns, expected 12", len(f))
	}
	region := f[4]
	if region == "" {
		region = f[3]
	}
	return newPostalCode(f[0], f[1], f[2], region, f[9], f[10])
}

func newPostalCode(country, code, place, region, lat, lon string) (PostalCode, error) {
	p := PostalCode{Place: strings.TrimSpace(place), Region: strings.TrimSpace(region)}
	var ok bool
	if p.Country, ok = Country(strings.TrimSpace(country)); !ok {
		return PostalCode{}, fmt.Errorf("no country %q", country)
	}
	if p.Code = NormalizePostalCode(p.Country, code); p.Code == "" {
		return PostalCode{}, fmt.Errorf("no postal code %q", code)
	}
	var err error
	if p.Lat, err = degrees(lat, 90); err != nil {
		return PostalCode{}, fmt.Errorf("latitude %w", err)
	}
	if p.Lon, err = degrees(lon, 180); err != nil {
		return PostalCode{}, fmt.Errorf("longitude %w", err)
	}
	if p.Lat == 0 && p.Lon == 0 {
		return PostalCode{}, errors.New("latitude and longitude are both zero, which no postal code is at")
	}
	return p, nil
}

func degrees(s string, limit float64) (float64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, errors.New("is missing")
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= -limit && v <= limit) {
		return 0, fmt.Errorf("%q is not a number from %g to %g", s, -limit, limit)
	}
	return v, nil
}
