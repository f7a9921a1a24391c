package automation

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// List reads all rules in the order in which they are looked at.
func List(ctx context.Context, r db.Reader) ([]Rule, error) {
	return db.Select[Rule](ctx, r, `SELECT `+db.Columns[Rule]()+` FROM automation_rule ORDER BY position, id`)
}

// On reads the enabled rules that an event of a kind triggers, in their order.
func On(ctx context.Context, r db.Reader, kind string) ([]Rule, error) {
	all, err := db.Select[Rule](ctx, r, `SELECT `+db.Columns[Rule]()+` FROM automation_rule WHERE enabled ORDER BY position, id`)
	return slices.DeleteFunc(all, func(r Rule) bool { return !slices.Contains(r.Kinds.V, kind) }), err
}

// Kinds are those that trigger an enabled rule.
func Kinds(ctx context.Context, r db.Reader) (map[string]bool, error) {
	lists, err := db.Select[db.JSON[[]string]](ctx, r, `SELECT kinds FROM automation_rule WHERE enabled`)
	out := map[string]bool{}
	for _, l := range lists {
		for _, k := range l.V {
			out[k] = true
		}
	}
	return out, err
}

// Get reads a rule.
func Get(ctx context.Context, r db.Reader, rule id.Rule) (Rule, error) {
	return get(ctx, r, rule, "")
}

func get(ctx context.Context, r db.Reader, rule id.Rule, lock string) (Rule, error) {
	out, err := db.Get[Rule](ctx, r, `SELECT `+db.Columns[Rule]()+` FROM automation_rule WHERE id = ?`+lock, rule)
	if db.None(err) {
		err = fault.New(fault.NotFound, "automation.rule_not_found", "There is no rule %s.", rule)
	}
	return out, err
}

// Save adds a rule, or changes the one whose id it bears and whose version it was
// read at.
func Save(ctx context.Context, tx *db.Tx, r Rule) (Rule, error) {
	if err := r.Check(); err != nil {
		return Rule{}, err
	}
	same, err := db.Select[id.Rule](ctx, tx, `SELECT id FROM automation_rule WHERE name = ?`, r.Name)
	if err != nil {
		return Rule{}, err
	}
	if len(same) > 0 && same[0] != r.ID {
		return Rule{}, fault.New(fault.Conflict, "automation.name_taken", "There is a rule called %q already.", r.Name)
	}
	if r.ID.IsZero() {
		return r.add(ctx, tx)
	}
	old, err := get(ctx, tx, r.ID, tx.ForUpdate())
	if err != nil {
		return Rule{}, err
	}
	if old.Version != r.Version {
		return Rule{}, fault.New(fault.Stale, "automation.stale", "The rule was changed meanwhile: it has version %d now. Load it again.", old.Version)
	}
	r.Version, r.CreatedAt, r.UpdatedAt = old.Version+1, old.CreatedAt, tx.Now()
	_, err = tx.Exec(ctx, `
		UPDATE automation_rule SET name = ?, position = ?, kinds = ?, condition = ?, actions = ?, stops = ?, enabled = ?, version = ?, updated_at = ?
		WHERE id = ?`, r.Name, r.Position, r.Kinds, r.Condition, r.Actions, r.Stops, r.Enabled, r.Version, r.UpdatedAt, r.ID)
	if err != nil {
		return Rule{}, err
	}
	return r, audit.Record(ctx, tx, "change", "automation_rule", r.ID.String(), old, r)
}

func (r Rule) add(ctx context.Context, tx *db.Tx) (Rule, error) {
	n, err := db.Get[int](ctx, tx, `SELECT COUNT(*) FROM automation_rule`)
	if err != nil {
		return Rule{}, err
	}
	if n >= maxRules {
		return Rule{}, fault.New(fault.Conflict, "automation.too_many", "There are %d rules already: change one that is not needed any more.", n)
	}
	r.ID, r.Version, r.CreatedAt, r.UpdatedAt = id.New[id.Rule](tx.Now()), 1, tx.Now(), tx.Now()
	if _, err := db.Insert(ctx, tx, "automation_rule", []Rule{r}); err != nil {
		return Rule{}, err
	}
	return r, audit.Record(ctx, tx, "add", "automation_rule", r.ID.String(), nil, r)
}

// Outcome is what became of a rule at an event.
type Outcome string

// The outcomes.
const (
	Matched    Outcome = "matched"
	NotMatched Outcome = "not_matched"
	Failed     Outcome = "failed"
	TooDeep    Outcome = "too_deep" // rules triggered rules too often
)

// RuleRun is what a rule made of an event about an order.
type RuleRun struct {
	Rule      id.Rule          `db:"rule_id" json:"rule_id"`
	Version   int64            `db:"rule_version" json:"rule_version"`
	Event     id.Event         `db:"event_id" json:"event_id"`
	EventKind string           `db:"event_kind" json:"event_kind"`
	Order     id.Order         `db:"order_id" json:"order_id"`
	Outcome   Outcome          `db:"outcome" json:"outcome" enum:"matched,not_matched,failed,too_deep"`
	Detail    string           `db:"detail" json:"detail,omitempty" doc:"Why it failed."`
	Actions   db.JSON[[]Deed]  `db:"actions" json:"actions" doc:"What was done."`
	At        time.Time        `db:"at" json:"at"`
	Trigger   db.JSON[*RunJob] `db:"trigger" json:"-"` // of what failed: what it was to look at
}

// Failed tells whether a person may let the rule try again.
func (r RuleRun) Failed() bool { return r.Outcome == Failed || r.Outcome == TooDeep }

// Ran tells what a rule made of an event, if it was looked at already.
func Ran(ctx context.Context, r db.Reader, rule id.Rule, event id.Event) (RuleRun, bool, error) {
	run, err := db.Get[RuleRun](ctx, r, `SELECT `+db.Columns[RuleRun]()+` FROM automation_run WHERE rule_id = ? AND event_id = ?`, rule, event)
	if db.None(err) {
		return RuleRun{}, false, nil
	}
	return run, err == nil, err
}

// Keep stores what a rule made of an event. It is in the transaction of what the
// rule does, so that both happen once. Where it failed before and is tried again,
// the new outcome counts; the log of events keeps the failure.
func Keep(ctx context.Context, tx *db.Tx, run RuleRun) error {
	if run.Actions.V == nil {
		run.Actions.V = []Deed{}
	}
	run.At = tx.Now()
	n, err := db.Insert(ctx, tx, "automation_run", []RuleRun{run}, `
		ON CONFLICT (rule_id, event_id) DO UPDATE SET rule_version = excluded.rule_version, outcome = excluded.outcome, detail = excluded.detail,
			actions = excluded.actions, at = excluded.at, trigger = excluded.trigger
		WHERE automation_run.outcome IN ('failed', 'too_deep')`)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "automation.ran", "The rule has dealt with this event already.")
	}
	return err
}

// FailedRuns are what a rule could not do to an order, the oldest first.
func FailedRuns(ctx context.Context, r db.Reader, rule id.Rule, order id.Order) ([]RuleRun, error) {
	return db.Select[RuleRun](ctx, r, `SELECT `+db.Columns[RuleRun]()+` FROM automation_run
		WHERE order_id = ? AND rule_id = ? AND outcome IN ('failed', 'too_deep') ORDER BY at`, order, rule)
}

// Trace reads what rules made of an order, the newest first.
func Trace(ctx context.Context, r db.Reader, order id.Order, limit int) ([]RuleRun, error) {
	return db.Select[RuleRun](ctx, r, `SELECT `+db.Columns[RuleRun]()+` FROM automation_run WHERE order_id = ? ORDER BY at DESC, rule_id LIMIT ?`, order, limit)
}

// Failures reads what rules could not do, the newest first.
func Failures(ctx context.Context, r db.Reader, limit int) ([]RuleRun, error) {
	return db.Select[RuleRun](ctx, r, `SELECT `+db.Columns[RuleRun]()+` FROM automation_run WHERE outcome IN ('failed', 'too_deep') ORDER BY at DESC LIMIT ?`, limit)
}
