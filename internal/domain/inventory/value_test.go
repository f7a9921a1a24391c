package inventory

import (
	"testing"

	"pgregory.net/rapid"

	"purser/internal/base/id"
	"purser/internal/base/money"
)

// step is a movement and what it and the stock are worth then.
type step struct {
	units    int64
	cost     string // "" is the moving average
	value    int64
	variance int64
	quantity int64
	worth    int64
}

func TestMovingAverage(t *testing.T) {
	for name, steps := range map[string][]step{
		"the last unit takes the remainder": {
			{3, "3.333333", 1000, 0, 3, 1000},
			{-1, "", -333, 0, 2, 667},
			{-1, "", -334, 0, 1, 333},
			{-1, "", -333, 0, 0, 0},
		},
		"costs are averaged": {
			{10, "1", 1000, 0, 10, 1000},
			{10, "2", 2000, 0, 20, 3000},
			{-5, "", -750, 0, 15, 2250},
			{1, "", 150, 0, 16, 2400},
		},
		"what is found without a cost costs what it last did": {
			{2, "1.5", 300, 0, 2, 300},
			{-2, "", -300, 0, 0, 0},
			{4, "", 600, 0, 4, 600},
		},
		"more than there is goes out at the last cost": {
			{2, "1.5", 300, 0, 2, 300},
			{-3, "", -450, 0, -1, -150},
			{-1, "", -150, 0, -2, -300},
		},
		"what left before it came is settled at the new cost": {
			{1, "1", 100, 0, 1, 100},
			{-4, "", -400, 0, -3, -300},
			{2, "1.2", 240, -40, -1, -100},
			{5, "1.2", 600, -20, 4, 480},
		},
		"settled exactly": {
			{1, "1", 100, 0, 1, 100},
			{-2, "", -200, 0, -1, -100},
			{1, "3", 300, -200, 0, 0},
			{1, "", 300, 0, 1, 300},
		},
		"settled at the average there is no difference": {
			{3, "0.333333", 100, 0, 3, 100},
			{-10, "", -333, 0, -7, -233},
			{9, "", 300, 0, 2, 67},
		},
		"nothing is known of the cost": {
			{-2, "", 0, 0, -2, 0},
			{3, "1", 300, -200, 1, 100},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &worth{}
			for i, s := range steps {
				e := entry{Posting: Posting{Quantity: s.units}}
				if s.cost != "" {
					c, err := money.ParseMicros(s.cost)
					if err != nil {
						t.Fatal(err)
					}
					e.UnitCost = &c
				}
				value, variance, err := w.book(e, "EUR")
				if err != nil {
					t.Fatal(err)
				}
				if got := (step{s.units, s.cost, value, variance, w.quantity, w.value}); got != s {
					t.Fatalf("step %d is %+v, want %+v", i, got, s)
				}
			}
		})
	}
}

func TestUndoTakesWhatItGaveWhileTheStockBearsIt(t *testing.T) {
	undo := func(units, value int64) entry {
		return entry{Posting: Posting{Quantity: units}, value: value, undoes: id.Movement{1}}
	}
	for name, c := range map[string]struct {
		before             worth
		entry              entry
		value, units, left int64
	}{
		"as it was":                       {worth{quantity: 10, value: 1500}, undo(-5, 1000), -1000, 5, 500},
		"all of it":                       {worth{quantity: 5, value: 1000}, undo(-5, 1000), -1000, 0, 0},
		"the average has fallen":          {worth{quantity: 10, value: 900}, undo(-5, 1000), -450, 5, 450},
		"the last unit takes all":         {worth{quantity: 5, value: 1100}, undo(-5, 1000), -1100, 0, 0},
		"no units would be worth the all": {worth{quantity: 6, value: 1000}, undo(-5, 1000), -833, 1, 167},
		"what had gone comes back":        {worth{quantity: 5, value: 500}, undo(5, -777), 777, 10, 1277},
	} {
		w := c.before
		value, variance, err := w.book(c.entry, "EUR")
		if err != nil || variance != 0 || value != c.value || w.quantity != c.units || w.value != c.left {
			t.Errorf("%s: %d (%d) leaves %d for %d, %v", name, value, variance, w.value, w.quantity, err)
		}
	}
}

// However units come and go: no units are worth nothing, the sign of the value
// is that of the quantity, and the movements' values add up to it.
func TestValueIsTheSumOfItsMovements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "base")
		w := &worth{}
		var sum int64
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			e := entry{Posting: Posting{Quantity: rapid.Int64Range(-50, 50).Filter(func(n int64) bool { return n != 0 }).Draw(t, "units")}}
			if e.Quantity > 0 && rapid.Bool().Draw(t, "priced") {
				c := money.Micros(rapid.Int64Range(0, 99_999_999).Draw(t, "cost"))
				e.UnitCost = &c
			}
			e.leg = rapid.IntRange(0, 4).Draw(t, "leg") == 0
			value, variance, err := w.book(e, base)
			if err != nil {
				t.Fatal(err)
			}
			if e.leg {
				continue // its twin takes it back
			}
			if sum += value + variance; sum != w.value {
				t.Fatalf("the movements add up to %d, the stock is worth %d", sum, w.value)
			}
			if w.quantity == 0 && w.value != 0 || w.quantity > 0 && w.value < 0 || w.quantity < 0 && w.value > 0 {
				t.Fatalf("%d units are worth %d", w.quantity, w.value)
			}
		}
	})
}

func TestUnitCostFitsAtTheBounds(t *testing.T) {
	for _, base := range []money.Currency{"EUR", "JPY", "KWD"} {
		w := &worth{quantity: 1, value: maxValue(base)}
		if _, err := w.out(1, base); err != nil {
			t.Error(err)
		}
		if c := unitCost(maxValue(base), 1, base); c <= 0 {
			t.Errorf("%s: a unit costs %d", base, c)
		}
	}
}
