package routing

import "purser/internal/base/id"

// Routed says where an order is to ship from, and in one sentence why.
type Routed struct {
	Order    id.Order    `json:"order_id"`
	Decision id.Decision `json:"decision_id"`
	Cause    Cause       `json:"cause"`
	Outcome  Outcome     `json:"outcome"`
	Parcels  int         `json:"parcels"`
	Summary  string      `json:"summary"`
}

// Kind names the fact.
func (Routed) Kind() string { return "order.routed" }

// Subject is the order.
func (f Routed) Subject() id.UUID { return f.Order }

// Lifted says that a location may be asked again for a line that it rejected.
type Lifted struct {
	Order    id.Order    `json:"order_id"`
	Line     id.Line     `json:"line_id"`
	Location id.Location `json:"location_id"`
}

// Kind names the fact.
func (Lifted) Kind() string { return "order.location_readmitted" }

// Subject is the order.
func (f Lifted) Subject() id.UUID { return f.Order }
