// Package auth knows who acts and what they may do: users with roles, API keys
// with scopes, sessions. Whatever is not permitted is denied.
package auth

import (
	"context"
	"slices"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// Principal is who acts: a user, an API key, or the program itself.
type Principal struct {
	Kind        string // user, key or system
	ID          string // usr_..., key_..., or the name of the part of the program
	Name        string
	Role        Role
	permissions map[Permission]bool
	Locations   []id.Location // the only ones it may act at; none means all
}

// Actor is how rows name the principal, e.g. user:usr_01h....
func (p Principal) Actor() string { return p.Kind + ":" + p.ID }

// May tells whether p has a permission.
func (p Principal) May(perm Permission) bool { return p.Kind == "system" || p.permissions[perm] }

// MayAt tells whether p may act at a location.
func (p Principal) MayAt(l id.Location) bool {
	return len(p.Locations) == 0 || slices.Contains(p.Locations, l)
}

// System is the principal of a part of the program itself, which may do all.
func System(name string) Principal { return Principal{Kind: "system", ID: name, Name: name} }

type contextKey struct{}

// With returns a context in which p acts.
func With(ctx context.Context, p Principal) context.Context {
	return actor.With(context.WithValue(ctx, contextKey{}, p), p.Actor())
}

// From returns who acts; where nobody does, a principal that may do nothing.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}

// Actor names who acts, for rows that record it.
func Actor(ctx context.Context) string { return actor.Name(ctx) }

// Require refuses unless the one who acts has a permission.
func Require(ctx context.Context, perm Permission) error {
	p := From(ctx)
	if p.Kind == "" {
		return fault.New(fault.Unauthenticated, "auth.required", "Sign in, or send an API key as a bearer token.")
	}
	if !p.May(perm) {
		return fault.New(fault.Forbidden, "auth.forbidden", "%s has no permission %q. Ask an owner for it.", p.Name, perm)
	}
	return nil
}

// RequireAt refuses unless the one who acts may do so at a location.
func RequireAt(ctx context.Context, perm Permission, l id.Location) error {
	if err := Require(ctx, perm); err != nil {
		return err
	}
	if p := From(ctx); !p.MayAt(l) {
		return fault.New(fault.Forbidden, "auth.wrong_location", "%s may not act at this location.", p.Name)
	}
	return nil
}
