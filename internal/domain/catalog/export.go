package catalog

import (
	"context"
	"strings"

	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// Inputs writes products as the inputs that would make them again, in a constant
// number of statements: saved as they are, they change nothing. Exports, copies
// and the bulk edit begin with them. Ids and versions are left out, since another
// database has others.
func Inputs(ctx context.Context, r db.Reader, products []Product) ([]ProductInput, error) {
	d, err := readDetails(ctx, r, products)
	if err != nil {
		return nil, err
	}
	out := make([]ProductInput, len(products))
	for i, p := range products {
		path := d.paths[p.CategoryID]
		in := ProductInput{
			Handle: p.Handle, Title: &p.Title, Description: &p.Description, Brand: &p.Brand, Category: &path,
			Options: &p.Options.V, Tags: &p.Tags.V, Images: &p.Images.V, Custom: p.Custom.V, Status: &p.Status,
		}
		for _, v := range d.variants[p.ID] {
			in.Variants = append(in.Variants, d.input(v))
		}
		out[i] = in
	}
	return out, nil
}

// details are the rows below products.
type details struct {
	paths      map[id.Category]string
	variants   map[id.Product][]Variant
	barcodes   map[id.Variant][]Barcode
	components map[id.Variant][]Component
	parts      map[id.Variant]Variant
	prices     map[id.Variant][]Price
	purchase   map[id.Variant][]PurchasePrice
	lists      map[id.PriceList]PriceList
}

func readDetails(ctx context.Context, r db.Reader, products []Product) (details, error) {
	d := details{paths: map[id.Category]string{}, lists: map[id.PriceList]PriceList{}, components: map[id.Variant][]Component{}}
	ids := make([]id.Product, len(products))
	for i, p := range products {
		ids[i] = p.ID
	}
	var err error
	if d.variants, err = VariantsOf(ctx, r, ids); err != nil {
		return d, err
	}
	var of, parts []id.Variant
	for _, variants := range d.variants {
		for _, v := range variants {
			of = append(of, v.ID)
		}
	}
	if d.barcodes, err = Barcodes(ctx, r, of); err != nil {
		return d, err
	}
	rows, err := db.SelectIn[Component](ctx, r, `SELECT `+db.Columns[Component]()+` FROM kit_component WHERE kit_id IN (/*in*/) ORDER BY kit_id, position`, of)
	if err != nil {
		return d, err
	}
	for _, c := range rows {
		d.components[c.KitID] = append(d.components[c.KitID], c)
		parts = append(parts, c.ComponentID)
	}
	if d.parts, err = Variants(ctx, r, parts); err != nil {
		return d, err
	}
	if d.prices, err = AllPrices(ctx, r, of); err != nil {
		return d, err
	}
	if d.purchase, err = PurchasePrices(ctx, r, of); err != nil {
		return d, err
	}
	lists, err := PriceLists(ctx, r)
	if err != nil {
		return d, err
	}
	for _, l := range lists {
		d.lists[l.ID] = l
	}
	categories, err := Categories(ctx, r)
	for _, c := range categories { // parents first
		d.paths[c.ID] = strings.TrimPrefix(d.paths[c.ParentID]+" > "+c.Name, " > ")
	}
	return d, err
}

func (d details) input(v Variant) VariantInput {
	in := VariantInput{
		SKU: v.SKU, Title: &v.Title, Options: &v.Options.V, Kind: &v.Kind, TaxClass: &v.TaxClass,
		Backorder: &v.Backorder, BackorderLimit: &v.BackorderLimit, MaySplit: &v.MaySplit, Cost: &v.Cost,
		WeightGrams: &v.WeightGrams, LengthMM: &v.LengthMM, WidthMM: &v.WidthMM, HeightMM: &v.HeightMM,
		HSCode: &v.HSCode, OriginCountry: &v.OriginCountry, Hazmat: &v.Hazmat, Temperature: &v.Temperature,
		ShelfLifeDays: &v.ShelfLifeDays, ShipsAlone: &v.ShipsAlone, Signature: &v.Signature, PackSize: &v.PackSize, Active: &v.Active,
	}
	barcodes := make([]BarcodeInput, 0, len(d.barcodes[v.ID]))
	for _, b := range d.barcodes[v.ID] {
		barcodes = append(barcodes, BarcodeInput{Code: b.Code, Kind: b.Kind, Quantity: b.Quantity})
	}
	components := make([]ComponentInput, 0, len(d.components[v.ID]))
	for _, c := range d.components[v.ID] {
		components = append(components, ComponentInput{SKU: d.parts[c.ComponentID].SKU, Quantity: c.Quantity, PriceWeight: c.PriceWeight})
	}
	purchase := make([]PurchaseInput, 0, len(d.purchase[v.ID]))
	for _, p := range d.purchase[v.ID] {
		purchase = append(purchase, PurchaseInput{
			Supplier: p.Supplier, SupplierSKU: p.SupplierSKU, Currency: p.Currency, MinQuantity: p.MinQuantity, Amount: p.Amount, Preferred: p.Preferred,
		})
	}
	for _, p := range d.prices[v.ID] {
		price := PriceInput{Currency: p.Currency, MinQuantity: p.MinQuantity, Amount: &p.Amount}
		if l := d.lists[p.List]; !l.Base { // a base list is made where there is none
			price.List = l.Code
		}
		in.Prices = append(in.Prices, price)
	}
	in.Barcodes, in.Components, in.Purchase = &barcodes, &components, &purchase
	return in
}
