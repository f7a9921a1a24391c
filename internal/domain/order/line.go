package order

import (
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// units of a line that a verb acts on.
type part struct {
	line *Line
	n    int64
}

// verb is something that moves units of a line from one counter to another.
type verb struct {
	past   string   // allocated
	states []Status // of the order, in which it may be done
	room   func(*Line) int64
	do     func(l *Line, n int64)
}

var (
	promising = []Status{StatusPending, StatusOpen}
	sending   = []Status{StatusOpen}
	sent      = []Status{StatusOpen, StatusCompleted}
)

var (
	allocate = verb{"allocated", promising,
		func(l *Line) int64 { return l.Unallocated },
		func(l *Line, n int64) { l.Unallocated -= n; l.Allocated += n }}
	deallocate = verb{"taken off its stock", promising,
		func(l *Line) int64 { return l.Allocated - l.InWork },
		func(l *Line, n int64) { l.Allocated -= n; l.Unallocated += n }}
	owe = verb{"backordered", promising,
		func(l *Line) int64 { return l.Unallocated },
		func(l *Line, n int64) { l.Unallocated -= n; l.Backordered += n }}
	fill = verb{"filled", promising,
		func(l *Line) int64 { return l.Backordered },
		func(l *Line, n int64) { l.Backordered -= n; l.Allocated += n }}
	unfill = verb{"backordered", promising,
		func(l *Line) int64 { return l.Allocated },
		func(l *Line, n int64) { l.Allocated -= n; l.InWork = min(l.InWork, l.Allocated); l.Backordered += n }}
	startWork = verb{"worked on", sending,
		func(l *Line) int64 { return l.Allocated - l.InWork },
		func(l *Line, n int64) { l.InWork += n }}
	stopWork = verb{"taken out of work", promising,
		func(l *Line) int64 { return l.InWork },
		func(l *Line, n int64) { l.InWork -= n }}
	ship = verb{"shipped", sending,
		func(l *Line) int64 { return l.Allocated + l.Backordered },
		shipUnits}
	unship = verb{"taken back from its shipment", sent,
		func(l *Line) int64 { return l.Shipped - max(l.Delivered, l.Returned) },
		func(l *Line, n int64) { l.Shipped -= n; l.Allocated += n }}
	deliver = verb{"delivered", sent,
		func(l *Line) int64 { return l.Shipped - l.Delivered },
		func(l *Line, n int64) { l.Delivered += n }}
	undeliver = verb{"taken back from who has it", sent,
		func(l *Line) int64 { return l.Delivered },
		func(l *Line, n int64) { l.Delivered -= n }}
	takeBack = verb{"returned", sent,
		func(l *Line) int64 { return l.Shipped - l.Returned },
		func(l *Line, n int64) { l.Returned += n }}
)

func shipUnits(l *Line, n int64) {
	stocked := min(n, l.Allocated)
	l.Allocated -= stocked
	l.Backordered -= n - stocked
	l.InWork = min(max(l.InWork-stocked, 0), l.Allocated)
	l.Shipped += n
}

// Allocate says that n unallocated units of a line are reserved at a location.
func (o *Order) Allocate(line id.Line, n int64) error { return o.move(allocate, line, n) }

// Deallocate says that n reserved units of a line are reserved no more, and not
// owed either. Units in work cannot be meant: StopWork comes first.
func (o *Order) Deallocate(line id.Line, n int64) error { return o.move(deallocate, line, n) }

// OweBackorder says that n unallocated units of a line wait for stock, which
// the line has to allow.
func (o *Order) OweBackorder(line id.Line, n int64) error {
	parts, err := o.parts(line, n)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !p.line.Backorder {
			return fault.New(fault.Shortage, "order.no_backorder", "%s may not be backordered: give it stock, or take it off the order.", p.line.name())
		}
	}
	return o.move(owe, line, n)
}

// Owe is OweBackorder of units that may not be owed and have to be: they were
// sold elsewhere already.
func (o *Order) Owe(line id.Line, n int64) error { return o.move(owe, line, n) }

// Fill says that stock came for n backordered units of a line.
func (o *Order) Fill(line id.Line, n int64) error { return o.move(fill, line, n) }

// Unfill says that the stock of n allocated units of a line is not there: they
// wait for other stock. Since that is a fact, any line may be owed so; units in
// work come last, and are in work no more.
func (o *Order) Unfill(line id.Line, n int64) error { return o.move(unfill, line, n) }

// StartWork says that a location began to pick n allocated units of a line.
func (o *Order) StartWork(line id.Line, n int64) error { return o.move(startWork, line, n) }

// StopWork says that n units of a line are no longer being picked or packed.
func (o *Order) StopWork(line id.Line, n int64) error { return o.move(stopWork, line, n) }

// Ship says that n units of a line left: those in work first, then the other
// allocated ones, then backordered ones, where a location ships what it was not
// known to have.
func (o *Order) Ship(line id.Line, n int64) error { return o.move(ship, line, n) }

// Unship says that n units of a line had not left after all: they are allocated
// again. What has arrived or come back had left.
func (o *Order) Unship(line id.Line, n int64) error { return o.move(unship, line, n) }

// Deliver says that n shipped units of a line arrived.
func (o *Order) Deliver(line id.Line, n int64) error { return o.move(deliver, line, n) }

// Undeliver says that n units of a line had not arrived after all.
func (o *Order) Undeliver(line id.Line, n int64) error { return o.move(undeliver, line, n) }

// Return says that n shipped units of a line came back. What the customer gets
// for them is a matter of Credit.
func (o *Order) Return(line id.Line, n int64) error { return o.move(takeBack, line, n) }

// move does a verb to a line, or nothing.
func (o *Order) move(v verb, line id.Line, n int64) error {
	if !slices.Contains(v.states, o.Status) {
		return o.forbids(v.past)
	}
	parts, err := o.parts(line, n)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !p.line.Goods() {
			return fault.New(fault.Conflict, "order.service", "%s is a service: there is nothing of it to be %s.", p.line.name(), v.past)
		}
		if room := v.room(p.line); p.n > room {
			return tooMany(p.line, v.past, p.n, room)
		}
	}
	for _, p := range parts {
		v.do(p.line, p.n)
	}
	return nil
}

// parts are the lines that n units of a line mean: a kit's components, or the
// line itself.
func (o *Order) parts(line id.Line, n int64) ([]part, error) {
	l, err := o.find(line)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > l.Quantity {
		return nil, fault.New(fault.Invalid, "order.bad_quantity", "%d is not a quantity of %s: it must be between 1 and %d.", n, l.name(), l.Quantity)
	}
	if l.Kind != KindKit {
		return []part{{l, n}}, nil
	}
	var parts []part
	for _, c := range o.Components(line) {
		parts = append(parts, part{c, c.Quantity / l.Quantity * n})
	}
	return parts, nil
}

func (o *Order) find(line id.Line) (*Line, error) {
	if l := o.Line(line); l != nil {
		return l, nil
	}
	return nil, fault.New(fault.NotFound, "order.line_not_found", "Order %d has no line %s.", o.Number, line)
}

// name is how sentences call a line.
func (l *Line) name() string {
	if l.SKU != "" {
		return l.SKU
	}
	return shorten(l.Title)
}

// TooMany is the Detail of a fault that refuses a quantity.
type TooMany struct {
	Line      id.Line `json:"line_id"`
	Wanted    int64   `json:"wanted"`
	Available int64   `json:"available"`
}

func tooMany(l *Line, past string, n, room int64) error {
	return fault.New(fault.Conflict, "order.too_many", "%d units of %s cannot be %s: there are %d that can.", n, l.name(), past, max(room, 0)).
		With(TooMany{l.ID, n, max(room, 0)})
}

// possible says what can be done with an order in a status.
var possible = map[Status]string{
	StatusDraft:     "accept it first",
	StatusPending:   "it can be accepted or cancelled",
	StatusOpen:      "it can be sent or cancelled",
	StatusCompleted: "what was sent can be returned",
	StatusCancelled: "place a new order",
}

// forbids refuses a verb that the order's status does not allow.
func (o *Order) forbids(past string) error {
	return fault.New(fault.Conflict, "order."+string(o.Status), "Order %d is %s and cannot be %s: %s.",
		o.Number, strings.ReplaceAll(string(o.Status), "_", " "), past, possible[o.Status]).With(map[string]Status{"status": o.Status})
}
