package address

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var berlin = Address{Name: "Ann Bäcker", Line1: "Torstraße 1", City: "Berlin", PostalCode: "10119", Country: "DE", Phone: "+49 30 1"}

func TestValidNamesEachFieldThatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		address Address
		wrong   []string
	}{
		"good":            {berlin, nil},
		"company alone":   {Address{Company: "ACME", Line1: "x", City: "y", Country: "Hong Kong"}, nil},
		"empty":           {Address{}, []string{"city", "country", "line1", "name"}},
		"blanks":          {Address{Name: " ", Line1: "\t", City: " ", Country: " "}, []string{"city", "country", "line1", "name"}},
		"unknown country": {Address{Name: "a", Line1: "b", City: "c", Country: "Atlantis"}, []string{"country"}},
		"too long":        {Address{Name: "a", Line1: "b", City: "c", Country: "DE", Line2: strings.Repeat("é", 201)}, []string{"line2"}},
	} {
		if got := slices.Sorted(maps.Keys(test.address.Valid())); !slices.Equal(got, test.wrong) {
			t.Errorf("%s: wrong are %v, want %v", name, got, test.wrong)
		}
	}
}

func TestCleanWritesTheCountryAsItsCode(t *testing.T) {
	got := Address{Name: "  Ann\x00 ", Country: "Germany"}.Clean()
	if want := (Address{Name: "Ann", Country: "DE"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if !(Address{City: " \n"}).IsZero() {
		t.Error("an address of blanks is taken for one")
	}
}

func TestKeyComparesReceiverAndPlace(t *testing.T) {
	same := Address{Name: "ann  backer", Line1: "TORSTRASSE 1", City: "berlin", PostalCode: " 10119", Country: "Deutschland"}
	if same.Key() != berlin.Key() {
		t.Errorf("%q differs from %q", same.Key(), berlin.Key())
	}
	other := berlin
	other.Line2 = "2nd floor"
	moved := berlin
	moved.Line1, moved.Line2 = "", berlin.Line1
	for _, a := range []Address{other, moved} {
		if a.Key() == berlin.Key() {
			t.Errorf("%+v is taken for %+v", a, berlin)
		}
	}
}

func TestLines(t *testing.T) {
	a := Address{Name: "Ann", Line1: "1 Main St", City: "Reno", Region: "NV", PostalCode: "89501", Country: "US"}
	want := []string{"Ann", "1 Main St", "89501 Reno, NV", "United States"}
	if got := a.Lines(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	b, err := json.Marshal(berlin)
	if err != nil {
		t.Fatal(err)
	}
	var got Address
	if err := json.Unmarshal(b, &got); err != nil || got != berlin {
		t.Errorf("%s became %+v (%v)", b, got, err)
	}
}
