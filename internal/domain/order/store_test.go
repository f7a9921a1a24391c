package order

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

var background = actor.With(context.Background(), "user:ada")

// write runs fn in a transaction at noon.
func write(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(background, fn); err != nil {
		t.Fatalf("%v", err)
	}
}

// insert stores orders built of drafts.
func insert(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *db.DB, drafts ...Draft) []*Order {
	t.Helper()
	var orders []*Order
	write(t, d, func(tx *db.Tx) error {
		orders = nil
		for _, draft := range drafts {
			o, err := Build(draft, tx.Now(), today)
			if err != nil {
				return err
			}
			orders = append(orders, o)
		}
		return Insert(background, tx, orders)
	})
	return orders
}

// change takes an order, changes it and saves it.
func change(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *db.DB, order id.Order, fn func(*Order) error) *Order {
	t.Helper()
	var o *Order
	write(t, d, func(tx *db.Tx) error {
		orders, err := Take(background, tx, order)
		if err != nil {
			return err
		}
		o = orders[0]
		if err := fn(o); err != nil {
			return err
		}
		return Save(background, tx, orders)
	})
	return o
}

func get(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *db.DB, order id.Order) *Order {
	t.Helper()
	o, err := Get(background, d, order)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return o
}

// kinds are the kinds of the facts about an order, in their order.
func kinds(t *testing.T, d *db.DB, order id.Order) (out []string) {
	t.Helper()
	events, err := event.Of(background, d, order, 1000)
	must(t, err)
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

var public = cmp.Options{
	cmpopts.IgnoreUnexported(Order{}, Line{}, Charge{}, Hold{}), cmpopts.EquateEmpty(),
}

func full() Draft {
	d := draft(item(3, "9.99"), kit(2, "25", 1, 2), service(1, "2.50"))
	d.ExternalID, d.ExternalNumber = "gid-1", "#1001"
	d.Currency, d.Rate, d.RateDate, d.TaxInclusive = "USD", "0.92", "2026-03-13", true
	d.Terms = &Terms{Days: 30, EndOfMonth: true}
	d.Lines[0].TaxRate, d.Lines[0].Discounts = 19*percent, []DraftDiscount{{Kind: DiscountPercent, Rate: 5 * percent, Code: "FIVE"}}
	d.Lines[0].Custom, d.Lines[0].ExternalID = CustomFields{"engraving": "Für Ada"}, "77"
	d.Charges = []DraftCharge{{Kind: ChargeShipping, Code: "DHL", Title: "Parcel", Amount: 490, TaxRate: 19 * percent}}
	d.Discounts = []DraftDiscount{{Kind: DiscountAmount, Amount: 333, Title: "Spring"}}
	d.Tags, d.Custom = []string{"vip", "b2b"}, CustomFields{"po": "4711"}
	d.Customer, d.Company, d.CompanyLocation = id.New[id.Customer](noon), id.New[id.Company](noon), id.New[id.CompanyLocation](noon)
	d.AssignedTo, d.Priority, d.CustomerNote, d.ShippingMethod = id.New[id.User](noon), 5, "Ring twice", "express"
	d.ShipBy, d.DeliverBy, d.PlacedAt = noon.Add(time.Hour), noon.Add(48*time.Hour), noon.Add(-time.Minute)
	return d
}

func TestInsertKeepsEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var o *Order
		write(t, d, func(tx *db.Tx) error {
			built, err := Build(full(), tx.Now(), today)
			if err != nil {
				return err
			}
			o = built
			if _, err := o.Hold(Hold{Reason: HoldFraudReview, Note: "odd", Source: "rule", Until: noon.AddDate(1, 0, 0), ReleaseOn: "payment.captured", Line: o.Lines[0].ID}); err != nil {
				return err
			}
			return Insert(background, tx, []*Order{o})
		})
		if o.Number < 1001 || o.CreatedBy != "user:ada" || o.ActiveHolds != 1 || o.Holds[0].PlacedBy != "user:ada" {
			t.Errorf("order is %+v", o.Header)
		}
		stored := get(t, d, o.ID)
		if diff := cmp.Diff(o, stored, public); diff != "" {
			t.Errorf("what was stored (-) is not what is read (+):\n%s", diff)
		}
		if got := kinds(t, d, o.ID); !slices.Equal(got, []string{"order.placed", "order.held"}) {
			t.Errorf("facts are %q", got)
		}
		byNumber, err := ByNumber(background, d, o.Number)
		must(t, err)
		if byNumber.ID != o.ID {
			t.Errorf("order %d is %s", o.Number, byNumber.ID)
		}
		lines, err := OrdersOf(background, d, []id.Line{o.Lines[1].ID, o.Lines[2].ID})
		must(t, err)
		if len(lines) != 2 || lines[o.Lines[2].ID] != o.ID {
			t.Errorf("lines belong to %v", lines)
		}
		noneLeft(t, d)
	})
}

// noneLeft fails if Verify finds a difference.
func noneLeft(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *db.DB) {
	t.Helper()
	if err := Verify(background, d, func(diff check.Difference) { t.Fatalf("%s", diff) }); err != nil {
		t.Fatalf("%v", err)
	}
}

func TestNotFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, err := Get(background, d, id.New[id.Order](noon))
		wantFault(t, err, fault.NotFound, "order.not_found")
		_, err = ByNumber(background, d, 1)
		wantFault(t, err, fault.NotFound, "order.not_found")
		err = d.Write(background, func(tx *db.Tx) error {
			_, err := Take(background, tx, id.New[id.Order](noon))
			return err
		})
		wantFault(t, err, fault.NotFound, "order.not_found")
		err = d.Write(background, func(tx *db.Tx) error {
			_, err := AddNote(background, tx, id.New[id.Order](noon), "hello", nil)
			return err
		})
		wantFault(t, err, fault.NotFound, "order.not_found")
	})
}

// TestAnOrderOfAChannelIsTakenOnce is CH-02.
func TestAnOrderOfAChannelIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		with := func(external string) Draft {
			dr := draft(item(1, "1"))
			dr.ExternalID = external
			return dr
		}
		first := insert(t, d, with("A"), with("B"), with(""), with(""))
		there, err := Existing(background, d, channel, []string{"A", "B", "C", "A", ""})
		must(t, err)
		if len(there) != 2 || there["A"] != first[0].ID || there["B"] != first[1].ID {
			t.Errorf("there are %v", there)
		}
		other, err := Existing(background, d, id.New[id.Channel](noon), []string{"A"})
		must(t, err)
		if len(other) != 0 {
			t.Errorf("another channel has %v", other)
		}
		for name, drafts := range map[string][]Draft{"again": {with("C"), with("A")}, "twice at once": {with("D"), with("D")}} {
			t.Run(name, func(t *testing.T) {
				err := d.Write(background, func(tx *db.Tx) error {
					var orders []*Order
					for _, dr := range drafts {
						orders = append(orders, build(t, dr))
					}
					return Insert(background, tx, orders)
				})
				wantFault(t, err, fault.Conflict, "order.known")
			})
		}
		if n, err := Count(background, d, Filter{}, 100); err != nil || n != 4 {
			t.Errorf("there are %d orders: %v", n, err)
		}
	})
}

func TestParallelIntakeTakesAnOrderOnce(t *testing.T) {
	d := dbtest.Postgres(t)
	const workers = 8
	var group sync.WaitGroup
	ids := make([]id.Order, workers)
	for w := range workers {
		group.Go(func() {
			err := d.Write(background, func(tx *db.Tx) error {
				there, err := Existing(background, tx, channel, []string{"A", "B"})
				if err != nil {
					return err
				}
				if ids[w] = there["A"]; len(there) > 0 {
					return nil
				}
				var orders []*Order
				for _, external := range [][]string{{"A", "B"}, {"B", "A"}}[w%2] {
					dr := draft(item(1, "1"))
					dr.ExternalID = external
					o, err := Build(dr, tx.Now(), today)
					if err != nil {
						return err
					}
					if orders = append(orders, o); external == "A" {
						ids[w] = o.ID
					}
				}
				return Insert(background, tx, orders)
			})
			if err != nil {
				t.Errorf("worker %d: %v", w, err)
			}
		})
	}
	group.Wait()
	for _, i := range ids {
		if i != ids[0] || i.IsZero() {
			t.Fatalf("the order has ids %v", ids)
		}
	}
	if n, err := Count(background, d, Filter{}, 100); err != nil || n != 2 {
		t.Errorf("there are %d orders: %v", n, err)
	}
}

func TestTakeLocksInOneOrder(t *testing.T) {
	d := dbtest.Postgres(t)
	orders := insert(t, d, draft(item(1000, "1")), draft(item(1000, "1")), draft(item(1000, "1")))
	ids := []id.Order{orders[0].ID, orders[1].ID, orders[2].ID}
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			mine := slices.Clone(ids)
			if w%2 == 0 {
				slices.Reverse(mine)
			}
			for range 10 {
				err := d.Write(background, func(tx *db.Tx) error {
					taken, err := Take(background, tx, mine...)
					if err != nil {
						return err
					}
					for _, o := range taken {
						if err := o.Allocate(o.Lines[0].ID, 1); err != nil {
							return err
						}
					}
					return Save(background, tx, taken)
				})
				if err != nil {
					t.Errorf("worker %d: %v", w, err)
				}
			}
		})
	}
	group.Wait()
	for _, i := range ids {
		if o := get(t, d, i); o.Lines[0].Allocated != 80 || o.Version != 81 {
			t.Errorf("%d units are allocated, version %d", o.Lines[0].Allocated, o.Version)
		}
	}
}

func TestTakeGivesOrdersAsAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		orders := insert(t, d, draft(item(1, "1")), draft(item(1, "2")), draft(item(1, "3")))
		write(t, d, func(tx *db.Tx) error {
			taken, err := Take(background, tx, orders[2].ID, orders[0].ID, orders[2].ID)
			if err != nil {
				return err
			}
			if len(taken) != 2 || taken[0].ID != orders[2].ID || taken[1].ID != orders[0].ID || len(taken[0].Lines) != 1 {
				t.Errorf("took %+v", taken)
			}
			none, err := Take(background, tx)
			if err != nil || len(none) != 0 {
				t.Errorf("took %v: %v", none, err)
			}
			return Save(background, tx, none)
		})
	})
}

func TestSaveWritesWhatChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := insert(t, d, full())[0]
		user := id.New[id.User](noon)
		changed := change(t, d, o.ID, func(o *Order) error {
			l := o.Lines[0].ID
			_, errHold := o.Hold(Hold{Reason: HoldManual, Note: "wait"})
			_, errCancel := o.Cancel(l, 1, CancelCustomer)
			err := errors.Join(errHold, errCancel, o.Allocate(l, 2), o.StartWork(l, 2), o.Ship(l, 1),
				o.Tag([]string{"Late", "VIP"}, []string{"b2b"}), o.Prioritize(9), o.SetCustom(CustomFields{"po": nil, "ref": "X1"}),
				o.SetContact("Eve@Example.com", "+49 30 1"), o.SetCustomerNote("Ring once"),
				o.SetAddresses(&Address{Name: "Eve", Line1: "2 Side St", City: "Bonn", Country: "de"}, nil),
				o.Promise(o.Lines[1].ID, noon.Add(-time.Hour), time.Time{}))
			if err != nil {
				return err
			}
			_, errInvoice := o.Invoice(l, 1)
			_, errCharges := o.InvoiceCharges()
			_, errCredit := o.CreditCharge(o.Charges[0].ID, 90)
			o.Assign(user)
			o.SetCustomer(id.New[id.Customer](noon), id.Company{}, id.CompanyLocation{})
			o.SetPayments(Payments{Authorized: 100, Captured: 300, Refunded: 20})
			o.SetReturns(1, 0, 0)
			o.SetOverdue(true)
			return errors.Join(errInvoice, errCharges, errCredit)
		})
		if changed.Version != 2 || changed.ActiveHolds != 1 || changed.ShipTo.V.Country != "DE" || changed.FulfillmentStatus != FulfillmentOnHold {
			t.Errorf("order is %+v", changed.Header)
		}
		if !changed.ShipBy.Equal(noon.Add(-time.Hour)) || !changed.DeliverBy.Equal(noon.Add(48*time.Hour)) {
			t.Errorf("the order is promised for %v, %v", changed.ShipBy, changed.DeliverBy)
		}
		stored := get(t, d, o.ID)
		if diff := cmp.Diff(changed, stored, public); diff != "" {
			t.Errorf("what was saved (-) is not what is read (+):\n%s", diff)
		}
		want := []string{
			"order.placed", "order.tagged", "order.prioritized", "order.address_changed", "order.assigned", "order.lines_cancelled",
			"order.payment_status_changed", "order.fulfillment_status_changed", "order.return_status_changed", "order.held",
		}
		if got := kinds(t, d, o.ID); !slices.Equal(got, want) {
			t.Errorf("facts are %q, want %q", got, want)
		}
		noneLeft(t, d)

		again := change(t, d, o.ID, func(*Order) error { return nil })
		if again.Version != 3 || len(kinds(t, d, o.ID)) != len(want) {
			t.Errorf("nothing changed, but there are facts: %q", kinds(t, d, o.ID))
		}
	})
}

func TestSaveOfWhatWasNotTakenIsABug(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := get(t, d, insert(t, d, draft(item(1, "1")))[0].ID)
		err := d.Write(background, func(tx *db.Tx) error { return Save(background, tx, []*Order{o}) })
		if fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestCheckVersion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := insert(t, d, draft(item(1, "1")))[0]
		change(t, d, o.ID, func(o *Order) error { return errors.Join(o.CheckVersion(0), o.CheckVersion(1)) })
		err := d.Write(background, func(tx *db.Tx) error {
			taken, err := Take(background, tx, o.ID)
			if err != nil {
				return err
			}
			return taken[0].CheckVersion(1)
		})
		wantFault(t, err, fault.Stale, "order.stale")
	})
}

// TestStatusesTellTheirStory is about the facts that follow from a status,
// whatever way led to it.
func TestStatusesTellTheirStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dr := draft(item(1, "10"))
		dr.Status, dr.ExpiresAt = StatusDraft, noon.AddDate(100, 0, 0)
		o := insert(t, d, dr)[0]
		change(t, d, o.ID, func(o *Order) error { return o.Redraft(draft(item(2, "10")), noon, today) })
		change(t, d, o.ID, func(o *Order) error { return o.Accept(StatusPending, noon, today) })
		change(t, d, o.ID, func(o *Order) error { return o.Accept(StatusOpen, noon, today) })
		change(t, d, o.ID, func(o *Order) error {
			o.SetPayments(Payments{Captured: 2000})
			return errors.Join(o.Allocate(o.Lines[0].ID, 2), o.Ship(o.Lines[0].ID, 2))
		})
		change(t, d, o.ID, func(o *Order) error { o.SetPayments(Payments{Captured: 2000, Refunded: 1}); return nil })
		want := []string{
			"order.drafted", "order.redrafted", "order.placed", "order.accepted",
			"order.completed", "order.payment_status_changed", "order.fulfillment_status_changed",
			"order.reopened", "order.payment_status_changed",
		}
		if got := kinds(t, d, o.ID); !slices.Equal(got, want) {
			t.Errorf("facts are %q, want %q", got, want)
		}
		other := insert(t, d, draft(item(1, "10")))[0]
		change(t, d, other.ID, func(o *Order) error { _, err := o.CancelAll(CancelExpired); return err })
		want = []string{"order.placed", "order.lines_cancelled", "order.cancelled", "order.payment_status_changed", "order.fulfillment_status_changed"}
		if got := kinds(t, d, other.ID); !slices.Equal(got, want) {
			t.Errorf("facts are %q, want %q", got, want)
		}
		events, err := event.Of(background, d, other.ID, 10)
		must(t, err)
		var body map[string]any
		must(t, json.Unmarshal(events[1].Body, &body))
		if body["reason"] != "expired" || body["total"] != 1000.0 || body["number"] != float64(other.Number) {
			t.Errorf("the fact says %s", events[1].Body)
		}
		noneLeft(t, d)
	})
}

func TestRedraftReplacesTheParts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dr := full()
		dr.Status = StatusDraft
		o := insert(t, d, dr)[0]
		change(t, d, o.ID, func(o *Order) error {
			_, err := o.Hold(Hold{Reason: HoldApproval, Line: o.Lines[0].ID})
			return err
		})
		anew := draft(item(7, "1"))
		anew.Tags = []string{"new"}
		anew.Channel = id.New[id.Channel](noon)
		saved := change(t, d, o.ID, func(o *Order) error { return o.Redraft(anew, noon, today) })
		stored := get(t, d, o.ID)
		if diff := cmp.Diff(saved, stored, public); diff != "" {
			t.Errorf("what was saved (-) is not what is read (+):\n%s", diff)
		}
		if stored.Number != o.Number || stored.Channel != channel || stored.ExternalID != "gid-1" || len(stored.Lines) != 1 || len(stored.Charges)+len(stored.Discounts) != 0 || stored.Total != 700 || stored.ActiveHolds != 0 {
			t.Errorf("order is %+v", stored)
		}
		noneLeft(t, d)
	})
}

func TestMapIsSaved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		unmapped := DraftLine{Listing: "ASIN-1", SKU: "theirs", Quantity: 2, UnitPrice: 10_000_000}
		o := insert(t, d, draft(unmapped, item(1, "1")))[0]
		insert(t, d, draft(item(1, "1")))
		find := func() []id.Order {
			found, err := Unmapped(background, d, channel, []string{"ASIN-1", "ASIN-2"})
			must(t, err)
			return found
		}
		if got := find(); !slices.Equal(got, []id.Order{o.ID}) {
			t.Errorf("found %v", got)
		}
		saved := change(t, d, o.ID, func(o *Order) error {
			return o.Map(o.Lines[0].ID, Article{Variant: variant(), SKU: "SET", Components: kit(1, "1", 1, 1).Components}, noon)
		})
		if diff := cmp.Diff(saved, get(t, d, o.ID), public); diff != "" {
			t.Errorf("what was saved (-) is not what is read (+):\n%s", diff)
		}
		if got := find(); len(got) != 0 {
			t.Errorf("found %v", got)
		}
		noneLeft(t, d)
	})
}

func TestRunOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		with := func(s Status, after time.Duration) Draft {
			dr := draft(item(1, "1"))
			dr.Status = s
			if after != 0 {
				dr.ExpiresAt = noon.Add(after)
			}
			return dr
		}
		orders := insert(t, d, with(StatusDraft, 2*time.Hour), with(StatusPending, time.Hour), with(StatusPending, 3*time.Hour), with(StatusPending, 0), with(StatusOpen, 0))
		out, err := RunOut(background, d, noon.Add(2*time.Hour), 10)
		must(t, err)
		if !slices.Equal(out, []id.Order{orders[1].ID, orders[0].ID}) {
			t.Errorf("run out are %v", out)
		}
		change(t, d, orders[1].ID, func(o *Order) error { return o.Extend(time.Time{}) })
		if out, err = RunOut(background, d, noon.Add(2*time.Hour), 10); err != nil || len(out) != 1 {
			t.Errorf("run out are %v: %v", out, err)
		}
	})
}

func TestNotes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := insert(t, d, draft(item(1, "1")))[0]
		user := id.New[id.User](noon)
		write(t, d, func(tx *db.Tx) error {
			for _, body := range []string{" Call back ☎\n", "Done"} {
				if _, err := AddNote(background, tx, o.ID, body, []id.User{user, user}); err != nil {
					return err
				}
			}
			_, err := AddNote(background, tx, o.ID, " \x00 ", nil)
			wantFault(t, err, fault.Invalid, "order.bad_note")
			return nil
		})
		notes, err := Notes(background, d, o.ID)
		must(t, err)
		if len(notes) != 2 || notes[0].Body != "Call back ☎" || notes[0].Actor != "user:ada" || !slices.Equal(notes[0].Mentions.V, []id.User{user}) {
			t.Errorf("notes are %+v", notes)
		}
		if got := kinds(t, d, o.ID); !slices.Equal(got, []string{"order.placed", "order.note_added", "order.note_added"}) {
			t.Errorf("facts are %q", got)
		}
	})
}

func TestErase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		customer := id.New[id.Customer](noon)
		mine := full()
		mine.Customer = customer
		o, other := insert(t, d, mine)[0], insert(t, d, draft(item(1, "1")))[0]
		erase := func() (n int, err error) {
			err = d.Write(background, func(tx *db.Tx) error {
				erased, err := Erase(background, tx, customer)
				n = len(erased)
				return err
			})
			return n, err
		}
		_, err := erase()
		wantFault(t, err, fault.Conflict, "order.not_finished")
		write(t, d, func(tx *db.Tx) error {
			_, err := AddNote(background, tx, o.ID, "Ada is deaf", nil)
			return err
		})
		change(t, d, o.ID, func(o *Order) error {
			_, errHold := o.Hold(Hold{Reason: HoldManual, Note: "Ada called"})
			_, err := o.CancelAll(CancelCustomer)
			return errors.Join(errHold, err)
		})
		n, err := erase()
		must(t, err)
		e := get(t, d, o.ID)
		if n != 1 || e.Email != "" || e.CustomerNote != "" || len(e.Custom.V) != 0 || e.ShipTo.V != (Address{Country: "DE"}) || e.BillTo.V != (Address{Country: "DE"}) ||
			len(e.Lines[0].Custom.V) != 0 || e.Holds[0].Note != "" || e.Version != 3 {
			t.Errorf("%d erased, left is %+v", n, e)
		}
		if e.Total != o.Total || e.Number != o.Number || len(e.Lines) != len(o.Lines) {
			t.Error("the books are touched")
		}
		if notes, err := Notes(background, d, o.ID); err != nil || len(notes) != 1 || notes[0].Body != "" {
			t.Errorf("notes are %+v: %v", notes, err)
		}
		if get(t, d, other.ID).Email == "" {
			t.Error("another customer's order is erased")
		}
		events, err := event.Of(background, d, o.ID, 100)
		must(t, err)
		for _, ev := range events {
			if body := string(ev.Body); slices.ContainsFunc([]string{"Ada", "example.com", "Main St", "Ring twice"}, func(s string) bool { return containsText(body, s) }) {
				t.Errorf("the event %s names the customer: %s", ev.Kind, body)
			}
		}
		noneLeft(t, d)
	})
}

// TestHistoriesVerify is about random commands on stored orders: what Save
// writes is what Take reads, and Verify agrees.
func TestHistoriesVerify(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(t *rapid.T) {
			o := insert(t, d, anyDraft(t))[0]
			for range rapid.IntRange(0, 4).Draw(t, "transactions") {
				saved := change(t, d, o.ID, func(o *Order) error {
					for range rapid.IntRange(1, 12).Draw(t, "commands") {
						_ = anyCommand(t, o)
					}
					return nil
				})
				if diff := cmp.Diff(saved, get(t, d, o.ID), public); diff != "" {
					t.Fatalf("what was saved (-) is not what is read (+):\n%s", diff)
				}
			}
		})
		noneLeft(t, d)
	})
}
