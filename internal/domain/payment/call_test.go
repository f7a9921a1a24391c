package payment_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	testgateway "purser/internal/connector/test"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

const day = "2026-03-01"

// shop is a database with the test gateway and what was settled so far.
type shop struct {
	*testing.T
	d        *db.DB
	gateway  *testgateway.Gateway
	gateways payment.Gateways
	changes  []payment.Change
	broken   error // what the settler fails with
}

func each(t *testing.T, test func(s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := testgateway.New()
		s := &shop{T: t, d: d, gateway: g, gateways: payment.Gateways{testgateway.Name: g}}
		test(s)
		s.verify()
	})
}

func (s *shop) write(fn func(tx *db.Tx) error) {
	s.Helper()
	if err := s.d.Write(s.Context(), fn); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) verify() {
	s.Helper()
	err := payment.Verify(s.Context(), s.d, func(d check.Difference) { s.Error(d) })
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) settle(ctx context.Context, tx *db.Tx, outcomes []payment.Outcome) error {
	if s.broken != nil {
		return s.broken
	}
	changes, err := payment.Settle(ctx, tx, day, outcomes)
	tx.AfterCommit(func() { s.changes = append(s.changes, changes...) })
	return err
}

func (s *shop) call(t id.Transaction) error {
	return payment.Call(s.Context(), s.d, s.gateways, t, s.settle)
}

// terms of a payment of 10.00 EUR with a token.
func terms(token string) payment.Terms {
	return payment.Terms{
		Order: id.New[id.Order](time.Now()), Gateway: testgateway.Name, Method: payment.Card, Currency: "EUR", Amount: 1_000,
		Rate: "0.86", RateDate: day, Token: token,
	}
}

// pay creates a payment and asks for its authorization, without calling.
func (s *shop) pay(token string) (id.Payment, id.Transaction) {
	s.Helper()
	var p *payment.Payment
	var a *payment.Transaction
	s.write(func(tx *db.Tx) (err error) {
		if p, err = payment.New(tx.Now(), terms(token)); err != nil {
			return err
		}
		if a, err = p.Authorize(tx.Now(), day, payment.Cause{Kind: payment.CauseOrder}); err != nil {
			return err
		}
		_, err = payment.Create(s.Context(), tx, []*payment.Payment{p})
		return err
	})
	return p.ID, a.ID
}

// authorized is a payment that the gateway has authorized.
func (s *shop) authorized(token string) id.Payment {
	s.Helper()
	p, a := s.pay(token)
	if err := s.call(a); err != nil {
		if err = s.call(a); err != nil {
			s.Fatal(err)
		}
	}
	return p
}

// change takes a payment, changes it, saves it, and returns what it asks for.
func (s *shop) change(p id.Payment, fn func(tx *db.Tx, p *payment.Payment) error) (asked []id.Transaction) {
	s.Helper()
	s.write(func(tx *db.Tx) error {
		taken, err := payment.Take(s.Context(), tx, p)
		if err != nil {
			return err
		}
		had := len(taken[0].Transactions)
		if err := fn(tx, taken[0]); err != nil {
			return err
		}
		asked = nil
		for _, t := range taken[0].Transactions[had:] {
			asked = append(asked, t.ID)
		}
		_, err = payment.Save(s.Context(), tx, taken)
		return err
	})
	return asked
}

func (s *shop) capture(p id.Payment, amount int64) id.Transaction {
	s.Helper()
	return s.change(p, func(tx *db.Tx, p *payment.Payment) error {
		_, err := p.Capture(tx.Now(), day, amount, payment.Cause{Kind: payment.CauseShipment})
		return err
	})[0]
}

func (s *shop) refund(p id.Payment, amount int64) id.Transaction {
	s.Helper()
	return s.change(p, func(tx *db.Tx, p *payment.Payment) error {
		r, err := p.ProposeRefund(tx.Now(), amount, id.Return{}, "too small")
		if err != nil {
			return err
		}
		_, err = p.SendRefund(tx.Now(), day, r.ID)
		return err
	})[0]
}

func (s *shop) void(p id.Payment) id.Transaction {
	s.Helper()
	return s.change(p, func(tx *db.Tx, p *payment.Payment) error {
		_, err := p.Void(tx.Now(), day, payment.Cause{})
		return err
	})[0]
}

func (s *shop) get(p id.Payment) *payment.Payment {
	s.Helper()
	got, err := payment.Get(s.Context(), s.d, p)
	if err != nil {
		s.Fatal(err)
	}
	return got
}

func (s *shop) expect(p id.Payment, status payment.Status, authorized, captured, refunded int64) {
	s.Helper()
	got := s.get(p)
	if got.Status != status || got.Authorized != authorized || got.Captured != captured || got.Refunded != refunded {
		s.Fatalf("%s, %d authorized, %d captured, %d refunded; want %s, %d, %d, %d",
			got.Status, got.Authorized, got.Captured, got.Refunded, status, authorized, captured, refunded)
	}
}

// count counts rows.
func (s *shop) count(query string, args ...any) (n int64) {
	s.Helper()
	n, err := db.Get[int64](s.Context(), s.d, query, args...)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func TestAPaymentFromBeginningToEnd(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_visa")
		s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
		s.must(s.call(s.capture(p, 300)))
		s.expect(p, payment.StatusPartiallyCaptured, 1_000, 300, 0)
		s.must(s.call(s.capture(p, 400)))
		s.must(s.call(s.void(p)))
		s.expect(p, payment.StatusCaptured, 700, 700, 0)
		s.must(s.call(s.refund(p, 100)))
		s.expect(p, payment.StatusPartiallyRefunded, 700, 700, 100)
		s.must(s.call(s.refund(p, 600)))
		s.expect(p, payment.StatusRefunded, 700, 700, 700)

		got := s.get(p)
		if got.Label == "" || got.ExpiresAt.IsZero() || len(got.Transactions) != 6 || len(got.Refunds) != 2 || got.Refunds[1].Status != payment.RefundSucceeded {
			s.Errorf("%+v", got)
		}
		if len(s.changes) != 6 || s.changes[1].Captured != 300 || s.changes[5].Refunded != 600 {
			s.Errorf("changes: %+v", s.changes)
		}
		// one job a request, and one fact for each state of the payment
		if n := s.count(`SELECT COUNT(*) FROM river_job WHERE kind LIKE 'payment.%'`); n != 6 {
			s.Errorf("%d jobs", n)
		}
		for _, kind := range []string{"created", "authorized", "partially_captured", "captured", "partially_refunded", "refunded"} {
			if n := s.count(`SELECT COUNT(*) FROM event WHERE kind = ?`, "payment."+kind); n != 1 {
				s.Errorf("%d facts payment.%s", n, kind)
			}
		}
		// a job may come twice
		calls := len(got.Transactions)
		for _, t := range got.Transactions {
			s.must(s.call(t.ID))
		}
		if len(s.changes) != calls {
			s.Errorf("a second call changed something: %+v", s.changes[calls:])
		}
	})
}

// Whatever answer is lost, and however often it is asked for, money moves once.
func TestLostAnswers(t *testing.T) {
	for _, token := range []string{"tok_timeout_before", "tok_timeout_after"} {
		t.Run(token, func(t *testing.T) {
			each(t, func(s *shop) {
				told := &counting{Gateway: s.gateway, calls: map[string]int{}}
				s.gateways[testgateway.Name] = told
				p, a := s.pay(token)
				step := func(x id.Transaction) {
					s.Helper()
					err := s.call(x)
					if fault.KindOf(err) != fault.Upstream {
						s.Fatalf("got %v, want Upstream", err)
					}
					if got := s.get(p).Find(x); got.State != payment.Unknown || got.Error == "" || got.Tries != 1 {
						s.Fatalf("after a lost answer: %+v", got)
					}
					for range 10 {
						s.must(s.call(x))
					}
					// Told again only where it had not heard: its keys may not last.
					want := map[string]int{"tok_timeout_before": 2, "tok_timeout_after": 1}[token]
					if n := told.calls[x.String()]; n != want {
						s.Fatalf("the gateway was told %d times, want %d", n, want)
					}
				}
				step(a)
				step(s.capture(p, 600))
				step(s.refund(p, 200))
				step(s.void(p))
				s.expect(p, payment.StatusPartiallyRefunded, 600, 600, 200)
				if len(s.changes) != 4 {
					s.Errorf("%d changes", len(s.changes))
				}
				// what the gateway has done agrees: no more of it can be had
				if _, err := s.gateway.Outside(payment.KindRefund, s.get(p).Transactions[0].Ref, 401); err == nil {
					s.Error("the gateway has refunded less than was booked")
				}
				_, err := s.gateway.Outside(payment.KindRefund, s.get(p).Transactions[0].Ref, 400)
				s.must(err)
			})
		})
	}
}

// counting counts how often a gateway is told to do something, by key.
type counting struct {
	payment.Gateway
	calls map[string]int
}

func (c *counting) Authorize(ctx context.Context, r payment.Request) (payment.Result, error) {
	c.calls[r.Key]++
	return c.Gateway.Authorize(ctx, r)
}

func (c *counting) Capture(ctx context.Context, r payment.Request) (payment.Result, error) {
	c.calls[r.Key]++
	return c.Gateway.Capture(ctx, r)
}

func (c *counting) Void(ctx context.Context, r payment.Request) (payment.Result, error) {
	c.calls[r.Key]++
	return c.Gateway.Void(ctx, r)
}

func (c *counting) Refund(ctx context.Context, r payment.Request) (payment.Result, error) {
	c.calls[r.Key]++
	return c.Gateway.Refund(ctx, r)
}

// The process dies between the call and the outcome: the gateway is asked, not told again.
func TestTheOutcomeCannotBeWritten(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_visa")
		c := s.capture(p, 1_000)
		s.broken = errors.New("the disk is full")
		if err := s.call(c); !errors.Is(err, s.broken) {
			s.Fatal(err)
		}
		if got := s.get(p).Find(c); got.State != payment.Requested || got.Tries != 1 {
			s.Fatalf("%+v", got)
		}
		s.broken = nil
		s.must(s.call(c))
		s.expect(p, payment.StatusCaptured, 1_000, 1_000, 0)
	})
}

// The caller's time is over while the gateway works: the outcome is written all the same.
func TestTheOutcomeIsWrittenWhenTheJobIsCancelled(t *testing.T) {
	each(t, func(s *shop) {
		_, a := s.pay("tok_visa")
		ctx, cancel := context.WithCancel(s.Context())
		slow := cancelling{s.gateway, cancel}
		err := payment.Call(ctx, s.d, payment.Gateways{testgateway.Name: slow}, a, s.settle)
		if err != nil || len(s.changes) != 1 {
			s.Fatalf("%v, %d changes", err, len(s.changes))
		}
	})
}

// cancelling ends the job's context as the gateway answers.
type cancelling struct {
	payment.Gateway
	cancel func()
}

func (c cancelling) Authorize(ctx context.Context, r payment.Request) (payment.Result, error) {
	defer c.cancel()
	return c.Gateway.Authorize(ctx, r)
}

func TestADeclineIsAnAnswer(t *testing.T) {
	each(t, func(s *shop) {
		p, a := s.pay("tok_decline")
		s.must(s.call(a))
		s.expect(p, payment.StatusFailed, 0, 0, 0)
		if got := s.get(p).Find(a); got.ErrorCode != "card_declined" || got.Error == "" {
			s.Errorf("%+v", got)
		}
		if n := s.count(`SELECT COUNT(*) FROM event WHERE kind = 'payment.authorize_failed'`); n != 1 || len(s.changes) != 0 {
			s.Errorf("%d facts, %d changes", n, len(s.changes))
		}
	})
}

func TestTheCustomerMustConfirm(t *testing.T) {
	each(t, func(s *shop) {
		p, a := s.pay("tok_action")
		s.must(s.call(a))
		s.expect(p, payment.StatusActionRequired, 0, 0, 0)
		if s.get(p).Find(a).ActionURL == "" {
			s.Error("nobody knows where")
		}
		s.must(s.call(a)) // asked about before the customer is there
		s.expect(p, payment.StatusActionRequired, 0, 0, 0)
		s.must(s.gateway.Confirm(s.get(p).Find(a).Ref, true))
		s.must(s.call(a))
		s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
	})
}

func TestUnresolvedTransactionsAreAskedAbout(t *testing.T) {
	each(t, func(s *shop) {
		p, a := s.pay("tok_pending.authorize")
		s.must(s.call(a))
		s.authorized("tok_visa") // has its end
		resolve := func(before time.Time) (n int) {
			s.write(func(tx *db.Tx) (err error) {
				n, err = payment.Resolve(s.Context(), tx, before, 10)
				return err
			})
			return n
		}
		if n := resolve(time.Now().Add(-time.Hour)); n != 0 {
			s.Errorf("%d are asked about too soon", n)
		}
		later := time.Now().Add(time.Hour)
		if n := resolve(later); n != 1 {
			s.Errorf("%d are asked about", n)
		}
		resolve(later)
		if n := s.count(`SELECT COUNT(*) FROM river_job WHERE kind = 'payment.resolve'`); n != 1 {
			s.Errorf("%d jobs wait for one transaction", n)
		}
		if n, err := payment.Unresolved(s.Context(), s.d, later); n != 1 || err != nil {
			s.Error(n, err)
		}
		if _, err := s.gateway.Finish(); err != nil {
			s.Fatal(err)
		}
		s.must(s.call(a))
		s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
	})
}

func TestAGatewayThatIsNotConnected(t *testing.T) {
	each(t, func(s *shop) {
		_, a := s.pay("tok_visa")
		err := payment.Call(s.Context(), s.d, payment.Gateways{}, a, s.settle)
		if !fault.Is(err, "payment.no_gateway") || s.count(`SELECT tries FROM payment_transaction WHERE id = ?`, a) != 0 {
			s.Error(err)
		}
		if err := s.call(id.New[id.Transaction](time.Now())); !fault.Is(err, "payment.no_transaction") {
			s.Error(err)
		}
	})
}

// Many jobs for one transaction at once: one effect, one change.
func TestCallsAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_visa")
		c := s.capture(p, 1_000)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := s.call(c); err != nil && !fault.Is(err, "payment.busy") {
					s.Error(err)
				}
			})
		}
		wg.Wait()
		s.must(s.call(c))
		s.expect(p, payment.StatusCaptured, 1_000, 1_000, 0)
		if len(s.changes) != 2 {
			s.Errorf("%d changes", len(s.changes))
		}
	})
}

// Requests that race for what is left get no more than there is.
func TestCapturesAndRefundsAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_visa")
		race := func(change func(tx *db.Tx, p *payment.Payment) error, refused string) (won int64) {
			var n atomic.Int64
			var wg sync.WaitGroup
			for range 12 {
				wg.Go(func() {
					err := s.d.Write(s.Context(), func(tx *db.Tx) error {
						taken, err := payment.Take(s.Context(), tx, p)
						if err != nil {
							return err
						}
						if err := change(tx, taken[0]); err != nil {
							return err
						}
						_, err = payment.Save(s.Context(), tx, taken)
						return err
					})
					switch {
					case err == nil:
						n.Add(1)
					case !fault.Is(err, refused):
						s.Error(err)
					}
				})
			}
			wg.Wait()
			return n.Load()
		}
		won := race(func(tx *db.Tx, p *payment.Payment) error {
			_, err := p.Capture(tx.Now(), day, 150, payment.Cause{})
			return err
		}, "payment.not_authorized")
		if won != 6 {
			s.Errorf("%d captures of 150 on 1000", won)
		}
		for _, t := range s.get(p).Transactions {
			s.must(s.call(t.ID))
		}
		s.expect(p, payment.StatusPartiallyCaptured, 1_000, 900, 0)
		won = race(func(tx *db.Tx, p *payment.Payment) error {
			_, err := p.ProposeRefund(tx.Now(), 400, id.Return{}, "")
			return err
		}, "payment.not_refundable")
		if won != 2 {
			s.Errorf("%d refunds of 400 on 900", won)
		}
	})
}

// receive accepts the gateway's webhooks, shuffled if asked to, and returns the
// events that are new.
func (s *shop) receive(shuffle bool) []id.Inbox {
	s.Helper()
	webhooks := s.gateway.Webhooks()
	if shuffle {
		rand.Shuffle(len(webhooks), func(i, j int) { webhooks[i], webhooks[j] = webhooks[j], webhooks[i] })
	}
	known := s.inbox()
	for _, w := range webhooks {
		events, err := s.gateway.ParseWebhook(w.Header, w.Body)
		s.must(err)
		s.write(func(tx *db.Tx) error {
			_, err := payment.Accept(s.Context(), tx, testgateway.Name, events)
			return err
		})
	}
	return slices.DeleteFunc(s.inbox(), func(i id.Inbox) bool { return slices.Contains(known, i) })
}

func (s *shop) inbox() (all []id.Inbox) {
	s.Helper()
	rows, err := payment.Inbox(s.Context(), s.d, nil, id.Inbox{}, 1000)
	s.must(err)
	for _, r := range slices.Backward(rows) {
		all = append(all, r.ID)
	}
	return all
}

// process settles events, those that come too early again and again.
func (s *shop) process(events []id.Inbox) {
	s.Helper()
	for tries := 0; len(events) > 0; tries++ {
		if tries > 200 {
			s.Fatal("what comes early never comes right")
		}
		e := events[0]
		events = events[1:]
		if err := payment.Process(s.Context(), s.d, e, s.settle); fault.Is(err, "payment.webhook_early") {
			events = append(events, e)
		} else {
			s.must(err)
		}
	}
}

// Our own operations come back as webhooks, and others make some at the gateway:
// twice, shuffled, with and without our key. Each is booked once.
func TestWebhooks(t *testing.T) {
	for _, token := range []string{"tok_webhook_twice", "tok_webhook_twice+no_key"} {
		t.Run(token, func(t *testing.T) {
			each(t, func(s *shop) {
				p := s.authorized(token)
				s.must(s.call(s.capture(p, 1_000)))
				s.must(s.call(s.refund(p, 100)))
				auth := s.get(p).Transactions[0].Ref
				_, err := s.gateway.Outside(payment.KindRefund, auth, 100) // the same sum, at the gateway's own page
				s.must(err)
				dispute, err := s.gateway.Outside(payment.KindChargeback, auth, 800)
				s.must(err)
				events := s.receive(true)
				if len(events) != 5 {
					s.Fatalf("%d events are new", len(events))
				}
				s.process(events)
				s.process(events)
				s.expect(p, payment.StatusPartiallyRefunded, 1_000, 1_000, 200)
				if got := s.get(p); got.Dispute != payment.DisputeOpen || len(got.Refunds) != 2 || got.Refunds[1].CreatedBy != "gateway:test" {
					s.Errorf("%s, %+v", got.Dispute, got.Refunds)
				}
				s.must(s.gateway.Decide(dispute, false))
				s.process(s.receive(true))
				s.expect(p, payment.StatusRefunded, 1_000, 1_000, 1_000)
				if got := s.get(p); got.Dispute != payment.DisputeLost {
					s.Error(got.Dispute)
				}
				if len(s.changes) != 5 {
					s.Errorf("%d changes", len(s.changes))
				}
				if n := s.count(`SELECT COUNT(*) FROM payment_inbox WHERE status <> 'processed'`); n != 0 {
					s.Errorf("%d events are left", n)
				}
			})
		})
	}
}

// The webhook comes before the answer, in place of it, or both at once.
func TestWebhooksThatComeBeforeTheAnswer(t *testing.T) {
	for _, token := range []string{"tok_timeout_after", "tok_timeout_after+no_key"} {
		t.Run(token, func(t *testing.T) {
			each(t, func(s *shop) {
				p, a := s.pay(token)
				if err := s.call(a); err == nil {
					s.Fatal("there was an answer")
				}
				events := s.receive(false)
				err := payment.Process(s.Context(), s.d, events[0], s.settle)
				if token == "tok_timeout_after" {
					s.must(err)
					s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
				} else if !fault.Is(err, "payment.webhook_early") { // whose it is nobody can tell yet
					s.Fatal(err)
				}
				s.must(s.call(a))
				s.process(events)
				s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
				if len(s.changes) != 1 {
					s.Errorf("%d changes", len(s.changes))
				}
			})
		})
	}
}

// A refund that had gone back returns after days.
func TestARefundFailsLater(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_fails_later.refund")
		s.must(s.call(s.capture(p, 1_000)))
		s.must(s.call(s.refund(p, 400)))
		_, err := s.gateway.Finish()
		s.must(err)
		s.process(s.receive(true))
		s.expect(p, payment.StatusCaptured, 1_000, 1_000, 0)
		last := s.changes[len(s.changes)-1]
		if !last.Reverses || last.Refunded != -400 || last.Amount != 400 || last.OrderRefunded != -400 {
			s.Errorf("%+v", last)
		}
		if got := s.get(p).Refunds[0]; got.Status != payment.RefundFailed {
			s.Error(got.Status)
		}
	})
}

func TestEventsThatCannotBeSettled(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_visa")
		auth := s.get(p).Transactions[0].Ref
		result := func(ref string, amount int64) payment.Result {
			return payment.Result{State: payment.Succeeded, Ref: ref, Amount: amount, Currency: "EUR"}
		}
		usd := result("c1", 5)
		usd.Currency = "USD"
		events := []payment.Event{
			{ID: "1"}, // of no concern
			{ID: "2", Kind: payment.KindCapture, Authorization: "nobody's", Result: result("c1", 5)},
			{ID: "3", Kind: payment.KindCapture, Authorization: auth, Result: usd},
			{ID: "4", Kind: payment.KindCapture, Authorization: auth, Result: result("", 5)},
		}
		accept := func() (n int) {
			s.write(func(tx *db.Tx) (err error) {
				n, err = payment.Accept(s.Context(), tx, testgateway.Name, events)
				return err
			})
			return n
		}
		had := len(s.inbox())
		if n := accept(); n != 4 {
			s.Fatalf("%d are new", n)
		}
		if n := accept(); n != 0 || s.count(`SELECT COUNT(*) FROM river_job WHERE kind = 'payment.webhook'`) != 4 {
			s.Fatalf("%d are new the second time", n)
		}
		inbox := s.inbox()[had:]
		for i, code := range []string{"", "payment.webhook_early", "payment.other_currency", "payment.bad_webhook"} {
			err := payment.Process(s.Context(), s.d, inbox[i], s.settle)
			if code == "" && err != nil || code != "" && !fault.Is(err, code) {
				s.Errorf("event %d: %v, want %s", i+1, err, code)
			}
		}
		failed, err := payment.Inbox(s.Context(), s.d, []payment.InboxStatus{"failed"}, id.Inbox{}, 10)
		if err != nil || len(failed) != 3 || failed[0].Error == "" {
			s.Fatalf("%+v, %v", failed, err)
		}
		s.write(func(tx *db.Tx) error {
			return errors.Join(payment.GiveUp(s.Context(), tx, inbox[1]), payment.Replay(s.Context(), tx, inbox[1]))
		})
		err = s.d.Write(s.Context(), func(tx *db.Tx) error { return payment.Replay(s.Context(), tx, inbox[0]) })
		if !fault.Is(err, "payment.not_replayable") {
			s.Error(err)
		}
		s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
	})
}

func TestManualPayments(t *testing.T) {
	each(t, func(s *shop) {
		x := terms("")
		x.Gateway, x.Method, x.Currency, x.OrderAmount = "", payment.Bank, "USD", 870
		var p *payment.Payment
		var changes []payment.Change
		s.write(func(tx *db.Tx) (err error) {
			if p, err = payment.New(tx.Now(), x); err != nil {
				return err
			}
			if _, err = p.Receive(tx.Now(), day, 400, payment.Cause{Kind: payment.CauseManual}, "transfer 77"); err != nil {
				return err
			}
			changes, err = payment.Create(s.Context(), tx, []*payment.Payment{p})
			return err
		})
		if len(changes) != 1 || changes[0].Captured != 400 || changes[0].OrderCaptured != 348 {
			s.Fatalf("%+v", changes)
		}
		s.expect(p.ID, payment.StatusCaptured, 400, 400, 0)
		s.change(p.ID, func(tx *db.Tx, p *payment.Payment) error {
			_, err := p.Receive(tx.Now(), day, 700, payment.Cause{}, "") // 1.00 more than was asked for
			return err
		})
		s.refund(p.ID, 100)
		s.expect(p.ID, payment.StatusPartiallyRefunded, 1_100, 1_100, 100)
		got := s.get(p.ID)
		if got.Reference != "transfer 77" || got.Refunds[0].Status != payment.RefundSucceeded || got.Refunds[0].CreatedBy == "" {
			s.Errorf("%+v", got)
		}
		sums, err := payment.SumsOf(s.Context(), s.d, []id.Order{got.Order})
		if want := (payment.Sums{Captured: 957, Refunded: 87}); err != nil || sums[got.Order] != want {
			s.Errorf("%+v, %v; want %+v", sums[got.Order], err, want)
		}
		if n := s.count(`SELECT COUNT(*) FROM river_job WHERE kind LIKE 'payment.%'`); n != 0 {
			s.Errorf("%d jobs for a gateway that nobody calls", n)
		}
	})
}

func TestListAndFind(t *testing.T) {
	each(t, func(s *shop) {
		var all []*payment.Payment
		s.write(func(tx *db.Tx) error {
			all = nil
			for i := range 7 {
				x := terms("tok_visa")
				x.Method = []payment.Method{payment.Card, payment.Cash}[i%2]
				p, err := payment.New(tx.Now(), x)
				if err != nil {
					return err
				}
				all = append(all, p)
			}
			_, err := payment.Create(s.Context(), tx, all)
			return err
		})
		f := payment.Filter{Method: payment.Card, Statuses: []payment.Status{payment.StatusCreated}, Gateway: "test", Limit: 3}
		var got []string
		for {
			page, next, err := payment.List(s.Context(), s.d, f)
			s.must(err)
			for _, p := range page {
				got = append(got, p.ID.String())
			}
			if f.After = next; next == "" {
				break
			}
		}
		want := []string{all[6].ID.String(), all[4].ID.String(), all[2].ID.String(), all[0].ID.String()}
		if !slices.Equal(got, want) {
			s.Errorf("got %v, want %v", got, want)
		}
		if _, _, err := payment.List(s.Context(), s.d, payment.Filter{After: "x"}); !fault.Is(err, "payment.bad_cursor") {
			s.Error(err)
		}
		by, err := payment.ByOrder(s.Context(), s.d, []id.Order{all[1].Order, all[0].Order})
		if err != nil || len(by) != 2 || by[all[1].Order][0].ID != all[1].ID {
			s.Errorf("%v, %v", by, err)
		}
		if _, err := payment.Get(s.Context(), s.d, id.New[id.Payment](time.Now())); !fault.Is(err, "payment.not_found") {
			s.Error(err)
		}
		if err := all[0].CheckVersion(2); fault.KindOf(err) != fault.Stale || all[0].CheckVersion(0) != nil || all[0].CheckVersion(1) != nil {
			s.Error(err)
		}
	})
}

func TestExpiring(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_expires")
		s.authorized("tok_visa")
		got, err := payment.Expiring(s.Context(), s.d, time.Now().Add(2*time.Hour), 10)
		if err != nil || len(got) != 1 || got[0].ID != p {
			s.Fatalf("%v, %v", got, err)
		}
		a := s.change(p, func(tx *db.Tx, p *payment.Payment) error {
			_, err := p.Reauthorize(tx.Now(), day)
			return err
		})
		s.must(s.call(a[0]))
		void := s.get(p).Transactions[2]
		s.must(s.call(void.ID))
		s.expect(p, payment.StatusAuthorized, 1_000, 0, 0)
		if n := s.count(`SELECT COUNT(*) FROM river_job WHERE kind = 'payment.void'`); n != 1 {
			s.Errorf("%d jobs to void the older authorization", n)
		}
	})
}

// Stale copies are refused, and so is what the sums cannot hold, whoever writes it.
func TestGuardsInTheDatabase(t *testing.T) {
	each(t, func(s *shop) {
		p := s.authorized("tok_visa")
		err := s.d.Write(s.Context(), func(tx *db.Tx) error {
			taken, err := payment.Take(s.Context(), tx, p)
			if err != nil {
				return err
			}
			again, err := payment.Take(s.Context(), tx, p)
			if err != nil {
				return err
			}
			if _, err := payment.Save(s.Context(), tx, taken); err != nil {
				return err
			}
			_, err = payment.Save(s.Context(), tx, again)
			return err
		})
		if !fault.Is(err, "payment.stale") {
			s.Errorf("a stale copy is saved: %v", err)
		}
		for _, set := range []string{"captured = 1001", "captured = 10, refunded = 11", "authorized = -1", "refunded = -1"} {
			err := s.d.Write(s.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(s.Context(), `UPDATE payment SET `+set+` WHERE id = ?`, p)
				return err
			})
			if _, ok := db.Violated(err); !ok {
				s.Errorf("%s: %v", set, err)
			}
		}
		other, a := s.pay("tok_visa")
		err = s.d.Write(s.Context(), func(tx *db.Tx) error {
			_, err := payment.Settle(s.Context(), tx, day, []payment.Outcome{{
				Payment: other, Transaction: a, Kind: payment.KindAuthorize,
				Result: payment.Result{State: payment.Succeeded, Ref: s.get(p).Transactions[0].Ref},
			}})
			return err
		})
		if !fault.Is(err, "payment.ref_taken") {
			s.Errorf("two transactions have one gateway's id: %v", err)
		}
	})
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g := testgateway.New()
		s := &shop{T: t, d: d, gateway: g, gateways: payment.Gateways{testgateway.Name: g}}
		p := s.authorized("tok_visa")
		s.must(s.call(s.capture(p, 1_000)))
		s.must(s.call(s.refund(p, 300)))
		s.verify()
		for _, wrong := range []string{
			`UPDATE payment SET captured = captured - 1`, `UPDATE payment SET status = 'captured'`, `UPDATE payment SET dispute = 'open'`,
			`UPDATE refund SET status = 'pending'`, `UPDATE refund SET amount = amount + 1`,
			`UPDATE payment_transaction SET amount = amount + 1 WHERE kind = 'authorize'`, `UPDATE payment_transaction SET settled_at = NULL WHERE kind = 'void' OR kind = 'capture'`,
		} {
			found := 0
			rollback := errors.New("enough")
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), wrong); err != nil {
					return err
				}
				if err := payment.Verify(t.Context(), tx, func(check.Difference) { found++ }); err != nil {
					return err
				}
				return rollback
			})
			if !errors.Is(err, rollback) || found == 0 {
				t.Errorf("%s: %d differences, %v", wrong, found, err)
			}
		}
	})
}

// More payments than one statement carries, in any order.
func TestManyPaymentsAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		var ids []id.Payment
		s.write(func(tx *db.Tx) error {
			ids = nil
			var all []*payment.Payment
			for i := range 300 {
				x := terms("")
				x.Gateway, x.Method, x.Reference = "", payment.Cash, fmt.Sprint(i)
				p, err := payment.New(tx.Now(), x)
				if err != nil {
					return err
				}
				all, ids = append(all, p), append(ids, p.ID)
			}
			_, err := payment.Create(s.Context(), tx, all)
			return err
		})
		slices.Reverse(ids)
		s.write(func(tx *db.Tx) error {
			taken, err := payment.Take(s.Context(), tx, ids...)
			if err != nil {
				return err
			}
			for _, p := range taken {
				if _, err := p.Receive(tx.Now(), day, 1_000, payment.Cause{}, ""); err != nil {
					return err
				}
			}
			changes, err := payment.Save(s.Context(), tx, taken)
			if len(changes) != 300 {
				s.Errorf("%d changes", len(changes))
			}
			return err
		})
		if n := s.count(`SELECT COUNT(*) FROM payment WHERE status = 'captured'`); n != 300 {
			s.Errorf("%d captured", n)
		}
	})
}
