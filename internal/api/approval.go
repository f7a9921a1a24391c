package api

import (
	"context"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Approvals are the bounds above which somebody else has to approve of an order,
// or of a change of it.
type Approvals struct {
	OrderTotal money.Amount `json:"order_total" doc:"An order that costs more waits for an approval; base currency, 0: none does."`
	Discount   money.Rate   `json:"discount_ppm" minimum:"0" maximum:"1000000" doc:"An order whose lines are discounted by more waits for an approval; millionths, 0: none does."`
}

func (s *Server) registerApprovals() {
	const tag = "Settings"
	read(s, route{method: http.MethodGet, path: "/v1/approvals", id: "get-approvals", summary: "The bounds above which somebody else has to approve", tag: tag, permission: auth.SettingRead},
		func(ctx context.Context, _ *struct{}) (Approvals, error) {
			company, err := setting.LoadCompany(ctx, s.DB)
			if err != nil {
				return Approvals{}, err
			}
			a, err := flow.LoadApprovals(ctx, s.DB)
			return Approvals{money.Of(a.Total, company.BaseCurrency), a.Discount}, err
		})

	type changeInput struct {
		Keyed
		Body Approvals
	}
	write(s, route{method: http.MethodPut, path: "/v1/approvals", id: "change-approvals", summary: "Change the bounds for orders placed or changed from now on", tag: tag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Approvals, error) {
			company, err := setting.LoadCompany(ctx, tx)
			if err != nil {
				return Approvals{}, err
			}
			f := fault.Fields{}
			total := minorOf(f, "order_total", in.Body.OrderTotal, company.BaseCurrency)
			if err := f.Err("approval.invalid", "The bounds cannot be set so."); err != nil {
				return Approvals{}, err
			}
			return in.Body, flow.SaveApprovals(ctx, tx, flow.Approvals{Total: total, Discount: in.Body.Discount})
		})
}
