package worker

import (
	"context"

	"github.com/riverqueue/river"

	"purser/internal/base/fault"
	"purser/internal/domain/automation"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// automation registers the work of merchants' rules.
func (d Deps) automation(workers *river.Workers) {
	does(workers, d.runRules)
}

// runRules has the rules look at an event, each in a transaction of its own. A
// rule that cannot be decided or done is noted, and the next has its turn.
func (d Deps) runRules(ctx context.Context, j automation.RunJob) error {
	rules, err := automation.On(ctx, d.DB, j.Name)
	if err != nil {
		return err
	}
	for _, r := range rules {
		var outcome automation.Outcome
		err := d.DB.Write(ctx, func(tx *db.Tx) (err error) {
			outcome, err = flow.RunRule(ctx, tx, r, j)
			return err
		})
		if why := err; refused(why) {
			err = d.DB.Write(ctx, func(tx *db.Tx) error { return flow.RuleFailed(ctx, tx, r, j, why) })
		}
		if err != nil {
			return err
		}
		if r.Stops && outcome == automation.Matched {
			return nil
		}
	}
	return nil
}

func refused(err error) bool {
	_, ok := fault.As(err)
	return ok
}
