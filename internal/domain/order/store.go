package order

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
)

// Existing finds the orders of a channel that were taken in already, by the
// channel's own ids.
func Existing(ctx context.Context, r db.Reader, channel id.Channel, externals []string) (map[string]id.Order, error) {
	type row struct {
		External string   `db:"external_id"`
		ID       id.Order `db:"id"`
	}
	externals = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(externals))), func(s string) bool { return s == "" })
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT external_id, id FROM sales_order WHERE channel_id = ? AND external_id <> '' AND external_id IN (/*in*/)`, externals, channel)
	out := make(map[string]id.Order, len(rows))
	for _, o := range rows {
		out[o.External] = o.ID
	}
	return out, err
}

// Insert stores new orders with all their parts and gives them their numbers.
// An order that its channel has sent before is a Conflict, with the id of the
// one that is there: ask Existing first. Since another transaction may take the
// same order in between, the caller's transaction is run again before it gets to
// see the Conflict. Build the orders in the transaction: those of one that
// failed are of no use.
func Insert(ctx context.Context, tx *db.Tx, orders []*Order) error {
	if len(orders) == 0 {
		return nil
	}
	if err := refuseKnown(ctx, tx, orders); err != nil {
		return err
	}
	numbers, err := number.Next(ctx, tx, number.Order, len(orders))
	if err != nil {
		return err
	}
	headers := make([]Header, len(orders))
	for i, o := range orders {
		o.Number, o.UpdatedAt = numbers[i], tx.Now()
		if o.CreatedBy == "" {
			o.CreatedBy = auth.Actor(ctx)
		}
		o.Refresh(tx.Now())
		o.stampHolds(ctx, tx)
		headers[i] = o.Header
	}
	// Two batches that bring the same orders meet in the same order.
	slices.SortFunc(headers, func(a, b Header) int {
		return cmp.Or(a.Channel.Compare(b.Channel), cmp.Compare(a.ExternalID, b.ExternalID), a.ID.Compare(b.ID))
	})
	if _, err := db.Insert(ctx, tx, "sales_order", headers); err != nil {
		if name, ok := db.Violated(err); ok && (name == "sales_order_external" || name == "sales_order.channel_id, sales_order.external_id") {
			return db.ErrRetry
		}
		return err
	}
	if err := insertParts(ctx, tx, orders); err != nil {
		return err
	}
	if err := saveTags(ctx, tx, orders); err != nil {
		return err
	}
	var facts []event.Fact
	for _, o := range orders {
		if o.Status == StatusDraft {
			facts = append(facts, Drafted{o.about(), o.Channel, len(o.Lines), o.Total, o.Currency})
		} else {
			facts = append(facts, o.placedFact())
		}
		if o.Status == StatusCompleted {
			facts = append(facts, Completed{o.about()})
		}
		facts = append(facts, o.holdFacts()...)
		o.keep()
	}
	return event.Record(ctx, tx, facts...)
}

// refuseKnown refuses orders that are there already, or twice in orders.
func refuseKnown(ctx context.Context, tx *db.Tx, orders []*Order) error {
	externals := map[id.Channel][]string{}
	first := map[id.Channel]map[string]id.Order{}
	for _, o := range orders {
		if o.ExternalID == "" {
			continue
		}
		if first[o.Channel] == nil {
			first[o.Channel] = map[string]id.Order{}
		}
		if there, ok := first[o.Channel][o.ExternalID]; ok {
			return known(o.ExternalID, there)
		}
		first[o.Channel][o.ExternalID] = o.ID
		externals[o.Channel] = append(externals[o.Channel], o.ExternalID)
	}
	for channel, list := range externals {
		there, err := Existing(ctx, tx, channel, list)
		if err != nil {
			return err
		}
		for external, order := range there {
			// The caller asked, and another transaction came between: if it
			// asks again it finds the order.
			return fmt.Errorf("%w (%w)", known(external, order), db.ErrRetry)
		}
	}
	return nil
}

func known(external string, order id.Order) error {
	return fault.New(fault.Conflict, "order.known", "The channel's order %q is here already.", external).
		With(map[string]id.Order{"order_id": order})
}

// insertParts stores the parts of orders of which no row is there yet: all of
// them, or lines that an edit or a mapping added. Charges and discounts, which are
// few, are written anew together.
func insertParts(ctx context.Context, tx *db.Tx, orders []*Order) error {
	var lines []Line
	var charges []Charge
	var discounts []Discount
	var holds []Hold
	for _, o := range orders {
		for _, l := range o.Lines {
			if !l.stored {
				lines = append(lines, *l)
			}
		}
		if !o.taken || o.rebuilt || o.repriced {
			for _, c := range o.Charges {
				charges = append(charges, *c)
			}
			for _, d := range o.Discounts {
				discounts = append(discounts, *d)
			}
		}
		for _, h := range o.Holds {
			if !h.stored {
				holds = append(holds, *h)
			}
		}
	}
	if _, err := db.Insert(ctx, tx, "order_line", lines); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "order_charge", charges); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "order_discount", discounts); err != nil {
		return err
	}
	_, err := db.Insert(ctx, tx, "order_hold", holds)
	return err
}

// stampHolds says who placed new holds and who ended others, and when.
func (o *Order) stampHolds(ctx context.Context, tx *db.Tx) {
	for _, h := range o.Holds {
		if !h.stored && h.ID.IsZero() {
			h.ID, h.PlacedBy, h.PlacedAt = id.New[id.Hold](tx.Now()), auth.Actor(ctx), tx.Now()
		}
		if h.ended && h.ReleasedAt.IsZero() {
			h.ReleasedBy, h.ReleasedAt = auth.Actor(ctx), tx.Now()
		}
	}
}

func (o *Order) holdFacts() (facts []event.Fact) {
	for _, h := range o.Holds {
		if !h.stored {
			facts = append(facts, Held{o.about(), h.ID, h.Reason, h.Source, h.Fulfillment, h.Line, h.Until})
		}
		if h.ended {
			facts = append(facts, HoldEnded{o.about(), h.ID, h.Reason, h.Status, o.ActiveHolds})
		}
	}
	return facts
}

// keep notes that o is stored as it is.
func (o *Order) keep() {
	o.was, o.tagged, o.placed, o.rebuilt, o.repriced, o.taken, o.facts = o.statuses(), o.Tags.V, o.PlacedAt, false, false, true, nil
	for _, l := range o.Lines {
		l.keep()
	}
	for _, c := range o.Charges {
		c.wasState = c.ChargeState
	}
	for _, h := range o.Holds {
		h.stored, h.ended = true, false
	}
}

func (l *Line) keep() {
	l.wasCounts, l.wasSums, l.edited, l.repriced, l.stored = l.Counts, l.Sums, false, false, true
}

// Take locks orders until the transaction ends and loads them, in the order of
// ids, each once. It is the first thing that a command locks. Take them all at
// once: taking more later may meet another command that took them the other way
// round.
func Take(ctx context.Context, tx *db.Tx, ids ...id.Order) ([]*Order, error) {
	// On PostgreSQL the rows are locked as they come out of the sort.
	orders, err := load(ctx, tx, `SELECT `+db.Columns[Header]()+` FROM sales_order WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	for _, o := range orders {
		o.taken = true
	}
	return orders, err
}

// TakeNow is Take of orders that turned out to be needed after stock was locked,
// which is later than it should be. It waits for nobody, since whoever has one of
// them may wait for the stock: the transaction is run again then.
func TakeNow(ctx context.Context, tx *db.Tx, ids ...id.Order) ([]*Order, error) {
	if tx.Postgres() {
		wanted := distinct(ids)
		free, err := db.SelectIn[id.Order](ctx, tx, `SELECT id FROM sales_order WHERE id IN (/*in*/) ORDER BY id FOR UPDATE SKIP LOCKED`, wanted)
		if err == nil && len(free) < len(wanted) {
			err = db.ErrRetry
		}
		if err != nil {
			return nil, err
		}
	}
	return Take(ctx, tx, ids...)
}

// Get reads one order with all its parts.
func Get(ctx context.Context, r db.Reader, order id.Order) (*Order, error) {
	orders, err := Many(ctx, r, []id.Order{order})
	if err != nil {
		return nil, err
	}
	return orders[0], nil
}

// Many reads orders with all their parts, in the order of ids, each once. Unless
// r is a transaction or a snapshot, the parts may be newer than the header.
func Many(ctx context.Context, r db.Reader, ids []id.Order) ([]*Order, error) {
	return load(ctx, r, `SELECT `+db.Columns[Header]()+` FROM sales_order WHERE id IN (/*in*/)`, ids)
}

// ByNumber finds an order by our own number.
func ByNumber(ctx context.Context, r db.Reader, number int64) (*Order, error) {
	order, err := db.Get[id.Order](ctx, r, `SELECT id FROM sales_order WHERE number = ?`, number)
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "order.not_found", "There is no order %d.", number)
	}
	if err != nil {
		return nil, err
	}
	return Get(ctx, r, order)
}

// OrdersOf tells which orders lines belong to.
func OrdersOf(ctx context.Context, r db.Reader, lines []id.Line) (map[id.Line]id.Order, error) {
	type row struct {
		ID    id.Line  `db:"id"`
		Order id.Order `db:"order_id"`
	}
	rows, err := db.SelectIn[row](ctx, r, `SELECT id, order_id FROM order_line WHERE id IN (/*in*/)`, distinct(lines))
	out := make(map[id.Line]id.Order, len(rows))
	for _, l := range rows {
		out[l.ID] = l.Order
	}
	return out, err
}

// Unmapped lists the unfinished orders of a channel that have unmapped lines of
// the given listings (the channel's own ids of articles), oldest first, at most
// limit: Take them and Map.
func Unmapped(ctx context.Context, r db.Reader, channel id.Channel, listings []string) ([]id.Order, error) {
	type row struct {
		ID id.Order `db:"id"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT DISTINCT o.id FROM order_line l JOIN sales_order o ON o.id = l.order_id
		WHERE l.variant_id IS NULL AND l.kind = 'item' AND o.channel_id = ? AND o.status IN ('draft', 'pending', 'open') AND l.listing IN (/*in*/)`,
		listings, channel)
	ids := make([]id.Order, len(rows))
	for i, o := range rows {
		ids[i] = o.ID
	}
	return distinct(ids), err
}

// RunOut lists drafts and pending orders whose time is over at now, the longest
// first, at most limit.
func RunOut(ctx context.Context, r db.Reader, now time.Time, limit int) ([]id.Order, error) {
	return db.Select[id.Order](ctx, r, `
		SELECT id FROM sales_order WHERE expires_at IS NOT NULL AND expires_at <= ? AND status IN ('draft', 'pending')
		ORDER BY expires_at, id LIMIT ?`, now, limit)
}

// Unfilled lists the orders of a channel, placed before a time, that still wait
// for stock and may not wait longer at now, by id, behind after, at most limit.
func Unfilled(ctx context.Context, r db.Reader, channel id.Channel, placed, now time.Time, behind id.Order, limit int) ([]id.Order, error) {
	return db.Select[id.Order](ctx, r, `
		SELECT o.id FROM sales_order o
		WHERE o.channel_id = ? AND o.status IN ('pending', 'open') AND o.placed_at < ? AND o.id > ?
			AND (o.backorder_until IS NULL OR o.backorder_until <= ?)
			AND EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id AND l.backordered > 0)
		ORDER BY o.id LIMIT ?`, channel, placed, after(behind), now, limit)
}

// load reads orders by a query of their headers, in as many queries as there
// are tables. A missing one is NotFound.
func load(ctx context.Context, r db.Reader, query string, ids []id.Order) ([]*Order, error) {
	sorted := distinct(ids)
	headers, err := db.SelectIn[Header](ctx, r, query, sorted)
	if err != nil {
		return nil, err
	}
	orders := make(map[id.Order]*Order, len(headers))
	for _, h := range headers {
		orders[h.ID] = &Order{Header: h, Lines: []*Line{}, Charges: []*Charge{}, Discounts: []*Discount{}, Holds: []*Hold{}}
	}
	for _, wanted := range sorted {
		if orders[wanted] == nil {
			return nil, fault.New(fault.NotFound, "order.not_found", "There is no order %s.", wanted)
		}
	}
	if err := loadParts(ctx, r, orders, sorted); err != nil {
		return nil, err
	}
	out := make([]*Order, 0, len(sorted))
	for _, wanted := range ids {
		if o := orders[wanted]; o != nil {
			o.keep()
			o.taken = false
			out = append(out, o)
			delete(orders, wanted)
		}
	}
	return out, nil
}

func loadParts(ctx context.Context, r db.Reader, orders map[id.Order]*Order, ids []id.Order) error {
	lines, err := db.SelectIn[Line](ctx, r, `SELECT `+db.Columns[Line]()+` FROM order_line WHERE order_id IN (/*in*/) ORDER BY order_id, position`, ids)
	if err != nil {
		return err
	}
	charges, err := db.SelectIn[Charge](ctx, r, `SELECT `+db.Columns[Charge]()+` FROM order_charge WHERE order_id IN (/*in*/) ORDER BY order_id, position`, ids)
	if err != nil {
		return err
	}
	discounts, err := db.SelectIn[Discount](ctx, r, `SELECT `+db.Columns[Discount]()+` FROM order_discount WHERE order_id IN (/*in*/) ORDER BY order_id, id`, ids)
	if err != nil {
		return err
	}
	holds, err := db.SelectIn[Hold](ctx, r, `SELECT `+db.Columns[Hold]()+` FROM order_hold WHERE order_id IN (/*in*/) ORDER BY order_id, id`, ids)
	if err != nil {
		return err
	}
	for i := range lines {
		o := orders[lines[i].Order]
		o.Lines = append(o.Lines, &lines[i])
	}
	for i := range charges {
		o := orders[charges[i].Order]
		o.Charges = append(o.Charges, &charges[i])
	}
	for i := range discounts {
		o := orders[discounts[i].Order]
		o.Discounts = append(o.Discounts, &discounts[i])
	}
	for i := range holds {
		o := orders[holds[i].Order]
		o.Holds = append(o.Holds, &holds[i])
	}
	return nil
}
