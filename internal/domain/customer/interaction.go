package customer

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Interaction is something said to, written to or to be done for a customer.
type Interaction struct {
	ID         id.Interaction `db:"id" json:"id"`
	CustomerID id.Customer    `db:"customer_id" json:"customer_id"`
	Kind       string         `db:"kind" json:"kind" enum:"note,call,email_in,email_out,task"`
	Body       string         `db:"body" json:"body"`
	Actor      string         `db:"actor" json:"actor"`
	DueOn      string         `db:"due_on" json:"due_on,omitempty" doc:"Day a task is due, as YYYY-MM-DD."`
	DoneAt     time.Time      `db:"done_at" json:"done_at,omitzero"`
	At         time.Time      `db:"at" json:"at"`
}

var interactionKinds = []string{"note", "call", "email_in", "email_out", "task"}

// AddInteraction records an interaction of the one who acts.
func AddInteraction(ctx context.Context, tx *db.Tx, i Interaction) (Interaction, error) {
	i.Body = text.Clean(i.Body)
	f := fault.Fields{}
	if !slices.Contains(interactionKinds, i.Kind) {
		f.Add("kind", "%q is none of note, call, email_in, email_out, task", i.Kind)
	}
	if i.Body == "" || len(i.Body) > maxNote {
		f.Add("body", "is missing or longer than %d bytes", maxNote)
	}
	if _, err := time.Parse(time.DateOnly, i.DueOn); i.DueOn != "" && (err != nil || i.Kind != "task") {
		f.Add("due_on", "is not a day like 2026-01-31, or this is no task")
	}
	if err := f.Err("customer.bad_interaction", "This cannot be recorded."); err != nil {
		return Interaction{}, err
	}
	c, err := Get(ctx, tx, i.CustomerID)
	if err != nil {
		return Interaction{}, err
	}
	if !c.ErasedAt.IsZero() {
		return Interaction{}, fault.New(fault.Conflict, "customer.erased", "The customer was erased: nothing more is kept about him.")
	}
	i.ID, i.Actor, i.At, i.DoneAt = id.New[id.Interaction](tx.Now()), actor.Name(ctx), tx.Now(), noTime
	if _, err := db.Insert(ctx, tx, "interaction", []Interaction{i}); err != nil {
		return Interaction{}, err
	}
	return i, event.Record(ctx, tx, InteractionAdded{Customer: i.CustomerID, Interaction: i.ID, Form: i.Kind, DueOn: i.DueOn})
}

// FinishTask marks a task as done. One that is done already is a Conflict.
func FinishTask(ctx context.Context, tx *db.Tx, i id.Interaction) error {
	n, err := tx.Exec(ctx, `UPDATE interaction SET done_at = ? WHERE id = ? AND kind = 'task' AND done_at IS NULL`, tx.Now(), i)
	if err != nil {
		return err
	}
	task, err := db.Get[Interaction](ctx, tx, `SELECT `+db.Columns[Interaction]()+` FROM interaction WHERE id = ? AND kind = 'task'`, i)
	switch {
	case db.None(err):
		return fault.New(fault.NotFound, "customer.no_task", "There is no task %s.", i)
	case err != nil:
		return err
	case n == 0:
		return fault.New(fault.Conflict, "customer.task_done", "The task was done on %s already.", task.DoneAt.Format(time.DateOnly))
	}
	return event.Record(ctx, tx, TaskDone{Customer: task.CustomerID, Interaction: i})
}

// Interactions returns what was said with a customer, newest first, and the
// cursor of the next page, "" at the end.
func Interactions(ctx context.Context, r db.Reader, c id.Customer, page Page) ([]Interaction, string, error) {
	var w db.Where
	w.And("customer_id = ?", c)
	if page.After != "" {
		var before id.Interaction
		if err := before.UnmarshalText([]byte(page.After)); err != nil {
			return nil, "", fault.New(fault.Invalid, "customer.bad_cursor", "%q is not a place in the list: use the cursor you were given.", page.After)
		}
		w.And("id < ?", before)
	}
	rows, err := db.Select[Interaction](ctx, r, `SELECT `+db.Columns[Interaction]()+` FROM interaction`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(page.limit()+1)...)
	if err != nil || len(rows) <= page.limit() {
		return rows, "", err
	}
	rows = rows[:page.limit()]
	return rows, rows[len(rows)-1].ID.String(), nil
}

// OpenTasks returns the tasks that are due on or before a day and not done, the
// most urgent first, at most limit.
func OpenTasks(ctx context.Context, r db.Reader, day string, limit int) ([]Interaction, error) {
	return db.Select[Interaction](ctx, r, `
		SELECT `+db.Columns[Interaction]()+` FROM interaction
		WHERE kind = 'task' AND done_at IS NULL AND due_on <= ? ORDER BY due_on, id LIMIT ?`, day, limit)
}
