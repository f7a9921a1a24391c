package intake

import (
	"time"

	"purser/internal/base/address"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
)

// DocumentKind is what an order file's document means.
type DocumentKind string

// The kinds of documents.
const (
	Sale         DocumentKind = "order"        // goods are ordered; may have charges
	Cancellation DocumentKind = "cancellation" // goods come back and are refunded; charges are given back
	Adjustment   DocumentKind = "adjustment"   // stock is found or written off; no money
	ChargeOnly   DocumentKind = "charge"       // charges without goods, up or down
	BookEntry    DocumentKind = "book_entry"   // a correction of the books alone, such as a bad debt
)

// OrderDocument is an order, or what orders files hold beside orders, as its
// source tells it. Amounts are minor units of Currency.
type OrderDocument struct {
	Key          string // the document's own number in the source, by which a second import knows it
	Kind         DocumentKind
	ExternalID   string
	Number       string
	Channel      string // code; empty: the import's own
	PlacedAt     time.Time
	Customer     Customer
	ShipTo       address.Address
	BillTo       address.Address
	Currency     money.Currency
	TaxIncluded  bool
	Lines        []DocumentLine
	Charges      []DocumentCharge
	Discounts    []DocumentDiscount // off the whole document
	Payment      Payment
	Stated       Stated
	FulfilledAt  time.Time // zero: not, or not in full
	CancelledAt  time.Time
	Unfinished   bool // the source says that something is still to be sent
	ShippingName string
	Note         string
	Tags         []string

	Rows []Row // what it was read from, in the order of the file; each is of one line, charge or neither
}

// Customer is who ordered. All may be empty: a guest.
type Customer struct {
	Number string
	Email  string
	Phone  string
	Name   string
}

// IsZero tells whether nothing is known of the customer.
func (c Customer) IsZero() bool { return c == Customer{} }

// DocumentLine is goods that are ordered, come back, are found or written off.
type DocumentLine struct {
	Row        int // position in the document's Rows
	ExternalID string
	SKU        string
	Title      string
	Quantity   int64 // as the source signs it: negative for what comes back or is written off
	UnitPrice  money.Micros
	Amount     int64 // price times quantity, rounded once
	Discount   int64 // off the line
	TaxRate    money.Rate
	Fulfilled  int64  // units shipped already
	Reason     string // of an adjustment: damaged, found, lost, sample or correction
	Remark     string // of an adjustment: what the source says of it
	NoShipping bool   // a service, a gift card
}

// DocumentCharge is money for something that is no goods, or against it.
type DocumentCharge struct {
	Row       int // position in the document's Rows
	Kind      ChargeKind
	Code      string
	Title     string
	Quantity  int64
	UnitPrice money.Micros
	Amount    int64 // price times quantity, rounded once; negative if it is given back
	TaxRate   money.Rate
}

// ChargeKind tells shipping from the rest.
type ChargeKind string

// The kinds of charges.
const (
	ShippingCharge ChargeKind = "shipping"
	FeeCharge      ChargeKind = "fee"
)

// DocumentDiscount is an amount off the whole document.
type DocumentDiscount struct {
	Amount int64 // positive
	Code   string
}

// Payment is what the source knows of the money.
type Payment struct {
	Status    string // the source's own word
	Method    string
	Reference string
	Paid      int64
	Refunded  int64
	PaidAt    time.Time
}

// Stated are sums as the source states them, nil where it does not.
type Stated struct {
	Subtotal, Shipping, Tax, Total *int64
}

// ProductRecord is a product with the variants that the file tells of. What the
// file does not mention is nil and stays as it is.
type ProductRecord struct {
	Key     string // its handle
	Product catalog.ProductInput
	Rows    []Row // those of its variants come first to last
}

// StockRecord is the number of units on hand of a variant at a location.
type StockRecord struct {
	Key      string
	SKU      string // or a barcode
	Location string // code or name
	OnHand   int64
	Bin      string
	Cost     *money.Micros
	Reason   string
	Row      Row
}
