package intake

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"purser/internal/base/fault"
)

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMappingFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, field, remark string }{
		"no JSON":          {text: "{", remark: "unexpected EOF"},
		"an unknown key":   {text: `{"kind":"stock","colums":{}}`, remark: "colums"},
		"more behind":      {text: `{"kind":"stock","fields":{"sku":"a","location":"b","quantity":"c"}} {}`, remark: "follows"},
		"no kind":          {text: `{}`, field: "kind", remark: "must be products"},
		"a typing error":   {text: `{"kind":"stock","fields":{"sku":"a","location":"b","quantitty":"c"}}`, field: "fields.quantitty", remark: "is it quantity?"},
		"one missing":      {text: `{"kind":"stock","fields":{"sku":"a","location":"b"}}`, field: "fields.quantity", remark: "is missing"},
		"an empty field":   {text: `{"kind":"stock","fields":{"sku":"a","location":{},"quantity":"c"}}`, field: "fields.location", remark: "needs a column"},
		"a bad decimal":    {text: `{"kind":"stock","decimal":"'","fields":{}}`, field: "decimal", remark: "point or a comma"},
		"a bad zone":       {text: `{"kind":"stock","timezone":"Mars/Base","fields":{}}`, field: "timezone", remark: "no time zone"},
		"a bad pattern":    {text: `{"kind":"orders","fields":{"placed_at":{"column":"a","format":"DD/MM"}}}`, field: "fields.placed_at", remark: "no pattern"},
		"a pattern for no": {text: `{"kind":"stock","fields":{"sku":{"column":"a","format":"YYYY"}}}`, field: "fields.sku", remark: "is no time"},
		"a bad form":       {text: `{"kind":"stock","fields":{"sku":{"colum":"a"}}}`, remark: "colum"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseMapping(strings.NewReader(c.text))
			f, ok := fault.As(err)
			if !ok || f.Code != "import.bad_mapping" {
				t.Fatalf("have %v", err)
			}
			said := f.Message
			if c.field != "" {
				said = f.Fields[c.field]
			}
			if !strings.Contains(said, c.remark) {
				t.Errorf("it says %q", said)
			}
		})
	}
}

func TestMappingOfAnotherKind(t *testing.T) {
	m, err := ParseMapping(strings.NewReader(`{"kind":"stock","fields":{"sku":"a","location":{"value":"EAST"},"quantity":"b"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadOrders(source(t, "a,b\n"), Options{Mapping: m}); !fault.Is(err, "import.wrong_kind") {
		t.Errorf("have %v", err)
	}
	if _, err := ReadStock(source(t, "a,b\n"), Options{Mapping: m, Format: FormatShopify}); !fault.Is(err, "import.two_formats") {
		t.Errorf("have %v", err)
	}
	r, err := ReadStock(source(t, "a,b\nX,3\n"), Options{Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	if got := collect(t, next[*StockRecord](r)); len(got) != 1 || got[0].Location != "EAST" || got[0].OnHand != 3 {
		t.Errorf("have %+v", got)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		text    string
		decimal byte
		want    string // empty: refused
	}{
		{"12.50", '.', "12.50"}, {"-3", '.', "-3"}, {"1,234.56", '.', "1234.56"}, {"12,50", ',', "12.50"}, {"1.234,56", ',', "1234.56"},
		{"1 234 567,8", ',', "1234567.8"}, {"1\u00a0234,5", ',', "1234.5"}, {"1'234.50", '.', "1234.50"}, {"\u22125", '.', "-5"}, {".5", '.', ".5"},
		{"12,50", '.', ""}, {"1.23", ',', ""}, {"1,23,456", '.', ""}, {"1234,567", '.', ""}, {"", '.', ""}, {"-", '.', ""}, {".", '.', ""},
		{"1e5", '.', ""}, {"0x10", '.', ""}, {"12 EUR", '.', ""}, {"1..2", '.', ""}, {"1,,234", '.', ""}, {"--1", '.', ""}, {"1.2.3", '.', ""}, {"NaN", '.', ""},
	} {
		got, err := number(c.text, c.decimal)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q with %q: %q, %v, want %q", c.text, c.decimal, got, err, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ pattern, text, want string }{
		{"", "2025-07-01 12:00:00", "2025-07-01T10:00:00Z"},
		{"", "2025-01-01", "2024-12-31T23:00:00Z"},
		{"", "2025-07-01T12:00:00Z", "2025-07-01T12:00:00Z"},
		{"", "2025-03-01 09:14:55 -0500", "2025-03-01T14:14:55Z"},
		{"", "01/02/2025", ""},
		{"", "0001-01-01", ""},
		{"", "", ""},
		{"DD.MM.YYYY HH:mm:ss", "31.12.2024 23:59:59", "2024-12-31T22:59:59Z"},
		{"M/D/YY h:mm A", "7/1/25 1:05 PM", "2025-07-01T11:05:00Z"},
		{"DD MMM YYYY", "05 Mar 2025", "2025-03-04T23:00:00Z"},
		{"DD.MM.YYYY", "31.02.2025", ""},
		{"unix", "1735689600", "2025-01-01T00:00:00Z"},
		{"unix_ms", "1735689600123", "2025-01-01T00:00:00.123Z"},
		{"unix", "1735689600123", ""}, // milliseconds: the year 56971
	} {
		d, err := dateReader(c.pattern, berlin)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.read(c.text)
		if (err == nil) != (c.want != "") || err == nil && got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q as %q: %s, %v, want %s", c.text, c.pattern, got, err, c.want)
		}
	}
}

// FuzzMapping: whatever mapping and file come, reading ends and says why.
func FuzzMapping(f *testing.F) {
	f.Add(`{"kind":"orders","decimal":",","fields":{"number":"a","placed_at":{"column":"b","format":"unix"},"sku":"c","quantity":"d","unit_price":"e","currency":{"value":"EUR"}}}`, "a;b;c;d;e\n1;1735689600;X;1;2,5\n")
	f.Add(`{"kind":"stock","fields":{"sku":"a","location":"b","quantity":"c"}}`, "a,b,c\nX,EAST,3\n")
	f.Add(`{"kind":"products","fields":{"sku":"a","price":"b","components":"c","barcodes":"d"}}`, "a,b,c,d\nX,1.00,\"Y:2, Z\",4006381333931\n")
	f.Fuzz(func(t *testing.T, mapping, file string) {
		m, err := ParseMapping(strings.NewReader(mapping))
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		s, err := NewSource(strings.NewReader(file), SourceOptions{})
		if err != nil {
			return
		}
		lines := map[int]int{}
		o := Options{Mapping: m, Reject: func(e *RowError) { lines[e.Row.Line]++ }}
		switch m.Kind {
		case Orders:
			r, err := ReadOrders(s, o)
			if err != nil {
				return
			}
			for d, err := r.Next(); err == nil; d, err = r.Next() {
				for _, row := range d.Rows {
					lines[row.Line]++
				}
			}
		case Products:
			r, err := ReadProducts(s, o)
			if err != nil {
				return
			}
			for p, err := r.Next(); err == nil; p, err = r.Next() {
				for _, row := range p.Rows {
					lines[row.Line]++
				}
			}
		case Stock:
			r, err := ReadStock(s, o)
			if err != nil {
				return
			}
			for l, err := r.Next(); err == nil; l, err = r.Next() {
				lines[l.Row.Line]++
			}
		}
		for line, n := range lines {
			if n != 1 {
				t.Fatalf("line %d was taken in or refused %d times", line, n)
			}
		}
		if int64(len(lines)) != s.lines {
			t.Fatalf("%d lines were taken in or refused, of %d", len(lines), s.lines)
		}
	})
}
