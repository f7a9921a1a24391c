package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

type setupInput struct {
	Token string `query:"token" required:"true" doc:"From the link that purser serve printed."`
	Body  struct {
		Company setting.Company `json:"company"`
		Owner   struct {
			Name     string `json:"name"`
			Email    string `json:"email" format:"email"`
			Password string `json:"password" minLength:"10"`
		} `json:"owner"`
	}
}

type setupOutput struct {
	Owner auth.User `json:"owner"`
	Token string    `json:"token" doc:"An API key with the owner's permissions, valid for a day, to go on with."`
}

func (s *Server) registerSetup() {
	// The one route without a permission: the one-time token is what it needs.
	huma.Register(s.api, huma.Operation{
		OperationID: "set-up", Method: http.MethodPost, Path: "/v1/setup", Summary: "Set an empty company up", Tags: []string{"Setup"},
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity}, MaxBodyBytes: MaxBody,
	}, func(ctx context.Context, in *setupInput) (*answer[setupOutput], error) {
		out := &answer[setupOutput]{Status: http.StatusCreated}
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if err := auth.UseSetupLink(ctx, tx, in.Token); err != nil {
				return err
			}
			o := in.Body.Owner
			out.Body.Owner, out.Body.Token, err = flow.SetUp(ctx, tx, in.Body.Company, auth.NewUser{Email: o.Email, Name: o.Name, Password: o.Password, Role: auth.Owner})
			return err
		})
		if err != nil {
			return nil, s.failed(ctx, route{method: http.MethodPost, path: "/v1/setup"}, err)
		}
		return out, nil
	})

	read(s, route{method: http.MethodGet, path: "/v1/company", id: "get-company", summary: "The company", tag: "Setup", permission: auth.SettingRead},
		func(ctx context.Context, _ *struct{}) (setting.Company, error) { return setting.LoadCompany(ctx, s.DB) })

	type companyInput struct {
		Keyed
		Body setting.Company
	}
	write(s, route{method: http.MethodPut, path: "/v1/company", id: "change-company", summary: "Change the company", tag: "Setup", permission: auth.SettingWrite},
		func(ctx context.Context, tx *db.Tx, in *companyInput) (setting.Company, error) {
			return in.Body, flow.ChangeCompany(ctx, tx, in.Body)
		})
}
