package story

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// From the file to the door: a company is set up, an order comes in, is promised
// the goods at the nearest warehouse, is paid by card, shipped in two parcels,
// captured and invoiced with each; then the books are read.
func TestFromTheOrderToTheBooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)

		// The owner opens the one-time link and sets the company up.
		var link string
		err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			link, err = auth.NewSetupLink(t.Context(), tx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		company := object{
			"company": object{"name": "Mugs & More", "base_currency": "USD", "time_zone": "America/New_York", "country": "US"},
			"owner":   object{"name": "Olive", "email": "olive@example.com", "password": "a long password"},
		}
		s.token = s.create("/v1/setup?token="+link, company).text("token")
		s.send(http.MethodPost, "/v1/setup?token="+link, company, http.StatusUnauthorized) // it works once

		// Two warehouses; a mug and a teapot; stock in both, the teapot only in the east.
		reno := s.create("/v1/locations", object{"code": "RENO", "name": "Reno", "kind": "warehouse", "time_zone": "America/Los_Angeles",
			"address": object{"city": "Reno", "region": "NV", "postal_code": "89502", "country": "US"}}).text("id")
		columbus := s.create("/v1/locations", object{"code": "CMH", "name": "Columbus", "kind": "warehouse", "time_zone": "America/New_York",
			"address": object{"city": "Columbus", "region": "OH", "postal_code": "43207", "country": "US"}}).text("id")
		for sku, price := range map[string]string{"MUG": "12.50", "POT": "49.00"} {
			s.create("/v1/products", object{"title": "A " + sku, "variants": []object{{"sku": sku, "prices": []object{{"currency": "USD", "amount": price}}}}})
		}
		s.create("/v1/stock/receipts", object{"receipts": []object{
			{"sku": "MUG", "location_id": reno, "quantity": 10, "unit_cost": "5"},
			{"sku": "MUG", "location_id": columbus, "quantity": 10, "unit_cost": "5"},
			{"sku": "POT", "location_id": columbus, "quantity": 1, "unit_cost": "20"},
		}})

		// An order from Boston: everything can come from Columbus, the nearest.
		channel := s.get("/v1/channels").list("items")[0].text("id")
		order := object{
			"channel_id": channel, "customer": object{"name": "Ben", "email": "ben@example.com"},
			"ship_to": object{"name": "Ben", "line1": "1 Beacon Street", "city": "Boston", "region": "MA", "postal_code": "02108", "country": "US"},
			"lines":   []object{{"sku": "MUG", "quantity": 3, "tax_ppm": 62500}, {"sku": "POT", "quantity": 1, "tax_ppm": 62500}},
			"charges": []object{{"kind": "shipping", "title": "Ground", "amount": object{"minor": 800, "currency": "USD"}}},
		}
		placed := s.create("/v1/orders", order)
		id, path := placed.text("id"), "/v1/orders/"+placed.text("id")
		// 3 x 12.50 + 49.00 = 86.50, tax 2.34 + 3.06, shipping 8.00
		if got := placed.number("total.minor"); got != 9990 {
			t.Fatalf("the total is %d", got)
		}
		detail := s.get(path)
		if at := detail.text("fulfillments.0.location_id"); at != columbus || len(detail.list("fulfillments")) != 1 {
			t.Fatalf("it ships from %s: %v", at, detail.at("decision"))
		}
		if why := detail.text("decision.summary"); !strings.Contains(why, "Columbus") {
			t.Errorf("the decision says %q", why)
		}
		if status := detail.text("fulfillments.0.status"); status != "scheduled" {
			t.Errorf("before it is paid, the work is %s", status)
		}

		// The customer pays by card: authorized, not captured. Now the warehouse may begin.
		s.create(path+"/payments", object{"gateway": "test", "method": "card", "token": "tok_visa"})
		detail = s.until(path, "authorized and released", func(o object) bool {
			return o.text("payment_status") == "authorized" && o.text("fulfillments.0.status") == "open"
		})
		work := detail.text("fulfillments.0.id")
		mug, pot := detail.text("lines.0.id"), detail.text("lines.1.id")

		// Two mugs leave first, then the rest. Each parcel is captured and invoiced.
		s.create("/v1/fulfillments/"+work+"/ship", object{"lines": []object{{"line_id": mug, "quantity": 2}}, "carrier": "UPS", "tracking_number": "1Z001"})
		detail = s.until(path, "captured once", func(o object) bool { return o.number("captured.minor") > 0 })
		if got := detail.text("fulfillment_status"); got != "partially_fulfilled" && got != "in_progress" {
			t.Errorf("after the first parcel it is %s", got)
		}
		first := detail.number("invoiced.minor") // 25.00 + 1.56 tax + 8.00 shipping
		if first != 3456 || detail.number("captured.minor") != first {
			t.Errorf("the first parcel: invoiced %d, captured %d", first, detail.number("captured.minor"))
		}
		s.create("/v1/fulfillments/"+work+"/ship", object{"carrier": "UPS", "tracking_number": "1Z002"})
		detail = s.until(path, "paid and done", func(o object) bool { return o.text("payment_status") == "paid" && o.text("status") == "completed" })
		if n := len(detail.list("invoices")); n != 2 {
			t.Errorf("there are %d invoices", n)
		}
		if a, b := detail.number("invoices.0.number"), detail.number("invoices.1.number"); a != 1 || b != 2 {
			t.Errorf("the invoices are numbered %d and %d", a, b)
		}
		if left := detail.number("lines.1.shipped"); left != 1 {
			t.Errorf("of %s %d shipped", pot, left)
		}

		// The carrier delivers both.
		for _, sh := range detail.list("shipments") {
			s.post("/v1/tracking-events", object{"events": []object{{"shipment_id": sh.text("id"), "status": "delivered", "source": "UPS"}}})
		}
		if got := s.get(path).text("fulfillment_status"); got != "delivered" {
			t.Errorf("at the end it is %s", got)
		}

		// The books: what was sold, what it cost, what lies at the gateway; all balances.
		balances := map[string]int64{}
		var sum int64
		for _, b := range s.get("/v1/trial-balance").list("items") {
			n := b.number("base.minor")
			balances[b.text("account")] += n
			sum += n
		}
		want := map[string]int64{
			"1050": 9990,                // at the gateway
			"1100": 0,                   // nobody owes anything
			"1200": 17*500 + 0,          // 17 mugs are left
			"2000": -(20*500 + 2000),    // received and not billed
			"2100": -540,                // tax
			"4000": -8650, "4300": -800, // sales, shipping
			"5000": 3*500 + 2000, // cost of what left
		}
		for account, n := range want {
			if balances[account] != n {
				t.Errorf("account %s has %d, want %d", account, balances[account], n)
			}
		}
		if sum != 0 {
			t.Errorf("the trial balance is off by %d", sum)
		}

		// What happened can be followed as a feed, each event once and in order.
		dbtest.FeedSettled(t, d)
		kinds := map[string]int{}
		for _, e := range s.get("/v1/events?limit=1000").list("items") {
			if e.text("body.order_id") == id {
				kinds[e.text("kind")]++
			}
		}
		for _, kind := range []string{"order.placed", "order.routed", "order.completed"} {
			if kinds[kind] != 1 {
				t.Errorf("%s came %d times: %v", kind, kinds[kind], kinds)
			}
		}
		s.sound()
	})
}
