package api

import (
	"context"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

func (s *Server) registerPickups() {
	type listInput struct {
		Paged
		Locations []id.Location `query:"location" maxItems:"200"`
		Orders    []id.Order    `query:"order" maxItems:"200"`
		Code      string        `query:"code" maxLength:"40" doc:"As the customer shows it."`
		Waiting   bool          `query:"waiting" doc:"Only those that wait for their customers."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/pickups", id: "list-pickups", summary: "Goods that are or were ready for customers to fetch, newest first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listInput) (list[fulfillment.Pickup], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[fulfillment.Pickup]{}, err
			}
			rows, next, err := fulfillment.Pickups(ctx, s.DB, fulfillment.PickupFilter{
				Locations: locations, Orders: in.Orders, Code: in.Code, Waiting: in.Waiting, Limit: in.Limit, After: in.After,
			})
			return listOf(rows, next), err
		})

	type getInput struct {
		Fulfillment id.Fulfillment `path:"fulfillment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments/{fulfillment}/pickup", id: "get-pickup", summary: "How a customer fetches goods, and who took them", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *getInput) (fulfillment.Pickup, error) {
			if _, err := mayWork(ctx, s.DB, auth.FulfillmentRead, in.Fulfillment); err != nil {
				return fulfillment.Pickup{}, err
			}
			rows, _, err := fulfillment.Pickups(ctx, s.DB, fulfillment.PickupFilter{Fulfillments: []id.Fulfillment{in.Fulfillment}})
			if err == nil && len(rows) == 0 {
				err = fault.New(fault.NotFound, "pickup.not_found", "The goods were never ready to be fetched.")
			}
			if err != nil {
				return fulfillment.Pickup{}, err
			}
			return rows[0], nil
		})

	read(s, route{method: http.MethodGet, path: "/v1/pickup-rules", id: "get-pickup-rules", summary: "How long goods wait for their customers", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, _ *struct{}) (fulfillment.PickupRules, error) {
			return fulfillment.LoadPickupRules(ctx, s.DB)
		})

	type rulesInput struct {
		Keyed
		Body fulfillment.PickupRules
	}
	write(s, route{method: http.MethodPut, path: "/v1/pickup-rules", id: "set-pickup-rules", summary: "Set how long goods wait that are made ready from now on", tag: fulfillmentTag, permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *rulesInput) (fulfillment.PickupRules, error) {
			return fulfillment.SavePickupRules(ctx, tx, in.Body)
		})
}

// PickupHandover is what became of goods at the counter.
type PickupHandover struct {
	Fulfillment Fulfillment `json:"fulfillment"`
	ShipmentID  id.Shipment `json:"shipment_id,omitzero" doc:"What was taken; missing where all was refused."`
}

func (p PickupHandover) version() int64 { return p.Fulfillment.version() }

func (s *Server) registerPickupSteps() {
	step := func(name, operation, summary string, permission auth.Permission, do func(context.Context, *db.Tx, id.Fulfillment, int64) (*fulfillment.Order, error)) {
		write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/" + name, id: operation, summary: summary, tag: fulfillmentTag, permission: permission},
			func(ctx context.Context, tx *db.Tx, in *FulfillmentStep) (Fulfillment, error) {
				seen, err := in.mayAs(ctx, tx, permission)
				if err != nil {
					return Fulfillment{}, err
				}
				f, err := do(ctx, tx, in.Fulfillment, seen)
				return Fulfillment{f}, err
			})
	}
	step("ready", "ready-pickup", "Say that goods are put together and wait for their customer, who is sent a code", auth.FulfillmentWork, flow.ReadyPickup)
	step("unready", "unready-pickup", "Say that goods were not ready after all", auth.FulfillmentWork, flow.UnreadyPickup)
	step("remind", "remind-pickup", "Tell the customer again that goods wait", auth.FulfillmentWork, flow.RemindPickup)

	type arriveInput struct {
		FulfillmentStep
		Body struct {
			Bay string `json:"bay,omitempty" maxLength:"100" doc:"Where the customer waits."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/arrive", id: "arrive-for-pickup", summary: "Say that the customer waits outside", tag: fulfillmentTag, permission: auth.FulfillmentGive},
		func(ctx context.Context, tx *db.Tx, in *arriveInput) (Fulfillment, error) {
			seen, err := in.mayAs(ctx, tx, auth.FulfillmentGive)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.ArriveForPickup(ctx, tx, in.Fulfillment, seen, in.Body.Bay)
			return Fulfillment{f}, err
		})

	type handOverInput struct {
		FulfillmentStep
		Body struct {
			Person     string          `json:"person" minLength:"1" maxLength:"200" doc:"Who takes the goods."`
			Code       string          `json:"code,omitempty" maxLength:"40" doc:"That the customer was sent."`
			IDChecked  bool            `json:"id_checked,omitempty" doc:"Instead of a code, a document with the customer's name was looked at."`
			Lines      []LineUnits     `json:"lines,omitempty" maxItems:"1000" doc:"What is taken; none: all that is not refused. The rest waits."`
			Refused    []LineUnits     `json:"refused,omitempty" maxItems:"1000" doc:"What the customer does not want: it is cancelled."`
			Settlement flow.Settlement `json:"settlement,omitempty" enum:"none,refund" doc:"What becomes of what was paid for refused goods."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/hand-over", id: "hand-over", summary: "Hand goods over to who fetches them: they leave the stock, are invoiced, and their money is captured", tag: fulfillmentTag, permission: auth.FulfillmentGive},
		func(ctx context.Context, tx *db.Tx, in *handOverInput) (PickupHandover, error) {
			seen, err := in.mayAs(ctx, tx, auth.FulfillmentGive)
			if err != nil {
				return PickupHandover{}, err
			}
			if (in.Body.Code == "") != in.Body.IDChecked {
				return PickupHandover{}, fault.Fields{"code": "give the code, or say that a document was looked at"}.Err("pickup.no_proof", "It is not known whose goods these are.")
			}
			if in.Body.Settlement == flow.SettleRefund {
				if err := auth.Require(ctx, auth.PaymentRefund); err != nil {
					return PickupHandover{}, err
				}
			}
			shipment, err := flow.HandOver(ctx, tx, flow.Handing{
				Fulfillment: in.Fulfillment, Version: seen, Lines: unitsOf(in.Body.Lines), Refused: unitsOf(in.Body.Refused),
				Person: in.Body.Person, Code: in.Body.Code, Settlement: in.Body.Settlement,
			})
			if err != nil {
				return PickupHandover{}, err
			}
			f, err := mayWork(ctx, tx, auth.FulfillmentGive, in.Fulfillment)
			out := PickupHandover{Fulfillment: Fulfillment{f}}
			if shipment != nil {
				out.ShipmentID = shipment.ID
			}
			return out, err
		})
}
