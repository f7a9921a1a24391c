package customer

import (
	"context"

	"purser/internal/base/address"
	"purser/internal/base/id"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Personal is all that this package keeps about a person.
type Personal struct {
	Customer     Customer      `json:"customer"`
	Contacts     []Contact     `json:"companies"`
	Interactions []Interaction `json:"interactions"`
}

// Export reads all that is kept about a person here; the orders and what hangs
// on them are for the caller to add.
func Export(ctx context.Context, r db.Reader, c id.Customer) (Personal, error) {
	var p Personal
	var err error
	if p.Customer, err = Get(ctx, r, c); err != nil {
		return Personal{}, err
	}
	contacts, err := ContactOf(ctx, r, []id.Customer{c})
	if err != nil {
		return Personal{}, err
	}
	p.Contacts = contacts[c]
	p.Interactions, err = db.Select[Interaction](ctx, r, `SELECT `+db.Columns[Interaction]()+` FROM interaction WHERE customer_id = ? ORDER BY id`, c)
	return p, err
}

// ErasedName is what stands in the place of an erased person's name.
const ErasedName = "Erased customer"

// Erase takes a person's data away for good: name, addresses, e-mail, telephone,
// notes, tags, what was said, whom he bought for. The id, the number that other
// systems know and what was agreed stay, so that the books and another import
// of the same orders still fit. It returns what there was, for the caller who
// erases copies elsewhere, as in orders. Erasing twice does nothing.
func Erase(ctx context.Context, tx *db.Tx, c id.Customer) (Personal, error) {
	row, err := take(ctx, tx, c)
	if err != nil {
		return Personal{}, err
	}
	was, err := Export(ctx, tx, c)
	if err != nil || !row.ErasedAt.IsZero() {
		return was, err
	}
	row.Name, row.Email, row.Phone, row.Language, row.Note = ErasedName, "", "", "", ""
	row.Addresses.V, row.Tags.V, row.Custom.V = []address.Address{}, []string{}, map[string]any{}
	row.refresh()
	row.ErasedAt, row.Version, row.UpdatedAt = tx.Now(), row.Version+1, tx.Now()
	if err := write(ctx, tx, []Customer{row}); err != nil {
		return Personal{}, err
	}
	for _, statement := range []string{
		`DELETE FROM interaction WHERE customer_id = ?`,
		`DELETE FROM company_contact WHERE customer_id = ?`,
	} {
		if _, err := tx.Exec(ctx, statement, c); err != nil {
			return Personal{}, err
		}
	}
	if err := event.Record(ctx, tx, Erased{Customer: c}); err != nil {
		return Personal{}, err
	}
	return was, audit.Record(ctx, tx, "erase", "customer", c.String(), nil, nil)
}
