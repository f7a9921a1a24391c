package flow

import (
	"cmp"
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// SubmitRequest asks a partner for the goods of a fulfillment order, as a job does
// once it is released. What was answered or withdrawn is left alone, so that a job
// may come twice.
func SubmitRequest(ctx context.Context, d *db.DB, partners fulfillment.Partners, fid id.Fulfillment) error {
	return fulfillment.Ask(ctx, d, partners,
		func(ctx context.Context, tx *db.Tx) (fulfillment.RequestRow, bool, error) {
			return beginRequest(ctx, tx, fid)
		},
		fulfillment.Partner.Submit,
		func(ctx context.Context, tx *db.Tx, a fulfillment.Answer) error {
			_, err := AnswerRequest(ctx, tx, fid, 0, a)
			return unlessAnswered(err)
		})
}

// unlessAnswered forgets that a person was faster than the partner's own answer.
func unlessAnswered(err error) error {
	if fault.Is(err, "fulfillment.request") {
		return nil
	}
	return err
}

// beginRequest says what a partner is asked for.
func beginRequest(ctx context.Context, tx *db.Tx, fid id.Fulfillment) (row fulfillment.RequestRow, ok bool, err error) {
	d, err := openDock(ctx, tx, []id.Fulfillment{fid})
	if err != nil {
		return row, false, err
	}
	f := d.fulfillments[fid]
	o, was := d.orders[f.Order], f.Request
	err = withWork(o, f, func() error {
		ok = f.Submit()
		return nil
	})
	if err != nil || !ok {
		return row, false, err
	}
	if err := d.mayLeave(f); err != nil {
		return row, false, err // the job comes again
	}
	at, err := inventory.GetLocation(ctx, tx, f.Location)
	if err != nil {
		return row, false, err
	}
	if row, err = fulfillment.TryRequest(ctx, tx, f, at.Partner, requestOf(o, f)); err != nil || was == f.Request {
		return row, true, err
	}
	if err := fulfillment.Save(ctx, tx, d.saved()); err != nil {
		return row, false, err
	}
	return row, true, order.Save(ctx, tx, sorted(d.orders))
}

func requestOf(o *order.Order, f *fulfillment.Order) fulfillment.Request {
	r := fulfillment.Request{
		OrderNumber: o.Number, Order: o.ID, Fulfillment: f.ID, Location: f.Location, Dropship: f.Kind == fulfillment.KindDropship,
		ShipTo: o.ShipTo.V, ShipBy: f.ShipBy,
	}
	for _, l := range f.Lines {
		if n := l.Open(); n > 0 {
			line := o.Line(l.Line)
			r.Lines = append(r.Lines, fulfillment.RequestLine{Line: l.Line, SKU: line.SKU, Title: line.Title, Quantity: n})
		}
	}
	return r
}

// ResendRequest has a partner asked again who has not answered.
func ResendRequest(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64) (*fulfillment.Order, error) {
	return onFulfillment(ctx, tx, fid, version, func(_ *order.Order, f *fulfillment.Order) error {
		switch f.Request {
		case fulfillment.RequestUnsubmitted, fulfillment.RequestSubmitted:
			return job.Enqueue(ctx, tx, fulfillment.SubmitJob{Fulfillment: fid})
		case fulfillment.RequestCancellation:
			return job.Enqueue(ctx, tx, fulfillment.CancelJob{Fulfillment: fid})
		}
		return f.Accept() // which refuses, and says how far it is
	})
}

// AnswerRequest books what a partner said to a request. What he will not send is
// routed anew without him.
func AnswerRequest(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, a fulfillment.Answer) (*fulfillment.Order, error) {
	if a.State == fulfillment.Refuses {
		f, err := fulfillmentOf(ctx, tx, fid)
		if err == nil {
			err = f.Refusable()
		}
		if err != nil {
			return nil, err
		}
		gone, err := Reject(ctx, tx, Rejection{Fulfillment: fid, Version: version, Reason: cmp.Or(a.Reason, "refused by the partner")})
		if err != nil {
			return nil, err
		}
		return gone, fulfillment.KeepAnswer(ctx, tx, fid, a.Reference, a.Reason)
	}
	return onFulfillment(ctx, tx, fid, version, func(_ *order.Order, f *fulfillment.Order) error {
		if a.State == fulfillment.Accepted {
			if err := f.Accept(); err != nil {
				return err
			}
		}
		return fulfillment.KeepAnswer(ctx, tx, fid, a.Reference, a.Reason)
	})
}

// CancelRequest asks a partner not to send goods. Once he says so, they are given
// to another location, or taken off the order: until then he may be sending them.
func CancelRequest(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, reason string) (*fulfillment.Order, error) {
	return onFulfillment(ctx, tx, fid, version, func(_ *order.Order, f *fulfillment.Order) error {
		if err := f.AskCancellation(reason); err != nil || f.Request != fulfillment.RequestCancellation {
			return err
		}
		return job.Enqueue(ctx, tx, fulfillment.CancelJob{Fulfillment: fid})
	})
}

// SubmitCancellation asks a partner not to send goods, as a job does.
func SubmitCancellation(ctx context.Context, d *db.DB, partners fulfillment.Partners, fid id.Fulfillment) error {
	return fulfillment.Ask(ctx, d, partners,
		func(ctx context.Context, tx *db.Tx) (fulfillment.RequestRow, bool, error) {
			f, err := fulfillmentOf(ctx, tx, fid)
			if err != nil || f.Request != fulfillment.RequestCancellation || f.Status.Done() {
				return fulfillment.RequestRow{}, false, err
			}
			return fulfillment.RequestOf(ctx, tx, fid)
		},
		fulfillment.Partner.Cancel,
		func(ctx context.Context, tx *db.Tx, a fulfillment.Answer) error {
			if a.State == fulfillment.Pending {
				return nil
			}
			_, err := AnswerCancellation(ctx, tx, fid, 0, a.State == fulfillment.Accepted, a.Reason)
			return unlessAnswered(err)
		})
}

// AnswerCancellation books whether a partner does not send the goods.
func AnswerCancellation(ctx context.Context, tx *db.Tx, fid id.Fulfillment, version int64, accepted bool, reason string) (*fulfillment.Order, error) {
	return onFulfillment(ctx, tx, fid, version, func(_ *order.Order, f *fulfillment.Order) error {
		if err := f.AnswerCancellation(accepted, reason); err != nil {
			return err
		}
		return fulfillment.KeepAnswer(ctx, tx, fid, "", reason)
	})
}

// way is the way in which an order reaches its customer from a location.
func (d *desk) way(o *order.Order, at id.Location) fulfillment.Kind {
	for i := range d.locations {
		if l := &d.locations[i]; l.ID == at {
			return wayFrom(o, l)
		}
	}
	return wayFrom(o, &inventory.Location{})
}

func wayFrom(o *order.Order, l *inventory.Location) fulfillment.Kind {
	switch {
	case !o.Pickup.IsZero():
		return fulfillment.KindPickup
	case l.Kind == inventory.ThirdParty:
		return fulfillment.KindThirdParty
	case l.Kind == inventory.Supplier:
		return fulfillment.KindDropship
	}
	return fulfillment.KindShip
}
