package api

import (
	"net/http"
	"strconv"
	"strings"

	"purser/internal/platform/auth"
)

// inputs are the codes of what may be refused as wrong: more than there is, what
// has come already, or one thing in the place of two.
var inputs = []string{"payment.invalid", "return.bad_arrival", "fulfillment.same_order", "fulfillment.same_location", "routing.not_excluded"}

// reasons are the codes of refusals that name what is missing instead of the state.
var reasons = []string{
	"order.not_on_terms", "payment.not_manual", "return.nothing_to_refund", "return.not_credited", "count.agrees",
	"order.completed", // of a shipment whose order is
	"fulfillment.picked", "fulfillment.packed", "fulfillment.pickup", "fulfillment.not_a_pickup", "pickup.not_ready", "pickup.ready", "pickup.picked_up",
}

func (s *shop) newKey() string { return "state " + strconv.FormatInt(keys.Add(1), 10) }

func euros(minor int) object { return object{"minor": minor, "currency": "EUR"} }

func (s *shop) made(r reply) reply {
	s.t.Helper()
	if r.status != http.StatusOK && r.status != http.StatusCreated {
		s.t.Fatalf("%s: got %d: %s", r.what, r.status, r.body)
	}
	return r
}

// ordered is the scene of a new order of three mugs, changed by more.
func (s *shop) ordered(more object) scene {
	s.t.Helper()
	o := s.order(3)
	o["lines"] = []object{{"sku": "MUG", "quantity": 3, "may_split": true}}
	for name, v := range more {
		o[name] = v
		if v == nil {
			delete(o, name)
		}
	}
	placed := s.made(s.post("/v1/orders", o))
	x := scene{"order": placed.text("id"), "line": placed.text("lines.0.id"), "location": s.reno}
	if f := s.get("/v1/orders/" + x["order"]).text("fulfillments.0.id"); f != "" {
		x["fulfillment"] = f
	}
	return x
}

func (s *shop) paid() scene {
	x := s.ordered(nil)
	s.pay("/v1/orders/" + x["order"])
	return x
}

// with does something to the object of a scene.
func (x scene) with(s *shop, kind, step string, body any) scene {
	s.t.Helper()
	s.made(s.post("/v1/"+kind+"s/"+x[kind]+"/"+step, body))
	return x
}

func (x scene) units(n int) object {
	return object{"lines": []object{{"line_id": x["line"], "quantity": n}}}
}

func (s *shop) shipped(n int) scene {
	x := s.paid()
	x["shipment"] = s.made(s.post("/v1/fulfillments/"+x["fulfillment"]+"/ship", x.units(n))).text("id")
	return x
}

func (s *shop) packed() scene {
	x := s.paid()
	x["shipment"] = s.made(s.post("/v1/fulfillments/"+x["fulfillment"]+"/pack", object{})).text("id")
	return x
}

func (s *shop) delivered() scene {
	x := s.shipped(3)
	s.made(s.post("/v1/tracking-events", object{"events": []object{{"shipment_id": x["shipment"], "status": "delivered", "source": "UPS"}}}))
	return x
}

func (s *shop) held(x scene) scene {
	x["hold"] = s.made(s.post("/v1/orders/"+x["order"]+"/holds", object{})).text("holds.0.id")
	return x
}

var cancelAll = object{"reason": "customer"}

// returning is the scene of a return of two mugs.
func (s *shop) returning() scene {
	x := s.shipped(3)
	r := s.made(s.post("/v1/returns", object{"order_id": x["order"], "location_id": s.reno, "lines": []object{{"line_id": x["line"], "quantity": 2}}}))
	x["return"], x["return_line"] = r.text("id"), r.text("lines.0.id")
	return x
}

func (x scene) arrival() object {
	return object{"lines": []object{{"line_id": x["return_line"], "quantity": 2, "reception": "received", "disposition": "restock"}}}
}

func (s *shop) received() scene {
	x := s.returning().with(s, "return", "approve", object{})
	return x.with(s, "return", "receive", x.arrival())
}

// paying is the scene of a payment.
func (s *shop) paying(p object) scene {
	x := s.ordered(nil)
	x["payment"] = s.made(s.post("/v1/orders/"+x["order"]+"/payments", p)).text("id")
	return x
}

func (s *shop) giftCard() scene {
	card := s.made(s.post("/v1/gift-cards", object{"amount": euros(10_000), "reason": "a prize"})).text("id")
	return scene{"credit": card, "code": s.made(s.send(http.MethodPost, "/v1/credits/"+card+"/code", nil)).text("code")}
}

// authorized is a payment that is authorized, by a gift card.
func (s *shop) authorized() scene {
	return s.paying(object{"method": "gift_card", "gateway": "gift_card", "token": s.giftCard()["code"]})
}

// byCard is a payment by card whose authorization the gateway was asked for.
func (s *shop) byCard(token string) scene {
	x := s.paying(object{"method": "card", "gateway": "test", "token": token})
	call(s.t, s, s.get("/v1/payments/"+x["payment"]).text("transactions.0.id"))
	return x
}

// late is a refund that is proposed, of money that came when the order had ended.
func (s *shop) late() scene {
	x := s.ordered(nil).with(s, "order", "cancel", cancelAll)
	p := s.made(s.post("/v1/orders/"+x["order"]+"/payments", object{"method": "bank", "received": true, "amount": euros(500)}))
	x["refund"] = s.get("/v1/payments/" + p.text("id")).text("refunds.0.id")
	return x
}

func (s *shop) changing() scene {
	x := s.paid()
	x["index"] = "0"
	x["change"] = s.made(s.post("/v1/orders/"+x["order"]+"/changes", object{"actions": []object{{"kind": "set_quantity", "line_id": x["line"], "quantity": 2}}})).text("id")
	return x
}

func (s *shop) counting() scene {
	c := s.made(s.post("/v1/counts", object{"location_id": s.columbus, "kind": "variants", "variants": []object{{"sku": "MUG"}}}))
	return scene{"count": c.text("id")}
}

func (s *shop) counted() scene { return s.counts(0) }

// counts is a count by somebody else that waits to be looked at; so many are missing.
func (s *shop) counts(missing int) scene {
	x := s.counting().with(s, "count", "start", nil)
	n, _ := strconv.Atoi(s.level(s.columbus, "on_hand"))
	counter := s.as(s.key(auth.Counter, nil))
	s.made(counter.post("/v1/counts/"+x["count"]+"/entries", object{"entries": []object{{"code": "MUG", "quantity": n - missing, "key": s.newKey()}}}))
	return x.with(s, "count", "submit", object{})
}

// mugs enters what lies at the location, in one go.
func (s *shop) mugs() object {
	n, _ := strconv.Atoi(s.level(s.columbus, "on_hand"))
	return object{"entries": []object{{"code": "MUG", "quantity": n, "key": s.newKey()}}}
}

// byID is a hand-over to somebody who showed a passport.
var byID = object{"person": "Mia", "id_checked": true}

// fetched is work for an order that the customer fetches.
func (s *shop) fetched() scene {
	s.made(s.send(http.MethodPatch, "/v1/locations/"+s.columbus, object{"pickup": true}))
	x := s.ordered(object{"pickup_location_id": s.columbus, "ship_to": nil})
	s.pay("/v1/orders/" + x["order"])
	return x
}

// overLimit is an order of a company that may not owe so much.
func (s *shop) overLimit() scene {
	terms := s.made(s.post("/v1/payment-terms", object{"code": strings.ReplaceAll(s.newKey(), " ", "-"), "name": "Net 30", "due_days": 30})).text("id")
	company := s.made(s.post("/v1/companies", object{"name": "Kettle " + s.newKey(), "currency": "EUR", "credit_limit_minor": 100, "terms_id": terms})).text("id")
	return s.ordered(object{"company_id": company})
}

func (s *shop) moving() scene {
	r := s.made(s.post("/v1/transfers", object{"from_location": s.reno, "to_location": s.columbus, "lines": []object{{"sku": "MUG", "quantity": 2}}}))
	return scene{"transfer": r.text("id"), "transfer_line": r.text("lines.0.id")}
}

func (s *shop) underWay() scene {
	return s.moving().with(s, "transfer", "ready", nil).with(s, "transfer", "ship", object{})
}

func (x scene) arrived(n int) object {
	return object{"lines": []object{{"line_id": x["transfer_line"], "quantity": n}}}
}

func (s *shop) picking() scene {
	x := s.paid()
	r := s.made(s.post("/v1/pick-batches", object{"location_id": s.reno, "fulfillment_ids": []string{x["fulfillment"]}}))
	x["batch"] = r.text("id")
	return x
}

func (s *shop) picks() object {
	return object{"picks": []object{{"variant_id": s.mug, "picked": 3}}}
}

func (x scene) batchStep(s *shop, step string, body any) scene {
	s.t.Helper()
	s.made(s.post("/v1/pick-batches/"+x["batch"]+"/"+step, body))
	return x
}

// stages are the states of each kind of object that has some.
var stages = map[string][]stage{
	"order": {
		{"draft", func(s *shop) scene { return s.ordered(object{"status": "draft"}) }},
		{"pending", func(s *shop) scene { return s.ordered(object{"status": "pending"}) }},
		{"open, unpaid", func(s *shop) scene { return s.ordered(nil) }},
		{"open, paid", (*shop).paid},
		{"on_hold", func(s *shop) scene { return s.held(s.paid()) }},
		{"released", func(s *shop) scene {
			x := s.held(s.paid())
			return x.with(s, "order", "holds/"+x["hold"]+"/release", nil)
		}},
		{"picked", func(s *shop) scene { x := s.paid(); return x.with(s, "fulfillment", "pick", x.units(1)) }},
		{"packed", (*shop).packed},
		{"partially_fulfilled", func(s *shop) scene { return s.shipped(1) }},
		{"completed", func(s *shop) scene { return s.shipped(3) }},
		{"cancelled", func(s *shop) scene { return s.ordered(nil).with(s, "order", "cancel", cancelAll) }},
		{"cancelled, and paid", func(s *shop) scene { return s.paid().with(s, "order", "cancel", cancelAll) }},
		{"draft, a change of it", (*shop).changing},
		{"returned", (*shop).received},
		{"rejected, by a location", func(s *shop) scene { return s.paid().with(s, "fulfillment", "reject", object{"reason": "too_busy"}) }},
		{"on_hold, over the credit limit", (*shop).overLimit},
	},
	"fulfillment": {
		{"scheduled", func(s *shop) scene { return s.ordered(nil) }},
		{"open", (*shop).paid},
		{"on hold", func(s *shop) scene { return s.held(s.paid()) }},
		{"in_progress, picked", func(s *shop) scene { x := s.paid(); return x.with(s, "fulfillment", "pick", x.units(3)) }},
		{"in_progress, packed", (*shop).packed},
		{"in_progress, partly shipped", func(s *shop) scene { return s.shipped(1) }},
		{"open, in two parcels", func(s *shop) scene {
			x := s.paid()
			x["other"] = s.made(s.post("/v1/fulfillments/"+x["fulfillment"]+"/split", x.units(1))).text("id")
			return x
		}},
		{"closed", func(s *shop) scene { return s.shipped(3) }},
		{"cancelled", func(s *shop) scene { return s.paid().with(s, "order", "cancel", cancelAll) }},
		{"rejected", func(s *shop) scene { return s.paid().with(s, "fulfillment", "reject", object{"reason": "too_busy"}) }},
		{"open, to be fetched", (*shop).fetched},
		{"in_progress, waits to be fetched", func(s *shop) scene { return s.fetched().with(s, "fulfillment", "ready", nil) }},
		{"closed, was fetched", func(s *shop) scene {
			return s.fetched().with(s, "fulfillment", "ready", nil).with(s, "fulfillment", "hand-over", byID)
		}},
	},
	"shipment": {
		{"packing", (*shop).packed},
		{"shipped", func(s *shop) scene { return s.shipped(3) }},
		{"delivered", (*shop).delivered},
		{"voided", func(s *shop) scene { return s.packed().with(s, "shipment", "void", object{"reason": "wrong box"}) }},
		{"voided, after it had left", func(s *shop) scene { return s.shipped(3).with(s, "shipment", "unship", object{"reason": "still here"}) }},
	},
	"return": {
		{"requested", (*shop).returning},
		{"approved", func(s *shop) scene { return s.returning().with(s, "return", "approve", object{}) }},
		{"in_transit", func(s *shop) scene {
			return s.returning().with(s, "return", "approve", object{}).with(s, "return", "send", object{})
		}},
		{"received", (*shop).received},
		{"received, refunded", func(s *shop) scene { return s.received().with(s, "return", "refund", object{}) }},
		{"inspected", func(s *shop) scene { return s.received().with(s, "return", "inspect", nil) }},
		{"inspected, refunded", func(s *shop) scene {
			return s.received().with(s, "return", "refund", object{}).with(s, "return", "inspect", nil)
		}},
		{"closed", func(s *shop) scene {
			return s.received().with(s, "return", "refund", object{}).with(s, "return", "inspect", nil).with(s, "return", "close", nil)
		}},
		{"declined", func(s *shop) scene { return s.returning().with(s, "return", "decline", object{"reason": "too late"}) }},
		{"cancelled", func(s *shop) scene { return s.returning().with(s, "return", "cancel", nil) }},
	},
	"payment": {
		{"created, promised", func(s *shop) scene { return s.paying(object{"method": "bank"}) }},
		{"created, asked for", func(s *shop) scene { return s.paying(object{"method": "card", "gateway": "test", "token": "tok_visa"}) }},
		{"authorized", (*shop).authorized},
		{"authorized, by card", func(s *shop) scene { return s.byCard("tok_visa") }},
		{"failed", func(s *shop) scene { return s.byCard("tok_decline") }},
		{"captured", func(s *shop) scene { return s.paying(object{"method": "bank", "received": true}) }},
		{"refunded", func(s *shop) scene {
			return s.paying(object{"method": "bank", "received": true}).with(s, "payment", "refunds", object{"amount": euros(3750)})
		}},
		{"voided", func(s *shop) scene { return s.authorized().with(s, "payment", "void", nil) }},
	},
	"refund": {
		{"pending", (*shop).late},
		{"succeeded", func(s *shop) scene { return s.late().with(s, "refund", "retry", nil) }},
		{"cancelled", func(s *shop) scene { return s.late().with(s, "refund", "cancel", nil) }},
	},
	"change": {
		{"draft", (*shop).changing},
		{"confirmed", func(s *shop) scene { return s.changing().with(s, "change", "confirm", object{}) }},
		{"undone", func(s *shop) scene {
			return s.changing().with(s, "change", "confirm", object{}).with(s, "change", "undo", object{})
		}},
		{"cancelled", func(s *shop) scene { return s.changing().with(s, "change", "cancel", nil) }},
		{"requested", (*shop).requesting},
		{"declined", func(s *shop) scene { x := s.requesting(); return x.with(s, "change", "decline", nil) }},
	},
	"count": {
		{"draft", (*shop).counting},
		{"counting", func(s *shop) scene { return s.counting().with(s, "count", "start", nil) }},
		{"counting, all is counted", func(s *shop) scene {
			return s.counting().with(s, "count", "start", nil).with(s, "count", "entries", s.mugs())
		}},
		{"review", (*shop).counted},
		{"review, two are missing", func(s *shop) scene { return s.counts(2) }},
		{"posted", func(s *shop) scene { return s.counted().with(s, "count", "post", nil) }},
		{"posted, undone", func(s *shop) scene {
			return s.counted().with(s, "count", "post", nil).with(s, "count", "undo", object{"reason": "wrong shelf"})
		}},
		{"cancelled", func(s *shop) scene { return s.counting().with(s, "count", "cancel", nil) }},
	},
	"transfer": {
		{"draft", (*shop).moving},
		{"ready", func(s *shop) scene { return s.moving().with(s, "transfer", "ready", nil) }},
		{"in_transit", (*shop).underWay},
		{"partially_received", func(s *shop) scene { x := s.underWay(); return x.with(s, "transfer", "receive", x.arrived(1)) }},
		{"received", func(s *shop) scene { x := s.underWay(); return x.with(s, "transfer", "receive", x.arrived(2)) }},
		{"closed", func(s *shop) scene { return s.underWay().with(s, "transfer", "close", object{"reason": "lost"}) }},
		{"cancelled", func(s *shop) scene { return s.moving().with(s, "transfer", "cancel", object{}) }},
	},
	"credit": {
		{"active", (*shop).giftCard},
		{"held", func(s *shop) scene {
			x := s.giftCard()
			s.paying(object{"method": "gift_card", "gateway": "gift_card", "token": x["code"]})
			return x
		}},
		{"left, nothing", func(s *shop) scene { return s.giftCard().with(s, "credit", "void", object{"reason": "stolen"}) }},
		{"disabled", func(s *shop) scene {
			x := s.giftCard()
			s.made(s.send(http.MethodPatch, "/v1/credits/"+x["credit"], object{"status": "disabled", "reason": "stolen"}))
			return x
		}},
	},
	"batch": {
		{"open", (*shop).picking},
		{"picked", func(s *shop) scene { return s.picking().batchStep(s, "picks", s.picks()) }},
		{"closed", func(s *shop) scene { return s.picking().batchStep(s, "picks", s.picks()).batchStep(s, "close", nil) }},
		{"cancelled", func(s *shop) scene { return s.picking().batchStep(s, "cancel", nil) }},
	},
}

// requesting is a change that waits for somebody else's approval.
func (s *shop) requesting() scene {
	x := s.paid()
	x["index"] = "0"
	bounds := func(total int) {
		s.made(s.send(http.MethodPut, "/v1/approvals", object{"order_total": euros(total), "discount_ppm": 0}))
	}
	x["change"] = s.made(s.post("/v1/orders/"+x["order"]+"/changes", object{"actions": []object{{"kind": "set_quantity", "line_id": x["line"], "quantity": 5}}})).text("id")
	bounds(4000)
	defer bounds(0)
	return x.with(s, "change", "confirm", object{})
}

// nothing is no body.
func nothing(*shop, scene) any { return nil }

// empty is a body in which all may be left out.
func empty(*shop, scene) any { return object{} }

// because is a body of a reason.
func because(reason string) command {
	return func(*shop, scene) any { return object{"reason": reason} }
}

// unit is a body of one unit of the order's line.
func unit(_ *shop, x scene) any { return x.units(1) }

// commands are what is sent to each route that is about an object with states.
var commands = map[string]command{
	"PATCH /v1/orders/{order}":         func(*shop, scene) any { return object{"add_tags": []string{"vip"}} },
	"POST /v1/orders/{order}/accept":   empty,
	"POST /v1/orders/{order}/cancel":   because("customer"),
	"POST /v1/orders/{order}/changes":  empty,
	"POST /v1/orders/{order}/holds":    empty,
	"POST /v1/orders/{order}/notes":    func(*shop, scene) any { return object{"body": "She rang."} },
	"POST /v1/orders/{order}/payments": func(*shop, scene) any { return object{"method": "cash", "received": true, "amount": euros(100)} },
	"POST /v1/orders/{order}/refunds":  func(*shop, scene) any { return object{"amount": euros(100)} },
	"POST /v1/orders/{order}/credit-notes": func(_ *shop, x scene) any {
		return object{"lines": []object{{"line_id": x["line"], "amount": euros(100)}}}
	},
	"POST /v1/orders/{order}/credit-approval":      empty,
	"POST /v1/orders/{order}/holds/{hold}/release": nothing,
	"POST /v1/orders/{order}/exclusions/lift": func(s *shop, x scene) any {
		return object{"line_id": x["line"], "location_id": s.reno}
	},
	"POST /v1/orders/{order}/returns": func(s *shop, x scene) any {
		return object{"location_id": s.reno, "lines": []object{{"line_id": x["line"], "quantity": 1}}}
	},

	"POST /v1/fulfillments/{fulfillment}/release": nothing,
	"POST /v1/fulfillments/{fulfillment}/pick":    unit,
	"POST /v1/fulfillments/{fulfillment}/unpick":  unit,
	"POST /v1/fulfillments/{fulfillment}/pack":    empty,
	"POST /v1/fulfillments/{fulfillment}/ship":    empty,
	"POST /v1/fulfillments/{fulfillment}/split":   unit,
	"POST /v1/fulfillments/{fulfillment}/merge": func(_ *shop, x scene) any {
		other := x["other"]
		if other == "" {
			other = x["fulfillment"]
		}
		return object{"fulfillment_ids": []string{other}}
	},
	"POST /v1/fulfillments/{fulfillment}/move":      func(s *shop, _ scene) any { return object{"location_id": s.columbus} },
	"POST /v1/fulfillments/{fulfillment}/reject":    because("too_busy"),
	"POST /v1/fulfillments/{fulfillment}/ready":     nothing,
	"POST /v1/fulfillments/{fulfillment}/unready":   nothing,
	"POST /v1/fulfillments/{fulfillment}/remind":    nothing,
	"POST /v1/fulfillments/{fulfillment}/arrive":    empty,
	"POST /v1/fulfillments/{fulfillment}/hand-over": func(*shop, scene) any { return byID },
	"POST /v1/fulfillments/{fulfillment}/short-picks": func(_ *shop, x scene) any {
		return object{"lines": []object{{"line_id": x["line"], "quantity": 1, "reason": "mismatch"}}}
	},

	"POST /v1/shipments/{shipment}/dispatch": nothing,
	"POST /v1/shipments/{shipment}/void":     because("wrong box"),
	"POST /v1/shipments/{shipment}/unship":   because("still here"),

	"POST /v1/returns/{return}/approve":          empty,
	"POST /v1/returns/{return}/decline":          because("too late"),
	"POST /v1/returns/{return}/cancel":           nothing,
	"POST /v1/fulfillments/{fulfillment}/cancel": func(*shop, scene) any { return object{"then": "plan"} },

	"POST /v1/returns/{return}/send":    empty,
	"POST /v1/returns/{return}/receive": func(_ *shop, x scene) any { return x.arrival() },
	"POST /v1/returns/{return}/judge": func(_ *shop, x scene) any {
		return object{"lines": []object{{"line_id": x["return_line"], "disposition": "scrap"}}}
	},
	"POST /v1/returns/{return}/refund":         empty,
	"POST /v1/returns/{return}/refund/preview": empty,
	"POST /v1/returns/{return}/inspect":        nothing,
	"POST /v1/returns/{return}/close":          nothing,

	"POST /v1/orders/{order}/exchanges": func(s *shop, x scene) any {
		return object{"location_id": s.reno, "lines": []object{{"line_id": x["line"], "quantity": 1}}}
	},
	"POST /v1/orders/{order}/put-on-account": because("asked for"),

	"POST /v1/payments/{payment}/ask":     nothing,
	"POST /v1/payments/{payment}/capture": empty,
	"POST /v1/payments/{payment}/void":    nothing,
	"POST /v1/payments/{payment}/receive": func(*shop, scene) any { return object{"amount": euros(100)} },
	"POST /v1/payments/{payment}/refunds": func(*shop, scene) any { return object{"amount": euros(100)} },
	"POST /v1/refunds/{refund}/cancel":    nothing,
	"POST /v1/refunds/{refund}/retry":     nothing,

	"POST /v1/changes/{change}/actions": func(_ *shop, x scene) any {
		return object{"actions": []object{{"kind": "set_quantity", "line_id": x["line"], "quantity": 4}}}
	},
	"DELETE /v1/changes/{change}/actions/{index}": nothing,
	"POST /v1/changes/{change}/confirm":           empty,
	"POST /v1/changes/{change}/undo":              empty,
	"POST /v1/changes/{change}/cancel":            nothing,
	"POST /v1/changes/{change}/decline":           nothing,
	"POST /v1/changes/{change}/rebase":            nothing,

	"POST /v1/counts/{count}/start":   nothing,
	"POST /v1/counts/{count}/entries": func(s *shop, _ scene) any { return s.mugs() },
	"POST /v1/counts/{count}/submit":  empty,
	"POST /v1/counts/{count}/recount": empty,
	"POST /v1/counts/{count}/approve": nothing,
	"POST /v1/counts/{count}/post":    nothing,
	"POST /v1/counts/{count}/undo":    because("wrong shelf"),
	"POST /v1/counts/{count}/cancel":  nothing,

	"PUT /v1/transfers/{transfer}": func(*shop, scene) any {
		return object{"lines": []object{{"sku": "MUG", "quantity": 3}}}
	},
	"POST /v1/transfers/{transfer}/ready":   nothing,
	"POST /v1/transfers/{transfer}/ship":    empty,
	"POST /v1/transfers/{transfer}/receive": func(_ *shop, x scene) any { return x.arrived(1) },
	"POST /v1/transfers/{transfer}/close":   because("lost"),
	"POST /v1/transfers/{transfer}/cancel":  func(*shop, scene) any { return object{"goods": "return_to_source", "reason": "not wanted"} },

	"PATCH /v1/credits/{credit}":       func(*shop, scene) any { return object{"expires_on": "2099-12-31", "reason": "asked for"} },
	"POST /v1/credits/{credit}/code":   nothing,
	"POST /v1/credits/{credit}/payout": because("asked for"),
	"POST /v1/credits/{credit}/void":   because("stolen"),

	"POST /v1/pick-batches/{batch}/picks":  func(s *shop, _ scene) any { return s.picks() },
	"POST /v1/pick-batches/{batch}/close":  nothing,
	"POST /v1/pick-batches/{batch}/cancel": nothing,
}

// untried are routes that are not sent to each state here: those for goods that a
// partner sends, and the retry of a rule that failed. The tests of their flows try
// what they refuse.
var untried = map[string]bool{
	"POST /v1/fulfillments/{fulfillment}/request/accept":              true,
	"POST /v1/fulfillments/{fulfillment}/request/accept-cancellation": true,
	"POST /v1/fulfillments/{fulfillment}/request/cancel":              true,
	"POST /v1/fulfillments/{fulfillment}/request/reject":              true,
	"POST /v1/fulfillments/{fulfillment}/request/reject-cancellation": true,
	"POST /v1/fulfillments/{fulfillment}/request/resend":              true,
	"POST /v1/fulfillments/{fulfillment}/notices":                     true,
	"POST /v1/orders/{order}/automation/retry":                        true,
}
