package fulfillment

import (
	"context"
	"fmt"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/code"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/setting"
)

// PickupRules are how long goods wait for their customers.
type PickupRules struct {
	Days   int64 `json:"days" minimum:"0" maximum:"365" doc:"Days that goods are kept once they are ready; 0: for ever."`
	Refund bool  `json:"refund" doc:"What was paid for goods that nobody fetched is given back at once. Otherwise it is shown as paid too much."`
}

const pickupRules = "fulfillment.pickup"

// LoadPickupRules returns the merchant's rules for pickups.
func LoadPickupRules(ctx context.Context, r db.Reader) (PickupRules, error) {
	return setting.Get(ctx, r, pickupRules, PickupRules{Days: 7})
}

// SavePickupRules replaces the rules, for what is made ready from now on.
func SavePickupRules(ctx context.Context, tx *db.Tx, rules PickupRules) (PickupRules, error) {
	if rules.Days < 0 || rules.Days > 365 {
		return rules, fault.Fields{"days": "is not between 0 and 365"}.Err("pickup.invalid", "The rules cannot be saved like this.")
	}
	return rules, setting.Set(ctx, tx, pickupRules, rules)
}

// WaitUntil is until when goods wait that are ready at a time.
func (rules PickupRules) WaitUntil(now time.Time) time.Time {
	if rules.Days == 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, int(rules.Days))
}

// PickupOf returns the pickup of a taken order, a new one where it was never ready.
func PickupOf(ctx context.Context, r db.Reader, o *Order) (*Pickup, error) {
	found, err := db.SelectIn[Pickup](ctx, r, `SELECT `+db.Columns[Pickup]()+` FROM pickup WHERE fulfillment_id IN (/*in*/)`, []id.Fulfillment{o.ID})
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return &found[0], nil
	}
	return &Pickup{Fulfillment: o.ID, Order: o.Order, Location: o.Location, Code: code.New(codeLength)}, nil
}

// SavePickup writes the pickup of a taken order.
func SavePickup(ctx context.Context, tx *db.Tx, p *Pickup) error {
	if p.CreatedAt.IsZero() {
		p.CreatedAt = tx.Now()
	}
	_, err := db.Insert(ctx, tx, "pickup", []Pickup{*p}, `
		ON CONFLICT (fulfillment_id) DO UPDATE SET wait_until = excluded.wait_until, reminders = excluded.reminders,
			reminded_at = excluded.reminded_at, arrived_at = excluded.arrived_at, bay = excluded.bay, expired_at = excluded.expired_at`)
	if _, taken := db.Violated(err); taken {
		return db.ErrRetry // another pickup has the code, once in a million years
	}
	return err
}

// RecordHandover stores who took the goods of a stored shipment.
func RecordHandover(ctx context.Context, tx *db.Tx, h Handover) error {
	h.Actor = actor.Name(ctx)
	_, err := db.Insert(ctx, tx, "pickup_handover", []Handover{h})
	return err
}

// UndoHandover says that nobody took the goods of a shipment of a taken order
// after all, if anybody did: they wait again, for as long as they would from now.
func UndoHandover(ctx context.Context, tx *db.Tx, o *Order, s *Shipment) error {
	n, err := tx.Exec(ctx, `UPDATE pickup_handover SET undone_by = ?, undone_at = ? WHERE shipment_id = ? AND undone_at IS NULL`,
		actor.Name(ctx), tx.Now(), s.ID)
	if err != nil || n == 0 {
		return err
	}
	p, err := PickupOf(ctx, tx, o)
	if err != nil {
		return err
	}
	rules, err := LoadPickupRules(ctx, tx)
	if err != nil {
		return err
	}
	p.WaitUntil = rules.WaitUntil(tx.Now())
	if err := SavePickup(ctx, tx, p); err != nil {
		return err
	}
	return event.Record(ctx, tx, HandoverUndone{o.about(), s.ID, s.Units()})
}

// PickupsDue are pickups whose customers did not come until a time, behind after,
// a batch at a time.
func PickupsDue(ctx context.Context, r db.Reader, until time.Time, after id.Fulfillment, limit int) ([]id.Fulfillment, error) {
	var w db.Where
	w.And("o.status = 'in_progress' AND o.ready_at IS NOT NULL")
	w.And("p.wait_until <= ?", until)
	if !after.IsZero() {
		w.And("o.id > ?", after)
	}
	return db.Select[id.Fulfillment](ctx, r, `
		SELECT o.id FROM fulfillment_order o JOIN pickup p ON p.fulfillment_id = o.id`+w.SQL()+` ORDER BY o.id LIMIT ?`, w.Args(limit)...)
}

// Expire says that nobody fetched units of a pickup until its time was over.
// Errors: Conflict pickup.not_due where that is not so, since the customer was
// given more time.
func Expire(ctx context.Context, tx *db.Tx, o *Order, units int64) error {
	n, err := tx.Exec(ctx, `UPDATE pickup SET expired_at = ? WHERE fulfillment_id = ? AND wait_until <= ?`, tx.Now(), o.ID, tx.Now())
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "pickup.not_due", "The goods still wait for their customer.")
	}
	if err != nil {
		return err
	}
	return event.Record(ctx, tx, PickupRanOut{o.about(), units})
}

// PickupFilter selects pickups that were ready once; what is empty selects all.
type PickupFilter struct {
	Locations    []id.Location // of a user who is limited to some: these
	Orders       []id.Order
	Fulfillments []id.Fulfillment
	Code         string
	Waiting      bool // only those that wait for their customers
	Limit        int  // 1 to MaxLimit; 0 is 50
	After        string
}

// Pickups returns a page of pickups, newest first. next is empty on the last page.
func Pickups(ctx context.Context, r db.Reader, f PickupFilter) (page []Pickup, next string, err error) {
	var w db.Where
	db.In(&w, "o.location_id", f.Locations)
	db.In(&w, "o.order_id", f.Orders)
	db.In(&w, "o.id", f.Fulfillments)
	if f.Code != "" {
		w.And("p.code = ?", code.Clean(f.Code))
	}
	if f.Waiting {
		w.And("o.status = 'in_progress' AND o.ready_at IS NOT NULL")
	}
	if f.After != "" {
		var last id.Fulfillment
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("o.id < ?", last)
	}
	n := limit(f.Limit)
	ids, err := db.Select[id.Fulfillment](ctx, r, `
		SELECT o.id FROM fulfillment_order o JOIN pickup p ON p.fulfillment_id = o.id`+w.SQL()+` ORDER BY o.id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(ids) > n {
		ids = ids[:n]
		next = ids[n-1].String()
	}
	page, err = pickups(ctx, r, ids)
	return page, next, err
}

// pickups reads pickups whole, in the order of ids.
func pickups(ctx context.Context, r db.Reader, ids []id.Fulfillment) ([]Pickup, error) {
	orders, err := Get(ctx, r, ids...)
	if err != nil {
		return nil, err
	}
	rows, err := db.SelectIn[Pickup](ctx, r, `SELECT `+db.Columns[Pickup]()+` FROM pickup WHERE fulfillment_id IN (/*in*/)`, ids)
	if err != nil {
		return nil, err
	}
	handovers, err := db.SelectIn[Handover](ctx, r, `
		SELECT `+db.Columns[Handover]()+` FROM pickup_handover WHERE fulfillment_id IN (/*in*/) ORDER BY at, shipment_id`, ids)
	byID := make(map[id.Fulfillment]*Pickup, len(rows))
	for i := range rows {
		rows[i].Handovers = []Handover{}
		byID[rows[i].Fulfillment] = &rows[i]
	}
	for _, h := range handovers {
		byID[h.Fulfillment].Handovers = append(byID[h.Fulfillment].Handovers, h)
	}
	for _, o := range orders {
		p := byID[o.ID]
		p.State, p.ReadyAt = o.PickupState(p), o.ReadyAt
	}
	out := make([]Pickup, 0, len(ids))
	for _, f := range ids {
		out = append(out, *byID[f])
	}
	return out, err
}

// ErasePersons removes the names of those who took goods of orders.
func ErasePersons(ctx context.Context, tx *db.Tx, orders []id.Order) error {
	return db.Chunks(unique(orders), func(part []id.Order) error {
		_, err := tx.Exec(ctx, `
			UPDATE pickup_handover SET person = '' WHERE fulfillment_id IN (SELECT fulfillment_id FROM pickup WHERE order_id IN (`+db.Marks(len(part))+`))`, db.Args(part)...)
		return err
	})
}

// verifyPickups checks that goods which were ready have a code, and that of goods
// which a customer fetched it is known who took them, and of no others.
func verifyPickups(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		Object id.Fulfillment `db:"id"`
		Ready  int64          `db:"ready"`
		Codes  int64          `db:"codes"`
		Left   int64          `db:"gone"`
		Taken  int64          `db:"taken"`
	}
	return db.Each(ctx, r, func(p row) error {
		report.Equal(rulePickup, p.Object.String(), "codes", fmt.Sprint(p.Codes), fmt.Sprint(max(p.Codes, p.Ready)))
		report.Equal(rulePickup, p.Object.String(), "handovers", p.Taken, p.Left)
		return nil
	}, `
		WITH fetched AS (
			SELECT s.fulfillment_id, COUNT(*) AS gone FROM shipment s JOIN fulfillment_order f ON f.id = s.fulfillment_id
			WHERE f.kind = 'pickup' AND s.status IN ('shipped', 'delivered') AND EXISTS (SELECT 1 FROM pickup p WHERE p.fulfillment_id = f.id) GROUP BY s.fulfillment_id
		), handed AS (
			SELECT fulfillment_id, COUNT(*) AS taken FROM pickup_handover WHERE undone_at IS NULL GROUP BY fulfillment_id
		)
		SELECT o.id, CASE WHEN o.ready_at IS NULL THEN 0 ELSE 1 END AS ready, CASE WHEN p.code IS NULL THEN 0 ELSE 1 END AS codes,
			COALESCE(fetched.gone, 0) AS gone, COALESCE(handed.taken, 0) AS taken
		FROM fulfillment_order o LEFT JOIN pickup p ON p.fulfillment_id = o.id
			LEFT JOIN fetched ON fetched.fulfillment_id = o.id LEFT JOIN handed ON handed.fulfillment_id = o.id
		WHERE o.ready_at IS NOT NULL AND p.code IS NULL OR COALESCE(fetched.gone, 0) <> COALESCE(handed.taken, 0)`)
}
