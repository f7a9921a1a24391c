package shop

import (
	"context"
	"testing"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/platform/db"
	"purser/internal/view"
)

// Differences is what `purser verify` finds in a database: nothing, in a healthy one.
func Differences(ctx context.Context, d *db.DB) (found []string, err error) {
	err = view.Verify(ctx, d, func(x check.Difference) { found = append(found, x.String()) }, func(string) {})
	return found, err
}

// Verify fails the test if `purser verify` finds a difference.
func Verify(t testing.TB, d *db.DB) {
	t.Helper()
	found, err := Differences(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range found {
		t.Error(difference)
	}
}

// Verify fails the test if `purser verify` finds a difference.
func (s *Shop) Verify() {
	s.T.Helper()
	Verify(s.T, s.DB)
}

// Want fails the test unless err is a fault with the code; an empty code wants no error.
func Want(t testing.TB, err error, code string) {
	t.Helper()
	if code == "" && err != nil {
		t.Errorf("got the error %v", err)
	}
	if code != "" && !fault.Is(err, code) {
		t.Errorf("got %v, want the fault %s", err, code)
	}
}

// Equal fails the test unless two values are the same.
func Equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
