package view

import (
	"context"
	"strconv"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// CountLine is a line of a stock count with what people call its goods.
type CountLine struct {
	inventory.CountLine
	SKU      string `db:"sku"`
	Title    string `db:"title"`
	BinCode  string `db:"bin_code"`
	Path     int64  `db:"path"`
	Variance int64
	Value    int64 // of the variance, in minor units of the base currency
}

// CountLines returns lines of a count in the order of the walk, and the cursor of
// the next page, "" at the end. Where differing is set, only those that differ or
// are not counted.
func CountLines(ctx context.Context, r db.Reader, base money.Currency, count id.Count, differing bool, page Page) ([]CountLine, string, error) {
	var w db.Where
	w.And("l.count_id = ?", count)
	if differing {
		w.And("(l.entries = 0 OR l.counted <> l.expected)")
	}
	after, err := page.after(3)
	if err != nil {
		return nil, "", err
	}
	if after != nil {
		path, err := strconv.ParseInt(after[0], 10, 64)
		if err != nil {
			return nil, "", badCursor()
		}
		w.And("(COALESCE(b.path, 0), COALESCE(b.code, ''), v.sku) > (?, ?, ?)", path, after[1], after[2])
	}
	rows, err := db.Select[CountLine](ctx, r, `
		SELECT `+columnsOf[inventory.CountLine]("l")+`, v.sku, v.title, COALESCE(b.code, '') AS bin_code, COALESCE(b.path, 0) AS path
		FROM count_line l JOIN variant v ON v.id = l.variant_id LEFT JOIN bin b ON b.id = l.bin_id`+w.SQL()+`
		ORDER BY COALESCE(b.path, 0), COALESCE(b.code, ''), v.sku LIMIT ?`, w.Args(page.size()+1)...)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, page, func(l CountLine) string { return cursor(strconv.FormatInt(l.Path, 10), l.BinCode, l.SKU) })
	lines := make([]inventory.CountLine, len(rows))
	for i := range rows {
		lines[i] = rows[i].CountLine
	}
	values, err := inventory.DifferenceValues(ctx, r, base, lines)
	for i := range rows {
		rows[i].Variance, rows[i].Value = lines[i].Variance(), values[lines[i].Variant]
	}
	return rows, next, err
}

// CountSums are the lines of a count added up.
type CountSums struct {
	Lines     int64 `db:"lines" json:"lines"`
	Counted   int64 `db:"counted" json:"counted" doc:"Lines that somebody has counted."`
	Differing int64 `db:"differing" json:"differing"`
	More      int64 `db:"more" json:"more" doc:"Units that were found beyond what the books say."`
	Less      int64 `db:"less" json:"less" doc:"Units that are missing."`
}

// SumCount adds the lines of a count up.
func SumCount(ctx context.Context, r db.Reader, count id.Count) (CountSums, error) {
	return db.Get[CountSums](ctx, r, `
		SELECT COUNT(*) AS lines, COUNT(*) FILTER (WHERE entries > 0) AS counted,
			COUNT(*) FILTER (WHERE entries > 0 AND counted <> expected) AS differing,
			CAST(COALESCE(SUM(counted - expected) FILTER (WHERE entries > 0 AND counted > expected), 0) AS BIGINT) AS more,
			CAST(COALESCE(SUM(expected - counted) FILTER (WHERE entries > 0 AND counted < expected), 0) AS BIGINT) AS less
		FROM count_line WHERE count_id = ?`, count)
}
