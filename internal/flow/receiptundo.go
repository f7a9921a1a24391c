package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/customer"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/receivable"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// UnallocateReceipt takes an amount of a receipt off an order that it counts for,
// by a counter-entry: the order owes it again, and it is on account. 0 is all of
// the payment.
func UnallocateReceipt(ctx context.Context, tx *db.Tx, rid id.Receipt, pid id.Payment, amount int64, reason string) (*receivable.Receipt, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	p, err := payment.Get(ctx, tx, pid)
	if err != nil {
		return nil, err
	}
	if p.Receipt != rid {
		return nil, fault.New(fault.NotFound, "receipt.no_payment", "The receipt has no payment %s.", pid)
	}
	if amount == 0 {
		amount = p.Refundable()
	}
	if err := Refund(ctx, tx, []Refunding{{Order: p.Order, Payment: pid, Amount: amount, Reason: reason}}); err != nil {
		return nil, err
	}
	return receivable.Get(ctx, tx, rid)
}

// PayBackReceipt gives money that is on account back to who paid it: 0 is all of
// it. It leaves the till or the bank by hand; the reason says how.
func PayBackReceipt(ctx context.Context, tx *db.Tx, rid id.Receipt, version, amount int64, reason string) (*receivable.Receipt, error) {
	return takeReceipt(ctx, tx, rid, version, reason, func(b books, r *receivable.Receipt) error {
		if amount == 0 {
			amount = r.Balance
		}
		return b.moveAccount(ctx, tx, r, receivable.PaidBack, accounting.PayBack, amount, reason)
	})
}

// ReverseReceipt takes a receipt back that was booked by mistake, or whose cheque
// bounced: all that it counts for is owed again. One of which something was paid
// back already is refused.
func ReverseReceipt(ctx context.Context, tx *db.Tx, rid id.Receipt, version int64, reason string) (*receivable.Receipt, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	seen, err := receivable.Get(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	if err := seen.CheckVersion(version); err != nil {
		return nil, err
	}
	if seen.Method == receivable.Transfer {
		return nil, fault.New(fault.Conflict, "receipt.from_order", "It came from an order, not from outside: count it for orders, or pay it back.")
	}
	for _, e := range seen.Entries {
		if e.Kind == receivable.PaidBack || e.Kind == receivable.Reversed {
			return nil, fault.New(fault.Conflict, "receipt.gone", "Something of the receipt was given back already: it cannot be reversed.")
		}
	}
	payments, err := payment.OfReceipt(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	var back []Refunding
	for _, p := range payments {
		if n := p.Refundable(); n > 0 {
			back = append(back, Refunding{Order: p.Order, Payment: p.ID, Amount: n, Reason: reason})
		}
	}
	if len(back) > 0 {
		if err := Refund(ctx, tx, back); err != nil {
			return nil, err
		}
	}
	return takeReceipt(ctx, tx, rid, 0, reason, func(b books, r *receivable.Receipt) error {
		if r.Balance != r.Amount { // somebody allocated it meanwhile
			return db.ErrRetry
		}
		return b.moveAccount(ctx, tx, r, receivable.Reversed, accounting.ReverseMoney, r.Amount, reason)
	})
}

// takeReceipt takes money off what is on account. Companies with a credit limit
// are held, as by whoever lends them something at the same time.
func takeReceipt(ctx context.Context, tx *db.Tx, rid id.Receipt, version int64, reason string, take func(books, *receivable.Receipt) error) (*receivable.Receipt, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	r, err := receivable.Take(ctx, tx, rid)
	if err != nil {
		return nil, err
	}
	if err := r.CheckVersion(version); err != nil {
		return nil, err
	}
	if r.Balance == 0 {
		return nil, fault.New(fault.Conflict, "receipt.empty", "Nothing of the receipt is on account.")
	}
	if _, err := customer.TakeLimits(ctx, tx, []id.Company{r.Company}); err != nil {
		return nil, err
	}
	if err := take(b, r); err != nil {
		return nil, err
	}
	return receivable.Get(ctx, tx, rid)
}

// PutOnAccount puts what we owe by an order, such as after a credit note, on the
// account of who bought, where it can count for other invoices: 0 is all of it.
// It returns a receipt for each payment that gave a part.
func PutOnAccount(ctx context.Context, tx *db.Tx, oid id.Order, amount int64, reason string) ([]*receivable.Receipt, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	orders, err := takeOrders(ctx, tx, []id.Order{oid}, func(o id.Order) id.Order { return o })
	if err != nil {
		return nil, err
	}
	o := orders[oid]
	owed := max(0, -o.Balance())
	if amount == 0 {
		amount = owed
	}
	if amount <= 0 || amount > owed {
		return nil, fault.New(fault.Shortage, "receipt.not_owed", "%s can be put on account: that is what order %d is owed back.", money.Of(owed, o.Currency), o.Number).
			With(map[string]int64{"available": owed})
	}
	payments, err := payment.TakeByOrder(ctx, tx, oid)
	if err != nil {
		return nil, err
	}
	policy, err := payment.LoadPolicy(ctx, tx)
	if err != nil {
		return nil, err
	}
	parts, err := refundParts(o, payments[oid], Refunding{Order: oid, Amount: amount}, policy.Refunds)
	if err != nil {
		return nil, err
	}
	var touched []*payment.Payment
	var ids []id.Receipt
	for _, part := range parts {
		p := part.Payment
		x, err := p.ProposeRefund(tx.Now(), part.Amount, id.Return{}, reason)
		if err != nil {
			return nil, err
		}
		touched = append(touched, p)
		if p.Gateway == payment.Receipts || p.Gateway == payment.WriteOffs { // back where it came from
			if _, err := p.SendRefund(tx.Now(), b.Day(tx.Now()), x.ID); err != nil {
				return nil, err
			}
			if p.Gateway == payment.Receipts {
				ids = append(ids, p.Receipt)
			}
			continue
		}
		r := &receivable.Receipt{
			Company: o.Company, Method: receivable.Transfer, Currency: p.Currency, Amount: part.Amount, Rate: p.Rate, RateDate: p.RateDate,
			PaidOn: b.Day(tx.Now()), BusinessDate: b.Day(tx.Now()), Note: reason, Source: memo(o), Reference: x.ID.String(),
		}
		if o.Company.IsZero() {
			r.Customer = o.Customer
		}
		if err := receivable.Create(ctx, tx, b.Day(tx.Now()), r); err != nil {
			return nil, err
		}
		if _, err := p.AccountRefund(tx.Now(), b.Day(tx.Now()), x.ID, r.ID); err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	changes, err := b.save(ctx, tx, touched)
	if err != nil {
		return nil, err
	}
	if err := b.settle(ctx, tx, orders, changes); err != nil {
		return nil, err
	}
	out := make([]*receivable.Receipt, len(ids))
	for i, rid := range ids {
		if out[i], err = receivable.Get(ctx, tx, rid); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// WriteOff gives up what is owed of an invoice, or a part of it, as a loss: 0 is
// all of it. It is taken back by refunding the payment that it makes.
func WriteOff(ctx context.Context, tx *db.Tx, invoice id.Invoice, amount int64, reason string) (*payment.Payment, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	d, err := accounting.GetInvoice(ctx, tx, invoice)
	if err != nil {
		return nil, err
	}
	if d.Series != accounting.InvoiceSeries || d.Order.IsZero() {
		return nil, fault.New(fault.Conflict, "receipt.no_invoice", "%s is not an invoice of an order.", d.Name())
	}
	orders, err := takeOrders(ctx, tx, []id.Order{d.Order}, func(o id.Order) id.Order { return o })
	if err != nil {
		return nil, err
	}
	if d, err = accounting.GetInvoice(ctx, tx, invoice); err != nil { // as it is under the lock
		return nil, err
	}
	if amount == 0 {
		amount = d.Open()
	}
	if amount <= 0 || amount > d.Open() {
		return nil, fault.New(fault.Shortage, "invoice.not_owed", "%s of %s is owed: no more can be written off.", money.Of(d.Open(), d.Currency), d.Name()).
			With(map[string]int64{"open": d.Open()})
	}
	o := orders[d.Order]
	p, err := writtenOff(tx, b, o, invoice, amount, reason)
	if err != nil {
		return nil, err
	}
	changes, err := b.create(ctx, tx, []*payment.Payment{p})
	if err != nil {
		return nil, err
	}
	if err := audit.Record(ctx, tx, "write_off", "invoice", invoice.String(), nil, map[string]any{"amount": amount, "currency": d.Currency, "reason": reason}); err != nil {
		return nil, err
	}
	return p, b.settle(ctx, tx, orders, changes)
}

// writtenOff is the payment that settles a debt which is given up.
func writtenOff(tx *db.Tx, b books, o *order.Order, invoice id.Invoice, amount int64, reason string) (*payment.Payment, error) {
	p, err := payment.New(tx.Now(), payment.Terms{
		Order: o.ID, Gateway: payment.WriteOffs, Method: payment.WriteOff, Currency: o.Currency, Amount: amount,
		Rate: o.Rate, RateDate: o.RateDate, Invoice: invoice, Label: "Written off: " + reason,
	})
	if err != nil {
		return nil, err
	}
	return p, p.Enter(tx.Now(), b.Day(tx.Now()), amount, payment.Cause{Kind: payment.CauseManual})
}
