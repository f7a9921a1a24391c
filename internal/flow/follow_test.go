package flow_test

import (
	"testing"
	"time"

	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

// A hold that waits for an event ends when it happens, and not for one that
// happened before it was placed.
func TestAHoldEndsWithTheEventItWaitsFor(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		catchUp := func() {
			t.Helper()
			dbtest.FeedSettled(t, s.DB)
			for n := 1; n > 0; {
				var err error
				if n, err = event.Follow(s.Ctx, s.DB, "holds", 100, flow.ReleaseHoldsOn); err != nil {
					t.Fatal(err)
				}
			}
		}
		catchUp() // a new follower begins here
		s.Receive("MUG", shop.Berlin, 9)
		o, other := s.Place(shop.Of("MUG", 2)), s.Place(shop.Of("MUG", 1))
		s.Sleep(time.Minute)
		s.Hold(o, order.Hold{Reason: order.HoldManual, ReleaseOn: "order.placed"})
		s.Hold(o, order.Hold{Reason: order.HoldAwaitingPayment, ReleaseOn: "payment.captured"})
		s.Hold(other, order.Hold{Reason: order.HoldAwaitingPayment, ReleaseOn: "payment.captured"})
		catchUp()
		shop.Equal(t, "holds before the payment", s.Order(o).ActiveHolds, 2)

		s.Sleep(time.Minute)
		s.Pay(o)
		catchUp()
		shop.Equal(t, "holds after the payment", s.Order(o).ActiveHolds, 1)
		shop.Equal(t, "holds of the order that was not paid", s.Order(other).ActiveHolds, 1)
		catchUp()
		s.Verify()
	})
}
