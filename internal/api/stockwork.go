package api

import (
	"context"
	"net/http"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// NewReceipt is goods that came in.
type NewReceipt struct {
	Article
	LocationID id.Location   `json:"location_id"`
	Quantity   int64         `json:"quantity" minimum:"1" doc:"Base units."`
	UnitCost   *money.Micros `json:"unit_cost,omitempty" doc:"In the base currency; the moving average, if it is left out."`
	Opening    bool          `json:"opening,omitempty" doc:"Was there when the books began."`
	Reason     string        `json:"reason,omitempty"`
	Note       string        `json:"note,omitempty"`
}

// NewAdjustment is a change of stock that somebody has seen.
type NewAdjustment struct {
	Article
	LocationID id.Location     `json:"location_id"`
	Quantity   int64           `json:"quantity" doc:"Base units: what was found is positive, what is gone negative."`
	State      inventory.State `json:"state,omitempty" enum:"sellable,damaged,quality_control,safety" default:"sellable"`
	UnitCost   *money.Micros   `json:"unit_cost,omitempty" doc:"Of what was found, in the base currency; the moving average, if it is left out."`
	Reason     string          `json:"reason" minLength:"1" doc:"Why: damage, theft, found ..."`
	Note       string          `json:"note,omitempty"`
}

// NewCount is how many units somebody found.
type NewCount struct {
	Article
	LocationID id.Location `json:"location_id"`
	OnHand     int64       `json:"on_hand" minimum:"0" doc:"Units that are there, whatever their state."`
	Reason     string      `json:"reason,omitempty"`
	Note       string      `json:"note,omitempty"`
}

// NewState is a change of what units on hand are good for.
type NewState struct {
	Article
	LocationID id.Location     `json:"location_id"`
	From       inventory.State `json:"from" enum:"sellable,damaged,quality_control,safety"`
	To         inventory.State `json:"to" enum:"sellable,damaged,quality_control,safety"`
	Quantity   int64           `json:"quantity" minimum:"1" doc:"Base units."`
	Reason     string          `json:"reason,omitempty"`
	Note       string          `json:"note,omitempty"`
}

// booked is the answer of a flow that moves stock.
func booked(ctx context.Context, r db.Reader, rows []inventory.Movement, err error) (list[Movement], error) {
	if err != nil {
		return list[Movement]{}, err
	}
	shown, err := showMovements(ctx, r, rows)
	return listOf(shown, ""), err
}

func (s *Server) registerReceiving() {
	type receiveStockInput struct {
		Once
		Body struct {
			Receipts []NewReceipt `json:"receipts" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/stock/receipts", id: "receive-stock", summary: "Book goods that came in, all or none; backorders are filled", tag: stockTag, permission: auth.StockReceive, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *receiveStockInput) (list[Movement], error) {
			named, locations := make([]Article, len(in.Body.Receipts)), make([]id.Location, len(in.Body.Receipts))
			for i, r := range in.Body.Receipts {
				named[i], locations[i] = r.Article, r.LocationID
			}
			variants, err := stockOf(ctx, tx, auth.StockReceive, "receipts", named, locations)
			if err != nil {
				return list[Movement]{}, err
			}
			receipts := make([]flow.Receipt, len(variants))
			for i, r := range in.Body.Receipts {
				receipts[i] = flow.Receipt{
					Variant: variants[i], Location: r.LocationID, Quantity: r.Quantity, UnitCost: r.UnitCost, Opening: r.Opening, Reason: r.Reason, Note: r.Note,
				}
			}
			rows, err := flow.ReceiveGoods(ctx, tx, receipts)
			return booked(ctx, tx, rows, err)
		})

	type countStockInput struct {
		Once
		Body struct {
			Counts []NewCount `json:"counts" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/stock/counts", id: "count-stock", summary: "Say how much was counted; differences are booked", tag: stockTag, permission: auth.StockAdjust, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *countStockInput) (list[Movement], error) {
			named, locations := make([]Article, len(in.Body.Counts)), make([]id.Location, len(in.Body.Counts))
			for i, c := range in.Body.Counts {
				named[i], locations[i] = c.Article, c.LocationID
			}
			variants, err := stockOf(ctx, tx, auth.StockAdjust, "counts", named, locations)
			if err != nil {
				return list[Movement]{}, err
			}
			counts := make([]inventory.Count, len(variants))
			for i, c := range in.Body.Counts {
				counts[i] = inventory.Count{Variant: variants[i], Location: c.LocationID, OnHand: c.OnHand, Reason: c.Reason, Note: c.Note}
			}
			rows, err := flow.CountStock(ctx, tx, counts)
			return booked(ctx, tx, rows, err)
		})
}

func (s *Server) registerAdjusting() {
	type adjustStockInput struct {
		Once
		Body struct {
			Adjustments []NewAdjustment `json:"adjustments" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/stock/adjustments", id: "adjust-stock", summary: "Book that more or less is there than the books say, all or none", tag: stockTag, permission: auth.StockAdjust, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *adjustStockInput) (list[Movement], error) {
			named, locations := make([]Article, len(in.Body.Adjustments)), make([]id.Location, len(in.Body.Adjustments))
			for i, a := range in.Body.Adjustments {
				named[i], locations[i] = a.Article, a.LocationID
			}
			variants, err := stockOf(ctx, tx, auth.StockAdjust, "adjustments", named, locations)
			if err != nil {
				return list[Movement]{}, err
			}
			postings := make([]inventory.Posting, len(variants))
			for i, a := range in.Body.Adjustments {
				postings[i] = inventory.Posting{
					Variant: variants[i], Location: a.LocationID, Kind: inventory.KindAdjust, State: a.State, Quantity: a.Quantity,
					UnitCost: a.UnitCost, Reason: a.Reason, Note: a.Note,
				}
			}
			rows, err := flow.AdjustStock(ctx, tx, postings)
			return booked(ctx, tx, rows, err)
		})

	type undoMovementInput struct {
		Once
		Movement id.Movement `path:"movement"`
		Body     struct {
			Reason string `json:"reason" minLength:"1"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/stock/movements/{movement}/undo", id: "undo-movement", summary: "Book the reverse of an adjustment or a count, once", tag: stockTag, permission: auth.StockAdjust, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *undoMovementInput) (list[Movement], error) {
			rows, err := flow.UndoAdjustments(ctx, tx, []id.Movement{in.Movement}, in.Body.Reason)
			for _, m := range rows { // where it was is known only now; a refusal undoes it
				if err := auth.RequireAt(ctx, auth.StockAdjust, m.Location); err != nil {
					return list[Movement]{}, err
				}
			}
			return booked(ctx, tx, rows, err)
		})

	type changeStateInput struct {
		Once
		Body struct {
			Changes []NewState `json:"changes" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/stock/states", id: "change-stock-state", summary: "Say that units on hand are damaged, in quality control, kept back, or sellable again", tag: stockTag, permission: auth.StockAdjust, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *changeStateInput) (list[Movement], error) {
			named, locations := make([]Article, len(in.Body.Changes)), make([]id.Location, len(in.Body.Changes))
			for i, c := range in.Body.Changes {
				named[i], locations[i] = c.Article, c.LocationID
			}
			variants, err := stockOf(ctx, tx, auth.StockAdjust, "changes", named, locations)
			if err != nil {
				return list[Movement]{}, err
			}
			all := make([]inventory.Reclass, len(variants))
			for i, c := range in.Body.Changes {
				all[i] = inventory.Reclass{
					Variant: variants[i], Location: c.LocationID, From: c.From, To: c.To, Quantity: c.Quantity, Reason: c.Reason, Note: c.Note,
				}
			}
			rows, err := flow.ChangeState(ctx, tx, all)
			return booked(ctx, tx, rows, err)
		})
}
