package fulfillment

import (
	"time"

	"purser/internal/base/id"
)

// The facts of a fulfillment order and of its shipments belong to the timeline
// of their sales order, those of a pick batch to its own.

// about is what every fact about a fulfillment order tells.
type about struct {
	Order       id.Order       `json:"order_id"`
	Fulfillment id.Fulfillment `json:"fulfillment_id"`
	Location    id.Location    `json:"location_id"`
}

func (o *Order) about() about { return about{o.Order, o.ID, o.Location} }

// Subject is the sales order.
func (a about) Subject() id.UUID { return a.Order }

// Created says that a location was asked for units.
type Created struct {
	about
	Status Status `json:"status"`
	Lines  int    `json:"lines"`
	Units  int64  `json:"units"`
}

// Kind names the fact.
func (Created) Kind() string { return "fulfillment.created" }

// Released says that the location may begin.
type Released struct{ about }

// Kind names the fact.
func (Released) Kind() string { return "fulfillment.released" }

// Started says that the location has begun.
type Started struct{ about }

// Kind names the fact.
func (Started) Kind() string { return "fulfillment.started" }

// Picked says that all open units are picked.
type Picked struct{ about }

// Kind names the fact.
func (Picked) Kind() string { return "fulfillment.picked" }

// Readied says that goods wait for the customer, who is to show the code.
type Readied struct {
	about
	Code      string    `json:"code"`
	WaitUntil time.Time `json:"wait_until,omitzero"`
	Units     int64     `json:"units"`
}

// Kind names the fact.
func (Readied) Kind() string { return "pickup.ready" }

// Unreadied says that goods were not ready after all.
type Unreadied struct{ about }

// Kind names the fact.
func (Unreadied) Kind() string { return "pickup.unready" }

// Reminded says that the customer is to be told again.
type Reminded struct {
	about
	Code      string    `json:"code"`
	WaitUntil time.Time `json:"wait_until,omitzero"`
	Times     int64     `json:"times"`
}

// Kind names the fact.
func (Reminded) Kind() string { return "pickup.reminded" }

// CustomerArrived says that the customer waits outside.
type CustomerArrived struct {
	about
	Bay string `json:"bay,omitempty"`
}

// Kind names the fact.
func (CustomerArrived) Kind() string { return "pickup.arrived" }

// HandedOver says that somebody took goods over the counter.
type HandedOver struct {
	about
	Shipment id.Shipment `json:"shipment_id"`
	Units    int64       `json:"units"`
	Left     int64       `json:"left" doc:"Units that still wait."`
	Person   string      `json:"person"`
	Proof    Proof       `json:"proof"`
}

// Kind names the fact.
func (HandedOver) Kind() string { return "pickup.handed_over" }

// HandoverUndone says that nobody took goods after all.
type HandoverUndone struct {
	about
	Shipment id.Shipment `json:"shipment_id"`
	Units    int64       `json:"units"`
}

// Kind names the fact.
func (HandoverUndone) Kind() string { return "pickup.handover_undone" }

// PickupRanOut says that nobody fetched units in time.
type PickupRanOut struct {
	about
	Units int64 `json:"units"`
}

// Kind names the fact.
func (PickupRanOut) Kind() string { return "pickup.expired" }

// Withdrawn says that units were taken off.
type Withdrawn struct {
	about
	Units  int64  `json:"units"`
	Reason string `json:"reason,omitempty"`
}

// Kind names the fact.
func (Withdrawn) Kind() string { return "fulfillment.units_cancelled" }

// Refused says that the location will not ship units.
type Refused struct {
	about
	Units  int64  `json:"units"`
	Reason string `json:"reason,omitempty"`
}

// Kind names the fact.
func (Refused) Kind() string { return "fulfillment.refused" }

// Moved says that units are to be sent from another location.
type Moved struct {
	about
	To         id.Fulfillment `json:"to_fulfillment_id"`
	ToLocation id.Location    `json:"to_location_id"`
	Units      int64          `json:"units"`
	Reason     string         `json:"reason,omitempty"`
}

// Kind names the fact.
func (Moved) Kind() string { return "fulfillment.moved" }

// Split says that units got a fulfillment order of their own.
type Split struct {
	about
	To    id.Fulfillment `json:"to_fulfillment_id"`
	Units int64          `json:"units"`
}

// Kind names the fact.
func (Split) Kind() string { return "fulfillment.split" }

// Merged says that all units went to another fulfillment order.
type Merged struct {
	about
	Into  id.Fulfillment `json:"into_fulfillment_id"`
	Units int64          `json:"units"`
}

// Kind names the fact.
func (Merged) Kind() string { return "fulfillment.merged" }

// Ended says that nothing is left to do: closed, cancelled or rejected.
type Ended struct {
	about
	Status Status `json:"-"`
}

// Kind names the fact by its state: fulfillment.closed, fulfillment.cancelled
// or fulfillment.rejected.
func (e Ended) Kind() string { return "fulfillment." + string(e.Status) }

// aboutShipment is what every fact about a shipment tells.
type aboutShipment struct {
	about
	Shipment id.Shipment `json:"shipment_id"`
	Number   int64       `json:"number"`
}

func (s *Shipment) about() aboutShipment {
	return aboutShipment{about{s.Order, s.Fulfillment, s.Location}, s.ID, s.Number}
}

// Packed says that goods are being packed.
type Packed struct {
	aboutShipment
	Units int64 `json:"units"`
}

// Kind names the fact.
func (Packed) Kind() string { return "shipment.packed" }

// Labelled says that the carrier is known.
type Labelled struct {
	aboutShipment
	Carrier        string `json:"carrier,omitempty"`
	Service        string `json:"service,omitempty"`
	TrackingNumber string `json:"tracking_number,omitempty"`
}

// Kind names the fact.
func (Labelled) Kind() string { return "shipment.labelled" }

// Shipped says that goods left.
type Shipped struct {
	aboutShipment
	Units          int64  `json:"units"`
	Lines          int    `json:"lines"`
	Carrier        string `json:"carrier,omitempty"`
	TrackingNumber string `json:"tracking_number,omitempty"`
}

// Kind names the fact.
func (Shipped) Kind() string { return "shipment.shipped" }

// Voided says that a shipment was unpacked.
type Voided struct {
	aboutShipment
	Reason string `json:"reason,omitempty"`
}

// Kind names the fact.
func (Voided) Kind() string { return "shipment.voided" }

// Unshipped says that goods had not left after all.
type Unshipped struct {
	aboutShipment
	Units  int64  `json:"units"`
	Reason string `json:"reason,omitempty"`
}

// Kind names the fact.
func (Unshipped) Kind() string { return "shipment.unshipped" }

// JoinedParcel says that goods go in one box with those of other orders.
type JoinedParcel struct {
	aboutShipment
	Parcel id.Parcel `json:"parcel_id"`
}

// Kind names the fact.
func (JoinedParcel) Kind() string { return "shipment.joined_parcel" }

// LeftParcel says that goods go on their own again.
type LeftParcel struct {
	aboutShipment
	Parcel id.Parcel `json:"parcel_id"`
}

// Kind names the fact.
func (LeftParcel) Kind() string { return "shipment.left_parcel" }

// Tracked says where a shipment is now, as its carrier sees it.
type Tracked struct {
	aboutShipment
	From        Tracking  `json:"from"`
	To          Tracking  `json:"to"`
	Description string    `json:"description,omitempty"`
	Place       string    `json:"place,omitempty"`
	At          time.Time `json:"at"`
}

// Kind names the fact.
func (Tracked) Kind() string { return "shipment.tracked" }

// Delivered says that goods arrived.
type Delivered struct {
	aboutShipment
	At time.Time `json:"at"`
}

// Kind names the fact.
func (Delivered) Kind() string { return "shipment.delivered" }

// BatchChanged says that a pick batch has a new state.
type BatchChanged struct {
	Batch    id.Batch    `json:"batch_id"`
	Number   int64       `json:"number"`
	Location id.Location `json:"location_id"`
	Status   BatchStatus `json:"status"`
	Picked   int64       `json:"picked"`
	Short    int64       `json:"short,omitempty"`
}

// Kind names the fact by the state: pick_batch.open, pick_batch.picking ...
func (b BatchChanged) Kind() string { return "pick_batch." + string(b.Status) }

// Subject is the batch.
func (b BatchChanged) Subject() id.UUID { return b.Batch }

// Requested says that a partner is asked for goods.
type Requested struct {
	about
	Units int64 `json:"units"`
}

// Kind names the fact.
func (Requested) Kind() string { return "request.submitted" }

// RequestAnswered says that a request to a partner has a new state.
type RequestAnswered struct {
	about
	Status RequestStatus `json:"status"`
	Reason string        `json:"reason,omitempty"`
}

// Kind names the fact by its state: request.accepted ...
func (f RequestAnswered) Kind() string { return "request." + string(f.Status) }

// Noticed says what a partner has sent.
type Noticed struct {
	about
	Notice    id.Notice   `json:"notice_id"`
	Reference string      `json:"reference"`
	Shipment  id.Shipment `json:"shipment_id,omitzero"`
	Units     int64       `json:"units"`
}

// Kind names the fact.
func (Noticed) Kind() string { return "request.noticed" }

// Differed says that a partner has sent other goods than he was asked for.
type Differed struct {
	about
	Discrepancy id.Discrepancy `json:"discrepancy_id"`
	Line        id.Line        `json:"line_id,omitzero"`
	SKU         string         `json:"sku"`
	Asked       int64          `json:"asked"`
	Shipped     int64          `json:"shipped"`
}

// Kind names the fact.
func (Differed) Kind() string { return "discrepancy.found" }

// Settled says that somebody has seen to a discrepancy.
type Settled struct {
	about
	Discrepancy id.Discrepancy `json:"discrepancy_id"`
	Resolution  string         `json:"resolution"`
}

// Kind names the fact.
func (Settled) Kind() string { return "discrepancy.resolved" }
