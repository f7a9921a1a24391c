package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestShortPicks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(2)
		s.pay(order)
		work := s.work(order, "0")
		line := s.get(order).text("lines.0.id")
		short := func(n int, reason string) object {
			return object{"lines": []object{{"line_id": line, "quantity": n, "reason": reason}}}
		}
		s.as(s.key(auth.ReadOnly, nil)).post(work+"/short-picks", short(1, "not_in_stock")).want(http.StatusForbidden)
		s.post(work+"/short-picks", short(3, "not_in_stock")).want(http.StatusConflict, "fulfillment.too_many")
		s.post(work+"/short-picks", short(2, "not_in_stock")).want(http.StatusCreated).wantParts(map[string]string{"items.0.booked": "10", "items.0.effect": "zero"})
		if got := s.level(s.reno, "on_hand") + s.level(s.columbus, "committed"); got != "02" {
			t.Errorf("Reno has, and Columbus promised %s", got)
		}
		s.get("/v1/short-picks?to_count=true&location=" + s.reno).wantParts(map[string]string{"items.0.reason": "not_in_stock", "items.0.location_id": s.reno})

		reasons := object{"reasons": []object{{"code": "gone", "title": "Gone", "effect": "zero"}, {"code": "gone", "effect": "burn"}}}
		s.send(http.MethodPut, "/v1/short-reasons", reasons).want(http.StatusUnprocessableEntity)
		reasons["reasons"] = []object{{"code": "gone", "title": "Gone", "effect": "zero"}}
		s.as(s.key(auth.Warehouse, nil)).send(http.MethodPut, "/v1/short-reasons", reasons).want(http.StatusForbidden)
		s.send(http.MethodPut, "/v1/short-reasons", reasons).want(http.StatusOK)
		s.get("/v1/short-reasons").wantParts(map[string]string{"items.0.code": "gone"})
		s.sound()
	})
}
