package db

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"purser/internal/base/fault"
	"purser/internal/base/id"
)

// engine is all that differs between the two databases once they are open.
type engine struct {
	postgres bool
	bound    sync.Map // statement text to the engine's own
	size     int      // entries in bound, roughly
	sizeLock sync.Mutex
}

// maxBound bounds the cache of statement texts; texts are few, since their
// shapes are fixed and lists come in steps.
const maxBound = 4000

// bind translates the placeholders of a statement.
func (e *engine) bind(query string) string {
	if b, ok := e.bound.Load(query); ok {
		return b.(string)
	}
	b := translate(query, e.postgres)
	e.sizeLock.Lock()
	defer e.sizeLock.Unlock()
	if e.size++; e.size > maxBound {
		e.bound.Clear()
		e.size = 1
	}
	e.bound.Store(query, b)
	return b
}

// translate numbers the placeholders for PostgreSQL, and takes the casts
// behind placeholders away for SQLite.
func translate(query string, postgres bool) string {
	var b strings.Builder
	quoted, n := false, 0
	for i := 0; i < len(query); i++ {
		c := query[i]
		if c == '\'' {
			quoted = !quoted
		}
		if c != '?' || quoted {
			b.WriteByte(c)
			continue
		}
		if postgres {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteByte('?')
		if strings.HasPrefix(query[i+1:], "::") {
			i += 2
			for i+1 < len(query) && (query[i+1] >= 'a' && query[i+1] <= 'z') {
				i++
			}
		}
	}
	return b.String()
}

// args turns our values into the driver's: zero ids and times into NULL, ids
// into bytes, times into UTC with microseconds.
func (e *engine) args(in []any) []any {
	for i, a := range in {
		switch v := a.(type) {
		case id.UUID:
			switch {
			case v.IsZero():
				in[i] = nil
			case e.postgres:
				in[i] = v.Bytes()
			default:
				b := v.Bytes()
				in[i] = b[:]
			}
		case time.Time:
			if v.IsZero() {
				in[i] = nil
			} else {
				in[i] = v.UTC().Truncate(time.Microsecond)
			}
		}
	}
	return in
}

// retry tells whether the whole transaction may succeed when it is run again.
func (e *engine) retry(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// explain turns an error of the machine or the database server into a fault
// that says in one sentence what is wrong; other errors pass.
func (e *engine) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := fault.As(err); ok {
		return err
	}
	if code, sentence := diagnose(err); code != "" {
		return &explained{fault.New(fault.Unavailable, code, "%s", sentence), err}
	}
	return err
}

// explained is a fault that keeps its cause for the log.
type explained struct {
	fault *fault.Error
	cause error
}

func (x *explained) Error() string   { return x.fault.Message + " (" + x.cause.Error() + ")" }
func (x *explained) Unwrap() []error { return []error{x.fault, x.cause} }

func diagnose(err error) (code, sentence string) {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return "db.disk_full", "The disk is full: nothing was written. Free some space and try again."
		case sqlite3.SQLITE_CORRUPT:
			return "db.corrupt", "The database file is damaged. Stop Purser and restore the newest backup."
		case sqlite3.SQLITE_NOTADB:
			return "db.not_a_database", "The file is not a SQLite database. Check the path given with --db."
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return "db.read_only", "The database file cannot be written. Check its permissions and its disk."
		case sqlite3.SQLITE_CANTOPEN:
			return "db.cannot_open", "The database file cannot be opened. Check that its folder exists and may be written."
		case sqlite3.SQLITE_IOERR:
			return "db.io_error", "The disk reports an error. Check it before you go on."
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return "db.busy", "The database is busy. Try again."
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "53100":
			return "db.disk_full", "The database server's disk is full: nothing was written."
		case pg.Code == "55P03":
			return "db.busy", "Another transaction holds the rows for too long. Try again."
		case pg.Code == "57014":
			return "db.timeout", "The database took too long to answer. Try again, or ask for less."
		case pg.Code == "3D000":
			return "db.no_database", "PostgreSQL has no database of that name. Create it with createdb first."
		case strings.HasPrefix(pg.Code, "28"):
			return "db.sign_in", "PostgreSQL refuses the user or the password given with --db."
		case strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57P"), strings.HasPrefix(pg.Code, "08"):
			return "db.lost", "The database server is not available. Try again once it is up."
		case pg.Code == "40001" || pg.Code == "40P01":
			return "db.busy", "Too many changes met on the same rows. Try again."
		}
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) {
		return "db.lost", "The database server cannot be reached. Check that it runs and that --db is right."
	}
	if errors.Is(err, ErrRetry) {
		return "db.busy", "Too many changes met on the same rows. Try again."
	}
	return "", ""
}

// None tells whether err says that a query found no row.
func None(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Violated returns the name of the constraint or unique index that err says
// was violated. SQLite tells a unique index by its columns
// ("stock_level.variant_id, stock_level.location_id"), PostgreSQL by its name.
func Violated(err error) (name string, ok bool) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && strings.HasPrefix(pg.Code, "23") {
		return pg.ConstraintName, true
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_CONSTRAINT {
		text := lite.Error()
		if i := strings.LastIndex(text, "constraint failed: "); i >= 0 {
			text = text[i+len("constraint failed: "):]
		}
		name, _, _ = strings.Cut(text, " (")
		return name, true
	}
	return "", false
}
