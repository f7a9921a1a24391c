package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestCustomers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		terms := c.post("/v1/payment-terms", object{"code": "net30", "name": "30 days", "due_days": 30}).want(http.StatusCreated).text("id")
		group := c.post("/v1/customer-groups", object{"code": "pubs", "name": "Pubs", "discount_ppm": 50_000}).want(http.StatusCreated).text("id")
		ada := c.post("/v1/customers", object{"name": "Ada Byron", "email": "ada@example.com", "terms_id": terms, "group_id": group}).want(http.StatusCreated).text("id")
		path := "/v1/customers/" + ada

		conditions := c.get(path + "/conditions").want(http.StatusOK)
		if conditions.text("discount_ppm") != "50000" || conditions.text("terms.code") != "net30" {
			t.Errorf("conditions are %s", conditions.body)
		}
		c.send(http.MethodPatch, path, object{"terms_id": "", "phone": "+44 20 7946 0000"}).want(http.StatusOK)
		if got := c.get(path).want(http.StatusOK); got.text("terms_id") != "" || got.text("name") != "Ada Byron" || got.text("phone") == "" {
			t.Errorf("the customer is %s", got.body)
		}
		c.send(http.MethodPatch, path, object{"email": "nonsense"}).want(http.StatusUnprocessableEntity, "customer.invalid")
		for query, want := range map[string]string{"text=ada": ada, "text=7946 0000": ada, "text=bob": "", "group=" + group: ada} {
			if got := c.get("/v1/customers?" + escape(query)).want(http.StatusOK).text("items.0.id"); got != want {
				t.Errorf("%s finds %q, want %q", query, got, want)
			}
		}
		c.send(http.MethodPatch, "/v1/payment-terms/"+terms, object{"due_days": 45}).want(http.StatusOK)
		if got := c.get("/v1/payment-terms").text("items.0.due_days"); got != "45" {
			t.Errorf("due days are %s", got)
		}
		c.send(http.MethodPatch, "/v1/customer-groups/"+group, object{"whole_packs": true}).want(http.StatusOK)

		c.post(path+"/interactions", object{"kind": "note", "body": "Likes Darjeeling"}).want(http.StatusCreated)
		task := c.post(path+"/interactions", object{"kind": "task", "body": "Call back", "due_on": "2026-03-01"}).want(http.StatusCreated).text("id")
		if got := c.get("/v1/tasks?until=2026-03-02").want(http.StatusOK).text("items.0.id"); got != task {
			t.Errorf("the open task is %q, want %q", got, task)
		}
		c.post("/v1/tasks/"+task+"/finish", nil).want(http.StatusOK)
		c.post("/v1/tasks/"+task+"/finish", nil).want(http.StatusConflict, "customer.task_done")

		if got := c.get(path + "/export").want(http.StatusOK); got.text("customer.email") != "ada@example.com" || got.text("interactions.0.body") != "Likes Darjeeling" {
			t.Errorf("the export is %s", got.body)
		}
		c.as(c.key(auth.Service, nil)).post(path+"/erase", nil).want(http.StatusForbidden, "auth.forbidden")
		c.post(path+"/erase", nil).want(http.StatusOK)
		if got := c.get(path).want(http.StatusOK); got.text("email") != "" || got.text("erased_at") == "" {
			t.Errorf("the erased customer is %s", got.body)
		}
		c.send(http.MethodPatch, path, object{"name": "Ada"}).want(http.StatusConflict, "customer.erased")
	})
}

func TestCompanies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		path := "/v1/companies/" + c.post("/v1/companies", object{"name": "Harbor Inn", "currency": "GBP", "credit_limit_minor": 100_000}).want(http.StatusCreated).text("id")
		ada := c.post("/v1/customers", object{"name": "Ada Byron"}).want(http.StatusCreated).text("id")
		address := object{"company": "Harbor Inn", "line1": "1 Quay", "city": "Whitby", "country": "GB"}
		c.post(path+"/locations", object{"name": "Bar", "ship_to": object{"city": "Whitby"}}).want(http.StatusUnprocessableEntity, "customer.bad_location")
		bar := c.post(path+"/locations", object{"name": "Bar", "ship_to": address}).want(http.StatusCreated).text("id")
		c.send(http.MethodPatch, path+"/locations/"+bar, object{"tax_exempt": true}).want(http.StatusOK)
		c.send(http.MethodPut, path+"/contacts/"+ada, object{"title": "buyer", "company_location_id": bar}).want(http.StatusOK)

		got := c.get(path).want(http.StatusOK)
		if got.text("locations.0.ship_to.city")+got.text("locations.0.tax_exempt")+got.text("contacts.0.customer_id") != "Whitbytrue"+ada {
			t.Errorf("the company is %s", got.body)
		}
		conditions := c.get("/v1/customers/" + ada + "/conditions?company=" + got.text("id") + "&location=" + bar).want(http.StatusOK)
		if conditions.text("tax_exempt") != "true" || conditions.text("credit_limit_minor") != "100000" {
			t.Errorf("conditions are %s", conditions.body)
		}
		c.send(http.MethodPatch, path, object{"note": "Pays late"}, `If-Match: "1"`).want(http.StatusOK)
		c.send(http.MethodPatch, path, object{"note": "Pays"}, `If-Match: "1"`).want(http.StatusPreconditionFailed, "customer.stale")
		c.send(http.MethodDelete, path+"/contacts/"+ada, nil).want(http.StatusOK)
		c.send(http.MethodDelete, path+"/contacts/"+ada, nil).want(http.StatusNotFound, "customer.no_contact")
		if got := c.get("/v1/companies?text=harbor").text("items.0.note"); got != "Pays late" {
			t.Errorf("the note is %q", got)
		}
	})
}
