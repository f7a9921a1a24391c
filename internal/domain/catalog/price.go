package catalog

import (
	"cmp"
	"context"
	"slices"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/base/text"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// PriceList is a set of selling prices in one currency. The base list of a
// currency holds what everybody pays for whom no other list has a price.
type PriceList struct {
	ID           id.PriceList   `db:"id" json:"id"`
	Code         string         `db:"code" json:"code"`
	Name         string         `db:"name" json:"name"`
	Currency     money.Currency `db:"currency" json:"currency"`
	TaxInclusive bool           `db:"tax_inclusive" json:"tax_inclusive" doc:"The prices contain tax."`
	Base         bool           `db:"is_base" json:"is_base" doc:"The list of its currency that every price falls back to."`
	StartsAt     time.Time      `db:"starts_at" json:"starts_at,omitzero"`
	EndsAt       time.Time      `db:"ends_at" json:"ends_at,omitzero" doc:"The list counts before this time, not at it."`
	Version      int64          `db:"version" json:"version"`
	CreatedAt    time.Time      `db:"created_at" json:"created_at"`
}

// Counts tells whether the list's prices count at a time.
func (l PriceList) Counts(at time.Time) bool {
	return !at.Before(l.StartsAt) && (l.EndsAt.IsZero() || at.Before(l.EndsAt))
}

// Price is what one unit costs from a quantity on.
type Price struct {
	List         id.PriceList   `db:"price_list_id" json:"price_list_id"`
	Variant      id.Variant     `db:"variant_id" json:"variant_id"`
	MinQuantity  int64          `db:"min_quantity" json:"min_quantity"`
	Amount       money.Micros   `db:"amount_micros" json:"amount"`
	Currency     money.Currency `db:"currency" json:"currency"`
	TaxInclusive bool           `db:"tax_inclusive" json:"tax_inclusive"`
}

// PurchasePrice is what a supplier asks for one unit from a quantity on.
type PurchasePrice struct {
	Variant     id.Variant     `db:"variant_id" json:"variant_id"`
	Supplier    string         `db:"supplier" json:"supplier"`
	SupplierSKU string         `db:"supplier_sku" json:"supplier_sku"`
	Currency    money.Currency `db:"currency" json:"currency"`
	MinQuantity int64          `db:"min_quantity" json:"min_quantity"`
	Amount      money.Micros   `db:"amount_micros" json:"amount"`
	Preferred   bool           `db:"preferred" json:"preferred"`
}

// Prices finds the prices of variants in a currency at a time, as quantity
// breaks by rising quantity. lists come first, in their order; the base list of
// the currency comes last. A break of a later list counts only below the
// smallest quantity of the lists before it: whose list begins at ten units pays
// the base price for nine. Variants without a price are not in the map.
func Prices(ctx context.Context, r db.Reader, variants []id.Variant, lists []id.PriceList, currency money.Currency, at time.Time) (map[id.Variant][]Price, error) {
	condition := "l.is_base"
	args := []any{currency, at, at}
	if len(lists) > 0 {
		condition = "(l.is_base OR l.id IN (" + db.Marks(len(lists)) + "))"
		args = append(args, db.Args(lists)...)
	}
	rows, err := db.SelectIn[Price](ctx, r, `
		SELECT p.price_list_id, p.variant_id, p.min_quantity, p.amount_micros, l.currency, l.tax_inclusive
		FROM price p JOIN price_list l ON l.id = p.price_list_id
		WHERE l.currency = ? AND (l.starts_at IS NULL OR l.starts_at <= ?) AND (l.ends_at IS NULL OR l.ends_at > ?)
		AND `+condition+` AND p.variant_id IN (/*in*/)`, distinct(variants), args...)
	if err != nil {
		return nil, err
	}
	rank := make(map[id.PriceList]int, len(lists))
	for i, l := range lists {
		if _, ok := rank[l]; !ok {
			rank[l] = i - len(lists) // the base list, if not named, has rank 0: the last
		}
	}
	slices.SortFunc(rows, func(a, b Price) int {
		return cmp.Or(a.Variant.Compare(b.Variant), cmp.Compare(rank[a.List], rank[b.List]), cmp.Compare(b.MinQuantity, a.MinQuantity))
	})
	out := map[id.Variant][]Price{}
	for _, p := range rows {
		breaks := out[p.Variant]
		if n := len(breaks); n > 0 && (breaks[n-1].List != p.List && p.MinQuantity >= breaks[n-1].MinQuantity) {
			continue
		}
		out[p.Variant] = append(breaks, p)
	}
	for _, breaks := range out {
		slices.Reverse(breaks)
	}
	return out, nil
}

// BreakAt is the break that a quantity falls in.
func BreakAt(breaks []Price, quantity int64) (Price, bool) {
	for _, p := range slices.Backward(breaks) {
		if p.MinQuantity <= quantity {
			return p, true
		}
	}
	return Price{}, false
}

// PriceAt is the price of one unit when quantity units are bought; false where
// there is none for so few.
func PriceAt(breaks []Price, quantity int64) (money.Micros, bool) {
	p, ok := BreakAt(breaks, quantity)
	return p.Amount, ok
}

// AllPrices reads every price of variants, in all lists, for the product page.
func AllPrices(ctx context.Context, r db.Reader, variants []id.Variant) (map[id.Variant][]Price, error) {
	rows, err := db.SelectIn[Price](ctx, r, `
		SELECT p.price_list_id, p.variant_id, p.min_quantity, p.amount_micros, l.currency, l.tax_inclusive
		FROM price p JOIN price_list l ON l.id = p.price_list_id
		WHERE p.variant_id IN (/*in*/) ORDER BY p.variant_id, l.code, p.min_quantity`, distinct(variants))
	out := map[id.Variant][]Price{}
	for _, p := range rows {
		out[p.Variant] = append(out[p.Variant], p)
	}
	return out, err
}

// PurchasePrices reads what suppliers ask for variants: the preferred supplier
// first, then by name and quantity.
func PurchasePrices(ctx context.Context, r db.Reader, variants []id.Variant) (map[id.Variant][]PurchasePrice, error) {
	rows, err := db.SelectIn[PurchasePrice](ctx, r, `
		SELECT `+db.Columns[PurchasePrice]()+` FROM purchase_price
		WHERE variant_id IN (/*in*/) ORDER BY variant_id, preferred DESC, supplier, min_quantity`, distinct(variants))
	out := map[id.Variant][]PurchasePrice{}
	for _, p := range rows {
		out[p.Variant] = append(out[p.Variant], p)
	}
	return out, err
}

// PriceLists reads all price lists by code.
func PriceLists(ctx context.Context, r db.Reader) ([]PriceList, error) {
	return db.Select[PriceList](ctx, r, `SELECT `+db.Columns[PriceList]()+` FROM price_list ORDER BY code`)
}

// GetPriceList reads one price list.
func GetPriceList(ctx context.Context, r db.Reader, l id.PriceList) (PriceList, error) {
	out, err := db.Get[PriceList](ctx, r, `SELECT `+db.Columns[PriceList]()+` FROM price_list WHERE id = ?`, l)
	if db.None(err) {
		err = fault.New(fault.NotFound, "catalog.no_price_list", "There is no price list %s.", l)
	}
	return out, err
}

// SavePriceList adds a price list, or changes the one whose id it bears and
// whose version it was read at (0: any). The currency of a list stays.
func SavePriceList(ctx context.Context, tx *db.Tx, l PriceList) (PriceList, error) {
	l.Code, l.Name = text.Slug(l.Code), text.Clean(l.Name)
	f := fault.Fields{}
	if l.Code == "" {
		f.Add("code", "is missing")
	}
	if l.Name == "" {
		f.Add("name", "is missing")
	}
	if l.Currency == "" || !l.Currency.Valid() {
		f.Add("currency", "%q is not an ISO 4217 currency code", l.Currency)
	}
	if !l.EndsAt.IsZero() && !l.StartsAt.Before(l.EndsAt) {
		f.Add("ends_at", "is not after the start")
	}
	if l.Base && !(l.StartsAt.IsZero() && l.EndsAt.IsZero()) {
		f.Add("is_base", "a base list always counts: leave the dates out")
	}
	if err := f.Err("catalog.bad_price_list", "The price list cannot be saved like this."); err != nil {
		return PriceList{}, err
	}
	var before any
	if l.ID.IsZero() {
		l.ID, l.Version, l.CreatedAt = id.New[id.PriceList](tx.Now()), 1, tx.Now()
	} else {
		old, err := db.Get[PriceList](ctx, tx, `SELECT `+db.Columns[PriceList]()+` FROM price_list WHERE id = ?`+tx.ForUpdate(), l.ID)
		if db.None(err) {
			return PriceList{}, fault.New(fault.NotFound, "catalog.no_price_list", "There is no price list %s.", l.ID)
		}
		if err != nil {
			return PriceList{}, err
		}
		if err := CheckVersion(old.Version, l.Version, "The price list "+old.Code); err != nil {
			return PriceList{}, err
		}
		if old.Currency != l.Currency {
			return PriceList{}, fault.New(fault.Conflict, "catalog.currency_fixed", "The price list %s is in %s: make another list for %s.", old.Code, old.Currency, l.Currency)
		}
		before, l.Version, l.CreatedAt = old, old.Version+1, old.CreatedAt
	}
	if err := freePriceList(ctx, tx, l); err != nil {
		return PriceList{}, err
	}
	_, err := db.Insert(ctx, tx, "price_list", []PriceList{l}, `
		ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, tax_inclusive = excluded.tax_inclusive,
		is_base = excluded.is_base, starts_at = excluded.starts_at, ends_at = excluded.ends_at, version = excluded.version`)
	if _, ok := db.Violated(err); ok {
		return PriceList{}, db.ErrRetry // another transaction came first: the next try names it
	}
	if err != nil {
		return PriceList{}, err
	}
	return l, audit.Record(ctx, tx, "save", "price_list", l.ID.String(), before, l)
}

// freePriceList refuses a code, or a second base list of a currency, that
// another list has.
func freePriceList(ctx context.Context, tx *db.Tx, l PriceList) error {
	others, err := db.Select[PriceList](ctx, tx, `
		SELECT `+db.Columns[PriceList]()+` FROM price_list WHERE id <> ? AND (code = ? OR (is_base AND currency = ?))`, l.ID, l.Code, l.Currency)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.Code == l.Code {
			return fault.New(fault.Conflict, "catalog.price_list_exists", "There is a price list with the code %s already.", l.Code)
		}
		if l.Base {
			return fault.New(fault.Conflict, "catalog.second_base_list", "%s is the base list of %s already: a currency has one.", o.Code, l.Currency)
		}
	}
	return nil
}

// BaseList returns the base list of a currency, and makes it where there is
// none, with the given tax flag.
func BaseList(ctx context.Context, tx *db.Tx, currency money.Currency, taxInclusive bool) (PriceList, error) {
	l, err := baseList(ctx, tx, currency)
	if !db.None(err) {
		return l, err
	}
	l, err = SavePriceList(ctx, tx, PriceList{
		Code: "base-" + string(currency), Name: "Base prices in " + string(currency), Currency: currency, TaxInclusive: taxInclusive, Base: true,
	})
	if fault.KindOf(err) == fault.Conflict {
		if other, none := baseList(ctx, tx, currency); none == nil {
			return other, nil // made by another transaction since
		}
	}
	return l, err
}

func baseList(ctx context.Context, r db.Reader, currency money.Currency) (PriceList, error) {
	return db.Get[PriceList](ctx, r, `SELECT `+db.Columns[PriceList]()+` FROM price_list WHERE currency = ? AND is_base`, currency)
}

// PriceChange sets a price, or takes it away.
type PriceChange struct {
	List        id.PriceList  `json:"price_list_id"`
	Variant     id.Variant    `json:"variant_id"`
	MinQuantity int64         `json:"min_quantity" doc:"1 if it is left out."`
	Amount      *money.Micros `json:"amount" doc:"null takes the price away."`
}

type priceKey struct {
	List        id.PriceList `db:"price_list_id"`
	Variant     id.Variant   `db:"variant_id"`
	MinQuantity int64        `db:"min_quantity"`
}

type priceRow struct {
	priceKey
	Amount money.Micros `db:"amount_micros"`
}

func (k priceKey) compare(o priceKey) int {
	return cmp.Or(k.Variant.Compare(o.Variant), k.List.Compare(o.List), cmp.Compare(k.MinQuantity, o.MinQuantity))
}

// SetPrices sets prices and takes prices away, and returns how many were not so
// before. Of several changes of one price the last counts. Every change is
// recorded with the price before and after.
func SetPrices(ctx context.Context, tx *db.Tx, changes []PriceChange) (changed int, err error) {
	f := fault.Fields{}
	want := make(map[priceKey]*money.Micros, len(changes))
	variants := make([]id.Variant, 0, len(changes))
	for i, c := range changes {
		if c.MinQuantity == 0 {
			c.MinQuantity = 1
		}
		if c.MinQuantity < 0 {
			f.Add(path("", i, "min_quantity"), "is negative")
		}
		if c.Amount != nil && *c.Amount < 0 {
			f.Add(path("", i, "amount"), "is negative")
		}
		want[priceKey{c.List, c.Variant, c.MinQuantity}] = c.Amount
		variants = append(variants, c.Variant)
	}
	if err := f.Err("catalog.bad_price", "Some prices cannot be set."); err != nil {
		return 0, err
	}
	if err := knownPrices(ctx, tx, changes, variants); err != nil {
		return 0, err
	}
	done, err := setPrices(ctx, tx, want, variants)
	return len(done), err
}

// knownPrices refuses changes that name variants or lists that there are not.
func knownPrices(ctx context.Context, tx *db.Tx, changes []PriceChange, variants []id.Variant) error {
	known, err := Variants(ctx, tx, variants)
	if err != nil {
		return err
	}
	lists, err := PriceLists(ctx, tx)
	if err != nil {
		return err
	}
	f := fault.Fields{}
	for i, c := range changes {
		if _, ok := known[c.Variant]; !ok {
			f.Add(path("", i, "variant_id"), "there is no such variant")
		}
		if !slices.ContainsFunc(lists, func(l PriceList) bool { return l.ID == c.List }) {
			f.Add(path("", i, "price_list_id"), "there is no such price list")
		}
	}
	return f.Err("catalog.bad_price", "Some prices cannot be set.")
}

// setPrices brings prices to what is wanted, nil taking one away, and returns
// the keys of those that were not so.
func setPrices(ctx context.Context, tx *db.Tx, want map[priceKey]*money.Micros, variants []id.Variant) ([]priceKey, error) {
	rows, err := db.SelectIn[priceRow](ctx, tx, `
		SELECT `+db.Columns[priceRow]()+` FROM price WHERE variant_id IN (/*in*/) ORDER BY variant_id`+tx.ForUpdate(), sortedIDs(variants))
	if err != nil {
		return nil, err
	}
	have := make(map[priceKey]money.Micros, len(rows))
	for _, r := range rows {
		have[r.priceKey] = r.Amount
	}
	var set []priceRow
	var drop []priceKey
	for k, amount := range want {
		old, there := have[k]
		switch {
		case amount == nil && there:
			drop = append(drop, k)
		case amount != nil && (!there || old != *amount):
			set = append(set, priceRow{k, *amount})
		}
	}
	slices.SortFunc(set, func(a, b priceRow) int { return a.compare(b.priceKey) })
	slices.SortFunc(drop, priceKey.compare)
	if _, err := db.Insert(ctx, tx, "price", set, `ON CONFLICT (variant_id, price_list_id, min_quantity) DO UPDATE SET amount_micros = excluded.amount_micros`); err != nil {
		return nil, err
	}
	err = db.Chunks(drop, func(part []priceKey) error {
		args := make([]any, 0, 3*len(part))
		for _, k := range part {
			args = append(args, k.Variant, k.List, k.MinQuantity)
		}
		_, err := tx.Exec(ctx, `DELETE FROM price WHERE (variant_id, price_list_id, min_quantity) IN (VALUES `+db.Tuples(len(part), 3, "uuid", "uuid", "bigint")+`)`, args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	done := slices.Clone(drop)
	for _, row := range set {
		done = append(done, row.priceKey)
	}
	return done, event.Record(ctx, tx, priceFacts(set, drop, have)...)
}

func priceFacts(set []priceRow, drop []priceKey, have map[priceKey]money.Micros) []event.Fact {
	facts := make([]event.Fact, 0, len(set)+len(drop))
	for _, s := range set {
		amount := s.Amount
		f := PriceChanged{Variant: s.Variant, List: s.List, MinQuantity: s.MinQuantity, After: &amount}
		if old, ok := have[s.priceKey]; ok {
			f.Before = &old
		}
		facts = append(facts, f)
	}
	for _, k := range drop {
		old := have[k]
		facts = append(facts, PriceChanged{Variant: k.Variant, List: k.List, MinQuantity: k.MinQuantity, Before: &old})
	}
	return facts
}
