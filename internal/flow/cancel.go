package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// Cancellation says what to cancel of an order, and why.
type Cancellation struct {
	Order   id.Order
	Version int64             // the version that the caller saw; 0: any
	Lines   map[id.Line]int64 // units of lines; empty: all that was not shipped
	Of      id.Fulfillment    // only what this one is working on; zero: of all, what nobody works on first
	Reason  order.CancelReason
	Note    string

	Work        id.Fulfillment // given: what is open of this fulfillment order is cancelled, and no lines are named
	WorkVersion int64          // the version of it that the caller saw; 0: any

	Spoiled    bool       // what was picked of it is not fit to be sold: it becomes damaged stock
	Settlement Settlement // what becomes of money that was paid too much
	Refund     int64      // how much of it is given back; 0: all
	Notify     bool       // the customer is to be told, by whoever listens to the event

	unlessPaid bool // left alone if it is paid or being paid, or got more time
}

// Cancel takes lines, or all that was not shipped, off orders: their stock is
// free again, their work is withdrawn, what was authorized and is no longer
// needed is voided. Of units that were invoiced already, a credit note is issued.
func Cancel(ctx context.Context, tx *db.Tx, what []Cancellation) ([]*order.Order, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	q, orders, err := takeCancelled(ctx, tx, what)
	if err != nil {
		return nil, err
	}
	if what, err = stillUnpaid(ctx, tx, what, orders); err != nil || len(what) == 0 {
		return nil, err
	}
	all := map[id.Order][]order.Cancelled{}
	var freed []id.Variant
	log := newCancelLog(orders)
	for _, c := range what {
		o := orders[c.Order]
		q.of[o.ID] = c.Of
		if err := o.CheckVersion(c.Version); err != nil {
			return nil, err
		}
		if !c.Work.IsZero() {
			lines, variants, err := q.emptyWork(ctx, tx, c)
			if err != nil {
				return nil, err
			}
			c.Lines, freed = lines, append(freed, variants...)
		}
		cancelled, err := cancelLines(o, c)
		if err != nil {
			return nil, err
		}
		all[o.ID] = append(all[o.ID], cancelled...)
		o.Notify(c.Notify)
		q.spoils[o.ID] = q.spoils[o.ID] || c.Spoiled
	}
	releases, err := q.withdraw(ctx, tx, all)
	if err != nil {
		return nil, err
	}
	if err := inventory.Release(ctx, tx, releases); err != nil {
		return nil, err
	}
	if err := q.spoil(ctx, tx, b); err != nil {
		return nil, err
	}
	list := sorted(orders)
	for _, o := range list {
		o.Refresh(tx.Now())
		q.changed[o.ID] = o
	}
	if err := voidExcess(ctx, tx, b, list); err != nil {
		return nil, err
	}
	if err := creditCancelled(ctx, tx, b, orders, all); err != nil {
		return nil, err
	}
	for _, r := range releases {
		if r.Kind == inventory.Stock {
			freed = append(freed, r.Variant)
		}
	}
	if err := q.fill(ctx, tx, freed); err != nil {
		return nil, err
	}
	if err := log.write(ctx, tx, what, all); err != nil {
		return nil, err
	}
	if err := lessOwed(ctx, tx, list); err != nil {
		return nil, err
	}
	return settleCancelled(ctx, tx, what, list)
}

// takeCancelled takes the orders that are cancelled together with those that wait
// for what they hold, all at once, so that no two cancellations wait for each
// other.
func takeCancelled(ctx context.Context, tx *db.Tx, what []Cancellation) (*queue, map[id.Order]*order.Order, error) {
	own := make([]id.Order, len(what))
	for i, c := range what {
		own[i] = c.Order
	}
	seen, err := fulfillment.ByOrder(ctx, tx, unique(own))
	if err != nil {
		return nil, nil, err
	}
	var held []id.Variant
	for _, work := range seen {
		held = append(held, openVariants(work)...)
	}
	q, err := takeWaiting(ctx, tx, held, own...)
	if err != nil {
		return nil, nil, err
	}
	orders := make(map[id.Order]*order.Order, len(own))
	for _, o := range own {
		orders[o] = q.orders[o]
	}
	// Goods that another transaction gave the orders after the first look are locked
	// here with the rest, in one order, and not later by themselves.
	return q, orders, q.lock(ctx, tx, append(held, openVariants(q.fulfillments)...))
}

// openVariants lists what work still has to send.
func openVariants(work []*fulfillment.Order) []id.Variant {
	var variants []id.Variant
	for _, f := range work {
		for _, l := range f.Lines {
			if l.Open() > 0 {
				variants = append(variants, l.Variant)
			}
		}
	}
	return variants
}

// creditCancelled issues credit notes for units that were invoiced and then
// cancelled.
func creditCancelled(ctx context.Context, tx *db.Tx, b books, orders map[id.Order]*order.Order, cancelled map[id.Order][]order.Cancelled) error {
	var docs []*accounting.Invoice
	for _, o := range sorted(orders) {
		doc := b.document(tx, accounting.CreditSeries, o)
		for _, c := range cancelled[o.ID] {
			if c.Credit.Total == 0 {
				continue
			}
			l := o.Line(c.Line)
			doc.Lines = append(doc.Lines, itemLine(o, l, l.Refunded-c.Credit.Quantity, c.Credit))
		}
		if len(doc.Lines) == 0 {
			continue
		}
		o.Credited -= sumOf(doc) // issue books from what was owed before
		docs = append(docs, doc)
	}
	_, err := b.issue(ctx, tx, orders, docs)
	for _, doc := range docs {
		orders[doc.Order].Credited += sumOf(doc)
	}
	return err
}

func sumOf(doc *accounting.Invoice) (n int64) {
	for _, l := range doc.Lines {
		n += l.Total
	}
	return n
}

func cancelLines(o *order.Order, c Cancellation) ([]order.Cancelled, error) {
	if len(c.Lines) == 0 {
		return o.CancelAll(c.Reason)
	}
	var out []order.Cancelled
	for _, line := range unique(keys(c.Lines)) {
		cancel := o.Cancel
		if !c.Of.IsZero() {
			cancel = o.CancelWork
		}
		cancelled, err := cancel(line, c.Lines[line], c.Reason)
		if err != nil {
			return nil, err
		}
		out = append(out, cancelled...)
	}
	return out, nil
}

// backorders finds where the units of cancelled lines are waited for.
func backorders(ctx context.Context, r db.Reader, all map[id.Order][]order.Cancelled) (map[id.Any][]*inventory.Reservation, error) {
	var lines []id.Any
	for _, cancelled := range all {
		for _, c := range cancelled {
			if c.Backordered > 0 {
				lines = append(lines, id.Any(c.Line))
			}
		}
	}
	found, err := inventory.Reservations(ctx, r, lines)
	waiting := map[id.Any][]*inventory.Reservation{}
	for i := range found {
		if w := &found[i]; w.Kind == inventory.Backorder {
			waiting[w.Demand] = append(waiting[w.Demand], w)
		}
	}
	return waiting, err
}

// withdraw takes cancelled units off the work of locations and returns the
// reservations that are to be released.
func (q *queue) withdraw(ctx context.Context, tx *db.Tx, all map[id.Order][]order.Cancelled) ([]inventory.Claim, error) {
	waiting, err := backorders(ctx, tx, all)
	if err != nil {
		return nil, err
	}
	var releases []inventory.Claim
	for _, oid := range unique(keys(all)) {
		o := q.orders[oid]
		for _, c := range all[oid] {
			released, err := q.withdrawLine(tx, o, c, waiting[id.Any(c.Line)])
			if err != nil {
				return nil, err
			}
			releases = append(releases, released...)
		}
	}
	return releases, nil
}

func (q *queue) withdrawLine(tx *db.Tx, o *order.Order, c order.Cancelled, waiting []*inventory.Reservation) ([]inventory.Claim, error) {
	var releases []inventory.Claim
	release := func(at id.Location, n int64, kind inventory.ClaimKind) {
		releases = append(releases, inventory.Claim{
			Demand: id.Any(c.Line), DemandKind: inventory.ForOrder, Order: id.Any(o.ID),
			Variant: c.Variant, Location: at, Quantity: n, Kind: kind,
		})
	}
	for _, w := range waiting {
		if n := min(c.Backordered, w.Quantity); n > 0 {
			release(w.Location, n, inventory.Backorder)
			c.Backordered -= n
			w.Quantity -= n
		}
	}
	left := c.Allocated
	for _, f := range byProgress(q.fulfillments, o.ID) {
		l := f.Line(c.Line)
		if of := q.of[o.ID]; l == nil || f.Status.Done() || !of.IsZero() && of != f.ID {
			continue
		}
		n := min(left, l.Free())
		if q.recalls {
			n = min(left, l.ToPick())
		}
		if n == 0 {
			continue
		}
		if picked := n - l.ToPick(); picked > 0 && q.spoils[o.ID] {
			q.spoiled = append(q.spoiled, spoiledOf(o, f, c.Variant, picked))
		}
		if err := f.Cancel(c.Line, n, string(o.CancelReason), tx.Now()); err != nil {
			return nil, err
		}
		release(f.Location, n, inventory.Stock)
		left -= n
	}
	if left > 0 && q.recalls {
		return nil, picked(o, c.SKU, left)
	}
	if left > 0 {
		return nil, fault.New(fault.Conflict, "order.packed", "A part of order %d is packed already: void its shipment first.", o.Number)
	}
	return releases, nil
}

// byProgress lists an order's fulfillment orders, those that nobody works on first.
func byProgress(fulfillments []*fulfillment.Order, o id.Order) []*fulfillment.Order {
	var mine []*fulfillment.Order
	for _, f := range fulfillments {
		if f.Order == o {
			mine = append(mine, f)
		}
	}
	rank := map[fulfillment.Status]int{fulfillment.Scheduled: 0, fulfillment.Open: 1, fulfillment.InProgress: 2}
	slices.SortStableFunc(mine, func(a, b *fulfillment.Order) int { return rank[a.Status] - rank[b.Status] })
	return mine
}
