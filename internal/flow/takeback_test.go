package flow_test

import (
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// takeBack takes units of an order's line back in Berlin, and puts them on the shelf again.
func takeBack(s *shop.Shop, o *order.Order, line id.Line, n int64, more func(*flow.TakingBack)) error {
	t := flow.TakingBack{
		Order: o.ID, Customer: o.Customer, Location: s.Location(shop.Berlin), Disposition: returns.Restock,
		Lines: []flow.TakenBack{{Line: line, Quantity: n, Reason: "unwanted"}},
	}
	if more != nil {
		more(&t)
	}
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.TakeBack(s.Ctx, tx, []flow.TakingBack{t})
		return err
	})
}

func TestGoodsThatComeBackAreCreditedAndRefunded(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5, "5.00")
		o := s.Place(shop.Of("MUG", 3))
		s.Pay(o)
		s.Ship(o)
		line := s.Line(o, "MUG").ID
		shop.Want(t, takeBack(s, o, line, 2, nil), "")
		o = s.Order(o)
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
		shop.Equal(t, "refunded", o.Refunded, 2500)
		shop.Equal(t, "credited", o.Credited, 2500)
		shop.Equal(t, "returns", o.ReturnStatus, order.ReturnPartiallyReturned)
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 2000)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)

		shop.Want(t, takeBack(s, o, line, 2, nil), "order.too_many")
		scrap := func(t *flow.TakingBack) { t.Disposition = returns.Scrap }
		shop.Want(t, takeBack(s, o, line, 1, scrap), "")
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
		o = s.Order(o)
		shop.Equal(t, "payment", o.PaymentStatus, order.PaymentRefunded)
		shop.Equal(t, "returns", o.ReturnStatus, order.ReturnReturned)
		shop.Equal(t, "credit notes", len(s.Invoices(o)), 3)
	})
}

func TestOnlyWhatWasPaidIsPaidBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5, "5.00")
		o := s.PlaceWith(func(p *flow.Placement) { p.Terms = &order.Terms{Days: 30} }, shop.Of("MUG", 3))
		s.Ship(o)
		some := int64(1000)
		shop.Want(t, takeBack(s, o, s.Line(o, "MUG").ID, 1, func(t *flow.TakingBack) { t.Lines[0].Total = &some }), "")
		o = s.Order(o)
		shop.Equal(t, "refunded", o.Refunded, 0)
		shop.Equal(t, "balance", o.Balance(), 2750)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 2750)
	})
}

func TestKitsComeBackAsTheirParts(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 2)
		o := s.Place(shop.Of("SET", 2))
		s.Pay(o)
		s.Ship(o)
		kit := s.Line(o, "SET")
		shop.Want(t, takeBack(s, o, kit.ID, 1, nil), "")
		level(t, s, "MUG", shop.Berlin, 2, 0, 0)
		level(t, s, "TEA", shop.Berlin, 1, 0, 0)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 3000)
		all := int64(2000)
		shop.Want(t, takeBack(s, o, kit.ID, 1, func(t *flow.TakingBack) { t.Lines[0].Total = &all }), "")
		o = s.Order(o)
		shop.Equal(t, "refunded", o.Refunded, 5000)
		shop.Equal(t, "returns", o.ReturnStatus, order.ReturnReturned)
	})
}

func TestGoodsThatComeBackGoToTheOrderThatStillWaits(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 2)
		o := s.Place(shop.Of("TEA", 3))
		s.Pay(o)
		s.Ship(o)
		shop.Want(t, takeBack(s, o, s.Line(o, "TEA").ID, 1, nil), "")
		level(t, s, "TEA", shop.Berlin, 1, 1, 0)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 800)
		s.Ship(o)
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentFulfilled)
	})
}

func TestGoodsOfAnUnknownSaleArePaidOutOfTheTill(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5, "5.00")
		s.Rate("GBP", "2026-03-01", "1.25")
		total := int64(800)
		blind := func(t *flow.TakingBack) {
			t.Order, t.Currency = id.Order{}, "GBP"
			t.Lines = []flow.TakenBack{{Variant: s.Variant("MUG"), Quantity: 1, Total: &total, Tax: 128, Reason: "broken"}}
		}
		o := s.Place(shop.Of("TEA", 1))
		shop.Want(t, takeBack(s, o, id.Line{}, 1, blind), "")
		level(t, s, "MUG", shop.Berlin, 6, 0, 0)
		shop.Equal(t, "cash", s.Balance(accounting.Cash), -1000)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
		shop.Want(t, takeBack(s, &order.Order{}, id.Line{}, 1, func(t *flow.TakingBack) {
			blind(t)
			t.Currency = "JPY"
		}), "accounting.no_rate")
	})
}
