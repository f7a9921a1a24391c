package web

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/a-h/templ"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/auth"
	"purser/internal/platform/setting"
	"purser/internal/web/ui"
)

// visit is one request of a browser: who asks, for what, and what came of the
// form that was sent with it.
type visit struct {
	ctx     context.Context
	w       http.ResponseWriter
	r       *http.Request
	user    auth.User // zero: nobody has signed in
	token   string    // of the session
	company setting.Company
	at      time.Time
	sent    string       // path of the form that was sent and refused; "" where none was
	fault   *fault.Error // why
	word    word         // what the action before this page came to
}

// visit finds out who asks. That nobody has signed in is no error.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) (*visit, error) {
	v := &visit{ctx: audit.From(r.Context(), remote(r)), w: w, r: r, at: s.DB.Now()}
	company, err := setting.LoadCompany(v.ctx, s.DB)
	if err != nil && !fault.Is(err, "company.not_set_up") {
		return v, err
	}
	v.company = company
	look := ui.Look{Zone: company.Zone(), Now: v.at}
	if v.token = sessionToken(r); v.token != "" {
		u, err := auth.SessionUser(v.ctx, s.DB, v.token)
		if err != nil && fault.KindOf(err) != fault.Unauthenticated {
			return v, err
		}
		if err == nil {
			v.user = u
			v.ctx = auth.With(v.ctx, u.Principal())
			if zone, err := time.LoadLocation(u.Preferences.V.TimeZone); err == nil && u.Preferences.V.TimeZone != "" {
				look.Zone = zone
			}
			look.Numbers = ui.Numbers(u.Preferences.V.Numbers)
		}
	}
	v.ctx = ui.With(v.ctx, look)
	return v, nil
}

func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// now is the instant of the request.
func (v *visit) now() time.Time { return v.at }

// may tells whether the one who asks has a permission.
func (v *visit) may(p auth.Permission) bool { return auth.From(v.ctx).May(p) }

// form is the state of the form that is sent to a path: as it was typed if it
// was just refused. In its page it is named by the last part of the path.
func (v *visit) form(to string) ui.Form {
	f := ui.Form{ID: "f-" + path.Base(to)}
	if v.returned(to) {
		f.Typed, f.Fault = v.r.PostForm, v.fault
	}
	return f
}

// returned tells whether the form that is sent to a path was just refused.
func (v *visit) returned(to string) bool { return v.sent == to }

// typed is a value of the form that was sent.
func (v *visit) typed(name string) string { return v.r.PostForm.Get(name) }

// pathID reads an id from the path; what is none is no page.
func pathID[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](v *visit, name string) (T, error) {
	var of T
	if err := P(&of).UnmarshalText([]byte(v.r.PathValue(name))); err != nil {
		return of, errNoPage
	}
	return of, nil
}

// orderID reads the order's id from the path.
func (v *visit) orderID() (id.Order, error) { return pathID[id.Order](v, "order") }

// draw sends a page.
func (v *visit) draw(status int, page templ.Component) error {
	v.word = heard(v)
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if status >= http.StatusBadRequest {
		v.w.Header().Set("HX-Push-Url", "false") // the address stays that of the page with the form
	}
	v.w.WriteHeader(status)
	return page.Render(v.ctx, v.w)
}

// with is the page's own address with some of its query changed; an empty value
// takes a part out.
func (v *visit) with(pairs ...string) string {
	q := url.Values{}
	for name, values := range v.r.URL.Query() {
		q[name] = values
	}
	q.Del("after")
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return v.r.URL.Path
	}
	return v.r.URL.Path + "?" + q.Encode()
}
