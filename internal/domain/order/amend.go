package order

import (
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
)

// left is what of a line is neither cancelled nor invoiced.
type left struct{ units, net, tax int64 }

func (o *Order) left(l *Line) left {
	tax := l.Tax - l.CancelledTax - l.InvoicedTax
	net := l.Total - l.CancelledTotal - l.InvoicedTotal
	if !o.TaxInclusive {
		net -= tax
	}
	return left{l.uninvoiced(), net, tax}
}

// amendment is a change of the amounts of what is left of a sold line, and of its
// components where it is a kit.
type amendment struct {
	order *Order
	line  *Line
	parts []*Line
	left  left
	was   [4]int64 // subtotal, line discount, order discount, tax
}

// begin starts an amendment of a line of which something is left.
func (o *Order) begin(l *Line) (*amendment, error) {
	o.refreshLines()
	m := &amendment{order: o, line: l, left: o.left(l), was: [4]int64{l.Subtotal, l.LineDiscount, l.OrderDiscount, l.Tax}}
	if !o.even(l) {
		return nil, fault.New(fault.Conflict, "order.begun", "Some parts of kits of %s were invoiced or cancelled, and others not: what these kits cost stays.", l.name())
	}
	if l.Kind == KindKit {
		m.parts = o.Components(l.ID)
	}
	return m, nil
}

// even tells whether what is left of a kit is left of all of its components, so
// that it can be amended. All other lines can.
func (o *Order) even(l *Line) bool {
	return l.Kind != KindKit || !slices.ContainsFunc(o.Components(l.ID), func(c *Line) bool {
		return c.uninvoiced() != c.Quantity/l.Quantity*l.uninvoiced()
	})
}

// grow changes what the units that are left cost before discounts. Percentages
// follow, the line's own first; fixed discounts stay, as far as there is something
// left for them.
func (m *amendment) grow(by int64) error {
	if m.line.Subtotal+by > MaxTotal {
		return fault.Fields{"unit_price": "makes the line cost more than can be counted"}.Err("order.bad_price", "The line cannot cost so much.")
	}
	o, l := m.order, m.line
	rest := m.gross()
	next := rest + by
	l.Subtotal += by
	for _, d := range o.discountsOf(l) {
		if d.Kind != DiscountPercent {
			if d.Line == l.ID {
				fixed := m.share(d.Amount)
				rest, next = rest-min(fixed, rest), next-min(fixed, next)
			}
			continue
		}
		was, is := d.Rate.Of(rest), d.Rate.Of(next)
		m.take(d, is-was)
		rest, next = rest-was, next-is
	}
	m.trim()
	return nil
}

// share is the part of an amount of the line that concerns what is left of it.
func (m *amendment) share(amount int64) int64 {
	if m.line.Quantity == 0 {
		return 0
	}
	return money.Share(amount, 0, m.left.units, m.line.Quantity)
}

// gross is what the units that are left cost before discounts: not quite price
// times quantity, where others took the rounding with them.
func (m *amendment) gross() int64 {
	return m.left.net + m.share(m.line.LineDiscount) + m.share(m.line.OrderDiscount)
}

// discountsOf are the discounts on a line, its own first, and then the order's.
func (o *Order) discountsOf(l *Line) []*Discount {
	var own, all []*Discount
	for _, d := range o.Discounts {
		switch d.Line {
		case l.ID:
			own = append(own, d)
		case id.Line{}:
			all = append(all, d)
		}
	}
	return append(own, all...)
}

// take lets a discount take more off the line, or less.
func (m *amendment) take(d *Discount, more int64) {
	bucket := &m.line.OrderDiscount
	if d.Line == m.line.ID {
		bucket = &m.line.LineDiscount
	}
	more = max(more, -min(*bucket, d.Amount))
	d.Amount += more
	*bucket += more
}

// net is what the units that are left cost, as changed.
func (m *amendment) net() int64 {
	l := m.line
	return m.left.net + l.Subtotal - m.was[0] - (l.LineDiscount - m.was[1]) - (l.OrderDiscount - m.was[2])
}

// trim lets discounts take no more than there is.
func (m *amendment) trim() {
	for _, d := range slices.Backward(m.order.discountsOf(m.line)) {
		if beyond := -m.net(); beyond > 0 {
			m.take(d, -beyond)
		}
	}
}

// commit computes tax and total anew and lets the components of a kit share the
// change.
func (m *amendment) commit() {
	o, l := m.order, m.line
	net := m.net()
	l.Tax += o.retaxed(l, m.left, net) - m.left.tax
	o.total(l)
	if l.Kind == KindKit {
		m.spread()
	}
	o.repriced, l.repriced = true, true
	o.refreshLines()
}

func (o *Order) total(l *Line) {
	l.Total = l.Net()
	if !o.TaxInclusive {
		l.Total += l.Tax
	}
}

// retaxed is the tax on another amount of what is left of a line: by the rate,
// or where the channel gave the tax, in proportion.
func (o *Order) retaxed(l *Line, was left, net int64) int64 {
	by, _ := o.taxed(was.net, l.TaxRate, nil)
	if by != was.tax && was.net > 0 && was.tax >= 0 {
		return money.Share(was.tax, 0, net, was.net)
	}
	tax, _ := o.taxed(net, l.TaxRate, nil)
	return tax
}

// spread splits a change of a kit's amounts over its components, so that the
// parts sum to it and none is given more than it costs.
func (m *amendment) spread() {
	o, kit, n := m.order, m.line, len(m.parts)
	lefts, weights := make([]left, n), make([]int64, n)
	for i, c := range m.parts {
		lefts[i] = o.left(c)
		weights[i] = c.Subtotal
	}
	nets := make([]int64, n)
	for i, part := range money.Split(kit.Subtotal-m.was[0], weights) {
		m.parts[i].Subtotal += part
		nets[i] = lefts[i].net + part
	}
	for bucket, field := range []func(*Line) *int64{
		func(l *Line) *int64 { return &l.LineDiscount }, func(l *Line) *int64 { return &l.OrderDiscount },
	} {
		more := *field(kit) - m.was[bucket+1]
		for i := range weights {
			if weights[i] = nets[i]; more < 0 {
				weights[i] = *field(m.parts[i])
			}
		}
		for i, part := range money.Split(more, weights) {
			*field(m.parts[i]) += part
			nets[i] -= part
		}
	}
	level(m.parts, nets)
	tax := m.left.tax + kit.Tax - m.was[3]
	for i, part := range money.Split(tax, nets) {
		c := m.parts[i]
		c.Tax += part - lefts[i].tax
		o.total(c)
		c.repriced = true
	}
}

// level moves minor units between lines, so that none costs less than nothing:
// splits of several amounts round apart.
func level(lines []*Line, nets []int64) {
	for i := range nets {
		for nets[i] < 0 {
			most := slices.Index(nets, slices.Max(nets))
			move := min(-nets[i], nets[most])
			if move <= 0 {
				return
			}
			lines[i].Subtotal += move
			lines[most].Subtotal -= move
			nets[i] += move
			nets[most] -= move
		}
	}
}

// AddDiscount takes something off what is left of a line, or without a line, of
// all lines. It returns the discount.
func (o *Order) AddDiscount(line id.Line, in DraftDiscount, now time.Time) (*Discount, error) {
	var out *Discount
	err := o.atOnce(func() (err error) {
		out, err = o.addDiscount(line, in, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (o *Order) addDiscount(line id.Line, in DraftDiscount, now time.Time) (*Discount, error) {
	f := fault.Fields{}
	checkDiscounts(f, "discounts", []DraftDiscount{in})
	if len(o.Discounts) >= 2*MaxDiscounts {
		f.Add("discounts", "are %d already", len(o.Discounts))
	}
	if err := f.Err("order.bad_discount", "The discount cannot be given as it is."); err != nil {
		return nil, err
	}
	lines, err := o.discounted(line)
	if err != nil {
		return nil, err
	}
	amendments, nets, sum := make([]*amendment, len(lines)), make([]int64, len(lines)), int64(0)
	for i, l := range lines {
		if amendments[i], err = o.begin(l); err != nil {
			return nil, err
		}
		nets[i] = amendments[i].left.net
		sum += nets[i]
	}
	off := in.of(sum)
	if off == 0 {
		return nil, fault.New(fault.Conflict, "order.nothing_left", "There is nothing left to take the discount off: it was invoiced or cancelled, or costs nothing.")
	}
	o.note(in, line, 0, now)
	d := o.Discounts[len(o.Discounts)-1]
	for i, part := range money.Split(off, nets) {
		amendments[i].take(d, part)
		amendments[i].commit()
	}
	return d, nil
}

// discounted are the lines that a discount on a line, or on the order, may be
// changed on.
func (o *Order) discounted(line id.Line) ([]*Line, error) {
	if !line.IsZero() {
		l, err := o.sold(line)
		return []*Line{l}, err
	}
	if err := o.MayEdit(); err != nil {
		return nil, err
	}
	o.refreshLines()
	var lines []*Line
	for _, l := range o.Lines {
		if l.Kind != KindComponent && o.left(l).units > 0 && o.even(l) {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// RemoveDiscount takes back a discount as far as it is on what is left.
func (o *Order) RemoveDiscount(discount id.Discount) error {
	return o.atOnce(func() error { return o.removeDiscount(discount) })
}

func (o *Order) removeDiscount(discount id.Discount) error {
	i := slices.IndexFunc(o.Discounts, func(d *Discount) bool { return d.ID == discount })
	if i < 0 {
		return fault.New(fault.NotFound, "order.discount_not_found", "Order %d has no discount %s.", o.Number, discount)
	}
	d := o.Discounts[i]
	lines, err := o.discounted(d.Line)
	if err != nil {
		return err
	}
	bucket := func(l *Line) int64 {
		if d.Line.IsZero() {
			return l.OrderDiscount
		}
		return l.LineDiscount
	}
	amendments, on, all := make([]*amendment, len(lines)), make([]int64, len(lines)), int64(0)
	for i, l := range lines {
		if amendments[i], err = o.begin(l); err != nil {
			return err
		}
		on[i] = amendments[i].share(bucket(l))
		all += on[i]
	}
	back := min(d.Amount, all)
	if same := o.alike(d); same > d.Amount { // several share what is on the lines
		back = min(back, money.Share(all, 0, d.Amount, same))
	}
	if back == 0 && d.Amount > 0 {
		return fault.New(fault.Conflict, "order.nothing_left", "The discount is on what was invoiced or cancelled: it stays.")
	}
	for i, part := range money.Split(back, on) {
		amendments[i].take(d, -part)
		amendments[i].commit()
	}
	if d.Amount == 0 {
		o.Discounts = slices.DeleteFunc(o.Discounts, func(x *Discount) bool { return x == d })
	} else { // what it took off before stays, and grows no more
		d.Kind, d.Rate = DiscountAmount, 0
	}
	o.repriced = true
	return nil
}

// alike is what the discounts that are on the same line, or on the order, take off.
func (o *Order) alike(d *Discount) (sum int64) {
	for _, x := range o.Discounts {
		if x.Line == d.Line {
			sum += x.Amount
		}
	}
	return sum
}

// AddCharge adds a charge to the order.
func (o *Order) AddCharge(in DraftCharge, now time.Time) (*Charge, error) {
	var out *Charge
	err := o.atOnce(func() (err error) {
		out, err = o.addCharge(in, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (o *Order) addCharge(in DraftCharge, now time.Time) (*Charge, error) {
	if err := o.MayEdit(); err != nil {
		return nil, err
	}
	f := fault.Fields{}
	in.check(f, "")
	if len(o.Charges) >= MaxCharges {
		f.Add("charges", "are %d: an order has at most %d", len(o.Charges), MaxCharges)
	}
	n := len(o.Charges)
	if len(f) == 0 {
		d := Draft{Charges: []DraftCharge{in}}
		d.charge(o, 0, now, f)
	}
	if err := f.Err("order.bad_charge", "The charge cannot be added as it is."); err != nil {
		return nil, err
	}
	c := o.Charges[n]
	c.Position = int64(n + 1)
	o.repriced = true
	return c, nil
}

// SetCharge changes what a charge that was not invoiced costs, as priced, and its
// title unless that is empty.
func (o *Order) SetCharge(charge id.Charge, amount int64, title string) error {
	return o.atOnce(func() error { return o.setCharge(charge, amount, title) })
}

func (o *Order) setCharge(charge id.Charge, amount int64, title string) error {
	c, err := o.openCharge(charge)
	if err != nil {
		return err
	}
	if abs(max(amount, -MaxTotal)) > MaxTotal || long(title, maxTitle) {
		return fault.Fields{"amount": "is more than can be counted, or the title is too long"}.Err("order.bad_charge", "The charge cannot be changed so.")
	}
	was := c.Amount - c.Discount
	by, _ := o.taxed(was, c.TaxRate, nil)
	given := by != c.Tax && was > 0
	before := c.Tax
	c.Amount, c.UnitPrice, c.Quantity = amount, money.MicrosOf(amount, o.Currency), 1
	c.Discount = min(c.Discount, max(amount, 0))
	net := c.Amount - c.Discount
	if given {
		scaled := money.Share(before, 0, net, was)
		c.Tax, c.Total = o.taxed(net, c.TaxRate, &scaled)
	} else {
		c.Tax, c.Total = o.taxed(net, c.TaxRate, nil)
	}
	if title = text.Clean(title); title != "" {
		c.Title = title
	}
	o.repriced = true
	return nil
}

// RemoveCharge cancels a charge that was not invoiced.
func (o *Order) RemoveCharge(charge id.Charge) error {
	c, err := o.openCharge(charge)
	if err != nil {
		return err
	}
	c.Cancelled = true
	return nil
}

func (o *Order) openCharge(charge id.Charge) (*Charge, error) {
	if err := o.MayEdit(); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(o.Charges, func(c *Charge) bool { return c.ID == charge })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "order.charge_not_found", "Order %d has no charge %s.", o.Number, charge)
	}
	c := o.Charges[i]
	switch {
	case c.Invoiced:
		return nil, fault.New(fault.Conflict, "order.invoiced", "%s was invoiced already: credit it instead.", c.Title)
	case c.Cancelled:
		return nil, fault.New(fault.Conflict, "order.charge_cancelled", "%s was cancelled already.", c.Title)
	}
	return c, nil
}
