package accounting

import (
	"fmt"
	"slices"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/number"
)

// Series is a series of fiscal numbers, which have no gaps.
type Series string

// The series.
const (
	InvoiceSeries Series = number.Invoice
	CreditSeries  Series = number.CreditNote
)

// InvoiceStatus is the state of an invoice.
type InvoiceStatus string

// The states. A credit note is paid as it is issued: it lowers what the order
// owes at once.
const (
	Draft    InvoiceStatus = "draft"
	Issued   InvoiceStatus = "issued"
	PartPaid InvoiceStatus = "part_paid"
	Paid     InvoiceStatus = "paid"
	Void     InvoiceStatus = "void"
)

// Invoice is an invoice or a credit note. Amounts are minor units of its
// currency, positive on both.
type Invoice struct {
	ID           id.Invoice               `db:"id" json:"id"`
	Series       Series                   `db:"series" json:"series"`
	Number       int64                    `db:"number" json:"number" doc:"Unique in its series, without gaps."`
	Order        id.Order                 `db:"order_id" json:"order_id,omitzero" doc:"None for the credit note of a blind return, and for charges of no order."`
	Shipment     id.Shipment              `db:"shipment_id" json:"shipment_id,omitzero" doc:"What it invoices, unless it is the whole order."`
	Return       id.Return                `db:"return_id" json:"return_id,omitzero" doc:"What it credits."`
	Reverses     id.Invoice               `db:"reverses_id" json:"reverses_id,omitzero" doc:"The invoice that a credit note takes back whole, since its goods had not left."`
	Customer     id.Customer              `db:"customer_id" json:"customer_id,omitzero"`
	Company      id.Company               `db:"company_id" json:"company_id,omitzero"`
	BillTo       db.JSON[address.Address] `db:"bill_to" json:"bill_to"`
	Currency     money.Currency           `db:"currency" json:"currency"`
	Rate         string                   `db:"exchange_rate" json:"exchange_rate" doc:"Base currency for one unit of the currency."`
	Subtotal     int64                    `db:"subtotal" json:"subtotal" doc:"Before tax."`
	Tax          int64                    `db:"tax" json:"tax"`
	Total        int64                    `db:"total" json:"total"`
	BaseTotal    int64                    `db:"base_total" json:"base_total" doc:"The total in the base currency."`
	Paid         int64                    `db:"paid" json:"paid" doc:"Payments and credits that count for it."`
	Status       InvoiceStatus            `db:"status" json:"status"`
	BusinessDate string                   `db:"business_date" json:"date" doc:"The business day it is of."`
	DueOn        string                   `db:"due_on" json:"due_on"`
	IssuedAt     time.Time                `db:"issued_at" json:"issued_at"`
	Version      int64                    `db:"version" json:"version"`
	Lines        []InvoiceLine            `json:"lines"`
}

// LineKind is what a line of a document bills.
type LineKind string

// The kinds.
const (
	ItemLine     LineKind = "item"
	ShippingLine LineKind = "shipping"
	FeeLine      LineKind = "fee"
)

// InvoiceLine bills units of an order line, or a charge.
type InvoiceLine struct {
	ID        id.InvoiceLine `db:"id" json:"id"`
	Invoice   id.Invoice     `db:"invoice_id" json:"-"`
	Position  int64          `db:"position" json:"position"`
	Kind      LineKind       `db:"kind" json:"kind"`
	Line      id.Any         `db:"line_id" json:"line_id,omitzero" doc:"The order's line or charge."`
	SKU       string         `db:"sku" json:"sku,omitempty"`
	Title     string         `db:"title" json:"title"`
	Quantity  int64          `db:"quantity" json:"quantity"`
	UnitPrice money.Micros   `db:"unit_price_micros" json:"unit_price" doc:"As priced."`
	Subtotal  int64          `db:"subtotal" json:"subtotal" doc:"Before tax, after discount."`
	Discount  int64          `db:"discount" json:"discount" doc:"Taken off before the subtotal, without the tax in it."`
	TaxRate   money.Rate     `db:"tax_ppm" json:"tax_ppm" doc:"Millionths: 200000 is 20 %."`
	Tax       int64          `db:"tax" json:"tax"`
	Total     int64          `db:"total" json:"total"`
}

// Bill is what the document bills, for its posting.
func (d *Invoice) Bill() Bill {
	var b Bill
	for _, l := range d.Lines {
		b.Tax += l.Tax
		switch l.Kind {
		case ShippingLine:
			b.Shipping += l.Subtotal
		case FeeLine:
			b.Fees += l.Subtotal
		default:
			b.Goods += l.Subtotal + l.Discount
			b.Discount += l.Discount
		}
	}
	return b
}

// Overdue tells whether something of an invoice is still owed after its due day.
func (d *Invoice) Overdue(today string) bool {
	return (d.Status == Issued || d.Status == PartPaid) && d.DueOn < today
}

// Name is how people call the document: Invoice 12.
func (d *Invoice) Name() string {
	if d.Series == CreditSeries {
		return fmt.Sprintf("Credit note %d", d.Number)
	}
	return fmt.Sprintf("Invoice %d", d.Number)
}

// Reversal begins the credit note that takes an invoice back whole.
func (d *Invoice) Reversal() *Invoice {
	r := *d
	r.ID, r.Number, r.Series, r.Reverses, r.Status, r.Paid = id.Invoice{}, 0, CreditSeries, d.ID, "", 0
	r.Lines = slices.Clone(d.Lines)
	return &r
}

// finish fills in what follows from what the caller gave: ids, totals, states.
func (d *Invoice) finish(now time.Time, base money.Currency) error {
	f := fault.Fields{}
	if d.ID.IsZero() {
		d.ID = id.New[id.Invoice](now)
	}
	if d.Series != InvoiceSeries && d.Series != CreditSeries {
		f.Add("series", "%q is not a series", d.Series)
	}
	if len(d.Lines) == 0 {
		f.Add("lines", "there must be at least one")
	}
	if _, err := time.Parse(time.DateOnly, d.BusinessDate); err != nil {
		f.Add("date", "%q is not a day like 2026-01-31", d.BusinessDate)
	}
	if d.DueOn == "" {
		d.DueOn = d.BusinessDate
	}
	d.Subtotal, d.Tax, d.Total, d.Version, d.IssuedAt = 0, 0, 0, 1, now
	for i := range d.Lines {
		l := &d.Lines[i]
		l.ID, l.Invoice, l.Position = id.New[id.InvoiceLine](now), d.ID, int64(i+1)
		if l.Subtotal+l.Tax != l.Total {
			f.Add(fmt.Sprintf("lines[%d].total", i), "%d is not subtotal and tax, %d", l.Total, l.Subtotal+l.Tax)
		}
		d.Subtotal, d.Tax, d.Total = d.Subtotal+l.Subtotal, d.Tax+l.Tax, d.Total+l.Total
	}
	var err error
	if d.BaseTotal, err = (money.Exchange{From: d.Currency, To: base, Rate: d.Rate}).Convert(d.Total); err != nil {
		f.Add("exchange_rate", "%q is not a rate of exchange", d.Rate)
	}
	d.settle(d.Paid)
	return f.Err("invoice.invalid", "The invoice's data is not complete.")
}

// settle counts money for the document, no more than it asks for.
func (d *Invoice) settle(paid int64) {
	if d.Series == CreditSeries {
		paid = d.Total
	}
	d.Paid = max(0, min(paid, d.Total))
	switch {
	case d.Status == Void:
	case d.Paid >= d.Total:
		d.Status = Paid
	case d.Paid > 0:
		d.Status = PartPaid
	default:
		d.Status = Issued
	}
}
