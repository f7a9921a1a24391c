package flow_test

import (
	"testing"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func mergeParcel(s *shop.Shop, orders ...*order.Order) (p *fulfillment.Parcel, err error) {
	s.T.Helper()
	var work []id.Fulfillment
	for _, o := range orders {
		work = append(work, s.WorkAt(o, shop.Berlin).ID)
	}
	err = s.Try(func(tx *db.Tx) (err error) {
		p, err = flow.MergeParcel(s.Ctx, tx, work)
		return err
	})
	return p, err
}

// onParcel does a step of a parcel.
func onParcel(s *shop.Shop, p *fulfillment.Parcel, step func(tx *db.Tx) (*fulfillment.Parcel, error)) (*fulfillment.Parcel, error) {
	var now *fulfillment.Parcel
	err := s.Try(func(tx *db.Tx) (err error) {
		now, err = step(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return now, nil
}

// Orders of one customer leave in one box under one label: each keeps its shipment and invoice, they share the cost, and
// what is said of one is true of all. Nobody is charged, or told, for another.
func TestOrdersLeaveInOneParcel(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 9)
		one, two := s.Place(shop.Of("MUG", 2)), s.Place(shop.Of("TEA", 1))
		s.Authorize(one)
		s.Authorize(two)
		mates, err := flow.ParcelMates(s.Ctx, s.DB, s.WorkAt(one, shop.Berlin))
		if err != nil || len(mates) != 1 || mates[0].Order != two.ID {
			t.Fatal(mates, err)
		}
		p, err := mergeParcel(s, one, two)
		shop.Want(t, err, "")
		shop.Equal(t, "status", p.Status(), fulfillment.ParcelPacking)
		way := fulfillment.Carriage{Carrier: "DHL", TrackingNumber: "JJD1", Cost: 500}
		p, err = onParcel(s, p, func(tx *db.Tx) (*fulfillment.Parcel, error) { return flow.LabelParcel(s.Ctx, tx, p.ID, p.Version, way) })
		shop.Want(t, err, "")
		shop.Equal(t, "shares", [2]int64{p.Shipments[0].Cost, p.Shipments[1].Cost}, [2]int64{333, 167})
		_, err = onParcel(s, p, func(tx *db.Tx) (*fulfillment.Parcel, error) { return flow.UnmergeParcel(s.Ctx, tx, p.ID, 0) })
		shop.Want(t, err, "parcel.labelled")

		var left []*fulfillment.Shipment
		s.Write(func(tx *db.Tx) (err error) { // naming one sends the box
			left, err = flow.Dispatch(s.Ctx, tx, p.Shipments[1].ID)
			return err
		})
		shop.Equal(t, "left", len(left), 2)
		shop.Equal(t, "the first is the one that was named", left[0].ID, p.Shipments[1].ID)
		s.Settle(one)
		s.Settle(two)
		for _, o := range []*order.Order{one, two} {
			now := s.Order(o)
			shop.Equal(t, "status", now.Status, order.StatusCompleted)
			shop.Equal(t, "invoiced", now.Invoiced, now.Total)
			shop.Equal(t, "captured", now.Captured, now.Total)
			shop.Equal(t, "invoices", len(s.Invoices(o)), 1)
		}
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Track(s.Ctx, tx, []fulfillment.TrackingEvent{{Shipment: p.Shipments[0].ID, Status: fulfillment.TrackingDelivered, Source: "dhl", At: tx.Now()}})
			return err
		})
		p, err = fulfillment.GetParcel(s.Ctx, s.DB, p.ID)
		shop.Want(t, err, "")
		shop.Equal(t, "status", p.Status(), fulfillment.ParcelDelivered)
		shop.Equal(t, "delivered of the second", s.Line(two, "TEA").Delivered, 1)
		_, err = onParcel(s, p, func(tx *db.Tx) (*fulfillment.Parcel, error) { return flow.VoidParcel(s.Ctx, tx, p.ID, 0, "oops") })
		shop.Want(t, err, "parcel.delivered")
	})
}

// A parcel is taken apart until it has its label, and unpacked until it has left. What is gone of one order leaves the
// others in the box.
func TestAParcelIsTakenApart(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Berlin, 4)
		one, two, three := s.Place(shop.Of("MUG", 2)), s.Place(shop.Of("TEA", 1)), s.Place(shop.Of("TEA", 3))
		p, err := mergeParcel(s, one, two)
		shop.Want(t, err, "")
		p, err = onParcel(s, p, func(tx *db.Tx) (*fulfillment.Parcel, error) { return flow.UnmergeParcel(s.Ctx, tx, p.ID, p.Version) })
		shop.Want(t, err, "")
		shop.Equal(t, "status", p.Status(), fulfillment.ParcelUnmerged)
		shipments, err := fulfillment.ShipmentsByOrder(s.Ctx, s.DB, []id.Order{one.ID, two.ID})
		shop.Want(t, err, "")
		for _, o := range []*order.Order{one, two} {
			shop.Equal(t, "packed on its own", shipments[o.ID][0].Status, fulfillment.ShipmentPacking)
			s.Write(func(tx *db.Tx) error {
				_, err := flow.VoidShipment(s.Ctx, tx, shipments[o.ID][0].ID, 0, "again")
				return err
			})
		}

		p, err = mergeParcel(s, one, two, three)
		shop.Want(t, err, "")
		way := fulfillment.Carriage{Carrier: "DHL", TrackingNumber: "JJD1", Cost: 600}
		label := func(tx *db.Tx) (*fulfillment.Parcel, error) { return flow.LabelParcel(s.Ctx, tx, p.ID, 0, way) }
		_, err = onParcel(s, p, label)
		shop.Want(t, err, "")
		s.Adjust("TEA", shop.Berlin, -3) // the newest promise breaks: its shipment is voided
		p, err = fulfillment.GetParcel(s.Ctx, s.DB, p.ID)
		shop.Want(t, err, "")
		shop.Equal(t, "in the box", len(p.Live()), 2)
		s.Verify()
		p, err = onParcel(s, p, label) // a new label is shared by those that are left
		shop.Want(t, err, "")
		shop.Equal(t, "shares", [2]int64{p.Shipments[0].Cost, p.Shipments[1].Cost}, [2]int64{400, 200})
		p, err = onParcel(s, p, func(tx *db.Tx) (*fulfillment.Parcel, error) { return flow.VoidParcel(s.Ctx, tx, p.ID, 0, "too small") })
		shop.Want(t, err, "")
		shop.Equal(t, "status", p.Status(), fulfillment.ParcelVoided)
		shop.Equal(t, "picked", s.WorkAt(one, shop.Berlin).Lines[0].Picked, 2)
		s.Ship(one)
	})
}

func TestWhatDoesNotGoInOneParcel(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		s.Receive("TEA", shop.Munich, 9)
		one, held, away := s.Place(shop.Of("MUG", 1)), s.Place(shop.Of("MUG", 1)), s.Place(shop.Of("MUG", 1))
		s.Hold(held, order.Hold{})
		elsewhere := s.PlaceWith(func(p *flow.Placement) { p.ShipTo = shop.InHamburg }, shop.Of("MUG", 1))
		stranger := s.PlaceWith(func(p *flow.Placement) { p.Customer = id.Customer{} }, shop.Of("MUG", 1))
		for _, other := range []struct {
			order *order.Order
			code  string
		}{{held, "order.on_hold"}, {elsewhere, "parcel.apart"}, {stranger, "parcel.apart"}, {one, "parcel.too_few"}} {
			_, err := mergeParcel(s, one, other.order)
			shop.Want(t, err, other.code)
		}
		far := s.Place(shop.Of("TEA", 1))
		shop.Want(t, s.Try(func(tx *db.Tx) error {
			_, err := flow.MergeParcel(s.Ctx, tx, []id.Fulfillment{s.WorkAt(one, shop.Berlin).ID, s.WorkAt(far, shop.Munich).ID})
			return err
		}), "parcel.apart")
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.Pickup = true })
		fetched := s.PlaceWith(func(p *flow.Placement) { p.Pickup, p.ShipTo = s.Location(shop.Berlin), order.Address{} }, shop.Of("MUG", 1))
		mates, err := flow.ParcelMates(s.Ctx, s.DB, s.WorkAt(fetched, shop.Berlin))
		shop.Want(t, err, "")
		shop.Equal(t, "mates of what is fetched", len(mates), 0)
		for _, pair := range [][]*order.Order{{one, fetched}, {fetched, one}} {
			_, err := mergeParcel(s, pair...)
			shop.Want(t, err, "parcel.apart")
		}
		_, err = mergeParcel(s, one, away)
		shop.Want(t, err, "")
	})
}
