package fulfillment

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newID[T ~[16]byte]() T { return id.New[T](noon) }

// makeOrder returns an open order with a line for each quantity.
func makeOrder(t interface{ Fatal(...any) }, quantities ...int64) *Order {
	o := New(noon, newID[id.Order](), newID[id.Location]())
	for _, n := range quantities {
		if err := o.Add(newID[id.Line](), newID[id.Variant](), n); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Release(noon); err != nil {
		t.Fatal(err)
	}
	return o
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("got %v, want %q", err, code)
	}
}

func must[T any](v T, err error) func(t interface {
	Helper()
	Fatal(...any)
}) T {
	return func(t interface {
		Helper()
		Fatal(...any)
	}) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestGate(t *testing.T) {
	paid := Gate{When: WhenPaid, Currency: "EUR", Due: 1000, Paid: 1000, Accepted: true, Kind: KindShip}
	with := func(change func(*Gate)) Gate {
		g := paid
		change(&g)
		return g
	}
	for name, test := range map[string]struct {
		gate Gate
		want []string
	}{
		"paid":                       {paid, nil},
		"overpaid":                   {with(func(g *Gate) { g.Paid = 1200 }), nil},
		"a cent is missing":          {with(func(g *Gate) { g.Paid = 999 }), []string{"awaiting_payment"}},
		"authorized is not paid":     {with(func(g *Gate) { g.Paid, g.Authorized = 0, 1000 }), []string{"awaiting_payment"}},
		"authorized is enough":       {with(func(g *Gate) { g.When, g.Paid, g.Authorized = WhenAuthorized, 0, 1000 }), nil},
		"partly captured":            {with(func(g *Gate) { g.When, g.Paid, g.Authorized = WhenAuthorized, 400, 600 }), nil},
		"authorization is too small": {with(func(g *Gate) { g.When, g.Paid, g.Authorized = WhenAuthorized, 400, 599 }), []string{"awaiting_authorization"}},
		"nothing asked":              {with(func(g *Gate) { g.When, g.Paid = WhenPlaced, 0 }), nil},
		"on terms":                   {with(func(g *Gate) { g.OnTerms, g.Paid = true, 0 }), nil},
		"free of charge":             {with(func(g *Gate) { g.Due, g.Paid = 0, 0 }), nil},
		"held":                       {with(func(g *Gate) { g.Holds = []string{"fraud_review"} }), []string{"on_hold"}},
		"bad address":                {with(func(g *Gate) { g.Address = fault.Fields{"city": "is missing"} }), []string{"bad_address"}},
		"pickup needs no address":    {with(func(g *Gate) { g.Address, g.Kind = fault.Fields{"city": "is missing"}, KindPickup }), nil},
		"pending":                    {with(func(g *Gate) { g.Accepted = false }), []string{"not_accepted"}},
		"all at once": {Gate{When: WhenPaid, Currency: money.Currency("EUR"), Due: 1, Holds: []string{"manual"}, Address: fault.Fields{"city": "is missing"}},
			[]string{"not_accepted", "on_hold", "awaiting_payment", "bad_address"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range test.gate.Check() {
				got = append(got, r.Code)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestGateSaysWhatIsMissing(t *testing.T) {
	g := Gate{When: WhenPaid, Currency: "EUR", Due: 1000, Paid: 250, Accepted: true}
	if got, want := g.Check()[0].Message, "7.50 EUR of 10.00 EUR is not paid yet."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStates(t *testing.T) {
	t.Run("nobody works on a scheduled order", func(t *testing.T) {
		o := New(noon, newID[id.Order](), newID[id.Location]())
		line := newID[id.Line]()
		if err := o.Add(line, newID[id.Variant](), 2); err != nil {
			t.Fatal(err)
		}
		wantCode(t, o.Start(), "fulfillment.scheduled")
		wantCode(t, o.Pick(line, 1, noon), "fulfillment.scheduled")
		_, err := o.Ship(o.Free(), Carriage{}, noon)
		wantCode(t, err, "fulfillment.scheduled")
		_, err = o.Pack(o.Free(), noon)
		wantCode(t, err, "fulfillment.scheduled")
		_, err = o.Reject("broken", noon)
		wantCode(t, err, "fulfillment.scheduled")
	})
	t.Run("an order is released once", func(t *testing.T) {
		wantCode(t, makeOrder(t, 1).Release(noon), "fulfillment.open")
	})
	t.Run("picking starts an order", func(t *testing.T) {
		o := makeOrder(t, 2, 1)
		if err := o.Pick(o.Lines[0].Line, 2, noon); err != nil {
			t.Fatal(err)
		}
		if o.Status != InProgress || !o.PickedAt.IsZero() {
			t.Errorf("%s, picked at %v", o.Status, o.PickedAt)
		}
		if err := o.Pick(o.Lines[1].Line, 1, noon); err != nil {
			t.Fatal(err)
		}
		if o.PickedAt != noon {
			t.Errorf("picked at %v", o.PickedAt)
		}
		wantCode(t, o.Pick(o.Lines[1].Line, 1, noon), "fulfillment.too_many")
		wantCode(t, o.Add(o.Lines[0].Line, o.Lines[0].Variant, 1), "fulfillment.in_progress")
	})
	t.Run("a partial shipment keeps it in progress, the rest closes it", func(t *testing.T) {
		o := makeOrder(t, 3)
		line := o.Lines[0].Line
		must(o.Ship(Quantities{line: 1}, Carriage{}, noon))(t)
		if o.Status != InProgress || o.Open() != 2 {
			t.Errorf("%s, %d open", o.Status, o.Open())
		}
		_, err := o.Ship(Quantities{line: 3}, Carriage{}, noon)
		wantCode(t, err, "fulfillment.too_many")
		must(o.Ship(o.Free(), Carriage{}, noon))(t)
		if o.Status != Closed || o.ClosedAt != noon || o.HandedOverAt != noon {
			t.Errorf("%+v", o)
		}
		_, err = o.Ship(Quantities{line: 1}, Carriage{}, noon)
		wantCode(t, err, "fulfillment.closed")
		wantCode(t, o.Cancel(line, 1, "", noon), "fulfillment.closed")
	})
	t.Run("cancelling the rest of what was shipped closes", func(t *testing.T) {
		o := makeOrder(t, 3)
		line := o.Lines[0].Line
		must(o.Ship(Quantities{line: 1}, Carriage{}, noon))(t)
		if err := o.Cancel(line, 2, "customer", noon); err != nil {
			t.Fatal(err)
		}
		if o.Status != Closed {
			t.Error(o.Status)
		}
	})
	t.Run("cancelling all cancels", func(t *testing.T) {
		o := makeOrder(t, 3, 1)
		parts := must(o.CancelAll("customer", noon))(t)
		if o.Status != Cancelled || len(parts) != 2 || parts[0].Quantity != 3 {
			t.Errorf("%s %v", o.Status, parts)
		}
	})
	t.Run("rejecting gives all that is open back", func(t *testing.T) {
		o := makeOrder(t, 3)
		parts := must(o.Reject("not in stock", noon))(t)
		if o.Status != Rejected || len(parts) != 1 || parts[0].Quantity != 3 || o.Open() != 0 {
			t.Errorf("%s %v", o.Status, parts)
		}
	})
	t.Run("cancelling takes unpicked units first", func(t *testing.T) {
		o := makeOrder(t, 5)
		l := o.Lines[0]
		if err := errors.Join(o.Pick(l.Line, 3, noon), o.Cancel(l.Line, 2, "", noon)); err != nil {
			t.Fatal(err)
		}
		if l.Picked != 3 || o.PickedAt != noon {
			t.Errorf("picked %d at %v", l.Picked, o.PickedAt)
		}
	})
	t.Run("quantities below one are refused", func(t *testing.T) {
		o := makeOrder(t, 1)
		line := o.Lines[0].Line
		for _, n := range []int64{0, -1} {
			wantCode(t, o.Pick(line, n, noon), "fulfillment.bad_quantity")
			wantCode(t, o.Cancel(line, n, "", noon), "fulfillment.bad_quantity")
			_, err := o.Ship(Quantities{line: n}, Carriage{}, noon)
			wantCode(t, err, "fulfillment.bad_quantity")
		}
		_, err := o.Ship(nil, Carriage{}, noon)
		wantCode(t, err, "fulfillment.nothing")
		_, err = o.Ship(Quantities{newID[id.Line](): 1}, Carriage{}, noon)
		wantCode(t, err, "fulfillment.line_not_found")
	})
}

func TestPackedUnitsAreNotFree(t *testing.T) {
	o := makeOrder(t, 5)
	l := o.Lines[0]
	s := must(o.Pack(Quantities{l.Line: 3}, noon))(t)
	if l.Free() != 2 || l.Open() != 5 || l.Picked != 3 {
		t.Fatalf("%+v", l)
	}
	_, err := o.Ship(Quantities{l.Line: 3}, Carriage{}, noon)
	wantCode(t, err, "fulfillment.too_many")
	wantCode(t, o.Cancel(l.Line, 3, "", noon), "fulfillment.too_many")
	wantCode(t, o.Unpick(l.Line, 1), "fulfillment.too_many")
	_, err = o.CancelAll("", noon)
	wantCode(t, err, "fulfillment.packed")
	if o.Status != InProgress || l.Cancelled != 0 {
		t.Errorf("a refused change left its mark: %+v", l)
	}

	if err := errors.Join(s.Label(Carriage{Carrier: "DHL", TrackingNumber: "123"}), o.Dispatch(s, noon)); err != nil {
		t.Fatal(err)
	}
	if s.Status != ShipmentShipped || l.Shipped != 3 || l.Packed != 0 || l.Picked != 0 {
		t.Errorf("%s %+v", s.Status, l)
	}
	wantCode(t, o.Dispatch(s, noon), "shipment.shipped")
	wantCode(t, o.Void(s, ""), "shipment.shipped")

	rest := must(o.Pack(o.Free(), noon))(t)
	if o.PackedAt != noon {
		t.Error("all is packed, and nobody noted when")
	}
	if err := o.Void(rest, "wrong box"); err != nil {
		t.Fatal(err)
	}
	if rest.Status != ShipmentVoided || l.Free() != 2 || l.Picked != 2 || !o.PackedAt.IsZero() {
		t.Errorf("%s %+v", rest.Status, l)
	}
	wantCode(t, o.Dispatch(rest, noon), "shipment.voided")
	wantCode(t, makeOrder(t, 1).Void(must(o.Pack(o.Free(), noon))(t), ""), "shipment.of_another")
}

func TestMove(t *testing.T) {
	o := makeOrder(t, 5, 1)
	line := o.Lines[0].Line
	moved := o.Sibling(newID[id.Location](), noon)
	wantCode(t, o.Move(moved, Quantities{line: 2}, "nearer", noon), "")
	if moved.Status != Open || moved.Order != o.Order || moved.Lines[0].Quantity != 2 || o.Open() != 4 {
		t.Errorf("%+v", moved)
	}
	wantCode(t, o.Move(moved, Quantities{line: 4}, "", noon), "fulfillment.too_many")
	wantCode(t, o.Move(o.Sibling(o.Location, noon), Quantities{line: 1}, "", noon), "fulfillment.same_location")
	wantCode(t, o.Pick(line, 2, noon), "")
	wantCode(t, o.Move(moved, Quantities{line: 2}, "", noon), "fulfillment.picked")
	wantCode(t, o.Move(moved, o.Movable(), "", noon), "")
	wantCode(t, o.Unpick(line, 2), "")
	wantCode(t, o.Move(moved, o.Movable(), "", noon), "")
	if o.Status != Cancelled || moved.Open() != 6 {
		t.Error(o.Status, moved.Open())
	}
	wantCode(t, o.Move(moved, Quantities{line: 1}, "", noon), "fulfillment.cancelled")
}

func TestSplitAndMerge(t *testing.T) {
	o := makeOrder(t, 5, 1)
	line := o.Lines[0].Line
	_, err := o.Split(o.Free(), noon)
	wantCode(t, err, "fulfillment.nothing_left")
	part := must(o.Split(Quantities{line: 3}, noon))(t)
	if part.Open() != 3 || o.Open() != 3 || part.Location != o.Location || part.Status != Open {
		t.Errorf("%+v of %+v", part, o)
	}
	wantCode(t, o.Merge(o, noon), "fulfillment.same_order")
	wantCode(t, o.Merge(makeOrder(t, 1), noon), "fulfillment.other_order")
	wantCode(t, part.Pick(line, 1, noon), "")
	wantCode(t, part.Merge(o, noon), "fulfillment.picked")
	wantCode(t, o.Merge(part, noon), "") // what is begun may get more
	if o.Status != Cancelled || part.Open() != 6 || part.Line(line).ToPick() != 4 {
		t.Errorf("%+v of %+v", part, o)
	}
	wantCode(t, part.Merge(o, noon), "fulfillment.cancelled")
}

func TestRejectPart(t *testing.T) {
	o := makeOrder(t, 5, 1)
	line := o.Lines[0].Line
	wantCode(t, o.Pick(line, 5, noon), "")
	part := must(o.RejectPart(Quantities{line: 2}, "damaged", noon))(t)
	if part.Status != Rejected || part.Lines[0].Cancelled != 2 || o.Status != InProgress || o.Line(line).Picked != 3 {
		t.Errorf("%+v of %+v", part, o)
	}
	_, err := o.RejectPart(Quantities{line: 4}, "damaged", noon)
	wantCode(t, err, "fulfillment.too_many")
}

// Random work on an order, against a model that knows units one by one: no unit
// leaves twice, and nothing is lost.
func TestUnitsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := makeOrder(t, 7, 1, 4)
		gone, off := map[id.Line]int64{}, map[id.Line]int64{}
		var packed []*Shipment
		quantities := func() Quantities {
			q := Quantities{}
			for _, l := range o.Lines {
				if n := rapid.Int64Range(-1, 4).Draw(t, "n"); n != 0 {
					q[l.Line] = n
				}
			}
			return q
		}
		t.Repeat(map[string]func(*rapid.T){
			"ship": func(t *rapid.T) {
				if s, err := o.Ship(quantities(), Carriage{}, noon); err == nil {
					for _, l := range s.Lines {
						gone[l.Line] += l.Quantity
					}
				}
			},
			"pack": func(t *rapid.T) {
				if s, err := o.Pack(quantities(), noon); err == nil {
					packed = append(packed, s)
				}
			},
			"unpack or dispatch": func(t *rapid.T) {
				if len(packed) == 0 {
					return
				}
				s := rapid.SampledFrom(packed).Draw(t, "shipment")
				if rapid.Bool().Draw(t, "void") {
					_ = o.Void(s, "")
				} else if o.Dispatch(s, noon) == nil {
					for _, l := range s.Lines {
						gone[l.Line] += l.Quantity
					}
				}
			},
			"cancel": func(t *rapid.T) {
				l := rapid.SampledFrom(o.Lines).Draw(t, "line")
				n := rapid.Int64Range(-1, 4).Draw(t, "n")
				if o.Cancel(l.Line, n, "", noon) == nil {
					off[l.Line] += n
				}
			},
			"pick": func(t *rapid.T) {
				l := rapid.SampledFrom(o.Lines).Draw(t, "line")
				n := rapid.Int64Range(-2, 4).Draw(t, "n")
				_ = o.Pick(l.Line, n, noon)
				_ = o.Unpick(l.Line, -n)
			},
			"": func(t *rapid.T) {
				for _, l := range o.Lines {
					if l.Shipped != gone[l.Line] || l.Cancelled != off[l.Line] || l.Open() < 0 {
						t.Fatalf("%+v, but %d left and %d were taken off", l, gone[l.Line], off[l.Line])
					}
					if l.Packed < 0 || l.Picked < l.Packed || l.Picked > l.Open() {
						t.Fatalf("%+v", l)
					}
				}
				if o.Status.Done() != (o.Open() == 0) || o.Status.Done() == o.ClosedAt.IsZero() {
					t.Fatalf("%s with %d open", o.Status, o.Open())
				}
			},
		})
	})
}

func TestPickList(t *testing.T) {
	a, b, c, d := newID[id.Variant](), newID[id.Variant](), newID[id.Variant](), newID[id.Variant]()
	lines := []*PickLine{
		{Variant: a, Quantity: 1}, {Variant: b, Quantity: 2}, {Variant: c, Quantity: 3, Picked: 1}, {Variant: d, Quantity: 9}, {Variant: c, Quantity: 4, Short: 1},
	}
	stops := PickList(lines, map[id.Variant]Bin{a: {Code: "B-1", Path: 20}, b: {Code: "A-10", Path: 10}, c: {Code: "A-2", Path: 9}})
	var got []id.Variant
	for _, s := range stops {
		got = append(got, s.Variant)
	}
	if !slices.Equal(got, []id.Variant{c, b, a, d}) {
		t.Errorf("the walk is %v", got)
	}
	if s := stops[0]; s.Quantity != 7 || s.Picked != 1 || s.Short != 1 || len(s.Lines) != 2 {
		t.Errorf("%+v", s)
	}
}

func TestTrackingOrder(t *testing.T) {
	at := func(status Tracking, minutes int) *TrackingEvent {
		return &TrackingEvent{Status: status, At: noon.Add(time.Duration(minutes) * time.Minute), ReceivedAt: noon.Add(time.Hour)}
	}
	for name, test := range map[string]struct{ newer, older *TrackingEvent }{
		"later":                     {at(TrackingInTransit, 2), at(TrackingOutForDelivery, 1)},
		"further, at one instant":   {at(TrackingDelivered, 1), at(TrackingInTransit, 1)},
		"a clock that is too early": {at(TrackingDelivered, 60), at(TrackingInTransit, 60*24*365)},
	} {
		if !test.newer.after(test.older) || test.older.after(test.newer) {
			t.Error(name)
		}
	}
}
