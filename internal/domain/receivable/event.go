package receivable

import (
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// about is what every fact about a receipt tells.
type about struct {
	Receipt  id.Receipt     `json:"receipt_id"`
	Company  id.Company     `json:"company_id,omitzero"`
	Customer id.Customer    `json:"customer_id,omitzero"`
	Currency money.Currency `json:"currency"`
	Balance  int64          `json:"balance"`
}

func (r *Receipt) about() about { return about{r.ID, r.Company, r.Customer, r.Currency, r.Balance} }

// Subject is whose account it is.
func (a about) Subject() id.UUID {
	if a.Company.IsZero() {
		return a.Customer
	}
	return a.Company
}

// Moved says that an entry was added to a receipt.
type Moved struct {
	about
	What    EntryKind  `json:"what"`
	Amount  int64      `json:"amount"` // signed
	Order   id.Order   `json:"order_id,omitzero"`
	Invoice id.Invoice `json:"invoice_id,omitzero"`
	Reason  string     `json:"reason,omitempty"`
}

// Kind names the fact: receipt.received, receipt.allocated ...
func (m Moved) Kind() string {
	return "receipt." + map[EntryKind]string{
		Received: "received", Transferred: "transferred", Allocated: "allocated", Unallocated: "unallocated", PaidBack: "paid_back", Reversed: "reversed",
	}[m.What]
}

// Reminded says that a reminder was sent.
type Reminded struct {
	Invoice id.Invoice `json:"invoice_id"`
	Order   id.Order   `json:"order_id,omitzero"`
	Company id.Company `json:"company_id,omitzero"`
	Number  int64      `json:"number"`
	Level   int64      `json:"level"`
	Open    int64      `json:"open"`
}

// Kind is invoice.reminded.
func (Reminded) Kind() string { return "invoice.reminded" }

// Subject is the sales order, or else the invoice.
func (r Reminded) Subject() id.UUID {
	if r.Order.IsZero() {
		return r.Invoice
	}
	return r.Order
}
