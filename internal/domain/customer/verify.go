package customer

import (
	"context"

	"purser/internal/base/check"
	"purser/internal/base/text"
	"purser/internal/platform/db"
)

// Verify recomputes the keys by which customers and companies are found, and
// sees that erased customers are.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	err := db.Each(ctx, r, func(c Customer) error {
		object, want := "customer "+c.ID.String(), c
		want.refresh()
		report.Equal("CU-1", object, "email_key", c.EmailKey, want.EmailKey)
		report.Equal("CU-1", object, "phone_key", c.PhoneKey, want.PhoneKey)
		report.Equal("CU-1", object, "name_key", c.NameKey, want.NameKey)
		if !c.ErasedAt.IsZero() {
			left := c.Email + c.Phone + c.Note
			report.Equal("CU-2", object, "name", c.Name, ErasedName)
			report.Equal("CU-2", object, "personal data", left != "" || len(c.Addresses.V)+len(c.Tags.V)+len(c.Custom.V) > 0, false)
		}
		return nil
	}, `SELECT `+db.Columns[Customer]()+` FROM customer`)
	if err != nil {
		return err
	}
	return db.Each(ctx, r, func(c Company) error {
		report.Equal("CU-1", "company "+c.Name, "name_key", c.NameKey, text.Fold(c.Name))
		return nil
	}, `SELECT `+db.Columns[Company]()+` FROM company`)
}
