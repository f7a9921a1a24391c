package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

const (
	sessionCookie = "purser_session"
	wordCookie    = "purser_word"
)

func sessionToken(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie for this site alone, out of reach of scripts. It lives
// as long as the browser.
func setCookie(v *visit, name, value string, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: v.r.TLS != nil || strings.EqualFold(v.r.Header.Get("X-Forwarded-Proto"), "https"),
	})
}

// word is what is said once, on the page that follows an action.
type word struct {
	Say  string `json:"say"`
	Undo string `json:"undo,omitempty"` // path of what undoes it
}

func say(v *visit, text, undo string) {
	if text == "" {
		return
	}
	b, err := json.Marshal(word{text, undo})
	if err != nil {
		return // it is two strings
	}
	setCookie(v, wordCookie, base64.RawURLEncoding.EncodeToString(b), 60)
}

// heard takes what is to be said on this page.
func heard(v *visit) (w word) {
	c, err := v.r.Cookie(wordCookie)
	if err != nil {
		return w
	}
	setCookie(v, wordCookie, "", -1)
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(b, &w) != nil || strings.HasPrefix(w.Undo, "//") {
		return word{}
	}
	return w
}
