package api

import (
	"cmp"
	"net/http"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
)

// MaxBulk is how many items a bulk request carries; tags repeat it.
const MaxBulk = 500

// bulk is the answer to a bulk request: what became of each item, in the order
// of the request. An item that is refused costs its neighbors nothing.
type bulk[T any] struct {
	Results []result[T] `json:"results"`
	Refused int         `json:"refused" doc:"How many items were refused."`
}

// result is what became of one item of a bulk request.
type result[T any] struct {
	Index  int          `json:"index" doc:"Place of the item in the request, from 0."`
	Status int          `json:"status" doc:"The HTTP status that a request of this item alone would have got."`
	Code   string       `json:"code,omitempty" doc:"Of an item that was refused: stable code for programs."`
	Detail string       `json:"detail,omitempty" doc:"Of an item that was refused: one sentence for people."`
	Fields []FieldFault `json:"fields,omitempty" doc:"Of an item that was refused: what is wrong with which field of it."`
	Facts  any          `json:"facts,omitempty" doc:"Of an item that was refused: facts for programs."`
	Object *T           `json:"object,omitempty" doc:"Of an item that was done."`
}

// done adds an item that was done.
func (b *bulk[T]) done(status int, object T) {
	b.Results = append(b.Results, result[T]{Index: len(b.Results), Status: status, Object: &object})
}

// refuse adds an item that was refused. An error that is not a fault fails the
// whole request.
func (b *bulk[T]) refuse(err error) error {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		return err
	}
	b.Refused++
	b.Results = append(b.Results, result[T]{Index: len(b.Results), Status: p.Status, Code: p.Code, Detail: p.Detail, Fields: p.Fields, Facts: p.Facts})
	return nil
}

// set changes a value where a request has a new one.
func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// orEmpty shows a list that is missing as an empty one.
func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// seen is the version that a change is made to: the one the caller has seen, or
// else the one that was just read.
func (m *IfMatch) seen(read int64) (int64, error) {
	want, err := m.want()
	return cmp.Or(want, read), err
}

// raced makes a change run again that met a version newer than the one just
// read, where the caller did not name a version.
func (m *IfMatch) raced(err error) error {
	if want, _ := m.want(); want == 0 && fault.KindOf(err) == fault.Stale {
		return db.ErrRetry
	}
	return err
}
