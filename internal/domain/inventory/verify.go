package inventory

import (
	"context"
	"fmt"
	"slices"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// comparison is a level as it is stored and as its rows give it.
type comparison struct {
	Key
	Code           string `db:"code"`
	OnHand         int64  `db:"on_hand"`
	Committed      int64  `db:"committed"`
	Damaged        int64  `db:"damaged"`
	QualityControl int64  `db:"quality_control"`
	Safety         int64  `db:"safety"`
	Incoming       int64  `db:"incoming"`
	Backordered    int64  `db:"backordered"`
	AllowNegative  bool   `db:"allow_negative"`
	Sellable       bool   `db:"sellable"`

	RowsOnHand         int64 `db:"rows_on_hand"`
	RowsCommitted      int64 `db:"rows_committed"`
	RowsDamaged        int64 `db:"rows_damaged"`
	RowsQualityControl int64 `db:"rows_quality_control"`
	RowsSafety         int64 `db:"rows_safety"`
	RowsIncoming       int64 `db:"rows_incoming"`
	RowsBackordered    int64 `db:"rows_backordered"`
	RuleAllowNegative  bool  `db:"rule_allow_negative"`
	RuleSellable       bool  `db:"rule_sellable"`
}

func (c comparison) stored() Counts {
	return Counts{c.OnHand, c.Committed, c.Damaged, c.QualityControl, c.Safety, c.Incoming, c.Backordered}
}

func (c comparison) computed() Counts {
	return Counts{c.RowsOnHand, c.RowsCommitted, c.RowsDamaged, c.RowsQualityControl, c.RowsSafety, c.RowsIncoming, c.RowsBackordered}
}

// compare reads the levels that differ from their rows, of some variants or,
// where none are given, of all.
func compare(ctx context.Context, r db.Reader, variants []id.Variant) ([]comparison, error) {
	if len(variants) == 0 {
		return db.Select[comparison](ctx, r, fmt.Sprintf(compareLevels, "", "", "", ""))
	}
	var out []comparison
	err := db.Chunks(variants, func(part []id.Variant) error {
		in := "variant_id IN (" + db.Marks(len(part)) + ")"
		args := slices.Concat(db.Args(part), db.Args(part), db.Args(part), db.Args(part))
		rows, err := db.Select[comparison](ctx, r, fmt.Sprintf(compareLevels, "WHERE "+in, "WHERE "+in, "AND "+in, "AND l."+in), args...)
		out = append(out, rows...)
		return err
	})
	return out, err
}

// compareLevels computes levels from movements, reservations and transfer lines
// and compares them with those that are stored. It adds up rather than joins,
// so that its time grows with the rows on both databases.
const compareLevels = `
	SELECT e.variant_id, e.location_id, COALESCE(o.code, '') AS code,
		e.on_hand, e.committed, e.damaged, e.quality_control, e.safety, e.incoming, e.backordered,
		CASE WHEN e.there = 1 THEN e.negative = 1 ELSE COALESCE(o.allow_negative, FALSE) END AS allow_negative,
		CASE WHEN e.there = 1 THEN e.sellable = 1 ELSE COALESCE(o.kind NOT IN ('transit', 'quarantine'), FALSE) END AS sellable,
		e.rows_on_hand, e.rows_committed, e.rows_damaged, e.rows_quality_control, e.rows_safety, e.rows_incoming, e.rows_backordered,
		COALESCE(o.allow_negative, FALSE) AS rule_allow_negative, COALESCE(o.kind NOT IN ('transit', 'quarantine'), FALSE) AS rule_sellable
	FROM (
		SELECT variant_id, location_id, MAX(there) AS there, MAX(negative) AS negative, MAX(sellable) AS sellable,
			CAST(SUM(on_hand) AS BIGINT) AS on_hand, CAST(SUM(committed) AS BIGINT) AS committed, CAST(SUM(damaged) AS BIGINT) AS damaged,
			CAST(SUM(quality_control) AS BIGINT) AS quality_control, CAST(SUM(safety) AS BIGINT) AS safety,
			CAST(SUM(incoming) AS BIGINT) AS incoming, CAST(SUM(backordered) AS BIGINT) AS backordered,
			CAST(SUM(rows_on_hand) AS BIGINT) AS rows_on_hand, CAST(SUM(rows_committed) AS BIGINT) AS rows_committed,
			CAST(SUM(rows_damaged) AS BIGINT) AS rows_damaged, CAST(SUM(rows_quality_control) AS BIGINT) AS rows_quality_control,
			CAST(SUM(rows_safety) AS BIGINT) AS rows_safety, CAST(SUM(rows_incoming) AS BIGINT) AS rows_incoming,
			CAST(SUM(rows_backordered) AS BIGINT) AS rows_backordered
		FROM (
			SELECT variant_id, location_id, 1 AS there, CASE WHEN allow_negative THEN 1 ELSE 0 END AS negative, CASE WHEN sellable THEN 1 ELSE 0 END AS sellable,
				on_hand, committed, damaged, quality_control, safety, incoming, backordered,
				0 AS rows_on_hand, 0 AS rows_committed, 0 AS rows_damaged, 0 AS rows_quality_control, 0 AS rows_safety, 0 AS rows_incoming, 0 AS rows_backordered
			FROM stock_level %s
			UNION ALL
			SELECT variant_id, location_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, SUM(quantity), 0,
				COALESCE(SUM(quantity) FILTER (WHERE state = 'damaged'), 0), COALESCE(SUM(quantity) FILTER (WHERE state = 'quality_control'), 0),
				COALESCE(SUM(quantity) FILTER (WHERE state = 'safety'), 0), 0, 0
			FROM stock_movement %s GROUP BY variant_id, location_id
			UNION ALL
			SELECT variant_id, location_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				CASE WHEN kind = 'stock' THEN quantity ELSE 0 END, 0, 0, 0, 0, CASE WHEN kind = 'backorder' THEN quantity ELSE 0 END
			FROM reservation WHERE status = 'active' %s
			UNION ALL
			SELECT l.variant_id, t.to_location, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, l.shipped - l.received - l.written_off - l.returned, 0
			FROM transfer_line l JOIN transfer t ON t.id = l.transfer_id
			WHERE l.shipped > l.received + l.written_off + l.returned %s
		) AS part GROUP BY variant_id, location_id
	) AS e LEFT JOIN location o ON o.id = e.location_id
	WHERE e.on_hand <> e.rows_on_hand OR e.committed <> e.rows_committed OR e.damaged <> e.rows_damaged
		OR e.quality_control <> e.rows_quality_control OR e.safety <> e.rows_safety OR e.incoming <> e.rows_incoming
		OR e.backordered <> e.rows_backordered OR o.id IS NULL
		OR e.there = 1 AND ((e.negative = 1) <> o.allow_negative OR (e.sellable = 1) <> (o.kind NOT IN ('transit', 'quarantine')))
	ORDER BY e.variant_id, e.location_id`

// Verify recomputes levels, stock values, the states of transfers and the lines of
// stock counts from their rows and reports what differs: INV-1 and INV-2 for levels, INV-7 for values.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	differing, err := compare(ctx, r, nil)
	if err != nil {
		return err
	}
	for _, c := range differing {
		c.report(report)
	}
	if err := compareValues(ctx, r, func(v valueComparison) { v.report(report) }); err != nil {
		return err
	}
	if err := verifyTransfers(ctx, r, report); err != nil {
		return err
	}
	return verifyCounts(ctx, r, report)
}

func (c comparison) report(report check.Report) {
	object := c.Variant.String() + " at " + c.Code
	if c.Code == "" {
		object = c.Variant.String() + " at " + c.Location.String()
		report.Equal("INV-1", object, "location", "none", "a location")
	}
	stored, computed := c.stored(), c.computed()
	report.Equal("INV-1", object, "on_hand", stored.OnHand, computed.OnHand)
	report.Equal("INV-1", object, "damaged", stored.Damaged, computed.Damaged)
	report.Equal("INV-1", object, "quality_control", stored.QualityControl, computed.QualityControl)
	report.Equal("INV-1", object, "safety", stored.Safety, computed.Safety)
	report.Equal("INV-2", object, "committed", stored.Committed, computed.Committed)
	report.Equal("INV-2", object, "backordered", stored.Backordered, computed.Backordered)
	report.Equal("INV-1", object, "incoming", stored.Incoming, computed.Incoming)
	report.Equal("INV-1", object, "allow_negative", c.AllowNegative, c.RuleAllowNegative)
	report.Equal("INV-1", object, "sellable", c.Sellable, c.RuleSellable)
}

type valueComparison struct {
	Variant  id.Variant `db:"variant_id"`
	Quantity int64      `db:"quantity"`
	Value    int64      `db:"value_minor"`
	RowsQty  int64      `db:"rows_quantity"`
	RowsVal  int64      `db:"rows_value"`
}

func (v valueComparison) report(report check.Report) {
	report.Equal("INV-7", v.Variant.String(), "units valued", v.Quantity, v.RowsQty)
	report.Equal("INV-7", v.Variant.String(), "stock value", v.Value, v.RowsVal)
}

func compareValues(ctx context.Context, r db.Reader, fn func(valueComparison)) error {
	return db.Each(ctx, r, func(v valueComparison) error { fn(v); return nil }, `
		SELECT variant_id, quantity, value_minor, rows_quantity, rows_value FROM (
			SELECT variant_id, CAST(SUM(quantity) AS BIGINT) AS quantity, CAST(SUM(value_minor) AS BIGINT) AS value_minor,
				CAST(SUM(rows_quantity) AS BIGINT) AS rows_quantity, CAST(SUM(rows_value) AS BIGINT) AS rows_value
			FROM (
				SELECT variant_id, quantity, value_minor, 0 AS rows_quantity, 0 AS rows_value FROM stock_value
				UNION ALL
				SELECT variant_id, 0, 0, SUM(quantity), SUM(value_minor) FROM stock_movement GROUP BY variant_id
			) AS part GROUP BY variant_id
		) AS e
		WHERE quantity <> rows_quantity OR value_minor <> rows_value
		ORDER BY variant_id`)
}

// verifyTransfers sees that transfers are in the state that their lines give,
// and that lines agree with what was booked.
func verifyTransfers(ctx context.Context, r db.Reader, report check.Report) error {
	type transfer struct {
		Number   int64          `db:"number"`
		Status   TransferStatus `db:"status"`
		Shipped  int64          `db:"shipped"`
		UnderWay int64          `db:"under_way"`
		Claimed  int64          `db:"claimed"`
		Transit  int64          `db:"transit"` // units in transit by the ledger
	}
	return db.Each(ctx, r, func(t transfer) error {
		object := fmt.Sprintf("transfer %d", t.Number)
		sent := t.Status != TransferDraft && t.Status != TransferReady
		report.Equal("INV-1", object, "under way", t.UnderWay, t.Transit)
		if t.Status != TransferCancelled {
			report.Equal("INV-1", object, "was sent", sent, t.Shipped > 0)
		}
		if sent {
			report.Equal("INV-1", object, "is under way", t.Status.underWay(), t.UnderWay > 0)
		}
		if t.Status != TransferReady {
			report.Equal("INV-2", object, "claimed units", int64(0), t.Claimed)
		}
		return nil
	}, `
		SELECT t.number, t.status, l.shipped, l.under_way, COALESCE(c.claimed, 0) AS claimed, COALESCE(m.units, 0) AS transit
		FROM transfer t
		JOIN (SELECT transfer_id, CAST(SUM(shipped) AS BIGINT) AS shipped,
			CAST(SUM(shipped - received - written_off - returned) AS BIGINT) AS under_way FROM transfer_line GROUP BY transfer_id) l ON l.transfer_id = t.id
		LEFT JOIN (SELECT order_id, CAST(SUM(quantity) AS BIGINT) AS claimed FROM reservation
			WHERE status = 'active' AND demand_kind = 'transfer' GROUP BY order_id) c ON c.order_id = t.id
		LEFT JOIN (SELECT cause_id, CAST(SUM(quantity) AS BIGINT) AS units FROM stock_movement
			WHERE cause_kind = 'transfer' AND location_id IN (SELECT id FROM location WHERE kind = 'transit') GROUP BY cause_id) m ON m.cause_id = t.id
		ORDER BY t.number`)
}

// Repair rewrites levels and stock values that differ from their rows, reports
// each difference and records it for the audit. It is safe while others work:
// it locks what it rewrites and computes it again. Where the rows promise more
// than there is, claims give way as they do in Adjust. Where they say that
// less than nothing is on hand at a location that forbids it, that is the
// Conflict inventory.cannot_repair, and nothing is rewritten: count first.
func Repair(ctx context.Context, tx *db.Tx, report check.Report) ([]Displaced, error) {
	differing, err := compare(ctx, tx, nil)
	if err != nil {
		return nil, err
	}
	var variants []id.Variant
	for _, c := range differing {
		variants = append(variants, c.Variant)
	}
	if err := compareValues(ctx, tx, func(v valueComparison) { variants = append(variants, v.Variant) }); err != nil {
		return nil, err
	}
	if variants = unique(variants); len(variants) == 0 {
		return nil, nil
	}
	if _, err := hold(ctx, tx, variants); err != nil {
		return nil, err
	}
	if differing, err = compare(ctx, tx, variants); err != nil {
		return nil, err
	}
	displaced, err := repairLevels(ctx, tx, differing, report)
	if err != nil {
		return nil, err
	}
	return displaced, repairValues(ctx, tx, report)
}

func repairLevels(ctx context.Context, tx *db.Tx, differing []comparison, report check.Report) ([]Displaced, error) {
	w := &claimWork{changes: changes{}}
	for _, c := range differing {
		if c.Code == "" {
			return nil, fault.New(fault.Conflict, "inventory.cannot_repair", "Rows of %s name the location %s, which there is not.", c.Variant, c.Location)
		}
		w.keys = append(w.keys, c.Key)
	}
	if _, err := tx.Exec(ctx, `
		UPDATE stock_level SET allow_negative = o.allow_negative, sellable = o.kind NOT IN ('transit', 'quarantine')
		FROM location o WHERE o.id = stock_level.location_id
			AND (stock_level.allow_negative <> o.allow_negative OR stock_level.sellable <> (o.kind NOT IN ('transit', 'quarantine')))`); err != nil {
		return nil, broken(err)
	}
	forget(tx)
	if err := w.load(ctx, tx); err != nil {
		return nil, err
	}
	need := map[Key]int64{}
	for _, c := range differing {
		c.report(report)
		if err := audit.Record(ctx, tx, "repair", "stock_level", c.Variant.String()+" at "+c.Code, c.stored(), c.computed()); err != nil {
			return nil, err
		}
		after := w.held.levels[c.Key].Level
		after.Counts = c.computed()
		w.changes.add(c.Key, c.computed().minus(c.stored()))
		if !after.AllowNegative && after.Free() < 0 {
			need[c.Key] = min(-after.Free(), after.Committed)
			after.Committed -= need[c.Key]
		}
		if !after.sound() {
			return nil, fault.New(fault.Conflict, "inventory.cannot_repair", "The rows of %s at %s give %d on hand, %d of them not for sale. Count it, or allow negative stock there, and repair again.",
				c.Variant, c.Code, after.OnHand, after.Damaged+after.QualityControl+after.Safety)
		}
	}
	displaced, err := w.displace(ctx, tx, need)
	if err != nil {
		return nil, err
	}
	if err := w.finish(ctx, tx); err != nil {
		return nil, err
	}
	facts := make([]event.Fact, len(displaced))
	for i, d := range displaced {
		facts[i] = Shortfall{d}
	}
	return displaced, event.Record(ctx, tx, facts...)
}

func (c Counts) minus(d Counts) Counts {
	return Counts{
		c.OnHand - d.OnHand, c.Committed - d.Committed, c.Damaged - d.Damaged, c.QualityControl - d.QualityControl,
		c.Safety - d.Safety, c.Incoming - d.Incoming, c.Backordered - d.Backordered,
	}
}

func repairValues(ctx context.Context, tx *db.Tx, report check.Report) error {
	var differing []valueComparison
	if err := compareValues(ctx, tx, func(v valueComparison) { differing = append(differing, v) }); err != nil {
		return err
	}
	for _, v := range differing {
		v.report(report)
		if v.RowsQty == 0 && v.RowsVal != 0 {
			return fault.New(fault.Conflict, "inventory.cannot_repair", "The movements of %s leave no units and a value of %d.", v.Variant, v.RowsVal)
		}
		before, after := Worth{v.Variant, v.Quantity, v.Value, 0}, Worth{v.Variant, v.RowsQty, v.RowsVal, 0}
		if err := audit.Record(ctx, tx, "repair", "stock_value", v.Variant.String(), before, after); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO stock_value (variant_id, quantity, value_minor) VALUES (?, ?, ?)
			ON CONFLICT (variant_id) DO UPDATE SET quantity = excluded.quantity, value_minor = excluded.value_minor`, v.Variant, v.RowsQty, v.RowsVal)
		if err != nil {
			return err
		}
	}
	forget(tx)
	return nil
}
