package accounting

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"purser/internal/base/address"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func write(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func verified(t *testing.T, d *db.DB) {
	t.Helper()
	if err := Verify(t.Context(), d, func(x check.Difference) { t.Error(x) }); err != nil {
		t.Fatal(err)
	}
}

func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestTheChartHasTheAccountsOfTheRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		chart, err := Chart(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range chart {
			got = append(got, a.Code)
		}
		want := []string{
			Cash, Clearing, Receivable, Stock, Exchange, GoodsReceived, Tax, StoreCredit, OnAccount, Opening, Sales, Discounts, SalesReturns,
			Shipping, Fees, Breakage, CostOfGoods, Adjustments, WriteOffs, Variances, BadDebts, FX, Rounding,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestPost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := posting()
		o := Owed{Exchange: money.Exchange{From: "EUR", To: "GBP", Rate: "0.861"}}
		invoice, err := Invoiced(p, o, Bill{Goods: 10_003, Tax: 2_001})
		if err != nil {
			t.Fatal(err)
		}
		entries := []Entry{invoice, Ship(posting(), money.Of(-4_000, "GBP")), Ship(posting(), money.Of(0, "GBP"))}
		write(t, d, func(tx *db.Tx) error { return Post(t.Context(), tx, entries) })
		verified(t, d)

		err = d.Write(t.Context(), func(tx *db.Tx) error { return Post(t.Context(), tx, entries[:1]) })
		wantFault(t, err, "accounting.posted_already")
		bad := entries[1]
		bad.Source.ID = id.New[id.Any](now)
		bad.Lines = slices.Clone(bad.Lines)
		bad.Lines[0].Base++
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			return Post(t.Context(), tx, []Entry{Receive(posting(), money.Of(1, "GBP")), bad})
		})
		wantFault(t, err, "accounting.unbalanced")

		balance, err := TrialBalance(t.Context(), d, "", "")
		if err != nil || len(balance) == 0 {
			t.Fatal(err)
		}
		sums := map[money.Currency]int64{}
		for _, b := range balance {
			sums[b.Currency] += b.Amount
			sums["base"] += b.Base
			if b.Account == Stock && b.Base != -4_000 {
				t.Errorf("stock is worth %d", b.Base)
			}
		}
		for c, n := range sums {
			if n != 0 {
				t.Errorf("the trial balance in %s is off by %d", c, n)
			}
		}
		if before, err := TrialBalance(t.Context(), d, "", "2026-02-28"); err != nil || len(before) != 0 {
			t.Errorf("before: %v, %v", before, err)
		}
		owed, err := OwedBy(t.Context(), d, []id.Order{p.Order})
		if want := (Line{Receivable, "EUR", 12_004, 10_335}); err != nil || owed[p.Order] != want {
			t.Errorf("owed %v, %v; want %v", owed[p.Order], err, want)
		}
	})
}

func TestJournals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var entries []Entry
		for i := range 7 {
			p := posting()
			p.Date = fmt.Sprintf("2026-03-%02d", 1+i%3)
			entries = append(entries, Receive(p, money.Of(int64(i+1), "GBP")))
		}
		write(t, d, func(tx *db.Tx) error { return Post(t.Context(), tx, entries) })
		f := JournalFilter{Account: Stock, Kinds: []EntryKind{ReceiveStock}, From: "2026-03-02", To: "2026-03-03", Limit: 2}
		var got []int64
		for {
			page, next, err := Journals(t.Context(), d, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range page {
				if len(j.Lines) != 2 || j.Actor == "" {
					t.Errorf("%+v", j)
				}
				got = append(got, j.Lines[0].Base)
			}
			if f.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, []int64{6, 3, 5, 2}) {
			t.Errorf("got %v", got)
		}
		page, _, err := Journals(t.Context(), d, JournalFilter{Source: entries[3].Source.ID, Order: entries[3].Order})
		if err != nil || len(page) != 1 || page[0].Lines[0].Base != 4 {
			t.Errorf("%v, %v", page, err)
		}
		_, _, err = Journals(t.Context(), d, JournalFilter{After: "x"})
		wantFault(t, err, "accounting.bad_cursor")
	})
}

func TestClosedPeriods(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		write(t, d, func(tx *db.Tx) error { return Close(t.Context(), tx, day) })
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			return Post(t.Context(), tx, []Entry{Receive(posting(), money.Of(1, "GBP"))})
		})
		wantFault(t, err, "accounting.period_closed")
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			return Issue(t.Context(), tx, "GBP", []*Invoice{bill(id.New[id.Order](now), 100)})
		})
		wantFault(t, err, "accounting.period_closed")
		later := posting()
		later.Date = "2026-03-02"
		write(t, d, func(tx *db.Tx) error {
			return Post(t.Context(), tx, []Entry{Receive(later, money.Of(1, "GBP"))})
		})
		err = d.Write(t.Context(), func(tx *db.Tx) error { return Close(t.Context(), tx, "March") })
		wantFault(t, err, "accounting.bad_day")
	})
}

// bill is an invoice of one line, in EUR.
func bill(order id.Order, total int64) *Invoice {
	return &Invoice{
		Series: InvoiceSeries, Order: order, BillTo: db.JSON[address.Address]{V: address.Address{Name: "Ada", Country: "GB"}},
		Currency: "EUR", Rate: "0.8", BusinessDate: day, DueOn: "2026-03-31",
		Lines: []InvoiceLine{{Kind: ItemLine, SKU: "MUG", Title: "Mug", Quantity: 1, UnitPrice: 1, Subtotal: total - total/5, Tax: total / 5, Total: total}},
	}
}

func credit(order id.Order, total int64) *Invoice {
	c := bill(order, total)
	c.Series = CreditSeries
	return c
}

func TestIssue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		order := id.New[id.Order](now)
		first := bill(order, 1_000)
		first.Lines = append(first.Lines,
			InvoiceLine{Kind: ShippingLine, Title: "Parcel", Quantity: 1, Subtotal: 400, Tax: 80, Total: 480},
			InvoiceLine{Kind: FeeLine, Title: "Wrapping", Quantity: 1, Subtotal: 100, Total: 100})
		first.Lines[0].Discount = 50
		blind := credit(id.Order{}, 77)
		write(t, d, func(tx *db.Tx) error {
			return Issue(t.Context(), tx, "GBP", []*Invoice{first, credit(order, 200), bill(order, 30), blind})
		})
		got, err := GetInvoice(t.Context(), d, first.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Number != 1 || got.Subtotal != 1_300 || got.Tax != 280 || got.Total != 1_580 || got.BaseTotal != 1_264 || got.Status != Issued || len(got.Lines) != 3 {
			t.Errorf("%+v", got)
		}
		if want := (Bill{Goods: 850, Discount: 50, Shipping: 400, Fees: 100, Tax: 280}); got.Bill() != want || want.Total() != got.Total {
			t.Errorf("%+v", got.Bill())
		}
		if got.Name() != "Invoice 1" || blind.Name() != "Credit note 2" || blind.Status != Paid {
			t.Errorf("%s, %s is %s", got.Name(), blind.Name(), blind.Status)
		}
		if !got.Overdue("2026-04-01") || got.Overdue("2026-03-31") || blind.Overdue("2027-01-01") {
			t.Error("what is overdue is wrong")
		}
		of, err := InvoicesOf(t.Context(), d, []id.Order{order})
		if err != nil || len(of[order]) != 3 {
			t.Errorf("%v, %v", of, err)
		}
		verified(t, d)

		wrong := bill(order, 10)
		wrong.Lines[0].Total++
		wrong.BusinessDate, wrong.Rate = "", "none"
		err = d.Write(t.Context(), func(tx *db.Tx) error { return Issue(t.Context(), tx, "GBP", []*Invoice{wrong}) })
		if f, ok := fault.As(err); !ok || f.Code != "invoice.invalid" || len(f.Fields) != 3 {
			t.Error(err)
		}
		_, err = GetInvoice(t.Context(), d, id.New[id.Invoice](now))
		wantFault(t, err, "invoice.not_found")
	})
}

// Invoices issued at once, some in transactions that fail: no number is missing
// and none is given twice.
func TestFiscalNumbersHaveNoGaps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		failed := errors.New("on purpose")
		const writers, each = 8, 6
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					order := id.New[id.Order](now)
					batch := []*Invoice{bill(order, 100), credit(order, 50), bill(order, 70)}
					if w%2 == 0 {
						slices.Reverse(batch)
					}
					err := d.Write(t.Context(), func(tx *db.Tx) error {
						if err := Issue(t.Context(), tx, "GBP", batch); err != nil {
							return err
						}
						if i%3 == 0 {
							return failed
						}
						return nil
					})
					if i%3 == 0 != errors.Is(err, failed) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		verified(t, d)
		for series, want := range map[Series]int{InvoiceSeries: 2 * writers * each * 2 / 3, CreditSeries: writers * each * 2 / 3} {
			page, _, err := Invoices(t.Context(), d, InvoiceFilter{Series: series, Limit: MaxLimit})
			if err != nil || len(page) != want {
				t.Errorf("%s: %d, want %d (%v)", series, len(page), want, err)
			}
		}
	})
}

func TestAllocate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, b := id.New[id.Order](now), id.New[id.Order](now)
		first, second, other := bill(a, 100), bill(a, 50), bill(b, 80)
		write(t, d, func(tx *db.Tx) error {
			return Issue(t.Context(), tx, "GBP", []*Invoice{first, second, other, credit(a, 10)})
		})
		for _, step := range []struct {
			counts map[id.Order]int64
			want   [3]string
			facts  int64 // in all, of the kind invoice.paid
			meant  map[id.Invoice]int64
		}{
			{map[id.Order]int64{a: 60}, [3]string{"part_paid 60", "issued 0", "issued 0"}, 0, nil},
			{map[id.Order]int64{a: 120, b: 80}, [3]string{"paid 100", "part_paid 20", "paid 80"}, 2, nil},
			{map[id.Order]int64{a: 120, b: 80}, [3]string{"paid 100", "part_paid 20", "paid 80"}, 2, nil}, // again: nothing new
			{map[id.Order]int64{a: 999}, [3]string{"paid 100", "paid 50", "paid 80"}, 3, nil},
			{map[id.Order]int64{a: 60}, [3]string{"part_paid 20", "part_paid 40", "paid 80"}, 3, map[id.Invoice]int64{second.ID: 40}},
			{map[id.Order]int64{a: 60}, [3]string{"part_paid 10", "paid 50", "paid 80"}, 4, map[id.Invoice]int64{second.ID: 99}}, // no more than it is of
			{map[id.Order]int64{a: 30}, [3]string{"issued 0", "part_paid 30", "paid 80"}, 4, map[id.Invoice]int64{second.ID: 40}},
			{map[id.Order]int64{a: 100, b: -5}, [3]string{"paid 100", "issued 0", "issued 0"}, 5, nil}, // money went back
		} {
			write(t, d, func(tx *db.Tx) error { return Allocate(t.Context(), tx, step.counts, step.meant) })
			var got [3]string
			for i, x := range []*Invoice{first, second, other} {
				now, err := GetInvoice(t.Context(), d, x.ID)
				if err != nil {
					t.Fatal(err)
				}
				got[i] = fmt.Sprintf("%s %d", now.Status, now.Paid)
			}
			if got != step.want {
				t.Errorf("%v: got %v, want %v", step.counts, got, step.want)
			}
			facts, err := db.Get[int64](t.Context(), d, `SELECT COUNT(*) FROM event WHERE kind = 'invoice.paid'`)
			if err != nil || facts != step.facts {
				t.Errorf("%v: %d facts, want %d (%v)", step.counts, facts, step.facts, err)
			}
			verified(t, d)
		}
		late, err := OverdueOrders(t.Context(), d, []id.Order{a, b}, "2026-04-01")
		if err != nil || !late[a] || !late[b] {
			t.Errorf("%v, %v", late, err)
		}
		due, err := FallenDue(t.Context(), d, "2026-03-31", "2026-04-01", id.Order{}, 10)
		if err != nil || len(due) != 2 {
			t.Errorf("%v, %v", due, err)
		}
		f := InvoiceFilter{Orders: []id.Order{a, b}, Statuses: []InvoiceStatus{Issued}, OverdueOn: "2026-04-01", Limit: 1}
		page, next, err := Invoices(t.Context(), d, f)
		if err != nil || len(page) != 1 || next == "" {
			t.Fatalf("%v, %q, %v", page, next, err)
		}
		f.After = next
		if page, next, err = Invoices(t.Context(), d, f); err != nil || len(page) != 1 || next != "" || page[0].ID == other.ID {
			t.Errorf("%v, %q, %v", page, next, err)
		}
	})
}

func TestRates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rates := []Rate{
			{"GBP", "EUR", "2026-01-05", "0.85", "ecb"}, {"GBP", "EUR", "2026-01-07", "0.86", "ecb"}, {"GBP", "EUR", "2026-01-07", "0.87", "manual"},
			{"GBP", "USD", "2026-01-06", "0.75", "ecb"}, {"USD", "EUR", "2026-01-07", "1.1", "ecb"},
		}
		write(t, d, func(tx *db.Tx) error { return SaveRates(t.Context(), tx, rates) })
		write(t, d, func(tx *db.Tx) error { return SaveRates(t.Context(), tx, rates[:1]) })
		table, err := LoadTable(t.Context(), d, "GBP")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			currency money.Currency
			day      string
			rate, of string
		}{
			{"EUR", "2026-01-05", "0.85", "2026-01-05"}, {"EUR", "2026-01-06", "0.85", "2026-01-05"}, {"EUR", "2026-01-07", "0.87", "2026-01-07"},
			{"EUR", "2030-01-01", "0.87", "2026-01-07"}, {"GBP", "2026-01-01", "1", "2026-01-01"}, {"EUR", "2026-01-04", "", ""}, {"JPY", "2026-01-07", "", ""},
		} {
			one, err1 := RateOn(t.Context(), d, "GBP", c.currency, c.day)
			two, err2 := table.On(c.currency, c.day)
			if c.rate == "" {
				wantFault(t, err1, "accounting.no_rate")
				wantFault(t, err2, "accounting.no_rate")
				continue
			}
			if err1 != nil || err2 != nil || one != two || one.Rate != c.rate || one.Date != c.of {
				t.Errorf("%s on %s: %+v, %v; in the table %+v, %v", c.currency, c.day, one, err1, two, err2)
			}
		}
		x, of, err := ExchangeOn(t.Context(), d, "GBP", "EUR", "USD", "2026-01-08")
		y, of2, err2 := table.Between("EUR", "USD", "2026-01-08")
		if err != nil || err2 != nil || x != y || of != of2 || x.Rate != "1.16" || of != "2026-01-06" {
			t.Errorf("%+v of %s, %v; in the table %+v of %s, %v", x, of, err, y, of2, err2)
		}
		_, _, err = ExchangeOn(t.Context(), d, "GBP", "EUR", "JPY", "2026-01-08")
		wantFault(t, err, "accounting.no_rate")

		var got []string
		for f := (RateFilter{Currency: "EUR", Limit: 1}); ; {
			page, next, err := Rates(t.Context(), d, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				got = append(got, string(r.Base)+r.Rate)
			}
			if f.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, []string{"USD1.1", "GBP0.87", "GBP0.85"}) {
			t.Errorf("got %v", got)
		}
		audited, err := db.Get[int64](t.Context(), d, `SELECT COUNT(*) FROM audit WHERE object_kind = 'exchange_rate'`)
		if err != nil || audited != 2 {
			t.Errorf("%d audit rows, %v", audited, err)
		}

		err = d.Write(t.Context(), func(tx *db.Tx) error {
			return SaveRates(t.Context(), tx, []Rate{{"GBP", "GBP", "x", "-1", ""}, {"", "EUR", day, "1e5", ""}, {"GBP", "EUR", day, "0", ""}})
		})
		if f, ok := fault.As(err); !ok || f.Code != "accounting.bad_rate" || len(f.Fields) != 6 {
			t.Error(err)
		}
	})
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		order := id.New[id.Order](now)
		write(t, d, func(tx *db.Tx) error {
			e, err := Capture(posting(), Owed{Exchange: money.Exchange{From: "EUR", To: "GBP", Rate: "0.8"}}, Money{Clearing, money.Exchange{From: "USD", To: "GBP", Rate: "0.7"}, 110, 100})
			if err != nil {
				return err
			}
			return errors.Join(
				Post(t.Context(), tx, []Entry{e}),
				Issue(t.Context(), tx, "GBP", []*Invoice{bill(order, 100), bill(order, 50), credit(order, 10)}))
		})
		verified(t, d)
		for _, wrong := range []string{
			`UPDATE journal_line SET amount = amount + 1 WHERE position = 1`, `UPDATE journal_line SET base = base + 1 WHERE position = 1`,
			`UPDATE journal_line SET account = '1000' WHERE account = '1900' AND currency = 'USD'`, `DELETE FROM journal_line`,
			`UPDATE invoice SET number = 9 WHERE number = 2`, `UPDATE invoice SET total = total + 1`, `UPDATE invoice SET status = 'paid' WHERE series = 'invoice'`,
			`UPDATE invoice SET paid = 1`, `UPDATE invoice_line SET tax = tax + 1`,
		} {
			found := 0
			rollback := errors.New("enough")
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), wrong); err != nil {
					return err
				}
				if err := Verify(t.Context(), tx, func(check.Difference) { found++ }); err != nil {
					return err
				}
				return rollback
			})
			if !errors.Is(err, rollback) || found == 0 {
				t.Errorf("%s: %d differences, %v", wrong, found, err)
			}
		}
	})
}

func TestManyEntriesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var entries []Entry
		for i := range 700 {
			entries = append(entries, Receive(posting(), money.Of(int64(i+1), "GBP")))
		}
		write(t, d, func(tx *db.Tx) error { return Post(t.Context(), tx, entries) })
		verified(t, d)
		balance, err := TrialBalance(t.Context(), d, day, day)
		if err != nil || len(balance) != 2 || balance[0].Base != 700*701/2 || balance[1].Base != -700*701/2 {
			t.Errorf("%v, %v", balance, err)
		}
	})
}
