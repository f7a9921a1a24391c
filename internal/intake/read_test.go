package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/test/dbtest"
	"purser/internal/test/golden"
)

// next is what the readers have in common.
type next[T any] interface{ Next() (T, error) }

func collect[T any](t testing.TB, r next[T]) []T {
	t.Helper()
	var out []T
	for {
		v, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
}

// told writes records and refused rows for a golden file.
func told(t *testing.T, records any, refused []*RowError) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(records); err != nil {
		t.Fatal(err)
	}
	for _, r := range refused {
		fmt.Fprintf(&b, "refused line %d of %q: %s: %s\n", r.Row.Line, r.Document, r.Code, r.Reason)
	}
	return b.Bytes()
}

// TestGolden reads each kind of file in each format and compares all that is
// told of it.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		golden string
		kind   Kind
		data   string // a file of real data; else one of testdata
		mapped string
	}{
		{"orders.golden", Orders, "", ""},
		{"orders_bad.golden", Orders, "", ""},
		{"orders_mapped.golden", Orders, "", "orders_mapped.json"},
		{"uci.golden", Orders, "", ""},
		{"products.golden", Products, "", ""},
		{"stock.golden", Stock, "", ""},
		{"shopify_orders.golden", Orders, "channels/shopify/orders_export.sample.csv", ""},
		{"shopify_products.golden", Products, "channels/shopify/product_template.csv", ""},
		{"shopify_stock.golden", Stock, "channels/shopify/inventory_export.sample.csv", ""},
	} {
		t.Run(c.golden, func(t *testing.T) {
			path := filepath.Join("testdata", strings.TrimSuffix(c.golden, ".golden")+".csv")
			if c.data != "" {
				path = dbtest.Data(t, c.data)
			}
			s, err := Open(path, SourceOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var refused []*RowError
			o := Options{Currency: "EUR", Reject: func(e *RowError) { refused = append(refused, e) }}
			if c.mapped != "" {
				o.Mapping = mapping(t, c.mapped)
			}
			golden.Check(t, c.golden, told(t, readKind(t, c.kind, s, o), refused))
		})
	}
}

func readKind(t testing.TB, k Kind, s *Source, o Options) any {
	t.Helper()
	switch k {
	case Orders:
		r, err := ReadOrders(s, o)
		if err != nil {
			t.Fatal(err)
		}
		return collect(t, next[*OrderDocument](r))
	case Products:
		r, err := ReadProducts(s, o)
		if err != nil {
			t.Fatal(err)
		}
		return collect(t, next[*ProductRecord](r))
	}
	r, err := ReadStock(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return collect(t, next[*StockRecord](r))
}

func mapping(t *testing.T, name string) *Mapping {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := ParseMapping(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func source(t testing.TB, text string) *Source {
	t.Helper()
	s, err := NewSource(strings.NewReader(text), SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFormatsByHeader(t *testing.T) {
	for name, c := range map[string]struct {
		kind   Kind
		header string
		want   string
	}{
		"uci":              {Orders, strings.Join(uciColumns, ","), FormatUCI},
		"shopify orders":   {Orders, strings.Join(shopifyOrderColumns, ","), FormatShopify},
		"purser orders":    {Orders, "Number,Placed at,SKU,Quantity,Unit price", FormatPurser},
		"shopify products": {Products, strings.Join(shopifyProductColumns, ","), FormatShopify},
		"shopify stock":    {Stock, "SKU,Location,On hand (new)", FormatShopify},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Options{}.format(c.kind, strings.Split(c.header, ","))
			if err != nil || got != c.want {
				t.Errorf("have %q, %v", got, err)
			}
		})
	}
	if _, err := (Options{}).format(Orders, []string{"a", "b"}); !fault.Is(err, "import.unknown_columns") {
		t.Errorf("have %v", err)
	}
	if _, err := (Options{Format: "edi"}).format(Orders, []string{"a", "b"}); !fault.Is(err, "import.unknown_format") {
		t.Errorf("have %v", err)
	}
}

func TestMissingColumnsAreNamedWithWhatLooksLikeThem(t *testing.T) {
	_, err := ReadOrders(source(t, "Number,Placed,SKU,Qty,Quantitiy,SKU\n"), Options{Format: FormatPurser})
	f, ok := fault.As(err)
	if !ok || f.Code != "import.wrong_columns" {
		t.Fatalf("have %v", err)
	}
	for field, want := range map[string]string{
		"placed_at": "is missing; is it Placed?", "quantity": "is missing; is it Quantitiy?", "unit_price": "is missing", "sku": "is there twice",
	} {
		if f.Fields[field] != want {
			t.Errorf("%s %s, want %s", field, f.Fields[field], want)
		}
	}
}

func TestTornAndLargeDocuments(t *testing.T) {
	var b strings.Builder
	b.WriteString("number,placed_at,sku,quantity,unit_price\n")
	line := func(number string) { fmt.Fprintf(&b, "%s,2025-01-01,A,1,1.00\n", number) }
	line("first")
	for range maxRows + 2 {
		line("large")
	}
	line("first") // still open
	for i := range openAtOnce + 1 {
		line(fmt.Sprint(i))
	}
	line("first") // closed meanwhile
	refused := map[string]int{}
	r, err := ReadOrders(source(t, b.String()), Options{Currency: "EUR", Reject: func(e *RowError) { refused[e.Document+" "+e.Code]++ }})
	if err != nil {
		t.Fatal(err)
	}
	docs := collect(t, next[*OrderDocument](r))
	if len(docs) != openAtOnce+2 || docs[0].Key != "first" || len(docs[0].Lines) != 2 {
		t.Errorf("have %d documents, the first %s with %d lines", len(docs), docs[0].Key, len(docs[0].Lines))
	}
	if refused["large "+CodeTooMany] != maxRows+2 || refused["first "+CodeTorn] != 1 || len(refused) != 2 {
		t.Errorf("refused %v", refused)
	}
	if p := r.Progress(); p.Errors != maxRows+3 || p.Lines != maxRows+2+3+openAtOnce+1 {
		t.Errorf("the progress is %+v", p)
	}
}

func TestRefuseAfterReading(t *testing.T) {
	var refused []string
	r, err := ReadOrders(source(t, "number,placed_at,sku,quantity,unit_price\n1,2025-01-01,A,1,1\n1,,B,1,1\n"),
		Options{Currency: "EUR", Reject: func(e *RowError) { refused = append(refused, fmt.Sprint(e.Row.Line, e.Code)) }})
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	r.Refuse(d.Key, d.Rows, 1, "order.unknown_sku", "There is no B.")
	if got := strings.Join(refused, " "); got != "2"+CodeIncomplete+" 3order.unknown_sku" {
		t.Errorf("refused %s", got)
	}
}

// TestErrorFileComesBack mends the rows in an error file and imports that.
func TestErrorFileComesBack(t *testing.T) {
	dir := t.TempDir()
	read := func(path string) (docs []*OrderDocument, errors string) {
		s, err := Open(path, SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		out := NewErrorFile(ErrorPath(path), s.Header())
		r, err := ReadOrders(s, Options{Currency: "EUR", Reject: out.Add})
		if err != nil {
			t.Fatal(err)
		}
		docs = collect(t, next[*OrderDocument](r))
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		return docs, out.Path()
	}
	path := filepath.Join(dir, "a.csv")
	text := "number,placed_at,sku,quantity,unit_price\n1,2025-01-01,A,1,1\n2,2025-01-01,\"B, \"\"x\"\"\",one,1\n2,,C,1,1\n3,2025-01-01\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, bad := read(path)
	if len(docs) != 1 || bad != filepath.Join(dir, "a.errors.csv") {
		t.Fatalf("%d documents, errors in %q", len(docs), bad)
	}
	raw, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "errors.golden", raw)
	mended := strings.Replace(string(raw), ",one,", ",4,", 1)
	if err := os.WriteFile(bad, []byte(mended), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, again := read(bad)
	if len(docs) != 1 || docs[0].Key != "2" || len(docs[0].Lines) != 2 || docs[0].Lines[0].Quantity != 4 || docs[0].Lines[0].SKU != `B, "x"` {
		t.Errorf("the mended file has %d documents", len(docs))
	}
	if raw, err = os.ReadFile(again); err != nil || bytes.Count(raw, []byte("\n")) != 2 || !bytes.HasPrefix(raw, []byte("line,document,code,reason,number,")) {
		t.Errorf("what is refused again is %q, %v", raw, err)
	}
}

func TestErrorFileThatCannotBeWritten(t *testing.T) {
	f := NewErrorFile(filepath.Join(t.TempDir(), "none", "a.errors.csv"), []string{"a"})
	if err := f.Close(); err != nil {
		t.Errorf("without errors: %v", err)
	}
	f.Add(&RowError{Row: Row{Line: 2, Raw: "x"}})
	f.Add(&RowError{Row: Row{Line: 3, Raw: "x"}})
	if err := f.Close(); !fault.Is(err, "import.cannot_write_errors") || f.Rows() != 2 || f.Path() != "" {
		t.Errorf("have %v, %d rows in %q", err, f.Rows(), f.Path())
	}
}

func TestErrorPath(t *testing.T) {
	for source, want := range map[string]string{
		"a/orders.csv.gz": "a/orders.errors.csv", "orders.csv": "orders.errors.csv", "orders": "orders.errors.csv", "-": "import.errors.csv", "o.errors.csv": "o.errors.errors.csv",
	} {
		if got := ErrorPath(source); got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
	}
}

// endless gives an order file of many rows without holding it.
type endless struct {
	rows int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.rows == 0 {
			return 0, io.EOF
		}
		e.rows--
		e.rest = fmt.Sprintf("N%d,2025-01-01,SKU-%d,1,9.99,\"%0100d\"\n", e.rows/3, e.rows%500, 0)
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestMemoryStaysFlat(t *testing.T) {
	r, err := ReadOrders(func() *Source {
		s, err := NewSource(io.MultiReader(strings.NewReader("number,placed_at,sku,quantity,unit_price,note\n"), &endless{rows: 300_000}), SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}(), Options{Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	var early, late uint64
	for n := 0; ; n++ {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch n {
		case 10_000:
			early = heap()
		case 99_990:
			late = heap()
		}
	}
	// A hash of each document's number is kept; the 40 MB of rows are not.
	if late > early+10<<20 {
		t.Errorf("%d MiB in use after 30,000 rows, %d MiB after 300,000", early>>20, late>>20)
	}
}
