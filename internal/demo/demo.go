// Package demo fills an empty database with a believable company: Harbor &
// Pine, which sells tea, kitchen and paper goods from three warehouses and two
// stores, with 90 days of orders in every state. Everything goes through the
// flows that real orders go through, and the same day gives the same company.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// Access is how to sign in to the demo company.
type Access struct {
	Email    string
	Password string
	Token    string // API key
}

const (
	email   = "owner@example.com"
	days    = 90 // that the company has been trading
	keyDays = 30 // that the API key is good for
)

// Fill fills an empty database. progress is told how many of total steps are done.
func Fill(ctx context.Context, d *db.DB, progress func(done, total int, what string)) (Access, error) {
	ctx = auth.With(ctx, auth.System("demo"))
	access := Access{Email: email, Password: password()}
	s := &day{rand: mathrand.New(mathrand.NewPCG(7, 11))}
	start := d.Now().AddDate(0, 0, -days)
	const setup = 3
	steps := []struct {
		what string
		do   func(context.Context, *db.Tx) error
	}{
		{"company, places, people", func(ctx context.Context, tx *db.Tx) error { return s.company(ctx, tx, access) }},
		{"products", s.stock},
		{"customers", s.customers},
	}
	for i, step := range steps {
		progress(i, setup+days, step.what)
		err := d.Write(ctx, func(tx *db.Tx) error {
			tx.At(start)
			return step.do(ctx, tx)
		})
		if err != nil {
			return access, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	for n := range days {
		at := start.AddDate(0, 0, n+1)
		progress(setup+n, setup+days, "trading on "+at.Format(time.DateOnly))
		if err := s.trade(ctx, d, at, days-1-n); err != nil {
			return access, fmt.Errorf("trading on %s: %w", at.Format(time.DateOnly), err)
		}
	}
	err := d.Write(ctx, func(tx *db.Tx) (err error) {
		access.Token, _, err = auth.AddAPIKey(ctx, tx, "Demo", auth.Owner, nil, nil, tx.Now().AddDate(0, 0, keyDays))
		return err
	})
	progress(setup+days, setup+days, "done")
	return access, err
}

// password is a new one each time: a demo that is reachable is not an open door.
func password() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// day is what the demo company knows as it trades.
type day struct {
	rand      *mathrand.Rand
	channels  map[string]channel.Channel
	warehouse []id.Location
	stores    []id.Location
	goods     []catalog.Variant // that have stock
	kits      []catalog.Variant
	wrap      id.Variant
	people    []person
	firms     []firm
	list      id.PriceList // wholesale
	orders    int
	pending   bool // an order was placed that waits to be accepted
}

type person struct {
	id      id.Customer
	name    string
	email   string
	address address.Address
	market  string
}

type firm struct {
	company  id.Company
	location id.CompanyLocation
	terms    customer.Terms
	address  address.Address
}

func (s *day) company(ctx context.Context, tx *db.Tx, a Access) error {
	c := setting.Company{Name: "Harbor & Pine", BaseCurrency: "USD", TimeZone: "America/New_York", Country: "US", Address: "1 Wharf Street, Portland, ME"}
	if _, _, err := flow.SetUp(ctx, tx, c, auth.NewUser{Email: a.Email, Name: "Olive Harbor", Password: a.Password}); err != nil {
		return err
	}
	if err := s.places(ctx, tx); err != nil {
		return err
	}
	for _, u := range []auth.NewUser{
		{Email: "packer@example.com", Name: "Pat Packer", Role: auth.Warehouse, Password: a.Password, Locations: s.warehouse[:1]},
		{Email: "service@example.com", Name: "Sam Service", Role: auth.Service, Password: a.Password},
		{Email: "books@example.com", Name: "Bo Books", Role: auth.Accountant, Password: a.Password},
	} {
		if _, err := auth.AddUser(ctx, tx, u); err != nil {
			return err
		}
	}
	return s.market(ctx, tx)
}

func (s *day) places(ctx context.Context, tx *db.Tx) error {
	for i, p := range []struct {
		code, name, zone string
		kind             inventory.LocationKind
		at               address.Address
	}{
		{"RENO", "Reno warehouse", "America/Los_Angeles", inventory.Warehouse, address.Address{Company: "Harbor & Pine", Line1: "500 Longley Lane", City: "Reno", Region: "NV", PostalCode: "89502", Country: "US"}},
		{"CMH", "Columbus warehouse", "America/New_York", inventory.Warehouse, address.Address{Company: "Harbor & Pine", Line1: "2100 Rohr Road", City: "Columbus", Region: "OH", PostalCode: "43207", Country: "US"}},
		{"DAL", "Dallas warehouse", "America/Chicago", inventory.Warehouse, address.Address{Company: "Harbor & Pine", Line1: "4400 Irving Boulevard", City: "Dallas", Region: "TX", PostalCode: "75247", Country: "US"}},
		{"PDX", "Portland store", "America/Los_Angeles", inventory.Store, address.Address{Company: "Harbor & Pine", Line1: "910 Everett Street", City: "Portland", Region: "OR", PostalCode: "97209", Country: "US"}},
		{"BKN", "Brooklyn store", "America/New_York", inventory.Store, address.Address{Company: "Harbor & Pine", Line1: "77 Water Street", City: "Brooklyn", Region: "NY", PostalCode: "11201", Country: "US"}},
	} {
		l := inventory.Location{
			Code: p.code, Name: p.name, Kind: p.kind, TimeZone: p.zone, Active: true, ShipsOnline: true, TakesReturns: true,
			Pickup: p.kind == inventory.Store, Cutoff: "14:00", Sequence: int64(i + 1),
		}
		l.Address.V, l.ClosedDays.V = p.at, []string{"sun"}
		saved, err := inventory.SaveLocation(ctx, tx, l)
		if err != nil {
			return err
		}
		if p.kind == inventory.Store {
			s.stores = append(s.stores, saved.ID)
		} else {
			s.warehouse = append(s.warehouse, saved.ID)
		}
	}
	return nil
}

// market opens the channels, their price lists and the rates of exchange.
func (s *day) market(ctx context.Context, tx *db.Tx) error {
	s.channels = map[string]channel.Channel{}
	manual, err := channel.ByCode(ctx, tx, flow.ManualChannel)
	if err != nil {
		return err
	}
	s.channels[flow.ManualChannel] = manual
	for _, c := range []channel.Channel{
		{Code: "web", Name: "Web shop", Kind: "api", Currency: "USD", ReleaseWhen: channel.WhenPaid},
		{Code: "eu", Name: "Web shop Europe", Kind: "api", Currency: "EUR", TaxInclusive: true, ReleaseWhen: channel.WhenPaid},
		{Code: "uk", Name: "Web shop UK", Kind: "api", Currency: "GBP", TaxInclusive: true, ReleaseWhen: channel.WhenPaid},
		{Code: "marketplace", Name: "Marketplace", Kind: "api", Currency: "USD", ReleaseWhen: channel.WhenPlaced},
		{Code: "wholesale", Name: "Wholesale", Kind: "manual", Currency: "USD", ReleaseWhen: channel.WhenPlaced},
	} {
		full := channel.Defaults()
		full.Code, full.Name, full.Kind, full.Currency, full.TaxInclusive, full.ReleaseWhen = c.Code, c.Name, c.Kind, c.Currency, c.TaxInclusive, c.ReleaseWhen
		saved, err := channel.Save(ctx, tx, full)
		if err != nil {
			return err
		}
		s.channels[c.Code] = saved
	}
	for _, c := range []money.Currency{"EUR", "GBP"} {
		if _, err := catalog.BaseList(ctx, tx, c, true); err != nil {
			return err
		}
	}
	list, err := catalog.SavePriceList(ctx, tx, catalog.PriceList{Code: "wholesale", Name: "Wholesale", Currency: "USD"})
	if err != nil {
		return err
	}
	s.list = list.ID
	return accounting.SaveRates(ctx, tx, s.rates(tx.Now()))
}

// rates are a rate a week, wandering a little.
func (s *day) rates(from time.Time) []accounting.Rate {
	var rates []accounting.Rate
	for week := -1; week <= days/7+1; week++ {
		on := from.AddDate(0, 0, 7*week).Format(time.DateOnly)
		for c, around := range map[money.Currency]float64{"EUR": 1.085, "GBP": 1.27, "CAD": 0.735} {
			rates = append(rates, accounting.Rate{Base: "USD", Currency: c, Date: on, Rate: fmt.Sprintf("%.4f", around*(1+0.004*float64((week*5)%7-3))), Source: "demo"})
		}
	}
	return rates
}

// stock fills catalog and shelves.
func (s *day) stock(ctx context.Context, tx *db.Tx) error {
	results, err := catalog.SaveProducts(ctx, tx, products())
	if err != nil {
		return err
	}
	var all []id.Variant
	for _, r := range results {
		if r.Err != nil {
			return fmt.Errorf("%s: %w", r.Handle, r.Err)
		}
		all = append(all, r.Variants...)
	}
	variants, err := catalog.Variants(ctx, tx, all)
	if err != nil {
		return err
	}
	var wholesale []catalog.PriceChange
	for _, vid := range all {
		switch v := variants[vid]; v.Kind {
		case catalog.Kit:
			s.kits = append(s.kits, v)
		case catalog.Service:
			s.wrap = v.ID
		default:
			s.goods = append(s.goods, v)
			price := v.Cost * 3 / 2
			wholesale = append(wholesale, catalog.PriceChange{List: s.list, Variant: vid, MinQuantity: 6, Amount: &price})
		}
	}
	if _, err := catalog.SetPrices(ctx, tx, wholesale); err != nil {
		return err
	}
	if err := s.shelves(ctx, tx); err != nil {
		return err
	}
	return s.deliver(ctx, tx, true)
}

// shelves gives every variant a bin in each warehouse.
func (s *day) shelves(ctx context.Context, tx *db.Tx) error {
	for _, w := range s.warehouse {
		var bins []inventory.Bin
		for i := range 60 {
			bins = append(bins, inventory.Bin{Location: w, Code: fmt.Sprintf("%c-%02d-%d", 'A'+i/15, i%15+1, i%4+1), Path: int64(i)})
		}
		saved, err := inventory.SaveBins(ctx, tx, bins)
		if err != nil {
			return err
		}
		places := make([]inventory.Place, len(s.goods))
		for i, v := range s.goods {
			places[i] = inventory.Place{Key: inventory.Key{Variant: v.ID, Location: w}, Bin: saved[i%len(saved)].ID}
		}
		if err := inventory.PutInBins(ctx, tx, places); err != nil {
			return err
		}
	}
	return nil
}

// deliver books goods from suppliers: the opening stock, or what refills it
// where it runs low. A few variants are never refilled, so that some orders wait.
func (s *day) deliver(ctx context.Context, tx *db.Tx, opening bool) error {
	left, err := s.onShelves(ctx, tx)
	if err != nil {
		return err
	}
	var receipts []flow.Receipt
	for i, v := range s.goods {
		for j, at := range append(slices.Clone(s.warehouse), s.stores...) {
			n, scarce := int64(18+s.rand.IntN(30)), i%17 == 3
			if j >= len(s.warehouse) {
				n = int64(4 + s.rand.IntN(8))
			}
			if scarce {
				n = 3
			}
			if i%6 == j || !opening && (scarce || left[inventory.Key{Variant: v.ID, Location: at}] > n/3) {
				continue // not every place has everything
			}
			cost := v.Cost
			if !opening {
				cost += v.Cost * money.Micros(s.rand.IntN(9)-4) / 100
			}
			receipts = append(receipts, flow.Receipt{Variant: v.ID, Location: at, Quantity: n, UnitCost: &cost, Opening: opening, Reason: "delivery"})
		}
	}
	_, err = flow.ReceiveGoods(ctx, tx, receipts)
	return err
}

func (s *day) onShelves(ctx context.Context, r db.Reader) (map[inventory.Key]int64, error) {
	variants := make([]id.Variant, len(s.goods))
	for i, v := range s.goods {
		variants[i] = v.ID
	}
	levels, err := inventory.Levels(ctx, r, variants)
	left := make(map[inventory.Key]int64, len(levels))
	for _, l := range levels {
		left[l.Key] = l.Available()
	}
	return left, err
}

func (s *day) customers(ctx context.Context, tx *db.Tx) error {
	const people = 150
	for i := range people {
		name, email, at := s.person(i)
		c := customer.Customer{Name: name, Email: email, Phone: fmt.Sprintf("+1 202 555 %04d", 100+i)}
		a := addressOf(name, i, at)
		c.Addresses.V = []address.Address{a}
		saved, err := customer.Save(ctx, tx, c)
		if err != nil {
			return err
		}
		s.people = append(s.people, person{saved.ID, name, email, a, at.market})
	}
	terms, err := customer.TermsList(ctx, tx)
	if err != nil {
		return err
	}
	for i, f := range firms {
		if err := s.addFirm(ctx, tx, i, f.name, f.at, f.limit, termsByCode(terms, f.terms)); err != nil {
			return err
		}
	}
	return nil
}

func termsByCode(all []customer.Terms, code string) customer.Terms {
	for _, t := range all {
		if t.Code == code {
			return t
		}
	}
	return customer.Terms{}
}

func (s *day) addFirm(ctx context.Context, tx *db.Tx, i int, name string, at int, limit int64, terms customer.Terms) error {
	if terms.ID.IsZero() {
		return fault.New(fault.NotFound, "demo.no_terms", "The payment terms of %s are missing.", name)
	}
	c, err := customer.SaveCompany(ctx, tx, customer.Company{Name: name, Currency: "USD", TermsID: terms.ID, PriceListID: s.list, CreditLimit: limit, Active: true})
	if err != nil {
		return err
	}
	l := customer.Location{CompanyID: c.ID, Name: "Main", Active: true}
	l.ShipTo.V = addressOf(name, 200+i, places[at])
	l.ShipTo.V.Company = name
	place, err := customer.SaveLocation(ctx, tx, l)
	if err != nil {
		return err
	}
	if err := customer.SetContact(ctx, tx, customer.Contact{CompanyID: c.ID, CustomerID: s.people[i].id, LocationID: place.ID, Title: "Buyer"}); err != nil {
		return err
	}
	s.firms = append(s.firms, firm{c.ID, place.ID, terms, l.ShipTo.V})
	return nil
}
