package flow_test

import (
	"purser/internal/base/id"
	"testing"
	"time"

	"purser/internal/domain/accounting"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/domain/payment"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func TestEachShipmentIsInvoicedAndCaptured(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9, "5.00")
		o := s.PlaceWith(func(p *flow.Placement) {
			p.Charges = []order.DraftCharge{{Kind: order.ChargeShipping, Title: "Post", Amount: 490, TaxRate: shop.VAT}}
			p.Discounts = []order.DraftDiscount{{Kind: order.DiscountPercent, Rate: 100_000, Code: "TEN"}}
		}, shop.Of("MUG", 3), shop.Of("WRAP", 1))
		p := s.Authorize(o)
		shop.Equal(t, "payment", s.Order(o).PaymentStatus, order.PaymentAuthorized)

		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		s.Settle(o)
		first := s.Order(o)
		shop.Equal(t, "captured", first.Captured, 1125+270+490)
		shop.Equal(t, "payment", s.Payment(p).Status, payment.StatusPartiallyCaptured)
		shop.Equal(t, "cost of goods", s.Balance(accounting.CostOfGoods), 500)

		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 2))
		s.Settle(o)
		o = s.Order(o)
		shop.Equal(t, "captured", o.Captured, o.Total)
		shop.Equal(t, "status", o.Status, order.StatusCompleted)
		docs := s.Invoices(o)
		shop.Equal(t, "invoices", len(docs), 2)
		shop.Equal(t, "invoiced", docs[0].Total+docs[1].Total, o.Total)
		for _, d := range docs {
			shop.Equal(t, "invoice "+d.Name(), d.Status, accounting.InvoiceStatus("paid"))
		}
		captures := 0
		for _, x := range s.Payment(p).Transactions {
			if x.Kind == payment.KindCapture {
				captures++
			}
		}
		shop.Equal(t, "captures", captures, 2)
		shop.Equal(t, "receivable", s.Balance(accounting.Receivable), 0)
		shop.Equal(t, "stock", s.Balance(accounting.Stock), 3000)
	})
}

func TestPickPackAndDispatch(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 5))
		s.Pay(o)
		f := s.WorkAt(o, shop.Berlin)
		some := func(n int64) fulfillment.Quantities { return s.Units(o, shop.Of("MUG", n)) }
		shop.Want(t, pick(s, f, some(4)), "")
		shop.Want(t, pick(s, f, some(2)), "fulfillment.too_many")
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentInProgress)
		unpick := func(n int64) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Unpick(s.Ctx, tx, f.ID, 0, some(n))
				return err
			})
		}
		shop.Want(t, unpick(2), "")
		shop.Want(t, unpick(3), "fulfillment.too_many")

		pack := func(q fulfillment.Quantities) (made *fulfillment.Shipment) {
			s.Write(func(tx *db.Tx) (err error) {
				made, err = flow.Pack(s.Ctx, tx, f.ID, 0, q, fulfillment.Carriage{Carrier: "DHL"})
				return err
			})
			return made
		}
		first, second := pack(some(2)), pack(nil)
		shop.Equal(t, "packed units", second.Units(), 3)
		level(t, s, "MUG", shop.Berlin, 9, 5, 0) // packing moves no stock

		dispatch := func(x *fulfillment.Shipment) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.Dispatch(s.Ctx, tx, x.ID)
				return err
			})
		}
		shop.Want(t, dispatch(first), "")
		level(t, s, "MUG", shop.Berlin, 7, 3, 0)
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentPartiallyFulfilled)
		shop.Want(t, dispatch(first), "shipment.shipped")
		s.Hold(o, order.Hold{})
		shop.Want(t, dispatch(second), "order.on_hold")
		s.Write(func(tx *db.Tx) error {
			_, err := flow.ChangeOrder(s.Ctx, tx, o.ID, 0, func(o *order.Order) error { o.ReleaseReason(order.HoldManual); return nil })
			return err
		})
		shop.Want(t, dispatch(second), "")
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
		shop.Equal(t, "status", s.Order(o).Status, order.StatusCompleted)
	})
}

func TestAVoidedParcelIsUnpacked(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 5))
		f := s.WorkAt(o, shop.Berlin)
		var packed *fulfillment.Shipment
		s.Write(func(tx *db.Tx) (err error) {
			packed, err = flow.Pack(s.Ctx, tx, f.ID, 0, nil, fulfillment.Carriage{})
			return err
		})
		shop.Want(t, s.TryCancel(o), "order.packed")
		void := func() error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.VoidShipment(s.Ctx, tx, packed.ID, packed.Version, "wrong box")
				return err
			})
		}
		shop.Want(t, void(), "")
		shop.Want(t, void(), "fulfillment.stale")
		o = s.Cancel(o)
		shop.Equal(t, "status", o.Status, order.StatusCancelled)
		level(t, s, "MUG", shop.Berlin, 9, 0, 0)
	})
}

func TestGoodsAreInWorkWhereSomebodyWorksOnThem(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.SplitLines()
		s.Receive("MUG", shop.Berlin, 3)
		s.Receive("MUG", shop.Munich, 2)
		o := s.Place(shop.Of("MUG", 5))
		work(t, s, o, "BER open 3", "MUC open 2")
		shop.Want(t, pick(s, s.WorkAt(o, shop.Munich), s.Units(o, shop.Of("MUG", 2))), "")
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 2)
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 4)
		s.ShipFrom(shop.Munich, o, shop.Of("MUG", 2))
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 2)
		s.Cancel(o)
		shop.Equal(t, "in work", s.Line(o, "MUG").InWork, 0)
	})
}

func TestABatchCountsTheWorkOfEachOfItsOrders(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 2)
		one := s.Place(shop.Of("TEA", 4))
		shop.Want(t, pick(s, s.WorkAt(one, shop.Berlin), s.Units(one, shop.Of("TEA", 1))), "")
		s.Receive("TEA", shop.Berlin, 5) // a second job for the same line: the first has begun
		work(t, s, one, "BER in_progress 2", "BER open 2")
		two := s.Place(shop.Of("TEA", 3))

		var batch *fulfillment.PickBatch
		s.Write(func(tx *db.Tx) (err error) {
			var all []id.Fulfillment
			for _, o := range []*order.Order{one, two} {
				for _, f := range s.Work(o) {
					all = append(all, f.ID)
				}
			}
			batch, err = flow.NewBatch(s.Ctx, tx, s.Location(shop.Berlin), id.User{}, all)
			return err
		})
		s.Write(func(tx *db.Tx) error {
			var picks []fulfillment.Pick
			for _, l := range batch.Lines {
				picks = append(picks, fulfillment.Pick{Line: l.ID, Picked: l.Left()})
			}
			_, short, err := flow.PickInBatch(s.Ctx, tx, batch.ID, 0, picks)
			shop.Equal(t, "short", len(short), 0)
			return err
		})
		shop.Equal(t, "in work", s.Line(one, "TEA").InWork, 4)
		shop.Equal(t, "in work", s.Line(two, "TEA").InWork, 3)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.CloseBatch(s.Ctx, tx, batch.ID, false)
			return err
		})
		s.Ship(one)
		s.Ship(two)
		level(t, s, "TEA", shop.Berlin, 0, 0, 0)
	})
}

func TestTrackingTellsTheOrder(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 3))
		s.Pay(o)
		first := s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		second := s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 2))
		track := func(x *fulfillment.Shipment, status fulfillment.Tracking, at time.Time) {
			s.Write(func(tx *db.Tx) error {
				_, err := flow.Track(s.Ctx, tx, []fulfillment.TrackingEvent{{Shipment: x.ID, Status: status, Source: "DHL", At: at}})
				return err
			})
		}
		noon := s.Now().Add(time.Hour)
		track(first, fulfillment.TrackingDelivered, noon)
		track(first, fulfillment.TrackingInTransit, noon.Add(-time.Minute)) // late news
		track(first, fulfillment.TrackingDelivered, noon)                   // once more
		shop.Equal(t, "delivered", s.Line(o, "MUG").Delivered, 1)
		track(second, fulfillment.TrackingDelivered, noon)
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentDelivered)
	})
}

func TestAStaleVersionShipsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		o := s.Place(shop.Of("MUG", 3))
		f := s.WorkAt(o, shop.Berlin)
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "")
		_, err := s.TryShip(flow.Shipping{Fulfillment: f.ID, Version: f.Version})
		shop.Want(t, err, "fulfillment.stale")
		_, err = s.TryShip(flow.Shipping{Fulfillment: f.ID, Lines: s.Units(o, shop.Of("MUG", 4))})
		shop.Want(t, err, "fulfillment.too_many")
		level(t, s, "MUG", shop.Berlin, 9, 3, 0)
	})
}

func TestALocationMayShipWhatItWasNotKnownToHave(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.AddLocation("SHOP", func(l *inventory.Location) { l.AllowNegative = true })
		s.Receive("MUG", "SHOP", 2, "5.00")
		o := s.Place(shop.Of("MUG", 2))
		s.Adjust("MUG", "SHOP", -1) // the books now say less than is promised
		level(t, s, "MUG", "SHOP", 1, 2, 0)
		s.Ship(o)
		level(t, s, "MUG", "SHOP", -1, 0, 0)
		s.Receive("MUG", "SHOP", 5, "6.00")
		level(t, s, "MUG", "SHOP", 4, 0, 0)
	})
}
