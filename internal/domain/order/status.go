package order

import (
	"slices"
	"time"
)

// Status says how far an order has come. Payment, stock and returns are axes of
// their own.
type Status string

// The statuses.
const (
	StatusDraft     Status = "draft"     // a quote, or not finished: no stock
	StatusPending   Status = "pending"   // accepted and reserved, not to be released yet
	StatusOpen      Status = "open"      // to be sent
	StatusCompleted Status = "completed" // nothing is left to send, and the money is settled
	StatusCancelled Status = "cancelled" // all of it was cancelled
)

// PaymentStatus says how far an order is paid.
type PaymentStatus string

// The payment statuses.
const (
	PaymentUnpaid            PaymentStatus = "unpaid"
	PaymentAuthorized        PaymentStatus = "authorized" // all that is due
	PaymentPartiallyPaid     PaymentStatus = "partially_paid"
	PaymentPaid              PaymentStatus = "paid"
	PaymentOverpaid          PaymentStatus = "overpaid" // we owe something back
	PaymentOnTerms           PaymentStatus = "on_terms" // is paid after the invoice
	PaymentOverdue           PaymentStatus = "overdue"  // on terms, and late
	PaymentPartiallyRefunded PaymentStatus = "partially_refunded"
	PaymentRefunded          PaymentStatus = "refunded" // all that was captured
	PaymentVoided            PaymentStatus = "voided"   // nothing is due any more and nothing was captured
)

// FulfillmentStatus says how far an order is sent.
type FulfillmentStatus string

// The fulfillment statuses.
const (
	FulfillmentNotRequired        FulfillmentStatus = "not_required" // no goods, or none that are not cancelled
	FulfillmentUnfulfilled        FulfillmentStatus = "unfulfilled"
	FulfillmentBackordered        FulfillmentStatus = "backordered" // some units wait for stock
	FulfillmentScheduled          FulfillmentStatus = "scheduled"   // reserved for a pending order
	FulfillmentOnHold             FulfillmentStatus = "on_hold"
	FulfillmentInProgress         FulfillmentStatus = "in_progress"
	FulfillmentPartiallyFulfilled FulfillmentStatus = "partially_fulfilled"
	FulfillmentFulfilled          FulfillmentStatus = "fulfilled"
	FulfillmentDelivered          FulfillmentStatus = "delivered"
)

// ReturnStatus says what comes back of an order.
type ReturnStatus string

// The return statuses.
const (
	ReturnNone              ReturnStatus = "none"
	ReturnRequested         ReturnStatus = "requested"
	ReturnInProgress        ReturnStatus = "in_progress"
	ReturnPartiallyReturned ReturnStatus = "partially_returned"
	ReturnReturned          ReturnStatus = "returned"
)

// live are the statuses of orders that are not finished.
var live = []Status{StatusDraft, StatusPending, StatusOpen}

// statuses are all axes of an order.
type statuses struct {
	status      Status
	payment     PaymentStatus
	fulfillment FulfillmentStatus
	returns     ReturnStatus
}

func (h *Header) statuses() statuses {
	return statuses{h.Status, h.PaymentStatus, h.FulfillmentStatus, h.ReturnStatus}
}

// Refresh derives all that follows from the lines, charges, holds and sums of
// the order: the lines of kits, the header's sums and dates, and the statuses.
// It gives the same whenever it is called twice; now is the time that a change
// of status happens at. Save calls it.
func (o *Order) Refresh(now time.Time) {
	o.refreshLines()
	o.refreshSums()
	o.refreshDates()
	o.refreshStatus(now)
	o.ActiveHolds = 0
	for _, h := range o.Holds {
		if h.Status == HoldActive {
			o.ActiveHolds++
		}
	}
	u := o.units()
	o.FulfillmentStatus = fulfillmentStatus(o.Status, u, o.ActiveHolds > 0)
	o.PaymentStatus = paymentStatus(&o.Header)
	o.ReturnStatus = returnStatus(&o.Header, u)
}

func (o *Order) refreshLines() {
	for i, l := range o.Lines {
		if !l.PlacedAt.Equal(o.PlacedAt) {
			l.PlacedAt, l.edited = o.PlacedAt, true
		}
		if l.Kind != KindKit {
			continue
		}
		parts := o.componentsAt(i)
		c := l.kits(parts)
		l.Cancelled, l.Invoiced, l.Refunded = c.Cancelled, c.Invoiced, c.Refunded
		l.Unallocated = l.Quantity - l.Cancelled
		l.Sums = Sums{}
		for _, p := range parts {
			l.Sums.add(p.Sums)
		}
	}
}

func (s *Sums) add(t Sums) {
	s.CancelledTotal += t.CancelledTotal
	s.CancelledTax += t.CancelledTax
	s.InvoicedTotal += t.InvoicedTotal
	s.InvoicedTax += t.InvoicedTax
	s.RefundedTotal += t.RefundedTotal
	s.RefundedTax += t.RefundedTax
}

func (o *Order) refreshSums() {
	var s Sums
	for _, l := range o.Lines {
		if l.Kind != KindComponent {
			s.add(l.Sums)
		}
	}
	for _, c := range o.Charges {
		if c.Cancelled {
			s.CancelledTotal += c.Total
		}
		if c.Invoiced {
			s.InvoicedTotal += c.Total
		}
		s.RefundedTotal += c.RefundedTotal
	}
	o.CancelledTotal, o.Invoiced, o.Credited = s.CancelledTotal, s.InvoicedTotal, s.RefundedTotal
}

// refreshDates takes the dates of the open lines; once none is open they stay.
func (o *Order) refreshDates() {
	var ship, deliver time.Time
	open := false
	for _, l := range o.Lines {
		if l.Open() > 0 {
			open = true
			ship, deliver = earlier(ship, l.ShipBy), earlier(deliver, l.DeliverBy)
		}
	}
	if open {
		o.ShipBy, o.DeliverBy = ship, deliver
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// refreshStatus moves an order to cancelled once all of it is, between open and
// completed as its facts say, and ends the holds of what is cancelled.
func (o *Order) refreshStatus(now time.Time) {
	switch {
	case o.Status == StatusCancelled:
		return
	case slices.Contains(live, o.Status) && o.allCancelled():
		o.Status, o.CancelledAt = StatusCancelled, now
		for _, h := range o.Holds {
			h.end(HoldReleased)
		}
	case o.Status == StatusOpen && o.settled():
		o.Status, o.CompletedAt = StatusCompleted, now
	case o.Status == StatusCompleted && !o.settled():
		o.Status, o.CompletedAt = StatusOpen, time.Time{}
	}
}

func (o *Order) allCancelled() bool {
	return !slices.ContainsFunc(o.Lines, func(l *Line) bool { return l.Kind != KindKit && l.Cancelled < l.Quantity })
}

// settled tells whether nothing is left to send and nobody owes anything, or
// the customer has been sent the invoice that is to be paid.
func (o *Order) settled() bool {
	if slices.ContainsFunc(o.Lines, func(l *Line) bool { return l.Open() > 0 }) {
		return false
	}
	return o.Balance() == 0 || o.Balance() > 0 && o.OnTerms() && o.Total == o.CancelledTotal+o.Invoiced
}

// units are sums over the lines that have goods.
type units struct{ wanted, backordered, allocated, inWork, shipped, delivered, returned int64 }

func (o *Order) units() (u units) {
	for _, l := range o.Lines {
		if l.Goods() {
			u.wanted += l.Quantity - l.Cancelled
			u.backordered += l.Backordered
			u.allocated += l.Allocated
			u.inWork += l.InWork
			u.shipped += l.Shipped
			u.delivered += l.Delivered
			u.returned += l.Returned
		}
	}
	return u
}

// fulfillmentStatus tells how far goods are sent. While something is open, a
// hold is shown before all else, since it blocks.
func fulfillmentStatus(s Status, u units, held bool) FulfillmentStatus {
	switch {
	case u.wanted == 0:
		return FulfillmentNotRequired
	case u.delivered == u.wanted:
		return FulfillmentDelivered
	case u.shipped == u.wanted:
		return FulfillmentFulfilled
	case held:
		return FulfillmentOnHold
	case u.shipped > 0:
		return FulfillmentPartiallyFulfilled
	case u.inWork > 0:
		return FulfillmentInProgress
	case u.backordered > 0:
		return FulfillmentBackordered
	case s == StatusPending && u.allocated > 0:
		return FulfillmentScheduled
	}
	return FulfillmentUnfulfilled
}

// paymentStatus compares what is due with what was paid. Nothing but the sums
// counts, so that any way to the same sums gives the same status.
func paymentStatus(h *Header) PaymentStatus {
	due, paid := h.Due(), h.Paid()
	switch {
	case h.Captured == 0 && (h.Status == StatusCancelled || due <= 0 && h.Total > 0):
		return PaymentVoided
	case h.Captured > 0 && paid == 0:
		return PaymentRefunded
	case paid > due:
		return PaymentOverpaid
	case h.Refunded > 0:
		return PaymentPartiallyRefunded
	case paid == due:
		return PaymentPaid
	case h.OnTerms() && h.Overdue:
		return PaymentOverdue
	case h.OnTerms():
		return PaymentOnTerms
	case paid > 0:
		return PaymentPartiallyPaid
	case h.Authorized >= due:
		return PaymentAuthorized
	}
	return PaymentUnpaid
}

func returnStatus(h *Header, u units) ReturnStatus {
	switch {
	case h.OpenReturns > 0:
		return ReturnInProgress
	case h.RequestedReturns > 0:
		return ReturnRequested
	case u.returned == 0:
		return ReturnNone
	case u.returned == u.shipped:
		return ReturnReturned
	}
	return ReturnPartiallyReturned
}
