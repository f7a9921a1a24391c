package arch

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"purser/internal/test/repo"
)

// rules are all the rules, by name.
var rules = map[string]func(*Tree) ([]string, error){
	"imports": func(t *Tree) ([]string, error) { return Imports(t), nil },
	"owners":  Owners,
	"size":    func(t *Tree) ([]string, error) { return Size(t), nil },
	"docs":    func(t *Tree) ([]string, error) { return Docs(t), nil },
	"clock":   func(t *Tree) ([]string, error) { return Clock(t), nil },
}

func TestRepository(t *testing.T) {
	loaded, err := Load(os.DirFS(repo.Root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Packages) == 0 {
		t.Fatal("found no package")
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			breaches, err := rule(loaded)
			if err != nil {
				t.Fatal(err)
			}
			for _, breach := range breaches {
				t.Error(breach)
			}
		})
	}
}

const sqlMigration = `-- owner: inventory
CREATE TABLE location (id UUID PRIMARY KEY);
CREATE TABLE stock_level (id UUID PRIMARY KEY);
-- owner: order
CREATE TABLE sales_order (id UUID PRIMARY KEY);
`

// tree is a repository that keeps every rule.
func tree() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"go.mod":                                   file("module purser\n"),
		"cmd/purser/main.go":                       file("// Command purser runs.\npackage main\n\nimport _ \"purser/internal/cli\"\n"),
		"internal/cli/cli.go":                      file("// Package cli has the commands.\npackage cli\n\nimport _ \"purser/internal/app\"\n"),
		"internal/app/app.go":                      file("// Package app builds.\npackage app\n\nimport _ \"purser/internal/api\"\nimport _ \"purser/internal/connector/acme\"\n"),
		"internal/api/api.go":                      file("// Package api is REST.\npackage api\n\nimport _ \"purser/internal/flow\"\nimport _ \"net/http\"\n"),
		"internal/connector/connector.go":          file("// Package connector is.\npackage connector\n"),
		"internal/connector/acme/acme.go":          file("// Package acme is.\npackage acme\n\nimport _ \"purser/internal/connector\"\n"),
		"internal/flow/flow.go":                    file("// Package flow is.\npackage flow\n\nimport _ \"purser/internal/domain/order\"\nimport _ \"purser/internal/domain/inventory\"\n"),
		"internal/view/view.go":                    file("// Package view is.\npackage view\n\nconst q = `SELECT * FROM sales_order o JOIN location l ON true`\n"),
		"internal/domain/inventory/inventory.go":   file("// Package inventory is.\npackage inventory\n\nimport \"time\"\n\nconst q = `UPDATE stock_level SET on_hand = ? FROM location WHERE id = ?`\n\nvar at = time.Unix(0, 0)\n"),
		"internal/domain/order/order.go":           file("// Package order is.\npackage order\n\nimport _ \"purser/internal/platform/db\"\n"),
		"internal/platform/db/db.go":               file("// Package db is.\npackage db\n\nimport _ \"purser/internal/base/money\"\n"),
		"internal/platform/event/event.go":         file("// Package event is.\npackage event\n\nimport _ \"purser/internal/platform/db\"\n"),
		"internal/base/money/money.go":             file("// Package money is.\npackage money\n\nimport _ \"purser/internal/base/fault\"\n"),
		"internal/base/fault/fault.go":             file("// Package fault is.\npackage fault\n"),
		"internal/test/dbtest/dbtest.go":           file("// Package dbtest is.\npackage dbtest\n\nimport _ \"purser/internal/platform/db\"\n\nconst q = `SELECT 1 FROM sales_order`\n"),
		"internal/platform/db/migrations/0001.sql": file(sqlMigration),
	}
}

func TestRules(t *testing.T) {
	const order = "internal/domain/order/order.go"
	tests := []struct {
		name, file, text string
		want             string // rule and part of its breach; "" where the addition is allowed
	}{
		{"the tree itself", "README.md", "", ""},
		{"an area imports an area", order, "// Package order is.\npackage order\n\nimport _ \"purser/internal/domain/inventory\"\n", "imports: order.go:4: imports purser/internal/domain/inventory: areas never import each other"},
		{"an area imports its own part", "internal/domain/inventory/a.go", "package inventory\n\nimport _ \"purser/internal/domain/inventory/count\"\n", ""},
		{"a part imports its area", "internal/domain/inventory/count/a.go", "// Package count is.\npackage count\n\nimport _ \"purser/internal/domain/inventory\"\n", ""},
		{"a part imports another area", "internal/domain/inventory/count/a.go", "// Package count is.\npackage count\n\nimport _ \"purser/internal/domain/order\"\n", "imports: areas never import each other"},
		{"an area imports a flow", "internal/domain/order/a.go", "package order\n\nimport _ \"purser/internal/flow\"\n", "imports: internal/domain is below internal/flow"},
		{"a door imports a door", "internal/api/a.go", "package api\n\nimport _ \"purser/internal/web\"\n", "imports: never import each other"},
		{"a door imports a vendor", "internal/api/a.go", "package api\n\nimport _ \"purser/internal/connector/acme\"\n", "imports: never import each other"},
		{"a door imports an area", "internal/api/a.go", "package api\n\nimport _ \"purser/internal/domain/order\"\n", ""},
		{"a flow imports a view", "internal/flow/a.go", "package flow\n\nimport _ \"purser/internal/view\"\n", "imports: never import each other"},
		{"a vendor imports a vendor", "internal/connector/zeta/a.go", "// Package zeta is.\npackage zeta\n\nimport _ \"purser/internal/connector/acme\"\n", "imports: never import each other"},
		{"a vendor imports a port", "internal/connector/acme/a.go", "package acme\n\nimport _ \"purser/internal/domain/order\"\n", ""},
		{"a vendor imports the database", "internal/connector/acme/a.go", "package acme\n\nimport _ \"purser/internal/platform/db\"\n", "imports: never touches the database"},
		{"the platform imports an area", "internal/platform/event/a.go", "package event\n\nimport _ \"purser/internal/domain/order\"\n", "imports: internal/platform is below internal/domain"},
		{"base imports the platform", "internal/base/money/a.go", "package money\n\nimport _ \"purser/internal/platform/db\"\n", "imports: internal/base is below internal/platform"},
		{"base reads files", "internal/base/money/a.go", "package money\n\nimport _ \"os\"\n", "imports: base does no input or output"},
		{"base is generated by a tool", "internal/base/money/gen/main.go", "//go:build generate\n\n// Command gen makes data.\npackage main\n\nimport _ \"os\"\n", ""},
		{"code imports a helper of tests", "internal/domain/order/a.go", "package order\n\nimport _ \"purser/internal/test/dbtest\"\n", "imports: only tests import helpers of tests"},
		{"a test imports a helper of tests", "internal/domain/order/a_test.go", "package order\n\nimport _ \"purser/internal/test/dbtest\"\n", ""},
		{"a package without a layer", "internal/util/a.go", "// Package util is.\npackage util\n", "imports: internal/util: this package has no layer"},
		{"a package at the top", "a.go", "// Package purser is.\npackage purser\n", "imports: this package has no layer"},

		{"another's table", "internal/domain/order/a.go", "package order\n\nconst q = `SELECT id FROM stock_level`\n", "owners: a.go:3: names table stock_level, which belongs to inventory"},
		{"another's table joined", "internal/domain/order/a.go", "package order\n\nconst q = `SELECT id FROM sales_order o\n\tJOIN location l ON true`\n", "owners: names table location"},
		{"another's table in a list", "internal/domain/order/a.go", "package order\n\nconst q = `SELECT id FROM sales_order o, location AS l`\n", "owners: names table location"},
		{"another's table in a piece", "internal/domain/order/a.go", "package order\n\nfunc q(s string) string { return s + \" JOIN location l ON true\" }\n", "owners: names table location"},
		{"another's table in a call", "internal/domain/order/a.go", "package order\n\nfunc f(s string) string { return \"SELECT \" + f(\" FROM location\") }\n", "owners: names table location"},
		{"another's table split over a sum", "internal/domain/order/a.go", "package order\n\nconst q = `INSERT INTO ` + `location (id) VALUES (?)`\n", "owners: names table location"},
		{"another's table updated", "internal/domain/order/a.go", "package order\n\nconst q = `UPDATE location SET id = ?`\n", "owners: names table location"},
		{"another's table deleted", "internal/domain/order/a.go", "package order\n\nconst q = `DELETE FROM location WHERE id = ?`\n", "owners: names table location"},
		{"the platform reads an area", "internal/platform/event/a.go", "package event\n\nconst q = `SELECT 1 FROM sales_order`\n", "owners: names table sales_order"},
		{"the command line reads an area", "internal/cli/a.go", "package cli\n\nconst q = `SELECT 1 FROM sales_order`\n", "owners: names table sales_order"},
		{"its own table", "internal/domain/order/a.go", "package order\n\nconst q = `SELECT id FROM sales_order WHERE total IS DISTINCT FROM location`\n", ""},
		{"a common table expression", "internal/domain/order/a.go", "package order\n\nconst q = `WITH location (id) AS (VALUES (?)) UPDATE sales_order SET id = l.id FROM location l`\n", ""},
		{"a column of that name", "internal/domain/order/a.go", "package order\n\nconst q = `SELECT id, location FROM sales_order`\n", ""},
		{"English", "internal/domain/order/a.go", "package order\n\nconst q = `Select the lines from location Reno, then update location by hand.`\n", ""},
		{"small letters", "internal/domain/order/a.go", "package order\n\nconst q = `select id from sales_order where id = ?`\n", "owners: write SQL keywords in capitals"},
		{"SQL in a flow", "internal/flow/a.go", "package flow\n\nconst q = `SELECT 1 FROM river_job`\n", "owners: no SQL here"},
		{"SQL in a door", "internal/api/a.go", "package api\n\nconst q = `INSERT INTO anything (id) VALUES (?)`\n", "owners: no SQL here"},
		{"a table without an owner", "internal/platform/db/migrations/0000.sql", "CREATE TABLE stray (id UUID);\n", "owners: 0000.sql:1: table stray has no owner"},
		{"an owner that is no package", "internal/platform/db/migrations/0002.sql", "-- owner: nobody\nCREATE TABLE stray (id UUID);\n", "owners: table stray belongs to nobody"},

		{"a long file", "internal/domain/order/a.go", "package order\n" + strings.Repeat("\n", maxFile), "size: a.go:1: 60"},
		{"a file of just the length", "internal/domain/order/a.go", "package order\n" + strings.Repeat("\n", maxFile-2), ""},
		{"a long generated file", "internal/domain/order/a.go", "// Code generated by hand; DO NOT EDIT.\n\npackage order\n" + strings.Repeat("\n", maxFile), ""},
		{"a long test", "internal/domain/order/a_test.go", "package order\n" + strings.Repeat("\n", maxFile), ""},
		{"a long function", "internal/domain/order/a.go", "package order\n\nfunc f() {" + strings.Repeat("\n", maxFunction) + "}\n", "size: a.go:3: f has 121 lines"},

		{"no package comment", "internal/domain/fraud/a.go", "package fraud\n", "docs: internal/domain/fraud: no package comment"},

		{"the clock in an area", "internal/domain/order/a.go", "package order\n\nimport \"time\"\n\nvar at = time.Now()\n", "clock: a.go:5: time.Now"},
		{"the clock as a value", "internal/domain/order/a.go", "package order\n\nimport \"time\"\n\nvar clock = time.Now\n", "clock: time.Now"},
		{"the clock by another name", "internal/flow/a.go", "package flow\n\nimport clock \"time\"\n\nvar age = clock.Since(clock.Time{})\n", "clock: time.Since"},
		{"the clock in a door", "internal/api/a.go", "package api\n\nimport \"time\"\n\nvar at = time.Now()\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := tree()
			files[test.file] = &fstest.MapFile{Data: []byte(test.text)}
			loaded, err := Load(files)
			if err != nil {
				t.Fatal(err)
			}
			var breaches []string
			for name, rule := range rules {
				found, err := rule(loaded)
				if err != nil {
					t.Fatal(err)
				}
				for _, breach := range found {
					breaches = append(breaches, name+": "+breach)
				}
			}
			rule, part, _ := strings.Cut(test.want, ": ")
			switch {
			case test.want == "" && len(breaches) > 0:
				t.Errorf("want no breach, got %q", breaches)
			case test.want != "" && (len(breaches) != 1 || !strings.HasPrefix(breaches[0], rule+": ") || !strings.Contains(breaches[0], part)):
				t.Errorf("want %q, got %q", test.want, breaches)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	tests := []struct {
		sql  string
		want []string
	}{
		{`SELECT a FROM t1 JOIN t2 USING (a) LEFT JOIN "t3" c ON true`, []string{"t1", "t2", "t3"}},
		{`SELECT a FROM t1 x, t2 AS y, t3 WHERE a IN (SELECT b FROM t4)`, []string{"t1", "t2", "t3", "t4"}},
		{`INSERT INTO t1 (a) SELECT a FROM t2 ON CONFLICT (a) DO UPDATE SET a = excluded.a`, []string{"t1", "t2"}},
		{`WITH c AS (SELECT 1), d (a, b) AS (VALUES (1, 2)) SELECT * FROM c JOIN d ON true JOIN t1 ON true`, []string{"t1"}},
		{`SELECT EXTRACT(day FROM created_at) FROM t1 WHERE a IS NOT DISTINCT FROM b`, []string{"t1"}},
		{`DELETE FROM t1 USING t2 WHERE t1.a = t2.a`, []string{"t1", "t2"}},
		{`Move the stock from t1 into t2 first.`, nil},
	}
	for _, test := range tests {
		if got := named(test.sql); !slices.Equal(got, test.want) {
			t.Errorf("%s\n got %q, want %q", test.sql, got, test.want)
		}
	}
}
