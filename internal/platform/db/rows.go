package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Select runs a query and collects its rows. T is a struct whose fields bear
// `db:"column"` tags (fields of embedded structs count), or a single value.
func Select[T any](ctx context.Context, r Reader, query string, args ...any) ([]T, error) {
	var out []T
	err := Each(ctx, r, func(t T) error {
		out = append(out, t)
		return nil
	}, query, args...)
	return out, err
}

// Get runs a query of one row. Where there is none, None(err) is true.
func Get[T any](ctx context.Context, r Reader, query string, args ...any) (T, error) {
	all, err := Select[T](ctx, r, query, args...)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return *new(T), err
	}
	return all[0], nil
}

// Each runs a query and calls fn for each row as it arrives, for results that
// are too many to hold.
func Each[T any](ctx context.Context, r Reader, fn func(T) error, query string, args ...any) error {
	rows, err := r.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	fields, err := scanPlan(reflect.TypeFor[T](), columns)
	if err != nil {
		return err
	}
	for rows.Next() {
		var t T
		if err := rows.Scan(destinations(reflect.ValueOf(&t).Elem(), fields)...); err != nil {
			return err
		}
		if err := fn(t); err != nil {
			return err
		}
	}
	return rows.Err()
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	scannerType = reflect.TypeFor[sql.Scanner]()
)

// scanPlan finds the field of t for each column; nil fields mean that t itself
// is the one column.
func scanPlan(t reflect.Type, columns []string) ([][]int, error) {
	if t.Kind() != reflect.Struct || t == timeType || reflect.PointerTo(t).Implements(scannerType) {
		if len(columns) != 1 {
			return nil, fmt.Errorf("db: %d columns do not fit a %s", len(columns), t)
		}
		return nil, nil
	}
	known := fieldsOf(t)
	plan := make([][]int, len(columns))
	for i, c := range columns {
		index, ok := known.index[c]
		if !ok {
			return nil, fmt.Errorf("db: %s has no field for column %q", t, c)
		}
		plan[i] = index
	}
	return plan, nil
}

func destinations(v reflect.Value, plan [][]int) []any {
	if plan == nil {
		return []any{destination(v)}
	}
	out := make([]any, len(plan))
	for i, index := range plan {
		out[i] = destination(v.FieldByIndex(index))
	}
	return out
}

func destination(v reflect.Value) any {
	p := v.Addr().Interface()
	if t, ok := p.(*time.Time); ok {
		return zeroTime{t}
	}
	return p
}

// zeroTime reads NULL as the zero time.
type zeroTime struct{ t *time.Time }

func (z zeroTime) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*z.t = time.Time{}
		return nil
	case time.Time:
		*z.t = v.UTC()
		return nil
	case string: // an expression over times: SQLite knows no type for it
		t, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", v)
		*z.t = t.UTC()
		return err
	}
	return fmt.Errorf("cannot read a time from %T", src)
}

// fields are the columns of a struct type in the order of its fields.
type fields struct {
	columns []string
	indexes [][]int
	index   map[string][]int
}

var fieldCache sync.Map

func fieldsOf(t reflect.Type) *fields {
	if f, ok := fieldCache.Load(t); ok {
		return f.(*fields)
	}
	f := &fields{index: map[string][]int{}}
	for _, sf := range reflect.VisibleFields(t) {
		column := sf.Tag.Get("db")
		if column == "" || column == "-" {
			continue
		}
		f.columns = append(f.columns, column)
		f.indexes = append(f.indexes, sf.Index)
		f.index[column] = sf.Index
	}
	fieldCache.Store(t, f)
	return f
}

// Columns lists the columns of T, for a SELECT that reads all of it.
func Columns[T any]() string { return strings.Join(fieldsOf(reflect.TypeFor[T]()).columns, ", ") }

// maxRows is how many rows one INSERT carries; SQLite and PostgreSQL are both
// near their best there. maxParams keeps a wide row below SQLite's limit.
const (
	maxRows   = 128
	maxParams = 30_000
)

// Insert writes rows into a table, columns by the `db` tags of T, many rows a
// statement. Statement sizes are powers of two, so that their texts are few.
// tail may be an ON CONFLICT clause. It returns how many rows were written.
func Insert[T any](ctx context.Context, tx *Tx, table string, rows []T, tail ...string) (int64, error) {
	f := fieldsOf(reflect.TypeFor[T]())
	var written int64
	for len(rows) > 0 {
		n := chunk(len(rows), len(f.columns))
		args := make([]any, 0, n*len(f.columns))
		for i := range rows[:n] {
			v := reflect.ValueOf(&rows[i]).Elem()
			for _, index := range f.indexes {
				args = append(args, v.FieldByIndex(index).Interface())
			}
		}
		query := "INSERT INTO " + table + " (" + strings.Join(f.columns, ", ") + ") VALUES " +
			Tuples(n, len(f.columns)) + " " + strings.Join(tail, " ")
		m, err := tx.Exec(ctx, query, args...)
		if err != nil {
			return written, fmt.Errorf("insert into %s: %w", table, err)
		}
		written += m
		rows = rows[n:]
	}
	return written, nil
}

// chunk is the largest power of two of rows, at most maxRows, that the next
// statement takes.
func chunk(rows, columns int) int {
	n := maxRows
	for n > 1 && (n > rows || n*columns > maxParams) {
		n /= 2
	}
	return n
}

// Chunks calls fn with consecutive parts of items, in sizes that are powers of
// two up to 128, so that the statements fn builds have few texts.
func Chunks[T any](items []T, fn func(part []T) error) error {
	for len(items) > 0 {
		n := chunk(len(items), 8)
		if err := fn(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// Tuples writes n groups of placeholders: (?, ?), (?, ?). Casts, if given, are
// the PostgreSQL types of the columns, needed where it cannot infer them
// (UPDATE ... FROM (VALUES ...)); columns of VALUES are called column1, column2.
func Tuples(n, columns int, casts ...string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('?')
			if i == 0 && c < len(casts) {
				b.WriteString("::" + casts[c])
			}
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Marks writes n placeholders for an IN list: ?, ?, ?.
func Marks(n int) string {
	return strings.TrimSuffix(strings.Repeat("?, ", n), ", ")
}

// Args turns a list into arguments.
func Args[T any](items []T) []any {
	out := make([]any, len(items))
	for i, v := range items {
		out[i] = v
	}
	return out
}

// SelectIn runs a query whose text holds one `IN (...)` list, written as
// (/*in*/), in as many steps as the list needs. args are the arguments that
// stand before the list.
func SelectIn[T, K any](ctx context.Context, r Reader, query string, keys []K, args ...any) ([]T, error) {
	var out []T
	err := Chunks(keys, func(part []K) error {
		q := strings.Replace(query, "/*in*/", Marks(len(part)), 1)
		rows, err := Select[T](ctx, r, q, append(append([]any(nil), args...), Args(part)...)...)
		out = append(out, rows...)
		return err
	})
	return out, err
}

// JSON stores a value as jsonb on PostgreSQL and text on SQLite.
type JSON[T any] struct{ V T }

// Value writes the JSON text.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	return string(b), err
}

// Scan reads the JSON text; NULL gives the zero value.
func (j *JSON[T]) Scan(src any) error {
	switch s := src.(type) {
	case nil:
		j.V = *new(T)
		return nil
	case string:
		return json.Unmarshal([]byte(s), &j.V)
	case []byte:
		return json.Unmarshal(s, &j.V)
	}
	return fmt.Errorf("cannot read JSON from %T", src)
}

// MarshalJSON shows the value itself.
func (j JSON[T]) MarshalJSON() ([]byte, error) { return json.Marshal(j.V) }

// UnmarshalJSON reads the value itself.
func (j *JSON[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &j.V) }

// Where collects conditions that must all hold, with their arguments.
type Where struct {
	parts []string
	args  []any
}

// And adds a condition.
func (w *Where) And(condition string, args ...any) {
	w.parts = append(w.parts, condition)
	w.args = append(w.args, args...)
}

// In adds `column IN (values)`; no values add nothing.
func In[T any](w *Where, column string, values []T) {
	if len(values) > 0 {
		w.And(column+" IN ("+Marks(len(values))+")", Args(values)...)
	}
}

// SQL is the WHERE clause with a blank before it, or "".
func (w *Where) SQL() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// Args are the arguments of the clause, followed by more.
func (w *Where) Args(more ...any) []any { return append(append([]any(nil), w.args...), more...) }
