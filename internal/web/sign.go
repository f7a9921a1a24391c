package web

import (
	"net/http"
	"net/url"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/web/ui"
)

func (s *Server) registerSign() {
	s.public(http.MethodGet, "/sign-in", func(v *visit) error {
		if !v.user.ID.IsZero() {
			return seeOther(v, next(v.r.URL.Query().Get("next")))
		}
		return v.draw(http.StatusOK, signInPage(v, ui.Form{}, next(v.r.URL.Query().Get("next"))))
	})
	s.public(http.MethodPost, "/sign-in", s.signIn)
	s.public(http.MethodPost, "/sign-out", func(v *visit) error {
		err := s.DB.Write(v.ctx, func(tx *db.Tx) error { return auth.SignOut(v.ctx, tx, v.token) })
		if err != nil {
			return err
		}
		setCookie(v, sessionCookie, "", -1)
		say(v, "You have signed out.", "")
		return seeOther(v, "/sign-in")
	})
}

func (s *Server) signIn(v *visit) error {
	to := next(v.typed("next"))
	token, _, err := auth.SignIn(v.ctx, s.DB, v.typed("email"), v.typed("password"), v.r.UserAgent())
	if err != nil {
		f := fault.Of(err)
		s.log(v, f, err)
		return v.draw(f.Kind.Status(), signInPage(v, ui.Form{Typed: v.r.PostForm, Fault: f}, to))
	}
	setCookie(v, sessionCookie, token, 0)
	return seeOther(v, to)
}

// askToSignIn leads to the sign-in and from there back to what was asked for. An
// empty company is set up first.
func (s *Server) askToSignIn(v *visit) error {
	has, err := auth.HasUsers(v.ctx, s.DB)
	if err != nil {
		return err
	}
	if !has {
		return seeOther(v, "/set-up")
	}
	to := "/sign-in"
	if v.r.Method == http.MethodGet && v.r.URL.Path != "/" {
		to += "?next=" + url.QueryEscape(v.r.URL.RequestURI())
	}
	return seeOther(v, to)
}

// next is where to go after signing in: a page of ours and of nobody else.
func next(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return to
}
