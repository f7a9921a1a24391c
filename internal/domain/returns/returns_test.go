package returns

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const day = "2026-03-02"

func newID[T ~[16]byte]() T { return id.New[T](noon) }

type tester interface {
	Helper()
	Fatal(...any)
}

func worth(quantity, total, tax int64, resolution Resolution) Line {
	return Line{Line: newID[id.Line](), Variant: newID[id.Variant](), Quantity: quantity, Total: total, Tax: tax, Resolution: resolution}
}

func makeReturn(t tester, lines ...Line) *Return {
	t.Helper()
	r, err := New(noon, day, newID[id.Order](), newID[id.Location](), "EUR", lines...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func approved(t tester, lines ...Line) *Return {
	t.Helper()
	r := makeReturn(t, lines...)
	if err := r.Approve(time.Time{}); err != nil {
		t.Fatal(err)
	}
	return r
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	_, err := New(noon, day, id.Order{}, id.Location{}, "XXY",
		Line{Quantity: 0, Resolution: "cake", Total: -1}, Line{Variant: newID[id.Variant](), Quantity: 1, Resolution: Refund, Total: 5, Tax: 6})
	f, ok := fault.As(err)
	if !ok {
		t.Fatal(err)
	}
	for _, field := range []string{"location_id", "currency", "lines[0].variant_id", "lines[0].quantity", "lines[0].resolution", "lines[0].total", "lines[1].tax"} {
		if f.Fields[field] == "" {
			t.Errorf("%s is not named in %v", field, f.Fields)
		}
	}
}

func TestFinish(t *testing.T) {
	r := makeReturn(t, worth(2, 1000, 160, Refund), worth(1, 500, 80, Repair))
	here, err := r.Finish(Restock, noon)
	if err != nil || len(here) != 2 || here[0].Disposition != Restock || here[0].Reception != Arrived {
		t.Fatal(here, err)
	}
	if r.Status != Closed || r.ClosedAt != noon || r.Total != 1000 {
		t.Errorf("%+v", r)
	}
	_, err = makeReturn(t, worth(1, 1, 0, Refund)).Finish(Pending, noon)
	wantCode(t, err, "return.bad_disposition")
}

func TestPartsArriveOneAfterAnother(t *testing.T) {
	r := approved(t, worth(3, 1000, 160, Refund))
	line := r.Lines[0].ID
	wantCode(t, r.Inspect(), "return.approved")
	here, err := r.Receive([]Arrival{{Line: line, Quantity: 1, Reception: Arrived, Disposition: Scrap}}, noon)
	if err != nil || len(here) != 1 || here[0].Total != 333 || here[0].Tax != 53 || here[0].Disposition != Scrap {
		t.Fatal(here, err)
	}
	if l := r.Line(line); l.Quantity != 2 || l.Total != 667 || l.Tax != 107 || l.Reception != Expected || r.Total != 1000 {
		t.Errorf("%+v", l)
	}
	_, err = r.Receive([]Arrival{{Line: here[0].ID, Quantity: 1, Reception: Arrived}}, noon)
	wantCode(t, err, "return.bad_arrival") // it is here
	_, err = r.Receive([]Arrival{{Line: line, Quantity: 1, Reception: Arrived}, {Line: line, Quantity: 2, Reception: Arrived}}, noon)
	wantCode(t, err, "return.bad_arrival") // 3 of 2
	if here, err = r.Receive([]Arrival{{Line: line, Quantity: 1, Reception: Arrived}}, noon); err != nil {
		t.Fatal(err)
	}
	wantCode(t, r.Inspect(), "return.pending")
	if _, was, err := r.Dispose(here[0].ID, 0, Restock, noon); err != nil || was != Pending {
		t.Fatal(was, err)
	}
	if err := r.Inspect(); err != nil {
		t.Fatal(err)
	}
	if l := r.Line(line); l.Reception != Missing || r.Total != 1000-l.Total {
		t.Errorf("the missing unit: %+v, total %d", l, r.Total)
	}
	_, err = r.Receive([]Arrival{{Line: line, Quantity: 1, Reception: Arrived}}, noon)
	wantCode(t, err, "return.inspected")
	wantCode(t, r.Close(noon), "return.not_credited")
	for _, l := range r.Creditable() {
		r.Credit(l, l.Total, l.Tax)
	}
	wantCode(t, r.Resolve(here[0].ID, 0, Reject, noon), "return.credited")
	if err := r.Close(noon); err != nil {
		t.Fatal(err)
	}
	// The disposition stays changeable, the resolution does not.
	if _, was, err := r.Dispose(here[0].ID, 0, Quarantine, noon); err != nil || was != Restock {
		t.Error(was, err)
	}
	_, _, err = r.Dispose(line, 0, Restock, noon)
	wantCode(t, err, "return.not_here")
	wantCode(t, r.Resolve(here[0].ID, 0, Reject, noon), "return.closed")
}

func TestStates(t *testing.T) {
	steps := map[string]func(*Return) error{
		"approve": func(r *Return) error { return r.Approve(time.Time{}) },
		"decline": func(r *Return) error { return r.Decline(noon, "too late") },
		"cancel":  func(r *Return) error { return r.Cancel(noon) },
		"expire":  func(r *Return) error { return r.Expire(noon) },
		"send":    func(r *Return) error { return r.Send("DHL", "JJD1") },
		"receive": func(r *Return) error { _, err := r.ReceiveAll(Restock, noon); return err },
		"inspect": (*Return).Inspect,
		"close":   func(r *Return) error { return r.Close(noon) },
	}
	allowed := map[Status][]string{
		Requested: {"approve", "cancel", "decline"},
		Approved:  {"cancel", "expire", "receive", "send"},
		InTransit: {"cancel", "receive"},
		Received:  {"inspect"},
		Inspected: {"close"},
		Closed:    nil, Declined: nil, Cancelled: nil, Expired: nil,
	}
	for status, want := range allowed {
		var got []string
		for name, step := range steps {
			r := makeReturn(t, worth(1, 100, 0, Refund))
			r.Status = status
			if status == Received || status.Done() || status == Inspected {
				r.Lines[0].Reception, r.Lines[0].Disposition, r.Lines[0].Credited = Arrived, Restock, true
			}
			if step(r) == nil {
				got = append(got, name)
				if r.Status.Done() == r.ClosedAt.IsZero() {
					t.Errorf("%s: closed at %v", r.Status, r.ClosedAt)
				}
				if r.Status.Dropped() && r.Total != 0 {
					t.Errorf("%s gives %d back", r.Status, r.Total)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s allows %v, want %v", status, got, want)
		}
	}
}

// However a line is split, no unit and no cent is lost.
func TestSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quantity := rapid.Int64Range(1, 20).Draw(t, "quantity")
		total := rapid.Int64Range(0, 5000).Draw(t, "total")
		tax := rapid.Int64Range(0, total).Draw(t, "tax")
		r := approved(t, worth(quantity, total, tax, Refund))
		line := r.Lines[0]
		for line.Reception == Expected {
			n := rapid.Int64Range(1, line.Quantity).Draw(t, "n")
			if _, err := r.Receive([]Arrival{{Line: line.ID, Quantity: n, Reception: Arrived}}, noon); err != nil {
				t.Fatal(err)
			}
			var units, value, taxes int64
			for _, l := range r.Lines {
				units, value, taxes = units+l.Quantity, value+l.Total, taxes+l.Tax
				if l.Quantity <= 0 || l.Tax < 0 || l.Tax > l.Total {
					t.Fatalf("%+v", l)
				}
			}
			if units != quantity || value != total || taxes != tax || r.Total != total {
				t.Fatalf("%d units, %d, tax %d", units, value, taxes)
			}
		}
	})
}

func write(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func differences(t *testing.T, d *db.DB) (found []check.Difference) {
	t.Helper()
	if err := Verify(t.Context(), d, func(x check.Difference) { found = append(found, x) }); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestReturnIsStoredWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		r := approved(t, worth(3, 1000, 160, Refund), worth(1, 50, 8, StoreCredit))
		r.ExternalID, r.Customer, r.Note, r.Lines[1].Reason = "C536379", newID[id.Customer](), "as agreed", "too small"
		r.Lines[0].UnitPrice = 3_333_333
		write(t, d, func(tx *db.Tx) error { return Insert(ctx, tx, []*Return{r}) })
		first := r.Lines[0].Line
		write(t, d, func(tx *db.Tx) error {
			taken, err := Take(ctx, tx, r.ID, r.ID)
			if err != nil {
				return err
			}
			_, err = taken[0].Receive([]Arrival{{Line: r.Lines[0].ID, Quantity: 2, Reception: Arrived, Disposition: Restock}, {Line: r.Lines[1].ID, Quantity: 1, Reception: Missing}}, noon)
			return errors.Join(err, Save(ctx, tx, taken))
		})
		got, err := Get(ctx, d, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != Received || got.Total != 1000 || got.Number < 1001 || got.Version != 2 || got.Note != "as agreed" || got.Customer != r.Customer || got.BusinessDate != day || len(got.Lines) != 3 {
			t.Errorf("%+v", got)
		}
		if l := got.Lines[2]; l.Quantity != 2 || l.Total != 667 || l.Disposition != Restock || l.Line != first || l.UnitPrice != 3_333_333 {
			t.Errorf("%+v", l)
		}
		claimed, err := Claimed(ctx, d, []id.Line{first, r.Lines[1].Line})
		if err != nil || claimed[first] != 3 || claimed[r.Lines[1].Line] != 0 {
			t.Errorf("%v %v", claimed, err)
		}
		if there, err := Existing(ctx, d, []string{"C536379", "other"}); err != nil || len(there) != 1 || there["C536379"] != r.ID {
			t.Error(there, err)
		}
		if by, err := ByOrder(ctx, d, []id.Order{r.Order}); err != nil || len(by[r.Order]) != 1 {
			t.Error(by, err)
		}
		events, err := event.Of(ctx, d, r.Order, 10)
		if err != nil || len(events) != 4 || events[2].Kind != "return.disposed" || events[3].Kind != "return.received" {
			t.Errorf("%+v %v", events, err)
		}
		if found := differences(t, d); len(found) > 0 {
			t.Error(found)
		}
		wantCode(t, got.CheckVersion(1), "return.stale")
	})
}

func TestSaveRefusesWhatChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		r := approved(t, worth(1, 10, 0, Refund))
		write(t, d, func(tx *db.Tx) error { return Insert(ctx, tx, []*Return{r}) })
		stale, err := Get(ctx, d, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		claimed := func() int64 {
			units, err := Claimed(ctx, d, []id.Line{r.Lines[0].Line})
			if err != nil {
				t.Fatal(err)
			}
			return units[r.Lines[0].Line]
		}
		if n := claimed(); n != 1 {
			t.Errorf("%d units are claimed", n)
		}
		write(t, d, func(tx *db.Tx) error { return errors.Join(r.Cancel(noon), Save(ctx, tx, []*Return{r})) })
		if n := claimed(); n != 0 {
			t.Errorf("%d units are claimed by a cancelled return", n)
		}
		wantCode(t, d.Write(ctx, func(tx *db.Tx) error {
			return errors.Join(stale.Send("", ""), Save(ctx, tx, []*Return{stale}))
		}), "return.stale")
	})
}

func TestExternalIDIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		insert := func(external string) error {
			r := makeReturn(t, worth(1, 10, 0, Refund))
			r.ExternalID = external
			return d.Write(t.Context(), func(tx *db.Tx) error { return Insert(t.Context(), tx, []*Return{r}) })
		}
		if err := errors.Join(insert("A"), insert(""), insert("")); err != nil {
			t.Fatal(err)
		}
		wantCode(t, insert("A"), "return.exists")
	})
}

func TestListIsPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var all []*Return
		for range 5 {
			all = append(all, makeReturn(t, worth(1, 10, 0, Refund)))
		}
		write(t, d, func(tx *db.Tx) error { return Insert(t.Context(), tx, all) })
		var got []id.Return
		f := Filter{Statuses: []Status{Requested}, Limit: 2}
		for more := true; more; more = f.After != "" {
			page, next, err := List(t.Context(), d, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				got = append(got, r.ID)
			}
			f.After = next
		}
		slices.Reverse(got)
		if !slices.EqualFunc(got, all, func(r id.Return, want *Return) bool { return r == want.ID }) {
			t.Errorf("got %v", got)
		}
		_, _, err := List(t.Context(), d, Filter{After: "nonsense"})
		wantCode(t, err, "return.bad_cursor")
	})
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	for name, damage := range map[string]struct{ rule, sql string }{
		"total":       {ruleTotal, `UPDATE sales_return SET total = total + 1`},
		"state":       {ruleStatus, `UPDATE sales_return SET status = 'approved', closed_at = NULL`},
		"disposition": {ruleStatus, `UPDATE return_line SET disposition = 'pending'`},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				r := makeReturn(t, worth(1, 10, 0, Refund))
				if _, err := r.Finish(Restock, noon); err != nil {
					t.Fatal(err)
				}
				write(t, d, func(tx *db.Tx) error { return Insert(t.Context(), tx, []*Return{r}) })
				if found := differences(t, d); len(found) > 0 {
					t.Error(found)
				}
				write(t, d, func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), damage.sql)
					return err
				})
				if found := differences(t, d); len(found) == 0 || found[0].Rule != damage.rule {
					t.Errorf("found %v", found)
				}
			})
		})
	}
}
