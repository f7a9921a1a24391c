package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestPickup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		fetch := s.order(3)
		fetch["pickup_location_id"] = s.columbus
		delete(fetch, "ship_to")
		s.post("/v1/orders", fetch).want(http.StatusConflict, "order.no_pickup")
		s.send(http.MethodPatch, "/v1/locations/"+s.columbus, object{"pickup": true}).want(http.StatusOK)
		s.send(http.MethodPut, "/v1/pickup-rules", object{"days": 400, "refund": true}).want(http.StatusUnprocessableEntity)
		s.send(http.MethodPut, "/v1/pickup-rules", object{"days": 3, "refund": true}).want(http.StatusOK)
		order := "/v1/orders/" + s.post("/v1/orders", fetch).want(http.StatusCreated).text("id")
		s.get(order).wantParts(map[string]string{"pickup_location_id": s.columbus, "fulfillments.0.location_id": s.columbus, "fulfillments.0.kind": "pickup"})
		s.pay(order)
		work := "/v1/fulfillments/" + s.get(order).text("fulfillments.0.id")
		line := s.get(order).text("lines.0.id")
		s.get(work+"/pickup").want(http.StatusNotFound, "pickup.not_found")
		s.as(s.key(auth.Service, nil)).post(work+"/ready", nil).want(http.StatusForbidden, "auth.forbidden")
		s.post(work+"/ship", object{}).want(http.StatusConflict, "fulfillment.pickup")
		s.post(work+"/ready", nil).want(http.StatusOK)
		s.post(work+"/remind", nil).want(http.StatusOK)
		s.post(work+"/arrive", object{"bay": "2"}).want(http.StatusOK)

		events := s.get(order + "/timeline").want(http.StatusOK)
		_, after, _ := strings.Cut(string(events.body), `"code":"`)
		code, _, _ := strings.Cut(after, `"`)
		if r := s.get("/v1/pickups?waiting=true&code=" + strings.ToLower(code)).want(http.StatusOK); strings.Contains(string(r.body), code) || r.text("items.0.bay") != "2" || r.text("items.0.state") != "ready_for_pickup" {
			t.Errorf("the list: %s", r.body)
		}
		s.post(work+"/hand-over", object{"person": "Mia"}).want(http.StatusUnprocessableEntity, "pickup.no_proof")
		s.post(work+"/hand-over", object{"person": "Mia", "code": "XX"}).want(http.StatusConflict, "pickup.wrong_code")
		taken := object{"person": "Mia", "code": code, "lines": []object{{"line_id": line, "quantity": 1}}}
		s.as(s.key(auth.Service, nil)).post(work+"/hand-over", taken).want(http.StatusForbidden, "auth.forbidden")
		first := s.post(work+"/hand-over", taken, "Idempotency-Key: counter-1").want(http.StatusOK)
		again := s.post(work+"/hand-over", taken, "Idempotency-Key: counter-1").want(http.StatusOK)
		if first.text("shipment_id") == "" || first.text("shipment_id") != again.text("shipment_id") {
			t.Errorf("two handovers: %s and %s", first.body, again.body)
		}
		refuse := object{"person": "Mia", "id_checked": true, "refused": []object{{"line_id": line, "quantity": 1}}, "settlement": "refund"}
		clerk := s.as(s.key(auth.Warehouse, nil))
		clerk.post(work+"/hand-over", refuse).want(http.StatusForbidden, "auth.forbidden") // he may not pay money back
		s.post(work+"/hand-over", refuse).want(http.StatusOK)
		s.get(order).wantParts(map[string]string{"status": "completed", "lines.0.shipped": "2", "lines.0.cancelled": "1", "lines.0.delivered": "2"})
		s.get(work + "/pickup").want(http.StatusOK).wantParts(map[string]string{"state": "picked_up", "handovers.0.proof": "code", "handovers.1.proof": "id", "handovers.1.person": "Mia"})
		if got := s.level(s.columbus, "on_hand") + " " + s.level(s.columbus, "available"); got != "2 2" {
			t.Errorf("in stock: %s", got)
		}
		s.post("/v1/shipments/"+first.text("shipment_id")+"/unship", object{"reason": "it was another Mia"}).want(http.StatusOK)
		s.get(work + "/pickup").wantParts(map[string]string{"state": "ready_for_pickup"})
		s.post(work+"/unready", nil).want(http.StatusOK)
		s.sound()
	})
}
