package order

import (
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
)

// about is what every fact of an order tells. Facts are kept for ever, so they
// name nobody: no address, no note.
type about struct {
	Order  id.Order `json:"order_id"`
	Number int64    `json:"number"`
}

// Subject is the order.
func (a about) Subject() id.UUID { return a.Order }

func (o *Order) about() about { return about{o.ID, o.Number} }

// Placed says that an order came in.
type Placed struct {
	about
	Channel  id.Channel     `json:"channel_id"`
	Status   Status         `json:"status"`
	Lines    int            `json:"lines"`
	Total    int64          `json:"total"`
	Currency money.Currency `json:"currency"`
}

// Kind is order.placed.
func (Placed) Kind() string { return "order.placed" }

// Drafted says that a draft was written.
type Drafted struct {
	about
	Channel  id.Channel     `json:"channel_id"`
	Lines    int            `json:"lines"`
	Total    int64          `json:"total"`
	Currency money.Currency `json:"currency"`
}

// Kind is order.drafted.
func (Drafted) Kind() string { return "order.drafted" }

// Redrafted says that a draft was written anew.
type Redrafted struct {
	about
	Total    int64          `json:"total"`
	Currency money.Currency `json:"currency"`
}

// Kind is order.redrafted.
func (Redrafted) Kind() string { return "order.redrafted" }

// Accepted says that a pending order may be sent.
type Accepted struct{ about }

// Kind is order.accepted.
func (Accepted) Kind() string { return "order.accepted" }

// PutOff says that an order did not run out when its time was over, and why.
type PutOff struct {
	about
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why"`
}

// Kind is order.expiry_put_off.
func (PutOff) Kind() string { return "order.expiry_put_off" }

// LineUnits is a number of units of a line.
type LineUnits struct {
	Line     id.Line `json:"line_id"`
	SKU      string  `json:"sku"`
	Quantity int64   `json:"quantity"`
}

// LinesCancelled says what was taken off an order, and what it would have cost.
type LinesCancelled struct {
	about
	Reason   CancelReason   `json:"reason"`
	Lines    []LineUnits    `json:"lines"`
	Total    int64          `json:"total"`
	Currency money.Currency `json:"currency"`
	Notify   bool           `json:"notify,omitempty"` // the customer is to be told
}

// Kind is order.lines_cancelled.
func (LinesCancelled) Kind() string { return "order.lines_cancelled" }

// Ended says that all of an order was cancelled.
type Ended struct {
	about
	Reason CancelReason `json:"reason"`
}

// Kind is order.cancelled.
func (Ended) Kind() string { return "order.cancelled" }

// Completed says that nothing is left to do.
type Completed struct{ about }

// Kind is order.completed.
func (Completed) Kind() string { return "order.completed" }

// Reopened says that a completed order has something left to do, or that the
// cancellation of an order was undone.
type Reopened struct{ about }

// Kind is order.reopened.
func (Reopened) Kind() string { return "order.reopened" }

// Edited says that an order was changed after it was placed, and what it costs
// since.
type Edited struct {
	about
	Set      id.Change      `json:"change_id"`
	Was      int64          `json:"due_before"`
	Due      int64          `json:"due"`
	Currency money.Currency `json:"currency"`
}

// Kind is order.edited.
func (Edited) Kind() string { return "order.edited" }

// Edited records that a set of changes was done, and what was due before it.
func (o *Order) Edited(set id.Change, was int64) {
	o.say(Edited{o.about(), set, was, o.Due(), o.Currency})
}

// Changed says that one of the axes beside the status moved: payment,
// fulfillment or return.
type Changed struct {
	about
	Axis string `json:"axis"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Kind is order.payment_status_changed, order.fulfillment_status_changed or
// order.return_status_changed.
func (f Changed) Kind() string { return "order." + f.Axis + "_status_changed" }

// Held says that a hold was placed.
type Held struct {
	about
	Hold        id.Hold        `json:"hold_id"`
	Reason      HoldReason     `json:"reason"`
	Source      string         `json:"source"`
	Fulfillment id.Fulfillment `json:"fulfillment_id,omitzero"`
	Line        id.Line        `json:"line_id,omitzero"`
	Until       time.Time      `json:"until,omitzero"`
}

// Kind is order.held.
func (Held) Kind() string { return "order.held" }

// HoldEnded says that a hold was released or expired.
type HoldEnded struct {
	about
	Hold   id.Hold    `json:"hold_id"`
	Reason HoldReason `json:"reason"`
	Status HoldStatus `json:"status"`
	Left   int64      `json:"active_holds"`
}

// Kind is order.hold_released or order.hold_expired.
func (f HoldEnded) Kind() string { return "order.hold_" + string(f.Status) }

// AddressChanged says which addresses were changed.
type AddressChanged struct {
	about
	ShipTo bool `json:"ship_to"`
	BillTo bool `json:"bill_to"`
}

// Kind is order.address_changed.
func (AddressChanged) Kind() string { return "order.address_changed" }

// Tagged says which tags were added and removed.
type Tagged struct {
	about
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// Kind is order.tagged.
func (Tagged) Kind() string { return "order.tagged" }

// Prioritized says that an order became more or less urgent.
type Prioritized struct {
	about
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Kind is order.prioritized.
func (Prioritized) Kind() string { return "order.prioritized" }

// Assigned says who takes care of an order.
type Assigned struct {
	about
	User id.User `json:"user_id"`
}

// Kind is order.assigned.
func (Assigned) Kind() string { return "order.assigned" }

// NoteAdded says that somebody wrote a note, and whom it names.
type NoteAdded struct {
	about
	Note     id.Note   `json:"note_id"`
	Mentions []id.User `json:"mentions"`
}

// Kind is order.note_added.
func (NoteAdded) Kind() string { return "order.note_added" }

// Erased says that the personal data of an order was erased.
type Erased struct{ about }

// Kind is order.erased.
func (Erased) Kind() string { return "order.erased" }

// announce adds the facts that follow from what changed since o was loaded.
func (o *Order) announce() {
	if len(o.off) > 0 {
		o.say(LinesCancelled{o.about(), o.CancelReason, o.off, o.offSum, o.Currency, o.notify})
		o.off, o.offSum, o.notify = nil, 0, false
	}
	o.announceStatus()
	for _, c := range []Changed{
		{o.about(), "payment", string(o.was.payment), string(o.PaymentStatus)},
		{o.about(), "fulfillment", string(o.was.fulfillment), string(o.FulfillmentStatus)},
		{o.about(), "return", string(o.was.returns), string(o.ReturnStatus)},
	} {
		if c.From != c.To {
			o.say(c)
		}
	}
}

// announceStatus tells of every station on the way to the status.
func (o *Order) announceStatus() {
	was, is := o.was.status, o.Status
	if was == is {
		return
	}
	if is == StatusCancelled {
		o.say(Ended{o.about(), o.CancelReason})
		return
	}
	switch was {
	case StatusDraft:
		o.say(o.placedFact())
	case StatusPending:
		o.say(Accepted{o.about()})
	case StatusCompleted, StatusCancelled:
		o.say(Reopened{o.about()})
	}
	if is == StatusCompleted {
		o.say(Completed{o.about()})
	}
}

func (o *Order) placedFact() Placed {
	return Placed{o.about(), o.Channel, o.Status, len(o.Lines), o.Total, o.Currency}
}
