package fulfillment

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/event"
)

// BatchStatus is the state of a pick batch: open → picking → picked → closed,
// or cancelled.
type BatchStatus string

// The states.
const (
	BatchOpen      BatchStatus = "open"
	BatchPicking   BatchStatus = "picking"
	BatchPicked    BatchStatus = "picked"
	BatchClosed    BatchStatus = "closed"
	BatchCancelled BatchStatus = "cancelled"
)

// PickStatus is the state of a line of a pick batch.
type PickStatus string

// The states.
const (
	PickToPick PickStatus = "to_pick"
	PickPicked PickStatus = "picked"
	PickShort  PickStatus = "short" // done, and some of it was not found or not wanted any more
)

// ReasonCancelled is why units of a pick line are short that were cancelled,
// moved or shipped in another way after the batch was made.
const ReasonCancelled = "cancelled"

// PickBatch is work for one walk: units of one or more fulfillment orders of a
// location that are picked together. An open unit is in one batch at most.
type PickBatch struct {
	ID         id.Batch    `db:"id" json:"id"`
	Number     int64       `db:"number" json:"number"`
	Location   id.Location `db:"location_id" json:"location_id"`
	Status     BatchStatus `db:"status" json:"status"`
	AssignedTo id.User     `db:"assigned_to" json:"assigned_to,omitzero"`
	CreatedBy  string      `db:"created_by" json:"created_by"`
	CreatedAt  time.Time   `db:"created_at" json:"created_at"`
	ClosedAt   time.Time   `db:"closed_at" json:"closed_at,omitzero"`
	Version    int64       `db:"version" json:"version"`
	Lines      []*PickLine `json:"lines"`

	facts []event.Fact
}

// PickLine is what a batch has to bring for one line of a fulfillment order.
type PickLine struct {
	ID              id.PickLine        `db:"id" json:"id,omitzero"`
	Batch           id.Batch           `db:"batch_id" json:"-"`
	Fulfillment     id.Fulfillment     `db:"fulfillment_id" json:"fulfillment_id"`
	FulfillmentLine id.FulfillmentLine `db:"fulfillment_line_id" json:"fulfillment_line_id"`
	Variant         id.Variant         `db:"variant_id" json:"variant_id"`
	Quantity        int64              `db:"quantity" json:"quantity"`
	Picked          int64              `db:"picked" json:"picked"`
	Short           int64              `db:"short" json:"short"`
	ShortReason     string             `db:"short_reason" json:"short_reason,omitempty"`
	Status          PickStatus         `db:"status" json:"status"`
}

// Left is how many units are still to be picked.
func (l *PickLine) Left() int64 { return l.Quantity - l.Picked - l.Short }

func (l *PickLine) count(picked, short int64, reason string) {
	l.Picked += picked
	l.Short += short
	if short > 0 {
		l.ShortReason = reason
	}
	switch {
	case l.Left() > 0:
		l.Status = PickToPick
	case l.Short > 0:
		l.Status = PickShort
	default:
		l.Status = PickPicked
	}
}

// Pick is what a picker reports: of one line, or of a variant, which goes to
// the batch's lines of that variant in their order, most urgent first.
type Pick struct {
	Line    id.PickLine `json:"line_id,omitzero"`
	Variant id.Variant  `json:"variant_id,omitzero"`
	Picked  int64       `json:"picked,omitempty"`
	Short   int64       `json:"short,omitempty" doc:"Units that were not there, or not fit to send."`
	Reason  string      `json:"reason,omitempty" doc:"Why they are short."`
}

// Shortage is units that a picker did not bring. The flow routes them anew, or
// lets them wait.
type Shortage struct {
	Order       id.Order       `json:"order_id"`
	Fulfillment id.Fulfillment `json:"fulfillment_id"`
	Location    id.Location    `json:"location_id"`
	Line        id.Line        `json:"line_id"`
	Variant     id.Variant     `json:"variant_id"`
	Quantity    int64          `json:"quantity"`
	Reason      string         `json:"reason"`
}

// Start says that somebody walks.
func (b *PickBatch) Start() error {
	if b.Status != BatchOpen {
		return b.forbids("started")
	}
	b.become(BatchPicking)
	return nil
}

// Pick counts what a picker reports, in the batch and in its orders, which are
// those that TakeBatch gave. It starts the batch and the orders, and the batch
// is picked when nothing is left. All of it is refused if a part does not fit.
func (b *PickBatch) Pick(orders []*Order, picks []Pick, now time.Time) ([]Shortage, error) {
	if b.Status != BatchOpen && b.Status != BatchPicking {
		return nil, b.forbids("picked")
	}
	steps, err := b.plan(orders, picks)
	if err != nil {
		return nil, err
	}
	if b.Status == BatchOpen {
		b.become(BatchPicking)
	}
	var shortages []Shortage
	for _, s := range steps {
		s.pick.count(s.picked, s.short, s.reason)
		if s.picked > 0 {
			s.order.pick(s.line, s.picked, now)
		}
		if s.short > 0 {
			shortages = append(shortages, Shortage{s.order.Order, s.order.ID, s.order.Location, s.line.Line, s.line.Variant, s.short, s.reason})
		}
	}
	if b.left() == 0 {
		b.become(BatchPicked)
	}
	return shortages, nil
}

// step is what one report means for one line.
type step struct {
	pick          *PickLine
	order         *Order
	line          *Line
	picked, short int64
	reason        string
}

// plan finds what reports mean, and checks it without changing anything.
func (b *PickBatch) plan(orders []*Order, picks []Pick) ([]step, error) {
	f := fault.Fields{}
	var steps []step
	left := make(map[id.PickLine]int64, len(b.Lines))
	for _, l := range b.Lines {
		left[l.ID] = l.Left()
	}
	for i, p := range picks {
		at := fmt.Sprintf("picks[%d]", i)
		reason := text.Clean(p.Reason)
		switch {
		case p.Picked < 0 || p.Short < 0 || p.Picked+p.Short <= 0:
			f.Add(at, "says neither how many were picked nor how many are short")
			continue
		case p.Short > 0 && reason == "":
			f.Add(at+".reason", "is missing: why are units short?")
		case p.Line.IsZero() == p.Variant.IsZero():
			f.Add(at, "names a line or a variant, and not both")
			continue
		}
		picked, short, known := p.Picked, p.Short, false
		for _, l := range b.Lines {
			if l.ID != p.Line && l.Variant != p.Variant {
				continue
			}
			known = true
			s := step{pick: l, picked: min(picked, left[l.ID]), reason: reason}
			s.short = min(short, left[l.ID]-s.picked)
			if s.picked+s.short == 0 {
				continue
			}
			if s.order, s.line = find(orders, l); s.line == nil {
				return nil, fault.New(fault.Conflict, "pick_batch.changed", "The orders of pick batch %d changed meanwhile. Load it again.", b.Number)
			}
			picked, short = picked-s.picked, short-s.short
			left[l.ID] -= s.picked + s.short
			steps = append(steps, s)
		}
		switch {
		case !known:
			f.Add(at, "is not in the batch")
		case picked+short > 0:
			f.Add(at, "is %d more than there is left to pick", picked+short)
		}
	}
	return steps, f.Err("pick_batch.bad_pick", "The picks do not fit the batch.")
}

func find(orders []*Order, p *PickLine) (*Order, *Line) {
	for _, o := range orders {
		if o.ID != p.Fulfillment {
			continue
		}
		for _, l := range o.Lines {
			if l.ID == p.FulfillmentLine {
				return o, l
			}
		}
	}
	return nil, nil
}

// Close ends a batch of which nothing is left to pick.
func (b *PickBatch) Close(now time.Time) error {
	if b.Status != BatchPicked && (b.Status != BatchPicking || b.left() > 0) {
		return b.forbids("closed")
	}
	b.ClosedAt = now
	b.become(BatchClosed)
	return nil
}

// Cancel ends a batch; what was picked stays picked, and the rest may go into
// another one.
func (b *PickBatch) Cancel(now time.Time) error {
	if b.Status != BatchOpen && b.Status != BatchPicking {
		return b.forbids("cancelled")
	}
	b.ClosedAt = now
	b.become(BatchCancelled)
	return nil
}

// CheckVersion refuses a change to a version other than the one that the
// caller saw; 0 is not checked.
func (b *PickBatch) CheckVersion(seen int64) error {
	return checkVersion("pick batch", b.Version, seen)
}

func (b *PickBatch) left() (n int64) {
	for _, l := range b.Lines {
		n += l.Left()
	}
	return n
}

func (b *PickBatch) become(s BatchStatus) {
	b.Status = s
	f := BatchChanged{Batch: b.ID, Number: b.Number, Location: b.Location, Status: s}
	for _, l := range b.Lines {
		f.Picked += l.Picked
		f.Short += l.Short
	}
	b.facts = append(b.facts, f)
}

func (b *PickBatch) forbids(verb string) error {
	return fault.New(fault.Conflict, "pick_batch."+string(b.Status), "A pick batch that is %s cannot be %s.", b.Status, verb).
		With(map[string]int64{"left": b.left()})
}

// PickLines is what is to be picked of one order, for the pick list of an order
// that is in no batch.
func (o *Order) PickLines() []*PickLine {
	var lines []*PickLine
	for _, l := range o.Lines {
		if n := l.ToPick(); n > 0 {
			lines = append(lines, &PickLine{
				Fulfillment: o.ID, FulfillmentLine: l.ID, Variant: l.Variant, Quantity: n, Status: PickToPick,
			})
		}
	}
	return lines
}

// Bin is where a variant lies at a location.
type Bin struct {
	ID   id.Bin `json:"id,omitzero"`
	Code string `json:"code"`
	Path int64  `json:"path" doc:"Where the bin comes on a picker's walk."`
}

// Stop is one place on a picker's walk: all that is wanted of a variant there.
type Stop struct {
	Bin      Bin         `json:"bin"`
	Variant  id.Variant  `json:"variant_id"`
	Quantity int64       `json:"quantity"`
	Picked   int64       `json:"picked"`
	Short    int64       `json:"short"`
	Lines    []*PickLine `json:"lines" doc:"Which orders the units are for."`
}

// PickList sums lines by variant and sorts them by the walk: path of the bin,
// its code, then variant; what has no bin comes last.
func PickList(lines []*PickLine, bins map[id.Variant]Bin) []Stop {
	at := make(map[id.Variant]int, len(lines))
	stops := make([]Stop, 0, len(lines))
	for _, l := range lines {
		i, ok := at[l.Variant]
		if !ok {
			i = len(stops)
			at[l.Variant] = i
			stops = append(stops, Stop{Bin: bins[l.Variant], Variant: l.Variant})
		}
		s := &stops[i]
		s.Quantity += l.Quantity
		s.Picked += l.Picked
		s.Short += l.Short
		s.Lines = append(s.Lines, l)
	}
	slices.SortFunc(stops, func(a, b Stop) int {
		if none := cmp.Compare(b.Bin.Code, "") - cmp.Compare(a.Bin.Code, ""); none != 0 {
			return none
		}
		return cmp.Or(
			cmp.Compare(a.Bin.Path, b.Bin.Path),
			cmp.Compare(a.Bin.Code, b.Bin.Code),
			bytes.Compare(a.Variant[:], b.Variant[:]),
		)
	})
	return stops
}
