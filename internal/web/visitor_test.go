package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
	"purser/internal/test/shop"
)

const ownerPassword = "correct horse battery"

// visitor is a browser without scripts.
type visitor struct {
	t      *testing.T
	url    string
	client *http.Client
	agent  string // as a browser says where a form comes from
}

// site serves the back office over a database.
func site(t *testing.T, d *db.DB) (*Server, string) {
	t.Helper()
	s := &Server{DB: d, Log: slog.New(slog.DiscardHandler)}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}

func newVisitor(t *testing.T, url string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, url: url, agent: "same-origin", client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// shown is what a visitor got.
type shown struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (v *visitor) send(method, path string, form url.Values) shown {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", v.agent)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return shown{v.t, answer.StatusCode, answer.Header, string(body)}
}

func (v *visitor) get(path string) shown { v.t.Helper(); return v.send(http.MethodGet, path, nil) }

// post sends a form: names and values in turn.
func (v *visitor) post(path string, pairs ...string) shown {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return v.send(http.MethodPost, path, form)
}

func (v *visitor) signIn(email string) *visitor {
	v.t.Helper()
	v.post("/sign-in", "email", email, "password", ownerPassword).want(http.StatusSeeOther)
	return v
}

func (s shown) want(status int) shown {
	s.t.Helper()
	if s.status != status {
		s.t.Fatalf("status %d, want %d:\n%s", s.status, status, text(s.body))
	}
	return s
}

func (s shown) says(words ...string) shown {
	s.t.Helper()
	for _, w := range words {
		if !strings.Contains(text(s.body), w) {
			s.t.Errorf("the page does not say %q:\n%s", w, text(s.body))
		}
	}
	return s
}

func (s shown) silent(words ...string) shown {
	s.t.Helper()
	for _, w := range words {
		if strings.Contains(text(s.body), w) {
			s.t.Errorf("the page says %q", w)
		}
	}
	return s
}

// to is where the answer leads.
func (s shown) to(path string) shown {
	s.t.Helper()
	if got := s.want(http.StatusSeeOther).header.Get("Location"); got != path {
		s.t.Errorf("leads to %q, not to %q", got, path)
	}
	return s
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	blanks = regexp.MustCompile(`\s+`)
)

// text is a page's text, its blanks as one.
func text(html string) string {
	return strings.TrimSpace(blanks.ReplaceAllString(strings.NewReplacer("&#39;", "'", "&amp;", "&", "&#34;", `"`, "\u00a0", " ").Replace(tags.ReplaceAllString(html, " ")), " "))
}

// open is a shop with its owner at the back office.
func open(t *testing.T, d *db.DB) (*shop.Shop, *visitor) {
	t.Helper()
	s := shop.New(t, d)
	_, url := site(t, d)
	return s, newVisitor(t, url).signIn("owner@example.org")
}

// addUser adds a user with a role, who has the owner's password.
func addUser(t *testing.T, d *db.DB, role auth.Role) string {
	t.Helper()
	email := string(role) + "@roles.example.org"
	ctx := auth.With(t.Context(), auth.System("test"))
	err := d.Write(ctx, func(tx *db.Tx) error {
		_, err := auth.AddUser(ctx, tx, auth.NewUser{Email: email, Name: "Uma User", Role: role, Password: ownerPassword})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return email
}

func each(t *testing.T, test func(t *testing.T, d *db.DB)) { t.Helper(); dbtest.Each(t, test) }

var regexpUndo = regexp.MustCompile(`action="(/(?:orders|stock)/[^"]*/undo[^"]*)"`)

// assetIn finds the address of an asset in a page.
func assetIn(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`"(/static/[^"]*/` + regexp.QuoteMeta(name) + `)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page does not load %s", name)
	}
	return m[1]
}
