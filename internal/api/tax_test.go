package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestTaxRates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		de := object{"country": "DE", "name": "VAT", "rate_ppm": 190000, "valid_from": "2007-01-01"}
		s.as(s.key(auth.Operations, nil)).post("/v1/tax-rates", de).want(http.StatusForbidden, "auth.forbidden")
		r := s.post("/v1/tax-rates", de).want(http.StatusCreated)
		r.wantParts(map[string]string{"tax_class": "standard", "version": "1"})
		path := "/v1/tax-rates/" + r.text("id")
		s.send(http.MethodPut, path, de, `If-Match: "9"`).want(http.StatusPreconditionFailed, "tax.stale")
		s.post("/v1/tax-rates/import", object{"csv": "country,name,rate_percent,valid_from\nFR,TVA,20,2014-01-01\nIT,IVA,22,2013-10-01\n"}).want(http.StatusCreated).
			wantParts(map[string]string{"items.1.rate_ppm": "220000"})
		s.get("/v1/tax-rates?country=IT").wantParts(map[string]string{"items.0.name": "IVA", "items.1.id": ""})
		firm := s.post("/v1/companies", object{"name": "Byron & Sons", "currency": "EUR", "tax_exempt": true, "tax_certificate": "X-1", "tax_exempt_until": "2099-12-31"}).
			want(http.StatusCreated).text("id")
		body := s.order(2)
		body["ship_to"] = object{"name": "Ada", "line1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"}
		line := body["lines"].([]object)[0]
		delete(line, "tax_ppm")
		s.post("/v1/orders", body).want(http.StatusCreated).wantParts(map[string]string{"lines.0.tax_reason": "rate", "lines.0.tax_ppm": "190000"})
		line["tax_ppm"] = 70000
		s.post("/v1/orders", body).want(http.StatusCreated).wantParts(map[string]string{"lines.0.tax_reason": "given", "lines.0.tax_ppm": "70000"})
		delete(line, "tax_ppm")
		body["company_id"] = firm
		s.post("/v1/orders", body).want(http.StatusCreated).wantParts(map[string]string{"lines.0.tax_reason": "exempt", "lines.0.tax_note": "Certificate X-1"})
		s.send(http.MethodDelete, path, nil).want(http.StatusOK)
		s.get(path).want(http.StatusNotFound, "tax.not_found")
		s.sound()
	})
}
