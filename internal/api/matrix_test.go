package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/golden"
)

// operation is a route as the description of the API has it.
type operation struct {
	*huma.Operation
	schemas huma.Registry
}

func operations(t *testing.T, s *Server) []operation {
	t.Helper()
	var all []operation
	for _, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if op != nil {
				all = append(all, operation{op, s.api.OpenAPI().Components.Schemas})
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d routes: the matrix does not see them", len(all))
	}
	return all
}

func (op operation) name() string { return op.Method + " " + op.Path }

func (op operation) writes() bool { return op.Method != http.MethodGet }

// open tells whether the route asks for no permission.
func (op operation) open() bool { return len(op.Security) == 0 }

var idPattern = regexp.MustCompile(`^\^\((\w+)_\[`)

// url is a valid address of the route, with ids of things that there are not,
// but for the path parameters that are to be wrong.
func (op operation) url(wrong ...string) string {
	path := op.Path
	var query []string
	for _, p := range op.Parameters {
		switch {
		case slices.Contains(wrong, p.Name):
			path = strings.ReplaceAll(path, "{"+p.Name+"}", "nonsense")
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", sample(p.Schema))
		case p.In == "query" && p.Required:
			query = append(query, p.Name+"="+sample(p.Schema))
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// sample is a value that a schema of a parameter takes.
func sample(s *huma.Schema) string {
	if s.Type == huma.TypeArray {
		s = s.Items
	}
	if m := idPattern.FindStringSubmatch(s.Pattern); m != nil {
		_, body, _ := strings.Cut(id.New[id.Order](time.Now()).String(), "_")
		return m[1] + "_" + body
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0].(string)
	case s.Format == "date":
		return "2026-01-31"
	case s.Format == "date-time":
		return "2026-01-31T12:00:00Z"
	case s.Type == huma.TypeInteger:
		return "1"
	}
	return "sample"
}

// body is a request body that the route's schema takes, of required fields alone.
func (op operation) body() any {
	if op.RequestBody == nil {
		return nil
	}
	return fill(op.schemas, op.RequestBody.Content["application/json"].Schema)
}

func fill(r huma.Registry, s *huma.Schema) any {
	if s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	switch s.Type {
	case huma.TypeObject:
		out := object{}
		for _, name := range s.Required {
			out[name] = fill(r, s.Properties[name])
		}
		return out
	case huma.TypeArray:
		out := []any{}
		for s.MinItems != nil && len(out) < *s.MinItems {
			out = append(out, fill(r, s.Items))
		}
		return out
	case huma.TypeInteger:
		if s.Minimum != nil {
			return int64(*s.Minimum)
		}
		return 1
	case huma.TypeBoolean:
		return true
	case huma.TypeString:
		if strings.HasPrefix(s.Pattern, "^-?[0-9]+") {
			return "1"
		}
		if s.Format == "email" {
			return "ada@example.com"
		}
		return sample(s) + strings.Repeat("x", max(0, minLength(s)-len(sample(s))))
	}
	return nil
}

func minLength(s *huma.Schema) int {
	if s.MinLength == nil {
		return 0
	}
	return *s.MinLength
}

func TestEveryRouteAsksWhoYouAre(t *testing.T) {
	c := newClient(t, dbtest.SQLite(t))
	for _, op := range operations(t, c.server) {
		if op.open() {
			continue
		}
		c.as("").send(op.Method, op.url(), op.body()).want(http.StatusUnauthorized, "auth.required")
		c.as("psk_of_nobody").send(op.Method, op.url(), op.body()).want(http.StatusUnauthorized, "auth.bad_key")
	}
}

func TestOpenRoutesAreTheKnownOnes(t *testing.T) {
	c := newClient(t, dbtest.SQLite(t))
	known := map[string]bool{"POST /v1/setup": true, "POST /v1/sessions": true, "DELETE /v1/sessions": true, "POST /v1/gateways/{gateway}/webhook": true}
	for _, op := range operations(t, c.server) {
		if op.open() != known[op.name()] {
			t.Errorf("%s: asks for no permission: %v, want %v", op.name(), op.open(), known[op.name()])
		}
	}
}

func TestReadOnlyKeyWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		reader := c.as(c.key(auth.ReadOnly, nil))
		before := census(t, d)
		for _, op := range operations(t, c.server) {
			if op.writes() && !op.open() {
				reader.send(op.Method, op.url(), op.body()).want(http.StatusForbidden, "auth.forbidden")
			}
		}
		unchanged(t, d, before)
	})
}

func TestUnknownIDsAreNotFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		before := census(t, d)
		for _, op := range operations(t, c.server) {
			if !strings.Contains(op.Path, "{") || op.open() {
				continue
			}
			c.send(op.Method, op.url(), op.body()).want(http.StatusNotFound)
		}
		unchanged(t, d, before)
	})
}

func TestMalformedRequestsNameTheField(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newClient(t, d)
		before := census(t, d)
		for _, op := range operations(t, c.server) {
			if op.open() {
				continue
			}
			for _, p := range op.Parameters {
				if p.In == "path" && idPattern.MatchString(p.Schema.Pattern) {
					if r := c.send(op.Method, op.url(p.Name), op.body()).want(http.StatusUnprocessableEntity); !names(r.problem(), "path."+p.Name) {
						t.Errorf("%s: does not name path.%s: %s", op.name(), p.Name, r.body)
					}
				}
			}
			if op.RequestBody == nil {
				continue
			}
			c.send(op.Method, op.url(), `{"broken`).want(http.StatusBadRequest, "request.malformed")
			c.send(op.Method, op.url(), "x", "Content-Type: text/csv").want(http.StatusUnsupportedMediaType, "request.media_type")
			if r := c.send(op.Method, op.url(), object{"no_such_field": 1}).want(http.StatusUnprocessableEntity, "request.invalid"); !names(r.problem(), "no_such_field") {
				t.Errorf("%s: does not name the field that it does not know: %s", op.name(), r.body)
			}
			op.wrongTypes(func(field string, body object) {
				if r := c.send(op.Method, op.url(), body).want(http.StatusUnprocessableEntity); !names(r.problem(), field) {
					t.Errorf("%s: does not name %s: %s", op.name(), field, r.body)
				}
			})
		}
		unchanged(t, d, before)
	})
}

// wrongTypes calls fn with bodies in which one field each is of a wrong type.
func (op operation) wrongTypes(fn func(field string, body object)) {
	s := op.RequestBody.Content["application/json"].Schema
	if s.Ref != "" {
		s = op.schemas.SchemaFromRef(s.Ref)
	}
	for name, p := range s.Properties {
		body, ok := op.body().(object)
		if !ok || p.Type == "" && p.Ref == "" {
			continue
		}
		body[name] = object{"wrong": true}
		if p.Ref != "" || p.Type == huma.TypeObject {
			body[name] = "wrong"
		}
		fn(name, body)
	}
}

// names tells whether a problem is about a field, or one in it.
func names(p Problem, field string) bool {
	for _, f := range p.Fields {
		if f.Message != "" && (f.Field == field || strings.HasPrefix(f.Field, field+".") || strings.HasPrefix(f.Field, field+"[")) {
			return true
		}
	}
	return false
}

// census counts the rows of every table.
func census(t *testing.T, d *db.DB) map[string]int64 {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if d.Postgres() {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	tables, err := db.Select[string](t.Context(), d, query)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, table := range tables {
		if counts[table], err = db.Get[int64](t.Context(), d, `SELECT COUNT(*) FROM `+table); err != nil {
			t.Fatal(err)
		}
	}
	return counts
}

func unchanged(t *testing.T, d *db.DB, before map[string]int64) {
	t.Helper()
	for table, n := range census(t, d) {
		if n != before[table] {
			t.Errorf("%s has %d rows, and had %d", table, n, before[table])
		}
	}
}

func TestOpenAPI(t *testing.T) {
	s := &Server{Version: "0"}
	description, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(description, &v); err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.CheckRoot(t, "docs/openapi.json", append(pretty, '\n'))
}
