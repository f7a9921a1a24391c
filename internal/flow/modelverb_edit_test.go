package flow_test

import (
	"slices"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/test/shop"
)

// edited is a change of a sale that may be undone.
type edited struct {
	set    *change.Set
	before map[*saleLine]saleLine // those it changed
	after  map[*saleLine]saleLine
	added  *saleLine
}

// anyRoot picks a sale with a line that is no part of a kit.
func (h *history) anyRoot(t *rapid.T) (*sale, *saleLine) {
	s := h.anySale(t)
	roots := slices.DeleteFunc(slices.Clone(s.lines), func(l *saleLine) bool { return l.component })
	if len(roots) == 0 {
		t.Skip("it has kits only")
	}
	return s, rapid.SampledFrom(roots).Draw(t, "line")
}

// change edits a sale and, where it was done, lets the model follow. may are the codes of refusals that are possible;
// must is one that has to be, and "" means that the edit has to be done unless may says more.
func (h *history) change(t *rapid.T, s *sale, must string, may []string, apply func() *edited, actions ...change.Action) {
	if s.fetched && (must == "" || must == "order.out_of_stock") { // what one warehouse has counts
		must, may = "", append(may, "order.out_of_stock", "order.picked")
	}
	if s.cancelled() {
		must, may = "order.cancelled", nil
	}
	out, err := h.TryEdit(h.order(s), actions...)
	if f, ok := fault.As(err); ok && slices.Contains(may, f.Code) {
		return
	}
	h.want(t, err, must)
	if must != "" {
		return
	}
	e := apply()
	e.set = out.Set
	e.after = map[*saleLine]saleLine{}
	for l := range e.before {
		e.after[l] = *l
	}
	if e.added != nil {
		e.after[e.added] = *e.added
	}
	s.edits = append(s.edits, e)
	h.settled(s)
}

// settled is what follows from what a sale costs since.
func (h *history) settled(s *sale) {
	if s.cancelled() && !s.billed {
		s.chargeCancelled = true
	}
	if s.balance() <= 0 {
		s.void()
	}
	s.billRest()
	h.Settle(h.order(s))
}

func change1(l *saleLine, do func()) *edited {
	e := &edited{before: map[*saleLine]saleLine{l: *l}}
	do()
	return e
}

// wants says whether n units more of a variant have to be taken or refused: only of lines that may be split.
func (h *history) wants(sku string, n int64) (must string, may []string) {
	if !h.split {
		return "", []string{"order.out_of_stock", "order.picked"}
	}
	var free, owed int64
	for _, code := range warehouses {
		l := h.Level(sku, code)
		free, owed = free+l.Free(), owed+l.Backordered
	}
	short := max(0, n-free)
	if sku == "MUG"+h.run && short > 0 || sku == "RARE"+h.run && short > 0 && owed+short > 5 {
		return "order.out_of_stock", nil
	}
	return "", nil
}

func (h *history) editUp(t *rapid.T) {
	s, l := h.anyRoot(t)
	n := draw(t, "more", 1, 3)
	must, may := h.wants(l.sku, n)
	h.change(t, s, must, may, func() *edited { return change1(l, func() { l.quantity, l.rest = l.quantity+n, l.rest+n*l.unit }) },
		change.Action{Kind: change.SetQuantity, Line: l.id, Quantity: l.quantity - l.cancelled + n})
}

func (h *history) editDown(t *rapid.T) {
	s, l := h.anyRoot(t)
	if l.open() == 0 {
		t.Skip("nothing is open")
	}
	n := draw(t, "less", 1, l.open())
	must := ""
	if n > h.unpicked(s, l) {
		must = "order.picked"
	}
	a := change.Action{Kind: change.SetQuantity, Line: l.id, Quantity: l.quantity - l.cancelled - n}
	if n == l.open() && rapid.Bool().Draw(t, "remove") {
		a = change.Action{Kind: change.RemoveLine, Line: l.id}
	}
	h.change(t, s, must, nil, func() *edited { return change1(l, func() { l.part(n); l.cancelled += n }) }, a)
}

// unpicked is how many open units of a line nobody has picked.
func (h *history) unpicked(s *sale, l *saleLine) int64 {
	n := l.open()
	for _, f := range h.Work(h.order(s)) {
		if part := f.Line(l.id); part != nil && !f.Status.Done() {
			n -= part.Picked
		}
	}
	return n
}

func (h *history) editAdd(t *rapid.T) {
	s := h.anySale(t)
	sku, n := h.anyGoods(t), draw(t, "units", 1, 3)
	must, may := h.wants(sku, n)
	h.change(t, s, must, may, func() *edited {
		o := h.Order(h.order(s))
		l := o.Lines[len(o.Lines)-1]
		added := &saleLine{id: l.ID, sku: sku, quantity: n, unit: l.Total / n, rest: l.Total}
		s.lines = append(s.lines, added)
		return &edited{added: added}
	}, h.Adding(shop.Of(sku, n)))
}

func (h *history) editPrice(t *rapid.T) {
	s, l := h.anyRoot(t)
	cents := draw(t, "price in cents", 0, 4_000)
	must, price := "", money.MicrosOf(cents, "EUR")
	if l.open() == 0 {
		must = "order.invoiced"
	}
	before := h.claims(s)
	h.change(t, s, must, nil, func() *edited { return change1(l, func() { l.unit, l.rest = cents, cents*l.open() }) }, change.Action{Kind: change.SetPrice, Line: l.id, UnitPrice: &price})
	if after := h.claims(s); !slices.Equal(before, after) {
		t.Fatalf("a price changed the work from %v to %v", before, after)
	}
}

// claims is the work for a sale and its versions, but for the gates.
func (h *history) claims(s *sale) (out []fulfillment.Counts) {
	for _, f := range h.Work(h.order(s)) {
		for _, l := range f.Lines {
			out = append(out, l.Counts)
		}
	}
	return out
}

// editUndo undoes the last edit of a sale, unless something else happened to its lines.
func (h *history) editUndo(t *rapid.T) {
	s := h.anySale(t)
	if len(s.edits) == 0 {
		t.Skip("it was not changed")
	}
	e := s.edits[len(s.edits)-1]
	moved := false
	for l, was := range e.after {
		if e.before[l] == was { // the price that it had
			delete(e.before, l)
			delete(e.after, l)
			continue
		}
		moved = moved || *l != was
	}
	_, err := h.TryUndo(e.set)
	if f, ok := fault.As(err); ok {
		switch {
		case slices.Contains([]string{"order.out_of_stock", "order.picked", "order.refunded"}, f.Code):
		case f.Code == "order.cancelled" && s.cancelled():
		case f.Code == "order.moved_on" && moved:
			s.edits = s.edits[:len(s.edits)-1]
		default:
			t.Fatalf("nothing has changed since, and yet %v", err)
		}
		return
	}
	h.want(t, err, "")
	if moved {
		t.Fatalf("an edit was undone though its lines moved on")
	}
	s.edits = s.edits[:len(s.edits)-1]
	for l, was := range e.before {
		*l = was
	}
	if e.added != nil {
		e.added.cancelled, e.added.rest = e.added.quantity, 0
	}
	if !s.cancelled() {
		s.chargeCancelled = false
	}
	h.settled(s)
}
