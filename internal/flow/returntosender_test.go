package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/test/shop"
)

// A parcel that comes back by itself is a return of all that is in it, once.
func TestAParcelThatComesBackIsAReturn(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 3)
		s.Receive("TEA", shop.Munich, 1)
		o := sold(s, shop.Of("MUG", 3), shop.Of("TEA", 1))
		var parcel *fulfillment.Shipment
		byOrder, err := fulfillment.ShipmentsByOrder(s.Ctx, s.DB, []id.Order{o.ID})
		shop.Want(t, err, "")
		for _, x := range byOrder[o.ID] {
			if x.Location == s.Location(shop.Berlin) {
				parcel = x
			}
		}
		line := s.Line(o, "MUG").ID
		sendBack(s, o, flow.RequestedUnits{Line: line, Quantity: 1})
		at := s.Now()
		track(s, parcel, fulfillment.TrackingFailedAttempt, at)
		track(s, parcel, fulfillment.TrackingReturned, at.Add(time.Minute))
		track(s, parcel, fulfillment.TrackingInTransit, at.Add(2*time.Minute))
		track(s, parcel, fulfillment.TrackingReturned, at.Add(3*time.Minute))
		all, err := returns.ByOrder(s.Ctx, s.DB, []id.Order{o.ID})
		shop.Want(t, err, "")
		shop.Equal(t, "returns", len(all[o.ID]), 2)
		r := all[o.ID][1]
		shop.Equal(t, "status", r.Status, returns.InTransit)
		shop.Equal(t, "shipment", r.Shipment, parcel.ID)
		shop.Equal(t, "units", r.Lines[0].Quantity, 2)
		shop.Equal(t, "returns of the order", s.Order(o).OpenReturns, 2)
		_, err = refundReturn(s, flow.ReturnRefund{Return: arrive(s, r).ID})
		shop.Want(t, err, "")
		shop.Equal(t, "refunded", s.Order(o).Refunded, 2500)
	})
}
