package inventory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// DemandKind says what a claim is for.
type DemandKind string

// The kinds of demands.
const (
	ForOrder    DemandKind = "order"    // the demand is an order line
	ForTransfer DemandKind = "transfer" // the demand is a transfer line
)

// ClaimKind says what is claimed.
type ClaimKind string

// The kinds of claims.
const (
	Stock     ClaimKind = "stock"     // units on hand
	Backorder ClaimKind = "backorder" // units that are owed, with a place in the queue
)

// Claim is a demand for units of a variant at a location.
type Claim struct {
	Demand     id.Any // an order line or a transfer line
	DemandKind DemandKind
	Order      id.Any // the order or transfer that the demand belongs to
	Variant    id.Variant
	Location   id.Location
	Quantity   int64
	Kind       ClaimKind
	Priority   int64 // larger comes first in the queue
}

// Key is the level that the claim is on.
func (c Claim) Key() Key { return Key{c.Variant, c.Location} }

// Reservation is a claim as it is stored. It is closed as consumed when the
// goods leave, and as released when the claim is given up or moves.
type Reservation struct {
	ID         id.Reservation `db:"id" json:"id"`
	Demand     id.Any         `db:"demand_id" json:"demand_id"`
	DemandKind DemandKind     `db:"demand_kind" json:"demand_kind"`
	Order      id.Any         `db:"order_id" json:"order_id,omitzero"`
	Key
	Quantity  int64     `db:"quantity" json:"quantity"`
	Kind      ClaimKind `db:"kind" json:"kind"`
	Status    string    `db:"status" json:"status" doc:"active, consumed or released"`
	Priority  int64     `db:"priority" json:"priority"`
	QueuedAt  time.Time `db:"queued_at" json:"queued_at" doc:"When the demand first claimed the units: its place in the queue."`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	ClosedAt  time.Time `db:"closed_at" json:"closed_at,omitzero"`
}

const (
	active   = "active"
	consumed = "consumed"
	released = "released"
)

const reservationColumns = `id, demand_id, demand_kind, order_id, variant_id, location_id, quantity, kind, status, priority, queued_at, created_at, closed_at`

// counts is what n units of a claim count for in its level.
func (k ClaimKind) counts(n int64) Counts {
	if k == Backorder {
		return Counts{Backordered: n}
	}
	return Counts{Committed: n}
}

// Reserve claims units. Claims of stock are given together or not at all: where
// they ask for more than is available, the fault inventory.shortage names the
// first such level, and nothing is written. Backorders are always taken; how
// many may be owed is for the caller to decide, by the levels that Lock gives.
func Reserve(ctx context.Context, tx *db.Tx, claims []Claim) error {
	keys := make([]Key, len(claims))
	for i, c := range claims {
		if err := checkQuantity("claims", i, c.Quantity); err != nil {
			return err
		}
		if c.Demand.IsZero() || c.Kind != Stock && c.Kind != Backorder || c.DemandKind != ForOrder && c.DemandKind != ForTransfer {
			return fault.New(fault.Invalid, "inventory.bad_claim", "A claim is of stock or a backorder, for a line of an order or a transfer.")
		}
		keys[i] = c.Key()
	}
	h, err := open(ctx, tx, keys)
	if err != nil {
		return err
	}
	ch := changes{}
	rows := make([]Reservation, len(claims))
	for i, c := range claims {
		ch.add(c.Key(), c.Kind.counts(c.Quantity))
		rows[i] = Reservation{
			ID: id.New[id.Reservation](tx.Now()), Demand: c.Demand, DemandKind: c.DemandKind, Order: c.Order, Key: c.Key(),
			Quantity: c.Quantity, Kind: c.Kind, Status: active, Priority: c.Priority, QueuedAt: tx.Now(), CreatedAt: tx.Now(),
		}
	}
	if err := h.promise(ctx, tx, ch, rows); err != nil {
		return err
	}
	if err := h.write(ctx, tx, ch); err != nil {
		return err
	}
	_, err = db.Insert(ctx, tx, "reservation", rows)
	return err
}

// promise checks that stock which is newly promised by rows is available,
// whatever the policy of its location.
func (h *held) promise(ctx context.Context, tx *db.Tx, ch changes, rows []Reservation) error {
	for _, k := range ch.keys() {
		l, d := h.levels[k].Level, ch[k]
		if d.Committed > 0 && l.Free()+d.Free() < 0 {
			return shortage(ctx, tx, l, d)
		}
	}
	for _, r := range rows {
		if l := h.levels[r.Key].Level; r.Kind == Stock && r.DemandKind == ForOrder && !l.Sellable {
			l.Counts = Counts{}
			return shortage(ctx, tx, l, r.Kind.counts(r.Quantity))
		}
	}
	return nil
}

// Release gives up claims, or parts of them: of each claim Demand, Variant,
// Location, Kind and Quantity count. It takes the newest reservations of the
// demand first. Releasing more than is claimed is the Conflict
// inventory.not_reserved.
func Release(ctx context.Context, tx *db.Tx, claims []Claim) error {
	w := &claimWork{changes: changes{}}
	for i, c := range claims {
		if err := checkQuantity("claims", i, c.Quantity); err != nil {
			return err
		}
		w.need(c.Demand, c.Key())
	}
	if err := w.load(ctx, tx); err != nil {
		return err
	}
	for _, c := range claims {
		if _, err := w.take(ctx, tx, slot{c.Demand, c.Key(), c.Kind}, c.Quantity, released); err != nil {
			return err
		}
	}
	return w.finish(ctx, tx)
}

// Move is the way of claimed units to another location or another kind of claim.
type Move struct {
	Demand           id.Any
	Variant          id.Variant
	From, To         id.Location
	FromKind, ToKind ClaimKind
	Quantity         int64
}

// Rehome moves claims, all or none: to other locations, from backorder to stock
// when it is filled, from stock to backorder when the stock is needed
// elsewhere. The units keep their priority and their place in the queue. Faults
// are those of Reserve and of Release.
func Rehome(ctx context.Context, tx *db.Tx, moves []Move) error {
	w := &claimWork{changes: changes{}}
	for i, m := range moves {
		if err := checkQuantity("moves", i, m.Quantity); err != nil {
			return err
		}
		w.need(m.Demand, Key{m.Variant, m.From})
		w.keys = append(w.keys, Key{m.Variant, m.To})
	}
	if err := w.load(ctx, tx); err != nil {
		return err
	}
	for _, m := range moves {
		parts, err := w.take(ctx, tx, slot{m.Demand, Key{m.Variant, m.From}, m.FromKind}, m.Quantity, released)
		if err != nil {
			return err
		}
		for _, p := range parts {
			w.put(p, Key{m.Variant, m.To}, m.ToKind, tx.Now())
		}
	}
	if err := w.held.promise(ctx, tx, w.changes, w.added); err != nil {
		return err
	}
	return w.finish(ctx, tx)
}

// claimWork changes reservations in memory and writes them at once.
type claimWork struct {
	held    *held
	demands []id.Any
	keys    []Key
	open    map[slot][]*openClaim // active reservations, the first to be given up last
	touched []*openClaim
	added   []Reservation
	closed  []Reservation // parts of reservations whose rest stays active
	changes changes
}

// slot is where active reservations of a demand are of the same worth.
type slot struct {
	demand id.Any
	key    Key
	kind   ClaimKind
}

type openClaim struct {
	Reservation
	left    int64 // units that are still active
	touched bool
	fate    string // what the row becomes when none are left
}

func (w *claimWork) need(demand id.Any, k Key) {
	w.demands = append(w.demands, demand)
	w.keys = append(w.keys, k)
}

// load locks what is needed and reads the active reservations of the demands.
func (w *claimWork) load(ctx context.Context, tx *db.Tx) (err error) {
	if w.held, err = open(ctx, tx, w.keys); err != nil {
		return err
	}
	rows, err := db.SelectIn[Reservation](ctx, tx, `
		SELECT `+reservationColumns+` FROM reservation WHERE status = 'active' AND demand_id IN (/*in*/)`, unique(w.demands))
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Reservation) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.QueuedAt.Compare(b.QueuedAt), a.ID.Compare(b.ID))
	})
	w.open = make(map[slot][]*openClaim, len(rows))
	for _, r := range rows {
		s := slot{r.Demand, r.Key, r.Kind}
		w.open[s] = append(w.open[s], &openClaim{Reservation: r, left: r.Quantity})
	}
	return nil
}

// reserved is how many units of a slot are active.
func (w *claimWork) reserved(s slot) (n int64) {
	for _, r := range w.open[s] {
		n += r.left
	}
	return n
}

// take closes n units of a slot, those of the lowest priority and the newest
// first, and returns the parts it took.
func (w *claimWork) take(ctx context.Context, r db.Reader, s slot, n int64, fate string) ([]Reservation, error) {
	if have := w.reserved(s); have < n {
		return nil, notReserved(ctx, r, s, have, n)
	}
	w.changes.add(s.key, s.kind.counts(-n))
	var parts []Reservation
	rows := w.open[s]
	for i := len(rows) - 1; n > 0; i-- {
		units := min(n, rows[i].left)
		if units == 0 {
			continue
		}
		n -= units
		w.close(rows[i], units, fate)
		part := rows[i].Reservation
		part.Quantity = units
		parts = append(parts, part)
	}
	return parts, nil
}

// close takes units off a row. What the row held and holds no more becomes
// closed rows of its own, but for the last part, which the row itself becomes.
func (w *claimWork) close(r *openClaim, units int64, fate string) {
	if !r.touched {
		r.touched = true
		w.touched = append(w.touched, r)
	}
	r.left -= units
	if r.left == 0 {
		r.fate = fate
		r.Quantity = units
		return
	}
	part := r.Reservation
	part.Quantity, part.Status = units, fate
	w.closed = append(w.closed, part)
}

// put claims the units of a part that was taken anew.
func (w *claimWork) put(part Reservation, k Key, kind ClaimKind, now time.Time) {
	part.Key, part.Kind, part.CreatedAt = k, kind, now
	part.ID = id.New[id.Reservation](now)
	w.added = append(w.added, part)
	w.changes.add(k, kind.counts(part.Quantity))
}

// finish writes levels and reservations.
func (w *claimWork) finish(ctx context.Context, tx *db.Tx) error {
	if err := w.held.write(ctx, tx, w.changes); err != nil {
		return err
	}
	return w.writeClaims(ctx, tx)
}

func (w *claimWork) writeClaims(ctx context.Context, tx *db.Tx) error {
	err := db.Chunks(w.touched, func(part []*openClaim) error {
		args := make([]any, 0, len(part)*4)
		for _, r := range part {
			if r.left > 0 {
				args = append(args, r.ID, r.left, active, time.Time{})
			} else {
				args = append(args, r.ID, r.Quantity, r.fate, tx.Now())
			}
		}
		n, err := tx.Exec(ctx, `
			UPDATE reservation SET quantity = v.column2, status = v.column3, closed_at = v.column4
			FROM (VALUES `+db.Tuples(len(part), 4, "uuid", "bigint", "text", "timestamptz")+`) AS v
			WHERE reservation.id = v.column1 AND reservation.status = 'active'`, args...)
		if err == nil && n < int64(len(part)) {
			err = db.ErrRetry
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range w.closed {
		w.closed[i].ID, w.closed[i].ClosedAt = id.New[id.Reservation](tx.Now()), tx.Now()
	}
	_, err = db.Insert(ctx, tx, "reservation", append(w.closed, w.added...))
	return err
}

// notReserved says of which claim there is less than was asked.
func notReserved(ctx context.Context, r db.Reader, s slot, reserved, asked int64) error {
	code, err := codeOf(ctx, r, s.key.Location)
	if err != nil {
		return err
	}
	word := "reserved"
	if s.kind == Backorder {
		word = "backordered"
	}
	return fault.New(fault.Conflict, "inventory.not_reserved", "Only %d of %d units of %s are %s for it at %s.", reserved, asked, s.key.Variant, word, code).
		With(Shortage{s.key, asked, reserved})
}

// Reservations returns the active claims of demands, oldest first.
func Reservations(ctx context.Context, r db.Reader, demands []id.Any) ([]Reservation, error) {
	rows, err := db.SelectIn[Reservation](ctx, r, `
		SELECT `+reservationColumns+` FROM reservation WHERE status = 'active' AND demand_id IN (/*in*/)`, unique(demands))
	slices.SortFunc(rows, func(a, b Reservation) int { return a.ID.Compare(b.ID) })
	return rows, err
}

// Queue returns the backorders of variants in the order in which they are to be
// filled: by priority, then by the time since which they wait. Variants come
// sorted by id.
func Queue(ctx context.Context, r db.Reader, variants []id.Variant) ([]Reservation, error) {
	return db.SelectIn[Reservation](ctx, r, `
		SELECT `+reservationColumns+` FROM reservation
		WHERE status = 'active' AND kind = 'backorder' AND variant_id IN (/*in*/)
		ORDER BY variant_id, priority DESC, queued_at, demand_id, id`, unique(variants))
}

// Fillable lists variants behind after, by id, which orders of a priority or a
// higher one wait for and some location that may sell has units of.
func Fillable(ctx context.Context, r db.Reader, priority *int64, after id.Variant, limit int) ([]id.Variant, error) {
	var w db.Where
	w.And("status = 'active' AND kind = 'backorder' AND demand_kind = 'order'")
	if priority != nil {
		w.And("priority >= ?", *priority)
	}
	if !after.IsZero() {
		w.And("variant_id > ?", after)
	}
	w.And(`EXISTS (SELECT 1 FROM stock_level l WHERE l.variant_id = reservation.variant_id AND l.sellable
		AND l.on_hand > l.committed + l.damaged + l.quality_control + l.safety)`)
	return db.Select[id.Variant](ctx, r, `SELECT DISTINCT variant_id FROM reservation`+w.SQL()+` ORDER BY variant_id LIMIT ?`, w.Args(limit)...)
}

// Prioritize gives the claims of demands another priority in the queue.
func Prioritize(ctx context.Context, tx *db.Tx, demands []id.Any, priority int64) error {
	variants, err := db.SelectIn[id.Variant](ctx, tx, `
		SELECT variant_id FROM reservation WHERE status = 'active' AND demand_id IN (/*in*/)`, unique(demands))
	if err != nil {
		return err
	}
	if _, err := hold(ctx, tx, variants); err != nil {
		return err
	}
	return db.Chunks(unique(demands), func(part []id.Any) error {
		_, err := tx.Exec(ctx, `UPDATE reservation SET priority = ? WHERE status = 'active' AND demand_id IN (`+db.Marks(len(part))+`)`,
			append([]any{priority}, db.Args(part)...)...)
		return err
	})
}
