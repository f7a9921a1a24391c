package accounting

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = "2026-03-01"

func posting() Posting {
	return Posting{Source: Source{"invoice", id.New[id.Any](now)}, Order: id.New[id.Order](now), Date: day}
}

// shown is an entry as people write it.
func shown(e Entry) (all []string) {
	for _, l := range e.Lines {
		all = append(all, fmt.Sprintf("%s %s %d/%d", l.Account, l.Currency, l.Amount, l.Base))
	}
	return all
}

func wantLines(t *testing.T, e Entry, want ...string) {
	t.Helper()
	if err := e.Check(); err != nil {
		t.Error(err)
	}
	if got := shown(e); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s\n got %q\nwant %q", e.Kind, got, want)
	}
}

func TestRulesForStock(t *testing.T) {
	value := func(n int64) money.Amount { return money.Of(n, "GBP") }
	for _, c := range []struct {
		entry Entry
		want  []string
	}{
		{OpenStock(posting(), value(500)), []string{"1200 GBP 500/500", "3000 GBP -500/-500"}},
		{Receive(posting(), value(500)), []string{"1200 GBP 500/500", "2000 GBP -500/-500"}},
		{Adjust(posting(), value(-20)), []string{"1200 GBP -20/-20", "5100 GBP 20/20"}},
		{Count(posting(), value(20)), []string{"1200 GBP 20/20", "5100 GBP -20/-20"}},
		{WriteOff(posting(), value(-20)), []string{"1200 GBP -20/-20", "5200 GBP 20/20"}},
		{Vary(posting(), value(-1)), []string{"1200 GBP -1/-1", "5300 GBP 1/1"}},
		{Ship(posting(), value(-300)), []string{"1200 GBP -300/-300", "5000 GBP 300/300"}},
		{Restock(posting(), value(300)), []string{"1200 GBP 300/300", "5000 GBP -300/-300"}},
	} {
		wantLines(t, c.entry, c.want...)
	}
	if e := Ship(posting(), value(0)); !e.Empty() {
		t.Errorf("goods without a value are posted: %v", e)
	}
}

func TestRulesInTheBaseCurrency(t *testing.T) {
	o := func(before int64) Owed { return Owed{money.Exchange{From: "GBP", To: "GBP", Rate: "1"}, before} }
	money1 := func(n int64) Money { return Money{Clearing, money.Exchange{From: "GBP", To: "GBP", Rate: "1"}, n, n} }
	must := func(e Entry, err error) Entry {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	b := Bill{Goods: 1_000, Discount: 100, Shipping: 50, Fees: 10, Tax: 192}
	wantLines(t, must(Invoiced(posting(), o(0), b)),
		"1100 GBP 1152/1152", "4000 GBP -1000/-1000", "4100 GBP 100/100", "4300 GBP -50/-50", "4400 GBP -10/-10", "2100 GBP -192/-192")
	wantLines(t, must(Credited(posting(), o(1_152), Bill{Goods: 500, Discount: 50, Tax: 90})),
		"1100 GBP -540/-540", "4200 GBP 450/450", "2100 GBP 90/90")
	wantLines(t, must(Capture(posting(), o(1_152), money1(1_152))), "1050 GBP 1152/1152", "1100 GBP -1152/-1152")
	wantLines(t, must(Refund(posting(), o(0), money1(540))), "1050 GBP -540/-540", "1100 GBP 540/540")
	wantLines(t, must(Bounce(posting(), o(0), money1(540))), "1050 GBP 540/540", "1100 GBP -540/-540")
	wantLines(t, must(Chargeback(posting(), o(0), money1(9))), "1050 GBP -9/-9", "1100 GBP 9/9")
	wantLines(t, must(Reinstate(posting(), o(9), money1(9))), "1050 GBP 9/9", "1100 GBP -9/-9")
	wantLines(t, must(Debt(posting(), o(1_152), 1_152)), "1100 GBP -1152/-1152", "6000 GBP 1152/1152")
	wantLines(t, must(Debt(posting(), o(0), -1_152)), "1100 GBP 1152/1152", "6000 GBP -1152/-1152")
	for _, e := range []Entry{
		must(Debt(posting(), o(5), 0)), must(Capture(posting(), o(5), money1(0))), must(Invoiced(posting(), o(5), Bill{})),
	} {
		if !e.Empty() {
			t.Errorf("nothing is posted as %v", shown(e))
		}
	}
	free := must(Invoiced(posting(), o(0), Bill{Goods: 700, Discount: 700}))
	wantLines(t, free, "4000 GBP -700/-700", "4100 GBP 700/700")
}

func TestRoundingIsBooked(t *testing.T) {
	o := Owed{Exchange: money.Exchange{From: "EUR", To: "GBP", Rate: "0.5"}}
	e, err := Invoiced(posting(), o, Bill{Goods: 101, Shipping: 101, Tax: 101}) // 3 halves up, and 151.5
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, e, "1100 EUR 303/152", "4000 EUR -101/-51", "4300 EUR -101/-51", "2100 EUR -101/-51", "7100 EUR 0/1")
}

func TestExchangeGainsAndLosses(t *testing.T) {
	eur := money.Exchange{From: "EUR", To: "GBP", Rate: "0.80"}
	o := Owed{Exchange: eur, Before: 10_000}
	for _, c := range []struct {
		name string
		rule func(Posting, Owed, Money) (Entry, error)
		m    Money
		want []string
	}{
		{"the same rate", Capture, Money{Clearing, eur, 10_000, 10_000},
			[]string{"1050 EUR 10000/8000", "1100 EUR -10000/-8000"}},
		{"another day's rate: a gain", Capture, Money{Clearing, money.Exchange{From: "EUR", To: "GBP", Rate: "0.85"}, 10_000, 10_000},
			[]string{"1050 EUR 10000/8500", "1100 EUR -10000/-8000", "7000 EUR 0/-500"}},
		{"paid in dollars: a loss", Capture, Money{Clearing, money.Exchange{From: "USD", To: "GBP", Rate: "0.70"}, 11_000, 10_000},
			[]string{"1050 USD 11000/7700", "1900 USD -11000/-7700", "1900 EUR 10000/7700", "1100 EUR -10000/-8000", "7000 EUR 0/300"}},
		{"paid back in yen", Refund, Money{Clearing, money.Exchange{From: "JPY", To: "GBP", Rate: "0.005"}, 16_000, 10_000},
			[]string{"1050 JPY -16000/-8000", "1900 JPY 16000/8000", "1900 EUR -10000/-8000", "1100 EUR 10000/8000"}},
		{"paid in the base currency", Capture, Money{Cash, money.Exchange{From: "GBP", To: "GBP", Rate: "1"}, 8_100, 10_000},
			[]string{"1000 GBP 8100/8100", "1900 GBP -8100/-8100", "1900 EUR 10000/8100", "1100 EUR -10000/-8000", "7000 EUR 0/-100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := c.rule(posting(), o, c.m)
			if err != nil {
				t.Fatal(err)
			}
			wantLines(t, e, c.want...)
		})
	}
	if _, err := Capture(posting(), o, Money{Clearing, money.Exchange{From: "EUR", To: "USD", Rate: "1"}, 1, 1}); err == nil {
		t.Error("two base currencies are taken")
	}
}

// Whatever is billed, credited, paid, paid back and written off, at whatever
// rates: every entry balances, and an order that owes nothing in its own currency
// owes nothing in the base currency.
func TestAnOrderThatOwesNothing(t *testing.T) {
	currencies := []money.Currency{"EUR", "GBP", "JPY", "KWD"}
	rapid.Check(t, func(rt *rapid.T) {
		rate := func(c money.Currency, label string) money.Exchange {
			x := money.Exchange{From: c, To: "GBP", Rate: "1"}
			if c != "GBP" {
				x.Rate = fmt.Sprintf("0.%05d", rapid.IntRange(1, 99_999).Draw(rt, label))
			}
			return x
		}
		o := Owed{Exchange: rate(rapid.SampledFrom(currencies).Draw(rt, "currency"), "rate")}
		var owed, value int64
		post := func(e Entry, err error) {
			if err != nil {
				rt.Fatal(err)
			}
			if e.Empty() {
				return
			}
			if err := e.Check(); err != nil {
				rt.Fatal(err, shown(e))
			}
			var exchange int64
			for _, l := range e.Lines {
				switch l.Account {
				case Receivable:
					owed, value = owed+l.Amount, value+l.Base
				case Exchange:
					exchange += l.Base
				}
			}
			if exchange != 0 {
				rt.Fatalf("the exchange account keeps %d: %v", exchange, shown(e))
			}
		}
		pay := func(n int64) Money {
			x := rate(rapid.SampledFrom(currencies).Draw(rt, "paid in"), "paid at")
			m := Money{Tender("card"), x, n, n}
			if x.From != o.From {
				m.Amount = rapid.Int64Range(1, 10_000).Draw(rt, "paid")
			}
			return m
		}
		for range rapid.IntRange(1, 8).Draw(rt, "entries") {
			o.Before = owed
			n := rapid.Int64Range(1, 5_000).Draw(rt, "n")
			bill := Bill{Goods: n, Discount: rapid.Int64Range(0, n).Draw(rt, "discount"), Shipping: rapid.Int64Range(0, 500).Draw(rt, "shipping"), Tax: n / 5}
			switch rapid.IntRange(0, 4).Draw(rt, "rule") {
			case 0:
				post(Invoiced(posting(), o, bill))
			case 1:
				post(Credited(posting(), o, bill))
			case 2:
				post(Capture(posting(), o, pay(n)))
			case 3:
				post(Refund(posting(), o, pay(n)))
			case 4:
				post(Debt(posting(), o, n))
			}
		}
		o.Before = owed
		if owed > 0 {
			post(Capture(posting(), o, pay(owed)))
		} else if owed < 0 {
			post(Refund(posting(), o, pay(-owed)))
		}
		if owed != 0 || value != 0 {
			rt.Fatalf("owes %d, worth %d", owed, value)
		}
	})
}

func TestCheckRefusesWhatDoesNotBalance(t *testing.T) {
	good := Receive(posting(), money.Of(5, "GBP"))
	for name, spoil := range map[string]func(*Entry){
		"accounting.unbalanced": func(e *Entry) { e.Lines[0].Amount++ },
		"accounting.unbalanced ": func(e *Entry) {
			e.Lines = append(e.Lines, Line{Rounding, "GBP", 0, 1})
		},
		"accounting.unbalanced  ": func(e *Entry) { e.Lines[0].Currency = "EUR" },
		"accounting.bad_entry":    func(e *Entry) { e.Date = "1 March" },
		"accounting.bad_entry ":   func(e *Entry) { e.Source.ID = id.Any{} },
		"accounting.bad_entry  ":  func(e *Entry) { e.Lines = nil },
		"accounting.bad_entry   ": func(e *Entry) { e.Kind = "" },
	} {
		e := good
		e.Lines = append([]Line(nil), good.Lines...)
		spoil(&e)
		if f, ok := fault.As(e.Check()); !ok || f.Code != trim(name) {
			t.Errorf("%s: %v", name, e.Check())
		}
	}
	back := good.Reversed(Source{"correction", id.New[id.Any](now)}, day, "wrong")
	wantLines(t, back, "1200 GBP -5/-5", "2000 GBP 5/5")
}

func trim(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func TestTender(t *testing.T) {
	for method, want := range map[string]string{
		"card": Clearing, "bank": Cash, "cash": Cash, "cheque": Cash, "cod": Cash, "terms": Cash, "gift_card": StoreCredit, "store_credit": StoreCredit, "on_account": OnAccount, "write_off": BadDebts,
	} {
		if got := Tender(method); got != want {
			t.Errorf("%s lies in %s", method, got)
		}
	}
}

func TestRatesGoThroughTheBaseCurrency(t *testing.T) {
	rate := func(c money.Currency, r string) Rate { return Rate{Base: "GBP", Currency: c, Rate: r} }
	for _, c := range []struct {
		from, to Rate
		want     string
	}{
		{rate("EUR", "0.86"), rate("GBP", "1"), "0.86"},
		{rate("GBP", "1"), rate("EUR", "0.8"), "1.25"},
		{rate("EUR", "0.86"), rate("USD", "0.75"), "1.146666666667"},
		{rate("JPY", "0.0052"), rate("KWD", "2.6"), "0.002"},
		{rate("IDR", "0.00005"), rate("KWD", "2.7"), "0.00001851851851852"},
		{rate("EUR", "0.86"), rate("EUR", "0.86"), "1"},
	} {
		if got := through(c.from, c.to); got.Rate != c.want || got.From != c.from.Currency || got.To != c.to.Currency {
			t.Errorf("%s to %s: %+v, want %s", c.from.Currency, c.to.Currency, got, c.want)
		}
	}
}
