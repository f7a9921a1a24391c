// Package csvcell writes texts into cells of tables that spreadsheets open, so
// that they are not taken for formulas, and reads them back to the letter.
package csvcell

import "strings"

// formula are the first characters by which a spreadsheet takes a cell for a
// formula (OWASP, CSV Injection).
const formula = "=+-@\t\r"

// Write puts an apostrophe before a text that a spreadsheet would take for a
// formula. Numbers are left alone. A text that has such an apostrophe already
// gets another one, so that Read gives back what was written.
func Write(s string) string {
	if begins(strings.TrimLeft(s, "'")) && !number(s) {
		return "'" + s
	}
	return s
}

// Read takes off the apostrophe that Write has put before a text.
func Read(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && begins(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}

func begins(s string) bool { return s != "" && strings.IndexByte(formula, s[0]) >= 0 }

// number tells whether s is a plain decimal number.
func number(s string) bool {
	whole, frac, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return whole != "" && strings.Trim(whole, "0123456789") == "" && strings.Trim(frac, "0123456789") == "" && (frac != "" || !point)
}
