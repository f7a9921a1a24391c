package flow_test

import (
	"slices"

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
	return map[string]func(*rapid.T){"withdraw work": h.withdraw, "cancel work": h.cancelWork, "merge a parcel": h.mergeParcel}
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

// mergeParcel packs the work of two orders into one box, which is unpacked again, or whose shipments go on alone.
func (h *history) mergeParcel(t *rapid.T) {
	s, f, _ := h.someWork(t, (*fulfillment.Order).Free)
	mates, err := flow.ParcelMates(h.Ctx, h.DB, f)
	h.want(t, err, "")
	mates = slices.DeleteFunc(mates, func(g *fulfillment.Order) bool { // of another run
		return !slices.ContainsFunc(h.sales, func(s *sale) bool { return s.id == g.Order })
	})
	if len(mates) == 0 || f.Status == fulfillment.Scheduled || !s.held.IsZero() {
		t.Skip("nothing goes with it")
	}
	other := rapid.SampledFrom(mates).Draw(t, "other")
	var p *fulfillment.Parcel
	h.want(t, h.Try(func(tx *db.Tx) (err error) {
		p, err = flow.MergeParcel(h.Ctx, tx, []id.Fulfillment{f.ID, other.ID})
		return err
	}), "")
	alone := rapid.Bool().Draw(t, "alone")
	h.want(t, h.Try(func(tx *db.Tx) (err error) {
		if alone {
			_, err = flow.UnmergeParcel(h.Ctx, tx, p.ID, 0)
			return err
		}
		_, err = flow.LabelParcel(h.Ctx, tx, p.ID, 0, fulfillment.Carriage{Carrier: "DHL", TrackingNumber: "1", Cost: draw(t, "cost", 0, 999)})
		return err
	}), "")
	h.want(t, h.Try(func(tx *db.Tx) error {
		if !alone {
			_, err := flow.VoidParcel(h.Ctx, tx, p.ID, 0, "wrong box")
			return err
		}
		for _, x := range p.Shipments {
			if _, err := flow.VoidShipment(h.Ctx, tx, x.ID, 0, "wrong box"); err != nil {
				return err
			}
		}
		return nil
	}), "")
}
