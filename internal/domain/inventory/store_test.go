package inventory_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

type counts = inventory.Counts

func TestReserveGivesAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, w := variant(), variant()
		s.receive(v, s.reno, 5)
		s.receive(w, s.reno, 5)
		// Lines that share a variant are summed before they are compared with what is there.
		f := s.refused("inventory.shortage", func(tx *db.Tx) error {
			claims := []inventory.Claim{claim(demand(), w, s.reno, 1, "stock"), claim(demand(), v, s.reno, 3, "stock"), claim(demand(), v, s.reno, 3, "stock")}
			err := inventory.Reserve(t.Context(), tx, claims)
			if !fault.Is(err, "inventory.shortage") {
				t.Errorf("got %v", err)
			}
			// Nothing was half done: the transaction may go on.
			levels, err2 := inventory.Levels(t.Context(), tx, []id.Variant{v, w})
			if err2 != nil || levels[0].Committed+levels[1].Committed != 0 {
				t.Errorf("after the refusal: %+v, %v", levels, err2)
			}
			return err
		})
		want := inventory.Shortage{Key: inventory.Key{Variant: v, Location: s.reno}, Asked: 6, Available: 5}
		if f.Kind != fault.Shortage || f.Detail != want {
			t.Errorf("the fault is %s %+v, want %+v", f.Kind, f.Detail, want)
		}
		s.mustReserve(claim(demand(), v, s.reno, 3, "stock"), claim(demand(), v, s.reno, 2, "stock"), claim(demand(), v, s.reno, 9, "backorder"))
		s.wantLevel(v, s.reno, counts{OnHand: 5, Committed: 5, Backordered: 9})
		if err := s.reserve(claim(demand(), v, s.reno, 1, "stock")); !fault.Is(err, "inventory.shortage") {
			t.Errorf("one too many: %v", err)
		}
		s.sound()
	})
}

func TestPromisesNeedStockWhateverThePolicy(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.loose, 2)
		s.receive(v, s.quar, 2)
		if err := s.reserve(claim(demand(), v, s.loose, 3, "stock")); !fault.Is(err, "inventory.shortage") {
			t.Errorf("more than there is, where negative stock is allowed: %v", err)
		}
		if err := s.reserve(claim(demand(), v, s.quar, 1, "stock")); !fault.Is(err, "inventory.shortage") {
			t.Errorf("stock in quarantine: %v", err)
		}
		if n := s.level(v, s.quar).Available(); n != 0 {
			t.Errorf("%d units in quarantine are available", n)
		}
		if err := s.reserve(claim(demand(), v, id.New[id.Location](time.Now()), 1, "backorder")); !fault.Is(err, "location.not_found") {
			t.Errorf("a location that is not there: %v", err)
		}
		s.sound()
	})
}

func TestReserveRefusesNonsense(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		for name, c := range map[string]inventory.Claim{
			"no quantity":   claim(demand(), v, s.reno, 0, "stock"),
			"negative":      claim(demand(), v, s.reno, -1, "stock"),
			"huge":          claim(demand(), v, s.reno, inventory.MaxQuantity+1, "backorder"),
			"no demand":     claim(id.Any{}, v, s.reno, 1, "stock"),
			"no kind":       claim(demand(), v, s.reno, 1, ""),
			"no demandkind": {Demand: demand(), Variant: v, Location: s.reno, Quantity: 1, Kind: "stock"},
		} {
			if err := s.reserve(c); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestReleaseTakesTheNewestAndNoMoreThanThereIs(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		s.receive(v, s.reno, 10)
		s.mustReserve(claim(d, v, s.reno, 4, "stock"))
		s.mustReserve(claim(d, v, s.reno, 3, "stock"))
		release := func(n int64) error {
			return s.write(func(tx *db.Tx) error {
				return inventory.Release(t.Context(), tx, []inventory.Claim{claim(d, v, s.reno, n, "stock")})
			})
		}
		if err := release(5); err != nil {
			t.Fatal(err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 10, Committed: 2})
		open, err := inventory.Reservations(t.Context(), s.d, []id.Any{d})
		if err != nil || len(open) != 1 || open[0].Quantity != 2 {
			t.Fatalf("open are %+v (%v)", open, err)
		}
		all, err := db.Select[int64](t.Context(), s.d, `SELECT quantity FROM reservation WHERE demand_id = ? ORDER BY status, quantity`, d)
		if err != nil || !slices.Equal(all, []int64{2, 2, 3}) {
			t.Errorf("rows of %v units (%v): a part that is given up is a row of its own", all, err)
		}
		if err := release(3); !fault.Is(err, "inventory.not_reserved") || fault.KindOf(err) != fault.Conflict {
			t.Errorf("more than is reserved: %v", err)
		}
		if err := release(2); err != nil {
			t.Error(err)
		}
		if err := release(1); !fault.Is(err, "inventory.not_reserved") {
			t.Errorf("released twice: %v", err)
		}
		s.sound()
	})
}

func TestRehome(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, first, second := variant(), demand(), demand()
		s.receive(v, s.reno, 3)
		s.mustReserve(claim(first, v, s.reno, 3, "stock"))
		s.mustReserve(claim(second, v, s.ulm, 2, "backorder"))
		rehome := func(m ...inventory.Move) error {
			return s.write(func(tx *db.Tx) error { return inventory.Rehome(t.Context(), tx, m) })
		}
		fill := inventory.Move{Demand: second, Variant: v, From: s.ulm, To: s.reno, FromKind: "backorder", ToKind: "stock", Quantity: 2}
		if err := rehome(fill); !fault.Is(err, "inventory.shortage") {
			t.Errorf("filled from nothing: %v", err)
		}
		// Two demands change places at once, which neither could alone.
		yield := inventory.Move{Demand: first, Variant: v, From: s.reno, To: s.reno, FromKind: "stock", ToKind: "backorder", Quantity: 2}
		if err := rehome(fill, yield); err != nil {
			t.Fatal(err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 3, Committed: 3, Backordered: 2})
		s.wantLevel(v, s.ulm, counts{})
		queue, err := inventory.Queue(t.Context(), s.d, []id.Variant{v})
		if err != nil || len(queue) != 1 || queue[0].Demand != first || queue[0].Quantity != 2 {
			t.Errorf("the queue is %+v (%v)", queue, err)
		}
		if err := rehome(inventory.Move{Demand: first, Variant: v, From: s.reno, To: s.ulm, FromKind: "stock", ToKind: "backorder", Quantity: 2}); !fault.Is(err, "inventory.not_reserved") {
			t.Errorf("more than is claimed was moved: %v", err)
		}
		s.sound()
	})
}

func TestQueueKeepsPlacesWhenClaimsMove(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		oldest, older, young := demand(), demand(), demand()
		for _, d := range []id.Any{oldest, older, young} {
			s.mustReserve(claim(d, v, s.reno, 2, "backorder"))
		}
		s.must(func(tx *db.Tx) error {
			return inventory.Rehome(t.Context(), tx, []inventory.Move{
				{Demand: oldest, Variant: v, From: s.reno, To: s.ulm, FromKind: "backorder", ToKind: "backorder", Quantity: 2},
			})
		})
		order := func() (out []id.Any) {
			queue, err := inventory.Queue(t.Context(), s.d, []id.Variant{v})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range queue {
				out = append(out, r.Demand)
			}
			return out
		}
		if got := order(); !slices.Equal(got, []id.Any{oldest, older, young}) {
			t.Errorf("the queue is %v", got)
		}
		s.must(func(tx *db.Tx) error { return inventory.Prioritize(t.Context(), tx, []id.Any{young}, 5) })
		if got := order(); !slices.Equal(got, []id.Any{young, oldest, older}) {
			t.Errorf("with a priority the queue is %v", got)
		}
	})
}

func TestShipConsumesClaimsAndLowersOnHand(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		s.receive(v, s.reno, 5, "2.50")
		s.mustReserve(claim(d, v, s.reno, 4, "stock"))
		order, shipment := id.New[id.Order](time.Now()), id.Any(id.New[id.Shipment](time.Now()))
		ship := func(n int64) (moved []inventory.Movement, err error) {
			err = s.write(func(tx *db.Tx) (err error) {
				moved, err = inventory.Ship(t.Context(), tx, book, []inventory.Out{
					{Demand: d, Order: order, Variant: v, Location: s.reno, Quantity: n, Cause: inventory.Cause{Kind: "shipment", ID: shipment}},
				})
				return err
			})
			return moved, err
		}
		moved, err := ship(3)
		if err != nil {
			t.Fatal(err)
		}
		m := moved[0]
		if len(moved) != 1 || m.Quantity != -3 || m.OnHandAfter != 2 || m.Value != -750 || m.Order != order || m.CauseID != shipment || m.Kind != inventory.KindShip {
			t.Errorf("the movement is %+v", m)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 2, Committed: 1})
		if _, err := ship(2); !fault.Is(err, "inventory.not_reserved") {
			t.Errorf("more than is reserved left: %v", err)
		}
		if _, err := ship(1); err != nil {
			t.Error(err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 1})
		s.sound()
	})
}

func TestNegativeStockIsAPolicyOfTheLocation(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d, e := variant(), demand(), demand()
		s.receive(v, s.loose, 1, "1.00")
		s.mustReserve(claim(d, v, s.loose, 1, "stock"), claim(d, v, s.loose, 2, "backorder"), claim(e, v, s.reno, 2, "backorder"))
		ship := func(d id.Any, l id.Location, n int64) error {
			return s.write(func(tx *db.Tx) error {
				_, err := inventory.Ship(t.Context(), tx, book, []inventory.Out{{Demand: d, Variant: v, Location: l, Quantity: n}})
				return err
			})
		}
		if err := ship(e, s.reno, 1); !fault.Is(err, "inventory.not_reserved") {
			t.Errorf("a blocking location shipped what is only owed: %v", err)
		}
		if err := ship(d, s.loose, 3); err != nil {
			t.Fatal(err)
		}
		s.wantLevel(v, s.loose, counts{OnHand: -2})
		if got := s.events(v); !slices.Contains(got, "inventory.went_negative") {
			t.Errorf("falling below zero was silent: %v", got)
		}
		s.sound()

		l, err := inventory.GetLocation(t.Context(), s.d, s.loose)
		if err != nil {
			t.Fatal(err)
		}
		l.AllowNegative = false
		save := func(tx *db.Tx) error {
			_, err := inventory.SaveLocation(t.Context(), tx, l)
			return err
		}
		s.refused("location.negative_stock", save)
		s.receive(v, s.loose, 2)
		s.must(save)
		if s.level(v, s.loose).AllowNegative {
			t.Error("the level did not learn of the policy")
		}
		s.sound()
	})
}

func TestPostRefusesNonsense(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 1)
		minus := money.Micros(-1)
		for name, c := range map[string]struct {
			p    inventory.Posting
			code string
		}{
			"received less than nothing": {inventory.Posting{Kind: "receive", Quantity: -1}, "inventory.bad_posting"},
			"nothing":                    {inventory.Posting{Kind: "receive"}, "inventory.bad_posting"},
			"smallest number":            {inventory.Posting{Kind: "adjust", Reason: "x", Quantity: -1 << 63}, "inventory.bad_posting"},
			"returned to the supplier":   {inventory.Posting{Kind: "supplier_return", Quantity: 1}, "inventory.bad_posting"},
			"half of a transfer":         {inventory.Posting{Kind: "transfer_in", Quantity: 1}, "inventory.bad_posting"},
			"unknown state":              {inventory.Posting{Kind: "receive", State: "lost", Quantity: 1}, "inventory.bad_posting"},
			"negative cost":              {inventory.Posting{Kind: "receive", Quantity: 1, UnitCost: &minus}, "inventory.bad_posting"},
			"no reason":                  {inventory.Posting{Kind: "adjust", Quantity: 1, Reason: " "}, "inventory.bad_posting"},
			"more than there is":         {inventory.Posting{Kind: "supplier_return", Quantity: -2}, "inventory.shortage"},
			"of another state":           {inventory.Posting{Kind: "supplier_return", State: "damaged", Quantity: -1}, "inventory.shortage"},
			"too dear":                   {inventory.Posting{Kind: "receive", Quantity: 1 << 39, UnitCost: micros(t, "90000000")}, "money.too_large"},
		} {
			t.Run(name, func(t *testing.T) {
				c.p.Variant, c.p.Location = v, s.reno
				err := s.write(func(tx *db.Tx) error {
					_, err := inventory.Post(t.Context(), tx, book, []inventory.Posting{c.p})
					return err
				})
				if !fault.Is(err, c.code) {
					t.Errorf("got %v, want %s", err, c.code)
				}
			})
		}
		s.wantLevel(v, s.reno, counts{OnHand: 1})
		s.sound()
	})
}

func TestAdjustMakesRoomForPhysicalFacts(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 20)
		s.must(func(tx *db.Tx) error {
			_, _, err := inventory.ChangeState(t.Context(), tx, book, []inventory.Reclass{
				{Variant: v, Location: s.reno, From: "sellable", To: "safety", Quantity: 3},
				{Variant: v, Location: s.reno, From: "sellable", To: "damaged", Quantity: 2},
			})
			return err
		})
		s.all(s.ready(s.transfer(s.reno, s.ulm, v, 2)))
		urgent, older, newer := demand(), demand(), demand()
		high := claim(urgent, v, s.reno, 4, "stock")
		high.Priority = 1
		s.mustReserve(claim(older, v, s.reno, 4, "stock"))
		s.mustReserve(claim(newer, v, s.reno, 4, "stock"))
		s.mustReserve(high)
		s.wantLevel(v, s.reno, counts{OnHand: 20, Committed: 14, Damaged: 2, Safety: 3}) // 1 is free

		// Seven are gone: 1 free, 3 safety, the 2 of the transfer, 1 of the newest order of no priority.
		moved, displaced, err := s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: -7, Reason: "theft"})
		if err != nil {
			t.Fatal(err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 13, Committed: 11, Damaged: 2, Backordered: 1})
		if len(displaced) != 2 || displaced[0].DemandKind != "transfer" || displaced[0].Quantity != 2 || displaced[1].Demand != newer || displaced[1].Quantity != 1 {
			t.Errorf("displaced are %+v", displaced)
		}
		if len(moved) != 3 || moved[0].Quantity != -7 || moved[1].Reason != inventory.ReasonSafetyUsed {
			t.Errorf("moved: %+v", moved)
		}
		if got := s.events(v); !slices.Contains(got, "inventory.shortfall") {
			t.Errorf("events: %v", got)
		}
		// What was never there cannot go.
		if _, _, err := s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: -12}); !fault.Is(err, "inventory.shortage") {
			t.Errorf("12 of 11 sellable units are gone: %v", err)
		}
		_, displaced, err = s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: -11})
		if err != nil || len(displaced) != 3 || displaced[2].Demand != urgent {
			t.Errorf("displaced are %+v (%v)", displaced, err)
		}
		queue, err := inventory.Queue(t.Context(), s.d, []id.Variant{v})
		if err != nil || len(queue) != 4 || queue[0].Demand != urgent || queue[1].Demand != older {
			t.Errorf("the queue is %+v (%v)", queue, err)
		}
		s.sound()
	})
}

func TestCountsAreBookedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, w := variant(), variant()
		s.receive(v, s.reno, 10)
		s.must(func(tx *db.Tx) error {
			_, _, err := inventory.ChangeState(t.Context(), tx, book, []inventory.Reclass{
				{Variant: v, Location: s.reno, From: "sellable", To: "damaged", Quantity: 3},
				{Variant: v, Location: s.reno, From: "sellable", To: "quality_control", Quantity: 2},
			})
			return err
		})
		s.mustReserve(claim(demand(), v, s.reno, 4, "stock"))
		count := func(counts ...inventory.Count) (n int, displaced []inventory.Displaced) {
			s.must(func(tx *db.Tx) (err error) {
				var moved []inventory.Movement
				moved, displaced, err = inventory.ApplyCounts(t.Context(), tx, book, counts)
				n = len(moved)
				return err
			})
			return n, displaced
		}
		at := func(v id.Variant, n int64) inventory.Count {
			return inventory.Count{Variant: v, Location: s.reno, OnHand: n}
		}
		if n, _ := count(at(w, 7), at(v, 99), at(v, 11)); n != 2 {
			t.Errorf("%d movements, want 2", n)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 11, Committed: 4, Damaged: 3, QualityControl: 2})
		if n, _ := count(at(w, 7), at(v, 11)); n != 0 {
			t.Errorf("the same count was booked again, with %d movements", n)
		}
		// Two are left: the sellable ones are gone, those in quality control and one damaged.
		if _, displaced := count(at(v, 2)); len(displaced) != 1 || displaced[0].Quantity != 4 {
			t.Errorf("displaced are %+v", displaced)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 2, Damaged: 2, Backordered: 4})
		s.refused("inventory.bad_quantity", func(tx *db.Tx) error {
			_, _, err := inventory.ApplyCounts(t.Context(), tx, book, []inventory.Count{at(v, -1)})
			return err
		})
		s.sound()
	})
}

func TestChangeState(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		s.receive(v, s.reno, 6, "1.00")
		s.mustReserve(claim(d, v, s.reno, 4, "stock"))
		change := func(from, to inventory.State, n int64) (displaced []inventory.Displaced, err error) {
			err = s.write(func(tx *db.Tx) (err error) {
				_, displaced, err = inventory.ChangeState(t.Context(), tx, book, []inventory.Reclass{{Variant: v, Location: s.reno, From: from, To: to, Quantity: n}})
				return err
			})
			return displaced, err
		}
		if _, err := change("sellable", "safety", 3); !fault.Is(err, "inventory.shortage") {
			t.Errorf("promised units were kept as safety stock: %v", err)
		}
		if _, err := change("damaged", "sellable", 1); !fault.Is(err, "inventory.shortage") {
			t.Errorf("damaged units that are not there: %v", err)
		}
		if _, err := change("damaged", "damaged", 1); !fault.Is(err, "inventory.bad_state") {
			t.Errorf("the same state: %v", err)
		}
		displaced, err := change("sellable", "damaged", 3)
		if err != nil || len(displaced) != 1 || displaced[0].Quantity != 1 {
			t.Errorf("promised units turned out damaged: %+v, %v", displaced, err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 6, Committed: 3, Damaged: 3, Backordered: 1})
		if _, err := change("damaged", "quality_control", 2); err != nil {
			t.Error(err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 6, Committed: 3, Damaged: 1, QualityControl: 2, Backordered: 1})
		if w := s.worth(v); w.Quantity != 6 || w.Value != 600 {
			t.Errorf("worth is %+v", w)
		}
		if got := s.events(v); !slices.Contains(got, "inventory.reclassified") {
			t.Errorf("events: %v", got)
		}
		s.sound()
	})
}

func TestUndo(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 10, "1.00")
		found, _, err := s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: 2, UnitCost: micros(t, "3.00"), Reason: "found"})
		if err != nil {
			t.Fatal(err)
		}
		lost, _, err := s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: -3, Reason: "lost"})
		if err != nil {
			t.Fatal(err)
		}
		undo := func(ids ...id.Movement) (moved []inventory.Movement, err error) {
			err = s.write(func(tx *db.Tx) (err error) {
				moved, _, err = inventory.Undo(t.Context(), tx, book, ids, "")
				return err
			})
			return moved, err
		}
		moved, err := undo(lost[0].ID, found[0].ID)
		if err != nil || len(moved) != 2 {
			t.Fatalf("%+v, %v", moved, err)
		}
		for _, m := range moved {
			of := found[0]
			if m.Undoes == lost[0].ID {
				of = lost[0]
			}
			if m.Quantity != -of.Quantity || m.Value != -of.Value || m.CauseKind != "movement" {
				t.Errorf("%+v does not undo %+v", m, of)
			}
		}
		if w := s.worth(v); w.Quantity != 10 || w.Value != 1000 {
			t.Errorf("worth is %+v, want what it was", w)
		}
		if _, err := undo(lost[0].ID); !fault.Is(err, "inventory.undone") {
			t.Errorf("undone twice: %v", err)
		}
		if _, err := undo(moved[0].ID); !fault.Is(err, "inventory.not_undoable") {
			t.Errorf("an undo was undone: %v", err)
		}
		if _, err := undo(id.New[id.Movement](time.Now())); !fault.Is(err, "inventory.no_movement") {
			t.Errorf("a movement that is not there: %v", err)
		}
		all, _, err := inventory.Movements(t.Context(), s.d, inventory.MovementFilter{Variants: []id.Variant{v}, Kinds: []inventory.Kind{"receive"}})
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if _, err := undo(all[0].ID); !fault.Is(err, "inventory.not_undoable") {
			t.Errorf("a receipt was undone: %v", err)
		}
		s.sound()
	})
}

func TestMovementsPageByPage(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		for range 5 {
			s.receive(v, s.reno, 1)
		}
		s.receive(variant(), s.reno, 1)
		f := inventory.MovementFilter{Variants: []id.Variant{v}, Limit: 2}
		var after []int64
		for {
			page, next, err := inventory.Movements(t.Context(), s.d, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				after = append(after, m.OnHandAfter)
			}
			if f.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(after, []int64{5, 4, 3, 2, 1}) {
			t.Errorf("newest first: %v", after)
		}
		f.After = "x"
		if _, _, err := inventory.Movements(t.Context(), s.d, f); !fault.Is(err, "inventory.bad_cursor") {
			t.Errorf("a bad cursor: %v", err)
		}
	})
}

func TestListPagesByKey(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		for _, l := range []id.Location{s.reno, s.ulm, s.loose} {
			s.receive(v, l, 1)
		}
		s.mustReserve(claim(demand(), v, s.ulm, 1, "backorder"))
		f := inventory.LevelFilter{Variants: []id.Variant{v}, Limit: 2}
		one, next, err := inventory.List(t.Context(), s.d, f)
		if err != nil || len(one) != 2 || next == "" {
			t.Fatalf("%+v %q %v", one, next, err)
		}
		f.After = next
		two, next, err := inventory.List(t.Context(), s.d, f)
		if err != nil || len(two) != 1 || next != "" {
			t.Fatalf("%+v %q %v", two, next, err)
		}
		all, err := inventory.Levels(t.Context(), s.d, []id.Variant{v, v})
		if err != nil || !reflect.DeepEqual(all, append(one, two...)) {
			t.Errorf("the pages are %+v, all is %+v (%v)", append(one, two...), all, err)
		}
		short, _, err := inventory.List(t.Context(), s.d, inventory.LevelFilter{Short: true})
		if err != nil || len(short) != 1 || short[0].Location != s.ulm {
			t.Errorf("short are %+v (%v)", short, err)
		}
	})
}

// Verbs that follow each other in one transaction see what the ones before did.
func TestVerbsOfOneTransaction(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		s.receive(v, s.reno, 2)
		s.must(func(tx *db.Tx) error {
			levels, err := inventory.Lock(t.Context(), tx, []id.Variant{v})
			if err != nil || len(levels) != 1 || levels[0].Available() != 2 {
				t.Errorf("locked: %+v, %v", levels, err)
			}
			if _, err := inventory.Post(t.Context(), tx, book, []inventory.Posting{{Variant: v, Location: s.ulm, Kind: "receive", Quantity: 3}}); err != nil {
				return err
			}
			if err := inventory.Reserve(t.Context(), tx, []inventory.Claim{claim(d, v, s.ulm, 3, "stock")}); err != nil {
				return err
			}
			if err := inventory.Reserve(t.Context(), tx, []inventory.Claim{claim(demand(), v, s.ulm, 1, "stock")}); !fault.Is(err, "inventory.shortage") {
				t.Errorf("the second claim: %v", err)
			}
			if _, err := inventory.Ship(t.Context(), tx, book, []inventory.Out{{Demand: d, Variant: v, Location: s.ulm, Quantity: 3}}); err != nil {
				return err
			}
			levels, err = inventory.Lock(t.Context(), tx, []id.Variant{v})
			stored, err2 := inventory.Levels(t.Context(), tx, []id.Variant{v})
			if err != nil || err2 != nil || !reflect.DeepEqual(levels, stored) {
				t.Errorf("held: %+v, stored: %+v (%v, %v)", levels, stored, err, err2)
			}
			return nil
		})
		s.wantLevel(v, s.ulm, counts{})
		s.sound()
	})
}
