package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Parcel is shipments of several orders that go to one customer in one box, under
// one label.
type Parcel struct {
	ID             id.Parcel                `json:"id"`
	LocationID     id.Location              `json:"location_id"`
	Status         fulfillment.ParcelStatus `json:"status" enum:"packing,labelled,shipped,delivered,voided,unmerged"`
	Carrier        string                   `json:"carrier,omitempty"`
	Service        string                   `json:"service,omitempty"`
	TrackingNumber string                   `json:"tracking_number,omitempty"`
	TrackingURL    string                   `json:"tracking_url,omitempty"`
	Cost           *money.Amount            `json:"cost,omitempty" doc:"Of the label; its shipments share it by their units. Only with cost:read."`
	CreatedBy      string                   `json:"created_by"`
	CreatedAt      time.Time                `json:"created_at"`
	Version        int64                    `json:"version"`
	Shipments      []Shipment               `json:"shipments"`
}

func (p Parcel) version() int64 { return p.Version }

func showParcel(ctx context.Context, r db.Reader, p *fulfillment.Parcel, err error) (Parcel, error) {
	if err != nil {
		return Parcel{}, err
	}
	out := Parcel{
		ID: p.ID, LocationID: p.Location, Status: p.Status(), Carrier: p.Carrier, Service: p.Service, TrackingNumber: p.TrackingNumber,
		TrackingURL: p.TrackingURL, CreatedBy: p.CreatedBy, CreatedAt: p.CreatedAt, Version: p.Version,
	}
	if auth.From(ctx).May(auth.CostRead) {
		company, err := setting.LoadCompany(ctx, r)
		if err != nil {
			return Parcel{}, err
		}
		cost := money.Of(p.Cost, company.BaseCurrency)
		out.Cost = &cost
	}
	out.Shipments, err = showShipments(ctx, r, p.Shipments)
	return out, err
}

// ParcelStep is what the input of a step of a parcel embeds.
type ParcelStep struct {
	Once
	IfMatch
	Parcel id.Parcel `path:"parcel"`
}

// may returns the version that the caller saw, if he may work on the parcel.
func (in *ParcelStep) may(ctx context.Context, r db.Reader) (seen int64, err error) {
	if seen, err = in.want(); err != nil {
		return 0, err
	}
	p, err := fulfillment.GetParcel(ctx, r, in.Parcel)
	if err != nil {
		return 0, err
	}
	return seen, auth.RequireAt(ctx, auth.FulfillmentWork, p.Location)
}

func (s *Server) registerParcels() {
	type matesInput struct {
		Fulfillment id.Fulfillment `path:"fulfillment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments/{fulfillment}/parcel-mates", id: "list-parcel-mates", summary: "Other fulfillment orders that can go in one parcel with this one: same customer, address and location", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *matesInput) (list[*fulfillment.Order], error) {
			f, err := mayWork(ctx, s.DB, auth.FulfillmentRead, in.Fulfillment)
			if err != nil {
				return list[*fulfillment.Order]{}, err
			}
			mates, err := flow.ParcelMates(ctx, s.DB, f)
			return listOf(mates, ""), err
		})

	type getInput struct {
		Parcel id.Parcel `path:"parcel"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/parcels/{parcel}", id: "get-parcel", summary: "A parcel with the shipments in it", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *getInput) (Parcel, error) {
			p, err := fulfillment.GetParcel(ctx, s.DB, in.Parcel)
			if err == nil {
				err = auth.RequireAt(ctx, auth.FulfillmentRead, p.Location)
			}
			return showParcel(ctx, s.DB, p, err)
		})

	type mergeParcelInput struct {
		Once
		Body struct {
			FulfillmentIDs []id.Fulfillment `json:"fulfillment_ids" minItems:"2" maxItems:"100" doc:"Of the same customer, address and location. All that is free of them is packed."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/parcels", id: "merge-parcel", summary: "Pack fulfillment orders of several orders into one box; each keeps its shipment", tag: fulfillmentTag, permission: auth.FulfillmentWork, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *mergeParcelInput) (Parcel, error) {
			for _, f := range in.Body.FulfillmentIDs {
				if _, err := mayWork(ctx, tx, auth.FulfillmentWork, f); err != nil {
					return Parcel{}, err
				}
			}
			p, err := flow.MergeParcel(ctx, tx, in.Body.FulfillmentIDs)
			return showParcel(ctx, tx, p, err)
		})
}

func (s *Server) registerParcelSteps() {
	type labelInput struct {
		ParcelStep
		Body struct{ NewCarriage }
	}
	write(s, route{method: http.MethodPost, path: "/v1/parcels/{parcel}/label", id: "label-parcel", summary: "Give a parcel its carrier and label: all its shipments bear it, and share its cost", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *labelInput) (Parcel, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Parcel{}, err
			}
			way, err := in.Body.carriage(ctx, tx)
			if err != nil {
				return Parcel{}, err
			}
			p, err := flow.LabelParcel(ctx, tx, in.Parcel, seen, way)
			return showParcel(ctx, tx, p, err)
		})

	write(s, route{method: http.MethodPost, path: "/v1/parcels/{parcel}/unmerge", id: "unmerge-parcel", summary: "Let the shipments of a parcel without a label go on their own", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *ParcelStep) (Parcel, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Parcel{}, err
			}
			p, err := flow.UnmergeParcel(ctx, tx, in.Parcel, seen)
			return showParcel(ctx, tx, p, err)
		})

	type voidInput struct {
		ParcelStep
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"For the timelines of the orders."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/parcels/{parcel}/void", id: "void-parcel", summary: "Unpack a parcel that has not left; its goods stay picked", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *voidInput) (Parcel, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Parcel{}, err
			}
			p, err := flow.VoidParcel(ctx, tx, in.Parcel, seen, in.Body.Reason)
			return showParcel(ctx, tx, p, err)
		})

	write(s, route{method: http.MethodPost, path: "/v1/parcels/{parcel}/dispatch", id: "dispatch-parcel", summary: "Book that a parcel left, with all that is in it", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *ParcelStep) (Parcel, error) {
			if _, err := in.may(ctx, tx); err != nil {
				return Parcel{}, err
			}
			p, err := flow.DispatchParcel(ctx, tx, in.Parcel)
			return showParcel(ctx, tx, p, err)
		})
}
