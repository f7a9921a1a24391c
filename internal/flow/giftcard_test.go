package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/credit"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// giftCard gives a gift card away, and returns its code.
func giftCard(s *shop.Shop, amount int64, currency money.Currency) (code string, c *credit.Credit) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) (err error) {
		if c, err = flow.IssueGiftCard(s.Ctx, tx, money.Of(amount, currency), "", "a present"); err != nil {
			return err
		}
		code, c, err = flow.NewGiftCardCode(s.Ctx, tx, c.ID)
		return err
	})
	return code, c
}

// storeCredit grants Ada an amount of EUR.
func storeCredit(s *shop.Shop, amount int64) (c *credit.Credit) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) (err error) {
		c, err = flow.GrantCredit(s.Ctx, tx, flow.Grant{Customer: s.Customer, Amount: money.Of(amount, "EUR"), Reason: "goodwill"})
		return err
	})
	return c
}

// purse checks what a credit has and what orders hold of it.
func purse(t *testing.T, s *shop.Shop, c *credit.Credit, balance, held int64) {
	t.Helper()
	now, err := credit.Get(s.Ctx, s.DB, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if now.Balance != balance || now.Held != held {
		t.Errorf("the %s has %d, of which %d are held; want %d and %d", now.Kind, now.Balance, now.Held, balance, held)
	}
}

func payCard(o *order.Order, code string, amount int64) flow.Paying {
	return flow.Paying{Order: o.ID, Gateway: payment.GiftCards, Token: code, Amount: amount}
}

func TestAGiftCardIsHeldAndPaysWhatLeaves(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		code, c := giftCard(s, 6000, "EUR")
		o := s.Place(shop.Of("MUG", 4)) // 50.00
		p := s.PayWith(payCard(o, code, 0))
		shop.Equal(t, "label", p.Label, "Gift card ending "+c.LastFour)
		account(t, s, o, 5000, 0, 0)
		purse(t, s, c, 6000, 5000)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		account(t, s, o, 3750, 1250, 0)
		purse(t, s, c, 4750, 3750)
		s.Cancel(o, shop.Of("MUG", 1)) // less is owed than is held
		s.Ship(o)
		account(t, s, o, 1250, 3750, 0)
		s.Write(func(tx *db.Tx) error { _, err := flow.Void(s.Ctx, tx, p.ID); return err })
		purse(t, s, c, 2250, 0)
		s.Refund(o, 1000)
		account(t, s, o, 0, 3750, 1000)
		purse(t, s, c, 3250, 0)
		shop.Equal(t, "owed to holders of cards", s.Balance(accounting.StoreCredit), -3250)
		shop.Equal(t, "at gateways", s.Balance(accounting.Clearing), 0)
	})
}

func TestACancelledOrderGivesBackWhatItHeld(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		c := storeCredit(s, 2000)
		o := s.Place(shop.Of("MUG", 2))
		pay := flow.Paying{Order: o.ID, Gateway: payment.StoreCredits}
		s.PayWith(pay) // 20.00 of 25.00
		purse(t, s, c, 2000, 2000)
		account(t, s, o, 2000, 0, 0)
		other := s.Place(shop.Of("MUG", 1))
		_, err := s.TryPay(flow.Paying{Order: other.ID, Gateway: payment.StoreCredits})
		shop.Want(t, err, "credit.not_enough")
		s.Cancel(o)
		purse(t, s, c, 2000, 0)
		account(t, s, o, 0, 0, 0)
		s.PayWith(flow.Paying{Order: other.ID, Gateway: payment.StoreCredits})
		s.Ship(other)
		purse(t, s, c, 750, 0)
		shop.Equal(t, "status", s.Order(other).Status, order.StatusCompleted)
	})
}

func TestMoneyGoesBackAsStoreCredit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 4))
		s.Authorize(o)
		s.Ship(o)
		s.Settle(o)
		back := flow.Refunding{Order: o.ID, Amount: 3000, Reason: "return", AsCredit: true}
		refund := func() error {
			return s.Try(func(tx *db.Tx) error { return flow.Refund(s.Ctx, tx, []flow.Refunding{back}) })
		}
		shop.Want(t, refund(), "")
		account(t, s, o, 0, 5000, 3000)
		shop.Want(t, refund(), "payment.not_refundable")
		s.Settle(o) // the gateway is not asked
		shop.Equal(t, "at the gateway", s.Balance(accounting.Clearing), 5000)
		c, err := credit.OfCustomer(s.Ctx, s.DB, s.Customer, "EUR")
		if err != nil {
			t.Fatal(err)
		}
		purse(t, s, c, 3000, 0)
		s.Refund(o, 2000) // the rest goes to the card
		s.Settle(o)
		shop.Equal(t, "at the gateway", s.Balance(accounting.Clearing), 3000)
		nobody := s.PlaceWith(func(p *flow.Placement) { p.Customer = id.Customer{} }, shop.Of("MUG", 1))
		s.Pay(nobody)
		back.Order = nobody.ID
		back.Amount = 100
		shop.Want(t, refund(), "credit.no_customer")
	})
}

func TestGiftCardsThatAreSold(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		kind := catalog.GiftCard
		s.AddVariant("GIFT", "40.00", func(v *catalog.VariantInput) { v.Kind = &kind })
		o := s.Place(shop.Of("MUG", 1), shop.Of("GIFT", 2))
		shop.Equal(t, "tax", s.Line(o, "GIFT").Tax, 0)
		s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cash, Amount: 100, Received: true})
		s.Ship(o)
		cards, _, err := credit.List(s.Ctx, s.DB, credit.Filter{Order: o.ID, Limit: 10})
		if err != nil || len(cards) != 2 {
			t.Fatalf("%d cards were issued: %v", len(cards), err)
		}
		makeCode := func(c credit.Credit) (code string, err error) {
			err = s.Try(func(tx *db.Tx) error {
				code, _, err = flow.NewGiftCardCode(s.Ctx, tx, c.ID)
				return err
			})
			return code, err
		}
		_, err = makeCode(cards[0])
		shop.Want(t, err, "credit.pending") // it left, but was not paid for
		s.Pay(o)
		old, err := makeCode(cards[0])
		shop.Want(t, err, "")
		code, err := makeCode(cards[0])
		shop.Want(t, err, "")
		shop.Equal(t, "owed", s.Balance(accounting.StoreCredit), -8000)
		sales := s.Balance(accounting.Sales)
		shop.Equal(t, "revenue", sales, -1050) // of the mug, without tax

		next := s.Place(shop.Of("MUG", 1))
		_, err = s.TryPay(payCard(next, old, 0))
		shop.Want(t, err, "credit.bad_code")
		s.PayWith(payCard(next, " "+code[:9]+code[10:], 0)) // as people type it
		s.Ship(next)
		shop.Equal(t, "owed", s.Balance(accounting.StoreCredit), -6750)
		shop.Equal(t, "revenue", s.Balance(accounting.Sales)-sales, -1050)
	})
}

func TestCreditsThatCannotBeSpent(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Rate("USD", s.Now().Format(time.DateOnly), "0.9")
		code, c := giftCard(s, 5000, "EUR")
		o := s.Place(shop.Of("MUG", 2))
		try := func(p flow.Paying) error { _, err := s.TryPay(p); return err }
		set := func(do func(tx *db.Tx) (*credit.Credit, error)) {
			s.Write(func(tx *db.Tx) error { _, err := do(tx); return err })
		}
		shop.Want(t, try(payCard(o, "AAAA-AAAA-AAAA-AAAA", 0)), "credit.bad_code")
		shop.Want(t, try(flow.Paying{Order: o.ID, Gateway: payment.StoreCredits}), "credit.none")
		shop.Want(t, try(payCard(o, code, 5001)), "credit.not_enough")
		p := payCard(o, code, 100)
		p.Currency = "USD"
		shop.Want(t, try(p), "credit.other_currency")
		set(func(tx *db.Tx) (*credit.Credit, error) {
			return credit.SetStatus(s.Ctx, tx, c.ID, credit.Disabled, "lost")
		})
		shop.Want(t, try(payCard(o, code, 0)), "credit.disabled")
		set(func(tx *db.Tx) (*credit.Credit, error) {
			return credit.SetStatus(s.Ctx, tx, c.ID, credit.Active, "found")
		})
		s.PayWith(payCard(o, code, 1000))
		set(func(tx *db.Tx) (*credit.Credit, error) { return credit.SetExpiry(s.Ctx, tx, c.ID, "2026-03-04", "") })
		s.Sleep(4 * 24 * time.Hour)
		shop.Want(t, try(payCard(o, code, 0)), "credit.expired")
		s.Write(func(tx *db.Tx) error { _, err := flow.ExpireCredits(s.Ctx, tx); return err })
		purse(t, s, c, 1000, 1000) // what the order holds stays its own
		shop.Equal(t, "breakage", s.Balance(accounting.Breakage), -4000)
		s.Ship(o)
		purse(t, s, c, 0, 0)
	})
}

func TestValueThatIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		c := storeCredit(s, 3000)
		take := func(amount int64, reason string, flow func(tx *db.Tx, amount int64, reason string) error) error {
			return s.Try(func(tx *db.Tx) error { return flow(tx, amount, reason) })
		}
		payout := func(tx *db.Tx, n int64, why string) error {
			_, err := flow.PayOutCredit(s.Ctx, tx, c.ID, n, why)
			return err
		}
		void := func(tx *db.Tx, n int64, why string) error {
			_, err := flow.VoidCredit(s.Ctx, tx, c.ID, n, why)
			return err
		}
		shop.Want(t, take(1000, "", payout), "credit.no_reason")
		shop.Want(t, take(3001, "moves away", payout), "credit.not_enough")
		shop.Want(t, take(1000, "moves away", payout), "")
		shop.Equal(t, "cash", s.Balance(accounting.Cash), -1000)
		shop.Want(t, take(0, "granted twice", void), "")
		purse(t, s, c, 0, 0)
		shop.Want(t, take(0, "again", void), "credit.empty")
		shop.Equal(t, "granted", s.Balance(accounting.SalesReturns), 1000)
	})
}

func TestAForeignGiftCardLeavesNothingInTheBooks(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Rate("USD", s.Now().Format(time.DateOnly), "0.9")
		code, c := giftCard(s, 5000, "USD")
		s.Sleep(24 * time.Hour)
		s.Rate("USD", s.Now().Format(time.DateOnly), "0.8")
		o := s.Place(shop.Of("MUG", 4)) // 50.00 EUR
		p := s.PayWith(payCard(o, code, 0))
		shop.Equal(t, "pays", p.OrderAmount, 4000) // at today's rate
		s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cash, Amount: 1000, Received: true})
		s.Ship(o)
		purse(t, s, c, 0, 0)
		shop.Equal(t, "owed to holders of cards", s.Balance(accounting.StoreCredit), 0)
		shop.Equal(t, "owed by the customer", s.Balance(accounting.Receivable), 0)
		shop.Equal(t, "exchange", s.Balance(accounting.FX), -500) // a debt of 45.00 was paid with 40.00
	})
}

func TestAGiftCardPaysNoCentTwice(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const buyers = 100
		s.Receive("MUG", shop.Berlin, buyers)
		code, c := giftCard(s, 1000, "EUR")
		rich := storeCredit(s, 1000)
		orders := make([]*order.Order, buyers)
		for i := range orders {
			orders[i] = s.Place(shop.Of("MUG", 1).At("1.50"))
		}
		got := tally(t, atOnce(buyers, func(i int) error {
			_, err := s.TryPay(payCard(orders[i], code, 150))
			return err
		}))
		shop.Equal(t, "paid", got[""], 6)
		shop.Equal(t, "refused", got["credit.not_enough"], buyers-6)
		purse(t, s, c, 1000, 900)
		got = tally(t, atOnce(buyers, func(i int) error {
			_, err := s.TryPay(flow.Paying{Order: orders[i].ID, Gateway: payment.StoreCredits, Amount: 1000})
			return err
		}))
		shop.Equal(t, "paid", got[""], 1)
		purse(t, s, rich, 1000, 1000)
	})
}
