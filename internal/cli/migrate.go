package cli

import (
	"errors"

	"purser/internal/platform/db"
)

type migrateCommand struct {
	Check bool `help:"Only tell whether the schema is up to date."`
}

// Run migrates, or tells that it would.
func (m *migrateCommand) Run(c *console) error {
	if m.Check {
		return c.withReader(func(d *db.DB) error {
			v, err := d.SchemaVersion(c.ctx)
			if err == nil {
				c.printf("The schema is up to date (migration %d).\n", v)
			}
			return err
		})
	}
	d, err := db.Open(c.ctx, c.db)
	if err != nil {
		return err
	}
	err = d.Migrate(c.ctx)
	if err == nil {
		var v int64
		if v, err = d.SchemaVersion(c.ctx); err == nil {
			c.printf("The schema is at migration %d.\n", v)
		}
	}
	return errors.Join(err, d.Close())
}
