package credit_test

import (
	"testing"
	"time"

	"purser/internal/base/check"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/credit"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

const today = "2026-03-02"

// card is a gift card in a database, of 10.00.
type card struct {
	t     *testing.T
	db    *db.DB
	id    id.Credit
	order id.Order // that it pays for
}

func newCard(t *testing.T, d *db.DB) *card {
	t.Helper()
	c := &card{t: t, db: d, order: id.New[id.Order](time.Now())}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		cards, err := credit.Issue(t.Context(), tx, []credit.Sale{{Currency: "EUR", Rate: "1", RateDate: today, Quantity: 1}})
		if err != nil {
			return err
		}
		c.id = cards[0].ID
		_, err = credit.Apply(t.Context(), tx, today, []credit.Move{{Credit: c.id, Kind: credit.Issued, Amount: 1000}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// move does a move; a code is the fault that it must meet.
func (c *card) move(code string, kind credit.EntryKind, amount int64, hold id.Transaction) {
	c.t.Helper()
	err := c.db.Write(c.t.Context(), c.moving(kind, amount, hold))
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		c.t.Errorf("%s %d: got %v, want %q", kind, amount, err, code)
	}
}

func (c *card) moving(kind credit.EntryKind, amount int64, hold id.Transaction) func(tx *db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := credit.Apply(c.t.Context(), tx, today, []credit.Move{{Credit: c.id, Kind: kind, Amount: amount, Hold: hold, Order: c.order}})
		return err
	}
}

// has checks what the card is worth, and that its caches agree with its rows.
func (c *card) has(balance, held int64) {
	c.t.Helper()
	is, err := credit.Get(c.t.Context(), c.db, c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	if is.Balance != balance || is.Held != held {
		c.t.Errorf("%d, of which %d are held; want %d and %d", is.Balance, is.Held, balance, held)
	}
	if err := credit.Verify(c.t.Context(), c.db, func(x check.Difference) { c.t.Error(x) }); err != nil {
		c.t.Fatal(err)
	}
}

func newHold() id.Transaction { return id.New[id.Transaction](time.Now()) }

func TestNoMoreOfACreditIsHeldThanThereIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCard(t, d)
		a, b := newHold(), newHold()
		c.move("", credit.Reserve, 700, a)
		c.move("credit.not_enough", credit.Reserve, 301, b)
		c.move("credit.not_enough", credit.PaidOut, 301, id.Transaction{})
		c.move("credit.not_enough", credit.Voided, 1000, id.Transaction{})
		c.has(1000, 700)
		c.move("", credit.Reserve, 300, b)
		c.move("", credit.Release, 300, b)
		c.move("", credit.PaidOut, 300, id.Transaction{})
		c.has(700, 700)
	})
}

func TestAHoldIsUsedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCard(t, d)
		a, b := newHold(), newHold()
		c.move("", credit.Reserve, 400, a)
		c.move("", credit.Reserve, 500, b) // that a may not eat into
		c.move("", credit.Redeemed, 300, a)
		c.move("credit.not_held", credit.Redeemed, 101, a)
		c.move("credit.not_held", credit.Release, 101, a)
		c.move("", credit.Release, 100, a)
		c.move("credit.not_held", credit.Redeemed, 1, a)
		c.move("credit.not_held", credit.Redeemed, 1, newHold())
		c.has(700, 500)
	})
}

// Whoever writes it: the rows cannot say that more is held than there is.
func TestTheDatabaseHoldsNoMoreThanThereIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCard(t, d)
		for _, set := range []string{"held = 1001", "held = -1", "balance = -1"} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `UPDATE credit SET `+set+` WHERE id = ?`, c.id)
				return err
			})
			if _, ok := db.Violated(err); !ok {
				t.Errorf("%s: %v", set, err)
			}
		}
		c.has(1000, 0)
	})
}

// Two that hold at once share what there is.
func TestTwoHoldsAtOnceShareOneCard(t *testing.T) {
	c := newCard(t, dbtest.Postgres(t))
	err := dbtest.Behind(t, c.db, c.moving(credit.Reserve, 700, newHold()), c.moving(credit.Reserve, 700, newHold()))
	if !fault.Is(err, "credit.not_enough") {
		t.Errorf("the second got %v", err)
	}
	c.has(1000, 700)
}
