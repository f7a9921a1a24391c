package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// client sends requests to the API of a new company, as an owner.
type client struct {
	t       *testing.T
	server  *Server
	handler http.Handler
	token   string
}

func newClient(t *testing.T, d *db.DB) *client {
	t.Helper()
	s := &Server{DB: d, Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Version: "test"}
	c := &client{t: t, server: s, handler: s.Handler()}
	c.token = c.key(auth.Owner, nil)
	err := d.Write(c.system(), func(tx *db.Tx) error {
		return setting.SaveCompany(c.system(), tx, setting.Company{Name: "Teapot Ltd", BaseCurrency: "EUR", TimeZone: "Europe/Paris", Country: "FR"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// testLog sends what the server logs to the test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (c *client) system() context.Context { return auth.With(c.t.Context(), auth.System("test")) }

// key makes an API key and returns its token.
func (c *client) key(role auth.Role, locations []id.Location, scopes ...auth.Permission) (token string) {
	c.t.Helper()
	err := c.server.DB.Write(c.system(), func(tx *db.Tx) (err error) {
		token, _, err = auth.AddAPIKey(c.system(), tx, "a test", role, scopes, locations, time.Time{})
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

// as is the same client with another key.
func (c *client) as(token string) *client {
	o := *c
	o.token = token
	return &o
}

// reply is what the API answered.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

var keys atomic.Int64

// send sends a request; headers are "Name: value". A POST gets a key of its own
// unless it brings one.
func (c *client) send(method, path string, body any, headers ...string) reply {
	c.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req := httptest.NewRequestWithContext(c.t.Context(), method, path, r)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", "key "+strconv.FormatInt(keys.Add(1), 10))
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, req)
	return reply{c.t, method + " " + path, w.Code, w.Result().Header, w.Body.Bytes()}
}

func (c *client) get(path string) reply { c.t.Helper(); return c.send(http.MethodGet, path, nil) }

func (c *client) post(path string, body any, headers ...string) reply {
	c.t.Helper()
	return c.send(http.MethodPost, path, body, headers...)
}

// want fails the test unless the answer has the status, and a problem the code.
func (r reply) want(status int, code ...string) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: got %d, want %d: %s", r.what, r.status, status, r.body)
	}
	if status >= http.StatusBadRequest {
		if got := r.header.Get("Content-Type"); got != "application/problem+json" {
			r.t.Errorf("%s: Content-Type is %q, want application/problem+json", r.what, got)
		}
		p := r.problem()
		if p.Code == "" || p.Detail == "" || p.Status != status {
			r.t.Errorf("%s: not a problem with code, detail and status: %s", r.what, r.body)
		}
		if len(code) > 0 && p.Code != code[0] {
			r.t.Errorf("%s: code is %q, want %q: %s", r.what, p.Code, code[0], r.body)
		}
	}
	return r
}

// into decodes the body.
func (r reply) into(v any) reply {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.body)
	}
	return r
}

// decode is the body as a T.
func decode[T any](r reply) (v T) {
	r.t.Helper()
	r.into(&v)
	return v
}

func (r reply) problem() (p Problem) {
	r.t.Helper()
	r.into(&p)
	return p
}

// text is the value at a path of the body, such as items.0.id.
func (r reply) text(path string) string {
	r.t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.body)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		default:
			return ""
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// escape writes a query with blanks as an address has it.
func escape(query string) string { return strings.ReplaceAll(query, " ", "%20") }

// object is a JSON object of a request.
type object = map[string]any
