package api

import (
	"context"
	"net/http"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

func (s *Server) registerUsers() {
	const tag = "Users and keys"
	read(s, route{method: http.MethodGet, path: "/v1/users", id: "list-users", summary: "List the users", tag: tag, permission: auth.UserRead},
		func(ctx context.Context, _ *struct{}) (list[auth.User], error) {
			users, err := auth.Users(ctx, s.DB)
			return listOf(users, ""), err
		})

	type addUserInput struct {
		Once
		Body struct {
			Email     string        `json:"email" format:"email"`
			Name      string        `json:"name"`
			Role      auth.Role     `json:"role" enum:"owner,operations,warehouse,counter,service,buyer,accountant,read_only"`
			Password  string        `json:"password" minLength:"10"`
			Locations []id.Location `json:"locations,omitempty" doc:"The only locations the user may act at; none: all."`
		}
	}
	write(s, route{method: http.MethodPost, path: "/v1/users", id: "add-user", summary: "Add a user", tag: tag, permission: auth.UserWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addUserInput) (auth.User, error) {
			b := in.Body
			return auth.AddUser(ctx, tx, auth.NewUser{Email: b.Email, Name: b.Name, Role: b.Role, Password: b.Password, Locations: b.Locations})
		})

	type changeUserInput struct {
		Keyed
		User id.User `path:"user"`
		Body struct {
			Role      auth.Role     `json:"role" enum:"owner,operations,warehouse,counter,service,buyer,accountant,read_only"`
			Active    bool          `json:"active"`
			Locations []id.Location `json:"locations,omitempty"`
		}
	}
	write(s, route{method: http.MethodPut, path: "/v1/users/{user}", id: "change-user", summary: "Change a user's role, locations or access", tag: tag, permission: auth.UserWrite},
		func(ctx context.Context, tx *db.Tx, in *changeUserInput) (auth.User, error) {
			return auth.ChangeUser(ctx, tx, in.User, in.Body.Role, in.Body.Active, in.Body.Locations)
		})

	read(s, route{method: http.MethodGet, path: "/v1/api-keys", id: "list-api-keys", summary: "List the API keys", tag: tag, permission: auth.UserRead},
		func(ctx context.Context, _ *struct{}) (list[auth.APIKey], error) {
			keys, err := auth.APIKeys(ctx, s.DB)
			return listOf(keys, ""), err
		})

	// A repetition of this request would need the token, which is never stored:
	// so it takes no idempotency key.
	type addAPIKeyInput struct {
		Body struct {
			Name      string            `json:"name"`
			Role      auth.Role         `json:"role" enum:"owner,operations,warehouse,counter,service,buyer,accountant,read_only"`
			Scopes    []auth.Permission `json:"scopes,omitempty" doc:"Permissions the key is narrowed to; none: all of the role."`
			Locations []id.Location     `json:"locations,omitempty"`
			ExpiresAt time.Time         `json:"expires_at,omitzero"`
		}
	}
	type newAPIKey struct {
		Token string      `json:"token" doc:"Shown only now."`
		Key   auth.APIKey `json:"key"`
	}
	write(s, route{method: http.MethodPost, path: "/v1/api-keys", id: "add-api-key", summary: "Make an API key", tag: tag, permission: auth.UserWrite, status: http.StatusCreated},
		func(ctx context.Context, tx *db.Tx, in *addAPIKeyInput) (out newAPIKey, err error) {
			b := in.Body
			out.Token, out.Key, err = auth.AddAPIKey(ctx, tx, b.Name, b.Role, b.Scopes, b.Locations, b.ExpiresAt)
			return out, err
		})

	type revokeInput struct {
		Keyed
		Key id.APIKey `path:"key"`
	}
	write(s, route{method: http.MethodDelete, path: "/v1/api-keys/{key}", id: "revoke-api-key", summary: "Revoke an API key", tag: tag, permission: auth.UserWrite},
		func(ctx context.Context, tx *db.Tx, in *revokeInput) (struct{}, error) {
			return struct{}{}, auth.RevokeAPIKey(ctx, tx, in.Key)
		})
}

func (s *Server) registerLogs() {
	const tag = "Events and audit"
	type eventsInput struct {
		Limit int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		After string   `query:"after" doc:"Cursor of the last event you have; none: from the beginning."`
		Kind  []string `query:"kind" doc:"Only these kinds, e.g. order.placed."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/events", id: "list-events", summary: "Follow what happens, in order", tag: tag, permission: auth.EventRead},
		func(ctx context.Context, in *eventsInput) (list[event.Event], error) {
			events, err := event.After(ctx, s.DB, s.DB.Postgres(), in.After, in.Kind, in.Limit)
			next := in.After
			if len(events) > 0 {
				next = events[len(events)-1].Cursor
			}
			return listOf(events, next), err
		})

	type auditInput struct {
		Limit      int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
		ObjectKind string   `query:"object_kind" doc:"E.g. user, api_key, setting, product."`
		Object     string   `query:"object" doc:"Id of the object."`
		Actor      string   `query:"actor" doc:"E.g. user:usr_..."`
		Before     id.Audit `query:"before" doc:"Id of the last entry you have."`
	}
	read(s, route{method: http.MethodGet, path: "/v1/audit", id: "list-audit", summary: "Who changed what", tag: tag, permission: auth.AuditRead},
		func(ctx context.Context, in *auditInput) (list[audit.Entry], error) {
			entries, err := audit.List(ctx, s.DB, audit.Filter{ObjectKind: in.ObjectKind, Object: in.Object, Actor: in.Actor, Before: in.Before, Limit: in.Limit})
			return listOf(entries, ""), err
		})
}
