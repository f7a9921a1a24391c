package view_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// shop is a small company with stock, in a database of its own. Each write
// happens a minute after the one before.
type shop struct {
	t        *testing.T
	d        *db.DB
	ctx      context.Context
	now      time.Time
	channel  id.Channel
	berlin   id.Location
	munich   id.Location
	variants map[string]id.Variant
	ada      id.Customer
}

func newShop(t *testing.T, d *db.DB) *shop {
	t.Helper()
	s := &shop{t: t, d: d, ctx: auth.With(t.Context(), auth.System("test")), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d.Now = func() time.Time { return s.now }
	s.write(func(tx *db.Tx) error {
		_, _, err := flow.SetUp(s.ctx, tx, setting.Company{Name: "Tea & Mugs", BaseCurrency: "EUR", TimeZone: "Europe/Berlin", Country: "DE"},
			auth.NewUser{Email: "owner@example.org", Name: "Owner", Password: "correct horse battery"})
		if err != nil {
			return err
		}
		ch, err := channel.ByCode(s.ctx, tx, flow.ManualChannel)
		s.channel = ch.ID
		return err
	})
	s.berlin, s.munich = s.location("BER", "Berlin"), s.location("MUC", "Munich")
	s.catalog()
	s.receive("MUG", 20, 5_000_000)
	s.receive("TEA", 3, 2_500_000)
	s.write(func(tx *db.Tx) error {
		bins, err := inventory.SaveBins(s.ctx, tx, []inventory.Bin{{Location: s.berlin, Code: "A-01", Path: 7}})
		if err != nil {
			return err
		}
		return inventory.PutInBins(s.ctx, tx, []inventory.Place{{Key: inventory.Key{Variant: s.variants["MUG"], Location: s.berlin}, Bin: bins[0].ID}})
	})
	s.write(func(tx *db.Tx) error {
		c, err := customer.Save(s.ctx, tx, customer.Customer{Number: "C-7", Name: "Ada Byron", Email: "ada@example.org"})
		s.ada = c.ID
		return err
	})
	return s
}

// write runs fn in a transaction of the next minute.
func (s *shop) write(fn func(tx *db.Tx) error) {
	s.t.Helper()
	s.now = s.now.Add(time.Minute)
	if err := s.d.Write(s.ctx, fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) location(code, name string) (made id.Location) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		l, err := inventory.SaveLocation(s.ctx, tx, inventory.Location{
			Code: code, Name: name, Kind: inventory.Warehouse, Active: true, ShipsOnline: true, TakesReturns: true,
			Address: db.JSON[address.Address]{V: address.Address{City: name, Country: "DE"}},
		})
		made = l.ID
		return err
	})
	return made
}

func (s *shop) catalog() {
	s.t.Helper()
	product := func(sku, title, price string, more func(v *catalog.VariantInput)) catalog.ProductInput {
		amount, err := money.ParseMicros(price)
		if err != nil {
			s.t.Fatal(err)
		}
		v := catalog.VariantInput{SKU: sku, Prices: []catalog.PriceInput{{Currency: "EUR", Amount: &amount}}}
		if more != nil {
			more(&v)
		}
		return catalog.ProductInput{Title: &title, Variants: []catalog.VariantInput{v}}
	}
	kit, owed := catalog.Kit, true
	inputs := []catalog.ProductInput{
		product("MUG", "Blue mug", "12.5", func(v *catalog.VariantInput) { v.Barcodes = &[]catalog.BarcodeInput{{Code: "4006381333931"}} }),
		product("TEA", "Green tea", "7.999", func(v *catalog.VariantInput) { v.Backorder = &owed }),
		product("SET", "Tea for two", "30", func(v *catalog.VariantInput) {
			v.Kind, v.Components = &kit, &[]catalog.ComponentInput{{SKU: "MUG", Quantity: 2}, {SKU: "TEA", Quantity: 1}}
		}),
	}
	s.variants = map[string]id.Variant{}
	s.write(func(tx *db.Tx) error {
		results, err := catalog.SaveProducts(s.ctx, tx, inputs)
		for i, r := range results {
			if r.Err != nil {
				return r.Err
			}
			s.variants[inputs[i].Variants[0].SKU] = r.Variants[0]
		}
		return err
	})
}

func (s *shop) receive(sku string, n int64, cost money.Micros) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		_, err := flow.ReceiveGoods(s.ctx, tx, []flow.Receipt{{Variant: s.variants[sku], Location: s.berlin, Quantity: n, UnitCost: &cost}})
		return err
	})
}

// send sends units from Berlin to Munich, where they have not arrived yet.
func (s *shop) send(sku string, n int64) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		t, err := inventory.CreateTransfer(s.ctx, tx, inventory.NewTransfer{
			From: s.berlin, To: s.munich, Lines: []inventory.NewTransferLine{{Variant: s.variants[sku], Quantity: n}},
		})
		if err != nil {
			return err
		}
		if _, err := flow.ReadyTransfer(s.ctx, tx, t.ID, 0); err != nil {
			return err
		}
		_, err = flow.ShipTransfer(s.ctx, tx, t.ID, 0, nil)
		return err
	})
}

type item struct {
	sku      string
	quantity int64
	price    money.Micros
}

// place places an order of Ada's.
func (s *shop) place(more func(d *order.Draft), items ...item) *order.Order {
	s.t.Helper()
	to := address.Address{Name: "Ada Byron", Line1: "Torstr. 1", City: "Berlin", PostalCode: "10119", Country: "DE"}
	d := order.Draft{Channel: s.channel, Customer: s.ada, Email: "ada@example.org", ShipTo: to, Currency: "EUR", TaxInclusive: true}
	for _, i := range items {
		d.Lines = append(d.Lines, order.DraftLine{Variant: s.variants[i.sku], Quantity: i.quantity, UnitPrice: i.price, TaxRate: 190_000})
	}
	if more != nil {
		more(&d)
	}
	var placed *order.Order
	s.write(func(tx *db.Tx) error {
		done, err := flow.PlaceOrders(s.ctx, tx, []flow.Placement{{Draft: d}})
		if err != nil {
			return err
		}
		placed = done[0].Order
		return done[0].Err
	})
	return placed
}

func (s *shop) pay(o *order.Order) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		_, err := flow.Pay(s.ctx, tx, []flow.Paying{{Order: o.ID, Method: payment.Bank, Received: true, Reference: "transfer 1"}})
		return err
	})
}

// ship ships all that there is of an order, and says that it is under way.
func (s *shop) ship(o *order.Order) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		work, err := fulfillment.ByOrder(s.ctx, tx, []id.Order{o.ID})
		if err != nil {
			return err
		}
		var all []flow.Shipping
		for _, f := range work[o.ID] {
			all = append(all, flow.Shipping{Fulfillment: f.ID, Carriage: fulfillment.Carriage{Carrier: "DHL", TrackingNumber: "JD01"}})
		}
		shipments, err := flow.Ship(s.ctx, tx, all)
		if err != nil {
			return err
		}
		_, err = flow.Track(s.ctx, tx, []fulfillment.TrackingEvent{{Shipment: shipments[0].ID, Status: fulfillment.TrackingInTransit, Source: "DHL", At: tx.Now()}})
		return err
	})
}

func (s *shop) takeBack(o *order.Order, sku string, n int64) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		var line id.Line
		for _, l := range o.Lines {
			if l.SKU == sku && l.Kind == order.KindItem {
				line = l.ID
			}
		}
		_, err := flow.TakeBack(s.ctx, tx, []flow.TakingBack{{
			Order: o.ID, Location: s.berlin, Disposition: returns.Restock, Lines: []flow.TakenBack{{Line: line, Quantity: n, Reason: "wrong color"}},
		}})
		return err
	})
}

// counter counts the queries that a read model makes.
type counter struct {
	db.Reader
	queries int
}

func (c *counter) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.queries++
	return c.Reader.Query(ctx, query, args...)
}

func (c *counter) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	c.queries++
	return c.Reader.QueryRow(ctx, query, args...)
}

// wantCode fails unless err is the fault.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want the fault %s", err, code)
	}
}
