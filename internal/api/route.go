package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/base/fault"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/idempotency"
)

// route is what a handler says of itself.
type route struct {
	method, path string
	id           string // operation id, e.g. place-order
	summary      string
	tag          string
	permission   auth.Permission
	status       int // of success; 200 where it is 0
}

// success is the status of an answer that is no problem.
func (rt route) success() int { return cmp.Or(rt.status, http.StatusOK) }

func (rt route) operation() huma.Operation {
	errors := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity}
	if strings.Contains(rt.path, "{") {
		errors = append(errors, http.StatusNotFound)
	}
	if rt.method != http.MethodGet {
		errors = append(errors, http.StatusConflict)
	}
	return huma.Operation{
		OperationID: rt.id, Method: rt.method, Path: rt.path, Summary: rt.summary, Tags: []string{rt.tag},
		DefaultStatus: rt.success(), Errors: errors, MaxBodyBytes: MaxBody,
		Description: "Needs the permission `" + string(rt.permission) + "`.",
		Security:    []map[string][]string{{"key": {}}},
	}
}

// answer is the body of a success, with the version of what it shows.
type answer[B any] struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the object, for If-Match."`
	Replay string `header:"Idempotent-Replayed" doc:"true where the answer was given before."`
	Body   B
}

// read registers a handler that changes nothing.
func read[I, B any](s *Server, rt route, fn func(ctx context.Context, in *I) (B, error)) {
	huma.Register(s.api, rt.operation(), func(ctx context.Context, in *I) (*answer[B], error) {
		if err := auth.Require(ctx, rt.permission); err != nil {
			return nil, s.failed(ctx, rt, err)
		}
		body, err := fn(ctx, in)
		if err != nil {
			return nil, s.failed(ctx, rt, withSeen(in, err))
		}
		return &answer[B]{Status: rt.success(), ETag: etag(body), Body: body}, nil
	})
}

// Once is what the input of a POST embeds: the key that makes a repetition harmless.
type Once struct {
	Key string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" doc:"Any text of yours, new for each request: a repetition with the same key gets the same answer."`
}

func (o *Once) idempotencyKey() string { return o.Key }

// Keyed is what the input of a PUT, PATCH or DELETE embeds: a repetition is
// harmless by itself there, but a key lets the caller get the first answer.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"As for a POST; may be left out."`
}

func (k *Keyed) idempotencyKey() string { return k.Key }

// IfMatch is what the input of a change embeds.
type IfMatch struct {
	Version string `header:"If-Match" doc:"The version you have seen, as given in ETag or the field version. Without it, the change is made whatever the version."`
}

// want is the version asked for, and 0 for any.
func (m *IfMatch) want() (int64, error) {
	text := strings.Trim(strings.TrimPrefix(m.Version, "W/"), `"`)
	if text == "" || text == "*" {
		return 0, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "request.bad_version", "If-Match is not a version such as %q.", `"3"`)
	}
	return v, nil
}

// conditional is an input that embeds IfMatch.
type conditional interface{ want() (int64, error) }

// withSeen adds to the facts of a stale change the version it was made to.
func withSeen(in any, err error) error {
	m, ok := in.(conditional)
	f, stale := fault.As(err)
	if !ok || !stale || f.Kind != fault.Stale {
		return err
	}
	facts := map[string]any{}
	switch have := f.Detail.(type) {
	case map[string]int64:
		facts["version"] = have["version"]
	case map[string]int:
		facts["version"] = have["version"]
	case nil:
	default:
		return err // it tells of another version than that of If-Match
	}
	facts["seen"], _ = m.want()
	return f.With(facts)
}

// write registers a handler that changes something, in one transaction. Where
// the input embeds Once, the answer is stored with its key in that transaction.
func write[I, B any](s *Server, rt route, fn func(ctx context.Context, tx *db.Tx, in *I) (B, error)) {
	op := rt.operation()
	if _, ok := any(new(I)).(conditional); ok {
		op.Errors = append(op.Errors, http.StatusPreconditionFailed)
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*answer[B], error) {
		out, err := runWrite(ctx, s, rt, in, fn)
		if err != nil {
			return nil, s.failed(ctx, rt, withSeen(in, err))
		}
		return out, nil
	})
}

func runWrite[I, B any](ctx context.Context, s *Server, rt route, in *I, fn func(ctx context.Context, tx *db.Tx, in *I) (B, error)) (*answer[B], error) {
	if err := auth.Require(ctx, rt.permission); err != nil {
		return nil, err
	}
	keyed, ok := any(in).(interface{ idempotencyKey() string })
	if !ok || keyed.idempotencyKey() == "" {
		out := &answer[B]{Status: rt.success()}
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			out.Body, err = fn(ctx, tx, in)
			return err
		})
		if err != nil {
			return nil, err
		}
		out.ETag = etag(out.Body)
		return out, nil
	}
	hash, err := requestHash(rt, in)
	if err != nil {
		return nil, err
	}
	principal, key := auth.From(ctx).Actor(), keyed.idempotencyKey()
	end, err := s.flights.Begin(principal, key)
	if err != nil {
		return nil, err
	}
	defer end()
	var out *answer[B]
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		out = &answer[B]{Status: rt.success()}
		before, found, err := idempotency.Claim(ctx, tx, principal, key, hash)
		if err != nil {
			return err
		}
		if found {
			out.Status, out.Replay, out.ETag = before.Status, "true", before.Headers.Get("ETag")
			return json.Unmarshal([]byte(before.Body), &out.Body)
		}
		if out.Body, err = fn(ctx, tx, in); err != nil {
			return err
		}
		out.ETag = etag(out.Body)
		body, err := json.Marshal(out.Body)
		if err != nil {
			return err
		}
		return idempotency.Store(ctx, tx, principal, key, idempotency.Answer{Status: out.Status, Headers: http.Header{"Etag": {out.ETag}}, Body: string(body)})
	})
	return out, err
}

// requestHash identifies a request: the route and its input as decoded, so that
// white space does not matter.
func requestHash(rt route, in any) (string, error) {
	var b bytes.Buffer
	b.WriteString(rt.method + " " + rt.path + "\n")
	if err := json.NewEncoder(&b).Encode(in); err != nil {
		return "", err
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:]), nil
}

// failed logs what is our fault and returns what the caller sees.
func (s *Server) failed(ctx context.Context, rt route, err error) error {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "request failed", "route", rt.method+" "+rt.path, "code", p.Code, "error", err)
	}
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	}
	if p.Status == http.StatusUnauthorized {
		return huma.ErrorWithHeaders(p, http.Header{"WWW-Authenticate": {"Bearer"}})
	}
	return p
}

// versioned is a body that shows one object with a version.
type versioned interface{ version() int64 }

func etag(body any) string {
	if v, ok := body.(versioned); ok {
		return `"` + strconv.FormatInt(v.version(), 10) + `"`
	}
	return ""
}

// Paged is what the input of a list embeds.
type Paged struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many to return."`
	After string `query:"after" doc:"The next cursor of the page before."`
}

// list is a page of a list.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

func listOf[T any](items []T, next string) list[T] {
	if items == nil {
		items = []T{}
	}
	return list[T]{items, next}
}
