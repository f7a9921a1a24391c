package intake

import (
	"cmp"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// documentFields say something of a whole order: they stand in its first row, and
// in others nothing or the same.
var documentFields = []string{
	"placed_at", "kind", "external_id", "channel", "currency", "tax_included", "customer_number", "email", "phone", "customer_name",
	"ship_name", "ship_company", "ship_line1", "ship_line2", "ship_city", "ship_region", "ship_postal_code", "ship_country", "ship_phone",
	"bill_name", "bill_company", "bill_line1", "bill_line2", "bill_city", "bill_region", "bill_postal_code", "bill_country", "bill_phone",
	"shipping", "shipping_method", "shipping_tax_rate", "discount", "discount_code", "payment_method", "payment_reference",
	"paid", "paid_at", "refunded", "fulfilled_at", "cancelled_at", "note", "tags",
}

// bindOrders reads orders by a mapping.
func bindOrders(header columns, o Options) (func(Row) (string, *RowError), builder[*OrderDocument], error) {
	c, err := o.Mapping.bind(header, o.Zone)
	if err != nil {
		return nil, nil, err
	}
	key := func(row Row) (string, *RowError) { return code(c.get(row, "number")), nil }
	build := func(key string, rows []Row) (*OrderDocument, []*RowError) {
		return buildOrder(c, o.Currency, key, rows)
	}
	return key, build, nil
}

func buildOrder(c *cells, currency money.Currency, key string, rows []Row) (*OrderDocument, []*RowError) {
	var errs []*RowError
	f := &form{cells: c, row: rows[0], wrong: fault.Fields{}}
	d := readOrderHead(f, currency, key)
	d.Rows = rows
	told, open := false, false // whether the file says how much has left, and of all
	for i, row := range rows {
		if f.row = row; i > 0 {
			f.wrong = fault.Fields{}
			for _, name := range documentFields {
				if s := c.get(row, name); s != "" && s != c.get(rows[0], name) {
					f.wrong.Add(name, "%q differs from %q in the order's first row", s, c.get(rows[0], name))
				}
			}
			if len(f.wrong) > 0 {
				errs = append(errs, &RowError{Row: row, Code: CodeDisagrees, Reason: c.reasons(f.wrong)})
				continue
			}
		}
		l := readOrderLine(f, d, i)
		told = told || c.get(row, "fulfilled") != ""
		open = open || l.Fulfilled < l.Quantity
		d.Lines = append(d.Lines, l)
		if len(f.wrong) > 0 {
			errs = append(errs, &RowError{Row: row, Code: CodeBadValue, Reason: c.reasons(f.wrong)})
		}
	}
	d.Unfinished = told && open && d.FulfilledAt.IsZero()
	return d, errs
}

// readOrderHead reads what a row says of its whole order.
func readOrderHead(f *form, currency money.Currency, key string) *OrderDocument {
	d := &OrderDocument{
		Key: short(f.wrong, "number", key, maxShort), Number: key, Kind: Sale,
		ExternalID: cmp.Or(f.code("external_id"), key),
		Channel:    f.code("channel"), PlacedAt: f.time("placed_at"), Currency: currency, TaxIncluded: f.boolean("tax_included"),
		Customer:     Customer{Number: f.code("customer_number"), Email: f.text("email", maxShort), Phone: f.code("phone"), Name: f.text("customer_name", maxShort)},
		ShipTo:       readAddress(f, "ship_"),
		BillTo:       readAddress(f, "bill_"),
		ShippingName: f.text("shipping_method", maxShort),
		FulfilledAt:  f.time("fulfilled_at"), CancelledAt: f.time("cancelled_at"),
		Note: note(f.wrong, "note", f.cells.get(f.row, "note")),
		Tags: words(f.text("tags", maxNote)),
	}
	switch kind := f.cells.get(f.row, "kind"); kind {
	case "", "order":
	case "return":
		d.Kind = Cancellation
	default:
		f.wrong.Add("kind", "must be order or return, not %q", kind)
	}
	if d.PlacedAt.IsZero() {
		f.wrong.Add("placed_at", "is missing")
	}
	d.Currency = f.currency(currency)
	d.Customer.Name = cmp.Or(d.Customer.Name, d.BillTo.Name, d.ShipTo.Name)
	if d.BillTo.IsZero() {
		d.BillTo = d.ShipTo
	}
	if amount := f.amount("shipping", d.Currency); amount != 0 || d.ShippingName != "" {
		d.Charges = append(d.Charges, DocumentCharge{Kind: ShippingCharge, Title: cmp.Or(d.ShippingName, "Shipping"), Quantity: 1,
			UnitPrice: money.MicrosOf(amount, d.Currency), Amount: amount, TaxRate: f.rate("shipping_tax_rate")})
	}
	if amount := f.positive("discount", d.Currency); amount > 0 {
		d.Discounts = append(d.Discounts, DocumentDiscount{Amount: amount, Code: f.text("discount_code", maxShort)})
	}
	d.Payment = Payment{Method: f.text("payment_method", maxShort), Reference: f.code("payment_reference"),
		Paid: f.positive("paid", d.Currency), Refunded: f.positive("refunded", d.Currency), PaidAt: f.time("paid_at")}
	return d
}

func readOrderLine(f *form, d *OrderDocument, row int) DocumentLine {
	l := DocumentLine{
		Row: row, ExternalID: f.code("line_id"), SKU: f.code("sku"), Title: f.text("title", maxTitle),
		Quantity: f.integer("quantity", 0), UnitPrice: f.price("unit_price"), TaxRate: f.rate("tax_rate"),
		Discount: f.positive("line_discount", d.Currency), Fulfilled: f.integer("fulfilled", 0),
	}
	for _, name := range []string{"sku", "quantity", "unit_price"} {
		if f.cells.get(f.row, name) == "" {
			f.wrong.Add(name, "is missing")
		}
	}
	switch {
	case l.Quantity == 0:
		f.wrong.Add("quantity", "is 0")
	case d.Kind == Cancellation && l.Quantity > 0:
		l.Quantity = -l.Quantity
	case d.Kind == Sale && l.Quantity < 0:
		f.wrong.Add("quantity", "is negative; goods that come back are a document of kind return")
	}
	if l.UnitPrice < 0 {
		f.wrong.Add("unit_price", "is negative")
	}
	if l.Fulfilled < 0 || l.Fulfilled > max(l.Quantity, 0) {
		f.wrong.Add("fulfilled", "is not between 0 and the quantity")
	}
	var err error
	if l.Amount, err = l.UnitPrice.Times(l.Quantity, d.Currency); err != nil {
		f.wrong.Add("unit_price", "%s", sentence(err))
	}
	if l.Discount > max(l.Amount, -l.Amount) {
		f.wrong.Add("line_discount", "is more than the line")
	}
	return l
}

func readAddress(f *form, prefix string) address.Address {
	a := address.Address{
		Name: f.text(prefix+"name", maxShort), Company: f.text(prefix+"company", maxShort), Line1: f.text(prefix+"line1", maxShort),
		Line2: f.text(prefix+"line2", maxShort), City: f.text(prefix+"city", maxShort), Region: f.text(prefix+"region", maxShort),
		PostalCode: f.code(prefix + "postal_code"), Country: f.text(prefix+"country", maxShort), Phone: f.code(prefix + "phone"),
	}.Clean()
	a.CheckForm(f.wrong, prefix)
	return a
}

// currency is that of the row, or the one that goes for files that name none.
func (f *form) currency(otherwise money.Currency) money.Currency {
	s := f.cells.get(f.row, "currency")
	if s == "" {
		if otherwise == "" {
			f.wrong.Add("currency", "is missing")
		}
		return otherwise
	}
	c, err := money.ParseCurrency(s)
	if err != nil {
		f.wrong.Add("currency", "%s", sentence(err))
	}
	return c
}

// positive is an amount whose sign goes without saying.
func (f *form) positive(field string, currency money.Currency) int64 {
	n := f.amount(field, currency)
	if n < 0 {
		f.wrong.Add(field, "is negative")
	}
	return n
}
