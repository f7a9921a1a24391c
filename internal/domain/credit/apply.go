package credit

import (
	"context"
	"slices"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Step is what a [Move] does beside the kinds of entries.
const (
	Reserve EntryKind = "reserve" // hold a part for an order
	Release EntryKind = "release" // give a part of a hold up
)

// Move is an amount that is reserved, released, or moves a balance.
type Move struct {
	Credit    id.Credit
	Kind      EntryKind
	Amount    int64          // minor units, positive
	Hold      id.Transaction // that is made, redeemed or released
	Order     id.Order
	CauseKind string
	CauseID   id.Any
	Reason    string
}

// adds tells the sign of an entry of a kind.
func (k EntryKind) adds() int64 {
	switch k {
	case Issued, Granted, Refunded:
		return 1
	case Redeemed, PaidOut, Voided, Expired:
		return -1
	}
	return 0
}

// Apply does moves on a business day, in the order of their credits, and returns
// the entry of each, zero where a move makes none. What is redeemed or released
// was reserved before; what is paid out, voided or expires must not be held.
// Errors: NotFound credit.not_found; Shortage credit.not_enough, with what is
// there; Conflict credit.pending, credit.disabled, credit.expired, and
// credit.not_held.
func Apply(ctx context.Context, tx *db.Tx, day string, moves []Move) ([]Entry, error) {
	entries := make([]Entry, len(moves))
	byCredit := make([]int, len(moves))
	for i := range moves {
		byCredit[i] = i
	}
	slices.SortStableFunc(byCredit, func(a, b int) int { return moves[a].Credit.Compare(moves[b].Credit) })
	var rows []Entry
	var facts []event.Fact
	for _, i := range byCredit {
		m := moves[i]
		c, err := m.write(ctx, tx, day)
		if err != nil {
			return nil, err
		}
		if sign := m.Kind.adds(); sign != 0 {
			entries[i] = Entry{
				ID: id.New[id.CreditEntry](tx.Now()), Credit: m.Credit, Kind: m.Kind, Amount: sign * m.Amount, Order: m.Order,
				CauseKind: m.CauseKind, CauseID: m.CauseID, Reason: m.Reason, Actor: actor.Name(ctx), Day: day, At: tx.Now(),
			}
			rows = append(rows, entries[i])
		}
		facts = append(facts, Moved{c.about(), m.Kind, m.Amount, c.Currency, c.Balance, c.Held, m.Order, m.Reason})
	}
	if _, err := db.Insert(ctx, tx, "credit_entry", rows); err != nil {
		return nil, err
	}
	return entries, event.Record(ctx, tx, facts...)
}

// write changes the caches, and the hold, where the move concerns one.
func (m Move) write(ctx context.Context, tx *db.Tx, day string) (*Credit, error) {
	if m.Amount <= 0 {
		return nil, fault.New(fault.Invalid, "credit.bad_amount", "%d is not an amount: it must be more than zero.", m.Amount)
	}
	if m.Kind == Redeemed || m.Kind == Release {
		if err := m.useHold(ctx, tx); err != nil {
			return nil, err
		}
	}
	var guard db.Where
	balance, held, free := m.Kind.adds()*m.Amount, int64(0), int64(0)
	guard.And("id = ?", m.Credit)
	switch m.Kind {
	case Reserve:
		held, free = m.Amount, m.Amount
		guard.And("status = 'active' AND (expires_on = '' OR expires_on >= ?)", day)
	case Redeemed, Release:
		held = -m.Amount
	case PaidOut, Voided, Expired:
		free = m.Amount
	}
	guard.And("balance - held >= ?", free)
	changed, err := db.Select[Credit](ctx, tx, `
		UPDATE credit SET balance = balance + ?, held = held + ?, version = version + 1`+guard.SQL()+` RETURNING `+db.Columns[Credit](),
		append([]any{balance, held}, guard.Args()...)...)
	if err != nil {
		return nil, err
	}
	if len(changed) == 0 {
		return nil, m.refused(ctx, tx, day)
	}
	if m.Kind == Reserve {
		_, err = db.Insert(ctx, tx, "credit_hold", []Hold{{
			ID: m.Hold, Credit: m.Credit, Order: m.Order, Amount: m.Amount, Status: HoldOpen, CreatedAt: tx.Now(),
		}})
	}
	return &changed[0], err
}

// useHold takes an amount off a hold.
func (m Move) useHold(ctx context.Context, tx *db.Tx) error {
	consumed, released, last := m.Amount, int64(0), HoldConsumed
	if m.Kind == Release {
		consumed, released, last = 0, m.Amount, HoldReleased
	}
	n, err := tx.Exec(ctx, `
		UPDATE credit_hold SET consumed = consumed + ?, released = released + ?,
			status = CASE WHEN consumed + released + ? < amount THEN 'open' WHEN consumed > 0 THEN 'consumed' ELSE ? END,
			ended_at = CASE WHEN consumed + released + ? < amount THEN ended_at ELSE ? END
		WHERE id = ? AND credit_id = ? AND status = 'open' AND amount - consumed - released >= ?`,
		consumed, released, m.Amount, string(last), m.Amount, tx.Now(), m.Hold, m.Credit, m.Amount)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "credit.not_held", "The order does not hold %d minor units of the credit.", m.Amount)
	}
	return err
}

// refused explains why a move cannot be made.
func (m Move) refused(ctx context.Context, r db.Reader, day string) error {
	c, err := Get(ctx, r, m.Credit)
	if err != nil {
		return err
	}
	if m.Kind == Reserve {
		if err := c.refusal(day); err != nil {
			return err
		}
	}
	return c.NotEnough(m.Amount)
}

// NotEnough is the fault of an amount that is not there.
func (c *Credit) NotEnough(amount int64) error {
	free := c.Balance - c.Held
	return fault.New(fault.Shortage, "credit.not_enough", "%s has %s left to spend, and %s is asked for.",
		c.Label(), money.Of(free, c.Currency), money.Of(amount, c.Currency)).With(map[string]int64{"available": free})
}
