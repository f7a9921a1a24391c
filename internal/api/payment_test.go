package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestManualPayments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(2)
		euros := func(minor int) object { return object{"minor": minor, "currency": "EUR"} }
		s.post(order+"/payments", object{"method": "card", "gateway": "nobody"}).want(http.StatusConflict, "payment.no_gateway")
		s.post(order+"/payments", object{"method": "card", "label": "4111 1111 1111 1111"}).want(http.StatusUnprocessableEntity, "payment.invalid")
		p := s.post(order+"/payments", object{"method": "bank", "amount": euros(2000)}).want(http.StatusCreated)
		p.wantParts(map[string]string{"status": "created", "amount.minor": "2000"})
		path := "/v1/payments/" + p.text("id")
		s.post(path+"/receive", object{"amount": object{"minor": 1, "currency": "USD"}}).want(http.StatusUnprocessableEntity, "payment.bad_amount")
		s.post(path+"/receive", object{"amount": euros(2000), "reference": "statement 7"}, `If-Match: "1"`).want(http.StatusOK).wantParts(map[string]string{"captured.minor": "2000"})
		s.post(path+"/receive", object{"amount": euros(1)}, `If-Match: "1"`).want(http.StatusPreconditionFailed, "payment.stale")
		s.get(order).wantParts(map[string]string{"payment_status": "partially_paid", "balance.minor": "500", "payments.0.transactions.0.amount.currency": "EUR"})
		s.as(s.key(auth.Warehouse, nil)).get(path).want(http.StatusForbidden, "auth.forbidden")
		if r := s.as(s.key(auth.Warehouse, nil)).get(order).want(http.StatusOK); r.text("payments") != "" || r.text("invoices") != "" {
			t.Errorf("the warehouse sees payments: %s", r.body)
		}
		s.post(path+"/refunds", object{"amount": euros(300), "reason": "kindness"}).want(http.StatusCreated).wantParts(map[string]string{"refunded.minor": "300", "refunds.0.amount.minor": "300"})
		s.get("/v1/payments?status=partially_refunded").wantParts(map[string]string{"items.0.id": p.text("id")})
		s.sound()
	})
}

// call has the gateway do what a transaction asks for, as a job would.
func call(t *testing.T, s *shop, transaction string) {
	t.Helper()
	var x id.Transaction
	if err := x.UnmarshalText([]byte(transaction)); err != nil {
		t.Fatal(err)
	}
	if err := payment.Call(s.system(), s.server.DB, s.server.Gateways, x, flow.SettlePayments); err != nil {
		t.Fatal(err)
	}
}

func TestWebhooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(1)
		p := s.post(order+"/payments", object{"method": "card", "gateway": "test", "token": "tok_visa"}).want(http.StatusCreated)
		if strings.Contains(string(p.body), "tok_visa") {
			t.Errorf("the token is shown: %s", p.body)
		}
		// What the gateway is asked for is asked by a job; here the test asks, and
		// the gateway tells of it.
		call(t, s, p.text("transactions.0.id"))
		hooks := s.gateway.Webhooks()
		if len(hooks) == 0 {
			t.Fatal("the gateway sends no webhook")
		}
		nobody := s.as("")
		send := func(body []byte, header http.Header) reply {
			var headers []string
			for name := range header {
				headers = append(headers, name+": "+header.Get(name))
			}
			return nobody.send(http.MethodPost, "/v1/gateways/test/webhook", body, headers...)
		}
		before := census(t, d)
		send(hooks[0].Body, http.Header{}).want(http.StatusUnauthorized)
		send(append([]byte(" "), hooks[0].Body...), hooks[0].Header).want(http.StatusUnauthorized)
		nobody.send(http.MethodPost, "/v1/gateways/nobody/webhook", hooks[0].Body).want(http.StatusConflict, "payment.no_gateway")
		unchanged(t, d, before)
		send(hooks[0].Body, hooks[0].Header).want(http.StatusOK).wantParts(map[string]string{"events": "1"})
		send(hooks[0].Body, hooks[0].Header).want(http.StatusOK).wantParts(map[string]string{"events": "0"})
		s.get("/v1/gateway-events?status=received").want(http.StatusOK).wantParts(map[string]string{"items.0.gateway": "test", "items.1.gateway": ""})
	})
}

func TestLateMoneyIsOfferedBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		euros := func(minor int) object { return object{"minor": minor, "currency": "EUR"} }
		s.get("/v1/payment-policy").want(http.StatusOK).wantParts(map[string]string{"late_payment": "propose"})
		s.send(http.MethodPut, "/v1/payment-policy", object{"late_payment": "keep"}).want(http.StatusUnprocessableEntity, "request.invalid")
		s.send(http.MethodPut, "/v1/payment-policy", object{"late_payment": "refund"}).want(http.StatusOK)
		order := s.place(2)
		s.post(order+"/cancel", object{"reason": "customer"}).want(http.StatusOK)
		s.post(order+"/payments", object{"method": "bank", "amount": euros(500)}).want(http.StatusConflict, "order.cancelled")
		s.post(order+"/payments", object{"method": "bank", "amount": euros(500), "received": true}).want(http.StatusCreated)
		s.get(order).wantParts(map[string]string{"payment_status": "overpaid", "balance.minor": "-500"})
		offers := s.get("/v1/refunds?status=pending").want(http.StatusOK) // nobody but a person can send money by bank
		offers.wantParts(map[string]string{"items.0.amount.minor": "500", "items.1.id": ""})
		s.post("/v1/refunds/"+offers.text("items.0.id")+"/cancel", nil).want(http.StatusOK).wantParts(map[string]string{"refunds.0.status": "cancelled"})
		s.get("/v1/refunds?status=pending").want(http.StatusOK).wantParts(map[string]string{"items.0.id": ""})
		s.sound()
	})
}
