package inventory_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// TestMain asks rapid for fewer histories than its default, since each step of
// one is a transaction of a real database; -rapid.checks still has its say.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		flag.Set("rapid.checks", "40")
	}
	os.Exit(m.Run())
}

// history is a model of the stock of a few variants: maps, and what each verb
// does to them.
type history struct {
	*shop
	variants  []id.Variant
	locations []id.Location
	demands   []id.Any // of orders
	sent      []id.Any // of transfers
	levels    map[inventory.Key]counts
	claims    map[claimed]int64
	transfers []*modelTransfer
}

type claimed struct {
	demand id.Any
	key    inventory.Key
	kind   inventory.ClaimKind
}

type modelTransfer struct {
	*inventory.Transfer
	from, to       inventory.Key
	quantity, left int64 // left is under way
}

// Random histories of all verbs: the database agrees with a model of maps after
// each step, which verbs succeed is what the model says, and Verify finds
// nothing.
func TestRandomHistories(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		rapid.Check(t, func(rt *rapid.T) {
			h := &history{
				shop: s, variants: []id.Variant{variant(), variant()}, locations: []id.Location{s.reno, s.ulm, s.loose},
				demands: []id.Any{demand(), demand(), demand()}, levels: map[inventory.Key]counts{}, claims: map[claimed]int64{},
			}
			rt.Repeat(map[string]func(*rapid.T){
				"": h.check, "receive": h.receive, "reserve": h.reserve, "release": h.release, "rehome": h.rehome, "ship": h.shipOut,
				"adjust": h.adjust, "count": h.count, "reclass": h.reclass, "transfer": h.newTransfer, "carry on a transfer": h.carryOn,
			})
			for _, d := range h.differences() {
				rt.Error(d)
			}
		})
	})
}

// check compares the database with the model, and the numbers with each other.
func (h *history) check(t *rapid.T) {
	levels, err := inventory.Levels(h.t.Context(), h.d, h.variants)
	if err != nil {
		t.Fatal(err)
	}
	onHand := map[id.Variant]int64{}
	seen := map[inventory.Key]bool{}
	for _, l := range levels {
		onHand[l.Variant] += l.OnHand
		if !slices.Contains(h.locations, l.Location) {
			continue // in transit
		}
		seen[l.Key] = true
		if l.Counts != h.levels[l.Key] {
			t.Fatalf("the level of %s is %+v, the model's is %+v", h.name(l.Key), l.Counts, h.levels[l.Key])
		}
		if !l.AllowNegative && (l.OnHand < 0 || l.Free() < 0) {
			t.Fatalf("%s is oversold: %+v", h.name(l.Key), l.Counts)
		}
	}
	for k, c := range h.levels {
		if c != (counts{}) && !seen[k] {
			t.Fatalf("%s has no level, the model's is %+v", h.name(k), c)
		}
	}
	open, err := inventory.Reservations(h.t.Context(), h.d, slices.Concat(h.demands, h.sent))
	if err != nil {
		t.Fatal(err)
	}
	claims := map[claimed]int64{}
	for _, r := range open {
		claims[claimed{r.Demand, r.Key, r.Kind}] += r.Quantity
	}
	maps.DeleteFunc(h.claims, func(_ claimed, n int64) bool { return n == 0 })
	if !maps.Equal(claims, h.claims) {
		t.Fatalf("the claims are %v, the model's are %v", claims, h.claims)
	}
	for _, v := range h.variants {
		w := h.worth(v)
		if w.Quantity != onHand[v] || w.Quantity == 0 && w.Value != 0 || w.Quantity > 0 && w.Value < 0 {
			t.Fatalf("%d units are on hand, %d are valued at %d", onHand[v], w.Quantity, w.Value)
		}
	}
}

func (h *history) name(k inventory.Key) string {
	return fmt.Sprintf("variant %d at %d", slices.Index(h.variants, k.Variant), slices.Index(h.locations, k.Location))
}

func (h *history) key(t *rapid.T) inventory.Key {
	return inventory.Key{Variant: h.variants[rapid.IntRange(0, len(h.variants)-1).Draw(t, "variant")], Location: h.location(t, "location")}
}

func (h *history) location(t *rapid.T, label string) id.Location {
	return h.locations[rapid.IntRange(0, len(h.locations)-1).Draw(t, label)]
}

func (h *history) units(t *rapid.T) int64 { return rapid.Int64Range(1, 12).Draw(t, "units") }

// demand is one of the order lines, which come before the transfers' lines: a
// transfer's claims are its own to change.
func (h *history) demand(t *rapid.T) id.Any {
	return h.demands[rapid.IntRange(0, orderLines-1).Draw(t, "demand")]
}

const orderLines = 3

func (h *history) kind(t *rapid.T, label string) inventory.ClaimKind {
	return rapid.SampledFrom([]inventory.ClaimKind{inventory.Stock, inventory.Backorder}).Draw(t, label)
}

func (h *history) negative(k inventory.Key) bool { return k.Location == h.loose }

// do runs a verb, which must succeed or fail as the model says.
func (h *history) do(t *rapid.T, wants bool, code string, fn func(tx *db.Tx) error) bool {
	err := h.write(fn)
	if wants && err != nil || !wants && !fault.Is(err, code) {
		t.Fatalf("got %v, want success: %v, or the fault %s", err, wants, code)
	}
	return err == nil
}

func (h *history) change(k inventory.Key, d counts) { h.levels[k] = h.levels[k].Plus(d) }

func claimCounts(kind inventory.ClaimKind, n int64) counts {
	if kind == inventory.Stock {
		return counts{Committed: n}
	}
	return counts{Backordered: n}
}

func stateCounts(state inventory.State, n int64) counts {
	switch state {
	case inventory.Damaged:
		return counts{OnHand: n, Damaged: n}
	case inventory.QualityControl:
		return counts{OnHand: n, QualityControl: n}
	case inventory.Safety:
		return counts{OnHand: n, Safety: n}
	}
	return counts{OnHand: n}
}

func (h *history) receive(t *rapid.T) {
	k, n := h.key(t), h.units(t)
	p := inventory.Posting{Variant: k.Variant, Location: k.Location, Kind: inventory.KindReceive, Quantity: n}
	if rapid.Bool().Draw(t, "priced") {
		p.UnitCost = micros(h.t, rapid.SampledFrom([]string{"0.333333", "1.25", "7"}).Draw(t, "cost"))
	}
	h.do(t, true, "", func(tx *db.Tx) error {
		_, err := inventory.Post(h.t.Context(), tx, book, []inventory.Posting{p})
		return err
	})
	h.change(k, counts{OnHand: n})
}

func (h *history) reserve(t *rapid.T) {
	var claims []inventory.Claim
	sum := map[inventory.Key]int64{}
	for range rapid.IntRange(1, 3).Draw(t, "claims") {
		k, kind := h.key(t), h.kind(t, "kind")
		c := claim(h.demand(t), k.Variant, k.Location, h.units(t), kind)
		c.Priority = rapid.Int64Range(0, 1).Draw(t, "priority")
		claims = append(claims, c)
		if kind == inventory.Stock {
			sum[k] += c.Quantity
		}
	}
	fits := true
	for k, n := range sum {
		fits = fits && n <= h.levels[k].Free()
	}
	if h.do(t, fits, "inventory.shortage", func(tx *db.Tx) error { return inventory.Reserve(h.t.Context(), tx, claims) }) {
		for _, c := range claims {
			h.claims[claimed{c.Demand, c.Key(), c.Kind}] += c.Quantity
			h.change(c.Key(), claimCounts(c.Kind, c.Quantity))
		}
	}
}

func (h *history) release(t *rapid.T) {
	k, n := h.key(t), h.units(t)
	c := claimed{h.demand(t), k, h.kind(t, "kind")}
	ok := h.do(t, h.claims[c] >= n, "inventory.not_reserved", func(tx *db.Tx) error {
		return inventory.Release(h.t.Context(), tx, []inventory.Claim{claim(c.demand, k.Variant, k.Location, n, c.kind)})
	})
	if ok {
		h.claims[c] -= n
		h.change(k, claimCounts(c.kind, -n))
	}
}

func (h *history) rehome(t *rapid.T) {
	from, n := h.key(t), h.units(t)
	to := inventory.Key{Variant: from.Variant, Location: h.location(t, "to")}
	a := claimed{h.demand(t), from, h.kind(t, "from kind")}
	b := claimed{a.demand, to, h.kind(t, "to kind")}
	m := inventory.Move{Demand: a.demand, Variant: from.Variant, From: from.Location, To: to.Location, FromKind: a.kind, ToKind: b.kind, Quantity: n}
	has := h.claims[a] >= n
	fits := b.kind == inventory.Backorder || a == b || n <= h.levels[to].Free()
	code := "inventory.not_reserved"
	if has {
		code = "inventory.shortage"
	}
	if h.do(t, has && fits, code, func(tx *db.Tx) error { return inventory.Rehome(h.t.Context(), tx, []inventory.Move{m}) }) {
		h.claims[a] -= n
		h.claims[b] += n
		h.change(from, claimCounts(a.kind, -n))
		h.change(to, claimCounts(b.kind, n))
	}
}

func (h *history) shipOut(t *rapid.T) {
	k, n, d := h.key(t), h.units(t), h.demand(t)
	stock, owed := claimed{d, k, inventory.Stock}, claimed{d, k, inventory.Backorder}
	fromStock := min(n, h.claims[stock])
	fromOwed := n - fromStock
	ok := h.do(t, fromOwed == 0 || h.negative(k) && fromOwed <= h.claims[owed], "inventory.not_reserved", func(tx *db.Tx) error {
		_, err := inventory.Ship(h.t.Context(), tx, book, []inventory.Out{{Demand: d, Variant: k.Variant, Location: k.Location, Quantity: n}})
		return err
	})
	if ok {
		h.claims[stock] -= fromStock
		h.claims[owed] -= fromOwed
		h.change(k, counts{OnHand: -n, Committed: -fromStock, Backordered: -fromOwed})
	}
}

// lose takes sellable units away as a fact, and says whether they were there.
// Claims that give way are told by displaced.
func (h *history) lose(t *rapid.T, k inventory.Key, n int64, then counts, displaced []inventory.Displaced) {
	h.change(k, then)
	gone := int64(0)
	if !h.negative(k) {
		gone = max(0, -h.levels[k].Free())
	}
	spare := min(gone, h.levels[k].Safety)
	h.change(k, counts{Safety: -spare})
	gone -= spare
	for _, d := range displaced {
		if d.Key != k {
			t.Fatalf("%+v was displaced by units gone at %s", d, h.name(k))
		}
		gone -= d.Quantity
		h.change(k, counts{Committed: -d.Quantity})
		h.claims[claimed{d.Demand, k, inventory.Stock}] -= d.Quantity
		if d.DemandKind == inventory.ForOrder {
			h.claims[claimed{d.Demand, k, inventory.Backorder}] += d.Quantity
			h.change(k, counts{Backordered: d.Quantity})
		}
	}
	if gone != 0 {
		t.Fatalf("%d units are gone at %s: displaced are %+v, which is %d too few", n, h.name(k), displaced, gone)
	}
}

// sellable is what may be lost without touching what is damaged or in quality
// control.
func (h *history) sellable(k inventory.Key) int64 {
	l := h.levels[k]
	return l.OnHand - l.Damaged - l.QualityControl
}

func (h *history) adjust(t *rapid.T) {
	k, n := h.key(t), h.units(t)
	if rapid.Bool().Draw(t, "found") {
		n = -n
	}
	p := inventory.Posting{Variant: k.Variant, Location: k.Location, Quantity: -n, Reason: "correction"}
	var displaced []inventory.Displaced
	ok := h.do(t, n < 0 || h.negative(k) || n <= h.sellable(k), "inventory.shortage", func(tx *db.Tx) (err error) {
		_, displaced, err = inventory.Adjust(h.t.Context(), tx, book, []inventory.Posting{p})
		return err
	})
	if ok {
		h.lose(t, k, n, counts{OnHand: -n}, displaced)
	}
}

func (h *history) count(t *rapid.T) {
	k, n := h.key(t), rapid.Int64Range(0, 20).Draw(t, "counted")
	var displaced []inventory.Displaced
	h.do(t, true, "", func(tx *db.Tx) (err error) {
		_, displaced, err = inventory.ApplyCounts(h.t.Context(), tx, book, []inventory.Count{{Variant: k.Variant, Location: k.Location, OnHand: n}})
		return err
	})
	l := h.levels[k]
	then := counts{OnHand: n - l.OnHand}
	if beyond := -then.OnHand - max(0, h.sellable(k)); beyond > 0 {
		then.QualityControl = -min(beyond, l.QualityControl)
		then.Damaged = -(beyond + then.QualityControl)
	}
	h.lose(t, k, -then.OnHand, then, displaced)
}

func (h *history) reclass(t *rapid.T) {
	k, n := h.key(t), h.units(t)
	from := rapid.SampledFrom(inventory.States()).Draw(t, "from")
	to := rapid.SampledFrom(slices.DeleteFunc(inventory.States(), func(s inventory.State) bool { return s == from })).Draw(t, "to")
	l := h.levels[k]
	fits := map[inventory.State]bool{inventory.Damaged: n <= l.Damaged, inventory.QualityControl: n <= l.QualityControl, inventory.Safety: n <= l.Safety}[from]
	if from == inventory.Sellable {
		fits = h.negative(k) || n <= h.sellable(k) && to != inventory.Safety || n <= l.Free()
	}
	var displaced []inventory.Displaced
	ok := h.do(t, fits, "inventory.shortage", func(tx *db.Tx) (err error) {
		_, displaced, err = inventory.ChangeState(h.t.Context(), tx, book, []inventory.Reclass{{Variant: k.Variant, Location: k.Location, From: from, To: to, Quantity: n}})
		return err
	})
	if ok {
		h.lose(t, k, n, stateCounts(from, -n).Plus(stateCounts(to, n)), displaced)
	}
}

func (h *history) newTransfer(t *rapid.T) {
	from, n := h.key(t), h.units(t)
	to := inventory.Key{Variant: from.Variant, Location: h.location(t, "to")}
	if from == to {
		t.Skip("a transfer has two ends")
	}
	tr := &modelTransfer{from: from, to: to, quantity: n}
	tr.Transfer = h.transfer(from.Location, to.Location, from.Variant, n)
	fits := n <= h.levels[from].Free()
	if err := h.ready(tr.Transfer); fits != (err == nil) || !fits && !fault.Is(err, "inventory.shortage") {
		t.Fatalf("got %v, want success: %v", err, fits)
	}
	if fits {
		h.sent = append(h.sent, id.Any(tr.Lines[0].ID))
		h.claims[tr.claim()] += n
		h.change(from, counts{Committed: n})
		h.transfers = append(h.transfers, tr)
	}
}

func (tr *modelTransfer) claim() claimed {
	return claimed{id.Any(tr.Lines[0].ID), tr.from, inventory.Stock}
}

// carryOn does the next thing to a transfer.
func (h *history) carryOn(t *rapid.T) {
	if len(h.transfers) == 0 {
		t.Skip("there is none")
	}
	i := rapid.IntRange(0, len(h.transfers)-1).Draw(t, "transfer")
	tr := h.transfers[i]
	verb := rapid.SampledFrom([]string{"go on", "cancel", "return"}).Draw(t, "verb")
	switch {
	case tr.left == 0 && verb == "go on":
		h.sendOff(t, tr)
	case tr.left == 0:
		h.all(h.cancel(tr.Transfer, "", ""))
		h.change(tr.from, counts{Committed: -h.claims[tr.claim()]})
		h.claims[tr.claim()] = 0
	case verb == "go on":
		n := rapid.Int64Range(1, tr.left).Draw(t, "came")
		h.all(h.arrive(tr.Transfer, n, inventory.Damaged))
		tr.left -= n
		h.change(tr.to, counts{OnHand: n, Damaged: n, Incoming: -n})
	case verb == "cancel":
		h.all(h.closeTransfer(tr.Transfer, "lost"))
		h.change(tr.to, counts{Incoming: -tr.left})
		tr.left = 0
	default:
		h.all(h.cancel(tr.Transfer, inventory.ReturnToSource, "back"))
		h.change(tr.to, counts{Incoming: -tr.left})
		h.change(tr.from, counts{OnHand: tr.left})
		tr.left = 0
	}
	if tr.left == 0 {
		h.transfers = slices.Delete(h.transfers, i, i+1)
	}
}

// sendOff ships a part of a transfer: what it claims, or if its claim gave way,
// what is free.
func (h *history) sendOff(t *rapid.T, tr *modelTransfer) {
	n := rapid.Int64Range(1, tr.quantity).Draw(t, "sent")
	have := h.claims[tr.claim()]
	fits := h.negative(tr.from) || n <= have+h.levels[tr.from].Free()
	err := h.shop.ship(tr.Transfer, n)
	if fits != (err == nil) || !fits && !fault.Is(err, "inventory.shortage") {
		t.Fatalf("got %v, want success: %v", err, fits)
	}
	if !fits {
		h.all(h.cancel(tr.Transfer, "", ""))
		n = 0
	}
	h.claims[tr.claim()] = 0
	h.change(tr.from, counts{OnHand: -n, Committed: -have})
	h.change(tr.to, counts{Incoming: n})
	tr.left = n
}
