package accounting

import (
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// about is what every fact about an invoice or credit note tells. It belongs to
// the timeline of the sales order, or, where there is none, to its own.
type about struct {
	Order    id.Order       `json:"order_id,omitzero"`
	Invoice  id.Invoice     `json:"invoice_id"`
	Series   Series         `json:"series"`
	Number   int64          `json:"number"`
	Total    int64          `json:"total"`
	Currency money.Currency `json:"currency"`
}

func (d *Invoice) about() about {
	return about{d.Order, d.ID, d.Series, d.Number, d.Total, d.Currency}
}

// Subject is the sales order, or else the document.
func (a about) Subject() id.UUID {
	if a.Order.IsZero() {
		return a.Invoice
	}
	return a.Order
}

// InvoiceIssued says that an invoice or a credit note was issued.
type InvoiceIssued struct {
	about
	DueOn    string      `json:"due_on"`
	Shipment id.Shipment `json:"shipment_id,omitzero"`
	Return   id.Return   `json:"return_id,omitzero"`
}

// Kind names the fact: invoice.issued or credit_note.issued.
func (d InvoiceIssued) Kind() string { return string(d.Series) + ".issued" }

// InvoicePaid says that an invoice has another state because money came or went.
type InvoicePaid struct {
	about
	Status InvoiceStatus `json:"status"`
	Paid   int64         `json:"paid"`
}

// Kind names the fact by the state: invoice.paid, invoice.part_paid, invoice.issued
// (nothing is paid any more).
func (i InvoicePaid) Kind() string {
	if i.Status == Issued {
		return "invoice.unpaid"
	}
	return "invoice." + string(i.Status)
}
