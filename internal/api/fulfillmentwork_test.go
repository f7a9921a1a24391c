package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// work is the path of an order's n-th fulfillment order.
func (s *shop) work(order, n string) string {
	s.t.Helper()
	return "/v1/fulfillments/" + s.get(order).want(http.StatusOK).text("fulfillments."+n+".id")
}

func TestVoidAShipment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(3)
		s.pay(order)
		work := s.work(order, "0")
		packed := s.post(work+"/pack", object{}).want(http.StatusCreated)
		shipment := "/v1/shipments/" + packed.text("id")
		s.post(order+"/cancel", object{"reason": "customer"}).want(http.StatusConflict, "order.packed")
		s.post(shipment+"/void", object{"reason": ""}).want(http.StatusUnprocessableEntity)
		s.as(s.key(auth.ReadOnly, nil)).post(shipment+"/void", object{"reason": "wrong box"}).want(http.StatusForbidden)
		s.post(shipment+"/void", object{"reason": "wrong box"}).want(http.StatusOK).wantParts(map[string]string{"status": "voided"})
		s.post(shipment+"/void", object{"reason": "wrong box"}).want(http.StatusConflict, "shipment.voided")
		s.get(work).wantParts(map[string]string{"status": "in_progress", "lines.0.picked": "3", "lines.0.packed": "0"})
		left := "/v1/shipments/" + s.post(work+"/ship", object{}).want(http.StatusCreated).text("id")
		s.get(order).wantParts(map[string]string{"status": "completed"})
		s.as(s.key(auth.Warehouse, nil)).post(left+"/unship", object{"reason": "still on the shelf"}).want(http.StatusForbidden)
		s.post(left+"/unship", object{"reason": "still on the shelf"}).want(http.StatusOK).wantParts(map[string]string{"status": "voided"})
		s.post(left+"/unship", object{"reason": "still on the shelf"}).want(http.StatusConflict, "shipment.voided")
		s.get(order).wantParts(map[string]string{"status": "open", "lines.0.shipped": "0", "lines.0.in_work": "3", "invoices.1.series": "credit_note", "captured.minor": "3750"})
		if got := s.level(s.reno, "on_hand"); got != "10" {
			t.Errorf("on hand: %s", got)
		}
		s.post(order+"/cancel", object{"reason": "customer"}).want(http.StatusOK).wantParts(map[string]string{"status": "cancelled"})
		s.sound()
	})
}

func TestMoveSplitAndReject(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		cart := s.order(2)
		cart["lines"] = []object{{"sku": "MUG", "quantity": 2}, {"sku": "MUG-PAIR", "quantity": 1}}
		order := "/v1/orders/" + s.post("/v1/orders", cart).want(http.StatusCreated).text("id")
		s.pay(order)
		work := s.work(order, "0")
		line := s.get(order).text("lines.0.id")
		units := func(n int) []object { return []object{{"line_id": line, "quantity": n}} }

		s.get(work + "/destinations?line=" + line + ":2").want(http.StatusOK).wantParts(map[string]string{"items.0.location_id": s.columbus, "items.0.possible": "true"})
		s.get(work+"/destinations?line=nonsense").want(http.StatusUnprocessableEntity, "request.invalid")
		s.as(s.key(auth.Warehouse, nil)).post(work+"/move", object{"location_id": s.columbus}).want(http.StatusForbidden)
		s.post(work+"/move", object{"location_id": s.columbus, "lines": units(1)}).want(http.StatusConflict, "order.unsplittable")
		moved := s.post(work+"/move", object{"location_id": s.columbus, "reason": "a truck goes there"}).want(http.StatusOK)
		moved.wantParts(map[string]string{"location_id": s.columbus, "status": "open", "lines.0.quantity": "2", "lines.1.quantity": "2"})
		s.get(order + "/decisions").wantParts(map[string]string{"items.0.cause": "manual"})

		there := "/v1/fulfillments/" + moved.text("id")
		part := s.post(there+"/split", object{"lines": units(2)}).want(http.StatusCreated)
		part.wantParts(map[string]string{"location_id": s.columbus, "lines.0.quantity": "2"})
		s.post(there+"/merge", object{"fulfillment_ids": []string{part.text("id")}}).want(http.StatusOK)
		s.get("/v1/fulfillments/" + part.text("id")).wantParts(map[string]string{"status": "cancelled"})
		s.post(there+"/reject", object{"lines": units(1), "reason": "broken"}).want(http.StatusOK).wantParts(map[string]string{"status": "rejected", "lines.0.cancelled": "2"})
		s.get(order + "/exclusions").wantParts(map[string]string{"items.0.location_id": s.columbus, "items.0.reason": "broken"})
		if got := s.level(s.reno, "committed"); got != "2" {
			t.Errorf("Reno has promised %s", got)
		}
		lift := object{"line_id": line, "location_id": s.columbus}
		s.post(order+"/exclusions/lift", lift).want(http.StatusOK)
		s.post(order+"/exclusions/lift", lift).want(http.StatusNotFound, "routing.not_excluded")
		s.sound()
	})
}

func TestAFulfillmentOrderIsCancelled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(2)
		s.pay(order)
		work := s.work(order, "0")
		s.post(work+"/cancel", object{}).want(http.StatusUnprocessableEntity, "request.invalid")
		s.as(s.key(auth.Warehouse, nil)).post(work+"/cancel", object{"then": "plan"}).want(http.StatusForbidden)
		s.post(work+"/cancel", object{"then": "plan"}, `If-Match: "9"`).want(http.StatusPreconditionFailed, "fulfillment.stale")
		s.post(work+"/cancel", object{"then": "plan", "note": "another wave"}).want(http.StatusOK).wantParts(map[string]string{"status": "cancelled"})
		s.post(work+"/cancel", object{"then": "cancel"}).want(http.StatusConflict, "fulfillment.done")
		s.get(order).wantParts(map[string]string{"fulfillments.1.status": "open", "lines.0.allocated": "2"})
		s.get(order + "/decisions").wantParts(map[string]string{"items.0.cause": "withdrawn"})
		s.post(s.work(order, "1")+"/cancel", object{"then": "cancel", "reason": "customer", "note": "moved away"}).
			want(http.StatusOK).wantParts(map[string]string{"status": "cancelled"})
		s.get(order).wantParts(map[string]string{"status": "cancelled", "lines.0.cancelled": "2"})
		undone := s.get(order + "/changes").text("items.0.id")
		s.post("/v1/changes/"+undone+"/undo", object{}).want(http.StatusCreated)
		s.get(order).wantParts(map[string]string{"status": "open", "lines.0.allocated": "2"})
		s.sound()
	})
}
