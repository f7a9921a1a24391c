package web

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/view"
)

// orderShown is an order with all that its page says of it.
type orderShown struct {
	view.Order
	gates  map[id.Fulfillment][]fulfillment.Reason
	actors map[string]string
	places map[id.Location]view.Place
}

func (s *Server) registerOrder() {
	const page = "/orders/{order}"
	s.page(page, auth.OrderRead, s.showOrder)
	act := func(name string, p auth.Permission, do func(v *visit, tx *db.Tx, of id.Order) (done, error)) {
		s.action(page+"/"+name, p, page, s.showOrder, func(v *visit, tx *db.Tx) (done, error) {
			of, err := v.orderID()
			if err != nil {
				return done{}, err
			}
			out, err := do(v, tx, of)
			if out.To == "" {
				out.To = "/orders/" + of.String()
			}
			return out, err
		})
	}
	act("hold", auth.OrderHold, holdOrder)
	act("release", auth.OrderHold, releaseHold)
	act("note", auth.OrderWrite, noteOrder)
	act("tags", auth.OrderWrite, tagOrder)
	act("priority", auth.OrderWrite, prioritizeOrder)
	act("cancel", auth.OrderCancel, cancelOrder)
	act("undo", auth.OrderEdit, undoChange)
}

func (s *Server) showOrder(v *visit) (templ.Component, error) {
	of, err := v.orderID()
	if err != nil {
		return nil, err
	}
	var o orderShown
	err = s.DB.Read(v.ctx, func(r *db.Snapshot) (err error) {
		o, err = readOrder(v.ctx, r, of)
		return err
	})
	if err != nil {
		return nil, err
	}
	return orderPage(v, o), nil
}

func readOrder(ctx context.Context, r db.Reader, of id.Order) (o orderShown, err error) {
	if o.Order, err = view.GetOrder(ctx, r, of); err != nil {
		return o, err
	}
	if o.gates, err = flow.Gates(ctx, r, o.Order.Order); err != nil {
		return o, err
	}
	var actors []string
	for _, e := range o.Timeline {
		actors = append(actors, e.Actor)
	}
	for _, n := range o.Notes {
		actors = append(actors, n.Actor)
	}
	for _, h := range o.Holds {
		actors = append(actors, h.PlacedBy)
	}
	o.places = map[id.Location]view.Place{}
	for _, p := range o.Locations {
		o.places[p.ID] = p
	}
	o.actors, err = view.ActorNames(ctx, r, actors)
	return o, err
}

func holdOrder(v *visit, tx *db.Tx, of id.Order) (done, error) {
	_, err := flow.Hold(v.ctx, tx, of, 0, order.Hold{Reason: order.HoldReason(v.typed("reason")), Note: v.typed("note")})
	return done{Say: "The order is on hold."}, err
}

func releaseHold(v *visit, tx *db.Tx, of id.Order) (done, error) {
	var hold id.Hold
	if err := hold.UnmarshalText([]byte(v.typed("hold"))); err != nil {
		return done{}, fault.New(fault.Invalid, "order.hold_not_found", "There is no such hold.")
	}
	_, err := flow.ReleaseHold(v.ctx, tx, of, 0, hold)
	return done{Say: "The hold is released."}, err
}

func noteOrder(v *visit, tx *db.Tx, of id.Order) (done, error) {
	_, err := order.AddNote(v.ctx, tx, of, v.typed("body"), nil)
	return done{Say: "The note is kept."}, err
}

func tagOrder(v *visit, tx *db.Tx, of id.Order) (done, error) {
	var remove []string
	if tag := v.typed("remove"); tag != "" {
		remove = append(remove, tag)
	}
	var add []string
	if tag := v.typed("tag"); tag != "" {
		add = append(add, tag)
	}
	_, err := flow.ChangeOrder(v.ctx, tx, of, 0, func(o *order.Order) error { return o.Tag(add, remove) })
	return done{Say: "The tags are changed."}, err
}

// urgent is the priority of an order that goes before all others.
const urgent = 100

func prioritizeOrder(v *visit, tx *db.Tx, of id.Order) (done, error) {
	priority, say := int64(0), "The order waits its turn again."
	if v.typed("urgent") != "" {
		priority, say = urgent, "The order goes before all others."
	}
	_, err := flow.ChangeOrder(v.ctx, tx, of, 0, func(o *order.Order) error { return o.Prioritize(priority) })
	return done{Say: say}, err
}

func cancelOrder(v *visit, tx *db.Tx, of id.Order) (done, error) {
	c := flow.Cancellation{
		Order: of, Reason: order.CancelReason(v.typed("reason")), Note: v.typed("note"),
		Spoiled: v.typed("spoiled") != "", Settlement: flow.SettleNothing, Notify: v.typed("notify") != "",
	}
	if v.typed("refund") != "" {
		if err := auth.Require(v.ctx, auth.PaymentRefund); err != nil {
			return done{}, err
		}
		c.Settlement = flow.SettleRefund
	}
	if _, err := flow.Cancel(v.ctx, tx, []flow.Cancellation{c}); err != nil {
		return done{}, err
	}
	sets, err := change.ByOrder(v.ctx, tx, of)
	if err != nil || len(sets[of]) == 0 {
		return done{}, err
	}
	newest := slices.MaxFunc(sets[of], func(a, b *change.Set) int { return a.ID.Compare(b.ID) })
	return done{Say: "What had not left is cancelled.", Undo: "/orders/" + of.String() + "/undo?change=" + newest.ID.String()}, nil
}

// undoChange takes back a change of the order, by counter-records.
func undoChange(v *visit, tx *db.Tx, of id.Order) (done, error) {
	var set id.Change
	if err := set.UnmarshalText([]byte(v.r.URL.Query().Get("change"))); err != nil {
		return done{}, errNoPage
	}
	s, err := change.Get(v.ctx, tx, set)
	if err != nil {
		return done{}, err
	}
	if s.Order != of {
		return done{}, errNoPage
	}
	_, err = flow.UndoChange(v.ctx, tx, set, s.Version, flow.SettleNothing)
	return done{Say: "It is undone."}, err
}
