package intake

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// The limits of a document, and how many may be unfinished at once. Files that
// were sorted by time let the rows of two orders of the same minute mix.
const (
	maxRows        = 1000
	maxProductRows = 5000 // up to 2048 variants, and pictures
	maxBytes       = 16 << 20
	openAtOnce     = 8
)

// group is the rows of one document.
type group struct {
	key    string
	rows   []Row
	bytes  int
	wrong  bool // a row was refused, so that all are
	torn   bool // its rows do not lie together
	excess bool // it has too many rows
}

// groups assembles rows into documents by their keys, in the order of their
// first rows. It holds a few documents at a time, and a hash of each key that
// it gave out.
type groups struct {
	source *Source
	key    func(Row) (string, *RowError) // empty: the same as the row before
	reject func(*RowError)
	single bool // each row is a document of its own, and keys may come again
	limit  int  // rows of a document
	open   []*group
	last   *group
	done   set
	ended  bool
}

func newGroups(s *Source, key func(Row) (string, *RowError), reject func(*RowError)) *groups {
	return &groups{source: s, key: key, reject: reject, limit: maxRows, done: newSet()}
}

// next is the next document whose rows are all good, or io.EOF, or a fault.
func (g *groups) next() (*group, error) {
	for {
		for len(g.open) > openAtOnce || g.single && len(g.open) > 0 || g.ended && len(g.open) > 0 {
			first := g.open[0]
			g.open = g.open[1:]
			if g.last == first {
				g.last = nil
			}
			if !first.wrong {
				return first, nil
			}
		}
		if g.ended {
			return nil, io.EOF
		}
		if err := g.read(); err != nil {
			return nil, err
		}
	}
}

// read takes in one row.
func (g *groups) read() error {
	row, err := g.source.Next()
	if bad := (*RowError)(nil); errors.As(err, &bad) {
		g.refuse(bad)
		return nil
	}
	if g.ended = errors.Is(err, io.EOF); g.ended {
		return nil
	}
	if err != nil {
		return err
	}
	key, bad := g.key(row)
	if bad != nil {
		g.refuse(bad)
		return nil
	}
	in := g.find(key)
	if in == nil {
		g.refuse(&RowError{Row: row, Code: CodeBadValue, Reason: "The row names no document, and no document goes before it."})
		return nil
	}
	g.last = in
	if !in.wrong {
		in.rows = append(in.rows, row)
		in.bytes += len(row.Raw)
	}
	switch {
	case in.torn:
		g.reject(&RowError{Row: row, Document: in.key, Code: CodeTorn, Reason: "The document began further up in the file and was taken in without this row: its rows must lie together."})
	case in.excess:
		g.reject(g.tooLarge(in.key, row))
	case in.wrong:
		g.reject(incomplete(in.key, row))
	case len(in.rows) > g.limit || in.bytes > maxBytes:
		in.excess = true
		g.drop(in, func(r Row) *RowError { return g.tooLarge(in.key, r) })
	}
	return nil
}

// find is the open document with a key, a new one if there is none.
func (g *groups) find(key string) *group {
	if g.single {
		g.open = append(g.open, &group{key: key})
		return g.open[len(g.open)-1]
	}
	if key == "" || g.last != nil && g.last.key == key {
		return g.last
	}
	for _, o := range slices.Backward(g.open) {
		if o.key == key {
			return o
		}
	}
	torn := !g.done.add(key)
	o := &group{key: key, wrong: torn, torn: torn}
	g.open = append(g.open, o)
	return o
}

// refuse rejects a row that cannot be read. If it can be told which document it
// is of, that document is refused with it.
func (g *groups) refuse(bad *RowError) {
	if g.single {
		g.reject(bad)
		return
	}
	in := g.last
	if len(bad.Row.Fields) > 0 {
		// A row with too few fields may still begin with its document's key. Asking may fail; then it is the last one's.
		if key, err := g.keyOf(bad.Row); err == nil && key != "" {
			in = g.find(key)
			g.last = in
		}
	}
	if in != nil {
		bad.Document = in.key
	}
	g.reject(bad)
	if in != nil && !in.wrong {
		g.drop(in, func(r Row) *RowError { return incomplete(in.key, r) })
	}
}

// keyOf is the key of a row that may lack fields.
func (g *groups) keyOf(row Row) (string, *RowError) {
	if missing := len(g.source.header) - len(row.Fields); missing > 0 {
		row.Fields = append(slices.Clone(row.Fields), make([]string, missing)...)
	}
	return g.key(row)
}

// drop rejects all rows of a document.
func (g *groups) drop(in *group, why func(Row) *RowError) {
	in.wrong = true
	for _, r := range in.rows {
		g.reject(why(r))
	}
	in.rows, in.bytes = nil, 0
}

func incomplete(key string, r Row) *RowError {
	return &RowError{Row: r, Document: key, Code: CodeIncomplete, Reason: "Another row of the same document is wrong, and a document is taken whole or not at all."}
}

func (g *groups) tooLarge(key string, r Row) *RowError {
	return &RowError{Row: r, Document: key, Code: CodeTooMany, Reason: fmt.Sprintf("The document has more than %d rows or 16 MiB.", g.limit)}
}
