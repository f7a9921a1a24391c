package cli

import (
	"fmt"

	"purser/internal/base/check"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/view"
)

type verifyCommand struct {
	JSON   bool `name:"json" help:"Print JSON."`
	Repair bool `help:"First rewrite stock levels and values that differ from their rows; each is printed and audited."`
}

// Help is the long help text.
func (*verifyCommand) Help() string {
	return "Reads one consistent state, beside a server that may be running, and changes nothing unless --repair is given. Exit code 3 tells that there are differences."
}

// Run verifies the database.
func (v *verifyCommand) Run(c *console) error {
	if v.Repair {
		if err := repair(c); err != nil {
			return err
		}
	}
	return c.withReader(func(d *db.DB) error {
		found := []check.Difference{}
		err := view.Verify(c.ctx, d, func(diff check.Difference) {
			found = append(found, diff)
			if !v.JSON {
				c.printf("%s\n", diff)
			}
		}, func(what string) {
			if !v.JSON {
				fmt.Fprintf(c.err, "checking %s\n", what)
			}
		})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			c.status = exitDifferences
		}
		if v.JSON {
			return c.printJSON(map[string]any{"differences": found})
		}
		c.printf("%d %s\n", len(found), plural(len(found), "difference", "differences"))
		return nil
	})
}

// repair rewrites the caches of the stock.
func repair(c *console) error {
	return c.withDB(func(d *db.DB) error {
		return d.Write(c.ctx, func(tx *db.Tx) error {
			return flow.RepairStock(c.ctx, tx, func(diff check.Difference) { fmt.Fprintf(c.err, "mended: %s\n", diff) })
		})
	})
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
