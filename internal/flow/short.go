package flow

import (
	"context"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/routing"
	"purser/internal/platform/db"
)

// Short is units of a fulfillment order that its location cannot send, and why.
type Short struct {
	Fulfillment id.Fulfillment
	Version     int64 // the version that the caller saw; 0: any
	Line        id.Line
	Quantity    int64
	Reason      string // code of one of the merchant's reasons; one that is not listed has no effect on stock
	Note        string
	Batch       id.Batch // in which it was found, if it was in one
}

// ShortPick books that units were not there, or not fit to be sent: what the
// reason says is done to the stock of the location, and the units are routed
// anew at once, before others who wait. What nobody else has is backordered with
// the place in the queue that it had. Where the stock is left as it is, the
// location is left out for the lines until somebody counts, or where the reason
// asks for no count, until units come there. Of lines and kits
// that may not be split all that is here is meant, unless the location has
// others. Since it is a fact, it is not refused because the goods are packed:
// their shipment is voided.
func ShortPick(ctx context.Context, tx *db.Tx, shorts []Short) ([]fulfillment.ShortPick, error) {
	w, err := openShorts(ctx, tx, shorts)
	if err != nil {
		return nil, err
	}
	for i := range shorts {
		if err := w.takeOff(ctx, tx, &shorts[i]); err != nil {
			return nil, err
		}
	}
	return w.rows, w.settle(ctx, tx)
}

// settle does what follows from units having been taken off their location.
func (w *shortWork) settle(ctx context.Context, tx *db.Tx) error {
	if err := w.clearShelves(tx); err != nil {
		return err
	}
	if err := inventory.Rehome(ctx, tx, w.moves); err != nil {
		return err
	}
	displaced, err := w.bookEffects(ctx, tx)
	if err != nil {
		return err
	}
	if err := w.q.displace(ctx, tx, displaced); err != nil {
		return err
	}
	if err := routing.Exclude(ctx, tx, w.exclusions); err != nil {
		return err
	}
	if err := w.q.grantTo(ctx, tx, w.lost); err != nil {
		return err
	}
	if err := w.q.fill(ctx, tx, w.variants); err != nil {
		return err
	}
	if err := fulfillment.RecordShorts(ctx, tx, w.rows); err != nil {
		return err
	}
	return w.direct(ctx, tx)
}

// direct asks for the shelves to be counted that the reasons put in doubt.
func (w *shortWork) direct(ctx context.Context, tx *db.Tx) error {
	doubted := map[id.Location][]id.Variant{}
	cause := map[id.Location]id.Any{}
	for _, r := range w.rows {
		if r.ToCount {
			doubted[r.Location] = append(doubted[r.Location], r.Variant)
			cause[r.Location] = id.Any(r.Fulfillment)
		}
	}
	for _, l := range unique(keys(doubted)) {
		if err := directCount(ctx, tx, l, doubted[l], inventory.Cause{Kind: "fulfillment", ID: cause[l]}); err != nil {
			return err
		}
	}
	return nil
}

// shortWork is what short picks of one transaction share.
type shortWork struct {
	q          *queue
	reasons    fulfillment.Reasons
	variants   []id.Variant
	levels     map[inventory.Key]inventory.Level // before anything was booked
	rows       []fulfillment.ShortPick
	moves      []inventory.Move
	exclusions []routing.Exclusion
	lost       []id.Order // that lost units and are routed anew
}

// openShorts takes the orders that are short, those whose goods may be gone with
// theirs, and those who wait for the same goods.
func openShorts(ctx context.Context, tx *db.Tx, shorts []Short) (*shortWork, error) {
	fids := make([]id.Fulfillment, len(shorts))
	for i, s := range shorts {
		fids[i] = s.Fulfillment
	}
	seen, err := fulfillment.Get(ctx, tx, fids...)
	if err != nil {
		return nil, err
	}
	w := &shortWork{variants: unique(openVariants(seen)), levels: map[inventory.Key]inventory.Level{}}
	if w.reasons, err = fulfillment.LoadReasons(ctx, tx); err != nil {
		return nil, err
	}
	var concerned []id.Order
	for _, f := range seen {
		concerned = append(concerned, f.Order)
		var empty []id.Variant
		for _, s := range shorts {
			if l := f.Line(s.Line); s.Fulfillment == f.ID && l != nil && w.reasons.Of(text.Clean(s.Reason)).Effect == fulfillment.EffectZero {
				empty = append(empty, l.Variant)
			}
		}
		others, err := fulfillment.Asked(ctx, tx, f.Location, empty)
		if err != nil {
			return nil, err
		}
		concerned = append(concerned, others...)
	}
	if w.q, err = takeWaiting(ctx, tx, w.variants, concerned...); err != nil {
		return nil, err
	}
	if err := w.q.lock(ctx, tx, append(w.variants, openVariants(w.q.fulfillments)...)); err != nil {
		return nil, err
	}
	levels, err := inventory.Lock(ctx, tx, w.variants)
	for _, l := range levels {
		w.levels[l.Key] = l
	}
	return w, err
}

// takeOff takes the units of a short pick off the work of their location.
func (w *shortWork) takeOff(ctx context.Context, tx *db.Tx, s *Short) error {
	f, err := w.work(ctx, tx, s)
	if err != nil {
		return err
	}
	reason := w.reasons.Of(text.Clean(s.Reason))
	if reason.Code == "" {
		return fault.New(fault.Invalid, "fulfillment.no_reason", "Say why the units are short.")
	}
	l := f.Line(s.Line)
	if l == nil {
		return fault.New(fault.NotFound, "fulfillment.line_not_found", "The fulfillment order has no line %s.", s.Line)
	}
	if s.Quantity < 1 || s.Quantity > l.Open() {
		return fault.New(fault.Conflict, "fulfillment.too_many", "There are %d units left to pick, not %d.", l.Open(), s.Quantity).
			With(map[string]int64{"left": l.Open()})
	}
	o := w.q.orders[f.Order]
	key := inventory.Key{Variant: l.Variant, Location: f.Location}
	units := fulfillment.Quantities{s.Line: s.Quantity}
	if level := w.levels[key]; reason.Effect != fulfillment.EffectDamaged || level.Available() < s.Quantity {
		for _, part := range inseparable(o, f, s.Line) {
			units[part.Line] = part.Open()
		}
	}
	row := fulfillment.ShortPick{
		Order: o.ID, Fulfillment: f.ID, Line: s.Line, Variant: l.Variant, Location: f.Location, Batch: s.Batch,
		Quantity: s.Quantity, Reason: reason.Code, Effect: reason.Effect, ToCount: reason.Count, Note: text.Clean(s.Note),
	}
	if reason.Effect == fulfillment.EffectDamaged {
		row.Booked = s.Quantity
	}
	w.rows = append(w.rows, row)
	for _, line := range unique(keys(units)) {
		if err := w.lose(ctx, tx, o, f, line, units[line], reason.Code); err != nil {
			return err
		}
		if reason.Effect == fulfillment.EffectNone {
			w.exclusions = append(w.exclusions, routing.Exclusion{Line: line, Location: f.Location, Order: o.ID, Fulfillment: f.ID, Cause: s.Line, Reason: reason.Code})
		}
	}
	w.lost = unique(append(w.lost, o.ID))
	w.q.causes[o.ID] = routing.CauseRejected
	return nil
}

// work is the fulfillment order of a short pick.
func (w *shortWork) work(ctx context.Context, tx *db.Tx, s *Short) (*fulfillment.Order, error) {
	i := slices.IndexFunc(w.q.fulfillments, func(f *fulfillment.Order) bool { return f.ID == s.Fulfillment })
	if i < 0 {
		done, err := fulfillment.Take(ctx, tx, s.Fulfillment)
		if err != nil {
			return nil, err
		}
		return nil, done[0].Lack(s.Line, s.Quantity, s.Reason, tx.Now()) // which refuses, and says why
	}
	f := w.q.fulfillments[i]
	return f, f.CheckVersion(s.Version)
}

// lose lets units of a line wait for stock that their location was to send.
func (w *shortWork) lose(ctx context.Context, tx *db.Tx, o *order.Order, f *fulfillment.Order, line id.Line, n int64, why string) error {
	if err := w.q.unpack(ctx, tx, f, line, n, why); err != nil {
		return err
	}
	err := withWork(o, f, func() error {
		if err := f.Lack(line, n, why, tx.Now()); err != nil {
			return err
		}
		return o.Unfill(line, n)
	})
	if err != nil {
		return err
	}
	w.q.changed[o.ID] = o
	w.wait(line, f, n)
	return nil
}

func (w *shortWork) wait(line id.Line, f *fulfillment.Order, n int64) {
	w.moves = append(w.moves, inventory.Move{
		Demand: id.Any(line), Variant: f.Line(line).Variant, From: f.Location, To: f.Location,
		FromKind: inventory.Stock, ToKind: inventory.Backorder, Quantity: n,
	})
}

// clearShelves takes off all that nobody has picked of shelves that are empty,
// whoever it was promised to.
func (w *shortWork) clearShelves(tx *db.Tx) error {
	empty := map[inventory.Key]bool{}
	for _, r := range w.rows {
		if r.Effect == fulfillment.EffectZero {
			empty[inventory.Key{Variant: r.Variant, Location: r.Location}] = true
		}
	}
	for _, f := range w.q.fulfillments {
		o := w.q.orders[f.Order]
		for _, l := range f.Lines {
			n := l.ToPick()
			if f.Status.Done() || n == 0 || !empty[inventory.Key{Variant: l.Variant, Location: f.Location}] {
				continue
			}
			err := withWork(o, f, func() error {
				if err := f.Lose(l.Line, n, "stock_gone", tx.Now()); err != nil {
					return err
				}
				return o.Unfill(l.Line, n)
			})
			if err != nil {
				return err
			}
			w.q.changed[o.ID] = o
			w.wait(l.Line, f, n)
		}
	}
	return nil
}

// bookEffects books what the reasons say of stock. It runs after the units that
// are short have given up their claims.
func (w *shortWork) bookEffects(ctx context.Context, tx *db.Tx) ([]inventory.Displaced, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	var broken []inventory.Reclass
	var gone []inventory.Posting
	cleared := map[inventory.Key]bool{}
	for i := range w.rows {
		r := &w.rows[i]
		key := inventory.Key{Variant: r.Variant, Location: r.Location}
		cause := inventory.Cause{Kind: "fulfillment", ID: id.Any(r.Fulfillment)}
		switch {
		case r.Effect == fulfillment.EffectDamaged:
			broken = append(broken, inventory.Reclass{
				Variant: r.Variant, Location: r.Location, From: inventory.Sellable, To: inventory.Damaged, Quantity: r.Booked, Reason: r.Reason, Note: r.Note, Cause: cause,
			})
		case r.Effect == fulfillment.EffectZero && !cleared[key]:
			cleared[key] = true
			postings := w.missing(key, r, cause)
			for _, p := range postings {
				r.Booked -= p.Quantity
			}
			gone = append(gone, postings...)
		}
	}
	var displaced []inventory.Displaced
	if len(broken) > 0 {
		rows, more, err := inventory.ChangeState(ctx, tx, b.stock(), broken)
		if err != nil {
			return nil, err
		}
		displaced = append(displaced, more...)
		if err := b.bookMovements(ctx, tx, ruleOfChanges, rows); err != nil {
			return nil, err
		}
	}
	if len(gone) > 0 {
		rows, more, err := inventory.Adjust(ctx, tx, b.stock(), gone)
		if err != nil {
			return nil, err
		}
		displaced = append(displaced, more...)
		return displaced, b.bookMovements(ctx, tx, ruleOfAdjustments, rows)
	}
	return displaced, nil
}

// missing is what is to be booked away of a shelf that is empty: all that was
// good to be sold, but for what was picked and has not left. Safety stock lies in
// the same shelf.
func (w *shortWork) missing(key inventory.Key, r *fulfillment.ShortPick, cause inventory.Cause) []inventory.Posting {
	level := w.levels[key]
	gone := level.OnHand - level.Damaged - level.QualityControl
	for _, f := range w.q.fulfillments {
		for _, l := range f.Lines {
			if f.Location == key.Location && l.Variant == key.Variant && !f.Status.Done() {
				gone -= l.Picked
			}
		}
	}
	for _, other := range w.rows { // what is damaged of it is booked as such
		if other.Effect == fulfillment.EffectDamaged && other.Variant == key.Variant && other.Location == key.Location {
			gone -= other.Booked
		}
	}
	var postings []inventory.Posting
	post := func(state inventory.State, n int64) {
		if n > 0 {
			postings = append(postings, inventory.Posting{
				Variant: key.Variant, Location: key.Location, State: state, Quantity: -n, Reason: r.Reason, Note: r.Note, Cause: cause,
			})
		}
	}
	safety := min(max(gone, 0), level.Safety)
	post(inventory.Safety, safety)
	post(inventory.Sellable, gone-safety)
	return postings
}

// unpack voids shipments that have not left until n units of a line are in none,
// the newest first.
func (q *queue) unpack(ctx context.Context, tx *db.Tx, f *fulfillment.Order, line id.Line, n int64, why string) error {
	if f.Line(line).Free() >= n {
		return nil
	}
	packed, err := fulfillment.TakePacked(ctx, tx, f.ID)
	if err != nil {
		return err
	}
	var voided []*fulfillment.Shipment
	for _, s := range packed {
		if f.Line(line).Free() >= n {
			break
		}
		if !slices.ContainsFunc(s.Lines, func(l fulfillment.ShipmentLine) bool { return l.Line == line }) {
			continue
		}
		if err := f.Void(s, why); err != nil {
			return err
		}
		voided = append(voided, s)
	}
	return fulfillment.SaveShipments(ctx, tx, voided)
}

// believe lets a location where variants were counted be asked again for the lines
// of which it was short.
func believe(ctx context.Context, tx *db.Tx, location id.Location, counted ...id.Variant) error {
	shorts, err := fulfillment.Counted(ctx, tx, location, counted)
	if err != nil {
		return err
	}
	return trust(ctx, tx, shorts)
}

// believeArrivals lets locations be asked again for what they were short of for no
// reason that is to be counted, since units came there.
func believeArrivals(ctx context.Context, tx *db.Tx, rows []inventory.Movement) error {
	came := map[id.Location][]id.Variant{}
	for _, m := range rows {
		if m.Quantity > 0 && m.State == inventory.Sellable {
			came[m.Location] = append(came[m.Location], m.Variant)
		}
	}
	for _, l := range unique(keys(came)) {
		shorts, err := fulfillment.Arrived(ctx, tx, l, came[l])
		if err != nil {
			return err
		}
		if err := trust(ctx, tx, shorts); err != nil {
			return err
		}
	}
	return nil
}

func trust(ctx context.Context, tx *db.Tx, shorts []fulfillment.ShortPick) error {
	for _, s := range shorts {
		if s.Effect != fulfillment.EffectNone {
			continue // the location was not left out
		}
		if err := routing.Trust(ctx, tx, s.Order, s.Fulfillment, s.Line); err != nil {
			return err
		}
	}
	return nil
}
