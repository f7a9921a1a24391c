package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"purser/internal/base/fault"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/idempotency"
)

// route is a page or an action, for the menu and for the test of who may what.
type route struct {
	method, path string
	permission   auth.Permission // "" for what anybody may who has signed in
	open         bool            // needs no sign-in
}

// shower makes a page.
type shower func(v *visit) (templ.Component, error)

// done is what an action came to: where to go, what to say there, and how it is
// undone.
type done struct {
	To   string
	Say  string
	Undo string // path of the action that undoes it; "" where there is none
}

// doer does what a form asks for, in the transaction that it is given.
type doer func(v *visit, tx *db.Tx) (done, error)

// page registers a page that whoever has signed in and has the permission may see.
func (s *Server) page(path string, p auth.Permission, show shower) {
	s.handle(route{http.MethodGet, path, p, false}, func(v *visit) error { return s.show(v, http.StatusOK, show) })
}

// action registers what a form on a page does. If it is refused, the page is
// shown again with what was typed; back is that page's path, which is where
// reading the action's own address leads.
func (s *Server) action(path string, p auth.Permission, back string, show shower, do doer) {
	s.handle(route{http.MethodPost, path, p, false}, func(v *visit) error { return s.run(v, show, do) })
	if path != back {
		s.handle(route{http.MethodGet, path, p, false}, func(v *visit) error {
			return seeOther(v, fill(back, v.r))
		})
	}
}

// form registers a page with one form, which is sent to the page's own path.
func (s *Server) form(path string, p auth.Permission, show shower, do doer) {
	s.page(path, p, show)
	s.action(path, p, path, show, do)
}

// public registers what needs no sign-in.
func (s *Server) public(method, path string, fn func(v *visit) error) {
	s.handle(route{method, path, "", true}, fn)
}

func (s *Server) handle(rt route, fn func(v *visit) error) {
	s.routes = append(s.routes, rt)
	pattern := rt.path
	if pattern == "/" {
		pattern = "/{$}"
	}
	s.mux.HandleFunc(rt.method+" "+pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visit(w, r)
		if err == nil {
			err = s.enter(v, rt, fn)
		}
		if err != nil {
			s.fail(v, err)
		}
	})
}

// enter lets in who may.
func (s *Server) enter(v *visit, rt route, fn func(v *visit) error) error {
	if !rt.open && v.user.ID.IsZero() {
		return s.askToSignIn(v)
	}
	if rt.permission != "" && !v.may(rt.permission) {
		return errNoPage
	}
	if rt.method == http.MethodPost {
		if err := v.r.ParseForm(); err != nil {
			return fault.New(fault.Invalid, "request.bad_form", "The form could not be read: send it again.")
		}
	}
	return fn(v)
}

// fill puts the parts of a request's path into a pattern: /orders/{order}.
func fill(pattern string, r *http.Request) string {
	var b strings.Builder
	for pattern != "" {
		before, rest, found := strings.Cut(pattern, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(url.PathEscape(r.PathValue(name)))
		pattern = after
	}
	return b.String()
}

func (s *Server) show(v *visit, status int, show shower) error {
	page, err := show(v)
	if err != nil {
		return err
	}
	return v.draw(status, page)
}

// run does an action once, and leads to where it says.
func (s *Server) run(v *visit, show shower, do doer) error {
	out, err := s.once(v, do)
	if err != nil {
		f := fault.Of(err)
		s.log(v, f, err)
		if f.Kind == fault.NotFound || f.Kind == fault.Internal {
			return f
		}
		v.sent, v.fault = v.r.URL.Path, f
		return s.show(v, f.Kind.Status(), show)
	}
	say(v, out.Say, out.Undo)
	return seeOther(v, out.To)
}

// once runs an action in one transaction, with the form's key: if the same form
// was sent before, what it came to then is what it comes to now.
func (s *Server) once(v *visit, do doer) (out done, err error) {
	key := v.typed("key")
	if key == "" || len(key) > idempotency.MaxKey {
		return out, fault.New(fault.Invalid, "request.no_key", "The form came without its key: load the page again and send it once more.")
	}
	key = "form:" + key
	principal := auth.From(v.ctx).Actor()
	end, err := s.flights.Begin(principal, key)
	if err != nil {
		return out, err
	}
	defer end()
	hash := formHash(v.r)
	err = s.DB.Write(v.ctx, func(tx *db.Tx) error {
		before, found, err := idempotency.Claim(v.ctx, tx, principal, key, hash)
		if err != nil {
			return err
		}
		if found {
			out = done{To: before.Headers.Get("Location"), Say: before.Body, Undo: before.Headers.Get("Undo")}
			return nil
		}
		if out, err = do(v, tx); err != nil {
			return err
		}
		return idempotency.Store(v.ctx, tx, principal, key, idempotency.Answer{
			Status: http.StatusSeeOther, Headers: http.Header{"Location": {out.To}, "Undo": {out.Undo}}, Body: out.Say,
		})
	})
	return out, err
}

// formHash identifies what was sent: the path and the fields, secrets among them,
// which is why it is a hash that is stored.
func formHash(r *http.Request) string {
	sum := sha256.Sum256([]byte(r.URL.Path + "\n" + r.PostForm.Encode()))
	return hex.EncodeToString(sum[:])
}

func seeOther(v *visit, to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// fail shows an error as a page.
func (s *Server) fail(v *visit, err error) {
	f := fault.Of(err)
	s.log(v, f, err)
	if err := v.draw(f.Kind.Status(), problemPage(v, f)); err != nil {
		s.Log.WarnContext(v.ctx, "cannot send a page", "path", v.r.URL.Path, "error", err)
	}
}

func (s *Server) log(v *visit, f *fault.Error, err error) {
	if f.Kind.Status() >= http.StatusInternalServerError {
		s.Log.ErrorContext(context.WithoutCancel(v.ctx), "request failed", "method", v.r.Method, "path", v.r.URL.Path, "code", f.Code, "error", err)
	}
}
