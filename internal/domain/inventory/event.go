package inventory

import (
	"purser/internal/base/id"
	"purser/internal/platform/event"
)

// What happens to stock belongs to the timeline of its variant, what happens to
// a transfer to its own. Promises and shipments are told by their orders.

// Moved says that stock was received, adjusted, counted, returned or used up.
type Moved struct {
	MoveKind Kind        `json:"move_kind"`
	Movement id.Movement `json:"movement_id"`
	Key
	State       State       `json:"state"`
	Quantity    int64       `json:"quantity"`
	OnHandAfter int64       `json:"on_hand_after"`
	Reason      string      `json:"reason,omitempty"`
	Order       id.Order    `json:"order_id,omitzero"`
	Undoes      id.Movement `json:"undoes_id,omitzero"`
	Cause
}

// Kind names the fact.
func (f Moved) Kind() string {
	switch f.MoveKind {
	case KindReceive:
		return "inventory.received"
	case KindCount:
		return "inventory.counted"
	case KindReturnIn:
		return "inventory.returned"
	case KindSupplierReturn:
		return "inventory.returned_to_supplier"
	case KindAssembleIn, KindAssembleOut:
		return "inventory.assembled"
	}
	return "inventory.adjusted"
}

// Subject is the variant.
func (f Moved) Subject() id.UUID { return f.Variant }

// Unvalued says that units were found of which nothing says what they cost: they
// are worth nothing until somebody books it.
type Unvalued struct {
	Movement id.Movement `json:"movement_id"`
	Key
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitempty"`
}

// Kind names the fact.
func (Unvalued) Kind() string { return "inventory.found_without_cost" }

// Subject is the variant.
func (f Unvalued) Subject() id.UUID { return f.Variant }

// StateChanged says that units on hand are good for something else now.
type StateChanged struct {
	Key
	From     State  `json:"from"`
	To       State  `json:"to"`
	Quantity int64  `json:"quantity"`
	Reason   string `json:"reason,omitempty"`
}

// Kind names the fact.
func (StateChanged) Kind() string { return "inventory.reclassified" }

// Subject is the variant.
func (f StateChanged) Subject() id.UUID { return f.Variant }

// WentNegative says that more left a location than the books know of: something
// was not received, or counted wrong.
type WentNegative struct {
	Key
	OnHand int64 `json:"on_hand"`
	Cause
}

// Kind names the fact.
func (WentNegative) Kind() string { return "inventory.went_negative" }

// Subject is the variant.
func (f WentNegative) Subject() id.UUID { return f.Variant }

// Shortfall says that promised units are not there, and who waits for them now.
type Shortfall struct{ Displaced }

// Kind names the fact.
func (Shortfall) Kind() string { return "inventory.shortfall" }

// Subject is the variant.
func (f Shortfall) Subject() id.UUID { return f.Variant }

// TransferMoved says that a transfer entered a state, or that goods of it came.
type TransferMoved struct {
	Transfer id.Transfer    `json:"transfer_id"`
	Number   int64          `json:"number"`
	Status   TransferStatus `json:"status"`
	From     id.Location    `json:"from_location"`
	To       id.Location    `json:"to_location"`
	Units    int64          `json:"units" doc:"How many it was about: reserved, shipped, received, written off or returned."`
	Reason   string         `json:"reason,omitempty"`
}

// Kind names the fact.
func (f TransferMoved) Kind() string {
	switch f.Status {
	case TransferDraft:
		return "transfer.created"
	case TransferInTransit:
		return "transfer.shipped"
	}
	return "transfer." + string(f.Status)
}

// Subject is the transfer.
func (f TransferMoved) Subject() id.UUID { return f.Transfer }

var _, _, _, _, _ event.Fact = Moved{}, StateChanged{}, WentNegative{}, Shortfall{}, TransferMoved{}
