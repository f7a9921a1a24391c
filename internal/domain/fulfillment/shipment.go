package fulfillment

import (
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/event"
)

// ShipmentStatus is the state of a shipment.
type ShipmentStatus string

// The states, in the order in which they come; voided instead of shipped.
const (
	ShipmentPacking   ShipmentStatus = "packing"
	ShipmentLabelled  ShipmentStatus = "labelled"
	ShipmentShipped   ShipmentStatus = "shipped"
	ShipmentDelivered ShipmentStatus = "delivered"
	ShipmentVoided    ShipmentStatus = "voided"
)

// Shipment is goods of one fulfillment order that leave together. Its being
// shipped is what lowers stock, and nothing else is.
type Shipment struct {
	ID             id.Shipment    `db:"id" json:"id"`
	Number         int64          `db:"number" json:"number"`
	Fulfillment    id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id"`
	Order          id.Order       `db:"order_id" json:"order_id"`
	Location       id.Location    `db:"location_id" json:"location_id"`
	Parcel         id.Parcel      `db:"parcel_id" json:"parcel_id,omitzero" doc:"The box in which it goes with shipments of other orders."`
	Status         ShipmentStatus `db:"status" json:"status"`
	Tracking       Tracking       `db:"tracking_status" json:"tracking_status"`
	Carrier        string         `db:"carrier" json:"carrier,omitempty"`
	Service        string         `db:"service" json:"service,omitempty"`
	TrackingNumber string         `db:"tracking_number" json:"tracking_number,omitempty"`
	TrackingURL    string         `db:"tracking_url" json:"tracking_url,omitempty"`
	Cost           int64          `db:"cost_minor" json:"cost_minor" doc:"What the carrier charges, in minor units of the base currency."`
	ShippedAt      time.Time      `db:"shipped_at" json:"shipped_at,omitzero"`
	DeliveredAt    time.Time      `db:"delivered_at" json:"delivered_at,omitzero"`
	CreatedBy      string         `db:"created_by" json:"created_by"`
	CreatedAt      time.Time      `db:"created_at" json:"created_at"`
	Version        int64          `db:"version" json:"version"`
	Lines          []ShipmentLine `json:"lines"`

	facts []event.Fact
}

// ShipmentLine is what a shipment holds of one order line, in base units.
type ShipmentLine struct {
	ID              id.ShipmentLine    `db:"id" json:"id"`
	Shipment        id.Shipment        `db:"shipment_id" json:"-"`
	FulfillmentLine id.FulfillmentLine `db:"fulfillment_line_id" json:"fulfillment_line_id"`
	Line            id.Line            `db:"line_id" json:"line_id"`
	Variant         id.Variant         `db:"variant_id" json:"variant_id"`
	Quantity        int64              `db:"quantity" json:"quantity"`
}

// Carriage is what is known of the way on which goods go; all of it may be empty.
type Carriage struct {
	Carrier        string `json:"carrier,omitempty"`
	Service        string `json:"service,omitempty"`
	TrackingNumber string `json:"tracking_number,omitempty"`
	TrackingURL    string `json:"tracking_url,omitempty"`
	Cost           int64  `json:"cost_minor,omitempty" doc:"What the carrier charges, in minor units of the base currency."`
}

// Units is how many base units the shipment holds.
func (s *Shipment) Units() (n int64) {
	for i := range s.Lines {
		n += s.Lines[i].Quantity
	}
	return n
}

// Carry sets what is known of the shipment's way. It may be corrected until
// the shipment has arrived.
func (s *Shipment) Carry(c Carriage) error {
	if err := s.inParcel(); err != nil {
		return err
	}
	return s.carry(c)
}

func (s *Shipment) carry(c Carriage) error {
	if s.Status == ShipmentDelivered || s.Status == ShipmentVoided {
		return s.forbids("given another carrier")
	}
	if c.Cost < 0 {
		return fault.New(fault.Invalid, "shipment.bad_cost", "The cost of a shipment must not be negative.")
	}
	s.Carrier, s.Service = text.Clean(c.Carrier), text.Clean(c.Service)
	s.TrackingNumber, s.TrackingURL, s.Cost = text.Clean(c.TrackingNumber), text.Clean(c.TrackingURL), c.Cost
	return nil
}

// Label says that a packed shipment has its carrier, and may have a label.
func (s *Shipment) Label(c Carriage) error {
	if err := s.inParcel(); err != nil {
		return err
	}
	return s.label(c)
}

func (s *Shipment) label(c Carriage) error {
	if s.Status != ShipmentPacking && s.Status != ShipmentLabelled {
		return s.forbids("labelled")
	}
	if err := s.carry(c); err != nil {
		return err
	}
	s.Status = ShipmentLabelled
	s.say(Labelled{s.about(), s.Carrier, s.Service, s.TrackingNumber})
	return nil
}

// CheckVersion refuses a change to a version other than the one that the
// caller saw; 0 is not checked.
func (s *Shipment) CheckVersion(seen int64) error { return checkVersion("shipment", s.Version, seen) }

// possibleShipment is what can be done in each state, for those who tried something else.
var possibleShipment = map[ShipmentStatus]string{
	ShipmentPacking:   "dispatch it when it leaves, or void it",
	ShipmentLabelled:  "dispatch it when it leaves, or void it",
	ShipmentShipped:   "take it back if it has not left, or its goods with a return",
	ShipmentDelivered: "take its goods back with a return",
	ShipmentVoided:    "ship or pack its goods anew",
}

func (s *Shipment) forbids(past string) error {
	return fault.New(fault.Conflict, "shipment."+string(s.Status), "A shipment that is %s cannot be %s: %s.", s.Status, past, possibleShipment[s.Status]).
		With(map[string]ShipmentStatus{"status": s.Status})
}

func (s *Shipment) say(f event.Fact) { s.facts = append(s.facts, f) }

// Pack puts free units into a new shipment that has not left yet, and starts
// the order. What is packed counts as picked.
func (o *Order) Pack(q Quantities, now time.Time) (*Shipment, error) {
	s, err := o.shipment("pack", ShipmentPacking, q, now)
	if err != nil {
		return nil, err
	}
	o.begin()
	for _, l := range o.Lines {
		l.Packed += q[l.Line]
		if l.Picked < l.Packed {
			l.Picked, l.undone = l.Packed, true
		}
	}
	o.settle(Cancelled, now)
	return s, nil
}

// Ship says that free units left at now, packed or not: picked ones first. The
// shipment that is returned holds them, and the order is closed when nothing
// remains. The flow takes them from stock.
func (o *Order) Ship(q Quantities, c Carriage, now time.Time) (*Shipment, error) {
	s, err := o.shipment("ship", ShipmentShipped, q, now)
	if err != nil {
		return nil, err
	}
	if err := s.Carry(c); err != nil {
		return nil, err
	}
	s.ShippedAt = now
	o.Status = InProgress
	for _, l := range o.Lines {
		if n := q[l.Line]; n > 0 {
			l.ship(n)
		}
	}
	o.HandedOverAt = now
	o.settle(Cancelled, now)
	return s, nil
}

// ship counts n units that are in no other shipment as gone, picked ones first.
func (l *Line) ship(n int64) {
	picked := min(n, l.Picked-l.Packed)
	l.Shipped += n
	l.Picked -= picked
	l.undone = l.undone || picked < n
}

// Arrive says that the shipment arrived, for business that is booked after it
// was done; for what happens now there is Track.
func (s *Shipment) Arrive(at time.Time) error {
	if s.Status != ShipmentShipped {
		return s.forbids("delivered")
	}
	s.Tracking = TrackingDelivered
	s.deliver(at)
	return nil
}

// shipment makes a shipment of free units. It changes nothing of the order.
func (o *Order) shipment(verb string, status ShipmentStatus, q Quantities, now time.Time) (*Shipment, error) {
	switch o.Status {
	case Open, InProgress:
	case Scheduled:
		return nil, o.forbids(verb+"ped", "it has to be released first")
	default:
		return nil, o.forbids(verb+"ped", "")
	}
	if err := o.checkFree(verb, q); err != nil {
		return nil, err
	}
	s := &Shipment{
		ID: id.New[id.Shipment](now), Fulfillment: o.ID, Order: o.Order, Location: o.Location,
		Status: status, Tracking: TrackingUnknown, CreatedAt: now, Version: 1,
		Lines: make([]ShipmentLine, 0, len(q)),
	}
	for _, l := range o.Lines {
		if n := q[l.Line]; n > 0 {
			s.Lines = append(s.Lines, ShipmentLine{
				ID: id.New[id.ShipmentLine](now), Shipment: s.ID, FulfillmentLine: l.ID,
				Line: l.Line, Variant: l.Variant, Quantity: n,
			})
		}
	}
	return s, nil
}

// Dispatch says that a packed shipment of the order left at now. Where its
// carrier has reported it delivered already, it is delivered at once. The flow
// takes the goods from stock.
func (o *Order) Dispatch(s *Shipment, now time.Time) error {
	if s.Status != ShipmentPacking && s.Status != ShipmentLabelled {
		return s.forbids("shipped")
	}
	if err := o.unpack(s); err != nil {
		return err
	}
	for i := range s.Lines {
		n := s.Lines[i].Quantity
		o.Line(s.Lines[i].Line).ship(n)
	}
	s.Status, s.ShippedAt, o.HandedOverAt = ShipmentShipped, now, now
	s.say(s.shipped())
	if s.Tracking == TrackingDelivered {
		s.deliver(now)
	}
	o.settle(Cancelled, now)
	return nil
}

// Void unpacks a shipment of the order that has not left. Its goods stay picked.
func (o *Order) Void(s *Shipment, reason string) error {
	if s.Status != ShipmentPacking && s.Status != ShipmentLabelled {
		return s.forbids("voided")
	}
	if err := o.unpack(s); err != nil {
		return err
	}
	s.Status, o.PackedAt = ShipmentVoided, time.Time{}
	s.say(Voided{s.about(), reason})
	return nil
}

// Unship says that a shipment of the order had not left after all: it is voided,
// and its goods are here, picked. That is taken for true only as long as no
// carrier has seen the parcel. The flow brings the stock back.
func (o *Order) Unship(s *Shipment, reason string) error {
	switch {
	case s.Status == ShipmentDelivered && o.ForPickup(): // it was handed over, which no carrier has seen
	case s.Status == ShipmentDelivered:
		return fault.New(fault.Conflict, "shipment.delivered", "Shipment %d was delivered: take its goods back with a return.", s.Number)
	case s.Status != ShipmentShipped:
		return s.forbids("taken back")
	case s.Tracking != TrackingUnknown && s.Tracking != TrackingPreTransit:
		return fault.New(fault.Conflict, "shipment.under_way", "The carrier says that shipment %d is %s, so it has left: take its goods back with a return.", s.Number, words(string(s.Tracking)))
	case s.Fulfillment != o.ID:
		return fault.New(fault.Invalid, "shipment.of_another", "Shipment %d belongs to another fulfillment order.", s.Number)
	}
	for i := range s.Lines {
		l := o.Line(s.Lines[i].Line)
		l.Shipped -= s.Lines[i].Quantity
		l.Picked += s.Lines[i].Quantity
	}
	s.Status = ShipmentVoided
	if o.ForPickup() {
		s.Tracking, s.DeliveredAt = TrackingUnknown, time.Time{}
	}
	o.Status, o.PackedAt, o.ClosedAt = InProgress, time.Time{}, time.Time{}
	s.say(Unshipped{s.about(), s.Units(), reason})
	return nil
}

// unpack takes the units of a shipment out of what is packed.
func (o *Order) unpack(s *Shipment) error {
	if s.Fulfillment != o.ID {
		return fault.New(fault.Invalid, "shipment.of_another", "Shipment %d belongs to another fulfillment order.", s.Number)
	}
	for i := range s.Lines {
		if l := o.Line(s.Lines[i].Line); l == nil || l.Packed < s.Lines[i].Quantity {
			return fault.New(fault.Conflict, "shipment.not_packed", "Shipment %d is not among what is packed.", s.Number)
		}
	}
	for i := range s.Lines {
		o.Line(s.Lines[i].Line).Packed -= s.Lines[i].Quantity
	}
	return nil
}

func (s *Shipment) shipped() Shipped {
	return Shipped{s.about(), s.Units(), len(s.Lines), s.Carrier, s.TrackingNumber}
}

func (s *Shipment) deliver(at time.Time) {
	s.Status, s.DeliveredAt = ShipmentDelivered, at
	s.say(Delivered{s.about(), at})
}
