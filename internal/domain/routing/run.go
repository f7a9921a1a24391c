package routing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/text"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Schedule is how often the orders that wait for goods are looked at again: the
// urgent ones more often than the rest. Goods that come are given out at once;
// this is for what changes without any coming, such as rules, capacities and days
// on which a location is closed.
type Schedule struct {
	Name        string `json:"name"`
	MinPriority *int64 `json:"min_priority,omitempty" doc:"Only orders of this priority or a higher one count; missing: all."`
	Every       int64  `json:"every_minutes" minimum:"1" maximum:"10080"`
}

const scheduleSetting = "routing.schedules"

func defaultSchedules() []Schedule {
	urgent := int64(1)
	return []Schedule{{Name: "expedited", MinPriority: &urgent, Every: 5}, {Name: "standard", Every: 60}}
}

// LoadSchedules reads the merchant's schedules: expedited orders every five
// minutes and all of them every hour, where none were set.
func LoadSchedules(ctx context.Context, r db.Reader) ([]Schedule, error) {
	return setting.Get(ctx, r, scheduleSetting, defaultSchedules())
}

// SaveSchedules replaces the schedules; none switches the runs off.
func SaveSchedules(ctx context.Context, tx *db.Tx, all []Schedule) ([]Schedule, error) {
	f := fault.Fields{}
	all = slices.Clone(all)
	if len(all) > 10 {
		f.Add("schedules", "there may be 10 at most")
	}
	for i := range all {
		s, at := &all[i], fmt.Sprintf("schedules[%d].", i)
		s.Name = text.Clean(s.Name)
		if s.Name == "" || len(s.Name) > 100 {
			f.Add(at+"name", "is missing or too long")
		}
		if slices.ContainsFunc(all[:i], func(other Schedule) bool { return other.Name == s.Name }) {
			f.Add(at+"name", "%q is there twice", s.Name)
		}
		if s.Every < 1 || s.Every > 7*24*60 {
			f.Add(at+"every_minutes", "is not between 1 and %d", 7*24*60)
		}
	}
	if err := f.Err("routing.bad_schedule", "The schedules cannot be used."); err != nil {
		return nil, err
	}
	return all, setting.Set(ctx, tx, scheduleSetting, all)
}

// Run is one look at the orders that wait.
type Run struct {
	Name    string    `db:"name" json:"name"`
	BeganAt time.Time `db:"began_at" json:"began_at"`
	EndedAt time.Time `db:"ended_at" json:"ended_at,omitzero"`
	Orders  int64     `db:"orders" json:"orders" doc:"That were given goods."`
	Units   int64     `db:"units" json:"units"`
}

// Begin begins the run of a schedule that is due, and says so; an earlier one that
// a crash has ended counts.
func Begin(ctx context.Context, tx *db.Tx, s Schedule) (Run, bool, error) {
	r := Run{Name: s.Name, BeganAt: tx.Now()}
	last, err := db.Get[time.Time](ctx, tx, `SELECT began_at FROM routing_run WHERE name = ? ORDER BY began_at DESC LIMIT 1`, s.Name)
	if err != nil && !db.None(err) {
		return r, false, err
	}
	// Jobs begin a little early or late: half a minute does not make a run wait for the next minute.
	if err == nil && tx.Now().Before(last.Add(time.Duration(s.Every)*time.Minute-30*time.Second)) {
		return r, false, nil
	}
	n, err := db.Insert(ctx, tx, "routing_run", []Run{r}, "ON CONFLICT DO NOTHING")
	return r, n > 0, err
}

// Note adds what a part of a run gave out; ended says that it was the last.
func (r Run) Note(ctx context.Context, tx *db.Tx, orders, units int64, ended bool) error {
	var at time.Time
	if ended {
		at = tx.Now()
	}
	_, err := tx.Exec(ctx, `
		UPDATE routing_run SET orders = orders + ?, units = units + ?, ended_at = ? WHERE name = ? AND began_at = ?`, orders, units, at, r.Name, r.BeganAt)
	return err
}

// Runs returns the newest runs.
func Runs(ctx context.Context, r db.Reader, limit int) ([]Run, error) {
	return db.Select[Run](ctx, r, `SELECT `+db.Columns[Run]()+` FROM routing_run ORDER BY began_at DESC, name LIMIT ?`, limit)
}

// ForgetRuns deletes runs that began before a time.
func ForgetRuns(ctx context.Context, tx *db.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM routing_run WHERE began_at < ?`, before)
	return err
}
