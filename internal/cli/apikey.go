package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

type apikeyCommand struct {
	Add    apikeyAdd    `cmd:"" help:"Make a key and print its token, once."`
	List   apikeyList   `cmd:"" help:"List the keys."`
	Revoke apikeyRevoke `cmd:"" help:"End a key at once."`
}

type apikeyAdd struct {
	Name     string   `arg:"" help:"What the key is for, e.g. web-shop."`
	Role     string   `default:"operations" enum:"owner,operations,warehouse,service,buyer,accountant,read_only" help:"The most it may do: one of ${enum}."`
	Scope    []string `help:"Permission the key is narrowed to, e.g. order:read; may be repeated."`
	Location []string `help:"Code of a location the key is limited to; may be repeated."`
	Days     int      `default:"365" help:"Days until it expires; 0 for never."`
	JSON     bool     `name:"json" help:"Print JSON."`
}

// Run makes the key.
func (a *apikeyAdd) Run(c *console) error {
	return c.withDB(func(d *db.DB) error {
		return d.Write(c.ctx, func(tx *db.Tx) error {
			scopes := make([]auth.Permission, len(a.Scope))
			for i, s := range a.Scope {
				scopes[i] = auth.Permission(s)
			}
			locations, err := locationsByCode(c, tx, a.Location)
			if err != nil {
				return err
			}
			var expires time.Time
			if a.Days > 0 {
				expires = tx.Now().AddDate(0, 0, a.Days)
			}
			token, key, err := auth.AddAPIKey(c.ctx, tx, a.Name, auth.Role(a.Role), scopes, locations, expires)
			if err != nil {
				return err
			}
			if a.JSON {
				return c.printJSON(map[string]any{"id": key.ID, "token": token, "expires_at": key.ExpiresAt})
			}
			c.printf("%s\n", token)
			fmt.Fprintf(c.err, "This token is shown only now. Send it as: Authorization: Bearer TOKEN\n")
			return nil
		})
	})
}

type apikeyList struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the keys.
func (a *apikeyList) Run(c *console) error {
	return c.withReader(func(d *db.DB) error {
		keys, err := auth.APIKeys(c.ctx, d)
		if err != nil {
			return err
		}
		if a.JSON {
			return c.printJSON(keys)
		}
		w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tTOKEN\tROLE\tSTATE\tLAST USED")
		for _, k := range keys {
			fmt.Fprintf(w, "%s\t%s\t%s...\t%s\t%s\t%s\n", k.ID, k.Name, k.Prefix, k.Role, keyState(k, d.Now()), day(k.LastUsedAt))
		}
		return w.Flush()
	})
}

func keyState(k auth.APIKey, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked " + day(k.RevokedAt)
	case k.ExpiresAt.IsZero():
		return "active"
	case now.After(k.ExpiresAt):
		return "expired " + day(k.ExpiresAt)
	}
	return "until " + day(k.ExpiresAt)
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateOnly)
}

type apikeyRevoke struct {
	ID string `arg:"" help:"Id of the key, as listed."`
}

// Run revokes the key.
func (a *apikeyRevoke) Run(c *console) error {
	var kid id.APIKey
	if err := kid.UnmarshalText([]byte(a.ID)); err != nil {
		return err
	}
	return c.withDB(func(d *db.DB) error {
		err := d.Write(c.ctx, func(tx *db.Tx) error { return auth.RevokeAPIKey(c.ctx, tx, kid) })
		if err == nil {
			c.printf("Revoked %s.\n", a.ID)
		}
		return err
	})
}
