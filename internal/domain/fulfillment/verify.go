package fulfillment

import (
	"context"
	"fmt"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// The rules that Verify checks.
const (
	ruleShipped  = "FUL-1"  // shipped units of a line are those in shipments that left
	rulePacked   = "FUL-2"  // open units are at least those in shipments that have not left
	ruleStatus   = "FUL-3"  // the state of an order is the one that its counters allow
	ruleTracking = "FUL-4"  // the tracking axis is the shipment's newest event
	rulePicks    = "FUL-5"  // no unit is to be picked twice, and lines bear the state of their counters
	ruleShort    = "FUL-6"  // units that were picked short are asked for no more
	rulePickup   = "FUL-7"  // who took fetched goods is known, and of no others
	ruleParcel   = "FUL-8"  // shipments in one parcel share its cost and bear its label
	ruleRequest  = "FUL-9"  // what is with partners was asked of them
	ruleNotice   = "FUL-10" // what partners say they have sent has left, asked for or not
)

// Verify recomputes counters and states from rows, and reports what differs.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	for _, f := range []func(context.Context, db.Reader, check.Report) error{
		verifyShipped, verifyStatus, verifyTracking, verifyPicks, verifyShorts, verifyPickups, verifyParcels, verifyRequests,
	} {
		if err := f(ctx, r, report); err != nil {
			return err
		}
	}
	return nil
}

func verifyShipped(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID      id.FulfillmentLine `db:"id"`
		Open    int64              `db:"open"`
		Shipped int64              `db:"shipped"`
		Left    int64              `db:"gone"`
		Packed  int64              `db:"packed"`
	}
	return db.Each(ctx, r, func(l row) error {
		report.Equal(ruleShipped, l.ID.String(), "shipped", l.Shipped, l.Left)
		if l.Packed > l.Open {
			report(check.Difference{Rule: rulePacked, Object: l.ID.String(), Field: "open", Stored: fmt.Sprint(l.Open), Computed: fmt.Sprintf("%d or more", l.Packed)})
		}
		return nil
	}, `
		WITH sent AS (
			SELECT p.fulfillment_line_id AS line,
				CAST(SUM(CASE WHEN s.status IN ('shipped', 'delivered') THEN p.quantity ELSE 0 END) AS BIGINT) AS gone,
				CAST(SUM(CASE WHEN s.status IN ('packing', 'labelled') THEN p.quantity ELSE 0 END) AS BIGINT) AS packed
			FROM shipment s JOIN shipment_line p ON p.shipment_id = s.id
			GROUP BY p.fulfillment_line_id
		)
		SELECT l.id, l.quantity - l.shipped - l.cancelled AS open, l.shipped, COALESCE(sent.gone, 0) AS gone, COALESCE(sent.packed, 0) AS packed
		FROM fulfillment_line l LEFT JOIN sent ON sent.line = l.id
		WHERE l.shipped <> COALESCE(sent.gone, 0) OR COALESCE(sent.packed, 0) > l.quantity - l.shipped - l.cancelled`)
}

func verifyStatus(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID       id.Fulfillment `db:"id"`
		Status   Status         `db:"status"`
		Released bool           `db:"released"`
		Closed   bool           `db:"closed"`
		Open     int64          `db:"open"`
		Shipped  int64          `db:"shipped"`
	}
	return db.Each(ctx, r, func(o row) error {
		name := o.ID.String()
		switch {
		case o.Open > 0 && o.Status.Done():
			report.Equal(ruleStatus, name, "status", o.Status, InProgress)
		case o.Open == 0 && o.Shipped > 0:
			report.Equal(ruleStatus, name, "status", o.Status, Closed)
		case o.Open == 0 && o.Status != Cancelled && o.Status != Rejected:
			report.Equal(ruleStatus, name, "status", o.Status, Cancelled)
		case o.Shipped > 0 && (o.Status == Scheduled || o.Status == Open):
			report.Equal(ruleStatus, name, "status", o.Status, InProgress)
		}
		report.Equal(ruleStatus, name, "closed_at is set", o.Closed, o.Status.Done())
		if o.Status == Open || o.Status == InProgress || o.Status == Scheduled {
			report.Equal(ruleStatus, name, "released_at is set", o.Released, o.Status != Scheduled)
		}
		return nil
	}, `
		SELECT o.id, o.status, o.released_at IS NOT NULL AS released, o.closed_at IS NOT NULL AS closed,
			COALESCE(l.open, 0) AS open, COALESCE(l.shipped, 0) AS shipped
		FROM fulfillment_order o LEFT JOIN (
			SELECT fulfillment_id, CAST(SUM(quantity - shipped - cancelled) AS BIGINT) AS open, CAST(SUM(shipped) AS BIGINT) AS shipped
			FROM fulfillment_line GROUP BY fulfillment_id
		) l ON l.fulfillment_id = o.id`)
}

// verifyTracking takes shipments in pages, since the newest event is found in memory.
func verifyTracking(ctx context.Context, r db.Reader, report check.Report) error {
	var last id.Shipment
	for {
		var w db.Where
		w.And("id IN (SELECT shipment_id FROM tracking_event)")
		if !last.IsZero() {
			w.And("id > ?", last)
		}
		rows, err := db.Select[Shipment](ctx, r, `SELECT `+db.Columns[Shipment]()+` FROM shipment`+w.SQL()+` ORDER BY id LIMIT 1000`, w.Args()...)
		if err != nil || len(rows) == 0 {
			return err
		}
		shipments := make([]*Shipment, len(rows))
		for i := range rows {
			shipments[i] = &rows[i]
		}
		newest, delivered, err := trackedOf(ctx, r, shipments)
		if err != nil {
			return err
		}
		for _, s := range shipments {
			report.Equal(ruleTracking, s.ID.String(), "tracking_status", s.Tracking, newest[s.ID].Status)
			if at, ok := delivered[s.ID]; ok && s.Status == ShipmentShipped {
				report(check.Difference{Rule: ruleTracking, Object: s.ID.String(), Field: "status", Stored: string(s.Status), Computed: "delivered at " + at.String()})
			}
		}
		last = rows[len(rows)-1].ID
	}
}

func verifyPicks(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Line     id.FulfillmentLine `db:"line"`
		Batched  int64              `db:"batched"`
		Unpicked int64              `db:"unpicked"`
	}
	err := db.Each(ctx, r, func(p row) error {
		report(check.Difference{Rule: rulePicks, Object: p.Line.String(), Field: "units left in pick batches", Stored: fmt.Sprint(p.Batched), Computed: fmt.Sprintf("%d at most", p.Unpicked)})
		return nil
	}, `
		WITH todo AS (
			SELECT fulfillment_line_id AS line, CAST(SUM(quantity - picked - short) AS BIGINT) AS batched FROM pick_line
			WHERE batch_id IN (SELECT id FROM pick_batch WHERE status IN ('open', 'picking')) GROUP BY fulfillment_line_id
		)
		SELECT todo.line, todo.batched, l.quantity - l.shipped - l.cancelled - l.picked AS unpicked
		FROM todo JOIN fulfillment_line l ON l.id = todo.line
		WHERE todo.batched > l.quantity - l.shipped - l.cancelled - l.picked`)
	if err != nil {
		return err
	}
	return db.Each(ctx, r, func(p PickLine) error {
		want := p
		want.count(0, 0, "")
		report.Equal(rulePicks, p.ID.String(), "status", p.Status, want.Status)
		return nil
	}, `
		SELECT `+db.Columns[PickLine]()+` FROM pick_line
		WHERE status <> CASE WHEN picked + short < quantity THEN 'to_pick' WHEN short > 0 THEN 'short' ELSE 'picked' END`)
}
