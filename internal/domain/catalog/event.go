package catalog

import (
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// ProductAdded says that a product came into the catalog.
type ProductAdded struct {
	Product id.Product `json:"product_id"`
	Handle  string     `json:"handle"`
	Title   string     `json:"title"`
}

// Kind is product.added.
func (ProductAdded) Kind() string { return "product.added" }

// Subject is the product.
func (f ProductAdded) Subject() id.UUID { return f.Product }

// ProductChanged says which fields of a product were changed; their values
// stand in the audit.
type ProductChanged struct {
	Product id.Product `json:"product_id"`
	Handle  string     `json:"handle"`
	Fields  []string   `json:"fields"`
}

// Kind is product.changed.
func (ProductChanged) Kind() string { return "product.changed" }

// Subject is the product.
func (f ProductChanged) Subject() id.UUID { return f.Product }

// VariantAdded says that a variant came into the catalog.
type VariantAdded struct {
	Variant id.Variant `json:"variant_id"`
	Product id.Product `json:"product_id"`
	SKU     string     `json:"sku"`
	Title   string     `json:"title"`
}

// Kind is variant.added.
func (VariantAdded) Kind() string { return "variant.added" }

// Subject is the variant.
func (f VariantAdded) Subject() id.UUID { return f.Variant }

// VariantChanged says which fields of a variant were changed; their values, the
// cost among them, stand in the audit.
type VariantChanged struct {
	Variant id.Variant `json:"variant_id"`
	SKU     string     `json:"sku"`
	Fields  []string   `json:"fields"`
}

// Kind is variant.changed.
func (VariantChanged) Kind() string { return "variant.changed" }

// Subject is the variant.
func (f VariantChanged) Subject() id.UUID { return f.Variant }

// PriceChanged says that a selling price was set or taken away.
type PriceChanged struct {
	Variant     id.Variant    `json:"variant_id"`
	List        id.PriceList  `json:"price_list_id"`
	MinQuantity int64         `json:"min_quantity"`
	Before      *money.Micros `json:"before"`
	After       *money.Micros `json:"after"`
}

// Kind is price.changed.
func (PriceChanged) Kind() string { return "price.changed" }

// Subject is the variant.
func (f PriceChanged) Subject() id.UUID { return f.Variant }
