package cli

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"purser/internal/test/dbtest"
	"purser/internal/test/golden"
	"purser/internal/test/repo"
)

func TestExportColumnsAreDocumented(t *testing.T) {
	const name = "docs/export.md"
	url := dbtest.URL(t, dbtest.EngineSQLite)
	company(t, url)
	kept, err := os.ReadFile(filepath.Join(repo.Root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	const heading = "## Columns\n"
	text, _, found := bytes.Cut(kept, []byte(heading))
	if !found {
		t.Fatalf("%s has no part %q", name, heading)
	}
	var b strings.Builder
	b.WriteString(string(text) + heading)
	for _, what := range slices.Sorted(maps.Keys(exporters)) {
		_, out, _ := run(t, url, "export", what)
		header, _, _ := strings.Cut(out, "\n")
		b.WriteString("\n### " + strings.ToUpper(what[:1]) + what[1:] + "\n\n`" + strings.ReplaceAll(header, ",", "`, `") + "`\n")
	}
	golden.CheckRoot(t, name, []byte(b.String()))
}
