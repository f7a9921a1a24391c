package flow_test

import (
	"testing"

	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// sold is an order that was paid and shipped.
func sold(s *shop.Shop, items ...shop.Item) *order.Order {
	o := s.Place(items...)
	s.Pay(o)
	s.Ship(o)
	return s.Order(o)
}

// sendBack requests and approves a return of units of an order's lines to Berlin.
func sendBack(s *shop.Shop, o *order.Order, units ...flow.RequestedUnits) (r *returns.Return) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) (err error) {
		r, err = flow.RequestReturn(s.Ctx, tx, flow.ReturnRequest{Order: o.ID, Location: s.Location(shop.Berlin), RequestedBy: returns.ByCustomer, Lines: units})
		return err
	})
	s.Write(func(tx *db.Tx) (err error) {
		r, err = flow.ApproveReturn(s.Ctx, tx, r.ID, r.Version, s.Now().AddDate(0, 0, 30))
		return err
	})
	return r
}

// arrive receives all of a return.
func arrive(s *shop.Shop, r *returns.Return) (now *returns.Return) {
	s.T.Helper()
	var all []returns.Arrival
	for _, l := range r.Lines {
		all = append(all, returns.Arrival{Line: l.ID, Quantity: l.Quantity, Reception: returns.Arrived})
	}
	s.Write(func(tx *db.Tx) (err error) {
		now, err = flow.ReceiveReturn(s.Ctx, tx, r.ID, 0, all, nil)
		return err
	})
	return now
}

func judge(s *shop.Shop, r *returns.Return, verdicts ...flow.ReturnVerdict) error {
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.JudgeReturn(s.Ctx, tx, r.ID, 0, verdicts)
		return err
	})
}

func refundReturn(s *shop.Shop, in flow.ReturnRefund) (out flow.ReturnRefunded, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		out, err = flow.RefundReturn(s.Ctx, tx, in)
		return err
	})
	return out, err
}

// Classic bug 14: goods are in stock with their disposition, not before, and another disposition moves them.
func TestReturnRestocksOnlyOnDispositionAndReDispositionWorks(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5, "5.00")
		o := sold(s, shop.Of("MUG", 3))
		r := sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 3, Reason: "too big"})
		shop.Equal(t, "returns", s.Order(o).ReturnStatus, order.ReturnInProgress)
		r = arrive(s, r)
		level(t, s, "MUG", shop.Berlin, 2, 0, 0)
		_, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		level(t, s, "MUG", shop.Berlin, 2, 0, 0) // money moves no stock
		shop.Equal(t, "refunded", s.Order(o).Refunded, 3750)

		line := r.Lines[0].ID
		shop.Want(t, judge(s, r, flow.ReturnVerdict{Line: line, Quantity: 1, Disposition: returns.Scrap}, flow.ReturnVerdict{Line: line, Disposition: returns.Quarantine}), "")
		shop.Equal(t, "on hand", s.Level("MUG", shop.Berlin).OnHand, 4)
		shop.Equal(t, "in quality control", s.Level("MUG", shop.Berlin).QualityControl, 2)
		shop.Equal(t, "written off", s.Balance(accounting.WriteOffs), 500)
		s.Write(func(tx *db.Tx) error {
			if _, err := flow.InspectReturn(s.Ctx, tx, r.ID, 0); err != nil {
				return err
			}
			_, err := flow.CloseReturn(s.Ctx, tx, r.ID, 0)
			return err
		})
		shop.Equal(t, "returns", s.Order(o).ReturnStatus, order.ReturnReturned)

		now, err := returns.Get(s.Ctx, s.DB, r.ID)
		shop.Want(t, err, "")
		scrapped := now.Lines[1].ID
		shop.Want(t, judge(s, r, flow.ReturnVerdict{Line: scrapped, Disposition: returns.Restock}, flow.ReturnVerdict{Line: line, Disposition: returns.Restock}), "")
		level(t, s, "MUG", shop.Berlin, 5, 0, 0)
		shop.Equal(t, "written off", s.Balance(accounting.WriteOffs), 0)
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 2500)
		shop.Want(t, judge(s, r, flow.ReturnVerdict{Line: line, Disposition: returns.Scrap}), "")
		shop.Equal(t, "on hand", s.Level("MUG", shop.Berlin).OnHand, 3)
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 1500)
	})
}

func TestNoUnitIsReturnedTwice(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := sold(s, shop.Of("MUG", 3))
		line := s.Line(o, "MUG").ID
		r := sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 2})
		again := func(n int64) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.RequestReturn(s.Ctx, tx, flow.ReturnRequest{Order: o.ID, Location: s.Location(shop.Berlin), Lines: []flow.RequestedUnits{{Line: line, Quantity: n}}})
				return err
			})
		}
		shop.Want(t, again(2), "return.too_many")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.CancelReturn(s.Ctx, tx, r.ID, 0)
			return err
		})
		shop.Want(t, again(3), "")
		shop.Equal(t, "returns", s.Order(o).ReturnStatus, order.ReturnRequested)
	})
}

// Part of a kit comes back, and is worth its part of the kit's price.
func TestAComponentOfAKitComesBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		s.Receive("TEA", shop.Berlin, 1)
		o := sold(s, shop.Of("SET", 1))
		tea := s.Line(o, "TEA")
		r := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: tea.ID, Quantity: 1}))
		out, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "goods", out.Goods, tea.Total)
		r = arrive(s, sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 2}))
		_, err = refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "refunded", s.Order(o).Refunded, 3000)
	})
}

// A refund that fails leaves the stock alone, and is tried again.
func TestARefundThatFailsIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		p := s.PayCard(o, "tok_decline.refund")
		s.Ship(o)
		s.Settle(o)
		r := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 2}))
		_, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		s.Settle(o)
		level(t, s, "MUG", shop.Berlin, 3, 0, 0)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 0)
		failed := s.Payment(p).Refunds[0]
		shop.Equal(t, "refund", failed.Status, payment.RefundFailed)
		shop.Equal(t, "return", failed.Return, r.ID)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.RetryRefund(s.Ctx, tx, failed.ID)
			return err
		}), "")
		s.Settle(o)
		shop.Equal(t, "refund", s.Payment(p).Refunds[0].Status, payment.RefundFailed)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.CancelRefund(s.Ctx, tx, failed.ID)
			return err
		}), "")
		shop.Equal(t, "refund", s.Payment(p).Refunds[0].Status, payment.RefundCancelled)
	})
}

// Two tenders, a share of shipping and a fee: what is previewed is what happens, and all of it ends at zero.
func TestARefundOverTwoTendersWithShippingAndAFee(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 490, TaxRate: shop.VAT}}
		}, shop.Of("MUG", 3))
		cash := s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cash, Amount: 2000, Received: true})
		bank := s.PayWith(flow.Paying{Order: o.ID, Method: payment.Bank, Amount: 2240, Received: true})
		s.Ship(o)
		line := s.Line(o, "MUG").ID
		first := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 1}))
		in := flow.ReturnRefund{
			Return: first.ID, Shipping: true, Fees: []flow.ReturnFee{{Code: "restocking", Title: "Restocking", Amount: 200}},
			Parts: []flow.RefundPart{{Payment: cash.ID, Amount: 1000}, {Payment: bank.ID, Amount: 213}},
		}
		seen, err := flow.PreviewReturnRefund(s.Ctx, s.DB, in)
		shop.Want(t, err, "")
		shop.Equal(t, "previewed", [4]int64{seen.Goods, seen.Shipping, seen.Fees, seen.Refund}, [4]int64{1250, 163, 200, 1213})
		shop.Equal(t, "refunded", s.Order(o).Refunded, 0)
		done, err := refundReturn(s, in)
		shop.Want(t, err, "")
		shop.Equal(t, "refund", done.Refund, seen.Refund)
		shop.Equal(t, "of cash", s.Payment(cash).Refunded, 1000)
		shop.Equal(t, "of bank", s.Payment(bank).Refunded, 213)
		_, err = refundReturn(s, in)
		shop.Want(t, err, "return.nothing_to_refund")

		rest := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 2}))
		_, err = refundReturn(s, flow.ReturnRefund{Return: rest.ID, Shipping: true, Parts: []flow.RefundPart{{Payment: cash.ID, Amount: 1000}, {Payment: bank.ID, Amount: 1900}}})
		shop.Want(t, err, "return.parts")
		_, err = refundReturn(s, flow.ReturnRefund{Return: rest.ID, Shipping: true})
		shop.Want(t, err, "")
		o = s.Order(o)
		shop.Equal(t, "the fee is kept", o.Paid(), 200)
		shop.Equal(t, "balance", o.Balance(), 0)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
	})
}

func TestABlindReturnIsPaidOutOfTheTill(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 1, "5.00")
		var r *returns.Return
		s.Write(func(tx *db.Tx) (err error) {
			r, err = flow.RequestReturn(s.Ctx, tx, flow.ReturnRequest{
				Location: s.Location(shop.Berlin), Currency: "EUR", Lines: []flow.RequestedUnits{{Variant: s.Variant("MUG"), Quantity: 1, Total: 1250, Tax: 200}},
			})
			if err != nil {
				return err
			}
			_, err = flow.ApproveReturn(s.Ctx, tx, r.ID, 0, s.Now().AddDate(0, 0, 1))
			return err
		})
		r = arrive(s, r)
		out, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "refund", out.Refund, 1250)
		shop.Equal(t, "cash", s.Balance(accounting.Cash), -1250)
		shop.Want(t, judge(s, r, flow.ReturnVerdict{Line: r.Lines[0].ID, Disposition: returns.Restock}), "")
		level(t, s, "MUG", shop.Berlin, 2, 0, 0)
	})
}

func TestWhatCameIsNotWhatWasAnnounced(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := sold(s, shop.Of("MUG", 3))
		line := s.Line(o, "MUG").ID
		r := sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 2})
		at := s.Location(shop.Munich)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ReceiveReturn(s.Ctx, tx, r.ID, 0,
				[]returns.Arrival{{Line: r.Lines[0].ID, Quantity: 1, Reception: returns.WrongItem}},
				[]flow.ExtraUnits{{Variant: s.Variant("TEA"), Quantity: 1, Location: at, Disposition: returns.Restock}, {Line: line, Quantity: 1, Resolution: returns.Refund}})
			return err
		})
		level(t, s, "TEA", shop.Munich, 1, 0, 0)
		shop.Equal(t, "returned", s.Line(o, "MUG").Returned, 1)
		out, err := refundReturn(s, flow.ReturnRefund{Return: r.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "refund", out.Refund, 1250)
	})
}

func TestAnApprovalRunsOut(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 1)
		o := sold(s, shop.Of("MUG", 1))
		r := sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 1})
		expire := func() (n int) {
			s.Write(func(tx *db.Tx) (err error) {
				n, err = flow.ExpireReturns(s.Ctx, tx)
				return err
			})
			return n
		}
		shop.Equal(t, "expired", expire(), 0)
		s.Sleep(31 * 24 * 3600 * 1e9)
		shop.Equal(t, "expired", expire(), 1)
		now, err := returns.Get(s.Ctx, s.DB, r.ID)
		shop.Want(t, err, "")
		shop.Equal(t, "status", now.Status, returns.Expired)
		shop.Equal(t, "returns", s.Order(o).ReturnStatus, order.ReturnNone)
	})
}
