package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
)

// capacities are the parcels of today of locations that take a number of them, as
// they were counted when the transaction began to plan.
type capacities map[id.Location]capacity

type capacity struct {
	of   inventory.Location
	made int64
}

// add keeps the first count of each location.
func (c capacities) add(more capacities) {
	for l, counted := range more {
		if _, known := c[l]; !known {
			c[l] = counted
		}
	}
}

// keep makes sure that no other transaction gave away meanwhile what new work
// counts on: the transaction is run again then, and plans with what is left. Work
// that a location was given beyond its capacity knowingly stays. Whoever asks such
// a location for work waits here for the others who do, behind the stock.
func (c capacities) keep(ctx context.Context, tx *db.Tx, created []*fulfillment.Order) error {
	more := map[id.Location]int64{}
	for _, f := range created {
		if _, limited := c[f.Location]; limited {
			more[f.Location]++
		}
	}
	locations := unique(keys(more))
	if err := fulfillment.Queue(ctx, tx, locations); err != nil {
		return err
	}
	for _, l := range locations {
		counted := c[l]
		made, err := fulfillment.Made(ctx, tx, l, counted.of.Today(tx.Now()))
		if err != nil {
			return err
		}
		if counted.made+more[l] <= counted.of.Capacity && made+more[l] > counted.of.Capacity {
			return db.ErrRetry
		}
	}
	return nil
}

// counts is how many parcels the locations were given today.
func (c capacities) counts() map[id.Location]int64 {
	given := make(map[id.Location]int64, len(c))
	for l, counted := range c {
		given[l] = counted.made
	}
	return given
}
