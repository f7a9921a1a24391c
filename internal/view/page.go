package view

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
)

// Page is a part of a list: at most Limit items (50 if it is 0, never more than
// MaxLimit) after the cursor of the part before.
type Page struct {
	Limit int
	After string // "" is the beginning
}

// MaxLimit bounds a page.
const MaxLimit = 500

func (p Page) size() int {
	if p.Limit <= 0 {
		return 50
	}
	return min(p.Limit, MaxLimit)
}

// after reads the parts of the cursor; there are none at the beginning.
func (p Page) after(parts int) ([]string, error) {
	if p.After == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(p.After)
	out := strings.Split(string(b), "\x00")
	if err != nil || len(out) != parts {
		return nil, badCursor()
	}
	return out, nil
}

func badCursor() error {
	return fault.New(fault.Invalid, "list.bad_cursor", "This is not a place in the list: use the cursor that the page before gave.")
}

// afterInstant reads a cursor of a time and an id; ok is false at the beginning.
func afterInstant[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](p Page) (at time.Time, last T, ok bool, err error) {
	parts, err := p.after(2)
	if err != nil || parts == nil {
		return at, last, false, err
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || P(&last).UnmarshalText([]byte(parts[1])) != nil {
		return at, last, false, badCursor()
	}
	return time.UnixMicro(micros).UTC(), last, true, nil
}

// cursor is a place in a list that is sorted by the parts.
func cursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

func instant(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// cut takes the one item that was read beyond the page off it, and makes the
// cursor of the last that stays, "" at the end of the list.
func cut[T any](rows []T, p Page, key func(T) string) ([]T, string) {
	n := p.size()
	if len(rows) <= n {
		return rows, ""
	}
	return rows[:n], key(rows[n-1])
}

// columnsOf lists the columns of T of the table called alias.
func columnsOf[T any](alias string) string {
	return alias + "." + strings.ReplaceAll(db.Columns[T](), ", ", ", "+alias+".")
}
