package web

import (
	"context"
	"math"
	"slices"
	"strings"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/event"
	"purser/internal/web/ui"
)

// actionPath is where what is done to an order is sent.
func actionPath(o orderShown, name string) string { return "/orders/" + o.ID.String() + "/" + name }

// tellsItself tells whether the form that was refused says so where it stands.
func (o orderShown) tellsItself(v *visit) bool {
	return v.returned(actionPath(o, "hold")) || v.returned(actionPath(o, "cancel")) || v.returned(actionPath(o, "note"))
}

func (o orderShown) place(l id.Location) string {
	p := o.places[l]
	return strings.TrimSpace(p.Code + " " + p.Name)
}

// waitsFor says what keeps work from beginning, each reason once.
func (o orderShown) waitsFor() (texts []string) {
	for _, f := range o.Fulfillments {
		for _, reason := range o.gates[f.ID] {
			if reason.Code != "on_hold" && !slices.Contains(texts, reason.Message) {
				texts = append(texts, reason.Message)
			}
		}
	}
	return texts
}

// partsOf is what has become of a line's units.
func partsOf(c order.Counts, quantity int64) []ui.Part {
	return []ui.Part{
		{Name: "returned", Amount: c.Returned, Tone: ui.Calm},
		{Name: "delivered", Amount: max(0, c.Delivered-c.Returned), Tone: ui.Good},
		{Name: "shipped", Amount: max(0, c.Shipped-max(c.Delivered, c.Returned)), Tone: ui.Good},
		{Name: "in work", Amount: c.InWork, Tone: ui.Busy},
		{Name: "reserved", Amount: c.Allocated - c.InWork, Tone: ui.Brand},
		{Name: "backordered", Amount: c.Backordered, Tone: ui.Warn},
		{Name: "cancelled", Amount: c.Cancelled, Tone: ui.Calm},
		{Name: "not planned", Amount: max(0, quantity-c.Cancelled-c.Shipped-c.Allocated-c.Backordered), Tone: ui.Calm},
	}
}

// unitsText says how far a fulfillment order is.
func unitsText(ctx context.Context, f *fulfillment.Order) string {
	var quantity, shipped, picked int64
	for _, l := range f.Lines {
		quantity += l.Quantity - l.Cancelled
		shipped += l.Shipped
		picked += l.Picked
	}
	switch {
	case shipped > 0 && shipped < quantity:
		return ui.Count(ctx, shipped) + " of " + ui.Plural(ctx, quantity, "unit") + " shipped"
	case picked > 0 && shipped == 0:
		return ui.Count(ctx, picked) + " of " + ui.Plural(ctx, quantity, "unit") + " picked"
	}
	return ui.Plural(ctx, quantity, "unit")
}

func kilometers(ctx context.Context, km *float64) string {
	if km == nil {
		return "unknown"
	}
	return ui.Count(ctx, int64(math.Round(*km))) + " km"
}

// addressLines is an address as it is written on a parcel.
func addressLines(a address.Address) (lines []string) {
	town := strings.TrimSpace(a.PostalCode + " " + a.City)
	if a.Region != "" {
		town += ", " + a.Region
	}
	for _, line := range []string{a.Name, a.Company, a.Line1, a.Line2, town, a.Country} {
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return []string{"No address"}
	}
	return lines
}

func backwards(events []event.Event) []event.Event {
	out := slices.Clone(events)
	slices.Reverse(out)
	return out
}

// eventIcons are the signs of events, by the area that they happen in.
var eventIcons = map[string]string{
	"order": "shopping-cart", "routing": "route", "fulfillment": "package", "pick": "scan-barcode", "shipment": "truck", "payment": "credit-card",
	"refund": "undo-2", "invoice": "receipt", "return": "undo-2", "reservation": "boxes", "stock": "boxes", "change": "pencil", "credit": "gift",
}

func eventIcon(kind string) string {
	area, _, _ := strings.Cut(kind, ".")
	if strings.HasPrefix(kind, "order.hold") || kind == "order.held" {
		return "pause"
	}
	if icon, ok := eventIcons[area]; ok {
		return icon
	}
	return "circle-dot"
}

// eventWords says an event's kind as people would: order.hold_released becomes
// Order: hold released.
func eventWords(kind string) string {
	area, what, _ := strings.Cut(kind, ".")
	return ui.Words(area) + " " + strings.ReplaceAll(what, "_", " ")
}
