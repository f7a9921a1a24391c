package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/customer"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/receivable"
	"purser/internal/platform/db"
)

// ReceiptIn is money that came on account.
type ReceiptIn struct {
	Company   id.Company
	Customer  id.Customer // of one who buys for no company
	Method    receivable.Method
	Amount    money.Amount
	PaidOn    string // the day by the statement; empty: today
	Source    string // where references are unique
	Reference string
	Note      string

	OldestFirst bool         // count it for what is due the longest
	Allocations []Allocation // or for these
}

// Allocation is an amount that counts for an invoice, or for an order.
type Allocation struct {
	Invoice id.Invoice
	Order   id.Order // where no invoice is named
	Amount  int64    // minor units of the receipt's currency; 0: as much as is owed and there is
}

// ReceiveOnAccount books money that came, and counts it for invoices. What is left
// stays on account.
func ReceiveOnAccount(ctx context.Context, tx *db.Tx, in ReceiptIn) (*receivable.Receipt, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	today := b.Day(tx.Now())
	if in.PaidOn == "" {
		in.PaidOn = today
	}
	if err := knownPayer(ctx, tx, in.Company, in.Customer); err != nil {
		return nil, err
	}
	rate, date, err := b.rateOn(ctx, tx, in.Amount.Currency, tx.Now())
	if err != nil {
		return nil, err
	}
	r := &receivable.Receipt{
		Company: in.Company, Customer: in.Customer, Method: in.Method, Currency: in.Amount.Currency, Amount: in.Amount.Minor, Rate: rate, RateDate: date,
		PaidOn: in.PaidOn, BusinessDate: today, Source: in.Source, Reference: in.Reference, Note: in.Note,
	}
	var planned []Allocation
	var orders map[id.Order]*order.Order
	if in.OldestFirst || len(in.Allocations) > 0 { // sales orders are taken before the receipt is there
		r.Balance = r.Amount
		if planned, orders, err = b.plan(ctx, tx, r, in.Allocations); err != nil {
			return nil, err
		}
	}
	if err := receivable.Create(ctx, tx, today, r); err != nil {
		return nil, err
	}
	if err := b.moveAccount(ctx, tx, r, receivable.Received, accounting.TakeReceipt, r.Amount, in.Note); err != nil {
		return nil, err
	}
	if err := b.count(ctx, tx, r, orders, planned); err != nil {
		return nil, err
	}
	return changedReceipt(ctx, tx, r)
}

// knownPayer refuses money of nobody that we know.
func knownPayer(ctx context.Context, r db.Reader, c id.Company, p id.Customer) (err error) {
	if !c.IsZero() {
		_, err = customer.GetCompany(ctx, r, c)
	} else if !p.IsZero() {
		_, err = customer.Get(ctx, r, p)
	}
	return err
}

// AllocateReceipt counts what of a receipt is on account for orders and invoices:
// those named, or else what is due the longest.
func AllocateReceipt(ctx context.Context, tx *db.Tx, rid id.Receipt, version int64, wanted []Allocation) (*receivable.Receipt, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	r, err := receivable.Get(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	if err := r.CheckVersion(version); err != nil {
		return nil, err
	}
	planned, orders, err := b.plan(ctx, tx, r, wanted)
	if err != nil {
		return nil, err
	}
	if len(planned) == 0 {
		return nil, fault.New(fault.Conflict, "receipt.nothing_to_allocate", "Nothing is owed that it could be counted for, or nothing of it is on account.")
	}
	if err := b.count(ctx, tx, r, orders, planned); err != nil {
		return nil, err
	}
	return changedReceipt(ctx, tx, r)
}

// plan says what a receipt's balance counts for, and takes the orders. Where what
// was owed at the first look is not owed any more under the locks, the transaction
// runs again.
func (b books) plan(ctx context.Context, tx *db.Tx, r *receivable.Receipt, wanted []Allocation) ([]Allocation, map[id.Order]*order.Order, error) {
	seen, err := allocations(ctx, tx, r, wanted)
	if err != nil {
		return nil, nil, err
	}
	orders, err := takeOrders(ctx, tx, seen, func(a Allocation) id.Order { return a.Order })
	if err != nil {
		return nil, nil, err
	}
	planned, err := allocations(ctx, tx, r, wanted)
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(planned, func(a Allocation) bool { return orders[a.Order] == nil }) {
		return nil, nil, db.ErrRetry
	}
	return planned, orders, nil
}

// allocations completes what is wanted with orders and amounts: the longest due
// first, where nothing is named.
func allocations(ctx context.Context, r db.Reader, rc *receivable.Receipt, wanted []Allocation) ([]Allocation, error) {
	left := rc.Balance
	if len(wanted) == 0 {
		open, err := accounting.OpenInvoices(ctx, r, rc.Company, rc.Customer, rc.Currency)
		var out []Allocation
		for _, d := range open {
			if n := min(left, d.Open()); n > 0 {
				out = append(out, Allocation{d.ID, d.Order, n})
				left -= n
			}
		}
		return out, err
	}
	out := make([]Allocation, len(wanted))
	used := map[id.Any]int64{} // an order or invoice may be named twice
	for i, a := range wanted {
		open, err := a.open(ctx, r, rc)
		if err != nil {
			return nil, err
		}
		key := id.Any(a.Invoice)
		if key.IsZero() {
			key = id.Any(a.Order)
		}
		open -= used[key]
		if a.Amount == 0 {
			a.Amount = min(open, left)
		}
		switch {
		case a.Amount <= 0 && left > 0:
			return nil, fault.New(fault.Conflict, "receipt.nothing_owed", "Nothing is owed that allocations[%d] could pay.", i)
		case a.Amount > open:
			return nil, fault.New(fault.Shortage, "receipt.over_allocated", "allocations[%d] is of %s, and %s is owed. The rest can stay on account.",
				i, money.Of(a.Amount, rc.Currency), money.Of(open, rc.Currency)).With(map[string]int64{"open": open})
		case a.Amount > left || a.Amount <= 0:
			return nil, rc.NotEnough(rc.Balance - left + max(a.Amount, 1))
		}
		left -= a.Amount
		used[key] += a.Amount
		out[i] = a
	}
	return out, nil
}

// open finds the order of an allocation, and what is owed of what it names.
func (a *Allocation) open(ctx context.Context, r db.Reader, rc *receivable.Receipt) (int64, error) {
	if a.Invoice.IsZero() {
		o, err := order.Get(ctx, r, a.Order)
		if err != nil {
			return 0, err
		}
		if o.Status == order.StatusDraft || o.Status == order.StatusCancelled {
			return 0, fault.New(fault.Conflict, "order."+string(o.Status), "An order that is %s cannot be paid.", o.Status)
		}
		return max(0, o.Balance()), mayPay(rc, o.Company, o.Customer, o.Currency)
	}
	d, err := accounting.GetInvoice(ctx, r, a.Invoice)
	if err != nil {
		return 0, err
	}
	if d.Series != accounting.InvoiceSeries || d.Order.IsZero() {
		return 0, fault.New(fault.Conflict, "receipt.no_invoice", "%s is not an invoice of an order.", d.Name())
	}
	a.Order = d.Order
	return d.Open(), mayPay(rc, d.Company, d.Customer, d.Currency)
}

// mayPay refuses to pay what somebody else owes, or what is owed in another
// currency.
func mayPay(rc *receivable.Receipt, company id.Company, customer id.Customer, currency money.Currency) error {
	if !rc.Whose(company, customer) {
		return fault.New(fault.Conflict, "receipt.other_payer", "It is owed by somebody else than the receipt is from.")
	}
	if currency != rc.Currency {
		return fault.New(fault.Conflict, "receipt.other_currency", "It is owed in %s, and the receipt is in %s.", currency, rc.Currency)
	}
	return nil
}

// count makes a payment of each allocation and lets orders and books follow.
func (b books) count(ctx context.Context, tx *db.Tx, r *receivable.Receipt, orders map[id.Order]*order.Order, planned []Allocation) error {
	payments := make([]*payment.Payment, len(planned))
	for i, a := range planned {
		p, err := payment.New(tx.Now(), payment.Terms{
			Order: a.Order, Gateway: payment.Receipts, Method: payment.OnAccount, Currency: r.Currency, Amount: a.Amount,
			Rate: r.Rate, RateDate: r.RateDate, Receipt: r.ID, Invoice: a.Invoice, Label: r.Label(),
		})
		if err != nil {
			return err
		}
		if err := p.Enter(tx.Now(), b.Day(tx.Now()), a.Amount, payment.Cause{Kind: payment.CauseManual}); err != nil {
			return err
		}
		payments[i] = p
	}
	if len(payments) == 0 {
		return nil
	}
	changes, err := b.create(ctx, tx, payments)
	if err != nil {
		return err
	}
	return b.settle(ctx, tx, orders, changes)
}

// changedReceipt is a receipt as it is stored now; orders of its company that wait
// for credit are looked at again.
func changedReceipt(ctx context.Context, tx *db.Tx, r *receivable.Receipt) (*receivable.Receipt, error) {
	if !r.Company.IsZero() {
		if err := reviewAwaiting(ctx, tx, []id.Company{r.Company}); err != nil {
			return nil, err
		}
	}
	return receivable.Get(ctx, tx, r.ID)
}

// moveAccount adds an entry to a receipt for money that comes or goes, and posts it.
func (b books) moveAccount(ctx context.Context, tx *db.Tx, r *receivable.Receipt, kind receivable.EntryKind, posts accounting.EntryKind, amount int64, reason string) error {
	day := b.Day(tx.Now())
	entries, err := receivable.Apply(ctx, tx, day, []receivable.Move{{Receipt: r.ID, Kind: kind, Amount: amount, Reason: reason}})
	if err != nil {
		return err
	}
	e, err := accounting.Received(accounting.Posting{Source: accounting.Source{Kind: "receipt", ID: id.Any(entries[0].ID)}, Date: day, Memo: r.Label()},
		posts, money.Exchange{From: r.Currency, To: b.BaseCurrency, Rate: r.Rate}, entries[0].Amount, accounting.Tender(string(r.Method)))
	if err != nil {
		return err
	}
	return accounting.Post(ctx, tx, []accounting.Entry{e})
}

// moveReceipts moves what is on account as transactions of orders' payments say.
func (b books) moveReceipts(ctx context.Context, tx *db.Tx, changes []payment.Change) error {
	var moves []receivable.Move
	for _, c := range changes {
		t := c.Transaction
		if t.Gateway != payment.Receipts {
			continue
		}
		m := receivable.Move{
			Receipt: t.Receipt, Kind: receivable.Allocated, Amount: c.Amount, Order: c.Payment.Order, Invoice: c.Payment.Invoice, Payment: c.Payment.ID, Transaction: t.ID,
		}
		if t.Kind == payment.KindRefund {
			m.Kind = receivable.Unallocated
			if c.Payment.Gateway != payment.Receipts {
				m.Kind = receivable.Transferred
			}
			for _, x := range c.Payment.Refunds {
				if id.Any(x.ID) == t.CauseID {
					m.Reason = x.Reason
				}
			}
		}
		moves = append(moves, m)
	}
	if len(moves) == 0 {
		return nil
	}
	_, err := receivable.Apply(ctx, tx, b.Day(tx.Now()), moves)
	return err
}
