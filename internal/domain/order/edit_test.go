package order

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

func price(t *testing.T, s string) money.Micros {
	t.Helper()
	p, err := money.ParseMicros(s)
	must(t, err)
	return p
}

// TestEditIsWhatWouldHaveBeenPlaced compares an edited order with one that was placed so.
func TestEditIsWhatWouldHaveBeenPlaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDraft(t)
		d.Discounts = nil
		fixed := func(x DraftDiscount) bool { return x.Kind == DiscountAmount } // of what is left when they come
		for i := range d.Lines {
			d.Lines[i].Discounts = slices.DeleteFunc(d.Lines[i].Discounts, fixed)
		}
		o := build(t, d)
		i := rapid.IntRange(0, len(d.Lines)-1).Draw(t, "line")
		more := rapid.Int64Range(0, 9).Draw(t, "more")
		micros := money.Micros(rapid.Int64Range(0, 99_000_000).Draw(t, "new price"))
		sold := slices.DeleteFunc(slices.Clone(o.Lines), func(l *Line) bool { return l.Kind == KindComponent })
		must(t, o.SetPrice(sold[i].ID, micros))
		if more > 0 {
			must(t, o.AddUnits(sold[i].ID, more))
		}
		d.Lines[i].UnitPrice = micros
		d.Lines[i].Quantity += more
		want := build(t, d)
		if o.Total != want.Total || o.TaxTotal != want.TaxTotal || o.DiscountTotal != want.DiscountTotal || o.Subtotal != want.Subtotal || o.BaseTotal != want.BaseTotal {
			t.Fatalf("total %d, tax %d, off %d; placed so: total %d, tax %d, off %d", o.Total, o.TaxTotal, o.DiscountTotal, want.Total, want.TaxTotal, want.DiscountTotal)
		}
		noDifference(t, o)
	})
}

// anyEdit does one edit on an order.
func anyEdit(t *rapid.T, o *Order) error {
	l := rapid.SampledFrom(o.Lines).Draw(t, "line")
	discount := DraftDiscount{Kind: DiscountPercent, Rate: money.Rate(rapid.Int64Range(1, int64(money.One)).Draw(t, "rate"))}
	if rapid.Bool().Draw(t, "fixed") {
		discount = DraftDiscount{Kind: DiscountAmount, Amount: rapid.Int64Range(1, 50_000).Draw(t, "amount")}
	}
	var err error
	switch rapid.IntRange(0, 9).Draw(t, "edit") {
	case 0:
		_, err = o.Remove(l.ID, rapid.Int64Range(1, l.Quantity).Draw(t, "units"), CancelStaff)
	case 1:
		err = o.AddUnits(l.ID, rapid.Int64Range(1, 5).Draw(t, "units"))
	case 2, 3:
		err = o.SetPrice(l.ID, money.Micros(rapid.Int64Range(0, 99_000_000).Draw(t, "price")))
	case 4:
		in := kit(rapid.Int64Range(1, 4).Draw(t, "kits"), "9.99", 2, 1)
		in.Discounts = []DraftDiscount{discount}
		_, err = o.AddLine(in, noon)
	case 5:
		_, err = o.AddDiscount(l.ID, discount, noon)
	case 6:
		_, err = o.AddDiscount(id.Line{}, discount, noon)
	case 7:
		if len(o.Discounts) > 0 {
			err = o.RemoveDiscount(rapid.SampledFrom(o.Discounts).Draw(t, "discount").ID)
		}
	case 8:
		_, err = o.AddCharge(DraftCharge{Kind: ChargeFee, Title: "Fee", Amount: rapid.Int64Range(-100, 900).Draw(t, "charge"), TaxRate: 190_000}, noon)
	case 9:
		if len(o.Charges) > 0 {
			c := rapid.SampledFrom(o.Charges).Draw(t, "charge").ID
			if rapid.Bool().Draw(t, "removed") {
				err = o.RemoveCharge(c)
			} else {
				err = o.SetCharge(c, rapid.Int64Range(0, 900).Draw(t, "charge"), "")
			}
		}
	}
	return err
}

// TestEditsLoseNoMinorUnit is classic bug 20: after any edits of an order in any state, parts sum to their totals,
// what was invoiced stays, and undoing restores all, in currencies of 0, 2 and 3 decimals.
func TestEditsLoseNoMinorUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := build(t, anyDraft(t))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "what") == 0 {
				_ = anyCommand(t, o)
				o.Refresh(noon)
				continue
			}
			invoiced, before := o.Invoiced, o.Agreement()
			err := anyEdit(t, o)
			o.Refresh(noon)
			noDifference(t, o)
			for _, l := range o.Lines {
				rest := o.left(l)
				if l.Net() < 0 || l.LineDiscount < 0 || l.OrderDiscount < 0 || rest.net < 0 || rest.tax < 0 || rest.units == 0 && rest.net != 0 {
					t.Fatalf("line %+v, left %+v", l, rest)
				}
			}
			if o.Invoiced != invoiced {
				t.Fatalf("%d were invoiced, and %d before", o.Invoiced, invoiced)
			}
			if err != nil || !rapid.Bool().Draw(t, "undone") {
				continue
			}
			restored(t, o, before)
		}
	})
}

// restored undoes an edit and compares what is agreed with what was before it.
func restored(t *rapid.T, o *Order, before Agreement) {
	was := o.Agreement()
	text, err := json.Marshal([]Agreement{before, was}) // as it is stored
	must(t, err)
	var stored []Agreement
	must(t, json.Unmarshal(text, &stored))
	total := o.Due()
	_, err = o.Restore(stored[0], stored[1])
	if err != nil {
		if fault.Is(err, "order.moved_on") { // it had credits
			return
		}
		t.Fatalf("%v", err)
	}
	o.Refresh(noon)
	noDifference(t, o)
	now := o.Agreement()
	for i, l := range before.Lines {
		if diff := cmp.Diff(l, now.Lines[i]); diff != "" {
			t.Fatalf("line %d after the undoing of %d: %s", i, total, diff)
		}
	}
	for _, l := range now.Lines[len(before.Lines):] {
		if l.wanted() != 0 || l.Total != 0 {
			t.Fatalf("an added line is left: %+v", l)
		}
	}
	if diff := cmp.Diff(before.Discounts, now.Discounts, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("discounts: %s", diff)
	}
}

func TestEditsAreRefusedInWords(t *testing.T) {
	o := build(t, draft(item(4, "10"), kit(2, "30", 1, 1)))
	l, set := o.Lines[0], o.Lines[1]
	_, err := o.Invoice(l.ID, 4)
	must(t, err)
	wantFault(t, o.SetPrice(l.ID, price(t, "9")), fault.Conflict, "order.invoiced")
	wantFault(t, o.SetPrice(o.Lines[2].ID, price(t, "9")), fault.Conflict, "order.component")
	_, err = o.Remove(l.ID, 1, CancelStaff)
	wantFault(t, err, fault.Conflict, "order.too_many")
	_, err = o.Invoice(o.Lines[2].ID, 4) // one component of both kits
	must(t, err)
	wantFault(t, o.SetPrice(set.ID, price(t, "9")), fault.Conflict, "order.begun")
	_, err = o.AddLine(DraftLine{}, noon)
	wantFault(t, err, fault.Invalid, "order.bad_line")
	_, err = o.AddDiscount(l.ID, DraftDiscount{Kind: DiscountAmount, Amount: 5}, noon)
	wantFault(t, err, fault.Conflict, "order.nothing_left")
	wantFault(t, o.SetCharge(id.Charge{}, 1, ""), fault.NotFound, "order.charge_not_found")
	d := build(t, Draft{Channel: channel, Status: StatusDraft, Currency: "EUR", Base: "EUR", Lines: []DraftLine{item(1, "1")}})
	wantFault(t, d.AddUnits(d.Lines[0].ID, 1), fault.Conflict, "order.draft")
}
