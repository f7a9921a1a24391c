// Package geo finds where an address lies and how far two places are apart,
// without asking anybody: the coordinates of postal codes, cities, regions and
// countries are part of the program.
//
// An address is looked up by postal code first, then by city, region and
// country, and the answer says which of them was found. Postal codes that are
// not built in can be imported from GeoNames files (Import) and are handed to
// LocateWith by whoever keeps them.
//
// The data come from GeoNames (CC BY 4.0) and the US Census Bureau; see NOTICE
// beside this file. Coordinates are WGS 84 degrees, rounded to a thousandth
// (at most 80 m), which is finer than any centroid is exact.
package geo

//go:generate go run gen/main.go

import "math"

// EarthRadius is the mean radius of the Earth in kilometers, R1 of the WGS 84
// ellipsoid as given by the IUGG.
const EarthRadius = 6371.0088

// Point is a position in WGS 84 degrees: latitude north, longitude east.
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Distance is the great-circle distance between a and b in kilometers, by the
// haversine formula on a sphere of EarthRadius. Against the ellipsoid it is
// off by at most 0.6%.
func Distance(a, b Point) float64 {
	const rad = math.Pi / 180
	sinLat := math.Sin((b.Lat - a.Lat) * rad / 2)
	sinLon := math.Sin((b.Lon - a.Lon) * rad / 2)
	h := sinLat*sinLat + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*sinLon*sinLon
	return 2 * EarthRadius * math.Asin(math.Sqrt(min(h, 1)))
}

// Mean is the point in the middle of the points, each counted with its weight
// (nil counts all alike). It is computed on the sphere, so points on both
// sides of the 180th meridian have their mean between them. No points, or
// points that cancel out, give the zero Point.
func Mean(points []Point, weights []float64) Point {
	const rad = math.Pi / 180
	var x, y, z float64
	for i, p := range points {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		x += w * math.Cos(p.Lat*rad) * math.Cos(p.Lon*rad)
		y += w * math.Cos(p.Lat*rad) * math.Sin(p.Lon*rad)
		z += w * math.Sin(p.Lat*rad)
	}
	if x == 0 && y == 0 && z == 0 {
		return Point{}
	}
	return Point{Lat: math.Atan2(z, math.Hypot(x, y)) / rad, Lon: math.Atan2(y, x) / rad}
}

// Address is the part of a postal address that says where it lies. Every field
// may be empty and may be written as people write it.
type Address struct {
	Country    string // ISO 3166-1 code or a name that Country knows
	Region     string // state or province: code or name
	City       string
	PostalCode string
}

// Precision says which part of an address its coordinates were taken from.
type Precision string

// The precisions, from the finest to none.
const (
	ByPostalCode   Precision = "postal_code"
	ByPostalPrefix Precision = "postal_prefix" // first part of the code, such as a Canadian FSA
	ByCity         Precision = "city"
	ByRegion       Precision = "region"  // middle of the region's people
	ByCountry      Precision = "country" // middle of the country's people
	Unknown        Precision = "unknown" // the Point means nothing
)

// Place is where an address lies, as well as could be told.
type Place struct {
	Point
	Precision Precision `json:"precision"`
	// Name is what was found: the postal code or its first part, the city
	// with its region, the region, or the country. Empty if unknown.
	Name string `json:"name,omitempty"`
}

// Known tells whether the place has coordinates at all.
func (p Place) Known() bool { return p.Precision != Unknown && p.Precision != "" }

// Lookup answers for postal codes that were imported. Country is an ISO 3166-1
// alpha-2 code and code has the form of NormalizePostalCode.
type Lookup interface {
	PostalCode(country, code string) (Point, bool)
}

// Locate finds an address in the built-in data. It never fails: an address of
// which nothing is known has Precision Unknown.
func Locate(a Address) Place { return LocateWith(nil, a) }

// LocateWith is Locate with imported postal codes, which win over the built-in
// ones. The order of trial is: the whole postal code; its first part where
// that names a district (Canada, Great Britain, Ireland, the Netherlands and
// others); the city, within the region if that is known; the mean of the codes
// that begin alike (United States, India); the region; the country.
func LocateWith(over Lookup, a Address) Place {
	country, ok := Country(a.Country)
	if !ok {
		return Place{Precision: Unknown}
	}
	t := data()
	if country == "US" {
		country = territory(a)
	}
	code := NormalizePostalCode(country, a.PostalCode)
	if p, ok := t.postal(over, country, code); ok {
		return p
	}
	r, known := t.region(country, a.Region)
	if p, ok := t.city(country, a.City, r, known); ok {
		return p
	}
	if p, ok := t.codesAlike(country, code); ok {
		return p
	}
	if known && t.regions[r].located {
		return Place{t.regions[r].point.degrees(), ByRegion, t.regions[r].name}
	}
	if c := t.country(country); c != nil {
		return Place{c.point.degrees(), ByCountry, CountryName(country)}
	}
	return Place{Precision: Unknown}
}

// postal looks up a whole postal code, then its first part.
func (t *atlas) postal(over Lookup, country, code string) (Place, bool) {
	if code == "" {
		return Place{}, false
	}
	part := district(country, code)
	if p, ok := t.postalCode(over, country, code); ok {
		if part == code {
			return Place{p, ByPostalPrefix, code}, true
		}
		return Place{p, ByPostalCode, code}, true
	}
	if part == "" || part == code {
		return Place{}, false
	}
	p, ok := t.postalCode(over, country, part)
	return Place{p, ByPostalPrefix, part}, ok
}

func (t *atlas) postalCode(over Lookup, country, code string) (Point, bool) {
	if over != nil {
		if p, ok := over.PostalCode(country, code); ok {
			return p, true
		}
	}
	if p, ok := t.code(country, code); ok {
		return p, true
	}
	if !usesZIP(country) || country == "US" {
		return Point{}, false
	}
	// Territories are countries of their own in ISO 3166 but have ZIP codes.
	return t.code("US", code)
}
