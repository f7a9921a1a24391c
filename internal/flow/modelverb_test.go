package flow_test

import (
	"errors"
	"slices"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/connector/test"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func draw(t *rapid.T, what string, from, to int64) int64 {
	return rapid.Int64Range(from, to).Draw(t, what)
}

func (h *history) anyGoods(t *rapid.T) string { return rapid.SampledFrom(h.goods()).Draw(t, "goods") }

func (h *history) anyWarehouse(t *rapid.T) string {
	return rapid.SampledFrom(warehouses).Draw(t, "warehouse")
}

// anySale picks a sale, rarely one that is finished, and leaves the step out where there is none.
func (h *history) anySale(t *rapid.T) *sale {
	live := slices.DeleteFunc(slices.Clone(h.sales), func(s *sale) bool { return s.open() == 0 })
	switch {
	case len(h.sales) == 0:
		t.Skip("no order yet")
	case len(live) > 0 && seldom(t, "finished"):
		live = h.sales
	case len(live) == 0:
		live = h.sales
	}
	return rapid.SampledFrom(live).Draw(t, "order")
}

// seldom is true once in six times.
func seldom(t *rapid.T, what string) bool { return rapid.IntRange(0, 5).Draw(t, what) == 5 }

func (h *history) order(s *sale) *order.Order { return &order.Order{Header: order.Header{ID: s.id}} }

func (h *history) receive(t *rapid.T) {
	sku, code, n := h.anyGoods(t), h.anyWarehouse(t), draw(t, "units", 1, 5)
	cost := money.Micros(draw(t, "cost in cents", 1, 900) * 10_000)
	h.want(t, h.Try(func(tx *db.Tx) error {
		_, err := flow.ReceiveGoods(h.Ctx, tx, []flow.Receipt{{Variant: h.Variant(sku), Location: h.Location(code), Quantity: n, UnitCost: &cost}})
		return err
	}), "")
	h.onHand[sku][code] += n
}

// place places a cart: which carts are refused follows from what is free.
func (h *history) place(t *rapid.T) {
	need := map[string]int64{}
	var items []shop.Item
	for range draw(t, "lines", 1, 4) {
		what, n := rapid.SampledFrom(append(h.goods(), "SET"+h.run)).Draw(t, "what"), draw(t, "quantity", 1, 4)
		items = append(items, shop.Of(what, n))
		if what == "SET"+h.run {
			need["MUG"+h.run] += 2 * n
			need["TEA"+h.run] += n
		} else {
			need[what] += n
		}
	}
	s := &sale{}
	if rapid.Bool().Draw(t, "wrapped") {
		items, s.service = append(items, shop.Of("WRAP", 1)), 300
	}
	to := rapid.SampledFrom([]order.Address{shop.InBerlin, shop.InMunich, shop.InHamburg}).Draw(t, "to")
	if rapid.Bool().Draw(t, "posted") {
		s.charge = 490
	}
	refused := false
	for sku, n := range need {
		var free, owed int64
		for _, code := range warehouses {
			l := h.Level(sku, code)
			free, owed = free+l.Free(), owed+l.Backordered
		}
		short := max(0, n-free)
		refused = refused || sku == "MUG"+h.run && short > 0 || sku == "RARE"+h.run && short > 0 && owed+short > 5
	}
	o, err := h.TryPlace(func(p *flow.Placement) {
		p.ShipTo = to
		if s.charge > 0 {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: s.charge, TaxRate: shop.VAT}}
		}
	}, items...)
	if refused || !h.split && fault.Is(err, "order.out_of_stock") { // no place has a line whole, though all have it together
		h.want(t, err, "order.out_of_stock")
		return
	}
	h.want(t, err, "")
	s.id = o.ID
	for _, l := range o.Lines {
		if l.Goods() {
			s.lines = append(s.lines, &saleLine{id: l.ID, sku: l.SKU, quantity: l.Quantity, unit: l.Total / l.Quantity, rest: l.Total, component: !l.Parent.IsZero()})
		}
	}
	if s.due() != o.Total {
		t.Fatalf("the order costs %d, the model's %d", o.Total, s.due())
	}
	h.sales = append(h.sales, s)
}

func (h *history) hold(t *rapid.T) {
	s := h.anySale(t)
	if !s.held.IsZero() || !seldom(t, "really") {
		t.Skip("it is not held")
	}
	var held *order.Order
	err := h.Try(func(tx *db.Tx) (err error) {
		held, err = flow.Hold(h.Ctx, tx, s.id, 0, order.Hold{Reason: order.HoldManual})
		return err
	})
	switch {
	case s.cancelled():
		h.want(t, err, "order.cancelled")
	case s.completed():
		h.want(t, err, "order.completed")
	default:
		h.want(t, err, "")
		s.held = held.Holds[len(held.Holds)-1].ID
	}
}

func (h *history) releaseHold(t *rapid.T) {
	s := h.anySale(t)
	if s.held.IsZero() {
		t.Skip("it is not on hold")
	}
	code := ""
	if s.cancelled() {
		code = "order.hold_released"
	}
	h.want(t, h.Try(func(tx *db.Tx) error {
		_, err := flow.ReleaseHold(h.Ctx, tx, s.id, 0, s.held)
		return err
	}), code)
	s.held = id.Hold{}
}

// cancel cancels, and lets the model follow.
func (h *history) cancel(t *rapid.T, s *sale, units map[id.Line]int64) {
	err := h.Try(func(tx *db.Tx) error {
		_, err := flow.Cancel(h.Ctx, tx, []flow.Cancellation{{Order: s.id, Lines: units, Reason: order.CancelCustomer}})
		return err
	})
	service := len(units) == 0 && s.service > 0 && !s.serviceCancelled && !s.billed
	switch {
	case s.cancelled():
		h.want(t, err, "order.cancelled")
		return
	case s.completed():
		h.want(t, err, "order.completed")
		return
	case s.open() == 0 && !service:
		h.want(t, err, "order.already_shipped")
		return
	}
	h.want(t, err, "")
	h.off(s, units, service)
}

// off lets the model follow units that were cancelled; none given are all.
func (h *history) off(s *sale, units map[id.Line]int64, service bool) {
	for _, l := range s.lines {
		n := units[l.id]
		if len(units) == 0 {
			n = l.open()
		}
		if n > 0 {
			l.part(n)
			l.cancelled += n
		}
	}
	s.serviceCancelled = s.serviceCancelled || service
	if s.cancelled() && !s.billed {
		s.chargeCancelled = true
	}
	if s.balance() <= 0 {
		s.void()
	}
	s.billRest()
	h.Settle(h.order(s))
}

func (h *history) cancelAll(t *rapid.T) {
	if !seldom(t, "really") {
		t.Skip("it is not cancelled after all")
	}
	h.cancel(t, h.anySale(t), nil)
}

func (h *history) cancelUnits(t *rapid.T) {
	s := h.anySale(t)
	l := rapid.SampledFrom(s.lines).Draw(t, "line")
	if l.open() == 0 {
		t.Skip("nothing is open")
	}
	h.cancel(t, s, map[id.Line]int64{l.id: draw(t, "units", 1, l.open())})
}

// someWork picks work that a location may do, with some units of it.
func (h *history) someWork(t *rapid.T, units func(*fulfillment.Order) fulfillment.Quantities) (*sale, *fulfillment.Order, fulfillment.Quantities) {
	s := h.anySale(t)
	work := slices.DeleteFunc(h.Work(h.order(s)), func(f *fulfillment.Order) bool { return len(units(f)) == 0 || f.Status.Done() })
	if len(work) == 0 {
		t.Skip("there is nothing to do")
	}
	f := work[draw(t, "work", 0, int64(len(work)-1))]
	some := fulfillment.Quantities{}
	for _, l := range s.lines {
		if most := units(f)[l.id]; most > 0 {
			if n := min(most, draw(t, "units", 0, 2*most)); n > 0 {
				some[l.id] = n
			}
		}
	}
	if len(some) == 0 {
		t.Skip("nothing was chosen")
	}
	return s, f, some
}

func (h *history) pick(t *rapid.T) {
	s, f, some := h.someWork(t, (*fulfillment.Order).ToPick)
	code := ""
	if !s.held.IsZero() {
		code = "order.on_hold"
	}
	h.want(t, pick(h.Shop, f, some), code)
}

func (h *history) ship(t *rapid.T) {
	s, f, some := h.someWork(t, (*fulfillment.Order).Free)
	shipment, err := h.letGo(f, some, nil)
	if !s.held.IsZero() {
		h.want(t, err, "order.on_hold")
		return
	}
	h.want(t, err, "")
	h.left(s, f, shipment, some)
}

// left lets the model follow units that left.
func (h *history) left(s *sale, f *fulfillment.Order, shipment *fulfillment.Shipment, some fulfillment.Quantities) {
	rest := !s.billed
	billed := s.bill()
	cost := map[id.Line]int64{}
	for _, l := range s.lines {
		n := some[l.id]
		if n == 0 {
			continue
		}
		cost[l.id] = l.part(n)
		l.shipped += n
		l.sent += cost[l.id]
		s.invoiced += cost[l.id]
		billed += cost[l.id]
		h.onHand[l.sku][h.LocationCode(f.Location)] -= n
	}
	s.sent = append(s.sent, h.sentWith(shipment, some, cost, billed, rest))
	s.capture(min(billed, s.balance()))
	h.Settle(h.order(s))
}

func (h *history) payByHand(t *rapid.T) {
	s := h.anySale(t)
	amount := int64(0)
	if rapid.Bool().Draw(t, "in part") {
		amount = draw(t, "amount", 1, 9_999)
	}
	want := amount
	if want == 0 {
		want = s.balance()
	}
	p, err := h.TryPay(flow.Paying{Order: s.id, Method: payment.Cash, Amount: amount, Received: true})
	if want <= 0 {
		h.want(t, err, "payment.invalid")
		return
	}
	h.want(t, err, "")
	in := &moneyIn{id: p.ID, authorized: want, captured: want}
	s.payments = append(s.payments, in)
	if s.cancelled() {
		in.offered = max(0, min(want, -s.balance()))
	}
	s.billRest()
}

func (h *history) payByCard(t *rapid.T) {
	s := h.anySale(t)
	token := rapid.SampledFrom([]string{
		"tok_visa", "tok_decline", "tok_decline.capture", "tok_timeout_before", "tok_timeout_after", "tok_timeout_after.capture",
		"tok_webhook_twice+webhook_reversed", "tok_timeout_after+no_key",
	}).Draw(t, "token")
	want := s.balance()
	p, err := h.TryPay(flow.Paying{Order: s.id, Gateway: testgateway.Name, Method: payment.Card, Token: token})
	switch {
	case s.cancelled():
		h.want(t, err, "order.cancelled")
		return
	case want <= 0:
		h.want(t, err, "payment.invalid")
		return
	}
	h.want(t, err, "")
	if rapid.Bool().Draw(t, "webhooks first") {
		h.CallGateway(h.order(s))
		h.Gateway.ReleaseLate()
		h.ReceiveWebhooks(h.Gateway.Webhooks()...)
	}
	h.Settle(h.order(s))
	in := &moneyIn{id: p.ID, noCapture: token == "tok_decline.capture"}
	s.payments = append(s.payments, in)
	if token == "tok_decline" {
		return
	}
	in.authorized = want
	_, captured, refunded := s.sums()
	if s.open() == 0 {
		s.capture(s.balance()) // nothing will leave that it could be captured with
	} else {
		s.capture(min(s.balance(), s.invoiced-captured+refunded))
	}
	s.billRest()
	h.Settle(h.order(s))
}

func (h *history) captureByHand(t *rapid.T) {
	s := h.anySale(t)
	if len(s.payments) == 0 {
		t.Skip("nothing was paid")
	}
	p := rapid.SampledFrom(s.payments).Draw(t, "payment")
	n := draw(t, "amount", 1, 5_000)
	err := h.Try(func(tx *db.Tx) error {
		_, err := flow.Capture(h.Ctx, tx, p.id, n)
		return err
	})
	if n > p.authorized-p.captured {
		h.want(t, err, "payment.not_authorized")
		return
	}
	h.want(t, err, "")
	if !p.noCapture {
		p.captured += n
	}
	h.Settle(h.order(s))
	s.billRest()
}

// refund pays money back, over the payments as the program likes.
func (h *history) refund(t *rapid.T) {
	s := h.anySale(t)
	n := draw(t, "amount", 1, 3_000)
	err := h.Try(func(tx *db.Tx) error {
		return flow.Refund(h.Ctx, tx, []flow.Refunding{{Order: s.id, Amount: n, Reason: "goodwill"}})
	})
	if n > s.refundable() {
		h.want(t, err, "payment.not_refundable")
		return
	}
	h.want(t, err, "")
	h.Settle(h.order(s))
	for _, p := range s.payments {
		p.refunded = h.Payment(&payment.Payment{ID: p.id}).Refunded
	}
	if _, _, refunded := s.sums(); refunded < n {
		t.Fatalf("%d was paid back, not %d", refunded, n)
	}
}

func (h *history) adjust(t *rapid.T) {
	sku, code, n := h.anyGoods(t), h.anyWarehouse(t), draw(t, "units", -6, 3)
	if n == 0 {
		t.Skip("nothing changes")
	}
	damaged := h.Level(sku, code).Damaged
	err := h.TryAdjust(sku, code, n)
	if h.onHand[sku][code]-damaged+n < 0 {
		h.want(t, err, "inventory.shortage")
		return
	}
	h.want(t, err, "")
	h.onHand[sku][code] += n
}

func (h *history) newTransfer(t *rapid.T) {
	x := &transfer{sku: h.anyGoods(t), from: h.anyWarehouse(t), to: h.anyWarehouse(t), quantity: draw(t, "units", 1, 5), state: "ready"}
	if x.from == x.to {
		t.Skip("it is there already")
	}
	x.id = h.Transfer(x.from, x.to, shop.Of(x.sku, x.quantity)).ID
	free := h.Level(x.sku, x.from).Free()
	err := h.Try(func(tx *db.Tx) error {
		_, err := flow.ReadyTransfer(h.Ctx, tx, x.id, 0)
		return err
	})
	if x.quantity > free {
		h.want(t, err, "inventory.shortage")
		return
	}
	h.want(t, err, "")
	h.transfers = append(h.transfers, x)
}

// carryOn sends, receives or cancels a transfer.
func (h *history) carryOn(t *rapid.T) {
	if len(h.transfers) == 0 {
		t.Skip("there is no transfer")
	}
	i := draw(t, "transfer", 0, int64(len(h.transfers)-1))
	x := h.transfers[i]
	cancel := rapid.Bool().Draw(t, "cancel")
	err := h.Try(func(tx *db.Tx) error {
		seen, err := inventory.GetTransfer(h.Ctx, tx, x.id)
		if err != nil {
			return err
		}
		arrival := []inventory.Arrival{{Line: seen.Lines[0].ID, Quantity: x.quantity}}
		switch {
		case cancel:
			_, err = flow.CancelTransfer(h.Ctx, tx, x.id, 0, inventory.ReturnToSource, "not wanted")
		case x.state == "ready":
			_, err = flow.ShipTransfer(h.Ctx, tx, x.id, 0, nil)
		default:
			_, err = flow.ReceiveTransfer(h.Ctx, tx, x.id, 0, arrival)
		}
		return err
	})
	if short := new(fault.Error); x.state == "ready" && !cancel && errors.As(err, &short) && short.Kind == fault.Shortage {
		return // an adjustment took what was claimed for it
	}
	h.want(t, err, "")
	switch {
	case x.state == "ready" && !cancel:
		h.onHand[x.sku][x.from] -= x.quantity
		x.state = "under way"
		return
	case x.state == "under way" && cancel:
		h.onHand[x.sku][x.from] += x.quantity
	case x.state == "under way":
		h.onHand[x.sku][x.to] += x.quantity
	}
	h.transfers = slices.Delete(h.transfers, int(i), int(i)+1)
}
