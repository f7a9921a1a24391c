package flow

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/automation"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
)

// TriggerRules has the merchant's rules look at the orders to which something
// happened: each event in a job of its own, so that a rule that fails costs
// nobody else anything.
func TriggerRules(ctx context.Context, tx *db.Tx, events []event.Event) error {
	kinds, err := automation.Kinds(ctx, tx)
	if err != nil || len(kinds) == 0 {
		return err
	}
	var jobs []job.Args
	for _, e := range events {
		if o := orderOf(e); kinds[e.Kind] && !o.IsZero() {
			jobs = append(jobs, automation.RunJob{Order: o, Event: e.ID, Name: e.Kind, Actor: e.Actor, At: e.At, Body: e.Body})
		}
	}
	return job.Enqueue(ctx, tx, jobs...)
}

// deepest is how many times rules may trigger each other.
const deepest = 3

// byRules begins the name of the one who acts where rules act; the depth follows.
const byRules = "automation#"

// depthOf is how many rules in a row led to an event.
func depthOf(actor string) int {
	_, depth, ok := strings.Cut(actor, byRules)
	n, err := strconv.Atoi(depth)
	if !ok || err != nil {
		return 0
	}
	return n
}

// RunRule has a rule look at the order of an event and does what it says, once for
// each event: a repetition tells what came of the first time.
func RunRule(ctx context.Context, tx *db.Tx, r automation.Rule, j automation.RunJob) (automation.Outcome, error) {
	taken, err := order.Take(ctx, tx, j.Order)
	if err != nil {
		return "", err
	}
	if run, ran, err := automation.Ran(ctx, tx, r.ID, j.Event); err != nil || ran && !(j.Again && run.Failed()) {
		return run.Outcome, err
	}
	run := automation.RuleRun{Rule: r.ID, Version: r.Version, Event: j.Event, EventKind: j.Name, Order: j.Order, Outcome: automation.NotMatched}
	matches, err := matchRule(ctx, tx, r, taken[0], j)
	if err != nil {
		return "", err
	}
	depth := depthOf(j.Actor) + 1
	switch {
	case !matches:
	case depth > deepest:
		run.Outcome, run.Detail = automation.TooDeep, "Rules triggered rules too often: this one would have been the next. Two of them may undo each other."
		run.Trigger.V = &j
	default:
		run.Outcome, run.Actions.V = automation.Matched, r.Actions.V
		acting := auth.With(ctx, auth.System(byRules+strconv.Itoa(depth)))
		if err := act(acting, tx, r, j.Order); err != nil {
			return "", err
		}
	}
	return run.Outcome, automation.Keep(ctx, tx, run)
}

// RuleFailed notes that a rule could not be decided or done. The order stays as it
// was.
func RuleFailed(ctx context.Context, tx *db.Tx, r automation.Rule, j automation.RunJob, why error) error {
	if _, ran, err := automation.Ran(ctx, tx, r.ID, j.Event); err != nil || ran {
		return err
	}
	text := why.Error()
	if f, ok := fault.As(why); ok {
		text = f.Message
	}
	run := automation.RuleRun{Rule: r.ID, Version: r.Version, Event: j.Event, EventKind: j.Name, Order: j.Order, Outcome: automation.Failed, Detail: text}
	run.Trigger.V = &j
	if err := automation.Keep(ctx, tx, run); err != nil {
		return err
	}
	return event.Record(ctx, tx, automation.RuleFailed{Order: j.Order, Rule: r.ID, Name: r.Name, Why: text})
}

// RetryRule lets a rule that failed at an order try again, with all that it failed
// at. A rule that was triggered by too many others acts now: a person asked for it.
func RetryRule(ctx context.Context, tx *db.Tx, rule id.Rule, oid id.Order) error {
	r, err := automation.Get(ctx, tx, rule)
	if err != nil {
		return err
	}
	runs, err := automation.FailedRuns(ctx, tx, rule, oid)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return fault.New(fault.Conflict, "automation.nothing_failed", "The rule %q has not failed at this order.", r.Name)
	}
	for _, run := range runs {
		j := automation.RunJob{Order: oid, Event: run.Event, Name: run.EventKind, Actor: auth.Actor(ctx), At: run.At}
		if run.Trigger.V != nil {
			j = *run.Trigger.V
			j.Actor = auth.Actor(ctx)
		}
		j.Again = true
		if _, err := RunRule(ctx, tx, r, j); err != nil {
			return err
		}
	}
	return nil
}

func matchRule(ctx context.Context, r db.Reader, rule automation.Rule, o *order.Order, j automation.RunJob) (bool, error) {
	condition, err := automation.Language.Compile(rule.Condition)
	if err != nil {
		return false, err
	}
	facts, err := factsOf(ctx, r, o)
	if err != nil {
		return false, err
	}
	facts.Event = automation.Event{Kind: j.Name, Actor: j.Actor, At: j.At}
	facts.Now, facts.Data = j.At, map[string]any{}
	if len(j.Body) > 0 {
		if err := json.Unmarshal(j.Body, &facts.Data); err != nil {
			return false, err
		}
	}
	return condition.Match(ctx, facts)
}

// factsOf is what a condition may ask about an order.
func factsOf(ctx context.Context, r db.Reader, o *order.Order) (f automation.Facts, err error) {
	ch, err := channel.Get(ctx, r, o.Channel)
	if err != nil {
		return f, err
	}
	to := o.ShipTo.V
	f.Order = automation.Order{
		Number: o.Number, Channel: ch.Code, Status: string(o.Status), PaymentStatus: string(o.PaymentStatus),
		FulfillmentStatus: string(o.FulfillmentStatus), ReturnStatus: string(o.ReturnStatus), Email: o.Email,
		Country: to.Country, Region: to.Region, City: to.City, PostalCode: to.PostalCode, BillCountry: o.BillTo.V.Country,
		Currency: string(o.Currency), Subtotal: o.Subtotal, Discount: o.DiscountTotal, Shipping: o.ShippingTotal, Tax: o.TaxTotal,
		Total: o.Total, Paid: o.Paid(), Balance: o.Balance(), Priority: o.Priority, Tags: o.Tags.V, ShippingMethod: o.ShippingMethod,
		CustomerNote: o.CustomerNote, Overdue: o.Overdue, PlacedAt: o.PlacedAt, ShipBy: o.ShipBy,
	}
	for _, h := range o.Holds {
		if h.Status == order.HoldActive {
			f.Order.Holds = append(f.Order.Holds, string(h.Reason))
		}
	}
	for _, l := range o.Lines {
		f.Order.Lines = append(f.Order.Lines, automation.Line{
			SKU: l.SKU, Title: l.Title, Kind: string(l.Kind), Quantity: l.Quantity, Total: l.Total,
			Backordered: l.Backordered, Shipped: l.Shipped, Open: l.Open(), Unmapped: l.Unmapped(),
		})
	}
	f.Custom = o.Custom.V
	if o.Customer.IsZero() {
		return f, nil
	}
	c, err := customer.Get(ctx, r, o.Customer)
	f.Customer = automation.Customer{Number: c.Number, Email: c.Email, Language: c.Language, Tags: c.Tags.V, TaxExempt: c.TaxExempt}
	return f, err
}

// act does what a rule says to an order.
func act(ctx context.Context, tx *db.Tx, r automation.Rule, oid id.Order) error {
	_, err := ChangeOrder(ctx, tx, oid, 0, func(o *order.Order) error {
		for _, a := range r.Actions.V {
			if err := changeByRule(o, r, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range r.Actions.V {
		switch a.Do {
		case automation.Note:
			_, err = order.AddNote(ctx, tx, oid, a.Text, nil)
		case automation.Announce:
			err = event.Record(ctx, tx, automation.Announced{Order: oid, Rule: r.ID, Name: a.Text})
		case automation.Cancel:
			_, err = Cancel(ctx, tx, []Cancellation{{Order: oid, Reason: order.CancelReason(a.Reason), Note: a.Text, Notify: true}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// changeByRule does what concerns the order alone.
func changeByRule(o *order.Order, r automation.Rule, a automation.Deed) error {
	switch a.Do {
	case automation.Tag:
		return o.Tag(a.Tags, nil)
	case automation.Untag:
		return o.Tag(nil, a.Tags)
	case automation.Hold:
		_, err := o.Hold(order.Hold{Reason: order.HoldReason(a.Reason), Note: a.Text, Source: "rule " + r.Name})
		return err
	case automation.Release:
		o.ReleaseReason(order.HoldReason(a.Reason))
	case automation.Prioritize:
		return o.Prioritize(a.Priority)
	case automation.Assign:
		o.Assign(a.User)
	}
	return nil
}

// Simulated is what a rule would have made of an order.
type Simulated struct {
	Order  id.Order `json:"order_id"`
	Number int64    `json:"number"`
	Before bool     `json:"before" doc:"Whether the rule as it is stored matches."`
	After  bool     `json:"after" doc:"Whether the rule of the request matches."`
	Error  string   `json:"error,omitempty" doc:"Why it cannot be told."`
}

// SimulateRule tells which orders of a page of them, the newest first, a rule
// matches that is not in force yet, beside the one that is, if there is one. The
// event is taken to be the first kind of the rule, without what it tells.
func SimulateRule(ctx context.Context, r db.Reader, anew automation.Rule, stored *automation.Rule, f order.Filter, p order.Page) ([]Simulated, string, error) {
	if err := anew.Check(); err != nil {
		return nil, "", err
	}
	heads, next, err := order.List(ctx, r, f, p)
	if err != nil || len(heads) == 0 {
		return nil, next, err
	}
	wanted := make([]id.Order, len(heads))
	for i, h := range heads {
		wanted[i] = h.ID
	}
	orders, err := order.Many(ctx, r, wanted)
	if err != nil {
		return nil, "", err
	}
	out := make([]Simulated, 0, len(orders))
	for _, o := range orders {
		s := Simulated{Order: o.ID, Number: o.Number}
		j := automation.RunJob{Order: o.ID, Name: anew.Kinds.V[0], At: o.UpdatedAt}
		s.After, err = matchRule(ctx, r, anew, o, j)
		if err == nil && stored != nil {
			s.Before, err = matchRule(ctx, r, *stored, o, j)
		}
		if f, ok := fault.As(err); ok {
			s.Error = f.Message
		} else if err != nil {
			return nil, "", err
		}
		out = append(out, s)
	}
	return out, next, nil
}
