package flow_test

import (
	"testing"
	"time"

	"purser/internal/domain/channel"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// relocate changes a location.
func relocate(s *shop.Shop, code string, do func(*inventory.Location)) {
	s.Write(func(tx *db.Tx) error {
		l, err := inventory.GetLocation(s.Ctx, tx, s.Location(code))
		if err != nil {
			return err
		}
		do(&l)
		_, err = inventory.SaveLocation(s.Ctx, tx, l)
		return err
	})
}

// Classic bug 10: goods are taken from one place blindly, though all places together have them (medusa#15132, #14987).
func TestStockIsReservedWhereItIs(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		s.Receive("MUG", shop.Munich, 2)
		o := s.Place(shop.Of("MUG", 3)) // a line that may be split, by the default strategy
		work(t, s, o, "BER open 2", "MUC open 1")
		s.Receive("POT", shop.Berlin, 2)
		s.Receive("POT", shop.Munich, 2)
		_, err := s.TryPlace(nil, shop.Of("POT", 3)) // one that may not
		shop.Want(t, err, "order.out_of_stock")
		whole := s.Place(shop.Of("POT", 2))
		work(t, s, whole, "BER open 2")
	})
}

// Classic bug 9: lines that share a component were each checked against all of it (medusa#16502).
func TestLinesThatShareAComponentShareItsStock(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 4)
		_, err := s.TryPlace(nil, shop.Of("MUG", 1), shop.Of("SET", 2))
		shop.Want(t, err, "order.out_of_stock")
		o := s.Place(shop.Of("MUG", 2), shop.Of("SET", 1))
		work(t, s, o, "BER open 5")
	})
}

// Classic bug 16: an order of which a part is shipped cannot be closed, and keeps the rest (erpnext#52851).
func TestWhatIsLeftOfAPartialShipmentIsReleased(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 4))
		s.Pay(o)
		shop.Want(t, pick(s, s.WorkAt(o, shop.Berlin), s.Units(o, shop.Of("MUG", 3))), "")
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		s.Cancel(o)
		work(t, s, o, "BER closed 0")
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
	})
}

// Work is promised by the cutoff and the days of its location; the clock begins on a Monday, at 10:00 in Berlin.
func TestWorkIsPromisedByTheLocationsCalendar(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		week := s.AddChannel("week", func(c *channel.Channel) { c.ReleaseWhen, c.HandlingDays = channel.WhenPlaced, 7 })
		place := func(more func(*flow.Placement)) *order.Order {
			return s.PlaceWith(func(p *flow.Placement) {
				p.Channel = week
				if more != nil {
					more(p)
				}
			}, shop.Of("MUG", 1))
		}
		promised := func() time.Time { return s.WorkAt(place(nil), shop.Berlin).ShipBy }
		o := place(nil)
		shop.Equal(t, "without a calendar", s.WorkAt(o, shop.Berlin).ShipBy, s.Order(o).ShipBy)
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.Cutoff = "14:00" })
		shop.Equal(t, "before the cutoff", promised(), time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC))
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.Cutoff = "10:00" })
		shop.Equal(t, "after it", promised(), time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC))
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.ClosedDays.V = []string{"tue", "2026-03-04"} })
		shop.Equal(t, "over closed days", promised(), time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC))
		deadline := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)
		o = place(func(p *flow.Placement) { p.ShipBy = deadline })
		shop.Equal(t, "what the customer was promised", s.WorkAt(o, shop.Berlin).ShipBy, deadline)
	})
}

func TestTheEarliestLocationAndItsCapacity(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Write(func(tx *db.Tx) error {
			_, err := routing.SaveStrategy(s.Ctx, tx, routing.Strategy{Name: "soon", Rules: []routing.Rule{{Name: "soonest", Rank: []routing.Rank{routing.RankEarliest}}}})
			return err
		})
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("MUG", shop.Munich, 9)
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.ClosedDays.V = []string{"mon"} })
		relocate(s, shop.Munich, func(l *inventory.Location) { l.Cutoff, l.Capacity = "18:00", 2 })
		for range 2 {
			work(t, s, s.Place(shop.Of("MUG", 1)), "MUC open 1")
		}
		work(t, s, s.Place(shop.Of("MUG", 1)), "BER open 1") // Munich has done its day
		s.Adjust("MUG", shop.Berlin, -8)
		late := s.Place(shop.Of("MUG", 1)) // nobody else has any: it leaves a day later
		shop.Equal(t, "promised", s.WorkAt(late, shop.Munich).ShipBy, time.Date(2026, 3, 3, 17, 0, 0, 0, time.UTC))
	})
}

func TestAChannelMayHaveItsOwnStrategy(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("MUG", shop.Munich, 9)
		relocate(s, shop.Munich, func(l *inventory.Location) { l.Groups.V = []string{"outlet", " outlet "} })
		other := s.AddChannel("outlet", nil)
		s.Write(func(tx *db.Tx) error {
			_, err := routing.SaveChannelStrategy(s.Ctx, tx, other, routing.Strategy{Name: "outlet", Rules: []routing.Rule{{Name: "outlets", Groups: []string{"outlet"}}}})
			return err
		})
		from := func(p *flow.Placement) { p.Channel = other }
		at := func(o *order.Order) string { return s.LocationCode(s.Work(o)[0].Location) }
		shop.Equal(t, "the channel's", at(s.PlaceWith(from, shop.Of("MUG", 1))), shop.Munich)
		shop.Equal(t, "another's", at(s.Place(shop.Of("MUG", 1))), shop.Berlin)
		s.Write(func(tx *db.Tx) error { return routing.DropChannelStrategy(s.Ctx, tx, other) })
		shop.Equal(t, "the merchant's again", at(s.PlaceWith(from, shop.Of("MUG", 1))), shop.Berlin)
	})
}
