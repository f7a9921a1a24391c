package intake

import (
	"regexp"

	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// shopifyOrderColumns are those of Shopify's orders_export that cannot be done without.
var shopifyOrderColumns = []string{"Name", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price"}

// shopifyOrderFields are the columns of Shopify's orders_export by the names of
// Purser's fields, as far as they mean the same.
var shopifyOrderFields = map[string]string{
	"number": "Name", "placed_at": "Created at", "external_id": "Id", "currency": "Currency", "email": "Email", "phone": "Phone",
	"sku": "Lineitem sku", "quantity": "Lineitem quantity", "title": "Lineitem name", "unit_price": "Lineitem price", "line_discount": "Lineitem discount",
	"ship_name": "Shipping Name", "ship_company": "Shipping Company", "ship_line1": "Shipping Address1", "ship_line2": "Shipping Address2",
	"ship_city": "Shipping City", "ship_region": "Shipping Province", "ship_postal_code": "Shipping Zip", "ship_country": "Shipping Country", "ship_phone": "Shipping Phone",
	"bill_name": "Billing Name", "bill_company": "Billing Company", "bill_line1": "Billing Address1", "bill_line2": "Billing Address2",
	"bill_city": "Billing City", "bill_region": "Billing Province", "bill_postal_code": "Billing Zip", "bill_country": "Billing Country", "bill_phone": "Billing Phone",
	"shipping": "Shipping", "shipping_method": "Shipping Method", "discount_code": "Discount Code",
	"payment_method": "Payment Method", "payment_reference": "Payment Reference", "paid_at": "Paid at", "refunded": "Refunded Amount",
	"fulfilled_at": "Fulfilled at", "cancelled_at": "Cancelled at", "note": "Notes", "tags": "Tags",
	// what has no counterpart is read beside the mapping
	"stated_subtotal": "Subtotal", "stated_tax": "Taxes", "stated_total": "Total", "stated_discount": "Discount Amount", "outstanding": "Outstanding Balance",
	"financial_status": "Financial Status", "fulfillment_status": "Fulfillment Status", "line_status": "Lineitem fulfillment status",
	"line_ships": "Lineitem requires shipping", "line_taxable": "Lineitem taxable",
	"tax1": "Tax 1 Name", "tax2": "Tax 2 Name", "tax3": "Tax 3 Name", "tax4": "Tax 4 Name", "tax5": "Tax 5 Name",
}

// shopifyMapping maps those of the columns that a file has: exports of other
// years lack some.
func shopifyMapping(k Kind, header columns, fields map[string]string) *Mapping {
	m := &Mapping{Kind: k, Fields: map[string]From{}}
	for field, column := range fields {
		if header.find(column) >= 0 {
			m.Fields[field] = From{Column: column}
		}
	}
	return m
}

// bindShopifyOrders reads Shopify's orders_export. An order is as many rows as it
// has lines; what belongs to the whole order stands in the first.
func bindShopifyOrders(header columns, o Options) (func(Row) (string, *RowError), builder[*OrderDocument], error) {
	if err := header.check(shopifyOrderColumns); err != nil {
		return nil, nil, err
	}
	m := shopifyMapping(Orders, header, shopifyOrderFields)
	c, err := m.bind(header, o.Zone)
	if err != nil {
		return nil, nil, err
	}
	key := func(row Row) (string, *RowError) { return code(c.get(row, "number")), nil }
	build := func(key string, rows []Row) (*OrderDocument, []*RowError) {
		return buildShopifyOrder(c, o.Currency, key, rows)
	}
	return key, build, nil
}

func buildShopifyOrder(c *cells, currency money.Currency, key string, rows []Row) (*OrderDocument, []*RowError) {
	f := &form{cells: c, row: rows[0], wrong: fault.Fields{}}
	d := readOrderHead(f, currency, key)
	d.Channel = FormatShopify
	d.Rows = rows
	var errs []*RowError
	taxable := make([]bool, 0, len(rows))
	for i, row := range rows {
		if f.row = row; i > 0 {
			f.wrong = fault.Fields{}
		}
		l := readOrderLine(f, d, i)
		if l.SKU == "" { // gift cards and lines entered by hand have none
			delete(f.wrong, "sku")
		}
		if l.Title == "" {
			f.wrong.Add("title", "is missing")
		}
		l.NoShipping = c.has("line_ships") && !f.boolean("line_ships")
		if c.get(row, "line_status") == "fulfilled" {
			l.Fulfilled = l.Quantity
		}
		d.Unfinished = d.Unfinished || l.Fulfilled < l.Quantity && !l.NoShipping
		d.Lines = append(d.Lines, l)
		taxable = append(taxable, !c.has("line_taxable") || f.boolean("line_taxable"))
		if len(f.wrong) > 0 {
			errs = append(errs, &RowError{Row: row, Code: CodeBadValue, Reason: c.reasons(f.wrong)})
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	f.row, f.wrong = rows[0], fault.Fields{}
	d.Unfinished = d.Unfinished && d.FulfilledAt.IsZero()
	sums := readShopifySums(f, d)
	sums.taxable = taxable
	if len(f.wrong) > 0 {
		return nil, []*RowError{{Row: rows[0], Code: CodeBadValue, Reason: c.reasons(f.wrong)}}
	}
	if wrong := sums.settle(d); wrong != "" {
		return nil, []*RowError{{Row: rows[0], Code: CodeTotals, Reason: wrong}}
	}
	return d, nil
}

// shopifySums are what an export says of an order's money.
type shopifySums struct {
	stated  Stated
	off     int64  // discounts on the order, or on the order and its lines
	code    string // the code that gave them
	rate    money.Rate
	taxable []bool // by line
}

func readShopifySums(f *form, d *OrderDocument) shopifySums {
	sum := func(field string) *int64 {
		if f.cells.get(f.row, field) == "" {
			return nil
		}
		n := f.positive(field, d.Currency)
		return &n
	}
	s := shopifySums{
		stated: Stated{Subtotal: sum("stated_subtotal"), Shipping: sum("shipping"), Tax: sum("stated_tax"), Total: sum("stated_total")},
		off:    f.positive("stated_discount", d.Currency), code: f.text("discount_code", maxShort), rate: shopifyRate(f),
	}
	d.Payment.Status = f.text("financial_status", maxShort)
	if total := s.stated.Total; total != nil {
		switch d.Payment.Status {
		case "paid", "partially_refunded", "refunded":
			d.Payment.Paid = *total
		case "partially_paid":
			d.Payment.Paid = max(*total-f.positive("outstanding", d.Currency), 0)
		}
	}
	return s
}

// settle finds out how the order's sums come about, which the export does not
// say: how much of the discount the prices have in them already (what brings
// the lines to the Subtotal), and whether prices include tax (Subtotal and
// Shipping make the Total, or lack the Taxes). An order whose parts do not come
// to its sums is refused, as it would be booked with other money than was paid.
// Orders that were cancelled state sums of 0.
func (s shopifySums) settle(d *OrderDocument) (wrong string) {
	d.Stated = s.stated
	if emptied := !d.CancelledAt.IsZero() && s.stated.Total != nil && *s.stated.Total == 0; emptied {
		d.Stated = Stated{}
	}
	if wrong = s.settleDiscount(d); wrong != "" {
		return wrong
	}
	if st := d.Stated; st.Subtotal != nil && st.Total != nil && st.Tax != nil {
		net := *st.Subtotal
		if st.Shipping != nil {
			net += *st.Shipping
		}
		if *st.Total != net && *st.Total != net+*st.Tax {
			return disagrees(d, "Total", net+*st.Tax, *st.Total)
		}
		d.TaxIncluded = *st.Total == net && *st.Tax != 0
	}
	for i := range d.Lines {
		if s.taxable[i] {
			d.Lines[i].TaxRate = s.rate
		}
	}
	d.taxShipping(s.rate)
	return ""
}

func (s shopifySums) settleDiscount(d *OrderDocument) (wrong string) {
	var lines, lineOff int64
	for _, l := range d.Lines {
		lines += l.Amount
		lineOff += l.Discount
	}
	var off int64
	if d.Stated.Subtotal == nil {
		off = min(max(s.off-lineOff, 0), lines-lineOff)
	} else {
		switch lines - *d.Stated.Subtotal {
		case lineOff: // there is no discount on the order, or the prices have it in them
		case lineOff + s.off:
			off = s.off
		case max(s.off, lineOff): // the discount on the order is the sum of all
			off = s.off - lineOff
		case 0: // the prices have all discounts in them
			for i := range d.Lines {
				d.Lines[i].Discount = 0
			}
		default:
			return disagrees(d, "Subtotal", lines-lineOff-s.off, *d.Stated.Subtotal)
		}
	}
	if off > 0 {
		d.Discounts = []DocumentDiscount{{Amount: off, Code: s.code}}
	}
	return ""
}

// taxShipping puts the tax rate on shipping if that brings the tax nearer to what
// is stated.
func (d *OrderDocument) taxShipping(rate money.Rate) {
	if d.Stated.Tax == nil || rate == 0 {
		return
	}
	part := rate.Of
	if d.TaxIncluded {
		part = rate.Within
	}
	var base, tax int64
	for _, l := range d.Lines {
		if l.TaxRate > 0 {
			base += l.Amount - l.Discount
		}
	}
	for _, o := range d.Discounts {
		base -= o.Amount
	}
	tax = part(max(base, 0))
	for i, c := range d.Charges {
		with := tax + part(c.Amount)
		if magnitude(with-*d.Stated.Tax) < magnitude(tax-*d.Stated.Tax) {
			d.Charges[i].TaxRate = rate
			tax = with
		}
	}
}

func magnitude(n int64) int64 { return max(n, -n) }

func disagrees(d *OrderDocument, name string, parts, stated int64) string {
	return "The order's parts come to " + money.Of(parts, d.Currency).String() + " and its " + name + " says " + money.Of(stated, d.Currency).String() + "."
}

var percentage = regexp.MustCompile(`(\d+(?:\.\d+)?)\s*%`)

// shopifyRate is the sum of the percentages in the names of an order's taxes,
// such as "New York State Tax 4%".
func shopifyRate(f *form) (sum money.Rate) {
	for _, name := range []string{"tax1", "tax2", "tax3", "tax4", "tax5"} {
		if m := percentage.FindStringSubmatch(f.cells.get(f.row, name)); m != nil {
			if r, err := money.ParsePercent(m[1]); err == nil {
				sum += r
			}
		}
	}
	return min(sum, money.One)
}
