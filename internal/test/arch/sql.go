package arch

import (
	"go/ast"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const migrations = "internal/platform/db/migrations"

var (
	ownerLine   = regexp.MustCompile(`^--\s*owner:\s*(\S+)`)
	createTable = regexp.MustCompile(`^\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)"?`)

	// statement is the beginning of an SQL statement with enough behind it to be none of English.
	statement = regexp.MustCompile(`(?is)\b(SELECT\s.*\sFROM\s|INSERT\s+INTO\s+\w|UPDATE\s+\w+(\s+(AS\s+)?\w+)?\s+SET\s|DELETE\s+FROM\s+\w|CREATE\s+(TABLE|INDEX|UNIQUE\s+INDEX)\s)`)

	// naming finds the names behind the keywords that a table's name follows, also in pieces of statements.
	// Keywords are in capitals, names are not; Owners insists on it.
	naming = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE|USING|TABLE)\s+(?:ONLY\s+)?("?[a-z_][a-z0-9_]*"?(?:(?:\s+(?:AS\s+)?[a-z_][a-z0-9_]*)?\s*,\s*"?[a-z_][a-z0-9_]*"?)*)`)

	// notTables are uses of FROM that no table follows.
	notTables = regexp.MustCompile(`\bDISTINCT\s+FROM\s+\S+|\b(?:EXTRACT|SUBSTRING|TRIM|OVERLAY)\s*\([^()]*\bFROM\b`)

	// common finds the names of common table expressions.
	common = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\s*(?:\([^()]*\))?\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(`)

	// keywords are those of naming, in small letters.
	keywords = regexp.MustCompile(`\b(from|join|into|update|using)\b`)
)

// readers may name every table: they are read models across areas.
var readers = []string{"internal/view", "internal/domain/reporting"}

// exempt do not obey the ownership of tables: they make the schema or test it.
var exempt = []string{"internal/platform/db", helpers}

// withoutSQL are layers that leave SQL to the areas and the views.
var withoutSQL = []string{"internal/flow", "internal/api", "internal/web", "internal/worker", "internal/connector", "internal/base"}

// table is a table of the schema.
type table struct {
	owner string
	place string // file and line of its CREATE TABLE
}

// schema reads the tables and their owners from the migrations. An owner line holds for the tables below it.
func schema(repository fs.FS) (map[string]table, []string, error) {
	files, err := fs.Glob(repository, migrations+"/*.sql")
	if err != nil {
		return nil, nil, err
	}
	tables, breaches := map[string]table{}, []string(nil)
	for _, name := range files {
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return nil, nil, err
		}
		owner, number := "", 0
		for line := range strings.Lines(string(text)) {
			number++
			if m := ownerLine.FindStringSubmatch(line); m != nil {
				owner = m[1]
			}
			m := createTable.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			where := name + ":" + strconv.Itoa(number)
			if owner == "" {
				breaches = append(breaches, where+": table "+m[1]+" has no owner; write `-- owner: PACKAGE` above it")
			}
			tables[m[1]] = table{owner: owner, place: where}
		}
	}
	return tables, breaches, nil
}

// Owners reports SQL that names a table of another package, SQL where there should be none, and owners that are
// not there.
func Owners(t *Tree) ([]string, error) {
	tables, breaches, err := schema(t.FS)
	if err != nil {
		return nil, err
	}
	packages := map[string]bool{}
	for _, p := range t.Packages {
		packages[owner(p.Dir)] = true
		if slices.ContainsFunc(exempt, func(dir string) bool { return within(p.Dir, dir) }) {
			continue
		}
		for _, file := range p.Files {
			literals(file.Syntax, func(pos token.Pos, text string) {
				breaches = append(breaches, t.checkSQL(p.Dir, pos, text, tables)...)
			})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if tab := tables[name]; tab.owner != "" && !packages[tab.owner] {
			breaches = append(breaches, tab.place+": table "+name+" belongs to "+tab.owner+", and there is no such package")
			packages[tab.owner] = true // Once is enough.
		}
	}
	return breaches, nil
}

// checkSQL checks one string of a package, a whole statement or a piece of one.
func (t *Tree) checkSQL(dir string, pos token.Pos, text string, tables map[string]table) (breaches []string) {
	if found := statement.FindString(text); found != "" {
		keyword, _, _ := strings.Cut(strings.TrimSpace(found), " ")
		isSQL := keyword == strings.ToUpper(keyword)
		if !isSQL && small(text, tables) {
			return []string{t.at(pos, "write SQL keywords in capitals, so that people and this test can tell them from names")}
		}
		if isSQL && slices.ContainsFunc(withoutSQL, func(d string) bool { return within(dir, d) }) {
			breaches = append(breaches, t.at(pos, "no SQL here: it belongs to an area or to a view"))
		}
	}
	if slices.ContainsFunc(readers, func(d string) bool { return within(dir, d) }) {
		return breaches
	}
	for _, name := range named(text) {
		if tab, known := tables[name]; known && tab.owner != owner(dir) {
			breaches = append(breaches, t.at(pos, "names table %s, which belongs to %s (%s)", name, tab.owner, tab.place))
		}
	}
	return breaches
}

// small tells a statement in small letters from an English sentence: it begins with a small letter and names a
// table.
func small(text string, tables map[string]table) bool {
	if first := strings.TrimSpace(text)[0]; first < 'a' || first > 'z' {
		return false
	}
	names := named(keywords.ReplaceAllStringFunc(text, strings.ToUpper))
	return slices.ContainsFunc(names, func(name string) bool { _, known := tables[name]; return known })
}

// named lists the tables that an SQL text names, less its common table expressions.
func named(text string) (names []string) {
	own := map[string]bool{}
	for _, m := range common.FindAllStringSubmatch(text, -1) {
		own[m[1]] = true
	}
	for _, m := range naming.FindAllStringSubmatch(notTables.ReplaceAllString(text, ""), -1) {
		for item := range strings.SplitSeq(m[1], ",") {
			name := strings.Trim(strings.Fields(item)[0], `"`)
			if !own[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// owner is the name under which migrations know a package: its unit's last element.
func owner(dir string) string {
	_, unit, _ := place(dir)
	return path.Base(unit)
}

// literals calls see for every string below a node, with pieces joined by + as one string.
func literals(node ast.Node, see func(token.Pos, string)) {
	ast.Inspect(node, func(n ast.Node) bool {
		expr, isExpr := n.(ast.Expr)
		if !isExpr {
			_, isImport := n.(*ast.ImportSpec)
			return !isImport
		}
		text, others, ok := joined(expr)
		if !ok {
			return true
		}
		see(expr.Pos(), text)
		for _, other := range others {
			literals(other, see)
		}
		return false
	})
}

// joined is the text of a string literal or of a sum with one in it. What is no literal in a sum, others, stands in
// the text as a question mark, like a value.
func joined(expr ast.Expr) (text string, others []ast.Expr, ok bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", nil, false
		}
		text, err := strconv.Unquote(e.Value)
		return text, nil, err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", nil, false
		}
		for _, side := range []ast.Expr{e.X, e.Y} {
			part, inner, isText := joined(side)
			if !isText {
				part, inner = "?", []ast.Expr{side}
			}
			text, others, ok = text+part, append(others, inner...), ok || isText
		}
		return text, others, ok
	}
	return "", nil, false
}
