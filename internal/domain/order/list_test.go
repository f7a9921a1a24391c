package order

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// shop is a company with a few of each thing, so that filters meet.
type shop struct {
	channels  []id.Channel
	customers []id.Customer
	companies []id.Company
	users     []id.User
	variants  []id.Variant
	tags      []string
}

func newShop() shop {
	var s shop
	for i := range 3 {
		s.channels = append(s.channels, id.New[id.Channel](noon))
		s.customers = append(s.customers, id.New[id.Customer](noon))
		s.companies = append(s.companies, id.New[id.Company](noon))
		s.users = append(s.users, id.New[id.User](noon))
		s.variants = append(s.variants, variant())
		s.tags = append(s.tags, fmt.Sprint("tag ", i))
	}
	return s
}

// some draws one of a few, or none.
func some[T any](t *rapid.T, name string, values []T) (v T) {
	if i := rapid.IntRange(-1, len(values)-1).Draw(t, name); i >= 0 {
		v = values[i]
	}
	return v
}

func many[T any](t *rapid.T, name string, values []T) []T {
	return rapid.SliceOfN(rapid.SampledFrom(values), 0, 3).Draw(t, name)
}

// order stores an order and does a few things to it.
func (s shop) order(t *rapid.T, d *db.DB, i int) *Order {
	dr := draft()
	dr.Channel = rapid.SampledFrom(s.channels).Draw(t, "channel")
	dr.Customer, dr.Company, dr.AssignedTo = some(t, "customer", s.customers), some(t, "company", s.companies), some(t, "user", s.users)
	dr.ExternalID, dr.ExternalNumber = fmt.Sprint("ext", i), fmt.Sprintf("#%d", 500+i%7)
	dr.Email = fmt.Sprintf("buyer%d@example.com", i%5)
	dr.PlacedAt = noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "hour")) * time.Hour) // several at the same time
	dr.Status = rapid.SampledFrom([]Status{StatusDraft, StatusPending, StatusOpen, StatusOpen, StatusOpen}).Draw(t, "status")
	dr.Tags = many(t, "tags", s.tags)
	if rapid.Bool().Draw(t, "terms") {
		dr.Terms = &Terms{Days: 30}
	}
	for range rapid.IntRange(1, 3).Draw(t, "lines") {
		l := item(2, "10")
		l.Variant = rapid.SampledFrom(s.variants).Draw(t, "variant")
		l.ShipBy = dr.PlacedAt.Add(24 * time.Hour)
		dr.Lines = append(dr.Lines, l)
	}
	o := insert(t, d, dr)[0]
	return change(t, d, o.ID, func(o *Order) error {
		for range rapid.IntRange(0, 6).Draw(t, "commands") {
			_ = anyCommand(t, o)
		}
		if rapid.IntRange(0, 2).Draw(t, "held") == 0 {
			_, _ = o.Hold(Hold{Reason: rapid.SampledFrom(HoldReasons[:3]).Draw(t, "reason")})
		}
		if rapid.IntRange(0, 3).Draw(t, "shipped") == 0 {
			for _, l := range o.Lines {
				_ = o.Allocate(l.ID, l.Unallocated)
				_ = o.Ship(l.ID, l.Allocated)
			}
			o.SetPayments(Payments{Captured: o.Total})
		}
		o.SetReturns(int64(rapid.IntRange(0, 1).Draw(t, "requested")), 0, 0)
		_ = o.Archive(rapid.Bool().Draw(t, "archived"))
		return nil
	})
}

func (s shop) filter(t *rapid.T, orders []*Order) Filter {
	var f Filter
	// Few filters at a time, or nothing is found.
	for range rapid.IntRange(0, 3).Draw(t, "filters") {
		switch rapid.IntRange(0, 15).Draw(t, "filter") {
		case 0:
			f.Channels = many(t, "channels", s.channels)
		case 1:
			f.Statuses = many(t, "statuses", []Status{StatusDraft, StatusPending, StatusOpen, StatusCompleted, StatusCancelled})
		case 2:
			f.PaymentStatuses = many(t, "payment", []PaymentStatus{PaymentUnpaid, PaymentAuthorized, PaymentPaid, PaymentOnTerms, PaymentVoided, PaymentOverpaid})
		case 3:
			f.FulfillmentStatuses = many(t, "fulfillment", []FulfillmentStatus{FulfillmentUnfulfilled, FulfillmentBackordered, FulfillmentOnHold, FulfillmentFulfilled, FulfillmentNotRequired, FulfillmentPartiallyFulfilled})
		case 4:
			f.ReturnStatuses = many(t, "returns", []ReturnStatus{ReturnNone, ReturnRequested, ReturnReturned})
		case 5:
			f.Customers = many(t, "customers", s.customers)
		case 6:
			f.Company = some(t, "company", s.companies)
		case 7:
			f.AssignedTo = some(t, "user", s.users)
		case 8:
			f.Variant = some(t, "variant", s.variants)
		case 9:
			f.Held = many(t, "held", HoldReasons[:3])
		case 10:
			f.Tag = some(t, "tag", s.tags)
		case 11:
			o := rapid.SampledFrom(orders).Draw(t, "like")
			f.Text = rapid.SampledFrom([]string{fmt.Sprint(o.Number), o.ExternalNumber, o.ExternalNumber[1:], strings.ToUpper(o.Email), o.ExternalID, "#", "nothing"}).Draw(t, "text")
		case 12:
			f.Archived = new(rapid.Bool().Draw(t, "archived"))
		case 13:
			f.PlacedFrom = noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "from")) * time.Hour)
		case 14:
			f.PlacedTo = noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "to")) * time.Hour)
		case 15:
			f.ShipBefore = noon.Add(time.Duration(rapid.IntRange(20, 34).Draw(t, "ship before")) * time.Hour)
		}
	}
	return f
}

func among[T comparable](values []T, v T) bool { return len(values) == 0 || slices.Contains(values, v) }

// matches is what a filter means.
func (f Filter) matches(o *Order) bool {
	bare := strings.TrimPrefix(f.Text, "#")
	named := f.Text == "" || bare != "" && (bare == fmt.Sprint(o.Number) || o.ExternalNumber == "#"+bare || o.ExternalNumber == bare ||
		strings.EqualFold(f.Text, o.Email) || f.Text == o.ExternalID && slices.Contains(f.Channels, o.Channel))
	return named && among(f.Channels, o.Channel) && among(f.Statuses, o.Status) && among(f.PaymentStatuses, o.PaymentStatus) &&
		among(f.FulfillmentStatuses, o.FulfillmentStatus) && among(f.ReturnStatuses, o.ReturnStatus) && among(f.Customers, o.Customer) &&
		(f.Company.IsZero() || f.Company == o.Company) && (f.AssignedTo.IsZero() || f.AssignedTo == o.AssignedTo) &&
		(f.Variant.IsZero() || slices.ContainsFunc(o.Lines, func(l *Line) bool { return l.Variant == f.Variant })) &&
		(len(f.Held) == 0 || slices.ContainsFunc(o.Holds, func(h *Hold) bool { return h.Status == HoldActive && slices.Contains(f.Held, h.Reason) })) &&
		(f.Tag == "" || slices.Contains(o.Tags.V, f.Tag)) && (f.Archived == nil || *f.Archived == o.Archived) &&
		(f.PlacedFrom.IsZero() || !o.PlacedAt.Before(f.PlacedFrom)) && (f.PlacedTo.IsZero() || o.PlacedAt.Before(f.PlacedTo)) &&
		(f.ShipBefore.IsZero() || o.ShipBy.Before(f.ShipBefore) && (o.Status == StatusPending || o.Status == StatusOpen) &&
			slices.ContainsFunc(o.Lines, func(l *Line) bool { return l.Open() > 0 }))
}

// TestListFindsWhatMatches compares pages of any filter with a look at all orders.
func TestListFindsWhatMatches(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var orders []*Order
		s := newShop()
		rapid.Check(t, func(t *rapid.T) {
			if len(orders) < 150 {
				for range 3 {
					orders = append(orders, s.order(t, d, len(orders)))
				}
			}
			f := s.filter(t, orders)
			var want, got []int64
			all := slices.DeleteFunc(slices.Clone(orders), func(o *Order) bool { return !f.matches(o) })
			slices.SortFunc(all, func(a, b *Order) int { return cmp.Or(b.PlacedAt.Compare(a.PlacedAt), b.ID.Compare(a.ID)) })
			for _, o := range all {
				want = append(want, o.Number)
			}
			page := Page{Limit: rapid.IntRange(1, 9).Draw(t, "limit")}
			for {
				rows, next, err := List(background, d, f, page)
				if err != nil {
					t.Fatalf("%v", err)
				}
				for _, h := range rows {
					got = append(got, h.Number)
				}
				if next == "" {
					break
				}
				if len(rows) != page.Limit {
					t.Fatalf("a page of %d has %d orders and is not the last", page.Limit, len(rows))
				}
				page.After = next
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v: got %v, want %v", f, got, want)
			}
			if n, err := Count(background, d, f, 5); err != nil || n != min(len(want), 6) {
				t.Fatalf("count of %d is %d: %v", len(want), n, err)
			}
		})
	})
}

func TestListRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, cursor := range []string{"x", "%%%", strings.Repeat("A", 31)} {
			_, _, err := List(background, d, Filter{}, Page{After: cursor})
			wantFault(t, err, fault.Invalid, "order.bad_cursor")
		}
		_, _, err := List(background, d, Filter{Customers: make([]id.Customer, 201)}, Page{})
		wantFault(t, err, fault.Invalid, "order.bad_filter")
		rows, next, err := List(background, d, Filter{}, Page{Limit: -1})
		if err != nil || len(rows) != 0 || next != "" {
			t.Errorf("an empty list is %v, %q: %v", rows, next, err)
		}
	})
}

// TestListReadsFromAnIndex looks at SQLite's plans: what leads a list comes out
// of an index, and where that index has the order of the list, no more is read
// and sorted than a page for each value of the filter.
func TestListReadsFromAnIndex(t *testing.T) {
	d := dbtest.SQLite(t)
	s := newShop()
	after := key{noon, id.New[id.Order](noon)}
	cases := []struct {
		name   string
		filter Filter
		index  string
		sorted bool // the index does not have the list's order
	}{
		{"all", Filter{}, "sales_order_placed", false},
		{"of a time", Filter{PlacedFrom: noon, PlacedTo: noon}, "sales_order_placed", false},
		{"of a channel", Filter{Channels: s.channels[:1]}, "sales_order_channel", false},
		{"of channels", Filter{Channels: s.channels}, "sales_order_channel", false},
		{"in a status", Filter{Statuses: []Status{StatusOpen}}, "sales_order_status", false},
		{"in statuses of a channel", Filter{Statuses: live, Channels: s.channels}, "sales_order_status", false},
		{"to be sent", Filter{FulfillmentStatuses: []FulfillmentStatus{FulfillmentUnfulfilled, FulfillmentOnHold}}, "sales_order_status", false},
		{"in trouble", Filter{FulfillmentStatuses: []FulfillmentStatus{FulfillmentBackordered, FulfillmentOnHold}}, "sales_order_fulfillment", false},
		{"to be paid", Filter{PaymentStatuses: []PaymentStatus{PaymentUnpaid}}, "sales_order_status", false},
		{"late", Filter{PaymentStatuses: []PaymentStatus{PaymentOverdue, PaymentOnTerms}}, "sales_order_payment", false},
		{"at risk", Filter{ShipBefore: noon}, "sales_order_status", false},
		{"coming back", Filter{ReturnStatuses: []ReturnStatus{ReturnInProgress}}, "sales_order_return", false},
		{"of a customer", Filter{Customers: s.customers, Statuses: live}, "sales_order_customer", false},
		{"of a company", Filter{Company: s.companies[0]}, "sales_order_company", false},
		{"of a user", Filter{AssignedTo: s.users[0]}, "sales_order_assigned", false},
		{"with a tag", Filter{Tag: "vip", Channels: s.channels}, "sqlite_autoindex_order_tag_1", false},
		{"with a variant", Filter{Variant: s.variants[0]}, "order_line_variant", true}, // each once
		{"held", Filter{Held: HoldReasons[:2]}, "order_hold_reason", true},
		{"by number", Filter{Text: "#1001"}, "sqlite_autoindex_sales_order_2", true},
		{"by the channel's number", Filter{Text: "A-1"}, "sales_order_external_number", true},
		{"by e-mail", Filter{Text: "ada@example.com"}, "sales_order_email", true},
		{"by the channel's id", Filter{Text: "A-1", Channels: s.channels[:1]}, "sales_order_external", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q, err := c.filter.query(after, 51)
			must(t, err)
			type step struct {
				ID     int64  `db:"id"`
				Parent int64  `db:"parent"`
				Unused int64  `db:"notused"`
				Detail string `db:"detail"`
			}
			plan, err := db.Select[step](background, d, "EXPLAIN QUERY PLAN "+q.text, q.args...)
			must(t, err)
			parent, inside := map[int64]int64{}, map[int64]bool{} // a branch, which has no end but its limit
			used := false
			for _, s := range plan {
				parent[s.ID], inside[s.ID] = s.Parent, strings.HasPrefix(s.Detail, "CO-ROUTINE") || strings.HasPrefix(s.Detail, "MATERIALIZE")
				used = used || strings.Contains(s.Detail, "INDEX "+c.index+" ")
				if strings.Contains(s.Detail, "SCAN o") && !strings.Contains(s.Detail, "INDEX sales_order_placed") {
					t.Errorf("reads all orders: %s", s.Detail)
				}
				for p := s.Parent; p != 0; p = parent[p] {
					if inside[p] && strings.Contains(s.Detail, "TEMP B-TREE") && !c.sorted {
						t.Errorf("sorts what it found: %s", s.Detail)
					}
				}
			}
			if !used {
				t.Errorf("the plan is %+v", plan)
			}
		})
	}
}

// TestQueriesDoNotGrowWithLines is PRF-3: an order of many lines takes as many
// statements as one of one.
func TestQueriesDoNotGrowWithLines(t *testing.T) {
	d := dbtest.SQLite(t)
	count := func(lines int) int {
		dr := draft(slices.Repeat([]DraftLine{item(2, "1")}, lines)...)
		o := insert(t, d, dr)[0]
		counter := &counting{Reader: d}
		_, err := Get(background, counter, o.ID)
		must(t, err)
		return counter.n
	}
	if one, all := count(1), count(1000); one != all || one > 5 {
		t.Errorf("one line takes %d queries, 1000 take %d", one, all)
	}
}

type counting struct {
	db.Reader
	n int
}

func (c *counting) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.n++
	return c.Reader.Query(ctx, query, args...)
}
