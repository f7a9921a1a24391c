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

// Unship books the counter-movements of goods that had not left after all: they
// are on hand again where they were, at the value at which they went, and
// claimed by the demands that had them, with the place in the queue that they
// had. outs are what Ship was given. It is refused where the shipment moved
// anything else, or was undone before: Conflict inventory.undone.
func Unship(ctx context.Context, tx *db.Tx, book Book, outs []Out, reason string) ([]Movement, error) {
	w := &claimWork{changes: changes{}}
	causes, demands := make([]id.Any, len(outs)), make([]id.Any, len(outs))
	for i, o := range outs {
		causes[i], demands[i] = o.Cause.ID, o.Demand
		w.need(o.Demand, Key{o.Variant, o.Location})
	}
	if err := w.load(ctx, tx); err != nil {
		return nil, err
	}
	went, err := db.SelectIn[Movement](ctx, tx, `
		SELECT `+movementColumns+` FROM stock_movement m
		WHERE kind = 'ship' AND undoes_id IS NULL AND cause_id IN (/*in*/)
			AND NOT EXISTS (SELECT 1 FROM stock_movement u WHERE u.undoes_id = m.id)
		ORDER BY id`, unique(causes))
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(went))
	units := map[Key]int64{}
	for i, m := range went {
		units[m.Key] -= m.Quantity
		entries[i] = entry{
			Posting: Posting{
				Variant: m.Variant, Location: m.Location, Kind: KindShip, State: m.State, Quantity: -m.Quantity, Reason: reason, Cause: m.Cause(), Order: m.Order,
			},
			value: m.Value, undoes: m.ID,
		}
	}
	gone, err := db.SelectIn[Reservation](ctx, tx, `
		SELECT `+reservationColumns+` FROM reservation WHERE status = 'consumed' AND demand_id IN (/*in*/)`, unique(demands))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(gone, func(a, b Reservation) int { return cmp.Or(b.ClosedAt.Compare(a.ClosedAt), b.ID.Compare(a.ID)) })
	for _, o := range outs {
		k := Key{o.Variant, o.Location}
		units[k] -= o.Quantity
		i := slices.IndexFunc(gone, func(r Reservation) bool { return r.Demand == o.Demand && r.Key == k })
		if i < 0 || units[k] < 0 {
			return nil, undone(o)
		}
		w.restore(gone[i], o.Quantity, k, tx.Now())
	}
	for _, o := range outs {
		if units[Key{o.Variant, o.Location}] != 0 {
			return nil, undone(o)
		}
	}
	rows, err := w.held.post(ctx, tx, book, entries, w.changes)
	if err != nil {
		return nil, err
	}
	return rows, w.writeClaims(ctx, tx)
}

// restore claims units again: with the reservation that they were a part of,
// where the rest of it is still active.
func (w *claimWork) restore(was Reservation, n int64, k Key, now time.Time) {
	for _, r := range w.open[slot{was.Demand, k, Stock}] {
		if r.Priority == was.Priority && r.QueuedAt.Equal(was.QueuedAt) && r.left > 0 {
			r.left += n
			if !r.touched {
				r.touched = true
				w.touched = append(w.touched, r)
			}
			w.changes.add(k, Stock.counts(n))
			return
		}
	}
	was.Status, was.Quantity, was.ClosedAt = active, n, time.Time{}
	w.put(was, k, Stock, now)
}

func undone(o Out) error {
	return fault.New(fault.Conflict, "inventory.undone", "What %s moved is not in the ledger as it was, or was taken back already.", o.Cause.ID)
}
