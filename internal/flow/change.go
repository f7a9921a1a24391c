package flow

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// NewChange is what is to be changed of an order that was placed.
type NewChange struct {
	Order   id.Order
	Version int64 // the version that the caller saw; 0: any
	Kind    change.Kind
	Actions []change.Action
	Reason  string
	Note    string
}

// OpenChange writes a set of changes, which changes nothing yet. An order has one
// open set at a time.
func OpenChange(ctx context.Context, tx *db.Tx, in NewChange) (*change.Set, error) {
	taken, err := order.Take(ctx, tx, in.Order)
	if err != nil {
		return nil, err
	}
	return draftChange(ctx, tx, taken[0], in)
}

// draftChange writes a set of changes of a taken order.
func draftChange(ctx context.Context, tx *db.Tx, o *order.Order, in NewChange) (*change.Set, error) {
	if err := o.CheckVersion(in.Version); err != nil {
		return nil, err
	}
	if err := o.MayEdit(); err != nil {
		return nil, err
	}
	if err := fits(in.Kind, in.Actions); err != nil {
		return nil, err
	}
	s, err := change.New(tx.Now(), o.ID, o.Version, in.Kind, in.Actions, in.Reason, in.Note)
	if err != nil {
		return nil, err
	}
	return s, change.Insert(ctx, tx, s)
}

// ReviseChange takes a draft of changes, lets revise add or remove actions, and
// saves it.
func ReviseChange(ctx context.Context, tx *db.Tx, set id.Change, version int64, revise func(*change.Set, *order.Order) error) (*change.Set, error) {
	s, o, err := takeChange(ctx, tx, set, version)
	if err != nil {
		return nil, err
	}
	if err := revise(s, o); err != nil {
		return nil, err
	}
	if err := fits(s.Kind, s.Actions.V); err != nil {
		return nil, err
	}
	return s, change.Save(ctx, tx, s)
}

// RebaseChange says that a draft, made on an older version of its order, is meant
// for the order as it is now.
func RebaseChange(ctx context.Context, tx *db.Tx, set id.Change, version int64) (*change.Set, error) {
	return ReviseChange(ctx, tx, set, version, func(s *change.Set, o *order.Order) error {
		return s.Rebase(o.Version, tx.Now())
	})
}

// DeclineChange refuses a set that waits for an approval.
func DeclineChange(ctx context.Context, tx *db.Tx, set id.Change, version int64) (*change.Set, error) {
	return ReviseChange(ctx, tx, set, version, func(s *change.Set, _ *order.Order) error {
		return s.Decline(tx.Now(), auth.Actor(ctx))
	})
}

// CancelChange drops an open set.
func CancelChange(ctx context.Context, tx *db.Tx, set id.Change, version int64) (*change.Set, error) {
	return ReviseChange(ctx, tx, set, version, func(s *change.Set, _ *order.Order) error {
		return s.Cancel(tx.Now(), auth.Actor(ctx))
	})
}

// takeChange locks a set behind its order.
func takeChange(ctx context.Context, tx *db.Tx, set id.Change, version int64) (*change.Set, *order.Order, error) {
	seen, err := change.Get(ctx, tx, set)
	if err != nil {
		return nil, nil, err
	}
	taken, err := order.Take(ctx, tx, seen.Order)
	if err != nil {
		return nil, nil, err
	}
	s, err := change.Take(ctx, tx, set)
	if err != nil {
		return nil, nil, err
	}
	return s, taken[0], s.CheckVersion(version)
}

// known refuses actions that nobody knows how to do.
func known(actions []change.Action) error {
	f := fault.Fields{}
	for i, a := range actions {
		if steps[a.Kind] == nil {
			f.Add(field("actions", i, "kind"), "%q is no action", a.Kind)
		}
	}
	return f.Err("change.unknown_action", "The change has actions that nobody knows how to do.")
}

// Settlement says what becomes of money that the customer has paid too much once
// a change is confirmed.
type Settlement string

// The settlements. Nothing is ever charged: what is owed more is shown.
const (
	SettleNothing Settlement = "none"
	SettleRefund  Settlement = "refund"
)

// Confirmation says how a set of changes is confirmed.
type Confirmation struct {
	Set        id.Change
	Version    int64 // of the set, that the caller saw; 0: any
	Settlement Settlement
}

// Outcome is what a set of changes does to its order.
type Outcome struct {
	Set           *change.Set
	Before, After Picture
	Differences   []order.Difference
	Collect       int64           // owed, and neither paid nor authorized, without what goods in exchange are worth
	GiveBack      int64           // paid too much
	AfterReceipt  int64           // of an exchange: will have been paid too much once its goods came
	Return        *returns.Return // that an exchange made, or belongs to
	NeedsApproval string          // why; empty: nobody else has to approve of it
	Stale         *Stale          // the order was changed since the set was made
}

// Stale tells how an order has moved on since a set of changes was made on it.
type Stale struct {
	Base    int64    `json:"base_version"`
	Version int64    `json:"version"`
	Since   []string `json:"since" doc:"Kinds of the events since."`
}

// ConfirmChange does all that a set says, or nothing. A set that was made on
// another version of its order is refused, and one that needs an approval is
// requested, until somebody else confirms it.
func ConfirmChange(ctx context.Context, tx *db.Tx, c Confirmation) (Outcome, error) {
	return confirmChange(ctx, tx, c, false)
}

func confirmChange(ctx context.Context, tx *db.Tx, c Confirmation, trial bool) (Outcome, error) {
	seen, err := change.Get(ctx, tx, c.Set)
	if err != nil {
		return Outcome{}, err
	}
	q, err := takeToChange(ctx, tx, seen.Order)
	if err != nil {
		return Outcome{}, err
	}
	s, err := change.Take(ctx, tx, c.Set)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.CheckVersion(c.Version); err != nil {
		return Outcome{}, err
	}
	return doChange(ctx, tx, q, s, c.Settlement, trial)
}

// takeToChange takes an order together with those who wait for what it holds, all
// at once, so that no two changes wait for each other.
func takeToChange(ctx context.Context, tx *db.Tx, oid id.Order) (*queue, error) {
	work, err := fulfillment.ByOrder(ctx, tx, []id.Order{oid})
	if err != nil {
		return nil, err
	}
	return takeWaiting(ctx, tx, openVariants(work[oid]), oid)
}

// PreviewChange tells what confirming a set would do, by doing it and taking it
// back, so that it cannot tell anything else.
func PreviewChange(ctx context.Context, d *db.DB, c Confirmation) (out Outcome, err error) {
	err = d.Try(ctx, func(tx *db.Tx) (err error) {
		out, err = confirmChange(ctx, tx, c, true)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	out.Set, err = change.Get(ctx, d, c.Set)
	return out, err
}

// EditOrder writes a set of changes and confirms it at once.
func EditOrder(ctx context.Context, tx *db.Tx, in NewChange, settle Settlement) (Outcome, error) {
	q, err := takeToChange(ctx, tx, in.Order)
	if err != nil {
		return Outcome{}, err
	}
	s, err := draftChange(ctx, tx, q.orders[in.Order], in)
	if err != nil {
		return Outcome{}, err
	}
	return doChange(ctx, tx, q, s, settle, false)
}

// Readdress sends an order, or its bill, to another address. What locations were
// asked to send of it, or it waits for, is planned anew, by a set of changes that
// is kept like any other.
func Readdress(ctx context.Context, tx *db.Tx, oid id.Order, version int64, to Addresses) error {
	o, err := order.Get(ctx, tx, oid)
	if err != nil {
		return err
	}
	planned := o.Status != order.StatusDraft && slices.ContainsFunc(o.Lines, func(l *order.Line) bool { return l.Goods() && l.Open() > 0 })
	if to.ShipTo == nil || !planned {
		_, err := ChangeOrder(ctx, tx, oid, version, func(o *order.Order) error { return o.SetAddresses(to.ShipTo, to.BillTo) })
		return err
	}
	data, err := json.Marshal(to)
	if err != nil {
		return err
	}
	_, err = EditOrder(ctx, tx, NewChange{
		Order: oid, Version: version, Kind: change.Edit, Actions: []change.Action{{Kind: change.SetAddresses, Data: data}}, Reason: "address",
	}, SettleNothing)
	return err
}

// UndoChange takes back what a confirmed set did, by a set of its own: units that
// were taken off come back, units and lines that came are taken off, prices and
// all else are as before. It is refused where that was shipped, invoiced or
// changed meanwhile.
func UndoChange(ctx context.Context, tx *db.Tx, set id.Change, version int64, settle Settlement) (Outcome, error) {
	seen, err := change.Get(ctx, tx, set)
	if err != nil {
		return Outcome{}, err
	}
	q, err := takeToChange(ctx, tx, seen.Order)
	if err != nil {
		return Outcome{}, err
	}
	s, err := change.Take(ctx, tx, set)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.CheckVersion(version); err != nil {
		return Outcome{}, err
	}
	data, err := json.Marshal(undoing{s.ID})
	if err != nil {
		return Outcome{}, err
	}
	counter, err := change.New(tx.Now(), s.Order, q.orders[s.Order].Version, s.Kind, []change.Action{{Kind: change.Undo, Data: data}}, "undo", "")
	if err != nil {
		return Outcome{}, err
	}
	if err := change.Insert(ctx, tx, counter); err != nil {
		return Outcome{}, err
	}
	return doChange(ctx, tx, q, counter, settle, false)
}

// doChange does what a set says to its order, which was taken.
func doChange(ctx context.Context, tx *db.Tx, q *queue, s *change.Set, settle Settlement, trial bool) (Outcome, error) {
	x, err := openChanging(ctx, tx, q, s)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Set: x.set}
	if out.Stale, err = x.stale(ctx, tx); err != nil {
		return out, err
	}
	if s := out.Stale; s != nil && !trial {
		return out, fault.New(fault.Stale, "change.order_moved_on",
			"The change was made on version %d of order %d, which has version %d now (%s): look at it again, and base it on this version.",
			s.Base, x.order.Number, s.Version, strings.Join(s.Since, ", ")).With(*s)
	}
	if out.Before, err = pictureOf(ctx, tx, x.order.ID); err != nil {
		return out, err
	}
	before := x.order.Agreement()
	if err := x.act(ctx, tx); err != nil {
		return out, err
	}
	if out.NeedsApproval, err = x.needsApproval(ctx, tx); err != nil {
		return out, err
	}
	if out.NeedsApproval != "" && !trial {
		return out, x.request(ctx, tx, out.NeedsApproval)
	}
	if out.Return, err = x.linkReturn(ctx, tx, before); err != nil {
		return out, err
	}
	if err := x.move(ctx, tx); err != nil {
		return out, err
	}
	after := x.order.Agreement()
	out.Differences = order.Compare(before, after)
	out.Collect = max(x.order.Asked()-x.order.Authorized, 0)
	out.GiveBack = max(-x.order.Balance(), 0)
	if x.order.Awaited > 0 {
		out.AfterReceipt = max(-x.order.Asked(), 0) - out.GiveBack
	}
	if err := x.close(ctx, tx, before, after); err != nil {
		return out, err
	}
	if settle == SettleRefund && out.GiveBack > 0 {
		if err := Refund(ctx, tx, []Refunding{{Order: x.order.ID, Amount: out.GiveBack, Reason: "order changed"}}); err != nil {
			return out, err
		}
	}
	out.After, err = pictureOf(ctx, tx, x.order.ID)
	return out, err
}

// stale tells how the order has moved on since the set was made.
func (x *changing) stale(ctx context.Context, r db.Reader) (*Stale, error) {
	if x.set.Base == x.order.Version {
		return nil, nil
	}
	events, err := event.Of(ctx, r, x.order.ID, 100)
	if err != nil {
		return nil, err
	}
	s := &Stale{Base: x.set.Base, Version: x.order.Version, Since: []string{}}
	for _, e := range events {
		if e.At.After(x.set.BaseAt) && !strings.HasPrefix(e.Kind, "change.") && !slices.Contains(s.Since, e.Kind) {
			s.Since = append(s.Since, e.Kind)
		}
	}
	return s, nil
}

// close writes what was agreed before and after into the set.
func (x *changing) close(ctx context.Context, tx *db.Tx, before, after order.Agreement) error {
	was, err := json.Marshal(before)
	if err != nil {
		return err
	}
	is, err := json.Marshal(after)
	if err != nil {
		return err
	}
	if err := x.set.Confirm(tx.Now(), auth.Actor(ctx), was, is); err != nil {
		return err
	}
	if x.undone != nil {
		if err := change.Save(ctx, tx, x.undone); err != nil {
			return err
		}
	}
	return change.Save(ctx, tx, x.set)
}
