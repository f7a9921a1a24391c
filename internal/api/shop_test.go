package api

import (
	"net/http"
	"testing"

	"purser/internal/connector/manual"
	testgateway "purser/internal/connector/test"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// shop is a company that sells mugs from two warehouses: 10 in Reno and 4 in
// Columbus, at 12.50 euros.
type shop struct {
	*client
	gateway                      *testgateway.Gateway
	reno, columbus, channel, mug string
}

func newShop(t *testing.T, d *db.DB) *shop {
	t.Helper()
	s := &shop{client: newClient(t, d), gateway: testgateway.New()}
	s.server.Gateways = payment.Gateways{payment.Manual: manual.Gateway{}, testgateway.Name: s.gateway}
	for _, l := range []struct {
		id                           *string
		code, city, region, postcode string
	}{{&s.reno, "RENO", "Reno", "NV", "89502"}, {&s.columbus, "CMH", "Columbus", "OH", "43207"}} {
		address := object{"city": l.city, "region": l.region, "postal_code": l.postcode, "country": "US"}
		*l.id = s.post("/v1/locations", object{"code": l.code, "name": l.city, "address": address}).want(http.StatusCreated).text("id")
	}
	s.channel = s.post("/v1/channels", object{"code": "shop", "name": "Web shop", "currency": "EUR", "tax_inclusive": true}).want(http.StatusCreated).text("id")
	s.mug = s.post("/v1/products", object{"title": "Mug", "variants": []object{
		{"sku": "MUG", "prices": []object{{"currency": "EUR", "amount": "12.5"}}},
		{"sku": "MUG-PAIR", "kind": "kit", "components": []object{{"sku": "MUG", "quantity": 2}}, "prices": []object{{"currency": "EUR", "amount": "20"}}},
	}}).want(http.StatusCreated).text("variants.0.id")
	s.receive("MUG", s.reno, 10)
	s.receive("MUG", s.columbus, 4)
	return s
}

func (s *shop) receive(sku, location string, n int) {
	s.t.Helper()
	s.post("/v1/stock/receipts", object{"receipts": []object{{"sku": sku, "location_id": location, "quantity": n, "unit_cost": "4.2"}}}).want(http.StatusCreated)
}

// order is a request for mugs to be sent to Sacramento, near Reno.
func (s *shop) order(n int) object {
	return object{
		"channel_id": s.channel, "customer": object{"name": "Mia Torres", "email": "mia@example.com"},
		"ship_to": object{"name": "Mia Torres", "line1": "500 J Street", "city": "Sacramento", "region": "CA", "postal_code": "95814", "country": "US"},
		"lines":   []object{{"sku": "MUG", "quantity": n}},
	}
}

// place places an order and returns its path.
func (s *shop) place(n int) string {
	s.t.Helper()
	return "/v1/orders/" + s.post("/v1/orders", s.order(n)).want(http.StatusCreated).text("id")
}

// pay pays all of an order by bank.
func (s *shop) pay(order string) reply {
	s.t.Helper()
	return s.post(order+"/payments", object{"method": "bank", "received": true}).want(http.StatusCreated)
}

// level is a number of the mug's level at a location.
func (s *shop) level(location, number string) string {
	s.t.Helper()
	return s.get("/v1/stock/levels?sku=MUG&location=" + location).want(http.StatusOK).text("items.0." + number)
}
