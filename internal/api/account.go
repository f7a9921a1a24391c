package api

import (
	"context"
	"net/http"
	"slices"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/customer"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

// CustomerOverview is a customer with what somebody who talks to him needs to
// know at once.
type CustomerOverview struct {
	customer.Customer
	GroupName string                 `json:"group_name,omitempty"`
	Companies []view.BuysFor         `json:"companies" doc:"Companies that the customer buys for."`
	Accounts  []CustomerAccount      `json:"accounts" doc:"Orders and money, one entry for each currency."`
	Tasks     []customer.Interaction `json:"tasks" doc:"Tasks that are not done, the most urgent first."`
}

func (c CustomerOverview) version() int64 { return c.Version }

// CustomerAccount sums what a customer ordered, got and paid in one currency.
// Drafts do not count.
type CustomerAccount struct {
	view.CustomerAccount
	Ordered      money.Amount `json:"ordered" doc:"Without what was cancelled."`
	Invoiced     money.Amount `json:"invoiced"`
	Credited     money.Amount `json:"credited" doc:"Part of invoiced that was granted back."`
	Paid         money.Amount `json:"paid" doc:"Captured less paid back."`
	Balance      money.Amount `json:"balance" doc:"What the customer owes: invoiced less credited less paid. Negative: paid ahead."`
	OpenInvoices money.Amount `json:"open_invoices" doc:"What is still to be paid of invoices."`
	Overdue      money.Amount `json:"overdue" doc:"Part of open_invoices that is past its due day."`
}

// Moment is one thing in the life of a customer.
type Moment struct {
	view.Moment
	Amount *money.Amount `json:"amount,omitempty"`
}

func (s *Server) registerAccounts() {
	type getInput struct {
		Customer id.Customer `path:"customer"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers/{customer}/overview", id: "get-customer-overview", summary: "A customer with orders, money and tasks in sums", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *getInput) (out CustomerOverview, err error) {
			err = s.DB.Read(ctx, func(r *db.Snapshot) error {
				company, err := setting.LoadCompany(ctx, r)
				if err != nil {
					return err
				}
				v, err := view.GetCustomer(ctx, r, in.Customer, company.Day(s.DB.Now()))
				out = CustomerOverview{Customer: v.Customer, GroupName: v.GroupName, Companies: orEmpty(v.Companies), Accounts: []CustomerAccount{}, Tasks: orEmpty(v.Tasks)}
				for _, a := range v.Accounts {
					of := func(minor int64) money.Amount { return money.Of(minor, a.Currency) }
					out.Accounts = append(out.Accounts, CustomerAccount{
						CustomerAccount: a, Ordered: of(a.Ordered), Invoiced: of(a.Invoiced), Credited: of(a.Credited), Paid: of(a.Paid),
						Balance: of(a.Balance), OpenInvoices: of(a.OpenInvoices), Overdue: of(a.Overdue),
					})
				}
				return err
			})
			return out, err
		})

	type timelineInput struct {
		Paged
		Customer id.Customer `path:"customer"`
		Kinds    []string    `query:"kind" enum:"order,shipment,return,invoice,credit_note,payment,order_note,note,call,email_in,email_out,task"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers/{customer}/timeline", id: "get-customer-timeline", summary: "What happened with a customer, newest first", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *timelineInput) (list[Moment], error) {
			if _, err := customer.Get(ctx, s.DB, in.Customer); err != nil {
				return list[Moment]{}, err
			}
			kinds := in.Kinds
			if len(kinds) == 0 {
				kinds = view.TimelineKinds
			}
			if !auth.From(ctx).May(auth.PaymentRead) {
				kinds = slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return kind == "payment" })
			}
			if len(kinds) == 0 {
				return listOf[Moment](nil, ""), nil
			}
			rows, next, err := view.Timeline(ctx, s.DB, in.Customer, kinds, view.Page{Limit: in.Limit, After: in.After})
			shown := make([]Moment, len(rows))
			for i, m := range rows {
				shown[i].Moment = m
				if m.Currency != "" {
					amount := money.Of(m.Amount, m.Currency)
					shown[i].Amount = &amount
				}
			}
			return listOf(shown, next), err
		})
}
