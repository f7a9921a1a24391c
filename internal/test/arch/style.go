package arch

import (
	"go/ast"
	"slices"
	"strings"
)

// The lengths at which a file or a function fails. The style asks for 500 and 80; the rest is slack for the one
// table or switch that reads best in one piece.
const (
	maxFile     = 600
	maxFunction = 120
)

// Size reports files and functions that are too long. Generated files may be of any length.
func Size(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		for _, file := range p.Files {
			if ast.IsGenerated(file.Syntax) {
				continue
			}
			if n := t.Fset.File(file.Syntax.FileStart).LineCount(); n > maxFile {
				breaches = append(breaches, t.at(file.Syntax.FileStart, "%d lines, more than %d: split the file by topic", n, maxFile))
			}
			for _, decl := range file.Syntax.Decls {
				f, isFunc := decl.(*ast.FuncDecl)
				if !isFunc {
					continue
				}
				if n := t.Fset.Position(f.End()).Line - t.Fset.Position(f.Pos()).Line + 1; n > maxFunction {
					breaches = append(breaches, t.at(f.Pos(), "%s has %d lines, more than %d", f.Name.Name, n, maxFunction))
				}
			}
		}
	}
	return breaches
}

// Docs reports packages that do not say what they are for.
func Docs(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		documented := slices.ContainsFunc(p.Files, func(f *File) bool {
			return f.Syntax.Doc != nil && strings.TrimSpace(f.Syntax.Doc.Text()) != ""
		})
		if !documented {
			breaches = append(breaches, p.Dir+": no package comment says what this package is for")
		}
	}
	return breaches
}

// timeless are layers whose time is the transaction's (tx.Now) or an argument, so that one command has one time and
// a test can set it.
var timeless = []string{"internal/domain", "internal/flow"}

// Clock reports uses of the machine's clock where time comes from the transaction.
func Clock(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		if !slices.ContainsFunc(timeless, func(dir string) bool { return within(p.Dir, dir) }) {
			continue
		}
		for _, file := range p.Files {
			name := importName(file, "time")
			if name == "" {
				continue
			}
			ast.Inspect(file.Syntax, func(n ast.Node) bool {
				selector, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				of, ok := selector.X.(*ast.Ident)
				if ok && of.Name == name && slices.Contains([]string{"Now", "Since", "Until"}, selector.Sel.Name) {
					breaches = append(breaches, t.at(n.Pos(), "time.%s: take the time from the transaction, tx.Now()", selector.Sel.Name))
				}
				return true
			})
		}
	}
	return breaches
}

// importName is the name by which a file calls a package of the standard library, or "".
func importName(file *File, of string) (name string) {
	imports(file, func(imported string, spec *ast.ImportSpec) {
		if imported != of {
			return
		}
		if name = of; spec.Name != nil {
			name = spec.Name.Name
		}
	})
	return name
}
