package fulfillment

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// Tracking is where a shipment is, as its carrier sees it.
type Tracking string

// The places on the tracking axis.
const (
	TrackingUnknown        Tracking = "unknown"
	TrackingPreTransit     Tracking = "pre_transit"
	TrackingInTransit      Tracking = "in_transit"
	TrackingOutForDelivery Tracking = "out_for_delivery"
	TrackingForPickup      Tracking = "available_for_pickup"
	TrackingDelivered      Tracking = "delivered"
	TrackingFailedAttempt  Tracking = "failed_attempt"
	TrackingReturned       Tracking = "return_to_sender"
	TrackingLost           Tracking = "lost"
	TrackingException      Tracking = "exception"
)

// trackings are all places; of two events of one instant, the one whose place
// stands later here counts as the newer.
var trackings = []Tracking{
	TrackingUnknown, TrackingPreTransit, TrackingInTransit, TrackingOutForDelivery, TrackingForPickup,
	TrackingException, TrackingFailedAttempt, TrackingReturned, TrackingLost, TrackingDelivered,
}

// TrackingEvent is what a carrier, a channel or a person said about a shipment.
type TrackingEvent struct {
	ID          id.Tracking `db:"id" json:"id"`
	Shipment    id.Shipment `db:"shipment_id" json:"shipment_id"`
	Status      Tracking    `db:"status" json:"status"`
	Description string      `db:"description" json:"description,omitempty"`
	Place       string      `db:"place" json:"place,omitempty"`
	Source      string      `db:"source" json:"source" doc:"Who said so: a carrier, a channel, manual."`
	ExternalID  string      `db:"external_id" json:"external_id" doc:"The source's id of the event; empty: one is made from its content."`
	At          time.Time   `db:"at" json:"at"`
	ReceivedAt  time.Time   `db:"received_at" json:"received_at"`
}

// when is the time at which e happened. It is not later than when we heard of
// it, so that a source whose clock is wrong does not fix a shipment for ever.
func (e *TrackingEvent) when() time.Time {
	if e.At.After(e.ReceivedAt) {
		return e.ReceivedAt
	}
	return e.At
}

// after tells whether e is newer than f, by the time at which it happened.
func (e *TrackingEvent) after(f *TrackingEvent) bool {
	return cmp.Or(e.when().Compare(f.when()),
		cmp.Compare(slices.Index(trackings, e.Status), slices.Index(trackings, f.Status)),
		cmp.Compare(f.ExternalID, e.ExternalID)) > 0
}

// check completes an event that comes in, or says what is wrong with it.
func (e *TrackingEvent) check(i int, f fault.Fields, now time.Time) {
	at := fmt.Sprintf("events[%d].", i)
	if e.Shipment.IsZero() {
		f.Add(at+"shipment_id", "is missing")
	}
	if !slices.Contains(trackings, e.Status) {
		f.Add(at+"status", "%q is no tracking status", e.Status)
	}
	if e.Source == "" {
		f.Add(at+"source", "is missing")
	}
	if e.At.IsZero() {
		f.Add(at+"at", "is missing")
	}
	e.At = e.At.UTC().Truncate(time.Microsecond)
	if e.ExternalID == "" {
		sum := sha256.Sum256([]byte(strings.Join([]string{string(e.Status), e.At.Format(time.RFC3339Nano), e.Place, e.Description}, "\x00")))
		e.ExternalID = hex.EncodeToString(sum[:16])
	}
	if e.ID.IsZero() {
		e.ID = id.New[id.Tracking](now)
	}
	e.ReceivedAt = now
}

// Movement is what Track changed of a shipment.
type Movement struct {
	Shipment  *Shipment // as it is now, with its lines
	From, To  Tracking
	Delivered bool // it has just become delivered: its units are, in the sales order
}

// Track stores what is said about shipments, each event once however often it
// comes, and moves the shipments whose newest event changed. Events are ordered
// by the time at which they happened: one that comes late is kept and moves
// nothing. A shipped shipment becomes delivered with its first such event, and
// stays so whatever is said later. Events about one that has not left move the
// tracking axis only. Unknown shipments are NotFound. Take the sales orders first.
func Track(ctx context.Context, tx *db.Tx, events []TrackingEvent) ([]Movement, error) {
	events = slices.Clone(events)
	f := fault.Fields{}
	ids := make([]id.Shipment, 0, len(events))
	for i := range events {
		events[i].check(i, f, tx.Now())
		ids = append(ids, events[i].Shipment)
	}
	if err := f.Err("shipment.bad_tracking", "The tracking events cannot be stored."); err != nil {
		return nil, err
	}
	shipments, err := TakeShipments(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	added, err := db.Insert(ctx, tx, "tracking_event", events, "ON CONFLICT (shipment_id, source, external_id) DO NOTHING")
	if err != nil || added == 0 {
		return nil, err
	}
	newest, delivered, err := trackedOf(ctx, tx, shipments)
	if err != nil {
		return nil, err
	}
	var moved []Movement
	var changed []*Shipment
	for _, s := range shipments {
		e := newest[s.ID]
		m := Movement{Shipment: s, From: s.Tracking, To: e.Status}
		first, arrived := delivered[s.ID]
		m.Delivered = arrived && s.Status == ShipmentShipped
		if m.From == m.To && !m.Delivered {
			continue
		}
		if m.From != m.To {
			s.Tracking = m.To
			s.say(Tracked{s.about(), m.From, m.To, e.Description, e.Place, e.when()})
		}
		if m.Delivered {
			s.deliver(first)
		}
		changed, moved = append(changed, s), append(moved, m)
	}
	return moved, SaveShipments(ctx, tx, changed)
}

// Deliver says that shipped shipments arrived, where no carrier tells. It is an
// event from the source manual, so that what carriers say later is weighed
// against it by its time.
func Deliver(ctx context.Context, tx *db.Tx, at time.Time, shipments ...id.Shipment) ([]Movement, error) {
	events := make([]TrackingEvent, len(shipments))
	for i, s := range shipments {
		events[i] = TrackingEvent{Shipment: s, Status: TrackingDelivered, Source: "manual", At: at}
	}
	return Track(ctx, tx, events)
}

// trackedOf finds the newest event of each shipment, and when it was delivered first.
func trackedOf(ctx context.Context, r db.Reader, shipments []*Shipment) (map[id.Shipment]*TrackingEvent, map[id.Shipment]time.Time, error) {
	ids := make([]id.Shipment, len(shipments))
	for i, s := range shipments {
		ids[i] = s.ID
	}
	events, err := db.SelectIn[TrackingEvent](ctx, r, `
		SELECT `+db.Columns[TrackingEvent]()+` FROM tracking_event WHERE shipment_id IN (/*in*/)`, ids)
	if err != nil {
		return nil, nil, err
	}
	newest := make(map[id.Shipment]*TrackingEvent, len(shipments))
	delivered := map[id.Shipment]time.Time{}
	for i := range events {
		e := &events[i]
		if n := newest[e.Shipment]; n == nil || e.after(n) {
			newest[e.Shipment] = e
		}
		if e.Status == TrackingDelivered {
			if first, ok := delivered[e.Shipment]; !ok || e.when().Before(first) {
				delivered[e.Shipment] = e.when()
			}
		}
	}
	return newest, delivered, nil
}

// TrackingOf returns what was said about a shipment, oldest first.
func TrackingOf(ctx context.Context, r db.Reader, shipment id.Shipment) ([]TrackingEvent, error) {
	events, err := db.Select[TrackingEvent](ctx, r, `
		SELECT `+db.Columns[TrackingEvent]()+` FROM tracking_event WHERE shipment_id = ?`, shipment)
	slices.SortFunc(events, func(a, b TrackingEvent) int {
		if b.after(&a) {
			return -1
		}
		return 1
	})
	return events, err
}
