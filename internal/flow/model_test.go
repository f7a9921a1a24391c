package flow_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

// stepsOfHistory is how many steps a random history has, on average.
const stepsOfHistory = 80

// TestMain sets how many random histories there are: of PURSER_TEST_STEPS steps on each database together.
func TestMain(m *testing.M) {
	flag.Parse()
	steps := 1600
	if n, err := strconv.Atoi(os.Getenv("PURSER_TEST_STEPS")); err == nil {
		steps = n
	}
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, n := range map[string]int{"rapid.checks": max(1, steps/stepsOfHistory), "rapid.steps": stepsOfHistory} {
		if given[name] {
			continue
		}
		if err := flag.Set(name, strconv.Itoa(n)); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// history is a model of the shop's goods and orders: maps, and what each verb does to them.
type history struct {
	*shop.Shop
	t         *rapid.T
	steps     int
	run       string // SKUs of one run end in it
	split     bool   // lines may be sent from several places
	onHand    map[string]map[string]int64
	sales     []*sale
	transfers []*transfer
}

// sale is an order.
type sale struct {
	id                                        id.Order
	lines                                     []*saleLine // of goods
	service, charge                           int64       // what they cost
	billed, serviceCancelled, chargeCancelled bool        // billed: service and charge were invoiced
	held                                      id.Hold
	payments                                  []*moneyIn
	invoiced                                  int64
	sent                                      []sent
	scattered                                 bool // units came back to where they had been sent from
	fetched                                   bool // by the customer
	edits                                     []*edited
}

type saleLine struct {
	id                                 id.Line
	sku                                string
	quantity, unit, shipped, cancelled int64 // unit: what one more costs
	sent, rest                         int64 // what the shipped and the open ones cost
	component                          bool
}

// moneyIn is a payment.
type moneyIn struct {
	id                             id.Payment
	authorized, captured, refunded int64 // captured is part of authorized
	offered                        int64 // captured after the order was cancelled: a refund is proposed
	noCapture                      bool  // the bank declines captures
}

// transfer goes from one warehouse to another.
type transfer struct {
	id       id.Transfer
	from, to string
	sku      string
	quantity int64
	state    string // ready, under way
}

func (l *saleLine) open() int64 { return l.quantity - l.shipped - l.cancelled }

// part takes what n of the open units cost off the rest.
func (l *saleLine) part(n int64) int64 {
	cost := money.Share(l.rest, 0, n, l.open())
	l.rest -= cost
	return cost
}

func (s *sale) open() (n int64) {
	for _, l := range s.lines {
		n += l.open()
	}
	return n
}

func (s *sale) due() (n int64) {
	for _, l := range s.lines {
		n += l.sent + l.rest
	}
	if !s.serviceCancelled {
		n += s.service
	}
	if !s.chargeCancelled {
		n += s.charge
	}
	return n
}

func (s *sale) sums() (authorized, captured, refunded int64) {
	for _, p := range s.payments {
		authorized += p.authorized - p.captured
		captured += p.captured
		refunded += p.refunded
	}
	return authorized, captured, refunded
}

func (s *sale) balance() int64 {
	_, captured, refunded := s.sums()
	return s.due() - captured + refunded
}

// refundable is what of the sale's money is not set aside for a proposed refund.
func (s *sale) refundable() int64 {
	_, captured, refunded := s.sums()
	for _, p := range s.payments {
		captured -= p.offered
	}
	return captured - refunded
}

// cancelled tells whether nothing of the sale is left.
func (s *sale) cancelled() bool {
	for _, l := range s.lines {
		if l.cancelled < l.quantity {
			return false
		}
	}
	return s.service == 0 || s.serviceCancelled
}

func (s *sale) completed() bool { return !s.cancelled() && s.open() == 0 && s.balance() == 0 }

// bill invoices service and charge once, with the first goods or, where none are left to be sent, when nothing is
// owed any more.
func (s *sale) bill() (n int64) {
	if s.billed {
		return 0
	}
	s.billed = true
	if !s.serviceCancelled {
		n += s.service
	}
	if !s.chargeCancelled {
		n += s.charge
	}
	s.invoiced += n
	return n
}

func (s *sale) billRest() {
	if !s.cancelled() && s.open() == 0 && s.balance() <= 0 {
		s.bill()
	}
}

// capture takes an amount of what is authorized, oldest payment first.
func (s *sale) capture(n int64) {
	for _, p := range s.payments {
		part := min(n, p.authorized-p.captured)
		if part <= 0 {
			continue
		}
		n -= part
		if !p.noCapture {
			p.captured += part
		}
	}
}

// void gives up what is authorized.
func (s *sale) void() {
	for _, p := range s.payments {
		p.authorized = p.captured
	}
}

// TestRandomHistories lets random people do random things: the database agrees with the model after each step,
// which verbs succeed is what the model says, and `purser verify` finds nothing.
func TestRandomHistories(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := shop.New(t, d)
		s.SplitLines()
		openCounters(s)
		runs := 0
		rapid.Check(t, func(rt *rapid.T) {
			runs++
			h := &history{Shop: s, t: rt, run: fmt.Sprintf("-%d", runs), split: rapid.Bool().Draw(rt, "split"), onHand: map[string]map[string]int64{}}
			h.furnish()
			h.place(rt)
			h.place(rt)
			verbs := map[string]func(*rapid.T){
				"": h.check, "receive": h.receive, "receive more": h.receive, "place": h.place, "place more": h.place, "hold": h.hold, "release a hold": h.releaseHold,
				"cancel units": h.cancelUnits, "cancel all": h.cancelAll, "pick": h.pick, "ship": h.ship, "ship more": h.ship,
				"pay by hand": h.payByHand, "pay by card": h.payByCard, "capture": h.captureByHand, "refund": h.refund,
				"move": h.move, "split work": h.splitWork, "merge work": h.merge, "reject": h.reject, "pack and void": h.void, "unship": h.unship,
				"edit up": h.editUp, "edit down": h.editDown, "edit: add": h.editAdd, "edit a price": h.editPrice, "undo an edit": h.editUndo,
				"adjust": h.adjust, "transfer": h.newTransfer, "carry on a transfer": h.carryOn,
			}
			maps.Copy(verbs, h.floorVerbs())
			maps.Copy(verbs, h.parcelVerbs())
			maps.Copy(verbs, h.moneyVerbs())
			maps.Copy(verbs, h.pickupVerbs())
			rt.Repeat(verbs)
			h.verify()
		})
	})
}

var warehouses = []string{shop.Berlin, shop.Munich, shop.Hamburg}

// furnish adds goods of this run's own: what the other runs left does not matter.
func (h *history) furnish() {
	yes, five, kit := true, int64(5), catalog.Kit
	h.AddVariant("MUG"+h.run, "12.50", func(v *catalog.VariantInput) { v.MaySplit = &h.split })
	h.AddVariant("TEA"+h.run, "8.00", func(v *catalog.VariantInput) { v.Backorder, v.MaySplit = &yes, &h.split })
	h.AddVariant("RARE"+h.run, "99.00", func(v *catalog.VariantInput) { v.Backorder, v.BackorderLimit, v.MaySplit = &yes, &five, &h.split })
	h.AddVariant("SET"+h.run, "30.00", func(v *catalog.VariantInput) {
		v.Kind, v.MaySplit = &kit, &h.split
		v.Components = &[]catalog.ComponentInput{{SKU: "MUG" + h.run, Quantity: 2}, {SKU: "TEA" + h.run, Quantity: 1}}
	})
	for i, sku := range h.goods() {
		h.onHand[sku] = map[string]int64{warehouses[i]: 4}
		h.Receive(sku, warehouses[i], 4, "4.99")
	}
}

func (h *history) goods() []string { return []string{"MUG" + h.run, "TEA" + h.run, "RARE" + h.run} }

// want fails the run unless an error is the fault with a code; an empty code wants none.
func (h *history) want(t *rapid.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Fatalf("got %v, want %q", err, code)
	}
}

// check compares the goods and orders of the run with the model's.
func (h *history) check(t *rapid.T) {
	h.t = t
	h.Gateway.ReleaseLate()
	h.ReceiveWebhooks(h.Gateway.Webhooks()...) // of all that the gateway did, once more
	if h.steps++; h.steps%10 == 0 {
		h.verify()
	}
	open, claimed := map[string]int64{}, map[string]int64{}
	for _, s := range h.sales {
		for _, l := range s.lines {
			open[l.sku] += l.open()
		}
	}
	for _, x := range h.transfers {
		if x.state == "ready" {
			claimed[x.sku] += x.quantity
		}
	}
	for _, sku := range h.goods() {
		var committed, owed int64
		for _, code := range warehouses {
			l := h.Level(sku, code)
			if l.OnHand != h.onHand[sku][code] {
				t.Fatalf("%s at %s: %d on hand, the model has %d", sku, code, l.OnHand, h.onHand[sku][code])
			}
			if l.Free() < 0 || l.Committed < 0 || l.Backordered < 0 {
				t.Fatalf("%s at %s is oversold: %+v", sku, code, l)
			}
			committed, owed = committed+l.Committed, owed+l.Backordered
		}
		if of := committed + owed - open[sku]; of < 0 || of > claimed[sku] { // adjustments take transfers' claims
			t.Fatalf("%s: %d committed and %d owed, but %d ordered and at most %d to be transferred", sku, committed, owed, open[sku], claimed[sku])
		}
	}
	h.checkOrders(t)
}

func (h *history) checkOrders(t *rapid.T) {
	ids := make([]id.Order, len(h.sales))
	for i, s := range h.sales {
		ids[i] = s.id
	}
	orders, err := order.Many(h.Ctx, h.DB, ids)
	h.want(t, err, "")
	work, err := fulfillment.ByOrder(h.Ctx, h.DB, ids)
	h.want(t, err, "")
	excluded := h.excluded(t, ids)
	for i, s := range h.sales {
		o := orders[i]
		switch {
		case h.split && s.fetched: // its lines wait where other units of them are fetched
		case h.split:
			h.checkWaiting(t, o, excluded)
		case !s.scattered:
			h.checkHome(t, o, work[o.ID], excluded)
		}
		authorized, captured, refunded := s.sums()
		got := [5]int64{o.Due(), o.Invoiced, o.Authorized, o.Captured, o.Refunded}
		want := [5]int64{s.due(), s.invoiced, authorized, captured, refunded}
		if got != want {
			t.Fatalf("order %d: due, invoiced, authorized, captured, refunded are %v, the model's %v", o.Number, got, want)
		}
		for _, l := range s.lines {
			is := o.Line(l.id)
			if is.Shipped != l.shipped || is.Cancelled != l.cancelled || is.Allocated+is.Backordered != l.open() {
				t.Fatalf("order %d: %s is %+v, the model's %+v", o.Number, l.sku, is.Counts, l)
			}
		}
		if is, want := o.Status == order.StatusCancelled, s.cancelled(); is != want {
			t.Fatalf("order %d is %s, cancelled in the model: %v", o.Number, o.Status, want)
		}
		if is, want := o.Status == order.StatusCompleted, s.completed(); is != want {
			t.Fatalf("order %d is %s, completed in the model: %v", o.Number, o.Status, want)
		}
	}
}

// checkHome checks that a line that may not be split is sent from one place, and does not wait for what is there.
func (h *history) checkHome(t *rapid.T, o *order.Order, work []*fulfillment.Order, excluded map[id.Line]map[id.Location]string) {
	homes := map[id.Line]id.Location{} // by line, or by the kit that it is a part of
	for _, f := range work {
		for _, part := range f.Lines {
			l := o.Line(part.Line)
			unit := cmp.Or(l.Parent, l.ID)
			if part.Open() == 0 || f.Status.Done() {
				continue
			}
			if home := homes[unit]; !home.IsZero() && home != f.Location {
				t.Fatalf("order %d: %s is sent from %s and from %s", o.Number, l.SKU, h.LocationCode(home), h.LocationCode(f.Location))
			}
			homes[unit] = f.Location
		}
	}
	for _, l := range o.Lines {
		if l.Kind != order.KindItem || l.Backordered == 0 {
			continue
		}
		for _, code := range warehouses {
			if _, no := excluded[l.ID][h.Location(code)]; no {
				continue
			}
			home := homes[l.ID]
			if !o.Pickup.IsZero() && home.IsZero() && o.Pickup != h.Location(code) {
				continue
			}
			if free := h.Level(l.SKU, code).Free(); free > 0 && (home.IsZero() || home == h.Location(code)) {
				t.Fatalf("order %d waits for %d %s while %d are free at %s", o.Number, l.Backordered, l.SKU, free, code)
			}
		}
	}
}

func (h *history) verify() {
	found, err := shop.Differences(h.Ctx, h.DB)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, difference := range found {
		h.t.Error(difference)
	}
	if len(found) > 0 {
		h.t.FailNow()
	}
}
