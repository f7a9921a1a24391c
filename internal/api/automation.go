package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/automation"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/rule"
)

// AutomationRule is something that is done by itself.
type AutomationRule struct{ automation.Rule }

func (r AutomationRule) version() int64 { return r.Version }

// AutomationFields are a rule in a request.
type AutomationFields struct {
	Name      string            `json:"name"`
	Position  int64             `json:"position,omitempty" doc:"Rules are looked at from low to high."`
	Kinds     []string          `json:"kinds" minItems:"1" maxItems:"50" doc:"Kinds of events that trigger it, such as order.placed."`
	Condition string            `json:"condition,omitempty" maxLength:"4000" doc:"CEL over the terms of list-automation-terms; empty: always."`
	Actions   []automation.Deed `json:"actions" minItems:"1" maxItems:"20"`
	Stops     bool              `json:"stops,omitempty" doc:"Where it matches, the rules behind it are not looked at."`
	Enabled   bool              `json:"enabled,omitempty"`
}

func (f AutomationFields) rule() automation.Rule {
	return automation.Rule{
		Name: f.Name, Position: f.Position, Kinds: db.JSON[[]string]{V: f.Kinds}, Condition: f.Condition,
		Actions: db.JSON[[]automation.Deed]{V: f.Actions}, Stops: f.Stops, Enabled: f.Enabled,
	}
}

const automationTag = "Automation"

func (s *Server) registerAutomation() {
	read(s, route{method: http.MethodGet, path: "/v1/automation/rules", id: "list-automation-rules", summary: "List the rules, in their order", tag: automationTag, permission: auth.AutomationRead},
		func(ctx context.Context, _ *struct{}) (list[AutomationRule], error) {
			all, err := automation.List(ctx, s.DB)
			out := make([]AutomationRule, len(all))
			for i, r := range all {
				out[i].Rule = r
			}
			return listOf(out, ""), err
		})
	read(s, route{method: http.MethodGet, path: "/v1/automation/terms", id: "list-automation-terms", summary: "What a condition may name", tag: automationTag, permission: auth.AutomationRead},
		func(context.Context, *struct{}) (list[rule.Term], error) {
			return listOf(automation.Language.Terms(), ""), nil
		})

	type addInput struct {
		Once
		Body AutomationFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/automation/rules", id: "add-automation-rule", summary: "Add a rule", tag: automationTag, permission: auth.AutomationWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (AutomationRule, error) {
			r, err := automation.Save(ctx, tx, in.Body.rule())
			return AutomationRule{r}, err
		})

	type getInput struct {
		Rule id.Rule `path:"rule"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/automation/rules/{rule}", id: "get-automation-rule", summary: "A rule", tag: automationTag, permission: auth.AutomationRead},
		func(ctx context.Context, in *getInput) (AutomationRule, error) {
			r, err := automation.Get(ctx, s.DB, in.Rule)
			return AutomationRule{r}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Rule id.Rule `path:"rule"`
		Body AutomationFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/automation/rules/{rule}", id: "change-automation-rule", summary: "Change a rule, or switch it on or off", tag: automationTag, permission: auth.AutomationWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (AutomationRule, error) {
			old, err := automation.Get(ctx, tx, in.Rule)
			if err != nil {
				return AutomationRule{}, err
			}
			r := in.Body.rule()
			r.ID = in.Rule
			if r.Version, err = in.seen(old.Version); err != nil {
				return AutomationRule{}, err
			}
			saved, err := automation.Save(ctx, tx, r)
			return AutomationRule{saved}, in.raced(err)
		})
	s.registerAutomationTrials()
}

func (s *Server) registerAutomationTrials() {
	type simulateInput struct {
		Once
		Body struct {
			Rule  AutomationFields `json:"rule"`
			Than  id.Rule          `json:"than,omitzero" doc:"The stored rule to compare with."`
			Limit int              `json:"limit,omitempty" minimum:"0" maximum:"500" doc:"How many orders are looked at; 50 if it is left out."`
			After string           `json:"after,omitempty" doc:"The cursor of the page before."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/automation/simulate", id: "simulate-automation-rule", summary: "Which past orders a rule would match; nothing is changed", tag: automationTag, permission: auth.AutomationWrite},
		func(ctx context.Context, tx *db.Tx, in *simulateInput) (list[flow.Simulated], error) {
			if err := auth.Require(ctx, auth.OrderRead); err != nil {
				return list[flow.Simulated]{}, err
			}
			b := in.Body
			var stored *automation.Rule
			if !b.Than.IsZero() {
				r, err := automation.Get(ctx, tx, b.Than)
				if err != nil {
					return list[flow.Simulated]{}, err
				}
				stored = &r
			}
			items, next, err := flow.SimulateRule(ctx, tx, b.Rule.rule(), stored, order.Filter{}, order.Page{Limit: b.Limit, After: b.After})
			return listOf(items, next), err
		})

	type traceInput struct {
		Order id.Order `path:"order"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/automation", id: "trace-automation", summary: "What rules made of an order, the newest first, at most 500", tag: automationTag, permission: auth.OrderRead},
		func(ctx context.Context, in *traceInput) (list[automation.RuleRun], error) {
			if _, err := order.Get(ctx, s.DB, in.Order); err != nil {
				return list[automation.RuleRun]{}, err
			}
			runs, err := automation.Trace(ctx, s.DB, in.Order, 500)
			return listOf(runs, ""), err
		})
	type retryInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			RuleID id.Rule `json:"rule_id"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/automation/retry", id: "retry-automation", summary: "Let a rule that failed at an order try again", tag: automationTag, permission: auth.AutomationWrite},
		func(ctx context.Context, tx *db.Tx, in *retryInput) (list[automation.RuleRun], error) {
			if err := flow.RetryRule(ctx, tx, in.Body.RuleID, in.Order); err != nil {
				return list[automation.RuleRun]{}, err
			}
			runs, err := automation.Trace(ctx, tx, in.Order, 500)
			return listOf(runs, ""), err
		})
	read(s, route{method: http.MethodGet, path: "/v1/automation/failures", id: "list-automation-failures", summary: "What rules could not do, the newest first, at most 500", tag: automationTag, permission: auth.AutomationRead},
		func(ctx context.Context, _ *struct{}) (list[automation.RuleRun], error) {
			runs, err := automation.Failures(ctx, s.DB, 500)
			return listOf(runs, ""), err
		})
}
