package api

import (
	"context"
	"net/http"
	"slices"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/customer"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Company is a company that buys, with its locations and the people who buy for it.
type Company struct {
	customer.Company
	Locations []customer.Location `json:"locations"`
	Contacts  []customer.Contact  `json:"contacts"`
}

func (b Company) version() int64 { return b.Version }

// showCompanies reads what hangs on companies, in a constant number of statements.
func showCompanies(ctx context.Context, r db.Reader, rows ...customer.Company) ([]Company, error) {
	ids := make([]id.Company, len(rows))
	for i, c := range rows {
		ids[i] = c.ID
	}
	locations, err := customer.Locations(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	contacts, err := customer.Contacts(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Company, len(rows))
	for i, c := range rows {
		out[i] = Company{c, orEmpty(locations[c.ID]), orEmpty(contacts[c.ID])}
	}
	return out, nil
}

func showCompany(ctx context.Context, r db.Reader, c id.Company) (Company, error) {
	row, err := customer.GetCompany(ctx, r, c)
	if err != nil {
		return Company{}, err
	}
	shown, err := showCompanies(ctx, r, row)
	if err != nil {
		return Company{}, err
	}
	return shown[0], nil
}

// CompanyFields are the fields of a company that buys in a request. A field
// that is left out stays as it is; an empty id takes it away.
type CompanyFields struct {
	Name           *string           `json:"name,omitempty"`
	VATNumber      *string           `json:"vat_number,omitempty"`
	Currency       *money.Currency   `json:"currency,omitempty"`
	TermsID        *id.Terms         `json:"terms_id,omitempty"`
	PriceListID    *id.PriceList     `json:"price_list_id,omitempty"`
	GroupID        *id.CustomerGroup `json:"group_id,omitempty"`
	Discount       *money.Rate       `json:"discount_ppm,omitempty"`
	CreditLimit    *int64            `json:"credit_limit_minor,omitempty" doc:"In minor units of the company's currency; 0 is no limit."`
	TaxExempt      *bool             `json:"tax_exempt,omitempty"`
	TaxCertificate *string           `json:"tax_certificate,omitempty" doc:"Number of the certificate that exempts it."`
	TaxExemptUntil *string           `json:"tax_exempt_until,omitempty" doc:"Last day of the certificate; empty: for ever."`
	Note           *string           `json:"note,omitempty"`
	Active         *bool             `json:"active,omitempty"`
}

func (f CompanyFields) onto(c customer.Company) customer.Company {
	set(&c.Name, f.Name)
	set(&c.VATNumber, f.VATNumber)
	set(&c.Currency, f.Currency)
	set(&c.TermsID, f.TermsID)
	set(&c.PriceListID, f.PriceListID)
	set(&c.GroupID, f.GroupID)
	set(&c.Discount, f.Discount)
	set(&c.CreditLimit, f.CreditLimit)
	set(&c.TaxExempt, f.TaxExempt)
	set(&c.TaxCertificate, f.TaxCertificate)
	set(&c.TaxExemptUntil, f.TaxExemptUntil)
	set(&c.Note, f.Note)
	set(&c.Active, f.Active)
	return c
}

const companyTag = "Companies that buy"

func (s *Server) registerCompanies() {
	type listInput struct {
		Paged
		Text string `query:"text" doc:"Part of the name, or the VAT number."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/companies", id: "list-companies", summary: "List companies", tag: companyTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *listInput) (list[Company], error) {
			rows, next, err := customer.Companies(ctx, s.DB, in.Text, customer.Page{Limit: in.Limit, After: in.After})
			if err != nil {
				return list[Company]{}, err
			}
			shown, err := showCompanies(ctx, s.DB, rows...)
			return listOf(shown, next), err
		})

	type addInput struct {
		Once
		Body CompanyFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/companies", id: "add-company", summary: "Add a company", tag: companyTag, permission: auth.CustomerWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Company, error) {
			c, err := customer.SaveCompany(ctx, tx, in.Body.onto(customer.Company{Active: true}))
			if err != nil {
				return Company{}, err
			}
			return showCompany(ctx, tx, c.ID)
		})

	type getInput struct {
		Company id.Company `path:"company"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/companies/{company}", id: "get-buying-company", summary: "A company with its locations and buyers", tag: companyTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *getInput) (Company, error) { return showCompany(ctx, s.DB, in.Company) })

	type changeInput struct {
		Keyed
		IfMatch
		Company id.Company `path:"company"`
		Body    CompanyFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/companies/{company}", id: "change-buying-company", summary: "Change a company", tag: companyTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Company, error) {
			old, err := customer.GetCompany(ctx, tx, in.Company)
			if err != nil {
				return Company{}, err
			}
			if old.Version, err = in.seen(old.Version); err != nil {
				return Company{}, err
			}
			if _, err := customer.SaveCompany(ctx, tx, in.Body.onto(old)); err != nil {
				return Company{}, in.raced(err)
			}
			return showCompany(ctx, tx, in.Company)
		})
}

// CompanyLocationFields are the fields of a company's location in a request.
type CompanyLocationFields struct {
	Name        *string          `json:"name,omitempty"`
	ShipTo      *address.Address `json:"ship_to,omitempty"`
	BillTo      *address.Address `json:"bill_to,omitempty" doc:"Empty: as ship_to."`
	TermsID     *id.Terms        `json:"terms_id,omitempty"`
	PriceListID *id.PriceList    `json:"price_list_id,omitempty"`
	TaxExempt   *bool            `json:"tax_exempt,omitempty"`
	Active      *bool            `json:"active,omitempty"`
}

func (f CompanyLocationFields) onto(l customer.Location) customer.Location {
	set(&l.Name, f.Name)
	set(&l.ShipTo.V, f.ShipTo)
	set(&l.BillTo.V, f.BillTo)
	set(&l.TermsID, f.TermsID)
	set(&l.PriceListID, f.PriceListID)
	set(&l.TaxExempt, f.TaxExempt)
	set(&l.Active, f.Active)
	return l
}

func (s *Server) registerCompanyLocations() {
	type addInput struct {
		Once
		Company id.Company `path:"company"`
		Body    CompanyLocationFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/companies/{company}/locations", id: "add-company-location", summary: "Add a location of a company", tag: companyTag, permission: auth.CustomerWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (customer.Location, error) {
			if _, err := customer.GetCompany(ctx, tx, in.Company); err != nil {
				return customer.Location{}, err
			}
			return customer.SaveLocation(ctx, tx, in.Body.onto(customer.Location{CompanyID: in.Company, Active: true}))
		})

	type changeInput struct {
		Company  id.Company         `path:"company"`
		Location id.CompanyLocation `path:"location"`
		Body     CompanyLocationFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/companies/{company}/locations/{location}", id: "change-company-location", summary: "Change a location of a company", tag: companyTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (customer.Location, error) {
			of, err := customer.Locations(ctx, tx, []id.Company{in.Company})
			if err != nil {
				return customer.Location{}, err
			}
			i := slices.IndexFunc(of[in.Company], func(l customer.Location) bool { return l.ID == in.Location })
			if i < 0 {
				return customer.Location{}, fault.New(fault.NotFound, "customer.no_location", "The company has no location %s.", in.Location)
			}
			return customer.SaveLocation(ctx, tx, in.Body.onto(of[in.Company][i]))
		})

	type setCompanyContactInput struct {
		Keyed
		Company  id.Company  `path:"company"`
		Customer id.Customer `path:"customer"`
		Body     struct {
			LocationID id.CompanyLocation `json:"company_location_id,omitzero" doc:"The place the person buys for; missing: all."`
			Title      string             `json:"title,omitempty" doc:"Such as buyer or accounts payable."`
		}
	}
	write(s, route{method: http.MethodPut, path: "/v1/companies/{company}/contacts/{customer}", id: "set-company-contact", summary: "Let a person buy for a company", tag: companyTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *setCompanyContactInput) (customer.Contact, error) {
			c := customer.Contact{CompanyID: in.Company, CustomerID: in.Customer, LocationID: in.Body.LocationID, Title: in.Body.Title}
			return c, customer.SetContact(ctx, tx, c)
		})

	type removeInput struct {
		Keyed
		Company  id.Company  `path:"company"`
		Customer id.Customer `path:"customer"`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/companies/{company}/contacts/{customer}", id: "remove-company-contact", summary: "End a person's buying for a company", tag: companyTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *removeInput) (struct{}, error) {
			return struct{}{}, customer.RemoveContact(ctx, tx, in.Company, in.Customer)
		})
}
