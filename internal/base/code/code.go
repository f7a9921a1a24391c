// Package code makes codes that people read out and type, of an alphabet without
// letters that look like digits or like each other (Crockford's base 32).
package code

import (
	"crypto/rand"
	"strings"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// New returns a code of n letters and digits, each of five random bits.
func New(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: see crypto/rand
	for i, x := range b {
		b[i] = alphabet[x%32]
	}
	return string(b)
}

// Grouped writes a code in groups of four, to be read more easily.
func Grouped(code string) string {
	var b strings.Builder
	for i, r := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Clean returns a code as it was made, however it was typed.
func Clean(typed string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, strings.ToUpper(typed))
}
