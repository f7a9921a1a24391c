package flow

import (
	"context"
	"fmt"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
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
		if placed[i].Err == nil && slices.ContainsFunc(placed[i].Order.Lines, (*order.Line).Unmapped) {
			placed[i] = Placed{Err: fault.New(fault.NotFound, "import.unknown_article",
				"The order names articles that there are not: import the products first, or map the channel's articles.")}
		}
	}
	if err := onShelf(ctx, tx, pasts, placed, policy); err != nil {
		return nil, err
	}
	h := &history{closing: newClosing(d.books)}
	kept, err := h.closeAll(tx, pasts, placed, func(o *order.Order, p *Past) error { return h.close(tx, o, p) })
	if err != nil {
		return nil, err
	}
	payments, err := h.insert(ctx, tx, pasts, placed, kept)
	if err != nil {
		return nil, err
	}
	if err := fulfillment.Create(ctx, tx, h.work); err != nil {
		return nil, err
	}
	if err := fulfillment.InsertShipments(ctx, tx, h.shipments); err != nil {
		return nil, err
	}
	if policy != StockSkip {
		if err := h.unload(ctx, tx); err != nil {
			return nil, err
		}
	}
	return placed, h.account(ctx, tx, payments)
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
		if p := &placed[all.need[from].past]; p.Order != nil {
			if why := shelf.takeAll(all.need[from:to]); why != nil {
				*p = Placed{Err: why}
			}
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
			f := fault.New(fault.Shortage, "import.no_stock", "Goods of the order that have left are not in stock.").
				With(inventory.Shortage{Key: n.Key, Asked: n.units, Available: got})
			f.Fields = map[string]string{field("lines", n.line, "quantity"): fmt.Sprintf("of %d %s there are %d", n.units, n.sku, got)}
			return f
		}
	}
	return nil
}

// history is finished orders that are booked in one transaction.
type history struct {
	*closing
	work []*fulfillment.Order
}

// close ships and invoices what has left of an order, from the place it left.
func (h *history) close(tx *db.Tx, o *order.Order, p *Past) error {
	at := p.ShippedAt
	if at.IsZero() {
		at = o.PlacedAt
	}
	left := leaving(o, p)
	f := fulfillment.New(at, o.ID, p.Location)
	for _, l := range o.Lines {
		n := left[l.ID]
		if n == 0 {
			continue
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
	}
	if len(f.Lines) == 0 {
		return nil
	}
	if err := f.Release(at); err != nil {
		return err
	}
	s, err := f.Ship(f.Free(), fulfillment.Carriage{}, at)
	if err != nil {
		return err
	}
	h.work = append(h.work, f)
	return h.bill(tx, o, s)
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
