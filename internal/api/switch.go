package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

func (s *Server) registerSwitches() {
	type switchInput struct {
		Once
		IfMatch
		Location id.Location `path:"location"`
		Body     struct {
			Off    bool      `json:"off" doc:"true: no more orders are routed to it; false: they are again."`
			Until  time.Time `json:"until,omitzero" doc:"When it takes orders again by itself."`
			Reason string    `json:"reason,omitempty" maxLength:"200" doc:"Needed to switch it off; shown in the decisions of routing."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/locations/{location}/switch", id: "switch-location", summary: "Let a location take no more orders, for a while or until it is switched on; its open work stays", tag: stockTag, permission: auth.LocationSwitch},
		func(ctx context.Context, tx *db.Tx, in *switchInput) (Location, error) {
			seen, err := in.want()
			if err != nil {
				return Location{}, err
			}
			if err := auth.RequireAt(ctx, auth.LocationSwitch, in.Location); err != nil {
				return Location{}, err
			}
			l, err := flow.SwitchLocation(ctx, tx, in.Location, seen, inventory.Switch{Off: in.Body.Off, Until: in.Body.Until, Reason: in.Body.Reason})
			return Location{l}, err
		})
}
