package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/change"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// SwappedUnits are units that come back, and what goes out instead.
type SwappedUnits struct {
	LineID    id.Line       `json:"line_id" doc:"The order line of what comes back; a kit's stands for its components."`
	Quantity  int64         `json:"quantity" minimum:"1" doc:"Base units; as many go out."`
	VariantID id.Variant    `json:"variant_id,omitzero" doc:"What goes out. The same, if it is left out: it costs what the customer paid for what comes back."`
	UnitPrice *money.Micros `json:"unit_price,omitempty" doc:"As the order is priced. What the price lists say of another variant, if it is left out; needs order:price."`
	Reason    string        `json:"reason,omitempty" maxLength:"200"`
}

func (s *Server) registerExchanges() {
	type openExchangeInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			ReturnID   id.Return       `json:"return_id,omitzero" doc:"A return of the order with lines that are resolved as an exchange. One is made and approved, if it is left out."`
			LocationID id.Location     `json:"location_id,omitzero" doc:"Where the goods shall arrive; of a new return."`
			Until      time.Time       `json:"until,omitzero" doc:"When the permission to send the goods runs out; never, if it is left out."`
			Release    returns.Release `json:"release,omitempty" enum:"at_once,in_transit,receipt,inspection" default:"receipt" doc:"When the replacements may leave. They are reserved at once."`
			Lines      []SwappedUnits  `json:"lines" minItems:"1" maxItems:"200"`
			Note       string          `json:"note,omitempty"`
			Override   string          `json:"override_policy,omitempty" maxLength:"500" doc:"Why the goods are taken back against the return policy; needs return:override."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/exchanges", id: "open-exchange", summary: "Begin to exchange goods: a change of the order, which is previewed and confirmed as any other", tag: returnTag, permission: auth.OrderEdit, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *openExchangeInput) (Change, error) {
			b := in.Body
			at := b.LocationID
			if !b.ReturnID.IsZero() {
				r, err := returns.Get(ctx, tx, b.ReturnID)
				if err != nil {
					return Change{}, err
				}
				at = r.Location
			}
			if err := auth.RequireAt(ctx, auth.ReturnWrite, at); err != nil {
				return Change{}, err
			}
			if err := mayOverride(ctx, b.Override); err != nil {
				return Change{}, err
			}
			seen, err := in.want()
			if err != nil {
				return Change{}, err
			}
			o, err := order.Get(ctx, tx, in.Order)
			if err != nil {
				return Change{}, err
			}
			actions := make([]change.Action, len(b.Lines))
			for i, l := range b.Lines {
				if l.UnitPrice != nil {
					if err := auth.Require(ctx, auth.OrderPrice); err != nil {
						return Change{}, err
					}
				}
				e := flow.Exchange{Return: b.ReturnID, Location: b.LocationID, Until: b.Until.UTC(), Release: b.Release, Override: b.Override}
				if actions[i], err = flow.ExchangeAction(e, l.LineID, l.Quantity, l.Reason, l.VariantID, l.UnitPrice); err != nil {
					return Change{}, err
				}
			}
			set, err := flow.OpenChange(ctx, tx, flow.NewChange{Order: o.ID, Version: seen, Kind: change.Exchange, Actions: actions, Note: b.Note})
			if err != nil {
				return Change{}, err
			}
			return showChange(set, o.Currency), nil
		})
}
