package flow_test

import (
	"fmt"
	"slices"
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func unship(s *shop.Shop, shipment *fulfillment.Shipment) error {
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.Unship(s.Ctx, tx, shipment.ID, 0, "still on the shelf")
		return err
	})
}

// picture is all that a shipment changes: levels, values, claims with their place in the queue, counters and sums.
func picture(t *testing.T, s *shop.Shop, o *order.Order, skus ...string) []string {
	t.Helper()
	var out []string
	variants := make([]id.Variant, len(skus))
	for i, sku := range skus {
		variants[i] = s.Variant(sku)
		for _, l := range s.Levels(sku) {
			out = append(out, fmt.Sprintf("%s at %s: %+v", sku, s.LocationCode(l.Location), l.Counts))
		}
	}
	worth, err := inventory.Worths(s.Ctx, s.DB, variants)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range variants {
		out = append(out, fmt.Sprintf("%s is worth %d for %d", skus[i], worth[v].Value, worth[v].Quantity))
	}
	now := s.Order(o)
	var demands []id.Any
	for _, l := range now.Lines {
		demands = append(demands, id.Any(l.ID))
		l.InWork = 0 // that somebody had begun is not undone
		out = append(out, fmt.Sprintf("%s: %+v %+v", l.SKU, l.Counts, l.Sums))
	}
	claims, err := inventory.Reservations(s.Ctx, s.DB, demands)
	if err != nil {
		t.Fatal(err)
	}
	var held []string
	for _, r := range claims {
		held = append(held, fmt.Sprintf("%s: %d %s at %s since %s, %d", r.Demand, r.Quantity, r.Kind, s.LocationCode(r.Location), r.QueuedAt, r.Priority))
	}
	slices.Sort(held)
	out = append(out, held...)
	for _, account := range []string{accounting.Stock, accounting.CostOfGoods, accounting.Sales, accounting.Tax, accounting.Shipping, accounting.Discounts} {
		out = append(out, fmt.Sprintf("%s: %d", account, s.Balance(account)))
	}
	return append(out, fmt.Sprintf("%s: due %d, invoiced %d, credited %d", now.Status, now.Due(), now.Invoiced, now.Credited))
}

// Classic bug 1: a cancelled fulfillment does not leave allocated and on hand as they were (vendure#1198, #1250,
// medusa#11703). For a single line, kits, a part, and the last of several shipments.
func TestUnshipRestoresWhatWas(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9, "4.33")
		s.Receive("TEA", shop.Berlin, 5, "1.17")
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Priority = 3
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 490, TaxRate: shop.VAT}}
		}, shop.Of("MUG", 3), shop.Of("SET", 2), shop.Of("WRAP", 1))
		s.Authorize(o)
		goods := []string{"MUG", "TEA"}

		before := picture(t, s, o, goods...)
		first := s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 2))
		between := picture(t, s, o, goods...)
		second := s.Ship(o)[0]
		if got := s.Order(o).Status; got != order.StatusOpen {
			s.Settle(o)
		}
		shop.Want(t, unship(s, second), "")
		if got := picture(t, s, o, goods...); !slices.Equal(got, between) {
			t.Errorf("after the second was taken back:\n%q, want\n%q", got, between)
		}
		shop.Want(t, unship(s, first), "")
		if got := picture(t, s, o, goods...); !slices.Equal(got, before) {
			t.Errorf("after the first was taken back:\n%q, want\n%q", got, before)
		}
		shop.Want(t, unship(s, first), "shipment.voided")
		s.Verify()

		// It leaves after all: the money is there, and is not asked for again.
		s.Settle(o)
		captured := s.Order(o).Captured
		s.Ship(o)
		s.Settle(o)
		now := s.Order(o)
		shop.Equal(t, "status", now.Status, order.StatusCompleted)
		shop.Equal(t, "captured", now.Captured, captured)
		shop.Equal(t, "captured", now.Captured, now.Total)
		shop.Equal(t, "invoices and credit notes", len(s.Invoices(o)), 5)
	})
}

// Classic bug 1, before anything was packed: the work of one location is cancelled, to be planned anew or with the
// units of the order, and what was allocated and on hand is as if it had never been asked. Both are taken back again.
func TestAFulfillmentOrderIsCancelled(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.SplitLines()
		s.Receive("MUG", shop.Berlin, 4, "4.33")
		s.Receive("TEA", shop.Berlin, 2, "1.17")
		o := s.Place(shop.Of("MUG", 2), shop.Of("SET", 1))
		shop.Want(t, pick(s, s.WorkAt(o, shop.Berlin), s.Units(o, shop.Of("MUG", 2))), "")
		at := shop.Berlin
		cancel := func(then *flow.Cancellation) error {
			t.Helper()
			f := s.WorkAt(o, at)
			return s.Try(func(tx *db.Tx) error {
				if then == nil {
					_, err := flow.Withdraw(s.Ctx, tx, flow.Withdrawal{Fulfillment: f.ID, Version: f.Version, Reason: "another wave"})
					return err
				}
				then.Order, then.Work, then.WorkVersion, then.Reason = o.ID, f.ID, f.Version, order.CancelCustomer
				_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{*then})
				return err
			})
		}
		shop.Want(t, cancel(nil), "")
		work(t, s, o, "BER cancelled 0", "BER open 5")
		level(t, s, "MUG", shop.Berlin, 4, 4, 0)
		shop.Equal(t, "decided", newest(t, s, o).Cause, routing.CauseWithdrawn)
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 0)

		// Nearer goods, or a rule that was changed since, are seen now.
		f := s.WorkAt(o, shop.Berlin)
		s.Receive("MUG", shop.Hamburg, 4)
		s.Receive("TEA", shop.Hamburg, 1)
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.ShipsOnline = false })
		shop.Want(t, cancel(nil), "")
		work(t, s, o, "BER cancelled 0", "BER cancelled 0", "HAM open 5")
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.ShipsOnline = true })
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.Withdraw(s.Ctx, tx, flow.Withdrawal{Fulfillment: f.ID})
			return err
		}), "fulfillment.cancelled")
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
		level(t, s, "TEA", shop.Hamburg, 1, 1, 0)

		o = s.Place(shop.Of("TEA", 4))
		work(t, s, o, "BER open 2")
		var packed *fulfillment.Shipment
		s.Write(func(tx *db.Tx) (err error) {
			packed, err = flow.Pack(s.Ctx, tx, s.WorkAt(o, shop.Berlin).ID, 0, nil, fulfillment.Carriage{})
			return err
		})
		shop.Want(t, cancel(nil), "fulfillment.packed")
		shop.Want(t, cancel(&flow.Cancellation{}), "fulfillment.packed")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.VoidShipment(s.Ctx, tx, packed.ID, 0, "wrong box")
			return err
		})
		shop.Want(t, cancel(&flow.Cancellation{Spoiled: true}), "")
		work(t, s, o, "BER cancelled 0")
		tea := s.Line(o, "TEA")
		shop.Equal(t, "cancelled, waiting", [2]int64{tea.Cancelled, tea.Backordered}, [2]int64{2, 2})
		shop.Equal(t, "damaged", s.Level("TEA", shop.Berlin).Damaged, 2)
		sets, err := change.ByOrder(s.Ctx, s.DB, o.ID)
		shop.Want(t, err, "")
		s.Undo(sets[o.ID][0])
		shop.Equal(t, "cancelled, after the undo", s.Line(o, "TEA").Cancelled, 0)
		level(t, s, "TEA", shop.Berlin, 2, 0, 4)

		// Kits are cancelled whole, or not here.
		s.Receive("MUG", shop.Munich, 4)
		s.Receive("TEA", shop.Munich, 6)
		o = s.Place(shop.Of("SET", 2))
		at = shop.Munich
		shop.Want(t, cancel(&flow.Cancellation{}), "")
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCancelled)
		level(t, s, "MUG", shop.Munich, 4, 0, 0)
	})
}

func TestUnshipIsRefusedForWhatHasLeft(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 20)
		ship := func() (*order.Order, *fulfillment.Shipment) {
			o := s.Place(shop.Of("MUG", 2))
			return o, s.Ship(o)[0]
		}
		track := func(sh *fulfillment.Shipment, status fulfillment.Tracking) {
			s.Write(func(tx *db.Tx) error {
				_, err := flow.Track(s.Ctx, tx, []fulfillment.TrackingEvent{{Shipment: sh.ID, Status: status, Source: "ups", At: tx.Now()}})
				return err
			})
		}
		_, seen := ship()
		track(seen, fulfillment.TrackingInTransit)
		shop.Want(t, unship(s, seen), "shipment.under_way")
		_, arrived := ship()
		track(arrived, fulfillment.TrackingDelivered)
		shop.Want(t, unship(s, arrived), "shipment.delivered")
		o, back := ship()
		s.Pay(o)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.TakeBack(s.Ctx, tx, []flow.TakingBack{{Order: o.ID, Location: s.Location(shop.Berlin), Disposition: "restock", Lines: []flow.TakenBack{{Line: s.Line(o, "MUG").ID, Quantity: 1}}}})
			return err
		})
		shop.Want(t, unship(s, back), "order.too_many")
		o, wanted := ship()
		line := s.Line(o, "MUG").ID
		r := sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 1})
		shop.Want(t, unship(s, wanted), "order.return_open")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.CancelReturn(s.Ctx, tx, r.ID, 0)
			return err
		})
		shop.Want(t, unship(s, wanted), "")
		_, told := ship()
		track(told, fulfillment.TrackingPreTransit) // the carrier has heard of it, and no more
		shop.Want(t, unship(s, told), "")
		level(t, s, "MUG", shop.Berlin, 20-6+1, 4, 0)
	})
}

// Money that is on its way when the shipment is taken back is the order's balance, and pays for what leaves then.
func TestMoneyOfATakenBackShipmentStays(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2), shop.Of("MUG", 1))
		s.PayCard(o, "tok_visa")
		s.Settle(o)
		shipped := s.Ship(o)[0]
		shop.Want(t, unship(s, shipped), "")
		s.Settle(o)
		now := s.Order(o)
		shop.Equal(t, "captured", now.Captured, 3750)
		shop.Equal(t, "invoiced", now.Invoiced, 0)
		shop.Equal(t, "payment status", now.PaymentStatus, order.PaymentPaid)
		s.Cancel(o)
		shop.Equal(t, "balance", s.Order(o).Balance(), -3750)
	})
}
