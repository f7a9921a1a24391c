package auth

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
)

// APIKey is a program's right to act: the permissions of a role, narrowed to
// scopes and locations, until it expires or is revoked. Only a hash of its
// token is stored.
type APIKey struct {
	ID         id.APIKey              `db:"id" json:"id"`
	Name       string                 `db:"name" json:"name"`
	Prefix     string                 `db:"prefix" json:"prefix" doc:"The first characters of the token, to tell keys apart."`
	Role       Role                   `db:"role" json:"role"`
	Scopes     db.JSON[[]Permission]  `db:"scopes" json:"scopes"`
	Locations  db.JSON[[]id.Location] `db:"locations" json:"locations"`
	CreatedBy  string                 `db:"created_by" json:"created_by"`
	CreatedAt  time.Time              `db:"created_at" json:"created_at"`
	ExpiresAt  time.Time              `db:"expires_at" json:"expires_at,omitzero"`
	RevokedAt  time.Time              `db:"revoked_at" json:"revoked_at,omitzero"`
	LastUsedAt time.Time              `db:"last_used_at" json:"last_used_at,omitzero"`
}

func (k APIKey) principal() Principal {
	return Principal{Kind: "key", ID: k.ID.String(), Name: k.Name, Role: k.Role, permissions: permissionsOf(k.Role, k.Scopes.V), Locations: k.Locations.V}
}

// AddAPIKey creates a key. The token is returned here and never shown again. A
// key may do no more than the one who makes it.
func AddAPIKey(ctx context.Context, tx *db.Tx, name string, role Role, scopes []Permission, locations []id.Location, expires time.Time) (token string, k APIKey, err error) {
	f := fault.Fields{}
	if text.Clean(name) == "" {
		f.Add("name", "is missing")
	}
	granted := rolePermissions[role]
	if granted == nil {
		f.Add("role", "%q is no role", role)
	}
	maker := From(ctx)
	for _, s := range scopes {
		if granted != nil && !slices.Contains(granted, s) {
			f.Add("scopes", "the role %s has no permission %q", role, s)
		}
	}
	for p := range permissionsOf(role, scopes) {
		if maker.Kind != "" && !maker.May(p) {
			f.Add("scopes", "you do not have the permission %q yourself", p)
		}
	}
	if !expires.IsZero() && !expires.After(tx.Now()) {
		f.Add("expires_at", "is in the past")
	}
	if err := f.Err("apikey.invalid", "The key cannot be made like this."); err != nil {
		return "", APIKey{}, err
	}
	if len(locations) == 0 {
		locations = maker.Locations
	}
	token = newToken("psk")
	k = APIKey{
		ID: id.New[id.APIKey](tx.Now()), Name: text.Clean(name), Prefix: token[:10], Role: role,
		Scopes: db.JSON[[]Permission]{V: scopes}, Locations: db.JSON[[]id.Location]{V: locations},
		CreatedBy: Actor(ctx), CreatedAt: tx.Now(), ExpiresAt: expires.UTC().Truncate(time.Microsecond),
	}
	if expires.IsZero() {
		k.ExpiresAt = time.Time{}
	}
	type row struct {
		APIKey
		Hash string `db:"token_hash"`
	}
	if _, err := db.Insert(ctx, tx, "api_key", []row{{k, hashToken(token)}}); err != nil {
		return "", APIKey{}, err
	}
	return token, k, audit.Record(ctx, tx, "add", "api_key", k.ID.String(), nil, k)
}

// APIKeys lists all keys, newest first.
func APIKeys(ctx context.Context, r db.Reader) ([]APIKey, error) {
	return db.Select[APIKey](ctx, r, `SELECT `+db.Columns[APIKey]()+` FROM api_key ORDER BY id DESC`)
}

// RevokeAPIKey ends a key at once.
func RevokeAPIKey(ctx context.Context, tx *db.Tx, kid id.APIKey) error {
	n, err := tx.Exec(ctx, `UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`, tx.Now(), kid)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "apikey.not_found", "There is no such key, or it was revoked already.")
	}
	return audit.Record(ctx, tx, "revoke", "api_key", kid.String(), nil, nil)
}

// KeyPrincipal finds who acts with a token.
func KeyPrincipal(ctx context.Context, r db.Reader, token string, now time.Time) (Principal, id.APIKey, error) {
	k, err := db.Get[APIKey](ctx, r, `SELECT `+db.Columns[APIKey]()+` FROM api_key WHERE token_hash = ?`, hashToken(token))
	switch {
	case db.None(err):
		return Principal{}, id.APIKey{}, fault.New(fault.Unauthenticated, "auth.bad_key", "The API key is not known.")
	case err != nil:
		return Principal{}, id.APIKey{}, err
	case !k.RevokedAt.IsZero():
		return Principal{}, id.APIKey{}, fault.New(fault.Unauthenticated, "auth.key_revoked", "The API key %q was revoked.", k.Name)
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return Principal{}, id.APIKey{}, fault.New(fault.Unauthenticated, "auth.key_expired", "The API key %q expired on %s.", k.Name, k.ExpiresAt.Format(time.DateOnly))
	}
	return k.principal(), k.ID, nil
}

// TouchAPIKeys notes when keys were last used.
func TouchAPIKeys(ctx context.Context, tx *db.Tx, used map[id.APIKey]time.Time) error {
	for k, at := range used {
		if _, err := tx.Exec(ctx, `UPDATE api_key SET last_used_at = ? WHERE id = ?`, at, k); err != nil {
			return err
		}
	}
	return nil
}
