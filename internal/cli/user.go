package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

type userCommand struct {
	Add    userAdd    `cmd:"" help:"Add a user; the password is read from the terminal or from standard input."`
	List   userList   `cmd:"" help:"List the users."`
	Change userChange `cmd:"" help:"Change a user's role, locations, or whether the user may sign in."`
	Passwd userPasswd `cmd:"" help:"Set a user's password and end the user's sessions."`
}

type userAdd struct {
	Email    string   `arg:"" help:"E-mail address to sign in with."`
	Name     string   `required:"" help:"The person's name."`
	Role     string   `default:"service" enum:"owner,operations,warehouse,service,buyer,accountant,read_only" help:"One of ${enum}."`
	Location []string `help:"Code of a location the user is limited to; may be repeated."`
}

// Run adds the user.
func (u *userAdd) Run(c *console) error {
	password, err := readPassword(c)
	if err != nil {
		return err
	}
	return c.withDB(func(d *db.DB) error {
		return d.Write(c.ctx, func(tx *db.Tx) error {
			locations, err := locationsByCode(c, tx, u.Location)
			if err != nil {
				return err
			}
			added, err := auth.AddUser(c.ctx, tx, auth.NewUser{Email: u.Email, Name: u.Name, Role: auth.Role(u.Role), Password: password, Locations: locations})
			if err == nil {
				c.printf("Added %s as %s (%s).\n", added.Email, added.Role, added.ID)
			}
			return err
		})
	})
}

func locationsByCode(c *console, r db.Reader, codes []string) ([]id.Location, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	all, err := inventory.Locations(c.ctx, r)
	if err != nil {
		return nil, err
	}
	var ids []id.Location
	for _, code := range codes {
		found := false
		for _, l := range all {
			if strings.EqualFold(l.Code, code) {
				ids, found = append(ids, l.ID), true
			}
		}
		if !found {
			return nil, fault.New(fault.NotFound, "location.not_found", "There is no location %q.", code)
		}
	}
	return ids, nil
}

type userList struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the users.
func (u *userList) Run(c *console) error {
	return c.withReader(func(d *db.DB) error {
		users, err := auth.Users(c.ctx, d)
		if err != nil {
			return err
		}
		if u.JSON {
			return c.printJSON(users)
		}
		w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "E-MAIL\tNAME\tROLE\tACTIVE\tLAST SIGN-IN")
		for _, x := range users {
			last := "never"
			if !x.LastLoginAt.IsZero() {
				last = x.LastLoginAt.Format("2006-01-02 15:04 MST")
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%t\t%s\n", x.Email, x.Name, x.Role, x.Active, last)
		}
		return w.Flush()
	})
}

type userChange struct {
	Email    string   `arg:"" help:"E-mail address of the user."`
	Role     string   `help:"New role."`
	Location []string `help:"Code of a location the user is limited to from now on; may be repeated. None given: no limit."`
	Active   bool     `negatable:"" default:"true" help:"Whether the user may sign in."`
}

// Run changes the user.
func (u *userChange) Run(c *console) error {
	return c.withDB(func(d *db.DB) error {
		return d.Write(c.ctx, func(tx *db.Tx) error {
			found, err := auth.UserByEmail(c.ctx, tx, u.Email)
			if err != nil {
				return err
			}
			role := found.Role
			if u.Role != "" {
				role = auth.Role(u.Role)
			}
			locations, err := locationsByCode(c, tx, u.Location)
			if err != nil {
				return err
			}
			changed, err := auth.ChangeUser(c.ctx, tx, found.ID, role, u.Active, locations)
			if err == nil {
				c.printf("%s is now %s, active: %t.\n", changed.Email, changed.Role, changed.Active)
			}
			return err
		})
	})
}

type userPasswd struct {
	Email string `arg:"" help:"E-mail address of the user."`
}

// Run sets the password.
func (u *userPasswd) Run(c *console) error {
	password, err := readPassword(c)
	if err != nil {
		return err
	}
	return c.withDB(func(d *db.DB) error {
		return d.Write(c.ctx, func(tx *db.Tx) error {
			found, err := auth.UserByEmail(c.ctx, tx, u.Email)
			if err != nil {
				return err
			}
			if err := auth.SetPassword(c.ctx, tx, found.ID, password); err != nil {
				return err
			}
			c.printf("The password of %s is set; all sessions are ended.\n", found.Email)
			return nil
		})
	})
}

// readPassword asks at a terminal without showing what is typed, and reads one
// line from anything else.
func readPassword(c *console) (string, error) {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprint(c.err, "Password: ")
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(c.err)
		return string(b), err
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if line == "" && err != nil {
		return "", fault.New(fault.Invalid, "user.no_password", "Give the password on standard input, or run the command at a terminal.")
	}
	return strings.TrimRight(line, "\r\n"), nil
}
