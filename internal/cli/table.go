package cli

import (
	"encoding"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"purser/internal/base/csvcell"
	"purser/internal/view"
)

// table writes structs as CSV, a field a column by its name in JSON, or as JSON,
// an object a line.
type table struct {
	csv   *csv.Writer
	json  *json.Encoder
	cells []string
	rows  int
}

func newTable(w io.Writer, asJSON bool) *table {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return &table{json: e}
	}
	return &table{csv: csv.NewWriter(w)}
}

// header names the columns that rows like v have. JSON needs none.
func (t *table) header(v any) {
	if t.csv == nil {
		return
	}
	of := reflect.TypeOf(v)
	names := make([]string, of.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(of.Field(i).Tag.Get("json"), ",")
	}
	_ = t.csv.Write(names) // flush tells of an error
}

func (t *table) row(v any) error {
	t.rows++
	if t.json != nil {
		return t.json.Encode(v)
	}
	of := reflect.ValueOf(v)
	t.cells = t.cells[:0]
	for i := range of.NumField() {
		s, err := cell(of.Field(i).Interface())
		if err != nil {
			return err
		}
		t.cells = append(t.cells, s)
	}
	return t.csv.Write(t.cells)
}

func (t *table) flush() error {
	if t.csv == nil {
		return nil
	}
	t.csv.Flush()
	return t.csv.Error()
}

// cell writes a value: numbers as they are, times in UTC, lists and objects as
// JSON.
func cell(v any) (string, error) {
	switch v := v.(type) {
	case view.Decimal:
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case bool:
		return strconv.FormatBool(v), nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.UTC().Format(time.RFC3339Nano), nil
	case json.Marshaler: // of a value in a jsonb column
		b, err := v.MarshalJSON()
		return string(b), err
	case encoding.TextMarshaler:
		b, err := v.MarshalText()
		return csvcell.Write(string(b)), err
	}
	if s := reflect.ValueOf(v); s.Kind() == reflect.String {
		return csvcell.Write(s.String()), nil
	}
	return "", fmt.Errorf("a cell cannot hold a %T", v)
}
