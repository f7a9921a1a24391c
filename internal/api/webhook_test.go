package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestWebhookEndpoints(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		const path = "/v1/webhook-endpoints"
		s.post(path, object{}).want(http.StatusUnprocessableEntity, "outbound.bad_url")
		s.post(path, object{"url": "https://169.254.169.254/latest"}).want(http.StatusUnprocessableEntity, "outbound.bad_url")
		s.post(path, object{"url": "https://example.com", "kinds": []string{"orders"}}).want(http.StatusUnprocessableEntity, "webhook.invalid")
		added := s.post(path, object{"url": "https://example.com/hooks", "kinds": []string{"order.*"}}).want(http.StatusCreated)
		if !strings.HasPrefix(added.text("secret"), "whsec_") {
			t.Fatalf("added: %s", added.body)
		}
		one := path + "/" + added.text("id")
		for _, shown := range []reply{s.get(path).want(http.StatusOK), s.get(one).want(http.StatusOK)} {
			if strings.Contains(string(shown.body), "whsec_") {
				t.Errorf("the secret is shown again: %s", shown.body)
			}
		}
		if again := s.post(one+"/rotate-secret", object{}).want(http.StatusOK); again.text("secret") == added.text("secret") || again.text("secret") == "" {
			t.Errorf("rotated: %s", again.body)
		}
		test := s.post(one+"/test", object{}).want(http.StatusOK)
		if test.text("kind") != "webhook.test" || test.text("status") != "queued" {
			t.Errorf("test: %s", test.body)
		}
		if listed := s.get("/v1/webhook-deliveries?status=queued&endpoint=" + added.text("id")).want(http.StatusOK); listed.text("items.0.id") != test.text("id") {
			t.Errorf("listed: %s", listed.body)
		}
		s.post("/v1/webhook-deliveries/"+test.text("id")+"/retry", object{}).want(http.StatusOK)
		s.post(one+"/replay", object{"since": "2020-01-01T00:00:00Z"}).want(http.StatusOK)
		s.post(one+"/replay", object{"since": "2999-01-01T00:00:00Z"}).want(http.StatusUnprocessableEntity, "webhook.bad_replay")
		s.send(http.MethodPatch, one, object{"status": "disabled"}).want(http.StatusOK)
		s.post(one+"/test", object{}).want(http.StatusConflict, "webhook.disabled")
		s.send(http.MethodPatch, one, object{"url": "https://10.0.0.1/"}).want(http.StatusUnprocessableEntity, "outbound.bad_url")
		s.send(http.MethodDelete, one, nil).want(http.StatusOK)
		s.get(one).want(http.StatusNotFound, "webhook.no_endpoint")
	})
}
