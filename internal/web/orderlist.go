package web

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/view"
	"purser/internal/web/ui"
)

// orderView is a list of orders that people look at every day.
type orderView struct {
	code, name, remark string
	tone               ui.Tone // of its number on the start page; Calm: it does not stand there
	filter             func(now time.Time) order.Filter
}

var orderViews = []orderView{
	{"", "All", "", ui.Calm, func(time.Time) order.Filter { return order.Filter{} }},
	{"late", "Late", "should have left", ui.Bad, func(now time.Time) order.Filter { return order.Filter{ShipBefore: now} }},
	{"tosend", "To send", "nothing of it has left yet", ui.Brand, func(time.Time) order.Filter {
		return order.Filter{Statuses: []order.Status{order.StatusOpen}, FulfillmentStatuses: []order.FulfillmentStatus{order.FulfillmentUnfulfilled, order.FulfillmentPartiallyFulfilled}}
	}},
	{"inwork", "In work", "being picked and packed", ui.Busy, func(time.Time) order.Filter {
		return order.Filter{FulfillmentStatuses: []order.FulfillmentStatus{order.FulfillmentInProgress}}
	}},
	{"waiting", "To release", "accepted, and not to be sent yet", ui.Warn, func(time.Time) order.Filter { return order.Filter{Statuses: []order.Status{order.StatusPending}} }},
	{"held", "On hold", "somebody must look at it", ui.Warn, func(time.Time) order.Filter { return order.Filter{Held: order.HoldReasons} }},
	{"backordered", "Backordered", "waits for stock", ui.Warn, func(time.Time) order.Filter {
		return order.Filter{FulfillmentStatuses: []order.FulfillmentStatus{order.FulfillmentBackordered}}
	}},
	{"unpaid", "Unpaid", "open, and not on terms", ui.Warn, func(time.Time) order.Filter {
		return order.Filter{Statuses: []order.Status{order.StatusPending, order.StatusOpen}, PaymentStatuses: []order.PaymentStatus{order.PaymentUnpaid}}
	}},
	{"overdue", "Overdue", "an invoice is past its date", ui.Bad, func(time.Time) order.Filter {
		return order.Filter{PaymentStatuses: []order.PaymentStatus{order.PaymentOverdue}}
	}},
	{"overpaid", "Overpaid", "something is owed to the customer", ui.Warn, func(time.Time) order.Filter {
		return order.Filter{PaymentStatuses: []order.PaymentStatus{order.PaymentOverpaid}}
	}},
	{"returns", "Returns", "on their way, or to be inspected", ui.Warn, func(time.Time) order.Filter {
		return order.Filter{ReturnStatuses: []order.ReturnStatus{order.ReturnRequested, order.ReturnInProgress}}
	}},
	{"drafts", "Drafts", "quotes and what is not finished", ui.Calm, func(time.Time) order.Filter { return order.Filter{Statuses: []order.Status{order.StatusDraft}} }},
}

func orderViewOf(code string) orderView {
	if i := slices.IndexFunc(orderViews, func(w orderView) bool { return w.code == code }); i >= 0 {
		return orderViews[i]
	}
	return orderViews[0]
}

// orderList is what the page of orders shows.
type orderList struct {
	view     orderView
	rows     []view.ListedOrder
	next     string // cursor of the next page
	channels []channel.Channel
	outcome  *bulkOutcome // of what was just done to chosen orders; nil: nothing was
}

// orderFilters are the filters of the page, as they are named in its address.
var orderFilters = []string{"q", "status", "payment", "fulfillment", "channel", "tag", "from", "to"}

// narrowed tells whether something is looked for.
func (l orderList) narrowed(v *visit) bool {
	return slices.ContainsFunc(orderFilters, func(name string) bool { return v.r.URL.Query().Get(name) != "" })
}

func (s *Server) registerOrders() {
	s.page("/orders", auth.OrderRead, s.showOrders)
	for _, b := range bulkActions {
		s.handle(route{http.MethodPost, "/orders/bulk/" + b.code, b.permission, false}, func(v *visit) error { return s.bulk(v, b) })
		s.handle(route{http.MethodGet, "/orders/bulk/" + b.code, b.permission, false}, func(v *visit) error { return seeOther(v, "/orders") })
	}
}

func (s *Server) showOrders(v *visit) (templ.Component, error) {
	l, err := s.listOrders(v)
	if err != nil {
		return nil, err
	}
	return ordersPage(v, l), nil
}

func (s *Server) listOrders(v *visit) (l orderList, err error) {
	q := v.r.URL.Query()
	l.view = orderViewOf(q.Get("view"))
	f, err := orderFilter(v, q, l.view.filter(v.at))
	if err != nil {
		return l, err
	}
	if l.channels, err = channel.List(v.ctx, s.DB); err != nil {
		return l, err
	}
	l.rows, l.next, err = view.FindOrders(v.ctx, s.DB, f, q.Get("q"), order.Page{After: q.Get("after")})
	return l, err
}

// orderFilter reads the filters of the page's address.
func orderFilter(v *visit, q url.Values, f order.Filter) (order.Filter, error) {
	if s := q.Get("status"); s != "" {
		f.Statuses = []order.Status{order.Status(s)}
	}
	if s := q.Get("payment"); s != "" {
		f.PaymentStatuses = []order.PaymentStatus{order.PaymentStatus(s)}
	}
	if s := q.Get("fulfillment"); s != "" {
		f.FulfillmentStatuses = []order.FulfillmentStatus{order.FulfillmentStatus(s)}
	}
	if s := q.Get("channel"); s != "" {
		var of id.Channel
		if err := of.UnmarshalText([]byte(s)); err != nil {
			return f, fault.New(fault.Invalid, "orders.bad_filter", "There is no such channel.")
		}
		f.Channels = []id.Channel{of}
	}
	f.Tag = q.Get("tag")
	zone := ui.Zone(v.ctx)
	for name, at := range map[string]*time.Time{"from": &f.PlacedFrom, "to": &f.PlacedTo} {
		s := q.Get(name)
		if s == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, s, zone)
		if err != nil {
			return f, fault.New(fault.Invalid, "orders.bad_filter", "%q is not a day such as 2026-03-02.", s)
		}
		if name == "to" {
			day = day.AddDate(0, 0, 1)
		}
		*at = day.UTC()
	}
	return f, nil
}
