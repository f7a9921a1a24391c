package flow_test

import (
	"testing"

	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// A location that rejects goods for a reason that says something of its stock is taken at its word.
func TestARejectionSaysWhatBecomesOfTheStock(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5, "5.00")
		s.Receive("MUG", shop.Munich, 9, "5.00")
		s.Receive("TEA", shop.Berlin, 4, "2.00")
		gone, broken, other := s.Place(shop.Of("MUG", 2)), s.Place(shop.Of("TEA", 2)), s.Place(shop.Of("MUG", 1))
		f, err := rejectWith(s, flow.Rejection{Fulfillment: s.WorkAt(gone, shop.Berlin).ID, Reason: "not_in_stock"})
		shop.Want(t, err, "")
		shop.Equal(t, "status", f.Status, fulfillment.Rejected)
		level(t, s, "MUG", shop.Berlin, 0, 0, 0) // the shelf is empty, for the other order too
		work(t, s, gone, "BER rejected 0", "MUC open 2")
		work(t, s, other, "BER cancelled 0", "MUC open 1")
		shop.Equal(t, "written off", s.Balance(accounting.WriteOffs), 2500)

		part, err := rejectWith(s, flow.Rejection{Fulfillment: s.WorkAt(broken, shop.Berlin).ID, Reason: "damaged", Lines: s.Units(broken, shop.Of("TEA", 1))})
		shop.Want(t, err, "")
		level(t, s, "TEA", shop.Berlin, 4, 1, 0) // the other one stays, and nobody else has any
		shop.Equal(t, "backordered", s.Line(broken, "TEA").Backordered, 1)
		shop.Equal(t, "damaged", s.Level("TEA", shop.Berlin).Damaged, 1)
		rows, _, err := fulfillment.Shorts(s.Ctx, s.DB, fulfillment.ShortFilter{})
		shop.Want(t, err, "")
		shop.Equal(t, "rows", len(rows), 2)
		if r := rows[0]; r.Fulfillment != part.ID || r.Quantity != 1 || r.Booked != 1 || r.ToCount {
			t.Errorf("%+v", r)
		}
		if r := rows[1]; r.Fulfillment != f.ID || r.Booked != 5 || !r.ToCount {
			t.Errorf("%+v", r)
		}
		counts, _, err := inventory.StockCounts(s.Ctx, s.DB, inventory.CountFilter{})
		shop.Want(t, err, "")
		shop.Equal(t, "counts directed", len(counts), 1)
	})
}

// rejectWith rejects, and returns what was.
func rejectWith(s *shop.Shop, r flow.Rejection) (f *fulfillment.Order, err error) {
	err = s.Try(func(tx *db.Tx) error {
		f, err = flow.Reject(s.Ctx, tx, r)
		return err
	})
	return f, err
}
