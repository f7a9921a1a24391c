package fulfillment

import (
	"cmp"
	"context"
	"slices"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
)

// CreateBatch makes a pick batch of what is to be picked of taken orders of a
// location and is in no other batch, most urgent orders first. For one order's
// pick list, give one.
func CreateBatch(ctx context.Context, tx *db.Tx, location id.Location, assignee id.User, orders []*Order) (*PickBatch, error) {
	orders = slices.Clone(orders)
	slices.SortFunc(orders, func(a, b *Order) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.CreatedAt.Compare(b.CreatedAt), a.ID.Compare(b.ID))
	})
	ids := make([]id.Fulfillment, 0, len(orders))
	for _, o := range orders {
		if o.Location != location {
			return nil, fault.New(fault.Invalid, "pick_batch.other_location", "Fulfillment order %s is of another location.", o.ID)
		}
		if o.Status != Open && o.Status != InProgress {
			return nil, o.forbids("picked", "")
		}
		ids = append(ids, o.ID)
	}
	elsewhere, err := batched(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	b := &PickBatch{
		ID: id.New[id.Batch](tx.Now()), Location: location, AssignedTo: assignee,
		CreatedBy: actor.Name(ctx), CreatedAt: tx.Now(), Version: 1,
	}
	for _, o := range orders {
		for _, l := range o.PickLines() {
			for _, e := range elsewhere[l.FulfillmentLine] {
				l.Quantity -= e.Left()
			}
			if l.Quantity > 0 {
				l.ID, l.Batch = id.New[id.PickLine](tx.Now()), b.ID
				b.Lines = append(b.Lines, l)
			}
		}
	}
	if len(b.Lines) == 0 {
		return nil, fault.New(fault.Conflict, "pick_batch.nothing", "There is nothing to pick: all of it is picked, or in another batch.")
	}
	numbers, err := number.Next(ctx, tx, number.PickBatch, 1)
	if err != nil {
		return nil, err
	}
	b.Number = numbers[0]
	b.become(BatchOpen)
	if _, err := db.Insert(ctx, tx, "pick_batch", []PickBatch{*b}); err != nil {
		return nil, err
	}
	lines := make([]PickLine, len(b.Lines))
	for i, l := range b.Lines {
		lines[i] = *l
	}
	if _, err := db.Insert(ctx, tx, "pick_line", lines); err != nil {
		return nil, err
	}
	return b, b.record(ctx, tx)
}

// batched returns the lines of unfinished batches in which lines of orders are
// still to be picked, newest first.
func batched(ctx context.Context, r db.Reader, orders []id.Fulfillment) (map[id.FulfillmentLine][]*PickLine, error) {
	rows, err := db.SelectIn[PickLine](ctx, r, `
		SELECT `+db.Columns[PickLine]()+` FROM pick_line
		WHERE status = 'to_pick' AND batch_id IN (SELECT id FROM pick_batch WHERE status IN ('open', 'picking'))
			AND fulfillment_id IN (/*in*/)
		ORDER BY id DESC`, unique(orders))
	out := make(map[id.FulfillmentLine][]*PickLine, len(rows))
	for i := range rows {
		p := &rows[i]
		out[p.FulfillmentLine] = append(out[p.FulfillmentLine], p)
	}
	return out, err
}

// withdraw marks units short in unfinished batches that are no longer to be
// picked, so that no batch holds more of a line than that. Whoever writes the
// pick lines of an order holds the order's lock.
func withdraw(ctx context.Context, tx *db.Tx, lines []*Line) error {
	ids := make([]id.Fulfillment, len(lines))
	for i, l := range lines {
		ids[i] = l.Fulfillment
	}
	in, err := batched(ctx, tx, ids)
	if err != nil {
		return err
	}
	var changed []*PickLine
	for _, l := range lines {
		var left int64
		for _, p := range in[l.ID] {
			left += p.Left()
		}
		for _, p := range in[l.ID] {
			n := min(p.Left(), left-l.ToPick())
			if n <= 0 {
				break
			}
			p.count(0, n, ReasonCancelled)
			left -= n
			changed = append(changed, p)
		}
	}
	return writePicks(ctx, tx, changed)
}

func writePicks(ctx context.Context, tx *db.Tx, lines []*PickLine) error {
	return db.Chunks(lines, func(part []*PickLine) error {
		args := make([]any, 0, len(part)*5)
		for _, l := range part {
			args = append(args, l.ID, l.Picked, l.Short, l.ShortReason, string(l.Status))
		}
		_, err := tx.Exec(ctx, `
			UPDATE pick_line SET picked = v.column2, short = v.column3, short_reason = v.column4, status = v.column5
			FROM (VALUES `+db.Tuples(len(part), 5, "uuid", "bigint", "bigint", "text", "text")+`) AS v
			WHERE pick_line.id = v.column1`, args...)
		return err
	})
}

// TakeBatch locks a batch and its fulfillment orders and loads them. Take their
// sales orders first: OrdersOfBatch tells which.
func TakeBatch(ctx context.Context, tx *db.Tx, batch id.Batch) (*PickBatch, []*Order, error) {
	b, err := getBatch(ctx, tx, batch, tx.ForUpdate())
	if err != nil {
		return nil, nil, err
	}
	ids, err := db.Select[id.Fulfillment](ctx, tx, `SELECT DISTINCT fulfillment_id FROM pick_line WHERE batch_id = ?`, batch)
	if err != nil {
		return nil, nil, err
	}
	orders, err := Take(ctx, tx, ids...)
	if err != nil {
		return nil, nil, err
	}
	return b, orders, withPicks(ctx, tx, []*PickBatch{b})
}

// GetBatch returns a batch.
func GetBatch(ctx context.Context, r db.Reader, batch id.Batch) (*PickBatch, error) {
	b, err := getBatch(ctx, r, batch, "")
	if err != nil {
		return nil, err
	}
	return b, withPicks(ctx, r, []*PickBatch{b})
}

func getBatch(ctx context.Context, r db.Reader, batch id.Batch, tail string) (*PickBatch, error) {
	b, err := db.Get[PickBatch](ctx, r, `SELECT `+db.Columns[PickBatch]()+` FROM pick_batch WHERE id = ?`+tail, batch)
	if db.None(err) {
		err = fault.New(fault.NotFound, "pick_batch.not_found", "There is no pick batch %s.", batch)
	}
	return &b, err
}

func withPicks(ctx context.Context, r db.Reader, batches []*PickBatch) error {
	ids := make([]id.Batch, len(batches))
	byID := make(map[id.Batch]*PickBatch, len(batches))
	for i, b := range batches {
		ids[i], byID[b.ID] = b.ID, b
	}
	lines, err := db.SelectIn[PickLine](ctx, r, `
		SELECT `+db.Columns[PickLine]()+` FROM pick_line WHERE batch_id IN (/*in*/) ORDER BY id`, ids)
	for i := range lines {
		b := byID[lines[i].Batch]
		b.Lines = append(b.Lines, &lines[i])
	}
	return err
}

// OrdersOfBatch returns the sales orders of a batch, sorted by id: those to
// take before TakeBatch.
func OrdersOfBatch(ctx context.Context, r db.Reader, batch id.Batch) ([]id.Order, error) {
	return db.Select[id.Order](ctx, r, `
		SELECT DISTINCT o.order_id FROM pick_line p JOIN fulfillment_order o ON o.id = p.fulfillment_id
		WHERE p.batch_id = ? ORDER BY o.order_id`, batch)
}

// SaveBatch writes a taken batch and the orders that came with it, and records
// the facts. Do not Save the orders too.
func SaveBatch(ctx context.Context, tx *db.Tx, b *PickBatch, orders []*Order) error {
	n, err := tx.Exec(ctx, `
		UPDATE pick_batch SET version = version + 1, status = ?, assigned_to = ?::uuid, closed_at = ?::timestamptz WHERE id = ? AND version = ?`,
		string(b.Status), b.AssignedTo, b.ClosedAt, b.ID, b.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return stale("pick batch", b.Version)
	}
	b.Version++
	if err := writePicks(ctx, tx, b.Lines); err != nil {
		return err
	}
	if err := Save(ctx, tx, orders); err != nil {
		return err
	}
	return b.record(ctx, tx)
}

func (b *PickBatch) record(ctx context.Context, tx *db.Tx) error {
	facts := b.facts
	b.facts = nil
	return event.Record(ctx, tx, facts...)
}

// BatchFilter selects pick batches; what is empty selects all.
type BatchFilter struct {
	Locations  []id.Location // of a user who is limited to some: these
	Statuses   []BatchStatus
	AssignedTo id.User
	Limit      int    // 1 to MaxLimit; 0 is 50
	After      string // the cursor that the page before gave
}

// ListBatches returns a page of batches with their lines, newest first. next is
// empty on the last page.
func ListBatches(ctx context.Context, r db.Reader, f BatchFilter) (page []*PickBatch, next string, err error) {
	var w db.Where
	db.In(&w, "location_id", f.Locations)
	db.In(&w, "status", f.Statuses)
	if !f.AssignedTo.IsZero() {
		w.And("assigned_to = ?", f.AssignedTo)
	}
	if f.After != "" {
		var last id.Batch
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	rows, err := db.Select[PickBatch](ctx, r, `SELECT `+db.Columns[PickBatch]()+` FROM pick_batch`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > n {
		rows = rows[:n]
		next = rows[n-1].ID.String()
	}
	page = make([]*PickBatch, len(rows))
	for i := range rows {
		page[i] = &rows[i]
	}
	return page, next, withPicks(ctx, r, page)
}
