package intake

import (
	"cmp"
	"fmt"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/domain/catalog"
)

// bindProducts reads products by a mapping.
func bindProducts(header columns, o Options) (func(Row) (string, *RowError), builder[*ProductRecord], error) {
	c, err := o.Mapping.bind(header, o.Zone)
	if err != nil {
		return nil, nil, err
	}
	// A row without a handle is a product of its own, as is one with a handle and nothing else in common.
	key := func(row Row) (string, *RowError) {
		if handle := c.get(row, "handle"); handle != "" {
			return text.Slug(handle), nil
		}
		sku := code(c.get(row, "sku"))
		if handle := text.Slug(sku); handle != "" {
			return handle, nil
		}
		return "", &RowError{Row: row, Code: CodeBadValue, Reason: cmp.Or(c.column["sku"], "sku") + ": is missing, or has neither letters nor digits."}
	}
	build := func(key string, rows []Row) (*ProductRecord, []*RowError) {
		b := &productBuilder{cells: c, currency: o.Currency, record: &ProductRecord{Key: key, Rows: rows}}
		b.record.Product.Handle = key
		for _, row := range rows {
			b.form = &form{cells: c, row: row, wrong: fault.Fields{}}
			b.head()
			b.variant(b.code("sku"))
			b.finish()
		}
		return b.record, b.errs
	}
	return key, build, nil
}

// productBuilder makes a product of its rows, one after the other.
type productBuilder struct {
	*form
	cells    *cells
	currency money.Currency
	record   *ProductRecord
	errs     []*RowError
	options  int // that the product has
}

// finish ends a row.
func (b *productBuilder) finish() {
	if len(b.wrong) > 0 {
		b.errs = append(b.errs, &RowError{Row: b.row, Code: CodeBadValue, Reason: b.cells.reasons(b.wrong)})
	}
}

// head reads what the row says of the product.
func (b *productBuilder) head() {
	p := &b.record.Product
	b.once(&p.Title, "title", maxTitle)
	b.once(&p.Description, "description", maxNote)
	b.once(&p.Brand, "brand", maxShort)
	b.once(&p.Category, "category", maxTitle)
	if p.Tags == nil && b.says("tags") {
		tags := words(b.text("tags", maxNote))
		p.Tags = &tags
	}
	if p.Status == nil && b.says("status") {
		status := catalog.Status(strings.ToLower(b.text("status", maxShort)))
		switch status {
		case catalog.Active, catalog.Draft, catalog.Archived:
			p.Status = &status
		default:
			b.wrong.Add("status", "must be active, draft or archived, not %q", status)
		}
	}
	if p.Options == nil {
		var names []string
		for i := 1; i <= 3; i++ {
			if name := title(b.text(fmt.Sprintf("option%d_name", i), maxShort)); name != "" {
				names = append(names, name)
			}
		}
		if b.options = len(names); b.options > 0 {
			p.Options = &names
		}
	}
	if b.says("image") {
		if p.Images == nil {
			p.Images = &[]catalog.Image{}
		}
		*p.Images = append(*p.Images, catalog.Image{URL: b.text("image", 2000), Alt: title(b.text("image_alt", maxTitle))})
	}
}

// says tells whether the row has a value for a field.
func (b *productBuilder) says(field string) bool { return b.cells.get(b.row, field) != "" }

// once takes a text of the product from the first row that has it.
func (b *productBuilder) once(dst **string, field string, longest int) {
	if *dst == nil && b.says(field) {
		s := text.Clean(b.text(field, longest))
		*dst = &s
	}
}

// variant reads what the row says of a variant.
func (b *productBuilder) variant(sku string) *catalog.VariantInput {
	v := catalog.VariantInput{SKU: sku}
	if sku == "" {
		b.wrong.Add("sku", "is missing")
	}
	b.once(&v.Title, "variant_title", maxTitle)
	b.once(&v.TaxClass, "tax_class", maxShort)
	b.once(&v.HSCode, "hs_code", maxShort)
	b.once(&v.OriginCountry, "origin_country", maxShort)
	if b.says("kind") {
		kind := catalog.Kind(strings.ToLower(b.text("kind", maxShort)))
		v.Kind = &kind
		switch kind {
		case catalog.Stocked, catalog.Service, catalog.Kit, catalog.Assembly, catalog.Digital, catalog.GiftCard:
		default:
			b.wrong.Add("kind", "%q is no kind of variant", kind)
		}
	}
	if b.options > 0 {
		values := make([]string, b.options)
		for i := range values {
			values[i] = title(b.text(fmt.Sprintf("option%d_value", i+1), maxShort))
		}
		v.Options = &values
	}
	if b.says("weight_grams") {
		n := b.integer("weight_grams", 0)
		v.WeightGrams = &n
		if n < 0 {
			b.wrong.Add("weight_grams", "is negative")
		}
	}
	if b.says("backorder") {
		yes := b.boolean("backorder")
		v.Backorder = &yes
	}
	b.money(&v)
	b.lists(&v)
	b.record.Product.Variants = append(b.record.Product.Variants, v)
	return &b.record.Product.Variants[len(b.record.Product.Variants)-1]
}

func (b *productBuilder) money(v *catalog.VariantInput) {
	if b.says("price") {
		price := b.price("price")
		v.Prices = []catalog.PriceInput{{Currency: b.form.currency(b.currency), Amount: &price}}
		if price < 0 {
			b.wrong.Add("price", "is negative")
		}
	}
	if b.says("cost") {
		cost := b.price("cost")
		v.Cost = &cost
		if cost < 0 {
			b.wrong.Add("cost", "is negative")
		}
	}
}

func (b *productBuilder) lists(v *catalog.VariantInput) {
	if b.says("barcodes") {
		codes := []catalog.BarcodeInput{}
		for _, w := range words(b.text("barcodes", maxNote)) {
			codes = append(codes, catalog.BarcodeInput{Code: code(w)})
		}
		v.Barcodes = &codes
	}
	if b.says("components") {
		parts := []catalog.ComponentInput{}
		for _, w := range words(b.text("components", maxNote)) {
			part := catalog.ComponentInput{SKU: w, Quantity: 1}
			if i := strings.LastIndexByte(w, ':'); i >= 0 {
				n, err := integer(w[i+1:], '.')
				if err != nil || n < 1 {
					b.wrong.Add("components", "%q has no quantity: write SKU:2", w)
				}
				part = catalog.ComponentInput{SKU: strings.TrimSpace(w[:i]), Quantity: n}
			}
			parts = append(parts, part)
		}
		v.Components = &parts
	}
}
