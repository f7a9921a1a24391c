package intake

import (
	"cmp"
	"strings"

	"purser/internal/base/fault"
)

var shopifyStockColumns = []string{"SKU", "Location"}

// shopifyQuantities are the columns with the number on hand, the first that has
// one counts: what a person wrote into an export, then what was there, in
// this year's layout and in former ones.
var shopifyQuantities = []string{"On hand (new)", "On hand (current)", "On hand", "Available (not editable)", "Available"}

// bindShopifyStock reads Shopify's inventory_export. Rows of variants that are
// not stocked at a location say nothing.
func bindShopifyStock(header columns, o Options) (func(Row) (string, *RowError), builder[*StockRecord], error) {
	if err := header.check(shopifyStockColumns); err != nil {
		return nil, nil, err
	}
	var quantities []int
	for _, name := range shopifyQuantities {
		if i := header.find(name); i >= 0 {
			quantities = append(quantities, i)
		}
	}
	if len(quantities) == 0 {
		return nil, nil, header.check([]string{"On hand (new)"})
	}
	sku, location, bin := header.find("SKU"), header.find("Location"), header.find("Bin name")
	build := func(_ string, rows []Row) (*StockRecord, []*RowError) {
		row, wrong := rows[0], fault.Fields{}
		s := &StockRecord{SKU: short(wrong, "SKU", code(row.Fields[sku]), maxShort), Location: short(wrong, "Location", title(row.Fields[location]), maxShort), Row: row}
		if bin >= 0 {
			s.Bin = short(wrong, "Bin name", code(row.Fields[bin]), maxShort)
		}
		value := ""
		for _, i := range quantities {
			value = cmp.Or(value, strings.TrimSpace(row.Fields[i]))
		}
		if strings.EqualFold(value, "not stocked") {
			return nil, nil
		}
		var err error
		if s.OnHand, err = integer(value, '.'); err != nil {
			wrong.Add("On hand", "%v", err)
		}
		return s.checked(wrong, reasons)
	}
	return lineKey, build, nil
}
