package order

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// HoldReason says why something must not be sent yet.
type HoldReason string

// The reasons.
const (
	HoldAwaitingPayment     HoldReason = "awaiting_payment"
	HoldFraudReview         HoldReason = "fraud_review"
	HoldBadAddress          HoldReason = "bad_address"
	HoldOutOfStock          HoldReason = "out_of_stock"
	HoldCredit              HoldReason = "credit"
	HoldApproval            HoldReason = "approval"
	HoldAwaitingReturnItems HoldReason = "awaiting_return_items"
	HoldEditWindow          HoldReason = "edit_window"
	HoldUnknownDeliveryDate HoldReason = "unknown_delivery_date"
	HoldUnmappedSKU         HoldReason = "unmapped_sku"
	HoldManual              HoldReason = "manual"
)

// HoldReasons are all of them.
var HoldReasons = []HoldReason{
	HoldAwaitingPayment, HoldFraudReview, HoldBadAddress, HoldOutOfStock, HoldCredit, HoldApproval,
	HoldAwaitingReturnItems, HoldEditWindow, HoldUnknownDeliveryDate, HoldUnmappedSKU, HoldManual,
}

// HoldStatus is the state of a hold.
type HoldStatus string

// The states of a hold.
const (
	HoldActive   HoldStatus = "active"
	HoldReleased HoldStatus = "released"
	HoldExpired  HoldStatus = "expired"
)

// Hold blocks what it concerns: the whole order, one fulfillment order, or one
// line. Several may be active at once, and all of them must end.
type Hold struct {
	ID          id.Hold        `db:"id" json:"id"`
	Order       id.Order       `db:"order_id" json:"order_id"`
	Fulfillment id.Fulfillment `db:"fulfillment_id" json:"fulfillment_id,omitzero" doc:"Given: only this fulfillment order is held."`
	Line        id.Line        `db:"line_id" json:"line_id,omitzero" doc:"Given: only this line is held."`
	Reason      HoldReason     `db:"reason" json:"reason"`
	Note        string         `db:"note" json:"note,omitempty"`
	Source      string         `db:"source" json:"source" doc:"What placed it: manual, routing, a rule, a channel."`
	Until       time.Time      `db:"until" json:"until,omitzero" doc:"When it expires by itself."`
	ReleaseOn   string         `db:"release_on" json:"release_on,omitempty" doc:"Kind of the event that releases it."`
	Status      HoldStatus     `db:"status" json:"status"`
	PlacedBy    string         `db:"placed_by" json:"placed_by"`
	PlacedAt    time.Time      `db:"placed_at" json:"placed_at"`
	ReleasedBy  string         `db:"released_by" json:"released_by,omitempty"`
	ReleasedAt  time.Time      `db:"released_at" json:"released_at,omitzero"`

	stored bool
	ended  bool // since it was loaded
}

// Concerns tells whether an active hold blocks a fulfillment order of given
// order lines.
func (h *Hold) Concerns(fulfillment id.Fulfillment, lines []id.Line) bool {
	switch {
	case h.Status != HoldActive:
		return false
	case !h.Fulfillment.IsZero() && h.Fulfillment != fulfillment:
		return false
	}
	return h.Line.IsZero() || slices.Contains(lines, h.Line)
}

func (h *Hold) end(as HoldStatus) {
	if h.Status == HoldActive {
		h.Status, h.ended = as, true
	}
}

// Hold places a hold; of h, the scope, Reason, Note, Source, Until and
// ReleaseOn count. What is held already for the same reason, in the same scope
// and by the same source is not held twice: the hold that is there is returned.
func (o *Order) Hold(h Hold) (*Hold, error) {
	if o.Status == StatusCompleted || o.Status == StatusCancelled {
		return nil, o.forbids("held")
	}
	f := fault.Fields{}
	if !slices.Contains(HoldReasons, h.Reason) {
		f.Add("reason", "%q is not a reason for a hold", h.Reason)
	}
	checkText(f, "note", h.Note, maxNote)
	checkText(f, "source", h.Source, maxCode)
	checkText(f, "release_on", h.ReleaseOn, maxCode)
	if !h.Line.IsZero() && o.Line(h.Line) == nil {
		f.Add("line_id", "is not a line of the order")
	}
	if err := f.Err("order.bad_hold", "The hold cannot be placed as it is."); err != nil {
		return nil, err
	}
	if h.Source == "" {
		h.Source = string(HoldManual)
	}
	for _, is := range o.Holds {
		if is.Status == HoldActive && is.Reason == h.Reason && is.Fulfillment == h.Fulfillment && is.Line == h.Line && is.Source == h.Source {
			return is, nil
		}
	}
	anew := &Hold{
		Order: o.ID, Fulfillment: h.Fulfillment, Line: h.Line, Reason: h.Reason, Note: text.Clean(h.Note), Source: h.Source,
		Until: h.Until, ReleaseOn: h.ReleaseOn, Status: HoldActive,
	}
	o.Holds = append(o.Holds, anew)
	o.ActiveHolds++
	return anew, nil
}

// ReleaseHold ends a hold.
func (o *Order) ReleaseHold(hold id.Hold) (*Hold, error) {
	i := slices.IndexFunc(o.Holds, func(h *Hold) bool { return h.ID == hold })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "order.hold_not_found", "Order %d has no hold %s.", o.Number, hold)
	}
	h := o.Holds[i]
	if h.Status != HoldActive {
		return nil, fault.New(fault.Conflict, "order.hold_"+string(h.Status), "The hold is %s already: it keeps nothing any more.", h.Status)
	}
	o.endHold(h, HoldReleased)
	return h, nil
}

// ReleaseHolds ends the active holds that match, and returns them.
func (o *Order) ReleaseHolds(match func(*Hold) bool) []*Hold { return o.endHolds(HoldReleased, match) }

// ReleaseReason ends the active holds for a reason.
func (o *Order) ReleaseReason(reason HoldReason) []*Hold {
	return o.ReleaseHolds(func(h *Hold) bool { return h.Reason == reason })
}

// ReleaseOn ends the active holds that wait for an event of a kind, which happened
// at a time: a hold that was placed later waits for the next one.
func (o *Order) ReleaseOn(kind string, at time.Time) []*Hold {
	return o.ReleaseHolds(func(h *Hold) bool { return h.ReleaseOn != "" && h.ReleaseOn == kind && !h.PlacedAt.After(at) })
}

// ExpireHolds ends the active holds whose time is over.
func (o *Order) ExpireHolds(now time.Time) []*Hold {
	return o.endHolds(HoldExpired, func(h *Hold) bool { return !h.Until.IsZero() && !h.Until.After(now) })
}

func (o *Order) endHolds(as HoldStatus, match func(*Hold) bool) []*Hold {
	var out []*Hold
	for _, h := range o.Holds {
		if h.Status == HoldActive && match(h) {
			o.endHold(h, as)
			out = append(out, h)
		}
	}
	return out
}

func (o *Order) endHold(h *Hold, as HoldStatus) {
	h.end(as)
	o.ActiveHolds--
}

// dropLineHolds ends the holds of lines that are no more.
func (o *Order) dropLineHolds() {
	o.endHolds(HoldReleased, func(h *Hold) bool { return !h.Line.IsZero() && o.Line(h.Line) == nil })
}

// HoldsOn are the active holds that block a fulfillment order of given order
// lines. A line of a kit is blocked with the kit.
func (o *Order) HoldsOn(fulfillment id.Fulfillment, lines []id.Line) []*Hold {
	for _, l := range o.Lines {
		if !l.Parent.IsZero() && slices.Contains(lines, l.ID) {
			lines = append(slices.Clip(lines), l.Parent)
		}
	}
	var out []*Hold
	for _, h := range o.Holds {
		if h.Concerns(fulfillment, lines) {
			out = append(out, h)
		}
	}
	return out
}

// HeldUntil lists orders with active holds whose time is over at now, the
// longest first, at most limit: Take them and ExpireHolds.
func HeldUntil(ctx context.Context, r db.Reader, now time.Time, limit int) ([]id.Order, error) {
	return db.Select[id.Order](ctx, r, `
		SELECT order_id FROM order_hold WHERE status = 'active' AND until IS NOT NULL AND until <= ?
		GROUP BY order_id ORDER BY MIN(until), order_id LIMIT ?`, now, limit)
}

// HeldFor lists which of the orders have active holds that wait for an event of
// a kind: Take them and ReleaseOn.
func HeldFor(ctx context.Context, r db.Reader, kind string, orders []id.Order) ([]id.Order, error) {
	return db.SelectIn[id.Order](ctx, r, `
		SELECT DISTINCT order_id FROM order_hold WHERE status = 'active' AND release_on = ? AND order_id IN (/*in*/)`, distinct(orders), kind)
}
