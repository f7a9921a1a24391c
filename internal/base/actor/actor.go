// Package actor carries the name of the one who acts through a context, for the
// rows that record it.
package actor

import "context"

type key struct{}

// With returns a context in which name acts, e.g. user:usr_01h....
func With(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, key{}, name)
}

// Name is who acts; where nobody does, the program itself.
func Name(ctx context.Context) string {
	if name, ok := ctx.Value(key{}).(string); ok {
		return name
	}
	return "system:purser"
}
