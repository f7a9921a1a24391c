package catalog

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Variants reads variants; ids that are not known are not in the map.
func Variants(ctx context.Context, r db.Reader, ids []id.Variant) (map[id.Variant]Variant, error) {
	rows, err := db.SelectIn[Variant](ctx, r, `SELECT `+db.Columns[Variant]()+` FROM variant WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.Variant]Variant, len(rows))
	for _, v := range rows {
		out[v.ID] = v
	}
	return out, err
}

// GetVariant reads one variant.
func GetVariant(ctx context.Context, r db.Reader, v id.Variant) (Variant, error) {
	out, err := db.Get[Variant](ctx, r, `SELECT `+db.Columns[Variant]()+` FROM variant WHERE id = ?`, v)
	if db.None(err) {
		err = fault.New(fault.NotFound, "catalog.no_variant", "There is no variant %s.", v)
	}
	return out, err
}

// BySKU reads variants by their exact SKUs.
func BySKU(ctx context.Context, r db.Reader, skus []string) (map[string]Variant, error) {
	rows, err := db.SelectIn[Variant](ctx, r, `SELECT `+db.Columns[Variant]()+` FROM variant WHERE sku IN (/*in*/)`, distinct(skus))
	out := make(map[string]Variant, len(rows))
	for _, v := range rows {
		out[v.SKU] = v
	}
	return out, err
}

// Components reads what kits are made of, in their order. Variants that are not
// kits are not in the map; what an assembly is made of is BillOfMaterials.
func Components(ctx context.Context, r db.Reader, kits []id.Variant) (map[id.Variant][]Component, error) {
	return components(ctx, r, Kit, kits)
}

// BillOfMaterials reads what assemblies are made of, in its order.
func BillOfMaterials(ctx context.Context, r db.Reader, assemblies []id.Variant) (map[id.Variant][]Component, error) {
	return components(ctx, r, Assembly, assemblies)
}

func components(ctx context.Context, r db.Reader, kind Kind, of []id.Variant) (map[id.Variant][]Component, error) {
	rows, err := db.SelectIn[Component](ctx, r, `
		SELECT c.kit_id, c.component_id, c.position, c.quantity, c.price_weight
		FROM kit_component c JOIN variant v ON v.id = c.kit_id AND v.kind = ?
		WHERE c.kit_id IN (/*in*/) ORDER BY c.kit_id, c.position`, distinct(of), kind)
	out := map[id.Variant][]Component{}
	for _, c := range rows {
		out[c.KitID] = append(out[c.KitID], c)
	}
	return out, err
}

// KitsOf lists the kits and assemblies that variants are parts of: what else
// changes its availability when the variant's stock does.
func KitsOf(ctx context.Context, r db.Reader, variants []id.Variant) (map[id.Variant][]Component, error) {
	rows, err := db.SelectIn[Component](ctx, r, `
		SELECT `+db.Columns[Component]()+` FROM kit_component WHERE component_id IN (/*in*/) ORDER BY component_id, kit_id`, distinct(variants))
	out := map[id.Variant][]Component{}
	for _, c := range rows {
		out[c.ComponentID] = append(out[c.ComponentID], c)
	}
	return out, err
}

// Products reads products; ids that are not known are not in the map.
func Products(ctx context.Context, r db.Reader, ids []id.Product) (map[id.Product]Product, error) {
	rows, err := db.SelectIn[Product](ctx, r, `SELECT `+db.Columns[Product]()+` FROM product WHERE id IN (/*in*/)`, distinct(ids))
	out := make(map[id.Product]Product, len(rows))
	for _, p := range rows {
		out[p.ID] = p
	}
	return out, err
}

// GetProduct reads one product.
func GetProduct(ctx context.Context, r db.Reader, p id.Product) (Product, error) {
	out, err := db.Get[Product](ctx, r, `SELECT `+db.Columns[Product]()+` FROM product WHERE id = ?`, p)
	if db.None(err) {
		err = fault.New(fault.NotFound, "catalog.no_product", "There is no product %s.", p)
	}
	return out, err
}

// VariantsOf reads the variants of products, by SKU.
func VariantsOf(ctx context.Context, r db.Reader, products []id.Product) (map[id.Product][]Variant, error) {
	rows, err := db.SelectIn[Variant](ctx, r, `
		SELECT `+db.Columns[Variant]()+` FROM variant WHERE product_id IN (/*in*/) ORDER BY product_id, sku`, distinct(products))
	out := map[id.Product][]Variant{}
	for _, v := range rows {
		out[v.ProductID] = append(out[v.ProductID], v)
	}
	return out, err
}

// Page is a part of a list: at most Limit items after the cursor of the part before.
type Page struct {
	Limit int
	After string // "" is the beginning
}

const (
	defaultLimit = 50
	maxLimit     = 500
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// Filter selects products or variants; what is empty does not count.
type Filter struct {
	Text     string      // words of titles, brand, SKU or a barcode
	Category id.Category // and all below it
	Brand    string
	Tag      string
	Status   Status // of the product
	Kind     Kind
	Product  id.Product
	Active   *bool // of the variant
}

// onProduct adds the conditions on the product, called p.
func (f Filter) onProduct(w *db.Where) {
	if !f.Category.IsZero() {
		w.And(`p.category_id IN (SELECT below.id FROM category below JOIN category top
			ON below.slug = top.slug OR substr(below.slug, 1, length(top.slug) + 1) = top.slug || '/' WHERE top.id = ?)`, f.Category)
	}
	if f.Brand != "" {
		w.And("p.brand = ?", f.Brand)
	}
	if f.Status != "" {
		w.And("p.status = ?", f.Status)
	}
	if f.Tag != "" {
		plain, escaped := jsonTexts(f.Tag)
		w.And(`(CAST(p.tags AS TEXT) LIKE ? ESCAPE '\' OR CAST(p.tags AS TEXT) LIKE ? ESCAPE '\')`, "%"+like(plain)+"%", "%"+like(escaped)+"%")
	}
}

// onVariant adds the conditions on the variant, called v.
func (f Filter) onVariant(w *db.Where) {
	for _, word := range strings.Fields(text.Fold(f.Text)) {
		w.And(`(v.search_key LIKE ? ESCAPE '\' OR v.sku_key LIKE ? ESCAPE '\'
			OR v.id IN (SELECT variant_id FROM barcode WHERE code = ?))`, "%"+like(word)+"%", "%"+like(word)+"%", BarcodeKey(word))
	}
	if f.Kind != "" {
		w.And("v.kind = ?", f.Kind)
	}
	if f.Active != nil {
		w.And("v.active = ?", *f.Active)
	}
}

// ListProducts returns products by handle, and the cursor of the next page, ""
// at the end.
func ListProducts(ctx context.Context, r db.Reader, f Filter, page Page) ([]Product, string, error) {
	var w db.Where
	f.onProduct(&w)
	if !f.Product.IsZero() {
		w.And("p.id = ?", f.Product)
	}
	var of db.Where
	f.onVariant(&of)
	if of.SQL() != "" {
		w.And("p.id IN (SELECT v.product_id FROM variant v"+of.SQL()+")", of.Args()...)
	}
	if page.After != "" {
		w.And("p.handle > ?", page.After)
	}
	rows, err := db.Select[Product](ctx, r, `
		SELECT `+columnsOf[Product]("p")+` FROM product p`+w.SQL()+` ORDER BY p.handle LIMIT ?`, w.Args(page.limit()+1)...)
	if err != nil || len(rows) <= page.limit() {
		return rows, "", err
	}
	rows = rows[:page.limit()]
	return rows, rows[len(rows)-1].Handle, nil
}

// ListVariants returns variants by SKU, and the cursor of the next page, "" at
// the end.
func ListVariants(ctx context.Context, r db.Reader, f Filter, page Page) ([]Variant, string, error) {
	var w db.Where
	f.onProduct(&w)
	f.onVariant(&w)
	if !f.Product.IsZero() {
		w.And("v.product_id = ?", f.Product)
	}
	if page.After != "" {
		w.And("v.sku > ?", page.After)
	}
	rows, err := db.Select[Variant](ctx, r, `
		SELECT `+columnsOf[Variant]("v")+` FROM variant v JOIN product p ON p.id = v.product_id`+w.SQL()+`
		ORDER BY v.sku LIMIT ?`, w.Args(page.limit()+1)...)
	if err != nil || len(rows) <= page.limit() {
		return rows, "", err
	}
	rows = rows[:page.limit()]
	return rows, rows[len(rows)-1].SKU, nil
}

// columnsOf lists the columns of T of the table called alias.
func columnsOf[T any](alias string) string {
	return alias + "." + strings.ReplaceAll(db.Columns[T](), ", ", ", "+alias+".")
}

// jsonTexts are the two ways in which a text stands in stored JSON: PostgreSQL
// keeps <, > and & as they are, SQLite keeps them as encoding/json wrote them.
func jsonTexts(s string) (plain, escaped string) {
	b, _ := json.Marshal(s) // a string never fails
	var p strings.Builder
	e := json.NewEncoder(&p)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSpace(p.String()), string(b)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// like escapes a text for LIKE ... ESCAPE '\'.
func like(s string) string { return likeEscaper.Replace(s) }

// distinct are the different keys of a list, in its order.
func distinct[K comparable](keys []K) []K {
	seen := make(map[K]bool, len(keys))
	out := make([]K, 0, len(keys))
	for _, k := range keys {
		if !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}

// sortedIDs are the different ids of a list, in order, in which rows are locked.
func sortedIDs[K id.Kind](ids []id.ID[K]) []id.ID[K] {
	out := distinct(ids)
	slices.SortFunc(out, id.ID[K].Compare)
	return out
}
