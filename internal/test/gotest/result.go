package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json` and `go help buildjson`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// result counts tests, a subtest as a test, and as a failed test also a package that failed by itself.
type result struct {
	Passed, Failed int
	LeftOut        []leftOut
}

type leftOut struct{ Test, Why string }

// read prints the events for a person as they come and adds them up. A test's output is kept until the test
// ends and is shown when it failed.
func read(events io.Reader, out io.Writer) (result, error) {
	var r result
	pending := map[string]*outputs{} // by package
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintf(out, "%s\n", lines.Bytes()) // Not an event: go test's own words.
			continue
		}
		if e.Action == "build-output" {
			fmt.Fprint(out, e.Output)
			continue
		}
		p := pending[e.Package]
		if p == nil {
			p = &outputs{}
			pending[e.Package] = p
		}
		switch e.Action {
		case "output":
			if !noise(e.Output) {
				p.add(e.Test, e.Output)
			}
		case "pass", "fail", "skip":
			r.end(e, p, out)
		}
	}
	return r, lines.Err()
}

// end books the end of a test or, with no Test, of a package.
func (r *result) end(e event, p *outputs, out io.Writer) {
	if e.Test == "" {
		r.endPackage(e, p, out)
		return
	}
	text := p.take(e.Test)
	switch e.Action {
	case "pass":
		r.Passed++
	case "fail":
		r.Failed++
		p.failed = true
		fmt.Fprint(out, text)
	case "skip":
		r.LeftOut = append(r.LeftOut, leftOut{Test: e.Package + " " + e.Test, Why: reason(text)})
	}
}

func (r *result) endPackage(e event, p *outputs, out io.Writer) {
	if e.Action == "skip" {
		return // It has no tests.
	}
	failed := e.Action == "fail"
	if failed && !p.failed {
		r.Failed++ // It did not build, or a test ended the process.
	}
	// A test whose output is still here has no end of its own: it panicked, ran out of time or exited.
	fmt.Fprint(out, p.rest(failed))
}

func (r result) print(out io.Writer) {
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(out, "\n%s\nLEFT OUT, did not run on this machine: %d.\n", strings.Repeat("=", 72), len(r.LeftOut))
		for _, l := range r.LeftOut {
			fmt.Fprintf(out, "  %s\n      %s\n", l.Test, l.Why)
		}
		fmt.Fprintln(out, strings.Repeat("=", 72))
	}
	fmt.Fprintf(out, "\ntests: %d passed, %d failed, %d skipped\n", r.Passed, r.Failed, len(r.LeftOut))
}

// reason finds what a skipped test said: its output less go test's own lines.
func reason(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "--- ") {
			continue
		}
		if _, why, found := strings.Cut(line, "LEFT OUT: "); found {
			return why
		}
		return line
	}
	return "it does not say why"
}

// outputs keeps the output of one package's running tests in the order of their first lines.
type outputs struct {
	order  []string
	text   map[string]*strings.Builder
	failed bool // a test of the package has failed
}

func (o *outputs) add(test, text string) {
	if o.text == nil {
		o.text = map[string]*strings.Builder{}
	}
	b := o.text[test]
	if b == nil {
		b = &strings.Builder{}
		o.text[test] = b
		o.order = append(o.order, test)
	}
	b.WriteString(text)
}

func (o *outputs) take(test string) string {
	b := o.text[test]
	if b == nil {
		return ""
	}
	delete(o.text, test)
	return b.String()
}

// rest is what the package itself said, after what tests without an end said if that is wanted.
func (o *outputs) rest(tests bool) string {
	var b strings.Builder
	for _, test := range o.order {
		if test == "" {
			continue
		}
		if text := o.take(test); tests {
			b.WriteString(text)
		}
	}
	b.WriteString(o.take(""))
	return b.String()
}

// noise is what go test says only in JSON and with -v.
func noise(line string) bool {
	switch {
	case line == "PASS\n",
		strings.HasPrefix(line, "=== RUN "), strings.HasPrefix(line, "=== PAUSE "),
		strings.HasPrefix(line, "=== CONT "), strings.HasPrefix(line, "=== NAME "):
		return true
	}
	return false
}
