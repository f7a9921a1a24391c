package flow_test

import (
	"fmt"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

// company adds a company with a credit limit in cents.
func company(s *shop.Shop, limit int64) customer.Company {
	s.T.Helper()
	c := customer.Company{Name: "Byron & Sons", Currency: "EUR", CreditLimit: limit, Active: true}
	s.Write(func(tx *db.Tx) (err error) {
		c, err = customer.SaveCompany(s.Ctx, tx, c)
		return err
	})
	return c
}

// setLimit changes the company's limit and does the job that follows.
func setLimit(s *shop.Shop, c *customer.Company, limit int64) {
	s.T.Helper()
	c.CreditLimit = limit
	s.Write(func(tx *db.Tx) (err error) {
		*c, err = customer.SaveCompany(s.Ctx, tx, *c)
		return err
	})
	review(s, c.ID)
}

func review(s *shop.Shop, c id.Company) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) error {
		_, err := flow.ReviewCredit(s.Ctx, tx, c)
		return err
	})
}

// buys is an order of the company that is due in 30 days.
func buys(c id.Company) func(*flow.Placement) {
	return func(p *flow.Placement) { p.Company, p.Terms = c, &order.Terms{Days: 30} }
}

// waitsForCredit tells whether an active hold of an order is for credit.
func waitsForCredit(s *shop.Shop, o *order.Order) bool {
	for _, h := range s.Order(o).Holds {
		if h.Status == order.HoldActive && h.Reason == order.HoldCredit {
			return true
		}
	}
	return false
}

func exposure(s *shop.Shop, c id.Company) *flow.Exposure {
	s.T.Helper()
	e, err := flow.ExposureOf(s.Ctx, s.DB, s.Now(), c)
	if err != nil {
		s.T.Fatal(err)
	}
	return e
}

func TestAnOrderOverTheCreditLimitWaits(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 100_00)
		first := s.PlaceWith(buys(c.ID), shop.Of("MUG", 6))  // 75.00
		second := s.PlaceWith(buys(c.ID), shop.Of("MUG", 4)) // 50.00
		third := s.PlaceWith(buys(c.ID), shop.Of("MUG", 2))  // 25.00 still fits
		work(t, s, first, "BER open 6")
		work(t, s, second, "BER scheduled 4")
		work(t, s, third, "BER open 2")
		shop.Equal(t, "first waits", waitsForCredit(s, first), false)
		shop.Equal(t, "second waits", waitsForCredit(s, second), true)
		_, err := s.TryShip(flow.Shipping{Fulfillment: s.WorkAt(second, shop.Berlin).ID})
		shop.Want(t, err, "order.on_hold")

		s.Ship(first)
		s.ShipFrom(shop.Berlin, third, shop.Of("MUG", 1))
		e := exposure(s, c.ID)
		got := [5]int64{e.Receivable, e.Shipped, e.Released, e.Accepted, e.Held}
		shop.Equal(t, "receivable, shipped, released, accepted, held", got, [5]int64{87_50, 0, 12_50, 0, 50_00})

		// money makes room
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Pay(s.Ctx, tx, []flow.Paying{{Order: first.ID, Method: payment.Bank, Received: true}})
			return err
		})
		review(s, c.ID)
		shop.Equal(t, "second waits after the payment", waitsForCredit(s, second), false)
		work(t, s, second, "BER open 4")
	})
}

func TestTheLimitCountsAgainAtRelease(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 100_00)
		place := func(n int64) *order.Order {
			return s.PlaceWith(func(p *flow.Placement) { buys(c.ID)(p); p.Status = order.StatusPending }, shop.Of("MUG", n))
		}
		accept := func(o *order.Order) {
			t.Helper()
			s.Write(func(tx *db.Tx) error {
				_, err := flow.Accept(s.Ctx, tx, o.ID, 0, order.StatusOpen, false)
				return err
			})
		}
		one, two := place(4), place(4)
		shop.Equal(t, "accepted", exposure(s, c.ID).Accepted, 100_00)
		held, err := s.TryPlace(buys(c.ID), shop.Of("MUG", 1))
		shop.Want(t, err, "")
		shop.Equal(t, "a third waits", waitsForCredit(s, held), true)

		setLimit(s, &c, 60_00)
		accept(one)
		work(t, s, one, "BER scheduled 4") // all that was accepted is over the limit now
		shop.Equal(t, "one waits", waitsForCredit(s, one), true)
		accept(two)
		work(t, s, two, "BER open 4")

		// a person may end the hold, but not the limit
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ChangeOrder(s.Ctx, tx, one.ID, 0, func(o *order.Order) error {
				o.ReleaseReason(order.HoldCredit)
				return nil
			})
			return err
		})
		shop.Equal(t, "one waits again", waitsForCredit(s, one), true)
		work(t, s, one, "BER scheduled 4")

		s.Write(func(tx *db.Tx) error {
			_, err := flow.ApproveCredit(s.Ctx, tx, one.ID, 0, s.Now().Add(time.Hour), "they have always paid")
			return err
		})
		work(t, s, one, "BER open 4")
		setLimit(s, &c, 0)
		work(t, s, held, "BER open 1")
	})
}

func TestTwoOrdersAtOnceShareOneLimit(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		c := company(s, 100_00)
		orders := make([]*order.Order, 8)
		for i := range orders { // of different goods, so that nobody waits for stock
			s.AddVariant(fmt.Sprint("CUP", i), "37.50", nil)
			s.Receive(fmt.Sprint("CUP", i), shop.Berlin, 1)
		}
		tally(t, atOnce(len(orders), func(i int) (err error) {
			orders[i], err = s.TryPlace(buys(c.ID), shop.Of(fmt.Sprint("CUP", i), 1)) // two fit
			return err
		}))
		open := 0
		for _, o := range orders {
			for _, f := range s.Work(o) {
				if f.Status == fulfillment.Open {
					open++
				}
			}
		}
		shop.Equal(t, "released", open, 2)
	})
}

func TestALimitInAnotherCurrency(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		s.Rate("USD", "2026-01-01", "0.5")
		c := company(s, 100_00)
		c.Currency = "USD" // 100 USD are 50 EUR
		setLimit(s, &c, 100_00)
		shop.Equal(t, "fits", waitsForCredit(s, s.PlaceWith(buys(c.ID), shop.Of("MUG", 4))), false)
		shop.Equal(t, "is over", waitsForCredit(s, s.PlaceWith(buys(c.ID), shop.Of("MUG", 1))), true)
		shop.Equal(t, "in dollars", exposure(s, c.ID).Total(), 100_00)
	})
}

func TestTheRulesOfAGroupAreAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := shop.New(t, d)
		s.Receive("MUG", shop.Berlin, 100)
		group := &customer.Group{Name: "Resellers", MinOrder: 50_00, Currency: "EUR"}
		_, err := s.TryPlace(func(p *flow.Placement) { p.Group = group }, shop.Of("MUG", 3))
		shop.Want(t, err, "customer.group_rules")
		o := s.PlaceWith(func(p *flow.Placement) { p.Group, p.Owe = group, true }, shop.Of("MUG", 3))
		shop.Equal(t, "tags", len(s.Order(o).Tags.V), 1)
		shop.Equal(t, "tag", s.Order(o).Tags.V[0], flow.GroupRulesTag)
		s.PlaceWith(func(p *flow.Placement) { p.Group = group }, shop.Of("MUG", 4))
	})
}

// An edit is lent money like the order was: what it adds waits, also where a location may work on the order already,
// and waiting ends when there is room.
func TestAnEditOverTheCreditLimitWaits(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 100_00)
		o := s.PlaceWith(buys(c.ID), shop.Of("MUG", 6)) // 75.00
		other := s.PlaceWith(buys(c.ID), shop.Of("MUG", 1))
		work(t, s, o, "BER open 6")
		s.Edit(o, s.Quantity(o, "MUG", 7)) // 87.50, with the other all of it
		shop.Equal(t, "waits within the limit", waitsForCredit(s, o), false)
		_, out := s.Edit(o, s.Quantity(o, "MUG", 8))
		shop.Equal(t, "waits", waitsForCredit(s, o), true)
		shop.Equal(t, "the other waits", waitsForCredit(s, other), false)
		_, err := s.TryShip(flow.Shipping{Fulfillment: s.WorkAt(o, shop.Berlin).ID})
		shop.Want(t, err, "order.on_hold")
		e := exposure(s, c.ID)
		shop.Equal(t, "released, held", [2]int64{e.Released, e.Held}, [2]int64{12_50, 100_00})
		review(s, c.ID)
		shop.Equal(t, "waits after a look", waitsForCredit(s, o), true)

		s.Undo(out.Set)
		review(s, c.ID)
		shop.Equal(t, "waits after the undo", waitsForCredit(s, o), false)
		s.Ship(o)
		e = exposure(s, c.ID)
		shop.Equal(t, "receivable, released, held", [3]int64{e.Receivable, e.Released, e.Held}, [3]int64{87_50, 12_50, 0})

		s.Edit(other, s.Pricing(other, "MUG", "12.60"))
		shop.Equal(t, "a dearer price waits", waitsForCredit(s, other), true)
	})
}
