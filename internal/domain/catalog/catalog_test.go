package catalog

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/internal/base/id"
	"purser/internal/base/money"
)

func newID() id.Variant { return id.New[id.Variant](time.Now()) }

func TestExplodeSumsOverAllLines(t *testing.T) {
	kit, other, mug, tea := newID(), newID(), newID(), newID()
	components := map[id.Variant][]Component{
		kit:   {{KitID: kit, ComponentID: mug, Quantity: 2}, {KitID: kit, ComponentID: tea, Quantity: 1}},
		other: {{KitID: other, ComponentID: mug, Quantity: 1}},
	}
	got, err := Explode([]Demand{{kit, 3}, {mug, 4}, {other, 5}, {kit, 1}}, components)
	if err != nil {
		t.Fatal(err)
	}
	want := []Demand{{mug, 3*2 + 4 + 5 + 1*2}, {tea, 4}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := Explode([]Demand{{kit, math.MaxInt64 / 2}, {mug, 2}}, components); err == nil {
		t.Error("a sum that does not fit is taken")
	}
}

// What Explode asks for is on the shelves exactly when the kits can be built.
func TestBuildableAgreesWithExplode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kit := newID()
		stock := map[id.Variant]int64{}
		var parts []Component
		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			v := newID()
			stock[v] = rapid.Int64Range(-2, 30).Draw(t, "stock")
			parts = append(parts, Component{KitID: kit, ComponentID: v, Quantity: rapid.Int64Range(1, 7).Draw(t, "quantity")})
		}
		n := Buildable(parts, func(v id.Variant) int64 { return stock[v] })
		fits := func(kits int64) bool {
			demand, err := Explode([]Demand{{kit, kits}}, map[id.Variant][]Component{kit: parts})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range demand {
				if d.Quantity > max(stock[d.Variant], 0) {
					return false
				}
			}
			return true
		}
		if !fits(n) || fits(n+1) {
			t.Fatalf("%d kits of %v from %v", n, parts, stock)
		}
	})
	if Buildable(nil, nil) != 0 {
		t.Error("a kit of nothing can be built")
	}
}

func TestMargin(t *testing.T) {
	for _, test := range []struct {
		price, cost money.Micros
		want        string
		ok          bool
	}{
		{10_000_000, 6_000_000, "40", true},
		{3, 1, "66.6667", true},
		{10, 12, "-20", true},
		{10, 10_000_000, "-100000", true},
		{0, 5, "0", false},
	} {
		got, ok := Margin(test.price, test.cost)
		if ok != test.ok || got.Percent() != test.want {
			t.Errorf("price %s, cost %s: %s %v, want %s", test.price, test.cost, got.Percent(), ok, test.want)
		}
	}
}

func TestBarcodeKeyKnowsTheLengthsOfAGTIN(t *testing.T) {
	for given, want := range map[string]string{
		"036000291452": "0036000291452", "0036000291452": "0036000291452", "00036000291452": "0036000291452",
		" 4006381 333931 ": "4006381333931", "10036000291459": "10036000291459", "96385074": "96385074", "ab 1": "ab1",
	} {
		if got := BarcodeKey(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
	for code, wrong := range map[string]bool{"0036000291452": false, "0036000291453": true, "4006381333931": false, "96385074": false, "123": true} {
		if (checkBarcode("ean", code) != "") != wrong {
			t.Errorf("%s: %q", code, checkBarcode("ean", code))
		}
	}
}

func TestPriceAtFindsTheBreak(t *testing.T) {
	breaks := []Price{{MinQuantity: 5, Amount: 10}, {MinQuantity: 50, Amount: 8}}
	for quantity, want := range map[int64]money.Micros{4: -1, 5: 10, 49: 10, 50: 8, 1e9: 8} {
		got, ok := PriceAt(breaks, quantity)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%d units: %d, want %d", quantity, got, want)
		}
	}
}
