// Package fault classifies the errors that a caller can act on.
//
// A fault has a kind (what the caller can do), a stable code (what a program
// branches on) and a sentence (what a person reads). Any error that is not a
// fault is Internal: a bug of ours, or the machine's. Only doors (API, pages,
// worker, command line) log and translate faults.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind says what the caller can do about an error.
type Kind string

// The kinds, and what the caller can do.
const (
	Invalid         Kind = "invalid"         // mend the request
	Unauthenticated Kind = "unauthenticated" // say who you are
	Forbidden       Kind = "forbidden"       // ask for the permission
	NotFound        Kind = "not_found"       // the thing is not there
	Conflict        Kind = "conflict"        // the thing is in another state: read it again
	Stale           Kind = "stale"           // somebody changed it first: read it again
	Shortage        Kind = "shortage"        // not enough stock, money or credit
	Mismatch        Kind = "mismatch"        // the same idempotency key came with another request
	TooMany         Kind = "too_many"        // slow down and try again
	Upstream        Kind = "upstream"        // a connector failed: try again later
	Unavailable     Kind = "unavailable"     // the database or the disk does not answer
	Internal        Kind = "internal"        // our bug
)

// statuses is the one table from kinds to HTTP.
var statuses = map[Kind]int{
	Invalid:         422,
	Unauthenticated: 401,
	Forbidden:       403,
	NotFound:        404,
	Conflict:        409,
	Stale:           412,
	Shortage:        409,
	Mismatch:        422,
	TooMany:         429,
	Upstream:        502,
	Unavailable:     503,
}

// Status is the HTTP status of an answer with a fault of the kind.
func (k Kind) Status() int {
	if s, ok := statuses[k]; ok {
		return s
	}
	return 500
}

// Of returns err as a fault. One that is not a fault is Internal: its own text is
// for the log, and the caller learns only that it is not the caller's doing.
func Of(err error) *Error {
	if f, ok := As(err); ok {
		return f
	}
	return New(Internal, "internal", "Something went wrong on our side. Nothing was changed; try again, and tell the operator if it stays.")
}

// Error is an error of a kind, safe to show to the caller.
type Error struct {
	Kind    Kind
	Code    string            // stable, e.g. "order.already_shipped"
	Message string            // one sentence for a person
	Fields  map[string]string // input field, as a path like lines[0].quantity, to what is wrong with it
	Detail  any               // facts for a program, e.g. the present version; may be nil
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Code + ": " + e.Message
	}
	var b strings.Builder
	b.WriteString(e.Code + ": " + e.Message)
	for _, f := range slices.Sorted(maps.Keys(e.Fields)) {
		b.WriteString(" [" + f + ": " + e.Fields[f] + "]")
	}
	return b.String()
}

// New returns an error of kind k.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// With returns e with facts for a program.
func (e *Error) With(detail any) *Error {
	c := *e
	c.Detail = detail
	return &c
}

// As returns err as an *Error, if it is or wraps one.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf returns the kind of err, and Internal for any error that is not a fault.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// Is tells whether err is a fault with the given code.
func Is(err error, code string) bool {
	e, ok := As(err)
	return ok && e.Code == code
}

// Fields collects what is wrong with the fields of a request, so that the
// caller hears of all of it at once.
type Fields map[string]string

// Add notes what is wrong with a field; the first remark on a field stays.
func (f Fields) Add(field, format string, args ...any) {
	if _, ok := f[field]; !ok {
		f[field] = fmt.Sprintf(format, args...)
	}
}

// Err returns an Invalid fault with all fields, or nil if there are none.
func (f Fields) Err(code, message string) error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: code, Message: message, Fields: f}
}
