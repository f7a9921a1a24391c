package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/internal/platform/db"
)

// The real thing through the command line: an empty database, a file with a wrong
// row, the summary for machines and for people, and the exit code.
func TestImportOrders(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string, d *db.DB) {
		path := filepath.Join(t.TempDir(), "orders.csv")
		text := "number,placed_at,sku,quantity,unit_price\n1,2025-02-01,MUG,2,5\n2,2025-02-01,MUG,two,5\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil { // the command opens it itself
			t.Fatal(err)
		}
		code, out, errs := run(t, url, "import", "orders", "--json", "--dry-run", path)
		if code != exitRejected {
			t.Fatalf("exit code %d: %s%s", code, out, errs)
		}
		code, out, errs = run(t, url, "import", "orders", "--json", path)
		if code != exitRejected {
			t.Fatalf("exit code %d: %s%s", code, out, errs)
		}
		var s struct {
			Outcomes map[string]int64 `json:"outcomes"`
			Refused  int64            `json:"error_lines"`
			Totals   map[string]any   `json:"totals"`
		}
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if s.Outcomes["order"] != 1 || s.Refused != 1 || s.Totals["net_value"] != "10.00" || s.Totals["lines"] != 2.0 {
			t.Errorf("have %+v", s)
		}
		refused, err := os.ReadFile(filepath.Join(filepath.Dir(path), "orders.errors.csv"))
		if err != nil || !strings.Contains(string(refused), "3,2,row.bad_value,") {
			t.Errorf("the error file: %v, %s", err, refused)
		}
		code, out, _ = run(t, url, "import", "orders", path)
		if code != exitRejected || !strings.Contains(out, "known") || !strings.Contains(out, "1 line was refused: see ") {
			t.Errorf("exit code %d: %s", code, out)
		}
		for _, wrong := range [][]string{{"--currency", "XXZ"}, {"--timezone", "Mars"}, {"--channel", "none"}, {"--location", "none"}, {"--format", "uci"}} {
			code, _, errs := run(t, url, append(append([]string{"import", "orders"}, wrong...), path)...)
			if code != exitFailed || strings.Count(errs, "\n") < 1 {
				t.Errorf("%v: exit code %d, %q", wrong, code, errs)
			}
		}
	})
}
