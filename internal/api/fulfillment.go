package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/view"
)

// Fulfillment is a fulfillment order: the work that one location is asked to do
// for a sales order.
type Fulfillment struct{ *fulfillment.Order }

func (f Fulfillment) version() int64 { return f.Version }

// FulfillmentDetail is a fulfillment order with what keeps it from being begun.
type FulfillmentDetail struct {
	*fulfillment.Order
	Gate []fulfillment.Reason `json:"gate" doc:"Why the location may not begin; nothing where it may."`
}

func (f FulfillmentDetail) version() int64 { return f.Version }

const fulfillmentTag = "Fulfillment"

// mayWork reads a fulfillment order if the one who acts may work at its location.
func mayWork(ctx context.Context, r db.Reader, permission auth.Permission, f id.Fulfillment) (*fulfillment.Order, error) {
	found, err := fulfillment.Get(ctx, r, f)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "fulfillment.not_found", "There is no fulfillment order %s.", f)
	}
	return found[0], auth.RequireAt(ctx, permission, found[0].Location)
}

func (s *Server) registerFulfillments() {
	type listInput struct {
		Paged
		Locations  []id.Location        `query:"location" maxItems:"200"`
		Orders     []id.Order           `query:"order" maxItems:"200"`
		Statuses   []fulfillment.Status `query:"status" enum:"scheduled,open,in_progress,closed,cancelled,rejected"`
		Kinds      []fulfillment.Kind   `query:"kind" enum:"ship,pickup,ship_to_store,dropship,thirdparty,digital"`
		ShipBefore time.Time            `query:"ship_before" doc:"To be sent before this time."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments", id: "list-fulfillments", summary: "The work of locations, in the order in which it is to be done", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listInput) (list[*fulfillment.Order], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[*fulfillment.Order]{}, err
			}
			rows, next, err := fulfillment.List(ctx, s.DB, fulfillment.Filter{
				Locations: locations, Orders: in.Orders, Statuses: in.Statuses, Kinds: in.Kinds, ShipBefore: in.ShipBefore.UTC(), Limit: in.Limit, After: in.After,
			})
			return listOf(rows, next), err
		})

	type getInput struct {
		Fulfillment id.Fulfillment `path:"fulfillment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments/{fulfillment}", id: "get-fulfillment", summary: "A fulfillment order, and what keeps it from being begun", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *getInput) (FulfillmentDetail, error) {
			f, err := mayWork(ctx, s.DB, auth.FulfillmentRead, in.Fulfillment)
			if err != nil {
				return FulfillmentDetail{}, err
			}
			o, err := order.Get(ctx, s.DB, f.Order)
			if err != nil {
				return FulfillmentDetail{}, err
			}
			gates, err := flow.Gates(ctx, s.DB, o)
			return FulfillmentDetail{f, orEmpty(gates[f.ID])}, err
		})

	type lateInput struct {
		Paged
		Within    int           `query:"within_hours" minimum:"0" maximum:"720" default:"24" doc:"How soon it must leave to be listed; what is late is."`
		Channels  []id.Channel  `query:"channel" maxItems:"200"`
		Locations []id.Location `query:"location" maxItems:"200"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/late-lines", id: "list-late-lines", summary: "Order lines that are late or about to be, the most urgent first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *lateInput) (list[view.LateLine], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[view.LateLine]{}, err
			}
			f := view.LateFilter{Now: s.DB.Now(), Within: time.Duration(in.Within) * time.Hour, Channels: in.Channels, Locations: locations}
			rows, next, err := view.LateLines(ctx, s.DB, f, view.Page{Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})
}

// FulfillmentStep is what the input of a step of a fulfillment order embeds.
type FulfillmentStep struct {
	Once
	IfMatch
	Fulfillment id.Fulfillment `path:"fulfillment"`
}

// may returns the version that the caller saw, if he may work on the order.
func (in *FulfillmentStep) may(ctx context.Context, r db.Reader) (seen int64, err error) {
	return in.mayAs(ctx, r, auth.FulfillmentWork)
}

// mayAs is may for another permission.
func (in *FulfillmentStep) mayAs(ctx context.Context, r db.Reader, permission auth.Permission) (seen int64, err error) {
	if seen, err = in.want(); err != nil {
		return 0, err
	}
	_, err = mayWork(ctx, r, permission, in.Fulfillment)
	return seen, err
}

func (s *Server) registerFulfillmentSteps() {
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/release", id: "release-fulfillment", summary: "Let the location begin, if nothing keeps it", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *FulfillmentStep) (Fulfillment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.Release(ctx, tx, in.Fulfillment, seen)
			return Fulfillment{f}, err
		})

	type pickUnitsInput struct {
		FulfillmentStep
		Body struct {
			Lines []LineUnits `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/pick", id: "pick-units", summary: "Say that units were picked", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *pickUnitsInput) (Fulfillment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.Pick(ctx, tx, in.Fulfillment, seen, unitsOf(in.Body.Lines))
			return Fulfillment{f}, err
		})

	type unpickUnitsInput struct {
		FulfillmentStep
		Body struct {
			Lines []LineUnits `json:"lines" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/fulfillments/{fulfillment}/unpick", id: "unpick-units", summary: "Say that picked units were put back", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *unpickUnitsInput) (Fulfillment, error) {
			seen, err := in.may(ctx, tx)
			if err != nil {
				return Fulfillment{}, err
			}
			f, err := flow.Unpick(ctx, tx, in.Fulfillment, seen, unitsOf(in.Body.Lines))
			return Fulfillment{f}, err
		})
}
