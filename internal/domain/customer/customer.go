// Package customer keeps who buys: persons, companies with their locations and
// buyers, groups, payment terms, and what was said and written.
//
// A person who buys for a company buys on the company's terms; who buys for
// himself, on his own or his group's. Personal data live in these rows alone,
// never in events or the audit, so that Erase can take them away.
package customer

import (
	"net/mail"
	"slices"
	"time"
	"unicode/utf8"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Customer is a person, or whoever orders under one name.
type Customer struct {
	ID          id.Customer                `db:"id" json:"id"`
	Number      string                     `db:"number" json:"number" doc:"The number another system knows the customer by; unique."`
	Name        string                     `db:"name" json:"name"`
	Email       string                     `db:"email" json:"email"`
	Phone       string                     `db:"phone" json:"phone"`
	EmailKey    string                     `db:"email_key" json:"-"`
	PhoneKey    string                     `db:"phone_key" json:"-"`
	NameKey     string                     `db:"name_key" json:"-"`
	Currency    money.Currency             `db:"currency" json:"currency"`
	Language    string                     `db:"language" json:"language" doc:"BCP 47 tag."`
	GroupID     id.CustomerGroup           `db:"group_id" json:"group_id,omitzero"`
	PriceListID id.PriceList               `db:"price_list_id" json:"price_list_id,omitzero"`
	TermsID     id.Terms                   `db:"terms_id" json:"terms_id,omitzero"`
	Discount    money.Rate                 `db:"discount_ppm" json:"discount_ppm" doc:"Millionths off every order."`
	TaxExempt   bool                       `db:"tax_exempt" json:"tax_exempt"`
	Addresses   db.JSON[[]address.Address] `db:"addresses" json:"addresses" doc:"The first is the default."`
	Tags        db.JSON[[]string]          `db:"tags" json:"tags"`
	Custom      db.JSON[map[string]any]    `db:"custom" json:"custom"`
	Note        string                     `db:"note" json:"note"`
	ErasedAt    time.Time                  `db:"erased_at" json:"erased_at,omitzero"`
	Version     int64                      `db:"version" json:"version"`
	CreatedAt   time.Time                  `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time                  `db:"updated_at" json:"updated_at"`
}

const (
	maxText      = 500
	maxNote      = 100_000
	maxAddresses = 50
	maxList      = 250
)

// refresh recomputes the keys by which c is found, and gives lists that are
// missing as empty ones.
func (c *Customer) refresh() {
	c.EmailKey, c.PhoneKey, c.NameKey = text.EmailKey(c.Email), text.PhoneKey(c.Phone), text.Fold(c.Name)
	if c.Addresses.V == nil {
		c.Addresses.V = []address.Address{}
	}
	if c.Tags.V == nil {
		c.Tags.V = []string{}
	}
	if c.Custom.V == nil {
		c.Custom.V = map[string]any{}
	}
}

// clean tidies c and tells what is wrong with it.
func (c *Customer) clean() error {
	for _, s := range []*string{&c.Number, &c.Name, &c.Email, &c.Phone, &c.Language, &c.Note} {
		*s = text.Clean(*s)
	}
	c.Addresses.V, c.Tags.V = slices.Clone(c.Addresses.V), slices.Clone(c.Tags.V)
	c.refresh()
	f := fault.Fields{}
	if c.Name == "" && c.Email == "" && c.Number == "" {
		f.Add("name", "is missing: a customer has a name, an e-mail address or a number")
	}
	for name, s := range map[string]string{"name": c.Name, "email": c.Email, "phone": c.Phone, "number": c.Number} {
		if utf8.RuneCountInString(s) > maxText {
			f.Add(name, "is longer than %d characters", maxText)
		}
	}
	if !validEmail(c.Email) {
		f.Add("email", "is not an e-mail address")
	}
	if c.Currency != "" && !c.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", c.Currency)
	}
	checkDiscount(f, c.Discount)
	for i, a := range c.Addresses.V {
		c.Addresses.V[i] = a.Clean()
		a.CheckForm(f, path("addresses", i, ""))
	}
	for i, t := range c.Tags.V {
		c.Tags.V[i] = text.Clean(t)
	}
	c.Tags.V = distinct(c.Tags.V)
	if len(c.Addresses.V) > maxAddresses || len(c.Tags.V) > maxList || len(c.Custom.V) > maxList || len(c.Note) > maxNote {
		f.Add("addresses", "addresses are %d, tags and custom fields %d each at most, and the note has %d bytes", maxAddresses, maxList, maxNote)
	}
	return f.Err("customer.invalid", "The customer cannot be saved like this.")
}

// validEmail takes an empty address, too.
func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return s == "" || err == nil && a.Address == s
}

func checkDiscount(f fault.Fields, r money.Rate) {
	if r < 0 || r > money.One {
		f.Add("discount_ppm", "is not between 0 and 1000000")
	}
}

// remember puts an address into the customer's list, unless it is there or the
// list is full.
func (c *Customer) remember(a address.Address) bool {
	a = a.Clean()
	if a == (address.Address{}) || len(c.Addresses.V) >= maxAddresses || slices.Contains(c.Addresses.V, a) {
		return false
	}
	key := a.Key()
	if slices.ContainsFunc(c.Addresses.V, func(b address.Address) bool { return b.Key() == key }) {
		return false
	}
	c.Addresses.V = append(slices.Clip(c.Addresses.V), a)
	return true
}

// CheckVersion is Stale when a caller who read version want (0: any) meets
// another one.
func CheckVersion(have, want int64, what string) error {
	if want == 0 || want == have {
		return nil
	}
	return fault.New(fault.Stale, "customer.stale", "%s was changed since you read it: read it again.", what).
		With(map[string]int64{"version": have})
}
