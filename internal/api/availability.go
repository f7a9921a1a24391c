package api

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/geo"
	"purser/internal/base/id"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/platform/postal"
)

// Availability is how many units of a variant can be promised, and where. Of a
// kit they are the kits that can be made of what lies at one location.
type Availability struct {
	VariantID id.Variant     `json:"variant_id"`
	SKU       string         `json:"sku"`
	Kind      catalog.Kind   `json:"kind"`
	Available int64          `json:"available" doc:"Over all locations that ship."`
	Incoming  int64          `json:"incoming" doc:"On their way by transfers."`
	Backorder bool           `json:"backorder" doc:"May be sold when there is none."`
	Locations []AvailableAt  `json:"locations" doc:"Those that have any, the nearest to the given place first."`
	Parts     []Availability `json:"components,omitempty" doc:"Of a kit."`
}

// AvailableAt is how many units can be promised at a location.
type AvailableAt struct {
	LocationID id.Location `json:"location_id"`
	Code       string      `json:"code"`
	Name       string      `json:"name"`
	Available  int64       `json:"available"`
	Ships      bool        `json:"ships" doc:"Orders may be routed to it."`
	Pickup     bool        `json:"pickup" doc:"Customers may fetch orders there."`
	Km         *float64    `json:"km,omitempty" doc:"From the given place, where both are known."`
}

// AvailabilityList is the availability of variants near a place.
type AvailabilityList struct {
	Items     []Availability `json:"items"`
	Precision geo.Precision  `json:"precision" doc:"How well the given place was found: by its postal code, city, region or country; unknown: not at all."`
}

func (s *Server) registerAvailability() {
	type availabilityInput struct {
		Variants   []id.Variant  `query:"variant" maxItems:"100"`
		SKUs       []string      `query:"sku" maxItems:"100" doc:"To the letter."`
		Locations  []id.Location `query:"location" maxItems:"100"`
		Country    string        `query:"country" doc:"Where the goods are to go: ISO 3166-1 alpha-2 code."`
		Region     string        `query:"region"`
		City       string        `query:"city"`
		PostalCode string        `query:"postal_code"`
	}
	read(s, route{method: http.MethodGet, path: "/v1/availability", id: "get-availability", summary: "How many units of variants can be promised, and how far away", tag: stockTag, permission: auth.StockRead},
		func(ctx context.Context, in *availabilityInput) (AvailabilityList, error) {
			locations, err := within(ctx, auth.StockRead, in.Locations)
			if err != nil {
				return AvailabilityList{}, err
			}
			var named []Article
			for _, v := range in.Variants {
				named = append(named, Article{VariantID: v})
			}
			for _, sku := range in.SKUs {
				named = append(named, Article{SKU: sku})
			}
			place := geo.Address{Country: in.Country, Region: in.Region, City: in.City, PostalCode: in.PostalCode}
			var out AvailabilityList
			err = s.DB.Read(ctx, func(r *db.Snapshot) (err error) {
				out, err = availability(ctx, r, s.DB.Now(), named, locations, place)
				return err
			})
			return out, err
		})
}

// shelf is what is known of the stock of variants at locations.
type shelf struct {
	locations []inventory.Location // the nearest first
	km        map[id.Location]float64
	free      map[inventory.Key]int64
	incoming  map[id.Variant]int64
	now       time.Time
}

// availability reads how many units of variants can be promised, at all
// locations or at some, in a constant number of statements.
func availability(ctx context.Context, r db.Reader, now time.Time, named []Article, at []id.Location, place geo.Address) (AvailabilityList, error) {
	found, err := readArticles(ctx, r, named)
	if err != nil {
		return AvailabilityList{}, err
	}
	f := fault.Fields{}
	variants := make([]catalog.Variant, len(named))
	ids := make([]id.Variant, len(named))
	for i, n := range named {
		variants[i] = found.find(f, "", n)
		ids[i] = variants[i].ID
	}
	if len(named) == 0 {
		f.Add("sku", "is missing: give a SKU or a variant")
	}
	if err := f.Err("stock.invalid", "The availability cannot be told."); err != nil {
		return AvailabilityList{}, err
	}
	kits, err := catalog.Components(ctx, r, ids)
	if err != nil {
		return AvailabilityList{}, err
	}
	for _, parts := range kits {
		for _, c := range parts {
			ids = append(ids, c.ComponentID)
		}
	}
	parts, err := catalog.Variants(ctx, r, ids)
	if err != nil {
		return AvailabilityList{}, err
	}
	s, precision, err := openShelf(ctx, r, ids, at, place)
	if err != nil {
		return AvailabilityList{}, err
	}
	s.now = now
	out := AvailabilityList{Items: []Availability{}, Precision: precision}
	for _, v := range variants {
		if v.Kind != catalog.Kit {
			out.Items = append(out.Items, s.of(v, func(l id.Location) int64 { return s.free[inventory.Key{Variant: v.ID, Location: l}] }))
			continue
		}
		kit := s.of(v, func(l id.Location) int64 {
			return catalog.Buildable(kits[v.ID], func(c id.Variant) int64 { return s.free[inventory.Key{Variant: c, Location: l}] })
		})
		for _, c := range kits[v.ID] {
			kit.Parts = append(kit.Parts, s.of(parts[c.ComponentID], func(l id.Location) int64 { return s.free[inventory.Key{Variant: c.ComponentID, Location: l}] }))
		}
		out.Items = append(out.Items, kit)
	}
	return out, nil
}

func openShelf(ctx context.Context, r db.Reader, variants []id.Variant, at []id.Location, place geo.Address) (*shelf, geo.Precision, error) {
	over, err := postal.For(ctx, r, []geo.Address{place})
	if err != nil {
		return nil, "", err
	}
	all, err := inventory.Locations(ctx, r)
	if err != nil {
		return nil, "", err
	}
	levels, err := inventory.Levels(ctx, r, variants)
	if err != nil {
		return nil, "", err
	}
	here := geo.LocateWith(over, place)
	s := &shelf{km: map[id.Location]float64{}, free: map[inventory.Key]int64{}, incoming: map[id.Variant]int64{}}
	wanted := map[id.Location]bool{}
	for _, l := range all {
		if len(at) > 0 && !slices.Contains(at, l.ID) {
			continue
		}
		s.locations, wanted[l.ID], s.km[l.ID] = append(s.locations, l), true, math.Inf(1)
		if point, ok := l.Point(); ok && here.Known() {
			s.km[l.ID] = geo.Distance(point, here.Point)
		}
	}
	slices.SortStableFunc(s.locations, func(a, b inventory.Location) int { return cmp.Compare(s.km[a.ID], s.km[b.ID]) })
	for _, l := range levels {
		if wanted[l.Location] {
			s.free[l.Key] = l.Available()
			s.incoming[l.Variant] += l.Incoming
		}
	}
	return s, cmp.Or(here.Precision, geo.Unknown), nil
}

// of sums what is available of a variant by location.
func (s *shelf) of(v catalog.Variant, available func(id.Location) int64) Availability {
	out := Availability{VariantID: v.ID, SKU: v.SKU, Kind: v.Kind, Backorder: v.Backorder, Incoming: s.incoming[v.ID], Locations: []AvailableAt{}}
	for _, l := range s.locations {
		n := available(l.ID)
		if n == 0 {
			continue
		}
		there := AvailableAt{LocationID: l.ID, Code: l.Code, Name: l.Name, Available: n, Ships: l.TakesOrders(s.now), Pickup: l.TakesPickups(s.now)}
		if km := s.km[l.ID]; !math.IsInf(km, 1) {
			rounded := math.Round(km*10) / 10
			there.Km = &rounded
		}
		if there.Ships {
			out.Available += n
		}
		out.Locations = append(out.Locations, there)
	}
	return out
}
