package demo_test

import (
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/demo"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/view"
)

// The demo company is believable: it has what the tour shows, and its books and
// stock are sound.
func TestDemoCompany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		start := time.Now()
		access, err := demo.Fill(t.Context(), d, func(int, int, string) {})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("filled in %s", time.Since(start).Round(time.Millisecond))
		if access.Email == "" || access.Password == "" || access.Token == "" {
			t.Errorf("nobody can sign in: %+v", access)
		}
		for what, query := range map[string]string{
			"200 variants":        `SELECT COUNT(*) >= 200 FROM variant`,
			"5 places":            `SELECT COUNT(*) = 5 FROM location WHERE kind IN ('warehouse', 'store')`,
			"kits":                `SELECT COUNT(*) >= 5 FROM variant WHERE kind = 'kit'`,
			"companies":           `SELECT COUNT(*) >= 8 FROM company`,
			"three currencies":    `SELECT COUNT(DISTINCT currency) >= 3 FROM sales_order`,
			"90 days":             `SELECT COUNT(DISTINCT business_date) >= 80 FROM sales_order`,
			"backorders":          `SELECT COUNT(*) > 0 FROM order_line WHERE backordered > 0`,
			"holds":               `SELECT COUNT(*) > 0 FROM order_hold WHERE status = 'active'`,
			"partial shipments":   `SELECT COUNT(*) > 0 FROM sales_order WHERE fulfillment_status = 'partially_fulfilled'`,
			"returns":             `SELECT COUNT(*) > 0 FROM sales_return`,
			"goods in transit":    `SELECT COUNT(*) > 0 FROM transfer WHERE status = 'in_transit'`,
			"work on the floor":   `SELECT COUNT(*) > 0 FROM fulfillment_order WHERE status = 'in_progress'`,
			"invoices to be paid": `SELECT COUNT(*) > 0 FROM invoice WHERE status = 'issued'`,
			"several parcels":     `SELECT COUNT(*) > 0 FROM (SELECT order_id FROM fulfillment_order GROUP BY order_id HAVING COUNT(*) > 1) s`,
			"decisions":           `SELECT COUNT(*) > 500 FROM routing_decision`,
		} {
			if ok, err := db.Get[bool](t.Context(), d, query); err != nil || !ok {
				t.Errorf("the demo has no %s (%v)", what, err)
			}
		}
		for _, status := range []order.Status{order.StatusDraft, order.StatusPending, order.StatusOpen, order.StatusCompleted, order.StatusCancelled} {
			if n, err := db.Get[int64](t.Context(), d, `SELECT COUNT(*) FROM sales_order WHERE status = ?`, status); err != nil || n == 0 {
				t.Errorf("no order is %s (%v)", status, err)
			}
		}
		err = view.Verify(t.Context(), d, func(diff check.Difference) { t.Error(diff) }, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
	})
}
