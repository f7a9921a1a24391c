package returns

import (
	"context"
	"slices"
	"strings"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
)

// Insert stores new returns, in the state that their methods have brought them
// to, gives them numbers and records the facts. A second return of an external
// id is a Conflict, return.exists.
func Insert(ctx context.Context, tx *db.Tx, returns []*Return) error {
	if len(returns) == 0 {
		return nil
	}
	numbers, err := number.Next(ctx, tx, number.Return, len(returns))
	if err != nil {
		return err
	}
	rows := make([]Return, len(returns))
	var lines []Line
	for i, r := range returns {
		r.Number = numbers[i]
		if r.CreatedBy == "" {
			r.CreatedBy = actor.Name(ctx)
		}
		rows[i] = *r
		for _, l := range r.Lines {
			lines = append(lines, *l)
			l.was = l.fate()
		}
	}
	if _, err := db.Insert(ctx, tx, "sales_return", rows); err != nil {
		if name, ok := db.Violated(err); ok && strings.Contains(name, "external") {
			return fault.New(fault.Conflict, "return.exists", "A return with this external id is there already.")
		}
		return err
	}
	if _, err := db.Insert(ctx, tx, "return_line", lines); err != nil {
		return err
	}
	return record(ctx, tx, returns)
}

// record writes the facts of returns; those said before a return was stored do
// not bear its number yet.
func record(ctx context.Context, tx *db.Tx, returns []*Return) error {
	var facts []event.Fact
	for _, r := range returns {
		for _, f := range r.facts {
			switch v := f.(type) {
			case Changed:
				v.about = v.numbered(r.Number)
				if v.Reason = ""; v.Status == Declined {
					v.Reason = r.Refusal
				}
				if v.Tracking = ""; v.Status == InTransit {
					v.Tracking = r.Tracking
				}
				f = v
			case Disposed:
				v.about = v.numbered(r.Number)
				f = v
			case Resolved:
				v.about = v.numbered(r.Number)
				f = v
			}
			facts = append(facts, f)
		}
		r.facts = nil
	}
	return event.Record(ctx, tx, facts...)
}

// Existing returns the returns that are there by external id.
func Existing(ctx context.Context, r db.Reader, externals []string) (map[string]id.Return, error) {
	type row struct {
		External string    `db:"external_id"`
		ID       id.Return `db:"id"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT external_id, id FROM sales_return WHERE external_id <> '' AND external_id IN (/*in*/)`, externals)
	out := make(map[string]id.Return, len(rows))
	for _, x := range rows {
		out[x.External] = x.ID
	}
	return out, err
}

// Take locks returns in the order of their ids and loads them, sorted by id. All
// of them must be there. Take their sales orders first.
func Take(ctx context.Context, tx *db.Tx, ids ...id.Return) ([]*Return, error) {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, id.Return.Compare)
	ids = slices.Compact(ids)
	returns, err := load(ctx, tx, `WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return nil, err
	}
	for i, want := range ids {
		if i == len(returns) || returns[i].ID != want {
			return nil, notFound(want)
		}
	}
	return returns, nil
}

// Get returns one return.
func Get(ctx context.Context, r db.Reader, ret id.Return) (*Return, error) {
	returns, err := load(ctx, r, `WHERE id IN (/*in*/)`, []id.Return{ret})
	if err != nil {
		return nil, err
	}
	if len(returns) == 0 {
		return nil, notFound(ret)
	}
	return returns[0], nil
}

func notFound(ret id.Return) error {
	return fault.New(fault.NotFound, "return.not_found", "There is no return %s.", ret)
}

// ByOrder returns the returns of sales orders, oldest first.
func ByOrder(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Order][]*Return, error) {
	returns, err := load(ctx, r, `WHERE order_id IN (/*in*/) ORDER BY id`, orders)
	out := make(map[id.Order][]*Return, len(orders))
	for _, x := range returns {
		out[x.Order] = append(out[x.Order], x)
	}
	return out, err
}

// OfChange returns the return whose replacements a change put on the order; ok is
// false where there is none.
func OfChange(ctx context.Context, r db.Reader, by id.Change) (ret *Return, ok bool, err error) {
	found, err := load(ctx, r, `WHERE change_id IN (/*in*/)`, []id.Change{by})
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	return found[0], true, nil
}

// Claimed returns how many units of order lines are in returns that were not
// dropped, as expected or here: no more than were shipped may ever be. The
// caller has taken the sales orders.
func Claimed(ctx context.Context, r db.Reader, lines []id.Line) (map[id.Line]int64, error) {
	type row struct {
		Line  id.Line `db:"line_id"`
		Units int64   `db:"units"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT l.line_id, l.quantity AS units FROM return_line l JOIN sales_return r ON r.id = l.return_id
		WHERE r.status NOT IN ('declined', 'cancelled', 'expired') AND l.reception NOT IN ('missing', 'wrong_item')
			AND l.line_id IN (/*in*/)`, lines)
	out := make(map[id.Line]int64, len(rows))
	for _, x := range rows {
		out[x.Line] += x.Units
	}
	return out, err
}

// RunOut finds approved returns whose time is over: their sales orders are to be
// taken before them.
func RunOut(ctx context.Context, r db.Reader, now time.Time, limit int) ([]id.Return, error) {
	return db.Select[id.Return](ctx, r, `SELECT id FROM sales_return WHERE status = 'approved' AND expires_at <= ? ORDER BY expires_at LIMIT ?`, now, limit)
}

func load[K any](ctx context.Context, r db.Reader, where string, keys []K) ([]*Return, error) {
	rows, err := db.SelectIn[Return](ctx, r, `SELECT `+db.Columns[Return]()+` FROM sales_return `+where, keys)
	if err != nil {
		return nil, err
	}
	return withLines(ctx, r, rows)
}

func withLines(ctx context.Context, r db.Reader, rows []Return) ([]*Return, error) {
	returns := make([]*Return, len(rows))
	ids := make([]id.Return, len(rows))
	byID := make(map[id.Return]*Return, len(rows))
	for i := range rows {
		x := &rows[i]
		returns[i], ids[i], byID[x.ID] = x, x.ID, x
	}
	lines, err := db.SelectIn[Line](ctx, r, `
		SELECT `+db.Columns[Line]()+` FROM return_line WHERE return_id IN (/*in*/) ORDER BY return_id, position`, ids)
	for i := range lines {
		l := &lines[i]
		l.was = l.fate()
		byID[l.Return].Lines = append(byID[l.Return].Lines, l)
	}
	return returns, err
}

// Save writes taken returns as their methods have left them, each with its next
// version, and records the facts. One that changed since it was read is Stale.
func Save(ctx context.Context, tx *db.Tx, returns []*Return) error {
	if err := writeReturns(ctx, tx, returns); err != nil {
		return err
	}
	var added []Line
	var changed []*Line
	for _, r := range returns {
		r.Version++
		for _, l := range r.Lines {
			switch {
			case l.was.Quantity == 0:
				added = append(added, *l)
			case l.was != l.fate():
				changed = append(changed, l)
			}
			l.was = l.fate()
		}
	}
	if _, err := db.Insert(ctx, tx, "return_line", added); err != nil {
		return err
	}
	err := db.Chunks(changed, func(part []*Line) error {
		args := make([]any, 0, len(part)*10)
		for _, l := range part {
			args = append(args, l.ID, l.Quantity, l.Tax, l.Total, string(l.Reception), string(l.Disposition), string(l.Resolution), l.Location, l.Credited, l.Unmoved)
		}
		_, err := tx.Exec(ctx, `
			UPDATE return_line SET quantity = v.column2, tax = v.column3, total = v.column4, reception = v.column5,
				disposition = v.column6, resolution = v.column7, location_id = v.column8, credited = v.column9, unmoved = v.column10
			FROM (VALUES `+db.Tuples(len(part), 10, "uuid", "bigint", "bigint", "bigint", "text", "text", "text", "uuid", "boolean", "boolean")+`) AS v
			WHERE return_line.id = v.column1`, args...)
		return err
	})
	if err != nil {
		return err
	}
	return record(ctx, tx, returns)
}

func writeReturns(ctx context.Context, tx *db.Tx, returns []*Return) error {
	return db.Chunks(returns, func(part []*Return) error {
		args := make([]any, 0, len(part)*14)
		for _, r := range part {
			args = append(args, r.ID, r.Version, string(r.Status), r.Total, r.Note, r.ClosedAt, r.Refusal, r.Carrier, r.Tracking, r.ExpiresAt,
				r.Change, string(r.ReleaseOn), r.Replacements, r.ShippingCharged)
		}
		n, err := tx.Exec(ctx, `
			UPDATE sales_return SET version = version + 1, status = v.column3, total = v.column4, note = v.column5, closed_at = v.column6,
				decline_reason = v.column7, carrier = v.column8, tracking_number = v.column9, expires_at = v.column10,
				change_id = v.column11, release_on = v.column12, replacements = v.column13, shipping_charged = v.column14
			FROM (VALUES `+db.Tuples(len(part), 14, "uuid", "bigint", "text", "bigint", "text", "timestamptz", "text", "text", "text", "timestamptz", "uuid", "text", "jsonb", "boolean")+`) AS v
			WHERE sales_return.id = v.column1 AND sales_return.version = v.column2`, args...)
		if err == nil && n < int64(len(part)) {
			err = fault.New(fault.Stale, "return.stale", "A return was changed meanwhile. Load it again.")
		}
		return err
	})
}

// Filter selects returns; what is empty selects all.
type Filter struct {
	Locations   []id.Location // of a user who is limited to some: these
	Orders      []id.Order
	Customer    id.Customer
	Statuses    []Status
	Number      int64
	CreatedFrom time.Time
	CreatedTo   time.Time // not included
	Limit       int       // 1 to MaxLimit; 0 is 50
	After       string    // the cursor that the page before gave
}

// MaxLimit bounds a page.
const MaxLimit = 500

// List returns a page of returns, newest first. next is empty on the last page.
func List(ctx context.Context, r db.Reader, f Filter) (page []*Return, next string, err error) {
	var w db.Where
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "order_id", f.Orders)
	db.In(&w, "status", f.Statuses)
	if !f.Customer.IsZero() {
		w.And("customer_id = ?", f.Customer)
	}
	if f.Number != 0 {
		w.And("number = ?", f.Number)
	}
	if !f.CreatedFrom.IsZero() {
		w.And("created_at >= ?", f.CreatedFrom)
	}
	if !f.CreatedTo.IsZero() {
		w.And("created_at < ?", f.CreatedTo)
	}
	if f.After != "" {
		var last id.Return
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", fault.New(fault.Invalid, "return.bad_cursor", "%q is not a cursor: use the one that the page before gave.", f.After)
		}
		w.And("id < ?", last)
	}
	n := min(f.Limit, MaxLimit)
	if n <= 0 {
		n = 50
	}
	rows, err := db.Select[Return](ctx, r, `SELECT `+db.Columns[Return]()+` FROM sales_return`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		next = rows[n-1].ID.String()
	}
	page, err = withLines(ctx, r, rows)
	return page, next, err
}

// The rules that Verify checks.
const (
	ruleTotal  = "RET-1" // the total is what its lines give back
	ruleStatus = "RET-2" // the state fits what came
)

// Verify recomputes totals and states from rows, and reports what differs.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID       id.Return `db:"id"`
		Status   Status    `db:"status"`
		Total    int64     `db:"total"`
		Credit   int64     `db:"credit"`
		Expected int64     `db:"expected"`
		Came     int64     `db:"came"`
		Pending  int64     `db:"pending"`
		Closed   bool      `db:"closed"`
	}
	return db.Each(ctx, r, func(x row) error {
		name := x.ID.String()
		if x.Status.Dropped() {
			x.Credit = 0
		}
		report.Equal(ruleTotal, name, "total", x.Total, x.Credit)
		report.Equal(ruleStatus, name, "closed_at is set", x.Closed, x.Status.Done())
		switch x.Status {
		case Requested, Approved, InTransit, Declined, Cancelled, Expired:
			report.Equal(ruleStatus, name, "lines that came", x.Came, int64(0))
		case Inspected, Closed:
			report.Equal(ruleStatus, name, "lines still expected", x.Expected, int64(0))
			report.Equal(ruleStatus, name, "lines without a disposition", x.Pending, int64(0))
		}
		return nil
	}, `
		SELECT r.id, r.status, r.total, r.closed_at IS NOT NULL AS closed,
			COALESCE(l.credit, 0) AS credit, COALESCE(l.expected, 0) AS expected, COALESCE(l.came, 0) AS came, COALESCE(l.pending, 0) AS pending
		FROM sales_return r LEFT JOIN (
			SELECT return_id,
				CAST(SUM(CASE WHEN reception NOT IN ('missing', 'wrong_item') AND resolution IN ('refund', 'store_credit', 'exchange') THEN total ELSE 0 END) AS BIGINT) AS credit,
				COUNT(*) FILTER (WHERE reception = 'expected') AS expected,
				COUNT(*) FILTER (WHERE reception <> 'expected') AS came,
				COUNT(*) FILTER (WHERE reception IN ('received', 'extra') AND disposition = 'pending') AS pending
			FROM return_line GROUP BY return_id
		) l ON l.return_id = r.id`)
}
