package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/view"
)

// OrderSummary is an order without its lines.
type OrderSummary struct {
	order.Header
	Subtotal       money.Amount `json:"subtotal" doc:"Lines before discounts, as priced."`
	DiscountTotal  money.Amount `json:"discount_total" doc:"Taken off the lines."`
	ShippingTotal  money.Amount `json:"shipping_total" doc:"Charges after their discounts, as priced."`
	TaxTotal       money.Amount `json:"tax_total"`
	Total          money.Amount `json:"total" doc:"Tax included."`
	BaseTotal      money.Amount `json:"base_total" doc:"The total in the base currency."`
	CancelledTotal money.Amount `json:"cancelled_total" doc:"Part of the total that was cancelled before it was invoiced."`
	Authorized     money.Amount `json:"authorized" doc:"Authorized by payments and not captured yet."`
	Captured       money.Amount `json:"captured"`
	Refunded       money.Amount `json:"refunded" doc:"Part of captured that was paid back."`
	Credited       money.Amount `json:"credited" doc:"Part of invoiced that was granted back."`
	Awaited        money.Amount `json:"awaited" doc:"Value of goods that come back in exchange and are not credited yet: no money is asked for it."`
	Invoiced       money.Amount `json:"invoiced"`
	Balance        money.Amount `json:"balance" doc:"What the customer still owes; negative if we owe it back."`

	AuthorizeStatus order.AuthorizeStatus `json:"authorize_status" enum:"none,partial,full" doc:"What was authorized or charged, against the total less granted refunds."`
	ChargeStatus    order.ChargeStatus    `json:"charge_status" enum:"none,partial,full,overcharged" doc:"What was charged, against the total less granted refunds."`
}

func (o OrderSummary) version() int64 { return o.Version }

func showHeader(h order.Header) OrderSummary {
	of := func(minor int64) money.Amount { return money.Of(minor, h.Currency) }
	return OrderSummary{
		Header: h, Subtotal: of(h.Subtotal), DiscountTotal: of(h.DiscountTotal), ShippingTotal: of(h.ShippingTotal),
		TaxTotal: of(h.TaxTotal), Total: of(h.Total), BaseTotal: money.Of(h.BaseTotal, h.Base), CancelledTotal: of(h.CancelledTotal),
		Authorized: of(h.Authorized), Captured: of(h.Captured), Refunded: of(h.Refunded), Credited: of(h.Credited), Awaited: of(h.Awaited),
		Invoiced: of(h.Invoiced), Balance: of(h.Balance()),
		AuthorizeStatus: h.AuthorizeStatus(), ChargeStatus: h.ChargeStatus(),
	}
}

// Order is an order with its lines, charges, discounts and holds.
type Order struct {
	OrderSummary
	Lines     []OrderLine     `json:"lines" doc:"By position; a kit comes before its components."`
	Charges   []OrderCharge   `json:"charges"`
	Discounts []OrderDiscount `json:"discounts"`
	Holds     []*order.Hold   `json:"holds" doc:"Also those that ended, oldest first."`
}

// OrderLine is what was ordered of one variant. A kit counts complete kits.
type OrderLine struct {
	order.Line
	Subtotal       money.Amount `json:"subtotal" doc:"Price times quantity, rounded once."`
	LineDiscount   money.Amount `json:"line_discount"`
	OrderDiscount  money.Amount `json:"order_discount" doc:"Its share of the order's discounts."`
	Tax            money.Amount `json:"tax"`
	Total          money.Amount `json:"total" doc:"What the customer pays for it, tax included."`
	CancelledTotal money.Amount `json:"cancelled_total"`
	CancelledTax   money.Amount `json:"cancelled_tax"`
	InvoicedTotal  money.Amount `json:"invoiced_total"`
	InvoicedTax    money.Amount `json:"invoiced_tax"`
	RefundedTotal  money.Amount `json:"refunded_total"`
	RefundedTax    money.Amount `json:"refunded_tax"`
}

// OrderCharge is what an order costs besides its lines.
type OrderCharge struct {
	order.Charge
	Amount        money.Amount `json:"amount" doc:"As priced; negative for a fee given back."`
	Discount      money.Amount `json:"discount"`
	Tax           money.Amount `json:"tax"`
	Total         money.Amount `json:"total" doc:"Tax included."`
	RefundedTotal money.Amount `json:"refunded_total"`
	RefundedTax   money.Amount `json:"refunded_tax"`
}

// OrderDiscount is why a line or the order costs less.
type OrderDiscount struct {
	order.Discount
	Amount money.Amount `json:"amount" doc:"What it took off, as priced."`
}

func showOrder(o *order.Order) Order {
	of := func(minor int64) money.Amount { return money.Of(minor, o.Currency) }
	out := Order{OrderSummary: showHeader(o.Header), Lines: []OrderLine{}, Charges: []OrderCharge{}, Discounts: []OrderDiscount{}, Holds: orEmpty(o.Holds)}
	for _, l := range o.Lines {
		line := OrderLine{
			Line: *l, Subtotal: of(l.Subtotal), LineDiscount: of(l.LineDiscount), OrderDiscount: of(l.OrderDiscount), Tax: of(l.Tax), Total: of(l.Total),
			CancelledTotal: of(l.CancelledTotal), CancelledTax: of(l.CancelledTax), InvoicedTotal: of(l.InvoicedTotal),
			InvoicedTax: of(l.InvoicedTax), RefundedTotal: of(l.RefundedTotal), RefundedTax: of(l.RefundedTax),
		}
		line.Counts = o.Kit(l)
		out.Lines = append(out.Lines, line)
	}
	for _, c := range o.Charges {
		out.Charges = append(out.Charges, OrderCharge{
			Charge: *c, Amount: of(c.Amount), Discount: of(c.Discount), Tax: of(c.Tax), Total: of(c.Total),
			RefundedTotal: of(c.RefundedTotal), RefundedTax: of(c.RefundedTax),
		})
	}
	for _, d := range o.Discounts {
		out.Discounts = append(out.Discounts, OrderDiscount{*d, of(d.Amount)})
	}
	return out
}

// showOrders is the answer of a flow that gives one order.
func showChanged(o *order.Order, err error) (Order, error) {
	if err != nil {
		return Order{}, err
	}
	return showOrder(o), nil
}

// OrderDetail is an order with everything that belongs to it, as far as the one
// who asks may see it.
type OrderDetail struct {
	Order
	view.OrderNames
	Fulfillments []*fulfillment.Order `json:"fulfillments,omitempty" doc:"What locations are asked to do, oldest first; only with fulfillment:read."`
	Shipments    []Shipment           `json:"shipments,omitempty" doc:"Oldest first; only with fulfillment:read."`
	Payments     []Payment            `json:"payments,omitempty" doc:"Only with payment:read."`
	Invoices     []Invoice            `json:"invoices,omitempty" doc:"Credit notes among them; only with books:read."`
	Returns      []Return             `json:"returns"`
	Notes        []order.Note         `json:"notes" doc:"Of the company's own people, oldest first."`
	Decision     *routing.Entry       `json:"decision,omitempty" doc:"Where it ships from and why: the decision that stands."`
	Locations    []view.Place         `json:"locations" doc:"Names of the locations that stand above."`
	Timeline     []event.Event        `json:"timeline" doc:"The newest events of the order, oldest first."`
}

func showDetail(ctx context.Context, v view.Order) OrderDetail {
	who := auth.From(ctx)
	out := OrderDetail{
		Order: showOrder(v.Order), OrderNames: v.OrderNames, Returns: showReturns(v.Returns),
		Notes: orEmpty(v.Notes), Locations: orEmpty(v.Locations), Timeline: orEmpty(v.Timeline),
	}
	if who.May(auth.FulfillmentRead) {
		out.Fulfillments = v.Fulfillments
		for _, s := range v.Shipments {
			shown := showShipment(ctx, s.Shipment, v.Base)
			shown.Events = orEmpty(s.Events)
			out.Shipments = append(out.Shipments, shown)
		}
	}
	if who.May(auth.PaymentRead) {
		out.Payments = showPayments(v.Payments)
	}
	if who.May(auth.BooksRead) {
		out.Invoices = showInvoices(v.Invoices, v.Base)
	}
	if len(v.Decisions) > 0 {
		out.Decision = &v.Decisions[0]
	}
	return out
}

// OrderFilter is what orders are selected by.
type OrderFilter struct {
	Channels            []id.Channel              `query:"channel" maxItems:"200"`
	Statuses            []order.Status            `query:"status" enum:"draft,pending,open,completed,cancelled"`
	PaymentStatuses     []order.PaymentStatus     `query:"payment_status" enum:"unpaid,authorized,partially_paid,paid,overpaid,on_terms,overdue,partially_refunded,refunded,voided"`
	FulfillmentStatuses []order.FulfillmentStatus `query:"fulfillment_status" enum:"not_required,unfulfilled,backordered,scheduled,on_hold,in_progress,partially_fulfilled,fulfilled,delivered"`
	ReturnStatuses      []order.ReturnStatus      `query:"return_status" enum:"none,requested,in_progress,partially_returned,returned"`
	Customers           []id.Customer             `query:"customer" maxItems:"200"`
	Company             id.Company                `query:"company"`
	AssignedTo          id.User                   `query:"assigned_to"`
	Variant             id.Variant                `query:"variant" doc:"Has a line of it."`
	SKU                 string                    `query:"sku" doc:"Has a line of the variant with this SKU."`
	Held                []order.HoldReason        `query:"held" doc:"Has an active hold for one of these reasons."`
	Tag                 string                    `query:"tag"`
	Text                string                    `query:"text" doc:"Our number, the channel's number or an e-mail address; with a channel, also the channel's id. As a whole."`
	Currency            money.Currency            `query:"currency"`
	Archived            string                    `query:"archived" enum:"true,false"`
	PlacedFrom          time.Time                 `query:"placed_from" doc:"From this time on."`
	PlacedTo            time.Time                 `query:"placed_to" doc:"Before this time."`
	ShipBefore          time.Time                 `query:"ship_before" doc:"To be sent before this time, and not sent: what is at risk."`
}

func (f OrderFilter) filter() order.Filter {
	out := order.Filter{
		Channels: f.Channels, Statuses: f.Statuses, PaymentStatuses: f.PaymentStatuses, FulfillmentStatuses: f.FulfillmentStatuses,
		ReturnStatuses: f.ReturnStatuses, Customers: f.Customers, Company: f.Company, AssignedTo: f.AssignedTo, Variant: f.Variant,
		Held: f.Held, Tag: f.Tag, Text: f.Text, Currency: string(f.Currency), PlacedFrom: f.PlacedFrom, PlacedTo: f.PlacedTo, ShipBefore: f.ShipBefore,
	}
	if f.Archived != "" {
		archived := f.Archived == "true"
		out.Archived = &archived
	}
	return out
}

const orderTag = "Orders"

func (s *Server) registerOrders() {
	type listInput struct {
		Paged
		OrderFilter
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders", id: "list-orders", summary: "List orders, the newest first", tag: orderTag, permission: auth.OrderRead},
		func(ctx context.Context, in *listInput) (list[OrderSummary], error) {
			f := in.filter()
			if in.SKU != "" {
				found, err := catalog.BySKU(ctx, s.DB, []string{in.SKU})
				if err != nil || len(found) == 0 {
					return listOf[OrderSummary](nil, ""), err
				}
				f.Variant = found[in.SKU].ID
			}
			rows, next, err := order.List(ctx, s.DB, f, order.Page{Limit: in.Limit, After: in.After})
			shown := make([]OrderSummary, len(rows))
			for i, h := range rows {
				shown[i] = showHeader(h)
			}
			return listOf(shown, next), err
		})

	type getInput struct {
		Order id.Order `path:"order"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}", id: "get-order", summary: "An order with everything that belongs to it", tag: orderTag, permission: auth.OrderRead},
		func(ctx context.Context, in *getInput) (out OrderDetail, err error) {
			err = s.DB.Read(ctx, func(r *db.Snapshot) error {
				v, err := view.GetOrder(ctx, r, in.Order)
				if err == nil {
					out = showDetail(ctx, v)
				}
				return err
			})
			return out, err
		})

	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/decisions", id: "list-decisions", summary: "Where an order ships from and why, newest decision first", tag: orderTag, permission: auth.OrderRead},
		func(ctx context.Context, in *getInput) (list[routing.Entry], error) {
			if _, err := order.Get(ctx, s.DB, in.Order); err != nil {
				return list[routing.Entry]{}, err
			}
			all, err := routing.Of(ctx, s.DB, in.Order)
			return listOf(all, ""), err
		})

	type timelineInput struct {
		Order id.Order `path:"order"`
		Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"250" doc:"How many of the newest to return."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/timeline", id: "get-order-timeline", summary: "What happened to an order, oldest first", tag: orderTag, permission: auth.OrderRead},
		func(ctx context.Context, in *timelineInput) (list[event.Event], error) {
			if _, err := order.Get(ctx, s.DB, in.Order); err != nil {
				return list[event.Event]{}, err
			}
			events, err := event.Of(ctx, s.DB, in.Order, in.Limit)
			return listOf(events, ""), err
		})
}
