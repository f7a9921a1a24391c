package browser

import (
	_ "embed" // the checker's script
	"strings"

	"github.com/chromedp/chromedp"
)

// axeScript is axe-core 4, Deque Systems, Mozilla Public License 2.0: its own
// header says so. It is only ever run in tests.
//
//go:embed axe/axe.min.js
var axeScript string

// Accessible fails the test where the page has what keeps people from using it:
// serious and critical findings against WCAG 2.2 A and AA.
func (p *Page) Accessible() *Page {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](axeScript+"; true")); err != nil {
		p.t.Fatal(err)
	}
	findings, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(r =>
		r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
			.map(v => v.id + ': ' + v.help + '\n  ' + v.nodes.slice(0, 4).map(n => n.target + ' ' + n.failureSummary.replace(/\s+/g, ' ')).join('\n  ')))`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(err)
	}
	if len(findings) > 0 {
		p.t.Errorf("%s cannot be used by everybody:\n%s", Value[string](p, "location.pathname"), strings.Join(findings, "\n"))
	}
	return p
}
