package testgateway_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/money"
	"purser/internal/connector/connectortest"
	testgateway "purser/internal/connector/test"
	"purser/internal/domain/payment"
)

func TestGateway(t *testing.T) {
	connectortest.Gateway(t, func(*testing.T) connectortest.GatewaySubject {
		g := testgateway.New()
		return connectortest.GatewaySubject{
			Gateway: g, Token: "tok_visa", Declined: "tok_decline", Remembers: true,
			Webhooks: func() (all []connectortest.Webhook) {
				for _, w := range g.Webhooks() {
					all = append(all, connectortest.Webhook{Header: w.Header, Body: w.Body})
				}
				return all
			},
		}
	})
}

func request(key, token, authorization string, amount int64) payment.Request {
	return payment.Request{Key: key, Token: token, Authorization: authorization, Amount: money.Of(amount, "EUR")}
}

// authorize asks for 10.00 EUR, again if the first answer is lost.
func authorize(t *testing.T, g *testgateway.Gateway, token string) payment.Result {
	t.Helper()
	r, err := g.Authorize(t.Context(), request("a", token, "", 1_000))
	if err != nil {
		r, err = g.Authorize(t.Context(), request("a", token, "", 1_000))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func kinds(t *testing.T, g *testgateway.Gateway) (all []string) {
	t.Helper()
	for _, w := range g.Webhooks() {
		events, err := g.ParseWebhook(w.Header, w.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			all = append(all, string(e.Kind)+" "+string(e.Result.State))
		}
	}
	return all
}

func TestAnAnswerThatIsLost(t *testing.T) {
	for _, c := range []struct {
		token  string
		effect bool
	}{{"tok_timeout_before", false}, {"tok_timeout_after", true}, {"tok_timeout_after.authorize", true}} {
		t.Run(c.token, func(t *testing.T) {
			g := testgateway.New()
			r := request("a", c.token, "", 1_000)
			if _, err := g.Authorize(t.Context(), r); err == nil {
				t.Fatal("there was an answer")
			}
			_, err := g.Query(t.Context(), r)
			if seen := !errors.Is(err, payment.ErrNotSeen); seen != c.effect {
				t.Fatalf("the gateway has seen it: %v (%v)", seen, err)
			}
			first, err := g.Authorize(t.Context(), r)
			if err != nil || first.State != payment.Succeeded {
				t.Fatalf("the second try: %+v, %v", first, err)
			}
		})
	}
	g := testgateway.New()
	if r := authorize(t, g, "tok_timeout_after.capture"); r.State != payment.Succeeded {
		t.Errorf("a behavior of captures strikes the authorization: %+v", r)
	}
}

func TestTheCustomerConfirms(t *testing.T) {
	for _, yes := range []bool{true, false} {
		g := testgateway.New()
		a := authorize(t, g, "tok_action")
		if a.State != payment.Requested || a.ActionURL == "" {
			t.Fatalf("%+v", a)
		}
		if err := g.Confirm(a.Ref, yes); err != nil {
			t.Fatal(err)
		}
		got, err := g.Query(t.Context(), request("a", "", "", 1_000))
		if want := map[bool]payment.State{true: payment.Succeeded, false: payment.Failed}[yes]; err != nil || got.State != want || got.ActionURL != "" {
			t.Errorf("confirmed %v: %+v, %v", yes, got, err)
		}
	}
}

func TestOperationsThatEndLater(t *testing.T) {
	g := testgateway.New()
	a := authorize(t, g, "tok_pending.capture+fails_later.refund")
	c, err := g.Capture(t.Context(), request("c", "tok_pending.capture+fails_later.refund", a.Ref, 500))
	if err != nil || c.State != payment.Requested {
		t.Fatalf("%+v, %v", c, err)
	}
	if n, err := g.Finish(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	r, err := g.Refund(t.Context(), request("r", "tok_pending.capture+fails_later.refund", a.Ref, 500))
	if err != nil || r.State != payment.Succeeded {
		t.Fatalf("%+v, %v", r, err)
	}
	if n, err := g.Finish(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, _ := g.Finish(); n != 0 {
		t.Errorf("%d operations end twice", n)
	}
	want := []string{"authorize succeeded", "capture requested", "capture succeeded", "refund succeeded", "refund failed"}
	if got := kinds(t, g); !slices.Equal(got, want) {
		t.Errorf("webhooks: %v, want %v", got, want)
	}
}

func TestWebhooksThatMisbehave(t *testing.T) {
	both := []string{"authorize succeeded", "capture succeeded"}
	for _, c := range []struct {
		token        string
		before, late []string
	}{
		{"tok_visa", both, nil},
		{"tok_webhook_twice", []string{both[0], both[0], both[1], both[1]}, nil},
		{"tok_webhook_late", nil, both},
		{"tok_webhook_reversed", nil, []string{both[1], both[0]}},
		{"tok_webhook_never", nil, nil},
	} {
		t.Run(c.token, func(t *testing.T) {
			g := testgateway.New()
			a := authorize(t, g, c.token)
			if _, err := g.Capture(t.Context(), request("c", c.token, a.Ref, 1)); err != nil {
				t.Fatal(err)
			}
			if got := kinds(t, g); !slices.Equal(got, c.before) {
				t.Errorf("at once: %v, want %v", got, c.before)
			}
			g.ReleaseLate()
			if got := kinds(t, g); !slices.Equal(got, c.late) {
				t.Errorf("late: %v, want %v", got, c.late)
			}
		})
	}
}

func TestWhatOthersDoAtTheGateway(t *testing.T) {
	g := testgateway.New()
	a := authorize(t, g, "tok_visa")
	for _, step := range []struct {
		kind   payment.Kind
		amount int64
		good   bool
	}{
		{payment.KindCapture, 700, true}, {payment.KindCapture, 400, false}, {payment.KindVoid, 300, true},
		{payment.KindRefund, 200, true}, {payment.KindChargeback, 501, false}, {payment.KindChargeback, 500, true},
		{payment.KindAuthorize, 1, false},
	} {
		ref, err := g.Outside(step.kind, a.Ref, step.amount)
		if (err == nil) != step.good {
			t.Errorf("%s of %d: %s, %v", step.kind, step.amount, ref, err)
		}
		if step.kind == payment.KindChargeback && step.good {
			if err := g.Decide(ref, true); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAnAuthorizationRunsOut(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g, err := testgateway.Open(testgateway.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	a := authorize(t, g, "tok_expires")
	now = a.ExpiresAt
	c, err := g.Capture(t.Context(), request("c", "tok_expires", a.Ref, 1))
	if err != nil || c.State != payment.Failed || c.Code != "authorization_expired" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAnOldSignatureIsRefused(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g, err := testgateway.Open(testgateway.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	authorize(t, g, "tok_visa")
	w := g.Webhooks()[0]
	now = now.Add(time.Hour)
	if _, err := g.ParseWebhook(w.Header, w.Body); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("%v", err)
	}
}

func TestTheLedgerOutlivesTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger")
	open := func() *testgateway.Gateway {
		t.Helper()
		g, err := testgateway.Open(testgateway.Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := open()
	a := authorize(t, g, "tok_action")
	if err := errors.Join(g.Confirm(a.Ref, true), g.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"ref":"cut o`); err != nil { // killed while it wrote
		t.Fatal(err)
	}
	f.Close()
	for _, left := range []int64{1_000, 400} {
		g := open()
		over, err := g.Capture(t.Context(), request("over"+money.Format(left, "EUR"), "tok_action", a.Ref, left+1))
		if err != nil || over.State != payment.Failed {
			t.Fatalf("%+v, %v", over, err)
		}
		if left == 1_000 {
			if c, err := g.Capture(t.Context(), request("c", "tok_action", a.Ref, 600)); err != nil || c.State != payment.Succeeded {
				t.Fatalf("%+v, %v", c, err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAGatewayThatIsDown(t *testing.T) {
	g := testgateway.New()
	g.SetDown(errors.New("maintenance"))
	if _, err := g.Authorize(t.Context(), request("a", "tok_visa", "", 1)); err == nil || g.Health(t.Context()) == nil {
		t.Error("it answers")
	}
	g.SetDown(nil)
	if _, err := g.Authorize(t.Context(), request("a", "tok_visa", "", 1)); err != nil {
		t.Error(err)
	}
}

func FuzzParseWebhook(f *testing.F) {
	f.Add("t=1,v1=00", []byte(`{"type":"capture.succeeded"}`))
	f.Add("", []byte(nil))
	g := testgateway.New()
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		events, err := g.ParseWebhook(map[string][]string{testgateway.SignatureHeader: {signature}}, body)
		if err == nil {
			t.Errorf("taken without a signature of ours: %v", events)
		}
	})
}
