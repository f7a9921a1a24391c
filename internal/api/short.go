package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// NewShortPick is units of a line that are not there, or not fit to be sent.
type NewShortPick struct {
	LineID   id.Line `json:"line_id"`
	Quantity int64   `json:"quantity" minimum:"1"`
	Reason   string  `json:"reason" minLength:"1" maxLength:"100" doc:"Code of a reason, which says what becomes of the stock; one that is not listed leaves it."`
	Note     string  `json:"note,omitempty" maxLength:"2000"`
}

func (s *Server) registerShortPicks() {
	type listInput struct {
		Paged
		Locations []id.Location `query:"location" maxItems:"200"`
		Orders    []id.Order    `query:"order" maxItems:"200"`
		Variants  []id.Variant  `query:"variant" maxItems:"200"`
		Reasons   []string      `query:"reason" maxItems:"50"`
		ToCount   bool          `query:"to_count" doc:"Only those whose variant is still to be counted there."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/short-picks", id: "list-short-picks", summary: "Units that locations did not send, newest first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listInput) (list[fulfillment.ShortPick], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[fulfillment.ShortPick]{}, err
			}
			rows, next, err := fulfillment.Shorts(ctx, s.DB, fulfillment.ShortFilter{
				Locations: locations, Orders: in.Orders, Variants: in.Variants, Reasons: in.Reasons, ToCount: in.ToCount, Limit: in.Limit, After: in.After,
			})
			return listOf(rows, next), err
		})

	type shortInput struct {
		FulfillmentStep
		Body struct {
			Lines []NewShortPick `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/short-picks", id: "short-pick", summary: "Say that units are not there or not fit to be sent: they come from elsewhere, or wait", tag: fulfillmentTag, permission: auth.FulfillmentWork, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *shortInput) (list[fulfillment.ShortPick], error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return list[fulfillment.ShortPick]{}, err
			}
			shorts := make([]flow.Short, len(in.Body.Lines))
			for i, l := range in.Body.Lines {
				shorts[i] = flow.Short{Fulfillment: in.Fulfillment, Version: seen, Line: l.LineID, Quantity: l.Quantity, Reason: l.Reason, Note: l.Note}
			}
			rows, err := flow.ShortPick(ctx, tx, shorts)
			return listOf(rows, ""), err
		})

	read(s, route{method: http.MethodGet, path: "/v1/short-reasons", id: "list-short-reasons", summary: "Why locations do not send units, and what that does to their stock", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, _ *struct{}) (list[fulfillment.ShortReason], error) {
			all, err := fulfillment.LoadReasons(ctx, s.DB)
			return listOf(all, ""), err
		})

	type reasonsInput struct {
		Keyed
		Body struct {
			Reasons []fulfillment.ShortReason `json:"reasons" maxItems:"100"`
		}
	}
	write(s, route{method: http.MethodPut, path: "/v1/short-reasons", id: "set-short-reasons", summary: "Replace the reasons for short picks from now on", tag: fulfillmentTag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *reasonsInput) (list[fulfillment.ShortReason], error) {
			all, err := fulfillment.SaveReasons(ctx, tx, in.Body.Reasons)
			return listOf(all, ""), err
		})
}
