package golden

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// recorder is a testing.TB that keeps what Check reports.
type recorder struct {
	testing.TB
	report string
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, args ...any) {
	r.report += fmt.Sprintf(format, args...)
}

func checked(t *testing.T, name, got string) string {
	t.Helper()
	r := &recorder{TB: t}
	Check(r, name, []byte(got))
	return r.report
}

func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Cleanup(func() { *update = false })
	*update = false

	if report := checked(t, "deep/invoice.txt", "one\n"); !strings.Contains(report, "+one") {
		t.Errorf("a missing file: %q", report)
	}
	if _, err := os.Stat("testdata"); err == nil {
		t.Fatal("a plain run wrote a file")
	}
	*update = true
	if report := checked(t, "deep/invoice.txt", "one\n"); report != "" {
		t.Errorf("an update: %q", report)
	}
	*update = false
	if report := checked(t, "deep/invoice.txt", "one\n"); report != "" {
		t.Errorf("the same content: %q", report)
	}
	if report := checked(t, "deep/invoice.txt", "two\n"); !strings.Contains(report, "-one") || !strings.Contains(report, "+two") {
		t.Errorf("other content: %q", report)
	}
	if report := checked(t, "deep/empty.txt", ""); report == "" {
		t.Error("empty content passes for a missing file")
	}
}
