package web

import (
	"github.com/a-h/templ"

	"purser/internal/base/fault"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

func (s *Server) registerProfile() {
	s.form("/profile", "", s.showProfile, func(v *visit, tx *db.Tx) (done, error) {
		p := auth.Preferences{TimeZone: v.typed("time_zone"), Numbers: v.typed("numbers"), Theme: auth.Theme(v.typed("theme"))}
		return done{To: "/profile", Say: "Your profile is saved."}, auth.SaveProfile(v.ctx, tx, v.user.ID, v.typed("name"), p)
	})
	s.action("/profile/password", "", "/profile", s.showProfile, func(v *visit, tx *db.Tx) (done, error) {
		if err := auth.CheckOwnPassword(v.ctx, tx, v.user.ID, v.typed("old")); err != nil {
			return done{}, err
		}
		if v.typed("password") != v.typed("again") {
			return done{}, fault.Fields{"again": "is not the same"}.Err("profile.passwords_differ", "The new passwords differ.")
		}
		return done{To: "/sign-in", Say: "Your password is changed: sign in with it."}, auth.SetPassword(v.ctx, tx, v.user.ID, v.typed("password"))
	})
	s.action("/profile/sessions", "", "/profile", s.showProfile, func(v *visit, tx *db.Tx) (done, error) {
		_, err := auth.SignOutElsewhere(v.ctx, tx, v.user.ID, v.token)
		return done{To: "/profile", Say: "All other sessions are ended."}, err
	})
}

func (s *Server) showProfile(v *visit) (templ.Component, error) {
	sessions, err := auth.Sessions(v.ctx, s.DB, v.user.ID)
	if err != nil {
		return nil, err
	}
	return profilePage(v, sessions), nil
}
