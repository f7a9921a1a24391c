package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

// Movement is a row of the stock ledger.
type Movement struct {
	ID           id.Movement     `json:"id"`
	VariantID    id.Variant      `json:"variant_id"`
	LocationID   id.Location     `json:"location_id"`
	Kind         inventory.Kind  `json:"kind"`
	State        inventory.State `json:"state"`
	Quantity     int64           `json:"quantity" doc:"Signed change of the units in that state, and of on hand."`
	OnHandAfter  int64           `json:"on_hand_after"`
	Value        *money.Amount   `json:"value,omitempty" doc:"Signed change of the stock's value; only with cost:read."`
	Reason       string          `json:"reason,omitempty"`
	CauseKind    string          `json:"cause_kind"`
	CauseID      id.Any          `json:"cause_id,omitzero"`
	Cause        string          `json:"cause,omitempty" doc:"Where it is explained: such as shipment 12."`
	OrderID      id.Order        `json:"order_id,omitzero"`
	Undoes       id.Movement     `json:"undoes_id,omitzero"`
	Actor        string          `json:"actor"`
	Note         string          `json:"note,omitempty"`
	At           time.Time       `json:"at"`
	BusinessDate string          `json:"business_date"`
}

// showMovements shows rows of the ledger, with values to those who may see costs.
func showMovements(ctx context.Context, r db.Reader, rows []inventory.Movement) ([]Movement, error) {
	costs := auth.From(ctx).May(auth.CostRead) && len(rows) > 0
	var base money.Currency
	if costs {
		company, err := setting.LoadCompany(ctx, r)
		if err != nil {
			return nil, err
		}
		base = company.BaseCurrency
	}
	out := make([]Movement, len(rows))
	for i, m := range rows {
		out[i] = Movement{
			ID: m.ID, VariantID: m.Variant, LocationID: m.Location, Kind: m.Kind, State: m.State, Quantity: m.Quantity,
			OnHandAfter: m.OnHandAfter, Reason: m.Reason, CauseKind: m.CauseKind, CauseID: m.CauseID, OrderID: m.Order,
			Undoes: m.Undoes, Actor: m.Actor, Note: m.Note, At: m.At, BusinessDate: m.BusinessDate,
		}
		if costs {
			value := money.Of(m.Value, base)
			out[i].Value = &value
		}
	}
	return out, nil
}

// within are the locations that a list is of: those asked for, if the one who
// acts may see them, or else those that he is limited to, if he is.
func within(ctx context.Context, permission auth.Permission, asked []id.Location) ([]id.Location, error) {
	for _, l := range asked {
		if err := auth.RequireAt(ctx, permission, l); err != nil {
			return nil, err
		}
	}
	if len(asked) == 0 {
		return auth.From(ctx).Locations, nil
	}
	return asked, nil
}

func (s *Server) registerStock() {
	type levelsInput struct {
		Paged
		Text      string        `query:"text" doc:"Words of the SKU, the titles or the brand."`
		Variants  []id.Variant  `query:"variant" maxItems:"200"`
		SKUs      []string      `query:"sku" maxItems:"200" doc:"To the letter."`
		Locations []id.Location `query:"location" maxItems:"200"`
		Short     bool          `query:"short" doc:"Only where units are owed, or more is promised than there is."`
		Present   bool          `query:"present" doc:"Only where units are there, on their way or owed."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/stock/levels", id: "list-stock-levels", summary: "What there is of variants at locations", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *levelsInput) (list[view.Stock], error) {
			locations, err := within(ctx, auth.StockRead, in.Locations)
			if err != nil {
				return list[view.Stock]{}, err
			}
			variants, err := withSKUs(ctx, s.DB, in.Variants, in.SKUs)
			if err != nil || len(variants) == 0 && len(in.SKUs) > 0 {
				return listOf[view.Stock](nil, ""), err
			}
			f := view.StockFilter{Text: in.Text, Variants: variants, Locations: locations, Short: in.Short, Present: in.Present}
			rows, next, err := view.StockLevels(ctx, s.DB, f, view.Page{Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})

	type movementsInput struct {
		Paged
		Variants  []id.Variant     `query:"variant" maxItems:"200"`
		Locations []id.Location    `query:"location" maxItems:"200"`
		Kinds     []inventory.Kind `query:"kind" enum:"receive,ship,adjust,count,transfer_out,transfer_in,return_in,supplier_return,assemble_in,assemble_out,reclass"`
		From      time.Time        `query:"from" doc:"From this time on."`
		To        time.Time        `query:"to" doc:"Before this time."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/stock/movements", id: "list-movements", summary: "The stock ledger, newest first", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *movementsInput) (list[Movement], error) {
			locations, err := within(ctx, auth.StockRead, in.Locations)
			if err != nil {
				return list[Movement]{}, err
			}
			rows, next, err := inventory.Movements(ctx, s.DB, inventory.MovementFilter{
				Variants: in.Variants, Locations: locations, Kinds: in.Kinds, From: in.From.UTC(), To: in.To.UTC(), Limit: in.Limit, After: in.After,
			})
			if err != nil {
				return list[Movement]{}, err
			}
			shown, err := showMovements(ctx, s.DB, rows)
			return listOf(shown, next), err
		})

	type backordersInput struct {
		Paged
		Variants  []id.Variant  `query:"variant" maxItems:"200"`
		Locations []id.Location `query:"location" maxItems:"200"`
		Channels  []id.Channel  `query:"channel" maxItems:"200"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/backorders", id: "list-backorders", summary: "What is owed, in the order in which what comes in is given out", tag: stockTag, permission: auth.OrderRead},
		func(ctx context.Context, in *backordersInput) (list[view.Backorder], error) {
			locations, err := within(ctx, auth.OrderRead, in.Locations)
			if err != nil {
				return list[view.Backorder]{}, err
			}
			f := view.BackorderFilter{Variants: in.Variants, Locations: locations, Channels: in.Channels}
			rows, next, err := view.Backorders(ctx, s.DB, f, view.Page{Limit: in.Limit, After: in.After})
			return listOf(rows, next), err
		})
}

// withSKUs adds to ids the variants with SKUs; SKUs of nothing add nothing.
func withSKUs(ctx context.Context, r db.Reader, ids []id.Variant, skus []string) ([]id.Variant, error) {
	if len(skus) == 0 {
		return ids, nil
	}
	found, err := catalog.BySKU(ctx, r, skus)
	for _, sku := range skus {
		if v, ok := found[sku]; ok {
			ids = append(ids, v.ID)
		}
	}
	return ids, err
}

// StockExplanation is the numbers of a variant at a location at one time, and
// the rows that make them.
type StockExplanation struct {
	LocationID   id.Location                 `json:"location_id"`
	Code         string                      `json:"code"`
	Name         string                      `json:"name"`
	Available    int64                       `json:"available" doc:"Units that could be promised."`
	Counts       inventory.Counts            `json:"counts"`
	Earlier      inventory.Counts            `json:"earlier" doc:"What movements older than those shown add up to."`
	Movements    []Movement                  `json:"movements" doc:"Oldest first. Earlier and their quantities add up to on hand and to each state."`
	Reservations []view.ExplainedReservation `json:"reservations" doc:"Claims that were open: of stock they add up to committed, of backorders to backordered."`
	Transfers    []inventory.UnderWay        `json:"transfers" doc:"What was under way to here: it adds up to incoming."`
}

func (s *Server) registerExplain() {
	type explainInput struct {
		Variant id.Variant `path:"variant"`
		At      time.Time  `query:"at" doc:"The numbers as they were at this time; now, if it is left out."`
		Newest  int        `query:"newest" minimum:"1" maximum:"1000" default:"100" doc:"How many movements to show of each location."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/variants/{variant}/stock", id: "explain-stock", summary: "The numbers of a variant's stock and the rows that make them", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *explainInput) (list[StockExplanation], error) {
			var out []StockExplanation
			err := s.DB.Read(ctx, func(r *db.Snapshot) error {
				v, err := catalog.GetVariant(ctx, r, in.Variant)
				if err != nil {
					return err
				}
				found, err := view.ExplainStock(ctx, r, v.SKU, in.At.UTC(), in.Newest)
				if err != nil {
					return err
				}
				for _, l := range found.Locations {
					if auth.From(ctx).MayAt(l.Location) {
						shown, err := showExplained(ctx, r, l)
						if err != nil {
							return err
						}
						out = append(out, shown)
					}
				}
				return nil
			})
			return listOf(out, ""), err
		})
}

func showExplained(ctx context.Context, r db.Reader, l view.ExplainedLocation) (StockExplanation, error) {
	rows := make([]inventory.Movement, len(l.Movements))
	for i, m := range l.Movements {
		rows[i] = m.Movement
	}
	movements, err := showMovements(ctx, r, rows)
	for i := range movements {
		movements[i].Cause = l.Movements[i].CauseName
	}
	return StockExplanation{
		LocationID: l.Location, Code: l.Code, Name: l.Name, Available: l.Available, Counts: l.Counts, Earlier: l.Earlier,
		Movements: orEmpty(movements), Reservations: orEmpty(l.Reservations), Transfers: orEmpty(l.Transfers),
	}, err
}

// stockOf reads the variants whose stock is to be changed at locations, if the
// one who acts may do so there.
func stockOf(ctx context.Context, r db.Reader, permission auth.Permission, list string, named []Article, locations []id.Location) ([]id.Variant, error) {
	found, err := readArticles(ctx, r, named)
	if err != nil {
		return nil, err
	}
	known, err := inventory.Locations(ctx, r)
	if err != nil {
		return nil, err
	}
	there := make(map[id.Location]bool, len(known))
	for _, l := range known {
		there[l.ID] = true
	}
	f := fault.Fields{}
	variants := make([]id.Variant, len(named))
	for i, n := range named {
		variants[i] = found.stocked(f, item(list, i, ""), n)
		if !there[locations[i]] {
			f.Add(item(list, i, "location_id"), "there is no such location")
		}
	}
	if err := f.Err("stock.invalid", "The stock cannot be changed like this."); err != nil {
		return nil, err
	}
	_, err = within(ctx, permission, locations)
	return variants, err
}
