package intake

import (
	"slices"
	"strings"
)

// target is a field that can be read from a file, by its name in mappings,
// which is also the name of its column in Purser's own format.
type target struct {
	name     string
	required bool
	date     bool
	doc      string // for docs/import.md, which a test compares
}

// FieldTable describes the fields of a kind of file as a Markdown table.
func FieldTable(k Kind) string {
	var b strings.Builder
	b.WriteString("| field | needed | meaning |\n| --- | --- | --- |\n")
	for _, t := range targets(k) {
		needed := ""
		if t.required {
			needed = "yes"
		}
		b.WriteString("| " + t.name + " | " + needed + " | " + t.doc + " |\n")
	}
	return b.String()
}

func targets(k Kind) []target {
	switch k {
	case Products:
		return productTargets
	case Stock:
		return stockTargets
	case Orders:
		return orderTargets
	}
	return nil
}

func targetOf(k Kind, name string) (target, bool) {
	all := targets(k)
	if i := slices.IndexFunc(all, func(t target) bool { return t.name == name }); i >= 0 {
		return all[i], true
	}
	return target{}, false
}

func targetNames(k Kind) []string {
	var names []string
	for _, t := range targets(k) {
		names = append(names, t.name)
	}
	return names
}

var productTargets = []target{
	{name: "sku", required: true, doc: "Unique code of the variant, to the letter."},
	{name: "handle", doc: "Name of the product; rows that follow each other with the same handle are its variants. Made from the SKU if empty."},
	{name: "title", doc: "Title of the product."},
	{name: "variant_title", doc: "Title of the variant, where it has its own."},
	{name: "description", doc: "Text of the product."},
	{name: "brand", doc: "Brand."},
	{name: "category", doc: "Path such as Drinks > Tea."},
	{name: "tags", doc: "Words, separated by commas."},
	{name: "status", doc: "active, draft or archived."},
	{name: "kind", doc: "stocked, service, kit, assembly, digital or gift_card; stocked if empty."},
	{name: "option1_name", doc: "Name of the first option, such as Size."},
	{name: "option1_value", doc: "Its value."},
	{name: "option2_name", doc: "Name of the second option."},
	{name: "option2_value", doc: "Its value."},
	{name: "option3_name", doc: "Name of the third option."},
	{name: "option3_value", doc: "Its value."},
	{name: "barcodes", doc: "Codes, separated by commas."},
	{name: "price", doc: "Selling price of one unit, with up to six decimals."},
	{name: "currency", doc: "ISO 4217 code of the price; the base currency if empty."},
	{name: "cost", doc: "Initial cost of one unit in the base currency."},
	{name: "tax_class", doc: "Tax class."},
	{name: "weight_grams", doc: "Weight of one unit."},
	{name: "backorder", doc: "true if it may be sold when there is none."},
	{name: "hs_code", doc: "Code of the Harmonized System."},
	{name: "origin_country", doc: "Country of origin."},
	{name: "components", doc: "Of a kit: SKUs with quantities, such as CUP:2, SAUCER:2."},
	{name: "image", doc: "Address of a picture."},
}

var stockTargets = []target{
	{name: "sku", required: true, doc: "Code of the variant, or one of its barcodes."},
	{name: "location", required: true, doc: "Code or name of the location."},
	{name: "quantity", required: true, doc: "Units on hand."},
	{name: "bin", doc: "Bin at the location."},
	{name: "cost", doc: "Cost of one unit in the base currency, for units that are added."},
	{name: "reason", doc: "Why the number changes."},
}

var orderTargets = []target{
	{name: "number", required: true, doc: "Number of the order. Rows of one order lie together; rows after the first may leave it empty."},
	{name: "placed_at", required: true, date: true, doc: "Time of the order."},
	{name: "sku", required: true, doc: "Code of the variant."},
	{name: "quantity", required: true, doc: "Units."},
	{name: "unit_price", required: true, doc: "Price of one unit before discounts, with up to six decimals."},
	{name: "kind", doc: "order, or return for goods that came back; order if empty."},
	{name: "external_id", doc: "The source's own id of the order, if the number is not it."},
	{name: "line_id", doc: "The source's own id of the line."},
	{name: "channel", doc: "Code of the channel."},
	{name: "currency", doc: "ISO 4217 code; the base currency if empty."},
	{name: "tax_included", doc: "true if prices include tax."},
	{name: "customer_number", doc: "Number of the customer."},
	{name: "email", doc: "E-mail address of the customer."},
	{name: "phone", doc: "Telephone of the customer."},
	{name: "customer_name", doc: "Name of the customer."},
	{name: "ship_name", doc: "Delivery address: person."},
	{name: "ship_company", doc: "Company."},
	{name: "ship_line1", doc: "Street and number."},
	{name: "ship_line2", doc: "Floor, building, district."},
	{name: "ship_city", doc: "City."},
	{name: "ship_region", doc: "State, province or prefecture."},
	{name: "ship_postal_code", doc: "Postal code."},
	{name: "ship_country", doc: "Country, as a code or a name."},
	{name: "ship_phone", doc: "Telephone of the receiver."},
	{name: "bill_name", doc: "Invoice address: person. Without one it is the delivery address."},
	{name: "bill_company", doc: "Company."},
	{name: "bill_line1", doc: "Street and number."},
	{name: "bill_line2", doc: "Floor, building, district."},
	{name: "bill_city", doc: "City."},
	{name: "bill_region", doc: "State, province or prefecture."},
	{name: "bill_postal_code", doc: "Postal code."},
	{name: "bill_country", doc: "Country, as a code or a name."},
	{name: "bill_phone", doc: "Telephone."},
	{name: "title", doc: "Title of the line."},
	{name: "line_discount", doc: "Amount off the line."},
	{name: "tax_rate", doc: "Percentage of tax on the line."},
	{name: "fulfilled", doc: "Units of the line that are shipped already."},
	{name: "shipping", doc: "Amount for shipping, once for the order."},
	{name: "shipping_method", doc: "Name of the way it is shipped."},
	{name: "shipping_tax_rate", doc: "Percentage of tax on shipping."},
	{name: "discount", doc: "Amount off the order."},
	{name: "discount_code", doc: "The code that gave it."},
	{name: "payment_method", doc: "How it is paid."},
	{name: "payment_reference", doc: "The payment's reference."},
	{name: "paid", doc: "Amount that is paid."},
	{name: "paid_at", date: true, doc: "Time of the payment."},
	{name: "refunded", doc: "Amount that is paid back."},
	{name: "fulfilled_at", date: true, doc: "Time at which the order was shipped in full."},
	{name: "cancelled_at", date: true, doc: "Time at which the order was cancelled."},
	{name: "note", doc: "The customer's note."},
	{name: "tags", doc: "Words, separated by commas."},
}
