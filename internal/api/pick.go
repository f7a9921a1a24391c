package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/view"
)

// PickBatch is work for one walk through a location.
type PickBatch struct{ *fulfillment.PickBatch }

func (b PickBatch) version() int64 { return b.Version }

// PickBatchDetail is a pick batch with the walk.
type PickBatchDetail struct {
	*fulfillment.PickBatch
	Stops []view.Stop `json:"stops" doc:"What to pick, in the order of the walk."`
}

func (b PickBatchDetail) version() int64 { return b.Version }

// PickReport is a pick batch after a picker's report.
type PickReport struct {
	PickBatchDetail
	Shortages []fulfillment.Shortage `json:"shortages" doc:"Units that were not brought: another location sends them, or they are backordered."`
}

// mayPick reads a pick batch if the one who acts may work at its location.
func mayPick(ctx context.Context, r db.Reader, permission auth.Permission, b id.Batch) (*fulfillment.PickBatch, error) {
	found, err := fulfillment.GetBatch(ctx, r, b)
	if err != nil {
		return nil, err
	}
	return found, auth.RequireAt(ctx, permission, found.Location)
}

func showBatch(ctx context.Context, r db.Reader, b *fulfillment.PickBatch, err error) (PickBatchDetail, error) {
	if err != nil {
		return PickBatchDetail{}, err
	}
	stops, err := view.PickList(ctx, r, b.Location, b.Lines)
	return PickBatchDetail{b, orEmpty(stops)}, err
}

func (s *Server) registerPickLists() {
	type listInput struct {
		Paged
		Locations  []id.Location             `query:"location" maxItems:"200"`
		Statuses   []fulfillment.BatchStatus `query:"status" enum:"open,picking,picked,closed,cancelled"`
		AssignedTo id.User                   `query:"assigned_to"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/pick-batches", id: "list-pick-batches", summary: "List pick batches, newest first", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listInput) (list[*fulfillment.PickBatch], error) {
			locations, err := within(ctx, auth.FulfillmentRead, in.Locations)
			if err != nil {
				return list[*fulfillment.PickBatch]{}, err
			}
			rows, next, err := fulfillment.ListBatches(ctx, s.DB, fulfillment.BatchFilter{
				Locations: locations, Statuses: in.Statuses, AssignedTo: in.AssignedTo, Limit: in.Limit, After: in.After,
			})
			return listOf(rows, next), err
		})

	type getInput struct {
		Batch id.Batch `path:"batch"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/pick-batches/{batch}", id: "get-pick-batch", summary: "A pick batch, sorted by the walk", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *getInput) (PickBatchDetail, error) {
			b, err := mayPick(ctx, s.DB, auth.FulfillmentRead, in.Batch)
			return showBatch(ctx, s.DB, b, err)
		})

	type listOfInput struct {
		Fulfillment id.Fulfillment `path:"fulfillment"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/fulfillments/{fulfillment}/pick-list", id: "get-pick-list", summary: "What is to be picked of one fulfillment order, sorted by the walk", tag: fulfillmentTag, permission: auth.FulfillmentRead},
		func(ctx context.Context, in *listOfInput) (list[view.Stop], error) {
			f, err := mayWork(ctx, s.DB, auth.FulfillmentRead, in.Fulfillment)
			if err != nil {
				return list[view.Stop]{}, err
			}
			stops, err := view.PickList(ctx, s.DB, f.Location, f.PickLines())
			return listOf(stops, ""), err
		})
}

func (s *Server) registerPicking() {
	type addPickBatchInput struct {
		Once
		Body struct {
			LocationID     id.Location      `json:"location_id"`
			FulfillmentIDs []id.Fulfillment `json:"fulfillment_ids" minItems:"1" maxItems:"200" doc:"Open ones of the location."`
			AssignedTo     id.User          `json:"assigned_to,omitzero"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/pick-batches", id: "add-pick-batch", summary: "Make a pick batch of fulfillment orders of a location", tag: fulfillmentTag, permission: auth.FulfillmentWork, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addPickBatchInput) (PickBatchDetail, error) {
			if err := auth.RequireAt(ctx, auth.FulfillmentWork, in.Body.LocationID); err != nil {
				return PickBatchDetail{}, err
			}
			b, err := flow.NewBatch(ctx, tx, in.Body.LocationID, in.Body.AssignedTo, in.Body.FulfillmentIDs)
			return showBatch(ctx, tx, b, err)
		})

	type reportPicksInput struct {
		Once
		IfMatch
		Batch id.Batch `path:"batch"`
		Body  struct {
			Picks []fulfillment.Pick `json:"picks" minItems:"1" maxItems:"1000"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/pick-batches/{batch}/picks", id: "report-picks", summary: "Say what was picked, and what was not there", tag: fulfillmentTag, permission: auth.FulfillmentWork},
		func(ctx context.Context, tx *db.Tx, in *reportPicksInput) (PickReport, error) {
			seen, err := in.want()
			if err != nil {
				return PickReport{}, err
			}
			if _, err := mayPick(ctx, tx, auth.FulfillmentWork, in.Batch); err != nil {
				return PickReport{}, err
			}
			b, short, err := flow.PickInBatch(ctx, tx, in.Batch, seen, in.Body.Picks)
			shown, err := showBatch(ctx, tx, b, err)
			return PickReport{shown, orEmpty(short)}, err
		})

	type endInput struct {
		Once
		Batch id.Batch `path:"batch"`
	}
	for _, end := range []struct {
		name, summary string
		cancel        bool
	}{
		{"close", "End a picked batch", false},
		{"cancel", "End a batch that is not picked", true},
	} {
		write(s, route{method: http.MethodPost, path: "/v1/pick-batches/{batch}/" + end.name, id: end.name + "-pick-batch", summary: end.summary, tag: fulfillmentTag, permission: auth.FulfillmentWork},
			func(ctx context.Context, tx *db.Tx, in *endInput) (PickBatch, error) {
				if _, err := mayPick(ctx, tx, auth.FulfillmentWork, in.Batch); err != nil {
					return PickBatch{}, err
				}
				b, err := flow.CloseBatch(ctx, tx, in.Batch, end.cancel)
				return PickBatch{b}, err
			})
	}
}
