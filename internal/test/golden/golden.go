// Package golden compares what a test made with a file kept in the repository. `make golden` (go test with
// -update) writes the files anew; read the difference before you commit it.
package golden

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"purser/internal/test/repo"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Check compares got with the file of that name in the package's testdata folder.
func Check(tb testing.TB, name string, got []byte) {
	tb.Helper()
	check(tb, filepath.Join("testdata", filepath.FromSlash(name)), got)
}

// CheckRoot compares got with a file named from the repository's top folder, such as docs/openapi.json.
func CheckRoot(tb testing.TB, name string, got []byte) {
	tb.Helper()
	check(tb, filepath.Join(repo.Root(tb), filepath.FromSlash(name)), got)
}

func check(tb testing.TB, path string, got []byte) {
	tb.Helper()
	want, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	missing := err != nil
	if bytes.Equal(got, want) && !missing {
		return
	}
	if !*update {
		tb.Errorf("%s is not what the code makes; `make golden` writes it anew\n%s", path, diff.Diff("kept", want, "made", got))
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, got, 0o644); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("wrote %s", path)
}
