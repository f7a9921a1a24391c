package view

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// StockExplanation is the stock of a variant at a time, with the rows that make
// each number.
type StockExplanation struct {
	Variant   id.Variant          `json:"variant_id"`
	SKU       string              `json:"sku"`
	Title     string              `json:"title"`
	At        time.Time           `json:"at,omitzero" doc:"Missing: now."`
	Locations []ExplainedLocation `json:"locations" doc:"By code."`
}

// ExplainedLocation is what there was of the variant at a location, and why.
type ExplainedLocation struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Sellable  bool   `json:"sellable"`
	Available int64  `json:"available" doc:"Units that could be promised."`
	inventory.Explanation
	Movements    []ExplainedMovement    `json:"movements" doc:"Oldest first."`
	Reservations []ExplainedReservation `json:"reservations" doc:"Claims that were open."`
}

// ExplainedMovement is a movement with its cause as people call it.
type ExplainedMovement struct {
	inventory.Movement
	CauseName string `json:"cause" doc:"Such as shipment 12."`
}

// ExplainedReservation is a claim with what it is for.
type ExplainedReservation struct {
	inventory.Reservation
	For string `json:"for" doc:"Such as order 1001."`
}

// ExplainStock explains the stock of a variant, found by its SKU or a barcode,
// at a time (zero: now), with the newest movements of each location (0: all).
// Errors: NotFound, as catalog.Find.
func ExplainStock(ctx context.Context, r db.Reader, code string, at time.Time, newest int) (StockExplanation, error) {
	v, _, err := catalog.Find(ctx, r, code)
	if err != nil {
		return StockExplanation{}, err
	}
	found, err := inventory.Explain(ctx, r, v.ID, at, newest)
	if err != nil {
		return StockExplanation{}, err
	}
	locations, err := inventory.Locations(ctx, r)
	if err != nil {
		return StockExplanation{}, err
	}
	names, err := nameCauses(ctx, r, found)
	if err != nil {
		return StockExplanation{}, err
	}
	byLocation := make(map[id.Location]inventory.Explanation, len(found))
	for _, e := range found {
		byLocation[e.Location] = e
	}
	out := StockExplanation{Variant: v.ID, SKU: v.SKU, Title: v.Title, At: at, Locations: []ExplainedLocation{}}
	for _, l := range locations {
		if e, ok := byLocation[l.ID]; ok {
			out.Locations = append(out.Locations, explained(l, e, names))
		}
	}
	slices.SortFunc(out.Locations, func(a, b ExplainedLocation) int { return strings.Compare(a.Code, b.Code) })
	return out, nil
}

func explained(l inventory.Location, e inventory.Explanation, names map[id.Any]string) ExplainedLocation {
	out := ExplainedLocation{
		Code: l.Code, Name: l.Name, Sellable: l.Kind.Sellable(), Explanation: e,
		Movements: []ExplainedMovement{}, Reservations: []ExplainedReservation{},
	}
	out.Available = inventory.Level{Counts: e.Counts, Sellable: out.Sellable}.Available()
	for _, m := range e.Movements {
		name := names[m.CauseID]
		if name == "" {
			name = m.CauseKind
		}
		out.Movements = append(out.Movements, ExplainedMovement{m, name})
	}
	for _, c := range e.Reservations {
		out.Reservations = append(out.Reservations, ExplainedReservation{c, names[c.Order]})
	}
	return out
}

// nameCauses finds what people call the things that moved stock or claim it.
func nameCauses(ctx context.Context, r db.Reader, found []inventory.Explanation) (map[id.Any]string, error) {
	keys := map[string][]id.Any{}
	for _, e := range found {
		for _, m := range e.Movements {
			keys[m.CauseKind] = append(keys[m.CauseKind], m.CauseID)
		}
		for _, c := range e.Reservations {
			keys[string(c.DemandKind)] = append(keys[string(c.DemandKind)], c.Order)
		}
	}
	names := map[id.Any]string{}
	type row struct {
		ID     id.Any `db:"id"`
		Number int64  `db:"number"`
	}
	for kind, query := range map[string]string{
		"order":    `SELECT id, number FROM sales_order WHERE id IN (/*in*/)`,
		"shipment": `SELECT id, number FROM shipment WHERE id IN (/*in*/)`,
		"return":   `SELECT id, number FROM sales_return WHERE id IN (/*in*/)`,
		"count":    `SELECT id, number FROM stock_count WHERE id IN (/*in*/)`,
		"transfer": `SELECT id, number FROM transfer WHERE id IN (/*in*/)`,
	} {
		rows, err := db.SelectIn[row](ctx, r, query, distinct(keys[kind]))
		if err != nil {
			return nil, err
		}
		for _, x := range rows {
			names[x.ID] = fmt.Sprintf("%s %d", kind, x.Number)
		}
	}
	return names, nil
}
