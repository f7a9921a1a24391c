package connectortest

import (
	"context"
	"sync"
	"testing"
	"time"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
)

// Partner runs the suite of those who send goods for us; subject makes a new one
// for each test.
func Partner(t *testing.T, subject func(t *testing.T) fulfillment.Partner) {
	tests := map[string]func(*testing.T, fulfillment.Partner){
		"the same key has one answer":         sameAnswer,
		"the same key at once has one answer": sameAnswerAtOnce,
		"two keys are two requests":           twoRequests,
		"a cancellation has one answer":       cancelOnce,
		"a call that is given up is an error": givenUp,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, subject(t)) })
	}
}

func asks() fulfillment.Request {
	now := time.Now()
	return fulfillment.Request{
		Key: id.New[id.Request](now).String(), OrderNumber: 1001, Order: id.New[id.Order](now), Fulfillment: id.New[id.Fulfillment](now),
		Location: id.New[id.Location](now), ShipTo: address.Address{Name: "Ada Byron", Line1: "Torstr. 1", City: "Berlin", PostalCode: "10119", Country: "DE"},
		Lines: []fulfillment.RequestLine{{Line: id.New[id.Line](now), SKU: "MUG", Title: "Mug", Quantity: 2}},
	}
}

func told(t *testing.T, do func(context.Context, fulfillment.Request) (fulfillment.Answer, error), r fulfillment.Request) fulfillment.Answer {
	t.Helper()
	a, err := do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	switch a.State {
	case fulfillment.Pending, fulfillment.Accepted, fulfillment.Refuses:
	default:
		t.Fatalf("the state is %q", a.State)
	}
	return a
}

func sameAnswer(t *testing.T, p fulfillment.Partner) {
	r := asks()
	if first, again := told(t, p.Submit, r), told(t, p.Submit, r); first != again {
		t.Errorf("%+v, and then %+v", first, again)
	}
}

func sameAnswerAtOnce(t *testing.T, p fulfillment.Partner) {
	r := asks()
	answers := make([]fulfillment.Answer, 8)
	errs := make([]error, len(answers))
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i], errs[i] = p.Submit(t.Context(), r) })
	}
	wg.Wait()
	for i, a := range answers {
		if errs[i] != nil || a != answers[0] {
			t.Errorf("%+v (%v), and %+v", a, errs[i], answers[0])
		}
	}
}

func twoRequests(t *testing.T, p fulfillment.Partner) {
	a, b := told(t, p.Submit, asks()), told(t, p.Submit, asks())
	if a.Reference != "" && a.Reference == b.Reference {
		t.Errorf("both have the reference %s", a.Reference)
	}
}

func cancelOnce(t *testing.T, p fulfillment.Partner) {
	r := asks()
	r.Reference = told(t, p.Submit, r).Reference
	if first, again := told(t, p.Cancel, r), told(t, p.Cancel, r); first != again {
		t.Errorf("%+v, and then %+v", first, again)
	}
}

func givenUp(t *testing.T, p fulfillment.Partner) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a, err := p.Submit(ctx, asks()); err == nil {
		t.Errorf("answered %+v", a)
	}
}
