package main

import (
	"testing"

	"purser/internal/test/repo"
)

// The list names what there is: without that, a guard that was reworded would no
// longer be tried.
func TestTheListIsTrue(t *testing.T) {
	root := repo.Root(t)
	names := map[string]bool{}
	for _, g := range guards {
		if names[g.name] {
			t.Errorf("two guards are called %q", g.name)
		}
		names[g.name] = true
		if _, err := g.without(root); err != nil {
			t.Errorf("%s: %v", g.name, err)
		}
	}
}
