// Command mutants takes the guards of stock, money and repetition away, one at a
// time, and sees that a test turns red for each: a guard that no test misses is
// a guard that somebody will remove.
//
//	go run ./internal/test/withpostgres go run ./internal/test/mutants [WORD ...]
//
// With words, only the guards are tried whose names hold one of them. It changes
// no file: the compiler is given another text in its place.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"purser/internal/test/repo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	alive, err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || alive > 0 {
		os.Exit(1)
	}
}

// run tries guards and returns how many were not missed.
func run(ctx context.Context, words []string) (alive int, err error) {
	root, err := repo.Dir()
	if err != nil {
		return 0, err
	}
	tried := 0
	for _, g := range guards {
		if !g.named(words) {
			continue
		}
		tried++
		missed, err := g.try(ctx, root)
		if err != nil {
			return alive, fmt.Errorf("%s: %w", g.name, err)
		}
		word := "missed  "
		if !missed {
			alive++
			word = "SURVIVED"
		}
		fmt.Printf("%s  %s\n", word, g.name)
	}
	fmt.Printf("\n%d guards taken away, %d not missed by any test\n", tried, alive)
	return alive, nil
}

// guard is a piece of a file that keeps a promise.
type guard struct {
	name  string // what it keeps
	file  string
	text  string // of the guard, which stands once in the file
	put   string // in its place
	tests string // a package, and a pattern of tests of which at least one must fail
}

func (g guard) named(words []string) bool {
	if len(words) == 0 {
		return true
	}
	for _, w := range words {
		if strings.Contains(strings.ToLower(g.name), strings.ToLower(w)) {
			return true
		}
	}
	return false
}

// without is the file of the guard without it.
func (g guard) without(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, g.file)) //nolint:gosec // A file of this project.
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(g.text)); n != 1 {
		return nil, fmt.Errorf("the text of the guard stands %d times in %s: mend the list", n, g.file)
	}
	return bytes.Replace(text, []byte(g.text), []byte(g.put), 1), nil
}

// try tells whether a test misses the guard.
func (g guard) try(ctx context.Context, root string) (missed bool, err error) {
	text, err := g.without(root)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	mutant, overlay := filepath.Join(dir, filepath.Base(g.file)), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(mutant, text, 0o600); err != nil {
		return false, err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, g.file): mutant}})
	if err != nil {
		return false, err
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return false, err
	}
	pkg, pattern, _ := strings.Cut(g.tests, " ")
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=5m", "-overlay="+overlay, "-run", "^("+pattern+")$", pkg) //nolint:gosec // From the list.
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch exit := (*exec.ExitError)(nil); {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err == nil && bytes.Contains(out, []byte("no tests to run")):
		return false, fmt.Errorf("there is no test %q in %s: mend the list", pattern, pkg)
	case err == nil:
		return false, nil
	case !errors.As(err, &exit):
		return false, err
	case bytes.Contains(out, []byte("[build failed]")) || bytes.Contains(out, []byte("[setup failed]")):
		return false, fmt.Errorf("it does not compile without the guard:\n%s", out)
	case !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic: ")):
		return false, fmt.Errorf("the tests did not run:\n%s", out)
	}
	return true, nil
}
