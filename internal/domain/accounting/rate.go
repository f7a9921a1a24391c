package accounting

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// Rate is what one unit of a currency is worth in the base currency from a day on.
type Rate struct {
	Base     money.Currency `db:"base" json:"base"`
	Currency money.Currency `db:"currency" json:"currency"`
	Date     string         `db:"on_date" json:"date" doc:"YYYY-MM-DD."`
	Rate     string         `db:"rate" json:"rate" doc:"Base currency for one unit of the currency, as a decimal number."`
	Source   string         `db:"source" json:"source" doc:"Where it comes from: ecb, manual ..."`
}

// Exchange is the rate as an exchange into the base currency.
func (r Rate) Exchange() money.Exchange {
	return money.Exchange{From: r.Currency, To: r.Base, Rate: r.Rate}
}

// SaveRates writes rates; one of the same currencies and day takes the place of
// the one of before. Documents that were made keep theirs. Errors: Invalid
// accounting.bad_rate, with the fields.
func SaveRates(ctx context.Context, tx *db.Tx, rates []Rate) error {
	f := fault.Fields{}
	rows := make([]Rate, 0, len(rates))
	seen := map[[3]string]int{}
	for i, r := range rates {
		at := fmt.Sprintf("rates[%d].", i)
		r.Rate, r.Source = strings.TrimSpace(r.Rate), strings.TrimSpace(r.Source)
		if !r.Base.Valid() {
			f.Add(at+"base", "%q is not an ISO 4217 currency code", r.Base)
		}
		if !r.Currency.Valid() || r.Currency == r.Base {
			f.Add(at+"currency", "%q is not the ISO 4217 code of another currency", r.Currency)
		}
		if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
			f.Add(at+"date", "%q is not a day like 2026-01-31", r.Date)
		}
		if !isRate(r.Rate) {
			f.Add(at+"rate", "%q is not a rate of exchange: write it like 1.0825", r.Rate)
		}
		key := [3]string{string(r.Base), string(r.Currency), r.Date}
		if old, ok := seen[key]; ok { // one statement cannot write a row twice
			rows[old] = r
			continue
		}
		seen[key] = len(rows)
		rows = append(rows, r)
	}
	if err := f.Err("accounting.bad_rate", "Some rates of exchange cannot be saved like this."); err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Rate) int {
		return strings.Compare(string(a.Base+a.Currency)+a.Date, string(b.Base+b.Currency)+b.Date)
	})
	if _, err := db.Insert(ctx, tx, "exchange_rate", rows,
		"ON CONFLICT (base, currency, on_date) DO UPDATE SET rate = excluded.rate, source = excluded.source"); err != nil || len(rows) == 0 {
		return err
	}
	if len(rows) <= 20 {
		return audit.Record(ctx, tx, "set", "exchange_rate", "", nil, rows)
	}
	return audit.Record(ctx, tx, "import", "exchange_rate", "", nil, map[string]any{"rates": len(rows), "source": rows[0].Source})
}

// isRate tells whether s is a positive decimal number of a sensible length.
func isRate(s string) bool {
	if len(s) == 0 || len(s) > 30 || strings.Trim(s, "0123456789.") != "" {
		return false
	}
	r, ok := new(big.Rat).SetString(s)
	return ok && r.Sign() > 0
}

// RateOn returns the newest rate of a currency on or before a day. Errors:
// Conflict accounting.no_rate.
func RateOn(ctx context.Context, r db.Reader, base, currency money.Currency, day string) (Rate, error) {
	if base == currency {
		return Rate{Base: base, Currency: currency, Date: day, Rate: "1"}, nil
	}
	found, err := db.Get[Rate](ctx, r, `
		SELECT `+db.Columns[Rate]()+` FROM exchange_rate WHERE base = ? AND currency = ? AND on_date <= ?
		ORDER BY on_date DESC LIMIT 1`, string(base), string(currency), day)
	if db.None(err) {
		err = noRate(base, currency, day)
	}
	return found, err
}

// ExchangeOn returns the newest exchange between any two currencies on or before
// a day, through the base currency, and the older of the days of the two rates.
// Errors: Conflict accounting.no_rate.
func ExchangeOn(ctx context.Context, r db.Reader, base, from, to money.Currency, day string) (money.Exchange, string, error) {
	a, err := RateOn(ctx, r, base, from, day)
	if err != nil {
		return money.Exchange{}, "", err
	}
	b, err := RateOn(ctx, r, base, to, day)
	if err != nil {
		return money.Exchange{}, "", err
	}
	return through(a, b), min(a.Date, b.Date), nil
}

func noRate(base, currency money.Currency, day string) error {
	return fault.New(fault.Conflict, "accounting.no_rate", "There is no rate of exchange of %s into %s on or before %s. Add one first.", currency, base, day)
}

// rateDigits is how many significant digits a rate has that is computed.
const rateDigits = 12

// through makes an exchange of two rates against the same base currency.
func through(from, to Rate) money.Exchange {
	x := money.Exchange{From: from.Currency, To: to.Currency, Rate: "1"}
	switch {
	case from.Currency == to.Currency:
	case to.Currency == to.Base:
		x.Rate = from.Rate
	default:
		a, okA := new(big.Rat).SetString(from.Rate)
		b, okB := new(big.Rat).SetString(to.Rate)
		if okA && okB && b.Sign() > 0 { // always: SaveRates checks
			x.Rate = significant(a.Quo(a, b))
		}
	}
	return x
}

// significant writes a positive number with rateDigits significant digits at
// least and no needless zeros.
func significant(r *big.Rat) string {
	decimals := rateDigits
	for limit := big.NewRat(1, 1); r.Cmp(limit) < 0 && decimals < 3*rateDigits; decimals++ {
		limit.Quo(limit, big.NewRat(10, 1))
	}
	return strings.TrimSuffix(strings.TrimRight(r.FloatString(decimals), "0"), ".")
}

// Table is all rates of a base currency, for imports that need those of many days.
type Table struct {
	base  money.Currency
	rates map[money.Currency][]Rate // by day
}

// LoadTable reads all rates of a base currency.
func LoadTable(ctx context.Context, r db.Reader, base money.Currency) (*Table, error) {
	t := &Table{base, map[money.Currency][]Rate{}}
	err := db.Each(ctx, r, func(x Rate) error {
		t.rates[x.Currency] = append(t.rates[x.Currency], x)
		return nil
	}, `SELECT `+db.Columns[Rate]()+` FROM exchange_rate WHERE base = ? ORDER BY currency, on_date`, string(base))
	return t, err
}

// On is RateOn in the table.
func (t *Table) On(currency money.Currency, day string) (Rate, error) {
	if currency == t.base {
		return Rate{Base: t.base, Currency: currency, Date: day, Rate: "1"}, nil
	}
	all := t.rates[currency]
	i, found := slices.BinarySearchFunc(all, day, func(r Rate, day string) int { return strings.Compare(r.Date, day) })
	if !found {
		i--
	}
	if i < 0 {
		return Rate{}, noRate(t.base, currency, day)
	}
	return all[i], nil
}

// Between is ExchangeOn in the table.
func (t *Table) Between(from, to money.Currency, day string) (money.Exchange, string, error) {
	a, err := t.On(from, day)
	if err != nil {
		return money.Exchange{}, "", err
	}
	b, err := t.On(to, day)
	if err != nil {
		return money.Exchange{}, "", err
	}
	return through(a, b), min(a.Date, b.Date), nil
}

// RateFilter selects rates; what is empty selects all.
type RateFilter struct {
	Currency money.Currency
	Limit    int    // 1 to MaxLimit; 0 is 50
	After    string // the cursor that the page before gave
}

// Rates returns a page of rates, newest first. next is empty on the last page.
func Rates(ctx context.Context, r db.Reader, f RateFilter) (page []Rate, next string, err error) {
	var w db.Where
	if f.Currency != "" {
		w.And("currency = ?", string(f.Currency))
	}
	if f.After != "" {
		parts := strings.Split(f.After, "/")
		if len(parts) != 3 {
			return nil, "", badCursor(f.After)
		}
		w.And("(on_date, base, currency) < (?, ?, ?)", parts[0], parts[1], parts[2])
	}
	n := pageSize(f.Limit)
	page, err = db.Select[Rate](ctx, r, `
		SELECT `+db.Columns[Rate]()+` FROM exchange_rate`+w.SQL()+` ORDER BY on_date DESC, base DESC, currency DESC LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		last := page[n-1]
		next = last.Date + "/" + string(last.Base) + "/" + string(last.Currency)
	}
	return page, next, err
}
