// Package cli is the command line: one file for each command. It opens the
// database, calls what the other doors call, and prints.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"purser/internal/base/fault"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // the command could not do its work
	exitUsage       = 2 // the command line is wrong
	exitDifferences = 3 // verify found differences
	exitRejected    = 4 // import went through, but refused rows
)

type commands struct {
	DB      string           `name:"db" env:"PURSER_DB" default:"sqlite:purser.db" placeholder:"ADDRESS" help:"Database: sqlite:FILE or postgres://USER@HOST/DATABASE."`
	Version kong.VersionFlag `help:"Print the version and exit."`

	Serve   serveCommand   `cmd:"" help:"Serve the API and work the jobs."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date."`
	Demo    demoCommand    `cmd:"" help:"Fill an empty database with a believable company."`
	Import  importCommand  `cmd:"" help:"Read products, stock or orders from a file."`
	Export  exportCommand  `cmd:"" help:"Write products, stock, orders, customers, events or the journal to a file."`
	Verify  verifyCommand  `cmd:"" help:"Recompute every number from its rows and print each difference."`
	Explain explainCommand `cmd:"" help:"Print the rows that make a number."`
	User    userCommand    `cmd:"" help:"Add and change the people who sign in."`
	APIKey  apikeyCommand  `cmd:"" name:"apikey" help:"Add and revoke the keys of programs."`
	Backup  backupCommand  `cmd:"" help:"Write a consistent copy of the database while it is in use."`
	Restore restoreCommand `cmd:"" help:"Put a backup in the place of a database."`
	Geo     geoCommand     `cmd:"" help:"Look addresses up and add postal codes."`
}

const about = `An order management system in one program.

Start with:
  purser serve --demo                 try it with a demo company
  purser serve                        begin with an empty one

Exit codes: 0 done; 1 failed; 2 wrong command line; 3 verify found differences;
4 an import refused rows.`

// console is what a command gets: where it prints and which database it means.
type console struct {
	ctx    context.Context
	out    io.Writer
	err    io.Writer
	db     string
	log    *slog.Logger
	status int // exit code of a command that did its work
}

// Run runs a command line and returns the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("purser"), kong.Description(about), kong.Writers(stdout, stderr),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": version()}, kong.Exit(func(code int) { exited = code }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "purser:", err)
		return exitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "purser: %v\nTry `purser --help`.\n", err)
		return exitUsage
	}
	con := &console{
		ctx: auth.With(ctx, auth.System("cli")), out: stdout, err: stderr, db: c.DB,
		log: slog.New(slog.NewTextHandler(stderr, nil)),
	}
	if err := parsed.Run(con); err != nil {
		fmt.Fprintln(stderr, "purser:", say(err))
		return exitFailed
	}
	return con.status
}

// say puts an error into words for a person at a terminal.
func say(err error) string {
	f, ok := fault.As(err)
	if !ok {
		if errors.Is(err, context.Canceled) {
			return "stopped."
		}
		return err.Error()
	}
	var b strings.Builder
	b.WriteString(f.Message)
	for field, what := range f.Fields {
		fmt.Fprintf(&b, "\n  %s %s", field, what)
	}
	return b.String()
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// open opens the database for writing, its schema up to date. SQLite is
// migrated by the way; PostgreSQL when migrate says so.
func (c *console) open(migrate bool) (*db.DB, error) {
	d, err := db.Open(c.ctx, c.db)
	if err != nil {
		return nil, err
	}
	if migrate || !d.Postgres() {
		err = d.Migrate(c.ctx)
	} else {
		err = d.CheckSchema(c.ctx)
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// withDB runs fn on the database, open for writing.
func (c *console) withDB(fn func(d *db.DB) error) error {
	d, err := c.open(false)
	if err != nil {
		return err
	}
	return errors.Join(fn(d), d.Close())
}

// withReader runs fn on the database, open for reading beside a server that
// may be running.
func (c *console) withReader(fn func(d *db.DB) error) error {
	d, err := db.OpenReader(c.ctx, c.db)
	if err != nil {
		return err
	}
	if err := d.CheckSchema(c.ctx); err != nil {
		return errors.Join(err, d.Close())
	}
	return errors.Join(fn(d), d.Close())
}

// printJSON prints v for a machine.
func (c *console) printJSON(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (c *console) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }
