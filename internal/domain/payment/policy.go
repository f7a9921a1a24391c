package payment

import (
	"context"

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
	Late Late `json:"late_payment" enum:"propose,refund" doc:"Of money that comes for an order that was cancelled: propose a refund, or send it at once where the gateway can. It is kept and owed to the customer either way."`
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
	return setting.Set(ctx, tx, policyName, p)
}
