package flow

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// ReturnRequest is goods that somebody wants to send back.
type ReturnRequest struct {
	Order       id.Order // zero: the sale is not known here
	Customer    id.Customer
	Location    id.Location // where they shall arrive
	ExternalID  string
	Currency    money.Currency // of a blind return; an order's is its own
	RequestedBy string         // returns.ByStaff, or returns.ByCustomer
	Note        string
	Override    string // why staff takes it against the return policy
	Lines       []RequestedUnits
}

// RequestedUnits are units that somebody wants to send back.
type RequestedUnits struct {
	Line       id.Line    // order line; a kit's stands for its components
	Variant    id.Variant // where the sale is not known, with what is given back for them:
	Total, Tax int64
	Quantity   int64
	Resolution returns.Resolution // empty: refund
	Reason     string
}

// RequestReturn asks for the permission to send goods back: no more units than
// were sent, less those of other returns. What they are worth is an estimate
// until they are credited.
func RequestReturn(ctx context.Context, tx *db.Tx, in ReturnRequest) (*returns.Return, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := takesReturns(ctx, tx, in.Location); err != nil {
		return nil, err
	}
	w := &returnWork{books: b}
	if !in.Order.IsZero() {
		taken, err := order.Take(ctx, tx, in.Order)
		if err != nil {
			return nil, err
		}
		w.order = taken[0]
		in.Customer, in.Currency = cmp.Or(in.Customer, w.order.Customer), w.order.Currency
	}
	terms, err := w.allowed(ctx, tx, in.Lines, in.RequestedBy, in.Override)
	if err != nil {
		return nil, err
	}
	lines, err := w.lines(ctx, tx, in.Lines)
	if err != nil {
		return nil, err
	}
	w.ret, err = returns.New(tx.Now(), b.Day(tx.Now()), in.Order, in.Location, in.Currency, lines...)
	if err != nil {
		return nil, err
	}
	w.ret.Customer, w.ret.ExternalID, w.ret.Note, w.ret.RequestedBy = in.Customer, in.ExternalID, in.Note, cmp.Or(in.RequestedBy, returns.ByStaff)
	terms.apply(w.ret)
	if err := returns.Insert(ctx, tx, []*returns.Return{w.ret}); err != nil {
		return nil, err
	}
	if err := terms.record(ctx, tx, w.ret); err != nil {
		return nil, err
	}
	return w.ret, w.tellOrder(ctx, tx)
}

// takesReturns refuses a location that goods cannot come back to.
func takesReturns(ctx context.Context, r db.Reader, location id.Location) error {
	at, err := inventory.GetLocation(ctx, r, location)
	if err != nil {
		return err
	}
	if !at.Active || !at.TakesReturns {
		return fault.New(fault.Conflict, "return.not_there", "%s takes no returns: name another location.", at.Name)
	}
	return nil
}

// returnWork is a return that is changed, with its sales order where it is known.
type returnWork struct {
	books books
	ret   *returns.Return
	order *order.Order
	moves []disposal
}

// disposal is units whose disposition changed: the stock follows.
type disposal struct {
	line *returns.Line
	was  returns.Disposition
}

// lines are the lines of a return of requested units. A kit comes back as its
// components.
func (w *returnWork) lines(ctx context.Context, tx *db.Tx, asked []RequestedUnits) ([]returns.Line, error) {
	var lines []returns.Line
	var claimed []id.Line
	for _, in := range asked {
		in.Resolution = cmp.Or(in.Resolution, returns.Refund)
		if w.order == nil {
			lines = append(lines, returns.Line{Variant: in.Variant, Quantity: in.Quantity, Total: in.Total, Tax: in.Tax, Resolution: in.Resolution, Reason: in.Reason})
			continue
		}
		l := w.order.Line(in.Line)
		if l == nil {
			return nil, fault.New(fault.NotFound, "order.line_not_found", "Order %d has no line %s.", w.order.Number, in.Line)
		}
		parts := []*order.Line{l}
		if l.Kind == order.KindKit {
			parts = w.order.Components(l.ID)
		}
		for _, p := range parts {
			n := in.Quantity
			if p != l {
				n = p.Quantity / l.Quantity * in.Quantity
			}
			claimed = append(claimed, p.ID)
			lines = append(lines, returns.Line{Line: p.ID, Variant: p.Variant, Quantity: n, UnitPrice: p.UnitPrice, Resolution: in.Resolution, Reason: in.Reason})
		}
	}
	if w.order == nil {
		return lines, nil
	}
	open, err := returns.Claimed(ctx, tx, unique(claimed))
	if err != nil {
		return nil, err
	}
	worth, err := order.Get(ctx, tx, w.order.ID) // credits are tried on it
	if err != nil {
		return nil, err
	}
	for i := range lines {
		l := &lines[i]
		sold := worth.Line(l.Line)
		if left := sold.Shipped - open[l.Line]; l.Quantity > left {
			return nil, fault.New(fault.Conflict, "return.too_many", "%d units of %s cannot be returned: %d were sent, and %d of these are in other returns.",
				l.Quantity, sold.SKU, sold.Shipped, open[l.Line]).With(map[string]any{"line_id": l.Line, "available": max(left, 0)})
		}
		open[l.Line] += l.Quantity
		if a, err := worth.Credit(l.Line, min(l.Quantity, sold.Invoiced-sold.Refunded)); err == nil {
			l.Total, l.Tax = a.Total, a.Tax
		}
	}
	return lines, nil
}

// changeReturn takes a return behind its sales order, lets change do something
// to it, and lets the order follow. version is the one that the caller saw, 0 for
// any.
func changeReturn(ctx context.Context, tx *db.Tx, rid id.Return, version int64, change func(w *returnWork) error) (*returns.Return, error) {
	return workOnReturn(ctx, tx, rid, version, nil, change)
}

// moveReturn is changeReturn of what moves stock of the return's goods, and of more
// of them: those who wait for it are taken with the sales order.
func moveReturn(ctx context.Context, tx *db.Tx, rid id.Return, version int64, more []id.Variant, change func(w *returnWork) error) (*returns.Return, error) {
	seen, err := returns.Get(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	goods := more
	for _, l := range seen.Lines {
		goods = append(goods, l.Variant)
	}
	return workOnReturn(ctx, tx, rid, version, goods, change)
}

func workOnReturn(ctx context.Context, tx *db.Tx, rid id.Return, version int64, goods []id.Variant, change func(w *returnWork) error) (*returns.Return, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	seen, err := returns.Get(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	w := &returnWork{books: b}
	var own []id.Order
	if !seen.Order.IsZero() {
		own = append(own, seen.Order)
	}
	q, err := takeWaiting(ctx, tx, goods, own...)
	if err != nil {
		return nil, err
	}
	w.order = q.orders[seen.Order]
	taken, err := returns.Take(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	if len(goods) > 0 {
		if err := q.lock(ctx, tx, goods); err != nil {
			return nil, err
		}
	}
	w.ret = taken[0]
	if err := w.ret.CheckVersion(version); err != nil {
		return nil, err
	}
	if err := change(w); err != nil {
		return nil, err
	}
	if err := returns.Save(ctx, tx, taken); err != nil {
		return nil, err
	}
	if err := w.tellOrder(ctx, tx); err != nil {
		return nil, err
	}
	return w.ret, shelve(ctx, tx, w.ret, w.moves)
}

// tellOrder lets the sales order know of its returns, and saves it.
func (w *returnWork) tellOrder(ctx context.Context, tx *db.Tx) error {
	if w.order == nil {
		return nil
	}
	if err := w.countReturns(ctx, tx); err != nil {
		return err
	}
	if w.ret.Releases() {
		releaseReplacements(w.order, w.ret)
	}
	return finish(ctx, tx, []*order.Order{w.order})
}

func (w *returnWork) countReturns(ctx context.Context, r db.Reader) error {
	all, err := returns.ByOrder(ctx, r, []id.Order{w.order.ID})
	if err != nil {
		return err
	}
	var requested, open, awaited int64
	for _, r := range all[w.order.ID] {
		awaited += r.Awaited()
		switch {
		case r.Status == returns.Requested:
			requested++
		case !r.Status.Done():
			open++
		}
	}
	w.order.SetReturns(requested, open, awaited)
	return nil
}

// ApproveReturn allows the customer to send the goods, until a time; zero: for ever.
func ApproveReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64, until time.Time) (*returns.Return, error) {
	return changeReturn(ctx, tx, ret, version, func(w *returnWork) error { return w.ret.Approve(until) })
}

// DeclineReturn refuses a return.
func DeclineReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64, reason string) (*returns.Return, error) {
	return dropReturn(ctx, tx, ret, version, func(w *returnWork) error { return w.ret.Decline(tx.Now(), reason) })
}

// CancelReturn drops a return of which nothing has arrived, with what has not left
// of its replacements.
func CancelReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64) (*returns.Return, error) {
	return dropReturn(ctx, tx, ret, version, func(w *returnWork) error { return w.ret.Cancel(tx.Now()) })
}

// SendReturn says that the goods are on their way.
func SendReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64, carrier, tracking string) (*returns.Return, error) {
	return changeReturn(ctx, tx, ret, version, func(w *returnWork) error { return w.ret.Send(carrier, tracking) })
}

// ExpireReturns drops the next approved returns whose time is over, and returns
// how many. Those of one batch are of one order or of several: each is taken
// behind its own.
func ExpireReturns(ctx context.Context, tx *db.Tx) (int, error) {
	due, err := returns.RunOut(ctx, tx, tx.Now(), 1)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	_, err = dropReturn(ctx, tx, due[0], 0, func(w *returnWork) error { return w.ret.Expire(tx.Now()) })
	return 1, err
}

// ExtraUnits are units that came without having been announced: of an order line,
// or of some variant that is worth nothing here.
type ExtraUnits struct {
	Line        id.Line
	Variant     id.Variant
	Quantity    int64
	Location    id.Location
	Disposition returns.Disposition // empty: pending
	Resolution  returns.Resolution  // empty: reject, where nothing was sold
}

// ReceiveReturn notes what came, at whatever location, as often as something
// does. Goods come into stock with their disposition, not before.
func ReceiveReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64, arrivals []returns.Arrival, extras []ExtraUnits) (*returns.Return, error) {
	more, err := variantsOfExtras(ctx, tx, ret, extras)
	if err != nil {
		return nil, err
	}
	return moveReturn(ctx, tx, ret, version, more, func(w *returnWork) error {
		var here []*returns.Line
		if len(arrivals) > 0 || len(extras) == 0 {
			lines, err := w.ret.Receive(arrivals, tx.Now())
			if err != nil {
				return err
			}
			here = lines
		}
		for i, x := range extras {
			l, err := w.extra(ctx, tx, x)
			if err != nil {
				return fmt.Errorf("extra[%d]: %w", i, err)
			}
			here = append(here, l)
		}
		for _, l := range here {
			if w.order != nil && !l.Line.IsZero() {
				if err := w.order.Return(l.Line, l.Quantity); err != nil {
					return err
				}
			}
			w.moves = append(w.moves, disposal{l, returns.Pending})
		}
		return nil
	})
}

// variantsOfExtras are what comes without having been announced.
func variantsOfExtras(ctx context.Context, r db.Reader, ret id.Return, extras []ExtraUnits) (variants []id.Variant, err error) {
	var lines []id.Line
	for _, x := range extras {
		if !x.Line.IsZero() {
			lines = append(lines, x.Line)
		} else if !x.Variant.IsZero() {
			variants = append(variants, x.Variant)
		}
	}
	if len(lines) == 0 {
		return variants, nil
	}
	seen, err := returns.Get(ctx, r, ret)
	if err != nil || seen.Order.IsZero() {
		return variants, err
	}
	o, err := order.Get(ctx, r, seen.Order)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if sold := o.Line(l); sold != nil {
			variants = append(variants, sold.Variant)
		}
	}
	return variants, nil
}

func (w *returnWork) extra(ctx context.Context, tx *db.Tx, x ExtraUnits) (*returns.Line, error) {
	l := returns.Line{Line: x.Line, Variant: x.Variant, Quantity: x.Quantity, Location: x.Location, Resolution: cmp.Or(x.Resolution, returns.Reject), Reason: "not announced"}
	if !x.Line.IsZero() && w.order != nil {
		lines, err := w.lines(ctx, tx, []RequestedUnits{{Line: x.Line, Quantity: x.Quantity, Resolution: x.Resolution, Reason: l.Reason}})
		if err != nil {
			return nil, err
		}
		if len(lines) != 1 {
			return nil, fault.New(fault.Invalid, "return.kit", "A kit comes back as its components: name their lines.")
		}
		l = lines[0]
		l.Location = x.Location
	}
	return w.ret.AddExtra(l, cmp.Or(x.Disposition, returns.Pending), tx.Now())
}

// ReturnVerdict is what becomes of units of a return's line, 0 for all of them:
// of the goods, of the money, or of both.
type ReturnVerdict struct {
	Line        id.ReturnLine
	Quantity    int64
	Disposition returns.Disposition
	Resolution  returns.Resolution
}

// JudgeReturn says what becomes of goods that are here, and of their money. The
// disposition may be changed at any time, also after the end; each change books
// the movement between the two.
func JudgeReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64, verdicts []ReturnVerdict) (*returns.Return, error) {
	return moveReturn(ctx, tx, ret, version, nil, func(w *returnWork) error {
		for i, v := range verdicts {
			line := v.Line
			if v.Disposition != "" {
				l, was, err := w.ret.Dispose(v.Line, v.Quantity, v.Disposition, tx.Now())
				if err != nil {
					return fmt.Errorf("lines[%d]: %w", i, err)
				}
				w.moves, line = append(w.moves, disposal{l, was}), l.ID
			}
			if v.Resolution != "" {
				if err := w.ret.Resolve(line, v.Quantity, v.Resolution, tx.Now()); err != nil {
					return fmt.Errorf("lines[%d]: %w", i, err)
				}
			}
		}
		return nil
	})
}

// InspectReturn says that all goods were looked at: what is still expected is missing.
func InspectReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64) (*returns.Return, error) {
	return changeReturn(ctx, tx, ret, version, func(w *returnWork) error { return w.ret.Inspect() })
}

// CloseReturn ends a return of which all was credited that is to be.
func CloseReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64) (*returns.Return, error) {
	return changeReturn(ctx, tx, ret, version, func(w *returnWork) error { return w.ret.Close(tx.Now()) })
}
