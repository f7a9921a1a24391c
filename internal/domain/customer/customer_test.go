package customer

import (
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/id"
)

func TestDueOn(t *testing.T) {
	for _, test := range []struct {
		terms         Terms
		invoiced, due string
	}{
		{Terms{DueDays: 30}, "2026-01-31", "2026-03-02"},
		{Terms{}, "2026-01-31", "2026-01-31"},
		{Terms{EndOfMonth: true}, "2026-02-01", "2026-02-28"},
		{Terms{EndOfMonth: true, DueDays: 15}, "2024-02-29", "2024-03-15"},
		{Terms{EndOfMonth: true, DueDays: 30}, "2026-12-05", "2027-01-30"},
	} {
		got, err := test.terms.DueOn(test.invoiced)
		if err != nil || got != test.due {
			t.Errorf("%+v of %s: %s %v, want %s", test.terms, test.invoiced, got, err, test.due)
		}
	}
	if _, err := (Terms{}).DueOn("31.1.2026"); err == nil {
		t.Error("a day that is none is taken")
	}
}

func TestGroupRules(t *testing.T) {
	g := Group{Name: "Dealers", MinOrder: 10000, Currency: "EUR", WholePacks: true}
	packs := []Pack{{"A", 12, 6}, {"B", 7, 1}}
	for name, test := range map[string]struct {
		total    int64
		currency string
		lines    []Pack
		field    string
	}{
		"good":           {10000, "EUR", packs, ""},
		"too little":     {9999, "EUR", packs, "total"},
		"other currency": {1, "USD", packs, ""},
		"broken pack":    {10000, "EUR", []Pack{{"B", 7, 1}, {"A", 13, 6}}, "lines[1].quantity"},
	} {
		err := g.Check(test.total, "EUR", test.lines)
		if test.currency != "EUR" {
			err = g.Check(test.total, "USD", test.lines)
		}
		bad, ok := fault.As(err)
		if ok != (test.field != "") || ok && bad.Fields[test.field] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (Group{}).Check(0, "EUR", []Pack{{"A", 13, 6}}); err != nil {
		t.Errorf("a group without rules: %v", err)
	}
}

func TestMayBuy(t *testing.T) {
	firm, other := id.Company{1}, id.Company{2}
	berlin, paris := id.CompanyLocation{1}, id.CompanyLocation{2}
	contacts := []Contact{{CompanyID: firm, LocationID: berlin}}
	for _, test := range []struct {
		company  id.Company
		location id.CompanyLocation
		want     bool
	}{{firm, berlin, true}, {firm, id.CompanyLocation{}, true}, {firm, paris, false}, {other, id.CompanyLocation{}, false}} {
		if got := MayBuy(contacts, test.company, test.location); got != test.want {
			t.Errorf("%v at %v: %v", test.company, test.location, got)
		}
	}
}
