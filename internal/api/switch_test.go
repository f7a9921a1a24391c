package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/test/dbtest"
)

func TestSwitchALocationOff(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	path := "/v1/locations/" + s.reno
	var reno, columbus id.Location
	if err := reno.UnmarshalText([]byte(s.reno)); err != nil {
		t.Fatal(err)
	}
	if err := columbus.UnmarshalText([]byte(s.columbus)); err != nil {
		t.Fatal(err)
	}
	off := object{"off": true, "reason": "lift is broken"}
	s.as(s.key(auth.Buyer, nil)).post(path+"/switch", off).want(http.StatusForbidden, "auth.forbidden")
	s.as(s.key(auth.Warehouse, []id.Location{columbus})).post(path+"/switch", off).want(http.StatusForbidden, "auth.wrong_location")
	clerk := s.as(s.key(auth.Warehouse, []id.Location{reno}))
	clerk.post(path+"/switch", object{"off": true}).want(http.StatusUnprocessableEntity, "location.invalid")
	clerk.post(path+"/switch", off, "If-Match: 9").want(http.StatusPreconditionFailed)
	clerk.post(path+"/switch", off, "If-Match: 1").want(http.StatusOK).wantParts(map[string]string{"online_off": "true", "online_off_reason": "lift is broken"})

	near := "/v1/availability?sku=MUG&city=Sacramento&region=CA&country=US"
	s.get(near).want(http.StatusOK).wantParts(map[string]string{"items.0.available": "4", "items.0.locations.0.ships": "false"})
	order := s.place(3)
	if got := s.get(order).text("fulfillments.0.location_id"); got != s.columbus {
		t.Errorf("it is sent from %s", got)
	}
	if got := s.get(order + "/decisions").text("items.0.decision.candidates"); !strings.Contains(got, "switched off: lift is broken") {
		t.Errorf("the decision: %s", got)
	}
	clerk.post(path+"/switch", object{"off": false}).want(http.StatusOK).wantParts(map[string]string{"online_off": "false", "online_off_reason": ""})
	clerk.post(path+"/switch", object{"off": false}).want(http.StatusConflict, "location.switched_on")
	s.get(near).want(http.StatusOK).wantParts(map[string]string{"items.0.available": "11"})
	if got := s.get("/v1/audit?object_kind=location").text("items.0.after"); !strings.Contains(got, "online_off") {
		t.Errorf("audited: %s", got)
	}
}
