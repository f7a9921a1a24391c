package inventory

import (
	"context"
	"fmt"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// verifyCounts sees that the lines of stock counts are what their entries give,
// and that what counts booked is what the ledger has of them.
func verifyCounts(ctx context.Context, r db.Reader, report check.Report) error {
	type line struct {
		Number   int64       `db:"number"`
		Status   CountStatus `db:"status"`
		Variant  id.Variant  `db:"variant_id"`
		Entries  int64       `db:"entries"`
		Counted  int64       `db:"counted"`
		Expected int64       `db:"expected"`
		Moved    bool        `db:"moved"`
		Posted   int64       `db:"posted"`
		Undone   bool        `db:"undone"`

		RowsEntries  int64 `db:"rows_entries"`
		RowsCounted  int64 `db:"rows_counted"`
		RowsExpected int64 `db:"rows_expected"`
		RowsMoved    bool  `db:"rows_moved"`
		RowsPosted   int64 `db:"rows_posted"`
		RowsUndone   int64 `db:"rows_undone"`
	}
	return db.Each(ctx, r, func(l line) error {
		object := fmt.Sprintf("%s in count %d", l.Variant, l.Number)
		report.Equal("INV-1", object, "entries", l.Entries, l.RowsEntries)
		report.Equal("INV-1", object, "counted", l.Counted, l.RowsCounted)
		report.Equal("INV-1", object, "expected", l.Expected, l.RowsExpected)
		report.Equal("INV-1", object, "moved", l.Moved, l.RowsMoved)
		report.Equal("INV-1", object, "posted", l.Posted, l.RowsPosted)
		if l.Status == CountPosted {
			report.Equal("INV-1", object, "is counted", l.Entries > 0, true)
		}
		if l.Undone {
			report.Equal("INV-1", object, "undone", -l.Posted, l.RowsUndone)
		}
		return nil
	}, `
		SELECT c.number, c.status, l.variant_id, l.entries, l.counted, l.expected, l.moved, l.posted, c.undone_at IS NOT NULL AS undone,
			COALESCE(e.entries, 0) AS rows_entries, COALESCE(e.counted, 0) AS rows_counted, COALESCE(x.on_hand - x.picked, 0) AS rows_expected,
			COALESCE(e.least <> e.most, FALSE) AS rows_moved, COALESCE(m.units, 0) AS rows_posted, COALESCE(u.units, 0) AS rows_undone
		FROM count_line l
		JOIN stock_count c ON c.id = l.count_id
		LEFT JOIN (SELECT line_id, round, COUNT(*) AS entries, CAST(SUM(quantity) AS BIGINT) AS counted,
			MIN(on_hand - picked) AS least, MAX(on_hand - picked) AS most FROM count_entry GROUP BY line_id, round) e ON e.line_id = l.id AND e.round = l.round
		LEFT JOIN count_entry x ON x.line_id = l.id AND x.round = l.round AND x.position = l.entries
		LEFT JOIN (SELECT cause_id, variant_id, CAST(SUM(quantity) AS BIGINT) AS units FROM stock_movement
			WHERE cause_kind = 'count' AND kind = 'count' GROUP BY cause_id, variant_id) m ON m.cause_id = c.id AND m.variant_id = l.variant_id
		LEFT JOIN (SELECT b.cause_id, b.variant_id, CAST(SUM(o.quantity) AS BIGINT) AS units FROM stock_movement b
			JOIN stock_movement o ON o.undoes_id = b.id WHERE b.cause_kind = 'count' AND b.kind = 'count' GROUP BY b.cause_id, b.variant_id) u ON u.cause_id = c.id AND u.variant_id = l.variant_id
		ORDER BY c.number, l.variant_id`)
}
