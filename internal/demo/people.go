package demo

import (
	"fmt"
	"strings"

	"purser/internal/base/address"
)

// place is where invented people live: real cities, so that routing has
// distances to compare.
type place struct {
	city, region, postal, country string
	market                        string // code of the channel that serves it
}

var places = []place{
	{"Seattle", "WA", "98101", "US", "web"}, {"San Francisco", "CA", "94103", "US", "web"}, {"Los Angeles", "CA", "90013", "US", "web"},
	{"Denver", "CO", "80202", "US", "web"}, {"Austin", "TX", "78701", "US", "web"}, {"Houston", "TX", "77002", "US", "web"},
	{"Chicago", "IL", "60601", "US", "web"}, {"Minneapolis", "MN", "55401", "US", "web"}, {"Nashville", "TN", "37203", "US", "web"},
	{"Atlanta", "GA", "30303", "US", "web"}, {"Miami", "FL", "33130", "US", "web"}, {"Boston", "MA", "02108", "US", "web"},
	{"New York", "NY", "10001", "US", "web"}, {"Philadelphia", "PA", "19103", "US", "web"}, {"Portland", "ME", "04101", "US", "web"},
	{"Phoenix", "AZ", "85004", "US", "web"}, {"Salt Lake City", "UT", "84101", "US", "web"}, {"Kansas City", "MO", "64106", "US", "web"},
	{"Toronto", "ON", "M5H 2N2", "CA", "web"}, {"Vancouver", "BC", "V6B 1A1", "CA", "web"},
	{"Berlin", "", "10115", "DE", "eu"}, {"Hamburg", "", "20095", "DE", "eu"}, {"Paris", "", "75002", "FR", "eu"},
	{"Lyon", "", "69002", "FR", "eu"}, {"Amsterdam", "", "1012 JS", "NL", "eu"}, {"Madrid", "", "28013", "ES", "eu"},
	{"Vienna", "", "1010", "AT", "eu"}, {"Dublin", "", "D02 X285", "IE", "eu"},
	{"London", "", "EC1A 1BB", "GB", "uk"}, {"Manchester", "", "M1 1AE", "GB", "uk"}, {"Edinburgh", "", "EH1 1YZ", "GB", "uk"},
}

var firstNames = strings.Fields("Ada Ben Cleo Dan Edith Finn Grace Hugo Iris Jonas Kira Leo Mara Nils Olga Pablo Quinn Rosa Sam Tilda Umar Vera Wim Xenia Yusuf Zoe Amir Bella Carl Dora")

var lastNames = strings.Fields("Ashby Birch Calder Dunmore Ellery Fairweather Garland Holloway Ivers Jessop Kettle Lockhart Marlow Northcott Orchard Pemberton Quill Ridley Sandford Thorne Underhill Vance Whitlock Yardley Zeller")

var streets = []string{"Harbor Street", "Pine Road", "Lantern Lane", "Mill Row", "Orchard Avenue", "Station Square", "Chapel Hill", "River Walk"}

func (s *day) person(i int) (name, email string, at place) {
	first, last := firstNames[i%len(firstNames)], lastNames[(i*7+i/len(firstNames))%len(lastNames)]
	return first + " " + last, fmt.Sprintf("%s.%s%d@example.com", strings.ToLower(first), strings.ToLower(last), i), places[(i*11)%len(places)]
}

func addressOf(name string, i int, p place) address.Address {
	return address.Address{
		Name: name, Line1: fmt.Sprintf("%d %s", 3+i*13%180, streets[i%len(streets)]),
		City: p.city, Region: p.region, PostalCode: p.postal, Country: p.country, Phone: fmt.Sprintf("+1 202 555 %04d", 100+i%100),
	}
}

var firms = []struct {
	name, terms string
	at          int // index of places
	limit       int64
}{
	{"Bluebird Cafes", "net30", 0, 2_000_000}, {"Hotel Meridian Group", "eom30", 6, 5_000_000}, {"Corner Books", "net14", 11, 800_000},
	{"Larkspur Florists", "net30", 4, 600_000}, {"Old Mill Restaurants", "net30", 9, 1_500_000}, {"Fern & Co Gifts", "net14", 12, 1_000_000},
	{"Summit Offices", "net30", 3, 2_500_000}, {"Tidewater Inns", "eom30", 10, 1_200_000},
}
