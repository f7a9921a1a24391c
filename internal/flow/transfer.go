package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// stepTransfer takes a transfer, lets step move its goods, books what that did to
// the stock's value, and gives what arrived to those who wait.
func stepTransfer(ctx context.Context, tx *db.Tx, tid id.Transfer, version int64, step func(inventory.Book, *inventory.Transfer) ([]inventory.Movement, error)) (*inventory.Transfer, error) {
	seen, err := inventory.GetTransfer(ctx, tx, tid)
	if err != nil {
		return nil, err
	}
	var variants []id.Variant
	for _, l := range seen.Lines {
		variants = append(variants, l.Variant)
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	waiting, err := takeWaiting(ctx, tx, variants)
	if err != nil {
		return nil, err
	}
	t, err := inventory.TakeTransfer(ctx, tx, tid)
	if err != nil {
		return nil, err
	}
	if err := inventory.CheckVersion(t.Version, version, "The transfer"); err != nil {
		return nil, err
	}
	variants = nil // a draft may have been written anew since it was seen
	for _, l := range t.Lines {
		variants = append(variants, l.Variant)
	}
	if err := waiting.lock(ctx, tx, variants); err != nil {
		return nil, err
	}
	rows, err := step(b.stock(), t)
	if err != nil {
		return nil, err
	}
	rule := func(m inventory.Movement) postingRule {
		if m.Kind == inventory.KindAdjust {
			return accounting.WriteOff
		}
		return accounting.Vary
	}
	if err := b.bookMovements(ctx, tx, rule, legless(rows)); err != nil {
		return nil, err
	}
	if err := believeArrivals(ctx, tx, rows); err != nil {
		return nil, err
	}
	return t, waiting.fill(ctx, tx, unique(variants))
}

// legless leaves out the two legs of a move within the company, which change
// nothing that it has.
func legless(rows []inventory.Movement) []inventory.Movement {
	var out []inventory.Movement
	for _, m := range rows {
		if m.Kind != inventory.KindTransferOut && m.Kind != inventory.KindTransferIn {
			out = append(out, m)
		}
	}
	return out
}

// ReadyTransfer claims the goods of a draft at their source.
func ReadyTransfer(ctx context.Context, tx *db.Tx, tid id.Transfer, version int64) (*inventory.Transfer, error) {
	return stepTransfer(ctx, tx, tid, version, func(_ inventory.Book, t *inventory.Transfer) ([]inventory.Movement, error) {
		return nil, inventory.ReadyTransfer(ctx, tx, t)
	})
}

// ShipTransfer books that goods of a transfer left; none named: all.
func ShipTransfer(ctx context.Context, tx *db.Tx, tid id.Transfer, version int64, units map[id.TransferLine]int64) (*inventory.Transfer, error) {
	return stepTransfer(ctx, tx, tid, version, func(book inventory.Book, t *inventory.Transfer) ([]inventory.Movement, error) {
		return inventory.ShipTransfer(ctx, tx, book, t, units)
	})
}

// ReceiveTransfer books what arrived of a transfer.
func ReceiveTransfer(ctx context.Context, tx *db.Tx, tid id.Transfer, version int64, arrivals []inventory.Arrival) (*inventory.Transfer, error) {
	return stepTransfer(ctx, tx, tid, version, func(book inventory.Book, t *inventory.Transfer) ([]inventory.Movement, error) {
		return inventory.ReceiveTransfer(ctx, tx, book, t, arrivals)
	})
}

// CloseTransfer ends a transfer; what never arrived is written off, for a reason.
func CloseTransfer(ctx context.Context, tx *db.Tx, tid id.Transfer, version int64, reason string) (*inventory.Transfer, error) {
	return stepTransfer(ctx, tx, tid, version, func(book inventory.Book, t *inventory.Transfer) ([]inventory.Movement, error) {
		return inventory.CloseTransfer(ctx, tx, book, t, reason)
	})
}

// CancelTransfer ends a transfer that is not wanted any more; of goods that are
// under way, end says what becomes.
func CancelTransfer(ctx context.Context, tx *db.Tx, tid id.Transfer, version int64, end inventory.CancelEnd, reason string) (*inventory.Transfer, error) {
	return stepTransfer(ctx, tx, tid, version, func(book inventory.Book, t *inventory.Transfer) ([]inventory.Movement, error) {
		return inventory.CancelTransfer(ctx, tx, book, t, end, reason)
	})
}

// value is an amount in the base currency.
func (b books) value(minor int64) money.Amount { return money.Of(minor, b.BaseCurrency) }
