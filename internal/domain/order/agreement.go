package order

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Agreement is what was agreed with the customer, at one moment: what a change of
// an order changes, and what is restored when the change is undone.
type Agreement struct {
	Status         Status       `json:"status"`
	CancelReason   CancelReason `json:"cancel_reason,omitempty"`
	ShipTo         Address      `json:"ship_to"`
	BillTo         Address      `json:"bill_to"`
	Email          string       `json:"email,omitempty"`
	Phone          string       `json:"phone,omitempty"`
	ShippingMethod string       `json:"shipping_method,omitempty"`
	Refunded       int64        `json:"refunded,omitempty"`
	Lines          []AgreedLine `json:"lines"`
	Charges        []Charge     `json:"charges,omitempty"`
	Discounts      []Discount   `json:"discounts,omitempty"`
}

// AgreedLine is what was agreed of a line, and how much of it was done.
type AgreedLine struct {
	Line     id.Line `json:"line_id"`
	SKU      string  `json:"sku"`
	Quantity int64   `json:"quantity"`
	Gone     int64   `json:"cancelled"`
	Price
	Shipped  int64 `json:"shipped,omitempty"`
	Invoiced int64 `json:"invoiced,omitempty"`
	Credited int64 `json:"credited,omitempty"` // minor units
}

// Price is what a line costs.
type Price struct {
	UnitPrice      money.Micros `json:"unit_price"`
	Subtotal       int64        `json:"subtotal"`
	LineDiscount   int64        `json:"line_discount,omitempty"`
	OrderDiscount  int64        `json:"order_discount,omitempty"`
	Tax            int64        `json:"tax"`
	Total          int64        `json:"total"`
	CancelledTotal int64        `json:"cancelled_total,omitempty"`
	CancelledTax   int64        `json:"cancelled_tax,omitempty"`
}

// Agreement is what is agreed now.
func (o *Order) Agreement() Agreement {
	o.refreshLines()
	t := Agreement{
		Status: o.Status, CancelReason: o.CancelReason, ShipTo: o.ShipTo.V, BillTo: o.BillTo.V, Email: o.Email, Phone: o.Phone,
		ShippingMethod: o.ShippingMethod, Refunded: o.Refunded, Lines: make([]AgreedLine, len(o.Lines)),
	}
	for i, l := range o.Lines {
		t.Lines[i] = l.agreed()
	}
	for _, c := range o.Charges {
		t.Charges = append(t.Charges, c.agreed())
	}
	for _, d := range o.Discounts {
		t.Discounts = append(t.Discounts, d.agreed())
	}
	return t
}

func (l *Line) agreed() AgreedLine {
	return AgreedLine{
		Line: l.ID, SKU: l.name(), Quantity: l.Quantity, Gone: l.Cancelled, Shipped: l.Shipped, Invoiced: l.Invoiced, Credited: l.RefundedTotal,
		Price: Price{l.UnitPrice, l.Subtotal, l.LineDiscount, l.OrderDiscount, l.Tax, l.Total, l.CancelledTotal, l.CancelledTax},
	}
}

// agreed is a charge without what its rows say of where it belongs.
func (c *Charge) agreed() Charge {
	t := *c
	t.Order, t.wasState = id.Order{}, ChargeState{}
	return t
}

func (d *Discount) agreed() Discount {
	t := *d
	t.Order = id.Order{}
	return t
}

// wanted is how many units the customer was to get.
func (t AgreedLine) wanted() int64 { return t.Quantity - t.Gone }

// same tells whether what was agreed is the same.
func (t AgreedLine) same(u AgreedLine) bool {
	return t.Quantity == u.Quantity && t.Gone == u.Gone && t.Price == u.Price
}

// Line finds what was agreed of a line.
func (t Agreement) Line(line id.Line) (AgreedLine, bool) {
	i := slices.IndexFunc(t.Lines, func(l AgreedLine) bool { return l.Line == line })
	if i < 0 {
		return AgreedLine{}, false
	}
	return t.Lines[i], true
}

// Restore takes back what a change made of the order: before it, and after. Units
// that were taken off come back, unallocated; units that came are taken off, and
// returned for the caller to release them; lines that came stay as cancelled
// ones that cost nothing. It is exact, and refused where something else happened
// meanwhile to what the change was about.
func (o *Order) Restore(before, after Agreement) ([]Cancelled, error) {
	now := o.Agreement()
	if err := o.mayRestore(now, before, after); err != nil {
		return nil, err
	}
	reopened := o.Status == StatusCancelled && before.Status != StatusCancelled
	if reopened {
		o.Status, o.CancelledAt, o.ExpiresAt = before.Status, time.Time{}, time.Time{}
	}
	o.CancelReason = before.CancelReason
	var off []Cancelled
	for _, l := range o.Lines {
		was, known := after.Line(l.ID)
		to, there := before.Line(l.ID)
		if !known || there && to.same(was) {
			continue
		}
		if !there {
			to = AgreedLine{Quantity: was.Quantity, Gone: was.Quantity, Price: Price{UnitPrice: was.UnitPrice}}
		}
		if c := l.restore(was, to); c.Quantity > 0 {
			off = append(off, c)
			o.off = append(o.off, LineUnits{c.Line, c.SKU, c.Quantity})
			o.offSum += max(was.Total-was.CancelledTotal-to.Total+to.CancelledTotal, 0)
		}
	}
	o.restoreCharges(before, after)
	o.cancelCharges() // what else there was may have been cancelled since
	if !slices.Equal(before.Discounts, after.Discounts) {
		o.Discounts = nil
		for _, d := range before.Discounts {
			d.Order = o.ID
			o.Discounts = append(o.Discounts, &d)
		}
	}
	o.restoreContact(before, after)
	o.repriced = true
	return off, o.resum()
}

// restore gives a line the agreement that it had.
func (l *Line) restore(was, to AgreedLine) Cancelled {
	if l.Kind == KindKit { // its counters follow from its components
		l.Quantity = to.Quantity
	} else {
		defer func() { l.Quantity, l.Cancelled = to.Quantity, to.Gone }()
	}
	p := to.Price
	l.UnitPrice, l.Subtotal, l.LineDiscount, l.OrderDiscount, l.Tax, l.Total = p.UnitPrice, p.Subtotal, p.LineDiscount, p.OrderDiscount, p.Tax, p.Total
	l.CancelledTotal, l.CancelledTax = p.CancelledTotal, p.CancelledTax
	l.repriced = true
	if l.Kind == KindKit {
		return Cancelled{}
	}
	more := to.wanted() - was.wanted()
	if more >= 0 {
		l.Unallocated += more
		return Cancelled{}
	}
	return l.takeOff(-more)
}

// takeOff takes n units out of the counters that say where they are, those that
// are not allocated first, those in work last.
func (l *Line) takeOff(n int64) Cancelled {
	c := Cancelled{Line: l.ID, Variant: l.Variant, SKU: l.SKU, Quantity: n}
	c.Unallocated = min(n, l.Unallocated)
	n -= c.Unallocated
	c.Backordered = min(n, l.Backordered)
	n -= c.Backordered
	c.Allocated = n
	c.InWork = max(n-(l.Allocated-l.InWork), 0)
	l.Unallocated -= c.Unallocated
	l.Backordered -= c.Backordered
	l.Allocated -= c.Allocated
	l.InWork -= c.InWork
	return c
}

// mayRestore refuses where what a change was about is not as it left it.
func (o *Order) mayRestore(now, before, after Agreement) error {
	if o.Status == StatusCancelled && after.Status != StatusCancelled {
		return fault.New(fault.Conflict, "order.cancelled", "Order %d was cancelled since: undo that first.", o.Number)
	}
	if after.Status == StatusCancelled && before.Status != StatusCancelled && o.Refunded > after.Refunded {
		return fault.New(fault.Conflict, "order.refunded", "Money of order %d was paid back since it was cancelled: place a new order.", o.Number)
	}
	for _, is := range now.Lines {
		if how := is.movedOn(before, after); how != "" {
			return fault.New(fault.Conflict, "order.moved_on", "The change cannot be undone: %s was %s since. Change the order as it is now.", is.SKU, how).
				With(map[string]string{"line_id": is.Line.String(), "was": how})
		}
	}
	if !slices.Equal(before.Discounts, after.Discounts) && !slices.Equal(now.Discounts, after.Discounts) {
		return movedOn("the discounts were changed")
	}
	for _, c := range now.Charges {
		was, to := findCharge(after.Charges, c.ID), findCharge(before.Charges, c.ID)
		if was != nil && (to == nil || *to != *was) && c != *was {
			return movedOn(c.Title + " was changed or invoiced")
		}
	}
	if before.contact() != after.contact() && now.contact() != after.contact() {
		return movedOn("the addresses or the contact were changed")
	}
	return nil
}

// movedOn says how a line is not as a change left it, where that matters; empty:
// it is.
func (t AgreedLine) movedOn(before, after Agreement) string {
	was, known := after.Line(t.Line)
	to, there := before.Line(t.Line)
	switch {
	case !known || there && to.same(was):
		return ""
	case !t.same(was):
		return "changed"
	case t.Credited != was.Credited || to.Credited != was.Credited && there:
		return "credited"
	case t.Shipped > was.Shipped && to.wanted() < t.Shipped:
		return "shipped"
	case t.Invoiced != was.Invoiced:
		return "invoiced"
	}
	return ""
}

func movedOn(what string) error {
	return fault.New(fault.Conflict, "order.moved_on", "The change cannot be undone: %s since. Change the order as it is now.", what)
}

type contact struct {
	shipTo, billTo       Address
	email, phone, method string
}

func (t Agreement) contact() contact {
	return contact{t.ShipTo, t.BillTo, t.Email, t.Phone, t.ShippingMethod}
}

func (o *Order) restoreContact(before, after Agreement) {
	if before.contact() == after.contact() {
		return
	}
	if before.ShipTo != after.ShipTo || before.BillTo != after.BillTo {
		o.say(AddressChanged{o.about(), before.ShipTo != after.ShipTo, before.BillTo != after.BillTo})
	}
	o.ShipTo.V, o.BillTo.V, o.Email, o.Phone, o.ShippingMethod = before.ShipTo, before.BillTo, before.Email, before.Phone, before.ShippingMethod
}

func findCharge(charges []Charge, charge id.Charge) *Charge {
	i := slices.IndexFunc(charges, func(c Charge) bool { return c.ID == charge })
	if i < 0 {
		return nil
	}
	return &charges[i]
}

func (o *Order) restoreCharges(before, after Agreement) {
	for _, c := range o.Charges {
		was, to := findCharge(after.Charges, c.ID), findCharge(before.Charges, c.ID)
		switch {
		case was == nil:
		case to == nil:
			c.Cancelled = true
		case *to != *was:
			order, state := c.Order, c.wasState
			*c = *to
			c.Order, c.wasState = order, state
		}
	}
}

// String says in a few words what was agreed of a line.
func (t AgreedLine) String() string {
	return fmt.Sprintf("%d at %s, %d in all", t.wanted(), t.UnitPrice, t.Total-t.CancelledTotal)
}

// Difference is one thing that two agreements tell apart, in words for a person.
type Difference struct {
	What string `json:"what" doc:"SKU of a line, or charges, discounts, ship_to, bill_to, contact, shipping_method or status."`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Compare lists what differs between two agreements. Amounts are minor units.
func Compare(a, b Agreement) []Difference {
	var out []Difference
	add := func(what, from, to string) {
		if from != to {
			out = append(out, Difference{what, from, to})
		}
	}
	for _, l := range b.Lines {
		from := ""
		if was, there := a.Line(l.Line); there {
			from = was.String()
		}
		add(l.SKU, from, l.String())
	}
	add("charges", sumText(a.Charges, func(c Charge) (string, int64, bool) { return c.Title, c.Total, !c.Cancelled }),
		sumText(b.Charges, func(c Charge) (string, int64, bool) { return c.Title, c.Total, !c.Cancelled }))
	add("discounts", sumText(a.Discounts, func(d Discount) (string, int64, bool) { return d.Title, d.Amount, true }),
		sumText(b.Discounts, func(d Discount) (string, int64, bool) { return d.Title, d.Amount, true }))
	add("ship_to", a.ShipTo.String(), b.ShipTo.String())
	add("bill_to", a.BillTo.String(), b.BillTo.String())
	add("contact", strings.TrimSpace(a.Email+" "+a.Phone), strings.TrimSpace(b.Email+" "+b.Phone))
	add("shipping_method", a.ShippingMethod, b.ShippingMethod)
	add("status", string(a.Status), string(b.Status))
	return out
}

// sumText names things with their amounts.
func sumText[T any](list []T, of func(T) (title string, amount int64, counts bool)) string {
	var parts []string
	for _, x := range list {
		if title, amount, counts := of(x); counts {
			parts = append(parts, fmt.Sprintf("%s %d", title, amount))
		}
	}
	return strings.Join(parts, ", ")
}
