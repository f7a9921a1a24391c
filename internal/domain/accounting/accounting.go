// Package accounting keeps the books: a double-entry journal, the documents that
// customers are billed by, and the rates at which currencies are exchanged.
//
// # The journal
//
// An [Entry] is what one business event does to the accounts. Its lines sum to
// zero in each currency and in the base currency; one that does not is refused.
// Entries are only ever added, and each event is posted once. The posting rules
// (rule.go) are pure functions from what happened to an entry.
//
// Amounts are signed minor units, debit positive, credit negative. An amount in
// another currency is worth in the books what the exchange rate of its document
// says; where the parts of an entry do not sum to zero after that, the difference
// is a line of its own, of amount zero and so much in the base currency.
//
// # What customers owe
//
// An order's receivable is what was invoiced, less credit notes and payments,
// plus refunds; below zero, it is prepaid. Its value in the base currency is
// always the one of its present amount at the order's rate, whatever way it came
// to it, so that an order that owes nothing in its own currency owes nothing in
// the books either.
package accounting

import (
	"cmp"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// The chart of accounts, which the schema brings along.
const (
	Cash          = "1000"
	Clearing      = "1050" // at payment gateways, on its way to the bank
	Receivable    = "1100"
	Stock         = "1200" // always the value of the stock ledger
	Exchange      = "1900" // between two currencies; its value in the base currency is zero
	GoodsReceived = "2000" // that no bill has come for
	Tax           = "2100"
	StoreCredit   = "2200" // gift cards and store credit that customers may still spend
	OnAccount     = "2300" // received from customers, and for no order yet
	Opening       = "3000"
	Sales         = "4000"
	Discounts     = "4100"
	SalesReturns  = "4200" // goods given back, and other credits
	Shipping      = "4300"
	Fees          = "4400"
	Breakage      = "4500" // gift cards and store credit that were not spent in time
	CostOfGoods   = "5000"
	Adjustments   = "5100"
	WriteOffs     = "5200"
	Variances     = "5300"
	BadDebts      = "6000"
	FX            = "7000"
	Rounding      = "7100"
)

// AccountKind is what an account is: its place in the reports.
type AccountKind string

// The kinds.
const (
	Asset     AccountKind = "asset"
	Liability AccountKind = "liability"
	Equity    AccountKind = "equity"
	Income    AccountKind = "income"
	Expense   AccountKind = "expense"
)

// Account is an account of the chart.
type Account struct {
	Code string      `db:"code" json:"code"`
	Name string      `db:"name" json:"name"`
	Kind AccountKind `db:"kind" json:"kind"`
}

// Tender is the account that money of a means of payment (card, cash, ...) lies
// in when it has come.
func Tender(method string) string {
	switch method {
	case "cash", "cheque", "bank", "cod", "terms":
		return Cash
	case "gift_card", "store_credit":
		return StoreCredit
	case "on_account":
		return OnAccount
	case "write_off":
		return BadDebts
	}
	return Clearing
}

// EntryKind is the business event that an entry posts.
type EntryKind string

// The kinds.
const (
	OpeningStock  EntryKind = "opening_stock"
	ReceiveStock  EntryKind = "receive"
	AdjustStock   EntryKind = "adjust"
	CountStock    EntryKind = "count"
	WriteOffStock EntryKind = "write_off"
	VaryCost      EntryKind = "cost_variance"
	ShipGoods     EntryKind = "ship"
	RestockReturn EntryKind = "restock"
	UnshipGoods   EntryKind = "unship"
	IssueInvoice  EntryKind = "invoice"
	IssueCredit   EntryKind = "credit_note"
	CaptureMoney  EntryKind = "capture"
	RefundMoney   EntryKind = "refund"
	RefundBounce  EntryKind = "refund_failed"
	LoseDispute   EntryKind = "chargeback"
	WinDispute    EntryKind = "chargeback_won"
	WriteOffDebt  EntryKind = "bad_debt"
	TakeReceipt   EntryKind = "receipt"
	PayBack       EntryKind = "receipt_paid_back"
	ReverseMoney  EntryKind = "receipt_reversed"
	SellGiftCard  EntryKind = "gift_card_sale"
	GrantCredit   EntryKind = "credit_grant"
	PayOutCredit  EntryKind = "credit_payout"
	VoidCredit    EntryKind = "credit_void"
	ExpireCredit  EntryKind = "credit_expiry"
	Correct       EntryKind = "correction" // of another entry
)

// Source is the row that an entry comes from. A source has one entry of a kind.
type Source struct {
	Kind string // movement, shipment, invoice, transaction ...
	ID   id.Any
}

// Entry is what one business event does to the accounts.
type Entry struct {
	Kind   EntryKind
	Source Source
	Order  id.Order // zero if it belongs to none
	Memo   string
	Date   string // the business day, YYYY-MM-DD
	Lines  []Line
}

// Line moves an amount into an account, or out of it when negative.
type Line struct {
	Account  string         `db:"account" json:"account"`
	Currency money.Currency `db:"currency" json:"currency"`
	Amount   int64          `db:"amount" json:"amount" doc:"Debit positive, credit negative, in minor units of the currency."`
	Base     int64          `db:"base" json:"base" doc:"The same in minor units of the base currency."`
}

// Empty tells whether the entry moves nothing, so that there is nothing to post.
func (e Entry) Empty() bool { return len(e.Lines) == 0 }

// Check refuses an entry that does not balance or says too little. Errors:
// Internal accounting.unbalanced and accounting.bad_entry, since entries are made
// by posting rules.
func (e Entry) Check() error {
	if e.Kind == "" || e.Source.Kind == "" || e.Source.ID.IsZero() || len(e.Lines) == 0 {
		return fault.New(fault.Internal, "accounting.bad_entry", "A journal entry has no kind, no source or no lines.")
	}
	if _, err := time.Parse(time.DateOnly, e.Date); err != nil {
		return fault.New(fault.Internal, "accounting.bad_entry", "The journal entry's date %q is not a day like 2026-01-31.", e.Date)
	}
	var base int64
	for _, l := range e.Lines { // entries are short: sums by currency need no map
		base += l.Base
		var sum int64
		for _, other := range e.Lines {
			if other.Currency == l.Currency {
				sum += other.Amount
			}
		}
		if sum != 0 {
			return fault.New(fault.Internal, "accounting.unbalanced", "The entry %s is off by %s.", e.Kind, money.Of(sum, l.Currency))
		}
	}
	if base != 0 {
		return fault.New(fault.Internal, "accounting.unbalanced", "The entry %s is off by %d minor units of the base currency.", e.Kind, base)
	}
	return nil
}

// Reversed is the entry that takes e back, for a correction: a journal is never
// rewritten. It has a source and a date of its own.
func (e Entry) Reversed(source Source, date, memo string) Entry {
	r := Entry{Kind: Correct, Source: source, Order: e.Order, Memo: memo, Date: date, Lines: slices.Clone(e.Lines)}
	for i := range r.Lines {
		r.Lines[i].Amount, r.Lines[i].Base = -r.Lines[i].Amount, -r.Lines[i].Base
	}
	return r
}

// Balance is what an account has in a currency.
type Balance struct {
	Account  string         `db:"account" json:"account"`
	Name     string         `db:"name" json:"name"`
	Kind     AccountKind    `db:"kind" json:"kind"`
	Currency money.Currency `db:"currency" json:"currency"`
	Amount   int64          `db:"amount" json:"amount"`
	Base     int64          `db:"base" json:"base"`
}

func sortBalances(all []Balance) {
	slices.SortFunc(all, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Currency, b.Currency))
	})
}
