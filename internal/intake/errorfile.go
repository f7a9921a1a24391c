package intake

import (
	"bufio"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"purser/internal/base/fault"
)

// errorColumns go before the columns of the file that the rows are from, so
// that the rows can be mended where they are and the error file be imported.
var errorColumns = []string{"line", "document", "code", "reason"}

// ErrorFile gets the rows that are refused, with the reason. It is a CSV file
// that begins with the first refused row: without errors there is no file.
type ErrorFile struct {
	path   string
	header []string
	rows   int64
	file   io.Closer
	flush  *bufio.Writer
	csv    *csv.Writer
	err    error
}

// ErrorPath is where the refused rows of a file go by default: orders.csv.gz
// has them in orders.errors.csv beside it; standard input in import.errors.csv.
func ErrorPath(source string) string {
	if source == "-" {
		return "import.errors.csv"
	}
	name := strings.TrimSuffix(source, ".gz")
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".errors.csv"
}

// NewErrorFile prepares an error file at path for rows of a file with the given
// header. Nothing is written yet.
func NewErrorFile(path string, header []string) *ErrorFile {
	return &ErrorFile{path: path, header: header}
}

// Add writes a refused row. What goes wrong is kept for Close, so that an import
// is not stopped by the list of its errors.
func (f *ErrorFile) Add(e *RowError) {
	f.rows++
	if f.err != nil || f.csv == nil && !f.create() {
		return
	}
	// A file of errors that is imported again has these columns already.
	known := len(f.header) > len(errorColumns) && slices.Equal(f.header[:len(errorColumns)], errorColumns)
	fields := e.Row.Fields
	if len(fields) != len(f.header) {
		fields = make([]string, len(f.header))
		at := 0
		if known {
			at = len(errorColumns)
		}
		fields[at] = e.Row.Raw
	}
	if known {
		fields = fields[len(errorColumns):]
	}
	out := append([]string{strconv.Itoa(e.Row.Line), e.Document, e.Code, e.Reason}, fields...)
	if e.Code == CodeNUL || e.Code == CodeEncoding {
		for i, s := range out {
			out[i] = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	f.err = f.csv.Write(out)
}

func (f *ErrorFile) create() bool {
	file, err := os.Create(f.path)
	if err != nil {
		f.err = err
		return false
	}
	f.file = file
	f.flush = bufio.NewWriter(file)
	f.csv = csv.NewWriter(f.flush)
	header := f.header
	if len(header) <= len(errorColumns) || !slices.Equal(header[:len(errorColumns)], errorColumns) {
		header = append(slices.Clone(errorColumns), header...)
	}
	f.err = f.csv.Write(header)
	return f.err == nil
}

// Rows is the number of rows that were refused.
func (f *ErrorFile) Rows() int64 { return f.rows }

// Path is where the file lies, or "" if there is none.
func (f *ErrorFile) Path() string {
	if f.csv == nil {
		return ""
	}
	return f.path
}

// Flush brings what was added to the disk's system, so that it can be read
// while the import goes on.
func (f *ErrorFile) Flush() error {
	if f.csv == nil || f.err != nil {
		return f.fault()
	}
	f.csv.Flush()
	if f.err = f.csv.Error(); f.err == nil {
		f.err = f.flush.Flush()
	}
	return f.fault()
}

// Close finishes the file. It is a fault if a refused row could not be written.
func (f *ErrorFile) Close() error {
	err := f.Flush()
	if f.file == nil {
		return err
	}
	if closed := f.file.Close(); f.err == nil {
		f.err = closed
	}
	return f.fault()
}

func (f *ErrorFile) fault() error {
	if f.err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "import.cannot_write_errors", "The refused rows cannot be written to %s: %v. Name another file for them.", f.path, unwrapPath(f.err))
}
