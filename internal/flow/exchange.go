package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// Exchange says how goods come back, and when what goes out instead may leave.
type Exchange struct {
	Return   id.Return       `json:"return_id,omitzero"` // none: a new one, which is approved at once
	Location id.Location     `json:"location_id,omitzero"`
	Until    time.Time       `json:"until,omitzero"` // of the approval; zero: for ever
	Release  returns.Release `json:"release"`
	Override string          `json:"override,omitempty"` // why staff takes a new return against the return policy
}

// exchangeData is the Data of a change.SwapUnits action.
type exchangeData struct {
	Exchange
	Reason string `json:"reason,omitempty"`
}

// ExchangeAction is an action that takes units of a line back, and puts as many of a
// variant on the order instead; without one, of the same. The same goods cost what
// the customer paid for them, others what the price lists say, unless a price is given.
func ExchangeAction(e Exchange, line id.Line, n int64, reason string, instead id.Variant, price *money.Micros) (change.Action, error) {
	data, err := json.Marshal(exchangeData{e, reason})
	return change.Action{Kind: change.SwapUnits, Line: line, Quantity: n, Variant: instead, UnitPrice: price, Data: data}, err
}

// exchanging is an exchange on its way to be confirmed.
type exchanging struct {
	Exchange
	back  []RequestedUnits
	worth *order.Order // credits are tried on it
}

// exchangeActions are those that an exchange may have.
var exchangeActions = []change.ActionKind{change.SwapUnits, change.AddLine, change.AddCharge, change.AddLineDiscount, change.Undo}

// fits refuses actions that nobody knows how to do, or that a kind of sets does not
// have.
func fits(kind change.Kind, actions []change.Action) error {
	if err := known(actions); err != nil {
		return err
	}
	f := fault.Fields{}
	for i, a := range actions {
		switch {
		case kind == change.Exchange && !slices.Contains(exchangeActions, a.Kind):
			f.Add(field("actions", i, "kind"), "%s is no part of an exchange: change the order by itself", a.Kind)
		case kind != change.Exchange && a.Kind == change.SwapUnits:
			f.Add(field("actions", i, "kind"), "exchange is a change of its own")
		}
	}
	return f.Err("change.bad_action", "The change cannot have these actions.")
}

// exchangeUnits puts on the order what goes out instead of units that come back.
func exchangeUnits(ctx context.Context, tx *db.Tx, x *changing, a change.Action) error {
	var in exchangeData
	if err := read(a, &in); err != nil {
		return err
	}
	if x.exchange == nil {
		if err := returns.CheckRelease(in.Release); err != nil {
			return err
		}
		worth, err := order.Get(ctx, tx, x.order.ID)
		if err != nil {
			return err
		}
		x.exchange = &exchanging{Exchange: in.Exchange, worth: worth}
	}
	e := x.exchange
	if e.Exchange != in.Exchange {
		return fault.New(fault.Invalid, "change.two_exchanges", "The goods of one exchange come back by one return, and leave at one moment.")
	}
	sold := x.order.Line(a.Line)
	if sold == nil {
		return fault.New(fault.NotFound, "order.line_not_found", "Order %d has no line %s.", x.order.Number, a.Line)
	}
	if a.Quantity < 1 {
		return fault.Fields{"quantity": "must be more than zero"}.Err("change.bad_action", "The action is not complete.")
	}
	e.back = append(e.back, RequestedUnits{Line: a.Line, Quantity: a.Quantity, Resolution: returns.Exchange, Reason: in.Reason})
	paid, err := e.worth.Credit(a.Line, a.Quantity)
	if err != nil {
		return err
	}
	if a.Variant = cmp.Or(a.Variant, sold.Variant); a.Variant != sold.Variant || a.UnitPrice != nil {
		return x.addLine(ctx, tx, a, nil)
	}
	return x.addSame(tx, sold, a.Quantity, paid)
}

// addSame adds a line of the same goods that costs exactly what was paid for those
// that come back.
func (x *changing) addSame(tx *db.Tx, sold *order.Line, n int64, paid order.Amount) error {
	net := paid.Total
	if !x.order.TaxInclusive {
		net = paid.Net()
	}
	in := order.DraftLine{
		Variant: sold.Variant, Quantity: n, UnitPrice: money.MicrosOf(net, x.order.Currency) / money.Micros(n), TaxRate: sold.TaxRate, Tax: &paid.Tax,
	}
	if err := x.desk.completeLine(&in, x.desk.channels[x.order.Channel]); err != nil {
		return err
	}
	_, err := x.order.AddReplacement(in, tx.Now())
	return err
}

// linkReturn makes the return that an exchange belongs to, or takes a return that is
// there, and keeps the replacements until they may leave. Of an exchange that is
// undone, it takes the return back. before is what was agreed before.
func (x *changing) linkReturn(ctx context.Context, tx *db.Tx, before order.Agreement) (*returns.Return, error) {
	switch {
	case x.undone != nil && x.undone.Kind == change.Exchange:
		return x.unlinkReturn(ctx, tx)
	case x.exchange == nil:
		return nil, nil
	}
	var replacements []id.Line
	for _, l := range x.order.Lines {
		if _, old := before.Line(l.ID); !old && l.Parent.IsZero() {
			replacements = append(replacements, l.ID)
		}
	}
	w := &returnWork{books: x.books, order: x.order}
	if err := w.beginExchange(ctx, tx, x.exchange, x.set.ID, replacements); err != nil {
		return nil, err
	}
	if !w.ret.Releases() {
		for _, l := range replacements {
			if _, err := x.order.Hold(order.Hold{Line: l, Reason: order.HoldAwaitingReturnItems, Source: holdSource(w.ret), Note: "waits for the goods of a return"}); err != nil {
				return nil, err
			}
		}
	}
	return w.ret, w.countReturns(ctx, tx)
}

// beginExchange writes the return of an exchange.
func (w *returnWork) beginExchange(ctx context.Context, tx *db.Tx, e *exchanging, by id.Change, replacements []id.Line) error {
	if !e.Return.IsZero() {
		taken, err := returns.Take(ctx, tx, e.Return)
		if err != nil {
			return err
		}
		w.ret = taken[0]
		if w.ret.Order != w.order.ID {
			return fault.New(fault.Conflict, "return.other_order", "Return %d is not of order %d.", w.ret.Number, w.order.Number)
		}
		if w.ret.Status == returns.Requested {
			if err := w.ret.Approve(e.Until); err != nil {
				return err
			}
		}
		if err := w.ret.Exchange(by, e.Release, replacements); err != nil {
			return err
		}
		return returns.Save(ctx, tx, taken)
	}
	if err := takesReturns(ctx, tx, e.Location); err != nil {
		return err
	}
	terms, err := w.allowed(ctx, tx, e.back, returns.ByStaff, e.Override)
	if err != nil {
		return err
	}
	lines, err := w.lines(ctx, tx, e.back)
	if err != nil {
		return err
	}
	if w.ret, err = returns.New(tx.Now(), w.books.Day(tx.Now()), w.order.ID, e.Location, w.order.Currency, lines...); err != nil {
		return err
	}
	w.ret.Customer = w.order.Customer
	if err := w.ret.Approve(e.Until); err != nil {
		return err
	}
	if err := w.ret.Exchange(by, e.Release, replacements); err != nil {
		return err
	}
	terms.apply(w.ret)
	if err := returns.Insert(ctx, tx, []*returns.Return{w.ret}); err != nil {
		return err
	}
	return terms.record(ctx, tx, w.ret)
}

// unlinkReturn takes the return of an exchange that is undone back: it is cancelled,
// or where it was there before, has no replacements any more.
func (x *changing) unlinkReturn(ctx context.Context, tx *db.Tx) (*returns.Return, error) {
	seen, ok, err := returns.OfChange(ctx, tx, x.undone.ID)
	if err != nil || !ok {
		return nil, err
	}
	taken, err := returns.Take(ctx, tx, seen.ID)
	if err != nil {
		return nil, err
	}
	w := &returnWork{books: x.books, order: x.order, ret: taken[0]}
	var e exchangeData
	for _, a := range x.undone.Actions.V {
		if a.Kind == change.SwapUnits {
			if err := read(a, &e); err != nil {
				return nil, err
			}
		}
	}
	releaseReplacements(x.order, w.ret)
	if w.ret.Detach(); e.Return.IsZero() && !w.ret.Status.Dropped() {
		if err := w.ret.Cancel(tx.Now()); err != nil {
			return nil, err
		}
	}
	if err := returns.Save(ctx, tx, taken); err != nil {
		return nil, err
	}
	return w.ret, w.countReturns(ctx, tx)
}

// holdSource names a return as what holds its replacements back.
func holdSource(r *returns.Return) string { return "return " + r.ID.String() }

// releaseReplacements lets the replacements of a return leave.
func releaseReplacements(o *order.Order, r *returns.Return) {
	o.ReleaseHolds(func(h *order.Hold) bool {
		return h.Reason == order.HoldAwaitingReturnItems && h.Source == holdSource(r)
	})
}

// awaitsReturn is what holds lines of an order back until goods have come back; empty
// where nothing does.
func awaitsReturn(o *order.Order, lines ...id.Line) string {
	for _, h := range o.HoldsOn(id.Fulfillment{}, lines) {
		if h.Reason == order.HoldAwaitingReturnItems && !h.Line.IsZero() {
			return h.Source
		}
	}
	return ""
}

// dropReturn ends a return of which nothing comes, and cancels what has not left of
// its replacements: what is packed stays, and is owed.
func dropReturn(ctx context.Context, tx *db.Tx, ret id.Return, version int64, end func(w *returnWork) error) (*returns.Return, error) {
	seen, err := returns.Get(ctx, tx, ret)
	if err != nil {
		return nil, err
	}
	if len(seen.Replacements.V) == 0 {
		return changeReturn(ctx, tx, ret, version, end)
	}
	work, err := fulfillment.ByOrder(ctx, tx, []id.Order{seen.Order})
	if err != nil {
		return nil, err
	}
	dropped, err := workOnReturn(ctx, tx, ret, version, openVariants(work[seen.Order]), end)
	if err != nil {
		return nil, err
	}
	units, err := unpacked(ctx, tx, seen.Order, seen.Replacements.V)
	if err != nil {
		return nil, err
	}
	if len(units) > 0 {
		if _, err := Cancel(ctx, tx, []Cancellation{{Order: seen.Order, Lines: units, Reason: order.CancelCustomer, Note: "the goods do not come back"}}); err != nil {
			return nil, err
		}
	}
	_, err = ChangeOrder(ctx, tx, seen.Order, 0, func(o *order.Order) error {
		releaseReplacements(o, dropped)
		return nil
	})
	return dropped, err
}

// unpacked is how many units of lines of an order can be cancelled: whole kits of
// kits.
func unpacked(ctx context.Context, r db.Reader, oid id.Order, lines []id.Line) (map[id.Line]int64, error) {
	o, err := order.Get(ctx, r, oid)
	if err != nil {
		return nil, err
	}
	work, err := fulfillment.ByOrder(ctx, r, []id.Order{oid})
	if err != nil {
		return nil, err
	}
	free := func(l *order.Line) int64 {
		n := l.Unallocated + l.Backordered
		for _, f := range work[oid] {
			if part := f.Line(l.ID); part != nil && !f.Status.Done() {
				n += part.Free()
			}
		}
		return n
	}
	units := map[id.Line]int64{}
	for _, line := range lines {
		l := o.Line(line)
		if l == nil {
			continue
		}
		n := free(l)
		if l.Kind == order.KindKit {
			n = l.Quantity
			for _, c := range o.Components(line) {
				n = min(n, free(c)/(c.Quantity/l.Quantity))
			}
		}
		if n > 0 {
			units[line] = n
		}
	}
	return units, nil
}
