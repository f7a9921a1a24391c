package order

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// verifyBatch is how many orders Verify holds at once.
const verifyBatch = 256

// Verify recomputes from the lines, charges, discounts and holds of every order
// whatever of it is kept for speed, and reports each difference:
//
//   - INV-3: the counters of each line add up to its quantity, and those of a
//     kit are what its components give.
//   - INV-4: returned is within shipped, credited within invoiced.
//   - INV-5: what is due, cancelled, invoiced and credited is the sum of the
//     lines and charges.
//   - INV-11: amounts are the sums of their parts, statuses what the facts
//     give, and tags what orders are found by.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	var last id.Order
	for {
		ids, err := db.Select[id.Order](ctx, r, `SELECT id FROM sales_order WHERE id > ? ORDER BY id LIMIT ?`, after(last), verifyBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		orders, err := Many(ctx, r, ids)
		if err != nil {
			return err
		}
		tags, err := tagsOf(ctx, r, ids)
		if err != nil {
			return err
		}
		for _, o := range orders {
			o.verify(report, tags[o.ID])
		}
		last = ids[len(ids)-1]
	}
}

// after is an id as 16 bytes: the zero id stands before all others here, and is
// not NULL.
func after(last id.Order) []byte { return last[:] }

func tagsOf(ctx context.Context, r db.Reader, ids []id.Order) (map[id.Order][]string, error) {
	rows, err := db.SelectIn[tagRow](ctx, r, `SELECT tag, placed_at, order_id FROM order_tag WHERE order_id IN (/*in*/) ORDER BY order_id, tag`, ids)
	out := map[id.Order][]string{}
	for _, t := range rows {
		out[t.Order] = append(out[t.Order], t.Tag+" "+t.Placed.String())
	}
	return out, err
}

func (o *Order) verify(report check.Report, tags []string) {
	name := fmt.Sprintf("order %d", o.Number)
	was := o.Header
	kits := map[id.Line]Line{}
	for _, l := range o.Lines {
		o.verifyLine(report, l)
		if l.Kind == KindKit {
			kits[l.ID] = *l
		}
	}
	o.Refresh(was.UpdatedAt)
	for _, l := range o.Lines {
		if kit, ok := kits[l.ID]; ok {
			of := lineName(name, l)
			report.Equal("INV-3", of, "cancelled", kit.Cancelled, l.Cancelled)
			report.Equal("INV-3", of, "unallocated", kit.Unallocated, l.Unallocated)
			report.Equal("INV-4", of, "invoiced", kit.Invoiced, l.Invoiced)
			report.Equal("INV-4", of, "refunded", kit.Refunded, l.Refunded)
			report.Equal("INV-5", of, "amounts cancelled, invoiced and credited", kit.Sums, l.Sums)
			o.verifyKit(report, of, l)
		}
	}
	o.verifySums(report, name)
	is := &o.Header
	for _, c := range []struct {
		rule, field      string
		stored, computed any
	}{
		{"INV-5", "cancelled_total", was.CancelledTotal, is.CancelledTotal},
		{"INV-5", "invoiced", was.Invoiced, is.Invoiced},
		{"INV-5", "credited", was.Credited, is.Credited},
		{"INV-11", "active_holds", was.ActiveHolds, is.ActiveHolds},
		{"INV-11", "ship_by", was.ShipBy, is.ShipBy},
		{"INV-11", "deliver_by", was.DeliverBy, is.DeliverBy},
		{"INV-11", "status", was.Status, is.Status},
		{"INV-11", "payment_status", was.PaymentStatus, is.PaymentStatus},
		{"INV-11", "fulfillment_status", was.FulfillmentStatus, is.FulfillmentStatus},
		{"INV-11", "return_status", was.ReturnStatus, is.ReturnStatus},
	} {
		report.Equal(c.rule, name, c.field, c.stored, c.computed)
	}
	want := make([]string, len(was.Tags.V))
	for i, t := range was.Tags.V {
		want[i] = t + " " + was.PlacedAt.String()
	}
	slices.Sort(want)
	slices.Sort(tags)
	report.Equal("INV-11", name, "tags it is found by", strings.Join(tags, ", "), strings.Join(want, ", "))
}

func lineName(order string, l *Line) string {
	return fmt.Sprintf("%s line %d (%s)", order, l.Position, l.name())
}

func (o *Order) verifyLine(report check.Report, l *Line) {
	name := lineName(fmt.Sprintf("order %d", o.Number), l)
	c := l.Counts
	report.Equal("INV-3", name, "quantity", l.Quantity, c.Cancelled+c.Unallocated+c.Backordered+c.Allocated+c.Shipped)
	report.Equal("INV-4", name, "within shipped and invoiced",
		c.InWork <= c.Allocated && c.Delivered <= c.Shipped && c.Returned <= c.Shipped && c.Refunded <= c.Invoiced, true)
	total := l.Net()
	if !o.TaxInclusive {
		total += l.Tax
	}
	report.Equal("INV-11", name, "total", l.Total, total)
	report.Equal("INV-11", name, "placed_at", l.PlacedAt, o.PlacedAt)
	if l.Kind == KindKit {
		return
	}
	// What is neither cancelled nor invoiced has units, and the reverse.
	left := Amount{Total: l.Total - l.CancelledTotal - l.InvoicedTotal, Tax: l.Tax - l.CancelledTax - l.InvoicedTax}
	if l.uninvoiced() == 0 {
		report.Equal("INV-5", name, "amount left without units", left, Amount{})
	}
	report.Equal("INV-5", name, "credited within invoiced", l.RefundedTotal <= l.InvoicedTotal && l.RefundedTax <= l.InvoicedTax, true)
}

// verifyKit compares a kit's amounts with those of its components.
func (o *Order) verifyKit(report check.Report, name string, kit *Line) {
	var subtotal, lineDiscount, orderDiscount, tax, total int64
	for _, l := range o.Components(kit.ID) {
		subtotal += l.Subtotal
		lineDiscount += l.LineDiscount
		orderDiscount += l.OrderDiscount
		tax += l.Tax
		total += l.Total
		report.Equal("INV-3", lineName(name, l), "units of a whole number of kits", l.Quantity%kit.Quantity, int64(0))
	}
	report.Equal("INV-11", name, "subtotal", kit.Subtotal, subtotal)
	report.Equal("INV-11", name, "line_discount", kit.LineDiscount, lineDiscount)
	report.Equal("INV-11", name, "order_discount", kit.OrderDiscount, orderDiscount)
	report.Equal("INV-11", name, "tax", kit.Tax, tax)
	report.Equal("INV-11", name, "total of its components", kit.Total, total)
}

// verifySums compares what the order costs with its lines, charges and
// discounts.
func (o *Order) verifySums(report check.Report, name string) {
	var s sums
	for _, l := range o.Lines {
		s.line(l)
	}
	for _, c := range o.Charges {
		s.charge(c)
	}
	var off int64
	for _, d := range o.Discounts {
		off += d.Amount
	}
	report.Equal("INV-11", name, "subtotal", o.Subtotal, s.subtotal)
	report.Equal("INV-11", name, "discount_total", o.DiscountTotal, s.discount)
	report.Equal("INV-11", name, "discounts", off, s.discount)
	report.Equal("INV-11", name, "shipping_total", o.ShippingTotal, s.charges)
	report.Equal("INV-11", name, "tax_total", o.TaxTotal, s.tax)
	report.Equal("INV-11", name, "total", o.Total, s.total)
	base, err := o.Exchange().Convert(o.Total)
	if err != nil {
		report.Equal("INV-11", name, "exchange_rate", o.Rate, err)
		return
	}
	report.Equal("INV-11", name, "base_total", o.BaseTotal, base)
}
