package order

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPaymentStatus(t *testing.T) {
	terms := new(int64(30))
	cases := []struct {
		name string
		h    Header
		want PaymentStatus
	}{
		{"nothing yet", Header{Total: 100}, PaymentUnpaid},
		{"nothing to pay", Header{}, PaymentPaid},
		{"authorized", Header{Total: 100, Authorized: 100}, PaymentAuthorized},
		{"authorized in part", Header{Total: 100, Authorized: 99}, PaymentUnpaid},
		{"captured in part", Header{Total: 100, Authorized: 60, Captured: 40}, PaymentPartiallyPaid},
		{"captured", Header{Total: 100, Captured: 100}, PaymentPaid},
		{"captured too much", Header{Total: 100, Captured: 101}, PaymentOverpaid},
		{"a line was cancelled after the capture", Header{Total: 100, CancelledTotal: 10, Captured: 100}, PaymentOverpaid},
		{"and paid back", Header{Total: 100, CancelledTotal: 10, Captured: 100, Refunded: 10}, PaymentPartiallyRefunded},
		{"a line was cancelled before the capture", Header{Total: 100, CancelledTotal: 10, Captured: 90}, PaymentPaid},
		{"all was returned and paid back", Header{Total: 100, Invoiced: 100, Credited: 100, Captured: 100, Refunded: 100}, PaymentRefunded},
		{"paid back and still due", Header{Total: 100, Captured: 100, Refunded: 100}, PaymentRefunded},
		{"paid back in part and still due", Header{Total: 100, Captured: 100, Refunded: 30}, PaymentPartiallyRefunded},
		{"cancelled before it was paid", Header{Status: StatusCancelled, Total: 100, CancelledTotal: 100, Authorized: 100}, PaymentVoided},
		{"cancelled and not paid back", Header{Status: StatusCancelled, Total: 100, CancelledTotal: 100, Captured: 100}, PaymentOverpaid},
		{"cancelled and paid back", Header{Status: StatusCancelled, Total: 100, CancelledTotal: 100, Captured: 100, Refunded: 100}, PaymentRefunded},
		{"returned before it was paid", Header{Total: 100, Invoiced: 100, Credited: 100, TermsDays: terms}, PaymentVoided},
		{"on terms", Header{Total: 100, TermsDays: terms}, PaymentOnTerms},
		{"on terms and paid in part", Header{Total: 100, Captured: 50, TermsDays: terms}, PaymentOnTerms},
		{"late", Header{Total: 100, Overdue: true, TermsDays: terms}, PaymentOverdue},
		{"late and paid", Header{Total: 100, Captured: 100, Overdue: true, TermsDays: terms}, PaymentPaid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := paymentStatus(&c.h); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFulfillmentStatus(t *testing.T) {
	cases := []struct {
		name string
		s    Status
		u    units
		held bool
		want FulfillmentStatus
	}{
		{"no goods", StatusOpen, units{}, true, FulfillmentNotRequired},
		{"a draft", StatusDraft, units{wanted: 3}, false, FulfillmentUnfulfilled},
		{"reserved", StatusOpen, units{wanted: 3, allocated: 3}, false, FulfillmentUnfulfilled},
		{"reserved for a pending order", StatusPending, units{wanted: 3, allocated: 3}, false, FulfillmentScheduled},
		{"waits for stock", StatusOpen, units{wanted: 3, allocated: 2, backordered: 1}, false, FulfillmentBackordered},
		{"being picked", StatusOpen, units{wanted: 3, allocated: 2, inWork: 1, backordered: 1}, false, FulfillmentInProgress},
		{"held", StatusOpen, units{wanted: 3, allocated: 2, shipped: 1}, true, FulfillmentOnHold},
		{"a part left", StatusOpen, units{wanted: 3, allocated: 2, inWork: 1, shipped: 1}, false, FulfillmentPartiallyFulfilled},
		{"all left, held too late", StatusOpen, units{wanted: 3, shipped: 3, delivered: 2}, true, FulfillmentFulfilled},
		{"all arrived", StatusOpen, units{wanted: 3, shipped: 3, delivered: 3}, false, FulfillmentDelivered},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := fulfillmentStatus(c.s, c.u, c.held); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestReturnStatus(t *testing.T) {
	cases := []struct {
		name string
		h    Header
		u    units
		want ReturnStatus
	}{
		{"none", Header{}, units{shipped: 2}, ReturnNone},
		{"asked for", Header{RequestedReturns: 1}, units{shipped: 2}, ReturnRequested},
		{"on its way", Header{RequestedReturns: 1, OpenReturns: 1}, units{shipped: 2, returned: 1}, ReturnInProgress},
		{"a part is back", Header{}, units{shipped: 2, returned: 1}, ReturnPartiallyReturned},
		{"all is back", Header{}, units{shipped: 2, returned: 2}, ReturnReturned},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := returnStatus(&c.h, c.u); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestCompletedMeansSentAndSettled(t *testing.T) {
	ship := func(t *testing.T, o *Order) {
		must(t, o.Allocate(o.Lines[0].ID, o.Lines[0].Quantity))
		must(t, o.Ship(o.Lines[0].ID, o.Lines[0].Quantity))
	}
	t.Run("paid first", func(t *testing.T) {
		o := build(t, draft(item(1, "10")))
		o.SetPayments(Payments{Captured: 1000})
		if o.Refresh(noon); o.Status != StatusOpen {
			t.Errorf("paid and not sent: %s", o.Status)
		}
		ship(t, o)
		if o.Refresh(noon); o.Status != StatusCompleted || !o.CompletedAt.Equal(noon) {
			t.Errorf("paid and sent: %s", o.Status)
		}
		o.SetPayments(Payments{Captured: 1000, Refunded: 400}) // by mistake: it is due again
		if o.Refresh(noon); o.Status != StatusOpen || !o.CompletedAt.IsZero() {
			t.Errorf("not settled any more: %s", o.Status)
		}
	})
	t.Run("on terms", func(t *testing.T) {
		d := draft(item(1, "10"))
		d.Terms = &Terms{Days: 30}
		o := build(t, d)
		ship(t, o)
		if o.Refresh(noon); o.Status != StatusOpen {
			t.Errorf("sent and not invoiced: %s", o.Status)
		}
		_, err := o.Invoice(o.Lines[0].ID, 1)
		must(t, err)
		if o.Refresh(noon); o.Status != StatusCompleted || o.PaymentStatus != PaymentOnTerms {
			t.Errorf("sent and invoiced: %s, %s", o.Status, o.PaymentStatus)
		}
	})
	t.Run("we owe something", func(t *testing.T) {
		o := build(t, draft(item(1, "10")))
		o.SetPayments(Payments{Captured: 1001})
		ship(t, o)
		if o.Refresh(noon); o.Status != StatusOpen || o.PaymentStatus != PaymentOverpaid {
			t.Errorf("order is %s, %s", o.Status, o.PaymentStatus)
		}
	})
	t.Run("services only", func(t *testing.T) {
		o := build(t, draft(service(1, "10")))
		if o.Status != StatusOpen || o.FulfillmentStatus != FulfillmentNotRequired {
			t.Errorf("order is %s, %s", o.Status, o.FulfillmentStatus)
		}
		o.SetPayments(Payments{Captured: 1000})
		if o.Refresh(noon); o.Status != StatusCompleted {
			t.Errorf("paid: %s", o.Status)
		}
	})
	t.Run("the last line was cancelled", func(t *testing.T) {
		o := build(t, draft(item(1, "10"), item(1, "5")))
		for _, l := range o.Lines {
			_, err := o.Cancel(l.ID, 1, CancelCustomer)
			must(t, err)
		}
		if o.Refresh(noon); o.Status != StatusCancelled {
			t.Errorf("order is %s", o.Status)
		}
	})
}

// TestStatusesFollowFromTheFacts is STM-2: after any history, statuses are what
// the facts alone give, so a fresh look at them changes nothing; and the list
// may rely on what statuses imply of each other.
func TestStatusesFollowFromTheFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDraft(t)
		if d.Status = rapid.SampledFrom([]Status{StatusDraft, StatusPending, StatusOpen}).Draw(t, "status"); rapid.Bool().Draw(t, "terms") {
			d.Terms = &Terms{Days: 14}
		}
		o := build(t, d)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "kind of step") {
			case 0:
				_, _ = o.Hold(Hold{Reason: rapid.SampledFrom(HoldReasons).Draw(t, "reason")})
			case 1:
				o.ReleaseHolds(func(*Hold) bool { return true })
			case 2:
				_ = o.Accept(StatusOpen, noon, today)
			case 3:
				o.SetOverdue(rapid.Bool().Draw(t, "late"))
			default:
				_ = anyCommand(t, o)
			}
			if rapid.Bool().Draw(t, "saved between") { // statuses do not depend on when they are derived
				o.Refresh(noon)
			}
		}
		o.Refresh(noon)
		first := o.Header
		o.Refresh(noon.AddDate(0, 0, 1))
		if o.statuses() != first.statuses() || o.ActiveHolds != first.ActiveHolds || !o.CompletedAt.Equal(first.CompletedAt) || !o.CancelledAt.Equal(first.CancelledAt) {
			t.Fatalf("a second look changes %+v to %+v", first, o.Header)
		}
		finished := o.Status == StatusCompleted || o.Status == StatusCancelled
		sends := Filter{FulfillmentStatuses: []FulfillmentStatus{o.FulfillmentStatus}}.sends()
		unpaid := o.PaymentStatus == PaymentUnpaid || o.PaymentStatus == PaymentAuthorized
		if finished && (sends || unpaid) {
			t.Fatalf("order is %+v", o.statuses())
		}
	})
}
