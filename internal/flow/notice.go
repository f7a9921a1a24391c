package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// ShipNotice is what a partner says that he has sent of a fulfillment order.
type ShipNotice struct {
	Fulfillment id.Fulfillment
	Reference   string // the partner's own: the same one again gets the first answer
	Items       []NoticeItem
	MoreFollows bool // what is missing is still to come
	Carriage    fulfillment.Carriage
}

// NoticeItem is units of an article; Variant is zero where nobody knows it.
type NoticeItem struct {
	Variant  id.Variant
	SKU      string
	Quantity int64
}

// TakeNotice books what a partner has sent. What he says is the truth, whatever he
// was asked for: what was asked for is a shipment; what was not, and left all the
// same, is written off his stock; what is missing and does not follow is routed
// anew without him. Each difference is kept until somebody has seen to it.
func TakeNotice(ctx context.Context, tx *db.Tx, n ShipNotice) (*fulfillment.Notice, error) {
	if n.Reference = text.Clean(n.Reference); n.Reference == "" || len(n.Reference) > 200 {
		return nil, fault.New(fault.Invalid, "notice.no_reference", "Give the partner's own reference of the notice, so that it is taken once.")
	}
	seen, err := fulfillmentOf(ctx, tx, n.Fulfillment)
	if err != nil {
		return nil, err
	}
	variants := openVariants([]*fulfillment.Order{seen})
	for _, i := range n.Items {
		if !i.Variant.IsZero() {
			variants = append(variants, i.Variant)
		}
	}
	q, err := takeWaiting(ctx, tx, unique(variants), seen.Order)
	if err != nil {
		return nil, err
	}
	if err := q.lock(ctx, tx, append(variants, openVariants(q.fulfillments)...)); err != nil {
		return nil, err
	}
	known, ok, err := fulfillment.NoticeOf(ctx, tx, seen.Location, n.Reference)
	switch {
	case err != nil:
		return nil, err
	case ok && known.Fulfillment != n.Fulfillment:
		return nil, fault.New(fault.Conflict, "notice.of_another", "The notice %s was taken for another fulfillment order: %s.", n.Reference, known.Fulfillment)
	case ok:
		return &known, nil
	}
	d, err := openDock(ctx, tx, []id.Fulfillment{n.Fulfillment})
	if err != nil {
		return nil, err
	}
	f := d.fulfillments[n.Fulfillment]
	if err := f.Noticeable(); err != nil {
		return nil, err
	}
	return d.notice(ctx, tx, f, n)
}

func (d *dock) notice(ctx context.Context, tx *db.Tx, f *fulfillment.Order, n ShipNotice) (*fulfillment.Notice, error) {
	taken := &fulfillment.Notice{
		Fulfillment: f.ID, Order: f.Order, Location: f.Location, Reference: n.Reference, MoreFollows: n.MoreFollows,
	}
	what, err := match(d.orders[f.Order], f, n, taken)
	if err != nil {
		return nil, err
	}
	if len(what) > 0 {
		s, err := d.leave(f, func() (*fulfillment.Shipment, error) { return f.Ship(what, n.Carriage, tx.Now()) })
		if err != nil {
			return nil, err
		}
		if err := d.send(ctx, tx, []*fulfillment.Shipment{s}); err != nil {
			return nil, err
		}
		taken.Shipment = s.ID
	}
	if err := writeOffUnasked(ctx, tx, taken); err != nil {
		return nil, err
	}
	if !n.MoreFollows && f.Open() > 0 {
		if _, err := Reject(ctx, tx, Rejection{Fulfillment: f.ID, Reason: "short_shipped"}); err != nil {
			return nil, err
		}
	}
	return taken, fulfillment.RecordNotice(ctx, tx, f, taken)
}

// match finds what of a notice was asked for, and notes the differences.
func match(o *order.Order, f *fulfillment.Order, n ShipNotice, taken *fulfillment.Notice) (fulfillment.Quantities, error) {
	what := fulfillment.Quantities{}
	for _, item := range sumItems(n.Items) {
		if item.Quantity < 1 {
			return nil, fault.New(fault.Invalid, "notice.bad_quantity", "%d is not a quantity of %s: it must be 1 or more.", item.Quantity, item.SKU)
		}
		taken.Units += item.Quantity
		x := fulfillment.Discrepancy{Variant: item.Variant, SKU: item.SKU, Shipped: item.Quantity}
		left := item.Quantity
		for _, l := range f.Lines {
			room := l.Free() - what[l.Line]
			if item.Variant.IsZero() || l.Variant != item.Variant {
				continue
			}
			if x.Line.IsZero() {
				x.Line = l.Line
			}
			x.Asked += room
			if got := min(left, room); got > 0 {
				what[l.Line] += got
				left -= got
			}
		}
		if left > 0 {
			taken.Discrepancies = append(taken.Discrepancies, x)
		}
	}
	if n.MoreFollows {
		return what, nil
	}
	for _, l := range f.Lines {
		if free := l.Free(); what[l.Line] < free {
			taken.Discrepancies = append(taken.Discrepancies, fulfillment.Discrepancy{
				Line: l.Line, Variant: l.Variant, SKU: o.Line(l.Line).SKU, Asked: free, Shipped: what[l.Line],
			})
		}
	}
	return what, nil
}

// sumItems adds what a notice says of one article in several places.
func sumItems(items []NoticeItem) []NoticeItem {
	var sums []NoticeItem
	for _, item := range items {
		i := slices.IndexFunc(sums, func(s NoticeItem) bool {
			return s.Variant == item.Variant && (!s.Variant.IsZero() || s.SKU == item.SKU)
		})
		if i < 0 {
			sums = append(sums, item)
		} else {
			sums[i].Quantity += item.Quantity
		}
	}
	return sums
}

// writeOffUnasked books away what left without having been asked for, as far as the
// books have it.
func writeOffUnasked(ctx context.Context, tx *db.Tx, n *fulfillment.Notice) error {
	var postings []inventory.Posting
	for i := range n.Discrepancies {
		x := &n.Discrepancies[i]
		if x.Variant.IsZero() || x.Shipped <= x.Asked {
			continue
		}
		levels, err := inventory.Levels(ctx, tx, []id.Variant{x.Variant})
		if err != nil {
			return err
		}
		for _, l := range levels {
			if l.Location == n.Location {
				x.Booked = min(x.Shipped-x.Asked, max(0, l.OnHand-l.Damaged-l.QualityControl-l.Safety))
			}
		}
		if x.Booked > 0 {
			postings = append(postings, inventory.Posting{
				Variant: x.Variant, Location: n.Location, Quantity: -x.Booked, Reason: "shipped_unasked",
				Note: "notice " + n.Reference, Cause: inventory.Cause{Kind: "fulfillment", ID: id.Any(n.Fulfillment)},
			})
		}
	}
	if len(postings) == 0 {
		return nil
	}
	_, err := AdjustStock(ctx, tx, postings)
	return err
}
