package shop

import (
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/connector/test"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// Pay books that all which is owed for an order came by bank transfer.
func (s *Shop) Pay(o *order.Order) *payment.Payment {
	s.T.Helper()
	return s.PayWith(flow.Paying{Order: o.ID, Method: payment.Bank, Received: true})
}

// PayCard pays an order by card at the test gateway: a token says how it behaves. The gateway is not called yet.
func (s *Shop) PayCard(o *order.Order, token string) *payment.Payment {
	s.T.Helper()
	return s.PayWith(flow.Paying{Order: o.ID, Gateway: testgateway.Name, Method: payment.Card, Token: token})
}

// PayWith takes a payment.
func (s *Shop) PayWith(p flow.Paying) *payment.Payment {
	s.T.Helper()
	made, err := s.TryPay(p)
	if err != nil {
		s.T.Fatal(err)
	}
	return made
}

// TryPay is PayWith that returns why it was refused.
func (s *Shop) TryPay(p flow.Paying) (*payment.Payment, error) {
	var made []*payment.Payment
	err := s.Try(func(tx *db.Tx) (err error) {
		made, err = flow.Pay(s.Ctx, tx, []flow.Paying{p})
		return err
	})
	if err != nil {
		return nil, err
	}
	return made[0], nil
}

// Payment is a payment as it is stored now.
func (s *Shop) Payment(p *payment.Payment) *payment.Payment {
	s.T.Helper()
	now, err := payment.Get(s.Ctx, s.DB, p.ID)
	if err != nil {
		s.T.Fatal(err)
	}
	return now
}

// Payments are the payments of an order, oldest first.
func (s *Shop) Payments(o *order.Order) []*payment.Payment {
	s.T.Helper()
	byOrder, err := payment.ByOrder(s.Ctx, s.DB, []id.Order{o.ID})
	if err != nil {
		s.T.Fatal(err)
	}
	all := byOrder[o.ID]
	slices.SortFunc(all, func(a, b *payment.Payment) int { return a.ID.Compare(b.ID) })
	return all
}

// CallGateway does what the jobs of an order's payments do, once: it asks the gateway for each transaction whose
// end is not known, and returns how many were asked for. Answers that do not come are no failure.
func (s *Shop) CallGateway(o *order.Order) int {
	s.T.Helper()
	asked := 0
	for _, p := range s.Payments(o) {
		for _, t := range p.Transactions {
			if p.Gateway == payment.Manual || !t.State.Open() || t.Kind == payment.KindChargeback {
				continue
			}
			asked++
			err := payment.Call(s.Ctx, s.DB, s.Gateways(), t.ID, flow.SettlePayments)
			if err != nil && fault.KindOf(err) != fault.Upstream {
				s.T.Fatal(err)
			}
		}
	}
	return asked
}

// Settle calls the gateway until nothing of an order's payments is open, or nothing moves any more.
func (s *Shop) Settle(o *order.Order) {
	s.T.Helper()
	for range 10 {
		if s.CallGateway(o) == 0 {
			return
		}
	}
}

// Authorize pays an order by card and lets the gateway authorize it.
func (s *Shop) Authorize(o *order.Order) *payment.Payment {
	s.T.Helper()
	p := s.PayCard(o, "tok_visa")
	s.Settle(o)
	return s.Payment(p)
}

// ReceiveWebhooks takes webhooks in, and settles what they tell. It returns the events that could not be settled
// yet; [Shop.ProcessEvents] tries them again.
func (s *Shop) ReceiveWebhooks(webhooks ...testgateway.Webhook) []id.Inbox {
	s.T.Helper()
	for _, w := range webhooks {
		events, err := s.Gateway.ParseWebhook(w.Header, w.Body)
		if err != nil {
			s.T.Fatal(err)
		}
		s.Write(func(tx *db.Tx) error {
			_, err := payment.Accept(s.Ctx, tx, testgateway.Name, events)
			return err
		})
	}
	return s.ProcessEvents()
}

// ProcessEvents settles what is in the inbox, and returns what could not be settled yet.
func (s *Shop) ProcessEvents() (left []id.Inbox) {
	s.T.Helper()
	open, err := payment.Inbox(s.Ctx, s.DB, []payment.InboxStatus{"received", "failed"}, id.Inbox{}, 1000)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, e := range slices.Backward(open) {
		err := payment.Process(s.Ctx, s.DB, e.ID, flow.SettlePayments)
		if fault.KindOf(err) == fault.Conflict {
			left = append(left, e.ID)
		} else if err != nil {
			s.T.Fatal(err)
		}
	}
	return left
}

// Refund gives money of an order back, in minor units.
func (s *Shop) Refund(o *order.Order, amount int64) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) error {
		return flow.Refund(s.Ctx, tx, []flow.Refunding{{Order: o.ID, Amount: amount, Reason: "goodwill"}})
	})
}

// Invoices are the invoices and credit notes of an order, oldest first.
func (s *Shop) Invoices(o *order.Order) []*accounting.Invoice {
	s.T.Helper()
	all, err := accounting.InvoicesOf(s.Ctx, s.DB, []id.Order{o.ID})
	if err != nil {
		s.T.Fatal(err)
	}
	return all[o.ID]
}

// Balance is what an account has, in minor units of the base currency: debit positive.
func (s *Shop) Balance(account string) (sum int64) {
	s.T.Helper()
	balances, err := accounting.TrialBalance(s.Ctx, s.DB, "", "")
	if err != nil {
		s.T.Fatal(err)
	}
	for _, b := range balances {
		if b.Account == account {
			sum += b.Base
		}
	}
	return sum
}
