package order

import (
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Draft is an order as it comes in, from a channel, a form or a file: what
// [Build] makes an order of. Amounts are minor units of Currency.
type Draft struct {
	Channel         id.Channel         `json:"channel_id"`
	ExternalID      string             `json:"external_id,omitempty"`
	ExternalNumber  string             `json:"external_number,omitempty"`
	Status          Status             `json:"status,omitempty"` // draft, pending or open; empty is open
	Customer        id.Customer        `json:"customer_id,omitzero"`
	Company         id.Company         `json:"company_id,omitzero"`
	CompanyLocation id.CompanyLocation `json:"company_location_id,omitzero"`
	Email           string             `json:"email,omitempty"`
	Phone           string             `json:"phone,omitempty"`
	ShipTo          Address            `json:"ship_to"`                     // may still be incomplete, or come later
	BillTo          Address            `json:"bill_to"`                     // empty: ShipTo
	Pickup          id.Location        `json:"pickup_location_id,omitzero"` // zero: it is sent
	Currency        money.Currency     `json:"currency"`
	Base            money.Currency     `json:"base_currency"`
	Rate            string             `json:"exchange_rate,omitempty"` // base currency for one unit of Currency; not needed where they are the same
	RateDate        string             `json:"exchange_date,omitempty"` // empty: the day it is placed on
	TaxInclusive    bool               `json:"tax_inclusive"`
	Lines           []DraftLine        `json:"lines"`
	Charges         []DraftCharge      `json:"charges,omitempty"`
	Discounts       []DraftDiscount    `json:"discounts,omitempty"` // on all lines, not on charges
	Terms           *Terms             `json:"terms,omitempty"`     // nil: pays first
	Priority        int64              `json:"priority,omitempty"`
	Tags            []string           `json:"tags,omitempty"`
	Custom          CustomFields       `json:"custom,omitempty"`
	AssignedTo      id.User            `json:"assigned_to,omitzero"`
	CustomerNote    string             `json:"customer_note,omitempty"`
	ShippingMethod  string             `json:"shipping_method,omitempty"`
	ExpiresAt       time.Time          `json:"expires_at,omitzero"` // for a draft or a pending order
	ShipBy          time.Time          `json:"ship_by,omitzero"`    // of the lines that have none of their own
	DeliverBy       time.Time          `json:"deliver_by,omitzero"`
	PlacedAt        time.Time          `json:"placed_at,omitzero"` // zero: now
}

// Terms say when an invoice is to be paid: Days after it, or after the end of
// its month.
type Terms struct {
	Days       int64 `json:"days"`
	EndOfMonth bool  `json:"end_of_month,omitempty"`
}

// DraftLine is a line of a draft. A kit has components, and nothing else has.
type DraftLine struct {
	Kind       Kind             `json:"kind,omitempty"`        // item, kit or service; empty: kit if there are components, else item
	Variant    id.Variant       `json:"variant_id,omitzero"`   // zero: not mapped yet, or a service
	ExternalID string           `json:"external_id,omitempty"` // the channel's own id of the line
	Listing    string           `json:"listing,omitempty"`     // the channel's own id of the article; empty: the SKU, where there is no variant
	SKU        string           `json:"sku"`
	Title      string           `json:"title"` // empty: the SKU
	Quantity   int64            `json:"quantity"`
	UnitPrice  money.Micros     `json:"unit_price"` // as priced: with tax if TaxInclusive
	Discounts  []DraftDiscount  `json:"discounts,omitempty"`
	TaxRate    money.Rate       `json:"tax_ppm,omitempty"`
	Tax        *int64           `json:"tax,omitempty"`        // as the channel computed it; nil: from the rate
	TaxReason  string           `json:"tax_reason,omitempty"` // why it has the rate; empty: it was given
	TaxNote    string           `json:"tax_note,omitempty"`
	GiftCard   bool             `json:"gift_card,omitempty"` // a service of which each unit is a gift card of its price
	Backorder  bool             `json:"backorder,omitempty"`
	MaySplit   bool             `json:"may_split,omitempty"`
	Components []DraftComponent `json:"components,omitempty"`
	ShipBy     time.Time        `json:"ship_by,omitzero"`
	DeliverBy  time.Time        `json:"deliver_by,omitzero"`
	Custom     CustomFields     `json:"custom,omitempty"`
}

// DraftComponent is a part of a kit.
type DraftComponent struct {
	Variant   id.Variant `json:"variant_id"`
	SKU       string     `json:"sku"`
	Title     string     `json:"title"`
	Quantity  int64      `json:"quantity"`     // units in one kit
	Weight    int64      `json:"price_weight"` // share of the kit's price, relative to the other components; all 0: even
	Backorder bool       `json:"backorder,omitempty"`
}

// DraftCharge is a charge of a draft. Its amount is Amount, or where that is 0,
// UnitPrice times Quantity, rounded once.
type DraftCharge struct {
	Kind      ChargeKind   `json:"kind"`
	Code      string       `json:"code,omitempty"`
	Title     string       `json:"title"`
	Quantity  int64        `json:"quantity,omitempty"` // 0 is 1
	UnitPrice money.Micros `json:"unit_price,omitempty"`
	Amount    int64        `json:"amount,omitempty"`
	Discount  int64        `json:"discount,omitempty"`
	TaxRate   money.Rate   `json:"tax_ppm,omitempty"`
	Tax       *int64       `json:"tax,omitempty"` // as the channel computed it; nil: from the rate
	TaxReason string       `json:"tax_reason,omitempty"`
	TaxNote   string       `json:"tax_note,omitempty"`
}

// DraftDiscount is a discount on a line or on the order. Discounts apply in
// their order, each to what those before it left: a percentage takes Rate of
// that, an amount at most that.
type DraftDiscount struct {
	Kind   DiscountKind `json:"kind"`
	Rate   money.Rate   `json:"rate_ppm,omitempty"`
	Amount int64        `json:"amount,omitempty"`
	Code   string       `json:"code,omitempty"`
	Title  string       `json:"title,omitempty"`
}
