package receivable

import (
	"context"
	"fmt"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/setting"
)

// Reminder is a reminder that was sent for an invoice.
type Reminder struct {
	ID      id.Reminder `db:"id" json:"id"`
	Invoice id.Invoice  `db:"invoice_id" json:"invoice_id"`
	Level   int64       `db:"level" json:"level"`
	Open    int64       `db:"open" json:"open_minor" doc:"What was owed then, in minor units of the invoice's currency."`
	SentOn  string      `db:"sent_on" json:"sent_on"`
	Note    string      `db:"note" json:"note,omitempty"`
	Actor   string      `db:"actor" json:"actor"`
	At      time.Time   `db:"at" json:"at"`
}

// DunningLevel is when a reminder is due: days after the invoice was.
type DunningLevel struct {
	Days  int64  `json:"days" minimum:"1" maximum:"3650" doc:"After the day on which the invoice was due."`
	Title string `json:"title"`
}

const (
	dunningName = "receivable.dunning"
	maxLevels   = 9
)

// Dunning reads the levels, the mildest first.
func Dunning(ctx context.Context, r db.Reader) ([]DunningLevel, error) {
	return setting.Get(ctx, r, dunningName, []DunningLevel{{7, "Reminder"}, {21, "Second reminder"}, {35, "Final notice"}})
}

// SaveDunning sets the levels. Errors: Invalid dunning.invalid.
func SaveDunning(ctx context.Context, tx *db.Tx, levels []DunningLevel) error {
	f := fault.Fields{}
	if len(levels) > maxLevels {
		f.Add("levels", "are more than %d", maxLevels)
	}
	last := int64(0)
	for i, l := range levels {
		if levels[i].Title = text.Clean(l.Title); levels[i].Title == "" {
			f.Add(fmt.Sprintf("levels[%d].title", i), "is missing")
		}
		if l.Days <= last || l.Days > 3650 {
			f.Add(fmt.Sprintf("levels[%d].days", i), "is not more than the level before, and at most ten years")
		}
		last = l.Days
	}
	if err := f.Err("dunning.invalid", "The levels cannot be set like this."); err != nil {
		return err
	}
	return setting.Set(ctx, tx, dunningName, levels)
}

// Next is the level that an invoice is due for, which was due on a day and is still
// owed; 0 where there is none yet. last is its last reminder. Between two reminders
// lie as many days as between their levels, also where the first was late.
func Next(levels []DunningLevel, dueOn string, last Reminder, today string) int64 {
	n := int(last.Level)
	if n >= len(levels) || Days(dueOn, today) < levels[n].Days {
		return 0
	}
	if n > 0 && Days(last.SentOn, today) < levels[n].Days-levels[n-1].Days {
		return 0
	}
	return last.Level + 1
}

// Days counts the days from one day to another; days that are none count 0.
func Days(from, to string) int64 {
	a, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return 0
	}
	b, err := time.Parse(time.DateOnly, to)
	if err != nil {
		return 0
	}
	return int64(b.Sub(a).Hours() / 24)
}

// Last returns the last reminder of invoices that have one.
func Last(ctx context.Context, r db.Reader, invoices []id.Invoice) (map[id.Invoice]Reminder, error) {
	rows, err := db.SelectIn[Reminder](ctx, r, `SELECT `+db.Columns[Reminder]()+` FROM reminder WHERE invoice_id IN (/*in*/) ORDER BY level`, invoices)
	out := make(map[id.Invoice]Reminder, len(rows))
	for _, x := range rows {
		out[x.Invoice] = x
	}
	return out, err
}

// Reminding is a reminder that was sent, with what its fact tells of the invoice.
type Reminding struct {
	Invoice id.Invoice
	Order   id.Order
	Company id.Company
	Number  int64
	Level   int64
	Open    int64
}

// Remind records reminders that were sent on a business day. Errors: Conflict
// reminder.sent, where one of the level was sent already.
func Remind(ctx context.Context, tx *db.Tx, day, note string, sent []Reminding) ([]Reminder, error) {
	rows, facts := make([]Reminder, len(sent)), make([]event.Fact, len(sent))
	for i, s := range sent {
		rows[i] = Reminder{id.New[id.Reminder](tx.Now()), s.Invoice, s.Level, s.Open, day, text.Clean(note), actor.Name(ctx), tx.Now()}
		facts[i] = Reminded(s)
	}
	_, err := db.Insert(ctx, tx, "reminder", rows)
	if _, taken := db.Violated(err); taken {
		return nil, fault.New(fault.Conflict, "reminder.sent", "Somebody has just sent a reminder for one of the invoices. Look at the list again.")
	}
	if err != nil {
		return nil, err
	}
	return rows, event.Record(ctx, tx, facts...)
}
