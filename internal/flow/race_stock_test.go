package flow_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/channel"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// Articles are mapped while their orders are cancelled: both take orders before stock.
func TestArticlesAreMappedWhileOrdersAreCancelled(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 500)
		for round := range 8 {
			one, two := fmt.Sprintf("art-%d", round), fmt.Sprintf("art-%d-b", round)
			var all []flow.Placement
			for range 10 {
				all = append(all, listed(s, one, 1))
			}
			for range 10 {
				p := s.Placement(shop.Of("MUG", 1))
				p.Lines = append(p.Lines, listed(s, two, 1).Lines...)
				all = append(all, p)
			}
			placed, err := s.TryPlaceAll(all...)
			shop.Want(t, err, "")
			waiting, _, err := channel.Listings(s.Ctx, s.DB, channel.Filter{Channel: s.Channel, Unmapped: true}, channel.Page{Limit: 100})
			shop.Want(t, err, "")
			var mappings []channel.Mapping
			for _, l := range waiting {
				mappings = append(mappings, channel.Mapping{Listing: l.ID, Variant: s.Variant("MUG")})
			}
			tally(t, atOnce(9, func(i int) error {
				if i == 0 {
					return s.Try(func(tx *db.Tx) error {
						_, err := flow.MapListings(s.Ctx, tx, mappings)
						return err
					})
				}
				return s.TryCancel(placed[len(placed)-i].Order)
			}))
		}
	})
}

// Adjustments of goods that one order waits for together are undone at once.
func TestAdjustmentsAreUndoneAtOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		for range 6 {
			var booked []inventory.Movement
			s.Receive("TEA", shop.Berlin, 4)
			s.Receive("RARE", shop.Berlin, 4)
			s.Write(func(tx *db.Tx) (err error) {
				booked, err = flow.AdjustStock(s.Ctx, tx, []inventory.Posting{
					{Variant: s.Variant("TEA"), Location: s.Location(shop.Berlin), Quantity: -4, Reason: "stolen"},
					{Variant: s.Variant("RARE"), Location: s.Location(shop.Berlin), Quantity: -4, Reason: "stolen"},
				})
				return err
			})
			o := s.Place(shop.Of("TEA", 4), shop.Of("RARE", 4))
			var runs atomic.Int64
			got := tally(t, atOnce(len(booked), func(i int) error {
				return s.Try(func(tx *db.Tx) error {
					runs.Add(1)
					_, err := flow.UndoAdjustments(s.Ctx, tx, []id.Movement{booked[i].ID}, "found")
					return err
				})
			}))
			shop.Equal(t, "undone", got[""], 2)
			shop.Equal(t, "runs", runs.Load(), 2) // the second waited for the order, before any stock
			if slices.ContainsFunc(s.Order(o).Lines, func(l *order.Line) bool { return l.Backordered > 0 }) {
				t.Error("the order waits for what was found")
			}
			s.Ship(o)
		}
	})
}

// A draft of a transfer is written anew while it is made ready and goods are sold: what is claimed is what it says then.
func TestATransferIsReadiedWhileItIsWrittenAnew(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 100)
		s.Receive("TEA", shop.Berlin, 100)
		for range 15 {
			x := s.Transfer(shop.Berlin, shop.Munich, shop.Of("TEA", 1))
			tally(t, atOnce(4, func(i int) error {
				switch i {
				case 0:
					return s.Try(func(tx *db.Tx) error {
						draft, err := inventory.TakeTransfer(s.Ctx, tx, x.ID)
						if err != nil {
							return err
						}
						return inventory.ChangeTransfer(s.Ctx, tx, draft, inventory.NewTransfer{Lines: []inventory.NewTransferLine{{Variant: s.Variant("MUG"), Quantity: 2}}})
					})
				case 1:
					return s.Try(func(tx *db.Tx) error {
						_, err := flow.ReadyTransfer(s.Ctx, tx, x.ID, 0)
						return err
					})
				default:
					_, err := s.TryPlace(nil, shop.Of("MUG", 1), shop.Of("TEA", 1))
					return err
				}
			}))
		}
	})
}
