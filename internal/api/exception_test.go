package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/automation"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
	"purser/internal/test/dbtest"
)

// trouble is something that goes wrong, and a mend of it.
type trouble struct {
	name  string // kind, and what is special
	make  func(s *shop)
	mend  string
	input object // what the mend needs
	into  func(body, input object)
	still bool // it is there until a job has run, or until more is done
}

func (t trouble) kind() string {
	kind, _, _ := strings.Cut(t.name, " ")
	return kind
}

var complete = object{"name": "Mia Torres", "line1": "500 J Street", "city": "Sacramento", "country": "US"}

var troubles = []trouble{
	{name: "unmapped_listing guessed", mend: "map", make: func(s *shop) { s.listing("MUG") }},
	{name: "unmapped_listing", mend: "map", make: func(s *shop) { s.listing("X-9") }, into: func(body, input object) {
		body["mappings"].([]any)[0].(object)["variant_id"] = input["variant_id"]
	}},
	{name: "bad_address", mend: "correct_address", make: homeless, input: object{"ship_to": complete}, into: func(body, input object) { body["ship_to"] = input["ship_to"] }},
	{name: "bad_address", mend: "cancel_order", make: homeless},
	{name: "no_stock", mend: "cancel_owed", make: func(s *shop) { s.owe(30) }},
	{name: "no_rate", mend: "set_rate", input: object{"rate": "0.9"}, make: func(s *shop) {
		s.post("/v1/channels", object{"code": "us", "name": "America", "currency": "USD"}).want(http.StatusCreated)
	}, into: func(body, input object) { body["rates"].([]any)[0].(object)["rate"] = input["rate"] }},
	{name: "rejected", mend: "ask_location_again", make: func(s *shop) {
		s.post("/v1/products", object{"title": "Tea", "variants": []object{{"sku": "TEA", "prices": []object{{"currency": "EUR", "amount": "8"}}}}}).want(http.StatusCreated)
		s.receive("TEA", s.reno, 5)
		o := s.order(1)
		o["lines"] = []object{{"sku": "TEA", "quantity": 2}}
		order := "/v1/orders/" + s.post("/v1/orders", o).want(http.StatusCreated).text("id")
		s.pay(order)
		s.post(s.work(order, "0")+"/reject", object{"reason": "too busy"}).want(http.StatusOK)
	}},
	{name: "payment_failed", mend: "ask_for_transfer", make: func(s *shop) { s.card("tok_decline") }},
	{name: "payment_failed", mend: "cancel_order", make: func(s *shop) { s.card("tok_decline") }},
	{name: "capture_failed", mend: "capture", make: uncaptured},
	{name: "capture_failed", mend: "void", make: uncaptured},
	{name: "payment_unknown", mend: "ask_gateway", make: func(s *shop) { s.card("tok_timeout_after") }, still: true},
	{name: "authorization_end", mend: "capture", make: func(s *shop) { s.card("tok_expires") }},
	{name: "authorization_end", mend: "void", make: func(s *shop) { s.card("tok_expires") }},
	{name: "refund_failed", mend: "retry", make: unrefunded},
	{name: "refund_failed", mend: "cancel_refund", make: unrefunded},
	{name: "webhook_failed", mend: "retry", make: func(s *shop) { s.deaf("enabled") }, still: true},
	{name: "webhook_failed", mend: "enable", make: func(s *shop) { s.deaf("disabled") }, still: true},
	{name: "late", mend: "prioritize", still: true, make: func(s *shop) {
		o := s.order(2)
		o["lines"].([]object)[0]["ship_by"] = s.server.DB.Now().Add(time.Hour)
		s.post("/v1/orders", o).want(http.StatusCreated)
	}},
	{name: "short_pick", mend: "count", still: true, make: func(s *shop) {
		s.send(http.MethodPut, "/v1/count-rules", object{"daily": 0, "turn": "abc", "blind": false, "on_short_pick": false}).want(http.StatusOK)
		order := s.place(2)
		s.pay(order)
		line := s.get(order).text("lines.0.id")
		s.post(s.work(order, "0")+"/short-picks", object{"lines": []object{{"line_id": line, "quantity": 1, "reason": "mismatch"}}}).want(http.StatusCreated)
	}},
	{name: "count_review", mend: "approve", make: func(s *shop) { s.miscount() }, still: true},
	{name: "count_review approved", mend: "post", make: func(s *shop) { s.post(s.miscount()+"/approve", nil).want(http.StatusOK) }},
	{name: "count_review", mend: "recount", make: func(s *shop) { s.miscount() }},
	{name: "rule_failed", mend: "retry", make: func(s *shop) {
		order := s.place(2)
		rule := decode[automation.Rule](s.post("/v1/automation/rules", object{
			"name": "gift", "kinds": []string{"order.placed"}, "condition": `custom.gift == "yes"`, "actions": []object{{"do": "tag", "tags": []string{"gift"}}}, "enabled": true,
		}).want(http.StatusCreated))
		j := automation.RunJob{Order: idOf[id.Order](s, order), Event: id.New[id.Event](time.Now()), Name: "order.placed", At: time.Now()}
		err := s.write(func(tx *db.Tx) error {
			_, err := flow.RunRule(s.system(), tx, rule, j)
			return err
		})
		if err == nil {
			s.t.Fatal("the rule is to fail, and does not")
		}
		s.must(func(tx *db.Tx) error { return flow.RuleFailed(s.system(), tx, rule, j, err) })
		s.send(http.MethodPatch, order, object{"custom": object{"gift": "yes"}}).want(http.StatusOK)
	}},
	{name: "inbound_dead", mend: "retry", make: func(s *shop) {
		s.must(func(tx *db.Tx) error {
			_, err := payment.Accept(s.system(), tx, "test", []payment.Event{{ID: "evt_1", Kind: payment.KindCapture}})
			return err
		})
		s.must(func(tx *db.Tx) error {
			rows, err := payment.Inbox(s.system(), tx, nil, id.Inbox{}, 1)
			if err != nil {
				return err
			}
			return payment.GiveUp(s.system(), tx, rows[0].ID)
		})
	}},
	{name: "job_failed", mend: "retry", make: func(s *shop) {
		failed := `UPDATE river_job SET state = 'discarded', finalized_at = '2026-01-02 03:04:05.678', errors = '[{"error":"x"},{"error":"no answer"}]' WHERE kind = 'payment.resolve'`
		if s.server.DB.Postgres() {
			failed = `UPDATE river_job SET state = 'discarded', finalized_at = '2026-01-02 03:04:05.678Z', errors = ARRAY['{"error":"x"}', '{"error":"no answer"}']::jsonb[] WHERE kind = 'payment.resolve'`
		}
		s.must(func(tx *db.Tx) error {
			if err := job.Enqueue(s.system(), tx, payment.ResolveJob{Transaction: id.New[id.Transaction](time.Now())}); err != nil {
				return err
			}
			_, err := tx.Exec(s.system(), failed)
			return err
		})
	}},
}

func (s *shop) write(fn func(tx *db.Tx) error) error { return s.server.DB.Write(s.system(), fn) }

func (s *shop) must(fn func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.write(fn); err != nil {
		s.t.Fatal(err)
	}
}

// idOf is the id at the end of a path.
func idOf[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](s *shop, path string) (v T) {
	s.t.Helper()
	if err := P(&v).UnmarshalText([]byte(path[strings.LastIndex(path, "/")+1:])); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// listing places an order for an article of the channel that nobody has mapped.
func (s *shop) listing(external string) {
	s.t.Helper()
	o := s.order(1)
	o["lines"] = []object{{"listing": external, "title": "A mug", "quantity": 1, "unit_price": "12.5"}}
	s.post("/v1/orders", o).want(http.StatusCreated)
}

func homeless(s *shop) {
	o := s.order(1)
	o["ship_to"] = object{"name": "Mia Torres", "country": "US"}
	s.post("/v1/orders", o).want(http.StatusCreated)
}

// owe places an order for more mugs than there are.
func (s *shop) owe(n int) {
	s.t.Helper()
	o := s.order(n)
	o["lines"].([]object)[0]["backorder"] = true
	s.post("/v1/orders", o).want(http.StatusCreated)
}

// card pays an order by card at the test gateway, and lets it answer once.
func (s *shop) card(token string) (order string) {
	s.t.Helper()
	order = s.place(2)
	p := s.post(order+"/payments", object{"method": "card", "gateway": "test", "token": token}).want(http.StatusCreated)
	s.answer(p.text("transactions.0.id"))
	return order
}

// answer lets the gateway answer to a transaction; the answer may be lost.
func (s *shop) answer(transaction string) {
	s.t.Helper()
	_ = payment.Call(s.system(), s.server.DB, s.server.Gateways, idOf[id.Transaction](s, transaction), flow.SettlePayments)
}

func uncaptured(s *shop) {
	order := s.card("tok_decline.capture")
	p := s.post("/v1/payments/"+s.get(order).text("payments.0.id")+"/capture", object{}).want(http.StatusOK)
	s.answer(p.text("transactions.1.id"))
}

func unrefunded(s *shop) {
	order := s.card("tok_decline.refund")
	path := "/v1/payments/" + s.get(order).text("payments.0.id")
	s.answer(s.post(path+"/capture", object{}).want(http.StatusOK).text("transactions.1.id"))
	s.answer(s.post(path+"/refunds", object{"amount": object{"minor": 100, "currency": "EUR"}}).want(http.StatusCreated).text("transactions.2.id"))
}

// deaf is an address that did not take a message.
func (s *shop) deaf(status string) {
	s.t.Helper()
	path := "/v1/webhook-endpoints/" + s.post("/v1/webhook-endpoints", object{"url": "https://example.com/hook"}).want(http.StatusCreated).text("id")
	s.post(path+"/test", nil)
	s.must(func(tx *db.Tx) error {
		_, err := tx.Exec(s.system(), `UPDATE webhook_delivery SET status = 'dead', settled_at = ?`, tx.Now())
		return err
	})
	s.send(http.MethodPatch, path, object{"status": status}).want(http.StatusOK)
}

// miscount counts 6 of 10 mugs and submits it.
func (s *shop) miscount() (path string) {
	s.t.Helper()
	clerk := s.as(s.key(auth.Warehouse, nil))
	path = "/v1/counts/" + clerk.post("/v1/counts", object{"location_id": s.reno, "kind": "full"}).want(http.StatusCreated).text("id")
	clerk.post(path+"/start", nil).want(http.StatusOK)
	clerk.post(path+"/entries", object{"entries": []object{{"code": "MUG", "quantity": 6, "key": "1"}}}).want(http.StatusCreated)
	clerk.post(path+"/submit", object{}).want(http.StatusOK)
	return path
}

func (s *shop) exceptions(query string) reply {
	s.t.Helper()
	return s.get("/v1/exceptions" + query).want(http.StatusOK)
}

func TestExceptionsAppearAndAreMended(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		if r := s.exceptions(""); r.text("items") != "[]" {
			t.Fatalf("nothing has happened, and there is %s", r.body)
		}
	})
	for _, x := range troubles {
		for _, how := range []string{"by its request", "in one step"} {
			t.Run(x.name+"/"+x.mend+"/"+how, func(t *testing.T) {
				dbtest.Each(t, func(t *testing.T, d *db.DB) { tryMend(t, newShop(t, d), x, how == "in one step") })
			})
		}
	}
}

func tryMend(t *testing.T, s *shop, x trouble, oneStep bool) {
	x.make(s)
	r := s.exceptions("?kind=" + x.kind())
	e := decode[list[Exception]](r)
	if len(e.Items) != 1 {
		t.Fatalf("want one %s: %s", x.kind(), r.body)
	}
	found := e.Items[0]
	if found.Cause == "" || strings.Contains(found.Cause, "%!") || found.Name == "" || found.Since.IsZero() || found.Object == "" {
		t.Errorf("it does not say what is wrong: %s", r.body)
	}
	s.get("/v1/exception-counts?kind=" + x.kind()).wantParts(map[string]string{"items.0.kind": x.kind(), "items.0.count": "1", "items.0.severity": found.Severity})
	if x.kind() == "unmapped_listing" && x.into != nil {
		x.input = object{"variant_id": s.mug}
	}
	path := "/v1/exceptions/" + found.ID
	if oneStep {
		if x.input != nil {
			s.post(path+"/mend", object{"code": x.mend}).want(http.StatusUnprocessableEntity, "exception.needs_input")
		}
		s.post(path+"/mend", object{"code": x.mend, "input": x.input}).want(http.StatusOK)
	} else {
		for _, m := range found.Mends {
			if m.Code != x.mend {
				continue
			}
			var body object
			if len(m.Body) > 0 {
				if err := json.Unmarshal(m.Body, &body); err != nil {
					t.Fatal(err)
				}
			}
			if x.into != nil {
				x.into(body, x.input)
			}
			r := s.send(m.Method, m.Path, any(body))
			if r.status != http.StatusOK && r.status != http.StatusCreated {
				t.Fatalf("%s %s: %d %s", m.Method, m.Path, r.status, r.body)
			}
			s.wantStill(path, x.still)
			s.sound()
			return
		}
		t.Fatalf("it has no mend %s: %s", x.mend, r.body)
	}
	s.wantStill(path, x.still)
	s.post(path+"/mend", object{"code": "magic"}).want(map[bool]int{true: http.StatusConflict, false: http.StatusNotFound}[x.still])
	s.sound()
}

func (s *shop) wantStill(path string, still bool) {
	s.t.Helper()
	if got := s.get(path).status; (got == http.StatusOK) != still {
		s.t.Errorf("after the mend: %d, want it to be there: %t", got, still)
	}
}

func TestExceptionsAreTakenOnAndPutOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		boss := s.post("/v1/users", object{"email": "olga@example.com", "name": "Olga", "role": "operations", "password": "correct horse battery"}).want(http.StatusCreated).text("id")
		s.owe(30)
		path := "/v1/exceptions/" + s.exceptions("").text("items.0.id")
		take := object{"assigned_to": boss, "note": "I ask the supplier."}
		s.as(s.key(auth.ReadOnly, nil)).send(http.MethodPatch, path, take).want(http.StatusForbidden, "auth.forbidden")
		s.send(http.MethodPatch, path, object{"assigned_to": id.New[id.User](time.Now())}).want(http.StatusNotFound)
		taken := s.send(http.MethodPatch, path, take).want(http.StatusOK)
		taken.wantParts(map[string]string{"assignee_name": "Olga", "note": "I ask the supplier.", "version": "1"})
		s.send(http.MethodPatch, path, object{"note": "me too"}, `If-Match: "7"`).want(http.StatusPreconditionFailed, "exception.stale")
		if a, b := s.exceptions("?assigned_to="+boss).text("items.0.id"), s.exceptions("?unassigned=true").text("items.0.id"); a == "" || b != "" {
			t.Errorf("Olga has %q, and nobody has %q", a, b)
		}

		s.send(http.MethodPatch, path, object{"snoozed_until": s.server.DB.Now().Add(200 * 24 * time.Hour)}).want(http.StatusUnprocessableEntity, "exception.invalid")
		s.send(http.MethodPatch, path, object{"snoozed_until": s.server.DB.Now().Add(time.Hour)}).want(http.StatusOK)
		if s.exceptions("").text("items.0.id") != "" || s.exceptions("?snoozed=true").text("items.0.id") == "" || s.get("/v1/exception-counts").text("items.0.count") != "" {
			t.Error("what is put off is listed, or is not found")
		}
		now := d.Now
		d.Now = func() time.Time { return now().Add(2 * time.Hour) }
		s.exceptions("").wantParts(map[string]string{"items.0.note": "I ask the supplier."})

		// Mended, and wrong again for another reason: what was said of the first does not count.
		s.post(path+"/mend", object{"code": "cancel_owed"}).want(http.StatusOK).wantParts(map[string]string{"open": "false"})
		s.get(path).want(http.StatusNotFound, "exception.not_found")
		s.send(http.MethodPatch, path, take).want(http.StatusNotFound, "exception.not_found")
		s.sound()
	})
}

func TestExceptionsArePagedAndKeptFromOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		homeless(s)
		homeless(s)
		s.owe(30)
		s.listing("X-9")
		all := decode[list[Exception]](s.exceptions(""))
		var paged []string
		for after := ""; ; {
			p := decode[list[Exception]](s.exceptions("?limit=1&after=" + after))
			for _, e := range p.Items {
				paged = append(paged, e.ID)
			}
			if after = p.Next; after == "" {
				break
			}
		}
		var want []string
		for i, e := range all.Items {
			want = append(want, e.ID)
			if i > 0 && all.Items[i-1].Severity == "medium" && e.Severity == "high" {
				t.Error("the most urgent do not come first")
			}
		}
		if len(want) != 4 || strings.Join(want, " ") != strings.Join(paged, " ") {
			t.Errorf("all: %v, by pages: %v", want, paged)
		}
		if r := s.exceptions("?severity=medium"); r.text("items.0.kind") != "no_stock" || r.text("items.1.kind") != "" {
			t.Errorf("of medium severity: %s", r.body)
		}
		s.get("/v1/exceptions?after=nonsense").want(http.StatusUnprocessableEntity, "list.bad_cursor")

		// Who may not see listings does not see what is wrong with them, and who works
		// at one location sees what is wrong there.
		if r := s.as(s.key(auth.Warehouse, nil)).get("/v1/exceptions?kind=unmapped_listing").want(http.StatusOK); r.text("items.0.id") != "" {
			t.Errorf("the warehouse sees %s", r.body)
		}
		reno := idOf[id.Location](s, s.reno)
		if r := s.as(s.key(auth.Owner, []id.Location{reno})).get("/v1/exceptions").want(http.StatusOK); r.text("items.0.id") != "" {
			t.Errorf("Reno sees %s", r.body)
		}
		s.as(s.key(auth.Owner, []id.Location{reno})).get("/v1/exceptions?location="+s.columbus).want(http.StatusForbidden, "auth.wrong_location")

		// Who may not do a mend is not offered it, and cannot do it.
		reader := s.as(s.key(auth.ReadOnly, nil))
		shown := reader.get("/v1/exceptions?kind=no_stock").want(http.StatusOK)
		if shown.text("items.0.mends") != "[]" {
			t.Errorf("a reader is offered %s", shown.body)
		}
		reader.post("/v1/exceptions/"+shown.text("items.0.id")+"/mend", object{"code": "cancel_owed"}).want(http.StatusForbidden, "auth.forbidden")

		// A repetition of a mend gets the answer of the first time.
		path := "/v1/exceptions/" + shown.text("items.0.id") + "/mend"
		s.post(path, object{"code": "cancel_owed"}, "Idempotency-Key: once").want(http.StatusOK)
		s.post(path, object{"code": "cancel_owed"}, "Idempotency-Key: once").want(http.StatusOK)
		s.sound()
	})
}
