package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestReceipts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		euros := func(minor int) object { return object{"minor": minor, "currency": "EUR"} }
		ada := s.post("/v1/customers", object{"name": "Ada Byron", "email": "ada@example.org"}).want(http.StatusCreated).text("id")
		body := s.order(4)
		body["customer_id"] = ada
		order := "/v1/orders/" + s.post("/v1/orders", body).want(http.StatusCreated).text("id")
		clerk := s.as(s.key(auth.Service, nil))
		clerk.post("/v1/receipts", object{"customer_id": ada, "method": "bank", "amount": euros(1000)}).want(http.StatusForbidden, "auth.forbidden")
		s.post("/v1/receipts", object{"customer_id": ada, "method": "bank", "amount": euros(1000), "allocations": []object{{}}}).want(http.StatusUnprocessableEntity, "receipt.invalid")
		r := s.post("/v1/receipts", object{"customer_id": ada, "method": "bank", "amount": euros(6000), "reference": "7/1", "source": "DE12"}).want(http.StatusCreated)
		r.wantParts(map[string]string{"balance.minor": "6000", "entries.0.kind": "receive"})
		path := "/v1/receipts/" + r.text("id")
		s.post("/v1/receipts", object{"customer_id": ada, "method": "bank", "amount": euros(6000), "reference": "7/1", "source": "DE12"}).want(http.StatusConflict, "receipt.known")
		s.post(path+"/allocate", object{}).want(http.StatusConflict, "receipt.nothing_to_allocate") // no invoice yet
		s.post(path+"/allocate", object{"allocations": []object{{"order_id": order[len("/v1/orders/"):]}}}, `If-Match: "99"`).want(http.StatusPreconditionFailed, "receipt.stale")
		r = s.post(path+"/allocate", object{"allocations": []object{{"order_id": order[len("/v1/orders/"):]}}}).want(http.StatusOK)
		r.wantParts(map[string]string{"balance.minor": "1000", "entries.1.kind": "allocate", "entries.1.amount.minor": "-5000"})
		s.get(order).wantParts(map[string]string{"payment_status": "paid", "payments.0.method": "on_account"})
		s.post(path+"/unallocate", object{"payment_id": r.text("entries.1.payment_id"), "amount": euros(500), "reason": "typing error"}).want(http.StatusOK).
			wantParts(map[string]string{"balance.minor": "1500"})
		s.get(order).wantParts(map[string]string{"payment_status": "partially_paid", "balance.minor": "500"})
		clerk.post(path+"/reverse", object{"reason": "x"}).want(http.StatusForbidden, "auth.forbidden")
		s.post(path+"/pay-back", object{"amount": euros(300), "reason": "by bank"}).want(http.StatusOK).wantParts(map[string]string{"balance.minor": "1200"})
		s.get("/v1/receipts?open=true&customer=" + ada).wantParts(map[string]string{"items.0.reference": "7/1", "items.1.id": ""})
		s.post(order+"/put-on-account", object{"reason": "x"}).want(http.StatusConflict, "receipt.not_owed")
		s.sound()
	})
}

func TestReceivables(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		c := s.post("/v1/companies", object{"name": "Byron & Sons", "currency": "EUR"}).want(http.StatusCreated).text("id")
		s.get("/v1/receivables").want(http.StatusOK)
		s.post("/v1/receipts", object{"company_id": c, "method": "cheque", "amount": object{"minor": 700, "currency": "EUR"}}).want(http.StatusCreated)
		s.get("/v1/receivables").wantParts(map[string]string{"items.0.name": "Byron & Sons", "items.0.on_account.minor": "-700", "items.0.total.minor": "-700"})
		s.get("/v1/receivables?company=" + c).wantParts(map[string]string{"open.0.kind": "on_account"})
		s.get("/v1/companies/" + c + "/statement?from=2026-01-01").wantParts(map[string]string{"opening.minor": "0", "lines.0.kind": "receipt", "lines.0.amount.minor": "-700", "closing.minor": "-700"})
		s.get("/v1/dunning-levels").wantParts(map[string]string{"levels.0.days": "7"})
		s.send(http.MethodPut, "/v1/dunning-levels", object{"levels": []object{{"days": 5, "title": "Kind"}}}).want(http.StatusOK)
		s.get("/v1/reminders/due").want(http.StatusOK).wantParts(map[string]string{"items.0.invoice_id": ""})
		s.as(s.key(auth.Service, nil)).get("/v1/receivables").want(http.StatusForbidden, "auth.forbidden")
		s.sound()
	})
}
