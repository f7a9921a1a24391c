package order

import (
	"errors"
	"strings"
	"testing"

	"purser/internal/base/check"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func containsText(s, part string) bool { return strings.Contains(s, part) }

// TestVerifyFindsDrift changes one stored number at a time behind the back of
// the area; each is found, and nothing else.
func TestVerifyFindsDrift(t *testing.T) {
	drifts := []struct{ sql, field, rule string }{
		{"UPDATE sales_order SET status = 'completed'", "status", "INV-11"},
		{"UPDATE sales_order SET payment_status = 'paid'", "payment_status", "INV-11"},
		{"UPDATE sales_order SET fulfillment_status = 'delivered'", "fulfillment_status", "INV-11"},
		{"UPDATE sales_order SET return_status = 'returned'", "return_status", "INV-11"},
		{"UPDATE sales_order SET cancelled_total = cancelled_total + 1", "cancelled_total", "INV-5"},
		{"UPDATE sales_order SET invoiced = invoiced + 1", "invoiced", "INV-5"},
		{"UPDATE sales_order SET credited = credited + 1", "credited", "INV-5"},
		{"UPDATE sales_order SET active_holds = 7", "active_holds", "INV-11"},
		{"UPDATE sales_order SET ship_by = NULL", "ship_by", "INV-11"},
		{"UPDATE sales_order SET deliver_by = NULL", "deliver_by", "INV-11"},
		{"UPDATE sales_order SET subtotal = subtotal + 1", "subtotal", "INV-11"},
		{"UPDATE sales_order SET discount_total = discount_total + 1", "discount_total", "INV-11"},
		{"UPDATE sales_order SET shipping_total = shipping_total + 1", "shipping_total", "INV-11"},
		{"UPDATE sales_order SET tax_total = tax_total + 1", "tax_total", "INV-11"},
		{"UPDATE sales_order SET total = total + 1", "total", "INV-11"},
		{"UPDATE sales_order SET base_total = base_total + 1", "base_total", "INV-11"},
		{"UPDATE order_discount SET amount = amount + 1 WHERE line_id IS NULL", "discounts", "INV-11"},
		{"UPDATE order_line SET total = total + 1 WHERE position = 1", "total", "INV-11"},
		{"UPDATE order_line SET subtotal = subtotal + 1 WHERE kind = 'component' AND sku = 'CUP'", "subtotal", "INV-11"},
		{"UPDATE order_line SET tax = tax + 1 WHERE kind = 'component' AND sku = 'CUP'", "tax", "INV-11"},
		{"UPDATE order_line SET invoiced = 1 WHERE kind = 'kit'", "invoiced", "INV-4"},
		{"UPDATE order_line SET cancelled = 1, unallocated = unallocated - 1 WHERE kind = 'kit'", "cancelled", "INV-3"},
		{"UPDATE order_line SET invoiced_total = 1 WHERE kind = 'kit'", "amounts cancelled, invoiced and credited", "INV-5"},
		{"UPDATE order_line SET placed_at = ship_by WHERE position = 1", "placed_at", "INV-11"},
		{"UPDATE order_line SET refunded = 1 WHERE kind = 'service'", "within shipped and invoiced", "INV-4"},
		{"UPDATE order_line SET refunded_total = 1 WHERE kind = 'service'", "credited within invoiced", "INV-5"},
		{"UPDATE order_line SET invoiced = quantity WHERE kind = 'service'", "amount left without units", "INV-5"},
		{"DELETE FROM order_tag WHERE tag = 'vip'", "tags it is found by", "INV-11"},
		{"INSERT INTO order_tag (tag, placed_at, order_id) SELECT 'gone', placed_at, id FROM sales_order", "tags it is found by", "INV-11"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := insert(t, d, full())[0]
		change(t, d, o.ID, func(o *Order) error { return o.Allocate(o.Lines[0].ID, 2) })
		noneLeft(t, d)
		for _, drift := range drifts {
			t.Run(drift.sql, func(t *testing.T) {
				var found []check.Difference
				err := d.Write(background, func(tx *db.Tx) error {
					if n, err := tx.Exec(background, drift.sql); err != nil || n == 0 {
						t.Fatalf("%d rows changed: %v", n, err)
					}
					if err := Verify(background, tx, func(diff check.Difference) { found = append(found, diff) }); err != nil {
						t.Fatal(err)
					}
					return errUndo
				})
				if !errors.Is(err, errUndo) {
					t.Fatal(err)
				}
				hit := false
				for _, diff := range found {
					hit = hit || diff.Field == drift.field && diff.Rule == drift.rule && strings.Contains(diff.Object, "order 1")
				}
				if !hit {
					t.Errorf("found %v", found)
				}
			})
		}
		noneLeft(t, d)
	})
}

// errUndo rolls a transaction back.
var errUndo = errors.New("undo")
