package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/credit"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// ReturnRefund is what is to be given back for goods that came back.
type ReturnRefund struct {
	Return   id.Return
	Version  int64           // the one that the caller saw, 0 for any
	Lines    []id.ReturnLine // empty: all that is here and gives something back
	Shipping bool            // the goods' share of what shipping cost is given back, too
	Fees     []ReturnFee     // kept back; nil: what the return policy says
	Parts    []RefundPart    // what goes back on which payment, of what is not store credit; empty: by the order of payment.Tenders
}

// ReturnFee is kept back of a refund, and billed.
type ReturnFee struct {
	Code   string // restocking, return_shipping
	Title  string
	Amount int64 // as the order's prices are: with or without tax
}

// RefundPart is an amount that goes back on one payment, in its currency.
type RefundPart struct {
	Payment id.Payment `json:"payment_id"`
	Amount  int64      `json:"amount"`
}

// ReturnRefunded is what a refund of a return comes to, in minor units of the
// order's currency.
type ReturnRefunded struct {
	Return   *returns.Return
	Goods    int64
	Shipping int64
	Fees     int64
	Refund   int64 // what goes back on payments; with the store credit never more than the customer paid and does not owe
	Credit   int64 // what is given as store credit
	Parts    []RefundPart
}

// PreviewReturnRefund tells what a refund would come to, by doing it and taking it
// back, so that it cannot tell anything else.
func PreviewReturnRefund(ctx context.Context, d *db.DB, in ReturnRefund) (out ReturnRefunded, err error) {
	err = d.Try(ctx, func(tx *db.Tx) (err error) {
		out, err = RefundReturn(ctx, tx, in)
		return err
	})
	return out, err
}

// RefundReturn credits goods that came back and gives their money back, as each line
// is resolved: on payments, or as store credit; what was exchanged pays for its
// replacements, and the rest goes back on payments. Where less goes back than the goods
// are worth, because of fees or of what is owed, both have their share of it. The stock
// is not touched: a refund that fails at the gateway is retried or cancelled as
// any other. The last units of an order line take the remainder of its amount.
func RefundReturn(ctx context.Context, tx *db.Tx, in ReturnRefund) (out ReturnRefunded, err error) {
	out.Return, err = changeReturn(ctx, tx, in.Return, in.Version, func(w *returnWork) error {
		lines, err := w.toRefund(in.Lines)
		if err != nil {
			return err
		}
		if w.order == nil {
			return w.payOut(ctx, tx, in, lines, &out)
		}
		return w.refund(ctx, tx, in, lines, &out)
	})
	return out, err
}

// toRefund are the lines that are to be refunded.
func (w *returnWork) toRefund(only []id.ReturnLine) ([]*returns.Line, error) {
	var lines []*returns.Line
	for _, l := range w.ret.Creditable() {
		if len(only) == 0 || slices.Contains(only, l.ID) {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 || len(only) > 0 && len(lines) < len(only) {
		return nil, fault.New(fault.Conflict, "return.nothing_to_refund", "Nothing of this is to be refunded: the goods must be here, be resolved as a refund, store credit or an exchange, and not be credited yet.")
	}
	return lines, nil
}

func (w *returnWork) refund(ctx context.Context, tx *db.Tx, in ReturnRefund, lines []*returns.Line, out *ReturnRefunded) error {
	o := w.order
	if err := w.takeCredits(ctx, tx, lines); err != nil {
		return err
	}
	note := w.books.document(tx, accounting.CreditSeries, o)
	note.Return = w.ret.ID
	left := goodsLeft(o)
	var rate money.Rate
	var asCredit, exchanged int64
	for _, l := range lines {
		a, err := o.Credit(l.Line, l.Quantity)
		if err != nil {
			return err
		}
		w.ret.Credit(l, a.Total, a.Tax)
		out.Goods += a.Total
		switch l.Resolution {
		case returns.StoreCredit:
			asCredit += a.Total
		case returns.Exchange:
			exchanged += a.Total
		}
		rate = max(rate, o.Line(l.Line).TaxRate)
		note.Lines = append(note.Lines, noteLine(o, l))
	}
	if in.Shipping {
		if err := creditShipping(o, note, out, left); err != nil {
			return err
		}
	}
	if _, err := w.books.issue(ctx, tx, map[id.Order]*order.Order{o.ID: o}, []*accounting.Invoice{note}); err != nil {
		return err
	}
	fees := in.Fees
	if fees == nil {
		fees = w.fees(lines)
	} else {
		w.ret.ShippingCharged = true // or left out, as somebody says
	}
	for _, fee := range fees {
		c, err := o.AddCharge(order.DraftCharge{Kind: order.ChargeFee, Code: fee.Code, Title: fee.Title, Amount: fee.Amount, TaxRate: rate}, tx.Now())
		if err != nil {
			return err
		}
		out.Fees += c.Total
	}
	o.Refresh(tx.Now())
	if out.Fees > out.Goods+out.Shipping {
		return fault.New(fault.Invalid, "return.fees", "The fees of %s are more than the goods give back, %s.",
			money.Of(out.Fees, o.Currency), money.Of(out.Goods+out.Shipping, o.Currency))
	}
	back := max(0, min(out.Goods+out.Shipping-out.Fees, o.Paid(), -o.Balance()))
	if asCredit > 0 { // what was exchanged pays for its replacements first
		other := out.Goods - exchanged
		out.Credit = money.Share(min(back, money.Share(out.Goods+out.Shipping-out.Fees, 0, other, out.Goods)), 0, asCredit, other)
	}
	out.Refund = back - out.Credit
	return w.payBack(ctx, tx, in, out)
}

// takeCredits takes what may be given back to, before the numbers of documents: the
// gift cards and store credits that paid, and the customer's store credit.
func (w *returnWork) takeCredits(ctx context.Context, tx *db.Tx, lines []*returns.Line) error {
	o := w.order
	payments, err := payment.TakeByOrder(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	var own []id.Credit
	if slices.ContainsFunc(lines, func(l *returns.Line) bool { return l.Resolution == returns.StoreCredit }) {
		for _, p := range payments[o.ID] {
			c, err := credit.OfCustomer(ctx, tx, o.Customer, p.Currency)
			if err == nil {
				own = append(own, c.ID)
			} else if !fault.Is(err, "credit.none") { // the first is opened when it is given
				return err
			}
		}
	}
	return takeCredits(ctx, tx, []id.Order{o.ID}, own...)
}

// goodsLeft is what was invoiced of goods and not credited.
func goodsLeft(o *order.Order) (n int64) {
	for _, l := range o.Lines {
		if l.Goods() {
			n += l.InvoicedTotal - l.RefundedTotal
		}
	}
	return n
}

// creditShipping credits the share of shipping charges that goes with the goods
// credited, of goods that were left: the last goods take the remainder.
func creditShipping(o *order.Order, note *accounting.Invoice, out *ReturnRefunded, left int64) error {
	for _, c := range o.Charges {
		if c.Kind != order.ChargeShipping || !c.Invoiced || left == 0 {
			continue
		}
		share := money.Share(c.Total-c.RefundedTotal, 0, out.Goods, left)
		if share <= 0 {
			continue
		}
		a, err := o.CreditCharge(c.ID, share)
		if err != nil {
			return err
		}
		out.Shipping += a.Total
		note.Lines = append(note.Lines, chargeLine(c, a))
	}
	return nil
}

// payBack asks for the refunds, over the payments or as the caller says.
func (w *returnWork) payBack(ctx context.Context, tx *db.Tx, in ReturnRefund, out *ReturnRefunded) error {
	o := w.order
	orders := map[id.Order]*order.Order{o.ID: o}
	var asked []Refunding
	for _, p := range in.Parts {
		asked = append(asked, Refunding{Order: o.ID, Payment: p.Payment, Return: w.ret.ID, Amount: p.Amount, Reason: "return"})
	}
	if len(in.Parts) == 0 && out.Refund > 0 {
		asked = append(asked, Refunding{Order: o.ID, Return: w.ret.ID, Amount: out.Refund, Reason: "return"})
	}
	var given []Refunding
	if out.Credit > 0 {
		given = append(given, Refunding{Order: o.ID, Return: w.ret.ID, Amount: out.Credit, Reason: "return", AsCredit: true})
	}
	before, err := payment.ByOrder(ctx, tx, []id.Order{o.ID})
	if err != nil {
		return err
	}
	changes, err := w.books.refund(ctx, tx, orders, asked)
	if err != nil {
		return err
	}
	after, err := payment.ByOrder(ctx, tx, []id.Order{o.ID})
	if err != nil {
		return err
	}
	out.Parts = newRefunds(before[o.ID], after[o.ID])
	if err := w.checkParts(in, out, after[o.ID]); err != nil {
		return err
	}
	more, err := w.books.refund(ctx, tx, orders, given)
	if err != nil {
		return err
	}
	return w.books.settle(ctx, tx, orders, append(changes, more...))
}

// checkParts refuses parts that are more than what is to be given back.
func (w *returnWork) checkParts(in ReturnRefund, out *ReturnRefunded, payments []*payment.Payment) error {
	if len(in.Parts) == 0 {
		return nil
	}
	var sum int64
	for _, part := range out.Parts {
		i := slices.IndexFunc(payments, func(p *payment.Payment) bool { return p.ID == part.Payment })
		sum += money.Share(payments[i].OrderAmount, 0, part.Amount, payments[i].Amount)
	}
	if sum > out.Refund {
		return fault.New(fault.Invalid, "return.parts", "The parts come to %s, and %s is to be given back.", money.Of(sum, w.order.Currency), money.Of(out.Refund, w.order.Currency))
	}
	out.Refund = sum
	return nil
}

// newRefunds are the refunds that are there after, and were not before.
func newRefunds(before, after []*payment.Payment) (parts []RefundPart) {
	known := map[id.Refund]bool{}
	for _, p := range before {
		for _, r := range p.Refunds {
			known[r.ID] = true
		}
	}
	for _, p := range after {
		for _, r := range p.Refunds {
			if !known[r.ID] {
				parts = append(parts, RefundPart{p.ID, r.Amount})
			}
		}
	}
	return parts
}

// payOut refunds a blind return out of the till, or as store credit.
func (w *returnWork) payOut(ctx context.Context, tx *db.Tx, in ReturnRefund, lines []*returns.Line, out *ReturnRefunded) error {
	if in.Shipping || len(in.Fees) > 0 || len(in.Parts) > 0 {
		return fault.New(fault.Invalid, "return.blind", "The sale of this return is not known: it is paid out of the till, without shipping, fees or payments.")
	}
	note, err := (&reception{books: w.books}).note(ctx, tx, TakingBack{Customer: w.ret.Customer, Currency: w.ret.Currency}, nil)
	if err != nil {
		return err
	}
	note.Return = w.ret.ID
	for _, l := range lines {
		w.ret.Credit(l, l.Total, l.Tax)
		out.Goods += l.Total
		if l.Resolution == returns.StoreCredit {
			out.Credit += l.Total
		}
		note.Lines = append(note.Lines, noteLine(nil, l))
	}
	out.Refund = out.Goods - out.Credit
	var credits []given
	if out.Credit > 0 {
		g, err := w.books.giveCredit(ctx, tx, w.ret, out.Credit)
		if err != nil {
			return err
		}
		credits = append(credits, g)
	}
	return w.books.issueBlind(ctx, tx, []*accounting.Invoice{note}, credits...)
}

// giveCredit gives the customer of a blind return store credit, which the documents
// that it is for have to book.
func (b books) giveCredit(ctx context.Context, tx *db.Tx, r *returns.Return, amount int64) (given, error) {
	rate, date, err := b.rateOn(ctx, tx, r.Currency, tx.Now())
	if err != nil {
		return given{}, err
	}
	c, err := credit.Open(ctx, tx, r.Customer, r.Currency, rate, date)
	if err != nil {
		return given{}, err
	}
	made, err := credit.Apply(ctx, tx, b.Day(tx.Now()), []credit.Move{{
		Credit: c.ID, Kind: credit.Granted, Amount: amount, CauseKind: "return", CauseID: id.Any(r.ID), Reason: "return",
	}})
	if err != nil {
		return given{}, err
	}
	return given{made[0].ID, money.Exchange{From: c.Currency, To: b.BaseCurrency, Rate: c.Rate}, amount}, nil
}
