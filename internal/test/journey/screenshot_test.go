//go:build screenshots

package journey

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purser/internal/demo"
	"purser/internal/test/browser"
	"purser/internal/test/dbtest"
)

// TestScreenshots makes the pictures of README and docs anew, of the demo
// company: `make pictures`. It proves nothing, and is built only for that.
func TestScreenshots(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "docs", "images")
	d := dbtest.SQLite(t)
	access, err := demo.Fill(t.Context(), d, func(int, int, string) {})
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t, serve(t, d)).Size(1280, 800)
	p.Visit("/sign-in").Fill("E-mail address", access.Email).Fill("Password", access.Password).Click("Sign in").At("/")
	waiting := browser.Value[string](p.Visit("/orders?view=backordered"), `document.querySelector('tbody a').pathname`)
	for _, shot := range []struct {
		name, path string
		width      int64
		dark       bool
	}{
		{"home", "/", 1280, false},
		{"orders", "/orders", 1280, false},
		{"orders-dark", "/orders", 1280, true},
		{"orders-phone", "/orders", 390, false},
		{"order", waiting, 1280, false},
		{"order-phone", waiting, 390, true},
		{"design", "/design", 1280, false},
		{"design-dark", "/design", 1280, true},
	} {
		height := int64(800)
		if strings.HasPrefix(shot.name, "design") {
			height = 1500
		}
		p.Size(shot.width, height).Dark(shot.dark).Visit(shot.path)
		if err := os.WriteFile(filepath.Join(dir, shot.name+".webp"), p.Shot("webp"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
