package change_test

import (
	"testing"
	"time"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/change"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// Two that both looked before either wrote meet at the index.
func TestTheIndexKeepsOneChangeOpen(t *testing.T) {
	d := dbtest.Postgres(t)
	order := id.New[id.Order](time.Now())
	draft := func(tx *db.Tx) error {
		s, err := change.New(tx.Now(), order, 1, change.Edit, nil, "", "")
		if err != nil {
			return err
		}
		return change.Insert(t.Context(), tx, s)
	}
	if err := dbtest.Behind(t, d, draft, draft); !fault.Is(err, "change.open") {
		t.Errorf("the second got %v", err)
	}
	if sets, err := change.ByOrder(t.Context(), d, order); err != nil || len(sets[order]) != 1 {
		t.Errorf("the order has %d changes: %v", len(sets[order]), err)
	}
}
