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

func TestStock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		adjust := func(n int, reason string) reply {
			return s.post("/v1/stock/adjustments", object{"adjustments": []object{{"sku": "MUG", "location_id": s.reno, "quantity": n, "reason": reason}}})
		}
		adjust(-1, "").want(http.StatusUnprocessableEntity, "request.invalid")
		broken := adjust(-3, "broken").want(http.StatusCreated)
		if broken.text("items.0.quantity") != "-3" || broken.text("items.0.value.minor") != "-1260" || broken.text("items.0.value.currency") != "EUR" {
			t.Errorf("the adjustment is %s", broken.body)
		}
		adjust(-100, "theft").want(http.StatusConflict, "inventory.shortage")
		undo := "/v1/stock/movements/" + broken.text("items.0.id") + "/undo"
		s.post(undo, object{"reason": "they were found"}).want(http.StatusCreated)
		s.post(undo, object{"reason": "again"}).want(http.StatusConflict, "inventory.undone")
		s.post("/v1/stock/counts", object{"counts": []object{{"sku": "MUG", "location_id": s.reno, "on_hand": 9}}}).want(http.StatusCreated)
		s.post("/v1/stock/states", object{"changes": []object{{"sku": "MUG", "location_id": s.reno, "from": "sellable", "to": "damaged", "quantity": 2}}}).want(http.StatusCreated)
		if got := s.level(s.reno, "on_hand") + " " + s.level(s.reno, "damaged") + " " + s.level(s.reno, "available"); got != "9 2 7" {
			t.Errorf("on hand, damaged, available: %s", got)
		}
		explained := s.get("/v1/variants/" + s.mug + "/stock").want(http.StatusOK)
		if !strings.Contains(string(explained.body), `"broken"`) || explained.text("items.1.counts.on_hand") != "9" {
			t.Errorf("the explanation is %s", explained.body)
		}
		if got := s.get("/v1/stock/movements?kind=count").want(http.StatusOK).text("items.0.quantity"); got != "-1" {
			t.Errorf("the count changed %s", got)
		}
		refused := s.post("/v1/stock/receipts", object{"receipts": []object{
			{"sku": "MUG", "location_id": s.reno, "quantity": 1}, {"sku": "MUG-PAIR", "location_id": s.reno, "quantity": 1}, {"sku": "CUP", "location_id": s.reno, "quantity": 1},
		}}).want(http.StatusUnprocessableEntity, "stock.invalid").problem()
		if !names(refused, "receipts[1].sku") || !names(refused, "receipts[2].sku") || names(refused, "receipts[0].sku") {
			t.Errorf("refused: %v", refused.Fields)
		}
	})
}

func TestValuesAreShownToThoseWhoMaySeeCosts(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	clerk := s.as(s.key(auth.Service, nil))
	for _, path := range []string{"/v1/stock/movements", "/v1/variants/" + s.mug + "/stock"} {
		if r := s.get(path).want(http.StatusOK); !strings.Contains(string(r.body), `"value"`) {
			t.Errorf("%s: the owner does not see values: %s", path, r.body)
		}
		if r := clerk.get(path).want(http.StatusOK); strings.Contains(string(r.body), `"value`) {
			t.Errorf("%s: the clerk sees values: %s", path, r.body)
		}
	}
}

func TestAvailability(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		r := s.get("/v1/availability?sku=MUG,MUG-PAIR&country=US&postal_code=43004").want(http.StatusOK) // near Columbus
		for part, want := range map[string]string{
			"precision": "postal_code", "items.0.available": "14", "items.0.locations.0.code": "CMH", "items.0.locations.0.available": "4",
			"items.1.available": "7", "items.1.locations.0.available": "2", "items.1.components.0.sku": "MUG",
		} {
			if got := r.text(part); got != want {
				t.Errorf("%s is %q, want %q: %s", part, got, want, r.body)
			}
		}
		s.get("/v1/availability").want(http.StatusUnprocessableEntity, "stock.invalid")
		s.get("/v1/availability?sku=CUP").want(http.StatusUnprocessableEntity, "stock.invalid")
	})
}

func TestTransfers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		draft := object{"from_location": s.reno, "to_location": s.columbus, "lines": []object{{"sku": "MUG", "quantity": 4}}}
		added := s.post("/v1/transfers", draft).want(http.StatusCreated)
		path := "/v1/transfers/" + added.text("id")
		line := s.send(http.MethodPut, path, object{"lines": []object{{"sku": "MUG", "quantity": 5}}}, `If-Match: "1"`).want(http.StatusOK).text("lines.0.id")
		s.post(path+"/ready", nil, `If-Match: "1"`).want(http.StatusPreconditionFailed, "inventory.stale")
		s.post(path+"/ready", nil, `If-Match: "2"`).want(http.StatusOK)
		s.post(path+"/receive", object{"lines": []object{{"line_id": line, "quantity": 1}}}).want(http.StatusConflict, "transfer.wrong_state")
		s.post(path+"/ship", object{}).want(http.StatusOK)
		if got := s.level(s.columbus, "incoming"); got != "5" {
			t.Errorf("incoming at the destination: %s", got)
		}
		s.post(path+"/receive", object{"lines": []object{{"line_id": line, "quantity": 3}}}).want(http.StatusOK)
		s.post(path+"/close", object{}).want(http.StatusUnprocessableEntity, "transfer.no_reason")
		if got := s.post(path+"/close", object{"reason": "lost"}).want(http.StatusOK).text("lines.0.written_off"); got != "2" {
			t.Errorf("written off: %s", got)
		}
		if got := s.level(s.reno, "on_hand") + " " + s.level(s.columbus, "on_hand"); got != "5 7" {
			t.Errorf("on hand: %s", got)
		}
	})
}

func TestBins(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	path := "/v1/locations/" + s.reno
	bins := s.post(path+"/bins", object{"bins": []object{{"code": "A-1", "path": 2}, {"code": "B-1", "path": 1}}}).want(http.StatusOK)
	s.post(path+"/places", object{"places": []object{{"sku": "MUG", "bin_id": bins.text("items.0.id")}}}).want(http.StatusOK)
	if got := s.level(s.reno, "bin_code"); got != "A-1" {
		t.Errorf("the mug lies in %q", got)
	}
	if got := s.get(path + "/bins").text("items.0.code"); got != "B-1" {
		t.Errorf("the walk begins at %s", got)
	}
	s.post("/v1/locations/"+s.columbus+"/places", object{"places": []object{{"sku": "MUG", "bin_id": bins.text("items.0.id")}}}).want(http.StatusNotFound, "bin.not_found")
}

// Whoever is limited to a location sees the stock and the work of that one, and
// changes nothing anywhere else.
func TestLimitedToALocation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(1)
		s.pay(order)
		work := "/v1/fulfillments/" + s.get(order).text("fulfillments.0.id") // at Reno
		var columbus id.Location
		if err := columbus.UnmarshalText([]byte(s.columbus)); err != nil {
			t.Fatal(err)
		}
		there := s.as(s.key(auth.Warehouse, []id.Location{columbus}))
		for _, path := range []string{"/v1/stock/levels", "/v1/stock/movements", "/v1/variants/" + s.mug + "/stock", "/v1/fulfillments", "/v1/availability?sku=MUG"} {
			if r := there.get(path).want(http.StatusOK); strings.Contains(string(r.body), s.reno) {
				t.Errorf("%s shows Reno: %s", path, r.body)
			}
		}
		for _, path := range []string{"/v1/stock/levels?location=", "/v1/stock/movements?location=", "/v1/fulfillments?location=", "/v1/pick-batches?location=", "/v1/shipments?location=", "/v1/transfers?location="} {
			there.get(path+s.reno).want(http.StatusForbidden, "auth.wrong_location")
		}
		at := func(n int) object { return object{"sku": "MUG", "location_id": s.reno, "quantity": n, "reason": "x"} }
		before := census(t, d)
		there.get(work).want(http.StatusForbidden, "auth.wrong_location")
		there.get(work+"/pick-list").want(http.StatusForbidden, "auth.wrong_location")
		there.post(work+"/ship", object{}).want(http.StatusForbidden, "auth.wrong_location")
		there.post(work+"/pack", object{}).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/stock/receipts", object{"receipts": []object{at(1)}}).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/stock/adjustments", object{"adjustments": []object{at(-1)}}).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/transfers", object{"from_location": s.reno, "to_location": s.columbus, "lines": []object{{"sku": "MUG", "quantity": 1}}}).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/pick-batches", object{"location_id": s.reno, "fulfillment_ids": []string{strings.TrimPrefix(work, "/v1/fulfillments/")}}).want(http.StatusForbidden, "auth.wrong_location")
		unchanged(t, d, before)

		// What is at Reno already is not theirs either; of a transfer, only the end at Columbus is.
		batch := "/v1/pick-batches/" + s.post("/v1/pick-batches", object{"location_id": s.reno, "fulfillment_ids": []string{strings.TrimPrefix(work, "/v1/fulfillments/")}}).want(http.StatusCreated).text("id")
		shipment := s.post(work+"/pack", object{}).want(http.StatusCreated).text("id")
		transfer := s.post("/v1/transfers", object{"from_location": s.reno, "to_location": s.columbus, "lines": []object{{"sku": "MUG", "quantity": 1}}}).want(http.StatusCreated)
		sent := "/v1/transfers/" + transfer.text("id")
		before = census(t, d)
		there.get(batch).want(http.StatusForbidden, "auth.wrong_location")
		there.post(batch+"/picks", object{"picks": []object{{"variant_id": s.mug, "picked": 1}}}).want(http.StatusForbidden, "auth.wrong_location")
		there.post(batch+"/cancel", nil).want(http.StatusForbidden, "auth.wrong_location")
		there.get("/v1/shipments/"+shipment).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/shipments/"+shipment+"/dispatch", nil).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/tracking-events", object{"events": []object{{"shipment_id": shipment, "status": "delivered", "source": "UPS"}}}).want(http.StatusForbidden, "auth.wrong_location")
		there.post(sent+"/ready", nil).want(http.StatusForbidden, "auth.wrong_location")
		there.post(sent+"/cancel", object{}).want(http.StatusForbidden, "auth.wrong_location")
		there.post(order+"/returns", object{"location_id": s.reno, "lines": []object{{"line_id": s.get(order).text("lines.0.id"), "quantity": 1}}}).want(http.StatusForbidden, "auth.wrong_location")
		unchanged(t, d, before)
		there.get(sent).want(http.StatusOK)
		s.post(sent+"/ready", nil).want(http.StatusOK)
		s.post(sent+"/ship", object{}).want(http.StatusOK)
		there.post(sent+"/receive", object{"lines": []object{{"line_id": transfer.text("lines.0.id"), "quantity": 1}}}).want(http.StatusOK)

		adjusted := s.post("/v1/stock/adjustments", object{"adjustments": []object{at(-1)}}).want(http.StatusCreated)
		before = census(t, d)
		there.post("/v1/stock/movements/"+adjusted.text("items.0.id")+"/undo", object{"reason": "x"}).want(http.StatusForbidden, "auth.wrong_location")
		unchanged(t, d, before)
	})
}
