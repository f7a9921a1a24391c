package order

import (
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Amount is what a number of units costs: Total includes Tax.
type Amount struct {
	Quantity int64 `json:"quantity"`
	Total    int64 `json:"total"`
	Tax      int64 `json:"tax"`
}

// Net is the amount without tax.
func (a Amount) Net() int64 { return a.Total - a.Tax }

// Add is the sum of two amounts.
func (a Amount) Add(b Amount) Amount {
	return Amount{a.Quantity + b.Quantity, a.Total + b.Total, a.Tax + b.Tax}
}

// ChargeAmount is what a charge costs.
type ChargeAmount struct {
	Charge *Charge
	Amount
}

// LineAmount is what a number of units of a line costs.
type LineAmount struct {
	Line *Line
	Amount
}

// billing are the statuses in which an order may be invoiced. What was
// invoiced may be credited in any.
var billing = []Status{StatusOpen, StatusCompleted}

// uninvoiced is how many units of l can be invoiced. Units that were cancelled
// after they were invoiced count in both: then none are left.
func (l *Line) uninvoiced() int64 { return max(l.Quantity-l.Cancelled-l.Invoiced, 0) }

// share moves the amount of n uninvoiced units of a line into a pair of its
// sums: their share of what is neither cancelled nor invoiced. The last units
// take what is left.
func (l *Line) share(total, tax *int64, n int64) Amount {
	if n == 0 {
		return Amount{}
	}
	of := l.uninvoiced()
	a := Amount{
		Quantity: n,
		Total:    money.Share(l.Total-l.CancelledTotal-l.InvoicedTotal, 0, n, of),
		Tax:      money.Share(l.Tax-l.CancelledTax-l.InvoicedTax, 0, n, of),
	}
	*total += a.Total
	*tax += a.Tax
	return a
}

// credit moves the amount of n invoiced units of a line into its refunded sums.
func (l *Line) credit(n int64) Amount {
	if n == 0 {
		return Amount{}
	}
	of := l.Invoiced - l.Refunded
	a := Amount{
		Quantity: n,
		Total:    money.Share(l.InvoicedTotal-l.RefundedTotal, 0, n, of),
		Tax:      money.Share(l.InvoicedTax-l.RefundedTax, 0, n, of),
	}
	l.Refunded += n
	l.RefundedTotal += a.Total
	l.RefundedTax += a.Tax
	return a
}

// invoice moves the amount of n uninvoiced units of a line into its invoiced sums.
func (l *Line) invoice(n int64) Amount {
	a := l.share(&l.InvoicedTotal, &l.InvoicedTax, n)
	l.Invoiced += n
	return a
}

// Invoice invoices n units of a line and returns what they cost. Goods may be
// invoiced before they are shipped, but not when they are cancelled.
func (o *Order) Invoice(line id.Line, n int64) (Amount, error) {
	if !slices.Contains(billing, o.Status) {
		return Amount{}, o.forbids("invoiced")
	}
	return o.bill(line, n, "invoiced", (*Line).uninvoiced, (*Line).invoice)
}

// InvoiceServices invoices all services that are not: they have no shipment to
// be invoiced with.
func (o *Order) InvoiceServices() ([]LineAmount, error) {
	if !slices.Contains(billing, o.Status) {
		return nil, o.forbids("invoiced")
	}
	var out []LineAmount
	for _, l := range o.Lines {
		if n := l.uninvoiced(); l.Kind == KindService && n > 0 {
			out = append(out, LineAmount{l, l.invoice(n)})
		}
	}
	return out, nil
}

// InvoiceCharges invoices all charges that are not, and returns them.
func (o *Order) InvoiceCharges() ([]ChargeAmount, error) {
	if !slices.Contains(billing, o.Status) {
		return nil, o.forbids("invoiced")
	}
	var out []ChargeAmount
	for _, c := range o.Charges {
		if !c.Invoiced && !c.Cancelled {
			c.Invoiced = true
			out = append(out, ChargeAmount{c, Amount{c.Quantity, c.Total, c.Tax}})
		}
	}
	return out, nil
}

// TakeBackInvoice takes back what an invoice had billed of a line: units and
// amount may be invoiced again. It is refused where a part was credited since.
func (o *Order) TakeBackInvoice(line id.Line, a Amount) error {
	l, err := o.find(line)
	if err != nil {
		return err
	}
	left := Amount{l.Invoiced - l.Refunded, l.InvoicedTotal - l.RefundedTotal, l.InvoicedTax - l.RefundedTax}
	if a.Quantity > left.Quantity || abs(a.Total) > abs(left.Total) {
		return o.creditedAlready(l.name())
	}
	l.Invoiced -= a.Quantity
	l.InvoicedTotal -= a.Total
	l.InvoicedTax -= a.Tax
	return nil
}

// TakeBackCharge is TakeBackInvoice of a charge.
func (o *Order) TakeBackCharge(charge id.Charge) error {
	i := slices.IndexFunc(o.Charges, func(c *Charge) bool { return c.ID == charge })
	if i < 0 {
		return fault.New(fault.NotFound, "order.charge_not_found", "Order %d has no charge %s.", o.Number, charge)
	}
	if o.Charges[i].RefundedTotal != 0 {
		return o.creditedAlready(o.Charges[i].Title)
	}
	o.Charges[i].Invoiced = false
	return nil
}

func (o *Order) creditedAlready(what string) error {
	return fault.New(fault.Conflict, "order.credited", "A part of %s was credited already: take the goods back with a return instead.", what)
}

// Credit grants back what n invoiced units of a line cost, whether they come
// back or not, and returns it.
func (o *Order) Credit(line id.Line, n int64) (Amount, error) {
	return o.bill(line, n, "credited", func(l *Line) int64 { return l.Invoiced - l.Refunded }, (*Line).credit)
}

func (o *Order) bill(line id.Line, n int64, past string, room func(*Line) int64, do func(*Line, int64) Amount) (Amount, error) {
	parts, err := o.parts(line, n)
	if err != nil {
		return Amount{}, err
	}
	for _, p := range parts {
		if most := room(p.line); p.n > most {
			return Amount{}, tooMany(p.line, past, p.n, most)
		}
	}
	var sum Amount
	for _, p := range parts {
		sum = sum.Add(do(p.line, p.n))
	}
	sum.Quantity = n
	return sum, nil
}

// CreditAmount grants back an amount of what was invoiced of a line, tax
// included, without units: for a complaint, or a discount given late. Of a
// kit, the components share it.
func (o *Order) CreditAmount(line id.Line, total int64) (Amount, error) {
	l, err := o.find(line)
	if err != nil {
		return Amount{}, err
	}
	lines := []*Line{l}
	if l.Kind == KindKit {
		lines = o.Components(line)
	}
	left, all := make([]int64, len(lines)), int64(0)
	for i, c := range lines {
		left[i] = c.InvoicedTotal - c.RefundedTotal
		all += left[i]
	}
	if err := creditable(l.name(), total, all); err != nil {
		return Amount{}, err
	}
	var sum Amount
	for i, part := range money.Split(total, left) {
		c := lines[i]
		if left[i] == 0 {
			continue
		}
		tax := money.Share(c.InvoicedTax-c.RefundedTax, 0, part, left[i])
		c.RefundedTotal += part
		c.RefundedTax += tax
		sum = sum.Add(Amount{Total: part, Tax: tax})
	}
	return sum, nil
}

// CreditCharge grants back an amount of an invoiced charge, tax included.
func (o *Order) CreditCharge(charge id.Charge, total int64) (Amount, error) {
	i := slices.IndexFunc(o.Charges, func(c *Charge) bool { return c.ID == charge })
	if i < 0 {
		return Amount{}, fault.New(fault.NotFound, "order.charge_not_found", "Order %d has no charge %s.", o.Number, charge)
	}
	c := o.Charges[i]
	left := c.Total - c.RefundedTotal
	if !c.Invoiced {
		left = 0
	}
	if err := creditable(c.Title, total, left); err != nil {
		return Amount{}, err
	}
	tax := money.Share(c.Tax-c.RefundedTax, 0, total, left)
	c.RefundedTotal += total
	c.RefundedTax += tax
	return Amount{Total: total, Tax: tax}, nil
}

func creditable(what string, total, left int64) error {
	if total <= 0 {
		return fault.New(fault.Invalid, "order.bad_amount", "%d is not an amount to credit: it must be above 0.", total)
	}
	if total > left {
		return fault.New(fault.Conflict, "order.too_much", "More is to be credited of %s than is left of what was invoiced.", what).
			With(map[string]int64{"wanted": total, "available": max(left, 0)})
	}
	return nil
}

// Payments are the sums over the payments of an order, in its currency.
type Payments struct {
	Authorized int64 `json:"authorized"` // and neither captured nor voided
	Captured   int64 `json:"captured"`
	Refunded   int64 `json:"refunded"` // part of captured
}

// SetPayments takes the sums of the order's payments, whose ledger is the truth.
func (o *Order) SetPayments(p Payments) {
	o.Authorized, o.Captured, o.Refunded = p.Authorized, p.Captured, p.Refunded
}

// SetOverdue says whether an invoice of the order is past its due date.
func (o *Order) SetOverdue(overdue bool) { o.Overdue = overdue }

// SetReturns takes how many returns of the order wait for an approval, how many are
// approved and not closed, and what comes back in exchange and is not credited yet.
func (o *Order) SetReturns(requested, open, awaited int64) {
	o.RequestedReturns, o.OpenReturns, o.Awaited = requested, open, awaited
}

// Asked is what the customer is to pay: the balance without what goods that come
// back in exchange are worth. Below zero, it is to be given back once they came.
func (h *Header) Asked() int64 { return h.Balance() - h.Awaited }
