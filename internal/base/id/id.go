// Package id names things: one type for each kind of thing, so that an
// order's id cannot be passed where a customer's is wanted.
//
// An id is a UUIDv7 (RFC 9562): 16 bytes that sort by the time they were made.
// It is made before the row is written, never by the database. At rest it is
// 16 bytes (uuid on PostgreSQL, BLOB on SQLite); at the edge it is a prefixed
// text such as ord_01hv6zq5k2e8x9f3t7w1m4c5np. The zero id means "none" and is
// stored as NULL.
package id

import (
	"bytes"
	"crypto/rand"
	"database/sql/driver"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ID is the id of a thing of kind K.
type ID[K Kind] [16]byte

// Kind tells the prefix of an id's text.
type Kind interface{ Prefix() string }

// UUID is any id, seen as its 16 bytes.
type UUID interface {
	Bytes() [16]byte
	IsZero() bool
}

var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// last holds the newest time, in milliseconds and a 12-bit fraction, that an
// id was made for: ids of one process sort in the order of their making even
// within a millisecond.
var last atomic.Uint64

// entropy hands out random bytes in blocks, since one system call an id costs
// more than the rest of its making.
var entropy = sync.Pool{New: func() any { return new(block) }}

type block struct {
	bytes [1024]byte
	used  int
}

// New returns a fresh id for a thing made at now.
func New[T ~[16]byte](now time.Time) T {
	micros := uint64(now.UnixMicro())
	stamp := micros/1000<<12 | (micros%1000)<<2
	for {
		prev := last.Load()
		if stamp <= prev {
			stamp = prev + 1
		}
		if last.CompareAndSwap(prev, stamp) {
			break
		}
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], stamp>>12<<16|0x7000|stamp&0xfff)
	fill(b[8:])
	b[8] = b[8]&0x3f | 0x80
	return T(b)
}

func fill(dst []byte) {
	r := entropy.Get().(*block)
	if r.used == 0 {
		_, _ = rand.Read(r.bytes[:]) // never fails: see crypto/rand
	}
	n := copy(dst, r.bytes[r.used:])
	r.used = (r.used + n) % len(r.bytes) // ids take 8 bytes each, so blocks come out even
	entropy.Put(r)
}

// Bytes returns the 16 bytes of i.
func (i ID[K]) Bytes() [16]byte { return i }

// IsZero tells whether i names nothing.
func (i ID[K]) IsZero() bool { return i == ID[K]{} }

// Compare orders ids by the time of their making.
func (i ID[K]) Compare(j ID[K]) int { return bytes.Compare(i[:], j[:]) }

// String returns the prefixed text of i, or "" for the zero id.
func (i ID[K]) String() string {
	if i.IsZero() {
		return ""
	}
	var k K
	return k.Prefix() + "_" + encoding.EncodeToString(i[:])
}

// MarshalText writes the prefixed text.
func (i ID[K]) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads a prefixed text; an empty text gives the zero id.
func (i *ID[K]) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*i = ID[K]{}
		return nil
	}
	v, err := Parse[K](string(text))
	*i = v
	return err
}

// Parse reads the prefixed text of an id of kind K.
func Parse[K Kind](s string) (ID[K], error) {
	var k K
	var out ID[K]
	body, ok := strings.CutPrefix(s, k.Prefix()+"_")
	if ok && len(body) == 26 {
		if n, err := encoding.Decode(out[:], []byte(body)); err == nil && n == 16 && out.String() == s {
			return out, nil
		}
	}
	return ID[K]{}, fmt.Errorf("%q is not an id of the form %s_ and 26 letters and digits", s, k.Prefix())
}

// Value stores i as 16 bytes, and the zero id as NULL.
func (i ID[K]) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return append([]byte(nil), i[:]...), nil
}

// Scan reads 16 bytes, a UUID's text, or NULL.
func (i *ID[K]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = ID[K]{}
		return nil
	case []byte:
		if len(v) == 16 {
			copy(i[:], v)
			return nil
		}
		return i.scanText(string(v))
	case string:
		return i.scanText(v)
	}
	return fmt.Errorf("cannot read an id from %T", src)
}

func (i *ID[K]) scanText(s string) error {
	if len(s) != 36 {
		return fmt.Errorf("cannot read an id from a text of %d bytes", len(s))
	}
	var compact [32]byte
	n := copy(compact[:], s[:8])
	n += copy(compact[n:], s[9:13])
	n += copy(compact[n:], s[14:18])
	n += copy(compact[n:], s[19:23])
	copy(compact[n:], s[24:])
	_, err := hex.Decode(i[:], compact[:])
	return err
}

func (i ID[K]) pattern() string {
	var k K
	return "^" + k.Prefix() + "_[0-9a-hjkmnp-tv-z]{26}$"
}

// Pattern returns the regular expression of the text of ids of type t, and
// whether t is an id type at all.
func Pattern(t reflect.Type) (string, bool) {
	if p, ok := reflect.Zero(t).Interface().(interface{ pattern() string }); ok {
		return p.pattern(), true
	}
	return "", false
}
