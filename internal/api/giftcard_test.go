package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestGiftCardsAndStoreCredit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		order := s.place(2) // 25.00
		euros := func(minor int) object { return object{"minor": minor, "currency": "EUR"} }
		card := s.post("/v1/gift-cards", object{"amount": euros(3000), "reason": "a prize"}).want(http.StatusCreated)
		path := "/v1/credits/" + card.text("id")
		made := s.send(http.MethodPost, path+"/code", nil).want(http.StatusCreated)
		code := made.text("code")
		s.send(http.MethodPost, "/v1/gift-cards/find", object{"code": "0000-0000"}).want(http.StatusNotFound, "credit.bad_code")
		s.send(http.MethodPost, "/v1/gift-cards/find", object{"code": code}).want(http.StatusOK).wantParts(map[string]string{
			"id": card.text("id"), "available.minor": "3000", "last_four": code[len(code)-4:],
		})
		s.post(order+"/payments", object{"method": "gift_card", "gateway": "gift_card", "token": code, "amount": euros(9000)}).want(http.StatusConflict, "credit.not_enough")
		paid := s.post(order+"/payments", object{"method": "gift_card", "gateway": "gift_card", "token": code}).want(http.StatusCreated)
		paid.wantParts(map[string]string{"status": "authorized", "amount.minor": "2500"})
		s.get(path).want(http.StatusOK).wantParts(map[string]string{"held.minor": "2500", "available.minor": "500", "entries.0.kind": "issue", "holds.0.amount": "2500"})
		s.post(path+"/payout", object{"reason": "x", "amount": euros(501)}).want(http.StatusConflict, "credit.not_enough")
		s.post(path+"/payout", object{"reason": "x", "amount": object{"minor": 5, "currency": "USD"}}).want(http.StatusUnprocessableEntity, "credit.bad_amount")
		s.post(path+"/payout", object{"reason": "x"}, `If-Match: "1"`).want(http.StatusPreconditionFailed, "credit.stale")
		s.post(path+"/void", object{"reason": "stolen"}).want(http.StatusOK).wantParts(map[string]string{"balance.minor": "2500"})
		s.send(http.MethodPatch, path, object{"status": "disabled", "reason": "stolen"}, "Idempotency-Key: off").want(http.StatusOK).wantParts(map[string]string{"status": "disabled"})
		s.send(http.MethodPost, path+"/code", nil).want(http.StatusConflict, "credit.disabled")
		reader := s.as(s.key(auth.Warehouse, nil))
		reader.get(path).want(http.StatusForbidden, "auth.forbidden")
		s.sound()
	})
}
