package flow_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// reservations are all active claims of an order's lines.
func reservations(t *testing.T, s *shop.Shop, o *order.Order) map[id.Reservation]int64 {
	t.Helper()
	var lines []id.Any
	for _, l := range s.Order(o).Lines {
		lines = append(lines, id.Any(l.ID))
	}
	rows, err := inventory.Reservations(s.Ctx, s.DB, lines)
	shop.Want(t, err, "")
	out := map[id.Reservation]int64{}
	for _, r := range rows {
		out[r.ID] = r.Quantity
	}
	return out
}

func unchanged(t *testing.T, s *shop.Shop, o *order.Order, before map[id.Reservation]int64) {
	t.Helper()
	after := reservations(t, s, o)
	shop.Equal(t, "reservations", len(after), len(before))
	for r, n := range before {
		shop.Equal(t, "units of a reservation", after[r], n)
	}
}

// Classic bug 3: what an edit adds is reserved, what it removes is released.
func TestEditReservesWhatComesAndReleasesWhatGoes(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		before := reservations(t, s, o)
		o, out := s.Edit(o, s.Quantity(o, "MUG", 6), s.Adding(shop.Of("TEA", 3)))
		level(t, s, "MUG", shop.Berlin, 9, 6, 0)
		level(t, s, "TEA", shop.Berlin, 9, 3, 0)
		for r, n := range before { // only the difference was reserved
			shop.Equal(t, "units reserved before", reservations(t, s, o)[r], n)
		}
		work(t, s, o, "BER open 9") // with the work that nobody has begun
		shop.Equal(t, "due", o.Due(), 6*1250+3*800)
		shop.Equal(t, "to collect", out.Collect, o.Due())
		shop.Equal(t, "due before", out.Before.Order.Due(), 4*1250)

		o, _ = s.Edit(o, s.Quantity(o, "MUG", 1), s.Removing(o, "TEA"))
		level(t, s, "MUG", shop.Berlin, 9, 1, 0)
		level(t, s, "TEA", shop.Berlin, 9, 0, 0)
		shop.Equal(t, "due", o.Due(), 1250)
		_, err := s.TryEdit(o, s.Quantity(o, "MUG", 10)) // which may not be owed
		shop.Want(t, err, "order.out_of_stock")
		level(t, s, "MUG", shop.Berlin, 9, 1, 0)
	})
}

// Classic bug 4: a line that is added and removed again costs and pays nothing.
func TestAddingAndRemovingAnUnpaidLineRefundsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		s.Pay(o)
		o, out := s.Edit(o, s.Adding(shop.Of("TEA", 3)))
		shop.Equal(t, "to collect", out.Collect, 2400)
		set := s.Draft(o, s.Removing(o, "TEA"))
		s.Write(func(tx *db.Tx) (err error) {
			out, err = flow.ConfirmChange(s.Ctx, tx, flow.Confirmation{Set: set.ID, Settlement: flow.SettleRefund})
			return err
		})
		shop.Equal(t, "to give back", out.GiveBack, 0)
		o = s.Order(o)
		shop.Equal(t, "refunded", o.Refunded, 0)
		shop.Equal(t, "balance", o.Balance(), 0)

		// While the customer still owes, a removal gives nothing back either.
		o, _ = s.Edit(o, s.Adding(shop.Of("TEA", 9)))
		set = s.Draft(o, s.Quantity(o, "MUG", 1))
		s.Write(func(tx *db.Tx) (err error) {
			out, err = flow.ConfirmChange(s.Ctx, tx, flow.Confirmation{Set: set.ID, Settlement: flow.SettleRefund})
			return err
		})
		shop.Equal(t, "to give back", out.GiveBack, 0)
		shop.Equal(t, "to collect", out.Collect, 9*800-1250)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 0)
	})
}

// Classic bug 5: the same line can be cut down several times, until nothing is left.
func TestCutTheSameLineUntilNothingIsLeft(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		o := s.Place(shop.Of("MUG", 2), shop.Of("TEA", 3))
		for left := int64(2); left >= 0; left-- {
			o, _ = s.Edit(o, s.Quantity(o, "TEA", left))
			level(t, s, "TEA", shop.Berlin, 0, 0, left)
			shop.Equal(t, "due", o.Due(), 2500+left*800)
		}
		o, _ = s.Edit(o, s.Quantity(o, "MUG", 1))
		o, _ = s.Edit(o, s.Quantity(o, "MUG", 0))
		shop.Equal(t, "status", o.Status, order.StatusCancelled)
		level(t, s, "MUG", shop.Berlin, 2, 0, 0)
		_, err := s.TryEdit(o, s.Quantity(o, "MUG", 1))
		shop.Want(t, err, "order.cancelled")
	})
}

// Classic bug 6: an order that was changed after it was paid can be refunded whole.
func TestRefundAllOfAChangedOrder(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		s.Pay(o)
		o, _ = s.Edit(o, s.Adding(shop.Of("TEA", 1)), s.Pricing(o, "MUG", "11.11"))
		s.Pay(o)
		o, _ = s.Edit(o, s.Removing(o, "MUG"))
		shop.Equal(t, "balance", o.Balance(), -2222)
		o = s.Cancel(o)
		s.Refund(o, 2222+800)
		o = s.Order(o)
		shop.Equal(t, "refunded", o.Refunded, o.Captured)
		shop.Equal(t, "payment", o.PaymentStatus, order.PaymentRefunded)
	})
}

func TestAPriceOnlyEditTouchesNoReservation(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 3)
		o := s.Place(shop.Of("MUG", 3), shop.Of("TEA", 2))
		before, was := reservations(t, s, o), s.WorkAt(o, shop.Berlin)
		five := int64(500)
		o, _ = s.Edit(o, s.Pricing(o, "MUG", "10"),
			change.Action{Kind: change.AddLineDiscount, Line: s.Line(o, "TEA").ID, DiscountKind: "percent", Rate: 250_000, Title: "Late"},
			change.Action{Kind: change.AddCharge, ChargeKind: "shipping", Title: "Post", Amount: &five, TaxRate: new(shop.VAT)})
		unchanged(t, s, o, before)
		shop.Equal(t, "version of the work", s.WorkAt(o, shop.Berlin).Version, was.Version)
		shop.Equal(t, "due", o.Due(), 3000+1200+500)
	})
}

func TestEditAfterAPartialShipment(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		s.Pay(o)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		_, err := s.TryEdit(o, s.Quantity(o, "MUG", 0))
		shop.Want(t, err, "order.too_many")
		o, _ = s.Edit(o, s.Pricing(o, "MUG", "10"), s.Quantity(o, "MUG", 3))
		shop.Equal(t, "due", o.Due(), 1250+2*1000) // what was invoiced stays
		level(t, s, "MUG", shop.Berlin, 8, 2, 0)
		o, _ = s.Edit(o, s.Quantity(o, "MUG", 6))
		shop.Equal(t, "due", o.Due(), 1250+5*1000)
		level(t, s, "MUG", shop.Berlin, 8, 5, 0)
		s.Ship(o)
		o = s.Order(o)
		shop.Equal(t, "invoiced", o.Invoiced, o.Due())
		_, err = s.TryEdit(o, s.Pricing(o, "MUG", "9"))
		shop.Want(t, err, "order.invoiced")
	})
}

func TestPickedGoodsAreNotTakenOff(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		f := s.WorkAt(o, shop.Berlin)
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 3))), "")
		_, err := s.TryEdit(o, s.Quantity(o, "MUG", 2))
		shop.Want(t, err, "order.picked")
		o, _ = s.Edit(o, s.Quantity(o, "MUG", 3)) // what nobody has picked is recalled
		shop.Equal(t, "picked", s.WorkAt(o, shop.Berlin).Lines[0].Picked, 3)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Unpick(s.Ctx, tx, f.ID, 0, s.Units(o, shop.Of("MUG", 1)))
			return err
		})
		o, _ = s.Edit(o, s.Quantity(o, "MUG", 2))
		level(t, s, "MUG", shop.Berlin, 9, 2, 0)
	})
}

func TestAPreviewTellsWhatConfirmingDoesAndDoesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		s.Receive("MUG", shop.Munich, 9)
		o := s.Place(shop.Of("MUG", 2))
		s.Pay(o)
		set := s.Draft(o, s.Quantity(o, "MUG", 5))
		before := reservations(t, s, o)
		seen, err := flow.PreviewChange(s.Ctx, s.DB, flow.Confirmation{Set: set.ID})
		shop.Want(t, err, "")
		unchanged(t, s, o, before)
		shop.Equal(t, "due", s.Order(o).Due(), 2500)
		shop.Equal(t, "status", seen.Set.Status, change.Draft)
		var done flow.Outcome
		s.Write(func(tx *db.Tx) (err error) {
			done, err = flow.ConfirmChange(s.Ctx, tx, flow.Confirmation{Set: set.ID})
			return err
		})
		for what, both := range map[string][2]int64{
			"due":        {seen.After.Order.Due(), done.After.Order.Due()},
			"to collect": {seen.Collect, done.Collect},
			"reserved":   {seen.After.Lines[0].Reserved, done.After.Lines[0].Reserved},
			"work":       {int64(len(seen.After.Work)), int64(len(done.After.Work))},
			"collect":    {seen.Collect, 3 * 1250},
		} {
			shop.Equal(t, what, both[0], both[1])
		}
		work(t, s, o, "BER open 2", "MUC open 3")
		shop.Equal(t, "confirmed", done.Set.Status, change.Confirmed)
	})
}

func TestAStaleChangeIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		set := s.Draft(o, s.Quantity(o, "MUG", 5))
		s.Hold(o, order.Hold{})
		confirm := func() error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.ConfirmChange(s.Ctx, tx, flow.Confirmation{Set: set.ID})
				return err
			})
		}
		shop.Want(t, confirm(), "change.order_moved_on")
		seen, err := flow.PreviewChange(s.Ctx, s.DB, flow.Confirmation{Set: set.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "an event since", slices.Contains(seen.Stale.Since, "order.held"), true)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.RebaseChange(s.Ctx, tx, set.ID, 0)
			return err
		})
		shop.Want(t, confirm(), "")
		shop.Want(t, confirm(), "change.confirmed")
		_, err = s.TryEdit(o, s.Quantity(o, "MUG", 1))
		shop.Want(t, err, "")
	})
}

func TestUndoAnEdit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		s.Receive("POT", shop.Berlin, 1)
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Discounts = []order.DraftDiscount{{Kind: order.DiscountPercent, Rate: 70_000}, {Kind: order.DiscountAmount, Amount: 333}}
		}, shop.Of("MUG", 3), shop.Of("TEA", 4), shop.Of("SET", 1))
		was := o.Agreement()
		o, out := s.Edit(o, s.Quantity(o, "MUG", 1), s.Quantity(o, "TEA", 5), s.Adding(shop.Of("POT", 1).At("1")),
			s.Quantity(o, "SET", 2), s.Pricing(o, "TEA", "7.77"))
		back := s.Undo(out.Set)
		o = s.Order(o)
		now := o.Agreement()
		for i, l := range was.Lines {
			shop.Equal(t, l.SKU, now.Lines[i], l)
		}
		shop.Equal(t, "total", o.Total-o.CancelledTotal, was.Lines[0].Total+was.Lines[1].Total+was.Lines[2].Total)
		level(t, s, "MUG", shop.Berlin, 9, 5, 0)
		level(t, s, "TEA", shop.Berlin, 9, 5, 0)
		shop.Equal(t, "added line", s.Line(o, "POT").Cancelled, 1)
		shop.Want(t, func() error { _, err := s.TryUndo(out.Set); return err }(), "change.undone")

		s.Undo(back.Set) // and back again
		level(t, s, "MUG", shop.Berlin, 9, 5, 0)
		level(t, s, "POT", shop.Berlin, 1, 1, 0)
	})
}

func TestUndoIsRefusedOnceGoodsHaveLeft(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 1))
		_, out := s.Edit(o, s.Quantity(o, "MUG", 3))
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 2))
		_, err := s.TryUndo(out.Set)
		shop.Want(t, err, "order.moved_on")
	})
}

func TestAnotherAddressIsRoutedAnew(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("MUG", shop.Munich, 9)
		o := s.Place(shop.Of("MUG", 4))
		to := shop.InMunich
		data, err := json.Marshal(flow.Addresses{ShipTo: &to})
		shop.Want(t, err, "")
		move := change.Action{Kind: change.SetAddresses, Data: data}
		f := s.WorkAt(o, shop.Berlin)
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "")
		o, out := s.Edit(o, move)
		work(t, s, o, "BER in_progress 1", "MUC open 3")
		level(t, s, "MUG", shop.Berlin, 9, 1, 0)
		level(t, s, "MUG", shop.Munich, 9, 3, 0)
		shop.Equal(t, "decision", out.After.Decision.Cause, "edited")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Pack(s.Ctx, tx, f.ID, 0, s.Units(o, shop.Of("MUG", 1)), fulfillment.Carriage{})
			return err
		})
		to = shop.InHamburg
		move.Data, _ = json.Marshal(flow.Addresses{ShipTo: &to})
		_, err = s.TryEdit(o, move)
		shop.Want(t, err, "order.packed")
	})
}

func TestACancelledOrderIsReopened(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 490}}
		}, shop.Of("MUG", 4), shop.Of("TEA", 2))
		s.Cancel(o, shop.Of("MUG", 1))
		was := s.Order(o).Agreement()
		s.Cancel(o)
		sets, err := change.ByOrder(s.Ctx, s.DB, o.ID)
		shop.Want(t, err, "")
		mine := sets[o.ID]
		shop.Equal(t, "sets", len(mine), 2)
		s.Undo(mine[1])
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusOpen)
		shop.Equal(t, "due", o.Due(), 3*1250+2*800+490)
		shop.Equal(t, "as before", len(order.Compare(was, o.Agreement())), 0)
		level(t, s, "MUG", shop.Berlin, 9, 3, 0)
		level(t, s, "TEA", shop.Berlin, 0, 0, 2)
		s.Undo(mine[0])
		level(t, s, "MUG", shop.Berlin, 9, 4, 0)

		paid := s.Place(shop.Of("MUG", 1))
		s.Pay(paid)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{{Order: paid.ID, Reason: order.CancelCustomer, Settlement: flow.SettleRefund}})
			return err
		})
		shop.Equal(t, "refunded", s.Order(paid).Refunded, 1250)
		sets, err = change.ByOrder(s.Ctx, s.DB, paid.ID)
		shop.Want(t, err, "")
		_, err = s.TryUndo(sets[paid.ID][0])
		shop.Want(t, err, "order.refunded")
	})
}

func TestSpoiledGoodsDoNotGoBackOnTheShelf(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		shop.Want(t, pick(s, s.WorkAt(o, shop.Berlin), s.Units(o, shop.Of("MUG", 3))), "")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{{Order: o.ID, Reason: order.CancelCustomer, Spoiled: true, Notify: true}})
			return err
		})
		level(t, s, "MUG", shop.Berlin, 9, 0, 0)
		shop.Equal(t, "damaged", s.Level("MUG", shop.Berlin).Damaged, 3)
	})
}

func TestErasedChangesNameNobody(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		data, _ := json.Marshal(flow.Contact{Email: "lovelace@example.org"})
		_, out := s.Edit(o, change.Action{Kind: change.SetContact, Data: data}, s.Quantity(o, "MUG", 1))
		s.Pay(o)
		s.Ship(o)
		s.Write(func(tx *db.Tx) error { return flow.EraseCustomer(s.Ctx, tx, s.Customer) })
		set, err := change.Get(s.Ctx, s.DB, out.Set.ID)
		shop.Want(t, err, "")
		text, _ := json.Marshal(set)
		shop.Equal(t, "the address is there", strings.Contains(string(text)+string(set.Before)+string(set.After), "example.org"), false)
		_, err = s.TryUndo(set)
		shop.Want(t, err, "change.erased")
	})
}

// An undo that takes the last goods off an order cancels it with its charges.
func TestAnUndoThatLeavesNothingCancels(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 490, TaxRate: shop.VAT}}
		}, shop.Of("MUG", 1))
		_, out := s.Edit(o, s.Adding(shop.Of("TEA", 1)))
		s.Cancel(o, shop.Of("MUG", 1))
		s.Undo(out.Set)
		now := s.Order(o)
		shop.Equal(t, "status", now.Status, order.StatusCancelled)
		shop.Equal(t, "due", now.Due(), 0)
	})
}
