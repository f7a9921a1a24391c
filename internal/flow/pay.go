package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/channel"
	"purser/internal/domain/credit"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// Paying is a payment for an order.
type Paying struct {
	Order     id.Order
	Gateway   string // empty: manual
	Method    payment.Method
	Currency  money.Currency // empty: the order's
	Amount    int64          // minor units of Currency; 0: the order's balance, in the order's currency
	Token     string         // of a gateway: the means of payment; of gift cards: the code
	Label     string
	Reference string
	Received  bool // at the manual gateway: the money is here
}

// Pay takes payments. A gateway is asked to authorize by a job; money that was
// received by hand is booked at once, and a gift card or store credit is held at
// once, or the payment is refused. More than one payment may pay an order. What
// came for an order that was cancelled is booked, too, and offered back.
func Pay(ctx context.Context, tx *db.Tx, payings []Paying) ([]*payment.Payment, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	orders, err := takeOrders(ctx, tx, payings, func(p Paying) id.Order { return p.Order })
	if err != nil {
		return nil, err
	}
	payings = slices.Clone(payings) // they are completed: a transaction may run again
	credits, err := b.credits(ctx, tx, orders, payings)
	if err != nil {
		return nil, err
	}
	payments := make([]*payment.Payment, len(payings))
	for i, in := range payings {
		if payments[i], err = b.payment(ctx, tx, orders[in.Order], in, credits[i]); err != nil {
			return nil, err
		}
	}
	changes, err := b.create(ctx, tx, payments)
	if err != nil {
		return nil, err
	}
	return payments, b.follow(ctx, tx, orders, changes)
}

// payment makes a payment of an order; c is the gift card or store credit that pays,
// if one does.
func (b books) payment(ctx context.Context, tx *db.Tx, o *order.Order, in Paying, c *credit.Credit) (*payment.Payment, error) {
	late := o.Status == order.StatusCancelled && in.Received // it did come, and is offered back
	if o.Status == order.StatusDraft || o.Status == order.StatusCancelled && !late {
		return nil, fault.New(fault.Conflict, "order."+string(o.Status), "An order that is %s cannot be paid: accept a draft first; of a cancelled order, only money that has arrived can be booked.", o.Status)
	}
	if in.Currency == "" {
		in.Currency = o.Currency
	}
	if in.Amount == 0 && in.Currency == o.Currency {
		in.Amount = o.Asked()
	}
	day := b.Day(tx.Now())
	text, date := o.Rate, o.RateDate
	settles := in.Amount
	if in.Currency != o.Currency || date != day {
		rate, err := accounting.RateOn(ctx, tx, b.BaseCurrency, in.Currency, day)
		if err != nil {
			return nil, err
		}
		text, date = rate.Rate, rate.Date
	}
	if in.Currency != o.Currency {
		x, _, err := accounting.ExchangeOn(ctx, tx, b.BaseCurrency, in.Currency, o.Currency, day)
		if err != nil {
			return nil, err
		}
		if settles, err = x.Convert(in.Amount); err != nil {
			return nil, err
		}
	}
	terms := payment.Terms{
		Order: o.ID, Gateway: in.Gateway, Method: in.Method, Currency: in.Currency, Amount: in.Amount, OrderAmount: settles,
		Rate: text, RateDate: date, Token: in.Token, Label: in.Label, Reference: in.Reference,
	}
	if c != nil {
		terms.Credit, terms.Token, terms.Label, terms.Rate, terms.RateDate = c.ID, "", c.Label(), c.Rate, c.RateDate
	}
	p, err := payment.New(tx.Now(), terms)
	if err != nil {
		return nil, err
	}
	cause := payment.Cause{Kind: payment.CauseOrder, ID: id.Any(o.ID)}
	switch {
	case p.Gateway != payment.Manual:
		_, err = p.Authorize(tx.Now(), day, cause)
	case in.Received:
		_, err = p.Receive(tx.Now(), day, in.Amount, cause, in.Reference)
	}
	return p, err
}

// Receive books money that arrived for a payment at the manual gateway.
func Receive(ctx context.Context, tx *db.Tx, pid id.Payment, amount int64, reference string) (*payment.Payment, error) {
	return onPayment(ctx, tx, pid, func(p *payment.Payment, day string) error {
		_, err := p.Receive(tx.Now(), day, amount, payment.Cause{Kind: payment.CauseManual}, reference)
		return err
	})
}

// Capture asks for an authorized amount of a payment, in minor units of its
// currency; 0 is all that can be captured.
func Capture(ctx context.Context, tx *db.Tx, pid id.Payment, amount int64) (*payment.Payment, error) {
	return onPayment(ctx, tx, pid, func(p *payment.Payment, day string) error {
		if amount == 0 {
			amount = p.Capturable()
		}
		if amount == 0 {
			return fault.New(fault.Conflict, "payment.not_authorized", "The payment is %s: nothing of it is authorized and can be captured.", p.Status)
		}
		_, err := p.Capture(tx.Now(), day, amount, payment.Cause{Kind: payment.CauseManual})
		return err
	})
}

// Void gives up what is authorized of a payment and not captured.
func Void(ctx context.Context, tx *db.Tx, pid id.Payment) (*payment.Payment, error) {
	return onPayment(ctx, tx, pid, func(p *payment.Payment, day string) error {
		_, err := p.Void(tx.Now(), day, payment.Cause{Kind: payment.CauseManual})
		return err
	})
}

// RetryRefund asks a gateway for a refund that was proposed, or that failed.
func RetryRefund(ctx context.Context, tx *db.Tx, refund id.Refund) (*payment.Payment, error) {
	pid, err := payment.OfRefund(ctx, tx, refund)
	if err != nil {
		return nil, err
	}
	return onPayment(ctx, tx, pid, func(p *payment.Payment, day string) error {
		_, err := p.SendRefund(tx.Now(), day, refund)
		return err
	})
}

// CancelRefund gives up a refund that is pending or has failed: the money stays
// ours to give back.
func CancelRefund(ctx context.Context, tx *db.Tx, refund id.Refund) (*payment.Payment, error) {
	pid, err := payment.OfRefund(ctx, tx, refund)
	if err != nil {
		return nil, err
	}
	return onPayment(ctx, tx, pid, func(p *payment.Payment, _ string) error { return p.CancelRefund(tx.Now(), refund) })
}

// onPayment changes one payment and lets its order and the books follow.
func onPayment(ctx context.Context, tx *db.Tx, pid id.Payment, change func(p *payment.Payment, day string) error) (*payment.Payment, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	seen, err := payment.Get(ctx, tx, pid)
	if err != nil {
		return nil, err
	}
	orders, err := takeOrders(ctx, tx, []id.Order{seen.Order}, func(o id.Order) id.Order { return o })
	if err != nil {
		return nil, err
	}
	taken, err := payment.Take(ctx, tx, pid)
	if err != nil {
		return nil, err
	}
	if err := change(taken[0], b.Day(tx.Now())); err != nil {
		return nil, err
	}
	changes, err := b.save(ctx, tx, taken)
	if err != nil {
		return nil, err
	}
	return taken[0], b.settle(ctx, tx, orders, changes)
}

// SettlePayments writes what gateways say became of transactions, by their
// answers and by their webhooks, in whatever order and however often these
// come, and lets orders and books follow. It is the payment.Settler of the
// program.
func SettlePayments(ctx context.Context, tx *db.Tx, outcomes []payment.Outcome) error {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return err
	}
	orders, err := takeOrders(ctx, tx, outcomes, func(o payment.Outcome) id.Order { return o.Order })
	if err != nil {
		return err
	}
	changes, err := payment.Settle(ctx, tx, b.Day(tx.Now()), outcomes)
	if err != nil {
		return err
	}
	return b.follow(ctx, tx, orders, changes)
}

// follow lets orders and books follow money that moved, and uses what was
// authorized.
func (b books) follow(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, changes []payment.Change) error {
	if err := b.bookMoney(ctx, tx, orders, changes); err != nil {
		return err
	}
	if err := b.offerBack(ctx, tx, orders, changes); err != nil {
		return err
	}
	more, err := b.useAuthorizations(ctx, tx, orders, changes)
	if err != nil {
		return err
	}
	return b.settle(ctx, tx, orders, more)
}

// useAuthorizations says what becomes of money that was just authorized: what is
// not owed any more is let go, what the channel takes at once or what has left
// already is captured.
func (b books) useAuthorizations(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, changes []payment.Change) ([]payment.Change, error) {
	fresh := map[id.Order]*order.Order{}
	for _, c := range changes {
		if c.Transaction.Kind == payment.KindAuthorize && c.Payment.Capturable() > 0 {
			fresh[c.Payment.Order] = orders[c.Payment.Order]
		}
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	channels, err := channel.Many(ctx, tx, channelsOf(sorted(fresh)))
	if err != nil {
		return nil, err
	}
	payments, err := payment.TakeByOrder(ctx, tx, unique(keys(fresh))...)
	if err != nil {
		return nil, err
	}
	var touched []*payment.Payment
	for _, o := range sorted(fresh) {
		mine := payments[o.ID]
		if o.Status == order.StatusCancelled || o.Balance() <= 0 {
			voided, err := b.void(tx, o, mine)
			if err != nil {
				return nil, err
			}
			touched = append(touched, voided...)
			continue
		}
		var want int64
		switch channels[o.Channel].CaptureWhen {
		case channel.CapturePlaced:
			want = o.Balance()
		case channel.CaptureShipped:
			want = min(o.Balance(), owedBy(o).Before)
			if !slices.ContainsFunc(o.Lines, func(l *order.Line) bool { return l.Open() > 0 }) {
				want = o.Balance() // nothing will leave that it could be captured with
			}
		}
		parts, _ := payment.SplitCapture(mine, want-underWay(mine))
		for _, part := range parts {
			if _, err := part.Payment.Capture(tx.Now(), b.Day(tx.Now()), part.Amount, payment.Cause{Kind: payment.CauseOrder, ID: id.Any(o.ID)}); err != nil {
				return nil, err
			}
			touched = append(touched, part.Payment)
		}
	}
	return b.save(ctx, tx, touched)
}

// underWay is what captures whose end is not known yet will pay of an order.
func underWay(payments []*payment.Payment) (sum int64) {
	for _, p := range payments {
		for _, t := range p.Transactions {
			if t.Kind == payment.KindCapture && t.State.Open() {
				sum += money.Share(p.OrderAmount, 0, t.Amount, p.Amount)
			}
		}
	}
	return sum
}

// void gives up what is authorized of an order's payments, and returns those that
// this concerns.
func (b books) void(tx *db.Tx, o *order.Order, payments []*payment.Payment) (touched []*payment.Payment, err error) {
	for _, p := range payments {
		if p.Capturable() == 0 {
			continue
		}
		if _, err := p.Void(tx.Now(), b.Day(tx.Now()), payment.Cause{Kind: payment.CauseOrder, ID: id.Any(o.ID)}); err != nil {
			return nil, err
		}
		touched = append(touched, p)
	}
	return touched, nil
}

// settle books money that moved and lets the taken orders know. It saves them.
func (b books) settle(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, changes []payment.Change) error {
	if err := b.bookMoney(ctx, tx, orders, changes); err != nil {
		return err
	}
	if err := b.offerBack(ctx, tx, orders, changes); err != nil {
		return err
	}
	sums, err := payment.SumsOf(ctx, tx, unique(keys(orders)))
	if err != nil {
		return err
	}
	for oid, o := range orders {
		s := sums[oid]
		o.SetPayments(order.Payments{Authorized: s.Authorized, Captured: s.Captured, Refunded: s.Refunded})
		if o.Asked() <= s.Authorized {
			o.ReleaseReason(order.HoldAwaitingPayment)
		}
	}
	if err := finish(ctx, tx, sorted(orders)); err != nil {
		return err
	}
	return lessOwed(ctx, tx, sorted(orders))
}

// bookMoney posts the money that moved.
func (b books) bookMoney(ctx context.Context, tx *db.Tx, orders map[id.Order]*order.Order, changes []payment.Change) error {
	var entries []accounting.Entry
	for _, c := range changes {
		rule := ruleOf(c)
		if rule == nil {
			continue
		}
		o := orders[c.Payment.Order]
		moved, err := b.money(ctx, tx, c)
		if err != nil {
			return err
		}
		e, err := rule(b.posting(tx, "transaction", id.Any(c.Transaction.ID), o), owedBy(o), moved)
		if err != nil {
			return err
		}
		entries = append(entries, e)
		o.Captured += c.OrderCaptured
		o.Refunded += c.OrderRefunded
	}
	return accounting.Post(ctx, tx, entries)
}

// money is what a settled transaction moved, and where it lies.
func (b books) money(ctx context.Context, r db.Reader, c payment.Change) (accounting.Money, error) {
	m := accounting.Money{
		Account: accounting.Tender(string(c.Payment.Method)),
		Rate:    money.Exchange{From: c.Payment.Currency, To: b.BaseCurrency, Rate: c.Payment.Rate},
		Amount:  c.Amount, Pays: abs(c.OrderCaptured) + abs(c.OrderRefunded),
	}
	switch t := c.Transaction; {
	case payment.Local(t.Gateway):
		m.Account = accounting.StoreCredit
		if t.Credit != c.Payment.Credit { // it goes back as store credit, which has a rate of its own
			other, err := credit.Get(ctx, r, t.Credit)
			if err != nil {
				return m, err
			}
			m.Rate.Rate = other.Rate
		}
	case t.Gateway == payment.Receipts:
		m.Account = accounting.OnAccount
	}
	return m, nil
}

func ruleOf(c payment.Change) func(accounting.Posting, accounting.Owed, accounting.Money) (accounting.Entry, error) {
	if c.Transaction.Gateway == payment.WriteOffs {
		return func(p accounting.Posting, o accounting.Owed, m accounting.Money) (accounting.Entry, error) {
			if c.Transaction.Kind == payment.KindRefund {
				m.Pays = -m.Pays
			}
			return accounting.Debt(p, o, m.Pays)
		}
	}
	switch c.Transaction.Kind {
	case payment.KindCapture:
		return accounting.Capture
	case payment.KindRefund:
		if c.Reverses {
			return accounting.Bounce
		}
		return accounting.Refund
	case payment.KindChargeback:
		if c.Reverses {
			return accounting.Reinstate
		}
		return accounting.Chargeback
	}
	return nil
}

// owedBy is what an order's customer owes before an entry, as the books have it.
func owedBy(o *order.Order) accounting.Owed {
	return accounting.Owed{Exchange: o.Exchange(), Before: o.Invoiced - o.Credited - o.Captured + o.Refunded}
}

// voidExcess gives up authorizations that taken orders need no more.
func voidExcess(ctx context.Context, tx *db.Tx, b books, orders []*order.Order) error {
	var done []*order.Order
	for _, o := range orders {
		if o.Authorized > 0 && o.Balance() <= 0 {
			done = append(done, o)
		}
	}
	if len(done) == 0 {
		return nil
	}
	byOrder, err := payment.TakeByOrder(ctx, tx, ids(done)...)
	if err != nil {
		return err
	}
	var touched []*payment.Payment
	for _, o := range done {
		voided, err := b.void(tx, o, byOrder[o.ID])
		if err != nil {
			return err
		}
		touched = append(touched, voided...)
	}
	if _, err = b.save(ctx, tx, touched); err != nil {
		return err
	}
	sums, err := payment.SumsOf(ctx, tx, ids(done))
	for _, o := range done {
		s := sums[o.ID]
		o.SetPayments(order.Payments{Authorized: s.Authorized, Captured: s.Captured, Refunded: s.Refunded})
	}
	return err
}
