package order

import (
	"context"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Erase takes the personal data of a customer out of his orders, and returns
// them: contact, notes, custom fields and addresses, of which country and region
// stay, since taxes depend on them. Numbers, lines and money stay.
// It is refused while an order is not finished, since it is still to be sent.
func Erase(ctx context.Context, tx *db.Tx, customer id.Customer) ([]id.Order, error) {
	ids, err := db.Select[id.Order](ctx, tx, `SELECT id FROM sales_order WHERE customer_id = ? ORDER BY id`+tx.ForUpdate(), customer)
	if err != nil {
		return nil, err
	}
	return ids, db.Chunks(ids, func(part []id.Order) error { return erase(ctx, tx, part) })
}

func erase(ctx context.Context, tx *db.Tx, ids []id.Order) error {
	headers, err := db.SelectIn[Header](ctx, tx, `SELECT `+db.Columns[Header]()+` FROM sales_order WHERE id IN (/*in*/)`, ids)
	if err != nil {
		return err
	}
	rows, facts := make([]*Header, len(headers)), make([]event.Fact, len(headers))
	for i := range headers {
		h := &headers[i]
		if h.Status != StatusCompleted && h.Status != StatusCancelled {
			return fault.New(fault.Conflict, "order.not_finished", "Order %d is %s: complete or cancel it before the customer's data is erased.", h.Number, h.Status)
		}
		h.Email, h.Phone, h.CustomerNote, h.Custom = "", "", "", custom(nil)
		h.ShipTo.V = Address{Country: h.ShipTo.V.Country, Region: h.ShipTo.V.Region}
		h.BillTo.V = Address{Country: h.BillTo.V.Country, Region: h.BillTo.V.Region}
		h.Version++
		h.UpdatedAt = tx.Now()
		rows[i], facts[i] = h, Erased{about{h.ID, h.Number}}
	}
	if _, err := update(ctx, tx, "sales_order", headerColumns, rows, ""); err != nil {
		return err
	}
	marks, args := db.Marks(len(ids)), db.Args(ids)
	if _, err := tx.Exec(ctx, `UPDATE order_line SET custom = '{}' WHERE order_id IN (`+marks+`)`, args...); err != nil {
		return err
	}
	args = db.Args(ids)
	if _, err := tx.Exec(ctx, `UPDATE order_note SET body = '' WHERE order_id IN (`+marks+`)`, args...); err != nil {
		return err
	}
	args = db.Args(ids)
	if _, err := tx.Exec(ctx, `UPDATE order_hold SET note = '' WHERE order_id IN (`+marks+`)`, args...); err != nil {
		return err
	}
	return event.Record(ctx, tx, facts...)
}
