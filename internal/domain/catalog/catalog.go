// Package catalog keeps what is sold: products and their variants, barcodes,
// categories, kits, price lists and what suppliers ask.
//
// A variant is what an order line names and stock is kept of; its SKU is
// unique to the letter. A kit is sold as one and shipped as its components: the
// kit itself has no stock. Unit prices and costs are money.Micros; quantities
// are base units.
package catalog

import (
	"math"
	"slices"
	"strings"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Status tells whether a product is sold.
type Status string

// The statuses of a product.
const (
	Active   Status = "active"
	Draft    Status = "draft"
	Archived Status = "archived"
)

// Kind tells how a variant is provided.
type Kind string

// The kinds of variants.
const (
	Stocked  Kind = "stocked"   // bought and kept on a shelf
	Service  Kind = "service"   // nothing to ship
	Kit      Kind = "kit"       // sold as one, shipped as its components; has no stock
	Assembly Kind = "assembly"  // made of its components beforehand; has stock
	Digital  Kind = "digital"   // delivered by wire
	GiftCard Kind = "gift_card" // a promise of money
)

var kinds = []Kind{Stocked, Service, Kit, Assembly, Digital, GiftCard}

// HasStock tells whether levels are kept of variants of this kind.
func (k Kind) HasStock() bool { return k == Stocked || k == Assembly }

// HasComponents tells whether variants of this kind are made of others.
func (k Kind) HasComponents() bool { return k == Kit || k == Assembly }

// Image is a picture of a product.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

// Product is what variants have in common.
type Product struct {
	ID          id.Product              `db:"id" json:"id"`
	Handle      string                  `db:"handle" json:"handle" doc:"Unique name in addresses and files."`
	Title       string                  `db:"title" json:"title"`
	Description string                  `db:"description" json:"description"`
	Brand       string                  `db:"brand" json:"brand"`
	CategoryID  id.Category             `db:"category_id" json:"category_id,omitzero"`
	Options     db.JSON[[]string]       `db:"options" json:"options" doc:"Names of the options, such as Size and Color."`
	Tags        db.JSON[[]string]       `db:"tags" json:"tags"`
	Images      db.JSON[[]Image]        `db:"images" json:"images"`
	Custom      db.JSON[map[string]any] `db:"custom" json:"custom"`
	Status      Status                  `db:"status" json:"status"`
	Version     int64                   `db:"version" json:"version"`
	CreatedAt   time.Time               `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time               `db:"updated_at" json:"updated_at"`
}

// Variant is one thing that can be ordered.
type Variant struct {
	ID             id.Variant        `db:"id" json:"id"`
	ProductID      id.Product        `db:"product_id" json:"product_id"`
	SKU            string            `db:"sku" json:"sku"`
	SKUKey         string            `db:"sku_key" json:"-"`
	Title          string            `db:"title" json:"title"`
	SearchKey      string            `db:"search_key" json:"-"`
	Options        db.JSON[[]string] `db:"options" json:"options" doc:"Values of the product's options, in their order."`
	Kind           Kind              `db:"kind" json:"kind"`
	TaxClass       string            `db:"tax_class" json:"tax_class"`
	Backorder      bool              `db:"backorder" json:"backorder" doc:"May be sold when there is none."`
	BackorderLimit int64             `db:"backorder_limit" json:"backorder_limit" doc:"Units that may be owed at once; 0 is no limit."`
	MaySplit       bool              `db:"may_split" json:"may_split" doc:"Of a kit: components may come in several parcels."`
	Cost           money.Micros      `db:"cost_micros" json:"cost" doc:"Initial cost of one unit, in the base currency."`
	WeightGrams    int64             `db:"weight_grams" json:"weight_grams"`
	LengthMM       int64             `db:"length_mm" json:"length_mm"`
	WidthMM        int64             `db:"width_mm" json:"width_mm"`
	HeightMM       int64             `db:"height_mm" json:"height_mm"`
	HSCode         string            `db:"hs_code" json:"hs_code" doc:"Code of the Harmonized System, 6 to 10 digits."`
	OriginCountry  string            `db:"origin_country" json:"origin_country" doc:"ISO 3166-1 alpha-2 code."`
	Hazmat         string            `db:"hazmat" json:"hazmat" doc:"UN number or class of dangerous goods."`
	Temperature    string            `db:"temperature" json:"temperature" doc:"ambient, chilled or frozen; empty is ambient."`
	ShelfLifeDays  int64             `db:"shelf_life_days" json:"shelf_life_days" doc:"Days that must be left when it is shipped; 0 is none."`
	ShipsAlone     bool              `db:"ships_alone" json:"ships_alone"`
	Signature      bool              `db:"signature" json:"signature" doc:"The receiver must sign."`
	PackSize       int64             `db:"pack_size" json:"pack_size" doc:"Units of a whole pack, for customers who buy whole packs."`
	Active         bool              `db:"active" json:"active"`
	Version        int64             `db:"version" json:"version"`
	CreatedAt      time.Time         `db:"created_at" json:"created_at"`
	UpdatedAt      time.Time         `db:"updated_at" json:"updated_at"`
}

// refresh recomputes the keys by which v is found.
func (v *Variant) refresh(p Product) {
	v.SKUKey = text.Fold(v.SKU)
	v.SearchKey = searchKey(v.Title, p.Title, p.Brand)
}

func searchKey(title, product, brand string) string {
	key := text.Fold(title)
	for _, s := range []string{product, brand} {
		if f := text.Fold(s); !strings.Contains(key, f) {
			key += " " + f
		}
	}
	return key
}

// Component is a part of a kit or an assembly.
type Component struct {
	KitID       id.Variant `db:"kit_id" json:"kit_id"`
	ComponentID id.Variant `db:"component_id" json:"component_id"`
	Position    int64      `db:"position" json:"position"`
	Quantity    int64      `db:"quantity" json:"quantity" doc:"Units in one kit."`
	PriceWeight int64      `db:"price_weight" json:"price_weight" doc:"Share of the kit's price, relative to the other components."`
}

// Demand is a number of units of a variant.
type Demand struct {
	Variant  id.Variant
	Quantity int64
}

// Explode turns what is ordered into what must be on the shelves: kits become
// their components, and the demand for a variant is summed over all lines, so
// that two lines that share a component are checked together. The result is in
// the order of the variants' ids. A sum that an int64 cannot hold is Invalid.
func Explode(lines []Demand, components map[id.Variant][]Component) ([]Demand, error) {
	sum := make(map[id.Variant]int64, len(lines))
	add := func(v id.Variant, quantity, per int64) error {
		if per > 0 && (quantity > math.MaxInt64/per || sum[v] > math.MaxInt64-quantity*per) {
			return fault.New(fault.Invalid, "catalog.too_many", "The order asks for more units than can be counted.")
		}
		sum[v] += quantity * per
		return nil
	}
	for _, l := range lines {
		parts, kit := components[l.Variant]
		if !kit {
			if err := add(l.Variant, l.Quantity, 1); err != nil {
				return nil, err
			}
		}
		for _, c := range parts {
			if err := add(c.ComponentID, l.Quantity, c.Quantity); err != nil {
				return nil, err
			}
		}
	}
	out := make([]Demand, 0, len(sum))
	for v, n := range sum {
		out = append(out, Demand{v, n})
	}
	slices.SortFunc(out, func(a, b Demand) int { return a.Variant.Compare(b.Variant) })
	return out, nil
}

// Buildable is how many kits the available units at one location make: the
// least of the whole multiples of each component. A kit without components
// cannot be built.
func Buildable(components []Component, available func(id.Variant) int64) int64 {
	if len(components) == 0 {
		return 0
	}
	n := int64(math.MaxInt64)
	for _, c := range components {
		n = min(n, max(available(c.ComponentID), 0)/c.Quantity)
	}
	return n
}

// Margin is the part of a price that is left after the cost, both of one unit
// and in one currency: (price - cost) / price, rounded half away from zero to a
// millionth and never below -1000. Without a price there is none.
func Margin(price, cost money.Micros) (money.Rate, bool) {
	if price <= 0 {
		return 0, false
	}
	const least = -1000 * int64(money.One)
	left := int64(price) - int64(cost)
	if left < 0 && -left/1000 >= int64(price) {
		return money.Rate(least), true
	}
	return money.Rate(money.Share(int64(money.One), 0, left, int64(price))), true
}

// CheckVersion is Stale when a caller who read version want (0: any) meets
// version have. sku or handle names the thing in the sentence.
func CheckVersion(have, want int64, what string) error {
	if want == 0 || want == have {
		return nil
	}
	return fault.New(fault.Stale, "catalog.stale", "%s was changed since you read it: read it again.", what).
		With(map[string]int64{"version": have})
}
