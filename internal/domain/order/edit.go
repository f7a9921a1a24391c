package order

import (
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// An edit changes what was agreed of an order after it was placed. What was
// invoiced, shipped or cancelled stays as it is: an edit changes the amounts of
// the units that are left, and only those, so that the parts of a line still sum
// to exactly what it costs. Percentages follow the amounts that they are of,
// fixed discounts stay, and a tax that the channel gave grows with its amount.

// editable are the statuses in which an order can be edited. A completed order
// is open again once there is something more to send or to pay.
var editable = []Status{StatusPending, StatusOpen, StatusCompleted}

// MayEdit refuses an order that cannot be edited.
func (o *Order) MayEdit() error {
	switch {
	case o.Status == StatusDraft:
		return fault.New(fault.Conflict, "order.draft", "Order %d is a draft: write it anew instead.", o.Number)
	case !slices.Contains(editable, o.Status):
		return fault.New(fault.Conflict, "order."+string(o.Status), "Order %d is %s and cannot be edited: undo the change that cancelled it, or place a new order.", o.Number, o.Status).
			With(map[string]Status{"status": o.Status})
	}
	return nil
}

// sold finds a line as the customer sees it, to be edited.
func (o *Order) sold(line id.Line) (*Line, error) {
	if err := o.MayEdit(); err != nil {
		return nil, err
	}
	l, err := o.find(line)
	if err != nil {
		return nil, err
	}
	if l.Kind == KindComponent {
		return nil, fault.New(fault.Conflict, "order.component", "%s is a part of a kit: change the kit's line.", l.name())
	}
	return l, nil
}

// Removable is how many units of a line an edit may take off: those that were
// neither shipped, invoiced nor cancelled. Of a kit, whole kits.
func (o *Order) Removable(line id.Line) int64 {
	l := o.Line(line)
	if l == nil {
		return 0
	}
	if l.Kind != KindKit {
		return min(l.cancellable(), l.uninvoiced())
	}
	n := l.Quantity
	for _, c := range o.Components(line) {
		n = min(n, min(c.cancellable(), c.uninvoiced())/(c.Quantity/l.Quantity))
	}
	return n
}

// Remaining is how many units of a line the customer still gets or has got.
func (o *Order) Remaining(l *Line) int64 { return l.Quantity - o.Kit(l).Cancelled }

// Remove takes n units of a line off the order that were neither shipped nor
// invoiced. It is Cancel within these bounds.
func (o *Order) Remove(line id.Line, n int64, reason CancelReason) ([]Cancelled, error) {
	l, err := o.sold(line)
	if err != nil {
		return nil, err
	}
	if room := o.Removable(line); n > room {
		return nil, fault.New(fault.Conflict, "order.too_many", "%d units of %s cannot be taken off: %d can, the others were shipped, invoiced or cancelled.", n, l.name(), room).
			With(TooMany{l.ID, n, room})
	}
	parts, err := o.parts(line, n)
	if err != nil {
		return nil, err
	}
	out := o.cancel(parts, reason, false)
	o.refreshLines()
	return out, nil
}

// AddUnits asks for n more units of a line, at its price. They are not allocated
// yet.
func (o *Order) AddUnits(line id.Line, n int64) error {
	return o.atOnce(func() error { return o.addUnits(line, n) })
}

func (o *Order) addUnits(line id.Line, n int64) error {
	l, err := o.sold(line)
	if err != nil {
		return err
	}
	if n < 1 || l.Quantity+n > MaxQuantity {
		return fault.New(fault.Invalid, "order.bad_quantity", "%d is not a number of units to add to %s.", n, l.name())
	}
	if l.Unmapped() {
		return fault.New(fault.Conflict, "order.unmapped", "%s is an article of the channel that is not mapped: map it first.", l.name())
	}
	before, err := l.UnitPrice.Times(l.Quantity, o.Currency)
	if err != nil {
		return err
	}
	after, err := l.UnitPrice.Times(l.Quantity+n, o.Currency)
	if err != nil {
		return err
	}
	m, err := o.begin(l)
	if err != nil {
		return err
	}
	if err := m.grow(after - before); err != nil {
		return err
	}
	for _, c := range o.Components(line) {
		more := c.Quantity / l.Quantity * n
		c.Quantity += more
		c.Unallocated += more
	}
	l.Quantity += n
	l.Unallocated += n
	m.commit()
	return nil
}

// AddLine adds a line to the order, with its own discounts; percentages of the
// order apply to it. Its units are not allocated yet.
func (o *Order) AddLine(in DraftLine, now time.Time) (*Line, error) {
	return o.newLine(in, now, true)
}

// AddReplacement is AddLine of goods whose price says already what the order's
// percentages take off.
func (o *Order) AddReplacement(in DraftLine, now time.Time) (*Line, error) {
	return o.newLine(in, now, false)
}

func (o *Order) newLine(in DraftLine, now time.Time, percentages bool) (*Line, error) {
	var out *Line
	err := o.atOnce(func() (err error) {
		out, err = o.addLine(in, now, percentages)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (o *Order) addLine(in DraftLine, now time.Time, percentages bool) (*Line, error) {
	if err := o.MayEdit(); err != nil {
		return nil, err
	}
	f := fault.Fields{}
	in.check(f, "")
	if len(o.Lines) >= MaxLines {
		f.Add("lines", "are %d: an order has at most %d", len(o.Lines), MaxLines)
	}
	if err := f.Err("order.bad_line", "The line cannot be added as it is."); err != nil {
		return nil, err
	}
	noted := len(o.Discounts)
	d := Draft{Lines: []DraftLine{in}, ShipBy: o.ShipBy, DeliverBy: o.DeliverBy}
	l := d.line(o, 0, now, f)
	for _, x := range o.Discounts[:noted] {
		if percentages && x.Line.IsZero() && x.Kind == DiscountPercent {
			off := x.Rate.Of(l.Net())
			l.OrderDiscount += off
			x.Amount += off
		}
	}
	o.tax(l, in.Tax, "tax", f)
	if l.Total > MaxTotal {
		f.Add("unit_price", "makes the line cost more than can be counted")
	}
	if err := f.Err("order.bad_line", "The line cannot be added as it is."); err != nil {
		return nil, err
	}
	o.Lines = append(o.Lines, l)
	if l.Kind == KindKit {
		o.Lines = append(o.Lines, o.explode(l, in.Components, now)...)
	}
	last := int64(0)
	for _, l := range o.Lines {
		if l.Position == 0 {
			l.Position = last + 1
		}
		last = l.Position
	}
	o.repriced = true
	return l, nil
}

// SetPrice gives what is left of a line another price for a unit.
func (o *Order) SetPrice(line id.Line, price money.Micros) error {
	return o.atOnce(func() error { return o.setPrice(line, price) })
}

func (o *Order) setPrice(line id.Line, price money.Micros) error {
	l, err := o.sold(line)
	if err != nil {
		return err
	}
	if price < 0 {
		return fault.Fields{"unit_price": "is negative: give it back with a discount"}.Err("order.bad_price", "The price cannot be set.")
	}
	m, err := o.begin(l)
	if err != nil {
		return err
	}
	if m.left.units == 0 {
		return fault.New(fault.Conflict, "order.invoiced", "Nothing of %s is left to be priced: it was invoiced or cancelled. Credit it instead.", l.name())
	}
	after, err := price.Times(m.left.units, o.Currency)
	if err != nil {
		return err
	}
	if err := m.grow(after - m.gross()); err != nil {
		return err
	}
	l.UnitPrice = price
	parts := o.Components(line)
	weights := make([]int64, len(parts))
	for i, c := range parts {
		weights[i] = c.Subtotal
	}
	for i, share := range splitPrice(price, weights) {
		parts[i].UnitPrice = share / money.Micros(parts[i].Quantity/l.Quantity)
	}
	m.commit()
	return nil
}

func splitPrice(price money.Micros, weights []int64) []money.Micros {
	out := make([]money.Micros, len(weights))
	for i, part := range money.Split(int64(price), weights) {
		out[i] = money.Micros(part)
	}
	return out
}

// SetShippingMethod changes how the order is to be sent.
func (o *Order) SetShippingMethod(method string) error {
	if err := o.MayEdit(); err != nil {
		return err
	}
	f := fault.Fields{}
	checkText(f, "shipping_method", method, maxTitle)
	if err := f.Err("order.bad_shipping_method", "The shipping method cannot be set."); err != nil {
		return err
	}
	o.ShippingMethod = method
	return nil
}

// atOnce lets do edit the order, and puts everything back if it is refused.
func (o *Order) atOnce(do func() error) error {
	h, lines, charges, discounts := o.Header, slices.Clone(o.Lines), slices.Clone(o.Charges), slices.Clone(o.Discounts)
	was := struct {
		lines     []Line
		charges   []Charge
		discounts []Discount
	}{}
	for _, l := range lines {
		was.lines = append(was.lines, *l)
	}
	for _, c := range charges {
		was.charges = append(was.charges, *c)
	}
	for _, d := range discounts {
		was.discounts = append(was.discounts, *d)
	}
	err := do()
	if err == nil {
		err = o.resum()
	}
	if err == nil {
		return nil
	}
	o.Header, o.Lines, o.Charges, o.Discounts = h, lines, charges, discounts
	for i, l := range lines {
		*l = was.lines[i]
	}
	for i, c := range charges {
		*c = was.charges[i]
	}
	for i, d := range discounts {
		*d = was.discounts[i]
	}
	return err
}

// resum adds up what the order costs.
func (o *Order) resum() error {
	o.refreshLines()
	f := fault.Fields{}
	o.sum(f)
	return f.Err("order.too_large", "The order would cost what cannot be counted.")
}
