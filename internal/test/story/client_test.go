package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"purser/internal/app"
	"purser/internal/base/check"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/view"
)

// shop is a running Purser and somebody who talks to its API.
type shop struct {
	t     *testing.T
	url   string
	token string
	db    *db.DB
	calls int
}

// open starts the program over an empty database: API and worker.
func open(t *testing.T, d *db.DB) *shop {
	t.Helper()
	a, err := app.New(d, app.Config{Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Queue.Start(auth.With(t.Context(), auth.System("worker"))); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.API.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := a.Queue.StopAndCancel(t.Context()); err != nil {
			t.Logf("stopping the worker: %v", err)
		}
	})
	return &shop{t: t, url: server.URL, db: d}
}

// object is an answer, or a part of it.
type object map[string]any

// send calls the API and wants a status. Each request has an idempotency key of
// its own.
func (s *shop) send(method, path string, body any, want int) object {
	s.t.Helper()
	s.calls++
	return s.sendWith(method, path, body, want, fmt.Sprintf("request-%d", s.calls))
}

func (s *shop) sendWith(method, path string, body any, want int, key string) object {
	s.t.Helper()
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		payload = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, payload)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.token)
	if method == http.MethodPost {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != want {
		s.t.Fatalf("%s %s: %d, want %d\n%s", method, path, answer.StatusCode, want, raw)
	}
	out := object{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	return out
}

func (s *shop) get(path string) object { s.t.Helper(); return s.send(http.MethodGet, path, nil, 200) }

func (s *shop) post(path string, body any) object {
	s.t.Helper()
	return s.send(http.MethodPost, path, body, 200)
}

func (s *shop) create(path string, body any) object {
	s.t.Helper()
	return s.send(http.MethodPost, path, body, 201)
}

// at follows a path such as lines.0.total.minor.
func (o object) at(path string) any {
	var v any = map[string]any(o)
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (o object) text(path string) string {
	s, _ := o.at(path).(string)
	return s
}

func (o object) number(path string) int64 {
	n, _ := o.at(path).(float64)
	return int64(n)
}

func (o object) list(path string) []object {
	all, _ := o.at(path).([]any)
	out := make([]object, len(all))
	for i, x := range all {
		out[i], _ = x.(map[string]any)
	}
	return out
}

// until asks again until something is true, as it will be once the worker has
// done its jobs.
func (s *shop) until(path, what string, true_ func(object) bool) object {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		o := s.get(path)
		if true_(o) {
			return o
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: still not %s:\n%v", path, what, o)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// sound verifies every number of the database.
func (s *shop) sound() {
	s.t.Helper()
	err := view.Verify(s.t.Context(), s.db, func(d check.Difference) { s.t.Error(d) }, func(string) {})
	if err != nil {
		s.t.Fatal(err)
	}
}
