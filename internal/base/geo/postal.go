package geo

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxPostalCode is the longest postal code that can be compared; no country
// has more than ten letters and digits.
const maxPostalCode = 12

// digits is how many digits a postal code has in the countries that write it
// with digits alone. It tells how many leading zeros a spreadsheet lost.
var digits = map[string]int{
	"AD": 3, "AT": 4, "AU": 4, "AX": 5, "AZ": 4, "BA": 5, "BD": 4, "BE": 4, "BG": 4, "BR": 8,
	"BY": 6, "CH": 4, "CN": 6, "CO": 6, "CR": 5, "CY": 4, "CZ": 5, "DE": 5, "DK": 4, "DO": 5,
	"DZ": 5, "EC": 6, "EE": 5, "EG": 5, "ES": 5, "FI": 5, "FO": 3, "FR": 5, "GE": 4, "GF": 5,
	"GL": 4, "GP": 5, "GR": 5, "GT": 5, "HR": 5, "HU": 4, "ID": 5, "IN": 6, "IS": 3, "IT": 5,
	"JP": 7, "KR": 5, "KZ": 6, "LI": 4, "LK": 5, "LT": 5, "LU": 4, "LV": 4, "MA": 5, "MC": 5,
	"MD": 4, "ME": 5, "MG": 3, "MK": 4, "MQ": 5, "MX": 5, "MY": 5, "NC": 5, "NO": 4, "NZ": 4,
	"PE": 5, "PF": 5, "PH": 4, "PK": 5, "PL": 5, "PM": 5, "RE": 5, "RO": 6, "RS": 5, "RU": 6,
	"SA": 5, "SE": 5, "SG": 6, "SI": 4, "SK": 5, "SM": 5, "TH": 5, "TN": 4, "TR": 5, "UA": 5,
	"UY": 5, "VA": 5, "WF": 5, "XK": 5, "YT": 5, "ZA": 4,
}

// usesZIP tells whether a country's mail goes by US ZIP codes.
func usesZIP(country string) bool {
	switch country {
	case "US", "PR", "VI", "GU", "AS", "MP", "UM", "FM", "MH", "PW":
		return true
	}
	return false
}

// NormalizePostalCode is the form in which postal codes are stored and
// compared: upper-case letters and digits only, with the mistakes undone that
// spreadsheets and people make with the codes of that country. A ZIP+4 loses
// its last four digits; a code of digits gets back the zeros that it lost
// ("9002" is 09002 in the US) and loses letters around it ("D-80331" is 80331
// in Germany, "75380 CEDEX 08" is 75380 in France). What is too long to be a
// postal code gives "". Country is an ISO 3166-1 alpha-2 code.
func NormalizePostalCode(country, code string) string {
	code = strings.TrimSpace(code)
	if len(code) > 64 {
		return ""
	}
	code = strings.TrimSuffix(code, ".0") // a number that went through a spreadsheet
	if usesZIP(country) {
		return normalizeZIP(plain(code))
	}
	s := plain(code)
	if n := digits[country]; n > 0 {
		d := strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if len(d) > n && !isDigit(d[n]) { // "75380 CEDEX 08"
			d = d[:n]
		}
		if allDigits(d) {
			s = pad(d, n)
		}
	}
	if len(s) > maxPostalCode {
		return ""
	}
	return s
}

// plain keeps the letters and digits of a code, in upper case.
func plain(code string) string {
	ready := true
	for i := range len(code) {
		c := code[i]
		if c >= 0x80 {
			code = norm.NFKC.String(code) // full-width digits
			ready = false
			break
		}
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z') {
			ready = false
		}
	}
	if ready {
		return code
	}
	b := make([]byte, 0, len(code))
	for i := range len(code) {
		switch c := code[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z':
			b = append(b, c)
		case c >= 'a' && c <= 'z':
			b = append(b, c-'a'+'A')
		}
	}
	return string(b)
}

// normalizeZIP takes letters and digits to a five-digit ZIP code. Six digits
// can be no ZIP with zeros lost and are left alone.
func normalizeZIP(s string) string {
	s = strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") // "NY 10001"
	if !allDigits(s) {
		if len(s) > maxPostalCode {
			return ""
		}
		return s
	}
	switch {
	case len(s) <= 5:
		return pad(s, 5)
	case len(s) >= 7 && len(s) <= 9:
		return pad(s, 9)[:5]
	case len(s) > maxPostalCode:
		return ""
	}
	return s
}

// pad gives back the zeros that a number lost at its front.
func pad(s string, n int) string {
	if s == "" || len(s) >= n {
		return s
	}
	return strings.Repeat("0", n-len(s)) + s
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// district is the first part of a normalized postal code that names a district
// of its own, in the countries where data sets give no more than that. It is
// "" in all others, and the code itself if that is a first part already.
func district(country, code string) string {
	n := 0
	switch country {
	case "CA", "IE", "MT", "TW":
		n = 3
	case "NL":
		n = 4
	case "GB", "GG", "JE", "IM", "GI":
		return outward(code)
	case "BR":
		if len(code) == 8 {
			return code[:5] + "000"
		}
	case "AR":
		if len(code) == 8 { // C1043AAZ: the four digits are the older code
			return code[1:5]
		}
	}
	if n == 0 || len(code) < n {
		return ""
	}
	return code[:n]
}

// outward is the outward code of a British postcode: all but the last three
// characters, which are a digit and two letters.
func outward(code string) string {
	n := len(code)
	if n < 2 {
		return ""
	}
	if n >= 5 && isDigit(code[n-3]) && !isDigit(code[n-2]) && !isDigit(code[n-1]) {
		return code[:n-3]
	}
	if n <= 4 {
		return code
	}
	return ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// territory is the country of an address in the United States: one of its
// territories, which ISO 3166 counts as countries, if the region or the ZIP
// code says so.
func territory(a Address) string {
	if a.Region != "" {
		if c, ok := Country(a.Region); ok && usesZIP(c) {
			return c
		}
		return "US"
	}
	zip := NormalizePostalCode("US", a.PostalCode)
	if len(zip) != 5 {
		return "US"
	}
	switch zip[:3] {
	case "006", "007", "009":
		return "PR"
	case "008":
		return "VI"
	case "969":
		return "GU"
	}
	return "US"
}
