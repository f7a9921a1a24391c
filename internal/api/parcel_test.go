package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestParcels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		one, two := s.place(2), s.place(1)
		s.pay(one)
		s.pay(two)
		work := func(order string) string { return strings.TrimPrefix(s.work(order, "0"), "/v1/fulfillments/") }
		both := object{"fulfillment_ids": []string{work(one), work(two)}}
		s.get(s.work(one, "0") + "/parcel-mates").want(http.StatusOK).wantParts(map[string]string{"items.0.id": work(two), "items.1.id": ""})
		var there id.Location
		if err := there.UnmarshalText([]byte(s.columbus)); err != nil {
			t.Fatal(err)
		}
		s.as(s.key(auth.Warehouse, []id.Location{there})).post("/v1/parcels", both).want(http.StatusForbidden, "auth.wrong_location")
		parcel := s.post("/v1/parcels", both).want(http.StatusCreated)
		parcel.wantParts(map[string]string{"status": "packing", "location_id": s.reno, "shipments.1.status": "packing", "shipments.0.parcel_id": parcel.text("id")})
		path := "/v1/parcels/" + parcel.text("id")
		s.post(path+"/label", object{"carrier": "UPS", "tracking_number": "1Z9", "cost": object{"currency": "EUR", "minor": 900}}).want(http.StatusOK).
			wantParts(map[string]string{"status": "labelled", "cost.minor": "900", "shipments.0.tracking_number": "1Z9", "shipments.1.tracking_number": "1Z9"})
		s.post(path+"/unmerge", nil).want(http.StatusConflict, "parcel.labelled")
		s.post(path+"/void", object{"reason": "too small"}, `If-Match: "1"`).want(http.StatusPreconditionFailed, "fulfillment.stale")
		s.post(path+"/void", object{"reason": "too small"}).want(http.StatusOK).wantParts(map[string]string{"status": "voided"})
		path = "/v1/parcels/" + s.post("/v1/parcels", both).want(http.StatusCreated).text("id")
		s.post(path+"/unmerge", nil).want(http.StatusOK).wantParts(map[string]string{"status": "unmerged"})
		for _, order := range []string{one, two} {
			s.post("/v1/shipments/"+s.get(order).text("shipments.1.id")+"/void", object{"reason": "together after all"}).want(http.StatusOK)
		}
		path = "/v1/parcels/" + s.post("/v1/parcels", both).want(http.StatusCreated).text("id")
		s.post(path+"/dispatch", nil).want(http.StatusOK).wantParts(map[string]string{"status": "shipped"})
		s.get(path).want(http.StatusOK).wantParts(map[string]string{"status": "shipped", "version": "1"})
		s.get(two).wantParts(map[string]string{"fulfillment_status": "fulfilled"})
		s.sound()
	})
}
