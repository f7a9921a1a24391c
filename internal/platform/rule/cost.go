package rule

import (
	"math"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"purser/internal/base/money"
)

// usual is how many items a list, and how many characters a text, is reckoned
// to have. Longer ones meet the limit at run time.
const usual = 100

// sizes reckons the sizes of what a condition will be given.
type sizes struct{}

// EstimateSize is the size of a list, a map or a text.
func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: usual}
}

// EstimateCallCost leaves the costs of functions to CEL.
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// minor turns an amount as people write it into minor units: minor(129.5, "EUR")
// is 12950.
var minor = cel.Function("minor",
	cel.Overload("minor_double_string", []*cel.Type{cel.DoubleType, cel.StringType}, cel.IntType, cel.BinaryBinding(toMinor)),
	cel.Overload("minor_int_string", []*cel.Type{cel.IntType, cel.StringType}, cel.IntType, cel.BinaryBinding(toMinor)),
)

func toMinor(amount, currency ref.Val) ref.Val {
	c := money.Currency(currency.Value().(string))
	if !c.Valid() {
		return types.NewErr("%q is not an ISO 4217 currency code", string(c))
	}
	unit := math.Pow10(c.Digits())
	var n float64
	switch v := amount.Value().(type) {
	case float64:
		n = math.Round(v * unit)
	case int64:
		n = float64(v) * unit
	}
	if math.IsNaN(n) || math.Abs(n) > 1<<53 {
		return types.NewErr("the amount %v is too large", amount.Value())
	}
	return types.Int(int64(n))
}
