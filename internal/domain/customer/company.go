package customer

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
)

// Company is a firm that buys, on terms of its own.
type Company struct {
	ID             id.Company       `db:"id" json:"id"`
	Name           string           `db:"name" json:"name"`
	NameKey        string           `db:"name_key" json:"-"`
	VATNumber      string           `db:"vat_number" json:"vat_number"`
	Currency       money.Currency   `db:"currency" json:"currency"`
	TermsID        id.Terms         `db:"terms_id" json:"terms_id,omitzero"`
	PriceListID    id.PriceList     `db:"price_list_id" json:"price_list_id,omitzero"`
	GroupID        id.CustomerGroup `db:"group_id" json:"group_id,omitzero"`
	Discount       money.Rate       `db:"discount_ppm" json:"discount_ppm"`
	CreditLimit    int64            `db:"credit_limit_minor" json:"credit_limit_minor" doc:"In minor units of the company's currency; 0 is no limit."`
	TaxExempt      bool             `db:"tax_exempt" json:"tax_exempt"`
	TaxCertificate string           `db:"tax_certificate" json:"tax_certificate" doc:"Number of the certificate that exempts it."`
	TaxExemptUntil string           `db:"tax_exempt_until" json:"tax_exempt_until,omitempty" doc:"Last day of the certificate; missing: for ever."`
	Note           string           `db:"note" json:"note"`
	Active         bool             `db:"active" json:"active"`
	Version        int64            `db:"version" json:"version"`
	CreatedAt      time.Time        `db:"created_at" json:"created_at"`
	UpdatedAt      time.Time        `db:"updated_at" json:"updated_at"`
}

// Location is a place of a company that goods or invoices go to.
type Location struct {
	ID          id.CompanyLocation       `db:"id" json:"id"`
	CompanyID   id.Company               `db:"company_id" json:"company_id"`
	Name        string                   `db:"name" json:"name"`
	ShipTo      db.JSON[address.Address] `db:"ship_to" json:"ship_to"`
	BillTo      db.JSON[address.Address] `db:"bill_to" json:"bill_to" doc:"Empty: as ship_to."`
	TermsID     id.Terms                 `db:"terms_id" json:"terms_id,omitzero"`
	PriceListID id.PriceList             `db:"price_list_id" json:"price_list_id,omitzero"`
	TaxExempt   bool                     `db:"tax_exempt" json:"tax_exempt"`
	Active      bool                     `db:"active" json:"active"`
}

// Contact is a person who buys for a company.
type Contact struct {
	CompanyID  id.Company         `db:"company_id" json:"company_id"`
	CustomerID id.Customer        `db:"customer_id" json:"customer_id"`
	LocationID id.CompanyLocation `db:"company_location_id" json:"company_location_id,omitzero" doc:"The place the person buys for; missing: all."`
	Title      string             `db:"title" json:"title" doc:"Such as buyer or accounts payable."`
}

func noCompany(c id.Company) error {
	return fault.New(fault.NotFound, "customer.no_company", "There is no company %s.", c)
}

// GetCompany reads one company.
func GetCompany(ctx context.Context, r db.Reader, c id.Company) (Company, error) {
	out, err := db.Get[Company](ctx, r, `SELECT `+db.Columns[Company]()+` FROM company WHERE id = ?`, c)
	if db.None(err) {
		err = noCompany(c)
	}
	return out, err
}

// ManyCompanies reads companies; ids that are not known are not in the map.
func ManyCompanies(ctx context.Context, r db.Reader, ids []id.Company) (map[id.Company]Company, error) {
	rows, err := db.SelectIn[Company](ctx, r, `SELECT `+db.Columns[Company]()+` FROM company WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.Company]Company, len(rows))
	for _, c := range rows {
		out[c.ID] = c
	}
	return out, err
}

// Companies returns companies by name whose name or VAT number has the text,
// and the cursor of the next page, "" at the end.
func Companies(ctx context.Context, r db.Reader, search string, page Page) ([]Company, string, error) {
	var w db.Where
	if s := text.Fold(search); s != "" {
		w.And(`(name_key LIKE ? ESCAPE '\' OR vat_number = ?)`, "%"+like(s)+"%", text.Clean(search))
	}
	if page.After != "" {
		name, last, err := parseCursor[id.Company](page.After)
		if err != nil {
			return nil, "", err
		}
		w.And("(name_key, id) > (?, ?)", name, last)
	}
	rows, err := db.Select[Company](ctx, r, `SELECT `+db.Columns[Company]()+` FROM company`+w.SQL()+` ORDER BY name_key, id LIMIT ?`, w.Args(page.limit()+1)...)
	if err != nil || len(rows) <= page.limit() {
		return rows, "", err
	}
	rows = rows[:page.limit()]
	last := rows[len(rows)-1]
	return rows, cursor(last.NameKey, last.ID), nil
}

// SaveCompany adds a company, or changes the one whose id it bears and whose
// version it was read at (0: any).
func SaveCompany(ctx context.Context, tx *db.Tx, c Company) (Company, error) {
	c.Name, c.VATNumber, c.TaxCertificate, c.Note = text.Clean(c.Name), text.Clean(c.VATNumber), text.Clean(c.TaxCertificate), text.Clean(c.Note)
	c.NameKey = text.Fold(c.Name)
	f := fault.Fields{}
	if c.Name == "" || utf8.RuneCountInString(c.Name) > maxText {
		f.Add("name", "is missing or longer than %d characters", maxText)
	}
	if c.Currency == "" || !c.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", c.Currency)
	}
	if c.CreditLimit < 0 {
		f.Add("credit_limit_minor", "is negative")
	}
	if len(c.Note) > maxNote {
		f.Add("note", "is longer than %d bytes", maxNote)
	}
	if _, err := time.Parse(time.DateOnly, c.TaxExemptUntil); c.TaxExemptUntil != "" && err != nil {
		f.Add("tax_exempt_until", "%q is not a day like 2026-01-31", c.TaxExemptUntil)
	}
	checkDiscount(f, c.Discount)
	if err := f.Err("customer.bad_company", "The company cannot be saved like this."); err != nil {
		return Company{}, err
	}
	if err := known(ctx, tx, c.GroupID, c.TermsID); err != nil {
		return Company{}, err
	}
	before, err := db.Select[Company](ctx, tx, `SELECT `+db.Columns[Company]()+` FROM company WHERE id = ?`+tx.ForUpdate(), c.ID)
	if err != nil {
		return Company{}, err
	}
	c.UpdatedAt = tx.Now()
	var fact event.Fact
	switch {
	case c.ID.IsZero():
		c.ID, c.Version, c.CreatedAt = id.New[id.Company](tx.Now()), 1, tx.Now()
		fact = CompanyAdded{Company: c.ID, Name: c.Name}
	case len(before) == 0:
		return Company{}, noCompany(c.ID)
	default:
		if err := CheckVersion(before[0].Version, c.Version, "The company "+before[0].Name); err != nil {
			return Company{}, err
		}
		c.Version, c.CreatedAt = before[0].Version+1, before[0].CreatedAt
		fact = CompanyChanged{Company: c.ID, Fields: diff(before[0], c)}
	}
	if _, err := db.Insert(ctx, tx, "company", []Company{c}, overwrite[Company]()); err != nil {
		return Company{}, err
	}
	if err := event.Record(ctx, tx, fact); err != nil {
		return Company{}, err
	}
	if len(before) > 0 && (c.CreditLimit != before[0].CreditLimit || c.Currency != before[0].Currency) {
		if err := job.Enqueue(ctx, tx, ReviewCredit{c.ID}); err != nil {
			return Company{}, err
		}
	}
	return c, audit.Record(ctx, tx, "save", "company", c.ID.String(), first(before), c)
}

// Locations reads the locations of companies, by name.
func Locations(ctx context.Context, r db.Reader, companies []id.Company) (map[id.Company][]Location, error) {
	rows, err := db.SelectIn[Location](ctx, r, `SELECT `+db.Columns[Location]()+` FROM company_location WHERE company_id IN (/*in*/) ORDER BY name, id`, distinct(companies))
	out := map[id.Company][]Location{}
	for _, l := range rows {
		out[l.CompanyID] = append(out[l.CompanyID], l)
	}
	return out, err
}

func locationsByID(ctx context.Context, r db.Reader, ids []id.CompanyLocation) (map[id.CompanyLocation]Location, error) {
	rows, err := db.SelectIn[Location](ctx, r, `SELECT `+db.Columns[Location]()+` FROM company_location WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.CompanyLocation]Location, len(rows))
	for _, l := range rows {
		out[l.ID] = l
	}
	return out, err
}

// SaveLocation adds a location of a company, or changes the one whose id it
// bears. A location stays with its company.
func SaveLocation(ctx context.Context, tx *db.Tx, l Location) (Location, error) {
	l.Name = text.Clean(l.Name)
	l.ShipTo.V, l.BillTo.V = l.ShipTo.V.Clean(), l.BillTo.V.Clean()
	f := fault.Fields{}
	if l.Name == "" || utf8.RuneCountInString(l.Name) > maxText {
		f.Add("name", "is missing or longer than %d characters", maxText)
	}
	l.ShipTo.V.Check(f, "ship_to.")
	if l.BillTo.V != (address.Address{}) {
		l.BillTo.V.Check(f, "bill_to.")
	}
	if err := f.Err("customer.bad_location", "The company's location cannot be saved like this."); err != nil {
		return Location{}, err
	}
	if _, err := GetCompany(ctx, tx, l.CompanyID); err != nil {
		return Location{}, err
	}
	if err := known(ctx, tx, id.CustomerGroup{}, l.TermsID); err != nil {
		return Location{}, err
	}
	before, err := db.Select[Location](ctx, tx, `SELECT `+db.Columns[Location]()+` FROM company_location WHERE id = ?`+tx.ForUpdate(), l.ID)
	if err != nil {
		return Location{}, err
	}
	if l.ID.IsZero() {
		l.ID = id.New[id.CompanyLocation](tx.Now())
	} else if len(before) == 0 || before[0].CompanyID != l.CompanyID {
		return Location{}, fault.New(fault.NotFound, "customer.no_location", "The company has no location %s.", l.ID)
	}
	if _, err := db.Insert(ctx, tx, "company_location", []Location{l}, overwrite[Location]()); err != nil {
		return Location{}, err
	}
	return l, audit.Record(ctx, tx, "save", "company_location", l.ID.String(), first(before), l)
}

// SetContact makes a person a buyer of a company, or changes what he is there.
func SetContact(ctx context.Context, tx *db.Tx, c Contact) error {
	c.Title = text.Clean(c.Title)
	if _, _, _, err := parties(ctx, tx, []Buyer{{c.CustomerID, c.CompanyID, c.LocationID}}); err != nil {
		return err
	}
	if c.CompanyID.IsZero() || c.CustomerID.IsZero() {
		return fault.New(fault.Invalid, "customer.bad_contact", "A contact is a customer of a company: name both.")
	}
	_, err := db.Insert(ctx, tx, "company_contact", []Contact{c}, `
		ON CONFLICT (company_id, customer_id) DO UPDATE SET company_location_id = excluded.company_location_id, title = excluded.title`)
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, "set_contact", "company", c.CompanyID.String(), nil, c)
}

// RemoveContact ends a person's buying for a company.
func RemoveContact(ctx context.Context, tx *db.Tx, company id.Company, person id.Customer) error {
	n, err := tx.Exec(ctx, `DELETE FROM company_contact WHERE company_id = ? AND customer_id = ?`, company, person)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "customer.no_contact", "The person does not buy for this company.")
	}
	return audit.Record(ctx, tx, "remove_contact", "company", company.String(), map[string]any{"customer_id": person}, nil)
}

// Contacts reads who buys for companies.
func Contacts(ctx context.Context, r db.Reader, companies []id.Company) (map[id.Company][]Contact, error) {
	rows, err := db.SelectIn[Contact](ctx, r, `SELECT `+db.Columns[Contact]()+` FROM company_contact WHERE company_id IN (/*in*/) ORDER BY customer_id`, distinct(companies))
	out := map[id.Company][]Contact{}
	for _, c := range rows {
		out[c.CompanyID] = append(out[c.CompanyID], c)
	}
	return out, err
}

// ContactOf reads which companies persons buy for.
func ContactOf(ctx context.Context, r db.Reader, persons []id.Customer) (map[id.Customer][]Contact, error) {
	rows, err := db.SelectIn[Contact](ctx, r, `SELECT `+db.Columns[Contact]()+` FROM company_contact WHERE customer_id IN (/*in*/) ORDER BY company_id`, distinct(persons))
	out := map[id.Customer][]Contact{}
	for _, c := range rows {
		out[c.CustomerID] = append(out[c.CustomerID], c)
	}
	return out, err
}

// MayBuy tells whether a person buys for a company, at a location of it if one is given.
func MayBuy(contacts []Contact, company id.Company, location id.CompanyLocation) bool {
	return slices.ContainsFunc(contacts, func(c Contact) bool {
		return c.CompanyID == company && (location.IsZero() || c.LocationID.IsZero() || c.LocationID == location)
	})
}
