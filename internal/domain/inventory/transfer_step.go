package inventory

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// ReadyTransfer claims the units of a draft at the source, all or none: what is
// not there is the fault inventory.shortage.
func ReadyTransfer(ctx context.Context, tx *db.Tx, t *Transfer) error {
	if t.Status != TransferDraft {
		return t.forbids("made ready", "Only a draft can.")
	}
	claims := make([]Claim, len(t.Lines))
	for i, l := range t.Lines {
		claims[i] = Claim{
			Demand: anyOf(l.ID), DemandKind: ForTransfer, Order: anyOf(t.ID), Variant: l.Variant, Location: t.From, Quantity: l.Quantity, Kind: Stock,
		}
	}
	if err := Reserve(ctx, tx, claims); err != nil {
		return err
	}
	return t.enter(ctx, tx, TransferReady, t.units(), "")
}

// enter saves a transfer in a state and tells of it.
func (t *Transfer) enter(ctx context.Context, tx *db.Tx, s TransferStatus, units int64, reason string) error {
	t.Status = s
	if s == TransferClosed || s == TransferCancelled {
		t.ClosedAt = tx.Now()
	}
	if err := t.save(ctx, tx); err != nil {
		return err
	}
	return event.Record(ctx, tx, t.fact(units, reason))
}

// leave is the units of each line that are sent, from 0 to its quantity.
func (t *Transfer) leave(units map[id.TransferLine]int64) (sent []int64, sum int64, err error) {
	for l := range units {
		if t.Line(l) == nil {
			return nil, 0, t.noLine(l)
		}
	}
	sent = make([]int64, len(t.Lines))
	for i, l := range t.Lines {
		if sent[i] = l.Quantity; units != nil {
			sent[i] = units[l.ID]
		}
		if sent[i] < 0 || sent[i] > l.Quantity {
			return nil, 0, badQuantity("units", sent[i])
		}
		sum += sent[i]
	}
	if sum == 0 {
		return nil, 0, fault.New(fault.Invalid, "transfer.nothing", "Nothing of transfer %d is sent. Cancel it if nothing is to be.", t.Number)
	}
	return sent, sum, nil
}

// ShipTransfer books that a ready transfer left its source: all of it, or the
// given units of its lines, and what they do not name stays. What is not sent is
// no longer claimed. The units lie in transit then, and are incoming at the
// destination.
func ShipTransfer(ctx context.Context, tx *db.Tx, book Book, t *Transfer, units map[id.TransferLine]int64) ([]Movement, error) {
	if t.Status != TransferReady {
		return nil, t.forbids("shipped", "Make it ready first.")
	}
	sent, sum, err := t.leave(units)
	if err != nil {
		return nil, err
	}
	transit, err := InTransit(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := t.work(transit)
	if err := w.load(ctx, tx); err != nil {
		return nil, err
	}
	var entries []entry
	for i, l := range t.Lines {
		s := slot{anyOf(l.ID), Key{l.Variant, t.From}, Stock}
		have := w.reserved(s)
		used := min(have, sent[i])
		if _, err := w.take(ctx, tx, s, used, consumed); err != nil {
			return nil, err
		}
		if _, err := w.take(ctx, tx, s, have-used, released); err != nil {
			return nil, err
		}
		if sent[i] == 0 {
			continue
		}
		l.Shipped = sent[i]
		w.changes.add(Key{l.Variant, t.To}, Counts{Incoming: sent[i]})
		entries = append(entries, t.legs(l, t.From, transit, sent[i], Sellable, "")...)
	}
	t.ShippedAt = tx.Now()
	return t.book(ctx, tx, book, w, entries, TransferInTransit, sum, "")
}

// work prepares to change the stock and the claims of a transfer.
func (t *Transfer) work(transit id.Location) *claimWork {
	w := &claimWork{changes: changes{}}
	for _, l := range t.Lines {
		w.need(anyOf(l.ID), Key{l.Variant, t.From})
		w.keys = append(w.keys, Key{l.Variant, t.To})
		if !transit.IsZero() {
			w.keys = append(w.keys, Key{l.Variant, transit})
		}
	}
	return w
}

// legs are the two movements of units of a line from one location to another.
func (t *Transfer) legs(l *TransferLine, from, to id.Location, units int64, arrive State, reason string) []entry {
	p := Posting{Variant: l.Variant, Reason: reason, Cause: t.cause(), State: Sellable}
	out, in := p, p
	out.Location, out.Kind, out.Quantity = from, KindTransferOut, -units
	in.Location, in.Kind, in.Quantity, in.State = to, KindTransferIn, units, arrive
	return []entry{{Posting: out, leg: true}, {Posting: in, leg: true}}
}

// book posts the movements of a step of a transfer, and enters its next state.
func (t *Transfer) book(ctx context.Context, tx *db.Tx, book Book, w *claimWork, entries []entry, s TransferStatus, units int64, reason string) ([]Movement, error) {
	rows, err := w.held.post(ctx, tx, book, entries, w.changes)
	if err != nil {
		return nil, err
	}
	if err := w.writeClaims(ctx, tx); err != nil {
		return nil, err
	}
	return rows, t.enter(ctx, tx, s, units, reason)
}

// Arrival is units of a transfer line that came.
type Arrival struct {
	Line     id.TransferLine
	Quantity int64
	State    State  // empty is Sellable
	Reason   string // why it is not what was sent
}

// ReceiveTransfer books what came at the destination. It may be called again
// for what is still under way; once nothing is, the transfer is received. More
// than is under way is refused: book the surplus as an adjustment.
func ReceiveTransfer(ctx context.Context, tx *db.Tx, book Book, t *Transfer, arrivals []Arrival) ([]Movement, error) {
	if !t.Status.underWay() {
		return nil, t.forbids("received", "Nothing of it is under way.")
	}
	transit, err := InTransit(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := t.work(transit)
	if err := w.load(ctx, tx); err != nil {
		return nil, err
	}
	var entries []entry
	var sum int64
	for i, a := range arrivals {
		if err := checkQuantity("arrivals", i, a.Quantity); err != nil {
			return nil, err
		}
		l := t.Line(a.Line)
		if l == nil {
			return nil, t.noLine(a.Line)
		}
		if a.Quantity > l.UnderWay() {
			return nil, fault.New(fault.Conflict, "transfer.too_many", "Only %d units of line %d of transfer %d are under way. Book a surplus as an adjustment.", l.UnderWay(), l.Position, t.Number)
		}
		if a.State == "" {
			a.State = Sellable
		}
		if a.State == Safety || !slices.Contains(States(), a.State) {
			return nil, fault.New(fault.Invalid, "inventory.bad_state", "Units cannot arrive %q: use sellable, damaged or quality_control.", a.State)
		}
		l.Received += a.Quantity
		if reason := text.Clean(a.Reason); reason != "" {
			l.Reason = reason
		}
		sum += a.Quantity
		w.changes.add(Key{l.Variant, t.To}, Counts{Incoming: -a.Quantity})
		entries = append(entries, t.legs(l, transit, t.To, a.Quantity, a.State, text.Clean(a.Reason))...)
	}
	if sum == 0 {
		return nil, fault.New(fault.Invalid, "transfer.nothing", "Say which lines of transfer %d came.", t.Number)
	}
	next := TransferPartiallyReceived
	if t.UnderWay() == 0 {
		next = TransferReceived
	}
	return t.book(ctx, tx, book, w, entries, next, sum, "")
}

// CloseTransfer ends a transfer. What is still under way is written off, for a
// reason that must be given then.
func CloseTransfer(ctx context.Context, tx *db.Tx, book Book, t *Transfer, reason string) ([]Movement, error) {
	if !t.Status.underWay() && t.Status != TransferReceived {
		return nil, t.forbids("closed", "Cancel it instead.")
	}
	return t.end(ctx, tx, book, TransferClosed, WriteOff, reason)
}

// CancelEnd says what becomes of goods that are under way when their transfer
// is cancelled.
type CancelEnd string

// The ends.
const (
	ReturnToSource CancelEnd = "return_to_source"
	WriteOff       CancelEnd = "write_off"
)

// CancelTransfer ends a transfer that is not wanted any more. A draft has no
// stock, one that is ready gives up its claims; of one that is under way the
// caller must say what becomes of the goods, else it is the Conflict
// transfer.choose.
func CancelTransfer(ctx context.Context, tx *db.Tx, book Book, t *Transfer, end CancelEnd, reason string) ([]Movement, error) {
	switch {
	case t.Status == TransferReady:
		w := t.work(id.Location{})
		if err := w.load(ctx, tx); err != nil {
			return nil, err
		}
		for _, l := range t.Lines {
			s := slot{anyOf(l.ID), Key{l.Variant, t.From}, Stock}
			if _, err := w.take(ctx, tx, s, w.reserved(s), released); err != nil {
				return nil, err
			}
		}
		return t.book(ctx, tx, book, w, nil, TransferCancelled, t.units(), text.Clean(reason))
	case t.Status == TransferDraft:
		return nil, t.enter(ctx, tx, TransferCancelled, t.units(), text.Clean(reason))
	case !t.Status.underWay():
		return nil, t.forbids("cancelled", "Its goods came.")
	case end != ReturnToSource && end != WriteOff:
		return nil, fault.New(fault.Conflict, "transfer.choose", "%d units of transfer %d are under way. Say what becomes of them: return_to_source or write_off.", t.UnderWay(), t.Number)
	}
	return t.end(ctx, tx, book, TransferCancelled, end, reason)
}

// end brings what is under way to its end, and the transfer to its last state.
func (t *Transfer) end(ctx context.Context, tx *db.Tx, book Book, s TransferStatus, end CancelEnd, reason string) ([]Movement, error) {
	reason = text.Clean(reason)
	sum := t.UnderWay()
	if reason == "" && sum > 0 {
		f := fault.Fields{}
		f.Add("reason", "is missing: why do %d units not arrive?", sum)
		return nil, f.Err("transfer.no_reason", "The transfer cannot be ended like this.")
	}
	transit, err := InTransit(ctx, tx)
	if err != nil {
		return nil, err
	}
	w := t.work(transit)
	if err := w.load(ctx, tx); err != nil {
		return nil, err
	}
	var entries []entry
	for _, l := range t.Lines {
		units := l.UnderWay()
		if units == 0 {
			continue
		}
		l.Reason = reason
		w.changes.add(Key{l.Variant, t.To}, Counts{Incoming: -units})
		if end == ReturnToSource {
			l.Returned += units
			entries = append(entries, t.legs(l, transit, t.From, units, Sellable, reason)...)
			continue
		}
		l.WrittenOff += units
		entries = append(entries, entry{Posting: Posting{
			Variant: l.Variant, Location: transit, Kind: KindAdjust, State: Sellable, Quantity: -units, Reason: reason, Cause: t.cause(),
		}})
	}
	return t.book(ctx, tx, book, w, entries, s, sum, reason)
}
