package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/rule"
)

// ReturnPolicy says which goods may come back.
type ReturnPolicy struct {
	returns.Policy
	ShippingFee *money.Amount `json:"shipping_fee,omitempty" doc:"Kept back once of a return. Orders in other currencies do not pay it."`
}

func (p ReturnPolicy) version() int64 { return p.Version }

func showPolicy(p returns.Policy) ReturnPolicy {
	out := ReturnPolicy{Policy: p}
	if p.ShippingFee > 0 {
		fee := money.Of(p.ShippingFee, p.FeeCurrency)
		out.ShippingFee = &fee
	}
	return out
}

// ReturnPolicyFields are a return policy in a request.
type ReturnPolicyFields struct {
	Name        string               `json:"name"`
	Position    int64                `json:"position,omitempty" doc:"Policies are looked at from low to high: the first that a line meets counts."`
	Condition   string               `json:"condition,omitempty" maxLength:"4000" doc:"CEL over the terms of list-return-policy-terms; empty: always."`
	FinalSale   bool                 `json:"final_sale,omitempty" doc:"Does not come back."`
	Days        int64                `json:"days,omitempty" minimum:"0" doc:"Days after the delivery, or where that is not known, after the goods left; 0: for ever."`
	Resolutions []returns.Resolution `json:"resolutions,omitempty" maxItems:"5" doc:"What the customer may get; none: whatever he asks for."`
	Restocking  money.Rate           `json:"restocking_ppm,omitempty" minimum:"0" maximum:"1000000" doc:"Millionths of the goods' price that are kept back."`
	ShippingFee *money.Amount        `json:"shipping_fee,omitempty" doc:"Kept back once of a return, as the order's prices are."`
	Enabled     bool                 `json:"enabled,omitempty"`
}

func (in ReturnPolicyFields) policy() (returns.Policy, error) {
	p := returns.Policy{
		Name: in.Name, Position: in.Position, Condition: in.Condition, FinalSale: in.FinalSale, Days: in.Days,
		Resolutions: db.JSON[[]returns.Resolution]{V: in.Resolutions}, Restocking: in.Restocking, Enabled: in.Enabled,
	}
	f := fault.Fields{}
	if in.ShippingFee != nil {
		p.FeeCurrency = in.ShippingFee.Currency
		p.ShippingFee = minorOf(f, "shipping_fee", *in.ShippingFee, p.FeeCurrency)
	}
	return p, f.Err("return.bad_policy", "The policy cannot be kept as it is.")
}

// mayOverride refuses who must not take goods back against the policy.
func mayOverride(ctx context.Context, why string) error {
	if why == "" {
		return nil
	}
	return auth.Require(ctx, auth.ReturnOverride)
}

// ReturnOption says what of an order line may come back.
type ReturnOption struct {
	LineID      id.Line              `json:"line_id"`
	ParentID    id.Line              `json:"parent_id,omitzero" doc:"The kit that it is a part of."`
	SKU         string               `json:"sku"`
	Title       string               `json:"title"`
	Sent        int64                `json:"sent"`
	Taken       int64                `json:"in_returns" doc:"Units that are in other returns already."`
	Units       int64                `json:"units" doc:"That may come back."`
	Until       time.Time            `json:"until,omitzero" doc:"When the first of them may no more; missing: they may for ever."`
	Policies    []string             `json:"policies" doc:"Names of the policies that say so."`
	Restocking  money.Rate           `json:"restocking_ppm" doc:"Millionths of their price that are kept back."`
	ShippingFee money.Amount         `json:"shipping_fee" doc:"Kept back once of a return."`
	Resolutions []returns.Resolution `json:"resolutions" doc:"What the customer may get; none: whatever he asks for."`
	Why         returns.Verdict      `json:"why_not,omitempty" enum:"final_sale,too_late" doc:"Why others may not."`
	Message     string               `json:"message,omitempty"`
}

func (s *Server) registerReturnPolicies() {
	type listInput struct{}
	read(s, route{method: http.MethodGet, path: "/v1/return-policies", id: "list-return-policies", summary: "List the return policies, in their order", tag: returnTag, permission: auth.SettingRead},
		func(ctx context.Context, _ *listInput) (list[ReturnPolicy], error) {
			all, err := returns.Policies(ctx, s.DB)
			out := make([]ReturnPolicy, len(all))
			for i, p := range all {
				out[i] = showPolicy(p)
			}
			return listOf(out, ""), err
		})
	read(s, route{method: http.MethodGet, path: "/v1/return-policies/terms", id: "list-return-policy-terms", summary: "What the condition of a return policy may name", tag: returnTag, permission: auth.SettingRead},
		func(context.Context, *listInput) (list[rule.Term], error) {
			return listOf(returns.Language.Terms(), ""), nil
		})

	type getInput struct {
		Policy id.ReturnPolicy `path:"policy"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/return-policies/{policy}", id: "get-return-policy", summary: "A return policy", tag: returnTag, permission: auth.SettingRead},
		func(ctx context.Context, in *getInput) (ReturnPolicy, error) {
			p, err := returns.GetPolicy(ctx, s.DB, in.Policy)
			return showPolicy(p), err
		})

	type addInput struct {
		Once
		Body ReturnPolicyFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/return-policies", id: "add-return-policy", summary: "Add a return policy", tag: returnTag, permission: auth.SettingWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (ReturnPolicy, error) {
			p, err := in.Body.policy()
			if err != nil {
				return ReturnPolicy{}, err
			}
			saved, err := returns.SavePolicy(ctx, tx, p)
			return showPolicy(saved), err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Policy id.ReturnPolicy `path:"policy"`
		Body   ReturnPolicyFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/return-policies/{policy}", id: "change-return-policy", summary: "Change a return policy, or switch it on or off; returns that were asked for keep their terms", tag: returnTag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (ReturnPolicy, error) {
			old, err := returns.GetPolicy(ctx, tx, in.Policy)
			if err != nil {
				return ReturnPolicy{}, err
			}
			p, err := in.Body.policy()
			if err != nil {
				return ReturnPolicy{}, err
			}
			p.ID = in.Policy
			if p.Version, err = in.seen(old.Version); err != nil {
				return ReturnPolicy{}, err
			}
			saved, err := returns.SavePolicy(ctx, tx, p)
			return showPolicy(saved), in.raced(err)
		})

	type optionsInput struct {
		Order  id.Order `path:"order"`
		Reason string   `query:"reason" maxLength:"200" doc:"Why it is to come back, where policies ask."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/return-options", id: "list-return-options", summary: "What of an order may come back, until when, and what is kept back", tag: returnTag, permission: auth.OrderRead},
		func(ctx context.Context, in *optionsInput) (list[ReturnOption], error) {
			o, err := order.Get(ctx, s.DB, in.Order)
			if err != nil {
				return list[ReturnOption]{}, err
			}
			found, err := flow.ReturnOptions(ctx, s.DB, s.DB.Now(), in.Order, in.Reason)
			out := make([]ReturnOption, len(found))
			for i, x := range found {
				out[i] = ReturnOption{
					LineID: x.Line, ParentID: x.Parent, SKU: x.SKU, Title: x.Title, Sent: x.Sent, Taken: x.Taken, Units: x.Units, Until: x.Until,
					Policies: orEmpty(x.Policies), Restocking: x.Restocking, ShippingFee: money.Of(x.ShippingFee, o.Currency),
					Resolutions: orEmpty(x.Resolutions), Why: x.Why, Message: x.Message,
				}
			}
			return listOf(out, ""), err
		})
}
