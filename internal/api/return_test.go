package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// A return from the question whether it may be, over the preview of its refund, to its end.
func TestTheLifeOfAReturn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		policy := s.post("/v1/return-policies", object{"name": "Thirty days", "days": 30, "restocking_ppm": 100_000, "enabled": true}).want(http.StatusCreated)
		s.post("/v1/return-policies", object{"name": "Bad", "condition": "line.skuu == ''"}).want(http.StatusUnprocessableEntity, "rule.bad_condition")
		s.post("/v1/return-policies", object{"name": "Sale", "position": -1, "condition": `reason == "changed my mind"`, "final_sale": true, "enabled": true}).want(http.StatusCreated)
		s.get("/v1/return-policies/" + policy.text("id")).want(http.StatusOK).wantParts(map[string]string{"days": "30"})

		order := s.place(2)
		s.pay(order)
		s.post("/v1/fulfillments/"+s.get(order).text("fulfillments.0.id")+"/ship", object{}).want(http.StatusCreated)
		line := s.get(order).text("lines.0.id")
		s.get(order + "/return-options").want(http.StatusOK).wantParts(map[string]string{"items.0.units": "2", "items.0.policies.0": "Thirty days", "items.0.restocking_ppm": "100000"})
		s.get(order + "/return-options?reason=changed+my+mind").want(http.StatusOK).wantParts(map[string]string{"items.0.units": "0", "items.0.why_not": "final_sale"})

		ask := object{"order_id": s.get(order).text("id"), "location_id": s.reno, "requested_by": "customer", "lines": []object{{"line_id": line, "quantity": 2, "reason": "changed my mind"}}}
		s.post("/v1/returns", ask).want(http.StatusConflict, "return.not_allowed")
		ask["requested_by"] = "staff"
		s.post("/v1/returns", ask).want(http.StatusConflict, "return.against_policy")
		ask["lines"] = []object{{"line_id": line, "quantity": 2, "reason": "too small"}}
		asked := s.post("/v1/returns", ask).want(http.StatusCreated)
		back, part := "/v1/returns/"+asked.text("id"), asked.text("lines.0.id")
		s.post(back+"/approve", object{}).want(http.StatusOK).wantParts(map[string]string{"status": "approved"})
		s.post(back+"/send", object{"carrier": "DHL", "tracking_number": "JJD1"}).want(http.StatusOK).wantParts(map[string]string{"status": "in_transit"})
		s.post(back+"/receive", object{"lines": []object{{"line_id": part, "quantity": 2, "reception": "received"}}}).want(http.StatusOK)
		judged := s.post(back+"/judge", object{"lines": []object{{"line_id": part, "quantity": 1, "disposition": "scrap", "resolution": "store_credit"}, {"line_id": part, "disposition": "restock"}}})
		judged.want(http.StatusOK)

		money := map[string]string{"goods.minor": "2500", "fees.minor": "250", "refund.minor": "1125", "store_credit.minor": "1125"}
		s.post(back+"/refund/preview", object{}, "Idempotency-Key: ").want(http.StatusOK).wantParts(money) // without a key
		s.get(order).wantParts(map[string]string{"refunded.minor": "0"})
		s.post(back+"/refund", object{}).want(http.StatusOK).wantParts(money)
		s.post(back+"/inspect", object{}).want(http.StatusOK)
		s.post(back+"/close", object{}).want(http.StatusOK).wantParts(map[string]string{"status": "closed"})
		s.get(order).wantParts(map[string]string{"return_status": "returned", "refunded.minor": "2250", "balance.minor": "0"})
		s.sound()
	})
}
