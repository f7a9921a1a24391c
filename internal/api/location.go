package api

import (
	"context"
	"net/http"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Location is a place where stock lies.
type Location struct{ inventory.Location }

func (l Location) version() int64 { return l.Version }

// LocationFields are the fields of a location in a request. A field that is
// left out stays as it is, or gets its default in a new location.
type LocationFields struct {
	Code          *string                 `json:"code,omitempty"`
	Name          *string                 `json:"name,omitempty"`
	Kind          *inventory.LocationKind `json:"kind,omitempty" enum:"warehouse,store,thirdparty,supplier,channel,transit,quarantine"`
	Address       *address.Address        `json:"address,omitempty"`
	Coordinates   *Coordinates            `json:"coordinates,omitempty" doc:"Where it lies to the meter; without them it is found from the address."`
	TimeZone      *string                 `json:"time_zone,omitempty" doc:"IANA name."`
	Active        *bool                   `json:"active,omitempty"`
	ShipsOnline   *bool                   `json:"ships_online,omitempty"`
	Pickup        *bool                   `json:"pickup,omitempty" doc:"Customers may fetch orders here."`
	TakesReturns  *bool                   `json:"takes_returns,omitempty"`
	AllowNegative *bool                   `json:"allow_negative,omitempty" doc:"Goods may leave that are not on hand, which is recorded."`
	Capacity      *int64                  `json:"capacity,omitempty" doc:"Parcels a day; 0 is no limit."`
	Cutoff        *string                 `json:"cutoff,omitempty" doc:"Time of the day, HH:MM in the location's zone, until which orders still leave on the same day."`
	ClosedDays    *[]string               `json:"closed_days,omitempty" doc:"All of them: weekdays (sun) and dates (2026-12-25) on which nothing leaves."`
	Groups        *[]string               `json:"groups,omitempty" doc:"All of them: names by which rules of routing call the location, with others."`
	Partner       *string                 `json:"partner,omitempty" doc:"The connector that asks who sends goods from a location of the kind thirdparty or supplier."`
	Sequence      *int64                  `json:"sequence,omitempty" doc:"The merchant's own order of preference, smallest first."`
}

// Coordinates are a point on Earth, in millionths of a degree.
type Coordinates struct {
	LatE6 int64 `json:"lat_e6" doc:"Latitude in millionths of a degree."`
	LonE6 int64 `json:"lon_e6" doc:"Longitude in millionths of a degree."`
}

func (f LocationFields) onto(l inventory.Location) inventory.Location {
	set(&l.Code, f.Code)
	set(&l.Name, f.Name)
	set(&l.Kind, f.Kind)
	set(&l.Address.V, f.Address)
	if f.Coordinates != nil {
		l.LatE6, l.LonE6, l.Precision = f.Coordinates.LatE6, f.Coordinates.LonE6, inventory.Exact
	}
	set(&l.TimeZone, f.TimeZone)
	set(&l.Active, f.Active)
	set(&l.ShipsOnline, f.ShipsOnline)
	set(&l.Pickup, f.Pickup)
	set(&l.TakesReturns, f.TakesReturns)
	set(&l.AllowNegative, f.AllowNegative)
	set(&l.Capacity, f.Capacity)
	set(&l.Cutoff, f.Cutoff)
	set(&l.ClosedDays.V, f.ClosedDays)
	set(&l.Groups.V, f.Groups)
	set(&l.Partner, f.Partner)
	set(&l.Sequence, f.Sequence)
	return l
}

const stockTag = "Stock"

func (s *Server) registerLocations() {
	read(s, route{method: http.MethodGet, path: "/v1/locations", id: "list-locations", summary: "List the locations in the merchant's order of preference", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, _ *struct{}) (list[inventory.Location], error) {
			all, err := inventory.Locations(ctx, s.DB)
			return listOf(all, ""), err
		})

	type addInput struct {
		Once
		Body LocationFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/locations", id: "add-location", summary: "Add a location", tag: stockTag, permission: auth.LocationWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Location, error) {
			l := inventory.Location{Kind: inventory.Warehouse, Active: true, ShipsOnline: true, TakesReturns: true}
			l, err := inventory.SaveLocation(ctx, tx, in.Body.onto(l))
			return Location{l}, err
		})

	type getInput struct {
		Location id.Location `path:"location"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/locations/{location}", id: "get-location", summary: "A location", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *getInput) (Location, error) {
			l, err := inventory.GetLocation(ctx, s.DB, in.Location)
			return Location{l}, err
		})

	type changeInput struct {
		Keyed
		IfMatch
		Location id.Location `path:"location"`
		Body     LocationFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/locations/{location}", id: "change-location", summary: "Change a location", tag: stockTag, permission: auth.LocationWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Location, error) {
			old, err := inventory.GetLocation(ctx, tx, in.Location)
			if err != nil {
				return Location{}, err
			}
			if old.Version, err = in.seen(old.Version); err != nil {
				return Location{}, err
			}
			l, err := inventory.SaveLocation(ctx, tx, in.Body.onto(old))
			return Location{l}, in.raced(err)
		})
}
