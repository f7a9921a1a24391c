package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/base/check"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/view"
)

// sound fails the test unless all that is stored agrees.
func (s *shop) sound() {
	s.t.Helper()
	err := view.Verify(s.t.Context(), s.server.DB, func(d check.Difference) { s.t.Error(d) }, func(string) {})
	if err != nil {
		s.t.Fatal(err)
	}
}

// wantParts fails the test unless parts of an answer are as they should be.
func (r reply) wantParts(parts map[string]string) {
	r.t.Helper()
	for part, want := range parts {
		if got := r.text(part); got != want {
			r.t.Errorf("%s: %s is %q, want %q", r.what, part, got, want)
		}
	}
}

func TestPlaceAndShip(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(3)
		s.get(order).want(http.StatusOK).wantParts(map[string]string{
			"status": "open", "payment_status": "unpaid", "total.minor": "3750", "total.currency": "EUR", "balance.minor": "3750",
			"lines.0.allocated": "3", "lines.0.unit_price": "12.5", "fulfillments.0.location_id": s.reno, "fulfillments.0.status": "scheduled",
			"channel_code": "shop", "customer_name": "Mia Torres", "email": "mia@example.com",
		})
		work := "/v1/fulfillments/" + s.get(order).text("fulfillments.0.id")
		if got := s.get(work).want(http.StatusOK).text("gate"); got == "[]" {
			t.Error("nothing keeps an order from being sent that was not paid")
		}
		s.post(work+"/release", nil).want(http.StatusConflict, "fulfillment.gate_shut")
		s.pay(order).wantParts(map[string]string{"status": "captured", "captured.minor": "3750", "refundable.minor": "3750"})
		s.get(work).wantParts(map[string]string{"status": "open", "gate": "[]"})

		line := s.get(order).text("lines.0.id")
		if got := s.get(work + "/pick-list").want(http.StatusOK).text("items.0.quantity"); got != "3" {
			t.Errorf("to be picked: %s", got)
		}
		s.post(work+"/pick", object{"lines": []object{{"line_id": line, "quantity": 2}}}).want(http.StatusOK)
		s.post(work+"/unpick", object{"lines": []object{{"line_id": line, "quantity": 1}}}).want(http.StatusOK)
		packed := s.post(work+"/pack", object{"lines": []object{{"line_id": line, "quantity": 1}}, "carrier": "UPS", "cost": object{"minor": 700, "currency": "EUR"}}).want(http.StatusCreated)
		packed.wantParts(map[string]string{"status": "packing", "cost.minor": "700"})
		s.post("/v1/shipments/"+packed.text("id")+"/dispatch", nil).want(http.StatusOK).wantParts(map[string]string{"status": "shipped"})
		s.post(work+"/ship", object{"lines": []object{{"line_id": line, "quantity": 9}}}).want(http.StatusConflict)
		rest := s.post(work+"/ship", object{"tracking_number": "1Z"}).want(http.StatusCreated).text("id")
		s.get("/v1/shipments?tracking_number=1Z").wantParts(map[string]string{"items.0.id": rest})
		for range 2 { // a carrier says everything twice
			s.post("/v1/tracking-events", object{"events": []object{{"shipment_id": rest, "status": "delivered", "source": "UPS", "at": "2026-01-05T10:00:00Z"}}}).want(http.StatusOK)
		}
		s.get("/v1/shipments/" + rest).wantParts(map[string]string{"status": "delivered", "tracking_events.0.source": "UPS", "tracking_events.1.source": ""})
		detail := s.get(order)
		detail.wantParts(map[string]string{
			"status": "completed", "payment_status": "paid", "lines.0.shipped": "3", "lines.0.delivered": "2", "invoiced.minor": "3750",
			"invoices.1.total.minor": "2500", "balance.minor": "0", "shipments.1.tracking_number": "1Z",
		})
		s.get("/v1/invoices?order=" + detail.text("id")).wantParts(map[string]string{"items.1.number": "1", "items.1.total.minor": "1250"})
		s.get("/v1/invoices/" + detail.text("invoices.0.id")).want(http.StatusOK).wantParts(map[string]string{"status": "paid", "paid.minor": "1250"})
		s.get(order + "/decisions").wantParts(map[string]string{"items.0.decision.outcome": "whole"})
		if r := s.get(order + "/timeline").want(http.StatusOK); !strings.Contains(string(r.body), "shipment.shipped") {
			t.Errorf("the timeline is %s", r.body)
		}

		back := s.post(order+"/returns", object{"location_id": s.reno, "lines": []object{{"line_id": line, "quantity": 1}}}).want(http.StatusCreated)
		back.wantParts(map[string]string{"status": "closed", "total.minor": "1250", "lines.0.disposition": "restock"})
		s.get("/v1/returns/" + back.text("id")).want(http.StatusOK)
		s.get(order).wantParts(map[string]string{"refunded.minor": "1250", "credited.minor": "1250", "return_status": "partially_returned", "balance.minor": "0"})
		if got := s.level(s.reno, "on_hand"); got != "8" {
			t.Errorf("on hand after the return: %s", got)
		}
		sum := int64(0)
		for _, b := range decode[list[Balance]](s.get("/v1/trial-balance").want(http.StatusOK)).Items {
			sum += b.Base.Minor
		}
		if sum != 0 {
			t.Errorf("the trial balance is off by %d", sum)
		}
		if got := s.get("/v1/journal?order=" + detail.text("id") + "&kind=invoice").want(http.StatusOK).text("items.0.lines.0.base.currency"); got != "EUR" {
			t.Errorf("the journal is in %q", got)
		}
		s.get("/v1/customers/" + detail.text("customer_id") + "/overview").want(http.StatusOK).wantParts(map[string]string{"accounts.0.invoiced.minor": "3750", "accounts.0.balance.minor": "0"})
		s.get("/v1/customers/" + detail.text("customer_id") + "/timeline?kind=invoice").want(http.StatusOK).wantParts(map[string]string{"items.0.amount.minor": "2500"})
		s.get("/v1/customers/" + detail.text("customer_id") + "/export").want(http.StatusOK).wantParts(map[string]string{"orders.0.ship_to.line1": "500 J Street"})
		s.sound()
	})
}

func TestBadOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		with := func(change func(object)) object {
			o := s.order(1)
			change(o)
			return o
		}
		before := census(t, d)
		for name, c := range map[string]struct {
			body        object
			status      int
			code, field string
		}{
			"no lines":       {with(func(o object) { o["lines"] = []object{} }), 422, "request.invalid", "lines"},
			"no quantity":    {with(func(o object) { o["lines"] = []object{{"sku": "MUG"}} }), 422, "request.invalid", "lines[0].quantity"},
			"unknown SKU":    {with(func(o object) { o["lines"] = []object{{"sku": "CUP", "quantity": 1}} }), 422, "order.invalid", "lines[0].sku"},
			"nothing named":  {with(func(o object) { o["lines"] = []object{{"quantity": 1}} }), 422, "order.invalid", "lines[0].sku"},
			"a broken price": {with(func(o object) { o["lines"] = []object{{"sku": "MUG", "quantity": 1, "unit_price": "1,5"}} }), 422, "request.invalid", "lines[0].unit_price"},
			"another currency": {with(func(o object) {
				o["charges"] = []object{{"kind": "fee", "amount": object{"minor": 1, "currency": "USD"}}}
			}), 422, "order.invalid", "charges[0].amount.currency"},
			"no channel":      {with(func(o object) { o["channel_id"] = "chn_01hv6zq5k2e8x9f3t7w1m4c5nr" }), 422, "order.invalid", "channel_id"},
			"unknown country": {with(func(o object) { o["ship_to"] = object{"name": "x", "country": "Nowhere"} }), 422, "", "ship_to.country"},
			"not in stock":    {with(func(o object) { o["lines"] = []object{{"sku": "MUG", "quantity": 15}} }), 409, "order.out_of_stock", ""},
			"a price without": {with(func(o object) { o["lines"] = []object{{"listing": "B00", "quantity": 1}} }), 422, "order.invalid", "lines[0].unit_price"},
		} {
			r := s.post("/v1/orders", c.body).want(c.status)
			if p := r.problem(); c.code != "" && p.Code != c.code || c.field != "" && !names(p, c.field) {
				t.Errorf("%s: want code %s and field %s: %s", name, c.code, c.field, r.body)
			}
		}
		unchanged(t, d, before)
	})
}

func TestOwnPricesNeedAPermission(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	clerk := s.as(s.key(auth.Service, nil))
	o := s.order(1)
	clerk.post("/v1/orders", o).want(http.StatusCreated)
	for _, line := range []object{
		{"sku": "MUG", "quantity": 1, "unit_price": "0.01"},
		{"sku": "MUG", "quantity": 1, "discounts": []object{{"kind": "percent", "rate_ppm": 500_000}}},
	} {
		o["lines"] = []object{line}
		clerk.post("/v1/orders", o).want(http.StatusForbidden, "auth.forbidden")
		s.post("/v1/orders", o).want(http.StatusCreated)
	}
}

func TestAgreedTermsAreApplied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		terms := s.post("/v1/payment-terms", object{"code": "net30", "name": "30 days", "due_days": 30}).want(http.StatusCreated).text("id")
		vip := s.post("/v1/price-lists", object{"code": "vip", "name": "Pubs", "currency": "EUR"}).want(http.StatusCreated).text("id")
		s.post("/v1/prices/bulk", object{"prices": []object{{"price_list_id": vip, "variant_id": s.mug, "min_quantity": 1, "amount": "10"}}}).want(http.StatusOK)
		pub := s.post("/v1/companies", object{"name": "Harbor Inn", "currency": "EUR", "terms_id": terms, "price_list_id": vip, "discount_ppm": 100_000}).want(http.StatusCreated).text("id")
		o := s.order(2)
		o["company_id"] = pub
		s.post("/v1/orders", o).want(http.StatusCreated).wantParts(map[string]string{
			"total.minor": "1800", "discount_total.minor": "200", "terms_days": "30", "payment_status": "on_terms", "company_id": pub,
		})
		o["lines"] = []object{{"sku": "MUG", "quantity": 1, "unit_price": "7"}}
		s.post("/v1/orders", o).want(http.StatusCreated).wantParts(map[string]string{"total.minor": "700"}) // priced elsewhere
		s.send(http.MethodPatch, "/v1/companies/"+pub, object{"active": false}).want(http.StatusOK)
		s.post("/v1/orders", o).want(http.StatusConflict, "customer.company_inactive")
	})
}

func TestBulkOrdersGiveAResultEach(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		twice := s.order(1)
		twice["external_id"] = "1001"
		bad := s.order(1)
		bad["lines"] = []object{{"sku": "CUP", "quantity": 1}}
		r := s.post("/v1/orders/bulk", object{"orders": []object{twice, bad, s.order(100), twice, s.order(2)}}).want(http.StatusOK)
		r.wantParts(map[string]string{
			"refused": "3", "results.0.status": "201", "results.0.object.lines.0.allocated": "1", "results.1.status": "422", "results.1.fields.0.field": "lines[0].sku",
			"results.2.status": "409", "results.2.code": "order.out_of_stock", "results.3.code": "order.exists", "results.4.status": "201", "results.4.index": "4",
		})
		if n := census(t, d)["sales_order"]; n != 2 {
			t.Errorf("%d orders were placed", n)
		}
		if n := census(t, d)["customer"]; n != 1 {
			t.Errorf("there are %d customers", n)
		}
		s.sound()
	})
}

func TestQuotesHoldsAndCancelling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		quote := s.order(2)
		quote["status"] = "draft"
		order := "/v1/orders/" + s.post("/v1/orders", quote).want(http.StatusCreated).text("id")
		if got := s.level(s.reno, "committed"); got != "0" {
			t.Errorf("a quote takes %s", got)
		}
		accepted := s.post(order+"/accept", object{}, `If-Match: "1"`).want(http.StatusOK)
		accepted.wantParts(map[string]string{"status": "open", "lines.0.allocated": "2"})
		s.post(order+"/accept", object{}, `If-Match: "1"`).want(http.StatusPreconditionFailed, "order.stale")

		held := s.post(order+"/holds", object{"reason": "fraud_review", "note": "new customer"}).want(http.StatusCreated)
		s.pay(order)
		s.get(order).wantParts(map[string]string{"fulfillment_status": "on_hold", "fulfillments.0.status": "scheduled"})
		if got := s.get("/v1/orders?held=fraud_review").text("items.0.id"); got != held.text("id") {
			t.Errorf("held: %q", got)
		}
		s.post(order+"/holds/"+held.text("holds.0.id")+"/release", nil).want(http.StatusOK)
		s.get(order).wantParts(map[string]string{"fulfillments.0.status": "open"})

		s.send(http.MethodPatch, order, object{"priority": 5, "add_tags": []string{"VIP", "gift"}, "custom": object{"po": "17"}, "ship_to": object{"name": "Mia", "city": "Reno", "country": "US"}}).want(http.StatusOK)
		s.get(order + "/changes").wantParts(map[string]string{"items.0.actions.0.kind": "set_addresses", "items.0.status": "confirmed"})
		s.send(http.MethodPatch, order, object{"remove_tags": []string{"gift"}, "email": "mia@new.example.com"}).want(http.StatusOK)
		s.get(order).wantParts(map[string]string{"priority": "5", "tags": `["vip"]`, "custom.po": "17", "ship_to.city": "Reno", "email": "mia@new.example.com"})
		s.post(order+"/notes", object{"body": "Called back"}).want(http.StatusCreated)
		s.get(order + "/notes").wantParts(map[string]string{"items.0.body": "Called back"})

		line := s.get(order).text("lines.0.id")
		s.post(order+"/cancel", object{"reason": "customer", "lines": []object{{"line_id": line, "quantity": 1}}}).want(http.StatusOK).wantParts(map[string]string{"lines.0.cancelled": "1", "status": "open"})
		s.post(order+"/cancel", object{"reason": "because"}).want(http.StatusUnprocessableEntity, "request.invalid")
		s.post(order+"/cancel", object{"reason": "customer"}).want(http.StatusOK).wantParts(map[string]string{"status": "cancelled", "payment_status": "overpaid"})
		s.post(order+"/cancel", object{"reason": "customer"}).want(http.StatusConflict)
		if got := s.level(s.reno, "committed"); got != "0" {
			t.Errorf("a cancelled order takes %s", got)
		}
		s.post(order+"/refunds", object{"amount": object{"minor": 2500, "currency": "USD"}}).want(http.StatusUnprocessableEntity, "payment.bad_amount")
		s.post(order+"/refunds", object{"amount": object{"minor": 2600, "currency": "EUR"}}).want(http.StatusConflict, "payment.not_refundable")
		s.post(order+"/refunds", object{"amount": object{"minor": 2500, "currency": "EUR"}}).want(http.StatusCreated).wantParts(map[string]string{"items.0.refunded.minor": "2500"})
		s.sound()
	})
}

func TestListingOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		first := strings.TrimPrefix(s.place(1), "/v1/orders/")
		second := strings.TrimPrefix(s.place(2), "/v1/orders/")
		s.send(http.MethodPatch, "/v1/orders/"+first, object{"add_tags": []string{"gift"}}).want(http.StatusOK)
		number := s.get("/v1/orders/" + second).text("number")
		for query, want := range map[string]string{
			"": second + first, "status=open": second + first, "status=draft": "", "payment_status=paid": "", "tag=gift": first, "sku=MUG": second + first,
			"sku=CUP": "", "text=" + number: second, "text=mia@example.com": second + first, "channel=" + s.channel: second + first, "archived=true": "",
			"fulfillment_status=backordered,unfulfilled": second + first, "placed_to=2001-01-01T00:00:00Z": "",
		} {
			r := s.get("/v1/orders?" + query).want(http.StatusOK)
			if got := r.text("items.0.id") + r.text("items.1.id"); got != want {
				t.Errorf("%s finds %s, want %s", query, got, want)
			}
		}
		page := s.get("/v1/orders?limit=1").want(http.StatusOK)
		if next := s.get("/v1/orders?limit=1&after=" + page.text("next")).want(http.StatusOK); page.text("items.0.id")+next.text("items.0.id") != second+first || next.text("next") != "" {
			t.Errorf("pages: %s and %s", page.body, next.body)
		}
		s.get("/v1/orders?after=nonsense").want(http.StatusUnprocessableEntity)
	})
}

func TestUnmappedArticlesWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		o := s.order(1)
		o["lines"] = []object{{"listing": "B00MUG", "title": "A mug", "quantity": 1, "unit_price": "11"}}
		order := "/v1/orders/" + s.post("/v1/orders", o).want(http.StatusCreated).text("id")
		s.get(order).wantParts(map[string]string{"active_holds": "1", "holds.0.reason": "unmapped_sku", "lines.0.unallocated": "1"})
		listing := s.get("/v1/listings?unmapped=true").text("items.0.id")
		s.post("/v1/listings/map", object{"mappings": []object{{"listing_id": listing, "variant_id": s.mug}}}).want(http.StatusOK).wantParts(map[string]string{"orders": "1"})
		s.get(order).wantParts(map[string]string{"active_holds": "0", "lines.0.allocated": "1", "lines.0.variant_id": s.mug})
		s.sound()
	})
}

// Another address plans anew what is to be sent, where it is given with other fields, too. It is not lost where goods
// are packed for the old one, or while changes are written.
func TestAnotherAddressIsRoutedAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(2)
		s.pay(order)
		s.get(order).wantParts(map[string]string{"fulfillments.0.location_id": s.reno})
		there := object{"name": "Mia", "line1": "1 High St", "city": "Columbus", "region": "OH", "postal_code": "43215", "country": "US"}
		seen := s.get(order).text("version")
		s.send(http.MethodPatch, order, object{"ship_to": there, "priority": 3}, `If-Match: "`+seen+`"`).want(http.StatusOK)
		s.send(http.MethodPatch, order, object{"ship_to": there}, `If-Match: "`+seen+`"`).want(http.StatusPreconditionFailed, "order.stale")
		s.get(order).wantParts(map[string]string{
			"priority": "3", "ship_to.city": "Columbus", "fulfillments.0.status": "cancelled", "fulfillments.1.location_id": s.columbus, "fulfillments.1.status": "open",
		})
		s.send(http.MethodPatch, order, object{"bill_to": object{"name": "Mia", "city": "Reno", "country": "US"}}).want(http.StatusOK)
		s.post("/v1/fulfillments/"+s.get(order).text("fulfillments.1.id")+"/pack", object{}).want(http.StatusCreated)
		back := object{"name": "Mia", "city": "Sacramento", "region": "CA", "postal_code": "95814", "country": "US"}
		s.send(http.MethodPatch, order, object{"ship_to": back}).want(http.StatusConflict, "order.packed")
		s.sound()

		other := s.place(1)
		s.post(other+"/changes", object{"actions": []object{{"kind": "set_contact", "phone": "+1 555"}}}).want(http.StatusCreated)
		s.send(http.MethodPatch, other, object{"ship_to": there}).want(http.StatusConflict, "change.open")
	})
}
