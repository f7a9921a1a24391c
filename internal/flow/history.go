package flow

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// StockPolicy says what booking history does to the stock.
type StockPolicy string

// The policies.
const (
	StockSkip   StockPolicy = "skip"   // nothing: the stock was counted since
	StockUpdate StockPolicy = "update" // goods are taken from it; an order whose goods are not there is refused
	StockForce  StockPolicy = "force"  // goods are taken from it; what is missing is received first
)

// BookHistory books orders that are finished: what has left, is shipped and
// invoiced, what was paid is received, and nothing is routed or reserved. An
// order that cannot be booked costs its neighbors nothing; its Placed has the
// fault.
func BookHistory(ctx context.Context, tx *db.Tx, pasts []Past, policy StockPolicy) ([]Placed, error) {
	d, err := openDesk(ctx, tx, placementsOf(pasts))
	if err != nil {
		return nil, err
	}
	placed := make([]Placed, len(pasts))
	for i := range pasts {
		placed[i].Order, placed[i].Err = d.build(&pasts[i].Placement)
	}
	if err := onShelf(ctx, tx, pasts, placed, policy); err != nil {
		return nil, err
	}
	h := &history{dock: dock{books: d.books, orders: map[id.Order]*order.Order{}}}
	var kept []*order.Order
	for i := range placed {
		p := &placed[i]
		if p.Order == nil {
			continue
		}
		if p.Err = h.close(tx, p.Order, &pasts[i]); p.Err != nil {
			if _, ok := fault.As(p.Err); !ok {
				return nil, p.Err
			}
			p.Order = nil
			continue
		}
		h.orders[p.Order.ID] = p.Order
		kept = append(kept, p.Order)
	}
	payments, err := h.books.received(ctx, tx, pasts, placed)
	if err != nil {
		return nil, err
	}
	for _, p := range payments {
		o := h.orders[p.Order]
		s := payment.SumOf([]*payment.Payment{p})
		o.SetPayments(order.Payments{Captured: s.Captured})
	}
	if err := order.Insert(ctx, tx, kept); err != nil {
		return nil, err
	}
	return placed, h.write(ctx, tx, payments, policy)
}

// onShelf sees that the goods that have left are there to be taken, by the
// policy, and refuses orders of which they are not.
func onShelf(ctx context.Context, tx *db.Tx, pasts []Past, placed []Placed, policy StockPolicy) error {
	if policy == StockSkip {
		return nil
	}
	all, err := needed(ctx, tx, pasts)
	if err != nil {
		return err
	}
	shelf, err := readShelf(ctx, tx, all.variantsNeeded(), false)
	if err != nil {
		return err
	}
	if policy == StockForce {
		return supply(ctx, tx, pasts, shelf)
	}
	for from := 0; from < len(all.need); {
		to := from
		for to < len(all.need) && all.need[to].past == all.need[from].past {
			to++
		}
		p := &placed[all.need[from].past]
		if why := shelf.takeAll(all.need[from:to]); why != nil && p.Order != nil {
			*p = Placed{Err: why}
		}
		from = to
	}
	return nil
}

// takeAll takes all units of an order, or none.
func (s *shelf) takeAll(all []need) error {
	for i, n := range all {
		if got := s.take(n.Key, n.units); got < n.units {
			s.units[s.key(n.Key)] += got
			for _, back := range all[:i] {
				s.units[s.key(back.Key)] += back.units
			}
			return fault.New(fault.Shortage, "import.no_stock", "Of goods of the order that have left, %d are missing in stock.", n.units-got).
				With(inventory.Shortage{Key: n.Key, Asked: n.units, Available: got})
		}
	}
	return nil
}

// history is finished orders that are booked in one transaction.
type history struct {
	dock
	work      []*fulfillment.Order
	shipments []*fulfillment.Shipment
	docs      []*accounting.Invoice
}

// close brings an order to its end in memory: shipped and invoiced.
func (h *history) close(tx *db.Tx, o *order.Order, p *Past) error {
	at := p.ShippedAt
	if at.IsZero() {
		at = o.PlacedAt
	}
	left := leaving(o, p)
	f := fulfillment.New(at, o.ID, p.Location)
	doc := h.books.document(tx, accounting.InvoiceSeries, o)
	for _, l := range o.Lines {
		n := left[l.ID]
		if n == 0 {
			continue
		}
		if l.Variant.IsZero() {
			return fault.New(fault.NotFound, "import.unknown_article", "There is no variant %s: import the products first, or map the channel's article.", l.SKU)
		}
		if err := o.Allocate(l.ID, n); err != nil {
			return err
		}
		if err := o.Ship(l.ID, n); err != nil {
			return err
		}
		if err := f.Add(l.ID, l.Variant, n); err != nil {
			return err
		}
		a, err := o.Invoice(l.ID, n)
		if err != nil {
			return err
		}
		doc.Lines = append(doc.Lines, itemLine(o, l, 0, a))
	}
	if len(f.Lines) > 0 {
		if err := f.Release(at); err != nil {
			return err
		}
		s, err := f.Ship(f.Free(), fulfillment.Carriage{}, at)
		if err != nil {
			return err
		}
		doc.Shipment = s.ID
		h.work, h.shipments = append(h.work, f), append(h.shipments, s)
	}
	if len(f.Lines) > 0 || billedAlone(o, p) {
		if err := billRest(o, doc); err != nil {
			return err
		}
	}
	if len(doc.Lines) > 0 {
		doc.Paid = min(p.Paid, sumOf(doc))
		h.docs = append(h.docs, doc)
	}
	return nil
}

// write stores what belongs to orders that are stored already.
func (h *history) write(ctx context.Context, tx *db.Tx, payments []*payment.Payment, policy StockPolicy) error {
	if err := fulfillment.Create(ctx, tx, h.work); err != nil {
		return err
	}
	if err := fulfillment.InsertShipments(ctx, tx, h.shipments); err != nil {
		return err
	}
	if policy != StockSkip {
		if err := h.unload(ctx, tx); err != nil {
			return err
		}
	}
	changes, err := payment.Create(ctx, tx, payments)
	if err != nil {
		return err
	}
	for _, o := range h.orders { // the books go from what was owed before
		o.Invoiced, o.Captured = 0, 0
	}
	sums, err := h.books.issue(ctx, tx, h.orders, h.docs)
	for oid, n := range sums {
		h.orders[oid].Invoiced = n
	}
	if err != nil {
		return err
	}
	return h.books.bookMoney(ctx, tx, h.orders, changes)
}

// unload takes what has left from the stock, without reservations.
func (h *history) unload(ctx context.Context, tx *db.Tx) error {
	var postings []inventory.Posting
	for _, s := range h.shipments {
		for _, l := range s.Lines {
			postings = append(postings, inventory.Posting{
				Variant: l.Variant, Location: s.Location, Kind: inventory.KindShip, Quantity: -l.Quantity, Order: s.Order,
				Cause: inventory.Cause{Kind: "shipment", ID: id.Any(s.ID)},
			})
		}
	}
	rows, err := inventory.Post(ctx, tx, h.books.stock(), postings)
	if err != nil {
		return err
	}
	return h.costOfSales(ctx, tx, h.shipments, rows)
}
