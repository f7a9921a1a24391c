package intake

import (
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"purser/internal/base/fault"
)

type read struct {
	Line   int
	Fields []string
	Code   string // of the error
}

func readAll(t testing.TB, r io.Reader, comma, eol byte) []read {
	t.Helper()
	records := newRecords(r, comma, eol)
	var out []read
	for {
		row, err := records.next()
		var bad *RowError
		switch {
		case errors.Is(err, io.EOF):
			return out
		case errors.As(err, &bad):
			out = append(out, read{row.Line, nil, bad.Code})
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, read{row.Line, row.Fields, ""})
		}
	}
}

func TestRecords(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []read
	}{
		"plain":                     {"a,b\nc,d\n", []read{{1, []string{"a", "b"}, ""}, {2, []string{"c", "d"}, ""}}},
		"no line end at the end":    {"a,b\nc,", []read{{1, []string{"a", "b"}, ""}, {2, []string{"c", ""}, ""}}},
		"Windows line ends":         {"a,b\r\n\"c\",d\r\n", []read{{1, []string{"a", "b"}, ""}, {2, []string{"c", "d"}, ""}}},
		"blank lines count":         {"\n\r\na\n\nb\n", []read{{3, []string{"a"}, ""}, {5, []string{"b"}, ""}}},
		"quotes":                    {`"a,1","say ""hi""",""` + "\n", []read{{1, []string{"a,1", `say "hi"`, ""}, ""}}},
		"a note of two lines":       {"a,\"one\r\ntwo\"\nb,c\n", []read{{1, []string{"a", "one\ntwo"}, ""}, {3, []string{"b", "c"}, ""}}},
		"inches, bare":              {"pipe 5\",a\n", []read{{1, []string{`pipe 5"`, "a"}, ""}}},
		"inches, in quotes":         {"\"pipe 5\" wide\",a\n", []read{{1, []string{`pipe 5" wide`, "a"}, ""}}},
		"open quote before quotes":  {"1,\"open,2\n2,fine,3\n3,\"x\",4\n", []read{{1, nil, CodeOpenQuote}, {2, []string{"2", "fine", "3"}, ""}, {3, []string{"3", "x", "4"}, ""}}},
		"open quote to the end":     {"1,\"open\n2,fine\n", []read{{1, nil, CodeOpenQuote}, {2, []string{"2", "fine"}, ""}}},
		"a quote closed at the end": {"a,\"b\"", []read{{1, []string{"a", "b"}, ""}}},
		"a carriage return inside":  {"a\rb,c\n", []read{{1, []string{"a\rb", "c"}, ""}}},
		"NUL":                       {"a\x00,b\nc,d\n", []read{{1, nil, CodeNUL}, {2, []string{"c", "d"}, ""}}},
		"no UTF-8":                  {"a\xe9,b\nc,\"d\xe9\"\ne,f\n", []read{{1, nil, CodeEncoding}, {2, nil, CodeEncoding}, {3, []string{"e", "f"}, ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
				if got := readAll(t, r, ',', '\n'); !reflect.DeepEqual(got, c.want) {
					t.Errorf("have %+v, want %+v", got, c.want)
				}
			}
		})
	}
}

func TestRecordsOfOldMacs(t *testing.T) {
	got := readAll(t, strings.NewReader("a;b\rc;\"d\re\"\r"), ';', '\r')
	want := []read{{1, []string{"a", "b"}, ""}, {2, []string{"c", "d\re"}, ""}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("have %+v, want %+v", got, want)
	}
}

func TestLongRows(t *testing.T) {
	note := strings.Repeat("n\n", 1<<19) // a mebibyte
	long := strings.Repeat("b", 100)
	for name, c := range map[string]struct {
		text string
		want []read
	}{
		"a note of a mebibyte":    {"a,\"" + note + "\"\nb,c\n", []read{{1, []string{"a", note}, ""}, {2 + 1<<19, []string{"b", "c"}, ""}}},
		"a line without end":      {strings.Repeat("x", maxRecord+5) + "\nb,c\n", []read{{1, nil, CodeTooLong}, {2, []string{"b", "c"}, ""}}},
		"too long and the last":   {"a\n" + strings.Repeat("x", 2*maxRecord), []read{{1, []string{"a"}, ""}, {2, nil, CodeTooLong}}},
		"an open quote, far open": {"\"a\n" + strings.Repeat(long+"\n", maxRecord/100), append([]read{{1, nil, CodeOpenQuote}}, repeated(long, 2, maxRecord/100)...)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readAll(t, strings.NewReader(c.text), ',', '\n'); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%d rows, want %d", len(got), len(c.want))
			}
		})
	}
}

func repeated(field string, line, n int) []read {
	out := make([]read, n)
	for i := range out {
		out[i] = read{line + i, []string{field}, ""}
	}
	return out
}

// A file made to be looked at again and again is given up, not read for hours.
func TestQuotesThatNeverMatch(t *testing.T) {
	r := newRecords(strings.NewReader(strings.Repeat("\"\"a\n", 3<<20)), ',', '\n')
	for range 1000 {
		_, err := r.next()
		if fault.Is(err, "import.not_csv") {
			return
		}
		if bad := (*RowError)(nil); !errors.As(err, &bad) {
			t.Fatalf("have %v, want a refused row", err)
		}
	}
	t.Error("a thousand rows were each looked at for 4 MiB")
}

// FuzzRecords: whatever the file is, reading ends, lines go up, and all rows
// together are the file; and what encoding/csv reads without complaint is read
// the same.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "\"a\",\"b\n\"\"c\"\n", "a\"b,\"c\"d\",e\n", "\"open\nx,\"y\"\n", "\r\n,\r,\n\"\r\n\"", "\"\"a\n\"\"\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rows := readAll(t, strings.NewReader(s), ',', '\n')
		last, clean := 0, true
		for _, r := range rows {
			if r.Line <= last {
				t.Fatalf("line %d after line %d", r.Line, last)
			}
			last = r.Line
			clean = clean && r.Code == ""
		}
		if bytewise := readAll(t, iotest.OneByteReader(strings.NewReader(s)), ',', '\n'); !reflect.DeepEqual(rows, bytewise) {
			t.Fatalf("%q byte by byte is %+v, and %+v at once", s, bytewise, rows)
		}
		std := csv.NewReader(strings.NewReader(s))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		// encoding/csv takes a lone carriage return before the end of the file for a line end everywhere.
		if err != nil || !clean || strings.Contains(s, "\r") || !utf8.ValidString(s) {
			return
		}
		var got [][]string
		for _, r := range rows {
			got = append(got, r.Fields)
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is %q, and for encoding/csv %q", s, got, want)
		}
	})
}
