package api

import (
	"context"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/channel"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/domain/webhook"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
	"purser/internal/platform/setting"
	"purser/internal/view"
)

// MendInput is what a person must say for a mend, as its needs tell.
type MendInput struct {
	VariantID id.Variant       `json:"variant_id,omitzero" doc:"For map: which variant the article is."`
	ShipTo    *address.Address `json:"ship_to,omitempty" doc:"For correct_address."`
	Rate      string           `json:"rate,omitempty" doc:"For set_rate: base currency for one unit, as a decimal number."`
	Date      string           `json:"date,omitempty" format:"date" doc:"For set_rate: the day from which it counts; today, if it is left out."`
}

// menderOf names a mend.
type menderOf struct {
	kind view.ExceptionKind
	code string
}

// mender does what the request of a mend does, with the permission that the
// request asks for.
type mender struct {
	permission auth.Permission
	do         func(ctx context.Context, tx *db.Tx, e view.Exception, in MendInput) error
}

func (m mender) may(ctx context.Context, e view.Exception) error {
	if e.Location.IsZero() {
		return auth.Require(ctx, m.permission)
	}
	return auth.RequireAt(ctx, m.permission, e.Location)
}

// mend does one of the mends that an exception has now.
func mend(ctx context.Context, tx *db.Tx, e view.Exception, code string, in MendInput) error {
	m, ok := menders[menderOf{e.Kind, code}]
	has := false
	for _, offered := range e.Mends {
		has = has || offered.Code == code
	}
	if !ok || !has {
		return fault.New(fault.Conflict, "exception.no_such_mend", "%q does not mend this: look at its mends again.", code)
	}
	if err := m.may(ctx, e); err != nil {
		return err
	}
	return m.do(ctx, tx, e, in)
}

func gone(err error) bool { return fault.Is(err, "exception.not_found") }

var menders = map[menderOf]mender{
	{view.UnmappedListing, view.MendMap}: {auth.ChannelWrite, mapListing},
	{view.BadAddress, view.MendAddress}: {auth.OrderWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, in MendInput) error {
		if in.ShipTo == nil {
			return lacks("ship_to", "is missing: where is it to be sent?")
		}
		return changeOf(ctx, tx, e, func(o *order.Order) error { return o.SetAddresses(in.ShipTo, nil) })
	}},
	{view.BadAddress, view.MendCancel}:    {auth.OrderCancel, cancelFor(order.CancelOther)},
	{view.PaymentFailed, view.MendCancel}: {auth.OrderCancel, cancelFor(order.CancelDeclined)},
	{view.PaymentFailed, view.MendTransfer}: {auth.PaymentWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		_, err := flow.Pay(ctx, tx, []flow.Paying{{Order: e.Order, Gateway: payment.Manual, Method: payment.Bank}})
		return err
	}},
	{view.NoStock, view.MendCancelOwed}: {auth.OrderCancel, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return flow.CancelUnfillable(ctx, tx, e.Order)
	}},
	{view.NoRate, view.MendRate}: {auth.BooksWrite, setRate},
	{view.Rejected, view.MendLift}: {auth.FulfillmentMove, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return flow.Readmit(ctx, tx, e.Order, id.Line(e.Key.Object), e.Location)
	}},
	{view.Late, view.MendPrioritize}: {auth.OrderWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return changeOf(ctx, tx, e, func(o *order.Order) error { return o.Prioritize(view.MendPriority) })
	}},
	{view.ShortPicked, view.MendCount}:     {auth.StockAdjust, countShort},
	{view.CountReview, view.MendApprove}:   {auth.StockApprove, onCount(flow.ApproveCount)},
	{view.CountReview, view.MendPost}:      {auth.StockAdjust, onCount(flow.PostCount)},
	{view.CountReview, view.MendRecount}:   {auth.StockApprove, onCount(recountAll)},
	{view.CaptureFailed, view.MendCapture}: {auth.PaymentWrite, capture}, {view.AuthorizationEnd, view.MendCapture}: {auth.PaymentWrite, capture},
	{view.CaptureFailed, view.MendVoid}: {auth.PaymentWrite, giveUp}, {view.AuthorizationEnd, view.MendVoid}: {auth.PaymentWrite, giveUp},
	{view.PaymentUnknown, view.MendAsk}: {auth.PaymentWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		_, err := payment.Ask(ctx, tx, id.Payment(e.Ref))
		return err
	}},
	{view.RefundFailed, view.MendRetry}: {auth.PaymentRefund, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		_, err := flow.RetryRefund(ctx, tx, id.Refund(e.Key.Object))
		return err
	}},
	{view.RefundFailed, view.MendDrop}: {auth.PaymentRefund, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		_, err := flow.CancelRefund(ctx, tx, id.Refund(e.Key.Object))
		return err
	}},
	{view.WebhookFailed, view.MendEnable}: {auth.WebhookWrite, enableEndpoint},
	{view.WebhookFailed, view.MendRetry}: {auth.WebhookWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return webhook.RequestReplay(ctx, tx, id.Endpoint(e.Key.Object), e.Due)
	}},
	{view.InboundDead, view.MendRetry}: {auth.JobWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return payment.Replay(ctx, tx, id.Inbox(e.Key.Object))
	}},
	{view.RuleFailed, view.MendRetry}: {auth.AutomationWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return flow.RetryRule(ctx, tx, id.Rule(e.Key.Part), e.Order)
	}},
	{view.JobFailed, view.MendRetry}: {auth.JobWrite, func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		return job.Retry(ctx, tx, e.Job)
	}},
}

func lacks(field, what string) error {
	return fault.Fields{"input." + field: what}.Err("exception.needs_input", "The mend needs to be told more.")
}

func changeOf(ctx context.Context, tx *db.Tx, e view.Exception, change func(*order.Order) error) error {
	_, err := flow.ChangeOrder(ctx, tx, e.Order, 0, change)
	return err
}

func cancelFor(reason order.CancelReason) func(context.Context, *db.Tx, view.Exception, MendInput) error {
	return func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		_, err := flow.Cancel(ctx, tx, []flow.Cancellation{{Order: e.Order, Reason: reason, Notify: true}})
		return err
	}
}

func mapListing(ctx context.Context, tx *db.Tx, e view.Exception, in MendInput) error {
	variant := in.VariantID
	if variant.IsZero() {
		variant = e.Variant
	}
	if variant.IsZero() {
		return lacks("variant_id", "is missing: which variant is it?")
	}
	_, err := flow.MapListings(ctx, tx, []channel.Mapping{{Listing: id.Listing(e.Key.Object), Variant: variant}})
	return err
}

func setRate(ctx context.Context, tx *db.Tx, e view.Exception, in MendInput) error {
	if in.Rate == "" {
		return lacks("rate", "is missing: what is one unit worth?")
	}
	company, err := setting.LoadCompany(ctx, tx)
	if err != nil {
		return err
	}
	if in.Date == "" {
		in.Date = tx.Now().In(company.Zone()).Format("2006-01-02")
	}
	return accounting.SaveRates(ctx, tx, []accounting.Rate{{Base: company.BaseCurrency, Currency: money.Currency(e.Currency), Date: in.Date, Rate: in.Rate, Source: "manual"}})
}

func countShort(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
	rules, err := inventory.LoadCountRules(ctx, tx)
	if err != nil {
		return err
	}
	_, err = inventory.CreateCount(ctx, tx, inventory.NewCount{Location: e.Location, Kind: inventory.CountDirected, Variants: []id.Variant{e.Variant}, Blind: rules.Blind})
	return err
}

func onCount(step func(context.Context, *db.Tx, id.Count, int64) (*inventory.StockCount, error)) func(context.Context, *db.Tx, view.Exception, MendInput) error {
	return func(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
		_, err := step(ctx, tx, id.Count(e.Key.Object), 0)
		return err
	}
}

func recountAll(ctx context.Context, tx *db.Tx, c id.Count, version int64) (*inventory.StockCount, error) {
	return flow.Recount(ctx, tx, c, version, nil)
}

func capture(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
	_, err := flow.Capture(ctx, tx, id.Payment(e.Key.Object), 0)
	return err
}

func giveUp(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
	_, err := flow.Void(ctx, tx, id.Payment(e.Key.Object))
	return err
}

func enableEndpoint(ctx context.Context, tx *db.Tx, e view.Exception, _ MendInput) error {
	_, err := webhook.ChangeEndpoint(ctx, tx, id.Endpoint(e.Key.Object), 0, func(p *webhook.Endpoint) error {
		p.Status = webhook.Enabled
		return nil
	})
	return err
}
