package inventory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// busy gives a shop a bit of everything.
func (s *shop) busy() (v id.Variant) {
	s.t.Helper()
	v = variant()
	s.receive(v, s.reno, 20, "1.50")
	s.receive(v, s.quar, 2)
	s.must(func(tx *db.Tx) error {
		_, _, err := inventory.ChangeState(s.t.Context(), tx, book, []inventory.Reclass{
			{Variant: v, Location: s.reno, From: "sellable", To: "damaged", Quantity: 1},
			{Variant: v, Location: s.reno, From: "sellable", To: "quality_control", Quantity: 2},
			{Variant: v, Location: s.reno, From: "sellable", To: "safety", Quantity: 3},
		})
		return err
	})
	s.mustReserve(claim(demand(), v, s.reno, 4, "stock"), claim(demand(), v, s.ulm, 5, "backorder"))
	tr := s.transfer(s.reno, s.ulm, v, 3)
	s.all(s.ready(tr), s.ship(tr, -1), s.arrive(tr, 1, ""))
	return v
}

func TestVerifyFindsEachDriftAndRepairMendsIt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := s.busy()
		s.sound()
		for _, c := range []struct {
			name, sql, rule, field string
		}{
			{"on hand", `UPDATE stock_level SET on_hand = on_hand + 1 WHERE location_id = ?`, "INV-1", "on_hand"},
			{"committed", `UPDATE stock_level SET committed = committed - 1 WHERE location_id = ?`, "INV-2", "committed"},
			{"damaged", `UPDATE stock_level SET damaged = damaged - 1 WHERE location_id = ?`, "INV-1", "damaged"},
			{"quality control", `UPDATE stock_level SET quality_control = 0 WHERE location_id = ?`, "INV-1", "quality_control"},
			{"safety", `UPDATE stock_level SET safety = 0 WHERE location_id = ?`, "INV-1", "safety"},
			{"incoming", `UPDATE stock_level SET incoming = incoming + 1 WHERE location_id = ?`, "INV-1", "incoming"},
			{"backordered", `UPDATE stock_level SET backordered = backordered + 1 WHERE location_id = ?`, "INV-2", "backordered"},
			{"policy", `UPDATE stock_level SET allow_negative = TRUE WHERE location_id = ?`, "INV-1", "allow_negative"},
			{"kind", `UPDATE stock_level SET sellable = FALSE WHERE location_id = ?`, "INV-1", "sellable"},
			{"level gone", `DELETE FROM stock_level WHERE location_id = ?`, "INV-1", "on_hand"},
			{"value", `UPDATE stock_value SET value_minor = value_minor + 1 WHERE ? IS NOT NULL`, "INV-7", "stock value"},
		} {
			t.Run(c.name, func(t *testing.T) {
				before := s.level(v, s.reno)
				s.must(func(tx *db.Tx) error {
					sql := c.sql
					if s.d.Postgres() {
						sql = strings.Replace(sql, "?", "?::uuid", 1)
					}
					_, err := tx.Exec(t.Context(), sql, s.reno)
					return err
				})
				found := s.differences()
				if len(found) == 0 || !slices.ContainsFunc(found, func(d check.Difference) bool { return d.Rule == c.rule && d.Field == c.field }) {
					t.Fatalf("found %v", found)
				}
				var told []check.Difference
				s.must(func(tx *db.Tx) error {
					told = nil
					_, err := inventory.Repair(t.Context(), tx, func(d check.Difference) { told = append(told, d) })
					return err
				})
				if !slices.Equal(told, found) {
					t.Errorf("repaired %v, found were %v", told, found)
				}
				s.sound()
				if got := s.level(v, s.reno); got != before {
					t.Errorf("the level is %+v, want %+v", got, before)
				}
			})
		}
		entries, err := audit.List(t.Context(), s.d, audit.Filter{ObjectKind: "stock_level", Limit: 100})
		if err != nil || len(entries) < 9 || entries[0].Action != "repair" {
			t.Errorf("the audit has %d entries (%v)", len(entries), err)
		}
	})
}

func TestVerifyFindsTransfersThatDisagree(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.busy()
		s.must(func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE transfer SET status = 'received'`)
			return err
		})
		if found := s.differences(); len(found) != 1 || found[0].Field != "is under way" {
			t.Errorf("found %v", found)
		}
	})
}

func TestRepairGivesWayToTheLedger(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		s.receive(v, s.reno, 5)
		s.mustReserve(claim(d, v, s.reno, 4, "stock"))
		takeAway := func(n int64) {
			s.must(func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE stock_movement SET quantity = quantity - ? WHERE variant_id = ?`, n, v)
				return err
			})
		}
		repair := func() (displaced []inventory.Displaced, err error) {
			err = s.write(func(tx *db.Tx) (err error) {
				displaced, err = inventory.Repair(t.Context(), tx, func(check.Difference) {})
				return err
			})
			return displaced, err
		}
		takeAway(2)
		displaced, err := repair()
		if err != nil || len(displaced) != 1 || displaced[0].Quantity != 1 || displaced[0].Demand != d {
			t.Fatalf("displaced are %+v (%v)", displaced, err)
		}
		s.wantLevel(v, s.reno, counts{OnHand: 3, Committed: 3, Backordered: 1})
		s.sound()
		takeAway(4)
		if _, err := repair(); !fault.Is(err, "inventory.cannot_repair") {
			t.Errorf("less than nothing on hand: %v", err)
		}
		if displaced, err := repair(); !fault.Is(err, "inventory.cannot_repair") || displaced != nil {
			t.Error(displaced, err)
		}
	})
}

func TestExplainAtATime(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, d := variant(), demand()
		day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var tr *inventory.Transfer
		for i, fn := range []func(tx *db.Tx) error{
			func(tx *db.Tx) error {
				_, err := inventory.Post(t.Context(), tx, book, []inventory.Posting{{Variant: v, Location: s.reno, Kind: "receive", Quantity: 10}})
				return err
			},
			func(tx *db.Tx) error {
				return inventory.Reserve(t.Context(), tx, []inventory.Claim{claim(d, v, s.reno, 4, "stock"), claim(d, v, s.ulm, 1, "backorder")})
			},
			func(tx *db.Tx) error {
				_, err := inventory.Ship(t.Context(), tx, book, []inventory.Out{{Demand: d, Variant: v, Location: s.reno, Quantity: 3}})
				return err
			},
			func(tx *db.Tx) (err error) {
				tr, err = inventory.CreateTransfer(t.Context(), tx, inventory.NewTransfer{From: s.reno, To: s.ulm, Lines: []inventory.NewTransferLine{{Variant: v, Quantity: 2}}})
				if err == nil {
					err = inventory.ReadyTransfer(t.Context(), tx, tr)
				}
				if err == nil {
					_, err = inventory.ShipTransfer(t.Context(), tx, book, tr, nil)
				}
				return err
			},
			func(tx *db.Tx) error {
				_, err := inventory.ReceiveTransfer(t.Context(), tx, book, tr, []inventory.Arrival{{Line: tr.Lines[0].ID, Quantity: 2, State: "damaged"}})
				return err
			},
		} {
			s.must(func(tx *db.Tx) error {
				tx.At(day.AddDate(0, 0, i))
				return fn(tx)
			})
		}
		for i, want := range []struct{ reno, ulm counts }{
			{counts{OnHand: 10}, counts{}},
			{counts{OnHand: 10, Committed: 4}, counts{Backordered: 1}},
			{counts{OnHand: 7, Committed: 1}, counts{Backordered: 1}},
			{counts{OnHand: 5, Committed: 1}, counts{Backordered: 1, Incoming: 2}},
			{counts{OnHand: 5, Committed: 1}, counts{OnHand: 2, Damaged: 2, Backordered: 1}},
		} {
			got := map[id.Location]inventory.Explanation{}
			all, err := inventory.Explain(t.Context(), s.d, v, day.AddDate(0, 0, i), 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range all {
				got[e.Location] = e
				explains(t, e)
			}
			if got[s.reno].Counts != want.reno || got[s.ulm].Counts != want.ulm {
				t.Errorf("on day %d: %+v, want %+v", i, all, want)
			}
		}
		now, err := inventory.Explain(t.Context(), s.d, v, time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range now {
			if e.Earlier != (counts{}) {
				t.Errorf("all rows were asked for, and %+v is left out", e.Earlier)
			}
			s.wantLevel(v, e.Location, e.Counts)
			explains(t, e)
		}
	})
}

// explains sees that the rows of an explanation add up to its numbers.
func explains(t *testing.T, e inventory.Explanation) {
	t.Helper()
	sum := e.Earlier
	for _, m := range e.Movements {
		sum.OnHand += m.Quantity
		switch m.State {
		case inventory.Damaged:
			sum.Damaged += m.Quantity
		case inventory.QualityControl:
			sum.QualityControl += m.Quantity
		case inventory.Safety:
			sum.Safety += m.Quantity
		}
	}
	for _, r := range e.Reservations {
		if r.Kind == inventory.Stock {
			sum.Committed += r.Quantity
		} else {
			sum.Backordered += r.Quantity
		}
	}
	for _, u := range e.Transfers {
		sum.Incoming += u.Quantity
	}
	if sum != e.Counts {
		t.Errorf("the rows give %+v, the numbers are %+v", sum, e.Counts)
	}
}
