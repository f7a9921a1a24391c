package flow_test

import (
	"testing"

	"purser/internal/flow"
	"purser/internal/test/shop"
)

// Classic bug 2: an order that is cancelled takes stock instead of giving it
// (vendure#2874). Whatever it has (stock, a backorder, work begun), and however
// often it is cancelled, nobody's stock is committed by it.
func TestClassicBug02CancelCommitsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("MUG", shop.Munich, 5)
		s.Receive("TEA", shop.Berlin, 2)
		kept := s.Place(shop.Of("MUG", 1), shop.Of("TEA", 1))
		committed := func() (n int64) {
			for _, sku := range []string{"MUG", "TEA"} {
				for _, l := range s.Levels(sku) {
					n += l.Committed
				}
			}
			return n
		}
		before := committed()
		for _, items := range [][]shop.Item{
			{shop.Of("MUG", 3)}, {shop.Of("TEA", 4)}, {shop.Of("SET", 2)}, {shop.Of("MUG", 2), shop.Of("TEA", 1)},
		} {
			o := s.Place(items...)
			if len(items) == 2 { // its work has begun
				f := s.WorkAt(o, shop.Berlin)
				shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "")
			}
			s.Cancel(o)
			shop.Equal(t, "committed", committed(), before)
			shop.Want(t, s.TryCancel(o), "order.cancelled")
			shop.Equal(t, "committed", committed(), before)
		}
		level(t, s, "MUG", shop.Berlin, 5, 1, 0)
		shop.Equal(t, "allocated to another order", s.Line(kept, "TEA").Allocated, 1)
	})
}

// Classic bug 12: what one channel sells is still offered by another one that
// sells from the same place (magento/inventory#2727).
func TestClassicBug12ChannelsShareTheirStock(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		other := s.AddChannel("market", nil)
		s.Receive("MUG", shop.Berlin, 3)
		on := func(p *flow.Placement) { p.Channel, p.ExternalID = other, "" }
		s.Place(shop.Of("MUG", 2))
		_, err := s.TryPlace(on, shop.Of("MUG", 2))
		shop.Want(t, err, "order.out_of_stock")
		s.PlaceWith(on, shop.Of("MUG", 1))
		_, err = s.TryPlace(nil, shop.Of("MUG", 1))
		shop.Want(t, err, "order.out_of_stock")
		level(t, s, "MUG", shop.Berlin, 3, 3, 0)
	})
}

// Classic bug 11: what a bundle had reserved is given back twice when it ships, for
// the bundle and for its parts (magento/inventory#1246).
func TestClassicBug11KitIsShippedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 10)
		s.Receive("TEA", shop.Berlin, 10)
		o := s.Place(shop.Of("SET", 2), shop.Of("MUG", 1))
		level(t, s, "MUG", shop.Berlin, 10, 5, 0)
		level(t, s, "TEA", shop.Berlin, 10, 2, 0)
		s.Ship(o)
		level(t, s, "MUG", shop.Berlin, 5, 0, 0)
		level(t, s, "TEA", shop.Berlin, 8, 0, 0)
		shop.Want(t, s.TryCancel(o), "order.already_shipped")
		level(t, s, "MUG", shop.Berlin, 5, 0, 0)
	})
}

// Classic bug 15: a kit that is edited leaves reservations that belong to nobody
// (erpnext#44227).
func TestClassicBug15EditedKitLeavesNoReservation(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 10)
		s.Receive("TEA", shop.Berlin, 10)
		o := s.Place(shop.Of("SET", 3), shop.Of("TEA", 1))
		level(t, s, "MUG", shop.Berlin, 10, 6, 0)
		level(t, s, "TEA", shop.Berlin, 10, 4, 0)
		o, _ = s.Edit(o, s.Quantity(o, "SET", 1))
		level(t, s, "MUG", shop.Berlin, 10, 2, 0)
		level(t, s, "TEA", shop.Berlin, 10, 2, 0)
		o, _ = s.Edit(o, s.Removing(o, "SET"))
		level(t, s, "MUG", shop.Berlin, 10, 0, 0)
		level(t, s, "TEA", shop.Berlin, 10, 1, 0)
		s.Cancel(o)
		level(t, s, "TEA", shop.Berlin, 10, 0, 0)
	})
}
