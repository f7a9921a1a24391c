package journey

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"purser/internal/app"
	"purser/internal/domain/order"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/browser"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// serve starts the program's two doors over a database.
func serve(t *testing.T, d *db.DB) string {
	t.Helper()
	a, err := app.New(d, app.Config{Log: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

// open is a shop, and its owner at the back office.
func open(t *testing.T, d *db.DB) (*shop.Shop, *browser.Page) {
	t.Helper()
	s := shop.New(t, d)
	p := browser.Open(t, serve(t, d)).Size(1440, 900)
	p.Visit("/sign-in").Fill("E-mail address", "owner@example.org").Fill("Password", "correct horse battery").Click("Sign in").At("/")
	return s, p
}

func path(o *order.Order) string { return "/orders/" + o.ID.String() }

func TestFromSetUpToTheFirstPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var token string
		if err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			token, err = auth.NewSetupLink(t.Context(), tx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p := browser.Open(t, serve(t, d)).Size(1440, 900).Visit("/set-up?token=" + token).Accessible()
		for _, f := range [][2]string{
			{"Street and number", "Kastanienallee 1"}, {"Postal code", "10435"}, {"City", "Berlin"},
			{"Your name", "Olga Owner"}, {"E-mail address", "olga@example.org"}, {"Password", "correct horse battery"},
		} {
			p.Fill(f[0], f[1])
		}
		browser.Value[bool](p, `(document.querySelector('[name=name]').value = 'Tea & Mugs', document.querySelector('[name=base_currency]').value = 'XXY', true)`)
		p.Click("Set up and sign in").Says("is not an ISO 4217 currency code").Accessible()
		if typed := browser.Value[string](p, `document.querySelector('[name=line1]').value`); typed != "Kastanienallee 1" {
			t.Errorf("what was typed is lost: %q", typed)
		}
		p.Fill("Currency of the books", "EUR").Fill("Password", "correct horse battery").Click("Set up and sign in").At("/").Says("Welcome aboard").Accessible()
		p.Click("Orders").At("/orders").Says("No orders yet").Accessible()
	})
}

// A clerk holds three of many orders with the keyboard alone.
func TestClerkWorksThroughTheListByKeyboard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := open(t, d)
		for range 12 {
			s.Place(shop.Of("TEA", 1))
		}
		s.Receive("MUG", shop.Berlin, 5)
		mug := s.Place(shop.Of("MUG", 1))
		p.Press("g", "o").At("/orders").Says("13 rows")
		p.Press("j", "x", "j", "j", "x").Until(`document.querySelector('[data-count]').textContent === '2'`)
		p.Click("Hold").Says("2 orders put on hold.").Ready().Accessible()
		p.Press("f", "mug").Until(`document.querySelectorAll('tbody tr').length === 1`).Says(fmt.Sprint(mug.Number))
		p.Until(`document.activeElement.name === 'q' && document.activeElement.value === 'mug' && location.search.includes('q=mug')`)
		p.Press(kb.Escape, "j", kb.Enter).At(path(mug)).Says("1 reserved").Accessible()
		p.Press("/", "byron", kb.Enter).At("/orders").Says("13 rows")
	})
}

func TestOrderIsHeldReleasedCancelledAndCancelledNoMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := open(t, d)
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 3))
		p.Visit(path(o)).Click("Hold").Fill("Note", "Wait for Ada").Accessible().Click("Hold").Says("On hold: Manual.").Says("Wait for Ada")
		if s.Order(o).ActiveHolds != 1 {
			t.Error("it is not held")
		}
		p.Click("Release").Says("The hold is released.")
		p.Click("Cancel").Click("Cancel it").Says("What had not left is cancelled.").Accessible()
		if got := s.Order(o); got.Status != order.StatusCancelled {
			t.Errorf("it is %s", got.Status)
		}
		p.Click("Undo").Says("It is undone.")
		if got := s.Order(o); got.Status != order.StatusOpen || got.Lines[0].Allocated != 3 {
			t.Errorf("it is %s with %d reserved", got.Status, got.Lines[0].Allocated)
		}
		p.Fill("New note", "Call before noon").Click("Keep the note").Says("The note is kept.")
		p.Until(`document.querySelector('[name=body]').value === ''`)
	})
}

// A scanned barcode opens the article; what somebody has seen is booked and undone.
func TestArticleIsScannedAndAdjusted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := open(t, d)
		s.Receive("MUG", shop.Berlin, 5)
		p.Press("/", "MUG", kb.Enter).At("/stock/" + s.Variant("MUG").String()).Says("Why 5 on hand?")
		p.Click("Adjust").Fill("Units", "-2").Fill("Why", "broken").Accessible().Click("Book it").Says("Why 3 on hand?")
		p.Click("Undo").Says("Why 5 on hand?").Says("The adjustment is undone.")
	})
}

// The line is cut while a note is sent: the page says so, and the note is still
// there to be sent when the line is back.
func TestCutLineLosesNothingTyped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := open(t, d)
		o := s.Place(shop.Of("TEA", 1))
		p.Visit(path(o)).Fill("New note", "Call before noon").Offline(true).Click("Keep the note").Says("Nothing is lost")
		p.Until(`document.querySelector('[name=body]').value === 'Call before noon'`)
		p.Offline(false).Click("Keep the note").Says("The note is kept.")
	})
}

func TestPagesAreForEverybody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, p := open(t, d)
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2), shop.Of("SET", 1), shop.Of("TEA", 30))
		s.Hold(o, order.Hold{Reason: order.HoldManual})
		late := s.Place(shop.Of("MUG", 1))
		s.Ship(late)
		for _, dark := range []bool{false, true} {
			for _, width := range []int64{1440, 360} {
				p.Size(width, 800).Dark(dark)
				for _, at := range []string{"/", "/orders", "/orders?view=held", path(o), path(late), "/stock", "/stock/" + s.Variant("TEA").String(), "/profile", "/design", "/nothing"} {
					p.Visit(at).Accessible()
					if wide := browser.Value[int](p, `document.documentElement.scrollWidth`); int64(wide) > width {
						t.Errorf("%s is %d wide in a window of %d", at, wide, width)
					}
				}
			}
		}
	})
}
