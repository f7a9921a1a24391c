package flow_test

import (
	"testing"
	"time"

	"purser/internal/domain/channel"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestAHoldKeepsGoodsHere(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		hold := s.Hold(o, order.Hold{Reason: order.HoldFraudReview})
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentOnHold)

		f := s.WorkAt(o, shop.Berlin)
		_, err := s.TryShip(flow.Shipping{Fulfillment: f.ID})
		shop.Want(t, err, "order.on_hold")
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "order.on_hold")

		s.Write(func(tx *db.Tx) error {
			_, err := flow.ReleaseHold(s.Ctx, tx, o.ID, 0, hold.ID)
			return err
		})
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "")
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.ReleaseHold(s.Ctx, tx, o.ID, 0, hold.ID)
			return err
		}), "order.hold_released")
	})
}

func TestOneReleasedHoldOfTwoOpensNoGate(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		paid := s.AddChannel("prepaid", func(c *channel.Channel) { c.ReleaseWhen = channel.WhenPaid })
		s.Receive("MUG", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) { p.Channel = paid }, shop.Of("MUG", 2))
		fraud, manual := s.Hold(o, order.Hold{Reason: order.HoldFraudReview}), s.Hold(o, order.Hold{})
		s.Pay(o)
		work(t, s, o, "BER scheduled 2")
		for _, h := range []*order.Hold{fraud, manual} {
			s.Write(func(tx *db.Tx) error {
				_, err := flow.ReleaseHold(s.Ctx, tx, o.ID, 0, h.ID)
				return err
			})
			if h == fraud {
				work(t, s, o, "BER scheduled 2")
			}
		}
		work(t, s, o, "BER open 2")
	})
}

func TestHoldsRunOut(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		s.Hold(o, order.Hold{Until: s.Now().Add(time.Hour)})
		expire := func() (n int) {
			s.Write(func(tx *db.Tx) (err error) {
				n, err = flow.ExpireHolds(s.Ctx, tx)
				return err
			})
			return n
		}
		shop.Equal(t, "expired at once", expire(), 0)
		s.Sleep(2 * time.Hour)
		shop.Equal(t, "expired later", expire(), 1)
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentUnfulfilled)
	})
}

func TestAHoldOfALineStopsItsWorkAlone(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Munich, 9)
		s.Receive("TEA", shop.Hamburg, 9)
		o := s.Place(shop.Of("MUG", 2), shop.Of("TEA", 1))
		s.Hold(o, order.Hold{Line: s.Line(o, "TEA").ID})
		_, err := s.TryShip(flow.Shipping{Fulfillment: s.WorkAt(o, shop.Hamburg).ID})
		shop.Want(t, err, "order.on_hold")
		s.ShipFrom(shop.Munich, o, shop.Of("MUG", 2))
	})
}

func TestTheGateWaitsForMoney(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 30)
		for _, c := range []struct {
			when                     channel.ReleaseWhen
			placed, authorized, paid string
		}{
			{channel.WhenPaid, "BER scheduled 2", "BER scheduled 2", "BER open 2"},
			{channel.WhenAuthorized, "BER scheduled 2", "BER open 2", "BER open 2"},
			{channel.WhenPlaced, "BER open 2", "BER open 2", "BER open 2"},
		} {
			ch := s.AddChannel(string(c.when), func(ch *channel.Channel) { ch.ReleaseWhen = c.when })
			o := s.PlaceWith(func(p *flow.Placement) { p.Channel = ch }, shop.Of("MUG", 2))
			work(t, s, o, c.placed)
			p := s.Authorize(o)
			work(t, s, o, c.authorized)
			s.Write(func(tx *db.Tx) error {
				_, err := flow.Capture(s.Ctx, tx, p.ID, 0)
				return err
			})
			s.Settle(o)
			work(t, s, o, c.paid)
		}
	})
}

func TestTheGateSaysWhatItWaitsFor(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		paid := s.AddChannel("prepaid", func(c *channel.Channel) { c.ReleaseWhen = channel.WhenPaid })
		s.Receive("MUG", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) { p.Channel, p.ShipTo.Line1 = paid, "" }, shop.Of("MUG", 2))
		s.Hold(o, order.Hold{})
		f := s.WorkAt(o, shop.Berlin)
		why, err := flow.Gates(s.Ctx, s.DB, s.Order(o))
		shop.Want(t, err, "")
		codes := map[string]bool{}
		for _, r := range why[f.ID] {
			codes[r.Code] = true
		}
		for _, code := range []string{"on_hold", "awaiting_payment", "bad_address"} {
			if !codes[code] {
				t.Errorf("the gate does not say %s: %v", code, why)
			}
		}
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.Release(s.Ctx, tx, f.ID, 0)
			return err
		}), "fulfillment.gate_shut")
		_, err = s.TryShip(flow.Shipping{Fulfillment: f.ID})
		if err == nil {
			t.Error("goods left through a gate that is shut")
		}
	})
}

func TestAnAddressOpensTheGateWhenItIsMended(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) { p.ShipTo.Line1 = "" }, shop.Of("MUG", 2))
		work(t, s, o, "BER scheduled 2")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ChangeOrder(s.Ctx, tx, o.ID, o.Version, func(o *order.Order) error { return o.SetAddresses(&shop.InBerlin, nil) })
			return err
		})
		work(t, s, o, "BER open 2")
		shop.Want(t, s.Try(func(tx *db.Tx) error { // by one who saw the order as it was before
			_, err := flow.Hold(s.Ctx, tx, o.ID, o.Version, order.Hold{Reason: order.HoldManual})
			return err
		}), "order.stale")
	})
}

func TestOrdersOnTermsNeedNoMoneyFirst(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		paid := s.AddChannel("prepaid", func(c *channel.Channel) { c.ReleaseWhen = channel.WhenPaid })
		s.Receive("MUG", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) { p.Channel, p.Terms = paid, &order.Terms{Days: 14} }, shop.Of("MUG", 2), shop.Of("WRAP", 1))
		work(t, s, o, "BER open 2")
		s.Ship(o)
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "payment", o.PaymentStatus, order.PaymentOnTerms)
		docs := s.Invoices(o)
		shop.Equal(t, "invoices", len(docs), 1)
		shop.Equal(t, "due", docs[0].DueOn, "2026-03-16")
		s.Pay(o)
		shop.Equal(t, "payment", s.Order(o).PaymentStatus, order.PaymentPaid)
		shop.Equal(t, "paid of the invoice", s.Invoices(o)[0].Paid, o.Total)

		service := s.PlaceWith(func(p *flow.Placement) { p.Terms = &order.Terms{Days: 14} }, shop.Of("WRAP", 1))
		shop.Equal(t, "invoiced at once", s.Order(service).Invoiced, 300)
	})
}

// pick picks units of a fulfillment order.
func pick(s *shop.Shop, f *fulfillment.Order, q fulfillment.Quantities) error {
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.Pick(s.Ctx, tx, f.ID, 0, q)
		return err
	})
}
