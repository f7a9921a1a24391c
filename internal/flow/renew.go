package flow

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/platform/db"
)

// renewBefore is how long before an authorization runs out it is seen to: long
// enough for a person to act where the bank says no.
const renewBefore = 48 * time.Hour

// RenewAuthorizations sees to authorizations that run out: what an order still
// needs is authorized anew while there is time, what has run out is given up. A
// bank that said no is not asked twice. It returns how many payments it changed.
func RenewAuthorizations(ctx context.Context, tx *db.Tx) (int, error) {
	due, err := payment.Expiring(ctx, tx, tx.Now().Add(renewBefore), 10*batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return 0, err
	}
	orders, err := takeOrders(ctx, tx, due, func(p *payment.Payment) id.Order { return p.Order })
	if err != nil {
		return 0, err
	}
	pids := make([]id.Payment, len(due))
	for i, p := range due {
		pids[i] = p.ID
	}
	payments, err := payment.Take(ctx, tx, unique(pids)...)
	if err != nil {
		return 0, err
	}
	var touched []*payment.Payment
	changed := map[id.Order]*order.Order{}
	for _, p := range payments {
		o := orders[p.Order]
		expired := p.Expire(tx.Now(), b.Day(tx.Now()))
		if !expired && !renewable(p, o) {
			continue
		}
		if !expired {
			if _, err := p.Reauthorize(tx.Now(), b.Day(tx.Now())); err != nil {
				return 0, err
			}
		}
		touched, changed[o.ID] = append(touched, p), o
	}
	changes, err := b.save(ctx, tx, touched)
	if err != nil || len(touched) == 0 {
		return 0, err
	}
	return len(touched), b.settle(ctx, tx, changed, changes)
}

// renewable tells whether what is open of a payment's authorization is to be asked
// for anew.
func renewable(p *payment.Payment, o *order.Order) bool {
	if o.Balance() <= 0 || p.Capturable() == 0 {
		return false
	}
	return !slices.ContainsFunc(p.Transactions, func(t *payment.Transaction) bool {
		if t.Kind != payment.KindAuthorize {
			return false
		}
		refused := t.State == payment.Failed && t.CauseKind == payment.CauseReauthorize && t.RequestedAt.After(p.ExpiresAt.Add(-renewBefore))
		return t.State.Open() || refused
	})
}
