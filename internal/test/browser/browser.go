// Package browser lets a test use pages as a person does: in a real Chromium,
// with its keys and its clicks. A script that fails in a page fails the test.
//
// Where there is no Chromium, such tests are left out and counted; see
// `make browser`.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"purser/internal/test/dbtest"
)

// chromium is the one browser of the test program; nil where there is none.
var chromium context.Context

// Main runs a package's tests with one browser for all of them: call it from TestMain.
func Main(m *testing.M) int {
	path, err := find()
	if err != nil {
		return m.Run() // each test says that it was left out
	}
	dir, err := os.MkdirTemp("", "purser-chromium-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserDataDir(dir), chromedp.WindowSize(1440, 900))
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "hide-scrollbars"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, end := chromedp.NewContext(allocator)
	defer end()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cannot start", path+":", err)
		return 1
	}
	chromium = ctx
	return m.Run()
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// patience is how long a page may take to become what a test waits for, and a
// third of what a whole test may take. Machines are slow at times; nothing is
// proven by it.
const patience = 60 * time.Second

// Page is a tab.
type Page struct {
	t   testing.TB
	ctx context.Context
	url string
}

// Open opens a tab, with cookies of its own, for the site at url.
func Open(t testing.TB, url string) *Page {
	t.Helper()
	if chromium == nil {
		dbtest.LeaveOut(t, "there is no Chromium")
	}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	ctx, stop := context.WithTimeout(ctx, 3*patience)
	t.Cleanup(func() { stop(); cancel() })
	p := &Page{t, ctx, url}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() {
				t.Errorf("a script failed: %v", m)
			}
		}
	}()
	return p.Dark(false)
}

// Size sets the window's size in CSS pixels; a narrow one is a telephone's.
func (p *Page) Size(width, height int64) *Page {
	p.t.Helper()
	if width < 600 {
		p.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
	} else {
		p.do(chromedp.EmulateViewport(width, height))
	}
	return p
}

// Dark makes the person's system one of a dark or a light theme, and of little motion: a
// page that is left in the middle of a transition complains.
func (p *Page) Dark(dark bool) *Page {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
	return p
}

// Visit opens a page of the site.
func (p *Page) Visit(path string) *Page {
	p.t.Helper()
	p.do(chromedp.Navigate(p.url + path))
	p.Ready()
	return p
}

// Ready waits until the page's script has run.
func (p *Page) Ready() *Page {
	p.t.Helper()
	return p.Until(`document.readyState === 'complete' && document.documentElement.dataset.ready === ''`)
}

// Fill types into the field with a label.
func (p *Page) Fill(label, text string) *Page {
	p.t.Helper()
	p.Until(fmt.Sprintf(`(() => {
		const label = [...document.querySelectorAll('label')].find(l => l.textContent.trim() === %q && l.offsetParent !== null);
		const field = label ? document.getElementById(label.htmlFor) : document.querySelector('[aria-label="' + %q + '"]');
		if (!field) return false;
		field.focus();
		if (field.matches('select')) { field.value = [...field.options].find(o => o.text === %q || o.value === %q).value; }
		else { field.value = %q; }
		field.dispatchEvent(new Event('input', {bubbles: true}));
		field.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	})()`, label, label, text, text, text))
	return p
}

// Click clicks the link or button with a text, of those that can be seen.
func (p *Page) Click(text string) *Page {
	p.t.Helper()
	p.Until(fmt.Sprintf(`(() => {
		const within = document.querySelector('dialog[open]') ?? document;
		const all = [...within.querySelectorAll('a, button, summary')].filter(e => e.checkVisibility());
		const it = all.find(e => e.textContent.trim() === %q || e.getAttribute('aria-label') === %q);
		if (!it) return false;
		it.click();
		return true;
	})()`, text, text))
	return p
}

// Press presses keys as a person does: one after the other, each text of one
// letter as its key; names such as Enter and Escape are those of package kb.
func (p *Page) Press(keys ...string) *Page {
	p.t.Helper()
	for _, r := range strings.Join(keys, "") {
		events := kb.Encode(r)
		down := events[0]
		if len(events) == 3 {
			down.Text = events[1].Text
		} else if r == '\r' {
			down.Text = "\r"
		}
		p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			// One event with its text: a separate one could not be held back by the page.
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *down); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, *events[len(events)-1])
			return err
		}))
	}
	return p
}

// Until waits until a script's expression is true, on whatever page comes meanwhile.
func (p *Page) Until(expression string) *Page {
	p.t.Helper()
	for {
		_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience)))
		if err == nil {
			return p
		}
		moved := strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "Cannot find context")
		if p.ctx.Err() != nil || !moved {
			p.t.Fatalf("waiting for %s: %v\nat %s", expression, err, p.state())
		}
	}
}

// Says waits until the page shows a text.
func (p *Page) Says(text string) *Page {
	p.t.Helper()
	return p.Until(fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
}

// At waits until the page's path is one.
func (p *Page) At(path string) *Page {
	p.t.Helper()
	p.Until(fmt.Sprintf(`location.pathname === %q`, path))
	return p.Ready()
}

// Value evaluates a script's expression.
func Value[T any](p *Page, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Shot is a picture of what the window shows, as webp or png.
func (p *Page) Shot(format string) []byte {
	p.t.Helper()
	var quality *int64 // png has none
	if format == "webp" {
		quality = new(int64(82))
	}
	var image []byte
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormat(format), Quality: quality})
		image = r.Data
		return err
	}))
	return image
}

// state tells where the page is, for a failure.
func (p *Page) state() string {
	ctx, stop := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second)
	defer stop()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + document.body.innerText.slice(0, 1200)`))
	if err != nil {
		return err.Error()
	}
	return text
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// Offline cuts the line of the page's script, or mends it.
func (p *Page) Offline(cut bool) *Page {
	p.t.Helper()
	Value[bool](p, fmt.Sprintf(`(() => {
		window.line ??= window.fetch;
		window.fetch = %t ? () => Promise.reject(new TypeError('the line is cut')) : window.line;
		return true;
	})()`, cut))
	return p
}
