package flow_test

import (
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/credit"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// creditOfAda is what Ada has in EUR.
func creditOfAda(s *shop.Shop) int64 {
	c, err := credit.OfCustomer(s.Ctx, s.DB, s.Customer, "EUR")
	shop.Want(s.T, err, "")
	return c.Balance
}

// finishReturn restocks, inspects and closes a return whose goods are here.
func finishReturn(s *shop.Shop, r *returns.Return) error {
	return s.Try(func(tx *db.Tx) error {
		now, err := returns.Get(s.Ctx, tx, r.ID)
		if err != nil {
			return err
		}
		var all []flow.ReturnVerdict
		for _, l := range now.Lines {
			all = append(all, flow.ReturnVerdict{Line: l.ID, Disposition: returns.Restock})
		}
		if _, err := flow.JudgeReturn(s.Ctx, tx, r.ID, 0, all); err != nil {
			return err
		}
		if _, err := flow.InspectReturn(s.Ctx, tx, r.ID, 0); err != nil {
			return err
		}
		_, err = flow.CloseReturn(s.Ctx, tx, r.ID, 0)
		return err
	})
}

// One line is given back in money and one as store credit: the fee is shared, and the books owe exactly the credit.
func TestAReturnIsGivenBackAsMoneyAndStoreCredit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("TEA", shop.Berlin, 5)
		o := sold(s, shop.Of("MUG", 2), shop.Of("TEA", 1))
		r := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 1},
			flow.RequestedUnits{Line: s.Line(o, "TEA").ID, Quantity: 1, Resolution: returns.StoreCredit}))
		shop.Want(t, finishReturn(s, r), "return.not_credited")

		in := flow.ReturnRefund{Return: r.ID, Fees: []flow.ReturnFee{{Code: "restocking", Title: "Restocking", Amount: 205}}}
		seen, err := flow.PreviewReturnRefund(s.Ctx, s.DB, in)
		shop.Want(t, err, "")
		shop.Equal(t, "previewed", [4]int64{seen.Goods, seen.Fees, seen.Refund, seen.Credit}, [4]int64{2050, 205, 1125, 720})
		_, err = credit.OfCustomer(s.Ctx, s.DB, s.Customer, "EUR")
		shop.Want(t, err, "credit.none")
		done, err := refundReturn(s, in)
		shop.Want(t, err, "")
		shop.Equal(t, "given as credit", done.Credit, seen.Credit)
		shop.Equal(t, "store credit", creditOfAda(s), 720)
		shop.Equal(t, "owed as credit", s.Balance(accounting.StoreCredit), -720)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 1125+720)
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
		shop.Want(t, finishReturn(s, r), "")
	})
}

// Gift card first or last, and a person who says it otherwise.
func TestARefundGoesOverTendersInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 10)
		refunded := func(first, last []payment.Method, parts func(cash, card *payment.Payment) []flow.RefundPart) [2]int64 {
			s.Write(func(tx *db.Tx) error {
				return payment.SavePolicy(s.Ctx, tx, payment.Policy{Late: payment.LatePropose, Refunds: payment.Tenders{First: first, Last: last}})
			})
			o := s.Place(shop.Of("MUG", 2))
			code, _ := giftCard(s, 1500, "EUR")
			gift := s.PayWith(payCard(o, code, 1500))
			cash := s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cash, Amount: 1000, Received: true})
			s.Ship(o)
			r := arrive(s, sendBack(s, o, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 1}))
			in := flow.ReturnRefund{Return: r.ID}
			if parts != nil {
				in.Parts = parts(cash, gift)
			}
			_, err := refundReturn(s, in)
			shop.Want(t, err, "")
			return [2]int64{s.Payment(cash).Refunded, s.Payment(gift).Refunded}
		}
		shop.Equal(t, "cash and gift card", refunded(nil, nil, nil), [2]int64{0, 1250})
		shop.Equal(t, "cash first", refunded([]payment.Method{payment.Cash}, nil, nil), [2]int64{1000, 250})
		shop.Equal(t, "gift card last", refunded(nil, []payment.Method{payment.GiftCard}, nil), [2]int64{1000, 250})
		shop.Equal(t, "as somebody says", refunded(nil, []payment.Method{payment.GiftCard}, func(cash, gift *payment.Payment) []flow.RefundPart {
			return []flow.RefundPart{{Payment: gift.ID, Amount: 1000}, {Payment: cash.ID, Amount: 250}}
		}), [2]int64{250, 1000})
	})
}

func TestABlindReturnIsGivenAsStoreCredit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		ask := func(customer id.Customer) *returns.Return {
			var r *returns.Return
			s.Write(func(tx *db.Tx) (err error) {
				r, err = flow.RequestReturn(s.Ctx, tx, flow.ReturnRequest{
					Customer: customer, Location: s.Location(shop.Berlin), Currency: "EUR", Lines: []flow.RequestedUnits{
						{Variant: s.Variant("MUG"), Quantity: 1, Total: 1250, Tax: 200, Resolution: returns.StoreCredit},
						{Variant: s.Variant("TEA"), Quantity: 1, Total: 800, Tax: 128},
					},
				})
				if err != nil {
					return err
				}
				_, err = flow.ApproveReturn(s.Ctx, tx, r.ID, 0, s.Now().AddDate(0, 0, 1))
				return err
			})
			return arrive(s, r)
		}
		_, err := refundReturn(s, flow.ReturnRefund{Return: ask(id.Customer{}).ID})
		shop.Want(t, err, "credit.no_customer")
		out, err := refundReturn(s, flow.ReturnRefund{Return: ask(s.Customer).ID})
		shop.Want(t, err, "")
		shop.Equal(t, "money and credit", [2]int64{out.Refund, out.Credit}, [2]int64{800, 1250})
		shop.Equal(t, "cash", s.Balance(accounting.Cash), -800)
		shop.Equal(t, "owed as credit", s.Balance(accounting.StoreCredit), -1250)
		shop.Equal(t, "store credit", creditOfAda(s), 1250)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
	})
}
