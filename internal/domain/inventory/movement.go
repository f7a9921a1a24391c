package inventory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Posting is a change of stock to be booked.
type Posting struct {
	Variant  id.Variant
	Location id.Location
	Kind     Kind
	State    State         // of the units; empty is Sellable
	Quantity int64         // signed: what comes is positive
	UnitCost *money.Micros // of what comes, base currency; nil: the moving average
	Reason   string        // asked for where Kind is KindAdjust
	Note     string
	Cause    Cause
	Order    id.Order // if it is for one
}

// Key is the level that the posting is on.
func (p Posting) Key() Key { return Key{p.Variant, p.Location} }

// Movement is a row of the ledger.
type Movement struct {
	ID id.Movement `db:"id" json:"id"`
	Key
	Kind         Kind        `db:"kind" json:"kind"`
	State        State       `db:"state" json:"state"`
	Quantity     int64       `db:"quantity" json:"quantity" doc:"Signed change of the units in that state, and of on hand."`
	OnHandAfter  int64       `db:"on_hand_after" json:"on_hand_after"`
	Value        int64       `db:"value_minor" json:"value_minor" doc:"Signed change of the stock's value, minor units of the base currency."`
	Reason       string      `db:"reason" json:"reason,omitempty"`
	CauseKind    string      `db:"cause_kind" json:"cause_kind"`
	CauseID      id.Any      `db:"cause_id" json:"cause_id,omitzero"`
	Order        id.Order    `db:"order_id" json:"order_id,omitzero"`
	Undoes       id.Movement `db:"undoes_id" json:"undoes_id,omitzero"`
	Actor        string      `db:"actor" json:"actor"`
	Note         string      `db:"note" json:"note,omitempty"`
	At           time.Time   `db:"at" json:"at"`
	BusinessDate string      `db:"business_date" json:"business_date"`
}

// Cause is what moved the stock.
func (m Movement) Cause() Cause { return Cause{m.CauseKind, m.CauseID} }

// Reasons of movements that the program makes by itself.
const (
	ReasonVariance   = "cost_variance"     // units that had left before they came cost something else
	ReasonSafetyUsed = "safety_stock_used" // safety stock stands in for promised units that are gone
)

// signs are the kinds of movements that may be posted, and whether they add
// units (1), take units (-1) or either (0).
var signs = map[Kind]int64{
	KindReceive: 1, KindReturnIn: 1, KindAssembleIn: 1, KindShip: -1, KindSupplierReturn: -1, KindAssembleOut: -1, KindAdjust: 0, KindCount: 0,
}

// clean tidies the i-th posting of a list and tells what is wrong with it.
func (p *Posting) clean(i int) error {
	f := fault.Fields{}
	field := func(name string) string { return fmt.Sprintf("postings[%d].%s", i, name) }
	sign, known := signs[p.Kind]
	if !known {
		f.Add(field("kind"), "%q is no kind of movement that can be posted alone", p.Kind)
	}
	if p.State == "" {
		p.State = Sellable
	}
	if !slices.Contains(States(), p.State) {
		f.Add(field("state"), "%q is no state of stock", p.State)
	}
	if p.Quantity == 0 || p.Quantity > MaxQuantity || p.Quantity < -MaxQuantity || p.Quantity*sign < 0 {
		f.Add(field("quantity"), "%d is no number of units for a movement of kind %s", p.Quantity, p.Kind)
	}
	if p.UnitCost != nil && *p.UnitCost < 0 {
		f.Add(field("unit_cost"), "is negative")
	}
	p.Reason, p.Note = text.Clean(p.Reason), text.Clean(p.Note)
	if p.Reason == "" && p.Kind == KindAdjust {
		f.Add(field("reason"), "is missing: why was the stock adjusted?")
	}
	if len(p.Reason) > maxText || len(p.Note) > 10*maxText {
		f.Add(field("reason"), "is too long")
	}
	if p.Cause.Kind == "" {
		p.Cause.Kind = "manual"
	}
	return f.Err("inventory.bad_posting", "The movement cannot be posted.")
}

// Post books stock that comes or goes, all or nothing, and returns the rows of
// the ledger in the order of the postings. It may add rows of quantity 0 that
// carry the difference in cost of units that had left before they came. What
// would take more than is free is the fault inventory.shortage.
func Post(ctx context.Context, tx *db.Tx, book Book, postings []Posting) ([]Movement, error) {
	entries, h, err := prepare(ctx, tx, postings)
	if err != nil {
		return nil, err
	}
	return h.post(ctx, tx, book, entries, changes{})
}

// prepare checks postings and opens their levels.
func prepare(ctx context.Context, tx *db.Tx, postings []Posting) ([]entry, *held, error) {
	entries := make([]entry, len(postings))
	keys := make([]Key, len(postings))
	for i, p := range postings {
		if err := p.clean(i); err != nil {
			return nil, nil, err
		}
		entries[i].Posting, keys[i] = p, p.Key()
	}
	h, err := openLocated(ctx, tx, keys)
	return entries, h, err
}

// entry is a posting with what only this package may say of it.
type entry struct {
	Posting
	leg    bool        // one of two that together leave what the company has as it is
	value  int64       // of an undo: what the movement that it undoes was worth
	undoes id.Movement // zero: it undoes nothing
}

// post books entries and the changes of claims that go with them. Their levels
// are open.
func (h *held) post(ctx context.Context, tx *db.Tx, book Book, entries []entry, also changes) ([]Movement, error) {
	if len(entries) == 0 {
		return nil, h.write(ctx, tx, also)
	}
	onHand := make(map[Key]int64, len(entries))
	variants := make([]id.Variant, len(entries))
	for i, e := range entries {
		var d Counts
		d.move(e.State, e.Quantity)
		also.add(e.Key(), d)
		variants[i] = e.Variant
		onHand[e.Key()] = h.levels[e.Key()].OnHand
	}
	if err := h.check(ctx, tx, also); err != nil {
		return nil, err
	}
	if err := h.price(ctx, tx, variants); err != nil {
		return nil, err
	}
	rows := make([]Movement, 0, len(entries))
	who, day := actor.Name(ctx), book.Day(tx.Now())
	var unvalued []event.Fact
	for _, e := range entries {
		if cost, known := book.Costs[e.Variant]; known && e.UnitCost == nil && h.values[e.Variant].costless() {
			e.UnitCost = &cost
		}
		value, variance, err := h.values[e.Variant].book(e, book.Base)
		if err != nil {
			clear(h.values) // what was computed is not stored
			return nil, err
		}
		onHand[e.Key()] += e.Quantity
		row := Movement{
			ID: id.New[id.Movement](tx.Now()), Key: e.Key(), Kind: e.Kind, State: e.State, Quantity: e.Quantity, OnHandAfter: onHand[e.Key()],
			Value: value, Reason: e.Reason, CauseKind: e.Cause.Kind, CauseID: e.Cause.ID, Order: e.Order, Undoes: e.undoes, Actor: who, Note: e.Note, At: tx.Now(), BusinessDate: day,
		}
		rows = append(rows, row)
		if value == 0 && e.found() {
			unvalued = append(unvalued, Unvalued{row.ID, row.Key, row.Quantity, row.Reason})
		}
		if variance != 0 {
			row.ID, row.Undoes = id.New[id.Movement](tx.Now()), id.Movement{}
			row.Kind, row.Quantity, row.Value, row.Reason = KindReclass, 0, variance, ReasonVariance
			rows = append(rows, row)
		}
	}
	facts := h.crossings(also, rows)
	if err := h.write(ctx, tx, also); err != nil {
		return nil, err
	}
	if _, err := db.Insert(ctx, tx, "stock_movement", rows); err != nil {
		return nil, err
	}
	if err := h.writeValues(ctx, tx, variants); err != nil {
		return nil, err
	}
	return rows, event.Record(ctx, tx, slices.Concat(facts, told(rows), unvalued)...)
}

// found tells whether units were there that the books did not know of, and nobody
// said what they cost.
func (e entry) found() bool {
	return e.Quantity > 0 && e.UnitCost == nil && e.undoes.IsZero() && (e.Kind == KindCount || e.Kind == KindAdjust)
}

// book values an entry and changes what the variant is worth by it. value is
// signed; variance is 0 but for units that had left before they came.
func (w *worth) book(e entry, base money.Currency) (value, variance int64, err error) {
	n := abs(e.Quantity)
	switch {
	case e.leg:
		if value, err = w.average(n, base); e.Quantity < 0 {
			value = -value
		}
	case e.Quantity < 0 && !e.undoes.IsZero():
		value, err = w.outAt(n, abs(e.value), base)
		value = -value
	case e.Quantity < 0:
		value, err = w.out(n, base)
		value = -value
	case !e.undoes.IsZero():
		value = abs(e.value)
		variance = w.in(n, value, base)
	case e.UnitCost != nil:
		if value, err = e.UnitCost.Times(n, base); err == nil {
			err = bounded(value, base)
		}
		if err == nil {
			variance = w.in(n, value, base)
		}
	default:
		if value, err = w.average(n, base); err == nil {
			w.change(n, value, base)
		}
	}
	if err == nil {
		err = bounded(w.value, base)
	}
	return value, variance, err
}

// crossings are the levels whose on hand falls below zero.
func (h *held) crossings(c changes, rows []Movement) (facts []event.Fact) {
	for _, k := range c.keys() {
		before := h.levels[k].OnHand
		after := before + c[k].OnHand
		if before >= 0 && after < 0 {
			i := slices.IndexFunc(rows, func(m Movement) bool { return m.Key == k })
			facts = append(facts, WentNegative{k, after, rows[i].Cause()})
		}
	}
	return facts
}

// told are the facts of movements that nobody else tells.
func told(rows []Movement) (facts []event.Fact) {
	for _, m := range rows {
		if _, alone := signs[m.Kind]; alone && m.Kind != KindShip {
			facts = append(facts, Moved{m.Kind, m.ID, m.Key, m.State, m.Quantity, m.OnHandAfter, m.Reason, m.Order, m.Undoes, m.Cause()})
		}
	}
	return facts
}

// Out is goods that leave for a demand.
type Out struct {
	Demand   id.Any // an order line
	Order    id.Order
	Variant  id.Variant
	Location id.Location
	Quantity int64
	Cause    Cause // the shipment
}

// Ship books goods that leave: it consumes the reservations of their demands
// and lowers on hand, all or nothing, and returns one movement for each. At a
// location that allows negative stock, goods may leave that are owed only: that
// consumes the backorder. More than is claimed is the Conflict
// inventory.not_reserved.
func Ship(ctx context.Context, tx *db.Tx, book Book, outs []Out) ([]Movement, error) {
	w := &claimWork{changes: changes{}}
	for i, o := range outs {
		if err := checkQuantity("outs", i, o.Quantity); err != nil {
			return nil, err
		}
		w.need(o.Demand, Key{o.Variant, o.Location})
	}
	if err := w.load(ctx, tx); err != nil {
		return nil, err
	}
	entries := make([]entry, len(outs))
	for i, o := range outs {
		s := slot{o.Demand, Key{o.Variant, o.Location}, Stock}
		owed := slot{s.demand, s.key, Backorder}
		units := o.Quantity
		if have := w.reserved(s); have < units && w.held.levels[s.key].AllowNegative && have+w.reserved(owed) >= units {
			if _, err := w.take(ctx, tx, owed, units-have, consumed); err != nil {
				return nil, err
			}
			units = have
		}
		if _, err := w.take(ctx, tx, s, units, consumed); err != nil {
			return nil, err
		}
		if o.Cause.Kind == "" {
			o.Cause.Kind = "manual"
		}
		entries[i].Posting = Posting{
			Variant: o.Variant, Location: o.Location, Kind: KindShip, State: Sellable, Quantity: -o.Quantity, Cause: o.Cause, Order: o.Order,
		}
	}
	rows, err := w.held.post(ctx, tx, book, entries, w.changes)
	if err != nil {
		return nil, err
	}
	return rows, w.writeClaims(ctx, tx)
}

const movementColumns = `id, variant_id, location_id, kind, state, quantity, on_hand_after, value_minor, reason, cause_kind, cause_id,
	order_id, undoes_id, actor, note, at, business_date`

// VariantsMoved returns the variants of movements, each once and sorted: those to
// lock before the movements are undone.
func VariantsMoved(ctx context.Context, r db.Reader, movements []id.Movement) ([]id.Variant, error) {
	variants, err := db.SelectIn[id.Variant](ctx, r, `SELECT variant_id FROM stock_movement WHERE id IN (/*in*/)`, unique(movements))
	return unique(variants), err
}

// MovementFilter selects movements; what is empty selects all.
type MovementFilter struct {
	Variants  []id.Variant
	Locations []id.Location // of a user who is limited to some: these
	Kinds     []Kind
	Causes    []id.Any
	From, To  time.Time // from included, to not
	Limit     int       // 1 to MaxLimit; 0 is 50
	After     string    // the cursor that the page before gave
}

// Movements returns a page of the ledger, newest first. next is empty on the
// last page.
func Movements(ctx context.Context, r db.Reader, f MovementFilter) (page []Movement, next string, err error) {
	var w db.Where
	db.In(&w, "variant_id", f.Variants)
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "kind", f.Kinds)
	db.In(&w, "cause_id", f.Causes)
	if !f.From.IsZero() {
		w.And("at >= ?", f.From)
	}
	if !f.To.IsZero() {
		w.And("at < ?", f.To)
	}
	if f.After != "" {
		var last id.Movement
		if last.UnmarshalText([]byte(f.After)) != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	page, err = db.Select[Movement](ctx, r, `SELECT `+movementColumns+` FROM stock_movement`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, err
}
