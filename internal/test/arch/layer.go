package arch

import (
	"go/ast"
	"path"
	"strings"
)

// layer is a level of the program. A package may import packages of lower layers, packages of its own unit, and,
// where the layer says so, its neighbors.
type layer struct {
	folder    string // internal/domain covers all folders below it
	height    int
	units     bool // each folder directly below is a unit; otherwise the layer is one unit
	neighbors bool // units may import each other
}

// layers follow the import rule: cmd → cli → app → {api web worker connector/V} → {flow view connector} →
// domain/* → platform/* → base/*. The longest folder that fits counts.
var layers = []layer{
	{folder: "cmd", height: 8, units: true},
	{folder: "internal/cli", height: 7},
	{folder: "internal/app", height: 6},
	{folder: "internal/api", height: 5},
	{folder: "internal/web", height: 5},
	{folder: "internal/worker", height: 5},
	{folder: vendors, height: 5, units: true},
	{folder: "internal/demo", height: 5},   // calls flows as a door does
	{folder: "internal/intake", height: 5}, // the door of files
	{folder: "internal/flow", height: 4},
	{folder: "internal/view", height: 4},
	{folder: "internal/connector", height: 4},
	{folder: "internal/domain", height: 3, units: true},
	{folder: "internal/platform", height: 2, units: true, neighbors: true},
	{folder: "internal/base", height: 1, units: true, neighbors: true},
}

const (
	vendors = "internal/connector/*"
	helpers = "internal/test"
	base    = "internal/base"
)

// outside are packages that reach outside the process; base has none of them.
var outside = map[string]bool{
	"database/sql": true, "io/ioutil": true, "net": true, "net/http": true, "os": true, "os/exec": true, "syscall": true,
}

// place finds a package's layer and its unit, the folder whose packages may always import each other.
func place(dir string) (l layer, unit string, ok bool) {
	for _, candidate := range layers {
		folder, isVendor := strings.CutSuffix(candidate.folder, "/*")
		if !within(dir, folder) || isVendor && dir == folder || len(candidate.folder) < len(l.folder) {
			continue
		}
		l, unit, ok = candidate, folder, true
		if rest := strings.TrimPrefix(dir, folder+"/"); l.units && rest != dir {
			first, _, _ := strings.Cut(rest, "/")
			unit = path.Join(folder, first)
		}
	}
	return l, unit, ok
}

// Imports reports imports that go up, sideways, or out where they may not. Helpers of tests may import
// everything and are imported by tests alone.
func Imports(t *Tree) (breaches []string) {
	for _, p := range t.Packages {
		if within(p.Dir, helpers) {
			continue
		}
		from, unit, ok := place(p.Dir)
		if !ok {
			breaches = append(breaches, p.Dir+": this package has no layer; give it one in internal/test/arch/layer.go or move it")
			continue
		}
		for _, file := range p.Files {
			imports(file, func(imported string, spec *ast.ImportSpec) {
				why := ""
				if to, own := strings.CutPrefix(imported, Module+"/"); own {
					why = forbidden(from, unit, to)
				} else if from.folder == base && outside[imported] && !file.Tool {
					why = "base does no input or output"
				}
				if why != "" {
					breaches = append(breaches, t.at(spec.Pos(), "imports %s: %s", imported, why))
				}
			})
		}
	}
	return breaches
}

// forbidden says why a package of a layer and unit may not import the package at to, or "".
func forbidden(from layer, unit, to string) string {
	if within(to, helpers) {
		return "only tests import helpers of tests"
	}
	target, targetUnit, ok := place(to)
	switch {
	case !ok:
		return "it has no layer"
	case unit == targetUnit:
		return ""
	case from.folder == vendors && within(to, "internal/platform/db"):
		return "a vendor's connector never touches the database"
	case target.height < from.height:
		return ""
	case target.height > from.height:
		return from.folder + " is below " + target.folder
	case target.folder == from.folder && from.neighbors:
		return ""
	case from.folder == "internal/domain":
		return "areas never import each other; what crosses areas is a flow"
	}
	return "packages of one layer never import each other"
}
