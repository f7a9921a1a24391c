package intake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are named in mappings, and not every machine has the list

	"purser/internal/base/csvcell"
	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// Mapping says which column of a file holds what, for files in a format of
// their own. It is written as JSON; docs/import.md shows it.
type Mapping struct {
	Kind     Kind            `json:"kind" doc:"products, stock or orders."`
	Source   string          `json:"source,omitempty" doc:"Name of the system the file comes from; numbers are unique in it."`
	Timezone string          `json:"timezone,omitempty" doc:"IANA name, for times without a zone; UTC if it is left out."`
	Decimal  string          `json:"decimal,omitempty" doc:"The sign before decimals: a point, or a comma."`
	Fields   map[string]From `json:"fields" doc:"What is read, by Purser's name of it."`

	zone *time.Location
	ours bool // the file has the form of our exports
}

// From says where a value comes from: a column, or the same for every row.
// Its short form in JSON is the name of the column.
type From struct {
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty" doc:"The same for every row; beside a column, for rows where that is empty."`
	Format string `json:"format,omitempty" doc:"Of a time: a pattern such as DD.MM.YYYY HH:mm, or unix, or unix_ms."`
}

// UnmarshalJSON reads the short form and the long one.
func (f *From) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*f = From{}
		return json.Unmarshal(b, &f.Column)
	}
	type long From
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*long)(f))
}

// ParseMapping reads a mapping and checks all that can be checked without a file.
func ParseMapping(r io.Reader) (*Mapping, error) {
	var m Mapping
	d := json.NewDecoder(io.LimitReader(r, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fault.New(fault.Invalid, "import.bad_mapping", "The mapping is not the JSON that is expected: %v.", err)
	}
	if d.More() {
		return nil, fault.New(fault.Invalid, "import.bad_mapping", "Something follows the mapping's last brace.")
	}
	return &m, m.check()
}

func (m *Mapping) check() error {
	fields := fault.Fields{}
	if !slices.Contains(kinds, m.Kind) {
		fields.Add("kind", "must be products, stock or orders, not %q", m.Kind)
	}
	if m.Decimal != "" && m.Decimal != "." && m.Decimal != "," {
		fields.Add("decimal", "must be a point or a comma, not %q", m.Decimal)
	}
	var err error
	if m.zone, err = time.LoadLocation(m.Timezone); err != nil || m.Timezone == "Local" {
		fields.Add("timezone", "%q is no time zone: use a name such as Europe/Berlin", m.Timezone)
	}
	known := targetNames(m.Kind)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		from, path := m.Fields[name], "fields."+name
		target, ok := targetOf(m.Kind, name)
		switch {
		case len(known) == 0:
		case !ok:
			fields.Add(path, "is not a field of %s%s", m.Kind, didYouMean(near(name, known)))
		case from.Column == "" && from.Value == "":
			fields.Add(path, "needs a column or a value")
		case from.Format != "" && !target.date:
			fields.Add(path, "is no time and has no format")
		case from.Format != "":
			if _, err := dateReader(from.Format, m.zone); err != nil {
				fields.Add(path, "%v", err)
			}
		}
	}
	for _, t := range targets(m.Kind) {
		if _, ok := m.Fields[t.name]; t.required && !ok {
			fields.Add("fields."+t.name, "is missing: say which column has it")
		}
	}
	if len(fields) == 0 {
		return nil
	}
	var remarks []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		remarks = append(remarks, name+" "+fields[name])
	}
	return fields.Err("import.bad_mapping", "The mapping is wrong: "+strings.Join(remarks, "; ")+".")
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; is it " + strings.Join(names, " or ") + "?"
}

// plainMapping reads each field from the column of its own name.
func plainMapping(k Kind, header columns) *Mapping {
	m := &Mapping{Kind: k, Fields: map[string]From{}, zone: time.UTC, ours: true}
	for _, t := range targets(k) {
		if t.required || header.find(t.name) >= 0 {
			m.Fields[t.name] = From{Column: t.name}
		}
	}
	return m
}

// cells reads the values of rows by the names of a mapping.
type cells struct {
	at      map[string]int // column of a field
	value   map[string]string
	dates   map[string]*dates
	column  map[string]string // name of a field's column in the file
	decimal byte
	ours    bool // texts that look like formulas have an apostrophe before them
}

// bind finds the mapping's columns in a header.
func (m *Mapping) bind(header columns, zone *time.Location) (*cells, error) {
	c := &cells{at: map[string]int{}, column: map[string]string{}, value: map[string]string{}, dates: map[string]*dates{}, decimal: '.', ours: m.ours}
	if m.Decimal != "" {
		c.decimal = m.Decimal[0]
	}
	if zone == nil || m.Timezone != "" {
		zone = m.zone
	}
	var needed []string
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		from := m.Fields[name]
		if from.Column != "" {
			needed = append(needed, from.Column)
			c.at[name] = header.find(from.Column)
			c.column[name] = from.Column
		}
		if from.Value != "" {
			c.value[name] = from.Value
		}
		if t, _ := targetOf(m.Kind, name); t.date {
			d, err := dateReader(from.Format, zone)
			if err != nil {
				return nil, fault.New(fault.Invalid, "import.bad_mapping", "%v.", err)
			}
			c.dates[name] = d
		}
	}
	return c, header.check(needed)
}

// has tells whether the file says anything about a field.
func (c *cells) has(field string) bool {
	_, column := c.at[field]
	return column || c.value[field] != ""
}

// get is a field's text.
func (c *cells) get(row Row, field string) string {
	if i, ok := c.at[field]; ok {
		if s := strings.TrimSpace(row.Fields[i]); s != "" {
			if c.ours {
				return csvcell.Read(s)
			}
			return s
		}
	}
	return c.value[field]
}

// form reads the values of one row or document and collects what is wrong.
type form struct {
	cells *cells
	row   Row
	wrong fault.Fields
}

func (f *form) text(field string, longest int) string {
	return short(f.wrong, field, f.cells.get(f.row, field), longest)
}

func (f *form) code(field string) string {
	return short(f.wrong, field, code(f.cells.get(f.row, field)), maxShort)
}

func (f *form) time(field string) time.Time {
	s := f.cells.get(f.row, field)
	if s == "" {
		return time.Time{}
	}
	t, err := f.cells.dates[field].read(s)
	if err != nil {
		f.wrong.Add(field, "%v", err)
	}
	return t
}

func (f *form) integer(field string, otherwise int64) int64 {
	s := f.cells.get(f.row, field)
	if s == "" {
		return otherwise
	}
	n, err := integer(s, f.cells.decimal)
	if err != nil {
		f.wrong.Add(field, "%v", err)
	}
	return n
}

func (f *form) boolean(field string) bool {
	b, err := boolean(f.cells.get(f.row, field))
	if err != nil {
		f.wrong.Add(field, "%v", err)
	}
	return b
}

func (f *form) price(field string) money.Micros {
	s := f.cells.get(f.row, field)
	if s == "" {
		return 0
	}
	plain, err := number(s, f.cells.decimal)
	if err == nil {
		var m money.Micros
		if m, err = money.ParseMicros(plain); err == nil {
			return m
		}
	}
	f.wrong.Add(field, "%v", sentence(err))
	return 0
}

func (f *form) amount(field string, currency money.Currency) int64 {
	s := f.cells.get(f.row, field)
	if s == "" {
		return 0
	}
	plain, err := number(s, f.cells.decimal)
	if err == nil {
		var n int64
		if n, err = money.Parse(plain, currency); err == nil {
			return n
		}
	}
	f.wrong.Add(field, "%v", sentence(err))
	return 0
}

func (f *form) rate(field string) money.Rate {
	s := strings.TrimSuffix(f.cells.get(f.row, field), "%")
	if s == "" {
		return 0
	}
	plain, err := number(s, f.cells.decimal)
	if err == nil {
		var r money.Rate
		if r, err = money.ParsePercent(plain); err == nil && r >= 0 && r <= money.One {
			return r
		}
		if err == nil {
			err = fmt.Errorf("%q is not between 0 and 100 percent", s)
		}
	}
	f.wrong.Add(field, "%v", sentence(err))
	return 0
}

// sentence is what an error says, without its code and full stop.
func sentence(err error) string {
	if e, ok := fault.As(err); ok {
		return strings.TrimSuffix(e.Message, ".")
	}
	return err.Error()
}

// reasons writes what is wrong with a row's fields in one sentence, by the
// file's own names of them.
func (c *cells) reasons(wrong fault.Fields) string {
	own := make(fault.Fields, len(wrong))
	for name, what := range wrong {
		own.Add(cmp.Or(c.column[name], name), "%s", what)
	}
	return reasons(own)
}

// reasons writes what is wrong with a row's fields in one sentence.
func reasons(wrong fault.Fields) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		parts = append(parts, name+": "+wrong[name])
	}
	return strings.Join(parts, "; ") + "."
}
