package api

import (
	"context"
	"net/http"
	"strings"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/tax"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// TaxRate is what sales to a place are taxed with.
type TaxRate struct{ tax.Rate }

func (r TaxRate) version() int64 { return r.Version }

func showTaxRates(rows []tax.Rate) []TaxRate {
	out := make([]TaxRate, len(rows))
	for i, r := range rows {
		out[i] = TaxRate{r}
	}
	return out
}

// TaxRateFields are the fields of a tax rate in a request.
type TaxRateFields struct {
	Country      string     `json:"country" minLength:"2" doc:"ISO 3166-1 alpha-2 code."`
	Region       string     `json:"region,omitempty" doc:"Code or name within the country; missing: all of it."`
	PostalPrefix string     `json:"postal_prefix,omitempty" doc:"How postal codes of the place begin; missing: all."`
	Class        string     `json:"tax_class,omitempty" default:"standard" doc:"That of variants, such as standard or reduced; shipping and fee: of charges."`
	Name         string     `json:"name" minLength:"1" doc:"As it stands on documents: VAT."`
	Rate         money.Rate `json:"rate_ppm" minimum:"0" maximum:"10000000" doc:"Millionths: 200000 is 20 %."`
	ValidFrom    string     `json:"valid_from" format:"date" doc:"First day."`
	ValidTo      string     `json:"valid_to,omitempty" format:"date" doc:"Last day; missing: for ever."`
}

func (f TaxRateFields) rate(of id.TaxRate, version int64) tax.Rate {
	return tax.Rate{
		ID: of, Country: f.Country, Region: f.Region, PostalPrefix: f.PostalPrefix, Class: f.Class, Name: f.Name, Rate: f.Rate,
		ValidFrom: f.ValidFrom, ValidTo: f.ValidTo, Version: version,
	}
}

const taxTag = "Tax"

func (s *Server) registerTaxRates() {
	type listInput struct {
		Paged
		Country string `query:"country"`
		Class   string `query:"tax_class"`
		On      string `query:"on" format:"date" doc:"Only those that are valid on the day."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/tax-rates", id: "list-tax-rates", summary: "What sales are taxed with, by place and class", tag: taxTag, permission: auth.BooksRead},
		func(ctx context.Context, in *listInput) (list[TaxRate], error) {
			rows, next, err := tax.List(ctx, s.DB, tax.Filter{Country: in.Country, Class: in.Class, On: in.On, Limit: in.Limit, After: in.After})
			return listOf(showTaxRates(rows), next), err
		})

	type getInput struct {
		Rate id.TaxRate `path:"rate"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/tax-rates/{rate}", id: "get-tax-rate", summary: "A tax rate", tag: taxTag, permission: auth.BooksRead},
		func(ctx context.Context, in *getInput) (TaxRate, error) {
			found, err := tax.Get(ctx, s.DB, in.Rate)
			return TaxRate{found}, err
		})

	save := func(ctx context.Context, tx *db.Tx, r tax.Rate) (TaxRate, error) {
		saved, err := tax.Save(ctx, tx, []tax.Rate{r})
		if err != nil {
			return TaxRate{}, err
		}
		return TaxRate{saved[0]}, nil
	}
	type addInput struct {
		Once
		Body TaxRateFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/tax-rates", id: "add-tax-rate", summary: "Add a tax rate; orders keep the tax they were placed with", tag: taxTag, permission: auth.TaxWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (TaxRate, error) {
			return save(ctx, tx, in.Body.rate(id.TaxRate{}, 0))
		})

	type changeInput struct {
		Keyed
		IfMatch
		Rate id.TaxRate `path:"rate"`
		Body TaxRateFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/tax-rates/{rate}", id: "change-tax-rate", summary: "Change a tax rate, such as its last day", tag: taxTag, permission: auth.TaxWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (TaxRate, error) {
			seen, err := in.want()
			if err != nil {
				return TaxRate{}, err
			}
			if _, err := tax.Get(ctx, tx, in.Rate); err != nil {
				return TaxRate{}, err
			}
			return save(ctx, tx, in.Body.rate(in.Rate, seen))
		})

	type removeInput struct {
		Keyed
		IfMatch
		Rate id.TaxRate `path:"rate"`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/tax-rates/{rate}", id: "remove-tax-rate", summary: "Remove a tax rate", tag: taxTag, permission: auth.TaxWrite},
		func(ctx context.Context, tx *db.Tx, in *removeInput) (struct{}, error) {
			seen, err := in.want()
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, tax.Remove(ctx, tx, in.Rate, seen)
		})

	type importInput struct {
		Once
		Body struct {
			CSV string `json:"csv" minLength:"1" doc:"A file with a head line of the columns country, region, postal_prefix, tax_class, name, rate_percent, valid_from, valid_to."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/tax-rates/import", id: "import-tax-rates", summary: "Add the tax rates of a file, all or none", tag: taxTag, permission: auth.TaxWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *importInput) (list[TaxRate], error) {
			rates, err := tax.Read(strings.NewReader(in.Body.CSV))
			if err != nil {
				return list[TaxRate]{}, err
			}
			saved, err := tax.Save(ctx, tx, rates)
			return listOf(showTaxRates(saved), ""), err
		})
}
