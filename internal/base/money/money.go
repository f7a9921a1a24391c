// Package money holds amounts: whole minor units of one ISO 4217 currency,
// and unit prices in millionths of the major unit. Nothing here is a float.
//
// Rounding is named and happens in four places only: a line's amount from
// price and quantity (Micros.Times), a rate of an amount (Rate.Of), a change of
// currency (Exchange.Convert), all half away from zero; and the split of an
// amount over parts (Split), which loses nothing.
package money

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"purser/internal/base/fault"
)

// Currency is an ISO 4217 code such as EUR.
type Currency string

// Valid tells whether c is a currency in use.
func (c Currency) Valid() bool { return c != "" && currency.IsValid(string(c)) }

// Digits is the number of decimals of c's minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
func (c Currency) Digits() int {
	d, ok := currency.GetDigits(string(c))
	if !ok {
		return 2
	}
	return int(d)
}

// ParseCurrency reads a code in any case.
func ParseCurrency(s string) (Currency, error) {
	c := Currency(strings.ToUpper(strings.TrimSpace(s)))
	if !c.Valid() {
		return "", fault.New(fault.Invalid, "money.unknown_currency", "%q is not an ISO 4217 currency code.", s)
	}
	return c, nil
}

// Amount is a number of minor units of a currency: 1234 of EUR is 12.34 euros.
type Amount struct {
	Minor    int64    `json:"minor" doc:"Whole minor units: 1234 of EUR is 12.34 euros."`
	Currency Currency `json:"currency" doc:"ISO 4217 code."`
}

// Of returns an amount.
func Of(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// String writes the amount with its currency, as 12.34 EUR.
func (a Amount) String() string { return Format(a.Minor, a.Currency) + " " + string(a.Currency) }

// Format writes minor units of c as a decimal number.
func Format(minor int64, c Currency) string { return decimal(minor, c.Digits()) }

// Parse reads a decimal number as minor units of c. A number with more
// decimals than c has is refused rather than rounded.
func Parse(s string, c Currency) (int64, error) {
	n, err := parseDecimal(s, c.Digits())
	if err != nil {
		return 0, fault.New(fault.Invalid, "money.bad_amount", "%q is not an amount in %s: %v.", s, c, err)
	}
	return n, nil
}

// Micros is a price or cost of one unit, in millionths of the currency's major
// unit, so that prices may have more decimals than their currency.
type Micros int64

// ParseMicros reads a decimal number with up to six decimals.
func ParseMicros(s string) (Micros, error) {
	n, err := parseDecimal(s, 6)
	if err != nil {
		return 0, fault.New(fault.Invalid, "money.bad_price", "%q is not a price: %v.", s, err)
	}
	return Micros(n), nil
}

// MicrosOf returns an amount of minor units of c as a unit price.
func MicrosOf(minor int64, c Currency) Micros { return Micros(minor * pow10(6-c.Digits())) }

// String writes the price as a decimal number without needless zeros: 0.001, 12.5, 3.
func (m Micros) String() string {
	s := decimal(int64(m), 6)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalText writes the decimal number, so that JSON shows "12.5".
func (m Micros) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a decimal number.
func (m *Micros) UnmarshalText(b []byte) error {
	v, err := ParseMicros(string(b))
	*m = v
	return err
}

// Times is the amount of quantity units at price m, in minor units of c,
// rounded half away from zero. This is the one rounding of a line's amount.
func (m Micros) Times(quantity int64, c Currency) (int64, error) {
	n, ok := mulDiv(int64(m), quantity, pow10(6-c.Digits()))
	if !ok {
		return 0, fault.New(fault.Invalid, "money.too_large", "%d units at %s %s is more than an amount can hold.", quantity, m, c)
	}
	return n, nil
}

// Rate is a part of a whole in millionths: 200000 is 20 %.
type Rate int64

// One is the whole: 100 %.
const One Rate = 1_000_000

// ParsePercent reads a percentage such as "20" or "8.875".
func ParsePercent(s string) (Rate, error) {
	n, err := parseDecimal(strings.TrimSuffix(strings.TrimSpace(s), "%"), 4)
	if err != nil {
		return 0, fault.New(fault.Invalid, "money.bad_rate", "%q is not a percentage: %v.", s, err)
	}
	return Rate(n), nil
}

// Percent writes the rate as a percentage without the sign: 8.875.
func (r Rate) Percent() string {
	return strings.TrimSuffix(strings.TrimRight(decimal(int64(r), 4), "0"), ".")
}

// Of is r of n minor units, rounded half away from zero.
func (r Rate) Of(n int64) int64 { return mustMulDiv(n, int64(r), int64(One)) }

// Within is the part of a gross amount that is tax at rate r: gross * r / (1 + r),
// rounded half away from zero.
func (r Rate) Within(gross int64) int64 { return mustMulDiv(gross, int64(r), int64(One+r)) }

// Split divides total over parts in proportion to weights, so that the parts
// sum to total: each part is rounded towards zero and the rest goes, a minor unit
// each, to the largest remainders (Hamilton's method), earlier parts first on
// a tie. Negative weights count as zero; if all are zero the split is even.
func Split(total int64, weights []int64) []int64 {
	parts := make([]int64, len(weights))
	if len(weights) == 0 || total == 0 {
		return parts
	}
	sign, rest := int64(1), uint64(total)
	if total < 0 {
		sign, rest = -1, uint64(-total)
	}
	var sum uint64
	for _, w := range weights {
		sum += uint64(max(w, 0))
	}
	weight := func(i int) uint64 {
		if sum == 0 {
			return 1
		}
		return uint64(max(weights[i], 0))
	}
	whole := sum
	if sum == 0 {
		whole = uint64(len(weights))
	}
	magnitude := rest
	remainders := make([]uint64, len(weights))
	for i := range weights {
		hi, lo := bits.Mul64(magnitude, weight(i))
		q, r := bits.Div64(hi%whole, lo, whole)
		parts[i], remainders[i] = int64(q), r
		rest -= q
	}
	for ; rest > 0; rest-- {
		best := 0
		for i, r := range remainders {
			if r > remainders[best] {
				best = i
			}
		}
		parts[best]++
		remainders[best] = 0
	}
	for i := range parts {
		parts[i] *= sign
	}
	return parts
}

// Share is the part of total that belongs to the units from..to (counted from
// 0) of quantity units. Shares of adjoining ranges sum to exactly total, so
// the last part takes the remainder.
func Share(total, from, to, quantity int64) int64 {
	return mustMulDiv(total, to, quantity) - mustMulDiv(total, from, quantity)
}

// Exchange is a rate of exchange: how many major units of To one major unit of From gives.
type Exchange struct {
	From, To Currency
	Rate     string // a decimal number
}

// Convert changes minor units of From into minor units of To, rounded half
// away from zero.
func (x Exchange) Convert(minor int64) (int64, error) {
	if x.From == x.To {
		return minor, nil
	}
	r, ok := new(big.Rat).SetString(x.Rate)
	if !ok || r.Sign() <= 0 {
		return 0, fault.New(fault.Invalid, "money.bad_exchange_rate", "%q is not a rate of exchange from %s to %s.", x.Rate, x.From, x.To)
	}
	r.Mul(r, new(big.Rat).SetInt64(minor))
	r.Mul(r, new(big.Rat).SetFrac64(pow10(x.To.Digits()), pow10(x.From.Digits())))
	two := big.NewInt(2)
	num := new(big.Int).Mul(new(big.Int).Abs(r.Num()), two)
	num.Add(num, r.Denom()).Quo(num, new(big.Int).Mul(r.Denom(), two))
	if !num.IsInt64() {
		return 0, fault.New(fault.Invalid, "money.too_large", "%s in %s is more than an amount can hold.", Of(minor, x.From), x.To)
	}
	return int64(r.Sign()) * num.Int64(), nil
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// mulDiv is a * b / c rounded half away from zero, with ok false where it does
// not fit.
func mulDiv(a, b, c int64) (n int64, ok bool) {
	negative := (a < 0) != (b < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	hi += carry
	if hi >= uint64(c) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	if q > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(q), true
	}
	return int64(q), true
}

// mustMulDiv is mulDiv for a result that is no larger than its first factor,
// or nearly so.
func mustMulDiv(a, b, c int64) int64 {
	n, ok := mulDiv(a, b, c)
	if !ok {
		panic(fmt.Sprintf("money: %d * %d / %d overflows", a, b, c))
	}
	return n
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func decimal(n int64, digits int) string {
	s := strconv.FormatUint(magnitude(n), 10)
	if digits > 0 {
		if pad := digits + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	if n < 0 {
		s = "-" + s
	}
	return s
}

func parseDecimal(s string, digits int) (int64, error) {
	s = strings.TrimSpace(s)
	body, negative := strings.CutPrefix(s, "-")
	whole, frac, _ := strings.Cut(body, ".")
	for len(frac) > digits && strings.HasSuffix(frac, "0") {
		frac = frac[:len(frac)-1]
	}
	switch {
	case whole+frac == "":
		return 0, fmt.Errorf("there is no number")
	case len(frac) > digits:
		return 0, fmt.Errorf("it has more than %d decimals", digits)
	case strings.Trim(whole+frac, "0123456789") != "":
		return 0, fmt.Errorf("write it like 1234.5")
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", digits-len(frac)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("it is too large")
	}
	if negative {
		n = -n
	}
	return n, nil
}
