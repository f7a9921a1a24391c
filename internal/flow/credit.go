package flow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/receivable"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// Exposure is what a company owes and will owe, in minor units of the currency of
// its credit limit, at the rates of the day.
type Exposure struct {
	Company    id.Company
	Name       string
	Currency   money.Currency
	Limit      int64 // 0: none
	Receivable int64 // invoiced and not paid
	Shipped    int64 // has left and is not invoiced
	Released   int64 // a location may work on it
	Accepted   int64 // ordered on terms, and not released yet
	Held       int64 // waits for credit, and does not count
	OnAccount  int64 // received, and for no order yet
	Orders     []OrderExposure
}

// OrderExposure is the part of one order.
type OrderExposure struct {
	Order                                            id.Order
	Number                                           int64
	Held                                             bool
	Receivable, Shipped, Released, Accepted, Waiting int64
}

// Working is what locations may bring the company to owe: the exposure at release.
func (e *Exposure) Working() int64 { return e.Receivable - e.OnAccount + e.Shipped + e.Released }

// Total is all that was accepted: the exposure at order.
func (e *Exposure) Total() int64 { return e.Working() + e.Accepted }

// Exposures adds up what companies owe and will owe.
func Exposures(ctx context.Context, r db.Reader, now time.Time, companies []id.Company) (map[id.Company]*Exposure, error) {
	limits, err := customer.Limits(ctx, r, companies)
	if err != nil {
		return nil, err
	}
	lender, err := openLender(ctx, r, now, limits)
	if err != nil {
		return nil, err
	}
	return lender.exposures, lender.learn(ctx, r)
}

// lender knows what companies owe, in the currencies of their limits.
type lender struct {
	books     books
	day       string
	exposures map[id.Company]*Exposure
	rates     map[[2]money.Currency]money.Exchange
}

func openLender(ctx context.Context, r db.Reader, now time.Time, limits []customer.Limit) (*lender, error) {
	b, err := openBooks(ctx, r)
	if err != nil {
		return nil, err
	}
	l := &lender{b, b.Day(now), map[id.Company]*Exposure{}, map[[2]money.Currency]money.Exchange{}}
	for _, c := range limits {
		l.exposures[c.Company] = &Exposure{Company: c.Company, Name: c.Name, Currency: c.Currency, Limit: c.Minor}
	}
	return l, nil
}

// learn reads the orders of the companies.
func (l *lender) learn(ctx context.Context, r db.Reader) error {
	debts, err := order.Debts(ctx, r, unique(keys(l.exposures)), func(orders []id.Order) (map[id.Line]int64, error) {
		return fulfillment.ReleasedUnits(ctx, r, orders)
	})
	if err != nil {
		return err
	}
	for _, d := range debts {
		if err := l.add(ctx, r, d); err != nil {
			return err
		}
	}
	received, err := receivable.Balances(ctx, r, unique(keys(l.exposures)))
	for _, x := range received {
		e := l.exposures[x.Company]
		n, err := l.convert(ctx, r, x.Balance, x.Currency, e.Currency)
		if err != nil {
			return err
		}
		e.OnAccount += n
	}
	return err
}

func (l *lender) add(ctx context.Context, r db.Reader, d *order.Debt) error {
	e := l.exposures[d.Company]
	if d.Held { // nothing of it leaves, though a location may have been asked for it before
		d.Released = 0
	}
	rest := d.Rest - d.Shipped - d.Released
	if !d.OnTerms { // it is paid before it leaves; but what was paid for it pays nothing else
		d.Receivable, rest, d.Released = max(d.Receivable, 0), 0, 0
	}
	x := OrderExposure{Order: d.Order, Number: d.Number, Held: d.Held}
	for _, part := range []struct {
		minor int64
		into  *int64
		sum   *int64
	}{
		{d.Receivable, &x.Receivable, &e.Receivable}, {d.Shipped, &x.Shipped, &e.Shipped}, {d.Released, &x.Released, &e.Released},
		{rest, pick(d.Held, &x.Waiting, &x.Accepted), pick(d.Held, &e.Held, &e.Accepted)},
	} {
		n, err := l.convert(ctx, r, part.minor, d.Currency, e.Currency)
		if err != nil {
			return err
		}
		*part.into, *part.sum = n, *part.sum+n
	}
	e.Orders = append(e.Orders, x)
	return nil
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

func (l *lender) convert(ctx context.Context, r db.Reader, minor int64, from, to money.Currency) (int64, error) {
	if minor == 0 || from == to {
		return minor, nil
	}
	key := [2]money.Currency{from, to}
	x, known := l.rates[key]
	if !known {
		var err error
		if x, _, err = accounting.ExchangeOn(ctx, r, l.books.BaseCurrency, from, to, l.day); err != nil {
			return 0, err
		}
		l.rates[key] = x
	}
	return x.Convert(minor)
}

// asks is which exposure must stay within the limit.
type asks bool

const (
	atOrder   asks = false // all that was accepted
	atRelease asks = true  // what leaves, has left and is owed
)

// withinCredit tells which of taken or new orders on terms their companies' limits
// have no room for, in the order in which they are given; those before them use it
// up. What an order is over by is told with it. Companies are held until the
// transaction ends, behind all that flows lock but numbers: two orders at once do
// not both get what is left for one.
func withinCredit(ctx context.Context, tx *db.Tx, orders []*order.Order, when asks) (over map[id.Order]string, err error) {
	var lent []*order.Order
	var companies []id.Company
	for _, o := range orders {
		if o.OnTerms() && !o.Company.IsZero() {
			lent, companies = append(lent, o), append(companies, o.Company)
		}
	}
	if len(lent) == 0 {
		return nil, nil
	}
	limits, err := customer.TakeLimits(ctx, tx, companies)
	if err != nil || len(limits) == 0 {
		return nil, err
	}
	l, err := openLender(ctx, tx, tx.Now(), limits)
	if err != nil {
		return nil, err
	}
	if err := l.learn(ctx, tx); err != nil {
		return nil, err
	}
	approved, err := order.CreditApprovals(ctx, tx, ids(lent), tx.Now())
	if err != nil {
		return nil, err
	}
	over = map[id.Order]string{}
	used := l.without(lent, when)
	for _, o := range lent {
		e := l.exposures[o.Company]
		if e == nil {
			continue
		}
		more, err := l.more(ctx, tx, e, o, when)
		if err != nil {
			return nil, err
		}
		if sum := used[o.Company] + more; sum > e.Limit && more > 0 && !approved[o.ID] {
			over[o.ID] = fmt.Sprintf("%s over the credit limit of %s of %s.", money.Of(sum-e.Limit, e.Currency), money.Of(e.Limit, e.Currency), e.Name)
			continue
		}
		used[o.Company] += more
	}
	return over, nil
}

// without is what companies owe before some orders are let through.
func (l *lender) without(orders []*order.Order, when asks) map[id.Company]int64 {
	used := map[id.Company]int64{}
	for c, e := range l.exposures {
		used[c] = e.Working()
		if when == atOrder {
			used[c] = e.Total()
		}
	}
	if when == atRelease {
		return used
	}
	for _, o := range orders {
		if e := l.exposures[o.Company]; e != nil {
			x, _ := e.of(o.ID)
			used[o.Company] -= x.Accepted + x.Released
		}
	}
	return used
}

// of is the part of an order; false if the company's debts have none of it: it
// owes nothing, or is not stored yet.
func (e *Exposure) of(o id.Order) (OrderExposure, bool) {
	i := slices.IndexFunc(e.Orders, func(x OrderExposure) bool { return x.Order == o })
	if i < 0 {
		return OrderExposure{}, false
	}
	return e.Orders[i], true
}

// more is what an order that is let through adds. At order that is also what was
// released of it, which may have become more.
func (l *lender) more(ctx context.Context, r db.Reader, e *Exposure, o *order.Order, when asks) (int64, error) {
	if x, stored := e.of(o.ID); stored && when == atOrder {
		return x.Accepted + x.Waiting + x.Released, nil
	} else if stored {
		return x.Accepted + x.Waiting, nil
	}
	return l.convert(ctx, r, o.Balance(), o.Currency, e.Currency)
}

// holdOver holds those of orders that their companies' credit limits have no room
// for, and returns them.
func holdOver(ctx context.Context, tx *db.Tx, orders []*order.Order, when asks) ([]*order.Order, error) {
	over, err := withinCredit(ctx, tx, orders, when)
	if err != nil || len(over) == 0 {
		return nil, err
	}
	var held []*order.Order
	for _, o := range orders {
		why, found := over[o.ID]
		if !found {
			continue
		}
		if _, err := o.Hold(order.Hold{Reason: order.HoldCredit, Source: order.CreditSource, Note: why}); err != nil {
			return nil, err
		}
		held = append(held, o)
	}
	return held, nil
}

// accepted are those of orders that were just placed on terms and have goods to
// be sent.
func accepted(orders []*order.Order) []*order.Order {
	return slices.DeleteFunc(slices.Clone(orders), func(o *order.Order) bool {
		return o.Status != order.StatusPending && o.Status != order.StatusOpen || !o.OnTerms() || hasRemainder(o)
	})
}

// ReviewCredit looks again at the orders of a company that wait for credit, the
// most urgent first, and lets those go on that there is room for now. It returns
// how many these are.
func ReviewCredit(ctx context.Context, tx *db.Tx, company id.Company) (int, error) {
	waiting, err := order.AwaitingCredit(ctx, tx, []id.Company{company})
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	taken, err := order.Take(ctx, tx, waiting...)
	if err != nil {
		return 0, err
	}
	slices.SortFunc(taken, func(a, b *order.Order) int { return slices.Index(waiting, a.ID) - slices.Index(waiting, b.ID) })
	over, err := withinCredit(ctx, tx, taken, atOrder)
	if err != nil {
		return 0, err
	}
	var free []*order.Order
	for _, o := range taken {
		if _, still := over[o.ID]; still {
			continue
		}
		o.ReleaseHolds(func(h *order.Hold) bool { return h.Reason == order.HoldCredit && h.Source == order.CreditSource })
		free = append(free, o)
	}
	return len(free), finish(ctx, tx, free)
}

// ReviewAllCredit asks for a look at every company of which an order waits for
// credit: rates and approvals change without anybody saying so.
func ReviewAllCredit(ctx context.Context, tx *db.Tx) error {
	companies, err := order.CompaniesAwaitingCredit(ctx, tx)
	if err != nil {
		return err
	}
	return reviewLater(ctx, tx, companies)
}

func reviewLater(ctx context.Context, tx *db.Tx, companies []id.Company) error {
	jobs := make([]job.Args, len(companies))
	for i, c := range companies {
		jobs[i] = customer.ReviewCredit{Company: c}
	}
	return job.Enqueue(ctx, tx, jobs...)
}

// lessOwed lets orders be looked at again that wait for credit of the companies of
// others that owe less now.
func lessOwed(ctx context.Context, tx *db.Tx, orders []*order.Order) error {
	var companies []id.Company
	for _, o := range orders {
		if !o.Company.IsZero() {
			companies = append(companies, o.Company)
		}
	}
	return reviewAwaiting(ctx, tx, companies)
}

func reviewAwaiting(ctx context.Context, tx *db.Tx, companies []id.Company) error {
	if len(companies) == 0 {
		return nil
	}
	waiting, err := order.AwaitingCredit(ctx, tx, unique(companies))
	if err != nil || len(waiting) == 0 {
		return err
	}
	return reviewLater(ctx, tx, unique(companies))
}

// ApproveCredit lets an order be sent over the credit limit of its company.
func ApproveCredit(ctx context.Context, tx *db.Tx, oid id.Order, version int64, until time.Time, note string) (*order.Order, error) {
	return ChangeOrder(ctx, tx, oid, version, func(o *order.Order) error {
		a, err := order.ApproveCredit(ctx, tx, o, until, note)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, "approve_credit", "order", o.ID.String(), nil, a)
	})
}

// ExposureOf tells what a company owes and will owe, and by which orders.
func ExposureOf(ctx context.Context, r db.Reader, now time.Time, company id.Company) (*Exposure, error) {
	all, err := Exposures(ctx, r, now, []id.Company{company})
	if err != nil {
		return nil, err
	}
	if all[company] == nil {
		return nil, fault.New(fault.NotFound, "customer.no_company", "There is no company %s.", company)
	}
	return all[company], nil
}
