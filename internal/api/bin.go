package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// NewBin is a shelf of a location in a request.
type NewBin struct {
	Code string `json:"code" minLength:"1"`
	Path int64  `json:"path,omitempty" doc:"Where the bin comes on a picker's walk."`
}

// NewPlace says where a variant lies.
type NewPlace struct {
	Article
	BinID id.Bin `json:"bin_id,omitzero" doc:"None: in no bin."`
}

func (s *Server) registerBins() {
	type listInput struct {
		Location id.Location `path:"location"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/locations/{location}/bins", id: "list-bins", summary: "The bins of a location in the order of a picker's walk", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *listInput) (list[inventory.Bin], error) {
			if _, err := inventory.GetLocation(ctx, s.DB, in.Location); err != nil {
				return list[inventory.Bin]{}, err
			}
			bins, err := inventory.Bins(ctx, s.DB, in.Location)
			return listOf(bins, ""), err
		})

	type saveBinsInput struct {
		Once
		Location id.Location `path:"location"`
		Body     struct {
			Bins []NewBin `json:"bins" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/locations/{location}/bins", id: "save-bins", summary: "Add bins by their codes, or change where they come on the walk", tag: stockTag, permission: auth.LocationWrite},
		func(ctx context.Context, tx *db.Tx, in *saveBinsInput) (list[inventory.Bin], error) {
			if _, err := inventory.GetLocation(ctx, tx, in.Location); err != nil {
				return list[inventory.Bin]{}, err
			}
			bins := make([]inventory.Bin, len(in.Body.Bins))
			for i, b := range in.Body.Bins {
				bins[i] = inventory.Bin{Location: in.Location, Code: b.Code, Path: b.Path}
			}
			saved, err := inventory.SaveBins(ctx, tx, bins)
			return listOf(saved, ""), err
		})

	type placeVariantsInput struct {
		Once
		Location id.Location `path:"location"`
		Body     struct {
			Places []NewPlace `json:"places" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/locations/{location}/places", id: "place-variants", summary: "Say in which bins variants lie", tag: stockTag, permission: auth.StockAdjust},
		func(ctx context.Context, tx *db.Tx, in *placeVariantsInput) (struct{}, error) {
			if _, err := inventory.GetLocation(ctx, tx, in.Location); err != nil {
				return struct{}{}, err
			}
			named, locations := make([]Article, len(in.Body.Places)), make([]id.Location, len(in.Body.Places))
			for i, p := range in.Body.Places {
				named[i], locations[i] = p.Article, in.Location
			}
			variants, err := stockOf(ctx, tx, auth.StockAdjust, "places", named, locations)
			if err != nil {
				return struct{}{}, err
			}
			places := make([]inventory.Place, len(variants))
			for i, v := range variants {
				places[i] = inventory.Place{Key: inventory.Key{Variant: v, Location: in.Location}, Bin: in.Body.Places[i].BinID}
			}
			return struct{}{}, inventory.PutInBins(ctx, tx, places)
		})
}
