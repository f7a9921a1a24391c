package flow

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/domain/customer"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/platform/db"
)

// EraseCustomer takes a person's data away for good, also in the orders. Numbers
// and money stay, since the books need them. It is refused while an order of the
// person is still to be sent.
func EraseCustomer(ctx context.Context, tx *db.Tx, c id.Customer) error {
	erased, err := order.Erase(ctx, tx, c)
	if err != nil {
		return err
	}
	if err := change.Erase(ctx, tx, erased); err != nil {
		return err
	}
	if err := fulfillment.ErasePersons(ctx, tx, erased); err != nil {
		return err
	}
	_, err = customer.Erase(ctx, tx, c)
	return err
}
