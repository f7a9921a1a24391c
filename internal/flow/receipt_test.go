package flow_test

import (
	"fmt"
	"testing"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/receivable"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func euros(minor int64) money.Amount { return money.Of(minor, "EUR") }

// billed is an order of a company on terms, shipped and invoiced.
func billed(s *shop.Shop, c id.Company, mugs int64) *order.Order {
	s.T.Helper()
	o := s.PlaceWith(buys(c), shop.Of("MUG", mugs))
	s.Ship(o)
	return o
}

// paidOf lists what is paid of an order's invoices.
func paidOf(s *shop.Shop, o *order.Order) (out []string) {
	for _, d := range s.Invoices(o) {
		if d.Series == accounting.InvoiceSeries {
			out = append(out, fmt.Sprintf("%s %d", d.Status, d.Paid))
		}
	}
	return out
}

func wantPaid(t *testing.T, s *shop.Shop, o *order.Order, want ...string) {
	t.Helper()
	if got := paidOf(s, o); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("order %d: the invoices are %v, want %v", o.Number, got, want)
	}
}

func getReceipt(s *shop.Shop, r *receivable.Receipt) *receivable.Receipt {
	s.T.Helper()
	now, err := receivable.Get(s.Ctx, s.DB, r.ID)
	if err != nil {
		s.T.Fatal(err)
	}
	return now
}

// ledger checks the accounts that money on account goes through.
func ledger(t *testing.T, s *shop.Shop, cash, receivables, onAccount int64) {
	t.Helper()
	got := [3]int64{s.Balance(accounting.Cash), s.Balance(accounting.Receivable), -s.Balance(accounting.OnAccount)}
	if want := [3]int64{cash, receivables, onAccount}; got != want {
		t.Errorf("cash, receivable and on account are %v, want %v", got, want)
	}
}

func TestMoneyOnAccountCountsForTheOldestInvoices(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		first, second := billed(s, c.ID, 6), billed(s, c.ID, 2) // 75.00 and 25.00
		r := s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(80_00), Source: "bank", Reference: "7/1", OldestFirst: true})
		shop.Equal(t, "on account", r.Balance, 0)
		wantPaid(t, s, first, "paid 7500")
		wantPaid(t, s, second, "part_paid 500")
		ledger(t, s, 80_00, 20_00, 0)

		_, err := s.TryReceipt(flow.ReceiptIn{Company: c.ID, Amount: euros(80_00), Source: "bank", Reference: "7/1"})
		shop.Want(t, err, "receipt.known")
		for code, in := range map[string]flow.ReceiptIn{
			"receipt.invalid":      {Company: c.ID, Amount: euros(0)},
			"customer.no_company":  {Company: id.New[id.Company](s.Now()), Amount: euros(1)},
			"receipt.other_payer":  {Customer: s.Customer, Amount: euros(1), Allocations: []flow.Allocation{{Order: second.ID}}},
			"receipt.not_enough":   {Company: c.ID, Amount: euros(1), Allocations: []flow.Allocation{{Order: second.ID, Amount: 2}}},
			"receipt.nothing_owed": {Company: c.ID, Amount: euros(1), Allocations: []flow.Allocation{{Order: first.ID}}},
		} {
			_, err := s.TryReceipt(in)
			shop.Want(t, err, code)
		}

		over := s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(30_00), Source: "bank", Reference: "7/2", OldestFirst: true})
		shop.Equal(t, "paid too much stays on account", over.Balance, 10_00)
		ledger(t, s, 110_00, 0, 10_00)
		third := billed(s, c.ID, 4) // 50.00
		s.Write(func(tx *db.Tx) error {
			_, err := flow.AllocateReceipt(s.Ctx, tx, over.ID, 0, []flow.Allocation{{Order: third.ID, Amount: 7_00}})
			return err
		})
		wantPaid(t, s, third, "part_paid 700")
		shop.Equal(t, "status", s.Order(third).PaymentStatus, order.PaymentOnTerms)
		ledger(t, s, 110_00, 43_00, 3_00)

		pay := s.Payments(third)[0].ID
		s.Write(func(tx *db.Tx) error {
			_, err := flow.UnallocateReceipt(s.Ctx, tx, over.ID, pay, 2_00, "it was for something else")
			return err
		})
		wantPaid(t, s, third, "part_paid 500")
		account(t, s, third, 0, 5_00, 0) // nothing was given back
		ledger(t, s, 110_00, 45_00, 5_00)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.PayBackReceipt(s.Ctx, tx, over.ID, 0, 4_00, "by bank")
			return err
		})
		ledger(t, s, 106_00, 45_00, 1_00)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.PayBackReceipt(s.Ctx, tx, over.ID, 0, 4_00, "once more")
			return err
		}), "receipt.not_enough")
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.ReverseReceipt(s.Ctx, tx, over.ID, 0, "by mistake")
			return err
		}), "receipt.gone")
		shop.Equal(t, "exposure", exposure(s, c.ID).Total(), 44_00)
	})
}

func TestMoneyCountsForTheInvoiceThatIsNamed(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		o := s.PlaceWith(buys(c.ID), shop.Of("MUG", 6))
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 4)) // 50.00
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 2)) // 25.00
		second := s.Invoices(o)[1].ID
		s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(20_00), Allocations: []flow.Allocation{{Invoice: second}}})
		wantPaid(t, s, o, "issued 0", "part_paid 2000")
		_, err := s.TryReceipt(flow.ReceiptIn{Company: c.ID, Amount: euros(20_00), Allocations: []flow.Allocation{{Invoice: second, Amount: 5_01}}})
		shop.Want(t, err, "receipt.over_allocated")
		s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(60_00), Allocations: []flow.Allocation{{Order: o.ID, Amount: 52_00}}})
		wantPaid(t, s, o, "paid 5000", "part_paid 2200")
		s.ShipFrom(shop.Berlin, s.PlaceWith(buys(c.ID), shop.Of("MUG", 1)), shop.Of("MUG", 1))
	})
}

func TestAChequeThatBounces(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		first, second := billed(s, c.ID, 6), billed(s, c.ID, 2)
		r := s.Receipt(flow.ReceiptIn{Company: c.ID, Method: receivable.Cheque, Amount: euros(100_00), Reference: "C 9", OldestFirst: true})
		shop.Equal(t, "first", s.Order(first).PaymentStatus, order.PaymentPaid)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ReverseReceipt(s.Ctx, tx, r.ID, 0, "it bounced")
			return err
		})
		for _, o := range []*order.Order{first, second} {
			wantPaid(t, s, o, "issued 0")
			account(t, s, o, 0, 0, 0)
			shop.Equal(t, "status", s.Order(o).PaymentStatus, order.PaymentOnTerms)
		}
		ledger(t, s, 0, 100_00, 0)
		shop.Equal(t, "exposure", exposure(s, c.ID).Receivable, 100_00)
	})
}

func TestADebtThatIsGivenUp(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		o := billed(s, c.ID, 6) // 75.00
		s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(70_00), OldestFirst: true})
		invoice := s.Invoices(o)[0].ID
		give := func(amount int64, reason string) (p *payment.Payment, err error) {
			err = s.Try(func(tx *db.Tx) (err error) {
				p, err = flow.WriteOff(s.Ctx, tx, invoice, amount, reason)
				return err
			})
			return p, err
		}
		_, err := give(0, " ")
		shop.Want(t, err, "credit.no_reason")
		_, err = give(5_01, "too much")
		shop.Want(t, err, "invoice.not_owed")
		p, err := give(0, "not worth a letter")
		shop.Want(t, err, "")
		wantPaid(t, s, o, "paid 7500")
		shop.Equal(t, "loss", s.Balance(accounting.BadDebts), 5_00)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			return flow.Refund(s.Ctx, tx, []flow.Refunding{{Order: o.ID, Payment: p.ID, Amount: 5_00, AsCredit: true}})
		}), "payment.written_off")

		// What comes back was not paid in full: the claim ends before money goes back.
		s.Write(func(tx *db.Tx) error {
			_, err := flow.TakeBack(s.Ctx, tx, []flow.TakingBack{{
				Order: o.ID, Location: s.Location(shop.Berlin), Disposition: "restock", Lines: []flow.TakenBack{{Line: s.Line(o, "MUG").ID, Quantity: 1}},
			}})
			return err
		})
		shop.Equal(t, "loss", s.Balance(accounting.BadDebts), 0)
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)
		ledger(t, s, 70_00, 0, 7_50) // back on account, where it came from
	})
}

func TestWhatIsOwedBackCountsForAnotherInvoice(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		o := billed(s, c.ID, 6)
		s.Pay(o)
		s.Write(func(tx *db.Tx) error {
			_, _, err := flow.Credit(s.Ctx, tx, flow.Allowance{Order: o.ID, Lines: []flow.Allowed{{Line: s.Line(o, "MUG").ID, Amount: 20_00}}})
			return err
		})
		shop.Equal(t, "owed back", s.Order(o).Balance(), -20_00)
		put := func(amount int64) (made []*receivable.Receipt, err error) {
			err = s.Try(func(tx *db.Tx) (err error) {
				made, err = flow.PutOnAccount(s.Ctx, tx, o.ID, amount, "credit note")
				return err
			})
			return made, err
		}
		_, err := put(20_01)
		shop.Want(t, err, "receipt.not_owed")
		made, err := put(0)
		shop.Want(t, err, "")
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)
		ledger(t, s, 75_00, 0, 20_00)
		other := billed(s, c.ID, 2)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.AllocateReceipt(s.Ctx, tx, made[0].ID, made[0].Version, nil)
			return err
		})
		wantPaid(t, s, other, "part_paid 2000")
		ledger(t, s, 75_00, 5_00, 0)
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.ReverseReceipt(s.Ctx, tx, made[0].ID, 0, "by mistake")
			return err
		}), "receipt.from_order")
	})
}

// The story of a company over its limit: its order is held, it pays on account, and the order goes on.
func TestACompanyOverItsLimitPaysOnAccount(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 100_00)
		billed(s, c.ID, 7) // 87.50
		o := s.PlaceWith(buys(c.ID), shop.Of("MUG", 2))
		shop.Equal(t, "held at release", waitsForCredit(s, o), true)
		work(t, s, o, "BER scheduled 2")
		r := s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(15_00)}) // for no invoice yet
		review(s, c.ID)
		e := exposure(s, c.ID)
		got := [3]int64{e.Receivable, e.OnAccount, e.Working()}
		shop.Equal(t, "receivable, on account, working", got, [3]int64{87_50, 15_00, 97_50})
		shop.Equal(t, "released", waitsForCredit(s, o), false)
		work(t, s, o, "BER open 2")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.AllocateReceipt(s.Ctx, tx, r.ID, 0, nil)
			return err
		})
		shop.Equal(t, "the same after it is counted", exposure(s, c.ID).Working(), 97_50)
	})
}

func TestMoneyOnAccountCountsOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		c := company(s, 0)
		var orders []*order.Order
		for range 4 {
			orders = append(orders, billed(s, c.ID, 2)) // 25.00 each
		}
		r := s.Receipt(flow.ReceiptIn{Company: c.ID, Amount: euros(60_00)})
		errs := atOnce(8, func(i int) error {
			if i%2 == 0 {
				_, err := s.TryReceipt(flow.ReceiptIn{Company: c.ID, Amount: euros(5_00), OldestFirst: true})
				return err
			}
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.AllocateReceipt(s.Ctx, tx, r.ID, 0, nil)
				return err
			})
		})
		got := tally(t, errs)
		shop.Equal(t, "allocated or received", got[""], 5)
		shop.Equal(t, "nothing left", got["receipt.nothing_to_allocate"], 3)
		shop.Equal(t, "on account", getReceipt(s, r).Balance, 0)
		ledger(t, s, 80_00, 20_00, 0)
		wantPaid(t, s, orders[2], "paid 2500")
		wantPaid(t, s, orders[3], "part_paid 500")
	})
}
