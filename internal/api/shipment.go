package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Shipment is goods of one fulfillment order that leave together.
type Shipment struct {
	ID             id.Shipment                 `json:"id"`
	Number         int64                       `json:"number"`
	FulfillmentID  id.Fulfillment              `json:"fulfillment_id"`
	OrderID        id.Order                    `json:"order_id"`
	LocationID     id.Location                 `json:"location_id"`
	ParcelID       id.Parcel                   `json:"parcel_id,omitzero" doc:"The box in which it goes with shipments of other orders."`
	Status         fulfillment.ShipmentStatus  `json:"status" enum:"packing,labelled,shipped,delivered,voided"`
	TrackingStatus fulfillment.Tracking        `json:"tracking_status"`
	Carrier        string                      `json:"carrier,omitempty"`
	Service        string                      `json:"service,omitempty"`
	TrackingNumber string                      `json:"tracking_number,omitempty"`
	TrackingURL    string                      `json:"tracking_url,omitempty"`
	Cost           *money.Amount               `json:"cost,omitempty" doc:"What the carrier charges; only with cost:read."`
	ShippedAt      time.Time                   `json:"shipped_at,omitzero"`
	DeliveredAt    time.Time                   `json:"delivered_at,omitzero"`
	CreatedBy      string                      `json:"created_by"`
	CreatedAt      time.Time                   `json:"created_at"`
	Version        int64                       `json:"version"`
	Lines          []fulfillment.ShipmentLine  `json:"lines"`
	Events         []fulfillment.TrackingEvent `json:"tracking_events,omitempty" doc:"What the carrier said, where it was asked for."`
}

func (s Shipment) version() int64 { return s.Version }

func showShipment(ctx context.Context, s *fulfillment.Shipment, base money.Currency) Shipment {
	out := Shipment{
		ID: s.ID, Number: s.Number, FulfillmentID: s.Fulfillment, OrderID: s.Order, LocationID: s.Location, ParcelID: s.Parcel, Status: s.Status,
		TrackingStatus: s.Tracking, Carrier: s.Carrier, Service: s.Service, TrackingNumber: s.TrackingNumber, TrackingURL: s.TrackingURL,
		ShippedAt: s.ShippedAt, DeliveredAt: s.DeliveredAt, CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt, Version: s.Version, Lines: orEmpty(s.Lines),
	}
	if auth.From(ctx).May(auth.CostRead) {
		cost := money.Of(s.Cost, base)
		out.Cost = &cost
	}
	return out
}

// showShipments is the answer of a flow that gives shipments.
func showShipments(ctx context.Context, r db.Reader, shipments []*fulfillment.Shipment) ([]Shipment, error) {
	company, err := setting.LoadCompany(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make([]Shipment, len(shipments))
	for i, s := range shipments {
		out[i] = showShipment(ctx, s, company.BaseCurrency)
	}
	return out, nil
}

// NewCarriage is what is known of the way on which goods go; all of it may be empty.
type NewCarriage struct {
	Carrier        string        `json:"carrier,omitempty"`
	Service        string        `json:"service,omitempty"`
	TrackingNumber string        `json:"tracking_number,omitempty"`
	TrackingURL    string        `json:"tracking_url,omitempty"`
	Cost           *money.Amount `json:"cost,omitempty" doc:"What the carrier charges, in the base currency."`
}

func (c NewCarriage) carriage(ctx context.Context, r db.Reader) (fulfillment.Carriage, error) {
	out := fulfillment.Carriage{Carrier: c.Carrier, Service: c.Service, TrackingNumber: c.TrackingNumber, TrackingURL: c.TrackingURL}
	if c.Cost == nil {
		return out, nil
	}
	company, err := setting.LoadCompany(ctx, r)
	if err != nil {
		return out, err
	}
	f := fault.Fields{}
	out.Cost = minorOf(f, "cost", *c.Cost, company.BaseCurrency)
	return out, f.Err("shipment.invalid", "The goods cannot be sent like this.")
}

// mayShip reads a shipment if the one who acts may work at its location.
func mayShip(ctx context.Context, r db.Reader, permission auth.Permission, s id.Shipment) (*fulfillment.Shipment, error) {
	found, err := fulfillment.Shipments(ctx, r, s)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "shipment.not_found", "There is no shipment %s.", s)
	}
	return found[0], auth.RequireAt(ctx, permission, found[0].Location)
}

func (s *Server) registerShipments() {
	type listInput struct {
		Paged
		Locations      []id.Location                `query:"location" maxItems:"200"`
		Orders         []id.Order                   `query:"order" maxItems:"200"`
		Fulfillments   []id.Fulfillment             `query:"fulfillment" maxItems:"200"`
		Statuses       []fulfillment.ShipmentStatus `query:"status" enum:"packing,labelled,shipped,delivered,voided"`
		Trackings      []fulfillment.Tracking       `query:"tracking_status" enum:"unknown,pre_transit,in_transit,out_for_delivery,available_for_pickup,delivered,failed_attempt,return_to_sender,lost,exception"`
		TrackingNumber string                       `query:"tracking_number" doc:"To the letter."`
		Number         int64                        `query:"number"`
		From           time.Time                    `query:"from" doc:"Made from this time on."`
		To             time.Time                    `query:"to" doc:"Made before this time."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/shipments", id: "list-shipments", summary: "List shipments, newest first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listInput) (list[Shipment], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[Shipment]{}, err
			}
			rows, next, err := fulfillment.ListShipments(ctx, s.DB, fulfillment.ShipmentFilter{
				Locations: locations, Orders: in.Orders, Fulfillments: in.Fulfillments, Statuses: in.Statuses, Trackings: in.Trackings,
				TrackingNumber: in.TrackingNumber, Number: in.Number, CreatedFrom: in.From.UTC(), CreatedTo: in.To.UTC(), Limit: in.Limit, After: in.After,
			})
			if err != nil || len(rows) == 0 {
				return listOf[Shipment](nil, ""), err
			}
			shown, err := showShipments(ctx, s.DB, rows)
			return listOf(shown, next), err
		})

	type getInput struct {
		Shipment id.Shipment `path:"shipment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/shipments/{shipment}", id: "get-shipment", summary: "A shipment with what its carrier said", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *getInput) (Shipment, error) {
			found, err := mayShip(ctx, s.DB, auth.FulfillmentRead, in.Shipment)
			if err != nil {
				return Shipment{}, err
			}
			shown, err := showShipments(ctx, s.DB, []*fulfillment.Shipment{found})
			if err != nil {
				return Shipment{}, err
			}
			shown[0].Events, err = fulfillment.TrackingOf(ctx, s.DB, in.Shipment)
			return shown[0], err
		})
}

func (s *Server) registerShipping() {
	type shipGoodsInput struct {
		FulfillmentStep
		Body struct {
			Lines []LineUnits `json:"lines,omitempty" maxItems:"1000" doc:"None: all that can be sent."`
			NewCarriage
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/ship", id: "ship-goods", summary: "Book that goods left: stock falls, the part is invoiced, and its money captured", tag: fulfillmentTag, permission: auth.FulfillmentWork, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *shipGoodsInput) (Shipment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Shipment{}, err
			}
			way, err := in.Body.carriage(ctx, tx)
			if err != nil {
				return Shipment{}, err
			}
			shipped, err := flow.Ship(ctx, tx, []flow.Shipping{{Fulfillment: in.Fulfillment, Version: seen, Lines: unitsOf(in.Body.Lines), Carriage: way}})
			return first(ctx, tx, shipped, err)
		})

	type packGoodsInput struct {
		FulfillmentStep
		Body struct {
			Lines []LineUnits `json:"lines,omitempty" maxItems:"1000" doc:"None: all that can be packed."`
			NewCarriage
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/pack", id: "pack-goods", summary: "Put units into a shipment that has not left yet", tag: fulfillmentTag, permission: auth.FulfillmentWork, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *packGoodsInput) (Shipment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Shipment{}, err
			}
			way, err := in.Body.carriage(ctx, tx)
			if err != nil {
				return Shipment{}, err
			}
			packed, err := flow.Pack(ctx, tx, in.Fulfillment, seen, unitsOf(in.Body.Lines), way)
			return first(ctx, tx, []*fulfillment.Shipment{packed}, err)
		})

	type dispatchInput struct {
		Once
		Shipment id.Shipment `path:"shipment"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/shipments/{shipment}/dispatch", id: "dispatch-shipment", summary: "Book that a packed shipment left", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *dispatchInput) (Shipment, error) {
			if _, err := mayShip(ctx, tx, auth.FulfillmentWork, in.Shipment); err != nil {
				return Shipment{}, err
			}
			shipped, err := flow.Dispatch(ctx, tx, in.Shipment)
			return first(ctx, tx, shipped, err)
		})

	type trackShipmentsInput struct {
		Once
		Body struct {
			Events []NewTracking `json:"events" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/tracking-events", id: "track-shipments", summary: "Tell what carriers say of shipments; each event counts once", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *trackShipmentsInput) (list[Shipment], error) {
			events := make([]fulfillment.TrackingEvent, len(in.Body.Events))
			for i, e := range in.Body.Events {
				if _, err := mayShip(ctx, tx, auth.FulfillmentWork, e.ShipmentID); err != nil {
					return list[Shipment]{}, err
				}
				events[i] = fulfillment.TrackingEvent{
					Shipment: e.ShipmentID, Status: e.Status, Description: e.Description, Place: e.Place, Source: e.Source, ExternalID: e.ExternalID, At: e.At,
				}
				if e.At.IsZero() {
					events[i].At = tx.Now()
				}
			}
			moved, err := flow.Track(ctx, tx, events)
			if err != nil {
				return list[Shipment]{}, err
			}
			var shipments []*fulfillment.Shipment
			for _, m := range moved {
				shipments = append(shipments, m.Shipment)
			}
			shown, err := showShipments(ctx, tx, shipments)
			return listOf(shown, ""), err
		})
}

// NewTracking is what a carrier, a channel or a person says about a shipment.
type NewTracking struct {
	ShipmentID  id.Shipment          `json:"shipment_id"`
	Status      fulfillment.Tracking `json:"status" enum:"unknown,pre_transit,in_transit,out_for_delivery,available_for_pickup,delivered,failed_attempt,return_to_sender,lost,exception"`
	Description string               `json:"description,omitempty"`
	Place       string               `json:"place,omitempty"`
	Source      string               `json:"source" minLength:"1" doc:"Who says so: a carrier, a channel, manual."`
	ExternalID  string               `json:"external_id,omitempty" doc:"The source's id of the event; without one, an event of the same content is the same."`
	At          time.Time            `json:"at,omitzero" doc:"When it happened; now, if it is left out."`
}

// first is the answer of a flow that gives one shipment.
func first(ctx context.Context, r db.Reader, shipments []*fulfillment.Shipment, err error) (Shipment, error) {
	if err != nil {
		return Shipment{}, err
	}
	shown, err := showShipments(ctx, r, shipments[:1])
	if err != nil {
		return Shipment{}, err
	}
	return shown[0], nil
}
