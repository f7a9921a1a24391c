package api

import (
	"net/http"
	"strings"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// teapot is a product of a pot, its lid, and both as a kit.
var teapot = object{
	"title": "Teapot", "category": "Kitchen > Tea", "tags": []string{"gift"},
	"variants": []object{
		{
			"sku": "POT", "cost": "4.5", "barcodes": []object{{"code": "4006381333931"}, {"code": "CASE-POT", "quantity": 6}},
			"prices":          []object{{"currency": "EUR", "amount": "12.5"}, {"currency": "EUR", "amount": "11", "min_quantity": 10}},
			"purchase_prices": []object{{"supplier": "Clay & Co", "currency": "EUR", "amount": "4.2"}},
		},
		{"sku": "LID"},
		{"sku": "POT-SET", "kind": "kit", "components": []object{{"sku": "POT", "quantity": 1}, {"sku": "LID", "quantity": 2}}},
	},
}

func TestProducts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		var p Product
		added := c.post("/v1/products", teapot).want(http.StatusCreated).into(&p)
		if len(p.Variants) != 3 || p.Handle != "teapot" || added.header.Get("ETag") != `"1"` {
			t.Fatalf("added with ETag %s: %s", added.header.Get("ETag"), added.body)
		}
		path := "/v1/products/" + p.ID.String()
		for part, want := range map[string]string{
			"variants.1.sku": "POT", "variants.1.cost": "4.5", "variants.1.barcodes.0.code": "4006381333931",
			"variants.1.prices.1.amount": "11", "variants.1.purchase_prices.0.amount": "4.2",
			"variants.2.components.1.sku": "LID", "variants.2.components.1.quantity": "2",
		} {
			if got := c.get(path).want(http.StatusOK).text(part); got != want {
				t.Errorf("%s is %q, want %q", part, got, want)
			}
		}
		c.post("/v1/products", teapot).want(http.StatusConflict, "catalog.product_exists")
		c.post("/v1/products", object{"id": p.ID, "title": "Mug"}).want(http.StatusUnprocessableEntity, "request.invalid")

		changed := c.send(http.MethodPatch, path, object{"title": "Big teapot", "variants": []object{{"sku": "POT", "weight_grams": 900}}}, `If-Match: "1"`).want(http.StatusOK)
		if got := changed.text("title") + changed.text("variants.1.weight_grams") + changed.header.Get("ETag"); got != `Big teapot900"2"` {
			t.Errorf("changed: %s %s", changed.header.Get("ETag"), changed.body)
		}
		stale := c.send(http.MethodPatch, path, object{"title": "Small teapot"}, `If-Match: "1"`).want(http.StatusPreconditionFailed, "catalog.stale")
		if got := stale.text("facts"); got != `{"seen":1,"version":2}` {
			t.Errorf("facts of a stale change are %s", got)
		}
		c.send(http.MethodPatch, path, object{"title": "Small teapot"}, `If-Match: nonsense`).want(http.StatusUnprocessableEntity, "request.bad_version")
		c.send(http.MethodPatch, path, object{"variants": []object{{"sku": "POT", "cost": "-1"}}}).want(http.StatusUnprocessableEntity, "catalog.bad_product")
		if got := c.get(path).text("title"); got != "Big teapot" {
			t.Errorf("refused changes left the title %q", got)
		}
	})
}

func TestCostsAreShownToThoseWhoMaySeeThem(t *testing.T) {
	c := newClient(t, dbtest.SQLite(t))
	product := c.post("/v1/products", teapot).want(http.StatusCreated).text("id")
	variant := c.get("/v1/variants?code=POT").text("items.0.id")
	clerk := c.as(c.key(auth.Service, nil))
	for _, path := range []string{"/v1/products", "/v1/products/" + product, "/v1/variants", "/v1/variants/" + variant, "/v1/variants?code=POT"} {
		if r := c.get(path).want(http.StatusOK); !strings.Contains(string(r.body), `"4.5"`) || !strings.Contains(string(r.body), `"4.2"`) {
			t.Errorf("%s: the owner does not see costs: %s", path, r.body)
		}
		if r := clerk.get(path).want(http.StatusOK); strings.Contains(string(r.body), "cost") || strings.Contains(string(r.body), "purchase") {
			t.Errorf("%s: the clerk sees costs: %s", path, r.body)
		}
	}
	clerk.get("/v1/purchase-prices?variant="+variant).want(http.StatusForbidden, "auth.forbidden")
	if got := c.get("/v1/purchase-prices?variant=" + variant).text("items.0.amount"); got != "4.2" {
		t.Errorf("the supplier asks %s", got)
	}
}

func TestFindingVariants(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		c.post("/v1/products", teapot).want(http.StatusCreated)
		for query, want := range map[string]string{
			"code=4006381333931": "POT 1", "code=CASE-POT": "POT 6", "code=LID": "LID 1", "code=pot": "POT 1", "code=unknown": " ",
			"kind=kit": "POT-SET ", "text=lid": "LID ", "status=draft": " ",
		} {
			r := c.get("/v1/variants?" + query).want(http.StatusOK)
			if got := r.text("items.0.sku") + " " + r.text("items.0.per_scan"); got != want {
				t.Errorf("%s gives %q, want %q", query, got, want)
			}
		}
		c.get("/v1/variants?colour=red").want(http.StatusUnprocessableEntity, "request.invalid")
		c.get("/v1/variants?limit=0").want(http.StatusUnprocessableEntity, "request.invalid")

		var skus []string
		path := "/v1/variants?limit=1"
		for path != "" {
			r := c.get(path).want(http.StatusOK)
			skus = append(skus, r.text("items.0.sku"))
			if path = ""; r.text("next") != "" {
				path = "/v1/variants?limit=1&after=" + r.text("next")
			}
		}
		if got := strings.Join(skus, " "); got != "LID POT POT-SET" {
			t.Errorf("the pages give %s", got)
		}
	})
}

func TestBulkProductsGiveAResultEach(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		body := object{"products": []object{
			teapot,
			{"title": "Mug", "variants": []object{{"sku": "MUG", "cost": "-1"}}},
			{"title": "Plate", "variants": []object{{"sku": "PLATE"}}},
		}}
		r := c.post("/v1/products/bulk", body).want(http.StatusOK)
		for part, want := range map[string]string{
			"refused": "1", "results.0.status": "201", "results.0.object.handle": "teapot", "results.1.index": "1", "results.1.status": "422",
			"results.1.code": "catalog.bad_product", "results.1.fields.0.field": "variants[0].cost", "results.2.status": "201",
		} {
			if got := r.text(part); got != want {
				t.Errorf("%s is %q, want %q: %s", part, got, want, r.body)
			}
		}
		if again := c.post("/v1/products/bulk", body).want(http.StatusOK); again.text("results.0.status") != "200" || again.text("results.0.object.outcome") != "unchanged" {
			t.Errorf("again: %s", again.body)
		}
	})
}

func TestPrices(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		c.post("/v1/products", teapot).want(http.StatusCreated)
		variant := c.get("/v1/variants?code=POT").text("items.0.id")
		vip := c.post("/v1/price-lists", object{"code": "vip", "name": "Friends", "currency": "EUR"}).want(http.StatusCreated).text("id")
		r := c.post("/v1/prices/bulk", object{"prices": []object{
			{"price_list_id": vip, "variant_id": variant, "amount": "9.99", "min_quantity": 1},
			{"price_list_id": vip, "variant_id": "var_01hv6zq5k2e8x9f3t7w1m4c5nr", "amount": "1", "min_quantity": 1},
			{"price_list_id": vip, "variant_id": variant, "amount": "-1", "min_quantity": 5},
		}}).want(http.StatusOK)
		if got := r.text("results.0.status") + r.text("results.1.status") + r.text("results.1.fields.0.field") + r.text("results.2.status") + r.text("results.2.fields.0.field"); got != "200422variant_id422amount" {
			t.Errorf("results: %s", r.body)
		}
		for query, want := range map[string]string{
			"currency=EUR": "12.5", "currency=EUR&price_list=" + vip: "9.99", "currency=USD": "",
		} {
			if got := c.get("/v1/prices?variant=" + variant + "&" + query).want(http.StatusOK).text("items.0.amount"); got != want {
				t.Errorf("%s: price %q, want %q", query, got, want)
			}
		}
		c.send(http.MethodPatch, "/v1/price-lists/"+vip, object{"name": "Best friends"}, `If-Match: "1"`).want(http.StatusOK)
		c.send(http.MethodPatch, "/v1/price-lists/"+vip, object{"name": "Others"}, `If-Match: "1"`).want(http.StatusPreconditionFailed)
		c.send(http.MethodPatch, "/v1/price-lists/"+vip, object{"name": "Foes"}).want(http.StatusOK)
		if got := c.get("/v1/price-lists/" + vip).want(http.StatusOK); got.text("name") != "Foes" || got.text("code") != "vip" || got.text("version") != "3" {
			t.Errorf("the list is %s", got.body)
		}
	})
}

func TestCategories(t *testing.T) {
	c := newClient(t, dbtest.SQLite(t))
	tea := c.post("/v1/categories", object{"name": "Tea"}).want(http.StatusCreated).text("id")
	green := c.post("/v1/categories", object{"name": "Green", "parent_id": tea}).want(http.StatusCreated)
	if green.text("slug") != "tea/green" {
		t.Errorf("slug is %s", green.text("slug"))
	}
	c.send(http.MethodDelete, "/v1/categories/"+tea, nil).want(http.StatusConflict, "catalog.category_in_use")
	c.send(http.MethodPut, "/v1/categories/"+tea, object{"name": "Teas"}).want(http.StatusOK)
	if got := c.get("/v1/categories").text("items.1.slug"); got != "teas/green" {
		t.Errorf("after the renaming the slug is %s", got)
	}
	c.send(http.MethodDelete, "/v1/categories/"+green.text("id"), nil).want(http.StatusOK)
}
