package receivable

import (
	"context"
	"slices"
	"strings"

	"purser/internal/base/actor"
	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// MaxLimit bounds a page.
const MaxLimit = 500

// Create stores a receipt with nothing on account yet: [Apply] a move of the kind
// Received or Transferred gives it its balance. All but id and version is set;
// today is the business day. Errors: Invalid receipt.invalid; Conflict
// receipt.known where the source has the reference already.
func Create(ctx context.Context, tx *db.Tx, today string, r *Receipt) error {
	if err := r.check(today); err != nil {
		return err
	}
	r.ID, r.Balance, r.Version, r.CreatedAt, r.CreatedBy = id.New[id.Receipt](tx.Now()), 0, 1, tx.Now(), actor.Name(ctx)
	_, err := db.Insert(ctx, tx, "receipt", []Receipt{*r})
	if name, ok := db.Violated(err); ok && (strings.Contains(name, "once") || strings.Contains(name, "reference")) {
		return fault.New(fault.Conflict, "receipt.known", "The money with the reference %s of %s is booked already.", r.Reference, r.Source)
	}
	return err
}

// Move is an amount that changes what is on account.
type Move struct {
	Receipt     id.Receipt
	Kind        EntryKind
	Amount      int64 // minor units, positive
	Order       id.Order
	Invoice     id.Invoice
	Payment     id.Payment
	Transaction id.Transaction
	Reason      string
}

// Apply does moves on a business day, in the order of their receipts, and returns
// the entry of each. Errors: NotFound receipt.not_found; Shortage
// receipt.not_enough, with what is there.
func Apply(ctx context.Context, tx *db.Tx, day string, moves []Move) ([]Entry, error) {
	order := make([]int, len(moves))
	for i := range moves {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return moves[a].Receipt.Compare(moves[b].Receipt) })
	entries := make([]Entry, len(moves))
	facts := make([]event.Fact, len(moves))
	for _, i := range order {
		m := moves[i]
		r, err := m.write(ctx, tx)
		if err != nil {
			return nil, err
		}
		entries[i] = Entry{
			ID: id.New[id.ReceiptEntry](tx.Now()), Receipt: m.Receipt, Kind: m.Kind, Amount: m.Kind.adds() * m.Amount, Order: m.Order, Invoice: m.Invoice,
			Payment: m.Payment, Transaction: m.Transaction, Reason: m.Reason, Actor: actor.Name(ctx), BusinessDate: day, At: tx.Now(),
		}
		facts[i] = Moved{r.about(), m.Kind, entries[i].Amount, m.Order, m.Invoice, m.Reason}
	}
	if _, err := db.Insert(ctx, tx, "receipt_entry", entries); err != nil {
		return nil, err
	}
	return entries, event.Record(ctx, tx, facts...)
}

func (m Move) write(ctx context.Context, tx *db.Tx) (*Receipt, error) {
	if m.Amount <= 0 {
		return nil, fault.New(fault.Invalid, "receipt.bad_amount", "%d is not an amount: it must be more than zero.", m.Amount)
	}
	by := m.Kind.adds() * m.Amount
	changed, err := db.Select[Receipt](ctx, tx, `
		UPDATE receipt SET balance = balance + ?, version = version + 1 WHERE id = ? AND balance + ? >= 0 RETURNING `+db.Columns[Receipt](), by, m.Receipt, by)
	if err != nil {
		return nil, err
	}
	if len(changed) == 0 {
		r, err := Get(ctx, tx, m.Receipt)
		if err != nil {
			return nil, err
		}
		return nil, r.NotEnough(m.Amount)
	}
	return &changed[0], nil
}

// Take locks a receipt and loads it. Errors: NotFound receipt.not_found.
func Take(ctx context.Context, tx *db.Tx, receipt id.Receipt) (*Receipt, error) {
	return one(ctx, tx, receipt, tx.ForUpdate())
}

// Get returns a receipt with its entries. Errors: NotFound receipt.not_found.
func Get(ctx context.Context, r db.Reader, receipt id.Receipt) (*Receipt, error) {
	return one(ctx, r, receipt, "")
}

func one(ctx context.Context, r db.Reader, receipt id.Receipt, lock string) (*Receipt, error) {
	rows, err := db.Select[Receipt](ctx, r, `SELECT `+db.Columns[Receipt]()+` FROM receipt WHERE id = ?`+lock, receipt)
	if err == nil && len(rows) == 0 {
		err = fault.New(fault.NotFound, "receipt.not_found", "There is no receipt %s.", receipt)
	}
	if err != nil {
		return nil, err
	}
	return &rows[0], withEntries(ctx, r, rows)
}

func withEntries(ctx context.Context, r db.Reader, rows []Receipt) error {
	ids, at := make([]id.Receipt, len(rows)), map[id.Receipt]*Receipt{}
	for i := range rows {
		ids[i], at[rows[i].ID] = rows[i].ID, &rows[i]
	}
	entries, err := db.SelectIn[Entry](ctx, r, `SELECT `+db.Columns[Entry]()+` FROM receipt_entry WHERE receipt_id IN (/*in*/) ORDER BY receipt_id, id`, ids)
	for _, e := range entries {
		x := at[e.Receipt]
		x.Entries = append(x.Entries, e)
	}
	return err
}

// Filter selects receipts; what is empty selects all.
type Filter struct {
	Company   id.Company
	Customer  id.Customer
	Reference string
	Open      bool   // something of it is on account
	From      string // paid on, both included
	To        string
	Limit     int    // 1 to MaxLimit; 0 is 50
	After     string // the cursor that the page before gave
}

// List returns a page of receipts, newest first. next is empty on the last page.
func List(ctx context.Context, r db.Reader, f Filter) (page []Receipt, next string, err error) {
	var w db.Where
	if !f.Company.IsZero() {
		w.And("company_id = ?", f.Company)
	}
	if !f.Customer.IsZero() {
		w.And("customer_id = ?", f.Customer)
	}
	if f.Reference != "" {
		w.And("reference = ?", f.Reference)
	}
	if f.Open {
		w.And("balance > 0")
	}
	if f.From != "" {
		w.And("paid_on >= ?", f.From)
	}
	if f.To != "" {
		w.And("paid_on <= ?", f.To)
	}
	if f.After != "" {
		var last id.Receipt
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", fault.New(fault.Invalid, "receipt.bad_cursor", "%q is not a cursor: use the one that the page before gave.", f.After)
		}
		w.And("id < ?", last)
	}
	n := min(f.Limit, MaxLimit)
	if n <= 0 {
		n = 50
	}
	page, err = db.Select[Receipt](ctx, r, `SELECT `+db.Columns[Receipt]()+` FROM receipt`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(page) > n {
		page = page[:n]
		next = page[n-1].ID.String()
	}
	return page, next, withEntries(ctx, r, page)
}

// OnAccount is what companies have on account in a currency.
type OnAccount struct {
	Company  id.Company     `db:"company_id"`
	Currency money.Currency `db:"currency"`
	Balance  int64          `db:"balance"`
}

// Balances adds up what companies have on account.
func Balances(ctx context.Context, r db.Reader, companies []id.Company) ([]OnAccount, error) {
	return db.SelectIn[OnAccount](ctx, r, `
		SELECT company_id, currency, CAST(SUM(balance) AS BIGINT) AS balance FROM receipt
		WHERE balance > 0 AND company_id IN (/*in*/) GROUP BY company_id, currency`, companies)
}

// ruleBalance: what is on account is the sum of the entries, the first of which is
// what came.
const ruleBalance = "REC-1"

// Verify recomputes balances from entries, and reports what differs.
func Verify(ctx context.Context, r db.Reader, report check.Report) error {
	type row struct {
		ID      id.Receipt `db:"id"`
		Balance int64      `db:"balance"`
		Entries int64      `db:"entries"`
		Amount  int64      `db:"amount"`
		Came    int64      `db:"came"`
	}
	return db.Each(ctx, r, func(x row) error {
		report.Equal(ruleBalance, x.ID.String(), "balance", x.Balance, x.Entries)
		report.Equal(ruleBalance, x.ID.String(), "amount", x.Amount, x.Came)
		return nil
	}, `
		SELECT r.id, r.balance, COALESCE(e.total, 0) AS entries, r.amount, COALESCE(e.came, 0) AS came
		FROM receipt r
		LEFT JOIN (SELECT receipt_id, CAST(SUM(amount) AS BIGINT) AS total, CAST(SUM(CASE WHEN kind IN ('receive', 'transfer') THEN amount ELSE 0 END) AS BIGINT) AS came
			FROM receipt_entry GROUP BY receipt_id) e ON e.receipt_id = r.id
		WHERE r.balance <> COALESCE(e.total, 0) OR r.amount <> COALESCE(e.came, 0)`)
}
