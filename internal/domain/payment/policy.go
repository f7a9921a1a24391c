package payment

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Late is what becomes of money that comes for an order that was cancelled.
type Late string

// What may become of it.
const (
	LatePropose Late = "propose" // a refund is proposed, and a person sends it or cancels it
	LateRefund  Late = "refund"  // the refund is sent at once, where a gateway can
)

// Policy is how payments are dealt with.
type Policy struct {
	Late    Late    `json:"late_payment" enum:"propose,refund" doc:"Of money that comes for an order that was cancelled: propose a refund, or send it at once where the gateway can. It is kept and owed to the customer either way."`
	Refunds Tenders `json:"refunds,omitzero" doc:"On which payments of an order money goes back, where nobody says it."`
}

// Tenders is the order in which payments are paid back on: means that are given back
// first, all others, and those that are given back last. Of like ones the newest
// come first, since gateways refuse to pay back on old payments sooner.
type Tenders struct {
	First  []Method `json:"first,omitempty" maxItems:"20" doc:"Means that are paid back before all others, in this order: such as gift_card."`
	Last   []Method `json:"last,omitempty" maxItems:"20" doc:"Means that are paid back after all others, in this order."`
	Oldest bool     `json:"oldest_first,omitempty" doc:"Of like means, the oldest payment first; else the newest."`
}

func (t Tenders) check() error {
	f := fault.Fields{}
	for name, list := range map[string][]Method{"refunds.first": t.First, "refunds.last": t.Last} {
		for i, m := range list {
			if !slices.Contains(methods, m) {
				f.Add(name, "%q is not a means of payment", m)
			}
			if slices.Contains(list[:i], m) || name == "refunds.last" && slices.Contains(t.First, m) {
				f.Add(name, "%s is named twice", m)
			}
		}
	}
	return f.Err("payment.bad_policy", "The order of refunds cannot be kept as it is.")
}

// groups are the payments that may be paid back on, alike by rank, in their order.
// While a bank decides about a payment, nothing goes back on it.
func (t Tenders) groups(payments []*Payment) [][]*Payment {
	groups := make([][]*Payment, len(t.First)+2+len(t.Last)) // what was never paid is taken back first
	sorted := byAge(payments)
	if !t.Oldest {
		slices.Reverse(sorted)
	}
	for _, p := range sorted {
		if p.Dispute == DisputeOpen {
			continue
		}
		rank := len(t.First) + 1
		if p.Gateway == WriteOffs {
			rank = 0
		} else if i := slices.Index(t.First, p.Method); i >= 0 {
			rank = 1 + i
		} else if i := slices.Index(t.Last, p.Method); i >= 0 {
			rank += 1 + i
		}
		groups[rank] = append(groups[rank], p)
	}
	return groups
}

const policyName = "payment.policy"

// LoadPolicy reads how payments are dealt with.
func LoadPolicy(ctx context.Context, r db.Reader) (Policy, error) {
	return setting.Get(ctx, r, policyName, Policy{Late: LatePropose})
}

// SavePolicy changes how payments are dealt with from now on. Errors: Invalid
// payment.bad_policy.
func SavePolicy(ctx context.Context, tx *db.Tx, p Policy) error {
	if p.Late != LatePropose && p.Late != LateRefund {
		return fault.New(fault.Invalid, "payment.bad_policy", "Late money is dealt with by %q or %q, not by %q.", LatePropose, LateRefund, p.Late)
	}
	if err := p.Refunds.check(); err != nil {
		return err
	}
	return setting.Set(ctx, tx, policyName, p)
}
