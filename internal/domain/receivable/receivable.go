// Package receivable keeps the money that companies and customers pay on account:
// what came, for which invoices it counts, and what is left of it; and the
// reminders that were sent of what is late.
//
// A [Receipt] is money that came. Each step of its life is an [Entry] that is only
// ever added: it is allocated to orders and their invoices, taken off them by a
// counter-entry, paid back, or reversed where it was booked by mistake or a cheque
// bounced. Its balance, what is on account, is a cache of the entries.
//
// What orders owe is not kept here: an allocation is a payment of the order, whose
// transaction the entry names. The flow that saves the one writes the other.
package receivable

import (
	"time"
	"unicode/utf8"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
)

// Method is the way money came.
type Method string

// The methods.
const (
	Bank     Method = "bank"
	Cheque   Method = "cheque"
	Cash     Method = "cash"
	Transfer Method = "transfer" // what we owed by an order was put on account
)

// EntryKind is what an entry does.
type EntryKind string

// The kinds.
const (
	Received    EntryKind = "receive"
	Transferred EntryKind = "transfer" // from the payments of an order
	Allocated   EntryKind = "allocate"
	Unallocated EntryKind = "unallocate"
	PaidBack    EntryKind = "pay_back"
	Reversed    EntryKind = "reverse" // it did not come after all
)

// adds tells the sign of an entry of a kind.
func (k EntryKind) adds() int64 {
	switch k {
	case Received, Transferred, Unallocated:
		return 1
	}
	return -1
}

// Receipt is money that came from a company or customer.
type Receipt struct {
	ID           id.Receipt     `db:"id" json:"id"`
	Company      id.Company     `db:"company_id" json:"company_id,omitzero"`
	Customer     id.Customer    `db:"customer_id" json:"customer_id,omitzero" doc:"Of one who buys for no company."`
	Method       Method         `db:"method" json:"method"`
	Currency     money.Currency `db:"currency" json:"currency"`
	Amount       int64          `db:"amount" json:"amount" doc:"What came, in minor units."`
	Balance      int64          `db:"balance" json:"balance" doc:"What of it is on account: neither allocated nor paid back."`
	Rate         string         `db:"exchange_rate" json:"exchange_rate" doc:"Base currency for one unit of the currency."`
	RateDate     string         `db:"exchange_date" json:"exchange_date"`
	PaidOn       string         `db:"paid_on" json:"paid_on" doc:"Day on which it was paid, by the statement."`
	BusinessDate string         `db:"business_date" json:"date" doc:"Day on which it is in the books."`
	Source       string         `db:"source" json:"source" doc:"Where references are unique: an account at a bank, a till."`
	Reference    string         `db:"reference" json:"reference,omitempty"`
	Note         string         `db:"note" json:"note,omitempty"`
	Version      int64          `db:"version" json:"version"`
	CreatedAt    time.Time      `db:"created_at" json:"created_at"`
	CreatedBy    string         `db:"created_by" json:"created_by"`
	Entries      []Entry        `json:"entries"`
}

// Entry is one step in the life of a receipt.
type Entry struct {
	ID           id.ReceiptEntry `db:"id" json:"id"`
	Receipt      id.Receipt      `db:"receipt_id" json:"-"`
	Kind         EntryKind       `db:"kind" json:"kind"`
	Amount       int64           `db:"amount" json:"amount" doc:"Signed minor units."`
	Order        id.Order        `db:"order_id" json:"order_id,omitzero"`
	Invoice      id.Invoice      `db:"invoice_id" json:"invoice_id,omitzero" doc:"That it is meant for; missing: the order's, oldest first."`
	Payment      id.Payment      `db:"payment_id" json:"payment_id,omitzero" doc:"The order's payment that it is."`
	Transaction  id.Transaction  `db:"transaction_id" json:"transaction_id,omitzero"`
	Reason       string          `db:"reason" json:"reason,omitempty"`
	Actor        string          `db:"actor" json:"actor"`
	BusinessDate string          `db:"business_date" json:"date"`
	At           time.Time       `db:"at" json:"at"`
}

// maxText is the longest source, reference or note, in characters.
const maxText = 200

// check completes what a caller gave and refuses what cannot be. today is the
// business day.
func (r *Receipt) check(today string) error {
	f := fault.Fields{}
	if r.Company.IsZero() == r.Customer.IsZero() {
		f.Add("company_id", "name a company, or a customer who buys for none")
	}
	switch r.Method {
	case Bank, Cheque, Cash, Transfer:
	default:
		f.Add("method", "%q is not bank, cheque or cash", r.Method)
	}
	if !r.Currency.Valid() {
		f.Add("amount.currency", "%q is not an ISO 4217 currency code", r.Currency)
	}
	if r.Amount <= 0 {
		f.Add("amount.minor", "must be more than zero")
	}
	if _, err := time.Parse(time.DateOnly, r.PaidOn); err != nil {
		f.Add("paid_on", "%q is not a day like 2026-01-31", r.PaidOn)
	} else if r.PaidOn > today {
		f.Add("paid_on", "is after today, %s", today)
	}
	r.Source, r.Reference, r.Note = text.Clean(r.Source), text.Clean(r.Reference), text.Clean(r.Note)
	if r.Source == "" {
		r.Source = string(r.Method)
	}
	for name, s := range map[string]string{"source": r.Source, "reference": r.Reference, "note": r.Note} {
		if utf8.RuneCountInString(s) > maxText {
			f.Add(name, "is longer than %d characters", maxText)
		}
	}
	return f.Err("receipt.invalid", "The receipt cannot be booked like this.")
}

// CheckVersion refuses a change of a version that is not the present one; 0
// accepts any. Errors: Stale receipt.stale.
func (r *Receipt) CheckVersion(seen int64) error {
	if seen == 0 || seen == r.Version {
		return nil
	}
	return fault.New(fault.Stale, "receipt.stale", "The receipt was changed meanwhile. Load it again.").With(map[string]int64{"version": r.Version})
}

// Whose tells whether what a company or customer owes may be paid by the receipt.
func (r *Receipt) Whose(company id.Company, customer id.Customer) bool {
	if !r.Company.IsZero() {
		return r.Company == company
	}
	return company.IsZero() && r.Customer == customer
}

// Label is how people call it.
func (r *Receipt) Label() string {
	s := map[Method]string{Bank: "Bank transfer", Cheque: "Cheque", Cash: "Cash", Transfer: "Put on account"}[r.Method]
	if r.Reference != "" {
		s += " " + r.Reference
	}
	return s + " of " + r.PaidOn
}

// NotEnough is the fault of an amount that is not on account.
func (r *Receipt) NotEnough(amount int64) error {
	return fault.New(fault.Shortage, "receipt.not_enough", "%s is asked for, and %s of the receipt is on account.",
		money.Of(amount, r.Currency), money.Of(r.Balance, r.Currency)).With(map[string]int64{"available": r.Balance})
}
