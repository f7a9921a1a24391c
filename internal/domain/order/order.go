// Package order keeps what customers have ordered and what has become of it:
// the lines with their counters, what they cost, holds, notes, and the statuses
// that follow from all that.
//
// # Counters
//
// The facts of an order are the counters of its lines, in base units:
//
//	quantity = cancelled + unallocated + backordered + allocated + shipped
//
// Units in work are a part of the allocated ones; delivered and returned ones
// are a part of the shipped ones. Statuses are functions of the counters, the
// money and the holds (status.go), so they cannot drift.
//
// # Kits
//
// A kit is one line of kind kit, as the customer sees it, and a line of kind
// component for each of its parts. Stock and money live on the components: the
// kit's amounts are split over them when the order is built, and frozen. Of the
// kit's own line only cancelled, invoiced, refunded and the amounts are kept, as
// sums of the components; [Order.Kit] gives the rest. What is asked of a kit's
// line is done to its components. Sums of an order leave components out.
//
// # Money
//
// Amounts are minor units of the order's currency. What a line costs is split
// over its units as they are cancelled or invoiced, and what was invoiced over
// the units that are credited; the last unit takes what is left, so that in any
// order of these the parts sum to exactly what the line costs.
//
// # Working with it
//
// [Build] makes an order and [Insert] stores it. [Take] locks and loads, methods
// decide in memory, and [Save] derives, writes and records the facts of what the
// methods did. A method that returns a fault has changed nothing.
package order

import (
	"slices"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Header is an order without its lines: one row of a list.
type Header struct {
	ID                id.Order              `db:"id" json:"id"`
	Number            int64                 `db:"number" json:"number" doc:"Our own number, unique; numbers may have gaps."`
	Channel           id.Channel            `db:"channel_id" json:"channel_id"`
	ExternalID        string                `db:"external_id" json:"external_id,omitempty" doc:"The channel's own id, unique in the channel."`
	ExternalNumber    string                `db:"external_number" json:"external_number,omitempty" doc:"The number that the customer knows."`
	Status            Status                `db:"status" json:"status"`
	PaymentStatus     PaymentStatus         `db:"payment_status" json:"payment_status"`
	FulfillmentStatus FulfillmentStatus     `db:"fulfillment_status" json:"fulfillment_status"`
	ReturnStatus      ReturnStatus          `db:"return_status" json:"return_status"`
	Customer          id.Customer           `db:"customer_id" json:"customer_id,omitzero"`
	Company           id.Company            `db:"company_id" json:"company_id,omitzero"`
	CompanyLocation   id.CompanyLocation    `db:"company_location_id" json:"company_location_id,omitzero"`
	Email             string                `db:"email" json:"email,omitempty" doc:"In small letters."`
	Phone             string                `db:"phone" json:"phone,omitempty"`
	ShipTo            db.JSON[Address]      `db:"ship_to" json:"ship_to"`
	BillTo            db.JSON[Address]      `db:"bill_to" json:"bill_to"`
	Pickup            id.Location           `db:"pickup_location_id" json:"pickup_location_id,omitzero" doc:"Where the customer fetches it; missing: it is sent."`
	Currency          money.Currency        `db:"currency" json:"currency"`
	Base              money.Currency        `db:"base_currency" json:"base_currency" doc:"The currency of the company's books."`
	Rate              string                `db:"exchange_rate" json:"exchange_rate" doc:"Base currency for one unit of the order's currency."`
	RateDate          string                `db:"exchange_date" json:"exchange_date"`
	TaxInclusive      bool                  `db:"tax_inclusive" json:"tax_inclusive" doc:"Whether prices, discounts and charges include tax."`
	Subtotal          int64                 `db:"subtotal" json:"subtotal" doc:"Lines before discounts, as priced."`
	DiscountTotal     int64                 `db:"discount_total" json:"discount_total" doc:"Taken off the lines."`
	ShippingTotal     int64                 `db:"shipping_total" json:"shipping_total" doc:"Charges after their discounts, as priced."`
	TaxTotal          int64                 `db:"tax_total" json:"tax_total"`
	Total             int64                 `db:"total" json:"total" doc:"Tax included."`
	BaseTotal         int64                 `db:"base_total" json:"base_total" doc:"The total in the base currency."`
	CancelledTotal    int64                 `db:"cancelled_total" json:"cancelled_total" doc:"Part of the total that was cancelled before it was invoiced."`
	Authorized        int64                 `db:"authorized" json:"authorized" doc:"Authorized by payments and not captured yet."`
	Captured          int64                 `db:"captured" json:"captured"`
	Refunded          int64                 `db:"refunded" json:"refunded" doc:"Part of captured that was paid back."`
	Credited          int64                 `db:"credited" json:"credited" doc:"Part of invoiced that was granted back."`
	Invoiced          int64                 `db:"invoiced" json:"invoiced"`
	Overdue           bool                  `db:"overdue" json:"overdue" doc:"An invoice is past its due date."`
	RequestedReturns  int64                 `db:"requested_returns" json:"requested_returns"`
	OpenReturns       int64                 `db:"open_returns" json:"open_returns"`
	Awaited           int64                 `db:"awaited" json:"awaited" doc:"Value of goods that come back in exchange and are not credited yet: no money is asked for it."`
	TermsDays         *int64                `db:"terms_days" json:"terms_days" doc:"Pays so many days after the invoice; null: pays first."`
	TermsEndOfMonth   bool                  `db:"terms_end_of_month" json:"terms_end_of_month" doc:"The days count from the end of the invoice's month."`
	Priority          int64                 `db:"priority" json:"priority" doc:"Higher is more urgent; 0 is normal."`
	Tags              db.JSON[[]string]     `db:"tags" json:"tags"`
	Custom            db.JSON[CustomFields] `db:"custom" json:"custom"`
	AssignedTo        id.User               `db:"assigned_to" json:"assigned_to,omitzero"`
	CustomerNote      string                `db:"customer_note" json:"customer_note,omitempty"`
	ShippingMethod    string                `db:"shipping_method" json:"shipping_method,omitempty"`
	ActiveHolds       int64                 `db:"active_holds" json:"active_holds"`
	Archived          bool                  `db:"archived" json:"archived"`
	CancelReason      CancelReason          `db:"cancel_reason" json:"cancel_reason,omitempty" doc:"Of the last cancellation."`
	ExpiresAt         time.Time             `db:"expires_at" json:"expires_at,omitzero" doc:"When a draft or pending order runs out."`
	BackorderUntil    time.Time             `db:"backorder_until" json:"backorder_until,omitzero" doc:"What it waits for is kept until then, whatever the channel says."`
	ShipBy            time.Time             `db:"ship_by" json:"ship_by,omitzero" doc:"The earliest of its open lines."`
	DeliverBy         time.Time             `db:"deliver_by" json:"deliver_by,omitzero" doc:"The earliest of its open lines."`
	PlacedAt          time.Time             `db:"placed_at" json:"placed_at"`
	BusinessDate      string                `db:"business_date" json:"business_date" doc:"The company's day of placed_at."`
	CancelledAt       time.Time             `db:"cancelled_at" json:"cancelled_at,omitzero"`
	CompletedAt       time.Time             `db:"completed_at" json:"completed_at,omitzero"`
	CreatedBy         string                `db:"created_by" json:"created_by"`
	Version           int64                 `db:"version" json:"version"`
	UpdatedAt         time.Time             `db:"updated_at" json:"updated_at"`
}

// Address is where an order goes or who is invoiced, as it was given for the
// order: a later change of the customer's address does not change it.
type Address = address.Address

// CustomFields are the merchant's own fields, by name.
type CustomFields = map[string]any

// Order is an order with all its parts.
type Order struct {
	Header
	Lines     []*Line     `json:"lines" doc:"By position; a kit comes before its components."`
	Charges   []*Charge   `json:"charges"`
	Discounts []*Discount `json:"discounts"`
	Holds     []*Hold     `json:"holds" doc:"Also those that ended, oldest first."`

	was      statuses  // as stored
	tagged   []string  // tags as stored
	placed   time.Time // placed_at as stored
	rebuilt  bool      // the children are to be written anew
	repriced bool      // charges and discounts are to be written anew
	taken    bool      // it is locked and may be saved
	off      []LineUnits
	offSum   int64
	notify   bool // of what was cancelled
	facts    []event.Fact
}

// Kind tells what a line is.
type Kind string

// The kinds.
const (
	KindItem      Kind = "item"
	KindKit       Kind = "kit"       // sold as one, shipped as its components
	KindComponent Kind = "component" // part of a kit
	KindService   Kind = "service"   // nothing to ship
)

// Line is what was ordered of one variant, in base units.
type Line struct {
	ID            id.Line      `db:"id" json:"id"`
	Order         id.Order     `db:"order_id" json:"-"`
	PlacedAt      time.Time    `db:"placed_at" json:"-"` // the order's
	Position      int64        `db:"position" json:"position"`
	Parent        id.Line      `db:"parent_id" json:"parent_id,omitzero" doc:"The kit's line, for a component."`
	Kind          Kind         `db:"kind" json:"kind"`
	Variant       id.Variant   `db:"variant_id" json:"variant_id,omitzero" doc:"Missing while the channel's article is not mapped, and for services."`
	ExternalID    string       `db:"external_id" json:"external_id,omitempty" doc:"The channel's own id of the line."`
	Listing       string       `db:"listing" json:"listing,omitempty" doc:"The channel's own id of the article."`
	SKU           string       `db:"sku" json:"sku"`
	Title         string       `db:"title" json:"title"`
	Quantity      int64        `db:"quantity" json:"quantity"`
	UnitPrice     money.Micros `db:"unit_price_micros" json:"unit_price" doc:"As priced; of a component: its share of the kit's, for the record."`
	Subtotal      int64        `db:"subtotal" json:"subtotal" doc:"Price times quantity, rounded once."`
	LineDiscount  int64        `db:"line_discount" json:"line_discount"`
	OrderDiscount int64        `db:"order_discount" json:"order_discount" doc:"Its share of the order's discounts."`
	TaxRate       money.Rate   `db:"tax_ppm" json:"tax_ppm" doc:"Millionths: 200000 is 20 %."`
	Tax           int64        `db:"tax" json:"tax"`
	TaxReason     string       `db:"tax_reason" json:"tax_reason,omitempty" doc:"Why it is taxed so: given, rate, no_rate, exempt, reverse_charge, channel_collected, gift_card."`
	TaxNote       string       `db:"tax_note" json:"tax_note,omitempty" doc:"The same for people: the rate and its place, the number of the certificate."`
	Total         int64        `db:"total" json:"total" doc:"What the customer pays for it, tax included."`
	Counts
	Sums
	GiftCard  bool                  `db:"gift_card" json:"gift_card,omitempty" doc:"Sold as a gift card: no revenue before it is spent."`
	Backorder bool                  `db:"backorder" json:"backorder" doc:"May be owed while there is no stock."`
	MaySplit  bool                  `db:"may_split" json:"may_split" doc:"May be sent in several parcels."`
	ShipBy    time.Time             `db:"ship_by" json:"ship_by,omitzero"`
	DeliverBy time.Time             `db:"deliver_by" json:"deliver_by,omitzero"`
	Custom    db.JSON[CustomFields] `db:"custom" json:"custom"`

	wasCounts Counts
	wasSums   Sums
	edited    bool // something other than counts and sums changed
	repriced  bool // quantity, price or amounts changed
	stored    bool // there is a row of it
}

// Counts are the counters of a line.
type Counts struct {
	Cancelled   int64 `db:"cancelled" json:"cancelled"`
	Unallocated int64 `db:"unallocated" json:"unallocated" doc:"Of drafts, services and what is not mapped; of a kit: all that is not cancelled, since its components count."`
	Backordered int64 `db:"backordered" json:"backordered"`
	Allocated   int64 `db:"allocated" json:"allocated" doc:"Reserved at a location, in work or not."`
	InWork      int64 `db:"in_work" json:"in_work" doc:"Part of allocated: being picked or packed."`
	Shipped     int64 `db:"shipped" json:"shipped"`
	Delivered   int64 `db:"delivered" json:"delivered" doc:"Part of shipped."`
	Returned    int64 `db:"returned" json:"returned" doc:"Part of shipped."`
	Refunded    int64 `db:"refunded" json:"refunded" doc:"Part of invoiced that was credited."`
	Invoiced    int64 `db:"invoiced" json:"invoiced"`
}

// Sums are the parts of a line's total, and of the tax in it, that were
// cancelled before they were invoiced, invoiced, and credited of what was
// invoiced.
type Sums struct {
	CancelledTotal int64 `db:"cancelled_total" json:"cancelled_total"`
	CancelledTax   int64 `db:"cancelled_tax" json:"cancelled_tax"`
	InvoicedTotal  int64 `db:"invoiced_total" json:"invoiced_total"`
	InvoicedTax    int64 `db:"invoiced_tax" json:"invoiced_tax"`
	RefundedTotal  int64 `db:"refunded_total" json:"refunded_total"`
	RefundedTax    int64 `db:"refunded_tax" json:"refunded_tax"`
}

// Goods tells whether l's own units are stocked and shipped: items and
// components, not kits and services.
func (l *Line) Goods() bool { return l.Kind == KindItem || l.Kind == KindComponent }

// Open is how many units are still to be shipped: the one place that says so.
// Of kits and services nothing is.
func (l *Line) Open() int64 {
	if !l.Goods() {
		return 0
	}
	return l.Quantity - l.Cancelled - l.Shipped
}

// Unmapped tells whether l is an article of a channel that no variant is
// mapped to.
func (l *Line) Unmapped() bool { return l.Kind == KindItem && l.Variant.IsZero() }

// Net is l's amount after discounts, as priced.
func (l *Line) Net() int64 { return l.Subtotal - l.LineDiscount - l.OrderDiscount }

// ChargeKind tells what a charge is.
type ChargeKind string

// The kinds of charges.
const (
	ChargeShipping ChargeKind = "shipping"
	ChargeFee      ChargeKind = "fee"
)

// Charge is what an order costs besides its lines. Discounts of the order do
// not touch it.
type Charge struct {
	ID        id.Charge    `db:"id" json:"id"`
	Order     id.Order     `db:"order_id" json:"-"`
	Position  int64        `db:"position" json:"position"`
	Kind      ChargeKind   `db:"kind" json:"kind"`
	Code      string       `db:"code" json:"code,omitempty"`
	Title     string       `db:"title" json:"title"`
	Quantity  int64        `db:"quantity" json:"quantity" doc:"For the record: the amount is what counts."`
	UnitPrice money.Micros `db:"unit_price_micros" json:"unit_price"`
	Amount    int64        `db:"amount" json:"amount" doc:"As priced; negative for a fee given back."`
	Discount  int64        `db:"discount" json:"discount"`
	TaxRate   money.Rate   `db:"tax_ppm" json:"tax_ppm"`
	Tax       int64        `db:"tax" json:"tax"`
	TaxReason string       `db:"tax_reason" json:"tax_reason,omitempty" doc:"As on lines."`
	TaxNote   string       `db:"tax_note" json:"tax_note,omitempty"`
	Total     int64        `db:"total" json:"total" doc:"Tax included."`
	ChargeState

	wasState ChargeState
}

// ChargeState is what has become of a charge.
type ChargeState struct {
	Invoiced      bool  `db:"invoiced" json:"invoiced"`
	Cancelled     bool  `db:"cancelled" json:"cancelled"`
	RefundedTotal int64 `db:"refunded_total" json:"refunded_total"`
	RefundedTax   int64 `db:"refunded_tax" json:"refunded_tax"`
}

// DiscountKind tells how a discount is given.
type DiscountKind string

// The kinds of discounts.
const (
	DiscountPercent DiscountKind = "percent"
	DiscountAmount  DiscountKind = "amount"
)

// Discount is why a line or the order costs less. The amounts of lines hold
// what it came to; it is kept to be shown.
type Discount struct {
	ID     id.Discount  `db:"id" json:"id"`
	Order  id.Order     `db:"order_id" json:"-"`
	Line   id.Line      `db:"line_id" json:"line_id,omitzero" doc:"Missing: on the whole order."`
	Kind   DiscountKind `db:"kind" json:"kind"`
	Code   string       `db:"code" json:"code,omitempty"`
	Title  string       `db:"title" json:"title"`
	Rate   money.Rate   `db:"rate_ppm" json:"rate_ppm"`
	Amount int64        `db:"amount" json:"amount" doc:"What it took off, as priced."`
}

// Line returns the line with an id, nil if there is none.
func (o *Order) Line(line id.Line) *Line {
	for _, l := range o.Lines {
		if l.ID == line {
			return l
		}
	}
	return nil
}

// Components are the lines of a kit's parts.
func (o *Order) Components(kit id.Line) []*Line {
	i := slices.IndexFunc(o.Lines, func(l *Line) bool { return l.ID == kit })
	if i < 0 {
		return nil
	}
	return o.componentsAt(i)
}

// componentsAt are the components of the kit at an index: the lines behind it.
func (o *Order) componentsAt(i int) []*Line {
	end := i + 1
	for end < len(o.Lines) && o.Lines[end].Parent == o.Lines[i].ID {
		end++
	}
	return o.Lines[i+1 : end : end]
}

// Kit counts the complete kits of a kit's line: a kit is shipped when all its
// components are. Backordered are the kits that wait for a component. Any other
// line's counts are returned as they are.
func (o *Order) Kit(kit *Line) Counts {
	if kit.Kind != KindKit {
		return kit.Counts
	}
	return kit.kits(o.Components(kit.ID))
}

func (l *Line) kits(parts []*Line) (c Counts) {
	waits := slices.ContainsFunc(parts, func(p *Line) bool { return p.Backordered > 0 })
	c.Cancelled = l.whole(parts, func(p *Line) int64 { return p.Cancelled })
	c.Invoiced = l.whole(parts, func(p *Line) int64 { return p.Invoiced })
	c.Refunded = l.whole(parts, func(p *Line) int64 { return p.Refunded })
	c.Shipped = l.whole(parts, func(p *Line) int64 { return p.Shipped })
	c.Delivered = l.whole(parts, func(p *Line) int64 { return p.Delivered })
	c.Returned = l.whole(parts, func(p *Line) int64 { return p.Returned })
	c.Allocated = l.whole(parts, func(p *Line) int64 { return p.Allocated + p.Shipped }) - c.Shipped
	c.InWork = min(c.Allocated, l.whole(parts, func(p *Line) int64 { return p.InWork }))
	rest := l.Quantity - c.Cancelled - c.Shipped - c.Allocated
	if waits {
		c.Backordered = rest
	} else {
		c.Unallocated = rest
	}
	return c
}

// whole is how many whole kits a count of the components makes.
func (l *Line) whole(parts []*Line, count func(*Line) int64) int64 {
	if len(parts) == 0 {
		return 0
	}
	n := l.Quantity
	for _, p := range parts {
		n = min(n, count(p)/(p.Quantity/l.Quantity))
	}
	return n
}

// CheckVersion refuses a change to a version other than the one that the caller
// saw; 0 is not checked.
func (o *Order) CheckVersion(seen int64) error {
	if seen == 0 || seen == o.Version {
		return nil
	}
	return fault.New(fault.Stale, "order.stale", "Order %d was changed meanwhile: it has version %d now. Load it again.", o.Number, o.Version).
		With(map[string]int64{"version": o.Version})
}

// Due is what the customer has to pay in all: what was ordered less what was
// cancelled or credited.
func (h *Header) Due() int64 { return h.Total - h.CancelledTotal - h.Credited }

// Paid is what was captured less what was paid back.
func (h *Header) Paid() int64 { return h.Captured - h.Refunded }

// Balance is what the customer still owes; negative if we owe it back.
func (h *Header) Balance() int64 { return h.Due() - h.Paid() }

// OnTerms tells whether the customer pays after the invoice.
func (h *Header) OnTerms() bool { return h.TermsDays != nil }

// Exchange changes amounts of the order into the base currency.
func (h *Header) Exchange() money.Exchange {
	return money.Exchange{From: h.Currency, To: h.Base, Rate: h.Rate}
}

func (o *Order) say(f event.Fact) { o.facts = append(o.facts, f) }
