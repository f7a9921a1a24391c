package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"purser/internal/base/money"
	"purser/internal/cli"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// TestStories runs every story of testdata on both databases.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories: ", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		commands, err := parse("testdata", name)
		if err != nil {
			t.Error(err)
			continue
		}
		if last := commands[len(commands)-1]; last.verb != "purser" || last.words != "verify" || last.code != 0 {
			t.Errorf("%s: a story ends with purser verify", last.at)
		}
		t.Run(strings.TrimSuffix(name, ".story"), func(t *testing.T) {
			for _, engine := range []string{dbtest.EngineSQLite, dbtest.EnginePostgres} {
				t.Run(engine, func(t *testing.T) { tell(t, dbtest.URL(t, engine), commands) })
			}
		})
	}
}

// teller runs the commands of a story.
type teller struct {
	*shop
	t      *testing.T
	url    string // of the database
	kept   map[string]string
	last   command
	answer []byte // of the last request
	key    string // and its idempotency key
}

// tell runs a story in a database of its own.
func tell(t *testing.T, url string, commands []command) {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	s := &teller{shop: open(t, d), t: t, url: url, kept: map[string]string{}}
	err = d.Write(t.Context(), func(tx *db.Tx) (err error) {
		s.kept["link"], err = auth.NewSetupLink(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if wrong := s.run(c); wrong != "" {
			t.Fatalf("%s (%s): %s", c.at, c.chapter, wrong)
		}
	}
}

// run runs a command, and tells what is wrong.
func (s *teller) run(c command) string {
	switch c.verb {
	case "as":
		s.token = s.fill(c.words)
		return ""
	case "purser":
		return s.purser(c)
	case "again":
		before := s.answer
		if wrong := s.request(s.last, c); wrong != "" {
			return wrong
		}
		if !bytes.Equal(before, s.answer) {
			return fmt.Sprintf("the answer is not the first one:\n%s\n%s", before, s.answer)
		}
		return ""
	case "until":
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			wrong := s.request(c, c)
			if wrong == "" || time.Now().After(deadline) {
				return wrong
			}
		}
	}
	s.calls++
	s.key, s.last = fmt.Sprintf("request-%d", s.calls), c
	return s.request(c, c)
}

// request sends a request and compares the answer with what a command expects.
func (s *teller) request(c, expects command) string {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(s.fill(c.body))
	}
	r, err := http.NewRequestWithContext(s.t.Context(), c.method, s.shop.url+s.fill(c.path), body)
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.token)
	if c.method == http.MethodPost {
		r.Header.Set("Idempotency-Key", s.key)
	}
	for _, h := range c.headers {
		name, value, _ := strings.Cut(s.fill(h), ": ")
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	if s.answer, err = io.ReadAll(answer.Body); err != nil {
		return err.Error()
	}
	if answer.StatusCode != expects.code {
		return fmt.Sprintf("got %d, want %d: %s", answer.StatusCode, expects.code, s.answer)
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(s.answer))
	d.UseNumber()
	if err := d.Decode(&v); err != nil && len(s.answer) > 0 {
		return err.Error()
	}
	for _, w := range expects.wants {
		got, want := show(at(v, s.fill(w.path))), s.fill(w.value)
		switch {
		case w.op == "$":
			if got == "" {
				return fmt.Sprintf("there is no %s in %s", w.path, s.answer)
			}
			s.kept[w.value] = got
		case w.op == "=" && got != want, w.op == "~" && !strings.Contains(got, want), w.op == "!=" && got == want:
			return fmt.Sprintf("%s is %q, expected %s%q\n%s", w.path, got, w.op, want, s.answer)
		}
	}
	return ""
}

// purser runs the program's command line beside the running program.
func (s *teller) purser(c command) string {
	words, err := split(s.fill(c.words))
	if err != nil {
		return err.Error()
	}
	var out, problems bytes.Buffer
	if code := cli.Run(append([]string{"--db", s.url}, words...), &out, &problems); code != c.code {
		return fmt.Sprintf("exit code %d, want %d:\n%s%s", code, c.code, &out, &problems)
	}
	for _, w := range c.wants {
		if want := s.fill(w.value); !strings.Contains(out.String(), want) {
			return fmt.Sprintf("it does not say %q:\n%s", want, &out)
		}
	}
	return ""
}

var variable = regexp.MustCompile(`\$[a-z][a-z0-9_]*`)

// fill puts what was kept in the place of its names.
func (s *teller) fill(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		v, ok := s.kept[name[1:]]
		if !ok {
			s.t.Fatalf("nothing was kept under %s", name)
		}
		return v
	})
}

var step = regexp.MustCompile(`^([^\[]*)(?:\[([^=\]]+)=([^\]]*)\])?$`)

// at follows a path of an answer.
func at(v any, path string) any {
	if path == "." {
		return v
	}
	for _, part := range steps(path) {
		m := step.FindStringSubmatch(part)
		if m == nil {
			return nil
		}
		if m[1] != "" {
			v = child(v, m[1])
		}
		if m[2] != "" {
			v = first(v, m[2], m[3])
		}
	}
	return v
}

// steps splits a path at dots that are not in brackets.
func steps(path string) (parts []string) {
	start, depth := 0, 0
	for i, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == '.' && depth == 0:
			parts, start = append(parts, path[start:i]), i+1
		}
	}
	return append(parts, path[start:])
}

func child(v any, name string) any {
	switch x := v.(type) {
	case map[string]any:
		return x[name]
	case []any:
		if name == "#" {
			return json.Number(strconv.Itoa(len(x)))
		}
		if i, err := strconv.Atoi(name); err == nil && i < len(x) {
			return x[i]
		}
	}
	return nil
}

// first is the first of a list whose field has a value.
func first(v any, field, value string) any {
	list, _ := v.([]any)
	for _, x := range list {
		if show(at(x, field)) == value {
			return x
		}
	}
	return nil
}

// show writes a value as stories do.
func show(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case json.Number:
		return x.String()
	case map[string]any:
		minor, isNumber := x["minor"].(json.Number)
		currency, isText := x["currency"].(string)
		if isNumber && isText && len(x) == 2 {
			if n, err := minor.Int64(); err == nil {
				return money.Of(n, money.Currency(currency)).String()
			}
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// What is wrong with a story is told with its line.
func TestAStoryThatGoesWrong(t *testing.T) {
	s := &teller{t: t, kept: map[string]string{"a": "x"}}
	answer := map[string]any{"total": map[string]any{"minor": json.Number("1250"), "currency": "EUR"}, "lines": []any{
		map[string]any{"sku": "TEA", "n": json.Number("1")}, map[string]any{"sku": "x", "n": json.Number("2"), "ok": true},
	}}
	for path, want := range map[string]string{
		"total": "12.50 EUR", "lines.0.sku": "TEA", "lines[sku=$a].n": "2", "lines[sku=no].n": "", "lines.#": "2", "lines.1.ok": "true", "lines.9": "", "none.at.all": "",
	} {
		if got := show(at(answer, s.fill(path))); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for line, want := range map[string]want{
		`a.b=1`: {"a.b", "=", "1"}, `$x=lines[sku=A].id`: {"lines[sku=A].id", "$", "x"}, `lines[sku=A].n!=2`: {"lines[sku=A].n", "!=", "2"}, `a~b=c`: {"a", "~", "b=c"},
	} {
		if got, err := readWant(line); err != nil || got != want {
			t.Errorf("%s is read as %v: %v", line, got, err)
		}
	}
	if _, err := readWant("nonsense"); err == nil {
		t.Error("nonsense is no expectation")
	}
	if words, err := split(` 200 a="b c" "" `); err != nil || len(words) != 3 || words[1] != "a=b c" {
		t.Errorf("got %q: %v", words, err)
	}
	if _, err := parse("testdata", "none.story"); err == nil {
		t.Error("a story that is not there")
	}
}
