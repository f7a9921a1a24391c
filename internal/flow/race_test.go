package flow_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

// race runs a scenario like each, on a PostgreSQL that does not look for deadlocks.
func race(t *testing.T, scenario func(t *testing.T, s *shop.Shop)) {
	t.Helper()
	each(t, func(t *testing.T, s *shop.Shop) {
		dbtest.LeaveDeadlocks(t, s.DB)
		scenario(t, s)
	})
}

// atOnce runs n functions at the same time and returns what became of each.
func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// tally counts errors by their code; "" is success. An error that is no fault fails the test.
func tally(t *testing.T, errs []error) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, err := range errs {
		f, ok := fault.As(err)
		switch {
		case err == nil:
			counts[""]++
		case ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable:
			counts[f.Code]++
		default:
			t.Errorf("not a refusal: %v", err)
		}
	}
	return counts
}

// Classic bug 13: of many orders at once for a few units, exactly as many are
// accepted as there are units, each with its reservation (saleor#5334).
func TestManyBuyersOfAFewUnits(t *testing.T) {
	const buyers, units = 100, 37
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 20)
		s.Receive("MUG", shop.Munich, units-20)
		got := tally(t, atOnce(buyers, func(int) error {
			_, err := s.TryPlace(nil, shop.Of("MUG", 1))
			return err
		}))
		shop.Equal(t, "accepted", got[""], units)
		shop.Equal(t, "refused", got["order.out_of_stock"], buyers-units)
		level(t, s, "MUG", shop.Berlin, 20, 20, 0)
		level(t, s, "MUG", shop.Munich, units-20, units-20, 0)
	})
}

func TestManyBuyersUpToTheBackorderLimit(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("RARE", shop.Berlin, 3)
		got := tally(t, atOnce(30, func(int) error {
			_, err := s.TryPlace(nil, shop.Of("RARE", 1))
			return err
		}))
		shop.Equal(t, "accepted", got[""], 3+5)
		level(t, s, "RARE", shop.Berlin, 3, 3, 5)
	})
}

func TestAnOrderIsCancelledOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4), shop.Of("TEA", 2))
		s.Authorize(o)
		got := tally(t, atOnce(12, func(int) error { return s.TryCancel(o) }))
		shop.Equal(t, "done", got[""], 1)
		shop.Equal(t, "refused", got["order.cancelled"], 11)
		level(t, s, "MUG", shop.Berlin, 9, 0, 0)
		voids := 0
		for _, x := range s.Payments(o)[0].Transactions {
			if x.Kind == payment.KindVoid {
				voids++
			}
		}
		shop.Equal(t, "voids", voids, 1)
	})
}

func TestAnOrderIsShippedOrCancelled(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const rounds = 12
		s.Receive("MUG", shop.Berlin, 3*rounds)
		shipped := int64(0)
		for range rounds {
			o := s.Place(shop.Of("MUG", 3))
			f := s.WorkAt(o, shop.Berlin).ID
			errs := atOnce(2, func(i int) error {
				if i == 0 {
					return s.TryCancel(o)
				}
				_, err := s.TryShip(flow.Shipping{Fulfillment: f})
				return err
			})
			if got := tally(t, errs); got[""] != 1 {
				t.Errorf("one of ship and cancel happens, not %v", got)
			}
			l := s.Line(o, "MUG")
			if l.Shipped+l.Cancelled != 3 || l.Shipped*l.Cancelled != 0 {
				t.Errorf("shipped %d, cancelled %d", l.Shipped, l.Cancelled)
			}
			shipped += l.Shipped
		}
		level(t, s, "MUG", shop.Berlin, 3*rounds-shipped, 0, 0)
	})
}

// Whatever comes first, an edit or a shipment, the other sees it: nothing that left is taken off, nothing that was
// taken off leaves, and what is invoiced is what left.
func TestAnOrderIsShippedOrEdited(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const rounds = 12
		s.Receive("MUG", shop.Berlin, 4*rounds)
		shipped := int64(0)
		for range rounds {
			o := s.Place(shop.Of("MUG", 3))
			f := s.WorkAt(o, shop.Berlin).ID
			down, dearer := s.Quantity(o, "MUG", 1), s.Pricing(o, "MUG", "10")
			tally(t, atOnce(3, func(i int) error {
				var err error
				switch i {
				case 0:
					_, err = s.TryEdit(o, down)
				case 1:
					_, err = s.TryEdit(o, dearer)
				default:
					_, err = s.TryShip(flow.Shipping{Fulfillment: f})
				}
				return err
			}))
			o = s.Order(o)
			l := s.Line(o, "MUG")
			if l.Shipped != 0 && l.Shipped+l.Cancelled != 3 || l.Shipped != l.Invoiced || o.Invoiced != l.InvoicedTotal {
				t.Errorf("shipped %d, cancelled %d, invoiced %d for %d", l.Shipped, l.Cancelled, l.Invoiced, o.Invoiced)
			}
			shipped += l.Shipped
			if l.Open() > 0 {
				s.Cancel(o)
			}
		}
		level(t, s, "MUG", shop.Berlin, 4*rounds-shipped, 0, 0)
	})
}

func TestAFulfillmentOrderIsShippedOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 5))
		s.Authorize(o)
		f, units := s.WorkAt(o, shop.Berlin).ID, s.Units(o, shop.Of("MUG", 2))
		got := tally(t, atOnce(8, func(int) error {
			_, err := s.TryShip(flow.Shipping{Fulfillment: f, Lines: units})
			return err
		}))
		shop.Equal(t, "shipments", got[""], 2)
		s.Settle(o)
		level(t, s, "MUG", shop.Berlin, 5, 1, 0)
		shop.Equal(t, "captured", s.Order(o).Captured, 5000)
	})
}

func TestCartsOfManyGoodsDoNotBlockEachOther(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const carts, goods = 120, 8
		skus := make([]string, goods)
		for i := range skus {
			skus[i] = fmt.Sprintf("ITEM-%d", i)
			s.AddVariant(skus[i], "5.00", nil)
			s.Receive(skus[i], []string{shop.Berlin, shop.Munich, shop.Hamburg}[i%3], carts)
		}
		var runs atomic.Int64
		var sold [goods]atomic.Int64
		got := tally(t, atOnce(carts, func(i int) error {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			var cart []shop.Item
			for _, at := range r.Perm(goods)[:2+r.IntN(4)] {
				cart = append(cart, shop.Of(skus[at], 1))
				sold[at].Add(1)
			}
			p := s.Placement(cart...)
			var placed []flow.Placed
			err := s.Try(func(tx *db.Tx) (err error) {
				runs.Add(1)
				placed, err = flow.PlaceOrders(s.Ctx, tx, []flow.Placement{p})
				return err
			})
			if err != nil {
				return err
			}
			return placed[0].Err
		}))
		shop.Equal(t, "orders", got[""], carts)
		shop.Equal(t, "runs", runs.Load(), carts) // nobody met a deadlock
		for i, sku := range skus {
			level(t, s, sku, []string{shop.Berlin, shop.Munich, shop.Hamburg}[i%3], carts, sold[i].Load(), 0)
		}
	})
}

func TestOrdersThatWaitForEachOthersGoodsAreCancelledAtOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const pairs = 6
		var all []*order.Order
		s.Receive("TEA", shop.Berlin, pairs)
		s.Receive("RARE", shop.Berlin, 5)
		for range 5 {
			all = append(all, s.Place(shop.Of("TEA", 1), shop.Of("RARE", 1)))
		}
		for range 5 {
			all = append(all, s.Place(shop.Of("TEA", 1), shop.Of("RARE", 1)))
		}
		got := tally(t, atOnce(len(all), func(i int) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{{Order: all[i].ID, Reason: order.CancelCustomer}})
				return err
			})
		}))
		shop.Equal(t, "cancelled", got[""], len(all)) // a waiting order in another's hands makes a run begin again
		level(t, s, "TEA", shop.Berlin, pairs, 0, 0)
		level(t, s, "RARE", shop.Berlin, 5, 0, 0)
	})
}

func TestOfTwoEditorsOneWins(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		got := tally(t, atOnce(2, func(i int) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.ChangeOrder(s.Ctx, tx, o.ID, o.Version, func(o *order.Order) error {
					return o.Tag([]string{fmt.Sprintf("editor %d", i)}, nil)
				})
				return err
			})
		}))
		shop.Equal(t, "saved", got[""], 1)
		shop.Equal(t, "stale", got["order.stale"], 1)
		shop.Equal(t, "tags", len(s.Order(o).Tags.V), 1)
	})
}

func TestWebhooksMeetTheGatewaysAnswer(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 50)
		for range 5 {
			o := s.Place(shop.Of("MUG", 2))
			p := s.PayCard(o, "tok_webhook_twice")
			meet := func() {
				open := slices.DeleteFunc(slices.Clone(s.Payment(p).Transactions), func(x *payment.Transaction) bool { return !x.State.Open() })
				tally(t, atOnce(6, func(i int) error {
					if i < 3 { // three workers got the job
						var errs []error
						for _, x := range open {
							errs = append(errs, payment.Call(s.Ctx, s.DB, s.Gateways(), x.ID, flow.SettlePayments))
						}
						return errors.Join(errs...)
					}
					for _, w := range s.Gateway.Webhooks() {
						events, err := s.Gateway.ParseWebhook(w.Header, w.Body)
						if err != nil {
							return err
						}
						err = s.Try(func(tx *db.Tx) error {
							_, err := payment.Accept(s.Ctx, tx, "test", events)
							return err
						})
						if err != nil {
							return err
						}
					}
					waiting, err := payment.Inbox(s.Ctx, s.DB, []payment.InboxStatus{"received", "failed"}, id.Inbox{}, 100)
					for _, e := range waiting {
						err = errors.Join(err, payment.Process(s.Ctx, s.DB, e.ID, flow.SettlePayments))
					}
					return err
				}))
				s.Settle(o)
				s.ReceiveWebhooks(s.Gateway.Webhooks()...)
			}
			meet()
			account(t, s, o, 2500, 0, 0)
			s.Ship(o)
			meet()
			account(t, s, o, 0, 2500, 0)
			shop.Equal(t, "transactions", len(s.Payment(p).Transactions), 2)
		}
	})
}

func TestAnOrderOfAChannelIsTakenOnceByManyAtOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 50)
		p := s.Placement(shop.Of("MUG", 1))
		p.ExternalID = "A-1"
		got := tally(t, atOnce(20, func(int) error {
			placed, err := s.TryPlaceAll(p)
			if err != nil {
				return err
			}
			return placed[0].Err
		}))
		shop.Equal(t, "accepted", got[""], 1)
		shop.Equal(t, "known", got["order.exists"]+got["order.known"], 19)
		level(t, s, "MUG", shop.Berlin, 50, 1, 0)
	})
}

// TestEverybodyAtOnce lets all who touch stock meet on three variants.
func TestEverybodyAtOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 30)
		s.Receive("TEA", shop.Munich, 10)
		var old []*order.Order
		for range 12 {
			old = append(old, s.Place(shop.Of("MUG", 1), shop.Of("TEA", 2)))
		}
		work := make([]flow.Shipping, len(old))
		for i, o := range old {
			work[i] = flow.Shipping{Fulfillment: s.Work(o)[0].ID}
		}
		goods := []string{"MUG", "TEA"}
		places := []string{shop.Berlin, shop.Munich}
		lines := make(map[id.Order]id.Line, len(old))
		for _, o := range old {
			lines[o.ID] = o.Lines[1].ID // the tea
		}
		got := tally(t, atOnce(84, func(i int) error {
			r := rand.New(rand.NewPCG(2, uint64(i)))
			o, sku, code := old[r.IntN(len(old))], goods[r.IntN(2)], places[r.IntN(2)]
			switch i % 7 {
			case 0:
				_, err := s.TryPlace(nil, shop.Of("TEA", 1), shop.Of("MUG", 2), shop.Of("SET", 1))
				return err
			case 1:
				return s.TryCancel(o)
			case 2:
				_, err := s.TryShip(work[r.IntN(len(work))])
				return err
			case 3:
				return s.TryAdjust(sku, code, -1)
			case 4:
				return s.Try(func(tx *db.Tx) error {
					_, err := flow.ReceiveGoods(s.Ctx, tx, []flow.Receipt{{Variant: s.Variant(sku), Location: s.Location(code), Quantity: 2}})
					return err
				})
			case 5:
				_, err := s.TryEdit(o, change.Action{Kind: change.SetQuantity, Line: lines[o.ID], Quantity: r.Int64N(5)}, s.Adding(shop.Of("MUG", 1)))
				return err
			}
			return s.Try(func(tx *db.Tx) error {
				made, err := inventory.CreateTransfer(s.Ctx, tx, inventory.NewTransfer{
					From: s.Location(places[0]), To: s.Location(places[1]),
					Lines: []inventory.NewTransferLine{{Variant: s.Variant("TEA"), Quantity: 1}, {Variant: s.Variant("MUG"), Quantity: 1}},
				})
				if err != nil {
					return err
				}
				if _, err = flow.ReadyTransfer(s.Ctx, tx, made.ID, 0); err == nil {
					_, err = flow.ShipTransfer(s.Ctx, tx, made.ID, 0, nil)
				}
				return err
			})
		}))
		if got[""] == 0 {
			t.Error("nobody could do anything")
		}
	})
}

// One of a shipment and a move of the same units happens, and never half of each.
func TestGoodsAreShippedOrMoved(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const rounds = 12
		s.Receive("MUG", shop.Berlin, 3*rounds)
		s.Receive("MUG", shop.Munich, 3*rounds)
		for range rounds {
			o := s.Place(shop.Of("MUG", 3))
			f := s.WorkAt(o, shop.Berlin).ID
			errs := atOnce(2, func(i int) error {
				if i == 0 {
					_, err := s.TryShip(flow.Shipping{Fulfillment: f})
					return err
				}
				return s.Try(func(tx *db.Tx) error {
					_, err := flow.Move(s.Ctx, tx, flow.Moving{Fulfillment: f, To: s.Location(shop.Munich)})
					return err
				})
			})
			if got := tally(t, errs); got[""] != 1 {
				t.Errorf("one of ship and move happens, not %v", got)
			}
			s.Ship(o)
			shop.Equal(t, "shipped", s.Line(o, "MUG").Shipped, 3)
		}
		berlin, munich := s.Level("MUG", shop.Berlin), s.Level("MUG", shop.Munich)
		shop.Equal(t, "on hand", berlin.OnHand+munich.OnHand, 3*rounds)
		shop.Equal(t, "committed", berlin.Committed+munich.Committed, 0)
	})
}

// Locations reject while others receive, place and move: all of it adds up, and nobody waits for anybody for ever.
func TestRejectionsAndRoutingAtOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.SplitLines()
		var orders []*order.Order
		for _, code := range []string{shop.Berlin, shop.Munich} {
			s.Receive("TEA", code, 12)
			s.Receive("MUG", code, 12)
		}
		for range 8 {
			orders = append(orders, s.Place(shop.Of("TEA", 2), shop.Of("MUG", 1)))
		}
		works := make([]id.Fulfillment, len(orders))
		for i, o := range orders {
			works[i] = s.Work(o)[0].ID
		}
		tally(t, atOnce(32, func(i int) error {
			switch f := works[i%8]; i / 8 {
			case 0:
				return s.Try(func(tx *db.Tx) error {
					_, err := flow.Reject(s.Ctx, tx, flow.Rejection{Fulfillment: f, Reason: "too busy"})
					return err
				})
			case 1:
				return s.Try(func(tx *db.Tx) error {
					_, err := flow.Move(s.Ctx, tx, flow.Moving{Fulfillment: f, To: s.Location(shop.Munich)})
					return err
				})
			case 2:
				_, err := s.TryPlace(nil, shop.Of("TEA", 2))
				return err
			default:
				return s.Try(func(tx *db.Tx) error {
					_, err := flow.ReceiveGoods(s.Ctx, tx, []flow.Receipt{{Variant: s.Variant("TEA"), Location: s.Location(shop.Munich), Quantity: 1}})
					return err
				})
			}
		}))
		for _, o := range orders {
			l := s.Line(o, "TEA")
			shop.Equal(t, "units of the line", l.Allocated+l.Backordered, 2)
		}
	})
}
