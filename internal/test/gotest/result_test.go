package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRead reads what go test really says about a small module in which each thing happens once.
func TestRead(t *testing.T) {
	const source = `package %s

import (
	"os"
	"testing"
)

func TestGood(t *testing.T)  { t.Log("quiet as long as it passes") }
func TestParts(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {})
	t.Run("postgres", func(t *testing.T) { t.Skip("LEFT OUT: no PostgreSQL here") })
}
`
	tests := []struct {
		name, extra   string
		passed, fails int
		leftOut       []leftOut
		says, silent  []string
		code          int
		require       string
	}{
		{
			name:   "left out",
			passed: 3, leftOut: []leftOut{{"example/small TestParts/postgres", "no PostgreSQL here"}},
			says:   []string{"ok  \texample/small", "LEFT OUT, did not run on this machine: 1", "no PostgreSQL here", "tests: 3 passed, 0 failed, 1 skipped\n"},
			silent: []string{"quiet as long"},
		},
		{
			name: "left out where all must run", require: "1", code: 1,
			passed: 3, leftOut: []leftOut{{"example/small TestParts/postgres", "no PostgreSQL here"}},
			says: []string{"LEFT OUT"},
		},
		{
			name: "failed", extra: `func TestBad(t *testing.T) { t.Error("two is not three") }`, code: 1,
			passed: 3, fails: 1, leftOut: []leftOut{{"example/small TestParts/postgres", "no PostgreSQL here"}},
			says:   []string{"two is not three", "--- FAIL: TestBad", "FAIL\texample/small", "tests: 3 passed, 1 failed, 1 skipped\n"},
			silent: []string{"quiet as long", "=== RUN"},
		},
		{
			name: "ended in the middle", extra: `func TestZ(t *testing.T) { print("last words\n"); os.Exit(3) }`, code: 1,
			passed: 3, fails: 1, leftOut: []leftOut{{"example/small TestParts/postgres", "no PostgreSQL here"}},
			says: []string{"last words", "FAIL\texample/small"},
		},
		{
			name: "does not build", extra: `func TestBad(t *testing.T) { undeclared() }`, code: 1,
			fails: 1, says: []string{"undefined: undeclared", "tests: 0 passed, 1 failed, 0 skipped\n"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("PURSER_TEST_REQUIRE", test.require)
			t.Chdir(t.TempDir())
			write(t, "go.mod", "module example/small\n\ngo 1.26\n")
			write(t, "small_test.go", strings.ReplaceAll(source, "%s", "small")+"var _ = os.Exit\n"+test.extra)
			if err := os.Mkdir("untested", 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join("untested", "untested.go"), "package untested\n")

			var out strings.Builder
			got, code, err := run(t.Context(), []string{"-vet=off", "./..."}, &out, &out)
			if code != test.code || (err != nil) != (test.require != "") {
				t.Errorf("code %d, error %v; want code %d", code, err, test.code)
			}
			if got.Passed != test.passed || got.Failed != test.fails || len(got.LeftOut) != len(test.leftOut) {
				t.Errorf("got %+v", got)
			}
			for i := range min(len(got.LeftOut), len(test.leftOut)) {
				if got.LeftOut[i] != test.leftOut[i] {
					t.Errorf("left out %+v, want %+v", got.LeftOut[i], test.leftOut[i])
				}
			}
			for _, s := range test.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q", s)
				}
			}
			for _, s := range append(test.silent, "no test files") {
				if strings.Contains(out.String(), s) {
					t.Errorf("says %q", s)
				}
			}
			if t.Failed() {
				t.Logf("output:\n%s", out.String())
			}
		})
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
