//go:build unix

package db

import (
	"os"
	"syscall"

	"purser/internal/base/fault"
)

// lock keeps a second process from writing the SQLite file at path. The lock
// goes with the process, however it ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "db.cannot_open", "The database %s cannot be opened: %v.", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fault.New(fault.Conflict, "db.in_use", "Another Purser process has %s open. Stop it first, or use another file with --db.", path)
	}
	return func() { _ = f.Close() }, nil
}
