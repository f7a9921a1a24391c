package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"purser/internal/web/ui"
)

// static is what pages load. htmx.min.js is htmx 4.0.1 (0BSD), icons are of
// Lucide 0.544.0 (ISC), the typeface is Inter (OFL 1.1): see static/NOTICE.
//
//go:embed static
var static embed.FS

// assets are the files by name, the icons as one sheet.
var assets = loadAssets()

func loadAssets() map[string][]byte {
	files := map[string][]byte{"icons.svg": iconSheet()}
	entries, err := static.ReadDir("static")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		if !e.IsDir() {
			files[e.Name()], _ = static.ReadFile("static/" + e.Name()) // it was just listed
		}
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum.Write(files[name])
	}
	ui.Assets = "/static/" + hex.EncodeToString(sum.Sum(nil))[:12]
	return files
}

var svgBody = regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`)

// iconSheet folds the icons into one file of symbols.
func iconSheet() []byte {
	var b bytes.Buffer
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	names, err := fs.Glob(static, "static/icons/*.svg")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		file, _ := static.ReadFile(name) // it was just listed
		fmt.Fprintf(&b, `<symbol id="%s" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">%s</symbol>`,
			strings.TrimSuffix(path.Base(name), ".svg"), svgBody.FindSubmatch(file)[1])
	}
	b.WriteString("</svg>")
	return b.Bytes()
}

// serveAsset serves a file that never changes under its name.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	file, ok := assets[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(file))
}
