package credit

import (
	"context"
	"slices"
	"time"

	"purser/internal/base/actor"
	"purser/internal/base/code"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
)

// Sale is gift cards that are sold with an order line, or given by a person: one
// for each unit.
type Sale struct {
	Order     id.Order
	Line      id.Line
	Currency  money.Currency
	Rate      string
	RateDate  string
	Quantity  int64
	Pending   bool // until it is paid for
	ExpiresOn string
}

// Issue makes gift cards without a balance yet; [Apply] gives them one.
func Issue(ctx context.Context, tx *db.Tx, sales []Sale) ([]Credit, error) {
	var cards []Credit
	for _, s := range sales {
		if err := checkDay(s.ExpiresOn); err != nil {
			return nil, err
		}
		status := Active
		if s.Pending {
			status = Pending
		}
		for range s.Quantity {
			cards = append(cards, Credit{
				ID: id.New[id.Credit](tx.Now()), Kind: GiftCard, Status: status, Order: s.Order, Line: s.Line, Currency: s.Currency,
				Rate: s.Rate, RateDate: s.RateDate, ExpiresOn: s.ExpiresOn, Version: 1, CreatedAt: tx.Now(), CreatedBy: actor.Name(ctx),
			})
		}
	}
	_, err := db.Insert(ctx, tx, "credit", cards)
	return cards, err
}

// Open returns the store credit of a customer in a currency, locked, and makes it
// where there is none yet. The rate is that of a new one.
func Open(ctx context.Context, tx *db.Tx, c id.Customer, currency money.Currency, rate, rateDate string) (*Credit, error) {
	if c.IsZero() {
		return nil, fault.New(fault.Conflict, "credit.no_customer", "Store credit belongs to a customer, and none is named.")
	}
	_, err := db.Insert(ctx, tx, "credit", []Credit{{
		ID: id.New[id.Credit](tx.Now()), Kind: StoreCredit, Status: Active, Customer: c, Currency: currency, Rate: rate, RateDate: rateDate,
		Version: 1, CreatedAt: tx.Now(), CreatedBy: actor.Name(ctx),
	}}, `ON CONFLICT (customer_id, currency) WHERE kind = 'store_credit' DO NOTHING`)
	if err != nil {
		return nil, err
	}
	found, err := db.Get[Credit](ctx, tx, `
		SELECT `+db.Columns[Credit]()+` FROM credit WHERE kind = 'store_credit' AND customer_id = ? AND currency = ?`+tx.ForUpdate(), c, string(currency))
	return &found, err
}

// OfCustomer finds the store credit of a customer in a currency. Errors: NotFound
// credit.none.
func OfCustomer(ctx context.Context, r db.Reader, c id.Customer, currency money.Currency) (*Credit, error) {
	found, err := db.Get[Credit](ctx, r, `
		SELECT `+db.Columns[Credit]()+` FROM credit WHERE kind = 'store_credit' AND customer_id = ? AND currency = ?`, c, string(currency))
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "credit.none", "The customer has no store credit in %s.", currency)
	}
	return &found, err
}

// ByCode finds a gift card by its code, however it is typed. Errors: NotFound
// credit.bad_code.
func ByCode(ctx context.Context, r db.Reader, typed string) (*Credit, error) {
	found, err := db.Get[Credit](ctx, r, `SELECT `+db.Columns[Credit]()+` FROM credit WHERE code_hash = ?`, hashCode(typed))
	if db.None(err) {
		return nil, fault.New(fault.NotFound, "credit.bad_code", "There is no gift card with this code.")
	}
	return &found, err
}

// Get returns one credit. Errors: NotFound credit.not_found.
func Get(ctx context.Context, r db.Reader, credit id.Credit) (*Credit, error) {
	found, err := db.Get[Credit](ctx, r, `SELECT `+db.Columns[Credit]()+` FROM credit WHERE id = ?`, credit)
	if db.None(err) {
		return nil, notFound(credit)
	}
	return &found, err
}

// Take locks credits in the order of their ids and returns them by id. Errors:
// NotFound credit.not_found.
func Take(ctx context.Context, tx *db.Tx, ids ...id.Credit) (map[id.Credit]*Credit, error) {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, id.Credit.Compare)
	ids = slices.Compact(ids)
	rows, err := db.SelectIn[Credit](ctx, tx, `SELECT `+db.Columns[Credit]()+` FROM credit WHERE id IN (/*in*/) ORDER BY id`+tx.ForUpdate(), ids)
	if err != nil {
		return nil, err
	}
	taken := make(map[id.Credit]*Credit, len(rows))
	for i := range rows {
		taken[rows[i].ID] = &rows[i]
	}
	for _, want := range ids {
		if taken[want] == nil {
			return nil, notFound(want)
		}
	}
	return taken, nil
}

func notFound(c id.Credit) error {
	return fault.New(fault.NotFound, "credit.not_found", "There is no gift card or store credit %s.", c)
}

// OfLines returns the gift cards that were sold with order lines.
func OfLines(ctx context.Context, r db.Reader, lines []id.Line) ([]Credit, error) {
	return db.SelectIn[Credit](ctx, r, `SELECT `+db.Columns[Credit]()+` FROM credit WHERE line_id IN (/*in*/) ORDER BY id`, lines)
}

// Activate lets the pending gift cards of order lines be spent.
func Activate(ctx context.Context, tx *db.Tx, lines []id.Line) error {
	return db.Chunks(lines, func(part []id.Line) error {
		rows, err := db.Select[Credit](ctx, tx, `
			UPDATE credit SET status = 'active', version = version + 1 WHERE status = 'pending' AND line_id IN (`+db.Marks(len(part))+`)
			RETURNING `+db.Columns[Credit](), db.Args(part)...)
		if err != nil {
			return err
		}
		facts := make([]event.Fact, len(rows))
		for i := range rows {
			facts[i] = Changed{about: rows[i].about(), What: "activated"}
		}
		return event.Record(ctx, tx, facts...)
	})
}

// NewCode gives a gift card a code, which is returned here and never shown again;
// the one before is worth nothing from now on. Errors: Conflict credit.no_card,
// credit.pending, credit.disabled, credit.expired.
func NewCode(ctx context.Context, tx *db.Tx, credit id.Credit, day string) (string, *Credit, error) {
	taken, err := Take(ctx, tx, credit)
	if err != nil {
		return "", nil, err
	}
	c := taken[credit]
	if c.Kind != GiftCard {
		return "", nil, fault.New(fault.Conflict, "credit.no_card", "Store credit has no code: its customer spends it.")
	}
	if err := c.refusal(day); err != nil {
		return "", nil, err
	}
	card := code.Grouped(code.New(codeLength))
	c.LastFour = card[len(card)-4:]
	c.Version++
	if _, err = tx.Exec(ctx, `UPDATE credit SET code_hash = ?, last_four = ?, version = ? WHERE id = ?`, hashCode(card), c.LastFour, c.Version, credit); err != nil {
		return "", nil, err
	}
	if err := audit.Record(ctx, tx, "make_code", "credit", credit.String(), nil, map[string]string{"last_four": c.LastFour}); err != nil {
		return "", nil, err
	}
	return card, c, event.Record(ctx, tx, Changed{about: c.about(), What: "code_made"})
}

// SetStatus lets a credit be spent, or not. What orders hold of it stays theirs.
// Errors: Conflict credit.pending, which only a payment ends.
func SetStatus(ctx context.Context, tx *db.Tx, credit id.Credit, to Status, reason string) (*Credit, error) {
	what := map[Status]string{Active: "enabled", Disabled: "disabled"}[to]
	return change(ctx, tx, credit, what, reason, func(c *Credit) error {
		if c.Status == Pending && to == Active {
			return c.refusal("")
		}
		c.Status = to
		return nil
	})
}

// SetExpiry says until which business day a credit may be spent; empty is for
// ever.
func SetExpiry(ctx context.Context, tx *db.Tx, credit id.Credit, day, reason string) (*Credit, error) {
	if err := checkDay(day); err != nil {
		return nil, err
	}
	return change(ctx, tx, credit, "expiry_set", reason, func(c *Credit) error {
		c.ExpiresOn = day
		return nil
	})
}

func checkDay(day string) error {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return fault.Fields{"expires_on": "is not a day like 2026-01-31"}.Err("credit.bad_day", "The day cannot be taken.")
	}
	return nil
}

func change(ctx context.Context, tx *db.Tx, credit id.Credit, what, reason string, do func(*Credit) error) (*Credit, error) {
	taken, err := Take(ctx, tx, credit)
	if err != nil {
		return nil, err
	}
	c := taken[credit]
	before := *c
	if err := do(c); err != nil {
		return nil, err
	}
	c.Version++
	if _, err := tx.Exec(ctx, `UPDATE credit SET status = ?, expires_on = ?, version = ? WHERE id = ?`, string(c.Status), c.ExpiresOn, c.Version, credit); err != nil {
		return nil, err
	}
	if err := audit.Record(ctx, tx, what, "credit", credit.String(), before, c); err != nil {
		return nil, err
	}
	return c, event.Record(ctx, tx, Changed{c.about(), what, reason, c.ExpiresOn})
}

// RunOut returns credits whose time is over and that have something left that no
// order holds, at most limit.
func RunOut(ctx context.Context, r db.Reader, day string, limit int) ([]Credit, error) {
	return db.Select[Credit](ctx, r, `
		SELECT `+db.Columns[Credit]()+` FROM credit WHERE expires_on <> '' AND expires_on < ? AND balance > held ORDER BY id LIMIT ?`, day, limit)
}

// Filter selects credits; what is empty selects all.
type Filter struct {
	Customer id.Customer
	Order    id.Order
	Kind     Kind
	Status   Status
	Limit    int
	After    string // the cursor that the page before gave
}

// List returns a page of credits, newest first. next is empty on the last page.
func List(ctx context.Context, r db.Reader, f Filter) (page []Credit, next string, err error) {
	var w db.Where
	if !f.Customer.IsZero() {
		w.And("customer_id = ?", f.Customer)
	}
	if !f.Order.IsZero() {
		w.And("order_id = ?", f.Order)
	}
	if f.Kind != "" {
		w.And("kind = ?", string(f.Kind))
	}
	if f.Status != "" {
		w.And("status = ?", string(f.Status))
	}
	if f.After != "" {
		var last id.Credit
		if err := last.UnmarshalText([]byte(f.After)); err != nil {
			return nil, "", fault.New(fault.Invalid, "credit.bad_cursor", "%q is not a cursor: use the one that the page before gave.", f.After)
		}
		w.And("id < ?", last)
	}
	page, err = db.Select[Credit](ctx, r, `SELECT `+db.Columns[Credit]()+` FROM credit`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err == nil && len(page) > f.Limit {
		page = page[:f.Limit]
		next = page[f.Limit-1].ID.String()
	}
	return page, next, err
}

// Entries returns the newest entries of a credit, newest first, at most limit.
func Entries(ctx context.Context, r db.Reader, credit id.Credit, limit int) ([]Entry, error) {
	return db.Select[Entry](ctx, r, `SELECT `+db.Columns[Entry]()+` FROM credit_entry WHERE credit_id = ? ORDER BY id DESC LIMIT ?`, credit, limit)
}

// Holds returns what orders hold of a credit, oldest first.
func Holds(ctx context.Context, r db.Reader, credit id.Credit) ([]Hold, error) {
	return db.Select[Hold](ctx, r, `SELECT `+db.Columns[Hold]()+` FROM credit_hold WHERE credit_id = ? AND status = 'open' ORDER BY id`, credit)
}

// Spent tells whether a part of a credit was spent or is held.
func Spent(ctx context.Context, r db.Reader, c *Credit) (bool, error) {
	n, err := db.Get[int64](ctx, r, `SELECT COUNT(*) FROM credit_entry WHERE credit_id = ? AND kind NOT IN ('issue', 'grant')`, c.ID)
	return n > 0 || c.Held > 0, err
}
