package order

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
)

var (
	noon    = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	today   = "2026-03-14"
	channel = id.New[id.Channel](noon)
)

func variant() id.Variant { return id.New[id.Variant](noon) }

// item is a line of quantity units of a price, as "12.5".
func item(quantity int64, price string) DraftLine {
	p, err := money.ParseMicros(price)
	if err != nil {
		panic(err)
	}
	return DraftLine{Variant: variant(), SKU: "MUG-RED", Title: "Red mug", Quantity: quantity, UnitPrice: p, Backorder: true}
}

func service(quantity int64, price string) DraftLine {
	l := item(quantity, price)
	l.Kind, l.Variant, l.SKU, l.Title = KindService, id.Variant{}, "WRAP", "Gift wrap"
	return l
}

// kit is a line of quantity kits of two units of one component and one of another.
func kit(quantity int64, price string, weights ...int64) DraftLine {
	l := item(quantity, price)
	l.SKU, l.Title = "TEA-SET", "Tea set"
	l.Components = []DraftComponent{
		{Variant: variant(), SKU: "CUP", Title: "Cup", Quantity: 2, Weight: weights[0], Backorder: true},
		{Variant: variant(), SKU: "POT", Title: "Pot", Quantity: 1, Weight: weights[1], Backorder: true},
	}
	return l
}

func draft(lines ...DraftLine) Draft {
	return Draft{
		Channel: channel, Email: "Ada@Example.com", Currency: "EUR", Base: "EUR", Lines: lines,
		ShipTo: Address{Name: "Ada", Line1: "1 Main St", City: "Berlin", PostalCode: "10115", Country: "DE"},
	}
}

func build(t interface {
	Helper()
	Fatalf(string, ...any)
}, d Draft) *Order {
	t.Helper()
	o, err := Build(d, noon, today)
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	return o
}

const percent = money.One / 100

func TestBuildMoney(t *testing.T) {
	type line struct{ Subtotal, LineDiscount, OrderDiscount, Tax, Total int64 }
	type totals struct{ Subtotal, Discount, Shipping, Tax, Total int64 }
	taxed := func(l DraftLine, rate money.Rate) DraftLine { l.TaxRate = rate; return l }
	off := func(l DraftLine, d ...DraftDiscount) DraftLine { l.Discounts = d; return l }
	cases := []struct {
		name  string
		draft func() Draft
		lines []line
		want  totals
	}{
		{"prices finer than the currency are rounded once", func() Draft {
			return draft(item(12540, "0.001"))
		}, []line{{1254, 0, 0, 0, 1254}}, totals{1254, 0, 0, 0, 1254}},
		{"half a cent goes up", func() Draft { return draft(item(1, "0.005")) }, []line{{1, 0, 0, 0, 1}}, totals{1, 0, 0, 0, 1}},
		{"tax on top", func() Draft { return draft(taxed(item(3, "9.99"), 20*percent)) },
			[]line{{2997, 0, 0, 599, 3596}}, totals{2997, 0, 0, 599, 3596}},
		{"tax inside", func() Draft {
			d := draft(taxed(item(3, "9.99"), 20*percent))
			d.TaxInclusive = true
			return d
		}, []line{{2997, 0, 0, 500, 2997}}, totals{2997, 0, 0, 500, 2997}},
		{"yen have no decimals", func() Draft {
			d := draft(taxed(item(1, "999"), 10*percent))
			d.Currency, d.Base = "JPY", "JPY"
			return d
		}, []line{{999, 0, 0, 100, 1099}}, totals{999, 0, 0, 100, 1099}},
		{"dinars have three", func() Draft {
			d := draft(taxed(item(1, "1.2345"), 5*percent))
			d.Currency, d.Base = "KWD", "KWD"
			return d
		}, []line{{1235, 0, 0, 62, 1297}}, totals{1235, 0, 0, 62, 1297}},
		{"line discounts apply one after the other", func() Draft {
			return draft(off(item(1, "100"), DraftDiscount{Kind: DiscountPercent, Rate: 10 * percent}, DraftDiscount{Kind: DiscountPercent, Rate: 10 * percent}))
		}, []line{{10000, 1900, 0, 0, 8100}}, totals{10000, 1900, 0, 0, 8100}},
		{"an amount takes no more than there is", func() Draft {
			return draft(off(item(1, "8"), DraftDiscount{Kind: DiscountAmount, Amount: 1000}))
		}, []line{{800, 800, 0, 0, 0}}, totals{800, 800, 0, 0, 0}},
		{"an order discount is split by largest remainder and not over charges", func() Draft {
			d := draft(item(1, "10"), item(1, "10"), item(1, "10"))
			d.Discounts = []DraftDiscount{{Kind: DiscountAmount, Amount: 1000, Code: "TEN"}}
			d.Charges = []DraftCharge{{Kind: ChargeShipping, Title: "Parcel", Amount: 500}}
			return d
		}, []line{{1000, 0, 334, 0, 666}, {1000, 0, 333, 0, 667}, {1000, 0, 333, 0, 667}}, totals{3000, 1000, 500, 0, 2500}},
		{"charges have a discount and tax of their own", func() Draft {
			d := draft(item(1, "10"))
			d.Charges = []DraftCharge{
				{Kind: ChargeShipping, Title: "Parcel", UnitPrice: 5_000_000, Quantity: 2, Discount: 400, TaxRate: 20 * percent},
				{Kind: ChargeFee, Title: "Bottle given back", Amount: -25},
			}
			return d
		}, []line{{1000, 0, 0, 0, 1000}}, totals{1000, 0, 575, 120, 1695}},
		{"a channel's own tax is taken", func() Draft {
			tax := int64(77)
			l := taxed(item(1, "10"), 7*percent)
			l.Tax = &tax
			return draft(l)
		}, []line{{1000, 0, 0, 77, 1077}}, totals{1000, 0, 0, 77, 1077}},
		{"a kit's price is split by weight", func() Draft { return draft(taxed(kit(3, "10", 1, 2), 10*percent)) },
			[]line{{3000, 0, 0, 300, 3300}, {1000, 0, 0, 100, 1100}, {2000, 0, 0, 200, 2200}}, totals{3000, 0, 0, 300, 3300}},
		{"weights of nothing split evenly", func() Draft { return draft(kit(1, "0.01", 0, 0)) },
			[]line{{1, 0, 0, 0, 1}, {1, 0, 0, 0, 1}, {0, 0, 0, 0, 0}}, totals{1, 0, 0, 0, 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := build(t, c.draft())
			var lines []line
			for _, l := range o.Lines {
				lines = append(lines, line{l.Subtotal, l.LineDiscount, l.OrderDiscount, l.Tax, l.Total})
			}
			if diff := cmp.Diff(c.lines, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, totals{o.Subtotal, o.DiscountTotal, o.ShippingTotal, o.TaxTotal, o.Total}); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildKeepsBothCurrencies(t *testing.T) {
	d := draft(item(1, "100"))
	d.Currency, d.Rate, d.RateDate = "USD", "0.92", "2026-03-13"
	o := build(t, d)
	if o.BaseTotal != 9200 || o.Rate != "0.92" || o.RateDate != "2026-03-13" || o.Base != "EUR" {
		t.Errorf("base total %d at %s of %s", o.BaseTotal, o.Rate, o.RateDate)
	}
	if o = build(t, draft(item(1, "100"))); o.Rate != "1" || o.BaseTotal != o.Total || o.RateDate != today {
		t.Errorf("rate of the own currency is %s of %s", o.Rate, o.RateDate)
	}
}

func TestBuildExpandsKits(t *testing.T) {
	o := build(t, draft(item(1, "1"), kit(3, "10", 1, 1), service(1, "2")))
	type row struct {
		Position, Quantity, Unallocated int64
		Kind                            Kind
		SKU                             string
	}
	var got []row
	for _, l := range o.Lines {
		got = append(got, row{l.Position, l.Quantity, l.Unallocated, l.Kind, l.SKU})
	}
	want := []row{
		{1, 1, 1, KindItem, "MUG-RED"}, {2, 3, 3, KindKit, "TEA-SET"}, {3, 6, 6, KindComponent, "CUP"},
		{4, 3, 3, KindComponent, "POT"}, {5, 1, 1, KindService, "WRAP"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if parts := o.Components(o.Lines[1].ID); len(parts) != 2 || parts[0].SKU != "CUP" {
		t.Errorf("components are %v", parts)
	}
}

func TestBuildTidies(t *testing.T) {
	d := draft(DraftLine{SKU: " B00X ", Quantity: 1, UnitPrice: 1})
	d.Tags, d.ShipBy = []string{"VIP", " vip ", "b2b", ""}, noon.Add(time.Hour)
	o := build(t, d)
	l := o.Lines[0]
	if l.SKU != "B00X" || l.Title != "B00X" || l.Listing != "B00X" || !l.Unmapped() {
		t.Errorf("line is %+v", l)
	}
	if o.Email != "ada@example.com" || !slices.Equal(o.Tags.V, []string{"b2b", "vip"}) || o.BillTo != o.ShipTo {
		t.Errorf("header is %+v", o.Header)
	}
	if !o.ShipBy.Equal(d.ShipBy) || !l.ShipBy.Equal(d.ShipBy) || o.Status != StatusOpen || o.BusinessDate != today {
		t.Errorf("dates are %v, %v", o.ShipBy, l.ShipBy)
	}
}

func TestBuildRefuses(t *testing.T) {
	long := strings.Repeat("ü", 600)
	cases := []struct {
		name  string
		spoil func(*Draft)
		want  []string
	}{
		{"no lines", func(d *Draft) { d.Lines = nil }, []string{"lines"}},
		{"too many lines", func(d *Draft) { d.Lines = slices.Repeat(d.Lines, 1001) }, []string{"lines"}},
		{"no channel", func(d *Draft) { d.Channel = id.Channel{} }, []string{"channel_id"}},
		{"unknown status", func(d *Draft) { d.Status = StatusCompleted }, []string{"status"}},
		{"open and running out", func(d *Draft) { d.ExpiresAt = noon }, []string{"expires_at"}},
		{"unknown currency", func(d *Draft) { d.Currency = "ABC" }, []string{"currency", "exchange_rate"}},
		{"no rate", func(d *Draft) { d.Currency = "USD" }, []string{"exchange_rate"}},
		{"rate of nothing", func(d *Draft) { d.Currency, d.Rate = "USD", "0" }, []string{"exchange_rate"}},
		{"bad day", func(d *Draft) { d.RateDate = "14.3.2026" }, []string{"exchange_date"}},
		{"bad e-mail", func(d *Draft) { d.Email = "nobody" }, []string{"email"}},
		{"unknown country", func(d *Draft) { d.ShipTo.Country = "Narnia" }, []string{"ship_to.country"}},
		{"long terms", func(d *Draft) { d.Terms = &Terms{Days: 10_000} }, []string{"terms.days"}},
		{"nothing of it", func(d *Draft) { d.Lines[0].Quantity = 0 }, []string{"lines[0].quantity"}},
		{"less than nothing", func(d *Draft) { d.Lines[0].Quantity = -1 }, []string{"lines[0].quantity"}},
		{"too much of it", func(d *Draft) { d.Lines[0].Quantity = MaxQuantity + 1 }, []string{"lines[0].quantity"}},
		{"negative price", func(d *Draft) { d.Lines[0].UnitPrice = -1 }, []string{"lines[0].unit_price"}},
		{"price that does not fit", func(d *Draft) { d.Lines[0].UnitPrice, d.Lines[0].Quantity = 1<<62, 100 }, []string{"lines[0].unit_price"}},
		{"line that does not fit", func(d *Draft) { d.Lines[0].UnitPrice, d.Lines[0].Quantity = 1<<50, MaxQuantity }, []string{"lines[0].unit_price"}},
		{"order that does not fit", func(d *Draft) {
			d.Lines[0].UnitPrice, d.Lines[0].Quantity = 8_000_000_000_000, 10_000_000 // 8e15 cents
			d.Lines = slices.Repeat(d.Lines, 1000)
		}, []string{"lines"}},
		{"neither SKU nor title", func(d *Draft) { d.Lines[0].SKU, d.Lines[0].Title = " ", "" }, []string{"lines[0].sku"}},
		{"long texts", func(d *Draft) { d.Lines[0].SKU, d.Lines[0].Title = long, long }, []string{"lines[0].sku", "lines[0].title"}},
		{"unknown kind", func(d *Draft) { d.Lines[0].Kind = KindComponent }, []string{"lines[0].kind"}},
		{"item with components", func(d *Draft) {
			d.Lines[0].Kind, d.Lines[0].Components = KindItem, []DraftComponent{{Variant: variant(), Quantity: 1}}
		}, []string{"lines[0].components"}},
		{"kit of nothing", func(d *Draft) { d.Lines[0].Kind = KindKit }, []string{"lines[0].components"}},
		{"kit that is not mapped", func(d *Draft) {
			d.Lines[0] = kit(1, "1", 1, 1)
			d.Lines[0].Variant = id.Variant{}
		}, []string{"lines[0].variant_id"}},
		{"bad component", func(d *Draft) {
			d.Lines[0] = kit(2, "1", 1, -1)
			d.Lines[0].Components[0].Variant = id.Variant{}
			d.Lines[0].Components[1].Quantity = MaxQuantity
		}, []string{"lines[0].components[0].variant_id", "lines[0].components[1].price_weight", "lines[0].components[1].quantity"}},
		{"negative tax", func(d *Draft) { d.Lines[0].TaxRate = -1 }, []string{"lines[0].tax_ppm"}},
		{"tax that is more than the line", func(d *Draft) {
			d.TaxInclusive, d.Lines[0].Tax = true, new(int64(1001))
		}, []string{"lines[0].tax"}},
		{"tax below nothing", func(d *Draft) { d.Lines[0].Tax = new(int64(-1)) }, []string{"lines[0].tax"}},
		{"tax that does not fit", func(d *Draft) { d.Lines[0].Tax = new(int64(1 << 62)) }, []string{"lines[0].tax"}},
		{"bad discounts", func(d *Draft) {
			d.Discounts = []DraftDiscount{{Kind: "gift"}, {Kind: DiscountAmount}, {Kind: DiscountPercent, Rate: money.One + 1}}
		}, []string{"discounts[0].kind", "discounts[1].amount", "discounts[2].rate_ppm"}},
		{"bad charge", func(d *Draft) { d.Charges = []DraftCharge{{Kind: "tip", TaxRate: -1}} },
			[]string{"charges[0].kind", "charges[0].tax_ppm", "charges[0].title"}},
		{"charge with more discount than price", func(d *Draft) {
			d.Charges = []DraftCharge{{Kind: ChargeFee, Title: "Fee", Amount: 5, Discount: 6}}
		}, []string{"charges[0].discount"}},
		{"charge that does not fit", func(d *Draft) {
			d.Charges = []DraftCharge{{Kind: ChargeFee, Title: "Fee", Amount: -1 << 63}}
		}, []string{"charges[0].amount"}},
		{"more given back than it costs", func(d *Draft) {
			d.Charges = []DraftCharge{{Kind: ChargeFee, Title: "Fee", Amount: -1001}}
		}, []string{"charges"}},
		{"too many tags", func(d *Draft) {
			for i := range 51 {
				d.Tags = append(d.Tags, strings.Repeat("x", i+1))
			}
		}, []string{"tags"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := draft(item(1, "10"))
			c.spoil(&d)
			_, err := Build(d, noon, today)
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Code != "order.invalid" {
				t.Fatalf("got %v", err)
			}
			if got := slices.Sorted(maps.Keys(e.Fields)); !slices.Equal(got, c.want) {
				t.Errorf("fields %q, want %q: %v", got, c.want, e.Fields)
			}
		})
	}
}

// anyDraft draws a draft with lines of all kinds, discounts, tax and charges.
func anyDraft(t *rapid.T) Draft {
	d := draft()
	d.Currency = rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency")
	d.Base = d.Currency
	d.TaxInclusive = rapid.Bool().Draw(t, "inclusive")
	rates := rapid.SampledFrom([]money.Rate{0, 77_000, 190_000, 107_500, 333_333, money.One})
	discounts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) DraftDiscount {
		if rapid.Bool().Draw(t, "percent") {
			return DraftDiscount{Kind: DiscountPercent, Rate: money.Rate(rapid.Int64Range(1, int64(money.One)).Draw(t, "rate"))}
		}
		return DraftDiscount{Kind: DiscountAmount, Amount: rapid.Int64Range(1, 50_000).Draw(t, "amount")}
	}), 0, 3)
	for range rapid.IntRange(1, 6).Draw(t, "lines") {
		l := DraftLine{
			Variant: variant(), SKU: "A", Quantity: rapid.Int64Range(1, 12).Draw(t, "quantity"),
			UnitPrice: money.Micros(rapid.Int64Range(0, 99_000_000).Draw(t, "price")), TaxRate: rates.Draw(t, "tax"),
			Discounts: discounts.Draw(t, "line discounts"), Backorder: true,
		}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			l.Kind, l.Variant = KindService, id.Variant{}
		case 1, 2:
			for range rapid.IntRange(1, 4).Draw(t, "components") {
				l.Components = append(l.Components, DraftComponent{
					Variant: variant(), SKU: "C", Quantity: rapid.Int64Range(1, 3).Draw(t, "per kit"),
					Weight: rapid.Int64Range(0, 5).Draw(t, "weight"), Backorder: true,
				})
			}
		}
		d.Lines = append(d.Lines, l)
	}
	for range rapid.IntRange(0, 2).Draw(t, "charges") {
		amount := rapid.Int64Range(0, 5_000).Draw(t, "charge")
		d.Charges = append(d.Charges, DraftCharge{
			Kind: ChargeShipping, Title: "Parcel", Amount: amount, Discount: rapid.Int64Range(0, amount).Draw(t, "off"), TaxRate: rates.Draw(t, "tax"),
		})
	}
	d.Discounts = discounts.Draw(t, "discounts")
	return d
}

// TestPartsSumToTheTotal is PROP-MON: whatever the currency, tax and discounts,
// no minor unit is lost or made.
func TestPartsSumToTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := build(t, anyDraft(t))
		var lines, leaves, charges, tax, off, named int64
		for _, l := range o.Lines {
			if l.Net() < 0 || l.LineDiscount < 0 || l.OrderDiscount < 0 || l.Tax < 0 || l.Tax > l.Total {
				t.Fatalf("line %+v", l)
			}
			want := l.Subtotal - l.LineDiscount - l.OrderDiscount
			if !o.TaxInclusive {
				want += l.Tax
			}
			if l.Total != want {
				t.Fatalf("total %d of line %+v", l.Total, l)
			}
			if l.Kind != KindComponent {
				lines += l.Total
				tax += l.Tax
				off += l.LineDiscount + l.OrderDiscount
			}
			if l.Kind != KindKit {
				leaves += l.Total
			}
		}
		for _, c := range o.Charges {
			charges += c.Total
			tax += c.Tax
		}
		for _, d := range o.Discounts {
			named += d.Amount
		}
		if o.Total != lines+charges || o.Total != leaves+charges || o.TaxTotal != tax || o.DiscountTotal != off || named != off {
			t.Fatalf("total %d: lines %d, without kits %d, charges %d, tax %d, off %d, named %d", o.Total, lines, leaves, charges, tax, off, named)
		}
		priced := o.Subtotal - o.DiscountTotal + o.ShippingTotal
		if !o.TaxInclusive {
			priced += o.TaxTotal
		}
		if o.Total != priced {
			t.Fatalf("total %d is not what header says, %d", o.Total, priced)
		}
		noDifference(t, o)
	})
}
