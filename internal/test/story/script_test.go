package story

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// command is a command of a story, with what it must answer.
type command struct {
	at      string // file:line
	chapter string
	verb    string // request, until, again, as, purser
	words   string // of as and purser
	method  string
	path    string
	headers []string
	body    string
	code    int // HTTP status or exit code
	wants   []want
}

// want is something expected of an answer, or kept of it.
type want struct {
	path, op, value string // op: = ~ != or $ to keep the value under a name
}

var (
	requestLine = regexp.MustCompile(`^(until )?(GET|POST|PUT|PATCH|DELETE) (\S+)(.*)$`)
	headerLine  = regexp.MustCompile(`^[A-Z][A-Za-z-]+: `)
)

// parse reads the commands of a story, those of files that it includes among them.
func parse(dir, file string) ([]command, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	var all []command
	chapter := ""
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t")
		at := fmt.Sprintf("%s:%d", file, i+1)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			chapter = title
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if other, ok := strings.CutPrefix(line, "include "); ok {
			more, err := parse(dir, other)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
			all = append(all, more...)
			continue
		}
		c := command{at: at, chapter: chapter}
		var body []string
		for i++; i < len(lines) && line != "" && !strings.HasPrefix(lines[i], "=>"); i++ {
			if c.needsNoAnswer(line) {
				break
			}
			body = append(body, lines[i])
		}
		if err := c.read(line, body); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		if c.verb == "as" {
			i--
			all = append(all, c)
			continue
		}
		if i == len(lines) {
			return nil, fmt.Errorf("%s: it is not said what this must answer", at)
		}
		answer := strings.TrimPrefix(lines[i], "=>")
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t") {
			i++
			answer += " " + strings.TrimSpace(lines[i])
		}
		if err := c.expect(answer); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (c *command) needsNoAnswer(line string) bool { return strings.HasPrefix(line, "as ") }

// read reads the part of a command in front of its answer.
func (c *command) read(line string, body []string) error {
	switch word, rest, _ := strings.Cut(line, " "); word {
	case "as", "purser":
		c.verb, c.words = word, rest
		return nil
	case "again":
		c.verb = word
		return nil
	}
	m := requestLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("%q is no command", line)
	}
	c.verb, c.method, c.path = "request", m[2], m[3]
	if m[1] != "" {
		c.verb = "until"
	}
	for len(body) > 0 && headerLine.MatchString(body[0]) {
		c.headers, body = append(c.headers, body[0]), body[1:]
	}
	c.body = strings.TrimSpace(m[4] + "\n" + strings.Join(body, "\n"))
	return nil
}

// expect reads the part of a command behind =>.
func (c *command) expect(answer string) (err error) {
	words, err := split(answer)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return fmt.Errorf("there is no status behind =>")
	}
	if c.code, err = strconv.Atoi(words[0]); err != nil {
		return fmt.Errorf("%q is no status", words[0])
	}
	for _, w := range words[1:] {
		if c.verb == "purser" {
			c.wants = append(c.wants, want{op: "~", value: w})
			continue
		}
		x, err := readWant(w)
		if err != nil {
			return err
		}
		c.wants = append(c.wants, x)
	}
	return nil
}

func readWant(w string) (want, error) {
	depth := 0
	for i, r := range w {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth > 0 || i == 0:
		case r == '=' && strings.HasPrefix(w, "$"):
			return want{path: w[i+1:], op: "$", value: w[1:i]}, nil
		case r == '!' && strings.HasPrefix(w[i:], "!="):
			return want{path: w[:i], op: "!=", value: w[i+2:]}, nil
		case r == '=' || r == '~':
			return want{path: w[:i], op: string(r), value: w[i+1:]}, nil
		}
	}
	return want{}, fmt.Errorf("%q expects nothing: write path=value, path~value or $name=path", w)
}

// split splits words at blanks that are not between quotes, and takes the quotes off.
func split(s string) (words []string, err error) {
	var word strings.Builder
	quoted, any := false, false
	for _, r := range s {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case (r == ' ' || r == '\t') && !quoted:
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if any {
		words = append(words, word.String())
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed in %q", s)
	}
	return words, nil
}
