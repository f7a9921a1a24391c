package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Assets is the folder that style sheet, script and icons are served from; its
// name changes with what is in it, so that browsers keep it for good.
var Assets = "/static"

// Icon draws one of static/icons, named as its file. It is for eyes only: what
// it means stands beside it or in the label of what holds it.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="icon" aria-hidden="true"><use href="`+Assets+`/icons.svg#`+templ.EscapeString(name)+`"></use></svg>`)
		return err
	})
}
