package flow_test

import (
	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// parcelVerbs are what happens to whole fulfillment orders.
func (h *history) parcelVerbs() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){"withdraw work": h.withdraw, "cancel work": h.cancelWork}
}

// withdraw has all of some work planned anew: nothing is promised less, or twice.
func (h *history) withdraw(t *rapid.T) {
	s, f, _ := h.someWork(t, (*fulfillment.Order).Free)
	s.scattered = true
	h.want(t, h.Try(func(tx *db.Tx) error {
		_, err := flow.Withdraw(h.Ctx, tx, flow.Withdrawal{Fulfillment: f.ID, Reason: "another wave"})
		return err
	}), "")
}

// cancelWork cancels the units of some work in its order.
func (h *history) cancelWork(t *rapid.T) {
	s, f, _ := h.someWork(t, (*fulfillment.Order).Free)
	if !seldom(t, "really") {
		t.Skip("it is not cancelled after all")
	}
	units := map[id.Line]int64{}
	for _, l := range f.Lines {
		if n := l.Open(); n > 0 {
			units[l.Line] = n
		}
	}
	err := h.Try(func(tx *db.Tx) error {
		_, err := flow.Cancel(h.Ctx, tx, []flow.Cancellation{{Order: s.id, Work: f.ID, Reason: order.CancelCustomer}})
		return err
	})
	if fault.Is(err, "order.kit_elsewhere") {
		return
	}
	h.want(t, err, "")
	s.scattered = true
	h.off(s, units, false)
}
