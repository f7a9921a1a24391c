package flow

import (
	"cmp"
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/inventory"
	"purser/internal/domain/returns"
	"purser/internal/platform/db"
)

// stateOf is the state of stock that goods of a disposition are in; those that
// wait for one, or are scrapped, are not in stock.
var stateOf = map[returns.Disposition]inventory.State{
	returns.Restock: inventory.Sellable, returns.Refurbish: inventory.QualityControl,
	returns.Quarantine: inventory.QualityControl, returns.ReturnToVendor: inventory.Damaged,
}

// shelving is what dispositions do to the stock.
type shelving struct {
	comes     []inventory.Posting
	goes      []inventory.Posting // scrapped, or found to be good after all
	reclasses []inventory.Reclass
	variants  []id.Variant
}

func (s *shelving) add(ret *returns.Return, m disposal) {
	l := m.line
	from, was := stateOf[m.was]
	to, is := stateOf[l.Disposition]
	if l.Disposition == returns.Pending || m.was == l.Disposition || was && is && from == to {
		return
	}
	cause := inventory.Cause{Kind: "return", ID: id.Any(ret.ID)}
	at := cmp.Or(l.Location, ret.Location)
	post := func(kind inventory.Kind, state inventory.State, n int64, reason string) inventory.Posting {
		return inventory.Posting{Variant: l.Variant, Location: at, Kind: kind, State: state, Quantity: n, Reason: reason, Cause: cause, Order: ret.Order}
	}
	s.variants = append(s.variants, l.Variant)
	switch {
	case m.was == returns.Pending && is:
		s.comes = append(s.comes, post(inventory.KindReturnIn, to, l.Quantity, l.Reason))
	case m.was == returns.Pending: // scrapped: it came, and is written off
		s.comes = append(s.comes, post(inventory.KindReturnIn, inventory.Damaged, l.Quantity, l.Reason))
		s.goes = append(s.goes, post(inventory.KindAdjust, inventory.Damaged, -l.Quantity, "scrapped"))
	case was && is:
		s.reclasses = append(s.reclasses, inventory.Reclass{Variant: l.Variant, Location: at, From: from, To: to, Quantity: l.Quantity, Reason: string(l.Disposition), Cause: cause})
	case was:
		s.goes = append(s.goes, post(inventory.KindAdjust, from, -l.Quantity, "scrapped"))
	default:
		s.goes = append(s.goes, post(inventory.KindAdjust, to, l.Quantity, "not scrapped"))
	}
}

// shelve books what dispositions do to the stock, at the moving average, and
// gives what came to those who wait, this order among them: that is why it comes
// when the order is written. Goods that were sold again cannot be scrapped.
func shelve(ctx context.Context, tx *db.Tx, ret *returns.Return, moves []disposal) error {
	var s shelving
	for _, m := range moves {
		s.add(ret, m)
	}
	return s.book(ctx, tx)
}

func (s *shelving) book(ctx context.Context, tx *db.Tx) error {
	if len(s.variants) == 0 {
		return nil
	}
	rule := func(m inventory.Movement) postingRule {
		if m.Kind == inventory.KindAdjust {
			return accounting.WriteOff
		}
		return accounting.Restock
	}
	_, err := moveStock(ctx, tx, rule, unique(s.variants), func(book inventory.Book) (rows []inventory.Movement, displaced []inventory.Displaced, err error) {
		if len(s.comes) > 0 {
			if rows, err = inventory.Post(ctx, tx, book, s.comes); err != nil {
				return nil, nil, err
			}
		}
		if len(s.reclasses) > 0 {
			more, gone, err := inventory.ChangeState(ctx, tx, book, s.reclasses)
			if err != nil {
				return nil, nil, err
			}
			rows, displaced = append(rows, more...), gone
		}
		if len(s.goes) > 0 {
			more, gone, err := inventory.Adjust(ctx, tx, book, s.goes)
			if err != nil {
				return nil, nil, err
			}
			rows, displaced = append(rows, more...), append(displaced, gone...)
		}
		return rows, displaced, nil
	})
	return err
}
