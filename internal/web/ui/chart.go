package ui

import (
	"context"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Part is a share of a whole: so many of it, said by Name.
type Part struct {
	Name   string
	Amount int64
	Tone   Tone // Calm draws it grey
}

// drawn makes a component of SVG text that was built here, with every text in
// it escaped.
func drawn(svg string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, svg)
		return err
	})
}

// bar draws parts of a whole as one bar, 100 units wide.
func bar(parts []Part) templ.Component {
	var whole int64
	for _, p := range parts {
		whole += p.Amount
	}
	var b strings.Builder
	b.WriteString(`<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">`)
	x := 0.0
	for _, p := range parts {
		if whole == 0 || p.Amount == 0 {
			continue
		}
		width := float64(p.Amount) * 100 / float64(whole)
		tone := p.Tone
		if tone == Calm {
			tone = "calm"
		}
		fmt.Fprintf(&b, `<rect class="fill-%s" x="%.2f" width="%.2f" height="6"/>`, tone, x, width)
		x += width
	}
	b.WriteString(`</svg>`)
	return drawn(b.String())
}

// Series is a row of values of a chart, one for each label.
type Series struct {
	Name   string
	Key    int // color, 1 to 6
	Values []float64
}

// Chart is columns over labels: stacked series.
type Chart struct {
	Title  string // read aloud
	Labels []string
	Series []Series
	Write  func(float64) string // writes a value; nil writes whole numbers
	Wide   bool                 // takes the width of a page
}

// In the units of the drawing, which are about those of the page.
const (
	chartNarrow = 560.0
	chartWide   = 1120.0
	chartHeight = 220.0
	chartLeft   = 56.0
	chartBottom = 22.0
)

// columns draws a chart. Each column says its values when pointed at, and a
// table of the same numbers is there for who cannot see it.
func columns(c Chart) templ.Component {
	write := c.Write
	if write == nil {
		write = func(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }
	}
	width := chartNarrow
	if c.Wide {
		width = chartWide
	}
	top := 0.0
	for i := range c.Labels {
		top = max(top, c.sum(i))
	}
	step := niceStep(top)
	top = max(step, math.Ceil(top/step)*step)
	height := chartHeight - chartBottom - 8
	y := func(v float64) float64 { return 8 + height - v/top*height }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, chartHeight, html.EscapeString(c.Title))
	for v := 0.0; v <= top; v += step {
		fmt.Fprintf(&b, `<line class="rule" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, width, y(v), y(v), chartLeft-8, y(v)+4, html.EscapeString(write(v)))
	}
	slot := (width - chartLeft) / float64(max(1, len(c.Labels)))
	column := min(slot*.68, 44)
	every := int(math.Ceil(float64(len(c.Labels)) / 8))
	for i, label := range c.Labels {
		x := chartLeft + slot*float64(i) + (slot-column)/2
		fmt.Fprintf(&b, `<g><title>%s</title>`, html.EscapeString(c.says(i, write)))
		under := 0.0
		for _, s := range c.Series {
			v := s.Values[i]
			if v > 0 {
				fmt.Fprintf(&b, `<rect class="key-%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, s.Key, x, y(under+v), column, y(under)-y(under+v))
			}
			under += v
		}
		b.WriteString(`</g>`)
		if i%every == 0 {
			fmt.Fprintf(&b, `<text x="%.1f" y="%g" text-anchor="middle">%s</text>`, x+column/2, chartHeight-4, html.EscapeString(label))
		}
	}
	b.WriteString(`</svg>`)
	return drawn(b.String())
}

func (c Chart) sum(i int) (n float64) {
	for _, s := range c.Series {
		n += s.Values[i]
	}
	return n
}

func (c Chart) says(i int, write func(float64) string) string {
	said := []string{c.Labels[i]}
	for _, s := range c.Series {
		said = append(said, s.Name+" "+write(s.Values[i]))
	}
	return strings.Join(said, " · ")
}

// niceStep is a distance of about four rules below top: 1, 2 or 5 times a power of ten.
func niceStep(top float64) float64 {
	if top <= 4 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if top/(m*power) <= 4.5 {
			return m * power
		}
	}
	return 10 * power
}

// swatch draws the color of a series.
func swatch(key int) templ.Component {
	return drawn(`<svg viewBox="0 0 10 10" aria-hidden="true"><rect class="key-` + strconv.Itoa(key) + `" width="10" height="10" rx="2"/></svg>`)
}

// Logo is Purser's sign: a ship's bell.
func Logo() templ.Component {
	return drawn(`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">` +
		`<path d="M12 2.5v2M4.5 19h15M6 19c1.2-1.6 1.6-3.4 1.6-6.2 0-4.6 1.7-8 4.4-8s4.4 3.4 4.4 8c0 2.8.4 4.6 1.6 6.2"/><path d="M10.3 21.5a1.8 1.8 0 0 0 3.4 0"/></svg>`)
}
