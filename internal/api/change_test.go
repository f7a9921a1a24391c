package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestChangeAPlacedOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(3)
		s.pay(order)
		line := s.get(order).text("lines.0.id")
		opened := s.post(order+"/changes", object{"reason": "customer", "actions": []object{
			{"kind": "set_quantity", "line_id": line, "quantity": 2},
			{"kind": "add_charge", "charge": object{"kind": "fee", "title": "Express", "amount": object{"minor": 500, "currency": "EUR"}}},
		}}).want(http.StatusCreated)
		opened.wantParts(map[string]string{"status": "draft", "actions.1.charge.amount.minor": "500", "version": "1"})
		s.post(order+"/changes", object{}).want(http.StatusConflict, "change.open")
		path := "/v1/changes/" + opened.text("id")

		s.get(path + "/preview").want(http.StatusOK).wantParts(map[string]string{
			"before.due.minor": "3750", "after.due.minor": "3000", "give_back.minor": "750", "collect.minor": "0",
			"after.lines.0.reserved": "2", "after.work.0.lines.0.quantity": "2", "change.status": "draft",
		})
		s.get(order).wantParts(map[string]string{"balance.minor": "0", "lines.0.allocated": "3"})
		s.send(http.MethodDelete, path+"/actions/1", nil, `If-Match: "9"`).want(http.StatusPreconditionFailed)
		s.send(http.MethodDelete, path+"/actions/1", nil, `If-Match: "1"`).want(http.StatusOK).wantParts(map[string]string{"version": "2", "actions.1.kind": ""})
		s.post(path+"/actions", object{"actions": []object{{"kind": "nonsense"}}}).want(http.StatusUnprocessableEntity, "change.unknown_action")

		service := s.as(s.key(auth.Service, nil))
		service.post(path+"/actions", object{"actions": []object{{"kind": "set_price", "line_id": line, "unit_price": "1"}}}).want(http.StatusForbidden)
		s.post(order+"/holds", object{}).want(http.StatusCreated)
		if facts := s.post(path+"/confirm", object{}).want(http.StatusPreconditionFailed, "change.order_moved_on").text("facts.since"); facts == "" {
			t.Error("it does not say what changed")
		}
		s.post(path+"/rebase", nil).want(http.StatusOK)
		done := s.post(path+"/confirm", object{"settlement": "refund"}).want(http.StatusOK)
		done.wantParts(map[string]string{"change.status": "confirmed", "after.balance.minor": "0", "give_back.minor": "1250"})
		s.get(order).wantParts(map[string]string{"refunded.minor": "1250", "lines.0.allocated": "2"})

		undone := s.post(path+"/undo", object{}).want(http.StatusCreated)
		undone.wantParts(map[string]string{"collect.minor": "1250", "change.actions.0.kind": "undo", "change.undoes": opened.text("id")})
		s.get(path).wantParts(map[string]string{"undone_by": undone.text("change.id")})
		s.get(order + "/changes").wantParts(map[string]string{"items.1.id": undone.text("change.id")})
		s.post(path+"/cancel", nil).want(http.StatusConflict, "change.confirmed")
		s.sound()
	})
}

func TestActionsAreShownAsTheyWereGiven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(1)
		line := s.get(order).text("lines.0.id")
		path := "/v1/changes/" + s.post(order+"/changes", object{"actions": []object{
			{"kind": "set_addresses", "ship_to": object{"name": "Mia", "line1": "1 High St", "city": "Columbus", "region": "OH", "postal_code": "43215", "country": "US"}},
			{"kind": "set_contact", "phone": "+1 555"},
			{"kind": "set_shipping_method", "shipping_method": "Express"},
			{"kind": "add_line_discount", "line_id": line, "discount": object{"kind": "percent", "rate_ppm": 100_000, "title": "Late"}},
			{"kind": "swap_variant", "line_id": line, "variant_id": s.mug, "quantity": 1},
		}}).want(http.StatusCreated).text("id")
		s.get(path).wantParts(map[string]string{
			"actions.0.ship_to.city": "Columbus", "actions.1.phone": "+1 555", "actions.1.email": "", "actions.2.shipping_method": "Express",
			"actions.3.discount.rate_ppm": "100000", "actions.4.variant_id": s.mug,
		})
		s.post(path+"/confirm", object{}).want(http.StatusOK).wantParts(map[string]string{"after.work.0.location_id": s.columbus, "after.due.minor": "1250"})
		s.get(order).wantParts(map[string]string{"email": "mia@example.com", "phone": "+1 555", "shipping_method": "Express"})
		s.sound()
	})
}
