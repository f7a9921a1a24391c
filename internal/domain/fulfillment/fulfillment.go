// Package fulfillment turns promised stock into goods on their way: the work
// that a location is asked to do (fulfillment orders), how it is picked (pick
// batches), and what was handed to a carrier (shipments).
//
// # Counters
//
// A line of a fulfillment order has quantity = shipped + cancelled + open, and
// of the open units some are picked, and some packed, which means in a shipment
// that has not left yet. Open is computed in one place, [Line.Open], for the
// API, the pages and the flows alike. What left or was taken off never comes
// back: goods that are asked for again get a new fulfillment order.
//
// # States
//
//	scheduled → open → in_progress → closed
//
// An order waits in scheduled until the release gate lets it through ([Gate]).
// It stays in progress through partial shipments, and is closed when nothing
// is open: closed if anything was shipped, else cancelled, or rejected where
// the location would not do it. A shipment that had not left after all brings it
// back to work. Holds are not states: they are rows of the
// sales order, and keep the gate shut. What a carrier says about a shipment is
// an axis of its own ([Tracking]) and never overwrites a state.
//
// # Working with it
//
// Take locks and loads, methods decide in memory, Save writes, and records the
// facts of what the methods did, so that flows need not. Who takes several kinds of rows takes them in
// this order, so that no two transactions wait for each other: sales orders,
// pick batch, fulfillment orders, shipments.
package fulfillment

import (
	"cmp"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/event"
)

// Kind is the way in which goods reach the customer.
type Kind string

// The kinds.
const (
	KindShip        Kind = "ship"
	KindPickup      Kind = "pickup"
	KindShipToStore Kind = "ship_to_store"
	KindDropship    Kind = "dropship"
	KindThirdParty  Kind = "thirdparty"
	KindDigital     Kind = "digital"
)

// Status is the state of a fulfillment order.
type Status string

// The states.
const (
	Scheduled  Status = "scheduled"   // the gate is shut: stock is reserved, nobody works on it
	Open       Status = "open"        // the location may begin
	InProgress Status = "in_progress" // it has begun, or shipped a part
	Closed     Status = "closed"      // nothing is left to ship, and something was shipped
	Cancelled  Status = "cancelled"   // all of it was taken off
	Rejected   Status = "rejected"    // the location would not do it
)

// Done tells whether nothing can happen to the order any more.
func (s Status) Done() bool { return s == Closed || s == Cancelled || s == Rejected }

// Order is a fulfillment order: the request that one location ships or hands
// over given lines of one sales order. Its open units are reserved there.
type Order struct {
	ID           id.Fulfillment `db:"id" json:"id"`
	Order        id.Order       `db:"order_id" json:"order_id"`
	Location     id.Location    `db:"location_id" json:"location_id"`
	Decision     id.Decision    `db:"decision_id" json:"decision_id,omitzero" doc:"The routing decision that it comes of."`
	Kind         Kind           `db:"kind" json:"kind"`
	Status       Status         `db:"status" json:"status"`
	Request      RequestStatus  `db:"request_status" json:"request_status,omitempty" doc:"How far a partner has been asked for the goods; missing where our own people send them."`
	Priority     int64          `db:"priority" json:"priority" doc:"Higher is more urgent; 0 is normal."`
	ShipBy       time.Time      `db:"ship_by" json:"ship_by,omitzero"`
	ReleasedAt   time.Time      `db:"released_at" json:"released_at,omitzero"`
	PickedAt     time.Time      `db:"picked_at" json:"picked_at,omitzero" doc:"When all that was open had been picked."`
	PackedAt     time.Time      `db:"packed_at" json:"packed_at,omitzero" doc:"When all that was open had been packed."`
	ReadyAt      time.Time      `db:"ready_at" json:"ready_at,omitzero" doc:"Since when it waits for the customer, for a pickup."`
	HandedOverAt time.Time      `db:"handed_over_at" json:"handed_over_at,omitzero" doc:"When goods last left, to a carrier or the customer."`
	ClosedAt     time.Time      `db:"closed_at" json:"closed_at,omitzero"`
	Version      int64          `db:"version" json:"version"`
	CreatedAt    time.Time      `db:"created_at" json:"created_at"`
	Lines        []*Line        `json:"lines"`

	taken  bool // read from its row: there may be pick batches of it
	submit bool // a partner is to be asked, once it is stored
	facts  []event.Fact
}

// Line is what a fulfillment order asks for of one order line, in base units.
type Line struct {
	ID          id.FulfillmentLine `db:"id" json:"id"`
	Fulfillment id.Fulfillment     `db:"fulfillment_id" json:"-"`
	Line        id.Line            `db:"line_id" json:"line_id"`
	Variant     id.Variant         `db:"variant_id" json:"variant_id"`
	Counts
	Packed int64 `json:"packed" doc:"Units in shipments that have not left yet."`

	was    Counts // as stored; all zero: not stored yet
	undone bool   // fewer units are to be picked than pick batches may say
}

// Counts are the counters of a line's row.
type Counts struct {
	Quantity  int64 `db:"quantity" json:"quantity"`
	Picked    int64 `db:"picked" json:"picked" doc:"Open units that were picked, the packed ones among them."`
	Shipped   int64 `db:"shipped" json:"shipped"`
	Cancelled int64 `db:"cancelled" json:"cancelled"`
}

// Open is how many units are still to be shipped.
func (l *Line) Open() int64 { return l.Quantity - l.Shipped - l.Cancelled }

// Free is how many open units are in no shipment: what can be packed, shipped
// or taken off.
func (l *Line) Free() int64 { return l.Open() - l.Packed }

// ToPick is how many open units are not picked.
func (l *Line) ToPick() int64 { return l.Open() - l.Picked }

// Quantities are base units by order line.
type Quantities map[id.Line]int64

// Part is a number of base units of an order line.
type Part struct {
	Line     id.Line    `json:"line_id"`
	Variant  id.Variant `json:"variant_id"`
	Quantity int64      `json:"quantity"`
}

// New returns a scheduled order to ship, without lines. Set Decision, Priority,
// ShipBy or another Kind as needed; Add gives it lines and Create stores it.
func New(now time.Time, order id.Order, location id.Location) *Order {
	return &Order{
		ID: id.New[id.Fulfillment](now), Order: order, Location: location,
		Kind: KindShip, Status: Scheduled, Version: 1, CreatedAt: now,
	}
}

// Add asks for n more units of an order line. It may be given while nobody
// works on the order, so that what becomes available at its location leaves in
// the same parcel.
func (o *Order) Add(line id.Line, variant id.Variant, n int64) error {
	if o.Status != Scheduled && o.Status != Open {
		return o.forbids("added to", "open a new fulfillment order for the rest")
	}
	if n <= 0 {
		return badQuantity(n)
	}
	o.ask(line, variant, n)
	return nil
}

// ask asks for n more units, which have to be picked.
func (o *Order) ask(line id.Line, variant id.Variant, n int64) {
	o.PickedAt, o.PackedAt, o.ReadyAt = time.Time{}, time.Time{}, time.Time{}
	if l := o.Line(line); l != nil {
		l.Quantity += n
		return
	}
	o.Lines = append(o.Lines, &Line{
		ID: id.New[id.FulfillmentLine](o.CreatedAt), Fulfillment: o.ID,
		Line: line, Variant: variant, Counts: Counts{Quantity: n},
	})
}

// Line returns the line for an order line, nil if there is none.
func (o *Order) Line(line id.Line) *Line {
	for _, l := range o.Lines {
		if l.Line == line {
			return l
		}
	}
	return nil
}

// Open is how many units are still to be shipped.
func (o *Order) Open() int64 { return o.sum((*Line).Open) }

// Free is what can be packed or shipped: all open units that are in no shipment
// yet. For shipping everything, pass it to Ship.
func (o *Order) Free() Quantities { return o.each((*Line).Free) }

// ToPick is what is still to be picked.
func (o *Order) ToPick() Quantities { return o.each((*Line).ToPick) }

// InWork is what counts as in work in the sales order: all open units of an
// order in progress. Flows compare it before and after a change.
func (o *Order) InWork() Quantities {
	if o.Status != InProgress {
		return Quantities{}
	}
	return o.each((*Line).Open)
}

func (o *Order) sum(of func(*Line) int64) (n int64) {
	for _, l := range o.Lines {
		n += of(l)
	}
	return n
}

func (o *Order) each(of func(*Line) int64) Quantities {
	q := make(Quantities, len(o.Lines))
	for _, l := range o.Lines {
		if n := of(l); n > 0 {
			q[l.Line] = n
		}
	}
	return q
}

// Release lets the location begin. It is for an order whose gate is open.
func (o *Order) Release(now time.Time) error {
	if o.Status != Scheduled {
		return o.forbids("released", "")
	}
	o.Status, o.ReleasedAt = Open, now
	o.say(Released{o.about()})
	o.toSubmit()
	return nil
}

// Start says that the location works on the order. The flow marks the units of
// its sales order as in work.
func (o *Order) Start() error {
	if o.Status != Open {
		return o.forbids("started", "")
	}
	if err := o.onFloor(); err != nil {
		return err
	}
	o.begin()
	return nil
}

func (o *Order) begin() {
	if o.Status == Open {
		o.Status = InProgress
		o.say(Started{o.about()})
	}
}

// Pick says that n units of an order line were picked, and starts the order.
func (o *Order) Pick(line id.Line, n int64, now time.Time) error {
	l, err := o.workOn("picked", line, n)
	if err != nil {
		return err
	}
	if n > l.ToPick() {
		return tooMany("pick", n, l.ToPick())
	}
	l.undone = true
	o.pick(l, n, now)
	return nil
}

func (o *Order) pick(l *Line, n int64, now time.Time) {
	o.begin()
	l.Picked += n
	o.settle(Cancelled, now)
}

// Unpick says that n picked units of an order line were put back.
func (o *Order) Unpick(line id.Line, n int64) error {
	l, err := o.workOn("picked", line, n)
	if err != nil {
		return err
	}
	if free := l.Picked - l.Packed; n > free {
		return tooMany("put back", n, free)
	}
	l.Picked -= n
	o.PickedAt, o.ReadyAt = time.Time{}, time.Time{}
	return nil
}

// workOn finds a line of an order on which the location may work.
func (o *Order) workOn(verb string, line id.Line, n int64) (*Line, error) {
	switch o.Status {
	case Open, InProgress:
	case Scheduled:
		return nil, o.forbids(verb, "it has to be released first")
	default:
		return nil, o.forbids(verb, "")
	}
	if err := o.onFloor(); err != nil {
		return nil, err
	}
	return o.find(line, n)
}

func (o *Order) find(line id.Line, n int64) (*Line, error) {
	if n <= 0 {
		return nil, badQuantity(n)
	}
	l := o.Line(line)
	if l == nil {
		return nil, fault.New(fault.NotFound, "fulfillment.line_not_found", "The fulfillment order has no line %s.", line)
	}
	return l, nil
}

// Cancel takes n units of an order line off, unpicked ones first. Packed units
// are taken off after their shipment is voided. Work on the units of a sales
// order that were in work ends with it.
func (o *Order) Cancel(line id.Line, n int64, reason string, now time.Time) error {
	if err := o.unbound(); err != nil {
		return err
	}
	return o.Lose(line, n, reason, now)
}

// Lose is Cancel of units that are not there any more, whoever was asked for them.
func (o *Order) Lose(line id.Line, n int64, reason string, now time.Time) error {
	if o.Status.Done() {
		return o.forbids("cancelled", "")
	}
	l, err := o.find(line, n)
	if err != nil {
		return err
	}
	if n > l.Free() {
		return tooMany("cancel", n, l.Free())
	}
	l.cancel(n)
	o.say(Withdrawn{o.about(), n, reason})
	o.settle(Cancelled, now)
	return nil
}

// CancelAll takes all open units off and returns them. It is refused while
// anything is packed.
func (o *Order) CancelAll(reason string, now time.Time) ([]Part, error) {
	if o.Status.Done() {
		return nil, o.forbids("cancelled", "")
	}
	if err := o.unbound(); err != nil {
		return nil, err
	}
	return o.takeOff(Cancelled, reason, now)
}

// Reject says that the location will not ship what is open, and returns it, to
// be routed anew with this location left out.
func (o *Order) Reject(reason string, now time.Time) ([]Part, error) {
	if o.Status != Open && o.Status != InProgress {
		return nil, o.forbids("rejected", "")
	}
	return o.takeOff(Rejected, reason, now)
}

func (o *Order) takeOff(to Status, reason string, now time.Time) ([]Part, error) {
	var parts []Part
	var units int64
	for _, l := range o.Lines {
		if l.Packed > 0 {
			return nil, fault.New(fault.Conflict, "fulfillment.packed", "A part of the fulfillment order is packed: void its shipment first.")
		}
		if n := l.Open(); n > 0 {
			parts = append(parts, Part{l.Line, l.Variant, n})
			units += n
			l.cancel(n)
		}
	}
	if to == Rejected {
		if o.Outside() {
			o.Request = RequestRejected
		}
		o.say(Refused{o.about(), units, reason})
	} else {
		o.say(Withdrawn{o.about(), units, reason})
	}
	o.settle(to, now)
	return parts, nil
}

func (l *Line) cancel(n int64) {
	l.Cancelled += n
	l.Picked = min(l.Picked, l.Open())
	l.undone = true
}

// checkFree refuses quantities that are not free, as a whole.
func (o *Order) checkFree(verb string, q Quantities) error {
	if len(q) == 0 && o.Open() > 0 && len(o.Free()) == 0 {
		return fault.New(fault.Conflict, "fulfillment.packed", "All that is left to %s is packed: dispatch its shipment, or void it.", verb)
	}
	if len(q) == 0 {
		return fault.New(fault.Invalid, "fulfillment.nothing", "There is nothing to %s: give at least one line.", verb)
	}
	for line, n := range q {
		l, err := o.find(line, n)
		if err != nil {
			return err
		}
		if n > l.Free() {
			return tooMany(verb, n, l.Free())
		}
	}
	return nil
}

// settle notes the milestones that the counters have reached, and ends an order
// of which nothing is open; without is its state if nothing was shipped.
func (o *Order) settle(without Status, now time.Time) {
	if o.Open() > 0 {
		if o.Status == InProgress && o.PickedAt.IsZero() && o.sum((*Line).ToPick) == 0 {
			o.PickedAt = now
			o.say(Picked{o.about()})
		}
		if o.PackedAt.IsZero() && o.sum((*Line).Free) == 0 {
			o.PackedAt = now
		}
		return
	}
	o.Status, o.ClosedAt = Closed, now
	if o.sum(func(l *Line) int64 { return l.Shipped }) == 0 {
		o.Status = without
	}
	o.say(Ended{o.about(), o.Status})
}

// CheckVersion refuses a change to a version other than the one that the
// caller saw; 0 is not checked.
func (o *Order) CheckVersion(seen int64) error {
	return checkVersion("fulfillment order", o.Version, seen)
}

func checkVersion(what string, have, seen int64) error {
	if seen == 0 || seen == have {
		return nil
	}
	return stale(what, have)
}

func stale(what string, version int64) error {
	return fault.New(fault.Stale, "fulfillment.stale", "The %s was changed meanwhile: it has version %d now. Load it again.", what, version).
		With(map[string]int64{"version": version})
}

// possible is what can be done in each state, for those who tried something else.
var possible = map[Status]string{
	Scheduled:  "it has to be released first",
	Open:       "pick, pack or ship it, or move it elsewhere",
	InProgress: "ship what is picked, or put it back",
	Closed:     "what left can be returned, and a shipment that did not leave be taken back",
	Cancelled:  "what the order still needs is other work",
	Rejected:   "its units were given to another location, or wait",
}

// forbids says that something cannot be done in the state; instead is better
// advice than what is always possible in it.
func (o *Order) forbids(past, instead string) error {
	return fault.New(fault.Conflict, "fulfillment."+string(o.Status), "A fulfillment order that is %s cannot be %s: %s.",
		words(string(o.Status)), past, cmp.Or(instead, possible[o.Status])).With(map[string]Status{"status": o.Status})
}

func badQuantity(n int64) error {
	return fault.New(fault.Invalid, "fulfillment.bad_quantity", "%d is not a quantity: it must be 1 or more.", n)
}

func tooMany(verb string, n, free int64) error {
	return fault.New(fault.Conflict, "fulfillment.too_many", "There are %d units left to %s, not %d.", free, verb, n).
		With(map[string]int64{"left": free})
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

func (o *Order) say(f event.Fact) { o.facts = append(o.facts, f) }
