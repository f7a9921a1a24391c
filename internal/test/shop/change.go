package shop

import (
	"purser/internal/domain/change"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// Quantity is an action that gives the line of a SKU so many units.
func (s *Shop) Quantity(o *order.Order, sku string, n int64) change.Action {
	s.T.Helper()
	return change.Action{Kind: change.SetQuantity, Line: s.Line(o, sku).ID, Quantity: n}
}

// Adding is an action that adds a line at the price of the price list, unless the item has one.
func (s *Shop) Adding(item Item) change.Action {
	s.T.Helper()
	a := change.Action{Kind: change.AddLine, Variant: s.Variant(item.SKU), Quantity: item.Quantity}
	if item.Price != 0 {
		a.UnitPrice = &item.Price
	}
	return a
}

// Removing is an action that takes the line of a SKU off.
func (s *Shop) Removing(o *order.Order, sku string) change.Action {
	s.T.Helper()
	return change.Action{Kind: change.RemoveLine, Line: s.Line(o, sku).ID}
}

// Pricing is an action that sets the price of the line of a SKU, in major units.
func (s *Shop) Pricing(o *order.Order, sku, price string) change.Action {
	s.T.Helper()
	m := Price(s.T, price)
	return change.Action{Kind: change.SetPrice, Line: s.Line(o, sku).ID, UnitPrice: &m}
}

// Edit changes an order that was placed, and returns it as it is then.
func (s *Shop) Edit(o *order.Order, actions ...change.Action) (*order.Order, flow.Outcome) {
	s.T.Helper()
	out, err := s.TryEdit(o, actions...)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Order(o), out
}

// TryEdit is Edit that returns why it was refused.
func (s *Shop) TryEdit(o *order.Order, actions ...change.Action) (out flow.Outcome, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		out, err = flow.EditOrder(s.Ctx, tx, flow.NewChange{Order: o.ID, Kind: change.Edit, Actions: actions}, flow.SettleNothing)
		return err
	})
	return out, err
}

// Draft writes changes of an order without confirming them.
func (s *Shop) Draft(o *order.Order, actions ...change.Action) *change.Set {
	s.T.Helper()
	var set *change.Set
	s.Write(func(tx *db.Tx) (err error) {
		set, err = flow.OpenChange(s.Ctx, tx, flow.NewChange{Order: o.ID, Kind: change.Edit, Actions: actions})
		return err
	})
	return set
}

// Undo takes back what a set of changes did.
func (s *Shop) Undo(set *change.Set) flow.Outcome {
	s.T.Helper()
	out, err := s.TryUndo(set)
	if err != nil {
		s.T.Fatal(err)
	}
	return out
}

// TryUndo is Undo that returns why it was refused.
func (s *Shop) TryUndo(set *change.Set) (out flow.Outcome, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		out, err = flow.UndoChange(s.Ctx, tx, set.ID, 0, flow.SettleNothing)
		return err
	})
	return out, err
}

// DraftExchange writes an exchange without confirming it.
func (s *Shop) DraftExchange(o *order.Order, actions ...change.Action) *change.Set {
	s.T.Helper()
	var set *change.Set
	s.Write(func(tx *db.Tx) (err error) {
		set, err = flow.OpenChange(s.Ctx, tx, flow.NewChange{Order: o.ID, Kind: change.Exchange, Actions: actions})
		return err
	})
	return set
}
