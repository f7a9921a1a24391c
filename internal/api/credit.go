package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Exposure is what a company owes and will owe, in the currency of its limit.
type Exposure struct {
	CompanyID  id.Company      `json:"company_id"`
	Limit      *money.Amount   `json:"limit,omitempty" doc:"Missing: there is none."`
	Total      money.Amount    `json:"total" doc:"What counts when an order is placed: receivable, shipped, released and accepted, less what is on account."`
	Receivable money.Amount    `json:"receivable" doc:"Invoiced and not paid."`
	Shipped    money.Amount    `json:"shipped" doc:"Has left and is not invoiced."`
	Released   money.Amount    `json:"released" doc:"Locations may work on it. With receivable and shipped, what counts when goods are released."`
	Accepted   money.Amount    `json:"accepted" doc:"Ordered on terms and not released yet."`
	OnAccount  money.Amount    `json:"on_account" doc:"Received, and for no order yet: it is taken off."`
	Held       money.Amount    `json:"held" doc:"Waits for credit, and does not count."`
	Orders     []OrderExposure `json:"orders"`
}

// OrderExposure is an order's part of what its company owes and will owe.
type OrderExposure struct {
	OrderID    id.Order     `json:"order_id"`
	Number     int64        `json:"number"`
	Held       bool         `json:"held" doc:"It waits for credit."`
	Receivable money.Amount `json:"receivable"`
	Shipped    money.Amount `json:"shipped"`
	Released   money.Amount `json:"released"`
	Accepted   money.Amount `json:"accepted"`
	Waiting    money.Amount `json:"waiting"`
}

func showExposure(e *flow.Exposure) Exposure {
	of := func(minor int64) money.Amount { return money.Of(minor, e.Currency) }
	out := Exposure{
		CompanyID: e.Company, Total: of(e.Total()), Receivable: of(e.Receivable), Shipped: of(e.Shipped), Released: of(e.Released),
		Accepted: of(e.Accepted), OnAccount: of(e.OnAccount), Held: of(e.Held), Orders: []OrderExposure{},
	}
	if e.Limit > 0 {
		limit := of(e.Limit)
		out.Limit = &limit
	}
	for _, o := range e.Orders {
		out.Orders = append(out.Orders, OrderExposure{o.Order, o.Number, o.Held, of(o.Receivable), of(o.Shipped), of(o.Released), of(o.Accepted), of(o.Waiting)})
	}
	return out
}

func (s *Server) registerCredit() {
	type getInput struct {
		Company id.Company `path:"company"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/companies/{company}/credit", id: "get-company-credit", summary: "What a company owes and will owe against its credit limit, order by order", tag: companyTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *getInput) (Exposure, error) {
			e, err := flow.ExposureOf(ctx, s.DB, s.DB.Now(), in.Company)
			if err != nil {
				return Exposure{}, err
			}
			return showExposure(e), nil
		})

	type approveCreditInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			Until time.Time `json:"until,omitzero" doc:"Until when it counts; missing: for as long as the order lives."`
			Note  string    `json:"note,omitempty"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/credit-approval", id: "approve-credit", summary: "Let an order be sent although its company is over its credit limit", tag: orderTag, permission: auth.OrderCredit},
		func(ctx context.Context, tx *db.Tx, in *approveCreditInput) (Order, error) {
			seen, err := in.want()
			if err != nil {
				return Order{}, err
			}
			return showChanged(flow.ApproveCredit(ctx, tx, in.Order, seen, in.Body.Until, in.Body.Note))
		})
}
