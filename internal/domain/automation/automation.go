// Package automation keeps merchants' rules: when something happens to an order
// that meets a condition, do this. It decides whether a rule matches and keeps
// what became of each; doing it is the business of a flow.
package automation

import (
	"regexp"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/rule"
)

// Verb is something that a rule does.
type Verb string

// The verbs.
const (
	Tag        Verb = "tag"
	Untag      Verb = "untag"
	Hold       Verb = "hold"
	Release    Verb = "release" // the holds for a reason
	Prioritize Verb = "prioritize"
	Assign     Verb = "assign"
	Note       Verb = "note"
	Cancel     Verb = "cancel"
	Announce   Verb = "announce" // an event for whoever listens: an e-mail, a webhook
)

// Deed is what a rule does. Each verb takes the fields that it needs.
type Deed struct {
	Do       Verb     `json:"do" enum:"tag,untag,hold,release,prioritize,assign,note,cancel,announce"`
	Tags     []string `json:"tags,omitempty" maxItems:"50" doc:"For tag and untag."`
	Reason   string   `json:"reason,omitempty" doc:"For hold and release: the reason of the hold. For cancel: the reason of the cancellation."`
	Text     string   `json:"text,omitempty" doc:"The note; for hold, what the hold says; for announce, the name that listeners know."`
	Priority int64    `json:"priority,omitempty" doc:"For prioritize."`
	User     id.User  `json:"user_id,omitzero" doc:"For assign."`
}

// Rule is what is done by itself.
type Rule struct {
	ID        id.Rule           `db:"id" json:"id"`
	Name      string            `db:"name" json:"name"`
	Position  int64             `db:"position" json:"position" doc:"Rules are looked at from low to high."`
	Kinds     db.JSON[[]string] `db:"kinds" json:"kinds" doc:"Kinds of events that trigger it, such as order.placed."`
	Condition string            `db:"condition" json:"condition" doc:"CEL over the terms of list-automation-terms; empty: always."`
	Actions   db.JSON[[]Deed]   `db:"actions" json:"actions"`
	Stops     bool              `db:"stops" json:"stops" doc:"Where it matches, the rules behind it are not looked at."`
	Enabled   bool              `db:"enabled" json:"enabled"`
	Version   int64             `db:"version" json:"version"`
	CreatedAt time.Time         `db:"created_at" json:"created_at"`
	UpdatedAt time.Time         `db:"updated_at" json:"updated_at"`
}

// Facts are what a condition may ask about.
type Facts struct {
	Order    Order          `rule:"order"`
	Customer Customer       `rule:"customer"`
	Event    Event          `rule:"event"`
	Data     map[string]any `rule:"data" doc:"What the event tells, by name, such as data.axis."`
	Custom   map[string]any `rule:"custom" doc:"The order's custom fields, by name."`
	Now      time.Time      `rule:"now"`
}

// Order is an order as a condition sees it. Amounts are minor units.
type Order struct {
	Number            int64     `rule:"number"`
	Channel           string    `rule:"channel" doc:"The channel's code."`
	Status            string    `rule:"status"`
	PaymentStatus     string    `rule:"payment_status"`
	FulfillmentStatus string    `rule:"fulfillment_status"`
	ReturnStatus      string    `rule:"return_status"`
	Email             string    `rule:"email"`
	Country           string    `rule:"country" doc:"Where it goes: ISO 3166 alpha-2."`
	Region            string    `rule:"region"`
	City              string    `rule:"city"`
	PostalCode        string    `rule:"postal_code"`
	BillCountry       string    `rule:"bill_country"`
	Currency          string    `rule:"currency"`
	Subtotal          int64     `rule:"subtotal"`
	Discount          int64     `rule:"discount_total"`
	Shipping          int64     `rule:"shipping_total"`
	Tax               int64     `rule:"tax_total"`
	Total             int64     `rule:"total" doc:"Minor units, tax included; compare with minor(129.50, order.currency)."`
	Paid              int64     `rule:"paid"`
	Balance           int64     `rule:"balance" doc:"What the customer still owes."`
	Priority          int64     `rule:"priority"`
	Tags              []string  `rule:"tags"`
	Holds             []string  `rule:"holds" doc:"Reasons of the active holds."`
	ShippingMethod    string    `rule:"shipping_method"`
	CustomerNote      string    `rule:"customer_note"`
	Overdue           bool      `rule:"overdue"`
	PlacedAt          time.Time `rule:"placed_at"`
	ShipBy            time.Time `rule:"ship_by" doc:"The year 1 where there is none."`
	Lines             []Line    `rule:"lines" doc:"Use lines.exists(l, ...) for any and lines.all(l, ...) for all."`
}

// Line is a line as a condition sees it.
type Line struct {
	SKU         string `rule:"sku"`
	Title       string `rule:"title"`
	Kind        string `rule:"kind" doc:"item, kit, component or service."`
	Quantity    int64  `rule:"quantity"`
	Total       int64  `rule:"total"`
	Backordered int64  `rule:"backordered"`
	Shipped     int64  `rule:"shipped"`
	Open        int64  `rule:"open" doc:"Units that are still to be shipped."`
	Unmapped    bool   `rule:"unmapped" doc:"No variant is known for it."`
}

// Customer is a customer as a condition sees it; all is empty where the order has
// none.
type Customer struct {
	Number    string   `rule:"number"`
	Email     string   `rule:"email"`
	Language  string   `rule:"language"`
	Tags      []string `rule:"tags"`
	TaxExempt bool     `rule:"tax_exempt"`
}

// Event is what triggered the rule.
type Event struct {
	Kind  string    `rule:"kind"`
	Actor string    `rule:"actor"`
	At    time.Time `rule:"at"`
}

// Language is what conditions may say.
var Language = rule.New[Facts]()

const (
	maxRules   = 200
	maxActions = 20
	maxKinds   = 50
	maxName    = 200
	maxWords   = 2000
)

var kindPattern = regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)

// Check tidies r and tells what is wrong with it.
func (r *Rule) Check() error {
	f := fault.Fields{}
	r.Name, r.Condition = text.Clean(r.Name), text.Clean(r.Condition)
	if r.Name == "" || len(r.Name) > maxName {
		f.Add("name", "is missing or longer than %d characters", maxName)
	}
	if n := len(r.Kinds.V); n == 0 || n > maxKinds {
		f.Add("kinds", "names no event, or more than %d", maxKinds)
	}
	for _, k := range r.Kinds.V {
		if !kindPattern.MatchString(k) {
			f.Add("kinds", "%q is not a kind of event such as order.placed", k)
		}
	}
	if n := len(r.Actions.V); n == 0 || n > maxActions {
		f.Add("actions", "are none, or more than %d", maxActions)
	}
	for _, a := range r.Actions.V {
		if what := a.lacks(); what != "" {
			f.Add("actions", "%s needs %s", a.Do, what)
		}
	}
	if _, err := Language.Compile(r.Condition); err != nil {
		bad, ok := fault.As(err)
		if !ok {
			return err
		}
		if len(f) == 0 {
			return bad
		}
		f.Add("condition", "%s", bad.Message)
	}
	return f.Err("automation.bad_rule", "The rule cannot be kept as it is.")
}

// lacks names what an action needs and has not.
func (a Deed) lacks() string {
	switch {
	case len(a.Text) > maxWords:
		return "a shorter text"
	case (a.Do == Tag || a.Do == Untag) && (len(a.Tags) == 0 || slices.Contains(a.Tags, "")):
		return "tags"
	case (a.Do == Hold || a.Do == Release || a.Do == Cancel) && a.Reason == "":
		return "a reason"
	case (a.Do == Note || a.Do == Announce) && text.Clean(a.Text) == "":
		return "a text"
	case a.Do == Assign && a.User.IsZero():
		return "a user_id"
	}
	return ""
}
