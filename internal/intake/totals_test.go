package intake

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"purser/internal/base/money"
	"purser/internal/test/dbtest"
)

func TestTotals(t *testing.T) {
	s := source(t, "number,placed_at,email,currency,sku,quantity,unit_price,discount,kind\n"+
		"1,2025-01-01,A@example.com,EUR,X,3,0.005,,\n"+ // 0.015 is booked as 0.02
		"1,,,,X,3,0.005,,\n"+
		"2,2025-01-01,a@example.com,EUR,Y,1,10,0.50,\n"+
		"3,2025-01-01,,EUR,Y,1,10,,return\n"+
		"4,2025-01-01,,KWD,Y,2,9223372.036854,,\n"+
		"5,2025-01-01,,KWD,Y,x,1,,\n")
	totals := NewTotals()
	r, err := ReadOrders(s, Options{Reject: totals.Reject})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range collect(t, next[*OrderDocument](r)) {
		totals.Add(d)
	}
	totals.Finish()
	want := map[money.Currency]Value{
		"EUR": {Net: "-0.47", Cancelled: "-10.00", Booked: "-0.46", Rounding: "0.01"},
		"KWD": {Net: "18446744.073708", Cancelled: "0.000", Booked: "18446744.074", Rounding: "0.000292"},
	}
	if !reflect.DeepEqual(totals.Values, want) {
		t.Errorf("have %+v, want %+v", totals.Values, want)
	}
	if totals.NetValue != "" {
		t.Errorf("one net value of two currencies: %s", totals.NetValue)
	}
	if totals.Lines != 6 || totals.ErrorLines != 1 || totals.OrderLines != 4 || totals.ReturnLines != 1 || totals.Documents != 4 ||
		totals.Customers != 1 || totals.LinesWithoutCustomer != 2 || totals.Codes != 2 || totals.NetQuantity != 8 || totals.Duplicates != 0 {
		t.Errorf("have %+v", totals)
	}
}

func TestSurvey(t *testing.T) {
	s, err := Open(filepath.Join("testdata", "uci.csv"), SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := ReadOrders(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	survey := NewSurvey()
	for _, d := range collect(t, next[*OrderDocument](r)) {
		survey.Add(d)
	}
	want := []Goods{
		{SKU: "85123A", Title: "WHITE HEART", Currency: "GBP", Price: 2_550_000, Opening: 6, Lines: 1},
		{SKU: "85123a", Title: "WHITE HEART", Currency: "GBP", Price: 2_550_000, Opening: 1, Lines: 1},
		{SKU: "22000", Title: "TIN", Currency: "GBP", Price: 1_000_000, Opening: 8, Lines: 10}, // 3+2 sold, 1 back, 4 damaged, then 9 found
		{SKU: "PADS", Title: "PADS TO MATCH ALL CUSHIONS", Currency: "GBP", Price: 1_000, Opening: 1, Lines: 1},
	}
	if got := survey.Goods(); !reflect.DeepEqual(got, want) {
		t.Errorf("have %+v", got)
	}
}

// TestSurveyOfRealFile: the words of the stock room are no titles.
func TestSurveyOfRealFile(t *testing.T) {
	s, err := Open(dbtest.Data(t, "uci/online_retail_dev_2010-12_2011-08.csv.gz"), SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := ReadOrders(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	survey := NewSurvey()
	for d, err := r.Next(); err == nil; d, err = r.Next() {
		survey.Add(d)
	}
	titles := map[string]string{}
	for _, g := range survey.Goods() {
		titles[g.SKU] = g.Title
	}
	for sku, want := range map[string]string{"22734": "SET OF 6 RIBBONS VINTAGE CHRISTMAS", "85123A": "WHITE HANGING HEART T-LIGHT HOLDER", "82583": "HOT BATHS METAL SIGN"} {
		if titles[sku] != want {
			t.Errorf("%s is %q, want %q", sku, titles[sku], want)
		}
	}
	for _, service := range []string{"POST", "M", "m", "B"} {
		if titles[service] != "" {
			t.Errorf("the service %s is among the goods", service)
		}
	}
	t.Logf("%d codes of goods", len(titles))
}

// TestDocumentedColumns compares the tables of docs/import.md with the fields
// that are read.
func TestDocumentedColumns(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if table := FieldTable(k); !strings.Contains(string(raw), table) {
			t.Errorf("docs/import.md lacks the table of %s, which is:\n%s", k, table)
		}
	}
}
