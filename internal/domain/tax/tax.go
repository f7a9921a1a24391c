// Package tax keeps what sales are taxed with, by place and class of goods, and
// decides which rate a sale has, and why.
//
// One rate counts for a sale: that of the most special place. Where several
// authorities tax the same sale, such as a state and a county, the rate of the
// smaller place holds all of it.
package tax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
)

// The classes that the program itself knows. A class that a place has no rate of
// is taxed as Standard.
const (
	Standard = "standard"
	Shipping = "shipping" // of charges
	Fee      = "fee"
)

// Rate is what sales to a place are taxed with.
type Rate struct {
	ID           id.TaxRate `db:"id" json:"id"`
	Country      string     `db:"country" json:"country" doc:"ISO 3166-1 alpha-2 code."`
	Region       string     `db:"region" json:"region,omitempty" doc:"Code within the country; missing: all of it."`
	PostalPrefix string     `db:"postal_prefix" json:"postal_prefix,omitempty" doc:"How postal codes of the place begin; missing: all."`
	Class        string     `db:"tax_class" json:"tax_class" doc:"That of variants, such as standard or reduced; shipping and fee: of charges."`
	Name         string     `db:"name" json:"name" doc:"As it stands on documents: VAT."`
	Rate         money.Rate `db:"rate_ppm" json:"rate_ppm" doc:"Millionths: 200000 is 20 %."`
	ValidFrom    string     `db:"valid_from" json:"valid_from" doc:"First day."`
	ValidTo      string     `db:"valid_to" json:"valid_to,omitempty" doc:"Last day; missing: for ever."`
	Version      int64      `db:"version" json:"version"`
	CreatedAt    time.Time  `db:"created_at" json:"created_at"`
}

// Reason says why a sale is taxed as it is.
type Reason string

// The reasons.
const (
	ByRate        Reason = "rate"              // a rate of the tables
	NoRate        Reason = "no_rate"           // the tables have none
	Exempt        Reason = "exempt"            // the buyer has a certificate
	ReverseCharge Reason = "reverse_charge"    // a company in another member state of the EU owes it
	Collected     Reason = "channel_collected" // the marketplace collects it and pays it
)

// Place is where goods go. Region may be a name or a code.
type Place struct{ Country, Region, Postal string }

// PlaceOf is a place with its region as a code, as rates have it.
func PlaceOf(country, region, postal string) Place {
	p := Place{country, strings.ToUpper(text.Clean(region)), postalKey(postal)}
	if code, ok := geo.Region(country, region); ok {
		p.Region = code
	}
	return p
}

func postalKey(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text.Clean(s)))
}

// Buyer is what tax asks about who buys.
type Buyer struct {
	Company     bool
	Exempt      bool
	Certificate string
	Until       string // last day of the certificate; empty: for ever
	VATNumber   string
}

// Sale is what the tax of an order depends on, besides the classes of its lines.
type Sale struct {
	Seller    string // country
	To        Place
	Buyer     Buyer
	Collected bool   // by the marketplace
	Day       string // of the sale
}

// Decision is how something is taxed, and why.
type Decision struct {
	Rate   money.Rate
	Reason Reason
	Note   string     // for people
	Within money.Rate // of a price that contains tax and is sold without: what is in it
}

// Table is the rates that the sales of a batch may need.
type Table []Rate

// Decide says how goods or a charge of a class are taxed in a sale.
func (t Table) Decide(s Sale, class string) Decision {
	if s.Collected {
		return Decision{Reason: Collected, Note: "Collected and paid by the marketplace"}
	}
	rate, found := t.find(s.To, class, s.Day)
	d := Decision{Reason: NoRate, Note: "No rate for " + cmp.Or(s.To.Country, "an unknown country")}
	if found {
		d = Decision{Rate: rate.Rate, Reason: ByRate, Note: rate.label()}
	}
	b := s.Buyer
	switch {
	case b.Exempt && b.Until != "" && b.Until < s.Day:
		d.Note += fmt.Sprintf("; certificate %s ran out on %s", b.Certificate, b.Until)
	case b.Exempt:
		return Decision{Reason: Exempt, Note: strings.TrimSpace("Certificate " + b.Certificate), Within: d.Rate}
	}
	if b.Company && s.reverses() {
		return Decision{Reason: ReverseCharge, Note: "VAT number " + b.VATNumber, Within: d.Rate}
	}
	return d
}

func (r Rate) label() string {
	place := strings.Join(slices.DeleteFunc([]string{r.Country, r.Region, r.PostalPrefix}, func(s string) bool { return s == "" }), " ")
	return fmt.Sprintf("%s %s %% (%s, %s)", r.Name, r.Rate.Percent(), place, r.Class)
}

// find is the rate of the most special place that has one, of the class or else of
// the standard class.
func (t Table) find(to Place, class, day string) (Rate, bool) {
	for _, c := range []string{class, Standard} {
		best := -1
		for i, r := range t {
			if r.Class == c && r.holds(to, day) && (best < 0 || r.moreSpecial(t[best])) {
				best = i
			}
		}
		if best >= 0 {
			return t[best], true
		}
	}
	return Rate{}, false
}

func (r Rate) holds(to Place, day string) bool {
	return r.Country == to.Country && (r.Region == "" || r.Region == to.Region) && strings.HasPrefix(to.Postal, r.PostalPrefix) &&
		r.ValidFrom <= day && (r.ValidTo == "" || r.ValidTo >= day)
}

func (r Rate) moreSpecial(than Rate) bool {
	return cmp.Or(cmp.Compare(len(r.PostalPrefix), len(than.PostalPrefix)), cmp.Compare(len(r.Region), len(than.Region)), cmp.Compare(r.ValidFrom, than.ValidFrom)) > 0
}

// union are the member states of the European Union. Greece's VAT numbers begin
// with EL.
var union = strings.Fields("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

// reverses tells whether a company owes the tax in its own member state: it has a
// VAT number of a member state other than the seller's, where the goods go to a
// member state other than the seller's (directive 2006/112/EC, articles 138 and
// 196). Whether the number is valid is not asked here.
func (s Sale) reverses() bool {
	number := strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(s.Buyer.VATNumber))
	if len(number) < 4 {
		return false
	}
	state := number[:2]
	if state == "EL" {
		state = "GR"
	}
	return slices.Contains(union, s.Seller) && slices.Contains(union, s.To.Country) && s.To.Country != s.Seller &&
		slices.Contains(union, state) && state != s.Seller
}

const maxText = 100

// clean tidies r and adds to f what is wrong with it, each field behind prefix.
func (r *Rate) clean(f fault.Fields, prefix string) {
	r.Class, r.Name, r.PostalPrefix = text.Clean(r.Class), text.Clean(r.Name), postalKey(r.PostalPrefix)
	if code, ok := geo.Country(r.Country); ok {
		r.Country = code
	} else {
		f.Add(prefix+"country", "%q is not a country", r.Country)
	}
	r.Region = PlaceOf(r.Country, r.Region, "").Region
	if r.Class == "" {
		r.Class = Standard
	}
	if r.Name == "" || len(r.Name) > maxText {
		f.Add(prefix+"name", "is missing or too long")
	}
	if len(r.Class) > maxText || len(r.Region) > maxText || len(r.PostalPrefix) > maxText {
		f.Add(prefix+"tax_class", "is too long")
	}
	if r.Rate < 0 || r.Rate > 10*money.One {
		f.Add(prefix+"rate_ppm", "is not between 0 and 1000 %%")
	}
	if _, err := time.Parse(time.DateOnly, r.ValidFrom); err != nil {
		f.Add(prefix+"valid_from", "%q is not a day like 2026-01-31", r.ValidFrom)
	}
	if _, err := time.Parse(time.DateOnly, r.ValidTo); r.ValidTo != "" && err != nil || r.ValidTo != "" && r.ValidTo < r.ValidFrom {
		f.Add(prefix+"valid_to", "%q is not a day behind valid_from", r.ValidTo)
	}
}
