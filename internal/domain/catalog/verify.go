package catalog

import (
	"context"
	"strings"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Verify recomputes the keys by which variants are found and the slugs of the
// categories, and sees that kits are made of what has stock.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	for _, verify := range []func(context.Context, db.Reader, check.Report) error{verifyKeys, verifyKits, verifyCategories} {
		if err := verify(ctx, r, report); err != nil {
			return err
		}
	}
	return nil
}

func verifyKeys(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		SKU       string `db:"sku"`
		SKUKey    string `db:"sku_key"`
		Title     string `db:"title"`
		SearchKey string `db:"search_key"`
		Product   string `db:"product"`
		Brand     string `db:"brand"`
	}
	err := db.Each(ctx, r, func(v row) error {
		report.Equal("CA-1", v.SKU, "sku_key", v.SKUKey, text.Fold(v.SKU))
		report.Equal("CA-1", v.SKU, "search_key", v.SearchKey, searchKey(v.Title, v.Product, v.Brand))
		return nil
	}, `SELECT v.sku, v.sku_key, v.title, v.search_key, p.title AS product, p.brand FROM variant v JOIN product p ON p.id = v.product_id`)
	if err != nil {
		return err
	}
	return db.Each(ctx, r, func(code string) error {
		report.Equal("CA-1", "barcode "+code, "code", code, BarcodeKey(code))
		return nil
	}, `SELECT code FROM barcode`)
}

func verifyKits(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Kit      string `db:"kit"`
		KitKind  Kind   `db:"kit_kind"`
		Part     string `db:"part"`
		PartKind Kind   `db:"part_kind"`
	}
	return db.Each(ctx, r, func(c row) error {
		report.Equal("CA-2", c.Kit, "has components", true, c.KitKind.HasComponents())
		report.Equal("CA-2", c.Kit, "component "+c.Part+" has stock", true, c.PartKind.HasStock())
		return nil
	}, `SELECT k.sku AS kit, k.kind AS kit_kind, p.sku AS part, p.kind AS part_kind
		FROM kit_component c JOIN variant k ON k.id = c.kit_id JOIN variant p ON p.id = c.component_id`)
}

func verifyCategories(ctx context.Context, r db.Reader, report check.Report) error {
	all, err := db.Select[Category](ctx, r, `SELECT `+db.Columns[Category]()+` FROM category`)
	if err != nil {
		return err
	}
	tree, err := Categories(ctx, r)
	if err != nil {
		return err
	}
	report.Equal("CA-3", "categories", "number that hang on the top", len(all), len(tree))
	slugs := map[id.Category]string{}
	for _, c := range tree {
		slugs[c.ID] = strings.TrimPrefix(slugs[c.ParentID]+"/"+text.Slug(c.Name), "/")
		report.Equal("CA-3", "category "+c.Name, "slug", c.Slug, slugs[c.ID])
	}
	return nil
}
