package order

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// The limits of an order. MaxTotal, the largest whole number that every reader
// of JSON holds exactly, bounds each line, charge and total.
const (
	MaxLines      = 1_000
	MaxComponents = 200 // of a kit
	MaxCharges    = 100
	MaxDiscounts  = 100 // of a line, or of the order
	MaxQuantity   = 1_000_000_000
	MaxGiftCards  = 1_000 // of a line
	MaxTotal      = 1<<53 - 1

	// TaxGiven is why a line or charge is taxed as whoever placed the order said.
	TaxGiven = "given"

	maxTaxRate = 10 * money.One
	maxCode    = 200    // characters of a SKU, code or id of a channel
	maxTitle   = 500    // characters of a title
	maxNote    = 20_000 // characters of a note
)

// Build makes an order of a draft, at now, which is on the company's business
// day. It computes what the order costs and freezes it: a line's amount is
// price times quantity, rounded once; the order's discounts are split over the
// lines by largest remainder; tax is computed for each line and charge; a kit's
// amounts are split over its components by weight. An Invalid fault tells all
// that is wrong with the draft by its JSON fields.
func Build(d Draft, now time.Time, day string) (*Order, error) {
	f := fault.Fields{}
	if d.Status == "" {
		d.Status = StatusOpen
	}
	if d.PlacedAt.IsZero() {
		d.PlacedAt = now
	}
	if d.RateDate == "" {
		d.RateDate = day
	}
	d.check(f)
	o := d.order(now, day)
	if len(f) == 0 {
		d.price(o, now, f)
	}
	if err := f.Err("order.invalid", "The order cannot be taken as it is."); err != nil {
		return nil, err
	}
	o.Refresh(now)
	return o, nil
}

// Redraft replaces all that a draft says with what d says; the order keeps its
// id, its number and its holds. It is for drafts, which nothing hangs on yet.
func (o *Order) Redraft(d Draft, now time.Time, day string) error {
	if o.Status != StatusDraft {
		return o.forbids("written anew")
	}
	d.Status, d.Channel, d.ExternalID = StatusDraft, o.Channel, o.ExternalID
	anew, err := Build(d, now, day)
	if err != nil {
		return err
	}
	o.say(Redrafted{o.about(), anew.Total, anew.Currency})
	h := anew.Header
	h.ID, h.Number, h.CreatedBy, h.Version, h.Archived = o.ID, o.Number, o.CreatedBy, o.Version, o.Archived
	h.Authorized, h.Captured, h.Refunded = o.Authorized, o.Captured, o.Refunded
	o.Header, o.Lines, o.Charges, o.Discounts, o.rebuilt = h, anew.Lines, anew.Charges, anew.Discounts, true
	for _, l := range o.Lines {
		l.Order = o.ID
	}
	for _, c := range o.Charges {
		c.Order = o.ID
	}
	for _, c := range o.Discounts {
		c.Order = o.ID
	}
	o.dropLineHolds()
	o.Refresh(now)
	return nil
}

// order is d's order without lines and sums.
func (d *Draft) order(now time.Time, day string) *Order {
	o := &Order{Header: Header{
		ID: id.New[id.Order](now), Channel: d.Channel, ExternalID: text.Clean(d.ExternalID), ExternalNumber: text.Clean(d.ExternalNumber),
		Status: d.Status, Customer: d.Customer, Company: d.Company, CompanyLocation: d.CompanyLocation,
		Email: text.EmailKey(text.Clean(d.Email)), Phone: text.Clean(d.Phone),
		ShipTo: db.JSON[Address]{V: d.ShipTo.Clean()}, BillTo: db.JSON[Address]{V: d.BillTo.Clean()},
		Pickup: d.Pickup, Currency: d.Currency, Base: d.Base, Rate: strings.TrimSpace(d.Rate), RateDate: d.RateDate, TaxInclusive: d.TaxInclusive,
		Priority: d.Priority, Tags: db.JSON[[]string]{V: addTags(nil, d.Tags)}, Custom: custom(d.Custom), AssignedTo: d.AssignedTo,
		CustomerNote: text.Clean(d.CustomerNote), ShippingMethod: text.Clean(d.ShippingMethod),
		ExpiresAt: d.ExpiresAt, ShipBy: d.ShipBy, DeliverBy: d.DeliverBy,
		PlacedAt: d.PlacedAt.UTC().Truncate(time.Microsecond), BusinessDate: day, Version: 1, UpdatedAt: now,
	}}
	if o.BillTo.V == (Address{}) {
		o.BillTo.V = o.ShipTo.V
	}
	if o.Currency == o.Base {
		o.Rate = "1"
	}
	if d.Terms != nil {
		days := d.Terms.Days
		o.TermsDays, o.TermsEndOfMonth = &days, d.Terms.EndOfMonth
	}
	return o
}

func custom(fields CustomFields) db.JSON[CustomFields] {
	if fields == nil {
		fields = CustomFields{}
	}
	return db.JSON[CustomFields]{V: fields}
}

// price fills o with lines, charges and discounts and computes what they cost.
func (d *Draft) price(o *Order, now time.Time, f fault.Fields) {
	sold := make([]*Line, len(d.Lines)) // as the customer sees them
	for i := range d.Lines {
		sold[i] = d.line(o, i, now, f)
	}
	for i := range d.Charges {
		d.charge(o, i, now, f)
	}
	if len(f) > 0 {
		return
	}
	for i := range d.Discounts {
		o.discount(sold, d.Discounts[i], now)
	}
	for i, l := range sold {
		o.tax(l, d.Lines[i].Tax, fmt.Sprintf("lines[%d].tax", i), f)
		if l.Total > MaxTotal {
			f.Add(fmt.Sprintf("lines[%d].unit_price", i), "makes the line cost more than can be counted")
		}
	}
	for i, l := range sold {
		o.Lines = append(o.Lines, l)
		if l.Kind == KindKit {
			o.Lines = append(o.Lines, o.explode(l, d.Lines[i].Components, now)...)
		}
	}
	for i, l := range o.Lines {
		l.Position = int64(i + 1)
	}
	o.sum(f)
}

// line makes a line of o, with its own discounts but without the order's.
func (d *Draft) line(o *Order, i int, now time.Time, f fault.Fields) *Line {
	in := &d.Lines[i]
	l := &Line{
		ID: id.New[id.Line](now), Order: o.ID, Kind: in.kind(), Variant: in.Variant,
		ExternalID: text.Clean(in.ExternalID), Listing: text.Clean(in.Listing), SKU: text.Clean(in.SKU), Title: text.Clean(in.Title),
		Quantity: in.Quantity, UnitPrice: in.UnitPrice, TaxRate: in.TaxRate, TaxReason: cmp.Or(in.TaxReason, TaxGiven), TaxNote: in.TaxNote, GiftCard: in.GiftCard, Backorder: in.Backorder, MaySplit: in.MaySplit,
		Counts: Counts{Unallocated: in.Quantity}, ShipBy: in.ShipBy, DeliverBy: in.DeliverBy, Custom: custom(in.Custom),
	}
	if l.Title == "" {
		l.Title = l.SKU
	}
	if l.Unmapped() && l.Listing == "" {
		l.Listing = l.SKU
	}
	if l.ShipBy.IsZero() {
		l.ShipBy = d.ShipBy
	}
	if l.DeliverBy.IsZero() {
		l.DeliverBy = d.DeliverBy
	}
	subtotal, err := in.UnitPrice.Times(in.Quantity, o.Currency)
	if err != nil || subtotal > MaxTotal {
		f.Add(fmt.Sprintf("lines[%d].unit_price", i), "makes the line cost more than can be counted")
		return l
	}
	l.Subtotal = subtotal
	for _, discount := range in.Discounts {
		off := discount.of(l.Net())
		l.LineDiscount += off
		o.note(discount, l.ID, off, now)
	}
	return l
}

// of is what a discount takes off an amount.
func (d DraftDiscount) of(amount int64) int64 {
	if d.Kind == DiscountPercent {
		return d.Rate.Of(amount)
	}
	return min(d.Amount, amount)
}

// discount splits a discount of the order over its lines, in proportion to what
// is left of them, so that no line is given more than it costs.
func (o *Order) discount(sold []*Line, d DraftDiscount, now time.Time) {
	left := make([]int64, len(sold))
	sum := int64(0)
	for i, l := range sold {
		left[i] = l.Net()
		sum += left[i] // MaxLines times MaxTotal still fits
	}
	off := d.of(sum)
	for i, part := range money.Split(off, left) {
		sold[i].OrderDiscount += part
	}
	o.note(d, id.Line{}, off, now)
}

func (o *Order) note(d DraftDiscount, line id.Line, off int64, now time.Time) {
	title := text.Clean(d.Title)
	if title == "" {
		title = text.Clean(d.Code)
	}
	o.Discounts = append(o.Discounts, &Discount{
		ID: id.New[id.Discount](now), Order: o.ID, Line: line, Kind: d.Kind, Code: text.Clean(d.Code), Title: title, Rate: d.Rate, Amount: off,
	})
}

// tax computes a line's tax, or takes the one that the channel gives, and with
// it the line's total.
func (o *Order) tax(l *Line, given *int64, field string, f fault.Fields) {
	l.Tax, l.Total = o.taxed(l.Net(), l.TaxRate, given)
	if l.Tax < 0 || l.Tax > l.Total {
		f.Add(field, "is not between 0 and what the line costs")
	}
}

// taxed is the tax on an amount as priced, and the amount with tax.
func (o *Order) taxed(net int64, rate money.Rate, given *int64) (tax, total int64) {
	switch {
	case given != nil:
		tax = *given
	case o.TaxInclusive:
		tax = rate.Within(net)
	default:
		tax = rate.Of(net)
	}
	if o.TaxInclusive {
		return tax, net
	}
	return tax, net + tax
}

// charge adds a charge to o.
func (d *Draft) charge(o *Order, i int, now time.Time, f fault.Fields) {
	in, field := &d.Charges[i], fmt.Sprintf("charges[%d].", i)
	c := &Charge{
		ID: id.New[id.Charge](now), Order: o.ID, Position: int64(i + 1), Kind: in.Kind, Code: text.Clean(in.Code), Title: text.Clean(in.Title),
		Quantity: in.Quantity, UnitPrice: in.UnitPrice, Amount: in.Amount, Discount: in.Discount, TaxRate: in.TaxRate,
		TaxReason: cmp.Or(in.TaxReason, TaxGiven), TaxNote: in.TaxNote,
	}
	if c.Quantity == 0 {
		c.Quantity = 1
	}
	if c.Title == "" {
		c.Title = c.Code
	}
	if c.Amount == 0 {
		amount, err := c.UnitPrice.Times(c.Quantity, o.Currency)
		if err != nil {
			f.Add(field+"unit_price", "makes the charge more than can be counted")
			return
		}
		c.Amount = amount
	}
	switch {
	case c.Amount > MaxTotal || c.Amount < -MaxTotal:
		f.Add(field+"amount", "is more than can be counted")
		return
	case c.Discount < 0 || c.Discount > max(c.Amount, 0):
		f.Add(field+"discount", "is not between 0 and the charge")
		return
	}
	c.Tax, c.Total = o.taxed(c.Amount-c.Discount, c.TaxRate, in.Tax)
	if c.Tax < min(c.Total, 0) || c.Tax > max(c.Total, 0) {
		f.Add(field+"tax", "is not between 0 and the charge")
	}
	if abs(c.Total) > MaxTotal {
		f.Add(field+"amount", "is more than can be counted")
	}
	o.Charges = append(o.Charges, c)
}

// abs is the magnitude of n, which is no MinInt64.
func abs(n int64) int64 { return max(n, -n) }

// explode makes the lines of a kit's components. Each of the kit's amounts is
// split so that the parts sum to it; discounts and tax follow the split of what
// is left, so that no component is given more than it costs.
func (o *Order) explode(kit *Line, components []DraftComponent, now time.Time) []*Line {
	n := len(components)
	weights, left := make([]int64, n), make([]int64, n)
	for i, c := range components {
		weights[i] = c.Weight
	}
	prices := money.Split(int64(kit.UnitPrice), weights)
	subtotals := money.Split(kit.Subtotal, weights)
	copy(left, subtotals)
	split := func(total int64) []int64 {
		parts := money.Split(total, left)
		for i := range left {
			left[i] -= parts[i]
		}
		return parts
	}
	lineDiscounts, orderDiscounts := split(kit.LineDiscount), split(kit.OrderDiscount)
	taxes := money.Split(kit.Tax, left)
	lines := make([]*Line, n)
	for i, c := range components {
		l := &Line{
			ID: id.New[id.Line](now), Order: o.ID, Parent: kit.ID, Kind: KindComponent, Variant: c.Variant,
			SKU: text.Clean(c.SKU), Title: text.Clean(c.Title), Quantity: kit.Quantity * c.Quantity, UnitPrice: money.Micros(prices[i] / c.Quantity),
			Subtotal: subtotals[i], LineDiscount: lineDiscounts[i], OrderDiscount: orderDiscounts[i], TaxRate: kit.TaxRate, Tax: taxes[i],
			TaxReason: kit.TaxReason, TaxNote: kit.TaxNote,
			Backorder: c.Backorder, MaySplit: kit.MaySplit, ShipBy: kit.ShipBy, DeliverBy: kit.DeliverBy, Custom: custom(nil),
		}
		if l.Title == "" {
			l.Title = l.SKU
		}
		l.Unallocated, l.Total = l.Quantity, l.Net()
		if !o.TaxInclusive {
			l.Total += l.Tax
		}
		lines[i] = l
	}
	return lines
}

// sum adds up what the order costs.
func (o *Order) sum(f fault.Fields) {
	var s sums
	for _, l := range o.Lines {
		s.line(l)
	}
	for _, c := range o.Charges {
		s.charge(c)
	}
	if s.beyond {
		f.Add("lines", "cost more than can be counted, together")
		return
	}
	if s.total < 0 {
		f.Add("charges", "give back more than the order costs")
		return
	}
	o.Subtotal, o.DiscountTotal, o.ShippingTotal, o.TaxTotal, o.Total = s.subtotal, s.discount, s.charges, s.tax, s.total
	base, err := o.Exchange().Convert(o.Total)
	if err != nil || base > MaxTotal {
		f.Add("exchange_rate", "is no decimal number, or makes the order cost more than can be counted")
	}
	o.BaseTotal = base
}

// sums add up lines and charges. Each of them is at most MaxTotal, and adding
// stops once a sum is beyond it, so that nothing overflows.
type sums struct {
	subtotal, discount, charges, tax, total int64
	beyond                                  bool
}

func (s *sums) line(l *Line) {
	if l.Kind == KindComponent || s.beyond {
		return
	}
	s.subtotal += l.Subtotal
	s.discount += l.LineDiscount + l.OrderDiscount
	s.tax += l.Tax
	s.total += l.Total
	s.check()
}

func (s *sums) charge(c *Charge) {
	if s.beyond {
		return
	}
	s.charges += c.Amount - c.Discount
	s.tax += c.Tax
	s.total += c.Total
	s.check()
}

func (s *sums) check() {
	s.beyond = abs(s.subtotal) > MaxTotal || abs(s.charges) > MaxTotal || abs(s.total) > MaxTotal
}

func (in *DraftLine) kind() Kind {
	switch {
	case in.Kind != "":
		return in.Kind
	case len(in.Components) > 0:
		return KindKit
	}
	return KindItem
}

func long(s string, limit int) bool { return len(s) > limit && utf8.RuneCountInString(s) > limit }
