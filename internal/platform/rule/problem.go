package rule

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"purser/internal/base/fault"
	"purser/internal/base/text"
)

// Problem is a mistake in a condition, and where it is, counted from 1.
type Problem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// bad is the fault of a condition with mistakes.
func bad(problems ...Problem) error {
	p := problems[0]
	return fault.New(fault.Invalid, "rule.bad_condition", "The condition cannot be used: line %d, column %d: %s.", p.Line, p.Column, p.Message).With(problems)
}

// maxProblems is how many mistakes are told at once: one often makes many.
const maxProblems = 5

// misread turns what CEL found into sentences for the one who wrote it.
func (l *Language[T]) misread(issues *cel.Issues) error {
	var problems []Problem
	for _, e := range issues.Errors() {
		problems = append(problems, Problem{e.Location.Line(), e.Location.Column() + 1, l.sentence(e.Message)})
		if len(problems) == maxProblems {
			break
		}
	}
	return bad(problems...)
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	undefined  = regexp.MustCompile(`^undefined field '([^']*)'`)
	overload   = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	operator   = regexp.MustCompile(`^_?(\S+?)_?$`)
)

// sentence puts a message of CEL into words.
func (l *Language[T]) sentence(m string) string {
	if s := undeclared.FindStringSubmatch(m); s != nil {
		return fmt.Sprintf("nothing is called %q here%s; known are %s (texts stand in quotes)", s[1], l.nearest(s[1]), l.names())
	}
	if s := undefined.FindStringSubmatch(m); s != nil {
		return fmt.Sprintf("there is no field %q%s", s[1], l.nearest(s[1]))
	}
	if s := overload.FindStringSubmatch(m); s != nil {
		return mismatch(s[1], s[2])
	}
	if rest, ok := strings.CutPrefix(m, "Syntax error: "); ok {
		if strings.HasPrefix(rest, "mismatched input '<EOF>'") || strings.Contains(rest, "at '<EOF>'") {
			return "the condition ends too early: something is missing at the end"
		}
		return "it cannot be read here: " + rest
	}
	return m
}

// mismatch says that an operator or function does not fit what it is given.
func mismatch(function, arguments string) string {
	name := operator.FindStringSubmatch(function)[1]
	target, rest, method := strings.Cut(arguments, ".(")
	if !method {
		rest = strings.TrimPrefix(arguments, "(")
	}
	var args []string
	for _, a := range strings.Split(strings.TrimSuffix(rest, ")"), ", ") {
		args = append(args, typeName(a))
	}
	if method {
		return fmt.Sprintf("%s cannot be asked of %s with %s", name, typeName(target), strings.Join(args, " and "))
	}
	s := fmt.Sprintf("%s does not work with %s", name, strings.Join(args, " and "))
	if slices.Contains(args, typeName("int")) && slices.Contains(args, typeName("double")) {
		s += ": amounts are whole minor units; write minor(129.50, order.currency) or 12950"
	}
	return s
}

// typeName is what a clerk calls a type.
func typeName(t string) string {
	switch t {
	case "int", "uint":
		return "a whole number"
	case "double":
		return "a decimal number"
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "google.protobuf.Timestamp", "timestamp":
		return "a time"
	case "google.protobuf.Duration", "duration":
		return "a length of time"
	}
	switch {
	case strings.HasPrefix(t, "list("):
		return "a list"
	case strings.HasPrefix(t, "map("):
		return "a map"
	}
	return "a " + t[strings.LastIndex(t, ".")+1:]
}

// names are the variables, for a message.
func (l *Language[T]) names() string {
	names := make([]string, len(l.variables))
	for i, v := range l.variables {
		names[i] = v.name
	}
	return strings.Join(names, ", ")
}

// nearest suggests what a misspelled name may have meant.
func (l *Language[T]) nearest(name string) string {
	all := map[string]bool{}
	for _, v := range l.variables {
		all[v.name] = true
		fieldNames(v.typ, all)
	}
	best, distance := "", 3
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if d := text.Distance(name, n); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

func fieldNames(t reflect.Type, into map[string]bool) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if structsOf(t) == nil {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		if n := f.Tag.Get("rule"); n != "" && n != "-" {
			into[n] = true
			fieldNames(f.Type, into)
		}
	}
}

// Term is something that a condition may name, for help and editors.
type Term struct {
	Name string `json:"name" doc:"As it is written: order.total, or lines[].sku for a field of a list's items."`
	Type string `json:"type"`
	Doc  string `json:"doc,omitempty"`
}

// Terms lists all that conditions of the language may name.
func (l *Language[T]) Terms() []Term {
	var out []Term
	t := reflect.TypeFor[T]()
	for _, v := range l.variables {
		out = appendTerms(out, v.name, t.FieldByIndex(v.index))
	}
	return out
}

func appendTerms(out []Term, name string, f reflect.StructField) []Term {
	t, err := typeOf(f.Type)
	if err != nil {
		return out
	}
	inner := f.Type
	for inner.Kind() == reflect.Slice {
		inner, name = inner.Elem(), name+"[]"
	}
	if structsOf(inner) == nil || inner.Kind() == reflect.Map {
		return append(out, Term{strings.TrimSuffix(name, "[]"), t.String(), f.Tag.Get("doc")})
	}
	for _, field := range reflect.VisibleFields(inner) {
		if n := field.Tag.Get("rule"); n != "" && n != "-" {
			out = appendTerms(out, name+"."+n, field)
		}
	}
	return out
}
