package flow_test

import (
	"testing"

	"purser/internal/base/address"
	"purser/internal/base/fault"
	"purser/internal/base/id"
	testpartner "purser/internal/connector/test"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/inventory"
	"purser/internal/domain/order"
	"purser/internal/flow"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

// hire adds somebody else's warehouse, nearer to the customer than our own, and returns who sends goods from it.
func hire(s *shop.Shop) (*testpartner.Partner, fulfillment.Partners) {
	s.AddLocation("3PL", func(l *inventory.Location) {
		l.Kind, l.Partner, l.LatE6, l.LonE6, l.Precision, l.Sequence = inventory.ThirdParty, testpartner.Name, 52_520_000, 13_405_000, inventory.Exact, 0
		l.Address.V = address.Address{City: "Berlin", Country: "DE"}
	})
	p := testpartner.NewPartner()
	return p, fulfillment.Partners{testpartner.Name: p}
}

// notice takes in what a partner says he has sent.
func notice(s *shop.Shop, f *fulfillment.Order, reference string, more bool, items ...flow.NoticeItem) (n *fulfillment.Notice, err error) {
	err = s.Try(func(tx *db.Tx) error {
		n, err = flow.TakeNotice(s.Ctx, tx, flow.ShipNotice{Fulfillment: f.ID, Reference: reference, Items: items, MoreFollows: more})
		return err
	})
	return n, err
}

func sentBy(s *shop.Shop, sku string, n int64) flow.NoticeItem {
	return flow.NoticeItem{Variant: s.Variant(sku), SKU: sku, Quantity: n}
}

func TestAPartnerIsAskedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		p, partners := hire(s)
		s.Receive("MUG", "3PL", 5)
		s.Receive("MUG", shop.Hamburg, 5)
		o := s.Place(shop.Of("MUG", 2))
		f := s.WorkAt(o, "3PL")
		shop.Equal(t, "kind", f.Kind, fulfillment.KindThirdParty)
		shop.Equal(t, "request", f.Request, fulfillment.RequestUnsubmitted)
		submit := func() error { return flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID) }
		p.Next(testpartner.LostThen, testpartner.LostBack)
		for range 2 {
			if err := submit(); fault.KindOf(err) != fault.Upstream {
				t.Fatal(err)
			}
			shop.Equal(t, "request", s.WorkAt(o, "3PL").Request, fulfillment.RequestSubmitted)
		}
		// He may be sending it by now.
		shop.Want(t, s.TryCancel(o), "fulfillment.requested")
		shop.Want(t, move(s, o, "3PL", shop.Hamburg), "fulfillment.requested")
		_, err := s.TryShip(flow.Shipping{Fulfillment: f.ID})
		shop.Want(t, err, "fulfillment.at_partner")
		shop.Want(t, pick(s, f, s.Units(o, shop.Of("MUG", 1))), "fulfillment.at_partner")
		shop.Want(t, submit(), "")
		shop.Want(t, submit(), "") // a job may come twice
		shop.Equal(t, "request", s.WorkAt(o, "3PL").Request, fulfillment.RequestAccepted)
		asked := p.Requests()
		shop.Equal(t, "requests", len(asked), 1)
		shop.Equal(t, "units", asked[0].Lines[0].Quantity, 2)
		row, _, err := fulfillment.RequestOf(s.Ctx, s.DB, f.ID)
		shop.Want(t, err, "")
		shop.Equal(t, "reference", row.Reference, "P-1")
		shop.Equal(t, "tries", row.Tries, 3)

		n, err := notice(s, f, "ASN-1", false, sentBy(s, "MUG", 2))
		shop.Want(t, err, "")
		shop.Equal(t, "discrepancies", len(n.Discrepancies), 0)
		again, err := notice(s, f, "ASN-1", false, sentBy(s, "MUG", 2))
		shop.Want(t, err, "")
		shop.Equal(t, "the first answer", again.Shipment, n.Shipment)
		level(t, s, "MUG", "3PL", 3, 0, 0)
		work(t, s, o, "3PL closed 0")

		// It had not left after all: he is still to send it.
		s.Write(func(tx *db.Tx) error { _, err := flow.Unship(s.Ctx, tx, n.Shipment, 0, "wrong notice"); return err })
		level(t, s, "MUG", "3PL", 5, 2, 0)
		_, err = notice(s, f, "ASN-2", false, sentBy(s, "MUG", 2))
		shop.Want(t, err, "")
		level(t, s, "MUG", "3PL", 3, 0, 0)
	})
}

func TestAPartnerWhoRefusesIsLeftOut(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		p, partners := hire(s)
		s.Receive("MUG", "3PL", 5)
		s.Receive("MUG", shop.Hamburg, 5)
		o := s.Place(shop.Of("MUG", 2))
		p.Next(testpartner.Refusing)
		f := s.WorkAt(o, "3PL")
		shop.Want(t, flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID), "")
		work(t, s, o, "3PL rejected 0", "HAM open 2")
		shop.Equal(t, "request", s.Work(o)[0].Request, fulfillment.RequestRejected)
		shop.Want(t, flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID), "") // there is nothing left to ask for

		// Another one is taken back before he has begun, and the next one after.
		o = s.Place(shop.Of("MUG", 1))
		f = s.WorkAt(o, "3PL")
		p.Next(testpartner.Slow)
		shop.Want(t, flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID), "")
		cancel := func() error {
			return s.Try(func(tx *db.Tx) error {
				_, err := flow.CancelRequest(s.Ctx, tx, f.ID, 0, "changed his mind")
				return err
			})
		}
		shop.Want(t, cancel(), "")
		shop.Want(t, cancel(), "fulfillment.request")
		p.Next(testpartner.LostBack)
		if err := flow.SubmitCancellation(s.Ctx, s.DB, partners, f.ID); fault.KindOf(err) != fault.Upstream {
			t.Fatal(err)
		}
		shop.Want(t, s.TryCancel(o), "fulfillment.requested")
		shop.Want(t, flow.SubmitCancellation(s.Ctx, s.DB, partners, f.ID), "")
		shop.Equal(t, "request", s.WorkAt(o, "3PL").Request, fulfillment.RequestCancellationAccepted)
		shop.Want(t, move(s, o, "3PL", shop.Hamburg), "")
		work(t, s, o, "3PL cancelled 0", "HAM open 1")
		shop.Equal(t, "kind", s.WorkAt(o, shop.Hamburg).Kind, fulfillment.KindShip)

		o = s.Place(shop.Of("MUG", 1))
		f = s.WorkAt(o, "3PL")
		shop.Want(t, flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID), "")
		shop.Want(t, cancel(), "")
		p.Next(testpartner.Refusing)
		shop.Want(t, flow.SubmitCancellation(s.Ctx, s.DB, partners, f.ID), "")
		shop.Equal(t, "request", s.WorkAt(o, "3PL").Request, fulfillment.RequestCancellationRejected)
		shop.Want(t, s.TryCancel(o), "fulfillment.requested")
		_, err := notice(s, f, "ASN", false, sentBy(s, "MUG", 1))
		shop.Want(t, err, "")
		shop.Equal(t, "status", s.Order(o).FulfillmentStatus, order.FulfillmentFulfilled)
	})
}

func TestAPartnerSendsOtherThanHeWasAskedFor(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		_, partners := hire(s)
		s.Receive("MUG", "3PL", 9, "5.00")
		s.Receive("TEA", "3PL", 9, "2.00")
		s.Receive("POT", "3PL", 2, "20.00")
		s.Receive("MUG", shop.Hamburg, 9, "5.00")
		o := s.Place(shop.Of("MUG", 4), shop.Of("TEA", 2))
		f := s.WorkAt(o, "3PL")
		_, err := notice(s, f, "EARLY", false, sentBy(s, "MUG", 4))
		shop.Want(t, err, "fulfillment.request")
		shop.Want(t, flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID), "")
		first, err := notice(s, f, "ONE", true, sentBy(s, "MUG", 1)) // the rest follows
		shop.Want(t, err, "")
		shop.Equal(t, "discrepancies", len(first.Discrepancies), 0)
		work(t, s, o, "3PL in_progress 5")

		last, err := notice(s, f, "TWO", false, sentBy(s, "MUG", 1), sentBy(s, "TEA", 3), sentBy(s, "POT", 1), flow.NoticeItem{SKU: "WHO-KNOWS", Quantity: 2})
		shop.Want(t, err, "")
		said := map[string][3]int64{}
		for _, d := range last.Discrepancies {
			said[d.SKU] = [3]int64{d.Asked, d.Shipped, d.Booked}
		}
		for sku, want := range map[string][3]int64{"MUG": {3, 1, 0}, "TEA": {2, 3, 1}, "POT": {0, 1, 1}, "WHO-KNOWS": {0, 2, 0}} {
			shop.Equal(t, sku, said[sku], want)
		}
		shop.Equal(t, "units", last.Units, 7)
		level(t, s, "MUG", "3PL", 7, 0, 0)
		level(t, s, "TEA", "3PL", 6, 0, 0)
		level(t, s, "POT", "3PL", 1, 0, 0)
		work(t, s, o, "3PL closed 0", "HAM open 2") // he is not asked again
		shop.Equal(t, "invoiced", s.Order(o).Invoiced, 2*1250+2*800)
		_, err = notice(s, s.WorkAt(o, shop.Hamburg), "TWO", false, sentBy(s, "MUG", 2))
		shop.Want(t, err, "fulfillment.not_outside")

		open := func() (ids []id.Discrepancy) {
			page, _, err := fulfillment.Discrepancies(s.Ctx, s.DB, fulfillment.DiscrepancyFilter{Open: true})
			shop.Want(t, err, "")
			for _, d := range page {
				ids = append(ids, d.ID)
			}
			return ids
		}
		resolve := func(d id.Discrepancy, how string) error {
			return s.Try(func(tx *db.Tx) error { _, err := fulfillment.Resolve(s.Ctx, tx, d, how); return err })
		}
		all := open()
		shop.Equal(t, "open", len(all), 4)
		shop.Want(t, resolve(all[0], ""), "discrepancy.no_resolution")
		shop.Want(t, resolve(all[0], "he pays for it"), "")
		shop.Want(t, resolve(all[0], "he does not"), "discrepancy.resolved")
		shop.Equal(t, "open", len(open()), 3)
	})
}

// The same notice that comes many times at once is taken once.
func TestANoticeIsTakenOnce(t *testing.T) {
	race(t, func(t *testing.T, s *shop.Shop) {
		_, partners := hire(s)
		s.Receive("MUG", "3PL", 9)
		o := s.Place(shop.Of("MUG", 4))
		f := s.WorkAt(o, "3PL")
		shop.Want(t, flow.SubmitRequest(s.Ctx, s.DB, partners, f.ID), "")
		for _, err := range atOnce(8, func(int) error { _, err := notice(s, f, "ONE", true, sentBy(s, "MUG", 1)); return err }) {
			shop.Want(t, err, "")
		}
		level(t, s, "MUG", "3PL", 8, 3, 0)
	})
}
