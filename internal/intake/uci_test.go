package intake

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"purser/internal/test/dbtest"
)

// TestUCITotals reads the whole real file: every line becomes one thing, and the
// published totals come out to the letter.
func TestUCITotals(t *testing.T) {
	want := map[string]any{}
	raw, err := os.ReadFile(dbtest.Data(t, "uci/totals.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	totals, kinds, last := readUCI(t, dbtest.Data(t, "uci/online_retail_dev_2010-12_2011-08.csv.gz"))
	raw, err = json.Marshal(totals)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: have %v, want %v", name, got[name], value)
		}
	}
	if sum := totals.OrderLines + totals.ReturnLines + totals.AdjustmentLines + totals.ChargeLines + totals.BookEntryLines + totals.ErrorLines; sum != totals.Lines {
		t.Errorf("%d lines became something, of %d", sum, totals.Lines)
	}
	if v := totals.Values["GBP"]; v.Booked != "5761931.38" || v.Rounding != "-0.002" {
		t.Errorf("booked %s with rounding %s, want 5761931.38 and -0.002", v.Booked, v.Rounding)
	}
	if last.Bytes != last.Size || last.Percent() != 100 || last.Lines != totals.Lines || last.Documents != totals.Documents {
		t.Errorf("the last progress is %+v", last)
	}
	t.Logf("%s, kinds %v in %s, %d lines a second", raw, kinds, last.Elapsed, last.Rate())
}

func readUCI(tb testing.TB, path string) (*Totals, map[DocumentKind]int, Progress) {
	tb.Helper()
	s, err := Open(path, SourceOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	var last Progress
	totals := NewTotals()
	r, err := ReadOrders(s, Options{Reject: totals.Reject, Progress: func(p Progress) { last = p }})
	if err != nil {
		tb.Fatal(err)
	}
	if r.Format() != FormatUCI {
		tb.Fatalf("the file was taken for %s", r.Format())
	}
	kinds := map[DocumentKind]int{}
	before := time.Time{}
	for {
		d, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		if d.PlacedAt.Before(before) {
			tb.Fatalf("document %s of %s came after one of %s", d.Key, d.PlacedAt, before)
		}
		before = d.PlacedAt
		kinds[d.Kind]++
		totals.Add(d)
	}
	totals.Finish()
	return totals, kinds, last
}
