package flow_test

import (
	"fmt"
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/accounting"
	"purser/internal/domain/catalog"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/platform/event"
	"purser/internal/test/shop"
)

func TestGoodsThatComeGoToThoseWhoWaitLongest(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		first, second := s.Place(shop.Of("TEA", 3)), s.Place(shop.Of("TEA", 2))
		urgent := s.PlaceWith(func(p *flow.Placement) { p.Priority = 5 }, shop.Of("TEA", 2))
		level(t, s, "TEA", shop.Berlin, 0, 0, 7)
		s.Receive("TEA", shop.Berlin, 4)
		level(t, s, "TEA", shop.Berlin, 4, 4, 3)
		work(t, s, urgent, "BER open 2")
		work(t, s, first, "BER open 2")
		work(t, s, second)
		s.Receive("TEA", shop.Berlin, 9)
		work(t, s, first, "BER open 3") // one parcel, since nobody had begun
		work(t, s, second, "BER open 2")
		level(t, s, "TEA", shop.Berlin, 13, 7, 0)
	})
}

func TestAnOrderThatBecomesUrgentMovesUp(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		first, second := s.Place(shop.Of("TEA", 2)), s.Place(shop.Of("TEA", 2), shop.Of("RARE", 1))
		s.Receive("RARE", shop.Berlin, 1)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ChangeOrder(s.Ctx, tx, second.ID, 0, func(o *order.Order) error { return o.Prioritize(9) })
			return err
		})
		shop.Equal(t, "priority of its work", s.WorkAt(second, shop.Berlin).Priority, 9)
		s.Receive("TEA", shop.Berlin, 2)
		work(t, s, first)
		work(t, s, second, "BER open 3")
	})
}

func TestGoodsThatComeElsewhereAreSentFromThere(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		yes, no := true, false
		s.AddVariant("VASE", "20.00", func(v *catalog.VariantInput) { v.Backorder, v.MaySplit = &yes, &no })
		o := s.Place(shop.Of("VASE", 3))
		s.Receive("VASE", shop.Munich, 2)
		work(t, s, o, "MUC open 2")
		level(t, s, "VASE", shop.Munich, 2, 2, 1) // the rest is awaited there, too: the line may not be split
		s.Receive("VASE", shop.Berlin, 5)
		work(t, s, o, "MUC open 2")
		s.Receive("VASE", shop.Munich, 5)
		work(t, s, o, "MUC open 3")
	})
}

func TestLinesThatMayBeSplitAreFilledFromAnywhere(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.SplitLines()
		s.Receive("TEA", shop.Berlin, 1)
		o := s.Place(shop.Of("TEA", 3))
		s.Receive("TEA", shop.Munich, 5)
		work(t, s, o, "BER open 1", "MUC open 2")
	})
}

func TestALineThatMayNotBeSplitWaitsWhereTheRestIs(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		yes, no := true, false
		s.AddVariant("JAR", "9.00", func(v *catalog.VariantInput) { v.Backorder, v.MaySplit = &yes, &no })
		s.SplitLines()
		s.Receive("JAR", shop.Berlin, 1)
		o := s.Place(shop.Of("JAR", 3))
		s.Receive("JAR", shop.Munich, 5)
		work(t, s, o, "BER open 1")
		level(t, s, "JAR", shop.Munich, 5, 0, 0)
		s.Receive("JAR", shop.Berlin, 5)
		work(t, s, o, "BER open 3")
	})
}

// aKit is a kit of which all parts must be sent together, and may be owed.
func aKit(s *shop.Shop) {
	yes, no := true, false
	s.AddVariant("CUP", "5.00", func(v *catalog.VariantInput) { v.Backorder = &yes })
	s.AddVariant("BOX", "30.00", func(v *catalog.VariantInput) {
		kit := catalog.Kit
		v.Kind, v.MaySplit, v.Components = &kit, &no, &[]catalog.ComponentInput{{SKU: "CUP", Quantity: 2}, {SKU: "TEA", Quantity: 1}}
	})
}

func TestAKitIsFilledWhole(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		aKit(s)
		s.Receive("CUP", shop.Berlin, 6)
		s.Receive("CUP", shop.Munich, 6)
		o := s.Place(shop.Of("BOX", 2))
		level(t, s, "CUP", shop.Berlin, 6, 0, 4) // half a kit is no use to anybody
		s.Receive("TEA", shop.Munich, 1)
		work(t, s, o, "MUC open 3")
		level(t, s, "CUP", shop.Munich, 6, 2, 2)
		level(t, s, "TEA", shop.Munich, 1, 1, 1)
		s.Receive("TEA", shop.Munich, 1)
		work(t, s, o, "MUC open 6")
		s.Pay(o)
		s.Ship(o)
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCompleted)
	})
}

func TestAKitThatLostAPartIsCompletedWhereItIs(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		aKit(s)
		s.Receive("CUP", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 2)
		o := s.Place(shop.Of("BOX", 2))
		s.Adjust("CUP", shop.Berlin, -3)
		level(t, s, "CUP", shop.Berlin, 1, 1, 3)
		s.Receive("CUP", shop.Munich, 9)
		work(t, s, o, "BER open 3")
		s.Receive("CUP", shop.Berlin, 2)
		level(t, s, "CUP", shop.Berlin, 3, 2, 2) // the third makes no kit
		s.Receive("CUP", shop.Berlin, 1)
		work(t, s, o, "BER open 6")
	})
}

func TestPartsOfAKitMayBeCancelledBeforeItIsAccepted(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		aKit(s)
		s.Receive("CUP", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		o := s.PlaceWith(func(p *flow.Placement) { p.Status = order.StatusDraft }, shop.Of("BOX", 2))
		o = s.Cancel(o, shop.Of("CUP", 1))
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Accept(s.Ctx, tx, o.ID, 0, order.StatusOpen, false)
			return err
		})
		work(t, s, o, "BER open 5")
	})
}

func TestAWriteOffTakesTheNewestPromises(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 6)
		old, young := s.Place(shop.Of("MUG", 3)), s.Place(shop.Of("MUG", 3))
		shop.Want(t, pick(s, s.WorkAt(young, shop.Berlin), s.Units(young, shop.Of("MUG", 2))), "")
		s.Adjust("MUG", shop.Berlin, -2)
		level(t, s, "MUG", shop.Berlin, 4, 4, 2)
		work(t, s, old, "BER open 3")
		work(t, s, young, "BER in_progress 1")
		shop.Equal(t, "in work", s.Line(young, "MUG").InWork, 1)
		s.Receive("MUG", shop.Berlin, 1)
		work(t, s, young, "BER in_progress 1", "BER open 1")
		shop.Want(t, s.TryAdjust("MUG", shop.Berlin, -9), "inventory.shortage") // it never was there
	})
}

func TestAWriteOffIsMadeGoodFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 3)
		o := s.Place(shop.Of("MUG", 3))
		s.Receive("MUG", shop.Hamburg, 3)
		s.Adjust("MUG", shop.Berlin, -3)
		work(t, s, o, "BER cancelled 0", "HAM open 3")
	})
}

// A physical fact is never refused: what is packed and not there is unpacked, and waits. Orders that are not packed
// give way first.
func TestPackedGoodsAreWrittenOff(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 3))
		var packed *fulfillment.Shipment
		s.Write(func(tx *db.Tx) (err error) {
			packed, err = flow.Pack(s.Ctx, tx, s.WorkAt(o, shop.Berlin).ID, 0, s.Units(o, shop.Of("MUG", 2)), fulfillment.Carriage{})
			return err
		})
		status := func() fulfillment.ShipmentStatus {
			now, err := fulfillment.Shipments(s.Ctx, s.DB, packed.ID)
			if err != nil {
				t.Fatal(err)
			}
			return now[0].Status
		}
		s.Adjust("MUG", shop.Berlin, -3)
		shop.Equal(t, "shipment", status(), fulfillment.ShipmentPacking)
		s.Adjust("MUG", shop.Berlin, -1)
		shop.Equal(t, "shipment", status(), fulfillment.ShipmentVoided)
		level(t, s, "MUG", shop.Berlin, 1, 1, 2)
		shop.Equal(t, "backordered", s.Line(o, "MUG").Backordered, 2)
		s.Ship(o)
		level(t, s, "MUG", shop.Berlin, 0, 0, 2)
	})
}

func TestAnAdjustmentIsUndoneOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 3, "4.00")
		o := s.Place(shop.Of("TEA", 3))
		var booked []inventory.Movement
		s.Write(func(tx *db.Tx) (err error) {
			booked, err = flow.AdjustStock(s.Ctx, tx, []inventory.Posting{{
				Variant: s.Variant("TEA"), Location: s.Location(shop.Berlin), Quantity: -2, Reason: "stolen",
			}})
			return err
		})
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 2)
		shop.Equal(t, "written off", s.Balance(accounting.WriteOffs), 800)
		undo := func() error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.UndoAdjustments(s.Ctx, tx, []id.Movement{booked[0].ID}, "found")
				return err
			})
		}
		shop.Want(t, undo(), "")
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 0)
		shop.Want(t, undo(), "inventory.undone")
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 1200)
	})
}

func TestCountsAndStatesReachTheOrders(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 5, "4.00")
		o := s.Place(shop.Of("TEA", 5))
		key := inventory.Count{Variant: s.Variant("TEA"), Location: s.Location(shop.Berlin), OnHand: 4}
		s.Write(func(tx *db.Tx) error {
			_, err := flow.CountStock(s.Ctx, tx, []inventory.Count{key})
			return err
		})
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 1)
		change := func(from, to inventory.State, n int64) {
			s.Write(func(tx *db.Tx) error {
				_, err := flow.ChangeState(s.Ctx, tx, []inventory.Reclass{{Variant: key.Variant, Location: key.Location, From: from, To: to, Quantity: n, Reason: "wet"}})
				return err
			})
		}
		change(inventory.Sellable, inventory.Damaged, 2)
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 3)
		change(inventory.Damaged, inventory.Sellable, 1)
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 2)
		level(t, s, "TEA", shop.Berlin, 4, 3, 2)
	})
}

func TestATransferFromDraftToEnd(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 9, "4.00")
		move := s.Transfer(shop.Berlin, shop.Munich, shop.Of("TEA", 6))
		step := func(do func(tx *db.Tx) (*inventory.Transfer, error)) error {
			return s.Try(func(tx *db.Tx) (err error) {
				t, err := do(tx)
				if err == nil {
					move = t
				}
				return err
			})
		}
		ready := func(tx *db.Tx) (*inventory.Transfer, error) {
			return flow.ReadyTransfer(s.Ctx, tx, move.ID, move.Version)
		}
		shop.Want(t, step(ready), "")
		level(t, s, "TEA", shop.Berlin, 9, 6, 0)
		o := s.PlaceWith(func(p *flow.Placement) { p.ShipTo = shop.InMunich }, shop.Of("TEA", 5))
		level(t, s, "TEA", shop.Berlin, 9, 9, 2)

		shop.Want(t, step(func(tx *db.Tx) (*inventory.Transfer, error) {
			return flow.ShipTransfer(s.Ctx, tx, move.ID, 0, map[id.TransferLine]int64{move.Lines[0].ID: 5})
		}), "")
		// The unit that stayed is free, and goes to the one who waits.
		level(t, s, "TEA", shop.Berlin, 4, 4, 1)
		shop.Equal(t, "incoming", s.Level("TEA", shop.Munich).Incoming, 5)
		arrive := func(n int64) error {
			return step(func(tx *db.Tx) (*inventory.Transfer, error) {
				return flow.ReceiveTransfer(s.Ctx, tx, move.ID, 0, []inventory.Arrival{{Line: move.Lines[0].ID, Quantity: n}})
			})
		}
		shop.Want(t, arrive(3), "")
		shop.Want(t, arrive(3), "transfer.too_many")
		level(t, s, "TEA", shop.Munich, 3, 1, 0) // the last unit of the order, which may be split
		shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 0)
		shop.Want(t, step(func(tx *db.Tx) (*inventory.Transfer, error) {
			return flow.CloseTransfer(s.Ctx, tx, move.ID, 0, "fell off the lorry")
		}), "")
		shop.Equal(t, "written off", s.Balance(accounting.WriteOffs), 800)
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 2800)
		shop.Want(t, step(ready), "transfer.wrong_state")
	})
}

func TestACancelledTransferGivesItsStockBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 4, "4.00")
		for _, c := range []struct {
			ship bool
			end  inventory.CancelEnd
			want string
		}{{ship: false}, {ship: true, want: "transfer.choose"}, {ship: true, end: inventory.ReturnToSource}} {
			move := s.Transfer(shop.Berlin, shop.Munich, shop.Of("TEA", 4))
			s.Write(func(tx *db.Tx) error {
				_, err := flow.ReadyTransfer(s.Ctx, tx, move.ID, 0)
				if err == nil && c.ship {
					_, err = flow.ShipTransfer(s.Ctx, tx, move.ID, 0, nil)
				}
				return err
			})
			o := s.Place(shop.Of("TEA", 4))
			shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 4)
			err := s.Try(func(tx *db.Tx) error {
				_, err := flow.CancelTransfer(s.Ctx, tx, move.ID, 0, c.end, "not wanted")
				return err
			})
			shop.Want(t, err, c.want)
			if c.want != "" {
				s.Write(func(tx *db.Tx) error {
					_, err := flow.CancelTransfer(s.Ctx, tx, move.ID, 0, inventory.ReturnToSource, "not wanted")
					return err
				})
			}
			shop.Equal(t, "backordered", s.Line(o, "TEA").Backordered, 0)
			work(t, s, o, "BER open 4")
			s.Cancel(o)
		}
		level(t, s, "TEA", shop.Berlin, 4, 0, 0)
	})
}

// What is found of goods that were never bought is worth what the catalog says that they cost. Where it does not, that
// is told.
func TestWhatIsFoundHasTheCatalogsCost(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		cost := shop.Price(t, "4.20")
		s.AddVariant("PLATE", "9.00", func(v *catalog.VariantInput) { v.Cost = &cost })
		s.AddVariant("BOWL", "9.00", func(v *catalog.VariantInput) {
			v.Purchase = &[]catalog.PurchaseInput{{Supplier: "Kiln", Currency: "EUR", Amount: shop.Price(t, "7")}}
		})
		s.AddVariant("SPOON", "9.00", nil)
		count := func(n int64, skus ...string) {
			t.Helper()
			var counts []inventory.Count
			for _, sku := range skus {
				counts = append(counts, inventory.Count{Variant: s.Variant(sku), Location: s.Location(shop.Berlin), OnHand: n})
			}
			s.Write(func(tx *db.Tx) error {
				_, err := flow.CountStock(s.Ctx, tx, counts)
				return err
			})
		}
		count(2, "PLATE", "BOWL", "SPOON")
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 2*4_20+2*7_00)
		var told []string
		for _, sku := range []string{"PLATE", "BOWL", "SPOON"} {
			events, err := event.Of(s.Ctx, s.DB, s.Variant(sku), 100)
			shop.Want(t, err, "")
			for _, e := range events {
				if e.Kind == "inventory.found_without_cost" {
					told = append(told, sku)
				}
			}
		}
		shop.Equal(t, "without cost", fmt.Sprint(told), "[SPOON]")
		s.Receive("PLATE", shop.Berlin, 2, "5.20")
		count(5, "PLATE") // at the average of 4.70 now
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 2*4_20+2*5_20+4_70+2*7_00)
	})
}
