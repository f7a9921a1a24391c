package shop

import (
	"slices"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
)

// Item is a number of units of what is sold, at the price of the price list unless it has one.
type Item struct {
	SKU      string
	Quantity int64
	Price    money.Micros
}

// Of is an item at the price of the price list.
func Of(sku string, quantity int64) Item { return Item{SKU: sku, Quantity: quantity} }

// At is the item at a price in major units, such as 12.50.
func (i Item) At(price string) Item {
	m, err := money.ParseMicros(price)
	if err != nil {
		panic(err)
	}
	i.Price = m
	return i
}

// Addresses of customers, next to one of the warehouses each.
var (
	InBerlin  = address.Address{Name: "Ada Byron", Line1: "Torstr. 1", City: "Berlin", PostalCode: "10119", Country: "DE"}
	InMunich  = address.Address{Name: "Ada Byron", Line1: "Sendlinger Str. 8", City: "München", PostalCode: "80331", Country: "DE"}
	InHamburg = address.Address{Name: "Ada Byron", Line1: "Jungfernstieg 5", City: "Hamburg", PostalCode: "20354", Country: "DE"}
)

// VAT is the tax on all that is sold.
const VAT money.Rate = 190_000

// Placement is Ada's order of items, to be sent to Berlin, before it is placed.
func (s *Shop) Placement(items ...Item) flow.Placement {
	s.T.Helper()
	p := flow.Placement{Draft: order.Draft{Channel: s.Channel, Customer: s.Customer, Email: "ada@example.org", ShipTo: InBerlin}}
	for i, item := range items {
		p.Lines = append(p.Lines, order.DraftLine{
			Variant: s.Variant(item.SKU), Quantity: item.Quantity, UnitPrice: item.Price, TaxRate: VAT,
		})
		if item.Price == 0 {
			p.ListPriced = append(p.ListPriced, i)
		}
	}
	return p
}

// Place places Ada's order.
func (s *Shop) Place(items ...Item) *order.Order {
	s.T.Helper()
	return s.PlaceWith(nil, items...)
}

// PlaceWith places Ada's order, changed by more.
func (s *Shop) PlaceWith(more func(*flow.Placement), items ...Item) *order.Order {
	s.T.Helper()
	o, err := s.TryPlace(more, items...)
	if err != nil {
		s.T.Fatal(err)
	}
	return o
}

// TryPlace is PlaceWith that returns why the order was refused.
func (s *Shop) TryPlace(more func(*flow.Placement), items ...Item) (*order.Order, error) {
	s.T.Helper()
	p := s.Placement(items...)
	if more != nil {
		more(&p)
	}
	placed, err := s.TryPlaceAll(p)
	if err != nil {
		return nil, err
	}
	return placed[0].Order, placed[0].Err
}

// TryPlaceAll places orders in one transaction.
func (s *Shop) TryPlaceAll(all ...flow.Placement) (placed []flow.Placed, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		placed, err = flow.PlaceOrders(s.Ctx, tx, all)
		return err
	})
	return placed, err
}

// Order is an order as it is stored now.
func (s *Shop) Order(o *order.Order) *order.Order {
	s.T.Helper()
	now, err := order.Get(s.Ctx, s.DB, o.ID)
	if err != nil {
		s.T.Fatal(err)
	}
	return now
}

// Line is the first line of an order with a SKU, as it is stored now.
func (s *Shop) Line(o *order.Order, sku string) *order.Line {
	s.T.Helper()
	for _, l := range s.Order(o).Lines {
		if l.SKU == sku {
			return l
		}
	}
	s.T.Fatalf("order %d has no line of %s", o.Number, sku)
	return nil
}

// Work is what locations are asked to do for an order, oldest first, as it is stored now.
func (s *Shop) Work(o *order.Order) []*fulfillment.Order {
	s.T.Helper()
	all, err := fulfillment.ByOrder(s.Ctx, s.DB, []id.Order{o.ID})
	if err != nil {
		s.T.Fatal(err)
	}
	work := all[o.ID]
	slices.SortFunc(work, func(a, b *fulfillment.Order) int { return a.ID.Compare(b.ID) })
	return work
}

// WorkAt is the work for an order at a location that is not done yet.
func (s *Shop) WorkAt(o *order.Order, code string) *fulfillment.Order {
	s.T.Helper()
	for _, f := range s.Work(o) {
		if f.Location == s.Location(code) && !f.Status.Done() {
			return f
		}
	}
	s.T.Fatalf("there is no work for order %d at %s", o.Number, code)
	return nil
}

// Units names units of an order's lines by SKU.
func (s *Shop) Units(o *order.Order, items ...Item) fulfillment.Quantities {
	s.T.Helper()
	q := fulfillment.Quantities{}
	for _, i := range items {
		q[s.Line(o, i.SKU).ID] += i.Quantity
	}
	return q
}

// Ship ships all that can be shipped of an order, each location a shipment.
func (s *Shop) Ship(o *order.Order) []*fulfillment.Shipment {
	s.T.Helper()
	var all []flow.Shipping
	for _, f := range s.Work(o) {
		if f.Status == fulfillment.Open || f.Status == fulfillment.InProgress {
			all = append(all, flow.Shipping{Fulfillment: f.ID})
		}
	}
	shipments, err := s.TryShip(all...)
	if err != nil {
		s.T.Fatal(err)
	}
	return shipments
}

// ShipFrom ships items of an order from one location.
func (s *Shop) ShipFrom(code string, o *order.Order, items ...Item) *fulfillment.Shipment {
	s.T.Helper()
	shipments, err := s.TryShip(flow.Shipping{Fulfillment: s.WorkAt(o, code).ID, Lines: s.Units(o, items...)})
	if err != nil {
		s.T.Fatal(err)
	}
	return shipments[0]
}

// TryShip ships.
func (s *Shop) TryShip(all ...flow.Shipping) (shipments []*fulfillment.Shipment, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		shipments, err = flow.Ship(s.Ctx, tx, all)
		return err
	})
	return shipments, err
}

// Cancel cancels items of an order, or without items all that was not shipped.
func (s *Shop) Cancel(o *order.Order, items ...Item) *order.Order {
	s.T.Helper()
	if err := s.TryCancel(o, items...); err != nil {
		s.T.Fatal(err)
	}
	return s.Order(o)
}

// TryCancel is Cancel that returns why it was refused.
func (s *Shop) TryCancel(o *order.Order, items ...Item) error {
	s.T.Helper()
	c := flow.Cancellation{Order: o.ID, Reason: order.CancelCustomer}
	if len(items) > 0 {
		c.Lines = s.Units(o, items...)
	}
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.Cancel(s.Ctx, tx, []flow.Cancellation{c})
		return err
	})
}

// Hold holds an order by hand.
func (s *Shop) Hold(o *order.Order, h order.Hold) *order.Hold {
	s.T.Helper()
	if h.Reason == "" {
		h.Reason = order.HoldManual
	}
	s.Write(func(tx *db.Tx) (err error) {
		_, err = flow.Hold(s.Ctx, tx, o.ID, 0, h)
		return err
	})
	for _, placed := range slices.Backward(s.Order(o).Holds) {
		if placed.Status == order.HoldActive && placed.Reason == h.Reason {
			return placed
		}
	}
	s.T.Fatalf("order %d is not on hold", o.Number)
	return nil
}
