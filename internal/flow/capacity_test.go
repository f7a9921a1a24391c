package flow_test

import (
	"fmt"
	"testing"

	"purser/internal/domain/inventory"
	"purser/internal/test/shop"
)

// The last place of a location's day is given away once.
func TestACapacityIsGivenOutOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		const buyers, capacity = 24, 5
		relocate(s, shop.Berlin, func(l *inventory.Location) { l.Capacity = capacity })
		skus := make([]string, buyers)
		for i := range skus {
			skus[i] = fmt.Sprintf("ITEM-%d", i)
			s.AddVariant(skus[i], "5.00", nil)
			s.Receive(skus[i], shop.Berlin, 1)
			s.Receive(skus[i], shop.Munich, 1)
		}
		got := tally(t, atOnce(buyers, func(i int) error {
			_, err := s.TryPlace(nil, shop.Of(skus[i], 1))
			return err
		}))
		shop.Equal(t, "accepted", got[""], buyers)
		var berlin int64
		for _, sku := range skus {
			berlin += s.Level(sku, shop.Berlin).Committed
		}
		shop.Equal(t, "parcels from Berlin", berlin, capacity)
	})
}
