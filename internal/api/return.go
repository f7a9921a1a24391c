package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Return is goods that come back.
type Return struct {
	returns.Return
	Total money.Amount `json:"total" doc:"Value given back, tax included."`
	Lines []ReturnLine `json:"lines"`
}

func (r Return) version() int64 { return r.Version }

// ReturnLine is a number of like units with one fate.
type ReturnLine struct {
	returns.Line
	Tax   money.Amount `json:"tax" doc:"Tax in total."`
	Total money.Amount `json:"total" doc:"Value of the goods as the customer paid it, tax included."`
}

func showReturn(r *returns.Return) Return {
	out := Return{Return: *r, Total: money.Of(r.Total, r.Currency), Lines: []ReturnLine{}}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, ReturnLine{*l, money.Of(l.Tax, r.Currency), money.Of(l.Total, r.Currency)})
	}
	return out
}

func showReturns(all []*returns.Return) []Return {
	out := make([]Return, len(all))
	for i, r := range all {
		out[i] = showReturn(r)
	}
	return out
}

// TakenBack is units of an order line that came back.
type TakenBack struct {
	LineID   id.Line       `json:"line_id"`
	Quantity int64         `json:"quantity" minimum:"1" doc:"Base units."`
	Total    *money.Amount `json:"total,omitempty" doc:"What is given back for them, tax included; what they cost, if it is left out."`
	Reason   string        `json:"reason,omitempty"`
}

const returnTag = "Returns"

func (s *Server) registerReturns() {
	type listInput struct {
		Paged
		Locations []id.Location    `query:"location" maxItems:"200"`
		Orders    []id.Order       `query:"order" maxItems:"200"`
		Customer  id.Customer      `query:"customer"`
		Statuses  []returns.Status `query:"status" enum:"requested,approved,in_transit,received,inspected,closed,declined,cancelled,expired"`
		Number    int64            `query:"number"`
		From      time.Time        `query:"from" doc:"Made from this time on."`
		To        time.Time        `query:"to" doc:"Made before this time."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/returns", id: "list-returns", summary: "List returns, newest first", tag: returnTag, permission: auth.OrderRead},
		func(ctx context.Context, in *listInput) (list[Return], error) {
			locations, err := within(ctx, auth.OrderRead, in.Locations)
			if err != nil {
				return list[Return]{}, err
			}
			rows, next, err := returns.List(ctx, s.DB, returns.Filter{
				Locations: locations, Orders: in.Orders, Customer: in.Customer, Statuses: in.Statuses, Number: in.Number,
				CreatedFrom: in.From.UTC(), CreatedTo: in.To.UTC(), Limit: in.Limit, After: in.After,
			})
			return listOf(showReturns(rows), next), err
		})

	type getInput struct {
		Return id.Return `path:"return"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/returns/{return}", id: "get-return", summary: "A return", tag: returnTag, permission: auth.OrderRead},
		func(ctx context.Context, in *getInput) (Return, error) {
			r, err := returns.Get(ctx, s.DB, in.Return)
			if err != nil {
				return Return{}, err
			}
			return showReturn(r), auth.RequireAt(ctx, auth.OrderRead, r.Location)
		})

	type takeBackInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			LocationID  id.Location         `json:"location_id" doc:"Where the goods are."`
			Lines       []TakenBack         `json:"lines" minItems:"1" maxItems:"1000"`
			Disposition returns.Disposition `json:"disposition,omitempty" enum:"restock,refurbish,quarantine,scrap,return_to_vendor" default:"restock" doc:"What becomes of the goods."`
			ExternalID  string              `json:"external_id,omitempty" doc:"The id that the return has where it comes from; unique."`
			Note        string              `json:"note,omitempty"`
			Override    string              `json:"override_policy,omitempty" maxLength:"500" doc:"Why it is taken back against the return policy; needs return:override."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/returns", id: "take-back", summary: "Take goods back: they are received, credited and refunded at once", tag: returnTag, permission: auth.ReturnWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *takeBackInput) (Return, error) {
			b := in.Body
			if err := auth.RequireAt(ctx, auth.ReturnWrite, b.LocationID); err != nil {
				return Return{}, err
			}
			if err := mayOverride(ctx, b.Override); err != nil {
				return Return{}, err
			}
			o, err := order.Get(ctx, tx, in.Order)
			if err != nil {
				return Return{}, err
			}
			taking := flow.TakingBack{Order: o.ID, Customer: o.Customer, Location: b.LocationID, ExternalID: b.ExternalID, Disposition: b.Disposition, Note: b.Note, Requested: returns.ByStaff, Override: b.Override}
			f := fault.Fields{}
			for i, l := range b.Lines {
				line := flow.TakenBack{Line: l.LineID, Quantity: l.Quantity, Reason: l.Reason}
				if l.Total != nil {
					total := minorOf(f, item("lines", i, "total"), *l.Total, o.Currency)
					line.Total = &total
				}
				taking.Lines = append(taking.Lines, line)
			}
			if err := f.Err("return.invalid", "The goods cannot be taken back like this."); err != nil {
				return Return{}, err
			}
			taken, err := flow.TakeBack(ctx, tx, []flow.TakingBack{taking})
			if err != nil {
				return Return{}, err
			}
			return showReturn(taken[0]), nil
		})
}
