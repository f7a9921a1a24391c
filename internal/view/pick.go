package view

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// Bins tells where variants lie at a location, for a pick list. Those that have
// no bin there are not in the map.
func Bins(ctx context.Context, r db.Reader, location id.Location, variants []id.Variant) (map[id.Variant]fulfillment.Bin, error) {
	found, err := inventory.BinsOf(ctx, r, location, variants)
	bins := make(map[id.Variant]fulfillment.Bin, len(found))
	for v, b := range found {
		bins[v] = fulfillment.Bin{ID: b.ID, Code: b.Code, Path: b.Path}
	}
	return bins, err
}

// Stop is one place on a picker's walk, with what the picker is to look for.
type Stop struct {
	fulfillment.Stop
	SKU      string   `json:"sku"`
	Title    string   `json:"title"`
	Barcodes []string `json:"barcodes" doc:"Codes that a scan of the article may give."`
}

// PickList sorts what is to be picked at a location by the walk: the lines of a
// batch, or those of one fulfillment order.
func PickList(ctx context.Context, r db.Reader, location id.Location, lines []*fulfillment.PickLine) ([]Stop, error) {
	variants := make([]id.Variant, len(lines))
	for i, l := range lines {
		variants[i] = l.Variant
	}
	variants = distinct(variants)
	bins, err := Bins(ctx, r, location, variants)
	if err != nil {
		return nil, err
	}
	type article struct {
		ID    id.Variant `db:"id"`
		SKU   string     `db:"sku"`
		Title string     `db:"title"`
	}
	articles, err := db.SelectIn[article](ctx, r, `SELECT id, sku, title FROM variant WHERE id IN (/*in*/)`, variants)
	if err != nil {
		return nil, err
	}
	type barcode struct {
		Code    string     `db:"code"`
		Variant id.Variant `db:"variant_id"`
	}
	barcodes, err := db.SelectIn[barcode](ctx, r, `SELECT code, variant_id FROM barcode WHERE variant_id IN (/*in*/) ORDER BY variant_id, code`, variants)
	if err != nil {
		return nil, err
	}
	byVariant := make(map[id.Variant]Stop, len(articles))
	for _, a := range articles {
		byVariant[a.ID] = Stop{SKU: a.SKU, Title: a.Title, Barcodes: []string{}}
	}
	for _, b := range barcodes {
		s := byVariant[b.Variant]
		s.Barcodes = append(s.Barcodes, b.Code)
		byVariant[b.Variant] = s
	}
	stops := fulfillment.PickList(lines, bins)
	out := make([]Stop, len(stops))
	for i, s := range stops {
		out[i] = byVariant[s.Variant]
		out[i].Stop = s
	}
	return out, nil
}

// distinct are the different keys of a list, in its order.
func distinct[K comparable](keys []K) []K {
	seen := make(map[K]bool, len(keys))
	out := make([]K, 0, len(keys))
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}
