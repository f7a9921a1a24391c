// Package view reads across areas: what screens, exports and checks need of
// several tables at once. It writes nothing.
package view

import (
	"context"
	"fmt"

	"purser/internal/base/check"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/change"
	"purser/internal/domain/channel"
	"purser/internal/domain/credit"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/receivable"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// Verify recomputes every level, reservation, balance and status from its rows,
// at one instant, and reports each difference.
func Verify(ctx context.Context, d *db.DB, report check.Report, step func(what string)) error {
	return d.Read(ctx, func(s *db.Snapshot) error {
		for _, area := range []struct {
			name   string
			verify func(context.Context, db.Reader, check.Report) error
		}{
			{"catalog", catalog.Verify},
			{"customers", customer.Verify},
			{"channels", channel.Verify},
			{"stock", inventory.Verify},
			{"orders", order.Verify},
			{"fulfillment", fulfillment.Verify},
			{"returns", returns.Verify},
			{"changes", change.Verify},
			{"payments", payment.Verify},
			{"gift cards and store credit", credit.Verify},
			{"books", accounting.Verify},
			{"receipts", receivable.Verify},
			{"across areas", across},
		} {
			step(area.name)
			if err := area.verify(ctx, s, report); err != nil {
				return fmt.Errorf("verify %s: %w", area.name, err)
			}
		}
		return nil
	})
}

// comparison is a query of rows (object, stored, computed) that differ.
type comparison struct{ rule, field, query string }

type mismatch struct {
	Object   string `db:"object"`
	Stored   int64  `db:"stored"`
	Computed int64  `db:"computed"`
}

// bookkeeping are the gateways whose refunds take back that something was paid.
const bookkeeping = "'" + payment.Receipts + "', '" + payment.WriteOffs + "'"

// comparisons hold what one area knows of another's rows.
var comparisons = []comparison{
	{"INV-3", "allocated", `
		SELECT 'line ' || l.position || ' of order ' || o.number AS object, l.allocated AS stored, COALESCE(r.quantity, 0) AS computed
		FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		LEFT JOIN (SELECT demand_id, SUM(quantity) AS quantity FROM reservation WHERE status = 'active' AND kind = 'stock' AND demand_kind = 'order' GROUP BY demand_id) r ON r.demand_id = l.id
		WHERE l.allocated <> COALESCE(r.quantity, 0)`},
	{"INV-3", "backordered", `
		SELECT 'line ' || l.position || ' of order ' || o.number AS object, l.backordered AS stored, COALESCE(r.quantity, 0) AS computed
		FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		LEFT JOIN (SELECT demand_id, SUM(quantity) AS quantity FROM reservation WHERE status = 'active' AND kind = 'backorder' AND demand_kind = 'order' GROUP BY demand_id) r ON r.demand_id = l.id
		WHERE l.backordered <> COALESCE(r.quantity, 0)`},
	{"INV-3", "shipped", `
		SELECT 'line ' || l.position || ' of order ' || o.number AS object, l.shipped AS stored, COALESCE(s.quantity, 0) AS computed
		FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		LEFT JOIN (SELECT x.line_id, SUM(x.quantity) AS quantity FROM shipment_line x JOIN shipment h ON h.id = x.shipment_id WHERE h.status IN ('shipped', 'delivered') GROUP BY x.line_id) s ON s.line_id = l.id
		WHERE l.shipped <> COALESCE(s.quantity, 0)`},
	{"INV-4", "returned", `
		SELECT 'line ' || l.position || ' of order ' || o.number AS object, l.returned AS stored, COALESCE(r.quantity, 0) AS computed
		FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		LEFT JOIN (SELECT x.line_id, SUM(x.quantity) AS quantity FROM return_line x JOIN sales_return h ON h.id = x.return_id
			WHERE x.reception IN ('received', 'extra') AND h.status IN ('received', 'inspected', 'closed') AND x.line_id IS NOT NULL GROUP BY x.line_id) r ON r.line_id = l.id
		WHERE l.returned <> COALESCE(r.quantity, 0)`},
	{"INV-4", "stock of a return", `
		SELECT 'return ' || h.number AS object, COALESCE(m.quantity, 0) AS stored, COALESCE(x.quantity, 0) AS computed
		FROM sales_return h
		LEFT JOIN (SELECT return_id, SUM(CASE WHEN disposition NOT IN ('pending', 'scrap') THEN quantity ELSE 0 END - CASE WHEN unmoved THEN quantity ELSE 0 END) AS quantity
			FROM return_line WHERE reception IN ('received', 'extra') GROUP BY return_id) x ON x.return_id = h.id
		LEFT JOIN (SELECT cause_id, SUM(quantity) AS quantity FROM stock_movement WHERE cause_kind = 'return' GROUP BY cause_id) m ON m.cause_id = h.id
		WHERE COALESCE(m.quantity, 0) <> COALESCE(x.quantity, 0)`},
	{"INV-5", "credited goods of a return", `
		SELECT 'return ' || h.number AS object, COALESCE(i.total, 0) AS stored, COALESCE(x.total, 0) AS computed
		FROM sales_return h
		LEFT JOIN (SELECT return_id, SUM(total) AS total FROM return_line WHERE credited GROUP BY return_id) x ON x.return_id = h.id
		LEFT JOIN (SELECT d.return_id, SUM(l.total) AS total FROM invoice_line l JOIN invoice d ON d.id = l.invoice_id
			WHERE l.kind = 'item' AND d.status <> 'void' GROUP BY d.return_id) i ON i.return_id = h.id
		WHERE COALESCE(i.total, 0) <> COALESCE(x.total, 0)`},
	{"INV-4", "returns to be approved", `
		SELECT 'order ' || o.number AS object, o.requested_returns AS stored, COALESCE(r.n, 0) AS computed
		FROM sales_order o
		LEFT JOIN (SELECT order_id, COUNT(*) AS n FROM sales_return WHERE status = 'requested' GROUP BY order_id) r ON r.order_id = o.id
		WHERE o.requested_returns <> COALESCE(r.n, 0)`},
	{"INV-4", "open returns", `
		SELECT 'order ' || o.number AS object, o.open_returns AS stored, COALESCE(r.n, 0) AS computed
		FROM sales_order o
		LEFT JOIN (SELECT order_id, COUNT(*) AS n FROM sales_return WHERE status IN ('approved', 'in_transit', 'received', 'inspected') GROUP BY order_id) r ON r.order_id = o.id
		WHERE o.open_returns <> COALESCE(r.n, 0)`},
	{"INV-4", "awaited in exchange", `
		SELECT 'order ' || o.number AS object, o.awaited AS stored, COALESCE(r.total, 0) AS computed
		FROM sales_order o
		LEFT JOIN (SELECT h.order_id, SUM(l.total) AS total FROM return_line l JOIN sales_return h ON h.id = l.return_id
			WHERE h.change_id IS NOT NULL AND h.status IN ('requested', 'approved', 'in_transit', 'received', 'inspected')
				AND l.resolution = 'exchange' AND NOT l.credited AND l.reception NOT IN ('missing', 'wrong_item') GROUP BY h.order_id) r ON r.order_id = o.id
		WHERE o.awaited <> COALESCE(r.total, 0)`},
	{"INV-3", "open in fulfillment", `
		SELECT 'a line of order ' || o.number AS object, COALESCE(f.quantity, 0) AS stored, COALESCE(r.quantity, 0) AS computed
		FROM (SELECT x.line_id, h.location_id, h.order_id, SUM(x.quantity - x.shipped - x.cancelled) AS quantity
			FROM fulfillment_line x JOIN fulfillment_order h ON h.id = x.fulfillment_id
			WHERE h.status IN ('scheduled', 'open', 'in_progress') GROUP BY x.line_id, h.location_id, h.order_id) f
		FULL JOIN (SELECT demand_id, location_id, order_id, SUM(quantity) AS quantity
			FROM reservation WHERE status = 'active' AND kind = 'stock' AND demand_kind = 'order' GROUP BY demand_id, location_id, order_id) r
			ON r.demand_id = f.line_id AND r.location_id = f.location_id
		JOIN sales_order o ON o.id = COALESCE(f.order_id, r.order_id)
		WHERE COALESCE(f.quantity, 0) <> COALESCE(r.quantity, 0)`},
	{"INV-3", "in work", `
		SELECT 'line ' || l.position || ' of order ' || o.number AS object, l.in_work AS stored, COALESCE(f.quantity, 0) AS computed
		FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		LEFT JOIN (SELECT x.line_id, SUM(x.quantity - x.shipped - x.cancelled) AS quantity FROM fulfillment_line x JOIN fulfillment_order h ON h.id = x.fulfillment_id
			WHERE h.status = 'in_progress' GROUP BY x.line_id) f ON f.line_id = l.id
		WHERE l.in_work <> COALESCE(f.quantity, 0)`},
	{"INV-5", "invoiced", `
		SELECT 'order ' || o.number AS object, o.invoiced AS stored, COALESCE(i.total, 0) AS computed
		FROM sales_order o
		LEFT JOIN (SELECT order_id, SUM(CASE WHEN series = 'invoice' THEN total ELSE -total END) AS total FROM invoice
			WHERE series = 'invoice' AND status <> 'void' OR reverses_id IS NOT NULL GROUP BY order_id) i ON i.order_id = o.id
		WHERE o.invoiced <> COALESCE(i.total, 0)`},
	{"INV-5", "invoiced amount", `
		SELECT 'line ' || l.position || ' of order ' || o.number AS object, l.invoiced_total AS stored, COALESCE(i.total, 0) AS computed
		FROM order_line l
		JOIN sales_order o ON o.id = l.order_id
		LEFT JOIN (SELECT x.line_id, SUM(CASE WHEN h.series = 'invoice' THEN x.total ELSE -x.total END) AS total FROM invoice_line x JOIN invoice h ON h.id = x.invoice_id
			WHERE h.series = 'invoice' AND h.status <> 'void' OR h.reverses_id IS NOT NULL GROUP BY x.line_id) i ON i.line_id = l.id
		WHERE l.kind <> 'kit' AND l.invoiced_total <> COALESCE(i.total, 0)`},
	{"INV-5", "captured", `
		SELECT 'order ' || o.number AS object, o.captured AS stored, COALESCE(p.total, 0) AS computed
		FROM sales_order o
		LEFT JOIN (SELECT order_id, SUM(CASE WHEN gateway IN (` + bookkeeping + `) THEN captured - refunded ELSE captured END) AS total, MIN(currency) AS currency, MAX(currency) AS other FROM payment GROUP BY order_id) p ON p.order_id = o.id
		WHERE o.captured <> COALESCE(p.total, 0) AND (p.order_id IS NULL OR p.currency = o.currency AND p.other = o.currency)`},
	{"INV-5", "refunded", `
		SELECT 'order ' || o.number AS object, o.refunded AS stored, COALESCE(p.total, 0) AS computed
		FROM sales_order o
		LEFT JOIN (SELECT order_id, SUM(CASE WHEN gateway IN (` + bookkeeping + `) THEN 0 ELSE refunded END) AS total, MIN(currency) AS currency, MAX(currency) AS other FROM payment GROUP BY order_id) p ON p.order_id = o.id
		WHERE o.refunded <> COALESCE(p.total, 0) AND (p.order_id IS NULL OR p.currency = o.currency AND p.other = o.currency)`},
	{"CRD-2", "held for a payment", `
		SELECT 'payment transaction of ' || p.amount || ' for order ' || o.number AS object, COALESCE(h.amount, 0) AS stored, COALESCE(t.amount, 0) AS computed
		FROM (SELECT id, payment_id, amount FROM payment_transaction WHERE kind = 'authorize' AND status = 'succeeded' AND credit_id IS NOT NULL) t
		FULL JOIN credit_hold h ON h.id = t.id
		LEFT JOIN payment p ON p.id = t.payment_id
		LEFT JOIN sales_order o ON o.id = COALESCE(p.order_id, h.order_id)
		WHERE COALESCE(h.amount, 0) <> COALESCE(t.amount, 0)`},
	{"CRD-2", "spent by a payment", `
		SELECT 'a payment of order ' || o.number AS object, -COALESCE(e.amount, 0) AS stored, p.captured AS computed
		FROM payment p
		JOIN sales_order o ON o.id = p.order_id
		LEFT JOIN (SELECT t.payment_id, SUM(x.amount) AS amount FROM credit_entry x JOIN payment_transaction t ON t.id = x.cause_id WHERE x.kind = 'redeem' GROUP BY t.payment_id) e ON e.payment_id = p.id
		WHERE p.credit_id IS NOT NULL AND p.captured <> -COALESCE(e.amount, 0)`},
	{"CRD-3", "account of gift cards and store credit", `
		SELECT 'the books in ' || currency AS object, CAST(SUM(owed) AS BIGINT) AS stored, CAST(SUM(balance) AS BIGINT) AS computed
		FROM (
			SELECT l.currency, -l.amount AS owed, 0 AS balance
			FROM journal_line l JOIN journal j ON j.id = l.journal_id
			LEFT JOIN payment_transaction t ON t.id = j.source_id AND j.source_kind = 'transaction'
			WHERE l.account = '` + accounting.StoreCredit + `' AND (t.id IS NULL OR t.credit_id IS NOT NULL)
			UNION ALL SELECT currency, 0, balance FROM credit) x
		GROUP BY currency HAVING SUM(owed) <> SUM(balance)`},
	{"REC-2", "counted by payments", `
		SELECT 'a payment of order ' || o.number AS object, -COALESCE(e.amount, 0) AS stored, p.captured - p.refunded AS computed
		FROM payment p
		JOIN sales_order o ON o.id = p.order_id
		LEFT JOIN (SELECT payment_id, SUM(amount) AS amount FROM receipt_entry WHERE kind IN ('allocate', 'unallocate') GROUP BY payment_id) e ON e.payment_id = p.id
		WHERE p.gateway = '` + payment.Receipts + `' AND p.captured - p.refunded <> -COALESCE(e.amount, 0)`},
	{"REC-3", "account of what was received on account", `
		SELECT 'the books in ' || currency AS object, CAST(SUM(owed) AS BIGINT) AS stored, CAST(SUM(balance) AS BIGINT) AS computed
		FROM (
			SELECT currency, -amount AS owed, 0 AS balance FROM journal_line WHERE account = '` + accounting.OnAccount + `'
			UNION ALL SELECT currency, 0, balance FROM receipt) x
		GROUP BY currency HAVING SUM(owed) <> SUM(balance)`},
	{"REC-4", "receivable in the books", `
		SELECT 'order ' || o.number AS object, COALESCE(j.amount, 0) AS stored, o.invoiced - o.credited - o.captured + o.refunded AS computed
		FROM sales_order o
		LEFT JOIN (SELECT j.order_id, SUM(l.amount) AS amount FROM journal j JOIN journal_line l ON l.journal_id = j.id
			WHERE l.account = '` + accounting.Receivable + `' AND j.order_id IS NOT NULL GROUP BY j.order_id) j ON j.order_id = o.id
		WHERE COALESCE(j.amount, 0) <> o.invoiced - o.credited - o.captured + o.refunded`},
	{"REC-4", "receivable of no order", `
		SELECT 'the books in ' || l.currency AS object, CAST(SUM(l.amount) AS BIGINT) AS stored, 0 AS computed
		FROM journal j JOIN journal_line l ON l.journal_id = j.id
		WHERE l.account = '` + accounting.Receivable + `' AND j.order_id IS NULL AND j.kind <> '` + string(accounting.WriteOffDebt) + `'
		GROUP BY l.currency HAVING SUM(l.amount) <> 0`},
	{"REC-5", "paid of invoices", `
		SELECT 'order ' || o.number AS object, i.paid AS stored, i.want AS computed
		FROM (
			SELECT d.order_id, CAST(SUM(d.paid) AS BIGINT) AS paid,
				CASE WHEN MAX(s.captured - s.refunded + s.credited) < 0 THEN 0
					WHEN MAX(s.captured - s.refunded + s.credited) < SUM(d.total) THEN MAX(s.captured - s.refunded + s.credited) ELSE SUM(d.total) END AS want
			FROM invoice d JOIN sales_order s ON s.id = d.order_id
			WHERE d.series = 'invoice' AND d.status <> 'void' AND NOT EXISTS (SELECT 1 FROM invoice c WHERE c.reverses_id = d.id)
			GROUP BY d.order_id) i
		JOIN sales_order o ON o.id = i.order_id
		WHERE i.paid <> i.want`},
	{"INV-7", "stock account", `
		SELECT 'the books' AS object,
			COALESCE((SELECT SUM(base) FROM journal_line WHERE account = '` + accounting.Stock + `'), 0) AS stored,
			COALESCE((SELECT SUM(value_minor) FROM stock_value), 0) AS computed`},
}

func across(ctx context.Context, r db.Reader, report check.Report) error {
	for _, c := range comparisons {
		err := db.Each(ctx, r, func(m mismatch) error {
			report.Equal(c.rule, m.Object, c.field, m.Stored, m.Computed)
			return nil
		}, c.query)
		if err != nil {
			return fmt.Errorf("%s of %s: %w", c.field, c.rule, err)
		}
	}
	return nil
}
