package inventory_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/inventory"
	"purser/internal/platform/db"
	"purser/internal/test/dbtest"
)

// deadlocks is how many deadlocks PostgreSQL has broken in this database.
func (s *shop) deadlocks() int64 {
	s.t.Helper()
	n, err := db.Get[int64](s.t.Context(), s.d, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// crowd runs fn in n goroutines that start together, and returns how many
// succeeded. An error other than a fault with one of the codes fails the test.
func (s *shop) crowd(n int, fn func(i int) error, codes ...string) int64 {
	s.t.Helper()
	var succeeded atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := fn(i)
			if err == nil {
				succeeded.Add(1)
				return
			}
			for _, code := range codes {
				if fault.Is(err, code) {
					return
				}
			}
			s.t.Error(err)
		})
	}
	close(start)
	wg.Wait()
	return succeeded.Load()
}

func TestManyBuyersOfTheLastUnits(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const buyers, units = 64, 23
		v := variant()
		s.receive(v, s.reno, units)
		got := s.crowd(buyers, func(i int) error {
			return s.write(func(tx *db.Tx) error {
				// Half of them look first, as the placing of an order does.
				if i%2 == 0 {
					if _, err := inventory.Lock(t.Context(), tx, []id.Variant{v}); err != nil {
						return err
					}
				}
				return inventory.Reserve(t.Context(), tx, []inventory.Claim{claim(demand(), v, s.reno, 1, "stock")})
			})
		}, "inventory.shortage")
		if got != units {
			t.Errorf("%d buyers got one of %d units", got, units)
		}
		s.wantLevel(v, s.reno, counts{OnHand: units, Committed: units})
		s.sound()
		if s.d.Postgres() && s.deadlocks() > 0 {
			t.Errorf("%d deadlocks", s.deadlocks())
		}
	})
}

// Carts that overlap in every order, at levels that are there and at such that
// are made on the way, wait for each other and never for ever.
func TestOverlappingCartsDoNotDeadlock(t *testing.T) {
	s := newShop(t, dbtest.Postgres(t))
	const clients, carts = 16, 25
	variants := make([]id.Variant, 12)
	for i := range variants {
		variants[i] = variant()
		s.receive(variants[i], s.reno, 1_000)
	}
	s.crowd(clients, func(i int) error {
		rnd := rand.New(rand.NewPCG(1, uint64(i)))
		for range carts {
			if err := s.cart(t.Context(), rnd, variants); err != nil {
				return err
			}
		}
		return nil
	}, "inventory.shortage")
	if n := s.deadlocks(); n > 0 {
		t.Errorf("%d deadlocks", n)
	}
	s.sound()
}

// cart reserves random variants at random places and ships a part of them.
func (s *shop) cart(ctx context.Context, rnd *rand.Rand, variants []id.Variant) error {
	var claims []inventory.Claim
	var outs []inventory.Out
	var all []id.Variant
	for range 2 + rnd.IntN(8) {
		c := claim(demand(), variants[rnd.IntN(len(variants))], s.reno, 1+rnd.Int64N(3), "stock")
		if rnd.IntN(3) == 0 {
			c.Location, c.Kind = []id.Location{s.ulm, s.loose}[rnd.IntN(2)], "backorder"
		} else if rnd.IntN(2) == 0 {
			outs = append(outs, inventory.Out{Demand: c.Demand, Variant: c.Variant, Location: c.Location, Quantity: c.Quantity})
		}
		claims = append(claims, c)
		all = append(all, c.Variant)
	}
	return s.write(func(tx *db.Tx) error {
		if rnd.IntN(2) == 0 {
			if _, err := inventory.Lock(ctx, tx, all); err != nil {
				return err
			}
		}
		if err := inventory.Reserve(ctx, tx, claims); err != nil {
			return err
		}
		_, err := inventory.Ship(ctx, tx, book, outs)
		return err
	})
}

func TestShipAgainstReleaseOfOneClaim(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		for range 8 {
			v, d := variant(), demand()
			s.receive(v, s.reno, 1)
			s.mustReserve(claim(d, v, s.reno, 1, "stock"))
			var shipped, released atomic.Int64
			s.crowd(8, func(i int) error {
				if i%2 == 0 {
					err := s.write(func(tx *db.Tx) error {
						_, err := inventory.Ship(t.Context(), tx, book, []inventory.Out{{Demand: d, Variant: v, Location: s.reno, Quantity: 1}})
						return err
					})
					if err == nil {
						shipped.Add(1)
					}
					return err
				}
				err := s.write(func(tx *db.Tx) error {
					return inventory.Release(t.Context(), tx, []inventory.Claim{claim(d, v, s.reno, 1, "stock")})
				})
				if err == nil {
					released.Add(1)
				}
				return err
			}, "inventory.not_reserved")
			if shipped.Load()+released.Load() != 1 {
				t.Errorf("one claim was shipped %d times and released %d times", shipped.Load(), released.Load())
			}
			s.wantLevel(v, s.reno, counts{OnHand: 1 - shipped.Load()})
		}
		s.sound()
	})
}

// Whoever receives a new variant first makes its level and its value.
func TestFirstStockOfAVariantFromManySides(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v, w := variant(), variant()
		got := s.crowd(24, func(i int) error {
			return s.write(func(tx *db.Tx) error {
				_, err := inventory.Post(t.Context(), tx, book, []inventory.Posting{
					{Variant: []id.Variant{v, w}[i%2], Location: s.reno, Kind: "receive", Quantity: 1, UnitCost: micros(t, "1")},
					{Variant: []id.Variant{w, v}[i%2], Location: s.reno, Kind: "receive", Quantity: 1, UnitCost: micros(t, "1")},
				})
				return err
			})
		})
		if got != 24 || s.level(v, s.reno).OnHand != 24 || s.worth(w).Value != 2400 {
			t.Errorf("%d receipts, the level is %+v, worth %+v", got, s.level(v, s.reno), s.worth(w))
		}
		s.sound()
	})
}

func TestAnAdjustmentIsUndoneOnceByMany(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		v := variant()
		moved, _, err := s.adjust(inventory.Posting{Variant: v, Location: s.reno, Quantity: 7, Reason: "found"})
		if err != nil {
			t.Fatal(err)
		}
		got := s.crowd(12, func(int) error {
			return s.write(func(tx *db.Tx) error {
				_, _, err := inventory.Undo(t.Context(), tx, book, []id.Movement{moved[0].ID}, "")
				return err
			})
		}, "inventory.undone")
		if got != 1 || s.level(v, s.reno).OnHand != 0 {
			t.Errorf("undone %d times, %d are left", got, s.level(v, s.reno).OnHand)
		}
		s.sound()
	})
}
