// Package repo tells tests where the repository lies.
package repo

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Dir is the repository's top folder, the one that holds go.mod. Go runs a test in its package's folder.
func Dir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod in this folder or above it")
		}
		dir = parent
	}
}

// Root is Dir, or the end of the test.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := Dir()
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}
