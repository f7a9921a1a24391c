package flow_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/shop"
)

// openStore adds a store where customers fetch orders, which sends none.
func openStore(s *shop.Shop) {
	s.AddLocation("STORE", func(l *inventory.Location) { l.Kind, l.Pickup, l.ShipsOnline = inventory.Store, true, false })
}

// toFetch is an order that the customer fetches at the store.
func toFetch(s *shop.Shop) func(*flow.Placement) {
	return func(p *flow.Placement) { p.Pickup, p.ShipTo = s.Location("STORE"), order.Address{} }
}

// atCounter does something to a fulfillment order at the counter.
func atCounter(s *shop.Shop, f *fulfillment.Order, do func(tx *db.Tx, f id.Fulfillment) error) error {
	return s.Try(func(tx *db.Tx) error { return do(tx, f.ID) })
}

func ready(s *shop.Shop, f *fulfillment.Order) error {
	return atCounter(s, f, func(tx *db.Tx, f id.Fulfillment) error { _, err := flow.ReadyPickup(s.Ctx, tx, f, 0); return err })
}

// codeOf is the code that the customer was last sent.
func codeOf(t *testing.T, s *shop.Shop, o *order.Order) (code string) {
	t.Helper()
	events, err := event.Of(s.Ctx, s.DB, o.ID, 500)
	shop.Want(t, err, "")
	for _, e := range slices.Backward(events) {
		if e.Kind == "pickup.ready" {
			var said struct{ Code string }
			shop.Want(t, json.Unmarshal(e.Body, &said), "")
			return said.Code
		}
	}
	t.Fatal("the customer was sent no code")
	return ""
}

// handOver hands goods over to Ada's brother.
func handOver(s *shop.Shop, h flow.Handing) (shipment *fulfillment.Shipment, err error) {
	if h.Person == "" {
		h.Person = "Ben Byron"
	}
	err = s.Try(func(tx *db.Tx) error {
		shipment, err = flow.HandOver(s.Ctx, tx, h)
		return err
	})
	return shipment, err
}

// pickupOf is a pickup as it stands.
func pickupOf(t *testing.T, s *shop.Shop, f *fulfillment.Order) fulfillment.Pickup {
	t.Helper()
	page, _, err := fulfillment.Pickups(s.Ctx, s.DB, fulfillment.PickupFilter{Fulfillments: []id.Fulfillment{f.ID}})
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	return page[0]
}

func TestOnlyTheNamedStoreServesAPickup(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		openStore(s)
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.Pickup = true }) // it could, and was not named
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		_, err := s.TryPlace(toFetch(s), shop.Of("MUG", 1))
		shop.Want(t, err, "order.out_of_stock") // nine are in Berlin, none in the store
		waits := s.PlaceWith(toFetch(s), shop.Of("TEA", 1))
		level(t, s, "TEA", "STORE", 0, 0, 1)
		_, err = s.TryPlace(func(p *flow.Placement) { p.Pickup = s.Location(shop.Munich) }, shop.Of("MUG", 1))
		shop.Want(t, err, "order.no_pickup")
		s.Receive("TEA", shop.Berlin, 1)
		shop.Equal(t, "backordered", s.Line(waits, "TEA").Backordered, 1)
		s.Receive("TEA", "STORE", 3)
		work(t, s, waits, "STORE open 1") // it needs no address
		shop.Equal(t, "kind", s.WorkAt(waits, "STORE").Kind, fulfillment.KindPickup)
		sent := s.Place(shop.Of("TEA", 11)) // the store's two are not sent to anybody
		shop.Equal(t, "backordered", s.Line(sent, "TEA").Backordered, 1)

		shop.Want(t, switchTo(s, "STORE", inventory.Switch{Off: true, Reason: "water in the cellar"}), "")
		_, err = s.TryPlace(toFetch(s), shop.Of("TEA", 1))
		shop.Want(t, err, "order.no_pickup")
		sold := s.PlaceWith(func(p *flow.Placement) { toFetch(s)(p); p.Owe = true }, shop.Of("TEA", 1))
		level(t, s, "TEA", "STORE", 3, 1, 1) // it was sold elsewhere: it waits
		shop.Want(t, switchTo(s, "STORE", inventory.Switch{}), "")
		refill(s, "STORE")
		work(t, s, sold, "STORE open 1")
	})
}

func TestACustomerFetchesAPart(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		openStore(s)
		s.Receive("MUG", "STORE", 5, "5.00")
		s.Receive("TEA", "STORE", 5, "2.00")
		o := s.PlaceWith(toFetch(s), shop.Of("MUG", 3), shop.Of("TEA", 2))
		paid := s.Authorize(o)
		f := s.WorkAt(o, "STORE")
		_, err := handOver(s, flow.Handing{Fulfillment: f.ID})
		shop.Want(t, err, "pickup.not_ready")
		_, err = s.TryShip(flow.Shipping{Fulfillment: f.ID})
		shop.Want(t, err, "fulfillment.pickup")
		shop.Want(t, ready(s, f), "")
		shop.Want(t, ready(s, f), "pickup.ready")
		code := codeOf(t, s, o)
		shop.Want(t, atCounter(s, f, func(tx *db.Tx, f id.Fulfillment) error { _, err := flow.RemindPickup(s.Ctx, tx, f, 0); return err }), "")
		shop.Want(t, atCounter(s, f, func(tx *db.Tx, f id.Fulfillment) error {
			_, err := flow.ArriveForPickup(s.Ctx, tx, f, 0, "bay 3")
			return err
		}), "")
		p := pickupOf(t, s, f)
		shop.Equal(t, "state", p.State, fulfillment.PickupReady)
		shop.Equal(t, "bay", p.Bay, "bay 3")
		shop.Equal(t, "reminders", p.Reminders, 1)

		_, err = handOver(s, flow.Handing{Fulfillment: f.ID, Code: "NOTHERS"})
		shop.Want(t, err, "pickup.wrong_code")
		_, err = handOver(s, flow.Handing{Fulfillment: f.ID, Person: " ", Code: code})
		shop.Want(t, err, "pickup.no_person")
		level(t, s, "MUG", "STORE", 5, 3, 0)
		first, err := handOver(s, flow.Handing{Fulfillment: f.ID, Code: " " + code[:4] + "-" + code[4:], Lines: s.Units(o, shop.Of("MUG", 1))})
		shop.Want(t, err, "")
		s.Settle(o)
		shop.Equal(t, "captured", s.Payment(paid).Captured, 1250)
		level(t, s, "MUG", "STORE", 4, 2, 0)
		shop.Equal(t, "delivered", s.Line(o, "MUG").Delivered, 1)
		shop.Equal(t, "invoices", len(s.Invoices(o)), 1)
		shop.Equal(t, "state", pickupOf(t, s, f).State, fulfillment.PickupReady)

		// Of the rest the customer does not want the tea.
		second, err := handOver(s, flow.Handing{Fulfillment: f.ID, Code: code, Refused: s.Units(o, shop.Of("TEA", 2))})
		shop.Want(t, err, "")
		s.Settle(o)
		shop.Equal(t, "captured", s.Payment(paid).Captured, 3750)
		level(t, s, "TEA", "STORE", 5, 0, 0)
		level(t, s, "MUG", "STORE", 2, 0, 0)
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCompleted)
		_, err = handOver(s, flow.Handing{Fulfillment: f.ID, Code: code})
		shop.Want(t, err, "pickup.picked_up")
		p = pickupOf(t, s, f)
		shop.Equal(t, "who", p.Handovers[1].Person+" "+string(p.Handovers[1].Proof), "Ben Byron code")

		// The second never happened.
		s.Write(func(tx *db.Tx) error { _, err := flow.Unship(s.Ctx, tx, second.ID, 0, "wrong customer"); return err })
		level(t, s, "MUG", "STORE", 4, 2, 0)
		shop.Equal(t, "delivered", s.Line(o, "MUG").Delivered, 1)
		shop.Equal(t, "state", pickupOf(t, s, f).State, fulfillment.PickupReady)
		_, err = handOver(s, flow.Handing{Fulfillment: f.ID, Code: code})
		shop.Want(t, err, "")
		s.Settle(o)
		shop.Equal(t, "captured", s.Payment(paid).Captured, 3750)
		if p = pickupOf(t, s, f); p.Handovers[0].Shipment != first.ID || !p.Handovers[0].UndoneAt.IsZero() || p.Handovers[1].UndoneAt.IsZero() {
			t.Errorf("handovers: %+v", p.Handovers)
		}
	})
}

func TestAPickupExpires(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		openStore(s)
		s.Receive("TEA", "STORE", 2)
		o := s.PlaceWith(toFetch(s), shop.Of("TEA", 3))
		s.Authorize(o)
		f := s.WorkAt(o, "STORE")
		shop.Equal(t, "waits for stock", s.Line(o, "TEA").Backordered, 1)
		shop.Want(t, ready(s, f), "")
		code := codeOf(t, s, o)
		expire := func() (n int) {
			due, err := flow.PickupsDue(s.Ctx, s.DB, s.Now(), id.Fulfillment{})
			shop.Want(t, err, "")
			for _, f := range due {
				s.Write(func(tx *db.Tx) error { return flow.ExpirePickup(s.Ctx, tx, f) })
			}
			return len(due)
		}
		s.Sleep(6 * 24 * time.Hour)
		shop.Equal(t, "due", expire(), 0)
		shop.Want(t, atCounter(s, f, func(tx *db.Tx, f id.Fulfillment) error { return flow.ExpirePickup(s.Ctx, tx, f) }), "pickup.not_due")
		s.Sleep(24 * time.Hour)
		shop.Equal(t, "due", expire(), 1)
		shop.Equal(t, "due", expire(), 0)
		shop.Equal(t, "state", pickupOf(t, s, f).State, fulfillment.PickupExpired)
		_, err := handOver(s, flow.Handing{Fulfillment: f.ID, Code: code})
		shop.Want(t, err, "pickup.expired")
		// What was not ready waits on: it gets what came back.
		shop.Equal(t, "cancelled", s.Line(o, "TEA").Cancelled, 2)
		work(t, s, o, "STORE cancelled 0", "STORE open 1")
		level(t, s, "TEA", "STORE", 2, 1, 0)
		s.Settle(o)
		shop.Equal(t, "due", s.Order(o).Due(), 800)

		// Somebody calls: the cancellation is taken back as any other.
		sets, err := change.ByOrder(s.Ctx, s.DB, o.ID)
		shop.Want(t, err, "")
		s.Undo(sets[o.ID][0])
		shop.Equal(t, "cancelled", s.Line(o, "TEA").Cancelled, 0)
		level(t, s, "TEA", "STORE", 2, 2, 1)
		again := s.WorkAt(o, "STORE")
		shop.Want(t, ready(s, again), "")
		if codeOf(t, s, o) == code {
			t.Error("the code of what expired is good again")
		}
	})
}

func TestAPickupThatIsNotReadyAfterAll(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		openStore(s)
		s.Receive("TEA", "STORE", 5)
		o := s.PlaceWith(toFetch(s), shop.Of("TEA", 2))
		f := s.WorkAt(o, "STORE")
		unready := func() error {
			return atCounter(s, f, func(tx *db.Tx, f id.Fulfillment) error { _, err := flow.UnreadyPickup(s.Ctx, tx, f, 0); return err })
		}
		shop.Want(t, unready(), "pickup.not_ready")
		shop.Want(t, ready(s, f), "")
		code := codeOf(t, s, o)
		shop.Want(t, unready(), "")
		_, err := handOver(s, flow.Handing{Fulfillment: f.ID, Code: code})
		shop.Want(t, err, "pickup.not_ready")
		shop.Want(t, ready(s, f), "")
		shop.Equal(t, "code", codeOf(t, s, o), code)
		// All is refused: nothing leaves.
		shipment, err := handOver(s, flow.Handing{Fulfillment: f.ID, Code: code, Refused: s.Units(o, shop.Of("TEA", 2))})
		shop.Want(t, err, "")
		if shipment != nil {
			t.Error("something was shipped")
		}
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCancelled)
		level(t, s, "TEA", "STORE", 5, 0, 0)
		_, err = handOver(s, flow.Handing{Fulfillment: f.ID, Code: code})
		shop.Want(t, err, "pickup.cancelled")
	})
}

// Of two clerks who hand the same goods over, and one job that lets them expire, one has its way.
func TestGoodsAreHandedOverOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		openStore(s)
		s.Receive("TEA", "STORE", 9)
		for range 5 {
			o := s.PlaceWith(toFetch(s), shop.Of("TEA", 1))
			f := s.WorkAt(o, "STORE")
			shop.Want(t, ready(s, f), "")
			code := codeOf(t, s, o)
			s.Sleep(8 * 24 * time.Hour)
			done := 0
			for _, err := range atOnce(4, func(i int) error {
				if i == 0 {
					return atCounter(s, f, func(tx *db.Tx, f id.Fulfillment) error { return flow.ExpirePickup(s.Ctx, tx, f) })
				}
				_, err := handOver(s, flow.Handing{Fulfillment: f.ID, Code: code})
				return err
			}) {
				if err == nil {
					done++
				}
			}
			l := s.Line(o, "TEA")
			shop.Equal(t, "fetched or expired", l.Shipped+l.Cancelled, 1)
			if l.Shipped == 1 && done > 2 || l.Cancelled == 1 && done > 1 { // a job that finds nothing left is content
				t.Errorf("%d of them succeeded", done)
			}
		}
	})
}
