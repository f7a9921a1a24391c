package db

import (
	"context"
	"database/sql"
	"os"
	"strings"

	"purser/internal/base/fault"
)

// BackupSQLite writes a consistent copy of a SQLite database into a new file,
// while others read and write it, and checks the copy.
func BackupSQLite(ctx context.Context, dsn, file string) error {
	d, err := OpenReader(ctx, dsn)
	if err != nil {
		return err
	}
	defer d.Close()
	plain, err := sql.Open("sqlite", "file:"+d.path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer plain.Close()
	if _, err := plain.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		_ = os.Remove(file)
		return d.engine.explain(err)
	}
	return checkFile(ctx, file)
}

// RestoreSQLite puts a backup in the place of the SQLite database that dsn
// names. The backup is checked first. An existing database is replaced only
// with force, and kept beside the new one.
func RestoreSQLite(ctx context.Context, file, dsn string, force bool) error {
	if err := checkFile(ctx, file); err != nil {
		return err
	}
	path := strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "//")
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		if !force {
			return fault.New(fault.Conflict, "restore.exists", "%s exists already. Use another --db, or --force to replace it.", path)
		}
		if err := setAside(path); err != nil {
			return err
		}
	}
	plain, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return err
	}
	defer plain.Close()
	if _, err := plain.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return (&engine{}).explain(err)
	}
	return checkFile(ctx, path)
}

// setAside moves a database and the log that belongs to it out of the way.
func setAside(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if _, err := os.Stat(path + suffix); err != nil {
			continue
		}
		if err := os.Rename(path+suffix, path+".before-restore"+suffix); err != nil {
			return fault.New(fault.Unavailable, "restore.cannot_move", "The old database cannot be set aside: %v.", err)
		}
	}
	return nil
}

// checkFile tells whether a SQLite file is whole.
func checkFile(ctx context.Context, file string) error {
	plain, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return err
	}
	defer plain.Close()
	var verdict string
	if err := plain.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return (&engine{}).explain(err)
	}
	if verdict != "ok" {
		return fault.New(fault.Unavailable, "db.corrupt", "%s is damaged: %s.", file, verdict)
	}
	return nil
}
