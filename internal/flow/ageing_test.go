package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/receivable"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
	"purser/internal/view"
)

// aged is what a company owes at the end of a day: current, 1-30, 31-60, 61-90, over 90, credit, on account, total.
func aged(s *shop.Shop, c id.Company, day string) [8]int64 {
	s.T.Helper()
	items, err := view.OpenItems(s.Ctx, s.DB, day, c)
	if err != nil {
		s.T.Fatal(err)
	}
	rows, err := view.AgeOf(s.Ctx, s.DB, items)
	if err != nil {
		s.T.Fatal(err)
	}
	if len(rows) == 0 {
		return [8]int64{}
	}
	a := rows[0]
	if len(rows) > 1 || a.Name != "Byron & Sons" {
		s.T.Fatalf("got %+v", rows)
	}
	return [8]int64{a.Current, a.Days30, a.Days60, a.Days90, a.Older, a.Credit, a.OnAccount, a.Total}
}

// booked is what the accounts of receivables have at the end of a day.
func booked(s *shop.Shop, day string) (sum int64) {
	s.T.Helper()
	rows, err := accounting.TrialBalance(s.Ctx, s.DB, "", day)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, b := range rows {
		if b.Account == accounting.Receivable || b.Account == accounting.OnAccount {
			sum += b.Amount
		}
	}
	return sum
}

func TestWhatIsOwedIsAgedAsOfAnyDay(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		first := billed(s, c.ID, 4) // 50.00 of 2 March, due on 1 April
		s.Sleep(40 * 24 * time.Hour)
		second := billed(s, c.ID, 2) // 25.00 of 11 April, due on 11 May
		s.Sleep(20 * 24 * time.Hour) // 1 May
		s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(30_00), Allocations: []flow.Allocation{{Invoice: s.Invoices(second)[0].ID}, {Order: first.ID, Amount: 2_00}}})
		s.Sleep(24 * time.Hour)
		ahead := s.PlaceWith(buys(c.ID), shop.Of("MUG", 1))
		s.Pay(ahead)
		for day, want := range map[string][8]int64{
			"2026-03-01": {},
			"2026-03-02": {50_00, 0, 0, 0, 0, 0, 0, 50_00},
			"2026-04-01": {50_00, 0, 0, 0, 0, 0, 0, 50_00},
			"2026-04-02": {0, 50_00, 0, 0, 0, 0, 0, 50_00},
			"2026-04-30": {25_00, 50_00, 0, 0, 0, 0, 0, 75_00},
			"2026-05-01": {0, 48_00, 0, 0, 0, 0, -3_00, 45_00}, // the second is paid: it was meant
			"2026-05-02": {0, 0, 48_00, 0, 0, -12_50, -3_00, 32_50},
			"2026-06-30": {0, 0, 0, 48_00, 0, -12_50, -3_00, 32_50},
			"2026-07-01": {0, 0, 0, 0, 48_00, -12_50, -3_00, 32_50},
		} {
			shop.Equal(t, day, aged(s, c.ID, day), want)
			shop.Equal(t, "the books of "+day, booked(s, day), want[7])
		}
		opening, lines, err := view.Statement(s.Ctx, s.DB, c.ID, "EUR", "2026-04-01", "2026-05-02")
		shop.Want(t, err, "")
		shop.Equal(t, "opening", opening, 50_00)
		shop.Equal(t, "lines", len(lines), 3) // the second invoice, the receipt, the payment ahead: allocations owe nothing
		shop.Equal(t, "closing", lines[len(lines)-1].Balance, 32_50)
	})
}

// The open items are the books, whatever has happened: invoices, credit notes, refunds, money on account.
func TestOpenItemsAreTheBooks(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		paid, credited, part := billed(s, c.ID, 4), billed(s, c.ID, 2), billed(s, c.ID, 3)
		s.Pay(paid)
		s.Refund(paid, 5_00)
		s.Write(func(tx *db.Tx) error {
			_, _, err := flow.Credit(s.Ctx, tx, flow.Allowance{Order: credited.ID, Lines: []flow.Allowed{{Line: s.Line(credited, "MUG").ID, Amount: 10_00}}})
			return err
		})
		s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(100_00), OldestFirst: true})
		s.Refund(part, 1_00)
		day, err := flow.Today(s.Ctx, s.DB, s.Now())
		shop.Want(t, err, "")
		got := aged(s, c.ID, day)
		shop.Equal(t, "total", got[7], booked(s, day))
		items, err := view.OpenItems(s.Ctx, s.DB, day, c.ID)
		shop.Want(t, err, "")
		open := map[id.Order]int64{}
		for _, x := range items {
			open[x.Order] += x.Open
		}
		for _, o := range []*order.Order{paid, credited, part} {
			var want int64
			for _, d := range s.Invoices(o) {
				want += d.Open()
			}
			shop.Equal(t, "open of an order", open[o.ID], want)
		}
	})
}

func TestRemindersGoFromLevelToLevel(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		o := billed(s, c.ID, 4) // due on 1 April
		invoice := s.Invoices(o)[0].ID
		due := func() (level int64) {
			t.Helper()
			today, err := flow.Today(s.Ctx, s.DB, s.Now())
			shop.Want(t, err, "")
			rows, err := view.RemindersDue(s.Ctx, s.DB, today, 0)
			shop.Want(t, err, "")
			for _, x := range rows {
				level += x.Level
			}
			return level
		}
		remind := func() error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Remind(s.Ctx, tx, []id.Invoice{invoice}, "by letter")
				return err
			})
		}
		s.Sleep(36 * 24 * time.Hour) // 7 April: 6 days late
		shop.Equal(t, "too early", due(), 0)
		shop.Want(t, remind(), "reminder.not_due")
		s.Sleep(20 * 24 * time.Hour) // 26 days late: only the first is due
		shop.Equal(t, "first", due(), 1)
		shop.Want(t, remind(), "")
		shop.Equal(t, "not again at once", due(), 0)
		shop.Want(t, remind(), "reminder.not_due")
		s.Sleep(14 * 24 * time.Hour)
		shop.Equal(t, "second", due(), 2)
		shop.Want(t, remind(), "")
		s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(50_00), OldestFirst: true})
		s.Sleep(100 * 24 * time.Hour)
		shop.Equal(t, "paid", due(), 0)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			return receivable.SaveDunning(s.Ctx, tx, []receivable.DunningLevel{{Days: 9, Title: "Kind"}, {Days: 9, Title: "Less"}})
		}), "dunning.invalid")
		last, err := receivable.Last(s.Ctx, s.DB, []id.Invoice{invoice})
		shop.Want(t, err, "")
		shop.Equal(t, "recorded", last[invoice].Level, 2)
	})
}
