package flow_test

import (
	"strings"
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/domain/routing"
	"purser/internal/flow"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// switchTo switches a location on or off.
func switchTo(s *shop.Shop, code string, to inventory.Switch) error {
	return s.Try(func(tx *db.Tx) error {
		_, err := flow.SwitchLocation(s.Ctx, tx, s.Location(code), 0, to)
		return err
	})
}

// refill does what the job does that a location which is switched on enqueues.
func refill(s *shop.Shop, code string) {
	s.Write(func(tx *db.Tx) error {
		last, err := flow.Refill(s.Ctx, tx, s.Location(code), id.Variant{})
		if err != nil || last.IsZero() {
			return err
		}
		_, err = flow.Refill(s.Ctx, tx, s.Location(code), last)
		return err
	})
}

func TestAStoreThatIsSwitchedOffGetsNoMoreOrders(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 5)
		s.Receive("TEA", shop.Munich, 2)
		before := s.Place(shop.Of("TEA", 1))
		work(t, s, before, "BER open 1")
		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{}), "location.switched_on")
		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{Off: true}), "location.invalid")
		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{Off: true, Reason: "queue", Until: s.Now()}), "location.invalid")
		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{Off: true, Reason: "queue at the till"}), "")

		work(t, s, before, "BER open 1") // what it has, it keeps
		s.ShipFrom(shop.Berlin, before, shop.Of("TEA", 1))
		next := s.Place(shop.Of("TEA", 2)) // is nearer to Berlin, and goes to Munich
		work(t, s, next, "MUC open 2")
		decisions, err := routing.Of(s.Ctx, s.DB, next.ID)
		shop.Want(t, err, "")
		why := ""
		for _, c := range decisions[0].Decision.V.Candidates {
			if c.Location == s.Location(shop.Berlin) {
				why = string(c.Verdict) + ": " + c.Reason
			}
		}
		shop.Equal(t, "what the decision says of Berlin", why, "excluded: switched off: queue at the till")
		waits := s.Place(shop.Of("TEA", 3)) // nobody else has any
		shop.Equal(t, "backordered", s.Line(waits, "TEA").Backordered, 3)
		s.Receive("TEA", shop.Berlin, 1)
		shop.Equal(t, "still backordered", s.Line(waits, "TEA").Backordered, 3)
		level(t, s, "TEA", shop.Berlin, 5, 0, 0)

		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{}), "")
		refill(s, shop.Berlin)
		work(t, s, waits, "BER open 3")
		log, err := audit.List(s.Ctx, s.DB, audit.Filter{ObjectKind: "location", Object: s.Location(shop.Berlin).String(), Limit: 9})
		shop.Want(t, err, "")
		shop.Equal(t, "audited", len(log), 3) // that it was added, and switched twice
		shop.Equal(t, "action", log[0].Action, "switch")
		if l, err := inventory.GetLocation(s.Ctx, s.DB, s.Location(shop.Berlin)); err != nil || l.Off || l.Reason != "" {
			t.Error(l.Switch, err)
		}
	})
}

func TestAPauseEndsByItself(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 5)
		until := s.Now().Add(time.Hour)
		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{Off: true, Reason: "stocktaking", Until: until}), "")
		waits := s.Place(shop.Of("TEA", 3))
		shop.Equal(t, "backordered", s.Line(waits, "TEA").Backordered, 3)
		ended := func() (n int) {
			s.Write(func(tx *db.Tx) (err error) {
				n, err = flow.EndPauses(s.Ctx, tx)
				return err
			})
			return n
		}
		shop.Equal(t, "pauses over", ended(), 0)
		s.Sleep(time.Hour)
		now := s.Place(shop.Of("TEA", 1)) // the instant counts, not the job that notes it
		work(t, s, now, "BER open 1")
		shop.Equal(t, "pauses over", ended(), 1)
		shop.Equal(t, "pauses over", ended(), 0)
		refill(s, shop.Berlin)
		work(t, s, waits, "BER open 3")
		// A change of its name leaves the switch as it is.
		shop.Want(t, switchTo(s, shop.Berlin, inventory.Switch{Off: true, Reason: "again"}), "")
		l, err := inventory.GetLocation(s.Ctx, s.DB, s.Location(shop.Berlin))
		shop.Want(t, err, "")
		l.Name, l.Switch = "Berlin Mitte", inventory.Switch{}
		s.Write(func(tx *db.Tx) error { l, err = inventory.SaveLocation(s.Ctx, tx, l); return err })
		if why := l.Why(s.Now()); !strings.Contains(why, "again") {
			t.Errorf("after it was renamed: %q", why)
		}
	})
}
