package fulfillment

import (
	"context"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
)

// InsertShipments stores new shipments in the state that they are in, gives
// them numbers, and records what they are. Save their orders too.
func InsertShipments(ctx context.Context, tx *db.Tx, shipments []*Shipment) error {
	if len(shipments) == 0 {
		return nil
	}
	numbers, err := number.Next(ctx, tx, number.Shipment, len(shipments))
	if err != nil {
		return err
	}
	rows := make([]Shipment, len(shipments))
	var lines []ShipmentLine
	var facts []event.Fact
	for i, s := range shipments {
		s.Number = numbers[i]
		if s.CreatedBy == "" {
			s.CreatedBy = actor.Name(ctx)
		}
		rows[i] = *s
		lines = append(lines, s.Lines...)
		facts = append(facts, s.past()...)
		if !s.Parcel.IsZero() {
			facts = append(facts, JoinedParcel{s.about(), s.Parcel})
		}
		s.facts = nil
	}
	if _, err := db.Insert(ctx, tx, "shipment", rows); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "shipment_line", lines); err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}

// past is what must have happened to a shipment in its state.
func (s *Shipment) past() []event.Fact {
	packed := Packed{s.about(), s.Units()}
	switch s.Status {
	case ShipmentPacking:
		return []event.Fact{packed}
	case ShipmentLabelled:
		return []event.Fact{packed, Labelled{s.about(), s.Carrier, s.Service, s.TrackingNumber}}
	case ShipmentDelivered:
		return []event.Fact{s.shipped(), Delivered{s.about(), s.DeliveredAt}}
	}
	return []event.Fact{s.shipped()}
}

// TakeShipments locks shipments in the order of their ids and loads them,
// sorted by id. All of them must be there. Take their sales orders and their
// fulfillment orders first.
func TakeShipments(ctx context.Context, tx *db.Tx, ids ...id.Shipment) ([]*Shipment, error) {
	ids = unique(ids)
	shipments, err := loadShipments(ctx, tx, `WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return nil, err
	}
	for i, want := range ids {
		if i == len(shipments) || shipments[i].ID != want {
			return nil, fault.New(fault.NotFound, "shipment.not_found", "There is no shipment %s.", want)
		}
	}
	return shipments, nil
}

// TakePacked is TakeShipments of those of a taken fulfillment order that have not
// left, newest first.
func TakePacked(ctx context.Context, tx *db.Tx, f id.Fulfillment) ([]*Shipment, error) {
	return loadShipments(ctx, tx, `WHERE status IN ('packing', 'labelled') AND fulfillment_id IN (/*in*/) ORDER BY id DESC`+tx.ForUpdate(), []id.Fulfillment{f})
}

// SaveShipments writes taken shipments as their methods have left them, each
// with its next version, and records the facts. One that changed since it was
// read is Stale.
func SaveShipments(ctx context.Context, tx *db.Tx, shipments []*Shipment) error {
	err := db.Chunks(shipments, func(part []*Shipment) error {
		args := make([]any, 0, len(part)*12)
		for _, s := range part {
			args = append(args, s.ID, s.Version, string(s.Status), string(s.Tracking), s.Carrier, s.Service,
				s.TrackingNumber, s.TrackingURL, s.Cost, s.ShippedAt, s.DeliveredAt, s.Parcel)
		}
		n, err := tx.Exec(ctx, `
			UPDATE shipment SET version = version + 1, status = v.column3, tracking_status = v.column4, carrier = v.column5, service = v.column6,
				tracking_number = v.column7, tracking_url = v.column8, cost_minor = v.column9, shipped_at = v.column10, delivered_at = v.column11, parcel_id = v.column12
			FROM (VALUES `+db.Tuples(len(part), 12, "uuid", "bigint", "text", "text", "text", "text", "text", "text",
			"bigint", "timestamptz", "timestamptz", "uuid")+`) AS v
			WHERE shipment.id = v.column1 AND shipment.version = v.column2`, args...)
		if err == nil && n < int64(len(part)) {
			err = fault.New(fault.Stale, "shipment.stale", "A shipment was changed meanwhile. Load it again.")
		}
		return err
	})
	if err != nil {
		return err
	}
	var facts []event.Fact
	for _, s := range shipments {
		facts = append(facts, s.facts...)
		s.facts = nil
		s.Version++
	}
	return event.Record(ctx, tx, facts...)
}

// Shipments returns shipments in the order of their ids; those that are not
// there are left out.
func Shipments(ctx context.Context, r db.Reader, ids ...id.Shipment) ([]*Shipment, error) {
	return loadShipments(ctx, r, `WHERE id IN (/*in*/) ORDER BY id`, unique(ids))
}

// ShipmentsByOrder returns the shipments of sales orders, oldest first.
func ShipmentsByOrder(ctx context.Context, r db.Reader, sales []id.Order) (map[id.Order][]*Shipment, error) {
	shipments, err := loadShipments(ctx, r, `WHERE order_id IN (/*in*/) ORDER BY id`, unique(sales))
	out := make(map[id.Order][]*Shipment, len(sales))
	for _, s := range shipments {
		out[s.Order] = append(out[s.Order], s)
	}
	return out, err
}

func loadShipments[K any](ctx context.Context, r db.Reader, where string, keys []K) ([]*Shipment, error) {
	rows, err := db.SelectIn[Shipment](ctx, r, `SELECT `+db.Columns[Shipment]()+` FROM shipment `+where, keys)
	if err != nil {
		return nil, err
	}
	return withShipmentLines(ctx, r, rows)
}

func withShipmentLines(ctx context.Context, r db.Reader, rows []Shipment) ([]*Shipment, error) {
	shipments := make([]*Shipment, len(rows))
	ids := make([]id.Shipment, len(rows))
	byID := make(map[id.Shipment]*Shipment, len(rows))
	for i := range rows {
		s := &rows[i]
		shipments[i], ids[i], byID[s.ID] = s, s.ID, s
	}
	lines, err := db.SelectIn[ShipmentLine](ctx, r, `
		SELECT `+db.Columns[ShipmentLine]()+` FROM shipment_line WHERE shipment_id IN (/*in*/) ORDER BY id`, ids)
	for _, l := range lines {
		byID[l.Shipment].Lines = append(byID[l.Shipment].Lines, l)
	}
	return shipments, err
}

// ShipmentFilter selects shipments; what is empty selects all.
type ShipmentFilter struct {
	Locations      []id.Location // of a user who is limited to some: these
	Orders         []id.Order
	Fulfillments   []id.Fulfillment
	Statuses       []ShipmentStatus
	Trackings      []Tracking
	TrackingNumber string // exact
	Number         int64
	CreatedFrom    time.Time
	CreatedTo      time.Time // not included
	Limit          int       // 1 to MaxLimit; 0 is 50
	After          string    // the cursor that the page before gave
}

// ListShipments returns a page of shipments, newest first. next is empty on the
// last page.
func ListShipments(ctx context.Context, r db.Reader, f ShipmentFilter) (page []*Shipment, next string, err error) {
	var w db.Where
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "order_id", f.Orders)
	db.In(&w, "fulfillment_id", f.Fulfillments)
	db.In(&w, "status", f.Statuses)
	db.In(&w, "tracking_status", f.Trackings)
	if f.TrackingNumber != "" {
		w.And("tracking_number <> '' AND tracking_number = ?", f.TrackingNumber)
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
		var last id.Shipment
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	rows, err := db.Select[Shipment](ctx, r, `SELECT `+db.Columns[Shipment]()+` FROM shipment`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		next = rows[n-1].ID.String()
	}
	page, err = withShipmentLines(ctx, r, rows)
	return page, next, err
}
