package view

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/exception"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Exception is something that does not go on by itself. It is computed from what
// is true now, and gone as soon as that is mended.
type Exception struct {
	Key          exception.Key `json:"-"`
	ID           string        `json:"id" doc:"Its name for as long as it is there."`
	Kind         ExceptionKind `json:"kind"`
	Severity     string        `json:"severity" enum:"high,medium,low"`
	Object       string        `json:"object" doc:"Id of what it is about."`
	Name         string        `json:"name" doc:"What people call that."`
	Cause        string        `json:"cause"`
	Since        time.Time     `json:"since"`
	Due          time.Time     `json:"due,omitzero" doc:"When it is too late."`
	Order        id.Order      `json:"order_id,omitzero"`
	Number       int64         `json:"order_number,omitempty"`
	Channel      id.Channel    `json:"channel_id,omitzero"`
	ChannelCode  string        `json:"channel_code,omitempty"`
	Location     id.Location   `json:"location_id,omitzero"`
	LocationCode string        `json:"location_code,omitempty"`
	Variant      id.Variant    `json:"variant_id,omitzero"`
	SKU          string        `json:"sku,omitempty"`
	AssignedTo   id.User       `json:"assigned_to,omitzero"`
	AssigneeName string        `json:"assignee_name,omitempty"`
	SnoozedUntil time.Time     `json:"snoozed_until,omitzero"`
	Note         string        `json:"note,omitempty"`
	FirstSeenAt  time.Time     `json:"first_seen_at,omitzero" doc:"When somebody first dealt with it."`
	Version      int64         `json:"version" doc:"Of what people added; 0: nothing."`
	Mends        []Mend        `json:"mends" doc:"What may be done about it, the best first."`

	Ref      id.Any `json:"-"` // of payment_unknown: the payment
	Job      int64  `json:"-"` // of job_failed
	Currency string `json:"-"`
}

// exceptionRow is an exception as the database tells it.
type exceptionRow struct {
	exception.Key
	Urgency      int64       `db:"urgency"`
	Number       int64       `db:"number"`
	Label        string      `db:"label"`
	Order        id.Order    `db:"order_id"`
	Channel      id.Channel  `db:"channel_id"`
	ChannelCode  string      `db:"channel_code"`
	Location     id.Location `db:"location_id"`
	LocationCode string      `db:"location_code"`
	Variant      id.Variant  `db:"variant_id"`
	SKU          string      `db:"sku"`
	Since        time.Time   `db:"since"`
	Due          time.Time   `db:"due"`
	Ref          id.Any      `db:"ref"`
	Units        int64       `db:"units"`
	Amount       int64       `db:"amount"`
	Currency     string      `db:"currency"`
	What         string      `db:"what"`
	AssignedTo   id.User     `db:"assigned_to"`
	AssigneeName string      `db:"assignee_name"`
	SnoozedUntil time.Time   `db:"snoozed_until"`
	Note         string      `db:"note"`
	FirstSeenAt  time.Time   `db:"first_seen_at"`
	Version      int64       `db:"version"`

	owed []orderUnits // of no_stock: what may be cancelled
}

func (r exceptionRow) money() money.Amount { return money.Of(r.Amount, money.Currency(r.Currency)) }

// ExceptionFilter selects exceptions. What is empty does not count.
type ExceptionFilter struct {
	Now        time.Time
	Kinds      []ExceptionKind
	Severities []string
	Assignee   id.User
	Unassigned bool
	Channels   []id.Channel
	Locations  []id.Location // those of no location are left out
	Order      id.Order
	Snoozed    bool                       // also those that are put off
	May        func(auth.Permission) bool // what the one who asks may see; nil: all
}

var severities = map[int64]string{urgent: "high", soon: "medium", calm: "low"}

// where is the query of what the filter selects, without columns and order.
func (f ExceptionFilter) where(ctx context.Context, r db.Reader, key *exception.Key) (string, db.Where, []any, error) {
	var w db.Where
	company, err := setting.LoadCompany(ctx, r)
	if err != nil {
		return "", w, nil, err
	}
	engine, _ := r.(interface{ Postgres() bool })
	clock := exceptionClock{now: f.Now, soon: f.Now.Add(lateSoon), base: string(company.BaseCurrency), postgres: engine.Postgres()}
	var union []string
	var args []any
	for _, s := range sources(clock) {
		if f.May != nil && !f.May(s.permission) || !wants(f.Kinds, s.kind) || key != nil && key.Kind != string(s.kind) {
			continue
		}
		union = append(union, s.sql())
		if s.args != nil {
			args = append(args, s.args(clock)...)
		}
	}
	if key != nil {
		w.And("x.object = ? AND x.part = ?", key.Object, key.Part)
	}
	var levels []int64
	for level, name := range severities {
		if wants(f.Severities, name) {
			levels = append(levels, level)
		}
	}
	if len(f.Severities) > 0 {
		db.In(&w, "x.urgency", levels)
	}
	db.In(&w, "x.channel_id", f.Channels)
	db.In(&w, "x.location_id", f.Locations)
	if !f.Order.IsZero() {
		w.And("x.order_id = ?", f.Order)
	}
	if !f.Assignee.IsZero() {
		w.And("m.assigned_to = ?", f.Assignee)
	}
	if f.Unassigned {
		w.And("m.assigned_to IS NULL")
	}
	if !f.Snoozed && key == nil {
		w.And("(m.snoozed_until IS NULL OR m.snoozed_until <= ?)", f.Now)
	}
	if len(union) == 0 {
		return "", w, nil, nil
	}
	from := ` FROM (` + strings.Join(union, "\nUNION ALL ") + `) x
		LEFT JOIN exception_mark m ON m.kind = x.kind AND m.object = x.object AND m.part = x.part AND m.updated_at >= x.since`
	return from, w, args, nil
}

func wants[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return len(list) == 0
}

// Exceptions returns what does not go on by itself, the most urgent first and of
// these the oldest, and the cursor of the next page, "" at the end.
func Exceptions(ctx context.Context, r db.Reader, f ExceptionFilter, page Page) ([]Exception, string, error) {
	from, w, args, err := f.where(ctx, r, nil)
	if err != nil || from == "" {
		return nil, "", err
	}
	after, err := page.after(3)
	if err != nil {
		return nil, "", err
	}
	if after != nil {
		level, err1 := strconv.ParseInt(after[0], 10, 64)
		micros, err2 := strconv.ParseInt(after[1], 10, 64)
		key, err3 := exception.ParseKey(after[2])
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, "", badCursor()
		}
		w.And("(x.urgency, x.since, x.kind, x.object, x.part) > (?, ?, ?, ?, ?)", level, time.UnixMicro(micros).UTC(), key.Kind, key.Object, key.Part)
	}
	rows, err := readExceptions(ctx, r, from, w, args, page.size()+1)
	if err != nil {
		return nil, "", err
	}
	rows, next := cut(rows, page, func(x exceptionRow) string {
		return cursor(strconv.FormatInt(x.Urgency, 10), instant(x.Since), x.Key.String())
	})
	out := make([]Exception, len(rows))
	for i, x := range rows {
		out[i] = x.show(f.Now)
	}
	return out, next, nil
}

// GetException reads one. Errors: NotFound exception.not_found.
func GetException(ctx context.Context, r db.Reader, f ExceptionFilter, key exception.Key) (Exception, error) {
	from, w, args, err := f.where(ctx, r, &key)
	if err != nil {
		return Exception{}, err
	}
	var rows []exceptionRow
	if from != "" {
		if rows, err = readExceptions(ctx, r, from, w, args, 1); err != nil {
			return Exception{}, err
		}
	}
	if len(rows) == 0 {
		return Exception{}, fault.New(fault.NotFound, "exception.not_found", "There is no such exception: it may have been mended.")
	}
	return rows[0].show(f.Now), nil
}

func readExceptions(ctx context.Context, r db.Reader, from string, w db.Where, args []any, limit int) ([]exceptionRow, error) {
	rows, err := db.Select[exceptionRow](ctx, r, `
		SELECT x.kind, x.object, x.part, x.urgency, x.number, x.label, x.order_id, x.channel_id, COALESCE(c.code, '') AS channel_code,
			x.location_id, COALESCE(l.code, '') AS location_code, x.variant_id, COALESCE(v.sku, '') AS sku, x.since, x.due, x.ref, x.units, x.amount,
			x.currency, x.what, m.assigned_to, COALESCE(u.name, '') AS assignee_name, m.snoozed_until, COALESCE(m.note, '') AS note, m.first_seen_at,
			COALESCE(m.version, 0) AS version`+from+`
		LEFT JOIN channel c ON c.id = x.channel_id
		LEFT JOIN location l ON l.id = x.location_id
		LEFT JOIN variant v ON v.id = x.variant_id
		LEFT JOIN app_user u ON u.id = m.assigned_to`+w.SQL()+`
		ORDER BY x.urgency, x.since, x.kind, x.object, x.part LIMIT ?`, append(args, w.Args(limit)...)...)
	if err != nil {
		return nil, err
	}
	var owing []id.Order
	for _, x := range rows {
		if x.Kind == string(NoStock) {
			owing = append(owing, x.Order)
		}
	}
	owed, err := owedUnits(ctx, r, owing)
	for i, x := range rows {
		rows[i].owed = owed[x.Order]
	}
	return rows, err
}

// orderUnits are units of a line that may be cancelled.
type orderUnits struct {
	Line     id.Line `json:"line_id"`
	Quantity int64   `json:"quantity"`
}

// owedUnits are the units of orders that wait for stock, whole kits of kits.
func owedUnits(ctx context.Context, r db.Reader, wanted []id.Order) (map[id.Order][]orderUnits, error) {
	out := map[id.Order][]orderUnits{}
	if len(wanted) == 0 {
		return out, nil
	}
	orders, err := order.Many(ctx, r, wanted)
	for _, o := range orders {
		for _, l := range o.Lines {
			if n := o.Kit(l).Backordered; n > 0 && l.Kind != order.KindComponent {
				out[o.ID] = append(out[o.ID], orderUnits{l.ID, n})
			}
		}
	}
	return out, err
}

// ExceptionCount is how many exceptions of a kind and a severity there are.
type ExceptionCount struct {
	Kind     ExceptionKind `json:"kind"`
	Severity string        `json:"severity" enum:"high,medium,low"`
	Count    int64         `json:"count"`
}

// CountExceptions counts what Exceptions would list.
func CountExceptions(ctx context.Context, r db.Reader, f ExceptionFilter) ([]ExceptionCount, error) {
	from, w, args, err := f.where(ctx, r, nil)
	if err != nil || from == "" {
		return nil, err
	}
	type row struct {
		Kind    string `db:"kind"`
		Urgency int64  `db:"urgency"`
		N       int64  `db:"n"`
	}
	rows, err := db.Select[row](ctx, r, `SELECT x.kind, x.urgency, COUNT(*) AS n`+from+w.SQL()+` GROUP BY x.kind, x.urgency ORDER BY x.urgency, x.kind`,
		append(args, w.Args()...)...)
	out := make([]ExceptionCount, len(rows))
	for i, x := range rows {
		out[i] = ExceptionCount{ExceptionKind(x.Kind), severities[x.Urgency], x.N}
	}
	return out, err
}

// countryCodes are the codes of countries as a list of SQL.
func countryCodes() string { return "'" + strings.Join(geo.Countries(), "', '") + "'" }

func (r exceptionRow) show(now time.Time) Exception {
	e := Exception{
		Key: r.Key, ID: r.Key.String(), Kind: ExceptionKind(r.Kind), Severity: severities[r.Urgency], Since: r.Since, Due: r.Due,
		Order: r.Order, Channel: r.Channel, ChannelCode: r.ChannelCode, Location: r.Location, LocationCode: r.LocationCode,
		Variant: r.Variant, SKU: r.SKU, AssignedTo: r.AssignedTo, AssigneeName: r.AssigneeName, SnoozedUntil: r.SnoozedUntil,
		Note: r.Note, FirstSeenAt: r.FirstSeenAt, Version: r.Version, Ref: r.Ref, Currency: r.Currency,
	}
	if !r.Order.IsZero() {
		e.Number, e.Name = r.Number, fmt.Sprintf("order %d", r.Number)
	}
	e.Object, e.Cause, e.Mends = objectOf(r), causeOf(r, now), mendsOf(r, now)
	switch e.Kind {
	case UnmappedListing, NoRate, WebhookFailed, InboundDead:
		e.Name = r.Label
	case CountReview:
		e.Name = fmt.Sprintf("stock count %d", r.Number)
	case ShortPicked:
		e.Name = r.SKU + " at " + r.LocationCode
	case JobFailed:
		e.Name, e.Job = fmt.Sprintf("job %d", r.Number), r.Number
	}
	if e.Mends == nil {
		e.Mends = []Mend{}
	}
	return e
}

// objectOf is the id of what an exception is about, as the API writes it.
func objectOf(r exceptionRow) string {
	switch ExceptionKind(r.Kind) {
	case UnmappedListing:
		return id.Listing(r.Object).String()
	case NoRate:
		return id.Channel(r.Object).String()
	case CaptureFailed, AuthorizationEnd:
		return id.Payment(r.Object).String()
	case PaymentUnknown:
		return id.Transaction(r.Object).String()
	case RefundFailed:
		return id.Refund(r.Object).String()
	case Late:
		return id.Fulfillment(r.Object).String()
	case Rejected:
		return id.Line(r.Object).String()
	case ShortPicked:
		return id.Variant(r.Part).String()
	case CountReview:
		return id.Count(r.Object).String()
	case WebhookFailed:
		return id.Endpoint(r.Object).String()
	case InboundDead:
		return id.Inbox(r.Object).String()
	case JobFailed:
		return strconv.FormatInt(r.Number, 10)
	}
	return id.Order(r.Object).String()
}
