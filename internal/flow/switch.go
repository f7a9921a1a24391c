package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
	"purser/internal/platform/job"
)

// RefillJob gives what a location has to the orders that wait for it.
type RefillJob struct {
	Location id.Location `json:"location_id"`
}

// Kind names the job.
func (RefillJob) Kind() string { return "location.refill" }

// SwitchLocation lets a location take no more orders, or take them again: then
// those who wait for what it has get it. Work that it has already stays there.
func SwitchLocation(ctx context.Context, tx *db.Tx, location id.Location, version int64, to inventory.Switch) (inventory.Location, error) {
	l, err := inventory.SwitchLocation(ctx, tx, location, version, to)
	if err != nil || l.Off {
		return l, err
	}
	return l, job.Enqueue(ctx, tx, RefillJob{l.ID})
}

// EndPauses switches locations on again whose pause is over, and returns how many
// there were.
func EndPauses(ctx context.Context, tx *db.Tx) (int, error) {
	over, err := inventory.Paused(ctx, tx, tx.Now(), batch)
	if err != nil {
		return 0, err
	}
	for _, l := range unique(over) {
		if _, err := SwitchLocation(ctx, tx, l, 0, inventory.Switch{}); err != nil {
			return 0, err
		}
	}
	return len(over), nil
}

// Refill gives what a location has of the next variants behind after to those who
// wait for them. It returns the last of these, and the zero id when there are no
// more.
func Refill(ctx context.Context, tx *db.Tx, location id.Location, after id.Variant) (id.Variant, error) {
	variants, err := inventory.Awaited(ctx, tx, location, after, batch)
	if err != nil || len(variants) == 0 {
		return id.Variant{}, err
	}
	return variants[len(variants)-1], RetryBackorders(ctx, tx, variants)
}
