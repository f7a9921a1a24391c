package order

import (
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// CancelReason says why something was cancelled.
type CancelReason string

// The reasons.
const (
	CancelCustomer  CancelReason = "customer"
	CancelInventory CancelReason = "inventory"
	CancelFraud     CancelReason = "fraud"
	CancelDeclined  CancelReason = "declined"
	CancelStaff     CancelReason = "staff"
	CancelExpired   CancelReason = "expired"
	CancelOther     CancelReason = "other"
)

// CancelReasons are all of them.
var CancelReasons = []CancelReason{CancelCustomer, CancelInventory, CancelFraud, CancelDeclined, CancelStaff, CancelExpired, CancelOther}

// Cancelled is what was cancelled of one line, never of a kit's own: where the
// units were, so that the caller can release them, and what they cost.
type Cancelled struct {
	Line        id.Line    `json:"line_id"`
	Variant     id.Variant `json:"variant_id,omitzero"`
	SKU         string     `json:"sku"`
	Quantity    int64      `json:"quantity"`
	Unallocated int64      `json:"unallocated"`
	Backordered int64      `json:"backordered"`
	Allocated   int64      `json:"allocated" doc:"Of these, in_work ones are to be taken off the work of their location."`
	InWork      int64      `json:"in_work"`
	Amount      Amount     `json:"amount" doc:"Cancelled before it was invoiced."`
	Credit      Amount     `json:"credit" doc:"Invoiced and now credited: it needs a credit note."`
}

// Cancel takes n units of a line off the order: those that are not allocated
// first, then backordered ones, then allocated ones, those in work last. Of
// units that were invoiced already, what they cost is credited, as far as it
// was not before. Shipped units cannot be cancelled. Once all of an order is
// cancelled, its charges and the order are, too.
func (o *Order) Cancel(line id.Line, n int64, reason CancelReason) ([]Cancelled, error) {
	if err := o.mayCancel(reason); err != nil {
		return nil, err
	}
	parts, err := o.parts(line, n)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if room := p.line.cancellable(); p.n > room {
			return nil, tooMany(p.line, "cancelled", p.n, room)
		}
	}
	return o.cancel(parts, reason, false), nil
}

// CancelWork is Cancel of units that a location works on: those that wait, or
// that nobody has begun with, stay.
func (o *Order) CancelWork(line id.Line, n int64, reason CancelReason) ([]Cancelled, error) {
	if err := o.mayCancel(reason); err != nil {
		return nil, err
	}
	parts, err := o.parts(line, n)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if room := p.line.InWork; p.n > room {
			return nil, tooMany(p.line, "cancelled", p.n, room)
		}
	}
	return o.cancel(parts, reason, true), nil
}

// CancelAll takes all off the order that was not shipped. An order of which
// nothing was shipped is cancelled by it; of another the rest is.
func (o *Order) CancelAll(reason CancelReason) ([]Cancelled, error) {
	if err := o.mayCancel(reason); err != nil {
		return nil, err
	}
	var parts []part
	for _, l := range o.Lines {
		if n := l.cancellable(); n > 0 {
			parts = append(parts, part{l, n})
		}
	}
	if len(parts) == 0 {
		return nil, fault.New(fault.Conflict, "order.already_shipped", "All of order %d was shipped: take it back with a return.", o.Number)
	}
	return o.cancel(parts, reason, false), nil
}

// Cancellable tells whether CancelAll would cancel the whole order: it is not
// finished, and nothing of it was shipped.
func (o *Order) Cancellable() bool {
	return slices.Contains(live, o.Status) && !slices.ContainsFunc(o.Lines, func(l *Line) bool { return l.Shipped > 0 })
}

// Notify says whether the customer is to be told of what was cancelled.
func (o *Order) Notify(tell bool) { o.notify = o.notify || tell }

func (o *Order) mayCancel(reason CancelReason) error {
	if !slices.Contains(CancelReasons, reason) {
		return fault.New(fault.Invalid, "order.bad_reason", "%q is not a reason to cancel: it is one of customer, inventory, fraud, declined, staff, expired, other.", reason)
	}
	if !slices.Contains(live, o.Status) {
		return o.forbids("cancelled")
	}
	return nil
}

// cancellable is how many units of l can be cancelled. Services are not
// shipped: what of them was invoiced counts as done.
func (l *Line) cancellable() int64 {
	switch l.Kind {
	case KindKit:
		return 0
	case KindService:
		return l.Quantity - l.Cancelled - l.Invoiced
	}
	return l.Open()
}

func (o *Order) cancel(parts []part, reason CancelReason, work bool) []Cancelled {
	out := make([]Cancelled, len(parts))
	for i, p := range parts {
		c := p.line.cancel(p.n, work)
		out[i] = c
		o.off = append(o.off, LineUnits{c.Line, c.SKU, c.Quantity})
		o.offSum += c.Amount.Total + c.Credit.Total
	}
	o.CancelReason = reason
	o.cancelCharges()
	return out
}

// cancelCharges cancels the charges of an order of which all is cancelled.
func (o *Order) cancelCharges() {
	if !o.allCancelled() {
		return
	}
	for _, c := range o.Charges {
		if !c.Invoiced && !c.Cancelled {
			c.Cancelled = true
			o.offSum += c.Total
		}
	}
}

// cancel takes n units off a line, those in work first or last; the caller has
// checked that there are.
func (l *Line) cancel(n int64, work bool) Cancelled {
	c := Cancelled{Line: l.ID, Variant: l.Variant, SKU: l.SKU, Quantity: n}
	free := min(n, l.uninvoiced())
	// What was invoiced stays so; the customer gets it back unless he has it
	// already, or keeps goods for it.
	kept := l.Shipped - l.Returned
	credit := max(min(n-free, l.Invoiced-l.Refunded-kept), 0)
	c.Amount = l.share(&l.CancelledTotal, &l.CancelledTax, free)
	c.Credit = l.credit(credit)

	if work {
		c.Allocated, c.InWork = n, n
	} else {
		c.Unallocated = min(n, l.Unallocated)
		n -= c.Unallocated
		c.Backordered = min(n, l.Backordered)
		n -= c.Backordered
		c.Allocated = n
		c.InWork = max(n-(l.Allocated-l.InWork), 0)
	}

	l.Unallocated -= c.Unallocated
	l.Backordered -= c.Backordered
	l.Allocated -= c.Allocated
	l.InWork -= c.InWork
	l.Cancelled += c.Quantity
	return c
}
