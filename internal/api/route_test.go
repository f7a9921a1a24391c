package api

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestRepeatedRequestGetsTheSameAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		ada := object{"name": "Ada Byron"}
		first := c.post("/v1/customers", ada, "Idempotency-Key: 1").want(http.StatusCreated)
		before := census(t, d)
		again := c.post("/v1/customers", ada, "Idempotency-Key: 1").want(http.StatusCreated)
		if !bytes.Equal(again.body, first.body) || again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("first %v %s\nagain %v %s", first.header, first.body, again.header, again.body)
		}
		// White space does not make another request; another body, path or person does.
		c.post("/v1/customers", `{ "name" : "Ada Byron" }`, "Idempotency-Key: 1").want(http.StatusCreated)
		c.post("/v1/customers", object{"name": "Bob"}, "Idempotency-Key: 1").want(http.StatusUnprocessableEntity, "idempotency.mismatch")
		c.post("/v1/companies", ada, "Idempotency-Key: 1").want(http.StatusUnprocessableEntity, "idempotency.mismatch")
		unchanged(t, d, before)
		other := c.as(c.key(auth.Owner, nil)).post("/v1/customers", ada, "Idempotency-Key: 1").want(http.StatusCreated)
		if other.text("id") == first.text("id") {
			t.Error("another person's key gave the first one's answer")
		}
	})
}

// A change by PATCH may carry a key: repeated with it, it gets the first answer
// although the version has moved on.
func TestRepeatedChangeGetsTheSameAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		made := c.post("/v1/customers", object{"name": "Ada Byron"}, "Idempotency-Key: 1").want(http.StatusCreated)
		path, seen := "/v1/customers/"+made.text("id"), "If-Match: "+made.header.Get("ETag")
		first := c.send(http.MethodPatch, path, object{"name": "Ada Lovelace"}, seen, "Idempotency-Key: 2").want(http.StatusOK)
		again := c.send(http.MethodPatch, path, object{"name": "Ada Lovelace"}, seen, "Idempotency-Key: 2").want(http.StatusOK)
		if !bytes.Equal(again.body, first.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
		c.send(http.MethodPatch, path, object{"name": "Ada Lovelace"}, seen).want(http.StatusPreconditionFailed)
	})
}

func TestSignInActsAsTheUser(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		c.post("/v1/users", object{"email": "ann@example.com", "name": "Ann", "role": "read_only", "password": "a long password"}, "Idempotency-Key: 1").want(http.StatusCreated)
		c.post("/v1/sessions", object{"email": "ann@example.com", "password": "wrong"}).want(http.StatusUnauthorized, "auth.wrong_password")
		ann := c.as(c.post("/v1/sessions", object{"email": "ann@example.com", "password": "a long password"}).want(http.StatusCreated).text("token"))
		ann.send(http.MethodGet, "/v1/orders", nil).want(http.StatusOK)
		ann.send(http.MethodGet, "/v1/users", nil).want(http.StatusForbidden)
		ann.send(http.MethodDelete, "/v1/sessions", nil).want(http.StatusNoContent)
		ann.send(http.MethodGet, "/v1/orders", nil).want(http.StatusUnauthorized, "auth.session_over")
	})
}

func TestRefusedRequestLeavesItsKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		c.post("/v1/customers", object{"name": "Ada", "email": "nonsense"}, "Idempotency-Key: 1").want(http.StatusUnprocessableEntity, "customer.invalid")
		c.post("/v1/customers", object{"name": "Ada", "email": "ada@example.com"}, "Idempotency-Key: 1").want(http.StatusCreated)
	})
}

func TestPostNeedsAnIdempotencyKey(t *testing.T) {
	c := newClient(t, dbtest.SQLite(t))
	without := map[string]bool{ // what cannot be answered again, or has an id of its own
		"POST /v1/setup": true, "POST /v1/sessions": true, "DELETE /v1/sessions": true, "POST /v1/api-keys": true, "POST /v1/gateways/{gateway}/webhook": true,
		"POST /v1/credits/{credit}/code": true, "POST /v1/gift-cards/find": true,
	}
	for _, op := range operations(t, c.server) {
		if op.Method != http.MethodPost || without[op.name()] || strings.HasSuffix(op.Path, "/preview") { // a preview changes nothing
			continue
		}
		if p := c.post(op.url(), op.body(), "Idempotency-Key: ").want(http.StatusUnprocessableEntity, "request.invalid").problem(); !names(p, "header.Idempotency-Key") {
			t.Errorf("%s: does not name the header: %v", op.name(), p)
		}
	}
}

func TestConcurrentRepetitionsHaveOneEffect(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		before := census(t, d)["customer"]
		replies := make([]reply, 8)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Go(func() {
				replies[i] = c.post("/v1/customers", object{"name": "Ada"}, "Idempotency-Key: 1")
			})
		}
		wg.Wait()
		ids := map[string]bool{}
		for _, r := range replies {
			if r.status == http.StatusConflict {
				r.want(http.StatusConflict, "idempotency.in_flight")
				continue
			}
			ids[r.want(http.StatusCreated).text("id")] = true
		}
		if added := census(t, d)["customer"] - before; len(ids) != 1 || added != 1 {
			t.Errorf("%d customers were added, and %d ids given", added, len(ids))
		}
	})
}

func TestConcurrentChangesOfOneVersion(t *testing.T) {
	d := dbtest.Postgres(t)
	c := newClient(t, d)
	path := "/v1/customers/" + c.post("/v1/customers", object{"name": "Ada"}).want(http.StatusCreated).text("id")
	for _, headers := range [][]string{{`If-Match: "1"`}, nil} {
		statuses := make([]int, 4)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				statuses[i] = c.send(http.MethodPatch, path, object{"note": string(rune('a' + i))}, headers...).status
			})
		}
		wg.Wait()
		done := 0
		for _, status := range statuses {
			switch {
			case status == http.StatusOK:
				done++
			case status != http.StatusPreconditionFailed || headers == nil:
				t.Errorf("with %v: got %d", headers, status)
			}
		}
		if headers != nil && done != 1 {
			t.Errorf("%d changes of version 1 were made, want 1", done)
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	c := newClient(t, dbtest.SQLite(t))
	c.get("/v1/nothing").want(http.StatusNotFound, "request.no_route")
	c.send(http.MethodDelete, "/v1/customers", nil).want(http.StatusNotFound, "request.no_route")
	c.post("/v1/customers", bytes.Repeat([]byte("x"), MaxBody+1)).want(http.StatusRequestEntityTooLarge, "request.too_large")
	for _, path := range []string{"/healthz", "/readyz", "/openapi.json"} {
		c.as("").get(path).want(http.StatusOK)
	}
}
