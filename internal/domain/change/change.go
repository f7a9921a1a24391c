// Package change keeps what is changed of orders after they were placed: sets of
// actions that are written, looked at, and confirmed as a whole or not at all.
// Edits, cancellations, returns, exchanges and claims are all such sets, so that
// there is one way to change an order, and one to undo it.
//
// # States
//
//	draft → (requested) → confirmed | declined | cancelled
//
// An order has at most one open set (draft or requested). A set is requested when
// somebody else has to approve of it. What a set would do is never stored: the
// flow does it and takes it back. What it did is, as what was agreed before
// and after, which only the flow can read.
package change

import (
	"encoding/json"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Kind is what a set is for.
type Kind string

// The kinds.
const (
	Edit     Kind = "edit"
	Cancel   Kind = "cancel"
	Return   Kind = "return"
	Exchange Kind = "exchange"
	Claim    Kind = "claim"
)

// Status is the state of a set.
type Status string

// The states.
const (
	Draft     Status = "draft"
	Requested Status = "requested" // waits for somebody else's approval
	Confirmed Status = "confirmed"
	Declined  Status = "declined"
	Cancelled Status = "cancelled"
)

// Open tells whether the set may still be confirmed.
func (s Status) Open() bool { return s == Draft || s == Requested }

// Set is a set of changes of one order.
type Set struct {
	ID          id.Change        `db:"id" json:"id"`
	Order       id.Order         `db:"order_id" json:"order_id"`
	Kind        Kind             `db:"kind" json:"kind" enum:"edit,cancel,return,exchange,claim"`
	Status      Status           `db:"status" json:"status" enum:"draft,requested,confirmed,declined,cancelled"`
	Base        int64            `db:"base_version" json:"base_version" doc:"Version of the order that the set was made on."`
	BaseAt      time.Time        `db:"base_at" json:"base_at" doc:"When the order had that version."`
	Actions     db.JSON[Actions] `db:"actions" json:"actions"`
	Reason      string           `db:"reason" json:"reason,omitempty"`
	Note        string           `db:"note" json:"note,omitempty"`
	Before      Agreement        `db:"agreed_before" json:"-"`
	After       Agreement        `db:"agreed_after" json:"-"`
	Undoes      id.Change        `db:"undoes" json:"undoes,omitzero" doc:"The set that this one undid."`
	UndoneBy    id.Change        `db:"undone_by" json:"undone_by,omitzero" doc:"The set that undid this one."`
	CreatedBy   string           `db:"created_by" json:"created_by"`
	CreatedAt   time.Time        `db:"created_at" json:"created_at"`
	RequestedBy string           `db:"requested_by" json:"requested_by,omitempty" doc:"Who asked for an approval."`
	RequestedAt time.Time        `db:"requested_at" json:"requested_at,omitzero"`
	ClosedBy    string           `db:"closed_by" json:"closed_by,omitempty" doc:"Who confirmed, declined or cancelled it."`
	ClosedAt    time.Time        `db:"closed_at" json:"closed_at,omitzero"`
	Version     int64            `db:"version" json:"version"`

	facts []event.Fact
}

// ActionKind names what an action does. The flow knows how.
type ActionKind string

// The actions of an edit.
const (
	SetQuantity       ActionKind = "set_quantity"
	AddLine           ActionKind = "add_line"
	RemoveLine        ActionKind = "remove_line"
	SwapVariant       ActionKind = "swap_variant"
	SetPrice          ActionKind = "set_price"
	AddLineDiscount   ActionKind = "add_line_discount"
	AddOrderDiscount  ActionKind = "add_order_discount"
	RemoveDiscount    ActionKind = "remove_discount"
	AddCharge         ActionKind = "add_charge"
	SetCharge         ActionKind = "set_charge"
	RemoveCharge      ActionKind = "remove_charge"
	SetAddresses      ActionKind = "set_addresses"
	SetContact        ActionKind = "set_contact"
	SetShippingMethod ActionKind = "set_shipping_method"
	CancelUnits       ActionKind = "cancel_units"
	SwapUnits         ActionKind = "exchange" // what comes back, and what goes out instead
	Undo              ActionKind = "undo"
)

// Action is one step of a set. Which of its fields count depends on its kind;
// kinds that need others have them in Data.
type Action struct {
	Kind         ActionKind      `json:"kind"`
	Line         id.Line         `json:"line_id,omitzero"`
	Variant      id.Variant      `json:"variant_id,omitzero"`
	Charge       id.Charge       `json:"charge_id,omitzero"`
	Discount     id.Discount     `json:"discount_id,omitzero"`
	Quantity     int64           `json:"quantity,omitempty"`
	UnitPrice    *money.Micros   `json:"unit_price,omitempty"`
	TaxRate      *money.Rate     `json:"tax_ppm,omitempty"`
	ChargeKind   string          `json:"charge_kind,omitempty"`
	DiscountKind string          `json:"discount_kind,omitempty"`
	Rate         money.Rate      `json:"rate_ppm,omitempty"`
	Amount       *int64          `json:"amount,omitempty"`
	Code         string          `json:"code,omitempty"`
	Title        string          `json:"title,omitempty"`
	Owe          bool            `json:"owe,omitempty"`
	Data         json.RawMessage `json:"data,omitempty"`
}

// Actions are the steps of a set, in the order in which they are done.
type Actions []Action

// Agreement is what was agreed with a customer, as the flow writes and reads it.
type Agreement json.RawMessage

// MaxActions bounds a set.
const MaxActions = 500

const (
	maxReason = 200
	maxNote   = 20_000
)

// New returns a draft of changes of an order as it is at a version.
func New(now time.Time, order id.Order, version int64, kind Kind, actions []Action, reason, note string) (*Set, error) {
	f := fault.Fields{}
	if len(reason) > maxReason {
		f.Add("reason", "is longer than %d characters", maxReason)
	}
	if len(note) > maxNote {
		f.Add("note", "is longer than %d characters", maxNote)
	}
	if err := f.Err("change.invalid", "The change cannot be kept as it is."); err != nil {
		return nil, err
	}
	s := &Set{
		ID: id.New[id.Change](now), Order: order, Kind: kind, Status: Draft, Base: version, BaseAt: now,
		Reason: text.Clean(reason), Note: text.Clean(note), CreatedAt: now, Version: 1,
	}
	s.Actions.V = Actions{}
	return s, s.Add(actions...)
}

// Add appends actions to a draft.
func (s *Set) Add(actions ...Action) error {
	if err := s.drafting("added to"); err != nil {
		return err
	}
	if len(s.Actions.V)+len(actions) > MaxActions {
		return fault.New(fault.Invalid, "change.too_many", "A change has at most %d actions.", MaxActions)
	}
	s.Actions.V = append(s.Actions.V, actions...)
	return nil
}

// Remove takes the action at an index, counted from 0, out of a draft.
func (s *Set) Remove(at int) error {
	if err := s.drafting("changed"); err != nil {
		return err
	}
	if at < 0 || at >= len(s.Actions.V) {
		return fault.New(fault.NotFound, "change.no_action", "The change has no action %d: it has %d, counted from 0.", at, len(s.Actions.V))
	}
	s.Actions.V = append(append(Actions{}, s.Actions.V[:at]...), s.Actions.V[at+1:]...)
	return nil
}

// Rebase says that the set is meant for the order as it is now, at a version.
func (s *Set) Rebase(version int64, now time.Time) error {
	if err := s.drafting("based on another version"); err != nil {
		return err
	}
	s.Base, s.BaseAt = version, now
	return nil
}

// Request asks for somebody else's approval.
func (s *Set) Request(now time.Time, who string) error {
	if err := s.drafting("requested"); err != nil {
		return err
	}
	if len(s.Actions.V) == 0 {
		return empty()
	}
	s.Status, s.RequestedBy, s.RequestedAt = Requested, who, now
	s.say()
	return nil
}

// MayConfirm refuses a set that cannot be confirmed.
func (s *Set) MayConfirm() error {
	if !s.Status.Open() {
		return s.forbids("confirmed")
	}
	if len(s.Actions.V) == 0 {
		return empty()
	}
	return nil
}

// Confirm says that the set was done, and what it made of the agreement.
func (s *Set) Confirm(now time.Time, who string, before, after Agreement) error {
	if err := s.MayConfirm(); err != nil {
		return err
	}
	s.Before, s.After = before, after
	s.close(Confirmed, now, who)
	return nil
}

// Decline says that a requested set was not approved.
func (s *Set) Decline(now time.Time, who string) error {
	if s.Status != Requested {
		return s.forbids("declined")
	}
	s.close(Declined, now, who)
	return nil
}

// Cancel drops an open set.
func (s *Set) Cancel(now time.Time, who string) error {
	if !s.Status.Open() {
		return s.forbids("cancelled")
	}
	s.close(Cancelled, now, who)
	return nil
}

// UndoBy says that another set undid this one.
func (s *Set) UndoBy(other *Set) error {
	if s.Status != Confirmed {
		return s.forbids("undone")
	}
	if !s.UndoneBy.IsZero() {
		return fault.New(fault.Conflict, "change.undone", "The change was undone already, by %s: undo that one to have it back.", s.UndoneBy).
			With(map[string]id.Change{"undone_by": s.UndoneBy})
	}
	s.UndoneBy, other.Undoes = other.ID, s.ID
	s.facts = append(s.facts, Undone{s.about(), other.ID})
	return nil
}

func (s *Set) close(as Status, now time.Time, who string) {
	s.Status, s.ClosedBy, s.ClosedAt = as, who, now
	s.say()
}

func (s *Set) drafting(past string) error {
	if s.Status != Draft {
		return s.forbids(past)
	}
	return nil
}

// possible says what can be done with a set in a state.
var possible = map[Status]string{
	Draft:     "it can be confirmed or cancelled",
	Requested: "it waits for an approval, and can be confirmed by somebody else, declined or cancelled",
	Confirmed: "it can be undone",
	Declined:  "write a new one",
	Cancelled: "write a new one",
}

func (s *Set) forbids(past string) error {
	return fault.New(fault.Conflict, "change."+string(s.Status), "A change that is %s cannot be %s: %s.", s.Status, past, possible[s.Status]).
		With(map[string]Status{"status": s.Status})
}

func empty() error {
	return fault.New(fault.Conflict, "change.empty", "The change has no actions yet: add some first.")
}

// CheckVersion refuses a change to a version other than the one that the caller
// saw; 0 is not checked.
func (s *Set) CheckVersion(seen int64) error {
	if seen == 0 || seen == s.Version {
		return nil
	}
	return stale(s.Version)
}

func stale(version int64) error {
	return fault.New(fault.Stale, "change.stale", "The change was changed meanwhile: it has version %d now. Load it again.", version).
		With(map[string]int64{"version": version})
}
