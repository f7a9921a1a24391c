package view

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/returns"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Order is one order with everything that belongs to it: what a person who is
// asked about it needs to see. Why a part of it is not released yet is told by
// flow.Gates.
type Order struct {
	*order.Order
	OrderNames
	Kits         []Kit                 `json:"kits" doc:"Complete kits of each line of kind kit."`
	Fulfillments []*fulfillment.Order  `json:"fulfillments" doc:"What locations are asked to do, oldest first."`
	Shipments    []Shipment            `json:"shipments" doc:"Oldest first."`
	Payments     []*payment.Payment    `json:"payments"`
	Invoices     []*accounting.Invoice `json:"invoices" doc:"Credit notes among them."`
	Returns      []*returns.Return     `json:"returns"`
	Notes        []order.Note          `json:"notes" doc:"Of the company's own people, oldest first."`
	Decisions    []routing.Entry       `json:"decisions" doc:"Where it ships from and why, newest first: the first is the one that stands."`
	Locations    []Place               `json:"locations" doc:"Names of the locations that stand above."`
	Timeline     []event.Event         `json:"timeline" doc:"The newest events of the order, oldest first."`
}

// OrderNames are what the ids of an order stand for.
type OrderNames struct {
	ChannelCode  string `db:"channel_code" json:"channel_code"`
	ChannelName  string `db:"channel_name" json:"channel_name"`
	CustomerName string `db:"customer_name" json:"customer_name,omitempty"`
	CompanyName  string `db:"company_name" json:"company_name,omitempty"`
	AssigneeName string `db:"assignee_name" json:"assignee_name,omitempty"`
}

// Kit counts the complete kits of an order line.
type Kit struct {
	LineID id.Line `json:"line_id"`
	order.Counts
}

// Shipment is a shipment with what its carrier said.
type Shipment struct {
	*fulfillment.Shipment
	Events []fulfillment.TrackingEvent `json:"tracking_events" doc:"In the order in which they happened."`
}

// Place names a location.
type Place struct {
	ID   id.Location `db:"id" json:"id"`
	Code string      `db:"code" json:"code"`
	Name string      `db:"name" json:"name"`
}

// timelineLength is how many events an order is shown with.
const timelineLength = 250

// GetOrder reads an order with everything that belongs to it, in a constant
// number of queries. Give it a snapshot, so that all of it is of one instant.
// Errors: NotFound order.not_found.
func GetOrder(ctx context.Context, r db.Reader, of id.Order) (Order, error) {
	o, err := order.Get(ctx, r, of)
	if err != nil {
		return Order{}, err
	}
	v := Order{Order: o, Kits: []Kit{}}
	for _, l := range o.Lines {
		if l.Kind == order.KindKit {
			v.Kits = append(v.Kits, Kit{l.ID, o.Kit(l)})
		}
	}
	for _, read := range []func(context.Context, db.Reader) error{v.readNames, v.readWork, v.readMoney, v.readWords} {
		if err := read(ctx, r); err != nil {
			return Order{}, err
		}
	}
	return v, nil
}

func (v *Order) readNames(ctx context.Context, r db.Reader) (err error) {
	v.OrderNames, err = db.Get[OrderNames](ctx, r, `
		SELECT c.code AS channel_code, c.name AS channel_name, COALESCE(p.name, '') AS customer_name,
			COALESCE(b.name, '') AS company_name, COALESCE(u.name, '') AS assignee_name
		FROM sales_order o
		JOIN channel c ON c.id = o.channel_id
		LEFT JOIN customer p ON p.id = o.customer_id
		LEFT JOIN company b ON b.id = o.company_id
		LEFT JOIN app_user u ON u.id = o.assigned_to
		WHERE o.id = ?`, v.ID)
	if err != nil {
		return err
	}
	v.Locations, err = db.Select[Place](ctx, r, `
		SELECT id, code, name FROM location WHERE id IN (
			SELECT location_id FROM fulfillment_order WHERE order_id = ?
			UNION SELECT location_id FROM sales_return WHERE order_id = ?
			UNION SELECT location_id FROM reservation WHERE status = 'active' AND demand_id IN (SELECT id FROM order_line WHERE order_id = ?))
		ORDER BY code`, v.ID, v.ID, v.ID)
	return err
}

// readWork reads what is done to send the goods, and what came back of them.
func (v *Order) readWork(ctx context.Context, r db.Reader) error {
	fulfillments, err := fulfillment.ByOrder(ctx, r, []id.Order{v.ID})
	if err != nil {
		return err
	}
	v.Fulfillments = fulfillments[v.ID]
	shipments, err := fulfillment.ShipmentsByOrder(ctx, r, []id.Order{v.ID})
	if err != nil {
		return err
	}
	events, err := db.Select[fulfillment.TrackingEvent](ctx, r, `
		SELECT `+columnsOf[fulfillment.TrackingEvent]("t")+` FROM shipment s JOIN tracking_event t ON t.shipment_id = s.id
		WHERE s.order_id = ? ORDER BY t.at, t.id`, v.ID)
	if err != nil {
		return err
	}
	said := map[id.Shipment][]fulfillment.TrackingEvent{}
	for _, e := range events {
		said[e.Shipment] = append(said[e.Shipment], e)
	}
	for _, s := range shipments[v.ID] {
		v.Shipments = append(v.Shipments, Shipment{s, said[s.ID]})
	}
	back, err := returns.ByOrder(ctx, r, []id.Order{v.ID})
	v.Returns = back[v.ID]
	return err
}

func (v *Order) readMoney(ctx context.Context, r db.Reader) error {
	payments, err := payment.ByOrder(ctx, r, []id.Order{v.ID})
	if err != nil {
		return err
	}
	v.Payments = payments[v.ID]
	invoices, err := accounting.InvoicesOf(ctx, r, []id.Order{v.ID})
	v.Invoices = invoices[v.ID]
	return err
}

// readWords reads what was said and decided.
func (v *Order) readWords(ctx context.Context, r db.Reader) (err error) {
	if v.Notes, err = order.Notes(ctx, r, v.ID); err != nil {
		return err
	}
	if v.Decisions, err = routing.Of(ctx, r, v.ID); err != nil {
		return err
	}
	v.Timeline, err = event.Of(ctx, r, v.ID, timelineLength)
	return err
}
