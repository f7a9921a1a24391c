package flow_test

import (
	"testing"

	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/test/shop"
)

// What came back is given back once, however often it is asked for.
func TestAUnitIsRefundedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := sold(s, shop.Of("MUG", 3))
		r := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 2}))
		out, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "given back", out.Refund, 2500)
		_, err = refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "return.nothing_to_refund")
		s.Settle(o)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 2500)
		shop.Equal(t, "units refunded", s.Line(o, "MUG").Refunded, 2)
	})
}

// Goods that nobody has paid for are credited, and no money goes out.
func TestNoMoreIsGivenBackThanWasPaid(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.PlaceWith(func(p *flow.Placement) { p.Terms = &order.Terms{Days: 30} }, shop.Of("MUG", 3))
		s.Ship(o)
		r := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 1}))
		out, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "given back", out.Refund, 0)
		o = s.Order(o)
		shop.Equal(t, "refunded", o.Refunded, 0)
		shop.Equal(t, "owed", o.Balance(), 2500)
	})
}
