package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Product is a product with its variants.
type Product struct {
	catalog.Product
	Variants []Variant `json:"variants"`
}

func (p Product) version() int64 { return p.Version }

// Variant is a variant with what hangs on it. What it costs is shown to those
// who may see costs.
type Variant struct {
	ID             id.Variant               `json:"id"`
	ProductID      id.Product               `json:"product_id"`
	SKU            string                   `json:"sku"`
	Title          string                   `json:"title"`
	Options        db.JSON[[]string]        `json:"options" doc:"Values of the product's options, in their order."`
	Kind           catalog.Kind             `json:"kind" enum:"stocked,service,kit,assembly,digital,gift_card"`
	TaxClass       string                   `json:"tax_class"`
	Backorder      bool                     `json:"backorder" doc:"May be sold when there is none."`
	BackorderLimit int64                    `json:"backorder_limit" doc:"Units that may be owed at once; 0 is no limit."`
	MaySplit       bool                     `json:"may_split" doc:"Of a kit: components may come in several parcels."`
	Cost           *money.Micros            `json:"cost,omitempty" doc:"Initial cost of one unit, in the base currency; only with cost:read."`
	WeightGrams    int64                    `json:"weight_grams"`
	LengthMM       int64                    `json:"length_mm"`
	WidthMM        int64                    `json:"width_mm"`
	HeightMM       int64                    `json:"height_mm"`
	HSCode         string                   `json:"hs_code" doc:"Code of the Harmonized System."`
	OriginCountry  string                   `json:"origin_country" doc:"ISO 3166-1 alpha-2 code."`
	Hazmat         string                   `json:"hazmat"`
	Temperature    string                   `json:"temperature"`
	ShelfLifeDays  int64                    `json:"shelf_life_days"`
	ShipsAlone     bool                     `json:"ships_alone"`
	Signature      bool                     `json:"signature"`
	PackSize       int64                    `json:"pack_size"`
	Active         bool                     `json:"active"`
	Version        int64                    `json:"version"`
	CreatedAt      time.Time                `json:"created_at"`
	UpdatedAt      time.Time                `json:"updated_at"`
	Barcodes       []catalog.Barcode        `json:"barcodes"`
	Components     []Component              `json:"components" doc:"What a kit or an assembly is made of."`
	Prices         []catalog.Price          `json:"prices" doc:"In all price lists."`
	Purchase       *[]catalog.PurchasePrice `json:"purchase_prices,omitempty" doc:"What suppliers ask; only with cost:read."`
	PerScan        int64                    `json:"per_scan,omitempty" doc:"Where a code was asked for: units that one scan of it stands for."`
}

func (v Variant) version() int64 { return v.Version }

// Component is a part of a kit or an assembly.
type Component struct {
	VariantID   id.Variant `json:"variant_id"`
	SKU         string     `json:"sku"`
	Title       string     `json:"title"`
	Quantity    int64      `json:"quantity" doc:"Units in one kit."`
	PriceWeight int64      `json:"price_weight" doc:"Share of the kit's price, relative to the other components."`
}

// showProducts reads what hangs on products, in a constant number of statements.
func showProducts(ctx context.Context, r db.Reader, products []catalog.Product) ([]Product, error) {
	ids := make([]id.Product, len(products))
	for i, p := range products {
		ids[i] = p.ID
	}
	of, err := catalog.VariantsOf(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	var rows []catalog.Variant
	for _, p := range products {
		rows = append(rows, of[p.ID]...)
	}
	variants, err := showVariants(ctx, r, rows)
	if err != nil {
		return nil, err
	}
	out := make([]Product, len(products))
	for i, p := range products {
		n := len(of[p.ID])
		out[i], variants = Product{p, orEmpty(variants[:n:n])}, variants[n:]
	}
	return out, nil
}

func showProduct(ctx context.Context, r db.Reader, p id.Product) (Product, error) {
	row, err := catalog.GetProduct(ctx, r, p)
	if err != nil {
		return Product{}, err
	}
	shown, err := showProducts(ctx, r, []catalog.Product{row})
	if err != nil {
		return Product{}, err
	}
	return shown[0], nil
}

// showVariants reads what hangs on variants, in a constant number of statements.
func showVariants(ctx context.Context, r db.Reader, rows []catalog.Variant) ([]Variant, error) {
	ids := make([]id.Variant, len(rows))
	for i, v := range rows {
		ids[i] = v.ID
	}
	barcodes, err := catalog.Barcodes(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	prices, err := catalog.AllPrices(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	components, err := showComponents(ctx, r, rows)
	if err != nil {
		return nil, err
	}
	costs := auth.From(ctx).May(auth.CostRead)
	var purchase map[id.Variant][]catalog.PurchasePrice
	if costs {
		if purchase, err = catalog.PurchasePrices(ctx, r, ids); err != nil {
			return nil, err
		}
	}
	out := make([]Variant, len(rows))
	for i, row := range rows {
		v := variantOf(row)
		v.Barcodes, v.Components, v.Prices = orEmpty(barcodes[v.ID]), orEmpty(components[v.ID]), orEmpty(prices[v.ID])
		if costs {
			asked := orEmpty(purchase[v.ID])
			v.Cost, v.Purchase = &rows[i].Cost, &asked
		}
		out[i] = v
	}
	return out, nil
}

// variantOf shows a variant without what it costs.
func variantOf(v catalog.Variant) Variant {
	return Variant{
		ID: v.ID, ProductID: v.ProductID, SKU: v.SKU, Title: v.Title, Options: v.Options, Kind: v.Kind, TaxClass: v.TaxClass,
		Backorder: v.Backorder, BackorderLimit: v.BackorderLimit, MaySplit: v.MaySplit, WeightGrams: v.WeightGrams,
		LengthMM: v.LengthMM, WidthMM: v.WidthMM, HeightMM: v.HeightMM, HSCode: v.HSCode, OriginCountry: v.OriginCountry,
		Hazmat: v.Hazmat, Temperature: v.Temperature, ShelfLifeDays: v.ShelfLifeDays, ShipsAlone: v.ShipsAlone,
		Signature: v.Signature, PackSize: v.PackSize, Active: v.Active, Version: v.Version, CreatedAt: v.CreatedAt,
		UpdatedAt: v.UpdatedAt,
	}
}

// showComponents reads what kits and assemblies are made of, by the whole.
func showComponents(ctx context.Context, r db.Reader, rows []catalog.Variant) (map[id.Variant][]Component, error) {
	var kits, assemblies []id.Variant
	for _, v := range rows {
		switch v.Kind {
		case catalog.Kit:
			kits = append(kits, v.ID)
		case catalog.Assembly:
			assemblies = append(assemblies, v.ID)
		}
	}
	parts, err := catalog.Components(ctx, r, kits)
	if err != nil {
		return nil, err
	}
	bills, err := catalog.BillOfMaterials(ctx, r, assemblies)
	if err != nil {
		return nil, err
	}
	var ids []id.Variant
	for whole, list := range bills {
		parts[whole] = list
	}
	for _, list := range parts {
		for _, c := range list {
			ids = append(ids, c.ComponentID)
		}
	}
	known, err := catalog.Variants(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[id.Variant][]Component, len(parts))
	for whole, list := range parts {
		for _, c := range list {
			v := known[c.ComponentID]
			out[whole] = append(out[whole], Component{v.ID, v.SKU, v.Title, c.Quantity, c.PriceWeight})
		}
	}
	return out, nil
}

// CatalogFilter is what products and variants are selected by.
type CatalogFilter struct {
	Text     string         `query:"text" doc:"Words of titles, brand, SKU or a barcode."`
	Category id.Category    `query:"category" doc:"And all below it."`
	Brand    string         `query:"brand"`
	Tag      string         `query:"tag"`
	Status   catalog.Status `query:"status" enum:"active,draft,archived" doc:"Of the product."`
	Kind     catalog.Kind   `query:"kind" enum:"stocked,service,kit,assembly,digital,gift_card"`
}

func (f CatalogFilter) filter() catalog.Filter {
	return catalog.Filter{Text: f.Text, Category: f.Category, Brand: f.Brand, Tag: f.Tag, Status: f.Status, Kind: f.Kind}
}

const catalogTag = "Catalog"

// ProductFields are the fields of a product in a request, which names the
// product in its path, if at all.
type ProductFields struct {
	catalog.ProductInput
	ID      struct{} `json:"-"` // hides the field of the bulk form
	Version struct{} `json:"-"`
}

func (s *Server) registerProducts() {
	type listInput struct {
		Paged
		CatalogFilter
	}
	read(s, route{method: http.MethodGet, path: "/v1/products", id: "list-products", summary: "List products", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, in *listInput) (list[Product], error) {
			rows, next, err := catalog.ListProducts(ctx, s.DB, in.filter(), catalog.Page{Limit: in.Limit, After: in.After})
			if err != nil {
				return list[Product]{}, err
			}
			shown, err := showProducts(ctx, s.DB, rows)
			return listOf(shown, next), err
		})

	type addInput struct {
		Once
		Body ProductFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/products", id: "add-product", summary: "Add a product with its variants", tag: catalogTag, permission: auth.CatalogWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Product, error) {
			added, err := catalog.SaveProduct(ctx, tx, in.Body.ProductInput)
			if err != nil {
				return Product{}, err
			}
			if added.Outcome != catalog.Created {
				return Product{}, fault.New(fault.Conflict, "catalog.product_exists", "There is a product with this handle or SKU already: change it instead.").
					With(map[string]id.Product{"product_id": added.Product})
			}
			return showProduct(ctx, tx, added.Product)
		})

	type getInput struct {
		Product id.Product `path:"product"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/products/{product}", id: "get-product", summary: "A product with its variants", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, in *getInput) (Product, error) { return showProduct(ctx, s.DB, in.Product) })

	type changeInput struct {
		Keyed
		IfMatch
		Product id.Product `path:"product"`
		Body    ProductFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/products/{product}", id: "change-product", summary: "Change a product, its variants, barcodes, kits and prices", tag: catalogTag, permission: auth.CatalogWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (_ Product, err error) {
			change := in.Body.ProductInput
			change.ID = in.Product
			if change.Version, err = in.want(); err != nil {
				return Product{}, err
			}
			if _, err := catalog.SaveProduct(ctx, tx, change); err != nil {
				return Product{}, err
			}
			return showProduct(ctx, tx, in.Product)
		})

	type saveProductsInput struct {
		Once
		Body struct {
			Products []catalog.ProductInput `json:"products" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/products/bulk", id: "save-products", summary: "Add and change products, by id, handle or SKU", tag: catalogTag, permission: auth.CatalogWrite},
		func(ctx context.Context, tx *db.Tx, in *saveProductsInput) (bulk[catalog.ProductResult], error) {
			var out bulk[catalog.ProductResult]
			saved, err := catalog.SaveProducts(ctx, tx, in.Body.Products)
			if err != nil {
				return out, err
			}
			for _, p := range saved {
				switch p.Outcome {
				case catalog.Refused:
					if err := out.refuse(p.Err); err != nil {
						return out, err
					}
				case catalog.Created:
					out.done(http.StatusCreated, p)
				default:
					out.done(http.StatusOK, p)
				}
			}
			return out, nil
		})
}

func (s *Server) registerVariants() {
	type listInput struct {
		Paged
		CatalogFilter
		Product id.Product `query:"product"`
		Active  string     `query:"active" enum:"true,false"`
		Code    string     `query:"code" doc:"What a scanner read: a barcode, else a SKU. Gives one variant or none, whatever else is asked for."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/variants", id: "list-variants", summary: "List variants, or find one by barcode or SKU", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, in *listInput) (list[Variant], error) {
			if in.Code != "" {
				return scan(ctx, s.DB, in.Code)
			}
			f := in.filter()
			f.Product = in.Product
			if in.Active != "" {
				active := in.Active == "true"
				f.Active = &active
			}
			rows, next, err := catalog.ListVariants(ctx, s.DB, f, catalog.Page{Limit: in.Limit, After: in.After})
			if err != nil {
				return list[Variant]{}, err
			}
			shown, err := showVariants(ctx, s.DB, rows)
			return listOf(shown, next), err
		})

	type getInput struct {
		Variant id.Variant `path:"variant"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/variants/{variant}", id: "get-variant", summary: "A variant", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, in *getInput) (Variant, error) {
			v, err := catalog.GetVariant(ctx, s.DB, in.Variant)
			if err != nil {
				return Variant{}, err
			}
			shown, err := showVariants(ctx, s.DB, []catalog.Variant{v})
			if err != nil {
				return Variant{}, err
			}
			return shown[0], nil
		})
}

func scan(ctx context.Context, r db.Reader, code string) (list[Variant], error) {
	v, perScan, err := catalog.Scan(ctx, r, code)
	if fault.KindOf(err) == fault.NotFound {
		return listOf[Variant](nil, ""), nil
	}
	if err != nil {
		return list[Variant]{}, err
	}
	shown, err := showVariants(ctx, r, []catalog.Variant{v})
	if err != nil {
		return list[Variant]{}, err
	}
	shown[0].PerScan = perScan
	return listOf(shown, ""), nil
}

// CategoryFields are the fields of a category in a request.
type CategoryFields struct {
	Name     string      `json:"name"`
	ParentID id.Category `json:"parent_id,omitzero"`
	Position int64       `json:"position,omitempty" doc:"Order among its siblings."`
}

func (s *Server) registerCategories() {
	read(s, route{method: http.MethodGet, path: "/v1/categories", id: "list-categories", summary: "The tree of categories, parents before their children", tag: catalogTag, permission: auth.CatalogRead},
		func(ctx context.Context, _ *struct{}) (list[catalog.Category], error) {
			all, err := catalog.Categories(ctx, s.DB)
			return listOf(all, ""), err
		})

	type addInput struct {
		Once
		Body CategoryFields
	}
	write(s, route{method: http.MethodPost, path: "/v1/categories", id: "add-category", summary: "Add a category", tag: catalogTag, permission: auth.CatalogWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addInput) (catalog.Category, error) {
			return catalog.SaveCategory(ctx, tx, catalog.Category{Name: in.Body.Name, ParentID: in.Body.ParentID, Position: in.Body.Position})
		})

	type changeInput struct {
		Category id.Category `path:"category"`
		Body     CategoryFields
	}
	write(s, route{method: http.MethodPut, path: "/v1/categories/{category}", id: "change-category", summary: "Rename or move a category with all below it", tag: catalogTag, permission: auth.CatalogWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (catalog.Category, error) {
			return catalog.SaveCategory(ctx, tx, catalog.Category{ID: in.Category, Name: in.Body.Name, ParentID: in.Body.ParentID, Position: in.Body.Position})
		})

	type deleteInput struct {
		Keyed
		Category id.Category `path:"category"`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/categories/{category}", id: "delete-category", summary: "Delete a category that has nothing in it", tag: catalogTag, permission: auth.CatalogWrite},
		func(ctx context.Context, tx *db.Tx, in *deleteInput) (struct{}, error) {
			return struct{}{}, catalog.DeleteCategory(ctx, tx, in.Category)
		})
}
