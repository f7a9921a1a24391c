// Package shop gives a test a small company in a database of its own, with short verbs for what people do in
// it. Verbs fail the test when they cannot be done; those that begin with Try return the error instead.
//
// The company keeps its books in EUR, in Berlin's time zone, and has three warehouses: BER, MUC and HAM. Sold
// are:
//
//	MUG   12.50  a mug that may not be owed
//	TEA    8.00  tea that may be owed without limit
//	RARE  99.00  a cup of which at most 5 units are owed
//	POT   45.00  a pot that leaves in one parcel or not at all
//	SET   30.00  a kit of 2 MUG and 1 TEA
//	WRAP   3.00  gift wrapping, a service
//
// Orders come from the channel "shop": prices contain tax, work begins at once, and money is captured as goods
// leave. Nothing is in stock until [Shop.Receive].
//
// The clock begins on Monday 2 March 2026 at 09:00 UTC. Each transaction is a second later than the one before;
// [Shop.Sleep] lets more time pass.
package shop

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/connector/test"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/inventory"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// The codes of the warehouses.
const (
	Berlin  = "BER"
	Munich  = "MUC"
	Hamburg = "HAM"
)

// Shop is the company.
type Shop struct {
	T        testing.TB
	DB       *db.DB
	Ctx      context.Context // the program itself acts in it
	Gateway  *testgateway.Gateway
	Channel  id.Channel  // where orders come from
	Customer id.Customer // Ada Byron, who buys

	clock     *atomic.Int64 // microseconds
	locations map[string]id.Location
	variants  map[string]id.Variant
}

// Start is when the clock begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// cities are where the warehouses stand, in millionths of a degree.
var cities = map[string]struct {
	name     string
	lat, lon int64
}{
	Berlin: {"Berlin", 52_520_000, 13_405_000}, Munich: {"München", 48_137_000, 11_575_000}, Hamburg: {"Hamburg", 53_551_000, 9_994_000},
}

// New sets the company up in a database that is empty.
func New(t testing.TB, d *db.DB) *Shop {
	t.Helper()
	s := &Shop{
		T: t, DB: d, Ctx: auth.With(t.Context(), auth.System("test")), clock: &atomic.Int64{},
		locations: map[string]id.Location{}, variants: map[string]id.Variant{},
	}
	s.clock.Store(Start.UnixMicro())
	d.Now = func() time.Time { return time.UnixMicro(s.clock.Add(time.Second.Microseconds())).UTC() }
	gateway, err := testgateway.Open(testgateway.Options{Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.Gateway = gateway
	s.Write(func(tx *db.Tx) error {
		_, _, err := flow.SetUp(s.Ctx, tx,
			setting.Company{Name: "Tea & Mugs", BaseCurrency: "EUR", TimeZone: "Europe/Berlin", Country: "DE"},
			auth.NewUser{Email: "owner@example.org", Name: "Olga Owner", Password: "correct horse battery"})
		if err != nil {
			return err
		}
		c, err := customer.Save(s.Ctx, tx, customer.Customer{Number: "C-7", Name: "Ada Byron", Email: "ada@example.org"})
		s.Customer = c.ID
		return err
	})
	s.Channel = s.AddChannel("shop", func(c *channel.Channel) { c.ReleaseWhen = channel.WhenPlaced })
	for _, code := range []string{Berlin, Munich, Hamburg} {
		s.AddLocation(code, nil)
	}
	s.stockCatalog()
	return s
}

// Now is the time, which does not pass by asking.
func (s *Shop) Now() time.Time { return time.UnixMicro(s.clock.Load()).UTC() }

// Sleep lets time pass.
func (s *Shop) Sleep(d time.Duration) { s.clock.Add(d.Microseconds()) }

// On is the shop in another test, such as a subtest, or one run of a property.
func (s *Shop) On(t testing.TB) *Shop {
	c := *s
	c.T = t
	return &c
}

// In is the shop whose verbs run in a context.
func (s *Shop) In(ctx context.Context) *Shop {
	c := *s
	c.Ctx = ctx
	return &c
}

// Write runs fn in a transaction.
func (s *Shop) Write(fn func(tx *db.Tx) error) {
	s.T.Helper()
	if err := s.Try(fn); err != nil {
		s.T.Fatal(err)
	}
}

// Try is Write that returns what went wrong.
func (s *Shop) Try(fn func(tx *db.Tx) error) error { return s.DB.Write(s.Ctx, fn) }

// AddChannel adds a channel like the shop's own, changed by more.
func (s *Shop) AddChannel(code string, more func(*channel.Channel)) id.Channel {
	s.T.Helper()
	c := channel.Defaults()
	c.Code, c.Name, c.Currency, c.TaxInclusive = code, code, "EUR", true
	if more != nil {
		more(&c)
	}
	s.Write(func(tx *db.Tx) (err error) {
		c, err = channel.Save(s.Ctx, tx, c)
		return err
	})
	return c.ID
}

// AddLocation adds a warehouse, changed by more. One of the three cities lies there; any other has no place.
func (s *Shop) AddLocation(code string, more func(*inventory.Location)) id.Location {
	s.T.Helper()
	l := inventory.Location{
		Code: code, Name: code, Kind: inventory.Warehouse, TimeZone: "Europe/Berlin", Active: true, ShipsOnline: true, TakesReturns: true,
		Sequence: int64(len(s.locations) + 1),
	}
	if c, ok := cities[code]; ok {
		l.Name, l.LatE6, l.LonE6, l.Precision = c.name, c.lat, c.lon, inventory.Exact
		l.Address.V = address.Address{City: c.name, Country: "DE"}
	}
	if more != nil {
		more(&l)
	}
	s.Write(func(tx *db.Tx) (err error) {
		l, err = inventory.SaveLocation(s.Ctx, tx, l)
		return err
	})
	s.locations[code] = l.ID
	return l.ID
}

// Location is the location with a code.
func (s *Shop) Location(code string) id.Location {
	s.T.Helper()
	l, ok := s.locations[code]
	if !ok {
		s.T.Fatalf("the shop has no location %q", code)
	}
	return l
}

// LocationCode is the code of a location.
func (s *Shop) LocationCode(l id.Location) string {
	for code, known := range s.locations {
		if known == l {
			return code
		}
	}
	return l.String()
}

// Rate says what a unit of a currency is worth in EUR from a day on.
func (s *Shop) Rate(currency money.Currency, day, rate string) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) error {
		return accounting.SaveRates(s.Ctx, tx, []accounting.Rate{{Date: day, Base: "EUR", Currency: currency, Rate: rate, Source: "test"}})
	})
}

// Gateways are the gateways that the company has.
func (s *Shop) Gateways() payment.Gateways {
	return payment.Gateways{testgateway.Name: s.Gateway}
}

// stockCatalog adds what is sold.
func (s *Shop) stockCatalog() {
	s.T.Helper()
	yes, five, no := true, int64(5), false
	s.AddVariant("MUG", "12.50", nil)
	s.AddVariant("TEA", "8.00", func(v *catalog.VariantInput) { v.Backorder = &yes })
	s.AddVariant("RARE", "99.00", func(v *catalog.VariantInput) { v.Backorder, v.BackorderLimit = &yes, &five })
	s.AddVariant("POT", "45.00", func(v *catalog.VariantInput) { v.MaySplit = &no })
	s.AddKit("SET", "30.00", Of("MUG", 2), Of("TEA", 1))
	s.AddVariant("WRAP", "3.00", func(v *catalog.VariantInput) { service := catalog.Service; v.Kind = &service })
}

// AddVariant adds a product of one variant with a price in EUR, changed by more.
func (s *Shop) AddVariant(sku, price string, more func(*catalog.VariantInput)) id.Variant {
	s.T.Helper()
	amount, may := Price(s.T, price), true
	v := catalog.VariantInput{SKU: sku, MaySplit: &may, Prices: []catalog.PriceInput{{Currency: "EUR", Amount: &amount}}}
	if more != nil {
		more(&v)
	}
	title := "The " + sku
	s.Write(func(tx *db.Tx) error {
		saved, err := catalog.SaveProducts(s.Ctx, tx, []catalog.ProductInput{{Title: &title, Variants: []catalog.VariantInput{v}}})
		if err != nil {
			return err
		}
		if saved[0].Err != nil {
			return saved[0].Err
		}
		s.variants[sku] = saved[0].Variants[0]
		return nil
	})
	return s.variants[sku]
}

// AddKit adds a kit of components.
func (s *Shop) AddKit(sku, price string, parts ...Item) id.Variant {
	s.T.Helper()
	return s.AddVariant(sku, price, func(v *catalog.VariantInput) {
		kit := catalog.Kit
		components := make([]catalog.ComponentInput, len(parts))
		for i, p := range parts {
			components[i] = catalog.ComponentInput{SKU: p.SKU, Quantity: p.Quantity}
		}
		v.Kind, v.Components = &kit, &components
	})
}

// Variant is the variant with a SKU.
func (s *Shop) Variant(sku string) id.Variant {
	s.T.Helper()
	v, ok := s.variants[sku]
	if !ok {
		s.T.Fatalf("the shop has no variant %q", sku)
	}
	return v
}

// Price reads a price in major units, such as 12.50.
func Price(t testing.TB, s string) money.Micros {
	t.Helper()
	m, err := money.ParseMicros(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
