package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// swap is an action that exchanges units of a line; without a SKU for the same.
func swap(s *shop.Shop, o *order.Order, sku string, n int64, instead string, release returns.Release) change.Action {
	s.T.Helper()
	var v id.Variant
	if instead != "" {
		v = s.Variant(instead)
	}
	a, err := flow.ExchangeAction(flow.Exchange{Location: s.Location(shop.Berlin), Until: s.Now().AddDate(0, 0, 30).Truncate(time.Second), Release: release},
		s.Line(o, sku).ID, n, "another color", v, nil)
	shop.Want(s.T, err, "")
	return a
}

func exchange(s *shop.Shop, o *order.Order, actions ...change.Action) (out flow.Outcome, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		out, err = flow.EditOrder(s.Ctx, tx, flow.NewChange{Order: o.ID, Kind: change.Exchange, Actions: actions}, flow.SettleNothing)
		return err
	})
	return out, err
}

func returnOf(s *shop.Shop, r *returns.Return) *returns.Return {
	s.T.Helper()
	now, err := returns.Get(s.Ctx, s.DB, r.ID)
	shop.Want(s.T, err, "")
	return now
}

// replacement is the work for what goes out.
func replacement(s *shop.Shop, o *order.Order) *fulfillment.Order {
	work := s.Work(o)
	return work[len(work)-1]
}

// What goes out costs more: the difference is asked for, and the goods leave once theirs have come and it is paid.
func TestAnExchangeWithAPriceDifference(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("POT", shop.Berlin, 3)
		o := sold(s, shop.Of("MUG", 2))
		set := s.DraftExchange(o, swap(s, o, "MUG", 2, "POT", returns.ReleaseReceipt))
		seen, err := flow.PreviewChange(s.Ctx, s.DB, flow.Confirmation{Set: set.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "to be collected", [2]int64{seen.Collect, seen.AfterReceipt}, [2]int64{9000 - 2500, 0})
		level(t, s, "POT", shop.Berlin, 3, 0, 0)

		var out flow.Outcome
		s.Write(func(tx *db.Tx) (err error) {
			out, err = flow.ConfirmChange(s.Ctx, tx, flow.Confirmation{Set: set.ID})
			return err
		})
		level(t, s, "POT", shop.Berlin, 3, 2, 0)
		shop.Equal(t, "return", out.Return.Status, returns.Approved)
		shop.Equal(t, "work", replacement(s, o).Status, fulfillment.Scheduled)
		shop.Equal(t, "held", s.Order(o).FulfillmentStatus, order.FulfillmentOnHold)
		s.PayWith(flow.Paying{Order: o.ID, Method: payment.Bank, Received: true})
		shop.Equal(t, "paid", s.Order(o).Captured, 9000)
		shop.Equal(t, "work", replacement(s, o).Status, fulfillment.Scheduled)

		r := arrive(s, out.Return)
		shop.Equal(t, "work", replacement(s, o).Status, fulfillment.Open)
		s.Ship(o)
		done, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "goods and refund", [2]int64{done.Goods, done.Refund}, [2]int64{2500, 0})
		shop.Want(t, finishReturn(s, r), "")
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "invoiced, credited, awaited", [3]int64{o.Invoiced, o.Credited, o.Awaited}, [3]int64{11500, 2500, 0})
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
		shop.Equal(t, "bank", s.Balance(accounting.Tender(string(payment.Bank))), 9000)
	})
}

// What goes out costs less: the difference goes back once the goods have come.
func TestAnExchangeForLessIsPaidBackAfterReceipt(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 1)
		s.Receive("TEA", shop.Berlin, 1)
		o := sold(s, shop.Of("MUG", 1))
		out, err := exchange(s, o, swap(s, o, "MUG", 1, "TEA", returns.ReleaseInTransit))
		shop.Want(t, err, "")
		shop.Equal(t, "collect, give back, after receipt", [3]int64{out.Collect, out.GiveBack, out.AfterReceipt}, [3]int64{0, 0, 450})
		shop.Equal(t, "work", replacement(s, o).Status, fulfillment.Scheduled)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.SendReturn(s.Ctx, tx, out.Return.ID, 0, "DHL", "JJD1")
			return err
		})
		shop.Equal(t, "work", replacement(s, o).Status, fulfillment.Open)
		s.Ship(o)
		r := arrive(s, out.Return)
		done, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "refund", done.Refund, 450)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 450)
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)
	})
}

// The same goods cost to the cent what was paid for those that come back, whatever discounts and tax were on them.
func TestTheSameGoodsAreExchangedEven(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 20)
		s.Receive("TEA", shop.Berlin, 20)
		for _, inclusive := range []bool{true, false} {
			o := s.PlaceWith(func(p *flow.Placement) {
				p.TaxInclusive = inclusive
				p.Discounts = []order.DraftDiscount{{Kind: order.DiscountPercent, Rate: 123_400, Title: "Sale"}, {Kind: order.DiscountAmount, Amount: 101, Title: "Sorry"}}
			}, shop.Of("MUG", 3).At("9.99"), shop.Of("SET", 1))
			s.Pay(o)
			s.Ship(o)
			for _, sku := range []string{"MUG", "MUG", "SET"} {
				before := s.Order(o).Balance()
				out, err := exchange(s, o, swap(s, o, sku, 1, "", returns.ReleaseAtOnce))
				shop.Want(t, err, "")
				shop.Equal(t, "collect, after receipt", [2]int64{out.Collect, out.AfterReceipt}, [2]int64{0, 0})
				s.Ship(o)
				_, err = refundReturn(s, flow.ReturnRefund{Return: arrive(s, out.Return).ID})
				shop.Want(t, err, "")
				shop.Equal(t, "balance", s.Order(o).Balance(), before)
			}
			shop.Equal(t, "refunded", s.Order(o).Refunded, 0)
			shop.Equal(t, "status", s.Order(o).ReturnStatus, order.ReturnInProgress)
		}
	})
}

// Who does not send the goods gets nothing instead; what has left is owed.
func TestAReturnThatIsDroppedDropsItsReplacements(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 4)
		o := sold(s, shop.Of("MUG", 2))
		first, err := exchange(s, o, swap(s, o, "MUG", 1, "TEA", returns.ReleaseReceipt))
		shop.Want(t, err, "")
		level(t, s, "TEA", shop.Berlin, 4, 1, 0)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.CancelReturn(s.Ctx, tx, first.Return.ID, 0)
			return err
		})
		level(t, s, "TEA", shop.Berlin, 4, 0, 0)
		o = s.Order(o)
		shop.Equal(t, "balance, holds, awaited", [3]int64{o.Balance(), o.ActiveHolds, o.Awaited}, [3]int64{0, 0, 0})
		shop.Equal(t, "status", o.Status, order.StatusCompleted)

		second, err := exchange(s, o, swap(s, o, "MUG", 2, "TEA", returns.ReleaseAtOnce))
		shop.Want(t, err, "")
		s.Ship(o)
		s.Sleep(31 * 24 * time.Hour)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ExpireReturns(s.Ctx, tx)
			return err
		})
		shop.Equal(t, "return", returnOf(s, second.Return).Status, returns.Expired)
		shop.Equal(t, "balance", s.Order(o).Balance(), 1600)
	})
}

// An exchange is undone whole: the replacement and the return, by records of their own.
func TestAnExchangeIsUndone(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("POT", shop.Berlin, 1)
		o := sold(s, shop.Of("MUG", 1), shop.Of("SET", 1).At("0"))
		out, err := exchange(s, o, swap(s, o, "MUG", 1, "POT", returns.ReleaseReceipt))
		shop.Want(t, err, "")
		counter := s.Undo(out.Set)
		shop.Equal(t, "return", returnOf(s, out.Return).Status, returns.Cancelled)
		level(t, s, "POT", shop.Berlin, 1, 0, 0)
		now := s.Order(o)
		shop.Equal(t, "balance, awaited, holds", [3]int64{now.Balance(), now.Awaited, now.ActiveHolds}, [3]int64{0, 0, 0})
		_, err = s.TryUndo(counter.Set)
		shop.Want(t, err, "change.exchange_undone")

		again, err := exchange(s, o, swap(s, o, "MUG", 1, "POT", returns.ReleaseReceipt))
		shop.Want(t, err, "")
		arrive(s, again.Return)
		_, err = s.TryUndo(again.Set)
		shop.Want(t, err, "return.received")
	})
}

// A return that the customer asked for becomes an exchange, and is one no more when that is undone.
func TestAReturnBecomesAnExchange(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		s.Receive("POT", shop.Berlin, 1)
		o := sold(s, shop.Of("MUG", 2))
		line := s.Line(o, "MUG").ID
		r := sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 1, Resolution: returns.Exchange})
		shop.Equal(t, "awaited before there is a replacement", s.Order(o).Awaited, 0)
		a, err := flow.ExchangeAction(flow.Exchange{Return: r.ID, Release: returns.ReleaseReceipt}, line, 1, "", s.Variant("POT"), nil)
		shop.Want(t, err, "")
		out, err := exchange(s, o, a)
		shop.Want(t, err, "")
		shop.Equal(t, "return", out.Return.ID, r.ID)
		shop.Equal(t, "awaited", s.Order(o).Awaited, 1250)
		_, err = exchange(s, o, a)
		shop.Want(t, err, "return.exchanged")
		s.Undo(out.Set)
		shop.Equal(t, "return", returnOf(s, r).Status, returns.Approved)
		shop.Equal(t, "awaited", s.Order(o).Awaited, 0)
	})
}

// Other goods of the order do not wait for what comes back, and are asked for as before.
func TestAnExchangeHoldsNothingElse(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 3)
		o := s.Place(shop.Of("MUG", 1), shop.Of("TEA", 1))
		s.Pay(o)
		s.Ship(o)
		_, err := exchange(s, o, swap(s, o, "MUG", 1, "", returns.ReleaseReceipt))
		shop.Want(t, err, "")
		s.Receive("TEA", shop.Berlin, 1) // what was owed goes to work of its own
		var held, open int
		for _, f := range s.Work(o) {
			switch f.Status {
			case fulfillment.Scheduled:
				held++
			case fulfillment.Open:
				open++
			}
		}
		shop.Equal(t, "held and open", [2]int{held, open}, [2]int{1, 1})
		_, err = exchange(s, o, s.Quantity(o, "TEA", 5), swap(s, o, "MUG", 1, "", returns.ReleaseReceipt))
		shop.Want(t, err, "change.bad_action")
		bad := swap(s, o, "MUG", 1, "", "some day")
		_, err = exchange(s, o, bad)
		shop.Want(t, err, "return.bad_release")
		_, err = s.TryEdit(o, bad)
		shop.Want(t, err, "change.bad_action")
		price := money.Micros(1)
		dear, err := flow.ExchangeAction(flow.Exchange{Location: s.Location(shop.Berlin), Release: returns.ReleaseReceipt}, s.Line(o, "TEA").ID, 1, "", id.Variant{}, &price)
		shop.Want(t, err, "")
		_, err = exchange(s, o, dear)
		shop.Want(t, err, "order.too_many")
	})
}
