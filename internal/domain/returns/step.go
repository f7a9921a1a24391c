package returns

import (
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/event"
)

// Approve allows the customer to send the goods, until a time; zero: for ever.
func (r *Return) Approve(until time.Time) error {
	if err := r.step(Approved, Requested); err != nil {
		return err
	}
	r.ExpiresAt = until
	return nil
}

// Decline refuses the return, for a reason that the customer may read.
func (r *Return) Decline(now time.Time, reason string) error {
	if reason = text.Clean(reason); reason == "" {
		return fault.Fields{"reason": "is missing: what is the customer told?"}.Err("return.no_reason", "The return cannot be declined without a reason.")
	}
	if err := r.end(Declined, now, Requested); err != nil {
		return err
	}
	r.Refusal = reason
	return nil
}

// Cancel drops a return of which nothing has arrived.
func (r *Return) Cancel(now time.Time) error {
	return r.end(Cancelled, now, Requested, Approved, InTransit)
}

// Expire drops an approved return whose goods were not sent in time.
func (r *Return) Expire(now time.Time) error { return r.end(Expired, now, Approved) }

// Send says that the goods are on their way.
func (r *Return) Send(carrier, tracking string) error {
	if err := r.step(InTransit, Approved); err != nil {
		return err
	}
	r.Carrier, r.Tracking = text.Clean(carrier), text.Clean(tracking)
	return nil
}

// Dispose sets what becomes of n units of a line that is here (0: all of it), also
// later, in another way, and after the end. The units become a line of their own.
// It returns that line and what was set before: the flow books the movement
// between the two.
func (r *Return) Dispose(line id.ReturnLine, n int64, d Disposition, now time.Time) (l *Line, was Disposition, err error) {
	if r.Status != Received && r.Status != Inspected && r.Status != Closed {
		return nil, "", r.forbids("disposed of")
	}
	l, n, err = r.some(line, n)
	switch {
	case err != nil:
		return nil, "", err
	case !l.Reception.Here():
		return nil, "", fault.New(fault.Conflict, "return.not_here", "The goods of this line have not come (%s).", l.Reception)
	case !slices.Contains(dispositions, d) || d == Pending:
		return nil, "", fault.New(fault.Invalid, "return.bad_disposition", "%q is none of restock, refurbish, quarantine, scrap, return_to_vendor.", d)
	case l.Disposition == d:
		return l, d, nil
	}
	l = r.split(l, n, now)
	was, l.Disposition = l.Disposition, d
	r.facts = append(r.facts, Disposed{r.about(), l.ID, l.Variant, l.Quantity, was, d})
	return l, was, nil
}

// some finds a line, and checks a number of its units; 0 is all.
func (r *Return) some(line id.ReturnLine, n int64) (*Line, int64, error) {
	l := r.Line(line)
	if l == nil {
		return nil, 0, fault.New(fault.NotFound, "return.line_not_found", "The return has no line %s.", line)
	}
	if n == 0 {
		n = l.Quantity
	}
	if n < 0 || n > l.Quantity {
		return nil, 0, fault.New(fault.Invalid, "return.bad_quantity", "%d is not a number of units of the line: it must be from 1 to %d.", n, l.Quantity)
	}
	return l, n, nil
}

// Resolve sets what becomes of the money of n units of a line (0: all of it),
// until it was credited or the return is closed.
func (r *Return) Resolve(line id.ReturnLine, n int64, to Resolution, now time.Time) error {
	if r.Status.Done() {
		return r.forbids("resolved")
	}
	l, n, err := r.some(line, n)
	switch {
	case err != nil:
		return err
	case l.Credited:
		return fault.New(fault.Conflict, "return.credited", "Line %d was credited already: what becomes of its money is settled.", l.Position)
	case !slices.Contains(resolutions, to):
		return fault.New(fault.Invalid, "return.bad_resolution", "%q is none of refund, store_credit, exchange, repair, reject.", to)
	case l.Resolution == to:
		return nil
	}
	l = r.split(l, n, now)
	was := l.Resolution
	l.Resolution = to
	r.facts = append(r.facts, Resolved{r.about(), l.ID, l.Quantity, was, to})
	r.refresh()
	return nil
}

// Creditable are the lines that are here, give something back, and were not
// credited yet.
func (r *Return) Creditable() (lines []*Line) {
	for _, l := range r.Lines {
		if l.Reception.Here() && l.Resolution.GivesBack() && !l.Credited {
			lines = append(lines, l)
		}
	}
	return lines
}

// Credit says that a credit note of an amount, tax included, was issued for a line.
func (r *Return) Credit(l *Line, total, tax int64) {
	l.Total, l.Tax, l.Credited = total, tax, true
	r.refresh()
}

// Inspect says that all goods were looked at: what is still expected is missing,
// and each line that is here has its disposition.
func (r *Return) Inspect() error {
	if r.Status != Received {
		return r.forbids("inspected")
	}
	for _, l := range r.Lines {
		if l.Reception.Here() && l.Disposition == Pending {
			return fault.New(fault.Conflict, "return.pending", "Line %d has no disposition yet: say what becomes of the goods.", l.Position)
		}
	}
	for _, l := range r.Lines {
		if l.Reception == Expected {
			l.Reception = Missing
		}
	}
	r.refresh()
	return r.step(Inspected, Received)
}

// Close ends an inspected return, once all that gives something back was credited.
func (r *Return) Close(now time.Time) error {
	if left := r.Creditable(); len(left) > 0 && r.Status == Inspected {
		return fault.New(fault.Conflict, "return.not_credited", "Line %d is to be given back (%s) and was not: refund it, or resolve it in another way.",
			left[0].Position, words(string(left[0].Resolution)))
	}
	return r.end(Closed, now, Inspected)
}

// Finish takes a return of goods that are here and are credited at once, all with
// one disposition, through all steps. It returns the lines whose goods the flow
// books.
func (r *Return) Finish(d Disposition, now time.Time) ([]*Line, error) {
	if d == Pending {
		return nil, fault.New(fault.Invalid, "return.bad_disposition", "Goods that are returned at once need a disposition.")
	}
	if err := r.Approve(time.Time{}); err != nil {
		return nil, err
	}
	here, err := r.ReceiveAll(d, now)
	if err != nil {
		return nil, err
	}
	if err := r.Inspect(); err != nil {
		return nil, err
	}
	for _, l := range r.Creditable() {
		l.Credited = true
	}
	if err := r.Close(now); err != nil {
		return nil, err
	}
	r.facts = slices.DeleteFunc(r.facts, func(f event.Fact) bool { // the steps between tell nobody anything
		c, ok := f.(Changed)
		_, disposed := f.(Disposed)
		return disposed || ok && c.Status != Received && c.Status != Closed
	})
	return here, nil
}
