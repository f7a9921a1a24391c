package flow_test

import (
	"pgregory.net/rapid"

	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// openCounters lets customers fetch orders at the warehouses.
func openCounters(s *shop.Shop) {
	for _, code := range warehouses {
		s.Write(func(tx *db.Tx) error {
			l, err := inventory.GetLocation(s.Ctx, tx, s.Location(code))
			if err != nil {
				return err
			}
			l.Pickup = true
			_, err = inventory.SaveLocation(s.Ctx, tx, l)
			return err
		})
	}
}

// pickupVerbs are what happens to orders that customers fetch.
func (h *history) pickupVerbs() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){"place to fetch": h.placeToFetch, "make ready": h.makeReady, "refuse at the counter": h.refuse}
}

// placeToFetch places an order of goods to be fetched at a warehouse, which may be owed.
func (h *history) placeToFetch(t *rapid.T) {
	at, sku := h.anyWarehouse(t), rapid.SampledFrom(append(h.goods(), "SET"+h.run)).Draw(t, "what")
	items := []shop.Item{shop.Of(sku, draw(t, "quantity", 1, 4))}
	if sku == "SET"+h.run {
		items = append(items, shop.Of("RARE"+h.run, draw(t, "more", 1, 2)))
	}
	o, err := h.TryPlace(func(p *flow.Placement) { p.Pickup, p.Owe = h.Location(at), true }, items...)
	h.want(t, err, "")
	s := &sale{id: o.ID, fetched: true}
	for _, l := range o.Lines {
		if l.Goods() {
			s.lines = append(s.lines, &saleLine{id: l.ID, sku: l.SKU, quantity: l.Quantity, unit: l.Total / l.Quantity, rest: l.Total, component: !l.Parent.IsZero()})
		}
	}
	h.sales = append(h.sales, s)
}

// letGo ships units, or lets the customer fetch them, who may refuse others.
func (h *history) letGo(f *fulfillment.Order, some, refused fulfillment.Quantities) (shipment *fulfillment.Shipment, err error) {
	if !f.ForPickup() {
		shipments, err := h.TryShip(flow.Shipping{Fulfillment: f.ID, Lines: some})
		if err != nil {
			return nil, err
		}
		return shipments[0], nil
	}
	if f.ReadyAt.IsZero() {
		if err := ready(h.Shop, f); err != nil {
			return nil, err
		}
	}
	return handOver(h.Shop, flow.Handing{Fulfillment: f.ID, Lines: some, Refused: refused})
}

func (h *history) makeReady(t *rapid.T) {
	s, f, _ := h.someWork(t, (*fulfillment.Order).Free)
	err := ready(h.Shop, f)
	switch {
	case !f.ForPickup():
		if err == nil {
			t.Fatal("goods that are sent are ready to be fetched")
		}
	case !s.held.IsZero():
		h.want(t, err, "order.on_hold")
	case !f.ReadyAt.IsZero():
		h.want(t, err, "pickup.ready")
	default:
		h.want(t, err, "")
	}
}

// refuse lets a customer take what is ready but for some units.
func (h *history) refuse(t *rapid.T) {
	s, f, some := h.someWork(t, (*fulfillment.Order).Free)
	if !f.ForPickup() {
		t.Skip("it is sent")
	}
	taken := fulfillment.Quantities{}
	for line, n := range f.Free() {
		if n > some[line] {
			taken[line] = n - some[line]
		}
	}
	shipment, err := h.letGo(f, nil, some)
	if !s.held.IsZero() {
		h.want(t, err, "order.on_hold")
		return
	}
	h.want(t, err, "")
	h.off(s, some, false)
	if len(taken) > 0 {
		h.left(s, f, shipment, taken)
	}
}
