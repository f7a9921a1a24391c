package flow_test

import (
	"fmt"
	"testing"

	"purser/internal/base/fault"
	"purser/internal/base/id"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/flow"
	"purser/internal/platform/auth"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// counting is a stock count in a shop, with short words for its steps.
type counting struct {
	*shop.Shop
	t     *testing.T
	id    id.Count
	scans int
}

// count drafts and starts a count of all that lies at a location.
func count(t *testing.T, s *shop.Shop, code string, more func(*inventory.NewCount)) *counting {
	t.Helper()
	n := inventory.NewCount{Location: s.Location(code), Kind: inventory.CountFull}
	if more != nil {
		more(&n)
	}
	c := &counting{Shop: s, t: t}
	s.Write(func(tx *db.Tx) error {
		made, err := inventory.CreateCount(s.Ctx, tx, n)
		if err != nil {
			return err
		}
		c.id = made.ID
		_, err = flow.StartCount(s.Ctx, tx, made.ID, 0)
		return err
	})
	return c
}

// find enters units of a SKU, or tells why not.
func (c *counting) find(sku string, n int64) error {
	c.scans++
	scan := flow.Scan{Code: sku, Quantity: n, Nothing: n == 0, Key: fmt.Sprintf("scan %d", c.scans)}
	return c.Try(func(tx *db.Tx) error {
		_, err := flow.EnterCount(c.Ctx, tx, c.id, []flow.Scan{scan})
		return err
	})
}

func (c *counting) found(sku string, n int64) {
	c.t.Helper()
	if err := c.find(sku, n); err != nil {
		c.t.Fatal(err)
	}
}

// do takes a step; a code is the fault that it must meet.
func (c *counting) do(code string, step func(tx *db.Tx) (*inventory.StockCount, error)) {
	c.t.Helper()
	err := c.Try(func(tx *db.Tx) error {
		_, err := step(tx)
		return err
	})
	wantFault(c.t, err, code)
}

func (c *counting) submit(code string) {
	c.t.Helper()
	c.do(code, func(tx *db.Tx) (*inventory.StockCount, error) { return flow.SubmitCount(c.Ctx, tx, c.id, 0, false) })
}

func (c *counting) post(code string) {
	c.t.Helper()
	c.do(code, func(tx *db.Tx) (*inventory.StockCount, error) { return flow.PostCount(c.Ctx, tx, c.id, 0) })
}

func (c *counting) recount(code string) {
	c.t.Helper()
	c.do(code, func(tx *db.Tx) (*inventory.StockCount, error) { return flow.Recount(c.Ctx, tx, c.id, 0, nil) })
}

func (c *counting) undo(code string) {
	c.t.Helper()
	c.do(code, func(tx *db.Tx) (*inventory.StockCount, error) {
		return flow.UndoCount(c.Ctx, tx, c.id, 0, "wrong shelf")
	})
}

// line is the line of a SKU.
func (c *counting) line(sku string) inventory.CountLine {
	c.t.Helper()
	lines, err := inventory.CountLines(c.Ctx, c.DB, c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, l := range lines {
		if l.Variant == c.Variant(sku) {
			return l
		}
	}
	c.t.Fatalf("%s is not counted", sku)
	return inventory.CountLine{}
}

func (c *counting) rules(change func(*inventory.CountRules)) {
	c.t.Helper()
	c.Write(func(tx *db.Tx) error {
		rules, err := inventory.LoadCountRules(c.Ctx, tx)
		if err != nil {
			return err
		}
		change(&rules)
		return inventory.SaveCountRules(c.Ctx, tx, rules)
	})
}

func wantFault(t *testing.T, err error, code string) {
	t.Helper()
	if code == "" && err != nil || code != "" && !fault.Is(err, code) {
		t.Errorf("got %v, want %q", err, code)
	}
}

func TestACountIsAwareOfWhatMovesMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 10, "4.00")
		s.Receive("TEA", shop.Berlin, 6, "2.00")
		o := s.Place(shop.Of("MUG", 3))
		s.Pay(o)
		c := count(t, s, shop.Berlin, nil)
		c.submit("count.uncounted")
		c.found("MUG", 8) // two are missing
		c.found("TEA", 4)
		c.found("TEA", 2)
		s.Ship(o) // leaves after it was counted
		s.Receive("MUG", shop.Berlin, 5)
		c.submit("")
		c.post("")
		level(t, s, "MUG", shop.Berlin, 10-3+5-2, 0, 0)
		level(t, s, "TEA", shop.Berlin, 6, 0, 0)
		shop.Equal(t, "posted of the mug", c.line("MUG").Posted, -2)
		wantFault(t, c.find("MUG", 1), "count.wrong_state")
		c.post("count.wrong_state")
	})
}

// What is picked lies with the packers: who counts the shelf does not find it.
func TestWhatIsPickedIsNotMissing(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		o := s.Place(shop.Of("MUG", 3))
		f := s.WorkAt(o, shop.Berlin)
		if err := pick(s, f, s.Units(o, shop.Of("MUG", 2))); err != nil {
			t.Fatal(err)
		}
		c := count(t, s, shop.Berlin, nil)
		c.found("MUG", 2)
		shop.Equal(t, "expected in the shelf", c.line("MUG").Expected, 3)
		c.submit("")
		c.post("")
		level(t, s, "MUG", shop.Berlin, 4, 3, 0)
		s.Ship(o)
	})
}

func TestACountThatFindsLessBreaksTheNewestPromises(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("TEA", shop.Berlin, 5)
		first, second := s.Place(shop.Of("TEA", 3)), s.Place(shop.Of("TEA", 2))
		c := count(t, s, shop.Berlin, nil)
		c.found("TEA", 4)
		c.submit("")
		c.post("")
		level(t, s, "TEA", shop.Berlin, 4, 4, 1)
		work(t, s, first, "BER open 3")
		work(t, s, second, "BER open 1")
		c.undo("")
		level(t, s, "TEA", shop.Berlin, 5, 5, 0) // the promise is kept again
		c.undo("count.wrong_state")
	})
}

func TestAnEntryIsCountedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		c := count(t, s, shop.Berlin, nil)
		for range 2 {
			s.Write(func(tx *db.Tx) error {
				_, err := flow.EnterCount(s.Ctx, tx, c.id, []flow.Scan{{Code: "MUG", Key: "a"}, {Code: "MUG", Quantity: 2, Key: "b"}, {Code: "MUG", Key: "a"}})
				return err
			})
		}
		shop.Equal(t, "counted", c.line("MUG").Counted, 3)
		wantFault(t, c.find("MUG", -4), "count.below_zero")
		wantFault(t, c.find("SET", 1), "count.no_stock")
		wantFault(t, c.find("NO-SUCH", 1), "catalog.unknown_code")
		c.found("RARE", 1) // nobody expected it
		shop.Equal(t, "expected of what was not there", c.line("RARE").Expected, 0)
		c.submit("")
		c.post("")
		level(t, s, "MUG", shop.Berlin, 3, 0, 0)
		level(t, s, "RARE", shop.Berlin, 1, 0, 0)
	})
}

func TestALineIsCountedAgain(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 4)
		c := count(t, s, shop.Berlin, nil)
		c.found("MUG", 1)
		c.found("TEA", 4)
		c.submit("")
		c.recount("")
		shop.Equal(t, "entries of the mug", c.line("MUG").Entries, 0)
		shop.Equal(t, "counted of the tea", c.line("TEA").Counted, 4)
		c.post("count.wrong_state")
		c.submit("count.uncounted")
		c.found("MUG", 4)
		c.submit("")
		c.recount("count.agrees")
		c.post("")
		level(t, s, "MUG", shop.Berlin, 4, 0, 0)
	})
}

// Two counts of one shelf do not book its difference twice.
func TestADifferenceIsBookedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 4)
		a, b := count(t, s, shop.Berlin, nil), count(t, s, shop.Berlin, nil)
		a.found("MUG", 3)
		b.found("MUG", 3)
		a.submit("")
		b.submit("")
		a.post("")
		b.post("count.uncounted")
		level(t, s, "MUG", shop.Berlin, 3, 0, 0)
		b.recount("")
		b.found("MUG", 3)
		s.Write(func(tx *db.Tx) error { // said at the desk
			_, err := flow.CountStock(s.Ctx, tx, []inventory.Count{{Variant: s.Variant("MUG"), Location: s.Location(shop.Berlin), OnHand: 2}})
			return err
		})
		b.submit("count.uncounted")
		b.found("MUG", 2)
		b.submit("")
		b.post("")
		level(t, s, "MUG", shop.Berlin, 2, 0, 0)
	})
}

func TestLargeDifferencesAreApprovedBySomebodyElse(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9, "4.00")
		c := count(t, s, shop.Berlin, nil)
		limit := int64(799)
		c.rules(func(r *inventory.CountRules) { r.ApproveValue = &limit })
		c.found("MUG", 7) // two mugs of 4.00
		c.submit("")
		c.post("count.not_approved")
		approve := func(tx *db.Tx) (*inventory.StockCount, error) { return flow.ApproveCount(c.Ctx, tx, c.id, 0) }
		c.do("count.own_count", approve)
		counter := c.Ctx
		s.Ctx = auth.With(s.Ctx, auth.System("boss"))
		c.do("", approve)
		s.Ctx = counter
		c.post("")
		level(t, s, "MUG", shop.Berlin, 7, 0, 0)
	})
}

func TestAFrozenLocationIsGivenNoNewWork(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 9)
		before := s.Place(shop.Of("MUG", 1))
		c := count(t, s, shop.Berlin, func(n *inventory.NewCount) { n.Frozen = true })
		during := s.Place(shop.Of("MUG", 2))
		work(t, s, during, "BER scheduled 2")
		s.Pay(before)
		s.Ship(before) // goods that leave, leave
		gates, err := flow.Gates(s.Ctx, s.DB, s.Order(during))
		if err != nil || len(gates) != 1 {
			t.Fatalf("the gates are %v, %v", gates, err)
		}
		for _, why := range gates {
			shop.Equal(t, "why it waits", why[0].Code, "being_counted")
		}
		c.do("", func(tx *db.Tx) (*inventory.StockCount, error) { return flow.CancelCount(c.Ctx, tx, c.id, 0) })
		s.Write(func(tx *db.Tx) error {
			_, err := flow.Thaw(s.Ctx, tx, s.Location(shop.Berlin), "")
			return err
		})
		work(t, s, during, "BER open 2")
	})
}

func TestAShortPickDirectsACountOfItsBin(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		s.Receive("MUG", shop.Berlin, 5)
		s.Receive("TEA", shop.Berlin, 5)
		s.Receive("RARE", shop.Berlin, 5)
		s.Write(func(tx *db.Tx) error {
			bins, err := inventory.SaveBins(s.Ctx, tx, []inventory.Bin{{Location: s.Location(shop.Berlin), Code: "A-1"}, {Location: s.Location(shop.Berlin), Code: "B-1"}})
			if err != nil {
				return err
			}
			at := func(sku string, b inventory.Bin) inventory.Place {
				return inventory.Place{Key: inventory.Key{Variant: s.Variant(sku), Location: s.Location(shop.Berlin)}, Bin: b.ID}
			}
			return inventory.PutInBins(s.Ctx, tx, []inventory.Place{at("MUG", bins[0]), at("TEA", bins[0]), at("RARE", bins[1])})
		})
		for range 2 {
			o := s.Place(shop.Of("MUG", 2))
			s.Write(func(tx *db.Tx) error {
				b, err := flow.NewBatch(s.Ctx, tx, s.Location(shop.Berlin), id.User{}, []id.Fulfillment{s.WorkAt(o, shop.Berlin).ID})
				if err != nil {
					return err
				}
				_, _, err = flow.PickInBatch(s.Ctx, tx, b.ID, 0, []fulfillment.Pick{{Variant: s.Variant("MUG"), Picked: 1, Short: 1, Reason: "mismatch"}})
				return err
			})
		}
		counts, _, err := inventory.StockCounts(s.Ctx, s.DB, inventory.CountFilter{})
		if err != nil || len(counts) != 1 { // the second short pick finds it asked for
			t.Fatalf("%d counts, %v", len(counts), err)
		}
		shop.Equal(t, "kind", counts[0].Kind, inventory.CountDirected)
		shop.Equal(t, "status", counts[0].Status, inventory.CountCounting)
		lines, err := inventory.CountLines(s.Ctx, s.DB, counts[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		shop.Equal(t, "lines", len(lines), 2) // what lies in that bin
	})
}

func TestTheDaysCycleCount(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		for _, sku := range []string{"MUG", "TEA", "RARE", "POT"} {
			s.Receive(sku, shop.Berlin, 9)
		}
		s.Receive("MUG", shop.Munich, 1)
		s.Place(shop.Of("RARE", 4), shop.Of("TEA", 1)) // 396 and 8 of 404
		c := &counting{Shop: s, t: t}
		cycle := func() (made int) {
			for {
				n := 0
				s.Write(func(tx *db.Tx) (err error) {
					n, err = flow.CycleCounts(s.Ctx, tx)
					return err
				})
				if made += n; n == 0 {
					return made
				}
			}
		}
		shop.Equal(t, "counts that nobody wants", cycle(), 0)
		c.rules(func(r *inventory.CountRules) { r.Daily = 2 })
		shop.Equal(t, "counts of two locations", cycle(), 2)
		shop.Equal(t, "once a day", cycle(), 0)
		counts, _, err := inventory.StockCounts(s.Ctx, s.DB, inventory.CountFilter{Locations: []id.Location{s.Location(shop.Berlin)}})
		if err != nil || len(counts) != 1 {
			t.Fatalf("%d counts, %v", len(counts), err)
		}
		c.id = counts[0].ID
		shop.Equal(t, "class of what sells best", c.line("RARE").Class, "A")
		shop.Equal(t, "class of the next", c.line("TEA").Class, "C") // behind 98 %
	})
}
