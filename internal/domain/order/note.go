package order

import (
	"context"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Note is what somebody of the company wrote to an order. The customer's own
// note is Header.CustomerNote.
type Note struct {
	ID       id.Note            `db:"id" json:"id"`
	Order    id.Order           `db:"order_id" json:"order_id"`
	Body     string             `db:"body" json:"body"`
	Mentions db.JSON[[]id.User] `db:"mentions" json:"mentions" doc:"Users whom it is for."`
	Actor    string             `db:"actor" json:"actor"`
	At       time.Time          `db:"at" json:"at"`
}

// AddNote writes a note to an order. Notes do not change the order's version.
func AddNote(ctx context.Context, tx *db.Tx, order id.Order, body string, mentions []id.User) (Note, error) {
	f := fault.Fields{}
	body = text.Clean(body)
	if body == "" {
		f.Add("body", "is missing")
	}
	checkText(f, "body", body, maxNote)
	if len(mentions) > maxTags {
		f.Add("mentions", "are more than %d", maxTags)
	}
	if err := f.Err("order.bad_note", "The note cannot be kept."); err != nil {
		return Note{}, err
	}
	number, err := db.Get[int64](ctx, tx, `SELECT number FROM sales_order WHERE id = ?`, order)
	if db.None(err) {
		return Note{}, fault.New(fault.NotFound, "order.not_found", "There is no order %s.", order)
	}
	if err != nil {
		return Note{}, err
	}
	n := Note{
		ID: id.New[id.Note](tx.Now()), Order: order, Body: body, Mentions: db.JSON[[]id.User]{V: append([]id.User{}, distinct(mentions)...)},
		Actor: auth.Actor(ctx), At: tx.Now(),
	}
	if _, err := db.Insert(ctx, tx, "order_note", []Note{n}); err != nil {
		return Note{}, err
	}
	return n, event.Record(ctx, tx, NoteAdded{about{order, number}, n.ID, n.Mentions.V})
}

// Notes reads the notes to an order, oldest first.
func Notes(ctx context.Context, r db.Reader, order id.Order) ([]Note, error) {
	return db.Select[Note](ctx, r, `SELECT `+db.Columns[Note]()+` FROM order_note WHERE order_id = ? ORDER BY id`, order)
}
