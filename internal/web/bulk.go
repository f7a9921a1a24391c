package web

import (
	"net/http"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// bulkAction is what can be done to many chosen orders, one after the other: what
// cannot be done to one is told, and the others are done all the same.
type bulkAction struct {
	code, name, icon, done string
	permission             auth.Permission
	do                     func(v *visit, tx *db.Tx, of id.Order) error
}

// bulkOutcome is what an action came to.
type bulkOutcome struct {
	action  bulkAction
	done    int
	refused []refusal
}

// refusal is an order to which it could not be done, and why.
type refusal struct {
	order id.Order
	why   string
}

var bulkActions = []bulkAction{
	{"hold", "Hold", "pause", "put on hold", auth.OrderHold, func(v *visit, tx *db.Tx, of id.Order) error {
		_, err := flow.Hold(v.ctx, tx, of, 0, order.Hold{Reason: order.HoldManual})
		return err
	}},
	{"release", "Release", "play", "released", auth.OrderHold, func(v *visit, tx *db.Tx, of id.Order) error {
		_, err := flow.ChangeOrder(v.ctx, tx, of, 0, func(o *order.Order) error {
			if len(o.ReleaseReason(order.HoldManual)) == 0 {
				return fault.New(fault.Conflict, "order.not_held", "It has no hold that somebody placed by hand.")
			}
			return nil
		})
		return err
	}},
	{"tag", "Tag", "tag", "tagged", auth.OrderWrite, func(v *visit, tx *db.Tx, of id.Order) error {
		_, err := flow.ChangeOrder(v.ctx, tx, of, 0, func(o *order.Order) error { return o.Tag([]string{v.typed("tag")}, nil) })
		return err
	}},
	{"archive", "Archive", "inbox", "archived", auth.OrderWrite, func(v *visit, tx *db.Tx, of id.Order) error {
		_, err := flow.ChangeOrder(v.ctx, tx, of, 0, func(o *order.Order) error { return o.Archive(true) })
		return err
	}},
}

// mostChosen is how many orders one action takes.
const mostChosen = 200

// bulk does an action to the chosen orders, each in a transaction of its own, and
// shows the list again with what came of it. To do one of these actions twice is
// to do it once.
func (s *Server) bulk(v *visit, b bulkAction) error {
	var chosen []id.Order
	for _, text := range v.r.PostForm["id"] {
		var of id.Order
		if err := of.UnmarshalText([]byte(text)); err != nil {
			return errNoPage
		}
		if !slices.Contains(chosen, of) {
			chosen = append(chosen, of)
		}
	}
	if len(chosen) > mostChosen {
		return fault.New(fault.Invalid, "orders.too_many", "At most %d orders at once.", mostChosen)
	}
	out := bulkOutcome{action: b}
	for _, of := range chosen {
		err := s.DB.Write(v.ctx, func(tx *db.Tx) error { return b.do(v, tx, of) })
		if err != nil {
			f := fault.Of(err)
			s.log(v, f, err)
			out.refused = append(out.refused, refusal{of, f.Message})
			continue
		}
		out.done++
	}
	v.r.URL.Path = "/orders"
	l, err := s.listOrders(v)
	if err != nil {
		return err
	}
	l.outcome = &out
	v.w.Header().Set("HX-Push-Url", v.r.URL.RequestURI())
	return v.draw(http.StatusOK, ordersPage(v, l))
}
