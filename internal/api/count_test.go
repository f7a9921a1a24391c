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

func TestCounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.send(http.MethodPut, "/v1/count-rules", object{"daily": 0, "turn": "abc", "blind": true, "on_short_pick": true, "approve_units": 1}).want(http.StatusOK)
		counter := s.as(s.key(auth.Counter, nil))
		clerk := s.as(s.key(auth.Warehouse, nil))
		boss := s.as(s.key(auth.Operations, nil))

		counter.post("/v1/counts", object{"location_id": s.reno, "kind": "full"}).want(http.StatusForbidden, "auth.forbidden")
		s.post("/v1/counts", object{"location_id": s.reno, "kind": "variants", "variants": []object{{"sku": "MUG-PAIR"}}}).want(http.StatusUnprocessableEntity, "stock.invalid")
		path := "/v1/counts/" + clerk.post("/v1/counts", object{"location_id": s.reno, "kind": "full"}).want(http.StatusCreated).text("id")
		counter.post(path+"/entries", object{"entries": []object{{"code": "MUG", "key": "1"}}}).want(http.StatusConflict, "count.wrong_state")
		clerk.post(path+"/start", nil).want(http.StatusOK)
		s.post("/v1/locations/"+s.reno+"/bins", object{"bins": []object{{"code": "A-1"}}}).want(http.StatusOK)
		entries := object{"entries": []object{{"code": "A-1", "key": "1"}, {"code": "MUG", "quantity": 3, "key": "2"}, {"code": "MUG", "quantity": 3, "key": "3"}}}
		counter.post(path+"/entries", entries).want(http.StatusCreated)
		done := counter.post(path+"/entries", entries).want(http.StatusCreated)
		if got := done.text("items.0.bin_code") + " " + done.text("items.2.sku") + " " + done.text("items.2.counted"); got != "A-1 MUG 6" {
			t.Errorf("what was entered: %s", got)
		}
		counter.post(path+"/submit", object{}).want(http.StatusOK)

		// Ten are expected, and no answer to one who counts blind says so.
		for _, address := range []string{path, path + "/lines", path + "/entries", "/v1/counts"} {
			for _, who := range []*client{counter, clerk} {
				if r := who.get(address).want(http.StatusOK); strings.Contains(string(r.body), "10") && strings.Contains(string(r.body), "expected") || strings.Contains(string(r.body), "on_hand") || strings.Contains(string(r.body), "variance") || strings.Contains(string(r.body), "sums") {
					t.Errorf("%s tells what is expected: %s", address, r.body)
				}
			}
		}
		counter.get(path+"/lines?differing=true").want(http.StatusForbidden, "auth.forbidden")
		counter.get("/v1/stock/levels").want(http.StatusForbidden, "auth.forbidden")
		shown := boss.get(path + "/lines?differing=true").want(http.StatusOK)
		if got := shown.text("items.0.expected") + " " + shown.text("items.0.variance") + " " + shown.text("items.0.value.minor"); got != "10 -4 -1680" {
			t.Errorf("expected, variance, value: %s", got)
		}

		clerk.post(path+"/post", nil).want(http.StatusConflict, "count.not_approved")
		clerk.post(path+"/approve", nil).want(http.StatusForbidden, "auth.forbidden")
		boss.post(path+"/recount", object{}).want(http.StatusOK)
		boss.post(path+"/entries", object{"entries": []object{{"code": "mug", "quantity": 7, "key": "4"}}}).want(http.StatusCreated)
		clerk.post(path+"/submit", object{}).want(http.StatusOK)
		boss.post(path+"/approve", nil).want(http.StatusForbidden, "count.own_count")
		s.post(path+"/approve", nil).want(http.StatusOK)
		clerk.post(path+"/post", nil).want(http.StatusOK)
		if got := s.level(s.reno, "on_hand"); got != "7" {
			t.Errorf("on hand: %s", got)
		}
		if got := s.get("/v1/variants/" + s.mug + "/stock").want(http.StatusOK); !strings.Contains(string(got.body), `"cause":"count 1001"`) {
			t.Errorf("the movement does not name the count: %s", got.body)
		}
		clerk.post(path+"/undo", object{"reason": "wrong shelf"}).want(http.StatusForbidden, "auth.forbidden")
		boss.post(path+"/undo", object{"reason": "wrong shelf"}).want(http.StatusOK)
		if got := s.level(s.reno, "on_hand"); got != "10" {
			t.Errorf("on hand: %s", got)
		}

		var columbus id.Location
		if err := columbus.UnmarshalText([]byte(s.columbus)); err != nil {
			t.Fatal(err)
		}
		there := s.as(s.key(auth.Operations, []id.Location{columbus}))
		there.get(path).want(http.StatusForbidden, "auth.wrong_location")
		there.post(path+"/undo", object{"reason": "x"}).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/counts", object{"location_id": s.reno, "kind": "full"}).want(http.StatusForbidden, "auth.wrong_location")
		there.post("/v1/counts", object{"location_id": s.columbus, "kind": "cycle"}).want(http.StatusCreated)
	})
}
