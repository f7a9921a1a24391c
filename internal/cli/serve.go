package cli

import (
	"errors"
	"fmt"
	"net/netip"

	"purser/internal/app"
	"purser/internal/demo"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/outbound"
)

type serveCommand struct {
	Addr    string         `env:"PURSER_ADDR" default:"127.0.0.1:8080" help:"Address to listen on."`
	Demo    bool           `help:"Fill an empty database with a believable company first."`
	Reach   []netip.Prefix `env:"PURSER_REACH" placeholder:"10.1.0.0/16" help:"Private networks that webhooks may be sent to, also without encryption. Without it, only public addresses are called."`
	Migrate bool           `help:"Bring PostgreSQL's schema up to date first; SQLite's always is."`
}

// Run serves until it is interrupted.
func (s *serveCommand) Run(c *console) error {
	d, err := c.open(s.Migrate || s.Demo)
	if err != nil {
		return err
	}
	return errors.Join(s.serve(c, d), d.Close())
}

func (s *serveCommand) serve(c *console, d *db.DB) error {
	how, err := s.prepare(c, d)
	if err != nil {
		return err
	}
	a, err := app.New(d, app.Config{
		Addr: s.Addr, Version: version(), Log: c.log, Outbound: outbound.Policy{Allow: s.Reach},
		Started: func(url string) {
			c.printf("Purser answers at %s (back office), with the API under /v1 (described in /openapi.json).\n%s", url, how(url))
		},
	})
	if err != nil {
		return err
	}
	return a.Serve(c.ctx)
}

// prepare fills an empty database if that is asked for, and returns what to
// tell the person about signing in.
func (s *serveCommand) prepare(c *console, d *db.DB) (func(url string) string, error) {
	users, err := auth.HasUsers(c.ctx, d)
	if err != nil {
		return nil, err
	}
	switch {
	case !users && s.Demo:
		access, err := fillDemo(c, d)
		if err != nil {
			return nil, err
		}
		return func(url string) string {
			return fmt.Sprintf("Sign in at %s as %s with the password %s,\nor call the API with a key:\n  curl -H 'Authorization: Bearer %s' %s/v1/orders?limit=3\n", url, access.Email, access.Password, access.Token, url)
		}, nil
	case !users:
		token, err := setupToken(c, d)
		if err != nil {
			return nil, err
		}
		return func(url string) string {
			return fmt.Sprintf("The company is empty. Set it up once, within a day, with this link:\n  %s/set-up?token=%s\n(a program POSTs to /v1/setup instead, see docs/install.md)\n", url, token)
		}, nil
	}
	return func(string) string {
		return "Sign in there with your own user; make keys for programs with `purser apikey add`.\n"
	}, nil
}

func setupToken(c *console, d *db.DB) (token string, err error) {
	err = d.Write(c.ctx, func(tx *db.Tx) error {
		token, err = auth.NewSetupLink(c.ctx, tx)
		return err
	})
	return token, err
}

func fillDemo(c *console, d *db.DB) (demo.Access, error) {
	return demo.Fill(c.ctx, d, func(done, total int, what string) {
		fmt.Fprintf(c.err, "\r%3d%% %-40s", done*100/max(total, 1), what)
		if done == total {
			fmt.Fprintln(c.err)
		}
	})
}
