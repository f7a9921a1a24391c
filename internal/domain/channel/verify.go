package channel

import (
	"context"

	"purser/internal/base/check"
	"purser/internal/platform/db"
)

// Verify sees that a listing says who mapped it when it is mapped, and not else.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	return db.Each(ctx, r, func(l Listing) error {
		report.Equal("CH-1", "listing "+l.External, "mapped_by is given", l.MappedBy != "", !l.VariantID.IsZero())
		return nil
	}, `SELECT `+db.Columns[Listing]()+` FROM listing WHERE (variant_id IS NULL) <> (mapped_by = '')`)
}
