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
		s.post(order+"/cancel", object{"reason": "customer"}).want(http.StatusOK).wantParts(map[string]string{"status": "cancelled"})
		s.sound()
	})
}
