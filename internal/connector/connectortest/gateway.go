// Package connectortest holds what every connector must do: one suite for each
// port. A connector's own tests run it against the connector, set up with an
// account for tests or with a copy of the other side's answers.
package connectortest

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/payment"
)

// GatewaySubject is a payment gateway under test.
type GatewaySubject struct {
	Gateway payment.Gateway

	Token    string // a means of payment that is good for all that is asked
	Declined string // one that the bank declines; empty: there is none

	// Remembers tells that the gateway keeps what it did: it answers questions about
	// keys, and refuses more than was authorized or captured.
	Remembers bool

	// Webhooks returns what the gateway has sent since it was asked last; nil: it
	// sends none.
	Webhooks func() []Webhook
}

// Webhook is a webhook as it was received.
type Webhook struct {
	Header http.Header
	Body   []byte
}

// Gateway runs the suite; subject makes a new gateway for each test.
func Gateway(t *testing.T, subject func(t *testing.T) GatewaySubject) {
	tests := map[string]func(*testing.T, GatewaySubject){
		"authorize, capture in parts, refund in parts": wholeStory,
		"the same key has one effect":                  oneEffect,
		"the same key at once has one effect":          oneEffectAtOnce,
		"amounts keep their currency's decimals":       decimals,
		"a declined card is an answer, not an error":   declined,
		"no more is captured than authorized":          captureLimit,
		"no more is refunded than captured":            refundLimit,
		"what was voided cannot be captured":           voided,
		"a question about a key has its answer":        query,
		"a call that is given up has no answer":        cancelled,
		"webhooks tell what was done":                  webhooks,
		"webhooks that are not signed are refused":     unsigned,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, subject(t)) })
	}
}

// request makes a request with a key of its own.
func (s GatewaySubject) request(kind payment.Kind, amount int64, c money.Currency, authorization string) payment.Request {
	now := time.Now()
	return payment.Request{
		Key: id.New[id.Transaction](now).String(), Kind: kind, Amount: money.Of(amount, c), Token: s.Token,
		Authorization: authorization, Order: id.New[id.Order](now), Payment: id.New[id.Payment](now), Reference: "conformance",
	}
}

type operation func(context.Context, payment.Request) (payment.Result, error)

// succeed carries out a request that must succeed with the amount asked for.
func succeed(t *testing.T, do operation, r payment.Request) payment.Result {
	t.Helper()
	got, err := do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s of %s: %v", r.Kind, r.Amount, err)
	}
	if got.State != payment.Succeeded || got.Amount != r.Amount.Minor || got.Currency != r.Amount.Currency || got.Ref == "" {
		t.Fatalf("%s of %s gives %+v", r.Kind, r.Amount, got)
	}
	return got
}

// refuse carries out a request that the gateway must refuse with an answer.
func refuse(t *testing.T, do operation, r payment.Request) {
	t.Helper()
	got, err := do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s of %s: an error, as if the end were not known: %v", r.Kind, r.Amount, err)
	}
	if got.State != payment.Failed || got.Code == "" || got.Message == "" {
		t.Fatalf("%s of %s gives %+v, want a refusal with a code and a reason", r.Kind, r.Amount, got)
	}
}

func (s GatewaySubject) authorized(t *testing.T, amount int64, c money.Currency) string {
	t.Helper()
	return succeed(t, s.Gateway.Authorize, s.request(payment.KindAuthorize, amount, c, "")).Ref
}

func wholeStory(t *testing.T, s GatewaySubject) {
	auth := s.authorized(t, 10_000, "EUR")
	first := succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, 3_333, "EUR", auth))
	second := succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, 3_333, "EUR", auth))
	if first.Ref == second.Ref {
		t.Errorf("two captures have the id %q", first.Ref)
	}
	succeed(t, s.Gateway.Void, s.request(payment.KindVoid, 3_334, "EUR", auth))
	for _, n := range []int64{1, 3_332, 3_333} {
		r := s.request(payment.KindRefund, n, "EUR", auth)
		r.Captures = []payment.CaptureRef{{Ref: second.Ref, Amount: 3_333}, {Ref: first.Ref, Amount: 3_333}}
		succeed(t, s.Gateway.Refund, r)
	}
}

func oneEffect(t *testing.T, s GatewaySubject) {
	auth := s.authorized(t, 500, "EUR")
	r := s.request(payment.KindCapture, 500, "EUR", auth)
	first := succeed(t, s.Gateway.Capture, r)
	for range 3 {
		if again := succeed(t, s.Gateway.Capture, r); again.Ref != first.Ref {
			t.Fatalf("the same key captured again: %s, then %s", first.Ref, again.Ref)
		}
	}
	if s.Remembers {
		refuse(t, s.Gateway.Capture, s.request(payment.KindCapture, 1, "EUR", auth))
	}
}

func oneEffectAtOnce(t *testing.T, s GatewaySubject) {
	auth := s.authorized(t, 800, "EUR")
	r := s.request(payment.KindCapture, 100, "EUR", auth)
	refs := make([]string, 16)
	var wg sync.WaitGroup
	for i := range refs {
		wg.Go(func() {
			// A gateway may refuse to work on a key twice at once, as an error.
			if got, err := s.Gateway.Capture(t.Context(), r); err == nil {
				refs[i] = got.Ref
			}
		})
	}
	wg.Wait()
	want := succeed(t, s.Gateway.Capture, r).Ref
	for _, ref := range refs {
		if ref != "" && ref != want {
			t.Fatalf("one key has the effects %s and %s", ref, want)
		}
	}
	if s.Remembers {
		succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, 700, "EUR", auth))
	}
}

func decimals(t *testing.T, s GatewaySubject) {
	for _, a := range []money.Amount{{Minor: 10_300, Currency: "EUR"}, {Minor: 103, Currency: "JPY"}, {Minor: 103_005, Currency: "KWD"}} {
		auth := s.authorized(t, a.Minor, a.Currency)
		succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, a.Minor, a.Currency, auth))
		succeed(t, s.Gateway.Refund, s.request(payment.KindRefund, a.Minor, a.Currency, auth))
		for _, e := range s.events(t) {
			if e.Result.Amount != a.Minor || e.Result.Currency != a.Currency {
				t.Errorf("a webhook says %s of %s", money.Of(e.Result.Amount, e.Result.Currency), a)
			}
		}
	}
}

func declined(t *testing.T, s GatewaySubject) {
	if s.Declined == "" {
		return
	}
	s.Token = s.Declined
	r := s.request(payment.KindAuthorize, 1_000, "EUR", "")
	refuse(t, s.Gateway.Authorize, r)
	refuse(t, s.Gateway.Authorize, r)
	if s.Remembers {
		refuse(t, s.Gateway.Query, r)
	}
}

func captureLimit(t *testing.T, s GatewaySubject) {
	if !s.Remembers {
		return
	}
	auth := s.authorized(t, 1_000, "EUR")
	refuse(t, s.Gateway.Capture, s.request(payment.KindCapture, 1_001, "EUR", auth))
	succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, 999, "EUR", auth))
	refuse(t, s.Gateway.Capture, s.request(payment.KindCapture, 2, "EUR", auth))
	succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, 1, "EUR", auth))
	refuse(t, s.Gateway.Capture, s.request(payment.KindCapture, 1, "EUR", "none such"))
}

func refundLimit(t *testing.T, s GatewaySubject) {
	if !s.Remembers {
		return
	}
	auth := s.authorized(t, 1_000, "EUR")
	refuse(t, s.Gateway.Refund, s.request(payment.KindRefund, 1, "EUR", auth))
	succeed(t, s.Gateway.Capture, s.request(payment.KindCapture, 600, "EUR", auth))
	succeed(t, s.Gateway.Refund, s.request(payment.KindRefund, 400, "EUR", auth))
	refuse(t, s.Gateway.Refund, s.request(payment.KindRefund, 201, "EUR", auth))
	succeed(t, s.Gateway.Refund, s.request(payment.KindRefund, 200, "EUR", auth))
}

func voided(t *testing.T, s GatewaySubject) {
	if !s.Remembers {
		return
	}
	auth := s.authorized(t, 1_000, "EUR")
	succeed(t, s.Gateway.Void, s.request(payment.KindVoid, 1_000, "EUR", auth))
	refuse(t, s.Gateway.Capture, s.request(payment.KindCapture, 1, "EUR", auth))
	refuse(t, s.Gateway.Void, s.request(payment.KindVoid, 1_000, "EUR", auth))
}

func query(t *testing.T, s GatewaySubject) {
	r := s.request(payment.KindAuthorize, 1_000, "EUR", "")
	if _, err := s.Gateway.Query(t.Context(), r); !errors.Is(err, payment.ErrNotSeen) {
		t.Fatalf("a key that was never used: %v, want ErrNotSeen", err)
	}
	did := succeed(t, s.Gateway.Authorize, r)
	got, err := s.Gateway.Query(t.Context(), r)
	if !s.Remembers && errors.Is(err, payment.ErrNotSeen) {
		return
	}
	if err != nil || got.State != did.State || got.Ref != did.Ref || got.Amount != did.Amount || got.Currency != did.Currency {
		t.Fatalf("asked about: %+v, %v; answered at first: %+v", got, err, did)
	}
}

func cancelled(t *testing.T, s GatewaySubject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := s.request(payment.KindAuthorize, 1_000, "EUR", "")
	if got, err := s.Gateway.Authorize(ctx, r); err == nil {
		t.Fatalf("got %+v, want an error", got)
	}
}

// events reads the webhooks that came since the last time.
func (s GatewaySubject) events(t *testing.T) (all []payment.Event) {
	t.Helper()
	if s.Webhooks == nil {
		return nil
	}
	for _, w := range s.Webhooks() {
		events, err := s.Gateway.ParseWebhook(w.Header, w.Body)
		if err != nil {
			t.Fatalf("webhook %s: %v", w.Body, err)
		}
		all = append(all, events...)
	}
	return all
}

func webhooks(t *testing.T, s GatewaySubject) {
	if s.Webhooks == nil {
		return
	}
	a := s.request(payment.KindAuthorize, 1_000, "EUR", "")
	auth := succeed(t, s.Gateway.Authorize, a)
	c := s.request(payment.KindCapture, 400, "EUR", auth.Ref)
	capture := succeed(t, s.Gateway.Capture, c)
	want := map[payment.Kind]payment.Request{payment.KindAuthorize: a, payment.KindCapture: c}
	refs := map[payment.Kind]string{payment.KindAuthorize: auth.Ref, payment.KindCapture: capture.Ref}
	ids := map[string]bool{}
	for _, e := range s.events(t) {
		r, asked := want[e.Kind]
		if !asked {
			continue
		}
		if ids[e.ID] || e.ID == "" {
			t.Errorf("the event id %q is not one of its own", e.ID)
		}
		ids[e.ID] = true
		known := e.Key == r.Key || e.Key == "" && e.Result.Ref == refs[e.Kind]
		if !known || e.Result.State != payment.Succeeded || e.Result.Ref != refs[e.Kind] || e.Result.Amount != r.Amount.Minor {
			t.Errorf("the webhook of the %s says %+v", e.Kind, e)
		}
		if e.Kind == payment.KindCapture && e.Key == "" && e.Authorization != auth.Ref {
			t.Errorf("the webhook of the capture names neither our key nor the authorization")
		}
		delete(want, e.Kind)
	}
	if len(want) > 0 {
		t.Errorf("no webhook told of %v", want)
	}
}

func unsigned(t *testing.T, s GatewaySubject) {
	bodies := [][]byte{nil, []byte("{}"), []byte(`[{"id":1}]`), []byte("\x00\xff")}
	if s.Webhooks != nil {
		s.authorized(t, 1_000, "EUR")
		for _, w := range s.Webhooks() {
			bodies = append(bodies, w.Body)
			changed := append([]byte(nil), w.Body...)
			changed[len(changed)/2] ^= 1
			if _, err := s.Gateway.ParseWebhook(w.Header, changed); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("a body that was changed on its way: %v, want Unauthenticated", err)
			}
		}
	}
	for _, b := range bodies {
		if _, err := s.Gateway.ParseWebhook(http.Header{}, b); fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("a body without a signature: %v, want Unauthenticated", err)
		}
	}
}
