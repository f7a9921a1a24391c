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
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Customer is a person who buys, or whoever orders under one name.
type Customer struct{ customer.Customer }

func (c Customer) version() int64 { return c.Version }

// CustomerFields are the fields of a customer in a request. A field that is
// left out stays as it is; an empty id takes it away.
type CustomerFields struct {
	Number      *string            `json:"number,omitempty" doc:"The number another system knows the customer by; unique."`
	Name        *string            `json:"name,omitempty"`
	Email       *string            `json:"email,omitempty"`
	Phone       *string            `json:"phone,omitempty"`
	Currency    *money.Currency    `json:"currency,omitempty"`
	Language    *string            `json:"language,omitempty" doc:"BCP 47 tag."`
	GroupID     *id.CustomerGroup  `json:"group_id,omitempty"`
	PriceListID *id.PriceList      `json:"price_list_id,omitempty"`
	TermsID     *id.Terms          `json:"terms_id,omitempty"`
	Discount    *money.Rate        `json:"discount_ppm,omitempty" doc:"Millionths off every order."`
	TaxExempt   *bool              `json:"tax_exempt,omitempty"`
	Addresses   *[]address.Address `json:"addresses,omitempty" doc:"All of them; the first is the default."`
	Tags        *[]string          `json:"tags,omitempty" doc:"All of them."`
	Custom      *map[string]any    `json:"custom,omitempty" doc:"All of them."`
	Note        *string            `json:"note,omitempty"`
}

func (f CustomerFields) onto(c customer.Customer) customer.Customer {
	set(&c.Number, f.Number)
	set(&c.Name, f.Name)
	set(&c.Email, f.Email)
	set(&c.Phone, f.Phone)
	set(&c.Currency, f.Currency)
	set(&c.Language, f.Language)
	set(&c.GroupID, f.GroupID)
	set(&c.PriceListID, f.PriceListID)
	set(&c.TermsID, f.TermsID)
	set(&c.Discount, f.Discount)
	set(&c.TaxExempt, f.TaxExempt)
	set(&c.Addresses.V, f.Addresses)
	set(&c.Tags.V, f.Tags)
	set(&c.Custom.V, f.Custom)
	set(&c.Note, f.Note)
	return c
}

const customerTag = "Customers"

func (s *Server) registerCustomers() {
	type listInput struct {
		Paged
		Text    string           `query:"text" doc:"Words of the name, or an e-mail address, a telephone number, a number."`
		Group   id.CustomerGroup `query:"group"`
		Company id.Company       `query:"company" doc:"Those who buy for it."`
		Tag     string           `query:"tag"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers", id: "list-customers", summary: "List customers", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *listInput) (list[customer.Customer], error) {
			f := customer.Filter{Text: in.Text, Group: in.Group, Company: in.Company, Tag: in.Tag}
			rows, next, err := customer.List(ctx, s.DB, f, customer.Page{Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type addInput struct {
		Once
		Body CustomerFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/customers", id: "add-customer", summary: "Add a customer", tag: customerTag, permission: auth.CustomerWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Customer, error) {
			c, err := customer.Save(ctx, tx, in.Body.onto(customer.Customer{}))
			return Customer{c}, err
		})

	type getInput struct {
		Customer id.Customer `path:"customer"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers/{customer}", id: "get-customer", summary: "A customer", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *getInput) (Customer, error) {
			c, err := customer.Get(ctx, s.DB, in.Customer)
			return Customer{c}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Customer id.Customer `path:"customer"`
		Body     CustomerFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/customers/{customer}", id: "change-customer", summary: "Change a customer", tag: customerTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Customer, error) {
			old, err := customer.Get(ctx, tx, in.Customer)
			if err != nil {
				return Customer{}, err
			}
			if old.Version, err = in.seen(old.Version); err != nil {
				return Customer{}, err
			}
			c, err := customer.Save(ctx, tx, in.Body.onto(old))
			return Customer{c}, in.raced(err)
		})
}

func (s *Server) registerPrivacy() {
	type getInput struct {
		Customer id.Customer `path:"customer"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers/{customer}/export", id: "export-customer", summary: "All that is kept about a person", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *getInput) (out PersonalData, err error) {
			err = s.DB.Read(ctx, func(r *db.Snapshot) error {
				if out.Personal, err = customer.Export(ctx, r, in.Customer); err != nil {
					return err
				}
				out.Orders, err = ordersOf(ctx, r, in.Customer)
				return err
			})
			return out, err
		})

	type eraseInput struct {
		Once
		Customer id.Customer `path:"customer"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/customers/{customer}/erase", id: "erase-customer", summary: "Erase a person for good, also in the orders; the books stay", tag: customerTag, permission: auth.CustomerErase},
		func(ctx context.Context, tx *db.Tx, in *eraseInput) (Customer, error) {
			if err := flow.EraseCustomer(ctx, tx, in.Customer); err != nil {
				return Customer{}, err
			}
			c, err := customer.Get(ctx, tx, in.Customer)
			return Customer{c}, err
		})

	type conditionsInput struct {
		Customer id.Customer        `path:"customer"`
		Company  id.Company         `query:"company" doc:"For which the person buys; none: for himself."`
		Location id.CompanyLocation `query:"location" doc:"Of the company."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers/{customer}/conditions", id: "get-conditions", summary: "Price lists, discount, tax and terms that a buyer gets", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *conditionsInput) (Conditions, error) {
			found, err := customer.TermsFor(ctx, s.DB, []customer.Buyer{{Customer: in.Customer, Company: in.Company, Location: in.Location}})
			if err != nil {
				return Conditions{}, err
			}
			c := found[0]
			return Conditions{
				PriceLists: orEmpty(c.PriceLists), Discount: c.Discount, TaxExempt: c.TaxExempt, TaxCertificate: c.TaxCertificate,
				Terms: c.Terms, Group: c.Group, Currency: c.Currency, CreditLimit: c.CreditLimit,
			}, nil
		})
}

// PersonalData is all that is kept about a person.
type PersonalData struct {
	customer.Personal
	Orders []Order `json:"orders" doc:"Newest first."`
}

// ordersOf reads all orders of a customer.
func ordersOf(ctx context.Context, r db.Reader, c id.Customer) ([]Order, error) {
	out := []Order{}
	after := ""
	for {
		headers, next, err := order.List(ctx, r, order.Filter{Customers: []id.Customer{c}}, order.Page{Limit: MaxBulk, After: after})
		if err != nil {
			return nil, err
		}
		ids := make([]id.Order, len(headers))
		for i, h := range headers {
			ids[i] = h.ID
		}
		orders, err := order.Many(ctx, r, ids)
		if err != nil {
			return nil, err
		}
		for _, o := range orders {
			out = append(out, showOrder(o))
		}
		if after = next; next == "" {
			return out, nil
		}
	}
}

// Conditions are what a buyer gets.
type Conditions struct {
	PriceLists     []id.PriceList  `json:"price_lists" doc:"The most special first; the base list of the currency comes after them."`
	Discount       money.Rate      `json:"discount_ppm"`
	TaxExempt      bool            `json:"tax_exempt"`
	TaxCertificate string          `json:"tax_certificate,omitempty"`
	Terms          *customer.Terms `json:"terms,omitempty" doc:"Missing: pays first."`
	Group          *customer.Group `json:"group,omitempty" doc:"Whose rules an order is held to."`
	Currency       money.Currency  `json:"currency,omitempty"`
	CreditLimit    int64           `json:"credit_limit_minor,omitempty" doc:"Of the company, in minor units of the currency; missing: no limit."`
}

func (s *Server) registerInteractions() {
	type listInput struct {
		Paged
		Customer id.Customer `path:"customer"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/customers/{customer}/interactions", id: "list-interactions", summary: "What was said with a customer, newest first", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *listInput) (list[customer.Interaction], error) {
			if _, err := customer.Get(ctx, s.DB, in.Customer); err != nil {
				return list[customer.Interaction]{}, err
			}
			rows, next, err := customer.Interactions(ctx, s.DB, in.Customer, customer.Page{Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type addInteractionInput struct {
		Once
		Customer id.Customer `path:"customer"`
		Body     struct {
			Kind  string `json:"kind" enum:"note,call,email_in,email_out,task"`
			Body  string `json:"body" minLength:"1"`
			DueOn string `json:"due_on,omitempty" doc:"Day a task is due, as YYYY-MM-DD."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/customers/{customer}/interactions", id: "add-interaction", summary: "Record a note, a call, a message or a task", tag: customerTag, permission: auth.CustomerWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInteractionInput) (customer.Interaction, error) {
			return customer.AddInteraction(ctx, tx, customer.Interaction{CustomerID: in.Customer, Kind: in.Body.Kind, Body: in.Body.Body, DueOn: in.Body.DueOn})
		})

	type tasksInput struct {
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
		Until string `query:"until" format:"date" required:"true" doc:"Tasks that are due on this day or before."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/tasks", id: "list-tasks", summary: "Open tasks, the most urgent first", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, in *tasksInput) (list[customer.Interaction], error) {
			rows, err := customer.OpenTasks(ctx, s.DB, in.Until, in.Limit)
			return listOf(rows, ""), err
		})

	type finishInput struct {
		Once
		Task id.Interaction `path:"task"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/tasks/{task}/finish", id: "finish-task", summary: "Mark a task as done", tag: customerTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *finishInput) (struct{}, error) {
			return struct{}{}, customer.FinishTask(ctx, tx, in.Task)
		})
}

// TermsFields are payment terms in a request.
type TermsFields struct {
	Code       *string     `json:"code,omitempty" doc:"Such as net30."`
	Name       *string     `json:"name,omitempty"`
	DueDays    *int64      `json:"due_days,omitempty"`
	EndOfMonth *bool       `json:"end_of_month,omitempty" doc:"Due days count from the end of the month of the invoice."`
	Deposit    *money.Rate `json:"deposit_ppm,omitempty" doc:"Millionths of the total to be paid before work begins."`
}

func (f TermsFields) onto(t customer.Terms) customer.Terms {
	set(&t.Code, f.Code)
	set(&t.Name, f.Name)
	set(&t.DueDays, f.DueDays)
	set(&t.EndOfMonth, f.EndOfMonth)
	set(&t.Deposit, f.Deposit)
	return t
}

func (s *Server) registerTerms() {
	read(s, route{method: http.MethodGet, path: "/v1/payment-terms", id: "list-payment-terms", summary: "List the payment terms", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, _ *struct{}) (list[customer.Terms], error) {
			all, err := customer.TermsList(ctx, s.DB)
			return listOf(all, ""), err
		})

	type addInput struct {
		Once
		Body TermsFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/payment-terms", id: "add-payment-terms", summary: "Add payment terms", tag: customerTag, permission: auth.SettingWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (customer.Terms, error) {
			return customer.SaveTerms(ctx, tx, in.Body.onto(customer.Terms{}))
		})

	type changeInput struct {
		Terms id.Terms `path:"terms"`
		Body  TermsFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/payment-terms/{terms}", id: "change-payment-terms", summary: "Change payment terms; orders and invoices keep those they were made with", tag: customerTag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (customer.Terms, error) {
			all, err := customer.TermsList(ctx, tx)
			if err != nil {
				return customer.Terms{}, err
			}
			i := slices.IndexFunc(all, func(t customer.Terms) bool { return t.ID == in.Terms })
			if i < 0 {
				return customer.Terms{}, fault.New(fault.NotFound, "customer.no_terms", "There are no payment terms %s.", in.Terms)
			}
			return customer.SaveTerms(ctx, tx, in.Body.onto(all[i]))
		})
}

// GroupFields are a customer group in a request.
type GroupFields struct {
	Code        *string         `json:"code,omitempty"`
	Name        *string         `json:"name,omitempty"`
	PriceListID *id.PriceList   `json:"price_list_id,omitempty"`
	MinOrder    *int64          `json:"min_order_minor,omitempty" doc:"Least value of an order, in minor units of the currency; 0 is none."`
	Currency    *money.Currency `json:"currency,omitempty" doc:"Of the least value."`
	Discount    *money.Rate     `json:"discount_ppm,omitempty"`
	WholePacks  *bool           `json:"whole_packs,omitempty" doc:"Members buy whole packs only."`
}

func (f GroupFields) onto(g customer.Group) customer.Group {
	set(&g.Code, f.Code)
	set(&g.Name, f.Name)
	set(&g.PriceListID, f.PriceListID)
	set(&g.MinOrder, f.MinOrder)
	set(&g.Currency, f.Currency)
	set(&g.Discount, f.Discount)
	set(&g.WholePacks, f.WholePacks)
	return g
}

func (s *Server) registerGroups() {
	read(s, route{method: http.MethodGet, path: "/v1/customer-groups", id: "list-customer-groups", summary: "List the customer groups", tag: customerTag, permission: auth.CustomerRead},
		func(ctx context.Context, _ *struct{}) (list[customer.Group], error) {
			all, err := customer.Groups(ctx, s.DB)
			return listOf(all, ""), err
		})

	type addInput struct {
		Once
		Body GroupFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/customer-groups", id: "add-customer-group", summary: "Add a customer group", tag: customerTag, permission: auth.CustomerWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (customer.Group, error) {
			return customer.SaveGroup(ctx, tx, in.Body.onto(customer.Group{}))
		})

	type changeInput struct {
		Group id.CustomerGroup `path:"group"`
		Body  GroupFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/customer-groups/{group}", id: "change-customer-group", summary: "Change a customer group", tag: customerTag, permission: auth.CustomerWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (customer.Group, error) {
			all, err := customer.Groups(ctx, tx)
			if err != nil {
				return customer.Group{}, err
			}
			i := slices.IndexFunc(all, func(g customer.Group) bool { return g.ID == in.Group })
			if i < 0 {
				return customer.Group{}, fault.New(fault.NotFound, "customer.no_group", "There is no customer group %s.", in.Group)
			}
			return customer.SaveGroup(ctx, tx, in.Body.onto(all[i]))
		})
}
