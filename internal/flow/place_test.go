package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/domain/channel"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestFromOrderToDoor(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 10, "5.00")
		o := s.Place(shop.Of("MUG", 3))
		level(t, s, "MUG", shop.Berlin, 10, 3, 0)
		work(t, s, o, "BER open 3")

		s.Pay(o)
		shop.Equal(t, "payment status", s.Order(o).PaymentStatus, order.PaymentPaid)

		s.Ship(o)
		o = s.Order(o)
		level(t, s, "MUG", shop.Berlin, 7, 0, 0)
		work(t, s, o, "BER closed 0")
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "invoiced", o.Invoiced, 3750)
		shop.Equal(t, "captured", o.Captured, 3750)
	})
}

func TestPlaceChoosesTheNearestLocationThatHasTheGoods(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		for _, at := range []string{shop.Berlin, shop.Munich, shop.Hamburg} {
			s.Receive("MUG", at, 2)
		}
		for _, c := range []struct {
			to   order.Address
			want string
		}{{shop.InHamburg, "HAM open 2"}, {shop.InMunich, "MUC open 2"}, {shop.InMunich, "BER open 2"}} {
			o := s.PlaceWith(func(p *flow.Placement) { p.ShipTo = c.to }, shop.Of("MUG", 2))
			work(t, s, o, c.want)
		}
	})
}

func TestPlaceSplitsAnOrderThatNoLocationHasWhole(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Munich, 5)
		s.Receive("TEA", shop.Hamburg, 5)
		o := s.Place(shop.Of("MUG", 1), shop.Of("TEA", 2))
		work(t, s, o, "MUC open 1", "HAM open 2")
		level(t, s, "MUG", shop.Munich, 5, 1, 0)
		level(t, s, "TEA", shop.Hamburg, 5, 2, 0)
	})
}

func TestPlaceNeverSplitsALineThatMayNotBe(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("POT", shop.Munich, 1)
		s.Receive("POT", shop.Hamburg, 1)
		_, err := s.TryPlace(nil, shop.Of("POT", 2))
		shop.Want(t, err, "order.out_of_stock")
		level(t, s, "POT", shop.Munich, 1, 0, 0)
		s.Receive("POT", shop.Hamburg, 1)
		work(t, s, s.Place(shop.Of("POT", 2)), "HAM open 2")
	})
}

func TestPlaceTakesTheComponentsOfKits(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 4)
		o := s.Place(shop.Of("SET", 2), shop.Of("MUG", 3), shop.Of("SET", 1))
		level(t, s, "MUG", shop.Berlin, 9, 9, 0)
		level(t, s, "TEA", shop.Berlin, 4, 3, 0)
		_, err := s.TryPlace(nil, shop.Of("SET", 1))
		shop.Want(t, err, "order.out_of_stock")

		s.Pay(o)
		s.Ship(o)
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "shipped kits", o.Kit(o.Lines[0]).Shipped, 2)
		shop.Equal(t, "invoiced", o.Invoiced, o.Total)
	})
}

func TestPlaceOwesWhatIsMissingUpToTheLimit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("RARE", shop.Berlin, 2)
		first := s.Place(shop.Of("RARE", 4))
		level(t, s, "RARE", shop.Berlin, 2, 2, 2)
		shop.Equal(t, "status", first.FulfillmentStatus, order.FulfillmentBackordered)
		s.Place(shop.Of("RARE", 1), shop.Of("RARE", 2))
		level(t, s, "RARE", shop.Berlin, 2, 2, 5)
		_, err := s.TryPlace(nil, shop.Of("RARE", 1))
		shop.Want(t, err, "order.out_of_stock")
		level(t, s, "RARE", shop.Berlin, 2, 2, 5)
	})
}

func TestOrdersOfOneBatchShareTheLimit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		placed, err := s.TryPlaceAll(s.Placement(shop.Of("RARE", 3)), s.Placement(shop.Of("RARE", 3)), s.Placement(shop.Of("RARE", 2)))
		shop.Want(t, err, "")
		refused := 0
		for _, p := range placed {
			if p.Err != nil {
				shop.Want(t, p.Err, "order.out_of_stock")
				refused++
			}
		}
		shop.Equal(t, "refused", refused, 1)
		level(t, s, "RARE", shop.Berlin, 0, 0, 5)
	})
}

func TestPlaceRefusesWhatMayNotBeOwed(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		_, err := s.TryPlace(nil, shop.Of("MUG", 1), shop.Of("MUG", 2))
		shop.Want(t, err, "order.out_of_stock")
		level(t, s, "MUG", shop.Berlin, 2, 0, 0)

		other := s.AddChannel("strict", func(c *channel.Channel) { c.AllowBackorder = false })
		_, err = s.TryPlace(func(p *flow.Placement) { p.Channel = other }, shop.Of("TEA", 1))
		shop.Want(t, err, "order.out_of_stock")

		sold := s.PlaceWith(func(p *flow.Placement) { p.Channel, p.Owe = other, true }, shop.Of("MUG", 3))
		shop.Equal(t, "backordered", s.Line(sold, "MUG").Backordered, 1)
	})
}

func TestPlaceServesTheUrgentFirst(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		normal, old, urgent := s.Placement(shop.Of("MUG", 1)), s.Placement(shop.Of("MUG", 1)), s.Placement(shop.Of("MUG", 1))
		old.PlacedAt = s.Now().Add(-time.Hour)
		urgent.Priority = 10
		placed, err := s.TryPlaceAll(normal, old, urgent)
		shop.Want(t, err, "")
		shop.Want(t, placed[0].Err, "order.out_of_stock")
		shop.Want(t, placed[1].Err, "")
		shop.Want(t, placed[2].Err, "")
	})
}

func TestABadOrderCostsItsNeighborsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		good, short, bad, noPrice := s.Placement(shop.Of("MUG", 2)), s.Placement(shop.Of("MUG", 1)), s.Placement(shop.Of("MUG", 0)), s.Placement(shop.Of("MUG", 1))
		noPrice.Currency, noPrice.Rate = "USD", "0.9"
		placed, err := s.TryPlaceAll(bad, short, noPrice, good)
		shop.Want(t, err, "")
		shop.Want(t, placed[0].Err, "order.invalid")
		shop.Want(t, placed[2].Err, "order.no_price")
		// Whoever comes first in time is served first: here, who stands first in the batch.
		if (placed[1].Err == nil) == (placed[3].Err == nil) {
			t.Errorf("of two orders for the same goods one is refused: %v, %v", placed[1].Err, placed[3].Err)
		}
	})
}

func TestAnOrderOfAChannelIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		one := s.Placement(shop.Of("MUG", 1))
		one.ExternalID = "A-1"
		placed, err := s.TryPlaceAll(one, one)
		shop.Want(t, err, "")
		shop.Want(t, placed[0].Err, "")
		shop.Want(t, placed[1].Err, "order.exists")
		placed, err = s.TryPlaceAll(one)
		shop.Want(t, err, "")
		shop.Want(t, placed[0].Err, "order.exists")
		level(t, s, "MUG", shop.Berlin, 5, 1, 0)
	})
}

func TestADraftTakesItsStockWhenItIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 3)
		draft := func(p *flow.Placement) { p.Status = order.StatusDraft }
		first, second := s.PlaceWith(draft, shop.Of("MUG", 2)), s.PlaceWith(draft, shop.Of("MUG", 2))
		level(t, s, "MUG", shop.Berlin, 3, 0, 0)

		accept := func(o *order.Order, to order.Status, owe bool) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Accept(s.Ctx, tx, o.ID, 0, to, owe)
				return err
			})
		}
		shop.Want(t, accept(first, order.StatusOpen, false), "")
		work(t, s, first, "BER open 2")
		shop.Want(t, accept(second, order.StatusOpen, false), "order.out_of_stock")
		shop.Equal(t, "status", s.Order(second).Status, order.StatusDraft)
		shop.Want(t, accept(second, order.StatusPending, true), "")
		level(t, s, "MUG", shop.Berlin, 3, 3, 1)
		work(t, s, second, "BER scheduled 1")
		shop.Want(t, accept(second, order.StatusOpen, false), "")
		work(t, s, second, "BER open 1")
		shop.Want(t, accept(second, order.StatusOpen, false), "order.open")
	})
}

func TestAPendingOrderHoldsItsStockUntilItRunsOut(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 3)
		o := s.PlaceWith(func(p *flow.Placement) { p.Status = order.StatusPending }, shop.Of("MUG", 2))
		level(t, s, "MUG", shop.Berlin, 3, 2, 0)
		work(t, s, o, "BER scheduled 2")
		expire := func() (n int) {
			s.Write(func(tx *db.Tx) (err error) {
				n, err = flow.CancelExpired(s.Ctx, tx)
				return err
			})
			return n
		}
		shop.Equal(t, "cancelled at once", expire(), 0)
		s.Sleep(8 * 24 * time.Hour)
		shop.Equal(t, "cancelled after a week", expire(), 1)
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCancelled)
		level(t, s, "MUG", shop.Berlin, 3, 0, 0)
		work(t, s, o, "BER cancelled 0")
	})
}

// listed is a placement of an article that only the channel knows.
func listed(s *shop.Shop, article string, quantity int64) flow.Placement {
	p := s.Placement()
	p.Lines = []order.DraftLine{{Listing: article, SKU: article, Title: "An article", Quantity: quantity, UnitPrice: 10_000_000, TaxRate: shop.VAT}}
	return p
}

// mapArticle says which variant an article of the shop's channel is.
func mapArticle(t *testing.T, s *shop.Shop, article, sku string) (released int) {
	t.Helper()
	s.Write(func(tx *db.Tx) error {
		waiting, _, err := channel.Listings(s.Ctx, tx, channel.Filter{Channel: s.Channel}, channel.Page{})
		if err != nil {
			return err
		}
		for _, l := range waiting {
			if l.External == article {
				released, err = flow.MapListings(s.Ctx, tx, []channel.Mapping{{Listing: l.ID, Variant: s.Variant(sku)}})
				return err
			}
		}
		t.Fatalf("%s does not wait to be mapped", article)
		return nil
	})
	return released
}

func TestUnknownArticlesWaitUntilTheyAreMapped(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("TEA", shop.Berlin, 1)
		one, two := listed(s, "art-1", 2), listed(s, "art-1", 1)
		two.Lines = append(two.Lines, listed(s, "art-2", 1).Lines...)
		placed, err := s.TryPlaceAll(one, two)
		shop.Want(t, err, "")
		first, second := placed[0].Order, placed[1].Order
		shop.Equal(t, "holds", s.Order(first).ActiveHolds, 1)
		shop.Equal(t, "status", s.Order(first).FulfillmentStatus, order.FulfillmentOnHold)
		level(t, s, "MUG", shop.Berlin, 5, 0, 0)

		shop.Equal(t, "released", mapArticle(t, s, "art-1", "MUG"), 2)
		work(t, s, first, "BER open 2")
		work(t, s, second, "BER scheduled 1") // it still waits for its other article
		mapArticle(t, s, "art-2", "SET")
		work(t, s, second, "BER open 1", "BER open 3")
		level(t, s, "MUG", shop.Berlin, 5, 5, 0)
		shop.Equal(t, "holds", s.Order(second).ActiveHolds, 0)
		s.Pay(second)
		s.Ship(second)
		shop.Equal(t, "status", s.Order(second).Status, order.StatusCompleted)
	})
}

func TestMappingReleasesEveryOrderThatWaits(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		const many = 230
		s.Receive("MUG", shop.Berlin, many)
		batch := make([]flow.Placement, many)
		for i := range batch {
			batch[i] = listed(s, "art-1", 1)
		}
		_, err := s.TryPlaceAll(batch...)
		shop.Want(t, err, "")
		shop.Equal(t, "released", mapArticle(t, s, "art-1", "MUG"), many)
		level(t, s, "MUG", shop.Berlin, many, many, 0)
	})
}

func TestAcceptingADraftHoldsItForItsUnknownArticles(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		p := listed(s, "art-1", 2)
		p.Status = order.StatusDraft
		placed, err := s.TryPlaceAll(p)
		shop.Want(t, err, "")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Accept(s.Ctx, tx, placed[0].Order.ID, 0, order.StatusOpen, false)
			return err
		})
		shop.Equal(t, "holds", s.Order(placed[0].Order).ActiveHolds, 1)
	})
}

func TestAClosedLocationGetsNoOrders(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("MUG", shop.Hamburg, 5)
		s.Write(func(tx *db.Tx) error {
			l, err := inventory.GetLocation(s.Ctx, tx, s.Location(shop.Berlin))
			if err != nil {
				return err
			}
			l.Active = false
			_, err = inventory.SaveLocation(s.Ctx, tx, l)
			return err
		})
		work(t, s, s.Place(shop.Of("MUG", 2)), "HAM open 2")
		o := s.Place(shop.Of("MUG", 3), shop.Of("TEA", 2))
		shop.Equal(t, "backordered tea", s.Line(o, "TEA").Backordered, 2)
		if s.Level("TEA", shop.Berlin).Backordered > 0 {
			t.Error("the tea is awaited at a location that is closed")
		}
	})
}

func TestServicesNeedNoLocation(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		o := s.Place(shop.Of("WRAP", 2))
		work(t, s, o)
		s.Pay(o)
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "invoiced", o.Invoiced, 600)
	})
}

func TestAMissingRateRefusesItsOrderAlone(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		good, bad := s.Placement(shop.Of("MUG", 1)), s.Placement(shop.Of("MUG", 1))
		bad.Currency = "USD"
		var placed []flow.Placed
		s.Write(func(tx *db.Tx) (err error) {
			placed, err = flow.PlaceOrders(s.Ctx, tx, []flow.Placement{bad, good})
			return err
		})
		if !fault.Is(placed[0].Err, "accounting.no_rate") || placed[1].Err != nil {
			t.Errorf("got %v and %v", placed[0].Err, placed[1].Err)
		}
		level(t, s, "MUG", shop.Berlin, 9, 1, 0)
	})
}
