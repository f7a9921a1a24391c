package order

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Save derives what follows from the changes of orders that were taken, writes
// what changed, and records the facts. Each order's version goes up by one.
func Save(ctx context.Context, tx *db.Tx, orders []*Order) error {
	if len(orders) == 0 {
		return nil
	}
	orders = slices.Clone(orders)
	slices.SortFunc(orders, func(a, b *Order) int { return a.ID.Compare(b.ID) })
	orders = slices.Compact(orders)
	for _, o := range orders {
		if !o.taken {
			return fmt.Errorf("order %d is saved and was not taken", o.Number)
		}
		o.Refresh(tx.Now())
		o.stampHolds(ctx, tx)
		o.UpdatedAt = tx.Now()
		o.Version++
	}
	n, err := update(ctx, tx, "sales_order", headerColumns, headersOf(orders), " AND sales_order.version = v.column2 - 1")
	if err != nil {
		return err
	}
	if n != int64(len(orders)) {
		return db.ErrRetry
	}
	if err := saveParts(ctx, tx, orders); err != nil {
		return err
	}
	if err := saveTags(ctx, tx, orders); err != nil {
		return err
	}
	var facts []event.Fact
	for _, o := range orders {
		o.announce()
		facts = append(append(facts, o.facts...), o.holdFacts()...)
		o.keep()
	}
	return event.Record(ctx, tx, facts...)
}

func headersOf(orders []*Order) []*Header {
	out := make([]*Header, len(orders))
	for i, o := range orders {
		out[i] = &o.Header
	}
	return out
}

// saveParts writes the parts that are new or changed.
func saveParts(ctx context.Context, tx *db.Tx, orders []*Order) error {
	var rebuilt, repriced []id.Order
	var lines, amended []*Line
	var charges []*Charge
	var holds []*Hold
	for _, o := range orders {
		for _, h := range o.Holds {
			if h.stored && h.ended {
				holds = append(holds, h)
			}
		}
		if o.rebuilt {
			rebuilt = append(rebuilt, o.ID)
			continue
		}
		for _, l := range o.Lines {
			switch {
			case !l.stored:
			case l.repriced:
				amended = append(amended, l)
			case l.edited || l.Counts != l.wasCounts || l.Sums != l.wasSums:
				lines = append(lines, l)
			}
		}
		if o.repriced {
			repriced = append(repriced, o.ID)
			continue
		}
		for _, c := range o.Charges {
			if c.ChargeState != c.wasState {
				charges = append(charges, c)
			}
		}
	}
	if err := clearParts(ctx, tx, rebuilt, "order_line", "order_charge", "order_discount"); err != nil {
		return err
	}
	if err := clearParts(ctx, tx, repriced, "order_charge", "order_discount"); err != nil {
		return err
	}
	if err := insertParts(ctx, tx, orders); err != nil {
		return err
	}
	if _, err := update(ctx, tx, "order_line", lineColumns, lines, ""); err != nil {
		return err
	}
	if _, err := update(ctx, tx, "order_line", amendedColumns, amended, ""); err != nil {
		return err
	}
	if _, err := update(ctx, tx, "order_charge", chargeColumns, charges, ""); err != nil {
		return err
	}
	_, err := update(ctx, tx, "order_hold", holdColumns, holds, "")
	return err
}

// clearParts deletes rows of orders that are written anew.
func clearParts(ctx context.Context, tx *db.Tx, orders []id.Order, tables ...string) error {
	for _, table := range tables {
		err := db.Chunks(orders, func(part []id.Order) error {
			_, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE order_id IN (`+db.Marks(len(part))+`)`, db.Args(part)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tagRow is a row of order_tag.
type tagRow struct {
	Tag    string    `db:"tag"`
	Placed time.Time `db:"placed_at"`
	Order  id.Order  `db:"order_id"`
}

// saveTags brings the rows that orders are found by their tags with in line
// with the tags. Most orders have none and cost nothing here.
func saveTags(ctx context.Context, tx *db.Tx, orders []*Order) error {
	var old []id.Order
	var rows []tagRow
	for _, o := range orders {
		if slices.Equal(o.tagged, o.Tags.V) && o.placed.Equal(o.PlacedAt) {
			continue
		}
		if len(o.tagged) > 0 {
			old = append(old, o.ID)
		}
		for _, t := range o.Tags.V {
			rows = append(rows, tagRow{t, o.PlacedAt, o.ID})
		}
	}
	err := db.Chunks(old, func(part []id.Order) error {
		_, err := tx.Exec(ctx, `DELETE FROM order_tag WHERE order_id IN (`+db.Marks(len(part))+`)`, db.Args(part)...)
		return err
	})
	if err != nil {
		return err
	}
	_, err = db.Insert(ctx, tx, "order_tag", rows)
	return err
}

// column is a column that Save writes, with its PostgreSQL type. The first
// column of a table is its key.
type column[T any] struct {
	name, cast string
	value      func(*T) any
}

// update writes rows of a table, many in a statement. and is a condition more,
// on the table and on v, the new rows, whose columns are numbered from 1. It
// returns how many rows were written.
func update[T any](ctx context.Context, tx *db.Tx, table string, columns []column[T], rows []*T, and string) (int64, error) {
	casts, sets := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		casts[i], sets[i] = c.cast, c.name+" = v.column"+strconv.Itoa(i+1)
	}
	var written int64
	err := db.Chunks(rows, func(part []*T) error {
		args := make([]any, 0, len(part)*len(columns))
		for _, row := range part {
			for _, c := range columns {
				args = append(args, c.value(row))
			}
		}
		n, err := tx.Exec(ctx, `UPDATE `+table+` SET `+strings.Join(sets[1:], ", ")+
			` FROM (VALUES `+db.Tuples(len(part), len(columns), casts...)+`) AS v WHERE `+table+`.id = v.column1`+and, args...)
		written += n
		return err
	})
	if err != nil {
		return written, fmt.Errorf("update %s: %w", table, err)
	}
	return written, nil
}

// headerColumns are the columns that may change once an order is stored.
var headerColumns = []column[Header]{
	{"id", "uuid", func(h *Header) any { return h.ID }},
	{"version", "bigint", func(h *Header) any { return h.Version }},
	{"external_number", "text", func(h *Header) any { return h.ExternalNumber }},
	{"status", "text", func(h *Header) any { return h.Status }},
	{"payment_status", "text", func(h *Header) any { return h.PaymentStatus }},
	{"fulfillment_status", "text", func(h *Header) any { return h.FulfillmentStatus }},
	{"return_status", "text", func(h *Header) any { return h.ReturnStatus }},
	{"customer_id", "uuid", func(h *Header) any { return h.Customer }},
	{"company_id", "uuid", func(h *Header) any { return h.Company }},
	{"company_location_id", "uuid", func(h *Header) any { return h.CompanyLocation }},
	{"email", "text", func(h *Header) any { return h.Email }},
	{"phone", "text", func(h *Header) any { return h.Phone }},
	{"ship_to", "jsonb", func(h *Header) any { return h.ShipTo }},
	{"bill_to", "jsonb", func(h *Header) any { return h.BillTo }},
	{"pickup_location_id", "uuid", func(h *Header) any { return h.Pickup }},
	{"currency", "text", func(h *Header) any { return h.Currency }},
	{"base_currency", "text", func(h *Header) any { return h.Base }},
	{"exchange_rate", "text", func(h *Header) any { return h.Rate }},
	{"exchange_date", "text", func(h *Header) any { return h.RateDate }},
	{"tax_inclusive", "boolean", func(h *Header) any { return h.TaxInclusive }},
	{"subtotal", "bigint", func(h *Header) any { return h.Subtotal }},
	{"discount_total", "bigint", func(h *Header) any { return h.DiscountTotal }},
	{"shipping_total", "bigint", func(h *Header) any { return h.ShippingTotal }},
	{"tax_total", "bigint", func(h *Header) any { return h.TaxTotal }},
	{"total", "bigint", func(h *Header) any { return h.Total }},
	{"base_total", "bigint", func(h *Header) any { return h.BaseTotal }},
	{"cancelled_total", "bigint", func(h *Header) any { return h.CancelledTotal }},
	{"authorized", "bigint", func(h *Header) any { return h.Authorized }},
	{"captured", "bigint", func(h *Header) any { return h.Captured }},
	{"refunded", "bigint", func(h *Header) any { return h.Refunded }},
	{"credited", "bigint", func(h *Header) any { return h.Credited }},
	{"invoiced", "bigint", func(h *Header) any { return h.Invoiced }},
	{"overdue", "boolean", func(h *Header) any { return h.Overdue }},
	{"requested_returns", "bigint", func(h *Header) any { return h.RequestedReturns }},
	{"open_returns", "bigint", func(h *Header) any { return h.OpenReturns }},
	{"awaited", "bigint", func(h *Header) any { return h.Awaited }},
	{"terms_days", "bigint", func(h *Header) any { return h.TermsDays }},
	{"terms_end_of_month", "boolean", func(h *Header) any { return h.TermsEndOfMonth }},
	{"priority", "bigint", func(h *Header) any { return h.Priority }},
	{"tags", "jsonb", func(h *Header) any { return h.Tags }},
	{"custom", "jsonb", func(h *Header) any { return h.Custom }},
	{"assigned_to", "uuid", func(h *Header) any { return h.AssignedTo }},
	{"customer_note", "text", func(h *Header) any { return h.CustomerNote }},
	{"shipping_method", "text", func(h *Header) any { return h.ShippingMethod }},
	{"active_holds", "bigint", func(h *Header) any { return h.ActiveHolds }},
	{"archived", "boolean", func(h *Header) any { return h.Archived }},
	{"cancel_reason", "text", func(h *Header) any { return h.CancelReason }},
	{"expires_at", "timestamptz", func(h *Header) any { return h.ExpiresAt }},
	{"backorder_until", "timestamptz", func(h *Header) any { return h.BackorderUntil }},
	{"ship_by", "timestamptz", func(h *Header) any { return h.ShipBy }},
	{"deliver_by", "timestamptz", func(h *Header) any { return h.DeliverBy }},
	{"placed_at", "timestamptz", func(h *Header) any { return h.PlacedAt }},
	{"business_date", "text", func(h *Header) any { return h.BusinessDate }},
	{"cancelled_at", "timestamptz", func(h *Header) any { return h.CancelledAt }},
	{"completed_at", "timestamptz", func(h *Header) any { return h.CompletedAt }},
	{"updated_at", "timestamptz", func(h *Header) any { return h.UpdatedAt }},
}

var lineColumns = []column[Line]{
	{"id", "uuid", func(l *Line) any { return l.ID }},
	{"placed_at", "timestamptz", func(l *Line) any { return l.PlacedAt }},
	{"position", "bigint", func(l *Line) any { return l.Position }},
	{"kind", "text", func(l *Line) any { return l.Kind }},
	{"variant_id", "uuid", func(l *Line) any { return l.Variant }},
	{"sku", "text", func(l *Line) any { return l.SKU }},
	{"cancelled", "bigint", func(l *Line) any { return l.Cancelled }},
	{"unallocated", "bigint", func(l *Line) any { return l.Unallocated }},
	{"backordered", "bigint", func(l *Line) any { return l.Backordered }},
	{"allocated", "bigint", func(l *Line) any { return l.Allocated }},
	{"in_work", "bigint", func(l *Line) any { return l.InWork }},
	{"shipped", "bigint", func(l *Line) any { return l.Shipped }},
	{"delivered", "bigint", func(l *Line) any { return l.Delivered }},
	{"returned", "bigint", func(l *Line) any { return l.Returned }},
	{"refunded", "bigint", func(l *Line) any { return l.Refunded }},
	{"invoiced", "bigint", func(l *Line) any { return l.Invoiced }},
	{"cancelled_total", "bigint", func(l *Line) any { return l.CancelledTotal }},
	{"cancelled_tax", "bigint", func(l *Line) any { return l.CancelledTax }},
	{"invoiced_total", "bigint", func(l *Line) any { return l.InvoicedTotal }},
	{"invoiced_tax", "bigint", func(l *Line) any { return l.InvoicedTax }},
	{"refunded_total", "bigint", func(l *Line) any { return l.RefundedTotal }},
	{"refunded_tax", "bigint", func(l *Line) any { return l.RefundedTax }},
	{"backorder", "boolean", func(l *Line) any { return l.Backorder }},
	{"may_split", "boolean", func(l *Line) any { return l.MaySplit }},
	{"ship_by", "timestamptz", func(l *Line) any { return l.ShipBy }},
	{"deliver_by", "timestamptz", func(l *Line) any { return l.DeliverBy }},
}

// amendedColumns are those of lines whose quantity or amounts an edit changed,
// which is rare.
var amendedColumns = append(slices.Clone(lineColumns), []column[Line]{
	{"quantity", "bigint", func(l *Line) any { return l.Quantity }},
	{"unit_price_micros", "bigint", func(l *Line) any { return l.UnitPrice }},
	{"subtotal", "bigint", func(l *Line) any { return l.Subtotal }},
	{"line_discount", "bigint", func(l *Line) any { return l.LineDiscount }},
	{"order_discount", "bigint", func(l *Line) any { return l.OrderDiscount }},
	{"tax", "bigint", func(l *Line) any { return l.Tax }},
	{"total", "bigint", func(l *Line) any { return l.Total }},
}...)

var chargeColumns = []column[Charge]{
	{"id", "uuid", func(c *Charge) any { return c.ID }},
	{"invoiced", "boolean", func(c *Charge) any { return c.Invoiced }},
	{"cancelled", "boolean", func(c *Charge) any { return c.Cancelled }},
	{"refunded_total", "bigint", func(c *Charge) any { return c.RefundedTotal }},
	{"refunded_tax", "bigint", func(c *Charge) any { return c.RefundedTax }},
}

var holdColumns = []column[Hold]{
	{"id", "uuid", func(h *Hold) any { return h.ID }},
	{"status", "text", func(h *Hold) any { return h.Status }},
	{"released_by", "text", func(h *Hold) any { return h.ReleasedBy }},
	{"released_at", "timestamptz", func(h *Hold) any { return h.ReleasedAt }},
}
