// Package inventory keeps what lies where, who has a claim on it, and what it
// is worth.
//
// Two ledgers are the truth: stock movements, which are only ever added, and
// reservations, which are opened and closed. Stock levels and stock values are
// caches of them, written in the same transaction by this package alone;
// [Verify] recomputes them, [Explain] shows the rows behind each number, and
// [Repair] rewrites what differs.
//
// # Numbers
//
// Of a variant at a location, on hand are the units that are there, whatever
// their state. Of these, damaged, quality control and safety may not be sold,
// and committed are promised: available is what is left. Backordered units are
// owed and not there; incoming ones are on their way by a transfer. A promise
// ([Reserve]) changes committed and never on hand; goods that leave ([Ship])
// lower both.
//
// A promise is given only for units that are available, everywhere. The policy
// of a location that allows negative stock is for physical facts: there, goods
// may leave that the books do not know of yet, and on hand falls below zero,
// which is recorded as the fact [WentNegative].
//
// # Locks
//
// Every verb locks the variants it touches, in the order of their ids, and then
// may change their levels, reservations and value anywhere. A transaction that
// calls more than one verb calls [Lock] with all its variants first; then no
// two transactions wait for each other. On SQLite there is one writer, and
// nothing to lock.
//
// # Value
//
// Units are valued in the base currency at the moving average of their variant
// over all locations: value / quantity. What comes in adds quantity times unit
// cost, rounded once; what goes out takes round(value * units / quantity), so
// that the last unit takes the remainder. Units that leave before they came
// (negative stock) go out at the last known cost; when they come at another
// cost, the difference is posted as a movement of quantity 0, so that the sum
// of the movements' values is always the value of the stock.
package inventory

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// MaxQuantity is the largest quantity of one claim or movement, in base units.
const MaxQuantity = 1 << 40

// Book is how movements are booked: the currency of the books, and the business
// day of an instant, as setting.Company knows them.
type Book struct {
	Base  money.Currency
	Day   func(time.Time) string      // YYYY-MM-DD
	Costs map[id.Variant]money.Micros // of units that come and whose cost nobody says, of variants that have no moving average yet
}

// Key names a level: a variant at a location.
type Key struct {
	Variant  id.Variant  `db:"variant_id" json:"variant_id"`
	Location id.Location `db:"location_id" json:"location_id"`
}

// Compare orders keys by variant, then location.
func (k Key) Compare(o Key) int {
	return cmp.Or(k.Variant.Compare(o.Variant), k.Location.Compare(o.Location))
}

// Counts are the numbers of a level, or changes of them, in base units.
type Counts struct {
	OnHand         int64 `db:"on_hand" json:"on_hand" doc:"Units that are there, whatever their state."`
	Committed      int64 `db:"committed" json:"committed" doc:"Units on hand that are promised."`
	Damaged        int64 `db:"damaged" json:"damaged"`
	QualityControl int64 `db:"quality_control" json:"quality_control"`
	Safety         int64 `db:"safety" json:"safety" doc:"Units kept back as safety stock."`
	Incoming       int64 `db:"incoming" json:"incoming" doc:"Units on their way here by a transfer."`
	Backordered    int64 `db:"backordered" json:"backordered" doc:"Units that are owed here and not there yet."`
}

// Plus is the sum of both.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		c.OnHand + d.OnHand, c.Committed + d.Committed, c.Damaged + d.Damaged, c.QualityControl + d.QualityControl,
		c.Safety + d.Safety, c.Incoming + d.Incoming, c.Backordered + d.Backordered,
	}
}

// Free is on hand less what is promised or may not be sold. It is negative
// where more is promised than there is.
func (c Counts) Free() int64 {
	return c.OnHand - c.Committed - c.Damaged - c.QualityControl - c.Safety
}

// in is the number of units in a state.
func (c *Counts) in(s State) *int64 {
	switch s {
	case Damaged:
		return &c.Damaged
	case QualityControl:
		return &c.QualityControl
	case Safety:
		return &c.Safety
	}
	return nil
}

// move adds units of a state to what is on hand.
func (c *Counts) move(s State, units int64) {
	c.OnHand += units
	if n := c.in(s); n != nil {
		*n += units
	}
}

// Level is what there is of a variant at a location.
type Level struct {
	Key
	Counts
	AllowNegative bool   `db:"allow_negative" json:"allow_negative" doc:"Goods may leave that are not on hand: the location's policy."`
	Sellable      bool   `db:"sellable" json:"sellable" doc:"False in transit and in quarantine, whose stock is nobody's to sell."`
	Bin           id.Bin `db:"bin_id" json:"bin_id,omitzero"`
}

// Available is how many units can be promised.
func (l Level) Available() int64 {
	if !l.Sellable {
		return 0
	}
	return max(0, l.Free())
}

// sound tells whether the database would take the level: it is the rule of the
// constraints of stock_level.
func (l Level) sound() bool {
	if min(l.Committed, l.Damaged, l.QualityControl, l.Safety, l.Incoming, l.Backordered) < 0 {
		return false
	}
	return l.AllowNegative || l.OnHand >= 0 && l.Free() >= 0
}

// State is what a unit on hand is good for.
type State string

// The states.
const (
	Sellable       State = "sellable"
	Damaged        State = "damaged"
	QualityControl State = "quality_control"
	Safety         State = "safety"
)

// States are all states.
func States() []State { return []State{Sellable, Damaged, QualityControl, Safety} }

// Kind is why stock moved.
type Kind string

// The kinds of movements.
const (
	KindReceive        Kind = "receive"
	KindShip           Kind = "ship"
	KindAdjust         Kind = "adjust"
	KindCount          Kind = "count"
	KindTransferOut    Kind = "transfer_out"
	KindTransferIn     Kind = "transfer_in"
	KindReturnIn       Kind = "return_in"
	KindSupplierReturn Kind = "supplier_return"
	KindAssembleIn     Kind = "assemble_in"
	KindAssembleOut    Kind = "assemble_out"
	KindReclass        Kind = "reclass"
)

// Cause is the concrete thing that moved stock: a shipment, a receipt, a
// return, a count.
type Cause struct {
	Kind string `json:"cause_kind"`
	ID   id.Any `json:"cause_id,omitzero"`
}

// CheckVersion is Stale when a caller who read version want (0: any) meets
// another one.
func CheckVersion(have, want int64, what string) error {
	if want == 0 || want == have {
		return nil
	}
	return fault.New(fault.Stale, "inventory.stale", "%s was changed since you read it: read it again.", what).
		With(map[string]int64{"version": have})
}

// Shortage is the detail of the fault inventory.shortage.
type Shortage struct {
	Key
	Asked     int64 `json:"asked"`
	Available int64 `json:"available"`
}

func badQuantity(field string, quantity int64) error {
	f := fault.Fields{}
	f.Add(field, "%d is not a number of units from 1 to %d", quantity, int64(MaxQuantity))
	return f.Err("inventory.bad_quantity", "The quantity cannot be taken.")
}

// checkQuantity tells whether quantity is one, of the i-th item of a list.
func checkQuantity(list string, i int, quantity int64) error {
	if quantity < 1 || quantity > MaxQuantity {
		return badQuantity(fmt.Sprintf("%s[%d].quantity", list, i), quantity)
	}
	return nil
}

// anyOf is an id seen without its kind.
func anyOf(u id.UUID) id.Any { return id.Any(u.Bytes()) }

// unique sorts ids and drops repeated ones.
func unique[T ~[16]byte](ids []T) []T {
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b T) int {
		x, y := [16]byte(a), [16]byte(b)
		return bytes.Compare(x[:], y[:])
	})
	return slices.Compact(sorted)
}
