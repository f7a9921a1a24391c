package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// Picture is what a change of an order changes: what it costs, what is reserved
// for it, and where it ships from.
type Picture struct {
	Order    order.Header
	Tax      int64 // in what is due; cancelled parts are not
	Lines    []LinePicture
	Work     []*fulfillment.Order // that is not done
	Decision *routing.Entry       // the newest
}

// LinePicture is a line as the customer sees it. A kit counts complete kits.
type LinePicture struct {
	Line        id.Line
	SKU, Title  string
	Quantity    int64 // without what was cancelled
	Reserved    int64
	Backordered int64
	Shipped     int64
	Total       int64 // of the quantity
}

func pictureOf(ctx context.Context, r db.Reader, oid id.Order) (Picture, error) {
	o, err := order.Get(ctx, r, oid)
	if err != nil {
		return Picture{}, err
	}
	p := Picture{Order: o.Header, Tax: o.TaxTotal}
	for _, l := range o.Lines {
		if l.Kind == order.KindComponent {
			continue
		}
		p.Tax -= l.CancelledTax
		c := o.Kit(l)
		p.Lines = append(p.Lines, LinePicture{
			Line: l.ID, SKU: l.SKU, Title: l.Title, Quantity: l.Quantity - c.Cancelled, Reserved: c.Allocated, Backordered: c.Backordered,
			Shipped: c.Shipped, Total: l.Total - l.CancelledTotal,
		})
	}
	for _, c := range o.Charges {
		if c.Cancelled {
			p.Tax -= c.Tax
		}
	}
	work, err := fulfillment.ByOrder(ctx, r, []id.Order{oid})
	if err != nil {
		return p, err
	}
	for _, f := range work[oid] {
		if !f.Status.Done() {
			p.Work = append(p.Work, f)
		}
	}
	decisions, err := routing.Of(ctx, r, oid)
	if len(decisions) > 0 {
		p.Decision = &decisions[0]
	}
	return p, err
}
