package shop

import (
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/inventory"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// Receive books units that came in at a location, at the moving average or, given one, at a unit cost in EUR such
// as 4.20.
func (s *Shop) Receive(sku, code string, quantity int64, cost ...string) {
	s.T.Helper()
	r := flow.Receipt{Variant: s.Variant(sku), Location: s.Location(code), Quantity: quantity}
	if len(cost) > 0 {
		r.UnitCost = new(money.Micros)
		*r.UnitCost = Price(s.T, cost[0])
	}
	s.Write(func(tx *db.Tx) error {
		_, err := flow.ReceiveGoods(s.Ctx, tx, []flow.Receipt{r})
		return err
	})
}

// Adjust books that so many units more are at a location, or less.
func (s *Shop) Adjust(sku, code string, quantity int64) {
	s.T.Helper()
	if err := s.TryAdjust(sku, code, quantity); err != nil {
		s.T.Fatal(err)
	}
}

// TryAdjust is Adjust that returns why it was refused.
func (s *Shop) TryAdjust(sku, code string, quantity int64) error {
	s.T.Helper()
	p := inventory.Posting{Variant: s.Variant(sku), Location: s.Location(code), Quantity: quantity, Reason: "recount"}
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.AdjustStock(s.Ctx, tx, []inventory.Posting{p})
		return err
	})
}

// Transfer drafts a transfer of items.
func (s *Shop) Transfer(from, to string, items ...Item) *inventory.Transfer {
	s.T.Helper()
	n := inventory.NewTransfer{From: s.Location(from), To: s.Location(to)}
	for _, i := range items {
		n.Lines = append(n.Lines, inventory.NewTransferLine{Variant: s.Variant(i.SKU), Quantity: i.Quantity})
	}
	var made *inventory.Transfer
	s.Write(func(tx *db.Tx) (err error) {
		made, err = inventory.CreateTransfer(s.Ctx, tx, n)
		return err
	})
	return made
}

// SplitLines lets lines that may be split be sent from several locations, where no location has them whole.
func (s *Shop) SplitLines() {
	s.T.Helper()
	s.Write(func(tx *db.Tx) error {
		_, err := routing.SaveStrategy(s.Ctx, tx, routing.Strategy{Name: "split", Rules: []routing.Rule{
			{Name: "whole lines"}, {Name: "any units", Split: routing.SplitLine},
		}})
		return err
	})
}

// Level is what there is of a variant at a location.
func (s *Shop) Level(sku, code string) inventory.Counts {
	s.T.Helper()
	for _, l := range s.Levels(sku) {
		if l.Location == s.Location(code) {
			return l.Counts
		}
	}
	return inventory.Counts{}
}

// Levels are the levels of a variant at all locations, in transit as well.
func (s *Shop) Levels(sku string) []inventory.Level {
	s.T.Helper()
	levels, err := inventory.Levels(s.Ctx, s.DB, []id.Variant{s.Variant(sku)})
	if err != nil {
		s.T.Fatal(err)
	}
	return levels
}
