package demo

import (
	"fmt"
	"strings"

	"purser/internal/base/money"
	"purser/internal/domain/catalog"
)

// goods is a product with its variants: each value of its option is one.
type goods struct {
	category, title, option, values string
	price                           int64 // cents of a US dollar
	grams                           int64
	hs, origin                      string
}

var assortment = []goods{
	{"Tea & Coffee > Tea", "Assam Breakfast Tea", "Size", "50 g|125 g|250 g|1 kg", 690, 125, "090240", "IN"},
	{"Tea & Coffee > Tea", "Sencha Green Tea", "Size", "50 g|125 g|250 g|1 kg", 890, 125, "090210", "JP"},
	{"Tea & Coffee > Tea", "Earl Grey", "Size", "50 g|125 g|250 g|1 kg", 750, 125, "090240", "IN"},
	{"Tea & Coffee > Tea", "Rooibos Vanilla", "Size", "50 g|125 g|250 g|1 kg", 640, 125, "121190", "ZA"},
	{"Tea & Coffee > Tea", "Peppermint", "Size", "50 g|125 g|250 g", 560, 100, "121190", "MA"},
	{"Tea & Coffee > Coffee", "House Blend Coffee", "Grind", "Whole bean|Filter|Espresso|French press", 1290, 500, "090121", "CO"},
	{"Tea & Coffee > Coffee", "Single Origin Yirgacheffe", "Grind", "Whole bean|Filter|Espresso|French press", 1790, 500, "090121", "ET"},
	{"Tea & Coffee > Coffee", "Decaf Sumatra", "Grind", "Whole bean|Filter|Espresso|French press", 1490, 500, "090122", "ID"},
	{"Tea & Coffee > Brewing", "Pour-over Dripper", "Color", "White|Black|Sand|Moss", 2400, 600, "691200", "JP"},
	{"Tea & Coffee > Brewing", "Cast Iron Teapot", "Color", "Black|Blue|Red", 4900, 1800, "732391", "JP"},
	{"Tea & Coffee > Brewing", "Gooseneck Kettle", "Color", "Steel|Black|Copper", 6900, 1200, "732393", "CN"},
	{"Kitchen > Mugs", "Stoneware Mug", "Color", "White|Black|Sand|Moss|Ocean|Brick", 1400, 380, "691200", "PT"},
	{"Kitchen > Mugs", "Enamel Mug", "Color", "White|Green|Navy|Red", 1200, 180, "732394", "PL"},
	{"Kitchen > Mugs", "Double-wall Glass", "Size", "80 ml|250 ml|350 ml", 1100, 160, "701337", "CZ"},
	{"Kitchen > Boards", "Oak Cutting Board", "Size", "Small|Medium|Large", 2900, 1400, "441911", "PL"},
	{"Kitchen > Boards", "Marble Serving Board", "Size", "Small|Large", 4200, 3200, "680291", "IT"},
	{"Kitchen > Linen", "Linen Tea Towel", "Color", "Natural|Blue stripe|Red stripe|Olive|Charcoal", 1600, 120, "630291", "LT"},
	{"Kitchen > Linen", "Linen Apron", "Color", "Natural|Navy|Olive|Charcoal", 3900, 320, "621142", "LT"},
	{"Kitchen > Jars", "Swing-top Jar", "Size", "250 ml|500 ml|1 l|2 l", 790, 420, "701090", "IT"},
	{"Kitchen > Knives", "Paring Knife", "Handle", "Beech|Walnut|Black", 2200, 90, "821192", "DE"},
	{"Kitchen > Knives", "Chef's Knife", "Handle", "Beech|Walnut|Black", 5900, 210, "821192", "DE"},
	{"Home > Candles", "Beeswax Candle", "Size", "Small|Medium|Large|Taper pair", 1300, 240, "340600", "US"},
	{"Home > Candles", "Scented Candle", "Scent", "Cedar|Fig|Sea salt|Rosemary|Amber|Pine", 2600, 420, "340600", "US"},
	{"Home > Textiles", "Wool Throw", "Color", "Oat|Slate|Rust|Forest", 8900, 1100, "630120", "GB"},
	{"Home > Textiles", "Cotton Cushion", "Color", "Oat|Slate|Rust|Forest|Ink", 3400, 500, "630492", "IN"},
	{"Home > Baskets", "Seagrass Basket", "Size", "Small|Medium|Large", 2700, 700, "460219", "VN"},
	{"Home > Lighting", "Table Lantern", "Finish", "Brass|Black|Zinc", 4500, 900, "940550", "IN"},
	{"Home > Garden", "Terracotta Pot", "Size", "10 cm|15 cm|20 cm|30 cm", 900, 800, "691490", "IT"},
	{"Home > Garden", "Watering Can", "Color", "Zinc|Green|Cream", 3600, 1100, "732690", "GB"},
	{"Home > Garden", "Seed Tin", "Kind", "Herbs|Wildflowers|Salad|Chili", 1200, 150, "120991", "GB"},
	{"Paper > Notebooks", "Dot Notebook", "Color", "Black|Grey|Navy|Forest|Mustard|Wine", 1500, 260, "482010", "JP"},
	{"Paper > Notebooks", "Pocket Notebook Trio", "Ruling", "Plain|Lined|Dot|Grid", 1100, 120, "482010", "US"},
	{"Paper > Pens", "Fountain Pen", "Nib", "Extra fine|Fine|Medium|Broad", 3800, 30, "960830", "DE"},
	{"Paper > Pens", "Ink Bottle", "Color", "Black|Blue|Green|Burgundy|Sepia", 1400, 180, "321590", "DE"},
	{"Paper > Cards", "Letterpress Card Set", "Design", "Thanks|Birthday|Blank|Winter", 1800, 140, "490900", "US"},
	{"Paper > Desk", "Walnut Pen Tray", "Size", "Short|Long", 3200, 400, "442090", "US"},
	{"Paper > Desk", "Felt Desk Mat", "Color", "Light grey|Dark grey|Navy", 4400, 600, "560290", "AT"},
	{"Bath > Soap", "Olive Oil Soap", "Scent", "Plain|Lavender|Lemon|Cedar|Oat", 800, 150, "340111", "GR"},
	{"Bath > Soap", "Shaving Soap", "Scent", "Plain|Cedar|Bergamot", 1600, 180, "340111", "GB"},
	{"Bath > Towels", "Waffle Towel", "Size", "Face|Hand|Bath|Sheet", 2100, 420, "630260", "TR"},
	{"Bath > Brushes", "Bath Brush", "Bristle", "Soft|Firm", 2300, 260, "960329", "SE"},
	{"Pantry > Honey", "Wildflower Honey", "Size", "250 g|500 g|1 kg", 950, 500, "040900", "US"},
	{"Pantry > Preserves", "Marmalade", "Kind", "Orange|Lemon|Grapefruit|Whisky", 890, 420, "200791", "GB"},
	{"Pantry > Chocolate", "Dark Chocolate Bar", "Cocoa", "60 %|70 %|85 %|Sea salt", 650, 100, "180632", "BE"},
	{"Pantry > Syrups", "Cordial", "Kind", "Elderflower|Ginger|Rhubarb|Raspberry|Lime", 1150, 900, "210690", "GB"},
	{"Pantry > Salt", "Flaky Sea Salt", "Kind", "Plain|Smoked|Rosemary", 720, 250, "250100", "GB"},
	{"Home > Vases", "Bud Vase", "Color", "Clear|Smoke|Amber|Green", 1900, 300, "701399", "PT"},
	{"Home > Rugs", "Jute Rug", "Size", "60 x 90|90 x 150|150 x 240", 5900, 2600, "570239", "IN"},
	{"Home > Hooks", "Brass Hook", "Size", "Small|Medium|Large", 1300, 120, "830250", "IN"},
	{"Kitchen > Bowls", "Serving Bowl", "Color", "White|Sand|Ocean|Brick", 3300, 900, "691200", "PT"},
	{"Kitchen > Spoons", "Cherry Wood Spoon", "Shape", "Round|Flat|Slotted|Tasting", 1250, 60, "441911", "US"},
	{"Paper > Wrapping", "Gift Wrap Roll", "Design", "Dots|Stripes|Botanical|Stars|Plain kraft", 950, 180, "481190", "US"},
	{"Paper > Pencils", "Pencil Dozen", "Grade", "2B|HB|2H|Mixed", 1350, 70, "960910", "JP"},
	{"Bath > Oils", "Bath Oil", "Scent", "Lavender|Orange|Cedar", 2450, 260, "330730", "FR"},
	{"Pantry > Biscuits", "Shortbread Tin", "Size", "Small|Large", 1700, 600, "190531", "GB"},
}

// kits are sold as one and shipped as their components.
var kits = []struct {
	sku, title string
	price      int64
	parts      []catalog.ComponentInput
}{
	{"KIT-BREAKFAST", "Breakfast Box", 4200, parts("ASSA-2:1:2", "MARM-1:1:2", "WILD-2:1:2", "STON-3:2:4")},
	{"KIT-COFFEE", "Coffee Starter Set", 5900, parts("HOUS-2:1:3", "POUR-2:1:5", "STON-2:2:4")},
	{"KIT-DESK", "Desk Set", 8900, parts("WALN-1:1:3", "FOUN-2:1:4", "INKB-2:1:2", "DOTN-1:1:2")},
	{"KIT-GARDEN", "Windowsill Garden", 3900, parts("TERR-1:3:3", "SEED-1:1:1", "SEED-3:1:1")},
	{"KIT-BATH", "Bath Ritual", 4700, parts("OLIV-2:2:1", "WAFF-2:1:2", "BATH-1:1:2")},
	{"KIT-TEATIME", "Tea for Two", 7900, parts("CAST-1:1:4", "SENC-2:1:1", "ENAM-1:2:2", "SHOR-1:1:1")},
}

// parts reads sku:quantity:weight.
func parts(list ...string) []catalog.ComponentInput {
	out := make([]catalog.ComponentInput, len(list))
	for i, s := range list {
		sku, rest, _ := strings.Cut(s, ":")
		out[i].SKU = sku
		_, _ = fmt.Sscanf(rest, "%d:%d", &out[i].Quantity, &out[i].PriceWeight) // literals above
	}
	return out
}

// products turns the lists above into the catalog's input.
func products() []catalog.ProductInput {
	var inputs []catalog.ProductInput
	seen, number := map[string]bool{}, int64(0)
	for _, g := range assortment {
		stem := stemOf(g.title, seen)
		options := []string{g.option}
		in := catalog.ProductInput{Title: ptr(g.title), Category: ptr(g.category), Brand: ptr("Harbor & Pine"), Options: &options, Tags: ptr([]string{"demo"})}
		for i, value := range strings.Split(g.values, "|") {
			number++
			price := g.price + int64(i)*g.price/5
			cost := money.MicrosOf(price*2/5, "USD")
			values := []string{value}
			v := catalog.VariantInput{
				SKU: fmt.Sprintf("%s-%d", stem, i+1), Title: ptr(g.title + ", " + value), Options: &values, Cost: &cost,
				WeightGrams: ptr(g.grams), HSCode: ptr(g.hs), OriginCountry: ptr(g.origin), Backorder: ptr(number%4 != 0),
				Barcodes: ptr([]catalog.BarcodeInput{{Code: ean13(590_000_000_000 + number), Kind: "ean"}}),
				Prices:   prices(price),
				Purchase: ptr([]catalog.PurchaseInput{{Supplier: suppliers[number%int64(len(suppliers))], Currency: "USD", Amount: cost, Preferred: true}}),
			}
			if number%9 == 0 {
				v.BackorderLimit = ptr(int64(25))
			}
			in.Variants = append(in.Variants, v)
		}
		inputs = append(inputs, in)
	}
	for _, k := range kits {
		kind, components := catalog.Kit, k.parts
		inputs = append(inputs, catalog.ProductInput{
			Title: ptr(k.title), Category: ptr("Gift sets"), Brand: ptr("Harbor & Pine"), Tags: ptr([]string{"demo", "gift"}),
			Variants: []catalog.VariantInput{{SKU: k.sku, Title: ptr(k.title), Kind: &kind, Components: &components, Prices: prices(k.price)}},
		})
	}
	service := catalog.Service
	return append(inputs, catalog.ProductInput{
		Title: ptr("Gift wrapping"), Category: ptr("Services"),
		Variants: []catalog.VariantInput{{SKU: "GIFT-WRAP", Title: ptr("Gift wrapping"), Kind: &service, Prices: prices(450)}},
	})
}

var suppliers = []string{"Northern Imports", "Casa Artesana", "Kanto Trading", "Mill & Meadow"}

// prices are a price in each currency that the demo company sells in, of which
// cents is in US dollars.
func prices(cents int64) []catalog.PriceInput {
	in := func(c money.Currency, minor int64) catalog.PriceInput {
		amount := money.MicrosOf(minor, c)
		return catalog.PriceInput{Currency: c, Amount: &amount}
	}
	return []catalog.PriceInput{in("USD", cents), in("EUR", cents*11/10), in("GBP", cents*95/100)}
}

func stemOf(title string, seen map[string]bool) string {
	letters := strings.ToUpper(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, title))
	stem := letters[:4]
	for i := 4; seen[stem]; i++ {
		stem = letters[:3] + letters[i:i+1]
	}
	seen[stem] = true
	return stem
}

// ean13 adds the check digit (GS1 General Specifications, modulo 10) to twelve digits.
func ean13(twelve int64) string {
	s := fmt.Sprintf("%012d", twelve)
	sum := 0
	for i, r := range s {
		digit := int(r - '0')
		if i%2 == 1 {
			digit *= 3
		}
		sum += digit
	}
	return fmt.Sprintf("%s%d", s, (10-sum%10)%10)
}

func ptr[T any](v T) *T { return &v }
