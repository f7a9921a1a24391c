package view

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/platform/db"
)

// ProductRow is a variant with its product, in the columns that an import of
// products reads. An empty cell leaves what is there as it is.
type ProductRow struct {
	SKU           string         `json:"sku"`
	Handle        string         `json:"handle"`
	Title         string         `json:"title"`
	VariantTitle  string         `json:"variant_title"`
	Description   string         `json:"description"`
	Brand         string         `json:"brand"`
	Category      string         `json:"category"`
	Tags          string         `json:"tags"`
	Status        string         `json:"status"`
	Kind          string         `json:"kind"`
	Option1Name   string         `json:"option1_name"`
	Option1Value  string         `json:"option1_value"`
	Option2Name   string         `json:"option2_name"`
	Option2Value  string         `json:"option2_value"`
	Option3Name   string         `json:"option3_name"`
	Option3Value  string         `json:"option3_value"`
	Barcodes      string         `json:"barcodes"`
	Price         Decimal        `json:"price"` // of one unit, in the base list
	Currency      money.Currency `json:"currency"`
	Cost          Decimal        `json:"cost"` // initial, in the base currency
	TaxClass      string         `json:"tax_class"`
	WeightGrams   int64          `json:"weight_grams"`
	Backorder     bool           `json:"backorder"`
	HSCode        string         `json:"hs_code"`
	OriginCountry string         `json:"origin_country"`
	Components    string         `json:"components"`
	Image         string         `json:"image"`
}

// EachProduct hands on the products by handle, as the inputs that make them
// again: saved as they are, they change nothing.
func EachProduct(ctx context.Context, r db.Reader, fn func(catalog.ProductInput) error) error {
	page := catalog.Page{Limit: 128}
	for {
		products, next, err := catalog.ListProducts(ctx, r, catalog.Filter{}, page)
		if err != nil {
			return err
		}
		inputs, err := catalog.Inputs(ctx, r, products)
		if err != nil {
			return err
		}
		for _, in := range inputs {
			if err := fn(in); err != nil {
				return err
			}
		}
		if page.After = next; next == "" {
			return nil
		}
	}
}

// ProductRows writes a product in rows, one for each variant. Where the columns
// of the import cannot hold what there is (a barcode that stands for a case, the
// shares of a kit's price, a tag with a comma in it), the cell stays empty, so
// that an import of the row does not change it; left counts these cells.
func ProductRows(in catalog.ProductInput, base money.Currency) (rows []ProductRow, left int) {
	fit := func(s string, ok bool) string {
		if !ok {
			left++
			return ""
		}
		return s
	}
	head := ProductRow{
		Handle: in.Handle, Title: *in.Title, Description: *in.Description, Brand: *in.Brand, Category: *in.Category, Status: string(*in.Status),
		Tags: fit(list(*in.Tags)),
	}
	images, ok := imagesOf(*in.Images, len(in.Variants))
	fit("", ok)
	fit("", len(*in.Options) <= optionColumns)
	for i, v := range in.Variants {
		row := head
		row.SKU, row.VariantTitle, row.Kind, row.TaxClass, row.Backorder = v.SKU, *v.Title, string(*v.Kind), *v.TaxClass, *v.Backorder
		row.Cost, row.WeightGrams, row.HSCode, row.OriginCountry = Decimal(v.Cost.String()), *v.WeightGrams, *v.HSCode, *v.OriginCountry
		row.Barcodes, row.Components = fit(barcodesOf(*v.Barcodes)), fit(componentsOf(*v.Components))
		row.options(*in.Options, *v.Options)
		if p, ok := basePrice(v.Prices, base); ok {
			row.Price, row.Currency = Decimal(p.Amount.String()), p.Currency
		}
		if i < len(images) {
			row.Image = images[i]
		}
		rows = append(rows, row)
	}
	return rows, left
}

const optionColumns = 3

// options fills in the columns of options, all or none of them.
func (row *ProductRow) options(names, values []string) {
	if len(names) > optionColumns {
		return
	}
	cells := [optionColumns][2]*string{
		{&row.Option1Name, &row.Option1Value}, {&row.Option2Name, &row.Option2Value}, {&row.Option3Name, &row.Option3Value},
	}
	for i, name := range names {
		*cells[i][0] = name
		if i < len(values) {
			*cells[i][1] = values[i]
		}
	}
}

// basePrice is the price of one unit in the base list of a currency, best in
// the currency given.
func basePrice(prices []catalog.PriceInput, best money.Currency) (found catalog.PriceInput, ok bool) {
	for _, p := range prices {
		if p.List == "" && p.MinQuantity <= 1 && (!ok || p.Currency == best) {
			found, ok = p, true
		}
	}
	return found, ok
}

// separators are the signs at which an import splits a list.
const separators = ",;|"

// list writes texts with commas between them; ok is false where one has a
// separator in it.
func list(texts []string) (s string, ok bool) {
	if slices.ContainsFunc(texts, func(t string) bool { return strings.ContainsAny(t, separators) }) {
		return "", false
	}
	return strings.Join(texts, ", "), true
}

// barcodesOf writes barcodes of one unit whose kind an import guesses from the
// code.
func barcodesOf(barcodes []catalog.BarcodeInput) (string, bool) {
	codes := make([]string, len(barcodes))
	for i, b := range barcodes {
		codes[i] = b.Code
		article := strings.Trim(b.Code, "0123456789") == "" && slices.Contains([]int{8, 12, 13, 14}, len(b.Code))
		switch {
		case b.Quantity != 1:
			return "", false
		case b.Kind == "ean" && len(b.Code) != 14:
		case b.Kind == "upc" && len(b.Code) == 13 && b.Code[0] == '0': // kept with a zero before it
			codes[i] = b.Code[1:]
		case b.Kind == "other" && !article:
		default:
			return "", false
		}
	}
	return list(codes)
}

// componentsOf writes the parts of a kit whose price is shared by quantity.
func componentsOf(parts []catalog.ComponentInput) (string, bool) {
	words := make([]string, len(parts))
	for i, c := range parts {
		if c.PriceWeight != c.Quantity {
			return "", false
		}
		words[i] = fmt.Sprintf("%s:%d", c.SKU, c.Quantity)
	}
	return list(words)
}

// imagesOf spreads the pictures of a product over its rows, one each.
func imagesOf(images []catalog.Image, rows int) ([]string, bool) {
	if len(images) > rows || slices.ContainsFunc(images, func(i catalog.Image) bool { return i.Alt != "" }) {
		return nil, false
	}
	urls := make([]string, len(images))
	for i, img := range images {
		urls[i] = img.URL
	}
	return urls, true
}
