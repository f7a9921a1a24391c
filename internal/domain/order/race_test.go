package order

import (
	"testing"

	"purser/internal/base/fault"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// Two that both looked before either wrote meet at the index, whoever locks nothing else (CH-02).
func TestTheIndexTakesAnOrderOfAChannelOnce(t *testing.T) {
	d := dbtest.Postgres(t)
	runs := 0
	take := func(tx *db.Tx) error {
		runs++
		dr := draft(service(1, "3"))
		dr.ExternalID = "A"
		o, err := Build(dr, tx.Now(), today)
		if err != nil {
			return err
		}
		return Insert(background, tx, []*Order{o})
	}
	err := dbtest.Behind(t, d, take, take)
	wantFault(t, err, fault.Conflict, "order.known")
	if runs < 3 {
		t.Error("the second did not run again: it did not meet the index")
	}
	if n, err := Count(background, d, Filter{}, 100); err != nil || n != 1 {
		t.Errorf("there are %d orders: %v", n, err)
	}
}

// Of two copies of an order, one is saved: the other is read anew, and in the end refused.
func TestOfTwoCopiesOneIsSaved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := insert(t, d, draft(item(5, "1")))[0]
		err := d.Write(background, func(tx *db.Tx) error {
			one, err := Take(background, tx, o.ID)
			if err != nil {
				return err
			}
			other, err := Take(background, tx, o.ID)
			if err != nil {
				return err
			}
			if err := Save(background, tx, one); err != nil {
				return err
			}
			return Save(background, tx, other)
		})
		wantFault(t, err, fault.Unavailable, "db.busy")
	})
}
