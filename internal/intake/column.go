package intake

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/text"
)

// columns are the positions of a file's columns by name. Names are compared
// without regard to case, accents, and the kind of blank: Unit price is
// unit_price.
type columns struct {
	names   []string
	at      map[string]int
	doubled map[string]bool
}

func index(header []string) columns {
	c := columns{names: header, at: make(map[string]int, len(header)), doubled: map[string]bool{}}
	for i, name := range header {
		key := columnKey(name)
		if _, there := c.at[key]; there {
			c.doubled[key] = true
			continue
		}
		c.at[key] = i
	}
	return c
}

func columnKey(name string) string {
	return text.Fold(strings.NewReplacer("_", " ", "-", " ").Replace(name))
}

// find is the position of the first of the names that the file has, or -1.
func (c columns) find(names ...string) int {
	for _, name := range names {
		if i, ok := c.at[columnKey(name)]; ok {
			return i
		}
	}
	return -1
}

// missing lists those of the names that the file lacks.
func (c columns) missing(names []string) []string {
	var out []string
	for _, name := range names {
		if c.find(name) < 0 {
			out = append(out, name)
		}
	}
	return out
}

// check is a fault unless the file has all the columns, each once. It names what
// is missing, with the columns of the file that look like it.
func (c columns) check(names []string) error {
	fields := fault.Fields{}
	for _, name := range names {
		switch {
		case c.find(name) < 0:
			if near := c.near(name); len(near) > 0 {
				fields.Add(name, "is missing; is it %s?", strings.Join(near, " or "))
				continue
			}
			fields.Add(name, "is missing")
		case c.doubled[columnKey(name)]:
			fields.Add(name, "is there twice")
		}
	}
	if len(fields) == 0 {
		return nil
	}
	var remarks []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		remarks = append(remarks, fmt.Sprintf("%q %s", name, fields[name]))
	}
	return fields.Err("import.wrong_columns", fmt.Sprintf("The columns do not fit: %s. The file has the columns %s.",
		strings.Join(remarks, "; "), list(c.names)))
}

// near lists up to three columns whose names look like name, nearest first.
func (c columns) near(name string) []string { return near(name, c.names) }

// near lists up to three of the candidates that look like name, nearest first:
// few letters differ, or one contains the other.
func near(name string, candidates []string) []string {
	type match struct {
		name string
		far  int
	}
	var found []match
	key := columnKey(name)
	for _, candidate := range candidates {
		other := columnKey(candidate)
		if other == "" || len(other) > 100 {
			continue
		}
		far := text.Distance(key, other)
		switch {
		case far <= max(len(key), len(other))/3:
			found = append(found, match{candidate, far})
		case len(other) > 2 && len(key) > 2 && (strings.Contains(key, other) || strings.Contains(other, key)):
			found = append(found, match{candidate, 100 + far})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return a.far - b.far })
	var names []string
	for _, m := range found[:min(3, len(found))] {
		names = append(names, m.name)
	}
	return names
}

func plural(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}
