package cli

import (
	"purser/internal/base/fault"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

type demoCommand struct{}

// Run fills an empty database.
func (*demoCommand) Run(c *console) error {
	return c.withDB(func(d *db.DB) error {
		users, err := auth.HasUsers(c.ctx, d)
		if err != nil {
			return err
		}
		if users {
			return fault.New(fault.Conflict, "demo.not_empty", "The database has a company already. Use another one with --db.")
		}
		access, err := fillDemo(c, d)
		if err == nil {
			c.printf("Filled. Sign in as %s with the password %s, or use the API key %s.\n", access.Email, access.Password, access.Token)
		}
		return err
	})
}
