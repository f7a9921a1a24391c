package flow

import (
	"context"
	"encoding/json"
	"fmt"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/catalog"
	"purser/internal/domain/change"
	"purser/internal/domain/channel"
	"purser/internal/domain/customer"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// changing is a set of changes on its way to be confirmed.
type changing struct {
	set       *change.Set
	order     *order.Order
	queue     *queue
	books     books
	desk      *desk
	due       int64 // before
	total     int64
	discounts int64
	place     geo.Address       // where the goods went before
	cancelled []order.Cancelled // what the actions took off
	owe       bool              // what is missing of what comes is owed, whatever the variant says
	buyer     *customer.Conditions
	undone    *change.Set // by this one
	exchange  *exchanging
}

// openChanging begins to do what a set says to its order, which was taken.
func openChanging(ctx context.Context, tx *db.Tx, q *queue, s *change.Set) (*changing, error) {
	if err := s.MayConfirm(); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	o := q.orders[s.Order]
	x := &changing{set: s, order: o, queue: q, books: b, due: o.Due(), total: o.Total, discounts: o.DiscountTotal, place: placeOf(o)}
	return x, x.openDesk(ctx, tx)
}

// openDesk reads what is known of what the actions name.
func (x *changing) openDesk(ctx context.Context, tx *db.Tx) error {
	d, err := openDesk(ctx, tx, nil)
	if err != nil {
		return err
	}
	x.desk = d
	if d.channels, err = channel.Many(ctx, tx, []id.Channel{x.order.Channel}); err != nil {
		return err
	}
	var variants []id.Variant
	for _, l := range x.order.Lines {
		if !l.Variant.IsZero() {
			variants = append(variants, l.Variant)
		}
	}
	for _, a := range x.set.Actions.V {
		if !a.Variant.IsZero() {
			variants = append(variants, a.Variant)
		}
		x.owe = x.owe || a.Owe
	}
	return d.learn(ctx, tx, unique(variants))
}

// act does the actions of the set to the order, in memory.
func (x *changing) act(ctx context.Context, tx *db.Tx) error {
	for i, a := range x.set.Actions.V {
		step := steps[a.Kind]
		if step == nil {
			return known([]change.Action{a})
		}
		if err := step(ctx, tx, x, a); err != nil {
			if f, ok := fault.As(err); ok && len(x.set.Actions.V) > 1 {
				told := *f
				told.Message = fmt.Sprintf("Action %d (%s): %s", i+1, a.Kind, f.Message)
				return &told
			}
			return err
		}
	}
	x.order.Refresh(tx.Now())
	return nil
}

// steps are the actions and how they are done: in memory, to the order.
var steps map[change.ActionKind]func(context.Context, *db.Tx, *changing, change.Action) error

func init() { // the steps read the table themselves, by known
	steps = map[change.ActionKind]func(context.Context, *db.Tx, *changing, change.Action) error{
		change.SetQuantity: func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error { return x.setQuantity(a) },
		change.AddLine: func(ctx context.Context, tx *db.Tx, x *changing, a change.Action) error {
			return x.addLine(ctx, tx, a, nil)
		},
		change.RemoveLine:  func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error { return x.removeLine(a) },
		change.SwapVariant: swapVariant,
		change.SetPrice: func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
			if a.UnitPrice == nil {
				return missing("unit_price")
			}
			return x.order.SetPrice(a.Line, *a.UnitPrice)
		},
		change.AddLineDiscount:  addDiscount,
		change.AddOrderDiscount: addDiscount,
		change.RemoveDiscount: func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
			return x.order.RemoveDiscount(a.Discount)
		},
		change.AddCharge: addCharge,
		change.SetCharge: func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
			if a.Amount == nil {
				return missing("amount")
			}
			return x.order.SetCharge(a.Charge, *a.Amount, a.Title)
		},
		change.RemoveCharge: func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
			return x.order.RemoveCharge(a.Charge)
		},
		change.SetAddresses: setAddresses,
		change.SetContact:   setContact,
		change.SetShippingMethod: func(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
			return x.order.SetShippingMethod(a.Title)
		},
		change.SwapUnits: exchangeUnits,
		change.Undo:      undo,
	}
}

func missing(field string) error {
	return fault.Fields{field: "is missing"}.Err("change.bad_action", "The action is not complete.")
}

// reason is what an edit that takes units off says why.
func (x *changing) reason() order.CancelReason {
	for _, r := range order.CancelReasons {
		if x.set.Reason == string(r) {
			return r
		}
	}
	return order.CancelStaff
}

func (x *changing) remove(line id.Line, n int64) error {
	off, err := x.order.Remove(line, n, x.reason())
	x.cancelled = append(x.cancelled, off...)
	return err
}

// setQuantity gives a line as many units as an action says, of which what was
// shipped is a part.
func (x *changing) setQuantity(a change.Action) error {
	l := x.order.Line(a.Line)
	if l == nil {
		return fault.New(fault.NotFound, "order.line_not_found", "Order %d has no line %s.", x.order.Number, a.Line)
	}
	if a.Quantity < 0 {
		return fault.Fields{"quantity": "is negative"}.Err("change.bad_action", "The quantity cannot be set.")
	}
	switch more := a.Quantity - x.order.Remaining(l); {
	case more > 0:
		return x.order.AddUnits(a.Line, more)
	case more < 0:
		return x.remove(a.Line, -more)
	}
	return nil
}

// removeLine takes all of a line off that was neither shipped nor invoiced.
func (x *changing) removeLine(a change.Action) error {
	n := x.order.Removable(a.Line)
	if l := x.order.Line(a.Line); l != nil && n == 0 {
		return fault.New(fault.Conflict, "order.nothing_left", "Nothing of %s is left to be taken off: it was shipped, invoiced or cancelled.", l.SKU)
	}
	return x.remove(a.Line, n)
}

// swapVariant sends another variant instead of what is left of a line.
func swapVariant(ctx context.Context, tx *db.Tx, x *changing, a change.Action) error {
	old := x.order.Line(a.Line)
	n := x.order.Removable(a.Line)
	if a.Quantity > 0 {
		n = min(n, a.Quantity)
	}
	if old == nil || n == 0 {
		return x.removeLine(a)
	}
	if err := x.remove(a.Line, n); err != nil {
		return err
	}
	a.Quantity = n
	return x.addLine(ctx, tx, a, old)
}

// addLine adds a line of a variant, or a service that has a title alone. like is
// the line that it stands in for, if any.
func (x *changing) addLine(ctx context.Context, r *db.Tx, a change.Action, like *order.Line) error {
	in := order.DraftLine{Variant: a.Variant, Title: a.Title, SKU: a.Code, Quantity: a.Quantity}
	if a.Variant.IsZero() {
		if a.UnitPrice == nil {
			return missing("unit_price")
		}
		in.Kind = order.KindService
	} else if err := x.desk.completeLine(&in, x.desk.channels[x.order.Channel]); err != nil {
		return err
	}
	if like != nil {
		in.ShipBy, in.DeliverBy, in.TaxRate = like.ShipBy, like.DeliverBy, like.TaxRate
		in.TaxReason, in.TaxNote = like.TaxReason, like.TaxNote
	}
	switch {
	case a.TaxRate != nil:
		in.TaxRate, in.TaxReason, in.TaxNote = *a.TaxRate, "", ""
	case like == nil:
		taxed, err := x.taxedLike(a.Variant)
		if err != nil {
			return err
		}
		in.TaxRate, in.TaxReason, in.TaxNote = taxed.TaxRate, taxed.TaxReason, taxed.TaxNote
	}
	if a.UnitPrice != nil {
		in.UnitPrice = *a.UnitPrice
	} else {
		price, err := x.listPrice(ctx, r, in)
		if err != nil {
			return err
		}
		in.UnitPrice = price
	}
	_, err := x.order.AddLine(in, r.Now())
	return err
}

// taxedLike is a line whose tax a line that is added has, too: one of the same
// variant in the order, or any where all lines share a rate.
func (x *changing) taxedLike(v id.Variant) (*order.Line, error) {
	rates := map[money.Rate]bool{}
	var last *order.Line
	for _, l := range x.order.Lines {
		if l.Variant == v && !v.IsZero() {
			return l, nil
		}
		last = l
		rates[l.TaxRate] = true
	}
	if len(rates) == 1 {
		return last, nil
	}
	return nil, fault.Fields{"tax_ppm": "is missing: the lines of the order have several rates"}.Err("change.bad_action", "The line has no tax rate.")
}

// listPrice is what the price lists of the buyer, the channel and the company say.
func (x *changing) listPrice(ctx context.Context, r db.Reader, in order.DraftLine) (money.Micros, error) {
	o := x.order
	if x.buyer == nil {
		found, err := customer.TermsFor(ctx, r, []customer.Buyer{{Customer: o.Customer, Company: o.Company, Location: o.CompanyLocation}})
		if err != nil {
			return 0, err
		}
		x.buyer = &found[0]
	}
	lists := x.buyer.PriceLists
	if ch := x.desk.channels[o.Channel]; !ch.PriceListID.IsZero() {
		lists = append(lists, ch.PriceListID)
	}
	found, err := catalog.Prices(ctx, r, []id.Variant{in.Variant}, lists, o.Currency, x.desk.now)
	if err != nil {
		return 0, err
	}
	price, ok := catalog.PriceAt(found[in.Variant], max(in.Quantity, 1))
	if !ok {
		return 0, fault.Fields{"unit_price": fmt.Sprintf("is missing, and no price list has a price of %s in %s", in.SKU, o.Currency)}.
			Err("order.no_price", "The line has no price.")
	}
	return price, nil
}

func addDiscount(_ context.Context, tx *db.Tx, x *changing, a change.Action) error {
	in := order.DraftDiscount{Kind: order.DiscountKind(a.DiscountKind), Rate: a.Rate, Code: a.Code, Title: a.Title}
	if a.Amount != nil {
		in.Amount = *a.Amount
	}
	if a.Kind == change.AddOrderDiscount {
		a.Line = id.Line{}
	} else if a.Line.IsZero() {
		return missing("line_id")
	}
	_, err := x.order.AddDiscount(a.Line, in, tx.Now())
	return err
}

func addCharge(_ context.Context, tx *db.Tx, x *changing, a change.Action) error {
	if a.Amount == nil {
		return missing("amount")
	}
	in := order.DraftCharge{Kind: order.ChargeKind(a.ChargeKind), Code: a.Code, Title: a.Title, Amount: *a.Amount}
	if a.TaxRate != nil {
		in.TaxRate = *a.TaxRate
	}
	_, err := x.order.AddCharge(in, tx.Now())
	return err
}

// Contact is the Data of a change.SetContact action.
type Contact struct {
	Email string `json:"email"`
	Phone string `json:"phone"`
}

// Addresses is the Data of a change.SetAddresses action.
type Addresses struct {
	ShipTo *address.Address `json:"ship_to,omitempty"`
	BillTo *address.Address `json:"bill_to,omitempty"`
}

// undoing is the Data of a change.Undo action.
type undoing struct {
	Set id.Change `json:"change_id"`
}

// read reads the Data of an action.
func read(a change.Action, into any) error {
	if err := json.Unmarshal(a.Data, into); err != nil {
		return fault.Fields{"data": "cannot be read: " + err.Error()}.Err("change.bad_action", "The action is not complete.")
	}
	return nil
}

func setAddresses(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
	var in Addresses
	if err := read(a, &in); err != nil {
		return err
	}
	if err := x.order.MayEdit(); err != nil {
		return err
	}
	return x.order.SetAddresses(in.ShipTo, in.BillTo)
}

func setContact(_ context.Context, _ *db.Tx, x *changing, a change.Action) error {
	in := Contact{Email: x.order.Email, Phone: x.order.Phone}
	if err := read(a, &in); err != nil {
		return err
	}
	return x.order.SetContact(in.Email, in.Phone)
}

// undo restores what was agreed before another set.
func undo(ctx context.Context, tx *db.Tx, x *changing, a change.Action) error {
	var in undoing
	if err := read(a, &in); err != nil {
		return err
	}
	s, err := change.Take(ctx, tx, in.Set)
	if err != nil {
		return err
	}
	if err := s.UndoBy(x.set); err != nil {
		return err
	}
	if x.undone = s; s.Kind == change.Exchange && !s.Undoes.IsZero() {
		return fault.New(fault.Conflict, "change.exchange_undone", "The exchange was undone, and its return with it: make a new one.")
	}
	if len(s.Before) == 0 {
		return fault.New(fault.Conflict, "change.erased", "The customer's data was erased since: what was agreed before the change is not known any more.")
	}
	var before, after order.Agreement
	if err := json.Unmarshal(s.Before, &before); err != nil {
		return err
	}
	if err := json.Unmarshal(s.After, &after); err != nil {
		return err
	}
	off, err := x.order.Restore(before, after)
	x.cancelled = append(x.cancelled, off...)
	return err
}
