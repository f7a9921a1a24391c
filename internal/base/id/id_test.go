package id

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestTextRoundTrip(t *testing.T) {
	want := New[Order](time.Now())
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Order
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Fatalf("%s became %s (%v)", want, got, err)
	}
}

func TestParseRefusesOtherKindsAndGarbage(t *testing.T) {
	good := New[Customer](time.Now()).String()
	for _, s := range []string{good, "ord_", "ord_0", "ord_" + good[4:] + "0", "ord_zzzzzzzzzzzzzzzzzzzzzzzzzz", "ord_0000000000000000000000000\xff"} {
		if got, err := Parse[orderKind](s); err == nil {
			t.Errorf("%q was read as %s", s, got)
		}
	}
}

func TestIDsSortByTimeOfMaking(t *testing.T) {
	now := time.Now()
	ids := make([]Order, 5000)
	for i := range ids {
		ids[i] = New[Order](now)
	}
	if !slices.IsSortedFunc(ids, Order.Compare) {
		t.Error("ids made one after another are not in order")
	}
}

func TestIDsAreUniqueAcrossGoroutines(t *testing.T) {
	const workers, each = 8, 2000
	all := make([][]Order, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				all[w] = append(all[w], New[Order](time.Now()))
			}
		})
	}
	wg.Wait()
	seen := map[Order]bool{}
	for _, part := range all {
		for _, i := range part {
			if i[6]>>4 != 7 || i[8]>>6 != 2 {
				t.Fatalf("%x is not a UUIDv7", i)
			}
			seen[i] = true
		}
	}
	if len(seen) != workers*each {
		t.Errorf("%d ids of %d are distinct", len(seen), workers*each)
	}
}

func TestScan(t *testing.T) {
	want := New[Variant](time.Now())
	v, _ := want.Value()
	var got Variant
	if err := got.Scan(v); err != nil || got != want {
		t.Fatalf("bytes: %s, %v", got, err)
	}
	if err := got.Scan("0190163d-8694-739b-aea5-966c26f8ad91"); err != nil || got[0] != 0x01 || got[15] != 0x91 {
		t.Fatalf("text: %x, %v", got, err)
	}
	if err := got.Scan(nil); err != nil || !got.IsZero() {
		t.Fatalf("NULL: %s, %v", got, err)
	}
}
