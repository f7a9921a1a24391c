package fulfillment

import (
	"time"

	"purser/internal/base/code"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
)

// PickupState is where a pickup stands: it follows from its fulfillment order.
type PickupState string

// The states.
const (
	PickupOpen      PickupState = "open"             // nobody works on it yet
	PickupPicking   PickupState = "picking"          // it is being put together
	PickupReady     PickupState = "ready_for_pickup" // it waits for the customer
	PickupDone      PickupState = "picked_up"        // the customer has it
	PickupExpired   PickupState = "expired"          // nobody came
	PickupCancelled PickupState = "cancelled"
)

// Pickup is what a customer needs to fetch goods. There is one as soon as they
// were ready once; the same code stays good for what is left.
type Pickup struct {
	Fulfillment id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id"`
	Order       id.Order       `db:"order_id" json:"order_id"`
	Location    id.Location    `db:"location_id" json:"location_id"`
	Code        string         `db:"code" json:"-"` // the customer is told, and who hands over is not
	WaitUntil   time.Time      `db:"wait_until" json:"wait_until,omitzero" doc:"It is kept until then; missing: for ever."`
	Reminders   int64          `db:"reminders" json:"reminders" doc:"How often the customer was told again."`
	RemindedAt  time.Time      `db:"reminded_at" json:"reminded_at,omitzero"`
	ArrivedAt   time.Time      `db:"arrived_at" json:"arrived_at,omitzero" doc:"Since when the customer waits outside."`
	Bay         string         `db:"bay" json:"bay,omitempty" doc:"Where the customer waits."`
	ExpiredAt   time.Time      `db:"expired_at" json:"expired_at,omitzero" doc:"When the rest was cancelled, since nobody came."`
	CreatedAt   time.Time      `db:"created_at" json:"created_at"`

	State     PickupState `json:"state" enum:"open,picking,ready_for_pickup,picked_up,expired,cancelled"`
	ReadyAt   time.Time   `json:"ready_at,omitzero"`
	Handovers []Handover  `json:"handovers" doc:"Oldest first."`
}

// Proof is by what who takes goods has shown that they are his.
type Proof string

// The proofs.
const (
	ProofCode Proof = "code" // the code that the customer was sent
	ProofID   Proof = "id"   // a document with the customer's name
)

// Handover is goods that somebody took over the counter.
type Handover struct {
	Shipment    id.Shipment    `db:"shipment_id" json:"shipment_id"`
	Fulfillment id.Fulfillment `db:"fulfillment_id" json:"-"`
	Person      string         `db:"person" json:"person"`
	Proof       Proof          `db:"proof" json:"proof"`
	Actor       string         `db:"actor" json:"actor" doc:"Who handed it over."`
	At          time.Time      `db:"at" json:"at"`
	UndoneBy    string         `db:"undone_by" json:"undone_by,omitempty"`
	UndoneAt    time.Time      `db:"undone_at" json:"undone_at,omitzero"`
}

// ForPickup tells whether the customer fetches the goods.
func (o *Order) ForPickup() bool { return o.Kind == KindPickup || o.Kind == KindShipToStore }

// PickupState is where the pickup of the order stands; p is nil where it was
// never ready.
func (o *Order) PickupState(p *Pickup) PickupState {
	switch {
	case o.Status == Closed:
		return PickupDone
	case o.Status.Done() && p != nil && !p.ExpiredAt.IsZero():
		return PickupExpired
	case o.Status.Done():
		return PickupCancelled
	case !o.ReadyAt.IsZero():
		return PickupReady
	case o.Status == InProgress:
		return PickupPicking
	}
	return PickupOpen
}

// onlyReady refuses what can be done to goods that wait for their customer alone,
// and says where they are instead.
func (o *Order) onlyReady(p *Pickup, past string) error {
	if !o.ForPickup() {
		return fault.New(fault.Conflict, "fulfillment.not_a_pickup", "The fulfillment order is not for a pickup (%s).", o.Kind)
	}
	switch o.PickupState(p) {
	case PickupReady:
		return nil
	case PickupDone:
		return fault.New(fault.Conflict, "pickup.picked_up", "The goods were picked up already, at %s.", o.HandedOverAt.Format(time.RFC3339))
	case PickupExpired:
		return fault.New(fault.Conflict, "pickup.expired", "Nobody came until %s, so that the goods went back on the shelf: undo the cancellation, or place a new order.", p.WaitUntil.Format(time.RFC3339))
	case PickupCancelled:
		return fault.New(fault.Conflict, "pickup.cancelled", "The pickup was cancelled.")
	}
	return fault.New(fault.Conflict, "pickup.not_ready", "The goods cannot be %s yet: make them ready first.", past)
}

// Waiting refuses what can be done at the counter alone, and says where the goods
// are that wait for no customer.
func (o *Order) Waiting(p *Pickup) error { return o.onlyReady(p, "handed over") }

// Ready says that all that is open is put together and waits for the customer,
// who shows p's code.
func (o *Order) Ready(p *Pickup, now time.Time) error {
	switch {
	case !o.ForPickup():
		return o.onlyReady(p, "")
	case o.Status != Open && o.Status != InProgress:
		return o.forbids("made ready", "")
	case !o.ReadyAt.IsZero():
		return fault.New(fault.Conflict, "pickup.ready", "The goods are ready since %s: remind the customer instead.", o.ReadyAt.Format(time.RFC3339))
	}
	for _, l := range o.Lines {
		if n := l.ToPick(); n > 0 {
			l.undone = true
			o.pick(l, n, now)
		}
	}
	o.begin()
	o.ReadyAt = now
	p.ArrivedAt, p.Bay = time.Time{}, ""
	o.say(Readied{o.about(), p.Code, p.WaitUntil, o.Open()})
	return nil
}

// Unready says that goods were not ready after all. They stay picked.
func (o *Order) Unready(p *Pickup) error {
	if err := o.onlyReady(p, "taken back"); err != nil {
		return err
	}
	o.ReadyAt = time.Time{}
	o.say(Unreadied{o.about()})
	return nil
}

// Remind tells the customer again that goods wait for him.
func (o *Order) Remind(p *Pickup, now time.Time) error {
	if err := o.onlyReady(p, "announced"); err != nil {
		return err
	}
	p.Reminders++
	p.RemindedAt = now
	o.say(Reminded{o.about(), p.Code, p.WaitUntil, p.Reminders})
	return nil
}

// Arrive says that the customer is outside.
func (o *Order) Arrive(p *Pickup, bay string, now time.Time) error {
	if err := o.Waiting(p); err != nil {
		return err
	}
	if bay = text.Clean(bay); len(bay) > 100 {
		return fault.New(fault.Invalid, "pickup.bad_bay", "The bay is too long.")
	}
	p.ArrivedAt, p.Bay = now, bay
	o.say(CustomerArrived{o.about(), bay})
	return nil
}

// HandOver says that somebody took units over the counter, who showed the code,
// or where that is empty, a document. The rest stays ready. The shipment that is
// returned has arrived; the flow takes its goods from stock.
func (o *Order) HandOver(p *Pickup, q Quantities, person, typed string, now time.Time) (*Shipment, Handover, error) {
	if err := o.Waiting(p); err != nil {
		return nil, Handover{}, err
	}
	h := Handover{Fulfillment: o.ID, Person: text.Clean(person), Proof: ProofID, At: now}
	if h.Person == "" || len(h.Person) > 200 {
		return nil, Handover{}, fault.New(fault.Invalid, "pickup.no_person", "Say who takes the goods.")
	}
	if typed != "" {
		h.Proof = ProofCode
		if code.Clean(typed) != p.Code {
			return nil, Handover{}, fault.New(fault.Conflict, "pickup.wrong_code", "That is not the code of these goods, which wait for their customer: ask for the code again, or for a document.")
		}
	}
	s, err := o.Ship(q, Carriage{}, now)
	if err != nil {
		return nil, Handover{}, err
	}
	h.Shipment = s.ID
	s.Status, s.Tracking, s.DeliveredAt = ShipmentDelivered, TrackingDelivered, now
	o.say(HandedOver{o.about(), s.ID, s.Units(), o.Open(), h.Person, h.Proof})
	return s, h, nil
}

// codeLength gives 40 bits: short enough to be read out at a counter, and not to be
// guessed there.
const codeLength = 8
