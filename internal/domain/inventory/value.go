package inventory

import (
	"context"
	"math"
	"slices"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// worth is what the units of a variant are worth, over all locations: value
// minor units of the base currency for quantity units. Both are negative where
// more left than came.
type worth struct {
	quantity int64
	value    int64
	cost     money.Micros // of a unit, when there last were any
	changed  bool
}

type worthRow struct {
	Variant  id.Variant   `db:"variant_id"`
	Quantity int64        `db:"quantity"`
	Value    int64        `db:"value_minor"`
	Cost     money.Micros `db:"cost_micros"`
}

// Worth is what the units of a variant are worth.
type Worth struct {
	Variant  id.Variant   `db:"variant_id" json:"variant_id"`
	Quantity int64        `db:"quantity" json:"quantity" doc:"Units at all locations and in transit."`
	Value    int64        `db:"value_minor" json:"value_minor" doc:"Minor units of the base currency."`
	Cost     money.Micros `db:"cost_micros" json:"unit_cost" doc:"Moving average of one unit; where there are none, what it last was."`
}

// Worths returns what variants are worth, in the base currency. Variants that
// never moved are not in the map.
func Worths(ctx context.Context, r db.Reader, variants []id.Variant) (map[id.Variant]Worth, error) {
	rows, err := db.SelectIn[Worth](ctx, r, `
		SELECT variant_id, quantity, value_minor, cost_micros FROM stock_value WHERE variant_id IN (/*in*/)`, unique(variants))
	out := make(map[id.Variant]Worth, len(rows))
	for _, w := range rows {
		out[w.Variant] = w
	}
	return out, err
}

// costless tells whether nothing says what a unit costs.
func (w *worth) costless() bool { return w.quantity == 0 && w.cost == 0 }

func (h *held) keepValues(rows []worthRow) {
	for _, r := range rows {
		h.values[r.Variant] = &worth{quantity: r.Quantity, value: r.Value, cost: r.Cost}
	}
}

// price reads what variants are worth, where it is not known yet.
func (h *held) price(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	unknown := slices.DeleteFunc(unique(variants), func(v id.Variant) bool { return h.values[v] != nil })
	rows, err := db.SelectIn[worthRow](ctx, tx, `
		SELECT variant_id, quantity, value_minor, cost_micros FROM stock_value WHERE variant_id IN (/*in*/)`, unknown)
	h.keepValues(rows)
	for _, v := range unknown {
		if h.values[v] == nil {
			h.values[v] = &worth{}
		}
	}
	return err
}

// writeValues stores what changed of variants.
func (h *held) writeValues(ctx context.Context, tx *db.Tx, variants []id.Variant) error {
	var rows []worthRow
	for _, v := range unique(variants) {
		if w := h.values[v]; w.changed {
			rows = append(rows, worthRow{v, w.quantity, w.value, w.cost})
			w.changed = false
		}
	}
	_, err := db.Insert(ctx, tx, "stock_value", rows, `
		ON CONFLICT (variant_id) DO UPDATE SET quantity = excluded.quantity, value_minor = excluded.value_minor, cost_micros = excluded.cost_micros`)
	return err
}

// average is what n units are worth at the moving average, rounded half away
// from zero: all units take all of the value. More than there are, of a variant
// of which there are none, cost what a unit last did.
func (w *worth) average(n int64, base money.Currency) (int64, error) {
	have, value := abs(w.quantity), abs(w.value)
	if n <= have {
		return money.Share(value, 0, n, have), nil
	}
	rest, err := w.cost.Times(n-have, base)
	return value + rest, err
}

// out takes n units at the moving average and returns what they are worth, as a
// positive number.
func (w *worth) out(n int64, base money.Currency) (int64, error) {
	var value int64
	var err error
	if w.quantity > 0 {
		value, err = w.average(n, base)
	} else {
		value, err = w.cost.Times(n, base)
	}
	if err != nil {
		return 0, err
	}
	w.change(-n, -value, base)
	return value, nil
}

// outAt takes n units at a value of the caller's, if there is as much and the
// rest is worth something or nothing, as it should; at the moving average
// otherwise.
func (w *worth) outAt(n, value int64, base money.Currency) (int64, error) {
	if left := w.quantity - n; left < 0 || value > w.value || (left == 0) != (value == w.value) {
		return w.out(n, base)
	}
	w.change(-n, -value, base)
	return value, nil
}

// in adds n units of the given value. Units that had left before they came are
// settled first: variance is what they went out at beyond what they cost now,
// and the stock gains value + variance.
func (w *worth) in(n, value int64, base money.Currency) (variance int64) {
	gain := value
	if w.quantity < 0 {
		settled := min(n, -w.quantity)
		owed := money.Share(-w.value, 0, settled, -w.quantity)
		gain = owed + value - money.Share(value, 0, settled, n)
	}
	w.change(n, gain, base)
	if w.quantity == 0 {
		w.cost = unitCost(value, n, base)
	}
	return gain - value
}

func (w *worth) change(units, value int64, base money.Currency) {
	w.quantity += units
	w.value += value
	w.changed = true
	if w.quantity != 0 {
		w.cost = unitCost(abs(w.value), abs(w.quantity), base)
	}
}

// unitCost is what each of n units costs that cost value together.
func unitCost(value, n int64, base money.Currency) money.Micros {
	return money.Micros(money.Share(int64(money.MicrosOf(1, base)), 0, min(value, maxValue(base)), n))
}

// maxValue bounds the value of a variant's stock, so that a unit's cost fits
// whatever the value is divided by.
func maxValue(base money.Currency) int64 { return math.MaxInt64 / int64(money.MicrosOf(1, base)) / 2 }

// bounded tells whether a value is one that can be booked.
func bounded(value int64, base money.Currency) error {
	if abs(value) > maxValue(base) {
		return fault.New(fault.Invalid, "money.too_large", "%s is more than the stock of a variant can be worth.", money.Of(value, base))
	}
	return nil
}
