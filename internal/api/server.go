// Package api is the REST door, /v1: it authenticates, decodes, calls a flow or
// a view, and encodes. Handlers hold no business rules and no SQL.
//
// Every route is registered through read or write, which name the permission
// it needs: there is no way to add a route that anybody may call. The OpenAPI
// description is made from the handlers' types.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/payment"
	"purser/internal/platform/audit"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/idempotency"
	"purser/internal/platform/job"
	"purser/internal/platform/outbound"
)

// MaxBody is the largest request body taken, in bytes.
const MaxBody = 8 << 20

// Server answers API requests.
type Server struct {
	DB       *db.DB
	Queue    *job.Queue
	Gateways payment.Gateways
	Outbound outbound.Policy // where webhooks may go
	Log      *slog.Logger
	Version  string

	api     huma.API
	flights idempotency.Flights
	used    usage
}

// Handler returns the API's routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Purser", s.Version)
	config.Info.Description = description
	config.CreateHooks = nil // no $schema in bodies
	config.DocsPath, config.SchemasPath = "", ""
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "An API key made with `purser apikey add`."},
	}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	aliasSchemas(config.Components.Schemas)
	s.api = humago.New(mux, config)
	s.register()
	mux.HandleFunc("GET /healthz", s.healthy)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, s.Log, fault.New(fault.NotFound, "request.no_route", "There is nothing at %s %s. See /openapi.json.", r.Method, r.URL.Path))
	})
	return s.recovered(http.MaxBytesHandler(s.authenticated(mux), MaxBody))
}

// OpenAPI is the description of the API as JSON.
func (s *Server) OpenAPI() ([]byte, error) {
	if s.api == nil {
		s.Handler()
	}
	return s.api.OpenAPI().MarshalJSON()
}

const description = `Orders, stock, fulfillment, payments and books of one company.

- Amounts are objects of whole minor units and a currency; unit prices and costs are decimal texts in major units.
- Every POST carries an Idempotency-Key, other writes may: the same key and request get the same answer, another request 422.
- Objects carry a version; send it back in If-Match to change only what you have seen (412 otherwise).
- Lists are paged: pass the next cursor as ?after=.
- Errors are application/problem+json with a stable code.`

func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := s.DB.Ping(ctx); err != nil {
		writeProblem(w, r, s.Log, err)
		return
	}
	if err := s.DB.CheckSchema(ctx); err != nil {
		writeProblem(w, r, s.Log, err)
		return
	}
	s.healthy(w, r)
}

// authenticated finds out who sends a request. Routes decide what is needed.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		ctx := audit.From(r.Context(), remote(r))
		if ok {
			p, err := s.principal(ctx, strings.TrimSpace(token))
			if err != nil {
				w.Header().Set("WWW-Authenticate", "Bearer")
				writeProblem(w, r, s.Log, err)
				return
			}
			ctx = auth.With(ctx, p)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// recovered turns a panic into an answer, so that one bad request does not end
// the program.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				s.Log.ErrorContext(r.Context(), "panic", "method", r.Method, "path", r.URL.Path, "value", v)
				writeProblem(w, r, s.Log, context.Canceled)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// usage remembers when keys were used, to be written once in a while and not
// with each request.
type usage struct {
	mu   sync.Mutex
	keys map[id.APIKey]time.Time
}

func (u *usage) note(k id.APIKey, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys == nil {
		u.keys = map[id.APIKey]time.Time{}
	}
	u.keys[k] = at
}

// FlushUsage writes when API keys were last used.
func (s *Server) FlushUsage(ctx context.Context) error {
	s.used.mu.Lock()
	keys := s.used.keys
	s.used.keys = nil
	s.used.mu.Unlock()
	if len(keys) == 0 {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return auth.TouchAPIKeys(ctx, tx, keys) })
}
