package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestChannelsAndListings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		shop := c.post("/v1/channels", object{"code": "shop", "name": "Web shop", "currency": "EUR", "kind": "api"}).want(http.StatusCreated)
		if shop.text("release_when") != "authorized" || shop.text("handling_days") != "1" {
			t.Errorf("defaults of a new channel: %s", shop.body)
		}
		c.post("/v1/channels", object{"code": "shop", "name": "Another", "currency": "EUR"}).want(http.StatusConflict, "channel.exists")
		c.post("/v1/channels", object{"code": "x", "name": "X", "currency": "EUR", "release_when": "never"}).want(http.StatusUnprocessableEntity, "request.invalid")
		path := "/v1/channels/" + shop.text("id")
		c.send(http.MethodPatch, path, object{"release_when": "placed"}, "If-Match: "+shop.header.Get("ETag")).want(http.StatusOK)
		if got := c.get(path).text("release_when"); got != "placed" {
			t.Errorf("released when %s", got)
		}

		c.post("/v1/products", teapot).want(http.StatusCreated)
		pot := c.get("/v1/variants?code=POT").text("items.0.id")
		parked := c.post(path+"/listings", object{"listings": []object{{"external": "B00POT", "title": "Pot"}, {"external": "B00LID"}}}).want(http.StatusOK)
		waiting := c.get("/v1/listings?unmapped=true&channel=" + shop.text("id")).want(http.StatusOK)
		if waiting.text("items.0.id") == "" || waiting.text("items.1.id") == "" {
			t.Errorf("two listings wait: %s", waiting.body)
		}
		c.post("/v1/listings/map", object{"mappings": []object{{"listing_id": parked.text("items.0.id"), "variant_id": pot}}}).want(http.StatusOK)
		if mapped := c.get("/v1/listings?variant=" + pot); mapped.text("items.0.external") != "B00POT" {
			t.Errorf("mapped: %s", mapped.body)
		}
		if left := c.get("/v1/listings?unmapped=true"); left.text("items.0.external") != "B00LID" || left.text("items.1.id") != "" {
			t.Errorf("one listing waits: %s", left.body)
		}
	})
}
