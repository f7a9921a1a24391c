package rule_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/platform/rule"
)

type line struct {
	SKU      string   `rule:"sku" doc:"Our SKU."`
	Quantity int64    `rule:"quantity"`
	Tags     []string `rule:"tags"`
}

type sale struct {
	Country  string            `rule:"country"`
	Currency string            `rule:"currency"`
	Total    int64             `rule:"total"`
	Placed   time.Time         `rule:"placed_at"`
	Lines    []line            `rule:"lines"`
	Labels   map[string]string `rule:"labels"`
}

type facts struct {
	Order  sale           `rule:"order"`
	Custom map[string]any `rule:"custom"`
	Now    time.Time      `rule:"now"`
}

var given = facts{
	Order: sale{
		Country: "DE", Currency: "EUR", Total: 12950, Placed: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		Lines: []line{{"A", 1, []string{"fragile"}}, {"B", 3, nil}},
	},
	Custom: map[string]any{"gift": true, "points": float64(3)},
	Now:    time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC),
}

func TestConditionsHold(t *testing.T) {
	language := rule.New[facts]()
	for text, want := range map[string]bool{
		``:                                   true,
		`order.country == "DE"`:              true,
		`order.country in ["AT", "CH"]`:      false,
		`order.total >= 10000`:               true,
		`order.total >= minor(129.5, "EUR")`: true,
		`order.total > minor(129.50, order.currency)`:                   false,
		`order.total == minor(12950, "JPY")`:                            true,
		`order.lines.exists(l, "fragile" in l.tags)`:                    true,
		`order.lines.all(l, l.quantity > 1)`:                            false,
		`order.lines.filter(l, l.sku.startsWith("B"))[0].quantity == 3`: true,
		`now - order.placed_at > duration("24h")`:                       true,
		`"gift" in custom && custom.gift == true`:                       true,
		`has(custom.wrapping)`:                                          false,
		`custom.points > 2.5`:                                           true,
		`order.labels.size() == 0`:                                      true,
		`!(order.country.lowerAscii() == "de")`:                         false,
	} {
		c, err := language.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := c.Match(t.Context(), given); err != nil || got != want {
			t.Errorf("%s: %v (%v)", text, got, err)
		}
	}
}

func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	language := rule.New[facts]()
	for text, want := range map[string]string{
		`order.totl > 3`:               `line 1, column 6: there is no field "totl", did you mean "total"?`,
		`ordre.total > 3`:              `line 1, column 1: nothing is called "ordre" here, did you mean "order"?; known are order, custom, now`,
		"true &&\n  order.total > 3.5": `line 2, column 15: > does not work with a whole number and a decimal number: amounts are whole minor units`,
		`order.total`:                  `it gives a whole number, but a condition has to be true or false`,
		`order.country == "DE" &&`:     `the condition ends too early`,
		`order.country = "DE"`:         `it cannot be read here`,
	} {
		_, err := language.Compile(text)
		f, ok := fault.As(err)
		if !ok || f.Code != "rule.bad_condition" || !strings.Contains(f.Message, want) {
			t.Errorf("%s:\n  %v\ninstead of\n  %s", text, err, want)
			continue
		}
		if p := f.Detail.([]rule.Problem); p[0].Line < 1 || p[0].Column < 1 {
			t.Errorf("%s: %+v", text, p)
		}
	}
}

func TestCostIsLimitedBeforeAndWhileRunning(t *testing.T) {
	language := rule.New[facts]()
	deep := `order.lines.all(a, order.lines.all(b, order.lines.all(c, order.lines.all(d, a.quantity + b.quantity + c.quantity + d.quantity > 0))))`
	if _, err := language.Compile(deep); !fault.Is(err, "rule.too_costly") {
		t.Errorf("four loops inside each other: %v", err)
	}
	if _, err := language.Compile(strings.Repeat("!", 5000) + "true"); !fault.Is(err, "rule.too_long") {
		t.Errorf("a long text: %v", err)
	}
	twice, err := language.Compile(`order.lines.all(a, order.lines.all(b, a.quantity + b.quantity > 0))`)
	if err != nil {
		t.Fatal(err)
	}
	large := given
	for range 5000 {
		large.Order.Lines = append(large.Order.Lines, line{"C", 1, nil})
	}
	if _, err := twice.Match(t.Context(), large); !fault.Is(err, "rule.too_costly") {
		t.Errorf("5,000 lines with 5,000: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := twice.Match(gone, large); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
	missing, err := language.Compile(`custom.nothing == 1`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := missing.Match(t.Context(), given); !fault.Is(err, "rule.failed") {
		t.Errorf("a missing key: %v", err)
	}
}

func TestCompiledConditionsAreKeptWithinABound(t *testing.T) {
	language := rule.New[facts]()
	first, err := language.Compile(`order.total > 1`)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := language.Compile(`order.total > 1`); again != first {
		t.Error("it was compiled again")
	}
	for i := range 1100 {
		c, err := language.Compile(fmt.Sprintf("order.total > %d", i))
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := c.Match(t.Context(), given); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if n := rule.Kept(language); n != 1000 {
		t.Errorf("%d are kept", n)
	}
}

func TestTermsTellWhatMayBeNamed(t *testing.T) {
	got := map[string]rule.Term{}
	for _, term := range rule.New[facts]().Terms() {
		got[term.Name] = term
	}
	if s := got["order.lines[].sku"]; s.Type != "string" || s.Doc != "Our SKU." {
		t.Errorf("%+v", got)
	}
	if got["order.lines[].tags"].Type != "list(string)" || got["now"].Type != "google.protobuf.Timestamp" {
		t.Errorf("%+v", got)
	}
}

func BenchmarkMatch(b *testing.B) {
	c, err := rule.New[facts]().Compile(`order.country in ["DE", "AT"] && order.total >= 10000 && order.lines.exists(l, "fragile" in l.tags)`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := c.Match(b.Context(), given); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func TestALanguageIsCheckedWhenItIsMade(t *testing.T) {
	type hidden struct {
		Any map[string]any `rule:"any"`
	}
	type untagged struct{ Name string }
	panics := func(name string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Error(name)
			}
		}()
		f()
	}
	panics("a map of anything inside a struct", func() {
		rule.New[struct {
			H hidden `rule:"h"`
		}]()
	})
	panics("a field without a tag", func() {
		rule.New[struct {
			U []untagged `rule:"u"`
		}]()
	})
}
