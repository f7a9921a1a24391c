// Package arch checks that the code keeps the rules that ARCHITECTURE.md draws: which layer may import which,
// which package's SQL may name which table, where time and SQL may not be, how long a file may get, and that every
// package says what it is for. Its test runs the rules over the repository.
//
// The rules read source text alone, so they also hold for files that this machine does not build.
package arch

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Module is the module's path, the beginning of every import of its own packages.
const Module = "purser"

// Tree is the repository's Go source without its tests.
type Tree struct {
	FS       fs.FS
	Fset     *token.FileSet
	Packages []*Package // by folder
}

// Package is a folder of Go files.
type Package struct {
	Dir   string // from the repository's top, such as internal/domain/order
	Files []*File
}

// File is a Go file that is no test.
type File struct {
	Path   string
	Syntax *ast.File
	// Tool marks a file that is only run by hand or by go generate: it has the build constraint
	// "generate", which go mod tidy looks into, unlike "ignore".
	Tool bool
}

// Load parses the Go files of a repository.
func Load(repository fs.FS) (*Tree, error) {
	t := &Tree{FS: repository, Fset: token.NewFileSet()}
	packages := map[string]*Package{}
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if hidden := strings.HasPrefix(entry.Name(), ".") && name != "."; hidden || entry.Name() == "testdata" || name == "bin" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := t.parse(name)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if packages[dir] == nil {
			packages[dir] = &Package{Dir: dir}
		}
		packages[dir].Files = append(packages[dir].Files, file)
		return nil
	})
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		t.Packages = append(t.Packages, packages[dir])
	}
	return t, err
}

func (t *Tree) parse(name string) (*File, error) {
	source, err := fs.ReadFile(t.FS, name)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(t.Fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	file := &File{Path: name, Syntax: syntax}
	for _, group := range syntax.Comments {
		for _, comment := range group.List {
			if group.Pos() < syntax.Package && constraint.IsGoBuild(comment.Text) {
				expr, err := constraint.Parse(comment.Text)
				file.Tool = err == nil && expr.String() == "generate"
			}
		}
	}
	return file, nil
}

// imports calls see for every import of a file.
func imports(file *File, see func(path string, spec *ast.ImportSpec)) {
	for _, spec := range file.Syntax.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil {
			see(imported, spec)
		}
	}
}

// at describes a breach of a rule with its place.
func (t *Tree) at(pos token.Pos, format string, args ...any) string {
	p := t.Fset.Position(pos)
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// within tells whether a folder is another one or lies in it.
func within(dir, parent string) bool {
	return dir == parent || strings.HasPrefix(dir, parent+"/")
}
