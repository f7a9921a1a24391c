package intake

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"purser/internal/base/fault"
)

// SourceOptions say what a file looks like.
type SourceOptions struct {
	Size      int64  // bytes of the whole file, for the progress; 0 if unknown
	Charset   string // as browsers name it, e.g. windows-1252; empty is UTF-8; a byte order mark wins
	Delimiter string // one character or "tab"; empty: found out from the header
}

// sample is how much of a file is looked at to find out what it is.
const sample = 64 << 10

// Source gives the rows of a file in constant memory.
type Source struct {
	header []string
	rows   *records
	count  *counter
	size   int64
	start  time.Time
	file   io.Closer
	lines  int64
	errors int64
}

// Open opens a file. The name "-" is the standard input.
func Open(name string, o SourceOptions) (*Source, error) {
	if name == "-" {
		return NewSource(os.Stdin, o)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "import.cannot_open", "%s cannot be opened: %v.", name, unwrapPath(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		f.Close()
		return nil, fault.New(fault.Invalid, "import.cannot_open", "%s cannot be read: %v.", name, unwrapPath(err))
	}
	if info.Mode().IsRegular() {
		o.Size = info.Size()
	}
	s, err := NewSource(f, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	s.file = f
	return s, nil
}

// NewSource reads the header of a stream of CSV: plain or gzip, which is
// recognized by its first bytes. What is no text, or has no header, is Invalid.
func NewSource(r io.Reader, o SourceOptions) (*Source, error) {
	count := &counter{r: r}
	text, err := decoded(count, o.Charset)
	if err != nil {
		return nil, err
	}
	head, err := peek(text)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return nil, fault.New(fault.Invalid, "import.empty_file", "The file is empty: its first line must name the columns.")
	}
	if err := checkText(head, o.Charset); err != nil {
		return nil, err
	}
	eol := byte('\n')
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		eol = '\r'
	}
	skip := 0 // Excel may name the delimiter on a line of its own
	if first, _, _ := bytes.Cut(head, []byte{eol}); o.Delimiter == "" && bytes.HasPrefix(first, []byte("sep=")) {
		if given := string(trimCR(first[4:], true)); given != "" {
			o.Delimiter, skip = given, min(len(first)+1, len(head))
		}
	}
	comma, err := delimiter(o.Delimiter, head[skip:], eol)
	if err != nil {
		return nil, err
	}
	if _, err := text.Discard(skip); err != nil {
		return nil, readFault(err)
	}
	s := &Source{rows: newRecords(text, comma, eol), count: count, size: o.Size, start: time.Now()}
	if skip > 0 {
		s.rows.line++
	}
	return s, s.readHeader()
}

func (s *Source) readHeader() error {
	row, err := s.rows.next()
	if bad := (*RowError)(nil); errors.As(err, &bad) {
		return fault.New(fault.Invalid, "import.bad_header", "Line %d should name the columns: %s", bad.Row.Line, bad.Reason)
	}
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "import.empty_file", "The file is empty: its first line must name the columns.")
	}
	if err != nil {
		return readFault(err)
	}
	s.header = row.Fields
	for i := range s.header {
		s.header[i] = strings.TrimSpace(s.header[i])
	}
	return nil
}

// Header is the names of the columns.
func (s *Source) Header() []string { return s.header }

// Next is the next row that is not blank. The error is a *RowError for a row
// that is refused, after which Next may be called again; io.EOF at the end; or a
// fault, if the file cannot be read on.
func (s *Source) Next() (Row, error) {
	for {
		row, err := s.rows.next()
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			s.lines++
			s.errors++
			return row, bad
		case errors.Is(err, io.EOF):
			return row, io.EOF
		case err != nil:
			return row, readFault(err)
		}
		if blank(row.Fields) {
			continue
		}
		if len(row.Fields) == len(s.header) {
			s.lines++
			return row, nil
		}
		s.lines++
		s.errors++
		return row, &RowError{Row: row, Code: CodeFieldCount, Reason: counted(len(row.Fields), len(s.header))}
	}
}

// Progress tells how far the source is read; the reader adds its documents.
func (s *Source) Progress() Progress {
	return Progress{Bytes: s.count.n, Size: s.size, Lines: s.lines, Errors: s.errors, Elapsed: time.Since(s.start)}
}

// Close closes the file, if the source opened it.
func (s *Source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// counter counts the bytes that were read from the file.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// decoded unpacks r and turns it into UTF-8 without a byte order mark.
func decoded(r io.Reader, charset string) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, sample)
	head, err := peek(b)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, readFault(err)
		}
		b = bufio.NewReaderSize(z, sample)
		if head, err = peek(b); err != nil {
			return nil, err
		}
	}
	code, err := charsetOf(head, charset)
	if err != nil || code == nil {
		if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
			_, err = b.Discard(3)
		}
		return b, err
	}
	return bufio.NewReaderSize(transform.NewReader(b, code.NewDecoder()), sample), nil
}

// charsetOf is how head is to be decoded, nil if it is UTF-8.
func charsetOf(head []byte, name string) (encoding.Encoding, error) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		return nil, nil
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), nil
	case name == "":
		return nil, nil
	}
	code, err := htmlindex.Get(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "import.unknown_charset", "%q is no character set that is known here: use a name such as utf-8, windows-1252 or shift_jis.", name)
	}
	if code == unicode.UTF8 {
		return nil, nil
	}
	return code, nil
}

// magics are the first bytes of files that people take for CSV.
var magics = []struct{ bytes, what string }{
	{"PK\x03\x04", "a spreadsheet or a ZIP archive: save it as CSV, or unpack it"},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook: save it as CSV"},
	{"%PDF-", "a PDF document: export the table as CSV"},
	{"SQLite format 3\x00", "a SQLite database: export the table as CSV"},
	{"\x28\xb5\x2f\xfd", "packed with zstd: unpack it first, or pack it with gzip"},
	{"BZh", "packed with bzip2: unpack it first, or pack it with gzip"},
	{"\xfd7zXZ\x00", "packed with xz: unpack it first, or pack it with gzip"},
}

// checkText refuses what is no text, by its beginning.
func checkText(head []byte, charset string) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return fault.New(fault.Invalid, "import.not_text", "The file is %s.", m.what)
		}
	}
	control := 0
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			control++
		}
	}
	if control > 4 && control > len(head)/50 {
		return fault.New(fault.Invalid, "import.not_text", "The file is not text. If it is UTF-16 without a byte order mark, name the character set utf-16le or utf-16be.")
	}
	if charset != "" {
		return nil
	}
	// One stray byte is a matter of its row. Where a fiftieth of the lines have them, the file is in another character set.
	bad, lines := 0, 0
	for line := range bytes.Lines(head) {
		lines++
		if !utf8.Valid(line) && (len(line) == 0 || line[len(line)-1] == '\n') {
			bad++
		}
	}
	if bad*50 > lines {
		return fault.New(fault.Invalid, "import.not_utf8", "The file is not UTF-8. Name its character set, such as windows-1252.")
	}
	return nil
}

// delimiter finds what separates fields: what is given, else the character
// of , ; tab | that cuts the first line most often and stands outside quotes.
func delimiter(given string, head []byte, eol byte) (byte, error) {
	switch {
	case given == "tab" || given == `\t`:
		return '\t', nil
	case len(given) == 1 && given[0] < utf8.RuneSelf && !strings.ContainsAny(given, "\"\r\n\x00"):
		return given[0], nil
	case given != "":
		return 0, fault.New(fault.Invalid, "import.bad_delimiter", "The delimiter must be one ASCII character such as ; or the word tab, not %q.", given)
	}
	const candidates = ",;\t|"
	var found [len(candidates)]int
	inside := false
	for _, c := range bytes.TrimLeft(head, "\r\n") {
		if c == '"' {
			inside = !inside
		}
		if c == eol && !inside {
			break
		}
		if i := strings.IndexByte(candidates, c); i >= 0 && !inside {
			found[i]++
		}
	}
	best := 0
	for i, n := range found {
		if n > found[best] {
			best = i
		}
	}
	return candidates[best], nil
}

// peek is the beginning of b, as much as there is up to a sample.
func peek(b *bufio.Reader) ([]byte, error) {
	head, err := b.Peek(sample)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readFault(err)
	}
	return head, nil
}

// readFault says in a sentence why a file cannot be read on.
func readFault(err error) error {
	var corrupt flate.CorruptInputError
	switch _, is := fault.As(err); {
	case is:
		return err
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return fault.New(fault.Invalid, "import.damaged_file", "The packed file is damaged or cut short (%v). Get it again; what was read before the damage counts.", err)
	}
	return fault.New(fault.Unavailable, "import.cannot_read", "The file cannot be read on: %v.", unwrapPath(err))
}

// unwrapPath is what the system said, without the name of the file.
func unwrapPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func blank(fields []string) bool {
	for _, f := range fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}

func counted(have, want int) string {
	if have < want {
		return "The row has fewer fields than the header: " + plural(have) + " instead of " + plural(want) + "."
	}
	return "The row has more fields than the header: " + plural(have) + " instead of " + plural(want) + ". A field with the delimiter in it must be in quotes."
}
