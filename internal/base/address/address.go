// Package address is a postal address: the one shape in which orders,
// customers, companies, locations and shipments hold where somebody is.
package address

import (
	"strings"
	"unicode/utf8"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/text"
)

// Address is a postal address. All of it may be empty: an order of a channel
// that sends the address later has none.
type Address struct {
	Name       string `json:"name,omitempty" doc:"Person who receives."`
	Company    string `json:"company,omitempty"`
	Line1      string `json:"line1,omitempty" doc:"Street and number."`
	Line2      string `json:"line2,omitempty" doc:"Floor, building, district."`
	City       string `json:"city,omitempty"`
	Region     string `json:"region,omitempty" doc:"State, province or prefecture."`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty" doc:"ISO 3166-1 alpha-2 code."`
	Phone      string `json:"phone,omitempty"`
}

// maxField is the longest text of a field, in characters.
const maxField = 200

// IsZero tells whether a says nothing, whatever blanks are in it.
func (a Address) IsZero() bool { return a.Clean() == Address{} }

// Clean is a with tidy texts and the country as its alpha-2 code, where geo
// knows the country by the name or code that was written.
func (a Address) Clean() Address {
	for _, field := range a.fields() {
		*field.text = text.Clean(*field.text)
	}
	if code, ok := geo.Country(a.Country); ok {
		a.Country = code
	}
	return a
}

// Valid tells what keeps a from being delivered to, by JSON field; nothing if
// it is good. A postal code is not asked for, since not every country has them.
func (a Address) Valid() fault.Fields {
	f := fault.Fields{}
	a.Check(f, "")
	return f
}

// Check adds to f what is wrong with a, each field behind prefix, which is ""
// or ends with a dot: ship_to.city.
func (a Address) Check(f fault.Fields, prefix string) {
	if text.Clean(a.Name+a.Company) == "" {
		f.Add(prefix+"name", "is missing: give a name or a company")
	}
	if text.Clean(a.Line1) == "" {
		f.Add(prefix+"line1", "is missing")
	}
	if text.Clean(a.City) == "" {
		f.Add(prefix+"city", "is missing")
	}
	if text.Clean(a.Country) == "" {
		f.Add(prefix+"country", "is missing")
	}
	a.CheckForm(f, prefix)
}

// CheckForm adds to f what can be said against an address that may still be
// incomplete: an unknown country and fields that are too long.
func (a Address) CheckForm(f fault.Fields, prefix string) {
	if c := text.Clean(a.Country); c != "" {
		if _, ok := geo.Country(c); !ok {
			f.Add(prefix+"country", "%q is not a country: use a code such as DE", c)
		}
	}
	for _, field := range a.fields() {
		if utf8.RuneCountInString(*field.text) > maxField {
			f.Add(prefix+field.name, "is longer than %d characters", maxField)
		}
	}
}

// Key is the form in which addresses are compared: two addresses with the same
// key are the same receiver at the same place. The telephone does not count.
func (a Address) Key() string {
	a = a.Clean()
	a.PostalCode = geo.NormalizePostalCode(a.Country, a.PostalCode)
	a.Phone = ""
	var b strings.Builder
	for _, field := range a.fields() {
		b.WriteString(text.Fold(*field.text))
		b.WriteByte('\n')
	}
	return b.String()
}

// Place is the part of a that says where it lies.
func (a Address) Place() geo.Address {
	return geo.Address{Country: a.Country, Region: a.Region, City: a.City, PostalCode: a.PostalCode}
}

// Lines is a as it is written on a parcel, without empty lines: receiver,
// street, place, and the country's name in English.
func (a Address) Lines() []string {
	country := a.Country
	if name := geo.CountryName(country); name != "" {
		country = name
	}
	place := text.Clean(a.PostalCode + " " + a.City)
	if a.Region != "" {
		place = strings.TrimPrefix(place+", "+a.Region, ", ")
	}
	var lines []string
	for _, line := range []string{a.Name, a.Company, a.Line1, a.Line2, place, country} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// String is a in one line.
func (a Address) String() string { return strings.Join(a.Lines(), ", ") }

type field struct {
	name string
	text *string
}

// fields are the texts of a by the names they have in JSON.
func (a *Address) fields() [9]field {
	return [9]field{
		{"name", &a.Name}, {"company", &a.Company}, {"line1", &a.Line1}, {"line2", &a.Line2}, {"city", &a.City},
		{"region", &a.Region}, {"postal_code", &a.PostalCode}, {"country", &a.Country}, {"phone", &a.Phone},
	}
}
