package flow

import (
	"context"
	"encoding/json"
	"slices"

	"purser/internal/base/id"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// ReleaseHoldsOn ends the holds that waited for what has happened, and releases
// what waits for nothing else.
func ReleaseHoldsOn(ctx context.Context, tx *db.Tx, events []event.Event) error {
	kinds := map[string][]id.Order{}
	for _, e := range events {
		if o := orderOf(e); !o.IsZero() {
			kinds[e.Kind] = append(kinds[e.Kind], o)
		}
	}
	var held []id.Order
	for _, kind := range slices.Sorted(slices.Values(keys(kinds))) {
		waiting, err := order.HeldFor(ctx, tx, kind, kinds[kind])
		if err != nil {
			return err
		}
		held = append(held, waiting...)
	}
	if len(held) == 0 {
		return nil
	}
	orders, err := order.Take(ctx, tx, unique(held)...)
	if err != nil {
		return err
	}
	for _, o := range orders {
		for _, e := range events {
			if orderOf(e) == o.ID {
				o.ReleaseOn(e.Kind, e.At)
			}
		}
	}
	return finish(ctx, tx, orders)
}

// orderOf is the order that an event is about, zero if it is about none.
func orderOf(e event.Event) id.Order {
	var body struct {
		Order id.Order `json:"order_id"`
	}
	if json.Unmarshal(e.Body, &body) != nil {
		return id.Order{}
	}
	return body.Order
}
