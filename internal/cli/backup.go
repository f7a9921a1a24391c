package cli

import (
	"os"
	"os/exec"
	"path/filepath"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
)

type backupCommand struct {
	File string `arg:"" help:"Where to write the backup; it must not exist."`
}

// Run writes a backup: of SQLite a database file, of PostgreSQL an archive of
// pg_dump.
func (b *backupCommand) Run(c *console) error {
	if _, err := os.Stat(b.File); err == nil {
		return fault.New(fault.Conflict, "backup.exists", "%s exists already. Choose another name.", b.File)
	}
	if db.IsPostgres(c.db) {
		if err := c.tool("pg_dump", "--format=custom", "--file="+b.File, "--dbname="+c.db); err != nil {
			return err
		}
	} else if err := db.BackupSQLite(c.ctx, c.db, b.File); err != nil {
		return err
	}
	info, err := os.Stat(b.File)
	if err != nil {
		return err
	}
	c.printf("Wrote %s, %.1f MB.\n", b.File, float64(info.Size())/1e6)
	return nil
}

type restoreCommand struct {
	File  string `arg:"" type:"existingfile" help:"Backup to restore."`
	Force bool   `help:"Replace a database that exists; SQLite's old file is kept beside it as .before-restore."`
}

// Run restores a backup into --db.
func (r *restoreCommand) Run(c *console) error {
	if db.IsPostgres(c.db) {
		args := []string{"--no-owner", "--exit-on-error", "--single-transaction", "--dbname=" + c.db}
		if r.Force {
			args = append(args, "--clean", "--if-exists")
		}
		if err := c.tool("pg_restore", append(args, r.File)...); err != nil {
			return err
		}
	} else if err := db.RestoreSQLite(c.ctx, r.File, c.db, r.Force); err != nil {
		return err
	}
	c.printf("Restored %s. Run `purser verify` to check it.\n", r.File)
	return nil
}

// tool runs one of PostgreSQL's own programs.
func (c *console) tool(name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if len(installed) == 0 {
			return fault.New(fault.Unavailable, "backup.no_tool", "%s is not installed: install PostgreSQL's client programs.", name)
		}
		path = installed[len(installed)-1]
	}
	cmd := exec.CommandContext(c.ctx, path, args...)
	cmd.Stdout, cmd.Stderr = c.err, c.err
	if err := cmd.Run(); err != nil {
		return fault.New(fault.Unavailable, "backup.tool_failed", "%s failed (%v); what it said stands above.", name, err)
	}
	return nil
}
