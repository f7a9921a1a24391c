package inventory

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// Explanation is the numbers of a variant at a location at one time, and the
// rows that make them.
type Explanation struct {
	Key
	Counts
	Earlier      Counts        `json:"earlier" doc:"What movements older than those shown add up to."`
	Movements    []Movement    `json:"movements" doc:"Oldest first. Earlier and their quantities add up to on hand and to each state."`
	Reservations []Reservation `json:"reservations" doc:"Claims that were open: of stock they add up to committed, of backorders to backordered."`
	Transfers    []UnderWay    `json:"transfers" doc:"What was under way to here: it adds up to incoming."`
}

// UnderWay is how many units of a transfer were under way.
type UnderWay struct {
	Transfer id.Transfer `db:"id" json:"transfer_id"`
	Number   int64       `db:"number" json:"number"`
	Key
	Quantity int64 `db:"quantity" json:"quantity"`
}

// Explain opens the numbers of a variant, as they were at a time (zero: now),
// into rows: for each location that ever had any, sorted by location, the newest
// movements (0: all) and the sum of those before. Everything is computed from
// movements and reservations, nothing is taken from the levels, so it is also
// what the levels should say.
func Explain(ctx context.Context, r db.Reader, variant id.Variant, at time.Time, newest int) ([]Explanation, error) {
	if at.IsZero() {
		at = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if newest <= 0 {
		newest = 1 << 30
	}
	all := map[id.Location]*Explanation{}
	of := func(l id.Location) *Explanation {
		if all[l] == nil {
			all[l] = &Explanation{Key: Key{variant, l}}
		}
		return all[l]
	}
	if err := explainMovements(ctx, r, variant, at, newest, of); err != nil {
		return nil, err
	}
	claims, err := db.Select[Reservation](ctx, r, `
		SELECT `+reservationColumns+` FROM reservation
		WHERE variant_id = ? AND created_at <= ? AND (closed_at IS NULL OR closed_at > ?)
		ORDER BY id`, variant, at, at)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		e := of(c.Location)
		e.Reservations = append(e.Reservations, c)
		e.Counts = e.Plus(c.Kind.counts(c.Quantity))
	}
	transfers, err := db.Select[UnderWay](ctx, r, `
		SELECT t.id, t.number, m.variant_id, t.to_location AS location_id, CAST(SUM(m.quantity) AS BIGINT) AS quantity
		FROM stock_movement m JOIN transfer t ON t.id = m.cause_id
		WHERE m.cause_kind = 'transfer' AND m.variant_id = ? AND m.at <= ?
			AND m.location_id IN (SELECT id FROM location WHERE kind = 'transit')
		GROUP BY t.id, t.number, m.variant_id, t.to_location
		HAVING SUM(m.quantity) <> 0
		ORDER BY t.id`, variant, at)
	if err != nil {
		return nil, err
	}
	for _, t := range transfers {
		e := of(t.Location)
		e.Transfers = append(e.Transfers, t)
		e.Incoming += t.Quantity
	}
	out := make([]Explanation, 0, len(all))
	for _, e := range all {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b Explanation) int { return a.Compare(b.Key) })
	return out, nil
}

func explainMovements(ctx context.Context, r db.Reader, variant id.Variant, at time.Time, newest int, of func(id.Location) *Explanation) error {
	type sum struct {
		Location id.Location `db:"location_id"`
		State    State       `db:"state"`
		Quantity int64       `db:"quantity"`
	}
	sums, err := db.Select[sum](ctx, r, `
		SELECT location_id, state, CAST(SUM(quantity) AS BIGINT) AS quantity FROM stock_movement
		WHERE variant_id = ? AND at <= ? GROUP BY location_id, state`, variant, at)
	if err != nil {
		return err
	}
	for _, s := range sums {
		e := of(s.Location)
		e.Counts.move(s.State, s.Quantity)
		e.Earlier.move(s.State, s.Quantity)
	}
	rows, err := db.Select[Movement](ctx, r, `
		SELECT `+movementColumns+` FROM (
			SELECT m.*, ROW_NUMBER() OVER (PARTITION BY location_id ORDER BY id DESC) AS place
			FROM stock_movement m WHERE variant_id = ? AND at <= ?) AS numbered
		WHERE place <= ? ORDER BY id`, variant, at, newest)
	if err != nil {
		return err
	}
	for _, m := range rows {
		e := of(m.Location)
		e.Movements = append(e.Movements, m)
		e.Earlier.move(m.State, -m.Quantity)
	}
	return nil
}
