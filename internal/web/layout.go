package web

import (
	"strings"

	"purser/internal/base/fault"
	"purser/internal/platform/auth"
)

// entry is a line of the menu.
type entry struct {
	name, icon, path string
	key              string // g and a letter
	permission       auth.Permission
}

type menuGroup struct {
	name    string
	entries []entry
}

var menus = []menuGroup{
	{"", []entry{
		{"Home", "house", "/", "g h", ""},
		{"Orders", "shopping-cart", "/orders", "g o", auth.OrderRead},
		{"Stock", "boxes", "/stock", "g s", auth.StockRead},
	}},
}

// menu is what the one who asks may see of it.
func (v *visit) menu() (shown []menuGroup) {
	for _, g := range menus {
		seen := menuGroup{name: g.name}
		for _, e := range g.entries {
			if e.permission == "" || v.may(e.permission) {
				seen.entries = append(seen.entries, e)
			}
		}
		if len(seen.entries) > 0 {
			shown = append(shown, seen)
		}
	}
	return shown
}

// current marks the entry that the page belongs to.
func (e entry) current(v *visit) string {
	path := v.r.URL.Path
	if path == e.path || e.path != "/" && strings.HasPrefix(path, e.path+"/") {
		return "page"
	}
	return "false"
}

// initials are the first letters of the first and the last name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])[:1]
	if len(words) > 1 {
		first = append(first, []rune(words[len(words)-1])[0])
	}
	return strings.ToUpper(string(first))
}

func problemTitle(f *fault.Error) string {
	switch f.Kind {
	case fault.NotFound:
		return "Nothing here"
	case fault.Forbidden, fault.Unauthenticated:
		return "Not allowed"
	case fault.Unavailable, fault.Upstream:
		return "Not reachable"
	case fault.TooMany:
		return "Too many tries"
	case fault.Internal:
		return "Something went wrong"
	}
	return "That did not work"
}

func problemIcon(f *fault.Error) string {
	if f.Kind == fault.NotFound {
		return "anchor"
	}
	return "circle-alert"
}
