package geo

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters that have no decomposition in Unicode but are written plainly where
// a keyboard lacks them.
var letters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d",
	'þ': "th", 'ł': "l", 'ħ': "h", 'ı': "i", 'ŋ': "n", 'ŧ': "t",
	'ə': "e", '&': " and ",
}

// words that are written short or long.
var words = map[string]string{
	"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount", "mtn": "mountain",
}

// Fold is the form in which names of places are compared: lower case, without
// accents, apostrophes and full stops, other punctuation as single blanks, and
// the usual short words ("St.", "Ft.", "Mt.") written out.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 4)
	blank := false
	put := func(r rune) {
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	for _, r := range decompose(s) {
		r = unicode.ToLower(r)
		switch {
		case r < 0x80 && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
			put(r)
		case r == '\'' || r == '.' || r == '’' || r == 'ʻ' || r == '‘' || r == '`' || unicode.Is(unicode.Mn, r):
		case letters[r] != "":
			for _, l := range letters[r] {
				if l == ' ' {
					blank = true
					continue
				}
				put(l)
			}
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r):
			put(r)
		default:
			blank = true
		}
	}
	return spellOut(b.String())
}

// decompose separates letters from their accents.
func decompose(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return norm.NFKD.String(strings.ToValidUTF8(s, " "))
		}
	}
	return s
}

// spellOut replaces the words that are written short. Most names have none, so
// it looks before it splits.
func spellOut(s string) string {
	found := false
	for w := range strings.SplitSeq(s, " ") {
		if _, ok := words[w]; ok {
			found = true
			break
		}
	}
	if !found {
		return s
	}
	parts := strings.Split(s, " ")
	for i, w := range parts {
		if long, ok := words[w]; ok {
			parts[i] = long
		}
	}
	return strings.Join(parts, " ")
}
