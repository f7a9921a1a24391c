package flow_test

import (
	"slices"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// sent is a shipment and what was billed with it.
type sent struct {
	id     id.Shipment
	at     string // a warehouse
	units  fulfillment.Quantities
	cost   map[id.Line]int64
	billed int64
	rest   bool // service and charge were billed with it
}

// move moves some work to another warehouse: only what it has, and never what somebody picked.
func (h *history) move(t *rapid.T) {
	_, f, some := h.someWork(t, (*fulfillment.Order).Free)
	code := h.anyWarehouse(t)
	if h.Location(code) == f.Location {
		t.Skip("it is there")
	}
	need, picked := map[id.Variant]int64{}, false
	for _, l := range f.Lines {
		need[l.Variant] += some[l.Line]
		picked = picked || some[l.Line] > l.ToPick()
	}
	short := false
	for _, sku := range h.goods() {
		short = short || need[h.Variant(sku)] > h.Level(sku, code).Free()
	}
	err := h.Try(func(tx *db.Tx) error {
		_, err := flow.Move(h.Ctx, tx, flow.Moving{Fulfillment: f.ID, Lines: some, To: h.Location(code)})
		return err
	})
	switch {
	case !h.split && fault.Is(err, "order.unsplittable"):
	case picked:
		h.want(t, err, "fulfillment.picked")
	case short:
		h.want(t, err, "routing.not_in_stock")
	default:
		h.want(t, err, "")
	}
}

func (h *history) splitWork(t *rapid.T) {
	_, f, some := h.someWork(t, (*fulfillment.Order).Movable)
	rest := f.Open()
	for _, n := range some {
		rest -= n
	}
	err := h.Try(func(tx *db.Tx) error {
		_, err := flow.Split(h.Ctx, tx, f.ID, 0, some)
		return err
	})
	switch {
	case !h.split && fault.Is(err, "order.unsplittable"):
	case rest == 0:
		h.want(t, err, "fulfillment.nothing_left")
	default:
		h.want(t, err, "")
	}
}

// merge merges two works of an order at one warehouse.
func (h *history) merge(t *rapid.T) {
	s, into, _ := h.someWork(t, (*fulfillment.Order).Free)
	for _, f := range h.Work(h.order(s)) {
		if f.ID == into.ID || f.Location != into.Location || f.Status.Done() {
			continue
		}
		picked := len(f.Movable()) < len(f.Free())
		for line, n := range f.Free() {
			picked = picked || f.Movable()[line] < n
		}
		err := h.Try(func(tx *db.Tx) error {
			_, err := flow.Merge(h.Ctx, tx, into.ID, 0, []id.Fulfillment{f.ID})
			return err
		})
		switch {
		case (f.Status == fulfillment.Scheduled) != (into.Status == fulfillment.Scheduled):
			h.want(t, err, "fulfillment.not_released")
		case picked:
			h.want(t, err, "fulfillment.picked")
		default:
			h.want(t, err, "")
		}
		return
	}
	t.Skip("there is no other work there")
}

func (h *history) reject(t *rapid.T) {
	_, f, some := h.someWork(t, (*fulfillment.Order).Free)
	if !seldom(t, "really") {
		t.Skip("it is done after all")
	}
	code, reason := "", rapid.SampledFrom([]string{"not found", "not_in_stock", "damaged"}).Draw(t, "reason")
	before := map[string]inventory.Counts{}
	for _, sku := range h.goods() {
		before[sku] = h.Level(sku, h.LocationCode(f.Location))
	}
	switch {
	case f.ForPickup():
		code = "fulfillment.pickup"
	case f.Status == fulfillment.Scheduled:
		code = "fulfillment.scheduled"
	}
	h.want(t, h.Try(func(tx *db.Tx) error {
		_, err := flow.Reject(h.Ctx, tx, flow.Rejection{Fulfillment: f.ID, Lines: some, Reason: reason})
		return err
	}), code)
	if code != "" || reason != "not_in_stock" {
		return
	}
	for _, sku := range h.goods() { // the shelves are empty but for what was picked
		if slices.ContainsFunc(f.Lines, func(l *fulfillment.Line) bool { return l.Variant == h.Variant(sku) && some[l.Line] > 0 }) {
			at := h.LocationCode(f.Location)
			h.onHand[sku][at] -= before[sku].OnHand - before[sku].Damaged - before[sku].QualityControl - h.picked(sku, at)
		}
	}
}

// void packs some units and takes them out again: they stay picked.
func (h *history) void(t *rapid.T) {
	_, f, some := h.someWork(t, (*fulfillment.Order).Free)
	var packed *fulfillment.Shipment
	err := h.Try(func(tx *db.Tx) (err error) {
		packed, err = flow.Pack(h.Ctx, tx, f.ID, 0, some, fulfillment.Carriage{})
		return err
	})
	switch {
	case f.ForPickup():
		h.want(t, err, "fulfillment.pickup")
		return
	case f.Status == fulfillment.Scheduled:
		h.want(t, err, "fulfillment.scheduled")
		return
	}
	h.want(t, err, "")
	h.want(t, h.Try(func(tx *db.Tx) error {
		_, err := flow.VoidShipment(h.Ctx, tx, packed.ID, 0, "wrong box")
		return err
	}), "")
}

// unship takes a shipment back: all is as it was before it, but for the money.
func (h *history) unship(t *rapid.T) {
	s := h.anySale(t)
	if len(s.sent) == 0 {
		t.Skip("nothing was sent")
	}
	i := draw(t, "shipment", 0, int64(len(s.sent)-1))
	x := s.sent[i]
	h.want(t, h.Try(func(tx *db.Tx) error {
		_, err := flow.Unship(h.Ctx, tx, x.id, 0, "still on the shelf")
		return err
	}), "")
	s.sent = slices.Delete(s.sent, int(i), int(i)+1)
	s.invoiced -= x.billed
	s.billed = s.billed && !x.rest
	s.scattered = true
	for _, l := range s.lines {
		l.shipped -= x.units[l.id]
		l.sent -= x.cost[l.id]
		l.rest += x.cost[l.id]
		h.onHand[l.sku][x.at] += x.units[l.id]
	}
	h.Settle(h.order(s))
}

// checkWaiting checks that no line that may be split waits for what a warehouse has that did not reject it.
func (h *history) checkWaiting(t *rapid.T, o *order.Order, excluded map[id.Line]map[id.Location]string) {
	for _, l := range o.Lines {
		if l.Backordered == 0 {
			continue
		}
		for _, code := range warehouses {
			no := slices.ContainsFunc(o.Lines, func(other *order.Line) bool { // what one line may not have, no line of it gets
				_, is := excluded[other.ID][h.Location(code)]
				return is && other.Variant == l.Variant
			})
			if free := h.Level(l.SKU, code).Free(); free > 0 && !no {
				t.Fatalf("order %d waits for %d %s while %d are free at %s", o.Number, l.Backordered, l.SKU, free, code)
			}
		}
	}
}

func (h *history) excluded(t *rapid.T, ids []id.Order) map[id.Line]map[id.Location]string {
	out, err := routing.Exclusions(h.Ctx, h.DB, ids)
	h.want(t, err, "")
	return out
}

// sentWith is what the model keeps of a shipment.
func (h *history) sentWith(x *fulfillment.Shipment, units fulfillment.Quantities, cost map[id.Line]int64, billed int64, rest bool) sent {
	return sent{id: x.ID, at: h.LocationCode(x.Location), units: units, cost: cost, billed: billed, rest: rest}
}
