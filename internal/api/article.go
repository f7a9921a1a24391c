package api

import (
	"context"
	"fmt"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/platform/db"
)

// Article names a variant in a request, by its id or by its SKU.
type Article struct {
	VariantID id.Variant `json:"variant_id,omitzero"`
	SKU       string     `json:"sku,omitempty" doc:"To the letter; where no variant_id is given."`
}

// articles are the variants that a request names.
type articles struct {
	byID  map[id.Variant]catalog.Variant
	bySKU map[string]catalog.Variant
}

// readArticles reads the variants that are named, in a constant number of
// statements.
func readArticles(ctx context.Context, r db.Reader, named []Article) (a articles, err error) {
	var ids []id.Variant
	var skus []string
	for _, n := range named {
		if n.VariantID.IsZero() {
			skus = append(skus, n.SKU)
		} else {
			ids = append(ids, n.VariantID)
		}
	}
	if a.byID, err = catalog.Variants(ctx, r, ids); err != nil {
		return a, err
	}
	a.bySKU, err = catalog.BySKU(ctx, r, skus)
	return a, err
}

// find is the variant that is named, and notes where there is none.
func (a articles) find(f fault.Fields, prefix string, n Article) catalog.Variant {
	if v, ok := a.byID[n.VariantID]; ok {
		return v
	}
	if v, ok := a.bySKU[n.SKU]; ok && n.VariantID.IsZero() {
		return v
	}
	switch {
	case !n.VariantID.IsZero():
		f.Add(prefix+"variant_id", "there is no variant %s", n.VariantID)
	case n.SKU != "":
		f.Add(prefix+"sku", "there is no variant with the SKU %q", n.SKU)
	default:
		f.Add(prefix+"sku", "is missing: give a SKU or a variant_id")
	}
	return catalog.Variant{}
}

// stocked is find for variants that have stock.
func (a articles) stocked(f fault.Fields, prefix string, n Article) id.Variant {
	v := a.find(f, prefix, n)
	if !v.ID.IsZero() && !v.Kind.HasStock() {
		f.Add(prefix+"sku", "%s is a %s and has no stock of its own", v.SKU, v.Kind)
	}
	return v.ID
}

// item names a field of an item of a list: lines[2].quantity, or without the
// field what stands before it.
func item(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }
