package fulfillment

import (
	"context"
	"encoding/base64"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/job"
)

// Create stores new orders, in the state that their methods have brought them
// to, and records that they were made and what happened to them since. Goods
// that leave at once need no Save: New, Add, Release, Ship, then Create and
// InsertShipments.
func Create(ctx context.Context, tx *db.Tx, orders []*Order) error {
	rows := make([]Order, len(orders))
	var lines []Line
	var facts []event.Fact
	for i, o := range orders {
		if len(o.Lines) == 0 {
			return fault.New(fault.Invalid, "fulfillment.nothing", "A fulfillment order needs at least one line.")
		}
		rows[i] = *o
		var units int64
		for _, l := range o.Lines {
			lines = append(lines, *l)
			l.was, l.undone = l.Counts, false
			units += l.Quantity
		}
		facts = append(facts, Created{o.about(), o.Status, len(o.Lines), units})
		facts = append(facts, o.facts...)
		o.facts = nil
	}
	if _, err := db.Insert(ctx, tx, "fulfillment_order", rows); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "fulfillment_line", lines); err != nil {
		return err
	}
	if err := event.Record(ctx, tx, facts...); err != nil {
		return err
	}
	return submit(ctx, tx, orders)
}

// submit has partners asked for what they were given.
func submit(ctx context.Context, tx *db.Tx, orders []*Order) error {
	var jobs []job.Args
	for _, o := range orders {
		if o.submit && o.Request == RequestUnsubmitted {
			jobs = append(jobs, SubmitJob{o.ID})
		}
		o.submit = false
	}
	return job.Enqueue(ctx, tx, jobs...)
}

// Take locks orders in the order of their ids and loads them, sorted by id. All
// of them must be there. Take their sales orders first.
func Take(ctx context.Context, tx *db.Tx, ids ...id.Fulfillment) ([]*Order, error) {
	ids = unique(ids)
	orders, err := load(ctx, tx, `WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return nil, err
	}
	if len(orders) < len(ids) {
		return nil, missing(ids, orders)
	}
	return orders, nil
}

// TakeByOrder is Take of all orders of sales orders that are not done.
func TakeByOrder(ctx context.Context, tx *db.Tx, sales ...id.Order) ([]*Order, error) {
	ids, err := db.SelectIn[id.Fulfillment](ctx, tx, `
		SELECT id FROM fulfillment_order WHERE status IN ('scheduled', 'open', 'in_progress') AND order_id IN (/*in*/)`, unique(sales))
	if err != nil {
		return nil, err
	}
	return Take(ctx, tx, ids...)
}

// Get returns orders in the order of their ids; those that are not there are
// left out.
func Get(ctx context.Context, r db.Reader, ids ...id.Fulfillment) ([]*Order, error) {
	return load(ctx, r, `WHERE id IN (/*in*/) ORDER BY id`, unique(ids))
}

// ByOrder returns the orders of sales orders, oldest first.
func ByOrder(ctx context.Context, r db.Reader, sales []id.Order) (map[id.Order][]*Order, error) {
	orders, err := load(ctx, r, `WHERE order_id IN (/*in*/) ORDER BY id`, unique(sales))
	out := make(map[id.Order][]*Order, len(sales))
	for _, o := range orders {
		out[o.Order] = append(out[o.Order], o)
	}
	return out, err
}

// OrdersOf returns the sales orders of fulfillment orders, sorted by id: those
// to take first.
func OrdersOf(ctx context.Context, r db.Reader, ids ...id.Fulfillment) ([]id.Order, error) {
	sales, err := db.SelectIn[id.Order](ctx, r, `SELECT order_id FROM fulfillment_order WHERE id IN (/*in*/)`, unique(ids))
	return unique(sales), err
}

// Made counts the orders that a location was given from a time on, but for those
// it will not do.
func Made(ctx context.Context, r db.Reader, location id.Location, from time.Time) (int64, error) {
	return db.Get[int64](ctx, r, `
		SELECT COUNT(*) FROM fulfillment_order
		WHERE location_id = ? AND created_at >= ? AND status NOT IN ('cancelled', 'rejected')`, location, from)
}

// Way is how units of an order line were to reach the customer, and from where.
type Way struct {
	Line     id.Line     `db:"line_id"`
	Kind     Kind        `db:"kind"`
	Location id.Location `db:"location_id"`
}

// Ways returns the ways of the newest fulfillment orders that had the lines of
// sales orders.
func Ways(ctx context.Context, r db.Reader, sales []id.Order) (map[id.Line]Way, error) {
	rows, err := db.SelectIn[Way](ctx, r, `
		SELECT l.line_id, o.kind, o.location_id FROM fulfillment_order o JOIN fulfillment_line l ON l.fulfillment_id = o.id
		WHERE o.order_id IN (/*in*/) ORDER BY o.id`, unique(sales))
	ways := make(map[id.Line]Way, len(rows))
	for _, w := range rows {
		ways[w.Line] = w
	}
	return ways, err
}

// Queue makes transactions that ask locations for work go one after another,
// until they end. Locations come sorted by id.
func Queue(ctx context.Context, tx *db.Tx, locations []id.Location) error {
	if !tx.Postgres() {
		return nil // it has one writer
	}
	for _, l := range unique(locations) {
		h := fnv.New64a()
		_, _ = h.Write([]byte("fulfillment " + l.String())) // never fails
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(?)`, int64(h.Sum64())); err != nil {
			return err
		}
	}
	return nil
}

// load reads orders whole, in three steps however many there are.
func load[K any](ctx context.Context, r db.Reader, where string, keys []K) ([]*Order, error) {
	rows, err := db.SelectIn[Order](ctx, r, `SELECT `+db.Columns[Order]()+` FROM fulfillment_order `+where, keys)
	if err != nil {
		return nil, err
	}
	return withLines(ctx, r, rows)
}

func withLines(ctx context.Context, r db.Reader, rows []Order) ([]*Order, error) {
	orders := make([]*Order, len(rows))
	ids := make([]id.Fulfillment, len(rows))
	byID := make(map[id.Fulfillment]*Order, len(rows))
	for i := range rows {
		o := &rows[i]
		o.taken = true
		orders[i], ids[i], byID[o.ID] = o, o.ID, o
	}
	lines, err := db.SelectIn[Line](ctx, r, `SELECT `+db.Columns[Line]()+` FROM fulfillment_line WHERE fulfillment_id IN (/*in*/) ORDER BY id`, ids)
	if err != nil {
		return nil, err
	}
	byLine := make(map[id.FulfillmentLine]*Line, len(lines))
	for i := range lines {
		l := &lines[i]
		l.was = l.Counts
		byID[l.Fulfillment].Lines = append(byID[l.Fulfillment].Lines, l)
		byLine[l.ID] = l
	}
	type row struct {
		Line  id.FulfillmentLine `db:"fulfillment_line_id"`
		Units int64              `db:"units"`
	}
	packed, err := db.SelectIn[row](ctx, r, `
		SELECT p.fulfillment_line_id, p.quantity AS units FROM shipment s JOIN shipment_line p ON p.shipment_id = s.id
		WHERE s.status IN ('packing', 'labelled') AND s.fulfillment_id IN (/*in*/)`, ids)
	for _, p := range packed {
		if l := byLine[p.Line]; l != nil {
			l.Packed += p.Units
		}
	}
	return orders, err
}

func missing(ids []id.Fulfillment, orders []*Order) error {
	for _, want := range ids {
		if !slices.ContainsFunc(orders, func(o *Order) bool { return o.ID == want }) {
			return fault.New(fault.NotFound, "fulfillment.not_found", "There is no fulfillment order %s.", want)
		}
	}
	return nil
}

// Save writes taken or created orders as their methods have left them, each
// with its next version, and records the facts. Pick batches are told of units
// that are no longer to be picked. An order that changed since it was read is
// Stale.
func Save(ctx context.Context, tx *db.Tx, orders []*Order) error {
	if err := writeOrders(ctx, tx, orders); err != nil {
		return err
	}
	var added []Line
	var changed, undone []*Line
	var facts []event.Fact
	for _, o := range orders {
		for _, l := range o.Lines {
			switch {
			case l.was.Quantity == 0:
				added = append(added, *l)
			case l.was != l.Counts:
				changed = append(changed, l)
			}
			if o.taken && l.undone {
				undone = append(undone, l)
			}
		}
		facts = append(facts, o.facts...)
	}
	if _, err := db.Insert(ctx, tx, "fulfillment_line", added); err != nil {
		return err
	}
	if err := writeLines(ctx, tx, changed); err != nil {
		return err
	}
	if err := withdraw(ctx, tx, undone); err != nil {
		return err
	}
	if err := event.Record(ctx, tx, facts...); err != nil {
		return err
	}
	if err := submit(ctx, tx, orders); err != nil {
		return err
	}
	for _, o := range orders {
		o.Version++
		o.facts = nil
		for _, l := range o.Lines {
			l.was, l.undone = l.Counts, false
		}
	}
	return nil
}

func writeOrders(ctx context.Context, tx *db.Tx, orders []*Order) error {
	return db.Chunks(orders, func(part []*Order) error {
		args := make([]any, 0, len(part)*13)
		for _, o := range part {
			args = append(args, o.ID, o.Version, string(o.Status), o.Priority, o.ShipBy,
				o.ReleasedAt, o.PickedAt, o.PackedAt, o.ReadyAt, o.HandedOverAt, o.ClosedAt, o.Decision, string(o.Request))
		}
		n, err := tx.Exec(ctx, `
			UPDATE fulfillment_order SET version = version + 1, status = v.column3, priority = v.column4, ship_by = v.column5,
				released_at = v.column6, picked_at = v.column7, packed_at = v.column8, ready_at = v.column9,
				handed_over_at = v.column10, closed_at = v.column11, decision_id = v.column12, request_status = v.column13
			FROM (VALUES `+db.Tuples(len(part), 13, "uuid", "bigint", "text", "bigint", "timestamptz", "timestamptz",
			"timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "uuid", "text")+`) AS v
			WHERE fulfillment_order.id = v.column1 AND fulfillment_order.version = v.column2`, args...)
		if err == nil && n < int64(len(part)) {
			err = fault.New(fault.Stale, "fulfillment.stale", "A fulfillment order was changed meanwhile. Load it again.")
		}
		return err
	})
}

func writeLines(ctx context.Context, tx *db.Tx, lines []*Line) error {
	return db.Chunks(lines, func(part []*Line) error {
		args := make([]any, 0, len(part)*5)
		for _, l := range part {
			args = append(args, l.ID, l.Quantity, l.Picked, l.Shipped, l.Cancelled)
		}
		_, err := tx.Exec(ctx, `
			UPDATE fulfillment_line SET quantity = v.column2, picked = v.column3, shipped = v.column4, cancelled = v.column5
			FROM (VALUES `+db.Tuples(len(part), 5, "uuid", "bigint", "bigint", "bigint", "bigint")+`) AS v
			WHERE fulfillment_line.id = v.column1`, args...)
		return err
	})
}

// PickedUnits is how many units of variants were picked at a location and have not left.
func PickedUnits(ctx context.Context, r db.Reader, location id.Location, variants []id.Variant) (map[id.Variant]int64, error) {
	type row struct {
		Variant id.Variant `db:"variant_id"`
		Picked  int64      `db:"picked"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT l.variant_id, CAST(SUM(l.picked) AS BIGINT) AS picked FROM fulfillment_order o JOIN fulfillment_line l ON l.fulfillment_id = o.id
		WHERE o.location_id = ? AND o.status IN ('open', 'in_progress') AND l.picked > 0 AND l.variant_id IN (/*in*/)
		GROUP BY l.variant_id`, variants, location)
	picked := make(map[id.Variant]int64, len(rows))
	for _, p := range rows {
		picked[p.Variant] = p.Picked
	}
	return picked, err
}

// Filter selects fulfillment orders; what is empty selects all.
type Filter struct {
	Locations  []id.Location // of a user who is limited to some: these
	Orders     []id.Order
	Statuses   []Status
	Kinds      []Kind
	ShipBefore time.Time // only those to be shipped before
	Limit      int       // 1 to MaxLimit; 0 is 50
	After      string    // the cursor that the page before gave
}

// MaxLimit bounds a page.
const MaxLimit = 500

func limit(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, MaxLimit)
}

// List returns a page of orders in the order in which they are to be worked on:
// priority, then age. next is empty on the last page.
func List(ctx context.Context, r db.Reader, f Filter) (page []*Order, next string, err error) {
	var w db.Where
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "order_id", f.Orders)
	db.In(&w, "status", f.Statuses)
	db.In(&w, "kind", f.Kinds)
	if len(f.Statuses) > 0 && !slices.ContainsFunc(f.Statuses, Status.Done) {
		w.And("status IN ('scheduled', 'open', 'in_progress')") // the index of the queue wants to hear this
	}
	if !f.ShipBefore.IsZero() {
		w.And("ship_by < ?", f.ShipBefore)
	}
	if f.After != "" {
		priority, created, last, err := parseCursor(f.After)
		if err != nil {
			return nil, "", err
		}
		w.And("(priority < ? OR priority = ? AND (created_at, id) > (?, ?))", priority, priority, created, last)
	}
	n := limit(f.Limit)
	rows, err := db.Select[Order](ctx, r, `SELECT `+db.Columns[Order]()+` FROM fulfillment_order`+w.SQL()+`
		ORDER BY priority DESC, created_at, id LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		next = cursor(&rows[n-1])
	}
	page, err = withLines(ctx, r, rows)
	return page, next, err
}

func cursor(o *Order) string {
	text := strconv.FormatInt(o.Priority, 10) + " " + strconv.FormatInt(o.CreatedAt.UnixMicro(), 10) + " " + o.ID.String()
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func parseCursor(s string) (priority int64, created time.Time, last id.Fulfillment, err error) {
	text, err1 := base64.RawURLEncoding.DecodeString(s)
	parts := strings.Split(string(text), " ")
	if err1 != nil || len(parts) != 3 {
		return 0, created, last, badCursor(s)
	}
	priority, err1 = strconv.ParseInt(parts[0], 10, 64)
	micros, err2 := strconv.ParseInt(parts[1], 10, 64)
	if err1 != nil || err2 != nil || last.UnmarshalText([]byte(parts[2])) != nil {
		return 0, created, last, badCursor(s)
	}
	return priority, time.UnixMicro(micros).UTC(), last, nil
}

func badCursor(s string) error {
	return fault.New(fault.Invalid, "fulfillment.bad_cursor", "%q is not a cursor: use the one that the page before gave.", s)
}

// unique sorts keys and drops repeated ones.
func unique[K interface {
	comparable
	Compare(K) int
}](keys []K) []K {
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, K.Compare)
	return slices.Compact(sorted)
}

// ReleasedUnits are the units by order line that locations may work on and that have
// not left.
func ReleasedUnits(ctx context.Context, r db.Reader, sales []id.Order) (map[id.Line]int64, error) {
	type row struct {
		Line  id.Line `db:"line_id"`
		Units int64   `db:"units"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT l.line_id, l.quantity - l.shipped - l.cancelled AS units
		FROM fulfillment_order f JOIN fulfillment_line l ON l.fulfillment_id = f.id
		WHERE f.status IN ('open', 'in_progress') AND f.order_id IN (/*in*/)`, sales)
	units := make(map[id.Line]int64, len(rows))
	for _, x := range rows {
		units[x.Line] += x.Units
	}
	return units, err
}
