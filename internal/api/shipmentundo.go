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

// undoShipmentInput takes back what was done to a shipment.
type undoShipmentInput struct {
	Once
	IfMatch
	Shipment id.Shipment `path:"shipment"`
	Body     struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"For the timeline of the order."`
	}
}

// may returns the version that the caller saw, if he may do so at the shipment's location.
func (in *undoShipmentInput) may(ctx context.Context, r db.Reader, permission auth.Permission) (seen int64, err error) {
	if seen, err = in.want(); err != nil {
		return 0, err
	}
	_, err = mayShip(ctx, r, permission, in.Shipment)
	return seen, err
}

func (s *Server) registerShipmentUndo() {
	write(s, route{method: http.MethodPost, path: "/v1/shipments/{shipment}/void", id: "void-shipment", summary: "Unpack a shipment that has not left; its goods stay picked", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *undoShipmentInput) (Shipment, error) {
			seen, err := in.may(ctx, tx, auth.FulfillmentWork)
			if err != nil {
				return Shipment{}, err
			}
			voided, err := flow.VoidShipment(ctx, tx, in.Shipment, seen, in.Body.Reason)
			return first(ctx, tx, []*fulfillment.Shipment{voided}, err)
		})

	write(s, route{method: http.MethodPost, path: "/v1/shipments/{shipment}/unship", id: "unship-shipment", summary: "Take back a shipment that was booked by mistake: stock, cost and invoice get counter-records", tag: fulfillmentTag, permission: auth.FulfillmentUndo},
		func(ctx context.Context, tx *db.Tx, in *undoShipmentInput) (Shipment, error) {
			seen, err := in.may(ctx, tx, auth.FulfillmentUndo)
			if err != nil {
				return Shipment{}, err
			}
			back, err := flow.Unship(ctx, tx, in.Shipment, seen, in.Body.Reason)
			return first(ctx, tx, []*fulfillment.Shipment{back}, err)
		})
}
