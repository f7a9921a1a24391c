package customer

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

var noTime time.Time

// Terms say when an invoice is due.
type Terms struct {
	ID         id.Terms   `db:"id" json:"id"`
	Code       string     `db:"code" json:"code" doc:"Such as net30."`
	Name       string     `db:"name" json:"name"`
	DueDays    int64      `db:"due_days" json:"due_days"`
	EndOfMonth bool       `db:"end_of_month" json:"end_of_month" doc:"Due days count from the end of the month of the invoice."`
	Deposit    money.Rate `db:"deposit_ppm" json:"deposit_ppm" doc:"Millionths of the total to be paid before work begins."`
}

// DueOn is the day, as YYYY-MM-DD, on which an invoice of a day is due.
func (t Terms) DueOn(invoiced string) (string, error) {
	day, err := time.Parse(time.DateOnly, invoiced)
	if err != nil {
		return "", fault.New(fault.Invalid, "customer.bad_day", "%q is not a day like 2026-01-31.", invoiced)
	}
	if t.EndOfMonth {
		day = time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	}
	return day.AddDate(0, 0, int(t.DueDays)).Format(time.DateOnly), nil
}

// Group is a tier of customers or companies.
type Group struct {
	ID          id.CustomerGroup `db:"id" json:"id"`
	Code        string           `db:"code" json:"code"`
	Name        string           `db:"name" json:"name"`
	PriceListID id.PriceList     `db:"price_list_id" json:"price_list_id,omitzero"`
	MinOrder    int64            `db:"min_order_minor" json:"min_order_minor" doc:"Least value of an order, in minor units of the currency; 0 is none."`
	Currency    money.Currency   `db:"currency" json:"currency" doc:"Of the least value. Orders in other currencies are not held to it."`
	Discount    money.Rate       `db:"discount_ppm" json:"discount_ppm"`
	WholePacks  bool             `db:"whole_packs" json:"whole_packs" doc:"Members buy whole packs only."`
}

// Pack is a line of an order, as the rules of a group see it.
type Pack struct {
	SKU      string
	Quantity int64
	Size     int64 // units of a whole pack
}

// Check holds an order to the group's rules: the least value, and whole packs.
func (g Group) Check(total int64, currency money.Currency, lines []Pack) error {
	f := fault.Fields{}
	if g.MinOrder > 0 && g.Currency == currency && total < g.MinOrder {
		f.Add("total", "is %s: customers of the group %s order for %s at least", money.Of(total, currency), g.Name, money.Of(g.MinOrder, currency))
	}
	for i, l := range lines {
		if g.WholePacks && l.Size > 1 && l.Quantity%l.Size != 0 {
			f.Add(path("lines", i, "quantity"), "%d of %s are no whole packs of %d", l.Quantity, l.SKU, l.Size)
		}
	}
	return f.Err("customer.group_rules", "The order breaks the rules of the customer's group.")
}

// TermsList reads all payment terms by code.
func TermsList(ctx context.Context, r db.Reader) ([]Terms, error) {
	return db.Select[Terms](ctx, r, `SELECT `+db.Columns[Terms]()+` FROM payment_terms ORDER BY code`)
}

// Groups reads all groups by code.
func Groups(ctx context.Context, r db.Reader) ([]Group, error) {
	return db.Select[Group](ctx, r, `SELECT `+db.Columns[Group]()+` FROM customer_group ORDER BY code`)
}

func termsByID(ctx context.Context, r db.Reader, ids []id.Terms) (map[id.Terms]Terms, error) {
	rows, err := db.SelectIn[Terms](ctx, r, `SELECT `+db.Columns[Terms]()+` FROM payment_terms WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.Terms]Terms, len(rows))
	for _, t := range rows {
		out[t.ID] = t
	}
	return out, err
}

func groupsByID(ctx context.Context, r db.Reader, ids []id.CustomerGroup) (map[id.CustomerGroup]Group, error) {
	rows, err := db.SelectIn[Group](ctx, r, `SELECT `+db.Columns[Group]()+` FROM customer_group WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.CustomerGroup]Group, len(rows))
	for _, g := range rows {
		out[g.ID] = g
	}
	return out, err
}

// SaveTerms adds payment terms, or changes those whose id they bear. Orders and
// invoices keep the terms they were made with.
func SaveTerms(ctx context.Context, tx *db.Tx, t Terms) (Terms, error) {
	t.Code, t.Name = text.Slug(t.Code), text.Clean(t.Name)
	f := fault.Fields{}
	if t.Code == "" {
		f.Add("code", "is missing")
	}
	if t.Name == "" {
		f.Add("name", "is missing")
	}
	if t.DueDays < 0 || t.DueDays > 3650 {
		f.Add("due_days", "is negative or more than ten years")
	}
	if t.Deposit < 0 || t.Deposit > money.One {
		f.Add("deposit_ppm", "is not between 0 and 1000000")
	}
	if err := f.Err("customer.bad_terms", "The payment terms cannot be saved like this."); err != nil {
		return Terms{}, err
	}
	before, err := db.Select[Terms](ctx, tx, `SELECT `+db.Columns[Terms]()+` FROM payment_terms WHERE id = ?`+tx.ForUpdate(), t.ID)
	if err != nil {
		return Terms{}, err
	}
	if t.ID.IsZero() {
		t.ID = id.New[id.Terms](tx.Now())
	} else if len(before) == 0 {
		return Terms{}, fault.New(fault.NotFound, "customer.no_terms", "There are no payment terms %s.", t.ID)
	}
	_, err = db.Insert(ctx, tx, "payment_terms", []Terms{t}, overwrite[Terms]())
	if _, taken := db.Violated(err); taken {
		return Terms{}, fault.New(fault.Conflict, "customer.terms_exist", "There are payment terms with the code %s already.", t.Code)
	}
	if err != nil {
		return Terms{}, err
	}
	return t, audit.Record(ctx, tx, "save", "payment_terms", t.ID.String(), first(before), t)
}

// SaveGroup adds a group, or changes the one whose id it bears.
func SaveGroup(ctx context.Context, tx *db.Tx, g Group) (Group, error) {
	g.Code, g.Name = text.Slug(g.Code), text.Clean(g.Name)
	f := fault.Fields{}
	if g.Code == "" {
		f.Add("code", "is missing")
	}
	if g.Name == "" {
		f.Add("name", "is missing")
	}
	if g.MinOrder < 0 {
		f.Add("min_order_minor", "is negative")
	}
	if g.MinOrder > 0 && g.Currency == "" || g.Currency != "" && !g.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", g.Currency)
	}
	checkDiscount(f, g.Discount)
	if err := f.Err("customer.bad_group", "The group cannot be saved like this."); err != nil {
		return Group{}, err
	}
	before, err := db.Select[Group](ctx, tx, `SELECT `+db.Columns[Group]()+` FROM customer_group WHERE id = ?`+tx.ForUpdate(), g.ID)
	if err != nil {
		return Group{}, err
	}
	if g.ID.IsZero() {
		g.ID = id.New[id.CustomerGroup](tx.Now())
	} else if len(before) == 0 {
		return Group{}, fault.New(fault.NotFound, "customer.no_group", "There is no customer group %s.", g.ID)
	}
	_, err = db.Insert(ctx, tx, "customer_group", []Group{g}, overwrite[Group]())
	if _, taken := db.Violated(err); taken {
		return Group{}, fault.New(fault.Conflict, "customer.group_exists", "There is a customer group with the code %s already.", g.Code)
	}
	if err != nil {
		return Group{}, err
	}
	return g, audit.Record(ctx, tx, "save", "customer_group", g.ID.String(), first(before), g)
}

// first is the first of what was found, or nil for the audit.
func first[T any](rows []T) any {
	if len(rows) == 0 {
		return nil
	}
	return rows[0]
}

// Buyer is who orders: a person, for himself or for a company and one of its locations.
type Buyer struct {
	Customer id.Customer
	Company  id.Company
	Location id.CompanyLocation
}

// Conditions are what a buyer gets.
type Conditions struct {
	PriceLists     []id.PriceList // the most special first
	Discount       money.Rate
	TaxExempt      bool
	TaxCertificate string
	TaxExemptUntil string         // last day of the certificate; empty: for ever
	VATNumber      string         // of the company
	Terms          *Terms         // nil: pays first
	Group          *Group         // whose rules the order is held to
	Currency       money.Currency // "" where nothing was agreed
	CreditLimit    int64          // of the company, in minor units of Currency; 0 is none
}

// TermsFor finds the conditions of buyers, in their order, in a constant number
// of statements. For a company they are those of the location, then the
// company, then its group; the person's own count only where no company buys.
// An inactive company or location is a Conflict.
func TermsFor(ctx context.Context, r db.Reader, buyers []Buyer) ([]Conditions, error) {
	customers, companies, locations, err := parties(ctx, r, buyers)
	if err != nil {
		return nil, err
	}
	var groupIDs []id.CustomerGroup
	var termsIDs []id.Terms
	for _, c := range customers {
		groupIDs, termsIDs = append(groupIDs, c.GroupID), append(termsIDs, c.TermsID)
	}
	for _, c := range companies {
		groupIDs, termsIDs = append(groupIDs, c.GroupID), append(termsIDs, c.TermsID)
	}
	for _, l := range locations {
		termsIDs = append(termsIDs, l.TermsID)
	}
	groups, err := groupsByID(ctx, r, nonZero(groupIDs))
	if err != nil {
		return nil, err
	}
	terms, err := termsByID(ctx, r, nonZero(termsIDs))
	if err != nil {
		return nil, err
	}
	out := make([]Conditions, len(buyers))
	for i, b := range buyers {
		c := &out[i]
		if b.Company.IsZero() {
			p := customers[b.Customer]
			c.agree(p.PriceListID, p.TermsID, terms)
			c.TaxExempt, c.Discount, c.Currency = p.TaxExempt, p.Discount, p.Currency
			c.join(groups, p.GroupID)
			continue
		}
		company := companies[b.Company]
		if l, ok := locations[b.Location]; ok {
			c.agree(l.PriceListID, l.TermsID, terms)
			c.TaxExempt = l.TaxExempt
		}
		c.agree(company.PriceListID, company.TermsID, terms)
		c.TaxExempt = c.TaxExempt || company.TaxExempt
		c.TaxCertificate, c.TaxExemptUntil, c.VATNumber = company.TaxCertificate, company.TaxExemptUntil, company.VATNumber
		c.Discount, c.Currency, c.CreditLimit = company.Discount, company.Currency, company.CreditLimit
		c.join(groups, company.GroupID)
	}
	return out, nil
}

// agree adds what a party has agreed upon, behind what was agreed before.
func (c *Conditions) agree(list id.PriceList, t id.Terms, terms map[id.Terms]Terms) {
	if !list.IsZero() {
		c.PriceLists = append(c.PriceLists, list)
	}
	if found, ok := terms[t]; ok && c.Terms == nil {
		c.Terms = &found
	}
}

// join adds what a group gives its members who have nothing better.
func (c *Conditions) join(groups map[id.CustomerGroup]Group, g id.CustomerGroup) {
	group, ok := groups[g]
	if !ok {
		return
	}
	c.Group = &group
	if c.Discount == 0 {
		c.Discount = group.Discount
	}
	if !group.PriceListID.IsZero() {
		c.PriceLists = append(c.PriceLists, group.PriceListID)
	}
}

// parties reads who the buyers are and refuses those who cannot buy.
func parties(ctx context.Context, r db.Reader, buyers []Buyer) (map[id.Customer]Customer, map[id.Company]Company, map[id.CompanyLocation]Location, error) {
	var persons []id.Customer
	var firms []id.Company
	var places []id.CompanyLocation
	for _, b := range buyers {
		persons, firms, places = append(persons, b.Customer), append(firms, b.Company), append(places, b.Location)
	}
	customers, err := Many(ctx, r, nonZero(persons))
	if err != nil {
		return nil, nil, nil, err
	}
	companies, err := ManyCompanies(ctx, r, nonZero(firms))
	if err != nil {
		return nil, nil, nil, err
	}
	locations, err := locationsByID(ctx, r, nonZero(places))
	if err != nil {
		return nil, nil, nil, err
	}
	for _, b := range buyers {
		if err := able(b, customers, companies, locations); err != nil {
			return nil, nil, nil, err
		}
	}
	return customers, companies, locations, nil
}

func able(b Buyer, customers map[id.Customer]Customer, companies map[id.Company]Company, locations map[id.CompanyLocation]Location) error {
	company, firm := companies[b.Company]
	location, place := locations[b.Location]
	_, person := customers[b.Customer]
	switch {
	case !b.Customer.IsZero() && !person:
		return notFound(b.Customer)
	case !b.Company.IsZero() && !firm:
		return noCompany(b.Company)
	case !b.Location.IsZero() && (!place || location.CompanyID != b.Company):
		return fault.New(fault.NotFound, "customer.no_location", "The company has no location %s.", b.Location)
	case firm && !company.Active:
		return fault.New(fault.Conflict, "customer.company_inactive", "The company %s is not active: activate it before it orders.", company.Name)
	case place && !location.Active:
		return fault.New(fault.Conflict, "customer.location_inactive", "The location %s of %s is not active.", location.Name, company.Name)
	}
	return nil
}

// nonZero are the different ids of a list that name something.
func nonZero[K id.Kind](ids []id.ID[K]) []id.ID[K] {
	var out []id.ID[K]
	for _, i := range distinct(ids) {
		if !i.IsZero() {
			out = append(out, i)
		}
	}
	return out
}
