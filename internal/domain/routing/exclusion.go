package routing

import (
	"context"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Exclusion is a location that would not ship an order line: the line is not
// given to it again until somebody lifts the exclusion.
type Exclusion struct {
	Line        id.Line        `db:"line_id" json:"line_id"`
	Location    id.Location    `db:"location_id" json:"location_id"`
	Order       id.Order       `db:"order_id" json:"order_id"`
	Fulfillment id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id" doc:"What was rejected."`
	Cause       id.Line        `db:"cause_line_id" json:"cause_line_id,omitzero" doc:"The line that was short, where this one is left out because it leaves with that."`
	Reason      string         `db:"reason" json:"reason"`
	Actor       string         `db:"actor" json:"actor"`
	At          time.Time      `db:"at" json:"at"`
	LiftedBy    string         `db:"lifted_by" json:"lifted_by,omitempty"`
	LiftedAt    time.Time      `db:"lifted_at" json:"lifted_at,omitzero"`
}

// Exclude keeps lines from locations. One that was excluded before is so anew.
func Exclude(ctx context.Context, tx *db.Tx, exclusions []Exclusion) error {
	for i := range exclusions {
		exclusions[i].Actor, exclusions[i].At = actor.Name(ctx), tx.Now()
	}
	_, err := db.Insert(ctx, tx, "routing_exclusion", exclusions, `
		ON CONFLICT (line_id, location_id) DO UPDATE SET fulfillment_id = excluded.fulfillment_id, cause_line_id = excluded.cause_line_id, reason = excluded.reason,
			actor = excluded.actor, at = excluded.at, lifted_by = '', lifted_at = NULL`)
	return err
}

// Lift lets a location be asked for a line again. Errors: NotFound
// routing.not_excluded.
func Lift(ctx context.Context, tx *db.Tx, order id.Order, line id.Line, location id.Location) error {
	n, err := tx.Exec(ctx, `
		UPDATE routing_exclusion SET lifted_by = ?, lifted_at = ?
		WHERE order_id = ? AND line_id = ? AND location_id = ? AND lifted_at IS NULL`, actor.Name(ctx), tx.Now(), order, line, location)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "routing.not_excluded", "The location is not left out for this line.")
	}
	if err != nil {
		return err
	}
	return event.Record(ctx, tx, Lifted{order, line, location})
}

// Trust lets a location be asked again for what it is left out of since it was
// short of a line, unless it would not ship that for another reason since.
func Trust(ctx context.Context, tx *db.Tx, order id.Order, fulfillment id.Fulfillment, line id.Line) error {
	lifted, err := db.Select[Exclusion](ctx, tx, `
		UPDATE routing_exclusion SET lifted_by = ?, lifted_at = ?
		WHERE order_id = ? AND fulfillment_id = ? AND (line_id = ? OR cause_line_id = ?) AND lifted_at IS NULL
		RETURNING `+db.Columns[Exclusion](), actor.Name(ctx), tx.Now(), order, fulfillment, line, line)
	if err != nil {
		return err
	}
	facts := make([]event.Fact, len(lifted))
	for i, e := range lifted {
		facts[i] = Lifted{e.Order, e.Line, e.Location}
	}
	return event.Record(ctx, tx, facts...)
}

// Exclusions returns which locations are left out for lines of orders, and why.
func Exclusions(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Line]map[id.Location]string, error) {
	rows, err := db.SelectIn[Exclusion](ctx, r, `
		SELECT `+db.Columns[Exclusion]()+` FROM routing_exclusion WHERE lifted_at IS NULL AND order_id IN (/*in*/)`, orders)
	out := map[id.Line]map[id.Location]string{}
	for _, e := range rows {
		if out[e.Line] == nil {
			out[e.Line] = map[id.Location]string{}
		}
		out[e.Line][e.Location] = e.Reason
	}
	return out, err
}

// ExclusionsOf returns all exclusions of an order, lifted ones too, oldest first.
func ExclusionsOf(ctx context.Context, r db.Reader, order id.Order) ([]Exclusion, error) {
	return db.Select[Exclusion](ctx, r, `
		SELECT `+db.Columns[Exclusion]()+` FROM routing_exclusion WHERE order_id = ? ORDER BY at, line_id, location_id`, order)
}
