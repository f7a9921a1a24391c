package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
)

// ProductInput says what a product is to be. It serves the form, the API, the
// bulk edit and the import alike: a field that is nil stays as it is, or gets its
// default in a new product. The product is the one with ID, else the one with
// Handle, else the one that has the first SKU; else it is new.
type ProductInput struct {
	ID          id.Product     `json:"id,omitzero"`
	Version     int64          `json:"version,omitempty" doc:"Version the product was read at; 0 does not check."`
	Handle      string         `json:"handle,omitempty" doc:"Made from the title if a new product has none."`
	Title       *string        `json:"title,omitempty"`
	Description *string        `json:"description,omitempty"`
	Brand       *string        `json:"brand,omitempty"`
	Category    *string        `json:"category,omitempty" doc:"Path of the category, such as Drinks > Tea; empty is none."`
	Options     *[]string      `json:"options,omitempty"`
	Tags        *[]string      `json:"tags,omitempty"`
	Images      *[]Image       `json:"images,omitempty"`
	Custom      map[string]any `json:"custom,omitempty" doc:"Set by name; null takes a field away."`
	Status      *Status        `json:"status,omitempty"`
	Variants    []VariantInput `json:"variants,omitempty" doc:"Those that are added or changed; others stay."`
}

// VariantInput says what a variant is to be. It is the one with ID, which may be
// given a new SKU, else the one with SKU; else it is new.
type VariantInput struct {
	ID             id.Variant        `json:"id,omitzero"`
	SKU            string            `json:"sku,omitempty"`
	Title          *string           `json:"title,omitempty"`
	Options        *[]string         `json:"options,omitempty"`
	Kind           *Kind             `json:"kind,omitempty" doc:"Stays what it was made as; see ChangeKind."`
	TaxClass       *string           `json:"tax_class,omitempty"`
	Backorder      *bool             `json:"backorder,omitempty"`
	BackorderLimit *int64            `json:"backorder_limit,omitempty"`
	MaySplit       *bool             `json:"may_split,omitempty"`
	Cost           *money.Micros     `json:"cost,omitempty"`
	WeightGrams    *int64            `json:"weight_grams,omitempty"`
	LengthMM       *int64            `json:"length_mm,omitempty"`
	WidthMM        *int64            `json:"width_mm,omitempty"`
	HeightMM       *int64            `json:"height_mm,omitempty"`
	HSCode         *string           `json:"hs_code,omitempty"`
	OriginCountry  *string           `json:"origin_country,omitempty"`
	Hazmat         *string           `json:"hazmat,omitempty"`
	Temperature    *string           `json:"temperature,omitempty"`
	ShelfLifeDays  *int64            `json:"shelf_life_days,omitempty"`
	ShipsAlone     *bool             `json:"ships_alone,omitempty"`
	Signature      *bool             `json:"signature,omitempty"`
	PackSize       *int64            `json:"pack_size,omitempty"`
	Active         *bool             `json:"active,omitempty"`
	Barcodes       *[]BarcodeInput   `json:"barcodes,omitempty" doc:"All of them."`
	Components     *[]ComponentInput `json:"components,omitempty" doc:"All of them, in their order."`
	Prices         []PriceInput      `json:"prices,omitempty" doc:"Those that are set or taken away; others stay."`
	Purchase       *[]PurchaseInput  `json:"purchase_prices,omitempty" doc:"All of them."`
}

// BarcodeInput is a code of a variant.
type BarcodeInput struct {
	Code     string `json:"code"`
	Kind     string `json:"kind,omitempty" doc:"ean, upc, case, supplier or other; guessed if it is left out."`
	Quantity int64  `json:"quantity,omitempty" doc:"Units that one scan stands for; 1 if it is left out."`
}

// ComponentInput is a part of a kit or an assembly.
type ComponentInput struct {
	SKU         string `json:"sku"`
	Quantity    int64  `json:"quantity,omitempty" doc:"Units in one kit; 1 if it is left out."`
	PriceWeight int64  `json:"price_weight,omitempty" doc:"Share of the kit's price. If no component has one, the quantities are taken."`
}

// PriceInput sets a selling price.
type PriceInput struct {
	List        string         `json:"list,omitempty" doc:"Code of the price list; empty is the base list of the currency."`
	Currency    money.Currency `json:"currency,omitempty" doc:"Needed where no list is named."`
	MinQuantity int64          `json:"min_quantity,omitempty" doc:"1 if it is left out."`
	Amount      *money.Micros  `json:"amount" doc:"null takes the price away."`
}

// PurchaseInput is what a supplier asks.
type PurchaseInput struct {
	Supplier    string         `json:"supplier"`
	SupplierSKU string         `json:"supplier_sku,omitempty"`
	Currency    money.Currency `json:"currency"`
	MinQuantity int64          `json:"min_quantity,omitempty" doc:"1 if it is left out."`
	Amount      money.Micros   `json:"amount"`
	Preferred   bool           `json:"preferred,omitempty"`
}

const (
	maxVariants = 2048
	maxTitle    = 500
	maxBody     = 100_000
	maxSKU      = 100
	maxList     = 250 // tags, images, components, barcodes, prices
	maxMeasure  = 1_000_000_000
)

// path names a field of an item of a list: variants[2].sku.
func path(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }

// set changes a value where there is a new one.
func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// setText changes a text where there is a new one, cleaned and not too long.
func setText(f fault.Fields, name string, dst, src *string, longest int) {
	if src == nil {
		return
	}
	*dst = text.Clean(*src)
	if utf8.RuneCountInString(*dst) > longest {
		f.Add(name, "is longer than %d characters", longest)
	}
}

// setNumber changes a number where there is a new one, from least up.
func setNumber(f fault.Fields, name string, dst, src *int64, least int64) {
	if src == nil {
		return
	}
	*dst = *src
	if *dst < least || *dst > maxMeasure {
		f.Add(name, "is not between %d and %d", least, maxMeasure)
	}
}

// apply makes p what in says and notes what cannot be. The category and the
// variants are not its business.
func (in ProductInput) apply(p *Product, f fault.Fields) {
	setText(f, "title", &p.Title, in.Title, maxTitle)
	setText(f, "description", &p.Description, in.Description, maxBody)
	setText(f, "brand", &p.Brand, in.Brand, maxTitle)
	set(&p.Status, in.Status)
	if in.Options != nil {
		p.Options.V = cleanAll(*in.Options)
		if len(p.Options.V) > 10 || len(distinct(p.Options.V)) < len(p.Options.V) {
			f.Add("options", "are more than ten, or one stands there twice")
		}
	}
	if in.Tags != nil {
		p.Tags.V = distinct(cleanAll(*in.Tags))
	}
	if in.Images != nil {
		p.Images.V = append([]Image{}, *in.Images...)
		for i, img := range p.Images.V {
			if u, err := url.Parse(img.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" && (u.Scheme != "" || u.Path == "") {
				f.Add(path("images", i, "url"), "is not an address of a picture")
			}
		}
	}
	if in.Custom != nil {
		custom := make(map[string]any, len(p.Custom.V)+len(in.Custom))
		maps.Copy(custom, p.Custom.V)
		for name, value := range in.Custom {
			if name = text.Clean(name); name == "" {
				f.Add("custom", "has a field without a name")
			} else if custom[name] = value; value == nil {
				delete(custom, name)
			}
		}
		p.Custom.V = asJSON(custom, f)
	}
	if p.Title == "" {
		f.Add("title", "is missing")
	}
	if !slices.Contains([]Status{Active, Draft, Archived}, p.Status) {
		f.Add("status", "%q is none of active, draft, archived", p.Status)
	}
	if len(p.Tags.V) > maxList || len(p.Images.V) > maxList || len(p.Custom.V) > maxList {
		f.Add("tags", "tags, images and custom fields are %d each at most", maxList)
	}
	if in.Category != nil {
		if wrong := checkPath(*in.Category); wrong != "" {
			f.Add("category", "%s", wrong)
		}
	}
}

// apply makes v, a variant of p, what in says and notes what cannot be. The
// fields are named behind prefix, as variants[0]. Kind and SKU are the stage's
// business.
func (in VariantInput) apply(v *Variant, p Product, f fault.Fields, prefix string) {
	setText(f, prefix+"title", &v.Title, in.Title, maxTitle)
	setText(f, prefix+"tax_class", &v.TaxClass, in.TaxClass, 50)
	setText(f, prefix+"hazmat", &v.Hazmat, in.Hazmat, 100)
	setText(f, prefix+"temperature", &v.Temperature, in.Temperature, 50)
	setText(f, prefix+"hs_code", &v.HSCode, in.HSCode, 20)
	setText(f, prefix+"origin_country", &v.OriginCountry, in.OriginCountry, 100)
	setNumber(f, prefix+"backorder_limit", &v.BackorderLimit, in.BackorderLimit, 0)
	setNumber(f, prefix+"weight_grams", &v.WeightGrams, in.WeightGrams, 0)
	setNumber(f, prefix+"length_mm", &v.LengthMM, in.LengthMM, 0)
	setNumber(f, prefix+"width_mm", &v.WidthMM, in.WidthMM, 0)
	setNumber(f, prefix+"height_mm", &v.HeightMM, in.HeightMM, 0)
	setNumber(f, prefix+"shelf_life_days", &v.ShelfLifeDays, in.ShelfLifeDays, 0)
	setNumber(f, prefix+"pack_size", &v.PackSize, in.PackSize, 1)
	set(&v.Backorder, in.Backorder)
	set(&v.MaySplit, in.MaySplit)
	set(&v.ShipsAlone, in.ShipsAlone)
	set(&v.Signature, in.Signature)
	set(&v.Active, in.Active)
	set(&v.Cost, in.Cost)
	if in.Options != nil {
		v.Options.V = cleanAll(*in.Options)
	}
	if len(v.Options.V) > len(p.Options.V) {
		f.Add(prefix+"options", "has %d values, but the product has %d options", len(v.Options.V), len(p.Options.V))
	}
	if v.Title == "" {
		v.Title = strings.Join(append([]string{p.Title}, v.Options.V...), " ")
	}
	if v.TaxClass == "" {
		v.TaxClass = "standard"
	}
	if v.Cost < 0 {
		f.Add(prefix+"cost", "is negative")
	}
	v.HSCode = strings.NewReplacer(".", "", " ", "").Replace(v.HSCode)
	if v.HSCode != "" && (!digits(v.HSCode) || len(v.HSCode) < 6 || len(v.HSCode) > 12) {
		f.Add(prefix+"hs_code", "is not a code of 6 to 12 digits")
	}
	if v.OriginCountry != "" {
		code, ok := geo.Country(v.OriginCountry)
		if v.OriginCountry = code; !ok {
			f.Add(prefix+"origin_country", "is not a country: use a code such as DE")
		}
	}
}

// barcodes are the codes as they are kept.
func (in VariantInput) barcodes(v id.Variant, f fault.Fields, prefix string) []Barcode {
	out := make([]Barcode, 0, len(*in.Barcodes))
	for i, b := range *in.Barcodes {
		code := Barcode{Code: BarcodeKey(b.Code), VariantID: v, Kind: b.Kind, Quantity: max(b.Quantity, 0)}
		if b.Quantity == 0 {
			code.Quantity = 1
		}
		if code.Kind == "" {
			code.Kind = guessBarcode(b.Code, code)
		}
		at := prefix + path("barcodes", i, "code")
		switch wrong := checkBarcode(code.Kind, code.Code); {
		case wrong != "":
			f.Add(at, "%s", wrong)
		case !slices.Contains(barcodeKinds, code.Kind):
			f.Add(prefix+path("barcodes", i, "kind"), "%q is none of %s", code.Kind, strings.Join(barcodeKinds, ", "))
		case code.Quantity < 1 || code.Quantity > maxMeasure:
			f.Add(prefix+path("barcodes", i, "quantity"), "is not between 1 and %d", maxMeasure)
		case slices.ContainsFunc(out, func(o Barcode) bool { return o.Code == code.Code }):
			f.Add(at, "stands there twice")
		}
		out = append(out, code)
	}
	if len(out) > maxList {
		f.Add(prefix+"barcodes", "are more than %d", maxList)
	}
	slices.SortFunc(out, func(a, b Barcode) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// guessBarcode is the kind of a code whose kind nobody told.
func guessBarcode(given string, b Barcode) string {
	switch {
	case b.Quantity > 1:
		return "case"
	case !digits(b.Code) || !gtin(b.Code) || len(b.Code) != 13 && len(b.Code) != 8:
		return "other"
	case len(strings.Join(strings.Fields(given), "")) == 12:
		return "upc"
	}
	return "ean"
}

// purchases are the prices of suppliers as they are kept.
func (in VariantInput) purchases(v id.Variant, f fault.Fields, prefix string) []PurchasePrice {
	out := make([]PurchasePrice, 0, len(*in.Purchase))
	for i, p := range *in.Purchase {
		price := PurchasePrice{
			Variant: v, Supplier: text.Clean(p.Supplier), SupplierSKU: text.Clean(p.SupplierSKU), Currency: p.Currency,
			MinQuantity: p.MinQuantity, Amount: p.Amount, Preferred: p.Preferred,
		}
		if price.MinQuantity == 0 {
			price.MinQuantity = 1
		}
		switch field := func(name string) string { return prefix + path("purchase_prices", i, name) }; {
		case price.Supplier == "" || len(price.Supplier) > maxTitle:
			f.Add(field("supplier"), "is missing or too long")
		case price.Currency == "" || !price.Currency.Valid():
			f.Add(field("currency"), "%q is not an ISO 4217 currency code", price.Currency)
		case price.MinQuantity < 1 || price.MinQuantity > maxMeasure:
			f.Add(field("min_quantity"), "is not between 1 and %d", maxMeasure)
		case price.Amount < 0:
			f.Add(field("amount"), "is negative")
		case slices.ContainsFunc(out, func(o PurchasePrice) bool {
			return o.Supplier == price.Supplier && o.MinQuantity == price.MinQuantity
		}):
			f.Add(field("min_quantity"), "stands there twice for this supplier")
		}
		out = append(out, price)
	}
	if len(out) > maxList {
		f.Add(prefix+"purchase_prices", "are more than %d", maxList)
	}
	slices.SortFunc(out, comparePurchases)
	return out
}

// asJSON is a map as it comes back from the database, so that like is seen as like.
func asJSON(m map[string]any, f fault.Fields) map[string]any {
	b, err := json.Marshal(m)
	var out map[string]any
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil || len(b) > maxBody {
		f.Add("custom", "is not JSON of less than %d bytes", maxBody)
	}
	return out
}

func comparePurchases(a, b PurchasePrice) int {
	return cmp.Or(strings.Compare(a.Supplier, b.Supplier), cmp.Compare(a.MinQuantity, b.MinQuantity))
}

// cleanAll is the list of clean texts that are not empty; never nil.
func cleanAll(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s = text.Clean(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
