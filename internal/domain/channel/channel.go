// Package channel keeps the selling surfaces that orders come from, with their
// rules, and their listings: which article of a channel is which variant.
//
// A listing whose variant is not known yet waits in the queue of unmapped
// listings, with the orders that name it, until somebody maps it.
package channel

import (
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
)

// ReleaseWhen tells what an order of a channel waits for before it may be worked on.
type ReleaseWhen string

// When an order may be worked on.
const (
	WhenPaid       ReleaseWhen = "paid"       // captured in full
	WhenAuthorized ReleaseWhen = "authorized" // authorized or captured in full
	WhenPlaced     ReleaseWhen = "placed"     // at once
)

// CaptureWhen tells when an authorized payment is captured.
type CaptureWhen string

// When a payment is captured.
const (
	CaptureShipped CaptureWhen = "shipped" // with each shipment, its part
	CapturePlaced  CaptureWhen = "placed"  // in full, at once
	CaptureManual  CaptureWhen = "manual"  // when a person says so
)

// Channel is a selling surface with its own orders, listings and rules.
type Channel struct {
	ID             id.Channel     `db:"id" json:"id"`
	Code           string         `db:"code" json:"code" doc:"Unique name in files and addresses."`
	Name           string         `db:"name" json:"name"`
	Kind           string         `db:"kind" json:"kind" doc:"manual, csv, api or the name of a connector."`
	Currency       money.Currency `db:"currency" json:"currency" doc:"Currency of an order that names none."`
	TaxInclusive   bool           `db:"tax_inclusive" json:"tax_inclusive" doc:"Prices of its orders contain tax."`
	TaxCollected   bool           `db:"tax_collected" json:"tax_collected" doc:"It collects the tax on its orders and pays it: we owe none."`
	PriceListID    id.PriceList   `db:"price_list_id" json:"price_list_id,omitzero"`
	ReleaseWhen    ReleaseWhen    `db:"release_when" json:"release_when" enum:"paid,authorized,placed"`
	CaptureWhen    CaptureWhen    `db:"capture_when" json:"capture_when" enum:"shipped,placed,manual"`
	AllowBackorder bool           `db:"allow_backorder" json:"allow_backorder"`
	PendingHours   int64          `db:"pending_hours" json:"pending_hours" doc:"A pending order is cancelled after this; 0 keeps it."`
	HandlingDays   int64          `db:"handling_days" json:"handling_days" doc:"Working days until an order is to be shipped."`
	EditMinutes    int64          `db:"edit_minutes" json:"edit_minutes" doc:"An order is held so long after it was placed, so that it can be changed; 0: not at all."`
	BackorderDays  int64          `db:"backorder_days" json:"backorder_days" doc:"What an order still waits for so many days after it was placed is cancelled; 0: never."`
	RetentionDays  int64          `db:"retention_days" json:"retention_days" doc:"Personal data is erased so many days after an order is done; 0 keeps it."`
	Active         bool           `db:"active" json:"active"`
	Version        int64          `db:"version" json:"version"`
	CreatedAt      time.Time      `db:"created_at" json:"created_at"`
}

// Defaults is a channel with the rules that a new one begins with, for callers
// who set only some.
func Defaults() Channel {
	return Channel{
		Kind: "manual", ReleaseWhen: WhenAuthorized, CaptureWhen: CaptureShipped,
		AllowBackorder: true, PendingHours: 168, HandlingDays: 1, Active: true,
	}
}

const (
	maxText = 500
	maxDays = 3650
)

// clean tidies c and tells what is wrong with it.
func (c *Channel) clean() error {
	c.Code, c.Name, c.Kind = text.Slug(c.Code), text.Clean(c.Name), text.Clean(c.Kind)
	f := fault.Fields{}
	if c.Code == "" || len(c.Code) > maxText {
		f.Add("code", "is missing or too long")
	}
	if c.Name == "" || len(c.Name) > maxText {
		f.Add("name", "is missing or too long")
	}
	if c.Kind == "" {
		f.Add("kind", "is missing: manual, csv, api or the name of a connector")
	}
	if c.Currency == "" || !c.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", c.Currency)
	}
	if !slices.Contains([]ReleaseWhen{WhenPaid, WhenAuthorized, WhenPlaced}, c.ReleaseWhen) {
		f.Add("release_when", "%q is none of paid, authorized, placed", c.ReleaseWhen)
	}
	if !slices.Contains([]CaptureWhen{CaptureShipped, CapturePlaced, CaptureManual}, c.CaptureWhen) {
		f.Add("capture_when", "%q is none of shipped, placed, manual", c.CaptureWhen)
	}
	for name, days := range map[string]int64{"pending_hours": c.PendingHours / 24, "handling_days": c.HandlingDays, "retention_days": c.RetentionDays,
		"backorder_days": c.BackorderDays, "edit_minutes": c.EditMinutes / (24 * 60)} {
		if days < 0 || days > maxDays {
			f.Add(name, "is negative or more than ten years")
		}
	}
	if c.PendingHours < 0 {
		f.Add("pending_hours", "is negative")
	}
	if c.EditMinutes < 0 {
		f.Add("edit_minutes", "is negative")
	}
	return f.Err("channel.invalid", "The channel cannot be saved like this.")
}

// ExpiresAt is when an order that is still pending is cancelled; zero: never.
func (c Channel) ExpiresAt(placed time.Time) time.Time {
	if c.PendingHours == 0 {
		return time.Time{}
	}
	return placed.Add(time.Duration(c.PendingHours) * time.Hour)
}

// EditUntil is until when an order is held to be changed; zero: it is not held.
func (c Channel) EditUntil(placed time.Time) time.Time {
	if c.EditMinutes == 0 {
		return time.Time{}
	}
	return placed.Add(time.Duration(c.EditMinutes) * time.Minute)
}

// ShipBy is when an order is to be shipped: the end of the last of the
// channel's handling days, which are the working days (Monday to Friday) after
// the day it was placed in the zone. With no handling days it is the end of the
// day itself, or of the next working day.
func (c Channel) ShipBy(placed time.Time, zone *time.Location) time.Time {
	day := placed.In(zone)
	for left := c.HandlingDays; left > 0; {
		if day = day.AddDate(0, 0, 1); working(day) {
			left--
		}
	}
	for !working(day) {
		day = day.AddDate(0, 0, 1)
	}
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, zone).Add(-time.Microsecond).UTC()
}

func working(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// Listing is an article of a channel.
type Listing struct {
	ID        id.Listing `db:"id" json:"id"`
	ChannelID id.Channel `db:"channel_id" json:"channel_id"`
	External  string     `db:"external" json:"external" doc:"The channel's own article number."`
	Title     string     `db:"title" json:"title"`
	Barcode   string     `db:"barcode" json:"barcode"`
	VariantID id.Variant `db:"variant_id" json:"variant_id,omitzero" doc:"Missing while the listing waits to be mapped."`
	MappedBy  string     `db:"mapped_by" json:"mapped_by" doc:"Who mapped it, or sku or barcode where the program did."`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
}

// CheckVersion is Stale when a caller who read version want (0: any) meets
// another one.
func CheckVersion(have, want int64, what string) error {
	if want == 0 || want == have {
		return nil
	}
	return fault.New(fault.Stale, "channel.stale", "%s was changed since you read it: read it again.", what).
		With(map[string]int64{"version": have})
}
