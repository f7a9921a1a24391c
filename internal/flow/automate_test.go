package flow_test

import (
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/automation"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func saveRule(s *shop.Shop, condition string, actions ...automation.Deed) (r automation.Rule) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) (err error) {
		r, err = automation.Save(s.Ctx, tx, automation.Rule{
			Name: "rule " + condition, Condition: condition, Enabled: true,
			Kinds: db.JSON[[]string]{V: []string{"order.placed"}}, Actions: db.JSON[[]automation.Deed]{V: actions},
		})
		return err
	})
	return r
}

func runRule(s *shop.Shop, r automation.Rule, o *order.Order, e id.Event, by string) (outcome automation.Outcome, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		outcome, err = flow.RunRule(s.Ctx, tx, r, automation.RunJob{Order: o.ID, Event: e, Name: "order.placed", Actor: by, At: s.Now()})
		return err
	})
	return outcome, err
}

func TestARuleActsOnceForAnEvent(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		large := saveRule(s, `order.lines.exists(l, l.sku == "MUG" && l.quantity > 1)`,
			automation.Deed{Do: automation.Tag, Tags: []string{"large"}},
			automation.Deed{Do: automation.Hold, Reason: "fraud_review"},
			automation.Deed{Do: automation.Note, Text: "Look at it."})
		small := saveRule(s, `order.total < 1`, automation.Deed{Do: automation.Prioritize, Priority: 9})
		e := id.New[id.Event](s.Now())
		for range 2 { // as a job that is repeated
			got, err := runRule(s, large, o, e, "api")
			shop.Want(t, err, "")
			shop.Equal(t, "outcome", got, automation.Matched)
		}
		got, err := runRule(s, small, o, e, "api")
		shop.Want(t, err, "")
		shop.Equal(t, "outcome", got, automation.NotMatched)

		o = s.Order(o)
		notes, err := order.Notes(s.Ctx, s.DB, o.ID)
		shop.Want(t, err, "")
		shop.Equal(t, "notes", len(notes), 1)
		shop.Equal(t, "holds", o.ActiveHolds, 1)
		shop.Equal(t, "priority", o.Priority, 0)
		trace, err := automation.Trace(s.Ctx, s.DB, o.ID, 10)
		shop.Want(t, err, "")
		shop.Equal(t, "looks", len(trace), 2)
		s.Verify()
	})
}

func TestRulesDoNotTriggerEachOtherForEver(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 2))
		r := saveRule(s, ``, automation.Deed{Do: automation.Tag, Tags: []string{"seen"}})
		got, err := runRule(s, r, o, id.New[id.Event](s.Now()), "system:automation#3")
		shop.Want(t, err, "")
		shop.Equal(t, "outcome", got, automation.TooDeep)
		shop.Equal(t, "tags", len(s.Order(o).Tags.V), 0)
	})
}

func TestARuleIsTriedOnPastOrders(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Place(shop.Of("MUG", 1))
		s.Place(shop.Of("MUG", 3))
		stored := saveRule(s, `order.lines[0].quantity > 0`, automation.Deed{Do: automation.Tag, Tags: []string{"x"}})
		anew := stored
		anew.Condition = `order.lines[0].quantity > 2`
		got, _, err := flow.SimulateRule(s.Ctx, s.DB, anew, &stored, order.Filter{}, order.Page{})
		shop.Want(t, err, "")
		matched, before := 0, 0
		for _, g := range got {
			if g.After {
				matched++
			}
			if g.Before {
				before++
			}
		}
		shop.Equal(t, "matched before", before, 2)
		shop.Equal(t, "matches", matched, 1)
	})
}
