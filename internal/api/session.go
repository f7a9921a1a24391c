package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Session is a sign-in of a user.
type Session struct {
	Token string    `json:"token" doc:"To be sent as a bearer token, as an API key is. Shown only now."`
	User  auth.User `json:"user"`
}

const sessionPrefix = "pss_"

func (s *Server) registerSessions() {
	const tag = "Users and keys"
	rt := route{method: http.MethodPost, path: "/v1/sessions", status: http.StatusCreated}
	type signInInput struct {
		Agent string `header:"User-Agent"`
		Body  struct {
			Email    string `json:"email" format:"email"`
			Password string `json:"password" minLength:"1"`
		}
	}
	// The password is what this route needs.
	huma.Register(s.api, huma.Operation{
		OperationID: "sign-in", Method: rt.method, Path: rt.path, Summary: "Sign in with e-mail address and password", Tags: []string{tag},
		DefaultStatus: rt.status, Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests}, MaxBodyBytes: MaxBody,
	}, func(ctx context.Context, in *signInInput) (*answer[Session], error) {
		token, u, err := auth.SignIn(ctx, s.DB, in.Body.Email, in.Body.Password, in.Agent)
		if err != nil {
			return nil, s.failed(ctx, rt, err)
		}
		return &answer[Session]{Status: rt.status, Body: Session{token, u}}, nil
	})

	out := route{method: http.MethodDelete, path: "/v1/sessions"}
	type signOutInput struct {
		Authorization string `header:"Authorization" required:"true"`
	}
	// A session may always end itself.
	huma.Register(s.api, huma.Operation{
		OperationID: "sign-out", Method: out.method, Path: out.path, Summary: "Sign out: end the session whose token is sent", Tags: []string{tag},
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusUnauthorized},
	}, func(ctx context.Context, in *signOutInput) (*struct{}, error) {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			return auth.SignOut(ctx, tx, strings.TrimSpace(strings.TrimPrefix(in.Authorization, "Bearer ")))
		})
		if err != nil {
			return nil, s.failed(ctx, out, err)
		}
		return nil, nil
	})
}

// principal finds who acts with a token: a user who signed in, or an API key.
func (s *Server) principal(ctx context.Context, token string) (auth.Principal, error) {
	if strings.HasPrefix(token, sessionPrefix) {
		u, err := auth.SessionUser(ctx, s.DB, token)
		return u.Principal(), err
	}
	p, key, err := auth.KeyPrincipal(ctx, s.DB, token, s.DB.Now())
	if err == nil {
		s.used.note(key, s.DB.Now())
	}
	return p, err
}
