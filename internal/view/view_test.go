package view_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/view"
)

func TestOrderShowsEverythingThatBelongsToIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(nil, item{"MUG", 2, 12_500_000}, item{"SET", 1, 30_000_000})
		s.write(func(tx *db.Tx) error {
			_, err := order.AddNote(s.ctx, tx, o.ID, "Wrap it as a gift.", nil)
			return err
		})
		s.pay(o)
		s.ship(o)
		s.takeBack(o, "MUG", 1)

		v, err := view.GetOrder(t.Context(), d, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{
			"kits": len(v.Kits), "fulfillments": len(v.Fulfillments), "shipments": len(v.Shipments), "payments": len(v.Payments),
			"invoices": len(v.Invoices), "returns": len(v.Returns), "notes": len(v.Notes), "decisions": len(v.Decisions), "locations": len(v.Locations),
		}
		want := map[string]int{
			"kits": 1, "fulfillments": 1, "shipments": 1, "payments": 1, "invoices": 2, "returns": 1, "notes": 1, "decisions": 1, "locations": 1,
		}
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%d %s, want %d", got[name], name, n)
			}
		}
		if k := v.Kits[0]; k.Shipped != 1 || k.Allocated != 0 {
			t.Errorf("the kit shows %+v, want one shipped", k.Counts)
		}
		if e := v.Shipments[0].Events; len(e) != 1 || e[0].Status != fulfillment.TrackingInTransit {
			t.Errorf("the shipment shows the tracking events %+v, want one in transit", e)
		}
		if v.CustomerName != "Ada Byron" || v.ChannelCode != "manual" || v.Locations[0].Code != "BER" {
			t.Errorf("names are %+v and %+v", v.OrderNames, v.Locations)
		}
		if first := v.Timeline[0]; first.Kind != "order.placed" {
			t.Errorf("the timeline begins with %s, want order.placed", first.Kind)
		}
		_, err = view.GetOrder(t.Context(), d, id.New[id.Order](s.now))
		wantCode(t, err, "order.not_found")
	})
}

func TestOrderAndCustomerTakeAConstantNumberOfQueries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		small, large := s.place(nil, item{"MUG", 1, 1_000_000}), s.place(nil, item{"MUG", 1, 1_000_000}, item{"TEA", 1, 1_000_000}, item{"SET", 1, 9_000_000})
		for _, o := range []*order.Order{small, large} {
			s.pay(o)
			s.ship(o)
		}
		queries := func(read func(r db.Reader) error) int {
			c := &counter{Reader: d}
			if err := read(c); err != nil {
				t.Fatal(err)
			}
			return c.queries
		}
		order := func(o *order.Order) int {
			return queries(func(r db.Reader) error {
				_, err := view.GetOrder(t.Context(), r, o.ID)
				return err
			})
		}
		if a, b := order(small), order(large); a != b {
			t.Errorf("%d queries for a small order and %d for a larger one", a, b)
		}
		n := queries(func(r db.Reader) error {
			_, _, err := view.Timeline(t.Context(), r, s.ada, nil, view.Page{})
			return err
		})
		if n != 1 {
			t.Errorf("a timeline takes %d queries, want 1", n)
		}
	})
}

func TestCustomerOwesWhatIsInvoicedAndNotPaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		paid := s.place(nil, item{"MUG", 2, 10_000_000})
		s.pay(paid)
		s.ship(paid)
		s.takeBack(paid, "MUG", 1)
		onTerms := s.place(func(d *order.Draft) { d.Terms = &order.Terms{Days: 14} }, item{"MUG", 3, 10_000_000})
		s.ship(onTerms)
		s.place(func(d *order.Draft) { d.Status = order.StatusDraft }, item{"MUG", 5, 10_000_000})
		s.write(func(tx *db.Tx) error {
			_, err := customer.AddInteraction(s.ctx, tx, customer.Interaction{CustomerID: s.ada, Kind: "task", Body: "Call back", DueOn: "2026-03-05"})
			return err
		})

		for day, overdue := range map[string]int64{"2026-03-10": 0, "2026-04-10": 3000} {
			v, err := view.GetCustomer(t.Context(), d, s.ada, day)
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Accounts) != 1 || len(v.Tasks) != 1 {
				t.Fatalf("accounts %+v, tasks %+v; want one each", v.Accounts, v.Tasks)
			}
			a := v.Accounts[0]
			a.FirstOrderAt, a.LastOrderAt = time.Time{}, time.Time{}
			want := view.CustomerAccount{
				Currency: "EUR", Orders: 2, OpenOrders: a.OpenOrders, Ordered: 5000, Invoiced: 5000, Credited: 1000, Paid: 1000, Balance: 3000,
				OpenInvoices: 3000, Overdue: overdue,
			}
			if a != want {
				t.Errorf("on %s the account is %+v, want %+v", day, a, want)
			}
		}
	})
}

func TestTimelinePagesThroughAllKindsNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(nil, item{"MUG", 2, 10_000_000})
		s.pay(o)
		s.ship(o)
		s.takeBack(o, "MUG", 1)
		s.write(func(tx *db.Tx) error {
			_, err := order.AddNote(s.ctx, tx, o.ID, "Was angry.", nil)
			return err
		})
		for _, kind := range []string{"call", "task"} {
			s.write(func(tx *db.Tx) error {
				_, err := customer.AddInteraction(s.ctx, tx, customer.Interaction{CustomerID: s.ada, Kind: kind, Body: "About the mug"})
				return err
			})
		}
		all, next, err := view.Timeline(t.Context(), d, s.ada, nil, view.Page{})
		if err != nil || next != "" {
			t.Fatalf("next page %q, error %v", next, err)
		}
		if !slices.IsSortedFunc(all, func(a, b view.Moment) int { return b.At.Compare(a.At) }) {
			t.Error("the moments are not sorted, newest first")
		}
		seen := map[string]bool{}
		for _, m := range all {
			seen[m.Kind] = true
			if m.ID == "" || strings.HasPrefix(m.ID, "id_") {
				t.Errorf("the %s has the id %q, which is of no kind", m.Kind, m.ID)
			}
			if m.Kind != "call" && m.Kind != "task" && m.OrderNumber != o.Number {
				t.Errorf("the %s is of order %d, want %d", m.Kind, m.OrderNumber, o.Number)
			}
		}
		for _, kind := range []string{"order", "shipment", "return", "invoice", "credit_note", "payment", "order_note", "call", "task"} {
			if !seen[kind] {
				t.Errorf("no %s in the timeline", kind)
			}
		}
		var paged []view.Moment
		for page := (view.Page{Limit: 2}); ; {
			part, next, err := view.Timeline(t.Context(), d, s.ada, nil, page)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, part...)
			if page.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(paged, all) {
			t.Errorf("in pages there are %d moments, at once %d, or in another order", len(paged), len(all))
		}
		some, _, err := view.Timeline(t.Context(), d, s.ada, []string{"credit_note", "call"}, view.Page{})
		if err != nil || len(some) != 2 || some[0].Kind != "call" || some[1].Kind != "credit_note" {
			t.Errorf("of two kinds there is %+v, %v", some, err)
		}
		_, _, err = view.Timeline(t.Context(), d, s.ada, nil, view.Page{After: "nonsense"})
		wantCode(t, err, "list.bad_cursor")
	})
}

func TestStockLevelsAreFoundByWordsAndPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.place(nil, item{"MUG", 4, 1_000_000})
		s.place(func(d *order.Draft) {}, item{"TEA", 10, 1_000_000})
		read := func(f view.StockFilter, p view.Page) (out []view.Stock, next string) {
			out, next, err := view.StockLevels(t.Context(), d, f, p)
			if err != nil {
				t.Fatal(err)
			}
			return out, next
		}
		first, next := read(view.StockFilter{}, view.Page{Limit: 1})
		if len(first) != 1 || first[0].SKU != "MUG" || next == "" {
			t.Fatalf("the first page is %+v, next %q", first, next)
		}
		if m := first[0]; m.OnHand != 20 || m.Committed != 4 || m.Available != 16 || m.LocationCode != "BER" || m.BinCode != "A-01" {
			t.Errorf("the mug's level is %+v", m)
		}
		second, next := read(view.StockFilter{}, view.Page{Limit: 1, After: next})
		if len(second) != 1 || second[0].SKU != "TEA" || next != "" {
			t.Errorf("the second page is %+v, next %q", second, next)
		}
		for name, c := range map[string]struct {
			filter view.StockFilter
			want   int
		}{
			"words":             {view.StockFilter{Text: "GRÉEN tea"}, 1},
			"part of a SKU":     {view.StockFilter{Text: "mu"}, 1},
			"a wildcard":        {view.StockFilter{Text: "%"}, 0},
			"short":             {view.StockFilter{Short: true}, 1},
			"another location":  {view.StockFilter{Locations: []id.Location{s.munich}}, 0},
			"a variant":         {view.StockFilter{Variants: []id.Variant{s.variants["MUG"]}}, 1},
			"what is not empty": {view.StockFilter{Present: true}, 2},
		} {
			if got, _ := read(c.filter, view.Page{}); len(got) != c.want {
				t.Errorf("%s: %d levels, want %d", name, len(got), c.want)
			}
		}
	})
}

func TestLateLinesAndBackorders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		by := func(hours int) func(*order.Draft) {
			return func(d *order.Draft) { d.ShipBy = s.now.Add(time.Duration(hours) * time.Hour) }
		}
		soon := s.place(by(5), item{"MUG", 1, 1_000_000})
		late := s.place(by(-3), item{"TEA", 10, 1_000_000}) // three are there
		s.place(by(100), item{"MUG", 1, 1_000_000})
		shipped := s.place(by(-8), item{"MUG", 1, 1_000_000})
		s.pay(shipped)
		s.ship(shipped)
		urgent := s.place(func(d *order.Draft) { d.Priority = 5 }, item{"TEA", 2, 1_000_000})

		lines, _, err := view.LateLines(t.Context(), d, view.LateFilter{Now: s.now, Within: 24 * time.Hour}, view.Page{})
		if err != nil || len(lines) != 2 {
			t.Fatalf("%d late lines, %v; want two", len(lines), err)
		}
		if l := lines[0]; l.Order != late.ID || !l.Late || l.Open != 10 || l.Backordered == 0 {
			t.Errorf("the first is %+v, want the late one", l)
		}
		if l := lines[1]; l.Order != soon.ID || l.Late {
			t.Errorf("the second is %+v, want the one that is due soon", l)
		}
		page, next, err := view.LateLines(t.Context(), d, view.LateFilter{Now: s.now, Within: 24 * time.Hour}, view.Page{Limit: 1})
		if err != nil || next == "" {
			t.Fatal(page, next, err)
		}
		page, next, err = view.LateLines(t.Context(), d, view.LateFilter{Now: s.now, Within: 24 * time.Hour}, view.Page{Limit: 1, After: next})
		if err != nil || next != "" || len(page) != 1 || page[0].Order != soon.ID {
			t.Errorf("the second page is %+v, next %q, %v", page, next, err)
		}

		owed, _, err := view.Backorders(t.Context(), d, view.BackorderFilter{}, view.Page{})
		if err != nil || len(owed) != 2 {
			t.Fatalf("%d backorders, %v; want two", len(owed), err)
		}
		if owed[0].Order != urgent.ID || owed[1].Order != late.ID || owed[1].Number != late.Number || owed[0].SKU != "TEA" {
			t.Errorf("the queue is %+v, want the urgent order before the older one", owed)
		}
		var paged []view.Backorder
		for p := (view.Page{Limit: 1}); ; {
			part, next, err := view.Backorders(t.Context(), d, view.BackorderFilter{Variants: []id.Variant{s.variants["TEA"]}}, p)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, part...)
			if p.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(paged, owed) {
			t.Errorf("in pages the queue is %+v", paged)
		}
	})
}

func TestPickListNamesWhatToLookFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(nil, item{"TEA", 1, 1_000_000}, item{"MUG", 2, 1_000_000})
		work, err := fulfillment.ByOrder(t.Context(), d, []id.Order{o.ID})
		if err != nil {
			t.Fatal(err)
		}
		stops, err := view.PickList(t.Context(), d, s.berlin, work[o.ID][0].PickLines())
		if err != nil || len(stops) != 2 {
			t.Fatalf("%d stops, %v; want two", len(stops), err)
		}
		if m := stops[0]; m.SKU != "MUG" || m.Bin.Code != "A-01" || m.Quantity != 2 || !slices.Equal(m.Barcodes, []string{"4006381333931"}) {
			t.Errorf("the first stop is %+v, want the mugs in their bin", m)
		}
		if stops[1].SKU != "TEA" || stops[1].Bin.Code != "" {
			t.Errorf("the second stop is %+v, want the tea, which has no bin", stops[1])
		}
	})
}

func TestExplanationNamesCausesAndClaims(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		before := s.now
		o := s.place(nil, item{"MUG", 2, 1_000_000})
		s.pay(o)
		s.ship(o)
		waiting := s.place(nil, item{"MUG", 3, 1_000_000})
		x, err := view.ExplainStock(t.Context(), d, "4006381333931", time.Time{}, 0)
		if err != nil || len(x.Locations) != 1 {
			t.Fatalf("explained at %d locations, %v; want one", len(x.Locations), err)
		}
		l := x.Locations[0]
		if x.SKU != "MUG" || l.Code != "BER" || l.OnHand != 18 || l.Committed != 3 || l.Available != 15 {
			t.Errorf("%s at %s is %+v, available %d", x.SKU, l.Code, l.Counts, l.Available)
		}
		if n := len(l.Movements); n != 2 || !strings.HasPrefix(l.Movements[1].CauseName, "shipment ") {
			t.Errorf("the movements are %+v", l.Movements)
		}
		if c := l.Reservations; len(c) != 1 || c[0].For != "order "+itoa(waiting.Number) {
			t.Errorf("the claims are %+v", c)
		}
		past, err := view.ExplainStock(t.Context(), d, "MUG", before, 0)
		if err != nil || past.Locations[0].OnHand != 20 || past.Locations[0].Committed != 0 {
			t.Errorf("before the orders it was %+v, %v", past.Locations, err)
		}
	})
}

func TestVerifyFindsNothingAfterTradeAndEachChangedNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.place(nil, item{"MUG", 2, 10_000_000}, item{"SET", 2, 30_000_000})
		s.pay(o)
		s.ship(o)
		s.takeBack(o, "MUG", 1)
		s.send("MUG", 4)
		s.place(nil, item{"TEA", 10, 5_000_000})
		verify := func() (found []string) {
			err := view.Verify(t.Context(), d, func(diff check.Difference) { found = append(found, diff.String()) }, func(string) {})
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if found := verify(); len(found) > 0 {
			t.Fatalf("differences after trade:\n%s", strings.Join(found, "\n"))
		}
		for _, damage := range []string{
			`UPDATE order_line SET shipped = shipped - 1, allocated = allocated + 1 WHERE kind = 'item' AND shipped > 0`,
			`UPDATE sales_order SET captured = captured + 1 WHERE captured > 0`,
			`UPDATE invoice_line SET total = total + 1 WHERE line_id IN (SELECT id FROM order_line)`,
			`UPDATE stock_value SET value_minor = value_minor + 1 WHERE quantity > 0`,
			`UPDATE reservation SET quantity = quantity + 1 WHERE status = 'active'`,
		} {
			seen := len(verify())
			err := d.Write(s.ctx, func(tx *db.Tx) error {
				if n, err := tx.Exec(s.ctx, damage); err != nil || n == 0 {
					t.Errorf("%s changed %d rows, %v", damage, n, err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if found := verify(); len(found) <= seen {
				t.Errorf("nothing more is found after %s", damage)
			}
		}
	})
}
