package geo

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// countryAliases are names of countries beside the listed one, folded:
// official names, former names, short forms and the parts of countries that
// people write as the country.
var countryAliases = map[string]string{
	"uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
	"northern ireland": "GB", "united kingdom of great britain and northern ireland": "GB",
	"usa": "US", "u s a": "US", "us of a": "US", "united states of america": "US", "america": "US",
	"eire": "IE", "republic of ireland": "IE", "irish republic": "IE",
	"rsa": "ZA", "republic of south africa": "ZA",
	"channel islands": "JE", // no code of its own; Jersey is the larger
	"uae":             "AE", "emirates": "AE", "holland": "NL", "the netherlands": "NL", "deutschland": "DE",
	"federal republic of germany": "DE", "brd": "DE", "schweiz": "CH", "suisse": "CH", "svizzera": "CH",
	"osterreich": "AT", "oesterreich": "AT", "espana": "ES", "italia": "IT", "belgie": "BE", "belgique": "BE",
	"danmark": "DK", "norge": "NO", "sverige": "SE", "suomi": "FI", "polska": "PL", "ceska republika": "CZ",
	"magyarorszag": "HU", "brasil": "BR", "mexico mexico": "MX", "nippon": "JP", "hellas": "GR",
	"czech republic": "CZ", "slovak republic": "SK", "turkey": "TR", "macedonia": "MK",
	"republic of north macedonia": "MK", "swaziland": "SZ", "cape verde": "CV", "burma": "MM",
	"ivory coast": "CI", "cote d ivoire": "CI", "east timor": "TL", "holy see": "VA", "vatican": "VA",
	"russian federation": "RU", "korea": "KR", "republic of korea": "KR", "korea republic of": "KR",
	"korea south": "KR", "korea north": "KP", "korea democratic peoples republic of": "KP",
	"democratic peoples republic of korea": "KP", "dprk": "KP", "viet nam": "VN",
	"lao peoples democratic republic": "LA", "lao pdr": "LA", "brunei darussalam": "BN",
	"syrian arab republic": "SY", "iran islamic republic of": "IR", "islamic republic of iran": "IR",
	"moldova republic of": "MD", "republic of moldova": "MD", "tanzania united republic of": "TZ",
	"united republic of tanzania": "TZ", "bolivia plurinational state of": "BO",
	"plurinational state of bolivia": "BO", "venezuela bolivarian republic of": "VE",
	"bolivarian republic of venezuela": "VE", "micronesia federated states of": "FM",
	"federated states of micronesia": "FM", "palestine state of": "PS", "palestinian territories": "PS",
	"palestinian territory": "PS", "palestinian territory occupied": "PS",
	"peoples republic of china": "CN", "prc": "CN", "china peoples republic of": "CN", "mainland china": "CN",
	"hong kong sar": "HK", "hong kong sar china": "HK", "hong kong china": "HK", "macau": "MO",
	"macau sar": "MO", "macau sar china": "MO", "taiwan province of china": "TW", "taiwan roc": "TW",
	"republic of china": "TW", "democratic republic of the congo": "CD", "dr congo": "CD", "drc": "CD",
	"congo the democratic republic of the": "CD", "congo democratic republic of the": "CD", "zaire": "CD",
	"congo": "CG", "republic of the congo": "CG", "gambia the": "GM", "bahamas the": "BS",
	"pitcairn": "PN", "falkland islands malvinas": "FK", "malvinas": "FK", "reunion island": "RE",
	"saint martin french part": "MF", "sint maarten dutch part": "SX", "saint maarten": "SX",
	"bonaire": "BQ", "bonaire sint eustatius and saba": "BQ", "cocos keeling islands": "CC",
	"saint helena ascension and tristan da cunha": "SH", "heard island and mcdonald islands": "HM",
	"virgin islands us": "VI", "united states virgin islands": "VI", "virgin islands british": "VG",
	"virgin islands of the united states": "VI", "bvi": "VG", "usvi": "VI",
	"united states minor outlying islands": "UM", "aland": "AX", "faeroe islands": "FO", "faroes": "FO",
	"south georgia and the south sandwich islands": "GS", "vatican city state": "VA",
	"holy see vatican city state": "VA", "northern marianas": "MP", "kingdom of saudi arabia": "SA", "ksa": "SA",
	"republic of singapore": "SG", "republic of the philippines": "PH", "republic of india": "IN",
	"commonwealth of australia": "AU", "aotearoa": "NZ", "french republic": "FR", "republic of kosovo": "XK",
	"el": "GR", // the European Union's code for Greece
}

// countries are the countries of ISO 3166-1, and Kosovo by its code in common
// use: alpha-2 code, alpha-3 code, English name.
const countries = `
AD AND Andorra
AE ARE United Arab Emirates
AF AFG Afghanistan
AG ATG Antigua and Barbuda
AI AIA Anguilla
AL ALB Albania
AM ARM Armenia
AO AGO Angola
AQ ATA Antarctica
AR ARG Argentina
AS ASM American Samoa
AT AUT Austria
AU AUS Australia
AW ABW Aruba
AX ALA Åland Islands
AZ AZE Azerbaijan
BA BIH Bosnia and Herzegovina
BB BRB Barbados
BD BGD Bangladesh
BE BEL Belgium
BF BFA Burkina Faso
BG BGR Bulgaria
BH BHR Bahrain
BI BDI Burundi
BJ BEN Benin
BL BLM Saint Barthélemy
BM BMU Bermuda
BN BRN Brunei
BO BOL Bolivia
BQ BES Caribbean Netherlands
BR BRA Brazil
BS BHS Bahamas
BT BTN Bhutan
BV BVT Bouvet Island
BW BWA Botswana
BY BLR Belarus
BZ BLZ Belize
CA CAN Canada
CC CCK Cocos Islands
CD COD Congo (Kinshasa)
CF CAF Central African Republic
CG COG Congo (Brazzaville)
CH CHE Switzerland
CI CIV Côte d'Ivoire
CK COK Cook Islands
CL CHL Chile
CM CMR Cameroon
CN CHN China
CO COL Colombia
CR CRI Costa Rica
CU CUB Cuba
CV CPV Cabo Verde
CW CUW Curaçao
CX CXR Christmas Island
CY CYP Cyprus
CZ CZE Czechia
DE DEU Germany
DJ DJI Djibouti
DK DNK Denmark
DM DMA Dominica
DO DOM Dominican Republic
DZ DZA Algeria
EC ECU Ecuador
EE EST Estonia
EG EGY Egypt
EH ESH Western Sahara
ER ERI Eritrea
ES ESP Spain
ET ETH Ethiopia
FI FIN Finland
FJ FJI Fiji
FK FLK Falkland Islands
FM FSM Micronesia
FO FRO Faroe Islands
FR FRA France
GA GAB Gabon
GB GBR United Kingdom
GD GRD Grenada
GE GEO Georgia
GF GUF French Guiana
GG GGY Guernsey
GH GHA Ghana
GI GIB Gibraltar
GL GRL Greenland
GM GMB Gambia
GN GIN Guinea
GP GLP Guadeloupe
GQ GNQ Equatorial Guinea
GR GRC Greece
GS SGS South Georgia and South Sandwich Islands
GT GTM Guatemala
GU GUM Guam
GW GNB Guinea-Bissau
GY GUY Guyana
HK HKG Hong Kong
HM HMD Heard and McDonald Islands
HN HND Honduras
HR HRV Croatia
HT HTI Haiti
HU HUN Hungary
ID IDN Indonesia
IE IRL Ireland
IL ISR Israel
IM IMN Isle of Man
IN IND India
IO IOT British Indian Ocean Territory
IQ IRQ Iraq
IR IRN Iran
IS ISL Iceland
IT ITA Italy
JE JEY Jersey
JM JAM Jamaica
JO JOR Jordan
JP JPN Japan
KE KEN Kenya
KG KGZ Kyrgyzstan
KH KHM Cambodia
KI KIR Kiribati
KM COM Comoros
KN KNA Saint Kitts and Nevis
KP PRK North Korea
KR KOR South Korea
KW KWT Kuwait
KY CYM Cayman Islands
KZ KAZ Kazakhstan
LA LAO Laos
LB LBN Lebanon
LC LCA Saint Lucia
LI LIE Liechtenstein
LK LKA Sri Lanka
LR LBR Liberia
LS LSO Lesotho
LT LTU Lithuania
LU LUX Luxembourg
LV LVA Latvia
LY LBY Libya
MA MAR Morocco
MC MCO Monaco
MD MDA Moldova
ME MNE Montenegro
MF MAF Saint Martin
MG MDG Madagascar
MH MHL Marshall Islands
MK MKD North Macedonia
ML MLI Mali
MM MMR Myanmar
MN MNG Mongolia
MO MAC Macao
MP MNP Northern Mariana Islands
MQ MTQ Martinique
MR MRT Mauritania
MS MSR Montserrat
MT MLT Malta
MU MUS Mauritius
MV MDV Maldives
MW MWI Malawi
MX MEX Mexico
MY MYS Malaysia
MZ MOZ Mozambique
NA NAM Namibia
NC NCL New Caledonia
NE NER Niger
NF NFK Norfolk Island
NG NGA Nigeria
NI NIC Nicaragua
NL NLD Netherlands
NO NOR Norway
NP NPL Nepal
NR NRU Nauru
NU NIU Niue
NZ NZL New Zealand
OM OMN Oman
PA PAN Panama
PE PER Peru
PF PYF French Polynesia
PG PNG Papua New Guinea
PH PHL Philippines
PK PAK Pakistan
PL POL Poland
PM SPM Saint Pierre and Miquelon
PN PCN Pitcairn Islands
PR PRI Puerto Rico
PS PSE Palestine
PT PRT Portugal
PW PLW Palau
PY PRY Paraguay
QA QAT Qatar
RE REU Réunion
RO ROU Romania
RS SRB Serbia
RU RUS Russia
RW RWA Rwanda
SA SAU Saudi Arabia
SB SLB Solomon Islands
SC SYC Seychelles
SD SDN Sudan
SE SWE Sweden
SG SGP Singapore
SH SHN Saint Helena
SI SVN Slovenia
SJ SJM Svalbard and Jan Mayen
SK SVK Slovakia
SL SLE Sierra Leone
SM SMR San Marino
SN SEN Senegal
SO SOM Somalia
SR SUR Suriname
SS SSD South Sudan
ST STP São Tomé and Príncipe
SV SLV El Salvador
SX SXM Sint Maarten
SY SYR Syria
SZ SWZ Eswatini
TC TCA Turks and Caicos Islands
TD TCD Chad
TF ATF French Southern Territories
TG TGO Togo
TH THA Thailand
TJ TJK Tajikistan
TK TKL Tokelau
TL TLS Timor-Leste
TM TKM Turkmenistan
TN TUN Tunisia
TO TON Tonga
TR TUR Türkiye
TT TTO Trinidad and Tobago
TV TUV Tuvalu
TW TWN Taiwan
TZ TZA Tanzania
UA UKR Ukraine
UG UGA Uganda
UM UMI US Outlying Islands
US USA United States
UY URY Uruguay
UZ UZB Uzbekistan
VA VAT Vatican City
VC VCT Saint Vincent and Grenadines
VE VEN Venezuela
VG VGB British Virgin Islands
VI VIR US Virgin Islands
VN VNM Vietnam
VU VUT Vanuatu
WF WLF Wallis and Futuna
WS WSM Samoa
XK XKK Kosovo
YE YEM Yemen
YT MYT Mayotte
ZA ZAF South Africa
ZM ZMB Zambia
ZW ZWE Zimbabwe
`

type countryList struct {
	code map[string]string // by folded name, alias and codes
	name map[string]string // by alpha-2 code
}

var countryTable = sync.OnceValue(func() countryList {
	t := countryList{code: make(map[string]string, 1000), name: make(map[string]string, 250)}
	for line := range strings.Lines(strings.TrimSpace(countries)) {
		line = strings.TrimSpace(line)
		code, name := line[:2], line[7:]
		t.name[code] = name
		t.code[code] = code
		t.code[strings.ToLower(code)] = code
		t.code[strings.ToLower(line[3:6])] = code
		t.code[Fold(name)] = code
	}
	for alias, code := range countryAliases {
		t.code[alias] = code
	}
	return t
})

// Country is the ISO 3166-1 alpha-2 code of a country, from its alpha-2 or
// alpha-3 code or a name: "DE", "deu", "Germany" and "Deutschland" are all DE.
// Ok is false for what is no single country, such as "Unspecified", "West
// Indies" or "European Community".
func Country(s string) (code string, ok bool) {
	t := countryTable()
	if code, ok = t.code[s]; ok { // the usual case: it is a code already
		return code, true
	}
	if len(s) > 100 {
		return "", false
	}
	key := Fold(s)
	if code, ok = t.code[key]; ok {
		return code, true
	}
	if rest, found := strings.CutPrefix(key, "the "); found {
		code, ok = t.code[rest]
	}
	return code, ok
}

// CountryName is the English name of a country, from its ISO 3166-1 alpha-2
// code. It is "" for what is no code.
func CountryName(code string) string { return countryTable().name[code] }

// Countries are the codes of all countries, sorted.
func Countries() []string { return slices.Sorted(maps.Keys(countryTable().name)) }
