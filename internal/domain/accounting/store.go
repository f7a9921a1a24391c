package accounting

import (
	"context"
	"strings"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/db"
	"purser/internal/platform/setting"
)

// MaxLimit bounds a page.
const MaxLimit = 500

func pageSize(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, MaxLimit)
}

func badCursor(s string) error {
	return fault.New(fault.Invalid, "accounting.bad_cursor", "%q is not a cursor: use the one that the page before gave.", s)
}

// closedThrough is the setting that names the last day of the closed periods.
const closedThrough = "books_closed_through"

// Close closes the books up to and with a day: nothing is posted there any more.
// An earlier day than the present one opens them again. Errors: Invalid
// accounting.bad_day.
func Close(ctx context.Context, tx *db.Tx, day string) error {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return fault.New(fault.Invalid, "accounting.bad_day", "%q is not a day like 2026-01-31.", day)
	}
	return setting.Set(ctx, tx, closedThrough, day)
}

// ClosedThrough returns the last day of the closed periods, or "".
func ClosedThrough(ctx context.Context, r db.Reader) (string, error) {
	return setting.Get(ctx, r, closedThrough, "")
}

type journalRow struct {
	ID       id.Journal `db:"id"`
	Kind     EntryKind  `db:"kind"`
	Source   string     `db:"source_kind"`
	SourceID id.Any     `db:"source_id"`
	Order    id.Order   `db:"order_id"`
	Memo     string     `db:"memo"`
	Date     string     `db:"business_date"`
	PostedAt time.Time  `db:"posted_at"`
	Actor    string     `db:"actor"`
}

type lineRow struct {
	Journal  id.Journal `db:"journal_id"`
	Position int64      `db:"position"`
	Line
}

// Post adds entries to the journal; those that move nothing are left out. Errors:
// Internal accounting.unbalanced and accounting.bad_entry; Conflict
// accounting.posted_already for a second entry of a kind from one source, and
// accounting.period_closed.
func Post(ctx context.Context, tx *db.Tx, entries []Entry) error {
	journals := make([]journalRow, 0, len(entries))
	lines := make([]lineRow, 0, 3*len(entries))
	first := ""
	name := actor.Name(ctx)
	for _, e := range entries {
		if e.Empty() {
			continue
		}
		if err := e.Check(); err != nil {
			return err
		}
		if first == "" || e.Date < first {
			first = e.Date
		}
		j := id.New[id.Journal](tx.Now())
		journals = append(journals, journalRow{j, e.Kind, e.Source.Kind, e.Source.ID, e.Order, e.Memo, e.Date, tx.Now(), name})
		for i, l := range e.Lines {
			lines = append(lines, lineRow{j, int64(i + 1), l})
		}
	}
	if len(journals) == 0 {
		return nil
	}
	closed, err := ClosedThrough(ctx, tx)
	if err != nil {
		return err
	}
	if first <= closed {
		return fault.New(fault.Conflict, "accounting.period_closed", "The books are closed through %s, and this is of %s. Book it on a later day, or open the books.", closed, first)
	}
	if _, err := db.Insert(ctx, tx, "journal", journals); err != nil {
		if constraint, ok := db.Violated(err); ok && (strings.Contains(constraint, "once") || strings.Contains(constraint, "source_id")) {
			return fault.New(fault.Conflict, "accounting.posted_already", "This is in the books already. Load it again.")
		}
		return err
	}
	_, err = db.Insert(ctx, tx, "journal_line", lines)
	return err
}

// Journal is an entry as it is kept.
type Journal struct {
	ID         id.Journal `db:"id" json:"id"`
	Kind       EntryKind  `db:"kind" json:"kind"`
	SourceKind string     `db:"source_kind" json:"source_kind"`
	Source     id.Any     `db:"source_id" json:"source_id"`
	Order      id.Order   `db:"order_id" json:"order_id,omitzero"`
	Memo       string     `db:"memo" json:"memo,omitempty"`
	Date       string     `db:"business_date" json:"date" doc:"The business day."`
	PostedAt   time.Time  `db:"posted_at" json:"posted_at"`
	Actor      string     `db:"actor" json:"actor"`
	Lines      []Line     `json:"lines"`
}

// JournalFilter selects entries; what is empty selects all.
type JournalFilter struct {
	Order   id.Order
	Source  id.Any
	Kinds   []EntryKind
	Account string // entries with a line in it
	From    string // business days, both included
	To      string
	Limit   int    // 1 to MaxLimit; 0 is 50
	After   string // the cursor that the page before gave
}

// Journals returns a page of the journal, newest business day first. next is
// empty on the last page.
func Journals(ctx context.Context, r db.Reader, f JournalFilter) (page []Journal, next string, err error) {
	var w db.Where
	if !f.Order.IsZero() {
		w.And("order_id = ?", f.Order)
	}
	if !f.Source.IsZero() {
		w.And("source_id = ?", f.Source)
	}
	db.In(&w, "kind", f.Kinds)
	if f.Account != "" {
		w.And("id IN (SELECT journal_id FROM journal_line WHERE account = ?)", f.Account)
	}
	if f.From != "" {
		w.And("business_date >= ?", f.From)
	}
	if f.To != "" {
		w.And("business_date <= ?", f.To)
	}
	if f.After != "" {
		day, text, _ := strings.Cut(f.After, "/")
		var last id.Journal
		if err := last.UnmarshalText([]byte(text)); err != nil || last.IsZero() {
			return nil, "", badCursor(f.After)
		}
		w.And("(business_date, id) < (?, ?)", day, last)
	}
	n := pageSize(f.Limit)
	page, err = db.Select[Journal](ctx, r, `SELECT `+db.Columns[Journal]()+` FROM journal`+w.SQL()+` ORDER BY business_date DESC, id DESC LIMIT ?`, w.Args(n+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(page) > n {
		page = page[:n]
		next = page[n-1].Date + "/" + page[n-1].ID.String()
	}
	ids := make([]id.Journal, len(page))
	at := make(map[id.Journal]*Journal, len(page))
	for i := range page {
		ids[i], at[page[i].ID] = page[i].ID, &page[i]
	}
	lines, err := db.SelectIn[lineRow](ctx, r, `SELECT `+db.Columns[lineRow]()+` FROM journal_line WHERE journal_id IN (/*in*/) ORDER BY journal_id, position`, ids)
	for _, l := range lines {
		j := at[l.Journal]
		j.Lines = append(j.Lines, l.Line)
	}
	return page, next, err
}

// Chart returns the accounts by code.
func Chart(ctx context.Context, r db.Reader) ([]Account, error) {
	return db.Select[Account](ctx, r, `SELECT `+db.Columns[Account]()+` FROM account ORDER BY code`)
}

// TrialBalance returns what each account has in each currency through business
// days from..to, both included; "" is without a border. Amounts of a currency sum
// to zero, and so do those in the base currency.
func TrialBalance(ctx context.Context, r db.Reader, from, to string) ([]Balance, error) {
	var w db.Where
	if from != "" {
		w.And("j.business_date >= ?", from)
	}
	if to != "" {
		w.And("j.business_date <= ?", to)
	}
	join := ""
	if from != "" || to != "" {
		join = " JOIN journal j ON j.id = l.journal_id"
	}
	all, err := db.Select[Balance](ctx, r, `
		SELECT s.account, a.name, a.kind, s.currency, s.amount, s.base
		FROM (
			SELECT l.account, l.currency, CAST(SUM(l.amount) AS BIGINT) AS amount, CAST(SUM(l.base) AS BIGINT) AS base
			FROM journal_line l`+join+w.SQL()+` GROUP BY l.account, l.currency
		) s JOIN account a ON a.code = s.account`, w.Args()...)
	sortBalances(all)
	return all, err
}

// OwedBy returns the receivables of orders in the journal, by currency and base.
func OwedBy(ctx context.Context, r db.Reader, orders []id.Order) (map[id.Order]Line, error) {
	type row struct {
		Order    id.Order       `db:"order_id"`
		Currency money.Currency `db:"currency"`
		Amount   int64          `db:"amount"`
		Base     int64          `db:"base"`
	}
	rows, err := db.SelectIn[row](ctx, r, `
		SELECT j.order_id, l.currency, l.amount, l.base FROM journal j JOIN journal_line l ON l.journal_id = j.id
		WHERE l.account = '`+Receivable+`' AND j.order_id IN (/*in*/)`, orders)
	out := make(map[id.Order]Line, len(orders))
	for _, x := range rows {
		l := out[x.Order]
		out[x.Order] = Line{Receivable, x.Currency, l.Amount + x.Amount, l.Base + x.Base}
	}
	return out, err
}
