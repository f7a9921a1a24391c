package returns

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/rule"
)

// Policy says which goods may come back, until when, and what is kept back. Of those
// whose condition a line meets, the first counts. It blocks customers, and advises
// staff.
type Policy struct {
	ID          id.ReturnPolicy       `db:"id" json:"id"`
	Name        string                `db:"name" json:"name"`
	Position    int64                 `db:"position" json:"position" doc:"Policies are looked at from low to high."`
	Condition   string                `db:"condition" json:"condition" doc:"CEL over the terms of list-return-policy-terms; empty: always."`
	FinalSale   bool                  `db:"final_sale" json:"final_sale" doc:"Does not come back."`
	Days        int64                 `db:"days" json:"days" doc:"Days after the delivery, or where that is not known, after the goods left; 0: for ever."`
	Resolutions db.JSON[[]Resolution] `db:"resolutions" json:"resolutions" doc:"What the customer may get; none: whatever he asks for."`
	Restocking  money.Rate            `db:"restocking_ppm" json:"restocking_ppm" doc:"Millionths of the goods' price that are kept back."`
	ShippingFee int64                 `db:"shipping_fee" json:"shipping_fee" doc:"Kept back once of a return, in minor units."`
	FeeCurrency money.Currency        `db:"fee_currency" json:"-"`
	Enabled     bool                  `db:"enabled" json:"enabled"`
	Version     int64                 `db:"version" json:"version"`
	CreatedAt   time.Time             `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time             `db:"updated_at" json:"updated_at"`
}

// Facts are what a policy's condition may ask about.
type Facts struct {
	Order    OrderFacts     `rule:"order"`
	Line     LineFacts      `rule:"line"`
	Customer CustomerFacts  `rule:"customer"`
	Custom   map[string]any `rule:"custom" doc:"The order's custom fields, by name."`
	Reason   string         `rule:"reason" doc:"Why it is to come back."`
	Days     int64          `rule:"days" doc:"Whole days since the delivery, or where that is not known, since the goods left."`
	Arrived  bool           `rule:"delivered" doc:"The delivery is known."`
	Now      time.Time      `rule:"now"`
}

// OrderFacts are an order as a condition sees it. Amounts are minor units.
type OrderFacts struct {
	Number   int64     `rule:"number"`
	Channel  string    `rule:"channel" doc:"The channel's code."`
	Country  string    `rule:"country" doc:"Where it went: ISO 3166 alpha-2."`
	Region   string    `rule:"region"`
	Currency string    `rule:"currency"`
	Total    int64     `rule:"total"`
	Tags     []string  `rule:"tags"`
	PlacedAt time.Time `rule:"placed_at"`
}

// LineFacts are a line as a condition sees it.
type LineFacts struct {
	SKU         string   `rule:"sku"`
	Title       string   `rule:"title"`
	Brand       string   `rule:"brand"`
	Category    string   `rule:"category" doc:"Path of the product's category, such as drinks/tea: use startsWith."`
	ProductTags []string `rule:"product_tags"`
	InKit       bool     `rule:"in_kit"`
	Discounted  bool     `rule:"discounted"`
	Total       int64    `rule:"total"`
}

// CustomerFacts are a customer as a condition sees it; empty where the order has none.
type CustomerFacts struct {
	Number string   `rule:"number"`
	Tags   []string `rule:"tags"`
}

// Language is what conditions of policies may say.
var Language = rule.New[Facts]()

const (
	maxPolicies = 200
	maxName     = 200
	maxDays     = 36_500
)

// Check tidies p and tells what is wrong with it.
func (p *Policy) Check() error {
	f := fault.Fields{}
	p.Name, p.Condition = text.Clean(p.Name), text.Clean(p.Condition)
	if p.Name == "" || len(p.Name) > maxName {
		f.Add("name", "is missing or longer than %d characters", maxName)
	}
	if p.Days < 0 || p.Days > maxDays {
		f.Add("days", "must be from 0 to %d", maxDays)
	}
	if p.Restocking < 0 || p.Restocking > money.One {
		f.Add("restocking_ppm", "must be from 0 to %d", int64(money.One))
	}
	if p.ShippingFee < 0 || p.ShippingFee > 0 && !p.FeeCurrency.Valid() {
		f.Add("shipping_fee", "is negative, or has no currency")
	}
	for _, r := range p.Resolutions.V {
		if !slices.Contains(resolutions, r) {
			f.Add("resolutions", "%q is none of refund, store_credit, exchange, repair, reject", r)
		}
	}
	if p.Resolutions.V == nil {
		p.Resolutions.V = []Resolution{}
	}
	if _, err := Language.Compile(p.Condition); err != nil {
		bad, ok := fault.As(err)
		if !ok {
			return err
		}
		if len(f) == 0 {
			return bad
		}
		f.Add("condition", "%s", bad.Message)
	}
	return f.Err("return.bad_policy", "The policy cannot be kept as it is.")
}

// Verdict is what a policy says of units.
type Verdict string

// The verdicts.
const (
	MayReturn Verdict = ""
	FinalSale Verdict = "final_sale"
	TooLate   Verdict = "too_late"
)

// Judge says whether units may come back at now that arrived at a time, and until
// when; zero: for ever. zone is where days begin.
func (p *Policy) Judge(arrived, now time.Time, zone *time.Location) (v Verdict, until time.Time) {
	if p.FinalSale {
		return FinalSale, time.Time{}
	}
	if p.Days == 0 {
		return MayReturn, time.Time{}
	}
	at := arrived.In(zone)
	until = time.Date(at.Year(), at.Month(), at.Day()+int(p.Days)+1, 0, 0, 0, 0, zone).UTC()
	if !now.Before(until) {
		return TooLate, until
	}
	return MayReturn, until
}

// Gives tells whether a resolution is among those that the policy gives.
func (p *Policy) Gives(r Resolution) bool {
	return len(p.Resolutions.V) == 0 || slices.Contains(p.Resolutions.V, r)
}

// Policies reads all policies in the order in which they are looked at.
func Policies(ctx context.Context, r db.Reader) ([]Policy, error) {
	return db.Select[Policy](ctx, r, `SELECT `+db.Columns[Policy]()+` FROM return_policy ORDER BY position, id`)
}

// GetPolicy reads a policy.
func GetPolicy(ctx context.Context, r db.Reader, p id.ReturnPolicy) (Policy, error) {
	return getPolicy(ctx, r, p, "")
}

func getPolicy(ctx context.Context, r db.Reader, p id.ReturnPolicy, lock string) (Policy, error) {
	out, err := db.Get[Policy](ctx, r, `SELECT `+db.Columns[Policy]()+` FROM return_policy WHERE id = ?`+lock, p)
	if db.None(err) {
		err = fault.New(fault.NotFound, "return.policy_not_found", "There is no return policy %s.", p)
	}
	return out, err
}

// SavePolicy adds a policy, or changes the one whose id it bears and whose version
// it was read at.
func SavePolicy(ctx context.Context, tx *db.Tx, p Policy) (Policy, error) {
	if err := p.Check(); err != nil {
		return Policy{}, err
	}
	same, err := db.Select[id.ReturnPolicy](ctx, tx, `SELECT id FROM return_policy WHERE name = ?`, p.Name)
	if err != nil {
		return Policy{}, err
	}
	if len(same) > 0 && same[0] != p.ID {
		return Policy{}, fault.New(fault.Conflict, "return.policy_exists", "There is a return policy called %q already.", p.Name)
	}
	if p.ID.IsZero() {
		return p.add(ctx, tx)
	}
	old, err := getPolicy(ctx, tx, p.ID, tx.ForUpdate())
	if err != nil {
		return Policy{}, err
	}
	if old.Version != p.Version {
		return Policy{}, fault.New(fault.Stale, "return.policy_stale", "The policy was changed meanwhile: it has version %d now. Load it again.", old.Version).
			With(map[string]int64{"version": old.Version})
	}
	p.Version, p.CreatedAt, p.UpdatedAt = old.Version+1, old.CreatedAt, tx.Now()
	_, err = tx.Exec(ctx, `
		UPDATE return_policy SET name = ?, position = ?, condition = ?, final_sale = ?, days = ?, resolutions = ?, restocking_ppm = ?,
			shipping_fee = ?, fee_currency = ?, enabled = ?, version = ?, updated_at = ?
		WHERE id = ?`, p.Name, p.Position, p.Condition, p.FinalSale, p.Days, p.Resolutions, p.Restocking,
		p.ShippingFee, string(p.FeeCurrency), p.Enabled, p.Version, p.UpdatedAt, p.ID)
	if err != nil {
		return Policy{}, err
	}
	return p, audit.Record(ctx, tx, "change", "return_policy", p.ID.String(), old, p)
}

func (p Policy) add(ctx context.Context, tx *db.Tx) (Policy, error) {
	n, err := db.Get[int](ctx, tx, `SELECT COUNT(*) FROM return_policy`)
	if err != nil {
		return Policy{}, err
	}
	if n >= maxPolicies {
		return Policy{}, fault.New(fault.Conflict, "return.too_many_policies", "There are %d return policies already: change one that is not needed any more.", n)
	}
	p.ID, p.Version, p.CreatedAt, p.UpdatedAt = id.New[id.ReturnPolicy](tx.Now()), 1, tx.Now(), tx.Now()
	if _, err := db.Insert(ctx, tx, "return_policy", []Policy{p}); err != nil {
		return Policy{}, err
	}
	return p, audit.Record(ctx, tx, "add", "return_policy", p.ID.String(), nil, p)
}
