package intake

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"purser/internal/base/fault"
)

func packed(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSource(t *testing.T) {
	const text = "Sku,Größe\nA,1\n"
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	latin, _ := charmap.Windows1252.NewEncoder().String(text)
	bare16, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(text)
	for name, c := range map[string]struct {
		data    string
		options SourceOptions
	}{
		"plain":                   {data: text},
		"packed":                  {data: string(packed(t, text))},
		"packed in two parts":     {data: string(packed(t, text[:5])) + string(packed(t, text[5:]))},
		"byte order mark":         {data: "\ufeff" + text},
		"the mark beats the name": {data: "\ufeff" + text, options: SourceOptions{Charset: "windows-1252"}},
		"packed with a mark":      {data: string(packed(t, "\ufeff"+text))},
		"UTF-16 with a mark":      {data: utf16},
		"UTF-16 by name":          {data: bare16, options: SourceOptions{Charset: "utf-16be"}},
		"Windows-1252 by name":    {data: latin, options: SourceOptions{Charset: "windows-1252"}},
		"UTF-8 by name":           {data: text, options: SourceOptions{Charset: "UTF-8"}},
		"semicolons":              {data: strings.ReplaceAll(text, ",", ";")},
		"tabs":                    {data: strings.ReplaceAll(text, ",", "\t")},
		"bars":                    {data: strings.ReplaceAll(text, ",", "|")},
		"a delimiter by name":     {data: strings.ReplaceAll(text, ",", ":"), options: SourceOptions{Delimiter: ":"}},
		"Excel's first line":      {data: "sep=;\r\n" + strings.ReplaceAll(text, ",", ";")},
		"blank lines before":      {data: "\n\n" + text},
		"blank rows at the end":   {data: text + ",\n,,,,\n"},
		"old Mac":                 {data: strings.ReplaceAll(text, "\n", "\r")},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewSource(strings.NewReader(c.data), c.options)
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{"Sku", "Größe"}; !reflect.DeepEqual(s.Header(), want) {
				t.Fatalf("the header is %q", s.Header())
			}
			row, err := s.Next()
			if err != nil || !reflect.DeepEqual(row.Fields, []string{"A", "1"}) {
				t.Fatalf("the first row is %q, %v", row.Fields, err)
			}
			if _, err := s.Next(); !errors.Is(err, io.EOF) {
				t.Fatalf("after the last row comes %v", err)
			}
		})
	}
}

func TestSourceFaults(t *testing.T) {
	whole := packed(t, strings.Repeat("a,b\n1,2\n", 5000))
	spoiled := bytes.Clone(whole)
	spoiled[len(spoiled)-6] ^= 0xff // in the checksum
	for name, c := range map[string]struct {
		data    string
		options SourceOptions
		code    string
	}{
		"nothing":               {code: "import.empty_file"},
		"blank lines alone":     {data: "\r\n\n", code: "import.empty_file"},
		"a mark alone":          {data: "\ufeff", code: "import.empty_file"},
		"a workbook":            {data: "PK\x03\x04\x14\x00", code: "import.not_text"},
		"a packed workbook":     {data: string(packed(t, "PK\x03\x04\x14\x00")), code: "import.not_text"},
		"a program":             {data: "\x7fELF" + strings.Repeat("\x00\x01\x02abc", 100), code: "import.not_text"},
		"UTF-16 without a sign": {data: "a\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00", code: "import.not_text"},
		"another charset":       {data: "Gr\xf6\xdfe,b\n1,2\n", code: "import.not_utf8"},
		"an unknown charset":    {data: "a,b\n", options: SourceOptions{Charset: "klingon"}, code: "import.unknown_charset"},
		"an odd delimiter":      {data: "a,b\n", options: SourceOptions{Delimiter: "::"}, code: "import.bad_delimiter"},
		"a header left open":    {data: "\"a,b\n1,2\n", code: "import.bad_header"},
		"packed and cut":        {data: string(whole[:len(whole)-9]), code: "import.damaged_file"},
		"packed and spoiled":    {data: string(spoiled), code: "import.damaged_file"},
		"a packed header only":  {data: string(whole[:5]), code: "import.damaged_file"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewSource(strings.NewReader(c.data), c.options)
			for err == nil {
				_, err = s.Next()
			}
			if !fault.Is(err, c.code) {
				t.Errorf("have %v, want %s", err, c.code)
			}
		})
	}
}

func TestSourceRefusesRowsAndGoesOn(t *testing.T) {
	text := "a,b\n1\n1,2,3\n1,\"2\n3,4\n5\x00,6\n" + strings.Repeat("7,8\n", 100) + "9\xff,1\n7,8\n"
	s, err := NewSource(strings.NewReader(text), SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	good := 0
	for {
		_, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *RowError
		switch {
		case err == nil:
			good++
		case errors.As(err, &bad):
			codes = append(codes, bad.Code)
		default:
			t.Fatal(err)
		}
	}
	if want := []string{CodeFieldCount, CodeFieldCount, CodeOpenQuote, CodeNUL, CodeEncoding}; !reflect.DeepEqual(codes, want) || good != 102 {
		t.Errorf("have %q and %d good rows, want %q and 102", codes, good, want)
	}
	if p := s.Progress(); p.Lines != 107 || p.Errors != 5 || p.Bytes != int64(len(text)) {
		t.Errorf("the progress is %+v", p)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "none.csv")} {
		if _, err := Open(name, SourceOptions{}); !fault.Is(err, "import.cannot_open") {
			t.Errorf("%s: have %v", name, err)
		}
	}
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if p := s.Progress(); p.Size != 8 || p.Percent() != 100 {
		t.Errorf("the progress is %+v", p)
	}
}
