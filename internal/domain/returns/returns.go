// Package returns keeps what customers send back: the permission, what arrived,
// what becomes of the goods (disposition) and of the money (resolution).
//
// # States
//
//	requested → approved → (in_transit) → received → inspected → closed
//
// and declined, cancelled or expired before anything has arrived. Goods may
// arrive in several parcels: a line of which a part arrived is split, so that
// each line has one fate, and its value with it to the last minor unit. Goods
// that come without a permission, or with the customer in the shop, go through
// the same steps in one transaction.
//
// # Working with it
//
// Take locks and loads, methods decide in memory, Save writes and records the
// facts. Stock, money and the counters of the sales order are the flow's: it
// takes the sales order first.
package returns

import (
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Status is the state of a return.
type Status string

// The states.
const (
	Requested Status = "requested"
	Approved  Status = "approved"
	InTransit Status = "in_transit"
	Received  Status = "received" // something has arrived, perhaps not all
	Inspected Status = "inspected"
	Closed    Status = "closed"
	Declined  Status = "declined"
	Cancelled Status = "cancelled"
	Expired   Status = "expired"
)

// Done tells whether nothing more arrives and nothing more is given back.
func (s Status) Done() bool { return s == Closed || s.Dropped() }

// Dropped tells whether nothing came of the return.
func (s Status) Dropped() bool { return s == Declined || s == Cancelled || s == Expired }

// Reception says what arrived.
type Reception string

// The receptions.
const (
	Expected  Reception = "expected"
	Arrived   Reception = "received"
	Missing   Reception = "missing"
	WrongItem Reception = "wrong_item"
	Extra     Reception = "extra" // arrived without having been announced
)

// Here tells whether there are goods.
func (r Reception) Here() bool { return r == Arrived || r == Extra }

// Disposition says what becomes of the goods.
type Disposition string

// The dispositions.
const (
	Pending        Disposition = "pending"
	Restock        Disposition = "restock"
	Refurbish      Disposition = "refurbish"
	Quarantine     Disposition = "quarantine"
	Scrap          Disposition = "scrap"
	ReturnToVendor Disposition = "return_to_vendor"
)

// Resolution says what becomes of the money.
type Resolution string

// The resolutions.
const (
	Refund      Resolution = "refund"
	StoreCredit Resolution = "store_credit"
	Exchange    Resolution = "exchange"
	Repair      Resolution = "repair"
	Reject      Resolution = "reject"
)

// GivesBack tells whether the customer gets the value of the goods.
func (r Resolution) GivesBack() bool { return r == Refund || r == StoreCredit || r == Exchange }

var (
	dispositions = []Disposition{Pending, Restock, Refurbish, Quarantine, Scrap, ReturnToVendor}
	resolutions  = []Resolution{Refund, StoreCredit, Exchange, Repair, Reject}
)

// Return is goods that come back, all of one sales order where it is known.
type Return struct {
	ID              id.Return          `db:"id" json:"id"`
	Number          int64              `db:"number" json:"number"`
	Order           id.Order           `db:"order_id" json:"order_id,omitzero" doc:"The sales order; none for a blind return."`
	Customer        id.Customer        `db:"customer_id" json:"customer_id,omitzero"`
	Location        id.Location        `db:"location_id" json:"location_id" doc:"Where the goods arrive."`
	ExternalID      string             `db:"external_id" json:"external_id,omitempty" doc:"The id that the return has where it comes from; unique."`
	Status          Status             `db:"status" json:"status"`
	Currency        money.Currency     `db:"currency" json:"currency"`
	Total           int64              `db:"total" json:"total" doc:"Value given back, tax included, in minor units."`
	Note            string             `db:"note" json:"note,omitempty"`
	CreatedBy       string             `db:"created_by" json:"created_by"`
	CreatedAt       time.Time          `db:"created_at" json:"created_at"`
	BusinessDate    string             `db:"business_date" json:"business_date"`
	ClosedAt        time.Time          `db:"closed_at" json:"closed_at,omitzero"`
	RequestedBy     string             `db:"requested_by" json:"requested_by" doc:"staff or customer."`
	Refusal         string             `db:"decline_reason" json:"decline_reason,omitempty"`
	Carrier         string             `db:"carrier" json:"carrier,omitempty"`
	Tracking        string             `db:"tracking_number" json:"tracking_number,omitempty"`
	ExpiresAt       time.Time          `db:"expires_at" json:"expires_at,omitzero" doc:"When the approval runs out."`
	Shipment        id.Shipment        `db:"shipment_id" json:"shipment_id,omitzero" doc:"The parcel that came back by itself, refused or undelivered."`
	Change          id.Change          `db:"change_id" json:"change_id,omitzero" doc:"Of an exchange: the change that put its replacements on the order."`
	ReleaseOn       Release            `db:"release_on" json:"release_on,omitempty" doc:"Of an exchange: when its replacements may leave: at_once, in_transit, receipt or inspection."`
	Replacements    db.JSON[[]id.Line] `db:"replacements" json:"replacements,omitzero" doc:"Of an exchange: the order lines that go out instead."`
	ShippingFee     int64              `db:"shipping_fee" json:"shipping_fee,omitempty" doc:"Kept back once by the return policy, in minor units, as the order's prices are."`
	ShippingCharged bool               `db:"shipping_charged" json:"shipping_charged,omitempty" doc:"The shipping fee was kept back already."`
	Override        string             `db:"override_reason" json:"override_reason,omitempty" doc:"Why it was taken against the return policy."`
	Version         int64              `db:"version" json:"version"`
	Lines           []*Line            `json:"lines"`

	facts []event.Fact
}

// Line is a number of like units with one fate.
type Line struct {
	ID          id.ReturnLine `db:"id" json:"id"`
	Return      id.Return     `db:"return_id" json:"-"`
	Position    int64         `db:"position" json:"position"`
	Line        id.Line       `db:"line_id" json:"line_id,omitzero" doc:"The order line, where the purchase is known."`
	Variant     id.Variant    `db:"variant_id" json:"variant_id"`
	Quantity    int64         `db:"quantity" json:"quantity" doc:"Base units."`
	Reception   Reception     `db:"reception" json:"reception"`
	Disposition Disposition   `db:"disposition" json:"disposition"`
	Resolution  Resolution    `db:"resolution" json:"resolution"`
	Reason      string        `db:"reason" json:"reason,omitempty"`
	UnitPrice   money.Micros  `db:"unit_price_micros" json:"unit_price"`
	Tax         int64         `db:"tax" json:"tax" doc:"Tax in total, in minor units."`
	Total       int64         `db:"total" json:"total" doc:"Value of the goods as the customer paid it, tax included, in minor units."`
	Location    id.Location   `db:"location_id" json:"location_id,omitzero" doc:"Where the goods are, once they came."`
	Credited    bool          `db:"credited" json:"credited" doc:"A credit note was issued for it."`
	Restocking  money.Rate    `db:"restocking_ppm" json:"restocking_ppm,omitempty" doc:"Millionths of its price that the return policy keeps back."`
	Unmoved     bool          `db:"unmoved" json:"-"` // the stock's numbers had the goods already

	was fate // as stored
}

// fate is what may change of a stored line.
type fate struct {
	Quantity, Tax, Total int64
	Reception            Reception
	Disposition          Disposition
	Resolution           Resolution
	Location             id.Location
	Credited, Unmoved    bool
}

func (l *Line) fate() fate {
	return fate{l.Quantity, l.Tax, l.Total, l.Reception, l.Disposition, l.Resolution, l.Location, l.Credited, l.Unmoved}
}

// Credit is the part of the line's value that is given back, tax included, and
// the tax in it: none for goods that did not come, or not as resolved.
func (l *Line) Credit() (total, tax int64) {
	if l.Reception == Missing || l.Reception == WrongItem || !l.Resolution.GivesBack() {
		return 0, 0
	}
	return l.Total, l.Tax
}

// New returns a requested return of lines whose Variant, Quantity, Resolution,
// UnitPrice, Tax and Total are set, and Line where the purchase is known. Set
// Customer, ExternalID and Note as needed. day is the business day of now.
//
// Errors: Invalid return.invalid, with the fields.
func New(now time.Time, day string, order id.Order, location id.Location, currency money.Currency, lines ...Line) (*Return, error) {
	r := &Return{
		ID: id.New[id.Return](now), Order: order, Location: location, Currency: currency,
		Status: Requested, CreatedAt: now, BusinessDate: day, RequestedBy: ByStaff, Version: 1,
		Replacements: db.JSON[[]id.Line]{V: []id.Line{}},
	}
	f := fault.Fields{}
	if location.IsZero() {
		f.Add("location_id", "is missing")
	}
	if !currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", currency)
	}
	if len(lines) == 0 {
		f.Add("lines", "there must be at least one")
	}
	if len(lines) > MaxLines {
		f.Add("lines", "there may be %d at most", MaxLines)
		lines = nil
	}
	for i := range lines {
		l := lines[i]
		l.ID, l.Return, l.Position = id.New[id.ReturnLine](now), r.ID, int64(i+1)
		l.Reception, l.Disposition, l.was = Expected, Pending, fate{}
		l.Reason = text.Clean(l.Reason)
		l.check(f, fmt.Sprintf("lines[%d].", i))
		r.Lines = append(r.Lines, &l)
	}
	if err := f.Err("return.invalid", "The return's data is not complete."); err != nil {
		return nil, err
	}
	r.refresh()
	r.say()
	return r, nil
}

func (l *Line) check(f fault.Fields, at string) {
	if l.Variant.IsZero() {
		f.Add(at+"variant_id", "is missing")
	}
	if l.Quantity <= 0 || l.Quantity > MaxQuantity {
		f.Add(at+"quantity", "must be from 1 to %d", int64(MaxQuantity))
	}
	if !slices.Contains(resolutions, l.Resolution) {
		f.Add(at+"resolution", "%q is none of refund, store_credit, exchange, repair, reject", l.Resolution)
	}
	if l.Total < 0 || l.Total > MaxTotal {
		f.Add(at+"total", "must be from 0 to %d", int64(MaxTotal))
	}
	if l.Tax < 0 || l.Tax > l.Total {
		f.Add(at+"tax", "must be from 0 to the total")
	}
}

// Who asks for a return.
const (
	ByStaff    = "staff"
	ByCustomer = "customer"
)

// Bounds: lines, units of a line, and minor units of its total. The total of a
// return fits.
const (
	MaxLines    = 5_000
	MaxQuantity = 1_000_000_000
	MaxTotal    = 1 << 50
)

// Line returns a line of the return, nil if there is none.
func (r *Return) Line(line id.ReturnLine) *Line {
	for _, l := range r.Lines {
		if l.ID == line {
			return l
		}
	}
	return nil
}

// CheckVersion refuses a change to a version other than the one that the
// caller saw; 0 is not checked.
func (r *Return) CheckVersion(seen int64) error {
	if seen == 0 || seen == r.Version {
		return nil
	}
	return fault.New(fault.Stale, "return.stale", "The return was changed meanwhile: it has version %d now. Load it again.", r.Version).
		With(map[string]int64{"version": r.Version})
}

// refresh recomputes what is given back. Nothing is once the return is dropped.
func (r *Return) refresh() {
	r.Total = 0
	if r.Status.Dropped() {
		return
	}
	for _, l := range r.Lines {
		total, _ := l.Credit()
		r.Total += total
	}
}

func (r *Return) step(to Status, from ...Status) error {
	if !slices.Contains(from, r.Status) {
		return r.forbids(string(to))
	}
	r.Status = to
	r.refresh()
	r.say()
	return nil
}

func (r *Return) end(to Status, now time.Time, from ...Status) error {
	if err := r.step(to, from...); err != nil {
		return err
	}
	r.ClosedAt = now
	return nil
}

// possible is what can be done in each state, for those who tried something else.
var possible = map[Status]string{
	Requested: "approve, decline or cancel it first",
	Approved:  "its goods can be sent and received, or it can be cancelled",
	InTransit: "its goods can be received, or it can be cancelled",
	Received:  "what becomes of its goods can be said, they can be refunded and inspected",
	Inspected: "refund what is to be given back, and close it",
	Closed:    "what becomes of its goods can still be changed; for others, ask for a new return",
	Declined:  "ask for a new return",
	Cancelled: "ask for a new return",
	Expired:   "ask for a new return",
}

func (r *Return) forbids(past string) error {
	if Status(past) == InTransit {
		past = "sent"
	}
	return fault.New(fault.Conflict, "return."+string(r.Status), "A return that is %s cannot be %s: %s.", words(string(r.Status)), words(past), possible[r.Status]).
		With(map[string]Status{"status": r.Status})
}

func words(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == '_' {
			b[i] = ' '
		}
	}
	return string(b)
}
