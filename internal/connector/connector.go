// Package connector says what a connector is: a named part of the program that
// speaks with one outside system, on behalf of an area's port
// (payment.Gateway, ...). It declares its settings, from which the settings form,
// the storage of secrets and the documentation are drawn, and tells whether the
// other side answers.
//
// A connector is one folder and one line in the program's list. It takes values
// and returns values, and never touches the database.
package connector

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"purser/internal/base/fault"
)

// Connector is what all connectors have in common.
type Connector interface {
	Name() string        // short and stable, as stored: manual, test
	Title() string       // for people
	Settings() []Setting // in the order of the form
	Health(ctx context.Context) error
}

// Kind is the kind of a setting's value.
type Kind string

// The kinds.
const (
	Text   Kind = "text"
	Secret Kind = "secret" // stored encrypted, shown to nobody
	Choice Kind = "choice" // one of Options
	Switch Kind = "switch" // true or false
	Number Kind = "number" // a whole number, zero or more
	URL    Kind = "url"    // http or https
)

// Setting is a value that a connector needs.
type Setting struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Help     string   `json:"help,omitempty"`
	Kind     Kind     `json:"kind"`
	Options  []string `json:"options,omitempty"`
	Default  string   `json:"default,omitempty"`
	Required bool     `json:"required,omitempty"`
}

// Values are settings by name.
type Values map[string]string

// Complete returns values with defaults where there are none. Errors: Invalid
// connector.invalid, with the fields that are missing, wrong or not known.
func Complete(settings []Setting, given Values) (Values, error) {
	f := fault.Fields{}
	complete := Values{}
	for _, s := range settings {
		v := strings.TrimSpace(given[s.Name])
		if v == "" {
			v = s.Default
		}
		if why := s.wrong(v); why != "" {
			f.Add(s.Name, "%s", why)
		}
		complete[s.Name] = v
	}
	for name := range given {
		if _, known := complete[name]; !known {
			f.Add(name, "is no setting of this connector")
		}
	}
	return complete, f.Err("connector.invalid", "The connector cannot work with these settings.")
}

// wrong says what is wrong with a value, or "".
func (s Setting) wrong(v string) string {
	if v == "" {
		if s.Required {
			return "is missing"
		}
		return ""
	}
	switch s.Kind {
	case Choice:
		if !slices.Contains(s.Options, v) {
			return "is none of " + strings.Join(s.Options, ", ")
		}
	case Switch:
		if v != "true" && v != "false" {
			return "is neither true nor false"
		}
	case Number:
		if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < 0 {
			return "is not a whole number"
		}
	case URL:
		if u, err := url.Parse(v); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return "is not an address like https://example.com/"
		}
	}
	return ""
}

// Shown are values without the secrets, for people and logs: of a secret that is
// set, only that it is.
func Shown(settings []Setting, v Values) Values {
	shown := Values{}
	for _, s := range settings {
		shown[s.Name] = v[s.Name]
		if s.Kind == Secret && v[s.Name] != "" {
			shown[s.Name] = "(set)"
		}
	}
	return shown
}

// On tells whether a switch is on.
func (v Values) On(name string) bool { return v[name] == "true" }

// Number is the value of a number, and 0 where there is none.
func (v Values) Number(name string) int64 {
	n, err := strconv.ParseInt(v[name], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
