package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestBooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.get("/v1/accounts").want(http.StatusOK).wantParts(map[string]string{"items.0.code": "1000"})
		s.post("/v1/exchange-rates", object{"rates": []object{{"currency": "XXX", "date": "2026-01-02", "rate": "1"}}}).want(http.StatusUnprocessableEntity, "accounting.bad_rate")
		s.post("/v1/exchange-rates", object{"rates": []object{{"currency": "USD", "date": "2026-01-02", "rate": "0.9"}}}).want(http.StatusOK)
		s.get("/v1/exchange-rates?currency=USD").want(http.StatusOK).wantParts(map[string]string{"items.0.rate": "0.9", "items.0.base": "EUR"})
		s.get("/v1/trial-balance").want(http.StatusOK).wantParts(map[string]string{"items.0.account": "1200", "items.0.base.minor": "5880", "items.0.kind": "asset"})
		s.get("/v1/journal?kind=receive").want(http.StatusOK).wantParts(map[string]string{"items.0.lines.0.amount.currency": "EUR"})
		s.get("/v1/trial-balance?from=nonsense").want(http.StatusUnprocessableEntity, "request.invalid")

		s.send(http.MethodPut, "/v1/closed-periods", object{"through": "2099-12-31"}).want(http.StatusOK)
		s.get("/v1/closed-periods").wantParts(map[string]string{"through": "2099-12-31"})
		s.post("/v1/stock/receipts", object{"receipts": []object{{"sku": "MUG", "location_id": s.reno, "quantity": 1, "unit_cost": "4"}}}).want(http.StatusConflict, "accounting.period_closed")
	})
}

func TestRoutingStrategy(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	s.get("/v1/routing/strategy").want(http.StatusOK).wantParts(map[string]string{"name": "default"})
	rules := object{"name": "Never split", "rules": []object{{"name": "whole", "split": "never"}}}
	s.send(http.MethodPut, "/v1/routing/strategy", rules).want(http.StatusOK).wantParts(map[string]string{"version": "1", "rules.0.split": "never"})
	s.send(http.MethodPut, "/v1/routing/strategy", rules, `If-Match: "1"`).want(http.StatusOK)
	s.send(http.MethodPut, "/v1/routing/strategy", rules, `If-Match: "1"`).want(http.StatusPreconditionFailed).wantParts(map[string]string{"facts": `{"seen":1,"version":2}`})
	s.send(http.MethodPut, "/v1/routing/strategy", object{"name": "x", "rules": []object{{"name": "y", "split": "often"}}}).want(http.StatusUnprocessableEntity)
}

func TestPickBatches(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		var work []string
		for range 2 {
			order := s.place(2)
			s.pay(order)
			work = append(work, s.get(order).text("fulfillments.0.id"))
		}
		batch := s.post("/v1/pick-batches", object{"location_id": s.reno, "fulfillment_ids": work}).want(http.StatusCreated)
		batch.wantParts(map[string]string{"stops.0.sku": "MUG", "stops.0.quantity": "4", "stops.1.sku": ""})
		path := "/v1/pick-batches/" + batch.text("id")
		s.post(path+"/close", nil).want(http.StatusConflict)
		s.post(path+"/picks", object{"picks": []object{{"variant_id": s.mug, "picked": 3, "short": 1, "reason": "broken"}}}).want(http.StatusOK).
			wantParts(map[string]string{"status": "picked", "stops.0.picked": "3", "shortages.0.quantity": "1"})
		s.post(path+"/close", nil).want(http.StatusOK).wantParts(map[string]string{"status": "closed"})
		s.get("/v1/pick-batches?status=closed").wantParts(map[string]string{"items.0.id": batch.text("id")})
		s.sound()
	})
}
