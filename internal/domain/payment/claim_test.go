package payment

import (
	"testing"

	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// Of two jobs that have read a transaction at once, one calls the gateway.
func TestOneOfTwoJobsClaims(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := newPayment(t, terms(100))
		a, err := p.Authorize(now, day, Cause{})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := Create(t.Context(), tx, []*Payment{p})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		first, err1 := find(t.Context(), d, a.ID)
		second, err2 := find(t.Context(), d, a.ID)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return first.claim(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		wantFault(t, d.Write(t.Context(), func(tx *db.Tx) error { return second.claim(t.Context(), tx) }), "payment.busy")
	})
}
