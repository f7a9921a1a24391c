package flow_test

import (
	"testing"

	"purser/internal/base/id"

	"purser/internal/domain/channel"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestCancelFreesStockAndWork(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4), shop.Of("TEA", 3))
		level(t, s, "TEA", shop.Berlin, 0, 0, 3)

		o = s.Cancel(o, shop.Of("MUG", 1), shop.Of("TEA", 1)) // of what is owed as well
		level(t, s, "MUG", shop.Berlin, 9, 3, 0)
		level(t, s, "TEA", shop.Berlin, 0, 0, 2)
		work(t, s, o, "BER open 3")
		shop.Equal(t, "due", o.Due(), 3*1250+2*800)

		shop.Want(t, s.TryCancel(o, shop.Of("MUG", 4)), "order.too_many")
		o = s.Cancel(o)
		level(t, s, "MUG", shop.Berlin, 9, 0, 0)
		level(t, s, "TEA", shop.Berlin, 0, 0, 0)
		work(t, s, o, "BER cancelled 0")
		shop.Equal(t, "status", o.Status, order.StatusCancelled)
		shop.Want(t, s.TryCancel(o), "order.cancelled")
	})
}

func TestCancelAfterPicking(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		f := s.WorkAt(o, shop.Berlin)
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 3))), "")
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 4)
		o = s.Cancel(o, shop.Of("MUG", 2))
		f = s.WorkAt(o, shop.Berlin)
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 2)
		shop.Equal(t, "picked", f.Lines[0].Picked, 2)
		level(t, s, "MUG", shop.Berlin, 9, 2, 0)

		s.Write(func(tx *db.Tx) error {
			_, err := flow.Pack(s.Ctx, tx, f.ID, 0, s.Units(o, shop.Of("MUG", 1)), fulfillment.Carriage{})
			return err
		})
		shop.Want(t, s.TryCancel(o), "order.packed")
		o = s.Cancel(o, shop.Of("MUG", 1))
		level(t, s, "MUG", shop.Berlin, 9, 1, 0)
	})
}

func TestCancelWhatWasNotShipped(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		p := s.Authorize(o)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 3))
		s.Settle(o)
		o = s.Cancel(o)
		s.Settle(o)
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "captured", o.Captured, 3750)
		shop.Equal(t, "authorized", s.Payment(p).Authorized, 3750) // the rest was voided
		shop.Want(t, s.TryCancel(o), "order.completed")
	})
}

func TestCancelOfAKit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("SET", 3))
		level(t, s, "MUG", shop.Berlin, 9, 6, 0)
		level(t, s, "TEA", shop.Berlin, 0, 0, 3)
		o = s.Cancel(o, shop.Of("SET", 1))
		level(t, s, "MUG", shop.Berlin, 9, 4, 0)
		level(t, s, "TEA", shop.Berlin, 0, 0, 2)
		shop.Equal(t, "due", o.Due(), 6000)
	})
}

func TestInvoicedServicesStay(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2), shop.Of("WRAP", 2))
		s.Pay(o)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		shop.Equal(t, "invoiced", s.Order(o).Invoiced, 1250+600)
		shop.Want(t, s.TryCancel(o, shop.Of("WRAP", 1)), "order.too_many")
		o = s.Cancel(o)
		shop.Equal(t, "due", o.Due(), 1250+600)
		shop.Equal(t, "balance", o.Balance(), -1250) // is to be given back
		shop.Equal(t, "payment", o.PaymentStatus, order.PaymentOverpaid)
	})
}

func TestWhatIsLeftOfACancelledOrderIsInvoiced(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Express", Amount: 990, TaxRate: shop.VAT}}
		}, shop.Of("MUG", 2), shop.Of("WRAP", 1))
		s.Pay(o)
		o = s.Cancel(o, shop.Of("MUG", 2))
		shop.Equal(t, "invoiced", o.Invoiced, 300+990)
		shop.Equal(t, "status", o.Status, order.StatusOpen) // we owe money

		all := s.Place(shop.Of("MUG", 2), shop.Of("WRAP", 1))
		all = s.Cancel(all)
		shop.Equal(t, "status", all.Status, order.StatusCancelled)
		shop.Equal(t, "invoiced", all.Invoiced, 0)
	})
}

func TestCancelGivesStockToThoseWhoWait(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 3)
		first, second, third := s.Place(shop.Of("TEA", 3)), s.Place(shop.Of("TEA", 2)), s.Place(shop.Of("TEA", 2))
		level(t, s, "TEA", shop.Berlin, 3, 3, 4)
		s.Cancel(first)
		level(t, s, "TEA", shop.Berlin, 3, 3, 1)
		work(t, s, second, "BER open 2")
		work(t, s, third, "BER open 1")
	})
}

func TestCancelFillsTheOrderItself(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 3)
		o := s.Place(shop.Of("TEA", 3).At("8"), shop.Of("TEA", 2).At("7"))
		lines := s.Order(o).Lines
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{{Order: o.ID, Lines: map[id.Line]int64{lines[0].ID: 2}, Reason: order.CancelCustomer}})
			return err
		})
		level(t, s, "TEA", shop.Berlin, 3, 3, 0)
		shop.Equal(t, "backordered", s.Order(o).Lines[1].Backordered, 0)
	})
}

func TestOneBatchCancelsPartsOfAnOrderTwice(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 1)
		o := s.Place(shop.Of("TEA", 4))
		line := s.Line(o, "TEA").ID
		part := flow.Cancellation{Order: o.ID, Lines: map[id.Line]int64{line: 2}, Reason: order.CancelStaff}
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{part, part})
			return err
		})
		level(t, s, "TEA", shop.Berlin, 1, 0, 0)
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCancelled)
	})
}

func TestCancelVoidsWhatWasAuthorized(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		p := s.Authorize(o)
		o = s.Cancel(o)
		s.Settle(o)
		shop.Equal(t, "payment", s.Payment(p).Status, payment.StatusVoided)
		shop.Equal(t, "authorized", s.Order(o).Authorized, 0)
		shop.Equal(t, "payment status", s.Order(o).PaymentStatus, order.PaymentVoided)
	})
}

func TestMoneyAuthorizedForACancelledOrderIsLetGo(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		at := map[channel.CaptureWhen]*order.Order{}
		for _, when := range []channel.CaptureWhen{channel.CaptureShipped, channel.CapturePlaced} {
			ch := s.AddChannel("capture-"+string(when), func(c *channel.Channel) { c.CaptureWhen = when })
			o := s.PlaceWith(func(p *flow.Placement) { p.Channel = ch }, shop.Of("MUG", 2))
			s.PayCard(o, "tok_visa") // the gateway is slower than the customer
			at[when] = s.Cancel(o)
		}
		for _, o := range at {
			s.Settle(o)
			p := s.Payments(o)[0]
			shop.Equal(t, "payment", p.Status, payment.StatusVoided)
			shop.Equal(t, "captured", p.Captured, 0)
		}
	})
}

func TestAPaidOrderThatIsCancelledIsOwedBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		s.Pay(o)
		o = s.Cancel(o)
		shop.Equal(t, "payment", o.PaymentStatus, order.PaymentOverpaid)
		s.Refund(o, 2500)
		shop.Equal(t, "payment", s.Order(o).PaymentStatus, order.PaymentRefunded)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			return flow.Refund(s.Ctx, tx, []flow.Refunding{{Order: o.ID, Amount: 1}})
		}), "payment.not_refundable")
	})
}
