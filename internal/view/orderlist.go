package view

import (
	"context"
	"strconv"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// ListedOrder is an order in a list, with what its ids stand for.
type ListedOrder struct {
	order.Header
	ChannelName string
	Buyer       string // the company, else the customer, else who receives
	Units       int64  // of goods that were ordered and not cancelled, kits counted by their components
}

// FindOrders lists orders that a filter selects, newest first, and the cursor of
// the next page. words look for what somebody says or scans: one of the numbers
// or the e-mail address of an order, a SKU or barcode in it, a parcel's tracking
// number, or the customer's name or telephone number; the first of these that
// finds any counts. The number of queries does not depend on what is found.
func FindOrders(ctx context.Context, r db.Reader, f order.Filter, words string, page order.Page) ([]ListedOrder, string, error) {
	if words == "" {
		return orderRows(ctx, r, f, page)
	}
	for _, narrow := range []func(context.Context, db.Reader, order.Filter, string) (order.Filter, bool, error){byWords, byArticle, byParcel, byBuyer} {
		narrowed, ok, err := narrow(ctx, r, f, words)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			continue
		}
		rows, next, err := orderRows(ctx, r, narrowed, page)
		if err != nil || len(rows) > 0 {
			return rows, next, err
		}
	}
	return nil, "", nil
}

func byWords(_ context.Context, _ db.Reader, f order.Filter, words string) (order.Filter, bool, error) {
	f.Text = words
	return f, true, nil
}

func byArticle(ctx context.Context, r db.Reader, f order.Filter, words string) (order.Filter, bool, error) {
	v, _, err := catalog.Find(ctx, r, words)
	if fault.KindOf(err) == fault.NotFound {
		return f, false, nil
	}
	f.Variant = v.ID
	return f, err == nil, err
}

func byParcel(ctx context.Context, r db.Reader, f order.Filter, words string) (order.Filter, bool, error) {
	shipments, _, err := fulfillment.ListShipments(ctx, r, fulfillment.ShipmentFilter{TrackingNumber: words, Limit: 1})
	if err != nil || len(shipments) == 0 {
		return f, false, err
	}
	number, err := db.Get[int64](ctx, r, `SELECT number FROM sales_order WHERE id = ?`, shipments[0].Order)
	f.Text = strconv.FormatInt(number, 10)
	return f, err == nil, err
}

// mostBuyers bounds how many customers a name may mean.
const mostBuyers = 100

func byBuyer(ctx context.Context, r db.Reader, f order.Filter, words string) (order.Filter, bool, error) {
	buyers, _, err := customer.List(ctx, r, customer.Filter{Text: words}, customer.Page{Limit: mostBuyers})
	for _, c := range buyers {
		f.Customers = append(f.Customers, c.ID)
	}
	return f, len(buyers) > 0, err
}

// orderRows names the ids of a page of orders.
func orderRows(ctx context.Context, r db.Reader, f order.Filter, page order.Page) ([]ListedOrder, string, error) {
	headers, next, err := order.List(ctx, r, f, page)
	if err != nil || len(headers) == 0 {
		return nil, next, err
	}
	ids := make([]id.Order, len(headers))
	for i, h := range headers {
		ids[i] = h.ID
	}
	type names struct {
		ID      id.Order `db:"id"`
		Channel string   `db:"channel_name"`
		Buyer   string   `db:"buyer"`
		Units   int64    `db:"units"`
	}
	named, err := db.SelectIn[names](ctx, r, `
		SELECT o.id, c.name AS channel_name, COALESCE(b.name, p.name, '') AS buyer,
			(SELECT COALESCE(SUM(l.quantity - l.cancelled), 0) FROM order_line l WHERE l.order_id = o.id AND l.kind IN ('item', 'component')) AS units
		FROM sales_order o JOIN channel c ON c.id = o.channel_id
		LEFT JOIN customer p ON p.id = o.customer_id LEFT JOIN company b ON b.id = o.company_id
		WHERE o.id IN (/*in*/)`, ids)
	if err != nil {
		return nil, "", err
	}
	of := make(map[id.Order]names, len(named))
	for _, n := range named {
		of[n.ID] = n
	}
	rows := make([]ListedOrder, len(headers))
	for i, h := range headers {
		n := of[h.ID]
		rows[i] = ListedOrder{h, n.Channel, n.Buyer, n.Units}
		if n.Buyer == "" {
			rows[i].Buyer = h.ShipTo.V.Name
		}
	}
	return rows, next, nil
}
