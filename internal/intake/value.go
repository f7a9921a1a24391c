package intake

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"purser/internal/base/fault"
	"purser/internal/base/text"
)

// The limits of what a document may hold.
const (
	maxQuantity = 1_000_000_000
	maxShort    = 200     // characters of numbers, codes, names
	maxTitle    = 500     // characters of titles
	maxNote     = 2 << 20 // bytes of notes
)

// code is a value that names something: without the apostrophe by which
// spreadsheets keep '00123 from becoming a number.
func code(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "'"); ok && rest != "" && (rest[0] >= '0' && rest[0] <= '9' || strings.IndexByte("+-=@", rest[0]) >= 0) {
		return rest
	}
	return s
}

// short notes that a value is longer than a name, number or code may be.
func short(f fault.Fields, field, s string, longest int) string {
	if len(s) > longest && utf8.RuneCountInString(s) > longest {
		f.Add(field, "is longer than %d characters", longest)
	}
	return s
}

// note is a text of several lines.
func note(f fault.Fields, field, s string) string {
	if len(s) > maxNote {
		f.Add(field, "is longer than %d bytes", maxNote)
		return ""
	}
	return text.Clean(s)
}

// number turns a number as a file writes it into one as money reads it:
// separators between thousands go, and the decimal sign becomes a point.
// Separators that do not stand before three digits are refused, so that 1.234
// and 1,234 are never taken for each other.
func number(s string, decimal byte) (string, error) {
	s = strings.TrimSpace(s)
	if plain(s, decimal) {
		if decimal == ',' {
			s = strings.Replace(s, ",", ".", 1)
		}
		return s, nil
	}
	body, negative := strings.CutPrefix(strings.Replace(s, "\u2212", "-", 1), "-")
	whole, frac, hasFrac := strings.Cut(body, string(decimal))
	groups := strings.FieldsFunc(whole, func(r rune) bool { return strings.ContainsRune(".,' \u00a0\u202f\u2019", r) && r != rune(decimal) })
	if len(groups) == 0 {
		return "", fmt.Errorf("%q is no number", s)
	}
	for i, g := range groups {
		if strings.Trim(g, "0123456789") != "" || i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && len(g) > 3 {
			return "", fmt.Errorf("%q is no number with %q before its decimals", s, decimal)
		}
	}
	if utf8.RuneCountInString(whole) != len(strings.Join(groups, " ")) || strings.Trim(frac, "0123456789") != "" {
		return "", fmt.Errorf("%q is no number", s)
	}
	out := strings.Join(groups, "")
	if hasFrac {
		out += "." + frac
	}
	if negative {
		out = "-" + out
	}
	return out, nil
}

// plain tells whether s is digits with at most one decimal sign, perhaps after a minus.
func plain(s string, decimal byte) bool {
	s = strings.TrimPrefix(s, "-")
	seen := false
	for i := range len(s) {
		if s[i] == decimal && !seen {
			seen = true
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && s != string(decimal)
}

// integer reads a whole number; 6.0 is 6, as programs that know no integers write it.
func integer(s string, decimal byte) (int64, error) {
	plain, err := number(s, decimal)
	if err != nil {
		return 0, err
	}
	whole, frac, _ := strings.Cut(plain, ".")
	if strings.Trim(frac, "0") != "" {
		return 0, fmt.Errorf("%q is no whole number", s)
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > maxQuantity || n < -maxQuantity {
		return 0, fmt.Errorf("%q is not between -%d and %d", s, maxQuantity, maxQuantity)
	}
	return n, nil
}

// boolean reads yes and no in the forms of common exports.
func boolean(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "y", "1", "x", "on":
		return true, nil
	case "false", "no", "n", "0", "", "off":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", s)
}

// words splits a list, such as tags, at commas, semicolons or bars.
func words(s string) []string {
	out := []string{}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		if w = text.Clean(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// dates reads times in one format.
type dates struct {
	layouts []string // of package time; none: whole seconds or milliseconds
	unit    time.Duration
	zone    *time.Location
	last    string // rows of one document say the same time again and again
	value   time.Time
}

// anyDate are the forms that cannot be mistaken for each other.
var anyDate = []string{
	"2006-01-02 15:04:05", time.RFC3339Nano, "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05", "2006-01-02 15:04",
	"2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02",
}

// dateTokens are the parts of a date's pattern and their layouts, longest first.
var dateTokens = strings.NewReplacer("YYYY", "2006", "YY", "06", "MMM", "Jan", "MM", "01", "M", "1", "DD", "02", "D", "2",
	"HH", "15", "hh", "03", "h", "3", "mm", "04", "ss", "05", "SSS", "000", "A", "PM", "ZZ", "-0700", "Z", "Z07:00")

// dateReader reads times in a pattern such as DD.MM.YYYY HH:mm, unix, unix_ms,
// or, if it is empty, in any form of ISO 8601. Zone is that of times without one.
func dateReader(pattern string, zone *time.Location) (*dates, error) {
	if zone == nil {
		zone = time.UTC
	}
	switch pattern {
	case "":
		return &dates{layouts: anyDate, zone: zone}, nil
	case "unix":
		return &dates{unit: time.Second, zone: zone}, nil
	case "unix_ms":
		return &dates{unit: time.Millisecond, zone: zone}, nil
	}
	layout := dateTokens.Replace(pattern)
	probe := time.Date(2023, time.November, 28, 0, 0, 0, 0, time.UTC)
	read, err := time.Parse(layout, probe.Format(layout))
	if err != nil || !read.Equal(probe) {
		return nil, fmt.Errorf("%q is no pattern of a date: write it like DD.MM.YYYY HH:mm:ss, or use unix or unix_ms", pattern)
	}
	return &dates{layouts: []string{layout}, zone: zone}, nil
}

// The years that a document can be of; others are other units, or typing errors.
const firstYear, lastYear = 1970, 2199

func (d *dates) read(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == d.last && s != "" {
		return d.value, nil
	}
	t, err := d.parse(s)
	if err != nil {
		return time.Time{}, err
	}
	if t = t.UTC(); t.Year() < firstYear || t.Year() > lastYear {
		return time.Time{}, fmt.Errorf("%q is in the year %d", s, t.Year())
	}
	d.last, d.value = strings.Clone(s), t
	return t, nil
}

func (d *dates) parse(s string) (time.Time, error) {
	if d.layouts == nil {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no number of seconds or milliseconds", s)
		}
		if d.unit == time.Second {
			return time.Unix(n, 0), nil
		}
		return time.UnixMilli(n), nil
	}
	for _, layout := range d.layouts {
		if t, err := time.ParseInLocation(layout, s, d.zone); err == nil {
			return t, nil
		}
	}
	if len(d.layouts) == 1 {
		return time.Time{}, fmt.Errorf("%q is no time like %s", s, time.Date(2025, 1, 31, 14, 5, 9, 0, d.zone).Format(d.layouts[0]))
	}
	return time.Time{}, fmt.Errorf("%q is no time like 2025-01-31 14:05:09", s)
}

// title is a text of one line.
func title(s string) string { return text.Clean(s) }
