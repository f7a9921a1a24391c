package flow_test

import (
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// move moves items of an order's work at one location, or all of it, to another.
func move(s *shop.Shop, o *order.Order, from, to string, items ...shop.Item) error {
	m := flow.Moving{Fulfillment: s.WorkAt(o, from).ID, To: s.Location(to), Reason: "nearer"}
	if len(items) > 0 {
		m.Lines = s.Units(o, items...)
	}
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.Move(s.Ctx, tx, m)
		return err
	})
}

// reject lets a location reject items of an order, or all of it.
func reject(s *shop.Shop, o *order.Order, at string, items ...shop.Item) error {
	r := flow.Rejection{Fulfillment: s.WorkAt(o, at).ID, Reason: "too busy"}
	if len(items) > 0 {
		r.Lines = s.Units(o, items...)
	}
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.Reject(s.Ctx, tx, r)
		return err
	})
}

// newest is the newest decision of an order.
func newest(t *testing.T, s *shop.Shop, o *order.Order) routing.Entry {
	t.Helper()
	all, err := routing.Of(s.Ctx, s.DB, o.ID)
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	return all[0]
}

// Classic bug 8: moving a reservation did not ask whether the goods are there (medusa#16488). Of a line, of lines that
// share a component, and of kits.
func TestMoveChecksTheDestination(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 20)
		s.Receive("TEA", shop.Berlin, 20)
		s.Receive("MUG", shop.Hamburg, 4)
		s.Receive("TEA", shop.Hamburg, 9)
		o := s.Place(shop.Of("MUG", 3), shop.Of("SET", 1))
		shop.Want(t, move(s, o, shop.Berlin, shop.Hamburg), "routing.not_in_stock") // 5 mugs in all
		level(t, s, "MUG", shop.Hamburg, 4, 0, 0)
		s.Receive("MUG", shop.Hamburg, 1)
		shop.Want(t, move(s, o, shop.Berlin, shop.Hamburg), "")
		work(t, s, o, "BER cancelled 0", "HAM open 6")
		level(t, s, "MUG", shop.Berlin, 20, 0, 0)
		level(t, s, "MUG", shop.Hamburg, 5, 5, 0)
		level(t, s, "TEA", shop.Hamburg, 9, 1, 0)
		d := newest(t, s, o)
		if d.Cause != routing.CauseManual || d.Actor == "" || d.Decision.V.By != d.Actor || d.Summary == "" {
			t.Errorf("%+v", d)
		}
		if f := s.WorkAt(o, shop.Hamburg); f.Decision != d.ID {
			t.Error("the work does not name the decision")
		}
		shop.Want(t, move(s, o, shop.Hamburg, shop.Hamburg), "fulfillment.same_location")
		shop.Want(t, move(s, o, shop.Hamburg, shop.Munich), "routing.not_in_stock")
		s.Ship(o)
		level(t, s, "MUG", shop.Hamburg, 0, 0, 0)
	})
}

func TestMoveAsksWhetherTheDestinationShips(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 2)
		s.AddLocation("SHUT", func(l *inventory.Location) { l.Active = false })
		s.AddLocation("DESK", func(l *inventory.Location) { l.ShipsOnline = false })
		s.AddLocation("BAD", func(l *inventory.Location) { l.Kind = inventory.Quarantine })
		s.Receive("MUG", "DESK", 5)
		o := s.Place(shop.Of("MUG", 2))
		for _, code := range []string{"SHUT", "DESK", "BAD"} {
			shop.Want(t, move(s, o, shop.Berlin, code), "routing.cannot_ship")
		}
	})
}

// Classic bug 7: goods that ship from another place than they were reserved at corrupt both (medusa#16338).
func TestShipFromAnotherLocationThanReserved(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("MUG", shop.Munich, 5)
		o := s.Place(shop.Of("MUG", 3))
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich, shop.Of("MUG", 2)), "")
		work(t, s, o, "BER open 1", "MUC open 2")
		s.ShipFrom(shop.Munich, o, shop.Of("MUG", 2))
		level(t, s, "MUG", shop.Berlin, 5, 1, 0)
		level(t, s, "MUG", shop.Munich, 3, 0, 0)
		s.Ship(o)
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
		level(t, s, "MUG", shop.Munich, 3, 0, 0)
	})
}

func TestMoveRecallsWhatIsInWork(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("MUG", shop.Munich, 5)
		o := s.Place(shop.Of("MUG", 4))
		f := s.WorkAt(o, shop.Berlin)
		var batch *fulfillment.PickBatch
		s.Write(func(tx *db.Tx) (err error) {
			batch, err = flow.NewBatch(s.Ctx, tx, f.Location, id.User{}, []id.Fulfillment{f.ID})
			return err
		})
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "")
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich), "fulfillment.picked")
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich, shop.Of("MUG", 3)), "")
		work(t, s, o, "BER in_progress 1", "MUC open 3")
		l := s.Line(o, "MUG")
		shop.Equal(t, "in work", l.InWork, 1)
		shop.Equal(t, "allocated", l.Allocated, 4)
		now, err := fulfillment.GetBatch(s.Ctx, s.DB, batch.ID)
		if err != nil || now.Lines[0].Left() != 0 {
			t.Errorf("the batch still wants %d: %v", now.Lines[0].Left(), err)
		}
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Pack(s.Ctx, tx, f.ID, 0, nil, fulfillment.Carriage{})
			return err
		})
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich), "fulfillment.packed")
	})
}

// A line or a kit that may not be split moves whole, and what waits of it waits at the new place.
func TestMoveKeepsTogetherWhatMayNotBeSplit(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		yes, no := true, false
		s.AddVariant("VASE", "20.00", func(v *catalog.VariantInput) { v.Backorder, v.MaySplit = &yes, &no })
		s.Receive("VASE", shop.Berlin, 3)
		o := s.Place(shop.Of("VASE", 5))
		level(t, s, "VASE", shop.Berlin, 3, 3, 2)
		s.Adjust("VASE", shop.Munich, 4)
		level(t, s, "VASE", shop.Munich, 4, 0, 0) // the rest waits where the line is
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich, shop.Of("VASE", 2)), "order.unsplittable")
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich), "")
		level(t, s, "VASE", shop.Berlin, 3, 0, 0)
		level(t, s, "VASE", shop.Munich, 4, 4, 1) // one of the two that waited came with it
	})
}

func TestMoveGivesTheFreedStockToThoseWhoWait(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		yes, no := true, false
		s.AddVariant("VASE", "20.00", func(v *catalog.VariantInput) { v.Backorder, v.MaySplit = &yes, &no })
		s.Receive("VASE", shop.Berlin, 3)
		first, waits := s.Place(shop.Of("VASE", 2)), s.Place(shop.Of("VASE", 3))
		s.Receive("VASE", shop.Munich, 2)
		level(t, s, "VASE", shop.Berlin, 3, 3, 2)
		shop.Want(t, move(s, first, shop.Berlin, shop.Munich), "")
		work(t, s, waits, "BER open 3")
	})
}

func TestDestinationsSayWhatAMoveWouldDo(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("MUG", shop.Munich, 5)
		o := s.Place(shop.Of("MUG", 4))
		got, err := flow.Destinations(s.Ctx, s.DB, s.WorkAt(o, shop.Berlin).ID, nil)
		if err != nil || len(got) != 2 {
			t.Fatal(got, err)
		}
		if d := got[0]; d.Code != shop.Munich || !d.Possible || *d.Km < 450 || *d.Km > 550 {
			t.Errorf("%+v", d)
		}
		if d := got[1]; d.Code != shop.Hamburg || d.Possible || d.Refusal != "routing.not_in_stock" {
			t.Errorf("%+v", d)
		}
		shop.Want(t, move(s, o, shop.Berlin, shop.Munich, shop.Of("MUG", 1)), "")
		if got, _ = flow.Destinations(s.Ctx, s.DB, s.WorkAt(o, shop.Berlin).ID, nil); got[0].Joins != s.WorkAt(o, shop.Munich).ID {
			t.Errorf("%+v", got[0])
		}
	})
}

func TestSplitAndMergeAgain(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("POT", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 4), shop.Of("POT", 2))
		f := s.WorkAt(o, shop.Berlin)
		split := func(items ...shop.Item) (part *fulfillment.Order, err error) {
			err = s.Try(func(tx *db.Tx) (err error) {
				part, err = flow.Split(s.Ctx, tx, f.ID, 0, s.Units(o, items...))
				return err
			})
			return part, err
		}
		_, err := split(shop.Of("POT", 1))
		shop.Want(t, err, "order.unsplittable")
		part, err := split(shop.Of("POT", 2), shop.Of("MUG", 1))
		shop.Want(t, err, "")
		work(t, s, o, "BER open 3", "BER open 3")
		level(t, s, "MUG", shop.Berlin, 5, 4, 0)
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "")
		merge := func(into, from id.Fulfillment) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Merge(s.Ctx, tx, into, 0, []id.Fulfillment{from})
				return err
			})
		}
		shop.Want(t, merge(part.ID, f.ID), "fulfillment.picked")
		shop.Want(t, merge(f.ID, part.ID), "")
		work(t, s, o, "BER cancelled 0", "BER in_progress 6")
		shop.Equal(t, "in work", s.Line(o, "POT").InWork, 2)
		s.Ship(o)
		level(t, s, "POT", shop.Berlin, 3, 0, 0)
	})
}

func TestRejectGoesToTheNextLocation(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.SplitLines()
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("TEA", shop.Berlin, 5)
		s.Receive("MUG", shop.Munich, 5)
		o := s.Place(shop.Of("MUG", 2), shop.Of("TEA", 3))
		shop.Want(t, reject(s, o, shop.Berlin, shop.Of("MUG", 2)), "")
		work(t, s, o, "BER open 3", "BER rejected 0", "MUC open 2")
		level(t, s, "MUG", shop.Berlin, 5, 0, 0)
		level(t, s, "MUG", shop.Munich, 5, 2, 0)
		d := newest(t, s, o)
		shop.Equal(t, "cause", d.Cause, routing.CauseRejected)
		for _, c := range d.Decision.V.Candidates {
			if c.Code == shop.Berlin && c.Reason != "rejected MUG: too busy" {
				t.Errorf("%+v", c)
			}
		}
		// Nobody else has tea: it is owed, and Berlin's is not given back to it.
		shop.Want(t, reject(s, o, shop.Berlin), "")
		work(t, s, o, "BER rejected 0", "BER rejected 0", "MUC open 2")
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 3)
		shop.Equal(t, "outcome", newest(t, s, o).Decision.V.Outcome, routing.OutcomeBackordered)
		level(t, s, "TEA", shop.Berlin, 5, 0, 0)
		s.Receive("TEA", shop.Berlin, 1)
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 3)
		s.Receive("TEA", shop.Hamburg, 2)
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 1)
		s.Write(func(tx *db.Tx) error {
			return flow.Readmit(s.Ctx, tx, o.ID, s.Line(o, "TEA").ID, s.Location(shop.Berlin))
		})
		work(t, s, o, "BER open 1", "BER rejected 0", "BER rejected 0", "HAM open 2", "MUC open 2")
	})
}

// What may not be split is rejected whole, and stays behind nobody in the queue.
func TestRejectKeepsKitsTogetherAndTheirPlace(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		no := false
		kit := catalog.Kit
		s.AddVariant("BOX", "30.00", func(v *catalog.VariantInput) {
			v.Kind, v.MaySplit = &kit, &no
			v.Components = &[]catalog.ComponentInput{{SKU: "MUG", Quantity: 2}, {SKU: "TEA", Quantity: 1}}
		})
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 2)
		o := s.Place(shop.Of("BOX", 2))
		waits := s.Place(shop.Of("TEA", 1))
		shop.Want(t, pick(s, s.WorkAt(o, shop.Berlin), s.Units(o, shop.Of("MUG", 3))), "")
		shop.Want(t, reject(s, o, shop.Berlin, shop.Of("TEA", 1)), "")
		work(t, s, o, "BER rejected 0")
		work(t, s, waits, "BER open 1") // it may have what the other may not
		s.Receive("MUG", shop.Munich, 4)
		s.Receive("TEA", shop.Munich, 2)
		work(t, s, o, "BER rejected 0", "MUC open 6")
	})
}

func TestRejectIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 3))
		f := s.WorkAt(o, shop.Berlin)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Pack(s.Ctx, tx, f.ID, 0, s.Units(o, shop.Of("MUG", 2)), fulfillment.Carriage{})
			return err
		})
		shop.Want(t, reject(s, o, shop.Berlin), "fulfillment.packed")
		shop.Want(t, reject(s, o, shop.Berlin, shop.Of("MUG", 1)), "")
		err := s.Try(func(tx *db.Tx) error {
			_, err := flow.Reject(s.Ctx, tx, flow.Rejection{Fulfillment: f.ID})
			return err
		})
		shop.Want(t, err, "fulfillment.no_reason")
	})
}
