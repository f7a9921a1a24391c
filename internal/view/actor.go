package view

import (
	"context"
	"maps"
	"slices"
	"strings"

	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// ActorNames finds what those are called who act in rows: users and API keys by
// their names. Parts of the program bear theirs already.
func ActorNames(ctx context.Context, r db.Reader, actors []string) (map[string]string, error) {
	names := map[string]string{}
	users, keys := map[id.User]bool{}, map[id.APIKey]bool{}
	for _, a := range actors {
		kind, rest, _ := strings.Cut(a, ":")
		names[a] = rest
		var user id.User
		var key id.APIKey
		switch {
		case kind == "user" && user.UnmarshalText([]byte(rest)) == nil:
			users[user] = true
		case kind == "key" && key.UnmarshalText([]byte(rest)) == nil:
			keys[key] = true
		}
	}
	type named[T any] struct {
		ID   T      `db:"id"`
		Name string `db:"name"`
	}
	people, err := db.SelectIn[named[id.User]](ctx, r, `SELECT id, name FROM app_user WHERE id IN (/*in*/)`, slices.Collect(maps.Keys(users)))
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		names["user:"+p.ID.String()] = p.Name
	}
	programs, err := db.SelectIn[named[id.APIKey]](ctx, r, `SELECT id, name FROM api_key WHERE id IN (/*in*/)`, slices.Collect(maps.Keys(keys)))
	for _, p := range programs {
		names["key:"+p.ID.String()] = p.Name
	}
	return names, err
}
