package inventory

import (
	"cmp"
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Displaced is units that were promised from stock and are not there: those of
// an order wait in the queue now, at their old place; those of a transfer were
// released.
type Displaced struct {
	Demand     id.Any     `json:"demand_id"`
	DemandKind DemandKind `json:"demand_kind"`
	Order      id.Any     `json:"order_id,omitzero"`
	Key
	Quantity int64 `json:"quantity"`
}

// Adjust books that stock is more or less than the books say, for a reason:
// damage, a find, a correction. A physical fact is not refused because the units
// were promised: safety stock stands in first, then claims give way, those of
// transfers before those of orders, the lowest priority and the newest first.
// What was never on hand cannot go: that is the fault inventory.shortage. The
// Kind of the postings is set by Adjust.
func Adjust(ctx context.Context, tx *db.Tx, book Book, postings []Posting) ([]Movement, []Displaced, error) {
	postings = slices.Clone(postings)
	for i := range postings {
		postings[i].Kind = KindAdjust
	}
	entries, h, err := prepare(ctx, tx, postings)
	if err != nil {
		return nil, nil, err
	}
	return h.postFact(ctx, tx, book, entries)
}

// Count is how many units of a variant somebody found at a location, whatever
// their state.
type Count struct {
	Variant  id.Variant
	Location id.Location
	OnHand   int64
	UnitCost *money.Micros // of units that are found; nil: the moving average
	Reason   string
	Note     string
	Cause    Cause
}

// ApplyCounts books the differences between what was counted and on hand; what
// agrees is not booked. What is missing is taken from sellable units first, then
// from those in quality control, then from damaged ones; claims give way as
// they do in Adjust. A level that is named twice is counted by the last.
func ApplyCounts(ctx context.Context, tx *db.Tx, book Book, counts []Count) ([]Movement, []Displaced, error) {
	last := make(map[Key]int, len(counts))
	keys := make([]Key, len(counts))
	for i, c := range counts {
		keys[i] = Key{c.Variant, c.Location}
		if c.OnHand < 0 || c.OnHand > MaxQuantity {
			return nil, nil, badQuantity("on_hand", c.OnHand)
		}
		last[keys[i]] = i
	}
	h, err := openLocated(ctx, tx, keys)
	if err != nil {
		return nil, nil, err
	}
	var entries []entry
	for i, c := range counts {
		if last[keys[i]] != i {
			continue
		}
		l := h.levels[keys[i]]
		p := Posting{
			Variant: c.Variant, Location: c.Location, Kind: KindCount, Quantity: 1, UnitCost: c.UnitCost, Reason: c.Reason, Note: c.Note, Cause: c.Cause,
		}
		if err := p.clean(i); err != nil {
			return nil, nil, err
		}
		entries = append(entries, l.counted(c.OnHand-l.OnHand, p)...)
	}
	if err := overtake(ctx, tx, keys, id.Count{}); err != nil {
		return nil, nil, err
	}
	return h.postFact(ctx, tx, book, entries)
}

// Reclass is a change of state of units on hand.
type Reclass struct {
	Variant  id.Variant
	Location id.Location
	From, To State
	Quantity int64
	Reason   string
	Note     string
	Cause    Cause
}

// ChangeState books that units on hand are good for something else: damaged, in
// quality control, kept as safety stock, or sellable again. Promised units that
// turn out damaged are given up as in Adjust; safety stock is only taken from
// what is free.
func ChangeState(ctx context.Context, tx *db.Tx, book Book, all []Reclass) ([]Movement, []Displaced, error) {
	keys := make([]Key, len(all))
	var entries []entry
	var facts []event.Fact
	for i, c := range all {
		if err := checkQuantity("reclass", i, c.Quantity); err != nil {
			return nil, nil, err
		}
		c.Reason, c.Note = text.Clean(c.Reason), text.Clean(c.Note)
		if c.From == c.To || !slices.Contains(States(), c.From) || !slices.Contains(States(), c.To) {
			return nil, nil, fault.New(fault.Invalid, "inventory.bad_state", "Units cannot go from %q to %q: name two different states of stock.", c.From, c.To)
		}
		keys[i] = Key{c.Variant, c.Location}
		entries = append(entries, legs(Posting{
			Variant: c.Variant, Location: c.Location, Kind: KindReclass, Quantity: c.Quantity, Reason: c.Reason, Note: c.Note, Cause: c.Cause,
		}, c.From, c.To)...)
		facts = append(facts, StateChanged{keys[i], c.From, c.To, c.Quantity, c.Reason})
	}
	h, err := openLocated(ctx, tx, keys)
	if err != nil {
		return nil, nil, err
	}
	rows, displaced, err := h.postFact(ctx, tx, book, entries)
	if err != nil {
		return nil, nil, err
	}
	return rows, displaced, event.Record(ctx, tx, facts...)
}

// legs are the two movements that take the units of p from one state to another.
func legs(p Posting, from, to State) []entry {
	if p.Cause.Kind == "" {
		p.Cause.Kind = "manual"
	}
	out, in := p, p
	out.State, out.Quantity = from, -p.Quantity
	in.State = to
	return []entry{{Posting: out, leg: true}, {Posting: in, leg: true}}
}

// Undo books the counter-movements of adjustments and counts, at the value they
// had while the stock bears it. A movement is undone once, else it is the
// Conflict inventory.undone.
func Undo(ctx context.Context, tx *db.Tx, book Book, ids []id.Movement, reason string) ([]Movement, []Displaced, error) {
	ids = unique(ids)
	rows, err := db.SelectIn[Movement](ctx, tx, `SELECT `+movementColumns+` FROM stock_movement WHERE id IN (/*in*/) ORDER BY id`, ids)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) < len(ids) {
		return nil, nil, fault.New(fault.NotFound, "inventory.no_movement", "There is no such movement.")
	}
	if reason = text.Clean(reason); reason == "" {
		reason = "undo"
	}
	keys, entries := make([]Key, len(rows)), make([]entry, len(rows))
	for i, m := range rows {
		if m.Kind != KindAdjust && m.Kind != KindCount || !m.Undoes.IsZero() {
			return nil, nil, fault.New(fault.Conflict, "inventory.not_undoable", "Only adjustments and counts can be undone, not a movement of kind %s or one that undoes another. Book the opposite instead.", m.Kind)
		}
		keys[i] = m.Key
		entries[i] = entry{
			Posting: Posting{
				Variant: m.Variant, Location: m.Location, Kind: m.Kind, State: m.State, Quantity: -m.Quantity, Reason: reason,
				Cause: Cause{"movement", anyOf(m.ID)},
			},
			value: m.Value, undoes: m.ID,
		}
	}
	h, err := openLocated(ctx, tx, keys)
	if err != nil {
		return nil, nil, err
	}
	done, err := db.SelectIn[id.Movement](ctx, tx, `SELECT undoes_id FROM stock_movement WHERE undoes_id IN (/*in*/)`, ids)
	if err != nil {
		return nil, nil, err
	}
	if len(done) > 0 {
		return nil, nil, fault.New(fault.Conflict, "inventory.undone", "The movement %s was undone already.", done[0])
	}
	if err := overtake(ctx, tx, keys, id.Count{}); err != nil {
		return nil, nil, err
	}
	return h.postFact(ctx, tx, book, entries)
}

// postFact books physical facts: claims give way to them.
func (h *held) postFact(ctx context.Context, tx *db.Tx, book Book, entries []entry) ([]Movement, []Displaced, error) {
	w := &claimWork{held: h, changes: changes{}}
	entries, displaced, err := w.giveWay(ctx, tx, entries)
	if err != nil {
		return nil, nil, err
	}
	rows, err := h.post(ctx, tx, book, entries, w.changes)
	if err != nil {
		return nil, nil, err
	}
	if err := w.writeClaims(ctx, tx); err != nil {
		return nil, nil, err
	}
	facts := make([]event.Fact, len(displaced))
	for i, d := range displaced {
		facts[i] = Shortfall{d}
	}
	return rows, displaced, event.Record(ctx, tx, facts...)
}

// giveWay makes room for entries that leave less than is promised: with safety
// stock, then with claims. Entries that no claim can make room for are left to
// the check.
func (w *claimWork) giveWay(ctx context.Context, tx *db.Tx, entries []entry) ([]entry, []Displaced, error) {
	net := changes{}
	for _, e := range entries {
		var d Counts
		d.move(e.State, e.Quantity)
		net.add(e.Key(), d)
	}
	need := map[Key]int64{}
	for _, k := range net.keys() {
		l := w.held.levels[k].Level
		after := l.Plus(net[k])
		missing := -after.Free()
		if l.AllowNegative || missing <= 0 || net[k].Safety > 0 || missing > after.Safety+after.Committed {
			continue
		}
		if spare := min(after.Safety, missing); spare > 0 {
			i := slices.IndexFunc(entries, func(e entry) bool { return e.Key() == k })
			entries = append(entries, legs(Posting{
				Variant: k.Variant, Location: k.Location, Kind: KindReclass, Quantity: spare, Reason: ReasonSafetyUsed, Cause: entries[i].Cause,
			}, Safety, Sellable)...)
			missing -= spare
		}
		if missing > 0 {
			need[k] = missing
		}
	}
	displaced, err := w.displace(ctx, tx, need)
	return entries, displaced, err
}

// displace takes units off the claims on stock at levels.
func (w *claimWork) displace(ctx context.Context, tx *db.Tx, need map[Key]int64) ([]Displaced, error) {
	if len(need) == 0 {
		return nil, nil
	}
	var keys []Key
	for k := range need {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, Key.Compare)
	var rows []Reservation
	err := db.Chunks(keys, func(part []Key) error {
		found, err := db.Select[Reservation](ctx, tx, `
			SELECT `+reservationColumns+` FROM reservation
			WHERE status = 'active' AND kind = 'stock' AND (variant_id, location_id) IN (VALUES `+db.Tuples(len(part), 2, "uuid", "uuid")+`)`, keyArgs(part)...)
		rows = append(rows, found...)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b Reservation) int {
		return cmp.Or(
			cmp.Compare(b.DemandKind, a.DemandKind), // transfer before order
			cmp.Compare(a.Priority, b.Priority), b.QueuedAt.Compare(a.QueuedAt), b.ID.Compare(a.ID),
		)
	})
	var displaced []Displaced
	for _, r := range rows {
		units := min(need[r.Key], r.Quantity)
		if units == 0 {
			continue
		}
		need[r.Key] -= units
		w.changes.add(r.Key, Stock.counts(-units))
		w.close(&openClaim{Reservation: r, left: r.Quantity}, units, released)
		displaced = append(displaced, Displaced{r.Demand, r.DemandKind, r.Order, r.Key, units})
		if r.DemandKind == ForOrder {
			part := r
			part.Quantity = units
			w.put(part, r.Key, Backorder, tx.Now())
		}
	}
	return displaced, nil
}
