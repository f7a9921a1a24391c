package flow_test

import (
	"slices"
	"testing"
	"time"

	"purser/internal/domain/accounting"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// account checks what an order was paid, and that the books and the gateway agree.
func account(t *testing.T, s *shop.Shop, o *order.Order, authorized, captured, refunded int64) {
	t.Helper()
	o = s.Order(o)
	got, want := [3]int64{o.Authorized, o.Captured, o.Refunded}, [3]int64{authorized, captured, refunded}
	if got != want {
		t.Errorf("authorized, captured, refunded are %v, want %v", got, want)
	}
}

func TestMoneyThatComesByHand(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 4))
		p := s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cheque, Amount: 2000})
		account(t, s, o, 0, 0, 0) // promised, not here
		receive := func(n int64) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Receive(s.Ctx, tx, p.ID, n, "cheque 7")
				return err
			})
		}
		shop.Want(t, receive(0), "payment.bad_amount")
		shop.Want(t, receive(2000), "")
		account(t, s, o, 0, 2000, 0)
		shop.Equal(t, "status", s.Order(o).PaymentStatus, order.PaymentPartiallyPaid)
		s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cash, Received: true}) // the rest
		shop.Equal(t, "status", s.Order(o).PaymentStatus, order.PaymentPaid)
		shop.Equal(t, "cash", s.Balance(accounting.Cash), 5000)
		shop.Want(t, receive(1), "") // it did come
		shop.Equal(t, "status", s.Order(o).PaymentStatus, order.PaymentOverpaid)
	})
}

func TestPaymentsThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		draft := s.PlaceWith(func(p *flow.Placement) { p.Status = order.StatusDraft }, shop.Of("MUG", 1))
		o := s.Place(shop.Of("MUG", 1))
		gone := s.Cancel(s.Place(shop.Of("MUG", 1)))
		for code, p := range map[string]flow.Paying{
			"order.draft":        {Order: draft.ID, Method: payment.Cash},
			"order.cancelled":    {Order: gone.ID, Method: payment.Cash, Amount: 5}, // promised, not here
			"payment.invalid":    {Order: o.ID, Method: "shells"},
			"accounting.no_rate": {Order: o.ID, Method: payment.Cash, Currency: "JPY", Amount: 5},
		} {
			_, err := s.TryPay(p)
			shop.Want(t, err, code)
		}
		if n := len(s.Payments(o)); n != 0 {
			t.Errorf("%d payments were made", n)
		}
	})
}

func TestADeclinedCardLeavesTheOrderUnpaid(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		safe := s.AddChannel("safe", func(c *channel.Channel) { c.ReleaseWhen = channel.WhenAuthorized })
		s.Receive("MUG", shop.Berlin, 5)
		o := s.PlaceWith(func(p *flow.Placement) { p.Channel = safe }, shop.Of("MUG", 2))
		p := s.PayCard(o, "tok_decline")
		s.Settle(o)
		shop.Equal(t, "payment", s.Payment(p).Status, payment.StatusFailed)
		shop.Equal(t, "order", s.Order(o).PaymentStatus, order.PaymentUnpaid)
		work(t, s, o, "BER scheduled 2")
		s.Authorize(o) // another card
		work(t, s, o, "BER open 2")
	})
}

func TestACaptureThatIsDeclinedStaysOwed(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		s.PayCard(o, "tok_decline.capture")
		s.Settle(o)
		s.Ship(o)
		s.Settle(o)
		account(t, s, o, 2500, 0, 0)
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusOpen)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 2500)
	})
}

// Classic bug 17: a process that dies, or an answer that is lost, between the call
// and the commit takes or gives the money twice.
func TestLostCallsAndAnswersChargeOnce(t *testing.T) {
	for _, token := range []string{"tok_timeout_before", "tok_timeout_after", "tok_timeout_before.capture", "tok_timeout_after.capture", "tok_timeout_after.refund"} {
		t.Run(token, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop.Shop) {
				s.Receive("MUG", shop.Berlin, 5)
				o := s.Place(shop.Of("MUG", 2))
				s.PayCard(o, token)
				s.Settle(o)
				account(t, s, o, 2500, 0, 0)
				s.Ship(o)
				s.Settle(o)
				account(t, s, o, 0, 2500, 0)
				s.Refund(o, 1000)
				s.Settle(o)
				account(t, s, o, 0, 2500, 1000)
			})
		})
	}
}

// Classic bugs 18 and 19: events that come twice, or before those that they follow
// from, end elsewhere.
func TestWebhooksInAnyOrderAndNumber(t *testing.T) {
	for _, token := range []string{"tok_visa", "tok_webhook_twice", "tok_webhook_twice+webhook_reversed", "tok_webhook_late+no_key", "tok_webhook_reversed+no_key+timeout_after"} {
		t.Run(token, func(t *testing.T) {
			each(t, func(t *testing.T, s *shop.Shop) {
				s.Receive("MUG", shop.Berlin, 5)
				o := s.Place(shop.Of("MUG", 2))
				s.PayCard(o, token)
				s.Settle(o)
				s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
				s.Settle(o)
				s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
				s.Settle(o)
				s.Refund(o, 300)
				s.Settle(o)
				s.Gateway.ReleaseLate()
				if left := s.ReceiveWebhooks(s.Gateway.Webhooks()...); len(left) > 0 {
					t.Errorf("%d events are not settled", len(left))
				}
				account(t, s, o, 0, 2500, 300)
				shop.Equal(t, "at the gateway", s.Balance(accounting.Clearing), 2200)
			})
		})
	}
}

func TestWebhooksAloneSettlePayments(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		s.PayCard(o, "tok_timeout_after")
		s.CallGateway(o) // the answer is lost
		account(t, s, o, 0, 0, 0)
		s.ReceiveWebhooks(s.Gateway.Webhooks()...)
		account(t, s, o, 2500, 0, 0)
		s.Ship(o)
		s.CallGateway(o)
		hooks := s.Gateway.Webhooks()
		s.ReceiveWebhooks(append(hooks, hooks...)...)
		account(t, s, o, 0, 2500, 0)
	})
}

func TestACustomerConfirmsLate(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		p := s.PayCard(o, "tok_action")
		s.CallGateway(o)
		shop.Equal(t, "payment", s.Payment(p).Status, payment.StatusActionRequired)
		s.Ship(o) // the channel does not wait for money
		shop.Want(t, s.Gateway.Confirm(s.Payment(p).Transactions[0].Ref, true), "")
		s.ReceiveWebhooks(s.Gateway.Webhooks()...)
		s.Settle(o)
		account(t, s, o, 0, 2500, 0) // what has left is captured as soon as it can be
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCompleted)
	})
}

func TestAChannelMayTakeTheMoneyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		now := s.AddChannel("now", func(c *channel.Channel) {
			c.CaptureWhen, c.ReleaseWhen = channel.CapturePlaced, channel.WhenPaid
		})
		s.Receive("MUG", shop.Berlin, 5)
		o := s.PlaceWith(func(p *flow.Placement) { p.Channel = now }, shop.Of("MUG", 2))
		s.PayWith(flow.Paying{Order: o.ID, Method: payment.Cash, Received: true, Amount: 500})
		s.PayWith(flow.Paying{Order: o.ID, Gateway: "test", Method: payment.Card, Token: "tok_visa", Amount: 2500}) // more than is owed
		s.Settle(o)
		account(t, s, o, 500, 2500, 0)
		work(t, s, o, "BER open 2")
	})
}

func TestCaptureAndVoidByHand(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		p := s.Authorize(o)
		capture := func(n int64) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Capture(s.Ctx, tx, p.ID, n)
				return err
			})
		}
		void := func() error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Void(s.Ctx, tx, p.ID)
				return err
			})
		}
		shop.Want(t, capture(2501), "payment.not_authorized")
		shop.Want(t, capture(1000), "")
		shop.Want(t, capture(1501), "payment.not_authorized")
		s.Settle(o)
		shop.Want(t, void(), "")
		s.Settle(o)
		account(t, s, o, 0, 1000, 0)
		shop.Want(t, void(), "payment.cannot_void")
		shop.Want(t, capture(0), "payment.not_authorized")
	})
}

func TestAPartIsCapturedWhereTheGatewayGivesNoMore(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		s.PayCard(o, "tok_partial.capture")
		s.Settle(o)
		s.Ship(o)
		s.Settle(o)
		account(t, s, o, 1250, 1250, 0)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 1250)
	})
}

func TestARefundThatFailsIsSentAgain(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		p := s.PayCard(o, "tok_fails_later.refund")
		s.Settle(o)
		s.Ship(o)
		s.Settle(o)
		s.Refund(o, 1000)
		s.Settle(o)
		account(t, s, o, 0, 2500, 1000)
		_, err := s.Gateway.Finish()
		shop.Want(t, err, "")
		s.ReceiveWebhooks(s.Gateway.Webhooks()...)
		account(t, s, o, 0, 2500, 0)
		shop.Equal(t, "at the gateway", s.Balance(accounting.Clearing), 2500)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.RetryRefund(s.Ctx, tx, s.Payment(p).Refunds[0].ID)
			return err
		})
		s.Settle(o)
		account(t, s, o, 0, 2500, 1000)
	})
}

func TestRefundsAndChargebacksMadeAtTheGateway(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 2))
		p := s.Authorize(o)
		s.Ship(o)
		s.Settle(o)
		ref := s.Payment(p).Transactions[0].Ref
		_, err := s.Gateway.Outside(payment.KindRefund, ref, 400)
		shop.Want(t, err, "")
		lost, err := s.Gateway.Outside(payment.KindChargeback, ref, 2100)
		shop.Want(t, err, "")
		hooks := s.Gateway.Webhooks()
		slices.Reverse(hooks)
		s.ReceiveWebhooks(hooks...)
		s.ProcessEvents()
		account(t, s, o, 0, 2500, 400)
		shop.Equal(t, "dispute", s.Payment(p).Dispute, payment.DisputeOpen)
		shop.Want(t, s.Gateway.Decide(lost, false), "")
		s.ReceiveWebhooks(s.Gateway.Webhooks()...)
		account(t, s, o, 0, 2500, 2500)
	})
}

func TestPayingInAnotherCurrency(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Rate("USD", "2026-03-01", "0.90")
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 4))
		p := s.PayWith(flow.Paying{Order: o.ID, Gateway: "test", Method: payment.Card, Token: "tok_visa", Currency: "USD", Amount: 5556})
		shop.Equal(t, "pays", p.OrderAmount, 5000)
		s.Settle(o)
		account(t, s, o, 5000, 0, 0)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		s.Settle(o)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 3))
		s.Settle(o)
		o = s.Order(o)
		shop.Equal(t, "captured", o.Captured, 5000)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
		s.Refund(o, 1250)
		s.Settle(o)
		shop.Equal(t, "refunded", s.Order(o).Refunded, 1250)
	})
}

func TestAnOrderInAnotherCurrency(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Rate("USD", "2026-03-01", "0.90")
		s.Receive("MUG", shop.Berlin, 5, "5.00")
		o := s.PlaceWith(func(p *flow.Placement) { p.Currency, p.TaxInclusive = "USD", true }, shop.Of("MUG", 2).At("15.55"))
		shop.Equal(t, "rate", o.Rate, "0.90")
		shop.Equal(t, "base total", o.BaseTotal, 2799)
		s.Sleep(24 * 60 * 60 * 1e9)
		s.Rate("USD", "2026-03-03", "0.80")
		s.Pay(o) // worth less by then
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		o = s.Order(o)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
		shop.Equal(t, "cash", s.Balance(accounting.Cash), 2488)
		shop.Equal(t, "loss of exchange", s.Balance(accounting.FX), 2799-2488)

		_, err := s.TryPlace(func(p *flow.Placement) { p.Currency = "JPY" }, shop.Of("MUG", 1).At("15"))
		if err == nil {
			t.Error("an order was taken in a currency of no known rate")
		}
	})
}

func TestAuthorizationsAreRenewedBeforeTheyRunOut(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		renew := func() (n int) {
			s.Write(func(tx *db.Tx) (err error) {
				n, err = flow.RenewAuthorizations(s.Ctx, tx)
				return err
			})
			return n
		}
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		p := s.Authorize(o)
		first := s.Payment(p).ExpiresAt
		shop.Equal(t, "renewed at once", renew(), 0)
		s.Sleep(6 * 24 * time.Hour)
		shop.Equal(t, "renewed", renew(), 1)
		shop.Equal(t, "renewed twice", renew(), 0)
		s.Settle(o)
		account(t, s, o, 2500, 0, 0)
		if !s.Payment(p).ExpiresAt.After(first) {
			t.Error("the new authorization does not last longer")
		}
		s.Ship(o)
		s.Settle(o)
		account(t, s, o, 0, 2500, 0)

		o = s.Place(shop.Of("MUG", 1))
		p = s.PayCard(o, "tok_expires")
		s.Settle(o)
		s.Sleep(2 * time.Hour)
		shop.Equal(t, "given up", renew(), 1)
		shop.Equal(t, "payment", s.Payment(p).Status, payment.StatusExpired)
		account(t, s, o, 0, 0, 0)
	})
}
