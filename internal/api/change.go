package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/change"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Change is a set of changes of an order that was placed.
type Change struct {
	change.Set
	Actions []ChangeAction `json:"actions"`
}

func (c Change) version() int64 { return c.Version }

// ChangeAction is one step of a change: its kind says which of the other fields
// count.
type ChangeAction struct {
	Kind       change.ActionKind `json:"kind" doc:"set_quantity (line_id, quantity), add_line (variant_id or title, quantity), remove_line (line_id), swap_variant (line_id, variant_id), set_price (line_id, unit_price), add_line_discount (line_id, discount), add_order_discount (discount), remove_discount (discount_id), add_charge (charge), set_charge (charge_id, amount), remove_charge (charge_id), set_addresses (ship_to, bill_to), set_contact (email, phone) or set_shipping_method (shipping_method). A change that undoes another has the action undo."`
	LineID     id.Line           `json:"line_id,omitzero"`
	VariantID  id.Variant        `json:"variant_id,omitzero"`
	ChargeID   id.Charge         `json:"charge_id,omitzero"`
	DiscountID id.Discount       `json:"discount_id,omitzero"`
	Quantity   int64             `json:"quantity,omitempty" minimum:"0" doc:"Base units. Of set_quantity: what the customer gets in all, with what was shipped. Of swap_variant: how many; all, if it is left out."`
	UnitPrice  *money.Micros     `json:"unit_price,omitempty" doc:"As the order is priced. What the price lists say, if it is left out; else it needs order:price."`
	TaxRate    *money.Rate       `json:"tax_ppm,omitempty" minimum:"0" doc:"Millionths. Of a line: as on the other lines, if it is left out."`
	Title      string            `json:"title,omitempty" maxLength:"500"`
	Amount     *money.Amount     `json:"amount,omitempty" doc:"As the order is priced."`
	Discount   *NewDiscount      `json:"discount,omitempty"`
	Charge     *NewCharge        `json:"charge,omitempty"`
	ShipTo     *address.Address  `json:"ship_to,omitempty"`
	BillTo     *address.Address  `json:"bill_to,omitempty"`
	Email      *string           `json:"email,omitempty"`
	Phone      *string           `json:"phone,omitempty"`
	Method     string            `json:"shipping_method,omitempty"`
	Owe        bool              `json:"owe,omitempty" doc:"What is missing of what comes is owed, whatever the variant says."`
	Data       json.RawMessage   `json:"data,omitempty" readOnly:"true" doc:"What kinds of other changes need."`
}

// priced tells whether the action sets a price other than the list's.
func (a ChangeAction) priced() bool {
	switch a.Kind {
	case change.SetPrice, change.AddLineDiscount, change.AddOrderDiscount, change.RemoveDiscount, change.AddCharge, change.SetCharge, change.RemoveCharge:
		return true
	}
	return a.UnitPrice != nil
}

// action is the action as the flow takes it.
func (a ChangeAction) action(f fault.Fields, at string, c money.Currency) change.Action {
	out := change.Action{
		Kind: a.Kind, Line: a.LineID, Variant: a.VariantID, Charge: a.ChargeID, Discount: a.DiscountID, Quantity: a.Quantity,
		UnitPrice: a.UnitPrice, TaxRate: a.TaxRate, Title: a.Title, Owe: a.Owe,
	}
	amount := a.Amount
	switch a.Kind {
	case change.AddLineDiscount, change.AddOrderDiscount:
		if a.Discount == nil {
			f.Add(at+"discount", "is missing")
			return out
		}
		d := a.Discount
		out.DiscountKind, out.Rate, out.Code, out.Title, amount = string(d.Kind), d.Rate, d.Code, d.Title, d.Amount
	case change.AddCharge:
		if a.Charge == nil {
			f.Add(at+"charge", "is missing")
			return out
		}
		ch := a.Charge
		out.ChargeKind, out.Code, out.Title, out.TaxRate, amount = string(ch.Kind), ch.Code, ch.Title, cmp.Or(ch.TaxRate, new(money.Rate)), &ch.Amount
	case change.SetAddresses:
		out.Data = encode(flow.Addresses{ShipTo: a.ShipTo, BillTo: a.BillTo})
	case change.SetContact:
		out.Data = encode(contactFields{a.Email, a.Phone})
	case change.SetShippingMethod:
		out.Title = a.Method
	case change.Undo:
		f.Add(at+"kind", "is not for this: undo the change itself")
	case change.SwapUnits:
		f.Add(at+"kind", "is not for this: exchanges have a path of their own")
	}
	if amount != nil {
		minor := minorOf(f, at+"amount", *amount, c)
		out.Amount = &minor
	}
	return out
}

// contactFields is a flow.Contact of which a part may be left as it is.
type contactFields struct {
	Email *string `json:"email,omitempty"`
	Phone *string `json:"phone,omitempty"`
}

// encode writes values of our own types, which cannot fail.
func encode(v any) json.RawMessage {
	text, _ := json.Marshal(v)
	return text
}

// showAction is the reverse of ChangeAction.action.
func showAction(a change.Action, c money.Currency) ChangeAction {
	out := ChangeAction{
		Kind: a.Kind, LineID: a.Line, VariantID: a.Variant, ChargeID: a.Charge, DiscountID: a.Discount, Quantity: a.Quantity,
		UnitPrice: a.UnitPrice, TaxRate: a.TaxRate, Title: a.Title, Owe: a.Owe,
	}
	if a.Amount != nil {
		amount := money.Of(*a.Amount, c)
		out.Amount = &amount
	}
	switch a.Kind {
	case change.AddLineDiscount, change.AddOrderDiscount:
		out.Discount = &NewDiscount{Kind: order.DiscountKind(a.DiscountKind), Rate: a.Rate, Amount: out.Amount, Code: a.Code, Title: a.Title}
		out.Title, out.Amount = "", nil
	case change.AddCharge:
		out.Charge = &NewCharge{Kind: order.ChargeKind(a.ChargeKind), Code: a.Code, Title: a.Title}
		if a.TaxRate != nil {
			out.Charge.TaxRate = a.TaxRate
		}
		if out.Amount != nil {
			out.Charge.Amount = *out.Amount
		}
		out.Title, out.Amount, out.TaxRate = "", nil, nil
	case change.SetAddresses:
		var in flow.Addresses
		_ = json.Unmarshal(a.Data, &in) // of an erased customer there is none
		out.ShipTo, out.BillTo = in.ShipTo, in.BillTo
	case change.SetContact:
		var in contactFields
		_ = json.Unmarshal(a.Data, &in)
		out.Email, out.Phone = in.Email, in.Phone
	case change.SetShippingMethod:
		out.Method, out.Title = a.Title, ""
	default:
		out.Data = a.Data
	}
	return out
}

func showChange(s *change.Set, c money.Currency) Change {
	out := Change{Set: *s, Actions: make([]ChangeAction, len(s.Actions.V))}
	for i, a := range s.Actions.V {
		out.Actions[i] = showAction(a, c)
	}
	return out
}

// actionsOf reads the actions of a request about an order.
func actionsOf(ctx context.Context, in []ChangeAction, c money.Currency) ([]change.Action, error) {
	f := fault.Fields{}
	out := make([]change.Action, len(in))
	for i, a := range in {
		if a.priced() {
			if err := auth.Require(ctx, auth.OrderPrice); err != nil {
				return nil, err
			}
		}
		out[i] = a.action(f, item("actions", i, ""), c)
	}
	return out, f.Err("change.invalid", "The actions cannot be taken as they are.")
}

// Effect is what a change does to its order.
type Effect struct {
	Change        Change             `json:"change"`
	Before        OrderPicture       `json:"before"`
	After         OrderPicture       `json:"after"`
	Differences   []order.Difference `json:"differences" doc:"What of the agreement differs; amounts in minor units."`
	Collect       money.Amount       `json:"collect" doc:"Owed, and neither paid nor authorized: nothing is ever charged by itself."`
	GiveBack      money.Amount       `json:"give_back" doc:"Paid too much: given back only with the settlement refund."`
	AfterReceipt  money.Amount       `json:"give_back_after_receipt" doc:"Of an exchange: will have been paid too much once its goods have come and are credited."`
	ReturnID      id.Return          `json:"return_id,omitzero" doc:"Of an exchange: what comes back."`
	NeedsApproval string             `json:"needs_approval,omitempty" doc:"Why somebody else with order:approve has to confirm it."`
	Stale         *flow.Stale        `json:"stale,omitempty" doc:"The order was changed since: base the change on the present version."`
}

func (e Effect) version() int64 { return e.Change.Version }

// OrderPicture is what a change of an order changes.
type OrderPicture struct {
	Version       int64         `json:"version"`
	Status        order.Status  `json:"status"`
	Subtotal      money.Amount  `json:"subtotal"`
	DiscountTotal money.Amount  `json:"discount_total"`
	ShippingTotal money.Amount  `json:"shipping_total"`
	Tax           money.Amount  `json:"tax" doc:"In what is due."`
	Due           money.Amount  `json:"due" doc:"What the customer has to pay in all."`
	Paid          money.Amount  `json:"paid"`
	Authorized    money.Amount  `json:"authorized"`
	Balance       money.Amount  `json:"balance" doc:"What the customer still owes; negative if we owe it back."`
	Lines         []LinePicture `json:"lines"`
	Work          []WorkPicture `json:"work" doc:"What locations are asked to send, and have not."`
	Decision      string        `json:"decision,omitempty" doc:"Why it ships from there."`
}

// LinePicture is a line as the customer sees it.
type LinePicture struct {
	LineID      id.Line      `json:"line_id"`
	SKU         string       `json:"sku"`
	Title       string       `json:"title"`
	Quantity    int64        `json:"quantity" doc:"Without what was cancelled."`
	Reserved    int64        `json:"reserved"`
	Backordered int64        `json:"backordered"`
	Shipped     int64        `json:"shipped"`
	Total       money.Amount `json:"total"`
}

// WorkPicture is what a location is asked to send.
type WorkPicture struct {
	FulfillmentID id.Fulfillment `json:"fulfillment_id"`
	LocationID    id.Location    `json:"location_id"`
	Status        string         `json:"status"`
	Lines         []LineUnits    `json:"lines"`
}

func showPicture(p flow.Picture) OrderPicture {
	h := p.Order
	of := func(minor int64) money.Amount { return money.Of(minor, h.Currency) }
	out := OrderPicture{
		Version: h.Version, Status: h.Status, Subtotal: of(h.Subtotal), DiscountTotal: of(h.DiscountTotal), ShippingTotal: of(h.ShippingTotal),
		Tax: of(p.Tax), Due: of(h.Due()), Paid: of(h.Paid()), Authorized: of(h.Authorized), Balance: of(h.Balance()), Lines: []LinePicture{}, Work: []WorkPicture{},
	}
	for _, l := range p.Lines {
		out.Lines = append(out.Lines, LinePicture{l.Line, l.SKU, l.Title, l.Quantity, l.Reserved, l.Backordered, l.Shipped, of(l.Total)})
	}
	for _, f := range p.Work {
		w := WorkPicture{FulfillmentID: f.ID, LocationID: f.Location, Status: string(f.Status), Lines: []LineUnits{}}
		for _, l := range f.Lines {
			if n := l.Open(); n > 0 {
				w.Lines = append(w.Lines, LineUnits{l.Line, n})
			}
		}
		out.Work = append(out.Work, w)
	}
	if p.Decision != nil {
		out.Decision = p.Decision.Summary
	}
	return out
}

func showEffect(e flow.Outcome, err error) (Effect, error) {
	if err != nil {
		return Effect{}, err
	}
	c := e.Before.Order.Currency
	out := Effect{
		Change: showChange(e.Set, c), Before: showPicture(e.Before), After: showPicture(e.After), Differences: orEmpty(e.Differences),
		Collect: money.Of(e.Collect, c), GiveBack: money.Of(e.GiveBack, c), AfterReceipt: money.Of(e.AfterReceipt, c), NeedsApproval: e.NeedsApproval, Stale: e.Stale,
	}
	if e.Return != nil {
		out.ReturnID = e.Return.ID
	}
	return out, nil
}

const changeTag = "Changes"

func (s *Server) registerChanges() {
	type listInput struct {
		Order id.Order `path:"order"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/orders/{order}/changes", id: "list-changes", summary: "How an order was changed since it was placed, oldest first", tag: changeTag, permission: auth.OrderRead},
		func(ctx context.Context, in *listInput) (list[Change], error) {
			o, err := order.Get(ctx, s.DB, in.Order)
			if err != nil {
				return list[Change]{}, err
			}
			sets, err := change.ByOrder(ctx, s.DB, o.ID)
			shown := []Change{}
			for _, set := range sets[o.ID] {
				shown = append(shown, showChange(set, o.Currency))
			}
			return listOf(shown, ""), err
		})

	type getInput struct {
		Change id.Change `path:"change"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/changes/{change}", id: "get-change", summary: "A change of an order", tag: changeTag, permission: auth.OrderRead},
		func(ctx context.Context, in *getInput) (Change, error) {
			set, err := change.Get(ctx, s.DB, in.Change)
			if err != nil {
				return Change{}, err
			}
			return showSet(ctx, s.DB, set)
		})

	type previewInput struct {
		Change id.Change `path:"change"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/changes/{change}/preview", id: "preview-change", summary: "What confirming a change would do: it is done, and taken back", tag: changeTag, permission: auth.OrderEdit},
		func(ctx context.Context, in *previewInput) (Effect, error) {
			return showEffect(flow.PreviewChange(ctx, s.DB, flow.Confirmation{Set: in.Change}))
		})

	type openInput struct {
		Once
		IfMatch
		Order id.Order `path:"order"`
		Body  struct {
			Actions []ChangeAction `json:"actions,omitempty" maxItems:"500"`
			Reason  string         `json:"reason,omitempty" maxLength:"200" doc:"Also why units are cancelled, where it is one of the reasons to cancel."`
			Note    string         `json:"note,omitempty"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/orders/{order}/changes", id: "open-change", summary: "Begin to change an order that was placed: nothing changes before it is confirmed", tag: changeTag, permission: auth.OrderEdit, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *openInput) (Change, error) {
			seen, err := in.want()
			if err != nil {
				return Change{}, err
			}
			o, err := order.Get(ctx, tx, in.Order)
			if err != nil {
				return Change{}, err
			}
			actions, err := actionsOf(ctx, in.Body.Actions, o.Currency)
			if err != nil {
				return Change{}, err
			}
			set, err := flow.OpenChange(ctx, tx, flow.NewChange{Order: o.ID, Version: seen, Kind: change.Edit, Actions: actions, Reason: in.Body.Reason, Note: in.Body.Note})
			if err != nil {
				return Change{}, err
			}
			return showChange(set, o.Currency), nil
		})
}

// showSet shows a set in the currency of its order.
func showSet(ctx context.Context, r db.Reader, set *change.Set) (Change, error) {
	o, err := order.Get(ctx, r, set.Order)
	if err != nil {
		return Change{}, err
	}
	return showChange(set, o.Currency), nil
}

func (s *Server) registerChangeSteps() {
	type stepInput struct {
		Once
		IfMatch
		Change id.Change `path:"change"`
	}
	step := func(name, summary string, permission auth.Permission, do func(context.Context, *db.Tx, id.Change, int64) (*change.Set, error)) {
		write(s, route{method: http.MethodPost, path: "/v1/changes/{change}/" + name, id: name + "-change", summary: summary, tag: changeTag, permission: permission},
			func(ctx context.Context, tx *db.Tx, in *stepInput) (Change, error) {
				seen, err := in.want()
				if err != nil {
					return Change{}, err
				}
				set, err := do(ctx, tx, in.Change, seen)
				if err != nil {
					return Change{}, err
				}
				return showSet(ctx, tx, set)
			})
	}
	step("rebase", "Mean a draft for the order as it is now", auth.OrderEdit, flow.RebaseChange)
	step("decline", "Refuse a change that waits for an approval", auth.OrderApprove, flow.DeclineChange)
	step("cancel", "Drop a change that was not confirmed", auth.OrderEdit, flow.CancelChange)

	type addInput struct {
		Once
		IfMatch
		Change id.Change `path:"change"`
		Body   struct {
			Actions []ChangeAction `json:"actions" minItems:"1" maxItems:"500"`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/changes/{change}/actions", id: "add-change-actions", summary: "Add actions to a change", tag: changeTag, permission: auth.OrderEdit},
		func(ctx context.Context, tx *db.Tx, in *addInput) (Change, error) {
			return s.revise(ctx, tx, in.Change, &in.IfMatch, func(set *change.Set, o *order.Order) error {
				actions, err := actionsOf(ctx, in.Body.Actions, o.Currency)
				if err != nil {
					return err
				}
				return set.Add(actions...)
			})
		})

	type removeInput struct {
		Keyed
		IfMatch
		Change id.Change `path:"change"`
		Index  int       `path:"index" minimum:"0" doc:"Of the action, counted from 0."`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/changes/{change}/actions/{index}", id: "remove-change-action", summary: "Take an action out of a change", tag: changeTag, permission: auth.OrderEdit},
		func(ctx context.Context, tx *db.Tx, in *removeInput) (Change, error) {
			return s.revise(ctx, tx, in.Change, &in.IfMatch, func(set *change.Set, _ *order.Order) error { return set.Remove(in.Index) })
		})

	type settleInput struct {
		Once
		IfMatch
		Change id.Change `path:"change"`
		Body   struct {
			Settlement flow.Settlement `json:"settlement,omitempty" enum:"none,refund" default:"none" doc:"Refund: what is paid too much is given back; needs payment:refund."`
		}
	}
	settle := func(in *settleInput, ctx context.Context) (int64, error) {
		if in.Body.Settlement == flow.SettleRefund {
			if err := auth.Require(ctx, auth.PaymentRefund); err != nil {
				return 0, err
			}
		}
		return in.want()
	}
	write(s, route{method: http.MethodPost, path: "/v1/changes/{change}/confirm", id: "confirm-change", summary: "Do all that a change says, or ask for somebody else's approval where it needs one", tag: changeTag, permission: auth.OrderEdit},
		func(ctx context.Context, tx *db.Tx, in *settleInput) (Effect, error) {
			seen, err := settle(in, ctx)
			if err != nil {
				return Effect{}, err
			}
			return showEffect(flow.ConfirmChange(ctx, tx, flow.Confirmation{Set: in.Change, Version: seen, Settlement: in.Body.Settlement}))
		})
	write(s, route{method: http.MethodPost, path: "/v1/changes/{change}/undo", id: "undo-change", summary: "Take back what a change did", tag: changeTag, permission: auth.OrderEdit, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *settleInput) (Effect, error) {
			seen, err := settle(in, ctx)
			if err != nil {
				return Effect{}, err
			}
			return showEffect(flow.UndoChange(ctx, tx, in.Change, seen, in.Body.Settlement))
		})
}

// revise changes a draft of changes.
func (s *Server) revise(ctx context.Context, tx *db.Tx, set id.Change, match *IfMatch, do func(*change.Set, *order.Order) error) (Change, error) {
	seen, err := match.want()
	if err != nil {
		return Change{}, err
	}
	revised, err := flow.ReviseChange(ctx, tx, set, seen, do)
	if err != nil {
		return Change{}, err
	}
	return showSet(ctx, tx, revised)
}
