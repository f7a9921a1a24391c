package returns

import (
	"context"
	"time"

	"purser/internal/base/id"
	"purser/internal/platform/db"
)

// ComesBack approves of goods that are on their way already.
func (r *Return) ComesBack(carrier, tracking string) error {
	if err := r.Approve(time.Time{}); err != nil {
		return err
	}
	return r.Send(carrier, tracking)
}

// OfShipment tells whether a parcel that came back has its return already.
func OfShipment(ctx context.Context, r db.Reader, s id.Shipment) (bool, error) {
	return db.Get[bool](ctx, r, `SELECT EXISTS (SELECT 1 FROM sales_return WHERE shipment_id = ?)`, s)
}
