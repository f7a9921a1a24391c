package order

import (
	"slices"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

func TestHoldsEndInManyWays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		orders := insert(t, d, draft(item(1, "1"), item(2, "1")), draft(item(1, "1")))
		o, fo := orders[0], id.New[id.Fulfillment](noon)
		line := o.Lines[0].ID
		change(t, d, o.ID, func(o *Order) error {
			for _, h := range []Hold{
				{Reason: HoldAwaitingPayment, ReleaseOn: "payment.captured", Source: "flow"},
				{Reason: HoldEditWindow, Until: noon.Add(30 * time.Minute), Source: "flow"},
				{Reason: HoldManual, Fulfillment: fo},
				{Reason: HoldOutOfStock, Line: line},
				{Reason: HoldOutOfStock, Line: line}, // is there already
			} {
				if _, err := o.Hold(h); err != nil {
					return err
				}
			}
			_, err := o.Hold(Hold{Reason: "mood"})
			wantFault(t, err, fault.Invalid, "order.bad_hold")
			_, err = o.Hold(Hold{Reason: HoldManual, Line: id.New[id.Line](noon)})
			wantFault(t, err, fault.Invalid, "order.bad_hold")
			return nil
		})
		o = get(t, d, o.ID)
		if o.ActiveHolds != 4 || len(o.Holds) != 4 || o.FulfillmentStatus != FulfillmentOnHold {
			t.Fatalf("%d holds of %d are active", o.ActiveHolds, len(o.Holds))
		}
		reasons := func(fulfillment id.Fulfillment, lines ...id.Line) (out []HoldReason) {
			for _, h := range o.HoldsOn(fulfillment, lines) {
				out = append(out, h.Reason)
			}
			return out
		}
		if got := reasons(fo, line); len(got) != 4 {
			t.Errorf("held for %q", got)
		}
		if got := reasons(id.New[id.Fulfillment](noon), o.Lines[1].ID); !slices.Equal(got, []HoldReason{HoldAwaitingPayment, HoldEditWindow}) {
			t.Errorf("held for %q", got)
		}
		if got := reasons(fo, o.Lines[1].ID); !slices.Equal(got, []HoldReason{HoldAwaitingPayment, HoldEditWindow, HoldManual}) {
			t.Errorf("held for %q", got)
		}

		for at, want := range map[time.Duration]int{29 * time.Minute: 0, 30 * time.Minute: 1} {
			due, err := HeldUntil(background, d, noon.Add(at), 10)
			must(t, err)
			if len(due) != want {
				t.Errorf("after %v, holds of %v are over", at, due)
			}
		}
		waiting, err := HeldFor(background, d, "payment.captured", []id.Order{orders[0].ID, orders[1].ID})
		must(t, err)
		if !slices.Equal(waiting, []id.Order{o.ID}) {
			t.Errorf("waiting are %v", waiting)
		}

		change(t, d, o.ID, func(o *Order) error {
			if got := o.ExpireHolds(noon.Add(time.Hour)); len(got) != 1 || got[0].Status != HoldExpired {
				t.Errorf("expired %v", got)
			}
			if got := o.ReleaseOn("payment.captured", noon.AddDate(1, 0, 0)); len(got) != 1 || len(o.ReleaseOn("", noon.AddDate(1, 0, 0))) != 0 {
				t.Errorf("released %v", got)
			}
			if got := o.ReleaseReason(HoldOutOfStock); len(got) != 1 {
				t.Errorf("released %v", got)
			}
			_, err := o.ReleaseHold(id.New[id.Hold](noon))
			wantFault(t, err, fault.NotFound, "order.hold_not_found")
			_, err = o.ReleaseHold(o.Holds[2].ID)
			return err
		})
		o = get(t, d, o.ID)
		if o.ActiveHolds != 0 || o.FulfillmentStatus != FulfillmentUnfulfilled || o.Holds[0].ReleasedBy != "user:ada" || o.Holds[0].ReleasedAt.IsZero() {
			t.Errorf("holds are %+v", o.Holds)
		}
		_, err = o.ReleaseHold(o.Holds[2].ID)
		wantFault(t, err, fault.Conflict, "order.hold_released")
		want := []string{
			"order.placed", "order.fulfillment_status_changed", "order.held", "order.held", "order.held", "order.held",
			"order.fulfillment_status_changed", "order.hold_released", "order.hold_expired", "order.hold_released", "order.hold_released",
		}
		if got := kinds(t, d, o.ID); !slices.Equal(got, want) {
			t.Errorf("facts are %q, want %q", got, want)
		}
		noneLeft(t, d)
	})
}

func TestAHeldKitHoldsItsComponents(t *testing.T) {
	o := build(t, draft(kit(1, "1", 1, 1), item(1, "1")))
	_, err := o.Hold(Hold{Reason: HoldManual, Line: o.Lines[0].ID})
	must(t, err)
	if got := o.HoldsOn(id.Fulfillment{}, []id.Line{o.Lines[2].ID}); len(got) != 1 {
		t.Errorf("a component is held by %v", got)
	}
	if got := o.HoldsOn(id.Fulfillment{}, []id.Line{o.Lines[3].ID}); len(got) != 0 {
		t.Errorf("another line is held by %v", got)
	}
}
