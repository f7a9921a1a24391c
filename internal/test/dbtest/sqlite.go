package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"purser/internal/platform/db"
)

// sqliteTemplate is the content of a migrated database file.
var sqliteTemplate = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "purser-template-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	file := filepath.Join(dir, "purser.db")
	if err := migrate(context.Background(), "sqlite:"+file); err != nil {
		return nil, err
	}
	if wal, err := os.Stat(file + "-wal"); err == nil && wal.Size() > 0 {
		return nil, fmt.Errorf("%s is not empty after Close: the file beside it is not the whole database", wal.Name())
	}
	return os.ReadFile(file)
})

func sqliteURL(tb testing.TB) string {
	tb.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		tb.Fatalf("make the SQLite template: %v", err)
	}
	file := filepath.Join(tb.TempDir(), "purser.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return "sqlite:" + file
}

func migrate(ctx context.Context, url string) error {
	d, err := db.Open(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(d.Migrate(ctx), d.Close())
}
