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

// Cause says why an order was routed.
type Cause string

// The causes.
const (
	CausePlaced    Cause = "placed"    // it came in
	CauseManual    Cause = "manual"    // a person chose another location
	CauseRestocked Cause = "restocked" // stock came for what was backordered
	CauseRejected  Cause = "rejected"  // a location would not ship it
	CauseWithdrawn Cause = "withdrawn" // its work was cancelled, to be planned anew
	CauseEdited    Cause = "edited"    // the order was changed
)

// Entry is a decision as it is kept: who is shown an order sees all of them.
type Entry struct {
	ID       id.Decision       `db:"id" json:"id"`
	Order    id.Order          `db:"order_id" json:"order_id"`
	At       time.Time         `db:"at" json:"at"`
	Cause    Cause             `db:"cause" json:"cause"`
	Actor    string            `db:"actor" json:"actor,omitempty" doc:"Who brought it about."`
	Strategy string            `db:"strategy" json:"strategy"`
	Summary  string            `db:"summary" json:"summary" doc:"The decision in a sentence or two."`
	Decision db.JSON[Decision] `db:"body" json:"decision"`
}

// NewEntry returns the entry of a decision that was made for an order at now.
// Its id may be given to the fulfillment orders that come of it.
func NewEntry(now time.Time, order id.Order, cause Cause, d Decision) Entry {
	return Entry{
		ID: id.New[id.Decision](now), Order: order, At: now, Cause: cause,
		Strategy: d.Strategy, Summary: d.Sentence(), Decision: db.JSON[Decision]{V: d},
	}
}

// Record keeps decisions, and adds the fact to the timelines of their orders.
func Record(ctx context.Context, tx *db.Tx, entries []Entry) error {
	facts := make([]event.Fact, len(entries))
	for i := range entries {
		entries[i].Actor = actor.Name(ctx)
		e := &entries[i]
		d := &e.Decision.V
		facts[i] = Routed{Order: e.Order, Decision: e.ID, Cause: e.Cause, Outcome: d.Outcome, Parcels: d.Parcels, Summary: e.Summary}
	}
	if _, err := db.Insert(ctx, tx, "routing_decision", entries); err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}

// Of returns the decisions made for an order, newest first: the first is the
// one that stands.
func Of(ctx context.Context, r db.Reader, order id.Order) ([]Entry, error) {
	return db.Select[Entry](ctx, r, `
		SELECT `+db.Columns[Entry]()+` FROM routing_decision WHERE order_id = ? ORDER BY id DESC`, order)
}

// Get returns one decision.
func Get(ctx context.Context, r db.Reader, decision id.Decision) (Entry, error) {
	e, err := db.Get[Entry](ctx, r, `SELECT `+db.Columns[Entry]()+` FROM routing_decision WHERE id = ?`, decision)
	if db.None(err) {
		err = fault.New(fault.NotFound, "routing.decision_not_found", "There is no routing decision %s.", decision)
	}
	return e, err
}
