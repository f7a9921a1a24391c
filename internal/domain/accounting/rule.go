package accounting

import (
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

// Posting is what every posting rule needs to know of an event.
type Posting struct {
	Source Source
	Order  id.Order
	Date   string // business day
	Memo   string
}

func (p Posting) entry(kind EntryKind, lines ...Line) Entry {
	return Entry{Kind: kind, Source: p.Source, Order: p.Order, Memo: p.Memo, Date: p.Date, Lines: lines}
}

// moved is an entry of an amount in the base currency from one account into
// another; none of an amount of zero.
func (p Posting) moved(kind EntryKind, base money.Amount, into, from string) Entry {
	if base.Minor == 0 {
		return p.entry(kind)
	}
	return p.entry(kind,
		Line{into, base.Currency, base.Minor, base.Minor},
		Line{from, base.Currency, -base.Minor, -base.Minor})
}

// The rules for stock take its value in the base currency, with the sign of the
// change of stock value, as movements of the ledger have it. An entry of value
// zero is Empty, and Post leaves it out.

// OpenStock posts stock that was there when the books began.
func OpenStock(p Posting, value money.Amount) Entry {
	return p.moved(OpeningStock, value, Stock, Opening)
}

// Receive posts goods that came in from a supplier, before the bill.
func Receive(p Posting, value money.Amount) Entry {
	return p.moved(ReceiveStock, value, Stock, GoodsReceived)
}

// Adjust posts an adjustment, either way.
func Adjust(p Posting, value money.Amount) Entry {
	return p.moved(AdjustStock, value, Stock, Adjustments)
}

// Count posts the difference that a count found, either way.
func Count(p Posting, value money.Amount) Entry {
	return p.moved(CountStock, value, Stock, Adjustments)
}

// WriteOff posts goods that are lost or spoiled; value is negative.
func WriteOff(p Posting, value money.Amount) Entry {
	return p.moved(WriteOffStock, value, Stock, WriteOffs)
}

// Vary posts a change of value without a change of stock: what is left on an
// empty level, or a later cost.
func Vary(p Posting, value money.Amount) Entry { return p.moved(VaryCost, value, Stock, Variances) }

// Ship posts goods that left to a customer; value is negative.
func Ship(p Posting, value money.Amount) Entry { return p.moved(ShipGoods, value, Stock, CostOfGoods) }

// Restock posts goods that came back from a customer.
func Restock(p Posting, value money.Amount) Entry {
	return p.moved(RestockReturn, value, Stock, CostOfGoods)
}

// Unship takes back the posting of goods that had not left after all; value is
// positive.
func Unship(p Posting, value money.Amount) Entry {
	return p.moved(UnshipGoods, value, Stock, CostOfGoods)
}

// Owed is the receivable of an order before an entry, and the exchange of its
// currency into the base currency.
type Owed struct {
	money.Exchange
	Before int64 // invoiced - credited - captured + refunded, in minor units of the order's currency
}

// change is a line of the order's receivable.
func (o Owed) change(amount int64) (Line, error) {
	before, err := o.Convert(o.Before)
	if err != nil {
		return Line{}, err
	}
	after, err := o.Convert(o.Before + amount)
	return Line{Receivable, o.From, amount, after - before}, err
}

// Bill is what an invoice or a credit note bills, in minor units of its currency
// and without tax but for Tax. All are positive, except what is given back with a
// bill.
type Bill struct {
	Goods    int64 // before discounts
	Discount int64
	Shipping int64
	Fees     int64
	Tax      int64
}

// Total is what the customer owes by the bill.
func (b Bill) Total() int64 { return b.Goods - b.Discount + b.Shipping + b.Fees + b.Tax }

// Invoiced posts an invoice: the customer owes it, and it is sales, discounts,
// shipping, fees and tax.
func Invoiced(p Posting, o Owed, b Bill) (Entry, error) {
	return p.billed(IssueInvoice, o, b.Total(), []Line{
		{Sales, o.From, -b.Goods, 0},
		{Discounts, o.From, b.Discount, 0},
		{Shipping, o.From, -b.Shipping, 0},
		{Fees, o.From, -b.Fees, 0},
		{Tax, o.From, -b.Tax, 0},
	})
}

// Credited posts a credit note: the customer owes less. Goods are those of the
// credit note, their discounts taken off.
func Credited(p Posting, o Owed, b Bill) (Entry, error) {
	return p.billed(IssueCredit, o, -b.Total(), []Line{
		{SalesReturns, o.From, b.Goods - b.Discount, 0},
		{Shipping, o.From, b.Shipping, 0},
		{Fees, o.From, b.Fees, 0},
		{Tax, o.From, b.Tax, 0},
	})
}

// Reversed posts a credit note that takes an invoice back whole: the customer
// owes nothing by it, and sales, discounts and tax are what they were.
func Reversed(p Posting, o Owed, b Bill) (Entry, error) {
	return p.billed(IssueCredit, o, -b.Total(), []Line{
		{Sales, o.From, b.Goods, 0},
		{Discounts, o.From, -b.Discount, 0},
		{Shipping, o.From, b.Shipping, 0},
		{Fees, o.From, b.Fees, 0},
		{Tax, o.From, b.Tax, 0},
	})
}

func (p Posting) billed(kind EntryKind, o Owed, total int64, parts []Line) (Entry, error) {
	owed, err := o.change(total)
	if err != nil {
		return Entry{}, err
	}
	e := p.entry(kind)
	if total != 0 || owed.Base != 0 {
		e.Lines = append(e.Lines, owed)
	}
	for _, l := range parts {
		if l.Amount == 0 {
			continue
		}
		if l.Base, err = o.Convert(l.Amount); err != nil {
			return Entry{}, err
		}
		e.Lines = append(e.Lines, l)
	}
	return e.even(Rounding, o.From), nil
}

// Debt posts a debt that is written off: the customer owes less, and it is a
// loss. A negative amount takes that back.
func Debt(p Posting, o Owed, amount int64) (Entry, error) {
	owed, err := o.change(-amount)
	if err != nil || amount == 0 {
		return p.entry(WriteOffDebt), err
	}
	base, err := o.Convert(amount)
	return p.entry(WriteOffDebt, owed, Line{BadDebts, o.From, amount, base}).even(Rounding, o.From), err
}

// Money is money that moves between a customer and us: what a gateway did, in the
// currency of the payment, and what it pays of the order.
type Money struct {
	Account string         // where it lies: see Tender
	Rate    money.Exchange // of the payment's currency into the base currency
	Amount  int64          // minor units of the payment's currency, positive
	Pays    int64          // minor units of the order's currency, positive
}

// Capture posts money that came in: it lies at the gateway, and the customer owes
// less. Where the payment's currency or rate is not the order's, the difference
// in the base currency is a gain or loss of exchange.
func Capture(p Posting, o Owed, m Money) (Entry, error) { return p.paid(CaptureMoney, o, m, 1) }

// Refund posts money that went back to the customer.
func Refund(p Posting, o Owed, m Money) (Entry, error) { return p.paid(RefundMoney, o, m, -1) }

// Bounce posts a refund that had gone back and returned.
func Bounce(p Posting, o Owed, m Money) (Entry, error) { return p.paid(RefundBounce, o, m, 1) }

// Chargeback posts money that the customer's bank took back: the customer owes
// it again.
func Chargeback(p Posting, o Owed, m Money) (Entry, error) { return p.paid(LoseDispute, o, m, -1) }

// Reinstate posts money of a chargeback that was given back to us after all.
func Reinstate(p Posting, o Owed, m Money) (Entry, error) { return p.paid(WinDispute, o, m, 1) }

// Credit posts what we owe whoever holds a gift card or store credit, besides what
// [Capture] and [Refund] do. A positive amount is owed from now on, and comes from
// an account: [Sales] of a gift card, which is no revenue before it is spent,
// [SalesReturns] of what is granted. A negative one is owed no more: it was paid
// out of [Cash], or goes to income.
func Credit(p Posting, kind EntryKind, x money.Exchange, amount int64, account string) (Entry, error) {
	base, err := x.Convert(amount)
	if err != nil || amount == 0 {
		return p.entry(kind), err
	}
	return p.entry(kind, Line{account, x.From, amount, base}, Line{StoreCredit, x.From, -amount, -base}), nil
}

// Received posts money that came on account, into the account that it lies in; a
// negative amount left it again.
func Received(p Posting, kind EntryKind, x money.Exchange, amount int64, account string) (Entry, error) {
	base, err := x.Convert(amount)
	if err != nil || amount == 0 {
		return p.entry(kind), err
	}
	return p.entry(kind, Line{account, x.From, amount, base}, Line{OnAccount, x.From, -amount, -base}), nil
}

func (p Posting) paid(kind EntryKind, o Owed, m Money, sign int64) (Entry, error) {
	if o.To != m.Rate.To {
		return Entry{}, fault.New(fault.Internal, "accounting.bad_entry", "The payment is kept in %s, and the order in %s.", m.Rate.To, o.To)
	}
	if m.Amount == 0 && m.Pays == 0 {
		return p.entry(kind), nil
	}
	base, err := m.Rate.Convert(sign * m.Amount)
	if err != nil {
		return Entry{}, err
	}
	owed, err := o.change(-sign * m.Pays)
	if err != nil {
		return Entry{}, err
	}
	e := p.entry(kind, Line{m.Account, m.Rate.From, sign * m.Amount, base})
	if m.Rate.From != o.From {
		e.Lines = append(e.Lines,
			Line{Exchange, m.Rate.From, -sign * m.Amount, -base},
			Line{Exchange, o.From, sign * m.Pays, base})
	}
	e.Lines = append(e.Lines, owed)
	if m.Rate == o.Exchange {
		return e.even(Rounding, o.From), nil
	}
	return e.even(FX, o.From), nil
}

// even adds the line that makes the base currency's amounts sum to zero, if they
// do not.
func (e Entry) even(account string, c money.Currency) Entry {
	var sum int64
	for _, l := range e.Lines {
		sum += l.Base
	}
	if sum != 0 {
		e.Lines = append(e.Lines, Line{account, c, 0, -sum})
	}
	return e
}
