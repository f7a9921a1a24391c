package api

import (
	"purser/internal/base/fault"
	"purser/internal/base/money"
)

// minorOf is an amount of a request in minor units of the currency it must be in.
func minorOf(f fault.Fields, field string, a money.Amount, c money.Currency) int64 {
	if a.Currency != c {
		f.Add(field+".currency", "is %q, where amounts are in %s", a.Currency, c)
	}
	return a.Minor
}
