package change

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Value stores an agreement as JSON text, and none as NULL.
func (t Agreement) Value() (driver.Value, error) {
	if len(t) == 0 {
		return nil, nil
	}
	return string(t), nil
}

// Scan reads an agreement.
func (t *Agreement) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = nil
	case string:
		*t = Agreement(v)
	case []byte:
		*t = bytes.Clone(v)
	default:
		return fmt.Errorf("cannot read an agreement from %T", src)
	}
	return nil
}

// Insert stores new sets in the state that their methods have brought them to. A
// second open set of an order is a Conflict. Take the orders first.
func Insert(ctx context.Context, tx *db.Tx, sets ...*Set) error {
	if len(sets) == 0 {
		return nil
	}
	rows := make([]Set, len(sets))
	var facts []event.Fact
	for i, s := range sets {
		if s.CreatedBy == "" {
			s.CreatedBy = actor.Name(ctx)
		}
		if s.Status.Open() {
			if err := refuseSecond(ctx, tx, s); err != nil {
				return err
			}
		}
		rows[i] = *s
		facts = append(facts, s.facts...)
		s.facts = nil
	}
	if _, err := db.Insert(ctx, tx, "change_set", rows); err != nil {
		if _, taken := db.Violated(err); taken {
			return db.ErrRetry // another transaction came between: refuseSecond sees it now
		}
		return err
	}
	return event.Record(ctx, tx, facts...)
}

func refuseSecond(ctx context.Context, r db.Reader, s *Set) error {
	open, found, err := OpenOf(ctx, r, s.Order)
	if err != nil || !found {
		return err
	}
	return fault.New(fault.Conflict, "change.open", "There is a change of this order that is %s: confirm or cancel it first.", open.Status).
		With(map[string]id.Change{"change_id": open.ID})
}

// OpenOf finds the open set of an order.
func OpenOf(ctx context.Context, r db.Reader, order id.Order) (*Set, bool, error) {
	rows, err := db.Select[Set](ctx, r, `SELECT `+db.Columns[Set]()+` FROM change_set WHERE order_id = ? AND status IN ('draft', 'requested')`, order)
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	return &rows[0], true, nil
}

// Take locks a set and loads it. Take its order first.
func Take(ctx context.Context, tx *db.Tx, set id.Change) (*Set, error) {
	return get(ctx, tx, set, tx.ForUpdate())
}

// Get reads a set.
func Get(ctx context.Context, r db.Reader, set id.Change) (*Set, error) {
	return get(ctx, r, set, "")
}

func get(ctx context.Context, r db.Reader, set id.Change, lock string) (*Set, error) {
	s, err := db.Get[Set](ctx, r, `SELECT `+db.Columns[Set]()+` FROM change_set WHERE id = ?`+lock, set)
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "change.not_found", "There is no change %s.", set)
	}
	return &s, err
}

// ByOrder reads the sets of orders, oldest first.
func ByOrder(ctx context.Context, r db.Reader, orders ...id.Order) (map[id.Order][]*Set, error) {
	rows, err := db.SelectIn[Set](ctx, r, `SELECT `+db.Columns[Set]()+` FROM change_set WHERE order_id IN (/*in*/) ORDER BY order_id, id`, orders)
	out := map[id.Order][]*Set{}
	for i := range rows {
		out[rows[i].Order] = append(out[rows[i].Order], &rows[i])
	}
	return out, err
}

// Save writes a taken set as its methods have left it, with its next version, and
// records the facts.
func Save(ctx context.Context, tx *db.Tx, s *Set) error {
	n, err := tx.Exec(ctx, `
		UPDATE change_set SET version = version + 1, status = ?, base_version = ?, base_at = ?, actions = ?, agreed_before = ?, agreed_after = ?, undoes = ?, undone_by = ?,
			requested_by = ?, requested_at = ?, closed_by = ?, closed_at = ?
		WHERE id = ? AND version = ?`,
		s.Status, s.Base, s.BaseAt, s.Actions, s.Before, s.After, s.Undoes, s.UndoneBy, s.RequestedBy, s.RequestedAt, s.ClosedBy, s.ClosedAt, s.ID, s.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return stale(s.Version + 1)
	}
	s.Version++
	facts := s.facts
	s.facts = nil
	return event.Record(ctx, tx, facts...)
}

// Erase takes personal data out of the sets of orders, which cannot be undone any
// more: addresses, contacts and notes. What was changed of the lines stays.
func Erase(ctx context.Context, tx *db.Tx, orders []id.Order) error {
	sets, err := ByOrder(ctx, tx, orders...)
	if err != nil {
		return err
	}
	for _, order := range orders {
		for _, s := range sets[order] {
			for i, a := range s.Actions.V {
				if a.Kind != Undo {
					s.Actions.V[i].Data = nil
				}
			}
			_, err := tx.Exec(ctx, `UPDATE change_set SET version = version + 1, actions = ?, note = '', agreed_before = NULL, agreed_after = NULL WHERE id = ?`, s.Actions, s.ID)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// The rules that Verify checks.
const (
	ruleClosed = "CHG-1" // a set that is closed says when and by whom, and a confirmed one has actions
	ruleUndone = "CHG-2" // who undid a set was confirmed and names it, and the reverse
)

// Verify reports sets whose rows do not agree with each other.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID      id.Change `db:"id"`
		Status  Status    `db:"status"`
		Closed  bool      `db:"closed"`
		Undoes  id.Change `db:"undoes"`
		Undone  id.Change `db:"undone_by"`
		Counter Status    `db:"counter"`
		Names   id.Change `db:"names"`
		Named   id.Change `db:"named"`
	}
	return db.Each(ctx, r, func(x row) error {
		name := "change " + x.ID.String()
		report.Equal(ruleClosed, name, "closed", x.Closed, !x.Status.Open())
		if !x.Undone.IsZero() {
			report.Equal(ruleUndone, name, "undone by a confirmed one", x.Counter, Confirmed)
			report.Equal(ruleUndone, name, "named by what undid it", x.Names, x.ID)
		}
		if x.Status == Confirmed && !x.Undoes.IsZero() {
			report.Equal(ruleUndone, name, "named by what it undid", x.Named, x.ID)
		}
		return nil
	}, `
		SELECT s.id, s.status, s.closed_at IS NOT NULL AND s.closed_by <> '' AS closed, s.undoes, s.undone_by,
			COALESCE(c.status, '') AS counter, c.undoes AS names, u.undone_by AS named
		FROM change_set s
		LEFT JOIN change_set c ON c.id = s.undone_by
		LEFT JOIN change_set u ON u.id = s.undoes`)
}
