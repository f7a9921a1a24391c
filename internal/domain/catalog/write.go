package catalog

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// load reads all that inputs name, and locks the products, in the order of
// their ids, until the transaction ends.
func load(ctx context.Context, tx *db.Tx, inputs []ProductInput) (*stage, error) {
	s := &stage{
		tx: tx, products: map[id.Product]*product{}, byHandle: map[string]*product{}, variants: map[id.Variant]*variant{},
		bySKU: map[string]*variant{}, freed: map[string]bool{}, barcodes: map[string]id.Variant{}, lists: map[string]PriceList{},
		base: map[money.Currency]string{}, paths: map[*product]string{}, prices: map[priceKey]*money.Micros{},
	}
	n := namesOf(inputs)
	if err := s.loadProducts(ctx, n); err != nil {
		return nil, err
	}
	if err := s.loadParts(ctx, n); err != nil {
		return nil, err
	}
	return s, s.loadPriceLists(ctx, n)
}

// names are what inputs name.
type names struct {
	products                             []id.Product
	variants                             []id.Variant
	handles, skus, codes                 []string
	currencies                           []money.Currency
	barcodes, components, buying, prices bool
}

func namesOf(inputs []ProductInput) names {
	var n names
	for _, in := range inputs {
		if !in.ID.IsZero() {
			n.products = append(n.products, in.ID)
		}
		n.handles = append(n.handles, text.Slug(in.Handle))
		if in.Title != nil {
			n.handles = append(n.handles, text.Slug(*in.Title))
		}
		for _, v := range in.Variants {
			n.addVariant(v)
		}
	}
	return n
}

func (n *names) addVariant(in VariantInput) {
	if !in.ID.IsZero() {
		n.variants = append(n.variants, in.ID)
	}
	n.skus = append(n.skus, text.Clean(in.SKU))
	n.buying = n.buying || in.Purchase != nil
	if in.Barcodes != nil {
		n.barcodes = true
		for _, b := range *in.Barcodes {
			n.codes = append(n.codes, BarcodeKey(b.Code))
		}
	}
	if in.Components != nil {
		n.components = true
		for _, c := range *in.Components {
			n.skus = append(n.skus, text.Clean(c.SKU))
		}
	}
	for _, p := range in.Prices {
		n.prices = true
		if p.List == "" && p.Currency != "" && p.Currency.Valid() {
			n.currencies = append(n.currencies, p.Currency)
		}
	}
}

func (s *stage) loadProducts(ctx context.Context, n names) error {
	ids := n.products
	for _, found := range []struct {
		query string
		keys  []any
	}{
		{`SELECT id FROM product WHERE handle IN (/*in*/)`, db.Args(distinct(n.handles))},
		{`SELECT product_id FROM variant WHERE sku IN (/*in*/)`, db.Args(distinct(n.skus))},
		{`SELECT product_id FROM variant WHERE id IN (/*in*/)`, db.Args(distinct(n.variants))},
	} {
		more, err := db.SelectIn[id.Product](ctx, s.tx, found.query, found.keys)
		if err != nil {
			return err
		}
		ids = append(ids, more...)
	}
	ids = sortedIDs(ids)
	products, err := db.SelectIn[Product](ctx, s.tx, `SELECT `+db.Columns[Product]()+` FROM product WHERE id IN (/*in*/) ORDER BY id`+s.tx.ForUpdate(), ids)
	if err != nil {
		return err
	}
	variants, err := VariantsOf(ctx, s.tx, ids)
	if err != nil {
		return err
	}
	for _, row := range products {
		was := row
		p := &product{Product: row, was: &was}
		s.products[p.ID], s.byHandle[p.Handle] = p, p
		for _, row := range variants[p.ID] {
			was := row
			v := &variant{Variant: row, was: &was}
			s.variants[v.ID], s.bySKU[v.SKU] = v, v
			p.variants = append(p.variants, v)
		}
	}
	return nil
}

// loadParts reads the rows below the variants, of the tables that the inputs
// speak of.
func (s *stage) loadParts(ctx context.Context, n names) error {
	ids := slices.Collect(maps.Keys(s.variants))
	if n.barcodes {
		rows, err := Barcodes(ctx, s.tx, ids)
		if err != nil {
			return err
		}
		for v, codes := range rows {
			slices.SortFunc(codes, func(a, b Barcode) int { return strings.Compare(a.Code, b.Code) }) // as inputs are
			s.variants[v].barcodes = list[Barcode]{codes, codes}
			for _, b := range codes {
				s.barcodes[b.Code] = v
			}
		}
		others, err := db.SelectIn[Barcode](ctx, s.tx, `SELECT `+db.Columns[Barcode]()+` FROM barcode WHERE code IN (/*in*/)`, distinct(n.codes))
		if err != nil {
			return err
		}
		for _, b := range others {
			s.barcodes[b.Code] = b.VariantID
		}
	}
	if n.components {
		rows, err := db.SelectIn[Component](ctx, s.tx, `SELECT `+db.Columns[Component]()+` FROM kit_component WHERE kit_id IN (/*in*/) ORDER BY kit_id, position`, ids)
		if err != nil {
			return err
		}
		for _, c := range rows {
			v := s.variants[c.KitID]
			v.components.rows = append(v.components.rows, c)
			v.components.was = v.components.rows
		}
	}
	if n.buying {
		rows, err := db.SelectIn[PurchasePrice](ctx, s.tx, `SELECT `+db.Columns[PurchasePrice]()+` FROM purchase_price WHERE variant_id IN (/*in*/)`, ids)
		if err != nil {
			return err
		}
		slices.SortFunc(rows, comparePurchases)
		for _, p := range rows {
			v := s.variants[p.Variant]
			v.purchase.rows = append(v.purchase.rows, p)
			v.purchase.was = v.purchase.rows
		}
	}
	return nil
}

// loadPriceLists reads the price lists, and makes the base list of a currency
// that a price is named in without a list.
func (s *stage) loadPriceLists(ctx context.Context, n names) error {
	if !n.prices {
		return nil
	}
	lists, err := PriceLists(ctx, s.tx)
	if err != nil {
		return err
	}
	for _, l := range lists {
		s.lists[l.Code] = l
		if l.Base {
			s.base[l.Currency] = l.Code
		}
	}
	for _, c := range distinct(n.currencies) {
		if s.base[c] != "" {
			continue
		}
		l, err := BaseList(ctx, s.tx, c, false)
		if err != nil {
			return err
		}
		s.lists[l.Code], s.base[c] = l, l.Code
	}
	return nil
}

// write stores what was changed and returns the products it belongs to.
func (s *stage) write(ctx context.Context) (map[id.Product]bool, error) {
	if err := s.writeCategories(ctx); err != nil {
		return nil, err
	}
	w := &changes{done: map[id.Product]bool{}}
	for _, p := range s.touched {
		w.add(p, s.tx)
	}
	if err := w.write(ctx, s.tx); err != nil {
		if _, ok := db.Violated(err); ok {
			return nil, fmt.Errorf("%w: %w", db.ErrRetry, err) // another transaction took a handle, a SKU or a barcode
		}
		return nil, err
	}
	if len(s.prices) == 0 {
		return w.done, nil
	}
	of := make([]id.Variant, 0, len(s.prices))
	for k := range s.prices {
		of = append(of, k.Variant)
	}
	priced, err := setPrices(ctx, s.tx, s.prices, of)
	for _, k := range priced {
		w.done[s.variants[k.Variant].ProductID] = true
	}
	return w.done, err
}

func (s *stage) writeCategories(ctx context.Context) error {
	paths := slices.Sorted(maps.Values(s.paths))
	found, err := EnsureCategories(ctx, s.tx, paths)
	if err != nil {
		return err
	}
	for p, path := range s.paths {
		p.CategoryID = found[path].ID // none for an empty path
	}
	return nil
}

// changes are the rows that a save writes, set by set.
type changes struct {
	products                     []Product
	changed, added               []Variant
	barcodes                     []Barcode
	components                   []Component
	purchase                     []PurchasePrice
	recoded, remade, repurchased []id.Variant // whose lists are replaced
	facts                        []event.Fact
	records                      []record
	done                         map[id.Product]bool
}

// record is a line of the audit.
type record struct {
	kind, object  string
	before, after any
}

// snapshot is a variant with its lists, as the audit shows it.
type snapshot struct {
	Variant
	Barcodes   []Barcode       `json:"barcodes,omitempty"`
	Components []Component     `json:"components,omitempty"`
	Purchase   []PurchasePrice `json:"purchase_prices,omitempty"`
}

func (w *changes) add(p *product, tx *db.Tx) {
	var facts []event.Fact
	touched := false
	for _, v := range p.variants {
		if fact := w.addVariant(v, tx); fact != nil {
			facts = append(facts, fact)
			touched = true
		}
	}
	fields, changed := []string(nil), true
	if p.was != nil {
		fields, changed = diff(*p.was, p.Product)
	}
	if !changed && !touched && len(facts) == 0 {
		return
	}
	w.done[p.ID] = true
	p.Version, p.UpdatedAt = p.Version+1, tx.Now()
	w.products = append(w.products, p.Product)
	switch {
	case p.was == nil:
		w.facts = append(w.facts, ProductAdded{p.ID, p.Handle, p.Title})
	case len(fields) > 0:
		w.facts = append(w.facts, ProductChanged{p.ID, p.Handle, fields})
		w.records = append(w.records, record{"product", p.ID.String(), p.was, p.Product})
	}
	w.facts = append(w.facts, facts...)
}

// addVariant notes what is to be written of a variant and returns the fact, nil
// where nothing a person would see was changed.
func (w *changes) addVariant(v *variant, tx *db.Tx) event.Fact {
	fields, changed := []string(nil), true
	if v.was != nil {
		fields, changed = diff(*v.was, v.Variant)
	}
	before := snapshot{Barcodes: v.barcodes.was, Components: v.components.was, Purchase: v.purchase.was}
	if v.barcodes.changed() {
		fields, changed = append(fields, "barcodes"), true
		w.recoded, w.barcodes = append(w.recoded, v.ID), append(w.barcodes, v.barcodes.rows...)
	}
	if v.components.changed() {
		fields, changed = append(fields, "components"), true
		w.remade, w.components = append(w.remade, v.ID), append(w.components, v.components.rows...)
	}
	if v.purchase.changed() {
		fields, changed = append(fields, "purchase_prices"), true
		w.repurchased, w.purchase = append(w.repurchased, v.ID), append(w.purchase, v.purchase.rows...)
	}
	if !changed {
		return nil
	}
	v.Version, v.UpdatedAt = v.Version+1, tx.Now()
	if v.was == nil {
		w.added = append(w.added, v.Variant)
		return VariantAdded{v.ID, v.ProductID, v.SKU, v.Title}
	}
	w.changed = append(w.changed, v.Variant)
	if len(fields) == 0 {
		return nil
	}
	before.Variant = *v.was
	after := snapshot{v.Variant, v.barcodes.rows, v.components.rows, v.purchase.rows}
	w.records = append(w.records, record{"variant", v.ID.String(), before, after})
	return VariantChanged{v.ID, v.SKU, fields}
}

func (w *changes) write(ctx context.Context, tx *db.Tx) error {
	if _, err := db.Insert(ctx, tx, "product", w.products, overwrite[Product]()); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "variant", w.changed, overwrite[Variant]()); err != nil {
		return err
	}
	if _, err := db.Insert(ctx, tx, "variant", w.added); err != nil {
		return err
	}
	if err := replace(ctx, tx, "barcode", "variant_id", w.recoded, w.barcodes); err != nil {
		return err
	}
	if err := replace(ctx, tx, "kit_component", "kit_id", w.remade, w.components); err != nil {
		return err
	}
	if err := replace(ctx, tx, "purchase_price", "variant_id", w.repurchased, w.purchase); err != nil {
		return err
	}
	for _, r := range w.records {
		if err := audit.Record(ctx, tx, "save", r.kind, r.object, r.before, r.after); err != nil {
			return err
		}
	}
	return event.Record(ctx, tx, w.facts...)
}

// replace puts rows in the place of all that variants had in a table.
func replace[T any](ctx context.Context, tx *db.Tx, table, column string, of []id.Variant, rows []T) error {
	err := db.Chunks(of, func(part []id.Variant) error {
		_, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE `+column+` IN (`+db.Marks(len(part))+`)`, db.Args(part)...)
		return err
	})
	if err != nil {
		return err
	}
	_, err = db.Insert(ctx, tx, table, rows)
	return err
}

// overwrite is the clause that makes an INSERT change the row whose id there is.
func overwrite[T any]() string {
	var b strings.Builder
	b.WriteString("ON CONFLICT (id) DO UPDATE SET ")
	for i, c := range strings.Split(db.Columns[T](), ", ") {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c + " = excluded." + c)
	}
	return b.String()
}

// unseen are columns whose change is no change of the thing.
var unseen = map[string]bool{"version": true, "created_at": true, "updated_at": true}

// diff lists the fields, by their names in JSON, in which two rows differ;
// changed is also true where only a search key does.
func diff(before, after any) (fields []string, changed bool) {
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		tag := b.Type().Field(i).Tag
		if unseen[tag.Get("db")] || reflect.DeepEqual(b.Field(i).Interface(), a.Field(i).Interface()) {
			continue
		}
		changed = true
		if name, _, _ := strings.Cut(tag.Get("json"), ","); name != "-" {
			fields = append(fields, name)
		}
	}
	return fields, changed
}
