package api

import (
	"net/http"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestRoutingSchedules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		c.get("/v1/routing/schedules").want(http.StatusOK).wantParts(map[string]string{
			"items.0.name": "expedited", "items.0.every_minutes": "5", "items.0.min_priority": "1", "items.1.every_minutes": "60",
		})
		twice := []object{{"name": "a", "every_minutes": 5}, {"name": "a", "every_minutes": 7}}
		c.send(http.MethodPut, "/v1/routing/schedules", object{"schedules": twice}).want(http.StatusUnprocessableEntity, "routing.bad_schedule")
		one := object{"schedules": []object{{"name": "all", "every_minutes": 15}}}
		c.as(c.key(auth.Warehouse, nil)).send(http.MethodPut, "/v1/routing/schedules", one).want(http.StatusForbidden)
		c.send(http.MethodPut, "/v1/routing/schedules", one).want(http.StatusOK).wantParts(map[string]string{"items.0.name": "all", "items.1.name": ""})
		c.get("/v1/routing/runs").want(http.StatusOK).wantParts(map[string]string{"items.0.name": ""})
	})
}
