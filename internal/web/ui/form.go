package ui

import (
	"net/url"

	"purser/internal/base/fault"
)

// Form is what was typed into a form that came back, and what is wrong with it.
// The zero Form is one that nobody has sent yet.
type Form struct {
	ID    string // told apart from other forms of the page by it
	Typed url.Values
	Fault *fault.Error
}

// id names a part of the form in the page.
func (f Form) id(name string) string {
	if f.ID == "" {
		return name
	}
	return f.ID + "-" + name
}

// Value is what was typed into a field, or fallback where nothing was sent yet.
func (f Form) Value(name, fallback string) string {
	if f.Typed == nil {
		return fallback
	}
	return f.Typed.Get(name)
}

// Checked tells whether a box is ticked: as it was sent, else as fallback says.
func (f Form) Checked(name, value string, fallback bool) bool {
	if f.Typed == nil {
		return fallback
	}
	for _, v := range f.Typed[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Wrong says what is wrong with a field, "" if nothing is.
func (f Form) Wrong(name string) string {
	if f.Fault == nil {
		return ""
	}
	return f.Fault.Fields[name]
}

// Input is a field that is typed into.
type Input struct {
	Name         string
	Label        string
	Type         string // as in HTML; "" is text
	Value        string // before anything was sent
	Hint         string
	Placeholder  string
	Autocomplete string
	Key          string // shortcut that goes there
	List         string // id of a datalist
	Required     bool
	Focus        bool
	Min, Max     string
	Step         string
	Wide         bool // takes the whole row
}

// Choice is one option of a Select.
type Choice struct {
	Value string
	Label string
}

// Choices makes options of values whose labels are their own words.
func Choices[T ~string](values ...T) []Choice {
	out := make([]Choice, len(values))
	for i, v := range values {
		out[i] = Choice{string(v), Words(v)}
	}
	return out
}
