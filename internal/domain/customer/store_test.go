package customer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/customer"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/dbtest"
)

var (
	torstr = address.Address{Name: "Ann Bäcker", Line1: "Torstr. 1", City: "Berlin", PostalCode: "10119", Country: "DE"}
	mainSt = address.Address{Name: "Ann Bäcker", Line1: "1 Main St", City: "Reno", Region: "NV", PostalCode: "89501", Country: "US"}
)

// write runs f in a transaction that must succeed and returns its result.
func write[T any](t *testing.T, d *db.DB, f func(tx *db.Tx) (T, error)) T {
	t.Helper()
	out, err := attempt(t, d, f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func attempt[T any](t *testing.T, d *db.DB, f func(tx *db.Tx) (T, error)) (out T, err error) {
	t.Helper()
	err = d.Write(t.Context(), func(tx *db.Tx) (err error) {
		out, err = f(tx)
		return err
	})
	return out, err
}

func resolve(t *testing.T, d *db.DB, identities ...customer.Identity) []id.Customer {
	t.Helper()
	out := write(t, d, func(tx *db.Tx) ([]id.Customer, error) { return customer.Resolve(t.Context(), tx, identities) })
	verify(t, d)
	return out
}

func verify(t *testing.T, d *db.DB) {
	t.Helper()
	if err := customer.Verify(t.Context(), d, func(x check.Difference) { t.Error(x) }); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM customer`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestResolveFindsTheSamePersonAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		first := resolve(t, d,
			customer.Identity{Email: "Ann@Example.com", Name: "Ann Bäcker", Address: torstr},
			customer.Identity{Number: "17850", Name: "Bob"},
			customer.Identity{Phone: "+49 30 123456", Name: "Cyd"},
			customer.Identity{},
			customer.Identity{Name: "Only a name"},
			customer.Identity{Email: "ann@example.com", Address: mainSt}, // the first one again
		)
		ann, bob, cyd := first[0], first[1], first[2]
		if first[5] != ann || !first[3].IsZero() || first[4].IsZero() || count(t, d) != 4 {
			t.Fatalf("%v, %d customers", first, count(t, d))
		}
		second := resolve(t, d,
			customer.Identity{Email: " ANN@example.com "},
			customer.Identity{Number: "17850", Email: "bob@example.com"},
			customer.Identity{Phone: "0049-30-123456", Name: "CYD"},
			customer.Identity{Phone: "+49 30 123456", Name: "Dan"},
			customer.Identity{Number: "99", Email: "ann@example.com"}, // gives the number
			customer.Identity{Number: "99"},
			customer.Identity{Number: "100", Email: "ann@example.com"}, // shares the address, is another
		)
		if second[0] != ann || second[1] != bob || second[2] != cyd || second[3] == cyd || second[4] != ann || second[5] != ann || second[6] == ann {
			t.Errorf("%v, then %v", first, second)
		}
		c, err := customer.Get(t.Context(), d, ann)
		if err != nil || c.Name != "Ann Bäcker" || c.Number != "99" || len(c.Addresses.V) != 2 || c.Addresses.V[0] != torstr || c.Version != 2 {
			t.Errorf("%+v, %v", c, err)
		}
		if c, err := customer.Get(t.Context(), d, bob); err != nil || c.Email != "bob@example.com" {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestResolveTakesWhateverAnOrderSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got := resolve(t, d, customer.Identity{Email: "no address", Name: strings.Repeat("é", 900), Currency: "nonsense"})
		c, err := customer.Get(t.Context(), d, got[0])
		if err != nil || c.Email != "" || c.Currency != "" || len([]rune(c.Name)) != 500 {
			t.Errorf("%+v, %v", c, err)
		}
		for _, e := range []string{"a@b.example", "x y"} {
			resolve(t, d, customer.Identity{Email: e})
		}
	})
}

func TestResolveWritesNothingForKnownCustomers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := customer.Identity{Email: "ann@example.com", Name: "Ann", Address: torstr, Currency: "EUR"}
		c := resolve(t, d, ann)[0]
		resolve(t, d, ann, ann)
		events, err := event.Of(t.Context(), d, c, 10)
		if err != nil || len(events) != 1 {
			t.Errorf("%d events, %v", len(events), err)
		}
	})
}

func TestParallelResolveMakesOneCustomer(t *testing.T) {
	d := dbtest.Postgres(t)
	const workers = 8
	errs := make(chan error, workers)
	for w := range workers {
		go func() {
			who := []customer.Identity{{Email: "ann@example.com"}, {Number: "7"}, {Phone: "123456789", Name: "Cyd"}, {Email: "eve@example.com"}}
			if w%2 == 1 {
				slices.Reverse(who)
			}
			errs <- d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := customer.Resolve(t.Context(), tx, who)
				return err
			})
		}()
	}
	var all error
	for range workers {
		all = errors.Join(all, <-errs)
	}
	if n := count(t, d); all != nil || n != 4 {
		t.Errorf("%d customers, %v", n, all)
	}
}

func TestSaveChecksVersionsAndNumbers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		save := func(c customer.Customer) (customer.Customer, error) {
			return attempt(t, d, func(tx *db.Tx) (customer.Customer, error) { return customer.Save(t.Context(), tx, c) })
		}
		made, err := save(customer.Customer{Name: " Ann ", Number: "7", Email: "ann@example.com"})
		if err != nil || made.Name != "Ann" || made.Version != 1 {
			t.Fatalf("%+v, %v", made, err)
		}
		c := made
		c.Note, c.Discount = "likes tea", 50_000
		if c, err = save(c); err != nil || c.Version != 2 {
			t.Fatalf("%+v, %v", c, err)
		}
		if _, err := save(made); fault.KindOf(err) != fault.Stale {
			t.Errorf("a stale version: %v", err)
		}
		if _, err := save(customer.Customer{Name: "Bob", Number: "7"}); !fault.Is(err, "customer.number_taken") {
			t.Errorf("a number twice: %v", err)
		}
		for _, bad := range []customer.Customer{
			{}, {Name: "x", Email: "x"}, {Name: "x", Currency: "X"}, {Name: "x", Discount: money.One + 1}, {Name: "x", GroupID: id.CustomerGroup{1}}, {Name: "x", TermsID: id.Terms{1}},
			{Name: "x", Addresses: db.JSON[[]address.Address]{V: []address.Address{{Country: "Atlantis"}}}},
		} {
			if _, err := save(bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if _, err := save(customer.Customer{ID: id.Customer{1}, Name: "x"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown id: %v", err)
		}
		verify(t, d)
	})
}

func TestListSearchesAndPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, c := range []customer.Customer{
			{Name: "Ann Bäcker", Email: "ann@example.com", Phone: "+49 30 123456", Tags: db.JSON[[]string]{V: []string{"vip"}}},
			{Name: "Bob Baker", Email: "bob@example.com", Number: "4711"},
			{Name: "Ann Miller", Email: "miller@example.com"},
		} {
			write(t, d, func(tx *db.Tx) (customer.Customer, error) { return customer.Save(t.Context(), tx, c) })
		}
		for name, test := range map[string]struct {
			f    customer.Filter
			want string
		}{
			"all":     {customer.Filter{}, "Ann Bäcker, Ann Miller, Bob Baker"},
			"words":   {customer.Filter{Text: "backer ANN"}, "Ann Bäcker"},
			"e-mail":  {customer.Filter{Text: "BOB@example"}, "Bob Baker"},
			"number":  {customer.Filter{Text: "4711"}, "Bob Baker"},
			"phone":   {customer.Filter{Text: "030 / 123456"}, "Ann Bäcker"},
			"tag":     {customer.Filter{Tag: "vip"}, "Ann Bäcker"},
			"percent": {customer.Filter{Text: "%"}, ""},
			"accent":  {customer.Filter{Text: "\u0301"}, "Ann Bäcker, Ann Miller, Bob Baker"},
		} {
			var got []string
			page := customer.Page{Limit: 1}
			for {
				part, next, err := customer.List(t.Context(), d, test.f, page)
				if err != nil {
					t.Fatal(name, err)
				}
				for _, c := range part {
					got = append(got, c.Name)
				}
				if page.After = next; next == "" {
					break
				}
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		}
		for _, phone := range []string{"+49 30 123456", "0049 (30) 123456", "030 123456", "123456"} {
			if got, err := customer.ByPhone(t.Context(), d, phone); err != nil || len(got) != 1 {
				t.Errorf("%s: %v, %v", phone, got, err)
			}
		}
		if _, _, err := customer.List(t.Context(), d, customer.Filter{}, customer.Page{After: "x"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	})
}

// trade is a company with everything, a person who buys for it, and a person of a group.
type trade struct {
	ann, bob   id.Customer
	firm       customer.Company
	berlin     customer.Location
	group      customer.Group
	net30, eom customer.Terms
	lists      [4]id.PriceList // location, company, group, person
}

func newTrade(t *testing.T, d *db.DB) (w trade) {
	t.Helper()
	for i := range w.lists {
		w.lists[i] = id.New[id.PriceList](time.Now())
	}
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		save := func(f func() error) {
			if err == nil {
				err = f()
			}
		}
		ctx := t.Context()
		save(func() error {
			w.net30, err = customer.SaveTerms(ctx, tx, customer.Terms{Code: "net30", Name: "Net 30", DueDays: 30})
			return err
		})
		save(func() error {
			w.eom, err = customer.SaveTerms(ctx, tx, customer.Terms{Code: "eom", Name: "End of month", EndOfMonth: true, Deposit: 300_000})
			return err
		})
		save(func() error {
			w.group, err = customer.SaveGroup(ctx, tx, customer.Group{Code: "dealer", Name: "Dealers", PriceListID: w.lists[2], Discount: 100_000})
			return err
		})
		save(func() error {
			w.firm, err = customer.SaveCompany(ctx, tx, customer.Company{
				Name: "ACME", Currency: "EUR", TermsID: w.net30.ID, PriceListID: w.lists[1], GroupID: w.group.ID, CreditLimit: 5000, Active: true, TaxCertificate: "T-1",
			})
			return err
		})
		save(func() error {
			w.berlin, err = customer.SaveLocation(ctx, tx, customer.Location{
				CompanyID: w.firm.ID, Name: "Berlin", ShipTo: db.JSON[address.Address]{V: torstr}, TermsID: w.eom.ID, PriceListID: w.lists[0], TaxExempt: true, Active: true,
			})
			return err
		})
		save(func() error {
			who, err := customer.Resolve(ctx, tx, []customer.Identity{{Email: "ann@example.com", Phone: "030123456", Name: "Ann", Address: torstr}})
			w.ann = who[0]
			return err
		})
		save(func() error {
			bob, err := customer.Save(ctx, tx, customer.Customer{Name: "Bob", GroupID: w.group.ID, PriceListID: w.lists[3], Discount: 20_000, TaxExempt: true})
			w.bob = bob.ID
			return err
		})
		save(func() error {
			return customer.SetContact(ctx, tx, customer.Contact{CompanyID: w.firm.ID, CustomerID: w.ann, LocationID: w.berlin.ID, Title: "buyer"})
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestTermsFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTrade(t, d)
		got, err := customer.TermsFor(t.Context(), d, []customer.Buyer{
			{Customer: w.ann, Company: w.firm.ID, Location: w.berlin.ID},
			{Customer: w.bob, Company: w.firm.ID},
			{Customer: w.bob},
			{Customer: w.ann},
			{},
		})
		if err != nil {
			t.Fatal(err)
		}
		describe := func(c customer.Conditions) string {
			var s []string
			for _, l := range c.PriceLists {
				s = append(s, fmt.Sprint(slices.Index(w.lists[:], l)))
			}
			s = append(s, c.Discount.Percent(), fmt.Sprint(c.TaxExempt), string(c.Currency), fmt.Sprint(c.CreditLimit))
			if c.Terms != nil {
				s = append(s, c.Terms.Code)
			}
			if c.Group != nil {
				s = append(s, c.Group.Code)
			}
			return strings.Join(s, " ")
		}
		for i, want := range []string{"0 1 2 10 true EUR 5000 eom dealer", "1 2 10 false EUR 5000 net30 dealer", "3 2 2 true  0 dealer", "0 false  0", "0 false  0"} {
			if s := describe(got[i]); s != want {
				t.Errorf("%d: %q, want %q", i, s, want)
			}
		}
	})
}

func TestTermsForRefusesWhoCannotBuy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTrade(t, d)
		other := write(t, d, func(tx *db.Tx) (customer.Company, error) {
			return customer.SaveCompany(t.Context(), tx, customer.Company{Name: "Sleepy", Currency: "EUR"})
		})
		for code, b := range map[string]customer.Buyer{
			"customer.not_found":        {Customer: id.Customer{1}},
			"customer.no_company":       {Company: id.Company{1}},
			"customer.no_location":      {Company: other.ID, Location: w.berlin.ID},
			"customer.company_inactive": {Company: other.ID},
		} {
			if _, err := customer.TermsFor(t.Context(), d, []customer.Buyer{b}); !fault.Is(err, code) {
				t.Errorf("%+v: %v, want %s", b, err, code)
			}
		}
	})
}

func TestCompanies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTrade(t, d)
		found, next, err := customer.Companies(t.Context(), d, "acm", customer.Page{})
		if err != nil || len(found) != 1 || found[0] != w.firm || next != "" {
			t.Errorf("%+v, %q, %v", found, next, err)
		}
		locations, err := customer.Locations(t.Context(), d, []id.Company{w.firm.ID})
		if err != nil || len(locations[w.firm.ID]) != 1 || locations[w.firm.ID][0] != w.berlin {
			t.Errorf("%+v, %v", locations, err)
		}
		of, err := customer.ContactOf(t.Context(), d, []id.Customer{w.ann, w.bob})
		if err != nil || !customer.MayBuy(of[w.ann], w.firm.ID, w.berlin.ID) || customer.MayBuy(of[w.bob], w.firm.ID, id.CompanyLocation{}) {
			t.Errorf("%+v, %v", of, err)
		}
		buyers, _, err := customer.List(t.Context(), d, customer.Filter{Company: w.firm.ID}, customer.Page{})
		if err != nil || len(buyers) != 1 {
			t.Errorf("%+v, %v", buyers, err)
		}
		remove := func() error {
			return d.Write(t.Context(), func(tx *db.Tx) error { return customer.RemoveContact(t.Context(), tx, w.firm.ID, w.ann) })
		}
		if err := remove(); err != nil {
			t.Error(err)
		}
		if err := remove(); !fault.Is(err, "customer.no_contact") {
			t.Errorf("removed twice: %v", err)
		}
		stale := w.firm
		stale.Version = 7
		_, err = attempt(t, d, func(tx *db.Tx) (customer.Company, error) { return customer.SaveCompany(t.Context(), tx, stale) })
		if fault.KindOf(err) != fault.Stale {
			t.Errorf("a stale version: %v", err)
		}
		_, err = attempt(t, d, func(tx *db.Tx) (customer.Location, error) {
			return customer.SaveLocation(t.Context(), tx, customer.Location{CompanyID: w.firm.ID, Name: "x"})
		})
		if bad, ok := fault.As(err); !ok || bad.Fields["ship_to.city"] == "" {
			t.Errorf("a location nowhere: %v", err)
		}
		_, err = attempt(t, d, func(tx *db.Tx) (customer.Terms, error) {
			return customer.SaveTerms(t.Context(), tx, customer.Terms{Code: "NET30", Name: "x"})
		})
		if !fault.Is(err, "customer.terms_exist") {
			t.Errorf("terms twice: %v", err)
		}
	})
}

func TestInteractions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTrade(t, d)
		add := func(i customer.Interaction) (customer.Interaction, error) {
			i.CustomerID = w.ann
			return attempt(t, d, func(tx *db.Tx) (customer.Interaction, error) { return customer.AddInteraction(t.Context(), tx, i) })
		}
		if _, err := add(customer.Interaction{Kind: "call", Body: "asked for tea"}); err != nil {
			t.Fatal(err)
		}
		task, err := add(customer.Interaction{Kind: "task", Body: "send tea", DueOn: "2026-02-01"})
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []customer.Interaction{{Kind: "fax", Body: "x"}, {Kind: "note"}, {Kind: "note", Body: "x", DueOn: "2026-02-01"}, {Kind: "task", Body: "x", DueOn: "soon"}} {
			if _, err := add(bad); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		for day, want := range map[string]int{"2026-01-31": 0, "2026-02-01": 1} {
			if open, err := customer.OpenTasks(t.Context(), d, day, 10); err != nil || len(open) != want {
				t.Errorf("on %s: %v, %v", day, open, err)
			}
		}
		finish := func() error {
			return d.Write(t.Context(), func(tx *db.Tx) error { return customer.FinishTask(t.Context(), tx, task.ID) })
		}
		if err := finish(); err != nil {
			t.Error(err)
		}
		if err := finish(); !fault.Is(err, "customer.task_done") {
			t.Errorf("done twice: %v", err)
		}
		first, next, err := customer.Interactions(t.Context(), d, w.ann, customer.Page{Limit: 1})
		if err != nil || len(first) != 1 || first[0].Kind != "task" || next == "" {
			t.Fatalf("%v, %q, %v", first, next, err)
		}
		second, next, err := customer.Interactions(t.Context(), d, w.ann, customer.Page{Limit: 1, After: next})
		if err != nil || len(second) != 1 || second[0].Kind != "call" || next != "" {
			t.Errorf("%v, %q, %v", second, next, err)
		}
	})
}

// everything is all the text that the database holds, but for sessions and such.
func everything(t *testing.T, d *db.DB) string {
	t.Helper()
	var all strings.Builder
	for _, query := range []string{
		`SELECT CAST(body AS TEXT) FROM event`, `SELECT COALESCE(CAST(before AS TEXT), '') || COALESCE(CAST(after AS TEXT), '') FROM audit`,
		`SELECT number || name || email || phone || email_key || phone_key || name_key || note || CAST(addresses AS TEXT) || CAST(tags AS TEXT) || CAST(custom AS TEXT) FROM customer`,
		`SELECT body FROM interaction`, `SELECT title FROM company_contact`,
	} {
		rows, err := db.Select[string](t.Context(), d, query)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(strings.Join(rows, "\n"))
	}
	return all.String()
}

func TestEraseLeavesNoPersonalData(t *testing.T) {
	secrets := []string{"Zoë", "zoe@", "555777", "Geheimstr", "gossip", "whale", "secretary"}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newTrade(t, d)
		home := torstr
		home.Line1 = "Geheimstr. 1"
		zoe := write(t, d, func(tx *db.Tx) (customer.Customer, error) {
			c, err := customer.Save(t.Context(), tx, customer.Customer{
				Name: "Zoë", Number: "Z-1", Email: "zoe@example.com", Phone: "555777", Note: "gossip", TermsID: w.net30.ID,
				Addresses: db.JSON[[]address.Address]{V: []address.Address{home}}, Tags: db.JSON[[]string]{V: []string{"whale"}},
			})
			if err != nil {
				return c, err
			}
			c.Note, c.Discount = "more gossip", 1000
			if c, err = customer.Save(t.Context(), tx, c); err != nil {
				return c, err
			}
			if _, err = customer.AddInteraction(t.Context(), tx, customer.Interaction{CustomerID: c.ID, Kind: "note", Body: "Zoë said gossip"}); err != nil {
				return c, err
			}
			return c, customer.SetContact(t.Context(), tx, customer.Contact{CompanyID: w.firm.ID, CustomerID: c.ID})
		})
		exported, err := customer.Export(t.Context(), d, zoe.ID)
		if err != nil || len(exported.Contacts) != 1 || len(exported.Interactions) != 1 || exported.Customer.Email != "zoe@example.com" {
			t.Fatalf("%+v, %v", exported, err)
		}
		erase := func() customer.Personal {
			return write(t, d, func(tx *db.Tx) (customer.Personal, error) { return customer.Erase(t.Context(), tx, zoe.ID) })
		}
		was, err := json.Marshal(erase())
		if wanted, err2 := json.Marshal(exported); err != nil || err2 != nil || string(was) != string(wanted) {
			t.Errorf("erased %s, want %s", was, wanted)
		}
		left := everything(t, d)
		for _, s := range secrets {
			if strings.Contains(left, s) || strings.Contains(strings.ToLower(left), strings.ToLower(s)) {
				t.Errorf("%q is still there", s)
			}
		}
		c, err := customer.Get(t.Context(), d, zoe.ID)
		if err != nil || c.Number != "Z-1" || c.TermsID != w.net30.ID || c.Name != customer.ErasedName {
			t.Errorf("%+v, %v", c, err)
		}
		// The number still names the same customer, who learns nothing; the e-mail address is new.
		who := resolve(t, d, customer.Identity{Number: "Z-1", Name: "Zoë", Phone: "555777"}, customer.Identity{Email: "zoe@example.com"})
		if who[0] != zoe.ID || who[1] == zoe.ID {
			t.Errorf("%v", who)
		}
		if again := erase(); again.Customer.Version != c.Version {
			t.Errorf("erasing twice: %+v", again.Customer)
		}
		_, err = attempt(t, d, func(tx *db.Tx) (customer.Customer, error) {
			c.Name = "Zoë"
			return customer.Save(t.Context(), tx, c)
		})
		if !fault.Is(err, "customer.erased") {
			t.Errorf("saved again: %v", err)
		}
		_, err = attempt(t, d, func(tx *db.Tx) (customer.Interaction, error) {
			return customer.AddInteraction(t.Context(), tx, customer.Interaction{CustomerID: zoe.ID, Kind: "note", Body: "x"})
		})
		if !fault.Is(err, "customer.erased") {
			t.Errorf("noted again: %v", err)
		}
		verify(t, d)
	})
}

// overlap runs first, and second in a transaction that begins before the first
// one's ends and has come as far as it can by then. Both must succeed.
func overlap(t *testing.T, d *db.DB, first, second func(tx *db.Tx) error) {
	t.Helper()
	done := make(chan error, 1)
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		go func() { done <- d.Write(t.Context(), second) }()
		for len(done) == 0 {
			var waiting int
			err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
			if err != nil || waiting > 0 {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
}

func TestTwoOrdersOfANewCustomerMakeOne(t *testing.T) {
	for name, who := range map[string]customer.Identity{
		"e-mail": {Email: "ann@example.com"},
		"phone":  {Phone: "123456789", Name: "Ann"},
		"number": {Number: "7"},
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.Postgres(t)
			order := func(tx *db.Tx) error {
				_, err := customer.Resolve(t.Context(), tx, []customer.Identity{who})
				return err
			}
			overlap(t, d, order, order)
			if n := count(t, d); n != 1 {
				t.Errorf("%d customers", n)
			}
		})
	}
}

func TestTwoOrdersTeachOneCustomer(t *testing.T) {
	d := dbtest.Postgres(t)
	c := resolve(t, d, customer.Identity{Email: "ann@example.com"})[0]
	order := func(a address.Address) func(tx *db.Tx) error {
		return func(tx *db.Tx) error {
			_, err := customer.Resolve(t.Context(), tx, []customer.Identity{{Email: "ann@example.com", Address: a}})
			return err
		}
	}
	overlap(t, d, order(torstr), order(mainSt))
	if got, err := customer.Get(t.Context(), d, c); err != nil || len(got.Addresses.V) != 2 {
		t.Errorf("%+v, %v", got.Addresses.V, err)
	}
}
