//go:build !unix

package db

// lock does nothing where the system has no advisory file locks: there,
// SQLite's own locking keeps two processes from harming the file.
func lock(string) (unlock func(), err error) { return func() {}, nil }
