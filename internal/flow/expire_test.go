package flow_test

import (
	"testing"
	"time"

	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// waiting places an order that is accepted and runs out in an hour.
func waiting(s *shop.Shop) *order.Order {
	s.T.Helper()
	return s.PlaceWith(func(p *flow.Placement) {
		p.Status, p.ExpiresAt = order.StatusPending, s.Now().Add(time.Hour)
	}, shop.Of("MUG", 2))
}

// expire runs the job that cancels what ran out.
func expire(s *shop.Shop) error {
	for {
		var n int
		err := s.Try(func(tx *db.Tx) (err error) {
			n, err = flow.CancelExpired(s.Ctx, tx)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// owed checks that money of a cancelled order is kept, owed to the customer, and offered back.
func owed(t *testing.T, s *shop.Shop, o *order.Order, amount int64, status payment.RefundStatus) *payment.Refund {
	t.Helper()
	o = s.Order(o)
	shop.Equal(t, "status", o.Status, order.StatusCancelled)
	shop.Equal(t, "payment status", o.PaymentStatus, order.PaymentOverpaid)
	shop.Equal(t, "balance", o.Balance(), -amount)
	refunds, _, err := payment.Refunds(s.Ctx, s.DB, payment.RefundFilter{Order: o.ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(refunds) != 1 || refunds[0].Amount != amount || refunds[0].Status != status {
		t.Fatalf("the refunds are %+v, want one of %d that is %s", refunds, amount, status)
	}
	return &refunds[0]
}

func TestAnOrderThatIsPaidDoesNotRunOut(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		unpaid, paid := waiting(s), waiting(s)
		s.Pay(paid)
		s.Sleep(2 * time.Hour)
		shop.Want(t, expire(s), "")
		shop.Equal(t, "nobody pays", s.Order(unpaid).Status, order.StatusCancelled)
		shop.Equal(t, "it is paid", s.Order(paid).Status, order.StatusPending)
		if until := s.Order(paid).ExpiresAt; !until.IsZero() {
			t.Errorf("it still runs out at %s", until)
		}
		level(t, s, "MUG", shop.Berlin, 9, 2, 0)
	})
}

func TestAnOrderThatIsBeingPaidWaitsForItsGateway(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		good, bad, left := waiting(s), waiting(s), waiting(s)
		s.PayCard(good, "tok_visa")
		s.PayCard(bad, "tok_decline")
		s.PayCard(left, "tok_action") // the customer leaves the gateway's page
		s.CallGateway(left)
		s.Sleep(2 * time.Hour)
		shop.Want(t, expire(s), "")
		for _, o := range []*order.Order{good, bad, left} {
			o = s.Order(o)
			shop.Equal(t, "under way", o.Status, order.StatusPending)
			if !o.ExpiresAt.After(s.Now()) {
				t.Errorf("it got no more time: %s", o.ExpiresAt)
			}
		}
		s.Settle(good)
		s.Settle(bad)
		s.Sleep(25 * time.Hour)
		shop.Want(t, expire(s), "")
		shop.Equal(t, "paid", s.Order(good).Status, order.StatusPending)
		shop.Equal(t, "declined", s.Order(bad).Status, order.StatusCancelled)
		shop.Equal(t, "left", s.Order(left).Status, order.StatusCancelled)
	})
}

func TestMoneyThatComesAfterTheOrderWasCancelled(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		p := s.PayWith(flow.Paying{Order: o.ID, Method: payment.Bank, Amount: 1000})
		s.Cancel(o)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Receive(s.Ctx, tx, p.ID, 1000, "statement 7")
			return err
		})
		r := owed(t, s, o, 1000, payment.RefundPending)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), -1000)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.RetryRefund(s.Ctx, tx, r.ID) // paid out by hand
			return err
		})
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)

		o = s.Cancel(s.Place(shop.Of("MUG", 2)))
		s.PayWith(flow.Paying{Order: o.ID, Method: payment.Bank, Amount: 700, Received: true})
		owed(t, s, o, 700, payment.RefundPending)
	})
}

func TestLateMoneyGoesBackAtOnceWhereThatIsThePolicy(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Write(func(tx *db.Tx) error {
			return payment.SavePolicy(s.Ctx, tx, payment.Policy{Late: payment.LateRefund})
		})
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		s.PayCard(o, "tok_pending.capture")
		s.Settle(o)
		capture(t, s, o)
		s.CallGateway(o)
		s.Cancel(o)
		if _, err := s.Gateway.Finish(); err != nil {
			t.Fatal(err)
		}
		s.ReceiveWebhooks(s.Gateway.Webhooks()...)
		owed(t, s, o, 2500, payment.RefundProcessing)
		s.Settle(o)
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)
		shop.Equal(t, "payment status", s.Order(o).PaymentStatus, order.PaymentRefunded)
	})
}

// capture asks for all that is authorized of an order's payment.
func capture(t *testing.T, s *shop.Shop, o *order.Order) {
	t.Helper()
	s.Write(func(tx *db.Tx) error {
		_, err := flow.Capture(s.Ctx, tx, s.Payments(o)[0].ID, 0)
		return err
	})
}

// PAY-6: whatever comes first, the money or the end of the order's time, the money is kept: it pays the order, or it
// is owed to the customer and offered back.
func TestMoneyAndExpiryAtOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const rounds = 15
		s.Receive("MUG", shop.Berlin, 2*rounds)
		kept, cancelled := 0, 0
		for i := range rounds {
			o := waiting(s)
			p := s.PayWith(flow.Paying{Order: o.ID, Method: payment.Bank, Amount: 2500})
			s.Sleep(2 * time.Hour)
			errs := atOnce(2, func(who int) error {
				if who == i%2 {
					return expire(s)
				}
				return s.Try(func(tx *db.Tx) error {
					_, err := flow.Receive(s.Ctx, tx, p.ID, 2500, "")
					return err
				})
			})
			shop.Equal(t, "done", tally(t, errs)[""], 2)
			account(t, s, o, 0, 2500, 0)
			if s.Order(o).Status == order.StatusCancelled {
				owed(t, s, o, 2500, payment.RefundPending)
				cancelled++
				continue
			}
			shop.Equal(t, "payment status", s.Order(o).PaymentStatus, order.PaymentPaid)
			kept++
		}
		t.Logf("%d paid, %d cancelled", kept, cancelled)
		level(t, s, "MUG", shop.Berlin, 2*rounds, int64(2*kept), 0)
	})
}
