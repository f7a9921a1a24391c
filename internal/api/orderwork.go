package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// LineUnits is a number of units of an order line.
type LineUnits struct {
	LineID   id.Line `json:"line_id"`
	Quantity int64   `json:"quantity" minimum:"1" doc:"Base units."`
}

// unitsOf sums units by line; nil where none are named.
func unitsOf(lines []LineUnits) map[id.Line]int64 {
	if len(lines) == 0 {
		return nil
	}
	units := make(map[id.Line]int64, len(lines))
	for _, l := range lines {
		units[l.LineID] += l.Quantity
	}
	return units
}

func (s *Server) registerOrderSteps() {
	type acceptOrderInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			Status order.Status `json:"status,omitempty" enum:"pending,open" default:"open" doc:"Pending: stock is reserved, and nothing is sent yet."`
			Owe    bool         `json:"owe,omitempty" doc:"Take it whatever is in stock; what is missing is owed."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/accept", id: "accept-order", summary: "Turn a quote into an order, or let a pending order be sent", tag: orderTag, permission: auth.OrderWrite},
		func(ctx context.Context, tx *db.Tx, in *acceptOrderInput) (Order, error) {
			seen, err := in.want()
			if err != nil {
				return Order{}, err
			}
			return showChanged(flow.Accept(ctx, tx, in.Order, seen, in.Body.Status, in.Body.Owe))
		})

	type cancelOrderInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			Lines  []LineUnits        `json:"lines,omitempty" maxItems:"1000" doc:"None: all that was not shipped."`
			Reason order.CancelReason `json:"reason" enum:"customer,inventory,fraud,declined,staff,expired,other"`
			Note   string             `json:"note,omitempty"`

			Restock    *bool           `json:"restock,omitempty" doc:"False: what was picked of it is not fit to be sold, and becomes damaged stock. What nobody has picked is free again in any case."`
			Settlement flow.Settlement `json:"settlement,omitempty" enum:"none,refund" default:"none" doc:"Refund: what is paid too much is given back; needs payment:refund."`
			Refund     *money.Amount   `json:"refund,omitempty" doc:"With the settlement refund: give back this much instead."`
			Notify     *bool           `json:"notify,omitempty" doc:"Whether the customer is to be told; true, if it is left out. The event order.lines_cancelled says so."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/cancel", id: "cancel-order", summary: "Cancel an order, or units of its lines", tag: orderTag, permission: auth.OrderCancel},
		func(ctx context.Context, tx *db.Tx, in *cancelOrderInput) (Order, error) {
			seen, err := in.want()
			if err != nil {
				return Order{}, err
			}
			b := in.Body
			c := flow.Cancellation{
				Order: in.Order, Version: seen, Lines: unitsOf(b.Lines), Reason: b.Reason, Note: b.Note,
				Spoiled: b.Restock != nil && !*b.Restock, Settlement: b.Settlement, Notify: b.Notify == nil || *b.Notify,
			}
			if b.Settlement == flow.SettleRefund {
				if c.Refund, err = refundOf(ctx, tx, in.Order, b.Refund); err != nil {
					return Order{}, err
				}
			}
			cancelled, err := flow.Cancel(ctx, tx, []flow.Cancellation{c})
			if err != nil {
				return Order{}, err
			}
			return showOrder(cancelled[0]), nil
		})
}

// refundOf is the amount that a cancellation gives back, 0 for all that is paid
// too much, where the one who asks may.
func refundOf(ctx context.Context, r db.Reader, oid id.Order, amount *money.Amount) (int64, error) {
	if err := auth.Require(ctx, auth.PaymentRefund); err != nil || amount == nil {
		return 0, err
	}
	o, err := order.Get(ctx, r, oid)
	if err != nil {
		return 0, err
	}
	f := fault.Fields{}
	minor := minorOf(f, "refund", *amount, o.Currency)
	if minor < 1 {
		f.Add("refund", "is not above 0")
	}
	return minor, f.Err("order.bad_refund", "So much cannot be given back.")
}

func (s *Server) registerHolds() {
	type holdOrderInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			FulfillmentID id.Fulfillment   `json:"fulfillment_id,omitzero" doc:"Given: only this fulfillment order is held."`
			LineID        id.Line          `json:"line_id,omitzero" doc:"Given: only this line is held."`
			Reason        order.HoldReason `json:"reason,omitempty" enum:"awaiting_payment,fraud_review,bad_address,out_of_stock,credit,approval,awaiting_return_items,edit_window,unknown_delivery_date,unmapped_sku,manual" default:"manual"`
			Note          string           `json:"note,omitempty"`
			Source        string           `json:"source,omitempty" doc:"What places it; manual if it is left out."`
			Until         time.Time        `json:"until,omitzero" doc:"When it expires by itself."`
			ReleaseOn     string           `json:"release_on,omitempty" doc:"Kind of the event that releases it, such as payment.captured."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/holds", id: "hold-order", summary: "Keep an order, or a part of it, from being sent", tag: orderTag, permission: auth.OrderHold, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *holdOrderInput) (Order, error) {
			seen, err := in.want()
			if err != nil {
				return Order{}, err
			}
			b := in.Body
			return showChanged(flow.Hold(ctx, tx, in.Order, seen, order.Hold{
				Fulfillment: b.FulfillmentID, Line: b.LineID, Reason: b.Reason, Note: b.Note, Source: b.Source, Until: b.Until.UTC(), ReleaseOn: b.ReleaseOn,
			}))
		})

	type releaseInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Hold  id.Hold  `path:"hold"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/holds/{hold}/release", id: "release-hold", summary: "End a hold", tag: orderTag, permission: auth.OrderHold},
		func(ctx context.Context, tx *db.Tx, in *releaseInput) (Order, error) {
			seen, err := in.want()
			if err != nil {
				return Order{}, err
			}
			return showChanged(flow.ReleaseHold(ctx, tx, in.Order, seen, in.Hold))
		})
}

// OrderFields are what may be changed of an order beside what was sold. Another
// address to send to is a change of the order: what is to be sent is planned anew. A field that is left out stays as it is.
type OrderFields struct {
	ShipTo       *address.Address `json:"ship_to,omitempty"`
	BillTo       *address.Address `json:"bill_to,omitempty"`
	Email        *string          `json:"email,omitempty"`
	Phone        *string          `json:"phone,omitempty"`
	Priority     *int64           `json:"priority,omitempty" doc:"Higher is more urgent; 0 is normal."`
	AddTags      []string         `json:"add_tags,omitempty"`
	RemoveTags   []string         `json:"remove_tags,omitempty"`
	AssignedTo   *id.User         `json:"assigned_to,omitempty" doc:"Who takes care of it; empty: nobody."`
	Custom       map[string]any   `json:"custom,omitempty" doc:"Set by name; null takes a field away."`
	CustomerNote *string          `json:"customer_note,omitempty"`
	Backorders   *time.Time       `json:"backorder_until,omitempty" doc:"What the order waits for is kept until then, whatever its channel says."`
	ExpiresAt    *time.Time       `json:"expires_at,omitempty" doc:"When a draft or pending order runs out."`
	Archived     *bool            `json:"archived,omitempty"`
}

// change does to an order what the fields say, but for the addresses.
func (f OrderFields) change(o *order.Order) error {
	email, phone := o.Email, o.Phone
	set(&email, f.Email)
	set(&phone, f.Phone)
	steps := []struct {
		wanted bool
		do     func() error
	}{
		{f.Email != nil || f.Phone != nil, func() error { return o.SetContact(email, phone) }},
		{f.Priority != nil, func() error { return o.Prioritize(*f.Priority) }},
		{len(f.AddTags)+len(f.RemoveTags) > 0, func() error { return o.Tag(f.AddTags, f.RemoveTags) }},
		{f.Custom != nil, func() error { return o.SetCustom(f.Custom) }},
		{f.CustomerNote != nil, func() error { return o.SetCustomerNote(*f.CustomerNote) }},
		{f.Backorders != nil, func() error { return o.KeepBackorders(f.Backorders.UTC()) }},
		{f.ExpiresAt != nil, func() error { return o.Extend(f.ExpiresAt.UTC()) }},
		{f.Archived != nil, func() error { return o.Archive(*f.Archived) }},
	}
	for _, step := range steps {
		if step.wanted {
			if err := step.do(); err != nil {
				return err
			}
		}
	}
	if f.AssignedTo != nil {
		o.Assign(*f.AssignedTo)
	}
	return nil
}

func (s *Server) registerOrderChanges() {
	type changeInput struct {
		Keyed
		IfMatch
		Order id.Order `path:"order"`
		Body  OrderFields
	}
	write(s, route{method: http.MethodPatch, path: "/v1/orders/{order}", id: "change-order", summary: "Change addresses, tags, priority, custom fields, who takes care", tag: orderTag, permission: auth.OrderWrite},
		func(ctx context.Context, tx *db.Tx, in *changeInput) (Order, error) {
			seen, err := in.want()
			if err != nil {
				return Order{}, err
			}
			if in.Body.ShipTo != nil || in.Body.BillTo != nil {
				if err := flow.Readdress(ctx, tx, in.Order, seen, flow.Addresses{ShipTo: in.Body.ShipTo, BillTo: in.Body.BillTo}); err != nil {
					return Order{}, err
				}
				seen = 0 // it was that version
			}
			return showChanged(flow.ChangeOrder(ctx, tx, in.Order, seen, in.Body.change))
		})

	type getInput struct {
		Order id.Order `path:"order"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/notes", id: "list-notes", summary: "The notes to an order, oldest first", tag: orderTag, permission: auth.OrderRead},
		func(ctx context.Context, in *getInput) (list[order.Note], error) {
			if _, err := order.Get(ctx, s.DB, in.Order); err != nil {
				return list[order.Note]{}, err
			}
			notes, err := order.Notes(ctx, s.DB, in.Order)
			return listOf(notes, ""), err
		})

	type addNoteInput struct {
		Once
		Order id.Order `path:"order"`
		Body  struct {
			Body     string    `json:"body" minLength:"1"`
			Mentions []id.User `json:"mentions,omitempty" doc:"Users whom it is for."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/notes", id: "add-note", summary: "Write a note to an order", tag: orderTag, permission: auth.OrderWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addNoteInput) (order.Note, error) {
			return order.AddNote(ctx, tx, in.Order, in.Body.Body, in.Body.Mentions)
		})
}
