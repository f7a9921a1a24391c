package interleave_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/connector/test"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/interleave"
	"purser/internal/test/shop"
)

// ends are the ends that a meeting may have, by what became of the two; how often each was met.
type ends map[string]int

// code is the code of a fault, "" for success.
func code(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return err.Error()
}

// interleaved runs a meeting in every schedule with at most two preemptions (PURSER_TEST_PREEMPTIONS for more), on
// a PostgreSQL that does not look for deadlocks: none may come. Each of the ends must come in some schedule, and no
// other; after each schedule, `purser verify` finds nothing.
func interleaved(t *testing.T, want []string, meet func(t *testing.T, s *shop.Shop) interleave.Meeting) {
	t.Helper()
	bound := 2
	if n, err := strconv.Atoi(os.Getenv("PURSER_TEST_PREEMPTIONS")); err == nil {
		bound = n
	}
	s := shop.New(t, dbtest.Postgres(t))
	dbtest.LeaveDeadlocks(t, s.DB)
	met := ends{}
	runs := interleave.Every(t, s.DB, bound, func() interleave.Meeting {
		m := meet(t, s)
		check := m.Check
		m.Check = func(a, b error) {
			met[code(a)+"|"+code(b)]++
			check(a, b)
			s.Verify()
		}
		return m
	})
	t.Logf("%d schedules with at most %d preemptions; how they ended: %v", runs, bound, met)
	for _, end := range want {
		if met[end] == 0 {
			t.Errorf("no schedule ended with %q, but %v", end, met)
		}
		delete(met, end)
	}
	if len(met) > 0 {
		t.Errorf("other ends: %v", met)
	}
}

// account checks what of an order's money is authorized, captured and refunded.
func account(t *testing.T, s *shop.Shop, o *order.Order, authorized, captured, refunded int64) {
	t.Helper()
	o = s.Order(o)
	shop.Equal(t, "authorized, captured, refunded", [3]int64{o.Authorized, o.Captured, o.Refunded}, [3]int64{authorized, captured, refunded})
}

// An edit meets a shipment: what left stays as it was, what was taken off stays here, and what is invoiced is what left.
func TestEveryEditMeetsEveryShipment(t *testing.T) {
	interleaved(t, []string{"|", "order.too_many|"}, func(t *testing.T, s *shop.Shop) interleave.Meeting {
		s.Receive("MUG", shop.Berlin, 3)
		before := s.Level("MUG", shop.Berlin)
		o := s.Place(shop.Of("MUG", 3))
		f, down := s.WorkAt(o, shop.Berlin).ID, s.Quantity(o, "MUG", 1)
		return interleave.Meeting{
			A: func(ctx context.Context) error {
				interleave.Begin(ctx)
				_, err := s.In(ctx).TryEdit(o, down)
				return err
			},
			B: func(ctx context.Context) error {
				interleave.Begin(ctx)
				_, err := s.In(ctx).TryShip(flow.Shipping{Fulfillment: f})
				return err
			},
			Check: func(edit, _ error) {
				left := int64(1)
				if edit != nil {
					left = 3
				}
				l, now := s.Line(o, "MUG"), s.Order(o)
				shop.Equal(t, "shipped", l.Shipped, left)
				shop.Equal(t, "taken off", l.Cancelled, 3-left)
				shop.Equal(t, "invoiced", now.Invoiced, 1250*left)
				is := s.Level("MUG", shop.Berlin)
				shop.Equal(t, "on hand", is.OnHand, before.OnHand-left)
				shop.Equal(t, "promised", is.Committed, before.Committed)
			},
		}
	})
}

// Two refunds meet, each of more than half: one is made, and the other refused.
func TestEveryRefundMeetsEveryRefund(t *testing.T) {
	interleaved(t, []string{"|payment.not_refundable", "payment.not_refundable|"}, func(t *testing.T, s *shop.Shop) interleave.Meeting {
		s.Receive("MUG", shop.Berlin, 2)
		o := s.Place(shop.Of("MUG", 2))
		s.Authorize(o)
		s.Ship(o)
		s.Settle(o)
		refund := func(ctx context.Context) error {
			interleave.Begin(ctx)
			return s.In(ctx).Try(func(tx *db.Tx) error {
				return flow.Refund(ctx, tx, []flow.Refunding{{Order: o.ID, Amount: 1500, Reason: "goodwill"}})
			})
		}
		return interleave.Meeting{A: refund, B: refund, Check: func(_, _ error) {
			s.Settle(o)
			account(t, s, o, 0, 2500, 1500)
		}}
	})
}

// answering is a gateway that tells when it has done what it was asked for.
type answering struct {
	payment.Gateway
	answered func(ctx context.Context)
}

func (g answering) Authorize(ctx context.Context, r payment.Request) (payment.Result, error) {
	x, err := g.Gateway.Authorize(ctx, r)
	g.answered(ctx)
	return x, err
}

func (g answering) Capture(ctx context.Context, r payment.Request) (payment.Result, error) {
	x, err := g.Gateway.Capture(ctx, r)
	g.answered(ctx)
	return x, err
}

// The gateway's answer meets its webhook: the money moves once, whichever is first.
func TestEveryAnswerMeetsItsWebhook(t *testing.T) {
	for _, kind := range []string{"authorization", "capture"} {
		t.Run(kind, func(t *testing.T) {
			interleaved(t, []string{"|"}, func(t *testing.T, s *shop.Shop) interleave.Meeting {
				s.Receive("MUG", shop.Berlin, 2)
				o := s.Place(shop.Of("MUG", 2))
				p := s.PayCard(o, "tok_visa")
				authorized, captured := int64(2500), int64(0)
				if kind == "capture" {
					s.Settle(o)
					s.Ship(o)
					authorized, captured = 0, 2500
				}
				s.Gateway.Webhooks() // of what was before
				all := s.Payment(p).Transactions
				asked := all[len(all)-1].ID
				called := make(chan struct{})
				gateway := payment.Gateways{testgateway.Name: answering{s.Gateway, func(ctx context.Context) {
					close(called)
					interleave.Begin(ctx)
				}}}
				return interleave.Meeting{
					A: func(ctx context.Context) error { return payment.Call(ctx, s.DB, gateway, asked, flow.SettlePayments) },
					B: func(ctx context.Context) error {
						<-called
						interleave.Begin(ctx)
						return receive(s.In(ctx))
					},
					Check: func(_, _ error) {
						s.Settle(o)
						account(t, s, o, authorized, captured, 0)
						open, err := payment.Inbox(s.Ctx, s.DB, []payment.InboxStatus{"received", "failed"}, id.Inbox{}, 10)
						shop.Want(t, err, "")
						shop.Equal(t, "events that were not settled", len(open), 0)
						shop.Equal(t, "transactions", len(s.Payment(p).Transactions), len(all))
					},
				}
			})
		})
	}
}

// receive takes in what the gateway tells, as the door and the worker do.
func receive(s *shop.Shop) error {
	for _, w := range s.Gateway.Webhooks() {
		events, err := s.Gateway.ParseWebhook(w.Header, w.Body)
		if err != nil {
			return err
		}
		err = s.Try(func(tx *db.Tx) error {
			_, err := payment.Accept(s.Ctx, tx, testgateway.Name, events)
			return err
		})
		if err != nil {
			return err
		}
	}
	waiting, err := payment.Inbox(s.Ctx, s.DB, []payment.InboxStatus{"received", "failed"}, id.Inbox{}, 10)
	for _, e := range waiting {
		err = errors.Join(err, payment.Process(s.Ctx, s.DB, e.ID, flow.SettlePayments))
	}
	return err
}

// A sale of the last units meets a count that does not find them: what was promised and is not there is owed or
// refused, and never sold.
func TestEveryCountMeetsEverySale(t *testing.T) {
	interleaved(t, []string{"|", "|order.out_of_stock"}, func(t *testing.T, s *shop.Shop) interleave.Meeting {
		l := s.Level("MUG", shop.Berlin)
		s.Receive("MUG", shop.Berlin, 3)
		p := s.Placement(shop.Of("MUG", 2))
		var placed []flow.Placed
		return interleave.Meeting{
			A: func(ctx context.Context) error {
				interleave.Begin(ctx)
				return s.In(ctx).Try(func(tx *db.Tx) error {
					_, err := flow.CountStock(ctx, tx, []inventory.Count{{Variant: s.Variant("MUG"), Location: s.Location(shop.Berlin), OnHand: l.OnHand + 1}})
					return err
				})
			},
			B: func(ctx context.Context) (err error) {
				interleave.Begin(ctx)
				if placed, err = s.In(ctx).TryPlaceAll(p); err == nil {
					err = placed[0].Err
				}
				return err
			},
			Check: func(_, sale error) {
				is := s.Level("MUG", shop.Berlin)
				shop.Equal(t, "on hand", is.OnHand, l.OnHand+1)
				if sale != nil {
					shop.Equal(t, "promised", is.Committed, l.Committed)
					s.Adjust("MUG", shop.Berlin, -1) // all is as before
					return
				}
				o := placed[0].Order
				shop.Equal(t, "promised", s.Line(o, "MUG").Allocated, 1)
				shop.Equal(t, "owed", s.Line(o, "MUG").Backordered, 1)
				s.Cancel(o)
				s.Adjust("MUG", shop.Berlin, -1)
			},
		}
	})
}
