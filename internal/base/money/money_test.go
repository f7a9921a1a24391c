package money

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestFormatAndParse(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency Currency
		text     string
	}{
		{1234, "EUR", "12.34"}, {-5, "EUR", "-0.05"}, {0, "USD", "0.00"},
		{1234, "JPY", "1234"}, {1234, "KWD", "1.234"}, {-1, "KWD", "-0.001"},
	} {
		if got := Format(c.minor, c.currency); got != c.text {
			t.Errorf("Format(%d, %s) = %s, want %s", c.minor, c.currency, got, c.text)
		}
		if got, err := Parse(c.text, c.currency); err != nil || got != c.minor {
			t.Errorf("Parse(%s, %s) = %d, %v", c.text, c.currency, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "-", ".", "1.234", "1,5", "12e3", "0x10", "99999999999999999999", "1.2.3", "--1"} {
		if n, err := Parse(s, "EUR"); err == nil {
			t.Errorf("Parse(%q) = %d", s, n)
		}
	}
	if n, err := Parse("1.500", "EUR"); err != nil || n != 150 {
		t.Errorf("needless zeros: %d, %v", n, err)
	}
}

func TestLineAmountIsRoundedOnceHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct {
		price    string
		quantity int64
		currency Currency
		want     int64
	}{
		{"0.001", 4, "GBP", 0}, {"0.001", 5, "GBP", 1}, {"2.55", 6, "GBP", 1530},
		{"0.005", 1, "GBP", 1}, {"-0.005", 1, "GBP", -1}, {"0.5", 3, "JPY", 2}, {"1.2345", 2, "KWD", 2469},
	} {
		m, err := ParseMicros(c.price)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Times(c.quantity, c.currency); err != nil || got != c.want {
			t.Errorf("%d at %s %s = %d (%v), want %d", c.quantity, c.price, c.currency, got, err, c.want)
		}
	}
	if _, err := Micros(math.MaxInt64).Times(math.MaxInt64, "EUR"); err == nil {
		t.Error("an overflow went unnoticed")
	}
}

func TestTaxWithinGross(t *testing.T) {
	if got := Rate(200_000).Within(12000); got != 2000 {
		t.Errorf("20 %% within 120.00 is %d", got)
	}
	if got := Rate(200_000).Of(10000); got != 2000 {
		t.Errorf("20 %% of 100.00 is %d", got)
	}
}

func TestSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(-1e15, 1e15).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(-5, 1e12), 1, 20).Draw(t, "weights")
		var sum int64
		for i, p := range Split(total, weights) {
			if p != 0 && (p < 0) != (total < 0) {
				t.Fatalf("part %d is %d of %d", i, p, total)
			}
			sum += p
		}
		if sum != total {
			t.Fatalf("parts sum to %d, want %d", sum, total)
		}
	})
}

func TestSharesOfUnitsSumToTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(-1e12, 1e12).Draw(t, "total")
		quantity := rapid.Int64Range(1, 1000).Draw(t, "quantity")
		var sum, done int64
		for done < quantity {
			next := done + rapid.Int64Range(1, quantity-done).Draw(t, "step")
			sum += Share(total, done, next, quantity)
			done = next
		}
		if sum != total {
			t.Fatalf("shares sum to %d, want %d", sum, total)
		}
	})
}

func TestExchange(t *testing.T) {
	for _, c := range []struct {
		x    Exchange
		in   int64
		want int64
	}{
		{Exchange{"USD", "EUR", "0.9"}, 1000, 900},
		{Exchange{"USD", "JPY", "150.255"}, 1000, 1503},
		{Exchange{"JPY", "KWD", "0.002"}, 1000, 2000},
		{Exchange{"EUR", "EUR", ""}, 77, 77},
		{Exchange{"USD", "EUR", "0.5"}, -1, -1},
	} {
		if got, err := c.x.Convert(c.in); err != nil || got != c.want {
			t.Errorf("%+v of %d = %d (%v), want %d", c.x, c.in, got, err, c.want)
		}
	}
	if _, err := (Exchange{"USD", "EUR", "zero"}).Convert(1); err == nil {
		t.Error("a bad rate was taken")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("12.34")
	f.Add("-0.05")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s, "EUR")
		if err != nil {
			return
		}
		if m, err := Parse(Format(n, "EUR"), "EUR"); err != nil || m != n {
			t.Fatalf("%q gave %d, which came back as %d (%v)", s, n, m, err)
		}
	})
}
