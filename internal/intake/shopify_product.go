package intake

import (
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/text"
	"purser/internal/domain/catalog"
)

// shopifyProductColumns are those of Shopify's products_export that cannot be done without.
var shopifyProductColumns = []string{"Handle", "Title", "Option1 Value", "Variant SKU", "Variant Price"}

var shopifyProductFields = map[string]string{
	"handle": "Handle", "title": "Title", "description": "Body (HTML)", "brand": "Vendor", "tags": "Tags", "status": "Status",
	"option1_name": "Option1 Name", "option1_value": "Option1 Value", "option2_name": "Option2 Name", "option2_value": "Option2 Value",
	"option3_name": "Option3 Name", "option3_value": "Option3 Value", "sku": "Variant SKU", "weight_grams": "Variant Grams",
	"price": "Variant Price", "cost": "Cost per item", "barcodes": "Variant Barcode", "image": "Image Src", "image_alt": "Image Alt Text",
	// what has no counterpart is read beside the mapping
	"type": "Type", "product_category": "Product Category", "published": "Published", "policy": "Variant Inventory Policy",
	"ships": "Variant Requires Shipping", "gift_card": "Gift Card",
}

// bindShopifyProducts reads Shopify's products_export: a product is the rows with
// its handle, those with a price or an option are its variants, and the others
// carry further pictures. A variant without SKU, which Shopify allows, gets one
// from the handle and its options, the same at each import.
func bindShopifyProducts(header columns, o Options) (func(Row) (string, *RowError), builder[*ProductRecord], error) {
	if err := header.check(shopifyProductColumns); err != nil {
		return nil, nil, err
	}
	c, err := shopifyMapping(Products, header, shopifyProductFields).bind(header, o.Zone)
	if err != nil {
		return nil, nil, err
	}
	key := func(row Row) (string, *RowError) { return text.Slug(c.get(row, "handle")), nil }
	build := func(key string, rows []Row) (*ProductRecord, []*RowError) {
		b := &productBuilder{cells: c, currency: o.Currency, record: &ProductRecord{Key: key, Rows: rows}}
		b.record.Product.Handle = key
		giftCard := false
		for _, row := range rows {
			b.form = &form{cells: c, row: row, wrong: fault.Fields{}}
			b.head()
			b.shopifyHead()
			giftCard = giftCard || strings.EqualFold(c.get(row, "gift_card"), "true")
			if b.says("price") || b.says("sku") || b.says("option1_value") {
				b.shopifyVariant(giftCard)
			}
			b.finish()
		}
		return b.record, b.errs
	}
	return key, build, nil
}

func (b *productBuilder) shopifyHead() {
	p := &b.record.Product
	b.once(&p.Category, "product_category", maxTitle)
	b.once(&p.Category, "type", maxTitle)
	if p.Status == nil && b.says("published") {
		status := catalog.Draft
		if b.boolean("published") {
			status = catalog.Active
		}
		p.Status = &status
	}
	// A product without options has the one option Title with the value Default Title.
	if p.Options != nil && len(*p.Options) == 1 && (*p.Options)[0] == "Title" && b.cells.get(b.row, "option1_value") == "Default Title" {
		p.Options, b.options = nil, 0
	}
}

func (b *productBuilder) shopifyVariant(giftCard bool) {
	sku := b.code("sku")
	if sku == "" {
		sku = b.record.Key
		for _, name := range []string{"option1_value", "option2_value", "option3_value"} {
			if slug := text.Slug(b.cells.get(b.row, name)); slug != "" && slug != "default-title" {
				sku += "-" + slug
			}
		}
		short(b.wrong, "sku", sku, maxShort)
	}
	v := b.variant(sku)
	kind := catalog.Stocked
	switch {
	case giftCard:
		kind = catalog.GiftCard
	case b.says("ships") && !b.boolean("ships"):
		kind = catalog.Digital
	}
	v.Kind = &kind
	if b.says("policy") {
		backorder := strings.EqualFold(b.cells.get(b.row, "policy"), "continue")
		v.Backorder = &backorder
	}
}
