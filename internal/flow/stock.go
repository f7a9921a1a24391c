package flow

import (
	"context"
	"slices"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// Receipt is goods that came in.
type Receipt struct {
	Variant  id.Variant
	Location id.Location
	Quantity int64
	UnitCost *money.Micros // base currency; nil: the moving average, or the catalog's cost
	Opening  bool          // was there when the books began
	Reason   string
	Note     string
	Cause    inventory.Cause
}

// ReceiveGoods books goods that came in, and gives them to the backorders that
// wait for them, oldest first.
func ReceiveGoods(ctx context.Context, tx *db.Tx, receipts []Receipt) ([]inventory.Movement, error) {
	postings := make([]inventory.Posting, len(receipts))
	opening := map[inventory.Key]bool{}
	for i, r := range receipts {
		postings[i] = inventory.Posting{
			Variant: r.Variant, Location: r.Location, Kind: inventory.KindReceive, Quantity: r.Quantity, UnitCost: r.UnitCost,
			Reason: r.Reason, Note: r.Note, Cause: r.Cause,
		}
		if r.Opening {
			opening[postings[i].Key()] = true
		}
	}
	rule := func(m inventory.Movement) postingRule {
		if opening[m.Key] {
			return accounting.OpenStock
		}
		return accounting.Receive
	}
	return moveStock(ctx, tx, rule, variantsOf(postings), func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		rows, err := inventory.Post(ctx, tx, book, postings)
		return rows, nil, err
	})
}

// AdjustStock books that more or less is there than the books say. Where promised
// goods are gone, the newest promises become backorders: a physical fact is never
// refused.
func AdjustStock(ctx context.Context, tx *db.Tx, postings []inventory.Posting) ([]inventory.Movement, error) {
	return moveStock(ctx, tx, ruleOfAdjustments, variantsOf(postings), func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.Adjust(ctx, tx, book, postings)
	})
}

func ruleOfAdjustments(m inventory.Movement) postingRule {
	switch {
	case m.Kind == inventory.KindCount:
		return accounting.Count
	case m.Quantity < 0:
		return accounting.WriteOff
	}
	return accounting.Adjust
}

func ruleOfChanges(inventory.Movement) postingRule { return accounting.Vary }

// CountStock books the differences between what was counted and the books. What
// was short at a location because its books were in doubt may come from there
// again.
func CountStock(ctx context.Context, tx *db.Tx, counts []inventory.Count) ([]inventory.Movement, error) {
	var variants []id.Variant
	for _, c := range counts {
		variants = append(variants, c.Variant)
	}
	rule := func(inventory.Movement) postingRule { return accounting.Count }
	return moveStock(ctx, tx, rule, variants, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		for _, c := range counts {
			if err := believe(ctx, tx, c.Location, c.Variant); err != nil {
				return nil, nil, err
			}
		}
		return inventory.ApplyCounts(ctx, tx, book, counts)
	})
}

// ChangeState books that units on hand are good for something else.
func ChangeState(ctx context.Context, tx *db.Tx, all []inventory.Reclass) ([]inventory.Movement, error) {
	var variants []id.Variant
	for _, c := range all {
		variants = append(variants, c.Variant)
	}
	return moveStock(ctx, tx, ruleOfChanges, variants, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.ChangeState(ctx, tx, book, all)
	})
}

// UndoAdjustments books the reverse of adjustments and counts, once each.
func UndoAdjustments(ctx context.Context, tx *db.Tx, movements []id.Movement, reason string) ([]inventory.Movement, error) {
	variants, err := inventory.VariantsMoved(ctx, tx, movements)
	if err != nil {
		return nil, err
	}
	rule := func(inventory.Movement) postingRule { return accounting.Adjust }
	return moveStock(ctx, tx, rule, variants, func(book inventory.Book) ([]inventory.Movement, []inventory.Displaced, error) {
		return inventory.Undo(ctx, tx, book, movements, reason)
	})
}

// postingRule books what a movement is worth.
type postingRule = func(accounting.Posting, money.Amount) accounting.Entry

// moveStock books movements, what they are worth, and what follows for orders:
// promises whose goods are gone become backorders, and goods that came are given
// to those who wait.
func moveStock(
	ctx context.Context, tx *db.Tx,
	rule func(inventory.Movement) postingRule,
	variants []id.Variant,
	move func(inventory.Book) ([]inventory.Movement, []inventory.Displaced, error),
) ([]inventory.Movement, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	waiting, err := takeWaiting(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	if err := waiting.lock(ctx, tx, variants); err != nil {
		return nil, err
	}
	book := b.stock()
	if book.Costs, err = b.costs(ctx, tx, variants); err != nil {
		return nil, err
	}
	rows, displaced, err := move(book)
	if err != nil {
		return nil, err
	}
	if err := b.bookMovements(ctx, tx, rule, rows); err != nil {
		return nil, err
	}
	if err := waiting.displace(ctx, tx, displaced); err != nil {
		return nil, err
	}
	if err := believeArrivals(ctx, tx, rows); err != nil {
		return nil, err
	}
	return rows, waiting.fill(ctx, tx, variants)
}

// costs is what the catalog says that a unit costs, of variants that never were in
// stock: the cost of the article, or what its first supplier asks in the currency
// of the books.
func (b books) costs(ctx context.Context, r db.Reader, variants []id.Variant) (map[id.Variant]money.Micros, error) {
	worths, err := inventory.Worths(ctx, r, variants)
	if err != nil {
		return nil, err
	}
	unknown := slices.DeleteFunc(unique(variants), func(v id.Variant) bool { return worths[v].Cost > 0 })
	if len(unknown) == 0 {
		return nil, nil
	}
	known, err := catalog.Variants(ctx, r, unknown)
	if err != nil {
		return nil, err
	}
	prices, err := catalog.PurchasePrices(ctx, r, unknown)
	if err != nil {
		return nil, err
	}
	costs := map[id.Variant]money.Micros{}
	for _, v := range unknown {
		i := slices.IndexFunc(prices[v], func(p catalog.PurchasePrice) bool { return p.Currency == b.BaseCurrency })
		switch {
		case known[v].Cost > 0:
			costs[v] = known[v].Cost
		case i >= 0:
			costs[v] = prices[v][i].Amount
		}
	}
	return costs, nil
}

func (b books) bookMovements(ctx context.Context, tx *db.Tx, rule func(inventory.Movement) postingRule, rows []inventory.Movement) error {
	var entries []accounting.Entry
	for _, m := range rows {
		post := rule(m)
		if m.Kind == inventory.KindReclass {
			post = accounting.Vary
		}
		entries = append(entries, post(accounting.Posting{
			Source: accounting.Source{Kind: "movement", ID: id.Any(m.ID)}, Order: m.Order, Date: m.BusinessDate, Memo: m.Reason,
		}, b.value(m.Value)))
	}
	return accounting.Post(ctx, tx, entries)
}

func variantsOf(postings []inventory.Posting) []id.Variant {
	list := make([]id.Variant, len(postings))
	for i, p := range postings {
		list[i] = p.Variant
	}
	return unique(list)
}
