package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/webhook"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/platform/outbound"
	"purser/internal/test/dbtest"
)

// receiver is the other program.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer int
	hold   chan struct{} // until it is closed, nothing is answered
	header http.Header
	got    []http.Header
	bodies []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{answer: http.StatusNoContent, header: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if r.hold != nil {
			<-r.hold
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies = append(r.got, q.Header), append(r.bodies, string(body))
		for k, v := range r.header {
			w.Header()[k] = v
		}
		w.WriteHeader(r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

// types are the kinds of what arrived, with the number in the data.
func (r *receiver) types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, b := range r.bodies {
		var m struct {
			Type string `json:"type"`
			Data struct {
				N int `json:"n"`
			} `json:"data"`
		}
		if err := json.Unmarshal([]byte(b), &m); err != nil {
			out = append(out, err.Error())
		}
		out = append(out, m.Type+" "+strconv.Itoa(m.Data.N))
	}
	return out
}

type rung struct {
	Bell id.Customer `json:"bell"`
	N    int         `json:"n"`
}

func (rung) Kind() string       { return "bell.rung" }
func (r rung) Subject() id.UUID { return r.Bell }

// hall is a database with an endpoint at a receiver, and a clock of its own.
type hall struct {
	*testing.T
	d      *db.DB
	r      *receiver
	client *http.Client
	e      webhook.Endpoint
	secret string
	now    time.Time
	cursor string
}

func newHall(t *testing.T, d *db.DB, kinds ...string) *hall {
	p := outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	h := &hall{T: t, d: d, r: newReceiver(t), client: outbound.NewClient(p, 5*time.Second), now: time.Now().UTC()}
	h.write(func(tx *db.Tx) (err error) {
		h.e, h.secret, err = webhook.AddEndpoint(h.Context(), tx, webhook.Endpoint{URL: h.r.URL, Kinds: db.JSON[[]string]{V: kinds}})
		return err
	})
	return h
}

func (h *hall) write(fn func(tx *db.Tx) error) {
	h.Helper()
	err := h.d.Write(h.Context(), func(tx *db.Tx) error {
		tx.At(h.now)
		return fn(tx)
	})
	if err != nil {
		h.Fatal(err)
	}
}

// ring records events and makes messages of them, as the follower of the log does.
func (h *hall) ring(facts ...event.Fact) {
	h.Helper()
	h.write(func(tx *db.Tx) error { return event.Record(h.Context(), tx, facts...) })
	dbtest.FeedSettled(h.T, h.d)
	h.write(func(tx *db.Tx) error {
		events, err := event.After(h.Context(), tx, tx.Postgres(), h.cursor, nil, 1000)
		if err != nil {
			return err
		}
		h.cursor = events[len(events)-1].Cursor
		return webhook.Publish(h.Context(), tx, events)
	})
}

func (h *hall) messages(statuses ...webhook.Status) []webhook.Delivery {
	h.Helper()
	rows, err := webhook.Deliveries(h.Context(), h.d, webhook.Filter{Endpoint: h.e.ID, Statuses: statuses}, id.Delivery{}, 100)
	if err != nil {
		h.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b webhook.Delivery) int { return int(a.Sequence - b.Sequence) })
	return rows
}

// deliver works the jobs of messages, in the order given.
func (h *hall) deliver(messages []webhook.Delivery) {
	h.Helper()
	for _, m := range messages {
		if err := webhook.Deliver(h.Context(), h.d, h.client, m.ID); err != nil {
			h.Fatal(err)
		}
	}
}

func (h *hall) endpoint() webhook.Endpoint {
	h.Helper()
	e, err := webhook.GetEndpoint(h.Context(), h.d, h.e.ID)
	if err != nil {
		h.Fatal(err)
	}
	return e
}

// due makes what waits for a later try due now.
func (h *hall) due() {
	h.Helper()
	h.write(func(tx *db.Tx) error {
		_, err := tx.Exec(h.Context(), `UPDATE webhook_delivery SET due_at = ? WHERE status = 'retry'`, h.d.Now().Add(-time.Hour))
		return err
	})
}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) { dbtest.Each(t, fn) }

func bell() id.Customer { return id.New[id.Customer](time.Now()) }

func TestMessagesFollowTheSpecification(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		h.ring(rung{bell(), 7})
		h.deliver(h.messages())
		reference, err := standard.NewWebhook(h.secret)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.r.got) != 1 {
			t.Fatalf("%d messages arrived", len(h.r.got))
		}
		if err := reference.Verify([]byte(h.r.bodies[0]), h.r.got[0]); err != nil {
			t.Errorf("the reference library says: %v", err)
		}
		if err := reference.Verify([]byte(h.r.bodies[0]+" "), h.r.got[0]); err == nil {
			t.Error("another body has the same signature")
		}
		m := h.messages(webhook.Sent)[0]
		if h.r.got[0].Get("webhook-id") != m.Event.String() || m.Tries != 1 || m.Answer != http.StatusNoContent {
			t.Errorf("%+v with the headers %v", m, h.r.got[0])
		}
	})
}

func TestBothSecretsSignForADay(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		var renewed string
		h.write(func(tx *db.Tx) (err error) {
			_, renewed, err = webhook.Rotate(h.Context(), tx, h.e.ID)
			return err
		})
		h.ring(rung{bell(), 1})
		h.deliver(h.messages())
		for _, secret := range []string{h.secret, renewed} {
			reference, err := standard.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := reference.Verify([]byte(h.r.bodies[0]), h.r.got[0]); err != nil {
				t.Error(err)
			}
		}
		h.write(func(tx *db.Tx) error {
			_, err := tx.Exec(h.Context(), `UPDATE webhook_endpoint SET old_until = ?`, h.now.Add(-time.Hour))
			return err
		})
		h.ring(rung{bell(), 2})
		h.deliver(h.messages())
		if n := len(strings.Fields(h.r.got[1].Get("webhook-signature"))); n != 1 {
			t.Errorf("%d signatures after a day", n)
		}
	})
}

func TestMessagesOfASubjectKeepTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		a, b := bell(), bell()
		h.ring(rung{a, 1}, rung{b, 2}, rung{a, 3}, rung{a, 4})
		h.r.answer = http.StatusInternalServerError
		all := h.messages()
		slices.Reverse(all)
		h.deliver(all) // the first of each subject is tried, and fails
		if got := h.r.types(); !slices.Equal(got, []string{"bell.rung 2", "bell.rung 1"}) {
			t.Fatalf("arrived: %v", got)
		}
		h.r.answer = http.StatusOK
		h.deliver(all) // nothing is due yet
		if got := h.r.types(); len(got) != 2 {
			t.Fatalf("arrived before its time: %v", got)
		}
		h.due()
		h.deliver(all)
		h.deliver(all)
		h.deliver(all)
		if got := h.r.types()[2:]; !slices.Equal(got, []string{"bell.rung 2", "bell.rung 1", "bell.rung 3", "bell.rung 4"}) {
			t.Errorf("arrived: %v", got)
		}
		for i, m := range h.messages(webhook.Sent) {
			if m.Sequence != int64(i+1) {
				t.Errorf("message %d has the sequence %d", i+1, m.Sequence)
			}
		}
	})
}

func TestMessagesAreGivenUpAndSentAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		a := bell()
		h.ring(rung{a, 1}, rung{a, 2})
		h.r.answer = http.StatusFound // a redirect is a failure
		all := h.messages()
		for range 10 {
			h.due()
			h.deliver(all[:1])
		}
		dead := h.messages(webhook.Dead)
		if len(dead) != 1 || dead[0].Tries != 10 || dead[0].Answer != http.StatusFound || dead[0].Error == "" {
			t.Fatalf("dead: %+v", dead)
		}
		facts, err := event.Of(t.Context(), d, h.e.ID, 10)
		if err != nil || len(facts) != 1 || facts[0].Kind != "webhook.delivery_died" {
			t.Errorf("%+v, %v", facts, err)
		}
		h.r.answer = http.StatusOK
		h.deliver(all)
		h.write(func(tx *db.Tx) error {
			_, err := webhook.RetryDelivery(h.Context(), tx, dead[0].ID)
			return err
		})
		h.deliver(all)
		if got := h.r.types()[10:]; !slices.Equal(got, []string{"bell.rung 2", "bell.rung 1"}) {
			t.Errorf("arrived: %v", got)
		}
		if e := h.endpoint(); !e.FailingSince.IsZero() || e.Status != webhook.Enabled {
			t.Errorf("%+v", e)
		}
	})
}

func TestEndpointThatIsGoneIsDisabled(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		h.ring(rung{bell(), 1})
		h.r.answer = http.StatusGone
		h.deliver(h.messages())
		if e := h.endpoint(); e.Status != webhook.Disabled || e.DisabledWhy == "" {
			t.Errorf("%+v", e)
		}
		h.ring(rung{bell(), 2})
		if got := h.messages(); len(got) != 1 {
			t.Errorf("%d messages for a disabled endpoint", len(got))
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := webhook.SendTest(t.Context(), tx, h.e.ID)
			return err
		})
		if !fault.Is(err, "webhook.disabled") {
			t.Error(err)
		}
	})
}

func TestEndpointThatTakesNothingForDaysIsDisabled(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		h.ring(rung{bell(), 1})
		h.r.Close() // nobody answers
		h.deliver(h.messages())
		if e := h.endpoint(); e.Status != webhook.Enabled || e.FailingSince.IsZero() {
			t.Fatalf("%+v", e)
		}
		h.write(func(tx *db.Tx) error {
			_, err := tx.Exec(h.Context(), `UPDATE webhook_endpoint SET failing_since = ?`, h.now.Add(-6*24*time.Hour))
			return err
		})
		h.due()
		h.deliver(h.messages())
		if e := h.endpoint(); e.Status != webhook.Disabled {
			t.Errorf("%+v", e)
		}
		h.write(func(tx *db.Tx) error {
			_, err := webhook.ChangeEndpoint(h.Context(), tx, h.e.ID, 0, func(e *webhook.Endpoint) error {
				e.Status = webhook.Enabled
				return nil
			})
			return err
		})
		if e := h.endpoint(); e.Status != webhook.Enabled || !e.FailingSince.IsZero() || e.DisabledWhy != "" {
			t.Errorf("enabled again: %+v", e)
		}
	})
}

func TestThrottledEndpointIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		h.ring(rung{bell(), 1})
		h.r.answer = http.StatusTooManyRequests
		h.r.header.Set("Retry-After", "3600")
		h.deliver(h.messages())
		if m := h.messages(webhook.Retry)[0]; m.DueAt.Before(h.d.Now().Add(50 * time.Minute)) {
			t.Errorf("it is tried again at %s", m.DueAt)
		}
	})
}

func TestEndpointsGetTheKindsTheyWant(t *testing.T) {
	for _, c := range []struct {
		kinds []string
		kind  string
		want  bool
	}{
		{nil, "order.placed", true},
		{nil, "webhook.delivery_died", false},
		{[]string{"webhook.*"}, "webhook.delivery_died", false},
		{[]string{"order.placed"}, "order.placed", true},
		{[]string{"order.placed"}, "order.placed_again", false},
		{[]string{"order.*"}, "order.cancelled", true},
		{[]string{"order.*"}, "orders.cancelled", false},
	} {
		e := webhook.Endpoint{Kinds: db.JSON[[]string]{V: c.kinds}}
		if got := e.Wants(c.kind); got != c.want {
			t.Errorf("%v wants %s: %v", c.kinds, c.kind, got)
		}
	}
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d, "bell.*")
		h.ring(rung{bell(), 1})
		if got := h.messages(); len(got) != 1 {
			t.Errorf("%d messages", len(got))
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, _, err := webhook.AddEndpoint(t.Context(), tx, webhook.Endpoint{URL: h.r.URL, Kinds: db.JSON[[]string]{V: []string{"everything"}}})
			return err
		})
		if !fault.Is(err, "webhook.invalid") {
			t.Error(err)
		}
	})
}

func TestReplaySendsWhatHappenedSince(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		long := h.now
		h.now = long.Add(-48 * time.Hour)
		h.ring(rung{bell(), 1})
		h.now = long.Add(-24 * time.Hour)
		h.ring(rung{bell(), 2})
		h.now = long
		h.ring(rung{bell(), 3})
		h.deliver(h.messages())
		after := ""
		h.write(func(tx *db.Tx) (err error) {
			after, err = event.Before(h.Context(), tx, long.Add(-30*time.Hour))
			return err
		})
		h.write(func(tx *db.Tx) error {
			return webhook.Replay(h.Context(), tx, webhook.ReplayJob{Endpoint: h.e.ID, After: after, Until: long})
		})
		h.deliver(h.messages())
		if got := h.r.types(); !slices.Equal(got, []string{"bell.rung 1", "bell.rung 2", "bell.rung 3", "bell.rung 2", "bell.rung 3"}) {
			t.Errorf("arrived: %v", got)
		}
		if h.r.got[1].Get("webhook-id") != h.r.got[3].Get("webhook-id") {
			t.Error("the repetition has another id")
		}
	})
}

func TestSweepSendsOnWhatNoJobSends(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHall(t, d)
		a := bell()
		h.ring(rung{a, 1}, rung{a, 2})
		sweep := func(later time.Duration) (n int) {
			h.now = h.now.Add(later)
			h.write(func(tx *db.Tx) (err error) {
				n, err = webhook.Sweep(h.Context(), tx)
				return err
			})
			return n
		}
		if n := sweep(0); n != 0 {
			t.Errorf("%d swept that have their job", n)
		}
		if n := sweep(time.Minute); n != 1 {
			t.Errorf("%d swept, not the first of the subject", n)
		}
		if n := sweep(0); n != 0 {
			t.Errorf("%d swept twice", n)
		}
	})
}

// Two workers with the same message: one sends it.
func TestMessageIsSentByOneWorker(t *testing.T) {
	d := dbtest.Postgres(t)
	h := newHall(t, d)
	h.ring(rung{bell(), 1})
	m := h.messages()[0]
	h.r.hold = make(chan struct{})
	done := make(chan error)
	for range 8 {
		go func() { done <- webhook.Deliver(context.WithoutCancel(t.Context()), d, h.client, m.ID) }()
	}
	await := func() {
		t.Helper()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(4 * time.Second): // the client gives up after five
			t.Error("a second worker sends it")
		}
	}
	for range 7 {
		await()
	}
	close(h.r.hold)
	await()
	if n := len(h.r.types()); n != 1 {
		t.Errorf("it was sent %d times", n)
	}
}
