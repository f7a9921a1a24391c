package inventory

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/number"
)

// TransferStatus is the state of a transfer.
type TransferStatus string

// The states of a transfer. A draft claims nothing; one that is ready claims
// its units at the source.
const (
	TransferDraft             TransferStatus = "draft"
	TransferReady             TransferStatus = "ready"
	TransferInTransit         TransferStatus = "in_transit"
	TransferPartiallyReceived TransferStatus = "partially_received"
	TransferReceived          TransferStatus = "received"
	TransferClosed            TransferStatus = "closed"
	TransferCancelled         TransferStatus = "cancelled"
)

// underWay tells whether goods may be between the two locations.
func (s TransferStatus) underWay() bool {
	return s == TransferInTransit || s == TransferPartiallyReceived
}

// Transfer is goods that go from one location to another.
type Transfer struct {
	ID         id.Transfer     `db:"id" json:"id"`
	Number     int64           `db:"number" json:"number"`
	From       id.Location     `db:"from_location" json:"from_location"`
	To         id.Location     `db:"to_location" json:"to_location"`
	Status     TransferStatus  `db:"status" json:"status"`
	ExpectedOn string          `db:"expected_on" json:"expected_on,omitempty" doc:"YYYY-MM-DD"`
	Reference  string          `db:"reference" json:"reference,omitempty"`
	Note       string          `db:"note" json:"note,omitempty"`
	Version    int64           `db:"version" json:"version"`
	CreatedAt  time.Time       `db:"created_at" json:"created_at"`
	ShippedAt  time.Time       `db:"shipped_at" json:"shipped_at,omitzero"`
	ClosedAt   time.Time       `db:"closed_at" json:"closed_at,omitzero"`
	Lines      []*TransferLine `json:"lines"`
}

// TransferLine is the units of one variant in a transfer. Of what was shipped,
// units are received, written off, returned to the source, or still under way.
type TransferLine struct {
	ID         id.TransferLine `db:"id" json:"id"`
	Transfer   id.Transfer     `db:"transfer_id" json:"-"`
	Position   int64           `db:"position" json:"position"`
	Variant    id.Variant      `db:"variant_id" json:"variant_id"`
	Quantity   int64           `db:"quantity" json:"quantity"`
	Shipped    int64           `db:"shipped" json:"shipped"`
	Received   int64           `db:"received" json:"received"`
	WrittenOff int64           `db:"written_off" json:"written_off"`
	Returned   int64           `db:"returned" json:"returned"`
	Reason     string          `db:"reason" json:"reason,omitempty" doc:"Why less came than was sent."`
}

// UnderWay is how many units left the source and came nowhere yet.
func (l *TransferLine) UnderWay() int64 { return l.Shipped - l.Received - l.WrittenOff - l.Returned }

// UnderWay is how many units of the transfer are between the two locations.
func (t *Transfer) UnderWay() (n int64) {
	for _, l := range t.Lines {
		n += l.UnderWay()
	}
	return n
}

// Line returns a line of the transfer, or nil.
func (t *Transfer) Line(l id.TransferLine) *TransferLine {
	for _, line := range t.Lines {
		if line.ID == l {
			return line
		}
	}
	return nil
}

// forbids says that a transfer cannot be done something with in its state.
func (t *Transfer) forbids(what, instead string) error {
	return fault.New(fault.Conflict, "transfer.wrong_state", "Transfer %d is %s and cannot be %s. %s", t.Number, t.Status, what, instead).
		With(map[string]TransferStatus{"status": t.Status})
}

func (t *Transfer) noLine(l id.TransferLine) error {
	return fault.New(fault.NotFound, "transfer.no_line", "Transfer %d has no line %s.", t.Number, l)
}

func (t *Transfer) fact(units int64, reason string) event.Fact {
	return TransferMoved{t.ID, t.Number, t.Status, t.From, t.To, units, reason}
}

func (t *Transfer) cause() Cause { return Cause{"transfer", anyOf(t.ID)} }

// NewTransfer is a transfer to be made.
type NewTransfer struct {
	From, To   id.Location
	ExpectedOn string
	Reference  string
	Note       string
	Lines      []NewTransferLine
}

// NewTransferLine is units to be moved.
type NewTransferLine struct {
	Variant  id.Variant
	Quantity int64
}

// MaxTransferLines bounds a transfer.
const MaxTransferLines = 1000

func (n *NewTransfer) clean() error {
	n.Reference, n.Note = text.Clean(n.Reference), text.Clean(n.Note)
	f := fault.Fields{}
	if n.From.IsZero() || n.To.IsZero() || n.From == n.To {
		f.Add("to", "name two different locations")
	}
	if _, err := time.Parse(time.DateOnly, n.ExpectedOn); n.ExpectedOn != "" && err != nil {
		f.Add("expected_on", "%q is not a date such as 2026-12-25", n.ExpectedOn)
	}
	if len(n.Lines) == 0 || len(n.Lines) > MaxTransferLines {
		f.Add("lines", "%d lines: a transfer has 1 to %d", len(n.Lines), MaxTransferLines)
	}
	if len(n.Reference) > maxText || len(n.Note) > 10*maxText {
		f.Add("reference", "is too long")
	}
	if err := f.Err("transfer.invalid", "The transfer cannot be saved like this."); err != nil {
		return err
	}
	for i, l := range n.Lines {
		if err := checkQuantity("lines", i, l.Quantity); err != nil {
			return err
		}
		if l.Variant.IsZero() {
			return fault.New(fault.Invalid, "transfer.no_variant", "Line %d of the transfer names no variant.", i+1)
		}
	}
	return nil
}

// CreateTransfer stores a draft.
func CreateTransfer(ctx context.Context, tx *db.Tx, n NewTransfer) (*Transfer, error) {
	if err := n.clean(); err != nil {
		return nil, err
	}
	ends, err := policiesOf(ctx, tx, []id.Location{n.From, n.To})
	if err != nil {
		return nil, err
	}
	for _, l := range []id.Location{n.From, n.To} {
		switch end, known := ends[l]; {
		case !known:
			return nil, noLocation(l)
		case end.Kind == Transit:
			return nil, fault.New(fault.Invalid, "transfer.in_transit", "Goods in transit belong to the transfer that sent them: receive, return or write them off there.")
		}
	}
	numbers, err := number.Next(ctx, tx, number.Transfer, 1)
	if err != nil {
		return nil, err
	}
	t := &Transfer{
		ID: id.New[id.Transfer](tx.Now()), Number: numbers[0], From: n.From, To: n.To, Status: TransferDraft, ExpectedOn: n.ExpectedOn,
		Reference: n.Reference, Note: n.Note, Version: 1, CreatedAt: tx.Now(),
	}
	if _, err := db.Insert(ctx, tx, "transfer", []Transfer{*t}); err != nil {
		return nil, err
	}
	if err := t.insertLines(ctx, tx, n.Lines); err != nil {
		return nil, err
	}
	return t, event.Record(ctx, tx, t.fact(t.units(), ""))
}

func (t *Transfer) units() (n int64) {
	for _, l := range t.Lines {
		n += l.Quantity
	}
	return n
}

func (t *Transfer) insertLines(ctx context.Context, tx *db.Tx, lines []NewTransferLine) error {
	rows := make([]TransferLine, len(lines))
	t.Lines = make([]*TransferLine, len(lines))
	for i, l := range lines {
		rows[i] = TransferLine{ID: id.New[id.TransferLine](tx.Now()), Transfer: t.ID, Position: int64(i + 1), Variant: l.Variant, Quantity: l.Quantity}
		t.Lines[i] = &rows[i]
	}
	_, err := db.Insert(ctx, tx, "transfer_line", rows)
	return err
}

// ChangeTransfer replaces what a draft says; its locations stay.
func ChangeTransfer(ctx context.Context, tx *db.Tx, t *Transfer, n NewTransfer) error {
	if t.Status != TransferDraft {
		return t.forbids("changed", "Cancel it and make another.")
	}
	n.From, n.To = t.From, t.To
	if err := n.clean(); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM transfer_line WHERE transfer_id = ?`, t.ID); err != nil {
		return err
	}
	t.ExpectedOn, t.Reference, t.Note = n.ExpectedOn, n.Reference, n.Note
	if err := t.insertLines(ctx, tx, n.Lines); err != nil {
		return err
	}
	return t.save(ctx, tx)
}

// TakeTransfer locks a transfer and loads it with its lines. Take it before its
// stock.
func TakeTransfer(ctx context.Context, tx *db.Tx, t id.Transfer) (*Transfer, error) {
	return loadTransfer(ctx, tx, t, tx.ForUpdate())
}

// GetTransfer loads a transfer with its lines.
func GetTransfer(ctx context.Context, r db.Reader, t id.Transfer) (*Transfer, error) {
	return loadTransfer(ctx, r, t, "")
}

func loadTransfer(ctx context.Context, r db.Reader, t id.Transfer, tail string) (*Transfer, error) {
	row, err := db.Get[Transfer](ctx, r, `SELECT `+db.Columns[Transfer]()+` FROM transfer WHERE id = ?`+tail, t)
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "transfer.not_found", "There is no transfer %s.", t)
	}
	if err != nil {
		return nil, err
	}
	rows := []Transfer{row}
	return &rows[0], loadLines(ctx, r, rows)
}

func loadLines(ctx context.Context, r db.Reader, transfers []Transfer) error {
	ids := make([]id.Transfer, len(transfers))
	at := make(map[id.Transfer]*Transfer, len(transfers))
	for i := range transfers {
		ids[i] = transfers[i].ID
		at[ids[i]] = &transfers[i]
	}
	lines, err := db.SelectIn[TransferLine](ctx, r, `
		SELECT `+db.Columns[TransferLine]()+` FROM transfer_line WHERE transfer_id IN (/*in*/) ORDER BY transfer_id, position`, ids)
	for i := range lines {
		t := at[lines[i].Transfer]
		t.Lines = append(t.Lines, &lines[i])
	}
	return err
}

// TransferFilter selects transfers; what is empty selects all.
type TransferFilter struct {
	Locations []id.Location // at either end
	Statuses  []TransferStatus
	Limit     int    // 1 to MaxLimit; 0 is 50
	After     string // the cursor that the page before gave
}

// Transfers returns a page of transfers with their lines, newest first. next is
// empty on the last page.
func Transfers(ctx context.Context, r db.Reader, f TransferFilter) (page []Transfer, next string, err error) {
	var w db.Where
	db.In(&w, "status", f.Statuses)
	if n := len(f.Locations); n > 0 {
		w.And("(from_location IN ("+db.Marks(n)+") OR to_location IN ("+db.Marks(n)+"))", append(db.Args(f.Locations), db.Args(f.Locations)...)...)
	}
	if f.After != "" {
		var last id.Transfer
		if last.UnmarshalText([]byte(f.After)) != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("id < ?", last)
	}
	n := limit(f.Limit)
	page, err = db.Select[Transfer](ctx, r, `SELECT `+db.Columns[Transfer]()+` FROM transfer`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, loadLines(ctx, r, page)
}

// save writes header and lines of a taken transfer, as its next version.
func (t *Transfer) save(ctx context.Context, tx *db.Tx) error {
	n, err := tx.Exec(ctx, `
		UPDATE transfer SET status = ?, expected_on = ?, reference = ?, note = ?, shipped_at = ?, closed_at = ?, version = version + 1
		WHERE id = ? AND version = ?`, string(t.Status), t.ExpectedOn, t.Reference, t.Note, t.ShippedAt, t.ClosedAt, t.ID, t.Version)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Stale, "inventory.stale", "Transfer %d was changed since you read it: read it again.", t.Number)
	}
	t.Version++
	return db.Chunks(t.Lines, func(part []*TransferLine) error {
		args := make([]any, 0, len(part)*6)
		for _, l := range part {
			args = append(args, l.ID, l.Shipped, l.Received, l.WrittenOff, l.Returned, l.Reason)
		}
		_, err := tx.Exec(ctx, `
			UPDATE transfer_line SET shipped = v.column2, received = v.column3, written_off = v.column4, returned = v.column5, reason = v.column6
			FROM (VALUES `+db.Tuples(len(part), 6, "uuid", "bigint", "bigint", "bigint", "bigint", "text")+`) AS v
			WHERE transfer_line.id = v.column1`, args...)
		return err
	})
}
