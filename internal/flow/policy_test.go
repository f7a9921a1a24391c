package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/money"
	"purser/internal/domain/change"
	"purser/internal/domain/channel"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestAnOrderIsHeldAsLongAsItMayBeChanged(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		ch := s.AddChannel("patient", func(c *channel.Channel) { c.ReleaseWhen, c.EditMinutes = channel.WhenPlaced, 30 })
		o := s.PlaceWith(func(p *flow.Placement) { p.Channel = ch }, shop.Of("MUG", 2))
		work(t, s, o, "BER scheduled 2")
		o, _ = s.Edit(o, s.Quantity(o, "MUG", 3))
		work(t, s, o, "BER scheduled 3")
		expire := func() {
			s.Write(func(tx *db.Tx) error {
				_, err := flow.ExpireHolds(s.Ctx, tx)
				return err
			})
		}
		expire()
		work(t, s, o, "BER scheduled 3")
		s.Sleep(30 * time.Minute)
		expire()
		work(t, s, o, "BER open 3")
	})
}

func TestSomebodyElseApproves(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 99)
		s.Write(func(tx *db.Tx) error {
			return flow.SaveApprovals(s.Ctx, tx, flow.Approvals{Total: 10_000, Discount: 200_000})
		})
		users := map[string]auth.User{}
		for name, role := range map[string]auth.Role{"ann": auth.Operations, "bob": auth.Operations, "cleo": auth.Service} {
			s.Write(func(tx *db.Tx) (err error) {
				users[name], err = auth.AddUser(s.Ctx, tx, auth.NewUser{Email: name + "@example.org", Name: name, Password: "correct horse battery", Role: role})
				return err
			})
		}
		as := func(name string) *shop.Shop {
			other := s.On(t)
			other.Ctx = auth.With(s.Ctx, users[name].Principal())
			return other
		}
		ann, bob, cleo := as("ann"), as("bob"), as("cleo")

		o := ann.Place(shop.Of("MUG", 9))
		work(t, s, o, "BER scheduled 9")
		hold := s.Order(o).Holds[0]
		release := func(who *shop.Shop) error {
			return who.Try(func(tx *db.Tx) error {
				_, err := flow.ReleaseHold(who.Ctx, tx, o.ID, 0, hold.ID)
				return err
			})
		}
		shop.Want(t, release(ann), "order.own_approval")
		shop.Want(t, release(cleo), "auth.forbidden")
		shop.Want(t, release(bob), "")
		work(t, s, o, "BER open 9")

		small := ann.Place(shop.Of("MUG", 2))
		out, err := ann.TryEdit(small, s.Quantity(small, "MUG", 20))
		shop.Want(t, err, "")
		shop.Equal(t, "status", out.Set.Status, change.Requested)
		shop.Equal(t, "due", s.Order(small).Due(), 2500)
		confirm := func(who *shop.Shop) error {
			return who.Try(func(tx *db.Tx) error {
				_, err := flow.ConfirmChange(who.Ctx, tx, flow.Confirmation{Set: out.Set.ID})
				return err
			})
		}
		shop.Want(t, confirm(ann), "change.needs_approval")
		shop.Want(t, confirm(cleo), "change.needs_approval")
		shop.Want(t, confirm(bob), "")
		shop.Equal(t, "due", s.Order(small).Due(), 25_000)

		cheap := ann.Place(shop.Of("MUG", 2))
		out, err = ann.TryEdit(cheap, change.Action{Kind: change.AddOrderDiscount, DiscountKind: "percent", Rate: money.Rate(300_000), Title: "Friend"})
		shop.Want(t, err, "")
		shop.Equal(t, "status", out.Set.Status, change.Requested)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.DeclineChange(bob.Ctx, tx, out.Set.ID, 0)
			return err
		})
		shop.Want(t, confirm(bob), "change.declined")
	})
}

func TestWhatWaitsTooLongIsCancelled(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		ch := s.AddChannel("hasty", func(c *channel.Channel) { c.ReleaseWhen, c.BackorderDays = channel.WhenPlaced, 10 })
		of := func(p *flow.Placement) { p.Channel = ch }
		waits := s.PlaceWith(of, shop.Of("MUG", 1), shop.Of("TEA", 2), shop.Of("SET", 1))
		kept := s.PlaceWith(of, shop.Of("TEA", 3))
		other := s.Place(shop.Of("TEA", 1))
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ChangeOrder(s.Ctx, tx, kept.ID, 0, func(o *order.Order) error { return o.KeepBackorders(s.Now().AddDate(0, 1, 0)) })
			return err
		})
		due := func() (found []order.Header) {
			ids, err := flow.Unfillable(s.Ctx, s.DB, s.Now(), order.Header{}.ID)
			shop.Want(t, err, "")
			for _, o := range ids {
				s.Write(func(tx *db.Tx) error { return flow.CancelUnfillable(s.Ctx, tx, o) })
				found = append(found, s.Order(&order.Order{Header: order.Header{ID: o}}).Header)
			}
			return found
		}
		shop.Equal(t, "due at once", len(due()), 0)
		s.Sleep(11 * 24 * time.Hour)
		cancelled := due()
		shop.Equal(t, "due", len(cancelled), 1)
		shop.Equal(t, "order", cancelled[0].ID, waits.ID)
		level(t, s, "MUG", shop.Berlin, 9, 1, 0) // the kit went whole
		level(t, s, "TEA", shop.Berlin, 0, 0, 4)
		shop.Equal(t, "reason", cancelled[0].CancelReason, order.CancelInventory)
		shop.Equal(t, "the other channel's", s.Line(other, "TEA").Backordered, 1)
		shop.Equal(t, "due again", len(due()), 0)
	})
}
