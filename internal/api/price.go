package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// PriceList is a set of selling prices in one currency.
type PriceList struct{ catalog.PriceList }

func (l PriceList) version() int64 { return l.Version }

// PriceListFields are the fields of a price list in a request.
type PriceListFields struct {
	Code         *string         `json:"code,omitempty"`
	Name         *string         `json:"name,omitempty"`
	Currency     *money.Currency `json:"currency,omitempty" doc:"Stays what the list was made with."`
	TaxInclusive *bool           `json:"tax_inclusive,omitempty" doc:"The prices contain tax."`
	Base         *bool           `json:"is_base,omitempty" doc:"The list of its currency that every price falls back to."`
	StartsAt     *time.Time      `json:"starts_at,omitempty"`
	EndsAt       *time.Time      `json:"ends_at,omitempty" doc:"The list counts before this time, not at it."`
}

func (f PriceListFields) onto(l catalog.PriceList) catalog.PriceList {
	set(&l.Code, f.Code)
	set(&l.Name, f.Name)
	set(&l.Currency, f.Currency)
	set(&l.TaxInclusive, f.TaxInclusive)
	set(&l.Base, f.Base)
	set(&l.StartsAt, f.StartsAt)
	set(&l.EndsAt, f.EndsAt)
	return l
}

func (s *Server) registerPriceLists() {
	read(s, route{method: http.MethodGet, path: "/v1/price-lists", id: "list-price-lists", summary: "List the price lists", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, _ *struct{}) (list[catalog.PriceList], error) {
			all, err := catalog.PriceLists(ctx, s.DB)
			return listOf(all, ""), err
		})

	type getInput struct {
		List id.PriceList `path:"price_list"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/price-lists/{price_list}", id: "get-price-list", summary: "A price list", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, in *getInput) (PriceList, error) {
			l, err := catalog.GetPriceList(ctx, s.DB, in.List)
			return PriceList{l}, err
		})

	type addInput struct {
		Once
		Body PriceListFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/price-lists", id: "add-price-list", summary: "Add a price list", tag: catalogTag, permission: auth.CatalogWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (PriceList, error) {
			l, err := catalog.SavePriceList(ctx, tx, in.Body.onto(catalog.PriceList{}))
			return PriceList{l}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		List id.PriceList `path:"price_list"`
		Body PriceListFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/price-lists/{price_list}", id: "change-price-list", summary: "Change a price list", tag: catalogTag, permission: auth.CatalogWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (PriceList, error) {
			old, err := catalog.GetPriceList(ctx, tx, in.List)
			if err != nil {
				return PriceList{}, err
			}
			if old.Version, err = in.seen(old.Version); err != nil {
				return PriceList{}, err
			}
			l, err := catalog.SavePriceList(ctx, tx, in.Body.onto(old))
			return PriceList{l}, in.raced(err)
		})
}

func (s *Server) registerPrices() {
	type listInput struct {
		Variants []id.Variant   `query:"variant" required:"true" minItems:"1" maxItems:"200" doc:"Ids, with commas between them."`
		Currency money.Currency `query:"currency" doc:"Gives the prices that count in this currency, instead of those of all lists."`
		Lists    []id.PriceList `query:"price_list" maxItems:"20" doc:"With a currency: lists that come before the base list, the most special first."`
		At       time.Time      `query:"at" doc:"With a currency: the time at which the prices count; now if it is left out."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/prices", id: "list-prices", summary: "Selling prices of variants", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, in *listInput) (list[catalog.Price], error) {
			var prices map[id.Variant][]catalog.Price
			var err error
			if in.Currency == "" {
				prices, err = catalog.AllPrices(ctx, s.DB, in.Variants)
			} else {
				at := in.At
				if at.IsZero() {
					at = s.DB.Now()
				}
				prices, err = catalog.Prices(ctx, s.DB, in.Variants, in.Lists, in.Currency, at.UTC())
			}
			return listOf(inOrder(in.Variants, prices), ""), err
		})

	type setPricesInput struct {
		Once
		Body struct {
			Prices []catalog.PriceChange `json:"prices" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/prices/bulk", id: "set-prices", summary: "Set selling prices, or take them away", tag: catalogTag, permission: auth.CatalogWrite},
		func(ctx context.Context, tx *db.Tx, in *setPricesInput) (bulk[catalog.PriceChange], error) {
			return setPrices(ctx, tx, in.Body.Prices)
		})

	type purchaseInput struct {
		Variants []id.Variant `query:"variant" required:"true" minItems:"1" maxItems:"200" doc:"Ids, with commas between them."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/purchase-prices", id: "list-purchase-prices", summary: "What suppliers ask for variants", tag: catalogTag, permission: auth.CostRead},
		func(ctx context.Context, in *purchaseInput) (list[catalog.PurchasePrice], error) {
			prices, err := catalog.PurchasePrices(ctx, s.DB, in.Variants)
			return listOf(inOrder(in.Variants, prices), ""), err
		})
}

// inOrder lists what variants have, in the order in which they were asked for.
func inOrder[T any](variants []id.Variant, of map[id.Variant][]T) []T {
	var out []T
	for _, v := range variants {
		out = append(out, of[v]...)
		delete(of, v)
	}
	return out
}

// setPrices sets the prices that can be set and tells of each that cannot be.
// The area judges all changes before it writes one, so those it finds fault
// with are left out and the rest is tried again.
func setPrices(ctx context.Context, tx *db.Tx, changes []catalog.PriceChange) (bulk[catalog.PriceChange], error) {
	var out bulk[catalog.PriceChange]
	refused := map[int]error{}
	for {
		var left []catalog.PriceChange
		var at []int // indexes of what is left
		for i, c := range changes {
			if refused[i] == nil {
				left, at = append(left, c), append(at, i)
			}
		}
		_, err := catalog.SetPrices(ctx, tx, left)
		if err == nil {
			break
		}
		found := faultsOf(err)
		if len(found) == 0 {
			return out, err
		}
		for i, f := range found {
			refused[at[i]] = f
		}
	}
	for i, c := range changes {
		if err := refused[i]; err == nil {
			out.done(http.StatusOK, c)
		} else if err := out.refuse(err); err != nil {
			return out, err
		}
	}
	return out, nil
}

// faultsOf parts a fault of a list, whose fields are [2].name, into one for
// each item; none where err is not about items.
func faultsOf(err error) map[int]error {
	whole, ok := fault.As(err)
	if !ok {
		return nil
	}
	fields := map[int]fault.Fields{}
	for _, name := range slices.Sorted(maps.Keys(whole.Fields)) {
		index, field, ok := strings.Cut(strings.TrimPrefix(name, "["), "].")
		i, err := strconv.Atoi(index)
		if !ok || err != nil {
			return nil
		}
		if fields[i] == nil {
			fields[i] = fault.Fields{}
		}
		fields[i].Add(field, "%s", whole.Fields[name])
	}
	out := make(map[int]error, len(fields))
	for i, f := range fields {
		out[i] = f.Err(whole.Code, whole.Message)
	}
	return out
}
