package ui

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// static is what pages load. htmx.min.js is htmx 4.0.1 (0BSD), icons are of
// Lucide 0.544.0 (ISC), the typeface is Inter (OFL 1.1): see static/NOTICE.
//
//go:embed static
var static embed.FS

// assets are the files by name, the icons as one sheet.
var assets, folder = load()

// Assets is the folder that the files are served from: its name changes with what
// is in them, so that browsers keep them for good.
var Assets = folder

func load() (files map[string][]byte, folder string) {
	files = map[string][]byte{"icons.svg": iconSheet()}
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
	return files, "/static/" + hex.EncodeToString(sum.Sum(nil))[:12]
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

// ServeAsset serves the file of the folder that the rest of the path names.
func ServeAsset(w http.ResponseWriter, r *http.Request) {
	file, ok := assets[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(file))
}

// Icon draws one of static/icons, named as its file. It is for eyes only: what
// it means stands beside it or in the label of what holds it.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="icon" aria-hidden="true"><use href="`+Assets+`/icons.svg#`+templ.EscapeString(name)+`"></use></svg>`)
		return err
	})
}
