package inventory

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
)

const levelColumns = `variant_id, location_id, on_hand, committed, damaged, quality_control, safety, incoming, backordered,
	allow_negative, sellable, bin_id`

// Levels returns the levels of variants at all locations, sorted by variant and
// location. Where a variant never was, it has no level.
func Levels(ctx context.Context, r db.Reader, variants []id.Variant) ([]Level, error) {
	return db.SelectIn[Level](ctx, r, `
		SELECT `+levelColumns+` FROM stock_level WHERE variant_id IN (/*in*/) ORDER BY variant_id, location_id`, unique(variants))
}

// LevelFilter selects levels; what is empty selects all.
type LevelFilter struct {
	Variants  []id.Variant
	Locations []id.Location // of a user who is limited to some: these
	Short     bool          // only those with backorders, or with more promised than there is
	Limit     int           // 1 to MaxLimit; 0 is 50
	After     string        // the cursor that the page before gave
}

// List returns a page of levels by variant and location. next is empty on the
// last page.
func List(ctx context.Context, r db.Reader, f LevelFilter) (page []Level, next string, err error) {
	var w db.Where
	db.In(&w, "variant_id", f.Variants)
	db.In(&w, "location_id", f.Locations)
	if f.Short {
		w.And("(backordered > 0 OR on_hand < committed + damaged + quality_control + safety)")
	}
	if f.After != "" {
		variant, location, _ := strings.Cut(f.After, ".")
		var k Key
		if errors.Join(k.Variant.UnmarshalText([]byte(variant)), k.Location.UnmarshalText([]byte(location))) != nil {
			return nil, "", badCursor(f.After)
		}
		w.And("(variant_id, location_id) > (?, ?)", k.Variant, k.Location)
	}
	n := limit(f.Limit)
	page, err = db.Select[Level](ctx, r, `SELECT `+levelColumns+` FROM stock_level`+w.SQL()+` ORDER BY variant_id, location_id LIMIT ?`, w.Args(n+1)...)
	if len(page) > n {
		page = page[:n]
		next = page[n-1].Variant.String() + "." + page[n-1].Location.String()
	}
	return page, next, err
}

// MaxLimit bounds a page.
const MaxLimit = 500

func limit(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, MaxLimit)
}

func badCursor(s string) error {
	return fault.New(fault.Invalid, "inventory.bad_cursor", "%q is not a cursor: use the one that the page before gave.", s)
}

// Lock keeps others from changing the stock and claims of variants until the
// transaction ends, and returns their levels as Levels does. What it returns is
// what the verbs that follow in the transaction decide by.
func Lock(ctx context.Context, tx *db.Tx, variants []id.Variant) ([]Level, error) {
	h, err := hold(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	var read []id.Variant
	for _, v := range unique(variants) {
		if !h.whole[v] {
			read = append(read, v)
		}
	}
	levels, err := Levels(ctx, tx, read)
	if err != nil {
		return nil, err
	}
	for _, l := range levels {
		h.keep(l, false)
	}
	for _, v := range read {
		h.whole[v] = true
	}
	var out []Level
	for _, v := range unique(variants) {
		for _, k := range h.keys[v] {
			if l := h.levels[k]; !l.fresh {
				out = append(out, l.Level)
			}
		}
	}
	slices.SortFunc(out, func(a, b Level) int { return a.Compare(b.Key) })
	return out, nil
}

// held is what a transaction knows of the variants it has locked. Nobody else
// changes them, and this package alone writes levels and values, so what was
// read once stays true.
type held struct {
	locked map[id.Variant]bool
	whole  map[id.Variant]bool // all its levels are in levels
	levels map[Key]*heldLevel
	keys   map[id.Variant][]Key // of levels
	values map[id.Variant]*worth
}

type heldLevel struct {
	Level
	fresh bool // not in the database yet
}

type heldKey struct{}

// hold locks variants, in the order of their ids.
func hold(ctx context.Context, tx *db.Tx, variants []id.Variant) (*held, error) {
	h, ok := tx.Memo()[heldKey{}].(*held)
	if !ok {
		h = &held{map[id.Variant]bool{}, map[id.Variant]bool{}, map[Key]*heldLevel{}, map[id.Variant][]Key{}, map[id.Variant]*worth{}}
		tx.Memo()[heldKey{}] = h
	}
	if !tx.Postgres() {
		return h, nil
	}
	var wanted []id.Variant
	for _, v := range unique(variants) {
		if !h.locked[v] {
			wanted = append(wanted, v)
		}
	}
	rows, err := db.SelectIn[worthRow](ctx, tx, `
		SELECT variant_id, quantity, value_minor, cost_micros FROM stock_value WHERE variant_id IN (/*in*/) ORDER BY variant_id FOR UPDATE`, wanted)
	if err != nil {
		return nil, err
	}
	h.keepValues(rows)
	missing := slices.DeleteFunc(slices.Clone(wanted), func(v id.Variant) bool { return h.values[v] != nil })
	err = db.Chunks(missing, func(part []id.Variant) error {
		args := make([]any, 0, len(part)*3)
		for _, v := range part {
			args = append(args, v, 0, 0)
		}
		rows, err := db.Select[worthRow](ctx, tx, `
			INSERT INTO stock_value (variant_id, quantity, value_minor) VALUES `+db.Tuples(len(part), 3)+`
			ON CONFLICT (variant_id) DO UPDATE SET quantity = stock_value.quantity
			RETURNING variant_id, quantity, value_minor, cost_micros`, args...)
		h.keepValues(rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, v := range wanted {
		h.locked[v] = true
	}
	return h, nil
}

// forget makes the transaction read levels anew, after a change of theirs that
// did not come from a verb.
func forget(tx *db.Tx) { delete(tx.Memo(), heldKey{}) }

func (h *held) keep(l Level, fresh bool) {
	if h.levels[l.Key] == nil {
		h.levels[l.Key] = &heldLevel{l, fresh}
		h.keys[l.Variant] = append(h.keys[l.Variant], l.Key)
	}
}

// open locks the variants of keys and reads the levels at keys; those that are
// not there yet are made in memory.
func open(ctx context.Context, tx *db.Tx, keys []Key) (*held, error) {
	variants := make([]id.Variant, len(keys))
	for i, k := range keys {
		variants[i] = k.Variant
	}
	h, err := hold(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	unknown := h.without(keys, func(k Key) bool { return h.levels[k] != nil || h.whole[k.Variant] })
	err = db.Chunks(unknown, func(part []Key) error {
		levels, err := db.Select[Level](ctx, tx, `
			SELECT `+levelColumns+` FROM stock_level
			WHERE (variant_id, location_id) IN (VALUES `+db.Tuples(len(part), 2, "uuid", "uuid")+`)`, keyArgs(part)...)
		for _, l := range levels {
			h.keep(l, false)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return h, h.invent(ctx, tx, h.without(keys, func(k Key) bool { return h.levels[k] != nil }))
}

// without returns the keys that fn does not know, each once, sorted.
func (h *held) without(keys []Key, fn func(Key) bool) []Key {
	var out []Key
	for _, k := range keys {
		if !fn(k) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, Key.Compare)
	return slices.Compact(out)
}

// invent makes empty levels, with the policy of their locations.
func (h *held) invent(ctx context.Context, tx *db.Tx, keys []Key) error {
	if len(keys) == 0 {
		return nil
	}
	ids := make([]id.Location, len(keys))
	for i, k := range keys {
		ids[i] = k.Location
	}
	policies, err := policiesOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, k := range keys {
		p, ok := policies[k.Location]
		if !ok {
			return noLocation(k.Location)
		}
		h.keep(Level{Key: k, AllowNegative: p.AllowNegative, Sellable: p.Kind.Sellable()}, true)
	}
	return nil
}

// openLocated is open for changes of stock by hand: what is between two
// locations belongs to its transfer.
func openLocated(ctx context.Context, tx *db.Tx, keys []Key) (*held, error) {
	h, err := open(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	var odd []id.Location
	for _, k := range keys {
		if !h.levels[k].Sellable {
			odd = append(odd, k.Location)
		}
	}
	policies, err := policiesOf(ctx, tx, odd)
	for _, p := range policies {
		if p.Kind == Transit {
			return nil, fault.New(fault.Conflict, "inventory.in_transit", "Goods in transit belong to the transfer that sent them. Receive, return or write them off there.")
		}
	}
	return h, err
}

func keyArgs(keys []Key) []any {
	args := make([]any, 0, len(keys)*2)
	for _, k := range keys {
		args = append(args, k.Variant, k.Location)
	}
	return args
}

// changes are what a verb does to levels.
type changes map[Key]Counts

func (c changes) add(k Key, d Counts) { c[k] = c[k].Plus(d) }

func (c changes) keys() []Key { return slices.SortedFunc(maps.Keys(c), Key.Compare) }

// check finds the first level that changes would leave in a state that the
// database does not take.
func (h *held) check(ctx context.Context, tx *db.Tx, c changes) error {
	for _, k := range c.keys() {
		after := h.levels[k].Level
		after.Counts = after.Plus(c[k])
		if !after.sound() {
			return shortage(ctx, tx, h.levels[k].Level, c[k])
		}
	}
	return nil
}

// shortage tells what a change would take that is not there.
func shortage(ctx context.Context, r db.Reader, l Level, d Counts) error {
	asked, available, what := -d.Free(), max(0, l.Free()), "free"
	for _, s := range []struct {
		what         string
		have, change int64
	}{
		{"damaged", l.Damaged, d.Damaged}, {"in quality control", l.QualityControl, d.QualityControl},
		{"kept as safety stock", l.Safety, d.Safety}, {"incoming", l.Incoming, d.Incoming},
		{"promised", l.Committed, d.Committed}, {"backordered", l.Backordered, d.Backordered},
	} {
		if s.have+s.change < 0 {
			asked, available, what = -s.change, s.have, s.what
			break
		}
	}
	code, err := codeOf(ctx, r, l.Location)
	if err != nil {
		return err
	}
	return fault.New(fault.Shortage, "inventory.shortage", "Only %d of %d units of %s are %s at %s.", available, asked, l.Variant, what, code).
		With(Shortage{l.Key, asked, available})
}

// write applies changes to the database and to what is held: new levels in one
// statement, others in another.
func (h *held) write(ctx context.Context, tx *db.Tx, c changes) error {
	if err := h.check(ctx, tx, c); err != nil {
		return err
	}
	var added []Level
	var changed []Key
	for _, k := range c.keys() {
		l := h.levels[k]
		switch {
		case l.fresh:
			row := l.Level
			row.Counts = row.Plus(c[k])
			added = append(added, row)
		case c[k] != Counts{}:
			changed = append(changed, k)
		}
	}
	if _, err := db.Insert(ctx, tx, "stock_level", added); err != nil {
		return broken(err)
	}
	err := db.Chunks(changed, func(part []Key) error {
		args := make([]any, 0, len(part)*9)
		for _, k := range part {
			d := c[k]
			args = append(args, k.Variant, k.Location, d.OnHand, d.Committed, d.Damaged, d.QualityControl, d.Safety, d.Incoming, d.Backordered)
		}
		n, err := tx.Exec(ctx, `
			UPDATE stock_level SET on_hand = on_hand + v.column3, committed = committed + v.column4, damaged = damaged + v.column5,
				quality_control = quality_control + v.column6, safety = safety + v.column7, incoming = incoming + v.column8,
				backordered = backordered + v.column9
			FROM (VALUES `+db.Tuples(len(part), 9, "uuid", "uuid", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint")+`) AS v
			WHERE stock_level.variant_id = v.column1 AND stock_level.location_id = v.column2`, args...)
		if err == nil && n < int64(len(part)) {
			return db.ErrRetry
		}
		return broken(err)
	})
	if err != nil {
		return err
	}
	for k, d := range c {
		l := h.levels[k]
		l.Counts = l.Plus(d)
		l.fresh = false
	}
	return nil
}

// broken is what a constraint of stock_level says: the policy of a location was
// changed by another transaction just now.
func broken(err error) error {
	if name, ok := db.Violated(err); ok && strings.HasPrefix(name, "stock_level") {
		return fault.New(fault.Shortage, "inventory.shortage", "There is not enough stock for this at one of the locations. Look at the levels and try again.")
	}
	return err
}
