package catalog

import (
	"context"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Barcode is a code that stands for some units of a variant.
type Barcode struct {
	Code      string     `db:"code" json:"code" doc:"UPC-A codes are kept as EAN-13, with a zero before them."`
	VariantID id.Variant `db:"variant_id" json:"variant_id"`
	Kind      string     `db:"kind" json:"kind" enum:"ean,upc,case,supplier,other"`
	Quantity  int64      `db:"quantity" json:"quantity" doc:"Base units that one scan stands for."`
}

var barcodeKinds = []string{"ean", "upc", "case", "supplier", "other"}

// BarcodeKey is the form in which barcodes are kept and compared. A GTIN with
// leading zeros is the same number in every length (GS1 General Specifications,
// section 3.3.2), so scanners that show a UPC-A as EAN-13 or in 14 digits all find it.
func BarcodeKey(code string) string {
	code = strings.Join(strings.Fields(text.Clean(code)), "")
	if !digits(code) {
		return code
	}
	switch len(code) {
	case 12:
		return "0" + code
	case 14:
		return strings.TrimPrefix(code, "0")
	}
	return code
}

// checkBarcode tells what is wrong with a code of a kind, or "".
func checkBarcode(kind, code string) string {
	if code == "" || len(code) > 100 {
		return "is empty or longer than 100 characters"
	}
	if kind != "ean" && kind != "upc" {
		return ""
	}
	if !digits(code) || len(code) != 8 && len(code) != 13 && len(code) != 14 {
		return "is not a code of 8, 12, 13 or 14 digits"
	}
	if !gtin(code) {
		return "has a wrong check digit"
	}
	return ""
}

// gtin verifies the last digit of a GTIN: weights 3 and 1 from the right (GS1
// General Specifications, section 7.9).
func gtin(code string) bool {
	sum := 0
	for i := range len(code) {
		weight := 1
		if (len(code)-i)%2 == 0 {
			weight = 3
		}
		sum += weight * int(code[i]-'0')
	}
	return sum%10 == 0
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Scanned is what a code turned out to be.
type Scanned struct {
	Variant  Variant `json:"variant"`
	Quantity int64   `json:"quantity" doc:"Base units that one scan stands for."`
}

// ByBarcode finds the variants of barcodes, by the code as it was given.
func ByBarcode(ctx context.Context, r db.Reader, codes []string) (map[string]Scanned, error) {
	keys := make([]string, len(codes))
	for i, c := range codes {
		keys[i] = BarcodeKey(c)
	}
	found, err := db.SelectIn[Barcode](ctx, r, `SELECT `+db.Columns[Barcode]()+` FROM barcode WHERE code IN (/*in*/)`, distinct(keys))
	if err != nil {
		return nil, err
	}
	byCode := make(map[string]Barcode, len(found))
	ids := make([]id.Variant, len(found))
	for i, b := range found {
		byCode[b.Code], ids[i] = b, b.VariantID
	}
	variants, err := Variants(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Scanned, len(found))
	for i, c := range codes {
		if b, ok := byCode[keys[i]]; ok {
			out[c] = Scanned{variants[b.VariantID], b.Quantity}
		}
	}
	return out, nil
}

// Scan finds what a scanner read: a barcode first, since a SKU may look like
// another article's barcode, then what Find finds. perScan is how many base
// units the scan stands for.
func Scan(ctx context.Context, r db.Reader, code string) (v Variant, perScan int64, err error) {
	found, err := ByBarcode(ctx, r, []string{code})
	if err != nil {
		return Variant{}, 0, err
	}
	if s, ok := found[code]; ok {
		return s.Variant, s.Quantity, nil
	}
	return Find(ctx, r, code)
}

// Find finds what a person typed: an exact SKU first, then a barcode, then a SKU
// that differs only in case or accents, if it is the only one.
func Find(ctx context.Context, r db.Reader, code string) (v Variant, perScan int64, err error) {
	code = text.Clean(code)
	exact, err := BySKU(ctx, r, []string{code})
	if err != nil {
		return Variant{}, 0, err
	}
	if v, ok := exact[code]; ok {
		return v, 1, nil
	}
	scanned, err := ByBarcode(ctx, r, []string{code})
	if err != nil {
		return Variant{}, 0, err
	}
	if s, ok := scanned[code]; ok {
		return s.Variant, s.Quantity, nil
	}
	like, err := db.Select[Variant](ctx, r, `SELECT `+db.Columns[Variant]()+` FROM variant WHERE sku_key = ? ORDER BY sku LIMIT 2`, text.Fold(code))
	switch {
	case err != nil:
		return Variant{}, 0, err
	case len(like) == 0:
		return Variant{}, 0, fault.New(fault.NotFound, "catalog.unknown_code", "There is no variant with the SKU or barcode %q.", code)
	case len(like) > 1:
		return Variant{}, 0, fault.New(fault.Conflict, "catalog.ambiguous_code", "%q may be %s or %s: write the SKU exactly.", code, like[0].SKU, like[1].SKU)
	}
	return like[0], 1, nil
}

// Barcodes lists the codes of variants, by variant and code.
func Barcodes(ctx context.Context, r db.Reader, variants []id.Variant) (map[id.Variant][]Barcode, error) {
	rows, err := db.SelectIn[Barcode](ctx, r, `
		SELECT `+db.Columns[Barcode]()+` FROM barcode WHERE variant_id IN (/*in*/) ORDER BY variant_id, code`, distinct(variants))
	out := map[id.Variant][]Barcode{}
	for _, b := range rows {
		out[b.VariantID] = append(out[b.VariantID], b)
	}
	return out, err
}
