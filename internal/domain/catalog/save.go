package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Outcome tells what a save did.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Refused   Outcome = "refused"
)

// ProductResult is what became of one ProductInput.
type ProductResult struct {
	Product  id.Product   `json:"id,omitzero"`
	Handle   string       `json:"handle,omitempty"`
	Variants []id.Variant `json:"variants,omitempty"` // in the order of the input
	Outcome  Outcome      `json:"outcome"`
	Err      error        `json:"-"` // a fault, when it was refused
}

// SaveProducts adds and changes products with their variants, barcodes, kits and
// prices. Each input is judged alone: one that cannot be is refused, with the
// reason in its result, and the others are saved. What is as it should be
// already stays untouched, so the same inputs twice change nothing. The number
// of statements does not depend on the number of inputs, but for the audit rows
// of what was changed.
func SaveProducts(ctx context.Context, tx *db.Tx, inputs []ProductInput) ([]ProductResult, error) {
	if tx.Postgres() { // one save at a time: what it reads in several statements must not change between them
		if _, err := tx.Exec(ctx, `LOCK TABLE product IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return nil, err
		}
	}
	s, err := load(ctx, tx, inputs)
	if err != nil {
		return nil, err
	}
	results := make([]ProductResult, len(inputs))
	waiting := make([]int, len(inputs))
	for i := range inputs {
		waiting[i] = i
	}
	// An input whose kit names a SKU of a later input waits for it.
	for progress := true; progress; {
		progress = false
		var again []int
		for _, i := range waiting {
			if results[i] = s.apply(inputs[i]); errors.Is(results[i].Err, errUnknownComponent) {
				again = append(again, i)
				continue
			}
			progress = true
		}
		waiting = again
	}
	changed, err := s.write(ctx)
	if err != nil {
		return nil, err
	}
	for i := range results {
		if u := (*unknownComponent)(nil); errors.As(results[i].Err, &u) {
			results[i].Err = u.fields.Err("catalog.bad_product", badProduct)
		}
		if results[i].Outcome == Unchanged && changed[results[i].Product] {
			results[i].Outcome = Updated
		}
	}
	return results, nil
}

// SaveProduct saves one product, and returns the fault when it is refused.
func SaveProduct(ctx context.Context, tx *db.Tx, in ProductInput) (ProductResult, error) {
	results, err := SaveProducts(ctx, tx, []ProductInput{in})
	if err != nil {
		return ProductResult{}, err
	}
	return results[0], results[0].Err
}

const badProduct = "The product cannot be saved like this."

// errUnknownComponent marks a refusal that a later input may mend.
var errUnknownComponent = errors.New("unknown component")

type unknownComponent struct{ fields fault.Fields }

func (u *unknownComponent) Error() string   { return errUnknownComponent.Error() }
func (u *unknownComponent) Is(e error) bool { return e == errUnknownComponent }

// stage is the part of the catalog that a save is about: read before, changed
// in memory, written after.
type stage struct {
	tx       *db.Tx
	products map[id.Product]*product
	byHandle map[string]*product
	variants map[id.Variant]*variant
	bySKU    map[string]*variant
	freed    map[string]bool           // SKUs and handles given up; the rows may not take them in one go
	barcodes map[string]id.Variant     // by code: of the staged variants and of whoever has a code of the inputs
	lists    map[string]PriceList      // by code
	base     map[money.Currency]string // code of the base list
	paths    map[*product]string       // category to be found or made
	prices   map[priceKey]*money.Micros
	touched  []*product // in the order of their first change
}

// product and variant are rows with what they were when they were read; was is
// nil in new ones.
type product struct {
	Product
	was      *Product
	variants []*variant
	touched  bool
}

type variant struct {
	Variant
	was        *Variant
	barcodes   list[Barcode]
	components list[Component]
	purchase   list[PurchasePrice]
}

// list is a variant's rows of one table, which are replaced as a whole.
type list[T comparable] struct {
	rows, was []T
}

func (l list[T]) changed() bool { return !slices.Equal(l.rows, l.was) }

// draft is one input as it is worked out, before it is taken or refused.
type draft struct {
	in       ProductInput
	f        fault.Fields
	unknown  bool // a component is not known yet
	p        Product
	old      *product
	variants []variantDraft
}

type variantDraft struct {
	in         VariantInput
	v          Variant
	old        *variant
	barcodes   []Barcode
	components []Component
	purchase   []PurchasePrice
	prices     map[priceKey]*money.Micros
}

// apply works an input out and takes it over, if nothing is wrong with it.
func (s *stage) apply(in ProductInput) ProductResult {
	d := &draft{in: in, f: fault.Fields{}}
	if err := s.identify(d); err != nil {
		return ProductResult{Outcome: Refused, Err: err}
	}
	in.apply(&d.p, d.f)
	if len(in.Variants) > maxVariants {
		d.f.Add("variants", "are more than %d", maxVariants)
	}
	for i, vin := range in.Variants {
		s.draftVariant(d, vin, path("variants", i, ""))
	}
	for i := range d.variants {
		s.draftComponents(d, &d.variants[i], path("variants", i, ""))
	}
	err := d.f.Err("catalog.bad_product", badProduct)
	if err != nil && d.unknown {
		err = &unknownComponent{d.f}
	}
	if err != nil {
		return ProductResult{Outcome: Refused, Err: err}
	}
	return s.take(d)
}

// identify finds the product that an input is about, or begins a new one.
func (s *stage) identify(d *draft) error {
	in := d.in
	handle := text.Slug(in.Handle)
	switch {
	case !in.ID.IsZero():
		if d.old = s.products[in.ID]; d.old == nil {
			return fault.New(fault.NotFound, "catalog.no_product", "There is no product %s.", in.ID)
		}
		if other := s.byHandle[handle]; handle != "" && other != nil && other != d.old {
			d.f.Add("handle", "belongs to the product %s", other.Title)
		}
	case handle != "":
		d.old = s.byHandle[handle]
	case len(in.Variants) > 0:
		if v := s.find(in.Variants[0]); v != nil {
			d.old = s.products[v.ProductID]
		}
	}
	if d.old != nil {
		d.p = d.old.Product
		if s.freed[handle] && s.byHandle[handle] == nil {
			d.f.Add("handle", "is another product's")
		}
		if handle != "" {
			d.p.Handle = handle
		}
		return CheckVersion(d.old.Version, in.Version, "The product "+d.old.Handle)
	}
	title := ""
	set(&title, in.Title)
	if handle == "" && len(in.Variants) > 0 && text.Clean(title) == "" {
		d.f.Add("title", "is missing: there is no product with the SKU %s", in.Variants[0].SKU)
	}
	if handle == "" {
		handle = s.freeHandle(text.Slug(title))
	}
	if s.freed[handle] {
		d.f.Add("handle", "is another product's")
	}
	d.p = Product{ID: id.New[id.Product](s.tx.Now()), Handle: handle, Status: Active, CreatedAt: s.tx.Now()}
	d.p.Options.V, d.p.Tags.V, d.p.Images.V, d.p.Custom.V = []string{}, []string{}, []Image{}, map[string]any{}
	if len(handle) > maxTitle {
		d.f.Add("handle", "is longer than %d characters", maxTitle)
	}
	if handle == "" {
		d.f.Add("title", "has neither a letter nor a digit: give a handle")
	}
	return nil
}

// freeHandle is the handle for a title, with a piece of a fresh id where another
// product has it.
func (s *stage) freeHandle(slug string) string {
	if s.byHandle[slug] == nil {
		return slug
	}
	fresh := id.New[id.Product](s.tx.Now()).String()
	return slug + "-" + fresh[len(fresh)-8:]
}

func (s *stage) find(in VariantInput) *variant {
	if !in.ID.IsZero() {
		return s.variants[in.ID]
	}
	return s.bySKU[text.Clean(in.SKU)]
}

// draftVariant works a variant out, all but its components.
func (s *stage) draftVariant(d *draft, in VariantInput, prefix string) {
	vd := variantDraft{in: in, old: s.find(in)}
	sku := text.Clean(in.SKU)
	switch {
	case vd.old != nil:
		vd.v = vd.old.Variant
	case !in.ID.IsZero():
		d.f.Add(prefix+"id", "there is no such variant")
	default:
		vd.v = Variant{ID: id.New[id.Variant](s.tx.Now()), ProductID: d.p.ID, Kind: Stocked, PackSize: 1, Active: true, CreatedAt: s.tx.Now()}
		vd.v.Options.V = []string{}
		set(&vd.v.Kind, in.Kind)
	}
	if sku != "" {
		vd.v.SKU = sku
	}
	if vd.v.SKU == "" || len(vd.v.SKU) > maxSKU || strings.ContainsAny(vd.v.SKU, "\n\t") {
		d.f.Add(prefix+"sku", "is missing, has a line break or is longer than %d bytes", maxSKU)
	}
	if other := s.bySKU[vd.v.SKU]; other != nil && other.ID != vd.v.ID || s.freed[vd.v.SKU] && other == nil {
		d.f.Add(prefix+"sku", "%s is another variant's", vd.v.SKU)
	}
	for _, o := range d.variants {
		if o.v.ID == vd.v.ID || o.v.SKU == vd.v.SKU {
			d.f.Add(prefix+"sku", "%s stands there twice", vd.v.SKU)
		}
	}
	if vd.v.ProductID != d.p.ID {
		d.f.Add(prefix+"sku", "%s belongs to the product %s", vd.v.SKU, s.products[vd.v.ProductID].Handle)
	}
	if !slices.Contains(kinds, vd.v.Kind) {
		d.f.Add(prefix+"kind", "%q is none of stocked, service, kit, assembly, digital, gift_card", vd.v.Kind)
	} else if in.Kind != nil && *in.Kind != vd.v.Kind {
		d.f.Add(prefix+"kind", "%s is %s, which a save does not change", vd.v.SKU, vd.v.Kind)
	}
	in.apply(&vd.v, d.p, d.f, prefix)
	if in.Barcodes != nil {
		vd.barcodes = in.barcodes(vd.v.ID, d.f, prefix)
		for i, b := range vd.barcodes {
			if other, ok := s.barcodes[b.Code]; ok && other != vd.v.ID {
				d.f.Add(prefix+path("barcodes", i, "code"), "%s is another variant's", b.Code)
			}
		}
	}
	if in.Purchase != nil {
		vd.purchase = in.purchases(vd.v.ID, d.f, prefix)
	}
	vd.prices = s.draftPrices(d, in, vd.v.ID, prefix)
	d.variants = append(d.variants, vd)
}

func (s *stage) draftPrices(d *draft, in VariantInput, v id.Variant, prefix string) map[priceKey]*money.Micros {
	out := make(map[priceKey]*money.Micros, len(in.Prices))
	for i, p := range in.Prices {
		code := p.List
		if code == "" {
			if code = s.base[p.Currency]; code == "" {
				d.f.Add(prefix+path("prices", i, "currency"), "%q is not an ISO 4217 currency code", p.Currency)
				continue
			}
		}
		l, ok := s.lists[code]
		switch {
		case !ok:
			d.f.Add(prefix+path("prices", i, "list"), "there is no price list %q", p.List)
		case p.Currency != "" && p.Currency != l.Currency:
			d.f.Add(prefix+path("prices", i, "currency"), "the price list %s is in %s", code, l.Currency)
		case p.MinQuantity < 0 || p.MinQuantity > maxMeasure:
			d.f.Add(prefix+path("prices", i, "min_quantity"), "is not between 1 and %d", maxMeasure)
		case p.Amount != nil && *p.Amount < 0:
			d.f.Add(prefix+path("prices", i, "amount"), "is negative")
		}
		out[priceKey{l.ID, v, max(p.MinQuantity, 1)}] = p.Amount
	}
	return out
}

// draftComponents works out what a kit or an assembly is made of: a kit of
// variants with stock, an assembly of stocked ones; neither of kits.
func (s *stage) draftComponents(d *draft, vd *variantDraft, prefix string) {
	if vd.in.Components == nil {
		return
	}
	parts := *vd.in.Components
	if len(parts) > 0 && !vd.v.Kind.HasComponents() {
		d.f.Add(prefix+"components", "a %s variant is not made of others", vd.v.Kind)
	}
	if len(parts) > maxList {
		d.f.Add(prefix+"components", "are more than %d", maxList)
	}
	weighted := slices.ContainsFunc(parts, func(c ComponentInput) bool { return c.PriceWeight != 0 })
	for i, c := range parts {
		field := func(name string) string { return prefix + path("components", i, name) }
		part, known := s.component(d, text.Clean(c.SKU))
		row := Component{KitID: vd.v.ID, ComponentID: part.ID, Position: int64(i), Quantity: c.Quantity, PriceWeight: c.PriceWeight}
		if row.Quantity == 0 {
			row.Quantity = 1
		}
		if !weighted {
			row.PriceWeight = row.Quantity
		}
		switch {
		case !known:
			d.unknown = true
			d.f.Add(field("sku"), "there is no variant %q", c.SKU)
		case part.Kind == Kit:
			d.f.Add(field("sku"), "%s is a kit itself: name its components", part.SKU)
		case part.Kind != Stocked && (part.Kind != Assembly || vd.v.Kind == Assembly):
			d.f.Add(field("sku"), "%s is %s: only what has stock can be a component", part.SKU, part.Kind)
		case slices.ContainsFunc(vd.components, func(o Component) bool { return o.ComponentID == part.ID }):
			d.f.Add(field("sku"), "%s stands there twice: add the quantities up", part.SKU)
		case row.Quantity < 1 || row.Quantity > maxMeasure:
			d.f.Add(field("quantity"), "is not between 1 and %d", maxMeasure)
		case row.PriceWeight < 0 || row.PriceWeight > maxMeasure:
			d.f.Add(field("price_weight"), "is not between 0 and %d", maxMeasure)
		}
		vd.components = append(vd.components, row)
	}
}

// component finds a variant by SKU, in the input itself first.
func (s *stage) component(d *draft, sku string) (Variant, bool) {
	for _, o := range d.variants {
		if o.v.SKU == sku {
			return o.v, true
		}
	}
	if v := s.bySKU[sku]; v != nil {
		return v.Variant, true
	}
	return Variant{}, false
}

// take puts a draft into the stage.
func (s *stage) take(d *draft) ProductResult {
	p := d.old
	result := ProductResult{Product: d.p.ID, Handle: d.p.Handle, Outcome: Unchanged}
	if p == nil {
		p = &product{}
		s.products[d.p.ID] = p
		result.Outcome = Created
	}
	if p.Handle != d.p.Handle {
		delete(s.byHandle, p.Handle)
		s.freed[p.Handle] = true
		s.byHandle[d.p.Handle] = p
	}
	p.Product = d.p
	if d.in.Category != nil {
		s.paths[p] = *d.in.Category
	}
	for i := range d.variants {
		result.Variants = append(result.Variants, s.takeVariant(p, &d.variants[i]))
	}
	for _, v := range p.variants {
		v.refresh(p.Product)
	}
	if !p.touched {
		p.touched = true
		s.touched = append(s.touched, p)
	}
	return result
}

func (s *stage) takeVariant(p *product, vd *variantDraft) id.Variant {
	v := vd.old
	if v == nil {
		v = &variant{}
		s.variants[vd.v.ID] = v
		p.variants = append(p.variants, v)
	}
	if v.SKU != vd.v.SKU {
		delete(s.bySKU, v.SKU)
		s.freed[v.SKU] = true
		s.bySKU[vd.v.SKU] = v
	}
	v.Variant = vd.v
	if vd.in.Barcodes != nil {
		for _, b := range v.barcodes.rows {
			delete(s.barcodes, b.Code)
		}
		for _, b := range vd.barcodes {
			s.barcodes[b.Code] = v.ID
		}
		v.barcodes.rows = vd.barcodes
	}
	if vd.in.Components != nil {
		v.components.rows = vd.components
	}
	if vd.in.Purchase != nil {
		v.purchase.rows = vd.purchase
	}
	for k, amount := range vd.prices {
		s.prices[k] = amount
	}
	return v.ID
}

// ChangeKind makes a variant another kind. The caller has made sure that it has
// no stock, no reservation and no open order line. What it is made of goes with
// a kind that has components; a part of a kit keeps having stock.
func ChangeKind(ctx context.Context, tx *db.Tx, v id.Variant, kind Kind) (Variant, error) {
	if !slices.Contains(kinds, kind) {
		return Variant{}, fault.Fields{"kind": "is none of stocked, service, kit, assembly, digital, gift_card"}.Err("catalog.bad_kind", "The kind is not known.")
	}
	// Saves lock the products of what they change and of what kits are made of.
	if _, err := db.Select[id.Product](ctx, tx, `SELECT id FROM product WHERE id = (SELECT product_id FROM variant WHERE id = ?)`+tx.ForUpdate(), v); err != nil {
		return Variant{}, err
	}
	before, err := GetVariant(ctx, tx, v)
	if err != nil || before.Kind == kind {
		return before, err
	}
	of, err := KitsOf(ctx, tx, []id.Variant{v})
	if err != nil {
		return Variant{}, err
	}
	if len(of[v]) > 0 && kind != Stocked {
		return Variant{}, fault.New(fault.Conflict, "catalog.is_component", "%s is part of %d kits or assemblies: take it out of them first.", before.SKU, len(of[v]))
	}
	if before.Kind.HasComponents() {
		if _, err := tx.Exec(ctx, `DELETE FROM kit_component WHERE kit_id = ?`, v); err != nil {
			return Variant{}, err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE variant SET kind = ?, version = version + 1, updated_at = ? WHERE id = ?`, kind, tx.Now(), v); err != nil {
		return Variant{}, err
	}
	after := before
	after.Kind, after.Version, after.UpdatedAt = kind, before.Version+1, tx.Now()
	if err := event.Record(ctx, tx, VariantChanged{v, after.SKU, []string{"kind"}}); err != nil {
		return Variant{}, err
	}
	return after, audit.Record(ctx, tx, "change_kind", "variant", v.String(), before, after)
}
