package flow_test

import (
	"errors"
	"fmt"
	"testing"

	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// Invoices that are issued at once, some of which are taken back, are numbered from 1 without a gap (NUM-1, INV-13).
func TestFiscalNumbersHaveNoGaps(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const n = 40
		crash := errors.New("the program crashed")
		var orders []*order.Order
		for i := range n {
			sku := fmt.Sprint("CUP", i) // each its own, so that only the number is fought for
			s.AddVariant(sku, "5.00", nil)
			s.Receive(sku, shop.Berlin, 1)
			orders = append(orders, s.Place(shop.Of(sku, 1)))
		}
		issued := 0
		for i, err := range atOnce(n, func(i int) error {
			f := s.WorkAt(orders[i], shop.Berlin).ID
			return s.Try(func(tx *db.Tx) error {
				if _, err := flow.Ship(s.Ctx, tx, []flow.Shipping{{Fulfillment: f}}); err != nil || i%3 > 0 {
					return err
				}
				return crash // the number was taken
			})
		}) {
			if i%3 == 0 && !errors.Is(err, crash) || i%3 > 0 && err != nil {
				t.Fatal(err)
			}
			if err == nil {
				issued++
			}
		}
		all, _, err := accounting.Invoices(s.Ctx, s.DB, accounting.InvoiceFilter{Series: accounting.InvoiceSeries, Limit: n})
		if err != nil {
			t.Fatal(err)
		}
		shop.Equal(t, "invoices", len(all), issued)
		seen := map[int64]bool{}
		for _, d := range all {
			seen[d.Number] = true
		}
		for number := range int64(issued) {
			shop.Equal(t, fmt.Sprint("number ", number+1), seen[number+1], true)
		}
	})
}
