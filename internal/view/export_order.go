package view

import (
	"context"
	"strings"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// ExportedOrder is an order with its lines, and what its ids stand for.
type ExportedOrder struct {
	*order.Order
	ChannelCode    string `json:"channel"`
	CustomerNumber string `json:"customer_number"`
	CustomerName   string `json:"customer_name"`
}

// EachOrder hands on the orders placed in a period, oldest first.
func EachOrder(ctx context.Context, r db.Reader, p Period, fn func(ExportedOrder) error) error {
	channels := map[id.Channel]string{}
	all, err := channel.List(ctx, r)
	if err != nil {
		return err
	}
	for _, c := range all {
		channels[c.ID] = c.Code
	}
	type key struct {
		At time.Time `db:"placed_at"`
		ID id.Order  `db:"id"`
	}
	const step = 128
	for last := (key{}); ; {
		var w db.Where
		p.on(&w, "business_date")
		if last != (key{}) {
			w.And("(placed_at, id) > (?, ?)", last.At, last.ID)
		}
		keys, err := db.Select[key](ctx, r, `SELECT placed_at, id FROM sales_order`+w.SQL()+` ORDER BY placed_at, id LIMIT ?`, w.Args(step)...)
		if err != nil || len(keys) == 0 {
			return err
		}
		last = keys[len(keys)-1]
		ids := make([]id.Order, len(keys))
		for i, k := range keys {
			ids[i] = k.ID
		}
		if err := exportOrders(ctx, r, ids, channels, fn); err != nil {
			return err
		}
	}
}

func exportOrders(ctx context.Context, r db.Reader, ids []id.Order, channels map[id.Channel]string, fn func(ExportedOrder) error) error {
	orders, err := order.Many(ctx, r, ids)
	if err != nil {
		return err
	}
	var buyers []id.Customer
	for _, o := range orders {
		if !o.Customer.IsZero() {
			buyers = append(buyers, o.Customer)
		}
	}
	type buyer struct {
		ID     id.Customer `db:"id"`
		Number string      `db:"number"`
		Name   string      `db:"name"`
	}
	rows, err := db.SelectIn[buyer](ctx, r, `SELECT id, number, name FROM customer WHERE id IN (/*in*/)`, distinct(buyers))
	if err != nil {
		return err
	}
	known := make(map[id.Customer]buyer, len(rows))
	for _, b := range rows {
		known[b.ID] = b
	}
	for _, o := range orders {
		b := known[o.Customer]
		if err := fn(ExportedOrder{o, channels[o.Channel], b.Number, b.Name}); err != nil {
			return err
		}
	}
	return nil
}

// OrderRow is a line of an order, as the customer bought it: a kit is one row.
// Columns that an import of orders has, too, mean the same there. Amounts and
// addresses of the whole order stand in its first row only, so that a column can
// be summed.
type OrderRow struct {
	Number            int64          `json:"number"`
	PlacedAt          time.Time      `json:"placed_at"`
	Date              string         `json:"date"` // business day
	Channel           string         `json:"channel"`
	ExternalID        string         `json:"external_id"`
	ExternalNumber    string         `json:"external_number"`
	Status            string         `json:"status"`
	PaymentStatus     string         `json:"payment_status"`
	FulfillmentStatus string         `json:"fulfillment_status"`
	ReturnStatus      string         `json:"return_status"`
	CustomerNumber    string         `json:"customer_number"`
	CustomerName      string         `json:"customer_name"`
	Email             string         `json:"email"`
	Phone             string         `json:"phone"`
	Currency          money.Currency `json:"currency"`
	TaxIncluded       bool           `json:"tax_included"`

	Line         int64     `json:"line"`
	LineKind     string    `json:"line_kind"`
	LineID       string    `json:"line_id"` // the channel's own
	SKU          string    `json:"sku"`
	Title        string    `json:"title"`
	Quantity     int64     `json:"quantity"`
	Cancelled    int64     `json:"cancelled"`
	Backordered  int64     `json:"backordered"`
	Allocated    int64     `json:"allocated"`
	InWork       int64     `json:"in_work"`
	Fulfilled    int64     `json:"fulfilled"`
	Delivered    int64     `json:"delivered"`
	Returned     int64     `json:"returned"`
	Invoiced     int64     `json:"invoiced"`
	UnitPrice    Decimal   `json:"unit_price"`
	Subtotal     Decimal   `json:"line_subtotal"`
	LineDiscount Decimal   `json:"line_discount"`
	OrderShare   Decimal   `json:"line_order_discount"` // its share of the order's discounts
	TaxRate      Decimal   `json:"tax_rate"`            // percent
	LineTax      Decimal   `json:"line_tax"`
	LineTotal    Decimal   `json:"line_total"`
	ShipBy       time.Time `json:"ship_by"`
	DeliverBy    time.Time `json:"deliver_by"`

	Discount       Decimal `json:"discount"` // of the order, on all its lines
	DiscountCode   string  `json:"discount_code"`
	Shipping       Decimal `json:"shipping"` // charges
	ShippingMethod string  `json:"shipping_method"`
	TaxTotal       Decimal `json:"tax_total"`
	Total          Decimal `json:"total"`
	CancelledTotal Decimal `json:"cancelled_total"`
	InvoicedTotal  Decimal `json:"invoiced_total"`
	Credited       Decimal `json:"credited"`
	Paid           Decimal `json:"paid"`
	Refunded       Decimal `json:"refunded"`
	Balance        Decimal `json:"balance"`
	BaseCurrency   string  `json:"base_currency"`
	ExchangeRate   Decimal `json:"exchange_rate"`
	BaseTotal      Decimal `json:"base_total"`

	ShipName       string `json:"ship_name"`
	ShipCompany    string `json:"ship_company"`
	ShipLine1      string `json:"ship_line1"`
	ShipLine2      string `json:"ship_line2"`
	ShipCity       string `json:"ship_city"`
	ShipRegion     string `json:"ship_region"`
	ShipPostalCode string `json:"ship_postal_code"`
	ShipCountry    string `json:"ship_country"`
	ShipPhone      string `json:"ship_phone"`
	BillName       string `json:"bill_name"`
	BillCompany    string `json:"bill_company"`
	BillLine1      string `json:"bill_line1"`
	BillLine2      string `json:"bill_line2"`
	BillCity       string `json:"bill_city"`
	BillRegion     string `json:"bill_region"`
	BillPostalCode string `json:"bill_postal_code"`
	BillCountry    string `json:"bill_country"`
	BillPhone      string `json:"bill_phone"`

	Note        string    `json:"note"` // the customer's
	Tags        string    `json:"tags"`
	CancelledAt time.Time `json:"cancelled_at"`
	CompletedAt time.Time `json:"completed_at"`
}

// OrderRows writes an order in rows.
func OrderRows(o ExportedOrder) []OrderRow {
	head := OrderRow{
		Number: o.Number, PlacedAt: o.PlacedAt, Date: o.BusinessDate, Channel: o.ChannelCode, ExternalID: o.ExternalID,
		ExternalNumber: o.ExternalNumber, Status: string(o.Status), PaymentStatus: string(o.PaymentStatus),
		FulfillmentStatus: string(o.FulfillmentStatus), ReturnStatus: string(o.ReturnStatus), CustomerNumber: o.CustomerNumber,
		CustomerName: o.CustomerName, Email: o.Email, Phone: o.Phone, Currency: o.Currency, TaxIncluded: o.TaxInclusive,
	}
	var rows []OrderRow
	for _, l := range o.Lines {
		if l.Kind == order.KindComponent {
			continue
		}
		row, n := head, o.Kit(l)
		row.Line, row.LineKind, row.LineID, row.SKU, row.Title, row.Quantity = l.Position, string(l.Kind), l.ExternalID, l.SKU, l.Title, l.Quantity
		row.Cancelled, row.Backordered, row.Allocated, row.InWork = n.Cancelled, n.Backordered, n.Allocated, n.InWork
		row.Fulfilled, row.Delivered, row.Returned, row.Invoiced = n.Shipped, n.Delivered, n.Returned, n.Invoiced
		row.UnitPrice, row.TaxRate = Decimal(l.UnitPrice.String()), Decimal(l.TaxRate.Percent())
		row.Subtotal, row.LineDiscount, row.OrderShare = decimal(l.Subtotal, o.Currency), decimal(l.LineDiscount, o.Currency), decimal(l.OrderDiscount, o.Currency)
		row.LineTax, row.LineTotal, row.ShipBy, row.DeliverBy = decimal(l.Tax, o.Currency), decimal(l.Total, o.Currency), l.ShipBy, l.DeliverBy
		if len(rows) == 0 {
			row.whole(o)
		}
		rows = append(rows, row)
	}
	return rows
}

// whole fills in what belongs to the whole order.
func (row *OrderRow) whole(o ExportedOrder) {
	amount := func(minor int64) Decimal { return decimal(minor, o.Currency) }
	var discount int64
	for _, l := range o.Lines {
		if l.Kind != order.KindComponent {
			discount += l.OrderDiscount
		}
	}
	var codes []string
	for _, d := range o.Discounts {
		if d.Line.IsZero() && d.Code != "" {
			codes = append(codes, d.Code)
		}
	}
	row.Discount, row.DiscountCode = amount(discount), strings.Join(distinct(codes), ", ")
	row.Shipping, row.ShippingMethod = amount(o.ShippingTotal), o.ShippingMethod
	row.TaxTotal, row.Total, row.CancelledTotal = amount(o.TaxTotal), amount(o.Total), amount(o.CancelledTotal)
	row.InvoicedTotal, row.Credited = amount(o.Header.Invoiced), amount(o.Credited)
	row.Paid, row.Refunded, row.Balance = amount(o.Captured), amount(o.Refunded), amount(o.Header.Balance())
	row.BaseCurrency, row.ExchangeRate, row.BaseTotal = string(o.Base), Decimal(o.Rate), decimal(o.BaseTotal, o.Base)
	s, b := o.ShipTo.V, o.BillTo.V
	row.ShipName, row.ShipCompany, row.ShipLine1, row.ShipLine2, row.ShipCity = s.Name, s.Company, s.Line1, s.Line2, s.City
	row.ShipRegion, row.ShipPostalCode, row.ShipCountry, row.ShipPhone = s.Region, s.PostalCode, s.Country, s.Phone
	row.BillName, row.BillCompany, row.BillLine1, row.BillLine2, row.BillCity = b.Name, b.Company, b.Line1, b.Line2, b.City
	row.BillRegion, row.BillPostalCode, row.BillCountry, row.BillPhone = b.Region, b.PostalCode, b.Country, b.Phone
	row.Note, row.Tags = o.CustomerNote, strings.Join(o.Tags.V, ", ")
	row.CancelledAt, row.CompletedAt = o.CancelledAt, o.CompletedAt
}
