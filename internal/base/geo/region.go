package geo

import "strings"

// regionAliases are names of regions that people write and no list has, by
// country and folded name. The values are codes.
var regionAliases = map[string]map[string]string{
	"US": {
		"washington dc": "DC", "d c": "DC", "calif": "CA", "mass": "MA", "penn": "PA", "penna": "PA",
		"n carolina": "NC", "s carolina": "SC", "n dakota": "ND", "s dakota": "SD", "w virginia": "WV",
		"wash": "WA", "tex": "TX", "fla": "FL", "ariz": "AZ", "conn": "CT", "mich": "MI", "minn": "MN",
	},
	"CA": {
		"pq": "QC", "nf": "NL", "nfld": "NL", "newfoundland": "NL", "labrador": "NL", "yk": "YT",
		"yukon territory": "YT", "colombie britannique": "BC", "nouveau brunswick": "NB",
		"nouvelle ecosse": "NS", "ile du prince edouard": "PE", "pei": "PE", "ont": "ON", "que": "QC",
		"terre neuve et labrador": "NL", "territoires du nord ouest": "NT", "nwt": "NT",
	},
	"GB": {
		"gb eng": "ENG", "gb sct": "SCT", "gb wls": "WLS", "gb nir": "NIR",
		"ulster": "NIR", "cymru": "WLS",
	},
	"DE": {
		"bayern": "BY", "nordrhein westfalen": "NW", "nrw": "NW", "hessen": "HE", "niedersachsen": "NI",
		"rheinland pfalz": "RP", "sachsen": "SN", "sachsen anhalt": "ST", "thueringen": "TH",
		"thuringen": "TH", "mecklenburg vorpommern": "MV",
	},
}

// military are the US states that are no places: the armed forces' mail.
var military = map[string]string{"aa": "AA", "ae": "AE", "ap": "AP"}

// Region is the code of a state or province within its country, from its code,
// its name in English or its native name, or a common short form: "ON",
// "ca-on", "Ontario" and "Ont." are all ON. The code is the second part of the
// ISO 3166-2 code. Country is an ISO 3166-1 alpha-2 code. Ok is false if the
// region is not known or its code is not: the United States, Canada, Great
// Britain, Germany and Australia are complete, many other countries are too.
func Region(country, s string) (code string, ok bool) {
	t := data()
	if i, ok := t.region(country, s); ok {
		return t.regions[i].code, t.regions[i].code != ""
	}
	if country == "US" {
		code, ok = military[Fold(s)]
	}
	return code, ok
}

// RegionName is the English name of a region, from anything that Region knows.
// It is "" for others.
func RegionName(country, s string) string {
	t := data()
	if i, ok := t.region(country, s); ok {
		return t.regions[i].name
	}
	return ""
}

// region finds a region of a country by code, name or alias.
func (t *atlas) region(country, s string) (index int, ok bool) {
	c := t.country(country)
	if c == nil || s == "" || len(s) > 100 {
		return 0, false
	}
	key := Fold(s)
	if rest, found := strings.CutPrefix(key, strings.ToLower(country)+" "); found && len(rest) <= 3 {
		key = rest // an ISO 3166-2 code: "US-CA"
	}
	if code, found := regionAliases[country][key]; found {
		key = strings.ToLower(code)
	}
	if key == "" {
		return 0, false
	}
	for i := c.regions.lo; i < c.regions.hi; i++ {
		if r := &t.regions[i]; r.foldedCode == key || r.foldedName == key || r.foldedNative == key {
			return i, true
		}
	}
	return 0, false
}
