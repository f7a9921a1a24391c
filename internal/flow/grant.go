package flow

import (
	"context"
	"strings"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/accounting"
	"purser/internal/domain/credit"
	"purser/internal/domain/customer"
	"purser/internal/platform/db"
)

// Grant is store credit that a customer is given: out of goodwill, or for what is
// not known here. Money of an order's payments goes to store credit by [Refund]
// with AsCredit, since the order has to know of it.
type Grant struct {
	Customer id.Customer
	Amount   money.Amount
	Reason   string
	Order    id.Order  // that it is about, if any
	Return   id.Return // that it is for, if any
}

// GrantCredit gives a customer store credit, which the books take as a credit that
// was granted. It returns the customer's store credit in the currency.
func GrantCredit(ctx context.Context, tx *db.Tx, g Grant) (*credit.Credit, error) {
	if err := withReason(g.Reason); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	if _, err := customer.Get(ctx, tx, g.Customer); err != nil {
		return nil, err
	}
	rate, date, err := b.rateOn(ctx, tx, g.Amount.Currency, tx.Now())
	if err != nil {
		return nil, err
	}
	c, err := credit.Open(ctx, tx, g.Customer, g.Amount.Currency, rate, date)
	if err != nil {
		return nil, err
	}
	m := credit.Move{Credit: c.ID, Kind: credit.Granted, Amount: g.Amount.Minor, Order: g.Order, Reason: g.Reason}
	if !g.Return.IsZero() {
		m.CauseKind, m.CauseID = "return", id.Any(g.Return)
	}
	if err := b.bookCredit(ctx, tx, accounting.GrantCredit, accounting.SalesReturns, []credit.Move{m}); err != nil {
		return nil, err
	}
	return credit.Get(ctx, tx, c.ID)
}

// IssueGiftCard gives a gift card away, which the books take as a credit that was
// granted. It has no code before [NewGiftCardCode].
func IssueGiftCard(ctx context.Context, tx *db.Tx, amount money.Amount, expiresOn, reason string) (*credit.Credit, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	rate, date, err := b.rateOn(ctx, tx, amount.Currency, tx.Now())
	if err != nil {
		return nil, err
	}
	cards, err := credit.Issue(ctx, tx, []credit.Sale{{Currency: amount.Currency, Rate: rate, RateDate: date, Quantity: 1, ExpiresOn: expiresOn}})
	if err != nil {
		return nil, err
	}
	m := credit.Move{Credit: cards[0].ID, Kind: credit.Issued, Amount: amount.Minor, Reason: reason}
	if err := b.bookCredit(ctx, tx, accounting.GrantCredit, accounting.SalesReturns, []credit.Move{m}); err != nil {
		return nil, err
	}
	return credit.Get(ctx, tx, cards[0].ID)
}

// NewGiftCardCode makes a code for a gift card, in place of the one before. It is
// returned here and never again.
func NewGiftCardCode(ctx context.Context, tx *db.Tx, c id.Credit) (string, *credit.Credit, error) {
	b, err := openBooks(ctx, tx)
	if err != nil {
		return "", nil, err
	}
	return credit.NewCode(ctx, tx, c, b.Day(tx.Now()))
}

// PayOutCredit gives a customer money for what no order holds of a credit: 0 is
// all of that. The money leaves the till or the bank by hand; the reason says how.
func PayOutCredit(ctx context.Context, tx *db.Tx, c id.Credit, amount int64, reason string) (*credit.Credit, error) {
	return takeCredit(ctx, tx, c, amount, reason, credit.PaidOut, accounting.PayOutCredit, accounting.Cash)
}

// VoidCredit takes back what no order holds of a credit: 0 is all of that.
func VoidCredit(ctx context.Context, tx *db.Tx, c id.Credit, amount int64, reason string) (*credit.Credit, error) {
	return takeCredit(ctx, tx, c, amount, reason, credit.Voided, accounting.VoidCredit, accounting.SalesReturns)
}

func takeCredit(ctx context.Context, tx *db.Tx, cid id.Credit, amount int64, reason string, move credit.EntryKind, kind accounting.EntryKind, account string) (*credit.Credit, error) {
	if err := withReason(reason); err != nil {
		return nil, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return nil, err
	}
	taken, err := credit.Take(ctx, tx, cid)
	if err != nil {
		return nil, err
	}
	if c := taken[cid]; amount == 0 {
		if amount = c.Balance - c.Held; amount == 0 {
			return nil, fault.New(fault.Conflict, "credit.empty", "Nothing is left of it that no order holds: cancel such an order first, if there is one.")
		}
	}
	m := credit.Move{Credit: cid, Kind: move, Amount: amount, Reason: reason}
	if err := b.bookCredit(ctx, tx, kind, account, []credit.Move{m}); err != nil {
		return nil, err
	}
	return credit.Get(ctx, tx, cid)
}

// withReason refuses to give or take value that nobody says why of.
func withReason(reason string) error {
	if strings.TrimSpace(reason) != "" {
		return nil
	}
	return fault.Fields{"reason": "is missing: say why"}.Err("credit.no_reason", "Value is given and taken for a reason.")
}

// ExpireCredits takes what is left of credits whose time is over, as income, but
// for what orders hold. It returns how many there were.
func ExpireCredits(ctx context.Context, tx *db.Tx) (int, error) {
	if set, err := hasCompany(ctx, tx); err != nil || !set {
		return 0, err
	}
	b, err := openBooks(ctx, tx)
	if err != nil {
		return 0, err
	}
	due, err := credit.RunOut(ctx, tx, b.Day(tx.Now()), batch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	ids := make([]id.Credit, len(due))
	for i, c := range due {
		ids[i] = c.ID
	}
	taken, err := credit.Take(ctx, tx, ids...)
	if err != nil {
		return 0, err
	}
	var moves []credit.Move
	for _, cid := range ids {
		if c := taken[cid]; c.Balance > c.Held {
			moves = append(moves, credit.Move{Credit: c.ID, Kind: credit.Expired, Amount: c.Balance - c.Held, Reason: "Expired on " + c.ExpiresOn})
		}
	}
	return len(due), b.bookCredit(ctx, tx, accounting.ExpireCredit, accounting.Breakage, moves)
}
