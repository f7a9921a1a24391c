package inventory_test

import (
	"slices"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// transfer makes a draft of one line.
func (s *shop) transfer(from, to id.Location, v id.Variant, n int64) (tr *inventory.Transfer) {
	s.t.Helper()
	s.must(func(tx *db.Tx) (err error) {
		tr, err = inventory.CreateTransfer(s.t.Context(), tx, inventory.NewTransfer{
			From: from, To: to, Lines: []inventory.NewTransferLine{{Variant: v, Quantity: n}},
		})
		return err
	})
	return tr
}

// step takes a transfer and does something with it.
func (s *shop) step(tr *inventory.Transfer, fn func(tx *db.Tx, t *inventory.Transfer) error) error {
	return s.write(func(tx *db.Tx) error {
		taken, err := inventory.TakeTransfer(s.t.Context(), tx, tr.ID)
		if err != nil {
			return err
		}
		return fn(tx, taken)
	})
}

func (s *shop) ready(tr *inventory.Transfer) error {
	return s.step(tr, func(tx *db.Tx, t *inventory.Transfer) error { return inventory.ReadyTransfer(s.t.Context(), tx, t) })
}

// ship sends n units of the first line; -1 is all.
func (s *shop) ship(tr *inventory.Transfer, n int64) error {
	return s.step(tr, func(tx *db.Tx, t *inventory.Transfer) error {
		var units map[id.TransferLine]int64
		if n >= 0 {
			units = map[id.TransferLine]int64{t.Lines[0].ID: n}
		}
		_, err := inventory.ShipTransfer(s.t.Context(), tx, book, t, units)
		return err
	})
}

func (s *shop) arrive(tr *inventory.Transfer, n int64, state inventory.State) error {
	return s.step(tr, func(tx *db.Tx, t *inventory.Transfer) error {
		_, err := inventory.ReceiveTransfer(s.t.Context(), tx, book, t, []inventory.Arrival{{Line: t.Lines[0].ID, Quantity: n, State: state}})
		return err
	})
}

func (s *shop) closeTransfer(tr *inventory.Transfer, reason string) error {
	return s.step(tr, func(tx *db.Tx, t *inventory.Transfer) error {
		_, err := inventory.CloseTransfer(s.t.Context(), tx, book, t, reason)
		return err
	})
}

func (s *shop) cancel(tr *inventory.Transfer, end inventory.CancelEnd, reason string) error {
	return s.step(tr, func(tx *db.Tx, t *inventory.Transfer) error {
		_, err := inventory.CancelTransfer(s.t.Context(), tx, book, t, end, reason)
		return err
	})
}

func (s *shop) status(tr *inventory.Transfer) inventory.TransferStatus {
	s.t.Helper()
	got, err := inventory.GetTransfer(s.t.Context(), s.d, tr.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return got.Status
}

func (s *shop) all(errs ...error) {
	s.t.Helper()
	for i, err := range errs {
		if err != nil {
			s.t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

func TestTransferFromDraftToClosed(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 10, "1.11")
		tr := s.transfer(s.reno, s.ulm, v, 8)
		s.wantLevel(v, s.reno, counts{OnHand: 10})
		s.all(s.ready(tr))
		s.wantLevel(v, s.reno, counts{OnHand: 10, Committed: 8})
		if err := s.reserve(claim(demand(), v, s.reno, 3, "stock")); !fault.Is(err, "inventory.shortage") {
			t.Errorf("an order took what a transfer claims: %v", err)
		}
		s.all(s.ship(tr, 7))
		s.wantLevel(v, s.reno, counts{OnHand: 3})
		s.wantLevel(v, s.ulm, counts{Incoming: 7})
		if w := s.worth(v); w.Quantity != 10 || w.Value != 1110 {
			t.Errorf("in transit the stock is worth %+v", w)
		}
		levels, err := inventory.Levels(t.Context(), s.d, []id.Variant{v})
		if err != nil {
			t.Fatal(err)
		}
		var available int64
		for _, l := range levels {
			available += l.Available()
		}
		if available != 3 {
			t.Errorf("%d units are available, want the 3 that stayed", available)
		}
		s.sound()

		s.all(s.arrive(tr, 4, ""), s.arrive(tr, 2, "damaged"))
		s.wantLevel(v, s.ulm, counts{OnHand: 6, Damaged: 2, Incoming: 1})
		if got := s.status(tr); got != inventory.TransferPartiallyReceived {
			t.Errorf("it is %s", got)
		}
		if err := s.arrive(tr, 2, ""); !fault.Is(err, "transfer.too_many") {
			t.Errorf("more came than was sent: %v", err)
		}
		if err := s.closeTransfer(tr, " "); !fault.Is(err, "transfer.no_reason") {
			t.Errorf("written off without a reason: %v", err)
		}
		s.all(s.closeTransfer(tr, "lost on the way"))
		s.wantLevel(v, s.ulm, counts{OnHand: 6, Damaged: 2})
		if w := s.worth(v); w.Quantity != 9 || w.Value != 999 {
			t.Errorf("after the write-off the stock is worth %+v", w)
		}
		if got := s.events(tr.ID); !slices.Equal(got, []string{"transfer.created", "transfer.ready", "transfer.shipped", "transfer.partially_received", "transfer.partially_received", "transfer.closed"}) {
			t.Errorf("events: %v", got)
		}
		s.sound()
	})
}

func TestTransferIsReceivedAndClosed(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 5)
		tr := s.transfer(s.reno, s.ulm, v, 5)
		s.all(s.ready(tr), s.ship(tr, -1), s.arrive(tr, 5, ""))
		if got := s.status(tr); got != inventory.TransferReceived {
			t.Errorf("it is %s", got)
		}
		if err := s.cancel(tr, inventory.WriteOff, "x"); !fault.Is(err, "transfer.wrong_state") {
			t.Errorf("cancelled after it came: %v", err)
		}
		s.all(s.closeTransfer(tr, ""))
		s.wantLevel(v, s.ulm, counts{OnHand: 5})
		s.sound()
	})
}

func TestCancellingATransfer(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 10, "2.00")
		draft, ready, back, gone := s.transfer(s.reno, s.ulm, v, 1), s.transfer(s.reno, s.ulm, v, 2), s.transfer(s.reno, s.ulm, v, 3), s.transfer(s.reno, s.ulm, v, 4)
		s.all(s.cancel(draft, "", ""), s.ready(ready), s.cancel(ready, "", "not needed"))
		s.wantLevel(v, s.reno, counts{OnHand: 10})
		s.all(s.ready(back), s.ship(back, -1), s.ready(gone), s.ship(gone, -1), s.arrive(gone, 1, ""))
		if err := s.cancel(back, "", "x"); !fault.Is(err, "transfer.choose") {
			t.Errorf("goods under way were forgotten: %v", err)
		}
		s.all(s.cancel(back, inventory.ReturnToSource, "truck turned"), s.cancel(gone, inventory.WriteOff, "truck burned"))
		s.wantLevel(v, s.reno, counts{OnHand: 6})
		s.wantLevel(v, s.ulm, counts{OnHand: 1})
		if w := s.worth(v); w.Quantity != 7 || w.Value != 1400 {
			t.Errorf("worth is %+v", w)
		}
		for _, tr := range []*inventory.Transfer{draft, ready, back, gone} {
			if got := s.status(tr); got != inventory.TransferCancelled {
				t.Errorf("it is %s", got)
			}
		}
		s.sound()
	})
}

func TestTransferGuards(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		s.receive(v, s.reno, 2)
		tr := s.transfer(s.reno, s.ulm, v, 3)
		for name, err := range map[string]error{
			"ship a draft": s.ship(tr, -1), "receive a draft": s.arrive(tr, 1, ""), "close a draft": s.closeTransfer(tr, "x"),
		} {
			if !fault.Is(err, "transfer.wrong_state") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.ready(tr); !fault.Is(err, "inventory.shortage") {
			t.Errorf("ready without stock: %v", err)
		}
		s.all(s.step(tr, func(tx *db.Tx, tr *inventory.Transfer) error {
			return inventory.ChangeTransfer(t.Context(), tx, tr, inventory.NewTransfer{Note: "less", Lines: []inventory.NewTransferLine{{Variant: v, Quantity: 2}}})
		}), s.ready(tr))
		if err := s.ship(tr, 3); !fault.Is(err, "inventory.bad_quantity") {
			t.Errorf("more was shipped than asked for: %v", err)
		}
		if err := s.ship(tr, 0); !fault.Is(err, "transfer.nothing") {
			t.Errorf("nothing was shipped: %v", err)
		}
		// The claim gives way when units turn out not to be there: then no more leave than there are.
		if _, _, err := s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: -1}); err != nil {
			t.Fatal(err)
		}
		if err := s.ship(tr, -1); !fault.Is(err, "inventory.shortage") {
			t.Errorf("two of one left: %v", err)
		}
		s.all(s.ship(tr, 1))
		transit, err := inventory.LocationByCode(t.Context(), s.d, "TRANSIT")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.adjust(inventory.Posting{Variant: v, Location: transit.ID, Quantity: -1}); !fault.Is(err, "inventory.in_transit") {
			t.Errorf("goods in transit were adjusted: %v", err)
		}
		transit.Kind = inventory.Store
		s.refused("location.in_use", func(tx *db.Tx) error {
			_, err := inventory.SaveLocation(t.Context(), tx, transit)
			return err
		})
		for name, n := range map[string]inventory.NewTransfer{
			"same":     {From: s.reno, To: s.reno, Lines: []inventory.NewTransferLine{{Variant: v, Quantity: 1}}},
			"no lines": {From: s.reno, To: s.ulm},
			"date":     {From: s.reno, To: s.ulm, ExpectedOn: "soon", Lines: []inventory.NewTransferLine{{Variant: v, Quantity: 1}}},
			"quantity": {From: s.reno, To: s.ulm, Lines: []inventory.NewTransferLine{{Variant: v, Quantity: 0}}},
			"transit":  {From: s.reno, To: transit.ID, Lines: []inventory.NewTransferLine{{Variant: v, Quantity: 1}}},
		} {
			err := s.write(func(tx *db.Tx) error { _, err := inventory.CreateTransfer(t.Context(), tx, n); return err })
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		page, _, err := inventory.Transfers(t.Context(), s.d, inventory.TransferFilter{Locations: []id.Location{s.ulm}, Statuses: []inventory.TransferStatus{"in_transit"}})
		if err != nil || len(page) != 1 || len(page[0].Lines) != 1 || page[0].Note != "less" {
			t.Errorf("the list is %+v (%v)", page, err)
		}
		s.sound()
	})
}
