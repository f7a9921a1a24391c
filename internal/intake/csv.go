package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"purser/internal/base/fault"
)

// maxRecord is the longest row, in bytes: a note of a mebibyte fits many times.
const maxRecord = 4 << 20

// Row is a row of a file as it was read.
type Row struct {
	Line   int      // number of the line it begins on; the header is usually line 1
	Raw    string   // the row as it stands in the file, without the line end; of an over-long row its beginning
	Fields []string // one for each column, without quotes
}

// records splits a stream into rows. Unlike encoding/csv it keeps the row as it
// was written, and it goes on after a broken one: a quote that is never closed
// costs the line it stands on and not the rest of the file.
//
// Fields follow RFC 4180. Beyond it, a quote in the middle of a field stands for
// itself, as does a quote inside a quoted field that nothing separates from the
// next character, as long as the field has not left its line: 5" pipe and
// "5" pipe" are both 5" pipe. If it has left its line the quotes are broken.
type records struct {
	src   io.Reader
	comma byte
	eol   byte // '\n', or '\r' in files of old Macs
	buf   []byte
	start int // buf[start:end] is read and not yet given out
	end   int
	err   error // what broke the stream
	ended bool  // it came to its end
	line  int   // number of the line that begins at start

	scratch []byte // the fields of a quoted row, one after the other
	bounds  []int  // where each ends in scratch
	width   int    // fields of the last row

	consumed int64 // bytes given out
	again    int64 // bytes read again after broken quotes
}

func newRecords(src io.Reader, comma, eol byte) *records {
	return &records{src: src, comma: comma, eol: eol, buf: make([]byte, 64<<10), line: 1}
}

// next is the next row that is not empty. The error is a *RowError for a row
// that is refused (the one after it may be read), io.EOF at the end, or what
// keeps the stream from being read on.
func (r *records) next() (Row, error) {
	for {
		line, err := r.peekLine()
		if err != nil {
			return Row{}, err
		}
		if line == nil {
			return r.overlong()
		}
		if len(trimEOL(line)) == 0 {
			r.advance(len(line), 1)
			continue
		}
		if bytes.IndexByte(line, '"') >= 0 {
			return r.quoted()
		}
		row := Row{Line: r.line, Raw: string(trimEOL(line))}
		r.advance(len(line), 1)
		row.Fields = r.split(row.Raw)
		return row, r.inspect(row)
	}
}

// split cuts a row that has no quotes.
func (r *records) split(raw string) []string {
	fields := make([]string, 0, max(r.width, 1))
	for {
		i := strings.IndexByte(raw, r.comma)
		if i < 0 {
			break
		}
		fields = append(fields, raw[:i])
		raw = raw[i+1:]
	}
	fields = append(fields, raw)
	r.width = len(fields)
	return fields
}

// inspect refuses texts that no database should hold.
func (r *records) inspect(row Row) error {
	if strings.IndexByte(row.Raw, 0) >= 0 {
		return &RowError{Row: row, Code: CodeNUL, Reason: "The row has a NUL character in it."}
	}
	if !utf8.ValidString(row.Raw) {
		return &RowError{Row: row, Code: CodeEncoding, Reason: "The row is not UTF-8. If the whole file is in another character set, name it."}
	}
	return nil
}

// outcome is what became of an attempt to cut a row with quotes.
type outcome int

const (
	whole  outcome = iota // the row is complete
	more                  // the row goes on beyond what is in the buffer
	broken                // its quotes make no sense
)

// quoted reads a row that has quotes on its first line.
func (r *records) quoted() (Row, error) {
	for {
		n, lines, what := r.cut(r.buf[r.start:r.end], r.ended)
		switch {
		case what == whole:
			data := r.buf[r.start : r.start+n]
			row := Row{Line: r.line, Raw: string(trimEOL(data)), Fields: make([]string, len(r.bounds))}
			text, from := string(r.scratch), 0
			for i, to := range r.bounds {
				row.Fields[i], from = text[from:to], to
			}
			r.width = len(row.Fields)
			r.advance(n, lines)
			return row, r.inspect(row)
		case what == more && r.end-r.start < maxRecord:
			r.fill()
			if r.err != nil {
				return Row{}, r.err
			}
		default:
			return r.unclosed(n)
		}
	}
}

// unclosed gives up the first line of a row whose quotes are broken, which
// showed after so many bytes.
func (r *records) unclosed(scanned int) (Row, error) {
	line, err := r.peekLine()
	if err != nil {
		return Row{}, err
	}
	if line == nil {
		return r.overlong()
	}
	// Each row may look ahead as far as a row is long. A file in which that happens again and again is no CSV.
	if r.again += int64(scanned); r.again > 8*maxRecord+16*r.consumed {
		return Row{}, fault.New(fault.Invalid, "import.not_csv",
			"The quotes in the file do not match, from line %d on. Write it as CSV with each quote inside a field doubled.", r.line)
	}
	row := Row{Line: r.line, Raw: string(trimEOL(line))}
	r.advance(len(line), 1)
	if err := r.inspect(row); err != nil {
		return row, err
	}
	return row, &RowError{Row: row, Code: CodeOpenQuote, Reason: "A quoted field is not closed, or a quote inside it is not doubled."}
}

// overlong skips a line that is longer than a row may be.
func (r *records) overlong() (Row, error) {
	const shown = 1000
	row := Row{Line: r.line, Raw: strings.ToValidUTF8(string(r.buf[r.start:r.start+shown]), "\uFFFD")}
	for {
		if i := bytes.IndexByte(r.buf[r.start:r.end], r.eol); i >= 0 {
			r.advance(i+1, 1)
			break
		}
		r.advance(r.end-r.start, 0)
		if r.ended || r.err != nil {
			break
		}
		r.fill()
	}
	return row, &RowError{Row: row, Code: CodeTooLong, Reason: "The row is longer than 4 MiB. The beginning is shown."}
}

// peekLine is the line at start with its line end, nil if it is longer than a
// row may be.
func (r *records) peekLine() ([]byte, error) {
	seen := 0
	for {
		data := r.buf[r.start:r.end]
		if i := bytes.IndexByte(data[seen:], r.eol); i >= 0 {
			return data[:seen+i+1], nil
		}
		seen = len(data)
		switch {
		case r.err != nil:
			return nil, r.err
		case r.ended && len(data) == 0:
			return nil, io.EOF
		case r.ended:
			return data, nil
		case len(data) >= maxRecord:
			return nil, nil
		}
		r.fill()
	}
}

// fill reads on, with more room if there is none.
func (r *records) fill() {
	if r.ended || r.err != nil {
		return
	}
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.start, r.end = 0, r.end-r.start
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if r.ended = errors.Is(err, io.EOF); !r.ended {
			r.err = err
		}
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

func (r *records) advance(n, lines int) {
	r.start += n
	r.line += lines
	r.consumed += int64(n)
}

// cut finds the fields of the row at the beginning of data and leaves them in
// scratch and bounds; last tells whether nothing follows data. It returns how
// many bytes and lines the row takes; of a row that is not whole, how far it
// was looked at.
func (r *records) cut(data []byte, last bool) (n, lines int, what outcome) {
	r.scratch, r.bounds = r.scratch[:0], r.bounds[:0]
	for i := 0; ; {
		var end int
		if i < len(data) && data[i] == '"' {
			var spanned int
			if end, spanned, what = r.cutQuoted(data, i+1, last); what != whole {
				return end, 0, what
			}
			lines += spanned
		} else {
			for end = i; end < len(data) && data[end] != r.comma && data[end] != r.eol; {
				end++
			}
			if end == len(data) && !last {
				return end, 0, more
			}
			r.scratch = append(r.scratch, trimCR(data[i:end], end == len(data) || data[end] == r.eol)...)
		}
		r.bounds = append(r.bounds, len(r.scratch))
		if end == len(data) {
			return end, lines + 1, whole
		}
		if data[end] == r.eol {
			return end + 1, lines + 1, whole
		}
		i = end + 1
	}
}

// cutQuoted appends to scratch the quoted field whose text begins at i. It
// returns where the comma or line end behind it is, and how many line ends are
// in it.
func (r *records) cutQuoted(data []byte, i int, last bool) (end, spanned int, what outcome) {
	for {
		k := bytes.IndexByte(data[i:], '"')
		if k < 0 {
			if last {
				return len(data), 0, broken
			}
			return len(data), 0, more
		}
		segment := data[i : i+k]
		if count := bytes.Count(segment, []byte{r.eol}); count > 0 {
			spanned += count
			segment = bytes.ReplaceAll(segment, []byte("\r\n"), []byte("\n"))
		}
		r.scratch = append(r.scratch, segment...)
		i += k + 1
		rest := data[i:]
		switch {
		case len(rest) == 0 && last, len(rest) > 0 && (rest[0] == r.comma || rest[0] == r.eol):
			return i, spanned, whole
		case len(rest) == 0, len(rest) == 1 && rest[0] == '\r' && !last:
			return len(data), 0, more
		case rest[0] == '"':
			r.scratch = append(r.scratch, '"')
			i++
		case rest[0] == '\r' && (len(rest) == 1 || rest[1] == r.eol):
			return i + 1, spanned, whole
		case spanned > 0:
			return i, 0, broken
		default:
			r.scratch = append(r.scratch, '"')
		}
	}
}

// trimEOL takes the line end off a line.
func trimEOL(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	return trimCR(line, true)
}

func trimCR(b []byte, atEnd bool) []byte {
	if n := len(b); atEnd && n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}
