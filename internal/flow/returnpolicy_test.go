package flow_test

import (
	"testing"
	"time"

	"purser/internal/base/id"
	"purser/internal/base/money"
	"purser/internal/domain/fulfillment"
	"purser/internal/domain/order"
	"purser/internal/domain/returns"
	"purser/internal/flow"
	"purser/internal/platform/audit"
	"purser/internal/platform/db"
	"purser/internal/test/shop"
)

func addPolicy(s *shop.Shop, p returns.Policy) (saved returns.Policy) {
	s.T.Helper()
	p.Enabled = true
	s.Write(func(tx *db.Tx) (err error) {
		saved, err = returns.SavePolicy(s.Ctx, tx, p)
		return err
	})
	return saved
}

func ask(s *shop.Shop, o *order.Order, by, override string, units ...flow.RequestedUnits) (r *returns.Return, err error) {
	err = s.Try(func(tx *db.Tx) (err error) {
		r, err = flow.RequestReturn(s.Ctx, tx, flow.ReturnRequest{Order: o.ID, Location: s.Location(shop.Berlin), RequestedBy: by, Override: override, Lines: units})
		return err
	})
	return r, err
}

func track(s *shop.Shop, sh *fulfillment.Shipment, status fulfillment.Tracking, at time.Time) {
	s.T.Helper()
	s.Write(func(tx *db.Tx) error {
		_, err := flow.Track(s.Ctx, tx, []fulfillment.TrackingEvent{{Shipment: sh.ID, Status: status, Source: "DHL", At: at}})
		return err
	})
}

func options(s *shop.Shop, o *order.Order, reason string) map[string]flow.ReturnOption {
	s.T.Helper()
	all, err := flow.ReturnOptions(s.Ctx, s.DB, s.Now(), o.ID, reason)
	shop.Want(s.T, err, "")
	out := map[string]flow.ReturnOption{}
	for _, x := range all {
		out[x.SKU] = x
	}
	return out
}

// The time runs from the delivery of each parcel, and where that is not known from the day it left.
func TestThePolicyCountsFromTheDelivery(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		addPolicy(s, returns.Policy{Name: "Two weeks", Days: 14})
		s.Receive("MUG", shop.Berlin, 2)
		o := s.Place(shop.Of("MUG", 2))
		s.Pay(o)
		first := s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		s.ShipFrom(shop.Berlin, o, shop.Of("MUG", 1))
		s.Sleep(10 * 24 * time.Hour)
		track(s, first, fulfillment.TrackingDelivered, s.Now())
		shop.Equal(t, "may come back", options(s, o, "")["MUG"].Units, 2)
		s.Sleep(5 * 24 * time.Hour) // the second left 15 days ago
		mug := options(s, o, "")["MUG"]
		shop.Equal(t, "may come back", mug.Units, 1)
		shop.Equal(t, "why not more", mug.Why, returns.TooLate)
		line := flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 2}
		_, err := ask(s, o, returns.ByCustomer, "I insist", line)
		shop.Want(t, err, "return.not_allowed")
		line.Quantity = 1
		_, err = ask(s, o, returns.ByCustomer, "", line)
		shop.Want(t, err, "")
		_, err = ask(s, o, returns.ByCustomer, "", line)
		shop.Want(t, err, "return.not_allowed")
		s.Sleep(10 * 24 * time.Hour)
		shop.Equal(t, "may come back", options(s, o, "")["MUG"].Units, 0)
	})
}

// The first policy that matches counts; staff is advised, and goes against it for a reason that is kept.
func TestAPolicyBlocksCustomersAndAdvisesStaff(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		addPolicy(s, returns.Policy{Name: "Broken", Position: 1, Condition: `reason == "broken"`})
		addPolicy(s, returns.Policy{Name: "Sale", Position: 2, Condition: `line.discounted || line.sku == "TEA" && order.channel == "shop"`, FinalSale: true})
		addPolicy(s, returns.Policy{
			Name: "All else", Position: 3, Days: 30, Restocking: 150_000, ShippingFee: 490, FeeCurrency: "EUR",
			Resolutions: db.JSON[[]returns.Resolution]{V: []returns.Resolution{returns.Refund, returns.Exchange}},
		})
		s.Receive("MUG", shop.Berlin, 4)
		s.Receive("TEA", shop.Berlin, 4)
		o := sold(s, shop.Of("MUG", 2), shop.Of("TEA", 2))
		tea, mug := flow.RequestedUnits{Line: s.Line(o, "TEA").ID, Quantity: 1}, flow.RequestedUnits{Line: s.Line(o, "MUG").ID, Quantity: 1}
		shop.Equal(t, "tea", [2]int64{options(s, o, "")["TEA"].Units, options(s, o, "broken")["TEA"].Units}, [2]int64{0, 2})

		_, err := ask(s, o, returns.ByCustomer, "", tea)
		shop.Want(t, err, "return.not_allowed")
		_, err = ask(s, o, returns.ByStaff, "", tea)
		shop.Want(t, err, "return.against_policy")
		credit := mug
		credit.Resolution = returns.StoreCredit
		_, err = ask(s, o, returns.ByCustomer, "", credit)
		shop.Want(t, err, "return.not_allowed")
		r, err := ask(s, o, returns.ByStaff, "a good customer", tea)
		shop.Want(t, err, "")
		shop.Equal(t, "why", r.Override, "a good customer")
		kept, err := audit.List(s.Ctx, s.DB, audit.Filter{ObjectKind: "return", Object: r.ID.String(), Limit: 10})
		shop.Want(t, err, "")
		shop.Equal(t, "kept in the audit log", len(kept), 1)
		s.Write(func(tx *db.Tx) error {
			_, err := flow.CancelReturn(s.Ctx, tx, r.ID, 0)
			return err
		})

		// What is kept back is what the policy said when the return was asked for, once.
		r = arrive(s, sendBack(s, o, mug, mug))
		seen, err := flow.PreviewReturnRefund(s.Ctx, s.DB, flow.ReturnRefund{Return: r.ID, Lines: []id.ReturnLine{r.Lines[0].ID}})
		shop.Want(t, err, "")
		shop.Equal(t, "previewed", [3]int64{seen.Goods, seen.Fees, seen.Refund}, [3]int64{1250, 188 + 490, 572})
		for i, want := range []int64{572, 1250 - 188} {
			out, err := refundReturn(s, flow.ReturnRefund{Return: r.ID, Lines: []id.ReturnLine{r.Lines[i].ID}})
			shop.Want(t, err, "")
			shop.Equal(t, "refund", out.Refund, want)
		}
		shop.Equal(t, "balance", s.Order(o).Balance(), 0)

		err = takeBack(s, o, s.Line(o, "TEA").ID, 1, func(t *flow.TakingBack) { t.Requested = returns.ByStaff })
		shop.Want(t, err, "return.against_policy")
		shop.Want(t, takeBack(s, o, s.Line(o, "TEA").ID, 1, func(t *flow.TakingBack) { t.Requested, t.Override = returns.ByStaff, "a gift" }), "")
		_, err = exchange(s, o, swap(s, o, "TEA", 1, "MUG", returns.ReleaseReceipt))
		shop.Want(t, err, "return.against_policy")
	})
}

func TestAPolicyIsCheckedBeforeItIsKept(t *testing.T) {
	each(t, func(t *testing.T, s *shop.Shop) {
		p := addPolicy(s, returns.Policy{Name: "All", Days: 30})
		save := func(p returns.Policy) error {
			return s.Try(func(tx *db.Tx) error {
				_, err := returns.SavePolicy(s.Ctx, tx, p)
				return err
			})
		}
		shop.Want(t, save(returns.Policy{Name: "All"}), "return.policy_exists")
		shop.Want(t, save(returns.Policy{Name: "Other", Condition: `line.skuu == "X"`}), "rule.bad_condition")
		shop.Want(t, save(returns.Policy{Name: "Other", Restocking: 2 * money.One}), "return.bad_policy")
		p.Days = 14
		shop.Want(t, save(p), "")
		shop.Want(t, save(p), "return.policy_stale")
	})
}
