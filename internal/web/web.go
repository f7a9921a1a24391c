// Package web is the back office: pages made on the server, for people. It
// authenticates, decodes, calls a flow or a view, and draws. Handlers hold no
// business rules and no SQL.
//
// Every page and every action is registered with the permission it needs
// (route.go). Who lacks it is told that there is no such page. An action is one
// transaction, and is done once for each form that was shown, however often that
// form is sent.
package web

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
	"purser/internal/platform/idempotency"
	"purser/internal/web/ui"
)

// Server answers browsers.
type Server struct {
	DB  *db.DB
	Log *slog.Logger

	mux     *http.ServeMux
	routes  []route
	flights idempotency.Flights
}

// maxForm is the largest form taken, in bytes.
const maxForm = 1 << 20

// Handler returns the back office's pages.
func (s *Server) Handler() http.Handler {
	s.mux = http.NewServeMux()
	s.mux.Handle("GET "+ui.Assets+"/", http.StripPrefix(ui.Assets+"/", http.HandlerFunc(ui.ServeAsset)))
	s.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, ui.Assets+"/favicon.svg", http.StatusFound)
	})
	s.register()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visit(w, r)
		if err == nil {
			err = errNoPage
		}
		s.fail(v, err)
	})
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := s.visit(w, r)
		s.fail(v, fault.New(fault.Forbidden, "request.cross_origin", "This came from another site, so it was not done. Open the page here and try again."))
	}))
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024))
	if err != nil {
		panic(err) // its options are constants
	}
	return s.recovered(hardened(guard.Handler(http.MaxBytesHandler(compress(s.mux), maxForm))))
}

// register lists the pages, in the order of the menu.
func (s *Server) register() {
	s.registerSign()
	s.registerSetup()
	s.registerHome()
	s.registerOrders()
	s.registerOrder()
	s.registerStock()
	s.registerFind()
	s.registerProfile()
	s.registerDesign()
}

var errNoPage = fault.New(fault.NotFound, "page.not_found", "There is no such page, or not for you.")

// policy lets a page load and call nothing but Purser itself, run no script that
// stands in it, and stand in no other page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into a page, so that one bad request does not end the
// program.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				s.Log.ErrorContext(r.Context(), "panic", "method", r.Method, "path", r.URL.Path, "value", v)
				http.Error(w, "Something went wrong on our side. Nothing was changed.", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
