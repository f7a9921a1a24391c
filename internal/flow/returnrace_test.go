package flow_test

import (
	"testing"

	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// Goods come back, orders are cancelled and others are paid, all with one credit at once: all of it is done, and every cent counts once.
func TestGoodsComeBackWhileTheirCreditIsUsed(t *testing.T) {
	const rounds = 10
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2*rounds)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.GrantCredit(s.Ctx, tx, flow.Grant{Customer: s.Customer, Amount: money.Of(100_000, "EUR"), Reason: "goodwill"})
			return err
		})
		paying := func(o *order.Order) error {
			_, err := s.TryPay(flow.Paying{Order: o.ID, Gateway: payment.StoreCredits})
			return err
		}
		var back, begun, fresh []*order.Order
		for range rounds {
			o, part := s.Place(shop.Of("MUG", 1)), s.Place(shop.Of("MUG", 1), shop.Of("TEA", 1), shop.Of("WRAP", 1))
			for _, o := range []*order.Order{o, part} {
				shop.Want(t, paying(o), "")
				s.Ship(o)
			}
			back, begun, fresh = append(back, s.Order(o)), append(begun, s.Order(part)), append(fresh, s.Place(shop.Of("WRAP", 1)))
		}
		got := tally(t, atOnce(3*rounds, func(i int) error {
			switch o := back[i/3]; i % 3 {
			case 0:
				return takeBack(s, o, o.Lines[0].ID, 1, nil)
			case 1:
				return s.TryCancel(begun[i/3])
			}
			return paying(fresh[i/3])
		}))
		shop.Equal(t, "done", got[""], 3*rounds)
		for _, o := range back {
			shop.Equal(t, "refunded", s.Order(o).Refunded, 1250)
		}
		level(t, s, "MUG", shop.Berlin, rounds, 0, 0)
	})
}
