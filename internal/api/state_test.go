package api

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// scene is an object in some state, and what belongs to it: ids by the names of
// path parameters, and others that bodies need.
type scene map[string]string

// stage makes objects of a kind in one of its states.
type stage struct {
	state string // as the API calls it, perhaps with what is special behind a comma
	make  func(s *shop) scene
}

// command is what is sent to a route: a body, or nil.
type command func(s *shop, x scene) any

// TestEveryCommandInEveryState sends every command that is about an order, a
// fulfillment order, a shipment, a return, a payment or the like to one in each of
// its states. It works, and then a repetition with its key gets the first answer
// and a version that is stale is refused with both versions; or it is refused with
// 409, in words that name the state or with the facts. It never fails. A new route
// needs a case in commands.
func TestEveryCommandInEveryState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		s.receive("MUG", s.reno, 100_000)
		s.receive("MUG", s.columbus, 100_000)
		tried := map[string]bool{}
		for _, op := range operations(t, s.server) {
			stages, known := stages[op.kind()]
			if !op.writes() || !known || untried[op.name()] {
				continue
			}
			c, known := commands[op.name()]
			if !known {
				t.Errorf("%s has no case: say in commands what is sent to it", op.name())
				continue
			}
			tried[op.name()] = true
			t.Run(strings.ReplaceAll(strings.TrimPrefix(op.name(), "POST /v1/"), "/", " "), func(t *testing.T) {
				worked := 0
				for _, at := range stages {
					if s.on(t).try(op, c, at) {
						worked++
					}
				}
				if worked == 0 && op.name() != "POST /v1/fulfillments/{fulfillment}/release" { // what keeps it, releases it when it ends
					t.Error("it works in no state: the case is wrong")
				}
			})
		}
		for name := range commands {
			if !tried[name] {
				t.Errorf("there is no route %s any more", name)
			}
		}
		s.sound()
	})
}

// on is the shop in a subtest.
func (s *shop) on(t *testing.T) *shop {
	c := *s
	c.client = &client{t: t, server: s.server, handler: s.handler, token: s.token}
	return &c
}

// kind is what a route is about: its first path parameter.
func (op operation) kind() string {
	for _, p := range op.Parameters {
		if p.In == "path" {
			return p.Name
		}
	}
	return ""
}

// has tells whether a route takes a header.
func (op operation) has(header string) bool {
	for _, p := range op.Parameters {
		if p.In == "header" && p.Name == header {
			return true
		}
	}
	return false
}

// at is the address of a route for a scene; false: the scene lacks something.
func (x scene) at(path string) (string, bool) {
	missing := false
	path = regexp.MustCompile(`\{(\w+)\}`).ReplaceAllStringFunc(path, func(name string) string {
		v, ok := x[strings.Trim(name, "{}")]
		missing = missing || !ok
		return v
	})
	return path, !missing
}

// try sends a command to an object in a state, and tells whether it worked.
func (s *shop) try(op operation, c command, at stage) bool {
	s.t.Helper()
	x := at.make(s)
	path, ok := x.at(op.Path)
	if !ok {
		return false
	}
	body := c(s, x)
	var stale reply
	if op.has("If-Match") {
		if stale = s.send(op.Method, path, body, `If-Match: "99"`); stale.status != http.StatusPreconditionFailed && stale.status != http.StatusConflict {
			s.t.Errorf("%s: with a version that was never there: %d %s", at.state, stale.status, stale.body)
		}
	}
	key := "Idempotency-Key: " + s.newKey()
	first := s.send(op.Method, path, body, key)
	switch {
	case first.status < 300:
		if op.has("If-Match") {
			s.bothVersions(at, stale)
		}
		if op.has("Idempotency-Key") {
			again := s.send(op.Method, path, body, key)
			if again.status != first.status || !bytes.Equal(again.body, first.body) || again.header.Get("Idempotent-Replayed") != "true" {
				s.t.Errorf("%s: the first answer was %d %s\nthe second %d %s", at.state, first.status, first.body, again.status, again.body)
			}
		}
		return true
	case first.status == http.StatusConflict:
		s.tells(at, first)
	case first.status < 500 && slices.Contains(inputs, first.problem().Code):
		// it is right in another state
	default:
		s.t.Errorf("%s: got %d %s", at.state, first.status, first.body)
	}
	return false
}

// bothVersions checks that who is late learns the version that is there, and the
// one that was sent.
func (s *shop) bothVersions(at stage, stale reply) {
	s.t.Helper()
	if stale.status != http.StatusPreconditionFailed || stale.text("facts.seen") != "99" || stale.text("facts.version") == "" {
		s.t.Errorf("%s: a stale version gets %d %s", at.state, stale.status, stale.body)
	}
}

// tells checks that a refusal names the state, or gives facts, in more than a word.
func (s *shop) tells(at stage, refused reply) {
	s.t.Helper()
	p := refused.problem()
	s.t.Logf("%s: %s: %s", at.state, p.Code, p.Detail)
	state, _, _ := strings.Cut(at.state, ",")
	words := strings.ToLower(strings.ReplaceAll(p.Code+" "+p.Detail, "_", " "))
	named := strings.Contains(words, strings.ReplaceAll(state, "_", " "))
	if !named && p.Facts == nil && !slices.Contains(reasons, p.Code) {
		s.t.Errorf("%s: the refusal does not name the state: %s: %s", at.state, p.Code, p.Detail)
	}
	if advice := strings.ContainsAny(strings.TrimRight(p.Detail, "."), ".:,;"); !advice && p.Facts == nil && !slices.Contains(reasons, p.Code) {
		s.t.Errorf("%s: it does not say what would be possible: %s: %s", at.state, p.Code, p.Detail)
	}
}
