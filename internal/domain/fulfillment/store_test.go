package fulfillment

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

func write(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// create stores open orders.
func create(t *testing.T, d *db.DB, orders ...*Order) {
	t.Helper()
	write(t, d, func(tx *db.Tx) error { return Create(t.Context(), tx, orders) })
}

// change takes an order, changes it and saves it.
func change(t *testing.T, d *db.DB, o *Order, fn func(tx *db.Tx, o *Order) error) {
	t.Helper()
	write(t, d, func(tx *db.Tx) error {
		taken, err := Take(t.Context(), tx, o.ID)
		if err != nil {
			return err
		}
		return errors.Join(fn(tx, taken[0]), Save(t.Context(), tx, taken))
	})
}

func read(t *testing.T, d *db.DB, o *Order) *Order {
	t.Helper()
	got, err := Get(t.Context(), d, o.ID)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	return got[0]
}

func verified(t *testing.T, d *db.DB) {
	t.Helper()
	if found := differences(t, d); len(found) > 0 {
		t.Errorf("verify: %v", found)
	}
}

func differences(t *testing.T, d *db.DB) (found []check.Difference) {
	t.Helper()
	if err := Verify(t.Context(), d, func(x check.Difference) { found = append(found, x) }); err != nil {
		t.Fatal(err)
	}
	return found
}

func kinds(t *testing.T, d *db.DB, subject id.UUID) (out []string) {
	t.Helper()
	events, err := event.Of(t.Context(), d, subject, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

func TestOrderIsStoredWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := makeOrder(t, 5, 2)
		o.Priority, o.ShipBy, o.Decision = 3, noon.Add(time.Hour), newID[id.Decision]()
		create(t, d, o)
		change(t, d, o, func(tx *db.Tx, o *Order) error {
			if err := errors.Join(o.Pick(o.Lines[0].Line, 4, noon), o.Cancel(o.Lines[1].Line, 1, "customer", noon)); err != nil {
				return err
			}
			packed, err := o.Pack(Quantities{o.Lines[0].Line: 2}, noon)
			if err != nil {
				return err
			}
			shipped, err := o.Ship(Quantities{o.Lines[0].Line: 1}, Carriage{Carrier: "DHL", Cost: 500}, noon)
			if err != nil {
				return err
			}
			return InsertShipments(t.Context(), tx, []*Shipment{packed, shipped})
		})
		got := read(t, d, o)
		if got.Status != InProgress || got.Priority != 3 || got.ShipBy != o.ShipBy || got.Decision != o.Decision || got.Version != 2 || got.ReleasedAt != noon {
			t.Errorf("%+v", got)
		}
		l := got.Lines[0]
		if l.Counts != (Counts{Quantity: 5, Picked: 3, Shipped: 1}) || l.Packed != 2 || l.Variant != o.Lines[0].Variant {
			t.Errorf("%+v", l)
		}
		if got.Lines[1].Counts != (Counts{Quantity: 2, Cancelled: 1}) {
			t.Errorf("%+v", got.Lines[1])
		}
		by, err := ShipmentsByOrder(t.Context(), d, []id.Order{o.Order})
		if err != nil || len(by[o.Order]) != 2 || by[o.Order][0].Number == by[o.Order][1].Number || by[o.Order][0].Number < 1001 {
			t.Errorf("%+v %v", by, err)
		}
		if s := by[o.Order][1]; s.Status != ShipmentShipped || s.Carrier != "DHL" || s.Cost != 500 || s.ShippedAt != noon || s.Units() != 1 {
			t.Errorf("%+v", s)
		}
		want := []string{"fulfillment.created", "fulfillment.released", "shipment.packed", "shipment.shipped", "fulfillment.started", "fulfillment.units_cancelled"}
		if got := kinds(t, d, o.Order); !slices.Equal(got, want) {
			t.Errorf("timeline %v", got)
		}
		verified(t, d)
	})
}

func TestPartialShipmentsUntilClosed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := makeOrder(t, 3)
		create(t, d, o)
		for range 3 {
			change(t, d, o, func(tx *db.Tx, o *Order) error {
				s, err := o.Ship(Quantities{o.Lines[0].Line: 1}, Carriage{}, tx.Now())
				if err != nil {
					return err
				}
				return InsertShipments(t.Context(), tx, []*Shipment{s})
			})
			verified(t, d)
		}
		if got := read(t, d, o); got.Status != Closed || got.Open() != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestSaveRefusesWhatChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := makeOrder(t, 3)
		create(t, d, o)
		stale := read(t, d, o)
		change(t, d, o, func(_ *db.Tx, o *Order) error { return o.Start() })
		wantCode(t, stale.CheckVersion(2), "fulfillment.stale")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := stale.CancelAll("", noon); err != nil {
				return err
			}
			return Save(t.Context(), tx, []*Order{stale})
		})
		wantCode(t, err, "fulfillment.stale")
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := Take(t.Context(), tx, o.ID, newID[id.Fulfillment]())
			return err
		})
		wantCode(t, err, "fulfillment.not_found")
	})
}

func TestAddToAStoredOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := makeOrder(t, 3)
		create(t, d, o)
		change(t, d, o, func(_ *db.Tx, o *Order) error {
			return errors.Join(o.Add(o.Lines[0].Line, o.Lines[0].Variant, 2), o.Add(newID[id.Line](), newID[id.Variant](), 1))
		})
		if got := read(t, d, o); len(got.Lines) != 2 || got.Lines[0].Quantity != 5 || got.Open() != 6 {
			t.Errorf("%+v", got)
		}
	})
}

func TestQueueIsPaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		location := newID[id.Location]()
		var all []*Order
		for i := range 7 {
			o := makeOrder(t, 1)
			o.Location, o.Priority, o.CreatedAt = location, int64(i%2), noon.Add(-time.Duration(i/3)*time.Minute)
			all = append(all, o)
		}
		create(t, d, append(all, makeOrder(t, 1))...)
		slices.SortFunc(all, func(a, b *Order) int {
			switch {
			case a.Priority != b.Priority:
				return int(b.Priority - a.Priority)
			case a.CreatedAt != b.CreatedAt:
				return a.CreatedAt.Compare(b.CreatedAt)
			}
			return a.ID.Compare(b.ID)
		})
		var got []id.Fulfillment
		f := Filter{Locations: []id.Location{location}, Statuses: []Status{Open, InProgress}, Limit: 2}
		for {
			page, next, err := List(t.Context(), d, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page {
				got = append(got, o.ID)
			}
			if next == "" {
				break
			}
			f.After = next
		}
		if len(got) != len(all) {
			t.Fatalf("%d of %d", len(got), len(all))
		}
		for i, o := range all {
			if got[i] != o.ID {
				t.Errorf("place %d: %s, want %s", i, got[i], o.ID)
			}
		}
		_, _, err := List(t.Context(), d, Filter{After: "nonsense"})
		wantCode(t, err, "fulfillment.bad_cursor")
	})
}

func TestPickBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		location, variant := newID[id.Location](), newID[id.Variant]()
		normal, urgent := makeOrder(t, 3, 2), makeOrder(t, 4)
		urgent.Priority = 1
		normal.Location, urgent.Location = location, location
		normal.Lines[0].Variant, urgent.Lines[0].Variant = variant, variant
		create(t, d, normal, urgent)

		var batch *PickBatch
		makeBatch := func(orders ...*Order) error {
			return d.Write(ctx, func(tx *db.Tx) error {
				var ids []id.Fulfillment
				for _, o := range orders {
					ids = append(ids, o.ID)
				}
				taken, err := Take(ctx, tx, ids...)
				if err != nil {
					return err
				}
				batch, err = CreateBatch(ctx, tx, location, id.User{}, taken)
				return err
			})
		}
		if err := makeBatch(normal, urgent); err != nil {
			t.Fatal(err)
		}
		first := batch.ID
		wantCode(t, makeBatch(normal), "pick_batch.nothing")
		wantCode(t, makeBatch(makeStored(t, d)), "pick_batch.other_location")

		pick := func(picks ...Pick) (short []Shortage, err error) {
			err = d.Write(ctx, func(tx *db.Tx) error {
				b, orders, err := TakeBatch(ctx, tx, first)
				if err != nil {
					return err
				}
				if short, err = b.Pick(orders, picks, tx.Now()); err != nil {
					return err
				}
				return SaveBatch(ctx, tx, b, orders)
			})
			return short, err
		}
		// 5 of 7 units of a variant: 4 go to the urgent order, 1 to the other.
		if _, err := pick(Pick{Variant: variant, Picked: 5}); err != nil {
			t.Fatal(err)
		}
		if u, n := read(t, d, urgent), read(t, d, normal); u.Lines[0].Picked != 4 || u.PickedAt.IsZero() || n.Lines[0].Picked != 1 || n.Status != InProgress {
			t.Errorf("%+v %+v", u.Lines[0], n.Lines[0])
		}
		_, err := pick(Pick{Variant: variant, Picked: 1}, Pick{Variant: variant, Picked: 2})
		wantCode(t, err, "pick_batch.bad_pick")
		_, err = pick(Pick{Variant: variant, Short: 1})
		wantCode(t, err, "pick_batch.bad_pick") // no reason
		if n := read(t, d, normal); n.Lines[0].Picked != 1 {
			t.Errorf("a refused pick left its mark: %+v", n.Lines[0])
		}

		// A unit that is cancelled is no longer to be picked.
		change(t, d, normal, func(_ *db.Tx, o *Order) error { return o.Cancel(o.Lines[0].Line, 1, "customer", noon) })
		got, err := GetBatch(ctx, d, first)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(got.Lines, func(l *PickLine) bool { return l.FulfillmentLine == normal.Lines[0].ID })
		if l := got.Lines[i]; l.Short != 1 || l.ShortReason != ReasonCancelled || l.Left() != 1 {
			t.Errorf("%+v", l)
		}
		verified(t, d)

		short, err := pick(Pick{Variant: variant, Short: 1, Reason: "not found"}, Pick{Variant: normal.Lines[1].Variant, Picked: 2})
		if err != nil || len(short) != 1 || short[0].Line != normal.Lines[0].Line || short[0].Quantity != 1 {
			t.Fatalf("%+v %v", short, err)
		}
		if got, _ = GetBatch(ctx, d, first); got.Status != BatchPicked {
			t.Error(got.Status)
		}
		// What was short may be picked again.
		if err := makeBatch(normal); err != nil || batch.Lines[0].Quantity != 1 {
			t.Errorf("%+v %v", batch, err)
		}
		write(t, d, func(tx *db.Tx) error {
			b, orders, err := TakeBatch(ctx, tx, first)
			if err != nil {
				return err
			}
			return errors.Join(b.Close(tx.Now()), SaveBatch(ctx, tx, b, orders))
		})
		_, err = pick(Pick{Variant: variant, Picked: 1})
		wantCode(t, err, "pick_batch.closed")
		if orders, err := OrdersOfBatch(ctx, d, first); err != nil || len(orders) != 2 {
			t.Error(orders, err)
		}
		if page, next, err := ListBatches(ctx, d, BatchFilter{Locations: []id.Location{location}, Limit: 1}); err != nil || len(page) != 1 || next == "" || page[0].ID != batch.ID {
			t.Error(page, next, err)
		}
		want := []string{"pick_batch.open", "pick_batch.picking", "pick_batch.picked", "pick_batch.closed"}
		if got := kinds(t, d, first); !slices.Equal(got, want) {
			t.Errorf("timeline %v", got)
		}
		verified(t, d)
	})
}

func makeStored(t *testing.T, d *db.DB) *Order {
	o := makeOrder(t, 1)
	create(t, d, o)
	return o
}

// ship stores a shipped shipment of a new order.
func ship(t *testing.T, d *db.DB) *Shipment {
	t.Helper()
	var s *Shipment
	change(t, d, makeStored(t, d), func(tx *db.Tx, o *Order) (err error) {
		if s, err = o.Ship(o.Free(), Carriage{TrackingNumber: "1Z"}, tx.Now()); err != nil {
			return err
		}
		return InsertShipments(t.Context(), tx, []*Shipment{s})
	})
	return s
}

func TestTrack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		d.Now = func() time.Time { return noon.Add(24 * time.Hour) }
		s := ship(t, d)
		track := func(events ...TrackingEvent) (moved []Movement) {
			t.Helper()
			write(t, d, func(tx *db.Tx) (err error) {
				moved, err = Track(t.Context(), tx, events)
				return err
			})
			return moved
		}
		at := func(status Tracking, hours int) TrackingEvent {
			return TrackingEvent{Shipment: s.ID, Status: status, Source: "dhl", At: noon.Add(time.Duration(hours) * time.Hour)}
		}
		axis := func() (Tracking, ShipmentStatus) {
			got, err := Shipments(t.Context(), d, s.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got[0].Tracking, got[0].Status
		}
		if m := track(at(TrackingInTransit, 2), at(TrackingPreTransit, 1)); len(m) != 1 || m[0].To != TrackingInTransit || m[0].Delivered {
			t.Errorf("%+v", m)
		}
		if m := track(at(TrackingInTransit, 2), at(TrackingInTransit, 2)); len(m) != 0 {
			t.Errorf("the same event moved it again: %+v", m)
		}
		m := track(at(TrackingDelivered, 8))
		if len(m) != 1 || !m[0].Delivered || m[0].Shipment.Units() != 1 || m[0].Shipment.DeliveredAt != noon.Add(8*time.Hour) {
			t.Fatalf("%+v", m)
		}
		if m := track(at(TrackingOutForDelivery, 7)); len(m) != 0 {
			t.Errorf("an event that came late moved it: %+v", m)
		}
		if m := track(at(TrackingDelivered, 8), at(TrackingDelivered, 9)); len(m) != 0 {
			t.Errorf("delivered twice: %+v", m)
		}
		if m := track(at(TrackingReturned, 10)); len(m) != 1 || m[0].Delivered {
			t.Errorf("%+v", m)
		}
		if tracking, status := axis(); tracking != TrackingReturned || status != ShipmentDelivered {
			t.Errorf("%s, %s: the axis must not change the state", tracking, status)
		}
		if events, err := TrackingOf(t.Context(), d, s.ID); err != nil || len(events) != 6 || events[0].Status != TrackingPreTransit || events[5].Status != TrackingReturned {
			t.Errorf("%+v %v", events, err)
		}
		verified(t, d)

		for name, e := range map[string]TrackingEvent{
			"shipment.not_found":    {Shipment: newID[id.Shipment](), Status: TrackingLost, Source: "dhl", At: noon},
			"shipment.bad_tracking": {Shipment: s.ID, Status: "eaten", Source: "dhl", At: noon},
		} {
			wantCode(t, d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := Track(t.Context(), tx, []TrackingEvent{e})
				return err
			}), name)
		}
	})
}

func TestDeliverByHand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, b := ship(t, d), ship(t, d)
		deliver := func() (moved []Movement) {
			write(t, d, func(tx *db.Tx) (err error) {
				moved, err = Deliver(t.Context(), tx, noon, a.ID, b.ID)
				return err
			})
			return moved
		}
		if m := deliver(); len(m) != 2 || !m[0].Delivered || !m[1].Delivered {
			t.Errorf("%+v", m)
		}
		if m := deliver(); len(m) != 0 {
			t.Errorf("%+v", m)
		}
		verified(t, d)
	})
}

// A carrier may know of the delivery before the warehouse says that it shipped.
func TestDeliveredBeforeShipped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := makeStored(t, d)
		var s *Shipment
		change(t, d, o, func(tx *db.Tx, o *Order) (err error) {
			if s, err = o.Pack(o.Free(), tx.Now()); err != nil {
				return err
			}
			return errors.Join(s.Label(Carriage{Carrier: "DHL"}), InsertShipments(t.Context(), tx, []*Shipment{s}))
		})
		write(t, d, func(tx *db.Tx) error {
			m, err := Track(t.Context(), tx, []TrackingEvent{{Shipment: s.ID, Status: TrackingDelivered, Source: "dhl", At: noon}})
			if err == nil && (len(m) != 1 || m[0].Delivered || m[0].Shipment.Status != ShipmentLabelled) {
				t.Errorf("%+v", m)
			}
			return err
		})
		change(t, d, o, func(tx *db.Tx, o *Order) error {
			taken, err := TakeShipments(t.Context(), tx, s.ID)
			if err != nil {
				return err
			}
			return errors.Join(o.Dispatch(taken[0], tx.Now()), SaveShipments(t.Context(), tx, taken))
		})
		got, err := Shipments(t.Context(), d, s.ID)
		if err != nil || got[0].Status != ShipmentDelivered || read(t, d, o).Status != Closed {
			t.Errorf("%+v %v", got, err)
		}
		verified(t, d)
	})
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	for rule, damage := range map[string]string{
		ruleShipped:  `UPDATE fulfillment_line SET shipped = 0, cancelled = 1`,
		ruleStatus:   `UPDATE fulfillment_order SET status = 'cancelled'`,
		ruleTracking: `UPDATE shipment SET tracking_status = 'lost'`,
	} {
		t.Run(rule, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := ship(t, d)
				write(t, d, func(tx *db.Tx) error {
					_, err := Deliver(t.Context(), tx, noon, s.ID)
					return err
				})
				verified(t, d)
				write(t, d, func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), damage)
					return err
				})
				if !slices.ContainsFunc(differences(t, d), func(x check.Difference) bool { return x.Rule == rule }) {
					t.Errorf("%s was not found", rule)
				}
			})
		})
	}
}

func TestVerifyFindsUnitsPromisedTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := makeStored(t, d)
		change(t, d, o, func(tx *db.Tx, o *Order) error {
			s, err := o.Pack(o.Free(), tx.Now())
			return errors.Join(err, InsertShipments(t.Context(), tx, []*Shipment{s}))
		})
		other := makeStored(t, d)
		write(t, d, func(tx *db.Tx) error {
			taken, err := Take(t.Context(), tx, other.ID)
			if err != nil {
				return err
			}
			_, err = CreateBatch(t.Context(), tx, other.Location, id.User{}, taken)
			return err
		})
		verified(t, d)
		write(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE shipment_line SET quantity = 2`)
			if err == nil {
				_, err = tx.Exec(t.Context(), `UPDATE pick_line SET quantity = 2`)
			}
			return err
		})
		for _, rule := range []string{rulePacked, rulePicks} {
			if !slices.ContainsFunc(differences(t, d), func(x check.Difference) bool { return x.Rule == rule }) {
				t.Errorf("%s was not found", rule)
			}
		}
	})
}

// Clerks who ship the same units at once, and others who cancel them, in batches
// given in any order: each unit leaves or is cancelled, once, and nobody waits
// for ever.
func TestRaces(t *testing.T) {
	d := dbtest.Postgres(t)
	var orders []*Order
	var ids []id.Fulfillment
	for range 8 {
		o := makeStored(t, d)
		orders, ids = append(orders, o), append(ids, o.ID)
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			mine := slices.Clone(ids)
			if worker%2 == 1 {
				slices.Reverse(mine)
			}
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				taken, err := Take(t.Context(), tx, mine...)
				if err != nil {
					return err
				}
				var shipments []*Shipment
				for _, o := range taken {
					switch {
					case o.Status.Done():
					case worker%3 == 0:
						_, err = o.CancelAll("race", tx.Now())
					default:
						var s *Shipment
						if s, err = o.Ship(o.Free(), Carriage{}, tx.Now()); err == nil {
							shipments = append(shipments, s)
						}
					}
					if err != nil {
						return err
					}
				}
				return errors.Join(Save(t.Context(), tx, taken), InsertShipments(t.Context(), tx, shipments))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, o := range orders {
		if got := read(t, d, o); !got.Status.Done() || got.Open() != 0 {
			t.Errorf("%+v", got)
		}
	}
	verified(t, d)
}
