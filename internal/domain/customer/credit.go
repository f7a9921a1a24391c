package customer

import (
	"context"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
)

// Limit is how much a company may owe us at once.
type Limit struct {
	Company  id.Company     `db:"id"`
	Name     string         `db:"name"`
	Currency money.Currency `db:"currency"`
	Minor    int64          `db:"credit_limit_minor"` // 0: no limit
}

// Limits reads the credit limits of companies.
func Limits(ctx context.Context, r db.Reader, companies []id.Company) ([]Limit, error) {
	return db.SelectIn[Limit](ctx, r, `SELECT `+db.Columns[Limit]()+` FROM company WHERE id IN (/*in*/) ORDER BY id`, nonZero(companies))
}

// TakeLimits reads the limits of those companies that have one, and holds these
// companies until the transaction ends: two orders at once cannot both use what
// is left of a limit. Companies without a limit are neither returned nor held.
func TakeLimits(ctx context.Context, tx *db.Tx, companies []id.Company) ([]Limit, error) {
	return db.SelectIn[Limit](ctx, tx, `
		SELECT `+db.Columns[Limit]()+` FROM company WHERE credit_limit_minor > 0 AND id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), nonZero(companies))
}

// ReviewCredit is the job that looks again at the orders of a company that wait
// for credit.
type ReviewCredit struct {
	Company id.Company `json:"company_id"`
}

// Kind names the job.
func (ReviewCredit) Kind() string { return "credit.review" }

// UniqueJob says that one that waits is enough.
func (ReviewCredit) UniqueJob() {}
