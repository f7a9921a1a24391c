package view

import (
	"context"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// Stock is the level of a variant at a location, with their names.
type Stock struct {
	inventory.Level
	Available    int64  `json:"available" doc:"Units that can be promised."`
	SKU          string `db:"sku" json:"sku"`
	Title        string `db:"title" json:"title"`
	LocationCode string `db:"location_code" json:"location_code"`
	LocationName string `db:"location_name" json:"location_name"`
	BinCode      string `db:"bin_code" json:"bin_code,omitempty"`
}

// StockFilter selects levels; what is empty does not count. All that is given
// must hold.
type StockFilter struct {
	Text      string // words of the SKU, the title, the product's title or the brand
	Variants  []id.Variant
	Locations []id.Location // of a user who is limited to some: these
	Short     bool          // backordered, or more is promised than there is
	Present   bool          // on hand, incoming or owed: not the empty levels
}

const fromStock = `
	FROM stock_level l
	JOIN variant v ON v.id = l.variant_id
	JOIN location p ON p.id = l.location_id
	LEFT JOIN bin b ON b.id = l.bin_id`

// StockLevels returns levels by SKU and location, and the cursor of the next page, ""
// at the end.
func StockLevels(ctx context.Context, r db.Reader, f StockFilter, page Page) ([]Stock, string, error) {
	var w db.Where
	for _, word := range strings.Fields(text.Fold(f.Text)) {
		pattern := "%" + like(word) + "%"
		w.And(`(v.search_key LIKE ? ESCAPE '\' OR v.sku_key LIKE ? ESCAPE '\')`, pattern, pattern)
	}
	db.In(&w, "l.variant_id", f.Variants)
	db.In(&w, "l.location_id", f.Locations)
	if f.Short {
		w.And("(l.backordered > 0 OR l.on_hand < l.committed + l.damaged + l.quality_control + l.safety)")
	}
	if f.Present {
		w.And("(l.on_hand <> 0 OR l.incoming <> 0 OR l.backordered <> 0)")
	}
	after, err := page.after(2)
	if err != nil {
		return nil, "", err
	}
	if after != nil {
		w.And("(v.sku, p.code) > (?, ?)", after[0], after[1])
	}
	rows, err := db.Select[Stock](ctx, r, `
		SELECT `+columnsOf[inventory.Level]("l")+`, v.sku, v.title, p.code AS location_code, p.name AS location_name, COALESCE(b.code, '') AS bin_code`+
		fromStock+w.SQL()+` ORDER BY v.sku, p.code LIMIT ?`, w.Args(page.size()+1)...)
	for i := range rows {
		rows[i].Available = rows[i].Level.Available()
	}
	rows, next := cut(rows, page, func(s Stock) string { return cursor(s.SKU, s.LocationCode) })
	return rows, next, err
}

// LateLine is an order line of which something is to be sent soon or should
// have been sent.
type LateLine struct {
	Line           id.Line     `db:"line_id" json:"line_id"`
	Order          id.Order    `db:"order_id" json:"order_id"`
	Number         int64       `db:"number" json:"number"`
	ExternalNumber string      `db:"external_number" json:"external_number,omitempty"`
	Channel        id.Channel  `db:"channel_id" json:"channel_id"`
	Customer       id.Customer `db:"customer_id" json:"customer_id,omitzero"`
	Priority       int64       `db:"priority" json:"priority"`
	ActiveHolds    int64       `db:"active_holds" json:"active_holds"`
	Variant        id.Variant  `db:"variant_id" json:"variant_id,omitzero"`
	SKU            string      `db:"sku" json:"sku"`
	Title          string      `db:"title" json:"title"`
	Open           int64       `db:"open" json:"open" doc:"Units still to be sent."`
	Backordered    int64       `db:"backordered" json:"backordered" doc:"Of the open ones: owed, and not there."`
	Allocated      int64       `db:"allocated" json:"allocated"`
	InWork         int64       `db:"in_work" json:"in_work"`
	ShipBy         time.Time   `db:"ship_by" json:"ship_by"`
	DeliverBy      time.Time   `db:"deliver_by" json:"deliver_by,omitzero"`
	Late           bool        `json:"late" doc:"The time to send it is over."`
}

// LateFilter selects lines that are late at Now, or will be Within a time.
type LateFilter struct {
	Now       time.Time
	Within    time.Duration
	Channels  []id.Channel
	Locations []id.Location // a fulfillment order there has the line
}

// LateLines returns the lines that are late or about to be, the most urgent
// first, and the cursor of the next page, "" at the end. What is held or waits
// for stock is among them: it will be late all the same.
func LateLines(ctx context.Context, r db.Reader, f LateFilter, page Page) ([]LateLine, string, error) {
	until := f.Now.Add(f.Within)
	var w db.Where
	w.And("o.status IN ('pending', 'open') AND o.ship_by <= ?", until) // the order's is the earliest of its open lines
	w.And("l.ship_by <= ? AND l.kind IN ('item', 'component') AND l.quantity > l.cancelled + l.shipped", until)
	db.In(&w, "o.channel_id", f.Channels)
	if len(f.Locations) > 0 {
		w.And(`EXISTS (SELECT 1 FROM fulfillment_line x JOIN fulfillment_order h ON h.id = x.fulfillment_id
			WHERE x.line_id = l.id AND h.status IN ('scheduled', 'open', 'in_progress') AND h.location_id IN (`+db.Marks(len(f.Locations))+`))`, db.Args(f.Locations)...)
	}
	at, last, ok, err := afterInstant[id.Line](page)
	if err != nil {
		return nil, "", err
	}
	if ok {
		w.And("(l.ship_by, l.id) > (?, ?)", at, last)
	}
	rows, err := db.Select[LateLine](ctx, r, `
		SELECT l.id AS line_id, l.order_id, o.number, o.external_number, o.channel_id, o.customer_id, o.priority, o.active_holds,
			l.variant_id, l.sku, l.title, l.quantity - l.cancelled - l.shipped AS open, l.backordered, l.allocated, l.in_work, l.ship_by, l.deliver_by
		FROM sales_order o JOIN order_line l ON l.order_id = o.id`+w.SQL()+`
		ORDER BY l.ship_by, l.id LIMIT ?`, w.Args(page.size()+1)...)
	for i := range rows {
		rows[i].Late = rows[i].ShipBy.Before(f.Now)
	}
	rows, next := cut(rows, page, func(l LateLine) string { return cursor(instant(l.ShipBy), l.Line.String()) })
	return rows, next, err
}

// Backorder is units of an order line that are owed, with their place in the
// queue for what comes in.
type Backorder struct {
	Reservation    id.Reservation `db:"reservation_id" json:"reservation_id"`
	Line           id.Line        `db:"line_id" json:"line_id"`
	Order          id.Order       `db:"order_id" json:"order_id"`
	Number         int64          `db:"number" json:"number"`
	ExternalNumber string         `db:"external_number" json:"external_number,omitempty"`
	Channel        id.Channel     `db:"channel_id" json:"channel_id"`
	Customer       id.Customer    `db:"customer_id" json:"customer_id,omitzero"`
	Variant        id.Variant     `db:"variant_id" json:"variant_id"`
	SKU            string         `db:"sku" json:"sku"`
	Title          string         `db:"title" json:"title"`
	Location       id.Location    `db:"location_id" json:"location_id"`
	LocationCode   string         `db:"location_code" json:"location_code"`
	Quantity       int64          `db:"quantity" json:"quantity"`
	Priority       int64          `db:"priority" json:"priority"`
	Since          time.Time      `db:"queued_at" json:"since" doc:"When the customer began to wait."`
	ShipBy         time.Time      `db:"ship_by" json:"ship_by,omitzero"`
	Incoming       int64          `db:"incoming" json:"incoming" doc:"Units of the variant on their way by transfers, for all who wait."`
}

// BackorderFilter selects backorders; what is empty does not count.
type BackorderFilter struct {
	Variants  []id.Variant
	Locations []id.Location
	Channels  []id.Channel
}

// Backorders returns what is owed in the order in which what comes in is given
// out: by priority, then by how long it waits; and the cursor of the next page,
// "" at the end.
func Backorders(ctx context.Context, r db.Reader, f BackorderFilter, page Page) ([]Backorder, string, error) {
	var w db.Where
	w.And("q.status = 'active' AND q.kind = 'backorder' AND q.demand_kind = 'order'")
	db.In(&w, "q.variant_id", f.Variants)
	db.In(&w, "q.location_id", f.Locations)
	db.In(&w, "o.channel_id", f.Channels)
	after, err := page.after(3)
	if err != nil {
		return nil, "", err
	}
	if after != nil {
		urgency, err := strconv.ParseInt(after[0], 10, 64)
		if err != nil {
			return nil, "", badCursor()
		}
		at, last, _, err := afterInstant[id.Reservation](Page{After: cursor(after[1], after[2])})
		if err != nil {
			return nil, "", err
		}
		w.And("(-q.priority, q.queued_at, q.id) > (?, ?, ?)", urgency, at, last)
	}
	rows, err := db.Select[Backorder](ctx, r, `
		SELECT q.id AS reservation_id, l.id AS line_id, l.order_id, o.number, o.external_number, o.channel_id, o.customer_id,
			q.variant_id, l.sku, l.title, q.location_id, p.code AS location_code, q.quantity, q.priority, q.queued_at, l.ship_by,
			CAST(COALESCE((SELECT SUM(s.incoming) FROM stock_level s WHERE s.variant_id = q.variant_id), 0) AS BIGINT) AS incoming
		FROM reservation q
		JOIN order_line l ON l.id = q.demand_id
		JOIN sales_order o ON o.id = l.order_id
		JOIN location p ON p.id = q.location_id`+w.SQL()+`
		ORDER BY -q.priority, q.queued_at, q.id LIMIT ?`, w.Args(page.size()+1)...)
	rows, next := cut(rows, page, func(b Backorder) string {
		return cursor(strconv.FormatInt(-b.Priority, 10), instant(b.Since), b.Reservation.String())
	})
	return rows, next, err
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// like escapes a text for LIKE ... ESCAPE '\'.
func like(s string) string { return likeEscaper.Replace(s) }
