package fulfillment

import (
	"context"
	"fmt"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Notice is what a partner says that he has sent.
type Notice struct {
	ID            id.Notice      `db:"id" json:"id"`
	Fulfillment   id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id"`
	Order         id.Order       `db:"order_id" json:"order_id"`
	Location      id.Location    `db:"location_id" json:"location_id"`
	Reference     string         `db:"reference" json:"reference" doc:"The partner's own: a notice is taken once."`
	Shipment      id.Shipment    `db:"shipment_id" json:"shipment_id,omitzero" doc:"Missing: nothing of it was asked for."`
	Units         int64          `db:"units" json:"units"`
	MoreFollows   bool           `db:"more_follows" json:"more_follows"`
	Actor         string         `db:"actor" json:"actor"`
	At            time.Time      `db:"at" json:"at"`
	Discrepancies []Discrepancy  `json:"discrepancies"`
}

// Discrepancy is where a notice and what was asked for differ.
type Discrepancy struct {
	ID          id.Discrepancy `db:"id" json:"id"`
	Notice      id.Notice      `db:"notice_id" json:"notice_id"`
	Fulfillment id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id"`
	Order       id.Order       `db:"order_id" json:"order_id"`
	Location    id.Location    `db:"location_id" json:"location_id"`
	Line        id.Line        `db:"line_id" json:"line_id,omitzero" doc:"Missing: no line asked for it."`
	Variant     id.Variant     `db:"variant_id" json:"variant_id,omitzero" doc:"Missing: nobody knows the article."`
	SKU         string         `db:"sku" json:"sku"`
	Asked       int64          `db:"asked" json:"asked"`
	Shipped     int64          `db:"shipped" json:"shipped"`
	Booked      int64          `db:"booked" json:"booked" doc:"Units that left without having been asked for, as far as the books had them."`
	Status      string         `db:"status" json:"status" enum:"open,resolved"`
	Resolution  string         `db:"resolution" json:"resolution,omitempty"`
	ResolvedBy  string         `db:"resolved_by" json:"resolved_by,omitempty"`
	ResolvedAt  time.Time      `db:"resolved_at" json:"resolved_at,omitzero"`
	At          time.Time      `db:"at" json:"at"`
}

// NoticeOf returns the notice of a location with a partner's reference, ok false
// where there is none.
func NoticeOf(ctx context.Context, r db.Reader, location id.Location, reference string) (n Notice, ok bool, err error) {
	n, err = db.Get[Notice](ctx, r, `SELECT `+db.Columns[Notice]()+` FROM ship_notice WHERE location_id = ? AND reference = ?`, location, reference)
	if db.None(err) {
		return n, false, nil
	}
	if err != nil {
		return n, false, err
	}
	n.Discrepancies, err = db.Select[Discrepancy](ctx, r, `SELECT `+db.Columns[Discrepancy]()+` FROM ship_discrepancy WHERE notice_id = ? ORDER BY id`, n.ID)
	return n, true, err
}

// RecordNotice stores a notice with its discrepancies, and announces both.
func RecordNotice(ctx context.Context, tx *db.Tx, o *Order, n *Notice) error {
	n.ID, n.Actor, n.At = id.New[id.Notice](tx.Now()), actor.Name(ctx), tx.Now()
	facts := []event.Fact{Noticed{o.about(), n.ID, n.Reference, n.Shipment, n.Units}}
	for i := range n.Discrepancies {
		d := &n.Discrepancies[i]
		d.ID, d.Notice, d.Fulfillment, d.Order, d.Location = id.New[id.Discrepancy](tx.Now()), n.ID, n.Fulfillment, n.Order, n.Location
		d.Status, d.At = "open", tx.Now()
		facts = append(facts, Differed{o.about(), d.ID, d.Line, d.SKU, d.Asked, d.Shipped})
	}
	if _, err := db.Insert(ctx, tx, "ship_notice", []Notice{*n}); err != nil {
		if _, known := db.Violated(err); known {
			return db.ErrRetry // another transaction took it meanwhile: its answer is given
		}
		return err
	}
	if _, err := db.Insert(ctx, tx, "ship_discrepancy", n.Discrepancies); err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}

// DiscrepancyFilter selects discrepancies; what is empty selects all.
type DiscrepancyFilter struct {
	IDs       []id.Discrepancy
	Locations []id.Location // of a user who is limited to some: these
	Orders    []id.Order
	Open      bool
	Limit     int // 1 to MaxLimit; 0 is 50
	After     string
}

// Discrepancies returns a page of discrepancies, newest first. next is empty on
// the last page.
func Discrepancies(ctx context.Context, r db.Reader, f DiscrepancyFilter) (page []Discrepancy, next string, err error) {
	var w db.Where
	db.In(&w, "id", f.IDs)
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "order_id", f.Orders)
	if f.Open {
		w.And("status = 'open'")
	}
	if f.After != "" {
		var last id.Discrepancy
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	page, err = db.Select[Discrepancy](ctx, r, `SELECT `+db.Columns[Discrepancy]()+` FROM ship_discrepancy`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, err
}

// Resolve says that somebody has seen to a discrepancy, and how.
func Resolve(ctx context.Context, tx *db.Tx, d id.Discrepancy, resolution string) (Discrepancy, error) {
	if resolution = text.Clean(resolution); resolution == "" {
		return Discrepancy{}, fault.New(fault.Invalid, "discrepancy.no_resolution", "Say what was done about it.")
	}
	n, err := tx.Exec(ctx, `UPDATE ship_discrepancy SET status = 'resolved', resolution = ?, resolved_by = ?, resolved_at = ? WHERE id = ? AND status = 'open'`,
		resolution, actor.Name(ctx), tx.Now(), d)
	if err != nil {
		return Discrepancy{}, err
	}
	page, _, err := Discrepancies(ctx, tx, DiscrepancyFilter{IDs: []id.Discrepancy{d}})
	switch {
	case err != nil:
		return Discrepancy{}, err
	case len(page) == 0:
		return Discrepancy{}, fault.New(fault.NotFound, "discrepancy.not_found", "There is no discrepancy %s.", d)
	case n == 0:
		return Discrepancy{}, fault.New(fault.Conflict, "discrepancy.resolved", "%s saw to it already: %s", page[0].ResolvedBy, page[0].Resolution)
	}
	x := page[0]
	return x, event.Record(ctx, tx, Settled{about{x.Order, x.Fulfillment, x.Location}, x.ID, resolution})
}

// verifyRequests checks that what is with partners was asked of them, and that
// their notices say what left: in a shipment, or without having been asked for.
func verifyRequests(ctx context.Context, r db.Reader, report check.Report) error {
	type request struct {
		ID      id.Fulfillment `db:"id"`
		Status  Status         `db:"status"`
		Request RequestStatus  `db:"request_status"`
		Rows    int64          `db:"asked"`
	}
	err := db.Each(ctx, r, func(o request) error {
		report(check.Difference{
			Rule: ruleRequest, Object: o.ID.String(), Field: "request_status",
			Stored: fmt.Sprintf("%s, while it is %s", o.Request, o.Status), Computed: fmt.Sprintf("%d requests", o.Rows),
		})
		return nil
	}, `
		SELECT o.id, o.status, o.request_status, CASE WHEN q.id IS NULL THEN 0 ELSE 1 END AS asked
		FROM fulfillment_order o LEFT JOIN fulfillment_request q ON q.fulfillment_id = o.id
		WHERE o.request_status IN ('submitted', 'accepted', 'cancellation_requested', 'cancellation_rejected') AND q.id IS NULL
			OR o.request_status = 'unsubmitted' AND o.status = 'in_progress'
			OR o.request_status <> '' AND o.kind NOT IN ('thirdparty', 'dropship')
			OR o.request_status = '' AND o.kind IN ('thirdparty', 'dropship') AND o.status IN ('open', 'in_progress')`)
	if err != nil {
		return err
	}
	type notice struct {
		ID    id.Notice `db:"id"`
		Units int64     `db:"units"`
		Known int64     `db:"known"`
	}
	return db.Each(ctx, r, func(n notice) error {
		report.Equal(ruleNotice, n.ID.String(), "units", n.Units, n.Known)
		return nil
	}, `
		SELECT id, units, known FROM (
			SELECT n.id, n.units,
				COALESCE((SELECT CAST(SUM(l.quantity) AS BIGINT) FROM shipment_line l WHERE l.shipment_id = n.shipment_id), 0) +
				COALESCE((SELECT CAST(SUM(d.shipped - d.asked) AS BIGINT) FROM ship_discrepancy d WHERE d.notice_id = n.id AND d.shipped > d.asked), 0) AS known
			FROM ship_notice n
		) x WHERE units <> known`)
}
