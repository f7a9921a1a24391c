package flow_test

import (
	"testing"

	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// What comes later passes the release gate as the rest did: it is added to released work only as long as the gate is
// open.
func TestGoodsThatComePassTheGate(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 2)
		free, held := s.Place(shop.Of("TEA", 2)), s.Place(shop.Of("TEA", 2))
		s.Receive("TEA", shop.Berlin, 1)
		work(t, s, held, "BER open 1")
		hold := s.Hold(held, order.Hold{})
		s.Receive("TEA", shop.Berlin, 1)
		work(t, s, held, "BER open 1", "BER scheduled 1")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ReleaseHold(s.Ctx, tx, held.ID, 0, hold.ID)
			return err
		})
		work(t, s, held, "BER open 1", "BER open 1")
		work(t, s, free, "BER open 2")

		line := s.PlaceWith(func(p *flow.Placement) { p.Lines[0].MaySplit = true }, shop.Of("TEA", 1), shop.Of("RARE", 1))
		s.Receive("RARE", shop.Berlin, 1)
		s.Hold(line, order.Hold{Line: s.Line(line, "TEA").ID})
		s.Receive("TEA", shop.Berlin, 1)
		work(t, s, line, "BER open 1", "BER scheduled 1")
	})
}

// A company that has used up its credit is not lent more by what comes later.
func TestGoodsThatComeAreLentAnew(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 2)
		c := company(s, 100_00)
		o := s.PlaceWith(buys(c.ID), shop.Of("TEA", 10)) // 80.00
		work(t, s, o, "BER open 2")
		setLimit(s, &c, 20_00)
		s.Receive("TEA", shop.Berlin, 8)
		work(t, s, o, "BER open 2", "BER scheduled 8")
		shop.Equal(t, "waits", waitsForCredit(s, o), true)
	})
}

// pickup makes the work of an order at a location wait for the customer to fetch it.
func pickup(s *shop.Shop, o *order.Order, code string) {
	s.T.Helper()
	relocate(s, code, func(l *inventory.Location) { l.Pickup = true })
	f := s.WorkAt(o, code)
	s.Write(func(tx *db.Tx) error {
		_, err := tx.Exec(s.Ctx, `UPDATE fulfillment_order SET kind = 'pickup' WHERE id = ?`, f.ID)
		return err
	})
}

// An order that is fetched is still fetched, and there, after its goods were gone.
func TestWhatIsFetchedStaysWhereItIs(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Munich, 2)
		o := s.Place(shop.Of("MUG", 2))
		pickup(s, o, shop.Munich)
		s.Adjust("MUG", shop.Munich, -2)
		s.Receive("MUG", shop.Berlin, 5)
		shop.Equal(t, "waits", s.Line(o, "MUG").Backordered, 2)
		relocate(s, shop.Munich, func(l *inventory.Location) { l.ShipsOnline = false })
		s.Receive("MUG", shop.Munich, 2)
		work(t, s, o, "MUC cancelled 0", "MUC open 2")
		shop.Equal(t, "kind", s.WorkAt(o, shop.Munich).Kind, fulfillment.KindPickup)
	})
}
