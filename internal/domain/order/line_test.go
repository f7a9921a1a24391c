package order

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// noDifference checks an order as Verify does.
func noDifference(t interface{ Fatalf(string, ...any) }, o *Order) {
	copied := *o
	copied.Refresh(noon)
	copied.verify(func(d check.Difference) { t.Fatalf("%s", d) }, tagged(&copied))
}

func tagged(o *Order) []string {
	var out []string
	for _, tag := range o.Tags.V {
		out = append(out, tag+" "+o.PlacedAt.String())
	}
	return out
}

// must fails the test on an error.
func must(t interface {
	Helper()
	Fatalf(string, ...any)
}, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func wantFault(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if fault.KindOf(err) != kind || !fault.Is(err, code) {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
}

func TestUnitsMove(t *testing.T) {
	o := build(t, draft(item(10, "1")))
	l := o.Lines[0]
	steps := []struct {
		name string
		do   func() error
		want Counts
	}{
		{"allocate", func() error { return o.Allocate(l.ID, 6) }, Counts{Unallocated: 4, Allocated: 6}},
		{"owe", func() error { return o.OweBackorder(l.ID, 4) }, Counts{Allocated: 6, Backordered: 4}},
		{"fill", func() error { return o.Fill(l.ID, 3) }, Counts{Allocated: 9, Backordered: 1}},
		{"start work", func() error { return o.StartWork(l.ID, 7) }, Counts{Allocated: 9, InWork: 7, Backordered: 1}},
		{"unfill takes what is not in work first", func() error { return o.Unfill(l.ID, 3) }, Counts{Allocated: 6, InWork: 6, Backordered: 4}},
		{"stop work", func() error { return o.StopWork(l.ID, 2) }, Counts{Allocated: 6, InWork: 4, Backordered: 4}},
		{"deallocate", func() error { return o.Deallocate(l.ID, 1) }, Counts{Unallocated: 1, Allocated: 5, InWork: 4, Backordered: 4}},
		{"ship takes what is in work first", func() error { return o.Ship(l.ID, 2) }, Counts{Unallocated: 1, Allocated: 3, InWork: 2, Backordered: 4, Shipped: 2}},
		{"ship what nobody knew to be there", func() error { return o.Ship(l.ID, 5) }, Counts{Unallocated: 1, Backordered: 2, Shipped: 7}},
		{"deliver", func() error { return o.Deliver(l.ID, 7) }, Counts{Unallocated: 1, Backordered: 2, Shipped: 7, Delivered: 7}},
		{"return", func() error { return o.Return(l.ID, 3) }, Counts{Unallocated: 1, Backordered: 2, Shipped: 7, Delivered: 7, Returned: 3}},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if l.Counts != s.want {
			t.Fatalf("%s: %+v, want %+v", s.name, l.Counts, s.want)
		}
	}
}

func TestTooManyUnitsChangeNothing(t *testing.T) {
	o := build(t, draft(item(3, "1")))
	l := o.Lines[0]
	must(t, o.Allocate(l.ID, 1))
	before := l.Counts
	for name, do := range map[string]func(id.Line, int64) error{
		"allocate": o.Allocate, "deallocate": o.Deallocate, "owe": o.OweBackorder, "fill": o.Fill, "unfill": o.Unfill,
		"start": o.StartWork, "stop": o.StopWork, "ship": o.Ship, "deliver": o.Deliver, "return": o.Return,
		"invoice": func(l id.Line, n int64) error { _, err := o.Invoice(l, n+1); return err },
		"credit":  func(l id.Line, n int64) error { _, err := o.Credit(l, n); return err },
	} {
		t.Run(name, func(t *testing.T) {
			kind, code := fault.Conflict, "order.too_many"
			if name == "invoice" {
				kind, code = fault.Invalid, "order.bad_quantity"
			}
			wantFault(t, do(l.ID, 3), kind, code)
			wantFault(t, do(l.ID, -1), fault.Invalid, "order.bad_quantity")
			wantFault(t, do(id.New[id.Line](noon), 1), fault.NotFound, "order.line_not_found")
			if l.Counts != before {
				t.Errorf("counts became %+v", l.Counts)
			}
		})
	}
	err := o.Ship(l.ID, 3)
	if e, _ := fault.As(err); e.Detail != (TooMany{l.ID, 3, 1}) {
		t.Errorf("detail is %+v", e.Detail)
	}
}

func TestBackordersMustBeAllowed(t *testing.T) {
	in := item(2, "1")
	in.Backorder = false
	o := build(t, draft(in))
	l := o.Lines[0]
	wantFault(t, o.OweBackorder(l.ID, 1), fault.Shortage, "order.no_backorder")
	must(t, o.Allocate(l.ID, 2))
	must(t, o.Unfill(l.ID, 1)) // a fact is not refused
}

func TestServicesAreNotShipped(t *testing.T) {
	o := build(t, draft(service(1, "5")))
	wantFault(t, o.Allocate(o.Lines[0].ID, 1), fault.Conflict, "order.service")
}

// in puts an order of one allocated and shipped unit into a status.
func in(t *testing.T, s Status) *Order {
	t.Helper()
	d := draft(item(4, "10"))
	switch s {
	case StatusDraft, StatusPending:
		d.Status = s
	}
	o := build(t, d)
	l := o.Lines[0].ID
	switch s {
	case StatusPending:
		must(t, o.Allocate(l, 2))
	case StatusOpen:
		must(t, o.Allocate(l, 2))
		must(t, o.StartWork(l, 1))
		must(t, o.Ship(l, 1))
		must(t, o.OweBackorder(l, 1))
	case StatusCompleted:
		must(t, o.Allocate(l, 4))
		must(t, o.Ship(l, 4))
		o.SetPayments(Payments{Captured: 4000})
	case StatusCancelled:
		_, err := o.CancelAll(CancelStaff)
		must(t, err)
	}
	o.Refresh(noon)
	if o.Status != s {
		t.Fatalf("the order is %s, want %s", o.Status, s)
	}
	return o
}

// TestEveryVerbInEveryStatus is STM-1: what a status does not allow is refused
// with a fault that names it, and changes nothing.
func TestEveryVerbInEveryStatus(t *testing.T) {
	verbs := map[string]struct {
		do      func(*Order, id.Line) error
		allowed string
	}{
		"allocate":   {func(o *Order, l id.Line) error { return o.Allocate(l, 1) }, "pending open"},
		"deallocate": {func(o *Order, l id.Line) error { return o.Deallocate(l, 1) }, "pending open"},
		"owe":        {func(o *Order, l id.Line) error { return o.OweBackorder(l, 1) }, "pending open"},
		"fill":       {func(o *Order, l id.Line) error { return o.Fill(l, 1) }, "pending open"},
		"unfill":     {func(o *Order, l id.Line) error { return o.Unfill(l, 1) }, "pending open"},
		"start work": {func(o *Order, l id.Line) error { return o.StartWork(l, 1) }, "open"},
		"stop work":  {func(o *Order, l id.Line) error { return o.StopWork(l, 1) }, "pending open"},
		"ship":       {func(o *Order, l id.Line) error { return o.Ship(l, 1) }, "open"},
		"deliver":    {func(o *Order, l id.Line) error { return o.Deliver(l, 1) }, "open completed"},
		"return":     {func(o *Order, l id.Line) error { return o.Return(l, 1) }, "open completed"},
		"invoice":    {func(o *Order, l id.Line) error { _, err := o.Invoice(l, 1); return err }, "open completed"},
		"charges":    {func(o *Order, _ id.Line) error { _, err := o.InvoiceCharges(); return err }, "open completed"},
		"services":   {func(o *Order, _ id.Line) error { _, err := o.InvoiceServices(); return err }, "open completed"},
		"cancel":     {func(o *Order, l id.Line) error { _, err := o.Cancel(l, 1, CancelStaff); return err }, "draft pending open"},
		"cancel all": {func(o *Order, _ id.Line) error { _, err := o.CancelAll(CancelStaff); return err }, "draft pending open"},
		"accept":     {func(o *Order, _ id.Line) error { return o.Accept(StatusOpen, noon, today) }, "draft pending"},
		"postpone":   {func(o *Order, _ id.Line) error { return o.Extend(noon) }, "draft pending"},
		"redraft":    {func(o *Order, _ id.Line) error { return o.Redraft(draft(item(1, "1")), noon, today) }, "draft"},
		"hold":       {func(o *Order, _ id.Line) error { _, err := o.Hold(Hold{Reason: HoldManual}); return err }, "draft pending open"},
		"address":    {func(o *Order, _ id.Line) error { return o.SetAddresses(&Address{}, nil) }, "draft pending open"},
		"archive":    {func(o *Order, _ id.Line) error { return o.Archive(true) }, "completed cancelled"},
		"map": {func(o *Order, l id.Line) error {
			o.Line(l).Variant = id.Variant{}
			return o.Map(l, Article{Variant: variant(), SKU: "X"}, noon)
		}, "draft pending open"},
	}
	for name, v := range verbs {
		for _, s := range []Status{StatusDraft, StatusPending, StatusOpen, StatusCompleted, StatusCancelled} {
			t.Run(name+" when "+string(s), func(t *testing.T) {
				o := in(t, s)
				l := o.Lines[0]
				before, header := l.Counts, o.statuses()
				err := v.do(o, l.ID)
				e, isFault := fault.As(err)
				if forbidden := isFault && e.Code == "order."+string(s); forbidden == slices.Contains(strings.Fields(v.allowed), string(s)) {
					t.Fatalf("got %v", err)
				}
				if err != nil && (l.Counts != before || o.statuses() != header) {
					t.Errorf("the refused order became %+v %+v", l.Counts, o.statuses())
				}
			})
		}
	}
}

func TestKitCountsWholeKits(t *testing.T) {
	o := build(t, draft(kit(3, "10", 1, 1)))
	k, cup, pot := o.Lines[0], o.Lines[1], o.Lines[2]
	must(t, o.Allocate(cup.ID, 5))
	must(t, o.OweBackorder(cup.ID, 1))
	must(t, o.Allocate(pot.ID, 3))
	must(t, o.Ship(cup.ID, 3))
	must(t, o.Ship(pot.ID, 2))
	o.Refresh(noon)
	if want := (Counts{Shipped: 1, Allocated: 1, Backordered: 1}); o.Kit(k) != want {
		t.Errorf("kits are %+v, want %+v", o.Kit(k), want)
	}
	if want := (Counts{Unallocated: 3}); k.Counts != want {
		t.Errorf("the kit's own line is %+v, want %+v", k.Counts, want)
	}
	if o.FulfillmentStatus != FulfillmentPartiallyFulfilled {
		t.Errorf("status is %s", o.FulfillmentStatus)
	}
	if o.Kit(cup) != cup.Counts {
		t.Error("a component counts itself")
	}
}

func TestVerbsOnAKitMeanItsComponents(t *testing.T) {
	o := build(t, draft(kit(3, "10", 1, 1)))
	k, cup, pot := o.Lines[0], o.Lines[1], o.Lines[2]
	must(t, o.Allocate(k.ID, 3))
	must(t, o.Ship(k.ID, 2))
	if cup.Shipped != 4 || pot.Shipped != 2 {
		t.Fatalf("shipped %d cups and %d pots", cup.Shipped, pot.Shipped)
	}
	a, err := o.Invoice(k.ID, 2)
	must(t, err)
	if want := (Amount{2, 2000, 0}); a != want {
		t.Errorf("invoiced %+v, want %+v", a, want)
	}
	off, err := o.Cancel(k.ID, 1, CancelCustomer)
	must(t, err)
	if len(off) != 2 || off[0].Line != cup.ID || off[0].Quantity != 2 || off[0].Allocated != 2 || off[1].Quantity != 1 || off[0].Amount.Total+off[1].Amount.Total != 1000 {
		t.Errorf("cancelled %+v", off)
	}
	o.Refresh(noon)
	if k.Cancelled != 1 || k.Invoiced != 2 || k.InvoicedTotal != 2000 || k.CancelledTotal != 1000 {
		t.Errorf("the kit's line is %+v %+v", k.Counts, k.Sums)
	}
	wantFault(t, o.Ship(k.ID, 1), fault.Conflict, "order.too_many")
}

func TestMapToAKit(t *testing.T) {
	o := build(t, draft(DraftLine{SKU: "ASIN-1", Title: "Tea set", Quantity: 2, UnitPrice: 10_000_000}, item(1, "1")))
	l := o.Lines[0]
	must(t, o.Map(l.ID, Article{Variant: variant(), SKU: "TEA-SET", Components: kit(1, "1", 1, 3).Components}, noon))
	o.Refresh(noon)
	if l.Kind != KindKit || l.SKU != "TEA-SET" || l.Listing != "ASIN-1" || len(o.Lines) != 4 || o.Lines[3].Position != 4 {
		t.Fatalf("lines are %+v", o.Lines)
	}
	if o.Lines[1].Total != 500 || o.Lines[2].Total != 1500 || o.Lines[1].Quantity != 4 {
		t.Errorf("components are %+v and %+v", o.Lines[1], o.Lines[2])
	}
	wantFault(t, o.Map(l.ID, Article{Variant: variant(), SKU: "X"}, noon), fault.Conflict, "order.mapped")
	noDifference(t, o)
}

func TestAcceptAQuote(t *testing.T) {
	d := draft(item(1, "10"))
	d.Status, d.ExpiresAt = StatusDraft, noon.Add(24*time.Hour)
	o := build(t, d)
	wantFault(t, o.Accept(StatusCompleted, noon, today), fault.Invalid, "order.bad_status")
	wantFault(t, o.Accept(StatusOpen, noon.Add(24*time.Hour), "2026-03-15"), fault.Conflict, "order.expired")
	later := noon.Add(23 * time.Hour)
	must(t, o.Accept(StatusPending, later, "2026-03-15"))
	if o.Status != StatusPending || !o.PlacedAt.Equal(later) || o.BusinessDate != "2026-03-15" {
		t.Errorf("order is %s, placed at %v", o.Status, o.PlacedAt)
	}
	must(t, o.Accept(StatusOpen, later, "2026-03-16"))
	if o.Status != StatusOpen || o.BusinessDate != "2026-03-15" || !o.ExpiresAt.IsZero() {
		t.Errorf("order is %s of %s", o.Status, o.BusinessDate)
	}
	wantFault(t, o.Accept(StatusPending, later, today), fault.Conflict, "order.open")
}

func TestCancelTellsWhereTheUnitsWere(t *testing.T) {
	o := build(t, draft(item(10, "1")))
	l := o.Lines[0]
	must(t, o.Allocate(l.ID, 6))
	must(t, o.StartWork(l.ID, 4))
	must(t, o.OweBackorder(l.ID, 3))
	off, err := o.Cancel(l.ID, 7, CancelInventory)
	must(t, err)
	want := Cancelled{Line: l.ID, Variant: l.Variant, SKU: "MUG-RED", Quantity: 7, Unallocated: 1, Backordered: 3, Allocated: 3, InWork: 1, Amount: Amount{7, 700, 0}}
	if len(off) != 1 || off[0] != want {
		t.Errorf("cancelled %+v, want %+v", off, want)
	}
	if want := (Counts{Cancelled: 7, Allocated: 3, InWork: 3}); l.Counts != want {
		t.Errorf("left %+v, want %+v", l.Counts, want)
	}
	_, err = o.Cancel(l.ID, 1, "boredom")
	wantFault(t, err, fault.Invalid, "order.bad_reason")
}

func TestCancelAllEndsTheOrder(t *testing.T) {
	d := draft(item(2, "10"), service(1, "3"))
	d.Charges = []DraftCharge{{Kind: ChargeShipping, Title: "Parcel", Amount: 500}}
	o := build(t, d)
	must(t, o.Allocate(o.Lines[0].ID, 2))
	_, err := o.Hold(Hold{Reason: HoldFraudReview})
	must(t, err)
	if !o.Cancellable() {
		t.Error("the order is not cancellable")
	}
	_, err = o.CancelAll(CancelFraud)
	must(t, err)
	o.Refresh(noon)
	if o.Status != StatusCancelled || o.PaymentStatus != PaymentVoided || o.FulfillmentStatus != FulfillmentNotRequired || o.Due() != 0 || o.ActiveHolds != 0 || !o.CancelledAt.Equal(noon) {
		t.Errorf("order is %+v", o.Header)
	}
	wantFault(t, o.Accept(StatusOpen, noon, today), fault.Conflict, "order.cancelled")
}

func TestCancelAllLeavesWhatWasShipped(t *testing.T) {
	o := in(t, StatusOpen)
	if o.Cancellable() {
		t.Error("an order that was shipped in part is not cancelled as a whole")
	}
	_, err := o.CancelAll(CancelCustomer)
	must(t, err)
	o.SetPayments(Payments{Captured: 1000})
	o.Refresh(noon)
	if o.Status != StatusCompleted || o.Lines[0].Cancelled != 3 || o.Due() != 1000 || o.FulfillmentStatus != FulfillmentFulfilled {
		t.Errorf("order is %+v", o.Header)
	}
	o = build(t, draft(item(1, "1")))
	must(t, o.Allocate(o.Lines[0].ID, 1))
	must(t, o.Ship(o.Lines[0].ID, 1))
	_, err = o.CancelAll(CancelCustomer)
	wantFault(t, err, fault.Conflict, "order.already_shipped")
}

// TestCancelWhatWasInvoiced is about units that were invoiced ahead: the
// customer gets a credit for them, but not for what he keeps or has back already.
func TestCancelWhatWasInvoiced(t *testing.T) {
	o := build(t, draft(item(5, "10")))
	l := o.Lines[0]
	must(t, o.Allocate(l.ID, 5))
	_, err := o.Invoice(l.ID, 4)
	must(t, err)
	must(t, o.Ship(l.ID, 2))
	_, err = o.Credit(l.ID, 1)
	must(t, err)
	off, err := o.Cancel(l.ID, 3, CancelStaff)
	must(t, err)
	if off[0].Amount != (Amount{1, 1000, 0}) || off[0].Credit != (Amount{1, 1000, 0}) {
		t.Errorf("cancelled %+v, credited %+v", off[0].Amount, off[0].Credit)
	}
	o.Refresh(noon)
	if o.Due() != 2000 {
		t.Errorf("%d are due for two units of 10.00", o.Due())
	}
	noDifference(t, o)
}

func TestCreditAnAmount(t *testing.T) {
	d := draft(kit(2, "10", 1, 1))
	d.Lines[0].TaxRate = 20 * percent
	d.Charges = []DraftCharge{{Kind: ChargeShipping, Title: "Parcel", Amount: 500, TaxRate: 20 * percent}}
	o := build(t, d)
	k, parcel := o.Lines[0], o.Charges[0]
	_, err := o.CreditAmount(k.ID, 1)
	wantFault(t, err, fault.Conflict, "order.too_much")
	_, err = o.CreditCharge(parcel.ID, 1)
	wantFault(t, err, fault.Conflict, "order.too_much")
	_, err = o.Invoice(k.ID, 2)
	must(t, err)
	charges, err := o.InvoiceCharges()
	must(t, err)
	if len(charges) != 1 || charges[0].Total != 600 || charges[0].Tax != 100 {
		t.Errorf("charges are %+v", charges)
	}
	a, err := o.CreditAmount(k.ID, 601)
	must(t, err)
	if a.Total != 601 || a.Tax != 100 {
		t.Errorf("credited %+v", a)
	}
	a, err = o.Credit(k.ID, 2)
	must(t, err)
	if a.Total != 2400-601 || a.Tax != 400-100 {
		t.Errorf("then credited %+v", a)
	}
	_, err = o.CreditCharge(parcel.ID, 0)
	wantFault(t, err, fault.Invalid, "order.bad_amount")
	_, err = o.CreditCharge(id.New[id.Charge](noon), 1)
	wantFault(t, err, fault.NotFound, "order.charge_not_found")
	for _, part := range []int64{1, 299, 300} {
		_, err = o.CreditCharge(parcel.ID, part)
		must(t, err)
	}
	o.Refresh(noon)
	if parcel.RefundedTax != 100 || o.Due() != 0 || o.Credited != 3000 {
		t.Errorf("due %d, credited %d", o.Due(), o.Credited)
	}
	noDifference(t, o)
}

// TestInvoicesCancelsAndCreditsEndAtTheTotal is PROP-RFD: in whatever portions
// and order, the parts sum to what the lines cost, to the minor unit.
func TestInvoicesCancelsAndCreditsEndAtTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := build(t, anyDraft(t))
		total := o.Total
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			l := rapid.SampledFrom(o.Lines).Draw(t, "line")
			n := rapid.Int64Range(1, l.Quantity).Draw(t, "units")
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				_, _ = o.Invoice(l.ID, n)
			case 1:
				_, _ = o.Cancel(l.ID, n, CancelCustomer)
			case 2:
				_, _ = o.Credit(l.ID, n)
			case 3:
				if left := l.InvoicedTotal - l.RefundedTotal; left > 0 && l.Kind != KindKit {
					_, err := o.CreditAmount(l.ID, rapid.Int64Range(1, left).Draw(t, "amount"))
					must(t, err)
				}
			case 4:
				if l.Goods() && l.Unallocated > 0 {
					must(t, o.Allocate(l.ID, rapid.Int64Range(1, l.Unallocated).Draw(t, "allocated")))
				}
			}
			o.Refresh(noon)
			noDifference(t, o)
		}
		if o.Status == StatusCancelled {
			return
		}
		for _, l := range o.Lines { // whatever is left is invoiced, and then credited
			if n := l.uninvoiced(); n > 0 && l.Kind != KindKit {
				_, err := o.Invoice(l.ID, n)
				must(t, err)
			}
		}
		_, err := o.InvoiceCharges()
		must(t, err)
		o.Refresh(noon)
		if o.CancelledTotal+o.Invoiced != total || o.Due() != total-o.CancelledTotal-o.Credited {
			t.Fatalf("of %d, %d were cancelled and %d invoiced", total, o.CancelledTotal, o.Invoiced)
		}
		for _, l := range o.Lines {
			if n := l.Invoiced - l.Refunded; n > 0 && l.Kind != KindKit {
				_, err := o.Credit(l.ID, n)
				must(t, err)
			}
		}
		for _, c := range o.Charges {
			if left := c.Total - c.RefundedTotal; c.Invoiced && left > 0 {
				_, err := o.CreditCharge(c.ID, left)
				must(t, err)
			}
		}
		o.Refresh(noon)
		if loose := loose(o); o.Due() != loose {
			t.Fatalf("%d are due when all was credited, %d of it on units that were credited before", o.Due(), loose)
		}
	})
}

// loose is what was invoiced of lines whose units are all credited but not all
// of the amount: nothing, unless a credit forgot something.
func loose(o *Order) (n int64) {
	for _, l := range o.Lines {
		if l.Kind != KindComponent && l.Refunded == l.Invoiced {
			n += l.InvoicedTotal - l.RefundedTotal
		}
	}
	return n
}

// TestCountersAlwaysAddUp is the identity of order_line_counts after any
// sequence of commands, legal or not.
func TestCountersAlwaysAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := build(t, anyDraft(t))
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			before := snapshot(o)
			if err := anyCommand(t, o); err != nil {
				if !slices.Equal(before, snapshot(o)) {
					t.Fatalf("refused with %v, but changed", err)
				}
			}
			o.Refresh(noon)
			for _, l := range o.Lines {
				c := l.Counts
				if l.Quantity != c.Cancelled+c.Unallocated+c.Backordered+c.Allocated+c.Shipped ||
					min(c.Cancelled, c.Unallocated, c.Backordered, c.Allocated, c.Shipped, c.InWork, c.Delivered, c.Returned, c.Refunded, c.Invoiced) < 0 ||
					c.InWork > c.Allocated || max(c.Delivered, c.Returned) > c.Shipped || c.Refunded > c.Invoiced || c.Invoiced > l.Quantity {
					t.Fatalf("%d units of %s: %+v", l.Quantity, l.Kind, c)
				}
				k := o.Kit(l)
				if l.Quantity != k.Cancelled+k.Unallocated+k.Backordered+k.Allocated+k.Shipped || min(k.Unallocated, k.Backordered, k.Allocated) < 0 || k.InWork > k.Allocated {
					t.Fatalf("%d kits: %+v", l.Quantity, k)
				}
			}
			noDifference(t, o)
		}
	})
}

type lineState struct {
	Counts
	Sums
}

func snapshot(o *Order) []lineState {
	var out []lineState
	for _, l := range o.Lines {
		out = append(out, lineState{l.Counts, l.Sums})
	}
	return out
}

// anyCommand does one command on an order.
func anyCommand(t *rapid.T, o *Order) error {
	l := rapid.SampledFrom(o.Lines).Draw(t, "line")
	n := rapid.Int64Range(1, l.Quantity).Draw(t, "units")
	switch rapid.IntRange(0, 15).Draw(t, "command") {
	case 0, 1:
		return o.Allocate(l.ID, n)
	case 2:
		return o.OweBackorder(l.ID, n)
	case 3:
		return o.Fill(l.ID, n)
	case 4:
		return o.Unfill(l.ID, n)
	case 5:
		return o.StartWork(l.ID, n)
	case 6:
		return o.StopWork(l.ID, n)
	case 7, 8:
		return o.Ship(l.ID, n)
	case 9:
		return o.Deliver(l.ID, n)
	case 10:
		return o.Return(l.ID, n)
	case 11:
		_, err := o.Invoice(l.ID, n)
		return err
	case 12:
		_, err := o.Credit(l.ID, n)
		return err
	case 13:
		captured := rapid.Int64Range(0, o.Total+10).Draw(t, "captured")
		o.SetPayments(Payments{
			Authorized: rapid.Int64Range(0, o.Total).Draw(t, "authorized"), Captured: captured,
			Refunded: rapid.Int64Range(0, captured).Draw(t, "refunded"),
		})
		return nil
	case 14:
		return o.Deallocate(l.ID, n)
	}
	_, err := o.Cancel(l.ID, n, CancelCustomer)
	return err
}
