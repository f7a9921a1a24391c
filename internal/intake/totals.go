package intake

import (
	"context"
	"hash/maphash"
	"math/big"
	"strings"

	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/view"
)

// Totals sums up an orders file as it was read. All sums are exact. Its JSON
// names those that are also published with the UCI Online Retail file the same
// way, so that they can be compared to the letter.
type Totals struct {
	Lines                int64 `json:"lines" doc:"Rows of the file."`
	Documents            int64 `json:"invoices" doc:"Documents, of all kinds."`
	Cancellations        int64 `json:"cancellation_invoices"`
	CancellationLines    int64 `json:"cancellation_lines"`
	BookEntryLines       int64 `json:"adjustment_lines_A" doc:"Corrections of the books alone."`
	WriteOffLines        int64 `json:"writeoff_lines" doc:"Stock adjustments that take units away."`
	LinesWithoutCustomer int64 `json:"lines_without_customer"`
	Customers            int64 `json:"customers" doc:"Different customers."`
	Codes                int64 `json:"stock_codes" doc:"Different codes of goods and charges, to the letter."`
	NetQuantity          int64 `json:"net_quantity,string" doc:"Units of all lines, those that come back negative."`
	Duplicates           int64 `json:"exact_duplicate_extra_lines" doc:"Rows that say the same as another of their document. They count, as some are meant."`

	// CancelledValue and NetValue are of the one currency; with several they are empty.
	CancelledValue string `json:"cancelled_value"`
	NetValue       string `json:"net_value"`

	// What each row became. Together with BookEntryLines they are Lines.
	OrderLines      int64 `json:"order_lines"`
	ReturnLines     int64 `json:"return_lines"`
	AdjustmentLines int64 `json:"stock_adjustment_lines"`
	ChargeLines     int64 `json:"charge_lines"`
	ErrorLines      int64 `json:"error_lines"`

	Values map[money.Currency]Value `json:"values" doc:"The money, by currency."`

	sums      map[money.Currency]*sums
	customers set
	codes     set
}

// Value is money of one currency as decimal numbers.
type Value struct {
	Net       string `json:"net" doc:"Exact sum of price times quantity of all lines and charges, less discounts."`
	Cancelled string `json:"cancelled" doc:"The part of it in cancellations."`
	Booked    string `json:"booked" doc:"The same with each line's amount rounded to the minor unit, half away from zero."`
	Rounding  string `json:"rounding" doc:"Booked less net."`
}

// sums are exact: net and cancelled in millionths, booked in minor units.
type sums struct{ net, cancelled, booked big.Int }

// NewTotals returns totals of nothing.
func NewTotals() *Totals {
	return &Totals{sums: map[money.Currency]*sums{}, customers: newSet(), codes: newSet()}
}

// Add counts a document.
func (t *Totals) Add(d *OrderDocument) {
	t.Documents++
	rows := int64(len(d.Rows))
	t.Lines += rows
	t.Duplicates += duplicates(d.Rows) // rows of different documents differ in its number
	if key := customerKey(d.Customer); key != "" {
		t.customers.add(key)
	} else {
		t.LinesWithoutCustomer += rows
	}
	if d.Kind == Cancellation {
		t.Cancellations++
		t.CancellationLines += rows
	}
	in := t.sums[d.Currency]
	if in == nil {
		in = &sums{}
		t.sums[d.Currency] = in
	}
	for _, l := range d.Lines {
		t.codes.add(l.SKU)
		t.NetQuantity += l.Quantity
		in.add(d.Kind == Cancellation, l.UnitPrice, l.Quantity, l.Amount)
		in.add(d.Kind == Cancellation, money.MicrosOf(-l.Discount, d.Currency), 1, -l.Discount)
		switch d.Kind {
		case Cancellation:
			t.ReturnLines++
		case Adjustment:
			t.AdjustmentLines++
			if l.Quantity < 0 {
				t.WriteOffLines++
			}
		default:
			t.OrderLines++
		}
	}
	for _, c := range d.Charges {
		in.add(d.Kind == Cancellation, c.UnitPrice, c.Quantity, c.Amount)
		if c.Code == "" {
			continue // it has no row of its own
		}
		t.codes.add(c.Code)
		t.NetQuantity += c.Quantity
		if d.Kind == BookEntry {
			t.BookEntryLines++
		} else {
			t.ChargeLines++
		}
	}
	for _, o := range d.Discounts {
		in.add(d.Kind == Cancellation, money.MicrosOf(-o.Amount, d.Currency), 1, -o.Amount)
	}
}

// TotalsOf recomputes the totals of all documents that were imported from a
// source, from the rows that were booked for them.
func TotalsOf(ctx context.Context, r db.Reader, source string) (*Totals, error) {
	n, err := view.ImportedFrom(ctx, r, source)
	if err != nil {
		return nil, err
	}
	t := &Totals{
		Lines: n.Lines, Documents: n.Documents, Cancellations: n.Cancellations, CancellationLines: n.CancellationLines, BookEntryLines: n.BookEntryLines,
		WriteOffLines: n.WriteOffLines, LinesWithoutCustomer: n.LinesWithoutCustomer, Customers: n.Customers, Codes: n.Codes, NetQuantity: n.Units,
		Duplicates: n.Duplicates, OrderLines: n.OrderLines, AdjustmentLines: n.AdjustmentLines, ChargeLines: n.ChargeLines,
		sums: map[money.Currency]*sums{},
	}
	// A row that came back may be spread over several purchases: what is no other
	// thing is one.
	t.ReturnLines = t.Lines - t.OrderLines - t.AdjustmentLines - t.ChargeLines - t.BookEntryLines
	for _, m := range n.Money {
		in := t.sums[m.Currency]
		if in == nil {
			in = &sums{}
			t.sums[m.Currency] = in
		}
		in.add(m.Returned, m.Price, m.Quantity, m.Booked)
		in.add(m.Returned, money.MicrosOf(-m.Discount, m.Currency), 1, -m.Discount)
	}
	t.values()
	return t, nil
}

// refused counts rows that were not booked.
func (t *Totals) refused(rows int64) {
	t.Lines += rows
	t.ErrorLines = rows
}

// Reject counts a row that was refused.
func (t *Totals) Reject(*RowError) {
	t.Lines++
	t.ErrorLines++
}

// Finish writes the sums of money. Add may be called again after it.
func (t *Totals) Finish() {
	t.Customers, t.Codes = int64(len(t.customers.seen)), int64(len(t.codes.seen))
	t.values()
}

func (t *Totals) values() {
	t.Values = make(map[money.Currency]Value, len(t.sums))
	t.NetValue, t.CancelledValue = "", ""
	for c, s := range t.sums {
		var booked, rounding big.Int
		booked.Mul(&s.booked, big.NewInt(int64(money.MicrosOf(1, c))))
		rounding.Sub(&booked, &s.net)
		v := Value{Net: micros(&s.net, c), Cancelled: micros(&s.cancelled, c), Booked: micros(&booked, c), Rounding: micros(&rounding, c)}
		t.Values[c] = v
		if len(t.sums) == 1 {
			t.NetValue, t.CancelledValue = v.Net, v.Cancelled
		}
	}
}

func (s *sums) add(cancelled bool, price money.Micros, quantity, booked int64) {
	if price == 0 && booked == 0 {
		return
	}
	var n, b big.Int
	n.Mul(b.SetInt64(int64(price)), n.SetInt64(quantity))
	s.net.Add(&s.net, &n)
	if cancelled {
		s.cancelled.Add(&s.cancelled, &n)
	}
	s.booked.Add(&s.booked, b.SetInt64(booked))
}

func customerKey(c Customer) string {
	switch {
	case c.Number != "":
		return "number " + c.Number
	case c.Email != "":
		return "email " + strings.ToLower(c.Email)
	}
	return ""
}

// micros writes millionths of a major unit with at least the currency's decimals.
func micros(n *big.Int, c money.Currency) string {
	s := new(big.Int).Abs(n).String()
	if pad := 7 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	whole, frac := s[:len(s)-6], s[len(s)-6:]
	for len(frac) > c.Digits() && strings.HasSuffix(frac, "0") {
		frac = frac[:len(frac)-1]
	}
	if frac != "" {
		whole += "." + frac
	}
	if n.Sign() < 0 {
		whole = "-" + whole
	}
	return whole
}

// set counts different texts and keeps 16 bytes of each.
type set struct {
	seeds [2]maphash.Seed
	seen  map[[2]uint64]struct{}
}

func newSet() set {
	return set{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, seen: map[[2]uint64]struct{}{}}
}

// add adds s and tells whether it is new.
func (s *set) add(text string) bool {
	key := [2]uint64{maphash.String(s.seeds[0], text), maphash.String(s.seeds[1], text)}
	if _, there := s.seen[key]; there {
		return false
	}
	s.seen[key] = struct{}{}
	return true
}
