package flow_test

import (
	"pgregory.net/rapid"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// floorVerbs are what happens on the floor of a location.
func (h *history) floorVerbs() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){"short pick": h.shortPick}
}

// shortPick finds that units are not there, or damaged. Of a shelf that is empty only what was picked before is left.
func (h *history) shortPick(t *rapid.T) {
	s, f, some := h.someWork(t, (*fulfillment.Order).ToPick)
	reason := rapid.SampledFrom([]string{"not_in_stock", "damaged"}).Draw(t, "reason")
	code := h.LocationCode(f.Location)
	for _, l := range s.lines {
		n := some[l.id]
		if n == 0 {
			continue
		}
		before := h.Level(l.sku, code)
		var rows []fulfillment.ShortPick
		err := h.Try(func(tx *db.Tx) (err error) {
			rows, err = flow.ShortPick(h.Ctx, tx, []flow.Short{{Fulfillment: f.ID, Line: l.id, Quantity: n, Reason: reason}})
			return err
		})
		if f.Status == fulfillment.Scheduled {
			h.want(t, err, "fulfillment.scheduled")
			return
		}
		h.want(t, err, "")
		want := n
		if reason == "not_in_stock" {
			want = before.OnHand - before.Damaged - before.QualityControl - h.picked(l.sku, code)
			h.onHand[l.sku][code] -= want
		}
		if rows[0].Booked != want {
			t.Fatalf("%s at %s: %d units were booked for %s, the model's are %d", l.sku, code, rows[0].Booked, reason, want)
		}
		return
	}
}

// picked is how many units of a SKU were picked at a warehouse and have not left.
func (h *history) picked(sku, code string) (n int64) {
	ids := make([]id.Order, len(h.sales))
	for i, s := range h.sales {
		ids[i] = s.id
	}
	work, err := fulfillment.ByOrder(h.Ctx, h.DB, ids)
	h.want(h.t, err, "")
	for _, all := range work {
		for _, f := range all {
			for _, l := range f.Lines {
				if f.Location == h.Location(code) && l.Variant == h.Variant(sku) {
					n += l.Picked
				}
			}
		}
	}
	return n
}
